"""What a peer's outage was spent on: each part by where its requests went, and nothing that no point shows."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.measures.talk import ACK, Row, datagram, echo, journal_of, segment
from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, announced, arps, view
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.announced.vlans import Retagged
from vmpcap.migration.causes.breakdown import break_down
from vmpcap.migration.guest.silences import last_sign_before, silences
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.results import OutagePart, Peer
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.points.timeline import Leg, Timeline, Track
from vmpcap.terms.addresses import ip_halves

COUNT, STEP = 500, 10
"""Pings every 10 ms for 5 s: number n is sent at 10 n ms."""
GONE, BACK = 840, 1000
"""The guest's last frame at the old place, and its host's announcement at the new one, ms."""
OLD_MAC = GUEST + 1
OTHER_ROUTER = 0x00005E00014D
"""A MAC that VRRP gives to any number of routers."""

BROADCAST = 0xFFFF_FFFF_FFFF

Requests = Iterable[int]


def ping(number: int, late: float = 0.0, **more: Any) -> Row:
    return echo(number * STEP + late, number, **{"eth_src": GATEWAY, "eth_dst": GUEST, "ip_ttl": 63, **more})


def pong(number: int, late: float = 1.0, **more: Any) -> Row:
    return echo(number * STEP + late, number, True, **{"eth_src": GUEST, "eth_dst": GATEWAY, "ip_ttl": 64, **more})


def asked(answered: Callable[[int], bool], late: float = 0.0, **more: Any) -> list[Row]:
    """All pings, and replies to those that were answered."""
    rows = [ping(n, late, **more) for n in range(COUNT)]
    ends = {"eth_src": more.get("eth_dst", GUEST), "eth_dst": more.get("eth_src", GATEWAY)}
    return rows + [pong(n, 1.0 - late, **ends) for n in range(COUNT) if answered(n)]


def seen(numbers: Requests, answered: Requests = (), late: float = 0.2, **more: Any) -> list[Row]:
    """These pings and these replies."""
    return [ping(n, late, **more) for n in numbers] + [pong(n, 1.0 - late) for n in answered]


def point(name: str, role: str, rows: list[Row], *announced_at: int, **more: Any) -> PointView:
    """The guest's announcements are frames of its MAC as well as entries of their own."""
    rarps = [{"ts_ns": ms * MS, "eth_src": GUEST, "eth_dst": BROADCAST, "ethertype": 0x8035} for ms in announced_at]
    rows_kept = journal_of([*rows, *rarps])
    numbers = tuple(rows_kept.frame[rows_kept.ethertype == 0x8035].tolist())
    series = (replace(announced(*(ms * MS for ms in announced_at)), frames=numbers),) if announced_at else ()
    known = {"journal": rows_kept, "series": series, "last_ts": COUNT * STEP * MS}
    return view(name, role, **{**known, **more})


def client(answered: Callable[[int], bool], **more: Any) -> PointView:
    """The peer's own point, behind a router: no MAC of the guest is seen there."""
    rows = asked(answered, 0.0, eth_src=0x02000000C1, eth_dst=0x02000000C2)
    return point("client", "client", [{**row, "ip_ttl": 63} for row in rows], **more)


def told(
    *views: PointView,
    mac: int = GUEST,
    ips: tuple[str, ...] = (GUEST_IP,),
    drawn: tuple[Mark, Mark] | None = None,
    astray: Retagged | None = None,
    streamed_until: int | None = None,
    unproven: Mark | None = None,
) -> Peer:
    """What is told of the only peer that had an outage?"""
    moved = Moved(
        mac, tuple(ip_halves(ip) for ip in ips), tuple((v, v.series[0]) for v in views if v.series), "high", ""
    )
    if unproven is not None:  # what its host announced is no sign of it then
        moved = replace(moved, heard=())
    first = moved.first_heard
    moment = on_reference(first[0], first[1].first_ts) if first is not None else BACK * MS
    quiet = silences(moved, views, moment)
    found = what_peers_suffered(moved, views, moment, last_sign_before(quiet))
    found = break_down(
        found, moved, views, quiet, drawn, astray=astray, streamed_until=streamed_until, unproven=unproven
    )
    (one,) = [s.peer for s in found if s.outage is not None or s.joined is not None]
    return one


def spent(peer: Peer) -> dict[str, float]:
    """How long was each part? Each cause comes once."""
    assert len({part.part for part in peer.breakdown}) == len(peer.breakdown)
    return {part.part: round(part.ms) for part in peer.breakdown}


def part(peer: Peer, name: str) -> OutagePart:
    (one,) = [p for p in peer.breakdown if p.part == name]
    return one


def old_place(numbers: Requests = range(84), *announced_at: int, **more: Any) -> PointView:
    """The guest answered here up to request 83."""
    return point("old", "domain:source", seen(numbers, range(84)), *announced_at, **more)


def new_place(first: int, **ends: int) -> PointView:
    """The guest is announced here, gets its requests from this one on, and answers them."""
    numbers = range(first, COUNT)
    return point("new", "domain:destination", seen(numbers, numbers, **ends), BACK)


def test_an_outage_that_ends_with_the_guests_return_was_the_stun() -> None:
    """Requests 84 to 99 met no guest; number 100 was answered by the guest at its new place."""
    peer = told(client(lambda n: not 84 <= n < 100), old_place(), new_place(100))
    assert spent(peer) == {"stun": 160}
    only = peer.breakdown[0]
    assert (only.requests, only.from_point, only.to_frame) == (16, "client", only.from_frame + 16)
    assert only.uncertainty_ms == pytest.approx(10.0)
    assert "old frame 168" in only.because
    assert "new frame" in only.because
    assert peer.breakdown_because == "outage 160 ms: all of it while no host ran the guest"


