"""The kernel that follows every flow: one pass over a batch, asking each segment the questions of the other files."""

from typing import Any

import numpy as np

from vmpcap.decode.duplicates import COPY, MIRRORED
from vmpcap.decode.fields.tcp import HAS_TIMESTAMPS
from vmpcap.decode.frames import Frames
from vmpcap.flows.kernels.naming import BY_FIRST_BYTES
from vmpcap.measures.kernels.bins import note_pause
from vmpcap.measures.kernels.layout import (
    AMBIGUOUS,
    CONTROL,
    I32,
    I64,
    IDLE,
    LEAST_PAUSE_NS,
    OPENED,
    PROBED,
    STREAMS_USED,
    SYN_SEEN,
    U8,
    Records,
    State,
)
from vmpcap.measures.kernels.loops import follow_stamps, stamps_matter
from vmpcap.measures.kernels.outstanding import add_outstanding, append_outstanding, mark_ambiguous, match_ack
from vmpcap.measures.kernels.samples import take_sample
from vmpcap.measures.kernels.segments import (
    KEEP_ALIVE,
    ORDINARY,
    WINDOW_PROBE,
    awaits_shake,
    flight_of,
    is_idle,
    judge_probe,
    keep_bytes,
    note_ack,
    note_data,
    note_flags,
    note_packet,
    note_window,
)
from vmpcap.measures.kernels.sequence import place_expected, place_segment, seq_diff
from vmpcap.measures.kernels.series import add_answer, add_data, take_slot
from vmpcap.terms.kernels import Bool, Int, inline_kernel, kernel, pasted_kernel
from vmpcap.terms.units import NO_TIME
from vmpcap.terms.wire import IP_TCP, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN


@inline_kernel
def place_unusual(
    one: Any, more: Any, rare: Any, entries: Records, holes: Records, hole_arena: I32, seq: Int, size: Int, flags: Int,
    judged: Int,
) -> tuple[Int, Int, Int]:  # fmt: skip
    """
    What does a segment that is not simply the next one do to its side?

    Returns its new bytes, its resent bytes, and the marks of its round-trip time: what was sent before or fills a hole
    gives none that is certain, for the ACK may answer the first copy or have waited for the hole.
    """
    if judged == WINDOW_PROBE:
        one["flags"] |= PROBED
    if judged != ORDINARY:
        return np.int64(0), np.int64(0), np.int64(CONTROL)
    has_syn, has_fin = flags & TCP_SYN != 0, flags & TCP_FIN != 0
    new, resent, filled = place_segment(one, more, rare, holes, hole_arena, seq, size, has_syn, has_fin)
    if resent > 0:
        rare["retransmissions"] += 1
        rare["retransmitted_bytes"] += resent
    elif filled > 0:
        rare["out_of_order"] += 1
    marks = np.int64(CONTROL) if size == 0 or has_syn else np.int64(0)
    if resent > 0 or filled > 0:
        marks |= AMBIGUOUS
        mark_ambiguous(one, entries, seq, (seq + size) & 0xFFFFFFFF)
    return new + filled, resent, marks


@inline_kernel
def opens_as_migration(opening: U8, count: Int, magics: U8) -> Bool:
    """Are these the first bytes of nothing but a migration, as far as so many of them are there?"""
    for row in range(magics.shape[0]):
        size = np.int64(magics[row, 0])
        same = np.int64(0)
        while same < min(size, count) and opening[same] == magics[row, same + 1]:
            same += 1
        if same == size:
            return True
    return False


@inline_kernel
def begin_data(
    one: Any, more: Any, flow: Any, k: Int, i: Int, frames: Frames, buffer: U8, at: Int, captured: Int, state: State,
) -> None:  # fmt: skip
    """
    What is kept of the first data of a side: the bytes that its stream begins with, and a slot.

    The bytes may tell a migration on ports that do not.
    """
    if one["flags"] & SYN_SEEN == 0 or seq_diff(frames.tcp_seq[i], more["isn"]) == 1:
        one["flags"] |= OPENED
        more["opening_bytes"] = keep_bytes(
            state.openings[k], frames.payload_at[i], captured, frames.payload_bytes[i], at, buffer
        )
        if flow["nominated"] == 0 and opens_as_migration(state.openings[k], more["opening_bytes"], state.magics):
            flow["nominated"] = BY_FIRST_BYTES
    if one["slot"] == 0 and flow["nominated"] != 0:
        seq = np.int64(frames.tcp_seq[i])
        take_slot(one, k, seq, frames.ts_ns[i], state.streams, state.bins, state.bin_arena, state.counts)


