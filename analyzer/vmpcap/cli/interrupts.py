"""Ctrl-C while a library works in native code, where Python cannot raise KeyboardInterrupt before it comes back."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from vmpcap.cli.output import forget_unfinished
from vmpcap.cli.progress import complain

GRACE_S: Final = 1.0
"""So long the usual way out is waited for: it is taken wherever packets still come."""
STATUS: Final = 130


@contextmanager
def leaves_on_ctrl_c() -> Iterator[None]:
    """
    Inside, Ctrl-C ends the process even where a capture is a pipe that nobody writes to.

    Polars swallows the signal while a query runs and asks for it between packets: of a pipe that stalls, never.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
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
    """Wait for the signal, then for the usual way out; where that is not taken, take the short one."""
    number = os.read(heard, 1)
    os.close(heard)
    if number == bytes([signal.SIGINT]) and not left.wait(GRACE_S):
        forget_unfinished()
        complain("interrupted")
        os._exit(STATUS)
