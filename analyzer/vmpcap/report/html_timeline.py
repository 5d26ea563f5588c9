"""The switchover close up: who saw what when, on a scale of milliseconds, as a drawing that needs no script."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.migration.results import Guest, Peer
from vmpcap.report.clean import shorten
from vmpcap.report.document import Migration
from vmpcap.report.html_tree import el
from vmpcap.report.words import figure, seconds_between, span
from vmpcap.terms.units import count_of

WIDTH: Final = 960
GUTTER: Final = 210
"""Where the time axis begins; the names of the rows stand left of it."""
RIGHT: Final = 90
"""Room behind the axis for the words of what reaches its end."""
ROW: Final = 26
BAR: Final = 14
MOST_PEERS: Final = 12
MOST_ROWS: Final = 12
"""Capture points that are drawn."""
BEFORE: Final = 0.15
AFTER: Final = 0.35
"""Of what is looked at, so much is shown before and after it."""
LONGEST_S: Final = 120.0
"""What lies further from the beginning is said in words."""
LONGEST_NAME: Final = 30
LETTER: Final = 7
"""Room that a letter takes at most, on average."""
STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in a row, in seconds after the migration's start; without an end it goes on."""

    kind: str
    start: float
    end: float | None
    words: str
    """What is told where the pointer rests on it."""
    inside: str = ""
    """Written into it, where there is room."""
    beside: str = ""
    """Written behind its end."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One moment in a row."""

    kind: str
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the drawing."""

    name: str
    marks: tuple[Bar | Tick, ...]
    note: str = ""


def timeline(migration: Migration, guest: Guest) -> Element | None:
    """
    The drawing of one guest's switchover; None where nothing of it has a time.

    Times are those of each capture point's own clock.
    """
    rows = list(_rows(migration, guest))
    window = _window([mark for row in rows[1:] for mark in row.marks])
    if window is None:
        return None
    scale = _Scale(*window)
    height = ROW * (len(rows) + 1) + 12
    drawing = el("svg", viewBox=f"0 0 {WIDTH} {height}", role="img", class_="timeline")
    drawing.append(el("title", f"the switchover of {guest.mac}: {_in_words(rows)}"))
    drawing.extend(_axis(scale, len(rows)))
    for number, row in enumerate(rows):
        drawing.extend(_draw(row, 8 + ROW * number, scale))
    return drawing


def _rows(m: Migration, guest: Guest) -> Iterator[Row]:
    """The stream, the guest, each point that could hear it, each peer that was cut off."""
    phases = [
        Bar(p.kind, start, end, f"{p.kind} {p.n}", inside=f"{p.kind} {p.n}")
        for p in m.phases
        if (start := seconds_between(m.start_ts, p.start_ts)) is not None
        and (end := seconds_between(m.start_ts, p.end_ts)) is not None
    ]
    yield Row("stream", tuple(phases), f"at {m.point}")
    gone = guest.switchover.bracket
    ends = [seconds_between(m.start_ts, ts) for ts in (gone.from_ts, gone.to_ts)]
    if ends[0] is not None and ends[1] is not None:
        words = figure(guest.switchover.bracket_ms, "ms")
        yield Row("guest", (Bar("gone", ends[0], ends[1], words, beside=words),), gone.because)
    heard = [(point, seen) for point, seen in guest.announcements.by_point.items() if seen.times]
    for point, seen in heard[:MOST_ROWS]:
        ticks = [
            Tick(kind, at, f"{kind} in frame {frame}, {ts}")
            for kind, ts, frame in zip(seen.frame_kinds, seen.times, seen.frames, strict=False)
            if (at := seconds_between(m.start_ts, ts)) is not None
        ]
        yield Row(f"heard at {point}", tuple(ticks))
    for point, seen in guest.announcements.by_point.items():
        if seen.seen is False:
            yield Row(f"not heard at {point}", (), seen.because)
    yield from _of_peers(m, [p for p in guest.peers if p.from_ts is not None])


def _of_peers(m: Migration, cut_off: list[Peer]) -> Iterator[Row]:
    for peer in cut_off[:MOST_PEERS]:
        start, end = (seconds_between(m.start_ts, ts) for ts in (peer.from_ts, peer.to_ts))
        if start is None:
            continue
        ended = peer.outage_ms is not None
        words = figure(peer.outage_ms, "ms") if ended else "not back"
        whole = Bar("cut", start, end if ended else None, words, beside=words)
        because = "; ".join(sentence for sentence in (peer.because, peer.breakdown_because) if sentence)
        yield Row(f"{peer.peer} {peer.protocol}", (whole, *_parts(m, peer)), because)
    if len(cut_off) > MOST_PEERS:
        yield Row(f"and {count_of(len(cut_off) - MOST_PEERS, 'peer')} more", ())


def _parts(m: Migration, peer: Peer) -> Iterator[Bar]:
    """What the outage was spent on, drawn over it."""
    for part in peer.breakdown:
        start, end = (seconds_between(m.start_ts, ts) for ts in (part.from_ts, part.to_ts))
        if start is not None and end is not None and end > start:
            name = part.part.replace("_", " ")
            words = f"{name} {figure(part.ms, 'ms')}: {part.because}"
            yield Bar(f"part {part.part}", start, end, words, inside=name)


def _window(marks: list[Bar | Tick]) -> tuple[float, float] | None:
    """Which stretch of time is shown? All that bars cover, and ticks as long after them again."""
    bars = [mark for mark in marks if isinstance(mark, Bar)]
    ticks = [mark.at for mark in marks if isinstance(mark, Tick)]
    if not bars and not ticks:
        return None
    begin = min([bar.start for bar in bars] + ticks[:1])
    ends = [bar.end for bar in bars if bar.end is not None] + [bar.start for bar in bars] + ticks[:1]
    end = min(max(ends), begin + LONGEST_S)
    length = max(end - begin, 1e-3)
    late = [at for at in ticks if end < at <= end + length]
    end = max([end, *late])
    length = max(end - begin, 1e-3)
    return begin - BEFORE * length, end + AFTER * length


class _Scale:
    """Where on the drawing does a moment lie?"""

    def __init__(self, begin: float, end: float) -> None:
        self.begin, self.end = begin, end

    def x(self, at: float) -> float:
        """Kept within the axis."""
        share = (min(max(at, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return round(GUTTER + share * (WIDTH - GUTTER - RIGHT), 1)

    def step(self) -> float:
        """How far apart are the lines of the grid? 1, 2 or 5 of a power of ten; about six of them."""
        least = (self.end - self.begin) / 6
        power = 1e-6
        while power * 10 <= least:
            power *= 10
        return next((power * n for n in STEPS if power * n >= least), power * 10)


def _axis(scale: _Scale, rows: int) -> Iterator[Element]:
    """Lines of the grid with their times after the migration's start."""
    step = scale.step()
    number = int(scale.begin // step) + 1
    bottom = 8 + ROW * rows
    while number * step < scale.end:
        x = str(scale.x(number * step))
        yield el("line", x1=x, x2=x, y1="4", y2=str(bottom), class_="grid")
        yield el("text", _time(number * step, step), x=x, y=str(bottom + 16), text_anchor="middle", class_="axis")
        number += 1


def _time(at: float, step: float) -> str:
    """As many digits as tell two lines of the grid apart."""
    digits = 0
    while step * 10**digits < 0.999 and digits < 6:
        digits += 1
    return f"{at:.{digits}f} s"


def _draw(row: Row, y: int, scale: _Scale) -> Iterator[Element]:
    middle = y + ROW // 2
    name = el("text", shorten(row.name, LONGEST_NAME), x=str(GUTTER - 10), y=str(middle + 4), text_anchor="end")
    name.append(el("title", f"{row.name}: {row.note}" if row.note else row.name))
    yield name
    yield el("line", x1=str(GUTTER), x2=str(WIDTH - RIGHT), y1=str(middle), y2=str(middle), class_="lane")
    outside = 0
    for mark in row.marks:
        if isinstance(mark, Tick):
            if mark.at > scale.end:
                outside += 1
            elif mark.at >= scale.begin:
                yield _tick(mark, middle, scale)
        elif mark.start <= scale.end and (mark.end is None or mark.end >= scale.begin):
            yield from _bar(mark, middle, scale)
    if outside:
        words = f"{outside} later, to {span(max(m.at for m in row.marks if isinstance(m, Tick)))}"
        yield el("text", words, x=str(WIDTH - 4), y=str(middle + 4), text_anchor="end", class_="note")


def _tick(mark: Tick, middle: int, scale: _Scale) -> Element:
    x = scale.x(mark.at)
    shape = el("path", d=f"M{x} {middle + 7}l-5 -13h10z", class_=f"tick {mark.kind}")
    shape.append(el("title", mark.words))
    return shape


def _bar(mark: Bar, middle: int, scale: _Scale) -> Iterator[Element]:
    left = scale.x(mark.start)
    right = scale.x(mark.end) if mark.end is not None else float(WIDTH - RIGHT)
    top, width = str(middle - BAR // 2), str(round(max(right - left, 1.5), 1))
    shape = el("rect", x=str(left), y=top, width=width, height=str(BAR), rx="2", class_=f"bar {mark.kind}")
    shape.append(el("title", mark.words))
    yield shape
    if mark.inside and right - left > LETTER * len(mark.inside):
        middle_of = str(round((left + right) / 2, 1))
        yield el("text", mark.inside, x=middle_of, y=str(middle + 4), text_anchor="middle", class_="inside")
    if mark.beside:
        yield el("text", mark.beside, x=str(round(right + 6, 1)), y=str(middle + 4), class_="length")


def _in_words(rows: list[Row]) -> str:
    """The same for whoever cannot see it."""
    said = []
    for row in rows[1:]:
        lengths = ", ".join(mark.words for mark in row.marks if isinstance(mark, Bar))
        ticks = sum(isinstance(mark, Tick) for mark in row.marks)
        said.append(f"{row.name} {lengths or (count_of(ticks, 'announcement') if ticks else row.note)}".strip())
    return "; ".join(said)
