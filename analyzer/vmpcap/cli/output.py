"""Where results go: stdout, or a file that appears only when it is complete."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

from vmpcap.terms.errors import RequestError

STDOUT: Final = "-"


def emit(text: str) -> None:
    """Write a result to stdout. A reader may go away early: the exit status stays the result's."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError:
        _write_bytes(text.encode(sys.stdout.encoding or "ascii", "backslashreplace"))
    except BrokenPipeError:
        let_go_of_stdout()


def _write_bytes(raw: bytes) -> None:
    with suppress_broken_pipe():
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()


@contextmanager
def suppress_broken_pipe() -> Iterator[None]:
    """Whoever read our stdout may stop reading at any time."""
    try:
        yield
    except BrokenPipeError:
        let_go_of_stdout()


def let_go_of_stdout() -> None:
    """Python flushes stdout once more at its end: give it somewhere to flush to."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def write_text(path: str, text: str) -> None:
    """Write a text file: UTF-8, complete or not at all."""
    write_file(path, lambda file: file.write(text.encode("utf-8", "backslashreplace")))


def write_file(path: str, fill: Callable[[BinaryIO], object]) -> None:
    """
    Write a file beside its place, then move it there: a reader never finds half of it.

    Pipes and devices are written directly.

    Raises RequestError where it cannot be written.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as file:
                fill(file)
            return
        target = os.path.realpath(path)
        beside = f"{target}.{os.getpid()}.part"
        try:
            with open(beside, "xb") as file:
                fill(file)
            os.replace(beside, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise RequestError(f"cannot write {path!r}: {problem.strerror or problem}") from problem


def _is_special(path: str) -> bool:
    """Is this a pipe or device that is there already?"""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        raise RequestError(f"cannot write {path!r}: it is a folder; name a file in it")
    return not stat.S_ISREG(mode)