def test_one_request_that_met_no_guest_is_no_relearning_though_its_peer_asks_seldom() -> None:
    """Asked every 200 ms: at 900 ms of nobody, the guest was back at 1,000, those of 1,100 and 1,300 went astray."""
    rows = [ping(n) for n in range(10, COUNT, 20)] + [pong(n) for n in range(10, COUNT, 20) if n not in (90, 110, 130)]
    near = point("gw", "gateway", rows, BACK, offset=Offset(-MS, MS, 9))
    old = point("old", "domain:source", seen(range(10, 131, 20), (10, 30, 50, 70)) + seen(range(84), range(84)))
    new = point("new", "domain:destination", seen(range(150, COUNT, 20), range(150, COUNT, 20)), BACK)
    peer = told(near, old, new)
    assert spent(peer) == {"stun": 100, "relearning": 500}
    assert [one.requests for one in peer.breakdown] == [1, 2]
    assert part(peer, "stun").uncertainty_ms == pytest.approx(1.0)


def test_requests_drawn_to_the_new_place_while_the_guest_ran_at_its_old_one_are_the_announcements() -> None:
    """Announced after request 34; the guest reported to somebody from its old place until request 83 all the same."""
    reports = [datagram(n * STEP + 3, False, n, eth_src=GUEST, eth_dst=GATEWAY, dst="10.99.0.9") for n in range(84)]
    old = point("old", "domain:source", seen(range(35), range(35)) + reports)
    new = point("new", "domain:destination", seen(range(35, COUNT), range(100, COUNT)), BACK)
    drawn = Mark(new, 345 * MS, 1), Mark(old, 833 * MS, 1)
    peer = told(client(lambda n: not 35 <= n < 100), old, new, drawn=drawn)
    assert spent(peer) == {"announcement": 490, "stun": 160}
    assert "its announcement had drawn requests to where it did not run yet" in peer.breakdown_because


def test_what_was_drawn_to_a_guest_that_need_not_run_yet_is_neither_its_fault_nor_its_stun() -> None:
    """Announced after request 34, heard itself from number 100 on, and no clock tells whether its stream had ended."""
    old, numbers = point("old", "domain:source", seen(range(35), range(35))), range(100, COUNT)
    new = point("new", "domain:destination", seen(range(35, COUNT), numbers), 345)
    peer = told(client(lambda n: not 35 <= n < 100), old, new, unproven=Mark(new, 345 * MS, 1))
    assert spent(peer) == {"unexplained": 650}
    assert "announced at its new place, and nothing shows that it ran there yet" in peer.breakdown_because
    assert spent(told(client(lambda n: not 35 <= n < 100), old, new)) == {"guest": 650}


def test_the_parts_add_up_to_the_outage_and_follow_each_other() -> None:
    """Stun, then a switch that had not learnt: nothing is left out, nothing counts twice."""
    gateway = point("gw", "gateway", asked(lambda n: not 84 <= n < 150, 0.1), BACK)
    peer = told(client(lambda n: not 84 <= n < 150), old_place(range(150), BACK), gateway, new_place(150))
    assert [p.part for p in peer.breakdown] == ["stun", "relearning"]
    assert sum(p.ms for p in peer.breakdown) == pytest.approx(peer.outage_ms or 0)
    assert peer.breakdown[0].to_ts == peer.breakdown[1].from_ts
    assert peer.breakdown[0].to_frame == peer.breakdown[1].from_frame
    assert spent(peer) == {"stun": 160, "relearning": 500}
    assert "500 ms of it while switches had not learnt the guest's new place" in peer.breakdown_because
    assert peer.answered_after_ms == pytest.approx(501.0)


def test_one_request_that_is_lost_makes_no_stun_as_long_as_the_wait_for_the_next() -> None:
    """A monitor pings every second; that of 10.9 s is lost, the guest is back at 11 s: away for 0.1 s of it."""
    rows = [echo(900 + n * 1000, n) for n in range(21)]
    rows += [echo(901 + n * 1000, n, True) for n in range(21) if n != 10]
    rows = [{**row, "ip_ttl": 63, "eth_src": 0xC1, "eth_dst": 0xC2} for row in rows]
    gone = [{**row, "ts_ns": row["ts_ns"] + 10 * S} for row in seen(range(84), range(84))]
    old = point("old", "domain:source", gone, last_ts=21 * S)
    new = point("new", "domain:destination", [], 11_000, last_ts=21 * S)
    peer = told(point("monitor", "client", rows, last_ts=21 * S), old, new)
    assert (peer.outage_ms, peer.outage_low_ms, peer.outage_high_ms) == (1000.0, 0.0, 2000.0)
    assert spent(peer) == {"stun": 100, "unexplained": 900}
    assert "sent while no host ran the guest" in peer.breakdown_because
    assert peer.breakdown_because.startswith("outage at most 2.00 s: its only lost request was ")
    assert "what the peer asked next was answered" in part(peer, "unexplained").because


@pytest.mark.parametrize("is_late", [True, False])
def test_a_guest_that_hangs_long_after_it_was_back_does_not_lengthen_the_switchover(is_late: bool) -> None:
    """The stun of 160 ms; from 3.0 or 1.5 s on its new place gets 80 requests that it does not answer."""
    first = 300 if is_late else 150
    hung = range(first, first + 80)
    new = point(
        "new", "domain:destination", seen(range(100, COUNT), [n for n in range(100, COUNT) if n not in hung]), BACK
    )
    peer = told(client(lambda n: not 84 <= n < 100 and n not in hung), old_place(), new)
    later = "a further outage of 800 ms, from 1970-01-01T00:00:03.000000000Z on"
    if is_late:
        assert (peer.outage_ms, spent(peer)) == (160.0, {"stun": 160})
        assert later in peer.because
        assert peer.later_outage_ms == 800.0
        assert "2.0 s after the guest was back, while requests came to its new place" in peer.because
        assert "whether the guest left them unanswered, or its host lost them, no point shows" in peer.because
        assert peer.later_by_guest is None
    else:
        assert (peer.outage_ms, spent(peer)) == (800.0, {"guest": 800}), "half a second later it is not told apart"
    peer = told(client(lambda n: not 84 <= n < 100 and n not in hung), old_place(), new, streamed_until=4 * S)
    assert peer.outage_ms == 800.0, "the stream ran until 4 s: the guest may have waited for its memory"


