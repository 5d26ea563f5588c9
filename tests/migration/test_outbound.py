"""What the guest itself asks, and where it gets no answer any more: one rule, wherever its requests are seen last."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
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


@pytest.mark.parametrize(
    ("since", "outcome"),
    [((0.3, 1.5, 3.0), "undecided"), ((0.3, 6.3, 12.3), "fail")],
    ids=["asks no more", "pauses as long"],
)
def test_a_service_that_the_guest_asks_no_more_is_not_lost_for_sure(
    since: tuple[float, ...], outcome: str, tmp_path: Path
) -> None:
    """It may have turned to another server, and this one may answer again; not where it always pauses so long."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    others(scene)
    before = [LEFT - 0.1 - n * 0.25 for n in range(12)]
    for n, ts in enumerate(sorted([*before, *(MOVED + after for after in since)])):
        for point in ("old" if ts < LEFT else "new", "gw"):
            scene.at(point, ts, ping(GUEST_IP, SERVER, (GUEST, ROUTER_A), n, 9, 8))
            if ts < LEFT:
                scene.at(point, ts + 0.001, ping(SERVER, GUEST_IP, (ROUTER_A, GUEST), n, 9, 0))
    files = scene.write(tmp_path)
    points = {"source": files["src"], "destination": files["dst"], **{name: files[name] for name in ROLES}}
    report = vmpcap.report(points, roles=ROLES, profile="qemu-default")
    found, because = outcome_of(report, "guest_reachable_after")
    assert found == outcome, because
    assert f"the guest never got an answer again from 1 of its 2 peers: {SERVER}" in because
    assert ("asked on to the end" in because) == (outcome == "fail")


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


@pytest.mark.parametrize("pause", [1.5, 4.0])
def test_the_answers_that_end_a_silence_do_not_make_it_doubtful(pause: float, tmp_path: Path) -> None:
    """Nothing came back anywhere before them; the request that the first of them answers is not lost."""
    report = told(tmp_path, ("new", "gw"), (), until=MOVED + pause)
    outcome, because = outcome_of(report, "switchover")
    assert outcome == "fail", because
    (row,) = [peer for peer in report.migrations[0].guests[0].peers if peer.peer == SERVER]
    sent = [BEGIN - 3 + 0.02 + n * STEP for n in range(int((END - BEGIN + 3) / STEP))]
    assert row.lost == len([ts for ts in sent if MOVED <= ts < MOVED + pause])
    assert (row.survived, "by another way" in row.because) == (True, False)


def test_the_answer_that_ends_a_silence_shows_that_another_would_have_passed(tmp_path: Path) -> None:
    """Nobody else asks the guest: that answers come by the gateway shows in those of before and of after."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    asks(scene, ("new", "gw"), (), until=MOVED + 1.5)
    files = scene.write(tmp_path)
    points = {"source": files["src"], "destination": files["dst"], **{name: files[name] for name in ROLES}}
    outcome, because = outcome_of(vmpcap.report(points, roles=ROLES, profile="qemu-default"), "switchover")
    assert outcome == "fail", because


def opens(scene: Scene, points: tuple[str, ...], answered: Callable[[float], bool], until: float, again: bool) -> None:
    """The guest opens a connection to a server every 0.2 s, and sends its SYN again after a second, or does not."""
    for n in range(int((until - BEGIN + 3) / 0.2)):
        ts = BEGIN - 3 + 0.02 + n * 0.2
        if LEFT <= ts < MOVED:
            continue
        seen = [point for point in points if point != ("new" if ts < LEFT else "old")]
        macs = (GUEST, ROUTER_A)

        def said(after: float, asks: bool, flags: str, seq: int, ack: int, ts: float = ts, n: int = n) -> None:
            ends = {"sport": 42_000 + n, "dport": 5432} if asks else {"sport": 5432, "dport": 42_000 + n}
            src, dst = (GUEST_IP, SERVER) if asks else (SERVER, GUEST_IP)
            frame = Ether(src=macs[not asks], dst=macs[asks])  # noqa: B023
            for point in seen:  # noqa: B023
                scene.at(
                    point,
                    ts + after,
                    frame / IP(src=src, dst=dst, id=n + 1) / TCP(**ends, flags=flags, seq=seq, ack=ack),
                )

        said(0, True, "S", 100, 0)
        if not answered(ts):
            if again:
                said(1.0, True, "S", 100, 0)
            continue
        said(0.001, False, "SA", 500, 101)
        said(0.002, True, "A", 101, 501)
        said(0.003, True, "FA", 101, 501)
        said(0.004, False, "FA", 501, 102)
        said(0.005, True, "A", 102, 502)


def opened(
    folder: Path, points: tuple[str, ...], answered: Callable[[float], bool], until: float = END, again: bool = True
) -> Answer:
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    others(scene)
    opens(scene, points, answered, until, again)
    files = scene.write(folder)
    return vmpcap.report(
        {"source": files["src"], **{name: files[name] for name in points}},
        roles={name: ROLES[name] for name in points},
        profile="qemu-default",
    )


@pytest.mark.parametrize("lived", [1.0, 7.0])
def test_a_service_that_answers_the_guest_for_a_while_after_the_move_and_then_no_more_is_lost(
    lived: float, tmp_path: Path
) -> None:
    """It opens a connection each time anew. More than 5 s after the move it is no more the move's for sure."""
    report = opened(tmp_path, ("old", "new", "gw"), lambda ts: ts < MOVED + lived)
    rows = [peer for peer in report.migrations[0].guests[0].peers if peer.peer == SERVER and peer.lost]
    assert len(rows) == 1
    asked = [BEGIN - 3 + 0.02 + n * 0.2 for n in range(int((END - BEGIN + 3) / 0.2))]
    lost = [ts for ts in asked if ts >= MOVED + lived]
    assert rows[0].lost == 2 * len(lost)
    assert rows[0].survived is False
    length = (lost[-1] + 1 - lost[0]) * 1000
    told = rows[0].outage_low_ms if lived < 5 else rows[0].lost_later_ms
    assert told == pytest.approx(length, abs=10)
    assert outcome_of(report, "switchover")[0] == ("fail" if lived < 5 else "pass")
    assert outcome_of(report, "guest_reachable_after")[0] == ("fail" if lived < 5 else "undecided")


