"""Rows of equal keys, against a twin that holds them in lists."""

import random
from collections import defaultdict

import numpy as np
import pytest

from vmpcap.points.joining import join

SAME_PLACE = 1 << 40
"""Keys that differ in their upper bits only."""


def twin(here: list[int], there: list[int]) -> tuple[list[tuple[int, int]], int, int, int]:
    rows_here, rows_there = defaultdict(list), defaultdict(list)
    for rows, keys in ((rows_here, here), (rows_there, there)):
        for row, key in enumerate(keys):
            rows[key].append(row)
    pairs, disagree, more_here, more_there = [], 0, 0, 0
    for key in rows_here.keys() & rows_there.keys():
        ours, theirs = rows_here[key], rows_there[key]
        if len(ours) == len(theirs):
            pairs += zip(ours, theirs, strict=True)
        else:
            disagree += min(len(ours), len(theirs))
            more_here += max(0, len(ours) - len(theirs))
            more_there += max(0, len(theirs) - len(ours))
    return sorted(pairs), disagree, more_here, more_there


@pytest.mark.parametrize("factor", [1, SAME_PLACE, (1 << 64) // 40])
@pytest.mark.parametrize("seed", range(20))
def test_rows_of_equal_keys_are_found_as_a_dictionary_finds_them(seed: int, factor: int) -> None:
    """Key 0 among them, many of one key, and keys that share all but their upper bits."""
    rng = random.Random(seed)
    keys = rng.choice([3, 40, 400])
    here, there = ([rng.randrange(keys) * factor % (1 << 64) for _ in range(rng.randrange(300))] for _ in range(2))
    joined = join(np.array(here, np.uint64), np.array(there, np.uint64))
    pairs = list(zip(joined.left.tolist(), joined.right.tolist(), strict=True))
    assert (pairs, joined.disagree, joined.more_here, joined.more_there) == twin(here, there)
    assert pairs == sorted(pairs)


def test_nothing_is_equal_to_nothing() -> None:
    nothing, some = np.zeros(0, np.uint64), np.zeros(3, np.uint64)
    for here, there in ((nothing, nothing), (some, nothing), (nothing, some)):
        assert [len(join(here, there).left), *join(here, there)[2:]] == [0, 0, 0, 0]
