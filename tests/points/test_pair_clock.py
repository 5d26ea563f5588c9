"""Offset, drift and steps between two clocks, against clocks that are made here: the truth lies within what is said."""

import random

import numpy as np
import numpy.typing as npt
import pytest

from tests.points.made import MS, US, S, Sent, paired_of, traffic
from vmpcap.points.between import compare_points, order_pairs
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.resolution import coarseness

TRIALS = 100


def found(sent: list[Sent], offset: int, ppm: float = 0.0, step: int = 0, step_at: int = 1 << 62) -> PairClock | None:
    """What is said of a clock that is ahead by this, runs faster by that, and steps then."""
    clock, _ = bound_pair(paired_of(sent, lambda t: t + offset + round(t * ppm * 1e-6) + (step if t >= step_at else 0)))
    return clock


def random_path(rng: random.Random, count: int = 400) -> tuple[list[Sent], float, tuple[float, float]]:
    """Packets over a path of which nobody knows how alike both directions are."""
    seconds = rng.uniform(1, 200)
    least = rng.uniform(0.01, 20), rng.uniform(0.01, 20)
    return traffic(rng, seconds, count, least, rng.uniform(0.01, 5)), seconds, least


def test_a_constant_offset_lies_within_what_is_said_of_it() -> None:
    """And the doubt is about half the time there and back, for no more can be known."""
    for seed in range(TRIALS):
        rng = random.Random(seed)
        sent, _, least = random_path(rng)
        offset = rng.randrange(-200 * MS, 200 * MS)
        clock = found(sent, offset)
        assert clock is not None
        low, high = clock.at(clock.middle_ts)
        assert low <= offset <= high, seed
        assert high - low >= sum(least) * MS * 0.999, seed


@pytest.mark.parametrize("most_ppm", [50.0, 200.0])
def test_a_drifting_clock_lies_within_what_is_said_at_every_time(most_ppm: float) -> None:
    """Offset and drift, at the first packet, in the middle, at the last."""
    for seed in range(TRIALS):
        rng = random.Random(seed)
        sent, _, _ = random_path(rng)
        offset, ppm = rng.randrange(-S, S), rng.uniform(-most_ppm, most_ppm)
        clock = found(sent, offset, ppm)
        assert clock is not None
        assert len(clock.pieces) == 1, seed
        least, most = clock.longest.drift
        assert least - 1e-9 <= ppm * 1e-6 <= most + 1e-9, seed
        for at in (sent[0].one_ts, clock.middle_ts, sent[-1].one_ts):
            low, high = clock.at(at)
            assert low - 1 <= offset + at * ppm * 1e-6 <= high + 1, seed


def test_a_long_capture_tells_the_drift() -> None:
    """50 ppm over ten minutes on a path of 2 ms: within a few ppm."""
    sent = traffic(random.Random(1), 600, 5000, (1.0, 1.0), 0.5)
    clock = found(sent, 5 * MS, 50.0)
    assert clock is not None
    least, most = clock.longest.drift
    assert least <= 50e-6 <= most
    assert most - least < 10e-6