@pytest.mark.parametrize("is_delivered", [True, False])
def test_requests_that_a_port_shows_and_the_point_behind_it_does_not_were_lost_on_the_way_to_the_guest(
    is_delivered: bool,
) -> None:
    """80 requests come to the new host's port, and to its bridge or not; nobody answers them."""
    hung = range(300, 380)
    answered = [n for n in range(100, COUNT) if n not in hung]
    some = range(100, COUNT) if is_delivered else answered
    port = point("port", "domain:destination", seen(range(100, COUNT), answered, late=0.1), BACK)
    bridge = point("bridge", "domain:destination", seen(some, answered, late=0.2), BACK)
    peer = told(client(lambda n: not 84 <= n < 100 and n not in hung), old_place(), port, bridge)
    if is_delivered:
        assert (peer.outage_ms, peer.later_outage_ms, peer.later_by_guest) == (160.0, 800.0, True)
        assert "2.0 s after the guest was back, while requests reached it and it did not answer" in peer.because
    else:
        assert (peer.outage_ms, peer.later_outage_ms, spent(peer)) == (800.0, None, {"unexplained": 800})
        assert "requests passed port and never came to bridge behind it" in peer.breakdown_because


@pytest.mark.parametrize(
    ("passed", "expected"),
    [([*range(84), *range(300, 380)], "relearning"), (range(84), "unexplained"), (range(COUNT), "unexplained")],
    ids=["to the old place again", "nowhere", "on their way past it, as all others"],
)
def test_requests_that_go_astray_long_after_the_guest_was_back_were_not_waiting_for_a_switch_to_learn(
    passed: Requests, expected: str
) -> None:
    """Answered at its new place from 1.0 to 3.0 s; then 80 requests do not come there."""
    astray = range(300, 380)
    kept = [n for n in range(100, COUNT) if n not in astray]
    old = old_place(passed, BACK)
    gateway = point("gw", "gateway", asked(lambda n: not 84 <= n < 100 and n not in astray, 0.1), BACK)
    new = point("new", "domain:destination", seen(kept, kept), BACK)
    peer = told(client(lambda n: not 84 <= n < 100 and n not in astray), old, gateway, new)
    assert spent(peer) == {expected: 800}
    assert ("to its old place again" in peer.breakdown_because) is (expected == "relearning")
    assert "had not learnt" not in peer.breakdown_because
    assert "2.0 s after it was back" in peer.breakdown_because


@pytest.mark.parametrize("first", [130, 101])
def test_a_peer_that_was_answered_at_the_new_place_waits_for_no_switch_to_learn_it(first: int) -> None:
    """Requests 100 on are answered there; 80 more do not come there, 0.3 s or 10 ms after the guest was back."""
    astray = range(first, first + 80)
    kept = [n for n in range(100, COUNT) if n not in astray]
    gateway = point("gw", "gateway", asked(lambda n: not 84 <= n < 100 and n not in astray, 0.1), BACK)
    new = point("new", "domain:destination", seen(kept, kept), BACK)
    peer = told(client(lambda n: not 84 <= n < 100 and n not in astray), old_place(range(84), BACK), gateway, new)
    assert spent(peer) == {"unexplained": 800}
    assert "had not learnt" not in peer.breakdown_because
    assert "came to its new place no more" in peer.breakdown_because
    old = old_place([*range(84), *astray], BACK)
    peer = told(client(lambda n: not 84 <= n < 100 and n not in astray), old, gateway, new)
    assert spent(peer) == {"relearning": 800}
    assert "to its old place again" in peer.breakdown_because


def test_a_peer_that_loses_the_guest_long_after_the_move_is_told_until_when_it_had_it() -> None:
    """Answered at its new place from 1.0 to 3.0 s, and then never."""
    new = point("new", "domain:destination", seen(range(100, COUNT), range(100, 300)), BACK)
    peer = told(client(lambda n: not 84 <= n < 100 and n < 300), old_place(), new)
    assert (peer.survived, peer.begun_after_ms) == (False, 2000.0)
    assert "answered until 2.0 s after the guest was back" in peer.because
    assert told(client(lambda n: n < 84), old_place(), new_place(100)).begun_after_ms is None


@pytest.mark.parametrize("role", ["domain:source", "gateway"])
def test_an_old_arp_entry_of_the_gateway_is_named(role: str) -> None:
    """The guest has a new MAC; the gateway sends to the old one, which switches flood to both places."""

    def to_old(n: int) -> dict[str, int]:
        return {"eth_dst": OLD_MAC if n < 300 else GUEST}

    before = [ping(n, 0.2, **to_old(n)) for n in range(300)] + [pong(n, 0.8, eth_src=OLD_MAC) for n in range(84)]
    after = [ping(n, 0.3, **to_old(n)) for n in range(101, COUNT)] + [pong(n, 0.7) for n in range(300, COUNT)]
    old = point("old", role, before, BACK)
    new = point("new", "domain:destination", after, BACK)
    peer = told(client(lambda n: not 84 <= n < 300), old, new)
    assert spent(peer) == {"stun": 160, "gateway_arp": 2000}
    assert "00:50:56:aa:77:11, which the guest had before" in part(peer, "gateway_arp").because
    assert peer.breakdown_because == "outage 2.16 s: 2.00 s of it while the gateway kept its old ARP entry"


