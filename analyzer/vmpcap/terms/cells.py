"""Columns of a table from arrays of numbers: texts, times, lists and nulls, without an object for each row."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vmpcap.terms.addresses import IPV4_MAPPED, ip_text, mac_text
from vmpcap.terms.units import NO_TIME

if TYPE_CHECKING:
    import polars as pl

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]


def number_cells(values: Ints, known: Bools | None = None) -> "pl.Series":
    """Whole numbers, null where they are not known."""
    import polars as pl

    series = pl.Series(values.astype(np.int64, copy=False))
    return series if known is None or known.all() else _null_unless(series, known)


def time_cells(ts_ns: I64) -> "pl.Series":
    """Times in UTC, null where there is none."""
    import polars as pl

    return number_cells(ts_ns, ts_ns != NO_TIME).cast(pl.Datetime("ns", "UTC"))


def us_cells(duration_ns: I64) -> "pl.Series":
    """Durations in microseconds, null where they are negative: not known."""
    import polars as pl

    return _null_unless(pl.Series(duration_ns / 1000), duration_ns >= 0)


def name_cells(numbers: Ints, names: dict[int, str]) -> "pl.Series":
    """Names of small numbers, the number itself where there is no name."""
    import polars as pl

    values, where = np.unique(numbers, return_inverse=True)
    texts = [names.get(int(value), str(value)) for value in values]
    return pl.Series(texts, dtype=pl.String).gather(where)


def mac_cells(macs: U64) -> "pl.Series":
    """MACs as text, null where there is none."""
    import polars as pl

    values, where = np.unique(macs, return_inverse=True)
    return pl.Series([mac_text(int(value)) for value in values], dtype=pl.String).gather(where)


def pair_cells(high: U64, low: U64, write: Callable[[int, int], str]) -> "pl.Series":
    """Texts of numbers of two halves, each written once however often it occurs."""
    import polars as pl

    order = np.lexsort((low, high))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
    where = np.empty(len(order), np.int64)
    where[order] = np.cumsum(is_new) - 1
    first = order[is_new]
    texts = [write(h, rest) for h, rest in zip(high[first].tolist(), low[first].tolist(), strict=True)]
    return pl.Series(texts, dtype=pl.String).gather(where)


def ip_cells(high: U64, low: U64) -> "pl.Series":
    """Addresses as text. A million IPv4 addresses are a million texts, so those are not written one by one."""
    import polars as pl

    is_ipv4 = (high == 0) & ((low >> np.uint64(32)) == np.uint64(IPV4_MAPPED >> 32))
    parts = [pl.Series(((low >> np.uint64(shift)) & np.uint64(0xFF)).astype(np.uint8)) for shift in (24, 16, 8, 0)]
    frame = pl.DataFrame({f"part_{n}": part for n, part in enumerate(parts)})
    texts = frame.select(pl.concat_str(pl.all().cast(pl.String), separator=".")).to_series()
    if is_ipv4.all():
        return texts
    other = ~is_ipv4
    texts = _null_unless(texts, is_ipv4)
    return texts.scatter(np.flatnonzero(other), pair_cells(high[other], low[other], ip_text))


def tag_cells(outer: Ints, inner: Ints) -> "pl.Series":
    """Lists of one or two tags, outermost first, empty where both are negative: untagged."""
    import polars as pl

    if (outer < 0).all():
        return pl.Series([[]], dtype=pl.List(pl.Int64)).gather(np.zeros(len(outer), np.int64))
    tags = pl.DataFrame({"outer": number_cells(outer, outer >= 0), "inner": number_cells(inner, inner >= 0)})
    return tags.select(pl.concat_list("outer", "inner").list.drop_nulls()).to_series()


def nulls(rows: int, dtype: "pl.DataType") -> "pl.Series":
    """So many unknown values."""
    import polars as pl

    return pl.Series([None], dtype=dtype).new_from_index(0, rows)


def flag_cells(values: Bools, known: Bools) -> "pl.Series":
    """Yes and no, null where it is not known."""
    import polars as pl

    return pl.Series(values) if known.all() else _null_unless(pl.Series(values), known)


def listed_cells(numbers: Ints, names: Sequence[str], known: Bools | None = None) -> "pl.Series":
    """Names of numbers that count along a list from 0, null where they are not known."""
    import polars as pl

    series = pl.Series(names, dtype=pl.String).gather(numbers)
    return series if known is None or known.all() else _null_unless(series, known)


def shared_cells(number: I64, texts: "pl.Series", known: Bools) -> "pl.Series":
    """Texts that rows share by their number, null where they are not known."""
    series = texts.gather(number)
    return series if known.all() else _null_unless(series, known)


def list_cells(values: I64, counts: Ints, known: Bools | None = None) -> "pl.Series":
    """
    Lists of the first so many numbers of each row, a number that is negative null; null where the list is not known.

    Parameters
    ----------
    values : int64[n, most]
    counts : int[n]
    known : bool[n]
    """
    import polars as pl

    rows, most = values.shape
    flat = number_cells(values.ravel(), values.ravel() >= 0)
    whole = pl.DataFrame({"values": flat.reshape((rows, most)), "count": number_cells(counts)})
    lists = whole.select(pl.col("values").arr.to_list().list.head(pl.col("count"))).to_series()
    return lists if known is None or known.all() else _null_unless(lists, known)


def _null_unless(series: "pl.Series", known: Bools) -> "pl.Series":
    import polars as pl

    return series.zip_with(pl.Series(known), nulls(1, series.dtype))
