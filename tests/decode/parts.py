"""Frames cut into the parts of their outer IP packet, by hand: RFC 791 3.2, RFC 8200 4.5."""

import itertools
import random
import struct
from typing import NamedTuple

LINK_BYTES = 14


class Part(NamedTuple):
    """One part of a packet: the frame that carries it, and which part it is."""

    frame: bytes
    packet: int
    offset: int
    content: bytes
    is_last: bool


def checked(header: bytes) -> bytes:
    """An IPv4 header with its checksum right."""
    header = header[:10] + bytes(2) + header[12:]
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return header[:10] + struct.pack(">H", total ^ 0xFFFF) + header[12:]


def header_bytes(frame: bytes) -> int:
    """How many bytes of this Ethernet frame stand before the content of its IP packet?"""
    return LINK_BYTES + (4 * (frame[14] & 15) if frame[14] >> 4 == 4 else 40)


def cut_at(frame: bytes, packet: int, cuts: list[int]) -> list[Part]:
    """The frame's IP packet in parts that begin at 0 and at each cut (multiples of eight)."""
    begin = header_bytes(frame)
    header, content = frame[:begin], frame[begin:]
    edges = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(content)), len(content)]
    parts = []
    for offset, end in itertools.pairwise(edges):
        piece, is_last = content[offset:end], end == len(content)
        if header[14] >> 4 == 4:
            word = offset // 8 | (0 if is_last else 0x2000)
            head = header[14:16] + struct.pack(">HHH", len(header) - 14 + len(piece), packet, word) + header[22:]
            carried = header[:14] + checked(head) + piece
        else:
            extension = struct.pack(">BBHI", header[20], 0, offset | (not is_last), packet)
            head = header[14:18] + struct.pack(">HB", 8 + len(piece), 44) + header[21:]
            carried = header[:14] + head + extension + piece
        parts.append(Part(carried, packet, offset, piece, is_last))
    return parts


def cut_somewhere(frame: bytes, packet: int, rng: random.Random, most: int = 4) -> list[Part]:
    """The frame's IP packet in a few parts of any sizes; of one that is too short, the whole."""
    content = len(frame) - header_bytes(frame)
    return cut_at(frame, packet, [8 * rng.randint(1, max(1, content // 8)) for _ in range(rng.randint(1, most))])
