"""Which guest a migration moved, and how sure that is."""

from dataclasses import replace

import numpy as np
import pytest

from tests.announcements.made import Row, make_rows
from tests.migration.make import (
    GATEWAY,
    GUEST,
    GUEST_IP,
    MS,
    PEER_IP,
    S,
    announced,
    arps,
    asks_and_answers,
    journal,
    moves_of,
    side,
    stream,
    view,
)
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.series import Series, gather_series
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.guest.announcers import find_announcers
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.guest.named_guests import not_in_view
from vmpcap.migration.moved import Moved, guest_name, on_point, on_reference
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.terms.errors import RequestError

OTHER = 0x0050_5600_0001
ESXI_S = (0, 0.64, 1.64, 2.64, 4.64, 7.64, 12.64, 20.64, 33.64, 54.64)


def guests_of(*views: PointView, wanted: tuple[str, ...] = ()) -> tuple[list[tuple[Moved, ...]], int]:
    return find_guests(moves_of(*views), views, wanted)


def heard(*series: Series, **more: object) -> PointView:
    """A point that saw the stream of one second and these announcements."""
    return view(streams=(stream(),), series=series, **more)


def test_an_announcement_right_after_the_stream_is_the_guests() -> None:
    """Alone, and within two seconds of the last data: high confidence."""
    (guests,), others = guests_of(heard(announced(S + 5 * MS)))
    assert [(g.mac, g.confidence) for g in guests] == [(GUEST, "high")]
    assert "6 ms from the stream's last data" in guests[0].because
    assert others == 0


@pytest.mark.parametrize(("offset", "is_doubted"), [(Offset(0, 0, 1), False), (None, True)])
def test_a_distance_by_clocks_that_nothing_compares_says_so(offset: Offset | None, is_doubted: bool) -> None:
    """The stream at one point, the announcement at another."""
    shown = view("src-uplink", "source", streams=(stream(),))
    (guests,), _ = guests_of(shown, view("dst", series=(announced(S + 5 * MS),), offset=offset))
    assert ("by clocks that nothing compares" in guests[0].because) is is_doubted


def test_two_vnics_of_one_guest_are_announced_together() -> None:
    """Two MACs within a moment moved with one stream; neither is a rival of unknown origin."""
    (guests,), others = guests_of(heard(announced(S + 5 * MS), announced(S + 9 * MS, mac=OTHER)))
    assert {g.mac for g in guests} == {GUEST, OTHER}
    assert others == 0


def test_a_machine_that_speaks_for_itself_just_then_is_no_second_vnic() -> None:
    """A gateway's gratuitous ARP beside the host's RARP, before it or after, did not come with the stream."""
    for ms in (3, 9):
        gateway = announced(S + ms * MS, mac=OTHER, kind="garp_request", schedule=None)
        (guests,), others = guests_of(heard(announced(S + 5 * MS), gateway))
        assert [g.mac for g in guests] == [GUEST]
        assert others == 1


STRANGER = announced(S + 8 * MS, S + 58 * MS, mac=OTHER)


def two_ends(*at_destination: Series, role: str = "domain:destination", **more: object) -> list[PointView]:
    """The guest and a stranger are announced in one domain; the bridge of the destination host heard these of them."""
    return [heard(announced(S + 5 * MS), STRANGER), view("dst", role, series=at_destination, **more)]


def test_a_machine_never_heard_at_the_destination_host_did_not_come_with_the_stream() -> None:
    """Its RARP passed the domain within a moment of the guest's, but not the bridge that the guest came to."""
    (guests,), others = guests_of(*two_ends(announced(S + 5 * MS)))
    assert ([g.mac for g in guests], others) == ([GUEST], 1)
    (guests,), _ = guests_of(*two_ends(announced(S + 5 * MS)), wanted=("00:50:56:00:00:01",))
    assert [g.mac for g in guests] == [OTHER]


@pytest.mark.parametrize(
    "ends",
    [
        two_ends(announced(S + 5 * MS), STRANGER),
        two_ends(),
        two_ends(announced(S + 5 * MS), role="domain:source"),
        two_ends(announced(S + 5 * MS), drops=1),
        two_ends(announced(S + 5 * MS), last_ts=S + 7 * MS),
        two_ends(announced(S + 5 * MS), journal=journal((2 * S, OTHER, GATEWAY, "10.77.0.11", PEER_IP))),
    ],
    ids=["heard there", "nobody heard there", "the old place", "drops", "capture ended", "lives there"],
)
def test_where_the_destinations_bridge_does_not_tell_both_may_have_come(ends: list[PointView]) -> None:
    """Two vNICs of one guest, as far as anybody can say."""
    (guests,), _ = guests_of(*ends)
    assert {g.mac for g in guests} == {GUEST, OTHER}


