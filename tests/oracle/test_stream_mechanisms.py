"""Made migrations of the stream's side, end to end: the report names the mechanism, tshark reads the same frames."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

import vmpcap
from tests.migration.moving import (
    AT_DESTINATION,
    AT_SOURCE,
    BEGIN,
    CARD_A,
    CARD_B,
    GUEST,
    GUEST_IP,
    HOST_A,
    HOST_B,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    PEER,
    PEER_IP,
    ROUTER_A,
    ROUTER_B,
    STREAM_S,
    Scene,
    Service,
    Way,
    add_announcement,
    add_pings,
    add_service,
    add_stream,
    every,
)
from tests.tshark import needs_tshark, tshark_fields
from vmpcap.decode.tunnelled import MOST_PAIRS

ROLES = {
    "src": "source",
    "dst": "destination",
    "wan": "wan",
    "dom-a": "domain:source",
    "dom-b": "domain:destination",
}
VCENTER = "10.50.0.5"
OTHER_A, OTHER_B = "02:00:00:00:02:0a", "02:00:00:00:02:0b"
"""Routers that a static route leads to."""
BOX_A, BOX_B = "192.0.2.1", "198.51.100.1"
"""Ends of tunnels."""
OUTER = {"src": "02:00:00:00:0e:0a", "dst": "02:00:00:00:0e:0b"}


def mechanisms(scene: Scene, folder: Path) -> dict[str, Any]:
    """What does the report say of each mechanism of the only guest?"""
    files = scene.write(folder)
    found = vmpcap.report(files, roles={point: ROLES[point] for point in files})
    ((guest,),) = [m.guests for m in found.migrations]
    return {m.name: m for m in guest.mechanisms}


def told(scene: Scene, folder: Path) -> Mapping[str, str]:
    """Name and answer of each."""
    return {name: m.worked for name, m in mechanisms(scene, folder).items()}


def moved(*ways: Way, **known: Any) -> Scene:
    """A guest that moved and is reached, seen by the hosts' NICs and in its domain."""
    scene = Scene()
    add_stream(scene, ways or (AT_SOURCE, AT_DESTINATION), **known)
    add_announcement(scene, "dom-b")
    add_pings(scene, "dom-b")
    return scene


def via(way: Way, router: str) -> Way:
    """The same, handed to another router."""
    card = CARD_A if way.point == "src" else CARD_B
    out, back = (card, router), (router, card)
    macs = (out, back) if way.point == "src" else (back, out)
    return Way(way.point, *macs, way.ttl, way.back_ttl, way.tag, way.wrap, way.late_s)


MANAGED_A = Service(HOST_A, CARD_A, VCENTER, 443, ROUTER_A)
MANAGED_B = Service(HOST_B, CARD_B, VCENTER, 902, ROUTER_B)


def test_a_way_of_its_own_is_seen_at_both_hosts(tmp_path: Path) -> None:
    """The stream goes to other routers than management does."""
    scene = moved(via(AT_SOURCE, OTHER_A), via(AT_DESTINATION, OTHER_B))
    add_service(scene, "src", MANAGED_A, *every(5))
    add_service(scene, "dst", MANAGED_B, *every(5))
    found = told(scene, tmp_path)
    assert (found["static_route"], found["routed_vmotion"]) == ("yes", "yes")


def test_a_way_of_its_own_at_one_host_fails(tmp_path: Path) -> None:
    """The destination answers over management's gateway."""
    scene = moved(via(AT_SOURCE, OTHER_A), AT_DESTINATION)
    add_service(scene, "src", MANAGED_A, *every(5))
    add_service(scene, "dst", MANAGED_B, *every(5))
    assert told(scene, tmp_path)["static_route"] == "no"


def test_a_stream_that_never_came_about_for_want_of_a_way_back_is_told_of(tmp_path: Path) -> None:
    """SYNs arrive, answers leave over management's gateway and never come. Without a guest the stream has it."""
    scene = Scene()
    here, there = via(AT_SOURCE, OTHER_A), AT_DESTINATION
    for n, ts in enumerate((0.0, 1.0, 3.0, 7.0)):
        syn = IP(src=HOST_A, dst=HOST_B, id=n) / TCP(sport=50_100, dport=8000, flags="S", seq=999)
        answer = IP(src=HOST_B, dst=HOST_A, id=n) / TCP(sport=8000, dport=50_100, flags="SA", seq=1, ack=1000)
        scene.at("src", BEGIN + ts, here.frame(syn, True))
        scene.at("dst", BEGIN + ts + 0.001, there.frame(syn, True))
        scene.at("dst", BEGIN + ts + 0.002, there.frame(answer, False))
    add_service(scene, "src", MANAGED_A, *every(5))
    add_service(scene, "dst", MANAGED_B, *every(5))
    files = scene.write(tmp_path)
    (migration,) = vmpcap.report(files, roles={point: ROLES[point] for point in files}).migrations
    assert not migration.guests
    assert migration.outcome == "aborted"
    assert {m.name: m.worked for m in migration.mechanisms} == {"routed_vmotion": "no", "static_route": "no"}


