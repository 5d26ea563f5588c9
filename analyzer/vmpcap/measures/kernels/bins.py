"""The series of one side of a stream: bins that widen when there are too many of them, and its pauses."""

from typing import Any

import numpy as np

from vmpcap.measures.kernels.arena import give_block, take_block
from vmpcap.measures.kernels.layout import (
    BIN_NS,
    I32,
    LEAST_BINS_LOG2,
    LEAST_PAUSE_NS,
    MOST_BINS_LOG2,
    MOST_PAUSES,
    MOST_SPAN_NS,
    NEVER,
    Records,
)
from vmpcap.terms.kernels import Bool, Int, inline_kernel
from vmpcap.terms.units import NO_TIME


@inline_kernel
def clear_bin(one: Any) -> None:
    """A bin in which nothing has happened."""
    one["new_bytes"] = 0
    one["acked_bytes"] = 0
    one["resent_bytes"] = 0
    one["segments"] = 0
    one["rtt_min_ns"] = -1
    one["rtt_max_ns"] = -1
    one["window_min"] = -1
    one["flight_max"] = -1
    one["first_frame"] = 0
    one["last_frame"] = 0
    one["sent_first_ts"] = NEVER
    one["sent_last_ts"] = NO_TIME
    one["acked_first_ts"] = NEVER
    one["acked_first_bytes"] = 0
    one["acked_last_ts"] = NO_TIME


@inline_kernel
def least_known(a: Int, b: Int) -> Int:
    """The smaller of two values of which -1 is none."""
    if a < 0:
        return b
    return a if b < 0 else min(a, b)


@inline_kernel
def least_frame(a: Int, b: Int) -> Int:
    """The smaller of two frame numbers of which 0 is none."""
    if a == 0:
        return b
    return a if b == 0 else min(a, b)


@inline_kernel
def fold_bin(into: Any, one: Any, other: Any) -> None:
    """What happened in two neighbouring bins?"""
    into["new_bytes"] = one["new_bytes"] + other["new_bytes"]
    into["acked_bytes"] = one["acked_bytes"] + other["acked_bytes"]
    into["resent_bytes"] = one["resent_bytes"] + other["resent_bytes"]
    into["segments"] = one["segments"] + other["segments"]
    into["rtt_min_ns"] = least_known(one["rtt_min_ns"], other["rtt_min_ns"])
    into["rtt_max_ns"] = max(one["rtt_max_ns"], other["rtt_max_ns"])
    into["window_min"] = least_known(one["window_min"], other["window_min"])
    into["flight_max"] = max(one["flight_max"], other["flight_max"])
    into["first_frame"] = least_frame(one["first_frame"], other["first_frame"])
    into["last_frame"] = max(one["last_frame"], other["last_frame"])
    into["sent_first_ts"] = min(one["sent_first_ts"], other["sent_first_ts"])
    into["sent_last_ts"] = max(one["sent_last_ts"], other["sent_last_ts"])
    sooner = one if one["acked_first_ts"] <= other["acked_first_ts"] else other
    first_ts, first_bytes = sooner["acked_first_ts"], sooner["acked_first_bytes"]
    into["acked_first_ts"], into["acked_first_bytes"] = first_ts, first_bytes
    into["acked_last_ts"] = max(one["acked_last_ts"], other["acked_last_ts"])


@inline_kernel
def widen(stream: Any, bins: Records) -> None:
    """Put every two bins into one of twice the width."""
    at, used = np.int64(stream["bins_at"]), np.int64(stream["bins_used"])
    half = used >> 1
    for i in range(half):
        fold_bin(bins[at + i], bins[at + 2 * i], bins[at + 2 * i + 1])
    for i in range(half, used):
        clear_bin(bins[at + i])
    stream["width_ns"] *= 2
    stream["cursor"] = 0
    stream["cursor_ns"] = stream["start_ns"]