def passing(early_ms: int, doubt_ms: int = 0, count: int = 2, **more: object) -> list[PointView]:
    """The guest is announced at its new host; a stranger is heard at the gateway so much before that host's bridge."""
    times = (S + 8 * MS, S + 58 * MS)
    at_gateway = announced(*(ts - early_ms * MS for ts in times), mac=OTHER)
    at_host = announced(*times[:count], mac=OTHER)
    offset = Offset(-doubt_ms * MS, doubt_ms * MS, 9)
    gateway = heard(announced(S + 6 * MS), at_gateway)
    return [gateway, view("dst", "domain:destination", series=(announced(S + 5 * MS), at_host), offset=offset, **more)]


def test_a_machine_that_was_heard_elsewhere_before_the_destination_host_did_not_come_with_the_stream() -> None:
    """Its broadcast passed that host's bridge, as it passes every bridge of the domain."""
    (guests,), others = guests_of(*passing(2, doubt_ms=1))
    assert ([g.mac for g in guests], others) == ([GUEST], 1)


@pytest.mark.parametrize(
    "ends",
    [passing(-1), passing(2, doubt_ms=3), passing(2, drops=1), passing(2, count=1)],
    ids=["there first", "clocks leave it open", "drops", "one not heard there"],
)
def test_where_the_clocks_do_not_tell_where_it_was_first_both_may_have_come(ends: list[PointView]) -> None:
    """Two vNICs of one guest, as far as anybody can say."""
    (guests,), _ = guests_of(*ends)
    assert {g.mac for g in guests} == {GUEST, OTHER}


def neighbours(*at_old: int, first_ts: int = 0) -> list[PointView]:
    """Both are first announced at the new host's bridge; the other talked there from the begin on, or at the old."""
    talk = [(n * 20 * MS, OTHER, GATEWAY, "10.77.0.11", PEER_IP) for n in range(5)]
    old = journal(*((ms * MS, OTHER, GATEWAY, "10.77.0.11", PEER_IP) for ms in at_old))
    at_new = (announced(2 * S + 5 * MS), announced(2 * S + 8 * MS, mac=OTHER))
    return [
        view("src", "source", streams=(stream(S),), last_ts=9 * S),
        view("old", "domain:source", journal=old, first_ts=first_ts, last_ts=9 * S),
        view("new", "domain:destination", series=at_new, journal=journal(*talk), last_ts=9 * S),
    ]


def test_a_machine_that_talked_at_the_destination_host_long_before_did_not_come_with_the_stream() -> None:
    """Its host announces it within a moment of the guest, as after a failover of a card."""
    (guests,), others = guests_of(*neighbours())
    assert ([g.mac for g in guests], others) == ([GUEST], 1)


@pytest.mark.parametrize("ends", [neighbours(10, 30), neighbours(first_ts=S)], ids=["at the old place too", "too late"])
def test_where_the_old_place_shows_it_too_or_not_yet_both_may_have_come(ends: list[PointView]) -> None:
    """What it sent may have passed the new host's bridge on its way."""
    (guests,), _ = guests_of(*ends)
    assert {g.mac for g in guests} == {GUEST, OTHER}


def test_a_guest_alone_is_joined_to_its_stream_wherever_it_was_heard_first() -> None:
    """The point that is named the destination's may stand behind another bridge."""
    ends = [heard(announced(S + 5 * MS)), view("dst", "domain:destination", series=(announced(S + 8 * MS),))]
    (guests,), _ = guests_of(*ends)
    assert [g.mac for g in guests] == [GUEST]


def test_a_second_vnic_in_another_domain_need_not_pass_the_same_bridge() -> None:
    """No point heard both in one domain: it may have a bridge of its own."""
    ends = two_ends(announced(S + 5 * MS))
    ends[0] = replace(ends[0], series=(announced(S + 5 * MS), replace(STRANGER, segment_key=78)))
    (guests,), _ = guests_of(*ends)
    assert {g.mac for g in guests} == {GUEST, OTHER}


