"""Packets captured twice, told from packets sent twice."""

from itertools import pairwise

import pytest

from tests.decode.frames_of import WALKER, batch_of
from tests.decode.test_walk import ETH, ETH6, ipv4, tcp, udp
from vmpcap.decode.duplicates import ELSEWHERE_NS, MIRRORED, NAMED_NS, NEAR_NS, WINDOW_NS, CopyFinder

US = 1000
ELSEWHERE = bytes.fromhex("020000000012 020000000011 0800")
ANNOUNCE = bytes.fromhex("ffffffffffff0050569a1234803500010800060400030050569a1234000000000050569a123400000000")


def marked(*packets: tuple[int, bytes], cuts: tuple[int, ...] = ()) -> list[int]:
    """Which of these (time, frame) are copies, in batches cut at these places?"""
    finder = CopyFinder()
    found: list[int] = []
    edges = [0, *cuts, len(packets)]
    for low, high in pairwise(edges):
        part = packets[low:high]
        batch = batch_of([frame for _, frame in part], ts_ns=[time for time, _ in part])
        found += finder.mark(batch, WALKER.walk(batch)).tolist()
    return found


def hop(frame: bytes, ttl: int = 63) -> bytes:
    """The frame as a router sends it on: other addresses below, TTL and checksum changed."""
    changed = bytearray(ELSEWHERE + frame[14:])
    changed[22] = ttl
    changed[24:26] = b"\x12\x34"
    return bytes(changed)


def ipv6(payload: bytes, hops: int = 64) -> bytes:
    head = bytes.fromhex("60000000") + len(payload).to_bytes(2, "big") + bytes([6, hops])
    return ETH6 + head + bytes(15) + b"\1" + bytes(15) + b"\2" + payload


DATA = ETH + ipv4(tcp(b"x" * 50))
ACK = ETH + ipv4(tcp())


@pytest.mark.parametrize("frame", [DATA, ACK])
@pytest.mark.parametrize("later", [0, 3 * US, 400 * US, WINDOW_NS, NAMED_NS])
def test_the_same_ip_id_again_is_a_copy(frame: bytes, later: int) -> None:
    """A mirror of two ports."""
    assert marked((0, frame), (later, frame)) == [0, 1]


def test_both_sides_of_a_router() -> None:
    """TTL one less, other MACs, other checksum."""
    assert marked((0, DATA), (300 * US, hop(DATA))) == [0, 1]


def test_padding_does_not_matter() -> None:
    """54 bytes leave the host, 60 arrive."""
    assert marked((0, ACK), (5 * US, ACK + bytes(6))) == [0, 1]


def test_a_copy_in_the_next_batch_is_found() -> None:
    """State is carried over; wherever the batches are cut, the answer is the same."""
    ack = ETH + ipv4(tcp(), ident=78)
    story = [(0, DATA), (1, ack), (2, DATA), (3, ack), (4, DATA)]
    wanted = [0, 0, 1, 1, 1]
    for cut in range(len(story) + 1):
        assert marked(*story, cuts=(cut,)) == wanted


def test_a_third_copy_is_a_copy_too() -> None:
    """Only the first is the packet."""
    assert marked((0, DATA), (1 * US, DATA), (2 * US, DATA)) == [0, 1, 1]


def test_a_retransmission_has_another_ip_id() -> None:
    """The sender numbers its packets."""
    again = ETH + ipv4(tcp(b"x" * 50), ident=78)
    assert marked((0, DATA), (100 * US, again)) == [0, 0]


def test_a_sender_that_gives_every_packet_one_id_is_known_by_it() -> None:
    """Made captures do: then the same segment after a round trip is a retransmission."""
    other = ETH + ipv4(tcp(b"z" * 51))
    assert marked((0, DATA), (1 * US, other), (3000 * US, DATA)) == [0, 0, 0]


def test_later_than_the_window_is_no_copy() -> None:
    """The IP id came round, or a keep-alive of a sender that does not count."""
    assert marked((0, DATA), (NAMED_NS + 1, DATA)) == [0, 0]


def test_the_far_end_of_a_long_way_is_a_copy() -> None:
    """Taps of both sites merged into one file: a second and a dozen routers may lie between them, but no more."""
    assert marked((0, DATA), (ELSEWHERE_NS, hop(DATA, 52))) == [0, 1]
    assert marked((0, DATA), (ELSEWHERE_NS + 1, hop(DATA, 52))) == [0, 0]
    assert marked((0, DATA), (5 * US, hop(DATA, 20))) == [0, 0]


@pytest.mark.parametrize("ttl", [66, 62])
def test_without_ip_id_another_ttl_is_another_packet(ttl: int) -> None:
    """One hop at most lies between two copies that no IP id tells."""
    plain = ETH + ipv4(tcp(b"x" * 50), ident=0, part=0x4000)
    assert marked((0, plain), (5 * US, hop(plain, ttl))) == [0, 0]


