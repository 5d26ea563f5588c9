"""The stream's way as a drawing: the capture points in order, and what happened between each two of them."""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.migration.segment_results import Segment
from vmpcap.report.clean import shorten
from vmpcap.report.document import Migration, Report
from vmpcap.report.html_tree import el
from vmpcap.report.words import figure

BOX: Final = 150
GAP: Final = 210
TALL: Final = 96
LONGEST: Final = 20
"""Letters of a name that fit into a box."""


def path_picture(migration: Migration, report: Report) -> Element | None:
    """The drawing; None where there are no two points on the way whose packets could be compared."""
    points = _in_order(migration.segments)
    if len(points) < 2:
        return None
    roles = {given.point: given.role for given in report.inputs}
    width = len(points) * BOX + (len(points) - 1) * GAP + 20
    drawing = el("svg", viewBox=f"0 0 {width} {TALL + 10}", role="img", class_="way")
    drawing.set("style", f"min-width:{min(width, 900)}px;max-width:{width}px")
    drawing.append(el("title", f"the way of {migration.id}: {_in_words(migration.segments)}"))
    for number, point in enumerate(points):
        x = 10 + number * (BOX + GAP)
        drawing.append(el("rect", x=str(x), y="28", width=str(BOX), height="44", rx="5", class_="point"))
        for text, y, kind in ((point, "48", "name"), (roles.get(point) or "", "64", "role")):
            word = el("text", shorten(text, LONGEST), x=str(x + BOX // 2), y=y, text_anchor="middle", class_=kind)
            word.append(el("title", text))
            drawing.append(word)
        if number + 1 < len(points):
            ends = {(s.from_point, s.to_point): s for s in migration.segments}
            there, back = ends.get((point, points[number + 1])), ends.get((points[number + 1], point))
            drawing.extend(_between(x + BOX, there, back))
    return drawing


def _in_order(segments: Sequence[Segment]) -> list[str]:
    """The points from the source on: each segment towards the destination leads from one to the next."""
    onward = {s.from_point: s.to_point for s in segments if s.direction == "to_destination"}
    first = [point for point in onward if point not in onward.values()]
    ordered = first[:1]
    while ordered and ordered[-1] in onward and onward[ordered[-1]] not in ordered:
        ordered.append(onward[ordered[-1]])
    return ordered


def _between(x: int, there: Segment | None, back: Segment | None) -> list[Element]:
    """Two arrows, what was lost above and below them."""
    drawn = []
    for segment, y, tip, words_y in (
        (there, 44, "M{b} 44l-9 -4v8z", (34, 18)),
        (back, 58, "M{a} 58l9 -4v8z", (76, 92)),
    ):
        if segment is None:
            continue
        a, b = x + 6, x + GAP - 6
        state = "unknown" if segment.lost is None else "lossy" if segment.lost else "clean"
        drawn.append(el("line", x1=str(a), x2=str(b), y1=str(y), y2=str(y), class_=f"arrow {state}"))
        drawn.append(el("path", d=tip.format(a=a, b=b), class_=f"tip {state}"))
        for text, at in zip((_lost(segment), _held_up(segment)), words_y, strict=True):
            if text:
                kind = f"count {state}" if at == words_y[0] else "note"
                word = el("text", text, x=str((a + b) // 2), y=str(at), text_anchor="middle", class_=kind)
                word.append(el("title", segment.because))
                drawn.append(word)
    return drawn


def _lost(s: Segment) -> str:
    if s.lost is None:
        return "losses not known"
    about = "about " if s.one_in != 1 else ""
    return f"{about}{s.lost:,} of {s.lost_of:,} lost"


def _held_up(s: Segment) -> str:
    """What else happened to them: queues, and order."""
    parts = []
    if s.queueing_ms is not None and s.queueing_ms >= LEAST_QUEUE_MS:
        parts.append(f"queue +{figure(s.queueing_ms, 'ms')}")
    if s.reordered:
        parts.append(f"{s.reordered:,} overtaken")
    if s.duplicated:
        parts.append(f"{s.duplicated:,} doubled")
    return ", ".join(parts)


LEAST_QUEUE_MS: Final = 0.1
"""A 95th percentile this near to the least delay is no queue worth a word."""


def _in_words(segments: Sequence[Segment]) -> str:
    """The same for whoever cannot see it."""
    return "; ".join(
        f"{s.from_point} to {s.to_point}: {_lost(s)}{', ' if _held_up(s) else ''}{_held_up(s)}" for s in segments
    )
