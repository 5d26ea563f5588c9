"""A capture that missed packets of the stream: what arrived counts all the same, and the capture is named at fault."""

from pathlib import Path

import pytest

from tests.measures.stories import ACK, MS, PSH, SYN, Packet, S, pcap_of
from vmpcap.report.document import Migration
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

SOURCE, DESTINATION = ("10.0.0.1", 50_000), ("10.0.0.2", 8_000)
SIZE = 1_448
SEGMENTS = 20_000
START = 1_700_000_000 * S


def stream(missed: range, arrived: bool = True) -> list[Packet]:
    """A transfer of four seconds of which these segments are not captured; unless they arrived, ACKs stop before."""
    packets = [
        Packet(START, *SOURCE, *DESTINATION, seq=0, flags=SYN, mss=1_460, scale=7),
        Packet(START + MS, *DESTINATION, *SOURCE, seq=0, ack=1, flags=SYN | ACK, mss=1_460, scale=7),
        Packet(START + 2 * MS, *SOURCE, *DESTINATION, seq=1, ack=1),
    ]
    for n in range(SEGMENTS):
        now, begin = START + 3 * MS + n * 200_000, 1 + n * SIZE
        if n not in missed:
            packets.append(Packet(now, *SOURCE, *DESTINATION, seq=begin, ack=1, flags=ACK | PSH, size=SIZE))
        if n % 2 and (arrived or n < missed.start):
            packets.append(Packet(now + MS, *DESTINATION, *SOURCE, seq=1, ack=begin + SIZE))
    return sorted(packets, key=lambda packet: packet.ts_ns)


def told(packets: list[Packet], folder: Path) -> Migration:
    path = folder / "c.pcap"
    path.write_bytes(pcap_of(packets))
    request = Request(points=(PointFiles("here", None, (str(path),)),), profile=load_profile(DEFAULT))
    (migration,) = analyse(request).report.migrations
    return migration


def quality(migration: Migration) -> tuple[str, str]:
    (check,) = [check for check in migration.checks if check.id == "capture_quality"]
    return check.outcome, check.because


@pytest.mark.parametrize("rtt_ns", [50_000, 200_000, MS])
def test_a_hole_in_the_capture_makes_no_link_fast(rtt_ns: int, tmp_path: Path) -> None:
    """Half of a stream of 58 Mbps is missing at once: no figure says that it was faster than it was."""
    packets = stream(range(5_000, 15_000))
    answers = [
        p._replace(ts_ns=p.ts_ns - MS + rtt_ns) if p.source == DESTINATION and p.seq == 1 else p for p in packets
    ]
    figures = told(sorted(answers, key=lambda packet: packet.ts_ns), tmp_path).throughput
    rate = SEGMENTS * SIZE * 8 / 4.0 / 1e6
    known = [figures.bulk_mbps, figures.mean_mbps, figures.best_1s_mbps]
    assert all(value is None or value < 1.05 * rate for value in known), known
    assert figures.mean_mbps == pytest.approx(rate, rel=5e-3)


@pytest.mark.parametrize("missed", [range(4_000, 4_500), range(1_000, 19_000, 50)], ids=["at once", "here and there"])
def test_what_arrived_counts_although_the_capture_missed_it(missed: range, tmp_path: Path) -> None:
    """Goodput is that of the whole transfer, and the reader learns how much of it is not in the capture."""
    migration = told(stream(missed), tmp_path)
    whole = told(stream(range(0)), tmp_path)
    assert migration.throughput.mean_mbps == pytest.approx(whole.throughput.mean_mbps, rel=1e-3)
    assert migration.throughput.mean_mbps == pytest.approx(SEGMENTS * SIZE * 8 / 4.0 / 1e6, rel=5e-3)
    outcome, because = quality(migration)
    assert outcome == "fail"
    assert f"{len(missed) * SIZE:,} bytes" in because
    assert migration.bytes.unique == (SEGMENTS - len(missed)) * SIZE


def test_what_was_never_acknowledged_is_no_fault_of_the_capture(tmp_path: Path) -> None:
    """It may have been lost on its way, before the capture point or behind it."""
    migration = told(stream(range(19_000, 19_500), arrived=False), tmp_path)
    assert quality(migration)[0] == "pass"
    assert (migration.throughput.mean_mbps or 0) < SEGMENTS * SIZE * 8 / 4.0 / 1e6 * 0.96


def test_a_whole_capture_is_not_at_fault(tmp_path: Path) -> None:
    """Nothing is missing, nothing is said."""
    assert quality(told(stream(range(0)), tmp_path))[0] == "pass"
