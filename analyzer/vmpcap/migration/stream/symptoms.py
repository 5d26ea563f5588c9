"""Signs that the stream's way is not what somebody meant: wrong masks, other routers, redirects, firewalls."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.complaints import Complaint
from vmpcap.measures.connections import Side
from vmpcap.measures.whose import is_one_mac
from vmpcap.migration.path_results import NextHop, Symptom, Unreachable
from vmpcap.migration.stream.ends import at_end
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.stream.next_hops import WAYS
from vmpcap.migration.stream.strange_resets import strange_resets
from vmpcap.migration.stream.two_cards import find_other_senders
from vmpcap.terms.addresses import NOBODYS_MACS, USUAL_PREFIX, ip_halves, mac_text
from vmpcap.terms.host_ports import MANAGEMENT
from vmpcap.terms.units import count_of
from vmpcap.terms.wire import IP_TCP

MOST_FRAMES: Final = 100
MEANINGS: Final[dict[tuple[int, int, int], str]] = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "too big, and not to be cut",
    (4, 3, 9): "network prohibited",
    (4, 3, 10): "host prohibited",
    (4, 3, 13): "prohibited by a filter",
    (4, 11, 0): "TTL ran out on the way",
    (4, 11, 1): "a part never came",
    (6, 1, 0): "no route",
    (6, 1, 1): "prohibited by a filter",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 2, 0): "too big",
    (6, 3, 0): "hop limit ran out on the way",
}
"""By IP version, type and code (RFC 792, RFC 1812 5.2.7.1, RFC 4443)."""
REDIRECT: Final = (4, 5)


def find_unreachables(move: Move) -> list[Unreachable]:
    """Who said that packets of the stream could not go on, and why?"""
    found = []
    for sighting in move.sightings:
        groups: dict[tuple[str, int, int, int], list[Complaint]] = {}
        for error in _errors(sighting):
            if (error.version, error.kind) != REDIRECT:
                groups.setdefault((error.sender, error.version, error.kind, error.code), []).append(error)
        for (sender, version, kind, code), errors in groups.items():
            found.append(
                Unreachable(
                    point=sighting.view.name,
                    sender=sender,
                    kind=kind,
                    code=code,
                    meaning=MEANINGS.get((version, kind, code), f"ICMP type {kind}, code {code}"),
                    mtu=min((e.mtu for e in errors if e.mtu), default=None),
                    count=len(errors),
                    frames=[e.frame for e in errors[:MOST_FRAMES]],
                )
            )
    return found


def _errors(sighting: Sighting) -> Iterator[Complaint]:
    """Errors about packets of the stream: by its ports, where enough is quoted to see them."""
    transfer = sighting.transfer
    ports = {frozenset((link.connection.a_port, link.connection.b_port)) for link in transfer.links}
    for error in sighting.view.complaints.about(transfer.source, transfer.destination):
        quoted = frozenset((error.source_port, error.target_port))
        if error.protocol == IP_TCP and (quoted == {0} or quoted in ports):
            yield error


def find_symptoms(move: Move, next_hops: Sequence[NextHop], hops: Mapping[str, int | None]) -> list[Symptom]:
    """What about the stream's way is often meant otherwise?"""
    return [
        *_on_link_but_routed(move, next_hops, hops),
        *_returns_by_another(next_hops, hops),
        *_redirected(move),
        *_one_way(move),
        *_reset_between(move),
        *find_other_senders(move),
        *_beside_management(move, next_hops),
    ]


def _on_link_but_routed(move: Move, next_hops: Sequence[NextHop], hops: Mapping[str, int | None]) -> Iterator[Symptom]:
    """Does a host take the other for a neighbour, though a router lies between?"""
    one, other = (ipaddress.ip_address(a) for a in (move.best.transfer.source, move.best.transfer.destination))
    length = USUAL_PREFIX[one.version]
    alike = one.version == other.version and other in ipaddress.ip_network(f"{one}/{length}", strict=False)
    for hop in next_hops:
        is_router = hop.kind not in ("peer", "unknown") or bool(hops[hop.direction])
        if not is_router:
            continue
        peer = move.best.transfer.destination if hop.direction == "to_destination" else move.best.transfer.source
        if hop.arp == "peer" or hop.address == peer:
            because = f"ARP gives {hop.mac} for {peer} itself, but it is no host: {hop.because}"
        elif alike:
            because = (
                f"both addresses are in one /{length}, but the packets go to {hop.mac}: {hop.because}"
                " (no fault where the subnets are smaller)"
            )
        else:
            continue
        yield Symptom(name="proxy_arp_or_wrong_mask", because=because, point=hop.point)


def _returns_by_another(next_hops: Sequence[NextHop], hops: Mapping[str, int | None]) -> Iterator[Symptom]:
    """Do packets come back from another router than they are handed to? Who has a virtual MAC answers from its own."""
    for hop in next_hops:
        if hop.kind == "router" and hop.returns_from not in (None, hop.mac) and hops[hop.direction]:
            because = f"packets are handed to {hop.mac}, and those of the other host come from {hop.returns_from}"
            yield Symptom(name="returns_by_another_router", because=because, point=hop.point)


