"""`vmpcap bench`: many migrations, grouped per path, as distributions."""

from typing import Any

import click

from vmpcap.cli.completing import files
from vmpcap.cli.many import asked_points, reads_many, show_schema, told
from vmpcap.terms.errors import RequestError


@click.command(short_help="Benchmark of WAN links: many migrations, grouped per path, as distributions.")
@click.argument("captures", nargs=-1, metavar="CAPTURE...", shell_complete=files)
@click.option(
    "--by",
    type=click.Choice(["hosts", "networks", "all"]),
    default="hosts",
    show_default=True,
    help="What a path is: from host to host, from network (/24, /64) to network, or all together.",
)
@reads_many
def bench(captures: tuple[str, ...], by: str, json_schema: bool, **options: Any) -> int:
    """
    Benchmark of WAN links: many migrations, grouped per path, as distributions with intervals.

    Each CAPTURE is a capture, a folder with the captures of one incident, or a report that was written with
    `vmpcap report --json`. Groups with fewer than four migrations have no intervals.

    \b
      vmpcap bench month/*.json --by networks
      vmpcap bench monday/ tuesday/ wednesday/ --profile vsphere6 --html link.html
    """
    if json_schema:
        return show_schema()
    options["point"] = asked_points(options, alone=not captures)
    if not captures and not options["point"]:
        raise RequestError("no capture is named; give captures, their folders, or reports: `vmpcap bench month/*.json`")
    from vmpcap.runs.compared import bench as made

    return told({"": captures}, options, lambda given, counted, doubles: made(given, counted, doubles, by))
