"""The kernel that gives every segment the marks of Wireshark's TCP analysis."""

from typing import Any, Final

import numpy as np

from vmpcap.decode.fields.tcp import HAS_SACK, HAS_TIMESTAMPS, HAS_WINDOW_SCALE, OPTIONS_CUT
from vmpcap.decode.frames import U8, U32, Frames
from vmpcap.flows.kernels.naming import side_in_lead
from vmpcap.measures.kernels.analysis_rules import (
    CLOSING,
    judge_ack,
    judge_ahead,
    judge_pure_ack,
    judge_repetition,
    note_scale,
)
from vmpcap.measures.kernels.analysis_state import (
    ACK_LOST_SEGMENT,
    AWAITS_ECHO,
    AWAITS_VERDICT,
    BASE_KNOWN,
    DUPLICATE_ACK,
    FAST_RETRANSMISSION,
    FLIGHT_UNKNOWN,
    KEEP_ALIVE,
    KEEP_ALIVE_ACK,
    LAST_WAS_SYN,
    LOST_SEGMENT,
    OUT_OF_ORDER,
    REPORTS_UNSEEN,
    RETRANSMISSION,
    REUSED_PORTS,
    RTT_AWAITED,
    SENT_TWICE,
    SPURIOUS_RETRANSMISSION,
    STAMPS_UNSEEN,
    UNSAID,
    WINDOW_FULL,
    WINDOW_KNOWN,
    WINDOW_UPDATE,
    ZERO_WINDOW,
    ZERO_WINDOW_PROBE,
    ZERO_WINDOW_PROBE_ACK,
    Analysed,
    AnalysisState,
)
from vmpcap.measures.kernels.echoes import HELD_NS, await_echo, await_verdict, hear_echo, was_held
from vmpcap.measures.kernels.layout import I32, Records
from vmpcap.measures.kernels.order import SENT_AGAIN, is_duplicate_report, note_newest, tell_order
from vmpcap.measures.kernels.recovery import note_recovery
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.measures.kernels.unacked import await_ack, span_unacked, take_acked
from vmpcap.terms.kernels import Int, inline_kernel, kernel
from vmpcap.terms.wire import IP_TCP, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN

OLD: Final = RETRANSMISSION | OUT_OF_ORDER
MOST_FLIGHT: Final = 2_000_000_000
"""What spans more is no flight."""


@inline_kernel
def begin_sides(one: Any, other: Any, seq: Int, ack: Int, flags: Int) -> Int:
    """
    From which numbers do the two sides count? REUSED_PORTS where a SYN/ACK answers with another than before.

    Where a stream's own SYN comes (again), Wireshark forgets what it saw behind a hole.
    """
    marks = np.int64(0)
    if flags & (TCP_SYN | TCP_ACK) == TCP_SYN and one["bits"] & BASE_KNOWN:
        one["next_seq"] = one["to_be_acked"]
    if flags & (TCP_SYN | TCP_ACK) == TCP_SYN | TCP_ACK and one["bits"] & BASE_KNOWN and seq != one["base_seq"]:
        marks = np.int64(REUSED_PORTS)
        one["base_seq"] = seq
    if one["bits"] & BASE_KNOWN == 0:
        one["bits"] |= BASE_KNOWN
        one["base_seq"] = seq if flags & TCP_SYN else (seq - 1) & 0xFFFFFFFF
    if other["bits"] & BASE_KNOWN == 0 and flags & TCP_ACK:
        other["bits"] |= BASE_KNOWN
        other["base_seq"] = (ack - 1) & 0xFFFFFFFF
    return marks


