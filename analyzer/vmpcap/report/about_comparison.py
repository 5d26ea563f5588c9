"""What the document of many migrations tells, block by block; every look draws the same."""

from collections.abc import Iterator, Sequence
from typing import Final

from vmpcap.report.apart import told_apart
from vmpcap.report.blocks import Block, Fact, Grid, Heading, Picture
from vmpcap.report.chart import Glyphs, Line
from vmpcap.report.comparison import Comparison, Difference, Group, Source, Spread
from vmpcap.report.words import figure
from vmpcap.terms.units import count_of

NAMES: Final = {
    "throughput": "throughput",
    "best_1s": "best second",
    "duration": "duration",
    "rtt": "idle round trip",
    "rtt_p5": "round trip p5",
    "rtt_p50": "round trip p50",
    "rtt_p95": "round trip p95",
    "rtt_p99": "round trip p99",
    "resent": "sent again",
    "switchover": "switchover",
    "outage": "outage of peers",
}
"""How a figure is called. One that is not here has its id."""

MOST_GROUPS: Final = 12
"""Groups of a picture; the table has all of them."""
CAPTION: Final = "each digit: so many migrations (* 10 or more); | median; {rule} 95 % interval of the median"
NARROWEST: Final = 24
LONGEST_NAME: Final = 18
NAME_SHARE: Final = 0.3
"""Of a line: so much of it a name may take, where that is more; two addresses do at 80 columns."""


def name_of(figure_id: str) -> str:
    """What is this figure called?"""
    return NAMES.get(figure_id, figure_id)


def headline(document: Comparison) -> str:
    """What is this in one sentence?"""
    if document.differences:
        told = [f"{name_of(d.figure)} {d.word}" for d in document.differences if d.word != "undecided"]
        a, b = document.groups
        counts = f"A: {count_of(a.migrations, 'migration')}, B: {b.migrations}"
        return f"{counts}. Of B, {', '.join(told)}" if told else f"{counts}. No difference can be told"
    total = sum(g.migrations for g in document.groups)
    return f"{count_of(total, 'migration')} on {count_of(len(document.groups), 'path')}"


def about_comparison(document: Comparison, width: int, glyphs: Glyphs) -> Iterator[Block]:
    """All of it: differences first, then each figure with its picture, then what it rests on."""
    if document.differences:
        yield Heading("Differences", 1)
        yield differences(document.differences)
    caption = CAPTION.format(rule=glyphs.rule)
    for number, spread in enumerate(document.groups[0].spreads if document.groups else ()):
        rows = [(g.name, g.spreads[number]) for g in document.groups]
        if not any(s.n for _, s in rows):
            continue
        yield Heading(f"{name_of(spread.figure)}{f', {spread.unit}' if spread.unit != 'share' else ''}")
        lines = strips_of(rows, width, glyphs)
        if lines:
            yield Picture(lines, caption)
            caption = ""
        yield spreads(rows)
    yield from about_basis(document)


def differences(rows: Sequence[Difference]) -> Grid:
    """How B stands to A, a row a figure."""
    cells = tuple(
        (
            name_of(d.figure),
            d.word,
            _signed(d.shift, d.unit),
            f"{_signed(d.shift_low, d.unit)} to {_signed(d.shift_high, d.unit)}" if d.shift_low is not None else "",
            figure(d.b_higher_share, "share") if d.b_higher_share is not None else "",
            f"{d.cliffs_delta:+.2f}" if d.cliffs_delta is not None else "",
            d.because,
        )
        for d in rows
    )
    columns = ("figure", "B is", "by", "95 % interval", "pairs with B higher", "Cliff's delta", "because")
    return Grid(columns, cells, right=columns[2:-1], sentences=("because",))


def spreads(rows: Sequence[tuple[str, Spread]]) -> Grid:
    """How one figure spreads in each group, and in how many migrations it keeps its limit, if one was asked for."""
    limit = limit_words(rows[0][1]) if rows else ""
    cells = tuple(
        (
            name,
            str(s.n),
            _middle(s, s.median),
            f"{_open(s.median_low, s)} to {_open(s.median_high, s)}" if s.median_low is not None else "",
            _plain(s.least, s),
            _middle(s, s.p25),
            _middle(s, s.p75),
            _middle(s, s.most),
            str(s.unended) if s.unended else "",
            *([f"{s.within} of {s.n}"] if limit else []),
            s.because,
        )
        for name, s in rows
    )
    limits = (limit,) if limit else ()
    columns = (
        "group",
        "n",
        "median",
        "95 % interval",
        "least",
        "p25",
        "p75",
        "most",
        "never ended",
        *limits,
        "because",
    )
    return Grid(columns, cells, right=columns[1:-1], sentences=("because",))


