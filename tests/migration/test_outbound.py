"""What the guest itself asks, and where it gets no answer any more: one rule, wherever its requests are seen last."""

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

import vmpcap
from tests.migration.moving import (
    BEGIN,
    END,
    GUEST,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    PEER,
    PEER_IP,
    ROUTER_A,
    STREAM_S,
    Scene,
    add_announcement,
    add_stream,
)
from vmpcap.runs.answer import Answer

SERVER = "10.99.0.53"
LEFT = BEGIN + STREAM_S - 0.05
STEP = 0.05
ROLES = {"old": "domain:source", "new": "domain:destination", "gw": "gateway"}


def ping(src: str, dst: str, macs: tuple[str, str], n: int, number: int, kind: int) -> Ether:
    """An echo request or reply."""
    return Ether(src=macs[0], dst=macs[1]) / IP(src=src, dst=dst, id=n + 1) / ICMP(type=kind, id=number, seq=n)


def others(scene: Scene) -> None:
    """A peer asks the guest all the time, and is answered wherever it is."""
    for n in range(int((END - BEGIN + 3) / STEP)):
        ts = BEGIN - 3 + n * STEP
        here = "old" if ts < LEFT else "new" if ts >= MOVED else ""
        for point in ("gw", here) if here else ("gw",):
            scene.at(point, ts, ping(PEER_IP, GUEST_IP, (PEER, GUEST), n, 7, 8))
            if here:
                scene.at(point, ts + 0.0005, ping(GUEST_IP, PEER_IP, (GUEST, PEER), n, 7, 0))


def asks(
    scene: Scene, seen: tuple[str, ...], answers: tuple[str, ...], until: float = END, dark_from: float = END
) -> None:
    """The guest asks a server all the time: since the move these points see it ask, and those the answers."""
    for n in range(int((END - BEGIN + 3) / STEP)):
        ts = BEGIN - 3 + 0.02 + n * STEP
        if LEFT <= ts < MOVED:
            continue  # it does not run, and its clock does not count
        is_old = ts < LEFT
        for point in ("old", "gw") if is_old else ("new", "gw") if ts >= until else seen:
            scene.at(point, ts, ping(GUEST_IP, SERVER, (GUEST, ROUTER_A), n, 9, 8))
        if ts >= dark_from:
            continue
        for point in ("old", "gw") if is_old else ("new", "gw") if ts >= until else answers:
            scene.at(point, ts + 0.001, ping(SERVER, GUEST_IP, (ROUTER_A, GUEST), n, 9, 0))


