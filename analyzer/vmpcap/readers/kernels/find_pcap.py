"""The kernel that finds the records of a classic pcap file."""

import numpy as np

from vmpcap.readers.kernels.index import (
    DAMAGED,
    FILE_HEADER,
    FILE_HEADER_BYTES,
    FULL,
    INVALID_FRACTION,
    LONGEST,
    NEED_MORE,
    SWAPPED,
    SWAPPED_IF_LONGER,
    Bytes,
    Int,
    Int32s,
    Int64s,
    count_defect,
    u32,
)
from vmpcap.terms.kernels import kernel


@kernel
def find_pcap_records(
    buffer: Bytes,
    begin: Int,
    base: Int,
    first_frame: Int,
    big: Int,
    fraction_ns: Int,
    header_bytes: Int,
    magic: Int,
    version: Int,
    order: Int,
    longest: Int,
    state_counts: Int64s,
    out_record_at: Int64s,
    out_captured_bytes: Int32s,
    out_wire_bytes: Int32s,
    out_ts_ns: Int64s,
) -> tuple[Int, Int, Int, Int]:
    """
    Where do the classic pcap records of this block lie, and when were they taken?

    Parameters
    ----------
    buffer : uint8[n]
    begin : int64
        Where the first record header stands.
    base : int64
        Offset of buffer[0] in the capture, for the place of a defect.
    first_frame : int64
    big : bool
        Byte order of the file.
    fraction_ns : int64
        Nanoseconds in one unit of the second time field: 1000 or 1.
    header_bytes : int64
        16, or more for the modified formats.
    magic, version : int64
        The first two words of the file, by which a file header in its middle is told.
    order : int64
        AS_WRITTEN, SWAPPED or SWAPPED_IF_LONGER.
    longest : int64
        Captured length above which a record is damage.
    state_counts : int64[kinds, 4]
    out_record_at, out_ts_ns : int64[m]
    out_captured_bytes, out_wire_bytes : int32[m]

    Returns
    -------
    count, at, why, needed : int64
        Records found, where the next one begins, why it ended (FULL, NEED_MORE, DAMAGED, FILE_HEADER), and the bytes
        the next record needs as far as its header can be seen.

    Notes
    -----
    Seconds are unsigned 32 bits (until 2106). A fraction of a second or more is added as it stands and counted, as
    libpcap does; Wireshark shows 0.999999 instead.
    """
    end = np.int64(buffer.shape[0])
    room = np.int64(out_record_at.shape[0])
    valid_fraction = np.int64(1_000_000_000) // fraction_ns
    at = np.int64(begin)
    count = np.int64(0)
    while count < room:
        if end - at < header_bytes:
            return count, at, np.int64(NEED_MORE), np.int64(header_bytes)
        fraction = u32(buffer, at + 4, big)
        captured = u32(buffer, at + 8, big)
        wire = u32(buffer, at + 12, big)
        if captured + wire == 0 and u32(buffer, at, big) == magic and u32(buffer, at + 4, big) == version:
            why = FILE_HEADER if end - at >= FILE_HEADER_BYTES else NEED_MORE
            return count, at, np.int64(why), np.int64(FILE_HEADER_BYTES)
        if order == SWAPPED or (order == SWAPPED_IF_LONGER and captured > wire):
            captured, wire = wire, captured
        if captured > longest:
            return count, at, np.int64(DAMAGED), captured
        if end - at - header_bytes < captured:
            return count, at, np.int64(NEED_MORE), header_bytes + captured
        if fraction >= valid_fraction:
            count_defect(state_counts, INVALID_FRACTION, first_frame + count, base + at, fraction)
        out_ts_ns[count] = u32(buffer, at, big) * 1_000_000_000 + fraction * fraction_ns
        out_record_at[count] = at + header_bytes
        out_captured_bytes[count] = captured
        out_wire_bytes[count] = min(wire, np.int64(LONGEST))
        count += 1
        at += header_bytes + captured
    return count, at, np.int64(FULL), np.int64(0)
