"""What the guest's old domain and its new one are to each other."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, arps, journal, view
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.announced.reach import follow_announcements
from vmpcap.migration.domains.two_domains import Named, gateways_before, name_domains
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import ip_halves

SWITCH = 10 * S
GATEWAY_IP = "10.77.0.1"
OTHER_GATEWAY = 0x02000000BB01
REQUEST, REPLY = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
RARP = NUMBER_OF["rarp_announce"]


def talk(start: int, end: int, answer_ns: int = MS, router: int = GATEWAY, late_ns: int = 0) -> JournalColumns:
    """A peer behind the router pings the guest ten times a second; its requests are seen so late."""
    times = range(start, end, 100 * MS)
    rows = []
    for ts in times:
        rows += [(ts + late_ns, router, GUEST, PEER_IP, GUEST_IP), (ts + answer_ns, GUEST, router, GUEST_IP, PEER_IP)]
    made = journal(*rows)
    is_reply = np.arange(made.rows) % 2 == 1
    numbers = np.array([start // MS // 100 + n // 2 for n in range(made.rows)])
    return made._replace(
        icmp_type=np.where(is_reply, 0, 8).astype(np.uint8),
        icmp_seq=(numbers & 0xFFFF).astype(np.uint16),
        ip_id=(numbers * 2 + is_reply).astype(np.uint32),
    )


def both(*parts: JournalColumns) -> JournalColumns:
    joined = JournalColumns(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return joined._replace(frame=np.arange(1, joined.rows + 1))


def broadcast(rows: AnnouncementRows) -> AnnouncementRows:
    return replace(rows, is_broadcast=np.ones(len(rows), np.bool_))


def heard(name: str, role: str, late_ns: int = 0, **more: Any) -> PointView:
    series = announced(SWITCH + late_ns, SWITCH + 50 * MS + late_ns)
    if "vlan" in more or "vni" in more:
        series = replace(series, vlan_outer_id=more.pop("vlan", -1), vni=more.pop("vni", -1))
    return view(name, role, series=(series,), **more)


def named(*views: PointView) -> Named:
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in views if v.series), "high", "")
    told = follow_announcements(moved, views, SWITCH, qemu=True)
    return name_domains(moved, views, told.announcements.by_point, SWITCH)


# one domain


@pytest.mark.parametrize(("was", "word"), [(77, "different"), (88, "stretched"), (-1, "stretched"), (0, "stretched")])
def test_an_announcement_in_another_vlan_is_not_in_the_domain_that_the_guest_left(was: int, word: str) -> None:
    """Though the same switch carries both. A guest without a tag may be in that VLAN behind an access port."""
    before = talk(SWITCH - S, SWITCH, 100_000)
    tagged = before._replace(vlan_outer_id=np.full(before.rows, was, np.int32))
    old = heard("old", "domain:source", 5 * MS, journal=tagged, vlan=88)
    told = named(heard("new", "domain:destination", vlan=88), heard("link", "wan", 2 * MS), old)
    assert told.word == word
    assert ("VLAN 77" in told.because and "VLAN 88" in told.because) == (word == "different")


def test_one_switch_is_the_same_domain() -> None:
    """Heard at the switch port and in the old domain a few microseconds later."""
    port = heard("port", "domain:destination", 8_000)
    told = named(heard("new", "domain:destination"), port, heard("old", "domain:source", 20_000))
    assert told.word == "same"
    assert "old" in told.because
    assert "port, between them" in told.because


def test_where_nothing_between_was_looked_at_near_is_not_the_same() -> None:
    """A link to a site across the road is as short: nobody captured at it, or beside it."""
    told = named(heard("new", "domain:destination"), heard("old", "domain:source", 20_000))
    assert told.word == "undecided"
    assert "no point stands between" in told.because


def test_a_millisecond_of_way_is_a_stretch() -> None:
    """The announcement took 1 ms, give or take what the clocks allow."""
    doubt = Offset(-200_000, 200_000, 50)
    told = named(heard("new", "domain:destination"), heard("old", "domain:source", MS, offset=doubt))
    assert told.word == "stretched"


@pytest.mark.parametrize("offset", [None, Offset(-900_000, 900_000, 50)])
def test_clocks_that_do_not_bear_it_leave_the_stretch_open(offset: Offset | None) -> None:
    """It is one domain; how far it reaches is not known, and that is said."""
    told = named(heard("new", "domain:destination"), heard("old", "domain:source", 300_000, offset=offset))
    assert told.word == "undecided"
    assert "one domain" in told.because


@pytest.mark.parametrize(("apart_ns", "word"), [(30_000, "undecided"), (2 * MS, "stretched")])
def test_exchanges_tell_the_distance_whatever_the_clocks_say(apart_ns: int, word: str) -> None:
    """The gateway waits so much longer for the same answers than the new place's port does; its clock is unknown."""
    before = talk(5 * S, SWITCH - S)
    gateway = heard("gw", "gateway", journal=both(before, talk(SWITCH + S, 15 * S, MS + apart_ns)))
    new = heard("new", "domain:destination", journal=talk(SWITCH + S, 15 * S, MS), offset=None)
    old = heard("old", "domain:source", journal=before, offset=None)
    assert named(new, old, gateway).word == word


