"""Addresses made up by the hundred thousand cost bounded time and memory, and a migration among them is still told."""

import ipaddress
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.readers.writers import Packet
from tests.runs.made import ACK, START, SYN, Frame, analysed, echo, ethernet, ipv4, rarp, segment, stream, write
from vmpcap.flows import table
from vmpcap.migration.guest.silent_guests import MOST_GUESTS
from vmpcap.runs.pipeline import Analysis
from vmpcap.runs.views import MOST_STREAMS, streams_of

MANY = 20_000
MIGRATION_MS = 1000
LONG = 4_500
"""Segments of a stream that is long enough to be taken for a migration."""


def syn(rng: random.Random, port: int) -> bytes:
    """A SYN from an address that is made up."""
    src = str(ipaddress.ip_address(rng.randrange(1 << 24, 1 << 31)))
    head = rng.randrange(1024, 65_536).to_bytes(2, "big") + port.to_bytes(2, "big") + rng.randbytes(4) + bytes(4)
    return ethernet("020000000012", "020000000011", 0x0800, ipv4(src, "10.0.0.9", 6, head + b"\x50\x02" + bytes(6), 7))


def announced(rng: random.Random) -> bytes:
    """The RARP of a MAC that is made up."""
    mac = b"\x02" + rng.randbytes(5)
    body = bytes.fromhex("0001080006040003") + mac + bytes(4) + mac + bytes(4)
    return ethernet("ffffffffffff", mac.hex(), 0x8035, body)


def among(flood: list[Frame], folder: Path) -> Analysis:
    """What is said of a migration among these frames?"""
    frames = [*flood, *stream(MIGRATION_MS, LONG)]
    end = MIGRATION_MS + 10 * LONG
    frames += [(end + 20 + offset, rarp()) for offset in (0, 50, 200, 450, 800)]
    frames += [(at + there, echo(not there, at)) for at in range(0, end + 3000, 100) for there in (0, 1)]
    frames.sort(key=lambda frame: frame[0])
    packets = [Packet(START + at * 1_000_000, data, len(data)) for at, data in frames]
    return analysed(write(folder / "flood.pcap", packets))


@pytest.mark.parametrize("port", [80, 8000])
def test_a_migration_behind_a_flood_of_syns_is_told(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flood comes first and takes the whole budget; on the migration's port half the reserve too."""
    monkeypatch.setattr(table.FlowTable.__init__, "__defaults__", ((), 1000, 8000))
    rng = random.Random(1)
    analysis = among([(n * 900 // MANY, syn(rng, port)) for n in range(MANY)], tmp_path)
    (migration,) = analysis.report.migrations
    assert migration.throughput is not None
    notes = " ".join(analysis.report.notes)
    beyond = analysis.points[0].flows.not_followed - (MANY - 1000 - (4000 if port == 8000 else 0))
    assert 0 <= beyond < 700  # the handshake, where only payload opens a flow, and the pings
    assert f"{analysis.points[0].flows.not_followed} frames of flows beyond the budget" in notes
    assert len(streams_of(analysis.points[0])) <= MOST_STREAMS
    assert ("on migration ports were not looked at singly" in notes) == (port == 8000)


@pytest.mark.parametrize("make", [announced], ids=["rarp"])
def test_a_migration_carried_no_more_guests_than_it_can(make: Callable[[random.Random], bytes], tmp_path: Path) -> None:
    """Twenty thousand MACs announce themselves when it ends: the nearest are told of, the others are counted."""
    rng = random.Random(2)
    end = MIGRATION_MS + 10 * LONG
    analysis = among([(end + n * 500 // MANY, make(rng)) for n in range(MANY)], tmp_path)
    (story,) = analysis.told.stories
    assert 1 <= len(story.guests) <= MOST_GUESTS
    assert analysis.told.other_announcements > MANY - MOST_GUESTS - 100


def test_the_flood_is_what_it_says() -> None:
    """A SYN without ACK."""
    frame = syn(random.Random(1), 80)
    assert frame[47] == SYN
    assert frame[47] & ACK == 0
    assert segment(True, 1, 0, SYN)[47] == SYN
