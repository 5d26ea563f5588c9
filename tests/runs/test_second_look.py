"""Reading again: as far around the switchover as there is room for, and no further than was asked for."""

import ipaddress
import struct
from pathlib import Path

import pytest

from tests.migration.make import S, view
from tests.readers.writers import Packet
from tests.runs.made import GUEST_MAC, MS, PEER_MAC, START, analysed, ethernet, migration, request, write
from vmpcap.migration.moved import Moved
from vmpcap.points.clock import Offset
from vmpcap.runs import point, second_look
from vmpcap.runs.second_look import windows_around

GUEST = Moved(0x005056AA7710, (), (), "high", "")


def test_a_guest_too_busy_for_the_whole_look_is_seen_in_a_narrower_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guest has more than 550 frames before it moves; with room for 500, those nearest to the move are found."""
    path = write(tmp_path / "a.pcap", migration())
    (roomy,) = analysed(path).report.migrations
    monkeypatch.setattr(point, "JOURNAL_ROWS", 50)
    monkeypatch.setattr(second_look, "JOURNAL_ROWS", 500)
    monkeypatch.setattr(second_look, "LEAST_SHARE", 1 / 60)
    (found,) = analysed(path).report.migrations
    assert found.guests[0].switchover.peer_outage_ms == 180.0
    assert found.guests[0].switchover == roomy.guests[0].switchover


def test_a_narrower_look_mixes_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest has much to say by IPv6 long before it moves; what is let go of of that leaves no trace."""
    early = [Packet(START + n * MS // 2, ping6(n), len(ping6(n))) for n in range(1200)]
    path = write(tmp_path / "a.pcap", sorted([*migration(), *early], key=lambda packet: packet.ts_ns))
    (roomy,) = analysed(path).report.migrations
    monkeypatch.setattr(point, "JOURNAL_ROWS", 50)
    monkeypatch.setattr(second_look, "JOURNAL_ROWS", 800)
    monkeypatch.setattr(second_look, "LEAST_SHARE", 1 / 60)
    monkeypatch.setattr(second_look, "DEFAULT_BATCH_RECORDS", 256)
    (found,) = analysed(path).report.migrations
    assert found.guests[0].switchover.peer_outage_ms == roomy.guests[0].switchover.peer_outage_ms == 180.0
    assert {peer.peer for peer in found.guests[0].peers} <= {peer.peer for peer in roomy.guests[0].peers}


def ping6(number: int) -> bytes:
    """An echo request of a peer to the guest's IPv6 address."""
    body = struct.pack(">BBHHH", 128, 0, 0, 9, number & 0xFFFF) + bytes(16)
    ends = (ipaddress.ip_address("2001:db8::20").packed, ipaddress.ip_address("2001:db8::10").packed)
    return ethernet(
        GUEST_MAC, PEER_MAC, 0x86DD, struct.pack(">IHBB", 0x60000000, len(body), 58, 64) + b"".join(ends) + body
    )


@pytest.mark.parametrize(
    ("share", "asked", "expected"),
    [
        (1.0, {}, (970, 1090)),
        (0.5, {}, (985, 1045)),
        (1.0, {"since_ns": 980 * S}, (980, 1090)),
        (1.0, {"until_ns": 1010 * S}, (970, 1010)),
    ],
)
def test_windows_lie_around_the_move_within_what_was_asked_for(
    share: float, asked: dict[str, int], expected: tuple[int, int]
) -> None:
    """30 s before and 90 s after it, or a share of that; never a frame that --since or --until leaves out."""
    windows = windows_around(view(), [(GUEST, 1000 * S)], request(**asked), share)
    assert windows == [(expected[0] * S, expected[1] * S)]


def test_windows_are_on_the_clock_of_the_point() -> None:
    """A point whose clock is 5 s ahead of the reference shows the move 5 s later."""
    ahead = view(offset=Offset(5 * S, 5 * S, 1))
    assert windows_around(ahead, [(GUEST, 1000 * S)], request(), 1.0) == [(975 * S, 1095 * S)]
