"""Any number of points on one clock: along the chain of pairs that leaves the least doubt."""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from vmpcap.points.carried import Carried, carry_steps
from vmpcap.points.jumps import Jump, jumps_of
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.sets import Set
from vmpcap.points.timeline import Leg, Timeline, Track, may_be_one, track_of


@dataclass(frozen=True, slots=True)
class Standing:
    """How one point's clock stands to the reference's, at a time of the reference."""

    via: tuple[int, ...]
    """Points from the reference to this one, both included."""
    at_ts: int
    low_ns: int
    high_ns: int
    drift: tuple[float, float] | None
    """Least and greatest, seconds per second; None where a clock on the way stepped, or was slewed."""
    likely_drift: tuple[float, float] | None
    """The same if the least delays of all ways stay as they are."""
    steps: int
    """How often a clock on the way stepped, or its rate changed."""
    packets: int
    """Of the pair on the way that has fewest."""
    span_ns: tuple[int, int]
    """Lowest and highest offset over the whole time of the packets."""
    alike_ns: int | None
    """By how much the middle may be wrong if on every pair's path both ways are alike; None where nobody can say."""
    timeline: Timeline
    jumps: tuple[tuple[int, int, Jump], ...] = ()
    """Steps on the way, each with the two points between whose clocks it lies: what the second shows more changed."""

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


Sets = Mapping[int, Sequence[Set]]
"""When the clocks of points, by their places, were set; those that were not are left out."""


def stand(clocks: Clocks, reference: int, group: int = 0, sets: Sets = MappingProxyType({})) -> dict[int, Standing]:
    """
    How does each point stand to the reference, as far as chains of pairs reach? The reference itself is left out.

    No chain goes by one of those whose clocks were set, where another leads there too.
    """
    before: dict[int, int] = {}
    waiting: list[tuple[int, int, int, int]] = [(0, 0, reference, reference)]
    while waiting:
        steps, doubt, point, came_from = heapq.heappop(waiting)
        if point in before:
            continue
        before[point] = came_from
        for (one, other), clock in clocks.items():
            if point in (one, other):
                low, high = clock.at(clock.middle_ts)
                on = steps + (point in sets and point != reference)
                heapq.heappush(waiting, (on, doubt + high - low, other if point == one else one, point))
    paths = {pair: _path(clock, pair, sets) for pair, clock in clocks.items() if pair[0] in before}
    return {point: _standing(clocks, paths, group, _chain(before, point)) for point in before if point != reference}


@dataclass(frozen=True, slots=True)
class _Path:
    """How the clocks of a pair stand at any time, as far as the steps tell that it does not show itself."""

    track: Track
    carried: tuple[Carried, ...]


def _path(clock: PairClock, pair: tuple[int, int], sets: Sets) -> _Path:
    of_one, of_other = (sets.get(point, ()) for point in pair)
    carried = carry_steps(clock, of_one, of_other)
    return _Path(track_of(clock, carried, of_one, of_other), carried)


def _chain(before: Mapping[int, int], point: int) -> tuple[int, ...]:
    """From the reference, which came before itself, to this point."""
    via = [point]
    while before[via[-1]] != via[-1]:
        via.append(before[via[-1]])
    return tuple(reversed(via))


def timeline_of_reference(clocks: Clocks, reference: int, group: int, sets: Sets = MappingProxyType({})) -> Timeline:
    """The reference's own: no legs, but what it shares with others."""
    paths = {pair: _path(clock, pair, sets) for pair, clock in clocks.items() if reference in pair}
    return Timeline(group, place=reference, beside=_beside(paths, reference))


def _beside(paths: Mapping[tuple[int, int], _Path], point: int) -> dict[int, Leg]:
    """Legs from this point to all with which it shares packets."""
    return {
        (other if point == one else one): Leg(path.track, point == one)
        for (one, other), path in paths.items()
        if point in (one, other)
    }