@pytest.mark.parametrize(("back_from", "came"), [("10.10.1.12", [GUEST]), ("10.10.1.13", [GUEST, OTHER])])
def test_on_the_way_back_the_destination_is_the_other_bridge(back_from: str, came: list[int]) -> None:
    """Where the guest comes to; of a move from a third host no bridge's role says anything."""
    back = stream(start=20 * S, a_ip=back_from, b_ip="10.10.1.11", a_port=50001)
    home, stranger = announced(21 * S + 5 * MS), announced(21 * S + 8 * MS, mac=OTHER)
    gateway = view(streams=(stream(), back), series=(announced(S + 5 * MS), home, stranger))
    old = view("src", "domain:source", series=(home,))
    new = view("dst", "domain:destination", series=(announced(S + 5 * MS), stranger))
    (there, guests), _ = guests_of(gateway, old, new)
    assert ([g.mac for g in there], [g.mac for g in guests]) == ([GUEST], came)


def heard_at(gateway: tuple[int, ...], old: tuple[int, ...], new: tuple[int, ...]) -> list[PointView]:
    """One announcement event at each of these times; then five of the guest at each point."""
    names = (("gw", "gateway"), ("src", "domain:source"), ("dst", "domain:destination"))
    five = announced(*(S + n * MS for n in (5, 55, 205, 455, 805)))
    known = zip(names, (gateway, old, new), strict=True)
    ends = [view(name, role, series=(*(announced(ts) for ts in early), five)) for (name, role), early in known]
    ends[0] = replace(ends[0], streams=(stream(),))
    return ends


@pytest.mark.parametrize("early", [(900 * MS,), (500 * MS,), (200 * MS, 700 * MS)])
def test_an_early_announcement_before_the_usual_ones_is_the_same_guests(early: tuple[int, ...]) -> None:
    """While its memory flows, and again when it runs: one guest, first announced then."""
    ends = heard_at(early, early, early)
    (guests,), others = guests_of(*ends)
    assert [(g.mac, g.confidence) for g in guests] == [(GUEST, "high")]
    assert [(v.name, s.first_ts, s.count) for v, s in guests[0].heard] == [
        (name, early[0], 5 + len(early)) for name in ("gw", "src", "dst")
    ]
    assert f"the nearest of its {1 + len(early)} announcements came 6 ms" in guests[0].because
    assert (others, find_announcers(ends, guests)) == (0, [])


@pytest.mark.parametrize(
    ("old", "new", "begin"),
    [((499 * MS,), (500 * MS,), 0), ((500 * MS,), (), 0), ((), (), 0), ((500 * MS,), (500 * MS,), 600 * MS)],
    ids=["the old place first", "the old place alone", "elsewhere", "before the stream"],
)
def test_what_the_new_host_did_not_send_during_the_stream_is_another_event(
    old: tuple[int, ...], new: tuple[int, ...], begin: int
) -> None:
    """A host whose uplink comes back announces its guests too, and so did the host of an earlier move."""
    ends = heard_at((500 * MS,), old, new)
    ends[0] = replace(ends[0], streams=(stream(begin, seconds=1 - begin / S),))
    (guests,), others = guests_of(*ends)
    assert [(g.first_heard[1].first_ts, g.first_heard[1].count) for g in guests if g.first_heard] == [(S + 5 * MS, 5)]
    assert others == 1


def test_two_events_within_a_moment_are_one_guest_wherever_they_were_heard() -> None:
    """The same machine in the same domain is no second vNIC."""
    (guests,), others = guests_of(heard(announced(S - 100 * MS), announced(S + 5 * MS)))
    assert ([g.mac for g in guests], others) == ([GUEST], 0)


def test_another_guest_a_minute_later_stays_apart() -> None:
    """Whoever starts up then did not come with this stream, and is counted."""
    (guests,), others = guests_of(heard(announced(S + 5 * MS), announced(62 * S, mac=OTHER)))
    assert [g.mac for g in guests] == [GUEST]
    assert others == 1


def test_two_guests_around_one_stream_lower_the_confidence() -> None:
    """Both announced themselves within a minute: the nearer one is joined, and by time only."""
    (guests,), others = guests_of(heard(announced(S + 500 * MS), announced(2 * S + 500 * MS, mac=OTHER)))
    assert [(g.mac, g.confidence) for g in guests] == [(GUEST, "medium")]
    assert "2 guests announced themselves" in guests[0].because
    assert others == 1


