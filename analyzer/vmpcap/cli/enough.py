"""`--partial`: Ctrl-C ends the reading, and the report is of what was read by then."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from vmpcap.cli.progress import complain

SAID: Final = "enough: reporting on what was read so far; Ctrl-C again for no report"


@contextmanager
def enough_on_ctrl_c(wanted: bool) -> Iterator[Callable[[], bool]]:
    """
    Inside, the first Ctrl-C makes what is yielded say True; the next one interrupts as it always does.

    Where it is not `wanted`, every Ctrl-C does, and what is yielded is never True.
    """
    had_enough, wake = threading.Event(), threading.Event()
    if not wanted or threading.current_thread() is not threading.main_thread():
        yield had_enough.is_set
        return

    def enough(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        had_enough.set()
        wake.set()

    def say() -> None:
        wake.wait()
        if had_enough.is_set():
            complain(SAID)

    # a signal may come while this thread writes to stderr, which then cannot be written to: another one says it
    speaker = threading.Thread(target=say, name="enough", daemon=True)
    speaker.start()
    before = signal.signal(signal.SIGINT, enough)
    try:
        yield had_enough.is_set
    finally:
        signal.signal(signal.SIGINT, before)
        wake.set()
        speaker.join()
