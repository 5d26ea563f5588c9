"""How the stream travelled: routers between the hosts, as TTLs tell, and from where one can tell."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, journal, moves_of, side, stream, view
from vmpcap.measures.connections import Connection
from vmpcap.migration.results import Path
from vmpcap.migration.stream.hops import describe_path, hops_from_ttl
from vmpcap.migration.views import PointView


@pytest.mark.parametrize(
    ("ttl", "hops"), [(64, 0), (63, 1), (60, 4), (128, 0), (127, 1), (255, 0), (254, 1), (65, 63), (1, 63)]
)
def test_a_ttl_counts_down_from_what_hosts_start_with(ttl: int, hops: int) -> None:
    """64, 128 or 255, whichever is next above."""
    assert hops_from_ttl(ttl) == hops


@given(st.sampled_from([64, 128, 255]), st.integers(0, 30))
def test_a_few_routers_are_counted_from_every_start(initial: int, routers: int) -> None:
    """Thirty at most: more would be taken for another start."""
    assert hops_from_ttl(initial - routers) == routers


def link(there: int | None = 64, back: int | None = 64, **more: Any) -> Connection:
    """A stream whose packets arrive with these TTLs; more replaces parts of the connection."""
    made = stream()
    sides = (replace(made.sides[0], ttl_min=there, ttl_max=there), replace(made.sides[1], ttl_min=back, ttl_max=back))
    return replace(made, sides=sides, **more)


def path_of(*views: PointView) -> Path:
    (move,) = moves_of(*views)
    return describe_path(move)


def at(name: str, role: str | None, *connections: Connection, **more: Any) -> PointView:
    return view(name, role, streams=connections, **more)


def test_both_ends_without_a_router_are_adjacent() -> None:
    """No TTL was lowered between the two NICs."""
    path = path_of(at("src", "source", link()), at("dst", "destination", link()))
    assert (path.word, path.routed) == ("adjacent", False)
    assert (path.hops_source_to_destination, path.hops_destination_to_source) == (0, 0)
    assert path.next_hop_macs == []


def test_both_ends_with_routers_count_each_direction() -> None:
    """The way back may be longer than the way there."""
    path = path_of(at("src", "source", link(64, 61)), at("dst", "destination", link(62, 64)))
    assert (path.word, path.routed) == ("routed", True)
    assert (path.hops_source_to_destination, path.hops_destination_to_source) == (2, 3)


@pytest.mark.parametrize(("there", "back"), [(127, 128), (254, 255), (63, 128)])
def test_other_starts_than_64_are_routed_just_as_well(there: int, back: int) -> None:
    """Windows starts with 128, routers with 255; the two hosts need not be alike."""
    assert path_of(at("dst", "destination", link(there, back))).hops_source_to_destination == 1


def test_the_source_alone_counts_the_way_back() -> None:
    """Its own packets leave untouched; what arrives tells of routers between."""
    path = path_of(at("src", "source", link(64, 63)))
    assert (path.word, path.hops_source_to_destination, path.hops_destination_to_source) == ("routed", None, 1)


def test_the_source_alone_may_see_that_nothing_is_between() -> None:
    """What the destination sent arrived untouched: the way back is a whole direction."""
    path = path_of(at("src", "source", link(64, 64)))
    assert (path.word, path.hops_source_to_destination, path.hops_destination_to_source) == ("adjacent", None, 0)


def test_a_one_sided_capture_does_not_count_what_it_does_not_see() -> None:
    """Only the source's own packets, at its own NIC: of the path nothing is known."""
    path = path_of(at("src", "source", link(64, None)))
    assert (path.word, path.routed) == ("undecided", None)
    assert (path.hops_source_to_destination, path.hops_destination_to_source) == (None, None)
    assert path.because


def test_a_host_that_starts_with_another_ttl_is_no_router() -> None:
    """60 right at its own NIC: four routers within a host there are none."""
    path = path_of(at("src", "source", link(60, 60)))
    assert (path.word, path.routed) == ("undecided", None)
    assert (path.hops_source_to_destination, path.hops_destination_to_source) == (None, None)
    assert "60" in path.because


