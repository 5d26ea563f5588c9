"""A service that the guest has an open connection to when the capture begins, and asks anew in vain since it moved."""

from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import (
    BEGIN,
    END,
    GUEST,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    ROUTER_A,
    Scene,
    add_announcement,
    add_stream,
)
from tests.migration.test_outbound import LEFT, ROLES, SERVER, others, outcome_of
from vmpcap.migration.listed import is_gone
from vmpcap.migration.results import Peer
from vmpcap.runs.answer import Answer

SIZE = 100


def said(asks: bool, port: int, flags: str, seq: int, ack: int, size: int = 0) -> Ether:
    """A segment between the guest and its database."""
    src, dst = (GUEST_IP, SERVER) if asks else (SERVER, GUEST_IP)
    ends = {"sport": port, "dport": 5432} if asks else {"sport": 5432, "dport": port}
    macs = (GUEST, ROUTER_A) if asks else (ROUTER_A, GUEST)
    told = Ether(src=macs[0], dst=macs[1]) / IP(src=src, dst=dst, id=seq % 60_000)
    return told / TCP(**ends, flags=flags, seq=seq, ack=ack) / Raw(b"x" * size)


def asked(folder: Path, serves: bool, is_open: bool = True) -> Answer:
    """The report on a guest whose query each 0.1 s is answered until it leaves; since it came it opens connections."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    others(scene)
    for n in range(int((LEFT - BEGIN + 3) / 0.1) if is_open else 0):
        ts = BEGIN - 3 + n * 0.1
        for point in ("old", "gw"):
            scene.at(point, ts, said(True, 41_000, "PA", 1000 + n * SIZE, 500 + n * SIZE, SIZE))
            scene.at(point, ts + 0.001, said(False, 41_000, "PA", 500 + n * SIZE, 1000 + (n + 1) * SIZE, SIZE))
    for n in range(int((END - MOVED - 0.5) / 0.5)):
        ts, port = MOVED + 0.2 + n * 0.5, 42_000 + n
        for point in ("new", "gw") if serves else ("new",):
            scene.at(point, ts, said(True, port, "S", 100, 0))
            if serves:
                scene.at(point, ts + 0.001, said(False, port, "SA", 500, 101))
                scene.at(point, ts + 0.002, said(True, port, "A", 101, 501))
    files = scene.write(folder)
    points = {"source": files["src"], "destination": files["dst"], **{name: files[name] for name in ROLES}}
    return vmpcap.report(points, roles=ROLES)


def test_a_service_that_answered_in_an_open_connection_and_no_new_one_since_is_lost(tmp_path: Path) -> None:
    """No connection to it was opened in view before the move: the one that was open shows that it served the guest."""
    report = asked(tmp_path, serves=False)
    outcome, because = outcome_of(report, "guest_reachable_after")
    assert outcome == "fail", because
    assert f"the guest never got an answer again from 1 of its 2 peers: {SERVER}" in because
    (lost,) = [p for p in report.migrations[0].guests[0].peers if p.peer == SERVER and p.survived is False]
    assert "passed new and never gw, which they passed before the move" in lost.because


@pytest.mark.parametrize(("serves", "is_open"), [(True, True), (False, False)], ids=["it serves on", "it never did"])
def test_a_service_that_answers_or_never_did_is_not_lost_by_the_move(
    serves: bool, is_open: bool, tmp_path: Path
) -> None:
    """New connections are opened; or nothing shows that it served the guest before."""
    outcome, because = outcome_of(asked(tmp_path, serves, is_open), "guest_reachable_after")
    assert outcome == "pass", because


def given_up(folder: Path, is_answered: bool, is_whole: bool = False, port: int = 41_000) -> list[Peer]:
    """What is told of a connection in which the guest, since it moved, sends the same five times in 3 s?"""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    others(scene)
    other = Ether(src="02:00:00:00:77:01", dst="ff:ff:ff:ff:ff:ff") / IP(src="10.77.0.99", dst="10.77.0.255")
    if is_whole:  # the hosts' uplinks, which carry the stream, too: it compares their clocks
        scene.seen["old"], scene.seen["new"] = scene.seen.pop("src"), scene.seen["new"] + scene.seen.pop("dst")
        scene.at("new", BEGIN - 3, other / UDP(sport=138, dport=138))
    count = int((LEFT - BEGIN + 3) / 0.1)
    for n in range(count):
        ts = BEGIN - 3 + n * 0.1
        scene.at("old", ts, said(True, port, "PA", 1000 + n * SIZE, 500 + n * SIZE, SIZE))
        scene.at("old", ts + 0.001, said(False, port, "PA", 500 + n * SIZE, 1000 + (n + 1) * SIZE, SIZE))
    for late in (0.2, 0.4, 0.8, 1.6, 3.2):
        scene.at("new", MOVED + late, said(True, port, "PA", 1000 + count * SIZE, 500 + count * SIZE, SIZE))
    if is_answered:
        end = said(False, port, "PA", 500 + count * SIZE, 1000 + (count + 1) * SIZE, SIZE)
        scene.at("new", MOVED + 3.201, end)
    files = scene.write(folder)
    names = {"src": "source", "dst": "destination", "old": "old", "new": "new"}
    points = {said: files[name] for name, said in names.items() if name in files}
    roles = {"old": "domain:source", "new": "domain:destination"}
    (guest,) = vmpcap.report(points, roles=roles).document.migrations[0].guests
    return [peer for peer in guest.peers if peer.peer == SERVER]


@pytest.mark.parametrize("is_whole", [True, False], ids=["both places show it", "its new place began with it"])
def test_what_the_guest_sends_in_vain_does_not_show_that_it_is_answered_again(is_whole: bool, tmp_path: Path) -> None:
    """Five times within 3 s, at its new place: the connection is dead, and counts."""
    told = given_up(tmp_path, is_answered=False, is_whole=is_whole)
    assert any(map(is_gone, told)), told
    assert not [peer.because for peer in told if peer.outage_high_ms is not None]


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_connection_that_is_answered_in_the_end_is_not_given_up(is_whole: bool, tmp_path: Path) -> None:
    """After 3.2 s."""
    assert not any(map(is_gone, given_up(tmp_path, is_answered=True, is_whole=is_whole)))


def test_what_a_guest_sends_that_is_asked_itself_has_no_answer_of_a_client_that_left(tmp_path: Path) -> None:
    """Its port is that of a server, the client's is higher: nobody lost the guest."""
    assert not any(map(is_gone, given_up(tmp_path, is_answered=False, port=443)))
