"""Guests that changed places though nobody captured their migration's stream, and what only resembles them."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

import vmpcap
from tests.migration.moving import (
    BEGIN,
    BROADCAST,
    GUEST,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    PEER,
    PEER_IP,
    Scene,
    Service,
    add_announcement,
    add_service,
    add_stream,
    every,
)
from vmpcap.runs.answer import Answer
from vmpcap.terms.errors import RequestError

ROLES = {"old": "domain:source", "new": "domain:destination", "far": "client", "src": "source", "dst": "destination"}
GATEWAYS = {"old": "02:00:00:00:99:01", "new": "02:00:00:00:99:02"}
STOPS = MOVED - 0.15


def add_life(scene: Scene, point: str, begin: float, end: float, answered: bool = True, first: int = 0) -> None:
    """A client far away pings the guest ten times a second; by the gateway of this domain it comes, if it comes."""
    for n in range(first, first + int((end - begin) * 10)):
        ts, router, head = begin + (n - first) * 0.1, GATEWAYS[point], {"id": 7, "seq": n}
        ask, reply = IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, **head), IP(src=GUEST_IP, dst=PEER_IP, id=n)
        reply /= ICMP(type=0, **head)
        scene.at("far", ts, Ether(src=PEER, dst=router) / ask)
        if answered:
            near = ask.copy()
            near.ttl = 63
            scene.at(point, ts + 0.001, Ether(src=router, dst=GUEST) / near)
            scene.at(point, ts + 0.002, Ether(src=GUEST, dst=router) / reply)
            far = reply.copy()
            far.ttl = 63
            scene.at("far", ts + 0.003, Ether(src=router, dst=PEER) / far)


def add_noise(scene: Scene) -> None:
    """Both domains are alive to the end: somebody's ARP."""
    for point in ("old", "new"):
        for n in range(40):
            ask = ARP(op=1, hwsrc=GATEWAYS[point], psrc="10.77.0.1", pdst="10.77.0.99")
            scene.at(point, BEGIN - 3 + n, Ether(src=GATEWAYS[point], dst=BROADCAST) / ask)


def moved(answered: bool = True, asked: float = MOVED + 0.2, announced: tuple[str, ...] = ("new",)) -> Scene:
    """The guest lives at its old place, is announced at its new one, and others reach it there, or do not."""
    scene = Scene()
    add_noise(scene)
    add_life(scene, "old", BEGIN - 3, STOPS)
    add_announcement(scene, *announced)
    add_life(scene, "new", STOPS, asked, answered=False, first=900)
    add_life(scene, "new", asked, BEGIN + 20, answered, first=1_000)
    return scene


def read(scene: Scene, folder: Path, **more: object) -> Answer:
    folder.mkdir(exist_ok=True)
    roles = {name: role for name, role in ROLES.items() if name in scene.seen}
    return vmpcap.report(scene.write(folder), **{"roles": roles, **more})  # type: ignore[arg-type]


def test_a_guest_that_moved_is_told_though_its_stream_was_not_captured(tmp_path: Path) -> None:
    """By what the guest, its hosts and its peers did; nothing is said of the stream."""
    report = read(moved(), tmp_path)
    (migration,) = report.migrations
    assert (migration.source, migration.destination, migration.connections, migration.ports) == (None, None, 0, [])
    assert (migration.start_ts, migration.end_ts, migration.duration_s) == (None, None, None)
    assert migration.outcome == "unknown"
    told = json.loads(report.to_json())["migrations"][0]
    assert json.loads(report.to_json())["other_announcements"] == 0
    assert set(told["bytes"].values()) == {None}
    assert told["throughput"]["bulk_mbps"] is told["throughput"]["max_concurrent"] is told["rtt"]["p5_ms"] is None
    checks = {check.id: check for check in migration.checks}
    for name in ("completed", "throughput", "rtt", "retransmissions", "window_limited", "mtu", "tcp_split"):
        assert checks[name].outcome == "undecided"
        assert checks[name].because.startswith("no migration stream is in view")
        assert checks[name].measured is None
    assert checks["guest_reachable_after"].outcome == "pass"
    assert "at new, where it had not been" in checks["completed"].because
    (guest,) = migration.guests
    assert (guest.mac, guest.confidence) == (GUEST, "medium")
    assert "uplink failed over" in guest.confidence_because
    assert guest.announcements.by_point["new"].seen
    assert guest.switchover.peer_outage_ms == pytest.approx(1e3 * (MOVED + 0.2 - STOPS), abs=210)
    assert report.verdict == "undecided"
    assert report.because.startswith("a guest changed places, and no migration stream is in view; peers were cut off")


