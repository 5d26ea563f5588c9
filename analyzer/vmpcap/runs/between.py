"""All points of a request held against each other, pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from vmpcap.points.between import Between, compare_points
from vmpcap.points.chain import Standing, contradictions, stand
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.pairing import pair_packets
from vmpcap.runs.point import PointRead


@dataclass(frozen=True, slots=True)
class Together:
    """Points, and how they stand to each other."""

    names: tuple[str, ...]
    references: tuple[int, ...]
    """Points against which others are held: one for each group whose clocks can be compared."""
    pairs: tuple[Between, ...]
    standings: dict[int, Standing]
    """By place; the references are not in it."""
    contradictions: tuple[tuple[int, int], ...]


def compare_all(points: Sequence[PointRead]) -> Together:
    """How do all pairs of these points stand to each other? Each group that hangs together has a reference."""
    pairs = []
    for one, other in combinations(range(len(points)), 2):
        paired = pair_packets(points[one].sightings, points[other].sightings)
        pairs.append(compare_points(one, other, paired, *bound_pair(paired)))
    clocks = {(p.one, p.other): p.clock for p in pairs if p.clock is not None}
    references, odd = [], set()
    standings: dict[int, Standing] = {}
    rest = _by_degree(len(points), clocks)
    while rest:
        reference = rest[0]
        found = stand(clocks, reference)
        odd |= set(contradictions(clocks, found, reference))
        standings |= found
        references.append(reference)
        rest = [point for point in rest if point != reference and point not in found]
    names = tuple(p.files.name for p in points)
    return Together(names, tuple(references), tuple(pairs), standings, tuple(sorted(odd)))


def _by_degree(count: int, clocks: dict[tuple[int, int], PairClock]) -> list[int]:
    """Points with clocks to most others first; in their order among equals."""
    degree = [sum(point in pair for pair in clocks) for point in range(count)]
    return sorted(range(count), key=lambda n: -degree[n])


def clocks_against(points: Sequence[PointRead], reference: int) -> dict[int, Standing]:
    """
    How do clocks stand to that of this point? By place; only what packets can tell.

    Points that share packets with the reference are compared with it alone; only for the others all pairs are.
    """
    clocks: dict[tuple[int, int], PairClock] = {}

    def compare(one: int, other: int) -> None:
        paired = pair_packets(points[one].sightings, points[other].sightings)
        clock, _ = bound_pair(paired)
        if clock is not None:
            clocks[one, other] = clock

    places = range(len(points))
    for other in places:
        if other != reference:
            compare(min(reference, other), max(reference, other))
    alone = [p for p in places if p != reference and p not in {q for pair in clocks for q in pair}]
    for one, other in combinations(places, 2):
        if reference not in (one, other) and (one in alone or other in alone):
            compare(one, other)
    return stand(clocks, reference)
