"""How two points' clocks stand to each other, from all packets that both of them saw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.points.backwards import rolled, unroll, unroll_other
from vmpcap.points.beyond import Beyond, steps_beyond
from vmpcap.points.clock import MOST_DRIFT, Bounds, Lines
from vmpcap.points.kernels.keys import UNICAST
from vmpcap.points.orders import Packets, find_orders
from vmpcap.points.pairing import Paired
from vmpcap.points.pieces import MOST_STEPS, fit_pieces, narrowest
from vmpcap.points.resolution import RESOLUTIONS, coarseness, resolution
from vmpcap.points.shifts import find_shifts
from vmpcap.points.slews import find_slews
from vmpcap.points.steady_rate import steady_drift
from vmpcap.points.steep import bound_steep
from vmpcap.points.symmetry import Symmetry, find_symmetry
from vmpcap.points.unsteady import find_unsteadiness
from vmpcap.points.watched import Watch, find_watch

I8 = npt.NDArray[np.int8]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

KNOTS: Final = 33
"""Times of a piece at which its bounds are worked out for many packets."""
FEW_PIECES: Final = 3
"""More steps than two are not believed where one steady drift explains as much."""
EACH_MORE: Final = (4, 6, 9)
"""How far stamps scatter is looked for in these steps, as parts of the first."""
MOST_ODD: Final = 0.01
"""So few packets in another order than the rest may be chance: a way that changed, a copy."""
AT_THE_LIMIT: Final = 0.99
ORDINARY: Final = 50e-6
"""Two clocks that nothing is wrong with run apart by no more, as a rule."""
ALWAYS: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class PairClock:
    """
    What must be added to the one point's clock to get the other's.

    Holds as long as the network carries nothing back in time and the drift is steady between steps. A step smaller
    than the bounds are wide is seen only where the least delays of both ways show it (`find_shifts`); where one is
    seen, its time is known only to lie between two pieces. Where packets go one way only after it, a piece is wide
    open to one side. Where the one clock was set back its times come twice, and two pieces share some: either may
    hold.
    """

    pieces: tuple[Lines, ...]
    packets: int
    """Packets both saw that bound the offset."""
    symmetry: Symmetry | None = None
    """What is known of both ways; None where too little is."""
    steep: Lines | None = None
    """Where a steady drift, faster than clocks should have, explains as much as the steps do: either may hold."""
    beyond: tuple[Beyond, ...] = ()
    """Steps that packets of one direction seem to show before the first answer or after the last one."""
    watch: Watch = field(default_factory=Watch)
    """When no packet says that the two went on side by side, by the one clock."""
    unsteady_ns: int = 0
    """By how much the time stamps of one of the two scatter, or of both; 0: by no more than queues make of them."""
    steady_drift: tuple[float, float] | None = None
    """Least and greatest drift if the least delays stay as they are (`steady_drift`); None where nothing tells."""

    def at(self, ts: int) -> tuple[int, int]:
        """
        Lowest and highest offset at that time of the one clock, ns; between two pieces it may be either's.

        A clock that was slewed may have been before its first packets, and after its last, too.
        """
        if any(piece.goes_on for piece in self.pieces):
            held = min(max(ts, self.pieces[0].begin), self.pieces[-1].end)
            low, high = self._at(held)
            beyond = math.ceil(MOST_DRIFT * abs(ts - held))
            return low - beyond, high + beyond
        return self._at(ts)

    def _at(self, ts: int) -> tuple[int, int]:
        found = [piece.at(ts) for piece in self._about(ts)]
        if self.steep is not None:
            found.append(self.steep.at(ts))
        return min(low for low, _ in found), max(high for _, high in found)

    def _about(self, ts: int) -> list[Lines]:
        """
        Which pieces may hold at that time: those over it, else those next to it.

        The first holds before its packets too, and the last after them: though a clock that was set back shows these
        times under another piece.
        """
        reaches = zip(self.pieces, self._reaches(), strict=True)
        return [piece for piece, (first, last) in reaches if first <= ts <= last]

    def _reaches(self) -> list[tuple[int, int]]:
        """From when to when may each piece hold?"""
        firsts, lasts = [-ALWAYS], list[int]()
        for before, after in pairwise(self.pieces):
            firsts.append(min(before.end + 1, after.begin))
            lasts.append(max(before.end, after.begin - 1))
        return list(zip(firsts, [*lasts, ALWAYS], strict=True))

    def bounds(self, ts: I64) -> tuple[Floats, Floats]:
        """
        Lowest and highest offset at these times, ns: float64[n] each, interpolated between `KNOTS` a piece.

        Before the first piece and after the last a drift goes on, so that they widen.
        """
        low, high = np.zeros(len(ts)), np.zeros(len(ts))
        if not len(ts):
            return low, high
        own = {edge for piece in self.pieces for edge in (piece.begin, piece.end + 1)}
        edges, at = sorted({*own, int(ts.min()), int(ts.max()) + 1}), ts
        for begin, beyond in pairwise(edges):
            rows = (at >= begin) & (at < beyond)
            if not rows.any():
                continue
            knots = np.unique(begin + np.linspace(0, beyond - 1 - begin, KNOTS).astype(np.int64))
            ends = np.array([self.at(int(knot)) for knot in knots], np.float64)
            low[rows] = np.interp(at[rows] - begin, knots - begin, ends[:, 0])
            high[rows] = np.interp(at[rows] - begin, knots - begin, ends[:, 1])
        return low, high

    def within(self, ts: I64) -> Bools:
        """
        At which of these times does one piece hold, and from both sides?

        A packet between two, under two, or under one whose other side is open, tells no delay.
        """
        told = np.ones(len(ts), bool)
        for before, after in pairwise(self.pieces):
            told &= (ts <= min(before.end, after.begin)) | (ts >= max(before.end, after.begin))
        for number, piece in enumerate(self.pieces):
            if piece.guess is not None:
                told &= ((ts < piece.begin) & (number > 0)) | ((ts > piece.end) & (number < len(self.pieces) - 1))
        return told

    @property
    def guessed(self) -> "PairClock | None":
        """The same by what is taken for pieces that packets hold from one side only; None where there are none."""
        if all(piece.guess is None for piece in self.pieces):
            return None
        return replace(self, pieces=tuple(piece.guess or piece for piece in self.pieces))

    @property
    def middle_ts(self) -> int:
        """The middle of the longest piece: where the offset is told."""
        _, first, last = self._longest()
        return (first + last) // 2

    def _longest(self) -> tuple[Lines, int, int]:
        """The piece that holds alone, and is bound from both sides, for longest; from when to when it does."""
        spans = []
        reaches = self._reaches()
        for piece in self.pieces:
            first, last = piece.first, piece.last
            for other, (begin, end) in zip(self.pieces, reaches, strict=True):
                if other is piece or begin > last or end < first:
                    continue
                before, after = (first, begin - 1), (end + 1, last)
                first, last = max(before, after, key=lambda span: span[1] - span[0])
            spans.append((piece, first, last))
        return max(spans, key=lambda span: span[2] - span[1])

    @property
    def span(self) -> tuple[int, int]:
        """Lowest and highest offset of all pieces, ns."""
        every = self.pieces if self.steep is None else (*self.pieces, self.steep)
        return min(piece.ends[0] for piece in every), max(piece.ends[1] for piece in every)

    @property
    def alike_ns(self) -> int | None:
        """By how much the middle of the bounds at `middle_ts` may be wrong, if both ways are alike."""
        if self.symmetry is None:
            return None
        low, high = self.at(self.middle_ts)
        return math.ceil(self.symmetry.doubt(high - low))

    @property
    def longest(self) -> Lines:
        """The piece that holds alone for longest."""
        return self._longest()[0]

    @property
    def likely_drift(self) -> tuple[float, float]:
        """Least and greatest drift, if the least delays stay as they are; else that of the longest piece."""
        return self.steady_drift or self.longest.drift


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

    Times of both clocks are made to rise where they were set back (`unroll`). Steps explain what a drift of clocks as
    they should be does not; a steady drift that is faster explains it too, and where it does, steps have to be few to
    stand beside it.
    """
    one, other = paired.one, paired.other
    ahead = np.zeros(len(paired.row_one), np.int8)
    usable = np.flatnonzero((one.kind[paired.row_one] == UNICAST) & (other.kind[paired.row_other] == UNICAST))
    usable = usable[np.argsort(paired.row_one[usable], kind="stable")]
    flat = unroll(one.ts_ns[paired.row_one[usable]], paired.late_ns[usable])
    at, late = one.ts_ns[paired.row_one[usable]] + flat.added, paired.late_ns[usable] - flat.added
    theirs = unroll_other(at, late, other.ts_ns[paired.row_other[usable]], paired.row_other[usable])
    usable, at, late = usable[theirs.kept], at[theirs.kept], (late + theirs.added)[theirs.kept]
    by_ends = np.lexsort((at, one.pair[paired.row_one[usable]]))
    order = usable[by_ends]
    rows = paired.row_one[order]
    packets = Packets(at[by_ends], late[by_ends], one.pair[rows], one.side[rows])
    rough = resolution(one.ts_ns, one.key) + resolution(other.ts_ns, other.key)
    set_back = sorted({*(edge.latest for edge in flat.edges[1:]), *theirs.since})
    found = _explain_scattered(packets, rough, set_back, more)
    ahead[order] = found.ahead
    if not found.pieces:
        return None, ahead
    clock = PairClock(found.pieces, len(order), steep=found.steep, unsteady_ns=found.unsteady, steady_drift=found.drift)
    steps = one.ttl[rows].astype(np.int64) - other.ttl[paired.row_other[order]]
    symmetry = None if found.unsteady else find_symmetry(clock, packets, found.ahead, steps)
    if symmetry is not None:  # cut time stamps move both ways alike, and so the middle
        cut = coarseness(one.ts_ns, one.key) + coarseness(other.ts_ns, other.key)
        symmetry = replace(symmetry, spread_ns=symmetry.spread_ns + cut)
    clock = replace(clock, symmetry=symmetry, pieces=rolled(theirs.rolled(clock.pieces), flat.edges))
    return replace(clock, beyond=_beyond(paired, clock), watch=_watch(paired, clock)), ahead


