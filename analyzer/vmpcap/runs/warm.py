"""Compiling ahead: the whole chain once, over two small made captures, so that every kernel is met."""

import struct
import tempfile
from pathlib import Path
from typing import Final

from vmpcap.measures.peers import find_peer_streams
from vmpcap.measures.rtt_histogram import RttHistogram
from vmpcap.runs.packets import PacketRows
from vmpcap.runs.pipeline import analyse, list_announcements
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.second_look import ALWAYS, wanted_rows
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.wire import LINKTYPE_ETHERNET
from vmpcap.verdicts.profile import DEFAULT, load_profile

FRAMES: Final = 2_500
"""More than the flow table has places for at its start: moving it to a larger place is compiled too."""

ARP_FRAME: Final = bytes.fromhex(
    "ffffffffffff 020000000001 0806 0001080006040001 020000000001 c0000201 000000000000 c0000202"
)
TCP_FRAME: Final = bytes.fromhex(
    "020000000002 020000000001 0800 45000028000140004006 0000 c0000201 c0000202"
    "9c40 1f40 00000001 00000001 5010 ffff 0000 0000"
)
ASKING_FRAME: Final = TCP_FRAME[:36] + (80).to_bytes(2, "big") + TCP_FRAME[38:]
"""The same to a port of no migration: what peers say to a guest."""
MIRROR_FRAME: Final = bytes.fromhex(
    "020000000002 020000000001 0800 4500003600014000402f 0000 c0000201 c0000202 100022eb 00000001"
    "20000003 00000063 00000000 020000000004 020000000003 88b5"
)
"""Mirrored by a switch with a hardware clock (ERSPAN type III)."""
ESP_FRAME: Final = bytes.fromhex(
    "020000000002 020000000001 0800 4500001c000140004032 0000 c0000201 c0000202 00000001 00000001"
)
OVERLAY_FRAME: Final = (
    bytes.fromhex(
        "020000000002 020000000001 0800 4500004e000140004011 0000 c0000201 c0000202 12b512b5003a0000 08000000 00000100"
    )
    + ARP_FRAME
)
"""In VXLAN: carried between two endpoints."""
PARTS: Final = tuple(
    bytes.fromhex(f"020000000002 020000000001 0800 4500001c0002 {part} 4011 0000 c0000201 c0000202 {content}")
    for part, content in (("2000", "9c40003500100000"), ("0001", "0000000000000000"))
)
"""A datagram that came in two parts."""


GUEST: Final = ip_halves("192.0.2.2")
"""To whom all of them go."""


def pcap() -> bytes:
    """A classic pcap of one packet of each kind, and many TCP segments."""
    frames = [ARP_FRAME, OVERLAY_FRAME, ESP_FRAME, MIRROR_FRAME, ASKING_FRAME, *PARTS] + [TCP_FRAME] * FRAMES
    records = [struct.pack("<IIII", 1, i, len(frame), len(frame)) + frame for i, frame in enumerate(frames)]
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET) + b"".join(records)


def pcapng() -> bytes:
    """A pcapng of one section, one interface and one frame."""
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    interface = struct.pack("<IIHHII", 1, 20, LINKTYPE_ETHERNET, 0, 65535, 20)
    body = ARP_FRAME + bytes(-len(ARP_FRAME) % 4)
    size = 32 + len(body)
    packet = struct.pack("<IIIIIII", 6, size, 0, 0, 1, len(ARP_FRAME), len(ARP_FRAME)) + body + struct.pack("<I", size)
    return section + interface + packet


def warm() -> None:
    """Compile what any report would compile, and keep it."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in (("a.pcap", pcap()), ("b.pcapng", pcapng())):
            path = Path(folder) / name
            path.write_bytes(content)
            paths.append(str(path))
        points = tuple(PointFiles(Path(path).stem, None, (path,)) for path in paths)
        request = Request(points=points, profile=load_profile(DEFAULT))
        analysis = analyse(request)
        _ = analysis.flows
        journal = analysis.points[0].journal.columns()
        find_peer_streams(journal, guest_ips=[GUEST])
        wanted_rows(journal, (), ALWAYS)
        RttHistogram().merge(RttHistogram())
        list_announcements(request)
        PacketRows(request).lazy().collect()
