"""Large segments of a guest that never arrive while small ones do: somebody on the way has no room for them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.guests import Moved
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.wire import IP_TCP

LEAST_BYTES: Final = 1000
"""Smaller segments are not called large."""
LEAST_TIMES: Final = 3
"""Sent so often without an answer, a segment did not merely get lost."""
MOST_LOOKED_AT: Final = 50_000
"""Segments of a guest that are looked at, the first."""

MOST_ASKED: Final = 50
"""Of the segments that were sent so often."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """One segment that was sent again and again."""

    payload_bytes: int
    times: int
    frames: tuple[int, ...]


def find_stuck(view: PointView, guest: Moved, since_ts: int) -> Stuck | None:
    """
    Which large segment, of the guest or for it, was never acknowledged though smaller ones of its connection were?

    Parameters
    ----------
    since_ts : on the point's clock
    """
    frames, j = frames_of(view, guest), view.journal
    rows = np.sort(np.concatenate((frames.sent_ip, frames.asked)))
    rows = rows[(j.ip_protocol[rows] == IP_TCP) & (j.ts_ns[rows] >= since_ts)][:MOST_LOOKED_AT]
    large = rows[j.payload_bytes[rows] >= LEAST_BYTES]
    keys = np.stack((j.src_low[large], j.dst_low[large], _ports(j.src_port[large], j.dst_port[large])), axis=1)
    named = np.concatenate((keys, j.tcp_seq[large, None].astype(np.uint64)), axis=1)
    segments, first, times = np.unique(named, axis=0, return_index=True, return_counts=True)
    for at in np.flatnonzero(times >= LEAST_TIMES)[:MOST_ASKED]:
        row = large[first[at]]
        back = rows[
            (j.src_low[rows] == j.dst_low[row])
            & (j.dst_low[rows] == j.src_low[row])
            & (j.src_port[rows] == j.dst_port[row])
            & (j.dst_port[rows] == j.src_port[row])
            & (j.tcp_ack[rows] != 0)  # a SYN acknowledges nothing
        ]
        answers = j.tcp_ack[back].astype(np.int64) - int(j.tcp_seq[row])
        answers = (answers + (1 << 31)) % (1 << 32) - (1 << 31)
        if len(answers) and answers.max() <= 0:
            copies = large[(named == segments[at]).all(axis=1)]
            numbers = tuple(int(f) for f in j.frame[copies][:LEAST_TIMES])
            return Stuck(int(j.payload_bytes[row]), int(times[at]), numbers)
    return None


def _ports(source: npt.NDArray[np.uint16], target: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    return source.astype(np.uint64) << np.uint64(16) | target.astype(np.uint64)
