"""Points that share packets among themselves only, at the same two hosts as others: whose clocks they have."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from vmpcap.points.clock import Offset
from vmpcap.points.timeline import Timeline, constant_timeline, elapsed
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
    apart = [elapsed(here, middles[place], there, middles[place]) for here, there, place in
             ((four[0], four[1], source), (four[2], four[3], old))]  # fmt: skip
    if apart[0] is None or apart[1] is None:
        return {}
    open_ns = apart[0].uncertainty_ns + apart[1].uncertainty_ns
    if abs(apart[0].ns) < max(LEAST_APART_NS, CLOSE * open_ns) or abs(apart[0].ns - apart[1].ns) > open_ns:
        return {}
    moved, kept = (four[0], four[2]) if four[0].group > four[2].group else (four[2], four[0])
    at = middles[source]
    shift = moved.on_reference(at) - kept.on_reference(at)
    legs = constant_timeline(Offset(shift, shift, 0)).legs
    return {
        place: replace(line, legs=(*legs, *line.legs), is_given=False)
        for place, line in lines.items()
        if line.group == moved.group and legs
    }


def _only(roles: Sequence[str | None], role: str) -> int | None:
    """The one point of that role; None of several, or none."""
    found = [place for place, own in enumerate(roles) if own == role]
    return found[0] if len(found) == 1 else None
