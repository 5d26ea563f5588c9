"""Who asks the guest in short runs, as monitors do, or a few times and then no more."""

from collections.abc import Callable, Sequence
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
    STREAM_S,
    Scene,
    add_announcement,
    add_pings,
    add_stream,
)
from vmpcap.runs.answer import Answer

MONITOR = "10.77.0.21"
AWAY = BEGIN + STREAM_S - 0.05


def told(
    folder: Path,
    runs: Sequence[Sequence[float]],
    answers: Callable[[float], bool],
    profile: str = "vsphere4",
    until: float = END,
    pings: bool = True,
) -> Answer:
    """A monitor's runs of ping, each with an identifier of its own, beside a peer that is answered all the time."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "cl")
    if pings:
        add_pings(scene, "cl", until=until)
    for run, times in enumerate(runs):
        for n, ts in enumerate(times):
            echo = {"id": 500 + run, "seq": n + 1}
            ask = Ether(src=PEER, dst=GUEST) / IP(src=MONITOR, dst=GUEST_IP, id=run * 50 + n + 1) / ICMP(type=8, **echo)
            scene.at("cl", ts, ask)
            if answers(ts):
                said = IP(src=GUEST_IP, dst=MONITOR, id=run * 50 + n + 1) / ICMP(type=0, **echo)
                scene.at("cl", ts + 0.0005, Ether(src=GUEST, dst=PEER) / said)
    files = scene.write(folder)
    points = {"source": files["src"], "destination": files["dst"], "new": files["new"], "cl": files["cl"]}
    return vmpcap.report(points, roles={"new": "domain:destination", "cl": "client"}, profile=profile)


def outcome_of(report: Answer, check: str = "guest_reachable_after") -> str:
    (outcome,) = [one.outcome for one in report.migrations[0].checks if one.id == check]
    return outcome


def every(step: float, of_each: int = 1, apart: float = 0.2) -> list[list[float]]:
    """Runs of so many pings from before the move until nearly the end."""
    begins = [BEGIN - 2.5 + n * step for n in range(int((END - 0.5 - BEGIN + 2.5) / step))]
    return [[begin + n * apart for n in range(of_each)] for begin in begins]


@pytest.mark.parametrize(("step", "of_each"), [(2.0, 1), (2.0, 4), (4.0, 12)])
def test_a_monitor_that_gets_no_answer_any_more_has_lost_the_guest(step: float, of_each: int, tmp_path: Path) -> None:
    """Each of its runs has a new identifier, and all since the move are in vain, to the end."""
    report = told(tmp_path, every(step, of_each), lambda ts: ts < AWAY)
    assert outcome_of(report) == "fail"
    assert MONITOR in report.document.because or "1 of 2 peers" in report.document.because


@pytest.mark.parametrize(("step", "of_each"), [(2.0, 1), (2.0, 4)])
def test_a_monitor_that_is_answered_again_has_not(step: float, of_each: int, tmp_path: Path) -> None:
    """What it missed while the guest moved is all that it missed."""
    report = told(tmp_path, every(step, of_each), lambda ts: ts < AWAY or ts >= MOVED)
    assert outcome_of(report) == "pass"


def test_a_monitor_alone_tells_that_the_guest_is_lost(tmp_path: Path) -> None:
    """Nobody else asks: that its earlier runs were answered shows that the guest owes these an answer."""
    report = told(tmp_path, every(2.0), lambda ts: ts < AWAY, pings=False)
    assert outcome_of(report) == "fail"


@pytest.mark.parametrize(("last", "outcome"), [(MOVED + 3.5, "undecided"), (END - 1.0, "fail")])
def test_a_peer_that_gave_up_soon_did_not_ask_to_the_end(last: float, outcome: str, tmp_path: Path) -> None:
    """It had answers before, and asks in vain each second; where it stops early nobody knows what came later."""
    times = [BEGIN - 2 + n for n in range(int(last - BEGIN + 2))]
    report = told(tmp_path, [times], lambda ts: ts < AWAY)
    assert outcome_of(report) == outcome
    (check,) = [one for one in report.migrations[0].checks if one.id == "guest_reachable_after"]
    assert ("to the end" in check.because) == (outcome == "fail")
    (peer,) = [one for one in report.migrations[0].guests[0].peers if one.peer == MONITOR]
    assert ("none came any more" in peer.because) == (outcome == "undecided")


@pytest.mark.parametrize(("early", "outcome"), [(0, "undecided"), (12, "fail")])
def test_a_peer_that_asks_for_the_first_time_since_the_move_was_not_cut_off_by_it(
    early: int, outcome: str, tmp_path: Path
) -> None:
    """Nothing shows that a filter let it in before; an earlier ping of its own that was answered does, long over."""
    runs = [[BEGIN - 2.5 + n * 0.2 for n in range(early)], [MOVED + 0.5 + n * 0.5 for n in range(34)]]
    report = told(tmp_path, [run for run in runs if run], lambda ts: ts < AWAY, profile="qemu-default")
    assert outcome_of(report) == outcome_of(report, "switchover") == outcome
    (check,) = [one for one in report.migrations[0].checks if one.id == "guest_reachable_after"]
    assert ("it was answered before" in check.because) == bool(early)
