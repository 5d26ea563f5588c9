"""Times of two points beside each other: on whose clock, how far that may be off, and which was first."""

from vmpcap.migration.guests import on_point, on_reference
from vmpcap.migration.views import PointView
from vmpcap.points.timeline import Elapsed, elapsed, elapsed_at
from vmpcap.terms.units import NS_PER_MS


def on_clock_of(there: PointView, view: PointView, ts: int) -> int:
    """When was this, by the clock of the other point? Its own times are left as they are."""
    return ts if there.name == view.name else on_point(there, on_reference(view, ts))


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


def order_not_known(between: Elapsed) -> str:
    """Why nobody can say which of two frames was first."""
    doubt, apart = between.uncertainty_ns / NS_PER_MS, abs(between.ns) / NS_PER_MS
    known = f"the two frames are {apart:.3f} ms apart and the clocks are known to {doubt:.3f} ms"
    return f"{known}: which came first is not known"
