"""What the guest's peers went through: whose outage it was, how long, and who never came back."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from tests.measures.talk import ACK, MS, PEER, Row, datagram, journal_of, pings, segment
from tests.migration.make import GATEWAY, GUEST_IP, S, announced, arps, stream, view
from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.migration.guest.silences import silences
from vmpcap.migration.guest.switchover import longest_outage, signs_after
from vmpcap.migration.moved import Moved
from vmpcap.migration.peers.suffering import what_peers_suffered
from vmpcap.migration.results import Peer
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.points.holes import Hole
from vmpcap.points.set_backs import SetBackLog
from vmpcap.points.sets import Set
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.terms.wire import TCP_FIN as FIN
from vmpcap.terms.wire import TCP_RST as RST
from vmpcap.terms.wire import TCP_SYN as SYN

GUEST = Moved(NO_MAC, (ip_halves(GUEST_IP),), (), "high", "")
SWITCH = 1 * S
"""The guest is first announced then; it fell silent 160 ms before."""


def point(rows: list[Row], name: str = "client", role: str | None = "client", **more: object) -> PointView:
    """A point that captured these rows and stopped with the last of them."""
    return view(name, role, journal=journal_of(rows), **{"last_ts": max(r["ts_ns"] for r in rows), **more})


def suffered_at(*views: PointView, moment: int = SWITCH, last_before: int | None = 840 * MS) -> list[Suffered]:
    return what_peers_suffered(GUEST, views, moment, last_before)


def lost(first: int, count: int) -> range:
    return range(first, first + count)


def with_clock_set_back(rows: list[Row], at_ms: float, by_ms: int) -> PointView:
    """A client whose clock shows so much less from then on; the frames stay in their order."""
    journal = journal_of(rows)
    ts = journal.ts_ns - np.where(journal.ts_ns >= at_ms * MS, by_ms * MS, 0)
    log = SetBackLog()
    log.absorb(ts, 1, None)
    return view("client", "client", journal=journal._replace(ts_ns=ts), set_backs=log.rows(), last_ts=int(ts.max()))


@pytest.mark.parametrize("by_ms", [120, 200, 400])
@pytest.mark.parametrize("at_ms", [850, 900, 1000])
def test_a_clock_that_is_set_back_in_the_switchover_shows_no_outage_of_zero(at_ms: int, by_ms: int) -> None:
    """Its times come twice, so that answers seem to follow requests that had none: what was met is not known."""
    (found,) = suffered_at(with_clock_set_back(pings(200, 10, lost(84, 17)), at_ms, by_ms))
    assert found.peer.outage_ms is None
    assert found.hidden_ms is not None
    assert "the clock at client stepped between its frames" in found.peer.because


@pytest.mark.parametrize("by_ms", [43, 57, 93])
def test_a_clock_that_is_set_back_right_after_an_answer_shortens_no_outage(by_ms: int) -> None:
    """The one of ping 82, the last by the times, though 83 is answered after it: 170 ms are not told as 110."""
    client, back = with_clock_set_back(pings(200, 10, lost(84, 17)), 825, by_ms), by_ms * MS
    (found,) = suffered_at(client, moment=SWITCH - back, last_before=834 * MS - back)
    assert found.peer.outage_ms is None
    assert "the clock at client stepped between its frames" in found.peer.because


@pytest.mark.parametrize(
    ("lost_pings", "at_ms", "by_ms", "because"),
    [
        (17, 1005, 5000, "the clock at client stepped between its frames"),
        (316, 1405, 200, "unanswered until the end of the capture"),
        (316, 1405, 1000, "unanswered until the end of the capture"),
    ],
    ids=["answered after it", "never, by less than it lasts", "never, past the time of the step"],
)
def test_answers_since_a_clock_was_set_back_to_before_an_outage_may_end_it(
    lost_pings: int, at_ms: int, by_ms: int, because: str
) -> None:
    """By their times they are of before it; requests past the time of the step show that there are none."""
    (found,) = suffered_at(
        with_clock_set_back(pings(400, 10, lost(84, lost_pings)), at_ms, by_ms), last_before=839 * MS
    )
    assert found.peer.outage_ms is None
    assert because in found.peer.because
    assert (found.hidden_ms is None) is (lost_pings == 316)


def test_a_clock_that_is_set_back_long_before_hides_nothing() -> None:
    """By 40 ms, 700 ms before the guest fell silent."""
    (found,) = suffered_at(with_clock_set_back(pings(200, 10, lost(84, 17)), 100, 40), moment=SWITCH - 40 * MS)
    assert found.peer.outage_ms == 170.0


@pytest.mark.parametrize("count", [0, 1, 17])
def test_a_clock_that_is_set_forward_over_lost_requests_shows_no_outage_of_zero(count: int) -> None:
    """By 2 s: a peer that seems to have paused for so long was waiting; where each had an answer, it only paused."""
    journal = journal_of(pings(200, 10, lost(84, count)))
    at = (840 + 10 * count - 3) * MS
    ts = journal.ts_ns + np.where(journal.ts_ns >= at, 2 * S, 0)
    was = Set(at - 2 * MS, at + 2 * S + 2 * MS, 2 * S - MS, 2 * S + MS, True)
    client = view("client", "client", journal=journal._replace(ts_ns=ts), last_ts=int(ts.max()))
    line = replace(client.line, sets=(was,))
    (found,) = suffered_at(replace(client, timeline=line), moment=at, last_before=839 * MS)
    assert found.peer.outage_ms is None
    assert (found.hidden_ms is not None) == (count > 0)
    assert ("the clock at client stepped between its frames" in found.peer.because) == (count > 0)


def test_requests_that_went_to_the_old_place_are_an_outage_though_the_new_one_shows_answers_only() -> None:
    """Nobody stands before both. None was answered at the old one from 840 ms on; after 2.1 s the new one was asked."""
    every = pings(600, 10, lost(84, 216))
    old = point([row for row in every if row["ts_ns"] < 3 * S], "src", "domain:source")
    new = point([row for row in every if row["ts_ns"] >= 3 * S], "dst", "domain:destination")
    for views in ((old, new), (new, old)):
        (found,) = suffered_at(*views)
        assert found.peer.outage_ms is None
        assert found.at_least_ms == pytest.approx(2150.0)
        assert found.peer.outage_low_ms == pytest.approx(2150.0)
        assert (found.peer.point, found.peer.survived, found.is_cut_off) == ("src", True, False)
        assert "answered again at dst" in found.peer.because
        assert found.again == (new, 3 * S), "and not when the last request went to the old place, at 2.99 s"


def test_requests_that_pass_the_old_place_on_their_way_to_the_new_one_are_answered_there() -> None:
    """The old place sees all requests of 10 s and no answer; from 1.01 s on they are answered at the new one."""
    old = point(pings(1000, 10, lost(84, 916)), "src", "domain:source")
    new = point(
        [row for row in pings(1000, 10, lost(84, 17)) if row["ts_ns"] >= S + 10 * MS], "dst", "domain:destination"
    )
    (found,) = suffered_at(old, new)
    assert (found.peer.point, found.peer.survived, found.peer.outage_ms) == ("src", True, None)
    assert found.peer.outage_low_ms == found.at_least_ms == pytest.approx(170.0)
    assert (found.from_ts, found.to_ts, found.peer.lost) == (840 * MS, S + 10 * MS, None)
    assert "cut off for at least 170 ms" in found.peer.because
    assert "until the end" not in found.peer.because
    apart = replace(old, offset=None)
    (unknown,) = suffered_at(apart, new)
    assert (unknown.peer.outage_low_ms, unknown.answered_after) == (None, True), "how their clocks stand is not known"


def test_lost_pings_are_the_outage_in_steps_of_their_interval() -> None:
    """Seventeen at 10 ms: 170 ms, between the first request that was lost and the first that was answered."""
    (found,) = suffered_at(point(pings(200, 10, lost(84, 17))))
    assert (found.peer.outage_ms, found.peer.interval_ms, found.peer.lost) == (170.0, 10.0, 17)
    assert (found.peer.survived, found.ended, found.is_cut_off) == (True, True, False)
    assert (found.from_ts, found.to_ts) == (840 * MS, 1010 * MS)
    assert (found.peer.from_ts, found.peer.to_ts) == (
        "1970-01-01T00:00:00.840000000Z",
        "1970-01-01T00:00:01.010000000Z",
    )
    assert (found.peer.peer, found.peer.protocol, found.peer.point) == ("10.99.0.2", "icmp", "client")
    assert found.from_frame in found.peer.frames
    assert found.to_frame in found.peer.frames
    assert found.peer.filter == "ip.addr == 10.99.0.2 && ip.addr == 10.77.0.10 && icmp.ident == 77"


def test_a_peer_that_lost_nothing_had_no_outage() -> None:
    """0 where requests went on through the switchover and all of them were answered."""
    (found,) = suffered_at(point(pings(200, 10)))
    assert (found.peer.outage_ms, found.peer.lost, found.peer.survived) == (0.0, 0, True)
    assert (found.from_ts, found.peer.from_ts, found.peer.to_ts) == (None, None, None)


def test_a_peer_that_asked_nothing_then_had_no_outage_of_zero() -> None:
    """An idle session: keys every 10 ms, nothing for 20 s around the switchover, keys again. Nobody watched."""
    rows = []
    for n, ms in enumerate([*range(0, 100, 10), *range(20_000, 20_100, 10)]):
        rows += [segment(ms, True, 100 + 10 * n, 1, 10), segment(ms + 1, False, 1, 110 + 10 * n, flags=ACK)]
    (found,) = suffered_at(point(rows), last_before=91 * MS)
    assert (found.peer.outage_ms, found.resolution_ms, found.is_cut_off) == (None, None, False)
    assert "no request of it fell into the switchover" in found.peer.because


def test_what_may_go_unnoticed_is_the_wait_between_requests_then_and_not_the_usual_one() -> None:
    """Pings every 10 ms, but the peer left out 14 of them while the guest changed places: 150 ms may be missed."""
    rows = [r for r in pings(200, 10) if not 851 * MS <= r["ts_ns"] < 1000 * MS]
    (found,) = suffered_at(point(rows))
    assert (found.peer.outage_ms, found.peer.interval_ms, found.resolution_ms) == (0.0, 10.0, 150.0)


def test_a_peer_in_view_only_afterwards_shows_no_outage_at_all() -> None:
    """Not 0: what it went through before nobody saw here."""
    (found,) = suffered_at(point([r | {"ts_ns": r["ts_ns"] + 1100 * MS} for r in pings(100, 10)]))
    assert (found.peer.outage_ms, found.peer.survived, found.peer.lost) == (None, None, None)
    assert "only after the switchover" in found.peer.because
    assert not found.is_cut_off


def test_a_peer_in_view_only_before_shows_none_either() -> None:
    """It stopped asking just before the guest went away: nobody knows what it would have met."""
    (found,) = suffered_at(point(pings(80, 10), last_ts=30 * S))
    assert (found.peer.outage_ms, found.peer.survived) == (None, None)
    assert "only before the switchover" in found.peer.because


def test_a_stream_that_ended_before_is_left_out() -> None:
    """A minute ago somebody pinged: it says nothing of the switchover."""
    early = pings(20, 10)
    now = [r | {"ts_ns": r["ts_ns"] + 60 * S, "icmp_id": 78} for r in pings(200, 10)]
    found = suffered_at(point(early + now), moment=61 * S, last_before=60_840 * MS)
    assert [s.peer.filter[-2:] for s in found] == ["78"]


def test_a_peer_that_gave_up_while_the_guest_was_away_is_kept() -> None:
    """It asked until shortly after the guest's last frame: that is part of the story."""
    (found,) = suffered_at(point(pings(90, 10, lost(84, 6)), last_ts=30 * S), last_before=835 * MS)
    assert (found.peer.lost, found.peer.outage_ms, found.peer.survived) == (6, None, None)


