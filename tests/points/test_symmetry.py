"""How well the middle of the bounds is known where both ways are alike, and when nothing shows it."""

import random

import numpy as np

from tests.points.made import MS, paired_of, traffic
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.pairing import Paired

TRIALS = 100


def clock_of(paired: Paired) -> PairClock:
    clock, _ = bound_pair(paired)
    assert clock is not None
    return clock


def test_over_ways_alike_to_a_tenth_the_middle_is_as_near_as_said() -> None:
    """At least 95 of 100, on queues of their own either way; and nearer than the bounds by far."""
    honest, narrow = 0, []
    for seed in range(TRIALS):
        rng = random.Random(seed)
        trip = rng.uniform(0.5, 40)
        share = rng.uniform(0.45, 0.55)
        offset = rng.randrange(-200 * MS, 200 * MS)
        sent = traffic(rng, 30, 4000, (trip * share, trip * (1 - share)), rng.uniform(0.01, 1.0))
        clock = clock_of(paired_of(sent, lambda t, offset=offset: t + offset))  # type: ignore[misc]
        low, high = clock.at(clock.middle_ts)
        assert low <= offset <= high
        assert clock.alike_ns is not None
        honest += abs((low + high) / 2 - offset) <= clock.alike_ns
        narrow.append(2 * clock.alike_ns / (high - low))
    assert honest >= 95
    assert float(np.median(narrow)) < 0.25


def test_over_ways_unlike_the_bound_still_holds() -> None:
    """Nothing on the wire shows it: the middle is farther off than said of like ways, within the bound."""
    sent = traffic(random.Random(1), 30, 4000, (9.0, 1.0), 0.1)
    clock = clock_of(paired_of(sent, lambda t: t))
    low, high = clock.at(clock.middle_ts)
    assert low <= 0 <= high
    assert clock.alike_ns is not None
    assert abs(low + high) / 2 > clock.alike_ns


def test_unlike_numbers_of_routers_are_unlike_ways() -> None:
    """One router there, three back."""
    sent = traffic(random.Random(1), 30, 1000, (2.0, 2.0), 0.1)
    made = paired_of(sent, lambda t: t)
    side = made.one.side
    one = made.one._replace(ttl=np.where(side == 0, 64, 61).astype(np.uint8))
    other = made.other._replace(ttl=np.where(side == 0, 63, 64).astype(np.uint8))
    clock = clock_of(Paired(one, other, made.row_one, made.row_other, 0, 0, 0, 0, 0))
    assert clock.symmetry is None
    assert clock.alike_ns is None


def test_a_way_seen_in_one_stretch_only_shows_nothing_of_its_queue() -> None:
    """The answers all came within a moment: their least delay may be a queue's."""
    sent = [p for p in traffic(random.Random(1), 30, 1000, (2.0, 2.0), 0.1) if p.side == 0 or p.one_ts < 1_200 * MS]
    assert clock_of(paired_of(sent, lambda t: t)).symmetry is None
