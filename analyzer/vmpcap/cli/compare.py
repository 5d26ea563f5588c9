"""`vmpcap compare`: two links, or before and after."""

from typing import Any

import click

from vmpcap.cli.completing import files
from vmpcap.cli.many import reads_many, show_schema, told
from vmpcap.terms.errors import RequestError

WITH = "--with"


class TakesWith(click.Command):
    """A command whose --with takes every name that follows it, as `compare A1 A2 --with B1 B2` is written."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, once each name behind --with has one of its own."""
        return super().parse_args(ctx, spread_out(args))


def spread_out(args: list[str]) -> list[str]:
    """
    Give each name behind --with a --with of its own; the next option ends them.

    >>> spread_out(["a", "--with", "b", "c", "-q"])
    ['a', '--with', 'b', '--with', 'c', '-q']
    """
    spread, behind, takes = [], False, False
    for arg in args:
        is_option = arg.startswith("-") and arg != "-"
        if is_option:
            behind = arg == WITH or arg.startswith(f"{WITH}=")
            takes = arg == WITH
            spread.append(arg)
            continue
        spread += [WITH, arg] if behind and not takes else [arg]
        takes = False
    return spread


@click.command(cls=TakesWith, short_help="Two links, or before and after: distributions side by side.")
@click.argument("a", nargs=-1, metavar="A...", shell_complete=files)
@click.option(
    WITH, "b", multiple=True, metavar="B...", shell_complete=files, help="The other side: what A is compared with."
)
@reads_many
def compare(a: tuple[str, ...], b: tuple[str, ...], json_schema: bool, **options: Any) -> int:
    """
    Two links, or before and after: distributions of migrations side by side, and what they show of each other.

    Each of A and B is a capture, a folder with the captures of one incident, or a report that was written with
    `vmpcap report --json`. With fewer than four migrations on a side no difference is told.

    \b
      vmpcap compare before/*.json --with after/*.json
      vmpcap compare mon.pcap tue.pcap --with new-link/*.pcap.zst --html links.html
    """
    if json_schema:
        return show_schema()
    if not a or not b:
        raise RequestError("two sides are compared: `vmpcap compare A... --with B...`, captures or reports on each")
    from vmpcap.runs.compared import compare as made

    return told({"A": a, "B": b}, options, made)
