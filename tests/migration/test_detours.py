"""Packets that leave the new site over the link between the sites, to a gateway that stayed at the old one."""

from dataclasses import replace

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, arps, journal, view
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved
from vmpcap.migration.stream.detours import find_trombone
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_halves

SWITCH = 10 * S
GUEST_MOVED = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")


def crossing(*rows: tuple[int, int, int], proto: int = 1) -> JournalColumns:
    """Packets of the guest on the link: (ts, identification, TTL)."""
    made = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts, _, _ in rows))
    return made._replace(
        ip_id=np.array([ip_id for _, ip_id, _ in rows], np.uint32), ttl=np.array([ttl for *_, ttl in rows], np.uint8)
    )


def test_a_packet_that_comes_back_with_a_lower_ttl_crossed_twice() -> None:
    """To the old site's gateway and back: the same packet, one router later."""
    link = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + S + 5 * MS, 7, 63)))
    found = find_trombone(GUEST_MOVED, [link], SWITCH)
    assert (found.found, found.point, found.frames) == (True, "wan", (1, 2))


def test_packets_that_cross_once_take_no_detour() -> None:
    """Each with its own identification; and a copy with the same TTL is a copy."""
    once = view(
        "wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + 2 * S, 8, 64), (SWITCH + 2 * S + MS, 8, 64))
    )
    assert find_trombone(GUEST_MOVED, [once], SWITCH).found is False


def test_an_identification_that_is_used_again_is_another_packet() -> None:
    """Sixteen bits wrap, and by then the way may have one router more: seconds apart is not twice."""
    again = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + 9 * S, 7, 63)))
    assert find_trombone(GUEST_MOVED, [again], SWITCH).found is False


def test_packets_without_an_identification_are_told_by_their_numbers() -> None:
    """Many hosts send 0: two echoes of different numbers are two packets, whatever their TTL."""
    rows = crossing((SWITCH + S, 0, 64), (SWITCH + S + 5 * MS, 0, 63))
    two = rows._replace(icmp_seq=np.array([1, 2], np.uint16))
    assert find_trombone(GUEST_MOVED, [view("wan", "wan", journal=two)], SWITCH).found is False
    assert find_trombone(GUEST_MOVED, [view("wan", "wan", journal=rows)], SWITCH).found is True


def test_no_detour_is_claimed_where_packets_were_left_out() -> None:
    """The second crossing may be among them; one that is seen counts all the same."""
    once = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64)), journal_complete=False)
    assert find_trombone(GUEST_MOVED, [once], SWITCH).found is None
    twice = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + S, 7, 63)), journal_complete=False)
    assert find_trombone(GUEST_MOVED, [twice], SWITCH).found is True


def test_what_crossed_before_the_switchover_does_not_count() -> None:
    """Then the guest was where its gateway is."""
    before = view("wan", "wan", journal=crossing((S, 7, 64), (S + 5 * MS, 7, 63)))
    assert find_trombone(GUEST_MOVED, [before], SWITCH).found is None


def test_a_detour_is_seen_only_on_the_link() -> None:
    """At the gateway both copies pass as well, of every routed packet."""
    rows = crossing((SWITCH + S, 7, 64), (SWITCH + S + 5 * MS, 7, 63))
    found = find_trombone(GUEST_MOVED, [view("gw", "gateway", journal=rows)], SWITCH)
    assert found.found is None
    assert "role wan" in found.because


SHARED = 0x0000_5E00_014D


def away(mac: int, count: int = 3, target: str = PEER_IP, answers: bool = True) -> PointView:
    """The link: the guest sends to this MAC, and frames from it cross as well."""
    rows = [(SWITCH + (2 + n) * S, GUEST, mac, GUEST_IP, target) for n in range(count)]
    back = [(SWITCH + 3 * S + MS, mac, GUEST, target, GUEST_IP)] if answers else []
    return view("dci", "wan", journal=journal(*sorted([*rows, *back])))


def test_packets_to_a_shared_gateway_beyond_the_link_took_a_detour() -> None:
    """They need not come back over it: the old site's router sends them on from there."""
    found = find_trombone(GUEST_MOVED, [away(SHARED)], SWITCH)
    assert (found.found, found.point) == (True, "dci")
    assert "3 packets of the guest left its new site over dci" in found.because
    assert "the last +4.0 s after the switchover" in found.because