def test_a_peer_that_was_never_answered_again_is_cut_off() -> None:
    """It asked until the end: no length, at least as long as it is in view."""
    (found,) = suffered_at(point(pings(400, 10, lost(84, 316))))
    assert (found.peer.outage_ms, found.peer.survived, found.ended, found.is_cut_off) == (None, False, False, True)
    assert "316 requests unanswered until the end" in found.peer.because


def test_an_outage_that_lasts_until_the_guest_moves_again_does_not_last_for_ever() -> None:
    """The capture goes on after this view: whether it was answered then is the next migration's to tell."""
    (found,) = suffered_at(point(pings(400, 10, lost(84, 316)), goes_on=True))
    assert (found.is_cut_off, found.is_open, found.peer.survived) == (False, True, None)
    assert (found.at_least_ms, found.peer.outage_low_ms) == (3150.0, 3150.0)
    assert "316 requests unanswered until the guest's next migration, 3.1 s" in found.peer.because


def test_what_was_asked_just_before_the_view_ends_cuts_nobody_off() -> None:
    """The capture stops with the last segment: its answer may have come a moment later."""
    rows = []
    for n, ms in enumerate(range(0, 1010, 10)):
        rows += [segment(ms, True, 100 + 10 * n, 1, 10), segment(ms + 1, False, 1, 110 + 10 * n, flags=ACK)]
    for found in suffered_at(point([*rows, segment(1010, True, 100 + 1010, 1, 10)])):
        assert not found.is_cut_off
        assert found.peer.survived is not False


def test_a_peer_that_stopped_asking_is_not_cut_off() -> None:
    """Ten lost requests and then silence of its own: nobody knows whether it would have been answered."""
    (found,) = suffered_at(point(pings(100, 10, lost(90, 10)), last_ts=30 * S))
    assert (found.peer.survived, found.is_cut_off, found.peer.outage_ms) == (None, False, None)
    assert "then none came any more" in found.peer.because
    (to_the_end,) = suffered_at(point(pings(120, 10, lost(90, 30))))
    assert to_the_end.is_cut_off


def of_other(rows: list[Row], ip: str = "10.99.0.9") -> list[Row]:
    """The same, of another peer."""
    return [{**row, **{end: ip for end in ("src", "dst") if row[end] == PEER}} for row in rows]


@pytest.mark.parametrize(("asked", "cut_off"), [(500, True), (470, False), (180, False)])
def test_a_peer_that_asked_in_vain_as_long_as_anybody_asked_was_not_answered_again(asked: int, cut_off: bool) -> None:
    """Both stop a while before the capture ends; one that stops before the other gave up."""
    healthy = pings(500, 10, lost(84, 17))
    rows = [*healthy, *of_other(pings(asked, 10, range(84, asked)))]
    found = {one.peer.peer: one for one in suffered_at(point(rows, last_ts=9 * S))}
    assert found["10.99.0.9"].is_cut_off is cut_off
    assert found["10.99.0.9"].peer.survived is (False if cut_off else None)
    assert (found[PEER].peer.outage_ms, found[PEER].peer.survived) == (170.0, True)


def test_of_two_outages_the_longer_is_the_figure_and_the_other_is_named() -> None:
    """The stun of 170 ms, and a second later 600 ms while the routers learn."""
    (found,) = suffered_at(point(pings(500, 10, [*lost(84, 17), *lost(200, 60)])))
    assert found.peer.outage_ms == 600.0
    assert "60 requests unanswered" in found.peer.because
    assert "further outages around the switchover: 170 ms" in found.peer.because


