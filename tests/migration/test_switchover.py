"""The four figures that people call downtime: between which frames each lies, and when there is none."""

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
    asks_and_answers,
    figures,
    journal,
    moves_of,
    pause,
    stream,
    suffered,
    view,
)
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.announced.early import find_early_announcement, moment_after, without_early
from vmpcap.migration.guest.silences import Silence, last_sign_before, left_for_good, silences
from vmpcap.migration.guest.switchover import describe_switchover, find_moment, runs_since
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved
from vmpcap.migration.results import Switchover
from vmpcap.migration.stream.figures import Activity
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.clock import Offset
from vmpcap.points.holes import Hole
from vmpcap.points.sets import Set
from vmpcap.points.timeline import Leg, Timeline, Track, constant_timeline
from vmpcap.terms.addresses import BROADCAST_MAC, ip_halves
from vmpcap.terms.units import iso_utc

SWITCH = 1 * S
STREAM = view("src-uplink", "source", streams=(stream(),))
ONE_CLOCK = Offset(-MS // 10, MS // 10, 9)


def guest(*heard_at: PointView) -> Moved:
    return Moved(GUEST, (ip_halves(GUEST_IP),), tuple((v, v.series[0]) for v in heard_at), "high", "")


def told(
    *views: PointView, heard: tuple[PointView, ...] = (), peers: tuple[Suffered, ...] = (), **more: Any
) -> Switchover:
    """What do these points say of a guest announced where heard, or gone with the stream's last data?"""
    (move,) = moves_of(more.pop("up", STREAM))
    moved = guest(*heard)
    moment = find_moment(move, moved)
    seen = figures(**more)
    return describe_switchover(move, moved, views, seen, peers, silences(moved, views, moment))


def talking(until: int, again: int | None = None, end: int = 5 * S, step: int = 10 * MS) -> JournalColumns:
    """The guest sends every step up to there, and again from then on."""
    times = [*range(0, until + 1, step), *(range(again, end, step) if again is not None else ())]
    return journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times))


def bridge(name: str, role: str | None, rows: JournalColumns, *announced_at: int, **more: Any) -> PointView:
    series = (announced(*announced_at),) if announced_at else ()
    return view(name, role, **{"journal": rows, "series": series, "offset": ONE_CLOCK, **more})


@pytest.mark.parametrize(("back_at_ms", "by_ms", "is_told"), [(900, 150, False), (1040, 60, False), (300, 150, True)])
def test_a_point_whose_clock_was_set_back_beside_the_moment_bounds_nothing(
    back_at_ms: int, by_ms: int, is_told: bool
) -> None:
    """Its frames look nearer than they were: 34 ms for 184. One that was set back long before tells as ever."""
    rows = talking(850 * MS, 1034 * MS)
    sets = np.array([[back_at_ms * MS, (back_at_ms - by_ms) * MS, 89, 90]])
    there = bridge("gw-lan", "gateway", rows, SWITCH, set_backs=sets)
    plain = bridge("gw-lan", "gateway", rows, SWITCH)
    assert told(plain, heard=(plain,)).bracket_ms is not None
    assert (told(there, heard=(there,)).guest_silence_ms is not None) is is_told


@pytest.mark.parametrize(("set_at_ms", "back_ms"), [(1500, 700), (1500, 560), (1040, 100), (1300, 500)])
def test_a_clock_that_shows_the_moment_twice_bounds_nothing_though_another_tells_the_two_apart(
    set_at_ms: int, back_ms: int
) -> None:
    """Frames of after the step lie in the guest's silence, by their times: 184 ms it was, not what they leave of it."""
    rows = talking(850 * MS, 1034 * MS)
    late = rows.ts_ns >= set_at_ms * MS
    rows.ts_ns[late] -= back_ms * MS
    step = Set((set_at_ms - back_ms) * MS, set_at_ms * MS, -back_ms * MS, -back_ms * MS, True)
    there = bridge("gw-lan", "gateway", rows, SWITCH, timeline=Timeline(0, sets=(step,)))
    found = told(there, heard=(there,))
    if found.guest_silence_ms is not None:
        assert found.guest_silence_ms == pytest.approx(184.0, abs=found.guest_silence.uncertainty_ms or 0.0)


