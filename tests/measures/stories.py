"""Random conversations as a capture point sees them, and their frames byte by byte."""

import ipaddress
import random
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vmpcap.readers.records import RecordBatch
from vmpcap.terms.arrays import as_read_only, doorway

US, MS, S = 1_000, 1_000_000, 1_000_000_000
NO_TIME = -(2**63)
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
TCP, UDP, ICMP = 6, 17, 1
MIGRATION_PORT = 8000


class Packet(NamedTuple):
    """One packet; sequence numbers are those on the wire."""

    ts_ns: int
    src: str
    src_port: int
    dst: str
    dst_port: int
    protocol: int = TCP
    vlans: tuple[int, ...] = ()
    seq: int = 0
    ack: int = 0
    flags: int = ACK
    size: int = 0
    window: int = 1000
    mss: int | None = None
    scale: int | None = None
    sack_permitted: bool = False
    sack: tuple[tuple[int, int], ...] = ()
    stamps: tuple[int, int] | None = None
    number: int = 0
    """The IPv4 identification."""
    is_copy: bool = False

    @property
    def source(self) -> tuple[str, int]:
        """Who sent it."""
        return self.src, self.src_port

    @property
    def destination(self) -> tuple[str, int]:
        """To whom."""
        return self.dst, self.dst_port

    @property
    def payload(self) -> bytes:
        """Each byte of a stream is told by its sequence number."""
        return bytes((self.seq + n) % 251 for n in range(self.size))


def _options(packet: Packet) -> bytes:
    options = b""
    if packet.mss is not None:
        options += struct.pack(">BBH", 2, 4, packet.mss)
    if packet.scale is not None:
        options += struct.pack(">BBB", 3, 3, packet.scale)
    if packet.sack_permitted:
        options += struct.pack(">BB", 4, 2)
    if packet.stamps is not None:
        options += struct.pack(">BBBBII", 1, 1, 8, 10, *packet.stamps)
    if packet.sack:
        options += struct.pack(">BB", 5, 2 + 8 * len(packet.sack))
        options += b"".join(struct.pack(">II", *block) for block in packet.sack)
    return options + bytes(-len(options) % 4)


def _transport(packet: Packet) -> bytes:
    if packet.protocol == TCP:
        options = _options(packet)
        offset_and_flags = (5 + len(options) // 4) << 12 | packet.flags
        ports = packet.src_port, packet.dst_port
        head = struct.pack(">HHIIHHHH", *ports, packet.seq, packet.ack, offset_and_flags, packet.window, 0, 0)
        return head + options + packet.payload
    if packet.protocol == UDP:
        return struct.pack(">HHHH", packet.src_port, packet.dst_port, 8 + packet.size, 0) + packet.payload
    return struct.pack(">BBHHH", packet.flags, 0, 0, packet.src_port, packet.seq & 0xFFFF) + packet.payload


def frame_of(packet: Packet) -> bytes:
    """The frame that carries this packet; of an ICMP echo, the flags are the type and the ports the identifier."""
    body = _transport(packet)
    ends = [ipaddress.ip_address(text) for text in (packet.src, packet.dst)]
    if ends[0].version == 4:
        network = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), packet.number, 0, 64, packet.protocol, 0)
    else:
        network = struct.pack(">IHBB", 6 << 28, len(body), packet.protocol, 64)
    network += ends[0].packed + ends[1].packed
    tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in packet.vlans)
    ethertype = struct.pack(">H", 0x0800 if ends[0].version == 4 else 0x86DD)
    macs = b"".join(b"\x02\x00" + address.packed[-4:] for address in reversed(ends))
    return macs + tags + ethertype + network + body


