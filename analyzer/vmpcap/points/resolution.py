"""What time stamps are multiples of, by what they show."""

from typing import Final

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

RESOLUTIONS: Final = (1_000_000, 1_000)
"""What time stamps may be multiples of, ns."""
OFTEN: Final = 2
"""So many packets share each time, on the average, where a clock ticks seldom."""
LEAST_TICKS: Final = 8
"""Of fewer times nobody can say whether their distances are multiples of one tick."""
MOST_TICKS: Final = 1_000
"""So many distances are looked at."""
NEAR_NS: Final = 50_000
"""So near to a multiple of the tick are all of them: the clock was slewed meanwhile."""
FEW: Final = 20
"""Time stamps by which a resolution can be told."""


def resolution(ts: I64, names: U64) -> int:
    """
    What are these time stamps multiples of, ns? By what they show: of too few the coarser usual one.

    Parameters
    ----------
    ts : int64[n]
    names : uint64[n], alike for the same packet: one that is shown twice at one time counts once

    Notes
    -----
    A clock that ticks more seldom than every millisecond gives many packets one time, and the distances of its times
    are multiples of its tick. Packets that merely came at such distances have a time each; bursts that a card stamps
    at once have distances that are multiples of nothing.
    """
    if len(ts) < FEW:
        return RESOLUTIONS[-1]
    unit = next((unit for unit in RESOLUTIONS if not (ts % unit).any()), 1)
    times = _distinct(ts)
    if not LEAST_TICKS <= len(times) <= len(ts) // OFTEN:
        return unit
    shown = len(np.unique(np.stack((ts.view(np.uint64), names), axis=1), axis=0))
    return max(unit, _tick_of(np.diff(times))) if len(times) <= shown // OFTEN else unit


def _distinct(ts: I64) -> I64:
    """Each of these times once, by size; they mostly are in order already, and need not be sorted."""
    apart = np.diff(ts)
    if len(apart) and apart.min() >= 0:
        return ts[np.concatenate(([True], apart > 0))]
    return np.unique(ts)


def _tick_of(apart: I64) -> int:
    """What are these distances multiples of, if it is more than the coarsest resolution; else 1?"""
    tick = int(apart[0])
    for distance in apart[1:MOST_TICKS].tolist():
        rest = distance
        while rest > NEAR_NS and tick > RESOLUTIONS[0]:  # Euclid, by the nearest multiple
            tick, rest = min(tick, rest), max(tick, rest) % min(tick, rest)
            rest = min(rest, tick - rest)
    return tick if tick > RESOLUTIONS[0] else 1


def coarseness(ts: I64, names: U64) -> int:
    """The same where it is coarser than usual, else 0."""
    unit = resolution(ts, names)
    return unit if unit > RESOLUTIONS[-1] else 0
