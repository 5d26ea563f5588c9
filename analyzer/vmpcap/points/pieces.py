"""Straight lines that keep to the bounds of an offset, in as few pieces as will do: between two a clock stepped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import MOST_DRIFT, Bounds, Lines, fit_lines
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]

BINS: Final = 512
"""Stretches of time of which only the tightest bounds are kept: leaving out others widens, never narrows."""
MOST_STEPS: Final = 8
LONGEST_WAY_NS: Final = 120 * NS_PER_S
"""No packet is on its way for longer: the maximum segment lifetime (RFC 9293, section 3.4.2)."""
QUEUE_NS: Final = NS_PER_MS
"""What a queue is taken to add to the least delay of a stretch in which packets go one way only."""


def fit_pieces(
    lows: Bounds, highs: Bounds, edges: Sequence[int] = (), most_drift: float = MOST_DRIFT, most_steps: int = MOST_STEPS
) -> tuple[Lines, ...]:
    """
    Which straight lines keep to these bounds, in as few pieces as will do? None where that leaves no piece.

    Parameters
    ----------
    edges : times at which the clock is known to have stepped, rising: no piece goes past one
    most_drift : seconds per second
    most_steps : besides those at the edges; where it takes more, there are no pieces

    Notes
    -----
    Where packets went one way only after a step, they bound the offset from one side. The other is open: if the way
    still takes as long as before nobody can say, only that no packet is on its way for longer than `LONGEST_WAY_NS`.
    A guess stands beside such lines, by which times are put in order: that the least delay of the stretch is no longer
    than twice the time there and back elsewhere.
    """
    parts: list[_Part] = []
    for begin, end in pairwise([None, *edges, None]):
        low, high = (_between(bounds, begin, end) for bounds in (lows, highs))
        if len(low.ts) and len(high.ts):
            found = _as_few_as_will_do(low, high, most_drift, most_steps)
            if not found:
                return ()
            parts += found
        else:
            parts.append(_Part(None, low, high))
    known = [part.lines for part in parts if part.lines is not None]
    if not known:
        return ()
    likely = 2 * max(map(narrowest, known)) + QUEUE_NS
    pieces = [part.lines or _open(part, likely, most_drift) for part in parts]
    return tuple(_apart([piece for piece in pieces if piece is not None]))


def _apart(pieces: Sequence[Lines]) -> Iterator[Lines]:
    """
    Each piece, towards its neighbours only as far as bounds of both sides hold it.

    Those of one side alone go with many a clock: what lies beyond may belong to either of the two.
    """
    for number, piece in enumerate(pieces):
        begin, end = piece.begin, piece.end
        if piece.first <= piece.last:
            begin = piece.first if number else begin
            end = piece.last if number + 1 < len(pieces) else end
        yield piece.over(begin, end)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch between two steps, and its bounds."""

    lines: Lines | None
    """None where bounds of one side are missing."""
    lows: Bounds
    highs: Bounds


def _between(bounds: Bounds, begin: int | None, end: int | None) -> Bounds:
    kept = np.ones(len(bounds.ts), bool)
    if begin is not None:
        kept &= bounds.ts >= begin
    if end is not None:
        kept &= bounds.ts < end
    return Bounds(bounds.ts[kept], bounds.value_ns[kept])


def _as_few_as_will_do(lows: Bounds, highs: Bounds, most_drift: float, most_steps: int) -> list[_Part]:
    """
    The pieces of a stretch with bounds of both sides; none where there are too many, or nobody can say which.

    From the front each piece is as long as it can be, then from the back: the step lies between where the one had to
    end and where the other could begin, and what lies between belongs to no piece.
    """
    begin = min(int(lows.ts.min()), int(highs.ts.min()))
    width = max(max(int(lows.ts.max()), int(highs.ts.max())) - begin, 1) / BINS
    lows, bin_low = _tightest(lows, begin, width, -1)
    highs, bin_high = _tightest(highs, begin, width, 1)

    def part(first: int, last: int) -> _Part:
        a, b = (bin_low >= first) & (bin_low < last), (bin_high >= first) & (bin_high < last)
        low, high = Bounds(*(c[a] for c in lows)), Bounds(*(c[b] for c in highs))
        return _Part(fit_lines(low, high, most_drift) if a.any() and b.any() else None, low, high)

    def contradicts(first: int, last: int) -> bool:
        found = part(first, last)
        return found.lines is None and bool(len(found.lows.ts)) and bool(len(found.highs.ts))

    if not contradicts(0, BINS):
        return [part(0, BINS)]
    if not most_steps:
        return []
    front, back = _cuts_from_front(contradicts, most_steps), _cuts_from_back(contradicts, most_steps)
    if front is None or back is None or len(front) != len(back):
        return []
    return [part(first, last) for first, last in zip([0, *front], [*back, BINS], strict=True) if first < last]


