"""What the kernels that find records share: why they end, what they count, how they read numbers."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import inline_kernel

Int = Any
"""int64 in a compiled kernel; an integer of Python or numpy with the JIT off, and numba reads no annotations."""
Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

FULL: Final = 0
"""The out arrays are full; records may follow."""
NEED_MORE: Final = 1
"""The next record reaches past the block; `needed` bytes would hold it, as far as can be seen."""
DAMAGED: Final = 2
"""The next record claims a length that cannot be."""
FOR_READER: Final = 3
"""The next pcapng block is for the reader (section, interface, statistics), not for the kernel."""
NO_INTERFACE: Final = 4
"""The next pcapng packet names an interface that was never described."""
FILE_HEADER: Final = 5
"""Where a pcap record should begin, a pcap file header stands: files were appended to each other."""
GAP: Final = 6
"""The next pcapng block takes a frame number without being a packet: a batch ends here, its numbers have no gaps."""
FILE_HEADER_BYTES: Final = 24

LATEST: Final = 2**63 - 1
EARLIEST: Final = -(2**63) + 1
"""Times are clipped to these; one step above NO_TIME."""
LONGEST: Final = 2**31 - 1
"""Wire lengths are clipped to this."""

AS_WRITTEN: Final = 0
SWAPPED: Final = 1
SWAPPED_IF_LONGER: Final = 2
"""Order of the two lengths in a pcap record: before version 2.3 the wire length came first; 2.3 is known in both."""

COUNTED: Final = (
    "time_backwards",
    "untimed",
    "time_out_of_range",
    "invalid_fraction",
    "captured_over_wire",
    "captured_over_snaplen",
    "no_bytes",
    "wire_length_clipped",
    "captured_over_block",
    "unknown_interface",
    "damaged_option",
    "unaligned_block",
    "skipped_block",
    "link_error",
    "dropped",
)
"""Defects that kernels count; the number of a kind is its place here."""
BACKWARDS: Final = COUNTED.index("time_backwards")
UNTIMED: Final = COUNTED.index("untimed")
OUT_OF_RANGE: Final = COUNTED.index("time_out_of_range")
INVALID_FRACTION: Final = COUNTED.index("invalid_fraction")
OVER_WIRE: Final = COUNTED.index("captured_over_wire")
OVER_SNAPLEN: Final = COUNTED.index("captured_over_snaplen")
NO_BYTES: Final = COUNTED.index("no_bytes")
WIRE_CLIPPED: Final = COUNTED.index("wire_length_clipped")
OVER_BLOCK: Final = COUNTED.index("captured_over_block")
UNKNOWN_INTERFACE: Final = COUNTED.index("unknown_interface")
DAMAGED_OPTION: Final = COUNTED.index("damaged_option")
UNALIGNED: Final = COUNTED.index("unaligned_block")
SKIPPED: Final = COUNTED.index("skipped_block")
LINK_ERROR: Final = COUNTED.index("link_error")
DROPPED: Final = COUNTED.index("dropped")

COUNT: Final = 0
FIRST_FRAME: Final = 1
OFFSET: Final = 2
LARGEST: Final = 3
"""Columns of state_counts: how often, first frame, offset of the first, largest step or size."""

PACKETS: Final = 0
WIRE: Final = 1
CAPTURED: Final = 2
FIRST_TS: Final = 3
LAST_TS: Final = 4
MIN_TS: Final = 5
MAX_TS: Final = 6
NOT_PACKETS: Final = 7
SUMS: Final = 8
"""Places in state_sums, and how many there are; NOT_PACKETS counts blocks that have a frame number but no packet."""


@inline_kernel
def u16(buffer: Bytes, at: Int, big: Int) -> Int:
    """Which 16-bit number stands here?"""
    first = np.int64(buffer[at])
    second = np.int64(buffer[at + 1])
    if big:
        return first << 8 | second
    return second << 8 | first


@inline_kernel
def u32(buffer: Bytes, at: Int, big: Int) -> Int:
    """Which 32-bit number stands here? Not negative: it is widened."""
    a = np.int64(buffer[at])
    b = np.int64(buffer[at + 1])
    c = np.int64(buffer[at + 2])
    d = np.int64(buffer[at + 3])
    if big:
        return a << 24 | b << 16 | c << 8 | d
    return d << 24 | c << 16 | b << 8 | a


@inline_kernel
def count_defect(state_counts: Int64s, kind: Int, frame: Int, offset: Int, size: Int) -> None:
    """How often did this happen, where first, how large at most?"""
    if state_counts[kind, COUNT] == 0:
        state_counts[kind, FIRST_FRAME] = frame
        state_counts[kind, OFFSET] = offset
    state_counts[kind, COUNT] += 1
    state_counts[kind, LARGEST] = max(state_counts[kind, LARGEST], size)
