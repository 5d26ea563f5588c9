"""Rings of segments that wait for their ACK: blocks of a shared arena, which grow as a side needs them."""

from typing import Any

import numpy as np

from vmpcap.measures.kernels.arena import give_block, take_block
from vmpcap.measures.kernels.layout import I32, LEAST_BLOCK_LOG2, MOST_OUTSTANDING, Records
from vmpcap.terms.kernels import Bool, inline_kernel


@inline_kernel
def make_ring_room(one: Any, entries: Records, arena: I32) -> Bool:
    """Is there room for one more segment of this side, after growing its ring where needed?"""
    used, log2 = np.int64(one["ring_used"]), np.int64(one["ring_log2"])
    if used >= MOST_OUTSTANDING:
        return False
    if log2 == 0:
        at = take_block(arena, LEAST_BLOCK_LOG2)
        if at < 0:
            return False
        one["ring_at"], one["ring_log2"], one["ring_first"] = at, LEAST_BLOCK_LOG2, 0
        return True
    if used < 1 << log2:
        return True
    at = take_block(arena, log2 + 1)
    if at < 0:
        return False
    old, first, mask = np.int64(one["ring_at"]), np.int64(one["ring_first"]), (1 << log2) - 1
    for i in range(used):
        entries[at + i] = entries[old + ((first + i) & mask)]
    give_block(arena, old, log2)
    one["ring_at"], one["ring_log2"], one["ring_first"] = at, log2 + 1, 0
    return True