@inline_kernel
def time_shake(one: Any, other: Any, timed: Any, ts: Int, flags: Int, frame: Int) -> None:
    """How long after the last SYN did the first ACK of either side come?"""
    if flags & (TCP_SYN | TCP_ACK) == TCP_SYN:
        timed["syn_ts"] = ts
        if timed["initial_rtt_ns"] == 0:
            one["bits"] |= RTT_AWAITED
            other["bits"] |= RTT_AWAITED
    elif flags & (TCP_SYN | TCP_ACK) == TCP_ACK and one["bits"] & RTT_AWAITED:
        timed["initial_rtt_ns"], timed["known_frame"] = ts - timed["syn_ts"], frame
        if timed["initial_rtt_ns"] != 0:
            one["bits"] &= ~np.uint16(RTT_AWAITED)
            other["bits"] &= ~np.uint16(RTT_AWAITED)


@inline_kernel
def count_marks(counted: Any, marks: Int) -> None:
    """Add the marks of one segment to its side's counts."""
    counted["retransmissions"] += (marks & RETRANSMISSION) // RETRANSMISSION
    counted["fast_retransmissions"] += (marks & FAST_RETRANSMISSION) // FAST_RETRANSMISSION
    counted["spurious_retransmissions"] += (marks & SPURIOUS_RETRANSMISSION) // SPURIOUS_RETRANSMISSION
    counted["out_of_order"] += (marks & OUT_OF_ORDER) // OUT_OF_ORDER
    counted["duplicate_acks"] += (marks & DUPLICATE_ACK) // DUPLICATE_ACK
    counted["lost_segments"] += (marks & LOST_SEGMENT) // LOST_SEGMENT
    counted["acked_unseen"] += (marks & ACK_LOST_SEGMENT) // ACK_LOST_SEGMENT
    counted["zero_windows"] += (marks & ZERO_WINDOW) // ZERO_WINDOW
    counted["zero_window_probes"] += (marks & ZERO_WINDOW_PROBE) // ZERO_WINDOW_PROBE
    counted["window_fulls"] += (marks & WINDOW_FULL) // WINDOW_FULL
    counted["window_updates"] += (marks & WINDOW_UPDATE) // WINDOW_UPDATE
    counted["keep_alives"] += (marks & KEEP_ALIVE) // KEEP_ALIVE
    counted["keep_alive_acks"] += (marks & KEEP_ALIVE_ACK) // KEEP_ALIVE_ACK
    counted["zero_window_probe_acks"] += (marks & ZERO_WINDOW_PROBE_ACK) // ZERO_WINDOW_PROBE_ACK
    counted["reused_ports"] += (marks & REUSED_PORTS) // REUSED_PORTS


@inline_kernel
def note_unseen(told: Any, told_other: Any, options: Int, blocks: Int) -> None:
    """
    Which witnesses did the capture cut off with the options of this segment?

    Parameters
    ----------
    told, told_other : of its sender, and of the side whose data it acknowledges
    blocks : how many SACK blocks could be read: two tell all that RFC 2883 says of what came twice
    """
    if blocks < 2:
        told_other["unseen_bits"] |= REPORTS_UNSEEN
    if options & HAS_TIMESTAMPS == 0:
        told["unseen_bits"] |= STAMPS_UNSEEN
        told_other["unseen_bits"] |= STAMPS_UNSEEN


@inline_kernel
def advance_side(one: Any, seq: Int, end: Int, ts: Int) -> None:
    """Which number comes next from this side, and up to where was everything seen?"""
    following = np.int64(one["next_seq"])
    if following == 0 or seq_diff(end, following) > 0:
        one["next_seq"], one["next_ts"] = end, ts
    if one["to_be_acked"] == 0 or seq == np.int64(one["to_be_acked"]):
        one["to_be_acked"] = one["next_seq"]


@inline_kernel
def sacked_by(edges: U32, blocks: U8, i: Int) -> Int:
    """How many bytes do the SACK blocks of this row name?"""
    total = np.int64(0)
    for block in range(blocks[i]):
        total += (np.int64(edges[i, 2 * block + 1]) - np.int64(edges[i, 2 * block])) & 0xFFFFFFFF
    return total & 0xFFFFFFFF


