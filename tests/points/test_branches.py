"""Between two points: what went another way, came twice, was renumbered or took one way only is not lost for that."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from tests.readers.writers import Packet as Record
from tests.readers.writers import read_all
from tests.runs.made import write
from vmpcap.points.between import Between
from vmpcap.runs.pipeline import compare_points
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import DEFAULT, load_profile

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
Timed = tuple[float, Packet]


def between(*points: tuple[str, str]) -> Between:
    """The first two of these points, each a name and its file."""
    files = tuple(PointFiles(name, None, (path,)) for name, path in points)
    together, _ = compare_points(Request(points=files, profile=load_profile(DEFAULT)))
    return together.pairs[0]


def real(situation: str, *names: str) -> list[tuple[str, str]]:
    return [(name, str(CAPTURES / situation / f"{name}.pcap.zst")) for name in names]


def made(folder: Path, here: Sequence[Timed], there: Sequence[Timed]) -> Between:
    points = []
    for name, packets in (("a", here), ("b", there)):
        for at, packet in packets:
            packet.time = 1_700_000_000 + at
        wrpcap(str(folder / f"{name}.pcap"), [packet for _, packet in sorted(packets, key=lambda one: one[0])])
        points.append((name, str(folder / f"{name}.pcap")))
    return between(*points)


def talk(lost: Sequence[float] = ()) -> list[tuple[float, bool, Packet]]:
    """
    Thirty segments and their ACKs, 10 ms apart; the fifth and the ninth are sent again after 4 ms.

    Those sent at the times in `lost` are left out.
    """
    found = []
    for n in range(30):
        segment = TCP(sport=4000, dport=8000, seq=1000 + 100 * n, ack=5, flags="PA") / Raw(b"x" * 100)
        acknowledgement = TCP(sport=8000, dport=4000, seq=5, ack=1100 + 100 * n, flags="A")
        found.append((n / 100, True, IP(src="10.0.0.1", dst="10.0.0.2", id=1000 + n, ttl=64) / segment))
        found.append(
            (n / 100 + 0.006, False, IP(src="10.0.0.2", dst="10.0.0.1", id=5000 + n, ttl=64) / acknowledgement)
        )
        if n in (5, 9):
            again = IP(src="10.0.0.1", dst="10.0.0.2", id=2000 + n, ttl=64) / segment
            found.append((n / 100 + 0.004, True, again))
    return [one for one in found if one[0] not in lost]


def at_a(packets: list[tuple[float, bool, Packet]]) -> list[Timed]:
    """What the first point shows: answers reach it a millisecond later."""
    return [(at if forth else at + 0.001, Ether() / packet.copy()) for at, forth, packet in packets]


def at_b(packets: list[tuple[float, bool, Packet]], change: Callable[[Packet], None] = lambda _: None) -> list[Timed]:
    """What the second shows: packets reach it a millisecond later, and a router lies between."""
    found = []
    for at, forth, packet in packets:
        copied = packet.copy()
        if forth:
            copied[IP].ttl -= 1
        else:
            copied[IP].ttl += 1
        change(copied)
        found.append((at + 0.001 if forth else at, Ether() / copied))
    return found


def translate(packet: Packet) -> None:
    """Another address, port and identification for the sender, as a router with NAT gives it."""
    for field in ("src", "dst"):
        if getattr(packet[IP], field) == "10.0.0.1":
            setattr(packet[IP], field, "198.51.100.9")
    packet[IP].id = packet[IP].id ^ 0x1234


@pytest.mark.parametrize("names", [(), ("dst-guestbr",), ("dst-guestbr", "dst-switchport", "client")], ids=len)
def test_what_reached_the_guest_at_its_other_place_is_not_lost(names: tuple[str, ...]) -> None:
    """While it was away its packets went there: another point saw them, or else its answers came from there."""
    pair = between(*real("there_and_back", "gw-lan", "src-guestbr", *names))
    assert pair.forth is not None
    assert (pair.forth.lost, pair.forth.elsewhere) == (0, 539)
    assert pair.back is not None
    assert (pair.back.lost, pair.back.elsewhere) == (0, 0)


def test_a_point_on_the_way_makes_no_loss_behind_it_another_way() -> None:
    """What came to the near switch and not to the guest's bridge was lost between the two."""
    (_, near), (_, far) = real("lossy", "src-uplink", "dst-uplink")
    pair, with_near = (between(("a", near), ("b", far), *more) for more in ((), (("again", near),)))
    assert pair.forth is not None
    assert with_near.forth is not None
    assert with_near.forth.lost == pair.forth.lost > 0


