"""Clients that send their queries by UDP again: they show at every place that no answer came."""

import pytest

from tests.measures.talk import GUEST, MS, Row, datagram, journal_of
from tests.migration.make import S, view
from tests.migration.test_sent_in_vain import lost, of
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.reachable import judge_reachability
from vmpcap.migration.packets.sent_in_vain import sent_in_vain
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_halves

MOVED = Moved(NO_MAC, (ip_halves(GUEST),), (), "high", "")
SWITCH_MS, END_MS = 30_000, 70_000
PEERS = ("10.99.0.2", "10.99.0.3", "10.99.0.4", "10.99.0.5")


def asks(
    whose: str,
    begin: int = 0,
    until: int = END_MS,
    answered: int = SWITCH_MS - 300,
    again: int = 5000,
    again_since: int = 0,
    size: int = 40,
    fixed: bool = False,
) -> list[Row]:
    """A query every 1.5 s, each from a port of its own, and once again after 5 s where it had no answer."""
    rows = []
    for n, ms in enumerate(range(begin, until, 1500)):
        port = 40_000 + (0 if fixed else n)
        rows.append(datagram(ms, True, 2 * n, port, payload_bytes=size))
        if ms < answered:
            rows.append(datagram(ms + 1, False, 2 * n, port, payload_bytes=90))
        elif again and ms >= again_since and ms + again < END_MS:
            rows.append(datagram(ms + again, True, 2 * n + 1, port, payload_bytes=size))
    return of(whose, rows)


def point(*parts: list[Row], role: str | None = None, end_ms: int = END_MS, **more: object) -> PointView:
    rows = [row for part in parts for row in part if row["ts_ns"] <= end_ms * MS]
    return view("core", role, journal=journal_of(rows), last_ts=end_ms * MS, **more)


@pytest.mark.parametrize("role", [None, "domain:source", "source"])
def test_clients_that_ask_again_what_they_asked_have_no_answer_wherever_that_is_seen(role: str | None) -> None:
    """Two of two; each query of since the move comes twice, and none of before did."""
    there = point(*map(asks, PEERS[:2]), role=role)
    told = judge_reachability(MOVED, [there], SWITCH_MS * MS)
    assert told.answer == "no"
    assert "2 streams of 2 peers sent the same to the guest again and again" in told.because
    found = what_peers_suffered(MOVED, [there], SWITCH_MS * MS, SWITCH_MS * MS - 300 * MS)
    assert {(s.peer.peer, s.is_cut_off) for s in found if s.peer.lost and s.peer.lost > 9} == {
        (PEERS[0], True),
        (PEERS[1], True),
    }


@pytest.mark.parametrize(
    "there",
    [
        point(asks(PEERS[0])),
        point(*(asks(whose, again=0) for whose in PEERS[:2])),
        point(*map(asks, PEERS[:2]), *(asks(whose, again=0) for whose in PEERS[2:])),
        point(*(asks(whose, fixed=True) for whose in PEERS[:2])),
        point(*(asks(whose, answered=0) for whose in PEERS[:2])),
        point(*(asks(whose, begin=21_000) for whose in PEERS[:2])),
        point(*(asks(whose, until=45_000) for whose in PEERS[:2])),
        point(*(asks(whose, again_since=50_000) for whose in PEERS[:2])),
        point(*map(asks, PEERS[:2]), end_ms=35_500),
        point(*map(asks, PEERS[:2]), left_out=("udp.port == 53",)),
    ],
    ids=[
        "one client alone",
        "each asked once: the answers go another way",
        "others ask each query once",
        "always from the same port: each is another query",
        "sent twice before the move, too",
        "too few of before to know how it asks",
        "stopped long before the end",
        "the first were sent once",
        "too few are old enough to have come again",
        "a filter left something out",
    ],
)
def test_clients_that_may_have_had_their_answers_say_nothing(there: PointView) -> None:
    """Past this point answers need not come; who asks on with new queries may have had them."""
    assert judge_reachability(MOVED, [there], SWITCH_MS * MS).answer == "unknown"


def test_one_query_that_is_still_young_at_the_end_is_no_answered_one() -> None:
    """The last ones would have come again after the capture's end."""
    there = point(*map(asks, PEERS[:2]))
    found = sent_in_vain(there, MOVED, SWITCH_MS * MS)
    assert found.connections == {(*ip_halves(whose), 0, 53) for whose in PEERS[:2]}
    assert not found.is_heard
    assert found.longest_ns > 35 * S


def test_a_client_that_never_asks_again_hides_no_guest_that_others_show_as_lost() -> None:
    """Connections of two peers send the same to the end; a poller by UDP that asks each query once tells nothing."""
    tcp = [row for row in lost() if row["ts_ns"] <= 35 * S]
    for parts in ([], [asks("10.99.0.9", again=0, until=35_000, answered=9_700)]):
        there = view("core", None, journal=journal_of([*tcp, *(row for part in parts for row in part)]), last_ts=35 * S)
        assert judge_reachability(MOVED, [there], 10 * S).answer == "no"


def test_a_client_whose_queries_all_come_again_is_lost_though_another_asks_each_once() -> None:
    """What another met is not known; this one's own queries tell of itself."""
    there = point(asks(PEERS[0]), asks(PEERS[1], again=0))
    found = what_peers_suffered(MOVED, [there], SWITCH_MS * MS, SWITCH_MS * MS - 300 * MS)
    assert {s.peer.peer: s.is_cut_off for s in found if (s.peer.lost or 0) > 9 or s.is_bypassed} == {
        PEERS[0]: True,
        PEERS[1]: False,
    }


def test_a_stream_too_short_to_tell_is_lost_with_its_client() -> None:
    """A query from a port that was answered once long before comes twice: two packets missing may be chance."""
    port = 50_000
    old = [datagram(100, True, 900, port), datagram(101, False, 900, port)]
    rows = [*old, *(datagram(ms, True, 901 + ms // 1000, port) for ms in (40_100, 45_100))]
    for client, is_lost in ((asks(PEERS[0]), True), (asks(PEERS[0], again=0), False)):
        found = what_peers_suffered(MOVED, [point(client, of(PEERS[0], rows))], SWITCH_MS * MS, SWITCH_MS * MS)
        assert [s.is_cut_off for s in found if s.peer.lost == 2] == [is_lost]
