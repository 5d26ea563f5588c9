"""Round trips by timestamp echo, which cross the whole path wherever the capture point is (RFC 7323)."""

from typing import Any, Final

import numpy as np

from vmpcap.measures.kernels.layout import I64, KIND_LOOP, KIND_NEAR, KIND_WAITED, MOST_ECHOES, U64, Records
from vmpcap.measures.kernels.samples import add_sample
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.readers.kernels.index import EARLIEST, LATEST
from vmpcap.terms.kernels import Bool, Int, inline_kernel
from vmpcap.terms.units import NO_TIME

PROMPT: Final = 16
"""A sender that sent something so small a part of a round trip before it echoed had not waited with the echo."""


@inline_kernel
def await_echo(stream: Any, echoes: Records, slot: Int, value: Int, ack_ts: Int, data_ts: Int, has_data: bool) -> None:
    """
    Which timestamp does this side have to echo?

    Only the first segment that carried the value may be used: a later one with the same value reached its receiver
    later, and the loop would come out too short.
    """
    used, first = np.int64(stream["echo_used"]), np.int64(stream["echo_first"])
    if used == MOST_ECHOES:
        stream["echoes_left_out"] += 1
        return
    one = echoes[slot, (first + used) & (MOST_ECHOES - 1)]
    one["value"], one["ack_ts"], one["data_ts"], one["has_data"] = value, ack_ts, data_ts, has_data
    stream["echo_used"] = used + 1
    if used == 0:
        stream["echo_next"] = value


@inline_kernel
def match_echo(stream: Any, echoes: Records, slot: Int, echoed: Int) -> tuple[Int, Int, bool, bool]:
    """
    Which exchange does this echo close?

    Returns (data_ts, ack_ts, has_data, found). Values that were passed over are forgotten: what echoes them would have
    waited for something else.
    """
    used, first = np.int64(stream["echo_used"]), np.int64(stream["echo_first"])
    data_ts, ack_ts, has_data, found = np.int64(NO_TIME), np.int64(NO_TIME), False, False
    while used > 0:
        one = echoes[slot, first & (MOST_ECHOES - 1)]
        ahead = seq_diff(one["value"], echoed)
        if ahead > 0:
            break
        if ahead == 0:
            data_ts, ack_ts, has_data, found = one["data_ts"], one["ack_ts"], one["has_data"] != 0, True
        first += 1
        used -= 1
    stream["echo_used"], stream["echo_first"] = used, first & (MOST_ECHOES - 1)
    if used > 0:
        stream["echo_next"] = echoes[slot, first & (MOST_ECHOES - 1)]["value"]
    return data_ts, ack_ts, has_data, found


@inline_kernel
def stamps_matter(one: Any, other: Any, streams: Records, value: Int, echoed: Int) -> Bool:
    """Does this segment's timestamp option close or open a loop of a nominated stream?"""
    own, peers = np.int64(one["slot"]) - 1, np.int64(other["slot"]) - 1
    if own >= 0 and streams[own]["echo_used"] and seq_diff(echoed, streams[own]["echo_next"]) >= 0:
        return True
    if peers < 0:
        return False
    return streams[peers]["ts_seen"] == 0 or seq_diff(value, streams[peers]["ts_value"]) > 0


@inline_kernel
def loop_kind(stream: Any, sent: Int, before: Int, ts: Int) -> Int:
    """
    Does this round trip hold a wait of the sender, which had nothing to send when the ACK came?

    Parameters
    ----------
    sent, before, ts : when the data passed, the sender's packet before the one that echoes its ACK, and that one

    Notes
    -----
    The one before did not echo yet, so it left before the ACK came: the wait is no longer than the time between the
    two. It is held against the shortest round trip so far, not this one, lest only long ones were free of a wait.
    """
    if EARLIEST < sent <= ts < LATEST:
        stream["loop_least_ns"] = min(stream["loop_least_ns"], ts - sent)
    is_prompt = before > EARLIEST and 0 <= ts - before <= np.int64(stream["loop_least_ns"]) // PROMPT
    return KIND_LOOP if is_prompt else KIND_WAITED


@inline_kernel
def follow_stamps(
    one: Any, other: Any, streams: Records, echoes: Records, keys: U64, durations: I64, counts: I64,
    k: Int, ts: Int, value: Int, echoed: Int, has_ack: bool, data_ts: Int, has_data: bool, before: Int,
) -> None:  # fmt: skip
    """
    Which round trips of the two sides does this segment's timestamp option close, which does it open?

    Parameters
    ----------
    before : when this side's packet before this one passed

    Notes
    -----
    Both leans are upward: the sender may wait before it sends what echoes, and the receiver before it acknowledges.
    """
    own, peers = np.int64(one["slot"]) - 1, np.int64(other["slot"]) - 1
    if own >= 0 and has_ack and streams[own]["echo_used"]:
        sent, acked, whole, found = match_echo(streams[own], echoes, own, echoed)
        if found:
            add_sample(keys, durations, counts, k, KIND_NEAR, acked, ts)
            if whole:
                kind = loop_kind(streams[own], sent, before, ts)
                add_sample(keys, durations, counts, k, kind, sent, ts)
    if peers < 0:
        return
    stream = streams[peers]
    if stream["ts_seen"] == 0 or seq_diff(value, stream["ts_value"]) > 0:
        stream["ts_seen"] = 1
        stream["ts_value"] = value
        await_echo(stream, echoes, peers, value, ts, data_ts, has_data)
