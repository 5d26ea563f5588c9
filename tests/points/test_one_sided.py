"""One direction alone: what is said of two clocks, and what is not."""

import random

import numpy as np
import pytest

from tests.points.made import MS, paired_of, traffic
from vmpcap.points.one_sided import UNFIT, bound_one_way, describe_one_sided
from vmpcap.points.pair_clock import bound_pair
from vmpcap.points.pairing import Paired


def one_way(offset: int, ttl_one: int, ttl_other: int) -> Paired:
    """Packets from the one point to the other, 2 ms on their way."""
    sent = [p for p in traffic(random.Random(1), 10, 200, (2.0, 2.0), 1.0) if p.side == 0]
    made = paired_of(sent, lambda t: t + offset)
    one = made.one._replace(ttl=np.full(len(sent), ttl_one, np.uint8))
    other = made.other._replace(ttl=np.full(len(sent), ttl_other, np.uint8))
    return Paired(one, other, made.row_one, made.row_other, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("offset", [-500 * MS, 0, 137 * MS])
def test_a_router_between_shows_who_was_first_and_bounds_from_one_side(offset: int) -> None:
    """No more than the offset and the least delay."""
    paired = one_way(offset, 64, 63)
    assert bound_pair(paired)[0] is None
    bounds = bound_one_way(paired)
    assert bounds.at_most_ns is not None
    assert offset <= bounds.at_most_ns <= offset + 3 * MS
    assert (bounds.at_least_ns, bounds.least_late_ns) == (None, None)
    assert "b shows at most" in describe_one_sided(bounds, "a", "b")


def test_seen_from_the_other_side_it_is_a_lower_bound() -> None:
    """The one point is the later one."""
    bounds = bound_one_way(one_way(-2 * MS - 10 * MS, 63, 64))
    assert bounds.at_most_ns is None
    assert bounds.at_least_ns is not None


def test_without_a_router_offset_and_delay_are_one_figure() -> None:
    """Nobody knows who was first: nothing is bounded, and that is said."""
    bounds = bound_one_way(one_way(137 * MS, 64, 64))
    assert (bounds.at_most_ns, bounds.at_least_ns) == (None, None)
    assert bounds.least_late_ns == pytest.approx(139 * MS, abs=MS)
    assert "nothing parts them" in describe_one_sided(bounds, "a", "b")


@pytest.mark.parametrize("ppm", [8_000, -9_500])
def test_clocks_that_fit_nothing_are_not_said_to_lack_answers(ppm: int) -> None:
    """A clock that runs away faster than any clock: packets both ways are there, and fit nothing."""
    made = paired_of(traffic(random.Random(3), 300, 6000, (2.0, 2.0), 1.0), lambda t: t + t * ppm // 1_000_000)
    count = len(made.row_one)
    side = made.one.side
    one = made.one._replace(ttl=np.where(side == 0, 64, 63).astype(np.uint8))
    other = made.other._replace(ttl=np.where(side == 0, 63, 64).astype(np.uint8))
    paired = Paired(one, other, np.arange(count), np.arange(count), 0, 0, 0, 0, 0)
    assert bound_pair(paired)[0] is None
    assert describe_one_sided(bound_one_way(paired), "a", "b") == UNFIT


def test_one_direction_is_not_said_to_fit_nothing() -> None:
    """There the answers are what is missing."""
    assert not bound_one_way(one_way(0, 64, 63)).has_answers
