"""A clock that was set where no answers bound it any more: the packets of one direction alone show it."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

LEAST: Final = 3
"""Fewer packets at an end may have been held up by chance."""
LEAST_BEFORE: Final = 20
"""From so many packets it can be told how late they are."""
LEAST_NS: Final = 2 * NS_PER_MS
STEADY: Final = 4
"""A step is so many times greater than what those beyond it differ by."""
WIDE: Final = 2
"""It leads so many times farther than the others ever were apart."""


class Beyond(NamedTuple):
    """What the other clock shows more than the one seems to have changed at once."""

    begin: int
    """By the one clock."""
    end: int
    begin_other: int
    end_other: int
    low_ns: int
    high_ns: int
    is_turned: bool = False
    """The one clock was set back by more than passed: it showed `end` before the step and `begin` after it."""
    is_turned_other: bool = False


def steps_beyond(ways: U64, at: I64, late: I64, width: int, taken: I64 | None = None) -> tuple[Beyond, ...]:
    """
    From where on, or until where, are the packets of a direction all late by another time than before? Begin and end.

    Parameters
    ----------
    ways : uint64[n], a number for the two ends and which of them sent
    at, late : int64[n], when the one clock shows each packet, in the order of its capture; by how much the other later
    width : how far the bounds of the two clocks are apart
    taken : int64[n], what of that is the clocks' own by what answers show; None: all alike

    Notes
    -----
    Where a guest is gone its peers go on asking, and nobody answers: such packets bound a clock from one side, and a
    clock that was set is taken for another way. A way that turned does look like it: whoever uses this must leave open
    that nothing stepped.
    """
    found: list[Beyond] = []
    offset = np.zeros(len(at), np.int64) if taken is None else taken
    for way in np.unique(ways).tolist():
        rows = np.flatnonzero(ways == np.uint64(way))
        if len(rows) >= LEAST_BEFORE + LEAST:
            found += _at_the_end(at[rows], late[rows], offset[rows], width, 1)
            found += _at_the_end(at[rows][::-1], late[rows][::-1], offset[rows][::-1], width, -1)
    return tuple(found)


def _at_the_end(at: I64, shown: I64, offset: I64, width: int, sign: int) -> list[Beyond]:
    """The same of one direction; sign -1: its packets are given from the last to the first."""
    late = shown - offset
    is_odd = np.abs(late - late[-1]) < np.abs(late - int(np.median(late)))
    count = len(late) if is_odd.all() else int(np.argmin(is_odd[::-1]))
    rest, odd = late[: len(late) - count], late[len(late) - count :]
    if count < LEAST or len(rest) < LEAST_BEFORE:
        return []
    by = int(np.median(odd) - np.median(rest))
    apart = int(odd.min() - rest.max()) if by > 0 else int(rest.min() - odd.max())
    if apart < max(LEAST_NS, WIDE * int(rest.max() - rest.min())) or int(odd.max() - odd.min()) * STEADY > abs(by):
        return []
    last = len(rest) - 1
    edges = [(int(ts[last]), int(ts[last + 1]))[::sign] for ts in (at, at + shown)]
    (begin, end), (begin_other, end_other) = (sorted(pair) for pair in edges)
    is_turned, is_turned_other = (before > after for before, after in edges)
    return [
        Beyond(begin, end, begin_other, end_other, sign * by - width, sign * by + width, is_turned, is_turned_other)
    ]
