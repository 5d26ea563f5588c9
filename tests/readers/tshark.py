"""What tshark says of a capture, frame by frame, and ours in the same words."""

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from .writers import Read


class Frame(NamedTuple):
    """One frame as both sides can say it."""

    number: int
    ts_ns: int | None
    wire: int
    captured: int


@lru_cache(maxsize=1)
def tshark() -> str:
    """Where tshark is; a test that needs it is skipped where it is not."""
    found = shutil.which("tshark")
    if found is None:
        pytest.skip("tshark is not installed")
    return found


def nanoseconds(text: str) -> int | None:
    """
    Seconds with nine decimals as nanoseconds, None where there are none.

    >>> nanoseconds("1.000000001"), nanoseconds("-1.5"), nanoseconds("")
    (1000000001, -1500000000, None)
    """
    if not text:
        return None
    whole, _, rest = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return int(whole) * 10**9 + sign * int(rest.ljust(9, "0"))


def rows_of_tshark(path: Path) -> list[Frame]:
    """The frames tshark reads; how it ends is not asked."""
    command = [tshark(), "-n", "-r", str(path), "-T", "fields"]
    for field in ("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type"):
        command += ["-e", field]
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "WIRESHARK_CONFIG_DIR": str(path.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    found = []
    for line in done.stdout.splitlines():
        number, time, wire, captured, encapsulation = line.split("\t")
        if encapsulation:  # blocks that are no packets have none
            found.append(Frame(int(number), nanoseconds(time), int(wire), int(captured)))
    return found


def frames_of_tshark(data: bytes, folder: Path) -> list[Frame]:
    """The frames tshark reads in these bytes."""
    path = folder / "asked"
    path.write_bytes(data)
    return rows_of_tshark(path)


def frames_of(read: Read) -> list[Frame]:
    """Our frames in the same words."""
    return [
        Frame(number, packet.ts_ns, packet.wire, len(packet.data))
        for number, packet in zip(read.frames, read.packets, strict=True)
    ]
