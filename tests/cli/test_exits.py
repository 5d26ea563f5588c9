"""The exit statuses of the contract."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.calls import CAPTURES, HEADER, INTERRUPTIBLE, RARP, RARPS, Said, here, quiet_environment, record, vmpcap
from tests.report.sample import capture, good, lost_guest, migration, no_migration
from vmpcap.cli.exits import EXITS, STATUS
from vmpcap.report.document import Defect, Report

Captured = pytest.CaptureFixture[str]


def test_the_statuses_are_those_of_the_contract() -> None:
    """Copied from it by hand; 70 is ours, for faults of our own."""
    assert {e.status for e in EXITS} == {0, 1, 2, 3, 4, 5, 130, 70}
    assert STATUS == {
        "fine": 0,
        "failed": 1,
        "wrong_use": 2,
        "undecided": 3,
        "not_readable": 4,
        "engine_missing": 5,
        "interrupted": 130,
        "internal": 70,
    }


def undecided() -> Report:
    """A completed migration of which one deciding answer is not known."""
    return msgspec.structs.replace(good(), verdict="undecided", migrations=[migration(verdict="undecided")])


def cut() -> Report:
    """A good report that rests on a file which was cut."""
    defect = Defect(kind="cut_short", count=1, first_frame=9, detail="frame 9 needs 96 bytes, 40 are there")
    return msgspec.structs.replace(good(), inputs=[capture("wan", None, truncated=True, defects=[defect])])


def odd() -> Report:
    """A good report that rests on a file which is whole, though a clock was set back in it."""
    return msgspec.structs.replace(
        good(), inputs=[capture("wan", None, defects=[Defect(kind="time_backwards", count=9)])]
    )


STATUSES = (
    (good, [], 0),
    (good, ["--strict"], 0),
    (lost_guest, [], 1),
    (undecided, [], 0),
    (undecided, ["--strict"], 3),
    (no_migration, [], 0),
    (no_migration, ["--strict"], 3),
    (cut, [], 0),
    (cut, ["--strict"], 4),
    (odd, ["--strict"], 0),
    (lost_guest, ["--strict"], 4),  # it fails, and rests on a cut file: damage comes first
)


@pytest.mark.parametrize(("report", "options", "status"), STATUSES)
def test_a_report_ends_with_the_status_of_its_verdict(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, rarps: Path, report: Any, options: list[str], status: int
) -> None:
    """0 unless a deciding check failed; --strict turns doubt into 3 and damage into 4; the report is always shown."""

    class Analysis:
        def __init__(self) -> None:
            self.report = report()

    monkeypatch.setattr("vmpcap.runs.pipeline.analyse", lambda *_: Analysis())
    said = here(capsys, "report", rarps, *options)
    assert said.status == status
    assert said.out.split()[0] == report().verdict.upper()
    assert ("damaged" in said.err) == (status == 4)


@pytest.mark.parametrize(
    ("situation", "points", "status"),
    [
        ("clean", ("src-uplink=source", "gw-lan=gateway", "dst-guestbr=domain:destination"), 0),
        ("destination_isolated", ("src-uplink=source", "gw-lan=gateway", "dst-guestbr=domain:destination"), 1),
        ("cancelled", ("src-uplink=source",), 1),
    ],
)
def test_real_migrations_end_with_the_status_of_what_happened(
    situation: str, points: tuple[str, ...], status: int
) -> None:
    """As the situation's story tells: it worked, the guest was lost, it was cancelled."""
    folder = CAPTURES / situation
    roles = [word for point in points for word in ("--role", point)]
    files = [next(folder.glob(f"{point.partition('=')[0]}.pcap*")) for point in points]
    assert vmpcap("report", *files, *roles).status == status