def test_one_gateway_for_all_is_no_static_route(tmp_path: Path) -> None:
    """Routed vMotion over the default gateway."""
    scene = moved()
    add_service(scene, "src", MANAGED_A, *every(5))
    add_service(scene, "dst", MANAGED_B, *every(5))
    found = told(scene, tmp_path)
    assert "static_route" not in found
    assert "separate_vlan" not in found


NEIGHBOUR = "10.10.1.12"


def in_vlan(tag: int, ttl: int = 64, routers: tuple[str, str] | None = None) -> Scene:
    """Both hosts in one tagged subnet; with routers each hands its packets to one of them."""
    if routers is None:
        ways = [Way(w.point, w.macs, w.back, tag=tag, late_s=w.late_s) for w in (LAN_SOURCE, LAN_DESTINATION)]
    else:
        ways = [
            Way("src", (CARD_A, routers[0]), (routers[0], CARD_A), 64, ttl, tag),
            Way("dst", (routers[1], CARD_B), (CARD_B, routers[1]), ttl, 64, tag, late_s=0.001),
        ]
    scene = moved(*ways, b=NEIGHBOUR)
    add_service(scene, "src", Service(HOST_A, CARD_A, VCENTER, 443, ROUTER_A, tag=10), *every(5))
    add_service(scene, "dst", Service(NEIGHBOUR, CARD_B, VCENTER, 443, ROUTER_B, tag=10), *every(5))
    return scene


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        (lambda: in_vlan(50), "yes"),
        (lambda: in_vlan(50, 63, (ROUTER_A, ROUTER_B)), "no"),
        (lambda: in_vlan(10), None),
    ],
)
def test_a_vlan_of_the_streams_own_holds_where_nobody_routes_in_it(
    scene: Callable[[], Scene], expected: str | None, tmp_path: Path
) -> None:
    """Management is in VLAN 10."""
    assert told(scene(), tmp_path).get("separate_vlan") == expected


def labels(packet: Packet) -> Packet:
    """Behind two MPLS labels, as a carrier's core shows it (RFC 3032)."""
    inner = bytes(packet[IP])
    stack = (18 << 12 | 64).to_bytes(4, "big") + (24_001 << 12 | 1 << 8 | 64).to_bytes(4, "big")
    return Ether(src=packet.src, dst=packet.dst, type=0x8847) / Raw(stack + inner)


def test_labels_around_the_stream_are_seen(tmp_path: Path) -> None:
    """At a point in the carrier's network."""
    core = Way("wan", (ROUTER_A, ROUTER_B), (ROUTER_B, ROUTER_A), 63, 63, wrap=labels, late_s=0.0005)
    scene = moved(AT_SOURCE, AT_DESTINATION, core)
    assert told(scene, tmp_path)["mpls"] == "yes"


@needs_tshark
def test_tshark_reads_the_labels(tmp_path: Path) -> None:
    """The stream's ports stand behind both."""
    scene = Scene()
    add_stream(scene, (Way("wan", (ROUTER_A, ROUTER_B), (ROUTER_B, ROUTER_A), wrap=labels),))
    files = scene.write(tmp_path)
    rows = tshark_fields(files["wan"], ["mpls.label", "tcp.dstport"])
    assert (rows[0]["mpls.label"], rows[0]["tcp.dstport"]) == (["18", "24001"], ["8000"])


def optimised(segment: int = 15_000) -> Scene:
    """Between two boxes the stream is another connection, with so much of each segment and 20 ms to go."""
    scene = Scene()
    add_stream(scene, (AT_SOURCE,), trip=0.0005)
    add_stream(scene, (AT_DESTINATION,), isn=77_777, trip=0.0015)
    between = Way("wan", (ROUTER_A, ROUTER_B), (ROUTER_B, ROUTER_A), 63, 63)
    add_stream(scene, (between,), isn=424_242, segment=segment, trip=0.02, scale=9)
    add_announcement(scene, "dom-b")
    add_pings(scene, "dom-b")
    return scene


