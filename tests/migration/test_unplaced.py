"""Guests whose outage is in view and whose change of place is not: silent until announced, or named by the user."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import BEGIN, BROADCAST, GUEST, GUEST_IP, MOVED, Scene, add_announcement
from vmpcap.runs.answer import Answer

ROUTER = "00:1b:54:c2:10:01"
STOPS = MOVED - 3.0
"""A stun of three seconds."""
ENDS = BEGIN + 20
CLIENTS = ("10.8.1.20", "10.8.1.21")
ROLES = {"gw": "gateway", "old": "domain:source", "new": "domain:destination", "cl": "client"}


def add_pings(scene: Scene, point: str, away: tuple[float, float], step: float = 0.2, own: str = GUEST) -> None:
    """A monitor pings the guest all the time, which does not answer while it is away."""
    for n in range(int((ENDS - BEGIN + 3) / step)):
        ts, echo = BEGIN - 3 + n * step, {"id": 9, "seq": n}
        ask = Ether(src=ROUTER, dst=own) / IP(src="10.9.0.5", dst=GUEST_IP, id=n, ttl=63) / ICMP(type=8, **echo)
        scene.at(point, ts, ask)
        if not away[0] <= ts < away[1]:
            reply = Ether(src=own, dst=ROUTER) / IP(src=GUEST_IP, dst="10.9.0.5", id=n) / ICMP(type=0, **echo)
            scene.at(point, ts + 0.0005, reply)


def add_session(
    scene: Scene, point: str, client: str, away: tuple[float, float], port: int = 41_000, until: float = ENDS
) -> None:
    """A client asks a database over one connection; what goes unanswered it sends again, and waits."""
    there = Ether(src=ROUTER, dst=GUEST) / IP(src=client, dst=GUEST_IP, ttl=63)
    back = Ether(src=GUEST, dst=ROUTER) / IP(src=GUEST_IP, dst=client)
    asked, ts, n = 1000 * port, BEGIN - 3, 0
    while ts < until:
        ask = TCP(sport=port, dport=5432, flags="PA", seq=asked + 50 * n, ack=7_000 + 80 * n) / Raw(b"q" * 50)
        scene.at(point, ts, there / ask)
        if away[0] <= ts < away[1]:
            ts += 0.4
            continue
        answer = TCP(sport=5432, dport=port, flags="PA", seq=7_000 + 80 * n, ack=asked + 50 * (n + 1)) / Raw(b"a" * 80)
        scene.at(point, ts + 0.001, back / answer)
        ts, n = ts + 0.25, n + 1


def spanned(away: tuple[float, float] = (STOPS, MOVED - 0.003), point: str = "gw") -> Scene:
    """The port of a gateway: two clients and a monitor, and the guest's silence that its host's RARP ends."""
    scene = Scene()
    add_pings(scene, point, away)
    for client in CLIENTS:
        add_session(scene, point, client, away)
    add_announcement(scene, point)
    return scene


def read(scene: Scene, folder: Path, *guests: str) -> Answer:
    roles = {name: ROLES[name] for name in scene.seen}
    return vmpcap.report(scene.write(folder), roles=roles, guests=guests)


def test_a_guest_that_was_silent_until_its_host_announced_it_has_its_outage_told(tmp_path: Path) -> None:
    """When, how long and who; whether it moved stays open, for nothing shows where it ran."""
    report = read(spanned(), tmp_path)
    (migration,) = report.migrations
    (guest,) = migration.guests
    assert (migration.known_by, migration.outcome, report.verdict) == ("silence", "unknown", "undecided")
    assert (guest.mac, guest.ips) == (GUEST, [GUEST_IP])
    assert report.because.startswith("a guest was silent until a host announced it; whether it changed places is not")
    assert "peers were cut off for 3" in report.because
    assert {peer.peer for peer in guest.peers if (peer.outage_ms or 0) > 2_500} == {*CLIENTS, "10.9.0.5"}
    assert guest.switchover.guest_silence_ms == pytest.approx(3_000, abs=220)
    assert guest.sessions.word == "undecided"
    assert (guest.sessions.kept, "not started anew" in guest.sessions.because) == (2, True)
    assert all(not peer.breakdown for peer in guest.peers)
    checks = {check.id: check for check in migration.checks}
    assert checks["completed"].outcome == checks["throughput"].outcome == "undecided"
    assert "uplink failed over" in checks["completed"].because
    told = json.loads(report.to_json())
    assert (told["other_announcements"], told["announcers"]) == (0, [])


def test_every_look_can_show_it(tmp_path: Path) -> None:
    report = read(spanned(), tmp_path)
    shown = [report.to_text(), report.to_markdown(), report.to_html(), report.to_junit(), report.to_metrics()]
    assert all("from where to where is not in view" in " ".join(one.split()) for one in shown[:3])
    assert not any("None" in one for one in (shown[0], shown[1], shown[3], shown[4]))


def powered_on() -> Scene:
    """Announced where nothing was before."""
    scene = Scene()
    add_pings(scene, "gw", (0, MOVED + 1))
    add_session(scene, "gw", CLIENTS[0], (0, MOVED + 1))
    add_announcement(scene, "gw")
    return scene


def restarted() -> Scene:
    """It fell silent, was announced, and of its connections none goes on: a machine that was started again."""
    scene = Scene()
    add_pings(scene, "gw", (STOPS, MOVED + 0.5))
    add_session(scene, "gw", CLIENTS[0], (STOPS, ENDS), until=MOVED)
    add_session(scene, "gw", CLIENTS[0], (BEGIN - 3, MOVED + 0.5), port=41_007)
    scene.seen["gw"] = [
        (ts, p) for ts, p in scene.seen["gw"] if TCP not in p or 41_007 not in (p.sport, p.dport) or ts > MOVED
    ]
    add_announcement(scene, "gw")
    return scene


def never_silent() -> Scene:
    """Its host was plugged in anew, or came back to vCenter: it is announced, and answers all the time."""
    return spanned((0, 0))


def spoke_in_place() -> Scene:
    """It speaks at its old place's own port before and after: it never left."""
    return spanned(point="old")


