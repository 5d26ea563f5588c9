"""Which of a peer's requests were seen at which points, and where they may have passed unseen."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.causes.asked import Asked, Scene
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.packets.requests import Sighting
from vmpcap.migration.views import is_compared
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_MS

Bools = npt.NDArray[np.bool_]

HELD_NS: Final = 2 * NS_PER_MS
"""A request that arrives at a router makes it ask this soon."""


def hits(asked: Asked, roles: tuple[str | None, ...], is_wanted: Callable[[Sighting], Bools]) -> tuple[Bools, str]:
    """Which requests were seen by a point of these roles, and where? With the first and last frame there."""
    return hits_at(asked, [seen.view.name for seen in asked.seen if seen.view.role in roles], is_wanted)


def hits_at(asked: Asked, names: Sequence[str], is_wanted: Callable[[Sighting], Bools]) -> tuple[Bools, str]:
    which, where = np.zeros(len(asked.ts), np.bool_), []
    for seen, place in zip(asked.seen, asked.place, strict=True):
        rows = np.flatnonzero((place >= 0) & is_wanted(seen)) if seen.view.name in names else np.zeros(0, np.int64)
        if not len(rows):
            continue
        which[place[rows]] = True
        numbers = seen.view.journal.frame[seen.rows[rows]]
        where.append(f"{seen.view.name} frames {numbers[0]} to {numbers[-1]}")
    return which, ", ".join(where)


def is_for_guest(scene: Scene) -> Callable[[Sighting], Bools]:
    mac, none = np.uint64(scene.guest.mac), np.uint64(NO_MAC)
    return lambda seen: (seen.eth_dst == mac) | (seen.eth_dst == none) | (mac == none)


def every_one(seen: Sighting) -> Bools:
    return np.ones(len(seen.ts), np.bool_)


def as_before(seen: Sighting, asked: Asked) -> Bools:
    """Which of these were handed to a router that had them before the outage, too? One point may show both ways."""
    before = np.unique(seen.eth_dst[seen.ts < asked.edges[0]])
    same: Bools = np.isin(seen.eth_dst, before)
    return same


def in_a_hole(asked: Asked, scene: Scene) -> Bools:
    """Which requests may a point at the new place not show for want of a view?"""
    which = np.zeros(len(asked.ts), np.bool_)
    for view in scene.views:
        for hole in view.holes if view.role == "domain:destination" else ():
            if not is_compared(view, asked.view):
                return ~which
            begin, end = (on_clock_of(asked.view, view, at) for at in (hole.from_ts, hole.to_ts))
            which |= (asked.ts >= begin - HELD_NS) & (asked.ts <= end)
    return which
