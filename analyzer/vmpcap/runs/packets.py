"""The packets of a request as rows that are read while they are written."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NamedTuple

from vmpcap.decode.gather import Source
from vmpcap.decode.scan import scan_sources
from vmpcap.readers.sources import Capture
from vmpcap.report.document import Input
from vmpcap.runs.inputs import describe_file
from vmpcap.runs.observe import tcp_analysis
from vmpcap.runs.point import Progress
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.columns import PACKETS, dtypes
from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

_NO_COLUMN: Final = re.compile(r'unable to find column "([^"]*)"')
_SQL_PLACE: Final = re.compile(r" at Line: \d+, Column: \d+|^sql parser error: ", re.IGNORECASE)


@dataclass(slots=True)
class PacketRows:
    """One row per packet of the captures of a request, and what was read for them."""

    request: Request
    progress: Progress | None = None
    inputs: list[Input] = field(default_factory=list)
    """The files that were read to their end so far; a query that stops early leaves the rest out."""

    def lazy(self, where: str | None = None) -> "pl.LazyFrame":
        """
        All columns of the packets between --since and --until that fulfil a condition in SQL; nothing is read yet.

        Raises RequestError where the condition is none.
        """
        limit = self.request.max_unpacked_bytes
        sources = [Source(point.name, point.files, limit) for point in self.request.points]
        return narrowed(scan_sources(sources, self, self.request.decode_as, tcp_analysis), self.request, where)

    def saw(self, path: str, capture: Capture) -> None:
        """A part of this file was read."""
        if self.progress is not None:
            self.progress(path, *capture.progress())

    def ended(self, source: Source, path: str, capture: Capture) -> None:
        """This file was read as far as it can be."""
        role = next((point.role for point in self.request.points if point.name == source.point), None)
        files = PointFiles(source.point, role, source.files)
        self.inputs.append(describe_file(files, capture.facts, capture.defects, not_walked={}))


def narrowed(rows: "pl.LazyFrame", request: Request, where: str | None) -> "pl.LazyFrame":
    """
    Which of these rows lie between --since and --until, and fulfil a condition in SQL?

    Raises RequestError where the condition is none.
    """
    import polars as pl

    for bound, is_inside in ((request.since_ns, pl.Expr.ge), (request.until_ns, pl.Expr.le)):
        if bound is not None:
            rows = rows.filter(is_inside(pl.col("ts"), pl.lit(bound).cast(pl.Datetime("ns", "UTC"))))
    return rows if where is None else fulfilling(rows, where)


def fulfilling(rows: "pl.LazyFrame", where: str) -> "pl.LazyFrame":
    """
    Which of these rows fulfil a condition in SQL?

    Raises RequestError where polars cannot read it as one.
    """
    import polars as pl

    with worded(where):
        # the line break ends a comment that the condition may end with
        chosen = pl.SQLContext(packets=rows).execute(f"SELECT * FROM packets WHERE ({where}\n)", eager=False)  # noqa: S608
        if dict(chosen.collect_schema()) != dtypes(PACKETS):
            raise RequestError(
                f"--where {where!r}: needed a condition on the columns of a packet, found more than that"
            )
    return chosen


@contextmanager
def worded(where: str | None) -> Iterator[None]:
    """What polars says of a condition, in our words."""
    import polars as pl

    try:
        yield
    except pl.exceptions.PolarsError as problem:
        if where is None:
            raise
        raise RequestError(f"--where {where!r}: {_reason(str(problem))}") from problem


def _reason(words: str) -> str:
    """The first line of what polars says; of a column that is not there, what may have been meant."""
    missing = _NO_COLUMN.search(words)
    if missing is not None:
        return no_column(missing[1])
    return _SQL_PLACE.sub("", words.strip().split("\n")[0])


def no_column(name: str) -> str:
    """What is said of a column that is not there?"""
    near = get_close_matches(name, [column.name for column in PACKETS], n=3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return f"there is no column {name!r}; {meant}`vmpcap packets --list-columns` has all"


class FirstRows(NamedTuple):
    """The beginning of an answer."""

    frame: "pl.DataFrame"
    rows: int
    """How many rows there are; where reading stopped early, more than the frame has."""
    is_all: bool
    """Whether they were counted to the end."""


def first_rows(rows: "pl.LazyFrame", most: int, reads_on: bool) -> FirstRows:
    """Which rows come first? Reading stops behind them, or goes on only to count."""
    import polars as pl

    parts = [rows.collect_schema().to_frame()]
    seen = 0

    def keep(part: "pl.DataFrame") -> bool:
        nonlocal seen
        parts.append(part.head(max(most - seen, 0)))
        seen += len(part)
        return seen > most and not reads_on

    rows.sink_batches(keep, engine="streaming")
    return FirstRows(pl.concat(parts), seen, seen <= most or reads_on)