def test_of_many_further_outages_a_few_are_named_and_the_rest_is_counted() -> None:
    """A sentence that lists twenty of them is read by nobody."""
    often = [n for begin in range(0, 20) for n in lost(100 + 15 * begin, 6)]
    (found,) = suffered_at(point(pings(500, 10, often)))
    assert found.peer.because.count(" ms") == 5
    assert "and 14 more" in found.peer.because


def test_an_outage_that_has_not_ended_counts_before_one_that_has() -> None:
    """Short, but nobody knows how long it would be."""
    (found,) = suffered_at(point(pings(300, 10, [*lost(84, 100), *lost(280, 20)])))
    assert (found.peer.outage_ms, found.is_cut_off) == (None, True)


@pytest.mark.parametrize(("first", "counts"), [(10, False), (110, True), (370, True), (420, True), (710, False)])
def test_only_outages_around_the_switchover_are_its(first: int, counts: bool) -> None:
    """Over by more than a second then, or begun five seconds later: another cause."""
    (found,) = suffered_at(point(pings(1000, 10, lost(first, 8))), moment=2 * S, last_before=None)
    assert found.peer.outage_ms == (80.0 if counts else 0.0)


def test_an_outage_that_was_over_before_the_guest_left_is_told_beside_the_switchovers() -> None:
    """500 ms, answered again 340 ms before the guest's last frame at its old place; the move itself cost 170 ms."""
    rows = pings(500, 10, [*lost(100, 50), *lost(184, 17)])
    views = [point(rows), point(pings(184, 10, lost(100, 50)), "old", "domain:source")]
    (found,) = what_peers_suffered(GUEST, views, 2 * S, 1840 * MS, left=1840 * MS)
    assert (found.peer.outage_ms, found.peer.survived) == (170.0, True)
    assert "a further outage of 500 ms, from 1970-01-01T00:00:01.000000000Z on" in found.peer.because
    assert "over before the guest left its old place" in found.peer.because
    (found,) = suffered_at(point(rows), moment=2 * S, last_before=1840 * MS)
    assert found.peer.outage_ms == 500.0, "where no point shows when it left, it may be the move's"


def test_an_outage_soon_after_the_guest_answered_at_its_new_place_may_be_the_moves() -> None:
    """1.2 s, begun 2.5 s after the move: a route may have turned only then."""
    (found,) = suffered_at(point(pings(700, 10, [*lost(84, 17), *lost(350, 120)])))
    assert found.peer.outage_ms == 1200.0
    (to_the_end,) = suffered_at(point(pings(700, 10, [*lost(84, 17), *lost(350, 350)])))
    assert to_the_end.is_cut_off


def test_a_guest_that_is_lost_for_good_long_after_the_move_is_told_as_lost_then() -> None:
    """The move cost 170 ms; from 8.0 s on, 7 s after it, no answer comes to the end of the capture at 12 s."""
    rows = pings(1200, 10, [*lost(84, 17), *lost(800, 400)])
    (found,) = suffered_at(point(rows))
    assert (found.peer.outage_ms, found.peer.survived, found.is_cut_off) == (170.0, False, False)
    assert (found.peer.lost_later_ms, found.peer.later_outage_ms, found.later_ns) == (3990.0, None, 7 * S)
    assert "answered until 7.0 s after the switchover and then no more: 400 requests unanswered" in found.peer.because


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        (pings(1200, 10, [*lost(84, 17), *lost(800, 300)]), {}),
        (pings(900, 10, [*lost(84, 17), *lost(810, 90)]), {}),
        (pings(1200, 10, [*lost(84, 17), *lost(800, 400)]), {"goes_on": True}),
        (pings(1200, 10, [*lost(84, 17), *lost(800, 400)]), {"last_ts": 30 * S}),
        ([*pings(1200, 10, lost(800, 400)), *[r | {"icmp_id": 78} for r in pings(1200, 10)]], {}),
    ],
    ids=["answered again", "under a second", "moves again", "stopped asking", "another stream has answers"],
)
def test_a_guest_that_was_not_lost_to_the_end_is_not_told_as_lost_later(
    rows: list[Row], more: dict[str, object]
) -> None:
    """Answered again, hardly asked, moved again, not asked any more, or answering the same peer in another stream."""
    assert all((one.later, one.peer.lost_later_ms) == (None, None) for one in suffered_at(point(rows, **more)))


def test_answers_that_may_go_past_the_point_lose_nobody_later() -> None:
    """A link between the sites misses them from 8.0 s on, whether the client behind it saw them or nobody did."""
    missed = point(pings(1200, 10, [*lost(84, 17), *lost(800, 400)]), "core", "wan")
    assert [one.later for one in suffered_at(missed)] == [None]
    assert [one.later for one in suffered_at(missed, point(pings(1200, 10, lost(84, 17))))] == [None]


@pytest.mark.parametrize(("first", "is_dark"), [(10, True), (130, False)])
def test_a_peer_without_an_answer_before_the_guest_left_is_no_sign_about_the_move(first: int, is_dark: bool) -> None:
    """Its last answer came 1.74 s before the guest's last frame at its old place, or half a second before."""
    rows = pings(500, 10, lost(first, 500 - first))
    views = [point(rows), point(pings(184, 10, lost(first, 184 - first)), "old", "domain:source")]
    (found,) = what_peers_suffered(GUEST, views, 2 * S, 1840 * MS, left=1840 * MS)
    assert found.is_cut_off is not is_dark
    assert ("dark before: 174 requests unanswered" in found.peer.because) is is_dark
    assert (found.peer.survived is None) is is_dark


def test_an_outage_that_began_before_the_guest_moved_again_is_told_with_the_migration_before() -> None:
    """Unanswered from 1.0 s on; this migration began at 4.0 s, and from 5.2 s on the guest answers at its new place."""
    rows = pings(800, 10, lost(100, 420))
    (found,) = what_peers_suffered(GUEST, [point(rows)], 5 * S, None, since=4 * S)
    assert (found.peer.outage_ms, found.peer.survived, found.is_cut_off) == (None, True, False)
    assert "dark before: 300 requests unanswered from frame" in found.peer.because
    assert "3.00 s before this migration began" in found.peer.because
    assert "dark before" in longest_outage([found])[1].because, "and not that nobody asked"
    (own,) = what_peers_suffered(GUEST, [point(pings(800, 10, lost(480, 40)))], 5 * S, None, since=4 * S)
    assert own.peer.outage_ms == 400.0, "begun with this migration, it is its own"


@pytest.mark.parametrize(("until_ms", "is_told"), [(1024, False), (1200, True)])
def test_a_view_that_ends_when_the_guest_has_hardly_come_shows_nobody_as_lost(until_ms: int, is_told: bool) -> None:
    """Announced at 1.0 s; 24 ms later the capture ends, or 200 ms later, and no answer came since 0.84 s."""
    rows = [row for row in pings(500, 10, lost(84, 400)) if row["ts_ns"] <= until_ms * MS]
    (found,) = suffered_at(point(rows))
    assert found.is_cut_off is is_told
    assert found.peer.survived is (False if is_told else None)
    assert (found.peer.outage_ms, found.at_least_ms is None) == (None, is_told), "and no figure, nor a pass for it"


