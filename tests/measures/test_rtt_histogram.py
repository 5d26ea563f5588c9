"""Round-trip times as histograms against the sorted samples themselves."""

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twins.rtt import nearest_rank
from vmpcap.measures.flow_frame import PERCENTS, spread_of
from vmpcap.measures.kernels.histogram import bucket_of
from vmpcap.measures.kernels.layout import ACK_RTT_KINDS, KIND_BITS, KIND_LOOP, KIND_NEAR
from vmpcap.measures.rtt_histogram import Buckets, RttHistogram, summarise
from vmpcap.measures.rtt_histogram import nearest_ranks as our_ranks

Sample = tuple[int, int]
"""(owner, duration in ns)"""

HALF_AN_HOUR_NS = 1800 * 10**9
STATED = Fraction(2, 1000)
DURATIONS = st.one_of(
    st.integers(0, 2000),
    st.integers(0, HALF_AN_HOUR_NS),
    st.integers(990_000, 1_010_000),  # many in few buckets
)
SAMPLES = st.lists(st.tuples(st.integers(0, 3), DURATIONS), max_size=200)


def histogram_of(samples: list[Sample], batches: int = 1) -> RttHistogram:
    histogram = RttHistogram()
    for part in range(batches):
        mine = samples[part::batches]
        keys, durations = (np.array(column, dtype) for column, dtype in zip(_columns(mine), ("u8", "i8"), strict=True))
        histogram.absorb(keys, durations, len(mine))
    return histogram


def _columns(samples: list[Sample]) -> tuple[list[int], list[int]]:
    return [owner for owner, _ in samples], [duration for _, duration in samples]


def by_owner(samples: list[Sample]) -> dict[int, list[int]]:
    found = defaultdict(list)
    for owner, duration in samples:
        found[owner].append(duration)
    return {owner: sorted(durations) for owner, durations in found.items()}


def same(a: Buckets, b: Buckets) -> bool:
    columns = ("owner", "least_ns", "span_ns", "count")
    return all(getattr(a, name).tolist() == getattr(b, name).tolist() for name in columns)


@settings(max_examples=300)
@given(SAMPLES)
def test_percentiles_are_as_near_as_stated(samples: list[Sample]) -> None:
    """Within 0.2 % of the nearest rank; count, minimum and maximum exactly."""
    buckets = histogram_of(samples).finish()
    for owner, values in by_owner(samples).items():
        summary = summarise(buckets.of((owner,)), ambiguous=0)
        assert (summary.samples, summary.min_ns, summary.max_ns) == (len(values), values[0], values[-1])
        for percent in (5, 50, 90, 95, 99):
            exact = nearest_rank(values, percent)
            assert abs(getattr(summary, f"p{percent}_ns") - exact) <= STATED * exact


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, HALF_AN_HOUR_NS)), max_size=60))
def test_few_samples_are_exact(samples: list[Sample]) -> None:
    """While no bucket holds more than two of one owner, also for several owners together."""
    shared = defaultdict(int)
    for owner, duration in samples:
        shared[owner, bucket_of(np.int64(duration))] += 1
    if any(count > 2 for count in shared.values()):
        return
    buckets = histogram_of(samples).finish()
    together = summarise(buckets.of((0, 1, 2, 3)), ambiguous=0)
    values = [duration for _, duration in samples]
    for percent in (5, 50, 90, 95, 99):
        assert getattr(together, f"p{percent}_ns") == (nearest_rank(values, percent) if values else None)


@given(SAMPLES, st.integers(0, 2), st.lists(st.booleans(), min_size=4, max_size=4))
def test_groups_of_owners_are_told_without_the_others(samples: list[Sample], bits: int, wanted: list[bool]) -> None:
    """Owners that differ in low bits only are one group: what is asked for of some is what all have of them."""
    some = [(owner, duration) for owner, duration in samples if wanted[owner >> bits]]
    assert same(histogram_of(samples).finish(bits, np.array(wanted)), histogram_of(some).finish())


@given(SAMPLES, st.integers(1, 5))
def test_batches_do_not_matter(samples: list[Sample], batches: int) -> None:
    """Whatever order the samples come in, and in how many batches."""
    assert same(histogram_of(samples, batches).finish(), histogram_of(samples).finish())


@given(SAMPLES, SAMPLES)
def test_two_merged_are_one_of_both(first: list[Sample], second: list[Sample]) -> None:
    """Merged, or absorbed by one from the beginning."""
    merged = histogram_of(first)
    merged.merge(histogram_of(second))
    assert same(merged.finish(), histogram_of(first + second).finish())


@given(SAMPLES, SAMPLES, SAMPLES)
def test_it_does_not_matter_which_are_merged_first(one: list[Sample], two: list[Sample], three: list[Sample]) -> None:
    """(one + two) + three is one + (two + three), and three + two + one: any tree of workers says the same."""
    left, right, last = histogram_of(one), histogram_of(two), histogram_of(three)
    left.merge(histogram_of(two))
    left.merge(histogram_of(three))
    right.merge(histogram_of(three))
    whole = histogram_of(one)
    whole.merge(right)
    last.merge(histogram_of(two))
    last.merge(histogram_of(one))
    assert same(left.finish(), whole.finish())
    assert same(left.finish(), last.finish())


