"""Frames in VXLAN around a move: to the new endpoint at once, late, or never; and a tenant with the same MAC."""

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

import vmpcap
from tests.migration.moving import (
    BEGIN,
    BROADCAST,
    END,
    GUEST,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    PEER,
    PEER_IP,
    STREAM_S,
    Scene,
    add_announcement,
    add_stream,
)
from vmpcap.migration.results import Mechanism

OLD, NEW, PEERS = "192.0.2.11", "192.0.2.12", "192.0.2.30"
ROLES = {"src": "source", "dst": "destination", "core": "wan", "new": "domain:destination", "far": "client"}


def carried(source: str, target: str, inner: Packet, vni: int = 77) -> Packet:
    """A frame between two endpoints."""
    outer = Ether(src="02:00:00:00:0e:01", dst="02:00:00:00:0e:02") / IP(src=source, dst=target)
    return outer / UDP(sport=50_000, dport=4789) / VXLAN(vni=vni, flags=8) / inner


def moved(folder: Path, followed: float, tenant: bool = False) -> dict[str, Mechanism]:
    """What is said of the guest's mechanisms where its peer's endpoint learns the new one only then."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    rarp = Ether(src=GUEST, dst=BROADCAST, type=0x8035) / ARP(
        op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0", pdst="0.0.0.0"
    )
    add_announcement(scene, "new")
    scene.at("core", MOVED, carried(NEW, PEERS, rarp / Raw(b"\0" * 18)))
    for n in range(int((END - BEGIN + 3) * 10)):
        ts = BEGIN - 3 + n / 10
        ask = Ether(src=PEER, dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        scene.at("far", ts - 0.001, ask)
        scene.at("core", ts, carried(PEERS, NEW if ts >= followed else OLD, ask))
        if ts < BEGIN + STREAM_S - 0.05 or ts >= followed:
            scene.at("core", ts + 0.001, carried(NEW if ts >= MOVED else OLD, PEERS, reply))
            scene.at("far", ts + 0.002, reply)
        if ts >= followed:
            scene.at("new", ts + 0.0003, ask)
            scene.at("new", ts + 0.0006, reply)
        if tenant:
            for source, target, frame in ((PEERS, OLD, ask), (OLD, PEERS, reply)):
                other = frame.copy()
                other[IP].src, other[IP].dst = ("192.168.9.1", "192.168.9.2")[:: 1 if frame is ask else -1]
                scene.at("core", ts + 0.0004, carried(source, target, other, vni=999))
    report = vmpcap.report(scene.write(folder), roles=ROLES)
    (guest,) = report.migrations[0].guests
    return {mechanism.name: mechanism for mechanism in guest.mechanisms}


@pytest.mark.parametrize(("late", "wanted"), [(0.05, "yes"), (5.0, "no"), (1e6, "no")])
def test_frames_for_the_guest_go_to_its_new_endpoint_in_time_or_late(late: float, wanted: str, tmp_path: Path) -> None:
    """Late is what its peers waited for; the endpoint that never learns fails as before."""
    found = moved(tmp_path, MOVED + late)["vxlan"]
    assert found.worked == wanted
    assert (found.latency_ms is None) == (late > 100)
    if late == 5.0:
        assert found.latency_ms == pytest.approx(5000, abs=101)
        assert f"went on to {OLD}" in found.because


def test_a_tenant_with_the_guests_mac_in_another_overlay_is_not_the_guest(tmp_path: Path) -> None:
    """Its frames go on to the old endpoint for ever, as they should."""
    found = moved(tmp_path, MOVED + 0.05, tenant=True)["vxlan"]
    assert found.worked == "yes"
    assert "VXLAN 77:" in found.because


ROUTERS = {
    OLD: "02:00:00:00:f0:11",
    NEW: "02:00:00:00:f0:12",
    PEERS: "02:00:00:00:f0:30",
    "192.0.2.40": "02:00:00:00:f0:40",
}
GATEWAY = "02:00:00:00:99:01"
CENTRAL = "192.0.2.40"


def routed(folder: Path, followed: float, central: bool = False, says: bool = True) -> Mechanism:
    """
    The same where a router at each endpoint hands the packets on in an overlay of routers (VNI 5001).

    `central`: one router for all, which stays where it is. `says`: the guest asks somebody by itself all the time.
    """
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    rarp = ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0", pdst="0.0.0.0")
    add_announcement(scene, "new")
    scene.at("core", MOVED, carried(NEW, PEERS, Ether(src=GUEST, dst=BROADCAST, type=0x8035) / rarp / Raw(b"\0" * 18)))

    def between(source: str, target: str, packet: Packet) -> Packet:
        return carried(source, target, Ether(src=ROUTERS[source], dst=ROUTERS[target]) / packet, vni=5001)

    for n in range(int((END - BEGIN + 3) * 10)):
        ts, head = BEGIN - 3 + n / 10, {"id": 7, "seq": n}
        is_here, comes = ts >= MOVED, ts >= followed
        ask, reply = IP(src="10.88.0.9", dst=GUEST_IP, id=n), IP(src=GUEST_IP, dst="10.88.0.9", id=n)
        query = IP(src=GUEST_IP, dst="10.88.0.53", id=n) / UDP(sport=40_000 + n, dport=53) / Raw(b"q" * 20)
        ask, reply = ask / ICMP(type=8, **head), reply / ICMP(type=0, **head)
        to, of = (CENTRAL, CENTRAL) if central else (NEW if comes else OLD, NEW if is_here else OLD)
        runs = ts < BEGIN + STREAM_S - 0.05 or is_here

        def at(ttl: int, packet: Packet) -> Packet:
            passed = packet.copy()
            passed[IP].ttl = ttl
            return passed

        scene.at("far", ts - 0.001, Ether(src=PEER, dst=GATEWAY) / at(64, ask))
        scene.at("core", ts, between(PEERS, to, at(63, ask)))
        if ts < BEGIN + STREAM_S - 0.05 or comes:
            scene.at("core", ts + 0.001, between(of, PEERS, at(63, reply)))
            scene.at("far", ts + 0.002, Ether(src=GATEWAY, dst=PEER) / at(62, reply))
        if comes:
            scene.at("new", ts + 0.0003, Ether(src=GATEWAY, dst=GUEST) / at(62, ask))
            scene.at("new", ts + 0.0006, Ether(src=GUEST, dst=GATEWAY) / at(64, reply))
        if says and runs and n % 10 == 0:
            scene.at("core", ts + 0.05, between(of, PEERS, at(63, query)))
            if is_here:
                scene.at("new", ts + 0.0499, Ether(src=GUEST, dst=GATEWAY) / at(64, query))
    report = vmpcap.report(scene.write(folder), roles=ROLES)
    (guest,) = report.migrations[0].guests
    return next(mechanism for mechanism in guest.mechanisms if mechanism.name == "vxlan")


@pytest.mark.parametrize(("late", "wanted"), [(0.05, "yes"), (5.0, "no"), (1e6, "no")])
def test_packets_that_routers_hand_on_tell_by_the_routers_where_they_go(
    late: float, wanted: str, tmp_path: Path
) -> None:
    """They bear no MAC of the guest: where all its peers are in other subnets nothing was told."""
    found = routed(tmp_path, MOVED + late)
    assert found.worked == wanted
    assert "VXLAN 77 (its peers' packets are routed in 5001)" in found.because
    assert f"(before: {OLD})" in found.because
    if late == 5.0:
        assert found.latency_ms == pytest.approx(5000, abs=101)
        assert f"went on to {OLD}" in found.because


@pytest.mark.parametrize("late", [0.05, 1e6])
def test_one_router_for_all_gets_the_packets_before_and_after(late: float, tmp_path: Path) -> None:
    """It stays where it is: that they go on to it is no failure, and what it does with them is not in view."""
    assert routed(tmp_path, MOVED + late, central=True).worked == "undecided"


def test_where_nothing_shows_that_an_endpoint_was_the_guests_nobody_can_tell(tmp_path: Path) -> None:
    """It says nothing since it moved, and no route is in view: the endpoint may be another router's."""
    assert routed(tmp_path, MOVED + 1e6, says=False).worked == "undecided"
