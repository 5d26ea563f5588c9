"""Calling the command: in a process of its own as a user does, or in this one where only words are asked for."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from vmpcap.cli.exits import guarded
from vmpcap.cli.group import commands

CAPTURES = Path(__file__).resolve().parents[2] / "captures"

RARP = bytes.fromhex(
    "ffffffffffff 005056aa7710 8035"  # to everybody, from the guest, RARP
    "0001 0800 06 04 0003"  # Ethernet, IPv4, request reverse
    "005056aa7710 00000000 005056aa7710 00000000"
)
HEADER = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000")
"""A classic pcap, little endian, microseconds, Ethernet."""


def record(seconds: int, frame: bytes) -> bytes:
    """One record of a classic pcap."""
    return b"".join(n.to_bytes(4, "little") for n in (seconds, 0, len(frame), len(frame))) + frame


RARPS = HEADER + b"".join(record(1_783_996_806 + i, RARP) for i in range(3))
"""A capture of three announcements, a second apart."""


_LISTENING = (
    "import os, signal, sys; "
    "[signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]; "
    "os.execv(sys.executable, [sys.executable, '-m', 'vmpcap', *sys.argv[1:]])"
)
INTERRUPTIBLE = (sys.executable, "-c", _LISTENING)
"""The command as a terminal starts it: tests that run in the background have signals ignored, and hand that on."""


class Said(NamedTuple):
    """What came of a call."""

    status: int
    out: str
    err: str


def quiet_environment(**more: str) -> dict[str, str]:
    """Ours without what shapes the output, and with this."""
    shaping = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LANG"}
    kept = {name: value for name, value in os.environ.items() if name not in shaping}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


def vmpcap(*arguments: str | Path, environment: dict[str, str] | None = None, **options: Any) -> Said:
    """Call it as a user does, in a process of its own, and away from any terminal."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(
        [sys.executable, "-m", "vmpcap", *map(str, arguments)],
        env=quiet_environment(**(environment or {})),
        check=False,
        **{"capture_output": True, "timeout": 300, **options},
    )
    out, err = ((part or b"").decode("utf-8", "surrogateescape") for part in (done.stdout, done.stderr))
    assert "Traceback" not in err
    return Said(done.returncode, out, err)


def here(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Said:
    """Call it in this process: for messages that come before any packet is read."""
    status = guarded(commands, [str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return Said(status, out, err)


def without_root_powers() -> None:
    """In a child process: even root must keep to the permissions of files from the next exec on."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def give_away(path: Path) -> None:
    """Make somebody else the owner, where we may: an owner could always help himself."""
    if os.geteuid() == 0:
        os.chown(path, 12_345, 12_345)