def test_a_guest_that_moved_and_is_not_reached_fails(tmp_path: Path) -> None:
    report = read(moved(answered=False), tmp_path)
    (migration,) = report.migrations
    assert {c.id: c.outcome for c in migration.checks}["guest_reachable_after"] == "fail"
    assert report.verdict == "fail"
    assert "was not reachable afterwards" in report.because


def test_every_look_can_show_a_migration_without_its_stream(tmp_path: Path) -> None:
    report = read(moved(), tmp_path)
    shown = [report.to_text(), report.to_markdown(), report.to_html(), report.to_html(graph=True), report.to_junit()]
    assert all("between hosts that are not in view" in one for one in shown)
    assert not any("None" in one for one in (shown[0], shown[1], shown[4], report.to_metrics()))
    rows = report.frames["migrations"].to_dicts()
    assert [(row["connections"], row["unique_bytes"]) for row in rows] == [(0, None)]


def test_it_has_no_part_in_figures_of_many(tmp_path: Path) -> None:
    """Of its stream nothing is known: it is no migration of nothing."""
    alone = read(moved(), tmp_path)
    with pytest.raises(RequestError, match="no migration was found"):
        vmpcap.bench(alone)


def without_life() -> Scene:
    """Power-on: announced where it begins to live."""
    scene = Scene()
    add_noise(scene)
    add_announcement(scene, "new")
    add_life(scene, "new", MOVED + 0.2, BEGIN + 20)
    return scene


def in_place() -> Scene:
    """A link of its host came up: it is announced where it was, and goes on there."""
    scene = moved(announced=("old",))
    add_life(scene, "old", MOVED + 0.2, BEGIN + 20, first=3_000)
    scene.seen["new"] = [one for one in scene.seen["new"] if one[1].src != GUEST]
    return scene


def stays() -> Scene:
    """A host announces it at the other site, too, while it goes on where it was: another machine with its MAC."""
    scene = moved(announced=("new",), answered=False)
    add_life(scene, "old", MOVED + 0.2, BEGIN + 20, first=3_000)
    return scene


def lived_there() -> Scene:
    """It talks in both domains all the time."""
    scene = moved()
    add_life(scene, "new", BEGIN - 3, STOPS, first=5_000)
    return scene


def by_itself() -> Scene:
    """No host announces it: it says by GARP where it is, as at any start of a network card."""
    scene = moved(announced=())
    scene.at("new", MOVED, Ether(src=GUEST, dst=BROADCAST) / ARP(op=1, hwsrc=GUEST, psrc=GUEST_IP, pdst=GUEST_IP))
    return scene


def long_gone() -> Scene:
    """A static address, no DHCP, no connection that goes on: silent for ten seconds, as a machine that starts is."""
    scene = Scene()
    add_noise(scene)
    add_life(scene, "old", BEGIN - 8, MOVED - 10)
    add_announcement(scene, "new")
    add_life(scene, "new", MOVED + 0.2, BEGIN + 20, first=1_000)
    return scene


