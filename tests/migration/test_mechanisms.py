"""Mechanisms judged by plain stories: what worked, what failed, and where nobody can tell."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

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
    suffered,
    view,
)
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.announcements.routes.readers import News
from vmpcap.announcements.routes.rows import GatewayHello, RouteNews
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.case import Case, Trip
from vmpcap.migration.mechanisms.table import MECHANISMS, judge_mechanisms
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.results import Domain, Mechanism, Path
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import BROADCAST_MAC, ip_halves

MOMENT = 50 * S
HOST = f"{GUEST_IP}/32"
NOBODY = Reachability("unknown", "nobody asked", "", ())
REACHED = Reachability("yes", "a request was answered", "client", (1, 2))
FINE = suffered(150.0, from_ts=MOMENT - 150 * MS, to_ts=MOMENT)
LOST = suffered(None, ended=False, survived=False, peer="10.99.0.9")


def after(ms: float) -> int:
    """So long after the switchover."""
    return MOMENT + int(ms * MS)


def news(ts: int, action: str = "announce", protocol: str = "ospf", **more: Any) -> RouteNews:
    """One piece of route news about the guest's host route."""
    known: dict[str, Any] = {"frame": 7, "sender": "192.0.2.1", "origin": "", "prefix": HOST}
    return RouteNews(ts_ns=ts, protocol=protocol, action=action, **{**known, **more})  # type: ignore[arg-type]


def point(name: str, role: str | None, said: Sequence[RouteNews | GatewayHello] = (), **known: Any) -> PointView:
    """A capture point whose control frames say this."""
    made = view(name, role, **known)
    made.found["news"] = News(
        [row for row in said if isinstance(row, RouteNews)], [row for row in said if isinstance(row, GatewayHello)]
    )
    return made


def case(*views: PointView, peers: Sequence[Suffered] = (FINE,), **known: Any) -> Case:
    """A guest that moved at MOMENT."""
    everything: dict[str, Any] = {
        "guest": Moved(GUEST, (ip_halves(GUEST_IP),), (), "high", ""),
        "views": (*views, point("client", "client")),
        "moment": MOMENT,
        "completed": True,
        "path": Path(),
        "domain": Domain(verdict="not_observable", because=""),
        "suffered": tuple(peers),
        "reachability": REACHED,
    }
    everything.update(known)
    return Case(**everything)


def judged(name: str, one: Case) -> Mechanism | None:
    """What is said of this mechanism; None where it is not seen."""
    return next((m for m in judge_mechanisms(one) if m.name == name), None)


def worked(name: str, one: Case) -> str:
    """Did it work?"""
    found = judged(name, one)
    assert found is not None
    assert found.because
    return found.worked


OLD = news(0, origin="10.0.0.2", sequence=1)
NEW = news(after(20), origin="10.0.0.3", sequence=1)
GONE = news(after(90), "withdraw", origin="10.0.0.2", sequence=2)


def test_every_row_says_what_marks_it_and_what_it_must_do() -> None:
    """And stands once."""
    assert len({row.name for row in MECHANISMS}) == len(MECHANISMS)
    for row in MECHANISMS:
        assert min(len(row.marked_by), len(row.must_do), len(row.fails_as)) > 10


def test_nothing_is_seen_where_nothing_is_said() -> None:
    """No mechanism is told of for want of its marks."""
    assert judge_mechanisms(case(point("wan", "wan"))) == []


def test_times_on_clocks_that_nobody_compared_are_said_to_be_that() -> None:
    """The route's point and the guest's own: one clock, or two of which no packet tells how they stand."""
    guest = view("b", "domain:destination")
    series = announced(MOMENT)
    moved = Moved(GUEST, (ip_halves(GUEST_IP),), ((guest, series),), "high", "")
    for offset, is_said in ((Offset(0, 0, 0), False), (None, True)):
        wan = point("wan", "wan", [OLD, NEW, GONE], offset=offset)
        found = judged("ospf", case(guest, wan, guest=moved))
        assert found is not None
        assert ("no packet compares the clocks of b and wan" in found.because) == is_said


def test_a_host_route_that_follows_in_time_worked() -> None:
    """The new router advertises, the old one withdraws."""
    found = judged("ospf", case(point("wan", "wan", [OLD, NEW, GONE])))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 20.0)
    assert "10.0.0.2 withdrew it +90 ms" in found.because


def test_routes_of_networks_are_no_host_routes() -> None:
    """Nor is the host route of another machine."""
    others = [replace(OLD, prefix="10.77.0.0/24"), replace(NEW, prefix="10.77.0.11/32")]
    assert judged("ospf", case(point("wan", "wan", others))) is None


def test_an_old_router_that_never_withdraws_fails_only_with_peers_that_are_lost() -> None:
    """Two advertise: the peers show which of them is followed; without peers nobody can tell."""
    both = point("wan", "wan", [OLD, NEW])
    assert worked("ospf", case(both, peers=[LOST])) == "no"
    assert worked("ospf", case(both, peers=[FINE])) == "yes"
    assert worked("ospf", case(both, peers=[])) == "undecided"


@pytest.mark.parametrize(
    ("protocol", "longest_s"), [("rip", 180), ("ospf", 5), ("isis", 30), ("eigrp", 15), ("bgp", 30)]
)
@pytest.mark.parametrize("beyond_ms", [-100, 100])
def test_an_old_router_has_the_time_of_its_protocol_to_withdraw(protocol: str, longest_s: int, beyond_ms: int) -> None:
    """
    Its link's capture may end before it does, whatever others show later.

    RIP: 180 s until a route times out (RFC 2453 3.8); OSPF: MinLSInterval, 5 s; IS-IS: 30 s between two of one LSP;
    EIGRP: a hold time of three hellos; BGP: 30 s between two UPDATEs to another AS (RFC 4271 10).
    """
    origins = {"ospf": ("10.0.0.2", "10.0.0.3"), "isis": ("0000.0000.0002.00-00", "0000.0000.0003.00-00")}
    old, new = origins.get(protocol, ("AS 65001", "AS 65002"))
    said = [
        news(0, protocol=protocol, sender="192.0.2.2", origin=old),
        news(after(20), protocol=protocol, sender="192.0.2.6", origin=new),
    ]
    short = point("wan", "wan", said, last_ts=after(20 + 1000 * longest_s + beyond_ms))
    found = judged(protocol, case(short, peers=[LOST]))
    assert found is not None
    assert found.worked == ("no" if beyond_ms > 0 else "undecided")
    assert ("too short a view" in found.because, "never withdrew" in found.because) == (beyond_ms < 0, beyond_ms > 0)


def test_an_old_router_that_withdraws_late_fails_where_the_peers_waited_for_it() -> None:
    """RIP's timer: the peers are back once the old route is gone."""
    rows = [
        news(0, protocol="rip", sender="192.0.2.2", metric=2),
        news(after(3000), protocol="rip", sender="192.0.2.6", metric=2),
        news(after(28_000), "withdraw", protocol="rip", sender="192.0.2.2", metric=16),
    ]
    waited = suffered(30_000.0, from_ts=MOMENT, to_ts=after(30_000))
    found = judged("rip", case(point("wan", "wan", rows), peers=[waited]))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("no", 28_000.0)
    assert worked("rip", case(point("wan", "wan", rows), peers=[FINE])) == "undecided"


