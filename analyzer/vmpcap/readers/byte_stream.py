"""The bytes of a capture without their packing, for a program that reads captures itself."""

import time
from typing import Final

from vmpcap.readers.defects import Defect, DefectLog
from vmpcap.readers.inputs import LULL_S, Input
from vmpcap.readers.sources import opened, refused

_PIECE: Final = 64 << 10


class ByteStream:
    """The bytes of one input, unpacked within the limit, in pieces."""

    def __init__(self, source: Input, log: DefectLog) -> None:
        self._source = source
        self._log = log
        self._into = memoryview(bytearray(_PIECE))

    def piece(self) -> bytes | None:
        """Which bytes come next? None where a pipe has none for now, empty at the end."""
        if not self._source.has_more(time.monotonic() + LULL_S):
            return None
        return bytes(self._into[: self._source.readinto(self._into)])

    @property
    def defects(self) -> list[Defect]:
        """What kept the rest of the bytes back, as far as they were read?"""
        return [defect for defect in self._log.noted() if defect.ends_reading]

    def close(self) -> None:
        """Let go of the file and of the unpacking thread."""
        self._source.close()


def open_bytes(path: str, max_bytes: int | None = None) -> ByteStream | None:
    """
    How are the bytes of this capture to be had? None: the file itself has them, to be read as often as one likes.

    Parameters
    ----------
    path : a file, a named pipe, or `-`
    max_bytes : as `open_capture` takes it

    Raises
    ------
    CaptureError
        It cannot be opened, is empty, or packed twice. Which format it has is not asked.
    EngineError
        The library for its packing is missing.
    """
    found = opened(path, max_bytes)
    try:
        problem = refused(path, found)
        if problem is not None:
            raise problem
    except BaseException:
        found.source.close()
        raise
    if found.packing is None and found.source.is_regular and path != "-":
        found.source.close()
        return None
    return ByteStream(found.source, found.log)
