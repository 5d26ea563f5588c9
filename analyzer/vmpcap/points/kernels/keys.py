"""What names a packet at every point that it passes: hashes of what does not change on the way."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.terms.kernels import Int, inline_kernel, kernel, pasted_kernel
from vmpcap.terms.units import NO_TIME
from vmpcap.terms.wire import ETHERTYPE_ARP, ETHERTYPE_RARP, IP_TCP

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

ARP_BODY: Final = 28
"""Bytes of an ARP or RARP body for Ethernet and IPv4: what follows is padding."""
ARP_WORDS: Final = 7
ARP_SENDER_IP: Final = 14
ARP_TARGET_IP: Final = 24
GROUP_BIT: Final = 1 << 40
"""Of an Ethernet destination of 48 bits: broadcast and multicast."""
FLAGS: Final = 0x3F
"""TCP flags of a key: those of ECN are not among them."""
LARGEST_MASK: Final = (1 << 40) - 1
"""Who has more packets than that alike is not sampled further."""

UNICAST: Final = 1
"""An IP packet to one station: both ends of its path are known, so that it may bound a clock."""
OTHER: Final = 2

ROWS: Final = 0
MASK: Final = 1
WITHOUT_KEY: Final = 2
LEFT_OUT: Final = 3
TOTALS: Final = 4


class Kept(NamedTuple):
    """The packets of one point that are kept, in capture order."""

    key: U64
    """uint64[budget]: addresses, ports, numbers, lengths, IP identification."""
    loose: U64
    """uint64[budget]: for TCP without addresses, ports and identification; else the key. It decides who is kept."""
    pair: U64
    """uint64[budget]: the two ends, whichever sent."""
    ts_ns: I64
    frame: I64
    payload_bytes: I32
    tcp_seq: U32
    """uint32[budget]: 0 for all but TCP"""
    tcp_ack: U32
    """uint32[budget]: 0 for all but TCP"""
    ports: U32
    """uint32[budget]: the sender's port in the upper half, the receiver's in the lower"""
    echo: U32
    """uint32[budget]: identifier and number of an ICMP echo, the same in its reply; 0 for all else"""
    vlan_id: I32
    ip_id: U16
    """uint16[budget]: 0 where there is none, as in IPv6"""
    ttl: U8
    tos: U8
    side: U8
    """uint8[budget]: which of the two ends sent."""
    kind: U8
    """uint8[budget]: UNICAST or OTHER"""
    is_copy: U8
    """uint8[budget]: 1 for what this point shows a second time, as CopyFinder marks it: it passed once."""
    totals: I64
    """int64[TOTALS]: rows, mask of the sampling, frames without a key, frames left out though they should be kept."""


@inline_kernel
def stir(state: np.uint64, word: np.uint64) -> np.uint64:
    """One word more into a hash."""
    mixed = (state ^ word) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)


@inline_kernel
def finish(state: np.uint64) -> np.uint64:
    """The last turn: its low bits depend on all words."""
    mixed = (state ^ (state >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return mixed ^ (mixed >> np.uint64(32))


@inline_kernel
def read_word(buffer: U8, at: Int) -> np.uint64:
    """Four bytes from there on, big endian."""
    return (
        np.uint64(buffer[at]) << np.uint64(24)
        | np.uint64(buffer[at + 1]) << np.uint64(16)
        | np.uint64(buffer[at + 2]) << np.uint64(8)
        | np.uint64(buffer[at + 3])
    )


@inline_kernel
def halve(kept: Kept) -> None:
    """Ask one bit more of a hash and keep only who has it: of many points all keep the same packets."""
    mask = np.uint64(kept.totals[MASK]) << np.uint64(1) | np.uint64(1)
    kept.totals[MASK] = np.int64(mask)
    end = 0
    for row in range(kept.totals[ROWS]):
        if kept.loose[row] & mask != np.uint64(0):
            continue
        kept.key[end] = kept.key[row]
        kept.loose[end] = kept.loose[row]
        kept.pair[end] = kept.pair[row]
        kept.ts_ns[end] = kept.ts_ns[row]
        kept.frame[end] = kept.frame[row]
        kept.payload_bytes[end] = kept.payload_bytes[row]
        kept.tcp_seq[end] = kept.tcp_seq[row]
        kept.tcp_ack[end] = kept.tcp_ack[row]
        kept.ports[end] = kept.ports[row]
        kept.echo[end] = kept.echo[row]
        kept.vlan_id[end] = kept.vlan_id[row]
        kept.ip_id[end] = kept.ip_id[row]
        kept.ttl[end] = kept.ttl[row]
        kept.tos[end] = kept.tos[row]
        kept.side[end] = kept.side[row]
        kept.kind[end] = kept.kind[row]
        kept.is_copy[end] = kept.is_copy[row]
        end += 1
    kept.totals[ROWS] = end


WORD: Final = (1 << 64) - 1


def ends_key(one: tuple[int, int], other: tuple[int, int]) -> int:
    """
    Under which number of `pair` are the packets between these two addresses kept? Each as its two halves.

    The same in plain integers as in `keep_packets`: it is asked a few times, and needs no compiler.
    """
    state = 1
    for word in (half for address in sorted((one, other)) for half in address):
        mixed = (state ^ word) * 0x9E3779B97F4A7C15 & WORD
        state = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 & WORD
    mixed = (state ^ state >> 32) * 0xD6E8FEB86659FD93 & WORD
    return mixed ^ mixed >> 32


def body_ends_key(ethertype: int, one: int, other: int) -> int:
    """The same of ARP and RARP bodies, by the addresses of sender and target; those of IPv4 as a number."""
    state = ethertype
    for word in sorted((one, other)):
        mixed = (state ^ word) * 0x9E3779B97F4A7C15 & WORD
        state = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 & WORD
    mixed = (state ^ state >> 32) * 0xD6E8FEB86659FD93 & WORD
    return mixed ^ mixed >> 32


@pasted_kernel
def keep_fields(frames: Frames, i: Int, kept: Kept, row: Int) -> None:
    """What does this packet say of itself, which its copies at other points say as well, or all but a hop?"""
    kept.ts_ns[row] = frames.ts_ns[i]
    kept.payload_bytes[row] = frames.payload_bytes[i]
    kept.tcp_seq[row] = frames.tcp_seq[i]
    kept.tcp_ack[row] = frames.tcp_ack[i]
    kept.ports[row] = np.uint32(frames.src_port[i]) << np.uint32(16) | np.uint32(frames.dst_port[i])
    kept.echo[row] = np.uint32(frames.icmp_id[i]) << np.uint32(16) | np.uint32(frames.icmp_seq[i])
    kept.vlan_id[row] = frames.vlan_outer_id[i]
    kept.ip_id[row] = np.uint16(frames.ip_id[i])
    kept.ttl[row] = frames.ip_ttl[i]
    kept.tos[row] = frames.ip_tos[i]


@kernel
def keep_packets(
    frames: Frames,
    buffer: U8,
    record_at: I64,
    captured_bytes: I32,
    inside: U8,
    copies: U8,
    first_frame: Int,
    kept: Kept,
) -> None:
    """
    Which packets does this batch add to those by which points are compared?

    Parameters
    ----------
    inside : uint8[m]
        0 for frames that were not asked for.
    copies : uint8[m]
        Not 0 for frames that the capture holds already.
    kept : its arrays are state, carried over batches; len(kept.key) is the budget

    Notes
    -----
    Two packets share a key by chance in one of 2**64 pairs; whoever knows the hash can make them share it, and then
    they are taken for repetitions of one. Innermost headers only, so that encapsulation on one side does not matter;
    nothing that a hop may change (TTL, MAC, VLAN, checksum, DSCP, ECN). Fragments have no key: their ports are in the
    first one only. A batch holds fewer rows than 2**31; sampled packets are missing at all points alike.
    """
    room = kept.key.shape[0]
    for i in range(frames.ts_ns.shape[0]):
        if inside[i] == 0 or frames.ts_ns[i] == NO_TIME:
            continue
        key = np.uint64(0)
        loose = np.uint64(0)
        pair = np.uint64(0)
        side = np.uint8(0)
        kind = np.uint8(OTHER)
        if frames.ip_version[i] != 0:
            if frames.transport_at[i] < 0 or frames.ip_fragment[i] != 0:
                kept.totals[WITHOUT_KEY] += 1
                continue
            length = np.uint64(np.uint32(frames.payload_bytes[i]))
            if frames.ip_protocol[i] == IP_TCP:
                numbers = np.uint64(frames.tcp_seq[i]) << np.uint64(32) | np.uint64(frames.tcp_ack[i])
                shape = length << np.uint64(8) | np.uint64(frames.tcp_flags[i] & FLAGS)
                loose = finish(stir(stir(np.uint64(3), numbers), shape))
                if loose & np.uint64(kept.totals[MASK]) != np.uint64(0):
                    continue  # before the rest is asked for: most packets of a long capture
            sh, sl, dh, dl = frames.src_high[i], frames.src_low[i], frames.dst_high[i], frames.dst_low[i]
            if sh > dh or (sh == dh and sl > dl):
                side = np.uint8(1)
                pair = finish(stir(stir(stir(stir(np.uint64(1), dh), dl), sh), sl))
            else:
                pair = finish(stir(stir(stir(stir(np.uint64(1), sh), sl), dh), dl))
            if frames.eth_dst[i] & np.uint64(GROUP_BIT) == np.uint64(0):
                kind = np.uint8(UNICAST)
            identity = np.uint64(frames.ip_id[i])
            ports = np.uint64(frames.src_port[i]) << np.uint64(16) | np.uint64(frames.dst_port[i])
            if frames.ip_protocol[i] == IP_TCP:
                key = stir(stir(loose, ports), identity)
            else:
                protocol = np.uint64(frames.ip_protocol[i])
                echo = np.uint64(frames.icmp_id[i]) << np.uint64(16) | np.uint64(frames.icmp_seq[i])
                sort = np.uint64(frames.icmp_type[i]) << np.uint64(8) | np.uint64(frames.icmp_code[i])
                key = stir(stir(stir(stir(stir(protocol, ports), length), identity), echo), sort)
            key = finish(stir(stir(stir(stir(key, sh), sl), dh), dl))
            if frames.ip_protocol[i] != IP_TCP:
                loose = key
        elif frames.ethertype[i] == ETHERTYPE_ARP or frames.ethertype[i] == ETHERTYPE_RARP:
            at = frames.network_at[i]
            if at < 0 or at + ARP_BODY > captured_bytes[i]:
                kept.totals[WITHOUT_KEY] += 1
                continue
            body = record_at[i] + np.int64(at)
            key = np.uint64(frames.ethertype[i])
            for word in range(ARP_WORDS):
                key = stir(key, read_word(buffer, body + 4 * word))
            key = finish(key)
            loose = key
            sender, target = read_word(buffer, body + ARP_SENDER_IP), read_word(buffer, body + ARP_TARGET_IP)
            if sender > target:
                side = np.uint8(1)
                sender, target = target, sender
            pair = finish(stir(stir(np.uint64(frames.ethertype[i]), sender), target))
        else:
            kept.totals[WITHOUT_KEY] += 1
            continue
        while kept.totals[ROWS] == room and kept.totals[MASK] < LARGEST_MASK:
            halve(kept)
        if loose & np.uint64(kept.totals[MASK]) != np.uint64(0):
            continue
        row = kept.totals[ROWS]
        if row == room:
            kept.totals[LEFT_OUT] += 1
            continue
        kept.key[row], kept.loose[row], kept.pair[row] = key, loose, pair
        kept.side[row], kept.kind[row], kept.is_copy[row] = side, kind, np.uint8(copies[i] != 0)
        kept.frame[row] = first_frame + i
        keep_fields(frames, i, kept, row)
        kept.totals[ROWS] = row + 1
