"""Starts that a host announces long before the machine itself says anything, and machines that stay where they were."""

import re
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

import vmpcap
from tests.migration.moving import BEGIN, BROADCAST, GUEST, GUEST_IP, PEER, PEER_IP, Scene

ROLES = {"old": "domain:source", "new": "domain:destination", "far": "client"}
GATEWAY, OTHER_GATEWAY = "02:00:00:00:99:01", "02:00:00:00:99:02"
LASTS = BEGIN + 5.0
ANNOUNCED = LASTS + 20.0
STRETCH_S = 0.002


def broadcast(scene: Scene, at: str, ts: float, packet: Packet) -> None:
    """A stretched domain: it is heard at both places."""
    for point in ("old", "new"):
        scene.at(point, ts + (0.0 if point == at else STRETCH_S), packet)


def announce(scene: Scene, at: str, ts: float) -> None:
    """A host says where the machine is."""
    rarp = ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0", pdst="0.0.0.0")
    broadcast(scene, at, ts, Ether(src=GUEST, dst=BROADCAST, type=0x8035) / rarp / Raw(b"\0" * 18))


def start(scene: Scene, at: str, ts: float) -> None:
    """It discovers, requests, probes for the address and claims it."""
    head = Ether(src=GUEST, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    for n, kind in enumerate((1, 3)):
        client = BOOTP(chaddr=bytes.fromhex(GUEST.replace(":", "")))
        broadcast(scene, at, ts + 0.1 * n, head / client / DHCP(options=[("message-type", kind), "end"]))
    for n in range(3):
        probe = ARP(op=1, hwsrc=GUEST, psrc="0.0.0.0", pdst=GUEST_IP)
        broadcast(scene, at, ts + 0.3 + n, Ether(src=GUEST, dst=BROADCAST) / probe)
    claim = ARP(op=1, hwsrc=GUEST, psrc=GUEST_IP, pdst=GUEST_IP)
    broadcast(scene, at, ts + 4.0, Ether(src=GUEST, dst=BROADCAST) / claim)


def live(scene: Scene, points: tuple[str, ...], begin: float, end: float, gateway: str = GATEWAY) -> None:
    """A peer behind the gateway pings it, past these points; nobody answers where there are none."""
    for n in range(int((begin - BEGIN) * 5), int((end - BEGIN) * 5)):
        ts, head, sides = BEGIN + n * 0.2, {"id": 7, "seq": n}, {"src": PEER_IP, "dst": GUEST_IP, "id": n}
        scene.at("far", ts, Ether(src=PEER, dst="02:00:00:00:99:09") / IP(**sides) / ICMP(type=8, **head))
        reply = IP(src=GUEST_IP, dst=PEER_IP, id=n, ttl=64) / ICMP(type=0, **head)
        for point in points:
            ask = IP(**sides, ttl=63) / ICMP(type=8, **head)
            scene.at(point, ts + 0.001, Ether(src=gateway, dst=GUEST) / ask)
            scene.at(point, ts + 0.002, Ether(src=GUEST, dst=gateway) / reply)
        if points:
            passed = IP(src=GUEST_IP, dst=PEER_IP, id=n, ttl=63) / ICMP(type=0, **head)
            scene.at("far", ts + 0.003, Ether(src="02:00:00:00:99:09", dst=PEER) / passed)


def deny(scene: Scene, points: tuple[str, ...], ts: float, gateway: str = GATEWAY) -> None:
    """What a client still sends of a connection of before is answered with a reset; it opens another."""
    ends, back = {"sport": 50_001, "dport": 22}, {"sport": 22, "dport": 50_001}
    anew, answer = {"sport": 50_002, "dport": 22}, {"sport": 22, "dport": 50_002}
    out, home = IP(src=PEER_IP, dst=GUEST_IP), IP(src=GUEST_IP, dst=PEER_IP)
    to_it, of_it = Ether(src=gateway, dst=GUEST), Ether(src=GUEST, dst=gateway)
    for point in points:
        scene.at(point, ts, to_it / out / TCP(**ends, flags="PA", seq=1_020, ack=9_020) / b"late")
        scene.at(point, ts + 0.001, of_it / home / TCP(**back, flags="R", seq=9_020))
        scene.at(point, ts + 0.2, to_it / out / TCP(**anew, flags="S", seq=7_000))
        scene.at(point, ts + 0.201, of_it / home / TCP(**answer, flags="SA", seq=8_000, ack=7_001))


def talk(scene: Scene, points: tuple[str, ...], ts: float, gateway: str = GATEWAY) -> None:
    """The connection that is denied later: one question, one answer."""
    out, home = IP(src=PEER_IP, dst=GUEST_IP), IP(src=GUEST_IP, dst=PEER_IP)
    for point in points:
        ask = TCP(sport=50_001, dport=22, flags="PA", seq=1_000, ack=9_000)
        answer = TCP(sport=22, dport=50_001, flags="PA", seq=9_000, ack=1_020)
        scene.at(point, ts, Ether(src=gateway, dst=GUEST) / out / ask / (b"q" * 20))
        scene.at(point, ts + 0.001, Ether(src=GUEST, dst=gateway) / home / answer / (b"a" * 20))


def restart(
    folder: Path,
    before: tuple[str, ...],
    after: tuple[str, ...],
    booting_s: float = 14.0,
    gateways: tuple[str, str] = (GATEWAY, GATEWAY),
    without: str | None = None,
    announced: float = ANNOUNCED,
) -> list[str]:
    """
    What is noted of a machine that falls silent, is announced by a host, and boots for so long?

    `before`, `after`: past which places it talks with its gateway; the first is where it is.
    """
    scene, starts = Scene(), ANNOUNCED + booting_s
    for n in range(int(starts + 12 - BEGIN)):  # all watch to the end
        for m, point in enumerate(("old", "new", "far")):
            neighbour = ARP(op=1, hwsrc=f"02:00:00:00:98:0{m}", psrc=f"10.77.{m + 1}.9", pdst=f"10.77.{m + 1}.{n + 10}")
            scene.at(point, BEGIN + n, Ether(src=f"02:00:00:00:98:0{m}", dst=BROADCAST) / neighbour)
    live(scene, before, BEGIN, LASTS, gateways[0])
    talk(scene, before, LASTS - 0.5, gateways[0])
    announce(scene, after[0], announced)
    start(scene, after[0], starts)
    live(scene, after, starts + 5, starts + 10, gateways[1])
    deny(scene, after, starts + 6, gateways[1])
    scene.seen.pop(without or "", None)
    notes = vmpcap.report(scene.write(folder), roles={k: v for k, v in ROLES.items() if k != without}).notes
    return [one for one in notes if one.startswith(("ha ", "cold_migration "))]


@pytest.mark.parametrize("booting_s", [1.0, 8.0, 14.0, 60.0])
def test_a_host_announces_a_machine_when_it_switches_it_on_however_long_it_boots(
    booting_s: float, tmp_path: Path
) -> None:
    """Five seconds were given to a machine that boots, and two minutes to its host to announce it afterwards."""
    (note,) = restart(tmp_path, ("old",), ("new", "old"), booting_s)
    assert note.startswith("ha (worked: yes)")
    assert "announced by its host's RARP" in note
    assert "it runs at new since, where nothing that it sent to another machine passed before" in note
    assert re.search(r"; new: frame.number in |\(new: frame.number in ", note), "a frame of that place is shown"
    assert "one place" not in note


@pytest.mark.parametrize(
    ("before", "after", "gateways"),
    [
        (("old",), ("new",), (GATEWAY, GATEWAY)),
        (("old",), ("new",), (GATEWAY, OTHER_GATEWAY)),
        (("old", "new"), ("new",), (GATEWAY, GATEWAY)),
    ],
    ids=["its gateway is at both places", "another gateway", "back from a detour"],
)
def test_another_place_shows_what_it_sends_once_it_was_started_elsewhere(
    before: tuple[str, ...], after: tuple[str, ...], gateways: tuple[str, str], tmp_path: Path
) -> None:
    """By the way to one and the same machine, or by another machine beside it."""
    (note,) = restart(tmp_path, before, after, gateways=gateways)
    assert note.startswith("ha (worked: yes)")
    assert "; it runs at new since, " in note


@pytest.mark.parametrize("place", [("old",), ("new",), ("old", "new")], ids=["old", "new", "by a detour"])
@pytest.mark.parametrize("booting_s", [1.0, 14.0])
def test_a_machine_that_was_switched_off_and_on_where_it_is_was_not_started_elsewhere(
    booting_s: float, place: tuple[str, ...], tmp_path: Path
) -> None:
    """Its host announces it, too, and all of its domain hears that; it talks past the same places as before."""
    assert restart(tmp_path, place, place, booting_s) == []


def test_an_announcement_from_before_its_last_life_is_of_no_start(tmp_path: Path) -> None:
    """It had been moved there, talked on and was rebooted: with one place in view nothing else tells."""
    assert restart(tmp_path, ("old",), ("old",), without="new", announced=LASTS - 3) == []
    (note,) = restart(tmp_path, ("old",), ("old",), without="new")
    assert note.startswith("ha ")
    assert "one place shows it before and since: whether another host started it is not in view" in note
    assert "it runs at" not in note


def test_a_machine_whose_first_place_is_not_in_view_may_be_another_with_its_address(tmp_path: Path) -> None:
    """A client heard the address answer and fall silent; the MAC is known from its start on alone."""
    (note,) = restart(tmp_path, ("old",), ("new",), without="old")
    assert note.startswith("ha (worked: undecided)")
    assert "its MAC is in view nowhere before" in note
    assert "it runs at" not in note