def test_a_step_is_found_and_the_truth_on_both_sides_is_within_what_is_said() -> None:
    """At least 95 of 100; a step well above what the bounds leave open, at any time but the very ends."""
    honest = seen = 0
    for seed in range(TRIALS):
        rng = random.Random(seed)
        sent, seconds, least = random_path(rng)
        offset, ppm = rng.randrange(-S, S), rng.uniform(-50, 50)
        step = rng.choice((-1, 1)) * round((2 * sum(least) + 20) * MS * rng.uniform(1, 5))
        step_at = S + round(seconds * S * rng.uniform(0.15, 0.85))
        clock = found(sent, offset, ppm, step, step_at)
        if clock is None:
            continue
        seen += len(clock.pieces) == 2
        is_within = True
        for piece in clock.pieces:
            for at in (piece.begin, (piece.begin + piece.end) // 2, piece.end):
                low, high = clock.at(at)
                truth = offset + at * ppm * 1e-6 + (step if at >= step_at else 0)
                is_within &= low - 1 <= truth <= high + 1
        honest += is_within
    assert honest >= 95
    assert seen >= 95


def test_one_direction_alone_bounds_nothing() -> None:
    """A delay and an offset look alike."""
    rng = random.Random(1)
    sent = [p for p in traffic(rng, 10, 200, (1.0, 1.0), 1.0) if p.side == 0]
    assert found(sent, 0) is None


def test_ends_that_answer_by_another_way_do_not_narrow_the_bounds() -> None:
    """Half of their packets pass the points in the one order, half in the other: each alone bounds nothing."""
    rng = random.Random(3)
    sent = [
        Sent(p.other_ts, p.one_ts, p.side) if rng.randrange(2) else p for p in traffic(rng, 10, 400, (1.0, 1.0), 1.0)
    ]
    sent.sort(key=lambda p: p.one_ts)
    clock = found(sent, 30 * MS)
    if clock is not None:
        low, high = clock.at(clock.middle_ts)
        assert low <= 30 * MS <= high


def test_coarse_time_stamps_widen_the_bounds() -> None:
    """Cut to a microsecond, a packet may seem to come before it was sent."""
    sent = traffic(random.Random(5), 10, 400, (0.0, 0.0), 0.001)
    cut = [Sent(p.one_ts // US * US, p.other_ts // US * US, p.side) for p in sent]
    clock = found(cut, 0)
    assert clock is not None
    low, high = clock.at(clock.middle_ts)
    assert low <= 0 <= high


@pytest.mark.parametrize("step", [80 * MS, -200 * MS])
def test_a_step_makes_no_delay_longer_or_negative(step: int) -> None:
    """Between its two pieces nobody knows the clock: those packets tell no delay, and all others theirs."""
    sent = traffic(random.Random(5), 10, 2000, (2.0, 2.0), 0.1)
    paired = paired_of(sent, lambda t: t + (step if t > 6 * S else 0))
    clock, ahead = bound_pair(paired)
    assert clock is not None
    assert len(clock.pieces) == 2
    low, high = clock.bounds(paired.one.ts_ns)
    truth = np.where(paired.one.ts_ns > 6 * S, step, 0)
    beside = np.abs(paired.one.ts_ns - 6 * S) < 5 * MS
    assert ((low <= truth) & (truth <= high))[~beside].all()
    pair = compare_points(0, 1, paired, clock, order_pairs(paired, clock, ahead))
    for way in (pair.forth, pair.back):
        assert way is not None
        assert way.delays_ms is not None
        assert way.uncertainty_ms is not None
        assert way.uncertainty_ms < 3
        assert abs(way.delays_ms[0] - 2.0) <= way.uncertainty_ms
        assert way.delays_ms[3] < 5


@pytest.mark.parametrize("tick", [15_625_000, 15_600_100])
def test_a_clock_that_ticks_seldom_widens_bounds_and_delays(tick: int) -> None:
    """Many packets bear one time; the delay of each is off by up to a tick, and the truth lies within."""
    sent = traffic(random.Random(5), 10, 4000, (6.5, 6.5), 0.1)
    paired = paired_of(sent, lambda t: t // tick * tick)
    clock, ahead = bound_pair(paired)
    assert clock is not None
    low, high = clock.at(clock.middle_ts)
    assert low <= 0 <= high
    assert clock.alike_ns is None or abs(low + high) / 2 <= clock.alike_ns
    pair = compare_points(0, 1, paired, clock, order_pairs(paired, clock, ahead))
    assert pair.coarse_ns == (0, tick)
    for way in (pair.forth, pair.back):
        assert way is not None
        assert way.delays_ms is not None
        assert way.uncertainty_ms is not None
        assert all(abs(told - 6.6) <= way.uncertainty_ms + 0.5 for told in way.delays_ms)


def named(count: int) -> npt.NDArray[np.uint64]:
    """So many packets, none of them like another."""
    return np.arange(count, dtype=np.uint64)


def test_packets_at_even_distances_do_not_make_a_clock_coarse() -> None:
    """One every 10 ms, each with a time of its own."""
    assert coarseness(np.arange(100) * 10 * MS + 7, named(100)) == 0


def test_packets_shown_twice_do_not_make_a_clock_coarse() -> None:
    """Each at one time of its own, to the nanosecond, and once more at the same: at even distances, and at uneven."""
    rng = random.Random(3)
    names = np.repeat(named(100), 2)
    assert coarseness(np.repeat(np.arange(100) * 10 * MS + 7, 2), names) == 0
    uneven = np.cumsum([rng.randrange(2 * MS, 40 * MS) for _ in range(100)])
    assert coarseness(np.repeat(uneven, 2), names) == 0


def test_bursts_that_bear_one_time_each_do_not_make_a_clock_coarse() -> None:
    """A card that stamps what it fetches at once: forty bursts at times that are multiples of nothing, or four."""
    rng = random.Random(4)
    bursts = np.cumsum([rng.randrange(2 * MS, 40 * MS) for _ in range(40)])
    assert coarseness(np.repeat(bursts, 10), named(400)) == 0
    assert coarseness(np.repeat(np.arange(4) * 30 * MS + 7, 10), named(40)) == 0


def test_a_clock_that_ticks_between_its_packets_is_known_by_what_their_distances_share() -> None:
    """Bursts of 3 packets six or seven ticks apart: no two of them are one tick apart."""
    rng = random.Random(5)
    tick = 15_600_100
    bursts = np.cumsum([rng.choice((6, 7)) * tick for _ in range(30)])
    assert coarseness(np.repeat(bursts, 3), named(90)) == pytest.approx(tick, abs=US)
