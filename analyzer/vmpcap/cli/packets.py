"""`vmpcap packets`: one row per packet, of the columns and rows that are asked for."""

import sys
import textwrap
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from vmpcap.cli.capture_points import refuse_interfaces
from vmpcap.cli.exits import STATUS
from vmpcap.cli.frames import FORMAT, OUTPUT, checked_format, damage_status, rows_status
from vmpcap.cli.interrupts import leaves_on_ctrl_c
from vmpcap.cli.options import Common, reads_captures, request_of
from vmpcap.cli.output import STDOUT, emit, outlet, write_text
from vmpcap.cli.progress import Progress
from vmpcap.cli.reading import Reading
from vmpcap.runs.overwriting import spare_captures
from vmpcap.terms.columns import KINDS, PACKETS
from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

    from vmpcap.reference.tshark import Question
    from vmpcap.runs.requests import Request

NAMES: Final = tuple(column.name for column in PACKETS)
WIDEST: Final = 100
"""Of the list of columns."""


@click.command(cls=Reading, short_help="One row per packet; columns and rows as you choose.")
@reads_captures
@click.option(
    "--columns", metavar="NAME[,NAME...]", help="Which columns, in this order; a name may be a pattern (tcp_*)."
)
@click.option(
    "--where",
    metavar="SQL",
    help='Which packets: a condition in SQL on any columns, as in "tcp_flags & 2 != 0 AND dst_port = 8000".',
)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="At most so many rows; reading stops behind them.")
@click.option("--list-columns", is_flag=True, help="Show every column with its unit and meaning, and exit.")
@FORMAT
@OUTPUT
def packets(
    common: Common,
    columns: str | None,
    where: str | None,
    limit: int | None,
    list_columns: bool,
    format_name: str | None,
    output: str,
) -> int:
    """
    One row per packet: numbers, times, and what the headers of the innermost packet say.

    Rows are written while packets are read: a capture may be larger than memory. What is not known is empty or null.
    Times compare with texts: ts > '2026-07-14T02:40:06.5'. With --engine tshark the same columns hold what tshark says;
    `stop` and `is_copy` are then null.

    \b
      vmpcap packets gw-lan.pcap --where "arp_op IS NOT NULL"
      vmpcap packets wan.pcapng --columns frame,ts,tcp_* --where "dst_port = 8000" --format csv
      vmpcap packets wan.pcapng -o packets.parquet
    """
    if list_columns:
        emit(columns_text())
        return STATUS["fine"]
    names = chosen(columns)
    request = request_of(common, ("native", "tshark"))
    refuse_interfaces(request.points, "packets")
    spare_captures(request, [output])
    wanted = checked_format(format_name, output)
    from vmpcap.runs.packets import PacketRows, worded

    with Progress(common.quiet, draws=wanted.poured is None or not _is_in_sight(output)) as progress:
        source = TsharkRows(request) if common.engine == "tshark" else PacketRows(request, progress)
        rows = source.lazy(where)
        if limit is not None:
            rows = rows.head(limit)
        with leaves_on_ctrl_c(), worded(where):
            if wanted.poured is not None:
                with outlet(output) as out:
                    wanted.poured(rows.select(names), out)
            else:
                is_ours = columns is None
                _draw(rows, names, is_ours, len(request.points) > 1, output, reads_on=common.strict)
    if isinstance(source, TsharkRows):
        return damage_status(source.faults, common.strict, common.quiet)
    return rows_status(source.inputs, request, common.strict, common.quiet)


@dataclass(slots=True)
class TsharkRows:
    """The same rows, as tshark sees them."""

    request: "Request"
    faults: list[str] = field(default_factory=list)
    """What tshark could not read to its end, and how that is called."""

    def lazy(self, where: str | None) -> "pl.LazyFrame":
        """All columns of the packets that are asked for; raises EngineError where tshark is missing."""
        from vmpcap.readers.byte_stream import open_bytes
        from vmpcap.reference.packets import Witnessed, scan
        from vmpcap.runs.packets import narrowed

        rules = tuple(rule.text for rule in self.request.decode_as)
        opens = partial(open_bytes, max_bytes=self.request.max_unpacked_bytes)
        sources = [Witnessed(point.name, point.files, rules, opens) for point in self.request.points]
        return narrowed(scan(sources, self.ended), self.request, where)

    def ended(self, point: str, path: str, question: "Question") -> None:
        """This file was read as far as tshark can."""
        if found := question.faults():
            self.faults.append(f"{path}: {', '.join(found)}")


def chosen(columns: str | None) -> list[str]:
    """
    Which columns are these, each once? All where none is named.

    Raises RequestError where there is no such column.
    """
    if columns is None:
        return list(NAMES)
    found: list[str] = []
    for text in filter(None, (part.strip() for part in columns.split(","))):
        matching = [name for name in NAMES if fnmatchcase(name, text)]
        if not matching:
            from vmpcap.runs.packets import no_column

            raise RequestError(f"--columns: {no_column(text)}")
        found += matching
    if not found:
        raise RequestError("--columns: no column is named; `vmpcap packets --list-columns` has all")
    return list(dict.fromkeys(found))


def columns_text() -> str:
    """Every column with its kind, unit and meaning, for people."""
    rows = [(column.name, KINDS[column.kind], column.unit, column.meaning) for column in PACKETS]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = []
    for *cells, meaning in rows:
        begin = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + "  "
        lines += textwrap.wrap(begin + meaning, WIDEST, subsequent_indent=" " * len(begin), drop_whitespace=False)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _is_in_sight(output: str) -> bool:
    """Do the rows themselves run over the terminal? Then a bar would stand in their way."""
    return output == STDOUT and sys.stdout is not None and sys.stdout.isatty()


def _draw(rows: "pl.LazyFrame", names: list[str], is_ours: bool, has_points: bool, output: str, reads_on: bool) -> None:
    """Write a table of the first rows for people: of the columns that are of most use, or of those that were named."""
    from vmpcap.report.look import Look, look_of
    from vmpcap.report.packet_view import PACKET_VIEW, POINT, plain_view
    from vmpcap.report.tables import MOST_ROWS, to_table
    from vmpcap.runs.packets import first_rows

    view = ((POINT, *PACKET_VIEW) if has_points else PACKET_VIEW) if is_ours else plain_view(names)
    needs = list(dict.fromkeys(name for shown in view for name in shown.needs))
    first = first_rows(rows.select(needs), MOST_ROWS, reads_on)
    further = ""
    if first.rows > len(first.frame):
        counted = f"{first.rows - len(first.frame):,} further rows" if first.is_all else "further rows follow"
        further = f"{counted}; --format csv has all"
    look = look_of(sys.stdout) if output == STDOUT else Look(width=200)
    text = to_table(first.frame, view, look, further, len(names))
    if output == STDOUT:
        emit(text)
    else:
        write_text(output, text)
