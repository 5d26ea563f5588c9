"""Frames from a virtual gateway's MAC that cross between the sites: did they come into the other site's domain?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.mechanisms.case import Case, is_elsewhere, segments_of
from vmpcap.migration.moved import on_point
from vmpcap.migration.news import news_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import IP_UDP

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SETTLED_NS: Final = NS_PER_S
"""Frames still on their way when the guest moved may cross once more."""
LEAST_CROSSING: Final = 3
"""Fewer frames than this may be strays."""
SAME_FRAME: Final = (
    "eth_dst", "ethertype", "src_high", "src_low", "dst_high", "dst_low", "ip_protocol", "ttl", "ip_id", "src_port",
    "dst_port", "payload_bytes", "tcp_seq", "tcp_ack", "icmp_type", "icmp_id", "icmp_seq",
)  # fmt: skip
"""What one frame has in common wherever it is seen."""
SAME_ARP: Final = ("kind", "sender_high", "sender_low", "target_high", "target_low")
"""... and, of ARP and neighbour discovery, its body."""
SAME_FRAME_NS: Final = 250 * NS_PER_MS
"""... and how far its sightings may be apart: two routers' own frames (ARP has no number) are seconds apart."""
MOST_COMPARED: Final = 20_000
"""So many of the frames that cross are looked for; where there are more, nobody says that the rest did not arrive."""

BROADCAST: Final = (1 << 48) - 1
FLOODED: Final = ((0x01005E000000, 0xFFFFFFFFFF00), (0x333300000000, 0xFFFFFFFFFF00), (0x0180C2000000, 0xFFFFFFFFFF00))
"""Groups, with mask, that no switch prunes: the local ones of IPv4 (RFC 4541 2.1.2), few of IPv6, and bridges' own."""
VRRP: Final = 112
HELLO_PORTS: Final = (1985, 2029, 3222)
"""HSRP, HSRP for IPv6, GLBP."""

ABSENT, OPEN, MET = 0, 1, 2
"""Of one frame at one point: it was not there, it may have been, it was."""
DOMAINS: Final = ("domain:source", "domain:destination")


@dataclass(frozen=True, slots=True)
class Leak:
    """What crossed at one point between the sites."""

    view: PointView
    first_frame: int
    count: int
    met: int
    """Of the frames, those that were in the domains of both sites."""
    unknown: str
    """Why nobody can say that they stayed out of the other site's domain; empty where they did."""
    into: PointView | None = None
    """The point in the other site's domain, where the link between them does not show it."""


def find_leak(case: Case, vmac: int) -> Leak | None:
    """
    Which frames from the virtual MAC crossed after the switchover, at the point that shows the worst of it?

    On the link between the sites a frame proves only that its own site let it out: a filter may stand at the far end.
    """
    if vmac == NO_MAC:
        return None
    found = [_leak_at(view, case, vmac) for view in case.views if view.role == "wan"]
    found += [
        _leak_into(old, new, case, vmac) for old in case.views for new in case.views if (old.role, new.role) == DOMAINS
    ]
    return max((leak for leak in found if leak is not None), key=lambda k: (k.met, bool(k.unknown)), default=None)


def _leak_at(view: PointView, case: Case, vmac: int) -> Leak | None:
    rows = _rows_from(view, case, vmac)
    if len(rows) < LEAST_CROSSING:
        return None
    compared = rows[:MOST_COMPARED]
    domains = [there for there in case.views if there.role in DOMAINS]
    old, new = (
        np.max([_seen_at(there, view, compared, case, vmac) for there in domains if there.role == role], axis=0)
        for role in DOMAINS
    )
    others = _is_apart(case, view, vmac, view.journal.segment_key[compared])
    for there in domains:
        others |= _seen_at(there, view, compared, case, vmac, is_own=False) == MET
    others &= (old != MET) & (new != MET)
    compared, old, new = compared[~others], old[~others], new[~others]
    rows = np.concatenate((compared, rows[MOST_COMPARED:]))
    if len(rows) < LEAST_CROSSING or not len(compared):
        return None
    met = int(((old == MET) & (new == MET)).sum())
    at_home = _said_at_one_site(case, view, domains, compared)
    stayed = ((old == MET) & (new == ABSENT)) | ((old == ABSENT) & (new == MET)) | at_home
    unknown = _why_unknown(view, domains, compared, stayed, at_home, met, len(rows))
    return Leak(view, int(view.journal.frame[rows[0]]), len(rows), met, unknown)