@pytest.mark.parametrize(
    ("first_s", "schedule", "confidence"), [(3.0, "qemu", "medium"), (3.0, None, "low"), (40.0, "esxi", "low")]
)
def test_the_later_the_less_sure(first_s: float, schedule: str | None, confidence: str) -> None:
    """Seconds after the stream only QEMU's rhythm still speaks for it; else it is an association by time."""
    (guests,), _ = guests_of(heard(announced(S + int(first_s * S), schedule=schedule)))
    assert [g.confidence for g in guests] == [confidence]


@pytest.mark.parametrize(
    ("kind", "schedule", "confidence"),
    [("garp_request", None, "medium"), ("garp_request", "qemu", "high"), ("rarp_announce", None, "high")],
)
def test_a_lone_gratuitous_arp_is_never_sure(kind: str, schedule: str | None, confidence: str) -> None:
    """Any machine that gets an address sends one; a RARP or a hypervisor's rhythm is another thing."""
    (guests,), _ = guests_of(heard(announced(S + 5 * MS, kind=kind, schedule=schedule)))
    assert [g.confidence for g in guests] == [confidence]


@pytest.mark.parametrize("first_s", [-1.1, 61.1])
def test_outside_of_its_time_an_announcement_belongs_to_no_stream(first_s: float) -> None:
    """A second before the first data, or more than a minute after the last."""
    made = heard(announced(S + int(first_s * S)), last_ts=200 * S) if first_s > 0 else None
    made = made or view(streams=(stream(10 * S),), series=(announced(10 * S + int(first_s * S)),))
    (guests,), others = guests_of(made)
    assert (guests, others) == ((), 1)


def test_a_post_copy_guest_is_announced_while_its_memory_flows() -> None:
    """The announcement lies inside the stream."""
    running = view(streams=(stream(seconds=20),), series=(announced(5 * S),))
    (guests,), _ = guests_of(running)
    assert [g.mac for g in guests] == [GUEST]


def test_ten_rarps_over_55_seconds_are_one_guest_once() -> None:
    """ESXi's repetitions are no second move, and no second guest."""
    rows = make_rows([Row(int((1.1 + t) * S)) for t in ESXI_S])
    (guests,), others = guests_of(heard(*gather_series(rows), last_ts=90 * S))
    assert [(g.mac, g.heard[0][1].count, g.confidence) for g in guests] == [(GUEST, 10, "high")]
    assert others == 0


def test_one_event_heard_at_three_points_is_one_guest() -> None:
    """Each point keeps its own sighting."""
    points = [view(name, series=(announced(S + n * MS),)) for n, name in enumerate(("a", "b", "c"))]
    (guests,), others = guests_of(heard(announced(S + 5 * MS)), *points)
    assert [len(g.heard) for g in guests] == [4]
    assert others == 0
    first = guests[0].first_heard
    assert first is not None
    assert first[0].name == "a"


def test_two_moves_take_their_own_announcements() -> None:
    """There and back: each series goes to the stream it follows, and none is given away twice."""
    back = stream(5 * S, a_ip="10.10.1.12", b_ip="10.10.1.11", a_port=51_000)
    both = view(streams=(stream(), back), series=(announced(S + 5 * MS), announced(6 * S + 5 * MS)))
    moves, others = guests_of(both)
    assert [[g.heard[0][1].first_ts for g in guests] for guests in moves] == [[S + 5 * MS], [6 * S + 5 * MS]]
    assert others == 0


def test_a_boot_client_that_was_answered_is_no_guest() -> None:
    """A RARP server replied: the machine asked for its address."""
    (guests,), others = guests_of(heard(replace(announced(S + 5 * MS), boot="answered")))
    assert (guests, others) == ((), 0)


@pytest.mark.parametrize(("first_s", "joined"), [(1.5, True), (4.0, False)])
def test_a_machine_that_just_starts_is_joined_only_right_after_the_stream(first_s: float, joined: bool) -> None:
    """A moved guest that renews its lease looks like one that boots; seconds later the boot is likelier."""
    (guests,), _ = guests_of(heard(replace(announced(S + int(first_s * S)), boot="starting")))
    assert bool(guests) == joined


def test_a_stream_that_never_was_carries_nobody() -> None:
    """Attempts without data join no announcement, whatever is announced then."""
    attempt = stream(seconds=0.1, a=side(packets=1, syn_ts=0, syn_frame=1), b=side())
    (guests,), others = guests_of(view(streams=(attempt,), series=(announced(5 * MS),)))
    assert (guests, others) == ((), 1)