def _watch(paired: Paired, clock: PairClock) -> Watch:
    """When does a packet say that both clocks went on side by side? Never where a faster drift explains as much."""
    if clock.steep is not None:
        return Watch()
    ways, at, late = _unicast(paired)
    told = clock.within(at)
    ways, at, late = ways[told], at[told], late[told]
    first, last = min(piece.first for piece in clock.pieces), max(piece.last for piece in clock.pieces)
    return find_watch(ways, at, late - np.mean(clock.bounds(at), axis=0).astype(np.int64), (first, last))


def _unicast(paired: Paired) -> tuple[U64, I64, I64]:
    """The ways of what both saw for one receiver, when the one point saw it, and how much later the other did."""
    order = np.argsort(paired.row_one, kind="stable")
    row = paired.row_one[order]
    order, row = (rows[paired.one.kind[row] == UNICAST] for rows in (order, row))
    ways = (paired.one.pair[row] & ~np.uint64(1)) | paired.one.side[row]
    return ways, paired.one.ts_ns[row], paired.late_ns[order]


def _beyond(paired: Paired, clock: PairClock) -> tuple[Beyond, ...]:
    """
    Which steps do packets of one direction show beyond the answers?

    Steps that answers show are taken off before: a clock that was set once may be set back where nobody answers. Not
    asked for where a faster drift explains as much.
    """
    if clock.steep is not None:
        return ()
    low, high = clock.at(clock.middle_ts)
    ways, at, late = _unicast(paired)
    if len(clock.pieces) == 1:
        return steps_beyond(ways, at, late, high - low)
    told = clock.within(at)
    ways, at, late = ways[told], at[told], late[told]
    taken = np.mean(clock.bounds(at), axis=0).astype(np.int64)
    first, last = min(piece.first for piece in clock.pieces), max(piece.last for piece in clock.pieces)
    found = steps_beyond(ways, at, late, high - low, taken)
    return tuple(step for step in found if step.end >= last or step.begin <= first)


