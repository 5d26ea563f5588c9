"""Packets known again behind a translator; streams that only resemble each other are none."""

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, journal, view
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.translations import find_translation
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

OUTER_IP = "198.51.100.10"
ROUTER = 0x02000000C0C0
COUNT = 3000
MOVING = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def speech(mac: int, address: str, ids: tuple[np.ndarray, np.ndarray], late: tuple[int, int]) -> JournalColumns:
    """RTP both ways with one peer, a packet of 172 bytes each way every 10 ms; with these identifications."""
    rows, numbers = [], []
    for n in range(COUNT):
        rows.append((n * 10 * MS + late[0], mac, GATEWAY, address, PEER_IP))
        rows.append((n * 10 * MS + 5 * MS + late[1], GATEWAY, mac, PEER_IP, address))
        numbers += [int(ids[0][n]), int(ids[1][n])]
    made = journal(*rows)
    full = np.full(len(rows), 1)
    return made._replace(
        ip_protocol=(17 * full).astype(np.uint8),
        payload_bytes=(172 * full).astype(np.int32),
        ip_id=np.array(numbers, np.uint32),
        src_port=(5004 * full).astype(np.uint16),
        dst_port=(5004 * full).astype(np.uint16),
    )


def points(inside: JournalColumns, outside: JournalColumns) -> list[PointView]:
    return [view("b", "domain:destination", journal=inside), view("client", "client", journal=outside)]


def counted(rng: np.random.Generator) -> np.ndarray:
    """Identifications of a machine that sends other things beside."""
    return (int(rng.integers(0, 65536)) + np.arange(COUNT) * int(rng.integers(1, 8))) % 65535 + 1


@pytest.mark.parametrize("seed", range(20))
def test_two_streams_of_one_size_are_no_translation(seed: int) -> None:
    """The same peer, port and size; identifications that meet within two seconds, again and again."""
    rng = np.random.default_rng(seed)
    inside = speech(GUEST, GUEST_IP, (counted(rng), counted(rng)), (0, 0))
    outside = speech(ROUTER, OUTER_IP, (counted(rng), counted(rng)), (3 * MS, 3 * MS))
    assert find_translation(MOVING, points(inside, outside)) is None


def test_one_stream_on_both_sides_is_known_though_its_identifications_come_round() -> None:
    """Each packet is paired with the one of its own round, which passed 2 ms later or earlier."""
    ids = np.arange(COUNT) % 500 + 1
    inside = speech(GUEST, GUEST_IP, (ids, ids + 1000), (0, 0))
    outside = speech(ROUTER, OUTER_IP, (ids, ids + 1000), (2 * MS, -2 * MS))
    found = find_translation(MOVING, points(inside, outside))
    assert found is not None
    assert found.outside == ip_halves(OUTER_IP)
    assert found.pairs == 2 * COUNT
    assert found.frames == (1, 1)


def test_one_direction_alone_proves_nothing_by_identifications() -> None:
    ids = np.arange(COUNT) + 1
    inside = speech(GUEST, GUEST_IP, (ids, ids), (0, 0))
    outside = speech(ROUTER, OUTER_IP, (ids, ids + 30_000), (2 * MS, 2 * MS))
    assert find_translation(MOVING, points(inside, outside)) is None
