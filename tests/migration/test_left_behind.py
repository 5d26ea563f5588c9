"""Peers whose packets go on to the guest's old place alone: no answer can come, whatever they are sent by."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.measures.talk import GUEST, MS, PEER, Row, datagram, echo, journal_of
from tests.migration.make import GATEWAY, S, announced, stream, view
from tests.migration.make import GUEST as MAC
from tests.migration.test_sent_in_vain import of
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.left_behind import left_behind
from vmpcap.migration.packets.reachable import judge_reachability
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.terms.addresses import BROADCAST_MAC, NO_MAC, ip_halves

SWITCH = 20 * S
AWAY_MS, BACK_MS, END_MS = 19_700, 20_000, 60_000
OTHERS = ("10.99.0.2", "10.99.0.3", "10.99.0.4")
GUEST_MOVED = Moved(MAC, (ip_halves(GUEST),), (), "high", "")


def told(rows: Iterable[Row]) -> list[Row]:
    """With the MACs of the guest and of the gateway of those who ask."""
    ends = {True: {"eth_src": MAC, "eth_dst": GATEWAY}, False: {"eth_src": GATEWAY, "eth_dst": MAC}}
    return [{**ends[row["src"] == GUEST], **row} for row in rows]


def pinged(whose: str = PEER, answered_ms: int = AWAY_MS, until_ms: int = END_MS, every_ms: int = 1000) -> list[Row]:
    """A ping each second, answered until the guest leaves."""
    rows = []
    for seq, ms in enumerate(range(30, until_ms, every_ms)):
        rows += [echo(ms, seq)] + [echo(ms + 1, seq, reply=True)] * (ms < answered_ms)
    return of(whose, rows)


def queried(whose: str, answered_ms: int = AWAY_MS, until_ms: int = END_MS) -> list[Row]:
    """A query by UDP each 700 ms, likewise."""
    rows = []
    for n, ms in enumerate(range(30, until_ms, 700)):
        rows += [datagram(ms, True, n)] + [datagram(ms + 1, False, n)] * (ms < answered_ms)
    return of(whose, rows)


def speech(since_ms: int, until_ms: int, to_guest: bool) -> list[Row]:
    """Speech by RTP each 20 ms, one way, with numbers of its own."""
    late = 5 if to_guest else 0
    return [datagram(ms, to_guest, ms // 20, 20_002, 16_384) for ms in range(since_ms + late, until_ms, 20)]


def announces(since_ms: int = BACK_MS) -> list[Row]:
    """What the new host sends to everybody in the guest's name."""
    nobody = {"eth_src": MAC, "eth_dst": BROADCAST_MAC, "ethertype": 0x8035, "ip_version": 0, "ip_protocol": 0}
    return [{"ts_ns": (since_ms + ms) * MS, "src": "0.0.0.0", "dst": "0.0.0.0", **nobody} for ms in (0, 1000, 2000)]


def place(name: str, role: str | None, rows: Iterable[Row], **more: object) -> PointView:
    known = {"streams": (stream(),), "last_ts": END_MS * MS, **more}
    return view(name, role, journal=journal_of(told(rows)), **known)


def old(*parts: list[Row], **more: object) -> PointView:
    return place("esxA", "domain:source", [row for part in parts for row in part], **more)


def new(*parts: list[Row], **more: object) -> PointView:
    return place("esxB", "domain:destination", [row for part in (announces(), *parts) for row in part], **more)


def suffered(*views: PointView, guest: Moved = GUEST_MOVED) -> dict[str, Suffered]:
    return {s.peer.protocol: s for s in what_peers_suffered(guest, views, SWITCH, SWITCH - 300 * MS)}


def test_a_ping_that_goes_on_to_the_old_place_alone_shows_a_guest_that_nobody_reaches() -> None:
    """One peer, one ping a second: 40 of them at the old place since the move, none at the new one."""
    views = [old(pinged()), new()]
    found = judge_reachability(GUEST_MOVED, views, SWITCH)
    assert (found.answer, found.point, len(found.frames)) == ("no", "esxA", 3)
    assert "40 packets of 1 peer" in found.because
    assert "none of them came to esxB" in found.because
    assert "until the capture's end" in found.because
    lost = suffered(*views)["icmp"]
    assert (lost.is_cut_off, lost.peer.survived, lost.is_bypassed) == (True, False, False)


def test_queries_by_udp_prove_it_as_well() -> None:
    """Three clients of a name server."""
    views = [old(*(queried(whose) for whose in OTHERS)), new()]
    assert judge_reachability(GUEST_MOVED, views, SWITCH).answer == "no"
    found = what_peers_suffered(GUEST_MOVED, views, SWITCH, SWITCH - 300 * MS)
    assert [(s.peer.peer, s.is_cut_off) for s in found] == [(whose, True) for whose in OTHERS]


