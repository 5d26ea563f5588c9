"""Copies: one packet that the capture holds twice, because it passed the capture point (or two of them) twice."""

from typing import Final, NamedTuple

import numpy as np

from vmpcap.decode.bits import Bytes, be32, byte
from vmpcap.decode.frames import I32, I64, U8, U64, Frames
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.kernels import Bool, Int, inline_kernel, kernel, pasted_kernel
from vmpcap.terms.units import NO_TIME, NS_PER_MS, NS_PER_US
from vmpcap.terms.wire import IP_TCP, IP_UDP, TCP_FIN, TCP_SYN

WINDOW_NS: Final = 2 * NS_PER_MS
"""How far apart two copies are that no IP id tells: a router or firewall takes 0.2 to 0.4 ms, a switch far less."""
NAMED_NS: Final = 50 * NS_PER_MS
"""The same for copies with one IP id: taps of both ends merged into one file; shorter than any timeout of TCP."""
ELSEWHERE_NS: Final = 1_000 * NS_PER_MS
"""The same where other link-layer addresses, tags or a lower TTL show that the copy was taken elsewhere."""
MOST_HOPS: Final = 32
"""Routers that may lie between two copies with one IP id."""
NEAR_NS: Final = 50 * NS_PER_US
"""The same for packets that nothing but their bytes tells apart: nobody resends before a round trip is over."""
SLOTS: Final = 1 << 14
"""Recent packets remembered: four for each value of a digest's top bits, of which the first makes room."""
SENDERS: Final = 1 << 12
_SENDER_SHIFT: Final = 64 - 12
_WAYS: Final = 4
_SET_SHIFT: Final = 64 - 12
_NAMED: Final = (1 << _SET_SHIFT) - 1
_TAG_BITS: Final = 16
_TAG: Final = 0xFFFF
_ONES: Final = 0x0001_0001_0001_0001
_LOW_BITS: Final = 0x7FFF_7FFF_7FFF_7FFF
_NAME: Final = 0
_TIME: Final = 1
_PLACE: Final = 2
_SEGMENT: Final = 3
_DIGESTED_BYTES: Final = 64
"""Bytes of a packet without a transport header that must be alike, from its network header on."""
_TCP_CHECKSUM_AT: Final = 16
_UDP_CHECKSUM_AT: Final = 4
_ICMP_CHECKSUM_AT: Final = 0


# What a frame may be
COPY: Final = 1
"""Of one in the same segment."""
MIRRORED: Final = 2
"""Of one in another segment: other tags or another overlay, so another flow."""


class Recent(NamedTuple):
    """The packets seen last, carried from batch to batch. What is looked at together lies together in memory."""

    tags: U64
    """uint64[SLOTS / 4]: 16 bits of the digests of four packets: all that most packets are compared with."""
    turns: U8
    """uint8[SLOTS / 4]: which of the four was remembered first, and makes room next."""
    seen: U64
    """
    uint64[SLOTS, 4]: digest of what no router changes, less the bits that the slot tells, before the TTL (0 nothing
    yet); time, int64 nanoseconds bit by bit; digest of the link-layer addresses and the segment; Frames.segment_key.
    """
    last_id: U64
    """uint64[SENDERS]: IP id of the last packet between two addresses, by their digest."""
    counts: U8
    """uint8[SENDERS]: 1 where it differed from the one before."""


class Windows(NamedTuple):
    """How far apart two copies may be, in ns."""

    near_ns: int = NEAR_NS
    usual_ns: int = WINDOW_NS
    named_ns: int = NAMED_NS
    elsewhere_ns: int = ELSEWHERE_NS


@inline_kernel
def stir(a: np.uint64, b: np.uint64) -> np.uint64:
    """Which digest have two words? Products of 32 bits only, so nothing overflows."""
    mask = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    x = ((a & mask) ^ (b >> half)) * np.uint64(0x9E3779B1)
    y = ((a >> half) ^ (b & mask)) * np.uint64(0x85EBCA77)
    return x ^ ((y << half) | (y >> half)) ^ a


@inline_kernel
def digest_bytes(buffer: Bytes, begin: np.int64, end: np.int64, skip_a: np.int64, skip_b: np.int64) -> np.uint64:
    """Which digest have these bytes, but for the one at `skip_a` and the two from `skip_b` on?"""
    digest = np.uint64(end - begin)
    for at in range(begin, end):
        if at not in (skip_a, skip_b, skip_b + 1):
            digest = stir(digest, np.uint64(((at - begin) << 8) | byte(buffer, at)))
    return digest


