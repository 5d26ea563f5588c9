"""Packets for the guest that routers hand on in an overlay of their own: to which endpoint (RFC 9135, symmetric)?"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.carriers import CarrierRows
from vmpcap.migration.mechanisms.around import SHELLS, is_carried_by
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.own_overlays import foreign_overlays
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, ip_text

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Way:
    """What one router sent for the guest in one overlay at one point, by time."""

    view: PointView
    vni: int
    sent: tuple[tuple[int, str, int], ...]
    """When, on the reference clock, to which endpoint, in which frame: the first and the last of each run to one."""

    def last_to(self, end: str, since: int, until: int | None = None) -> tuple[int, PointView, int] | None:
        """The last packet to this endpoint in that time."""
        mine = [one for one in self.sent if one[1] == end and one[0] > since and (until is None or one[0] < until)]
        return (mine[-1][0], self.view, mine[-1][2]) if mine else None


class Carried(NamedTuple):
    """What one router sent in one overlay: the packet's time at its point, its frame, from and to which endpoint."""

    router: int
    vni: int
    ts: I64
    frame: I64
    outer: npt.NDArray[np.uint64]
    """uint64[n, 4], as CarrierRows has it."""


def routed_ways(case: Case, name: str, new: str) -> list[tuple[str | None, Way]]:
    """
    To which endpoints did routers send what is for the guest? Each way with the endpoint that it led to before.

    The MACs inside are the two routers', which no other pair of endpoints has: who carried that pair last carries the
    packet. Only ways that led to where the guest was, or that begin since: a gateway that stays where it is gets them
    as before. That an endpoint was the guest's show EVPN's routes of its MAC, or its own packets, which a router there
    sent until the move, and one behind the new endpoint since.
    """
    before, later = (_homes(case, name, late) for late in (False, True))
    own = {t.what.next_hop for t in case.routes("evpn") if t.what.mac == case.mac and t.ts < case.moment}
    own |= before if len(before) == 1 and later == {new} else set()
    found: list[tuple[str | None, Way]] = []
    for way in _ways(case, name):
        was = next((end for ts, end, _ in reversed(way.sent) if ts < case.moment), None)
        if was is None or (was != new and was in own):
            found.append((was, way))
    return found


def numbers_of(ways: Collection[tuple[str | None, Way]]) -> str:
    """In which overlays, in words?"""
    return " and ".join(str(vni) for vni in sorted({way.vni for _, way in ways}))


def _ways(case: Case, name: str) -> Iterator[Way]:
    for view in case.views:
        when = on_point(view, case.moment)
        for one in _carried(case, name, view, frames_of(view, case.guest).asked):
            turns = (one.outer[1:, 2:] != one.outer[:-1, 2:]).any(axis=1) | (
                (one.ts[1:] >= when) != (one.ts[:-1] >= when)
            )
            ends = np.append(True, turns) | np.append(turns, True)
            yield Way(
                view,
                one.vni,
                tuple(
                    (on_reference(view, int(one.ts[n])), ip_text(*one.outer[n, 2:].tolist()), int(one.frame[n]))
                    for n in np.flatnonzero(ends).tolist()
                ),
            )


def _homes(case: Case, name: str, late: bool) -> set[str]:
    """From behind which endpoints did routers send the guest's own packets, before the move or since?"""
    found: set[str] = set()
    for view in case.views:
        for one in _carried(case, name, view, frames_of(view, case.guest).sent_ip):
            mine = one.outer[(one.ts >= on_point(view, case.moment)) == late, :2]
            found |= {ip_text(*outer) for outer in np.unique(mine, axis=0).tolist()}
    return found


def _carried(case: Case, name: str, view: PointView, here: I64) -> Iterator[Carried]:
    """Which of these rows passed between two routers in an overlay, by router and overlay, in the order of time?"""
    j, mac = view.journal, np.uint64(case.guest.mac)
    inside = (j.vni[here] >= 0) & (j.eth_dst[here] & GROUP_BIT == 0)
    inside &= (j.eth_src[here] != mac) & (j.eth_dst[here] != mac)
    here = here[inside & ~np.isin(j.vni[here], sorted(foreign_overlays(case)))]
    if not len(here):
        return
    every = view.carriers.rows()
    mine: Any = (column[is_carried_by(every, SHELLS[name].steps)] for column in every)
    log = CarrierRows(*mine)
    for router, vni in sorted(set(zip(j.eth_src[here].tolist(), j.vni[here].tolist(), strict=True))):
        rows = here[(j.eth_src[here] == router) & (j.vni[here] == vni)]
        place = np.full(len(rows), -1)
        for to in np.unique(j.eth_dst[rows]):
            known = np.flatnonzero((log.eth_src == router) & (log.eth_dst == to) & (log.vni == vni))
            of_it = np.flatnonzero(j.eth_dst[rows] == to)
            at = np.searchsorted(log.ts_ns[known], j.ts_ns[rows[of_it]], side="right") - 1
            place[of_it[at >= 0]] = known[at[at >= 0]]
        rows, place = rows[place >= 0], place[place >= 0]
        if len(rows):
            yield Carried(router, vni, j.ts_ns[rows], j.frame[rows], log.outer[place])
