"""Captures behind a translator: addresses, ports or numbers of TCP rewritten in the frames of a real one."""

import ipaddress
import random
import struct
from collections.abc import Mapping, Sequence

from tests.readers.writers import Packet

SOURCE, DESTINATION, PORT = "10.10.1.11", "10.10.2.12", 8000


def packed(address: str) -> bytes:
    """As it stands in a header."""
    return ipaddress.IPv4Address(address).packed


def is_tcp(data: bytes) -> bool:
    """An untagged frame of IPv4 with TCP."""
    return data[12:14] == b"\x08\x00" and data[23] == 6


def tcp_at(data: bytes) -> int:
    """Where TCP begins."""
    return 14 + (data[14] & 15) * 4


def translated(
    packets: Sequence[Packet],
    addresses: Mapping[str, str],
    ports: Mapping[int, int] | None = None,
    renumbered: bool = False,
) -> list[Packet]:
    """TCP's addresses and ports as on the other side of a translator; renumbered: IP identifications by chance."""
    names = {packed(old): packed(new) for old, new in addresses.items()}
    doors = {struct.pack(">H", old): struct.pack(">H", new) for old, new in (ports or {}).items()}
    rng = random.Random(11)
    found = []
    for packet in packets:
        data = packet.data
        if is_tcp(data):
            at = tcp_at(data)
            number = struct.pack(">H", rng.randrange(1 << 16)) if renumbered else data[18:20]
            ends = b"".join(names.get(data[n : n + 4], data[n : n + 4]) for n in (26, 30))
            both = b"".join(doors.get(data[n : n + 2], data[n : n + 2]) for n in (at, at + 2))
            data = data[:18] + number + data[20:26] + ends + data[34:at] + both + data[at + 4 :]
        found.append(packet._replace(data=data))
    return found


def source_port(packets: Sequence[Packet]) -> int:
    """The port from which the stream's source connects."""
    first = next(p.data for p in packets if is_tcp(p.data) and p.data[tcp_at(p.data) + 13] & 0x12 == 2)
    return int.from_bytes(first[tcp_at(first) : tcp_at(first) + 2], "big")


def openings(packets: Sequence[Packet]) -> tuple[int, int]:
    """The initial numbers of the stream's source and of its destination."""
    seen: dict[bool, int] = {}
    for packet in packets:
        if is_tcp(packet.data):
            at = tcp_at(packet.data)
            port, number = struct.unpack(">HI", packet.data[at + 2 : at + 8])
            if packet.data[at + 13] & 2:
                seen.setdefault(port == PORT, number)
    return seen[True], seen[False]


def numbered(packets: Sequence[Packet], source_by: int, destination_by: int) -> list[Packet]:
    """The same frames, the numbers of both sides of the stream moved: with 0x10 set the acknowledgement follows."""
    found = []
    for packet in packets:
        data = packet.data
        if is_tcp(data):
            at = tcp_at(data)
            is_source = data[at + 2 : at + 4] == struct.pack(">H", PORT)
            seq, ack = struct.unpack(">II", data[at + 4 : at + 12])
            own, its = (source_by, destination_by) if is_source else (destination_by, source_by)
            both = struct.pack(">II", (seq + own) % 2**32, (ack + its) % 2**32 if data[at + 13] & 0x10 else ack)
            data = data[: at + 4] + both + data[at + 12 :]
        found.append(packet._replace(data=data))
    return found
