"""Signs that the stream's way is not what somebody meant, and that nothing is said without them."""

from dataclasses import replace
from typing import Any

import numpy as np

from tests.migration.make import journal, side, stream, view
from tests.migration.test_next_hops import (
    ANSWER,
    ASK,
    BACK,
    HSRP,
    PEER,
    ROUTER,
    SOURCE,
    asked,
    at_destination,
    at_source,
    path_of,
)
from vmpcap.announcements.complaints import Complaint, ComplaintLog, Reset
from vmpcap.migration.results import Path
from vmpcap.terms.addresses import mac_number

HOSTS = ("10.10.1.11", "10.10.1.12")
FAR = {"addresses": {"b_ip": "10.10.2.12"}}


def names(path: Path) -> list[str]:
    return [symptom.name for symptom in path.symptoms]


def error(kind: int, code: int, frame: int = 7, **more: Any) -> Complaint:
    """An ICMP error of the router about a packet of the stream."""
    known: dict[str, Any] = {"mtu": 0, "gateway": "", "protocol": 6, "source_port": 50000, "target_port": 8000}
    known |= {"source": HOSTS[0], "target": HOSTS[1], "sender": "10.10.1.1", "version": 4} | more
    return Complaint(frame=frame, ts_ns=0, eth_src=ROUTER, kind=kind, code=code, **known)


def test_a_host_that_asks_for_the_peer_and_gets_a_router_has_a_wrong_mask_or_a_proxy() -> None:
    """ARP gives the router's MAC for an address that is beyond it."""
    rows = asked((-9, ASK, SOURCE, HOSTS[0], "10.10.2.12"), (-8, ANSWER, ROUTER, "10.10.2.12", HOSTS[0]))
    path = path_of(at_source((64, 63), HSRP, ROUTER, arps=rows, **FAR))
    assert names(path) == ["proxy_arp_or_wrong_mask"]
    assert names(path_of(at_source((64, 63), HSRP, ROUTER, **FAR))) == []


def test_neighbours_by_their_addresses_do_not_go_to_a_gateway() -> None:
    """Both in one /24, handed to a virtual MAC: it is said; handed to the peer it is as it should be."""
    assert names(path_of(at_source((64, 63), HSRP, ROUTER))) == ["proxy_arp_or_wrong_mask"]
    assert names(path_of(at_source((64, 64), PEER, PEER), at_destination((64, 64), SOURCE, SOURCE))) == []


def test_answers_from_another_router_than_the_next_hop_are_named() -> None:
    """Two real MACs; a shared gateway always answers from its router's own MAC, and is no symptom."""
    other = at_source((64, 63), ROUTER, BACK, **FAR)
    far = at_destination((63, 64), BACK, BACK)
    far = replace(far, streams=(replace(far.streams[0], b_ip="10.10.2.12"),))
    assert names(path_of(other, far)) == ["returns_by_another_router"]
    assert names(path_of(at_source((64, 63), HSRP, BACK, **FAR), far)) == []


def test_redirects_about_the_stream_are_told_with_the_better_router() -> None:
    """One about other hosts is none of ours; nor are redirects unreachables."""
    log = ComplaintLog([error(5, 1, gateway="10.10.1.2"), error(5, 1, frame=9, source="10.1.1.1", gateway="10.10.1.3")])
    path = path_of(at_source((64, 64), PEER, PEER, complaints=log))
    (symptom,) = path.symptoms
    assert (symptom.name, symptom.frames) == ("redirected", [7])
    assert "10.10.1.2" in symptom.because
    assert path.unreachables == []


def test_unreachables_are_gathered_by_sender_and_code() -> None:
    """With the smallest MTU that was told; errors about other ports of the same hosts are left out."""
    errors = [error(3, 4, 5, mtu=1400), error(3, 4, 6, mtu=1300), error(3, 13, 8), error(3, 1, 9, target_port=443)]
    found = path_of(at_source((64, 64), PEER, PEER, complaints=ComplaintLog(errors))).unreachables
    assert [(u.kind, u.code, u.mtu, u.count, u.frames) for u in found] == [
        (3, 4, 1300, 2, [5, 6]),
        (3, 13, None, 1, [8]),
    ]
    assert found[1].meaning == "prohibited by a filter"


