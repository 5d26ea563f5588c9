"""Two machines of one MAC and one address in two domains, moved together: each has its own figures in the report."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.readers.writers import Packet
from tests.runs.made import MS, START, analysed, echo, ipv4, rarp, stream, write
from vmpcap.migration.results import Guest

OUTER = bytes.fromhex("020000000002 020000000001")
Wrap = Callable[[int, bytes], bytes]


def vlan(number: int, frame: bytes) -> bytes:
    return frame[:12] + struct.pack(">HH", 0x8100, number) + frame[12:]


def stack(number: int, frame: bytes) -> bytes:
    return frame[:12] + struct.pack(">HHHH", 0x88A8, 7, 0x8100, number) + frame[12:]


def fence(number: int, frame: bytes) -> bytes:
    return OUTER + bytes.fromhex("88de") + bytes([0, number]) + bytes(8) + frame


def vxlan(number: int, frame: bytes) -> bytes:
    udp = struct.pack(">HHHHII", 50_000, 4789, 16 + len(frame), 0, 0x0800_0000, number << 8) + frame
    return OUTER + b"\x08\0" + ipv4("10.9.0.1", "10.9.0.2", 17, udp, 1)


def two_overlays(number: int, frame: bytes) -> bytes:
    return vxlan(5, frame) if number == 3 else fence(5, frame)


WRAPS: dict[str, Wrap] = {
    "vlan": vlan, "stack": stack, "fence": fence, "vxlan": vxlan, "two overlays of one id": two_overlays,
}  # fmt: skip
SILENT_UNTIL = {3: 3020, 4: 3350}


def guests(path: Path, wrap: Wrap, pinged: tuple[int, ...]) -> list[Guest]:
    """The guests of a move of both, of which these were pinged every 10 ms."""
    frames = stream() + [(3010 + at, wrap(number, rarp())) for number in (3, 4) for at in (0, 50, 200, 450, 800)]
    for number in pinged:
        for n, at in enumerate(range(0, 6000, 10)):
            frames.append((at, wrap(number, echo(True, n))))
            if not 2840 <= at < SILENT_UNTIL[number]:
                frames.append((at + 1, wrap(number, echo(False, n))))
    frames.sort(key=lambda frame: frame[0])
    capture = write(path, [Packet(START + at * MS, data, len(data)) for at, data in frames])
    (migration,) = analysed(capture).report.migrations
    return migration.guests


def outages(guest: Guest) -> list[int]:
    return [round(peer.outage_ms or 0) for peer in guest.peers]


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_each_has_its_own_outage(wrap: Wrap, tmp_path: Path) -> None:
    one, other = guests(tmp_path / "a.pcap", wrap, pinged=(3, 4))
    assert one.mac == other.mac == "00:50:56:aa:77:10"
    assert sorted(outages(one) + outages(other)) == [180, 510]
    assert one.ips == other.ips == ["10.77.0.10"]


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_nothing_of_one_speaks_for_the_other(wrap: Wrap, tmp_path: Path) -> None:
    """Only one of them was pinged: of the other no peer and no address is known."""
    found = guests(tmp_path / "a.pcap", wrap, pinged=(3,))
    assert sorted((len(guest.peers), guest.ips) for guest in found) == [(0, []), (1, ["10.77.0.10"])]
    assert [guest.announcements.count for guest in found] == [5, 5]


def test_a_twin_is_another_guest_to_the_confidence(tmp_path: Path) -> None:
    """Two announced themselves, though by one MAC: time alone no longer says which of them moved."""
    found = guests(tmp_path / "a.pcap", vlan, pinged=(3, 4))
    assert [guest.confidence for guest in found] == ["medium", "medium"]
    assert all("2 guests announced themselves" in guest.confidence_because for guest in found)
