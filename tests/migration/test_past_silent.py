"""A capture that begins late, or ends early: what was lost meanwhile is told by the next point that recorded."""

from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import BEGIN, HOST_A, HOST_B, LAN_DESTINATION, LAN_SOURCE, Scene, Way
from vmpcap.migration.segment_results import Segment

WAN = Way("wan", LAN_SOURCE.macs, LAN_SOURCE.back, late_s=0.002)
FAR = Way("dst", LAN_DESTINATION.macs, LAN_DESTINATION.back, late_s=0.004)
WAYS = (LAN_SOURCE, WAN, FAR)
COUNT, SIZE, STEP_S, AGAIN_S = 400, 24_000, 0.005, 0.0621
LOST = (20, 40, 60, 199, 300)
"""These segments pass the first point alone, or it and the second; each is sent again and comes then."""


def stream(lost_after: int) -> Scene:
    """A stream in which five segments come no further than so many points."""
    scene = Scene()

    def put(ts: float, forward: bool, number: int, seq: int, ack: int, flags: str = "A", size: int = 0) -> None:
        ends = {"sport": 50_100, "dport": 8000} if forward else {"sport": 8000, "dport": 50_100}
        options = {"options": [("MSS", 1460)]} if "S" in flags else {}
        tcp = TCP(**ends, flags=flags, seq=seq, ack=ack, window=65_535, **options)
        head = IP(src=HOST_A if forward else HOST_B, dst=HOST_B if forward else HOST_A, id=number, flags="DF") / tcp
        packet = head / Raw(b"\xa5" * size) if size else head
        for way in WAYS[:lost_after] if size and number in LOST else WAYS:
            late = way.late_s if forward else 2 * FAR.late_s - way.late_s
            scene.at(way.point, ts + late, way.frame(packet, forward))

    put(BEGIN, True, 5000, 999, 0, "S")
    put(BEGIN, False, 5000, 4999, 1000, "SA")
    put(BEGIN + 0.0081, True, 5001, 1000, 5000)
    sent = [(BEGIN + 0.02 + n * STEP_S, n, n) for n in range(COUNT)]
    sent += [(BEGIN + 0.02 + n * STEP_S + AGAIN_S, n, 1000 + n) for n in LOST]
    came, reached = set[int](), 0
    for ts, n, number in sorted(sent):
        put(ts, True, number, 1000 + n * SIZE, 5000, size=SIZE)
        if number in LOST:
            continue
        came.add(n)
        while reached in came:
            reached += 1
        put(ts, False, 6000 + number, 5000, 1000 + reached * SIZE)
    put(BEGIN + 2.5, True, 5002, 1000 + COUNT * SIZE, 5000, "FA")
    put(BEGIN + 2.5, False, 5002, 5000, 1001 + COUNT * SIZE, "FA")
    return scene


def parts(folder: Path, lost_after: int, **recorded: tuple[float, float]) -> dict[tuple[str, str], Segment]:
    """The stream's way towards the destination, where these points recorded from then to then only."""
    scene = stream(lost_after)
    for point, (first, last) in recorded.items():
        scene.seen[point] = [one for one in scene.seen[point] if first <= one[0] - BEGIN <= last]
    roles = {"src": "source", "wan": "wan", "dst": "destination"}
    (migration,) = vmpcap.report(scene.write(folder), roles=roles).migrations
    return {(s.from_point, s.to_point): s for s in migration.segments if s.direction == "to_destination"}


@pytest.mark.parametrize("lost_after", [1, 2])
def test_whole_captures_tell_where_all_were_lost(lost_after: int, tmp_path: Path) -> None:
    found = parts(tmp_path, lost_after)
    assert set(found) == {("src", "wan"), ("wan", "dst")}
    lost = [found[pair].lost for pair in (("src", "wan"), ("wan", "dst"))]
    assert lost == ([5, 0] if lost_after == 1 else [0, 5])


@pytest.mark.parametrize("lost_after", [1, 2])
def test_what_was_lost_before_a_capture_began_is_told_by_the_next_point(lost_after: int, tmp_path: Path) -> None:
    """
    The one between begins at 0.9 s: three were lost before, and sent again in time to be acknowledged. That they were
    acknowledged says nothing of the first of each.
    """
    found = parts(tmp_path, lost_after, wan=(0.9, 9.0))
    assert (found["src", "dst"].lost, found["src", "dst"].silent) == (3, ["wan"])
    near, far = found["src", "wan"], found["wan", "dst"]
    assert "3 lost before a farther point, the rest came" in near.because
    assert (near.lost, near.missed, near.outside) == (2 if lost_after == 1 else 0, 0, 0)
    assert far.lost == (0 if lost_after == 1 else 2)
    assert near.lost_of + found["src", "dst"].lost_of == len(stream(2).seen["src"]) - (COUNT + 2)


def test_what_was_lost_after_a_capture_ended_is_told_by_the_next_point(tmp_path: Path) -> None:
    """One between that ends at 1.2 s shows four of them, and the fifth is lost between those beside it."""
    found = parts(tmp_path, 2, wan=(-1.0, 1.2))
    assert (found["src", "wan"].lost, found["wan", "dst"].lost) == (0, 4)
    assert (found["src", "dst"].lost, found["src", "dst"].silent) == (1, ["wan"])


def test_what_no_further_point_can_tell_is_lost_or_not_recorded(tmp_path: Path) -> None:
    """
    The last point begins late: of three that were sent twice nobody knows which came, nor of the two without data; the
    rest was acknowledged and not sent again.
    """
    found = parts(tmp_path, 2, dst=(0.9, 9.0))
    assert set(found) == {("src", "wan"), ("wan", "dst")}
    far = found["wan", "dst"]
    assert (far.lost, far.missed, far.outside) == (2, 0, 8)
    assert "8 lost, or not recorded, the rest came" in far.because


def test_where_nothing_was_lost_a_late_capture_makes_no_part_of_its_own(tmp_path: Path) -> None:
    """What came before it is not compared, and is not said to be lost."""
    found = parts(tmp_path, 3, wan=(0.9, 9.0))
    assert set(found) == {("src", "wan"), ("wan", "dst")}
    assert [(s.lost, s.missed, s.outside) for s in found.values()] == [(0, 0, 0)] * 2