def test_a_gateway_that_asks_in_vain_holds_the_requests() -> None:
    """ARP requests for the guest at 1.0 and 2.0 s stay unanswered until 3 s, and no request leaves the gateway."""
    request, reply = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
    bodies = arps(
        *((ms * MS, request, GATEWAY, "10.77.0.1", GUEST_IP) for ms in (1000, 2000, 2995)),
        (2996 * MS, reply, GUEST, GUEST_IP, "10.77.0.1"),
    )
    numbers = [*range(84), *range(300, COUNT)]
    gateway = point("gw", "gateway", seen(numbers, numbers), BACK, arps=bodies)
    peer = told(client(lambda n: not 84 <= n < 300), old_place(range(84), BACK), gateway, new_place(300))
    assert spent(peer) == {"stun": 160, "gateway_arp": 2000}
    assert "gw frames 1 to 2 (2 requests)" in part(peer, "gateway_arp").because
    assert "asked for the guest's MAC in vain" in peer.breakdown_because


def test_arp_that_is_answered_at_once_explains_nothing() -> None:
    """The gateway refreshes its entry during the outage and gets its answer: the requests were lost elsewhere."""
    request, reply = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
    bodies = arps(
        (1500 * MS, request, GATEWAY, "10.77.0.1", GUEST_IP),
        (1501 * MS, reply, GUEST, GUEST_IP, "10.77.0.1"),
    )
    numbers = [*range(84), *range(300, COUNT)]
    gateway = point("gw", "gateway", seen(numbers, numbers), BACK, arps=bodies)
    peer = told(client(lambda n: not 84 <= n < 300), old_place(range(84), BACK), gateway, new_place(300))
    assert spent(peer) == {"stun": 160, "unexplained": 2000}
    assert "seen at client" in part(peer, "unexplained").because


def two_ways(last_old: int, first_new: int) -> tuple[PointView, PointView]:
    """Routed links to both sites: requests took the old one up to, and the new one from these numbers on."""
    ends = {"eth_src": 0x02000000A1, "eth_dst": 0x02000000A2}
    to_old = point("wan-a", "wan", seen(range(last_old + 1), late=0.1, **ends))
    return to_old, point("wan-b", "wan", seen(range(first_new, COUNT), late=0.1, **ends))


def test_requests_on_the_way_to_the_old_site_waited_for_a_route() -> None:
    """Two sites that are no one domain: the announcement is not heard at the old one, where requests still arrive."""
    old = old_place(range(200))
    peer = told(client(lambda n: not 84 <= n < 220), old, *two_ways(199, 220), new_place(220, eth_src=OTHER_ROUTER))
    assert spent(peer) == {"stun": 160, "routing": 1200}
    because = part(peer, "routing").because
    assert "delivered at the old site: old frames" in because
    assert "none of wan-a, wan-b" in because
    assert "traffic still went to the guest's old site, or nowhere" in peer.breakdown_because


@pytest.mark.parametrize("both", [False, True], ids=["sent on", "come and sent on"])
@pytest.mark.parametrize(("turned", "routed"), [(120, 200), (COUNT, 3990)])
def test_a_router_between_the_sites_that_hands_requests_to_another_sends_them_the_old_way_no_more(
    turned: int, routed: int, both: bool
) -> None:
    """One point shows the links to both sites: to whose router a request was handed tells which way it took."""
    old, new, core = 0x02000000A2, 0x02000000B2, 0x02000000C1
    wan = seen(range(turned), late=0.2, eth_src=core, eth_dst=old)
    wan += seen(range(turned, COUNT), late=0.2, eth_src=core, eth_dst=new)
    come = seen(range(COUNT), late=0.1, eth_src=core + 1, eth_dst=core) if both else []
    views = [old_place(), point("wan", "wan", [*come, *wan]), point("new", "domain:destination", [], BACK)]
    peer = told(client(lambda n: n < 84), *views)
    assert spent(peer)["routing"] == routed
    assert spent(peer)["stun"] == 160


def test_gateways_that_share_a_mac_of_their_own_do_not_hide_the_route() -> None:
    """The sites' routers have one MAC, not of VRRP; the requests left one routed link for another: a route was late."""
    same = {GATEWAY}
    old, new = old_place(range(200)), new_place(220)
    assert {int(mac) for place in (old, new) for mac in place.journal.eth_src} - {GUEST} == same
    peer = told(client(lambda n: not 84 <= n < 220), old, *two_ways(199, 220), new)
    assert spent(peer) == {"stun": 160, "routing": 1200}


def test_one_gateway_that_served_both_places_makes_it_the_switches() -> None:
    """The announcement was filtered, yet the gateway sends to the guest's MAC throughout: no route was wrong."""
    gateway = point("gw", "gateway", asked(lambda n: not 84 <= n < 150, 0.1))
    peer = told(client(lambda n: not 84 <= n < 150), old_place(range(150)), gateway, new_place(150))
    assert spent(peer) == {"stun": 160, "relearning": 500}


def test_one_mac_behind_two_routed_ways_is_an_anycast_gateways() -> None:
    """Requests came to the old place by one routed link, and come to the new one by another: a route was wrong."""
    views = (client(lambda n: not 84 <= n < 150), old_place(range(150)), *two_ways(149, 150), new_place(150))
    assert spent(told(*views)) == {"stun": 160, "routing": 500}


def test_a_virtual_router_that_serves_both_places_leaves_it_open() -> None:
    """One MAC of VRRP may be two routers or one: routes or switches, nothing tells."""
    shared = {"eth_src": OTHER_ROUTER}
    old = point("old", "domain:source", seen(range(150), range(84), **shared))
    new = point("new", "domain:destination", seen(range(150, COUNT), range(150, COUNT), **shared), BACK)
    peer = told(client(lambda n: not 84 <= n < 150), old, new)
    assert spent(peer) == {"stun": 160, "unexplained": 500}
    assert "by a route, or by a switch" in part(peer, "unexplained").because
    own = point("old", "domain:source", seen(range(150), range(84)))
    assert spent(told(client(lambda n: not 84 <= n < 150), own, new_place(150))) == {"stun": 160, "relearning": 500}


