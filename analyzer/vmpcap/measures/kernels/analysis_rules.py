"""One question of Wireshark's TCP analysis each: probes and windows, ACKs of what was not seen, repetitions."""

from typing import Any, Final

import numpy as np

from vmpcap.measures.kernels.analysis_state import (
    ACK_LOST_SEGMENT,
    DUPLICATE_ACK,
    FAST_RETRANSMISSION,
    FLIGHT_UNKNOWN,
    KEEP_ALIVE,
    KEEP_ALIVE_ACK,
    LAST_WAS_SYN,
    LOST_SEGMENT,
    OUT_OF_ORDER,
    RETRANSMISSION,
    SCALE_KNOWN,
    SCALES,
    SPURIOUS_RETRANSMISSION,
    WINDOW_FULL,
    WINDOW_KNOWN,
    WINDOW_UPDATE,
    ZERO_WINDOW,
    ZERO_WINDOW_PROBE,
    ZERO_WINDOW_PROBE_ACK,
)
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Int, inline_kernel
from vmpcap.terms.wire import TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN

CLOSING: Final = TCP_SYN | TCP_FIN | TCP_RST
OUT_OF_ORDER_NS: Final = 3_000_000
"""How late a segment may be to be called out of order, where the stream's first round trip is not known."""
FAST_NS: Final = 20_000_000
"""How soon after the last duplicate ACK a repetition is called fast."""
MANY_ACKS: Final = 1 << 31
"""Duplicate ACKs of a side whose unseen data was acknowledged: more than can come, until the first of them does."""


@inline_kernel
def judge_ahead(one: Any, other: Any, seq: Int, size: Int, flags: Int, window: Int) -> Int:
    """What is said of a segment by where it begins: a probe, a keep-alive, behind a hole, up to the window's edge?"""
    following = np.int64(one["next_seq"])
    if size == 1 and seq == following and other["bits"] & WINDOW_KNOWN and other["window"] == 0:
        return np.int64(ZERO_WINDOW_PROBE)
    marks = np.int64(0)
    is_plain = flags & CLOSING == 0
    if window == 0 and is_plain:
        marks |= ZERO_WINDOW
    if seq != following and following != 0 and flags & TCP_RST == 0 and seq_diff(seq, following) > 0:
        marks |= LOST_SEGMENT
        one["bits"] |= FLIGHT_UNKNOWN
    if not is_plain:
        return marks
    if size <= 1 and seq == (following - 1) & 0xFFFFFFFF:
        marks |= KEEP_ALIVE
    if size > 0 and other["bits"] & (SCALE_KNOWN | WINDOW_KNOWN) == SCALE_KNOWN | WINDOW_KNOWN:
        scales = other["bits"] & SCALES and not other["bits"] & LAST_WAS_SYN
        offered = np.int64(other["window"]) << (np.int64(other["scale"]) if scales else 0)
        if (seq + size) & 0xFFFFFFFF == (np.int64(other["last_ack"]) + offered) & 0xFFFFFFFF:
            marks |= WINDOW_FULL
    return marks


@inline_kernel
def judge_pure_ack(one: Any, other: Any, ack: Int, window: Int) -> Int:
    """What is said of an empty segment at the expected number: an update, an answer to a probe, or a duplicate?"""
    repeats = ack == np.int64(one["last_ack"])
    is_same_window = one["bits"] & WINDOW_KNOWN and window == one["window"]
    if window == 0:
        is_answer = is_same_window and other["last_marks"] & ZERO_WINDOW_PROBE
        return np.int64(ZERO_WINDOW_PROBE_ACK) if is_answer and repeats else np.int64(0)
    if not repeats:
        return np.int64(0)
    if not is_same_window:
        return np.int64(WINDOW_UPDATE)
    if other["last_marks"] & KEEP_ALIVE:
        return np.int64(KEEP_ALIVE_ACK)
    one["dup_acks"] = 1 if one["dup_acks"] == MANY_ACKS else one["dup_acks"] + 1
    return np.int64(DUPLICATE_ACK)


@inline_kernel
def judge_ack(other: Any, ack: Int) -> Int:
    """Does this ACK cover what was not seen of the other side? Said once, until that side sends or is seen to go on."""
    expected = np.int64(other["to_be_acked"])
    if expected == 0 or seq_diff(ack, expected) <= 0:
        return np.int64(0)
    if seq_diff(other["next_seq"], expected) > 0:
        other["to_be_acked"] = other["next_seq"]
        return np.int64(ACK_LOST_SEGMENT)
    is_first = other["dup_acks"] == 0
    other["dup_acks"] = MANY_ACKS
    return np.int64(ACK_LOST_SEGMENT) if is_first else np.int64(0)


@inline_kernel
def judge_repetition(one: Any, other: Any, seq: Int, size: Int, flags: Int, ts: Int, initial_rtt_ns: Int) -> Int:
    """
    Was this segment, or a part of it, sent before; and did it look needless, asked for, or merely late?

    Where the clock ran back during the handshake its round trip is below 0: to Wireshark, which compares without a
    sign, nothing comes later than that.
    """
    following = np.int64(one["next_seq"])
    is_old = following != 0 and seq_diff(seq, following) < 0
    if size > 1 and seq == (following - 1) & 0xFFFFFFFF:
        is_old = False
    right = (seq + size) & 0xFFFFFFFF
    if size > 0 and other["last_ack"] != 0 and seq_diff(right, other["last_ack"]) <= 0:
        return np.int64(SPURIOUS_RETRANSMISSION | RETRANSMISSION)
    if not is_old:
        return np.int64(0)
    if other["dup_acks"] >= 2 and np.int64(other["last_ack"]) == seq and 0 <= ts - other["last_ack_ts"] < FAST_NS:
        return np.int64(FAST_RETRANSMISSION | RETRANSMISSION)
    end = (right + (1 if flags & (TCP_SYN | TCP_FIN) else 0)) & 0xFFFFFFFF
    late_ns = OUT_OF_ORDER_NS if initial_rtt_ns == 0 else initial_rtt_ns
    since = ts - np.int64(one["next_ts"])
    is_soon = 0 <= since < late_ns if late_ns > 0 else since >= 0 or since < late_ns
    if is_soon and following != end:
        return np.int64(OUT_OF_ORDER)
    return np.int64(RETRANSMISSION)


@inline_kernel
def note_scale(one: Any, other: Any, flags: Int, has_scale: bool, scale: Int) -> None:
    """
    Which window scale does a SYN agree on?

    Where one of the two has none, neither side scales (RFC 7323 2.2): one in view is enough to know it. As in
    Wireshark, a SYN that is sent again without the option takes nothing back.
    """
    if has_scale:
        one["bits"] |= SCALE_KNOWN | SCALES
        one["scale"] = min(scale, 14)
        if flags & TCP_ACK and other["bits"] & (SCALE_KNOWN | SCALES) == SCALE_KNOWN:
            one["bits"] &= ~np.uint16(SCALES)
    elif one["bits"] & SCALE_KNOWN == 0:
        one["bits"] = (one["bits"] | SCALE_KNOWN) & ~np.uint16(SCALES)
        other["bits"] = (other["bits"] | SCALE_KNOWN) & ~np.uint16(SCALES)
