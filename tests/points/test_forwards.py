"""A clock that was set forward never showed some times: beside them another is known as between two packets."""

import random

import numpy as np
import pytest

from tests.points.made import MS, Clock, S, paired_of, traffic
from vmpcap.points.chain import stand
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.pairing import Paired
from vmpcap.points.sets import Set, find_sets

AT = 30 * S
STEP = 7 * S


def same(t: int) -> int:
    return t


def pair_of(rng: random.Random, one: Clock, other: Clock = same) -> PairClock:
    made = paired_of(traffic(rng, 60, 2_000, (1, 1), 0.1), other)
    shown = made.one._replace(ts_ns=np.array([one(int(t)) for t in made.one.ts_ns], np.int64))
    clock, _ = bound_pair(Paired(shown, made.other, made.row_one, made.row_other, 0, 0, 0, 0, 0))
    assert clock is not None
    return clock


def stepping(ppm: float) -> Clock:
    return lambda t: t + round(t * ppm * 1e-6) + (STEP if t >= AT else 0)


@pytest.mark.parametrize("reference", [0, 1])
@pytest.mark.parametrize("was_set", [0, 1])
@pytest.mark.parametrize("seed", range(8))
def test_seconds_around_a_step_forward_are_not_doubted_by_all_of_it(seed: int, was_set: int, reference: int) -> None:
    """The truth lies within, there and back, and within two packets: a guess in the middle would be 3.5 s off."""
    rng = random.Random(seed)
    shown = [stepping(rng.uniform(-40, 40)) if n == was_set else same for n in range(3)]
    clocks = {(0, 1): pair_of(rng, *shown[:2]), (0, 2): pair_of(rng, shown[0]), (1, 2): pair_of(rng, shown[1])}
    sets = find_sets(clocks, [np.array([show(t) for t in range(S, 61 * S, 10 * MS)]) for show in shown])
    assert {n: [one.is_sure for one in own] for n, own in sets.items()} == {was_set: [True]}
    line = stand(clocks, reference, 0, sets)[1 - reference].timeline
    for _ in range(200):
        truth = AT + rng.randrange(-8 * S, 8 * S)
        mine, theirs = shown[reference](truth), shown[1 - reference](truth)
        for wanted, (low, high) in [
            (theirs, line.bounds_on_point(mine)),
            (mine, line.bounds_on_reference(theirs)),
        ]:
            assert low - 2 <= wanted <= high + 2
            assert high - low < 30 * MS or abs(truth - AT) < 15 * MS


def test_where_the_other_may_have_been_set_back_all_of_it_is_left_open() -> None:
    """Nothing says which of the two it was: what the other showed meanwhile may lie outside."""
    rng = random.Random(1)
    was = Set(AT - S, AT + STEP + S, STEP - S, STEP + S, False)
    line = stand({(0, 1): pair_of(rng, stepping(0))}, 0, 0, {0: (was,)})[1].timeline
    low, high = line.bounds_on_point(AT + STEP // 2)
    assert high - low > STEP - S
