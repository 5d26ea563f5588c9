"""TCP options: RFC 9293 3.2, RFC 7323, RFC 2018."""

from typing import Final

import numpy as np

from vmpcap.decode.bits import Bytes, Offset, be16, be32, byte
from vmpcap.decode.frames import U8, U16, U32
from vmpcap.terms.kernels import inline_kernel, pasted_kernel
from vmpcap.terms.wire import (
    TCP_OPTION_END,
    TCP_OPTION_MSS,
    TCP_OPTION_NOP,
    TCP_OPTION_SACK,
    TCP_OPTION_SACK_PERMITTED,
    TCP_OPTION_TIMESTAMPS,
    TCP_OPTION_WINDOW_SCALE,
)

FIXED_BYTES: Final = 20

# Bits of Frames.tcp_options
HAS_MSS: Final = 0x01
HAS_WINDOW_SCALE: Final = 0x02
HAS_SACK_PERMITTED: Final = 0x04
HAS_SACK: Final = 0x08
HAS_TIMESTAMPS: Final = 0x10
OPTIONS_CUT: Final = 0x40
"""The captured bytes end inside the options: what is not set may have been there."""
OPTIONS_BAD: Final = 0x80
"""An option says a length that cannot be; the list is read up to there."""

_BLOCK_BYTES: Final = 8
_MOST_SACK_BYTES: Final = 34  # four blocks: 40 bytes of options hold no more
NOP_NOP_TIMESTAMPS: Final = 0x0101080A
"""How the options begin in nearly every segment of a bulk transfer; then they have STAMPED_BYTES in all."""
STAMPED_BYTES: Final = 12


@pasted_kernel
def read_fixed(buffer: Bytes, start: Offset) -> tuple[np.int64, np.int64, np.int64, np.int64]:
    """What do the fixed fields after the ports say? Sequence number, acknowledgement, flags, window."""
    seq = be32(buffer, start + 4)
    ack = be32(buffer, start + 8)
    flags = be16(buffer, start + 12) & 0x0FFF
    window = be16(buffer, start + 14)
    return seq, ack, flags, window


@inline_kernel
def read_blocks(buffer: Bytes, at: Offset, blocks: Offset, i: int, out_sack: U32) -> np.int64:
    """How many SACK blocks stand here (RFC 2018 3)? Their edges go into row i."""
    for edge in range(2 * blocks):
        out_sack[i, edge] = be32(buffer, at + 4 * edge)
    return np.int64(blocks)


@inline_kernel
def read_options(  # noqa: PLR0912 - one branch for each option
    buffer: Bytes,
    start: Offset,
    end: Offset,
    captured_end: Offset,
    i: int,
    out_mss: U16,
    out_window_scale: U8,
    out_sack: U32,
    out_sack_blocks: U8,
) -> tuple[int, np.int64, np.int64]:
    """
    Which options does this segment carry? Bits, time-stamp value and echo; the other values go into row i.

    Notes
    -----
    An option whose captured part is incomplete is not read, but for SACK: whole blocks of it are, without HAS_SACK, for
    there were more. Of an option that stands twice the last one counts.
    """
    found = 0
    ts_value = np.int64(0)
    ts_echo = np.int64(0)
    at = start
    while at < end:
        if at >= captured_end:
            return found | OPTIONS_CUT, ts_value, ts_echo
        kind = byte(buffer, at)
        if kind == TCP_OPTION_END:
            return found, ts_value, ts_echo
        if kind == TCP_OPTION_NOP:
            at += 1
            continue
        if at + 1 >= end:
            return found | OPTIONS_BAD, ts_value, ts_echo
        if at + 1 >= captured_end:
            return found | OPTIONS_CUT, ts_value, ts_echo
        size = byte(buffer, at + 1)
        if size < 2 or at + size > end:
            return found | OPTIONS_BAD, ts_value, ts_echo
        if at + size > captured_end:
            if kind == TCP_OPTION_SACK and size <= _MOST_SACK_BYTES:
                out_sack_blocks[i] = read_blocks(buffer, at + 2, (captured_end - at - 2) // _BLOCK_BYTES, i, out_sack)
            return found | OPTIONS_CUT, ts_value, ts_echo
        if kind == TCP_OPTION_TIMESTAMPS and size == 10:
            ts_value = be32(buffer, at + 2)
            ts_echo = be32(buffer, at + 6)
            found |= HAS_TIMESTAMPS
        elif kind == TCP_OPTION_SACK and size >= 10 and size <= _MOST_SACK_BYTES and (size - 2) % 8 == 0:
            out_sack_blocks[i] = read_blocks(buffer, at + 2, (size - 2) // _BLOCK_BYTES, i, out_sack)
            found |= HAS_SACK
        elif kind == TCP_OPTION_MSS and size == 4:
            out_mss[i] = be16(buffer, at + 2)
            found |= HAS_MSS
        elif kind == TCP_OPTION_WINDOW_SCALE and size == 3:
            out_window_scale[i] = byte(buffer, at + 2)
            found |= HAS_WINDOW_SCALE
        elif kind == TCP_OPTION_SACK_PERMITTED and size == 2:
            found |= HAS_SACK_PERMITTED
        elif TCP_OPTION_MSS <= kind <= TCP_OPTION_SACK or kind == TCP_OPTION_TIMESTAMPS:
            found |= OPTIONS_BAD
        at += size
    return found, ts_value, ts_echo
