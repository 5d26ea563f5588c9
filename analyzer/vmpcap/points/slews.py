"""A clock that was slewed: it ran at another rate for a time, and both ways' delays show it, oppositely."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import Bounds, Lines, fit_lines
from vmpcap.points.pieces import fit_pieces

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_SLEWED: Final = 1e-3
"""Two clocks that are slewed to the right time run apart by so much at most: NTP corrects one by 500 ppm."""
WINDOWS: Final = 32
LEAST_WINDOWS: Final = 8
"""Of fewer windows with packets of both ways nobody can say what the least time there and back is."""
SHARE: Final = 100
"""Bends that move a clock by less than this part of the time there and back are left within the bounds."""
LEAST_NS: Final = 50_000
"""A host's own handling moves the least delays by less."""
THIRD: Final = 3
"""A third of the windows are idle for a moment, or nobody can say what the least is."""
MOST_BENDS: Final = 6
LEAST_EACH: Final = 4
"""Pieces with fewer bounds of a side are no run of a clock."""
TRIED: Final = 33
"""Times between two pieces at which their lines may meet."""


def find_slews(lows: Bounds, highs: Bounds) -> tuple[Lines, ...]:
    """
    Which pieces of several rates, each of which goes on where the one before it ends, tell these bounds? None: none do.

    Notes
    -----
    A delay makes one way longer, and the other not. A clock that runs at another rate moves both ways, by opposite
    amounts. So the bounds keep a width (`least_width`): lower bounds are raised by it, and a steady clock still keeps
    between, whatever queues there were. Where it takes several lines that meet, of rates that differ, a clock was
    slewed. Lines that do not meet are steps, and told elsewhere. Each piece's own bounds are those that need no such
    width.
    """
    width = least_width(lows, highs)
    if width <= 0:
        return ()
    raised = Bounds(lows.ts, lows.value_ns + width)
    narrow = fit_pieces(raised, highs, most_drift=MOST_SLEWED, most_steps=MOST_BENDS)
    if len(narrow) < 2 or not all(_is_bend(*beside) for beside in pairwise(narrow)):
        return ()
    pieces = []
    for number, piece in enumerate(narrow):
        low, high = (bounds.within(piece.begin, piece.end) for bounds in (lows, highs))
        if min(len(low.ts), len(high.ts)) < LEAST_EACH:
            return ()
        lines = fit_lines(low, high, MOST_SLEWED)
        if lines is None:
            return ()
        pieces.append(replace(lines, goes_on=number > 0))
    return tuple(pieces)


def least_width(lows: Bounds, highs: Bounds, most_drift: float = MOST_SLEWED) -> int:
    """
    By how much are the lower and the upper bounds apart at all times, at least, ns? 0: too little tells it.

    Parameters
    ----------
    most_drift : by how much the clocks run apart at most, seconds per second

    Notes
    -----
    That is the least time there and back, less what windows of time differ by. Between two bounds that are not of one
    moment the clocks may have run apart: that widens, so as much as they may between two packets is taken off.
    """
    if not len(lows.ts) or not len(highs.ts):
        return 0
    ts = np.unique(np.concatenate((lows.ts, highs.ts)))
    begin, span = int(ts[0]), max(int(ts[-1] - ts[0]), 1)
    apart = _nearest(highs, ts, most_drift, 1) - _nearest(lows, ts, most_drift, -1)
    place = np.minimum((ts - begin) * WINDOWS // span, WINDOWS - 1)
    widths = np.full(WINDOWS, np.inf)
    np.minimum.at(widths, place, apart)
    for bounds in (lows, highs):
        widths[np.bincount((bounds.ts - begin) * WINDOWS // span, minlength=WINDOWS)[:WINDOWS] < LEAST_EACH] = np.inf
    widths = np.sort(widths[np.isfinite(widths)])
    if len(widths) < LEAST_WINDOWS:
        return 0
    between = most_drift * span / min(len(lows.ts), len(highs.ts))
    doubt = max(widths[0] / SHARE, widths[len(widths) // THIRD] - widths[0], LEAST_NS) + between
    return int(widths[0] - doubt)


def _nearest(bounds: Bounds, ts: I64, drift: float, sign: int) -> Floats:
    """The tightest of these bounds (sign 1: from above, -1: from below) at each of these times, wherever it lies."""
    order = np.argsort(bounds.ts, kind="stable")
    at, value = (bounds.ts[order] - ts[0]).astype(np.float64), sign * bounds.value_ns[order].astype(np.float64)
    since = (ts - ts[0]).astype(np.float64)
    before = np.minimum.accumulate(np.concatenate(([np.inf], value - drift * at)))
    after = np.minimum.accumulate(np.concatenate(([np.inf], (value + drift * at)[::-1])))[::-1]
    place = np.searchsorted(at, since, "right")
    tightest: Floats = np.minimum(before[place] + drift * since, after[place] - drift * since)
    return sign * tightest


def _is_bend(before: Lines, after: Lines) -> bool:
    """Do the lines of the two meet somewhere between them, and are their rates surely not the same?"""
    if before.guess is not None or after.guess is not None:
        return False
    (least, most), (low, high) = before.drift, after.drift
    if least <= high and low <= most:
        return False
    edges = sorted((before.end, after.begin))
    for ts in np.linspace(0, edges[1] - edges[0], TRIED).astype(np.int64) + edges[0]:
        one, other = before.at(int(ts)), after.at(int(ts))
        if one[0] <= other[1] and other[0] <= one[1]:
            return True
    return False
