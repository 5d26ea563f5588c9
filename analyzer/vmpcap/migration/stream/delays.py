"""How long packets took from one point to another, and how far the clocks leave that open."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.migration.views import PointView
from vmpcap.points.pair_clock import PairClock
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

AS_WIDE: Final = 2
"""So many times as wide as between packets both ways may the bounds of a clock be beyond those."""
AS_MANY: Final = 0.9
"""The clock that tells most of the packets decides, and one that tells this part of those, if it is known better."""


class Delays(NamedTuple):
    """Milliseconds, by the middle of the possible clocks."""

    least: float
    p95: float
    doubt: float
    """By how much both may be wrong alike."""
    told: int
    """Of so many packets."""

    @property
    def queueing(self) -> float:
        return self.p95 - self.least


def delays_between(
    here: PointView, there: PointView, own: PairClock | None, is_turned: bool, left: I64, came: I64
) -> Delays | None:
    """
    How long did these packets take? None where the clocks do not tell.

    Parameters
    ----------
    own : what these packets and their answers alone say of the clocks: of the other point's where `is_turned`
    left, came : int64[n], when each passed this point and the other, by their own clocks

    Notes
    -----
    A clock is bound by packets of both ways; far from them only a drift of clocks as they should be bounds it, and the
    middle of these bounds is anybody's guess. So packets of the same points that were not of this conversation count.
    """
    clocks = (own, is_turned), (there.clocks.get(here.name), True), (here.clocks.get(there.name), False)
    found = [d for clock, turned in clocks if clock is not None and (d := _delays(clock, left, came, turned))]
    most = max((told.told for told in found), default=0)
    best = min((f for f in found if f.told >= AS_MANY * most), key=lambda f: f.doubt, default=None)
    return best if best is not None and best.least + best.doubt >= 0 else None  # nothing comes before it left


def _delays(clock: PairClock, left: I64, came: I64, is_turned: bool) -> Delays | None:
    """The same by this clock: from the other point's to this one's where it is turned."""
    at, late = came if is_turned else left, came - left
    low, high = clock.bounds(at)
    told = clock.within(at) & _is_bound(clock, at, high - low)
    if not told.any():
        return None
    middle = (low + high)[told] / 2
    values = late[told] + middle if is_turned else late[told] - middle
    least, most = np.percentile(values, (0, 95), method="inverted_cdf") / NS_PER_MS
    return Delays(float(least), float(most), float((high - low)[told].max()) / 2 / NS_PER_MS, int(told.sum()))


def _is_bound(clock: PairClock, at: I64, wide: npt.NDArray[np.float64]) -> Bools:
    """At which of these times do packets of both ways bound the clock, or nearly as well as those do?"""
    between = np.zeros(len(at), bool)
    for first, last in _spans(clock):
        between |= (at >= first) & (at <= last)
    usual = wide[between].max() if between.any() else wide.min(initial=np.inf)
    bound: Bools = between | (wide <= AS_WIDE * usual)
    return bound


def _spans(clock: PairClock) -> Iterator[tuple[int, int]]:
    return ((piece.first, piece.last) for piece in clock.pieces)
