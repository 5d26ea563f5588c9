"""The walk: one loop that follows any frame through the steps table, and the columns that it fills at the end."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode import stops, tables
from vmpcap.decode.bits import Bytes, be16, be32, be64, byte
from vmpcap.decode.fields import tcp
from vmpcap.decode.fields.icmp import is_echo
from vmpcap.decode.fields.link import read_link
from vmpcap.decode.frames import I32, I64, Frames
from vmpcap.decode.tables import Tables
from vmpcap.decode.words import (
    ARP,
    ICMP,
    IPV4,
    IPV6,
    LINK_LAYER,
    MAX_DEPTH,
    NETWORK_LAYER,
    REJECTED,
    TCP,
    TRANSPORT_LAYER,
    UDP,
    Space,
)
from vmpcap.decode.words import LEAST_SPECIAL_LENGTH as LEAST_SPECIAL
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import IPV4_MAPPED
from vmpcap.terms.kernels import inline_kernel, kernel
from vmpcap.terms.wire import ETHERTYPE_LEAST

_LINK_TYPES: Final = int(Space.LINK_TYPE)
_ETHERTYPES: Final = int(Space.ETHERTYPE)
_IP_PROTOCOLS: Final = int(Space.IP_PROTOCOL)
_LABEL_BYTES: Final = 4
_BOTTOM_OF_STACK: Final = 0x100

WHOLE: Final = 0
FIRST_FRAGMENT: Final = 1
LATER_FRAGMENT: Final = 2


@inline_kernel
def mix_id(key: int, word: int) -> int:
    """Which key has seen this id too? uint64; never 0. Products of 32 bits only, so nothing overflows."""
    low = (key ^ word) & np.uint64(0xFFFFFFFF)
    high = (key ^ word) >> np.uint64(32)
    mixed = (low * np.uint64(0x9E3779B1)) ^ (high * np.uint64(0x85EBCA77))
    turned = (mixed << np.uint64(32)) | (mixed >> np.uint64(32))
    return (turned ^ (high << np.uint64(7))) | np.uint64(1)


@inline_kernel
def measure_stack(buffer: Bytes, start: int, at: int, end: int) -> int:
    """How long is the label stack at `at`? Past `end` where it has no bottom before that."""
    length = 0
    while at + length + _LABEL_BYTES <= end:
        is_bottom = be16(buffer, start + length + 2) & _BOTTOM_OF_STACK
        length += _LABEL_BYTES
        if is_bottom:
            return length
    return end - at + _LABEL_BYTES


@kernel
def walk_frames(
    buffer: Bytes,
    record_at: I64,
    captured_bytes: I32,
    wire_bytes: I32,
    link_type: I32,
    steps: Tables,
    out: Frames,
) -> None:
    """
    What does each frame contain, and where does the walk through it stop?

    Parameters
    ----------
    buffer : uint8[n]
    record_at : int64[m]
    captured_bytes, wire_bytes, link_type : int32[m]
    steps : Tables
    out : Frames
        Rows 0..m-1 of every column but the first four are written.

    Notes
    -----
    `at` counts from the beginning of the frame. `limit` is where the packet ends on the wire, as the innermost length
    field that can be believed says; `captured` is where the captured bytes end. A header is read only when all bytes
    that the walk looks at lie before both. A length field of 0 says nothing (offloaded super-segments, BIG TCP). A
    packet inside a truncated mirror copy or inside the first fragment of a tunnel packet may end beyond `limit`: there
    its own length field is the only witness, and is believed.
    """
    rules = steps.rules
    entries = steps.entries
    lengths = steps.lengths
    for i in range(record_at.shape[0]):
        base = record_at[i]
        captured = np.int64(captured_bytes[i])
        limit = max(np.int64(wire_bytes[i]), captured)
        at = np.int64(0)
        depth = np.int64(0)
        path_high = np.uint64(0)
        path_low = np.uint64(0)
        is_open = False  # a mirror truncated the frame: only its own headers know how long it was
        has_lied = False
        link_reads = np.int64(0)
        link_at = np.int64(0)
        tag_outer = np.int64(-1)
        tag_inner = np.int64(-1)
        overlay = np.int64(-1)
        segment = np.uint64(0)
        ethertype = np.int64(0)
        network_reads = np.int64(0)
        network_at = np.int64(-1)
        ip_protocol = np.int64(0)
        fragment = np.int64(WHOLE)
        fragment_at = np.int64(-1)
        transport_reads = np.int64(0)
        transport_at = np.int64(-1)
        payload_at = np.int64(-1)
        payload_bytes = np.int64(0)

        stop = np.int64(stops.UNKNOWN_LINK_TYPE)
        step = np.int64(0)
        first = np.int64(link_type[i])
        if 0 <= first < tables.KEYS:
            step = np.int64(entries[_LINK_TYPES, first])
        while step != 0:
            if depth == MAX_DEPTH:
                stop = np.int64(stops.TOO_DEEP)
                break
            needed = at + rules[step, tables.NEEDS]
            if needed > limit:
                stop = np.int64(stops.CUT if is_open else stops.SHORT)
                break
            if needed > captured:
                stop = np.int64(stops.CUT)
                break
            start = base + at
            features = rules[step, tables.FEATURES]
            header = np.int64(lengths[step, byte(buffer, start + rules[step, tables.LENGTH_AT])])
            if header >= LEAST_SPECIAL:
                if header == REJECTED:
                    stop = np.int64(stops.NOT_AS_NAMED)
                    break
                header = measure_stack(buffer, start, at, min(limit, captured))
            if features & tables.HAS_EXPECT and (
                be64(buffer, start) & steps.expect_mask[step] != steps.expect_value[step]
            ):
                stop = np.int64(rules[step, tables.EXPECT_STOP])
                ethertype = rules[step, tables.TYPE]
                break
            layer = rules[step, tables.LAYER]
            if features & tables.HAS_SIZE:
                size = be16(buffer, start + rules[step, tables.SIZE_AT])
                end = at + size + rules[step, tables.SIZE_AFTER]
                if size != 0:
                    if end <= limit or is_open or (layer == NETWORK_LAYER and fragment == FIRST_FRAGMENT):
                        limit = end
                        is_open = False
                    elif fragment != FIRST_FRAGMENT:
                        has_lied = True
            if at + header > limit:
                stop = np.int64(stops.SHORT)
                break

            shift = np.uint64((56 - 8 * depth) & 63)
            if depth < 8:
                path_high |= np.uint64(step) << shift
            else:
                path_low |= np.uint64(step) << shift
            depth += 1
            if layer == NETWORK_LAYER:
                network_reads = np.int64(rules[step, tables.READS])
                network_at = at
                ethertype = np.int64(rules[step, tables.TYPE])
                ip_protocol = np.int64(0)
                fragment = np.int64(WHOLE)
                fragment_at = np.int64(-1)
                transport_reads = np.int64(0)
            elif layer == TRANSPORT_LAYER:
                transport_reads = np.int64(rules[step, tables.READS])
                transport_at = at
                payload_at = at + header
                payload_bytes = limit - payload_at
            elif layer == LINK_LAYER:
                link_reads = np.int64(rules[step, tables.READS])
                link_at = at
                tag_outer = np.int64(-1)
                tag_inner = np.int64(-1)
                ethertype = np.int64(0)
                network_reads = np.int64(0)
                transport_reads = np.int64(0)
                is_open |= fragment == FIRST_FRAGMENT
                fragment = np.int64(WHOLE)
            if features & tables.HAS_FRAGMENT:
                word = be16(buffer, start + rules[step, tables.FRAGMENT_AT])
                fragment_at = at
                if word & rules[step, tables.OFFSET_MASK]:
                    fragment = np.int64(LATER_FRAGMENT)
                elif word & rules[step, tables.MORE_MASK]:
                    fragment = np.int64(FIRST_FRAGMENT)
            if features & tables.HAS_KEEP:
                if features & tables.KEEP_FROM_END:
                    if at + header > captured:
                        stop = np.int64(stops.CUT)
                        break
                    kept_at = start + header + rules[step, tables.KEEP_AT]
                else:
                    kept_at = start + rules[step, tables.KEEP_AT]
                when = rules[step, tables.KEEP_WHEN]
                if when == 0 or byte(buffer, start) & when:
                    kept = (be32(buffer, kept_at) >> rules[step, tables.KEEP_SHIFT]) & rules[step, tables.KEEP_MASK]
                    is_tag = features & tables.KEEPS_TAG
                    if is_tag == 0:
                        overlay = kept
                    elif tag_outer < 0:
                        tag_outer = kept
                    elif tag_inner < 0:
                        tag_inner = kept
                    # a tag with id 0 carries a priority only: the frame is untagged (IEEE 802.1Q 9.6)
                    if features & tables.KEEP_SEPARATES and (kept != 0 or is_tag == 0):
                        segment = mix_id(segment, (np.uint64(step) << np.uint64(32)) | np.uint64(kept))
            if features & tables.HAS_CUT and byte(buffer, start + 2) & rules[step, tables.CUT_MASK]:
                is_open = True

            stop = np.int64(rules[step, tables.STOP])
            if features & tables.ENDS:
                break
            asked_at = start + rules[step, tables.NEXT_AT]
            space = np.int64(rules[step, tables.NEXT_SPACE])
            mask = rules[step, tables.NEXT_MASK]
            number = np.int64(rules[step, tables.NEXT_CONST])
            if features & tables.NEXT_IS_UNUSUAL:
                if features & tables.NEXT_AFTER_HEADER:
                    if at + header + 2 > min(limit, captured):
                        stop = np.int64(stops.SHORT if at + header + 2 > limit else stops.CUT)
                        break
                    asked_at += header
                elif features & tables.NEXT_EITHER_ORDER:
                    number |= be16(buffer, asked_at + 2)
                else:
                    space += (byte(buffer, start) & rules[step, tables.SELECT_MASK]) >> rules[step, tables.SELECT_SHIFT]
            if mask != 0:
                number |= (be16(buffer, asked_at) & mask) >> rules[step, tables.NEXT_SHIFT]
            if space == _IP_PROTOCOLS:
                ip_protocol = number
                if fragment == LATER_FRAGMENT:
                    stop = np.int64(stops.LATER_FRAGMENT)
                    break
            elif space == _ETHERTYPES:
                ethertype = number
            step = np.int64(entries[space, number])
            at += header

        if stop == stops.COMPLETE and has_lied:
            stop = np.int64(stops.LYING_LENGTH)
        source, destination = read_link(buffer, base + link_at, link_reads)
        out.eth_src[i] = source
        out.eth_dst[i] = destination
        out.vlan_outer_id[i] = tag_outer
        out.vlan_inner_id[i] = tag_inner
        out.vni[i] = overlay
        out.segment_key[i] = segment
        out.ethertype[i] = ethertype if ethertype >= ETHERTYPE_LEAST else 0
        out.path_high[i] = path_high
        out.path_low[i] = path_low
        out.depth[i] = depth

        start = base + network_at
        version = np.int64(0)
        ttl = np.int64(0)
        tos = np.int64(0)
        ip_id = np.int64(0)
        src_high = np.uint64(0)
        src_low = np.uint64(0)
        dst_high = np.uint64(0)
        dst_low = np.uint64(0)
        if network_reads == IPV4:
            version = np.int64(4)
            tos = byte(buffer, start + 1)
            ip_id = be16(buffer, start + 4)
            ttl = byte(buffer, start + 8)
            src_low = np.uint64(IPV4_MAPPED | be32(buffer, start + 12))
            dst_low = np.uint64(IPV4_MAPPED | be32(buffer, start + 16))
        elif network_reads == IPV6:
            version = np.int64(6)
            tos = (be16(buffer, start) >> 4) & 0xFF
            ttl = byte(buffer, start + 7)
            src_high = be64(buffer, start + 8)
            src_low = be64(buffer, start + 16)
            dst_high = be64(buffer, start + 24)
            dst_low = be64(buffer, start + 32)
            if fragment_at >= 0:
                ip_id = be32(buffer, base + fragment_at + 4)
        has_ip = version != 0
        out.network_at[i] = network_at if network_reads != 0 else -1
        out.ip_version[i] = version
        out.ip_protocol[i] = ip_protocol if has_ip else 0
        out.ip_ttl[i] = ttl
        out.ip_tos[i] = tos
        out.ip_id[i] = ip_id
        out.ip_fragment[i] = fragment if has_ip else 0
        out.src_high[i] = src_high
        out.src_low[i] = src_low
        out.dst_high[i] = dst_high
        out.dst_low[i] = dst_low

        start = base + transport_at
        has_transport = transport_reads != 0
        out.transport_at[i] = transport_at if has_transport else -1
        out.payload_at[i] = payload_at if has_transport else -1
        out.payload_bytes[i] = payload_bytes if has_transport else 0
        src_port = np.int64(0)
        dst_port = np.int64(0)
        seq = np.int64(0)
        ack = np.int64(0)
        flags = np.int64(0)
        window = np.int64(0)
        options = np.int64(0)
        icmp_type = np.int64(0)
        icmp_code = np.int64(0)
        icmp_id = np.int64(0)
        icmp_seq = np.int64(0)
        out.tcp_mss[i] = 0
        out.tcp_window_scale[i] = 0
        out.tcp_ts_value[i] = 0
        out.tcp_ts_echo[i] = 0
        out.tcp_sack_blocks[i] = 0
        if transport_reads == TCP:
            src_port = be16(buffer, start)
            dst_port = be16(buffer, start + 2)
            seq = be32(buffer, start + 4)
            ack = be32(buffer, start + 8)
            flags = be16(buffer, start + 12) & 0x0FFF
            window = be16(buffer, start + 14)
            options_at = start + tcp.FIXED_BYTES
            options_end = base + payload_at
            if options_end > options_at:
                if tcp.has_only_timestamps(buffer, options_at, options_end, base + captured):
                    out.tcp_ts_value[i] = be32(buffer, options_at + 4)
                    out.tcp_ts_echo[i] = be32(buffer, options_at + 8)
                    options = np.int64(tcp.HAS_TIMESTAMPS)
                else:
                    options = tcp.read_options(
                        buffer,
                        options_at,
                        options_end,
                        base + captured,
                        i,
                        out.tcp_mss,
                        out.tcp_window_scale,
                        out.tcp_ts_value,
                        out.tcp_ts_echo,
                        out.tcp_sack,
                        out.tcp_sack_blocks,
                    )
                    if options & tcp.OPTIONS_CUT and stop == stops.COMPLETE:
                        stop = np.int64(stops.CUT_OPTIONS)
        elif transport_reads == UDP:
            src_port = be16(buffer, start)
            dst_port = be16(buffer, start + 2)
        elif transport_reads == ICMP:
            icmp_type = byte(buffer, start)
            icmp_code = byte(buffer, start + 1)
            if is_echo(version, icmp_type):
                icmp_id = be16(buffer, start + 4)
                icmp_seq = be16(buffer, start + 6)
        out.stop[i] = stop
        out.src_port[i] = src_port
        out.dst_port[i] = dst_port
        out.tcp_seq[i] = seq
        out.tcp_ack[i] = ack
        out.tcp_flags[i] = flags
        out.tcp_window[i] = window
        out.tcp_options[i] = options
        out.icmp_type[i] = icmp_type
        out.icmp_code[i] = icmp_code
        out.icmp_id[i] = icmp_id
        out.icmp_seq[i] = icmp_seq


_GIVEN: Final = ("ts_ns", "captured_bytes", "wire_bytes", "interface")
"""Columns that the reader's arrays are handed on as."""

