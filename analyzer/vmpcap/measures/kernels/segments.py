"""What a packet says of its side, apart from sequence numbers: counters, flags, options, first bytes."""

from typing import Any, Final

import numpy as np

from vmpcap.decode.fields.tcp import HAS_MSS, HAS_SACK_PERMITTED, HAS_WINDOW_SCALE, OPTIONS_BAD, OPTIONS_CUT
from vmpcap.decode.frames import Frames
from vmpcap.measures.kernels.layout import (
    ACKED_SEEN,
    DATA_SEEN,
    FIN_SEEN,
    MAC_CHANGED,
    NEXT_SEEN,
    OPENING_BYTES,
    PEER_ACKED,
    PROBED,
    RST_SEEN,
    SACKS,
    SCALES,
    SHAKE_RESENT,
    SHAKEN,
    SYN_ACKS,
    SYN_SEEN,
    U8,
    UNKNOWN_SCALE,
    WINDOW_SEEN,
)
from vmpcap.measures.kernels.sequence import advance, seq_diff
from vmpcap.terms.kernels import Bool, Int, inline_kernel
from vmpcap.terms.units import NO_TIME
from vmpcap.terms.wire import TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN

ORDINARY: Final = 0
KEEP_ALIVE: Final = 1
WINDOW_PROBE: Final = 2

LARGEST_SEGMENT: Final = 9000
USUAL_SEGMENT: Final = 1460
LARGEST_SCALE: Final = 14
"""RFC 7323 2.3."""

LEAST_SYN_AGAIN_NS: Final = 900_000_000
"""
A SYN that comes again sooner is the same one seen twice: none is resent before a second (RFC 6298 section 2.1); a tenth
of it is left to clocks.
"""


@inline_kernel
def note_packet(
    one: Any, more: Any, ts: Int, frame: Int, wire_bytes: Int, payload: Int, source: Int, destination: Int, ttl: Int
) -> None:
    """Who sent how much, when, from which MAC, over how many hops?"""
    if one["packets"] == 0:
        more["first_ts"], more["first_frame"] = ts, frame
        more["first_eth_src"], more["first_eth_dst"] = source, destination
        one["last_eth_src"], one["last_ts"] = source, ts
        one["ttl_min"], one["ttl_max"] = ttl, ttl
    one["packets"] += 1
    one["wire_bytes"] += wire_bytes
    one["payload_bytes"] += payload
    one["last_frame"] = frame
    one["last_eth_dst"] = destination
    if ts != NO_TIME:
        one["last_ts"] = ts
    if one["last_eth_src"] != source:
        one["last_eth_src"] = source
        one["flags"] |= MAC_CHANGED
    if ttl < one["ttl_min"]:
        one["ttl_min"] = ttl
    elif ttl > one["ttl_max"]:
        one["ttl_max"] = ttl


@inline_kernel
def note_data(one: Any, more: Any, ts: Int, frame: Int, size: Int) -> None:
    """When did this side's data pass, and how large was its largest segment?"""
    if one["flags"] & DATA_SEEN == 0:
        one["flags"] |= DATA_SEEN
        more["first_data_ts"], more["first_data_frame"] = ts, frame
    one["last_data_ts"], one["last_data_frame"] = ts, frame
    one["max_payload"] = max(one["max_payload"], size)


@inline_kernel
def keep_bytes(into: U8, begin: Int, captured: Int, size: Int, record_at: Int, buffer: U8) -> Int:
    """How many of this segment's first payload bytes are captured? At most 16 are copied."""
    count = min(captured - begin, size, OPENING_BYTES)
    if begin < 0 or count <= 0:
        return np.int64(0)
    for j in range(count):
        into[j] = buffer[record_at + begin + j]
    return np.int64(count)


@inline_kernel
def note_syn(one: Any, more: Any, other: Any, shake: Any, frames: Frames, i: Int, frame: Int, is_answer: bool) -> None:
    """What does a SYN say of its side: first number, segment size, window scale, SACK?"""
    ts = frames.ts_ns[i]
    more["syns"] = min(np.int64(more["syns"]) + 1, 255)
    if not is_answer and other["flags"] & SYN_SEEN == 0:
        is_first = one["flags"] & SYN_SEEN == 0 or shake["syn_ts"] == NO_TIME or ts == NO_TIME
        if is_first or ts < shake["syn_ts"] or ts - shake["syn_ts"] >= LEAST_SYN_AGAIN_NS:
            shake["syn_ts"] = ts  # of copies the first counts: the round trip leans high, never low
    if one["flags"] & SYN_SEEN:
        if is_answer and one["flags"] & SHAKEN == 0:
            one["flags"] |= SHAKE_RESENT
        return
    one["flags"] |= SYN_SEEN | SYN_ACKS if is_answer else SYN_SEEN
    more["syn_ts"], more["syn_frame"] = ts, frame
    more["isn"] = frames.tcp_seq[i]
    if one["flags"] & ACKED_SEEN == 0:
        one["flags"] |= ACKED_SEEN
        one["acked_to"] = (np.int64(frames.tcp_seq[i]) + 1) & 0xFFFFFFFF
    if is_answer:
        shake["synack_ts"] = ts
        if other["flags"] & SYN_SEEN == 0:
            shake["syn_ts"] = NO_TIME  # captured out of order: no handshake can be timed
    options = np.int64(frames.tcp_options[i])
    if options & HAS_MSS:
        more["mss"] = frames.tcp_mss[i]
        other["peer_mss"] = frames.tcp_mss[i]
    if options & HAS_WINDOW_SCALE:
        one["flags"] |= SCALES
        more["window_scale"] = min(np.int64(frames.tcp_window_scale[i]), LARGEST_SCALE)
    elif options & (OPTIONS_CUT | OPTIONS_BAD):
        more["window_scale"] = UNKNOWN_SCALE
    if options & HAS_SACK_PERMITTED:
        one["flags"] |= SACKS


