"""Rows of equal keys at two points."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.joining import DISAGREE, JOIN_TOTALS, MORE_HERE, MORE_THERE, PAIRS, Slots, join_keys
from vmpcap.terms.arrays import WRAPPING, doorway

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

LEAST_PLACES = 16


class Joined(NamedTuple):
    """Which rows have equal keys, k-th with k-th where both points have as many of them."""

    left: I64
    """int64[n], rising"""
    right: I64
    """int64[n]"""
    disagree: int
    """Rows of keys that both have, but not equally often: of each key as many as the fewer. None of them is paired."""
    more_here: int
    """How many more rows the first point has of keys that both have."""
    more_there: int


@WRAPPING
def join(here: U64, there: U64) -> Joined:
    """Which rows of these two have equal keys? One pass over each, in room for twice as many as the second has."""
    places = max(LEAST_PLACES, 1 << (2 * len(there)).bit_length())
    counts = (np.zeros(places, np.int32) for _ in range(3))
    slots = Slots(np.zeros(places, np.uint64), *counts)
    most = min(len(here), len(there))
    left, right = np.zeros(most, np.int32), np.zeros(most, np.int32)
    totals = np.zeros(JOIN_TOTALS, np.int64)
    next_row = np.zeros(len(there), np.int32)
    join_keys(doorway(here, np.uint64), doorway(there, np.uint64), slots, next_row, left, right, totals)  # type: ignore[arg-type]
    end = int(totals[PAIRS])
    return Joined(
        left[:end].astype(np.int64),
        right[:end].astype(np.int64),
        int(totals[DISAGREE]),
        int(totals[MORE_HERE]),
        int(totals[MORE_THERE]),
    )