_DTYPES: Final[dict[str, npt.DTypeLike]] = {
    "stop": np.uint8,
    "path_high": np.uint64,
    "path_low": np.uint64,
    "depth": np.uint8,
    "eth_src": np.uint64,
    "eth_dst": np.uint64,
    "vlan_outer_id": np.int32,
    "vlan_inner_id": np.int32,
    "vni": np.int64,
    "segment_key": np.uint64,
    "ethertype": np.uint16,
    "network_at": np.int32,
    "ip_version": np.uint8,
    "ip_protocol": np.uint8,
    "ip_ttl": np.uint8,
    "ip_tos": np.uint8,
    "ip_id": np.uint32,
    "ip_fragment": np.uint8,
    "src_high": np.uint64,
    "src_low": np.uint64,
    "dst_high": np.uint64,
    "dst_low": np.uint64,
    "transport_at": np.int32,
    "payload_at": np.int32,
    "payload_bytes": np.int32,
    "src_port": np.uint16,
    "dst_port": np.uint16,
    "tcp_seq": np.uint32,
    "tcp_ack": np.uint32,
    "tcp_flags": np.uint16,
    "tcp_window": np.uint16,
    "tcp_options": np.uint8,
    "tcp_mss": np.uint16,
    "tcp_window_scale": np.uint8,
    "tcp_ts_value": np.uint32,
    "tcp_ts_echo": np.uint32,
    "tcp_sack": np.uint32,
    "tcp_sack_blocks": np.uint8,
    "icmp_type": np.uint8,
    "icmp_code": np.uint8,
    "icmp_id": np.uint16,
    "icmp_seq": np.uint16,
}
_SACK_EDGES: Final = 8
_CACHE_LINE: Final = 64
_PAGE: Final = 4096


