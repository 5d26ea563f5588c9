"""Guests that start elsewhere: after a stream that nobody closed, and behind an address that nobody reaches."""

from pathlib import Path
from typing import Any

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import (
    BEGIN,
    BROADCAST,
    CARD_A,
    CARD_B,
    GUEST,
    GUEST_IP,
    HOST_A,
    HOST_B,
    LAN_DESTINATION,
    LAN_SOURCE,
    PEER,
    PEER_IP,
    Scene,
    add_stream,
)

STARTS = BEGIN + 25.0
NEW_IP = "10.88.0.10"
ROLES = {
    "src": "source",
    "dst": "destination",
    "old": "domain:source",
    "new": "domain:destination",
    "far": "client",
}


def add_start(scene: Scene, at: float, ip: str, announced: float = 0.0) -> None:
    """It asks for an address, looks whether it is free and says that it has it; its host announces it so much later."""
    scene.at(
        "new",
        at + announced,
        Ether(src=GUEST, dst=BROADCAST, type=0x8035)
        / ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0", pdst="0.0.0.0")
        / Raw(b"\0" * 18),
    )
    ask = Ether(src=GUEST, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    scene.at(
        "new",
        at + 0.5,
        ask / BOOTP(chaddr=bytes.fromhex(GUEST.replace(":", ""))) / DHCP(options=[("message-type", 1), "end"]),
    )
    for n in range(3):
        probe = ARP(op=1, hwsrc=GUEST, psrc="0.0.0.0", pdst=ip)
        scene.at("new", at + 0.6 + n, Ether(src=GUEST, dst=BROADCAST) / probe)
    scene.at("new", at + 4.0, Ether(src=GUEST, dst=BROADCAST) / ARP(op=1, hwsrc=GUEST, psrc=ip, pdst=ip))


def add_life(scene: Scene, ip: str, begin: float, end: float, answers: str | None, way: int) -> None:
    """A peer behind a router pings this address; the guest answers in that domain, or nobody does."""
    router = f"02:00:00:00:99:0{way}"
    for n in range(int((end - begin) * 5)):
        ts, head = begin + n * 0.2, {"id": way, "seq": n}
        scene.at("far", ts, Ether(src=PEER, dst=router) / IP(src=PEER_IP, dst=ip, id=n) / ICMP(type=8, **head))
        if answers is not None:
            ask = IP(src=PEER_IP, dst=ip, id=n, ttl=63) / ICMP(type=8, **head)
            reply = IP(src=ip, dst=PEER_IP, id=n) / ICMP(type=0, **head)
            scene.at(answers, ts + 0.001, Ether(src=router, dst=GUEST) / ask)
            scene.at(answers, ts + 0.002, Ether(src=GUEST, dst=router) / reply)
            reply.ttl = 63
            scene.at("far", ts + 0.003, Ether(src=router, dst=PEER) / reply)


def add_hosts(scene: Scene) -> None:
    """Both hosts' ports are alive to the end: somebody's ARP."""
    for point, card, ip in (("src", CARD_A, HOST_A), ("dst", CARD_B, HOST_B)):
        for n in range(50):
            ask = ARP(op=1, hwsrc=card, psrc=ip, pdst="10.10.1.99")
            scene.at(point, BEGIN - 3 + n + (0.4 if point == "dst" else 0.0), Ether(src=card, dst=BROADCAST) / ask)


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_guest_that_starts_after_a_stream_that_nobody_closed_was_restarted(is_closed: bool, tmp_path: Path) -> None:
    """No connection of it is in view. Where the stream was closed, a link that came up looks the same."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    if not is_closed:
        for point in ("src", "dst"):
            scene.seen[point] = [(ts, p) for ts, p in scene.seen[point] if "F" not in p[TCP].flags and ts < BEGIN + 2]
    add_hosts(scene)
    add_life(scene, GUEST_IP, BEGIN - 3, BEGIN + 1.5, "old", 1)
    add_start(scene, STARTS, GUEST_IP, announced=0.55)
    add_life(scene, GUEST_IP, STARTS + 5, STARTS + 10, "new", 2)
    report = vmpcap.report(scene.write(tmp_path), roles=ROLES)
    (guest,) = report.migrations[0].guests
    told = {m.name: m for m in guest.mechanisms}
    assert ("ha" in told) == (not is_closed)
    if not is_closed:
        assert told["ha"].worked == "yes"
        assert "DHCP without an address" in told["ha"].because
        assert report.migrations[0].outcome == "aborted"


@pytest.mark.parametrize(("answers", "wanted"), [("new", "yes"), (None, "no")])
def test_a_machine_with_a_new_address_is_reached_there_or_not(answers: str | None, wanted: str, tmp_path: Path) -> None:
    """Clients behind routers ask for the address; no frame for its MAC is in view where nobody answers."""
    scene = Scene()
    add_hosts(scene)
    add_life(scene, GUEST_IP, BEGIN - 3, BEGIN + 1.5, "old", 1)
    add_start(scene, STARTS, NEW_IP)
    add_life(scene, NEW_IP, STARTS + 5, STARTS + 10, answers, 2)
    report = vmpcap.report(scene.write(tmp_path), roles=ROLES)
    (note,) = [one for one in report.notes if one.startswith("cold_migration")]
    assert note.startswith(f"cold_migration (worked: {wanted})")


def test_a_machine_whose_host_announces_it_first_moved_site_all_the_same(tmp_path: Path) -> None:
    """The RARP of a machine that is switched on comes before its own first frame: it is no life at the new site."""
    scene = Scene()
    add_hosts(scene)
    add_life(scene, GUEST_IP, BEGIN - 3, BEGIN + 1.5, "old", 1)
    add_start(scene, STARTS, GUEST_IP)
    add_life(scene, GUEST_IP, STARTS + 5, STARTS + 10, "new", 2)
    report = vmpcap.report(scene.write(tmp_path), roles=ROLES)
    (note,) = [one for one in report.notes if one.startswith("ha ")]
    assert note.startswith("ha (worked: yes)")


def add_connection(
    scene: Scene, domain: str, begin: float, end: float, port: int, opens: bool = True, every: float = 0.2
) -> None:
    """A peer's connection to the guest in that domain: opened, unless it stood before; then data both ways."""
    own, other, router = 3_000 + port, 9_000 + port, "02:00:00:00:99:09"
    if not opens:
        own, other = own + 1 + 20 * int(4.5 / 0.2), other + 1 + 20 * int(4.5 / 0.2)
    steps = [("S", b""), ("SA", b""), ("A", b"")] if opens else []
    for _ in range(int((end - begin) / every)):
        steps += [("PA", b"q" * 20), ("PA", b"a" * 20)]
    for n, (flags, data) in enumerate(steps):
        asks = flags in ("S", "A") or (flags == "PA" and (n - 3 * opens) % 2 == 0)
        ts = begin + (0.001 * n if n < 3 * opens else ((n - 3 * opens) // 2) * every + 0.01 + 0.001 * (not asks))
        sides = (PEER_IP, GUEST_IP, port, 22) if asks else (GUEST_IP, PEER_IP, 22, port)
        seq, ack = (own, other) if asks else (other, own)
        segment = IP(src=sides[0], dst=sides[1]) / TCP(sport=sides[2], dport=sides[3], flags=flags, seq=seq, ack=ack)
        macs = {"src": router, "dst": GUEST} if asks else {"src": GUEST, "dst": router}
        scene.at(domain, ts, Ether(**macs) / segment / data)
        grown = len(data) + ("S" in flags)
        own, other = (own + grown, other) if asks else (own, other + grown)


def came_back(folder: Path, silent: float, goes_on: bool = False, every: float = 0.2, to: str = "new") -> list[str]:
    """What is noted of a machine that asks for no address, after this silence announced by a host and talking there."""
    scene = Scene()
    add_hosts(scene)
    for point in ("old", "new", "far"):  # all watch to the end
        for n in range(40):
            ask = ARP(op=1, hwsrc=PEER, psrc="10.77.0.98", pdst="10.77.0.99")
            scene.at(point, BEGIN - 3 + n, Ether(src=PEER, dst=BROADCAST) / ask)
    last = BEGIN + 1.5
    add_connection(scene, "old", last - 4.5, last, 50_001, every=every)
    rarp = Ether(src=GUEST, dst=BROADCAST, type=0x8035) / ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0")
    scene.at(to, last + silent, rarp / Raw(b"\0" * 18))
    if goes_on:
        add_connection(scene, to, last + silent + 1, last + silent + 4, 50_001, opens=False)
    add_connection(scene, to, last + silent + 2, last + silent + 6, 50_002)
    return [one for one in vmpcap.report(scene.write(folder), roles=ROLES).notes if one.startswith("ha ")]


def test_a_machine_that_only_opens_anew_at_another_site_after_a_silence_may_have_been_started(tmp_path: Path) -> None:
    """It denies nothing and asks for no address, so nothing proves it; it was told as nothing at all."""
    (note,) = came_back(tmp_path, 8.0)
    assert note.startswith("ha (worked: undecided)")
    assert "silent for 8." in note
    assert "it may have been moved while it was quiet" in note


@pytest.mark.parametrize(
    "known",
    [{"silent": 0.5}, {"silent": 8.0, "goes_on": True}, {"silent": 0.9, "every": 1.5}, {"silent": 8.0, "to": "old"}],
    ids=["away as long as in a live move", "a connection goes on", "it is often as quiet", "where it was before"],
)
def test_a_machine_that_may_just_have_gone_on_is_no_start(known: dict[str, Any], tmp_path: Path) -> None:
    """Else every quiet machine that moves would be called one."""
    assert came_back(tmp_path, **known) == []


def denied(folder: Path, is_closed: bool) -> str:
    """What is noted of a machine that its host announces after a silence, and that denies one late segment then."""
    scene, last, router = Scene(), BEGIN + 1.5, "02:00:00:00:99:09"
    add_hosts(scene)
    for point in ("old", "new", "far"):
        for n in range(40):
            ask = ARP(op=1, hwsrc=PEER, psrc="10.77.0.98", pdst="10.77.0.99")
            scene.at(point, BEGIN - 3 + n, Ether(src=PEER, dst=BROADCAST) / ask)
    add_connection(scene, "old", last - 4.5, last, 50_001)
    own, other = 53_001 + 1 + 20 * 22, 59_001 + 1 + 20 * 22
    to_it, of_it = {"src": router, "dst": GUEST}, {"src": GUEST, "dst": router}
    ask = {"sport": 50_001, "dport": 22}
    answer = {"sport": 22, "dport": 50_001}
    out, back = IP(src=PEER_IP, dst=GUEST_IP), IP(src=GUEST_IP, dst=PEER_IP)
    if is_closed:
        scene.at("old", last + 0.1, Ether(**to_it) / out / TCP(**ask, flags="FA", seq=own, ack=other))
        scene.at("old", last + 0.101, Ether(**of_it) / back / TCP(**answer, flags="FA", seq=other, ack=own + 1))
        scene.at("old", last + 0.102, Ether(**to_it) / out / TCP(**ask, flags="A", seq=own + 1, ack=other + 1))
    rarp = Ether(src=GUEST, dst=BROADCAST, type=0x8035) / ARP(op=3, hwsrc=GUEST, hwdst=GUEST, psrc="0.0.0.0")
    scene.at("new", last + 3, rarp / Raw(b"\0" * 18))
    late = other + is_closed
    scene.at("new", last + 5, Ether(**to_it) / out / TCP(**ask, flags="PA", seq=own + is_closed, ack=late) / b"late")
    scene.at("new", last + 5.001, Ether(**of_it) / back / TCP(**answer, flags="R", seq=late))
    add_connection(scene, "new", last + 6, last + 9, 50_002)
    return " ".join(one for one in vmpcap.report(scene.write(folder), roles=ROLES).notes if one.startswith("ha "))


@pytest.mark.parametrize("is_closed", [False, True], ids=["it stood", "both had closed it"])
def test_who_denies_what_both_ends_had_closed_may_have_kept_its_memory(is_closed: bool, tmp_path: Path) -> None:
    """One late segment of a connection of yesterday made a live move a restart."""
    assert denied(tmp_path, is_closed).startswith("ha (worked: yes)") != is_closed
