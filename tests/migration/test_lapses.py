"""Ways to the guest's new place that went again: once, twice, for good, with peers that lost it or not."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import msgspec
import numpy as np
import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

import vmpcap
from tests.migration.make import GATEWAY, GUEST, MS, journal, suffered
from tests.migration.moving import (
    BEGIN,
    BROADCAST,
    END,
    GUEST_IP,
    LAN_DESTINATION,
    LAN_SOURCE,
    MOVED,
    PEER,
    PEER_IP,
    STREAM_S,
    Scene,
    add_announcement,
    add_stream,
)
from tests.migration.moving import GUEST as GUEST_TEXT
from tests.migration.test_lisp_data import NEW, OLD, sent
from tests.migration.test_mechanisms import (
    FINE,
    LOST,
    after,
    case,
    guests_point,
    hello,
    judged,
    lisp,
    mac_route,
    news,
    point,
)
from tests.migration.test_otv_control import EDGE_B, HAD, HAS, TOOK_BACK, control, said
from tests.migration.test_overlays import NEW as NEW_VTEP
from tests.migration.test_overlays import OLD as OLD_VTEP
from tests.migration.test_overlays import PEERS, ROLES, carried
from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.mechanisms.case import Trip
from vmpcap.migration.mechanisms.lapses import Lapse, counted_lapses
from vmpcap.migration.results import Mechanism
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.addresses import BROADCAST_MAC


def waited(from_ms: float, to_ms: float | None) -> Suffered:
    """A peer without an answer from then until then, or for good."""
    if to_ms is None:
        return replace(LOST, peer=suffered(9.0, survived=False).peer, from_ts=after(from_ms))
    return suffered(to_ms - from_ms, from_ts=after(from_ms), to_ts=after(to_ms))


GONE: Final = said(after(3_000), EDGE_B, 8, "withdraw")
AGAIN: Final = said(after(6_000), EDGE_B, 9)


@pytest.mark.parametrize(
    ("peers", "wanted"),
    [(waited(3_010, 6_020), "no"), (waited(-150, 100), "undecided"), (waited(2_500, 2_900), "undecided")],
    ids=["lost meanwhile", "lost at the switchover", "lost before it"],
)
def test_an_edge_that_took_the_guest_back_for_a_while_did_not_just_work(peers: Suffered, wanted: str) -> None:
    """Its LSP at +3 s lacks the MAC, that at +6 s has it again."""
    found = control(HAD, HAS, TOOK_BACK, GONE, AGAIN, peers=[peers])
    assert found is not None
    assert (found.worked, found.latency_ms) == (wanted, 300)
    assert "192.0.2.12 took it back in an LSP +3.0 s, and said it again +6.0 s" in found.because


def test_twice_is_a_failure_and_a_moment_is_nothing() -> None:
    """Whoever was asked meanwhile; routers may say a thing anew within a second."""
    more = said(after(8_000), EDGE_B, 10, "withdraw"), said(after(11_000), EDGE_B, 11)
    found = control(HAD, HAS, TOOK_BACK, GONE, AGAIN, *more)
    assert found is not None
    assert (found.worked, "2 times in all: it flaps" in found.because) == ("no", True)
    brief = control(HAD, HAS, TOOK_BACK, GONE, said(after(3_400), EDGE_B, 9))
    assert brief is not None
    assert brief.worked == "yes"


def test_what_was_taken_back_for_good_explains_the_peers_that_lost_it_then() -> None:
    """One that lost it long before or long after has another cause."""
    for begun, wanted in ((3_020, "no"), (100, "undecided"), (20_000, "undecided")):
        found = control(HAD, HAS, TOOK_BACK, GONE, peers=[waited(begun, None)])
        assert found is not None
        assert (found.worked, "so to the end of the view" in found.because) == (wanted, True)


def test_the_guests_next_move_is_no_lapse_of_this_one() -> None:
    """From then on its way is that migration's."""
    lapse = Lapse(after(3_000), None, "it went")
    trip = Trip(after(2_000), after(2_900), "10.0.0.2", "10.0.0.1", frozenset({GUEST}))
    view = point("wan", "wan", last_ts=after(20_000))
    assert counted_lapses(case(view), [lapse]) == [lapse]
    assert counted_lapses(case(view, others=(trip,)), [lapse]) == []
    assert counted_lapses(case(view, others=(replace(trip, macs=frozenset({GUEST + 1})),)), [lapse]) == [lapse]
    assert counted_lapses(case(view), [lapse, replace(lapse, begin=lapse.begin + 9 * MS)]) == [lapse]


