"""Steps of two clocks that lie where no answers of the pair bound them: known from elsewhere, they hold there too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from vmpcap.points.jumps import jumps_of
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.sets import Set

Interval = tuple[int, int]


Where = Literal["before", "within", "after"]


@dataclass(frozen=True, slots=True)
class Carried:
    """What the other clock shows more than the one changed at once, and no piece of the pair holds it."""

    begin: int
    """By the one clock."""
    end: int
    low_ns: int
    high_ns: int
    is_sure: bool
    """False where it may have been no clock of this pair, or none at all."""
    where: Where
    """Before all that bounds the two, after it, or within: set and set back."""

    def at(self, ts: int) -> Interval:
        """What must be added to the offset that the pieces tell for that time of the one clock?"""
        low, high = (-self.high_ns, -self.low_ns) if self.where == "before" else (self.low_ns, self.high_ns)
        is_reached = {"before": ts <= self.end, "after": ts >= self.begin, "within": self.begin < ts < self.end}
        if not is_reached[self.where]:
            return 0, 0
        is_past = ts < self.begin or ts > self.end
        return (low, high) if self.is_sure and is_past else (min(low, 0), max(high, 0))


def added_at(steps: Sequence[Carried], ts: int) -> Interval:
    """
    What do all of them add at that time of the one clock?

    Those that are sure add up. Those that are not may be the same step, told by each clock as its own: the widest of
    them counts.
    """
    sure, unsure = ([one.at(ts) for one in steps if one.is_sure is told] for told in (True, False))
    low, high = sum(edge[0] for edge in sure), sum(edge[1] for edge in sure)
    return low + min((edge[0] for edge in unsure), default=0), high + max((edge[1] for edge in unsure), default=0)


def carry_steps(clock: PairClock, of_one: Sequence[Set], of_other: Sequence[Set]) -> tuple[Carried, ...]:
    """
    Which steps of these two clocks do the pieces of the pair not hold?

    Parameters
    ----------
    of_one, of_other : when each clock was set, or may have been

    Notes
    -----
    What lies between two pieces, or under one that answers hold from before it to after it, is in the pieces. Steps
    that packets of one direction show beyond the answers are told by the pair itself.
    """
    if not of_one and not of_other:
        return ()
    steps = tuple([one for one in own if not one.is_blur] for own in (of_one, of_other))
    return (*_own(clock, *steps), *_from_elsewhere(clock, *steps), *_blurred(clock, of_one, of_other))


def _blurred(clock: PairClock, of_one: Sequence[Set], of_other: Sequence[Set]) -> Iterator[Carried]:
    """When do the times of either point tell not when packets passed it?"""
    for one in (own for own in of_one if own.is_blur):
        yield Carried(one.begin - 1, one.end + 1, -one.high_ns, -one.low_ns, False, "within")
    for one in (own for own in of_other if own.is_blur):
        low, high = clock.at(one.begin)
        begin, end = one.begin - one.high_ns - high, one.end - one.low_ns - low
        yield Carried(begin - 1, end + 1, one.low_ns, one.high_ns, False, "within")


def held(clock: PairClock) -> Interval:
    """From when to when do answers hold the pieces?"""
    firsts = [piece.first if piece.guess is None else piece.begin for piece in clock.pieces]
    lasts = [piece.last if piece.guess is None else piece.end for piece in clock.pieces]
    return min(firsts), max(lasts)


def _own(clock: PairClock, of_one: Sequence[Set], of_other: Sequence[Set]) -> Iterator[Carried]:
    first, last = held(clock)
    for step in clock.beyond:
        told = [one for one in of_one if _overlap((one.begin, one.end), (step.begin, step.end))]
        told += [one for one in of_other if _overlap((one.begin, one.end), (step.begin_other, step.end_other))]
        if told:
            is_sure = any(one.is_sure for one in told)
            where: Where = "after" if step.begin + step.end > first + last else "before"
            yield Carried(step.begin, step.end, step.low_ns, step.high_ns, is_sure, where)


def _from_elsewhere(clock: PairClock, of_one: Sequence[Set], of_other: Sequence[Set]) -> Iterator[Carried]:
    first, last = held(clock)
    jumps = [(jump.begin, jump.end) for jump in jumps_of(clock) if jump.bend is None]
    known = [*jumps, *((step.begin, step.end) for step in clock.beyond)]
    for is_after in (True, False):
        steps = [(one.begin, one.end, -one.high_ns, -one.low_ns, one) for one in of_one]
        steps += [(*_by_the_one(clock, one, is_after), one.low_ns, one.high_ns, one) for one in of_other]
        for begin, end, low, high, told in steps:
            if not told.is_again and any(_overlap((begin, end), span) for span in known):
                continue
            is_sure = told.is_sure and (begin >= first or end <= last)
            if is_after and end > last:
                yield Carried(max(begin, last), end, low, high, is_sure, "after")
            if not is_after and begin < first:
                yield Carried(begin, min(end, first), low, high, is_sure, "before")
            if is_after and told.is_again and begin < last and end > first:
                yield Carried(max(begin, first), min(end, last), low, high, False, "within")


def _by_the_one(clock: PairClock, step: Set, is_after: bool) -> Interval:
    """Between which times of the one clock was the other set, where the pair's pieces hold before it, or after it?"""
    before, after = (step.end, step.begin) if step.is_turned else (step.begin, step.end)
    low, high = clock.at(before if is_after else after)
    if step.is_again:  # by no more than the clocks stand apart without it
        return before - high, after - low
    edges = (before - high, after - low - step.low_ns) if is_after else (before - high + step.low_ns, after - low)
    return min(edges), max(edges)


def _overlap(one: Interval, other: Interval) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
