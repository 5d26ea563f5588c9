"""Whom the hosts hand the stream's packets to: the other host, a router, or a gateway that several routers share."""

from dataclasses import replace
from typing import Any

import pytest

from tests.migration.make import arps, moves_of, stream, view
from vmpcap.measures.connections import Connection
from vmpcap.migration.path_results import NextHop
from vmpcap.migration.results import Path
from vmpcap.migration.stream.hops import describe_path
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import mac_number

SOURCE, PEER, ROUTER, BACK = 0x0050566A0011, 0x0050566B0012, 0x001B210A0101, 0x001B210A0102
HSRP = mac_number("00:00:0c:9f:f0:0a")
ASK, ANSWER = 5, 6
"""Rows of announcements.kinds; the opcode beside them tells what they are."""


def link(ttls: tuple[int, int], out: tuple[int, int], back: tuple[int, int], **more: Any) -> Connection:
    """A stream with these TTLs, and Ethernet source and destination of each direction as one point shows them."""
    made = stream(**more)
    sides = [
        replace(side, ttl_min=ttl, ttl_max=ttl, first_eth_src=macs[0], first_eth_dst=macs[1])
        for side, ttl, macs in zip(made.sides, ttls, (out, back), strict=True)
    ]
    return replace(made, sides=(sides[0], sides[1]))


def at_source(ttls: tuple[int, int], to: int, back_from: int, **more: Any) -> PointView:
    made = link(ttls, (SOURCE, to), (back_from, SOURCE), **more.pop("addresses", {}))
    return view("src", "source", streams=(made,), **more)


def at_destination(ttls: tuple[int, int], came_from: int, to: int) -> PointView:
    return view("dst", "destination", streams=(link(ttls, (came_from, PEER), (PEER, to)),))


def path_of(*views: PointView) -> Path:
    (move,) = moves_of(*views)
    return describe_path(move)


def hop_of(*views: PointView) -> NextHop:
    return next(hop for hop in path_of(*views).next_hops if hop.direction == "to_destination")


def asked(*rows: tuple[int, int, int, str, str]) -> Any:
    """ARP bodies with the opcode that their kind means."""
    made = arps(*rows)
    made.opcode[:] = [1 if row[1] == ASK else 2 for row in rows]
    return made


def test_the_other_host_is_known_by_its_own_point() -> None:
    """It sends from the MAC that packets are handed to."""
    hop = hop_of(at_source((64, 64), PEER, PEER), at_destination((64, 64), SOURCE, SOURCE))
    assert (hop.kind, hop.mac, hop.point, hop.returns_from) == ("peer", "00:50:56:6b:00:12", "src", hop.mac)


def test_a_lowered_ttl_makes_it_a_router() -> None:
    """Seen at both ends; each direction has a next hop of its own."""
    far = at_destination((63, 64), BACK, BACK)
    far = replace(far, streams=(replace(far.streams[0], b_ip="10.10.2.12"),))
    path = path_of(at_source((64, 63), ROUTER, ROUTER, addresses={"b_ip": "10.10.2.12"}), far)
    assert [(h.direction, h.kind, h.mac) for h in path.next_hops] == [
        ("to_destination", "router", "00:1b:21:0a:01:01"),
        ("to_source", "router", "00:1b:21:0a:01:02"),
    ]
    assert path.asymmetric is False
    assert path.symptoms == []


def test_a_shared_gateway_is_told_by_its_mac_alone() -> None:
    """One point suffices; the group is in the MAC."""
    hop = hop_of(at_source((64, 63), HSRP, ROUTER))
    assert (hop.kind, hop.group) == ("hsrp2", 10)
    assert "HSRP version 2, group 10" in hop.because


def test_without_the_other_end_a_plain_mac_may_be_either() -> None:
    """What arrives untouched says nothing of what leaves."""
    assert hop_of(at_source((64, 64), PEER, PEER)).kind == "unknown"


def test_arp_before_the_stream_says_whom_the_host_meant() -> None:
    """It asked for its gateway, whose address the answer gives; a question after the first packet is not why."""
    rows = asked((-9, ASK, SOURCE, "10.10.1.11", "10.10.1.1"), (-8, ANSWER, ROUTER, "10.10.1.1", "10.10.1.11"))
    hop = hop_of(at_source((64, 63), ROUTER, ROUTER, arps=rows))
    assert (hop.arp, hop.address) == ("gateway", "10.10.1.1")
    late = asked((9, ASK, SOURCE, "10.10.1.11", "10.10.1.1"), (10, ANSWER, ROUTER, "10.10.1.1", "10.10.1.11"))
    assert hop_of(at_source((64, 63), ROUTER, ROUTER, arps=late)).arp == "none"


def test_unequal_hops_are_asymmetric_and_unknown_ones_are_not() -> None:
    """Both directions must be counted."""
    both = at_source((64, 61), ROUTER, ROUTER), at_destination((62, 64), BACK, BACK)
    assert path_of(*both).asymmetric is True
    assert path_of(both[0]).asymmetric is None


@pytest.mark.parametrize("mac", [(1 << 64) - 1, 0xFFFFFFFFFFFF])
def test_where_there_is_no_station_there_is_no_next_hop(mac: int) -> None:
    """Raw IP has no MACs, and a broadcast is nobody."""
    assert path_of(at_source((64, 63), mac, ROUTER)).next_hops == []
