"""Captures read by another way: all at once, slices and struct, fractions for the clock, one block at a time."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

GIGA = 10**9
LAST = 2**63 - 1
LONGEST_FRAME = 1 << 20
LONGEST_TRANSFER = 128 << 20
LONGEST_BLOCK = 16 << 20
TRANSFERS = (231, 249, 279)
"""Links that carry messages of any size: D-Bus, USBPcap, EBHSCR."""
MOST_TEXT = 1024
NOT_PACKETS = {0xBAD, 0x40000BAD, 9, 0x204, 0x216, 0x221}
"""Blocks that tshark 4.0.17 numbers as frames."""


class Row(NamedTuple):
    """One packet."""

    frame: int
    ts_ns: int | None
    data: bytes
    wire: int
    interface: int
    link_type: int


class Port(NamedTuple):
    """What the twin keeps of an interface."""

    number: int
    link_type: int
    snaplen: int
    tick_s: Fraction | None
    offset_s: int


class Told:
    """What the twin found."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.comments: list[tuple[int, str]] = []
        self.lost: dict[int, int] = {}
        self.others = 0
        self.stop: tuple[str, int, int] | None = None

    @property
    def next_frame(self) -> int:
        return len(self.rows) + self.others + 1

    def stops(self, kind: str, offset: int) -> None:
        """Reading ends here: why, at which frame, at which byte?"""
        self.stop = (kind, self.next_frame, offset)


def clipped(ns: int) -> int:
    """The nearest time that a column can hold."""
    return max(-LAST, min(LAST, ns))


def read_pcap(data: bytes, more: int = 0, wire_first: bool = False) -> Told:
    """A classic pcap whose record headers have `more` bytes than 16; before version 2.3 the wire length came first."""
    magics = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1, 0xA1B2CD34: 1000}
    order = next(o for o in ("little", "big") if int.from_bytes(data[:4], o) in magics)
    sign = "<" if order == "little" else ">"
    unit = magics[int.from_bytes(data[:4], order)]
    told = Told()
    kinds: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        if at == 0 or (data[at : at + 8] == data[:8] and data[at + 8 : at + 16] == bytes(8)):
            if len(data) - at < 24:
                told.stops("cut_short", at)
                break
            snaplen, link = struct.unpack(sign + "II", data[at + 16 : at + 24])
            if (snaplen, link) not in kinds:
                kinds.append((snaplen, link))
            here = kinds.index((snaplen, link))
            at += 24
            continue
        head = data[at : at + 16 + more]
        if len(head) < 16 + more:
            told.stops("cut_short", at)
            break
        seconds, fraction, captured, wire = struct.unpack(sign + "IIII", head[:16])
        if wire_first:
            captured, wire = wire, captured
        if captured > (LONGEST_TRANSFER if kinds[here][1] & 0xFFFF in TRANSFERS else LONGEST_FRAME):
            told.stops("damaged_record", at)
            break
        packet = data[at + len(head) : at + len(head) + captured]
        if len(packet) < captured:
            told.stops("cut_short", at)
            break
        ts_ns = seconds * GIGA + fraction * unit
        told.rows.append(Row(told.next_frame, ts_ns, packet, min(wire, 2**31 - 1), here, kinds[here][1] & 0xFFFF))
        at += len(head) + captured
    return told


def comments(sign: str, data: bytes, frame: int) -> list[tuple[int, str]]:
    """The comments among these options."""
    values = [value[:MOST_TEXT].rstrip(b"\0") for code, value in options(sign, data) if code == 1]
    return [(frame, value.decode("utf-8", "replace")) for value in values]


