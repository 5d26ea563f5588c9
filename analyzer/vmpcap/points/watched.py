"""Stretches in which nothing says that two clocks went on side by side: one may have been set there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.distinct import places_of_each
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

Interval = tuple[int, int]

EVER: Final = 1 << 62
LEAST_NS: Final = 30 * NS_PER_MS
"""A clock that was set once a capture was hardly set again in less."""
LONG: Final = 20
"""A stretch is so many usual distances of packets long, at least."""
MOST: Final = 16
"""So many of the longest are kept."""
LEAST_PACKETS: Final = 20
"""From so many packets it can be told how late they are."""
MOST_ODD_NS: Final = 2 * NS_PER_MS
"""A packet that is later or earlier than the others of its way by more, and by what they differ, tells nothing."""
TENTHS: Final = (10, 50, 90)


@dataclass(frozen=True, slots=True)
class Watch:
    """When packets say that two clocks went on side by side, and when none does; by the times of one of them."""

    unwatched: tuple[Interval, ...] = ((-EVER, EVER),)
    """Stretches in which no packet is as late as others of its way."""
    odd: tuple[int, ...] = ()
    """In each of those that has one, the first packet that is later, or earlier, than others of its way."""


def find_watch(ways: U64, at: I64, late: I64, held: Interval) -> Watch:
    """
    Between which times of the one clock does no packet come as late as others of its way do?

    Parameters
    ----------
    ways : uint64[n], a number for the two ends and which of them sent
    at, late : int64[n], when the one clock shows each packet; by how much later the other does, less the clocks' own
    held : from when to when answers hold the two clocks: what is usual is learned there

    Notes
    -----
    A clock that is set and set back between two packets leaves no trace in them. So only stretches count that are long
    beside what is usual, or in which packets are odd: what lies before the first packet and after the last one always.
    """
    is_usual, is_odd = np.zeros(len(at), bool), np.zeros(len(at), bool)
    inside = (at >= held[0]) & (at <= held[1])
    for rows in places_of_each(ways):
        known = late[rows[inside[rows]]]
        if len(known) >= LEAST_PACKETS:
            least, middle, most = np.percentile(known, TENTHS)
            is_near = np.abs(late[rows] - middle) <= MOST_ODD_NS + 2 * (most - least)
            is_usual[rows], is_odd[rows] = is_near, ~is_near
    ts, odd = np.sort(at[is_usual]), np.sort(at[is_odd])
    if not len(ts):
        return Watch()
    edges = np.concatenate(([-EVER], ts, [EVER]))
    apart = np.diff(edges)
    first = np.searchsorted(odd, edges[:-1], "right")
    has_odd = np.searchsorted(odd, edges[1:]) > first
    least = max(LEAST_NS, LONG * int(np.median(apart)))
    longest = np.sort(np.argsort(apart, kind="stable")[-MOST:])
    kept = longest[(apart[longest] >= least) | ((apart[longest] >= LEAST_NS) & has_odd[longest])]
    stretches = tuple((int(edges[n]), int(edges[n + 1])) for n in kept.tolist())
    return Watch(stretches, tuple(int(odd[first[n]]) for n in kept[has_odd[kept]].tolist()))


def shared(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """What lies in stretches of both, each rising."""
    both = [(max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other]
    return [(begin, end) for begin, end in both if begin < end]
