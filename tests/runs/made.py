"""One small migration as a mirror port would show it: the stream, the guest's announcement, and a peer that pings."""

import ipaddress
import struct
from collections.abc import Sequence
from pathlib import Path

from tests.readers.writers import Packet, pcap
from vmpcap.runs.pipeline import Analysis, analyse
from vmpcap.runs.point import Progress
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

MS = 1_000_000
S = 1000 * MS
START = 1_700_000_000 * S
SOURCE, DESTINATION = "10.10.1.11", "10.10.1.12"
GUEST, PEER = "10.77.0.10", "10.77.0.20"
GUEST_MAC, PEER_MAC = "005056aa7710", "020000000020"
FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
SILENT_MS = (2840, 3020)
"""The guest answers no ping that is sent from then until then."""

Frame = tuple[int, bytes]
"""Milliseconds since START and the bytes."""


def ethernet(dst: str, src: str, ethertype: int, body: bytes) -> bytes:
    return (bytes.fromhex(dst + src) + struct.pack(">H", ethertype) + body).ljust(60, b"\0")


def ipv4(src: str, dst: str, protocol: int, body: bytes, number: int) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), number & 0xFFFF, 0x4000, 64, protocol, 0)
    return head + ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed + body


def segment(there: bool, seq: int, ack: int, flags: int, payload: bytes = b"", options: bytes = b"") -> bytes:
    """A segment of the stream, from the source or back to it."""
    ends = ((SOURCE, 50_000, "020000000011"), (DESTINATION, 8000, "020000000012"))
    (src, src_port, src_mac), (dst, dst_port, dst_mac) = ends if there else ends[::-1]
    offset = (5 + len(options) // 4) << 12
    head = struct.pack(">HHIIHHHH", src_port, dst_port, seq, ack, offset | flags, 60_000, 0, 0)
    return ethernet(dst_mac, src_mac, 0x0800, ipv4(src, dst, 6, head + options + payload, seq // 7 + there))


def echo(there: bool, number: int) -> bytes:
    """The peer's ping to the guest, or the answer."""
    body = struct.pack(">BBHHH", 8 if there else 0, 0, 0, 77, number) + bytes(40)
    if there:
        return ethernet(GUEST_MAC, PEER_MAC, 0x0800, ipv4(PEER, GUEST, 1, body, number))
    return ethernet(PEER_MAC, GUEST_MAC, 0x0800, ipv4(GUEST, PEER, 1, body, number))


def rarp() -> bytes:
    body = f"0001080006040003{GUEST_MAC}00000000{GUEST_MAC}00000000"
    return ethernet("ffffffffffff", GUEST_MAC, 0x8035, bytes.fromhex(body))


def stream(begin_ms: int = 1000, segments: int = 200) -> list[Frame]:
    """QEMU's stream: its magic first, a segment every 10 ms, its device description last, and an orderly close."""
    options = struct.pack(">BBHBBBB", 2, 4, 1460, 3, 3, 7, 1)
    frames = [
        (begin_ms, segment(True, 999, 0, SYN, options=options)),
        (begin_ms + 1, segment(False, 4999, 1000, SYN | ACK, options=options)),
        (begin_ms + 2, segment(True, 1000, 5000, ACK)),
    ]
    seq = 1000
    for n in range(segments):
        payload = b"QEVM\0\0\0\3" + bytes(992) if n == 0 else bytes([n & 0xFF]) * 1000
        payload = b'{"devices": [{"name": "acpi"}]}'.ljust(1000) if n == segments - 1 else payload
        frames.append((begin_ms + 5 + 10 * n, segment(True, seq, 5000, ACK | PSH, payload)))
        seq += len(payload)
        frames.append((begin_ms + 6 + 10 * n, segment(False, 5000, seq, ACK)))
    end = begin_ms + 5 + 10 * segments
    return [*frames, (end, segment(True, seq, 5000, FIN | ACK)), (end + 1, segment(False, 5000, seq + 1, FIN | ACK)),
            (end + 2, segment(True, seq + 1, 5001, ACK))]  # fmt: skip


def migration(end_ms: int = 6000) -> list[Packet]:
    """Everything, in the order of time: the guest is away from 2.84 s and announced at 3.01 s by QEMU's schedule."""
    frames = stream()
    frames += [(3010 + offset, rarp()) for offset in (0, 50, 200, 450, 800)]
    for number, at in enumerate(range(0, end_ms, 10)):
        frames.append((at, echo(True, number)))
        if not SILENT_MS[0] <= at < SILENT_MS[1]:
            frames.append((at + 1, echo(False, number)))
    frames.sort(key=lambda frame: frame[0])
    return [Packet(START + at * MS, data, len(data)) for at, data in frames]


def write(path: Path, packets: Sequence[Packet]) -> str:
    """A classic pcap with nanoseconds; its path as text."""
    path.write_bytes(pcap("<", list(packets), "ns"))
    return str(path)


def request(*points: PointFiles, **more: object) -> Request:
    return Request(points=points, profile=load_profile("vsphere4"), **more)  # type: ignore[arg-type]


def analysed(*files: str, progress: Progress | None = None, **more: object) -> Analysis:
    """What is said of one point with these files?"""
    return analyse(request(PointFiles("here", None, files), **more), progress)