def test_an_optimiser_is_named_with_what_it_saves_and_judged_on_the_wan(tmp_path: Path) -> None:
    """A quarter crosses the WAN: its rate is what counts, not what the proxy takes."""
    files = optimised().write(tmp_path)
    (migration,) = vmpcap.report(files, roles={point: ROLES[point] for point in files}).migrations
    by_name = {m.name: m for m in migration.guests[0].mechanisms}
    assert by_name["wan_optimizer"].worked == "yes"
    assert "4,800,000 bytes of it at src became 1,200,000 at wan: 4.00 to 1" in by_name["wan_optimizer"].because
    checks = {c.id: c for c in migration.checks}
    assert checks["tcp_split"].outcome == "fail"
    assert "on the WAN side of a proxy, at wan" in checks["throughput"].because


def etherip(packet: Packet) -> Packet:
    """Between two BIG-IPs (RFC 3378)."""
    return Ether(**OUTER) / IP(src=BOX_A, dst=BOX_B, proto=97) / Raw(b"\x30\x00" + bytes(packet))


def fence(number: int, flags: int = 0) -> Callable[[Packet], Packet]:
    """Behind a fence of LabManager (the layout is that of Wireshark's packet-vmlab.c)."""

    def wrap(packet: Packet) -> Packet:
        head = bytes((flags, number, 0, 0)) + bytes.fromhex("0050560a0b0c")
        return Ether(src="00:50:56:0a:0b:0c", dst="00:50:56:0a:0b:0d", type=0x88DE) / Raw(head + bytes(packet))

    return wrap


def around(wrap: Callable[[Packet], Packet], answered: bool = True) -> Scene:
    """A guest whose frames pass a point on the way in a tunnel."""
    scene = Scene()
    add_stream(scene, (AT_SOURCE, AT_DESTINATION))
    add_announcement(scene, "dom-b")
    add_pings(scene, "dom-b", answered=answered)
    add_announcement(scene, "wan", wrap=wrap)
    add_pings(scene, "wan", wrap=wrap, answered=answered)
    return scene


def test_etherip_that_carries_the_guest_works(tmp_path: Path) -> None:
    """After the switchover, too."""
    found = mechanisms(around(etherip), tmp_path)
    assert found["etherip"].worked == "yes"
    assert f"{BOX_A} - {BOX_B}" in found["etherip"].because
    assert "stretched_vlan" not in found


def test_etherip_whose_packets_are_too_big_fails(tmp_path: Path) -> None:
    """A router says so, in ICMP about protocol 97."""
    scene = around(etherip)
    quoted = IP(src=BOX_A, dst=BOX_B, proto=97, flags="DF") / Raw(b"\x30\x00" + b"\0" * 26)
    for n in range(3):
        error = IP(src="192.0.2.254", dst=BOX_A) / ICMP(type=3, code=4, nexthopmtu=1500) / quoted
        scene.at("wan", MOVED + 1 + n, Ether(src=OUTER["dst"], dst=OUTER["src"]) / error)
    found = mechanisms(scene, tmp_path)
    assert found["etherip"].worked == "no"
    assert "1500" in found["etherip"].because


@pytest.mark.parametrize(("smaller_pass", "expected"), [(True, "no"), (False, "undecided")])
def test_large_segments_that_never_come_through_a_tunnel_fail_it(
    smaller_pass: bool, expected: str, tmp_path: Path
) -> None:
    """Nobody says why: others of the peer's connections open, full segments do not pass. Else all may be lost."""
    scene = around(etherip)

    def said(ts: float, forward: bool, flags: str, seq: int, ack: int, size: int = 0, port: int = 45_000) -> None:
        macs = {"src": GUEST, "dst": PEER} if forward else {"src": PEER, "dst": GUEST}
        ends = {"sport": 80, "dport": port} if forward else {"sport": port, "dport": 80}
        packet = IP(src=GUEST_IP if forward else PEER_IP, dst=PEER_IP if forward else GUEST_IP)
        frame = Ether(**macs) / packet / TCP(**ends, flags=flags, seq=seq, ack=ack) / Raw(b"x" * size)
        for point, wrap in (("wan", etherip), ("dom-b", lambda p: p)):
            scene.at(point, ts, wrap(frame))

    said(MOVED + 1.0, False, "S", 9, 0)
    said(MOVED + 1.001, True, "SA", 99, 10)
    said(MOVED + 1.002, False, "PA", 10, 100, 50)
    for wait in (0.0, 0.3, 0.9, 2.1):
        said(MOVED + 1.1 + wait, True, "A", 100, 60, 1460)
    if smaller_pass:
        said(MOVED + 1.5, False, "S", 9, 0, port=45_001)
        said(MOVED + 1.501, True, "SA", 99, 10, port=45_001)
        said(MOVED + 1.502, False, "A", 10, 100, port=45_001)
    found = mechanisms(scene, tmp_path)
    assert found["etherip"].worked == expected
    assert "1,460 bytes was sent 4 times" in found["etherip"].because


