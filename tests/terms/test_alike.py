"""Rows that are alike share a number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.terms.alike import alike

WORDS = st.integers(0, 3) | st.integers(0, 2**64 - 1)
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[WORDS] * width), min_size=1, max_size=200))


@given(rows=ROWS)
def test_rows_share_a_number_if_they_are_alike_and_only_then(rows: list[tuple[int, ...]]) -> None:
    """A dict numbers them in the order in which they appear first."""
    found = alike(*(np.array(column, np.uint64) for column in zip(*rows, strict=True)))
    numbers: dict[tuple[int, ...], int] = {}
    assert found.number.tolist() == [numbers.setdefault(row, len(numbers)) for row in rows]
    assert [rows[first] for first in found.first] == list(numbers)


def test_no_rows_have_no_numbers() -> None:
    """Nothing comes of nothing."""
    found = alike(np.zeros(0, np.int64))
    assert (len(found.number), len(found.first)) == (0, 0)


def test_negative_numbers_are_words_like_any_other() -> None:
    """-1 stands for an id that is not there."""
    assert alike(np.array([-1, 5, -1])).number.tolist() == [0, 1, 0]


@pytest.mark.parametrize("step", [1, 2**12, 2**20, 2**32, 2**48, 0x9E3779B1])
def test_many_rows_keep_their_own_numbers_however_they_are_spread(step: int) -> None:
    """
    Addresses that differ in any of their bits; those that come again find their number again.

    Where too many fall together a row may get a second number: that is rare, and never one that belongs to another.
    """
    values = (np.arange(30_000, dtype=np.uint64) * np.uint64(step)) ^ np.uint64(0xFFFF_0A00_0000)
    found = alike(np.concatenate([values, values]))
    assert (np.concatenate([values, values])[found.first[found.number]] == np.concatenate([values, values])).all()
    assert len(found.first) < 30_000 * 1.01
