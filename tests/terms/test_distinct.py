"""Few different values in a long column are found as numpy finds them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.terms.distinct import distinct, first_of_each, places_of_each

DTYPES = (np.uint64, np.int64, np.int32, np.uint16, np.uint8)


@given(st.lists(st.integers(0, 250), max_size=200), st.sampled_from(DTYPES))
def test_as_numpy_finds_them_however_many_there_are(values: list[int], dtype: type[np.generic]) -> None:
    column = np.array(values, dtype)
    wanted, at = np.unique(column, return_index=True)
    found, first = first_of_each(column)
    assert (found.dtype, first.dtype) == (column.dtype, np.dtype(np.int64))
    assert found.tolist() == wanted.tolist()
    assert first.tolist() == at.tolist()
    assert distinct(column).tolist() == wanted.tolist()


@pytest.mark.parametrize("value", [2**64 - 1, 2**63, 0])
def test_the_largest_numbers_stay_what_they_are(value: int) -> None:
    column = np.array([1, value, value, 1], np.uint64)
    assert distinct(column).tolist() == sorted({1, value})


def test_nothing_has_no_values() -> None:
    found, first = first_of_each(np.zeros(0, np.uint64))
    assert (found.tolist(), first.tolist()) == ([], [])


@given(st.lists(st.integers(0, 20), max_size=60), st.sampled_from(DTYPES))
def test_every_place_is_with_its_value_and_in_its_order(values: list[int], dtype: type[np.generic]) -> None:
    found = [places.tolist() for places in places_of_each(np.array(values, dtype))]
    assert found == [[n for n, one in enumerate(values) if one == value] for value in sorted(set(values))]