@inline_kernel
def note_flags(one: Any, more: Any, rare: Any, other: Any, shake: Any, frames: Frames, i: Int, frame: Int) -> None:
    """When did the connection open, when was it closed, when reset?"""
    flags = np.int64(frames.tcp_flags[i])
    ts = frames.ts_ns[i]
    if flags & TCP_SYN:
        note_syn(one, more, other, shake, frames, i, frame, flags & TCP_ACK != 0)
    elif awaits_shake(one, other) and flags & (TCP_ACK | TCP_RST) == TCP_ACK:
        other["flags"] |= SHAKEN
        shake["ack_ts"] = ts
    if flags & TCP_FIN and one["flags"] & FIN_SEEN == 0:
        one["flags"] |= FIN_SEEN
        more["fin_ts"], more["fin_frame"] = ts, frame
        more["fin_seq"] = (np.int64(frames.tcp_seq[i]) + np.int64(frames.payload_bytes[i])) & 0xFFFFFFFF
    if flags & TCP_RST and one["flags"] & RST_SEEN == 0:
        one["flags"] |= RST_SEEN
        rare["rst_ts"], rare["rst_frame"] = ts, frame


@inline_kernel
def awaits_shake(one: Any, other: Any) -> Bool:
    """Would this side's next ACK end the handshake?"""
    return bool(other["flags"] & (SYN_ACKS | SHAKEN) == SYN_ACKS and one["flags"] & SYN_SEEN != 0)


@inline_kernel
def judge_probe(one: Any, other: Any, seq: Int, size: Int, flags: Int) -> Int:
    """
    Is this a keep-alive, a zero window probe, or an ordinary segment?

    As Wireshark: a probe is one byte at the next number while the other side's window is 0; a keep-alive has no byte or
    one, one number before the next. Neither is data.
    """
    if size > 1 or one["flags"] & NEXT_SEEN == 0:
        return ORDINARY
    ahead = seq_diff(seq, one["next_seq"])
    if size == 1 and ahead == 0 and other["flags"] & WINDOW_SEEN and other["window_last"] == 0:
        return WINDOW_PROBE
    if ahead == -1 and flags & (TCP_SYN | TCP_FIN | TCP_RST) == 0:
        return KEEP_ALIVE
    return ORDINARY


@inline_kernel
def note_window(one: Any, rare: Any, window: Int, flags: Int, is_probe: bool) -> None:
    """Which window does this side offer? Unscaled; a SYN's window is never scaled and a reset's means nothing."""
    one["flags"] |= WINDOW_SEEN
    one["window_last"] = window
    if flags & (TCP_SYN | TCP_RST) == 0 and window > one["window_max"]:
        one["window_max"] = window
    if window == 0 and flags & (TCP_SYN | TCP_FIN | TCP_RST) == 0 and not is_probe:
        rare["zero_windows"] += 1


@inline_kernel
def flight_of(one: Any) -> Int:
    """
    How many bytes of this side are outstanding? -1 while no ACK was seen that reaches what was seen of it.

    A capture that begins in mid-stream first sees ACKs of what was sent before it: all that is known then is that more
    is in flight than was seen.
    """
    if one["flags"] & (NEXT_SEEN | PEER_ACKED) != NEXT_SEEN | PEER_ACKED:
        return np.int64(-1)
    return max(seq_diff(one["next_seq"], one["acked_to"]), 0)


@inline_kernel
def is_idle(one: Any, flight: Int, size: Int) -> Bool:
    """Was so little outstanding before this segment (two segments) that it met no queue of its own flow's making?"""
    largest: Int = np.int64(one["peer_mss"])
    if largest == 0:
        largest = min(np.int64(one["max_payload"]), np.int64(LARGEST_SEGMENT)) if one["max_payload"] else USUAL_SEGMENT
    return 0 <= flight <= 2 * largest and size <= 2 * largest


@inline_kernel
def note_ack(one: Any, more: Any, ack: Int) -> Int:
    """
    How many more payload bytes of this side does this ACK cover?

    Counted from the first number of this side that was seen, or from the first ACK where that came earlier. The FIN is
    no payload. Bytes that were acknowledged but not seen here count: they arrived.
    """
    if one["flags"] & ACKED_SEEN == 0:
        one["flags"] |= ACKED_SEEN | PEER_ACKED
        one["acked_to"] = ack
        return np.int64(0)
    gained = seq_diff(ack, one["acked_to"])
    if gained < 0:
        return np.int64(0)
    one["flags"] |= PEER_ACKED
    if gained == 0:
        return np.int64(0)
    if one["flags"] & FIN_SEEN and seq_diff(ack, more["fin_seq"]) > 0:
        gained = max(seq_diff(more["fin_seq"], one["acked_to"]), 0)
    one["acked_to"] = ack
    one["acked_bytes"] += gained
    if one["flags"] & PROBED and seq_diff(ack, one["next_seq"]) == 1:
        advance(one, more, ack)  # the receiver took the byte of the zero window probe
        one["unique_bytes"] += 1
    return gained