def limit_words(s: Spread) -> str:
    """Which limit is this figure held against? Empty where none."""
    return "" if s.limit is None else f"{(s.limit_is or '').replace('_', ' ')} {figure(s.limit, s.unit)}"


def about_basis(document: Comparison) -> Iterator[Block]:
    """What went in, and what cannot be concluded."""
    yield Heading("What cannot be concluded", 1)
    for number, note in enumerate(document.notes):
        yield Fact("" if number else "note", note)
    yield Heading("Migrations", 1)
    yield Grid(
        ("group", "migrations", "outcomes", "round trips by", "paths"),
        tuple(_group_row(g) for g in document.groups),
        right=("migrations",),
        sentences=("paths",),
    )
    yield Heading("Inputs", 1)
    rows = tuple(_input_row(s) for s in document.inputs)
    yield Grid(
        ("input", "side", "is", "migrations", "counted", "because"), rows, ("migrations", "counted"), ("because",)
    )


def _group_row(g: Group) -> tuple[str, ...]:
    outcomes = ", ".join(f"{n} {name}" for name, n in g.outcomes.items())
    seen = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in g.round_trips.items())
    shown = [f"{name}: {n}" for name, n in g.paths.items()][:6]
    more = f" and {len(g.paths) - 6} more" if len(g.paths) > 6 else ""
    return g.name, str(g.migrations), outcomes, seen, ", ".join(shown) + more


def _input_row(s: Source) -> tuple[str, ...]:
    return s.path, s.side, s.kind, str(s.migrations), str(s.counted), s.because


def strips_of(rows: Sequence[tuple[str, Spread]], width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """A strip a group on one scale from 0: a digit is how many values lie there, | the median."""
    shown = [(name, s) for name, s in rows if s.values][:MOST_GROUPS]
    top = max((v for _, s in shown for v in s.values), default=0.0)
    if top <= 0:
        return ()
    gutter = min(max(len(name) for name, _ in shown), max(LONGEST_NAME, int(NAME_SHARE * width)))
    columns = max(width - gutter - 4, NARROWEST)
    names = told_apart([name for name, _ in shown], gutter)
    lines = [Line(name, strip(s, top, columns, glyphs), "bars") for name, (_, s) in zip(names, shown, strict=True)]
    unit = shown[0][1].unit
    end = figure(top, unit)
    lines.append(Line("", f"0{end:>{columns - 1}}", "axis"))
    return tuple(lines)


def strip(s: Spread, top: float, columns: int, glyphs: Glyphs) -> str:
    """Where do the values lie between 0 and top?"""
    cells = [" "] * columns

    def at(value: float) -> int:
        return min(int(value / top * (columns - 1) + 0.5), columns - 1)

    if s.median_low is not None:
        for column in range(at(s.median_low), (at(s.median_high) if s.median_high is not None else columns - 1) + 1):
            cells[column] = glyphs.rule
    counts: dict[int, int] = {}
    for value in s.values:
        counts[at(value)] = counts.get(at(value), 0) + 1
    if s.median is not None:
        cells[at(s.median)] = "|"
    for column, number in counts.items():
        if cells[column] != "|" or number > 1:
            cells[column] = str(number) if number < 10 else "*"
    return "".join(cells).rstrip()


def _plain(value: float | None, s: Spread) -> str:
    return "" if value is None else figure(value, "share" if s.unit == "share" else "")


def _middle(s: Spread, value: float | None) -> str:
    """A quantile; where it has no end, that is said."""
    if value is None and s.unended:
        return "no end"
    return _plain(value, s)


def _open(value: float | None, s: Spread) -> str:
    return "no end" if value is None else _plain(value, s)


def _signed(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{'+' if value > 0 else ''}{figure(value, unit)}"
