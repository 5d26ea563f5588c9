"""The end of the program while threads of polars still read: none of them may come back into Python then."""

import atexit
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, TypeVar

Part = TypeVar("Part")

PATIENCE_S: Final = 2.0
"""A read that takes longer waits for somebody who sends packets: it does not come back by itself."""
GRACE_S: Final = 0.05
"""For what polars does with an answer after it has got it, and with a read after it has ended."""
_TICK_S: Final = 0.001

_at_work: set[object] = set()
"""Reads that are making their next answer."""
_unfinished: set[object] = set()
"""Reads that may be asked for another one."""
_is_leaving = False
_ended_at = -GRACE_S
"""When a read ended last, by the monotonic clock."""


def until_the_end(parts: Iterator[Part]) -> Iterator[Part]:
    """
    The same parts, up to the end of the program.

    Notes
    -----
    A query that needs no more rows leaves its read to itself: a thread of polars is then still busy with the next
    answer. Where the program ends at that moment, the thread wants back into an interpreter that is gone, and glibc
    aborts the process (status 134, "exception not rethrown"; seen with polars 2.1 and Python 3.11). So does one that
    puts a read away that has just ended: nothing tells when it is done with that, so it is given `GRACE_S`.
    """
    global _ended_at  # noqa: PLW0603 - the end of the program asks for it
    read = object()
    _unfinished.add(read)
    _at_work.add(read)
    try:
        for part in parts:
            _at_work.discard(read)
            yield part
            _at_work.add(read)
            if _is_leaving:
                return
    finally:
        _at_work.discard(read)
        _unfinished.discard(read)
        _ended_at = time.monotonic()


def _leave() -> None:
    global _is_leaving  # noqa: PLW0603 - the program ends once
    _is_leaving = True
    _wait_for(_at_work, PATIENCE_S)
    _wait_for(_unfinished, GRACE_S)
    with suppress(KeyboardInterrupt):
        time.sleep(max(_ended_at + GRACE_S - time.monotonic(), 0.0))


def _wait_for(reads: set[object], patience_s: float) -> None:
    begun = time.monotonic()
    with suppress(KeyboardInterrupt):
        while reads and time.monotonic() - begun < patience_s:
            time.sleep(_TICK_S)


atexit.register(_leave)
