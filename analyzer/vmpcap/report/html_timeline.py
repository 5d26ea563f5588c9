"""The switchover close up: who saw what when, on a scale of milliseconds, as a drawing that needs no script."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.migration.listed import is_gone
from vmpcap.migration.results import Guest, Peer
from vmpcap.report.clean import shorten
from vmpcap.report.document import Migration
from vmpcap.report.html_tree import el
from vmpcap.report.words import of_file, seconds_between, span, span_bound
from vmpcap.terms.units import count_of

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
RUNS_OFF: Final = 4.0
"""A bar so many times as long as the guest's absence runs off the close up, which would be none otherwise."""
LETTER: Final = 7
"""Room that a letter takes at most, on average."""
STEPS: Final = (1, 2, 5)
FEW_LATER: Final = 2
"""So many peers that were cut off later have a row each all the same."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The paper a drawing is made for."""

    width: int
    gutter: int
    """Where the time axis begins; the names of the rows stand left of it, or above."""
    right: int
    """Room behind the axis for the words of what reaches its end."""
    above: int
    """Room over each row for its name; 0: it stands in the gutter."""
    longest_name: int
    lines: int
    """How many lines the grid has, about."""


SCREEN: Final = Frame(width=960, gutter=210, right=120, above=0, longest_name=30, lines=6)
TELEPHONE: Final = Frame(width=360, gutter=8, right=82, above=15, longest_name=46, lines=3)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in a row, in seconds after the migration's start; without an end it is open."""

    kind: str
    start: float
    end: float | None
    words: str
    """What is told where the pointer rests on it."""
    inside: str = ""
    """Written into it, where there is room."""
    beside: str = ""
    """Written behind its end."""
    at_least_to: float | None = None
    """Of an open one: until when it is known to last."""

    @property
    def known_to(self) -> float:
        """Until when is something known of it?"""
        known = self.end if self.end is not None else self.at_least_to
        return self.start if known is None else known


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


def close_up(migration: Migration, guest: Guest) -> tuple[Element, Element] | None:
    """
    One guest's switchover on its own scale, for a screen and for a telephone; None where nothing of it has a time.

    Times are those of each capture point's own clock.
    """
    rows = list(_rows(migration, guest))
    window = _window(_near(rows))
    return _drawn(_without_later(rows, window), window, f"the switchover of {guest.mac}")


def _without_later(rows: list[Row], window: tuple[float, float] | None) -> list[Row]:
    """Peers that were cut off only behind what is shown share a row; where there are few of them each has its own."""
    if window is None:
        return rows
    later = [row for row in rows if row.marks and all(_begins(mark) > window[1] for mark in row.marks)]
    later = [row for row in later if any(isinstance(mark, Bar) and mark.kind == "cut" for mark in row.marks)]
    if len(later) <= FEW_LATER:
        return rows
    return [row for row in rows if row not in later] + [Row(f"{count_of(len(later), 'peer')} cut off later", ())]


def _begins(mark: Bar | Tick) -> float:
    return mark.start if isinstance(mark, Bar) else mark.at


def outages(migration: Migration, guest: Guest) -> tuple[Element, Element] | None:
    """All of the outages, to their ends; None where the close up shows them."""
    rows = [row for row in _rows(migration, guest) if any(_is_of_an_outage(mark) for mark in row.marks)]
    marks = [mark for row in rows for mark in row.marks]
    if len(_near(rows)) == len(marks):
        return None
    return _drawn(rows, _window(marks), f"the outages of {guest.mac}")


def _drawn(rows: list[Row], window: tuple[float, float] | None, title: str) -> tuple[Element, Element] | None:
    if window is None:
        return None
    wide, narrow = (_drawing(rows, _Scale(*window, frame), title) for frame in (SCREEN, TELEPHONE))
    return wide, narrow


def _drawing(rows: list[Row], scale: "_Scale", title: str) -> Element:
    frame = scale.frame
    height = (ROW + frame.above) * len(rows) + ROW + 12
    drawing = el("svg", viewBox=f"0 0 {frame.width} {height}", role="img", class_="timeline")
    drawing.append(el("title", f"{title}: {_in_words(rows)}"))
    drawing.extend(_axis(scale, len(rows)))
    for number, row in enumerate(rows):
        drawing.extend(_draw(row, 8 + (ROW + frame.above) * number, scale))
    return drawing


