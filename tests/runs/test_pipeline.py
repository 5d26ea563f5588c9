"""The chain as a whole: what does not fit is read again, equal runs are equal bytes, pipes are read once."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.readers.writers import Packet, pcap
from tests.runs.made import MS, PEER_MAC, START, Frame, analysed, echo, migration, request, stream, write
from vmpcap.report.as_json import to_json
from vmpcap.runs import point, second_look
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles

PACKETS = migration()


def migrations(report: Any) -> Any:
    return msgspec.to_builtins(report.migrations)


# what is no other place


def test_a_copy_of_a_capture_is_no_second_point(tmp_path: Path) -> None:
    """Nothing is lost between them and nothing takes time: somebody named one place twice."""
    one, other, shorter = (
        PointFiles(name, None, (write(tmp_path / f"{name}.pcap", packets),))
        for name, packets in (("a", PACKETS), ("b", PACKETS), ("c", PACKETS[:-1]))
    )

    def quality(*points: PointFiles) -> str:
        """What is wrong with these captures?"""
        checks = analyse(request(*points)).report.migrations[0].checks
        return next(check.because for check in checks if check.id == "capture_quality")

    assert "b: the same" in quality(one, other)
    assert "as a: it is a copy" in quality(one, other)
    assert "copy" not in quality(one, shorter)


# what does not fit


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first look that keeps fifty frames of its own; the second has room."""
    monkeypatch.setattr(point, "JOURNAL_ROWS", 50)


def test_what_did_not_fit_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for fifty frames the report is that with room for all: the guest's frames are looked up again."""
    path = write(tmp_path / "a.pcap", PACKETS)
    roomy = analysed(path).report
    monkeypatch.setattr(point, "JOURNAL_ROWS", 50)
    narrow = analysed(path).report
    assert migrations(narrow) == migrations(roomy)
    assert narrow.verdict == roomy.verdict
    assert roomy.notes == []
    assert any("did not fit" in note for note in narrow.notes)