@pytest.mark.parametrize("command", ["report", "flows", "announcements"])
def test_a_cut_capture_is_read_and_refused_only_with_strict(capsys: Captured, tmp_path: Path, command: str) -> None:
    """What is readable is shown; with --strict the status is 4 and stderr says why."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(RARPS[:-20])
    lenient, strict = here(capsys, command, path), here(capsys, command, path, "--strict")
    assert lenient.status == 0
    # a report says itself what is damaged, rows cannot
    assert lenient.err == ("" if command == "report" else strict.err)
    assert strict.status == 4
    assert strict.out == lenient.out != ""
    assert strict.err.startswith(f"vmpcap: damaged: {path}: cut_short")


def test_no_verdict_is_undecided_with_strict(capsys: Captured, rarps: Path) -> None:
    """A capture without a migration proves nothing."""
    assert here(capsys, "report", rarps).status == 0
    assert here(capsys, "report", rarps, "--strict").status == 3


def test_an_interrupted_run_ends_with_130() -> None:
    """Ctrl-C while it reads: one word, no traceback, no report."""
    process = subprocess.Popen(
        [*INTERRUPTIBLE, "report", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=quiet_environment(),
    )
    assert process.stdin is not None
    # more than a pipe holds: once it is written, the other side has begun to read, and waits for more
    process.stdin.write(HEADER + record(1_783_996_806, RARP) * 20_000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err.strip()) == (130, b"", b"vmpcap: interrupted")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`vmpcap flows ... | head -1` ends quietly, with the status of its result."""
    path = tmp_path / "many.pcap"
    path.write_bytes(HEADER + b"".join(record(1_783_996_806 + i, RARP) for i in range(20_000)))
    for form in ("csv", "ndjson", "json", "parquet", "table"):
        script = f'"$0" -m vmpcap announcements "$1" --format {form} | head -c 10 >/dev/null; echo "${{PIPESTATUS[0]}}"'
        done = subprocess.run(
            ["bash", "-c", script, sys.executable, path], capture_output=True, env=quiet_environment(), check=True
        )
        assert (done.stdout, done.stderr) == (b"0\n", b"")


def test_a_report_whose_reader_goes_away_keeps_its_status() -> None:
    """The verdict is in the status even where nobody reads the words."""
    source = next((CAPTURES / "cancelled").glob("src-uplink.pcap*"))
    script = '"$0" -m vmpcap report "$1" --format json | true; echo "${PIPESTATUS[0]}"'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, source], capture_output=True, env=quiet_environment(), check=True
    )
    assert (done.stdout, done.stderr) == (b"1\n", b"")


FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")


@FULL
@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["report", "--json-schema"],
        ["profiles"],
        ["report", "{file}"],
        ["report", "{file}", "--format", "json"],
        ["announcements", "{file}"],
        ["announcements", "{file}", "--format", "csv"],
        ["announcements", "{file}", "--format", "arrow"],
    ],
    ids=" ".join,
)
def test_a_full_disk_behind_stdout_is_a_sentence(rarps: Path, arguments: list[str]) -> None:
    """Status 2, one line, and Python adds nothing of its own at the end."""
    with open("/dev/full", "wb") as full:
        said = vmpcap(
            *(a.format(file=rarps) for a in arguments), stdout=full, stderr=subprocess.PIPE, capture_output=False
        )
    assert said.status == 2
    assert "No space left on device" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["report", "{file}"], ["flows", "{file}"], ["announcements", "{file}"]])
def test_a_closed_stdout_is_a_sentence(rarps: Path, arguments: list[str]) -> None:
    """`>&-` leaves no place for a result; it is said before anything is read."""
    done = subprocess.run(
        [
            "bash",
            "-c",
            'exec "$@" >&-',
            "bash",
            sys.executable,
            "-m",
            "vmpcap",
            *(a.format(file=rarps) for a in arguments),
        ],
        capture_output=True,
        env=quiet_environment(),
        check=False,
    )
    said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert said == Said(2, "", "vmpcap: cannot write to stdout: it is closed; name a file with -o FILE\n")


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["flows", "nowhere.pcap"], ["announcements", "{file}"]]
)
def test_a_closed_stderr_costs_only_the_words_on_it(rarps: Path, arguments: list[str]) -> None:
    """The status and stdout are as always."""
    call = [sys.executable, "-m", "vmpcap", *(a.format(file=rarps) for a in arguments)]
    closed = subprocess.run(
        ["bash", "-c", 'exec "$@" 2>&-', "bash", *call], capture_output=True, env=quiet_environment(), check=False
    )
    whole = subprocess.run(call, capture_output=True, env=quiet_environment(), check=False)
    assert (closed.returncode, closed.stdout, closed.stderr) == (whole.returncode, whole.stdout, b"")
