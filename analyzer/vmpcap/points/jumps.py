"""Steps of a clock: between which times, by how much."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from vmpcap.points.pair_clock import PairClock
from vmpcap.terms.units import NS_PER_MS, count_of, iso_utc

A_QUEUE: Final = "a queue went over from one way to the other at once"
MOST_SLEWED: Final = 1e-3
"""Two clocks that are slewed to the right time run apart by so much at most: NTP corrects one by 500 ppm."""


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

    @property
    def is_shown(self) -> bool:
        """
        Did a clock step for certain? Not where the change may be none: queues that change ways look like it. Nor where
        it took so long that a clock may have been slewed: lines that keep to the bounds do not show which.
        """
        return not self.is_bound or (self._least_ns > 0 and not self.is_slow)

    @property
    def is_slow(self) -> bool:
        """Did the clocks surely come apart, and slowly enough for one that was slewed?"""
        return self.is_bound and 0 < self._least_ns <= MOST_SLEWED * (self.end - self.begin)

    @property
    def _least_ns(self) -> int:
        """By how much did they come apart at least?"""
        return max(self.low_ns, -self.high_ns, 0)

    @property
    def what(self) -> str:
        """What happened, as the begin of a sentence?"""
        if self.is_slow:
            return "a clock stepped, or was slewed,"
        return "the clocks stepped apart" if self.is_shown else f"the clocks may have stepped apart, or {A_QUEUE},"

    @property
    def back(self) -> "Jump":
        """The same, of what the one clock shows more than the other."""
        return Jump(self.begin, self.end, -self.high_ns, -self.low_ns, self.is_bound)

    def words(self, one: str) -> str:
        """
        How is it told? By how much, between which times of the one clock.

            >>> Jump(1_000_000_000, 1_100_000_000, -100_010_000, -99_990_000, True).words("a")
            'by -100.000 ms ± 0.010 between 1970-01-01T00:00:01.000000000Z and 1970-01-01T00:00:01.100000000Z of a'
        """
        when = f"between {iso_utc(self.begin)} and {iso_utc(self.end)} of {one}"
        if not self.is_bound:
            return f"by how much is not known (packets go one way only beside it), {when}"
        middle, doubt = (self.low_ns + self.high_ns) / 2, (self.high_ns - self.low_ns) / 2
        return f"by {middle / NS_PER_MS:+.3f} ms ± {doubt / NS_PER_MS:.3f} {when}"


def how_often(jumps: Iterable[Jump]) -> str:
    """
    How often did a clock step, and how often may it have? Empty for never.

        >>> how_often([Jump(0, 1, 20, 30, True), Jump(2, 3, -5, 15, True)])
        'stepped 1 time, may have stepped 1 time more, or a queue went over from one way to the other at once'
        >>> how_often([Jump(0, 10_000_000_000, 4_000_000, 8_000_000, True)])
        'stepped or was slewed 1 time'
    """
    told = list(jumps)
    shown, slow = sum(jump.is_shown for jump in told), sum(jump.is_slow for jump in told)
    perhaps = len(told) - shown - slow
    words = [f"stepped {count_of(shown, 'time')}"] if shown else []
    words += [f"stepped or was slewed {count_of(slow, 'time')}"] if slow else []
    if perhaps:
        more = " more" if words else ""
        words.append(f"may have stepped {count_of(perhaps, 'time')}{more}, or {A_QUEUE}")
    return ", ".join(words)


def jumps_of(clock: PairClock) -> Iterator[Jump]:
    """Between which pieces does the offset jump, in the order of the capture?"""
    for before, after in pairwise(clock.pieces):
        edges = sorted((before.end, after.begin))
        least, most = before.at(before.end)
        low, high = after.at(after.begin)
        is_bound = before.guess is None and after.guess is None
        yield Jump(edges[0], edges[1], low - most, high - least, is_bound)
