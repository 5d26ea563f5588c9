"""Reading that is stopped by somebody who has seen enough: the report is that of a capture which ends there."""

from dataclasses import replace
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


def stopped_after(batches: int, monkeypatch: pytest.MonkeyPatch, asked_for: Request | None = None) -> Report:
    """The report where somebody had enough while so many batches were read."""
    monkeypatch.setattr(point, "DEFAULT_BATCH_RECORDS", BATCH)
    asked = iter(range(1, 10**6))
    had: list[bool] = []

    def is_enough() -> bool:
        had.append(bool(had and had[-1]) or next(asked) >= batches)
        return had[-1]

    return analyse(replace(asked_for or request(CLEAN), is_enough=is_enough)).report


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


@pytest.mark.parametrize(("asked", "read"), [(2, (2, 0, 0)), (4, (3, 0, 0)), (6, (3, 1, 0))])
def test_nothing_is_read_of_the_files_behind_the_one_that_was_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: int, read: tuple[int, int, int]
) -> None:
    """
    A batch of each would leave holes between them; every file says that it was not read to its end.

    It is asked behind each batch, behind each file, and before each but the first.
    """
    packets = list(islice(read_all(CLEAN).packets, 9 * BATCH))
    pieces = [packets[at : at + 3 * BATCH] for at in range(0, 9 * BATCH, 3 * BATCH)]
    paths = tuple(write(tmp_path / f"{number}.pcap", piece) for number, piece in enumerate(pieces))
    together = replace(request(CLEAN), points=(PointFiles("src-uplink", "source", paths),))
    report = stopped_after(asked, monkeypatch, together)
    assert [given.packets for given in report.inputs] == [batches * BATCH for batches in read]
    assert [given.truncated for given in report.inputs] == [batches < 3 for batches in read]
    stops = [d.first_frame for given in report.inputs for d in given.defects if d.kind == "stopped"]
    assert stops == [batches * BATCH + 1 for batches in read if batches < 3]
    shorter = analyse(request(write(tmp_path / "cut.pcap", packets[: sum(read) * BATCH]))).report
    ours, theirs = report.migrations[0], shorter.migrations[0]
    for name in ("bytes", "rtt", "series", "outcome", "end_ts"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.throughput.bulk_mbps == theirs.throughput.bulk_mbps
    assert report.verdict != "pass"


def test_whoever_never_has_enough_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is said of stopping."""
    (given,) = stopped_after(10**6, monkeypatch).inputs
    assert not given.truncated
    assert not [d for d in given.defects if d.kind == "stopped"]