@pasted_kernel
def end_pause(one: Any, more: Any, streams: Records, pauses: Records, ts: Int, frame: Int) -> None:
    """Has this side's stream, which sends data again, sent none for long?"""
    slot = np.int64(one["slot"]) - 1
    if slot >= 0 and ts - one["last_data_ts"] >= LEAST_PAUSE_NS and more["first_data_frame"]:
        note_pause(streams[slot], pauses, slot, one["last_data_ts"], one["last_data_frame"], ts, frame)


@pasted_kernel
def await_answer(one: Any, rare: Any, entries: Records, arena: I32, end: Int, ts: Int, marks: Int) -> None:
    """This segment is outstanding from here on; is that more than ever before?"""
    if not append_outstanding(one, entries, end, ts, marks) and not add_outstanding(
        one, entries, arena, end, ts, marks
    ):
        rare["rtt_left_out"] += 1
    one["max_flight"] = max(one["max_flight"], flight_of(one))


@pasted_kernel
def take_answer(
    one: Any, other: Any, more: Any, k: Int, ts: Int, frame: Int, ack: Int, flags: Int, window: Int, state: State
) -> tuple[Int, bool]:
    """
    What does this packet answer of the other side, whose number is k?

    Returns when the data was sent that it acknowledges, NO_TIME where it acknowledges none, and whether the round trip
    is certain.
    """
    gained: Int = np.int64(0)
    if flags & (TCP_ACK | TCP_RST) == TCP_ACK:
        gained = note_ack(other, more, ack)
    data_ts: Int = np.int64(NO_TIME)
    clean, found = False, False
    if other["ring_used"]:
        data_ts, marks, found = match_ack(other, state.entries, state.entry_arena, ack)
        if found:
            clean = bool(
                take_sample(other, more, state.sample_key, state.sample_ns, state.counts, k, marks, data_ts, ts)
            )
    if other["slot"] > 0 and (gained > 0 or found or other["unique_bytes"] > one["unique_bytes"]):
        rtt_ns = ts - data_ts if clean else np.int64(-1)
        add_answer(
            state.streams[np.int64(other["slot"]) - 1], state.bins, state.bin_arena, ts, frame, gained, rtt_ns, window,
            flags & (TCP_SYN | TCP_RST) == 0,
        )  # fmt: skip
    return data_ts, clean


@inline_kernel
def keep_closings(
    frames: Frames, buffer: U8, record_at: I64, captured_bytes: I32, streams: Records, used: Int, closings: U8
) -> None:
    """With which bytes did the segment begin that reached furthest in each stream, as far as this batch goes?"""
    for slot in range(used):
        stream = streams[slot]
        row = np.int64(stream["closing_row"])
        if row >= 0:
            stream["closing_bytes"] = keep_bytes(
                closings[slot], frames.payload_at[row], captured_bytes[row], frames.payload_bytes[row],
                record_at[row], buffer,
            )  # fmt: skip
            stream["closing_row"] = -1