def _leak_into(old: PointView, new: PointView, case: Case, vmac: int) -> Leak | None:
    """
    Were frames of one of the two routers in the domain of both sites, whatever was seen on the link between them?

    A frame without an identification (ARP has none) is the same one only if it is told apart by all that it says and
    came once at each site: two routers may ask for one machine again and again, or at once for all after a change of
    the topology, but not in several different seconds for a new one each.
    """
    rows = _rows_within(old, case, vmac)[:MOST_COMPARED]
    if not len(rows):
        return None
    once = _come_once(old, rows) & np.isin(_keys(old, rows), _once_at(new, case, vmac))
    rows = rows[once | (old.journal.ip_id[rows] != 0)]
    if not len(rows):
        return None
    seen = _seen_at(new, old, rows, case, vmac)
    met = rows[seen == MET]
    if _are_several(old, met):
        return Leak(old, int(old.journal.frame[met[0]]), len(met), len(met), "", new)
    alike = rows[(seen == OPEN) & _are_at_one_time(old, new, rows, case, vmac)]
    if not _are_several(old, alike):
        return None
    unknown = f"the clocks of {old.name} and {new.name} were not compared"
    return Leak(old, int(old.journal.frame[alike[0]]), len(alike), 0, unknown, new)


def _are_several(view: PointView, rows: I64) -> bool:
    """Are these more than chance: different ones with a number, or in different seconds?"""
    numbered = rows[view.journal.ip_id[rows] != 0]
    seconds = view.journal.ts_ns[np.setdiff1d(rows, numbered)] // NS_PER_S
    return max(len(set(_keys(view, numbered).tolist())), len(set(seconds.tolist()))) >= LEAST_CROSSING


def _are_at_one_time(old: PointView, new: PointView, rows: I64, case: Case, vmac: int) -> Bools:
    """bool[n]: did each of these pass the other point at one time with this one, if their clocks are right?"""
    theirs = _rows_within(new, case, vmac)
    times = dict(zip(_keys(new, theirs).tolist(), new.journal.ts_ns[theirs].tolist(), strict=True))
    passed = [on_point(new, old.line.on_reference(ts)) for ts in old.journal.ts_ns[rows].tolist()]
    there = [times.get(key) for key in _keys(old, rows).tolist()]
    near = [t is not None and abs(t - ts) <= SAME_FRAME_NS for t, ts in zip(there, passed, strict=True)]
    return np.array(near, np.bool_)


def _come_once(view: PointView, rows: I64) -> Bools:
    """bool[n]: is each of these frames the only one of its kind among them?"""
    _, place, counts = np.unique(_keys(view, rows), return_inverse=True, return_counts=True)
    once: Bools = counts[place.reshape(-1)] == 1
    return once


def _once_at(view: PointView, case: Case, vmac: int) -> npt.NDArray[np.void]:
    """void[n]: what tells the frames of this MAC apart that came there once since the guest has settled."""
    rows = _rows_within(view, case, vmac)
    return _keys(view, rows)[_come_once(view, rows)]


