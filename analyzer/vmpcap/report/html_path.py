"""The stream's way as a drawing: the capture points in order, and what happened between each two of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.migration.segment_results import Segment
from vmpcap.report.document import Migration, Report
from vmpcap.report.html_steps import Leg, State, Stop, steps
from vmpcap.report.words import figure


def path_picture(migration: Migration, report: Report) -> Element | None:
    """The drawing; None where there are no two points on the way whose packets could be compared."""
    points = _in_order(migration.segments)
    if len(points) < 2:
        return None
    roles = {given.point: given.role or "" for given in report.inputs}
    ends = {(s.from_point, s.to_point): s for s in migration.segments if not s.silent}
    links = [
        [_leg(segment, is_back) for pair, is_back in (((a, b), False), ((b, a), True)) if (segment := ends.get(pair))]
        for a, b in pairwise(points)
    ]
    return steps([[Stop(point, roles.get(point, ""))] for point in points], links, f"the way of {migration.id}")


def _in_order(segments: Sequence[Segment]) -> list[str]:
    """The points from the source on: each segment towards the destination leads from one to the next."""
    onward = {s.from_point: s.to_point for s in segments if s.direction == "to_destination" and not s.silent}
    first = [point for point in onward if point not in onward.values()]
    ordered = first[:1]
    while ordered and ordered[-1] in onward and onward[ordered[-1]] not in ordered:
        ordered.append(onward[ordered[-1]])
    return ordered


def _leg(s: Segment, is_back: bool) -> Leg:
    unsure = s.lost is None or (not s.lost and s.outside > 0)
    state: State = "unknown" if unsure else "lossy" if s.lost else "clean"
    held_up = _held_up(s)
    return Leg(state, (_lost(s), *((held_up,) if held_up else ())), is_back, s.because)


def _lost(s: Segment) -> str:
    if s.lost is None:
        return "losses not known"
    about = "about " if s.one_in != 1 else ""
    return f"{about}{s.lost:,} of {s.lost_of:,} lost"


def _held_up(s: Segment) -> str:
    """What else happened to them: delay, queues, and order."""
    parts = []
    if s.outside:
        parts.append(f"{s.outside:,} more: lost, or not recorded")
    if s.delay_min_ms is not None and s.uncertainty_ms is not None and s.delay_min_ms > s.uncertainty_ms:
        parts.append(f"{figure(s.delay_min_ms, 'ms')} \u00b1 {figure(s.uncertainty_ms, 'ms')}")
    if s.queueing_ms is not None and s.queueing_ms >= LEAST_QUEUE_MS:
        parts.append(f"queue +{figure(s.queueing_ms, 'ms')}")
    if s.reordered:
        parts.append(f"{s.reordered:,} overtaken")
    if s.duplicated:
        parts.append(f"{s.duplicated:,} doubled")
    return ", ".join(parts)


LEAST_QUEUE_MS: Final = 0.1
"""A 95th percentile this near to the least delay is no queue worth a word."""
