"""Frames that an overlay has no room for: segments that stay lost behind it, and routers that say so of its packets."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
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
from vmpcap.report.document import Report
from vmpcap.report.headline import headline

OLD, NEW, PEERS = "192.0.2.11", "192.0.2.12", "192.0.2.30"
ROLES = {"src": "source", "dst": "destination", "core": "wan", "new": "domain:destination", "far": "client"}

Carry = Callable[[str, str, Packet], Packet]


def outside(source: str, target: str, protocol: int = 17) -> Packet:
    """The headers that every one of these overlays begins with."""
    return Ether(src="02:00:00:00:0e:01", dst="02:00:00:00:0e:02") / IP(src=source, dst=target, proto=protocol)


def vxlan(source: str, target: str, inner: Packet) -> Packet:
    """RFC 7348."""
    return outside(source, target) / UDP(sport=50_000, dport=4789) / VXLAN(vni=77, flags=8) / inner


def geneve(source: str, target: str, inner: Packet) -> Packet:
    """RFC 8926."""
    return outside(source, target) / UDP(sport=50_000, dport=6081) / GENEVE(vni=77, proto=0x6558) / inner


def otv(source: str, target: str, inner: Packet) -> Packet:
    """The instance stands where VXLAN has its number (draft-hasmit-otv)."""
    shim = bytes.fromhex("0800000100004d00")
    return outside(source, target) / UDP(sport=50_000, dport=8472) / Raw(shim + bytes(inner))


def labelled(source: str, target: str, inner: Packet) -> Packet:
    """OTV as a Nexus 7000 sends it."""
    return outside(source, target, 47) / GRE(proto=0x8847) / MPLS(label=109, s=1, ttl=254) / Raw(bytes(inner))


OVERLAYS: dict[str, tuple[str, Carry, int]] = {
    "vxlan": ("vxlan", vxlan, 17),
    "geneve": ("geneve", geneve, 17),
    "otv": ("otv", otv, 17),
    "otv in labels": ("otv", labelled, 47),
}
"""The row, what carries the guest's frames, and by which IP protocol an ICMP error quotes it."""