@inline_kernel
def judge_numbers(one: Any, other: Any, seq: Int, ack: Int, size: Int, flags: Int, window: Int) -> Int:
    """What is said of a segment by its numbers and window, all but whether it was sent before?"""
    marks: Int = np.int64(0)
    if flags & TCP_SYN or (one["bits"] & other["bits"]) & BASE_KNOWN == 0:
        marks = begin_sides(one, other, seq, ack, flags)
    if flags & TCP_ACK:
        other["bits"] &= ~np.uint16(FLIGHT_UNKNOWN)
    marks |= judge_ahead(one, other, seq, size, flags, window)
    if size == 0 and flags & CLOSING == 0 and seq == np.int64(one["next_seq"]):
        marks |= judge_pure_ack(one, other, ack, window)
    if ack != np.int64(one["last_ack"]):
        one["dup_acks"] = 0
    if flags & TCP_ACK:
        marks |= judge_ack(other, ack)
    return marks


@inline_kernel
def flight_after(one: Any, other: Any, unacked: Records, flags: Int) -> Int:
    """How many bytes are outstanding after this segment, less what SACK says has arrived? UNSAID without an answer."""
    flight = (span_unacked(one, unacked) - np.int64(other["sacked_bytes"])) & 0xFFFFFFFF
    bytes_in_flight = flight - (1 if flags & (TCP_SYN | TCP_FIN) else 0)
    return bytes_in_flight if 0 < flight < MOST_FLIGHT and bytes_in_flight > 0 else np.int64(UNSAID)


