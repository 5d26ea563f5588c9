"""The rows of a great many addresses, found by going through a column once instead of once for each."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

MIXER: Final = np.uint64(0x9E3779B97F4A7C15)
"""An odd number whose bits are spread evenly: what is multiplied by it stays different."""


def rows_of_each(high: U64, low: U64, of_high: U64, of_low: U64) -> list[I64]:
    """
    In which rows, rising, does each of these addresses stand?

    Parameters
    ----------
    high, low : uint64[n]
        The column that is gone through, as halves of addresses.
    of_high, of_low : uint64[k]
        The addresses that are asked for, each once.

    Notes
    -----
    Of two that share one key by chance one is found nowhere; no row is ever taken for another address's.

    >>> zeros = np.zeros(4, np.uint64)
    >>> found = rows_of_each(zeros, np.array([7, 5, 7, 6], np.uint64), zeros[:2], np.array([7, 5], np.uint64))
    >>> [rows.tolist() for rows in found]
    [[0, 2], [1]]
    """
    if not len(of_low) or not len(low):
        return [np.zeros(0, np.int64) for _ in of_low]
    keys = of_high * MIXER ^ of_low
    by_key = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[by_key], high * MIXER ^ low), len(keys) - 1)
    which = by_key[at]
    rows = np.flatnonzero((of_high[which] == high) & (of_low[which] == low))
    order = rows[np.argsort(which[rows], kind="stable")]
    edges = np.searchsorted(which[order], np.arange(len(of_low) + 1))
    return [order[begin:end] for begin, end in pairwise(edges.tolist())]
