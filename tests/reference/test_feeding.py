"""Bytes put into a program: all of them, again where it did not read them, and no longer than it lives."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from vmpcap.reference.feeding import MOST_KEPT, Pump

READS = "import sys; print(len(sys.stdin.buffer.read()))"
"""A program that reads everything."""


class Pieces:
    """A feed of these pieces."""

    defects = ()

    def __init__(self, pieces: Iterator[bytes | None]) -> None:
        self._pieces = pieces

    def piece(self) -> bytes | None:
        """The next one, empty at the end."""
        return next(self._pieces, b"")

    def close(self) -> None:
        """Nothing is held."""


def fed(pump: Pump, program: str) -> str:
    """What does this program print, with the pump at its standard input?"""
    stdin = pump.begin()
    with subprocess.Popen([sys.executable, "-c", program], stdin=stdin, stdout=subprocess.PIPE, text=True) as running:
        os.close(stdin)
        out, _ = running.communicate(timeout=60)
    pump.end()
    return out.strip()


def test_a_program_gets_every_byte() -> None:
    """Far more than a pipe holds; a lull is no end."""
    pieces = Pieces(iter([b"x" * 100_000, None, *[b"y" * 100_000] * 40, None, b"z"]))
    assert fed(Pump(pieces), READS) == str(41 * 100_000 + 1)


def test_what_one_program_left_the_next_one_gets_from_the_beginning() -> None:
    """tshark ends before it reads, where it does not know a field."""
    pump = Pump(Pieces(iter([b"x" * 50_000] * 10)))
    assert fed(pump, "print('no')") == "no"
    assert fed(pump, READS) == str(500_000)


def test_little_is_kept_for_it() -> None:
    """Not the whole of a large capture."""
    pump = Pump(Pieces(iter([b"x" * 65_536] * 100)))
    assert fed(pump, READS) == str(6_553_600)
    assert sum(map(len, pump._kept)) <= MOST_KEPT


def test_a_feed_without_end_stops_with_its_program() -> None:
    """Whether it floods or stalls; no thread is left."""
    before = threading.active_count()
    for forever in (iter(lambda: b"x" * 65_536, None), iter(lambda: time.sleep(0.01), b"")):
        begun = time.monotonic()
        assert fed(Pump(Pieces(forever)), "print('enough')") == "enough"
        assert time.monotonic() - begun < 30
    assert threading.active_count() == before


def test_what_goes_wrong_with_the_feed_is_told() -> None:
    """Where the program has ended."""

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise MemoryError

    with pytest.raises(MemoryError):
        fed(Pump(Pieces(broken())), READS)