def options(sign: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The options in these bytes, up to the end mark or the first that does not fit."""
    while len(data) >= 4:
        code, size = struct.unpack(sign + "HH", data[:4])
        if code == 0 or size > len(data) - 4:
            return
        yield code, data[4 : 4 + size]
        data = data[4 + size + -size % 4 :]


def describe(sign: str, body: bytes, number: int) -> Port:
    """The interface that this description block describes."""
    link, _, snaplen = struct.unpack(sign + "HHI", body[:8])
    tick, offset = Fraction(1, 10**6), 0
    for code, value in options(sign, body[8:]):
        if code == 9 and len(value) == 1:
            base = 2 if value[0] > 127 else 10
            tick = Fraction(1, base ** (value[0] % 128))
        if code == 14 and len(value) == 8:
            (offset,) = struct.unpack(sign + "q", value)
    if abs(offset) > LAST // GIGA:
        return Port(number, link, snaplen, None, 0)
    return Port(number, link, snaplen, tick, offset)


def time_of(port: Port, ticks: int) -> int | None:
    """Nanoseconds since 1970, rounded down."""
    if port.tick_s is None:
        return None
    ns = int(ticks * port.tick_s * GIGA // 1)
    return LAST if ns > LAST else clipped(ns + port.offset_s * GIGA)


def read_pcapng(data: bytes) -> Told:
    """A pcapng capture of any sections."""
    told = Told()
    sign = ""
    ports: list[Port] = []
    described = 0
    longest = LONGEST_BLOCK
    unknown: Port | None = None

    def stranger() -> Port:
        nonlocal unknown, described
        if unknown is None:
            unknown = Port(described, -1, 0, None, 0)
            described += 1
        return unknown

    at = 0
    while at < len(data):
        head = data[at : at + 12]
        if len(head) < 12:
            told.stops("cut_short", at)
            break
        is_section = head[:4] == b"\n\r\r\n"
        if is_section:
            if len(data) - at < 28:
                told.stops("cut_short", at)
                break
            sign = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(head[8:12], "")
            if not sign:
                told.stops("damaged_section", at)
                break
        kind, total = struct.unpack(sign + "II", head[:8])
        bad = "damaged_section" if is_section else "damaged_record"
        if not (28 if is_section else 12) <= total <= (LONGEST_BLOCK if is_section else longest) or (
            is_section and total % 4
        ):
            told.stops(bad, at)
            break
        size = next((s for s in (total, total + -total % 4) if ends_with(sign, data, at, s, total)), None)
        if size is None:
            is_cut = len(data) - at < total + -total % 4
            told.stops("cut_short" if is_cut else bad, at)
            break
        body = data[at + 8 : at + size - 4]
        frame = told.next_frame
        if is_section:
            major, _ = struct.unpack(sign + "HH", body[4:8])
            if major != 1:
                told.stops("damaged_section", at)
                break
            ports = []
            told.comments += comments(sign, body[16:], 0)
        elif kind == 1 and len(body) < 8:
            ports.append(stranger())
        elif kind == 1:
            ports.append(describe(sign, body, described))
            described += 1
            told.comments += comments(sign, body[8:], 0)
            if ports[-1].link_type in TRANSFERS:
                longest = LONGEST_TRANSFER + (1 << 20)
        elif kind in (2, 6):
            if total < 32:
                told.stops(bad, at)
                break
            first, second, high, low, captured, wire = struct.unpack(sign + "HHIIII", body[:20])
            index = first if kind == 2 else struct.unpack(sign + "I", body[:4])[0]
            port = ports[index] if index < len(ports) else stranger()
            packet = body[20 : 20 + captured]
            told.rows.append(
                Row(frame, time_of(port, high << 32 | low), packet, min(wire, LAST >> 32), port.number, port.link_type)
            )
            lost = second if kind == 2 and second != 0xFFFF else 0
            said = body[20 + len(packet) + -len(packet) % 4 :]
            told.comments += comments(sign, said, frame)
            for code, value in options(sign, said):
                if code == 4 and kind == 6 and len(value) == 8:
                    lost += min(struct.unpack(sign + "Q", value)[0], 2**31 - 1)
            if lost:
                told.lost[port.number] = told.lost.get(port.number, 0) + lost
        elif kind == 3:
            if total < 16:
                told.stops(bad, at)
                break
            (wire,) = struct.unpack(sign + "I", body[:4])
            port = ports[0] if ports else stranger()
            packet = body[4 : 4 + (min(wire, port.snaplen) if port.snaplen else wire)]
            told.rows.append(Row(frame, None, packet, min(wire, LAST >> 32), port.number, port.link_type))
        elif kind == 5 and len(body) >= 12:
            (index,) = struct.unpack(sign + "I", body[:4])
            if index < len(ports):
                told.comments += comments(sign, body[12:], 0)
        elif kind in NOT_PACKETS:
            told.others += 1
        at += size
    return told


def ends_with(sign: str, data: bytes, at: int, size: int, total: int) -> bool:
    """Does a block of this size end here with its length?"""
    return at + size <= len(data) and struct.unpack(sign + "I", data[at + size - 4 : at + size])[0] == total
