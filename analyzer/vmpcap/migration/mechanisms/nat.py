"""Two broadcast domains that are alike, with NAT or a proxy between them and the rest (domain notes 4.9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.case import Case, result, sighted, since
from vmpcap.migration.mechanisms.shown import answered_again
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.packets.conflicts import find_duplicate_address
from vmpcap.migration.packets.translations import Address, Translation, find_translation
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, ip_text, mac_text
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import ICMP_TOO_BIG, ICMP_UNREACHABLE, IP_TCP, TCP_RST

TELLING: Final = tuple(NUMBER_OF[kind] for kind in ("garp_request", "garp_reply", "arp_request", "arp_reply"))
"""Bodies whose sender says that an address is its own."""

SETTLED_NS: Final = NS_PER_S
"""A guest that sends to its old gateway for less than this has only not heard of the new one yet."""
LEAST_STALE: Final = 3
OUTSIDE: Final = ("client", "wan")
"""Roles of points that packets of the guest reach, if they do, behind the gateway of its site."""
GLBP_MACS: Final = 0x0007_B400_0000
"""GLBP answers for one address with several MACs, and means it."""


@dataclass(frozen=True, slots=True)
class _Gateway:
    """One address that the guest sends to, and its MACs at both sites."""

    address: Address
    old: frozenset[int]
    new: frozenset[int]
    at: tuple[PointView, PointView]
    frames: tuple[int, int]

    @property
    def words(self) -> str:
        names = [", ".join(str(mac_text(mac)) for mac in sorted(macs)) for macs in (self.old, self.new)]
        text = f"{ip_text(*self.address)} is {names[0]} at {self.at[0].name} and {names[1]} at {self.at[1].name}"
        return f"the gateway's address {text}"


@dataclass(frozen=True, slots=True)
class _Fault:
    """One sign that the equivalence is not complete."""

    because: str
    frames: tuple[tuple[PointView, int], ...]
    hurts: bool = True
    """Whether packets were certainly lost by it."""
    over: int | None = None
    """When it was seen to be over, on the reference clock; None where it was not."""


def judge_nat(case: Case, name: str) -> Mechanism | None:
    """
    Do two domains that are alike stand behind a translator, and does the guest's traffic go on through the new one?

    Seen by packets with the guest's address inside and another outside; or by a gateway that has another MAC at each
    site while the guest's address never appears on the way between the sites. Two gateways alone are no translator:
    routers that advertise the guest look the same.
    """
    gateway = _gateway(case)
    translation = find_translation(case.guest, case.views)
    hidden = _hidden_at(case) if gateway is not None and translation is None else None
    stale = _stale_gateway(case, gateway) if gateway is not None and case.domain.word == "equivalent" else None
    if translation is None and hidden is None and stale is None:
        return None
    words, seen = [], []
    if translation is not None:
        words.append(
            f"the guest is {ip_text(*translation.outside)} at {translation.outside_view.name}: "
            f"{count_of(translation.pairs, 'packet')} of it passed there and at {translation.inside_view.name} with "
            "its own address"
        )
        seen += list(zip((translation.inside_view, translation.outside_view), translation.frames, strict=True))
    if gateway is not None:
        words.append(gateway.words)
        seen += list(zip(gateway.at, gateway.frames, strict=True))
    if hidden is not None:
        words.append(f"the guest's address is never seen at {hidden.name}, though other traffic is")
    if translation is None and hidden is None:
        words.append("whether a translator stands there is not in view")
    head = "; ".join(words)
    faults = _faults(case, gateway, translation)
    if faults:
        because = "; ".join(fault.because for fault in faults)
        frames = [frame for fault in faults for frame in fault.frames]
        back = case.back_at
        late = back is not None and case.after(back) > SETTLED_NS
        hurts = any(fault.hurts for fault in faults) or case.cut_off or case.reachability.answer == "no" or late
        ends = [fault.over for fault in faults]
        over = max((end for end in ends if end is not None), default=None) if None not in ends else None
        latency = case.after(over) if over is not None else None
        evidence = sighted([*frames, *seen])
        return result(name, "no" if hurts else "undecided", f"{because} ({head})", evidence, latency)
    if case.cut_off:
        because = f"{head}; yet {case.without_answer}"
        return result(name, "undecided", because, sighted(seen))
    if case.reachability.answer == "yes":
        because = f"{head}; the guest's traffic goes on from its new place"
        reached = answered_again(case)
        if reached is None:
            return result(name, "yes", because, sighted(seen))
        evidence = sighted([*seen, *reached.frames])
        return result(name, "yes", f"{because}, {reached.words(case)}", evidence, case.after(reached.ts))
    return result(name, "undecided", f"{head}; {case.reachability.because}", sighted(seen))


def _gateway(case: Case) -> _Gateway | None:
    """Which address that the guest's frames go to has one MAC in its old domain and another in its new one?"""
    olds = [view for view in case.views if view.role == "domain:source"]
    news = [view for view in case.views if view.role == "domain:destination"]
    for old in olds:
        used = _macs_used(old, case, until=on_point(old, case.moment))
        before = _claims(old, case, on_point(old, case.moment))
        for new in news:
            after = _claims(new, case, None)
            for address in sorted(before.keys() & after.keys()):
                mine = {mac: frame for mac, frame in before[address].items() if mac in used}
                theirs = {mac: frame for mac, frame in after[address].items() if mac not in before[address]}
                if not mine or not theirs:
                    continue
                frames = (min(mine.values()), min(theirs.values()))
                return _Gateway(address, frozenset(mine), frozenset(theirs), (old, new), frames)
    return None


