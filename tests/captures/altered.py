"""The project's captures with frames left out or put together, as a user's tools would."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.captures.situations import CAPTURES, file_of
from tests.readers.writers import Packet, pcap, read_bytes

ARP, RARP = b"\x08\x06", b"\x80\x35"


def packets_of(folder: str, stem: str) -> list[Packet]:
    """Every frame of one point of a situation, in the order of the file."""
    return list(read_bytes(file_of(CAPTURES / folder, stem).read_bytes()).packets)


def ethertype(packet: Packet) -> bytes:
    """That of an untagged Ethernet frame."""
    return packet.data[12:14]


def filtered(folder: str, stem: str, keep: Callable[[Packet], bool]) -> list[Packet]:
    """As `tcpdump -r` with a filter leaves it."""
    return [packet for packet in packets_of(folder, stem) if keep(packet)]


def merged(*parts: Sequence[Packet]) -> list[Packet]:
    """As `mergecap` puts files together."""
    return sorted((packet for part in parts for packet in part), key=lambda packet: packet.ts_ns or 0)


def written(path: Path, packets: Sequence[Packet]) -> str:
    """A classic pcap with nanoseconds; its path as text."""
    path.write_bytes(pcap("<", list(packets), "ns"))
    return str(path)
