"""Round-trip times as they are found: who they belong to, and of which kind they are."""

from typing import Any, Final

import numpy as np

from vmpcap.measures.kernels.layout import (
    AMBIGUOUS,
    BACKWARD,
    CONTROL,
    I64,
    IDLE,
    IDLE_ALONE,
    IDLE_IN_CLUMP,
    IDLE_NONE,
    KIND_AMBIGUOUS,
    KIND_BITS,
    KIND_CONTROL,
    KIND_IDLE,
    KIND_ONCE,
    SAMPLES,
    U64,
)
from vmpcap.readers.kernels.index import EARLIEST, LATEST
from vmpcap.terms.kernels import Bool, Int, inline_kernel, pasted_kernel

CLOSER: Final = 2
"""ACKs that lie so many times closer than their segments were held back, or gathered, on the way."""

LITTLE: Final = 8
"""A wait of one part in so many of a round trip leaves it what it is."""


@inline_kernel
def add_sample(keys: U64, durations: I64, counts: I64, k: Int, kind: Int, from_ts: Int, to_ts: Int) -> Bool:
    """
    Could this round-trip time be kept?

    Where a time is missing or was clipped, or the clock stepped back, there is none; that is counted.
    """
    if from_ts <= EARLIEST or to_ts >= LATEST or to_ts < from_ts:
        counts[BACKWARD] += 1
        return False
    n = counts[SAMPLES]
    keys[n] = np.uint64((k << KIND_BITS) | kind)
    durations[n] = to_ts - from_ts
    counts[SAMPLES] = n + 1
    return True


@inline_kernel
def sample_kind(marks: Int) -> Int:
    """Which kind of sample is it? Only the first is ours; Wireshark's ack_rtt is all three together."""
    if marks & AMBIGUOUS:
        return KIND_AMBIGUOUS
    if marks & CONTROL:
        return KIND_CONTROL
    return np.int64(KIND_ONCE)


@inline_kernel
def settle_idle(
    one: Any, more: Any, keys: U64, durations: I64, counts: I64, k: Int, marks: Int, from_ts: Int, to_ts: Int
) -> None:
    """
    Does this round trip tell of the last one of the idle path whether its ACK had been held back?

    ACKs of several segments that come at once, or much closer than the segments went, are one stretched ACK: what the
    first of them waited for is not the path's. It is known only to be no longer than until the next clump. Where that
    is little beside it (receivers and cards gather ACKs for some microseconds), or nothing came on its heels, it stays.

    Notes
    -----
    Only data that went before the ACK was there is compared; where the flow has nothing more on its way the end of the
    clump is not in view, and its sample is none of the idle path. Too few are told of it, not too many.
    """
    state = np.int64(one["idle_state"])
    if state != IDLE_NONE:
        is_idle = state == IDLE_ALONE
        if from_ts < more["idle_ts"]:
            gap = to_ts - np.int64(more["clump_ts"])
            if CLOSER * gap <= from_ts - np.int64(more["clump_data_ts"]):
                one["idle_state"] = IDLE_IN_CLUMP
                more["clump_ts"], more["clump_data_ts"] = to_ts, from_ts
                return
            is_idle = is_idle or LITTLE * gap <= more["idle_ns"]
        one["idle_state"] = IDLE_NONE
        if is_idle:
            add_sample(keys, durations, counts, k, KIND_IDLE, more["idle_ts"] - more["idle_ns"], more["idle_ts"])
    if marks & (AMBIGUOUS | CONTROL | IDLE) == IDLE:
        one["idle_state"] = IDLE_ALONE
        more["idle_ts"], more["idle_ns"] = to_ts, to_ts - from_ts
        more["clump_ts"], more["clump_data_ts"] = to_ts, from_ts


@pasted_kernel
def take_sample(
    one: Any, more: Any, keys: U64, durations: I64, counts: I64, k: Int, marks: Int, from_ts: Int, to_ts: Int
) -> Bool:
    """Keep the round trip of a segment that an ACK ended with: does it say something certain?"""
    kind = sample_kind(marks)
    if not add_sample(keys, durations, counts, k, kind, from_ts, to_ts):
        return False
    if marks & IDLE or one["idle_state"] != IDLE_NONE:
        settle_idle(one, more, keys, durations, counts, k, marks, from_ts, to_ts)
    return bool(kind == KIND_ONCE)
