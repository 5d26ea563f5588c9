"""A clock that is set while the stream runs: nothing by it is as long as it looks, so no rate is told by it."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.readers.writers import Packet
from tests.runs.made import DESTINATION, MS, SOURCE, START, S, migration, write
from tests.runs.test_one_direction import answer, routed, sent_by, told
from vmpcap.migration.one_clock import ns_of
from vmpcap.report.document import Migration
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

MIDDLE = START + 2 * S
"""The stream runs from one to three seconds after START."""


def with_set_clock(packets: Sequence[Packet], at_ns: int, by_ns: int) -> list[Packet]:
    """The same packets in the same order; from then on the clock shows so much more."""
    return [Packet((p.ts_ns or 0) + (by_ns if (p.ts_ns or 0) >= at_ns else 0), p.data, p.wire) for p in packets]


def beyond(packets: Sequence[Packet]) -> list[Packet]:
    """The stream at the other host, 0.3 ms away: data is there later, its acknowledgements were there earlier."""
    there = [Packet((p.ts_ns or 0) - 700_000, p.data, p.wire) for p in routed(sent_by(SOURCE, packets))]
    back = [Packet((p.ts_ns or 0) - 300_000, p.data, p.wire) for p in sent_by(DESTINATION, packets)]
    return sorted([*there, *back], key=lambda p: p.ts_ns or 0)


@pytest.mark.parametrize("by_ms", [-900, -120, -4000])
def test_a_stream_is_measured_where_the_clock_ran_on(by_ms: int, tmp_path: Path) -> None:
    """The port whose figures are told where no clock was set would show a shorter transfer, and a faster link."""
    seen = migration()
    truth = told(tmp_path, source=seen, destination=beyond(seen))
    clocks = {truth.point: by_ms * MS}
    at = {"source": seen, "destination": beyond(seen)}
    found = told(tmp_path, **{n: with_set_clock(at[n], MIDDLE, clocks.get(n, 0)) for n in at})
    assert {found.point, truth.point} == set(at)
    assert found.duration_s == pytest.approx(truth.duration_s, rel=0.01)
    assert found.throughput.bulk_mbps == pytest.approx(truth.throughput.bulk_mbps, rel=0.02)


@pytest.mark.parametrize("by_ms", [-900, -120, -4000, -3_600_000])
def test_one_capture_with_such_a_clock_tells_no_rate(by_ms: int, tmp_path: Path) -> None:
    """The order of its frames shows it. A limit that any rate reaches is not passed."""
    seen = migration()
    assert answer(told(tmp_path, mbps=0.001, source=seen), "throughput")[0] == "pass"
    found = told(tmp_path, mbps=0.001, source=with_set_clock(seen, MIDDLE, by_ms * MS))
    outcome, because = answer(found, "throughput")
    assert outcome == "undecided"
    found_ms = re.search(r"the clock at source was set back by at least ([0-9,]+) ms while the stream ran", because)
    assert found_ms is not None
    assert -by_ms - 10 <= int(found_ms[1].replace(",", "")) <= -by_ms  # there is a frame every 5 ms
    assert found.duration_s is None
    assert {found.throughput.bulk_mbps, found.throughput.mean_mbps, found.throughput.best_1s_mbps} == {None}
    assert sum(phase.payload_bytes for phase in found.phases) == 0


def in_files(folder: Path, *parts: Sequence[Packet]) -> Migration:
    """The same of a point whose capture was rotated."""
    files = tuple(write(folder / f"{number}.pcap", list(packets)) for number, packets in enumerate(parts))
    profile = load_profile("vsphere4")
    (found,) = analyse(Request(points=(PointFiles("source", "source", files),), profile=profile)).report.migrations
    return found


@pytest.mark.parametrize("by_ms", [-900, -4000])
@pytest.mark.parametrize("cut_ms", [1500, 2500])
def test_a_rotated_capture_with_such_a_clock_tells_no_rate(cut_ms: int, by_ms: int, tmp_path: Path) -> None:
    """The clock is set in the first file or in the second; the frames of each count from one."""
    seen, cut = migration(), START + cut_ms * MS
    parts = [p for p in seen if (p.ts_ns or 0) < cut], [p for p in seen if (p.ts_ns or 0) >= cut]
    (tmp_path / "truth").mkdir()
    assert in_files(tmp_path / "truth", *parts).duration_s is not None
    found = in_files(tmp_path, *(with_set_clock(part, MIDDLE, by_ms * MS) for part in parts))
    assert found.duration_s is None
    assert "set back" in answer(found, "throughput")[1]


@pytest.mark.parametrize("at_ms", [500, 3500])
@pytest.mark.parametrize("by_ms", [-400, -3_600_000])
def test_a_clock_that_is_set_before_or_after_the_stream_spoils_no_rate(at_ms: int, by_ms: int, tmp_path: Path) -> None:
    """Even where its times come twice."""
    seen = migration()
    truth = told(tmp_path, source=seen)
    found = told(tmp_path, source=with_set_clock(seen, START + at_ms * MS, by_ms * MS))
    assert found.throughput.bulk_mbps == pytest.approx(truth.throughput.bulk_mbps)
    assert found.duration_s == pytest.approx(truth.duration_s)


@pytest.mark.parametrize("by_ms", [60, 700])
def test_a_clock_that_is_set_forward_makes_no_slow_link(by_ms: int, tmp_path: Path) -> None:
    """Two captures do not always tell whose clock it was: then no rate is told, and never a wrong one."""
    seen = migration()
    truth = told(tmp_path, source=seen, destination=beyond(seen))
    found = told(tmp_path, source=with_set_clock(seen, MIDDLE, by_ms * MS), destination=beyond(seen))
    assert found.throughput.bulk_mbps is None or found.throughput.bulk_mbps == pytest.approx(
        truth.throughput.bulk_mbps, rel=0.02
    )
    assert found.duration_s is None or found.duration_s == pytest.approx(truth.duration_s, rel=0.02)


@pytest.mark.parametrize("ppm", [-150, 40, 150])
@pytest.mark.parametrize("begin_s", [0, 300])
def test_the_offset_of_a_drifting_clock_holds_at_the_time_that_is_told_with_it(
    ppm: int, begin_s: int, tmp_path: Path
) -> None:
    """It was set right that long before the stream; at another time it shows something else."""
    seen = migration()
    points = {"source": seen, "destination": beyond(seen)}
    start = START - begin_s * S
    fast = [Packet((p.ts_ns or 0) + ((p.ts_ns or 0) - start) * ppm // 1_000_000, p.data, p.wire) for p in beyond(seen)]
    files = [PointFiles(n, n, (write(tmp_path / f"{n}.pcap", p),)) for n, p in (points | {"destination": fast}).items()]
    report = analyse(Request(points=tuple(files), profile=load_profile("vsphere4"))).report
    (clock,) = report.clocks
    assert clock.offset_at_ts is not None
    assert clock.offset_ms is not None
    assert clock.uncertainty_ms is not None
    at = ns_of(clock.offset_at_ts)
    if clock.point == "destination":
        truth = (at - start) * ppm / 1e12  # ms
    else:  # told by the fast clock
        truth = -(at - start) * ppm / 1e12 / (1 + ppm / 1e6)
    assert clock.offset_ms == pytest.approx(truth, abs=clock.uncertainty_ms)