# named by the user


def test_a_guest_that_the_user_names_by_mac_is_taken() -> None:
    """Even a late announcement of it, and nobody else's."""
    late = heard(announced(S + 5 * MS, mac=OTHER), announced(30 * S, schedule=None))
    (guests,), others = guests_of(late, wanted=("00-50-56-AA-77-10",))
    assert [(g.mac, g.confidence) for g in guests] == [(GUEST, "high")]
    assert "named by the user" in guests[0].because
    assert others == 1


def test_a_named_guest_without_an_announcement_is_followed_all_the_same() -> None:
    """Its addresses come from its traffic."""
    bridge = heard(journal=asks_and_answers(0, 2 * S, 10 * MS))
    (guests,), _ = guests_of(bridge, wanted=("0050.56aa.7710",))
    assert guests[0].heard == ()
    assert ip_halves(GUEST_IP) in guests[0].ips


def test_a_guest_that_the_user_names_by_address_has_no_mac() -> None:
    """Where nothing was announced its address is all there is."""
    (guests,), _ = guests_of(heard(), wanted=("2001:db8::7",))
    assert (guests[0].mac, guests[0].ips) == (NO_MAC, (ip_halves("2001:db8::7"),))


@pytest.mark.parametrize("text", ["guest-7", "10.77.0", "00:50:56", "zz:zz:zz:zz:zz:zz", ""])
def test_a_name_that_is_neither_is_refused(text: str) -> None:
    """With what was written."""
    with pytest.raises(RequestError, match="neither a MAC nor an IP address"):
        guests_of(heard(), wanted=(text,))


# without an announcement


def silent(**more: object) -> PointView:
    """The guest answers every 10 ms, is asked on, and answers nothing from 0.9 to 1.2 s; the stream ends at 1 s."""
    return heard(journal=asks_and_answers(0, 3 * S, 10 * MS, (900 * MS, 1200 * MS)), **more)


def test_the_only_address_that_fell_silent_is_the_guest() -> None:
    """Asked before and after, silent when the stream ended: low confidence, and with its MAC."""
    (guests,), _ = guests_of(silent())
    assert [(g.mac, g.ips, g.confidence) for g in guests] == [(GUEST, (ip_halves(GUEST_IP),), "low")]
    assert "no announcement was seen" in guests[0].because


def test_behind_a_router_the_guests_mac_is_not_known() -> None:
    """A TTL of 63 says that the frame's MAC is a router's: the address is named, the MAC is not."""
    rows = asks_and_answers(0, 3 * S, 10 * MS, (900 * MS, 1200 * MS))
    routed = rows._replace(ttl=np.where(rows.eth_src == GUEST, 63, 64).astype(np.uint8))
    (guests,), _ = guests_of(heard(journal=routed))
    assert [(g.mac, g.ips) for g in guests] == [(NO_MAC, (ip_halves(GUEST_IP),))]


def test_a_low_ttl_of_a_group_message_is_no_router() -> None:
    """IGMP and the like are sent with a TTL of 1."""
    rows = asks_and_answers(0, 3 * S, 10 * MS, (900 * MS, 1200 * MS))
    ttl = rows.ttl.copy()
    ttl[np.flatnonzero(rows.eth_src == GUEST)[0]] = 1
    (guests,), _ = guests_of(heard(journal=rows._replace(ttl=ttl)))
    assert [g.mac for g in guests] == [GUEST]


def test_the_mac_seen_in_its_domain_is_the_guests_wherever_else_it_is_seen() -> None:
    """The client knows the router's, the bridge the guest's own: they are one guest."""
    rows = asks_and_answers(0, 3 * S, 10 * MS, (900 * MS, 1200 * MS))
    far = view("client", "client", journal=rows._replace(ttl=np.full(rows.rows, 63, np.uint8)))
    (guests,), _ = guests_of(silent(), far)
    assert [(g.mac, g.ips) for g in guests] == [(GUEST, (ip_halves(GUEST_IP),))]


def test_two_addresses_that_fell_silent_are_no_answer() -> None:
    """Which of them moved nobody knows."""
    both = []
    for mac, address in ((GUEST, GUEST_IP), (OTHER, "10.77.0.11")):
        for ts in range(0, 3 * S, 10 * MS):
            both.append((ts, GATEWAY, mac, PEER_IP, address))
            if not 900 * MS <= ts < 1200 * MS:
                both.append((ts + MS, mac, GATEWAY, address, PEER_IP))
    (guests,), _ = guests_of(heard(journal=journal(*both)))
    assert guests == ()


