"""
Make a flood of made-up addresses: `python benchmarks/flood.py syn|syn8000|garp|rarp PACKETS OUT.pcap`.

Behind the flood stands the small migration of tests/runs/made.py, so that a report has something to look for.
"""

import struct
import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.runs.made import migration

AT_A_TIME: Final = 500_000
BEGIN_S: Final = 1_699_999_000
SYN_BYTES, ARP_BYTES = 54, 60
PORTS: Final = {"syn": 80, "syn8000": 8000}

Bytes = npt.NDArray[np.uint8]


def records(count: int, size: int, second: int) -> Bytes:
    """uint8[count, 16 + size]: records of this second, their frames still zero."""
    rows = np.zeros((count, 16 + size), np.uint8)
    header = np.empty((count, 4), "<u4")
    header[:, 0], header[:, 1], header[:, 2:] = second, np.arange(count), size
    rows[:, :16] = header.view(np.uint8)
    return rows


def syns(rng: np.random.Generator, count: int, second: int, port: int) -> Bytes:
    """SYNs from any address and port to one."""
    rows = records(count, SYN_BYTES, second)
    frames = rows[:, 16:]
    frames[:, :18] = np.frombuffer(bytes.fromhex("020000000002 020000000001 0800 4500 0028"), np.uint8)
    frames[:, 18:20] = rng.integers(0, 256, (count, 2))
    frames[:, 22:24] = [64, 6]
    frames[:, 26:30], frames[:, 30:34] = rng.integers(1, 255, (count, 4)), [10, 0, 0, 2]
    frames[:, 34:36], frames[:, 36:38] = rng.integers(0, 256, (count, 2)), divmod(port, 256)
    frames[:, 38:42], frames[:, 46:49] = rng.integers(0, 256, (count, 4)), [0x50, 2, 255]
    return rows


def announcements(rng: np.random.Generator, count: int, second: int, kind: str) -> Bytes:
    """Gratuitous ARPs or RARPs of any MAC."""
    rows = records(count, ARP_BYTES, second)
    frames = rows[:, 16:]
    mac, ip = rng.integers(0, 256, (count, 6)), rng.integers(1, 255, (count, 4))
    mac[:, 0] = 2
    is_arp = kind == "garp"
    frames[:, :6], frames[:, 6:12], frames[:, 12:14] = 255, mac, [0x08, 0x06] if is_arp else [0x80, 0x35]
    frames[:, 14:22], frames[:, 22:28] = [0, 1, 8, 0, 6, 4, 0, 2 if is_arp else 3], mac
    frames[:, 32:38] = 255 if is_arp else mac
    if is_arp:
        frames[:, 28:32] = frames[:, 38:42] = ip
    return rows


def main() -> int:
    kind, count, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    rng = np.random.default_rng(1)
    with Path(out).open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for second, done in enumerate(range(0, count, AT_A_TIME), BEGIN_S):
            some = min(AT_A_TIME, count - done)
            is_syn = kind in PORTS
            rows = syns(rng, some, second, PORTS[kind]) if is_syn else announcements(rng, some, second, kind)
            file.write(rows.tobytes())
        for packet in migration():
            assert packet.ts_ns is not None
            seconds, rest = divmod(packet.ts_ns, 10**9)
            file.write(struct.pack("<IIII", seconds, rest // 1000, len(packet.data), packet.wire) + packet.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