def test_what_one_point_shows_of_routers_rests_on_what_hosts_start_with() -> None:
    """Seen once, a lowered TTL is a likelihood; seen before and after the router it is a fact."""
    assert "if the hosts start with" in path_of(at("dst", "destination", link(62, 64))).because
    both = path_of(at("src", "source", link(64, 62)), at("dst", "destination", link(62, 64)))
    assert "if the hosts" not in both.because


def test_in_the_middle_a_lowered_ttl_is_a_router_and_its_absence_is_nothing_yet() -> None:
    """Parts of the path count no hops of the whole."""
    routed = path_of(at("wan", "wan", link(63, 64)))
    assert (routed.word, routed.hops_source_to_destination) == ("routed", None)
    one_way = path_of(at("wan", "wan", link(64, None)))
    assert one_way.word == "undecided"


def test_both_directions_untouched_in_the_middle_are_adjacent() -> None:
    """What comes from either end has passed no router on its part, and the parts are the whole."""
    assert path_of(at("wan", "wan", link(64, 64))).word == "adjacent"


def test_without_a_ttl_nothing_is_said() -> None:
    """Cut frames show none."""
    path = path_of(at("src", "source", link(None, None)))
    assert (path.word, path.routed) == ("undecided", None)
    assert "no packet" in path.because


@pytest.mark.parametrize(
    ("near", "far", "hops"), [(50_000, 5 * MS, 1), (300_000, 5 * MS, None), (50_000, 20_000, None)]
)
def test_a_point_of_unknown_place_beside_a_host_is_told_by_the_handshake(near: int, far: int, hops: int | None) -> None:
    """Its half of the handshake is next to nothing: there the way back ends."""
    seen = link(64, 63, synack_to_ack_ns=near, syn_to_synack_ns=far)
    assert path_of(at("somewhere", None, seen)).hops_destination_to_source == hops


def test_copies_from_both_sides_of_a_router_show_the_router() -> None:
    """A mirror port gives each packet twice, with two TTLs: routed, and the hops are those of the far copy."""
    made = link(64, 64)
    twice = replace(made, sides=(replace(made.sides[0], ttl_min=63), made.sides[1]))
    assert path_of(at("src", "source", twice)).word == "routed"


def test_whom_the_hosts_hand_their_packets_to_is_named_where_it_is_a_router() -> None:
    """The next hop's MAC is the first destination that each host used, seen beside that host."""
    made = link(64, 63)
    there = replace(made, sides=(replace(made.sides[0], first_eth_dst=GATEWAY), made.sides[1]))
    assert path_of(at("src", "source", there)).next_hop_macs == ["02:00:00:00:aa:01"]
    beside = replace(there, sides=(there.sides[0], replace(there.sides[1], ttl_min=64, ttl_max=64)))
    assert path_of(at("src", "source", beside)).next_hop_macs == []


@pytest.mark.parametrize(("address", "mtu"), [("10.10.1.", 1500), ("fd00::", 1520)])
def test_the_mtu_is_the_smaller_offer_and_its_headers(address: str, mtu: int) -> None:
    """MSS 1460 of 8960 and 1460: 40 bytes of headers in IPv4, 60 in IPv6."""
    made = stream(a_ip=f"{address}11", b_ip=f"{address}12")
    offers = replace(made, sides=(replace(made.sides[0], mss=8960), made.sides[1]))
    path = path_of(at("src", "source", offers))
    assert (path.mss, path.mtu) == (1460, mtu)


def test_without_a_handshake_there_is_no_mtu() -> None:
    """Unknown is null."""
    made = stream(b=side(packets=9, ttl_min=64, ttl_max=64))
    blind = replace(made, sides=(replace(made.sides[0], mss=None), made.sides[1]))
    path = path_of(at("src", "source", blind))
    assert (path.mss, path.mtu) == (None, None)


def test_redirects_are_counted_once_though_seen_at_two_points() -> None:
    """ICMP type 5: a better router stands on the segment. Echoes are none."""
    rows = journal(*((n * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(4)))
    seen = rows._replace(icmp_type=np.array([5, 8, 5, 0], np.uint8))
    points = [at("src", "source", link(), journal=seen), at("dst", "destination", link(), journal=seen)]
    assert path_of(*points).redirects == 2
