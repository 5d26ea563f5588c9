"""Frames that an endpoint sends to several others at once: copies to all, and an endpoint that is left out of them."""

import ipaddress
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.carriers import CarrierRows
from vmpcap.decode.frames import U64
from vmpcap.migration.clocks import all_on_clock_of
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, ip_halves, ip_text
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Carried = Sequence[tuple[PointView, CarrierRows]]
Passed = tuple[int, PointView, int]
"""When, on the reference clock, at which point, which frame."""

SETTLED_NS: Final = NS_PER_S
"""Packets still on their way when the guest moved may go to its old endpoint alone."""
COPY_NS: Final = NS_PER_S // 4
"""Copies of one packet leave together; they pass two points within this."""
LEAST_COPIES: Final = 3
"""Fewer may be chance."""


def replicated(case: Case, old: str, new: str, found: Carried) -> tuple[set[tuple[str, int]], Passed | None]:
    """
    Whose packets for the guest, at which point, went to its old endpoint only as copies of such that the new one got?

    With learning off, or as long as it does not know the way, an endpoint sends each packet to all others: one that
    goes to the old one as well misses nobody. Point and MAC of each sender, and the first packet to the new endpoint
    since the switchover.
    """
    packets = [
        (view, sender, *_packets_of(case, view, rows, sender))
        for view, rows in found
        for sender in _senders(case, rows)
    ]
    there = ip_halves(new)
    keys: list[tuple[PointView, U64, I64]] = []
    first: Passed | None = None
    for view, _, at, to in packets:
        mine = at[_is(to, there)]
        for row in mine[view.journal.ts_ns[mine] >= on_point(view, case.moment)][:1].tolist():
            passed = on_reference(view, int(view.journal.ts_ns[row])), view, int(view.journal.frame[row])
            first = passed if first is None or passed[0] < first[0] else first
        keys.append((view, packet_keys(view.journal, mine), view.journal.ts_ns[mine]))
    whose: set[tuple[str, int]] = set()
    for view, sender, at, to in packets:
        since = view.journal.ts_ns[at] > on_point(view, case.moment + SETTLED_NS)
        stray = at[since & _is(to, ip_halves(old))]
        copied = np.zeros(len(stray), np.bool_)
        own, ts = packet_keys(view.journal, stray), view.journal.ts_ns[stray]
        for other, theirs, times in keys:
            copied |= _has_copy(own, ts, theirs, all_on_clock_of(view, other, times))
        if copied.sum() >= LEAST_COPIES and (~copied).sum() < LEAST_COPIES:
            whose.add((view.name, sender))
    return whose, first


def left_out(case: Case, new: str, found: Carried) -> tuple[list[str], list[str], list[tuple[PointView, int]]]:
    """
    To which endpoints did the new one send what the guest's host says to everybody, and to which that need it not?

    Those from which frames for the guest come need it. Only where one point shows such frames to some, others of the
    new endpoint to the one that lacks it, and none to a group that all may be in. With the first of them.
    """
    mac, everywhere = np.uint64(case.guest.mac), set[str]()
    need = {_source(outer) for _, rows in found for outer in rows.outer[rows.eth_dst == mac]} - {new}
    lacking: set[str] = set()
    frames: list[tuple[PointView, int]] = []
    for view, rows in found:
        own = (
            (rows.eth_src == mac) & _is(rows.outer[:, :2], ip_halves(new)) & (rows.ts_ns >= on_point(view, case.moment))
        )
        to_all = own & ((rows.eth_dst & GROUP_BIT) != 0)
        told = {_target(outer) for outer in rows.outer[to_all]}
        everywhere |= told
        reached = {_target(outer) for outer in rows.outer[own & ~to_all]}
        if told and (reached & need) - told:
            lacking |= (reached & need) - told
            frames.append((view, int(rows.frame[np.flatnonzero(to_all)[0]])))
    if any(_is_group(target) for target in everywhere):
        return [], [], []
    return sorted(everywhere), sorted(lacking - everywhere), frames


def _senders(case: Case, rows: CarrierRows) -> list[int]:
    return [int(mac) for mac in np.unique(rows.eth_src[rows.eth_dst == np.uint64(case.guest.mac)])]


def _packets_of(case: Case, view: PointView, rows: CarrierRows, sender: int) -> tuple[I64, U64]:
    """
    Which packets of this machine for the guest passed here in an overlay, and whereto was each carried?

    Rows of the journal, and uint64[n, 2]. Only changes of the carriers are known: each holds up to the next.
    """
    j, at = view.journal, frames_of(view, case.guest).asked
    at = at[(j.vni[at] >= 0) & (j.eth_src[at] == np.uint64(sender)) & (j.eth_dst[at] == np.uint64(case.guest.mac))]
    mine = np.flatnonzero((rows.eth_src == np.uint64(sender)) & (rows.eth_dst == np.uint64(case.guest.mac)))
    mine = mine[np.argsort(rows.frame[mine], kind="stable")]
    place = np.searchsorted(rows.frame[mine], j.frame[at], side="right") - 1
    at, place = at[place >= 0], place[place >= 0]
    return at, rows.outer[mine][place, 2:]


def _has_copy(keys: U64, ts: I64, others: U64, times: I64) -> Bools:
    """bool[n]: is one of the other packets the same, at nearly the same time?"""
    order = np.lexsort((times, others))
    others, times = others[order], times[order]
    found = np.zeros(len(keys), np.bool_)
    first, past = (np.searchsorted(others, keys, side=side) for side in ("left", "right"))
    for n in np.flatnonzero(past > first):
        found[n] = bool((np.abs(times[first[n] : past[n]] - ts[n]) <= COPY_NS).any())
    return found


def _is(ends: U64, halves: tuple[int, int]) -> Bools:
    """bool[n]: is each of these the address of those halves?"""
    same: Bools = (ends[:, 0] == np.uint64(halves[0])) & (ends[:, 1] == np.uint64(halves[1]))
    return same


def _source(outer: U64) -> str:
    return ip_text(int(outer[0]), int(outer[1]))


def _target(outer: U64) -> str:
    return ip_text(int(outer[2]), int(outer[3]))


def _is_group(address: str) -> bool:
    """
    Is this a group of receivers (RFC 1112 4, RFC 4291 2.7)?

    >>> _is_group("239.1.1.1"), _is_group("172.16.0.11"), _is_group("ff05::1"), _is_group("fe80::1")
    (True, False, True, False)
    """
    return ipaddress.ip_address(address).is_multicast