def _redirected(move: Move) -> Iterator[Symptom]:
    """Did a router say that a better one stands on the segment?"""
    for sighting in move.sightings:
        found = [e for e in _errors(sighting) if (e.version, e.kind) == REDIRECT]
        if found:
            first = found[0]
            because = f"{first.sender} said {count_of(len(found), 'time')} that {first.gateway} is the better way"
            frames = [e.frame for e in found[:MOST_FRAMES]]
            yield Symptom(name="redirected", because=because, point=sighting.view.name, frames=frames)


def _one_way(move: Move) -> Iterator[Symptom]:
    """Does one direction not pass where the other does?"""
    for sighting in move.sightings:
        view = sighting.view
        for link in sighting.transfer.links:
            asking, asked = (link.data, link.back) if link.data.syn_ts is not None else (link.back, link.data)
            others = [s for s in move.sightings if s is not sighting]
            seen = any(_packets(s, link.key, asked is link.data) for s in others)
            if asking.syn_ts is None or asked.packets:
                continue
            if seen:
                because = f"only one direction passes {view.name}; the other is seen at another point"
                name = "one_direction_only"
            elif _went_on(asking):
                because = (
                    f"{view.name} shows one direction only: the SYN was answered, for data or a FIN came after it, but"
                    " no answer is in view"
                )
                name = "one_direction_only"
            elif view.role == "destination" and asking is link.data:
                because, name = f"the SYN came to {view.name}, and nothing of an answer left there", "unanswered_syn"
            else:
                because, name = f"nothing answered the SYN at {view.name}", "unanswered_syn"
            frames = [asking.syn_frame] if asking.syn_frame is not None else []
            yield Symptom(name=name, because=because, point=view.name, frames=frames)


def _went_on(asking: Side) -> bool:
    """Did this side send what a TCP sends only once its SYN was answered? Data in the SYN itself is none of it."""
    later = asking.last_data_ts is not None and asking.syn_ts is not None and asking.last_data_ts > asking.syn_ts
    return later or asking.fin_ts is not None


def _packets(sighting: Sighting, key: tuple[object, ...], is_data: bool) -> int:
    return sum((k.data if is_data else k.back).packets for k in sighting.transfer.links if k.key == key)


def _reset_between(move: Move) -> Iterator[Symptom]:
    """Did somebody between the hosts reset the stream in the name of one of them?"""
    for sighting in move.sightings:
        for reset in strange_resets(sighting):
            whom = sighting.transfer.source if reset.forward else sighting.transfer.destination
            because = f"a reset in the name of {whom} came with TTL {reset.ttl}, all else of it with {reset.usual}"
            yield Symptom(name="reset_by_another", because=because, point=sighting.view.name, frames=[reset.frame])


def _beside_management(move: Move, next_hops: Sequence[NextHop]) -> Iterator[Symptom]:
    """How do the next hop and the VLAN of a host's management stand to those of its stream, at the point beside it?"""
    for hop in next_hops:
        way = next(w for w in WAYS if w.direction == hop.direction)
        sighting = next(s for s in at_end(move, way.sender) if s.view.name == hop.point)
        journal = sighting.view.journal
        rows = _management_rows(sighting, way.sender == "source")
        if not len(rows) or hop.kind in ("peer", "unknown"):
            continue
        macs = {mac_text(int(mac)) for mac in np.unique(journal.eth_dst[rows])}
        frames = [int(f) for f in journal.frame[rows[:MOST_FRAMES]]]
        if hop.mac not in macs:
            told = ", ".join(sorted(m for m in macs if m)[:3])
            because = f"the next hop of the stream is {hop.mac}, that of the host's management {told}"
            yield Symptom(name="next_hop_of_its_own", because=because, point=hop.point, frames=frames)
        else:
            because = f"the stream and the host's management have one next hop, {hop.mac}"
            yield Symptom(name="next_hop_shared", because=because, point=hop.point, frames=frames)
        tags = {int(t) for t in np.unique(journal.vlan_outer_id[rows])}
        own = {link.connection.vlan_outer_id for link in sighting.transfer.links}
        if own.isdisjoint(tags) and max(own) >= 0:
            because = f"the stream has VLAN {max(own)} for itself, and packets in it go to a router, {hop.mac}"
            yield Symptom(name="separate_vlan_is_routed", because=because, point=hop.point)


def _management_rows(sighting: Sighting, is_source: bool) -> npt.NDArray[np.int64]:
    """Frames of management that this host sent to a station: from its stream's address or card."""
    journal, transfer = sighting.view.journal, sighting.transfer
    host = transfer.source if is_source else transfer.destination
    sides = [link.data if is_source else link.back for link in transfer.links]
    high, low = ip_halves(host)
    own = (journal.src_high == np.uint64(high)) & (journal.src_low == np.uint64(low))
    macs = {s.first_eth_src for s in sides} - NOBODYS_MACS
    own |= is_one_mac(journal.eth_src, macs)
    peer_high, peer_low = ip_halves(transfer.destination if is_source else transfer.source)
    elsewhere = (journal.dst_high != np.uint64(peer_high)) | (journal.dst_low != np.uint64(peer_low))
    rows: npt.NDArray[np.int64] = np.flatnonzero(own & elsewhere & (journal.ip_protocol == IP_TCP))
    rows = rows[np.isin(journal.src_port[rows], MANAGEMENT) | np.isin(journal.dst_port[rows], MANAGEMENT)]
    return rows
