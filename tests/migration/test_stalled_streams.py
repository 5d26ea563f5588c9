"""Streams that die in a black hole at once: the handshake passes, and no full segment ever does."""

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.packet import Raw

import vmpcap
from tests.migration.moving import BEGIN, HOST_A, HOST_B, LAN_DESTINATION, LAN_SOURCE, Scene, Way
from vmpcap.runs.answer import Answer

ELSEWHERE = Way("wan", LAN_SOURCE.macs, LAN_SOURCE.back, late_s=0.00005)
BACKED_OFF = (0.0, 0.2, 0.6, 1.4, 3.0, 6.2)


def add_call(scene: Scene, *ways: Way, hello: int, lost_after: str, port: int, opening: bytes = b"") -> None:
    """A call to this port: perhaps a small hello, then a full segment that comes no further than one point."""
    passed = False
    for way in ways:
        small = not passed

        def put(ts: float, forward: bool, flags: str, seq: int, ack: int, size: int = 0, way: Way = way) -> None:
            ends = {"sport": 50_100, "dport": port} if forward else {"sport": port, "dport": 50_100}
            options = {"options": [("MSS", 1460)]} if "S" in flags else {}
            tcp = TCP(**ends, flags=flags, seq=seq, ack=ack, window=65_535, **options)
            head = IP(src=HOST_A if forward else HOST_B, dst=HOST_B if forward else HOST_A, flags="DF") / tcp
            packet = head / Raw((opening + b"\xa5" * size)[:size]) if size else head
            scene.at(way.point, ts + (way.late_s if forward else -way.late_s), way.frame(packet, forward))

        put(BEGIN, True, "S", 999, 0)
        put(BEGIN + 0.002, False, "SA", 4999, 1000)
        put(BEGIN + 0.00205, True, "A", 1000, 5000)
        if hello:
            put(BEGIN + 0.01, True, "PA", 1000, 5000, hello)
            put(BEGIN + 0.012, False, "A", 5000, 1000 + hello)
        if small:
            for after in BACKED_OFF:
                put(BEGIN + 0.02 + after, True, "A", 1000 + hello, 5000, 1460)
                if not after:
                    put(BEGIN + 0.0201, True, "A", 2460 + hello, 5000, 1460)
        passed = passed or way.point == lost_after
        put(BEGIN + 40, True, "RA", 1000 + hello, 5000)


def judged(folder: Path, roles: dict[str, str], hello: int = 0, port: int = 8000, opening: bytes = b"") -> Answer:
    """The report on such a call, which is lost behind the WAN's near end."""
    scene = Scene()
    add_call(scene, LAN_SOURCE, ELSEWHERE, LAN_DESTINATION, hello=hello, lost_after="wan", port=port, opening=opening)
    return vmpcap.report(scene.write(folder), roles=roles)


ROLES = {"src": "source", "dst": "destination", "wan": "wan"}


@pytest.mark.parametrize("hello", [0, 84])
def test_a_stream_that_stalls_at_a_host_s_own_card_is_a_migration_that_failed(hello: int, tmp_path: Path) -> None:
    """It is told with all points that saw it, and what was lost where."""
    report = judged(tmp_path, ROLES, hello)
    (migration,) = report.migrations
    assert (migration.source, migration.destination, migration.ports) == (HOST_A, HOST_B, [8000])
    assert migration.outcome == "aborted"
    checks = {check.id: check for check in migration.checks}
    assert checks["completed"].outcome == "fail"
    assert report.verdict == "fail"
    assert {name for s in migration.segments for name in (s.from_point, s.to_point)} == {"src", "wan", "dst"}


def test_a_small_hello_that_passes_shows_that_the_mtu_is_the_cause(tmp_path: Path) -> None:
    (migration,) = judged(tmp_path, ROLES, hello=84).migrations
    checks = {check.id: check for check in migration.checks}
    assert checks["mtu"].outcome == "fail"


@pytest.mark.parametrize("hello", [0, 84])
def test_a_stream_that_stalls_where_no_host_s_card_is_in_view_is_told_first(hello: int, tmp_path: Path) -> None:
    """Others use port 8000, too: it is no migration, and no silence either."""
    report = judged(tmp_path, {"src": "wan", "dst": "wan", "wan": "wan"}, hello)
    assert report.migrations == []
    head, _, tail = report.because.partition("; ")
    assert head.startswith(f"a call of {HOST_A} to {HOST_B} port 8000, where migrations go, stalled at its start")
    assert "never acknowledged" in head
    assert "MTU" in head
    assert tail.startswith("no migration was recognised")


TLS = bytes.fromhex("16030300c8010000")


def test_a_call_that_stalls_behind_its_tls_hello_is_told_first_as_well(tmp_path: Path) -> None:
    """TLS may be anybody's: it is no proof of a migration, and none against it."""
    report = judged(tmp_path, ROLES, hello=212, port=49_152, opening=TLS)
    assert report.migrations == []
    assert report.because.startswith(f"a call of {HOST_A} to {HOST_B} port 49152, where migrations go, stalled")
    assert judged(tmp_path, ROLES, hello=212, port=8000, opening=TLS).migrations[0].outcome == "aborted"


@pytest.mark.parametrize(("port", "opening"), [(8000, b"POST /upload HTTP/1.1\r\n"), (49_160, b"\x05\x00\x0b\x03")])
def test_what_others_say_on_such_ports_is_no_migration_at_a_host_s_card_either(
    port: int, opening: bytes, tmp_path: Path
) -> None:
    """An upload by HTTP, an RPC call to a port that Windows hands out."""
    assert judged(tmp_path, ROLES, port=port, opening=opening).migrations == []


@pytest.mark.parametrize("has_others", [False, True])
def test_a_stream_that_stalls_met_no_queue_before_the_hole(has_others: bool, tmp_path: Path) -> None:
    """
    What it sends again for seconds has no answer that holds the clocks: the drift that they may have is no queue.

    Packets of others between the same points hold them; without any, what left long after an answer tells none.
    """
    scene = Scene()
    add_call(scene, LAN_SOURCE, ELSEWHERE, LAN_DESTINATION, hello=84, lost_after="wan", port=8000)
    for n in range(0, 200) if has_others else ():
        for point, late in (("src", 0.0), ("wan", 0.00005), ("dst", 0.0001)):
            for forward in (True, False):
                ends = (HOST_A, HOST_B) if forward else (HOST_B, HOST_A)
                ping = IP(src=ends[0], dst=ends[1], id=n) / ICMP(type=8 if forward else 0, id=9, seq=n)
                ts = BEGIN + n / 5 + (late if forward else 0.001 - late)
                scene.at(point, ts, LAN_SOURCE.frame(ping, forward))
    (migration,) = vmpcap.report(scene.write(tmp_path), roles=ROLES).migrations
    (before,) = (s for s in migration.segments if (s.from_point, s.to_point) == ("src", "wan"))
    assert before.queueing_ms is not None
    assert before.queueing_ms <= (0.02 if has_others else 0.1)
    assert before.delay_min_ms is not None
    assert before.uncertainty_ms is not None
    assert abs(before.delay_min_ms - 0.05) <= before.uncertainty_ms + 1e-6
    assert before.uncertainty_ms <= (0.06 if has_others else 1.1)