def test_a_tunnel_in_which_the_guest_is_never_answered_again_fails(tmp_path: Path) -> None:
    """Requests pass in it, and nothing comes back."""
    found = mechanisms(around(etherip, answered=False), tmp_path)
    assert found["etherip"].worked == "no"
    assert f"{PEER_IP} gets no answer" in found["etherip"].because


def test_a_guests_tunnel_of_another_guest_is_not_its_own(tmp_path: Path) -> None:
    """EtherIP that carries somebody else."""
    scene = moved()
    other = Ether(src="02:00:00:00:99:01", dst="02:00:00:00:99:02") / IP(src="10.9.0.1", dst="10.9.0.2") / UDP()
    for ts in every(1):
        scene.at("wan", ts, etherip(other))
    assert "etherip" not in told(scene, tmp_path)


def test_machines_in_a_tunnel_that_find_no_room_are_told_of(tmp_path: Path) -> None:
    """A flood of made-up addresses before the guest moves: its own frames there may be among those only counted."""
    scene = around(etherip)
    for n in range(MOST_PAIRS + 50):
        macs = {"src": f"02:00:00:01:{n >> 8:02x}:{n & 255:02x}", "dst": "02:00:00:02:00:01"}
        scene.at("wan", BEGIN - 4 + n * 1e-5, etherip(Ether(**macs) / IP(src="10.9.0.1", dst="10.9.0.2") / UDP()))
    files = scene.write(tmp_path)
    notes = vmpcap.report(files, roles={point: ROLES[point] for point in files}).notes
    assert [note for note in notes if note.startswith("wan: ") and "inside EtherIP" in note and "did not fit" in note]


def test_a_twin_behind_another_fence_is_no_conflict(tmp_path: Path) -> None:
    """The same MAC and address, fence 2 beside fence 1."""
    scene = around(fence(1))
    add_pings(scene, "wan", wrap=fence(2), step=1.0)
    files = scene.write(tmp_path)
    found = vmpcap.report(files, roles={point: ROLES[point] for point in files})
    (migration,) = found.migrations
    checks = {c.id: c.outcome for c in migration.checks}
    assert checks["duplicate_address"] != "fail"
    by_name = {m.name: m for m in migration.guests[0].mechanisms}
    assert by_name["fence"].worked == "yes"
    assert "no conflict" in by_name["fence"].because


def test_a_fence_whose_frames_are_cut_fails(tmp_path: Path) -> None:
    """Flag 0x04: more parts follow."""
    scene = around(fence(1))
    large = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP) / UDP(sport=9, dport=9) / Raw(b"x" * 1400)
    scene.at("wan", MOVED + 3, fence(1, 0x04)(large))
    found = mechanisms(scene, tmp_path)
    assert found["fence"].worked == "no"
    assert "0x04" in found["fence"].because


@needs_tshark
def test_tshark_reads_etherip_and_fences_as_they_are_meant(tmp_path: Path) -> None:
    """Version 3; the fence's number and its flag."""
    scene = Scene()
    frame = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP) / UDP(sport=9, dport=9)
    scene.at("wan", BEGIN, etherip(frame))
    scene.at("wan", BEGIN + 1, fence(7, 0x04)(frame))
    fields = ["etherip.ver", "vmlab.pgrp", "vmlab.fragment", "udp.dstport"]
    rows = tshark_fields(scene.write(tmp_path)["wan"], fields)
    assert [[row.get(name) for name in fields] for row in rows] == [
        [["3"], [], [], ["9"]],
        [[], ["7"], ["1"], ["9"]],
    ]


EDGE_A, EDGE_B, EDGE_C = "192.0.2.11", "198.51.100.12", "203.0.113.13"
"""Edge devices of both sites, and of the one where the peer is."""


def otv(source: str, target: str) -> Callable[[Packet], Packet]:
    """As a Nexus 7000 sends it: a label in GRE, no control word."""

    def wrap(packet: Packet) -> Packet:
        label = (109 << 12 | 1 << 8 | 254).to_bytes(4, "big")
        return (
            Ether(**OUTER)
            / IP(src=source, dst=target, proto=47, flags="DF")
            / Raw(b"\0\0\x88\x47" + label + bytes(packet))
        )

    return wrap


