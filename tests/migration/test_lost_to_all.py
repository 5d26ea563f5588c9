"""A service whose clients come but once each: what it does to all of them shows what became of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

import vmpcap
from tests.migration.moving import (
    BEGIN,
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
from vmpcap.report.document import Check

LEFT = BEGIN + STREAM_S - 0.05
COUNT = 70
STEP = 0.3
"""From 3 s before the stream to 18 s after it."""


def reachable(
    folder: Path, answers: Callable[[float, int], bool], peer: Callable[[int], str] = lambda n: f"10.77.1.{n + 1}"
) -> Check:
    """
    Who asks the guest: one that pings it, and each 0.3 s somebody who opens one connection; who that is, by number.

    Whoever has no answer sends the SYN again after 1 s and after 3 s.
    """
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new", "cl")
    add_pings(scene, "cl")
    for n in range(COUNT):
        ts, ident = BEGIN - 3 + 0.03 + n * STEP, iter(range(10 * n + 1, 10 * n + 10))

        def said(
            after: float,
            asks: bool,
            flags: str,
            seq: int,
            ack: int,
            n: int = n,
            ts: float = ts,
            ident: Iterator[int] = ident,
        ) -> None:
            ports = {"sport": 42_000 + n, "dport": 443} if asks else {"sport": 443, "dport": 42_000 + n}
            src, dst = (peer(n), GUEST_IP) if asks else (GUEST_IP, peer(n))
            macs = {"src": PEER, "dst": GUEST} if asks else {"src": GUEST, "dst": PEER}
            packet = IP(src=src, dst=dst, id=next(ident)) / TCP(**ports, flags=flags, seq=seq, ack=ack, window=9000)
            scene.at("cl", ts + after, Ether(**macs) / packet)

        said(0, True, "S", 100, 0)
        if not answers(ts, n):
            for late in (1.0, 3.0):
                said(late, True, "S", 100, 0)
            continue
        said(0.001, False, "SA", 500, 101)
        said(0.002, True, "A", 101, 501)
        said(0.003, True, "FA", 101, 501)
        said(0.004, False, "FA", 501, 102)
        said(0.005, True, "A", 102, 502)
    files = scene.write(folder)
    points = {"source": files["src"], "destination": files["dst"], "new": files["new"], "cl": files["cl"]}
    report = vmpcap.report(points, roles={"new": "domain:destination", "cl": "client"})
    (check,) = [one for one in report.migrations[0].checks if one.id == "guest_reachable_after"]
    return check


def test_a_service_that_answers_nobody_since_the_move_is_lost(tmp_path: Path) -> None:
    """Each client asks once: none of those since has an answer, and all of those before had."""
    check = reachable(tmp_path, lambda ts, _: ts < LEFT)
    vain = sum(BEGIN - 3 + 0.03 + n * STEP >= LEFT for n in range(COUNT))
    assert check.outcome == "fail"
    assert f"tcp/443 answered none of {vain} connections that {vain} peers opened" in check.because
    assert f"until it {COUNT - vain} peers had answers" in check.because
    assert "again" not in check.because.partition("tcp/443")[2]


def test_a_service_that_answers_since_is_not(tmp_path: Path) -> None:
    """Only those that came while the guest moved had to ask again."""
    check = reachable(tmp_path, lambda ts, _: not LEFT <= ts < MOVED)
    assert "answered none" not in check.because
    assert check.outcome != "fail"


def test_a_service_that_answers_some_since_is_not_lost_to_all(tmp_path: Path) -> None:
    """One client in ten is answered: what answers there is not gone."""
    check = reachable(tmp_path, lambda ts, n: ts < LEFT or n % 10 == 0)
    assert "answered none" not in check.because


def test_a_port_that_answered_nobody_before_is_not_lost(tmp_path: Path) -> None:
    """A firewall drops what comes for it, before the move as after it."""
    check = reachable(tmp_path, lambda ts, _: False)
    assert check.outcome != "fail"


def test_strangers_that_ask_since_the_move_do_not_show_a_service_lost(tmp_path: Path) -> None:
    """One machine may log in, and did; since the move only others try."""
    check = reachable(tmp_path, lambda ts, _: ts < LEFT, lambda n: "10.77.1.1" if n < 17 else f"10.77.1.{n}")
    assert check.outcome != "fail"


def test_a_service_that_refused_many_before_is_not_lost_to_those_that_it_refuses_since(tmp_path: Path) -> None:
    """Every second of those that asked before had no answer either."""
    check = reachable(tmp_path, lambda ts, n: ts < LEFT and n % 2 == 0)
    assert "answered none" not in check.because