def test_a_router_further_away_is_no_rival() -> None:
    """It passes on what it hears, before and after: its claim says nothing of the old site."""
    rows = [
        news(0, protocol="rip", sender="192.0.2.2", metric=2),
        news(0, protocol="rip", sender="192.0.2.9", metric=5),
        news(after(3000), protocol="rip", sender="192.0.2.6", metric=2),
        news(after(100), "withdraw", protocol="rip", sender="192.0.2.2", metric=16),
    ]
    found = judged("rip", case(point("wan", "wan", sorted(rows, key=lambda r: r.ts_ns)), peers=[LOST]))
    assert found is not None
    assert found.worked == "undecided"
    assert "192.0.2.9" not in found.because


def test_what_a_gateway_tells_the_guests_own_network_is_no_way_to_it() -> None:
    """At a point that sees the guest itself; what routers tell each other counts."""
    lan = point(
        "lan",
        None,
        [news(after(10), protocol="eigrp", sender="10.77.5.1", metric=9)],
        journal=journal((after(5), GUEST, GATEWAY, GUEST_IP, PEER_IP)),
    )
    rows = [news(0, protocol="eigrp", sender="192.0.2.2", metric=5)]
    rows += [news(after(40), protocol="eigrp", sender="192.0.2.6", metric=5)]
    found = judged("eigrp", case(lan, point("wan", None, rows)))
    assert found is not None
    assert found.latency_ms == 40.0
    assert "10.77.5.1" not in found.because


def test_a_route_that_nobody_takes_over_fails_only_when_it_was_waited_for() -> None:
    """And only where the guest's peers are lost: else nobody needed it."""
    only_old = point("wan", "wan", [OLD])
    assert worked("ospf", case(only_old, peers=[LOST])) == "no"
    assert worked("ospf", case(only_old, peers=[FINE])) == "undecided"
    short = point("wan", "wan", [OLD], last_ts=after(2000))
    soon = replace(case(short, peers=[LOST]), views=(short,))
    assert worked("ospf", soon) == "undecided"


def test_a_route_that_comes_late_fails() -> None:
    """Later than the protocol gives news: IS-IS that holds its LSP back."""
    rows = [replace(r, protocol="isis", origin=f"{r.origin}.00-00") for r in (OLD, replace(NEW, ts_ns=after(25_000)))]
    late = suffered(25_000.0, from_ts=MOMENT, to_ts=after(25_200))
    assert worked("isis", case(point("wan", "wan", rows), peers=[late])) == "no"


def test_a_route_in_time_does_not_explain_peers_that_came_back_late() -> None:
    """What kept them is not known."""
    late = suffered(25_000.0, from_ts=MOMENT, to_ts=after(25_200))
    assert worked("ospf", case(point("wan", "wan", [OLD, NEW, GONE]), peers=[late])) == "undecided"


@pytest.mark.parametrize(("times", "wanted"), [(0, "yes"), (1, "yes"), (2, "no")])
def test_a_route_that_is_taken_back_and_said_again_flaps(times: int, wanted: str) -> None:
    """One correction is none."""
    turns = [
        replace(row, ts_ns=after(1000 * n + late), sequence=2 * n + more)
        for n in range(1, times + 1)
        for row, late, more in ((replace(NEW, action="withdraw"), 0, 0), (NEW, 500, 1))
    ]
    found = judged("ospf", case(point("wan", "wan", [OLD, NEW, GONE, *turns])))
    assert found is not None
    assert found.worked == wanted
    assert ("said it again 2 times" in found.because) == (wanted == "no")


def test_a_route_that_never_stands_long_flaps_too() -> None:
    """Three times taken back within half a second, and gone at the end."""
    turns = [
        replace(row, ts_ns=after(1000 * n + late), sequence=2 * n + more)
        for n in range(1, 4)
        for row, late, more in ((NEW, 0, 0), (replace(NEW, action="withdraw"), 500, 1))
    ]
    found = judged("ospf", case(point("wan", "wan", [OLD, GONE, *turns])))
    assert found is not None
    assert (found.worked, "said it again 2 times" in found.because) == ("no", True)
    once = judged("ospf", case(point("wan", "wan", [OLD, GONE, *turns[:2]])))
    assert once is not None
    assert (once.worked, "advertised it for 500 ms only" in once.because) == ("undecided", True)


def test_a_copy_of_an_old_statement_does_not_bring_it_back() -> None:
    """Flooding may show at another point what was withdrawn."""
    a = point("a", "wan", [OLD, NEW, GONE])
    b = point("b", "wan", [replace(OLD, ts_ns=after(95), sequence=1), replace(GONE, ts_ns=after(96))])
    assert worked("ospf", case(a, b, peers=[FINE])) == "yes"


def test_bgp_tells_origins_apart_behind_one_speaker() -> None:
    """The core passes on the one, then the other."""
    rows = [
        news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
        news(after(60), protocol="bgp", sender="192.0.2.1", origin="AS 65002"),
    ]
    found = judged("bgp", case(point("wan", "wan", rows)))
    assert found is not None
    assert found.worked == "yes"
    assert "AS 65001 withdrew it +60 ms" in found.because


def test_a_withdrawal_that_another_system_passes_on_may_have_come_sooner() -> None:
    """The core told the route behind a path of two; the old site's own withdrawal is not in view, or is."""
    core = {"protocol": "bgp", "sender": "192.0.2.9", "next_hop": "192.0.2.9"}
    rows = [
        news(0, origin="AS 65001", path_length=2, **core),
        news(after(60), protocol="bgp", sender="192.0.2.2", next_hop="192.0.2.2", origin="AS 65002", path_length=1),
    ]
    gone = news(after(223), "withdraw", **core)
    found = judged("bgp", case(point("wan", "wan", [*rows, gone])))
    assert found is not None
    assert "AS 65001 withdrew it at most +223 ms (192.0.2.9 passed that on)" in found.because
    itself = [replace(row, path_length=1) for row in rows]
    found = judged("bgp", case(point("wan", "wan", [*itself, gone])))
    assert found is not None
    assert "AS 65001 withdrew it +223 ms" in found.because


@pytest.mark.parametrize(
    ("lost_ms", "taken_ms", "expected"), [(4_010, 4_000, "no"), (200, 4_000, "undecided"), (4_010, None, "undecided")]
)
def test_a_new_way_that_was_taken_back_is_what_its_peers_want(
    lost_ms: int, taken_ms: int | None, expected: str
) -> None:
    """The peer had its answers until that very moment; one that lost the guest before may have lost it otherwise."""
    rows = [
        news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
        news(after(60), protocol="bgp", sender="192.0.2.2", origin="AS 65002"),
        news(after(90), "withdraw", protocol="bgp", sender="192.0.2.1", frame=9),
    ]
    rows += [news(after(taken_ms), "withdraw", protocol="bgp", sender="192.0.2.2", frame=11)] if taken_ms else []
    gone = replace(LOST, from_ts=after(lost_ms), view=point("client", "client"))
    found = judged("bgp", case(point("wan", "wan", rows), peers=[gone]))
    assert found is not None
    assert (found.worked, "AS 65002 took it back +4.0 s" in found.because) == (expected, taken_ms is not None)
    assert ("not for want of it" in found.because) is (taken_ms is None)
    assert ("no answer from +4.0 s on" in found.because) is (expected == "no")
    assert (11 in found.evidence[0].frames) is (taken_ms is not None)