def _is_of_an_outage(mark: Bar | Tick) -> bool:
    return isinstance(mark, Bar) and mark.kind.split()[0] in ("gone", "cut", "part")


def _near(rows: list[Row]) -> list[Bar | Tick]:
    """What the close up is about: all but bars that are many times as long as the guest's absence."""
    marks = [mark for row in rows if row.name != STREAM for mark in row.marks]
    lengths = [_length(mark) for mark in marks if isinstance(mark, Bar) and mark.kind in ("gone", "cut")]
    gone = [_length(mark) for mark in marks if isinstance(mark, Bar) and mark.kind == "gone"]
    least = (gone or [n for n in lengths if n is not None] or [None])[0]
    if least is None:
        return marks
    most = max(RUNS_OFF * least, SHORTEST_S)
    return [mark for mark in marks if not isinstance(mark, Bar) or _within(mark, most)]


STREAM: Final = "stream"
OPEN: Final = "open"
"""How the rest of the drawing behind a bar without an end is drawn: nothing is known of it."""
SHORTEST_S: Final = 0.5
"""Bars up to this length always fit."""


def _length(bar: Bar) -> float | None:
    return None if bar.end is None else bar.end - bar.start


def _within(bar: Bar, most: float) -> bool:
    length = _length(bar)
    return length is not None and length <= most


def _rows(m: Migration, guest: Guest) -> Iterator[Row]:
    """The stream, the guest, each point that could hear it, each peer that was cut off."""
    phases = [
        Bar(p.kind, start, end, f"{p.kind} {p.n}", inside=f"{p.kind} {p.n}")
        for p in m.phases
        if (start := seconds_between(m.start_ts, p.start_ts)) is not None
        and (end := seconds_between(m.start_ts, p.end_ts)) is not None
    ]
    yield Row(STREAM, tuple(phases), f"at {m.point}")
    gone = guest.switchover.bracket
    ends = [seconds_between(m.start_ts, ts) for ts in (gone.from_ts, gone.to_ts)]
    length = guest.switchover.at_most_ms
    if ends[0] is not None and ends[1] is not None and length is not None:
        words = f"at most {span_bound(length / 1000, 'most')}"
        yield Row("guest", (Bar("gone", ends[0], ends[1], words, beside=words),), gone.because)
    heard = [(point, seen) for point, seen in guest.announcements.by_point.items() if seen.times]
    for point, seen in heard[:MOST_ROWS]:
        ticks = [
            Tick(kind, at, f"{kind} in frame {frame}{of_file(file)}, {ts}")
            for kind, ts, frame, file in zip_longest(
                seen.frame_kinds, seen.times, seen.frames[: len(seen.times)], seen.files[: len(seen.times)]
            )
            if (at := seconds_between(m.start_ts, ts)) is not None
        ]
        yield Row(f"heard at {point}", tuple(ticks))
    for point, seen in guest.announcements.by_point.items():
        if seen.seen is False:
            yield Row(f"not heard at {point}", (), seen.because)
    yield from _of_peers(m, guest)


def _long(length_ms: float | None) -> str:
    return span(None if length_ms is None else length_ms / 1000)


def _cut_off(peer: Peer) -> str:
    """For how long; from how long to how long, where that is all that can be told."""
    if peer.outage_ms is not None:
        return _long(peer.outage_ms)
    low, high = (None if bound is None else bound / 1000 for bound in (peer.outage_low_ms, peer.outage_high_ms))
    if span(low) == span(high):
        return span(high)
    if high is None:
        return f"at least {span_bound(low, 'least')}"
    return f"{span_bound(low, 'least')} to {span_bound(high, 'most')}"


def is_open(peer: Peer) -> bool:
    """Was it cut off, with no end in view?"""
    is_back = peer.survived is True and (peer.outage_high_ms is not None or peer.outage_low_ms is not None)
    return peer.outage_ms is None and not is_back


