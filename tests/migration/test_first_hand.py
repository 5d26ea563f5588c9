"""A host route seen only where others pass it on: who said it first is not in view, and its time is a bound."""

from dataclasses import replace
from typing import Any

import pytest

from tests.migration.make import GUEST, GUEST_IP, announced, moves_of, stream, suffered, view
from tests.migration.test_mechanisms import MOMENT, after, case, judged, news, point
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.moved import Moved
from vmpcap.terms.addresses import ip_halves

OLD, CORE, NEW = "192.0.2.2", "192.0.2.1", "192.0.2.6"
ROUTERS = {OLD: "0000.0000.0002", CORE: "0000.0000.0001", NEW: "0000.0000.0003"}


def story(name: str, sender: str, ts: int) -> list[RouteNews]:
    """The old router's route, what this router says of the new one's, the old one's withdrawal."""
    is_second = sender == CORE
    own: dict[str, Any] = {"protocol": name, "sender": OLD, "metric": 2, "path_length": 1, "next_hop": OLD}
    new: dict[str, Any] = {**own, "sender": sender, "metric": 3 if is_second else 2, "next_hop": sender}
    if name == "bgp":
        own["origin"], new["origin"], new["path_length"] = "AS 65001", "AS 65002", 2 if is_second else 1
    if name in ("ospf", "isis"):
        tail = ".00-00" if name == "isis" else ""
        own |= {"origin": ROUTERS[OLD] + tail, "teller": ROUTERS[OLD], "sequence": 1}
        new |= {"origin": ROUTERS[NEW] + tail, "teller": ROUTERS[sender], "sequence": 1}
    gone = {**own, "sequence": 2} if "sequence" in own else own
    return [news(0, **own), news(ts, **new), news(ts + 9, "withdraw", **gone)]


@pytest.mark.parametrize("name", ["rip", "eigrp", "bgp", "ospf", "isis"])
def test_what_the_new_router_says_itself_has_a_time_and_what_others_pass_on_a_bound(name: str) -> None:
    """By distance, by the systems on the way, by the router that sends another's statement."""
    first = judged(name, case(point("b", "wan", story(name, NEW, after(20)))))
    passed = judged(name, case(point("a", "wan", story(name, CORE, after(120)))))
    assert first is not None
    assert passed is not None
    assert (first.worked, first.latency_ms, first.latency_is_at_most) == ("yes", 20.0, False)
    assert (passed.worked, passed.latency_ms, passed.latency_is_at_most) == ("yes", 120.0, True)
    assert "not in view" not in first.because
    assert f"was first seen at a from {CORE}, which" in passed.because
    assert "who said it first is not in view, so it came at most +120 ms after the switchover" in passed.because


def test_bgp_that_names_another_as_the_way_was_told_by_it() -> None:
    """A reflector's news: its own system, another next hop."""
    rows = [replace(row, path_length=0) for row in story("bgp", NEW, after(20))]
    rows[1] = replace(rows[1], sender=CORE, next_hop=NEW)
    found = judged("bgp", case(point("a", "wan", rows)))
    assert found is not None
    assert found.latency_is_at_most
    assert f"passed it on from {NEW}" in found.because


@pytest.mark.parametrize(("tellers", "is_own"), [((OLD, NEW), True), ((CORE, CORE), False)])
def test_a_next_hop_of_the_other_family_may_be_the_tellers_own(tellers: tuple[str, str], is_own: bool) -> None:
    """IPv6 routes in a session over IPv4: each router names its own, a reflector both."""
    hops = ("2001:db8::1", "2001:db8::2")
    old, new, gone = story("bgp", NEW, after(20))
    rows = [replace(old, sender=tellers[0], next_hop=hops[0]), replace(new, sender=tellers[1], next_hop=hops[1])]
    if is_own:
        rows.append(replace(gone, sender=OLD, next_hop=""))
    found = judged("bgp", case(point("a", "wan", [replace(row, path_length=1) for row in rows])))
    assert found is not None
    assert found.latency_is_at_most is not is_own
    assert ("passed it on from 2001:db8::2" in found.because) is not is_own


def test_one_of_two_paths_that_is_taken_back_leaves_the_other() -> None:
    """RFC 7911: each identifier is a route of its own; without them the last word counts."""
    old, new, gone = story("bgp", NEW, after(20))
    for ids, wanted in (((1, 2), "yes"), ((None, None), "undecided")):
        here = replace(new, path_id=ids[0])
        beside = replace(new, path_id=ids[1], ts_ns=after(30))
        back = replace(beside, action="withdraw", ts_ns=after(40))
        found = judged("bgp", case(point("b", "wan", [old, here, gone, beside, back])))
        assert found is not None
        assert found.worked == wanted


@pytest.mark.parametrize(("name", "wanted"), [("rip", "undecided"), ("bgp", "undecided"), ("ospf", "no")])
def test_a_bound_beyond_the_limit_is_late_only_where_all_routers_hear_at_once(name: str, wanted: str) -> None:
    """Those who pass on RIP or BGP may have held it back; the old one goes before."""
    old, new, _ = story(name, CORE, after(60_000))
    gone = replace(old, ts_ns=after(900), action="withdraw", sequence=2)
    found = judged(name, case(point("a", "wan", [old, gone, new])))
    assert found is not None
    assert found.worked == wanted
    assert ("whether that was in time is not known" in found.because) == (wanted == "undecided")


def test_an_old_router_that_went_late_failed_whoever_told_of_the_new_one() -> None:
    """Peers waited until it was gone, and the new one's first word is not in view."""
    old, new, _ = story("rip", CORE, after(31_000))
    gone = replace(old, ts_ns=after(28_000), action="withdraw")
    late = suffered(30_000.0, from_ts=MOMENT, to_ts=after(30_100))
    found = judged("rip", case(point("a", "wan", [old, gone, new]), peers=[late]))
    assert found is not None
    assert (found.worked, found.latency_ms, found.latency_is_at_most) == ("no", 28_000.0, False)


def test_a_route_that_went_with_its_session_was_not_kept() -> None:
    """Nobody took it back, and yet it is gone: the sentence says how."""
    rows = story("bgp", NEW, after(20))
    rows[2] = replace(rows[2], reason="session ended by a NOTIFICATION")
    found = judged("bgp", case(point("b", "wan", rows)))
    assert found is not None
    assert found.worked == "yes"
    assert "(the session ended by a NOTIFICATION)" in found.because


@pytest.mark.parametrize("name", ["rip", "eigrp", "bgp", "ospf", "isis"])
def test_times_from_the_streams_end_are_bounds_and_told_as_such(name: str) -> None:
    """No point stood where the guest came to: every time was 147 ms too long, and none of them said so."""
    (move,) = moves_of(view("host", "source", streams=(stream(0, 50.0),)))
    wan = point("b", "wan", story(name, NEW, after(160)))
    unseen = judged(name, case(wan, move=move))
    assert unseen is not None
    assert (unseen.latency_ms, unseen.latency_is_at_most) == (160.0, True)
    assert "times are counted from the stream's end, and are at most so long after the switchover" in unseen.because
    there = view("there", "domain:destination")
    guest = Moved(GUEST, (ip_halves(GUEST_IP),), ((there, announced(MOMENT)),), "high", "")
    seen = judged(name, case(wan, there, move=move, guest=guest))
    assert seen is not None
    assert (seen.latency_ms, seen.latency_is_at_most, "stream's end" in seen.because) == (160.0, False, False)