def test_a_guest_that_gets_requests_and_does_not_answer_is_no_matter_of_the_network() -> None:
    """It panics after the switchover: everything reaches it."""
    new = point("new", "domain:destination", seen(range(100, COUNT), range(300, COUNT)), BACK)
    peer = told(client(lambda n: not 84 <= n < 300), old_place(), new)
    assert spent(peer) == {"stun": 160, "guest": 2000}
    assert "requests reached the guest, which did not answer" in peer.breakdown_because


def test_who_asks_for_an_address_that_the_guest_no_longer_has_waits_for_that() -> None:
    """It came back as another, which answers; what a router sent on under its MAC, and 0.0.0.0, are no names of it."""
    ends = {"eth_src": GUEST, "eth_dst": GATEWAY}
    others = [{**pong(n), **ends, "src": ip} for n, ip in ((120, "10.77.0.88"), (110, "0.0.0.0"), (130, "10.7.0.7"))]
    others[2]["ip_ttl"] = 61
    new = point("new", "domain:destination", [*seen(range(100, COUNT)), *others], BACK)
    peer = told(client(lambda n: not 84 <= n < COUNT), old_place(), new)
    assert set(spent(peer)) == {"stun", "guest"}
    assert "the guest had another address by then, 10.77.0.88" in peer.breakdown_because
    both = point("new", "domain:destination", [*seen(range(100, COUNT), [200]), *others], BACK)
    assert "another address" not in told(client(lambda n: not 84 <= n < COUNT), old_place(), both).breakdown_because


@pytest.mark.parametrize(("is_astray", "parts"), [(True, {"stun", "wrong_vlan"}), (False, {"stun", "relearning"})])
def test_who_asks_a_guest_that_came_to_another_vlan_waits_for_that(is_astray: bool, parts: set[str]) -> None:
    """The gateway sends on to its MAC, and no switch can learn a place in another network."""
    gateway = point("gw", "gateway", asked(lambda n: n < 84, 0.1), BACK)
    old = old_place(range(84))
    new = point("new", "domain:destination", [], BACK)
    tags = Retagged("VLAN", 77, old, 1, 78, new, 2) if is_astray else None
    peer = told(client(lambda n: n < 84), old, gateway, new, astray=tags)
    assert set(spent(peer)) == parts
    assert ("the guest was in another VLAN than before" in peer.breakdown_because) is is_astray


def test_answers_that_do_not_come_back_are_not_the_guests_fault() -> None:
    """It answers at its new place; the client sees nothing."""
    peer = told(client(lambda n: not 84 <= n < 300), old_place(), new_place(100))
    assert spent(peer) == {"stun": 160, "answers": 2000}
    assert "the guest answered, and its answers were lost between new and client" in peer.breakdown_because


@pytest.mark.parametrize("merged", [False, True], ids=["as sent", "several shown as one"])
@pytest.mark.parametrize("through", [None, 1700], ids=["none", "one"])
def test_what_the_guest_sends_in_a_connection_is_lost_where_none_of_it_comes_through(
    merged: bool, through: int | None
) -> None:
    """It answers each of six segments; a host may show others than it sent. Where one came that was no answer, no."""
    tries = [840, 1040, 1440, 1640, 2040, 2440]
    asks = [
        *(segment(20 * n, True, 100 * n, 0, 100) for n in range(42)),
        *(segment(ms, True, 4200, 0, 100) for ms in tries),
    ]
    asks.append(segment(3040, True, 4200, 0, 100))

    def told_by_guest(ms: float, ack: int = 4300) -> Row:
        return segment(ms, False, 0, ack, 0, ACK, ip_id=round(ms)) | {"eth_src": GUEST, "eth_dst": GATEWAY}

    early = [told_by_guest(20 * n + 1, 100 * n + 100) for n in range(42)]
    bridged, ported, routed, back = (told_by_guest(3041 - before) for before in (0.3, 0.2, 0.1, 0))
    sent = [told_by_guest(ms + after) for ms in tries if ms > BACK for after in (1, 3)]
    came = [told_by_guest(through, 4200)] if through is not None else []
    to_guest = [row | {"eth_src": GATEWAY, "eth_dst": GUEST} for row in asks]
    new = [row for row in to_guest if row["ts_ns"] > BACK * MS] + [*sent, *came]
    port = [row | {"ip_id": 7} if row in sent and merged else row for row in new]
    peer = told(
        point("client", "client", [*asks, *early, *came, back]),
        point("old", "domain:source", [*(row for row in to_guest if row["ts_ns"] <= 840 * MS), *early]),
        point("gw", "gateway", [*to_guest, *early, *came, routed]),
        point("bridge", "domain:destination", [*new, bridged], BACK),
        point("port", "domain:destination", [*port, ported], BACK + 1),
    )
    parts = spent(peer)
    assert ("answers" in parts) is (through is None)
    if through is None:
        assert parts == {"stun": 160, "answers": 3041 - 1000}
        assert "lost between port and gw" in peer.breakdown_because


def test_what_the_guest_sends_at_its_new_place_is_not_lost_for_not_passing_the_old_one() -> None:
    """The peer's point is the old place until the move, and the new one since: no answer from there passes the old."""
    tries = [840, 1040, 1440, 1640, 2040, 2440, 3040]
    asks = [segment(20 * n, True, 100 * n, 0, 100) for n in range(42)]
    asks += [segment(ms, True, 4200, 0, 100) for ms in tries]

    def told_by_guest(ms: float, ack: int) -> Row:
        return segment(ms, False, 0, ack, 0, ACK, ip_id=round(ms)) | {"eth_src": GUEST, "eth_dst": GATEWAY}

    early = [told_by_guest(20 * n + 1, 100 * n + 100) for n in range(42)]
    late = [told_by_guest(ms + 1, 4200) for ms in tries if BACK < ms < 3000] + [told_by_guest(3041, 4300)]
    to_guest = [row | {"eth_src": GATEWAY, "eth_dst": GUEST} for row in asks]
    peer = told(
        point("old", "domain:source", [*(row for row in to_guest if row["ts_ns"] <= 840 * MS), *early]),
        point("new", "domain:destination", [*(row for row in to_guest if row["ts_ns"] > BACK * MS), *late], BACK),
    )
    assert "answers" not in spent(peer)


