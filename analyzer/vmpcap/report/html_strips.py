"""Drawings of many migrations: each as a dot on one scale, and how one side stands to the other, figure by figure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.report.about_comparison import name_of
from vmpcap.report.clean import shorten
from vmpcap.report.comparison import Difference, Spread
from vmpcap.report.html_tree import el
from vmpcap.report.words import figure

Rows = Sequence[tuple[str, Spread]]


@dataclass(frozen=True, slots=True)
class Frame:
    """The paper a drawing is made for."""

    width: int
    gutter: int
    """Room for names left of the scale; 0: they stand above it."""
    right: int
    """Room behind the scale for words."""
    longest_name: int

    @property
    def row(self) -> int:
        return 34 if self.gutter else 46

    @property
    def left(self) -> int:
        return self.gutter or 10

    @property
    def end(self) -> int:
        return self.width - self.right


SCREEN: Final = Frame(width=1110, gutter=240, right=190, longest_name=32)
TELEPHONE: Final = Frame(width=366, gutter=0, right=12, longest_name=24)
TICKS: Final = 4
LEAST_REACH: Final = 0.1
MOST_REACH: Final = 1.0
"""A shift is drawn up to so many times A's median; what is further has an arrow and its figure."""


def strips(rows: Rows, title: str) -> tuple[Element, Element] | None:
    """Each group's migrations on one scale from 0, for a screen and for a telephone; None where there is nothing."""
    top = max((v for _, s in rows for v in s.values), default=0.0)
    if top <= 0:
        return None
    return _strips(rows, title, top, SCREEN), _strips(rows, title, top, TELEPHONE)


def _strips(rows: Rows, title: str, top: float, frame: Frame) -> Element:
    tall = len(rows) * frame.row + 34
    told = "; ".join(f"{name}: median {figure(s.median, s.unit)} of {s.n}" for name, s in rows)
    drawing = _paper(frame, tall, f"{title}: {told}")

    def x(value: float | None) -> float:
        share = (min(value, top) if value is not None else top) / top
        return frame.left + share * (frame.end - frame.left)

    for number in range(TICKS + 1):
        at = top * number / TICKS
        drawing.append(_line(x(at), 4, x(at), tall - 24, "grid"))
        anchor = "start" if number == 0 else "end" if number == TICKS else "middle"
        words = figure(at, rows[0][1].unit) if number == TICKS else "0" if not number else figure(at, _short(rows))
        if number in (0, TICKS) or frame.gutter:
            drawing.append(el("text", words, x=f"{x(at):.1f}", y=str(tall - 8), text_anchor=anchor, class_="axis"))
    for number, (name, s) in enumerate(rows):
        y = _middle(number, frame)
        words = f"{figure(s.median, s.unit) if s.median is not None else 'no end'} (n {s.n})"
        drawing.extend(_names(name, words + (f", {s.unended} without an end" if s.unended else ""), y, frame))
        drawing.append(_line(frame.left, y, frame.end, y, "lane"))
        if s.p25 is not None and s.n > 1:
            low, high = x(s.p25), x(s.p75)
            drawing.append(_box(low, high, y))
        if s.median_low is not None:
            drawing.append(_line(x(s.median_low), y + 12, x(s.median_high), y + 12, "grid strong"))
        for value in s.values:
            dot = el("circle", cx=f"{x(value):.1f}", cy=f"{y:.1f}", r="3.5", class_="bar")
            dot.append(el("title", figure(value, s.unit)))
            drawing.append(dot)
        if s.median is not None:
            drawing.append(_line(x(s.median), y - 11, x(s.median), y + 11, "median"))
    return drawing


def _short(rows: Rows) -> str:
    """The unit between the ends of the axis: a share needs its sign to be one."""
    return "share" if rows[0][1].unit == "share" else ""


def shifts(differences: Sequence[Difference], medians: dict[str, float | None]) -> tuple[Element, Element] | None:
    """
    How B stands to A, figure by figure, as a share of A's median; None where no figure has a shift.

    Parameters
    ----------
    medians : A's, by figure
    """
    rows = [(d, medians.get(d.figure)) for d in differences if d.shift is not None or d.word != "undecided"]
    if not any(_is_drawn(d, base) for d, base in rows):
        return None
    return _shifts(rows, SCREEN), _shifts(rows, TELEPHONE)


def _is_drawn(d: Difference, base: float | None) -> bool:
    """Is it known by how much, and is there a median to measure it by?"""
    return d.shift is not None and bool(base)


