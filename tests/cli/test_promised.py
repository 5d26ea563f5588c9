"""What scripts may rely on: commands and options by their names. More may be added; none of these goes."""

import click
import pytest

from vmpcap.cli.group import commands

READ = (
    "--role",
    "--port",
    "--guest",
    "--since",
    "--until",
    "--output",
    "-o",
    "--quiet",
    "-q",
    "--verbose",
    "-v",
    "--strict",
)
POINTS = (*READ, "--point", "--profile", "--engine")
ROWS = "table csv ndjson json parquet arrow"

PROMISED = {
    "report": (
        (*POINTS, "--json", "--html", "--markdown", "--parquet", "--json-schema"),
        "terminal json html markdown parquet",
    ),
    "flows": (POINTS, ROWS),
    "announcements": ((*POINTS, "--all"), ROWS),
    "packets": ((*POINTS, "--columns", "--where"), ROWS),
    "points": (POINTS, ROWS),
    "compare": ((*READ, "--with"), "terminal json html markdown"),
    "bench": (READ, "terminal json html markdown"),
    "carve": (POINTS, ""),
    "synth": (("-o", "--output"), ""),
    "verify": (POINTS, ROWS),
    "profiles": ((), "table json"),
}
"""By command: its options, and the formats that it writes."""


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_command_has_its_options_and_formats(name: str) -> None:
    """Under the very names."""
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    options, formats = PROMISED[name]
    there = {name for parameter in command.params for name in parameter.opts}
    assert set(options) <= there
    offered = [p.type.choices for p in command.params if "--format" in p.opts and isinstance(p.type, click.Choice)]
    assert set(formats.split()) <= {one for choices in offered for one in choices}