def test_what_finds_no_room_is_counted_however_it_comes() -> None:
    """4096 places take 3072 buckets; beyond, samples are left out, and merged buckets with all of theirs."""
    full, more = RttHistogram(1 << 12), RttHistogram()
    keys = np.arange(4000, dtype=np.uint64)
    full.absorb(keys, np.full(4000, 5), 4000)
    more.absorb(np.tile(keys, 2), np.full(8000, 5), 8000)
    assert (int(full.finish().count.sum()), full.left_out) == (3072, 928)
    full.merge(more)
    assert (int(full.finish().count.sum()), full.left_out) == (3 * 3072, 3 * 928)


def test_a_histogram_grows_without_losing_a_sample() -> None:
    """More buckets than there were places at first, many of them shared."""
    rng = np.random.default_rng(7)
    samples = list(zip(rng.integers(0, 50, 30_000).tolist(), rng.integers(0, 10**9, 30_000).tolist(), strict=True))
    histogram = histogram_of(samples, batches=7)
    buckets = histogram.finish()
    assert histogram.left_out == 0
    for owner, values in by_owner(samples).items():
        own = buckets.of((owner,))
        assert int(own.count.sum()) == len(values)
        assert int(own.least_ns.min()) == values[0]
        assert own.least_ns.tolist() == sorted(own.least_ns.tolist())


@given(st.integers(0, 2**62))
def test_a_bucket_is_narrower_than_the_stated_error(value: int) -> None:
    """Its number never falls as durations rise; below 1024 ns each has its own."""
    bucket = bucket_of(np.int64(value))
    width = max(1, 2 ** (value.bit_length() - 10))
    least = value // width * width
    assert bucket_of(np.int64(least)) == bucket_of(np.int64(least + width - 1)) == bucket
    assert bucket_of(np.int64(least + width)) == bucket + 1
    assert Fraction(width - 1, max(least, 1)) < STATED
    if value < 1024:
        assert bucket == value


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=50), st.sampled_from([1, 5, 50, 90, 95, 99, 100]))
def test_a_nearest_rank_is_a_sample(values: list[int], percent: int) -> None:
    """The smallest one with at least that share of all at or below it."""
    ordered = np.sort(np.array(values, np.int64))
    (ours,) = our_ranks(ordered, np.zeros_like(ordered), np.ones_like(ordered), [percent])
    assert ours is not None
    share = Fraction(percent, 100)
    assert Fraction(sum(value <= ours for value in values), len(values)) >= share
    assert all(Fraction(sum(v <= smaller for v in values), len(values)) < share for smaller in values if smaller < ours)


def test_without_samples_nothing_is_known() -> None:
    """No figure, and no bucket."""
    summary = summarise(RttHistogram().finish().of((3,)), ambiguous=2)
    assert (summary.samples, summary.min_ns, summary.p50_ns, summary.max_ns, summary.ambiguous) == (0, *[None] * 3, 2)
    assert our_ranks(*(np.zeros(0, np.int64) for _ in range(3)), [50]) == [None]


def test_samples_of_0_can_be_left_out() -> None:
    """They alone: a bucket that begins elsewhere stays whole."""
    buckets = histogram_of([(1, 0), (1, 0), (1, 1), (2, 0), (3, 5), (3, 5)]).finish().above_zero()
    assert buckets.owner.tolist() == [1, 3]
    assert buckets.count.tolist() == [1, 2]


def test_a_span_too_long_for_its_place_is_cut_short() -> None:
    """Beyond half an hour a maximum may be too small, by no more than the stated error."""
    least, most = 2**46, 2**46 + 2**37 - 1
    summary = summarise(histogram_of([(0, least), (0, least + 5), (0, most)]).finish().of((0,)), 0)
    assert summary.max_ns is not None
    assert most * (1 - STATED) <= summary.max_ns <= most


KINDS = (*ACK_RTT_KINDS, KIND_LOOP, KIND_NEAR)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(KINDS), DURATIONS), max_size=120))
def test_the_spread_of_all_sides_is_the_summary_of_each(found: list[tuple[int, int, int]]) -> None:
    """Many sides at a time, or one after the other: the same figures; timestamp loops are in neither."""
    buckets = histogram_of([((side << KIND_BITS) | kind, duration) for side, kind, duration in found]).finish()
    spread = spread_of(buckets, sides=6)
    for side in range(6):
        own = summarise(buckets.of(tuple((side << KIND_BITS) | kind for kind in ACK_RTT_KINDS)), 0)
        values = [duration for s, kind, duration in found if s == side and kind in ACK_RTT_KINDS]
        assert int(spread.samples[side]) == own.samples == len(values)
        known = [own.min_ns, own.max_ns, *(getattr(own, f"p{percent}_ns") for percent in PERCENTS)]
        ours = [spread.least[side], spread.most[side], *(spread.ranks[percent][side] for percent in PERCENTS)]
        assert [int(value) for value in ours] == [-1 if value is None else value for value in known]


@pytest.mark.parametrize(("count", "percent"), [(1, 50), (2, 50), (100, 99), (100, 1), (1000, 99), (7, 90), (10, 90)])
def test_ranks_are_not_off_by_one(count: int, percent: int) -> None:
    """The rank is the smallest whole number that is not below count * percent / 100."""
    ordered = np.arange(1, count + 1)
    (rank,) = our_ranks(ordered, np.zeros_like(ordered), np.ones_like(ordered), [percent])
    assert rank == math.ceil(Fraction(count * percent, 100))