@pytest.mark.parametrize("rows", [1, 7, 400, 1190])
def test_however_little_fits(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the first look is full: before the switchover, in it, or after."""
    path = write(tmp_path / "a.pcap", PACKETS)
    roomy = analysed(path).report
    monkeypatch.setattr(point, "JOURNAL_ROWS", rows)
    assert migrations(analysed(path).report) == migrations(roomy)


@pytest.mark.usefixtures("tiny")
def test_several_files_are_read_again_in_their_order(tmp_path: Path) -> None:
    """Frames keep the numbers of their own files."""
    files = [write(tmp_path / f"{n}.pcap", part) for n, part in enumerate((PACKETS[:700], PACKETS[700:]))]
    (found,) = analysed(*files).report.migrations
    outage = found.guests[0].switchover.peer_outage
    assert found.guests[0].switchover.peer_outage_ms == 180.0
    sent = [n for n, p in enumerate(PACKETS) if p.ts_ns == START + 2840 * MS and p.data[34:35] == b"\x08"]
    assert outage.from_frame == (sent[0] + 1 if sent[0] < 700 else sent[0] - 699)


def test_a_second_look_that_is_full_as_well_claims_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest itself is too busy: the report stands, says so, and no figure comes from frames that are missing."""
    path = write(tmp_path / "a.pcap", PACKETS)
    for room in (point, second_look):
        monkeypatch.setattr(room, "JOURNAL_ROWS", 50)
    report = analysed(path).report
    assert any("did not fit" in note for note in report.notes)
    (found,) = report.migrations
    figures = found.guests[0].switchover
    assert (figures.peer_outage_ms, figures.guest_silence_ms, figures.bracket_ms) == (None, None, None)
    outcomes = {check.id: check.outcome for check in found.checks}
    assert outcomes["guest_reachable_after"] != "fail"


# equal runs


def test_equal_runs_are_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With SOURCE_DATE_EPOCH even the time of the report is that of the source."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    path = write(tmp_path / "a.pcap", PACKETS)
    one, other = to_json(analysed(path).report), to_json(analysed(path).report)
    assert one == other
    assert json.loads(one)["generated_at"].startswith("2023-11-14T22:13:20")


@pytest.mark.parametrize("word", ["", "yesterday", "-5", "1.5"])
def test_an_epoch_that_is_no_number_is_not_believed(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report carries the time it was made."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", word)
    stamp = analysed(write(tmp_path / "a.pcap", [])).report.generated_at
    assert stamp > "2024"
    assert stamp.endswith("Z")


def test_equal_runs_in_processes_of_their_own_are_equal_bytes(tmp_path: Path) -> None:
    """Neither hash seeds nor seeds of tables show."""
    path = write(tmp_path / "a.pcap", PACKETS)
    command = [sys.executable, "-m", "vmpcap", "report", path, "--format", "json"]
    outputs = {
        subprocess.run(
            command,
            capture_output=True,
            check=False,
            env={**os.environ, "SOURCE_DATE_EPOCH": "0", "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert json.loads(outputs.pop())["migrations"]


# a pipe


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard input is a pipe that the migration comes through, a little at a time."""
    reading, writing = os.pipe()

    def pour() -> None:
        with os.fdopen(writing, "wb") as pipe:
            content = pcap("<", PACKETS, "ns")
            for at in range(0, len(content), 50_000):
                pipe.write(content[at : at + 50_000])

    pouring = threading.Thread(target=pour)
    pouring.start()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(os.fdopen(reading, "rb")))
    yield
    pouring.join()


@pytest.mark.usefixtures("piped")
def test_a_point_may_be_a_pipe(tmp_path: Path) -> None:
    """The report is that of the file; how much there is nobody knows beforehand."""
    told: list[tuple[str, int, int | None]] = []
    report = analysed("-", progress=lambda *step: told.append(step)).report
    assert migrations(report) == migrations(analysed(write(tmp_path / "a.pcap", PACKETS)).report)
    assert report.inputs[0].path == "-"
    assert {total for _, _, total in told} == {None}
    assert told[-1][1] == len(pcap("<", PACKETS, "ns"))


@pytest.mark.usefixtures("piped", "tiny")
def test_a_pipe_cannot_be_read_again(tmp_path: Path) -> None:
    """What did not fit is lost, and counted; nothing is concluded from its absence."""
    report = analysed("-").report
    (found,) = report.migrations
    assert any("did not fit" in note for note in report.notes)
    assert found.outcome == "completed"
    assert found.guests[0].announcements.count == 5
    outcomes = {check.id: check.outcome for check in found.checks}
    assert outcomes["guest_reachable_after"] == "undecided"


# several points


def test_clocks_that_disagree_are_told_and_corrected(tmp_path: Path) -> None:
    """The same packets with times 137 ms later: an offset, not a delay."""
    late = [p._replace(ts_ns=p.ts_ns + 137 * MS) for p in PACKETS]
    points = (
        PointFiles("a", "domain:source", (write(tmp_path / "a.pcap", PACKETS),)),
        PointFiles("b", "domain:destination", (write(tmp_path / "b.pcap", late),)),
    )
    report = analyse(request(*points)).report
    (clock,) = report.clocks
    assert clock.offset_ms == pytest.approx(137, abs=2)
    assert clock.uncertainty_ms is not None
    assert clock.uncertainty_ms < 2
    assert clock.matched_packets > 1000
    assert "disagree" in clock.because
    assert clock.bound_ms is not None
    assert clock.bound_ms >= clock.uncertainty_ms
    delays = report.migrations[0].guests[0].announcements.by_point
    for seen in delays.values():
        assert seen.delay_ms is not None
        assert seen.delay_uncertainty_ms is not None
        assert abs(seen.delay_ms) <= seen.delay_uncertainty_ms <= 2


def test_clocks_that_agree_are_taken_as_given(tmp_path: Path) -> None:
    """A point 0.1 ms nearer to those who answer sees requests later and answers earlier: that may be one clock."""
    askers = (bytes.fromhex(PEER_MAC), bytes.fromhex("020000000011"))
    near = [p._replace(ts_ns=p.ts_ns + (100_000 if p.data[6:12] in askers else -100_000)) for p in PACKETS]
    near.sort(key=lambda p: p.ts_ns)
    files = (("a", PACKETS), ("b", near))
    points = [PointFiles(name, None, (write(tmp_path / f"{name}.pcap", packets),)) for name, packets in files]
    (clock,) = analyse(request(*points)).report.clocks
    assert "allow the clocks to be one" in clock.because
    assert abs(clock.offset_ms or 0.0) < 0.05
    assert 0.09 < (clock.uncertainty_ms or 0.0) < 0.2


def test_one_point_has_no_clock_beside_it(tmp_path: Path) -> None:
    """Nothing to compare; and two points that share nothing say so."""
    path = write(tmp_path / "a.pcap", PACKETS)
    assert analysed(path).report.clocks == []
    other = write(tmp_path / "b.pcap", [Packet(START, bytes(60), 60)])
    points = (PointFiles("a", None, (path,)), PointFiles("b", None, (other,)))
    (clock,) = analyse(request(*points)).report.clocks
    assert (clock.offset_ms, clock.matched_packets) == (None, 0)
    assert "no two ends" in clock.because


# notes and faults


def test_what_is_not_taken_for_a_migration_is_named(tmp_path: Path) -> None:
    """A download on port 8000."""
    http = [p._replace(data=p.data.replace(b"QEVM\0\0\0\3", b"GET / HT")) for p in PACKETS]
    report = analysed(write(tmp_path / "a.pcap", http)).report
    assert report.migrations == []
    assert any("10.10.1.11:50000" in note and "HTTP" in note for note in report.notes)
    assert report.other_announcements == 1


def test_packets_captured_twice_count_once_and_are_counted(tmp_path: Path) -> None:
    """A mirror of two ports: the same figures, and a note of how many."""
    twice = [copy for p in PACKETS for copy in (p, p._replace(ts_ns=p.ts_ns + 20_000))]
    report = analysed(write(tmp_path / "a.pcap", twice)).report
    (found,) = report.migrations
    assert (found.bytes.payload, found.loss.retransmissions) == (200_000, 0)
    assert any("more than once" in note for note in report.notes)


def faults(path: str) -> list[str]:
    (found,) = analysed(path).report.migrations
    quality = next(check for check in found.checks if check.id == "capture_quality")
    return [] if quality.outcome == "pass" else quality.because.split("; ")


def test_a_file_that_is_cut_is_a_fault_and_a_sound_one_is_none(tmp_path: Path) -> None:
    """Named with its point."""
    path = Path(write(tmp_path / "a.pcap", PACKETS))
    assert faults(str(path)) == []
    path.write_bytes(path.read_bytes()[:-10])
    assert len(faults(str(path))) == 1
    assert "here: cut_short" in faults(str(path))[0]


@pytest.mark.parametrize(("back_ms", "count"), [(0.9, 0), (5, 1)])
def test_a_clock_that_was_set_back_is_a_fault_and_jitter_is_none(back_ms: float, count: int, tmp_path: Path) -> None:
    """Several receive queues mix packets by less than a millisecond."""
    odd = [*PACKETS[:600], PACKETS[600]._replace(ts_ns=PACKETS[599].ts_ns - int(back_ms * MS)), *PACKETS[601:]]
    assert len(faults(write(tmp_path / "a.pcap", odd))) == count


def test_nothing_at_all_is_undecided(tmp_path: Path) -> None:
    """No frames, and frames without a migration."""
    pings: list[Frame] = [(n, echo(True, n)) for n in range(50)]
    for packets in ([], [Packet(START + at * MS, data, len(data)) for at, data in pings]):
        report = analysed(write(tmp_path / "a.pcap", packets)).report
        assert (report.verdict, report.migrations) == ("undecided", [])
        assert f"{len(packets)} packets" in report.because


def test_a_stream_alone_names_no_guest(tmp_path: Path) -> None:
    """Completed by its own words, and undecided on the whole."""
    only = [Packet(START + at * MS, data, len(data)) for at, data in stream()]
    report = analysed(write(tmp_path / "a.pcap", only)).report
    (found,) = report.migrations
    assert (found.outcome, found.guests, found.verdict) == ("completed", [], "undecided")