@pytest.mark.parametrize(
    "other",
    [
        ETH + ipv4(tcp(b"x" * 51)),
        ETH + ipv4(tcp(b"x" * 50, flags=0x010)),
        ETH + ipv4(tcp(b"x" * 50, bytes.fromhex("0101080a0000000100000002"))),
        ETH + ipv4(udp(b"x" * 50), protocol=17),
    ],
)
def test_what_differs_inside_is_no_copy(other: bytes) -> None:
    """Length, flags, time stamps, protocol."""
    assert marked((0, DATA), (5 * US, other)) == [0, 0]


def test_duplicate_acks_without_ip_id_are_not_copies() -> None:
    """IPv6, or IP id 0: a receiver repeats an ACK byte for byte within microseconds."""
    ack6, ack0 = ipv6(tcp()), ETH + ipv4(tcp(), ident=0, part=0x4000)
    assert marked((0, ack6), (2 * US, ack6), (4 * US, ack0), (6 * US, ack0)) == [0, 0, 0, 0]


def test_an_ack_without_ip_id_that_was_routed_is_a_copy() -> None:
    """Something changed on the way, so it was not sent twice."""
    ack0 = ETH + ipv4(tcp(), ident=0, part=0x4000)
    ack6 = ipv6(tcp())
    routed = ELSEWHERE[:12] + ipv6(tcp(), hops=63)[12:]
    assert marked((0, ack0), (300 * US, hop(ack0))) == [0, 1]
    assert marked((0, ack6), (300 * US, routed)) == [0, 1]


def test_data_without_ip_id_is_a_copy_only_when_it_is_near() -> None:
    """A segment comes again after a round trip at the earliest: then it may be a fast retransmission."""
    data6 = ipv6(tcp(b"x" * 50))
    assert marked((0, data6), (NEAR_NS, data6)) == [0, 1]
    assert marked((0, data6), (NEAR_NS + 1, data6)) == [0, 0]


@pytest.mark.parametrize("flags", [0x02, 0x12, 0x11], ids=["SYN", "SYN/ACK", "FIN"])
def test_a_syn_or_fin_without_ip_id_is_a_copy_only_when_it_is_near(flags: int) -> None:
    """It takes a number, so nobody repeats it within a round trip: a timer does. Linux sends SYN/ACKs with IP id 0."""
    for frame in (ETH + ipv4(tcp(flags=flags), ident=0, part=0x4000), ipv6(tcp(flags=flags))):
        assert marked((0, frame), (3 * US, frame)) == [0, 1]
        assert marked((0, frame), (NEAR_NS + 1, frame)) == [0, 0]


def test_another_checksum_without_ip_id_is_another_packet() -> None:
    """The payload differs, though nothing before it does."""
    other = bytearray(ipv6(tcp(b"x" * 50)))
    other[54 + 16] ^= 1
    assert marked((0, ipv6(tcp(b"x" * 50))), (1 * US, bytes(other))) == [0, 0]


def test_announcements_sent_again_are_not_copies() -> None:
    """A hypervisor repeats the same 42 bytes after 50 ms; within the window nothing tells which it was."""
    assert marked((0, ANNOUNCE), (50_000 * US, ANNOUNCE)) == [0, 0]
    assert marked((0, ANNOUNCE), (5 * US, ANNOUNCE)) == [0, 0]


def test_an_announcement_seen_in_two_vlans_is_a_copy() -> None:
    """The mirror of an access port and of a trunk; it is told apart from a copy in the same VLAN."""
    tagged = ANNOUNCE[:12] + bytes.fromhex("8100000a") + ANNOUNCE[12:]
    assert marked((0, ANNOUNCE), (5 * US, tagged)) == [0, MIRRORED]


def test_later_fragments_are_told_apart_by_their_offset() -> None:
    """All fragments of a packet have one IP id."""
    parts = [ETH + ipv4(b"x" * 48, protocol=17, part=0x2000 | offset) for offset in (185, 370)]
    assert marked((0, parts[0]), (1, parts[1]), (5 * US, parts[0])) == [0, 0, 1]


def test_frames_without_time_or_network_header_are_never_copies() -> None:
    """There is nothing to tell it by."""
    lldp = ETH[:12] + b"\x88\xcc" + bytes(46)
    timeless = -(2**63)
    assert marked((0, lldp), (1, lldp), (timeless, DATA), (timeless, DATA)) == [0, 0, 0, 0]


def test_the_same_packet_in_either_order_of_time() -> None:
    """Two interfaces written into one file are not quite in order."""
    assert marked((10 * US, DATA), (8 * US, DATA)) == [0, 1]