class _Explained(NamedTuple):
    """What explains all that both points saw; no pieces: nothing does."""

    pieces: tuple[Lines, ...]
    steep: Lines | None
    ahead: I8
    unsteady: int = 0
    """By how much stamps may scatter, ns."""
    drift: tuple[float, float] | None = None
    """If the least delays stay as they are; of one piece only."""
    steady_ns: int | None = None
    """How narrow are the bounds to which a steady clock keeps, but for where it was set? None: it does not."""


def _explain_scattered(
    packets: Packets, rough: int, set_back: Sequence[int], more: tuple[Bounds, Bounds] | None
) -> _Explained:
    """
    The same where stamps may scatter: then each bounds the clock by so much less.

    Where a steady clock explains the packets and a jitter of the ways does the rest, no stamp is doubted. What stamps
    that scatter look like where they are few is believed where it takes fewer steps than steady ones do.
    """
    if rough >= RESOLUTIONS[0]:  # a clock that ticks seldom scatters by that, which is taken off already
        return _explain(packets, rough, set_back, more)
    found = _explain(packets, rough, set_back, more)
    if (scatter := find_unsteadiness(packets)) is not None:
        if found.steady_ns is not None and scatter.may_be_ways(found.steady_ns):
            return found
        return _explain_unsteady(packets, rough, set_back, scatter.most_ns)
    if len(found.pieces) == 1 + len(set_back) or (scatter := find_unsteadiness(packets, True)) is None:
        return found
    scattered = _explain_unsteady(packets, rough, set_back, scatter.most_ns)
    return scattered if scattered.pieces and (not found.pieces or len(scattered.pieces) < len(found.pieces)) else found