def cut_off_in(guest: Guest) -> list[Peer]:
    """Of which peers is it known when, and that or how long they were cut off? Of others no bar says more than that."""
    return [
        p
        for p in guest.peers
        if p.from_ts is not None
        and (p.survived is False or (p.outage_ms, p.outage_low_ms, p.outage_high_ms) != (None, None, None))
    ]


def drawn_of(guest: Guest) -> list[Peer]:
    """Which of them have a bar, in their order? The worst, and the longest outage that ended, which is told first."""
    known = cut_off_in(guest)
    longest = max((peer.outage_ms or 0.0 for peer in known), default=0.0)
    worst = sorted(
        range(len(known)),
        key=lambda n: ((known[n].outage_ms or 0.0) < longest, not is_gone(known[n]), -_at_least(known[n])),
    )
    return [known[n] for n in sorted(worst[:MOST_PEERS])]


def _at_least(peer: Peer) -> float:
    return (peer.outage_low_ms if peer.outage_ms is None else peer.outage_ms) or 0.0


def _of_peers(m: Migration, guest: Guest) -> Iterator[Row]:
    drawn = drawn_of(guest)
    for peer in drawn:
        start, end = (seconds_between(m.start_ts, ts) for ts in (peer.from_ts, peer.to_ts))
        if start is None:
            continue
        words = "not back" if is_open(peer) and (is_gone(peer) or not peer.outage_low_ms) else _cut_off(peer)
        whole = Bar("cut", start, None if is_open(peer) else end, words, beside=words, at_least_to=end)
        because = "; ".join(sentence for sentence in (peer.because, peer.breakdown_because) if sentence)
        yield Row(f"{peer.peer} {peer.protocol}", (whole, *_parts(m, peer)), because)
    left = len(cut_off_in(guest)) - len(drawn)
    if left:
        yield Row(f"and {count_of(left, 'peer')} more", ())


def _parts(m: Migration, peer: Peer) -> Iterator[Bar]:
    """What the outage was spent on, drawn over it."""
    for part in peer.breakdown:
        start, end = (seconds_between(m.start_ts, ts) for ts in (part.from_ts, part.to_ts))
        if start is not None and end is not None and end > start:
            name = part.part.replace("_", " ")
            words = f"{name} {_long(part.ms)}: {part.because}"
            yield Bar(f"part {part.part}", start, end, words, inside=name)


def _window(marks: list[Bar | Tick]) -> tuple[float, float] | None:
    """Which stretch of time is shown? All that these bars cover, and ticks as long after them again."""
    bars = [mark for mark in marks if isinstance(mark, Bar)]
    ticks = [mark.at for mark in marks if isinstance(mark, Tick)]
    if not bars and not ticks:
        return None
    begin = min([bar.start for bar in bars] + ticks[:1])
    ends = [bar.known_to for bar in bars] + ticks[:1]
    end = min(max(ends), begin + LONGEST_S)
    length = max(end - begin, 1e-3)
    late = [at for at in ticks if end < at <= end + length]
    end = max([end, *late])
    length = max(end - begin, 1e-3)
    return begin - BEFORE * length, end + AFTER * length


class _Scale:
    """Where on the drawing does a moment lie?"""

    def __init__(self, begin: float, end: float, frame: Frame) -> None:
        self.begin, self.end, self.frame = begin, end, frame

    def x(self, at: float) -> float:
        """Kept within the axis."""
        share = (min(max(at, self.begin), self.end) - self.begin) / (self.end - self.begin)
        frame = self.frame
        return round(frame.gutter + share * (frame.width - frame.gutter - frame.right), 1)

    def step(self) -> float:
        """How far apart are the lines of the grid? 1, 2 or 5 of a power of ten."""
        least = (self.end - self.begin) / self.frame.lines
        power = 1e-6
        while power * 10 <= least:
            power *= 10
        return next((power * n for n in STEPS if power * n >= least), power * 10)


