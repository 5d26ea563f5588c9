"""When a queue stood on the path, as its round trips tell: how much of the time, what it carried, whose it may be."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.ceiling import best_full_stretch
from vmpcap.measures.repaired import carried_bytes
from vmpcap.measures.series import Together
from vmpcap.terms.units import mbps

Bools = npt.NDArray[np.bool_]

QUEUE_LEAST_NS: Final = 500_000
"""A round trip that never falls to within this of the idle path says that a queue stood all the time."""

QUEUE_SHARE: Final = 0.1
"""... or to within this share of the idle path, where that is more."""

NEAR_WINDOW_SEGMENTS: Final = 2
"""A flight this near to the receive window is held back by it (T-RAT; Zhang et al., SIGCOMM 2002)."""


def queueing(together: Together, floor_ns: int | None) -> tuple[float | None, float | None, float | None]:
    """
    In which share of the bins did even the fastest segment meet a queue, and how many Mbps were delivered then?

    The third is what was delivered then at best.

    The floor may itself be loaded where the capture never saw the path idle: the share leans low.
    """
    sampled = together.rtt_min_ns >= 0
    if floor_ns is None or not sampled.any():
        return None, None, None
    busy = stands(together, floor_ns)
    stood = busy | _until_told(together, sampled, busy)
    time_ns = int(stood.sum()) * together.width_ns
    carried = carried_bytes(together)
    rate = mbps(int(carried[stood].sum()), time_ns)
    share = float(busy.sum() / tells_of_queues(together).sum())
    return share, rate, best_full_stretch(together, carried, busy, floor_ns)


def tells_of_queues(together: Together) -> Bools:
    """
    Which bins tell whether a queue stood: by a round trip, or because nothing was on its way that could queue?

    bool[bins]. Nothing is known of those before the first round trip: a capture may begin in mid-stream.
    """
    is_quiet = (together.new_bytes == 0) & (together.resent_bytes == 0) & (together.delivered_bytes == 0)
    empty = is_quiet & nothing_under_way(together)
    sampled = together.rtt_min_ns >= 0
    since = np.maximum.accumulate(sampled)
    until = np.maximum.accumulate(sampled[::-1])[::-1]
    found: Bools = sampled | (empty & since & until)
    return found


def stands(together: Together, floor_ns: int) -> Bools:
    """
    In which bins did a queue stand: even the fastest segment met it, and it had not run empty by the end?

    bool[bins]. What jitters on its way takes longer, too, but then has arrived.
    """
    met: Bools = (together.rtt_min_ns > bar_ns(floor_ns)) & (together.outstanding_bytes > 0)
    return met


def queue_of(together: Together, floor_ns: int | None, mss: int) -> float | None:
    """
    In which share of the bins did a queue stand that the receiver did not make, as far as can be seen? None without.

    A window that is full, or closed, or that has shrunk below what it was, speaks for a receiver that holds ACKs back.
    """
    if floor_ns is None or not (together.rtt_min_ns >= 0).any():
        return None
    by_receiver = together.is_unread | (together.headroom_bytes <= NEAR_WINDOW_SEGMENTS * mss)
    own = stands(together, floor_ns) & ~by_receiver
    return float(own.sum() / tells_of_queues(together).sum())


def _until_told(together: Together, sampled: Bools, busy: Bools) -> Bools:
    """
    In which bins without a round trip did what the next one tells of a queue pass?

    bool[bins]. ACKs that come in clumps tell in one bin of what was carried in those before: its bytes belong to the
    time since the last that told, but no further back than its round trip, nor than the sender had nothing on its way.
    """
    bins = np.arange(len(busy))
    told = np.where(sampled, bins, len(busy))
    after = np.minimum.accumulate(told[::-1])[::-1]  # the next bin with a round trip
    on_its_way = together.outstanding_bytes > 0
    gone = np.where(on_its_way, len(busy), bins)
    is_kept = np.minimum.accumulate(gone[::-1])[::-1] >= after  # nothing between here and there was empty
    is_near = (after - bins) * together.width_ns <= np.append(together.rtt_min_ns, -1)[after]
    found: Bools = ~sampled & is_near & is_kept & np.append(busy, False)[after]
    return found


def nothing_under_way(together: Together) -> Bools:
    """In which bins had all arrived that was sent, from their begin to their end?"""
    left = together.outstanding_bytes == 0
    found: Bools = left & np.concatenate(([False], left[:-1]))
    return found


def bar_ns(floor_ns: int) -> int:
    """Above which round trip does a queue stand?"""
    return floor_ns + max(QUEUE_LEAST_NS, int(floor_ns * QUEUE_SHARE))
