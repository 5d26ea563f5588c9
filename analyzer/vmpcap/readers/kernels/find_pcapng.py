"""The kernel that finds the packets of a pcapng section."""

import numpy as np

from vmpcap.readers.kernels.blocks import (
    DROPS_UNKNOWN,
    ENHANCED_BLOCK,
    INTERFACE_BLOCK,
    NAMES_BLOCK,
    PACKET_BLOCK,
    PACKET_BLOCK_HEADER,
    SECRETS_BLOCK,
    SECTION_BLOCK,
    SIMPLE_BLOCK,
    SIMPLE_BLOCK_HEADER,
    SMALLEST_BLOCK,
    STATISTICS_BLOCK,
    block_bytes,
    count_drops,
    read_packet_options,
    takes_a_frame_number,
)
from vmpcap.readers.kernels.index import (
    DAMAGED,
    FOR_READER,
    FULL,
    GAP,
    LONGEST,
    NEED_MORE,
    NO_INTERFACE,
    NOT_PACKETS,
    OVER_BLOCK,
    SKIPPED,
    UNALIGNED,
    UNKNOWN_INTERFACE,
    Bytes,
    Int,
    Int32s,
    Int64s,
    count_defect,
    u16,
    u32,
)
from vmpcap.readers.kernels.ticks import ticks_to_ns
from vmpcap.terms.kernels import inline_kernel, kernel
from vmpcap.terms.units import NO_TIME


@inline_kernel
def port_of(local: Int, described: Int, interface_numbers: Int32s, stand_in: Int) -> tuple[Int, Int]:
    """Which number over all sections has this interface of the section, and was it described? -1: nothing stands in."""
    if local < described:
        return np.int64(interface_numbers[local]), True
    return np.int64(stand_in), False


@inline_kernel
def header_bytes(kind: Int) -> Int:
    """How far behind the start of a packet block of this type lie the captured bytes? 0: it holds no packet."""
    if kind == ENHANCED_BLOCK or kind == PACKET_BLOCK:
        return np.int64(PACKET_BLOCK_HEADER)
    return np.int64(SIMPLE_BLOCK_HEADER if kind == SIMPLE_BLOCK else 0)


@inline_kernel
def interface_of(buffer: Bytes, at: Int, kind: Int, big: Int) -> Int:
    """On which interface of the section was the packet of this block taken? Simple blocks are of the first."""
    if kind == ENHANCED_BLOCK:
        return u32(buffer, at + 8, big)
    return u16(buffer, at + 8, big) if kind == PACKET_BLOCK else np.int64(0)


@inline_kernel
def note_skipped(state_counts: Int64s, kind: Int, frame: Int, offset: Int, size: Int, total: Int) -> None:
    """What is noted of a block that nobody reads? Of names and secrets nothing: no figure needs them."""
    if kind != NAMES_BLOCK and kind != SECRETS_BLOCK:
        count_defect(state_counts, SKIPPED, frame, offset, size)
    if total & 3:
        count_defect(state_counts, UNALIGNED, frame, offset, total)


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
        if kind == INTERFACE_BLOCK or kind == STATISTICS_BLOCK:
            if total & 3:
                count_defect(state_counts, UNALIGNED, frame, base + at, total)
            return count, at, np.int64(FOR_READER), size, comments
        header = header_bytes(kind)
        if header == 0:
            numbered = takes_a_frame_number(kind)
            if numbered and count > 0:
                return count, at, np.int64(GAP), np.int64(0), comments
            note_skipped(state_counts, kind, frame, base + at, size, total)
            if numbered:
                state_sums[NOT_PACKETS] += 1
                frame += 1
            at += size
            continue
        if total < header + 4:
            return count, at, np.int64(DAMAGED), total, comments
        local = interface_of(buffer, at, kind, big)
        port, is_known = port_of(local, section_interfaces, interface_numbers, stand_in)
        if port < 0:
            return count, at, np.int64(NO_INTERFACE), np.int64(0), comments
        if not is_known:
            count_defect(state_counts, UNKNOWN_INTERFACE, frame, base + at, local)
        record_at = at + header
        if kind == SIMPLE_BLOCK:
            wire = u32(buffer, at + 8, big)
            captured = wire if snaplens[port] == 0 else min(wire, snaplens[port])
            out_ts_ns[count] = NO_TIME
        else:
            options_end = at + size - 4
            captured = u32(buffer, at + 20, big)
            wire = u32(buffer, at + 24, big)
            out_ts_ns[count] = ticks_to_ns(
                u32(buffer, at + 12, big), u32(buffer, at + 16, big), clock_ways[port], clock_factors[port],
                clock_offsets_ns[port],
            )  # fmt: skip
            if kind == PACKET_BLOCK:
                lost = u16(buffer, at + 10, big)
                if lost != DROPS_UNKNOWN:
                    count_drops(state_counts, state_drops, port, frame, base + at, lost)
            options_at = record_at + ((min(captured, options_end - record_at) + 3) & ~np.int64(3))
            if options_end - options_at >= 4:
                comments = read_packet_options(
                    buffer, options_at, options_end, base, frame, big, kind == ENHANCED_BLOCK, port, comments,
                    state_counts, state_drops, out_comments,
                )  # fmt: skip
        if captured > at + size - 4 - record_at:
            count_defect(state_counts, OVER_BLOCK, frame, base + at, captured)
            captured = at + size - 4 - record_at
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
