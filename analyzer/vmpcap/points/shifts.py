"""A clock that may have been set by less than the time there and back: both ways' delays change at once, oppositely."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import Bounds, Lines, fit_lines
from vmpcap.points.pieces import fit_pieces

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_WINDOWS: Final = 32
LEAST_WINDOWS: Final = 4
EACH: Final = 8
"""So many bounds of the rarer side are wanted for each window, on the average."""
LEAST_EACH: Final = 4
"""Windows with fewer of a side tell no least delay."""
SHARE: Final = 10
"""Steps of less than this part of the time there and back are left within the bounds, which hold them."""
LEAST_NS: Final = 100_000
"""Least steps that are looked for: a host's own handling moves by less."""
MOST_SHIFTS: Final = 2


def find_shifts(lows: Bounds, highs: Bounds, whole: Lines) -> tuple[Lines, ...]:
    """
    Which pieces tell these bounds better than one line that keeps to them all? None where the line does as well.

    Parameters
    ----------
    whole : the lines that keep to all bounds of their time. Beside a clock that was set there may be others, too few
        for lines of their own

    Notes
    -----
    A queue makes one way longer, and never shorter than the way is. So the least time there and back of any window,
    less what windows differ by, is a width that the bounds have everywhere: lower bounds are raised by it, and a
    steady clock still keeps between. Where it does not, the least delays of both ways moved at once, by opposite
    amounts: a clock that stepped, or a queue that left one way as it came into the other. Which of the two does not
    show, so either piece's bounds are those that need no such width, and a steady clock keeps to them as well.
    """
    lows, highs = (bounds.within(whole.begin, whole.end) for bounds in (lows, highs))
    width = _least_width(lows, highs, whole)
    if width <= 0:
        return ()
    narrow = fit_pieces(Bounds(lows.ts, lows.value_ns + width), highs, most_steps=MOST_SHIFTS)
    if len(narrow) < 2:
        return ()
    if _fits_without_gaps(lows, highs, narrow, width):
        return ()
    pieces = []
    for piece in narrow:
        low, high = (bounds.within(piece.begin, piece.end) for bounds in (lows, highs))
        if min(len(low.ts), len(high.ts)) < LEAST_EACH:
            return ()
        lines = fit_lines(low, high)
        if lines is None:
            return ()
        pieces.append(lines)
    return tuple(pieces)


def _least_width(lows: Bounds, highs: Bounds, whole: Lines) -> int:
    """
    By how much are a lower and an upper bound apart in every window, at least? 0: too few tell it.

    But for as many windows as there may be steps: in one of these, bounds from before it and after it seem nearer.
    """
    count = min(len(lows.ts) // EACH, len(highs.ts) // EACH, MOST_WINDOWS)
    if count < LEAST_WINDOWS:
        return 0
    tilt = sum(whole.drift) / 2
    span = max(whole.end - whole.begin, 1)
    sides = ((lows, -1), (highs, 1))
    highest, lowest = (_extremes(bounds, whole, tilt, span / count, count, sign) for bounds, sign in sides)
    widths = np.sort((lowest - highest)[np.isfinite(lowest) & np.isfinite(highest)])
    if len(widths) < LEAST_WINDOWS:
        return 0
    least = min(MOST_SHIFTS, len(widths) // LEAST_WINDOWS - 1)
    doubt = max(widths[least] / SHARE, widths[(least + len(widths)) // 3] - widths[least], LEAST_NS)
    return int(widths[least] - doubt)


def _fits_without_gaps(lows: Bounds, highs: Bounds, pieces: tuple[Lines, ...], width: int) -> bool:
    """Do lines keep to all of these pieces' narrow bounds? Then what lies between was an idle moment, and no step."""
    low, high = (
        Bounds(*map(np.concatenate, zip(*(bounds.within(piece.begin, piece.end) for piece in pieces), strict=True)))
        for bounds in (lows, highs)
    )
    return fit_lines(Bounds(low.ts, low.value_ns + width), high) is not None


def _extremes(bounds: Bounds, whole: Lines, tilt: float, width: float, count: int, sign: int) -> Floats:
    """The tightest bound of each window, less the drift; infinite where a window has too few."""
    place = np.minimum(((bounds.ts - whole.begin) / width).astype(np.int64), count - 1)
    least = np.full(count, np.inf)
    np.minimum.at(least, place, sign * (bounds.value_ns - tilt * (bounds.ts - whole.begin) - whole.base))
    least[np.bincount(place, minlength=count) < LEAST_EACH] = np.inf
    return sign * least