@pytest.mark.parametrize("late", [0.0, 25.0], ids=["at once", "after the next request"])
@pytest.mark.parametrize(
    ("end", "where"), [(300, "lost between port and gw"), (COUNT, "seen at bridge, port and never at client, gw")]
)
def test_lost_answers_are_told_between_the_points_that_saw_them_and_those_that_never_did(
    late: float, end: int, where: str
) -> None:
    """The port has them, the gateway has not; the old place has no part in it. Where none came back is no order."""
    numbers, back = range(100, COUNT), range(end, COUNT)
    ports = [
        point(
            name, "domain:destination", [*seen(numbers), *(pong(n, at + (late if n < 103 else 0)) for n in numbers)], ms
        )
        for name, at, ms in (("bridge", 0.7, BACK), ("port", 0.8, BACK + 1))
    ]
    gateway = point("gw", "gateway", [*seen(range(COUNT)), *(pong(n, 0.9) for n in (*range(84), *back))])
    peer = told(client(lambda n: not 84 <= n < end, last_ts=(COUNT - 1) * STEP * MS), old_place(), gateway, *ports)
    says = f"the guest answered, and its answers were {where}"
    assert spent(peer)["answers"] >= 1900
    assert set(spent(peer)) == {"stun", "answers"}
    assert says in peer.breakdown_because
    assert says in part(peer, "answers").because


def test_what_no_point_shows_is_unexplained() -> None:
    """Only the client: when the guest was away is not known, nor what became of the requests."""
    peer = told(client(lambda n: not 84 <= n < 300))
    assert spent(peer) == {"unexplained": 2160}
    assert "nothing in view explains" in peer.breakdown_because


def test_a_first_frame_seen_far_from_the_guest_does_not_end_the_stun() -> None:
    """At the gateway its first frame after may be late because of switches: stun or not is not known."""
    gateway = point("gw", "gateway", asked(lambda n: not 84 <= n < 110))
    peer = told(gateway)
    assert spent(peer) == {"unexplained": 260}
    assert "whether it ran before" in peer.breakdown[0].because
    heard = point("gw", "gateway", asked(lambda n: not 84 <= n < 110), BACK)
    assert spent(told(heard))["stun"] == 160


def test_the_stun_ends_where_the_guest_was_heard_first_though_the_new_places_capture_lacks_that() -> None:
    """Its announcement at 1.0 s is in view at the gateway; the new place's capture begins to show it at 1.2 s."""
    late = [row for row in seen(range(120, COUNT), range(120, COUNT)) if row["ts_ns"] >= 1200 * MS]
    gateway = point("gw", "gateway", asked(lambda n: not 84 <= n < 130, 0.1), BACK)
    peer = told(client(lambda n: not 84 <= n < 130), old_place(), gateway, point("new", "domain:destination", late))
    assert spent(peer)["stun"] == 160
    assert f"its first sign after: gw frame {gateway.series[0].frames[0]}" in part(peer, "stun").because


def test_until_somebody_announces_the_guest_nobody_can_know() -> None:
    """It runs and talks from 1.0 s on; its first announcement comes at 1.15 s."""
    talk = [{**pong(n), "dst": "10.77.0.99"} for n in range(100, 115)]
    rows = [*seen(range(115, COUNT), range(115, COUNT)), *talk]
    new = point("new", "domain:destination", rows, 1150)
    gateway = point("gw", "gateway", asked(lambda n: not 84 <= n < 115, 0.1), 1150)
    peer = told(client(lambda n: not 84 <= n < 115), old_place(range(84), 1150), gateway, new)
    assert spent(peer) == {"stun": 170, "announcement": 140}


def test_an_outage_without_end_is_as_long_as_it_is_in_view() -> None:
    """The last request was sent at 4.99 s, the first unanswered one at 0.84 s."""
    peer = told(client(lambda n: n < 84), old_place(range(COUNT)), new_place(COUNT))
    assert (peer.outage_ms, peer.survived) == (None, False)
    assert spent(peer) == {"stun": 160, "routing": 3990}
    assert part(peer, "routing").to_frame is None
    assert peer.breakdown_because.startswith("outage at least 4.15 s: 3.99 s of it")
    assert peer.answered_after_ms is None


def test_the_clock_of_the_new_place_may_be_off() -> None:
    """137 ms ahead, known to 1 ms: the stun is the same, and as sure as the clocks are."""
    ahead = 137
    rows = seen(range(100, COUNT), range(100, COUNT), late=0.2 + ahead)
    rows = [{**row, "ts_ns": row["ts_ns"]} for row in rows]
    offset = Offset((ahead - 1) * MS, (ahead + 1) * MS, 9)
    answers = [pong(n, 0.8 + ahead) for n in range(100, COUNT)]
    rows = [row for row in rows if row["icmp_type"] == 8] + answers
    new = point("new", "domain:destination", rows, BACK + ahead, offset=offset)
    peer = told(client(lambda n: not 84 <= n < 100), old_place(), new)
    assert spent(peer) == {"stun": 160}
    assert peer.breakdown[0].uncertainty_ms == pytest.approx(11.0)
    unknown = replace(new, offset=None)
    unsure = told(client(lambda n: not 84 <= n < 100), old_place(), unknown)
    assert spent(unsure) == {"unexplained": 160}
    assert "whether it ran before, unheard there, is not known" in unsure.breakdown[0].because
    gone = told(client(lambda n: n < 84), old_place(range(COUNT)), unknown)
    assert spent(gone) == {"routing": (COUNT - 1 - 84) * 10}
    assert gone.breakdown[0].uncertainty_ms is None
    assert "the clocks of new and client were not compared" in gone.breakdown[0].because
    assert "the clocks of new and client were not compared" in gone.breakdown_because
    assert gone.breakdown_because.endswith("; all of it while traffic still went to the guest's old site, or nowhere")


