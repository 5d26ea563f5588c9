"""Steps of a clock by less than the time there and back: told by both ways at once, and by no queue."""

import random
from itertools import pairwise

import pytest

from tests.points.made import MS, S, Sent, paired_of, traffic
from vmpcap.points.jumps import how_often, jumps_of
from vmpcap.points.pair_clock import PairClock, bound_pair

TRIALS = 60
SECONDS = 18


def found(sent: list[Sent], ppm: float, steps: dict[int, int]) -> PairClock:
    """What is said of a clock that runs faster by this, and is set by so much at these times."""

    def shown(ts: int) -> int:
        return ts + round((ts - S) * ppm * 1e-6) + sum(by for at, by in steps.items() if ts >= at)

    clock, _ = bound_pair(paired_of(sent, shown))
    assert clock is not None
    return clock


@pytest.mark.parametrize("step", [7 * MS, -7 * MS, 3 * MS])
def test_a_step_below_the_round_trip_is_no_drift(step: int) -> None:
    """Ten milliseconds there and back; a drift of as many ppm as clocks may have would explain it."""
    sent = traffic(random.Random(1), SECONDS, 4000, (5.0, 5.0), 0.2)
    clock = found(sent, 60, {10 * S: step})
    assert len(clock.pieces) == 2
    (jump,) = jumps_of(clock)
    assert jump.begin <= 10 * S <= jump.end
    assert jump.low_ns <= step <= jump.high_ns


def test_two_steps_that_cancel_are_two() -> None:
    """The offset at the end is what it was at first."""
    sent = traffic(random.Random(2), SECONDS, 6000, (5.0, 5.0), 0.2)
    clock = found(sent, 0, {7 * S: 4 * MS, 13 * S: -4 * MS})
    ends = zip((7 * S, 13 * S), pairwise(clock.pieces), strict=True)
    assert all(before.end <= at <= after.begin for at, (before, after) in ends)
    assert len(clock.pieces) == 3


@pytest.mark.parametrize("few", [1, 2, 3, 4])
@pytest.mark.parametrize("set_back", [-1500 * MS, -60 * MS])
def test_a_few_packets_from_before_a_clock_was_set_back_are_no_step_of_the_rest(few: int, set_back: int) -> None:
    """They are too few for a line of their own, and lie before the one that holds since."""
    for seed in range(4):
        sent = traffic(random.Random(seed), SECONDS, 700, (0.2, 0.2), 0.2)
        late = [p for p in sent if p.one_ts >= 9 * S]
        paired = paired_of([*sent[:few], *late], lambda ts: ts)
        paired.one.ts_ns[paired.one.ts_ns >= 9 * S] += set_back
        clock, _ = bound_pair(paired)
        assert clock is not None
        for ts in range(10 * S, 18 * S, S):
            low, high = clock.at(ts + set_back)
            assert low - 1 <= -set_back <= high + 1


def test_the_truth_lies_within_what_is_said_beside_steps_of_any_size() -> None:
    """At least 95 of 100: both what holds in any case and what holds where both ways are alike."""
    honest = alike = 0
    for seed in range(TRIALS):
        rng = random.Random(seed)
        sent = traffic(rng, SECONDS, 3000, (4.0, 4.0), rng.uniform(0.05, 0.5))
        ppm = rng.uniform(0, 100)
        step, at = rng.choice((-1, 1)) * round(MS * 10 ** rng.uniform(-0.3, 1.7)), round(S * rng.uniform(4, 16))
        clock = found(sent, ppm, {at: step})
        held = []
        for ts in range(2 * S, (SECONDS + 1) * S, S // 4):
            low, high = clock.at(ts)
            truth = (ts - S) * ppm * 1e-6 + (step if ts >= at else 0)
            held.append(low - 1 <= truth <= high + 1)
        honest += all(held)
        low, high = clock.at(clock.middle_ts)
        truth = (clock.middle_ts - S) * ppm * 1e-6 + (step if clock.middle_ts >= at else 0)
        assert clock.alike_ns is not None
        alike += abs((low + high) / 2 - truth) <= clock.alike_ns
    assert honest >= 0.95 * TRIALS
    assert alike >= 0.95 * TRIALS


def queued(sent: list[Sent], by: dict[int, tuple[int, int, int]]) -> list[Sent]:
    """The same packets, those of each side later by so much (ns) from then to then."""
    moved = []
    for packet in sent:
        begin, end, more = by[packet.side]
        wait = more if begin <= packet.one_ts < end else 0
        one, other = (0, wait) if packet.side == 0 else (wait, 0)
        moved.append(Sent(packet.one_ts + one, packet.other_ts + other, packet.side))
    return sorted(moved, key=lambda p: p.one_ts)


@pytest.mark.parametrize("way", [0, 1])
def test_a_queue_of_one_way_is_no_step(way: int) -> None:
    """It moves that way's delay only."""
    sent = traffic(random.Random(3), SECONDS, 4000, (5.0, 5.0), 0.2)
    by = {way: (10 * S, 99 * S, 6 * MS), 1 - way: (0, 0, 0)}
    assert len(found(queued(sent, by), 60, {}).pieces) == 1


def test_queues_of_both_ways_one_after_the_other_are_no_step_where_a_moment_was_idle() -> None:
    """First the one way stands in a queue, a second later the other: for that second both took their least."""
    sent = traffic(random.Random(4), SECONDS, 4000, (5.0, 5.0), 0.2)
    by = {0: (0, 9 * S, 6 * MS), 1: (12 * S, 99 * S, 6 * MS)}
    assert len(found(queued(sent, by), 0, {}).pieces) == 1


@pytest.mark.parametrize("gap_ms", [0, 20])
def test_a_queue_that_goes_over_from_one_way_to_the_other_at_once_is_told_as_no_step(gap_ms: int) -> None:
    """6 ms leave the one way as they come into the other, as where both share a buffer. The clocks never moved."""
    sent = traffic(random.Random(4), SECONDS, 4000, (5.0, 5.0), 0.2)
    clock = found(queued(sent, {0: (0, 9 * S, 6 * MS), 1: (9 * S + gap_ms * MS, 99 * S, 6 * MS)}), 0, {})
    assert all(low <= 0 <= high for low, high in (clock.at(ts) for ts in range(2 * S, 18 * S, S)))
    jumps = list(jumps_of(clock))
    assert [jump.is_shown for jump in jumps] == [False] * len(jumps)
    assert not how_often(jumps).startswith("stepped")


@pytest.mark.parametrize("step", [80 * MS, -80 * MS])
def test_a_step_that_no_queue_can_make_is_told(step: int) -> None:
    """By more than the time there and back of 10 ms, whatever the ways are: what it was leaves no room for none."""
    sent = traffic(random.Random(1), SECONDS, 4000, (5.0, 5.0), 0.2)
    jumps = list(jumps_of(found(sent, 60, {10 * S: step})))
    assert [jump.is_shown for jump in jumps] == [True]
    assert how_often(jumps) == "stepped 1 time"


def test_no_step_is_told_of_clocks_that_only_drift() -> None:
    """Whatever the ways and their queues are."""
    for seed in range(TRIALS):
        rng = random.Random(seed)
        sent = traffic(
            rng, rng.uniform(1, 200), 600, (rng.uniform(0.01, 20), rng.uniform(0.01, 20)), rng.uniform(0.01, 5)
        )
        assert len(found(sent, rng.uniform(-100, 100), {}).pieces) == 1, seed