@kernel
def analyse(
    frames: Frames, flow_id: I32, side: U8, is_copy: U8, first_frame: Int, flows: Records, state: AnalysisState,
    out: Analysed,
) -> None:  # fmt: skip
    """
    Which marks, round trip and flight does Wireshark 4.0 show for each segment?

    Parameters
    ----------
    frames : Frames[m]
    flow_id, side : int32[m], uint8[m], as flows.table names them
    is_copy : uint8[m], not 0 where the capture holds the packet already: it says nothing of its sender's order
    first_frame : frame number of row 0
    flows : FLOW[flows]
    state : carried over batches
    out : Analysed[m], all rows are written

    Notes
    -----
    With the defaults of its preferences. A packet that was captured twice counts twice, as it does there; a connection
    that is seen in two segments is one stream, as it is there.
    """
    sides, unacked, arena = state.sides, state.unacked, state.arena
    out.echoes[0] = 0
    for i in range(flow_id.shape[0]):
        out.marks[i], out.ack_rtt_ns[i], out.flight_bytes[i] = 0, UNSAID, UNSAID
        if flow_id[i] < 0 or frames.ip_protocol[i] != IP_TCP:
            continue
        flow = flows[flow_id[i]]
        lead = np.int64(flow["lead"])
        k = 2 * lead + np.int64(side_in_lead(flow, side[i]))
        one, other, timed = sides[k], sides[k ^ 1], state.timed[lead]
        ts, size = frames.ts_ns[i], np.int64(frames.payload_bytes[i])
        seq, ack = np.int64(frames.tcp_seq[i]), np.int64(frames.tcp_ack[i])
        flags, window = np.int64(frames.tcp_flags[i]), np.int64(frames.tcp_window[i])
        marks = judge_numbers(one, other, seq, ack, size, flags, window)
        end = seq + size
        if size > 0 or flags & (TCP_SYN | TCP_FIN):
            end = (end + (1 if flags & (TCP_SYN | TCP_FIN) else 0)) & 0xFFFFFFFF
            if marks & KEEP_ALIVE == 0:
                marks |= judge_repetition(one, other, seq, size, flags, ts, timed["initial_rtt_ns"])
            await_ack(one, unacked, arena, seq, end, ts)
            has_stamp = frames.tcp_options[i] & HAS_TIMESTAMPS != 0
            if seq_diff(end, one["next_seq"]) > 0:
                if has_stamp and size > 0:
                    await_echo(one, state.echoed[k], seq, frames.tcp_ts_value[i], ts)
                note_newest(one, frames.ip_id[i], frames.tcp_ts_value[i], has_stamp)
            elif marks & OLD and size > 0 and is_copy[i] == 0:
                one["bits"] |= SENT_TWICE
                order = tell_order(one, frames.ip_id[i], frames.tcp_ts_value[i], has_stamp)
                told = state.told[2 * np.int64(flow_id[i]) + np.int64(side[i])]
                note_recovery(told, one, other, unacked, order, seq, end, ts)
                if order == SENT_AGAIN and has_stamp:
                    await_verdict(one, other, state.echoed[k], seq, frames.tcp_ts_value[i])
        if one["bits"] & RTT_AWAITED or flags & TCP_SYN:
            time_shake(one, other, timed, ts, flags, first_frame + i)
        if marks & ZERO_WINDOW_PROBE == 0:
            advance_side(one, seq, end, ts)
        one["window"], one["last_ack"], one["last_ack_ts"], one["last_marks"] = window, ack, ts, marks
        waiting = other["ring_used"]
        if waiting:
            is_lone = waiting == 1 and size == 0 and flags & CLOSING == 0 and is_copy[i] == 0
            is_lone = is_lone and other["bits"] & SENT_TWICE == 0
            rtt = take_acked(other, unacked, arena, ack, ts)
            out.ack_rtt_ns[i] = rtt
            if rtt >= HELD_NS and is_lone and was_held(rtt, timed["initial_rtt_ns"]):
                state.told[2 * np.int64(flow_id[i]) + np.int64(side[i])]["delayed_acks"] += 1
        if size > 0 and one["ring_used"] and one["bits"] & FLIGHT_UNKNOWN == 0:
            out.flight_bytes[i] = flight_after(one, other, unacked, flags)
        options = frames.tcp_options[i]
        if other["bits"] & (AWAITS_ECHO | AWAITS_VERDICT) and flags & TCP_ACK and options & HAS_TIMESTAMPS:
            told = state.told[2 * np.int64(flow_id[i]) + np.int64(side[i] ^ 1)]
            took = hear_echo(other, state.echoed[k ^ 1], told, ack, np.int64(frames.tcp_ts_echo[i]), ts)
            if took != UNSAID:
                at = out.echoes[0]
                out.echo_key[at], out.echo_ns[at] = 2 * np.uint64(flow_id[i]) + np.uint64(side[i] ^ 1), took
                out.echoes[0] = at + 1
        has_blocks = options & (HAS_SACK | OPTIONS_CUT)
        one["sacked_bytes"] = 0
        if has_blocks:
            one["sacked_bytes"] = sacked_by(frames.tcp_sack, frames.tcp_sack_blocks, i)
            if is_copy[i] == 0 and is_duplicate_report(frames.tcp_sack, frames.tcp_sack_blocks, i, ack):
                state.told[2 * np.int64(flow_id[i]) + np.int64(side[i] ^ 1)]["needless"] += 1
            if options & OPTIONS_CUT and flags & (TCP_SYN | TCP_RST) == 0:
                own = 2 * np.int64(flow_id[i]) + np.int64(side[i])
                note_unseen(state.told[own], state.told[own ^ 1], options, np.int64(frames.tcp_sack_blocks[i]))
        one["bits"] = (one["bits"] | WINDOW_KNOWN) & ~np.uint16(LAST_WAS_SYN)
        if flags & TCP_SYN:
            one["bits"] = (one["bits"] | LAST_WAS_SYN) & ~np.uint16(AWAITS_ECHO | AWAITS_VERDICT)
            note_scale(one, other, flags, options & HAS_WINDOW_SCALE != 0, np.int64(frames.tcp_window_scale[i]))
            if flow["first_frame"] == first_frame + i and flow["older"] >= 0 and lead == flow_id[i]:
                marks |= REUSED_PORTS
        if marks:
            out.marks[i] = marks
            count_marks(state.counted[2 * np.int64(flow_id[i]) + np.int64(side[i])], marks)