@pytest.mark.parametrize(
    ("again_ms", "begin_ms", "expected"), [(3_000, 1_010, "no"), (3_000, -100, "undecided"), (1_500, 1_010, "yes")]
)
def test_a_new_way_that_was_gone_for_a_while_did_not_just_work(again_ms: int, begin_ms: int, expected: str) -> None:
    """Taken back after a second and said again two later: a peer lost it then, or none; or half a second later."""
    rows = [
        news(0, protocol="bgp", sender="192.0.2.1", origin="AS 65001"),
        news(after(60), protocol="bgp", sender="192.0.2.2", origin="AS 65002"),
        news(after(90), "withdraw", protocol="bgp", sender="192.0.2.1"),
        news(after(1_000), "withdraw", protocol="bgp", sender="192.0.2.2"),
        news(after(again_ms), protocol="bgp", sender="192.0.2.2", origin="AS 65002"),
    ]
    ends = {"from_ts": after(begin_ms), "to_ts": after(begin_ms + 300)}
    waited = replace(suffered(300.0), view=point("client", "client"), **ends)
    found = judged("bgp", case(point("wan", "wan", rows), peers=[waited]))
    assert found is not None
    assert found.worked == expected
    assert ("AS 65002 took it back +1.0 s, and said it again +3.0 s" in found.because) is (expected != "yes")
    assert ("got no answer meanwhile" in found.because) is (expected == "no")


def says(ts: int, sender: str, hop: str, length: int = 1, action: str = "announce") -> RouteNews:
    """What a router tells of a route that AS 65010 brings up at every site."""
    origin = "AS 65010" if action == "announce" else ""
    return news(ts, action, protocol="bgp", sender=sender, origin=origin, next_hop=hop, path_length=length)


def test_bgp_tells_two_places_of_one_as_apart_by_next_hop() -> None:
    """Guests and leaves of both sites may share a number; what others pass on behind a longer path is no place."""
    rows = [
        says(0, "192.0.2.1", "192.0.2.1"),
        says(S, "192.0.2.9", "192.0.2.9", length=2),
        says(after(60), "192.0.2.2", "192.0.2.2"),
        says(after(90), "192.0.2.1", "", action="withdraw"),
    ]
    found = judged("bgp", case(point("wan", "wan", rows)))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 60.0)
    assert "AS 65010 (192.0.2.2) advertised" in found.because
    assert "AS 65010 (192.0.2.1) withdrew it +90 ms" in found.because
    alone = judged("bgp", case(point("wan", "wan", rows[:2]), peers=[LOST]))
    assert alone is not None
    assert alone.worked == "no"


REFLECTOR, FIRST, SECOND = "192.0.2.250", "192.0.2.1", "192.0.2.2"


def test_bgp_that_hunts_for_another_way_to_the_old_site_tells_of_no_new_place() -> None:
    """The reflector goes over to the old site's second border router, then withdraws that too, or never does."""
    hunting = [says(0, REFLECTOR, FIRST), says(after(50), REFLECTOR, SECOND)]
    gone = says(after(400), REFLECTOR, "", action="withdraw")
    found = judged("bgp", case(point("wan", "wan", [*hunting, gone])))
    assert found is not None
    assert found.worked == "undecided"
    assert "AS 65010 (192.0.2.2) advertised it for 350 ms only" in found.because
    assert worked("bgp", case(point("wan", "wan", [*hunting, gone]), peers=[LOST])) == "no"
    assert worked("bgp", case(point("wan", "wan", hunting))) == "undecided"


def test_an_old_route_whose_reflector_is_gone_is_not_withdrawn_and_not_standing() -> None:
    """The originator's own session is not in view; where it is, it decides."""
    passed = says(0, REFLECTOR, FIRST)
    gone = replace(says(after(40), REFLECTOR, "", action="withdraw"), action="lost", reason="session reset")
    new = replace(says(after(60), SECOND, SECOND), origin="AS 65011")
    found = judged("bgp", case(point("wan", "wan", [passed, gone, new])))
    assert found is not None
    assert found.worked == "undecided"
    assert "whether AS 65010 still does is not known: 192.0.2.250 passed it on, whose session reset" in found.because
    assert worked("bgp", case(point("wan", "wan", [passed, gone]), peers=[LOST])) == "undecided"
    own = says(S, FIRST, FIRST)
    back = says(after(90), FIRST, "", action="withdraw")
    assert worked("bgp", case(point("wan", "wan", [passed, own, gone, new, back]))) == "yes"
    assert worked("bgp", case(point("wan", "wan", [passed, own, gone, new]), peers=[LOST])) == "no"


def test_a_next_hop_that_a_point_of_the_new_site_knows_is_a_place_there() -> None:
    """From ARP, and at no point of the old site."""
    passed_on = point("wan", "wan", [says(0, REFLECTOR, FIRST), says(after(50), REFLECTOR, SECOND)])
    known = arps((after(60), NUMBER_OF["arp_reply"], GATEWAY, SECOND, GUEST_IP))
    there = point("b", "domain:destination", arps=known)
    assert worked("bgp", case(passed_on, there)) == "yes"
    assert worked("bgp", case(passed_on, there, point("a", "domain:source", arps=known))) == "undecided"


def test_bgp_of_a_new_router_behind_more_systems_is_not_nobody() -> None:
    """It may be the new place or another way to the old: no failure, however the peers fare."""
    longer = says(after(60), SECOND, SECOND, length=3)
    gone = says(after(90), FIRST, "", action="withdraw")
    found = judged("bgp", case(point("wan", "wan", [says(0, FIRST, FIRST), longer, gone]), peers=[LOST]))
    assert found is not None
    assert found.worked == "undecided"
    two = [says(0, FIRST, FIRST), says(0, "192.0.2.3", "192.0.2.3"), longer, gone]
    found = judged("bgp", case(point("wan", "wan", two), peers=[LOST]))
    assert found is not None
    assert (found.worked, "192.0.2.2 tells it since +60 ms" in found.because) == ("undecided", True)


def mac_route(
    ts: int, origin: str, sequence: int | None = None, address: bool = False, action: str = "announce"
) -> Any:
    """A type-2 route of the guest."""
    return news(
        ts,
        "announce",
        "evpn",
        origin=f"{origin}:2",
        next_hop=origin,
        mac="00:50:56:aa:77:10",
        prefix=HOST if address else "",
        sequence=sequence,
        reason="mac_ip" if address else "mac",
    )


HELD = [mac_route(0, "10.0.0.1"), mac_route(0, "10.0.0.1", address=True)]


