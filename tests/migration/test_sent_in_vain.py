"""Peers that send the same again and again: they show at every place that no answer came."""

import pytest

from tests.measures.talk import ACK, FIN, GUEST, MS, PSH, SYN, Row, journal_of, pings, segment
from tests.migration.make import S, view
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import judge_reachability
from vmpcap.migration.packets.sent_in_vain import sent_in_vain
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_halves

MOVED = Moved(NO_MAC, (ip_halves(GUEST),), (), "high", "")
SWITCH = 10 * S
PEERS = ("10.99.0.2", "10.99.0.3", "10.99.0.4", "10.99.0.5")
TRIES = (0, 200, 600, 1400, 3000, 6200, 12_600)
"""After 200 ms again, then after twice as long each time; the next one would be after 25.4 s."""


def of(whose: str, rows: list[Row]) -> list[Row]:
    """The same, of another peer."""
    return [{**row, **{end: whose for end in ("src", "dst") if row[end] == PEERS[0]}} for row in rows]


def before(whose: str, until_ms: int = 10_000) -> list[Row]:
    """A hundred bytes of the peer every 500 ms, and the guest's acknowledgement of each."""
    rows = []
    for n, ms in enumerate(range(0, until_ms, 500)):
        asked = segment(ms, True, 1000 + 100 * n, 1, 100, ACK | PSH)
        rows += [asked, segment(ms + 1, False, 1, 1100 + 100 * n)]
    return of(whose, rows)


def again(whose: str, at_ms: int = 10_300, tries: tuple[int, ...] = TRIES, **more: object) -> list[Row]:
    """What follows on that, sent in vain at these times after the first."""
    return of(whose, [{**segment(at_ms + ms, True, 3000, 1, 100, ACK | PSH), **more} for ms in tries])


def point(*parts: list[Row], role: str | None = None, until: int = 35 * S, **more: object) -> PointView:
    rows = [row for part in parts for row in part if row["ts_ns"] <= until]
    return view("core", role, journal=journal_of(rows), last_ts=until, **more)


def lost(peers: tuple[str, ...] = PEERS[:2]) -> list[Row]:
    return [row for whose in peers for row in (*before(whose), *again(whose))]


def suffered_at(there: PointView) -> list[Suffered]:
    return what_peers_suffered(MOVED, [there], SWITCH, SWITCH - 100 * MS)


@pytest.mark.parametrize("role", [None, "domain:source", "source", "client"])
def test_a_peer_that_sends_the_same_to_the_end_was_never_answered_wherever_that_is_seen(role: str | None) -> None:
    """Past this place its answers need not come; had it heard one, it would not have sent the same again."""
    found = suffered_at(point(lost(), role=role))
    assert [(one.is_cut_off, one.peer.survived, one.outage and one.outage.seen_ns) for one in found] == [
        (True, False, 12_600 * MS)
    ] * 2


@pytest.mark.parametrize("role", [None, "domain:source", "source"])
def test_a_guest_whose_peers_all_send_the_same_to_the_end_is_not_reachable(role: str | None) -> None:
    """Two peers of two: whatever way the answers take."""
    told = judge_reachability(MOVED, [point(lost(), role=role)], SWITCH)
    assert told.answer == "no"
    assert "2 connections of 2 peers sent the same to the guest again and again, 14 times in all" in told.because
    assert "for up to 12.6 s and until the capture's end" in told.because


def opened(whose: str, answered: bool) -> list[Row]:
    """A connection that the peer opens 5 s after the move; past this place its answers do not come."""
    syn = [segment(15_000 + ms, True, 99, 0, 0, SYN, src_port=50_001) for ms in (0, 1000, 3000, 7000, 15_000)]
    heard = [segment(15_002, True, 100, 501, 0, ACK, src_port=50_001)]
    heard += [segment(15_003, True, 100, 501, 80, ACK | PSH, src_port=50_001)]
    return of(whose, [syn[0], *heard] if answered else syn)


def data_beyond(whose: str) -> list[Row]:
    """A connection whose data goes on after the move, as that of one does that is answered."""
    return of(whose, [segment(10_400 + 500 * n, True, 3000 + 100 * n, 1, 100, ACK | PSH) for n in range(50)])


