"""The bounds of a clock offset against exchanges whose truth is made here."""

import random

import pytest

from vmpcap.points.clock import Exchange, bound_offset


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
    """Seen from the other point the offset is the negative one."""
    one, two = exchanges(1, 5_000_000)
    forward, backward = bound_offset(one, two), bound_offset(two, one)
    assert forward is not None
    assert backward is not None
    assert (forward.low_ns, forward.high_ns) == (-backward.high_ns, -backward.low_ns)


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