@inline_kernel
def find_slot(state: Recent, number: np.int64, digest: np.uint64) -> np.int64:
    """Where in this set of four is the digest remembered? -1 nowhere."""
    apart = state.tags[number] ^ ((digest & np.uint64(_TAG)) * np.uint64(_ONES))
    low = np.uint64(_LOW_BITS)
    alike = ~(((apart & low) + low) | apart | low)  # the top bit of each tag that is the same
    if alike == 0:
        return np.int64(-1)
    for way in range(_WAYS):
        slot = number * _WAYS + way
        is_tag = (alike >> np.uint64(_TAG_BITS * way)) & np.uint64(_TAG) != 0
        if is_tag and state.seen[slot, _NAME] >> np.uint64(8) == digest & np.uint64(_NAMED):
            return np.int64(slot)
    return np.int64(-1)


@inline_kernel
def make_slot(state: Recent, number: np.int64, digest: np.uint64) -> np.int64:
    """Which of this set of four makes room for the digest? The one that was remembered first."""
    way = state.turns[number]
    state.turns[number] = (way + 1) % _WAYS
    at = np.uint64(_TAG_BITS * way)
    state.tags[number] = (state.tags[number] & ~(np.uint64(_TAG) << at)) | ((digest & np.uint64(_TAG)) << at)
    return np.int64(number * _WAYS + way)


@inline_kernel
def is_same_packet(
    has_ip_id: bool, hops: Int, age: Int, is_elsewhere: Bool, is_resendable: Bool, windows: Windows
) -> Bool:
    """Is what agrees in everything that no router changes the same packet, so far apart in time and hops?"""
    if has_ip_id:
        return bool(hops <= MOST_HOPS and age <= (windows.elsewhere_ns if is_elsewhere else windows.named_ns))
    return bool(hops <= 1 and age <= windows.usual_ns and (is_elsewhere or not is_resendable))


@pasted_kernel
def digest_frame(buffer: Bytes, record_at: np.int64, captured_bytes: Int, frames: Frames, i: Int) -> np.uint64:
    """Which digest has what no router changes in this frame? Never 0."""
    network = record_at + frames.network_at[i]
    if frames.transport_at[i] >= 0:
        ip_id = np.uint64(frames.ip_id[i])
        protocol = frames.ip_protocol[i]
        ports = (np.uint64(frames.src_port[i]) << np.uint64(16)) | np.uint64(frames.dst_port[i])
        name = ip_id ^ (np.uint64(protocol) << np.uint64(24))
        shape = (np.uint64(frames.payload_bytes[i]) << np.uint64(32)) | name
        numbers = (np.uint64(frames.tcp_seq[i]) << np.uint64(32)) | np.uint64(frames.tcp_ack[i])
        stamps = (np.uint64(frames.tcp_ts_value[i]) << np.uint64(32)) | np.uint64(frames.tcp_ts_echo[i])
        control = (np.uint64(frames.tcp_flags[i]) << np.uint64(16)) | np.uint64(frames.tcp_window[i])
        if ip_id == 0 or protocol != IP_TCP:
            transport = record_at + frames.transport_at[i]
            checksum_at = _ICMP_CHECKSUM_AT
            if protocol == IP_TCP:
                checksum_at = _TCP_CHECKSUM_AT
            elif protocol == IP_UDP:
                checksum_at = _UDP_CHECKSUM_AT
            control |= np.uint64(be32(buffer, transport + checksum_at)) << np.uint64(32)
        sides = frames.src_low[i] ^ (frames.dst_low[i] << np.uint64(32)) ^ frames.src_high[i] ^ frames.dst_high[i]
        digest = stir(stir(sides, numbers), stir(stir(stamps, control), shape ^ (ports << np.uint64(24))))
    else:
        end = min(frames.network_at[i] + _DIGESTED_BYTES, np.int64(captured_bytes))
        skip_a = np.int64(-1)
        skip_b = np.int64(-2)
        if frames.ip_version[i] == 4:
            skip_a = network + 8
            skip_b = network + 10
        elif frames.ip_version[i] == 6:
            skip_a = network + 7
        digest = digest_bytes(buffer, network, record_at + end, skip_a, skip_b)
    return digest | np.uint64(1)