def moved(carry: Carry) -> Scene:
    """A guest that its peer finds behind its new endpoint at once; `far` is the peer's port."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new")
    rarp = ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0", pdst="0.0.0.0")
    frame = Ether(src=GUEST, dst=BROADCAST, type=0x8035) / rarp / Raw(b"\0" * 18)
    scene.at("core", MOVED, carry(NEW, PEERS, frame))
    for n in range(int((END - BEGIN + 3) * 10)):
        ts = BEGIN - 3 + n / 10
        ask = Ether(src=PEER, dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        said(scene, carry, ts, ask)
        if not BEGIN + STREAM_S - 0.05 <= ts < MOVED:
            said(scene, carry, ts + 0.001, reply)
    return scene


def said(scene: Scene, carry: Carry, ts: float, frame: Packet, arrives: bool = True) -> None:
    """A frame of the guest or for it, as these points see it."""
    is_guests, home = frame.src == GUEST, NEW if ts >= MOVED else OLD
    scene.at("core", ts, carry(home, PEERS, frame) if is_guests else carry(PEERS, home, frame))
    if arrives or is_guests:
        scene.at("new", ts + (-0.0003 if is_guests else 0.0003), frame) if ts >= MOVED else None
    if arrives or not is_guests:
        scene.at("far", ts + (0.0003 if is_guests else -0.0003), frame)


def add_stuck(scene: Scene, carry: Carry, of_guest: bool, size: int = 1460) -> None:
    """A connection whose first words are acknowledged and whose first full segment never is."""

    def segment(ts: float, number: int, is_peers: bool, flags: str, seq: int, ack: int, length: int = 0) -> None:
        macs = {"src": PEER, "dst": GUEST} if is_peers else {"src": GUEST, "dst": PEER}
        ends = {"sport": 45_000, "dport": 445} if is_peers else {"sport": 445, "dport": 45_000}
        packet = IP(src=PEER_IP if is_peers else GUEST_IP, dst=GUEST_IP if is_peers else PEER_IP, id=number, flags="DF")
        frame = Ether(**macs) / packet / TCP(**ends, flags=flags, seq=seq, ack=ack) / Raw(b"x" * length)
        said(scene, carry, ts, frame, arrives=length < size)

    begin = MOVED + 1
    segment(begin, 1000, True, "S", 9, 0)
    segment(begin + 0.001, 1000, False, "SA", 99, 10)
    segment(begin + 0.002, 1001, True, "PA", 10, 100, 40)
    segment(begin + 0.003, 1001, False, "PA", 100, 50, 40)
    segment(begin + 0.004, 1002, True, "A", 50, 140)
    for n, wait in enumerate((0.0, 0.3, 0.9, 2.1, 4.5, 9.3, 15.5)):
        ts = begin + 0.1 + wait
        segment(ts, 1010 + n, not of_guest, "A", 140 if of_guest else 50, 50 if of_guest else 140, size)


def reported(scene: Scene, folder: Path) -> Report:
    """What is said of this scene."""
    return vmpcap.report(scene.write(folder), roles=ROLES).document


def row(report: Report, name: str) -> tuple[str, str]:
    """Whether this mechanism worked, and why."""
    (guest,) = report.migrations[0].guests
    return next((m.worked, m.because) for m in guest.mechanisms if m.name == name)


@pytest.mark.parametrize("of_guest", [False, True], ids=["for the guest", "of the guest"])
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_full_segments_that_stay_lost_in_an_overlay_fail_it_where_small_ones_pass(
    overlay: str, of_guest: bool, tmp_path: Path
) -> None:
    """Echoes of the same two machines are answered all the time; nobody says why the segments are not."""
    name, carry, _ = OVERLAYS[overlay]
    scene = moved(carry)
    assert row(reported(scene, tmp_path), name)[0] == "yes"
    add_stuck(scene, carry, of_guest)
    report = reported(scene, tmp_path)
    worked, because = row(report, name)
    assert (worked, "1,460 bytes was sent 7 times" in because, "does not fit" in because) == ("no", True, True)
    reach = next(c for c in report.migrations[0].checks if c.id == "guest_reachable_after")
    assert reach.outcome == "fail"
    assert "segments of full size do not pass, smaller ones do" in reach.because


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_full_segments_that_pass_an_overlay_do_not(overlay: str, tmp_path: Path) -> None:
    """A connection that stops for another reason: an echo as large is answered meanwhile."""
    name, carry, _ = OVERLAYS[overlay]
    scene = moved(carry)
    add_stuck(scene, carry, of_guest=False)
    for n in range(5):
        numbers = {"id": 8, "seq": n}
        for kind, (mac, ip), (to_mac, to_ip) in (
            (8, (PEER, PEER_IP), (GUEST, GUEST_IP)),
            (0, (GUEST, GUEST_IP), (PEER, PEER_IP)),
        ):
            packet = IP(src=ip, dst=to_ip, id=2000 + n) / ICMP(type=kind, **numbers) / Raw(b"x" * 1472)
            said(scene, carry, MOVED + 1.5 + n / 2 + (0.001 if kind == 0 else 0), Ether(src=mac, dst=to_mac) / packet)
    assert row(reported(scene, tmp_path), name)[0] == "yes"


def add_complaints(scene: Scene, protocol: int, *times: float, ends: tuple[str, str] = (PEERS, NEW)) -> None:
    """A router between the endpoints says so often that the overlay's packets do not fit."""
    quoted = IP(src=ends[0], dst=ends[1], proto=protocol, flags="DF") / Raw(
        bytes.fromhex("c350000005dc0000") + bytes(20)
    )
    if protocol == 17:
        quoted = IP(src=ends[0], dst=ends[1], flags="DF") / UDP(sport=50_000, dport=4789, len=1508) / Raw(bytes(20))
    for after in times:
        error = IP(src="192.0.2.254", dst=ends[0]) / ICMP(type=3, code=4, nexthopmtu=1500) / quoted
        scene.at("core", MOVED + after, Ether(src="02:00:00:00:0e:02", dst="02:00:00:00:0e:01") / error)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_router_that_goes_on_saying_that_the_overlays_packets_do_not_fit_fails_it(
    overlay: str, tmp_path: Path
) -> None:
    """It quotes the outer header. What it says of other tunnels, or once as a path's MTU is found, does not."""
    name, carry, protocol = OVERLAYS[overlay]
    scene = moved(carry)
    add_complaints(scene, protocol, 1.0, 2.0, 3.0, 6.0, ends=("192.0.2.77", NEW))
    add_complaints(scene, protocol, 1.0)
    worked, because = row(reported(scene, tmp_path), name)
    assert (worked, "192.0.2.254" in because) == ("undecided", True)
    add_complaints(scene, protocol, 2.0, 3.0, 6.0)
    worked, because = row(reported(scene, tmp_path), name)
    assert worked == "no"
    assert "192.0.2.254 said 4 times that the tunnel's packets are too big (its next link takes 1500 bytes)" in because


