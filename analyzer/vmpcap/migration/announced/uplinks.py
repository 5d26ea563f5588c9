"""Uplinks that carry a guest beside the stream: a trunk of a host is in the guest's domain, too."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.guest.scenes import Scene
from vmpcap.migration.moved import Moved
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC

DOMAIN_AT: Final = {"source": "domain:source", "destination": "domain:destination"}
"""What a host's uplink is to a guest whose frames it carries as they are."""
OLD_PLACE: Final = ("source", "domain:source")
"""The roles of an uplink of the old host."""

LEAST_SENT: Final = 3
"""So many unicast packets of a guest are no flood: a switch floods what it has not learnt yet, and soon has."""


def with_guests_at_uplinks(scene: Scene) -> Scene:
    """
    The same scene, in which a host's uplink that carries each of the guests is a point of their domain.

    Not where another point was named for that: it stands there whatever the uplink carries. The stream's own sightings
    keep their roles.
    """
    named = {view.role for view in scene.views}
    roles = {
        view.name: domain
        for view in scene.views
        if (domain := DOMAIN_AT.get(view.role or "")) is not None and domain not in named
        if scene.guests and all(_carries(view, guest, scene.views) for guest in scene.guests)
    }
    if not roles:
        return scene
    seen = {v.name: replace(v, role=roles[v.name]) if v.name in roles else v for v in scene.views}
    guests = tuple(replace(g, heard=tuple((seen[v.name], s) for v, s in g.heard)) for g in scene.guests)
    return Scene(scene.move, guests, tuple(seen.values()))


def _carries(view: PointView, guest: Moved, views: Sequence[PointView]) -> bool:
    """
    Does this uplink carry the guest while it is at its host, in no tunnel?

    What is sent to everybody shows it only where the old host's uplink tells from which side it came.
    """
    if guest.mac == NO_MAC or is_carried(view, guest):
        return False
    return _sends(view, guest) or (view.role == "destination" and _is_announced_from_here(view, guest, views))


def _sends(view: PointView, guest: Moved) -> bool:
    """Did the guest send to others here: before its announcement at its old host, after it at its new one?"""
    j, sent, series = view.journal, frames_of(view, guest).sent, guest.series_at(view)
    own = sent[(j.eth_src[sent] == np.uint64(guest.mac)) & ((j.eth_dst[sent] & GROUP_BIT) == 0)]
    if series is not None:
        is_before = j.ts_ns[own] < series.first_ts
        own = own[is_before if view.role == "source" else ~is_before]
    return len(own) >= LEAST_SENT


def _is_announced_from_here(view: PointView, guest: Moved, views: Sequence[PointView]) -> bool:
    """Was its announcement heard here, and at the uplink of the old host, which carried it, never or later for sure?"""
    here = guest.series_at(view)
    if here is None:
        return False
    old = [v for v in views if v.role in OLD_PLACE and not is_carried(v, guest) and _sends(v, guest)]
    for there in old:
        heard = guest.series_at(there)
        late = None if heard is None else elapsed_between(view, here.first_ts, there, heard.first_ts)
        if heard is not None and (late is None or late.is_later is not True):
            return False
    return bool(old)


def is_carried(view: PointView, guest: Moved) -> bool:
    """Did a tunnel carry any frame of the guest here?"""
    mac = np.uint64(guest.mac)
    sent = frames_of(view, guest).sent
    series = guest.series_at(view)
    if (view.journal.vni[sent] >= 0).any() or (series is not None and series.vni >= 0):
        return True
    rows = view.carriers.rows()
    if len(rows.frame) and ((rows.eth_src == mac) | (rows.eth_dst == mac)).any():
        return True
    return any(guest.mac in (one.eth_src, one.eth_dst) for one in view.tunnelled)