def pings(*rows: tuple[int, int, int, str, str]) -> JournalColumns:
    """Requests to the two machines, and their answers."""
    told = journal(*rows)
    told.icmp_type[:] = np.where((told.eth_dst == GUEST) | (told.eth_dst == OTHER), 8, 0)
    return told


def test_a_peer_that_pauses_and_then_asks_for_the_silent_guest_is_not_the_guest() -> None:
    """It says nothing for 60 ms beside the stream's end, and then asks in vain: the guest is whom it asks."""
    rows = []
    for ts in range(0, 3 * S, 10 * MS):
        if not 980 * MS <= ts < 1040 * MS:
            rows.append((ts, GATEWAY, GUEST, PEER_IP, GUEST_IP))
            if not 900 * MS <= ts < 1200 * MS:
                rows.append((ts + MS, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    (guests,), _ = guests_of(heard(journal=pings(*rows)))
    assert [(g.mac, g.ips) for g in guests] == [(GUEST, (ip_halves(GUEST_IP),))]


def test_what_is_captured_later_does_not_change_who_fell_silent() -> None:
    """A peer that speaks every 20 ms paused for 50 ms, which is usual; that it speaks more often later is no reason."""
    other = "10.77.0.11"
    rows = [(ts + MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in range(0, 900 * MS, 20 * MS)]
    rows += [(ts, GATEWAY, GUEST, PEER_IP, GUEST_IP) for ts in range(0, 3 * S, 20 * MS)]
    rows += [(ts + 2 * MS, OTHER, GATEWAY, other, PEER_IP) for ts in range(0, 980 * MS, 20 * MS)]
    rows += [(ts, GATEWAY, OTHER, PEER_IP, other) for ts in range(0, 3 * S, 20 * MS)]
    later = [(ts, OTHER, GATEWAY, other, PEER_IP) for ts in range(1030 * MS, 9 * S, 4 * MS)]
    for end in (2 * S, 9 * S):
        until = sorted(row for row in (*rows, *later) if row[0] < end)
        (guests,), _ = guests_of(heard(journal=pings(*until)))
        assert [g.mac for g in guests] == [GUEST]


def test_a_client_that_pauses_between_two_questions_is_no_guest() -> None:
    """Nobody asked it in its pause of 0.3 s; the guest was asked in vain in its own of 1.2 s."""
    client, rows = 0x02_00_00_00_00_77, []
    for ts in range(0, 3 * S, 300 * MS):
        rows.append((ts, client, GATEWAY, PEER_IP, GUEST_IP))
        if not 700 * MS <= ts < 1600 * MS:
            rows.append((ts + MS, GATEWAY, client, GUEST_IP, PEER_IP))
            rows.append((ts + 2 * MS, client, GATEWAY, PEER_IP, GUEST_IP))
    told = journal(*rows)
    told.icmp_type[:] = np.where(told.eth_dst == client, 0, 8)
    told.ttl[told.eth_dst == client] = 62
    (guests,), _ = guests_of(heard(journal=told))
    assert [g.ips for g in guests] == [(ip_halves(GUEST_IP),)]


def old_place(until: int) -> PointView:
    """Guest and peer were heard here until the guest left; a broadcast of somebody ends the capture then."""
    talk = asks_and_answers(0, 900 * MS, 10 * MS)
    return view("src", "domain:source", journal=talk, last_ts=until)


@pytest.mark.parametrize("until", [901 * MS, 1060 * MS, 1600 * MS, 9 * S])
def test_a_peer_that_is_heard_elsewhere_is_not_the_guest_where_both_vanish_from_the_old_place(until: int) -> None:
    """Whatever is broadcast afterwards, and however long the capture goes on: the peer asks on at the gateway."""
    (guests,), _ = guests_of(silent(), old_place(until))
    assert [(g.mac, g.ips) for g in guests] == [(GUEST, (ip_halves(GUEST_IP),))]


def test_where_both_vanish_and_no_other_point_shows_them_nobody_is_the_guest() -> None:
    """Peer or guest: the old place alone does not tell."""
    (guests,), _ = guests_of(heard(), old_place(9 * S))
    assert guests == ()


@pytest.mark.parametrize("pause", [(960 * MS, 1200 * MS), (1010 * MS, 1200 * MS)])
def test_a_peer_that_pauses_just_then_did_not_go_on(pause: tuple[int, int]) -> None:
    """At the gateway too it says nothing for a while: it may be the guest as well."""
    rows = []
    for ts in range(0, 3 * S, 10 * MS):
        if not pause[0] <= ts < pause[1]:
            rows.append((ts, GATEWAY, GUEST, PEER_IP, GUEST_IP))
        if not 900 * MS <= ts < 1200 * MS:
            rows.append((ts + MS, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    (guests,), _ = guests_of(heard(journal=journal(*rows)), old_place(9 * S))
    assert guests == ()


def test_an_address_that_was_not_asked_may_be_silent() -> None:
    """Nobody wanted anything of it: its silence says nothing."""
    rows = [(ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in range(0, 900 * MS, 10 * MS)]
    (guests,), _ = guests_of(heard(journal=journal(*rows)))
    assert guests == ()


def test_an_address_that_always_answered_did_not_move() -> None:
    """No gap, no guest."""
    (guests,), _ = guests_of(heard(journal=asks_and_answers(0, 3 * S, 10 * MS)))
    assert guests == ()


# clocks and names


def test_the_same_event_is_recognised_across_clocks_that_disagree() -> None:
    """137 s apart by their clocks, one event by their offset."""
    ahead = Offset(137 * S - MS, 137 * S + MS, 9)
    away = view("gw", "gateway", series=(announced(138 * S + 6 * MS),), offset=ahead, last_ts=300 * S)
    (guests,), others = guests_of(heard(announced(S + 5 * MS)), away)
    assert [len(g.heard) for g in guests] == [2]
    assert others == 0
    assert on_reference(away, 138 * S) == S
    assert on_point(away, S) == 138 * S


def test_clocks_that_may_be_one_are_taken_as_given() -> None:
    """An offset that includes nothing is not corrected: the middle of a wide interval is no knowledge."""
    near = view(offset=Offset(-5 * MS, 90 * MS, 3))
    assert on_reference(near, 7 * S) == on_point(near, 7 * S) == 7 * S


def test_a_guest_is_called_by_what_is_known_of_it() -> None:
    """MAC and address, one of them, or neither."""
    address = (ip_halves(GUEST_IP),)
    assert guest_name(Moved(GUEST, address, (), "high", "")) == f"00:50:56:aa:77:10 ({GUEST_IP})"
    assert guest_name(Moved(GUEST, (), (), "high", "")) == "00:50:56:aa:77:10"
    assert guest_name(Moved(NO_MAC, address, (), "high", "")) == GUEST_IP
    assert guest_name(Moved(NO_MAC, (), (), "high", "")) == "the guest"


@pytest.mark.parametrize(
    ("addresses", "known"), [((GUEST_IP,), True), ((GUEST_IP, "10.77.0.99"), False), (("0.0.0.0",), False)]
)
def test_an_address_is_learnt_from_the_guests_own_arp(addresses: tuple[str, ...], known: bool) -> None:
    """Where no packet of it is in view; who gives several addresses answers for others, and a probe gives none."""
    request = NUMBER_OF["arp_request"]
    asked = arps(*((2 * S + n, request, GUEST, address, "10.77.0.1") for n, address in enumerate(addresses)))
    ((guest,),), _ = guests_of(heard(announced(S + MS), arps=asked))
    assert guest.ips == ((ip_halves(GUEST_IP),) if known else ())


@pytest.mark.parametrize("named", ["10.77.0.99", "00:50:56:00:00:99", "2001:db8::7"])
def test_a_named_guest_that_no_frame_has_is_told_with_those_in_view(named: str) -> None:
    """It was passed over without a word. Not told of one that is in view, nor where frames were left out."""
    end = view("gw", "gateway", journal=asks_and_answers(0, 2 * S, 100 * MS), series=(announced(S),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((end, end.series[0]),), "high", "")
    (said,) = not_in_view([named, GUEST_IP, PEER_IP, "00:50:56:aa:77:10"], [end], [guest])
    assert said.startswith(f"--guest {named}: no frame of these captures has this address")
    assert said.endswith("guests in view: 00:50:56:aa:77:10 (10.77.0.10)")
    assert not_in_view([named], [replace(end, journal_complete=False)], [guest]) == []
    assert "no guest was announced in view" in not_in_view([named], [end], [])[0]