@pytest.mark.parametrize("until_ms", [1005, 1020, 1040])
def test_what_may_still_be_answered_when_the_view_ends_makes_no_outage_longer(until_ms: int) -> None:
    """Announced at 1.0 s; what was asked from 0.99 s on is answered at 1.05 s, which is not in view any more."""
    rows = [row for row in pings(500, 10, lost(84, 400)) if row["ts_ns"] <= until_ms * MS]
    (found,) = suffered_at(point(rows))
    assert found.at_least_ms is not None
    assert 100 <= found.at_least_ms <= 150, "from 0.84 s to 0.99 s"
    assert found.peer.outage_low_ms is not None
    assert found.peer.outage_low_ms <= 150


@pytest.mark.parametrize(("more", "is_known"), [(0, False), (20, True)])
def test_a_peer_that_is_answered_once_in_a_while_at_all_times_has_an_outage_only_by_more(
    more: int, is_known: bool
) -> None:
    """Every twentieth ping is answered, before and after; who is cut off longer than that was cut off."""
    answered = set(range(5, 400, 20)) - set(range(210, 210 + more))
    rows = pings(400, 50, set(range(400)) - answered)
    (one,) = suffered_at(point(rows), moment=10_500 * MS, last_before=10_270 * MS)
    assert (one.peer.outage_ms is not None) == is_known
    assert is_known or (one.at_least_ms == 0 and one.peer.survived and "not answered before either" in one.peer.because)


def test_a_guest_that_moved_often_had_an_outage_each_time() -> None:
    """Outages before are no habit where most requests were answered between them."""
    gone = [n for start in (50, 100, 150, 200) for n in lost(start, 10)]
    (one,) = suffered_at(point(pings(400, 50, gone)), moment=10_400 * MS, last_before=9_960 * MS)
    assert one.peer.outage_ms == 500


def test_the_point_nearest_to_the_peer_tells_what_it_suffered() -> None:
    """At the gateway requests vanish later and answers pass earlier than at the client itself."""
    at_client = point(pings(200, 10, lost(84, 17)))
    at_gateway = point(pings(200, 10, lost(84, 15)), "gw", "gateway")
    for views in ((at_client, at_gateway), (at_gateway, at_client)):
        (found,) = suffered_at(*views)
        assert (found.peer.point, found.peer.outage_ms) == ("client", 170.0)


def test_the_worst_come_first() -> None:
    """Cut off, then by length, then by name: the order does not depend on the capture."""
    rows = pings(300, 10, lost(84, 17))
    rows += [r | {"icmp_id": 1} for r in pings(300, 10, lost(84, 40))]
    rows += [r | {"icmp_id": 2} for r in pings(300, 10, lost(84, 216))]
    assert [s.peer.outage_ms for s in suffered_at(point(rows))] == [None, 400.0, 170.0]


def test_the_switchover_is_looked_for_on_each_points_clock() -> None:
    """A client whose clock is 100 s ahead saw its outage 100 s later."""
    late = [r | {"ts_ns": r["ts_ns"] + 100 * S} for r in pings(200, 10, lost(84, 17))]
    ahead = Offset(100 * S - MS, 100 * S + MS, 9)
    (found,) = suffered_at(point(late, offset=ahead))
    assert found.peer.outage_ms == 170.0


def test_services_are_named_by_the_port_that_was_asked() -> None:
    """The guest's where the peer asks, the peer's where the guest does."""
    rows = []
    for n in range(100):
        rows += [datagram(n * 20, True, n), datagram(n * 20 + 1, False, n)]
        rows += [datagram(n * 20 + 5, False, n, port=123, service=50_000)]
        rows += [datagram(n * 20 + 6, True, n, port=123, service=50_000)]
    assert {s.peer.protocol for s in suffered_at(point(rows))} == {"udp/53", "udp/123"}


def test_a_connection_counts_its_retransmissions() -> None:
    """The peer sends, waits, sends again, and is acknowledged after 800 ms: TCP's patience is in the figure."""
    rows = []
    for n in range(30):
        rows += [segment(n * 20, True, 1000 + n, 1, 1), segment(n * 20 + 1, False, 1, 1001 + n, flags=ACK)]
    rows += [segment(ms, True, 1030, 1, 1) for ms in (840, 1040, 1440)]
    rows.append(segment(1640, False, 1, 1031))
    (found,) = suffered_at(point(rows))
    assert (found.peer.protocol, found.peer.outage_ms, found.peer.retransmissions) == ("tcp/80", 800.0, 2)
    assert found.peer.survived
    assert found.peer.interval_ms == 20.0


def requests_and_answers(last_ms: int) -> list[Row]:
    """The peer asks every 50 ms and acknowledges the answer with its next request."""
    rows: list[Row] = []
    for n, ms in enumerate(range(0, last_ms, 50)):
        rows += [
            segment(ms, True, 100 + 10 * n, 500 + 10 * n, 10),
            segment(ms + 5, False, 500 + 10 * n, 110 + 10 * n, 10),
        ]
    return rows


@pytest.mark.parametrize("again", [False, True])
def test_a_guest_that_sends_its_answer_again_to_a_peer_that_is_gone_is_not_lost(again: bool) -> None:
    """The peer's request at 2 s was its last; had it waited for the answer, it would have asked again."""
    rows = requests_and_answers(2000)
    asked = segment(2000, True, 500, 900, 10)
    answers = [segment(ms, False, 900, 510, 10) for ms in (2005, 2205, 2605, 3405, 5005, 8205)]
    asks = [segment(ms, True, 500, 900, 10) for ms in (2300, 2900, 4100, 6500)] if again else []
    at_client = point([*rows, asked, *asks], last_ts=9 * S)
    at_bridge = point([*rows, asked, *asks, *answers], "new", "domain:destination", last_ts=9 * S)
    found = suffered_at(at_client, at_bridge)
    waits = [one for one in found if one.peer.point == "new"]
    assert len(waits) == 1
    assert waits[0].is_cut_off is again
    assert ("the peer is gone: at client its request" in waits[0].peer.because) is not again


@pytest.mark.parametrize("again", [False, True])
def test_a_connection_that_sends_new_data_on_and_on_is_answered_out_of_view(again: bool) -> None:
    """Only what the guest sent is in the capture at its new place; without acknowledgements it would send it again."""
    rows = [segment(1000 + n * 20, False, 1000 + n, 1, 1) for n in range(1, 200)]
    if again:
        rows = [segment(1000 + 20 * n, False, 1000 + n, 1, 1) for n in range(1, 11)]
        rows += [segment(ms, False, 1001, 1, 10) for ms in (1500, 2200, 3600, 6400)]
    found = suffered_at(point(rows, "new", "domain:destination"))
    assert any(one.is_cut_off for one in found) is again
    assert all(one.peer.outage_ms is None for one in found)
    assert any("one direction" in one.peer.because for one in found) is not again


@pytest.mark.parametrize(("resent", "cut_off"), [((), False), ((3200, 3800), True)])
def test_a_reset_that_closes_a_connection_which_was_answered_since_is_its_end(
    resent: tuple[int, ...], cut_off: bool
) -> None:
    """Its last segment is not acknowledged and never sent again: nobody waited. Who sends again does."""
    rows = []
    for n in range(150):
        rows += [segment(n * 20, True, 1000 + n, 1, 1), segment(n * 20 + 1, False, 1, 1001 + n, flags=ACK)]
    rows += [segment(ms, True, 1150, 1, 1) for ms in (3000, *resent)]
    rows.append(segment(4900, True, 1151, 1, flags=RST))
    (found,) = suffered_at(point(rows))
    assert found.is_cut_off is cut_off
    assert (found.peer.outage_ms, found.peer.survived) == ((None, False) if cut_off else (0.0, True))