def test_evpn_moves_mac_and_address() -> None:
    """A higher sequence from the new VTEP, the address with it."""
    rows = [*HELD, mac_route(after(50), "10.0.0.2", 1), mac_route(after(250), "10.0.0.2", 1, address=True)]
    found = judged("evpn", case(point("wan", "wan", rows)))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 50.0)


def test_evpn_without_the_address_fails_only_with_peers_that_waited() -> None:
    """A guest that nobody asked was not missed."""
    rows = [*HELD, mac_route(after(50), "10.0.0.2", 1)]
    assert worked("evpn", case(point("wan", "wan", rows), peers=[LOST])) == "no"
    assert worked("evpn", case(point("wan", "wan", rows), peers=[])) == "undecided"


def test_evpn_with_a_lower_sequence_is_ignored() -> None:
    """RFC 7432 15: the highest wins."""
    rows = [mac_route(0, "10.0.0.1", 4), mac_route(after(50), "10.0.0.2", 2)]
    found = judged("evpn", case(point("wan", "wan", rows)))
    assert found is not None
    assert (found.worked, "lower than the 4" in found.because) == ("no", True)


def test_a_sequence_far_below_is_no_sixth_move() -> None:
    """From 7 to 1 nothing moved six times: the old VTEP's stands above it."""
    found = judged(
        "evpn", case(point("wan", "wan", [mac_route(0, "1:1", 7, True), mac_route(after(9), "2:1", 1, True)]))
    )
    assert found is not None
    assert found.worked == "no"
    assert "lower than the 7 of the old VTEP" in found.because


def test_a_mac_that_two_vteps_claim_in_turn_is_at_two_places() -> None:
    """Each claim with a higher sequence than the last; a single one that follows the guest is a move."""
    claims = [mac_route(after(1000 * n), "1:1" if n % 2 else "2:1", 4 + n, address=True) for n in range(1, 6)]
    found = judged(
        "evpn", case(point("wan", "wan", [mac_route(0, "1:1", 1, True), mac_route(after(9), "2:1", 2, True), *claims]))
    )
    assert found is not None
    assert found.worked == "no"
    assert "in turn, 5 times" in found.because
    once = [mac_route(0, "1:1", 1, True), mac_route(after(9), "2:1", 2, True)]
    assert worked("evpn", case(point("wan", "wan", once))) == "yes"
    back = judged("evpn", case(point("wan", "wan", [*once, *claims[:1]])))
    assert back is not None
    assert (back.worked, "VTEP 1:1 claimed it again with sequence 5 +1.0 s" in back.because) == ("undecided", True)


def test_prefix_routes_of_evpn_are_host_routes_of_bgp() -> None:
    """RFC 9136: a /32 of a tenant without any MAC."""
    rows = [
        replace(news(ts, action), protocol="evpn", origin=origin, reason="prefix")
        for ts, action, origin in (
            (0, "announce", "1:1"),
            (after(50), "announce", "2:1"),
            (after(90), "withdraw", "1:1"),
        )
    ]
    found = judged("bgp", case(point("wan", "wan", rows)))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 50.0)


def test_evpn_of_another_machine_is_not_the_guests() -> None:
    """By its MAC."""
    assert judged("evpn", case(point("wan", "wan", [replace(HELD[0], mac="02:00:00:00:00:99")]))) is None


def hello(ts: int, sender: str, state: Any = "active", group: int = 7, segment: int = 0) -> GatewayHello:
    """A hello for the gateway 10.77.0.1."""
    return GatewayHello(
        3, ts, "hsrp", 2, sender, 0x0000_0C9F_F007, segment, group, state, 100, virtual_ips=("10.77.0.1",)
    )


def guests_point(name: str, role: str, said: Sequence[GatewayHello]) -> PointView:
    """A point in the guest's domain that saw the guest."""
    return point(name, role, said, journal=journal((after(5), GUEST, GATEWAY, GUEST_IP, PEER_IP)))


def test_each_site_with_its_own_gateway_is_localised() -> None:
    """Two active routers, each seen at its own site; standbys do not count."""
    old = guests_point("a", "domain:source", [hello(after(n * 1000), "10.77.0.2") for n in range(50)])
    new = guests_point("b", "domain:destination", [hello(after(n * 1000), "10.77.0.3") for n in range(50)])
    assert worked("hsrp", case(old, new)) == "yes"
    waiting = guests_point(
        "b", "domain:destination", [hello(after(n), who, state) for n in (1, 2) for who, state in
        (("10.77.0.2", "active"), ("10.77.0.3", "standby"))]
    )  # fmt: skip
    assert worked("hsrp", case(old, waiting)) == "no"


def sites(old: Sequence[int], new: Sequence[int], heard: int = BROADCAST_MAC, **known: Any) -> Case:
    """A router of each site says hello at these milliseconds; a neighbour goes on sending to this MAC at both."""
    talk = [(after(n * 1000), 0x0050_5600_0077, heard, "10.77.0.9", "10.77.0.255") for n in range(49)]
    seen = journal((after(5), GUEST, GATEWAY, GUEST_IP, PEER_IP), *talk)
    said = {"10.77.0.2": old, "10.77.0.3": new}
    views = [
        point(role, f"domain:{role}", [hello(after(ms), who) for ms in times], journal=seen, **known)
        for role, (who, times) in zip(("source", "destination"), said.items(), strict=True)
    ]
    return case(*views, peers=[LOST])


ALL_THE_TIME = range(-9_000, 49_000, 3_000)
BEFORE = range(-9_000, 0, 3_000)


def test_hellos_that_ended_before_the_switchover_localise_nothing() -> None:
    """For whoever stands ready a router is gone when its hold time has run out; a capture that ends earlier is none."""
    assert worked("hsrp", sites(ALL_THE_TIME, ALL_THE_TIME)) == "yes"
    assert worked("hsrp", sites(BEFORE, BEFORE, last_ts=after(2000))) == "yes"
    gone = judged("hsrp", sites(ALL_THE_TIME, BEFORE))
    assert gone is not None
    assert gone.worked == "no"
    assert "10.77.0.3's, -3.0 s, and none came in 53.0 s since, with a hold time of 12.0 s" in gone.because


def test_hellos_that_a_point_may_not_see_are_undecided() -> None:
    """It hears nothing that goes to all stations, was not whole, or hears the gateway itself; nor the old one."""
    assert worked("hsrp", sites(ALL_THE_TIME, BEFORE, heard=GATEWAY)) == "undecided"
    assert worked("hsrp", sites(ALL_THE_TIME, BEFORE, drops=1)) == "undecided"
    assert worked("hsrp", sites(BEFORE, ALL_THE_TIME)) == "undecided"
    sends = sites(ALL_THE_TIME, BEFORE)
    new = sends.views[1]
    more = journal((after(40_000), 0x0000_0C9F_F007, GUEST, PEER_IP, GUEST_IP))
    both = new.journal._replace(eth_src=new.journal.eth_src.copy())
    both.eth_src[-1] = more.eth_src[0]
    assert worked("hsrp", replace(sends, views=(sends.views[0], replace(new, journal=both)))) == "undecided"