def _said_at_one_site(case: Case, view: PointView, domains: Sequence[PointView], rows: I64) -> Bools:
    """
    bool[n]: is each of these a hello of a router whose hellos are in the domain of one site, and never in the other's?

    Its own address is in it: no clock is needed to say that it did not come there.
    """
    heard: dict[str | None, set[str]] = {role: set() for role in DOMAINS}
    if case.is_partial("vrrp", "hsrp", "glbp"):
        return np.zeros(len(rows), np.bool_)
    for there in domains:
        heard[there.role] |= {hello.sender for hello in news_of(there).hellos}
    old, new = (heard[role] for role in DOMAINS)
    j = view.journal
    sides = [
        (old ^ new) & {ip_text(*halves)}
        for halves in zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True)
    ]
    return _is_hello(j, rows) & np.array([bool(side) for side in sides], np.bool_)


def _why_unknown(
    view: PointView, domains: Sequence[PointView], rows: I64, stayed: Bools, at_home: Bools, met: int, total: int
) -> str:
    """
    Why is it not proven that they stay out of the other domain? By what a switch sends everywhere.

    A unicast that is not seen proves nothing: it goes where its receiver is. Nor do hellos that are kept out speak for
    other frames: a filter may know them by their group.
    """
    j = view.journal
    flooded, hellos = _is_flooded(j.eth_dst[rows]), _is_hello(j, rows)
    for there in domains:
        if not at_home.all() and elapsed_between(view, int(j.ts_ns[rows[0]]), there, int(there.last_ts)) is None:
            return f"the clocks of {view.name} and {there.name} were not compared"
        if not there.journal_complete or there.left_out or there.drops:
            return f"the capture of {there.name} has gaps"
    if met:
        return "some of them did"
    if total > len(rows):
        return f"only the first {len(rows):,} of them were looked for"
    for sort, name in ((hellos, "hellos"), (~hellos, "other frames")):
        if sort.sum() >= LEAST_CROSSING and (sort & stayed & flooded).sum() < LEAST_CROSSING:
            return f"of the {name} among them too few go to all stations, and others go only where their receiver is"
    return "" if (stayed & flooded).any() else "too few of them go to all stations"


def _rows_from(view: PointView, case: Case, vmac: int) -> I64:
    """Rows of the frames from that MAC since the guest has settled, in the order of time."""
    j = view.journal
    rows = np.flatnonzero((j.eth_src == np.uint64(vmac)) & (j.ts_ns >= on_point(view, case.moment + SETTLED_NS)))
    return rows[np.argsort(j.ts_ns[rows], kind="stable")]


def _rows_within(view: PointView, case: Case, vmac: int) -> I64:
    """Those of them that are not in another VLAN than the guest: a group of its number there has this MAC, too."""
    rows = _rows_from(view, case, vmac)
    return rows[~_is_apart(case, view, vmac, view.journal.segment_key[rows])]


def _is_apart(case: Case, view: PointView, vmac: int, keys: npt.NDArray[np.uint64]) -> Bools:
    """
    bool[n]: is a frame of that MAC in this segment, seen at this point, none of the guest's gateway?

    By the guest's own segment there, or since hellos from the MAC name there none of the gateway's addresses: of an
    untagged guest no tag tells whether a frame is in its VLAN.
    """
    own: set[str] = set()
    there: dict[int, set[str]] = {}
    for at in case.views:
        said = [hello for hello in news_of(at).hellos if hello.eth_src == vmac and hello.virtual_ips]
        mine = segments_of(at, case.guest) if said else set()
        for hello in said:
            if hello.segment_key in mine:
                own.update(hello.virtual_ips)
            elif at is view:
                there.setdefault(hello.segment_key, set()).update(hello.virtual_ips)
    others = [key for key, addresses in there.items() if own and own.isdisjoint(addresses)]
    return is_elsewhere(case, view, keys) | np.isin(keys, np.array(others, np.uint64))


def _is_flooded(macs: npt.NDArray[np.uint64]) -> Bools:
    """bool[n]: does every switch send a frame for this MAC to all its ports?"""
    flooded: Bools = macs == np.uint64(BROADCAST)
    for group, mask in FLOODED:
        flooded |= (macs & np.uint64(mask)) == np.uint64(group)
    return flooded