def test_a_last_segment_that_the_capture_goes_on_behind_for_a_moment_takes_no_outages_place() -> None:
    """A FIN that nobody had answered yet hid the 201 ms of the move."""
    rows = []
    for n in range(150):
        if not 800 < n * 20 < 1015:
            rows += [segment(n * 20, True, 1000 + n, 1, 1), segment(n * 20 + 1, False, 1, 1001 + n, flags=ACK)]
    rows += [segment(810, True, 1041, 1, 1), segment(1010, True, 1041, 1, 1), segment(1011, False, 1, 1050, flags=ACK)]
    rows += [segment(3000, True, 1150, 1, 1, flags=FIN | ACK)]
    (found,) = suffered_at(point(sorted(rows, key=lambda row: row["ts_ns"]), last_ts=3400 * MS))
    assert (found.is_cut_off, found.peer.outage_ms) == (False, 201.0)


def test_a_connection_that_the_guest_opened_is_named_by_the_service_that_it_asks() -> None:
    """It has a port of its own for each; who sends in them is another matter."""
    rows = []
    for n in range(100):
        ends = {"src_port": 443, "dst_port": 41_000}
        back = {"src_port": 41_000, "dst_port": 443}
        rows += [segment(n * 20, True, 1000 + n, 1, 1, **ends), segment(n * 20 + 1, False, 1, 1001 + n, **back)]
    assert {s.peer.protocol for s in suffered_at(point(rows))} == {"tcp/443"}


@pytest.mark.parametrize("replies", [False, True])
def test_a_connection_that_the_guest_opens_is_answered_by_its_peer_alone(replies: bool) -> None:
    """Its own SYN, which nobody answers, is no answer to the peer."""
    ends, back = {"src_port": 443, "dst_port": 41_000}, {"src_port": 41_000, "dst_port": 443}
    rows = [segment(1500, False, 100, 0, 0, flags=SYN, **back), segment(2500, False, 100, 0, 0, flags=SYN, **back)]
    if replies:
        rows += [segment(2501, True, 700, 101, 0, flags=SYN | ACK, **ends), segment(2502, False, 101, 701, 0, **back)]
    found = suffered_at(point(rows, last_ts=9 * S))
    assert any(one.answered_after for one in found) is replies


@pytest.mark.parametrize("asks_on", [False, True])
def test_a_connection_in_which_the_peer_asks_nothing_since_the_move_is_not_known_to_be_answered(asks_on: bool) -> None:
    """It asked until 0.7 s; whether it is answered since the guest moved shows in what it asks then."""
    rows = []
    for n in (*range(35), *(range(60, 90) if asks_on else ())):
        seq = 1000 + n if n < 60 else 975 + n
        rows += [segment(n * 20, True, seq, 1, 1), segment(n * 20 + 1, False, 1, seq + 1, flags=ACK)]
    rows += [segment(ms, False, 1, rows[-1]["tcp_ack"], 5) for ms in (1900, 2200, 2800, 4000)]
    asked = [one for one in suffered_at(point(rows, last_ts=9 * S)) if not one.is_of_guest]
    assert [one.peer.survived for one in asked] == [True if asks_on else None]


def test_what_was_under_way_where_the_kept_frames_end_is_not_lost() -> None:
    """More frames came than could be kept: nobody saw whether the last segment was answered, and nothing is claimed."""
    rows = []
    for n in range(30):
        rows += [segment(50 * n, True, 100 * n, 100 * n, 100), segment(50 * n + 1, False, 100 * n, 100 * n + 100, 100)]
    asked = segment(1500, True, 3000, 3000, 100)
    (kept,) = suffered_at(point([*rows, asked], last_ts=60 * S, journal_complete=False))
    assert (kept.peer.outage_ms, kept.is_cut_off) == (0.0, False)
    (whole,) = suffered_at(point([*rows, asked], last_ts=60 * S))
    assert whole.peer.outage_ms is None


def test_answers_that_go_another_way_are_no_outage_at_the_point_they_bypass() -> None:
    """The gateway of the old site sees the requests only, since the new site's takes the answers: nobody is cut off."""
    everything = pings(200, 10, lost(84, 17))
    bypassed = pings(200, 10, lost(84, 116))
    (alone,) = suffered_at(point(bypassed, "gw", "gateway"))
    assert alone.is_cut_off
    bridge = point(everything, "bridge", "domain:destination")
    (found,) = suffered_at(point(bypassed, "gw", "gateway"), bridge)
    assert (found.is_cut_off, found.peer.survived, found.peer.outage_ms) == (False, None, None)
    assert "another way" in found.peer.because
    (beside,) = suffered_at(point(bypassed, "client", "client"), bridge)
    assert beside.is_cut_off


def test_who_stopped_asking_was_not_cut_off_where_the_answers_took_another_way() -> None:
    """No answer ever passed the gateway, and its capture goes on after the last request; the bridge saw them all."""
    silent = point(pings(200, 10, lost(0, 200)), "gw", "gateway", last_ts=60 * S)
    (alone,) = suffered_at(silent, last_before=-S)
    assert (alone.peer.outage_low_ms, alone.is_bypassed) == (1990.0, False)
    (found,) = suffered_at(silent, point(pings(200, 10, lost(84, 17)), "bridge", "domain:destination"), last_before=-S)
    assert (found.peer.outage_low_ms, found.peer.survived, found.is_bypassed) == (None, None, True)
    assert "bridge saw the guest answer" in found.peer.because


def datagrams(count: int, every_ms: int, gone: range) -> list[Row]:
    asked = [datagram(n * every_ms, True, n) for n in range(count)]
    return asked + [datagram(n * every_ms + 1, False, n) for n in range(count) if n not in gone]


@pytest.mark.parametrize(("missing", "low", "high"), [(1, 0.0, 202.0), (2, 98.0, 302.0)])
def test_a_conversation_that_misses_few_answers_is_not_told_as_unhurt(missing: int, low: float, high: float) -> None:
    """One or two of a datagram every 100 ms: no figure, certainly not 0, but from how long to how long."""
    (found,) = suffered_at(point(datagrams(40, 100, lost(9, missing))))
    assert (found.peer.outage_ms, found.peer.lost, found.is_cut_off) == (None, missing, False)
    assert found.peer.outage_low_ms == pytest.approx(low, abs=1.001)
    assert found.peer.outage_high_ms == pytest.approx(high, abs=1.001)
    assert found.peer.survived is True
    assert (found.peer.from_ts, found.peer.to_ts) == (None, None)
    assert f"{missing} answer{'s' if missing > 1 else ''} missing from frame" in found.peer.because


def test_answers_missed_elsewhere_are_not_the_switchovers() -> None:
    """A datagram that is lost a second after the guest was announced says nothing of its absence."""
    (found,) = suffered_at(point(datagrams(40, 100, lost(21, 1))))
    assert (found.peer.outage_ms, found.peer.lost) == (0.0, 0)
    assert (found.peer.outage_low_ms, found.peer.outage_high_ms) == (0.0, 100.0)


def test_three_answers_in_a_row_are_an_outage() -> None:
    """With the bounds that the requests around it give, an answer's time either way."""
    (found,) = suffered_at(point(datagrams(40, 100, lost(9, 3))))
    assert (found.peer.outage_ms, found.peer.lost) == (300.0, 3)
    assert found.peer.outage_low_ms == pytest.approx(200.0, abs=1.001)
    assert found.peer.outage_high_ms == pytest.approx(400.0, abs=1.001)


@pytest.mark.parametrize(("count", "bounds"), [(17, (160.0, 180.0)), (0, (0.0, 10.0)), (116, (1150.0, None))])
def test_pings_bound_their_outage_from_both_sides(count: int, bounds: tuple[float, float | None]) -> None:
    """Last answered to first answered again, first lost to last lost; without an end only the least."""
    (found,) = suffered_at(point(pings(200, 10, lost(84, count))))
    assert (found.peer.outage_low_ms, found.peer.outage_high_ms) == bounds