def _scratch(rows: int) -> dict[str, npt.NDArray[Any]]:
    """
    Which arrays does a walk of so many rows write?

    They begin at different places within a page: were all at its start, row i of every column would compete for the
    same lines of the first-level cache.
    """
    columns = {}
    for place, (name, dtype) in enumerate(_DTYPES.items()):
        width = _SACK_EDGES if name == "tcp_sack" else 1
        item = np.dtype(dtype)
        room = np.zeros(rows * width * item.itemsize + 2 * _PAGE, dtype=np.uint8)
        skew = (-room.ctypes.data + place * _CACHE_LINE) % _PAGE
        column = room[skew : skew + rows * width * item.itemsize].view(item)
        columns[name] = column.reshape(rows, width) if width > 1 else column
    return columns


class Walker:
    """Walks batches, one after the other, into the same arrays."""

    def __init__(self, batch_records: int) -> None:
        self._batch_records = batch_records
        self._columns = _scratch(batch_records)
        self._steps = tables.tables()
        self._cut_rows = -1
        self._cut_columns: list[npt.NDArray[Any]] = []

    def walk(self, batch: RecordBatch) -> Frames:
        """
        What is in each frame of this batch?

        The arrays of the answer are read-only, and hold until the next walk.

        Raises
        ------
        ValueError
            The batch has more records than the walker was made for.
        """
        rows = batch.record_at.shape[0]
        if rows > self._batch_records:
            raise ValueError(f"a batch of {rows} records came to a walker made for {self._batch_records}")
        given = (batch.ts_ns, batch.captured_bytes, batch.wire_bytes, batch.interface)
        walk_frames(
            batch.buffer,
            batch.record_at,
            batch.captured_bytes,
            batch.wire_bytes,
            batch.link_type,
            self._steps,
            Frames(*given, *self._columns.values()),
        )
        return Frames(*given, *self._cut(rows))

    def _cut(self, rows: int) -> list[npt.NDArray[Any]]:
        """Which read-only views show the first rows of every column? Made once for batches of one length."""
        if rows != self._cut_rows:
            self._cut_columns = [column[:rows] for column in self._columns.values()]
            for column in self._cut_columns:
                column.flags.writeable = False
            self._cut_rows = rows
        return self._cut_columns
