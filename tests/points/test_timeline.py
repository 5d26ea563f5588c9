"""One clock beside another at any time: the truth lies within, there and back, through chains, drift and steps."""

import random
from dataclasses import replace

import numpy as np
import pytest

from tests.points.made import MS, US, Clock, S, paired_of, traffic
from vmpcap.points.chain import contradictions, stand, timeline_of_reference
from vmpcap.points.clock import Offset
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.pairing import Paired
from vmpcap.points.sets import Set, find_sets
from vmpcap.points.timeline import Timeline, constant_timeline, elapsed, elapsed_at, track_of


def clock_of(rng: random.Random, seconds: int, is_stepping: bool = False) -> Clock:
    """An offset, a drift to 100 ppm, and perhaps a step."""
    offset, ppm, step = rng.randrange(-S, S), rng.uniform(-100, 100), rng.choice((-1, 1)) * rng.randrange(60 * MS, S)
    at = S + rng.randrange(seconds * S // 5, seconds * S * 4 // 5)
    return lambda t: t + offset + round(t * ppm * 1e-6) + (step if is_stepping and t >= at else 0)


def pair_of(rng: random.Random, seconds: int, one: Clock, other: Clock) -> PairClock:
    """What packets over some path say of two clocks."""
    least = rng.uniform(0.01, 5), rng.uniform(0.01, 5)
    made = paired_of(traffic(rng, seconds, 400, least, rng.uniform(0.01, 2)), other)
    shown = made.one._replace(ts_ns=made.one.ts_ns * 0 + [one(int(t)) for t in made.one.ts_ns])
    clock, _ = bound_pair(Paired(shown, made.other, made.row_one, made.row_other, 0, 0, 0, 0, 0))
    assert clock is not None
    return clock


def same(t: int) -> int:
    """A clock that is right."""
    return t


@pytest.mark.parametrize("seed", range(40))
def test_the_truth_is_within_at_every_time_there_and_back(seed: int) -> None:
    """Of every second a step; between its two pieces the interval holds both."""
    rng = random.Random(seed)
    other = clock_of(rng, 60, is_stepping=bool(seed % 2))
    track = track_of(pair_of(rng, 60, same, other))
    for _ in range(100):
        ts = S + rng.randrange(60 * S)
        there, here = track.there(ts), track.here(other(ts))
        assert there[0] - 2 <= other(ts) <= there[1] + 2
        assert here[0] - 2 <= ts <= here[1] + 2


@pytest.mark.parametrize("seed", range(8))
def test_many_times_are_told_as_each_by_itself(seed: int) -> None:
    """Through a chain, with steps, one of them back, and far before and after the packets."""
    rng = random.Random(seed)
    shown = [clock_of(rng, 60, is_stepping=n < 2) for n in range(3)]
    pairs = {(0, 1): pair_of(rng, 60, shown[0], shown[1]), (1, 2): pair_of(rng, 60, shown[1], shown[2])}
    times = np.array(
        [rng.randrange(-1000 * S, 1000 * S) for _ in range(50)] + [rng.randrange(62 * S) for _ in range(50)]
    )
    for standing in stand(pairs, rng.randrange(3)).values():
        line = replace(standing.timeline, is_given=False)
        assert line.all_on_point(times).tolist() == [line.on_point(int(t)) for t in times]
        assert line.all_on_reference(times).tolist() == [line.on_reference(int(t)) for t in times]


@pytest.mark.parametrize("seed", range(30))
def test_through_a_chain_order_and_length_are_never_claimed_wrongly(seed: int) -> None:
    """Three points, the middle one between; each time span between two of their frames lies within its bounds."""
    rng = random.Random(seed)
    shown = [clock_of(rng, 60, is_stepping=n == 1 and bool(seed % 2)) for n in range(3)]
    pairs = {(0, 1): pair_of(rng, 60, shown[0], shown[1]), (1, 2): pair_of(rng, 60, shown[1], shown[2])}
    found = stand(pairs, 0)
    lines = {0: timeline_of_reference(pairs, 0, 0)} | {n: s.timeline for n, s in found.items()}
    assert found[2].via == (0, 1, 2)
    for _ in range(50):
        a, b = rng.randrange(3), rng.randrange(3)
        first, second = S + rng.randrange(60 * S), S + rng.randrange(60 * S)
        told = elapsed(lines[a], shown[a](first), lines[b], shown[b](second))
        assert told is not None
        rate = 100 * abs(second - first) // 1_000_000 + 2  # by the reference's clock, which drifts itself
        assert told.low_ns - rate <= second - first <= told.high_ns + rate
        if abs(second - first) > rate:
            assert told.is_later in (None, second > first)


@pytest.mark.parametrize("reference", range(3))
@pytest.mark.parametrize("step", [-4 * MS, 4 * MS])
def test_a_middle_point_that_was_set_by_little_puts_no_time_wrong_between_the_others(step: int, reference: int) -> None:
    """The one way takes 1 ms, the other 5: so little steps lead out of bounds that hold all packets."""
    rng = random.Random(step)
    at = S + rng.randrange(12, 48) * S
    shown = (same, lambda t: t + (step if t >= at else 0), same)

    def seen_by(one: Clock, other: Clock) -> PairClock:
        made = paired_of(traffic(rng, 60, 1500, (1.0, 5.0), 0.1), other)
        here = made.one._replace(ts_ns=np.array([one(int(t)) for t in made.one.ts_ns], np.int64))
        clock, _ = bound_pair(Paired(here, made.other, made.row_one, made.row_other, 0, 0, 0, 0, 0))
        assert clock is not None
        return clock

    pairs = {(n, n + 1): seen_by(shown[n], shown[n + 1]) for n in range(2)}
    sets = find_sets(pairs, [np.array([clock(t) for t in range(S, 61 * S, 40 * MS)]) for clock in shown])
    lines = {reference: timeline_of_reference(pairs, reference, 0)}
    lines |= {n: standing.timeline for n, standing in stand(pairs, reference).items()}
    own = {n: replace(t, sets=sets.get(n, ()), reference_sets=sets.get(reference, ())) for n, t in lines.items()}
    for _ in range(100):
        first = at + rng.randrange(-10 * S, 10 * S)
        second = first + rng.randrange(20 * MS)
        told = elapsed(own[0], first, own[2], second)
        assert told is not None
        assert told.low_ns - 2 <= second - first <= told.high_ns + 2


def test_a_pair_that_contradicts_the_others_is_named() -> None:
    """A, B and C on one clock, and a third pair that says C is a second ahead."""
    rng = random.Random(1)

    def ahead(t: int) -> int:
        return t + S

    pairs = {(0, 1): pair_of(rng, 60, same, same), (1, 2): pair_of(rng, 60, same, same)}
    pairs[0, 2] = pair_of(rng, 60, same, same)

    def odd() -> list[tuple[int, int]]:
        found = stand(pairs, 0)
        lines = {0: timeline_of_reference(pairs, 0, 0)} | {n: s.timeline for n, s in found.items()}
        return contradictions(pairs, lines)

    assert odd() == []
    pairs[0, 2] = pair_of(rng, 60, same, ahead)
    assert odd() != []


def test_points_of_two_groups_have_no_time_between_them() -> None:
    """Nothing shows how they stand; nor does anything of a clock that was not compared."""
    assert elapsed(Timeline(0), 5, Timeline(1), 9) is None
    assert elapsed(Timeline(-1), 5, Timeline(-1), 9) is None
    told = elapsed(Timeline(0), 5, constant_timeline(Offset(-2, 1, 3)), 9)
    assert told is not None
    assert (told.ns, told.low_ns, told.high_ns, told.uncertainty_ns) == (4, 3, 6, 2)


def test_what_two_points_share_narrows_what_the_reference_says_of_them() -> None:
    """Both are known to 1 ms against the reference, to 1 us against each other."""
    far = Offset(9 * MS, 11 * MS, 3)
    leg = constant_timeline(Offset(-US, US, 3)).legs[0]
    line = constant_timeline(far)
    one = Timeline(0, line.legs, False, 1, {2: leg})
    two = Timeline(0, line.legs, False, 2)
    told = elapsed(one, S, two, S + 10 * US)
    assert told is not None
    assert (told.low_ns, told.high_ns) == (9 * US, 11 * US)
    assert told.is_later


@pytest.mark.parametrize(("begin_ms", "end_ms", "truth_ms"), [(200, 215, -318), (200, 215, 15), (380, 410, -303)])
def test_of_times_that_a_clock_showed_twice_either_may_be_first(begin_ms: int, end_ms: int, truth_ms: int) -> None:
    """Set back by 333 ms at 410: a frame that shows 200 may have passed after one that shows 215."""
    was_set = Set(97_000_000, 405_000_000, -333_600_000, -332_400_000, True)
    found = elapsed_at(
        Timeline(0, sets=(was_set,), reference_sets=(was_set,)), begin_ms * 1_000_000, end_ms * 1_000_000
    )
    assert found.low_ns <= truth_ms * 1_000_000 <= found.high_ns
    assert found.is_later is None
