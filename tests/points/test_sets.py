"""Whose clock was set, and what a time across that is known to: the truth lies within what is said."""

import random
from dataclasses import replace

import numpy as np
import pytest

from tests.points.made import MS, Clock, S, Sent, paired_of, traffic
from vmpcap.points.between import compare_points, order_pairs
from vmpcap.points.beyond import Beyond
from vmpcap.points.chain import stand
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.sets import Set, find_sets
from vmpcap.points.timeline import Timeline, elapsed, elapsed_at

AT = 30 * S
NO_FILE = np.zeros(0, np.int64)


def same(t: int) -> int:
    return t


def pair(seed: int, one: Clock, other: Clock) -> PairClock:
    sent = traffic(random.Random(seed), 60, 600, (1, 1), 0.1)
    shown = [Sent(one(p.one_ts), p.other_ts, p.side) for p in sent]
    found, _ = bound_pair(paired_of(shown, other))
    assert found is not None
    return found


def stepping(by: int) -> Clock:
    return lambda t: t + (by if t >= AT else 0)


@pytest.mark.parametrize("by", [300 * MS, -80 * MS])
def test_a_third_clock_tells_which_was_set(by: int) -> None:
    """By how much it was, within what is said; nothing is said of the other two."""
    clocks = {(0, 1): pair(1, same, stepping(by)), (1, 2): pair(2, stepping(by), same), (0, 2): pair(3, same, same)}
    sets = find_sets(clocks, [NO_FILE] * 3) if by < 0 else find_sets(clocks, [np.arange(0, 60 * S, S)] * 3)
    assert list(sets) == [1]
    (was,) = sets[1]
    assert was.is_sure
    assert was.low_ns <= by <= was.high_ns


def test_of_two_clocks_either_may_have_been_set() -> None:
    """Forward the one or back the other, while neither sent: nothing tells them apart."""
    by = 300 * MS
    far = np.array([S, 61 * S])
    sets = find_sets({(0, 1): pair(1, same, stepping(by))}, [far, far])
    assert [[one.is_sure for one in sets[n]] for n in (0, 1)] == [[False], [False]]
    assert sets[0][0].low_ns <= -by <= sets[0][0].high_ns
    assert sets[1][0].low_ns <= by <= sets[1][0].high_ns


def test_a_clock_without_room_was_not_set_forward() -> None:
    """It saw a packet every 10 ms; so the other was set back."""
    by = 300 * MS
    far, near = np.array([S, 61 * S]), np.arange(S, 61 * S, 10 * MS)
    sets = find_sets({(0, 1): pair(1, same, stepping(by))}, [far, near])
    assert list(sets) == [0]
    assert sets[0][0].is_sure


def test_a_clock_that_saw_packets_as_usual_was_not_set_back() -> None:
    """Else both would have been silent for just as long; so the other was set forward."""
    by = 300 * MS
    true = np.arange(S, 61 * S, 10 * MS)
    sets = find_sets({(0, 1): pair(1, same, stepping(by))}, [true, true + np.where(true >= AT, by, 0)])
    assert list(sets) == [1]
    assert sets[1][0].is_sure


def test_a_file_that_goes_back_tells_whose_clock_was_set() -> None:
    by = -80 * MS
    true = np.arange(S, 61 * S, 10 * MS)
    sets = find_sets({(0, 1): pair(1, same, stepping(by))}, [true, true + np.where(true >= AT, by, 0)])
    assert list(sets) == [1]
    assert sets[1][0].is_sure


def test_one_frame_out_of_order_does_not_tell_whose_clock_was_set() -> None:
    """The second clock was set forward, and the first point shows one frame too early about then: either may be it."""
    by = 300 * MS
    true = np.arange(S, 61 * S, 400 * MS)
    odd = true.copy()
    near = int(np.searchsorted(true, AT))
    odd[near] -= 450 * MS
    sets = find_sets({(0, 1): pair(1, same, stepping(by))}, [odd, true + np.where(true >= AT, by, 0)])
    assert not any(one.is_sure for one in sets.get(0, ()))


def seen_in_part(seed: int, clocks: tuple[Clock, Clock], silent: tuple[int, int]) -> PairClock:
    """Two points that share no packets between these two times."""
    sent = [p for p in traffic(random.Random(seed), 60, 6000, (1, 1), 0.1) if not silent[0] < p.one_ts < silent[1]]
    found, _ = bound_pair(paired_of([Sent(clocks[0](p.one_ts), p.other_ts, p.side) for p in sent], clocks[1]))
    assert found is not None
    return found


@pytest.mark.parametrize("by", [300 * MS, -300 * MS, -600 * MS])
def test_a_clock_that_steps_beside_two_others_was_set_though_none_saw_them_all_the_time(by: int) -> None:
    """A gateway's, while a guest moves: its new place shows nothing before, and nobody answers meanwhile."""
    clocks = {
        (0, 1): seen_in_part(1, (same, stepping(by)), (AT - 500 * MS, AT + 150 * MS)),
        (1, 2): seen_in_part(2, (stepping(by), same), (0, AT - 120 * MS)),
        (0, 2): seen_in_part(3, (same, same), (0, AT - 60 * MS)),
    }
    sets = find_sets(clocks, [NO_FILE] * 3 if by < 0 else [np.array([S, 61 * S])] * 3)
    assert list(sets) == [1]
    (was,) = sets[1]
    assert was.is_sure
    assert was.low_ns <= by <= was.high_ns


