"""How two points' clocks stand to each other, from all packets that both of them saw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import MOST_DRIFT, Bounds, Lines, fit_lines
from vmpcap.points.kernels.keys import UNICAST
from vmpcap.points.pairing import Paired

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BINS: Final = 512
"""Stretches of time of which only the tightest bounds are kept: leaving out others widens, never narrows."""
ALIKE: Final = 0.98
"""Share of neighbours that must agree on which point comes first; a step of a clock turns one or two of them."""
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
        knots = np.unique(
            np.concatenate([np.linspace(p.begin, p.end, KNOTS).astype(np.int64) for p in self.pieces])
        ).tolist()
        low, high = np.array([self.at(knot) for knot in knots], np.float64).T
        since = np.array(knots) - knots[0]
        return np.interp(ts - knots[0], since, low), np.interp(ts - knots[0], since, high)

    @property
    def middle_ts(self) -> int:
        """The middle of the longest piece: where the offset is told."""
        longest = self.longest
        return (longest.begin + longest.end) // 2

    @property
    def longest(self) -> Lines:
        """The piece that lasts longest."""
        return max(self.pieces, key=lambda piece: piece.end - piece.begin)


def bound_pair(paired: Paired) -> tuple[PairClock | None, npt.NDArray[np.int8]]:
    """
    How does the other clock stand to the one, and which pairs of addresses say which point comes first?

    Returns
    -------
    clock : None where no two ends both sent packets that both points saw
    ahead : int8[n], for each pair of packets: 1 the one point saw it first, -1 the other did, 0 not known

    Notes
    -----
    Packets of two ends pass the points in one order, their answers in the other. So of two neighbours in time, sent
    by either end, the differences bound the offset from both sides, whatever the order is. Where 98 of 100 neighbours
    of two ends say the same order (ALIKE), every single packet is a bound on its own: of ends whose way changed for
    fewer than that, packets may bound too narrowly. Only unicast: of a flood each point may stand on a branch of its
    own, and neither comes first.
    """
    one, other = paired.one, paired.other
    usable = np.flatnonzero((one.kind[paired.row_one] == UNICAST) & (other.kind[paired.row_other] == UNICAST))
    ahead = np.zeros(len(paired.row_one), np.int8)
    if len(usable) < 2:
        return None, ahead
    at, late = one.ts_ns[paired.row_one[usable]], paired.late_ns[usable]
    ends, side = one.pair[paired.row_one[usable]], one.side[paired.row_one[usable]]
    order = np.lexsort((at, ends))
    at, late, ends, side = at[order], late[order], ends[order], side[order]
    rough = resolution(one.ts_ns) + resolution(other.ts_ns)
    near = np.flatnonzero((ends[1:] == ends[:-1]) & (side[1:] != side[:-1]))
    if not len(near):
        return None, ahead
    apart = np.ceil(MOST_DRIFT * (at[near + 1] - at[near])).astype(np.int64) + rough
    first = np.where(side[near] == 0, late[near], late[near + 1])
    second = np.where(side[near] == 0, late[near + 1], late[near])
    vote = np.sign(np.where(np.abs(first - second) > apart, first - second, 0))
    _, group = np.unique(ends, return_inverse=True)
    said = np.bincount(group[near], np.abs(vote), int(group.max()) + 1)
    sum_of = np.bincount(group[near], vote, int(group.max()) + 1)
    sure = np.where((said > 0) & (np.abs(sum_of) >= (2 * ALIKE - 1) * said), np.sign(sum_of), 0).astype(np.int8)
    turn = (sure[group] * np.where(side == 0, 1, -1)).astype(np.int8)
    ahead[usable[order]] = turn
    high, low = turn > 0, turn < 0
    lows = Bounds(
        np.concatenate((at[near], at[low])),
        np.concatenate((np.minimum(first, second) - apart, late[low] - rough)),
    )
    highs = Bounds(
        np.concatenate((at[near], at[high])),
        np.concatenate((np.maximum(first, second) + apart, late[high] + rough)),
    )
    pieces = fit_pieces(lows, highs)
    return (PairClock(pieces, len(usable)) if pieces else None), ahead


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
