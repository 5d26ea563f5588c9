"""What is said of a clock by way of others: no more than each pair on the way knows at that time."""

import random

import pytest

from tests.points.made import MS, Clock, S, Sent, paired_of, traffic
from vmpcap.points.alike import without_refuted
from vmpcap.points.chain import stand
from vmpcap.points.jumps import jumps_of
from vmpcap.points.pair_clock import PairClock, bound_pair


def pair(sent: list[Sent], clock: Clock) -> PairClock:
    found, _ = bound_pair(paired_of(sent, clock))
    assert found is not None
    return found


def same(t: int) -> int:
    return t


def about(seed: int, seconds: float, least: tuple[float, float], begin: int = 0) -> list[Sent]:
    made = traffic(random.Random(seed), seconds, 400, least, 0.01)
    return [Sent(p.one_ts + begin, p.other_ts + begin, p.side) for p in made]


@pytest.mark.parametrize("begin", [0, 20 * S])
def test_a_pair_that_shares_a_short_time_is_told_at_that_time(begin: int) -> None:
    """Half a second of one minute: elsewhere its drift is not known, and no likeness of both ways bounds that."""
    clocks = {(0, 1): pair(about(1, 60, (0.01, 0.01)), same), (1, 2): pair(about(2, 0.5, (0.9, 0.9), begin), same)}
    found = stand(clocks, 0)[2]
    assert found.via == (0, 1, 2)
    assert found.low_ns <= 0 <= found.high_ns
    assert found.alike_ns is not None
    assert abs(found.middle_ns) <= found.alike_ns
    assert found.uncertainty_ns < 1.2 * MS


def test_the_pair_itself_narrows_what_the_chain_says() -> None:
    """The chain knows the offset to 1 ms from the one side, the pair from the other."""
    clocks = {
        (0, 1): pair(about(1, 60, (0.01, 0.01)), same),
        (1, 2): pair(about(2, 60, (0.1, 1.9)), same),
        (0, 2): pair(about(3, 60, (2.1, 0.1)), same),
    }
    found = stand(clocks, 0)[2]
    assert found.via == (0, 1, 2)
    assert found.low_ns <= 0 <= found.high_ns
    assert found.high_ns - found.low_ns < 0.5 * MS


def test_ways_that_cannot_all_be_alike_are_told_by_what_is_proven() -> None:
    """Of a triangle whose one side takes 9 ms there and 1 ms back; of three like sides each is told as like."""
    like = {
        (0, 1): pair(about(1, 60, (1, 1)), same),
        (1, 2): pair(about(2, 60, (1, 1)), same),
        (0, 2): pair(about(3, 60, (5, 5)), same),
    }
    assert all(clock.alike_ns is not None for clock in without_refuted(like).values())
    unlike = like | {(0, 2): pair(about(3, 60, (9, 1)), same)}
    told = without_refuted(unlike)
    assert all(clock.alike_ns is None for clock in told.values())
    low, high = told[0, 2].at(told[0, 2].middle_ts)
    assert low <= 0 <= high


@pytest.mark.parametrize("step", [300 * MS, -100 * MS])
def test_a_step_is_told_with_its_size_and_its_time(step: int) -> None:
    """The truth lies within both; seen from the other point the change has the other sign."""
    at = 30 * S
    clock = pair(about(4, 60, (1, 1)), lambda t: t + (step if t >= at else 0))
    (jump,) = jumps_of(clock)
    assert jump.is_bound
    assert jump.low_ns <= step <= jump.high_ns
    assert jump.high_ns - jump.low_ns < 5 * MS
    assert jump.begin - 2 * MS <= at <= jump.end + 2 * MS
    assert (jump.back.low_ns, jump.back.high_ns) == (-jump.high_ns, -jump.low_ns)
    said = float(jump.words("a").removeprefix("by ").split(" ms")[0])
    assert said == pytest.approx(step / MS, abs=2.5)


@pytest.mark.parametrize("ppm", [-200, 100])
def test_the_offset_of_a_drifting_clock_is_that_at_the_time_told_with_it(ppm: int) -> None:
    """Ten seconds later it is another by more than the doubt."""
    found = stand({(0, 1): pair(about(1, 60, (0.1, 0.1)), lambda t: t + t * ppm // 1_000_000)}, 0)[1]
    assert found.alike_ns is not None
    assert abs(found.middle_ns - found.at_ts * ppm / 1e6) <= found.alike_ns < 10 * S * abs(ppm) / 1e6
