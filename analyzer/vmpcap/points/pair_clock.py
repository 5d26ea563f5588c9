"""How two points' clocks stand to each other, from all packets that both of them saw."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import Bounds, Lines, fit_lines
from vmpcap.points.kernels.keys import UNICAST
from vmpcap.points.orders import Packets, find_orders
from vmpcap.points.pairing import Paired
from vmpcap.points.symmetry import Symmetry, find_symmetry

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BINS: Final = 512
"""Stretches of time of which only the tightest bounds are kept: leaving out others widens, never narrows."""
MOST_STEPS: Final = 8
RESOLUTIONS: Final = (1_000_000, 1_000)
"""What time stamps may be multiples of, ns."""
KNOTS: Final = 33
"""Times of a piece at which its bounds are worked out for many packets."""
FEW: Final = 20
"""Time stamps by which a resolution can be told."""


@dataclass(frozen=True, slots=True)
class PairClock:
    """
    What must be added to the one point's clock to get the other's.

    Holds as long as the network carries nothing back in time and the drift is steady between steps. A step smaller
    than the bounds are wide is not seen; where one is seen, its time is known only to lie between two pieces.
    """

    pieces: tuple[Lines, ...]
    packets: int
    """Packets both saw that bound the offset."""
    symmetry: Symmetry | None = None
    """What is known of both ways; None where too little is."""

    def at(self, ts: int) -> tuple[int, int]:
        """Lowest and highest offset at that time of the one clock, ns; between two pieces it may be either's."""
        last = len(self.pieces) - 1
        number = next((n for n, piece in enumerate(self.pieces) if ts <= piece.end), last)
        piece = self.pieces[number]
        if number == 0 or ts >= piece.begin:
            return piece.at(ts)
        before, after = self.pieces[number - 1].at(ts), piece.at(ts)
        return min(before[0], after[0]), max(before[1], after[1])

    def bounds(self, ts: I64) -> tuple[Floats, Floats]:
        """Lowest and highest offset at these times, ns: float64[n] each, interpolated between `KNOTS` a piece."""
        low, high = np.zeros(len(ts)), np.zeros(len(ts))
        first, last = self.pieces[0].begin, self.pieces[-1].end
        spans = [(piece.begin, piece.end) for piece in self.pieces]
        spans += [(before.end + 1, after.begin - 1) for before, after in pairwise(self.pieces)]
        at = np.clip(ts, first, last)
        for begin, end in spans:
            rows = (at >= begin) & (at <= end)
            if not rows.any():
                continue
            knots = np.unique(begin + np.linspace(0, end - begin, KNOTS).astype(np.int64))
            edges = np.array([self.at(int(knot)) for knot in knots], np.float64)
            low[rows] = np.interp(at[rows] - begin, knots - begin, edges[:, 0])
            high[rows] = np.interp(at[rows] - begin, knots - begin, edges[:, 1])
        return low, high

    def within(self, ts: I64) -> Bools:
        """At which of these times did no clock step? A packet between two pieces tells no delay."""
        told = np.ones(len(ts), bool)
        for before, after in pairwise(self.pieces):
            told &= (ts <= before.end) | (ts >= after.begin)
        return told

    @property
    def middle_ts(self) -> int:
        """The middle of the longest piece: where the offset is told."""
        longest = self.longest
        return (longest.begin + longest.end) // 2

    @property
    def span(self) -> tuple[int, int]:
        """Lowest and highest offset of all pieces, ns."""
        return min(piece.ends[0] for piece in self.pieces), max(piece.ends[1] for piece in self.pieces)

    @property
    def alike_ns(self) -> int | None:
        """By how much the middle of the bounds at `middle_ts` may be wrong, if both ways are alike."""
        if self.symmetry is None:
            return None
        low, high = self.at(self.middle_ts)
        return math.ceil(self.symmetry.doubt(high - low))

    @property
    def longest(self) -> Lines:
        """The piece that lasts longest."""
        return max(self.pieces, key=lambda piece: piece.end - piece.begin)


