"""Reading that is stopped by somebody who has seen enough: the report is that of a capture which ends there."""

from itertools import islice
from pathlib import Path

import pytest

from tests.readers.writers import read_all
from tests.runs.made import write
from vmpcap.report.document import Report
from vmpcap.runs import point
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

CLEAN = Path(__file__).resolve().parents[2] / "captures" / "clean" / "src-uplink.pcap.zst"
BATCH = 4_000


def request(path: Path | str, **more: object) -> Request:
    points = (PointFiles("src-uplink", "source", (str(path),)),)
    return Request(points=points, profile=load_profile("vsphere4"), **more)  # type: ignore[arg-type]


def stopped_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The report where somebody had enough while so many batches were read."""
    monkeypatch.setattr(point, "DEFAULT_BATCH_RECORDS", BATCH)
    asked = iter(range(1, 10**6))
    had: list[bool] = []

    def is_enough() -> bool:
        had.append(bool(had and had[-1]) or next(asked) >= batches)
        return had[-1]

    return analyse(request(CLEAN, is_enough=is_enough)).report


@pytest.mark.parametrize("batches", [1, 5, 11])
def test_a_stopped_report_is_that_of_a_capture_that_ends_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, batches: int
) -> None:
    """Every figure, every check; and it is said that, and after how many packets, reading was stopped."""
    report = stopped_after(batches, monkeypatch)
    (given,) = report.inputs
    assert given.packets == batches * BATCH
    assert given.truncated
    (stop,) = [d for d in given.defects if d.kind == "stopped"]
    assert stop.first_frame == batches * BATCH + 1
    cut = write(tmp_path / "src-uplink.pcap", list(islice(read_all(CLEAN).packets, batches * BATCH)))
    shorter = analyse(request(cut)).report
    assert len(report.migrations) == len(shorter.migrations) == 1
    ours, theirs = report.migrations[0], shorter.migrations[0]
    for name in ("bytes", "throughput", "rtt", "loss", "phases", "series", "outcome", "end_ts"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert given.last_ts == shorter.inputs[0].last_ts
    assert report.verdict != "pass", "what was not read may change everything"
    (quality,) = [check for check in ours.checks if check.id == "capture_quality"]
    assert quality.outcome == "fail"
    assert "stopped" in quality.because


def test_whoever_never_has_enough_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is said of stopping."""
    (given,) = stopped_after(10**6, monkeypatch).inputs
    assert not given.truncated
    assert not [d for d in given.defects if d.kind == "stopped"]
