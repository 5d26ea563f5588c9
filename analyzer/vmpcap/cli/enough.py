"""`--partial`: Ctrl-C ends the reading, and the report is of what was read by then."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from vmpcap.cli.progress import complain


@contextmanager
def enough_on_ctrl_c(wanted: bool) -> Iterator[Callable[[], bool]]:
    """
    Inside, the first Ctrl-C makes what is yielded say True; the next one interrupts as it always does.

    Where it is not `wanted`, every Ctrl-C does, and what is yielded is never True.
    """
    had_enough = threading.Event()
    if not wanted or threading.current_thread() is not threading.main_thread():
        yield had_enough.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def enough(number: int, frame: FrameType | None) -> None:
        had_enough.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        complain("enough: reporting on what was read so far; Ctrl-C again for no report")

    signal.signal(signal.SIGINT, enough)
    try:
        yield had_enough.is_set
    finally:
        signal.signal(signal.SIGINT, before)