def test_two_active_gateways_in_one_domain_are_a_fault() -> None:
    """Both say that they stand for the address."""
    old = guests_point("a", "domain:source", [hello(after(1), "10.77.0.2")])
    new = guests_point("b", "domain:destination", [hello(after(n), f"10.77.0.{2 + n % 2}") for n in range(1, 9)])
    assert worked("hsrp", case(old, new)) == "no"


def test_gateways_of_one_site_alone_tell_nothing_of_the_other() -> None:
    """It takes a point at each; hellos of other networks are nobody's concern."""
    new = guests_point("b", "domain:destination", [hello(after(1), "10.77.0.3")])
    assert worked("hsrp", case(new)) == "undecided"
    other = guests_point("b", "domain:destination", [hello(after(1), "10.9.0.3", segment=99)])
    assert judged("hsrp", case(other)) is None


def test_one_number_serves_a_gateway_of_each_address_family() -> None:
    """IPv4 is localised; IPv6 of the same number is told apart, and counts if it is the one that the guest uses."""
    vmac6 = 0x0005_73A0_0007
    hellos = {
        "a": [hello(after(n * 1000), "10.77.0.2") for n in range(50)] + [hello(after(n), "fe80::2") for n in (1, 2)],
        "b": [hello(after(n * 1000), "10.77.0.3") for n in range(50)] + [hello(after(n), "fe80::2") for n in (1, 2)],
    }
    for gateway, wanted in ((GATEWAY, "yes"), (vmac6, "no")):
        seen = journal((after(5), GUEST, gateway, GUEST_IP, PEER_IP))
        views = [
            point(name, f"domain:{role}", hellos[name], journal=seen)
            for name, role in (("a", "source"), ("b", "destination"))
        ]
        assert worked("hsrp", case(*views)) == wanted


VMAC = 0x0000_0C9F_F007


@pytest.mark.parametrize(("count", "wanted"), [(5, "no"), (2, "yes")], ids=["many", "strays"])
def test_a_virtual_mac_that_crosses_between_two_active_gateways_is_a_fault(count: int, wanted: str) -> None:
    """Their hellos are kept apart, their frames are not: switches see one MAC at two places."""
    crossing = [(after(2000 + n * 300), VMAC, GUEST, PEER_IP, GUEST_IP) for n in range(count)]
    old, new = (
        point(
            name,
            role,
            [hello(after(n * 1000), who) for n in range(50)],
            journal=journal(*crossing, (after(5), GUEST, GATEWAY, GUEST_IP, PEER_IP)),
        )
        for name, role, who in (("a", "domain:source", "10.77.0.2"), ("b", "domain:destination", "10.77.0.3"))
    )
    assert worked("hsrp", case(old, new, point("dci", "wan", journal=journal(*crossing)))) == wanted


ALL = 0xFFFF_FFFF_FFFF
NEIGHBOUR = 0x005056000077
SAME_CLOCK = Offset(0, 0, 0)
GUEST_SPOKE = (after(5), GUEST, GATEWAY, GUEST_IP, PEER_IP)


def let_out(target: int, first: int = 2000, count: int = 5) -> list[tuple[int, int, int, str, str]]:
    """Frames from the virtual MAC."""
    return [(after(first + n * 300), VMAC, target, PEER_IP, GUEST_IP) for n in range(count)]


