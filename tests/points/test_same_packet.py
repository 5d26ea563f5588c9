"""One packet at two points, whatever a network does to it on its way: from bytes, through files, to pairs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from vmpcap.points.between import compare_points
from vmpcap.points.pairing import Paired, pair_packets
from vmpcap.runs.point import Wanted
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.side_by_side import read_points
from vmpcap.verdicts.profile import DEFAULT, load_profile

GUEST, GATEWAY, ALL = "00:50:56:aa:77:10", "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"
COUNT = 20


def segments() -> list[Packet]:
    """A small talk by TCP, UDP and ping."""
    found = []
    for n in range(COUNT):
        ip = IP(src="10.0.0.1", dst="10.0.0.2", id=1000 + n, ttl=64)
        ether = Ether(src=GUEST, dst=GATEWAY)
        found.append(ether / ip / TCP(sport=4000, dport=8000, seq=77 + 10 * n, ack=5, flags="PA") / Raw(b"x" * 10))
        found.append(ether / ip.copy() / UDP(sport=53, dport=5353) / Raw(bytes([n]) * 20))
        found.append(ether / ip.copy() / ICMP(type=8, id=9, seq=n) / Raw(b"p" * 8))
    return found


def paired(folder: Path, here: list[Packet], there: list[Packet]) -> Paired:
    """What the two points share; the second saw each packet a millisecond later."""
    points = []
    for name, packets, late in (("a", here, 0.0), ("b", there, 0.001)):
        for n, packet in enumerate(packets):
            packet.time = 1_700_000_000 + n / 100 + late
        wrpcap(str(folder / f"{name}.pcap"), packets)
        points.append(PointFiles(name, None, (str(folder / f"{name}.pcap"),)))
    request = Request(points=tuple(points), profile=load_profile(DEFAULT))
    one, other = read_points(request, Wanted(flows=False, announcements=False, journal=False))
    return pair_packets(one.sightings, other.sightings)


def routed(packet: Packet) -> Packet:
    """Another hop: TTL, both MAC addresses, the checksum."""
    packet[Ether].src, packet[Ether].dst = "02:00:00:00:00:07", "02:00:00:00:00:08"
    packet[IP].ttl -= 3
    del packet[IP].chksum
    return packet


def tagged(packet: Packet) -> Packet:
    """In VLAN 20 on this side, untagged or in another on that."""
    return Ether(src=packet.src, dst=packet.dst) / Dot1Q(vlan=20) / packet.payload


def remarked(packet: Packet) -> Packet:
    """Another DSCP, and congestion experienced."""
    packet[IP].tos = 0x2B
    del packet[IP].chksum
    return packet


def tunnelled(packet: Packet) -> Packet:
    """Inside VXLAN between two hosts."""
    outer = IP(src="192.0.2.1", dst="192.0.2.2", id=7)
    return Ether(src=GATEWAY, dst="02:00:00:00:00:02") / outer / UDP(sport=50000, dport=4789) / VXLAN(vni=5001) / packet


@pytest.mark.parametrize("change", [routed, tagged, remarked, tunnelled])
def test_what_a_network_does_to_a_packet_leaves_it_the_same(tmp_path: Path, change: Callable[[Packet], Packet]) -> None:
    """Every packet is found again, in its place, and none by chance."""
    here = segments()
    found = paired(tmp_path, here, [change(packet.copy()) for packet in segments()])
    assert sorted(found.row_one.tolist()) == list(range(len(here)))
    assert (found.row_one == found.row_other).all()
    assert (found.late_ns > 900_000).all()
    assert (found.surplus, found.translated) == (0, 0)


def behind_nat(packets: list[Packet]) -> list[Packet]:
    """The same from another address, and TCP from another port."""
    outside = []
    for packet in packets:
        changed = packet.copy()
        changed[IP].src = "198.51.100.9"
        del changed[IP].chksum
        if TCP in changed:
            changed[TCP].sport = 61_000
            del changed[TCP].chksum
        outside.append(changed)
    return outside


def test_behind_nat_tcp_is_found_by_its_numbers_and_the_rest_by_the_identification(tmp_path: Path) -> None:
    """Addresses and ports are others; UDP and ping have no numbers, but the translator leaves the identification."""
    found = paired(tmp_path, segments(), behind_nat(segments()))
    assert found.translated == len(found.row_one) == 3 * COUNT
    assert (found.row_one == found.row_other).all()


def test_behind_nat_nothing_is_lost_that_nothing_names(tmp_path: Path) -> None:
    """Without identification UDP and ping cannot be found again: they are passed over, at both points."""
    here = segments()
    for packet in here:
        packet[IP].id = 0
        packet[IP].flags = "DF"
    found = paired(tmp_path, here, behind_nat(here))
    assert found.translated == len(found.row_one) == COUNT
    assert set((found.row_one % 3).tolist()) == {0}
    for kept in (found.one, found.other):
        assert (np.flatnonzero(kept.is_copy == 0) % 3 == 0).all()
    compared = compare_points(0, 1, found, None, np.ones(COUNT, np.int8))
    assert compared.forth is not None
    assert (compared.forth.lost, compared.forth.elsewhere, compared.forth.not_after) == (0, 0, 0)


def of_two_clients() -> list[Packet]:
    """TCP of one client and pings of another, to one address."""
    found = []
    for n in range(COUNT):
        ether = Ether(src=GUEST, dst=GATEWAY)
        tcp = TCP(sport=4000, dport=8000, seq=77 + 10 * n, ack=5, flags="PA") / Raw(b"x" * 10)
        found.append(ether / IP(src="10.0.0.1", dst="198.51.100.10", id=1000 + n) / tcp)
        ping = ICMP(type=8, id=9, seq=n) / Raw(b"p" * 8)
        found.append(ether.copy() / IP(src="10.0.0.3", dst="198.51.100.10", id=5000 + 7 * n) / ping)
    return found


def balanced(packets: list[Packet], ping_ids: int | None = None) -> list[Packet]:
    """Behind a load balancer that puts its own address for every client's, and the server's for its own."""
    inside = []
    for packet in packets:
        changed = packet.copy()
        changed[IP].src, changed[IP].dst = "10.9.0.5", "10.9.0.12"
        del changed[IP].chksum
        if ICMP in changed:
            changed[ICMP].id = 31_000
            del changed[ICMP].chksum
            changed[IP].id = changed[IP].id if ping_ids is None else ping_ids + changed[ICMP].seq
        inside.append(changed)
    return inside


def test_behind_one_address_pings_of_another_client_are_found_too(tmp_path: Path) -> None:
    """The TCP of one shows what became of its addresses; the pings of another tell it themselves, and four are lost."""
    here = of_two_clients()
    lost = [9, 11, 21, 31]
    there = [packet for n, packet in enumerate(balanced(of_two_clients())) if n not in lost]
    found = paired(tmp_path, here, there)
    assert sorted(found.row_one.tolist()) == [n for n in range(2 * COUNT) if n not in lost]
    assert found.translated == 2 * COUNT - len(lost)
    compared = compare_points(0, 1, found, None, np.ones(2 * COUNT - len(lost), np.int8))
    assert compared.forth is not None
    assert (compared.forth.lost_frames, compared.forth.elsewhere) == (tuple(n + 1 for n in lost), 0)


def test_pings_that_a_balancer_numbered_anew_are_neither_lost_nor_others(tmp_path: Path) -> None:
    """Their numbers are alike, their identifications are not: nobody can find them again, behind the one address."""
    found = paired(tmp_path, of_two_clients(), balanced(of_two_clients(), ping_ids=20_000))
    assert set((found.row_one % 2).tolist()) == {0}
    ways = np.ones(COUNT, np.int8)
    for turned in (False, True):
        one, other = (found.other, found.one) if turned else (found.one, found.other)
        rows = (found.row_other, found.row_one) if turned else (found.row_one, found.row_other)
        both = Paired(one, other, *rows, 0, 0, 0, COUNT, 0)
        compared = compare_points(0, 1, both, None, ways)
        assert compared.forth is not None
        assert (compared.forth.lost, compared.forth.elsewhere, compared.forth.not_after) == (0, 0, 0)


def announcement(n: int, kind: str) -> Packet:
    """RARP as QEMU sends it, or a gratuitous ARP, for guest n."""
    mac = f"00:50:56:aa:77:{n:02x}"
    if kind == "rarp":
        body = ARP(op=3, hwsrc=mac, hwdst=mac, psrc="0.0.0.0", pdst="0.0.0.0")
        return Ether(src=mac, dst=ALL, type=0x8035) / body / Raw(bytes(18))
    body = ARP(op=1, hwsrc=mac, hwdst="00:00:00:00:00:00", psrc=f"10.0.0.{n}", pdst=f"10.0.0.{n}")
    return Ether(src=mac, dst=ALL) / body / Raw(bytes(18))


@pytest.mark.parametrize("kind", ["rarp", "garp"])
def test_announcements_are_found_by_their_body(tmp_path: Path, kind: str) -> None:
    """Though the tag differs and the padding is gone; repetitions in their order."""
    here = [announcement(n, kind) for n in (1, 2, 1, 3, 1)]
    there = []
    for packet in here:
        bare = packet.copy()
        bare[ARP].remove_payload()
        there.append(Ether(src=bare.src, dst=bare.dst) / Dot1Q(vlan=30, type=bare.type) / bare.payload)
    found = paired(tmp_path, here, there)
    assert sorted(zip(found.row_one.tolist(), found.row_other.tolist(), strict=True)) == [(n, n) for n in range(5)]


def test_a_copy_more_at_one_point_hides_no_packet(tmp_path: Path) -> None:
    """A mirror that shows every third packet twice: the second is counted, the first is paired as all others are."""
    here = segments()
    there = [
        copy for n, packet in enumerate(segments()) for copy in ([packet, packet.copy()] if n % 3 == 0 else [packet])
    ]
    found = paired(tmp_path, here, there)
    assert (found.surplus, found.repeated_one, found.repeated_other) == (0, 0, COUNT)
    assert sorted(found.row_one.tolist()) == list(range(len(here)))
    first = [n for n, packet in enumerate(there) if not n or bytes(packet) != bytes(there[n - 1])]
    assert sorted(found.row_other.tolist()) == first


def test_what_comes_again_much_later_is_no_copy(tmp_path: Path) -> None:
    """Two seconds apart: which of them the other point saw is not known, and not guessed."""
    here = segments()
    found = paired(tmp_path, here, [*segments(), *segments()[:3]])
    assert (found.surplus, found.repeated_other) == (3, 3)
    assert len(found.row_one) == len(here) - 3