@kernel
def mark_copies(
    buffer: Bytes, record_at: I64, captured_bytes: I32, frames: Frames, windows: Windows, state: Recent, out_is_copy: U8
) -> None:
    """
    Which frames are copies of one that came a moment ago?

    Parameters
    ----------
    buffer : uint8[n]
    record_at, captured_bytes : int64[m], int32[m]
        Of the bytes in the buffer: those of a packet that was put together are more or fewer than its frame's.
    frames : Frames
        m rows.
    windows : Windows
    state : Recent
        Carried over batches.
    out_is_copy : uint8[m]
        COPY or MIRRORED; 0 for everything else, also for the first of several copies.

    Notes
    -----
    Copies agree in addresses, ports, IP id, sequence numbers, flags, lengths and time stamps; link-layer addresses,
    tags and the TTL may differ. A true retransmission has another IP id, if its sender counts its packets: a sender
    that gave two packets in a row one id (made captures do) is taken for one without.

    Where there is no IP id (IPv6, or 0 with DF; RFC 6864 4.1) the checksum must agree too, and that is not enough: a
    duplicate ACK repeats the one before it within microseconds, a fast retransmission repeats a segment after one
    round trip. There a packet is a copy only if its TTL, its link-layer addresses or its tags changed on the way, or if
    it is a TCP segment with payload, SYN or FIN that comes back within `near_ns`.

    So the count is too low for copies of pure ACKs and datagrams without IP id that nothing changed, for packets that
    an offload cut differently, and where far more than SLOTS packets come within the window. It is too high where a
    sender gives one IP id to several duplicate ACKs within the window.
    """
    for i in range(record_at.shape[0]):
        out_is_copy[i] = 0
        if frames.network_at[i] < 0 or frames.ts_ns[i] == NO_TIME:
            continue
        ip_id = np.uint64(frames.ip_id[i])
        protocol = frames.ip_protocol[i]
        digest = digest_frame(buffer, record_at[i], captured_bytes[i], frames, i)
        place = frames.eth_src[i] ^ (frames.eth_dst[i] << np.uint64(16)) ^ frames.segment_key[i]
        sender = np.int64(stir(frames.src_low[i] ^ frames.src_high[i], frames.dst_low[i]) >> np.uint64(_SENDER_SHIFT))
        number = np.int64(digest >> np.uint64(_SET_SHIFT))
        slot = find_slot(state, number, digest)
        if slot >= 0:
            age = abs(frames.ts_ns[i] - np.int64(state.seen[slot, _TIME]))
            hops = abs(np.int64(state.seen[slot, _NAME] & np.uint64(0xFF)) - np.int64(frames.ip_ttl[i]))
            is_elsewhere = hops != 0 or place != state.seen[slot, _PLACE]
            is_numbered = frames.payload_bytes[i] != 0 or frames.tcp_flags[i] & (TCP_SYN | TCP_FIN) != 0
            is_resendable = protocol != IP_TCP or not is_numbered or age > windows.near_ns
            if is_same_packet(
                ip_id != 0 and state.counts[sender] != 0, hops, age, is_elsewhere, is_resendable, windows
            ):
                out_is_copy[i] = COPY if frames.segment_key[i] == state.seen[slot, _SEGMENT] else MIRRORED
                continue
        else:
            slot = make_slot(state, number, digest)
        state.seen[slot, _NAME] = ((digest & np.uint64(_NAMED)) << np.uint64(8)) | np.uint64(frames.ip_ttl[i])
        state.seen[slot, _TIME] = np.uint64(frames.ts_ns[i])
        state.seen[slot, _PLACE] = place
        state.seen[slot, _SEGMENT] = frames.segment_key[i]
        if frames.ip_fragment[i] == 0:  # all fragments of a packet have one id
            state.counts[sender] = ip_id != state.last_id[sender]
            state.last_id[sender] = ip_id


class CopyFinder:
    """Marks copies batch by batch, remembering the packets seen last."""

    def __init__(self, windows: Windows = Windows()) -> None:  # noqa: B008 - immutable
        self._windows = windows
        self._recent = Recent(
            np.zeros(SLOTS // _WAYS, dtype=np.uint64),
            np.zeros(SLOTS // _WAYS, dtype=np.uint8),
            np.zeros((SLOTS, 4), dtype=np.uint64),
            np.zeros(SENDERS, dtype=np.uint64),
            np.ones(SENDERS, dtype=np.uint8),
        )
        self._is_copy: U8 = np.zeros(0, dtype=np.uint8)

    def mark(self, batch: RecordBatch, frames: Frames) -> U8:
        """
        Which frames of the next batch are copies of one that came a moment ago? uint8[m], until the next call.

        Notes
        -----
        See `mark_copies` for what is a copy, and which way the count can be wrong.
        """
        rows = batch.record_at.shape[0]
        if self._is_copy.shape[0] < rows:
            self._is_copy = np.zeros(rows, dtype=np.uint8)
        mark_copies(
            batch.buffer,
            batch.record_at,
            batch.captured_bytes,
            frames,
            self._windows,
            self._recent,
            self._is_copy[:rows],
        )
        is_copy = self._is_copy[:rows]
        is_copy.flags.writeable = False
        return is_copy