@pytest.mark.parametrize(("after_ns", "word"), [(100_000, "no point stands between"), (3 * MS, "not known")])
def test_the_gateway_alone_tells_by_how_soon_the_guest_answers(after_ns: int, word: str) -> None:
    """Answers after 0.1 ms come from near by; after 3 ms they may come from afar, or from a busy host."""
    rows = both(talk(5 * S, SWITCH - S, 100_000), talk(SWITCH + S, 15 * S, after_ns))
    told = named(heard("gw", "gateway", journal=rows))
    assert told.word == "undecided"
    assert word in told.because
    assert "gw saw the guest" in told.because


def test_a_tunnel_that_carried_it_is_a_stretch() -> None:
    """However short it is."""
    tunnel = heard("uplink", "source", 10_000, vni=5001)
    told = named(heard("new", "domain:destination"), heard("old", "domain:source", 20_000), tunnel)
    assert (told.word, "VNI 5001" in told.because) == ("stretched", True)


def test_a_link_between_the_sites_is_a_stretch() -> None:
    """However short it is."""
    link = heard("dci", "wan", 10_000)
    assert named(heard("new", "domain:destination"), heard("old", "domain:source", 20_000), link).word == "stretched"


def test_another_vlan_at_each_side_is_a_translation() -> None:
    """One announcement, two tags."""
    told = named(heard("new", "domain:destination", vlan=20), heard("old", "domain:source", 20_000, vlan=10))
    assert told.word == "stretched"
    assert "translated" in told.because


def test_a_filtered_announcement_does_not_part_what_the_guests_own_frames_join() -> None:
    """RARP was dropped, but the gateway sees the guest's MAC from both places in one segment."""
    rows = both(talk(5 * S, SWITCH - S), talk(SWITCH + 2 * S, 15 * S))
    told = named(heard("new", "domain:destination"), view("gw", "gateway", journal=rows))
    assert "one segment" in told.because
    assert told.word != "different"


def test_a_guest_that_lived_there_long_ago_joins_nothing() -> None:
    """The gateway of the new domain knew the guest a minute ago, not before the move."""
    late = 100 * S
    series = announced(late)
    gateway = view("gw", "gateway", series=(series,), journal=talk(0, 2 * S), last_ts=200 * S)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), ((gateway, series),), "high", "")
    told = follow_announcements(moved, [gateway], late, qemu=True)
    assert name_domains(moved, [gateway], told.announcements.by_point, late).word == "undecided"


# two domains


def old_place(stop: int = 20 * S, **more: Any) -> PointView:
    """The guest's old bridge: its gateway is known there, and stale packets for it go on."""
    asking = broadcast(arps((5 * S, REQUEST, GATEWAY, GATEWAY_IP, GUEST_IP)))
    stale = journal(*((ts, GATEWAY, GUEST, PEER_IP, GUEST_IP) for ts in range(SWITCH, stop, 100 * MS)))
    return view(
        "old", "domain:source", **({"journal": both(talk(5 * S, SWITCH - 200 * MS), stale), "arps": asking} | more)
    )


def new_place(gateway: int | None, **more: Any) -> PointView:
    """The guest's new bridge, where this MAC speaks for its gateway."""
    rows = [(SWITCH + n * 50 * MS, RARP, GUEST, "0.0.0.0", "0.0.0.0") for n in range(3)]
    if gateway is not None:
        rows += [(SWITCH + S + n * S, REQUEST, gateway, GATEWAY_IP, GUEST_IP) for n in range(3)]
    spoken = talk(SWITCH + S, 15 * S, router=gateway or GATEWAY) if gateway is not None else journal()
    return heard("new", "domain:destination", journal=spoken, arps=broadcast(arps(*rows)), **more)


def test_one_gateway_address_with_two_macs_is_an_equivalent_domain() -> None:
    """Each side has a gateway of its own."""
    told = named(old_place(), new_place(OTHER_GATEWAY))
    assert told.word == "equivalent"
    assert "02:00:00:00:bb:01" in told.because