@pytest.mark.parametrize(("again", "outcome"), [(True, "fail"), (False, "undecided")])
def test_a_service_that_never_answers_the_guest_again_is_seen_at_a_gateway_alone(
    again: bool, outcome: str, tmp_path: Path
) -> None:
    """A SYN that is sent again had no answer; one that is not may have had it by another gateway."""
    report = opened(tmp_path, ("old", "gw"), lambda ts: ts < LEFT, until=MOVED + 6, again=again)
    found, because = outcome_of(report, "switchover")
    assert found == outcome, because
    assert SERVER in because
    assert len([peer for peer in report.migrations[0].guests[0].peers if peer.peer == SERVER and peer.lost]) == 1


@pytest.mark.parametrize("points", [("old", "new", "gw"), ("old", "gw")])
def test_a_service_that_answers_the_guest_on_is_not_lost(points: tuple[str, ...], tmp_path: Path) -> None:
    report = opened(tmp_path, points, lambda ts: True)
    for rule in ("switchover", "guest_reachable_after"):
        outcome, because = outcome_of(report, rule)
        assert outcome == "pass", because


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


@pytest.mark.parametrize(("of_three", "outcome"), [(0, "pass"), (1, "undecided"), (2, "fail")])
def test_a_service_that_answers_only_a_part_of_what_the_guest_asks_since_the_move_is_partly_lost(
    of_three: int, outcome: str, tmp_path: Path
) -> None:
    """Each query from a port of its own; its new place shows that one or two of three answers never come."""
    scene = Scene()
    others(scene)
    count = lost = 0
    for n in range(int((END - BEGIN + 2) / 0.1)):
        ts = BEGIN - 3 + 0.02 + n * 0.1
        if LEFT <= ts < MOVED:
            continue
        here = "old" if ts < LEFT else "new"
        is_lost = here == "new" and n % 3 < of_three
        count, lost = count + (here == "new"), lost + is_lost
        ask = IP(src=GUEST_IP, dst=SERVER, id=n + 1) / UDP(sport=50_000 + n, dport=53) / Raw(b"q" * 30)
        tell = IP(src=SERVER, dst=GUEST_IP, id=n + 1) / UDP(sport=53, dport=50_000 + n) / Raw(b"a" * 60)
        for point in (here, "gw"):
            scene.at(point, ts, Ether(src=GUEST, dst=ROUTER_A) / ask)
            if not is_lost:
                scene.at(point, ts + 0.002, Ether(src=ROUTER_A, dst=GUEST) / tell)
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "gw")
    files = scene.write(tmp_path)
    points = {"source": files["src"], "destination": files["dst"], **{name: files[name] for name in ROLES}}
    report = vmpcap.report(points, roles=ROLES, profile="qemu-default")
    assert outcome_of(report, "guest_reachable_after")[0] == outcome
    (guest,) = report.migrations[0].guests
    parts = [(peer.peer, peer.protocol, peer.part_lost, peer.part_asked) for peer in guest.peers if peer.part_lost]
    assert parts == ([(SERVER, "udp/53", lost, count)] if of_three else [])
    assert {peer.protocol for peer in guest.peers if peer.peer == SERVER} == {"udp/53"}, "by no port of the guest's own"