def batch_of(packets: Sequence[Packet], first_frame: int = 1, snaplen: int = 262144) -> RecordBatch:
    """These packets as a reader hands them on, each cut to so many bytes."""
    whole = [len(frame_of(packet)) for packet in packets]
    frames = [frame_of(packet)[:snaplen] for packet in packets]
    sizes = [len(frame) for frame in frames]
    return RecordBatch(
        buffer=as_read_only(b"".join(frames) or b"\0"),
        first_frame=first_frame,
        record_at=doorway(np.cumsum([0, *sizes])[:-1], np.int64),
        captured_bytes=doorway(sizes, np.int32),
        wire_bytes=doorway(whole, np.int32),
        ts_ns=doorway([packet.ts_ns for packet in packets], np.int64),
        interface=doorway(np.zeros(len(frames)), np.int32),
        link_type=doorway(np.ones(len(frames)), np.int32),
    )


def pcap_of(packets: Sequence[Packet]) -> bytes:
    """These packets as a classic pcap with nanoseconds."""
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)]
    for packet in packets:
        frame = frame_of(packet)
        parts += [struct.pack("<IIII", *divmod(packet.ts_ns, S), len(frame), len(frame)), frame]
    return b"".join(parts)


class _End:
    """One side of a talk: what it sent so far, in numbers that do not wrap."""

    def __init__(self, rng: random.Random, address: tuple[str, int]) -> None:
        self.address = address
        self.first = rng.choice((rng.randrange(1 << 32), (1 << 32) - rng.randrange(1, 400)))
        self.next = self.first
        self.ends: list[int] = []
        self.fin: int | None = None
        self.window = 1000
        self.clock = rng.randrange(1 << 32)
        self.last_stamp = 0
        self.scale = rng.choice((None, 0, 3, 7))
        self.mss = rng.choice((None, 20, 536, 1460))


