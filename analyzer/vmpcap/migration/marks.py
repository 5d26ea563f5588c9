"""Two frames and the time between them."""

from dataclasses import dataclass
from typing import Final

from vmpcap.migration.clocks import clock_doubt, elapsed_between, never_together, order_not_known
from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.results import Bracket
from vmpcap.migration.views import PointView
from vmpcap.points.timeline import Elapsed
from vmpcap.terms.units import NS_PER_MS, iso_utc, ms

RUNS_UNSEEN_NS: Final = 100 * NS_PER_MS
"""
So long before the first sign of it a guest may have run: it may say something before its host announces it, or nothing.

A choice, and a wide one: QEMU and ESXi announce a guest when it resumes, and no standard says how soon.
"""

NOT_COMPARED: Final = "the clocks of the two points were not compared"
NOT_TOGETHER: Final = f"{NOT_COMPARED}, and by them the two captures are of different times"


@dataclass(frozen=True, slots=True)
class Mark:
    """One frame at one point."""

    view: PointView
    ts: int
    frame: int


def sign_on_its_clock(view: PointView, guest: Moved) -> Mark | None:
    """
    Which sighting of the guest's announcement tells this point that it had moved, though not when?

    Its own, or else the first of points whose clocks were compared with its own. None where nobody heard any. What the
    point shows later is of the guest's new place.
    """
    heard = [Mark(other, series.first_ts, series.frames[0]) for other, series in guest.heard]
    own = [mark for mark in heard if mark.view.name == view.name]
    compared = own or [mark for mark in heard if clock_doubt(mark.view, mark.ts, view) is not None]
    return min(compared, key=lambda mark: on_reference(mark.view, mark.ts), default=None)


def between(start: Mark, end: Mark, because: str) -> tuple[float | None, Bracket]:
    """
    How long is it from one frame to another?

    Frames of two points are put on one clock; the figure may be off by what bounds the clocks leave open. Null where
    they leave the order of the two open: such a time is none. Null too where the clocks were not compared: it would be
    wrong by as much as they differ.
    """
    apart = elapsed_between(start.view, start.ts, end.view, end.ts)
    if apart is None:
        objection = NOT_TOGETHER if never_together(start.view, end.view) else NOT_COMPARED
    else:
        objection = _objection(apart)
    return None if apart is None or objection else ms(apart.ns), Bracket(
        from_point=start.view.name,
        from_frame=start.frame,
        from_ts=iso_utc(start.ts),
        to_point=end.view.name,
        to_frame=end.frame,
        to_ts=iso_utc(end.ts),
        uncertainty_ms=ms(apart.uncertainty_ns) if apart is not None else None,
        because=objection or because,
    )


def _objection(apart: Elapsed) -> str:
    """Why is this no time between two frames? Empty where it is one."""
    if apart.is_later is None and apart.low_ns < apart.high_ns:
        return order_not_known(apart)
    return "the second frame carries an earlier time than the first: the clocks disagree" if apart.ns < 0 else ""
