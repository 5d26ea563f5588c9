"""The kernel that follows every flow: one pass over a batch, asking each segment the questions of the other files."""

from typing import Any

import numpy as np

from vmpcap.measures.kernels.layout import HAS_TIMESTAMPS
from vmpcap.decode.frames import Frames
from vmpcap.measures.kernels.bins import bin_at, least_known, note_pause, start_series
from vmpcap.measures.kernels.layout import (
    ACKED_SEEN,
    AMBIGUOUS,
    BACKWARD,
    CONTROL,
    I32,
    I64,
    IDLE,
    KIND_AMBIGUOUS,
    KIND_BITS,
    KIND_CONTROL,
    KIND_IDLE,
    KIND_LOADED,
    KIND_LOOP,
    KIND_NEAR,
    OPENED,
    PROBED,
    SAMPLES,
    STREAMS_LEFT_OUT,
    STREAMS_USED,
    SYN_SEEN,
    U8,
    U64,
    I32,
    Records,
    State,
)
from vmpcap.measures.kernels.loops import await_echo, match_echo
from vmpcap.measures.kernels.outstanding import add_outstanding, mark_ambiguous, match_ack
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
from vmpcap.measures.kernels.sequence import place_segment, seq_diff
from vmpcap.terms.kernels import inline_kernel, kernel
from vmpcap.terms.units import NO_TIME
from vmpcap.terms.wire import IP_TCP, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN


@inline_kernel
def take_slot(one: Any, k: int, ts: int, streams: Records, bins: Records, arena: I32, counts: I64) -> None:
    """
    Which stream slot does this side of a nominated flow get?

    A side's slot is its stream's index plus one: 0 none yet, -1 that all were taken (counted).
    """
    slot = counts[STREAMS_USED]
    if slot < streams.shape[0] and start_series(streams[slot], bins, arena, ts):
        counts[STREAMS_USED] += 1
        streams[slot]["side"] = k
        one["slot"] = slot + 1
        return
    counts[STREAMS_LEFT_OUT] += 1
    one["slot"] = -1


@inline_kernel
def add_sample(keys: U64, durations: I64, counts: I64, k: int, kind: int, from_ts: int, to_ts: int) -> None:
    """Keep one round-trip time. Where a time is missing, or the clock stepped back, there is none; that is counted."""
    if from_ts == NO_TIME or to_ts < from_ts:
        counts[BACKWARD] += 1
        return
    n = counts[SAMPLES]
    keys[n] = np.uint64((k << KIND_BITS) | kind)
    durations[n] = to_ts - from_ts
    counts[SAMPLES] = n + 1


@inline_kernel
def sample_kind(marks: int) -> int:
    """Which kind of sample is it? Only the first two kinds are ours; Wireshark's ack_rtt is the first four together."""
    if marks & AMBIGUOUS:
        return KIND_AMBIGUOUS
    if marks & CONTROL:
        return KIND_CONTROL
    return KIND_IDLE if marks & IDLE else KIND_LOADED


@inline_kernel
def add_to_series(one: Any, stream: Any, bins: Records, arena: I32, ts: int, new: int, resent: int) -> None:
    """What does this data segment add to its side's series?"""
    at = bin_at(stream, bins, arena, ts)
    if at < 0:
        return
    now = bins[at]
    now["new_bytes"] += new
    now["resent_bytes"] += resent
    now["segments"] += 1
    now["flight_max"] = max(now["flight_max"], flight_of(one))


@inline_kernel
def add_ack_to_series(
    stream: Any, bins: Records, arena: I32, ts: int, gained: int, rtt_ns: int, window: int, is_syn: bool
) -> None:
    """What does the other side's segment add to this side's series? rtt_ns is -1 without a sample."""
    at = bin_at(stream, bins, arena, ts)
    if at < 0:
        return
    now = bins[at]
    now["acked_bytes"] += gained
    if not is_syn:
        now["window_min"] = least_known(now["window_min"], window)
    if rtt_ns >= 0:
        now["rtt_min_ns"] = least_known(now["rtt_min_ns"], rtt_ns)
        now["rtt_max_ns"] = max(now["rtt_max_ns"], rtt_ns)


