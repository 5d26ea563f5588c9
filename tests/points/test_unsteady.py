"""Time stamps that scatter by chance: bars that hold them, and queues that are none."""

import random
from itertools import pairwise

import numpy as np
import pytest

from tests.points.made import MS, S, Sent, paired_of, traffic
from vmpcap.points.jumps import jumps_of
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.pairing import Paired

AHEAD = 40 * MS
SECONDS = 30
TRIALS = 40


def scattered(sent: list[Sent], rng: random.Random, kind: str, by_ms: float) -> tuple[PairClock | None, Paired]:
    """The other clock is ahead by 40 ms, and each of its stamps is off by chance; its file's times rise."""
    paired = paired_of(sent, lambda ts: ts + AHEAD)
    off = {"both": lambda: rng.gauss(0, by_ms), "late": lambda: rng.expovariate(1 / by_ms)}[kind]
    stamps, last = [], 0
    for ts in paired.other.ts_ns.tolist():
        last = max(last + 1000, ts + round(off() * MS))
        stamps.append(last)
    other = paired.other._replace(ts_ns=np.array(stamps, np.int64))
    paired = Paired(paired.one, other, paired.row_one, paired.row_other, 0, 0, 0, 0, 0)
    return bound_pair(paired)[0], paired


@pytest.mark.parametrize("kind", ["both", "late"])
@pytest.mark.parametrize("round_trip_ms", [0.1, 2, 10, 20, 30, 60])
def test_the_truth_lies_within_bounds_of_stamps_that_scatter(round_trip_ms: float, kind: str) -> None:
    """By 5 ms, be that more than the time there and back or less; no step is made of it."""
    honest = 0
    for seed in range(TRIALS):
        rng = random.Random(seed)
        ways = (round_trip_ms / 2, round_trip_ms / 2)
        clock, _ = scattered(traffic(rng, SECONDS, rng.choice((300, 1500)), ways, 0.05), rng, kind, 5)
        assert clock is not None, seed
        low, high = clock.bounds(np.arange(2 * S, SECONDS * S, S // 2))
        honest += bool(((low <= AHEAD) & (high >= AHEAD)).all())
        assert not any(jump.is_shown for jump in jumps_of(clock)), seed
    assert honest >= 0.95 * TRIALS


@pytest.mark.parametrize("kind", ["both", "late"])
def test_few_stamps_that_scatter_seldom_break_the_floor_and_are_doubted_still(kind: str) -> None:
    """A steady clock keeps to a hundred of them, of ways of 15 ms, by narrow bounds that miss the truth."""
    honest = 0
    for seed in range(TRIALS):
        rng = random.Random(seed)
        clock, _ = scattered(traffic(rng, SECONDS, 100, (15.0, 15.0), 0.05), rng, kind, 5)
        assert clock is not None
        low, high = clock.bounds(np.arange(2 * S, SECONDS * S, S // 2))
        honest += bool(((low <= AHEAD) & (high >= AHEAD)).all())
    assert honest >= 0.95 * TRIALS


def test_bounds_hold_each_stamp_and_are_not_wide_beyond() -> None:
    """A packet's time by the other clock is off by its own stamp as well: 95 of 100 are within."""
    rng = random.Random(1)
    clock, paired = scattered(traffic(rng, SECONDS, 1500, (1.0, 1.0), 0.05), rng, "both", 5)
    assert clock is not None
    assert clock.unsteady_ns > 20 * MS
    low, high = clock.bounds(paired.one.ts_ns[paired.row_one])
    late = paired.late_ns
    assert float(((late + MS >= low) & (late - MS <= high)).mean()) >= 0.95
    assert float((high - low).max()) <= 2 * 50 * MS


@pytest.mark.parametrize("queue_ms", [0.05, 1.0, 5.0])
def test_queues_of_both_ways_scatter_no_stamps(queue_ms: float) -> None:
    """Each is late by its own: the bounds stay those of the time there and back."""
    flagged = 0
    for seed in range(TRIALS):
        paired = paired_of(traffic(random.Random(seed), SECONDS, 600, (1.0, 1.0), queue_ms), lambda ts: ts)
        clock, _ = bound_pair(paired)
        assert clock is not None
        flagged += bool(clock.unsteady_ns)
    assert not flagged


@pytest.mark.parametrize("middle_ms", [7, 40])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_a_jitter_that_is_alike_to_both_sides_scatters_no_stamps(kind: str, middle_ms: float) -> None:
    """Of both ways, each packet for itself: the least delay there and back is never broken, and bounds the clock."""
    chance = {"uniform": lambda rng: rng.uniform(-5, 5), "normal": lambda rng: max(1 - middle_ms, rng.gauss(0, 2))}
    for seed in range(TRIALS):
        rng = random.Random(seed)
        sent = []
        for packet in traffic(rng, SECONDS, 1500, (0.0, 0.0), 1e-6):
            way = round((middle_ms + chance[kind](rng)) * MS)
            at = min(packet.one_ts, packet.other_ts)
            sent.append(Sent(*((at, at + way) if packet.side == 0 else (at + way, at)), packet.side))
        paired = paired_of(sorted(sent, key=lambda p: p.one_ts), lambda ts: ts)
        clock, _ = bound_pair(paired)
        assert clock is not None
        assert not clock.unsteady_ns, seed
        low, high = clock.bounds(paired.one.ts_ns[paired.row_one])
        assert ((low <= 0) & (high >= 0)).all()
        assert float(np.median(high - low)) <= 2 * middle_ms * MS


@pytest.mark.parametrize("full", [0, 1])
def test_a_pipe_that_stands_full_of_one_way_scatters_no_stamps(full: int) -> None:
    """Its packets wait for 10 ms, seldom for less; the other way tells that no stamp is off by that."""
    rng = random.Random(5)
    sent = []
    for packet in traffic(rng, SECONDS, 1500, (1.0, 1.0), 0.05):
        wait = round(max(0.0, 10 - rng.expovariate(0.5)) * MS) if packet.side == full else 0
        one, other = (0, wait) if packet.side == 0 else (wait, 0)
        sent.append(Sent(packet.one_ts + one, packet.other_ts + other, packet.side))
    clock, _ = bound_pair(paired_of(sorted(sent, key=lambda p: p.one_ts), lambda ts: ts))
    assert clock is not None
    assert not clock.unsteady_ns


def test_a_clock_that_is_set_scatters_no_stamps() -> None:
    """Both ways move at once, and stay so."""
    sent = traffic(random.Random(6), SECONDS, 1500, (1.0, 1.0), 0.05)
    clock, _ = bound_pair(paired_of(sent, lambda ts: ts + (80 * MS if ts > 12 * S else 0)))
    assert clock is not None
    assert not clock.unsteady_ns
    assert [after.begin > before.end for before, after in pairwise(clock.pieces)] == [True]
