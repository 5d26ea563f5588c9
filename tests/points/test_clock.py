"""The bounds of a clock offset against exchanges whose truth is made here."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.points.clock import Exchange, Offset, bound_exchanges, fit_lines

MS = 1_000_000
S = 1000 * MS


def bound_offset(one: dict[object, Exchange], other: dict[object, Exchange]) -> Offset | None:
    """What any line holds that keeps to these exchanges; where none does, all that they say together."""
    found = bound_exchanges(one, other)
    if found is None:
        return None
    lines = fit_lines(*found)
    ends = lines.ends if lines is not None else (int(found[0].value_ns.min()), int(found[1].value_ns.max()))
    return Offset(*ends, len(found[0].ts))


def exchanges(seed: int, offset: int, count: int = 50) -> tuple[dict[object, Exchange], dict[object, Exchange]]:
    """Requests that pass point one, then point two, and replies that come back; point two's clock is ahead."""
    rng = random.Random(seed)
    one, two = {}, {}
    for n in range(count):
        start = n * 10_000_000 + rng.randrange(1_000_000)
        there, think, back = (rng.randrange(1, 3_000_000) for _ in range(3))
        one[n] = Exchange(start, start + there + think + back)
        two[n] = Exchange(start + there + offset, start + there + think + offset)
    return one, two


@pytest.mark.parametrize("seed", range(100))
def test_the_truth_lies_within_the_bounds(seed: int) -> None:
    """Whatever the delays, the offset is where the bounds say."""
    offset = random.Random(seed).randrange(-200_000_000, 200_000_000)
    one, two = exchanges(seed, offset)
    bounds = bound_offset(one, two)
    assert bounds is not None
    assert bounds.low_ns <= offset <= bounds.high_ns
    assert bounds.exchanges == 50


def test_the_order_of_the_points_only_turns_the_sign() -> None:
    """Seen from the other point the offset is the negative one, but for the drift while a packet was on its way."""
    one, two = exchanges(1, 5_000_000)
    forward, backward = bound_offset(one, two), bound_offset(two, one)
    assert forward is not None
    assert backward is not None
    assert abs(forward.low_ns + backward.high_ns) < 3_000
    assert abs(forward.high_ns + backward.low_ns) < 3_000


def test_no_common_exchange_gives_no_offset() -> None:
    """Two points that saw nothing together cannot be compared."""
    assert bound_offset({1: Exchange(0, 5)}, {2: Exchange(0, 5)}) is None


def test_one_clock_agrees_with_itself() -> None:
    """An offset of nothing is within the bounds, and a visible one is not."""
    same = bound_offset(*exchanges(3, 0))
    other = bound_offset(*exchanges(3, 137_000_000))
    assert same is not None
    assert same.agrees
    assert other is not None
    assert not other.agrees
    assert abs(other.middle_ns - 137_000_000) <= other.uncertainty_ns


def test_a_step_between_exchanges_widens_the_bounds() -> None:
    """Exchanges that contradict each other leave an interval that spans both truths."""
    one = {0: Exchange(0, 10), 1: Exchange(1000, 1010)}
    two = {0: Exchange(5, 6), 1: Exchange(1105, 1106)}
    bounds = bound_offset(one, two)
    assert bounds is not None
    assert bounds.low_ns <= 0
    assert bounds.high_ns >= 100


def meeting(
    times: list[tuple[int, int, int, int]], offset: Callable[[int], float], far_first: bool = False
) -> tuple[dict[object, Exchange], dict[object, Exchange]]:
    """
    Exchanges of (start, way there, thinking, way back) between two points, by a clock that is off by so much.

    far_first: the requester stands on the other point's side, so that it sees the request first and the reply last.
    """
    near, far = {}, {}
    for n, (start, there, think, back) in enumerate(times):
        outer, inner = (start, start + there + think + back), (start + there, start + there + think)
        here, away = (inner, outer) if far_first else (outer, inner)
        near[n] = Exchange(*here)
        far[n] = Exchange(*(t + round(offset(t)) for t in away))
    return near, far  # type: ignore[return-value]