def test_what_the_guest_sends_by_itself_from_its_new_place_is_no_answer() -> None:
    """Its speech goes on to leave the new host; the other side's goes on to the old one, for 40 s."""
    views = [
        old(speech(0, AWAY_MS, False), speech(0, END_MS, True)),
        new(speech(BACK_MS, END_MS, False)),
    ]
    assert judge_reachability(GUEST_MOVED, views, SWITCH).answer == "no"
    (lost,) = what_peers_suffered(GUEST_MOVED, views, SWITCH, SWITCH - 300 * MS)
    assert (lost.is_cut_off, lost.peer.survived) == (True, False)
    assert lost.proven_ms == pytest.approx(39_980, abs=30)
    assert "answers nothing" in lost.peer.because


def test_a_stream_one_way_from_the_new_place_is_back_only_where_something_shows_a_way_from_there() -> None:
    """Syslog of the guest: it leaves the new host again, and nothing shows that it arrives."""
    before = [{**row, "dst": "10.99.0.9", "dst_port": 514} for row in speech(0, AWAY_MS, False)]
    after = [{**row, "dst": "10.99.0.9", "dst_port": 514} for row in speech(BACK_MS, END_MS, False)]
    log = suffered(old(pinged(), before), new(after))["udp/514"]
    assert (log.peer.survived, log.peer.outage_high_ms) == (None, None)
    assert "nothing shows that this arrives" in log.peer.because
    answered = pinged(answered_ms=END_MS)
    parts = [[row for row in answered if (row["ts_ns"] < SWITCH) is is_old] for is_old in (True, False)]
    log = suffered(old(parts[0], before), new(parts[1], after))["udp/514"]
    assert (log.peer.survived, log.peer.outage_high_ms) == (True, pytest.approx(340, abs=1))


def flood() -> list[Row]:
    """The announcement as it comes to the old place."""
    return announces(BACK_MS + 1)


def beyond(*, dst: str = PEER) -> PointView:
    """A gateway past which the guest sends on to that address."""
    rows = [{**row, "dst": dst} for row in speech(BACK_MS, END_MS, False)]
    return place("gw", "wan", rows)


LISTENS = {"streams": ()}
HEARD = [row for row in pinged("10.99.0.9") if row["ts_ns"] > SWITCH]
REPLIES = [row for row in pinged(answered_ms=END_MS) if row["ts_ns"] > SWITCH and row["src"] == GUEST]


@pytest.mark.parametrize(
    "views",
    [
        [old(pinged())],
        [old(pinged()), new(left_out=("udp",))],
        [old(pinged()), new(journal_complete=False)],
        [old(pinged()), new(drops=3)],
        [old(pinged(), left_out=("udp",)), new()],
        [old(pinged()), new(offset=None)],
        [old(pinged()), new(HEARD)],
        [old(pinged()), new([{**row, "eth_dst": GATEWAY} for row in HEARD])],
        [old(pinged()), new(REPLIES)],
        [
            old(pinged()),
            new([row for row in queried(OTHERS[1], END_MS) if row["ts_ns"] > SWITCH and row["src"] == GUEST]),
        ],
        [old(pinged(), flood()), new()],
        [old(pinged()), new(), beyond()],
        [old(pinged()), new(**LISTENS)],
        [old(pinged(until_ms=30_000)), new()],
        [old(pinged(until_ms=22_000)), new(last_ts=22 * S)],
        [old(pinged()), new(last_ts=22 * S)],
        [old(pinged(answered_ms=0)), new()],
        [old(pinged(answered_ms=10_000), queried(OTHERS[1], until_ms=AWAY_MS)), new()],
        [old(pinged()), place("esxB", "domain:destination", [])],
    ],
    ids=[
        "no point at the new place",
        "a filter left something out there",
        "frames were left out there",
        "packets were dropped there",
        "a filter left something out at the old place",
        "clocks that were not compared",
        "others' requests come to the new place",
        "they come there to another MAC",
        "it answers there what comes by another link",
        "it answers queries there that come by another link",
        "its announcement comes to the old place, and one peer alone asks",
        "another point shows it answer",
        "a listener there, past which its unicast need not go",
        "who asked stopped long before the end",
        "asked for two seconds: too few",
        "the new place is in view for two seconds: too few",
        "never answered before either",
        "not answered to the last before it left",
        "the guest does not show itself at the new place",
    ],
)
def test_where_an_answer_may_come_by_another_way_nothing_is_said(views: list[PointView]) -> None:
    """Each lacks one thing that the proof needs."""
    assert left_behind(GUEST_MOVED, views, SWITCH) is None
    assert judge_reachability(GUEST_MOVED, views, SWITCH).answer == "unknown"
    found = suffered(*views).get("icmp")
    assert found is None or not found.is_cut_off


