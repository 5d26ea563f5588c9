"""Where results go: stdout, or a file that appears only when it is complete."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final, cast

from vmpcap.terms.errors import RequestError

STDOUT: Final = "-"
_UNFINISHED: Final[set[str]] = set()
"""Files that are being written beside their places."""
CLOSED: Final = "cannot write to stdout: it is closed; name a file with -o FILE"


def emit(text: str) -> None:
    """Write words for people to stdout, in its own encoding. A reader may go away early: that is no error."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    emit_bytes(text.encode(encoding, "backslashreplace"))


def emit_data(text: str) -> None:
    """Write JSON or another text for programs to stdout: UTF-8, whatever the locale says."""
    emit_bytes(text.encode("utf-8", "backslashreplace"))


def emit_bytes(raw: bytes) -> None:
    """
    Write a result to stdout.

    Raises RequestError where stdout is closed or its disk is full.
    """
    if sys.stdout is None:
        raise RequestError(CLOSED)
    with suppress(BrokenPipeError), _worded(STDOUT):
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()


def let_go_of_stdout() -> None:
    """Python flushes stdout once more at its end: give it somewhere to flush to."""
    if sys.stdout is None:
        return
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def check_file(path: str) -> None:
    """
    Can a file be written there? Asked before any packet is read, as far as it can be known by then.

    Raises RequestError where the name or its folder rules it out.
    """
    if path == STDOUT:
        if sys.stdout is None:
            raise RequestError(CLOSED)
        return
    if not path:
        raise RequestError("an output has no name; give a file, or - for stdout")
    if not _is_special(path):
        _check_folder(os.path.dirname(os.path.realpath(path)), path)


def check_folder(path: str) -> None:
    """
    Can a folder of frames be written there? Asked before any packet is read.

    Raises RequestError where it cannot be made, or something else has its name.
    """
    if not path:
        raise RequestError("an output has no name; give a folder")
    place = os.path.realpath(path)
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        raise RequestError(f"cannot make the folder {path!r}: {place!r} is not a folder")
    _check_folder(place, path)


def _check_folder(folder: str, path: str) -> None:
    if not os.path.isdir(folder):
        raise RequestError(f"cannot write {path!r}: there is no folder {folder!r}; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RequestError(f"cannot write {path!r}: you may not write into the folder {folder!r}")


def write_text(path: str, text: str) -> None:
    """Write a text file: UTF-8, complete or not at all."""
    write_file(path, text.encode("utf-8", "backslashreplace"))


def write_file(path: str, raw: bytes) -> None:
    """
    Write a file beside its place, then move it there: nobody finds half of it, and the old one stays until then.

    Pipes and devices are written directly.

    Raises RequestError where it cannot be written.
    """
    with _opened(path) as file, _worded(path):
        file.write(raw)


class Outlet:
    """
    Where rows go as they come: a file that takes its place when all are there, or stdout.

    It is no file of the operating system's, so that no library writes past it, and it keeps what went wrong, so that
    no library words it.
    """

    def __init__(self, file: IO[bytes], flushes: bool) -> None:
        self._file = file
        self._flushes = flushes
        self.problem: OSError | None = None

    def write(self, raw: bytes) -> int:
        """Write these bytes; to stdout at once, since somebody may be waiting for them."""
        try:
            self._file.write(raw)
            if self._flushes:
                self._file.flush()
        except OSError as problem:
            self.problem = self.problem or problem
            raise
        return len(raw)

    def flush(self) -> None:
        """What is written is written."""


@contextmanager
def outlet(path: str) -> Iterator[IO[bytes]]:
    """
    Which file do rows go to, one after the other? - is stdout. A reader that goes away ends it, and is no error.

    Raises RequestError where it cannot be written.
    """
    with suppress(BrokenPipeError), _standard_output() if path == STDOUT else _opened(path) as file:
        out = Outlet(file, path == STDOUT)
        try:
            yield cast(IO[bytes], out)
        except Exception:
            if out.problem is not None:
                with _worded(path):
                    raise out.problem from None
            raise


@contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    if sys.stdout is None:
        raise RequestError(CLOSED)
    sys.stdout.flush()
    yield sys.stdout.buffer


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    """A file beside its place, moved there at the end; the new file takes over who may read the old one."""
    is_special = _is_special(path)
    target = os.path.realpath(path)
    beside = path if is_special else os.path.join(os.path.dirname(target), f".vmpcap-{os.urandom(6).hex()}.part")
    with _worded(path):
        file = open(beside, "wb" if is_special else "xb")  # noqa: SIM115, closed below, before the move
    if not is_special:
        _UNFINISHED.add(beside)
    try:
        yield file
        with _worded(path):
            file.close()
            if not is_special:
                with suppress(FileNotFoundError):
                    os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
                os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            file.close()
        if not is_special:
            with suppress(OSError):
                os.unlink(beside)
        raise
    finally:
        _UNFINISHED.discard(beside)


def forget_unfinished() -> None:
    """Take away what is half written, where the process ends without coming back here."""
    for beside in list(_UNFINISHED):
        with suppress(OSError):
            os.unlink(beside)


@contextmanager
def _worded(path: str) -> Iterator[None]:
    """What the system says when it refuses to write, in our words; a reader that went away is no such thing."""
    try:
        yield
    except BrokenPipeError:
        if path == STDOUT:
            let_go_of_stdout()
        raise
    except OSError as problem:
        if path == STDOUT:
            let_go_of_stdout()
        place = "to stdout" if path == STDOUT else repr(path)
        raise RequestError(f"cannot write {place}: {problem.strerror or problem}") from problem


def _is_special(path: str) -> bool:
    """Is this a pipe or device that is there already?"""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    if stat.S_ISDIR(mode):
        raise RequestError(f"cannot write {path!r}: it is a folder; name a file in it")
    return not stat.S_ISREG(mode)
