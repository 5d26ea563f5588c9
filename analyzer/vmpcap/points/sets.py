"""Whose clock was set, where two clocks stepped apart: as far as a third one, or the order of a file, tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.backwards import set_backs
from vmpcap.points.clock import Lines
from vmpcap.points.jumps import Jump, jumps_of
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.watched import EVER, LEAST_NS, LONG, Watch, shared
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
FEW: Final = 100
"""Packets by which their usual distance can be told."""
USUAL: Final = 99
"""Percentile of the distances."""
TWICE: Final = 2
MUCH_MORE: Final = 3
EDGE_NS: Final = 50 * NS_PER_MS
"""Packets that bound no clock lie a little beyond those between which it was set."""

Clocks = Mapping[tuple[int, int], PairClock]


@dataclass(frozen=True, slots=True)
class Set:
    """A clock was set, or the one beside which that shows was."""

    begin: int
    """Between these times of the clock itself."""
    end: int
    low_ns: int
    """It shows so much more from then on."""
    high_ns: int
    is_sure: bool
    """False where it may as well have been the other clock."""
    is_turned: bool = False
    """It was set back by more than passed: `begin` is what it showed first after that, `end` what it showed before."""
    is_again: bool = False
    """Nothing shows it, and nothing rules it out: a clock that was set once may be set again where none watches it."""
    once_ns: int = EVER
    """Where it was set several times the same way: how great the greatest of these steps is."""
    is_blur: bool = False
    """It was not set: from `begin` to `end` it tells not when packets passed, and shows so much too much only then."""

    def lies_between(self, begin: int, end: int) -> bool:
        """May it have been set between these two of its times?"""
        if self.is_blur:
            return begin <= self.end and end >= self.begin
        return begin < self.end and end > self.begin

    def tells_not(self, ts: int) -> bool:
        """Is this a time at which the capture went on, and no packet need have passed?"""
        return self.is_blur and self.begin <= ts <= self.end

    def may_hide(self, begin: int, end: int) -> bool:
        """May something that passed between these two times be stamped otherwise, or the other way round?"""
        return self.is_blur and self.begin - self.high_ns <= end and begin <= self.end - self.low_ns

    def counted(self, begin: int, end: int) -> tuple[int, int]:
        """Between what is what it shows too much, from the one of its times to the other?"""
        if self.is_blur:
            first, last = (((self.low_ns, self.high_ns) if self.tells_not(ts) else (0, 0)) for ts in (begin, end))
            return last[0] - first[1], last[1] - first[0]
        if not self.lies_between(begin, end):
            return 0, 0
        if self.is_sure and begin <= self.begin and end >= self.end:
            return self.low_ns, self.high_ns
        turned = 0
        if begin > self.begin - EDGE_NS and end < self.end + EDGE_NS:
            turned = (
                -self.low_ns
            )  # of times shown twice the earlier may be of after it was set back, the later of before
        return min(0, self.low_ns), max(0, self.high_ns, turned)


def is_within(ts: I64, sets: Sequence[Set]) -> Bools:
    """Which of these times are none at which a packet passed?"""
    blurred = np.zeros(len(ts), bool)
    for one in sets:
        if one.is_blur:
            blurred |= (ts >= one.begin) & (ts <= one.end)
    return blurred


def find_sets(clocks: Clocks, times: Sequence[I64]) -> dict[int, tuple[Set, ...]]:
    """
    Which points' clocks were set, or may have been?

    Parameters
    ----------
    times : int64[n] of each point: when it saw its packets, in the order of the capture

    Notes
    -----
    Of two clocks that step apart the one was set whose file goes back in time. Else the one that steps beside a third
    as well, which goes on beside the other. Else the one is cleared beside which a third goes on steadily; one that
    must have been set forward, if its packets leave no room for that; and one that
    must have been set back, if they went on as usual. What shows beyond the answers only is sure by the order
    of a file alone: a way that turned looks like it. A clock that was set may have been set again, or set back, by as
    much where no other watches it.
    """
    found: dict[int, list[Set]] = {}
    for (one, other), clock in clocks.items():
        for (before, after), jump in zip(pairwise(clock.pieces), jumps_of(clock), strict=True):
            if jump.bend is not None:
                continue
            mine, theirs = _set_of_one(before, after, jump), _set_of_other(before, after, jump)
            clear_one, clear_other = _went_back(times[other], theirs), _went_back(times[one], mine)
            if not clear_one and not clear_other:
                clear_one = _steps_beside_a_third(clocks, (one, other), mine)
                clear_other = _steps_beside_a_third(clocks, (other, one), theirs)
            if clear_one == clear_other:
                clear_one = is_cleared(clocks, times, (one, other), mine)
                clear_other = is_cleared(clocks, times, (other, one), theirs)
            if clear_one and clear_other:
                clear_one = clear_other = False
            if not clear_one:
                found.setdefault(one, []).append(replace(mine, is_sure=clear_other))
            if not clear_other:
                found.setdefault(other, []).append(replace(theirs, is_sure=clear_one))
    for (one, other), clock in clocks.items():
        for step in clock.beyond:
            mine = Set(step.begin, step.end, -step.high_ns, -step.low_ns, False, step.is_turned, False, step.once_ns)
            theirs = Set(
                step.begin_other, step.end_other, step.low_ns, step.high_ns, False, step.is_turned_other, False,
                step.once_ns,
            )  # fmt: skip
            suspects = [(one, other, mine), (other, one, theirs)]
            suspects = [suspect for suspect in suspects if not _leaves_no_room(times[suspect[0]], suspect[2])]
            turned = [_went_back(times[point], own) for point, _, own in suspects]
            steady = [is_steady_beside(clocks, (point, fellow), own) for point, fellow, own in suspects]
            for (point, _, own), is_sure, is_steady in zip(suspects, turned, steady, strict=True):
                if is_sure or not is_steady or all(steady):
                    found.setdefault(point, []).append(replace(own, is_sure=is_sure))
    once = {point: tuple(_in_its_gap(times[point], one) for one in _once(sets)) for point, sets in found.items()}
    return {point: (*sets, *_again(point, once, clocks, times[point])) for point, sets in once.items()}


def _again(point: int, sets: Mapping[int, Sequence[Set]], clocks: Clocks, ts: I64) -> Iterator[Set]:
    """When may this clock, which was set, have been set again? By as much as it was, or back by that."""
    own = sets[point]
    sure = [one for one in own if one.is_sure]
    if len(ts) < FEW or (not sure and any(one.is_sure for others in sets.values() for one in others)):
        return
    sizes = [max(abs(one.low_ns), abs(one.high_ns)) for one in sure or own if one.high_ns - one.low_ns <= NS_PER_S]
    stretches, odd = [(int(ts.min()), int(ts.max()))], list[int]()
    for pair, clock in clocks.items():
        fellow = next((other for other in pair if point in pair and other != point), None)
        if fellow is not None and not _were_set_together(own, sets.get(fellow, ()), clock, pair[0] == point):
            watch = clock.watch if pair[0] == point else _by_the_other(clock)
            stretches = shared(stretches, watch.unwatched)
            odd += watch.odd
    least = max(LEAST_NS, LONG * int(np.median(np.diff(np.sort(ts)))))
    for begin, end in stretches if sizes else ():
        is_long = end - begin >= least or (end - begin >= LEAST_NS and any(begin <= at <= end for at in odd))
        if is_long and not any(one.begin <= end and begin <= one.end for one in own):
            yield Set(begin, end, -max(sizes), max(sizes), False, is_again=True)


def _by_the_other(clock: PairClock) -> Watch:
    """The same by the times of the other clock."""

    def other(ts: int, edge: int) -> int:
        return ts if abs(ts) >= EVER else ts + clock.at(ts)[edge]

    stretches = tuple((other(begin, 0), other(end, 1)) for begin, end in clock.watch.unwatched)
    return Watch(stretches, tuple(other(at, 0) for at in clock.watch.odd))


def _were_set_together(own: Sequence[Set], fellows: Sequence[Set], clock: PairClock, is_one: bool) -> bool:
    """Was the other clock set when this one was, so that both went on side by side? It may be the same clock."""
    for one in own:
        low, high = (0, 0) if len(clock.pieces) > 1 else clock.at(clock.middle_ts)
        low, high = (low, high) if is_one else (-high, -low)
        for other in fellows:
            if _is_alike(one, other) and one.begin + low <= other.end and other.begin <= one.end + high:
                return True
    return False


def _set_of_one(before: Lines, after: Lines, jump: Jump) -> Set:
    return Set(jump.begin, jump.end, -jump.high_ns, -jump.low_ns, False, after.begin < before.end)


def _set_of_other(before: Lines, after: Lines, jump: Jump) -> Set:
    """When was that by the other clock? From what it shows by the piece before to what it does by the piece after."""
    last, first = ([ts + ns for ns in piece.at(ts)] for piece, ts in ((before, before.end), (after, after.begin)))
    return Set(min(*last, *first), max(*last, *first), jump.low_ns, jump.high_ns, False, sum(first) < sum(last))


def is_cleared(clocks: Clocks, times: Sequence[I64], pair: tuple[int, int], suspect: Set) -> bool:
    """Did the first of these clocks go on, by a point that is not of the pair, or by its own packets?"""
    ts = times[pair[0]]
    return is_steady_beside(clocks, pair, suspect) or _leaves_no_room(ts, suspect) or _went_on_as_usual(ts, suspect)


def _steps_beside_a_third(clocks: Clocks, pair: tuple[int, int], suspect: Set) -> bool:
    """
    Did the second of these clocks step as much beside a third then, which goes on beside the first?

    The third need not have been compared with the first all that time: that both were set by as much is far-fetched.
    """
    point, fellow = pair
    for places, clock in clocks.items():
        third = next((place for place in places if place != fellow), fellow) if fellow in places else fellow
        link = clocks.get((min(point, third), max(point, third)))
        if third in pair or link is None or len(link.pieces) > 1 or link.beyond:
            continue
        piece = link.pieces[0]
        low, high = piece.at(piece.first)
        late = (low, high) if third < point else (-high, -low)
        for (before, after), jump in zip(pairwise(clock.pieces), jumps_of(clock), strict=True):
            own = (_set_of_one if places[0] == third else _set_of_other)(before, after, jump)
            is_then = own.begin + late[0] <= suspect.end and suspect.begin <= own.end + late[1]
            if is_then and _is_alike(own, suspect) and (own.low_ns > 0 or own.high_ns < 0):
                return True
    return False


def _is_alike(one: Set, other: Set) -> bool:
    """May both have been set by as much?"""
    return one.low_ns <= other.high_ns and other.low_ns <= one.high_ns


def is_steady_beside(clocks: Clocks, pair: tuple[int, int], suspect: Set) -> bool:
    """Did the first of these clocks go on beside that of a point that is not of the pair?"""
    point, fellow = pair
    return any(
        _is_steady(clock, places[0] == point, suspect)
        for places, clock in clocks.items()
        if point in places and fellow not in places
    )


def _is_steady(clock: PairClock, is_one: bool, suspect: Set) -> bool:
    """Does one piece, held from both sides, go over all of that time?"""
    begin, end = suspect.begin, suspect.end
    for piece in clock.pieces:
        low, high = (0, 0) if is_one else piece.at(piece.first)
        if piece.first <= begin - high and end - low <= piece.last:
            return True
    return False


def _went_back(ts: I64, suspect: Set) -> bool:
    """Does the file go back in time by no more than this clock was set back, if it was this one?"""
    if suspect.high_ns >= 0:
        return False
    last = set_backs(ts)
    before, after = ts[last], ts[last + 1]
    near = (before >= suspect.begin) & (after <= suspect.end)
    return bool((near & (before - after <= -suspect.low_ns)).any())


def _leaves_no_room(ts: I64, suspect: Set) -> bool:
    """Was it never silent for as long as it was set forward, if it was this one?"""
    if suspect.low_ns <= 0:
        return False
    inside = np.sort(ts[(ts >= suspect.begin) & (ts <= suspect.end)])
    edges = np.concatenate(([suspect.begin], inside, [suspect.end]))
    return int(np.diff(edges).max()) < min(suspect.low_ns, suspect.once_ns)


def _in_its_gap(ts: I64, one: Set) -> Set:
    """The same between the only two packets in a row that are that far apart, if it was this one."""
    inside = np.sort(ts[(ts >= one.begin) & (ts <= one.end)])
    if one.low_ns <= 0 or one.once_ns < one.low_ns or one.is_turned:
        return one
    edges = np.concatenate(([one.begin], inside, [one.end]))
    wide = np.flatnonzero(np.diff(edges) >= one.low_ns)
    return replace(one, begin=int(edges[wide[0]]), end=int(edges[wide[0] + 1])) if len(wide) == 1 else one


def _went_on_as_usual(ts: I64, suspect: Set) -> bool:
    """
    Did its packets keep the distances that they have, though it was set back by much more, if it was this one?

    Then both points would have been silent for as long as the step, and the step would have hidden just that.
    """
    if suspect.high_ns >= 0 or len(ts) < FEW:
        return False
    inside = np.sort(ts[(ts >= suspect.begin) & (ts <= suspect.end)])
    usual = float(np.percentile(np.diff(np.sort(ts)), USUAL))
    greatest = int(np.diff(np.concatenate(([suspect.begin], inside, [suspect.end]))).max())
    return greatest <= TWICE * usual and -suspect.high_ns > MUCH_MORE * usual


def _once(sets: Sequence[Set]) -> Iterator[Set]:
    """Each once, though several pairs show it: what one pair is sure of, or the narrowest."""
    rest = sorted(sets, key=lambda s: (not s.is_sure, s.end - s.begin))
    kept: list[Set] = []
    for one in rest:
        if not any(_may_be_one(one, other) for other in kept):
            kept.append(one)
    yield from sorted(kept, key=lambda s: s.begin)


def _may_be_one(one: Set, other: Set) -> bool:
    """May these be one step, shown by two pairs? Where only one tells of times shown twice, by the time just before."""
    if one.begin <= other.end and other.begin <= one.end:
        return True
    if one.is_turned == other.is_turned or not _is_alike(one, other):
        return False
    (first, last), (begin, end) = (_just_before(step) for step in (one, other))
    return first <= end and begin <= last


def _just_before(step: Set) -> tuple[int, int]:
    """Between which two of its times did it show last before it was set back?"""
    first, last = (step.end, step.begin) if step.is_turned else (step.begin, step.end)
    return first, last - step.low_ns