def _standing(clocks: Clocks, paths: Mapping[tuple[int, int], _Path], group: int, via: tuple[int, ...]) -> Standing:
    edges = list(pairwise(via))
    used = [clocks[_key(*edge)] for edge in edges]
    legs = tuple(Leg(paths[_key(*edge)].track, edge[0] < edge[1]) for edge in edges)
    steps = sum(len(clock.pieces) - 1 for clock in used)
    is_steady = not steps and not any(step.is_sure for edge in edges for step in paths[_key(*edge)].carried)
    line = Timeline(group, legs, is_steady and may_be_one(legs), via[-1], _beside(paths, via[-1]))
    told = {ts: _narrowed(line, clocks, via, ts) for ts in _middles(used, legs)}
    ts = min(told, key=lambda when: told[when][1] - told[when][0])
    low, high = told[ts]
    drifts, likely = (
        [_turned(edges, leg.is_forward) for edges, leg in zip(told, legs, strict=True)]
        for told in ([clock.longest.drift for clock in used], [clock.likely_drift for clock in used])
    )
    spans = [_turned(clock.span, leg.is_forward) for clock, leg in zip(used, legs, strict=True)]
    return Standing(
        via=via,
        at_ts=ts,
        low_ns=low - ts,
        high_ns=high - ts,
        drift=None if steps else _sum(drifts),
        likely_drift=None if steps else _sum(likely),
        steps=steps,
        packets=min(clock.packets for clock in used),
        span_ns=(int(sum(least for least, _ in spans)), int(sum(most for _, most in spans))),
        alike_ns=_alike(used, legs, ts),
        timeline=line,
        jumps=tuple((*_key(*edge), jump) for edge in edges for jump in jumps_of(clocks[_key(*edge)])),
    )


def _narrowed(line: Timeline, clocks: Clocks, via: tuple[int, ...], ts: int) -> tuple[int, int]:
    """
    Between what is the point's clock at that time of the reference's, by the chain and by the pair itself?

    Both hold, so what both allow is left; of contradicting ones neither is better, and what each allows stands.
    """
    low, high = line.bounds_on_point(ts)
    direct = clocks.get(_key(via[0], via[-1]))
    if direct is None or len(via) == 2:
        return low, high
    least, most = Leg(track_of(direct), via[0] < via[-1]).there((ts, ts))
    narrow = max(low, least), min(high, most)
    return narrow if narrow[0] <= narrow[1] else (min(low, least), max(high, most))


def _middles(used: Sequence[PairClock], legs: Sequence[Leg]) -> Iterator[int]:
    """
    When is each pair on the way told best, by the reference's clock?

    A pair that shares packets for a short time only knows little of its clocks in the middle of another's.
    """
    for number, clock in enumerate(used):
        found = (clock.middle_ts, clock.middle_ts)
        if not legs[number].is_forward:
            found = legs[number].track.there(found[0])
        for leg in reversed(legs[:number]):
            found = leg.back(found)
        yield sum(found) // 2


def _alike(used: Sequence[PairClock], legs: Sequence[Leg], ts: int) -> int | None:
    """By how much may the middle be wrong at that time of the reference's, if both ways are alike?"""
    total, at = 0, ts
    for clock, leg in zip(used, legs, strict=True):
        if clock.symmetry is None:
            return None
        low, high = leg.there((at, at))
        total += math.ceil(clock.symmetry.doubt(high - low))
        at = (low + high) // 2
    return total


def _sum(edges: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(least for least, _ in edges), sum(most for _, most in edges)


def _turned(edges: tuple[float, float], is_forward: bool) -> tuple[float, float]:
    """The same from the other clock's side."""
    return edges if is_forward else (-edges[1], -edges[0])


def _key(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


def contradictions(clocks: Clocks, lines: Mapping[int, Timeline]) -> list[tuple[int, int]]:
    """
    Which pairs say another offset than the chains to both of their points? Their places.

    Asked at the begin, in the middle and at the end of what each pair shares.
    """
    odd = []
    for (one, other), clock in clocks.items():
        if one not in lines or other not in lines:
            continue
        for ts in (clock.pieces[0].begin, clock.middle_ts, clock.pieces[-1].end):
            least, most = (ts + edge for edge in clock.at(ts))
            by_chain = [lines[other].bounds_on_point(at) for at in lines[one].bounds_on_reference(ts)]
            low, high = min(edge[0] for edge in by_chain), max(edge[1] for edge in by_chain)
            if most < low or least > high:
                odd.append((one, other))
                break
    return odd