def numbered(*frames: tuple[int, int, int, str, str]) -> JournalColumns:
    """These frames, the same wherever one is seen: its identification comes of its time."""
    made = journal(*frames)
    return made._replace(ip_id=(made.ts_ns // 1000 % 60_000 + 1).astype(made.ip_id.dtype))


def leaking(
    at_old: Sequence[tuple[int, int, int, str, str]],
    between: Sequence[tuple[int, int, int, str, str]],
    at_new: Sequence[tuple[int, int, int, str, str]],
    link: Offset | None = SAME_CLOCK,
    **known: Any,
) -> Mechanism:
    """Each site has its own active router; these frames were seen at the two and between them."""
    old, new = (
        point(
            name,
            f"domain:{role}",
            [hello(after(n * 1000), who) for n in range(50)],
            journal=numbered(*frames, GUEST_SPOKE),
            **more,
        )
        for name, role, who, frames, more in (
            ("a", "source", "10.77.0.2", at_old, {}),
            ("b", "destination", "10.77.0.3", at_new, known),
        )
    )
    found = judged("hsrp", case(old, new, point("dci", "wan", journal=numbered(*between), offset=link)))
    assert found is not None
    return found


@pytest.mark.parametrize(("known", "wanted"), [({}, "yes"), ({"journal_complete": False}, "undecided")])
def test_what_a_filter_at_the_far_end_keeps_out_was_on_the_link_and_is_no_leak(
    known: dict[str, Any], wanted: str
) -> None:
    """Seen between the sites and in its own domain, not in the other though it goes to all: it never arrived there."""
    found = leaking(let_out(ALL), let_out(ALL), [], **known)
    assert found.worked == wanted
    assert "5 frames from 00:00:0c:9f:f0:07 passed dci" in found.because


def test_what_goes_to_one_machine_is_not_kept_out_because_nobody_saw_it() -> None:
    """A switch sends it only where its receiver is; clocks nobody compared and an end of the capture prove no more."""
    assert leaking(let_out(NEIGHBOUR), let_out(NEIGHBOUR), []).worked == "undecided"
    assert leaking(let_out(ALL), let_out(ALL), [], link=None).worked == "undecided"
    assert leaking(let_out(ALL), let_out(ALL), [], last_ts=after(2500)).worked == "undecided"


def asking(first: int, step: int, is_one: bool = False) -> JournalColumns:
    """Frames without a number from the virtual MAC, each about another machine."""
    about = [f"10.77.0.{100 if is_one else 100 + n}" for n in range(5)]
    made = journal(
        GUEST_SPOKE, *((after(2000 + first + n * step), VMAC, ALL, "10.77.0.1", ip) for n, ip in enumerate(about))
    )
    return made._replace(ip_id=np.zeros_like(made.ip_id))


@pytest.mark.parametrize(
    ("at_old", "at_new", "wanted"),
    [
        (asking(0, 700), asking(1, 700), "no"),
        (asking(0, 700), asking(400, 700), "yes"),
        (asking(0, 20), asking(1, 20), "yes"),
        (asking(0, 700, is_one=True), asking(1, 700, is_one=True), "yes"),
    ],
    ids=["the same frames", "at other times", "all in one burst", "the same question again and again"],
)
def test_a_virtual_mac_that_crosses_is_seen_without_a_point_on_the_link(
    at_old: JournalColumns, at_new: JournalColumns, wanted: str
) -> None:
    """One frame in the domain of both sites; what two routers may say on their own is none."""
    old, new = (
        point(name, role, [hello(after(n * 1000), who) for n in range(50)], journal=rows)
        for name, role, who, rows in (
            ("a", "domain:source", "10.77.0.2", at_old),
            ("b", "domain:destination", "10.77.0.3", at_new),
        )
    )
    found = judged("hsrp", case(old, new))
    assert found is not None
    assert (found.worked, "is at a and b alike" in found.because) == (wanted, wanted == "no")
    apart = replace(new, offset=None)
    apart.found["news"] = new.found["news"]
    found = judged("hsrp", case(old, apart))
    assert found is not None
    assert found.worked == ("undecided" if wanted == "no" else "yes")
    assert ("the clocks of a and b were not compared" in found.because) == (wanted == "no")


def test_a_leak_is_found_however_much_a_virtual_mac_sends_at_home() -> None:
    """A router that routes for its site sends thousands of packets a second under it."""
    busy = [(after(1100) + n * 50_000, VMAC, NEIGHBOUR, "10.99.0.2", "10.77.0.50") for n in range(2500)]
    found = leaking([*busy, *let_out(ALL)], let_out(ALL), let_out(ALL))
    assert found.worked == "no"
    assert "(5 frames): switches see it move" in found.because


def test_a_host_route_beside_one_that_stays_fails_where_the_peers_waited() -> None:
    """The old router died without a word: its neighbours needed their dead interval."""
    late = suffered(8_000.0, from_ts=MOMENT, to_ts=after(8_100))
    found = judged("ospf", case(point("wan", "wan", [OLD, NEW]), peers=[late]))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("no", 8_100.0)


def test_another_tag_since_the_move_is_another_network_where_nobody_reaches_the_guest() -> None:
    """Where it is reached, a switch translates the tags; so it does where frames pass from the one to the other."""

    def tagged(name: str, role: str, ts: int, tag: int) -> PointView:
        made = journal((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP))
        made.vlan_outer_id[:] = tag
        return point(name, role, journal=made)

    old = tagged("trunk-A", "domain:source", MOMENT - S, 77)
    new = tagged("trunk-B", "domain:destination", after(5), 78)
    apart = Domain(verdict="not_observable", because="", word="different")
    assert worked("port_group", case(old, new, peers=[LOST], reachability=NOBODY, domain=apart)) == "no"
    assert judged("port_group", case(old, new, reachability=NOBODY, domain=apart)) is None
    stretched = Domain(verdict="not_observable", because="", word="stretched")
    assert judged("port_group", case(old, new, peers=[LOST], reachability=NOBODY, domain=stretched)) is None
    same = tagged("trunk-B", "domain:destination", after(5), 77)
    assert judged("port_group", case(old, same, peers=[LOST], reachability=NOBODY, domain=apart)) is None


def lisp(ts: int, locator: str, reason: str = "register") -> RouteNews:
    """The guest registered at a locator."""
    return news(ts, protocol="lisp", origin=locator, reason=reason)


@pytest.mark.parametrize(
    ("spoke_ms", "words"),
    [(7_100, "before that the guest had sent nothing with its address"), (500, "though the guest sent with its")],
)
def test_a_guest_that_spoke_only_after_its_late_registration_was_silent(spoke_ms: int, words: str) -> None:
    """The router that registered it was told to have been deaf to what came later."""
    rows = [lisp(0, "1.1.1.1"), lisp(after(7_050), "2.2.2.2"), lisp(after(7_060), "2.2.2.2", "notify")]
    new = point("b", "domain:destination", journal=journal((after(spoke_ms), GUEST, GATEWAY, GUEST_IP, PEER_IP)))
    found = judged("lisp", case(point("wan", "wan", rows), new))
    assert found is not None
    assert (found.worked, words in found.because) == ("no", True)


def test_lisp_registers_the_guest_at_its_new_site() -> None:
    """Once: taking turns is flapping, silence is failure where peers are lost."""
    rows = [lisp(0, "1.1.1.1"), lisp(after(300), "2.2.2.2"), lisp(after(310), "2.2.2.2", "notify")]
    found = judged("lisp", case(point("wan", "wan", rows)))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 300.0)
    turns = [lisp(0, "1.1.1.1"), *(lisp(after(n * 1000), f"{n % 2 + 1}.{n % 2 + 1}.0.0") for n in range(1, 8))]
    turns = [replace(t, origin="1.1.1.1") if t.origin == "1.1.0.0" else t for t in turns]
    assert worked("lisp", case(point("wan", "wan", turns))) == "no"
    assert worked("lisp", case(point("wan", "wan", rows[:1]), peers=[LOST])) == "no"
    assert worked("lisp", case(point("wan", "wan", rows[:1]), peers=[FINE])) == "undecided"


ASK, ANSWER = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]


def test_a_registration_that_nobody_confirms_may_be_refused() -> None:
    """The map server confirmed the old site's, and says nothing to the new one's; only with peers that are lost."""
    rows = [lisp(0, "1.1.1.1"), lisp(9, "1.1.1.1", "notify"), lisp(after(300), "2.2.2.2")]
    found = judged("lisp", case(point("wan", "wan", rows), peers=[LOST]))
    assert found is not None
    assert found.worked == "no"
    assert "no map server confirmed it" in found.because
    assert worked("lisp", case(point("wan", "wan", rows[::2]), peers=[LOST])) == "undecided"
    assert worked("lisp", case(point("wan", "wan", rows))) == "yes"
    found = judged("lisp", case(point("wan", "wan", rows), peers=[]))
    assert found is not None
    assert (found.worked, "what the guest's peers met is not in view" in found.because) == ("undecided", True)


def test_two_routers_of_one_lisp_site_take_no_turns() -> None:
    """
    A mapping that names both says so. Each with its own locator alone may be two sites: not where the old one is
    never heard again, both are seen at the same points, and everybody reaches the guest.
    """
    both = ("2.2.2.2", "3.3.3.3")
    named = [replace(lisp(after(n * 1000), both[n % 2]), beside=(both[1 - n % 2],)) for n in range(1, 8)]
    alone = [lisp(after(n * 1000), both[n % 2]) for n in range(1, 8)]
    assert worked("lisp", case(point("wan", "wan", [lisp(0, "1.1.1.1"), *named]))) == "yes"
    one = point("wan", "wan", [lisp(0, "1.1.1.1"), *alone])
    found = judged("lisp", case(one))
    assert found is not None
    assert (found.worked, "in turns with 2.2.2.2 and never again from 1.1.1.1" in found.because) == ("yes", True)
    assert worked("lisp", case(one, peers=[LOST])) == "undecided"
    assert worked("lisp", case(one, reachability=NOBODY)) == "undecided"
    assert worked("lisp", case(point("wan", "wan", alone))) == "undecided"
    apart = [point("b", "wan", alone[::2]), point("c", "wan", alone[1::2])]
    assert worked("lisp", case(point("a", "wan", [lisp(0, "1.1.1.1")]), *apart)) == "undecided"
    three = [lisp(after(n * 1000), ("2.2.2.2", "3.3.3.3", "4.4.4.4")[n % 3]) for n in range(1, 8)]
    assert worked("lisp", case(point("wan", "wan", [lisp(0, "1.1.1.1"), *three]))) == "undecided"


def asking(*times: int) -> list[tuple[int, int, int, str, str]]:
    """The gateway asks for the guest."""
    return [(ts, ASK, GATEWAY, "10.77.0.1", GUEST_IP) for ts in times]


