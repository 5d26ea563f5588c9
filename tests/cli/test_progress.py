"""Progress goes to stderr, and only where somebody looks."""

import io
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.calls import HEADER, RARP, quiet_environment, record, vmpcap
from tests.runs.made import migration, request, write
from vmpcap.cli import progress
from vmpcap.cli.progress import Progress, notice
from vmpcap.runs.pipeline import PointFiles, analyse


class Terminal(io.StringIO):
    """A stream that says it is a terminal, or that it is not."""

    def __init__(self, watched: bool) -> None:
        super().__init__()
        self._watched = watched

    def isatty(self) -> bool:
        return self._watched


def told(monkeypatch: pytest.MonkeyPatch, watched: bool, quiet: bool = False) -> str:
    """What stderr got while a file of 100 MB with a hostile name was read."""
    stderr = Terminal(watched)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Progress(quiet) as bar:
        for done in range(0, 100_000_001, 20_000_000):
            bar("/captures/wan\x07.pcap", done, 100_000_000)
        bar("-", 5_000_000, None)
    return stderr.getvalue()


def test_a_person_sees_which_file_is_read_and_how_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's name, safe, and the bytes of it."""
    shown = told(monkeypatch, watched=True)
    assert "wan\\x07.pcap" in shown
    assert "/100.0 MB" in shown
    assert "\x07" not in shown


def test_a_file_that_is_read_to_its_end_begins_no_bar_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last word may come twice: a bar at 0 would flash up."""
    stderr = Terminal(watched=True)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    with Progress(quiet=False) as bar:
        for done in (40_000_000, 100_000_000, 100_000_000):
            bar("a.pcap", done, 100_000_000)
    assert "40.0/100.0 MB" in stderr.getvalue()
    assert re.search(r"(?<!\d)0\.0/100\.0 MB", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stderr.getvalue())) is None


def test_nobody_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log file of a scheduled run stays empty."""
    assert told(monkeypatch, watched=False) == ""


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in front of a person."""
    assert told(monkeypatch, watched=True, quiet=True) == ""


def test_what_is_quick_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar that flashes is noise."""
    stderr = Terminal(True)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "PATIENCE_S", 3_600.0)
    with Progress(False) as bar:
        bar("wan.pcap", 1, 2)
    assert "wan" not in stderr.getvalue()


def staged(monkeypatch: pytest.MonkeyPatch, watched: bool = True, quiet: bool = False, patience_s: float = 0.0) -> str:
    """What stderr got while a file was read, then judged for a moment, then another one was read."""
    stderr = Terminal(watched)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "PATIENCE_S", patience_s)
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Progress(quiet) as bar:
        bar("a.pcap", 4, 10)
        bar.stage("judging the migrations")
        time.sleep(0.3)
        bar("b.pcap", 4, 10)
    return stderr.getvalue()


def test_what_is_done_after_the_reading_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, between the files; to a person only, and not where it is quick."""
    shown = staged(monkeypatch)
    assert shown.index("a.pcap") < shown.index("judging the migrations") < shown.index("b.pcap")
    assert staged(monkeypatch, watched=False) == staged(monkeypatch, quiet=True) == ""
    assert "judging" not in staged(monkeypatch, patience_s=3_600.0)


def test_the_stages_of_a_report_are_told_in_their_order(tmp_path: Path) -> None:
    """Its points on one clock, then what migrated; nothing else of the report changes by it."""
    stages: list[str] = []
    files = [PointFiles(name, None, (write(tmp_path / f"{name}.pcap", migration()),)) for name in ("a", "b")]
    analyse(request(*files), None, stages.append)
    assert stages == ["comparing the points' clocks", "judging the migrations"]


def test_a_real_terminal_is_told_what_is_judged(tmp_path: Path) -> None:
    """As a person runs it: with no patience, the stage is seen on stderr, and stdout is the report alone."""
    path = write(tmp_path / "a.pcap", migration())
    call = (
        "import time; from vmpcap.cli import progress, run; from vmpcap.runs import telling; plain = telling.tell;"
        "telling.tell = lambda *asked: time.sleep(1.0) or plain(*asked); progress.PATIENCE_S = 0.0; run()"
    )
    main, side = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", call, "report", path, "--format", "json"],
            stdout=subprocess.PIPE, stderr=side, env=quiet_environment(TERM="xterm"), check=False,
        )  # fmt: skip
        os.close(side)
        seen = os.read(main, 65_536).decode()
    finally:
        os.close(main)
    assert "judging the migrations" in seen
    assert done.stdout.startswith(b"{")
    assert b"judging the" not in done.stdout


def test_notices_are_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for logs, and not where they are unwanted."""
    for watched, quiet, shown in ((True, False, "vmpcap: look\n"), (True, True, ""), (False, False, "")):
        stderr = Terminal(watched)
        monkeypatch.setattr(sys, "stderr", stderr)
        notice("look", quiet)
        assert stderr.getvalue() == shown


def test_a_real_terminal_gets_the_notice_and_stdout_only_the_result(tmp_path: Path) -> None:
    """stderr is a terminal, stdout a pipe: the damage is told on the one, the rows are on the other."""
    path = tmp_path / "cut.pcap"
    path.write_bytes((HEADER + record(1_783_996_806, RARP) * 3)[:-4])
    main, side = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "vmpcap", "announcements", path, "--format", "csv"],
            stdout=subprocess.PIPE,
            stderr=side,
            env=quiet_environment(TERM="xterm"),
            check=True,
        )
        os.close(side)
        seen = os.read(main, 65_536).decode()
    finally:
        os.close(main)
    assert f"damaged: {path}: cut_short (frame 3, byte" in seen.replace("\r\n", "\n")
    assert done.stdout.decode().count("rarp_announce") == 2
    piped = vmpcap("announcements", path, "--format", "csv", "--quiet")
    assert piped.err == ""
    assert piped.out.encode() == done.stdout
