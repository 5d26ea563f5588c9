"""Progress goes to stderr, and only where somebody looks."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import HEADER, RARP, quiet_environment, record, vmpcap
from vmpcap.cli import progress
from vmpcap.cli.progress import Progress, notice


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
