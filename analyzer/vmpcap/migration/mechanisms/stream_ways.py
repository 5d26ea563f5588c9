"""Ways of the stream that somebody chose for it: a next hop or a VLAN of its own, labels (domain notes 4.3, 4.4)."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.migration.mechanisms.case import Case, result, sighted
from vmpcap.migration.mechanisms.hosts import Spoken, management_of, was_routed
from vmpcap.migration.mechanisms.tunnels import judge_labels
from vmpcap.migration.mechanisms.ways import by_end
from vmpcap.migration.path_results import NextHop
from vmpcap.migration.results import Mechanism, Path
from vmpcap.migration.stream.ends import End, at_end
from vmpcap.migration.stream.moves import Sighting
from vmpcap.migration.stream.transfers import Link
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import USUAL_PREFIX, mac_text
from vmpcap.terms.wire import ICMP_TOO_BIG, ICMP_UNREACHABLE

ENDS: Final[tuple[End, ...]] = ("source", "destination")
DIRECTION_OF: Final = {"source": "to_destination", "destination": "to_source"}
ON_LINK: Final = ("peer", "unknown")
"""Kinds of next hop that are no router for sure."""
TWO_ROUTERS: Final = 2
NOT_ON_THE_WIRE: Final = "whether by a static route, a TCP/IP stack or a gateway of its own is not on the wire"


@dataclass(frozen=True, slots=True)
class _Ways:
    """Whom one host hands its stream to, and whom its management."""

    end: End
    hop: NextHop
    management: dict[str, Spoken]
    """By the MAC of the next hop, one connection that shows it."""

    @property
    def is_own(self) -> bool:
        return self.hop.mac not in self.management


def judge_static_route(case: Case, name: str) -> Mechanism | None:
    """Does the stream take another router than the host's management, from both hosts?"""
    ways = [found for end in ENDS if (found := _ways_of(case, end)) is not None]
    if not any(one.is_own for one in ways) or _needs_no_route(case):
        return None
    told = "; ".join(_tell(one) for one in ways)
    seen = sighted([*_of_stream(case, ways), *(_first(s) for one in ways for s in one.management.values())])
    shared = [one for one in ways if not one.is_own]
    back = [one for one in ways if one.is_own and one.hop.kind == "router" and one.hop.returns_from in one.management]
    if shared:
        because = f"{told}: only one of the hosts has a way of its own for the stream, the other direction has not"
        return result(name, "no", because, seen)
    if back:
        because = f"{told}; what comes back arrives from {back[0].hop.returns_from}, the router of management"
        return result(name, "no", f"{because}: the other host has no such route", seen)
    return result(name, *by_end(case, f"{told}; {NOT_ON_THE_WIRE}"), seen)


def _needs_no_route(case: Case) -> bool:
    """
    Are the hosts one subnet's, as far as their addresses and the packets tell?

    Then no route is asked where the other is: a router that takes their frames nevertheless (proxy ARP) is no way that
    somebody chose.
    """
    transfer = case.move.best.transfer if case.move is not None else None
    return transfer is not None and is_one_subnet(transfer.source, transfer.destination) and not _are_apart(case.path)


def _are_apart(path: Path) -> bool:
    """
    Do the packets show two subnets, whatever the addresses look like?

    Who asks by ARP for the other host takes it for a neighbour; who asks for a router does not. Where nobody is seen to
    ask, two routers on the way, each host handing to its own, lie between two links.
    """
    hops = [hop for hop in path.next_hops if hop.kind not in ON_LINK]
    if any(hop.arp != "none" for hop in hops):
        return all(hop.arp != "peer" for hop in hops)
    lowered = max(path.hops_source_to_destination or 0, path.hops_destination_to_source or 0)
    return lowered >= TWO_ROUTERS and len({hop.mac for hop in hops}) >= TWO_ROUTERS


def _ways_of(case: Case, end: End) -> _Ways | None:
    """Both next hops of the host at this end; None where one of them is no router for sure."""
    hop = next((h for h in case.path.next_hops if h.direction == DIRECTION_OF[end]), None)
    if hop is None or hop.kind in ON_LINK:
        return None
    by_mac: dict[str, Spoken] = {}
    for spoken in management_of(case, end):
        if was_routed(spoken.other) or (not spoken.other.packets and _is_elsewhere(spoken)):
            by_mac.setdefault(mac_text(spoken.own.first_eth_dst) or "", spoken)
    by_mac.pop("", None)
    return _Ways(end, hop, by_mac) if by_mac else None


def _is_elsewhere(spoken: Spoken) -> bool:
    """Is the other's address in another subnet, as most masks are?"""
    return not is_one_subnet(spoken.address, spoken.peer)


