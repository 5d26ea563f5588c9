"""Where bytes come from: a file, a pipe, standard input."""

import errno
import io
import os
import select
import stat
import sys
import time
from collections.abc import Callable
from typing import Final, Protocol, cast

from vmpcap.readers.defects import DefectLog
from vmpcap.terms.errors import CaptureError

STDIN: Final = "-"
ASKED_S: Final = 0.1
"""While a pipe is silent it is asked so often whether that is enough."""
FLUSHED_S: Final = 0.5
"""Ctrl-C reaches both ends of a pipe: so long the other one has to write what it still holds, as tcpdump does."""
LULL_S: Final = 0.02
"""A pipe that is silent for this long has nothing more for now."""
_REASONS: Final = {
    errno.ENOENT: "there is no such file; check the name",
    errno.EACCES: "no permission to read it; ask its owner, or run as a user who may",
    errno.EPERM: "no permission to read it; ask its owner, or run as a user who may",
    errno.EISDIR: "it is a directory; name the capture files in it",
    errno.ENOTDIR: "a part of its path is a file, not a directory; check the name",
    errno.ELOOP: "its symbolic links lead in a circle; name the file itself",
    errno.ENAMETOOLONG: "its name is longer than the system allows",
}
"""What went wrong with a file and what to try, by the system's error number."""


