"""Do frames of one side stay away from the other: are the guest's old and new domain two?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.announced.hearing import why_deaf, why_group_hidden, why_hidden, why_rarp_hidden
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.units import NS_PER_S, count_of

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ALIVE_NS: Final = 5 * NS_PER_S
"""A point that saw frames of the guest's link this shortly before and after would have shown a broadcast of it."""

SAME_NS: Final = NS_PER_S
"""Copies of one broadcast on both sides lie nearer than this."""

LEAST_MISSED: Final = 2
"""So many different broadcasts must be missing on the other side: one may have been lost."""

LEAST_PACKETS: Final = 3
SETTLED_NS: Final = NS_PER_S

RARP_KIND: Final = NUMBER_OF["rarp_announce"]


@dataclass(frozen=True, slots=True)
class _Broadcast:
    """One broadcast or multicast frame in the guest's segment; its time is on the reference clock."""

    ts: int
    body: tuple[int, ...]
    is_rarp: bool
    frame: int


def shown_apart(guest: Moved, views: Sequence[PointView], moment: int) -> str:
    """
    Which broadcasts of one side did an alive point of the other not see? Empty where none tells the domains apart.

    RARP alone does not: switches filter it. With a route to the guest that changed to another router it does.
    """
    olds = [v for v in views if v.role == "domain:source"]
    news = [v for v in views if v.role == "domain:destination"]
    missed_rarp = ""
    for old in olds:
        for new in news:
            for here, there in ((old, new), (new, old)):
                missed, matched = _missed(here, there, guest, moment)
                if matched:
                    return ""  # some of them cross: a filter, not a border
                bodies = [b for b in missed if not b.is_rarp]
                listed = bodies if len(bodies) >= LEAST_MISSED else missed
                words = (
                    f"{count_of(len(listed), 'broadcast')} of {here.name} (from frame {listed[0].frame}) never came to"
                    f" {there.name}, which was alive then"
                    if listed
                    else ""
                )
                if len(bodies) >= LEAST_MISSED:
                    return words
                if len(missed) >= LEAST_MISSED and not missed_rarp:
                    missed_rarp = words
    moved = another_router(guest, views, moment) if missed_rarp else ""
    return f"{missed_rarp}; {moved}" if moved else ""


def _missed(here: PointView, there: PointView, guest: Moved, moment: int) -> tuple[list[_Broadcast], int]:
    """Which broadcasts since the move were not seen at the other point though it was alive, and how many were?"""
    if here.offset is None or there.offset is None or there.drops or there.missing or not there.journal_complete:
        return [], 0
    if why_hidden(there, guest) or why_group_hidden(there, guest):
        return [], 0
    if not there.link_carries_announcements or there.left_out or not _hears_others(there, guest):
        return [], 0
    is_rarp_hidden = bool(why_rarp_hidden(there, guest))
    sent = [b for b in _broadcasts(here, guest) if b.ts >= moment and not (b.is_rarp and is_rarp_hidden)]
    seen: dict[tuple[int, ...], list[int]] = {}
    for one in _broadcasts(there, guest):
        seen.setdefault(one.body, []).append(one.ts)
    link = np.sort(_on_its_link(there, guest))
    missed, matched = [], 0
    for one in sent:
        if any(abs(ts - one.ts) <= SAME_NS for ts in seen.get(one.body, ())):
            matched += 1
        elif _alive_around(link, on_point(there, one.ts)):
            missed.append(one)
    if missed and why_deaf(
        there, guest, on_point(there, missed[0].ts) - ALIVE_NS, on_point(there, missed[-1].ts) + ALIVE_NS
    ):
        return [], matched
    return missed, matched


def _hears_others(view: PointView, guest: Moved) -> bool:
    """Does this point show what others send on the guest's link too? One direction alone shows no broadcast of them."""
    j = view.journal
    return guest.mac != NO_MAC and bool(((j.eth_dst == np.uint64(guest.mac)) & (j.ip_version != 0)).any())


def _alive_around(link: I64, when: int) -> bool:
    place = int(np.searchsorted(link, when))
    return 0 < place < len(link) and when - link[place - 1] <= ALIVE_NS and link[place] - when <= ALIVE_NS


def _on_its_link(view: PointView, guest: Moved) -> I64:
    """When did frames from or to the guest's MAC pass here?"""
    j = view.journal
    if guest.mac == NO_MAC:
        return np.zeros(0, np.int64)
    mac = np.uint64(guest.mac)
    times: I64 = j.ts_ns[(j.eth_src == mac) | (j.eth_dst == mac)]
    return times


def _broadcasts(view: PointView, guest: Moved) -> list[_Broadcast]:
    """ARP, RARP and IP multicasts of the guest's own segments."""
    j, rows = view.journal, view.arps
    if guest.mac == NO_MAC:
        return []
    mac = np.uint64(guest.mac)
    own = np.concatenate(
        (j.segment_key[(j.eth_src == mac) | (j.eth_dst == mac)], rows.segment_key[rows.sender_mac == mac])
    )
    found = []
    for row in np.flatnonzero(rows.is_broadcast & np.isin(rows.segment_key, own)).tolist():
        told = (rows.kind, rows.sender_mac, rows.sender_high, rows.sender_low, rows.target_high, rows.target_low)
        ts, is_rarp = on_reference(view, int(rows.ts_ns[row])), int(rows.kind[row]) == RARP_KIND
        found.append(_Broadcast(ts, (0, *(int(c[row]) for c in told)), is_rarp, int(rows.frame[row])))
    to_group = (j.eth_dst & GROUP_BIT) != 0
    for row in np.flatnonzero(to_group & (j.ip_version == 4) & np.isin(j.segment_key, own)).tolist():
        names = (j.eth_src, j.src_low, j.dst_low, j.ip_protocol, j.ip_id, j.src_port, j.payload_bytes)
        ts = on_reference(view, int(j.ts_ns[row]))
        found.append(_Broadcast(ts, (1, *(int(c[row]) for c in names)), False, int(j.frame[row])))
    return sorted(found, key=lambda b: b.ts)[:MOST_BROADCASTS]


MOST_BROADCASTS: Final = 5000


def another_router(guest: Moved, views: Sequence[PointView], moment: int) -> str:
    """Did routed packets for the guest come over one link before the move, and over another one after it?"""
    before: list[str] = []
    after: list[str] = []
    for view in (v for v in views if v.role == "wan" and v.offset is not None):
        asked, j, when = frames_of(view, guest).asked, view.journal, on_point(view, moment)
        routed = asked[(j.eth_dst[asked] != np.uint64(guest.mac)) & (j.eth_src[asked] != np.uint64(guest.mac))]
        early = int((j.ts_ns[routed] < when).sum())
        late = int((j.ts_ns[routed] > when + SETTLED_NS).sum())
        if early >= LEAST_PACKETS:
            before.append(view.name)
        elif not early and late >= LEAST_PACKETS:
            after.append(view.name)
    if not before or not after:
        return ""
    return (
        f"packets for the guest came over {', '.join(before)} before and over {', '.join(after)} after: another router"
    )