class Talk:
    """One TCP conversation that does everything a network and its hosts do to one, in random order."""

    def __init__(self, rng: random.Random, ends: tuple[tuple[str, int], tuple[str, int]], vlans: tuple[int, ...]):
        self.rng = rng
        self.ends = (_End(rng, ends[0]), _End(rng, ends[1]))
        self.vlans = vlans
        self.stamped = rng.random() < 0.6
        self.takes_probes = True
        self.todo = ["syn", "syn_ack", "shake"] if rng.random() < 0.7 else []
        self.is_first = True

    def step(self, now: int) -> list[Packet]:
        """What passes next?"""
        if self.todo:
            doing = self.todo.pop(0)
            if self.rng.random() < 0.15:
                self.todo.insert(0, doing)  # it is sent again
        else:
            names, weights = zip(*STEPS, strict=True)
            doing = self.rng.choices(names, weights)[0]
        return getattr(self, f"_{doing}")(now)

    def _packet(self, now: int, side: int, seq: int, size: int = 0, flags: int = ACK, **more: Any) -> Packet:
        one, other = self.ends[side], self.ends[1 - side]
        stamps = None
        if self.stamped:
            one.clock += self.rng.choice((0, 0, 1, 5))
            stamps = (one.clock & 0xFFFFFFFF, other.last_stamp)
            one.last_stamp = stamps[0]
        ack = more.pop("ack", other.next if flags & ACK else 0)
        return Packet(
            now, *one.address, *other.address, TCP, self.vlans, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, flags, size,
            one.window, stamps=stamps, **more,
        )  # fmt: skip

    def _send(self, side: int, size: int) -> int | None:
        """Take the next numbers; gives the first of them, None after a FIN."""
        one = self.ends[side]
        if one.fin is not None:
            return None
        seq = one.next
        one.next += size
        one.ends.append(one.next)
        return seq

    def _syn(self, now: int) -> list[Packet]:
        caller = self.ends[0]
        seq = caller.first
        caller.next = seq + 1
        caller.ends.append(caller.next)
        return [self._packet(now, 0, seq, flags=SYN, mss=caller.mss, scale=caller.scale, sack_permitted=True)]

    def _syn_ack(self, now: int) -> list[Packet]:
        listener = self.ends[1]
        listener.next = listener.first + 1
        listener.ends.append(listener.next)
        return [self._packet(now, 1, listener.first, flags=SYN | ACK, mss=listener.mss, scale=listener.scale)]

    def _shake(self, now: int) -> list[Packet]:
        return [self._packet(now, 0, self.ends[0].next)]

    def _data(self, now: int) -> list[Packet]:
        side = self.rng.choice((0, 0, 0, 1))
        sizes = [self.rng.randint(1, 30) for _ in range(self.rng.choice((1, 1, 2, 4)))]
        packets = []
        for size in sizes:
            seq = self._send(side, size)
            if seq is not None:
                packets.append(self._packet(now, side, seq, size, ACK | PSH))
            now += self.rng.choice((0, 1, 10)) * US
        return packets

    def _answer(self, now: int) -> list[Packet]:
        """An ACK for what was sent: exactly the last segment, one before it, a part of one, or something old."""
        side = self.rng.choice((0, 1, 1, 1))
        ends = self.ends[1 - side].ends[-6:]
        ack = self.rng.choice([*ends, *ends[-1:] * 4, self.ends[1 - side].next])
        if self.rng.random() < 0.1:
            ack -= self.rng.randint(1, 5)
        edge = ack + 10 & 0xFFFFFFFF
        sack = ((edge, edge + 5 & 0xFFFFFFFF),) if self.rng.random() < 0.1 and not self.stamped else ()
        self.ends[side].window = self.rng.choice((1000, 1000, 500, 20, 0))
        return [self._packet(now, side, self.ends[side].next, ack=ack, sack=sack)]

    def _resend(self, now: int) -> list[Packet]:
        """Something between the beginning and the next number again, from anywhere to anywhere, also beyond it."""
        side = self.rng.choice((0, 0, 1))
        one = self.ends[side]
        begin = max(one.first + 1, one.next - self.rng.randint(1, 120))
        size = self.rng.randint(1, 40)
        if one.fin is not None:
            size = min(size, one.fin - begin)
        if size <= 0:
            return []
        if begin + size > one.next:
            self._send(side, begin + size - one.next)
        return [self._packet(now, side, begin, size, ACK | FIN if begin + size == one.fin else ACK)]

    def _lose(self, now: int) -> list[Packet]:
        self._send(self.rng.choice((0, 0, 1)), self.rng.randint(1, 60))
        return []

    def _early(self, now: int) -> list[Packet]:
        """What was sent before the first number that this talk began with."""
        side, before = self.rng.choice((0, 1)), self.rng.randint(1, 50)
        size = self.rng.randint(1, min(before, 30))
        return [self._packet(now, side, self.ends[side].first - before, size)]

    def _keep_alive(self, now: int) -> list[Packet]:
        side = self.rng.choice((0, 1))
        return [self._packet(now, side, self.ends[side].next - 1, self.rng.choice((0, 1)))]

    def _close_window(self, now: int) -> list[Packet]:
        side = self.rng.choice((0, 1))
        self.ends[side].window = 0
        packets = [self._packet(now, side, self.ends[side].next)]
        for _ in range(self.rng.randint(0, 2) if self.ends[1 - side].fin is None else 0):
            now += self.rng.randint(1, 300) * MS
            packets.append(self._packet(now, 1 - side, self.ends[1 - side].next, 1))
        if len(packets) > 1 and self.takes_probes and self.rng.random() < 0.5:
            self._send(1 - side, 1)
            packets.append(self._packet(now + 100 * US, side, self.ends[side].next))
        self.ends[side].window = self.rng.choice((0, 700))
        return packets

    def _pure(self, now: int) -> list[Packet]:
        side = self.rng.choice((0, 1))
        return [self._packet(now, side, self.ends[side].next)]

    def _fin(self, now: int) -> list[Packet]:
        side = self.rng.choice((0, 1))
        one = self.ends[side]
        size = self.rng.choice((0, 0, 10)) if one.fin is None else 0
        seq = self._send(side, size) if one.fin is None else one.fin
        if one.fin is None:
            one.fin = one.next
            one.next += 1
            one.ends.append(one.next)
        return [self._packet(now, side, seq, size, FIN | ACK)]

    def _reset(self, now: int) -> list[Packet]:
        side = self.rng.choice((0, 1))
        return [self._packet(now, side, self.ends[side].next, flags=self.rng.choice((RST, RST | ACK)))]

    def _reuse(self, now: int) -> list[Packet]:
        """Another connection on the same ports."""
        ends = (self.ends[0].address, self.ends[1].address)
        if self.rng.random() < 0.3:
            ends = (ends[1], ends[0])
        self.ends = (_End(self.rng, ends[0]), _End(self.rng, ends[1]))
        self.todo = ["syn_ack", "shake"]
        self.is_first = False
        return self._syn(now)


