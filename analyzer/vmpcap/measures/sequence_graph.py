"""A stream's numbers over time, as tcptrace draws them: what was sent, what was acknowledged, what was sent again."""

from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.wire import TCP_ACK, TCP_RST, TCP_SYN

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

COLUMNS: Final = 1_200
"""Stretches of time: about what a wide screen has pixels."""
MOST_POINTS: Final = 5_000
"""Ends of strokes in one graph; where there are more, neighbouring stretches are put together."""
MOST_HOLES: Final = 10_000
"""Gaps in the numbers that are remembered; the oldest are forgotten, and what fills those is taken for sent again."""
NONE: Final = np.iinfo(np.int64).min

KINDS: Final = ("sent", "acked", "again", "late")
"""
sent: seen for the first time, in order. acked: what the receiver said. again: bytes that had been seen before. late:
bytes that fill a gap: they were lost before this point and sent again, or overtaken.
"""


@dataclass(frozen=True, slots=True)
class Strokes:
    """One kind: in each stretch of time the lowest and the highest number, and how many segments."""

    at_s: F64
    """float64[k]: the middle of the stretch, in seconds after the moment that the graph counts from."""
    low: I64
    """int64[k]: payload bytes after the first number seen."""
    high: I64
    count: I64

    @property
    def points(self) -> int:
        """How many ends of strokes does it take to draw them? One that has no length is a point."""
        return int(len(self.low) + np.count_nonzero(self.high != self.low))


@dataclass(frozen=True, slots=True)
class SequenceGraph:
    """All kinds of one direction of one connection."""

    sent: Strokes
    acked: Strokes
    again: Strokes
    late: Strokes
    width_s: float
    """How long a stretch of time is."""

    @property
    def points(self) -> int:
        """How many points does it take to draw it?"""
        return sum(getattr(self, kind).points for kind in KINDS)


