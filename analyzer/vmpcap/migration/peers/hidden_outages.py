"""Outages that a hole of the capture, or a step of its clock, hides: from where to where nobody knows what was met."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from vmpcap.measures.outages import UNANSWERED, Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.steps_back import steps_back
from vmpcap.migration.suffered import MOST_TOLD, Suffered, around_switchover, unmeasured
from vmpcap.migration.views import PointView
from vmpcap.points.clock import MOST_DRIFT
from vmpcap.points.holes import HeldUp, Hole, Step, blindness, hole_in
from vmpcap.points.timeline import Elapsed, elapsed, elapsed_at
from vmpcap.terms.units import NS_PER_MS, at_most_ms, ms

NOTABLE_STEP_NS: Final = NS_PER_MS
"""A clock that stepped by less spoils no outage."""

BESIDE: Final = ", or one that it was compared with,"


def hiding_hole(stream: PeerStream, view: PointView, switchover: tuple[int, int]) -> Hole | None:
    """
    Which hole of the capture hides what this stream met at the switchover? None where it is in view.

    A hole between the last answer before the outage and the first after it, or in the whole time of the switchover.
    Requests that stay without an answer to the end of the capture need no view of the hole.

    Parameters
    ----------
    switchover : from the guest's last sign to its announcement, by the clock of the point
    """
    away, when = min(switchover), max(switchover)
    at = [outage for outage in stream.outages if outage.overlaps(away, when)]
    if view.line.sets:  # by such a clock nobody knows when the switchover was
        at = around_switchover(stream, when)
    for outage in at:
        hole = hole_of(outage, view)
        if hole is not None:
            return hole
    if any(outage.overlaps(when, when) for outage in at):
        return None
    # what else is in view may be none of the switchover's where the clock was set back in that: its times come twice
    unseen = None if at else hole_in(view.holes, away, when)
    over = None if at else _step_over_lost(stream, view, when)
    return unseen or _step_back_near(view, away, when) or over


def _step_over_lost(stream: PeerStream, view: PointView, when: int) -> Step | None:
    """
    Did the clock step between the two answered requests around the move, where one between them had no answer?

    By a clock that was set forward then, its peer seems to have paused, and who pauses for long has no outage.
    """
    answered = np.flatnonzero(stream.wait_ns != UNANSWERED)
    after = int(np.searchsorted(stream.asked_ts[answered], when, "right")) if len(answered) else 0
    if not 0 < after < len(answered) or answered[after] - answered[after - 1] < 2:
        return None
    begin, end = (int(stream.asked_ts[answered[place]]) for place in (after - 1, after))
    shown = [one for one in view.line.sets if not one.is_again and not one.is_blur and one.lies_between(begin, end)]
    if not shown:
        return None
    first, last = (int(view.journal.frame[np.argmax(view.journal.ts_ns == ts)]) for ts in (begin, end))
    beside = "" if any(one.is_sure for one in shown) else BESIDE
    return Step(view.name, begin, end, first, last, beside, sure=True)


def _step_back_near(view: PointView, away: int, when: int) -> Step | None:
    """
    Was the clock set back so near to the switchover that it may have been in it? Then no outage is none that is seen.

    When the switchover was is told by that same clock, so it may be off by as much as that was set.
    """
    for low, high, last, first in steps_back(view):
        if away <= high + (high - low) and when >= low - (high - low):
            return Step(view.name, low, high, last, first, "", sure=True)
    return None


def hole_of(outage: Outage, view: PointView) -> Hole | None:
    """In which hole does a part of this outage lie, or within it which step of the point's clock?"""
    end = outage.first_answer_ts
    if end is None:
        return _step_back_since(outage, view)
    begin = outage.first_unanswered_ts if outage.last_answer_ts is None else outage.last_answer_ts
    return hole_in(view.holes, begin, end) or _step_of(outage, view, begin, end)