def _shifts(rows: Sequence[tuple[Difference, float | None]], frame: Frame) -> Element:
    tall = len(rows) * frame.row + 34
    told = "; ".join(f"{name_of(d.figure)} {_shift_words(d)}" for d, _ in rows)
    drawing = _paper(frame, tall, f"of B against A: {told}")
    ends = [abs(v) / base for d, base in rows if base for v in (d.shift, d.shift_low, d.shift_high) if v is not None]
    reach = min(max(*ends, LEAST_REACH), MOST_REACH)

    def x(value: float, base: float) -> float:
        share = min(max(value / base / reach, -1.0), 1.0)
        return frame.left + (share + 1) / 2 * (frame.end - frame.left)

    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        at = x(share * reach, 1.0)
        drawing.append(_line(at, 4, at, tall - 24, "median" if not share else "grid"))
        anchor = {-1.0: "start", 1.0: "end"}.get(share, "middle")
        words = "as A" if not share else f"{'+' if share > 0 else ''}{figure(share * reach, 'share')}"
        drawing.append(el("text", words, x=f"{at:.1f}", y=str(tall - 8), text_anchor=anchor, class_="axis"))
    for number, (d, base) in enumerate(rows):
        y = _middle(number, frame)
        drawing.extend(_names(name_of(d.figure), _shift_words(d), y, frame))
        if not base or d.shift is None:
            continue
        kind = "told" if d.word != "undecided" else "untold"
        if d.shift_low is not None and d.shift_high is not None:
            drawing.append(_line(x(d.shift_low, base), y, x(d.shift_high, base), y, f"interval {kind}"))
        if abs(d.shift) / base <= reach:
            dot = el("circle", cx=f"{x(d.shift, base):.1f}", cy=f"{y:.1f}", r="5", class_=f"shift {kind}")
            dot.append(el("title", d.because))
            drawing.append(dot)
        for side in (-1, 1):
            if told := _outside(d, base, side, reach):
                drawing.extend(_cut(told, side, y, frame, f"shift {kind}", d.because))
    return drawing


def _outside(d: Difference, base: float, side: int, reach: float) -> str:
    """What of a row lies beyond this end of the scale? Where its point is, and how far its interval goes."""

    def beyond(value: float | None) -> bool:
        return value is not None and side * value / base > reach

    def share(value: float | None) -> str:
        return "" if value is None else f"{'+' if value > 0 else ''}{figure(value / base, 'share')}"

    near, far = (d.shift_low, d.shift_high) if side > 0 else (d.shift_high, d.shift_low)
    told = [f"at {share(d.shift)}"] if beyond(d.shift) else []
    if beyond(far):
        told.append(f"from {share(near)} to {share(far)}" if beyond(near) else f"to {share(far)}")
    return ", ".join(told)


def _cut(told: str, side: int, y: float, frame: Frame, kind: str, because: str) -> Iterator[Element]:
    """An arrow at the end of the scale, and under it what lies beyond."""
    tip = frame.end if side > 0 else frame.left
    arrow = el("path", d=f"M{tip} {y:.1f}l{-10 * side} -6v12z", class_=kind)
    arrow.append(el("title", because))
    yield arrow
    words = f"{told} \u2192" if side > 0 else f"\u2190 {told}"
    anchor = "end" if side > 0 else "start"
    yield el("text", words, x=str(tip), y=f"{y + 16:.0f}", text_anchor=anchor, class_="note")


def _shift_words(d: Difference) -> str:
    if d.shift is None:
        return f"{d.word}, by how much unknown"
    return f"{'+' if d.shift > 0 else ''}{figure(d.shift, d.unit)}, {d.word}"


def _paper(frame: Frame, tall: int, title: str) -> Element:
    drawing = el("svg", viewBox=f"0 0 {frame.width} {tall}", role="img", class_="timeline strips")
    drawing.append(el("title", title))
    return drawing


def _middle(number: int, frame: Frame) -> float:
    return number * frame.row + (17 if frame.gutter else 31) + 4


def _names(name: str, words: str, y: float, frame: Frame) -> Iterator[Element]:
    """The name before or above the row, and what is said of it behind or beside."""
    shown = shorten(name, frame.longest_name)
    if frame.gutter:
        label = el("text", shown, x=str(frame.gutter - 12), y=f"{y + 4:.0f}", text_anchor="end", class_="name")
        told = el("text", words, x=str(frame.end + 12), y=f"{y + 4:.0f}", class_="length")
    else:
        label = el("text", shown, x=str(frame.left), y=f"{y - 15:.0f}", class_="name")
        told = el("text", words, x=str(frame.end), y=f"{y - 15:.0f}", text_anchor="end", class_="length")
    label.append(el("title", name))
    yield label
    yield told


def _box(low: float, high: float, y: float) -> Element:
    box = el("rect", x=f"{low:.1f}", y=f"{y - 9:.1f}", height="18", width=f"{max(high - low, 1):.1f}")
    box.set("class", "bar resume")
    return box


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    return el("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=kind)