@pytest.mark.parametrize("by_ms", [12, 20, 30])
def test_what_is_told_lies_in_its_own_bounds_though_a_request_came_late(by_ms: int) -> None:
    """
    A clock set forward in the outage, or a peer that skipped requests, looks the same.

    The number of requests tells 170 ms, their times so much more: either may be true, and is not excluded.
    """
    rows = pings(200, 10, lost(84, 17))
    late = [{**row, "ts_ns": row["ts_ns"] + by_ms * MS * (row["ts_ns"] >= 930 * MS)} for row in rows]
    (found,) = suffered_at(point(late))
    least, told, most = found.peer.outage_low_ms, found.peer.outage_ms, found.peer.outage_high_ms
    assert least is not None
    assert told is not None
    assert most is not None
    assert least <= told <= most
    assert found.resolution_ms is not None
    for true in (170.0, 170.0 + by_ms):
        assert least <= true <= most
        assert abs(told - true) <= found.resolution_ms


def test_a_one_way_stream_that_pauses_a_little_may_have_lacked_packets() -> None:
    """Two intervals and a half without a packet are no outage for sure, and none that was excluded."""
    gone = range(43, 45)
    rows = [datagram(n * 20, False, n) for n in range(100) if n not in gone]
    (found,) = suffered_at(point(rows))
    assert (found.peer.outage_ms, found.peer.outage_low_ms, found.peer.outage_high_ms) == (None, 0.0, 60.0)
    assert "packet" in found.peer.because


def one_way_seen(arrives: bool, others: bool = True) -> list[Suffered]:
    """A peer sends 50 packets a second; the old place shows them until the guest leaves, the new one if they arrive."""
    sent = of_other([datagram(n * 20, True, n) for n in range(300)])
    pinged = pings(600, 10, lost(84, 17))
    old = [row for row in (*pinged, *sent) if row["ts_ns"] < 840 * MS]
    new = [row for row in pinged if row["ts_ns"] > SWITCH and others]
    new += [row for row in sent if row["ts_ns"] > SWITCH and arrives] + [datagram(1001, False, 1)]
    return suffered_at(
        point([*pinged, *sent]),
        point(old, "old", "domain:source"),
        point(new, "new", "domain:destination", last_ts=6 * S),
    )


@pytest.mark.parametrize(
    ("arrives", "others", "least"), [(True, True, None), (False, True, 4960.0), (False, False, None)]
)
def test_what_is_sent_one_way_is_not_unhurt_because_it_is_sent(
    arrives: bool, others: bool, least: float | None
) -> None:
    """Where it is sent its loss does not show; a new place that shows all but this proves it."""
    told = one_way_seen(arrives, others)
    (found,) = [one for one in told if one.peer.protocol.startswith("udp") and one.peer.peer == "10.99.0.9"]
    assert (found.peer.outage_ms, found.peer.survived, found.peer.point) == (None, None, "client")
    assert found.at_least_ms == least == found.peer.outage_low_ms
    assert ("arrives at new" in found.peer.because) is arrives
    assert ("none of them came to new" in found.peer.because) is (least is not None)
    assert longest_outage(told)[0] == (None if least else 170.0)


def test_a_waiting_connection_is_bounded_by_no_request() -> None:
    """Its figure is the wait itself."""
    rows = []
    for n in range(30):
        rows += [segment(n * 20, True, 1000 + n, 1, 1), segment(n * 20 + 1, False, 1, 1001 + n, flags=ACK)]
    rows += [segment(ms, True, 1030, 1, 1) for ms in (840, 1040, 1440)]
    rows.append(segment(1640, False, 1, 1031))
    (found,) = suffered_at(point(rows))
    assert (found.peer.outage_ms, found.peer.outage_low_ms, found.peer.outage_high_ms) == (800.0, None, None)


@pytest.mark.parametrize(("high_ms", "told"), [(None, None), (150.0, 170.0)])
def test_an_outage_without_an_upper_bound_may_be_the_longest(high_ms: float | None, told: float | None) -> None:
    """At least 60 ms, and how long before nobody saw: 170 ms of another peer is not the longest for sure."""
    (known,) = suffered_at(point(pings(400, 10, lost(84, 17))))
    bounds = {"outage_ms": None, "outage_low_ms": 60.0, "outage_high_ms": high_ms, "peer": "10.99.0.7"}
    unbounded = replace(known, at_least_ms=60.0, peer=structs.replace(known.peer, **bounds))
    assert longest_outage([known, unbounded])[0] == told


def test_the_longest_outage_is_not_made_of_what_nobody_can_tell() -> None:
    """Alone, such a conversation gives no figure; beside pings it takes none from them, unless it surely is longer."""
    few = datagrams(40, 100, lost(9, 2))
    alone = longest_outage(suffered_at(point(few)))
    assert alone[0] is None
    assert "at least 99 ms, at most 301 ms" in alone[1].because
    assert longest_outage(suffered_at(point([*few, *pings(400, 10, lost(84, 17))])))[0] == 170.0
    slow = datagrams(40, 300, lost(3, 2))
    beside = longest_outage(suffered_at(point([*slow, *pings(1200, 10, lost(84, 17))]), moment=S, last_before=840 * MS))
    assert beside[0] is None
    assert "of others the longest is 170 ms" in beside[1].because


def test_bounds_are_rounded_outward_in_words() -> None:
    """Known to lie between 99.7 and 303.1 ms: it is not said to be 100 at least, nor 303 at most."""
    (alone,) = suffered_at(point(datagrams(40, 100.7, lost(9, 2))))
    assert (alone.peer.outage_low_ms, alone.peer.outage_high_ms) == (pytest.approx(99.7), pytest.approx(303.1))
    assert "at least 99 ms, at most 304 ms" in alone.peer.because


@pytest.mark.parametrize(
    ("role", "is_cut_off"),
    [("client", True), ("gateway", True), ("domain:destination", True), (None, False), ("domain:source", False)],
)
def test_a_peer_is_cut_off_for_good_only_where_an_answer_must_pass(role: str | None, is_cut_off: bool) -> None:
    """Past a place that was not named, or that the guest left, its answers need not come any more."""
    (found,) = suffered_at(point(pings(300, 10, lost(84, 216)), "p", role))
    assert found.is_cut_off is is_cut_off
    if not is_cut_off:
        assert (found.peer.survived, found.peer.outage_ms, found.peer.lost) == (None, None, None)
        assert "may go another way than past p" in found.peer.because
        assert found.peer.because in longest_outage([found])[1].because


def test_a_gateway_that_heard_the_announcement_need_not_see_the_answers() -> None:
    """The guest is joined to it and may answer through another; unless this one looks for its MAC in vain."""
    there = point(pings(300, 10, lost(84, 216)), "gw", "gateway")
    moved = replace(GUEST, heard=((there, announced(SWITCH)),))
    (found,) = what_peers_suffered(moved, [there], SWITCH, 840 * MS)
    assert found.is_bypassed
    asking = replace(there, arps=arps((SWITCH + S, NUMBER_OF["arp_request"], GATEWAY, "10.77.0.1", GUEST_IP)))
    (found,) = what_peers_suffered(moved, [asking], SWITCH, 840 * MS)
    assert found.is_cut_off


