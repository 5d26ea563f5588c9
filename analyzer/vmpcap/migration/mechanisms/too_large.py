"""A guest that was told that its packets do not fit a tunnel: does it heed that, or does what it sends get lost?"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.announcements.complaints import Complaint
from vmpcap.migration.causes.stuck import find_stuck
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.mechanisms.case import IN_THE_DOMAIN, Case
from vmpcap.migration.moved import on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import IP_UDP

TOO_BIG: Final = ((4, 3, 4), (6, 2, 0))
"""IP version, type and code of "does not fit" (RFC 792, RFC 4443)."""
USUAL_MTUS: Final = (1500, 9000, 9216)
HEADS: Final = {4: (20, 28), 6: (40, 48)}
"""Bytes of IP alone and with UDP before the payload, by version; TCP has 20 more or other options."""
HEEDED_NS: Final = NS_PER_S
"""What was sent already when the guest was told is on its way for less than this."""
LEAST_LARGER: Final = 3
"""Fewer packets than this may have been under way."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Who told the guest so, and what became of it."""

    view: PointView
    error: Complaint
    lost: str
    """What it sends in vain since then; empty where nothing shows any."""
    open: str
    """What it sends too large since then of which nobody knows whether it arrived; empty without such."""
    frames: tuple[tuple[PointView, int], ...] = ()

    def is_less_by(self, added: int) -> bool:
        """Is what fits that much less than a link usually has?"""
        return self.error.mtu + added in USUAL_MTUS


def find_too_large(case: Case, adds: tuple[int, ...]) -> TooLarge | None:
    """
    Who told the guest since it moved that its packets do not fit, by just what the tunnel adds?

    One complaint and smaller packets since is how a path's MTU is found (RFC 1191, RFC 8201): it is no fault. It is
    one where the guest goes on too large, or where the peer that it is about never gets an answer again.
    """
    told = [_heeded(case, view, error) for view in case.views for error in _told_at(view, case, adds)]
    return max(told, key=lambda one: (bool(one.lost), bool(one.open)), default=None)


def _told_at(view: PointView, case: Case, adds: tuple[int, ...]) -> list[Complaint]:
    """The first such complaint about each peer."""
    first: dict[str, Complaint] = {}
    for error in view.complaints.errors:
        is_told = (error.version, error.kind, error.code) in TOO_BIG and error.source in case.ips
        is_theirs = any(error.mtu + added in USUAL_MTUS for added in adds)
        if is_told and error.ts_ns >= on_point(view, case.moment) and is_theirs:
            first.setdefault(error.target, error)
    return list(first.values())


def _heeded(case: Case, view: PointView, error: Complaint) -> TooLarge:
    """What did the guest send to this peer since, and was it of use?"""
    if any(s.peer.peer == error.target for s in case.cut_off):
        return TooLarge(view, error, f"{error.target} never gets an answer again", "")
    still_open = ""
    for there in (v for v in case.views if v.role in IN_THE_DOMAIN or v is view):
        if not there.journal_complete:
            continue
        since = on_clock_of(there, view, error.ts_ns)
        stuck = find_stuck(there, case.guest, since)
        if stuck is not None and stuck.payload_bytes + HEADS[error.version][0] + 20 > error.mtu:
            j = there.journal
            row = int(np.flatnonzero(j.frame == stuck.frames[0])[0])
            if (int(j.dst_high[row]), int(j.dst_low[row])) == ip_halves(error.target):
                lost = f"a segment of {stuck.payload_bytes:,} bytes was sent to it {stuck.times} times since, in vain"
                return TooLarge(view, error, lost, "", tuple((there, frame) for frame in stuck.frames))
        larger = _larger_since(there, case, error, since + HEEDED_NS)
        if larger >= LEAST_LARGER and not still_open:
            still_open = f"it goes on: {count_of(larger, 'larger packet')} to {error.target} since, at {there.name}"
            still_open += ", of which nothing says whether they arrived"
    return TooLarge(view, error, "", still_open)


def _larger_since(view: PointView, case: Case, error: Complaint, since: int) -> int:
    """How many UDP packets of the guest to this peer were larger? No answer says whether they arrived."""
    j, rows = view.journal, frames_of(view, case.guest).sent_ip
    high, low = ip_halves(error.target)
    mine = (j.dst_high[rows] == np.uint64(high)) & (j.dst_low[rows] == np.uint64(low)) & (j.ts_ns[rows] >= since)
    sizes = j.payload_bytes[rows].astype(np.int64) + HEADS[error.version][1]
    return int((mine & (j.ip_protocol[rows] == IP_UDP) & (sizes > error.mtu)).sum())