def starts() -> Scene:
    """It asks for an address after its host announced it: it was started there within two seconds."""
    scene = moved(asked=MOVED + 2)
    ask = Ether(src=GUEST, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    said: Packet = (
        ask / BOOTP(chaddr=bytes.fromhex(GUEST.replace(":", ""))) / DHCP(options=[("message-type", 1), "end"])
    )
    scene.at("new", MOVED + 0.8, said)
    return scene


def add_connection(scene: Scene, point: str, sport: int, begin: float, end: float, closed: bool = False) -> None:
    """
    It serves a client over TCP, in full: a handshake, ten exchanges a second, and an orderly end or none.

    Each connection has numbers of its own, as real ones do: by equal ones two would be one behind a translator.
    """
    what = Service(PEER_IP, GATEWAYS[point], GUEST_IP, 5432, GUEST, far_ttl=64)
    times = every(0.1, begin + 1.0, end)
    whole, scene = scene, Scene()
    add_service(scene, point, what, *times, sport=sport)
    if closed:
        seq, ack = 500 + len(times) * 600, 100 + len(times) * 600
        head = Ether(src=GUEST, dst=GATEWAYS[point]) / IP(src=GUEST_IP, dst=PEER_IP)
        scene.at(point, end + 0.02, head / TCP(sport=5432, dport=sport, flags="FA", seq=seq, ack=ack))
        back = Ether(src=GATEWAYS[point], dst=GUEST) / IP(src=PEER_IP, dst=GUEST_IP)
        scene.at(point, end + 0.03, back / TCP(sport=sport, dport=5432, flags="FA", seq=ack, ack=seq + 1))
    for ts, packet in scene.seen[point]:
        packet[TCP].seq += sport * 7919
        packet[TCP].ack += sport * 7919
        whole.at(point, ts, packet)


def stopped_and_started(closed: bool, asked: float = MOVED + 0.7) -> Scene:
    """It is stopped, closes its connections or not, and starts at the other site within two seconds."""
    scene = Scene()
    add_noise(scene)
    add_life(scene, "old", BEGIN - 3, MOVED - 1.5)
    add_connection(scene, "old", 41_000, BEGIN - 3, MOVED - 1.6, closed)
    add_announcement(scene, "new")
    add_life(scene, "new", asked, BEGIN + 20, first=1_000)
    add_connection(scene, "new", 41_007, asked, BEGIN + 15)
    return scene


def closes_and_starts() -> Scene:
    """An orderly restart elsewhere: connections end, others begin."""
    return stopped_and_started(closed=True)


def dies_and_starts() -> Scene:
    """Its host died: no connection ends, none goes on, others begin."""
    return stopped_and_started(closed=False)


def another_port() -> Scene:
    """The capture was moved from one port to another: neither was watched while the other was."""
    scene = moved()
    del scene.seen["far"]
    scene.seen["old"] = [one for one in scene.seen["old"] if one[0] < STOPS]
    scene.seen["new"] = [one for one in scene.seen["new"] if one[0] >= MOVED]
    return scene


def another_port_and_a_client() -> Scene:
    """The same beside a client's capture that ran all the time: the guest answers it without a pause."""
    scene = Scene()
    moment = MOVED - 0.03
    add_life(scene, "old", BEGIN - 3, BEGIN + 20)
    add_announcement(scene, "new")
    scene.seen["new"] += [one for one in scene.seen["old"] if one[0] > moment]
    scene.seen["old"] = [one for one in scene.seen["old"] if one[0] < moment]
    return scene


def not_watched_before() -> Scene:
    """What its new place showed before is not known."""
    scene = moved()
    del scene.seen["far"]
    scene.seen["new"] = [one for one in scene.seen["new"] if one[0] >= MOVED]
    return scene


def not_watched_after() -> Scene:
    """Whether it went on at its old place is not known."""
    scene = moved()
    del scene.seen["far"]
    scene.seen["old"] = [one for one in scene.seen["old"] if one[0] < STOPS]
    return scene


def other_of(scene: Scene, mac: str, ip: str) -> Scene:
    """The same scene of another machine."""
    made = Scene()
    for point, seen in scene.seen.items():
        for ts, whole in seen:
            packet = whole.copy()
            for layer in (Ether, ARP, IP):
                for name in ("src", "dst", "hwsrc", "hwdst", "psrc", "pdst"):
                    now = packet[layer].fields.get(name) if layer in packet else None
                    if now in (GUEST, GUEST_IP):
                        setattr(packet[layer], name, mac if now == GUEST else ip)
            made.at(point, ts + 0.003, packet)
    return made


def test_machines_that_come_together_are_a_host_s_other_uplink(tmp_path: Path) -> None:
    """A host announces all its machines where its uplink failed over: a note, and no migration of any."""
    scene = moved()
    for point, seen in other_of(moved(), "00:50:56:aa:77:11", "10.77.0.11").seen.items():
        scene.seen[point] += seen
    report = read(scene, tmp_path)
    assert report.migrations == []
    (note,) = [one for one in report.notes if "uplink that failed over" in one]
    assert "00:50:56:aa:77:10, 00:50:56:aa:77:11" in note
    assert "new: frame.number in" in note


def test_machines_that_come_one_after_the_other_have_moved_each(tmp_path: Path) -> None:
    """An evacuation moves one guest, then the next."""
    scene = moved()
    for point, seen in other_of(moved(), "00:50:56:aa:77:11", "10.77.0.11").seen.items():
        scene.seen[point] += [(ts + 0.9, packet) for ts, packet in seen]
    assert len(read(scene, tmp_path).migrations) == 2


def test_a_gateway_that_speaks_of_itself_at_the_same_time_did_not_come_along(tmp_path: Path) -> None:
    """Its gratuitous ARP is heard at both places of a stretched network."""
    scene = moved()
    says = ARP(op=1, hwsrc=GATEWAYS["old"], psrc="10.77.0.1", pdst="10.77.0.1")
    for point in ("old", "new"):
        scene.at(point, MOVED + 0.02, Ether(src=GATEWAYS["old"], dst=BROADCAST) / says)
    assert len(read(scene, tmp_path).migrations) == 1


@pytest.mark.parametrize(("until", "count"), [(MOVED - 0.3, 0), (BEGIN + 15, 1)])
def test_where_fault_tolerance_stops_the_secondary_took_over(until: float, count: int, tmp_path: Path) -> None:
    """Its logging goes on where a guest that is so protected is migrated."""
    scene = moved()
    for n in range(int((until - BEGIN + 3) * 10)):
        log = IP(src="10.10.1.11", dst="10.10.1.12") / TCP(sport=50_000, dport=8300, flags="PA", seq=1 + n * 900)
        scene.at("far", BEGIN - 3 + n * 0.1, Ether(src=GATEWAYS["old"], dst=GATEWAYS["new"]) / log / Raw(b"f" * 900))
    report = read(scene, tmp_path)
    assert len(report.migrations) == count
    assert any("Fault Tolerance logging stopped at far" in note for note in report.notes) == (count == 0)
    rows = [row for row in json.loads(report.to_json())["mechanisms"] if row["name"] == "ft"]
    assert len(rows) == (count == 0)
    for row in rows:
        assert row["worked"] == "undecided"
        assert "(port 8300) of 10.10.1.11 with 10.10.1.12 carried its last data at far" in row["because"]
        assert "before 00:50:56:aa:77:10 (10.77.0.10) was announced at new" in row["because"]


def test_a_guest_whose_short_connections_all_end_has_moved_where_it_was_hardly_silent(tmp_path: Path) -> None:
    """No machine starts within half a second."""
    scene = moved(asked=MOVED + 0.2)
    add_connection(scene, "old", 41_000, BEGIN - 3, STOPS - 0.2, closed=True)
    add_connection(scene, "new", 41_007, MOVED + 0.3, BEGIN + 15)
    assert len(read(scene, tmp_path).migrations) == 1


def test_a_guest_whose_connection_goes_on_has_moved_though_it_was_long_silent(tmp_path: Path) -> None:
    scene = stopped_and_started(closed=False)
    connection = Scene()
    add_connection(connection, "old", 41_000, BEGIN - 3, BEGIN + 15)
    for ts, whole in connection.seen["old"]:
        if ts >= MOVED - 1.6:
            packet = whole.copy()
            for name in ("src", "dst"):
                if packet[Ether].fields[name] == GATEWAYS["old"]:
                    setattr(packet[Ether], name, GATEWAYS["new"])
            scene.at("new", ts + 2.4, packet)
    assert len(read(scene, tmp_path).migrations) == 1


def test_a_quiet_place_needs_no_frames_where_another_capture_ran_all_the_time(tmp_path: Path) -> None:
    """Nothing but the guest is heard in either domain; the client's capture covers the move."""
    scene = moved()
    scene.seen["old"] = [one for one in scene.seen["old"] if one[0] < STOPS]
    scene.seen["new"] = [one for one in scene.seen["new"] if one[0] >= MOVED]
    assert len(read(scene, tmp_path).migrations) == 1


def there_and_back(times: int = 1) -> Scene:
    """It comes to its new place, and some seconds later goes back to its old one; and comes again."""
    scene = Scene()
    ends = [BEGIN - 3, *(MOVED + 12.0 * n for n in range(times + 1)), MOVED + 12.0 * times + 17]
    for n in range(120):
        for point in ("old", "new"):
            ask = ARP(op=1, hwsrc=GATEWAYS[point], psrc="10.77.0.1", pdst="10.77.0.99")
            scene.at(point, BEGIN - 3 + n, Ether(src=GATEWAYS[point], dst=BROADCAST) / ask)
    for n, (begin, end) in enumerate(pairwise(ends)):
        place = ("old", "new")[n % 2]
        if n:
            announced = Scene()
            add_announcement(announced, place)
            scene.seen[place] += [(ts + begin - MOVED, packet) for ts, packet in announced.seen[place]]
            add_life(scene, place, begin - 0.15, begin + 0.2, answered=False, first=1_000 * n - 100)
        add_life(scene, place, begin + (0.2 if n else 0.0), end - 0.15, first=1_000 * n)
    return scene


@pytest.mark.parametrize("times", [1, 2])
def test_a_guest_that_goes_back_is_told_for_each_way(times: int, tmp_path: Path) -> None:
    """Once there, once back, and so on; each with what it did then."""
    migrations = read(there_and_back(times), tmp_path).migrations
    assert len(migrations) == times + 1
    for number, migration in enumerate(migrations):
        checks = {check.id: check for check in migration.checks}
        place, left = ("new", "old") if number % 2 == 0 else ("old", "new")
        been = "where it had not been since it left," if number else "where it had not been,"
        assert f"announced the guest at {place}, {been}" in checks["completed"].because
        assert f"its old place at {left}" in checks["completed"].because
        assert checks["guest_reachable_after"].outcome == "pass"
        (guest,) = migration.guests
        assert guest.switchover.peer_outage_ms == pytest.approx(350, abs=210)
        (drs,) = [row for row in guest.mechanisms if row.name == "drs"]
        assert "back" in drs.because


def announced_by_garp(goes_on: bool) -> Scene:
    """As Hyper-V has it: no RARP; its one connection goes on from its new place, or another is opened there."""
    scene = by_itself()
    add_connection(scene, "old", 41_000, BEGIN - 3, STOPS)
    whole = Scene()
    add_connection(whole, "old", 41_000 if goes_on else 41_007, BEGIN - 3, BEGIN + 15)
    for ts, packet in whole.seen["old"]:
        if ts >= MOVED + 0.1:
            moved_on = packet.copy()
            for name in ("src", "dst"):
                if moved_on[Ether].fields[name] == GATEWAYS["old"]:
                    setattr(moved_on[Ether], name, GATEWAYS["new"])
            scene.at("new", ts, moved_on)
    return scene


@pytest.mark.parametrize(("goes_on", "count"), [(True, 1), (False, 0)])
def test_a_guest_that_no_host_s_rarp_announces_is_known_by_a_connection(
    goes_on: bool, count: int, tmp_path: Path
) -> None:
    """A gratuitous ARP is any start's; that what it had goes on from there is a live move's alone."""
    migrations = read(announced_by_garp(goes_on), tmp_path).migrations
    assert len(migrations) == count
    for migration in migrations:
        assert "a gratuitous ARP" in {c.id: c for c in migration.checks}["completed"].because
        assert [guest.mac for guest in migration.guests] == [GUEST]


def test_a_virtual_gateway_that_passes_to_the_other_site_is_no_guest(tmp_path: Path) -> None:
    """It announces itself, and what it forwards goes on: those connections are others'."""
    scene = other_of(announced_by_garp(True), GUEST, "10.77.0.1")
    forwarded = announced_by_garp(True)
    for point, seen in forwarded.seen.items():
        scene.seen[point] = [one for one in scene.seen[point] if TCP not in one[1]]
        scene.seen[point] += [one for one in seen if TCP in one[1]]
    assert read(scene, tmp_path).migrations == []


def test_a_second_guest_that_goes_the_other_way_is_told_once(tmp_path: Path) -> None:
    """Two guests change places with each other, at different times."""
    scene = moved()
    turned = {"old": "new", "new": "old"}
    for point, seen in other_of(moved(), "00:50:56:aa:77:11", "10.77.0.11").seen.items():
        scene.seen[turned.get(point, point)] += [(ts + 3, packet) for ts, packet in seen]
    migrations = read(scene, tmp_path).migrations
    assert sorted(m.guests[0].mac for m in migrations) == [GUEST, "00:50:56:aa:77:11"]
    assert "announced the guest at old" in {c.id: c for c in migrations[1].checks}["completed"].because


INNOCENT: dict[str, Callable[[], Scene]] = {
    "power-on": without_life,
    "link up in place": in_place,
    "goes on where it was": stays,
    "lives in both": lived_there,
    "GARP alone": by_itself,
    "long silence": long_gone,
    "DHCP after it": starts,
    "restart in order": closes_and_starts,
    "restart of a dead host's": dies_and_starts,
    "another port": another_port,
    "another port, and a client": another_port_and_a_client,
    "new place not watched before": not_watched_before,
    "old place not watched after": not_watched_after,
}


def test_a_guest_that_looks_for_its_address_later_has_moved_all_the_same(tmp_path: Path) -> None:
    """It talked at its new place before: probes and DHCP seconds after are a lease's end, or a reboot there."""
    scene = moved()
    ask = Ether(src=GUEST, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    asked: Packet = BOOTP(chaddr=bytes.fromhex(GUEST.replace(":", ""))) / DHCP(options=[("message-type", 1), "end"])
    scene.at("new", MOVED + 5, ask / asked)
    for n in range(3):
        probe = ARP(op=1, hwsrc=GUEST, psrc="0.0.0.0", pdst=GUEST_IP)
        scene.at("new", MOVED + 5.1 + n, Ether(src=GUEST, dst=BROADCAST) / probe)
    (migration,) = read(scene, tmp_path).migrations
    assert migration.connections == 0


@pytest.mark.parametrize("name", INNOCENT)
def test_what_only_resembles_a_move_is_none(name: str, tmp_path: Path) -> None:
    assert read(INNOCENT[name](), tmp_path).migrations == []


def test_where_no_place_is_named_and_a_single_file_is_read_nobody_knows_its_places(tmp_path: Path) -> None:
    scene = moved()
    scene.seen = {"far": scene.seen["far"]}
    assert read(scene, tmp_path, roles={}).migrations == []


def test_where_its_stream_is_in_view_nothing_is_told_twice(tmp_path: Path) -> None:
    scene = moved()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    (migration,) = read(scene, tmp_path).migrations
    assert migration.connections == 1


def test_a_router_is_known_by_its_own_address_and_not_by_those_that_it_forwards_for(tmp_path: Path) -> None:
    """A virtual firewall moves: what it sends is others', but where it asks by ARP it names itself."""
    scene = Scene()
    add_noise(scene)
    for n in range(200):
        ts = BEGIN - 3 + n * 0.1
        point = "old" if ts < STOPS else "new" if ts > MOVED else ""
        if point:
            forwarded = IP(src=f"198.51.100.{n % 4}", dst="10.77.0.50", ttl=62, id=n) / UDP(sport=4000, dport=4001)
            scene.at(point, ts, Ether(src=GUEST, dst=PEER) / forwarded)
    add_announcement(scene, "new")
    ask = ARP(op=1, hwsrc=GUEST, psrc="10.77.0.1", pdst="10.77.0.50")
    scene.at("old", BEGIN - 2.55, Ether(src=GUEST, dst=BROADCAST) / ask)
    (migration,) = read(scene, tmp_path).migrations
    assert migration.guests[0].ips == ["10.77.0.1"]


@pytest.mark.parametrize("stays", [True, False])
def test_a_guest_that_goes_on_where_it_was_did_not_come_with_another_s_stream(stays: bool, tmp_path: Path) -> None:
    """Its RARP fell near the end of a stream; it talks at its old place without a pause, and never at the new one."""
    scene = Scene()
    add_noise(scene)
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_life(scene, "old", BEGIN - 3, BEGIN + 18 if stays else STOPS)
    if not stays:
        add_life(scene, "new", MOVED + 0.2, BEGIN + 18, first=1_000)
    add_announcement(scene, "old", "new")
    (migration,) = read(scene, tmp_path).migrations
    assert [guest.mac for guest in migration.guests] == ([] if stays else [GUEST])
