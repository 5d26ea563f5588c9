"""Ctrl-C with `--partial`, whatever the program was doing when it came."""

import io
import signal
import sys

import pytest

from vmpcap.cli.enough import enough_on_ctrl_c
from vmpcap.cli.progress import complain


class Interrupted(io.RawIOBase):
    """A terminal at which somebody presses Ctrl-C while the first words are being written to it."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        words = bytes(data)  # type: ignore[call-overload]
        is_first = not self.written
        self.written += words
        if is_first:
            signal.raise_signal(signal.SIGINT)
        return len(words)


def test_ctrl_c_while_stderr_is_written_to_is_taken_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is being written comes out whole, and then what becomes of the report."""
    terminal = Interrupted()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(terminal), encoding="utf-8"))
    before = signal.getsignal(signal.SIGINT)
    with enough_on_ctrl_c(wanted=True) as is_enough:
        assert not is_enough()
        complain("a file is read")
        assert is_enough()
    first, second = terminal.written.decode().splitlines()
    assert (first, second[:16]) == ("vmpcap: a file is read", "vmpcap: enough: ")
    assert signal.getsignal(signal.SIGINT) is before


def test_nothing_is_said_where_nobody_had_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """And Ctrl-C is what it was before."""
    before = signal.getsignal(signal.SIGINT)
    with enough_on_ctrl_c(wanted=True) as is_enough:
        assert not is_enough()
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err == ""
