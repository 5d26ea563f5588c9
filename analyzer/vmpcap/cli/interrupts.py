"""How signals end a command: without a half-written file, and even while a library works in native code."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from vmpcap.cli.output import forget_unfinished
from vmpcap.cli.progress import complain

GRACE_S: Final = 1.0
"""So long the usual way out is waited for: it is taken wherever packets still come."""
SIGNALLED: Final = 128
"""What a shell adds to the number of a signal for the status."""
ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a process at once unless somebody listens."""


@contextmanager
def leaves_nothing_behind() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP take away what is half written before they end the process as they always do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # who asked for it to be ignored (nohup) is obeyed
    heard = [number for number in ENDING if signal.getsignal(number) == signal.SIG_DFL]
    for number in heard:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: FrameType | None) -> None:
    _take_away()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _take_away() -> None:
    """What is half written, and other processes that run: what began them is imported where it was asked for only."""
    forget_unfinished()
    for name in ("vmpcap.reference.tshark", "vmpcap.runs.first_run"):
        beginner = sys.modules.get(name)
        if beginner is not None:
            beginner.end_all()


@contextmanager
def leaves_on_ctrl_c() -> Iterator[None]:
    """
    Inside, Ctrl-C and the signals above end the process even where a capture is a pipe that nobody writes to.

    Polars swallows Ctrl-C while a query runs and asks for it between packets: of a pipe that stalls, never.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # a shell without job control has Ctrl-C ignored by what it starts in the background; it may be ended all the same
    is_ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.getsignal(signal.SIGINT)
    if not is_ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    wakeup = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    left = threading.Event()
    threading.Thread(target=_leave, args=(heard, left), name="vmpcap ctrl-c", daemon=True).start()
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGINT, before)
        os.close(told)


def _leave(heard: int, left: threading.Event) -> None:
    """Wait for one of the signals, then for the usual way out; where that is not taken, take the short one."""
    number = 0
    while number not in (signal.SIGINT, *ENDING):
        told = os.read(heard, 1)
        if not told:  # the other end is closed: nobody needs this any more
            os.close(heard)
            return
        number = told[0]
    os.close(heard)
    if left.wait(GRACE_S):
        return
    _take_away()
    if number == signal.SIGINT:
        complain("interrupted")
    os._exit(SIGNALLED + number)
