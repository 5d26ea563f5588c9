"""The picture of a migration in characters: goodput over time, its phases, the switchover, the announcements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.measures.results import HistogramBin, LimitClass
from vmpcap.report.document import Migration, SeriesPoint
from vmpcap.report.round_trips import round_trips_over_time
from vmpcap.report.words import figure, seconds_between, span

HEIGHT: Final = 5
"""Rows of the picture."""
NARROWEST: Final = 16
"""Columns of the picture, however short the lines are."""
LABEL: Final = 14
"""Characters of a fact's label, its space included."""
WIDEST_SPREAD: Final = 48
"""Characters of a line that shows how samples spread."""
FARTHEST: Final = 1.5
"""The axis reaches to a mark behind the stream's end, but at most to so many times its length."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters a picture is drawn with."""

    blocks: str
    """From one step to full."""
    level: str
    """The limit, where no bar covers it."""
    rule: str
    tick: str
    dot: str
    ellipsis: str
    arrow: str
    passed: str
    failed: str
    doubted: str
    doubt: str
    """Between a figure and how far it may be off."""


UNICODE: Final = Glyphs("▁▂▃▄▅▆▇█", "┄", "─", "├", "·", "…", "→", "✔", "✘", "?", "±")
ASCII: Final = Glyphs("._:=#", "-", "-", "|", "-", "...", "->", "+", "x", "?", "+-")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the picture: its label, its characters, what kind of line it is."""

    label: str
    text: str
    kind: str


def draw(
    migration: Migration, limit_mbps: float | None, width: int, glyphs: Glyphs, height: int = HEIGHT
) -> list[Line]:
    """
    How did this migration run? One column is a stretch of time and shows the mean goodput of the bins in it.

    Empty where the report holds no series. The limit is drawn where it lies within twice the highest column, and a row
    is left for it.
    """
    if not migration.series:
        return []
    columns = max(width - _gutter(migration, limit_mbps) - 1, NARROWEST)
    end = _end(migration)
    rates = _columns(migration.series, columns, end)
    peak = max(rates)
    shown_limit = limit_mbps if limit_mbps is not None and limit_mbps <= 2 * peak else None
    top = max(peak, shown_limit or 0.0) or 1.0
    lines = _bars(rates, top, shown_limit if height > 1 else None, glyphs, height)
    lines += _round_trips(migration, end, columns, glyphs)
    lines.append(Line("time", _axis(end, columns), "axis"))
    lines.append(Line("phases", _phases(migration, end, columns, glyphs), "phases"))
    if migration.throughput.limits:
        lines.append(Line("limited by", _limits(migration, end, columns), "limits"))
    for guest in migration.guests[:3]:
        bracket = guest.switchover.bracket
        marks = _bracket(migration.start_ts, bracket.from_ts, bracket.to_ts, end, columns)
        if marks.strip() and guest.switchover.bracket_ms is not None:
            lines.append(Line("switchover", marks, "switchover"))
        heard = [p.first_ts for p in guest.announcements.by_point.values() if p.first_ts]
        marks = _marks(migration.start_ts, heard, end, columns, "A")
        if marks.strip():
            lines.append(Line("announced", marks, "announced"))
    return lines


def _gutter(migration: Migration, limit: float | None) -> int:
    """How many characters do the labels left of the picture need? No column is higher than the highest bin."""
    highest = f" {figure(max(p.mbps for p in migration.series), 'Mbps')}"
    words = ("switchover", _limit_label(limit), highest, _round_trip_label(migration))
    return max(map(len, words))


def _round_trips(migration: Migration, end: float, columns: int, glyphs: Glyphs) -> list[Line]:
    """The medians of the round trips on the same axis; a full block is the longest of them, nothing is no sample."""
    told = round_trips_over_time(migration, end, columns)
    top = max((value for value in told if value is not None), default=0.0)
    if not top:
        return []
    steps = len(glyphs.blocks)
    text = "".join(" " if v is None else glyphs.blocks[max(round(v / top * steps), 1) - 1] for v in told)
    return [Line(_round_trip_label(migration), text, "rtt")]


def _round_trip_label(migration: Migration) -> str:
    medians = [part.median_ms for part in migration.rtt.over_time if part.median_ms is not None]
    return f"RTT {figure(max(medians), 'ms')}" if medians else ""


def _limit_label(limit: float | None) -> str:
    return "" if limit is None else f"limit {figure(limit, 'Mbps')}"


def _end(migration: Migration) -> float:
    """Where does the time axis end, in seconds after the stream's start?"""
    last = migration.series[-1].at_s + _bin_width(migration.series)
    stream = max(last, migration.duration_s or 0.0, 1e-6)
    late = [stream]
    for guest in migration.guests[:3]:
        times = [guest.switchover.bracket.to_ts, *(p.first_ts for p in guest.announcements.by_point.values())]
        late += [s for t in times if (s := seconds_between(migration.start_ts, t)) is not None]
    reach = [s for s in late if s <= FARTHEST * stream]
    return max(reach) * 1.01


def _bin_width(series: Sequence[SeriesPoint]) -> float:
    return series[1].at_s - series[0].at_s if len(series) > 1 else 0.0


def _columns(series: Sequence[SeriesPoint], columns: int, end: float) -> list[float]:
    """The mean rate in each column; a column narrower than a bin shows the bin it lies in."""
    step, width = end / columns, _bin_width(series) or end
    sums, counts = [0.0] * columns, [0] * columns
    for point in series:
        at = int((point.at_s + width / 2) / step)
        if 0 <= at < columns:
            sums[at] += point.mbps
            counts[at] += 1
    rates = []
    for i in range(columns):
        if counts[i]:
            rates.append(sums[i] / counts[i])
        else:
            here = int(((i + 0.5) * step - series[0].at_s) / width)
            rates.append(series[here].mbps if 0 <= here < len(series) else 0.0)
    return rates