def by_itself() -> Scene:
    """No host announces it, it does so itself, as where its own link came up again."""
    scene = spanned()
    scene.seen["gw"] = [(ts, p) for ts, p in scene.seen["gw"] if p.type != 0x8035]
    scene.at("gw", MOVED, Ether(src=GUEST, dst=BROADCAST) / ARP(op=1, hwsrc=GUEST, psrc=GUEST_IP, pdst=GUEST_IP))
    return scene


def at_both_places() -> Scene:
    """Both domains are watched, and neither shows it: where it is may be told by those alone."""
    scene = spanned()
    for point in ("old", "new"):
        ask = ARP(op=1, hwsrc=ROUTER, psrc="10.77.0.1", pdst="10.77.0.99")
        scene.seen[point] = [(BEGIN - 3 + n, Ether(src=ROUTER, dst=BROADCAST) / ask) for n in range(20)]
    return scene


INNOCENT: dict[str, Callable[[], Scene]] = {
    "power-on": powered_on,
    "restart": restarted,
    "never silent": never_silent,
    "in place": spoke_in_place,
    "GARP alone": by_itself,
    "both places in view": at_both_places,
}


@pytest.mark.parametrize("name", INNOCENT)
def test_what_only_resembles_it_is_no_migration(name: str, tmp_path: Path) -> None:
    assert read(INNOCENT[name](), tmp_path).migrations == []


