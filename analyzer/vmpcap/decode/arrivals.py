"""Bodies of ARP, RARP and neighbour discovery: who says where which address lives."""

from typing import Any, Final

import numpy as np

from vmpcap.decode.bits import Bytes, be16, be32, be48, be64, byte
from vmpcap.decode.frames import I32, I64, U8, U16, Arrivals, Frames
from vmpcap.readers.columns import read_only
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.addresses import IPV4_MAPPED, NO_MAC
from vmpcap.terms.kernels import kernel
from vmpcap.terms.wire import (
    ETHERTYPE_ARP,
    ETHERTYPE_RARP,
    ICMPV6_NEIGHBOR_ADVERTISEMENT,
    ICMPV6_NEIGHBOR_SOLICITATION,
    ND_SOURCE_LINK_LAYER,
    ND_TARGET_LINK_LAYER,
)

# Arrivals.kind
ARP: Final = 1
RARP: Final = 2
NS: Final = 3
NA: Final = 4
KIND_NAMES: Final = {ARP: "arp", RARP: "rarp", NS: "ns", NA: "na"}

# Arrivals.opcode of a neighbour advertisement (RFC 4861 4.4)
NA_ROUTER: Final = 0x80
NA_SOLICITED: Final = 0x40
NA_OVERRIDE: Final = 0x20

_ND_FIXED_BYTES: Final = 24
_ND_OPTIONS_LOOKED_AT: Final = 16
_ETHERNET_OPTION_UNITS: Final = 1  # of 8 bytes: type, length, six bytes of address


@kernel
def read_bodies(
    buffer: Bytes,
    record_at: I64,
    captured_bytes: I32,
    rows: I64,
    ethertype: U16,
    network_at: I32,
    transport_at: I32,
    payload_end: I64,
    icmp_type: U8,
    out: Arrivals,
) -> int:
    """
    What do the bodies in these rows say? Gives the number of rows written.

    Parameters
    ----------
    buffer : uint8[n]
    record_at : int64[m]
    captured_bytes : int32[m]
    rows : int64[r]
        Candidates.
    ethertype : uint16[m]
    network_at, transport_at : int32[m]
    payload_end : int64[r]
        Where the packet ends, from the frame's first byte.
    icmp_type : uint8[m]
    out : Arrivals
        r rows.

    Notes
    -----
    A neighbour-discovery message counts only where it was captured up to its target; its options are read as far as
    they were captured. The hop limit is not asked, though receivers ignore all but 255 (RFC 4861 7.1).
    """
    written = 0
    for r in range(rows.shape[0]):
        row = rows[r]
        base = record_at[row]
        end = min(np.int64(captured_bytes[row]), payload_end[r])
        body = base + network_at[row]
        if ethertype[row] == ETHERTYPE_ARP or ethertype[row] == ETHERTYPE_RARP:
            out.kind[written] = ARP if ethertype[row] == ETHERTYPE_ARP else RARP
            out.opcode[written] = be16(buffer, body + 6)
            out.sender_mac[written] = np.uint64(be48(buffer, body + 8))
            out.sender_high[written] = 0
            out.sender_low[written] = np.uint64(IPV4_MAPPED | be32(buffer, body + 14))
            out.target_mac[written] = np.uint64(be48(buffer, body + 18))
            out.target_high[written] = 0
            out.target_low[written] = np.uint64(IPV4_MAPPED | be32(buffer, body + 24))
        else:
            message_at = np.int64(transport_at[row])
            if message_at + _ND_FIXED_BYTES > end:
                continue
            message = base + message_at
            is_advertisement = icmp_type[row] == ICMPV6_NEIGHBOR_ADVERTISEMENT
            out.kind[written] = NA if is_advertisement else NS
            out.opcode[written] = byte(buffer, message + 4) & 0xE0 if is_advertisement else 0
            out.sender_high[written] = be64(buffer, body + 8)
            out.sender_low[written] = be64(buffer, body + 16)
            out.target_mac[written] = np.uint64(NO_MAC)
            out.target_high[written] = be64(buffer, message + 8)
            out.target_low[written] = be64(buffer, message + 16)
            wanted = ND_TARGET_LINK_LAYER if is_advertisement else ND_SOURCE_LINK_LAYER
            mac = np.uint64(NO_MAC)
            at = message_at + _ND_FIXED_BYTES
            for _ in range(_ND_OPTIONS_LOOKED_AT):
                if at + 8 > end:
                    break
                units = byte(buffer, base + at + 1)
                if units == 0:
                    break
                if byte(buffer, base + at) == wanted and units == _ETHERNET_OPTION_UNITS:
                    mac = np.uint64(be48(buffer, base + at + 2))
                    break
                at += 8 * units
            out.sender_mac[written] = mac
        out.row[written] = row
        written += 1
    return written


def read_arrivals(batch: RecordBatch, frames: Frames) -> Arrivals:
    """
    Which ARP, RARP and neighbour-discovery bodies are in this batch?

    Notes
    -----
    Bodies about other than Ethernet and IPv4 addresses are not among them: such frames have the stop `foreign_arp`. Nor
    are neighbour-discovery messages that were cut before their target. 42 captured bytes of an untagged frame are
    enough for ARP and RARP.
    """
    rows = _candidates(frames)
    if not rows.size:
        return _NO_ARRIVALS
    out = _room(rows.size)
    payload_end = frames.payload_at[rows].astype(np.int64) + frames.payload_bytes[rows]
    is_arp = frames.transport_at[rows] < 0
    payload_end[is_arp] = batch.captured_bytes[rows][is_arp]
    written = read_bodies(
        batch.buffer,
        batch.record_at,
        batch.captured_bytes,
        read_only(rows),
        frames.ethertype,
        frames.network_at,
        frames.transport_at,
        read_only(payload_end),
        frames.icmp_type,
        out,
    )
    return _first(out, written)


def _candidates(frames: Frames) -> I64:
    """Which rows hold such a body? One pass over two narrow columns where there is none."""
    is_arp = (frames.ip_version == 0) & (frames.network_at >= 0)
    is_nd = frames.icmp_type >= ICMPV6_NEIGHBOR_SOLICITATION  # nothing of ICMPv4 has such a type
    rows: I64 = np.flatnonzero(is_arp | is_nd)
    if not rows.size:
        return rows
    icmp_type = frames.icmp_type[rows]
    is_nd = (icmp_type <= ICMPV6_NEIGHBOR_ADVERTISEMENT) & (frames.ip_version[rows] == 6)
    chosen: I64 = rows[is_arp[rows] | is_nd]
    return chosen


def _room(rows: int) -> Arrivals:
    """Which arrays hold so many arrivals?"""
    return Arrivals(
        row=np.zeros(rows, np.int64),
        kind=np.zeros(rows, np.uint8),
        opcode=np.zeros(rows, np.uint16),
        sender_mac=np.zeros(rows, np.uint64),
        sender_high=np.zeros(rows, np.uint64),
        sender_low=np.zeros(rows, np.uint64),
        target_mac=np.zeros(rows, np.uint64),
        target_high=np.zeros(rows, np.uint64),
        target_low=np.zeros(rows, np.uint64),
    )


def _first(arrivals: Arrivals, rows: int) -> Arrivals:
    """Which are the first rows?"""
    columns: Any = (column[:rows] for column in arrivals)
    return Arrivals(*columns)


_NO_ARRIVALS: Final = _room(0)