def _explain_unsteady(packets: Packets, rough: int, set_back: Sequence[int], unsteady: int) -> _Explained:
    """The same of stamps that scatter by so much, or by more: the few that lie far out are not all told from steps."""
    for by in (unsteady * part // EACH_MORE[0] for part in EACH_MORE):
        found = _explain(packets, rough, set_back, None, by)
        if len(found.pieces) == 1 + len(set_back):
            break
    return found


def _explain(
    packets: Packets, rough: int, set_back: Sequence[int], more: tuple[Bounds, Bounds] | None, unsteady: int = 0
) -> _Explained:
    """By which pieces, or which steep drift, can the packets' times be told? From `set_back` on a clock was set."""
    found = _steady(packets, rough + unsteady, set_back, None if unsteady else more, not unsteady)
    return found._replace(unsteady=unsteady)


def _steady(
    packets: Packets, rough: int, set_back: Sequence[int], more: tuple[Bounds, Bounds] | None, is_fine: bool
) -> _Explained:
    """The same of stamps that hold to so much; is_fine: what moves less than the time there and back is looked for."""
    orders = find_orders(packets, rough)
    lows, highs = orders.lows, orders.highs
    if more is not None and not set_back:
        lows, highs = (
            Bounds(*map(np.concatenate, zip(a, b, strict=True))) for a, b in zip(orders[:2], more, strict=True)
        )
    pieces = fit_pieces(lows, highs, set_back)
    is_strained = not pieces or any(map(_is_at_the_limit, pieces))
    is_steady = len(pieces) == 1 + len(set_back) and not is_strained and orders.odd <= MOST_ODD * len(packets.at)
    steady_ns = min(map(narrowest, pieces)) if is_steady else None
    if is_fine and not set_back and (slewed := find_slews(lows, highs)):
        return _Explained(slewed, None, orders.ahead, steady_ns=steady_ns)
    if (
        is_fine
        and len(pieces) == 1
        and (shifted := find_shifts(lows, highs, pieces[0]))
        and not any(map(_is_at_the_limit, shifted))
    ):
        return _Explained(shifted, None, orders.ahead, steady_ns=steady_ns)
    if len(pieces) == 1 and not is_strained:
        if not _leans(pieces[0]):
            rate = steady_drift(lows, highs, pieces[0]) if is_fine else None
            return _Explained(pieces, None, orders.ahead, drift=rate, steady_ns=steady_ns)
        steep = bound_steep(packets, rough, set_back, 0)
        more_drift = steep[0][0] if steep is not None and len(steep[0]) == 1 else None
        return _Explained(pieces, more_drift, orders.ahead, steady_ns=steady_ns)
    most_steps = MOST_STEPS if is_strained or len(pieces) > FEW_PIECES else 0
    steep = bound_steep(packets, rough, set_back, most_steps)
    if is_strained:
        return _Explained((), None, orders.ahead) if steep is None else _Explained(steep[0], None, steep[1].ahead)
    if steep is None or len(steep[0]) >= len(pieces):
        return _Explained(pieces, None, orders.ahead)
    if len(pieces) > FEW_PIECES:
        return _Explained(steep[0], None, steep[1].ahead)
    return _Explained(pieces, steep[0][0] if len(steep[0]) == 1 else None, orders.ahead)


def _is_at_the_limit(piece: Lines) -> bool:
    """Would a drift that clocks should not have do as well, and none as they should have do not?"""
    least, most = piece.drift
    return (most >= AT_THE_LIMIT * MOST_DRIFT and least > ORDINARY) or (
        least <= -AT_THE_LIMIT * MOST_DRIFT and most < -ORDINARY
    )


def _leans(piece: Lines) -> bool:
    """
    Do the packets bear as much drift one way as clocks should have at most, and not half as much the other way?

    A faster one is not ruled out by them then, as it is where they bear both: a stream of a second leaves that open.
    """
    least, most = piece.drift
    limit, half = AT_THE_LIMIT * MOST_DRIFT, MOST_DRIFT / 2
    return (most >= limit and least > -half) or (least <= -limit and most < half)