def test_packets_without_numbers_are_known_by_their_time() -> None:
    """UDP with an identification of 0, all alike: each stands for the request that was sent last before it."""

    def datagrams(numbers: Requests, to_guest: bool, late: float) -> list[Row]:
        ends = {"src": PEER_IP, "dst": GUEST_IP, "src_port": 4000, "dst_port": 53}
        macs = {"eth_src": GATEWAY, "eth_dst": GUEST}
        if not to_guest:
            ends = {"src": GUEST_IP, "dst": PEER_IP, "src_port": 53, "dst_port": 4000}
            macs = {"eth_src": GUEST, "eth_dst": GATEWAY}
        known = {"ip_protocol": 17, "payload_bytes": 40, "ip_id": 0, **ends, **macs}
        return [{"ts_ns": int((n * STEP + late) * MS), **known} for n in numbers]

    answered = [n for n in range(COUNT) if not 84 <= n < 150]
    mine = point("client", "client", datagrams(range(COUNT), True, 0) + datagrams(answered, False, 1))
    old = point("old", "domain:source", datagrams(range(150), True, 0.2) + datagrams(range(84), False, 0.8), BACK)
    new_rows = datagrams(range(150, COUNT), True, 0.2) + datagrams(range(150, COUNT), False, 0.8)
    peer = told(mine, old, point("new", "domain:destination", new_rows, BACK))
    assert spent(peer) == {"stun": 160, "relearning": 500}


def connection(*tries: float, answer: float) -> list[Row]:
    """A peer that sends 100 bytes every 20 ms; those of 840 ms are sent again at these times, answered at last."""
    rows, seq = [segment(0, True, 0, 0, 100), segment(1, False, 0, 100)], 100
    for n in range(1, 42):
        rows += [segment(20 * n, True, seq, 0, 100), segment(20 * n + 1, False, 0, seq + 100)]
        seq += 100
    rows += [segment(ms, True, seq, 0, 100) for ms in (840, *tries)]
    rows.append(segment(answer, False, 0, seq + 100, 0, ACK))
    for n in range(1, 20):
        rows += [segment(answer + 20 * n, True, seq + 100 * n, 0, 100)]
        rows += [segment(answer + 20 * n + 1, False, 0, seq + 100 * n + 100)]
    return rows


def test_what_tcp_waits_for_its_timer_after_the_guest_is_back_is_its_own() -> None:
    """Sent again at 1040 and 1440: back at 1.1 s, the first segment after that is answered: 1 ms is no part."""
    rows = [{**row, "ip_ttl": 63} for row in connection(1040, 1440, answer=1441)]
    sent = [row for row in rows if row["src"] == GUEST_IP and row["ts_ns"] > 1100 * MS]
    new = point("new", "domain:destination", [{**row, "eth_src": GUEST} for row in sent], 1100)
    peer = told(point("client", "client", rows), new)
    assert peer.protocol == "tcp/80"
    assert spent(peer) == {"stun": 260, "tcp_back_off": 341}
    assert sum(p.ms for p in peer.breakdown) == pytest.approx(peer.outage_ms or 0)
    assert "the first segment after that was answered" in part(peer, "tcp_back_off").because


def test_a_stun_within_one_wait_of_tcp_is_as_long_as_it_was() -> None:
    """Sent at 840, the guest is back at 850, the segment goes again at 1040: 10 ms, though it asks every 20 ms."""
    rows = [{**row, "ip_ttl": 63} for row in connection(1040, answer=1041)]
    sent = [row for row in rows if row["src"] == GUEST_IP and row["ts_ns"] > 850 * MS]
    new = point("new", "domain:destination", [{**row, "eth_src": GUEST} for row in sent], 850)
    peer = told(point("client", "client", rows), new)
    assert spent(peer) == {"stun": 10, "tcp_back_off": 191}
    assert part(peer, "stun").uncertainty_ms == pytest.approx(0.0)


def test_a_stun_longer_than_one_wait_of_tcp_is_no_part_of_its_next_wait() -> None:
    """
    It asks every 400 ms. Sent at 800 ms, and again at 1000 and 1400: the guest is back at 1018.

    218 ms of it no host ran the guest, which is less than it usually waits to ask.
    """
    rows, seq = [segment(0, True, 0, 0, 100), segment(1, False, 0, 100)], 100
    for ms, answer in ((400, 401), (800, 1401), (1800, 1801), (2200, 2201), (2600, 2601)):
        again = [1000, 1400] if ms == 800 else []
        rows += [segment(at, True, seq, 0, 100) for at in (ms, *again)]
        rows.append(segment(answer, False, 0, seq + 100))
        seq += 100
    rows = [{**row, "ip_ttl": 63} for row in rows]
    sent = [row for row in rows if row["src"] == GUEST_IP and row["ts_ns"] > 1018 * MS]
    new = point("new", "domain:destination", [{**row, "eth_src": GUEST} for row in sent], 1018)
    peer = told(point("client", "client", rows), new)
    assert spent(peer) == {"stun": 218, "tcp_back_off": 383}
    assert "383 ms of it while TCP waited for its timer" in peer.breakdown_because


def test_a_point_that_no_answer_passes_shows_no_outage_to_take_apart() -> None:
    """Answers take another way: what is missing there is none."""
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    only = point("wan", "wan", seen(range(COUNT)))
    found = break_down(what_peers_suffered(moved, [only], S, None), moved, [only], {})
    assert [s.peer.breakdown for s in found] == [[] for _ in found]


