"""What made a sender send again, and how far behind a late segment came."""

from typing import Any, Final

import numpy as np

from vmpcap.measures.kernels.analysis_rules import MANY_ACKS
from vmpcap.measures.kernels.order import CAME_LATE, SENT_AGAIN
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Int, inline_kernel

LEAST_TIMEOUT_NS: Final = 200_000_000
"""Linux waits at least so long before it sends again unasked; RFC 6298 a second. A tail probe comes sooner."""


@inline_kernel
def note_recovery(told: Any, one: Any, other: Any, order: Int, seq: Int, end: Int, ts: Int) -> None:
    """
    Was this old segment sent again by report or by timeout, was it the tail, or how late did it come?

    Notes
    -----
    Reported: the receiver's last segment before it repeats its ACK or names what it has beyond (SACK). Otherwise by
    timeout where nothing new was sent for as long as timeouts take. The tail is the newest that was sent: behind it
    nothing could be reported. The newest segment may have passed after the first one that overtook a late one: the
    time leans low, the bytes do not.
    """
    if order == CAME_LATE:
        told["came_late"] += 1
        told["late_most_bytes"] = max(np.int64(told["late_most_bytes"]), seq_diff(one["next_seq"], seq))
        told["late_most_ns"] = max(told["late_most_ns"], ts - one["next_ts"])
    elif order == SENT_AGAIN:
        told["sent_again"] += 1
        if 0 < other["dup_acks"] < MANY_ACKS or other["sacked_bytes"] > 0:
            told["resent_reported"] += 1
        elif ts - one["next_ts"] >= LEAST_TIMEOUT_NS:
            told["resent_timeout"] += 1
        if end == np.int64(one["next_seq"]):
            told["resent_tail"] += 1
