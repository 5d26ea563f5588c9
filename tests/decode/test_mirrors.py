"""Hardware clocks of ERSPAN III where the mirror's packet is not whole (tests/captures: whole, beside tshark)."""

import random
import struct
from pathlib import Path

import polars as pl
import pytest
from scapy.contrib.erspan import ERSPAN_III
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw

import vmpcap
from tests.decode.parts import cut_somewhere
from tests.readers.writers import Packet, pcap

SECONDS, NANOSECONDS = 1_700_000_000, 123_456_789
CLOCKS = ("mirror_clock_ns", "mirror_clock_unit_ns")
BEFORE_PLATFORM = 14 + 20 + 8 + 12


def mirrored() -> bytes:
    """A frame in ERSPAN III with the time of IEEE 1588: seconds in a platform's header (5)."""
    outer = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2", id=9)
    header = GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(timestamp=NANOSECONDS, gra=2, o=1)
    inside = Ether(src="00:50:56:9a:12:34", dst="02:00:00:00:00:aa") / IP() / TCP() / Raw(bytes(100))
    return bytes(outer / header / Raw(struct.pack(">II", 5 << 26, SECONDS)) / inside)


def clocks(path: Path, frames: list[bytes], wire: int | None = None) -> pl.DataFrame:
    path.write_bytes(pcap("<", [Packet(n * 1000, frame, wire or len(frame)) for n, frame in enumerate(frames)]))
    return vmpcap.scan(path).select("stop", *CLOCKS).collect()


@pytest.mark.parametrize("seed", range(30))
def test_a_mirror_s_packet_in_parts_tells_its_clock_where_it_is_whole(seed: int, tmp_path: Path) -> None:
    """At the part that completes it, wherever it was cut; the header may lie in two of them."""
    parts = [part.frame for part in cut_somewhere(mirrored(), 1, random.Random(seed))]
    rows = clocks(tmp_path / "parts.pcap", parts)
    assert rows["stop"].to_list().count("complete") == 1
    told = rows.filter(pl.col("stop") == "complete").select(CLOCKS).rows()
    assert told == [(SECONDS * 10**9 + NANOSECONDS, 1)]
    assert rows.filter(pl.col("stop") != "complete").select(CLOCKS).rows() == [(None, None)] * (len(parts) - 1)


@pytest.mark.parametrize("size", range(BEFORE_PLATFORM - 4, BEFORE_PLATFORM + 12))
def test_a_clock_is_not_told_without_the_seconds_that_a_snaplen_cut(size: int, tmp_path: Path) -> None:
    """Nanoseconds of no second look like a time near zero."""
    frame = mirrored()
    ((_, clock, unit),) = clocks(tmp_path / "cut.pcap", [frame[:size]], len(frame)).rows()
    assert clock == (SECONDS * 10**9 + NANOSECONDS if size >= BEFORE_PLATFORM + 8 else None)
    assert unit == (1 if size >= BEFORE_PLATFORM else None)