def test_an_outage_of_which_only_the_last_request_was_read_is_told_whole() -> None:
    """Damage took the rest: the one that is left was sent when the outage ended in view, and parts nothing."""
    view = client(lambda n: n < 84)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", "")
    (one,) = what_peers_suffered(moved, [view], BACK * MS, None)
    assert one.stream is not None
    assert one.outage is not None
    left = replace(one.stream, asked_ts=one.stream.asked_ts[-1:])
    end = int(left.asked_ts[0])
    short = replace(one.outage, last_unanswered_ts=end, seen_ns=end - one.outage.first_unanswered_ts)
    (told_of,) = break_down(
        [replace(one, stream=left, outage=short)], moved, [view], silences(moved, [view], BACK * MS)
    )
    (whole,) = told_of.peer.breakdown
    assert whole.ms == pytest.approx(short.seen_ns / MS)


STEPPED, BY = 500, 3000
"""Where a clock is set while the guest is still at its old place, ms, and by how much: longer than the outage."""


def set_forward(view: PointView) -> PointView:
    """The same point with a clock that was set, as packets before and after that told of it."""
    knots = np.array([-10_000, STEPPED - 1, STEPPED + 1, COUNT * STEP + 10_000], np.float64) * MS
    shown = np.array([0, 0, BY, BY], np.float64) * MS
    line = Timeline(0, (Leg(Track(0, 0, knots, shown, shown), True),), False)

    def at(ts: Any) -> Any:
        return np.where(np.asarray(ts) >= STEPPED * MS, np.asarray(ts) + BY * MS, ts)

    return replace(
        view,
        journal=view.journal._replace(ts_ns=at(view.journal.ts_ns)),
        arps=replace(view.arps, ts_ns=at(view.arps.ts_ns)),
        series=tuple(replace(s, times=tuple(at(s.times).tolist())) for s in view.series),
        first_ts=int(at(view.first_ts)),
        last_ts=int(at(view.last_ts)),
        timeline=line,
    )


def test_who_is_sought_in_vain_is_known_by_a_clock_that_was_set_before() -> None:
    """The gateway's clock is 3 s on from 0.5 s: what it asked at 1.0 and 2.0 s it asked then, not after the outage."""
    request, reply = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
    bodies = arps(
        *((ms * MS, request, GATEWAY, "10.77.0.1", GUEST_IP) for ms in (1000, 2000, 2995)),
        (2996 * MS, reply, GUEST, GUEST_IP, "10.77.0.1"),
    )
    numbers = [*range(84), *range(300, COUNT)]
    gateway = set_forward(point("gw", "gateway", seen(numbers, numbers), BACK, arps=bodies))
    peer = told(client(lambda n: not 84 <= n < 300), old_place(range(84), BACK), gateway, new_place(300))
    assert spent(peer) == {"stun": 160, "gateway_arp": 2000}
    assert "gw frames 1 to 2 (2 requests)" in part(peer, "gateway_arp").because


@pytest.mark.parametrize("asked_for", [GUEST_IP, "2001:db8:77::10"])
def test_what_is_asked_for_one_family_tells_nothing_of_the_other(asked_for: str) -> None:
    """The gateway asks for the guest's address of IPv6 in vain: what its peers of IPv4 wait for is another thing."""
    kind = NUMBER_OF["nd_request" if ":" in asked_for else "arp_request"]
    bodies = arps(*((ms * MS, kind, GATEWAY, "10.77.0.1", asked_for) for ms in (1000, 2000)))
    numbers = [*range(84), *range(300, COUNT)]
    gateway = point("gw", "gateway", seen(numbers, numbers), BACK, arps=bodies)
    views = (client(lambda n: not 84 <= n < 300), old_place(range(84), BACK), gateway, new_place(300))
    peer = told(*views, ips=(GUEST_IP, "2001:db8:77::10"))
    assert ("gateway_arp" in spent(peer)) == (asked_for == GUEST_IP)


def test_answers_are_of_their_own_time_by_a_clock_that_was_set_before() -> None:
    """The guest answers from its new place, whose clock is 3 s on: the answers did not come back."""
    peer = told(client(lambda n: not 84 <= n < 300), old_place(), set_forward(new_place(100)))
    assert spent(peer) == {"stun": 160, "answers": 2000}
    assert "its answers were lost between new and client" in part(peer, "answers").because


def test_packets_without_numbers_are_placed_by_a_clock_that_was_set_before() -> None:
    """Datagrams that are all alike, known by their time alone: each is the request that was sent last before it."""
    known = {"src": PEER_IP, "dst": GUEST_IP, "src_port": 4000, "dst_port": 53, "ip_protocol": 17, "ip_id": 0}
    back = {"src": GUEST_IP, "dst": PEER_IP, "src_port": 53, "dst_port": 4000, "ip_protocol": 17, "ip_id": 0}
    macs, turned = {"eth_src": GATEWAY, "eth_dst": GUEST}, {"eth_src": GUEST, "eth_dst": GATEWAY}

    def rows(asked_for: Requests, answered: Requests, late: float) -> list[Row]:
        sent = [{"ts_ns": int((n * STEP + late) * MS), "payload_bytes": 40, **known, **macs} for n in asked_for]
        return sent + [
            {"ts_ns": int((n * STEP + 1 - late) * MS), "payload_bytes": 40, **back, **turned} for n in answered
        ]

    mine = point("client", "client", rows(range(COUNT), [n for n in range(COUNT) if not 84 <= n < 150], 0))
    old = set_forward(point("old", "domain:source", rows(range(150), range(84), 0.2), BACK))
    new = point("new", "domain:destination", rows(range(150, COUNT), range(150, COUNT), 0.2), BACK)
    assert spent(told(mine, old, new)) == {"stun": 160, "relearning": 500}
