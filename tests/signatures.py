"""Reads captures of every format, and prints how many signatures each kernel was compiled for: run as a program."""

import gzip
import importlib
import json
import pkgutil
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vmpcap
from tests.decode.parts import cut_at
from tests.measures.stories import UDP, frame_of, random_story
from tests.measures.stories import Packet as Passing
from tests.readers.writers import Packet, enhanced, interface, obsolete, pcap, section, simple
from vmpcap.runs import point, second_look
from vmpcap.runs.packets import PacketRows
from vmpcap.runs.pipeline import analyse, list_announcements, list_flows
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.terms.kernels import Kernel
from vmpcap.verdicts.profile import DEFAULT, load_profile

REAL = Path(__file__).resolve().parents[1] / "captures" / "routed_stretched"
IPV4 = b"\x08\x00"
ESP = bytes.fromhex("020000000002 020000000001 0800 4500001c000140004032 0000 c0000201 c0000202 00000001 00000001")
MIRROR = bytes.fromhex(
    "020000000002 020000000001 0800 4500003600014000402f0000 c0000201 c0000202 100022eb00000001"
    "20000003 00000063 0000 0000 020000000004 020000000003 88b5"
)
OVERLAY = bytes.fromhex(
    "020000000002 020000000001 0800 4500003200014000401100 00c0000201c0000202 12b512b5001e0000 0800000000000100"
    "020000000004 020000000003 88b5"
)
ARP = bytes.fromhex("ffffffffffff 005056aa7710 0806 0001080006040001 005056aa7710 0a4d000a 000000000000 0a4d000a")


def kernels() -> Iterator[tuple[str, Any]]:
    """Every function that vmpcap.terms.kernels.kernel made, by its module and name."""
    for module in pkgutil.walk_packages(vmpcap.__path__, "vmpcap."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Kernel) and value.__module__ == module.name and value.is_kept:
                yield f"{module.name}.{value.__name__}", value


def frames() -> list[tuple[int, bytes]]:
    """
    More flows than the table has places for at first, retransmissions, VLANs, both families, an announcement.

    And a numbered tunnel's packet, an overlay's, a mirror's with a clock, and one that came in parts.
    """
    story = random_story(random.Random(1), talks=9, steps=900, sound=True)
    now = story[-1].ts_ns
    story += [Passing(now + n, f"2001:db8::{n:x}", 5, "2001:db8::ffff", 53, UDP, flags=0) for n in range(1, 2600)]
    told = [(packet.ts_ns, frame_of(packet)) for packet in story]
    longest = max((frame for _, frame in told if frame[12:14] == IPV4), key=len)
    rest = (ARP, ESP, MIRROR, OVERLAY, *(part.frame for part in cut_at(longest, 7, [8])))
    return told + [(now + 9999, frame) for frame in rest]


def captures(folder: Path) -> Iterator[Path]:
    """Classic pcap and pcapng in both byte orders, with every kind of record and of packet block, and compressed."""
    passed = frames()
    packets = [Packet(ts, frame, len(frame)) for ts, frame in passed]
    for sign, order in (("<", "little"), (">", "big")):
        for kind in ("us", "ns", "modified"):
            yield write(folder / f"{order}-{kind}.pcap", pcap(sign, packets, kind))
        blocks = [section(sign), interface(sign)]
        blocks += [enhanced(sign, ts // 1000, frame, len(frame)) for ts, frame in passed]
        blocks += [obsolete(sign, ts // 1000, frame, len(frame)) for ts, frame in passed[-50:]]
        blocks += [simple(sign, frame, len(frame)) for _, frame in passed[-50:]]
        yield write(folder / f"{order}.pcapng", b"".join(blocks))
    yield write(folder / "packed.pcap.gz", gzip.compress(pcap("<", packets)))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def request_of(*paths: Path, **more: Any) -> Request:
    points = tuple(PointFiles(f"{n}-{path.name}", None, (str(path),)) for n, path in enumerate(paths))
    return Request(points=points, profile=load_profile(DEFAULT), **more)


def main() -> None:
    """Every way in which a user has captures read."""
    with tempfile.TemporaryDirectory() as folder:
        made = list(captures(Path(folder)))
        for path in made:
            list_flows(request_of(path))
            list_announcements(request_of(path), every=True)
            PacketRows(request_of(path)).lazy().collect()
        _ = analyse(request_of(*made[:3], since_ns=1_700_000_000 * 10**9)).flows
    _ = analyse(request_of(*(REAL / f"{name}.pcap.zst" for name in ("src-uplink", "client")))).announcements
    point.JOURNAL_ROWS = second_look.JOURNAL_ROWS = 50  # type: ignore[misc] # a capture with too much beside the stream
    analyse(request_of(REAL / "src-guestbr.pcap.zst", REAL / "src-uplink.pcap.zst"))
    print(json.dumps({name: kernel.kinds for name, kernel in kernels()}))


if __name__ == "__main__":
    main()