class Input(Protocol):
    """A stream of bytes that is read once, front to back."""

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file were read so far?"""

    @property
    def size(self) -> int | None:
        """How many bytes has the file? None for a stream."""

    @property
    def is_regular(self) -> bool:
        """Do the bytes come from a file on a disk? Then there is nothing to wait for."""

    @property
    def was_left(self) -> bool:
        """Was a stream given up, since it was enough, while more may have come?"""

    def peek(self, count: int) -> bytes:
        """Which bytes come first? Up to `count`, without using them up."""

    def readinto(self, into: memoryview) -> int:
        """How many bytes were put into the front of `into`? At least one, or 0 at the end."""

    def has_more(self, until: float) -> bool:
        """Is there more to be had without a long wait (or before the monotonic time `until`)? True at the end too."""

    def close(self) -> None:
        """Let go of files and threads."""


class PlainInput:
    """
    The bytes of a file, a pipe or standard input as they are.

    A pipe ends where `is_enough` says so, soon after whoever writes to it could have written what he still has.
    """

    def __init__(self, path: str, log: DefectLog, is_enough: Callable[[], bool] = bool) -> None:
        self.path = path
        self._is_enough = is_enough
        self._patient_until: float | None = None
        self.was_left = False
        """Whether it was given up while more may have come."""
        self._log = log
        self._head = b""
        self._is_stdin = path == STDIN
        self._size_noted = False
        self._closed = False
        self._raw: io.RawIOBase | io.BufferedIOBase = _standard_input() if self._is_stdin else _opened(path)
        self._descriptor = _descriptor_of(self._raw)
        status = os.fstat(self._descriptor) if self._descriptor is not None else None
        self._is_regular = status is not None and stat.S_ISREG(status.st_mode)
        self.size: int | None = status.st_size if status is not None and self._is_regular else None
        self.bytes_read = 0
        self._begin = self._raw.tell() if self._is_regular else 0
        if self.size is not None:
            self.size = max(self.size - self._begin, 0)

    @property
    def is_regular(self) -> bool:
        """Is this a file on a disk?"""
        return self._is_regular

    def peek(self, count: int) -> bytes:
        """Which bytes come first? Up to `count`, fewer only at the end."""
        while len(self._head) < count:
            more = bytearray(count - len(self._head))
            got = self._read(memoryview(more))
            if got == 0:
                break
            self._head += bytes(more[:got])
        return self._head[:count]

    def readinto(self, into: memoryview) -> int:
        """How many bytes were put into the front of `into`? At least one, or 0 at the end."""
        if self._head:
            size = min(len(self._head), len(into))
            into[:size] = self._head[:size]
            self._head = self._head[size:]
            return size
        return self._read(into)

    def look_back(self, offset: int, count: int) -> bytes:
        """Which bytes of this file were read before, from this offset on? None of what is no file."""
        if not self._is_regular or self._descriptor is None:
            return b""
        return os.pread(self._descriptor, count, self._begin + offset)

    def has_more(self, until: float) -> bool:
        """Is there more to be had without a long wait?"""
        if self.is_regular or self._head or self._descriptor is None:
            return True
        wait = min(LULL_S, until - time.monotonic())
        return wait > 0 and bool(select.select([self._descriptor], [], [], wait)[0])

    def wait_readable(self, wake: int) -> bool:
        """Can this be read before the descriptor `wake` becomes readable, or it is enough? Blocks until then."""
        if self.is_regular or self._head or self._descriptor is None:
            return True
        return self._wait(self._descriptor, wake)

    def _wait(self, *descriptors: int) -> bool:
        """Is the first of these readable, and none of the others? False too where it is enough and nothing comes."""
        while not (ready := select.select(descriptors, [], [], ASKED_S)[0]):
            if self._is_enough():
                now = time.monotonic()
                self._patient_until = self._patient_until or now + FLUSHED_S
                if now >= self._patient_until:
                    self.was_left = True
                    return False
        return ready == [descriptors[0]]

    @property
    def closed(self) -> bool:
        """Was this closed?"""
        return self._closed

    def close(self) -> None:
        """Close the file; standard input stays open, it is not ours."""
        self._closed = True
        if not self._is_stdin:
            self._raw.close()

    def _read(self, into: memoryview) -> int:
        try:
            got = self._read_some(into)
        except OSError as problem:
            self._log.note("read_error", None, self.bytes_read, f"{problem.strerror}")
            return 0
        self.bytes_read += got
        if got == 0:
            self._note_size()
        return got

    def _read_some(self, into: memoryview) -> int:
        if not self._is_regular and self._descriptor is not None and not self._wait(self._descriptor):
            return 0
        if isinstance(self._raw, io.BufferedIOBase):
            return self._raw.readinto1(into)
        got = self._raw.readinto(into)
        while got is None:  # a pipe that its other users made non-blocking: nothing yet, which is not the end
            select.select([self._raw], [], [])
            got = self._raw.readinto(into)
        return got

    def _note_size(self) -> None:
        """Did the file change its size while it was read? Asked once, at its end."""
        if self.size is None or self._size_noted:
            return
        self._size_noted = True
        if self.bytes_read > self.size:
            self._log.note("grew_while_read", None, self.size, f"from {self.size} to {self.bytes_read} bytes or more")
        elif self.bytes_read < self.size:
            self._log.note("shrank_while_read", None, self.bytes_read, f"from {self.size} to {self.bytes_read} bytes")


def _without_waiting(path: str, flags: int) -> int:
    """A named pipe opens at once: whoever waits for its writer does so where he can be asked whether that is enough."""
    return os.open(path, flags | os.O_NONBLOCK)


def _opened(path: str) -> io.RawIOBase:
    """Which stream is this path? Raises CaptureError where it cannot be opened for reading."""
    try:
        return io.FileIO(path, "rb", opener=_without_waiting)
    except OSError as problem:
        reason = _REASONS.get(problem.errno or 0, f"the system says: {problem.strerror}")
        raise CaptureError(f"cannot open {path!r} as a capture: {reason}") from problem
    except ValueError as problem:
        raise CaptureError(f"cannot open {path!r} as a capture: {problem}; check the name") from problem


def _standard_input() -> io.RawIOBase | io.BufferedIOBase:
    """
    Which stream is standard input? Raises CaptureError where there is none, or a person sits at it.

    The descriptor itself where there is one: bytes kept in a Python buffer would be invisible to select.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise CaptureError("cannot read a capture from standard input: it is closed; name a file")
    if sys.stdin.isatty():
        raise CaptureError("cannot read a capture from standard input: it is a terminal; pipe a capture into it")
    stream = cast(io.BufferedIOBase, sys.stdin.buffer)
    descriptor = _descriptor_of(stream)
    return stream if descriptor is None else io.FileIO(descriptor, "rb", closefd=False)


def _descriptor_of(stream: io.RawIOBase | io.BufferedIOBase) -> int | None:
    try:
        return stream.fileno()
    except (OSError, AttributeError):
        return None
