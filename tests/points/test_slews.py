"""A clock that runs at another rate for a time: no step of it, and no delay of the network."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from tests.points.made import MS, S, Sent, paired_of, traffic
from vmpcap.points.between import compare_points, order_pairs
from vmpcap.points.jumps import how_often, jumps_of
from vmpcap.points.pair_clock import PairClock, bound_pair

SECONDS = 90
TRIALS = 40


def slewed(ppm: float, since: float, until: float, drift: float = 0.0) -> Callable[[int], int]:
    """A clock that runs so much faster from then to then, seconds of the set, besides its own drift."""

    def shown(ts: int) -> int:
        inside = min(max(ts - round((1 + since) * S), 0), round((until - since) * S))
        return ts + round(inside * ppm * 1e-6 + (ts - S) * drift * 1e-6)

    return shown


def found(sent: list[Sent], clock: Callable[[int], int]) -> PairClock:
    """What is said of this clock by these packets."""
    told, _ = bound_pair(paired_of(sent, clock))
    assert told is not None
    return told


def greatest_wrong(told: PairClock, clock: Callable[[int], int]) -> float:
    """By how much is the middle wrong at most, outside of where the pieces change, ns?"""
    times = np.arange(2 * S, SECONDS * S, S // 2)
    low, high = told.bounds(times)
    truth = np.array([clock(int(ts)) - int(ts) for ts in times])
    return float(np.abs((low + high) / 2 - truth)[told.within(times)].max())


@pytest.mark.parametrize("ways", [(0.5, 0.5), (3.0, 3.0), (25.0, 25.0)])
@pytest.mark.parametrize("ppm", [500, -500, 300])
def test_a_clock_that_is_slewed_for_half_a_minute_is_no_queue(ways: tuple[float, float], ppm: int) -> None:
    """Whether the time there and back is less than what it moves (15 ms), or more: both ways show it, oppositely."""
    sent = traffic(random.Random(1), SECONDS, 6000, ways, 0.05)
    clock = slewed(ppm, 30, 60)
    told = found(sent, clock)
    assert how_often(jumps_of(told)) == "was slewed (its rate changed 2 times)"
    assert greatest_wrong(told, clock) <= 0.1 * sum(ways) / 2 * MS + 0.1 * MS
    first, second = jumps_of(told)
    assert first.begin <= 31 * S <= first.end
    assert second.begin <= 61 * S <= second.end
    for jump, by in ((first, ppm), (second, -ppm)):
        assert jump.bend is not None
        assert jump.bend[0] <= by * 1e-6 <= jump.bend[1]


@pytest.mark.parametrize("ways", [(0.5, 0.5), (3.0, 3.0)])
def test_the_delays_beside_a_slewed_clock_are_those_of_the_network(ways: tuple[float, float]) -> None:
    """Its 95th percentile is 0.15 ms above the least, and the clock adds nothing to that."""
    sent = traffic(random.Random(2), SECONDS, 6000, ways, 0.05)
    paired = paired_of(sent, slewed(-500, 30, 60))
    clock, ahead = bound_pair(paired)
    between = compare_points(0, 1, paired, clock, order_pairs(paired, clock, ahead))
    for way, least in zip((between.forth, between.back), ways, strict=True):
        assert way is not None
        assert way.delays_ms is not None
        assert way.delays_ms[0] == pytest.approx(least, abs=0.1 + 0.05 * least)
        assert way.delays_ms[2] - way.delays_ms[0] < 0.15 + 0.1 + 0.05 * least


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("ramp", [False, True])
def test_a_queue_of_one_way_is_no_slew(way: int, ramp: bool) -> None:
    """It stands for half a minute, or grows as a clock would run away: the other way does not change."""
    sent = []
    for packet in traffic(random.Random(3), SECONDS, 6000, (3.0, 3.0), 0.05):
        since = packet.one_ts - 31 * S
        wait = 0 if packet.side != way or not 0 <= since < 30 * S else (round(since * 5e-4) if ramp else 10 * MS)
        one, other = (0, wait) if way == 0 else (wait, 0)
        sent.append(Sent(packet.one_ts + one, packet.other_ts + other, packet.side))
    sent.sort(key=lambda p: p.one_ts)
    told = found(sent, lambda ts: ts)
    assert len(told.pieces) == 1
    assert greatest_wrong(told, lambda ts: ts) <= 0.3 * MS


@pytest.mark.parametrize("step", [7 * MS, -80 * MS])
def test_a_step_of_a_clock_that_drifts_is_no_slew(step: int) -> None:
    """It runs at one rate before and after."""
    sent = traffic(random.Random(4), SECONDS, 6000, (5.0, 5.0), 0.2)
    told = found(sent, lambda ts: ts + round((ts - S) * 40e-6) + (step if ts >= 40 * S else 0))
    (jump,) = jumps_of(told)
    assert jump.bend is None
    assert jump.low_ns <= step <= jump.high_ns


def test_a_clock_that_runs_fast_all_the_time_is_no_slew() -> None:
    """Four hundred ppm from the first packet to the last."""
    sent = traffic(random.Random(5), SECONDS, 6000, (3.0, 3.0), 0.05)
    told = found(sent, slewed(400, 0, SECONDS + 10))
    assert len(told.pieces) == 1


def test_the_truth_lies_within_what_is_said_of_slewed_clocks() -> None:
    """At all times of the set, at least 95 of 100; and what holds where both ways are alike."""
    honest = alike = 0
    for seed in range(TRIALS):
        rng = random.Random(seed)
        ways = [rng.choice((0.05, 0.5, 3.0, 20.0))] * 2
        sent = traffic(rng, SECONDS, rng.choice((600, 3000)), (ways[0], ways[1]), rng.uniform(0.02, 0.5))
        since = rng.uniform(-20, 60)
        clock = slewed(rng.choice((-1, 1)) * rng.uniform(100, 500), since, since + rng.uniform(5, 60), rng.gauss(0, 20))
        told = found(sent, clock)
        times = np.arange(2 * S, SECONDS * S, S // 4)
        low, high = told.bounds(times)
        truth = np.array([clock(int(ts)) - int(ts) for ts in times])
        honest += bool(((low - 1 <= truth) & (truth <= high + 1)).all())
        middle = told.middle_ts
        low_ns, high_ns = told.at(middle)
        assert told.alike_ns is not None
        alike += abs((low_ns + high_ns) / 2 - (clock(middle) - middle)) <= told.alike_ns
    assert honest >= 0.95 * TRIALS
    assert alike >= 0.95 * TRIALS