def _is_hello(j: JournalColumns, rows: I64) -> Bools:
    """bool[n]: does it keep the virtual gateway alive?"""
    by_port: Bools = (j.ip_protocol[rows] == IP_UDP) & np.isin(j.dst_port[rows], HELLO_PORTS)
    is_vrrp: Bools = j.ip_protocol[rows] == VRRP
    return by_port | is_vrrp


def _seen_at(
    there: PointView, view: PointView, rows: I64, case: Case, vmac: int, is_own: bool = True
) -> npt.NDArray[np.int8]:
    """
    int8[n]: was each of these frames, which passed the one point, at the other, too? ABSENT, OPEN or MET.

    In the guest's own VLAN there, or in another.
    """
    theirs = np.flatnonzero(there.journal.eth_src == np.uint64(vmac))
    theirs = theirs[_is_apart(case, there, vmac, there.journal.segment_key[theirs]) != is_own]
    keys, others = _keys(view, rows), _keys(there, theirs)
    shared = np.isin(others, keys)
    times: dict[bytes, list[int]] = {}
    for key, ts in zip(others[shared].tolist(), there.journal.ts_ns[theirs[shared]].tolist(), strict=True):
        times.setdefault(key, []).append(ts)
    seen = np.zeros(len(rows), np.int8)
    numbered = (view.journal.ip_id[rows] != 0).tolist()
    for n, (key, ts) in enumerate(zip(keys.tolist(), view.journal.ts_ns[rows].tolist(), strict=True)):
        seen[n] = _nearest(there, view, ts, times.get(key, ()), numbered[n])
    return seen


def _nearest(there: PointView, view: PointView, ts: int, times: Sequence[int], is_numbered: bool) -> int:
    """
    Is one of these times at the other point that of the same frame?

    By clocks that nobody compared only for a frame with an identification: all else repeats.
    """
    passed = on_point(there, view.line.on_reference(ts))
    was_watched = there.first_ts + SAME_FRAME_NS <= passed <= there.last_ts - SAME_FRAME_NS
    best = ABSENT if was_watched else OPEN
    if not times:
        return best
    nearest = min(times, key=lambda other: abs(other - passed))
    apart = elapsed_between(view, ts, there, nearest)
    if apart is None:
        return MET if is_numbered and abs(nearest - passed) <= SAME_FRAME_NS else OPEN
    if abs(apart.ns) <= SAME_FRAME_NS and apart.uncertainty_ns <= SAME_FRAME_NS:
        return MET
    return OPEN if apart.low_ns <= SAME_FRAME_NS and apart.high_ns >= -SAME_FRAME_NS else best


def _keys(view: PointView, rows: I64) -> npt.NDArray[np.void]:
    """void[n]: all that tells one frame from others, as bytes; of ARP that is what it asks for."""
    width = len(SAME_FRAME) + len(SAME_ARP)
    if not len(rows):
        return np.empty(0, f"V{8 * width}")
    j, arps = view.journal, view.arps
    columns = [getattr(j, name)[rows].astype(np.uint64) for name in SAME_FRAME]
    order = np.argsort(arps.frame, kind="stable")
    at = np.searchsorted(arps.frame, j.frame[rows], sorter=order)
    at = order[np.minimum(at, len(order) - 1)] if len(order) else np.zeros(len(rows), np.int64)
    is_arp = arps.frame[at] == j.frame[rows] if len(order) else np.zeros(len(rows), np.bool_)
    for name in SAME_ARP:
        said = np.zeros(len(rows), np.uint64)
        said[is_arp] = getattr(arps, name)[at[is_arp]]
        columns.append(said)
    keys: npt.NDArray[np.void] = np.ascontiguousarray(np.stack(columns, axis=1)).view(f"V{8 * width}")[:, 0]
    return keys
