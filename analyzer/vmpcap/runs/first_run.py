"""The first run ever: two processes compile side by side, since one alone may compile at a time in each."""

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
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.arrays import as_read_only, doorway
from vmpcap.terms.kernel_store import can_keep, is_cold
from vmpcap.terms.kernels import is_compiled

PROGRAM: Final = "from vmpcap.runs.first_run import compile_following; compile_following()"


def compile_following() -> None:
    """Compile what follows flows, which is nearly half of all: by following none. What marks them comes first."""
    nothing = [doorway([], dtype) for dtype in (np.int64, np.int32, np.int32, np.int64, np.int32, np.int32)]
    batch = RecordBatch(as_read_only(b"\0"), 1, *nothing)  # type: ignore[arg-type]
    frames = Walker(1).walk(batch)
    flow_id, side = np.zeros(0, np.int32), np.zeros(0, np.uint8)
    follower = Follower(FlowTable())
    follower.analysis.absorb(frames, flow_id, side, 1)
    follower.absorb(batch, frames, flow_id, side)


@contextmanager
def compiled_by_two() -> Iterator[None]:
    """
    Inside, where nothing was compiled yet, another process compiles what is needed last.

    What it has compiled by then is found in the cache; what it has not is compiled here. It ends with the block.
    """
    is_worthwhile = is_compiled() and len(os.sched_getaffinity(0)) > 1
    if not (is_worthwhile and sys.executable and is_cold() and can_keep()):
        yield
        return
    quiet = subprocess.DEVNULL
    with suppress(OSError):  # no room for another process: everything is compiled here
        _others.append(subprocess.Popen([sys.executable, "-P", "-c", PROGRAM], stdin=quiet, stdout=quiet, stderr=quiet))
    try:
        yield
    finally:
        end_all()


_others: list["subprocess.Popen[bytes]"] = []


def end_all() -> None:
    """Nobody compiles any more; also asked for where a signal ends the program."""
    while _others:
        other = _others.pop()
        other.kill()
        other.wait()