def _axis(scale: _Scale, rows: int) -> Iterator[Element]:
    """Lines of the grid with their times after the migration's start."""
    step = scale.step()
    number = int(scale.begin // step) + 1
    bottom = 8 + (ROW + scale.frame.above) * rows
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
    frame = scale.frame
    middle = y + frame.above + ROW // 2
    x, base, anchor = (frame.gutter, y + 11, "start") if frame.above else (frame.gutter - 10, middle + 4, "end")
    name = el("text", shorten(row.name, frame.longest_name), x=str(x), y=str(base), text_anchor=anchor, class_="name")
    name.append(el("title", f"{row.name}: {row.note}" if row.note else row.name))
    yield name
    end = str(frame.width - frame.right)
    yield el("line", x1=str(frame.gutter), x2=end, y1=str(middle), y2=str(middle), class_="lane")
    words = []
    for mark in row.marks:
        if isinstance(mark, Tick):
            if scale.begin <= mark.at <= scale.end:
                yield _tick(mark, middle, scale)
        elif mark.start <= scale.end and (mark.end is None or mark.end >= scale.begin):
            yield from _bar(mark, middle, scale)
            words += [mark.beside] if mark.beside else []
    if words:
        yield from _behind(row, words, middle, scale)
    yield from _later(row, middle, scale)


def _behind(row: Row, words: list[str], middle: int, scale: _Scale) -> Iterator[Element]:
    """How long it was, behind the last of its bars; an arrow where they go on outside."""
    bars = [mark for mark in row.marks if isinstance(mark, Bar)]
    right = max(_right(bar, scale) for bar in bars)
    arrow = " \u2192" if any(bar.known_to > scale.end for bar in bars) else ""
    told = f"{', '.join(words)}{arrow}"
    yield el("text", told, x=str(round(right + 6, 1)), y=str(middle + 4), class_="length")


def _later(row: Row, middle: int, scale: _Scale) -> Iterator[Element]:
    """What came after what is shown is told in words."""
    late = [mark.at for mark in row.marks if isinstance(mark, Tick) and mark.at > scale.end]
    told = [mark.beside for mark in row.marks if isinstance(mark, Bar) and mark.beside and mark.start > scale.end]
    told = [f"{words} \u2192" if scale.frame.above else f"{words}, later" for words in told]
    if late:
        told.append(f"{len(late)} later" + ("" if scale.frame.above else f", to {span(max(late))}"))
    if told:
        x = str(scale.frame.width - scale.frame.right + 6)
        yield el("text", ", ".join(told), x=x, y=str(middle + 4), class_="note")


def _tick(mark: Tick, middle: int, scale: _Scale) -> Element:
    x = scale.x(mark.at)
    shape = el("path", d=f"M{x} {middle + 7}l-5 -13h10z", class_=f"tick {mark.kind}")
    shape.append(el("title", mark.words))
    return shape


def _right(bar: Bar, scale: _Scale) -> float:
    return scale.x(bar.known_to) if bar.end is not None else float(scale.frame.width - scale.frame.right)


def _bar(mark: Bar, middle: int, scale: _Scale) -> Iterator[Element]:
    left, right = scale.x(mark.start), scale.x(mark.known_to)
    yield _stretch(left, max(right, left + 1.5), middle, mark.kind, mark.words)
    if (end := _right(mark, scale)) > right:
        yield _stretch(right, end, middle, OPEN, f"{mark.words}; what came then is not known")
    if mark.inside and right - left > LETTER * len(mark.inside):
        middle_of = str(round((left + right) / 2, 1))
        yield el("text", mark.inside, x=middle_of, y=str(middle + 4), text_anchor="middle", class_="inside")


def _stretch(left: float, right: float, middle: int, kind: str, words: str) -> Element:
    top, width = str(middle - BAR // 2), str(round(right - left, 1))
    shape = el("rect", x=str(left), y=top, width=width, height=str(BAR), rx="2", class_=f"bar {kind}")
    shape.append(el("title", words))
    return shape


def _in_words(rows: list[Row]) -> str:
    """The same for whoever cannot see it."""
    said = []
    for row in rows[1:]:
        lengths = ", ".join(mark.words for mark in row.marks if isinstance(mark, Bar))
        ticks = sum(isinstance(mark, Tick) for mark in row.marks)
        said.append(f"{row.name} {lengths or (count_of(ticks, 'announcement') if ticks else row.note)}".strip())
    return "; ".join(said)