def bound_pair(
    paired: Paired, more: tuple[Bounds, Bounds] | None = None
) -> tuple[PairClock | None, npt.NDArray[np.int8]]:
    """
    How does the other clock stand to the one, and which pairs of addresses say which point comes first?

    Parameters
    ----------
    more : lower and upper bounds that are known from elsewhere: exchanges that the sampling of packets let go

    Returns
    -------
    clock : None where no two ends both sent packets that both points saw
    ahead : int8[n], for each pair of packets: 1 the one point saw it first, -1 the other did, 0 not known

    Notes
    -----
    Packets of two ends pass the points in one order, their answers in the other. So a packet and the nearest answers
    before and after it bound the offset from both sides, whatever the order is (`find_orders`). Only unicast: of a
    flood each point may stand on a branch of its own, and neither comes first. Both points must lie on the way of the
    packets: of a copy that a switch flooded to a branch, the time on that branch is taken for time on the way.
    """
    one, other = paired.one, paired.other
    ahead = np.zeros(len(paired.row_one), np.int8)
    usable = np.flatnonzero((one.kind[paired.row_one] == UNICAST) & (other.kind[paired.row_other] == UNICAST))
    order = usable[np.lexsort((one.ts_ns[paired.row_one[usable]], one.pair[paired.row_one[usable]]))]
    rows = paired.row_one[order]
    packets = Packets(one.ts_ns[rows], paired.late_ns[order], one.pair[rows], one.side[rows])
    rough = resolution(one.ts_ns) + resolution(other.ts_ns)
    orders = find_orders(packets, rough)
    ahead[order] = orders.ahead
    lows, highs = orders.lows, orders.highs
    if more is not None:
        lows, highs = (
            Bounds(*map(np.concatenate, zip(a, b, strict=True))) for a, b in zip(orders[:2], more, strict=True)
        )
    if not len(lows.ts) or not len(highs.ts):
        return None, ahead
    pieces = fit_pieces(lows, highs)
    if not pieces:
        return None, ahead
    clock = PairClock(pieces, len(order))
    steps = one.ttl[rows].astype(np.int64) - other.ttl[paired.row_other[order]]
    return replace(clock, symmetry=find_symmetry(clock, packets, orders.ahead, steps)), ahead


def resolution(ts: I64) -> int:
    """What are these time stamps multiples of, ns? By what they show: too few of them show nothing, so the coarsest."""
    if len(ts) < FEW:
        return RESOLUTIONS[-1]
    return next((unit for unit in RESOLUTIONS if not (ts % unit).any()), 1)


def fit_pieces(lows: Bounds, highs: Bounds) -> tuple[Lines, ...]:
    """
    Which straight lines keep to these bounds, in as few pieces as will do?

    From the front each piece is as long as it can be, then from the back: the step lies between where the one had to
    end and where the other could begin, and what lies between belongs to no piece. None where that leaves no piece.
    """
    begin = min(int(lows.ts.min()), int(highs.ts.min()))
    width = max(max(int(lows.ts.max()), int(highs.ts.max())) - begin, 1) / BINS
    lows, bin_low = _tightest(lows, begin, width, -1)
    highs, bin_high = _tightest(highs, begin, width, 1)

    def fit(first: int, last: int) -> Lines | None:
        a, b = (bin_low >= first) & (bin_low < last), (bin_high >= first) & (bin_high < last)
        if not a.any() or not b.any():
            return None
        return fit_lines(Bounds(*(c[a] for c in lows)), Bounds(*(c[b] for c in highs)))

    def contradicts(first: int, last: int) -> bool:
        has_both = ((bin_low >= first) & (bin_low < last)).any() and ((bin_high >= first) & (bin_high < last)).any()
        return bool(has_both) and fit(first, last) is None

    if not contradicts(0, BINS):
        whole = fit(0, BINS)
        return (whole,) if whole is not None else ()
    front, back = _cuts_from_front(contradicts), _cuts_from_back(contradicts)
    if front is None or back is None or len(front) != len(back):
        return ()
    pieces = [fit(first, last) for first, last in zip([0, *front], [*back, BINS], strict=True) if first < last]
    return tuple(piece for piece in pieces if piece is not None)


def _cuts_from_front(contradicts: Callable[[int, int], bool]) -> list[int] | None:
    """Where must each further piece begin, if each before it is as long as it can be? None: nobody can say."""
    cuts: list[int] = []
    first = 0
    while contradicts(first, BINS):
        low, high = first, BINS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if contradicts(first, middle) else (middle, high)
        if high - 1 <= first or len(cuts) == MOST_STEPS:
            return None
        cuts.append(high)
        first = high
    return cuts


def _cuts_from_back(contradicts: Callable[[int, int], bool]) -> list[int] | None:
    """Where must each piece but the last end, if each after it is as long as it can be? None: nobody can say."""
    cuts: list[int] = []
    last = BINS
    while contradicts(0, last):
        low, high = 0, last
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if contradicts(middle, last) else (low, middle)
        if low + 1 >= last or len(cuts) == MOST_STEPS:
            return None
        cuts.append(low)
        last = low
    return cuts[::-1]


def _tightest(bounds: Bounds, begin: int, width: float, sign: int) -> tuple[Bounds, I64]:
    """The lowest (sign 1) or highest (-1) bound of each stretch of time, and which stretch that is."""
    place = np.minimum(((bounds.ts - begin) / width).astype(np.int64), BINS - 1)
    order = np.lexsort((sign * bounds.value_ns, place))
    places, first = np.unique(place[order], return_index=True)
    rows = order[first]
    return Bounds(bounds.ts[rows], bounds.value_ns[rows]), places
