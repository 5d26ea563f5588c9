"""Sequence numbers: which payload bytes are new, which were seen before, which fill a hole."""

from typing import Any, Final

import numpy as np

from vmpcap.measures.kernels.arena import give_block, take_block
from vmpcap.measures.kernels.layout import ACKED_SEEN, I32, LEAST_BLOCK_LOG2, MOST_HOLES_LOG2, NEXT_SEEN, Records
from vmpcap.terms.kernels import Bool, Int, inline_kernel

YOUNG: Final = 1 << 30
"""A side that has sent more than this has left its first number too far behind to compare with it."""


@inline_kernel
def seq_diff(a: Int, b: Int) -> Int:
    """
    How far is sequence number a ahead of b? Negative where it is behind (RFC 9293 3.4).

    Sequence numbers meet only here.
    """
    ahead = (np.int64(a) - np.int64(b)) & 0xFFFFFFFF
    return ahead - ((ahead & 0x80000000) << 1)


@inline_kernel
def place_expected(one: Any, more: Any, seq: Int, size: Int) -> Bool:
    """Does this segment begin with the number that comes next? Then all of it is new and counted. The usual case."""
    if one["flags"] & NEXT_SEEN == 0 or seq != np.int64(one["next_seq"]):
        return False
    end = (seq + size) & 0xFFFFFFFF
    if end < seq:
        more["wraps"] += 1
    one["next_seq"] = end
    one["unique_bytes"] += size
    return True


@inline_kernel
def record_hole(rare: Any, holes: Records, arena: I32, left: Int, right: Int) -> None:
    """
    Which numbers were jumped over?

    Notes
    -----
    The list is bounded: when it is full, the older half is forgotten and counted. Bytes that fill a forgotten hole
    count as resent, so retransmissions lean high then.
    """
    used = np.int64(rare["holes_used"])
    log2 = np.int64(rare["holes_log2"])
    if log2 == 0:
        at = take_block(arena, LEAST_BLOCK_LOG2)
        if at < 0:
            rare["holes_left_out"] += 1
            return
        rare["holes_at"], rare["holes_log2"] = at, LEAST_BLOCK_LOG2
    elif used == 1 << log2:
        at = take_block(arena, log2 + 1) if log2 < MOST_HOLES_LOG2 else np.int64(-1)
        old = np.int64(rare["holes_at"])
        if at >= 0:
            for i in range(used):
                holes[at + i]["left"], holes[at + i]["right"] = holes[old + i]["left"], holes[old + i]["right"]
            give_block(arena, old, log2)
            rare["holes_at"], rare["holes_log2"] = at, log2 + 1
        else:
            half = used >> 1
            for i in range(half):
                source = holes[old + half + i]
                holes[old + i]["left"], holes[old + i]["right"] = source["left"], source["right"]
            rare["holes_left_out"] += half
            used = half
    one = holes[np.int64(rare["holes_at"]) + used]
    one["left"], one["right"] = left, right
    rare["holes_used"] = used + 1


@inline_kernel
def fill_holes(rare: Any, holes: Records, arena: I32, left: Int, right: Int) -> Int:
    """How many of the numbers left .. right (excluded) had been jumped over? They are taken out of the holes."""
    at, used = np.int64(rare["holes_at"]), np.int64(rare["holes_used"])
    size = seq_diff(right, left)
    filled = np.int64(0)
    kept = np.int64(0)
    for i in range(used):
        hole = holes[at + i]
        low, high = seq_diff(hole["left"], left), seq_diff(hole["right"], left)
        begin, end = max(low, 0), min(high, size)
        hole_left, hole_right = hole["left"], hole["right"]
        if end > begin:
            filled += end - begin
            if begin == low and end == high:
                continue
            if begin == low:
                hole_left = (left + end) & 0xFFFFFFFF
            elif end == high:
                hole_right = (left + begin) & 0xFFFFFFFF
            else:
                hole["right"] = (left + begin) & 0xFFFFFFFF
                insert_hole(rare, holes, arena, i + 1, (left + end) & 0xFFFFFFFF, hole_right)
                return filled
        into = holes[at + kept]
        into["left"], into["right"] = hole_left, hole_right
        kept += 1
    rare["holes_used"] = kept
    if kept == 0:
        give_block(arena, at, np.int64(rare["holes_log2"]))
        rare["holes_log2"] = 0
    return filled


@inline_kernel
def insert_hole(rare: Any, holes: Records, arena: I32, before: Int, left: Int, right: Int) -> None:
    """Put the rest of a hole that was split into its place."""
    used = np.int64(rare["holes_used"])
    record_hole(rare, holes, arena, left, right)
    at, now = np.int64(rare["holes_at"]), np.int64(rare["holes_used"])
    place = before - (used + 1 - now)  # the older half may have gone
    i = now - 1
    while i > place and i > 0:
        holes[at + i]["left"], holes[at + i]["right"] = holes[at + i - 1]["left"], holes[at + i - 1]["right"]
        i -= 1
    holes[at + i]["left"], holes[at + i]["right"] = left, right


@inline_kernel
def place_segment(
    one: Any, more: Any, rare: Any, holes: Records, arena: I32, seq: Int, size: Int, has_syn: bool, has_fin: bool
) -> tuple[Int, Int, Int]:
    """
    How many payload bytes of this segment are new, seen before, or fill a hole?

    Returns (new beyond the highest seen, resent, filled). A side's first segment is all new; so is what lies below it.

    Notes
    -----
    Segments come in capture order. A hole is not a loss: the capture may have missed it. SYN and FIN take a number each
    but are no payload.
    """
    left = (seq + 1) & 0xFFFFFFFF if has_syn else seq
    right = (left + size) & 0xFFFFFFFF
    end = (right + 1) & 0xFFFFFFFF if has_fin else right
    if one["flags"] & NEXT_SEEN == 0:
        one["flags"] |= NEXT_SEEN
        one["next_seq"] = end
        if one["flags"] & ACKED_SEEN == 0:
            one["flags"] |= ACKED_SEEN
            one["acked_to"] = left
        more["low_seq"] = left
        one["unique_bytes"] += size
        return size, np.int64(0), np.int64(0)
    highest = np.int64(one["next_seq"])
    ahead = seq_diff(seq, highest)
    if ahead >= 0:
        if ahead > 0:
            rare["hole_bytes"] += ahead
            record_hole(rare, holes, arena, highest, seq)
        advance(one, more, end)
        one["unique_bytes"] += size
        return size, np.int64(0), np.int64(0)
    beyond = min(max(seq_diff(right, highest), 0), size)
    if seq_diff(end, highest) > 0:
        advance(one, more, end)
    old = size - beyond
    if old == 0:
        return beyond, np.int64(0), np.int64(0)
    old_right = (left + old) & 0xFFFFFFFF
    filled = fill_holes(rare, holes, arena, left, old_right) if rare["holes_used"] else np.int64(0)
    rare["filled_bytes"] += filled
    lowest = np.int64(more["low_seq"])
    below = min(seq_diff(lowest, left), old)
    if below > 0 and one["unique_bytes"] < YOUNG:
        gap = seq_diff(lowest, old_right)
        if gap > 0:
            rare["hole_bytes"] += gap
            record_hole(rare, holes, arena, old_right, lowest)
        more["low_seq"] = left
        filled += below
    one["unique_bytes"] += beyond + filled
    return beyond, old - filled, filled


@inline_kernel
def advance(one: Any, more: Any, end: Int) -> None:
    """Which number comes next from this side? Counts how often the numbers began again at zero."""
    if end < np.int64(one["next_seq"]):
        more["wraps"] += 1
    one["next_seq"] = end
