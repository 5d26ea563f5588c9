"""The blocks of a pcapng file, and their options."""

from typing import Final

import numpy as np

from vmpcap.readers.kernels.index import (
    COUNT,
    DAMAGED_OPTION,
    DROPPED,
    LINK_ERROR,
    LONGEST,
    Bytes,
    Int,
    Int64s,
    count_defect,
    u16,
    u32,
)
from vmpcap.terms.kernels import inline_kernel

SECTION_BLOCK: Final = 0x0A0D0D0A
INTERFACE_BLOCK: Final = 1
PACKET_BLOCK: Final = 2
SIMPLE_BLOCK: Final = 3
NAMES_BLOCK: Final = 4
STATISTICS_BLOCK: Final = 5
ENHANCED_BLOCK: Final = 6
JOURNAL_BLOCK: Final = 9
SECRETS_BLOCK: Final = 10
SYSDIG_EVENT: Final = 0x204
SYSDIG_EVENT_2: Final = 0x216
SYSDIG_EVENT_2_LARGE: Final = 0x221
CUSTOM_BLOCK: Final = 0x0000_0BAD
CUSTOM_BLOCK_PRIVATE: Final = 0x4000_0BAD
"""pcapng block types (draft-ietf-opsawg-pcapng, section 11.1); PACKET_BLOCK is the obsolete one."""
SMALLEST_BLOCK: Final = 12
PACKET_BLOCK_HEADER: Final = 28
SIMPLE_BLOCK_HEADER: Final = 12
OPTION_COMMENT: Final = 1
OPTION_FLAGS: Final = 2
OPTION_DROPCOUNT: Final = 4
DROPS_UNKNOWN: Final = 0xFFFF
"""Drop count of an obsolete packet block that says nothing."""


@inline_kernel
def block_bytes(buffer: Bytes, at: Int, total: Int, big: Int) -> Int:
    """
    How many bytes has this block really? 0 where they do not fit in the buffer, -1 where its two lengths differ.

    A length that is no multiple of 4 is taken without padding or with it, whichever makes the two lengths agree.
    """
    left = np.int64(buffer.shape[0]) - at
    if left < total:
        return np.int64(0)
    if u32(buffer, at + total - 4, big) == total:
        return total
    padded = (total + 3) & ~np.int64(3)
    if padded == total:
        return np.int64(-1)
    if left < padded:
        return np.int64(0)
    if u32(buffer, at + padded - 4, big) == total:
        return padded
    return np.int64(-1)


@inline_kernel
def read_packet_options(
    buffer: Bytes,
    begin: Int,
    end: Int,
    base: Int,
    frame: Int,
    big: Int,
    enhanced: Int,
    port: Int,
    comments: Int,
    state_counts: Int64s,
    state_drops: Int64s,
    out_comments: Int64s,
) -> Int:
    """
    What do the options of a packet block say? Returns how many comments there are by now.

    Comments are left where they lie: out_comments : int64[n, 3] takes frame, place and length of the first n.
    """
    at = begin
    while end - at >= 4:
        code = u16(buffer, at, big)
        size = u16(buffer, at + 2, big)
        at += 4
        if code == 0:
            break
        if size > end - at:
            count_defect(state_counts, DAMAGED_OPTION, frame, base + at - 4, size)
            break
        if code == OPTION_COMMENT:
            if comments < out_comments.shape[0]:
                out_comments[comments, 0] = frame
                out_comments[comments, 1] = at
                out_comments[comments, 2] = size
            comments += 1
        elif code == OPTION_FLAGS and size == 4:
            if u32(buffer, at, big) >> 24 != 0:
                count_defect(state_counts, LINK_ERROR, frame, base + at - 4, np.int64(0))
        elif code == OPTION_DROPCOUNT and size == 8 and enhanced:
            high = u32(buffer, at, big)
            low = u32(buffer, at + 4, big)
            if not big:
                high, low = low, high
            lost = np.int64(LONGEST) if high != 0 else min(low, np.int64(LONGEST))
            count_drops(state_counts, state_drops, port, frame, base + at - 4, lost)
        at += (size + 3) & ~np.int64(3)
    return comments


@inline_kernel
def count_drops(state_counts: Int64s, state_drops: Int64s, port: Int, frame: Int, offset: Int, lost: Int) -> None:
    """How many packets were lost in front of this one?"""
    if lost == 0:
        return
    count_defect(state_counts, DROPPED, frame, offset, lost)
    state_counts[DROPPED, COUNT] += lost - 1
    state_drops[port] += lost


@inline_kernel
def takes_a_frame_number(kind: Int) -> Int:
    """
    Does Wireshark number a block of this type as a frame, though it is no packet?

    tshark 4.0.17 was asked about each type; names, secrets, statistics, unknown and other Sysdig blocks get no number.
    """
    if kind == CUSTOM_BLOCK or kind == CUSTOM_BLOCK_PRIVATE or kind == JOURNAL_BLOCK:
        return True
    return kind == SYSDIG_EVENT or kind == SYSDIG_EVENT_2 or kind == SYSDIG_EVENT_2_LARGE