def test_a_third_clock_that_was_set_itself_clears_nobody() -> None:
    """As much, and ten seconds later: it does not go on beside either."""
    by, far = 300 * MS, np.array([S, 61 * S])

    def later(t: int) -> int:
        return t + (by if t >= AT + 10 * S else 0)

    silent = (AT - 500 * MS, AT + 150 * MS)
    clocks = {
        (0, 1): seen_in_part(1, (same, stepping(by)), silent),
        (1, 2): seen_in_part(2, (stepping(by), later), (0, AT + S)),
        (0, 2): seen_in_part(3, (same, later), (0, AT + S)),
    }
    sets = find_sets(clocks, [far] * 3)
    near = [one for n in (0, 1) for one in sets[n] if one.begin < AT + S]
    assert [one.is_sure for one in near] == [False, False]


@pytest.mark.parametrize("is_sure", [True, False])
def test_a_time_across_a_set_clock_includes_the_truth(is_sure: bool) -> None:
    """At one point by its own clock, and between two by that of a reference that was set."""
    was = Set(AT - MS, AT + 301 * MS, 299 * MS, 301 * MS, is_sure)
    line = Timeline(0, sets=(was,), reference_sets=(was,))
    for told in (elapsed_at(line, AT - S, AT + S), elapsed(line, AT - S, Timeline(0), AT + S)):
        assert told is not None
        assert told.low_ns <= 2 * S - 300 * MS <= told.high_ns
        assert told.uncertainty_ns >= (MS if is_sure else 150 * MS)
        assert told.low_ns <= told.ns <= told.high_ns
    before = elapsed_at(line, AT - 2 * S, AT - S)
    assert (before.low_ns, before.high_ns) == (S, S)


def test_no_chain_goes_by_a_clock_that_was_set() -> None:
    """Though it is the nearer: the other knows the whole time."""
    near = pair(1, same, same)
    clocks = {(0, 1): near, (1, 2): near, (0, 3): pair(2, same, same), (2, 3): pair(3, same, same)}
    assert stand(clocks, 0, 0, {1: ()})[2].via == (0, 3, 2)
    assert stand(clocks, 0, 0, {3: ()})[2].via == (0, 1, 2)


def test_a_step_that_only_others_show_makes_no_delay() -> None:
    """After it packets go one way only, and come 300 ms late by the clock that was set."""
    sent = [p for p in traffic(random.Random(5), 60, 2000, (1, 1), 0.1) if p.side == 0 or p.one_ts < AT - S]
    paired = paired_of(sent, stepping(300 * MS))
    clock, ahead = bound_pair(paired)
    assert clock is not None
    assert len(clock.pieces) == 1
    was = Set(AT - MS, AT + 301 * MS, 299 * MS, 301 * MS, True)
    told = compare_points(0, 1, paired, clock, order_pairs(paired, clock, ahead), sets=((), (was,))).forth
    assert told is not None
    assert told.delays_ms is not None
    assert told.uncertainty_ms is not None
    assert all(abs(delay - 1.2) <= told.uncertainty_ms + 1 for delay in told.delays_ms)


@pytest.mark.parametrize("by", [50 * MS, -50 * MS])
def test_a_clock_that_was_set_twice_where_nobody_answers_holds_the_truth(by: int) -> None:
    """Both points may have been: each has room for the steps one by one, and none for both at once."""
    sent = [p for p in traffic(random.Random(5), 60, 3000, (1, 1), 0.1) if p.side == 0 or p.one_ts < AT - S]

    def other(t: int) -> int:
        return t + by * ((t >= AT) + (t >= AT + S))

    clock, _ = bound_pair(paired_of(sent, other))
    assert clock is not None
    true = np.array(sorted({p.one_ts for p in sent}), np.int64)
    there = np.array([other(t) for t in true.tolist()], np.int64)
    sets = find_sets({(0, 1): clock}, [true, there])
    least, most = (sum(edge) for edge in zip(*(one.counted(AT - 2 * S, AT + 3 * S) for one in sets[1]), strict=True))
    assert least <= 2 * by <= most


def test_a_clock_that_a_third_goes_on_beside_was_not_set_where_nobody_answers() -> None:
    """The first was set, as requests alone show: the second kept beside the third all the while."""
    step = Beyond(AT - MS, AT + 100 * MS, AT - MS, AT + 30 * MS, -71 * MS, -69 * MS)
    clock = replace(pair(1, same, same), beyond=(step,))
    true = np.arange(S, 61 * S, 100 * MS)
    times = [true + np.where(true >= AT, 70 * MS, 0), true, true]
    assert set(find_sets({(0, 1): clock}, times[:2])) == {0, 1}
    sets = find_sets({(0, 1): clock, (1, 2): pair(3, same, same)}, times)
    assert set(sets) == {0}
    assert not sets[0][0].is_sure