def test_an_outage_that_began_before_the_view_is_only_at_least_so_long() -> None:
    """The capture begins among the requests that were lost: 17 were, 7 of them are in view."""
    (found,) = suffered_at(point(pings(200, 10, lost(84, 17))[2 * 84 + 10 :]))
    assert (found.peer.outage_ms, found.peer.outage_low_ms, found.peer.outage_high_ms) == (None, 60.0, None)
    assert (found.peer.survived, found.is_cut_off, found.at_least_ms) == (True, False, 60.0)
    length, bracket = longest_outage([found])
    assert length is None
    assert "at least 60 ms, and how long before is not in view" in bracket.because


def test_beyond_a_translator_a_peer_is_followed_under_the_guests_other_address() -> None:
    """The client asks for an address that is not the guest's own; another machine behind it is none of its streams."""
    outside = "203.0.113.10"
    there = [
        {**row, **{end: outside for end in ("src", "dst") if row[end] == GUEST_IP}}
        for row in pings(100, 20, lost(42, 30))
    ]
    others = [{**row, "icmp_id": 9} for row in there]
    inside = point(pings(30, 20), "old", "domain:source")
    client = point([*there, *others])
    known_as = {"client": Moved(NO_MAC, (ip_halves(outside),), (), "low", "")}
    assert [s.peer.point for s in suffered_at(inside, client)] == ["old"]
    (found,) = what_peers_suffered(GUEST, [client, inside], SWITCH, 840 * MS, known_as)
    assert (found.peer.point, found.peer.outage_ms) == ("client", 600.0)


def test_no_gap_at_a_time_that_no_clock_tells_is_no_outage_of_zero() -> None:
    """The stream ends a second later by its own clock: when that was at the client, nothing tells."""
    client = point(pings(200, 10), offset=None)
    hosts = view("src", "source", streams=(stream(),))
    (found,) = suffered_at(client, hosts)
    assert (found.peer.outage_ms, found.is_cut_off) == (None, False)
    assert "when it was there is not known" in found.peer.because
    (plain,) = suffered_at(point(pings(200, 10, lost(84, 17)), offset=None), hosts)
    assert plain.peer.outage_ms == 170.0


def session(count: int, missing: range = range(0)) -> list[Row]:
    """A peer that asks every 20 ms; the guest's answers are acknowledged by the next question, but the missing."""
    rows = []
    for n in range(count):
        asked, told = 100 + 10 * n, 500 + 10 * n
        if n not in missing:
            rows.append(segment(20 * n, True, asked, told, 10))
        rows.append(segment(20 * n + 1, False, told, asked + 10, 10))
    return rows


def test_what_only_one_capture_lacks_of_a_peers_answers_is_no_outage() -> None:
    """The gateway's port shows the questions that the new place's capture missed; by it alone nobody could know."""
    whole, thin = session(200), session(200, range(150, 154))
    gateway, bridge = point(whole, "gw", "gateway"), point(thin, "new", "domain:destination")
    waits = [s for s in suffered_at(bridge) if s.stream is not None and s.stream.requester == "guest"]
    assert [round(s.outage.seen_ns / MS) for s in waits if s.outage is not None] == [99]
    for views in ((gateway, bridge), (bridge, gateway)):
        (found,) = suffered_at(*views)
        assert (found.peer.point, found.peer.outage_ms) == ("gw", 0.0)


def test_a_wait_that_the_other_point_shows_too_is_kept() -> None:
    """Also where nothing compares the clocks of the two."""
    rows = session(200, range(150, 154))
    for other in (point(rows, "gw", "gateway"), point(session(200), "gw", "gateway", offset=None)):
        found = suffered_at(point(rows, "new", "domain:destination"), other)
        assert "guest" in {s.stream.requester for s in found if s.stream is not None}