def is_one_subnet(one: str, other: str) -> bool:
    """
    Do two addresses look like one subnet's?

    >>> is_one_subnet("10.10.1.11", "10.10.1.12"), is_one_subnet("10.10.1.11", "10.10.2.12")
    (True, False)
    """
    here, there = ipaddress.ip_address(one), ipaddress.ip_address(other)
    if here.version != there.version:
        return False
    return there in ipaddress.ip_network(f"{here}/{USUAL_PREFIX[here.version]}", strict=False)


def _tell(one: _Ways) -> str:
    macs = " and ".join(sorted(one.management)[:3])
    spoken = next(iter(one.management.values()))
    at = f"at {one.hop.point} the {one.end} host hands"
    if one.is_own:
        return f"{at} the stream to {one.hop.mac}, its management ({spoken.address}) to {macs}"
    return f"{at} both to {one.hop.mac}"


def _of_stream(case: Case, ways: Sequence[_Ways]) -> list[tuple[PointView, int]]:
    """The stream's first frames at the points beside these hosts."""
    if case.move is None:
        return []
    points = {one.hop.point for one in ways}
    return [(s.view, s.transfer.links[0].connection.first_frame) for s in case.move.sightings if s.view.name in points]


def _first(spoken: Spoken) -> tuple[PointView, int]:
    return spoken.view, spoken.connection.first_frame


def judge_separate_vlan(case: Case, name: str) -> Mechanism | None:
    """Does the stream cross a VLAN that management is not in, without any router?"""
    if case.move is None:
        return None
    apart: list[tuple[str, int, Spoken]] = []
    tags: dict[End, set[int]] = {}
    seen: list[tuple[PointView, int]] = []
    for end in ENDS:
        management = management_of(case, end)
        for sighting in at_end(case.move, end):
            own = {link.connection.vlan_outer_id for link in sighting.transfer.links}
            tags.setdefault(end, set()).update(own)
            others = [s for s in management if s.view is sighting.view]
            theirs = {s.connection.vlan_outer_id for s in others}
            if max(own) > 0 and theirs and own.isdisjoint(theirs):
                apart.append((sighting.view.name, max(own), others[0]))
                seen += [(sighting.view, sighting.transfer.links[0].connection.first_frame), _first(others[0])]
    if not apart:
        return None
    point, tag, other = apart[0]
    theirs_text = "untagged" if other.connection.vlan_outer_id <= 0 else f"in VLAN {other.connection.vlan_outer_id}"
    because = f"at {point} the stream is in VLAN {tag}, the host's management ({other.address}) {theirs_text}"
    transfer = case.move.best.transfer
    routers = [hop for hop in case.path.next_hops if hop.kind not in ON_LINK]
    if case.path.word == "routed" or routers:
        is_one = is_one_subnet(transfer.source, transfer.destination) and not _are_apart(case.path)
        if not is_one or (len(tags) > 1 and not set.intersection(*tags.values())):
            return None  # a routed way by intent: each host has a VLAN of its own
        how = f"its next hop is {routers[0].mac} ({routers[0].because})" if routers else case.path.because
        both = f"though {transfer.source} and {transfer.destination} look like one subnet"
        return result(name, "no", f"{because}, but somebody routes in it: {how}, {both}", sighted(seen))
    if case.path.word != "adjacent":
        return result(name, "undecided", f"{because}; {case.path.because}", sighted(seen))
    return result(name, *by_end(case, f"{because}, and no router lies on its way"), sighted(seen))


def labels_around(case: Case) -> tuple[Sighting, Link] | None:
    """Where do labels carry the stream? The first such connection, None without."""
    if case.move is None:
        return None
    found = ((sighting, link) for sighting in case.move.sightings for link in sighting.transfer.links)
    return next((one for one in found if "mpls" in one[1].connection.encapsulation.split("/")), None)


def judge_mpls(case: Case, name: str) -> Mechanism | None:
    """Did the stream come through where labels carry it?"""
    if case.move is None:
        return judge_labels(case, name)
    labelled = labels_around(case)
    if labelled is None:
        return judge_labels(case, name)
    sighting, link = labelled
    because = f"at {sighting.view.name} MPLS labels carry the stream ({link.connection.encapsulation})"
    if any(u.kind == ICMP_UNREACHABLE and u.code == ICMP_TOO_BIG for u in case.path.unreachables):
        because += "; somebody on the way said that its packets are too big"
    seen = sighted([(sighting.view, link.connection.first_frame)])
    return result(name, *by_end(case, because), seen)
