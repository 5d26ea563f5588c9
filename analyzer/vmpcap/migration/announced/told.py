"""What an announcement told the network: which tables its kinds bring up to date, and whether it came too early."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from vmpcap.migration.announced.early import Early
from vmpcap.migration.announced.passed_by import what_else_passed
from vmpcap.migration.announced.stopped_kinds import stopped_kinds
from vmpcap.migration.announced.trail import Trail, follow_trail
from vmpcap.migration.announced.vlans import find_retagged
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.closed_ways import find_closed_way
from vmpcap.migration.packets.former_macs import IN_ITS_DOMAIN, sent_before
from vmpcap.migration.results import Announcements, Reached, Taught
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import IPV4_MAPPED, NO_MAC, ip_text, mac_text

TEACHES: Final[Mapping[str, tuple[Taught, ...]]] = {
    "rarp_announce": ("mac_tables",),
    "garp_request": ("mac_tables", "arp_caches"),
    "garp_reply": ("mac_tables", "arp_caches"),
    "unsolicited_na": ("mac_tables", "neighbour_caches"),
}
"""What each kind brings up to date: switches learn from any frame, neighbours from what names an address."""

ORDER: Final[tuple[Taught, ...]] = ("mac_tables", "arp_caches", "neighbour_caches")


def tell_announcements(
    heard: Announcements, guest: Moved, views: Sequence[PointView], moment: int, early: Early, verdict: Reached
) -> Announcements:
    """The announcements with what they taught, how early they came and, where they did not arrive, where they died."""
    trail = follow_trail(guest, views, heard.by_point, moment) if guest.heard and verdict != "reached" else Trail()
    closed = find_closed_way(guest, views, moment)
    shut = closed if closed is not None and closed.announced and not trail.first_missing_at else None
    if shut is not None:
        trail = Trail((shut.here.name,), (shut.beyond.name,), shut.told_of_announcements)
    stopped = stopped_kinds(guest, heard.by_point)
    teaches, because = _teaching(heard, guest, views, moment, () if stopped is None else stopped.kinds)
    because = "; ".join(part for part in (because, "" if stopped is None else stopped.because) if part)
    last, first = ([v for v in views if v.name in names] for names in (trail.last_seen_at, trail.first_missing_at))
    passed = "" if closed is None else closed.words
    if closed is None or closed.opened is None:
        passed = "; ".join(w for w in (passed, what_else_passed(guest, last, first, moment)) if w)
    other = find_retagged(guest, views, moment) if first else None
    tags = [other.words, other.translated] if other is not None else []
    return msgspec.structs.replace(
        heard,
        last_seen_at=list(trail.last_seen_at),
        first_missing_at=list(trail.first_missing_at),
        lost_between_because="; ".join(w for w in (trail.because, *tags, passed) if w),
        teaches=teaches,
        teaches_because=because,
        early_ms=early.early_ms if guest.heard else None,
        early_because=early.because if guest.heard else "",
    )


def _teaching(
    heard: Announcements, guest: Moved, views: Sequence[PointView], moment: int, stopped: Collection[str]
) -> tuple[list[Taught], str]:
    """Which tables do these kinds bring up to date, without those that were stopped, and what does that leave?"""
    taught = {table for kind in heard.kinds if kind not in stopped for table in TEACHES.get(kind, ())}
    teaches = [table for table in ORDER if table in taught]
    if not teaches:
        return [], ""
    if "arp_caches" in taught or "neighbour_caches" in taught:
        left = [words for table, words in NOT_TOLD.items() if table not in taught and _has_version(guest, table)]
        return teaches, "; ".join(["switches and the caches of neighbours learn from it", *left])
    told = "RARP only: switches learn the guest's place, ARP caches do not hear of it"
    former = former_mac(guest, views, moment)
    if former is None:
        return teaches, f"{told}, which is harmless as long as the MAC is the one they know"
    where, mac, frame = former
    because = f"{told}, and they still hold another MAC for the guest's address: {mac} (at {where}, frame {frame})"
    return teaches, because


NOT_TOLD: Final[Mapping[Taught, str]] = {
    "arp_caches": "nothing told of the guest's IPv4 address",
    "neighbour_caches": "nothing told of the guest's IPv6 address",
}
"""What is left out where only the other family was announced."""


def _has_version(guest: Moved, table: Taught) -> bool:
    """Has the guest an address of the family that this table is about?"""
    return any((":" in ip_text(high, low)) == (table == "neighbour_caches") for high, low in guest.ips)


def former_mac(guest: Moved, views: Sequence[PointView], moment: int) -> tuple[str, str, int] | None:
    """
    Where, with which MAC and in which frame did the guest's address last belong to another MAC before the move?

    By ARP, or where none tells, by packets. A MAC that claims other addresses too is a router that answers for its
    hosts, and does not count.
    """
    if guest.mac == NO_MAC:
        return None
    for view in views:
        rows = view.arps
        claims = (rows.ts_ns < on_point(view, moment)) & (rows.sender_mac != np.uint64(guest.mac))
        for high, low in guest.ips:
            if not low:
                continue
            mine = claims & (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
            if mine.any():
                last = int(np.flatnonzero(mine)[-1])
                theirs = rows.sender_mac == rows.sender_mac[last]
                if (theirs & (rows.sender_low != np.uint64(low)) & (rows.sender_low != np.uint64(IPV4_MAPPED))).any():
                    continue
                return view.name, mac_text(int(rows.sender_mac[last])) or "", int(rows.frame[last])
    return _sent_last(guest, views, moment)


def _sent_last(guest: Moved, views: Sequence[PointView], moment: int) -> tuple[str, str, int] | None:
    """The same by the last packet that its address sent from another MAC, where it used no other since."""
    for mac in sorted(sent_before(guest, guest.ips, views, moment, IN_ITS_DOMAIN)):
        for view in views:
            j, rows = view.journal, frames_of(view, guest).sent_ip
            rows = rows[(j.eth_src[rows] == np.uint64(mac)) & (j.ts_ns[rows] < on_point(view, moment))]
            if len(rows):
                return view.name, mac_text(mac) or "", int(j.frame[rows[-1]])
    return None
