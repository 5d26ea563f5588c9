"""
What fuzzing found, each as the smallest capture that shows it. Run as a module, this writes them as files:

    python -m tests.regressions.cases FOLDER
"""

import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.decode.parts import cut_at
from tests.readers.writers import Packet, pcap, pcap_header, pcap_record

T0: Final = 1_700_000_000 * 10**9
MS: Final = 1_000_000
ETHERNET: Final = bytes.fromhex("020000000002 020000000001 0800")


@dataclass(frozen=True)
class Case:
    """A capture that was once misread."""

    name: str
    what: str
    """What went wrong with it."""
    make: Callable[[], bytes]


def ipv4(protocol: int, content: bytes, number: int = 7, src: str = "0a000001", dst: str = "0a000002") -> bytes:
    """An IPv4 packet; nobody looks at its checksum here."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), number, 0, 64, protocol, 0)
    return head + bytes.fromhex(src + dst) + content


def times(frames: list[bytes]) -> list[Packet]:
    """These frames a millisecond apart."""
    return [Packet(T0 + n * MS, frame, len(frame)) for n, frame in enumerate(frames)]


def padded_last_part() -> bytes:
    """The last part is padded to more bytes than the packet has that it completes."""
    frame = ETHERNET + ipv4(50, bytes(range(24)))
    parts = [part.frame for part in cut_at(frame, 1, [16])]
    parts[-1] += b"\xaa" * 200
    return pcap("<", times(parts))


def short_last_part() -> bytes:
    """A segment to the migration port in two parts, the last of 8 bytes, which end far before its payload."""
    segment = struct.pack(">HHIIHHHH", 50_000, 8000, 1, 1, 0x5018, 500, 0, 0) + bytes(4) + b"QEVM\0\0\0\3"
    parts = cut_at(ETHERNET + ipv4(6, segment), 1, [24])
    return pcap("<", times([part.frame for part in parts]))


def family_in_both_halves() -> bytes:
    """BSD loopback frames whose family has bits in both halves: 2 and 22 are not 24, 10 and 8 are not 18."""
    packet = bytes([0x60]) + bytes(59)
    frames = [bytes.fromhex(head) + packet for head in ("02001600", "000a0008", "0008000a")]
    return pcap_header("<", link=0) + b"".join(pcap_record("<", packet) for packet in times(frames))


def looks_patched() -> bytes:
    """A record that was captured longer than it was; what stands behind it could be a patched record's fields."""
    local = bytes.fromhex("020000000002 020000000001 0800 4500") + bytes(42)
    other = local[:11] + bytes(161)
    records = [Packet(T0, local, 58), Packet(T0 + MS, other, 170), Packet(T0 + 2 * MS, local, 58)]
    return pcap("<", records)


CASES: Final = (
    Case("padded-last-part", "bytes behind the packet were read to tell copies apart", padded_last_part),
    Case("short-last-part", "the first bytes of a stream were not kept", short_last_part),
    Case("family-in-both-halves", "the halves were added, and the sum was taken for IP", family_in_both_halves),
    Case("looks-patched", "the file was read by another layout than its magic number promises", looks_patched),
)


def main() -> None:
    """Write every case into the folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        (folder / f"{case.name}.pcap").write_bytes(case.make())


if __name__ == "__main__":
    main()
