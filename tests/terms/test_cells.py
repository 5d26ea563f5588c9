"""Columns of a table from arrays of numbers."""

import ipaddress

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.cells import (
    flag_cells,
    ip_cells,
    list_cells,
    listed_cells,
    mac_cells,
    name_cells,
    nulls,
    number_cells,
    pair_cells,
    shared_cells,
    tag_cells,
    time_cells,
    us_cells,
)

ADDRESSES = st.lists(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), max_size=20)


def halves(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [ip_halves(text) for text in texts]
    return np.array([high for high, _ in pairs], np.uint64), np.array([low for _, low in pairs], np.uint64)


@given(ADDRESSES)
def test_addresses_are_written_as_the_standard_library_writes_them(
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address],
) -> None:
    """Both families in one column; IPv4-mapped ones as IPv4."""
    wanted = [str(getattr(address, "ipv4_mapped", None) or address) for address in addresses]
    assert ip_cells(*halves([str(address) for address in addresses])).to_list() == wanted


def test_an_address_that_ends_like_a_mapped_one_is_ipv6() -> None:
    """Only ::ffff:0:0/96 is IPv4 (RFC 4291 2.5.5.2)."""
    texts = ["2001:db8::ffff:102:304", "1.2.3.4", "::1.2.3.4", "::"]
    assert ip_cells(*halves(texts)).to_list() == ["2001:db8::ffff:102:304", "1.2.3.4", "::102:304", "::"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_a_text_is_written_once_for_each_pair(pairs: list[tuple[int, int]]) -> None:
    """Row by row the right one, however often a pair occurs."""
    asked: list[tuple[int, int]] = []

    def write(high: int, low: int) -> str:
        asked.append((high, low))
        return f"{high}/{low}"

    high, low = (np.array([pair[n] for pair in pairs], np.uint64) for n in (0, 1))
    assert pair_cells(high, low, write).to_list() == [f"{a}/{b}" for a, b in pairs]
    assert sorted(asked) == sorted(set(pairs))


def test_macs_without_one_are_null() -> None:
    """Raw IP has none; all zeros is an address."""
    macs = np.array([0x005056AA7710, 2**64 - 1, 0], np.uint64)
    assert mac_cells(macs).to_list() == ["00:50:56:aa:77:10", None, "00:00:00:00:00:00"]


@pytest.mark.parametrize(
    ("outer", "inner", "tags"),
    [([-1, -1], [-1, -1], [[], []]), ([7, -1, 7], [-1, -1, 9], [[7], [], [7, 9]]), ([0], [-1], [[0]]), ([], [], [])],
)
def test_tags_are_lists_outermost_first(outer: list[int], inner: list[int], tags: list[list[int]]) -> None:
    """Untagged is an empty list; tag 0 (priority) is a tag."""
    cells = tag_cells(np.array(outer, np.int16), np.array(inner, np.int16))
    assert cells.to_list() == tags
    assert cells.dtype == pl.List(pl.Int64)


def test_what_is_not_known_is_null() -> None:
    """Never 0, never a negative number."""
    assert number_cells(np.array([5, -1], np.int32), np.array([True, False])).to_list() == [5, None]
    assert us_cells(np.array([1500, 0, -1])).to_list() == [1.5, 0.0, None]
    assert time_cells(np.array([-(2**63), 1])).dt.epoch("ns").to_list() == [None, 1]
    assert name_cells(np.array([6, 99], np.uint8), {6: "tcp"}).to_list() == ["tcp", "99"]


def test_columns_without_rows_have_their_dtype() -> None:
    """An empty table passes the same gate."""
    none, ints = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    assert [cells.dtype for cells in (ip_cells(none, none), mac_cells(none), name_cells(ints, {}))] == [pl.String] * 3
    assert pair_cells(none, none, lambda high, low: "").dtype == pl.String
    assert number_cells(ints).dtype == number_cells(ints, ints > 0).dtype == pl.Int64
    assert us_cells(ints).dtype == pl.Float64
    assert time_cells(ints).dtype == pl.Datetime("ns", "UTC")


def test_flags_and_listed_names_are_null_where_they_are_not_known() -> None:
    """And themselves everywhere else."""
    known = np.array([True, False, True])
    assert flag_cells(np.array([True, True, False]), known).to_list() == [True, None, False]
    assert listed_cells(np.array([0, 1, 1]), ("whole", "first")).to_list() == ["whole", "first", "first"]
    assert listed_cells(np.array([0, 1, 1]), ("whole", "first"), known).to_list() == ["whole", None, "first"]
    assert shared_cells(np.array([1, 0, 1]), pl.Series(["a", "b"]), known).to_list() == ["b", None, "b"]


def test_nulls_have_the_dtype_that_is_asked_for() -> None:
    """As many as asked for, none included."""
    for count in (0, 3):
        series = nulls(count, pl.List(pl.Int64()))
        assert (series.dtype, series.to_list()) == (pl.List(pl.Int64), [None] * count)


@given(rows=st.lists(st.lists(st.integers(-1, 2**32 - 1), max_size=4), max_size=20))
def test_lists_hold_so_many_numbers_of_each_row(rows: list[list[int]]) -> None:
    """What is negative is null; what lies behind is not looked at."""
    values = np.array([row + [7] * (4 - len(row)) for row in rows], np.int64).reshape(len(rows), 4)
    series = list_cells(values, np.array([len(row) for row in rows], np.uint8))
    assert series.dtype == pl.List(pl.Int64)
    assert series.to_list() == [[None if number < 0 else number for number in row] for row in rows]


def test_a_list_that_is_not_known_is_no_empty_list() -> None:
    """Null beside empty."""
    series = list_cells(np.zeros((2, 8), np.int64), np.zeros(2, np.uint8), np.array([True, False]))
    assert series.to_list() == [[], None]