@inline_kernel
def place_data(
    one: Any, more: Any, entries: Records, entry_arena: I32, holes: Records, hole_arena: I32,
    seq: int, size: int, flags: int, ts: int, judged: int,
) -> tuple[int, int]:  # fmt: skip
    """
    What does a segment that takes sequence numbers do to its side? Returns its new and its resent payload bytes.

    It waits for its ACK from now on. What was sent before, or fills a hole, gives no certain round-trip time: the ACK
    may answer the first copy, or have waited for the hole.
    """
    has_syn, has_fin = flags & TCP_SYN != 0, flags & TCP_FIN != 0
    flight = flight_of(one)
    end = (seq + size + (1 if has_syn or has_fin else 0)) & 0xFFFFFFFF
    if one["flags"] & ACKED_SEEN == 0:
        one["flags"] |= ACKED_SEEN
        one["acked_to"] = seq
    mark = CONTROL if size == 0 or has_syn or judged != ORDINARY else IDLE if is_idle(one, flight, size) else 0
    new, resent, filled = np.int64(0), np.int64(0), np.int64(0)
    if judged == ORDINARY:
        new, resent, filled = place_segment(one, more, holes, hole_arena, seq, size, has_syn, has_fin)
        if resent > 0:
            more["retransmissions"] += 1
            more["retransmitted_bytes"] += resent
        elif filled > 0:
            more["out_of_order"] += 1
        if resent > 0 or filled > 0:
            mark |= AMBIGUOUS
            mark_ambiguous(one, entries, seq, end)
    elif judged == WINDOW_PROBE:
        one["flags"] |= PROBED
    if not add_outstanding(one, entries, entry_arena, end, ts, mark):
        more["rtt_left_out"] += 1
    after = flight_of(one)
    if after > one["max_flight"]:
        one["max_flight"] = after
    return new + filled, resent


@inline_kernel
def follow_stamps(
    one: Any, other: Any, streams: Records, echoes: Records, keys: U64, durations: I64, counts: I64,
    k: int, ts: int, value: int, echoed: int, has_ack: bool, data_ts: int, has_data: bool,
) -> None:  # fmt: skip
    """Which round trips of the two sides does this segment's timestamp option close, which does it open?"""
    own, peers = np.int64(one["slot"]) - 1, np.int64(other["slot"]) - 1
    if own >= 0 and has_ack and streams[own]["echo_used"]:
        sent, acked, whole, found = match_echo(streams[own], echoes, own, echoed)
        if found:
            add_sample(keys, durations, counts, k, KIND_NEAR, acked, ts)
            if whole:
                add_sample(keys, durations, counts, k, KIND_LOOP, sent, ts)
    if peers < 0:
        return
    stream = streams[peers]
    if stream["ts_seen"] == 0 or seq_diff(value, stream["ts_value"]) > 0:
        stream["ts_seen"] = 1
        stream["ts_value"] = value
        await_echo(stream, echoes, peers, value, ts, data_ts, has_data)