def _step_back_since(outage: Outage, view: PointView) -> Step | None:
    """
    Did the clock go back, since this outage without an end began, to before it?

    Answers of since then have times of before it. Not so where its own requests go on past the time of the step.
    """
    begin, frame = outage.first_unanswered_ts, outage.first_unanswered_frame
    for step in steps_back(view):
        if frame < step.first_frame and step.low < begin and outage.last_unanswered_ts <= step.high:
            return Step(view.name, step.low, step.high, step.last_frame, step.first_frame, "", sure=True)
    return None


def _step_of(outage: Outage, view: PointView, begin: int, end: int) -> Step | None:
    """Did the point's clock step between these two times? Where it only ran fast or slow, both clocks agree closely."""
    last = outage.first_answered_frame
    last = outage.last_unanswered_frame if last is None else last
    apart = _on_reference(view, begin, end)
    notable = NOTABLE_STEP_NS + MOST_DRIFT * (end - begin)
    stepped = apart is not None and abs(apart.ns - (end - begin)) > notable
    went_back = any(begin <= high and low <= end for low, high, _, _ in steps_back(view))
    stepped |= went_back
    unsure = apart is not None and apart.uncertainty_ns > notable
    shown = [one.is_sure for one in view.line.sets if not one.is_again and one.lies_between(begin, end)]
    stepped |= unsure and bool(shown)
    if not stepped and not (unsure and any(one.is_again and one.lies_between(begin, end) for one in view.line.sets)):
        return None
    if not went_back and any(one.is_blur and one.lies_between(begin, end) for one in view.line.sets):
        return HeldUp(view.name, begin, end, outage.first_unanswered_frame, last, "", sure=True)
    beside = BESIDE if shown and not any(shown) and not went_back else ""
    return Step(view.name, begin, end, outage.first_unanswered_frame, last, beside, sure=stepped)


def _on_reference(view: PointView, begin: int, end: int) -> Elapsed | None:
    """How long is it between two times of a clock that steps, by the reference's? None where it does not step."""
    if any(one.lies_between(begin, end) for one in view.line.sets):
        return elapsed_at(view.line, begin, end)
    if view.standing is None or not view.standing.steps:
        return None
    return elapsed(view.line, begin, view.line, end)


def hidden(stream: PeerStream, view: PointView, when: int, hole: Hole) -> Suffered:
    """A stream of which nobody knows what it met: the capture was blind then."""
    near = [o for o in around_switchover(stream, when) if hole_of(o, view) is not None]
    ends = [(o.last_answer_ts or o.first_unanswered_ts, o.first_answer_ts) for o in near if o.first_answer_ts]
    lengths = [end - begin for begin, end in ends]
    by_reference = [apart.high_ns for pair in ends if (apart := _on_reference(view, *pair)) is not None]
    longest = max(lengths + by_reference, default=hole.to_ts - hole.from_ts)
    most, at_most = ms(longest), f", {at_most_ms(longest)}"
    if isinstance(hole, Step) and not by_reference:
        most, at_most = math.inf, ""  # by how much that clock was set nobody knows
    because = f"how long it was cut off is not known{at_most}, because {blindness(hole)}"
    one = unmeasured(stream, view, because, [hole.from_frame, hole.to_frame], _has_survived(stream, when))
    return replace(one, hidden_ms=most)


def _has_survived(stream: PeerStream, when: int) -> bool | None:
    """Was it answered again? Not known where it was since, and only its last requests in view were not."""
    last = stream.outages[-1] if stream.outages else None
    if last is None or last.ended or last.last_answer_ts is None or last.last_answer_ts <= when:
        return stream.survived
    return None if stream.survived is False and stream.reset_ts is None else stream.survived


def words_of_unseen(outages: Sequence[Outage], view: PointView) -> Iterator[str]:
    """What looks like an outage and need not be one?"""
    for outage in outages[:MOST_TOLD]:
        hole = hole_of(outage, view)
        if hole is not None:
            length = outage.seen_ns / NS_PER_MS
            may = "may have been longer or shorter" if isinstance(hole, Step) else "need not be an outage"
            yield (
                f"what looks like {length:.0f} ms from frame {outage.first_unanswered_frame} on {may}:"
                f" {blindness(hole)}"
            )
