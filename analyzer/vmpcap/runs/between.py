"""All points of a request held against each other, pair by pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.alike import without_refuted
from vmpcap.points.between import Between, compare_points, order_pairs
from vmpcap.points.blurs import bound_unblurred, find_blurs, without_blurred
from vmpcap.points.branches import Met, went_on
from vmpcap.points.chain import Clocks, Standing, contradictions, stand, timeline_of_reference
from vmpcap.points.clock import Exchange, bound_exchanges
from vmpcap.points.floods import Floods, find_floods, sets_by_floods
from vmpcap.points.one_sided import OneSided, bound_one_way, describe_one_sided
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired, pair_packets
from vmpcap.points.roles import STREAM_FIGURES, rank
from vmpcap.points.sets import Set, find_sets
from vmpcap.points.timeline import Timeline
from vmpcap.points.unsteady import unsteady_points
from vmpcap.runs.point import PointRead
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]
Blurs = Mapping[int, tuple[Set, ...]]
"""Of points, by their places: when their times tell not when packets passed."""

TOGETHER_NS: Final = 600 * NS_PER_S
"""Captures of one event begin and end within minutes of each other."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Points in groups of which each hangs together by packets, each held against its own reference."""

    references: tuple[int, ...]
    """The first is that of the greatest group."""
    reference_of: dict[int, int]
    standings: dict[int, Standing]
    """By place; the references are not in it."""
    lines: dict[int, Timeline]
    contradictions: tuple[tuple[int, int], ...]


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
    doubts: tuple[str, ...] = ()
    """Named roles that the packets contradict, one sentence each."""


def compare_all(points: Sequence[PointRead]) -> Together:
    """How do all pairs of these points stand to each other? Each group that hangs together has a reference."""
    pairs = []
    met: dict[tuple[int, int], Met] = {}
    both = {
        (one, other): pair_packets(points[one].sightings, points[other].sightings)
        for one, other in combinations(range(len(points)), 2)
    }
    blurs = find_blurs(both, _times(points))
    for (one, other), paired in both.items():
        held = blurs.get(one, ()), blurs.get(other, ())
        clock, ahead = bound_unblurred(paired, *held)
        met[one, other] = Met(paired, clock, order_pairs(paired, clock, ahead, held))
    sure = without_refuted({pair: m.clock for pair, m in met.items() if m.clock is not None})
    floods = {
        (one, other): find_floods(without_blurred(paired, blurs.get(one, ()), blurs.get(other, ()))[0])
        for (one, other), paired in both.items()
    }
    sets = _sets(points, sure, floods, blurs)
    for (one, other), (paired, _, ahead) in met.items():
        elsewhere = went_on(met, one, other), went_on(met, other, one)
        own = sets.get(one, ()), sets.get(other, ())
        pairs.append(compare_points(one, other, paired, sure.get((one, other)), ahead, elsewhere, own))
    clocks = {(p.one, p.other): p.clock for p in pairs if p.clock is not None}
    groups = group_points(points, clocks, floods, blurs)
    names = tuple(p.files.name for p in points)
    return Together(names, groups.references, tuple(pairs), groups.standings, groups.contradictions)


def group_points(
    points: Sequence[PointRead], clocks: Clocks, floods: Mapping[tuple[int, int], Floods], blurs: Blurs
) -> Groups:
    """
    Which points hang together, and how do they stand to the reference of their group?

    The reference is the point with clocks to most others; among equals one at which figures of the stream are taken,
    so that these need no correction. Not one whose clock is of another day than those of its neighbours: points that
    hang together with none of them are on their clocks' day. Nor one whose clock was set or whose stamps scatter, if
    another will do.
    """
    references: list[int] = []
    odd: set[tuple[int, int]] = set()
    standings: dict[int, Standing] = {}
    lines: dict[int, Timeline] = {}
    reference_of: dict[int, int] = {}
    sets = _sets(points, clocks, floods, blurs)
    by_few = {n for pair, clock in clocks.items() if clock.beyond for n in pair}  # no other may join what these join
    was_set = {n for n, own in sets.items() if any(one.is_sure for one in own)} - by_few
    unsteady = unsteady_points(clocks)
    rest = sorted(
        range(len(points)),
        key=lambda n: (n in was_set, n in unsteady, -sum(n in pair for pair in clocks), n in sets, _rank(points[n])),
    )
    while rest:
        reference, group = rest[0], len(references)
        found = stand(clocks, reference, group, sets)
        usual = min((reference, *found), key=lambda n: (-_company(points, n), rest.index(n)))
        if _company(points, usual) > _company(points, reference):
            reference, found = usual, stand(clocks, usual, group, sets)
        own = {reference: timeline_of_reference(clocks, reference, group, sets)} | {
            p: s.timeline for p, s in found.items()
        }
        own = {
            p: replace(
                line,
                sets=sets.get(p, ()),
                reference_sets=sets.get(reference, ()),
                unsteady_ns=unsteady.get(p, 0),
            )
            for p, line in own.items()
        }
        odd |= set(contradictions(clocks, own))
        standings |= found
        lines |= own
        reference_of |= dict.fromkeys(own, reference)
        references.append(reference)
        rest = [point for point in rest if point not in own]
    return Groups(tuple(references), reference_of, standings, lines, tuple(sorted(odd)))