def test_a_silence_that_times_shown_twice_fill_is_not_another_gap() -> None:
    """Set back by 333 ms before the switchover: frames of before stand where it was silent, and the rest are 10 ms."""
    shown = [*range(0, 701, 10), *(ts - 333 for ts in range(711, 841, 10)), *(ts - 333 for ts in range(1006, 5000, 10))]
    rows = journal(*((ts * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in sorted(shown)))
    sets = np.array([[700 * MS, 378 * MS, 71, 72]])
    there = bridge("src-guestbr", "domain:source", rows, 673 * MS, set_backs=sets)
    assert told(there, heard=(there,)).guest_silence_ms is None


def beside_a_set_reference(*announced_at: int) -> PointView:
    """A point that saw nothing of the reference any more when that was set back by 800 ms: its own clock ran on."""
    gaps = [*range(0, 401, 10), *range(430, 851, 10)]  # one is longer than the others
    rarps = journal(*((ts, GUEST, BROADCAST_MAC, "0.0.0.0", "0.0.0.0") for ts in announced_at))
    rarps = rarps._replace(ip_version=np.zeros_like(rarps.ip_version), frame=rarps.frame + 199)
    own = journal(*((ts * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in gaps))
    rows = JournalColumns(*(np.concatenate(pair) for pair in zip(own, rarps, strict=True)))
    step = Set(100 * MS, 900 * MS, -800 * MS, -800 * MS, True)
    edges = np.zeros(1), np.array([800.0 * MS])
    line = Timeline(0, (Leg(Track(0, 0, np.zeros(1), *edges), True),), False, reference_sets=(step,))
    series = (announced(*announced_at),) if announced_at else ()
    return view("old", "domain:source", journal=rows, series=series, timeline=line, last_ts=5 * S)


def test_the_reference_that_was_set_back_moves_no_silence() -> None:
    """When the announcement was is open by 800 ms here; it was heard here itself, 171 ms after the last frame."""
    heard = 1021 * MS
    old = beside_a_set_reference(heard)
    (found,) = silences(guest(old), [STREAM, old], heard - 800 * MS).values()
    assert found.before is not None
    assert found.after is not None
    assert (found.before.ts, found.after.ts) == (850 * MS, heard)


def test_where_the_reference_was_set_an_ordinary_gap_is_not_the_switchover() -> None:
    """Nothing was heard here: it fell silent for good at 850 ms, and no gap before that is its absence."""
    old, heard_at = beside_a_set_reference(), view("new", "domain:destination", series=(announced(SWITCH),))
    (found,) = silences(guest(heard_at), [STREAM, old], SWITCH - 600 * MS).values()
    assert found.before is not None
    assert (found.before.ts, found.after) == (850 * MS, None)


def test_one_clock_that_shows_both_ends_goes_before_two_that_nothing_compares() -> None:
    """The bridges' clocks are as they are: 302 ms by them; the gateway's alone shows 166."""
    old = bridge("src-guestbr", "domain:source", talking(850 * MS))
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1152 * MS), 1152 * MS, offset=None)
    gateway = bridge("gw-lan", "gateway", talking(850 * MS, 1016 * MS), 1016 * MS)
    found = told(old, new, gateway, heard=(new, gateway))
    assert found.bracket_ms == pytest.approx(166.0)
    assert found.bracket.from_point == found.bracket.to_point == "gw-lan"


# the moment


def test_the_guest_changes_places_at_its_first_announcement() -> None:
    """On the reference clock; without one, at the stream's last data."""
    (move,) = moves_of(STREAM)
    assert find_moment(move, guest()) == S - MS
    late = view("gw", series=(announced(101 * S + 7 * MS),), offset=Offset(100 * S - MS, 100 * S + MS, 9))
    assert find_moment(move, guest(late)) == S + 7 * MS


@pytest.mark.parametrize(("other_ms", "moment_ms"), [(1003, 1003), (1600, 1600), (2700, 1750)])
def test_a_clock_that_shows_the_announcement_twice_does_not_tell_when_it_was(other_ms: int, moment_ms: int) -> None:
    """Its time leaves 1.5 s open: the gateway heard it by a clock that is known, unless that was another one."""
    (move,) = moves_of(STREAM)
    twice = replace(constant_timeline(Offset(-1500 * MS, 0, 9)), is_given=False)
    new = view("new", "domain:destination", series=(announced(S),), timeline=twice)
    gateway = view("gw", "gateway", series=(announced(other_ms * MS),), offset=ONE_CLOCK)
    assert find_moment(move, guest(new, gateway)) == moment_ms * MS


@pytest.mark.parametrize("doubt_ms", [1, 20])
def test_a_clock_that_is_known_well_enough_tells_when_the_announcement_was(doubt_ms: int) -> None:
    """Where it began: what others heard later moves nothing."""
    (move,) = moves_of(STREAM)
    new = view("new", "domain:destination", series=(announced(S),), offset=Offset(-doubt_ms * MS, doubt_ms * MS, 9))
    gateway = view("gw", "gateway", series=(announced(S + 3 * MS),), offset=Offset(0, 0, 9))
    assert find_moment(move, guest(new, gateway)) == S


# a) the bracket


