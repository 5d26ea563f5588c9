"""Clocks that run apart faster than clocks should, and steps after which packets went one way only."""

import random
from dataclasses import replace

import pytest

from tests.points.made import MS, S, paired_of, traffic
from vmpcap.points.between import compare_points
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.timeline import Leg, Timeline, elapsed, track_of

MANY = 60
ONE_WAY_STEPS = ((1, -219 * MS), (2, 80 * MS), (3, -2 * S))
"""Seed, and by how much the clock is set when packets have gone one way only for five seconds."""


def clock_of(seed: int, ppm: float, steps: tuple[tuple[int, int], ...] = (), seconds: float = 30) -> PairClock | None:
    rng = random.Random(seed)
    sent = traffic(rng, seconds, 3000, (rng.uniform(0.01, 2), rng.uniform(0.01, 2)), rng.uniform(0.01, 1))
    shown = lambda t: t + round(t * ppm * 1e-6) + sum(step for at, step in steps if t >= at)  # noqa: E731 a clock
    clock, _ = bound_pair(paired_of(sent, shown))
    return clock


def test_a_steep_drift_is_told_as_one() -> None:
    """600 to 4000 ppm over half a minute: one piece, and the truth within what is said at every time."""
    for seed in range(MANY):
        ppm = random.Random(seed).choice((-1, 1)) * random.Random(seed).uniform(600, 4000)
        clock = clock_of(seed, ppm)
        assert clock is not None, seed
        assert (len(clock.pieces), clock.steep) == (1, None), seed
        least, most = clock.longest.drift
        assert least <= ppm * 1e-6 <= most, seed
        assert most - least < 400e-6, seed
        for ts in range(S, 31 * S, S):
            low, high = clock.at(ts)
            assert low - 1 <= ts * ppm * 1e-6 <= high + 1, seed


def test_a_drift_beyond_all_clocks_is_not_told() -> None:
    """8000 ppm: nothing fits."""
    assert clock_of(1, 8000) is None


@pytest.mark.parametrize("step", [-400 * MS, 700 * MS])
def test_a_steep_drift_with_a_step_keeps_the_truth_within(step: int) -> None:
    """Both: two pieces, each as steep."""
    for seed in range(20):
        clock = clock_of(seed, 1500, ((16 * S, step),))
        assert clock is not None, seed
        assert len(clock.pieces) == 2, seed
        for ts in range(2 * S, 30 * S, S):
            if abs(ts - 16 * S) > 200 * MS:
                low, high = clock.at(ts)
                assert low - 1 <= ts * 1500e-6 + (step if ts >= 16 * S else 0) <= high + 1, seed


def test_a_step_is_told_as_one_and_not_as_a_drift() -> None:
    """A clock as clocks should be, set once: no straight line does as well."""
    for seed in range(20):
        clock = clock_of(seed, 30, ((16 * S, 300 * MS),))
        assert clock is not None, seed
        assert (len(clock.pieces), clock.steep) == (2, None), seed


def test_a_step_after_which_packets_go_one_way_only_is_known_to_have_been() -> None:
    """Nobody answers any more: packets bound the clock from one side, and what is taken for it is near the truth."""
    for seed, step in ONE_WAY_STEPS:
        rng = random.Random(seed)
        side = 1 if step > 0 else 0
        sent = [p for p in traffic(rng, 30, 3000, (1.0, 1.0), 0.2) if p.one_ts < 15 * S or p.side == side]
        clock, _ = bound_pair(paired_of(sent, lambda t, by=step: t + (by if t >= 20 * S else 0)))
        assert clock is not None
        assert len(clock.pieces) == 2
        assert clock.middle_ts < 15 * S
        line = Timeline(0, (Leg(track_of(clock), True),), False)
        for ts in range(21 * S, 30 * S, S):
            low, high = clock.at(ts)
            assert low <= step <= high
            assert min(step - low, high - step) < 10 * MS
            assert abs(line.on_point(ts) - step - ts) < 10 * MS


def test_a_way_that_grew_longer_with_the_step_leaves_the_truth_within() -> None:
    """Packets go one way only, and from then on by a way that takes 30 ms more: nobody can know how long it takes."""
    for seed, step in ONE_WAY_STEPS:
        rng = random.Random(seed)
        side = 1 if step > 0 else 0
        sent = [p for p in traffic(rng, 30, 3000, (1.0, 1.0), 0.2) if p.one_ts < 15 * S or p.side == side]
        longer = 30 * MS if side == 0 else -30 * MS
        sent = [p if p.one_ts < 15 * S else replace(p, other_ts=p.other_ts + longer) for p in sent]
        paired = paired_of(sent, lambda t, by=step: t + (by if t >= 20 * S else 0))
        clock, ahead = bound_pair(paired)
        assert clock is not None
        assert len(clock.pieces) == 2
        line = Timeline(0, (Leg(track_of(clock), True),), False)
        for ts in range(21 * S, 30 * S, S):
            low, high = clock.at(ts)
            assert low <= step <= high
            apart = elapsed(Timeline(0), ts, line, ts + step)
            assert apart is not None
            assert apart.low_ns <= 0 <= apart.high_ns
            assert apart.is_later is None
        told = clock.within(paired.one.ts_ns)
        assert told[paired.one.ts_ns < 14 * S].all()
        assert not told[paired.one.ts_ns > 21 * S].any()
        between = compare_points(0, 1, paired, clock, ahead)
        for way in (between.forth, between.back):
            assert way is not None
            assert way.delays_ms is not None
            assert way.uncertainty_ms is not None
            assert way.delays_ms[-1] < 10
            assert way.uncertainty_ms < 10
