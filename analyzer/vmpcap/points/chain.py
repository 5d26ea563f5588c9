"""Any number of points on one clock: along the chain of pairs that leaves the least doubt."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from vmpcap.points.pair_clock import PairClock


@dataclass(frozen=True, slots=True)
class Standing:
    """How one point's clock stands to the reference's, at a time of the reference."""

    via: tuple[int, ...]
    """Points from the reference to this one, both included."""
    at_ts: int
    low_ns: int
    high_ns: int
    drift: tuple[float, float] | None
    """Least and greatest, seconds per second; None where a clock on the way stepped."""
    steps: int
    """How often a clock on the way stepped."""
    packets: int
    """Of the pair on the way that has fewest."""
    span_ns: tuple[int, int]
    """Lowest and highest offset over the whole time of the packets."""

    @property
    def middle_ns(self) -> int:
        """The middle of the interval."""
        return (self.low_ns + self.high_ns) // 2

    @property
    def uncertainty_ns(self) -> int:
        """Half the interval."""
        return (self.high_ns - self.low_ns + 1) // 2


Clocks = Mapping[tuple[int, int], PairClock]
"""By places of two points, the smaller first."""


def stand(clocks: Clocks, reference: int) -> dict[int, Standing]:
    """How does each point stand to the reference, as far as chains of pairs reach? The reference itself is left out."""
    before: dict[int, int] = {}
    waiting: list[tuple[int, int, int]] = [(0, reference, reference)]
    while waiting:
        doubt, point, came_from = heapq.heappop(waiting)
        if point in before:
            continue
        before[point] = came_from
        for (one, other), clock in clocks.items():
            if point in (one, other):
                low, high = clock.at(clock.middle_ts)
                heapq.heappush(waiting, (doubt + high - low, other if point == one else one, point))
    return {point: _standing(clocks, reference, before, point) for point in before if point != reference}


def _standing(clocks: Clocks, reference: int, before: Mapping[int, int], point: int) -> Standing:
    via = [point]
    while via[-1] != reference:
        via.append(before[via[-1]])
    via.reverse()
    edges = list(pairwise(via))
    first = clocks[_key(*edges[0])]
    ts = first.middle_ts if edges[0][0] < edges[0][1] else first.middle_ts + sum(first.at(first.middle_ts)) // 2
    low = high = 0
    drift, span, steps, packets = (0.0, 0.0), (0, 0), 0, first.packets
    for one, other in edges:
        clock = clocks[_key(one, other)]
        least, most = _offset(clock, ts + (low + high) // 2, one < other)
        low, high = low + least, high + most
        turned = clock.longest.drift if one < other else (-clock.longest.drift[1], -clock.longest.drift[0])
        drift = (drift[0] + turned[0], drift[1] + turned[1])
        ends = min(p.ends[0] for p in clock.pieces), max(p.ends[1] for p in clock.pieces)
        ends = ends if one < other else (-ends[1], -ends[0])
        span = (span[0] + ends[0], span[1] + ends[1])
        steps += len(clock.pieces) - 1
        packets = min(packets, clock.packets)
    return Standing(tuple(via), ts, low, high, drift if not steps else None, steps, packets, span)


def _key(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


def _offset(clock: PairClock, ts: int, is_forward: bool) -> tuple[int, int]:
    """
    The offset at that time of the point that the chain comes from.

    Against its direction the time is on the other clock of the pair; it is brought to the one by the offset itself,
    which is off by no more than the drift during that offset.
    """
    if is_forward:
        return clock.at(ts)
    there = sum(clock.at(clock.middle_ts)) // 2
    low, high = clock.at(ts - there)
    return -high, -low


def contradictions(clocks: Clocks, standings: Mapping[int, Standing], reference: int) -> list[tuple[int, int]]:
    """Which pairs say another offset than the chains to both of their points? Their places."""
    odd = []
    for (one, other), clock in clocks.items():
        if any(p != reference and p not in standings for p in (one, other)):
            continue
        a, b = (standings.get(p) for p in (one, other))
        spans = [(s.span_ns if s is not None else (0, 0)) for s in (a, b)]
        low, high = spans[1][0] - spans[0][1], spans[1][1] - spans[0][0]
        least, most = min(p.ends[0] for p in clock.pieces), max(p.ends[1] for p in clock.pieces)
        if most < low or least > high:
            odd.append((one, other))
    return odd
