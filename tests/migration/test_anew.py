"""Connections that a peer opens anew, one after the other: what they meet is what their service met."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
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
    PEER_IP,
    STREAM_S,
    Scene,
    add_announcement,
    add_pings,
    add_stream,
)
from vmpcap.migration.results import Peer
from vmpcap.report.about_guest import about_guest
from vmpcap.report.blocks import Grid
from vmpcap.report.chart import ASCII
from vmpcap.runs.answer import Answer

LEFT = BEGIN + STREAM_S - 0.05
STEP = 0.2


def told(
    folder: Path,
    answers: Callable[[float], bool],
    profile: str,
    count: int = 80,
    again: int = 1,
    step: float = STEP,
    is_closed: bool = True,
    way: Callable[[float], str] = lambda ts: "cl",
) -> Answer:
    """
    A client that pings the guest, and opens a connection to it every 0.2 s; by when it opens one it is answered.

    Where it is not, the client sends its SYN again, each second. Where they are not closed, the capture lacks the last
    segment of each. Each connection is seen at the point of the way that it takes; pings at all of these.
    """
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    beside = sorted({way(BEGIN - 3), way(MOVED + 15), "cl" if way(BEGIN) == "cl" else "wan"})
    add_announcement(scene, *{"new", *beside} - {"old", "wan"})
    add_pings(scene, *beside)
    for n in range(count):
        ts = BEGIN - 3 + 0.03 + n * step

        def said(after: float, asks: bool, flags: str, seq: int, ack: int, ts: float = ts, n: int = n) -> None:
            ports = {"sport": 42_000 + n, "dport": 443} if asks else {"sport": 443, "dport": 42_000 + n}
            src, dst = (PEER_IP, GUEST_IP) if asks else (GUEST_IP, PEER_IP)
            macs = {"src": PEER, "dst": GUEST} if asks else {"src": GUEST, "dst": PEER}
            packet = IP(src=src, dst=dst, id=n + 1) / TCP(**ports, flags=flags, seq=seq, ack=ack, window=9000)
            scene.at(way(ts), ts + after, Ether(**macs) / packet)

        said(0, True, "S", 100, 0)
        if not answers(ts):
            for late in range(1, again + 1):
                said(float(late), True, "S", 100, 0)
            continue
        said(0.001, False, "SA", 500, 101)
        said(0.002, True, "A", 101, 501)
        said(0.003, True, "FA", 101, 501)
        said(0.004, False, "FA", 501, 102)
        if is_closed:
            said(0.005, True, "A", 102, 502)
    files = scene.write(folder)
    points = {"source": files["src"], "destination": files["dst"], "new": files["new"]}
    points |= {name: files[name] for name in beside}
    roles = {"old": "domain:source", "new": "domain:destination", "cl": "client", "wan": "wan"}
    return vmpcap.report(points, roles={name: role for name, role in roles.items() if name in points}, profile=profile)


def outcomes(report: Answer) -> dict[str, str]:
    return {check.id: check.outcome for check in report.migrations[0].checks}


def lost_ones(report: Answer) -> list[Peer]:
    """Rows of the service that had no answer for a while."""
    (guest,) = report.migrations[0].guests
    return [peer for peer in guest.peers if peer.protocol == "tcp/443" and peer.outage_low_ms]


@pytest.mark.parametrize(("count", "outcome"), [(80, "undecided"), (108, "fail")])
def test_a_service_that_answers_no_new_connection_since_the_move_is_one_lost_row(
    count: int, outcome: str, tmp_path: Path
) -> None:
    """
    The peer's pings are answered, its service is not: the guest is not reached by all that asked it before.

    Whoever stops asking long before the capture ends may have been answered later.
    """
    report = told(tmp_path, lambda ts: ts < LEFT, "vsphere4", count)
    (row,) = lost_ones(report)
    assert row.survived is None, "it stopped asking before the capture ended"
    opened = [ts for ts in (BEGIN - 3 + 0.03 + n * STEP for n in range(count)) if ts >= LEFT]
    assert row.lost == len(opened), "those that begin more than 5 s after the move are of the same service"
    assert outcomes(report)["guest_reachable_after"] == outcome
    assert report.verdict != "pass"
    rows = [block for block in about_guest(report.migrations[0].guests[0], ASCII) if isinstance(block, Grid)]
    (told_row,) = [cells for grid in rows if grid.columns[0] == "peer" for cells in grid.rows if "never back" in cells]
    assert told_row[:2] == (row.peer, row.protocol), "as the headline has it"


def test_a_service_that_answers_again_was_cut_off_until_then(tmp_path: Path) -> None:
    """For 2.4 s since the guest left no connection is answered, then all are: none of them is lost for good."""
    report = told(tmp_path, lambda ts: not LEFT <= ts < MOVED + 2.2, "qemu-default")
    (row,) = lost_ones(report)
    assert row.survived is True
    assert row.outage_low_ms == pytest.approx(2200, abs=200)
    assert outcomes(report)["switchover"] == "fail"
    assert "never" not in report.document.because
    assert "at least 2" in report.document.because


@pytest.mark.parametrize("returns", [True, False])
def test_a_service_that_answers_again_at_the_guests_new_place_is_not_lost_at_its_old_one(
    returns: bool, tmp_path: Path
) -> None:
    """A route leads to the old place for 6 s: what is opened later is answered, where it comes to the new one."""
    flip = MOVED + 6

    def answers(ts: float) -> bool:
        return ts < LEFT or (returns and ts >= flip)

    report = told(tmp_path, answers, "qemu-default", 100, way=lambda ts: "old" if ts < flip else "new")
    (row,) = [row for row in lost_ones(report) if row.point == "old"]
    assert row.outage_low_ms == pytest.approx((flip - LEFT) * 1e3 + (0 if returns else 850), abs=200)
    if returns:
        assert row.survived is True
        assert "had, at new" in row.because
        assert "never" not in report.document.because
        assert outcomes(report)["guest_reachable_after"] == "pass"
    else:
        assert row.survived is not True
        assert "none was answered after" in row.because
    assert outcomes(report)["switchover"] != "pass"


def test_a_port_that_is_never_answered_tells_nothing(tmp_path: Path) -> None:
    """A firewall drops what comes for it, before the move as after it."""
    report = told(tmp_path, lambda ts: False, "qemu-default")
    assert lost_ones(report) == []
    assert outcomes(report)["switchover"] == "pass"


SELDOM: Final[dict[str, Any]] = {"count": 6, "again": 2, "step": 3.5}
"""Two connections before the guest leaves, the later of them more than a second before it; four since it came."""


def test_a_service_that_is_asked_seldom_and_answers_no_more_is_lost(tmp_path: Path) -> None:
    """What was answered long before the guest fell silent shows, too, that it answered."""
    report = told(tmp_path, lambda ts: ts < LEFT, "vsphere4", **SELDOM)
    (row,) = lost_ones(report)
    assert (row.lost, row.retransmissions) == (4, 8)
    assert outcomes(report)["guest_reachable_after"] == "fail"
    assert report.verdict == "fail"


def test_a_service_that_is_asked_seldom_and_answers_on_lost_nothing(tmp_path: Path) -> None:
    """No connection of it fell into the move."""
    report = told(tmp_path, lambda ts: True, "qemu-default", **SELDOM)
    assert lost_ones(report) == []
    assert outcomes(report)["guest_reachable_after"] == outcomes(report)["switchover"] == "pass"


@pytest.mark.parametrize("again", [0, 2])
def test_a_port_that_is_asked_seldom_and_never_answered_tells_nothing(again: int, tmp_path: Path) -> None:
    """A firewall drops what comes for it, before the move as after it, however seldom anybody tries."""
    report = told(tmp_path, lambda ts: False, "qemu-default", **(SELDOM | {"again": again}))
    assert lost_ones(report) == []
    assert outcomes(report)["guest_reachable_after"] == outcomes(report)["switchover"] == "pass"


def test_a_service_that_begins_to_answer_long_after_the_move_was_not_cut_off_by_it(tmp_path: Path) -> None:
    """It answered nobody before the move either: somebody started it since."""
    report = told(tmp_path, lambda ts: ts > MOVED + 8, "qemu-default", **SELDOM)
    assert lost_ones(report) == []
    assert outcomes(report)["switchover"] == "pass"


def test_a_service_was_answered_though_its_last_segments_are_not_in_view(tmp_path: Path) -> None:
    """No acknowledgement of the guest's last FIN: its connections were answered all the same."""
    report = told(tmp_path, lambda ts: ts < LEFT, "vsphere4", 108, is_closed=False)
    assert outcomes(report)["guest_reachable_after"] == "fail"


