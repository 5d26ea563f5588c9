"""Numbers of one column that are among those of another are found as numpy finds them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.terms.arrays import doorway
from vmpcap.terms.members import FEW, is_among, mark_members

NUMBERS = st.lists(st.integers(0, 40) | st.integers(0, 2**64 - 1), max_size=200)


def marked(values: list[int], among: list[int], places: int) -> tuple[bool, list[bool]]:
    """What the kernel says, with a table of so many places."""
    columns: Any = (doorway(np.array(column, np.uint64), np.uint64) for column in (values, among))
    out = np.zeros(len(values), np.bool_)
    is_told = mark_members(*columns, np.full(places, -1, np.int32), out)
    return bool(is_told), out.tolist()


@given(NUMBERS, NUMBERS)
def test_as_sets_have_it(values: list[int], among: list[int]) -> None:
    wanted = [value in set(among) for value in values]
    assert marked(values, among, 1024) == (True, wanted)
    assert is_among(np.array(values, np.uint64), np.array(among, np.uint64)).tolist() == wanted


@pytest.mark.parametrize("step", [1, 2**12, 2**20, 2**32, 2**48, 0x9E3779B1])
def test_long_columns_too_however_their_numbers_are_spread(step: int) -> None:
    among = (np.arange(4 * FEW, dtype=np.uint64) * np.uint64(step))[::2]
    values = np.arange(4 * FEW, dtype=np.uint64) * np.uint64(step)
    assert is_among(values, among).tolist() == [number % 2 == 0 for number in range(4 * FEW)]


def test_numbers_that_find_no_place_are_told_by_another_way() -> None:
    """A table without room for them says so and tells nothing."""
    assert marked([1], list(range(200)), 64)[0] is False


def test_nothing_is_among_nothing() -> None:
    nothing = np.zeros(0, np.uint64)
    assert is_among(nothing, nothing).tolist() == []
    assert is_among(np.zeros(FEW, np.uint64), nothing).tolist() == [False] * FEW
    assert is_among(nothing, np.zeros(FEW, np.uint64)).tolist() == []