def test_the_bracket_reaches_from_the_last_frame_before_to_the_first_sign_after() -> None:
    """Each from the point nearest to that place, with frame numbers and the clocks' doubt of both."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS))
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS), SWITCH)
    gateway = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), SWITCH + MS)
    seen = told(old, new, gateway, heard=(new, gateway))
    assert seen.bracket_ms == pytest.approx(174.0)
    assert (seen.bracket.from_point, seen.bracket.from_frame) == ("src-guestbr", 84)
    assert (seen.bracket.to_point, seen.bracket.to_frame) == ("dst-guestbr", 1)
    assert (seen.bracket.from_ts, seen.bracket.to_ts) == (iso_utc(830 * MS), iso_utc(1004 * MS))
    assert seen.bracket.uncertainty_ms == pytest.approx(0.2)
    assert seen.method == "guest_frames"


def test_the_announcement_is_the_first_sign_where_the_guest_is_silent() -> None:
    """A RARP at the destination's bridge, no frame of the guest there yet."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS))
    new = bridge("dst-guestbr", "domain:destination", journal(), SWITCH)
    seen = told(old, new, heard=(new,))
    assert seen.bracket_ms == pytest.approx(170.0)
    assert seen.bracket.to_frame == 200


def test_a_broadcast_from_the_old_place_is_no_sign_of_the_new_one() -> None:
    """The guest asked for its gateway while it ran at its old place, and the domain is at both."""
    old = bridge("src-guestbr", "domain:source", talking(880 * MS))
    flooded = (850 * MS, GUEST, BROADCAST_MAC, GUEST_IP, PEER_IP)
    later = (1007 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP)
    new = bridge("dst-guestbr", "domain:destination", journal(flooded, later), SWITCH)
    seen = told(old, new, heard=(new,))
    assert seen.bracket_ms == pytest.approx(127.0)
    assert seen.bracket.to_frame == 2
    only = bridge("dst-guestbr", "domain:destination", journal(flooded), SWITCH)
    assert told(old, only, heard=(only,)).bracket_ms == pytest.approx(120.0)


def test_what_the_guest_sent_to_one_machine_only_is_a_sign_wherever_it_is_seen() -> None:
    """A frame to its gateway before the last one at the old place: clocks that lie, perhaps; nothing is left out."""
    old = bridge("src-guestbr", "domain:source", talking(880 * MS))
    rows = journal((850 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP), (1007 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP))
    new = bridge("dst-guestbr", "domain:destination", rows, SWITCH)
    assert told(old, new, heard=(new,)).bracket_ms is None


def test_a_point_that_saw_only_some_frames_does_not_bound_it() -> None:
    """The old bridge lost sight of the guest 300 ms before the gateway did: the gateway's frame is the last."""
    old = bridge("src-guestbr", "domain:source", talking(500 * MS))
    gateway = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), SWITCH)
    seen = told(old, gateway, heard=(gateway,))
    assert seen.bracket.from_point == "gw-lan"
    assert seen.bracket_ms == pytest.approx(175.0)


def test_among_points_that_saw_it_to_the_end_the_nearest_counts() -> None:
    """A few milliseconds of way are no missed frames."""
    old = bridge("src-guestbr", "domain:source", talking(820 * MS))
    gateway = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), SWITCH)
    assert told(old, gateway, heard=(gateway,)).bracket.from_point == "src-guestbr"


def test_across_clocks_that_disagree_their_offset_is_taken_off() -> None:
    """137 ms of offset are no 137 ms of stun: the figure is as sure as the offset is."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS), offset=Offset(-138 * MS, -136 * MS, 9))
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS), SWITCH)
    seen = told(old, new, heard=(new,))
    assert seen.bracket_ms == pytest.approx(1004 - 830 - 137)
    assert seen.bracket.uncertainty_ms == pytest.approx(1.1)
    assert (seen.bracket.from_frame, seen.bracket.to_frame) == (84, 1)
    assert (seen.bracket.from_ts, seen.bracket.to_ts) == (iso_utc(830 * MS), iso_utc(1004 * MS))


def test_an_interval_that_the_clocks_leave_open_is_none() -> None:
    """5 ms apart by clocks that are known to 20 ms: which came first is not known, so nothing is measured."""
    old = bridge("src-guestbr", "domain:source", talking(1000 * MS), offset=Offset(-20 * MS, 20 * MS, 9))
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1005 * MS), 1005 * MS, offset=Offset(0, 0, 9))
    seen = told(old, new, heard=(new,))
    assert seen.bracket_ms is None
    assert seen.bracket.uncertainty_ms == pytest.approx(20.0)
    assert "which came first is not known" in seen.bracket.because
    assert seen.guest_silence_ms is None


def test_of_two_silences_the_one_that_is_surely_shorter_counts() -> None:
    """170 ms across clocks known to 30 ms may be 200; 175 ms at one point are 175."""
    vague = Offset(-30 * MS, 30 * MS, 9)
    old = bridge("src-guestbr", "domain:source", talking(830 * MS), offset=vague)
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1000 * MS), SWITCH)
    gateway = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), SWITCH)
    seen = told(old, new, gateway, heard=(new, gateway))
    assert (seen.guest_silence_ms, seen.guest_silence.uncertainty_ms) == (pytest.approx(175.0), 0.0)
    assert seen.guest_silence.from_point == "gw-lan"


def test_another_point_on_the_same_clock_bounds_it_instead() -> None:
    """The nearest point's clock is off, the gateway's is not."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS), offset=Offset(136 * MS, 138 * MS, 9))
    gateway = bridge("gw-lan", "gateway", talking(820 * MS, 1005 * MS), SWITCH)
    seen = told(old, gateway, heard=(gateway,))
    assert (seen.bracket.from_point, seen.bracket_ms) == ("gw-lan", pytest.approx(185.0))