def told(
    folder: Path, seen: tuple[str, ...], answers: tuple[str, ...], until: float = END, dark_from: float = END
) -> Answer:
    """The report on such a guest."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    others(scene)
    asks(scene, seen, answers, until, dark_from)
    files = scene.write(folder)
    return vmpcap.report(
        {"source": files["src"], "destination": files["dst"], **{name: files[name] for name in ROLES}},
        roles=ROLES,
        profile="qemu-default",
    )


def outcome_of(report: Answer, rule: str) -> tuple[str, str]:
    (check,) = [c for c in report.migrations[0].checks if c.id == rule]
    return check.outcome, check.because


@pytest.mark.parametrize(
    ("seen", "answers", "says"),
    [
        (("new",), (), "passed new and never gw, which they passed before the move"),
        (("new", "gw"), (), "passed new, gw"),
        (("new", "gw"), ("gw", "old"), "answers went to old, its old place"),
    ],
)
def test_a_service_that_never_answers_the_guest_again_fails_wherever_its_requests_were_seen_last(
    seen: tuple[str, ...], answers: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    """It answered until the guest left; others reach the guest as ever. The place is told."""
    report = told(tmp_path, seen, answers)
    outcome, because = outcome_of(report, "switchover")
    assert outcome == "fail", because
    assert f"the guest never got an answer again from 1 of its 2 peers ({SERVER} by icmp)" in because
    assert says in because
    outcome, because = outcome_of(report, "guest_reachable_after")
    assert outcome == "fail", because
    (guest,) = report.migrations[0].guests
    (row,) = [peer for peer in guest.peers if peer.peer == SERVER]
    assert (row.survived, row.point) == (False, "new")
    assert row.lost == pytest.approx((END - MOVED) / STEP, abs=2)


def test_answers_that_pass_the_gateway_and_not_its_new_place_decide_nothing(tmp_path: Path) -> None:
    """They may come to the guest by another link of its host."""
    report = told(tmp_path, ("new", "gw"), ("gw",))
    outcome, because = outcome_of(report, "switchover")
    assert outcome == "undecided", because
    (row,) = [peer for peer in report.migrations[0].guests[0].peers if peer.peer == SERVER]
    assert (row.survived, "may come to it by another way" in row.because) == (None, True)


def test_a_service_that_answers_the_guest_again_after_longer_than_the_limit_fails(tmp_path: Path) -> None:
    """For 1.5 s its answers went to the old place."""
    report = told(tmp_path, ("new", "gw"), ("gw", "old"), until=MOVED + 1.5)
    outcome, because = outcome_of(report, "switchover")
    assert outcome == "fail", because
    (guest,) = report.migrations[0].guests
    (row,) = [peer for peer in guest.peers if peer.peer == SERVER]
    assert row.survived is True
    assert row.outage_low_ms == pytest.approx(1450, abs=60)
    assert outcome_of(report, "guest_reachable_after")[0] == "pass"


@pytest.mark.parametrize("dark_from", [END, LEFT - 1.0])
def test_a_service_that_answers_or_did_not_before_the_move_either_says_nothing(
    dark_from: float, tmp_path: Path
) -> None:
    """One that had fallen silent a second before the guest left is not lost by the move."""
    report = told(tmp_path, ("new", "gw"), ("new", "gw"), dark_from=dark_from)
    for rule in ("switchover", "guest_reachable_after"):
        outcome, because = outcome_of(report, rule)
        assert outcome == "pass", because


def test_answers_to_the_guests_own_requests_are_no_requests_that_it_leaves_unanswered(tmp_path: Path) -> None:
    """Nobody else asks it: whether others reach it is not known, but it is not out of reach."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new")
    asks(scene, ("new", "gw"), ("new", "gw"))
    files = scene.write(tmp_path)
    points = {"source": files["src"], "destination": files["dst"], **{name: files[name] for name in ROLES}}
    report = vmpcap.report(points, roles=ROLES | {"gw": "client"})
    assert outcome_of(report, "guest_reachable_after")[0] == "undecided"


@pytest.mark.parametrize(("sender", "target", "holes"), [(GUEST_IP, SERVER, 0), (SERVER, PEER_IP, 1)])
def test_left_out_numbers_of_a_guest_that_moved_are_no_hole_of_the_capture(
    sender: str, target: str, holes: int, tmp_path: Path
) -> None:
    """What it sent while nobody carried it was lost before the point; what somebody else sent the capture may lack."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new")
    for n in range(int((END - BEGIN + 3) / STEP)):
        ts = BEGIN - 3 + 0.02 + n * STEP
        if not LEFT - 0.2 <= ts < MOVED + 0.3:
            macs = (GUEST, ROUTER_A) if sender == GUEST_IP else (PEER, ROUTER_A)
            scene.at("cl", ts, ping(sender, target, macs, n, 9, 8))
            scene.at("cl", ts + 0.001, ping(target, sender, macs[::-1], n, 9, 0))
    files = scene.write(tmp_path)
    points = {"source": files["src"], "destination": files["dst"], "new": files["new"], "cl": files["cl"]}
    report = vmpcap.report(points, roles={"new": "domain:destination", "cl": "client"})
    (point,) = [one for one in report.document.inputs if one.point == "cl"]
    assert len([hole for hole in point.holes if "echo requests" in hole.because]) == holes
