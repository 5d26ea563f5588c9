"""Rows of equal keys at two points, found in one pass over each: no sorting."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.terms.kernels import inline_kernel, kernel

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

DISAGREE: Final = 0
MORE_HERE: Final = 1
MORE_THERE: Final = 2
PAIRS: Final = 3
JOIN_TOTALS: Final = 4


class Slots(NamedTuple):
    """An open table of the keys that one point shows: a power of two of places, at most half of them taken."""

    key: U64
    """uint64[places]"""
    here: I32
    """int32[places]: rows of the first point with this key"""
    there: I32
    """int32[places]: rows of the second point with it; 0: the place is free"""
    following: I32
    """int32[places]: the second point's next row with it, not yet taken; -1 after the last one"""


@inline_kernel
def place_of(slots: Slots, key: np.uint64) -> np.int64:
    """Where is this key, or else the free place where it would be? Keys of sampled packets share their low bits."""
    last = slots.key.shape[0] - 1
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    at = np.int64(mixed >> np.uint64(24)) & np.int64(last)
    while slots.there[at] != 0 and slots.key[at] != key:
        at = (at + np.int64(1)) & np.int64(last)
    return at


@kernel
def join_keys(here: U64, there: U64, slots: Slots, next_row: I32, left: I32, right: I32, totals: I64) -> None:
    """
    Which rows of two points have equal keys, k-th with k-th where both have as many?

    Parameters
    ----------
    here, there : uint64[n], uint64[m]
    slots : all 0; at least twice as many places as m
    next_row : int32[m]
        Room to work in.
    left, right : int32[min(n, m)], filled up to totals[PAIRS]
        Rows of the first, rising, and of the second.
    totals : int64[JOIN_TOTALS]
        DISAGREE: rows that both have, but not equally often: of each key as many as the fewer. MORE_HERE, MORE_THERE:
        how many more of keys that both have.
    """
    for row in range(there.shape[0] - 1, -1, -1):
        at = place_of(slots, there[row])
        next_row[row] = slots.following[at] if slots.there[at] != 0 else np.int32(-1)
        slots.key[at] = there[row]
        slots.there[at] += 1
        slots.following[at] = row
    for row in range(here.shape[0]):
        slots.here[place_of(slots, here[row])] += 1
    for place in range(slots.key.shape[0]):
        if slots.there[place] == 0 or slots.here[place] == 0:
            continue
        more = np.int64(slots.here[place]) - np.int64(slots.there[place])
        totals[MORE_HERE] += max(more, 0)
        totals[MORE_THERE] += max(-more, 0)
        if more != 0:
            totals[DISAGREE] += min(slots.here[place], slots.there[place])
    for row in range(here.shape[0]):
        at = place_of(slots, here[row])
        if slots.there[at] == 0 or slots.there[at] != slots.here[at]:
            continue
        pair = totals[PAIRS]
        left[pair] = row
        right[pair] = slots.following[at]
        slots.following[at] = next_row[slots.following[at]]
        totals[PAIRS] = pair + 1
