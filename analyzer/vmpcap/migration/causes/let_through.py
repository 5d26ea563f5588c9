"""Packets for the guest that came to its new place while others, past the same point, did not: no switch lacked it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.causes.asked import Asked, Evidence, Scene, back_of
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.marks import Mark
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.packets.requests import Sighting
from vmpcap.migration.sightings import delivered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.wire import TCP_ACK, TCP_SYN

Bools = npt.NDArray[np.bool_]

SAYS: Final = "other packets for its MAC came to its new place, and these did not"

MIXED: Final = np.uint64(0x9E3779B97F4A7C15)
"""An odd number without a pattern, by which columns are made one."""
LEAST_HELD: Final = 3
"""So many that were held back since others came through are no chance."""

UNWATCHED: Final = "a filter or a firewall drops some of them, or a switch took its MAC for its old place's again"


def held_back(asked: Asked, scene: Scene, missing: Bools, astray: Bools, shows: str) -> Evidence | None:
    """
    Which of these requests, missing at the new place, were held back by something else than a switch?

    A switch goes by the MAC alone. Once a packet for it that passed a point had come to the new place, a later one that
    passed there was not lost for want of the way, if it did not go to the old place instead. Where a stream has such
    requests and the old place is watched, those shortly before, which did not go there either, were lost with them; but
    not where others, which came through later, had not come until then either: those waited for a switch.

    Parameters
    ----------
    missing, astray : bool[n]: which requests did not come to the new place, and which came to the old one
    """
    later, proof, is_known = np.zeros(len(asked.ts), np.bool_), "", True
    for seen, place in zip(asked.seen, asked.place, strict=True):
        first = _first_through(seen, asked, scene) if seen.view.role == "gateway" else None
        if first is not None:
            own = (place >= 0) & (seen.view.journal.ts_ns[seen.rows] > first[0].ts) & _is_for(scene, seen)
            later[place[own]] = True
            proof = proof or _told(*first)
            is_known &= not _others_waited(seen, asked, scene, first)
    later &= missing & ~astray
    if not later.any():
        return None
    is_watched = any(view.role == "domain:source" for view in scene.views)
    which = missing & ~astray if is_watched and is_known else later
    so = "what drops some of them is a filter or a firewall" if is_watched else UNWATCHED
    so = so if later.sum() >= LEAST_HELD else f"so few may be lost by chance, or {so}"
    return Evidence("unexplained", which, f"{shows}; {proof}: {so}{_anew(asked, scene)}", SAYS)


def _is_for(scene: Scene, seen: Sighting) -> Bools:
    """Which of these packets go to the guest's own MAC?"""
    of_guest: Bools = (seen.eth_dst == np.uint64(scene.guest.mac)) & (seen.eth_dst != np.uint64(NO_MAC))
    return of_guest


def _first_through(seen: Sighting, asked: Asked, scene: Scene) -> tuple[Mark, Mark] | None:
    """Which packet for the guest's MAC that passed this point since its return was the first at the new place?"""
    back = back_of(asked, scene)
    if back is None or scene.guest.mac == NO_MAC:
        return None
    passed = _since(seen.view, asked.view, scene, back)
    found = []
    for view in scene.views:
        if view.role == "domain:destination":
            arrived = _since(view, asked.view, scene, back)
            _, one, other = np.intersect1d(passed[1], arrived[1], return_indices=True)
            if len(one):
                first = int(np.argmin(seen.view.journal.ts_ns[passed[0][one]]))
                found.append((_mark(seen.view, passed[0][one[first]]), _mark(view, arrived[0][other[first]])))
    return min(found, key=lambda pair: pair[0].ts, default=None)


def _others_waited(seen: Sighting, asked: Asked, scene: Scene, first: tuple[Mark, Mark]) -> bool:
    """Had packets of others, which came through later, not come before the first that did?"""
    passed, arrived = first
    back = back_of(asked, scene)
    if back is None:
        return False
    rows, _ = _since(passed.view, asked.view, scene, back)
    rows = rows[(passed.view.journal.ts_ns[rows] < passed.ts) & ~np.isin(rows, seen.rows)]
    later, _ = _since(arrived.view, asked.view, scene, back)
    return bool(np.isin(_streams(passed.view, rows), _streams(arrived.view, later)).any())


def _streams(view: PointView, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Of which stream is each of these packets, as one number?"""
    j = view.journal
    ends = (j.src_high, j.src_low, j.src_port, j.dst_port, j.ip_protocol, j.icmp_id)
    number = np.zeros(len(rows), np.uint64)
    for column in ends:
        number = number * MIXED + column[rows].astype(np.uint64)
    return number


def _since(
    view: PointView, at: PointView, scene: Scene, back: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Packets for the guest's MAC at this point from that time on, and by what each is known again."""
    rows = delivered(view, scene.guest_at(view), on_clock_of(view, at, back))
    return rows, packet_keys(view.journal, rows)


def _mark(view: PointView, row: int) -> Mark:
    return Mark(view, int(view.journal.ts_ns[row]), int(view.journal.frame[row]))


def _told(passed: Mark, arrived: Mark) -> str:
    way = f"{passed.view.name} frame {passed.frame} to {arrived.view.name} frame {arrived.frame}"
    return f"another packet for it had found the way there ({way})"


def _anew(asked: Asked, scene: Scene) -> str:
    """Did a connection that this peer opened later, to the same service, come through, though this one did not?"""
    stream, back = asked.stream, back_of(asked, scene)
    if stream.manner != "connection" or back is None:
        return ""
    for view in scene.views:
        if view.role != "domain:destination":
            continue
        j, rows = view.journal, delivered(view, scene.guest_at(view), on_clock_of(view, asked.view, back))
        own = (j.src_high[rows] == np.uint64(stream.peer[0])) & (j.src_low[rows] == np.uint64(stream.peer[1]))
        own &= (j.dst_port[rows] == stream.guest_port) & (j.src_port[rows] != stream.peer_port)
        own &= (j.tcp_flags[rows] & (TCP_SYN | TCP_ACK)) == TCP_SYN
        if own.any():
            frame = int(j.frame[rows[own][0]])
            return (
                f"; a connection opened later by the same peer came through ({view.name} frame {frame}), as where a"
                " firewall has lost what it knew of those of before"
            )
    return ""
