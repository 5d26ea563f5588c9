"""Copies: one packet captured twice."""

from tests.measures.talk import ACK, echo, journal_of, pings, segment
from vmpcap.measures.copies import is_first_copy


def kept(*rows: dict[str, object]) -> list[bool]:
    return is_first_copy(journal_of(list(rows))).tolist()


def test_both_sides_of_a_router_are_one_packet() -> None:
    """Same identification, one hop fewer, other link addresses, a fraction of a millisecond later."""
    assert kept(echo(0, 1, ip_ttl=64), echo(0.3, 1, ip_ttl=63, eth_src=9, eth_dst=8)) == [True, False]


def test_a_mirror_of_two_ports_is_one_packet() -> None:
    """Alike in everything, some microseconds apart."""
    assert kept(echo(0, 1), echo(0.02, 1)) == [True, False]


def test_a_resent_segment_is_not_a_copy() -> None:
    """A retransmission has another identification, or comes later than any copy."""
    assert kept(segment(0, True, 1, 1, 10), segment(200, True, 1, 1, 10)) == [True, True]
    without = {"ip_id": 0}
    assert kept(segment(0, True, 1, 1, 10, **without), segment(200, True, 1, 1, 10, **without)) == [True, True]


def test_a_datagram_whose_identification_has_come_round_is_not_a_copy() -> None:
    """At 200,000 packets a second a host uses each identification three times a second: alike, and yet sent again."""
    assert kept(echo(0, 1, ip_id=7), echo(340, 1, ip_id=7)) == [True, True]
    assert kept(echo(0, 1, ip_id=7), echo(340, 1, ip_id=7, ip_ttl=63)) == [True, False]


def test_without_an_identification_a_copy_is_known_by_its_place() -> None:
    """IPv6 has none: another hop count within 20 ms is a copy, the same one after a millisecond is not."""
    first = echo(0, 1, ip_id=0)
    assert kept(first, echo(1, 1, ip_id=0, ip_ttl=63)) == [True, False]
    assert kept(first, echo(1, 1, ip_id=0)) == [True, True]


def test_different_packets_stay() -> None:
    """Requests and replies of a whole conversation are all kept, three copies of one are one."""
    assert all(kept(*pings(20, 10)))
    assert kept(echo(0, 1), echo(0.1, 1), echo(0.2, 1), echo(0.3, 2)) == [True, False, False, True]
    assert kept(segment(0, True, 5, 5, 0, ACK), segment(0, True, 5, 6, 0, ACK)) == [True, True]