def bounds_of(near: dict[object, Exchange], far: dict[object, Exchange]) -> Offset:
    bounds = bound_offset(near, far)
    assert bounds is not None
    return bounds


DELAY = st.integers(1, 30 * MS)
TIMES = st.lists(st.tuples(st.integers(0, 300 * S), DELAY, DELAY, DELAY), min_size=1, max_size=40)
CLOCK = st.integers(-(10**15), 10**15)


@given(TIMES, CLOCK, st.booleans())
def test_whatever_the_delays_both_ways_the_truth_is_within(
    times: list[tuple[int, int, int, int]], offset: int, far_first: bool
) -> None:
    """Queues on either way, requests from either side: no delay can push the offset out of its bounds."""
    bounds = bounds_of(*meeting(times, lambda _: offset, far_first))
    assert bounds.low_ns - 2 <= offset <= bounds.high_ns + 2
    assert bounds.exchanges == len(times)


@given(TIMES, CLOCK, st.floats(-200, 200), st.booleans())
def test_a_clock_that_drifts_stays_within_from_first_to_last(
    times: list[tuple[int, int, int, int]], start: int, ppm: float, far_first: bool
) -> None:
    """Crystals are off by 100 ppm each: the bounds hold the offset at the first exchange and at the last."""

    def offset(t: int) -> float:
        return start + t * ppm / 1e6

    near, far = meeting(times, offset, far_first)
    bounds = bounds_of(near, far)
    asked = [exchange.request_ts for exchange in near.values()]
    for when in (min(asked), max(asked)):
        assert bounds.low_ns - 2 <= offset(when) <= bounds.high_ns + 2


def test_drift_widens_the_bounds() -> None:
    """The same exchanges by a clock that loses 50 us a second: over a minute its offset is 3 ms wide."""
    rng = random.Random(7)
    times = [(n * 100 * MS, rng.randrange(1, MS), MS, rng.randrange(1, MS)) for n in range(600)]
    steady = bounds_of(*meeting(times, lambda _: 0.0))
    drifting = bounds_of(*meeting(times, lambda t: -t * 50 / 1e6))
    assert steady.uncertainty_ns < 100_000
    assert 1_490_000 < drifting.uncertainty_ns < 1_650_000
    assert drifting.low_ns <= -2_990_000
    assert drifting.high_ns >= 0


def test_steady_clocks_are_bounded_by_their_fastest_exchanges() -> None:
    """Now and then both ways are short: the slow exchanges between them do not blur the bounds."""
    times = [(n * 10 * MS, *((10_000,) * 3 if n % 50 == 0 else (5 * MS,) * 3)) for n in range(1001)]
    bounds = bounds_of(*meeting(times, lambda _: 137.0 * MS))
    assert bounds.uncertainty_ns < 12_000
    assert abs(bounds.middle_ns - 137 * MS) < 12_000
    assert not bounds.agrees


def test_a_single_exchange_bounds_by_its_own_delays() -> None:
    """One handshake: as wide as both ways together."""
    bounds = bounds_of(*meeting([(0, 2 * MS, MS, 4 * MS)], lambda _: 0.0))
    assert -4_010_000 < bounds.low_ns <= -4 * MS
    assert 2 * MS <= bounds.high_ns < 2_010_000


def test_a_clock_that_was_set_leaves_both_truths_possible() -> None:
    """NTP stepped it by 80 ms in the middle: no line fits, and the interval spans both."""
    times = [(n * 100 * MS, MS, MS, MS) for n in range(100)]
    bounds = bounds_of(*meeting(times, lambda t: 0.0 if t < 5 * S else 80.0 * MS))
    assert bounds.low_ns <= 0
    assert bounds.high_ns >= 80 * MS