def overlay(folder: Path, begin: float, end: float, dropped: bool = False, heartbeat: bool = True) -> Mechanism:
    """What is said of VXLAN where frames for the guest go to the old endpoint again, or are lost behind the new one."""
    scene = Scene()
    add_stream(scene, (LAN_SOURCE, LAN_DESTINATION))
    add_announcement(scene, "new")
    for n in range(int((END - BEGIN + 12) * 20)):
        ts = BEGIN - 3 + n / 20
        ask = Ether(src=PEER, dst=GUEST_TEXT) / IP(src=PEER_IP, dst=GUEST_IP, id=n) / ICMP(type=8, id=7, seq=n)
        reply = Ether(src=GUEST_TEXT, dst=PEER) / IP(src=GUEST_IP, dst=PEER_IP, id=n) / ICMP(type=0, id=7, seq=n)
        is_new = ts >= MOVED + 0.05
        is_hole = MOVED + begin <= ts < MOVED + end
        scene.at("far", ts - 0.001, ask)
        scene.at("core", ts, carried(PEERS, NEW_VTEP if is_new and (dropped or not is_hole) else OLD_VTEP, ask))
        if heartbeat and is_new and n % 20 == 0:
            other = ARP(op=1, hwsrc=PEER, psrc="10.77.0.9", pdst="10.77.0.8")
            scene.at("new", ts, Ether(src=PEER, dst=BROADCAST) / other)
        if is_hole or BEGIN + STREAM_S - 0.05 <= ts < MOVED + 0.05:
            continue
        if is_new:
            scene.at("new", ts + 0.0003, ask)
            scene.at("new", ts + 0.0006, reply)
        scene.at("core", ts + 0.001, carried(NEW_VTEP if is_new else OLD_VTEP, PEERS, reply))
        scene.at("far", ts + 0.002, reply)
    report = vmpcap.report(scene.write(folder), roles=ROLES)
    (guest,) = report.migrations[0].guests
    return next(mechanism for mechanism in guest.mechanisms if mechanism.name == "vxlan")


def test_frames_that_went_to_the_old_endpoint_again_fail_an_overlay(tmp_path: Path) -> None:
    """For three seconds, while nobody answered the peer."""
    found = overlay(tmp_path, 2, 5)
    assert (found.worked, f"went to {OLD_VTEP} again +2.0 s, and to {NEW_VTEP} only from +5.0 s" in found.because) == (
        "no",
        True,
    )
    assert "1 of 1 stream with its peers got no answer meanwhile" in found.because


@pytest.mark.parametrize(
    ("heartbeat", "wanted", "words"),
    [
        (True, "no", "came to no point at its new place, as those before did"),
        (False, "undecided", "or it recorded no longer, is not known"),
    ],
)
def test_frames_lost_behind_the_new_endpoint_are_the_overlays_where_its_site_is_watched(
    heartbeat: bool, wanted: str, words: str, tmp_path: Path
) -> None:
    """The endpoint still gets them, its site no more; a point there that shows nothing at all may have ended."""
    found = overlay(tmp_path, 2, 1e6, dropped=True, heartbeat=heartbeat)
    assert (found.worked, words in found.because) == (wanted, True), found.because


def test_a_registration_taken_back_is_the_reason_for_what_was_lost_then() -> None:
    """A Map-Register with TTL 0 at +3 s, not an answer that says nothing of it; once more registered, a lapse."""
    gone = replace(lisp(after(3_000), NEW), action="withdraw", frame=99)
    found = sent(NEW, [waited(3_020, None)], packets=60, more=[gone])
    assert (found.worked, "2.2.2.2 took its registration back +3.0 s" in found.because) == ("no", True)
    again = sent(NEW, [FINE], packets=60, more=[gone, lisp(after(5_000), NEW)])
    assert (again.worked, "and 2.2.2.2 registered it anew +5.0 s" in again.because) == ("undecided", True)
    drop = replace(lisp(after(3_000), OLD), action="withdraw")  # the old site's own, as it should
    assert sent(NEW, [FINE], packets=60, more=[drop]).worked == "yes"


def test_packets_sent_to_the_old_locator_again_fail_it_where_peers_lost_it_then() -> None:
    """The same router sent them to the new one before."""
    found = sent(NEW, [waited(4_000, None)], packets=100, then=(30, OLD))
    assert (found.worked, "192.0.2.10 sent packets for it to 1.1.1.1 again +4.0 s" in found.because) == ("no", True)


def routes(*rows: Any, peers: list[Suffered], name: str = "bgp") -> Mechanism:
    """What is said of these routes."""
    found = judged(name, case(point("wan", "wan", rows), peers=peers))
    assert found is not None
    return found


