"""Clocks that cannot stand as their answers say, for what was sent to everybody passed two points far too far apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.points.carried import carry_steps, held
from vmpcap.points.kernels.keys import body_ends_key
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired
from vmpcap.points.sets import Clocks, Set, is_cleared, is_steady_beside
from vmpcap.points.timeline import Leg, track_of
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import ETHERTYPE_RARP

I64 = npt.NDArray[np.int64]

LEAST_NS: Final = 10 * NS_PER_MS
"""A bridge or a queue holds a flood up by less, as a rule: the least late of them is asked."""
MOST_NS: Final = 2 * NS_PER_S
"""A machine is announced in the same words, at the same intervals, when it begins at one place and comes to another."""
LEAST_FLOODS: Final = 2
MOST_APART_NS: Final = 20 * NS_PER_MS
"""A clock that was set shows all of them too late by one time, give or take what their ways differ by."""

ANNOUNCED: Final = body_ends_key(ETHERTYPE_RARP, 0, 0)
"""RARP that names no address of IPv4, as hosts send it."""

Interval = tuple[int, int]
Sets = Mapping[int, Sequence[Set]]


class Floods(NamedTuple):
    """What two points both saw of announcements to everybody: no answers, so that they bound no clock."""

    at: I64
    """int64[n]: when the one point saw each"""
    late: I64
    """int64[n]: by how much the other's clock shows it later"""


def find_floods(paired: Paired) -> Floods:
    """
    Which RARP announcements did both points see?

    A machine asks by ARP, and tells its neighbours by multicast, in the same words at the same intervals from either of
    two places that do not hang together; its host announces it from one of them.
    """
    rows = np.flatnonzero(paired.one.pair[paired.row_one] == np.uint64(ANNOUNCED))
    return Floods(paired.one.ts_ns[paired.row_one[rows]], paired.late_ns[rows])


@dataclass(frozen=True, slots=True)
class _Seen:
    """A flood at two points, each by its own clock, and by how much the second shows more than the clocks allow."""

    one_ts: int
    other_ts: int
    low_ns: int
    high_ns: int

    @property
    def odd_ns(self) -> int:
        """How far is it beyond what they allow? 0: not at all."""
        return self.low_ns if self.low_ns > 0 else min(self.high_ns, 0)


def sets_by_floods(
    clocks: Clocks, floods: Mapping[tuple[int, int], Floods], sets: Sets, times: Sequence[I64]
) -> dict[int, tuple[Set, ...]]:
    """
    Whose clocks may have been set where no answers hold them, as floods tell? With those that are known to have been.

    Parameters
    ----------
    times : int64[n] of each point: when it saw its packets, in the order of the capture

    Notes
    -----
    Two clocks that are both held by a third, the one before a time and the other after it, stand to each other as long
    as that third was not set in between. A capture that was stopped meanwhile, or whose clock stood still, looks like
    one that went on. What is sent to everybody passes all of them within milliseconds. That it was a slow way is not
    ruled out: nothing of this is sure.
    """
    found = {point: list(own) for point, own in sets.items()}
    for only_direct in (True, False):
        new = [
            one
            for pair, own in floods.items()
            if (pair in clocks) is only_direct and len(own.at)
            for one in (_by_pair if only_direct else _by_thirds)(clocks, pair, own, found, times)
        ]
        for point, told in new:
            mine = found.setdefault(point, [])
            if not any(one.begin <= told.end and told.begin <= one.end for one in mine):
                mine.append(told)
    return {point: tuple(sorted(own, key=lambda one: one.begin)) for point, own in found.items() if own}


