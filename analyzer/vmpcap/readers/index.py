"""Kernels that find records and blocks in a block of bytes: where, how long, when."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import inline_kernel, kernel
from vmpcap.terms.units import NO_TIME

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

MULTIPLY: Final = 0
DIVIDE: Final = 1
DIVIDE_TWICE: Final = 2
SHIFT: Final = 3
NO_CLOCK: Final = 4
"""How ticks become nanoseconds: times 10^k, by 10^k, by 10^9 and then by 10^k, by 2^k, or not at all."""
_GIGA: Final = 1_000_000_000
_LAST_WHOLE_SECOND: Final = LATEST // _GIGA - 1
_HALF: Final = 0xFFFF_FFFF


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


@kernel
def tally_records(
    record_at: Int64s,
    captured_bytes: Int32s,
    wire_bytes: Int32s,
    ts_ns: Int64s,
    interface: Int32s,
    snaplens: Int64s,
    base: Int,
    first_frame: Int,
    state_sums: Int64s,
    state_counts: Int64s,
    state_interface_packets: Int64s,
) -> None:
    """
    How many packets, how many bytes, from when to when, and what is odd about them?

    Parameters
    ----------
    record_at, ts_ns : int64[n]
    captured_bytes, wire_bytes, interface : int32[n]
    snaplens : int64[interfaces]
        0: no limit.
    base, first_frame : int64
    state_sums : int64[SUMS]
    state_counts : int64[kinds, 4]
    state_interface_packets : int64[interfaces or more]

    Notes
    -----
    Time runs backwards where a timed packet is stamped before the timed one in front of it, whatever the interface.
    Files of several interfaces do this without anything being wrong with the clocks.
    """
    last = state_sums[LAST_TS]
    earliest = state_sums[MIN_TS]
    latest = state_sums[MAX_TS]
    wire_sum = np.int64(0)
    captured_sum = np.int64(0)
    for i in range(record_at.shape[0]):
        captured = np.int64(captured_bytes[i])
        wire = np.int64(wire_bytes[i])
        stamp = ts_ns[i]
        port = interface[i]
        frame = first_frame + i
        offset = base + record_at[i]
        wire_sum += wire
        captured_sum += captured
        state_interface_packets[port] += 1
        if captured > wire:
            count_defect(state_counts, OVER_WIRE, frame, offset, captured - wire)
        if captured == 0:
            count_defect(state_counts, NO_BYTES, frame, offset, wire)
        if snaplens[port] != 0 and captured > snaplens[port]:
            count_defect(state_counts, OVER_SNAPLEN, frame, offset, captured)
        if wire == LONGEST:
            count_defect(state_counts, WIRE_CLIPPED, frame, offset, wire)
        if stamp == NO_TIME:
            count_defect(state_counts, UNTIMED, frame, offset, np.int64(0))
            continue
        if stamp == LATEST or stamp == EARLIEST:
            count_defect(state_counts, OUT_OF_RANGE, frame, offset, np.int64(0))
        if last == NO_TIME:
            state_sums[FIRST_TS] = stamp
            earliest = stamp
            latest = stamp
        elif stamp < last:
            step = np.int64(LATEST)
            if last < 0 or stamp >= last - LATEST:
                step = last - stamp
            count_defect(state_counts, BACKWARDS, frame, offset, step)
        earliest = min(earliest, stamp)
        latest = max(latest, stamp)
        last = stamp
    state_sums[LAST_TS] = last
    state_sums[MIN_TS] = earliest
    state_sums[MAX_TS] = latest
    state_sums[WIRE] += wire_sum
    state_sums[CAPTURED] += captured_sum
    state_sums[PACKETS] += record_at.shape[0]


@inline_kernel
def add_clipped(left: Int, right: Int) -> Int:
    """What is the sum, kept within EARLIEST..LATEST?"""
    if right > 0 and left > LATEST - right:
        return np.int64(LATEST)
    if right < 0 and left < EARLIEST - right:
        return np.int64(EARLIEST)
    return left + right


@inline_kernel
def ticks_to_ns(high: Int, low: Int, way: Int, factor: Int, offset_ns: Int) -> Int:
    """
    How many nanoseconds since 1970 are these ticks?

    Parameters
    ----------
    high, low : int64
        The halves of an unsigned 64-bit count of ticks.
    way, factor : int64
        MULTIPLY or DIVIDE by `factor`; DIVIDE_TWICE by 10^9 and `factor`, whose product need not fit in 64 bits; SHIFT
        right by `factor` bits after seconds became nanoseconds; or NO_CLOCK.
    offset_ns : int64

    Returns
    -------
    int64
        Rounded down, so that order is kept; NO_TIME for NO_CLOCK; clipped to EARLIEST..LATEST.

    Notes
    -----
    Exact: ticks of 2^-k s need a product of 94 bits, which is made of two halves of at most 62 bits.
    """
    if way == NO_CLOCK:
        return np.int64(NO_TIME)
    if way == MULTIPLY:
        product_low = low * factor
        product_high = high * factor + (product_low >> 32)
        if product_high > _HALF >> 1:
            return np.int64(LATEST)
        return add_clipped(product_high << 32 | product_low & _HALF, offset_ns)
    ticks = np.uint64(high) << np.uint64(32) | np.uint64(low)
    if way == DIVIDE_TWICE:
        ticks = ticks // np.uint64(_GIGA)
    if way == DIVIDE or way == DIVIDE_TWICE:
        return add_clipped(np.int64(ticks // np.uint64(factor)), offset_ns)
    whole = np.uint64(0)
    rest = ticks
    if factor < 64:
        whole = ticks >> np.uint64(factor)
        rest = ticks - (whole << np.uint64(factor))
    if whole > np.uint64(_LAST_WHOLE_SECOND):
        return np.int64(LATEST)
    below = (rest & np.uint64(_HALF)) * np.uint64(_GIGA)
    above = (rest >> np.uint64(32)) * np.uint64(_GIGA) + (below >> np.uint64(32))
    if factor <= 32:
        part = below >> np.uint64(factor)
    elif factor < 96:
        part = above >> np.uint64(factor - 32)
    else:
        part = np.uint64(0)
    return add_clipped(np.int64(whole) * np.int64(_GIGA) + np.int64(part), offset_ns)


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


@kernel
def find_pcapng_records(
    buffer: Bytes,
    begin: Int,
    base: Int,
    first_frame: Int,
    found: Int,
    big: Int,
    longest_block: Int,
    stand_in: Int,
    section_interfaces: Int,
    interface_numbers: Int32s,
    link_types: Int32s,
    snaplens: Int64s,
    clock_ways: Int64s,
    clock_factors: Int64s,
    clock_offsets_ns: Int64s,
    state_sums: Int64s,
    state_counts: Int64s,
    state_drops: Int64s,
    out_record_at: Int64s,
    out_captured_bytes: Int32s,
    out_wire_bytes: Int32s,
    out_ts_ns: Int64s,
    out_interface: Int32s,
    out_link_type: Int32s,
    out_comments: Int64s,
) -> tuple[Int, Int, Int, Int, Int]:
    """
    Where do the packets of these pcapng blocks lie, when were they taken, on which interface?

    Parameters
    ----------
    buffer : uint8[n]
    begin, base, first_frame : int64
        As in find_pcap_records.
    found : int64
        Records that are already in the out arrays.
    big : bool
        Byte order of the section.
    longest_block : int64
        Total length above which a block is damage.
    stand_in : int64
        Number of the interface that stands for those never described; -1: there is none yet.
    section_interfaces : int64
        Interfaces described in this section so far.
    interface_numbers : int32[interfaces]
        Number over all sections of each interface of this section.
    link_types : int32[interfaces]
    snaplens, clock_ways, clock_factors, clock_offsets_ns : int64[interfaces]
        By the number over all sections.
    state_sums : int64[SUMS]
        Only NOT_PACKETS is added to; `first_frame` was counted with what stood there before.
    state_counts : int64[kinds, 4]
    state_drops : int64[interfaces]
    out_record_at, out_ts_ns : int64[m]
    out_captured_bytes, out_wire_bytes, out_interface, out_link_type : int32[m]
    out_comments : int64[c, 3]
        Frame, place in the buffer, length.

    Returns
    -------
    found, at, why, needed, comments : int64
        As find_pcap_records; with FOR_READER `needed` is the length of the block; comments may exceed c. Before a block
        of takes_a_frame_number it ends with GAP where records were found, so that record i always is frame
        first_frame + NOT_PACKETS added here + i.

    Notes
    -----
    A Simple Packet Block states no captured length: it is the snapshot length or the wire length, the lesser.
    """
    end = np.int64(buffer.shape[0])
    room = np.int64(out_record_at.shape[0])
    at = np.int64(begin)
    count = np.int64(found)
    comments = np.int64(0)
    frame = np.int64(first_frame) + count
    while count < room:
        if end - at < SMALLEST_BLOCK:
            return count, at, np.int64(NEED_MORE), np.int64(SMALLEST_BLOCK), comments
        kind = u32(buffer, at, big)
        total = u32(buffer, at + 4, big)
        if kind == SECTION_BLOCK:
            return count, at, np.int64(FOR_READER), np.int64(0), comments
        if total < SMALLEST_BLOCK or total > longest_block:
            return count, at, np.int64(DAMAGED), total, comments
        size = block_bytes(buffer, at, total, big)
        if size == 0:
            return count, at, np.int64(NEED_MORE), (total + 3) & ~np.int64(3) if end - at >= total else total, comments
        if size < 0:
            return count, at, np.int64(DAMAGED), total, comments
        if kind == ENHANCED_BLOCK or kind == PACKET_BLOCK:
            if total < PACKET_BLOCK_HEADER + 4:
                return count, at, np.int64(DAMAGED), total, comments
            local = u32(buffer, at + 8, big) if kind == ENHANCED_BLOCK else u16(buffer, at + 8, big)
            if local < section_interfaces:
                port = np.int64(interface_numbers[local])
            elif stand_in < 0:
                return count, at, np.int64(NO_INTERFACE), np.int64(0), comments
            else:
                port = stand_in
                count_defect(state_counts, UNKNOWN_INTERFACE, frame, base + at, local)
            record_at = at + PACKET_BLOCK_HEADER
            options_end = at + size - 4
            captured = u32(buffer, at + 20, big)
            wire = u32(buffer, at + 24, big)
            if captured > options_end - record_at:
                count_defect(state_counts, OVER_BLOCK, frame, base + at, captured)
                captured = options_end - record_at
            out_ts_ns[count] = ticks_to_ns(
                u32(buffer, at + 12, big),
                u32(buffer, at + 16, big),
                clock_ways[port],
                clock_factors[port],
                clock_offsets_ns[port],
            )
            if kind == PACKET_BLOCK:
                lost = u16(buffer, at + 10, big)
                if lost != DROPS_UNKNOWN:
                    count_drops(state_counts, state_drops, port, frame, base + at, lost)
            options_at = record_at + ((captured + 3) & ~np.int64(3))
            if options_end - options_at >= 4:
                comments = read_packet_options(
                    buffer,
                    options_at,
                    options_end,
                    base,
                    frame,
                    big,
                    kind == ENHANCED_BLOCK,
                    port,
                    comments,
                    state_counts,
                    state_drops,
                    out_comments,
                )
        elif kind == SIMPLE_BLOCK:
            if total < SIMPLE_BLOCK_HEADER + 4:
                return count, at, np.int64(DAMAGED), total, comments
            if section_interfaces > 0:
                port = np.int64(interface_numbers[0])
            elif stand_in < 0:
                return count, at, np.int64(NO_INTERFACE), np.int64(0), comments
            else:
                port = stand_in
                count_defect(state_counts, UNKNOWN_INTERFACE, frame, base + at, np.int64(0))
            record_at = at + SIMPLE_BLOCK_HEADER
            wire = u32(buffer, at + 8, big)
            captured = wire
            if snaplens[port] != 0:
                captured = min(captured, snaplens[port])
            if captured > at + size - 4 - record_at:
                count_defect(state_counts, OVER_BLOCK, frame, base + at, captured)
                captured = at + size - 4 - record_at
            out_ts_ns[count] = NO_TIME
        elif kind == INTERFACE_BLOCK or kind == STATISTICS_BLOCK:
            if total & 3:
                count_defect(state_counts, UNALIGNED, frame, base + at, total)
            return count, at, np.int64(FOR_READER), size, comments
        else:
            numbered = takes_a_frame_number(kind)
            if numbered and count > 0:
                return count, at, np.int64(GAP), np.int64(0), comments
            if kind != NAMES_BLOCK and kind != SECRETS_BLOCK:
                count_defect(state_counts, SKIPPED, frame, base + at, size)
            if total & 3:
                count_defect(state_counts, UNALIGNED, frame, base + at, total)
            if numbered:
                state_sums[NOT_PACKETS] += 1
                frame += 1
            at += size
            continue
        out_record_at[count] = record_at
        out_captured_bytes[count] = captured
        out_wire_bytes[count] = min(wire, np.int64(LONGEST))
        out_interface[count] = port
        out_link_type[count] = link_types[port]
        if total & 3:
            count_defect(state_counts, UNALIGNED, frame, base + at, total)
        count += 1
        frame += 1
        at += size
    return count, at, np.int64(FULL), np.int64(0), comments