def _macs_used(view: PointView, case: Case, until: int) -> set[int]:
    """To which MACs did the guest send before that time?"""
    j = view.journal
    mine = (j.eth_src == np.uint64(case.guest.mac)) & (j.ts_ns < until) & ((j.eth_dst & GROUP_BIT) == 0)
    return {int(mac) for mac in np.unique(j.eth_dst[mine])} - {NO_MAC}


def _claims(view: PointView, case: Case, end: int | None) -> dict[Address, dict[int, int]]:
    """Who claims which address there: by address, each MAC with its first frame. Not the guest, nor GLBP's gateways."""
    rows = view.arps
    told = np.isin(rows.kind, TELLING) & (rows.sender_mac != np.uint64(case.guest.mac)) & (rows.sender_low != 0)
    told &= (rows.sender_mac & np.uint64(0xFFFF_FF00_0000)) != np.uint64(GLBP_MACS)
    if end is not None:
        told &= rows.ts_ns < end
    found: dict[Address, dict[int, int]] = {}
    for row in np.flatnonzero(told).tolist():
        address = (int(rows.sender_high[row]), int(rows.sender_low[row]))
        if address not in case.guest.ips:
            found.setdefault(address, {}).setdefault(int(rows.sender_mac[row]), int(rows.frame[row]))
    return found


def _hidden_at(case: Case) -> PointView | None:
    """
    At which point between the sites does traffic pass, but never with the guest's address?

    None where its packets are seen with it behind a router: nothing translates them, that point is off their path.
    """
    if any(_is_routed_at(view, case) for view in case.views if view.role in OUTSIDE):
        return None
    for view in case.views:
        if view.role == "wan" and view.journal_complete and not view.left_out:
            j, frames = view.journal, frames_of(view, case.guest)
            others = j.ip_version != 0
            busy = [(others & ((j.ts_ns < on_point(view, case.moment)) == early)).any() for early in (True, False)]
            if all(busy) and not len(frames.sent_ip) and not len(frames.asked):
                return view
    return None


def _is_routed_at(view: PointView, case: Case) -> bool:
    """Do the guest's packets pass there under its own address, but from another MAC?"""
    rows = frames_of(view, case.guest).sent_ip
    return bool((view.journal.eth_src[rows] != np.uint64(case.guest.mac)).any())


# faults


def _faults(case: Case, gateway: _Gateway | None, translation: Translation | None) -> list[_Fault]:
    known = [*case.guest.ips, *([translation.outside] if translation is not None else [])]
    found = (
        _stale_gateway(case, gateway) if gateway is not None else None,
        _resets(case, known),
        _unreachable(case, known),
        _touching(case, gateway) if gateway is not None else None,
    )
    return [fault for fault in found if fault is not None]


def _stale_gateway(case: Case, gateway: _Gateway) -> _Fault | None:
    """Did the guest go on sending to the MAC that the gateway had at its old place?"""
    view = gateway.at[1]
    j, when = view.journal, on_point(view, case.moment)
    mine = (j.eth_src == np.uint64(case.guest.mac)) & (j.ts_ns > when)
    stale = np.flatnonzero(mine & np.isin(j.eth_dst, np.array(sorted(gateway.old), np.uint64)))
    if len(stale) < LEAST_STALE or j.ts_ns[stale[-1]] - when < SETTLED_NS:
        return None
    answered = np.isin(j.eth_src, np.array(sorted(gateway.old), np.uint64)) & (j.ts_ns > when)
    if answered.any():
        return None  # that MAC lives here too
    fresh = np.flatnonzero(mine & np.isin(j.eth_dst, np.array(sorted(gateway.new), np.uint64)))
    old = ", ".join(str(mac_text(mac)) for mac in sorted(gateway.old))
    because = (
        f"the guest sent {count_of(len(stale), 'packet')} to {old}, its gateway's MAC at the old site, until "
        f"{since(int(j.ts_ns[stale[-1]]) - when)}: its ARP entry was stale"
    )
    frames = [(view, int(j.frame[stale[0]])), (view, int(j.frame[stale[-1]]))]
    fresh = fresh[j.ts_ns[fresh] > j.ts_ns[stale[-1]]]
    if not len(fresh):
        return _Fault(because, tuple(frames))
    then = int(fresh[np.argmin(j.ts_ns[fresh])])
    ts = on_reference(view, int(j.ts_ns[then]))
    because += f", then it sent to {mac_text(int(j.eth_dst[then]))} {since(case.after(ts))}"
    return _Fault(because, (*frames, (view, int(j.frame[then]))), over=ts)


