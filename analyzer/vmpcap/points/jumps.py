"""Steps of a clock, and changes of its rate: between which times, by how much."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vmpcap.points.clock import Lines
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.slews import MOST_SLEWED
from vmpcap.terms.units import NS_PER_MS, count_of, iso_utc

PPM: Final = 1e6
A_QUEUE: Final = "a queue went over from one way to the other at once"


@dataclass(frozen=True, slots=True)
class Jump:
    """What one clock of a pair shows more than the other changed at once. Which of the two was set does not show."""

    begin: int
    """By the one clock. Where that was set back it shows these times twice."""
    end: int
    low_ns: int
    """The change lies between these."""
    high_ns: int
    is_bound: bool
    """False where packets go one way only beside it: nothing bounds the change from one of its sides."""
    bend: tuple[float, float] | None = None
    """The clock was not set, it ran at another rate from then on: faster by how much, least and most. None: set."""

    @property
    def is_shown(self) -> bool:
        """
        Did a clock step for certain? Not where the change may be none: queues that change ways look like it. Nor where
        it took so long that a clock may have been slewed: lines that keep to the bounds do not show which.
        """
        return self.bend is None and (not self.is_bound or (self._least_ns > 0 and not self.is_slow))

    @property
    def is_slow(self) -> bool:
        """Did the clocks surely come apart, and slowly enough for one that was slewed?"""
        return self.bend is None and self.is_bound and 0 < self._least_ns <= MOST_SLEWED * (self.end - self.begin)

    @property
    def _least_ns(self) -> int:
        """By how much did they come apart at least?"""
        return max(self.low_ns, -self.high_ns, 0)

    @property
    def what(self) -> str:
        """What happened, as the begin of a sentence?"""
        if self.bend is not None:
            return "a clock was slewed: its rate changed"
        if self.is_slow:
            return "a clock stepped, or was slewed,"
        return "the clocks stepped apart" if self.is_shown else f"the clocks may have stepped apart, or {A_QUEUE},"

    @property
    def back(self) -> "Jump":
        """The same, of what the one clock shows more than the other."""
        bend = None if self.bend is None else (-self.bend[1], -self.bend[0])
        return Jump(self.begin, self.end, -self.high_ns, -self.low_ns, self.is_bound, bend)

    def words(self, one: str) -> str:
        """
        How is it told? By how much, between which times of the one clock.

            >>> Jump(1_000_000_000, 1_100_000_000, -100_010_000, -99_990_000, True).words("a")
            'by -100.000 ms ± 0.010 between 1970-01-01T00:00:01.000000000Z and 1970-01-01T00:00:01.100000000Z of a'
        """
        when = f"between {iso_utc(self.begin)} and {iso_utc(self.end)} of {one}"
        if self.bend is not None:
            rate, doubt = sum(self.bend) / 2 * PPM, (self.bend[1] - self.bend[0]) / 2 * PPM
            return f"by {rate:+.0f} ppm ± {doubt:.0f} {when}"
        if not self.is_bound:
            return f"by how much is not known (packets go one way only beside it), {when}"
        middle, doubt = (self.low_ns + self.high_ns) / 2, (self.high_ns - self.low_ns) / 2
        return f"by {middle / NS_PER_MS:+.3f} ms ± {doubt / NS_PER_MS:.3f} {when}"


def how_often(every: Iterable[Jump]) -> str:
    """
    How often did a clock step, and how often may it have? Empty for never.

        >>> how_often([Jump(0, 1, 20, 30, True), Jump(2, 3, -5, 15, True)])
        'stepped 1 time, may have stepped 1 time more, or a queue went over from one way to the other at once'
        >>> how_often([Jump(0, 10_000_000_000, 4_000_000, 8_000_000, True)])
        'stepped or was slewed 1 time'
        >>> how_often([Jump(0, 1_000_000_000, -1_000_000, 1_000_000, True, (4e-4, 6e-4))])
        'was slewed (its rate changed 1 time)'
    """
    jumps = list(every)
    told = [jump for jump in jumps if jump.bend is None]
    shown, slow = sum(jump.is_shown for jump in told), sum(jump.is_slow for jump in told)
    perhaps = len(told) - shown - slow
    words = [f"stepped {count_of(shown, 'time')}"] if shown else []
    words += [f"stepped or was slewed {count_of(slow, 'time')}"] if slow else []
    bends = len(jumps) - len(told)
    words += [f"was slewed (its rate changed {count_of(bends, 'time')})"] if bends else []
    if perhaps:
        more = " more" if words else ""
        words.append(f"may have stepped {count_of(perhaps, 'time')}{more}, or {A_QUEUE}")
    return ", ".join(words)


def jumps_of(clock: PairClock) -> Iterator[Jump]:
    """Between which pieces does the offset jump, or its rate change, in the order of the capture?"""
    for before, after in pairwise(clock.pieces):
        edges = sorted((before.end, after.begin))
        least, most = before.at(before.end)
        low, high = after.at(after.begin)
        is_bound = before.guess is None and after.guess is None
        bend = _bend(before, after) if after.goes_on else None
        yield Jump(edges[0], edges[1], low - most, high - least, is_bound, bend)


def _bend(before: Lines, after: Lines) -> tuple[float, float]:
    """By how much faster does the other clock run after than before, least and most?"""
    return after.drift[0] - before.drift[1], after.drift[1] - before.drift[0]
