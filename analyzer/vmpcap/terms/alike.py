"""Rows that are alike share a number, so that what is made of them (a text, most often) is made once."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import inline_kernel, kernel

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_LOOKS: Final = 16
"""Places in which a row looks for another like it."""
_FREE: Final = -1
_TOO_MANY: Final = -1
_FEW: Final = 1024
"""So many different rows are looked for first: a table of these stays near the processor, whatever number of rows."""


class Alike(NamedTuple):
    """Which rows share a number, and which row is the first with each."""

    number: I64
    """int64[n]: of each row."""
    first: I64
    """int64[k]: by number, the first row that has it."""


@inline_kernel
def blend(key: np.uint64, word: np.uint64) -> np.uint64:
    """Which key has seen this word too? Products of 32 bits only, so nothing overflows."""
    low = (key ^ word) & np.uint64(0xFFFFFFFF)
    high = (key ^ word) >> np.uint64(32)
    mixed = (low * np.uint64(0x9E3779B1)) ^ (high * np.uint64(0x85EBCA77))
    return (mixed << np.uint64(32)) | (mixed >> np.uint64(32))


@kernel
def number_alike(words: U64, out_place: I64, out_number: I64, out_first: I64) -> int:
    """
    Which rows are alike? Gives how many numbers were given, or -1 where they were too few.

    Parameters
    ----------
    words : uint64[n, k]
    out_place : int64[p]
        All -1; p is a power of two, twice m or more.
    out_number : int64[n]
        The same for two rows only if they are alike.
    out_first : int64[m]
        By number, the first row that has it.

    Notes
    -----
    A row that finds all places near its own taken gets a number of its own, though another may be like it: then a text
    is written twice. So nobody can make this slow by a choice of addresses.
    """
    mask = np.uint64(out_place.shape[0] - 1)
    given = 0
    for i in range(words.shape[0]):
        key = np.uint64(words.shape[1])
        for column in range(words.shape[1]):
            key = blend(key, words[i, column])
        key ^= key >> np.uint64(29)
        number = given
        for look in range(_LOOKS):
            place = np.int64((key + np.uint64(look)) & mask)
            known = out_place[place]
            if known == _FREE:
                out_place[place] = given  # of one too many nobody reads it
                break
            is_alike = True
            for column in range(words.shape[1]):
                is_alike &= words[out_first[known], column] == words[i, column]
            if is_alike:
                number = known
                break
        if number == given:
            if given == out_first.shape[0]:
                return _TOO_MANY
            out_first[given] = i
            given += 1
        out_number[i] = number
    return given


def alike(*columns: npt.NDArray[np.integer[Any]], rows: I64 | None = None) -> Alike:
    """Which rows of these columns are alike? Of all, or of these row numbers: then places among them are given."""
    count = len(columns[0]) if rows is None else len(rows)
    words = _words(columns, rows, count)
    number, given = np.empty(count, np.int64), _TOO_MANY
    for most in (min(count, _FEW), count):
        first, places = np.empty(most, np.int64), np.full(1 << max(2 * most - 1, 1).bit_length(), _FREE, np.int64)
        given = number_alike(words, places, number, first)
        if given != _TOO_MANY:
            break
    return Alike(number, first[:given])


def _words(columns: tuple[npt.NDArray[np.integer[Any]], ...], rows: I64 | None, count: int) -> U64:
    """The columns side by side, uint64[n, k]; one that is so already is not copied."""
    alone = columns[0]
    if rows is None and len(columns) == 1 and alone.dtype == np.uint64 and alone.flags.c_contiguous:
        words: U64 = alone.view(np.uint64).reshape(count, 1)
    else:
        words = np.empty((count, len(columns)), np.uint64)
        for place, column in enumerate(columns):
            words[:, place] = column if rows is None else column[rows]
    words.flags.writeable = False
    return words
