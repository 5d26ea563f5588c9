"""Times of two points beside each other: on whose clock, how far that may be off, and which was first."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.views import PointView
from vmpcap.points.timeline import Elapsed, elapsed, elapsed_at
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]

UNKNOWN_NS: Final = 10 * NS_PER_S
"""A doubt that no network makes: packets go one way only beside a step, and nothing bounds it from the other side."""


def on_clock_of(there: PointView, view: PointView, ts: int) -> int:
    """When was this, by the clock of the other point? Its own times are left as they are."""
    return ts if there.name == view.name else on_point(there, on_reference(view, ts))


def all_on_clock_of(there: PointView, view: PointView, ts: I64) -> I64:
    """
    The same of many times, int64[n], each by itself.

    A shift that is taken once for all is that of one time: of a clock that was set, or runs fast, it is another one's.
    """
    return ts if there.name == view.name else there.line.all_on_point(view.line.all_on_reference(ts))


def elapsed_between(start: PointView, start_ts: int, end: PointView, end_ts: int) -> Elapsed | None:
    """
    How long after the first frame did the second pass, each by the clock of its own point?

    Without a doubt at one point whose clock was not set in between; None at two whose clocks were not compared.
    """
    if start.name == end.name:
        return elapsed_at(start.line, start_ts, end_ts)
    return elapsed(start.line, start_ts, end.line, end_ts)


def clock_doubt(view: PointView, ts: int, other: PointView) -> int | None:
    """How far may a time beside this one be off, put on the clock of the other point? None where nothing tells."""
    apart = elapsed_between(view, ts, other, on_clock_of(other, view, ts))
    return None if apart is None else apart.uncertainty_ns


def never_together(one: PointView, other: PointView) -> bool:
    """Is nothing known of how two clocks stand, while by them the one capture ended before the other began?"""
    if elapsed_between(one, one.last_ts, other, other.first_ts) is not None:
        return False
    return on_clock_of(other, one, one.last_ts) < other.first_ts or other.last_ts < on_clock_of(
        other, one, one.first_ts
    )


def is_moment_unknown(view: PointView, guest: Moved, views: Sequence[PointView]) -> bool:
    """
    Is it unknown when the switchover was by this point's clock?

    Where the clock was not compared with that of the point that heard the announcement first; where none did that says
    anything, with that of the point that shows the guest at its old place until then, or else of one that shows the
    stream.
    """
    first = guest.first_heard
    teller = first[0] if first is not None else guest.told_by
    shown = [teller] if teller is not None else [other for other in views if other.streams]
    return bool(shown) and all(clock_doubt(other, other.last_ts, view) is None for other in shown)


def order_not_known(between: Elapsed) -> str:
    """Why nobody can say which of two frames was first."""
    if between.uncertainty_ns > UNKNOWN_NS:
        return "a clock was set, and by how much nothing tells: which of the two frames came first is not known"
    doubt, apart = between.uncertainty_ns / NS_PER_MS, abs(between.ns) / NS_PER_MS
    known = f"the two frames are {apart:.3f} ms apart and the clocks are known to {doubt:.3f} ms"
    return f"{known}: which came first is not known"