@pytest.mark.parametrize(("of_three", "outcome"), [(1, "undecided"), (2, "fail")])
def test_connections_that_are_lost_between_others_that_are_answered_stay_their_own(
    of_three: int, outcome: str, tmp_path: Path
) -> None:
    """One of three is lost from the move on, or two: a part of what answers behind that address is gone."""

    def answers(ts: float) -> bool:
        return ts < LEFT or (ts >= MOVED and round((ts - BEGIN) / STEP) % 3 >= of_three)

    report = told(tmp_path, answers, "qemu-default")
    (guest,) = report.migrations[0].guests
    gone = [peer for peer in guest.peers if peer.protocol == "tcp/443" and "request unanswered" in peer.because]
    assert len(gone) > 5
    checks = {check.id: check for check in report.migrations[0].checks}
    assert checks["switchover"].outcome == "undecided"
    assert checks["guest_reachable_after"].outcome == outcome
    assert "connections opened since the move had no answer" in checks["guest_reachable_after"].because
    (part,) = [peer for peer in guest.peers if peer.part_lost]
    asked = [ts for ts in (BEGIN - 3 + 0.03 + n * STEP for n in range(80)) if ts >= LEFT]
    assert (part.part_lost, part.part_asked) == (sum(not answers(ts) for ts in asked), len(asked))
    assert f"{part.part_lost} of {part.part_asked} requests by tcp/443 with {part.peer}" in report.document.because


