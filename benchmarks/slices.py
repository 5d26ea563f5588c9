"""A stretch of a capture as a file of its own, for tools that could not finish the whole of it."""

import struct
from pathlib import Path

FILE_HEADER, RECORD_HEADER = 24, 16


def cut_slice(capture: Path, first: int, count: int, out: Path) -> int:
    """Write packets first .. first + count (numbered from 0) of a little-endian pcap; returns how many there were."""
    with capture.open("rb") as file, out.open("wb") as into:
        into.write(file.read(FILE_HEADER))
        written = 0
        for number in range(first + count):
            header = file.read(RECORD_HEADER)
            if len(header) < RECORD_HEADER:
                break
            (captured,) = struct.unpack_from("<I", header, 8)
            if number < first:
                file.seek(captured, 1)
            else:
                into.write(header + file.read(captured))
                written += 1
    return written
