"""Whether an old segment was sent again or only came late: told by what its sender counts up, not by the clock."""

from typing import Any, Final

import numpy as np

from vmpcap.decode.frames import U8, U32
from vmpcap.measures.kernels.analysis_state import COUNTS_IDS, STAMPS
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Bool, Int, inline_kernel

SENT_AGAIN: Final = 1
CAME_LATE: Final = -1
UNTOLD: Final = 0

_NEXT_ID: Final = 64
"""A sender whose ids rise by no more than this from one segment to the next counts its packets."""
_NEAR_ID: Final = 1_000
"""Ids further apart than this have no order."""


@inline_kernel
def id_diff(a: Int, b: Int) -> Int:
    """How far is IP identification a ahead of b? Negative where it is behind."""
    ahead = (np.int64(a) - np.int64(b)) & 0xFFFF
    return ahead - ((ahead & 0x8000) << 1)


@inline_kernel
def note_newest(one: Any, ip_id: Int, stamp: Int, has_stamp: bool) -> None:
    """What did the sender count up to in the segment that has reached furthest?"""
    if 0 < id_diff(ip_id, one["newest_id"]) <= _NEXT_ID:
        one["bits"] |= COUNTS_IDS
    else:
        one["bits"] &= ~np.uint16(COUNTS_IDS)
    one["newest_id"] = ip_id
    if has_stamp:
        one["bits"] |= STAMPS
        one["newest_stamp"] = stamp


@inline_kernel
def tell_order(one: Any, ip_id: Int, stamp: Int, has_stamp: bool) -> Int:
    """
    Was a segment with old numbers sent after the one that has reached furthest (again), or before it (late)?

    Notes
    -----
    An original has a time stamp that is no later (RFC 7323 5.4), and, of a sender that counts its packets, a lower IP
    identification. UNTOLD where both are alike or missing: then nothing but time could tell.
    """
    if has_stamp and one["bits"] & STAMPS:
        ahead = seq_diff(stamp, one["newest_stamp"])
        if ahead != 0:
            return np.int64(SENT_AGAIN) if ahead > 0 else np.int64(CAME_LATE)
    if ip_id != 0 and one["bits"] & COUNTS_IDS:
        ahead = id_diff(ip_id, one["newest_id"])
        if ahead != 0 and -_NEAR_ID <= ahead <= _NEAR_ID:
            return np.int64(SENT_AGAIN) if ahead > 0 else np.int64(CAME_LATE)
    return np.int64(UNTOLD)


@inline_kernel
def is_duplicate_report(edges: U32, blocks: U8, i: Int, ack: Int) -> Bool:
    """Does the first SACK block say that something came twice: below the ACK, or inside the second (RFC 2883 4)?"""
    if blocks[i] == 0:
        return False
    left, right = np.int64(edges[i, 0]), np.int64(edges[i, 1])
    if seq_diff(right, left) <= 0:
        return False
    if seq_diff(right, ack) <= 0:
        return True
    if blocks[i] < 2:
        return False
    return bool(seq_diff(left, edges[i, 2]) >= 0 and seq_diff(right, edges[i, 3]) <= 0)