def over_otv(follows: bool) -> Scene:
    """The peer's edge device sends to the guest's new site, or on to the old one."""
    scene = Scene()
    add_stream(scene, (AT_SOURCE, AT_DESTINATION))
    add_announcement(scene, "dom-b")
    add_pings(scene, "dom-b", answered=follows)
    add_announcement(scene, "wan", wrap=otv(EDGE_B, EDGE_C))
    for n, ts in enumerate(every(0.1)):
        here = EDGE_A if ts < MOVED else EDGE_B
        ask = Ether(src=PEER, dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        scene.at("wan", ts, otv(EDGE_C, here if follows else EDGE_A)(ask))
        if follows or ts < MOVED - 0.2:
            scene.at("wan", ts + 0.001, otv(here, EDGE_C)(reply))
    return scene


def test_otv_in_labels_over_gre_follows_the_guest_or_does_not(tmp_path: Path) -> None:
    """By the addresses of the edge devices."""
    for name, follows, expected in (("on", True, "yes"), ("stale", False, "no")):
        folder = tmp_path / name
        folder.mkdir()
        found = mechanisms(over_otv(follows), folder)
        assert found["otv"].worked == expected
        assert (EDGE_B if follows else EDGE_A) in found["otv"].because
        assert "mpls" not in found


def hidden(scene: Scene, lost: int = 0, shift_s: float = 0.0, volume: float = 1.0) -> Scene:
    """An ESP tunnel that carries as much as the stream, in its time."""
    count = int(3_600 * volume)
    for n in range(count):
        if 10 <= n % 50 < 10 + lost:
            continue
        ts = BEGIN + shift_s + STREAM_S * n / count
        packet = (
            IP(src=BOX_A, dst=BOX_B) / UDP(sport=4500, dport=4500) / ESP(spi=0x1234, seq=n + 1, data=b"\xee" * 1400)
        )
        scene.at("wan", ts, Ether(**OUTER) / packet)
    for n in range(200):
        packet = IP(src=BOX_B, dst=BOX_A) / UDP(sport=4500, dport=4500) / ESP(spi=0x4321, seq=n + 1, data=b"\xee" * 80)
        scene.at("wan", BEGIN - 5 + n * 0.1, Ether(src=OUTER["dst"], dst=OUTER["src"]) / packet)
    return scene


def test_an_opaque_tunnel_with_the_streams_volume_is_named(tmp_path: Path) -> None:
    """Its losses by its own numbers."""
    found = mechanisms(hidden(moved()), tmp_path)["hcx"]
    assert found.worked == "yes"
    assert "none of its packets is missing" in found.because


def test_gaps_in_an_opaque_tunnel_fail_it(tmp_path: Path) -> None:
    """Two of fifty packets."""
    found = mechanisms(hidden(moved(), lost=2), tmp_path)["hcx"]
    assert found.worked == "no"
    assert "144 of 3,600 that way and 0 of 200 back are missing" in found.because
    assert "4.0% that way" in found.because


@pytest.mark.parametrize("other", [{"shift_s": 6.0}, {"volume": 0.3}])
def test_other_ipsec_is_not_the_streams(other: dict[str, float], tmp_path: Path) -> None:
    """At another time, or of another size."""
    assert "hcx" not in told(hidden(moved(), **other), tmp_path)


def test_io_that_moves_with_the_guest_is_judged_by_distance(tmp_path: Path) -> None:
    """The destination host reaches the array across the sites."""
    for name, trip, expected in (("near", 0.001, "yes"), ("far", 0.012, "no")):
        scene = moved()
        array = "10.10.9.9"
        a = Service(HOST_A, CARD_A, array, 3260, ROUTER_A)
        b = Service(HOST_B, CARD_B, array, 3260, ROUTER_B, trip_s=trip)
        add_service(scene, "src", a, *every(0.2, end=MOVED), size=1400)
        add_service(scene, "dst", b, *every(0.2, begin=MOVED + 0.3), size=1400)
        folder = tmp_path / name
        folder.mkdir()
        assert told(scene, folder)["ip_storage"] == expected


def test_logging_of_fault_tolerance_goes_on_or_ends(tmp_path: Path) -> None:
    """Between the source host and a third one."""
    third = Service(HOST_A, CARD_A, "10.10.4.13", 8200, ROUTER_A)
    for name, end, expected in (("on", BEGIN + 18, "yes"), ("off", MOVED - 0.5, "no")):
        scene = moved()
        add_service(scene, "src", third, *every(0.1, end=end))
        add_service(scene, "src", MANAGED_A, *every(1), sport=42_000)
        folder = tmp_path / name
        folder.mkdir()
        assert told(scene, folder)["ft"] == expected
