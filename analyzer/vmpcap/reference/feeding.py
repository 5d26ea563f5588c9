"""Bytes that are put into a program's standard input by somebody who reads them for it."""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

MOST_KEPT: Final = 1 << 20
"""A pipe holds less, so a program into which more went has begun to read."""


class Flaw(Protocol):
    """Something that kept the rest of the bytes back."""

    @property
    def kind(self) -> str:
        """What it is called."""

    @property
    def offset(self) -> int | None:
        """Behind so many bytes."""


class Feed(Protocol):
    """The bytes of one capture."""

    def piece(self) -> bytes | None:
        """The next bytes; None where there are none for now, empty at the end."""

    @property
    def defects(self) -> Sequence[Flaw]:
        """What kept the rest of them back, as far as they were read."""

    def close(self) -> None:
        """Let go of the capture."""


Opens = Callable[[str], Feed | None]
"""Who reads the capture of this name for tshark; None: tshark is to open it itself."""


class Pump:
    """
    Puts the bytes of a feed into a process.

    What went to a process that ended without having read them goes to the next one again.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._kept: list[bytes] = []
        self._is_kept_whole = True
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._problem: BaseException | None = None

    def begin(self) -> int:
        """The descriptor that is to be the standard input of a process; whoever asks closes it."""
        assert self._is_kept_whole
        ours, theirs = os.pipe()
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, args=(theirs,), name="vmpcap feed", daemon=True)
        self._thread.start()
        return ours

    def end(self, unused: int | None = None) -> None:
        """Wait for what is under way, after the process has ended; raises what the feed raised."""
        self._stop.set()
        if unused is not None:
            os.close(unused)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._problem is not None:
            raise self._problem

    # What follows runs in the thread.

    def _work(self, into: int) -> None:
        try:
            with suppress(BrokenPipeError):
                self._pump(into)
        except BaseException as problem:
            self._problem = problem
        finally:
            os.close(into)

    def _pump(self, into: int) -> None:
        for kept in self._kept:
            _write(into, kept)
        while not self._stop.is_set():
            piece = self._feed.piece()
            if piece == b"":
                return
            if piece is None:
                continue
            if self._is_kept_whole:
                self._kept.append(piece)
                if sum(map(len, self._kept)) > MOST_KEPT:
                    self._kept, self._is_kept_whole = [], False
            _write(into, piece)


def _write(into: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(into, left) :]