@pytest.mark.parametrize(("begun", "wanted"), [(3_010, "no"), (1_500, "undecided")])
def test_an_old_router_that_takes_the_route_again_is_the_reason(begun: int, wanted: str) -> None:
    """It stood beside the new one's to the end; it was called no reason at all."""
    rows = [
        news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
        news(after(60), protocol="bgp", sender="192.0.2.2", origin="AS 65002"),
        news(after(90), "withdraw", protocol="bgp", sender="192.0.2.1"),
        news(after(3_000), protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
    ]
    gone = replace(waited(begun, None), view=point("client", "client"))
    found = routes(*rows, peers=[gone])
    assert (found.worked, "AS 65001 advertised it again +3.0 s" in found.because) == (wanted, True)
    assert "not for want of it" not in found.because
    assert routes(*rows, peers=[FINE]).worked == "yes"


def test_a_vtep_that_withdrew_the_mac_is_the_reason() -> None:
    """Not "not for want of it"; the MAC alone and the MAC with its address are two routes, and one of them suffices."""
    had, has = mac_route(0, "1:1", 1, True), mac_route(after(9), "2:1", 2, True)
    gone = replace(mac_route(after(3_000), "2:1", address=True), action="withdraw")
    found = routes(had, has, gone, peers=[waited(3_010, None)], name="evpn")
    assert (found.worked, "VTEP 2:1 withdrew it +3.0 s" in found.because) == ("no", True)
    alone = mac_route(after(8), "2:1", 2)
    assert routes(had, alone, has, gone, peers=[FINE], name="evpn").worked == "yes"


def test_a_missing_route_with_the_address_may_be_what_routed_peers_want() -> None:
    """Nobody told of one before in this view, and it has not come: then the want of it is not ruled out."""
    has = mac_route(after(9), "2:1", 1)
    far = replace(LOST, peer=suffered(None, peer="10.99.0.9", survived=False).peer)
    found = routes(has, peers=[far], name="evpn")
    assert (found.worked, "not for want of it" in found.because) == ("undecided", False)
    assert "its address not in the" in found.because


def test_a_route_with_the_address_that_lapses_is_the_reason_for_routed_peers() -> None:
    """The MAC's own stands all the time: it was told as working, and gone for good as "not for want of it"."""
    rows = [mac_route(0, "1:1", address=True), mac_route(after(9), "2:1", 2), mac_route(after(9), "2:1", 2, True)]
    gone = replace(mac_route(after(3_000), "2:1", address=True), action="withdraw")
    again = mac_route(after(4_500), "2:1", 2, True)
    found = routes(*rows, gone, again, peers=[waited(3_010, 4_550)], name="evpn")
    assert (found.worked, "2:1 withdrew its route with the address" in found.because) == ("no", True)
    assert "advertised it again +4.5 s" in found.because
    found = routes(*rows, gone, peers=[waited(3_010, None)], name="evpn")
    assert (found.worked, "not for want of it" in found.because) == ("no", False)
    assert "withdrew its route with the address" in found.because


@pytest.mark.parametrize("peer", ["10.77.0.9", "10.99.0.9"], ids=["of its own network", "one that lost nothing"])
def test_a_route_with_the_address_may_go_where_nobody_needs_it(peer: str) -> None:
    """Bridged traffic goes by the MAC alone; VTEPs take the other back as ARP entries age."""
    rows = [mac_route(0, "1:1", address=True), mac_route(after(9), "2:1", 2), mac_route(after(9), "2:1", 2, True)]
    gone = replace(mac_route(after(3_000), "2:1", address=True), action="withdraw")
    one = waited(3_010, 4_550) if peer.startswith("10.77.") else FINE
    one = replace(one, peer=msgspec.structs.replace(one.peer, peer=peer))
    said = routes(*rows, gone, mac_route(after(4_500), "2:1", 2, True), peers=[one], name="evpn")
    assert "its route with the address" not in said.because


def stream_of(*outages: tuple[float, float], answered: bool = True) -> Suffered:
    """A peer's stream with these outages, from and to ms after the move; the longest is told."""
    made = [
        Outage(
            last_answered_ts=after(begin - 20) if answered else None,
            last_answered_frame=1,
            last_answer_ts=after(begin - 19) if answered else None,
            last_answer_frame=2,
            first_unanswered_ts=after(begin),
            first_unanswered_frame=3,
            last_unanswered_ts=after(end - 20),
            last_unanswered_frame=4,
            first_answered_ts=after(end),
            first_answered_frame=5,
            first_answer_ts=after(end),
            first_answer_frame=6,
            outage_ns=int((end - begin) * MS),
            seen_ns=int((end - begin) * MS),
            requests_stopped=False,
            lost=9,
            retransmissions=0,
        )
        for begin, end in outages
    ]
    longest = max(made, key=lambda one: one.last_unanswered_ts - one.first_unanswered_ts)
    one = waited((longest.first_unanswered_ts - after(0)) / MS, ((longest.first_answer_ts or 0) - after(0)) / MS)
    asked = np.array([ts for one in made for ts in (one.first_unanswered_ts, one.last_unanswered_ts)], np.int64)
    stream = SimpleNamespace(outages=tuple(made), requester="peer", manner="echo", asked_ts=asked)
    return replace(one, stream=cast(PeerStream, stream), outage=longest, view=point(one.peer.point, "client"))


def test_when_peers_were_first_answered_counts_and_not_a_later_lapse() -> None:
    """A route that came at once was undecided for what happened to its peers seconds later."""
    rows = [
        news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
        news(after(60), protocol="bgp", sender="192.0.2.2", origin="AS 65002"),
        news(after(90), "withdraw", protocol="bgp", sender="192.0.2.1"),
    ]
    later = stream_of((-150, 110), (3_000, 6_000))
    assert case(point("wan", "wan", rows), point(later.peer.point, "client"), peers=[later]).first_back_at == after(110)
    assert routes(*rows, peers=[later]).worked == "yes"
    for one in (stream_of((-150, 6_000)), stream_of((3_000, 6_000), answered=False)):  # never answered before that
        found = routes(*rows, peers=[one])
        assert (found.worked, "answered again only +6.0 s" in found.because) == ("undecided", True)


@pytest.mark.parametrize(
    ("peers", "others", "wanted"),
    [
        (waited(8_100, 27_900), True, "no"),
        (waited(8_100, 27_900), False, "undecided"),
        (FINE, True, "yes"),
    ],
    ids=["peers lost meanwhile", "nothing is heard there meanwhile", "no peer lost"],
)
def test_a_gateway_for_which_nobody_stood_for_a_while_is_no_pass(peers: Suffered, others: bool, wanted: str) -> None:
    """Its hellos come each second to +8 s, and again from +28 s on."""
    old = guests_point("a", "domain:source", [hello(after(n * 1000), "10.77.0.2") for n in range(50)])
    times = [n for n in range(50) if not 8 < n < 28]
    heard = [(after(5), GUEST, GATEWAY, GUEST_IP, PEER_IP)]
    heard += [
        (after(n * 1000), 0x0200_0000_0099, BROADCAST_MAC, "10.77.0.98", "10.77.0.99") for n in range(50) if others
    ]
    new = point(
        "b", "domain:destination", [hello(after(n * 1000), "10.77.0.3") for n in times], journal=journal(*heard)
    )
    found = judged("hsrp", case(old, new, peers=[peers]))
    assert found is not None
    assert (found.worked, "(10.77.0.3) came +8.0 s" in found.because) == (wanted, wanted != "yes")


def test_who_gave_way_at_one_site_did_so_to_a_router_of_that_site() -> None:
    """It was dated by the other site's router, which had stood all the time."""
    said = [hello(after(n * 1000), "10.77.0.2" if n < 7 else "10.77.0.4") for n in range(50)]
    old = guests_point("a", "domain:source", said)
    new = guests_point("b", "domain:destination", [hello(after(n * 1000 + 294), "10.77.0.3") for n in range(50)])
    found = judged("hsrp", case(old, new))
    assert found is not None
    assert "(10.77.0.2 was active before and gave way: 10.77.0.4 since +7.0 s)" in found.because


@pytest.mark.parametrize(
    ("covers", "peers", "wanted"),
    [(True, FINE, "undecided"), (False, FINE, "no"), (True, waited(3_010, 4_950), "no")],
    ids=["covered", "not covered", "lost all the same"],
)
def test_a_flapping_route_harms_nobody_where_a_wider_one_stands(covers: bool, peers: Suffered, wanted: str) -> None:
    """It was told that each time the guest has no way."""
    told = {"protocol": "bgp", "sender": "192.0.2.2", "origin": "AS 65002"}
    rows = [news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001")]
    rows += [replace(news(1, **told), prefix="10.77.0.0/24")] if covers else []
    rows += [news(after(60), **told), news(after(90), "withdraw", protocol="bgp", sender="192.0.2.1")]
    for begin in (3_000, 7_000):
        rows += [news(after(begin), "withdraw", **told), news(after(begin + 2_000), **told)]
    found = routes(*rows, peers=[peers])
    assert found.worked == wanted
    assert ("10.77.0.0/24 stood all the time" in found.because) == (wanted == "undecided")
    assert ("has no way" in found.because) == (wanted == "no")
