"""What tshark says of a capture, frame by frame, and ours in the same words."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tshark import HAS_TSHARK, nanoseconds, tshark_fields

from .writers import Read


class Frame(NamedTuple):
    """One frame as both sides can say it."""

    number: int
    ts_ns: int | None
    wire: int
    captured: int


FIELDS = ("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len")


def rows_of_tshark(path: Path) -> list[Frame]:
    """The frames tshark reads; how it ends is not asked. A test that needs it is skipped where it is not."""
    if not HAS_TSHARK:
        pytest.skip("tshark is not installed")
    found = []
    for values in tshark_fields(path, FIELDS):
        number, time, wire, captured = ("".join(values[name]) for name in FIELDS)
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
