"""Points that share packets among themselves only, at the same two hosts as others: whose clocks they have."""

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
    The same where one host alone has a point of the stream, if that fits the guest's point there and none otherwise.

    Parameters
    ----------
    spans : from when to when each point captured, by its own clock

    Notes
    -----
    By that host's clock, which stands seconds or more away from those of all others, both captured at one time; by what
    is taken for the clocks the stream's has no other beside it. Set otherwise, both would be so by chance.
    """
    found = [(_only(roles, up), _only(roles, bridge)) for up, bridge in zip(*HOSTS, strict=True)]
    fit = [(up, bridge) for up, bridge in found if up is not None and bridge is not None]
    if len(fit) != 1 or sum(role in HOSTS[0] for role in roles) != 1:
        return {}
    up, bridge = fit[0]
    one, other = lines[up], lines[bridge]
    if one.group == other.group or any(line.sets or line.reference_sets for line in (one, other)):
        return {}
    at = (max(spans[up][0], spans[bridge][0]) + min(spans[up][1], spans[bridge][1])) // 2
    low, high = other.bounds_on_reference(at)
    if abs((low + high) // 2 - at) < max(LEAST_APART_NS, CLOSE * (high - low)):
        return {}
    begin, end = (one.on_reference(ts) for ts in spans[up])
    beside = [(line.on_reference(spans[n][0]), line.on_reference(spans[n][1])) for n, line in lines.items() if n != up]
    is_alone = all(first - end > BESIDE_NS or begin - last > BESIDE_NS for first, last in beside)
    is_there = spans[up][0] <= spans[bridge][1] and spans[bridge][0] <= spans[up][1]
    return _as_one(lines, one, other, at) if is_alone and is_there else {}


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
