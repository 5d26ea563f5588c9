"""A clock that was set forward: times that it never showed belong to no time of the other's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vmpcap.points.clock import Lines
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.sets import Set

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Skip:
    """One clock of a pair was set forward between two pieces, while the other went on."""

    before: Lines
    after: Lines
    begin: int
    """Between these times of the one clock."""
    end: int

    @property
    def passed(self) -> Interval:
        """From when to when did the other clock go meanwhile?"""
        return self.begin + self.before.at(self.begin)[0], self.end + self.after.at(self.end)[1]

    @property
    def knots(self) -> list[int]:
        """Between which times of the one clock are the bounds straight lines?"""
        first, last = self.passed
        no_later, no_earlier = self.begin, self.end
        for _ in range(2):  # where a piece may have drifted a little by then
            no_later = last - self.before.at(no_later)[1]
            no_earlier = first - self.after.at(no_earlier)[0]
        inside = [ts for ts in (no_later, no_earlier) if self.begin < ts < self.end]
        return [*inside, self.begin, self.begin + 1, self.end - 1, self.end]

    def narrowed(self, ts: int, bounds: Interval) -> Interval:
        """
        What is left of an offset that either piece may tell?

            >>> import numpy as np
            >>> def piece(begin, end, offset):
            ...     return Lines(begin, end, offset, np.zeros((1, 2)), begin, end)
            >>> skip = Skip(piece(0, 50, 0), piece(7_300, 8_000, -7_000), 100, 7_200)
            >>> [skip.narrowed(ts, (-7_000, 0)) for ts in (90, 3_650, 7_250)]
            [(0, 0), (-3550, -3450), (-7000, -7000)]
        """
        if not self.before.end < ts < self.after.begin:
            return bounds
        if ts <= self.begin:
            return self.before.at(ts)
        if ts >= self.end:
            return self.after.at(ts)
        first, last = self.passed
        return max(bounds[0], first - ts), min(bounds[1], last - ts)


def find_skips(clock: PairClock, of_one: Sequence[Set], of_other: Sequence[Set]) -> Iterator[Skip]:
    """
    Where was one of the clocks set forward for certain?

    Notes
    -----
    Both clocks rise then, and neither shows a time outside of those at the ends. If one may have been set back, it may.
    """
    if clock.steep is not None:
        return
    for before, after in pairwise(clock.pieces):
        spans = [(one.begin, one.end) for one in of_one if _is_forward(one)]
        spans += [_by_the_one(before, after, one) for one in of_other if _is_forward(one)]
        own = [span for span in spans if span[0] <= after.begin and before.end <= span[1]]
        if before.end >= after.begin or len(own) != 1:
            continue
        begin, end = max(own[0][0], before.end), min(own[0][1], after.begin)
        skip = Skip(before, after, begin, end)
        if begin < end and skip.passed[0] <= skip.passed[1]:
            yield skip


def _is_forward(one: Set) -> bool:
    return one.is_sure and one.low_ns > 0 and not one.is_blur


def _by_the_one(before: Lines, after: Lines, other: Set) -> Interval:
    """Until when does the one clock show what it did before the other was set, and from when on what it did after?"""
    begin, end = before.end, after.begin
    for _ in range(2):  # where a piece may have drifted a little by then
        begin, end = other.begin - before.at(begin)[1], other.end - after.at(end)[0]
    return begin, end