def test_a_reset_with_a_ttl_of_its_own_is_somebody_elses_and_no_router() -> None:
    """The hosts stay neighbours; a reset that came as all else did is the host's own."""
    made = at_source((64, 64), PEER, PEER)
    back = replace(made.streams[0].sides[1], ttl_max=255, packets=9)
    connection = replace(made.streams[0], sides=(made.streams[0].sides[0], back))
    log = ComplaintLog(resets=[Reset(44, 0, ROUTER, HOSTS[1], 8000, HOSTS[0], 50000, 255)])
    path = path_of(replace(made, streams=(connection,), complaints=log))
    (symptom,) = path.symptoms
    assert (symptom.name, symptom.frames) == ("reset_by_another", [44])
    assert (path.word, path.hops_destination_to_source) == ("adjacent", 0)
    own = ComplaintLog(resets=[replace(log.resets[0], ttl=64)])
    assert names(path_of(replace(made, complaints=own))) == []


def test_a_syn_that_arrives_and_is_not_answered_there_is_a_one_way_handshake() -> None:
    """At the destination's own point nothing leaves."""
    asking = side(packets=3, syn_ts=0, syn_frame=4, mss=1460, ttl_min=64, ttl_max=64)
    attempt = stream(a=asking, b=side(), size=0)
    path = path_of(view("dst", "destination", streams=(attempt,)))
    (symptom,) = path.symptoms
    assert (symptom.name, symptom.point, symptom.frames) == ("unanswered_syn", "dst", [4])


def test_a_direction_that_passes_elsewhere_is_told_from_one_that_never_was() -> None:
    """The link between the sites shows one direction, the source both."""
    whole = at_source((64, 64), PEER, PEER)
    half = replace(whole.streams[0], sides=(whole.streams[0].sides[0], side()))
    path = path_of(whole, view("wan", "wan", streams=(half,)))
    assert [(s.name, s.point) for s in path.symptoms] == [("one_direction_only", "wan")]


def management(to: int, port: int = 902, vlan: int = -1) -> Any:
    """A packet of the host's management to another station."""
    rows = journal((0, SOURCE, to, HOSTS[0], "10.20.0.9"))
    ports, tcp = np.array([port], np.uint16), np.array([6], np.uint8)
    return rows._replace(dst_port=ports, ip_protocol=tcp, vlan_outer_id=np.array([vlan], np.int32))


def test_a_next_hop_of_its_own_is_what_a_static_route_looks_like() -> None:
    """Management goes by another router than the stream; by the same one that is said as well."""
    views = [at_source((64, 63), ROUTER, ROUTER, journal=management(to), **FAR) for to in (BACK, ROUTER)]
    assert [names(path_of(v)) for v in views] == [[], []]  # alone, the source's point does not show a router
    shared = mac_number("00:00:5e:00:01:01")
    views = [at_source((64, 63), shared, ROUTER, journal=management(to), **FAR) for to in (BACK, shared)]
    assert [names(path_of(v)) for v in views] == [["next_hop_of_its_own"], ["next_hop_shared"]]
    plain = at_source((64, 63), shared, ROUTER, journal=management(BACK, port=80), **FAR)
    assert names(path_of(plain)) == []


def test_a_vlan_for_the_stream_alone_that_is_routed_is_said() -> None:
    """It was meant to lead nowhere else."""
    tagged = {"b_ip": "10.10.2.12", "vlan_outer_id": 50}
    made = at_source((64, 63), HSRP, ROUTER, addresses=tagged, journal=management(ROUTER, vlan=10))
    assert names(path_of(made)) == ["next_hop_of_its_own", "separate_vlan_is_routed"]
    same = at_source((64, 63), HSRP, ROUTER, addresses=tagged, journal=management(ROUTER, vlan=50))
    assert names(path_of(same)) == ["next_hop_of_its_own"]
