"""Routing loops: told by a packet that goes the same way once more with a lower TTL, and by nothing else like it."""

from pathlib import Path

import numpy as np
import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

import vmpcap
from tests.migration.make import GUEST, GUEST_IP, MS, PEER_IP, S, journal, view
from tests.migration.moving import BEGIN, LAN_DESTINATION, LAN_SOURCE, Scene, add_stream
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved
from vmpcap.migration.stream.detours import find_guest_loop, find_trombone
from vmpcap.migration.stream.loops import find_loop
from vmpcap.terms.addresses import ip_halves

CORE, OLD, THIRD = 0x0200_0000_0001, 0x0200_0000_0002, 0x0200_0000_0003
SWITCH = 10 * S
MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
Seen = tuple[int, int, int, int, int]
"""Milliseconds after the switchover, from, to, identification, TTL."""


def looped(number: int, ms: int = 200, hops: int = 6) -> list[Seen]:
    """One packet for the guest that goes to and fro until its TTL is used up."""
    ends = ((CORE, OLD), (OLD, CORE))
    return [(ms + number * 10 + n, *ends[n % 2], 100 + number, 63 - n) for n in range(hops)]


def told(*rows: Seen) -> JournalColumns:
    """These frames of a peer's requests for the guest."""
    rows = tuple(sorted(rows))
    made = journal(*((SWITCH + ms * MS, src, dst, PEER_IP, GUEST_IP) for ms, src, dst, *_ in rows))
    made.ip_id[:] = [number for *_, number, _ in rows]
    made.ttl[:] = [ttl for *_, ttl in rows]
    return made


def test_packets_that_go_to_and_fro_are_a_loop() -> None:
    """Three packets, each six times; it was told as a detour that is made once."""
    made = told(*looped(0), *looped(1), *looped(2), (900, CORE, OLD, 500, 63))
    loop = find_loop(made, np.arange(made.rows))
    assert loop is not None
    assert (loop.packets, loop.frames, set(loop.ends)) == (3, 18, {CORE, OLD})
    wan = view("wan", "wan", journal=made)
    found = find_guest_loop(MOVED, [view("lan", "gateway"), wan], SWITCH)
    assert found is not None
    assert (found.point, len(found.frames)) == ("wan", 2)
    assert found.because.startswith("a routing loop at wan: 3 packets went to and fro between 02:00:00:00:00:0")
    assert found.because.endswith("from +0.2 s to +0.2 s after the switchover")


def test_a_loop_is_no_detour_over_the_old_site() -> None:
    """Nor what still went round when the way was mended, which passed but twice; a detour after it is one."""
    rest = [(250, CORE, OLD, 700, 63), (251, OLD, CORE, 700, 62)]
    wan = view("wan", "wan", journal=told(*looped(0), *looped(1), *looped(2), *rest), last_ts=SWITCH + 9 * S)
    found = find_trombone(MOVED, [wan], SWITCH)
    assert found.found is False
    assert found.because.endswith(", but for those that a routing loop held")
    later = [(5_000, OLD, CORE, 800, 63), (5_001, CORE, OLD, 800, 62)]
    wan = view("wan", "wan", journal=told(*looped(0), *looped(1), *looped(2), *later), last_ts=SWITCH + 9 * S)
    found = find_trombone(MOVED, [wan], SWITCH)
    assert found.found
    assert found.because == "packets crossed wan twice, the second time with a TTL one lower"
    assert find_guest_loop(MOVED, [view("wan", "wan", journal=told(*later))], SWITCH) is None


def test_a_loop_from_before_the_guest_moved_is_none_of_it() -> None:
    early = [(ms - 3_000, *rest) for n in range(3) for ms, *rest in looped(n)]
    assert find_guest_loop(MOVED, [view("wan", "wan", journal=told(*early))], SWITCH) is None


MERGED = [(n * 10 + k, *macs, n, 63 - k) for n in range(9) for k, macs in enumerate(((1, CORE), (CORE, OLD), (OLD, 4)))]


@pytest.mark.parametrize(
    "rows",
    [
        [one for n in range(9) for one in looped(n, hops=1)],
        [one for n in range(9) for one in looped(n, hops=2)],
        [one for n in range(2) for one in looped(n)],
        MERGED,
        [(n * 10 + k, CORE, OLD, n, 63) for n in range(9) for k in (0, 1, 2)],
        [(n * 10 + late, CORE, OLD, n, 63 - 2 * (late > 0)) for n in range(9) for late in (0, 5_000)],
        [(n * 10 + k, CORE, OLD, n, 63 - k) for n in range(9) for k in (0, 1)],
    ],
    ids=[
        "once",
        "there and back",
        "two packets",
        "places along a way, merged",
        "copies of a mirror",
        "an identification used again",
        "two sides of one router by one MAC",
    ],
)
def test_what_passes_each_way_once_is_no_loop(rows: list[Seen]) -> None:
    made = told(*rows)
    assert find_loop(made, np.arange(made.rows)) is None


@pytest.mark.parametrize("is_loop", [True, False])
def test_a_note_of_copies_names_the_loop_that_made_them(is_loop: bool, tmp_path: Path) -> None:
    """Files of several places that were merged make copies, too: of those it asks."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    macs = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03", "02:00:00:00:00:04"]
    for n in range(40):
        for hop in range(3):
            ends = macs[hop % 2], macs[(hop + 1) % 2]
            if not is_loop:
                ends = macs[hop], macs[hop + 1]
            ask = IP(src=PEER_IP, dst=GUEST_IP, id=300 + n, ttl=63 - hop) / ICMP(type=8, id=7, seq=n)
            scene.at("src", BEGIN + 0.1 * n + 1e-5 * hop, Ether(src=ends[0], dst=ends[1]) / ask)
    report = vmpcap.report(scene.write(tmp_path), roles={"src": "source", "dst": "destination"}, guests=[GUEST_IP])
    (note,) = [one for one in report.notes if "captured more than once" in one]
    told_apart = [one for one in report.notes if one.startswith("a routing loop at src: 40 packets")]
    assert len(told_apart) == is_loop
    assert ("Among them are the frames of that routing loop" in note) is is_loop
    (migration,) = report.migrations
    (reachable,) = [check for check in migration.checks if check.id == "guest_reachable_after"]
    assert ("; a routing loop at src: " in reachable.because) is is_loop
    assert ("If files of several places were merged" in note) is not is_loop
