"""The document of many migrations as frames: how each figure spreads in each group, and how the sides differ."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from vmpcap.report.clean import without_surrogates
from vmpcap.report.comparison import Comparison, Group, Spread
from vmpcap.terms.columns import Column, dtypes, through_gate

if TYPE_CHECKING:
    import polars as pl

FIGURE: Final = (
    Column("figure", "text", "", "throughput, duration, rtt, ..., outage"),
    Column("unit", "text", "", "of its values"),
)
SPREADS: Final = (
    Column("group", "text", "", "side or path"),
    *FIGURE,
    Column("n", "count", "migrations", "in which it was measured, those without an end included"),
    Column("unknown", "count", "migrations", "in which it was not"),
    Column("unended", "count", "migrations", "of n: it had not ended when the capture did"),
    Column("median", "float", "", "median; null where it has no end"),
    Column("median_low", "float", "", "95 % interval of the median, by bootstrap"),
    Column("median_high", "float", "", "its other end"),
    Column("least", "float", "", "smallest"),
    Column("p25", "float", "", "first quartile"),
    Column("p75", "float", "", "third quartile"),
    Column("most", "float", "", "largest"),
    Column("limit", "float", "", "of the profile that was asked for, if it limits this figure"),
    Column("within", "count", "migrations", "of n that keep the limit"),
    Column("because", "text", "", "why it was not measured where it was not"),
)
VALUES: Final = (
    Column("group", "text", "", "side or path"),
    *FIGURE,
    Column("value", "float", "", "of one migration; those without an end are left out"),
)
DIFFERENCES: Final = (
    *FIGURE,
    Column("word", "text", "", "of B: higher, lower or undecided"),
    Column("shift", "float", "", "median of the differences between each of B and each of A"),
    Column("shift_low", "float", "", "95 % interval of the shift, by bootstrap"),
    Column("shift_high", "float", "", "its other end"),
    Column("cliffs_delta", "float", "", "-1 (B always lower) to 1 (B always higher)"),
    Column("b_higher_share", "float", "share", "of the pairs in which B is higher"),
    Column("chance", "float", "share", "of groups dealt by chance that differ as much"),
    Column("because", "text", "", "why, in one sentence"),
)
INPUTS: Final = (
    Column("path", "text", "", "as it was named"),
    Column("side", "text", "", "A or B; empty in a benchmark"),
    Column("kind", "text", "", "captures or report"),
    Column("migrations", "count", "", "found in it"),
    Column("counted", "count", "", "of them those that count"),
    Column("because", "text", "", "why it counts for less than it holds"),
)

Row = tuple[Any, ...]


def _of_groups(document: Comparison) -> Iterator[tuple[Group, Spread]]:
    return ((group, spread) for group in document.groups for spread in group.spreads)


def _spreads(document: Comparison) -> Iterator[Row]:
    wanted = attrgetter(*(column.name for column in SPREADS[1:]))
    return ((group.name, *wanted(spread)) for group, spread in _of_groups(document))


def _values(document: Comparison) -> Iterator[Row]:
    return ((g.name, s.figure, s.unit, value) for g, s in _of_groups(document) for value in s.values)


def _differences(document: Comparison) -> Iterator[Row]:
    return map(attrgetter(*(column.name for column in DIFFERENCES)), document.differences)


def _inputs(document: Comparison) -> Iterator[Row]:
    return map(attrgetter(*(column.name for column in INPUTS)), document.inputs)


FRAMES: Final[dict[str, tuple[str, tuple[Column, ...], Callable[[Comparison], Iterator[Row]]]]] = {
    "spreads": ("one row per group and figure", SPREADS, _spreads),
    "values": ("one row per migration and figure", VALUES, _values),
    "differences": ("how B stands to A, one row per figure; empty in a benchmark", DIFFERENCES, _differences),
    "inputs": ("one row per input", INPUTS, _inputs),
}
"""Every frame: its meaning, its columns, its rows."""


def comparison_frames(document: Comparison) -> dict[str, "pl.DataFrame"]:
    """Which frames does this document hold? By name, each with its declared columns."""
    import polars as pl

    whole = without_surrogates(document)
    return {
        name: through_gate(pl.DataFrame(list(rows(whole)), schema=dtypes(columns), orient="row"), columns, name)
        for name, (_, columns, rows) in FRAMES.items()
    }
