"""Who asks for the guest in vain: told without a peer beside it, by where the questions came, and not of a sweep."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, S, arps, journal, suffered
from tests.migration.test_mechanisms import FINE, LOST, MOMENT, NOBODY, after, case, judged, news, point, worked
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.mechanisms.askers import longest_run
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.moved import Moved
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

ASK, ANSWER = NUMBER_OF["arp_request"], NUMBER_OF["arp_reply"]
SOLICIT = NUMBER_OF["nd_request"]
GATEWAY_IP, GUEST_6, GATEWAY_6 = "10.77.0.1", "2001:db8:77::10", "fe80::1"
HEARD = journal((MOMENT - S, GUEST, GATEWAY, GUEST_IP, PEER_IP))
"""The guest sent to the gateway past this point before it moved: what goes to the gateway passes here."""
Body = tuple[int, int, int, str, str]


def asks(*seconds: float, who: int = GATEWAY, guest: str = GUEST_IP) -> list[Body]:
    """So many seconds after the move somebody asks for the guest."""
    kind, sender = (SOLICIT, GATEWAY_6) if ":" in guest else (ASK, GATEWAY_IP)
    return [(after(s * 1000), kind, who, sender, guest) for s in seconds]


def at(name: str, role: str | None, rows: list[Body], answers_to: int = GATEWAY, **known: Any) -> PointView:
    """A point with these bodies."""
    made = arps(*sorted(rows))
    made.eth_dst[made.kind == ANSWER] = answers_to
    return point(name, role, arps=made, **{"journal": HEARD, **known})


def unseen(*views: PointView, **known: Any) -> Case:
    """The guest's move, in which no peer is in view."""
    return replace(case(*views, peers=[], reachability=NOBODY, **known), views=views)


def told(one: Case, name: str = "gateway_arp") -> Mechanism:
    """What is said of it."""
    found = judged(name, one)
    assert found is not None
    return found


@pytest.mark.parametrize("role", ["gateway", "domain:destination"])
def test_questions_in_vain_for_too_long_fail_without_a_peer_in_view(role: str) -> None:
    """With the client's point they did, without it they were open: it is the same gateway that gets no answer."""
    assert told(unseen(at("gw", role, asks(0.1, 1.1, 2.2)))).worked == "no"
    assert told(unseen(at("gw", role, asks(0.1, 0.9, 1.9)))).worked == "undecided"
    assert told(case(at("gw", role, asks(0.1, 1.1, 2.2)), peers=[FINE])).worked == "undecided"


