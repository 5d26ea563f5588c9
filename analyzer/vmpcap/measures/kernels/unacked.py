"""The segments of one side that wait for their ACK, as Wireshark's analysis keeps them: how many bytes they span."""

from typing import Any

import numpy as np

from vmpcap.measures.kernels.analysis_state import OVERLAPS, SENT_TWICE, UNSAID
from vmpcap.measures.kernels.arena import give_block
from vmpcap.measures.kernels.layout import I32, Records
from vmpcap.measures.kernels.rings import make_ring_room
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Int, inline_kernel


@inline_kernel
def await_ack(one: Any, unacked: Records, arena: I32, seq: Int, end: Int, ts: Int) -> None:
    """
    Let this segment wait for its ACK, unless too many do.

    The ring is kept in the order of the ends. Of two with one end the older keeps its time, for it is the one whose
    round trip Wireshark shows; the span begins where the longer of them does.
    """
    if not make_ring_room(one, unacked, arena):
        return
    used = np.int64(one["ring_used"])
    at, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << np.int64(one["ring_log2"])) - 1
    place = used
    while place > 0:
        previous = unacked[at + ((first + place - 1) & mask)]
        ahead = seq_diff(end, previous["end"])
        if ahead > 0:
            break
        if ahead == 0:
            base = np.int64(one["base_seq"])
            if (seq - base) & 0xFFFFFFFF < (np.int64(previous["seq"]) - base) & 0xFFFFFFFF:
                previous["seq"] = seq
                one["bits"] |= OVERLAPS
            return
        place -= 1
    i = used
    while i > place:
        source, into = unacked[at + ((first + i - 1) & mask)], unacked[at + ((first + i) & mask)]
        into["seq"], into["end"], into["ts"] = source["seq"], source["end"], source["ts"]
        i -= 1
    if place > 0 and seq_diff(seq, unacked[at + ((first + place - 1) & mask)]["seq"]) < 0:
        one["bits"] |= OVERLAPS
    if place < used and seq_diff(unacked[at + ((first + place + 1) & mask)]["seq"], seq) < 0:
        one["bits"] |= OVERLAPS
    into = unacked[at + ((first + place) & mask)]
    into["seq"], into["end"], into["ts"] = seq, end, ts
    one["ring_used"] = used + 1


@inline_kernel
def take_acked(one: Any, unacked: Records, arena: I32, ack: Int, ts: Int) -> Int:
    """
    Which round trip does this ACK end? UNSAID where it ends at no segment's end, or in no time.

    What it covers waits no longer; of what it covers in part the rest does.
    """
    used = np.int64(one["ring_used"])
    at, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << np.int64(one["ring_log2"])) - 1
    rtt = np.int64(UNSAID)
    while used > 0:
        oldest = unacked[at + (first & mask)]
        ahead = seq_diff(ack, oldest["end"])
        if ahead < 0:
            break
        if ahead == 0 and ts != oldest["ts"]:
            rtt = ts - oldest["ts"]
        first += 1
        used -= 1
    one["ring_first"], one["ring_used"] = first & mask, used
    if used == 0:
        give_block(arena, at, np.int64(one["ring_log2"]))
        one["ring_log2"] = 0
        one["bits"] &= ~np.uint16(OVERLAPS | SENT_TWICE)
        return rtt
    i = np.int64(0)
    while i < used:
        waiting = unacked[at + ((first + i) & mask)]
        if seq_diff(ack, waiting["seq"]) > 0:
            waiting["seq"] = ack
        elif one["bits"] & OVERLAPS == 0:
            break
        i += 1
    return rtt


@inline_kernel
def span_unacked(one: Any, unacked: Records) -> Int:
    """How many bytes lie between the first and the last number that wait, both counted from the side's base?"""
    used = np.int64(one["ring_used"])
    at, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << np.int64(one["ring_log2"])) - 1
    base = np.int64(one["base_seq"])
    oldest, youngest = unacked[at + (first & mask)], unacked[at + ((first + used - 1) & mask)]
    low, high = (np.int64(oldest["seq"]) - base) & 0xFFFFFFFF, (np.int64(youngest["end"]) - base) & 0xFFFFFFFF
    if one["bits"] & OVERLAPS or high < low:
        one["bits"] &= ~np.uint16(OVERLAPS)
        before = np.int64(oldest["seq"])
        for i in range(used):
            waiting = unacked[at + ((first + i) & mask)]
            if seq_diff(waiting["seq"], before) < 0:
                one["bits"] |= OVERLAPS
            before = np.int64(waiting["seq"])
            low = min(low, (before - base) & 0xFFFFFFFF)
            high = max(high, (np.int64(waiting["end"]) - base) & 0xFFFFFFFF)
    return high - low