class _Numbers:
    """Sequence numbers, which begin again after 4 GiB, as a count that does not."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._count = 0

    def begin(self, number: int, count: int) -> None:
        """This number stands for this count."""
        self._last, self._count = number, count

    @property
    def has_begun(self) -> bool:
        """Is any number known?"""
        return self._last is not None

    def near(self, number: int) -> int:
        """Which count has this number, as near to the last as can be?"""
        assert self._last is not None, "somebody said where they begin"
        return self._count + (number - self._last + (1 << 31)) % (1 << 32) - (1 << 31)

    def unwrap(self, numbers: npt.NDArray[np.uint32]) -> I64:
        """The counts of these numbers, each the nearest to the one before it: int64[n]."""
        if not len(numbers):
            return np.zeros(0, np.int64)
        assert self._last is not None, "somebody said where they begin"
        before = np.concatenate(([self._last], numbers[:-1])).astype(np.int64)
        steps = (numbers.astype(np.int64) - before + (1 << 31)) % (1 << 32) - (1 << 31)
        counts = self._count + np.cumsum(steps)
        self._last, self._count = int(numbers[-1]), int(counts[-1])
        return counts


class _Columns:
    """Lowest, highest and how many, for each stretch of time."""

    def __init__(self, columns: int) -> None:
        self.low = np.full(columns, np.iinfo(np.int64).max)
        self.high = np.full(columns, NONE)
        self.count = np.zeros(columns, np.int64)

    def absorb(self, column: I64, low: I64, high: I64) -> None:
        """Take note of these: int64[n] each."""
        np.minimum.at(self.low, column, low)
        np.maximum.at(self.high, column, high)
        np.add.at(self.count, column, 1)

    def folded(self) -> "_Columns":
        """The same in half as many stretches."""
        half = _Columns(len(self.low) // 2)
        half.low = self.low.reshape(-1, 2).min(axis=1)
        half.high = self.high.reshape(-1, 2).max(axis=1)
        half.count = self.count.reshape(-1, 2).sum(axis=1)
        return half

    def strokes(self, first_s: float, width_s: float) -> Strokes:
        """Those in which there is anything."""
        filled = np.flatnonzero(self.count)
        at: F64 = first_s + (filled.astype(np.float64) + 0.5) * width_s
        return Strokes(at, self.low[filled], self.high[filled], self.count[filled])


class SequenceColumns:
    """
    The graph of one direction, gathered batch by batch in bounded memory.

    Packets come in the capture's order. What falls outside the stretch that was named is counted at its edge.
    """

    def __init__(self, first_ns: int, last_ns: int) -> None:
        """The connection is in view from here to there."""
        self._first_ns = first_ns
        self._span_ns = max(last_ns - first_ns + 1, 1)
        self._kinds = {kind: _Columns(COLUMNS) for kind in KINDS}
        self._data, self._acks = _Numbers(), _Numbers()
        self._end: int | None = None
        """One past the highest byte seen."""
        self._holes: list[tuple[int, int]] = []

    def absorb(self, ts_ns: I64, is_data_side: Bools, frames: Any, rows: I64) -> None:
        """
        What do these packets of the connection add?

        Parameters
        ----------
        ts_ns, is_data_side : int64[n], bool[n]
        frames : Frames[m]
        rows : int64[n], which of them
        """
        column = np.clip((ts_ns - self._first_ns) * COLUMNS // self._span_ns, 0, COLUMNS - 1)
        flags, size = frames.tcp_flags[rows], frames.payload_bytes[rows].astype(np.int64)
        data = is_data_side & (size > 0) & (flags & TCP_SYN == 0)
        acks = ~is_data_side & (flags & TCP_ACK != 0) & (flags & TCP_RST == 0)
        self._begin(frames, rows, data, acks)
        if data.any():
            low = self._data.unwrap(frames.tcp_seq[rows[data]])
            self._place(column[data], low, low + size[data])
        if acks.any():
            count = self._acks.unwrap(frames.tcp_ack[rows[acks]])
            self._kinds["acked"].absorb(column[acks], count, count)

    def _begin(self, frames: Any, rows: I64, data: Bools, acks: Bools) -> None:
        """The first number of either direction is byte 0; the other direction's first lies within 2 GiB of it."""
        firsts = [
            (int(np.flatnonzero(mask)[0]), numbers, column)
            for mask, numbers, column in ((data, self._data, frames.tcp_seq), (acks, self._acks, frames.tcp_ack))
            if mask.any() and not numbers.has_begun
        ]
        for at, numbers, column in sorted(firsts, key=lambda first: first[0]):
            other = self._acks if numbers is self._data else self._data
            first = column[rows[at]]
            numbers.begin(int(first), other.near(int(first)) if other.has_begun else 0)

    def _place(self, column: I64, low: I64, high: I64) -> None:
        """Which of these are new, which were seen before, which fill a gap?"""
        ends = np.maximum.accumulate(high)
        before = np.concatenate(([low[0] if self._end is None else self._end], ends[:-1]))
        if self._end is not None:
            before = np.maximum(before, self._end)
        new = low == before
        self._kinds["sent"].absorb(column[new], low[new], high[new])
        for i in np.flatnonzero(~new).tolist():
            self._place_one(int(column[i]), int(low[i]), int(high[i]), int(before[i]))
        self._end = int(max(before[-1], high[-1]))

    def _place_one(self, column: int, low: int, high: int, end: int) -> None:
        if low >= end:
            insort(self._holes, (end, low))
            del self._holes[:-MOST_HOLES]
            kind = "sent"
        elif high - low <= 1 and high == end:
            return  # a keep-alive repeats the last byte, and carries nothing
        else:
            kind = "late" if self._fill(low, high) else "again"
        self._kinds[kind].absorb(*(np.array([value]) for value in (column, low, high)))

    def _fill(self, low: int, high: int) -> bool:
        """Do these bytes lie in a gap? What they fill is one no more."""
        at = bisect_right(self._holes, (low, 1 << 62)) - 1
        if at < 0 or self._holes[at][1] <= low:
            at += 1
        filled = False
        while at < len(self._holes) and self._holes[at][0] < high:
            begin, past = self._holes.pop(at)
            filled = True
            for piece in ((high, past), (begin, low)):
                if piece[0] < piece[1]:
                    self._holes.insert(at, piece)
            at += (begin < low) + (high < past)
        return filled

    def finish(self, from_ns: int, most_points: int = MOST_POINTS) -> SequenceGraph:
        """The graph, its times in seconds after this moment; of fewer points where it shares a page with others."""
        kinds, columns = self._kinds, COLUMNS
        while True:
            width_s = self._span_ns / columns / 1e9
            first_s = (self._first_ns - from_ns) / 1e9
            made = {kind: found.strokes(first_s, width_s) for kind, found in kinds.items()}
            graph = SequenceGraph(**made, width_s=width_s)
            if graph.points <= min(most_points, MOST_POINTS):
                return graph
            kinds, columns = {kind: found.folded() for kind, found in kinds.items()}, columns // 2