def resolved(*rows: tuple[int, int, int, str, str], role: str = "gateway", answers_to: int | None = None) -> PointView:
    """A point with these ARP bodies."""
    made = arps(*rows)
    if answers_to is not None:
        made.eth_dst[made.kind == ANSWER] = answers_to
    return point("gw", role, arps=made)


def test_an_arp_request_that_is_answered_worked() -> None:
    """By the guest, to who asked; it is no matter of the mechanism when nobody asked."""
    rows = [*asking(after(10)), (after(11), ANSWER, GUEST, GUEST_IP, "10.77.0.1")]
    assert worked("gateway_arp", case(resolved(*rows, answers_to=GATEWAY))) == "yes"
    assert judged("gateway_arp", case(resolved(*asking(MOMENT - S)))) is None


def test_arp_requests_in_vain_fail_where_peers_are_lost() -> None:
    """Three over a second; where the peers fare well, the answers pass elsewhere."""
    rows = asking(after(10), after(1010), after(2010))
    assert worked("gateway_arp", case(resolved(*rows), peers=[LOST])) == "no"
    assert worked("gateway_arp", case(resolved(*rows), peers=[FINE])) == "undecided"
    assert worked("gateway_arp", case(resolved(*rows[:1]), peers=[LOST])) == "undecided"


def test_where_the_guest_answered_a_question_in_vain_is_told() -> None:
    """Its answers are lost on the way back: the place nearest the gateway decides, not that with most copies."""
    rows = asking(after(10), after(1010), after(2010))
    core = replace(resolved(*asking(*(after(n) for n in (10, 11, 1010, 1011, 2010, 2011))), role="wan"), name="core")
    there = resolved(
        rows[0], (after(11), ANSWER, GUEST, GUEST_IP, "10.77.0.1"), role="domain:destination", answers_to=GATEWAY
    )
    seen = judged("gateway_arp", case(core, resolved(*rows), replace(there, name="vtep"), peers=[LOST]))
    assert seen is not None
    assert seen.worked == "no"
    assert "sent 3 ARP requests" in seen.because
    assert "at vtep it was answered" in seen.because
    assert "do not come back to gw" in seen.because


def test_a_router_that_answers_for_all_is_not_the_guest() -> None:
    """Proxy ARP: its own MAC in the body. Beside the guest's own answer it changes nothing."""
    proxied = (after(11), ANSWER, 0x0200_0000_BB01, GUEST_IP, "10.77.0.1")
    own = (after(12), ANSWER, GUEST, GUEST_IP, "10.77.0.1")
    assert judged("gateway_arp", case(resolved(*asking(after(10)), proxied, answers_to=GATEWAY))) is None
    found = judged("gateway_arp", case(resolved(*asking(after(10)), proxied, own, answers_to=GATEWAY)))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("yes", 12.0)


def test_a_machine_that_asks_for_everybody_does_not_look_for_the_guest() -> None:
    """A scan is no gateway, unless it is one: what routes to the guest sends it packets."""
    scan = [(after(n), ASK, GATEWAY, "10.77.0.1", f"10.77.0.{n}") for n in range(1, 60)]
    answer = (after(11), ANSWER, GUEST, GUEST_IP, "10.77.0.1")
    rows = sorted([*scan, answer])
    assert judged("gateway_arp", case(resolved(*rows, answers_to=GATEWAY))) is None
    there = point("b", "domain:destination", journal=journal((after(20), GATEWAY, GUEST, PEER_IP, GUEST_IP)))
    assert worked("gateway_arp", case(resolved(*rows, answers_to=GATEWAY), there)) == "yes"
    assert worked("gateway_arp", case(resolved(*rows[8:20], answers_to=GATEWAY))) == "yes"


@pytest.mark.parametrize(("rounds", "copies", "wanted"), [(1, 1, None), (2, 3, None), (4, 1, "no")])
def test_a_gateway_with_an_empty_table_asks_for_everybody_again_and_again(
    rounds: int, copies: int, wanted: str | None
) -> None:
    """A scan asks each once or twice, however often the capture shows it; who has packets for them asks each second."""
    times = [1000 * n + copy for n in range(rounds) for copy in range(copies)]
    rows = [(after(ms + n / 10), ASK, GATEWAY, "10.77.0.1", f"10.77.0.{n}") for ms in times for n in range(1, 33)]
    found = judged("gateway_arp", case(resolved(*sorted(rows)), peers=[LOST]))
    assert (found.worked if found is not None else None) == wanted


@pytest.mark.parametrize(
    ("asked_at", "compared", "words"),
    [
        (10, True, "do not come back to gw"),
        (700, True, "at b is another gateway of that name: none of these questions passed there"),
        (700, False, "at b 10.77.0.1 (02:00:00:00:aa:01) was answered"),
    ],
)
def test_two_gateways_of_one_address_and_one_mac_are_two(asked_at: int, compared: bool, words: str) -> None:
    """What one asks at its site is no question of the other's; on clocks that nobody compared, nobody knows."""
    here = resolved(*asking(after(10), after(1010), after(2010)), role="domain:source")
    rows = [*asking(after(asked_at)), (after(asked_at + 1), ANSWER, GUEST, GUEST_IP, "10.77.0.1")]
    there = replace(resolved(*rows, role="domain:destination", answers_to=GATEWAY), name="b")
    if not compared:
        there = replace(there, offset=None)
    found = judged("gateway_arp", case(here, there, peers=[LOST]))
    assert found is not None
    assert found.worked == "no"
    assert words in found.because


def test_what_was_asked_just_before_the_end_takes_nothing_from_what_was_asked_before() -> None:
    """Its answer may come after the capture; those of the others would have come."""
    rows = asking(after(10), after(1010), after(2010), after(3010))
    assert worked("gateway_arp", case(replace(resolved(*rows), last_ts=after(3100)), peers=[LOST])) == "no"
    assert worked("gateway_arp", case(replace(resolved(*rows[:3]), last_ts=after(2100)), peers=[LOST])) == "undecided"


def test_a_guest_that_came_back_with_another_mac_leaves_a_stale_entry() -> None:
    """Its packets go on to the MAC that it had."""
    before = arps((MOMENT - S, ANSWER, 0x0200_0000_7777, GUEST_IP, "10.77.0.1"))
    rows = [(after(n), GATEWAY, 0x0200_0000_7777, PEER_IP, GUEST_IP) for n in range(300, 4600, 100)]
    found = judged("gateway_arp", case(point("gw", "gateway", arps=before, journal=journal(*rows))))
    assert found is not None
    assert (found.worked, found.latency_ms) == ("no", 4500.0)


def test_a_guest_that_only_sends_stands_in_a_network_that_leads_nowhere() -> None:
    """Not where it was answered."""
    alone = [(after(n * 1000), ASK, GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 6)]
    new = point("b", "domain:destination", arps=arps(*alone))
    assert worked("port_group", case(new, peers=[LOST], reachability=NOBODY)) == "no"
    answered = point(
        "b", "domain:destination", arps=arps(*alone), journal=asks_and_answers(MOMENT, after(900), 10 * MS)
    )
    assert judged("port_group", case(answered, reachability=REACHED)) is None


