"""Requests that were handed to a router that still advertises the guest's route, and were lost beyond it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.routes.holds import router_of_frame
from vmpcap.migration.mechanisms.case import Case, since
from vmpcap.migration.mechanisms.first_hand import why_second_hand
from vmpcap.migration.mechanisms.old_place import LEAST_PACKETS
from vmpcap.migration.mechanisms.route_claims import LINK_STATE, Claim
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.terms.units import count_of
from vmpcap.terms.wire import ICMP_UNREACHABLE

I64 = npt.NDArray[np.int64]
AT_NEW = "domain:destination"


@dataclass(frozen=True, slots=True)
class Handed:
    """Packets of peers that never got an answer again, which one point saw go to the old way's router alone."""

    view: PointView
    rows: I64
    router: str
    peers: int
    denied: tuple[int, str, int] | None
    """How often a router said that the guest is unreachable, which one, and its first frame; None: never."""

    @property
    def frames(self) -> list[tuple[PointView, int]]:
        """The first and the last of them, and what denied them."""
        numbers = self.view.journal.frame[self.rows[[0, -1]]].tolist()
        return [(self.view, n) for n in dict.fromkeys([*numbers, *(self.denied[2:] if self.denied else ())])]

    def words(self, case: Case) -> str:
        """What became of them."""
        ends = self.view.journal.ts_ns[self.rows[[0, -1]]]
        first, last = (since(case.after(on_reference(self.view, int(ts)))) for ts in ends)
        told = (
            f"at {self.view.name} {count_of(len(self.rows), 'packet')} of {count_of(self.peers, 'peer')} without an "
            f"answer were handed to {self.router} from {first} until {last}"
        )
        if self.denied is not None:
            count, who, _ = self.denied
            told += f", and {who} said {count_of(count, 'time')} that the guest is unreachable (ICMP)"
        return told


def lost_on_old_way(case: Case, name: str, stale: Sequence[Claim], begin: int) -> Handed | None:
    """
    Which packets of peers that are cut off for good were handed to a router that still stands for the old way?

    By its MAC, after that time on the reference clock. Only a router that tells the route at first hand: one that
    passes it on is handed all packets, whichever way they take beyond it. None of what was seen at the guest's new
    place, or was handed on to somebody else. The point with the most of them tells.
    """
    lost = {s.peer.peer for s in case.cut_off} - {s.peer.peer for s in case.suffered if not s.is_cut_off}
    peers = [ip_halves(one) for one in sorted(lost)]
    found = [one for claim in stale for one in _handed(case, name, claim, stale, peers, begin)]
    return max(found, key=lambda one: len(one.rows), default=None)


def _handed(
    case: Case, name: str, claim: Claim, stale: Sequence[Claim], peers: Sequence[tuple[int, int]], begin: int
) -> Iterator[Handed]:
    if why_second_hand(case, name, claim.first, stale):
        return
    router = claim.claimant if name in LINK_STATE else claim.first.what.sender
    for view in (v for v in case.views if v.journal_complete and not v.left_out):
        macs = {f.eth_src for f in view.control.of(name) if router_of_frame(f) == router} - {NO_MAC, 0}
        rows = frames_of(view, case.guest).asked
        rows = rows[view.journal.ts_ns[rows] >= on_point(view, begin)]
        mine = rows[_is_of(view, rows, peers) & np.isin(view.journal.eth_dst[rows], np.array(sorted(macs), np.uint64))]
        mine = mine[~np.isin(packet_keys(view.journal, mine), _went_on(case, view, rows, macs, begin))]
        if len(mine) >= LEAST_PACKETS:
            j = view.journal
            whose = set(zip(j.src_high[mine].tolist(), j.src_low[mine].tolist(), strict=True))
            yield Handed(view, mine, router, len(whose), _denied(case, view, begin))


def _is_of(view: PointView, rows: I64, peers: Sequence[tuple[int, int]]) -> npt.NDArray[np.bool_]:
    """Which of these packets did one of the peers send?"""
    j, found = view.journal, np.zeros(len(rows), np.bool_)
    for high, low in peers:
        found |= (j.src_high[rows] == np.uint64(high)) & (j.src_low[rows] == np.uint64(low))
    return found


def _went_on(case: Case, view: PointView, rows: I64, macs: set[int], begin: int) -> npt.NDArray[np.uint64]:
    """By what are packets known that were handed to others here, or came to the guest's new place?"""
    others = rows[~np.isin(view.journal.eth_dst[rows], np.array(sorted(macs), np.uint64))]
    found = [packet_keys(view.journal, others)]
    for new in (v for v in case.views if v.role == AT_NEW):
        asked = frames_of(new, case.guest).asked
        found.append(packet_keys(new.journal, asked[new.journal.ts_ns[asked] >= on_point(new, begin)]))
    return np.concatenate(found)


def _denied(case: Case, view: PointView, begin: int) -> tuple[int, str, int] | None:
    """How often did whoever stands behind that way say here that the guest is unreachable, and in which frame first?"""
    errors = [
        e
        for e in view.complaints.errors
        if e.version == 4 and e.kind == ICMP_UNREACHABLE and e.code in (0, 1)
        if e.target in case.ips and e.sender not in case.ips and e.ts_ns >= on_point(view, begin)
    ]
    return (len(errors), errors[0].sender, errors[0].frame) if errors else None