def test_one_gateway_mac_is_equivalent_where_broadcasts_do_not_cross() -> None:
    """The new gateway's ARP requests never came to the old bridge, which saw packets of the guest's link meanwhile."""
    told = named(old_place(), new_place(GATEWAY))
    assert told.word == "equivalent"
    assert "never came to old" in told.because


def test_one_gateway_mac_alone_tells_nothing() -> None:
    """The old bridge fell silent with the move: one domain, or two that are alike."""
    told = named(old_place(stop=SWITCH), new_place(GATEWAY))
    assert told.word == "undecided"
    assert "one domain, or two that are alike" in told.because


@pytest.mark.parametrize("deaf", [{"drops": 1}, {"offset": None}, {"left_out": ("a filter",)}])
def test_who_may_have_missed_broadcasts_parts_no_domains(deaf: dict[str, Any]) -> None:
    """Dropped packets, a clock without bounds, a stated filter."""
    assert named(old_place(**deaf), new_place(GATEWAY)).word == "undecided"


def test_rarp_alone_parts_no_domains() -> None:
    """Switches filter it."""
    new = new_place(GATEWAY)
    only_rarp = replace(new, arps=new.arps.take(np.array([0, 1, 2, 3])))
    told = named(old_place(stop=SWITCH + 800 * MS), only_rarp)
    assert told.word == "undecided"


@pytest.mark.parametrize(("ethertype", "word"), [(0x88CC, "equivalent"), (0x0806, "undecided")])
def test_rarp_and_another_router_part_them(ethertype: int, word: str) -> None:
    """
    Packets for the guest came over one link before and over another one after.

    Where the old place shows LLDP it would have shown RARP too; where it shows nothing but IP and ARP, it may not.
    """
    new = new_place(GATEWAY)
    only_rarp = replace(new, arps=new.arps.take(np.array([0, 1, 2, 3])))
    routed = {"wan-a": range(5 * S, SWITCH, 100 * MS), "wan-b": range(SWITCH + 2 * S, 15 * S, 100 * MS)}
    links = [
        view(name, "wan", journal=journal(*((ts, 0xA, 0xB, PEER_IP, GUEST_IP) for ts in times)))
        for name, times in routed.items()
    ]
    other = journal((SWITCH - S, GATEWAY, 0x0180C200000E, "0.0.0.0", "0.0.0.0"))
    other = other._replace(ethertype=np.array([ethertype], np.uint16), ip_version=np.zeros(1, np.uint8))
    old = old_place(stop=SWITCH + 800 * MS)
    told = named(replace(old, journal=both(other, old.journal)), only_rarp, *links)
    assert told.word == word
    assert ("wan-b" in told.because) == (word == "equivalent")


def test_a_guest_that_only_sends_is_in_another_domain() -> None:
    """It asks for its gateway again and again, and nothing for it ever arrives."""
    rows = [(SWITCH, RARP, GUEST, "0.0.0.0", "0.0.0.0")]
    rows += [(SWITCH + n * S, REQUEST, GUEST, GUEST_IP, GATEWAY_IP) for n in range(1, 5)]
    new = heard("new", "domain:destination", arps=arps(*rows), last_ts=20 * S)
    told = named(old_place(), new)
    assert told.word == "different"
    assert "outbound only" in told.because


def test_a_capture_of_one_direction_is_no_guest_that_only_sends() -> None:
    """Its echo replies are there, the requests that they answer are not."""
    rows = talk(SWITCH + S, 15 * S)
    replies = rows.take(rows.icmp_type == 0)
    asking = [(SWITCH + n * S, REQUEST, GUEST, GUEST_IP, GATEWAY_IP) for n in range(1, 5)]
    new = heard("new", "domain:destination", journal=replies, arps=arps(*asking), last_ts=20 * S)
    assert named(old_place(), new).word == "undecided"


def test_points_in_one_domain_only_say_so() -> None:
    """Want of a point is a reason, not a word."""
    assert "domain:destination" in named(old_place()).because
    assert "domain:source" in named(heard("new", "domain:destination")).because


def test_a_gateway_brings_packets_of_others() -> None:
    """Who brings its own packets only is a neighbour."""
    neighbour = 0x02000000CC01
    rows = both(talk(5 * S, 6 * S), journal((7 * S, neighbour, GUEST, "10.77.0.9", GUEST_IP)))
    told = arps((5 * S, REPLY, GATEWAY, GATEWAY_IP, GUEST_IP), (5 * S, REPLY, neighbour, "10.77.0.9", GUEST_IP))
    old = view("old", "domain:source", journal=rows, arps=told)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    assert gateways_before(old, moved, SWITCH) == {ip_halves(GATEWAY_IP): {GATEWAY}}