def test_the_headline_leads_with_the_size(tmp_path: Path) -> None:
    """That the guest is not reachable, and that the overlay did not do its part, are effects."""
    scene = moved(otv)
    add_stuck(scene, otv, of_guest=False)
    told = headline(reported(scene, tmp_path).migrations, [])
    assert (
        "segments of full size to or from the guest got lost while smaller ones passed (an MTU black hole in otv)"
        in told
    )
    assert "not reachable" not in told
    assert "its part" not in told


OUTER6 = {OLD: "2001:db8::b", NEW: "2001:db8::c", PEERS: "2001:db8::1e", "192.0.2.77": "2001:db8::77"}


def vxlan6(source: str, target: str, inner: Packet) -> Packet:
    """VXLAN between endpoints with IPv6 addresses (RFC 7348 5)."""
    head = Ether(src="02:00:00:00:0e:01", dst="02:00:00:00:0e:02") / IPv6(src=OUTER6[source], dst=OUTER6[target])
    return head / UDP(sport=50_000, dport=4789) / VXLAN(vni=77, flags=8) / inner


def test_an_overlay_between_endpoints_with_ipv6_addresses_is_followed_and_adds_twenty_bytes_more(
    tmp_path: Path,
) -> None:
    """Its endpoints, its lost segments and what ICMPv6 says of its packets."""
    scene = moved(vxlan6)
    worked, because = row(reported(scene, tmp_path), "vxlan")
    assert (worked, "behind 2001:db8::c" in because) == ("yes", True)
    quoted = IPv6(src=OUTER6[PEERS], dst=OUTER6[NEW]) / UDP(sport=50_000, dport=4789, len=1508) / Raw(bytes(20))
    for after in (1.0, 2.0, 3.0, 6.0):
        error = IPv6(src="2001:db8::fe", dst=OUTER6[PEERS]) / ICMPv6PacketTooBig(mtu=1500) / quoted
        scene.at("core", MOVED + after, Ether(src="02:00:00:00:0e:02", dst="02:00:00:00:0e:01") / error)
    worked, because = row(reported(scene, tmp_path), "vxlan")
    assert (worked, "2001:db8::fe said 4 times" in because) == ("no", True)
    assert "the tunnel adds 70 bytes to each frame" in because
    lost = moved(vxlan6)
    add_stuck(lost, vxlan6, of_guest=False)
    (tmp_path / "lost").mkdir()
    assert row(reported(lost, tmp_path / "lost"), "vxlan")[0] == "no"


@pytest.mark.parametrize(("mtu", "is_said"), [(1430, True), (1450, False)])
def test_a_guest_is_told_what_fits_beside_an_ipv6_outer_header(mtu: int, is_said: bool, tmp_path: Path) -> None:
    """1500 less 70; 50 is what IPv4 outside would add."""
    scene = moved(vxlan6)
    quoted = IP(src=GUEST_IP, dst=PEER_IP, flags="DF") / UDP(sport=5, dport=6, len=1400) / Raw(bytes(20))
    error = IP(src="192.0.2.254", dst=GUEST_IP) / ICMP(type=3, code=4, nexthopmtu=mtu) / quoted
    scene.at("new", MOVED + 1, Ether(src="02:00:00:00:0e:02", dst=GUEST) / error)
    assert (f"{mtu} bytes fit, which is 70 less" in row(reported(scene, tmp_path), "vxlan")[1]) is is_said