def test_the_doubt_is_the_farther_end_of_each_clocks_bounds() -> None:
    """The truth may lie at either end: 0.3 ms of the one point and 0.1 of the other turn to the same side."""
    lopsided = Offset(-MS // 10, 3 * MS // 10, 9)
    old = bridge("src-guestbr", "domain:source", talking(830 * MS), offset=lopsided)
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS), SWITCH, offset=lopsided)
    assert told(old, new, heard=(new,)).bracket.uncertainty_ms == pytest.approx(0.4)


@pytest.mark.parametrize("ahead_ms", [-2000, -800, -100, 0, 100, 800, 2000])
def test_no_time_is_told_between_clocks_of_which_nothing_is_known(ahead_ms: int) -> None:
    """However far the one is ahead: no figure, the same two frames, and that nobody compared the clocks."""
    ahead = ahead_ms * MS
    old = bridge("src-guestbr", "domain:source", talking(830 * MS), offset=None)
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS + ahead), SWITCH + ahead)
    seen = told(old, new, heard=(new,))
    assert (seen.bracket_ms, seen.bracket.uncertainty_ms) == (None, None)
    assert (seen.bracket.from_frame, seen.bracket.to_point) == (84, "dst-guestbr")
    assert seen.bracket.because == "the clocks of the two points were not compared"
    assert seen.guest_silence_ms is None
    assert seen.stale_tail_ms is None


def test_a_clock_that_was_compared_bounds_it_before_one_that_was_not() -> None:
    """The old bridge stands nearer, but only the gateway's clock is known."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS), offset=None)
    gateway = bridge("gw-lan", "gateway", talking(820 * MS, 1005 * MS), SWITCH)
    seen = told(old, gateway, heard=(gateway,))
    assert (seen.bracket.from_point, seen.bracket_ms) == ("gw-lan", pytest.approx(185.0))
    assert seen.bracket.uncertainty_ms is not None


def test_without_a_frame_before_the_streams_last_burst_bounds_it() -> None:
    """The data frame before the last pause: the guest still ran then."""
    made = stream()
    paused = replace(made, sides=(replace(made.sides[0], pauses=(pause(700 * MS, 900 * MS),)), made.sides[1]))
    parts = (Activity(MS, 700 * MS, 1), Activity(900 * MS, 999 * MS, 1))
    new = bridge("dst-guestbr", "domain:destination", journal(), SWITCH)
    up = view("src-uplink", "source", streams=(paused,))
    seen = told(new, heard=(new,), up=up, activities=parts)
    assert (seen.method, seen.bracket_ms) == ("last_burst", pytest.approx(300.0))
    assert (seen.bracket.from_point, seen.bracket.from_frame) == ("src-uplink", 30)


def test_a_pause_long_before_the_end_marks_no_last_burst() -> None:
    """Six seconds of data after it: the guest ran through most of them."""
    made = stream(seconds=7)
    paused = replace(made, sides=(replace(made.sides[0], pauses=(pause(700 * MS, 900 * MS),)), made.sides[1]))
    parts = (Activity(MS, 700 * MS, 1), Activity(900 * MS, 7 * S, 1))
    new = bridge("dst-guestbr", "domain:destination", journal(), 7 * S)
    seen = told(new, heard=(new,), up=view("src-uplink", "source", streams=(paused,)), activities=parts)
    assert seen.bracket_ms is None
    assert "no pause of the stream" in seen.bracket.because
    assert seen.bracket.to_frame == 200


def test_without_a_sign_of_the_guest_there_is_no_bracket() -> None:
    """Nobody heard it at its new place."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS))
    seen = told(old)
    assert (seen.bracket_ms, seen.bracket.to_point) == (None, None)
    assert "no point saw a sign" in seen.bracket.because


def test_where_no_clock_leads_to_the_destination_one_points_own_silence_bounds_it() -> None:
    """The new bridge had heard the guest's broadcast long before: 800 ms are no bracket, where the gateway says 175."""
    new = bridge("dst-guestbr", "domain:destination", talking(200 * MS, 1004 * MS, step=S), SWITCH, offset=None)
    gateway = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), SWITCH + MS)
    seen = told(new, gateway, heard=(gateway,))
    assert seen.bracket_ms == pytest.approx(175.0)
    assert (seen.bracket.from_point, seen.bracket.to_point) == ("gw-lan", "gw-lan")


# b) the guest's silence