@kernel
def follow(
    frames: Frames, flow_id: I32, side: U8, is_copy: U8, first_frame: Int, buffer: U8, record_at: I64,
    captured_bytes: I32, flows: Records, state: State,
) -> None:  # fmt: skip
    """
    What does each packet add to what is known of its flow?

    Parameters
    ----------
    frames : Frames[m]
    flow_id, side : int32[m], uint8[m], as flows.table names them
    is_copy : uint8[m], COPY where the capture holds the same packet already: counted, otherwise left out; MIRRORED
        where it holds it in another segment: counted, and part of this flow
    first_frame : frame number of row 0
    buffer, record_at, captured_bytes : uint8[n], int64[m], int32[m], the batch's bytes, where each record begins and
        how long it is there: a packet that was put together is not as long as its frame
    flows : FLOW[flows]
        `nominated` is written where the first bytes tell a migration that its ports do not.
    state : carried over batches; the sample arrays must hold four samples a row
    """
    sides, mores, streams, bins, bin_arena = state.sides, state.more, state.streams, state.bins, state.bin_arena
    entries, entry_arena, keys, durations, counts = (
        state.entries, state.entry_arena, state.sample_key, state.sample_ns, state.counts,
    )  # fmt: skip
    new: Int
    resent: Int
    marks: Int
    for i in range(flow_id.shape[0]):
        if flow_id[i] < 0:
            continue
        k = 2 * np.int64(flow_id[i]) + np.int64(side[i])
        one, more, rare, other = sides[k], mores[k], state.rare[k], sides[k ^ 1]
        if is_copy[i] == COPY:
            rare["duplicates"] += 1
            one["ttl_min"] = min(one["ttl_min"], frames.ip_ttl[i])
            continue
        if is_copy[i] == MIRRORED:
            rare["mirrored"] += 1
        ts, frame, size = frames.ts_ns[i], first_frame + i, np.int64(frames.payload_bytes[i])
        before = np.int64(one["last_ts"])
        note_packet(
            one, more, ts, frame, frames.wire_bytes[i], size, frames.eth_src[i], frames.eth_dst[i], frames.ip_ttl[i]
        )
        if frames.ip_protocol[i] != IP_TCP:
            if size > 0:
                note_data(one, more, ts, frame, size)
            continue
        flags, window = np.int64(frames.tcp_flags[i]), np.int64(frames.tcp_window[i])
        seq, ack = np.int64(frames.tcp_seq[i]), np.int64(frames.tcp_ack[i])
        if flags & (TCP_SYN | TCP_FIN | TCP_RST) or awaits_shake(one, other):
            note_flags(one, more, rare, other, state.shakes[k >> 1], frames, i, frame)
        judged = judge_probe(one, other, seq, size, flags)
        note_window(one, rare, window, flags, judged == WINDOW_PROBE)
        if judged == KEEP_ALIVE:
            rare["keep_alives"] += 1
        if size > 0 or flags & (TCP_SYN | TCP_FIN):
            is_data = size > 0 and judged == ORDINARY
            flight = flight_of(one)
            if is_data:
                if one["flags"] & OPENED == 0:
                    begin_data(
                        one, more, flows[k >> 1], k, i, frames, buffer, record_at[i], captured_bytes[i], state,
                    )  # fmt: skip
                end_pause(one, more, streams, state.pauses, ts, frame)
                note_data(one, more, ts, frame, size)
            if is_data and flags & (TCP_SYN | TCP_FIN) == 0 and place_expected(one, more, seq, size):
                new, resent, marks = size, np.int64(0), np.int64(0)
            else:
                new, resent, marks = place_unusual(
                    one, more, rare, entries, state.holes, state.hole_arena, seq, size, flags, judged
                )
            if is_idle(one, flight, size):
                marks |= IDLE
            end = (seq + size + (1 if flags & (TCP_SYN | TCP_FIN) else 0)) & 0xFFFFFFFF
            await_answer(one, rare, entries, entry_arena, end, ts, marks)
            if is_data and one["slot"] > 0:
                stream = streams[np.int64(one["slot"]) - 1]
                add_data(one, stream, bins, bin_arena, ts, frame, new, resent)
                if new > 0 and 0 <= seq_diff(one["next_seq"], (seq + size) & 0xFFFFFFFF) <= 1:
                    stream["closing_row"] = i
        elif flags & TCP_RST == 0 and judged == ORDINARY and seq != np.int64(one["next_seq"]):
            place_segment(one, more, rare, state.holes, state.hole_arena, seq, np.int64(0), False, False)
        data_ts, clean = take_answer(one, other, mores[k ^ 1], k ^ 1, ts, frame, ack, flags, window, state)
        if (one["slot"] > 0 or other["slot"] > 0) and np.int64(frames.tcp_options[i]) & HAS_TIMESTAMPS:
            value, echoed = np.int64(frames.tcp_ts_value[i]), np.int64(frames.tcp_ts_echo[i])
            if stamps_matter(one, other, streams, value, echoed):
                follow_stamps(
                    one, other, streams, state.echoes, keys, durations, counts, k, ts, value, echoed,
                    flags & TCP_ACK != 0, data_ts, clean, before,
                )  # fmt: skip
    keep_closings(frames, buffer, record_at, captured_bytes, streams, counts[STREAMS_USED], state.closings)