STEPS = (
    ("data", 40), ("answer", 30), ("resend", 8), ("lose", 5), ("early", 2), ("keep_alive", 3), ("close_window", 3),
    ("pure", 3), ("fin", 1), ("reset", 0.3), ("reuse", 0.5),
)  # fmt: skip


def passing_time(rng: random.Random) -> int:
    """How long until the next packet?"""
    kind = rng.random()
    if kind < 0.1:
        return 0
    if kind < 0.75:
        return rng.randint(1, 300) * US
    if kind < 0.95:
        return rng.randint(1, 8) * MS
    return rng.randint(9, 70) * MS if kind < 0.998 else rng.randint(1, 3) * S


def random_story(
    rng: random.Random, talks: int = 3, steps: int = 120, sound: bool = False, port: int = MIGRATION_PORT
) -> list[Packet]:
    """
    What does a capture point see of these talks?

    Parameters
    ----------
    sound : without the faults of a capture (missing times, a clock that steps back, packets seen twice), and without
        what Wireshark 4.0 takes for something else: a receiver that keeps the byte of a zero window probe
    """
    now = 1_700_000_000 * S + rng.randrange(S)
    open_talks = []
    for n in range(talks):
        ends = ((f"10.0.0.{n + 1}", 40_000 + n), ("10.0.1.1", port))
        vlans = rng.choice(((), (), (7,), (7, 9)))
        open_talks.append(Talk(rng, ends, vlans))
        open_talks[-1].takes_probes = not sound
    packets: list[Packet] = []
    held: list[Packet] = []
    for _ in range(steps):
        talk = rng.choice(open_talks)
        passed = talk.step(now)
        now = max([now, *(packet.ts_ns for packet in passed)]) + passing_time(rng)
        if any(packet.flags & (SYN | ACK) == SYN for packet in passed):
            packets += [
                packet._replace(ts_ns=passed[0].ts_ns) for packet in held
            ]  # a new connection meets no old packet
            held.clear()
        for packet in passed:
            if rng.random() < 0.04 and (talk.is_first or not packet.flags & SYN):
                held.append(packet)
            else:
                packets.append(packet)
        if held and rng.random() < 0.4:
            packets.append(held.pop(0)._replace(ts_ns=now))
    packets.sort(key=lambda packet: packet.ts_ns)
    packets = [packet._replace(number=(n + 1) & 0xFFFF) for n, packet in enumerate(packets)]
    return packets if sound else _with_faults(rng, packets)


def _with_faults(rng: random.Random, packets: list[Packet]) -> list[Packet]:
    faulty, behind = [], 0
    for packet in packets:
        behind = rng.choice((0, rng.randint(1, 40) * MS)) if rng.random() < 0.01 else behind
        shown = packet._replace(ts_ns=packet.ts_ns - behind)
        if rng.random() < 0.01:
            shown = shown._replace(ts_ns=NO_TIME)
        faulty.append(shown)
        if rng.random() < 0.03:
            faulty.append(shown._replace(is_copy=True))
    return faulty


def cut_at_random(rng: random.Random, packets: Sequence[Packet], cuts: int = 5) -> list[Sequence[Packet]]:
    """The same packets as batches, some of them empty."""
    at = sorted(rng.randint(0, len(packets)) for _ in range(cuts))
    return [packets[a:b] for a, b in zip([0, *at], [*at, len(packets)], strict=True)]