@inline_kernel
def grow_bins(stream: Any, bins: Records, arena: I32) -> Bool:
    """Are there twice as many bins now? No where there are enough already, or the arena is used up."""
    log2, old = np.int64(stream["bins_log2"]), np.int64(stream["bins_at"])
    if log2 >= MOST_BINS_LOG2:
        return False
    at = take_block(arena, log2 + 1)
    if at < 0:
        return False
    used = np.int64(stream["bins_used"])
    for i in range(used):
        source = bins[old + i]
        fold_bin(bins[at + i], source, source)
        into = bins[at + i]
        into["new_bytes"], into["acked_bytes"] = source["new_bytes"], source["acked_bytes"]
        into["resent_bytes"], into["segments"] = source["resent_bytes"], source["segments"]
    for i in range(used, 2 << log2):
        clear_bin(bins[at + i])
    give_block(arena, old, log2)
    stream["bins_at"], stream["bins_log2"], stream["bins_used"] = at, log2 + 1, 2 << log2
    return True


@inline_kernel
def start_series(stream: Any, bins: Records, arena: I32, ts: Int) -> Bool:
    """Can this stream have a series? It begins at the whole bin before ts."""
    at = take_block(arena, LEAST_BINS_LOG2)
    if at < 0:
        return False
    for i in range(1 << LEAST_BINS_LOG2):
        clear_bin(bins[at + i])
    stream["bins_at"], stream["bins_log2"], stream["bins_used"] = at, LEAST_BINS_LOG2, 1 << LEAST_BINS_LOG2
    stream["start_ns"] = ts - ts % BIN_NS if ts != NO_TIME else 0
    stream["width_ns"] = BIN_NS
    stream["cursor"] = 0
    stream["cursor_ns"] = stream["start_ns"]
    stream["least_pause_ns"] = LEAST_PAUSE_NS
    stream["closing_row"] = -1
    stream["loop_least_ns"] = MOST_SPAN_NS
    return True


@inline_kernel
def find_bin(stream: Any, bins: Records, arena: I32, ts: Int) -> Int:
    """
    In which bin is a time that is not in the bin of the last one?

    Times before the start, where a clock stepped back, count in the first bin. The series grows, or gets wider bins.
    """
    since = ts - np.int64(stream["start_ns"])
    if ts == NO_TIME or since > MOST_SPAN_NS:
        stream["untimed"] += 1
        return np.int64(-1)
    index = max(since, 0) // np.int64(stream["width_ns"])
    while index >= stream["bins_used"]:
        if not grow_bins(stream, bins, arena):
            widen(stream, bins)
            index = since // np.int64(stream["width_ns"])
    stream["cursor"] = index
    stream["cursor_ns"] = np.int64(stream["start_ns"]) + index * np.int64(stream["width_ns"])
    return np.int64(stream["bins_at"]) + index


@inline_kernel
def bin_at(stream: Any, bins: Records, arena: I32, ts: Int) -> Int:
    """In which bin is this time? An index into bins, -1 for times that belong to no series."""
    since = ts - np.int64(stream["cursor_ns"])
    if 0 <= since < stream["width_ns"]:
        return np.int64(stream["bins_at"]) + np.int64(stream["cursor"])
    return find_bin(stream, bins, arena, ts)


@inline_kernel
def note_pause(stream: Any, pauses: Records, slot: Int, from_ts: Int, from_frame: Int, ts: Int, frame: Int) -> None:
    """
    Was this stretch without data long enough to be kept?

    Where there are too many, the bar is doubled and the shorter ones go, counted: the longest always stay.
    """
    if from_ts == NO_TIME or ts == NO_TIME:
        return
    while True:
        if ts - from_ts < stream["least_pause_ns"]:
            if ts - from_ts >= LEAST_PAUSE_NS:
                stream["pauses_left_out"] += 1
            return
        used = np.int64(stream["pauses_used"])
        if used < MOST_PAUSES:
            one = pauses[slot, used]
            one["from_ts"], one["from_frame"], one["to_ts"], one["to_frame"] = from_ts, from_frame, ts, frame
            stream["pauses_used"] = used + 1
            return
        stream["least_pause_ns"] *= 2
        kept = np.int64(0)
        for i in range(used):
            one, into = pauses[slot, i], pauses[slot, kept]
            if one["to_ts"] - one["from_ts"] >= stream["least_pause_ns"]:
                into["from_ts"], into["from_frame"] = one["from_ts"], one["from_frame"]
                into["to_ts"], into["to_frame"] = one["to_ts"], one["to_frame"]
                kept += 1
        stream["pauses_left_out"] += used - kept
        stream["pauses_used"] = kept