def test_machines_that_are_announced_together_are_a_host_s_other_uplink(tmp_path: Path) -> None:
    """A host announces all its machines where its uplink failed over: a note, and no migration of any."""
    scene = spanned()
    other = Scene()
    for ts, whole in spanned().seen["gw"]:
        packet = whole.copy()
        for layer, mine, theirs in ((Ether, GUEST, "00:50:56:aa:77:11"), (IP, GUEST_IP, "10.77.0.11")):
            for name in ("src", "dst"):
                if layer in packet and packet[layer].fields.get(name) == mine:
                    setattr(packet[layer], name, theirs)
        if ARP in packet:
            packet[ARP].hwsrc = packet[ARP].hwdst = "00:50:56:aa:77:11"
        other.at("gw", ts + 0.004, packet)
    scene.seen["gw"] += other.seen["gw"]
    report = read(scene, tmp_path)
    assert report.migrations == []
    assert any("uplink that failed over" in note for note in report.notes)


# named by the user


def at_client(away: tuple[float, float]) -> Scene:
    """A client's own capture, a router away from the guest: nobody is announced here."""
    scene = Scene()
    add_pings(scene, "cl", away, own=ROUTER.replace("01", "02"))
    return scene


def test_of_a_guest_that_the_user_names_the_longest_outage_is_told(tmp_path: Path) -> None:
    """1.0 s of a ping each 200 ms, with one lost ping elsewhere; without its name nothing is told."""
    scene = at_client((BEGIN + 5.1, BEGIN + 6.1))
    scene.seen["cl"] = [(ts, p) for ts, p in scene.seen["cl"] if not (p[ICMP].type == 0 and p[ICMP].seq == 20)]
    assert read(scene, tmp_path).migrations == []
    report = read(scene, tmp_path, GUEST_IP)
    (migration,) = report.migrations
    (guest,) = migration.guests
    assert (migration.known_by, migration.outcome, guest.ips) == ("name", "unknown", [GUEST_IP])
    assert report.because.startswith("the guest that was named did not answer for a time; whether it changed places")
    assert guest.switchover.peer_outage_ms == pytest.approx(1_000, abs=201)
    assert [check.outcome for check in migration.checks if check.id == "guest_reachable_after"] == ["pass"]


def test_a_named_guest_that_never_answers_again_is_not_reachable(tmp_path: Path) -> None:
    report = read(at_client((BEGIN + 5.1, ENDS + 1)), tmp_path, GUEST_IP)
    (migration,) = report.migrations
    assert {c.id: c.outcome for c in migration.checks}["guest_reachable_after"] == "fail"
    assert "its only peer was never answered again" in report.because


def test_the_only_question_that_was_lost_is_told_with_its_bounds(tmp_path: Path) -> None:
    """One ping of 200 ms: an outage between nothing and two intervals, or a lost packet."""
    (migration,) = read(at_client((BEGIN + 5.1, BEGIN + 5.3)), tmp_path, GUEST_IP).migrations
    (peer,) = migration.guests[0].peers
    assert (peer.outage_ms, peer.interval_ms, peer.lost) == (pytest.approx(200, abs=1), pytest.approx(200, abs=1), 1)


def lost_at(*numbers: int) -> Scene:
    """The client's capture without the answers to these pings."""
    scene = at_client((0, 0))
    scene.seen["cl"] = [(ts, p) for ts, p in scene.seen["cl"] if p[ICMP].type == 8 or p[ICMP].seq not in numbers]
    return scene


@pytest.mark.parametrize("lost", [(), (20, 60)], ids=["answers all", "two single losses"])
def test_of_a_named_guest_without_an_outage_that_is_said(lost: tuple[int, ...], tmp_path: Path) -> None:
    report = read(lost_at(*lost), tmp_path, GUEST_IP)
    assert report.migrations == []
    assert [note for note in report.notes if "no outage of it is in view" in note and "at cl" in note]


def test_a_guest_that_is_named_and_was_announced_is_told_once(tmp_path: Path) -> None:
    (migration,) = read(spanned(), tmp_path, GUEST_IP).migrations
    assert migration.known_by == "silence"


