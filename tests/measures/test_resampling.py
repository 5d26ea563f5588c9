"""Medians, shifts and effect sizes of a few values, held against their definitions and against known populations."""

import random
from itertools import combinations, product
from math import inf
from statistics import median

import pytest

from vmpcap.measures.resampling import LEAST, chance_of_apart, median_interval, quantile, shift_between


def drawn(seed: int, count: int, low: float = 0.0) -> list[float]:
    """So many values of a skewed population, as durations are; its median is low + 1."""
    rng = random.Random(seed)
    return [low + rng.lognormvariate(0, 0.5) for _ in range(count)]


@pytest.mark.parametrize("seed", range(30))
def test_shift_and_delta_are_what_their_definitions_say(seed: int) -> None:
    """Over all pairs, one at a time."""
    rng = random.Random(seed)
    a, b = drawn(seed, rng.randint(1, 20)), drawn(seed + 1000, rng.randint(1, 20), low=0.3)
    found = shift_between(a, b)
    pairs = list(product(a, b))
    assert found.shift == pytest.approx(median(y - x for x, y in pairs))
    delta = (sum(y > x for x, y in pairs) - sum(y < x for x, y in pairs)) / len(pairs)
    assert found.cliffs_delta == pytest.approx(delta)
    assert found.higher_share == pytest.approx((delta + 1) / 2)


@pytest.mark.parametrize("seed", range(10))
def test_chance_is_the_share_of_all_deals_that_differ_as_much(seed: int) -> None:
    """By the twin that deals the values themselves and counts pairs, ties included."""
    rng = random.Random(seed)
    a, b = [rng.randint(1, 6) for _ in range(4)], [rng.randint(2, 8) for _ in range(5)]
    together = a + b

    def apart(chosen: tuple[int, ...]) -> int:
        rest = [v for i, v in enumerate(together) if i not in chosen]
        return abs(sum((y > x) - (y < x) for x, y in product(rest, [together[i] for i in chosen])))

    deals = list(combinations(range(9), 5))
    seen = apart((4, 5, 6, 7, 8))
    assert shift_between(a, b).chance == pytest.approx(sum(apart(d) >= seen for d in deals) / len(deals))


def test_many_values_are_dealt_by_shuffles() -> None:
    """Where all deals are too many to try: alike groups differ by chance, unlike ones hardly ever."""
    assert shift_between(drawn(1, 40), drawn(2, 40)).chance > 0.05
    assert shift_between(drawn(1, 40), drawn(2, 40, low=1.0)).chance < 0.001


@pytest.mark.parametrize("count", range(1, LEAST))
def test_too_few_values_have_no_interval(count: int) -> None:
    """Neither of their median nor of a shift, whichever side has too few."""
    few, enough = drawn(1, count), drawn(2, 10, low=50.0)
    assert median_interval(few) is None
    assert shift_between(few, enough).interval is None
    assert shift_between(enough, few).interval is None
    assert shift_between(few, enough).shift == pytest.approx(50, abs=3)


@pytest.mark.parametrize(("count", "least", "most"), [(4, 0.80, 0.93), (5, 0.88, 0.98), (12, 0.88, 0.98)])
def test_intervals_hold_the_median_of_all_as_often_as_the_docs_say(count: int, least: float, most: float) -> None:
    """Of few values it is too narrow: between 4 lies the median of all in 87.5 % of cases, between 5 in 93.75 %."""
    intervals = [median_interval(drawn(seed, count)) for seed in range(400)]
    held = sum(i is not None and i.low <= 1 <= i.high for i in intervals) / len(intervals)
    assert least < held < most


def test_an_interval_of_a_shift_holds_the_shift() -> None:
    """In nearly all of 100 pairs of samples of two populations a known shift apart."""
    found = [shift_between(drawn(seed, 8), drawn(seed + 5000, 8, low=0.5)).interval for seed in range(100)]
    assert 0.85 < sum(i is not None and i.low <= 0.5 <= i.high for i in found) / len(found) <= 1.0


def test_the_same_values_give_the_same_interval() -> None:
    """The seed is fixed; the order of the values does not change what they are."""
    values = drawn(3, 30)
    assert median_interval(values) == median_interval(list(values))
    assert shift_between(values, drawn(4, 30)) == shift_between(list(values), drawn(4, 30))


def test_more_values_than_are_paired_give_nearly_the_same_shift() -> None:
    """Of 400 values their quantiles stand for them."""
    a, b = drawn(5, 400), drawn(6, 400, low=0.4)
    found = shift_between(a, b)
    assert found.shift == pytest.approx(median(y - x for x, y in product(a, b)), abs=0.02)
    assert found.interval is not None
    assert found.interval.low < 0.4 < found.interval.high


def test_values_without_an_end_are_above_all_others_and_have_no_shift() -> None:
    """An outage that never ended is longer than any; by how much, nobody knows."""
    found = shift_between([1.0, 2.0, 3.0, 4.0], [inf, inf, inf, 3.5])
    assert (found.shift, found.interval) == (None, None)
    assert found.cliffs_delta == pytest.approx((16 - 2) / 16)
    assert quantile([1.0, 2.0, inf, inf, inf], 0.5) == inf
    interval = median_interval([1.0, 2.0, 3.0, inf, inf])
    assert interval is not None
    assert (interval.low, interval.high) == (1.0, inf)


def test_two_alike_without_an_end_are_alike() -> None:
    """No side is higher."""
    assert shift_between([inf], [inf]).cliffs_delta == 0


@pytest.mark.parametrize(("first", "second", "share"), [(1, 1, 1.0), (2, 2, 1 / 3), (3, 3, 0.1), (4, 4, 2 / 70)])
def test_groups_without_overlap_come_about_by_chance(first: int, second: int, share: float) -> None:
    """As often as the two ends of all deals."""
    assert chance_of_apart(first, second) == pytest.approx(share)
    low, high = [float(n) for n in range(first)], [float(100 + n) for n in range(second)]
    assert shift_between(low, high).chance == pytest.approx(share)