def _resets(case: Case, addresses: Sequence[Address]) -> _Fault | None:
    """Did somebody between reset connections that stood before the move: with a TTL that is not the end's own?"""
    for view in case.views:
        j, when = view.journal, on_point(view, case.moment)
        about = _of_addresses(j, addresses) & (j.ip_protocol == IP_TCP)
        resets = np.flatnonzero(about & (j.tcp_flags & TCP_RST != 0) & (j.ts_ns > when))
        strange = [row for row in resets.tolist()[:1000] if _is_strange(j, row, about, when)]
        if strange:
            ttls = sorted({int(j.ttl[row]) for row in strange})
            row = strange[0]
            ends = (j.src_high, j.src_low, j.src_port, j.dst_high, j.dst_low, j.dst_port)
            denied = {frozenset((end[:3], end[3:])) for end in zip(*(c[strange].tolist() for c in ends), strict=True)}
            because = (
                f"at {view.name} {count_of(len(denied), 'connection')} of before got a reset with TTL "
                f"{', '.join(map(str, ttls))}, which is not its end's: a box between the two had no state for it"
            )
            return _Fault(because, ((view, int(j.frame[row])),))
    return None


def _of_addresses(j: JournalColumns, addresses: Sequence[Address]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(j.rows, np.bool_)
    for high, low in addresses:
        mask |= (j.src_high == np.uint64(high)) & (j.src_low == np.uint64(low))
        mask |= (j.dst_high == np.uint64(high)) & (j.dst_low == np.uint64(low))
    return mask


def _is_strange(j: JournalColumns, row: int, about: npt.NDArray[np.bool_], when: int) -> bool:
    """Is this reset of a connection that stood before, and has its sender another TTL in all else?"""
    same = about & (j.src_low == j.src_low[row]) & (j.dst_low == j.dst_low[row])
    same &= (j.src_port == j.src_port[row]) & (j.dst_port == j.dst_port[row]) & (j.tcp_flags & TCP_RST == 0)
    usual = np.unique(j.ttl[same])
    before = bool((same & (j.ts_ns < when)).any())
    return before and len(usual) == 1 and int(usual[0]) != int(j.ttl[row])


def _unreachable(case: Case, addresses: Sequence[Address]) -> _Fault | None:
    """Did a box between the two say that packets for the guest lead nowhere?"""
    names = {ip_text(*one) for one in addresses}
    for view in case.views:
        when = on_point(view, case.moment)
        errors = [
            e
            for e in view.complaints.errors
            if e.version == 4
            and e.kind == ICMP_UNREACHABLE
            and e.code != ICMP_TOO_BIG  # another matter
            and e.ts_ns > when
            and e.target in names
            and e.sender not in names
        ]
        if len(errors) >= LEAST_STALE or (errors and case.cut_off):
            first = errors[0]
            because = (
                f"at {view.name} {first.sender} says that {first.target} is unreachable (ICMP 3/{first.code}), "
                f"{count_of(len(errors), 'time')} from {since(first.ts_ns - when)} on"
            )
            return _Fault(because, ((view, first.frame), (view, errors[-1].frame)))
    return None


def _touching(case: Case, gateway: _Gateway) -> _Fault | None:
    """Do the two domains touch: is the gateway's, or the guest's, address claimed by both in one segment?"""
    for view in case.views:
        rows = view.arps
        high, low = gateway.address
        mine = np.isin(rows.kind, TELLING) & (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
        for key in np.unique(rows.segment_key[mine]):
            here = np.flatnonzero(mine & (rows.segment_key == key))
            macs = {int(mac) for mac in np.unique(rows.sender_mac[here])}
            if macs & gateway.old and macs & gateway.new:
                row = int(here[-1])
                because = f"the two domains touch: at {view.name} both gateways claim {ip_text(high, low)}"
                frames = ((view, int(rows.frame[here[0]])), (view, int(rows.frame[row])))
                return _Fault(because, frames, hurts=False)
    conflict = find_duplicate_address(case.guest, case.views, case.moment)
    if conflict.found:
        view = next(v for v in case.views if v.name == conflict.point)
        claims = tuple((view, frame) for frame in conflict.frames[:2])
        return _Fault(f"the two domains touch: {conflict.because}", claims, hurts=False)
    return None
