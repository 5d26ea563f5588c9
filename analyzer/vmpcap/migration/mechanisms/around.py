"""Which encapsulation carries the guest's frames: at which points, between which ends, of which machines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from vmpcap.announcements.carriers import CarrierRows
from vmpcap.decode.paths import path_steps
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.own_overlays import foreign_overlays
from vmpcap.migration.moved import on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.wire import IP_ETHERIP, IP_GRE, IP_UDP

NO_IP: Final = 0


@dataclass(frozen=True, slots=True)
class Shell:
    """One encapsulation: how it is known, what it adds, how an ICMP error names its packets."""

    steps: tuple[str, ...] = ()
    """By which steps of a path it is known, where it has a number of its own."""
    kind: str = ""
    """By which kind of tunnel without one."""
    adds: Mapping[int, int] = field(default_factory=dict)
    """
    Bytes more than the guest's packet has, by the IP protocol of what carries it (NO_IP without), over IPv4 without
    options; empty where they vary.
    """


SHELLS: Final = {
    "etherip": Shell(kind="etherip", adds={IP_ETHERIP: 36}),  # RFC 3378: IP, its own two, Ethernet
    "fence": Shell(kind="fence", adds={NO_IP: 24}),  # its own header with Ethernet
    "mpls": Shell(kind="mpls"),
    "vxlan": Shell(("vxlan", "gpe"), adds={IP_UDP: 50}),  # RFC 7348: IP, UDP, its own eight, Ethernet
    "geneve": Shell(("geneve",), adds={IP_UDP: 50}),  # RFC 8926, without options
    "otv": Shell(("otv",), "labelled_gre", {IP_UDP: 50, IP_GRE: 42}),  # domain notes 4.7: one of two shapes
    "lisp": Shell(("lisp",), adds={IP_UDP: 36}),  # RFC 9300 5.1: IP, UDP, its own eight
}
"""Every row of MECHANISMS whose work is to carry the guest's frames inside others."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is carried by one of them since the guest moved."""

    views: tuple[PointView, ...]
    ends: frozenset[frozenset[str]]
    """Addresses of the two ends, of each tunnel that carries it."""
    pairs: frozenset[tuple[int, int]]
    """MACs in the carried frames (of LISP, which has none inside, in the carrying ones): from, to."""


def what_is_around(case: Case, name: str) -> Around | None:
    """Which points show frames of the guest or for it in this encapsulation since it moved? None without any."""
    shell = SHELLS[name]
    views: dict[str, PointView] = {}
    ends: set[frozenset[str]] = set()
    pairs: set[tuple[int, int]] = set()
    foreign = foreign_overlays(case)
    for view in case.views:
        when = on_point(view, case.moment)
        for row in view.tunnelled:
            if row.kind == shell.kind and case.guest.mac in (row.eth_src, row.eth_dst) and row.last_ts >= when:
                views[view.name] = view
                ends |= {frozenset(row.outer)} if row.outer is not None else set()
                pairs.add((row.eth_src, row.eth_dst))
        known = _carried(view, shell.steps) if shell.steps else {}
        frames = frames_of(view, case.guest)
        j, rows = view.journal, np.concatenate((frames.sent_ip, frames.asked))
        rows = rows[j.ts_ns[rows] >= when]
        spoken = set(zip(j.eth_src[rows].tolist(), j.eth_dst[rows].tolist(), j.vni[rows].tolist(), strict=True))
        for key in (key for key in spoken & set(known) if key[2] not in foreign):
            views[view.name] = view
            ends |= known[key]
            pairs.add(key[:2])
    return Around(tuple(views.values()), frozenset(ends), frozenset(pairs)) if views else None


def _carried(view: PointView, steps: tuple[str, ...]) -> dict[tuple[int, int, int], set[frozenset[str]]]:
    """Which machines' frames (from, to, number) were carried by one of these here, and between which ends?"""
    rows = view.carriers.rows()
    found: dict[tuple[int, int, int], set[frozenset[str]]] = {}
    for at in np.flatnonzero(is_carried_by(rows, steps)).tolist():
        outer = rows.outer[at]
        both = frozenset((ip_text(int(outer[0]), int(outer[1])), ip_text(int(outer[2]), int(outer[3]))))
        key = int(rows.eth_src[at]), int(rows.eth_dst[at]), int(rows.vni[at])
        found.setdefault(key, set()).add(both)
    return found


def is_carried_by(rows: CarrierRows, steps: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """bool[n]: on whose path is one of these steps?"""
    wanted = np.zeros(len(rows.frame), np.bool_)
    for high, low in set(zip(rows.path_high.tolist(), rows.path_low.tolist(), strict=True)):
        if set(path_steps(high, low)) & set(steps):
            wanted |= (rows.path_high == np.uint64(high)) & (rows.path_low == np.uint64(low))
    return wanted
