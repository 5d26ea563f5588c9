"""Points read side by side: the same answers as one after the other, and a clean end where one of them fails."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from vmpcap.measures.flow_frame import flow_frame
from vmpcap.runs import side_by_side
from vmpcap.runs.pipeline import analyse, list_announcements, list_flows
from vmpcap.runs.point import Wanted, read_point
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.side_by_side import read_points
from vmpcap.terms.beside import ALONE, Beside
from vmpcap.terms.errors import CaptureError
from vmpcap.verdicts.profile import DEFAULT, load_profile

REAL = Path(__file__).resolve().parents[2] / "captures" / "routed_stretched"


def request_of(*paths: Path | str) -> Request:
    points = tuple(PointFiles(f"{n}", None, (str(path),)) for n, path in enumerate(paths))
    return Request(points=points, profile=load_profile(DEFAULT))


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the threads that read a point; every point is worth one of its own."""
    names: set[str] = set()
    real = side_by_side.read_point

    def noted(*given: Any) -> Any:
        names.add(threading.current_thread().name)
        return real(*given)

    monkeypatch.setattr(side_by_side, "read_point", noted)
    monkeypatch.setattr(side_by_side, "WORTHWHILE_BYTES", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    return names


def test_the_answers_are_those_of_one_after_the_other(threads: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Report, flows and announcements of all points of a real migration, to the last figure and in the same order."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    request = request_of(*sorted(REAL.glob("*.pcap.zst")))
    together = analyse(request).report, list_flows(request)[0], list_announcements(request)[0]
    assert all(name.startswith("point") for name in threads)
    threads.clear()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    in_turn = analyse(request).report, list_flows(request)[0], list_announcements(request)[0]
    assert threads == {"MainThread"}
    assert together[0] == in_turn[0]
    assert all(a.equals(b) for a, b in zip(together[1:], in_turn[1:], strict=True))


def test_small_points_and_streams_are_read_in_turn(
    threads: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A thread that waits for a pipe's writer could not be called back."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    source = next(REAL.glob("src-uplink.pcap.zst"))
    writer = threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()))
    writer.start()
    read_points(request_of(pipe, source), Wanted())
    writer.join()
    assert threads == {"MainThread"}
    monkeypatch.setattr(side_by_side, "WORTHWHILE_BYTES", 1 << 40)
    read_points(request_of(source, source), Wanted())
    assert threads == {"MainThread"}


def test_of_two_failures_the_first_point_tells(threads: set[str], tmp_path: Path) -> None:
    """Whichever thread is faster."""
    for name in ("first", "second"):
        (tmp_path / name).write_bytes(b"no capture " * 10)
    with pytest.raises(CaptureError, match="first"):
        read_points(request_of(tmp_path / "first", tmp_path / "second"), Wanted())
    with pytest.raises(CaptureError, match="gone"):
        read_points(request_of(tmp_path / "gone", next(REAL.glob("src-uplink.pcap.zst"))), Wanted())


def test_an_interrupt_ends_every_thread(threads: set[str]) -> None:
    """What progress raises reaches the caller, and no thread reads on behind it."""
    paths = sorted(REAL.glob("*uplink.pcap.zst"))
    calls = 0

    def progress(path: str, done: int, size: int | None) -> None:
        nonlocal calls
        calls += 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_points(request_of(*paths), Wanted(), progress)
    assert 1 <= calls <= len(paths)
    assert not [one for one in threading.enumerate() if one.name.startswith("point")]


def test_two_processors_say_what_one_says() -> None:
    """Copies are marked and segments analysed beside the rest; nothing depends on which is done first."""
    request = request_of(REAL / "src-uplink.pcap.zst")
    beside = Beside(True)
    try:
        both, one = (read_point(request.points[0], request, Wanted(), None, who) for who in (beside, ALONE))
    finally:
        beside.end()
    assert flow_frame(both.flows, both.follower, "here").equals(flow_frame(one.flows, one.follower, "here"))
    assert both.follower.rare["duplicates"].tolist() == one.follower.rare["duplicates"].tolist()
