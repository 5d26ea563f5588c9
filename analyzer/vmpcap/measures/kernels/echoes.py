"""What echoed time stamps prove: a round trip, and that something was sent again in vain. And ACKs that were held."""

from typing import Any, Final

import numpy as np

from vmpcap.measures.kernels.analysis_state import AWAITS_ECHO, AWAITS_VERDICT, STAMPS, U16, UNSAID
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.readers.kernels.index import EARLIEST, LATEST
from vmpcap.terms.kernels import Bool, Int, inline_kernel

HELD_NS: Final = 30_000_000
"""An ACK that comes this much later than the handshake's was held back: Linux holds for 40 ms or more."""
MOST_HELD_NS: Final = 520_000_000
"""None may be held for longer than half a second (RFC 1122 4.2.3.2); and a little for the way."""


@inline_kernel
def await_echo(one: Any, echo: Any, seq: Int, stamp: Int, ts: Int) -> None:
    """Let this new data be timed by its time stamp, if it is the first with it and nothing else is being timed."""
    if one["bits"] & AWAITS_ECHO or (one["bits"] & STAMPS and seq_diff(stamp, one["newest_stamp"]) <= 0):
        return
    one["bits"] |= AWAITS_ECHO
    echo["stamp"], echo["seq"], echo["stamp_ts"] = stamp, seq, ts


@inline_kernel
def await_verdict(one: Any, other: Any, echo: Any, seq: Int, stamp: Int) -> None:
    """
    Was the receiver waiting for this segment that was sent again? Then its next ACK tells whether the first had come.

    Of several sent again the first is followed, as the Eifel algorithm does (RFC 3522 3.2); and only one that stands at
    the edge of what was acknowledged, for behind a gap the receiver does not echo what it gets.
    """
    if one["bits"] & AWAITS_VERDICT == 0 and seq == other["last_ack"]:
        one["bits"] |= AWAITS_VERDICT
        echo["again_stamp"], echo["again_seq"] = stamp, seq


@inline_kernel
def hear_echo(sender: Any, echo: Any, told: Any, ack: Int, echoed: Int, ts: Int) -> Int:
    """
    What does this ACK prove by the time stamp that it echoes?

    Returns how long the data took that was timed; UNSAID where this ends no round trip.

    Parameters
    ----------
    sender, echo, told : of the side that sent what is acknowledged

    Notes
    -----
    A round trip ends with the exact echo of its time stamp, so that no repetition can be mistaken; an ACK that was held
    echoes the oldest segment it answers (RFC 7323 4.3), hence the way leans long. What was sent again was so in vain if
    the receiver echoes an older time stamp: it had the first one. Where both left within one tick, nothing is proven.
    """
    took: Int = np.int64(UNSAID)
    if sender["bits"] & AWAITS_ECHO and seq_diff(ack, echo["seq"]) > 0:
        sender["bits"] &= ~U16(AWAITS_ECHO)
        if echoed == echo["stamp"] and EARLIEST < echo["stamp_ts"] <= ts < LATEST:
            took = ts - echo["stamp_ts"]
            if told["rtt_ts_samples"] == 0 or took < told["rtt_ts_least_ns"]:
                told["rtt_ts_least_ns"] = took
            told["rtt_ts_samples"] += 1
    if sender["bits"] & AWAITS_VERDICT and seq_diff(ack, echo["again_seq"]) > 0:
        sender["bits"] &= ~U16(AWAITS_VERDICT)
        if seq_diff(echoed, echo["again_stamp"]) < 0:
            told["needless_eifel"] += 1
    return took


@inline_kernel
def was_held(rtt_ns: Int, initial_rtt_ns: Int) -> Bool:
    """
    Did the ACK of a lone segment come so much later than a whole handshake as ACKs do that were held back?

    A queue that grew by as much in between, or a receiver that was stopped, looks the same.
    """
    return initial_rtt_ns > 0 and HELD_NS <= rtt_ns - initial_rtt_ns <= MOST_HELD_NS