@pytest.mark.parametrize("until", [1.0, 6.0])
def test_a_service_that_is_lost_for_good_after_it_was_answered_for_a_while_is_one_row(
    until: float, tmp_path: Path
) -> None:
    """One connection is lost while the guest is away; those after it are answered for a while, and then none is."""
    report = told(tmp_path, lambda ts: ts < LEFT or MOVED <= ts < MOVED + until, "vsphere4")
    (guest,) = report.migrations[0].guests
    rows = [peer for peer in guest.peers if peer.protocol == "tcp/443" and "had no answer" in peer.because]
    assert len(rows) == 1
    asked = [BEGIN - 3 + 0.03 + n * STEP for n in range(80)]
    lost = [ts for ts in asked if MOVED + until <= ts]
    if until > 5:
        assert rows[0].lost == len(lost)
        assert (rows[0].survived, rows[0].outage_low_ms) == (False, None)
        assert rows[0].lost_later_ms == pytest.approx((lost[-1] + 1 - lost[0]) * 1000, abs=20)
    else:
        assert rows[0].lost == len(lost)
        assert rows[0].outage_low_ms is not None
    assert "answered until" in rows[0].because
    assert outcomes(report)["guest_reachable_after"] == "undecided"
    assert report.verdict != "pass"


def test_two_connections_lost_at_the_end_of_a_service_that_is_answered_lose_no_service(tmp_path: Path) -> None:
    """Fewer than three in vain may be chance."""
    last = BEGIN - 3 + 0.03 + 78 * STEP
    report = told(tmp_path, lambda ts: not LEFT <= ts < MOVED and ts < last - 0.01, "vsphere4")
    (guest,) = report.migrations[0].guests
    assert all(peer.lost_later_ms is None for peer in guest.peers)
    assert outcomes(report)["guest_reachable_after"] == "pass"


def test_one_connection_that_was_opened_in_vain_again_and_again_lost_its_service(tmp_path: Path) -> None:
    """The last of eighty sends four SYNs in three seconds, long after the move: that is no chance."""
    last = BEGIN - 3 + 0.03 + 79 * STEP
    report = told(tmp_path, lambda ts: not LEFT <= ts < MOVED and ts < last - 0.01, "vsphere4", again=3)
    (guest,) = report.migrations[0].guests
    assert [peer.lost_later_ms for peer in guest.peers if peer.lost_later_ms] == [pytest.approx(3000, abs=20)]
    assert outcomes(report)["guest_reachable_after"] == "undecided"
