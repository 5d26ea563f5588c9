"""Captures that hold a part of the truth: what they do not show is left open, and what they do stays true."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from tests.readers.writers import Packet, read_all
from tests.runs.made import write
from vmpcap.report.document import Migration, Report
from vmpcap.report.words import lasted
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

ROUTED = Path(__file__).resolve().parents[2] / "captures" / "routed_stretched"
POINTS = {
    "src-uplink": "source",
    "dst-uplink": "destination",
    "src-guestbr": "domain:source",
    "dst-guestbr": "domain:destination",
    "gw-lan": "gateway",
    "client": "client",
}
OURS = (bytes([10, 10, 1, 11]), bytes([10, 77, 0, 10]))
"""Source host and guest: who sends what a capture of one direction shows."""
GUEST_MAC = bytes.fromhex("005056aa7710")
DECIDING = ("completed", "throughput", "rtt", "announcement_reached_destination", "guest_reachable_after")


@lru_cache(maxsize=8)
def packets(name: str) -> tuple[Packet, ...]:
    return tuple(read_all(ROUTED / f"{name}.pcap.zst").packets)


def is_ours(packet: Packet) -> bool:
    if packet.data[12:14] == b"\x08\0":
        return packet.data[26:30] in OURS
    return packet.data[6:12] == GUEST_MAC


def told(folder: Path, cut: Callable[[Sequence[Packet]], list[Packet]], *names: str) -> Report:
    """The report where these points' captures were cut so, and the others are whole."""
    files = {name: str(ROUTED / f"{name}.pcap.zst") for name in POINTS}
    for name in names:
        files[name] = write(folder / f"{name}.pcap", cut(packets(name)))
    points = tuple(PointFiles(name, role, (files[name],)) for name, role in POINTS.items())
    return analyse(Request(points=points, profile=load_profile("vsphere4"))).report


def only(report: Report) -> Migration:
    (migration,) = report.migrations
    return migration


@lru_cache(maxsize=1)
def whole() -> dict[str, str]:
    points = tuple(PointFiles(name, role, (str(ROUTED / f"{name}.pcap.zst"),)) for name, role in POINTS.items())
    report = analyse(Request(points=points, profile=load_profile("vsphere4"))).report
    return {check.id: check.outcome for check in only(report).checks}


def one_way(seen: Sequence[Packet]) -> list[Packet]:
    return [p for p in seen if is_ours(p)]


def other_way(seen: Sequence[Packet]) -> list[Packet]:
    return [p for p in seen if not is_ours(p)]


def every_hundredth_missed(seen: Sequence[Packet]) -> list[Packet]:
    return [p for n, p in enumerate(seen) if n % 100 != 50]


def second_half(seen: Sequence[Packet]) -> list[Packet]:
    start, end = (packets("src-uplink")[n].ts_ns or 0 for n in (0, -1))
    return [p for p in seen if (p.ts_ns or 0) >= (start + end) // 2]


@pytest.mark.parametrize("cut", [one_way, other_way, every_hundredth_missed, second_half])
@pytest.mark.parametrize("names", [tuple(POINTS), ("gw-lan",), ("src-uplink",), ("dst-guestbr", "client")], ids=str)
def test_no_check_turns(
    cut: Callable[[Sequence[Packet]], list[Packet]], names: tuple[str, ...], tmp_path: Path
) -> None:
    """What passes with whole captures passes or is undecided with parts of them: nothing fails for want of it."""
    report = told(tmp_path, cut, *names)
    for migration in report.migrations:
        for check in migration.checks:
            if check.id in DECIDING:
                assert check.outcome in (whole()[check.id], "undecided"), (check.id, check.because)


def test_without_the_receivers_packets_nothing_is_said_of_them(tmp_path: Path) -> None:
    """One direction at both hosts: 0 duplicate ACKs or 0 closed windows would be a claim."""
    migration = only(told(tmp_path, one_way, "src-uplink", "dst-uplink"))
    loss = migration.loss
    unknown = (loss.duplicate_acks, loss.zero_windows, loss.fast_retransmissions, loss.window_fulls, loss.needless)
    assert unknown == (None,) * 5
    assert (loss.resent_reported, loss.resent_timeout) == (None, None)
    assert loss.retransmissions == 10  # what its sender repeated is in view
    assert migration.rtt.coverage is None
    assert "00:00:00:00:00:00" not in migration.path.next_hop_macs


def test_a_stream_whose_answers_were_never_in_view_was_not_cut_off(tmp_path: Path) -> None:
    """At the gateway the guest's packets only: nobody there answers it, before the move either."""
    migration = only(told(tmp_path, one_way, "gw-lan"))
    for peer in migration.guests[0].peers:
        if peer.point == "gw-lan":
            assert (peer.outage_ms, peer.lost, peer.survived) == (None, None, None)
            assert "one direction only" in peer.because


def test_a_hole_in_the_stream_gives_no_rate_over_its_bulk(tmp_path: Path) -> None:
    """Half a second is missing at the source: what was delivered over the whole is known, and is enough to pass."""

    def holed(seen: Sequence[Packet]) -> list[Packet]:
        middle = ((seen[0].ts_ns or 0) + (seen[-1].ts_ns or 0)) // 2
        return [p for p in seen if not abs((p.ts_ns or 0) - middle) < 250_000_000]

    migration = only(told(tmp_path, holed, "src-uplink"))
    assert migration.throughput.bulk_mbps is None
    assert migration.throughput.mean_mbps == pytest.approx(690, rel=0.03)
    assert next(c for c in migration.checks if c.id == "throughput").outcome == "pass"
    back = next(s for s in migration.segments if s.direction == "to_source" and s.to_point == "src-uplink")
    assert back.lost is None
    assert "missed" in back.because


@pytest.mark.parametrize("by", ["the capture", "the request"])
def test_a_stream_that_ran_before_is_at_least_as_long_as_it_is_in_view(tmp_path: Path, by: str) -> None:
    """Whether the capture began late or only a later time was asked for; the report says which time that is."""
    seen = packets("src-uplink")
    start, end = (seen[n].ts_ns or 0 for n in (0, -1))
    middle = (start + end) // 2
    late = [p for p in seen if (p.ts_ns or 0) >= middle]
    path = str(ROUTED / "src-uplink.pcap.zst") if by == "the request" else write(tmp_path / "late.pcap", late)
    request = Request(points=(PointFiles("src-uplink", "source", (path,)),), profile=load_profile("vsphere4"))
    report = analyse(replace(request, since_ns=middle if by == "the request" else None)).report
    m = only(report)
    assert m.is_cut
    assert "begin" in m.cut_at
    assert "at least" in lasted(m)
    assert m.hypervisor_because.endswith("not in view")
    assert (report.since_ts is not None) == (by == "the request")


def test_a_stream_in_view_from_its_syn_to_its_close_is_no_part() -> None:
    """So that "at least" means something."""
    points = (PointFiles("src-uplink", "source", (str(ROUTED / "src-uplink.pcap.zst"),)),)
    m = only(analyse(Request(points=points, profile=load_profile("vsphere4"))).report)
    assert (m.is_cut, m.cut_at, m.hypervisor_because) == (False, [], "its first bytes")