def reset_in_its_name(at_ms: int, ttl: int) -> PointView:
    """A peer asks every 20 ms and is answered up to 0.8 s; then somebody resets in the guest's name."""
    rows = session(41) + [segment(20 * n, True, 100 + 10 * n, 500, 10) for n in range(41, at_ms // 20)]
    asked = 100 + 10 * (at_ms // 20)
    rows.append(segment(at_ms, True, asked, 500, 10))
    rows.append(segment(at_ms + 1, False, 910, asked + 10, flags=RST | ACK, ip_ttl=ttl))
    told = [row | {"ip_ttl": 64} if row["src"] == GUEST_IP and row.get("ip_ttl") is None else row for row in rows]
    return point(told + [row for row in pings(300, 10) if row["ts_ns"] > S], last_ts=3 * S)


def suffered_from_reset(client: PointView, new: PointView, heard: bool = True) -> Peer:
    """What the TCP peer met; the guest left its old place at 0.81 s, and its host announced it at 1 s, or nobody."""
    guest = replace(GUEST, heard=((new, announced(SWITCH)),) if heard else ())
    views = [client, view("old", "domain:source"), new]
    signs = signs_after(guest, silences(guest, views, SWITCH))
    found = what_peers_suffered(guest, views, SWITCH, 810 * MS, left=810 * MS, signs=signs)
    (peer,) = [s.peer for s in found if s.peer.protocol.startswith("tcp")]
    return peer


@pytest.mark.parametrize(
    ("at_ms", "ttl", "least"),
    [(820, 255, None), (880, 255, 61.0), (820, 64, None), (880, 64, 61.0), (1400, 255, 581.0)],
)
def test_a_reset_that_is_not_the_guests_ends_no_outage(at_ms: int, ttl: int, least: float | None) -> None:
    """By its hops, or because nobody ran the guest then: from 820 ms on for as long at least, and no figure."""
    peer = suffered_from_reset(reset_in_its_name(at_ms, ttl), view("new", "domain:destination"))
    assert (peer.outage_ms, peer.survived) == (None, False)
    assert f"the reset in frame {peer.frames[-1]} ended the connection" in peer.because
    assert peer.outage_low_ms == (None if least is None else pytest.approx(least))


@pytest.mark.parametrize(
    ("ran_ms", "at_ms", "is_foreign"),
    [(860, 940, False), (960, 880, False), (None, 940, False), (990, 860, True), (None, 880, True)],
)
def test_a_reset_is_not_the_guests_only_before_any_host_may_have_run_it(
    ran_ms: int | None, at_ms: int, is_foreign: bool
) -> None:
    """Its new place shows it answer from then on, or only its announcement; 100 ms before it may have run unseen."""
    rows = [row for row in pings(300, 10) if ran_ms is not None and row["ts_ns"] >= ran_ms * MS]
    new = point(rows, "new", "domain:destination", last_ts=3 * S) if rows else view("new", "domain:destination")
    peer = suffered_from_reset(reset_in_its_name(at_ms, 64), new)
    assert ("while no host ran the guest" in peer.because) is is_foreign


@pytest.mark.parametrize("is_compared", [True, False])
def test_without_a_sign_of_the_guest_on_a_compared_clock_no_reset_came_before_it(is_compared: bool) -> None:
    """Nobody announced it, or where it was announced the clock is not known: it may have run since it left."""
    new = view("new", "domain:destination") if is_compared else view("new", "domain:destination", offset=None)
    peer = suffered_from_reset(reset_in_its_name(880, 64), new, heard=not is_compared)
    assert "while no host ran the guest" not in peer.because


def test_a_reset_that_may_be_the_guests_is_taken_as_its_answer() -> None:
    """After its return, with the TTL of its other segments: it does not know the connection any more."""
    peer = suffered_from_reset(reset_in_its_name(1400, 64), view("new", "domain:destination"))
    assert "ended the connection" not in peer.because


def in_tunnel(rows: list[Row], number: int, peer: str = PEER, ident: int = 0) -> list[Row]:
    """The same packets under this number, without the guest's MAC; of another peer, with other identifications."""
    told = {PEER: peer}
    return [
        row
        | {"vni": number, "src": told.get(str(row["src"]), row["src"]), "dst": told.get(str(row["dst"]), row["dst"])}
        | {"ip_id": int(str(row.get("ip_id", 0))) + ident}
        for row in rows
    ]


def test_a_peer_of_another_tenant_with_the_same_address_is_none_of_the_guests() -> None:
    """Its packets are never seen without the number that they are carried under; without such a point nobody knows."""
    own = pings(200, 10, lost(84, 17))
    other = in_tunnel(pings(200, 10, lost(84, 116)), 99, "10.99.0.9", 5_000)
    core = point([*in_tunnel(own, 77), *other], "core", "wan")
    site = point([row | {"vni": -1} for row in own], "new", "domain:destination")
    assert {one.peer.peer for one in suffered_at(core, site)} == {PEER}
    assert {one.peer.peer for one in suffered_at(core)} == {PEER, "10.99.0.9"}
    alone = point(in_tunnel(own, 77), "core", "wan")
    assert {one.peer.peer for one in suffered_at(alone, site)} == {PEER}


def test_a_connection_counts_once_where_the_view_ends_before_its_guests_last_answer_is_acknowledged() -> None:
    """It was counted as a second stream of which nothing is known."""
    client, old = point(session(200)), point(session(60), "old", "domain:source")
    for views in ((client, old), (old, client)):
        (found,) = suffered_at(*views)
        assert (found.peer.point, found.peer.outage_ms) == ("client", 0.0)


@pytest.mark.parametrize(("until_s", "survived"), [(14, True), (3, False)])
@pytest.mark.parametrize("waits", [False, True])
def test_a_reset_by_another_takes_nothing_from_a_switchover_across_which_the_peer_was_answered(
    until_s: int, survived: bool, waits: bool
) -> None:
    """Every 20 ms for seconds after it; then a firewall ends it. So soon that the move may be why, it did not last."""
    rows = session(until_s * 50)
    asked, told = 100 + 10 * until_s * 50, 500 + 10 * until_s * 50
    rows += [segment(until_s * 1000, True, asked, told, 10)] if waits else []
    rows.append(segment(until_s * 1000 + 10, False, told, asked + 10 * waits, flags=RST | ACK, ip_ttl=255))
    client = point([row | {"ip_ttl": row.get("ip_ttl", 64)} for row in rows], last_ts=(until_s + 1) * S)
    (found,) = suffered_at(client)
    assert (found.peer.outage_ms, found.peer.survived, found.is_cut_off) == (0.0, survived, False)
    words = f"the reset in frame {len(rows)} ended the connection {until_s - 1}.0 s after the switchover"
    assert words in found.peer.because


def test_a_reset_by_another_hides_the_switchover_where_nothing_was_answered_since() -> None:
    """The connection was idle from 0.8 s on, and a firewall ended it at 6 s: nobody knows what it would have met."""
    rows = [*session(41), segment(6000, False, 910, 510, flags=RST | ACK, ip_ttl=255)]
    client = point([row | {"ip_ttl": row.get("ip_ttl", 64)} for row in rows], last_ts=7 * S)
    (found,) = suffered_at(client)
    assert (found.peer.outage_ms, found.peer.survived) == (None, False)
    assert "it is not the guest's" in found.peer.because


@pytest.mark.parametrize("flags", [RST, RST | ACK])
def test_who_asked_in_vain_from_the_switchover_to_a_reset_by_another_did_not_outlive_it(flags: int) -> None:
    """Every 500 ms from 0.82 s on, and nothing came but a firewall's reset 6 s after the switchover."""
    rows = [*session(41), *(segment(820 + 500 * n, True, 510, 910, 10) for n in range(13))]
    rows.append(segment(7000, False, 910, 520, flags=flags, ip_ttl=255))
    client = point([row | {"ip_ttl": row.get("ip_ttl", 64)} for row in rows], last_ts=8 * S)
    (found,) = suffered_at(client)
    assert (found.peer.outage_ms, found.peer.survived) == (None, False)


@pytest.mark.parametrize(("before", "told"), [(1, (50, 101, 0, 100)), (2, None)])
def test_every_second_request_lost_since_the_move_is_no_lesser_loss(
    before: int, told: tuple[int, int, int, int] | None
) -> None:
    """All of before were answered; or every second of before was lost as well."""
    since = range(120, 221, 2)
    missing = {*range(100, 119), *since, *(range(1, 100, 2) if before == 2 else ())}
    rows = [row for row in pings(221, 100, range(0)) if not (row["icmp_type"] == 0 and row["icmp_seq"] in missing)]
    (found,) = suffered_at(point(rows), moment=11 * S, last_before=9_950 * MS)
    part = found.part
    known = None if part is None else (part.lost, part.asked, part.lost_before, part.asked_before)
    assert known == told
    if part is not None:
        assert found.peer.lost == 19 + 50, "the last was sent as the view ended: it may still be answered"
        assert (found.peer.part_lost, found.peer.part_asked) == (50, 101)
        assert not part.is_sure, "half of them are not most of them"


@pytest.mark.parametrize(
    ("every_ms", "late", "is_sure"), [(100, 0, True), (20, 0, True), (100, 60, False), (8, 0, False)]
)
def test_most_requests_lost_since_the_move_are_surely_lost_where_they_are_all_the_time(
    every_ms: int, late: int, is_sure: bool
) -> None:
    """Two of three, be they so close together that none is an outage; in 1.1 s hardly one had time for an answer."""
    lost_ones = {n for n in range(105 + late, 240) if n % 3}
    gone = {*range(100, 105), *lost_ones}
    rows = [row for row in pings(240, every_ms, range(0)) if not (row["icmp_type"] == 0 and row["icmp_seq"] in gone)]
    (found,) = suffered_at(point(rows), moment=105 * every_ms * MS, last_before=99 * every_ms * MS)
    assert found.part is not None
    assert found.part.lost == pytest.approx(len(lost_ones), abs=1)
    assert found.part.is_sure is is_sure
    assert found.peer.survived is True
    assert not found.is_cut_off


@pytest.mark.parametrize(("begin", "end"), [(105, 180), (150, 240)])
def test_one_outage_however_long_is_no_part_of_all(begin: int, end: int) -> None:
    """All of 75 requests, or of 90 until the view ends: it is told as the outage that it is."""
    gone = {*range(begin, end)}
    (found,) = suffered_at(point(pings(240, 100, gone)), moment=10_500 * MS, last_before=9_950 * MS)
    assert found.part is None
    assert found.is_cut_off is (end == 240)


def test_requests_that_are_lost_on_and_on_make_no_outage_of_the_last_of_them() -> None:
    """Every second is lost since the move, two in a row now and then, as at the end: the peer is answered on."""
    gone = {*range(100, 105), *(n for n in range(105, 200) if n % 5 in (0, 1, 3)), 200, 201}
    rows = [row for row in pings(204, 100, range(0)) if not (row["icmp_type"] == 0 and row["icmp_seq"] in gone)]
    rows = [row for row in rows if row["icmp_seq"] <= 201]
    (found,) = suffered_at(point(rows, last_ts=21 * S), moment=10_500 * MS, last_before=9_950 * MS)
    assert (found.is_cut_off, found.peer.survived) == (False, True)
    assert found.part is not None


def test_a_peer_that_was_answered_since_is_not_lost_by_its_last_requests() -> None:
    """The capture is blind in the switchover; the last 150 ms before it ends were not answered."""
    blind = Hole("client", 850 * MS, 1100 * MS, 170, 220, "", sure=True)
    (found,) = suffered_at(point(pings(600, 10, [*lost(90, 10), *lost(585, 15)]), holes=(blind,)))
    assert (found.peer.outage_ms, found.peer.survived) == (None, None)
