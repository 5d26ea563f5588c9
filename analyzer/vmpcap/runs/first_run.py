"""The first run ever: two processes compile side by side, since one alone may compile at a time in each."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import numpy as np

from vmpcap.decode.walk import Walker
from vmpcap.flows.table import FlowTable
from vmpcap.measures.follow import Follower
from vmpcap.measures.kernels.analysis import analyse
from vmpcap.measures.kernels.follow import follow
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.arrays import as_read_only, doorway
from vmpcap.terms.kernel_store import can_keep, has_kept
from vmpcap.terms.kernels import is_compiled, share_work

PROGRAM: Final = "from vmpcap.runs.first_run import compile_following; compile_following()"


OTHERS: Final = frozenset(f"{one.__module__}.{one.__name__}" for one in (follow, analyse))
"""Kernels that the other process compiles, nearly half of all: a run needs them last, and waits for them."""


def compile_following() -> None:
    """Compile what follows flows, by following none."""
    gc.disable()  # there is an end to what this makes, and looking for cycles in it took a sixth of the time
    nothing = [doorway([], dtype) for dtype in (np.int64, np.int32, np.int32, np.int64, np.int32, np.int32)]
    batch = RecordBatch(as_read_only(b"\0"), 1, *nothing)  # type: ignore[arg-type]
    frames = Walker(1).walk(batch)
    flow_id, side = np.zeros(0, np.int32), np.zeros(0, np.uint8)
    Follower(FlowTable()).absorb(batch, frames, flow_id, side)


def is_cold() -> bool:
    """Was neither of them kept? Others may have been: to look into a file takes kernels too."""
    return not any(map(has_kept, OTHERS))


@contextmanager
def compiled_by_two() -> Iterator[None]:
    """
    Inside, where that was never done, another process compiles what is needed last.

    Who needs it waits while that process lives; if it ends without, it is compiled here. It ends with the block.
    """
    is_worthwhile = is_compiled() and len(os.sched_getaffinity(0)) > 1
    if not (is_worthwhile and sys.executable and is_cold() and can_keep()):
        yield
        return
    quiet = subprocess.DEVNULL
    with suppress(OSError):  # no room for another process: everything is compiled here
        _others.append(subprocess.Popen([sys.executable, "-P", "-c", PROGRAM], stdin=quiet, stdout=quiet, stderr=quiet))
    share_work(lambda name: name in OTHERS and any(other.poll() is None for other in _others))
    try:
        yield
    finally:
        end_all()


_others: list["subprocess.Popen[bytes]"] = []


def end_all() -> None:
    """Nobody compiles any more; also asked for where a signal ends the program."""
    share_work(None)
    while _others:
        other = _others.pop()
        other.kill()
        other.wait()