def _sets(
    points: Sequence[PointRead], clocks: Clocks, floods: Mapping[tuple[int, int], Floods], blurs: Blurs
) -> dict[int, tuple[Set, ...]]:
    """Whose clocks were set, or may have been, and which do not tell at times when packets passed?"""
    times = _times(points)
    is_steady = all(len(clock.pieces) == 1 and not clock.beyond for clock in clocks.values())
    found = sets_by_floods(clocks, floods, {} if is_steady else find_sets(clocks, times), times)
    return found | {point: (*found.get(point, ()), *own) for point, own in blurs.items()}


def _times(points: Sequence[PointRead]) -> list[I64]:
    return [point.sightings.rows().ts_ns for point in points]


def _company(points: Sequence[PointRead], number: int) -> int:
    """How many of these points captured at about the same time as that one, each by its own clock?"""
    own = points[number]
    return sum(
        own.first_ts - TOGETHER_NS <= (other.last_ts or 0) and (other.first_ts or 0) <= own.last_ts + TOGETHER_NS
        for other in points
        if own.first_ts is not None and own.last_ts is not None and other.first_ts is not None
    )


def _rank(point: PointRead) -> int:
    return rank(point.files.role, STREAM_FIGURES)


@dataclass(frozen=True, slots=True)
class PairClocks:
    """Clocks of pairs by their places, and what one direction alone says of others."""

    clocks: dict[tuple[int, int], PairClock]
    one_sided: dict[tuple[int, int], OneSided]
    floods: dict[tuple[int, int], Floods]
    blurs: Blurs = field(default_factory=dict)

    def note(self, points: Sequence[PointRead], reference: int, point: int) -> str:
        """What is known of this point's clock against the reference's by one direction alone; empty: nothing more."""
        pair = min(reference, point), max(reference, point)
        bounds = self.one_sided.get(pair)
        return describe_one_sided(bounds, *(points[p].files.name for p in pair)) if bounds is not None else ""


def clocks_of(points: Sequence[PointRead], exchanges: Sequence[Mapping[object, Exchange]]) -> PairClocks:
    """
    How do the clocks of each two of these points stand to each other? Only what packets can tell.

    Exchanges bound them too: where packets were sampled, the few that met no queue may have been let go.
    """
    found = PairClocks({}, {}, {})
    pairs = list(combinations(range(len(points)), 2))
    times = _times(points)
    blurs: dict[int, tuple[Set, ...]] = {}
    for one, other in pairs:
        paired = pair_packets(points[one].sightings, points[other].sightings)
        for point, own in find_blurs({(one, other): paired}, times).items():
            blurs[point] = (*blurs.get(point, ()), *own)
        _bound(found, paired, (one, other), exchanges, blurs)
    for one, other in pairs if blurs else ():  # what one pair shows of a point holds of the others too
        if one in blurs or other in blurs:
            paired = pair_packets(points[one].sightings, points[other].sightings)
            _bound(found, paired, (one, other), exchanges, blurs)
    return replace(found, clocks=without_refuted(found.clocks), blurs=blurs)


def _bound(
    found: PairClocks,
    paired: Paired,
    pair: tuple[int, int],
    exchanges: Sequence[Mapping[object, Exchange]],
    blurs: Blurs,
) -> None:
    """Put in how these two stand to each other, in place of what was known before."""
    held = blurs.get(pair[0], ()), blurs.get(pair[1], ())
    rest, _ = without_blurred(paired, *held)
    found.floods[pair] = find_floods(rest)
    found.clocks.pop(pair, None)
    found.one_sided.pop(pair, None)
    clock, _ = bound_unblurred(paired, *held, bound_exchanges(exchanges[pair[0]], exchanges[pair[1]]))
    if clock is not None:
        found.clocks[pair] = clock
    elif len(rest.row_one):
        found.one_sided[pair] = bound_one_way(rest)
