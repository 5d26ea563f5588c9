"""Round-trip times as they are found: who they belong to, and of which kind they are."""

import numpy as np

from vmpcap.measures.kernels.layout import (
    AMBIGUOUS,
    BACKWARD,
    CONTROL,
    I64,
    IDLE,
    KIND_AMBIGUOUS,
    KIND_BITS,
    KIND_CONTROL,
    KIND_IDLE,
    KIND_LOADED,
    SAMPLES,
    U64,
)
from vmpcap.readers.kernels.index import EARLIEST, LATEST
from vmpcap.terms.kernels import Bool, Int, inline_kernel


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
    """Which kind of sample is it? Only the first two kinds are ours; Wireshark's ack_rtt is the first four together."""
    if marks & AMBIGUOUS:
        return KIND_AMBIGUOUS
    if marks & CONTROL:
        return KIND_CONTROL
    return KIND_IDLE if marks & IDLE else KIND_LOADED