def narrowest(piece: Lines) -> int:
    """By how much do the bounds of a piece differ in its middle?"""
    low, high = piece.at((piece.begin + piece.end) // 2)
    return high - low


def _open(part: _Part, likely_delay: int, most_drift: float) -> Lines | None:
    """The lines of a stretch whose packets bound the offset from one side, with their guess; None: there are none."""
    lines = _one_way(part, LONGEST_WAY_NS, most_drift)
    return None if lines is None else replace(lines, guess=_one_way(part, likely_delay, most_drift) or lines)


def _one_way(part: _Part, most_delay: int, most_drift: float) -> Lines | None:
    """The lines of a stretch whose packets bound the offset from one side; None: there are none, or from both."""
    lows, highs = part.lows, part.highs
    if len(lows.ts) and not len(highs.ts):
        lines = fit_lines(lows, _opposite(lows, most_delay, -1), most_drift)
    elif len(highs.ts) and not len(lows.ts):
        lines = fit_lines(_opposite(highs, most_delay, 1), highs, most_drift)
    else:
        return None
    return replace(lines, first=lines.end, last=lines.begin) if lines is not None else None


def _opposite(bounds: Bounds, most_delay: int, sign: int) -> Bounds:
    """The tightest of these bounds (sign 1: from above, -1: from below) as one from the other side, so much away."""
    tightest = [int(np.argmin(sign * bounds.value_ns))]
    return Bounds(bounds.ts[tightest], bounds.value_ns[tightest] - sign * most_delay)


def _cuts_from_front(contradicts: Callable[[int, int], bool], most_steps: int) -> list[int] | None:
    """Where must each further piece begin, if each before it is as long as it can be? None: nobody can say."""
    cuts: list[int] = []
    first = 0
    while contradicts(first, BINS):
        low, high = first, BINS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if contradicts(first, middle) else (middle, high)
        if high - 1 <= first or len(cuts) == most_steps:
            return None
        cuts.append(high)
        first = high
    return cuts


def _cuts_from_back(contradicts: Callable[[int, int], bool], most_steps: int) -> list[int] | None:
    """Where must each piece but the last end, if each after it is as long as it can be? None: nobody can say."""
    cuts: list[int] = []
    last = BINS
    while contradicts(0, last):
        low, high = 0, last
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if contradicts(middle, last) else (low, middle)
        if low + 1 >= last or len(cuts) == most_steps:
            return None
        cuts.append(low)
        last = low
    return cuts[::-1]


def _tightest(bounds: Bounds, begin: int, width: float, sign: int) -> tuple[Bounds, I64]:
    """The lowest (sign 1) or highest (-1) bound of each stretch of time, and which stretch that is."""
    place = np.minimum(((bounds.ts - begin) / width).astype(np.int16), BINS - 1)
    order = np.argsort(place, kind="stable")
    first = np.flatnonzero(np.diff(place[order], prepend=-1))
    value = sign * bounds.value_ns[order]
    least = np.repeat(np.minimum.reduceat(value, first) if len(first) else value, np.diff(first, append=len(order)))
    at_least = np.flatnonzero(value == least)
    rows = order[at_least[np.searchsorted(at_least, first)]]
    return Bounds(bounds.ts[rows], bounds.value_ns[rows]), place[rows].astype(np.int64)
