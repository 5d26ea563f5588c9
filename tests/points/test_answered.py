"""Pings that a capture lacks: those whose replies passed the same point came through."""

import random

import numpy as np
import pytest

from tests.points.made import MS, kept_of
from vmpcap.points.answered import were_answered
from vmpcap.points.between import Between, compare_points, order_pairs
from vmpcap.points.kernels.keys import MASK, Kept
from vmpcap.points.pair_clock import bound_pair
from vmpcap.points.pairing import pair_kept

Row = tuple[int, int, int, int]
"""Identity, time in ms, side, number of the echo."""


def log(*rows: Row, sampled: bool = False) -> Kept:
    kept = kept_of([(key, ms * MS, side, 10) for key, ms, side, _ in rows], echo=[n and 77 << 16 | n for *_, n in rows])
    kept.totals[MASK] = int(sampled)
    return kept


PING: tuple[Row, ...] = ((1, 0, 0, 5), (2, 3, 1, 5))


@pytest.mark.parametrize(
    ("here", "there", "came"),
    [
        (PING, ((2, 2, 1, 5),), True),
        (PING, (), False),
        (PING[:1], (), False),
        (((1, 0, 0, 5), (3, 1000, 0, 5), (2, 1003, 1, 5)), ((2, 2, 1, 5),), False),
        (((1, 0, 0, 5), (2, 3, 1, 6)), ((2, 2, 1, 6),), False),
        (((1, 0, 0, 0), (2, 3, 1, 0)), ((2, 2, 1, 0),), False),
        (((2, 0, 1, 5), (1, 3, 0, 5)), ((2, 2, 1, 5),), False),
    ],
    ids=["replied", "reply not there", "no reply", "asked again", "another one's", "no echo", "the reply before it"],
)
def test_a_reply_that_passed_says_that_its_request_came(
    here: tuple[Row, ...], there: tuple[Row, ...], came: bool
) -> None:
    """Of the packet 1 at the first point, which the second does not show."""
    kept, other = log(*here), log(*there)
    rows = np.flatnonzero(kept.key == 1)
    assert were_answered(kept, other, rows).tolist() == [came]
    assert not were_answered(log(*here, sampled=True), other, rows).any()


def told(here: list[Row], there: list[Row]) -> Between:
    paired = pair_kept(log(*here), log(*there), 0)
    clock, ahead = bound_pair(paired)
    return compare_points(0, 1, paired, clock, order_pairs(paired, clock, ahead))


@pytest.mark.parametrize("seed", range(20))
def test_lost_pings_are_told_from_those_that_the_capture_lacks(seed: int) -> None:
    """One in ten is lost on the way, the second capture lacks one in ten of the requests that pass it."""
    rng = random.Random(seed)
    here, there, lost = list[Row](), list[Row](), 0
    for n in range(1, 200):
        at, is_edge = 10 * n, n in (1, 199)
        here.append((2 * n, at, 0, n))
        if rng.random() < 0.1 and not is_edge:
            lost += 1
            continue
        there += [(2 * n, at + 2, 0, n)] * (is_edge or rng.random() > 0.1) + [(2 * n + 1, at + 3, 1, n)]
        here.append((2 * n + 1, at + 5, 1, n))
    way = told(here, there).forth
    assert way is not None
    unseen = {key for key, _, side, _ in here if not side} - {key for key, *_ in there}
    assert (way.lost, way.missed, way.elsewhere) == (lost, len(unseen) - lost, 0)