def _by_pair(
    clocks: Clocks, pair: tuple[int, int], floods: Floods, sets: Sets, times: Sequence[I64]
) -> Iterator[tuple[int, Set]]:
    """The same of two clocks that answers hold for a time, by floods from before that or after it."""
    clock = clocks[pair]
    leg = _leg(clocks, pair[0], pair[1], sets)
    first, last = held(clock)
    seen = [_beside((ts, ts), leg, ts, ts + late) for ts, late in zip(*map(np.ndarray.tolist, floods), strict=True)]
    for is_after in (True, False):
        beyond = [one for one in seen if (one.one_ts > last if is_after else one.one_ts < first)]
        if not _are_odd(beyond):
            continue
        edge = last if is_after else first
        low, high = _change(beyond, 1 if is_after else -1)
        ends = (edge, edge + sum(clock.at(edge)) // 2)
        near = [_nearest(beyond, number, is_after) for number in (0, 1)]
        zones = [(min(end, ts), max(end, ts)) for end, ts in zip(ends, near, strict=True)]
        yield from _suspects(clocks, times, [(pair[0], zones[0], (-high, -low)), (pair[1], zones[1], (low, high))])


def _by_thirds(
    clocks: Clocks, pair: tuple[int, int], floods: Floods, sets: Sets, times: Sequence[I64]
) -> Iterator[tuple[int, Set]]:
    """The same of two clocks that nothing but a third holds, the one before a time and the other after it."""
    one, other = pair
    for third in sorted({place for known in clocks for place in known} - {one, other}):
        if _key(third, one) not in clocks or _key(third, other) not in clocks:
            continue
        spans = [_held_by(clocks[_key(third, point)], third < point) for point in pair]
        is_one_first = spans[0][1] < spans[1][0]
        if not is_one_first and spans[1][1] >= spans[0][0]:
            continue  # held side by side for a time: no clock was set unseen between
        there, back = _leg(clocks, third, other, sets), _leg(clocks, third, one, sets)
        seen = [
            _beside(back.back((ts, ts)), there, ts, ts + late)
            for ts, late in zip(*map(np.ndarray.tolist, floods), strict=True)
        ]
        if not _are_odd(seen):
            continue
        low, high = _change(seen, 1 if is_one_first else -1)
        between = min(span[1] for span in spans), max(span[0] for span in spans)
        if not is_steady_beside(clocks, (third, one), Set(*between, low, high, False)):
            yield third, Set(*between, low, high, False)


def _suspects(
    clocks: Clocks, times: Sequence[I64], each: Sequence[tuple[int, Interval, Interval]]
) -> Iterator[tuple[int, Set]]:
    """Of two clocks, those that are not cleared; both, where both would be."""
    told = [(point, Set(*zone, *by, False)) for point, zone, by in each]
    left = [
        (point, own)
        for (point, own), (fellow, _) in zip(told, reversed(told), strict=True)
        if not is_cleared(clocks, times, (point, fellow), own)
    ]
    yield from left or told


def _beside(here: Interval, leg: Leg, one_ts: int, other_ts: int) -> _Seen:
    """A flood beside what the clocks say; here: when the leg's begin saw it, by what they say."""
    low, high = leg.there(here)
    return _Seen(one_ts, other_ts, other_ts - high, other_ts - low)


def _are_odd(seen: Sequence[_Seen]) -> bool:
    """
    Are all of these too late, or all too early, by more than a way may be longer than another, and by the same time?

    By more than seconds they are no copies: two series of one machine from two domains that do not hang together.
    """
    odd = [one.odd_ns for one in seen]
    if len(odd) < LEAST_FLOODS or max(odd) - min(odd) > MOST_APART_NS or max(map(abs, odd)) > MOST_NS:
        return False
    return min(odd) >= LEAST_NS or max(odd) <= -LEAST_NS


def _change(seen: Iterable[_Seen], sign: int) -> Interval:
    """Between what did the clock change, by these and what they may have been held up?"""
    edges = [sign * edge for one in seen for edge in (one.low_ns, one.high_ns)]
    return min(edges) - LEAST_NS, max(edges) + LEAST_NS


def _nearest(seen: Sequence[_Seen], number: int, is_after: bool) -> int:
    """Which of these is nearest to what answers hold, by the one clock or the other?"""
    times = [(one.one_ts, one.other_ts)[number] for one in seen]
    return min(times) if is_after else max(times)


def _held_by(clock: PairClock, is_one: bool) -> Interval:
    """From when to when do answers hold the pair, by the one clock or the other?"""
    first, last = held(clock)
    if is_one:
        return first, last
    return first + sum(clock.at(first)) // 2, last + sum(clock.at(last)) // 2


def _leg(clocks: Clocks, start: int, end: int, sets: Sets) -> Leg:
    pair = _key(start, end)
    steps = carry_steps(clocks[pair], *(sets.get(point, ()) for point in pair))
    return Leg(track_of(clocks[pair], steps), start < end)


def _key(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)