@pytest.mark.parametrize("kept", [(0, 29), (0, 14, 29), (*range(0, 24, 2), 29)], ids=len)
def test_however_much_is_lost_behind_a_point_on_the_way_it_is_lost(kept: Sequence[int], tmp_path: Path) -> None:
    """Of thirty datagrams all pass the point between, and so many reach the end: the rest went no other way."""

    def sent(after: float, ttl: int, numbers: Sequence[int]) -> list[Timed]:
        return [
            (
                n / 100 + after,
                Ether()
                / IP(src="10.0.0.1", dst="10.0.0.2", id=n + 1, ttl=ttl)
                / UDP(sport=9, dport=9)
                / Raw(bytes([n]) * 60),
            )
            for n in numbers
        ]

    def answered(before: float, ttl: int) -> list[Timed]:
        return [
            (at - before, Ether() / packet)
            for at, packet in (
                (n / 100 + 0.009, IP(src="10.0.0.2", dst="10.0.0.1", id=500 + n, ttl=ttl) / ICMP(type=8, id=4, seq=n))
                for n in range(30)
            )
        ]

    places = {
        "a": sent(0, 64, range(30)) + answered(0, 62),
        "b": sent(0.002, 62, kept) + answered(0.002, 64),
        "between": sent(0.001, 63, range(30)) + answered(0.001, 63),
    }
    for name, packets in places.items():
        for at, packet in packets:
            packet.time = 1_700_000_000 + at
        wrpcap(str(tmp_path / f"{name}.pcap"), [p for _, p in sorted(packets, key=lambda one: one[0])])
    files = [(name, str(tmp_path / f"{name}.pcap")) for name in places]
    for pair in (between(*files[:2]), between(*files)):
        assert pair.forth is not None
        assert (pair.forth.lost, pair.forth.elsewhere) == (30 - len(kept), 0)


@pytest.mark.parametrize("change", [lambda _: None, translate], ids=["as it is", "translated"])
@pytest.mark.parametrize("lost", [(), (0.05,), (0.05, 0.09)], ids=len)
def test_segments_sent_again_are_lost_as_often_as_they_did_not_come(
    change: Callable[[Packet], None], lost: tuple[float, ...], tmp_path: Path
) -> None:
    """With or without NAT on the way: the ninth and the fifth came twice, once or not the first time."""
    pair = made(tmp_path, at_a(talk()), at_b(talk(lost), change))
    assert pair.forth is not None
    assert pair.back is not None
    assert (pair.forth.lost, pair.back.lost) == (len(lost), 0)
    assert len(pair.forth.lost_frames) == len(lost)


def test_a_point_that_shows_all_twice_loses_nothing_by_it(tmp_path: Path) -> None:
    """Merged with itself 50 us later: the same pairs, the same clock; how often it showed more is told."""
    (_, near), (_, far) = real("routed_stretched", "gw-lan", "client")
    records = read_all(Path(near)).packets
    later = [Record((p.ts_ns or 0) + 50_000, *p[1:]) for p in records]
    doubled = write(tmp_path / "gw.pcap", sorted([*records, *later], key=lambda p: p.ts_ns or 0))
    plain, twice = between(("a", near), ("b", far)), between(("a", doubled), ("b", far))
    assert plain.forth is not None
    assert twice.forth is not None
    assert twice.clock is not None
    assert twice.forth.matched >= 0.99 * plain.forth.matched
    assert twice.forth.lost == plain.forth.lost == 0
    assert twice.repeated_one >= plain.matched


def test_one_direction_says_by_the_ttl_what_was_lost(tmp_path: Path) -> None:
    """Without an answer there is no clock; that the TTL fell tells which point came first."""
    sent = [one for one in talk() if one[1]]
    came = [one for one in talk((0.05, 0.12)) if one[1]]
    pair = made(tmp_path, at_a(sent), at_b(came))
    assert pair.clock is None
    assert pair.back is None
    assert pair.forth is not None
    assert (pair.forth.matched, pair.forth.lost) == (len(came), 2)
    assert pair.forth.delays_ms is None


def test_only_tcp_is_cut_or_joined(tmp_path: Path) -> None:
    """Pings and datagrams of other sizes, each at one point only, are no segments."""
    here, there = at_a(talk()), at_b(talk())
    for n in range(4):
        one = IP(src="10.0.0.1", dst="10.0.0.2", id=9000 + n) / ICMP(type=8, id=3, seq=n) / Raw(b"p" * 400)
        other = IP(src="10.0.0.1", dst="10.0.0.2", id=9100 + n) / UDP(sport=7, dport=7) / Raw(b"q" * 500)
        here.append((0.1 + n / 100, Ether() / one))
        there.append((0.1 + n / 100, Ether() / other))
    pair = made(tmp_path, here, there)
    assert pair.forth is not None
    assert (pair.forth.recut, pair.forth.lost) == (0, 4)


def test_segments_cut_behind_nat_are_not_lost(tmp_path: Path) -> None:
    """A card joins two of them: the sizes differ, and that is told of translated addresses, too."""
    there = at_b(talk((0.2, 0.21)), translate)
    joined = IP(src="198.51.100.9", dst="10.0.0.2", id=77, ttl=63)
    joined /= TCP(sport=4000, dport=8000, seq=3000, ack=5, flags="PA") / Raw(b"x" * 200)
    pair = made(tmp_path, at_a(talk()), [*there, (0.2105, Ether() / joined)])
    assert pair.forth is not None
    assert (pair.forth.recut, pair.forth.lost) == (2, 0)


def test_what_was_marked_on_the_way_is_counted_and_named(tmp_path: Path) -> None:
    """Another class and congestion experienced, of the one direction; the other bears what it bore."""

    def mark(packet: Packet) -> None:
        if packet[IP].src == "10.0.0.1":
            packet[IP].tos = (46 << 2) | 3

    pair = made(tmp_path, at_a(talk()), at_b(talk(), mark))
    assert pair.forth is not None
    assert pair.back is not None
    assert list(pair.forth.remarks.words()) == [
        "32 with another DSCP (0 to 46)",
        "32 with another ECN field (0 to 3)",
    ]
    assert list(pair.back.remarks.words()) == []
