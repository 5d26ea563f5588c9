"""Points that share packets among themselves only, at the same two hosts as others: whose clocks they have."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from vmpcap.points.clock import Offset
from vmpcap.points.timeline import Timeline, constant_timeline
from vmpcap.terms.units import NS_PER_S

LEAST_APART_NS: Final = NS_PER_S
"""Clocks of two hosts that stand farther apart than this do so by no chance alike."""
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
    moved, kept = (four[0], four[2]) if four[0].group > four[2].group else (four[2], four[0])
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
