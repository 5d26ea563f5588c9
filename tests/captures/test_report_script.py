"""`make report`: the script behind it, as a newcomer runs it."""

import subprocess
import sys

from tests.captures.situations import CAPTURES


def test_report_names_its_command_and_prints_a_verdict() -> None:
    """The command goes to stderr, so that it can be copied; the verdict to stdout; a verdict is no error."""
    done = subprocess.run(
        [sys.executable, str(CAPTURES / "report.py"), str(CAPTURES / "jumbo_black_hole")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("$ vmpcap report --point src-uplink=")
    assert "--role src-uplink=source" in done.stderr
    assert "FAIL" in done.stdout
    assert "10.10.1.11" in done.stdout


def test_further_options_reach_the_command() -> None:
    """What stands behind the folder is passed on."""
    done = subprocess.run(
        [sys.executable, str(CAPTURES / "report.py"), str(CAPTURES / "jumbo_black_hole"), "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('{\n  "schema": "vmpcap.report/1"')


def test_what_is_no_verdict_is_an_error() -> None:
    """A wrong option, as a crash, does not look like a report."""
    done = subprocess.run(
        [sys.executable, str(CAPTURES / "report.py"), str(CAPTURES / "jumbo_black_hole"), "--no-such-option"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no-such-option" in done.stderr.lower()