def _bars(rates: Sequence[float], top: float, limit: float | None, glyphs: Glyphs, height: int) -> list[Line]:
    """Rows from the highest to the lowest; a single row is labelled with what its full block is."""
    steps = len(glyphs.blocks)
    heights = [max(round(r / top * height * steps), 1 if r > 0 else 0) for r in rates]
    limit_row = min(int(limit / top * height), height - 1) if limit is not None else None
    lines = []
    for row in reversed(range(height)):
        filled = [min(max(h - row * steps, 0), steps) for h in heights]
        empty = glyphs.level if row == limit_row else " "
        text = "".join(glyphs.blocks[f - 1] if f else empty for f in filled)
        label = figure(top, "Mbps") if row == height - 1 else figure(0, "Mbps") if row == 0 else ""
        if row == limit_row:
            label = _limit_label(limit)
        lines.append(Line(label, text, "bars"))
    return lines


def _axis(end: float, columns: int) -> str:
    left, right, middle = "0 s", span(end), span(end / 2)
    text = left + middle.rjust(columns // 2 - len(left) + len(middle) // 2)
    return text + right.rjust(columns - len(text))


def _place(start: str | None, ts: str | None, end: float, columns: int) -> int | None:
    """In which column does this time lie? -1 left of the picture, `columns` right of it."""
    after = seconds_between(start, ts)
    if after is None:
        return None
    return max(-1, min(int(after / end * columns), columns))


def _phases(migration: Migration, end: float, columns: int, glyphs: Glyphs) -> str:
    row = [" "] * columns
    for phase in migration.phases:
        first = _place(migration.start_ts, phase.start_ts, end, columns)
        last = _place(migration.start_ts, phase.end_ts, end, columns)
        if first is None or last is None or first >= columns or last < 0:
            continue
        first, last = max(first, 0), min(last, columns - 1)
        name = phase.kind if phase.kind in ("setup", "switchover", "resume") else f"{phase.kind} {phase.n}"
        room = max(last - first, 0)
        text = name if len(name) <= room else (str(phase.n) if phase.kind == "burst" else name)[:room]
        row[first : last + 1] = list((glyphs.tick + text).ljust(last - first + 1, glyphs.rule))
    return "".join(row)


LIMITS: Final[dict[LimitClass, str]] = {
    "mtu_black_hole": "M",
    "receiver_window": "W",
    "software_cap": "C",
    "network_plateau": "P",
    "network_queueing": "Q",
    "network_loss": "L",
    "sender_buffer": "B",
    "application": "a",
    "unknown": ".",
}
"""The letter of each class of limit: what the network did and what the hosts did, where it is known."""


def _limits(migration: Migration, end: float, columns: int) -> str:
    """The class that held longest in each column."""
    spans = [
        (first, last, LIMITS[one.limit])
        for one in migration.throughput.limits
        if (first := seconds_between(migration.start_ts, one.start_ts)) is not None
        and (last := seconds_between(migration.start_ts, one.end_ts)) is not None
    ]
    row = []
    for i in range(columns):
        low, high = i * end / columns, (i + 1) * end / columns
        held = {letter: 0.0 for _, _, letter in spans}
        for first, last, letter in spans:
            held[letter] += max(0.0, min(last, high) - max(first, low))
        longest = max(held, key=lambda letter: held[letter], default=" ")
        row.append(longest if held.get(longest) else " ")
    return "".join(row)


def _bracket(start: str | None, from_ts: str | None, to_ts: str | None, end: float, columns: int) -> str:
    first, last = _place(start, from_ts, end, columns), _place(start, to_ts, end, columns)
    if first is None or last is None:
        return ""
    row = [" "] * columns
    if first >= columns:
        row[-1] = ">"
        return "".join(row)
    left, right = max(first, 0), min(last, columns - 1)
    for i in range(left, right + 1):
        row[i] = "="
    row[left] = "[" if first >= 0 else "<"
    row[right] = "]" if last < columns else ">"
    return "".join(row)


def _marks(start: str | None, times: Sequence[str], end: float, columns: int, mark: str) -> str:
    row = [" "] * columns
    for ts in times:
        at = _place(start, ts, end, columns)
        if at is not None:
            row[max(0, min(at, columns - 1))] = ">" if at >= columns else "<" if at < 0 else mark
    return "".join(row)


def histogram_line(bins: Sequence[HistogramBin], width: int, glyphs: Glyphs) -> str:
    """
    How are the samples spread? One character per bin (or per few bins), higher for more samples.

    It fits beside a label in a line of this width.
    """
    filled = [i for i, b in enumerate(bins) if b.count]
    if not filled:
        return ""
    inner = bins[filled[0] : filled[-1] + 1]
    low, high = figure(inner[0].low_ms, "ms"), figure(inner[-1].high_ms, "ms")
    room = max(min(width - LABEL - len(low) - len(high) - 4, WIDEST_SPREAD), 1)
    fold = -(-len(inner) // room)
    sums = [sum(b.count for b in inner[i : i + fold]) for i in range(0, len(inner), fold)]
    most, steps = max(sums), len(glyphs.blocks)
    bars = "".join(glyphs.blocks[max(round(s / most * steps), 1) - 1] if s else glyphs.dot for s in sums)
    return f"{low} {bars} {high}"