@pytest.mark.parametrize(("late_s", "heard"), [(0.0, True), (10.0, False)], ids=["as it came back", "later"])
def test_only_an_announcement_of_that_time_is_of_the_outage_of_a_named_guest(
    late_s: float, heard: bool, tmp_path: Path
) -> None:
    """Pings alone: nothing shows that the machine went on, and its host's word may be of another day."""
    scene = Scene()
    add_announcement(scene, "gw")
    scene.seen["gw"] = [(ts + late_s, packet) for ts, packet in scene.seen["gw"]]
    add_pings(scene, "gw", (STOPS, MOVED - 0.003))
    assert read(scene, tmp_path).migrations == []
    (migration,) = read(scene, tmp_path, GUEST_IP).migrations
    (guest,) = migration.guests
    assert bool(guest.announcements.count) is heard
    assert guest.switchover.peer_outage_ms == pytest.approx(3_000, abs=201)


NEW = "00:50:56:aa:77:99"


def under_another_mac(first_seen: float = MOVED, old_until: float = STOPS) -> Scene:
    """The guest, which its host had announced before, comes back with a MAC of its new place and says so itself."""
    scene, came = Scene(), Scene()
    add_announcement(scene, "gw")
    scene.seen["gw"] = [(ts - 5.0, packet) for ts, packet in scene.seen["gw"]]
    add_pings(scene, "gw", (STOPS, ENDS + 1))
    add_announcement(came, "gw", mac=NEW)
    own = Ether(src=NEW, dst=BROADCAST) / ARP(op=1, hwsrc=NEW, psrc=GUEST_IP, pdst=GUEST_IP)
    came.at("gw", MOVED + 0.3, own)
    add_pings(came, "gw", (0, MOVED + 0.35), own=NEW)
    came.seen["gw"] = [(ts, packet) for ts, packet in came.seen["gw"] if ts > MOVED - 0.001]
    scene.seen["gw"] = [(ts, p) for ts, p in scene.seen["gw"] if ts < MOVED + 0.35] + came.seen["gw"]
    if first_seen < MOVED:
        beside = Ether(src=NEW, dst=ROUTER) / IP(src="10.77.0.66", dst="10.9.0.5") / ICMP(type=0, id=3, seq=1)
        scene.at("gw", first_seen, beside)
    if old_until > STOPS:
        scene.at("gw", old_until, Ether(src=GUEST, dst=ROUTER) / IP(src=GUEST_IP, dst="10.9.0.5") / ICMP(type=0, id=4))
    return scene


@pytest.mark.parametrize("name", [GUEST_IP, GUEST])
def test_a_named_guest_that_came_back_with_another_mac_is_no_second_machine(name: str, tmp_path: Path) -> None:
    """By its address or by the MAC that it had: its address was the one's, and is the other's since."""
    report = read(under_another_mac(), tmp_path, name)
    (migration,) = report.migrations
    (guest,) = migration.guests
    assert (guest.mac, guest.ips, guest.announcements.count) == (NEW, [GUEST_IP], 5)
    assert "taken for one machine that was 00:50:56:aa:77:10 and is 00:50:56:aa:77:99" in guest.confidence_because
    assert "another machine claims" not in report.because
    (entry,) = [m for m in guest.mechanisms if m.name == "gateway_arp"]
    assert (entry.worked, "its MAC before" in entry.because) == ("no", True)


@pytest.mark.parametrize(
    "scene",
    [under_another_mac(first_seen=BEGIN - 2), under_another_mac(old_until=MOVED + 5)],
    ids=["the other was there before", "both use it"],
)
def test_another_machine_that_takes_the_address_over_is_told_as_one(scene: Scene, tmp_path: Path) -> None:
    """A standby node with an address of its own, or two machines that claim one address."""
    report = read(scene, tmp_path, GUEST)
    (migration,) = report.migrations
    assert migration.guests[0].mac == GUEST
    assert {c.id: c.outcome for c in migration.checks}["duplicate_address"] != "pass"