@kernel
def follow(
    frames: Frames, flow_id: I32, side: U8, is_copy: U8, first_frame: int, buffer: U8, record_at: I64, flows: Records,
    state: State,
) -> None:  # fmt: skip
    """
    What does each packet add to what is known of its flow?

    Parameters
    ----------
    frames : Frames[m]
    flow_id, side : int32[m], uint8[m], as flows.table names them
    is_copy : uint8[m], 1 where the capture holds the same packet already: counted, otherwise left out
    first_frame : frame number of row 0
    buffer, record_at : uint8[n], int64[m], the batch's bytes and where each record begins
    flows : FLOW[flows]
    state : carried over batches; the sample arrays must hold three samples a row
    """
    sides, mores = state.sides, state.more
    for i in range(flow_id.shape[0]):
        if flow_id[i] < 0:
            continue
        flow = np.int64(flow_id[i])
        k = 2 * flow + np.int64(side[i])
        one, more = sides[k], mores[k]
        if is_copy[i]:
            more["duplicates"] += 1
            continue
        ts, frame, size = frames.ts_ns[i], first_frame + i, np.int64(frames.payload_bytes[i])
        note_packet(
            one, more, ts, frame, frames.wire_bytes[i], size, frames.eth_src[i], frames.eth_dst[i], frames.ip_ttl[i]
        )
        if frames.ip_protocol[i] != IP_TCP:
            if size > 0:
                note_data(one, more, ts, frame, size)
            continue
        other, flags = sides[k ^ 1], np.int64(frames.tcp_flags[i])
        seq, ack, window = np.int64(frames.tcp_seq[i]), np.int64(frames.tcp_ack[i]), np.int64(frames.tcp_window[i])
        if flags & (TCP_SYN | TCP_FIN | TCP_RST) or awaits_shake(one, other):
            note_flags(one, more, other, state.shakes[flow], frames, i, frame)
        judged = judge_probe(one, other, seq, size, flags)
        note_window(one, more, window, flags, judged == WINDOW_PROBE)
        if judged == KEEP_ALIVE:
            more["keep_alives"] += 1
        if size > 0 or flags & (TCP_SYN | TCP_FIN):
            if size > 0 and judged == ORDINARY:
                if one["slot"] == 0 and flows[flow]["nominated"]:
                    take_slot(one, k, ts, state.streams, state.bins, state.bin_arena, state.counts)
                if one["slot"] > 0 and more["first_data_frame"]:
                    slot = np.int64(one["slot"]) - 1
                    note_pause(
                        state.streams[slot], state.pauses, slot, one["last_data_ts"], one["last_data_frame"], ts, frame
                    )
                if one["flags"] & OPENED == 0 and (one["flags"] & SYN_SEEN == 0 or seq_diff(seq, more["isn"]) == 1):
                    one["flags"] |= OPENED
                    more["opening_bytes"] = keep_bytes(
                        state.openings[k], frames.payload_at[i], frames.captured_bytes[i], size, record_at[i], buffer
                    )
                note_data(one, more, ts, frame, size)
            new, resent = place_data(
                one, more, state.entries, state.entry_arena, state.holes, state.hole_arena, seq, size, flags, ts, judged
            )
            if one["slot"] > 0 and size > 0 and judged == ORDINARY:
                stream = state.streams[np.int64(one["slot"]) - 1]
                add_to_series(one, stream, state.bins, state.bin_arena, ts, new, resent)
                if new > 0 and 0 <= seq_diff(one["next_seq"], (seq + size) & 0xFFFFFFFF) <= 1:
                    stream["closing_row"] = i
        elif flags & TCP_RST == 0 and judged == ORDINARY:
            place_segment(one, more, state.holes, state.hole_arena, seq, np.int64(0), False, False)
        gained = note_ack(other, mores[k ^ 1], ack) if flags & (TCP_ACK | TCP_RST) == TCP_ACK else np.int64(0)
        data_ts, marks, found = np.int64(NO_TIME), np.int64(0), False
        if other["ring_used"]:
            data_ts, marks, found = match_ack(other, state.entries, state.entry_arena, ack)
        kind = sample_kind(marks)
        if found:
            add_sample(state.sample_key, state.sample_ns, state.counts, k ^ 1, kind, data_ts, ts)
        clean = found and kind <= KIND_LOADED and data_ts != NO_TIME and ts >= data_ts
        if other["slot"] > 0 and (gained > 0 or found or other["unique_bytes"] > one["unique_bytes"]):
            stream = state.streams[np.int64(other["slot"]) - 1]
            rtt_ns = ts - data_ts if clean else np.int64(-1)
            add_ack_to_series(
                stream, state.bins, state.bin_arena, ts, gained, rtt_ns, window, flags & (TCP_SYN | TCP_RST) != 0
            )
        if np.int64(frames.tcp_options[i]) & HAS_TIMESTAMPS and (one["slot"] > 0 or other["slot"] > 0):
            follow_stamps(
                one, other, state.streams, state.echoes, state.sample_key, state.sample_ns, state.counts, k, ts,
                np.int64(frames.tcp_ts_value[i]), np.int64(frames.tcp_ts_echo[i]), flags & TCP_ACK != 0, data_ts, clean,
            )  # fmt: skip
    for slot in range(state.counts[STREAMS_USED]):
        stream = state.streams[slot]
        row = np.int64(stream["closing_row"])
        if row >= 0:
            stream["closing_bytes"] = keep_bytes(
                state.closings[slot], frames.payload_at[row], frames.captured_bytes[row],
                np.int64(frames.payload_bytes[row]), record_at[row], buffer,
            )  # fmt: skip
            stream["closing_row"] = -1
