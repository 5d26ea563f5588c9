"""Which pairs' clocks may be told as if both ways were alike: those that no third point refutes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from vmpcap.points.pair_clock import PairClock

Clocks = Mapping[tuple[int, int], PairClock]
Pair = tuple[int, int]


def without_refuted(clocks: Clocks) -> dict[Pair, PairClock]:
    """
    The same clocks, of which none is told by symmetry where that contradicts itself.

    Of three points two clocks give the third. Where what follows from ways taken for alike lies outside of what is said
    of the third pair, one of the ways was not alike. Which one nobody can say, so none of the three is told by it: what
    is proven, whatever the ways are, is left.
    """
    refuted = {
        pair
        for one, other, third in combinations(sorted({point for pair in clocks for point in pair}), 3)
        if _disagree(clocks, one, other, third)
        for pair in ((one, other), (other, third), (one, third))
        if _leans(clocks[pair])
    }
    return {pair: replace(clock, symmetry=None) if pair in refuted else clock for pair, clock in clocks.items()}


def _leans(clock: PairClock) -> bool:
    """Is less said of this pair than is proven?"""
    low, high = clock.at(clock.middle_ts)
    return clock.alike_ns is not None and clock.alike_ns < (high - low) / 2


def _disagree(clocks: Clocks, one: int, other: int, third: int) -> bool:
    """Does the way by the one in the middle lead past what is said of the two ends, when any of these pairs is told?"""
    if not {(one, other), (other, third), (one, third)} <= clocks.keys():
        return False
    first, second, direct = clocks[one, other], clocks[other, third], clocks[one, third]
    return any(_at(first, second, direct, ts) for ts in _times(first, second, direct))


def _times(first: PairClock, second: PairClock, direct: PairClock) -> Iterator[int]:
    """When is each of them told, by the clock of the first point?"""
    yield first.middle_ts
    yield direct.middle_ts
    low, high = first.at(second.middle_ts)
    yield second.middle_ts - (low + high) // 2


def _at(first: PairClock, second: PairClock, direct: PairClock, ts: int) -> bool:
    there = _said(first, ts)
    onward = _said(second, ts + sum(there) // 2)
    low, high = _said(direct, ts)
    return there[0] + onward[0] > high or there[1] + onward[1] < low


def _said(clock: PairClock, ts: int) -> tuple[int, int]:
    """Between what is the offset said to lie: by symmetry where both ways are taken for alike, else what is proven."""
    low, high = clock.at(ts)
    if clock.symmetry is None:
        return low, high
    middle, doubt = (low + high) // 2, int(clock.symmetry.doubt(high - low)) + 1
    return max(low, middle - doubt), min(high, middle + doubt)
