"""Times of two points beside each other: on whose clock, and how far that may be off."""

from vmpcap.migration.guests import on_point, on_reference
from vmpcap.migration.views import PointView


def on_clock_of(there: PointView, view: PointView, ts: int) -> int:
    """When was this, by the clock of the other point? Its own times are left as they are."""
    return ts if there.name == view.name else on_point(there, on_reference(view, ts))


def clock_doubt(one: PointView, other: PointView) -> int | None:
    """
    How far may the difference of two times at these points be off, either way? Nanoseconds; None where nothing tells.

    Notes
    -----
    A clock that may be the reference's is taken as given: the truth may lie at the farther end of its bounds. Of one
    that cannot, the middle of the bounds is taken off, and half their width is left.
    """
    if one.name == other.name:
        return 0
    return _sum_of(_doubt(one), _doubt(other))


def _doubt(view: PointView) -> int | None:
    offset = view.offset
    if offset is None:
        return None
    return max(abs(offset.low_ns), abs(offset.high_ns)) if offset.agrees else offset.uncertainty_ns


def _sum_of(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