@pytest.mark.parametrize(
    "there",
    [
        point(lost(PEERS[:1])),
        point(lost(), opened(PEERS[2], True)),
        point(lost(), before(PEERS[2]), data_beyond(PEERS[2])),
        point(lost(), before(PEERS[2])),
        point([row for whose in PEERS[:2] for row in again(whose)]),
        point(lost(), until=40 * S),
        point([row for whose in PEERS[:2] for row in (*before(whose), *again(whose, tries=TRIES[:3]))], until=12 * S),
        point(lost(), left_out=("tcp.port == 80",)),
        point(lost(), journal_complete=False),
    ],
    ids=[
        "one peer alone",
        "another opens a connection and goes on",
        "another's connection goes on",
        "another asks here no more: it may ask elsewhere",
        "never answered before either",
        "the next try was due, and did not come here",
        "sent again for less than a second",
        "a filter left something out",
        "frames were left out",
    ],
)
def test_where_others_may_be_answered_nothing_is_said_of_the_guest(there: PointView) -> None:
    """Their answers, or their requests too, may go another way than past this point."""
    assert judge_reachability(MOVED, [there], SWITCH).answer == "unknown"


def test_requests_that_go_another_way_before_long_do_not_show_a_peer_as_lost() -> None:
    """Sent at the old place for 1.4 s; the next, 3 s after the first, is not seen here though the view goes on."""
    rows = [row for whose in PEERS[:2] for row in (*before(whose), *again(whose, tries=TRIES[:4]))]
    for until, is_lost in ((13 * S, True), (14 * S, False)):
        there = point(rows, role="domain:source", until=until)
        assert {one.is_cut_off for one in suffered_at(there)} == {is_lost}
        assert bool(sent_in_vain(there, MOVED, SWITCH).connections) is is_lost


@pytest.mark.parametrize(
    ("more", "is_lost"),
    [
        ([segment(10_310, True, 3100, 1, 100, ACK | PSH)], True),
        ([segment(20_000, True, 3100, 1, 0, ACK | FIN)], True),
        ([segment(11_000, True, 3100, 501, 0)], False),
        ([segment(23_000, True, 3100, 1, 100, ACK | PSH)], False),
    ],
    ids=["had sent more at once", "closes", "acknowledges what the guest says", "sends what comes after"],
)
def test_what_else_the_peer_sends_tells_whether_it_is_answered(more: list[Row], is_lost: bool) -> None:
    """What lies beyond may be sent unanswered, before the same comes again; an acknowledgement needs an answer."""
    there = point(before(PEERS[0]), again(PEERS[0]), more)
    assert bool(sent_in_vain(there, MOVED, SWITCH).connections) is is_lost


def test_connections_that_are_opened_in_vain_count_and_an_answered_one_tells() -> None:
    """Its SYN-ACK goes another way; that the peer acknowledges it shows that it came."""
    asks = [row for whose in PEERS[:2] for row in before(whose)]
    in_vain = point(asks, [row for whose in PEERS[:2] for row in opened(whose, False)])
    found = sent_in_vain(in_vain, MOVED, SWITCH)
    assert (len(found.connections), found.sent, found.is_heard) == (2, 10, False)
    assert sent_in_vain(point(asks, opened(PEERS[0], True)), MOVED, SWITCH).is_heard


@pytest.mark.parametrize(("others", "is_cut_off"), [(3, True), (2, False)])
def test_unanswered_pings_are_lost_only_where_several_others_show_that_nobody_is_answered(
    others: int, is_cut_off: bool
) -> None:
    """Nobody sends a ping again; where three others surely have no answer, nothing says that pings have."""
    asked = of("10.99.0.9", pings(400, 100, range(99, 400)))
    (found,) = [s for s in suffered_at(point(lost(PEERS[:others]), asked)) if s.peer.protocol == "icmp"]
    assert found.is_cut_off is is_cut_off
    heard = point(lost(PEERS[:others]), asked, opened("10.99.0.8", True))
    (found,) = [s for s in suffered_at(heard) if s.peer.protocol == "icmp"]
    assert not found.is_cut_off


@pytest.mark.parametrize(
    ("asks", "is_heard", "is_cut_off"), [(False, False, True), (True, False, True), (True, True, False)]
)
def test_what_the_guest_asks_in_vain_on_its_own_account_is_no_answer(
    asks: bool, is_heard: bool, is_cut_off: bool
) -> None:
    """Behind a shut port it speaks to its own servers; only who is heard from, too, may be answered."""
    pinged = of("10.99.0.9", pings(400, 100, range(99, 400)))
    own = of("10.99.0.53", [segment(10_500 + 1000 * n, False, 1, 1, 40) for n in range(9)]) if asks else []
    told = of("10.99.0.53", [segment(12_000, True, 1, 41, 80)]) if is_heard else []
    new = view("new", "domain:destination", journal=journal_of(own), last_ts=35 * S)
    old = point(lost(PEERS[:3]), pinged, told)
    found = what_peers_suffered(MOVED, [old, new], SWITCH, SWITCH - 100 * MS)
    (ping,) = [s for s in found if s.peer.protocol == "icmp"]
    assert ping.is_cut_off is is_cut_off
