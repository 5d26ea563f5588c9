"""The other way round: captures written by struct, one packet at a time, and read back as plain Python values."""

import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from vmpcap.readers.facts import CaptureFacts
from vmpcap.readers.sources import open_capture

MAGICS = {"us": 0xA1B2C3D4, "ns": 0xA1B23C4D, "modified": 0xA1B2CD34}


class Packet(NamedTuple):
    """One packet, as it should come back."""

    ts_ns: int | None
    data: bytes
    wire: int
    interface: int = 0
    link_type: int = 1


@dataclass
class Read:
    """What came back."""

    packets: list[Packet]
    frames: list[int]
    facts: CaptureFacts
    defects: dict[str, Any]
    interfaces: list[Any]
    comments: list[tuple[int, str]]
    drops: list[Any] = field(default_factory=list)


def read_all(path: str | Path, **options: Any) -> Read:
    """Read a capture into plain values, looking at every promise of a batch on the way."""
    packets: list[Packet] = []
    frames: list[int] = []
    with open_capture(path, **options) as capture:
        for batch in capture.batches():
            assert len(batch.ts_ns) > 0
            assert not any(column.flags.writeable for column in (batch.buffer, *batch[2:]))
            assert {len(column) for column in batch[2:]} == {len(batch.ts_ns)}
            raw = batch.buffer.tobytes()
            columns = [column.tolist() for column in batch[2:]]
            for row, (at, captured, wire, ts_ns, interface, link_type) in enumerate(zip(*columns, strict=True)):
                assert 0 <= at <= at + captured <= len(raw)
                time = None if ts_ns == -(2**63) else ts_ns
                packets.append(Packet(time, raw[at : at + captured], wire, interface, link_type))
                frames.append(batch.first_frame + row)
        facts = capture.facts
        assert facts.packets == len(packets)
        assert facts.wire_bytes == sum(packet.wire for packet in packets)
        assert facts.captured_bytes == sum(len(packet.data) for packet in packets)
        return Read(
            packets,
            frames,
            facts,
            {defect.kind: defect for defect in capture.defects},
            capture.interfaces,
            [(comment.frame, comment.text) for comment in capture.comments],
            capture.drops,
        )


def read_bytes(data: bytes, **options: Any) -> Read:
    """Read these bytes as a file whose name says nothing."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_all(file.name, **options)


def pcap_header(
    sign: str, kind: str = "us", version: tuple[int, int] = (2, 4), snaplen: int = 65535, link: int = 1
) -> bytes:
    """The file header of a classic pcap."""
    return struct.pack(sign + "IHHiIII", MAGICS[kind], *version, 0, 0, snaplen, link)


def pcap_record(sign: str, packet: Packet, kind: str = "us", swapped: bool = False, more: bytes = b"") -> bytes:
    """One record of a classic pcap; `more` follows its usual header."""
    assert packet.ts_ns is not None
    seconds, rest = divmod(packet.ts_ns, 10**9)
    fraction = rest if kind == "ns" else rest // 1000
    lengths = (packet.wire, len(packet.data)) if swapped else (len(packet.data), packet.wire)
    if kind == "modified":
        more = more or patched(sign)
    return struct.pack(sign + "IIII", seconds, fraction, *lengths) + more + packet.data


def patched(sign: str, padding: int = 1) -> bytes:
    """What Kuznetsov's patches write behind the lengths: interface 2, IPv4, outgoing; 1 or 5 bytes of padding."""
    return struct.pack(sign + "IHB", 2, 0x0800, 4) + b"\xee" * padding


def nokia(sign: str) -> bytes:
    """What Nokia's IPSO writes behind the lengths."""
    return struct.pack(sign + "I", 0x9FBFB601)


def pcap(sign: str, packets: list[Packet], kind: str = "us") -> bytes:
    """A classic pcap of these packets."""
    return pcap_header(sign, kind) + b"".join(pcap_record(sign, packet, kind) for packet in packets)


def padded(data: bytes) -> bytes:
    """Data and the zero bytes that bring it to a multiple of 4."""
    return data + bytes(-len(data) % 4)


def block(sign: str, kind: int, body: bytes) -> bytes:
    """A pcapng block with both its lengths."""
    total = 12 + len(padded(body))
    return struct.pack(sign + "II", kind, total) + padded(body) + struct.pack(sign + "I", total)


def option(sign: str, code: int, value: bytes) -> bytes:
    """An option of a pcapng block."""
    return struct.pack(sign + "HH", code, len(value)) + padded(value)


END = bytes(4)
"""The option that ends options, the same in both byte orders."""


def section(sign: str, options: bytes = b"", length: int = -1) -> bytes:
    """A section header block."""
    return block(sign, 0x0A0D0D0A, struct.pack(sign + "IHHq", 0x1A2B3C4D, 1, 0, length) + options)


def interface(sign: str, link: int = 1, snaplen: int = 0, options: bytes = b"") -> bytes:
    """An interface description block."""
    return block(sign, 1, struct.pack(sign + "HHI", link, 0, snaplen) + options)


def statistics(sign: str, port: int, options: bytes) -> bytes:
    """An interface statistics block, taken at time 0."""
    return block(sign, 5, struct.pack(sign + "III", port, 0, 0) + options)


def custom(sign: str, data: bytes = b"abcd", kind: int = 0xBAD) -> bytes:
    """A custom block of an enterprise that nobody knows."""
    return block(sign, kind, struct.pack(sign + "I", 32473) + data)


def enhanced(sign: str, ticks: int, data: bytes, wire: int, port: int = 0, options: bytes = b"") -> bytes:
    """An enhanced packet block."""
    head = struct.pack(sign + "IIIII", port, ticks >> 32, ticks & 0xFFFF_FFFF, len(data), wire)
    return block(sign, 6, head + padded(data) + options)


def obsolete(
    sign: str, ticks: int, data: bytes, wire: int, port: int = 0, drops: int = 0xFFFF, options: bytes = b""
) -> bytes:
    """A packet block of the kind that is no longer written."""
    head = struct.pack(sign + "HHIIII", port, drops, ticks >> 32, ticks & 0xFFFF_FFFF, len(data), wire)
    return block(sign, 2, head + padded(data) + options)


def simple(sign: str, data: bytes, wire: int) -> bytes:
    """A simple packet block: no time, no interface, no captured length."""
    return block(sign, 3, struct.pack(sign + "I", wire) + data)
