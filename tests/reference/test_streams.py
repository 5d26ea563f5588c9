"""Streams of captures that were cut or cross VLANs: what tshark counts otherwise by rule is no disagreement."""

from pathlib import Path

import pytest

from tests.cli.calls import vmpcap
from tests.measures.stories import ACK, MS, PSH, SYN, Packet, frame_of, pcap_of
from tests.readers.writers import Packet as Record
from tests.readers.writers import pcap
from tests.tshark import needs_tshark

pytestmark = needs_tshark
A, B = ("10.0.0.1", 5_000), ("10.0.0.2", 80)


def talk(there: tuple[int, ...], back: tuple[int, ...], later: tuple[int, ...]) -> list[Packet]:
    """A connection whose two directions, or whose later requests, are in these VLANs."""
    packets = [
        Packet(0, *A, *B, vlans=there, seq=100, flags=SYN),
        Packet(MS, *B, *A, vlans=back, seq=900, ack=101, flags=SYN | ACK),
        Packet(2 * MS, *A, *B, vlans=there, seq=101, ack=901),
    ]
    for n in range(4):
        vlans = there if n < 2 else later
        packets += [
            Packet((3 + 2 * n) * MS, *A, *B, vlans=vlans, seq=101 + 100 * n, ack=901, flags=ACK | PSH, size=100),
            Packet((4 + 2 * n) * MS, *B, *A, vlans=back, seq=901, ack=201 + 100 * n),
        ]
    return packets


@pytest.mark.parametrize(
    "packets",
    [talk((), (), ()), talk((10,), (20,), (10,)), talk((10,), (10,), (30,))],
    ids=["plain", "each way its VLAN", "moved"],
)
def test_a_stream_is_the_sum_of_its_flows(packets: list[Packet], tmp_path: Path) -> None:
    """Wireshark's stream crosses VLANs; ours are flows of each, and together they count the same."""
    path = tmp_path / "c.pcap"
    path.write_bytes(pcap_of(packets))
    done = vmpcap("verify", str(path))
    assert done.status == 0, done.out
    assert "vmpcap and tshark say the same" in done.out
    assert ("segments, " in done.out) is any(packet.vlans for packet in packets)


def test_headers_that_were_cut_shift_numbers_and_nothing_else(tmp_path: Path) -> None:
    """tshark opens a stream with each TCP header that is not whole."""
    begun = [Packet(n * MS, "10.0.0.9", 6_000 + n, *B, seq=7, ack=9, size=50) for n in range(3)]
    records = [Record(packet.ts_ns, frame_of(packet)[:50], len(frame_of(packet))) for packet in begun]
    whole = [packet._replace(ts_ns=packet.ts_ns + 10 * MS) for packet in talk((), (), ())]
    records += [Record(packet.ts_ns, frame_of(packet), len(frame_of(packet))) for packet in whole]
    path = tmp_path / "c.pcap"
    path.write_bytes(pcap("<", records))
    done = vmpcap("verify", str(path))
    assert done.status == 0, done.out
    assert "cut, tcp_stream" in done.out
    assert "cut, a_packets" not in done.out


@pytest.mark.parametrize(("blocks", "is_told"), [(2, False), (3, False), (4, True)])
def test_a_fourth_sack_block_is_off_the_flight_here_and_told(blocks: int, is_told: bool, tmp_path: Path) -> None:
    """Ten segments, every other one arrived: tshark takes three blocks off what is in flight."""
    packets = [
        Packet(0, *A, *B, seq=100, flags=SYN, sack_permitted=True),
        Packet(MS, *B, *A, seq=900, ack=101, flags=SYN | ACK, sack_permitted=True),
        Packet(2 * MS, *A, *B, seq=101, ack=901),
    ]
    packets += [Packet((3 + n) * MS, *A, *B, seq=101 + 100 * n, ack=901, flags=ACK, size=100) for n in range(10)]
    sack = tuple((201 + 200 * n, 301 + 200 * n) for n in reversed(range(blocks)))
    packets += [
        Packet(20 * MS, *B, *A, seq=901, ack=101, sack=sack),
        Packet(21 * MS, *A, *B, seq=1101, ack=901, flags=ACK, size=100),
    ]
    path = tmp_path / "c.pcap"
    path.write_bytes(pcap_of(packets))
    done = vmpcap("verify", str(path))
    assert (done.status == 1) == is_told, done.out
    assert ("because of four SACK blocks tshark takes three" in done.out) == is_told
