"""What made a sender send again, and how far behind a late segment came."""

from typing import Any, Final

import numpy as np

from vmpcap.measures.kernels.analysis_rules import MANY_ACKS
from vmpcap.measures.kernels.layout import Records
from vmpcap.measures.kernels.order import CAME_LATE, SENT_AGAIN
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Int, inline_kernel

LEAST_TIMEOUT_NS: Final = 200_000_000
"""Linux waits at least so long before it sends again unasked; RFC 6298 a second. A tail probe comes sooner."""


@inline_kernel
def count_overtakers(one: Any, unacked: Records, end: Int) -> tuple[Int, Int]:
    """
    How many segments from beyond this end had passed before, and when did the first of them?

    Returns (segments, ts). Those that wait for their ACK: it cannot cover them while an earlier segment is on its way.
    Each end counts once, so none that was sent again does twice. 1 at least, at the time of the newest, where none
    waits: the newest has overtaken, or nothing would be late.
    """
    used = np.int64(one["ring_used"])
    at, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << np.int64(one["ring_log2"])) - 1
    count, ts = np.int64(0), np.int64(one["next_ts"])
    while count < used:
        waiting = unacked[at + ((first + used - 1 - count) & mask)]
        if seq_diff(waiting["end"], end) <= 0:
            break
        ts = min(ts, np.int64(waiting["ts"]))
        count += 1
    return max(count, np.int64(1)), ts


@inline_kernel
def note_recovery(
    told: Any, one: Any, other: Any, unacked: Records, order: Int, seq: Int, end: Int, ts: Int
) -> None:  # fmt: skip
    """
    Was this old segment sent again by report or by timeout, was it the tail, or how late did it come?

    Notes
    -----
    Reported: the receiver's last segment before it repeats its ACK or names what it has beyond (SACK). Otherwise by
    timeout where nothing new was sent for as long as timeouts take. The tail is the newest that was sent: behind it
    nothing could be reported. The extent of RFC 4737 (4.2.2) counts all that came since the first overtaker, other late
    ones among them; here are the overtakers only, so it leans low where several were late at a time.
    """
    if order == CAME_LATE:
        told["came_late"] += 1
        told["late_most_bytes"] = max(np.int64(told["late_most_bytes"]), seq_diff(one["next_seq"], seq))
        overtakers, first_ts = count_overtakers(one, unacked, end)
        told["late_most_segments"] = max(np.int64(told["late_most_segments"]), overtakers)
        told["late_most_ns"] = max(told["late_most_ns"], ts - first_ts)
    elif order == SENT_AGAIN:
        told["sent_again"] += 1
        if 0 < other["dup_acks"] < MANY_ACKS or other["sacked_bytes"] > 0:
            told["resent_reported"] += 1
        elif ts - one["next_ts"] >= LEAST_TIMEOUT_NS:
            told["resent_timeout"] += 1
        if end == np.int64(one["next_seq"]):
            told["resent_tail"] += 1