def test_several_peers_tell_though_the_announcement_came_to_the_old_place() -> None:
    """A switch that keeps the guest's MAC where it was: not each of three takes a link without a point."""
    views = [old(*(queried(whose) for whose in OTHERS), flood()), new()]
    found = judge_reachability(GUEST_MOVED, views, SWITCH)
    assert (found.answer, found.is_by_old_place) == ("no", True)
    assert judge_reachability(GUEST_MOVED, [old(*map(queried, OTHERS[:2]), flood()), new()], SWITCH).answer == "unknown"


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ([old(pinged()), new(last_ts=50 * S)], "30 packets of 1 peer"),
        ([old(pinged()), new(announces(40_000), first_ts=40 * S)], "20 packets of 1 peer"),
        ([old(pinged(), last_ts=50 * S), new()], "30 packets of 1 peer"),
    ],
    ids=["the new place's capture is shorter", "it begins later", "the old place's is shorter"],
)
def test_it_is_told_of_the_time_that_both_captures_show(views: list[PointView], words: str) -> None:
    """What came to the new place at other times nobody knows."""
    cut = [replace(v, journal=v.journal.take(_in_view(v))) for v in views]
    found = judge_reachability(GUEST_MOVED, cut, SWITCH)
    assert (found.answer, words in found.because) == ("no", True), found.because
    assert ("until the end of the shorter capture" in found.because) == (cut[1].last_ts < cut[0].last_ts)


def _in_view(there: PointView) -> npt.NDArray[np.bool_]:
    ts = there.journal.ts_ns
    return (ts >= there.first_ts) & (ts <= there.last_ts)


def test_a_guest_without_a_mac_has_no_place_that_packets_go_to() -> None:
    """Behind a router its address alone does not tell where they are delivered."""
    nameless = replace(GUEST_MOVED, mac=NO_MAC)
    assert left_behind(nameless, [old(pinged()), new()], SWITCH) is None


def served(answered: tuple[int, int], port: int = 53, is_new_port: bool = False, every_ms: int = 700) -> list[Row]:
    """Queries of three clients by UDP, those sent between these times answered at once."""
    rows = []
    for whose in OTHERS:
        for n, ms in enumerate(range(30, END_MS, every_ms)):
            peers = 40_000 + n * is_new_port
            rows += of(whose, [datagram(ms, True, n, peers, port)])
            if answered[0] <= ms < answered[1]:
                rows += of(whose, [datagram(ms + 1, False, n, peers, port)])
    return rows


@pytest.mark.parametrize(
    ("port", "is_new_port", "every_ms"),
    [(53, False, 700), (53, True, 700), (1812, False, 700), (1812, True, 20), (5060, False, 20)],
    ids=[
        "a name server",
        "each query from another port",
        "a service at a high port, from the same port",
        "in a beat, from ever another port",
        "in a beat, each answered at once",
    ],
)
def test_a_guest_that_goes_on_to_answer_by_udp_where_nothing_for_it_is_in_view_may_be_reached(
    port: int, is_new_port: bool, every_ms: int
) -> None:
    """The queries are flooded to the old place; the point at the new one shows what leaves the guest alone."""
    told = [served(span, port, is_new_port, every_ms) for span in ((0, AWAY_MS), (BACK_MS, END_MS))]
    views = [old(told[0]), new([row for row in told[1] if row["src"] == GUEST])]
    assert judge_reachability(GUEST_MOVED, views, SWITCH).answer == "unknown"
    assert not any(s.is_cut_off for s in what_peers_suffered(GUEST_MOVED, views, SWITCH, SWITCH - 300 * MS))


def test_what_a_guest_had_heard_before_it_left_it_answers_as_soon_as_it_is_back() -> None:
    """One answer at once from the new place, to queries of before: nothing shows that it hears any since."""
    late = of(OTHERS[0], [datagram(BACK_MS + 2, False, 1)])
    for port in (53, 1812):
        views = [old(served((0, AWAY_MS), port)), new([{**row, "src_port": port} for row in late])]
        assert judge_reachability(GUEST_MOVED, views, SWITCH).answer == "no"


@pytest.mark.parametrize(
    ("answered_ms", "more", "is_left"),
    [(END_MS, {}, False), (AWAY_MS, {}, True), (BACK_MS + 4_000, {"offset": Offset(0, 5 * S, 0)}, True)],
    ids=["answered all the time", "answered until it left", "by a clock that may be that wrong"],
)
def test_one_request_answered_since_anywhere_shows_a_link_of_the_new_host_that_has_no_point(
    answered_ms: int, more: dict[str, object], is_left: bool
) -> None:
    """Of four, a client's own capture shows the ping answered: the others' requests may take that link as well."""
    views = [old(served((0, AWAY_MS)), pinged()), new(), place("c", "client", pinged(answered_ms=answered_ms), **more)]
    assert (left_behind(GUEST_MOVED, views, SWITCH) is not None) is is_left
    found = what_peers_suffered(GUEST_MOVED, views, SWITCH, SWITCH - 300 * MS)
    assert any(s.peer.survived is False for s in found) is is_left


def test_an_announcement_that_both_heard_leaves_one_peer_alone_undecided() -> None:
    """As the series tells it, where the journal has no row of it."""
    there, here = old(pinged(), series=(announced(SWITCH + MS),)), new()
    heard = replace(GUEST_MOVED, heard=((there, there.series[0]),))
    assert left_behind(heard, [there, here], SWITCH) is None