@pytest.mark.parametrize("role", ["client", "wan", "gateway", "domain:source"])
def test_a_guest_whose_packets_leave_is_in_no_network_that_leads_nowhere(role: str) -> None:
    """What it asks comes to its peers' side; what they send back is lost on another way."""
    asked = journal(*((after(n * 1000), GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(1, 6)))
    asked.icmp_type[:] = 8
    there = journal(*((after(n * 1000 + 1), GATEWAY, NEIGHBOUR, GUEST_IP, PEER_IP) for n in range(1, 6)))
    there.icmp_type[:], there.ttl[:] = 8, 63
    asks = arps(*((after(n * 1000), ASK, GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 6)))
    new = point("b", "domain:destination", arps=asks, journal=asked)
    assert worked("port_group", case(new, peers=[LOST], reachability=NOBODY)) == "no"
    assert judged("port_group", case(new, point("x", role, journal=there), peers=[LOST], reachability=NOBODY)) is None
    others = there._replace(ip_id=there.ip_id + np.uint16(100))
    behind = point("x", role, journal=others)
    assert worked("port_group", case(new, behind, peers=[LOST], reachability=NOBODY)) == "no"


@pytest.mark.parametrize(
    ("here", "beyond", "words"),
    [
        ((), (), "the network that its port group leads to is not that of its peers"),
        ((-900, 900, 1900, 2900), (-900,), "nothing passes any more, as where a port was shut"),
        ((900,), (900,), "are seen on both sides since then, so the network that its port group leads to"),
    ],
)
def test_what_becomes_of_another_machine_there_says_why_a_guest_is_alone(
    here: tuple[int, ...], beyond: tuple[int, ...], words: str
) -> None:
    """Nobody else; one that passed and does not; one that passes: another network, or this MAC is stopped."""
    other = 0x0050_5600_0020
    alone = arps(*((after(n * 1000), ASK, GUEST, GUEST_IP, "10.77.0.1") for n in range(1, 6)))

    def seen(times: tuple[int, ...]) -> Any:
        return journal(*((after(ms), other, BROADCAST_MAC, "10.77.0.20", PEER_IP) for ms in times))

    new = point("b", "domain:destination", arps=alone, journal=seen(here))
    gateway = point("gw", "gateway", journal=seen(beyond))
    found = judged("port_group", case(new, gateway, peers=[LOST], reachability=NOBODY))
    assert found is not None
    assert words in found.because


@pytest.mark.parametrize(
    ("answer", "verdict", "wanted"),
    [("yes", "reached", "yes"), ("no", "reached", "no"), ("unknown", "reached", "undecided")],
)
def test_a_stretched_domain_works_if_the_guest_is_reached_in_it(answer: Any, verdict: Any, wanted: str) -> None:
    """And is none where its two ends are not known to be one."""
    new = point("b", "domain:destination", series=(announced(MOMENT),))
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((new, new.series[0]),), "high", "")
    domain = Domain(verdict="reached", word="stretched", because="heard at both")
    one = case(new, guest=guest, domain=domain, reachability=Reachability(answer, "so it is", "", ()))
    assert worked("stretched_vlan", one) == wanted
    assert judged("stretched_vlan", replace(one, domain=Domain(verdict="reached", because=""))) is None


def test_a_tagged_vlan_at_both_hosts_is_told_and_an_untagged_switch_is_not() -> None:
    """Where nothing lies between them it is one network, not a stretched one."""

    def at(role: str, tag: int) -> tuple[PointView, Any]:
        series = announced(MOMENT)
        object.__setattr__(series, "vlan_outer_id", tag)
        return point(role, role, series=(series,)), series

    domain = Domain(verdict="reached", word="same", because="heard at both")
    for tag, wanted in ((77, True), (-1, False), (0, False)):
        heard = (at("domain:source", tag), at("domain:destination", tag))
        guest = Moved(GUEST, (ip_halves(GUEST_IP),), heard, "high", "")
        found = judged("stretched_vlan", case(*(v for v, _ in heard), guest=guest, domain=domain))
        assert (found is not None) == wanted


def test_the_way_of_the_stream_is_told_by_its_word() -> None:
    """Adjacent or routed; whether it came to its end is its work."""
    one = case(path=Path(word="routed", because="a router lowered the TTL"))
    assert worked("routed_vmotion", one) == "yes"
    assert judged("same_subnet_vmotion", one) is None
    assert worked("routed_vmotion", replace(one, completed=False)) == "no"
    assert worked("routed_vmotion", replace(one, completed=None)) == "undecided"


HERE, THERE = ("10.10.1.11", "10.10.1.12"), ("10.10.1.12", "10.10.1.11")


def trip(minutes: float, way: tuple[str, str] = HERE, mac: int = GUEST) -> Trip:
    """A migration of ten seconds that began so many minutes after the guest's own."""
    start = MOMENT + int(minutes * 60 * S)
    return Trip(start, start + 10 * S, *way, frozenset({mac}))


def test_a_burst_of_migrations_is_a_schedulers() -> None:
    """It worked as far as this guest stays; two migrations are no burst, nor are three in an hour."""
    others = (trip(0.1, mac=1), trip(2, mac=2))
    found = judged("drs", case(trip=trip(0), others=others))
    assert found is not None
    assert found.worked == "yes"
    assert "3 migrations began within 120.0 s, up to 2 at once" in found.because
    assert worked("drs", case(trip=trip(0), others=others, completed=None)) == "undecided"
    assert judged("drs", case(trip=trip(0), others=others[:1])) is None
    assert judged("drs", case(trip=trip(0), others=(trip(20, mac=1), trip(40, mac=2)))) is None
    assert judged("drs", case(others=others)) is None


def test_a_guest_that_is_moved_to_and_fro_is_a_failure_of_the_scheduler() -> None:
    """Beside others, or again and again; the way back is told of at both moves."""
    beside = (trip(0.5, mac=1), trip(3, THERE))
    found = judged("drs", case(trip=trip(0), others=beside))
    assert found is not None
    assert found.worked == "no"
    assert "moved back from 10.10.1.12 to 10.10.1.11, beginning 170.0 s after it had come" in found.because
    later = judged("drs", case(trip=trip(0, THERE), others=(trip(-3), trip(-2, mac=1))))
    assert later is not None
    assert later.worked == "no"
    assert "back to 10.10.1.11, which it had left for 10.10.1.12 170.0 s before" in later.because
    assert worked("drs", case(trip=trip(0), others=(trip(3, THERE), trip(6)))) == "no"


def test_one_guest_that_goes_and_comes_back_may_be_what_a_person_wanted() -> None:
    """And a way on to a third host is no way back."""
    assert worked("drs", case(trip=trip(0), others=(trip(3, THERE),))) == "undecided"
    assert judged("drs", case(trip=trip(0), others=(trip(3, ("10.10.1.12", "10.10.1.13")),))) is None
    assert judged("drs", case(trip=trip(0), others=(trip(3, THERE, mac=1),))) is None