TO_OLD = journal(
    (MOMENT - S, GUEST, GATEWAY, GUEST_IP, PEER_IP),
    *((after(2100 + 10 * n), GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(9)),
)
"""The guest answered there before it moved; since then somebody still sends to it there."""


@pytest.mark.parametrize(("sent", "wanted"), [(TO_OLD, "no"), (HEARD, "undecided")], ids=["packets", "none"])
@pytest.mark.parametrize("role", ["domain:source", None])
def test_a_router_of_the_old_site_that_asks_in_vain_fails_where_it_has_packets(
    sent: JournalColumns, wanted: str, role: str | None
) -> None:
    """Behind a translator nobody sends anything there, and all is well: a router asks for what it knew."""
    new = at("b", "domain:destination", [], journal=journal((after(1), GUEST, GATEWAY, GUEST_IP, "10.99.0.7")))
    assert told(unseen(at("gw", role, asks(0.1, 1.1, 2.2), journal=sent), new)).worked == wanted
    assert told(unseen(at("gw", role, asks(0.1, 1.1, 2.2), journal=sent))).worked == "undecided"


def test_questions_are_not_in_vain_whose_answers_need_not_pass() -> None:
    """A broadcast is heard everywhere, its answer on one way; who asks each half minute was answered each time."""
    away = point("away", None)
    at_b = "domain:destination"
    assert told(unseen(at("trunk", at_b, asks(0.1, 1.1, 2.2), journal=away.journal))).worked == "undecided"
    assert told(unseen(at("trunk", at_b, asks(0.1, 30, 60)))).worked == "undecided"
    answered = [*asks(0.1), (after(101), ANSWER, GUEST, GUEST_IP, GATEWAY_IP)]
    beside = at("b", at_b, answered)
    assert told(unseen(at("trunk", at_b, asks(0.1, 1.1, 2.2)), beside)).worked == "undecided"
    assert told(unseen(at("gw", "gateway", asks(0.1, 1.1, 2.2)), beside)).worked == "no"


def test_who_asks_every_second_whatever_it_hears_does_not_wait() -> None:
    """A monitor that did so before the guest moved, when it was answered."""
    before = [(ts, ASK, GATEWAY, GATEWAY_IP, GUEST_IP) for ts in range(MOMENT - 9 * S, MOMENT - S, S)]
    assert told(unseen(at("gw", "gateway", [*before, *asks(0.1, 1.1, 2.2)]))).worked == "undecided"


def test_neighbour_discovery_never_answered_fails_as_one_that_is_answered_late() -> None:
    """It was open, because its peers went quiet: nobody knew what became of them."""
    both = Moved(GUEST, (ip_halves(GUEST_IP), ip_halves(GUEST_6)), (), "high", "")
    quiet = suffered(None, ended=False, survived=None, peer="2001:db8:99::2")
    view = at("gw", "gateway", asks(0.5, 1.5, 2.5, 3.5, guest=GUEST_6))
    one = case(view, peers=[FINE, quiet], guest=both)
    found = told(one, "ipv6_nd")
    assert (found.worked, "sent 4 neighbour solicitations" in found.because) == ("no", True)
    lone = at("gw", "gateway", asks(0.5, 1.5, guest=GUEST_6))
    assert told(case(lone, peers=[FINE, quiet], guest=both), "ipv6_nd").worked == "undecided"


def test_questions_that_come_to_the_new_place_are_told_from_those_that_come_to_the_old_one() -> None:
    """The guest hears them and does not answer; or the domain does not reach where it is. It was one sentence."""
    times = (0.1, 1.1, 2.2)
    gateway = at("gw", "gateway", asks(*times))
    new, old = at("b", "domain:destination", asks(*times)), at("a", "domain:source", asks(*times))
    found = told(case(gateway, new, old, peers=[LOST]))
    assert "they came to its new place, b (frame 1), and it did not answer" in found.because
    assert {"gw", "b"} <= {one.point for one in found.evidence}
    quiet = at("b", "domain:destination", [])
    found = told(case(gateway, quiet, old, peers=[LOST]))
    assert "they came to its old place, a (frame 1), and to no point at its new one" in found.because
    assert "a" in {one.point for one in found.evidence}
    assert "does not reach to where it is now" in found.because
    for views in ((gateway, old), (gateway, old, replace(quiet, last_ts=MOMENT - S)), (gateway, quiet)):
        assert "place" not in told(case(*views, peers=[LOST])).because


def sweep(tries: int, pause_ms: float, hosts: int = 60, own: int | None = None) -> list[Body]:
    """Somebody asks for each address of a network so often, a second apart; for the guest another number."""
    rows = []
    for n in range(1, hosts + 1):
        for k in range(own if own is not None and n == 10 else tries):
            rows.append((after(n * pause_ms + k * 1000), ASK, GATEWAY, GATEWAY_IP, f"10.77.0.{n}"))
    return rows


@pytest.mark.parametrize("peers", [[LOST], [FINE], []])
@pytest.mark.parametrize("pause_ms", [1.0, 20.0, 900.0], ids=["ARP scan", "quick sweep", "ping by ping"])
def test_a_sweep_that_tries_each_address_three_times_is_no_failing_gateway(peers: Any, pause_ms: float) -> None:
    """Linux asks three times for each that a ping is for: nobody looks for the guest."""
    view = at("gw", "gateway", sweep(3, pause_ms), journal=point("x", None).journal)
    assert judged("gateway_arp", case(view, peers=peers)) is None


@pytest.mark.parametrize("rows", [sweep(1, 1, own=3), sweep(3, 1, own=6), sweep(3, 1, hosts=20)])
def test_who_asks_for_the_guest_more_often_than_for_others_looks_for_it(rows: list[Body]) -> None:
    """A gateway with an empty table, whose packets for it go on; or one that asks for few."""
    view = at("gw", "gateway", rows, journal=point("x", None).journal)
    assert worked("gateway_arp", case(view, peers=[LOST])) == "no"


def test_a_sweeper_that_sent_the_guest_packets_is_its_peer() -> None:
    """A gateway that routed to it asks for all, too."""
    view = at("gw", "gateway", sweep(3, 1), journal=journal((MOMENT - S, GATEWAY, GUEST, PEER_IP, GUEST_IP)))
    assert worked("gateway_arp", case(view, peers=[LOST])) == "no"


def test_a_run_of_questions_ends_with_a_pause() -> None:
    """Copies of one frame are one; nobody asked is none."""
    assert longest_run(np.array([], np.int64)) == (0, 0)
    assert longest_run(np.array([0, MS, S, 2 * S, 9 * S, 10 * S])) == (3, 2 * S)


def test_an_evpn_address_that_comes_late_fails_where_the_gateway_asked_for_it_all_the_while() -> None:
    """Without the client's point it was open, though the gateway asked for half a minute."""
    said: dict[str, Any] = {"mac": "00:50:56:aa:77:10", "prefix": "00:50:56:aa:77:10", "vni": 77}
    a: dict[str, Any] = {"origin": "1:1", "next_hop": "192.0.2.1", "protocol": "evpn", **said}
    b: dict[str, Any] = {"origin": "2:2", "next_hop": "192.0.2.2", "protocol": "evpn", "sequence": 1, **said}
    rows = [news(0, reason="mac", **a), news(0, reason="mac_ip", **{**a, "prefix": "10.77.0.10/32"})]
    rows += [
        news(after(51), reason="mac", **b),
        news(after(31_900), reason="mac_ip", **{**b, "prefix": "10.77.0.10/32"}),
    ]
    wan = point("core", "wan", rows)
    asked = at("gw", "gateway", asks(*(0.2 + n for n in range(30))))
    found = told(unseen(wan, asked), "evpn")
    assert (found.worked, "sent 30 ARP requests for 10.77.0.10 at gw" in found.because) == ("no", True)
    assert "gw" in {one.point for one in found.evidence}
    assert told(unseen(wan), "evpn").worked == "undecided"
    assert told(case(wan, asked, peers=[FINE]), "evpn").worked == "undecided"


def test_questions_in_vain_after_an_answer_are_a_lapse_where_peers_lost_the_guest() -> None:
    """The gateway had its answer at once, and none from +3.1 s to +7 s: it was told as working."""
    first = [*asks(0.1), (after(101), ANSWER, GUEST, GUEST_IP, GATEWAY_IP)]
    again = [*asks(3.1, 4.1, 5.1, 6.1, 7.0), (after(7_001), ANSWER, GUEST, GUEST_IP, GATEWAY_IP)]
    lost = suffered(3_900.0, from_ts=after(3_100), to_ts=after(7_001))
    view = at("b", "domain:destination", [*first, *again])
    found = told(case(view, peers=[lost]))
    assert (found.worked, "10.77.0.10 at b in vain from +3.1 s, and was answered again +7.0 s" in found.because) == (
        "no",
        True,
    )
    assert told(case(view, peers=[FINE])).worked == "yes"  # nobody lost it: who asks may ask whatever it hears
    refreshed = at(
        "b", "domain:destination", [*first, *asks(3.1, 33.1), (after(33_101), ANSWER, GUEST, GUEST_IP, GATEWAY_IP)]
    )
    assert "in vain" not in told(case(refreshed, peers=[lost])).because


@pytest.mark.parametrize(("who", "sent", "is_told"), [
    (0x00005E00014D, HEARD, False), (0x00005E00014D, TO_OLD, True), (GATEWAY, HEARD, True),
])  # fmt: skip
def test_questions_of_a_shared_gateway_alone_are_no_traffic_for_the_old_site(
    who: int, sent: JournalColumns, is_told: bool
) -> None:
    """A question is flooded; an anycast gateway that has another way asks under the same name and MAC."""
    found = told(case(at("gw", "domain:source", asks(0.1, 1.1, 2.2, who=who), journal=sent), peers=[LOST]))
    assert ("traffic for the guest still arrives at the old site" in found.because) == is_told


def exchange(begin_s: float, answered: bool = True) -> JournalColumns:
    """From then on the gateway brings the guest a request each second, and the guest answers it."""
    rows = [(MOMENT - S, GUEST, GATEWAY, GUEST_IP, PEER_IP)]
    for n in range(3):
        ts = after(begin_s * 1000 + n * 1000)
        rows.append((ts, GATEWAY, GUEST, PEER_IP, GUEST_IP))
        rows += [(ts + MS, GUEST, GATEWAY, GUEST_IP, PEER_IP)] if answered else []
    return journal(*rows)


def answered_at(seconds: float, rows: JournalColumns) -> PointView:
    """The gateway asks once, so many seconds after the move, and is told at once."""
    told_at = (after(seconds * 1000 + 1), ANSWER, GUEST, GUEST_IP, GATEWAY_IP)
    return at("gw", "domain:destination", [*asks(seconds), told_at], journal=rows)


def back_after(seconds: float) -> Any:
    """A peer that was answered again so long after the move."""
    return suffered(seconds * 1000, from_ts=MOMENT, to_ts=after(seconds * 1000))


QUIET = at("old", "domain:source", [])
"""The guest's old place, where nobody asks for it."""


@pytest.mark.parametrize("back_s", [0.5, 16.0])
def test_a_question_of_who_had_used_its_entry_is_a_check_and_no_measure(back_s: float) -> None:
    """Linux asks again five seconds after it began to use what it knew: that is not when it found the guest."""
    view = answered_at(back_s + 5, exchange(back_s))
    found = told(case(view, QUIET, peers=[back_after(back_s)]))
    assert (found.worked, found.latency_ms) == ("yes", back_s * 1000)
    assert told(case(view, peers=[back_after(back_s)])).worked == ("undecided" if back_s > 2 else "yes")
    assert "it had not asked before: from +" in found.because
    assert "answered again only" not in found.because


@pytest.mark.parametrize(
    ("view", "peers", "wanted"),
    [
        (answered_at(5, exchange(0.5, answered=False)), [back_after(5.1)], ("undecided", 5001.0)),
        (answered_at(4.3, HEARD), [back_after(4.31)], ("yes", 4301.0)),
        (answered_at(0.1, exchange(4.5)), [back_after(4.5)], ("undecided", 101.0)),
        (answered_at(5, exchange(0.5)), [back_after(9.0)], ("undecided", 500.0)),
        (answered_at(5, exchange(0.5)), [LOST], ("undecided", 500.0)),
    ],
    ids=[
        "what it sent before was lost",
        "asked when something came at last",
        "answered long before its peers were",
        "a check, and its peers were back later",
        "a check, and a peer is lost",
    ],
)
def test_what_came_before_a_question_is_not_for_want_of_an_answer(
    view: PointView, peers: list[Any], wanted: tuple[str, float]
) -> None:
    """It is judged by what came after it: the peers' wait, or none."""
    found = told(case(view, QUIET, peers=peers))
    assert (found.worked, found.latency_ms) == wanted