def test_two_packets_to_a_gateway_beyond_the_link_may_be_strays() -> None:
    """Or they were on their way when the guest moved."""
    assert find_trombone(GUEST_MOVED, [away(SHARED, count=2)], SWITCH).found is False


@pytest.mark.parametrize("mac", [SHARED, GATEWAY])
def test_frames_to_a_mac_that_is_never_heard_from_are_undecided(mac: int) -> None:
    """A switch floods what it does not know, or the capture has one direction: neither says where the MAC is."""
    found = find_trombone(GUEST_MOVED, [away(mac, answers=False)], SWITCH)
    assert (found.found, found.point, found.frames) == (None, "dci", (1, 3))
    assert "none from there was seen" in found.because


def test_each_link_between_the_sites_is_examined() -> None:
    """One that shows no detour says nothing of another; nothing crossed one, and one had ended: that is not known."""
    clear = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + 2 * S, 8, 64)))
    twice = replace(clear, name="b", journal=crossing((SWITCH + S, 7, 64), (SWITCH + S + 5 * MS, 7, 63)))
    assert find_trombone(GUEST_MOVED, [clear, twice], SWITCH).found is True
    assert find_trombone(GUEST_MOVED, [clear, replace(clear, name="b", journal_complete=False)], SWITCH).found is None
    assert find_trombone(GUEST_MOVED, [clear, replace(away(SHARED, answers=False), name="b")], SWITCH).found is None
    assert find_trombone(GUEST_MOVED, [clear, view("b", "wan")], SWITCH).found is False
    assert find_trombone(GUEST_MOVED, [clear, view("b", "wan", last_ts=SWITCH)], SWITCH).found is None


def test_without_the_guests_mac_nobody_knows_which_frames_go_beyond() -> None:
    """A packet that crossed once may have gone to the old site's gateway, and on from there."""
    once = view("wan", "wan", journal=crossing((SWITCH + S, 7, 64), (SWITCH + 2 * S, 8, 64)))
    assert find_trombone(Moved(NO_MAC, GUEST_MOVED.ips, (), "low", ""), [once], SWITCH).found is None


def test_of_the_only_gateway_nobody_knows_whether_it_is_a_detour() -> None:
    """It has an address of its own and takes packets for another: a router. A neighbour is none."""
    router = view("a", "domain:source", arps=arps((S, 1, GATEWAY, "10.77.0.1", GUEST_IP)))
    found = find_trombone(GUEST_MOVED, [away(GATEWAY), router], SWITCH)
    assert found.found is None
    assert "whether its new site has a gateway of its own is not in view" in found.because
    neighbour = view("a", "domain:source", arps=arps((S, 1, GATEWAY, PEER_IP, GUEST_IP)))
    assert find_trombone(GUEST_MOVED, [away(GATEWAY), neighbour], SWITCH).found is False
    assert find_trombone(GUEST_MOVED, [away(GATEWAY)], SWITCH).found is None


OTHER = 0x02000000AA02
GARP, REPLY = NUMBER_OF["garp_request"], NUMBER_OF["arp_reply"]


@pytest.mark.parametrize(
    ("theirs", "kind", "crosses", "found"),
    [("10.77.0.1", GARP, False, True), ("10.77.0.3", GARP, False, None), ("10.77.0.1", REPLY, False, None),
     ("10.77.0.1", GARP, True, None)],
    ids=["its own", "another machine", "a neighbour that a proxy answers for", "it may be anywhere"],
)  # fmt: skip
def test_a_router_that_stands_for_the_same_address_at_the_new_site_makes_it_a_detour(
    theirs: str, kind: int, crosses: bool, found: bool | None
) -> None:
    """Two routers, one address, each under its own MAC: the guest goes on sending to the far one."""
    said = [(S, kind, GATEWAY, "10.77.0.1", "10.77.0.1")]
    old = view("a", "domain:source", arps=arps(*said))
    new = view("b", "domain:destination", arps=arps((S, kind, OTHER, theirs, theirs)))
    link = away(GATEWAY)
    if crosses:
        rows = [(SWITCH + (2 + n) * S, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(3)]
        back = [(SWITCH + 3 * S + n, mac, GUEST, PEER_IP, GUEST_IP) for n, mac in ((1, GATEWAY), (2, OTHER))]
        link = replace(link, journal=journal(*sorted([*rows, *back])))
    one = find_trombone(GUEST_MOVED, [link, old, new], SWITCH)
    assert one.found is found
    assert ("02:00:00:00:aa:02 stands for 10.77.0.1" in one.because) is bool(found)
