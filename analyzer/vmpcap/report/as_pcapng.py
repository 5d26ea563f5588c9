"""
Chosen packets as a pcapng file (draft-ietf-opsawg-pcapng), each with a comment that Wireshark shows above its headers.

One section, little endian; an interface for each that the packets came from, all with nanoseconds.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from vmpcap.terms.version import VERSION

SECTION: Final = 0x0A0D0D0A
BYTE_ORDER: Final = 0x1A2B3C4D
INTERFACE: Final = 1
PACKET: Final = 6
UNKNOWN_LENGTH: Final = -1

END: Final = 0
COMMENT: Final = 1
APPLICATION: Final = 4
NAME: Final = 2
DESCRIPTION: Final = 3
RESOLUTION: Final = 9
NANOSECONDS: Final = b"\x09"
LONGEST_OPTION: Final = 0xFFFC
"""Bytes that an option's 16 bits of length can name, whole words of them."""


class Source(NamedTuple):
    """Where packets were taken: an interface of a capture."""

    name: str
    description: str
    link_type: int
    snaplen: int


class Picked(NamedTuple):
    """A packet as its capture holds it."""

    ts_ns: int
    source: int
    """Which of the sources it is from."""
    data: bytes
    wire_bytes: int
    comment: str


def to_pcapng(sources: Sequence[Source], packets: Iterable[Picked], comment: str) -> bytes:
    """The bytes of the file: these packets, in this order. Times before 1970 become 1970: the format has no others."""
    head = struct.pack("<IHHq", BYTE_ORDER, 1, 0, UNKNOWN_LENGTH)
    options = _options([(COMMENT, comment.encode()), (APPLICATION, f"vmpcap {VERSION}".encode())])
    blocks = [_block(SECTION, head + options)]
    for source in sources:
        told = [(NAME, source.name.encode()), (DESCRIPTION, source.description.encode()), (RESOLUTION, NANOSECONDS)]
        blocks.append(_block(INTERFACE, struct.pack("<HHI", source.link_type, 0, source.snaplen) + _options(told)))
    blocks += [_packet(packet) for packet in packets]
    return b"".join(blocks)


def _packet(packet: Picked) -> bytes:
    ts = max(packet.ts_ns, 0)
    head = struct.pack("<IIIII", packet.source, ts >> 32, ts & 0xFFFFFFFF, len(packet.data), packet.wire_bytes)
    return _block(PACKET, head + _padded(packet.data) + _options([(COMMENT, packet.comment.encode())]))


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _options(options: Sequence[tuple[int, bytes]]) -> bytes:
    """One that is empty is left out; one that is too long is cut, between two characters."""
    parts = []
    for number, value in options:
        kept = value if len(value) <= LONGEST_OPTION else value[:LONGEST_OPTION].decode(errors="ignore").encode()
        if kept:
            parts.append(struct.pack("<HH", number, len(kept)) + _padded(kept))
    return b"".join([*parts, struct.pack("<HH", END, 0)]) if parts else b""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
