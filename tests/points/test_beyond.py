"""Steps that packets of one direction alone show, where nobody answers any more."""

import random

import numpy as np
import pytest

from tests.points.made import S, paired_of, traffic
from vmpcap.points.beyond import steps_beyond
from vmpcap.points.pair_clock import PairClock, bound_pair

MS = 1_000_000
COUNT, STEP_AT = 60, 50


def made(by: int, jitter: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A packet every 10 ms, 1 ms on its way; the one clock is set by so much at the last ten."""
    at = np.arange(COUNT, dtype=np.int64) * 10 * MS
    late = MS + np.resize(np.array(jitter, np.int64), COUNT)
    at[STEP_AT:] += by
    late[STEP_AT:] -= by
    return np.zeros(COUNT, np.uint64), at, late


@pytest.mark.parametrize("by", [30 * MS, -30 * MS])
def test_a_step_at_the_end_is_found_with_its_size_and_time(by: int) -> None:
    ways, at, late = made(by, [0, 20_000, 7_000])
    (step,) = steps_beyond(ways, at, late, 100_000)
    assert step.low_ns <= -by <= step.high_ns
    assert {step.begin, step.end} == {int(at[STEP_AT - 1]), int(at[STEP_AT])}


@pytest.mark.parametrize("by", [30 * MS, -30 * MS])
def test_a_step_at_the_begin_is_found_alike(by: int) -> None:
    """The same packets from the last to the first: what is shown more before is what is shown less after."""
    ways, at, late = made(by, [0, 20_000, 7_000])
    at, late = int(at.max()) - at[::-1], late[::-1]
    (step,) = steps_beyond(ways, at, late, 100_000)
    assert step.low_ns <= by <= step.high_ns


@pytest.mark.parametrize(
    ("by", "jitter"), [(0, [0, 20_000, 7_000]), (MS, [0, 20_000]), (30 * MS, [0, 5 * MS, 40 * MS, 17 * MS])]
)
def test_no_step_is_told_by_what_queues_do_as_well(by: int, jitter: list[int]) -> None:
    assert steps_beyond(*made(by, jitter), 100_000) == ()


def set_for_a_while(by: int) -> PairClock:
    """A clock is set in the middle, which answers show, and back 25 s later, when only requests come any more."""
    sent = [p for p in traffic(random.Random(7), 60, 3000, (1, 1), 0.1) if p.side == 0 or p.one_ts < 50 * S]
    clock, _ = bound_pair(paired_of(sent, lambda t: t + (by if 30 * S <= t < 55 * S else 0)))
    assert clock is not None
    return clock


def test_a_clock_that_was_set_back_to_earlier_times_is_found_by_the_order_of_its_capture() -> None:
    """It shows 40 ms twice: what is captured after is a piece of its own, around the truth of no difference."""
    clock = set_for_a_while(40 * MS)
    assert (clock.beyond, len(clock.pieces)) == ((), 3)
    assert clock.guessed is not None
    low, high = clock.guessed.at(58 * S)
    assert low <= 0 <= high < 40 * MS


def test_a_clock_that_was_set_forward_again_where_nobody_answers_is_found_beyond_the_answers() -> None:
    """Its times go on rising: only that all requests seem 25 ms later than before tells it."""
    clock = set_for_a_while(-25 * MS)
    assert (clock.guessed, len(clock.pieces)) == (None, 2)
    (step,) = clock.beyond
    assert step.low_ns <= 25 * MS <= step.high_ns
    assert step.begin <= 55 * S <= step.end + 25 * MS


@pytest.mark.parametrize("by", [40 * MS, -25 * MS])
def test_a_clock_that_was_set_once_is_not_found_set_back(by: int) -> None:
    sent = [p for p in traffic(random.Random(7), 60, 3000, (1, 1), 0.1) if p.side == 0 or p.one_ts < 50 * S]
    clock, _ = bound_pair(paired_of(sent, lambda t: t + (by if t >= 30 * S else 0)))
    assert clock is not None
    assert clock.beyond == ()


@pytest.mark.parametrize("by", [30 * MS, -30 * MS])
def test_a_clock_that_was_set_twice_the_same_way_is_found_as_one_step(by: int) -> None:
    """The packets between the two are late neither like those before nor like those after."""
    ways, at, late = made(by, [0, 20_000, 7_000])
    at[STEP_AT + 4 :] += by
    late[STEP_AT + 4 :] -= by
    (step,) = steps_beyond(ways, at, late, 100_000)
    assert step.low_ns <= -2 * by <= step.high_ns
    assert step.begin <= at[STEP_AT - 1] <= step.end
    assert step.begin <= at[STEP_AT + 4] <= step.end
    assert abs(step.once_ns - abs(by)) <= MS


def test_a_queue_that_grows_and_then_stands_is_no_clock_that_was_set() -> None:
    """It fills over eight packets, and is full at the last ten."""
    ways, at, late = made(0, [0, 20_000, 7_000])
    late[-18:-10] += np.arange(1, 9) * 5 * MS
    late[-10:] += 40 * MS
    assert steps_beyond(ways, at, late, 100_000) == ()
