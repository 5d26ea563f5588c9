"""A clock that was set where no answers bound it any more: the packets of one direction alone show it."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.terms.distinct import places_of_each
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

EVER: Final = 1 << 62
LEAST: Final = 3
"""Fewer packets at an end may have been held up by chance."""
LEAST_BEFORE: Final = 20
"""From so many packets it can be told how late they are."""
LEAST_NS: Final = 2 * NS_PER_MS
STEADY: Final = 4
"""A step is so many times greater than what those beyond it differ by."""
TWICE: Final = 2
MOST_STEPS: Final = 4
"""A clock that was set more often within a second or so is told from no queue."""
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
    once_ns: int = EVER
    """In several steps: how great the greatest of them is."""


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
    that nothing stepped. One that was set several times the same way is told as one step, from before the first to
    after the last.
    """
    found: list[Beyond] = []
    offset = np.zeros(len(at), np.int64) if taken is None else taken
    for rows in places_of_each(ways):
        if len(rows) >= LEAST_BEFORE + LEAST:
            found += _at_the_end(at[rows], late[rows], offset[rows], width, 1)
            found += _at_the_end(at[rows][::-1], late[rows][::-1], offset[rows][::-1], width, -1)
    return tuple(found)


def _at_the_end(at: I64, shown: I64, offset: I64, width: int, sign: int) -> list[Beyond]:
    """The same of one direction; sign -1: its packets are given from the last to the first."""
    late = shown - offset
    begun, done = _edges_of_step(late)
    if not done:
        return []
    by = int(np.median(late[done:]) - np.median(late[: begun + 1]))
    zones = [ts[begun : done + 1][::sign] for ts in (at, at + shown)]
    (begin, end), (begin_other, end_other) = ((int(ts.min()), int(ts.max())) for ts in zones)
    is_turned, is_turned_other = (bool(ts[0] > ts[-1]) for ts in zones)
    once = int(np.abs(np.diff(late[begun : done + 1])).max()) if done > begun + 1 else EVER
    low, high = sign * by - width, sign * by + width
    return [Beyond(begin, end, begin_other, end_other, low, high, is_turned, is_turned_other, once)]


def _edges_of_step(late: I64) -> tuple[int, int]:
    """Which packet is the last before the step, and which the first after it? (0, 0): there is none."""
    from_last, from_most = np.abs(late - late[-1]), np.abs(late - int(np.median(late)))
    done = _begin_of_tail(from_last < from_most)
    once = (done - 1, done) if _is_step(late[:done], late[done:]) else (0, 0)
    begun = _last_of(TWICE * from_most < from_last)
    least = max(LEAST_NS, int(np.ptp(late[: begun + 1])))
    if once[1] and int(np.ptp(late[done:])) <= least:
        return once
    done = _begin_of_tail((TWICE * from_last < from_most) & (from_last <= least))
    is_one = done > begun and _is_step(late[: begun + 1], late[done:]) and _is_staircase(late[begun : done + 1], least)
    return (begun, done) if is_one else once


def _begin_of_tail(is_tail: Bools) -> int:
    """From where on are all so?"""
    return 0 if is_tail.all() else len(is_tail) - int(np.argmin(is_tail[::-1]))


def _last_of(which: Bools) -> int:
    """Where is the last that is so? 0: none is."""
    found = np.flatnonzero(which)
    return int(found[-1]) if len(found) else 0


def _is_step(rest: I64, odd: I64) -> bool:
    """Are these late by another time than those before, by much more than either differ among themselves?"""
    if len(odd) < LEAST or len(rest) < LEAST_BEFORE:
        return False
    by = int(np.median(odd) - np.median(rest))
    apart = int(odd.min() - rest.max()) if by > 0 else int(rest.min() - odd.max())
    return apart >= max(LEAST_NS, WIDE * int(np.ptp(rest))) and int(np.ptp(odd)) * STEADY <= abs(by)


def _is_staircase(late: I64, least: int) -> bool:
    """
    Does it go from the first to the last of these in a few steps of one direction, and stands still between them?

    A clock that was set several times does; a queue that grows does not.
    """
    by = np.diff(late)
    is_jump = np.abs(by) > least
    level = np.cumsum(np.where(is_jump, 0, by))
    return 0 < int(is_jump.sum()) <= MOST_STEPS and len(np.unique(np.sign(by[is_jump]))) == 1 and np.ptp(level) <= least
