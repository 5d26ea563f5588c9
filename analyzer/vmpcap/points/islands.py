"""Points that share packets among themselves only, at the same two hosts as others: whose clocks they have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from vmpcap.points.clock import Offset
from vmpcap.points.timeline import Timeline, constant_timeline
from vmpcap.terms.units import NS_PER_S

LEAST_APART_NS: Final = NS_PER_S
"""Clocks of two hosts that stand farther apart than this do so by no chance alike."""
BESIDE_NS: Final = 60 * NS_PER_S
"""A capture this near to another may be of the same migration: a host announces a guest for so long."""
CLOSE: Final = 100
"""The difference is so many times greater than what is not known of it."""
HOSTS: Final = (("source", "destination"), ("domain:source", "domain:destination"))
"""The points at both hosts that see the stream, and those that see the guest."""


def on_the_hosts_clocks(
    lines: Mapping[int, Timeline], roles: Sequence[str | None], middles: Sequence[int]
) -> dict[int, Timeline]:
    """
    What is taken for the clocks of a group that no packets join to another, where each host has one clock.

    Parameters
    ----------
    middles : when each point captured, about, by its own clock

    Returns
    -------
    Lines of the points of the group moved, by their places; none where nothing shows it.

    Notes
    -----
    Two hosts whose clocks stand seconds apart do so in both groups, to what the packets leave open: then the points of
    a host are by one clock. It proves no time between the groups: they stay apart, and only what is taken for one
    group's clocks, to find what belongs together, is by the other's.
    """
    one, other = ([_only(roles, role) for role in pair] for pair in HOSTS)
    if None in (*one, *other):
        return {}
    (source, destination), (old, new) = ([place for place in pair if place is not None] for pair in (one, other))
    four = [lines[place] for place in (source, destination, old, new)]
    if four[0].group != four[1].group or four[2].group != four[3].group or four[0].group == four[2].group:
        return {}
    if any(line.sets or line.reference_sets for line in four):
        return {}
    at = middles[source]  # of both: clocks that run apart differ by something else at another time
    stream, guest = _shown(four[0], four[1], at), _shown(four[2], four[3], at)
    open_ns = (stream[1] - stream[0]) + (guest[1] - guest[0])
    if abs(sum(stream) // 2 - at) < max(LEAST_APART_NS, CLOSE * open_ns):
        return {}
    if stream[0] > guest[1] or guest[0] > stream[1]:
        return {}
    return _as_one(lines, four[0], four[2], at)


def on_its_hosts_clock(
    lines: Mapping[int, Timeline], roles: Sequence[str | None], spans: Sequence[tuple[int, int]]
) -> dict[int, Timeline]:
    """
    The same of one point that no packet joins to another, if it fits the other point at its host and none otherwise.

    The only point of a stream, beside the guest's at that host; or a guest's, beside the stream's there.

    Parameters
    ----------
    spans : from when to when each point captured, by its own clock

    Notes
    -----
    By that host's clock, which stands seconds or more away from those of all others, both captured at one time; by what
    is taken for the clocks the one has no other beside it. Set otherwise, both would be so by chance.
    """
    sizes = Counter(line.group for line in lines.values())
    for one, other in zip(*HOSTS, strict=True):
        up, bridge = _only(roles, one), _only(roles, other)
        if up is None or bridge is None or lines[up].group == lines[bridge].group:
            continue
        is_only = sum(role in HOSTS[0] for role in roles) == 1
        for place, fellow, is_free in ((up, bridge, is_only), (bridge, up, sizes[lines[bridge].group] == 1)):
            if is_free and _fits(lines, spans, place, fellow):
                at = (max(spans[place][0], spans[fellow][0]) + min(spans[place][1], spans[fellow][1])) // 2
                return _as_one(lines, lines[place], lines[fellow], at)
    return {}


def _fits(lines: Mapping[int, Timeline], spans: Sequence[tuple[int, int]], place: int, fellow: int) -> bool:
    """Did this point capture beside its fellow by that one's clock, and beside no other by what is taken for theirs?"""
    one, other = lines[place], lines[fellow]
    if any(line.sets or line.reference_sets for line in (one, other)):
        return False
    at = spans[fellow][0]
    low, high = other.bounds_on_reference(at)
    if abs((low + high) // 2 - at) < max(LEAST_APART_NS, CLOSE * (high - low)):
        return False
    begin, end = (one.on_reference(ts) for ts in spans[place])
    beside = [tuple(line.on_reference(ts) for ts in spans[n]) for n, line in lines.items() if n != place]
    is_alone = all(first - end > BESIDE_NS or begin - last > BESIDE_NS for first, last in beside)
    (begin, end), (first, last) = spans[place], spans[fellow]
    return is_alone and begin - last <= BESIDE_NS and first - end <= BESIDE_NS


def _as_one(lines: Mapping[int, Timeline], one: Timeline, other: Timeline, at: int) -> dict[int, Timeline]:
    """The later of their two groups moved so that both clocks show the same at that time."""
    moved, kept = (one, other) if one.group > other.group else (other, one)
    shift = moved.on_reference(at) - kept.on_reference(at)
    legs = constant_timeline(Offset(shift, shift, 0)).legs
    return {
        place: replace(line, legs=(*legs, *line.legs), is_given=False)
        for place, line in lines.items()
        if line.group == moved.group and legs
    }


def _shown(one: Timeline, other: Timeline, ts: int) -> tuple[int, int]:
    """Between what does the other clock show when the one shows that? By no third one, which may run otherwise."""
    edges = [edge for reference in one.bounds_on_reference(ts) for edge in other.bounds_on_point(reference)]
    return min(edges), max(edges)


def _only(roles: Sequence[str | None], role: str) -> int | None:
    """The one point of that role; None of several, or none."""
    found = [place for place, own in enumerate(roles) if own == role]
    return found[0] if len(found) == 1 else None