def test_the_guests_silence_is_the_shortest_that_its_frames_bound() -> None:
    """The client's gap is longer than that from the old bridge to the new: it did not see every frame."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS))
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS), SWITCH)
    client = bridge("client", "client", talking(800 * MS, 1100 * MS))
    seen = told(old, new, client, heard=(new,))
    assert seen.guest_silence_ms == pytest.approx(174.0)
    assert (seen.guest_silence.from_point, seen.guest_silence.to_point) == ("src-guestbr", "dst-guestbr")
    assert "it usually sent every 10.0 ms" in seen.guest_silence.because


def test_a_frame_that_the_host_sent_for_the_guest_is_told_from_its_own() -> None:
    """The silence ends at the announcement, whoever sent it; that the guest itself came 2 s later must be said."""
    rows = talking(830 * MS, 3 * S)
    times = [*rows.ts_ns[rows.ts_ns <= 830 * MS].tolist(), SWITCH, *rows.ts_ns[rows.ts_ns >= 3 * S].tolist()]
    numbered = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times))
    number = int(numbered.frame[numbered.ts_ns == SWITCH][0])
    heard = replace(announced(SWITCH), frames=(number,))
    gateway = view("gw-lan", "gateway", journal=numbered, series=(heard,), offset=ONE_CLOCK)
    seen = told(gateway, heard=(gateway,))
    assert seen.guest_silence_ms == pytest.approx(170.0)
    assert "which sent nothing itself for 2170 ms (gw-lan frame 84 to gw-lan frame 86)" in seen.guest_silence.because
    own = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), 2 * S)
    assert "itself" not in told(own, heard=(own,)).guest_silence.because


def test_at_one_point_no_clock_is_in_doubt() -> None:
    """Its own clock measures its own frames, whatever others say."""
    gateway = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), offset=Offset(136 * MS, 138 * MS, 9))
    seen = told(gateway)
    assert (seen.guest_silence_ms, seen.guest_silence.uncertainty_ms) == (pytest.approx(175.0), 0.0)


def test_a_guest_seen_only_afterwards_was_not_silent() -> None:
    """There is nothing to measure from."""
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS), SWITCH)
    seen = told(new, heard=(new,))
    assert seen.guest_silence_ms is None
    assert "both before and after" in seen.guest_silence.because


def test_the_last_frame_that_was_kept_need_not_be_the_last() -> None:
    """Frames had to be left out: without one after the switchover nobody knows when the guest was silent."""
    old = bridge("src-guestbr", "domain:source", talking(830 * MS), journal_complete=False)
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS), SWITCH)
    assert told(old, new, heard=(new,)).bracket.from_point is None
    both = bridge("gw-lan", "gateway", talking(830 * MS, 1005 * MS), SWITCH, journal_complete=False)
    assert told(both, heard=(both,)).guest_silence_ms == pytest.approx(175.0)


def test_a_guest_that_speaks_seldom_was_gone_in_one_of_two_gaps() -> None:
    """A monitor asks each second, last 80 ms before the guest stops: its interval is no switchover, and says none."""
    asked = [SWITCH + 63 * MS + n * S for n in range(-4, 5)]
    sent = [*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in asked)]
    sent.insert(5, (SWITCH + 340 * MS, GUEST, BROADCAST_MAC, "0.0.0.0", "0.0.0.0"))
    there = bridge("gw-lan", "gateway", journal(*sent), SWITCH + 340 * MS)
    up = view("src-uplink", "source", streams=(stream(seconds=1.18),))
    seen = told(there, heard=(there,), up=up)
    assert (seen.bracket.from_frame, seen.bracket_ms) == (4, pytest.approx(1277.0))
    assert seen.bracket.to_ts == iso_utc(SWITCH + 340 * MS)
    assert seen.guest_silence_ms is None
    assert "from which of its places it sent gw-lan frame 5" in seen.guest_silence.because


def test_a_gap_like_no_other_is_the_absence_though_the_guest_speaks_before_its_announcement() -> None:
    """It sends every 10 ms; its host announces it 60 ms after it is back."""
    there = bridge("gw-lan", "gateway", talking(SWITCH, SWITCH + 175 * MS), SWITCH + 235 * MS)
    assert told(there, heard=(there,)).bracket_ms == pytest.approx(175.0)


def test_the_longest_gap_beside_the_moment_is_the_silence() -> None:
    """A longer one ten seconds later is not."""
    rows = talking(830 * MS, 1005 * MS, 12 * S)
    keep = (rows.ts_ns < 9 * S) | (rows.ts_ns > 11 * S)
    gateway = bridge("gw-lan", "gateway", rows.take(keep), SWITCH)
    assert told(gateway, heard=(gateway,)).guest_silence_ms == pytest.approx(175.0)


def test_the_last_sign_before_is_the_latest_of_all_points() -> None:
    """On the reference clock."""
    (move,) = moves_of(STREAM)
    views = [
        bridge("a", "domain:source", talking(830 * MS)),
        bridge("b", "gateway", talking(820 * MS, 1005 * MS)),
    ]
    quiet = silences(guest(), views, find_moment(move, guest()))
    assert last_sign_before(quiet) == 830 * MS
    assert last_sign_before({}) is None


# c) the peers' outage


def test_the_longest_outage_of_any_peer_is_the_figure() -> None:
    """With its own frames, and its interval as the doubt."""
    short, long = suffered(80.0), suffered(170.0, from_ts=SWITCH, from_frame=7, to_ts=SWITCH + 170 * MS, to_frame=9)
    seen = told(peers=(short, long))
    assert (seen.peer_outage_ms, seen.peer_outage.uncertainty_ms) == (170.0, 10.0)
    assert (seen.peer_outage.from_frame, seen.peer_outage.to_frame) == (7, 9)


def test_one_peer_that_was_lost_leaves_no_figure() -> None:
    """Longer than any of the others: null, and who it was."""
    seen = told(peers=(suffered(80.0), suffered(None, ended=False, survived=False, peer="10.99.0.7")))
    assert seen.peer_outage_ms is None
    assert "10.99.0.7" in seen.peer_outage.because


def test_where_nobody_lost_anything_the_finest_watch_tells() -> None:
    """One ping a second would not have noticed; one every 10 ms would."""
    coarse, fine = suffered(0.0, interval_ms=1000.0), suffered(0.0, interval_ms=10.0)
    for peers in ((coarse, fine), (fine, coarse)):
        seen = told(peers=peers)
        assert (seen.peer_outage_ms, seen.peer_outage.uncertainty_ms) == (0.0, 10.0)


def test_nobody_asking_is_no_outage_of_zero() -> None:
    """Null, with the reason; so it is where the only peer was in view afterwards, or stopped asking."""
    assert told().peer_outage_ms is None
    assert "no peer" in told().peer_outage.because
    assert told(peers=(suffered(None),)).peer_outage_ms is None
    stopped = told(peers=(suffered(None, ended=False, survived=None, because="then none came any more"),))
    assert (stopped.peer_outage_ms, stopped.peer_outage.because) == (None, "then none came any more")


# d) relearning


def test_relearning_ends_with_the_first_unicast_at_the_new_place() -> None:
    """From the guest's first frame there to the first that is delivered to it there."""
    rows = [(1004 * MS + n * 10 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(50)]
    rows += [(1304 * MS + n * 10 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(50)]
    new = bridge("dst-guestbr", "domain:destination", journal(*sorted(rows)), SWITCH)
    seen = told(new, heard=(new,))
    assert seen.relearn_ms == pytest.approx(300.0)
    assert (seen.relearn.from_point, seen.relearn.to_point) == ("dst-guestbr", "dst-guestbr")


def test_a_guest_that_nothing_is_delivered_to_has_not_been_learnt() -> None:
    """Null: no unicast came."""
    new = bridge("dst-guestbr", "domain:destination", talking(-1, 1004 * MS), SWITCH)
    seen = told(new, heard=(new,))
    assert seen.relearn_ms is None
    assert "no unicast for the guest" in seen.relearn.because


def test_what_is_for_a_mac_that_the_guest_had_does_not_reach_it() -> None:
    """Its address, but an old MAC: the switch floods it, the guest does not take it."""
    rows = [(1004 * MS + n * 10 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(50)]
    rows += [(1010 * MS + n * 10 * MS, GATEWAY, GUEST + 1, PEER_IP, GUEST_IP) for n in range(20)]
    rows += [(1404 * MS + n * 10 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(20)]
    new = bridge("dst-guestbr", "domain:destination", journal(*sorted(rows)), SWITCH)
    assert told(new, heard=(new,)).relearn_ms == pytest.approx(400.0)


def test_relearning_is_seen_best_where_the_guest_is_nearest() -> None:
    """What reached the port of the switch has not reached the host's bridge."""

    def at(late: int) -> JournalColumns:
        rows = [
            (1004 * MS + late, GUEST, GATEWAY, GUEST_IP, PEER_IP),
            (1300 * MS - late, GATEWAY, GUEST, PEER_IP, GUEST_IP),
        ]
        return journal(*rows)

    port = bridge("dst-switchport", "domain:destination", at(MS), SWITCH + MS)
    own = bridge("dst-guestbr", "domain:destination", at(0), SWITCH)
    assert told(port, own, heard=(own, port)).relearn.from_point == "dst-guestbr"


def test_relearning_is_only_seen_at_the_destination() -> None:
    """The gateway's frames do not show what arrives there."""
    gateway = bridge("gw-lan", "gateway", asks_and_answers(0, 5 * S, 10 * MS, (830 * MS, 1005 * MS)), SWITCH)
    seen = told(gateway, heard=(gateway,))
    assert seen.relearn_ms is None
    assert "no capture point at the destination" in seen.relearn.because


@pytest.mark.parametrize(("begun", "wanted"), [(0, 300.0), (1500 * MS, None)])
def test_relearning_is_not_told_by_a_point_that_began_too_late(begun: int, wanted: float | None) -> None:
    """Its first unicast is one of many: another point had seen the guest at its new place half a second before."""
    rows = [(1004 * MS + n * 10 * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for n in range(150)]
    rows += [(1304 * MS + n * 10 * MS, GATEWAY, GUEST, PEER_IP, GUEST_IP) for n in range(120)]
    rows = [row for row in sorted(rows) if row[0] >= begun]
    new = bridge("dst-guestbr", "domain:destination", journal(*rows), SWITCH, first_ts=begun)
    new = new if not begun else replace(new, series=())
    gateway = bridge("gw", "gateway", talking(840 * MS, 1004 * MS), SWITCH)
    seen = told(gateway, new, heard=(gateway,))
    assert seen.relearn_ms == (None if wanted is None else pytest.approx(wanted))
    assert ("began to record" in seen.relearn.because) is (wanted is None)


def test_a_point_that_began_to_record_later_shows_no_first_sign() -> None:
    """Its first frame of the guest is its first frame at all, a second after the gateway had seen the guest."""
    old = bridge("src-br", "domain:source", talking(840 * MS))
    gateway = bridge("gw", "gateway", talking(840 * MS, S))
    rows = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in range(2 * S, 3 * S, MS)))
    late = bridge("dst-br", "domain:destination", rows, first_ts=2 * S)
    figure = told(old, gateway, late, heard=())
    assert (figure.bracket.to_point, figure.bracket_ms) == ("gw", 160.0)
    early = replace(late, first_ts=0)
    assert told(old, gateway, early).bracket.to_point == "dst-br"


def test_of_two_points_at_the_new_place_the_one_that_saw_it_sooner_tells() -> None:
    """A port between them opens late: the point behind it hears the third announcement, whatever its name."""
    old = bridge("lan", "domain:source", talking(830 * MS))
    at_once = journal(*((ts, GUEST, BROADCAST_MAC, GUEST_IP, PEER_IP) for ts in (SWITCH, SWITCH + S, SWITCH + 2 * S)))
    there = bridge("uplink", "domain:destination", at_once, SWITCH, SWITCH + S, SWITCH + 2 * S)
    behind = bridge("trunk", "domain:destination", talking(-1, 3001 * MS), SWITCH + 2 * S + MS)
    for views in ([old, there, behind], [old, behind, there]):
        figure = told(*views, heard=(there, behind))
        assert figure.bracket_ms == pytest.approx(170.0)
        assert (figure.bracket.from_point, figure.bracket.to_point) == ("lan", "uplink")
        assert (figure.guest_silence.to_point, figure.stale_tail.from_point) == ("uplink", "uplink")


def test_captures_of_different_times_have_no_switchover_between_them() -> None:
    """An hour apart, by clocks that no packet compares."""
    late = journal(*((ts, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in range(3601 * S, 3605 * S, 10 * MS)))
    old = bridge("src-br", "domain:source", talking(840 * MS), offset=None, last_ts=5 * S)
    new = bridge("dst-br", "domain:destination", late, offset=None, first_ts=3601 * S, last_ts=3605 * S)
    figure = told(old, new)
    assert figure.bracket_ms is None
    assert "the two captures are of different times" in figure.bracket.because


@pytest.mark.parametrize(("again", "is_told"), [(1005, True), (860, False)])
def test_a_clock_that_nothing_compares_tells_a_gap_only_where_it_is_plain(again: int, is_told: bool) -> None:
    """165 ms are the guest's absence whenever they were; 20 ms beside the usual 10 are any gap."""
    alone = bridge("gw", "gateway", talking(840 * MS, again * MS), offset=None)
    moved, moment = guest(), SWITCH
    assert ("gw" in silences(moved, [STREAM, alone], moment)) is is_told


def test_a_bracket_ends_at_no_announcement_of_a_host_that_began_too_early() -> None:
    """Two RARPs while the guest still ran, one while no host ran it, two since: its own first frame ends it."""
    times = tuple(SWITCH + ms * MS for ms in (-120, -70, 80, 330, 680))
    rarps = journal(*((ts, GUEST, BROADCAST_MAC, "0.0.0.0", "0.0.0.0") for ts in times))
    rarps = rarps._replace(ip_version=np.zeros_like(rarps.ip_version), frame=rarps.frame + 199)
    own = talking(-1, SWITCH + 200 * MS)
    own = own._replace(ip_id=own.ip_id + 10_000)  # other packets than those of its old place
    both = JournalColumns(*(np.concatenate(pair) for pair in zip(rarps, own, strict=True)))
    order = np.argsort(both.ts_ns, kind="stable")
    old = bridge("old", "domain:source", talking(SWITCH))
    new = bridge("new", "domain:destination", JournalColumns(*(column[order] for column in both)), *times)
    (move,) = moves_of(STREAM)
    early = find_early_announcement(guest(new), [old, new])
    assert early.early_ms == pytest.approx(120)
    there = without_early(guest(new), early)
    moment = moment_after(early, there)
    assert moment == SWITCH
    seen = describe_switchover(move, there, [old, new], figures(), (), silences(there, [old, new], moment))
    assert seen.bracket_ms == pytest.approx(200)
    assert (seen.bracket.from_point, seen.bracket.to_point) == ("old", "new")


@pytest.mark.parametrize("points", [("src", "dst"), ("src", "dst", "gw")])
def test_an_earlier_pause_is_no_switchover_where_its_end_still_came_from_the_old_place(points: tuple[str, ...]) -> None:
    """It sends at its old bridge up to 20 ms before its new one; 300 to 260 ms before it had nothing to say."""
    times = [*range(0, 701, 10), *range(740, 981, 10), *range(1000, 3000, 10)]
    rows = journal(*((ts * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times))
    rows.eth_dst[rows.ts_ns == 1010 * MS] = BROADCAST_MAC  # and so it is seen at all three
    everybody = rows.eth_dst == BROADCAST_MAC
    shown = {
        "src": bridge("src", "domain:source", rows.take((rows.ts_ns < SWITCH) | everybody)),
        "dst": bridge("dst", "domain:destination", rows.take(rows.ts_ns >= SWITCH), SWITCH),
        "gw": bridge("gw", "gateway", rows, SWITCH),
    }
    found = told(*(shown[name] for name in points), heard=(shown["dst"],))
    assert found.bracket_ms == pytest.approx(20.0, abs=0.5)
    assert found.guest_silence_ms == pytest.approx(20.0, abs=0.5)


def test_a_guest_left_for_good_only_where_its_old_place_shows_it_no_more() -> None:
    """A domain that is at both places shows it afterwards too, and so does one that it came back to."""
    old, gate = view("src", "domain:source"), view("gw", "gateway")
    last, later = Mark(old, 5 * S, 9), Mark(old, 7 * S, 10)
    assert left_for_good({"src": Silence(last, None)}) == 5 * S
    assert left_for_good({"src": Silence(last, later)}) == 5 * S, "an announcement, which a host sends for it"
    assert left_for_good({"src": Silence(last, later, own=later)}) is None
    assert left_for_good({"gw": Silence(Mark(gate, 5 * S, 9), None)}) is None
    hole = Hole("src", 5 * S, 6 * S, 9, 10, "", True)
    assert left_for_good({"src": Silence(last, None, hidden_by=(hole,))}) is None


@pytest.mark.parametrize(
    ("role", "goes_on_s", "is_told"), [("gateway", 0, False), ("domain:source", 0, True), ("gateway", 2, True)]
)
def test_the_end_of_a_capture_that_nothing_compares_is_no_last_frame_of_the_old_place(
    role: str, goes_on_s: int, is_told: bool
) -> None:
    """
    By its clock the capture ended before the move: at a gateway its last frame may be of the new place.

    Not where the capture goes on for long without any.
    """
    talk = asks_and_answers(0, 2 * S, 10 * MS)
    other = view("other", role, journal=talk, first_ts=0, last_ts=(2 + goes_on_s) * S, offset=None)
    dst = view("dst", "domain:destination", series=(announced(5 * S),), journal=asks_and_answers(5 * S, 9 * S, 10 * MS))
    quiet = silences(guest(dst), (STREAM, dst, other), 5 * S)
    assert ("other" in quiet) == is_told


def test_a_mirror_that_shows_frames_twice_leaves_the_usual_time_between_them() -> None:
    """Each frame of the guest again 0.4 ms later: it usually sends every 10 ms all the same."""
    usual = []
    for copies in (False, True):
        once = talking(840 * MS, 1005 * MS)
        rows = list(range(once.rows))
        own = [n for n in rows if once.eth_src[n] == GUEST]
        order = sorted(
            [(int(once.ts_ns[n]), n) for n in rows] + [(int(once.ts_ns[n]) + 400_000, n) for n in own if copies]
        )
        twice = type(once)(*(np.asarray(column)[[n for _, n in order]] for column in once))
        twice = twice._replace(ts_ns=np.array([ts for ts, _ in order]), frame=np.arange(1, len(order) + 1))
        gateway = bridge("gw", "gateway", twice)
        usual.append(silences(guest(), [STREAM, gateway], SWITCH)["gw"].usual_ns)
    assert usual == [10 * MS, 10 * MS]


@pytest.mark.parametrize(
    ("spoke_before_ms", "offset", "since_ms"),
    [(5, ONE_CLOCK, 995), (-5, ONE_CLOCK, 1000), (300, ONE_CLOCK, 1000), (5, None, 1000)],
    ids=["just before", "after", "long before", "by a clock that nothing compares"],
)
def test_a_guest_runs_since_it_spoke_itself_just_before_its_host_announced_it(
    spoke_before_ms: int, offset: Offset | None, since_ms: int
) -> None:
    """What left its new place then is of after the move; what came long before the announcement is another story."""
    old = bridge("old", "domain:source", talking(600 * MS))
    new = bridge("new", "domain:destination", talking(-1, SWITCH - spoke_before_ms * MS), SWITCH, offset=offset)
    moved = guest(new)
    assert runs_since(SWITCH, moved, silences(moved, [STREAM, old, new], SWITCH)) == since_ms * MS
