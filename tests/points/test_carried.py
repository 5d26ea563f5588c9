"""Steps that a pair of clocks does not show itself, and those that nobody can rule out: the truth lies within."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.points.made import MS, Clock, S, Sent, paired_of, traffic
from vmpcap.points.chain import Clocks, stand, timeline_of_reference
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.sets import Set, find_sets
from vmpcap.points.timeline import Elapsed, Timeline, elapsed

LONG = np.arange(S, 61 * S, 10 * MS)
SET_AT, BACK_AT = 20 * S, 43 * S
Kept = Callable[[Sent], bool]


def same(t: int) -> int:
    return t


def pair(seed: int, one: Clock, other: Clock, kept: Kept) -> PairClock:
    """What both saw of those packets that are kept, each by its own clock, in the order of the one's capture."""
    sent = [p for p in traffic(random.Random(seed), 60, 6000, (1, 1), 0.1) if kept(p)]
    found, _ = bound_pair(paired_of([Sent(one(p.one_ts), p.other_ts, p.side) for p in sent], other))
    assert found is not None
    return found


def lines_of(clocks: Clocks, sets: dict[int, tuple[Set, ...]]) -> dict[int, Timeline]:
    """The timelines of all three points, against the first."""
    lines = {0: timeline_of_reference(clocks, 0, 0, sets)}
    lines |= {n: standing.timeline for n, standing in stand(clocks, 0, 0, sets).items()}
    return {n: replace(line, sets=sets.get(n, ()), reference_sets=sets.get(0, ())) for n, line in lines.items()}


def before(end: int) -> Kept:
    return lambda p: p.one_ts < end


def since(begin: int) -> Kept:
    return lambda p: p.one_ts >= begin


@pytest.mark.parametrize("by", [300 * MS, -80 * MS])
def test_a_step_after_the_last_answer_holds_for_a_pair_that_does_not_show_it(by: int) -> None:
    """The second clock is set at 40 s, which the third shows; the first saw the second to 30 s only."""

    def stepped(t: int) -> int:
        return t + (by if t >= 40 * S else 0)

    clocks = {(0, 1): pair(1, same, stepped, before(30 * S)), (1, 2): pair(2, stepped, same, lambda p: True)}
    was = Set(40 * S - 50 * MS + min(by, 0), 40 * S + 50 * MS + max(by, 0), by - MS, by + MS, True, by < 0)
    plain, told = (lines_of(clocks, sets)[1] for sets in ({}, {1: (was,)}))
    for ts in (35 * S, 45 * S, 55 * S):
        low, high = told.bounds_on_point(ts)
        assert low <= stepped(ts) <= high
        assert high - low <= 40 * MS  # what a drift adds in so long a time
    low, high = plain.bounds_on_point(45 * S)
    assert not low <= stepped(45 * S) <= high


def across(by: int, watched: bool) -> tuple[Elapsed, int]:
    """
    From the last answer between the first two points to the first between the last two, and what is true.

    The second clock is set when both sides see it, and set back where only requests come any more, or nothing.
    """

    def there_and_back(t: int) -> int:
        return t + (by if SET_AT <= t < BACK_AT else 0)

    clocks = {
        (0, 1): pair(3, same, there_and_back, before(60 * S if watched else 40 * S)),
        (1, 2): pair(4, there_and_back, same, since(45 * S)),
    }
    shown = np.array([there_and_back(int(t)) for t in LONG], np.int64)
    lines = lines_of(clocks, find_sets(clocks, [LONG, shown, LONG[LONG >= 45 * S]]))
    found = elapsed(lines[0], 39 * S, lines[1], there_and_back(44 * S))
    assert found is not None
    return found, 5 * S


@pytest.mark.parametrize("by", [40 * MS, -25 * MS])
def test_a_clock_that_was_set_may_have_been_set_back_where_nothing_watches_it(by: int) -> None:
    found, truth = across(by, watched=False)
    assert found.low_ns <= truth <= found.high_ns
    assert found.uncertainty_ns <= 3 * abs(by)


@pytest.mark.parametrize("by", [40 * MS, -60 * MS])
def test_a_clock_that_another_watches_is_known_as_before(by: int) -> None:
    found, truth = across(by, watched=True)
    assert found.low_ns <= truth <= found.high_ns
    assert found.uncertainty_ns <= 5 * MS


def test_clocks_that_were_never_set_keep_their_small_doubt() -> None:
    """Though nothing watches the second one from 40 s to 45 s."""
    found, truth = across(0, watched=False)
    assert found.low_ns <= truth <= found.high_ns
    assert found.uncertainty_ns <= 5 * MS
