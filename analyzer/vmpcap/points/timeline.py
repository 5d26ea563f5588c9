"""One point's clock against the reference's, at any time: between what, and what is taken for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.carried import Carried, added_at
from vmpcap.points.clock import Lines, Offset
from vmpcap.points.forwards import Skip, find_skips
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.sets import Set

Floats = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

KNOTS: Final = 33
"""Times of a piece at which its bounds are worked out: between them a straight line is never narrower than they."""
BEYOND: Final = (1, 10, 100, 1_000, 10_000)
"""How many times its length a first piece is told before its packets and a last one after them."""

Interval = tuple[int, int]
Intervals = tuple[I64, I64]
"""int64[n] each: lowest and highest."""


@dataclass(frozen=True, slots=True)
class Track:
    """
    What must be added to one clock to get the other's, bounded at knots of time.

    Between two pieces (there a clock stepped) either piece may hold.
    """

    begin: int
    """Knots count from here, ns of the one clock."""
    base: int
    """Bounds count from here, ns."""
    at: Floats
    """float64[knots], rising"""
    low: Floats
    high: Floats
    guess: "Track | None" = None
    """Where a side is open for a time: what is taken for it, though nothing proves it."""

    def there(self, ts: int) -> Interval:
        """What may the other clock show at that time of the one?"""
        since = float(ts - self.begin)
        low, high = (float(np.interp(since, self.at, edge)) for edge in (self.low, self.high))
        return ts + self.base + int(np.floor(low)), ts + self.base + int(np.ceil(high))

    def here(self, ts: int) -> Interval:
        """What may the one clock have shown when the other showed that? All times at which it may have been so."""
        if len(self.at) == 1:
            return ts - self.base - int(np.ceil(self.high[0])), ts - self.base - int(np.floor(self.low[0]))
        since = float(ts - self.base - self.begin)
        earliest = _first_reaching(self.at, self.at + self.high, since)
        latest = -_first_reaching(-self.at[::-1], -(self.at + self.low)[::-1], -since)
        return self.begin + int(np.floor(earliest)), self.begin + int(np.ceil(latest))

    def all_there(self, ts: I64) -> Intervals:
        """The same at many times of the one, each by itself: arrays at once, for the one at a time is slow."""
        since = (ts - self.begin).astype(np.float64)
        low, high = np.interp(since, self.at, self.low), np.interp(since, self.at, self.high)
        return ts + self.base + _floor(low), ts + self.base + _ceil(high)

    def all_here(self, ts: I64) -> Intervals:
        """The same for many times of the other."""
        if len(self.at) == 1:
            return ts - self.base - _ceil(self.high), ts - self.base - _floor(self.low)
        since = (ts - self.base - self.begin).astype(np.float64)
        earliest = _all_first_reaching(self.at, self.at + self.high, since)
        latest = -_all_first_reaching(-self.at[::-1], -(self.at + self.low)[::-1], -since)
        return self.begin + _floor(earliest), self.begin + _ceil(latest)


def _floor(values: Floats) -> I64:
    return np.floor(values).astype(np.int64)


def _ceil(values: Floats) -> I64:
    return np.ceil(values).astype(np.int64)


def _first_reaching(at: Floats, shown: Floats, wanted: float) -> float:
    """The first time at which a clock that shows this at these times reaches what is wanted."""
    reached = np.flatnonzero(shown >= wanted)
    if not len(reached):
        return float(at[-1] + (wanted - shown[-1]))
    after = int(reached[0])
    if after == 0:
        return float(at[0] - (shown[0] - wanted))
    rise = shown[after] - shown[after - 1]
    return float(at[after - 1] + (at[after] - at[after - 1]) * (wanted - shown[after - 1]) / rise)


def _all_first_reaching(at: Floats, shown: Floats, wanted: Floats) -> Floats:
    """The same of many. The clock may go back: then it is how far it had come until that time."""
    after = np.searchsorted(np.maximum.accumulate(shown), wanted)
    inside = np.clip(after, 1, len(at) - 1)
    rise = shown[inside] - shown[inside - 1]
    part = (wanted - shown[inside - 1]) / np.where(rise > 0, rise, 1.0)
    found: Floats = at[inside - 1] + (at[inside] - at[inside - 1]) * part
    found = np.where(after == 0, at[0] - (shown[0] - wanted), found)
    return np.where(after == len(at), at[-1] + (wanted - shown[-1]), found)


def track_of(
    clock: PairClock, carried: Sequence[Carried] = (), of_one: Sequence[Set] = (), of_other: Sequence[Set] = ()
) -> Track:
    """
    The same bounds at knots.

    Parameters
    ----------
    carried : steps of the two clocks that the pieces do not hold; where one is not sure it widens, and what is taken
        for the clock is told without it
    of_one, of_other : when each clock was set, or may have been
    """
    skips = tuple(find_skips(clock, of_one, of_other))
    times = [knot for skip in skips for knot in skip.knots]
    times += [edge for step in carried for ts in (step.begin, step.end) for edge in (ts - 1, ts, ts + 1)]
    for number, piece in enumerate(clock.pieces):
        first, last = number == 0, number == len(clock.pieces) - 1
        times += _knots(piece, first, last)
        if not last:
            times += [piece.end + 1, clock.pieces[number + 1].begin - 1]
    times = sorted(set(times))
    bounds = np.array([_narrowed(clock.at(ts), ts, skips) for ts in times], np.int64)
    if carried:
        bounds += np.array([added_at(carried, ts) for ts in times], np.int64)
    begin, base = times[0], int(bounds[0, 0])
    sure = [step for step in carried if step.is_sure]
    guessed = clock.guessed or (clock if len(sure) < len(carried) else None)
    return Track(
        begin,
        base,
        (np.array(times, np.int64) - begin).astype(np.float64),
        (bounds[:, 0] - base).astype(np.float64),
        (bounds[:, 1] - base).astype(np.float64),
        None if guessed is None else track_of(guessed, sure, of_one, of_other),
    )


def _narrowed(bounds: Interval, ts: int, skips: Sequence[Skip]) -> Interval:
    for skip in skips:
        bounds = skip.narrowed(ts, bounds)
    return bounds


def _knots(piece: Lines, is_first: bool, is_last: bool) -> list[int]:
    length = max(piece.end - piece.begin, 1)
    times = [int(t) for t in np.linspace(0, length, KNOTS)]
    times += [-length * n for n in BEYOND] if is_first else []
    times += [length * (n + 1) for n in BEYOND] if is_last else []
    return [piece.begin + t for t in times]


@dataclass(frozen=True, slots=True)
class Leg:
    """From one point of a chain to the next."""

    track: Track
    is_forward: bool
    """The chain goes from the one clock of the pair to the other."""

    def there(self, ts: Interval) -> Interval:
        """Between what is the next clock, when this one is between that?"""
        low, high = (self.track.there(t) if self.is_forward else self.track.here(t) for t in ts)
        return min(low[0], high[0]), max(low[1], high[1])

    def back(self, ts: Interval) -> Interval:
        """Between what is this clock, when the next one is between that?"""
        low, high = (self.track.here(t) if self.is_forward else self.track.there(t) for t in ts)
        return min(low[0], high[0]), max(low[1], high[1])

    def all_there(self, ts: Intervals) -> Intervals:
        """The same of many, each by itself."""
        return _widest(ts, self.track.all_there if self.is_forward else self.track.all_here)

    def all_back(self, ts: Intervals) -> Intervals:
        """The same of many, each by itself."""
        return _widest(ts, self.track.all_here if self.is_forward else self.track.all_there)


def _widest(ts: Intervals, told: Callable[[I64], Intervals]) -> Intervals:
    low, high = told(ts[0]), told(ts[1])
    return np.minimum(low[0], high[0]), np.maximum(low[1], high[1])


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    A point's clock beside that of the reference of its group.

    No legs: it is the reference itself, or nothing is known and the clock is taken as given.
    """

    group: int
    """Points of one group hang together by packets; of two groups nobody knows how their clocks stand."""
    legs: tuple[Leg, ...] = ()
    is_given: bool = True
    """The two clocks may be one: then they are taken for one, and only the doubt is told."""
    place: int = -1
    """Of the point among all; -1 where it stands alone."""
    beside: Mapping[int, Leg] = field(default_factory=dict, repr=False, compare=False)
    """To points with which this one shares packets, by their place."""
    sets: tuple[Set, ...] = field(default=(), repr=False, compare=False)
    """When this clock was set, or may have been."""
    reference_sets: tuple[Set, ...] = field(default=(), repr=False, compare=False)
    """The same of the reference's."""
    unsteady_ns: int = field(default=0, repr=False, compare=False)
    """By how much this point's stamps come early or late by chance, one against another."""

    def bounds_on_point(self, reference_ts: int) -> Interval:
        """Between what is this point's clock, when the reference's is that?"""
        found = reference_ts, reference_ts
        for leg in self.legs:
            found = leg.there(found)
        return found

    def bounds_on_reference(self, ts: int) -> Interval:
        """Between what is the reference's clock, when this point's is that?"""
        found = ts, ts
        for leg in reversed(self.legs):
            found = leg.back(found)
        return found

    def on_reference(self, ts: int) -> int:
        """What is taken for the reference's clock, when this point's is that?"""
        return ts if self.is_given else sum(self._guessed().bounds_on_reference(ts)) // 2

    def on_point(self, reference_ts: int) -> int:
        """What is taken for this point's clock, when the reference's is that?"""
        return reference_ts if self.is_given else sum(self._guessed().bounds_on_point(reference_ts)) // 2

    def all_on_reference(self, ts: I64) -> I64:
        """The same of many times, each by itself: between two of them a clock may have stepped."""
        if self.is_given:
            return ts
        found = ts, ts
        for leg in reversed(self._guessed().legs):
            found = leg.all_back(found)
        return _middle(found)

    def all_on_point(self, reference_ts: I64) -> I64:
        """The same of many times, each by itself."""
        if self.is_given:
            return reference_ts
        found = reference_ts, reference_ts
        for leg in self._guessed().legs:
            found = leg.all_there(found)
        return _middle(found)

    def _guessed(self) -> "Timeline":
        """The same with a guess where a side is open: the middle between a bound and none is no time to order by."""
        if all(leg.track.guess is None for leg in self.legs):
            return self
        return replace(self, legs=tuple(replace(leg, track=leg.track.guess or leg.track) for leg in self.legs))


def _middle(bounds: Intervals) -> I64:
    low, high = bounds
    return low + (high - low) // 2


def may_be_one(legs: Sequence[Leg]) -> bool:
    """Do these bounds allow, at all times of their packets, that both clocks are one?"""
    first = legs[0]
    times = [first.track.begin + int(t) for t in first.track.at]
    times = times[len(BEYOND) : -len(BEYOND)]
    if not first.is_forward:
        times = [sum(first.track.there(t)) // 2 for t in times]
    line = Timeline(0, tuple(legs))
    return all(low <= ts <= high for ts in times for low, high in [line.bounds_on_point(ts)])


def constant_timeline(offset: Offset | None) -> Timeline:
    """The same of bounds that hold at all times; of a clock of which nothing is known, a group of its own."""
    if offset is None:
        return Timeline(-1)
    if offset.low_ns == offset.high_ns == 0:
        return Timeline(0)
    edges = (np.zeros(1), np.array([float(offset.high_ns - offset.low_ns)]))
    track = Track(0, offset.low_ns, np.zeros(1), *edges)
    return Timeline(0, (Leg(track, True),), offset.agrees)


@dataclass(frozen=True, slots=True)
class Elapsed:
    """From a frame at one point to a frame at another."""

    ns: int
    """By what is taken for the clocks."""
    low_ns: int
    high_ns: int
    """The truth lies between these."""

    @property
    def uncertainty_ns(self) -> int:
        """By how much `ns` may be wrong, either way."""
        return max(self.high_ns - self.ns, self.ns - self.low_ns)

    @property
    def is_later(self) -> bool | None:
        """Was the second after the first? None where the clocks do not tell."""
        if self.low_ns > 0:
            return True
        return False if self.high_ns < 0 else None


def elapsed(start: Timeline, start_ts: int, end: Timeline, end_ts: int) -> Elapsed | None:
    """
    How long after a frame at one point did a frame at another pass? None where nobody knows how their clocks stand.

    Notes
    -----
    The doubts of both points against the reference are added; where the two share packets themselves, what these say
    narrows it. A reference that was set in between shows more than passed, or less: that is taken off, or where nobody
    knows if it was this clock, left open.
    """
    if start.group != end.group or start.group < 0:
        return None
    begin, finish = start.bounds_on_reference(start_ts), end.bounds_on_reference(end_ts)
    taken = end.on_reference(end_ts) - start.on_reference(start_ts)
    low, high = finish[0] - begin[1], finish[1] - begin[0]
    least, most = _counted(start.reference_sets, (begin[0] + begin[1]) // 2, (finish[0] + finish[1]) // 2)
    if least or most:
        low, high = low - most, high - least
        taken = (low + high) // 2
    direct = start.beside.get(end.place)
    if direct is not None and not start.sets and not end.sets:
        least, most = direct.there((start_ts, start_ts))
        # of contradicting bounds (a route that changed) none is better: both stand, as one wide interval
        narrow = max(low, end_ts - most), min(high, end_ts - least)
        low, high = narrow if narrow[0] <= narrow[1] else (min(low, end_ts - most), max(high, end_ts - least))
    return Elapsed(min(max(taken, low), high), low, high)


def elapsed_at(line: Timeline, begin_ts: int, end_ts: int) -> Elapsed:
    """How long after one frame did another pass at the same point? By its own clock, as long as that was not set."""
    own = end_ts - begin_ts
    if not own and not any(one.tells_not(begin_ts) for one in line.sets):
        return Elapsed(0, 0, 0)
    least, most = _counted(line.sets, begin_ts, end_ts)
    if not least and not most:
        return Elapsed(own, own, own)
    low, high = own - most, own - least
    told = elapsed(line, begin_ts, line, end_ts)
    if told is not None:
        narrow = max(low, told.low_ns), min(high, told.high_ns)
        low, high = narrow if narrow[0] <= narrow[1] else (min(low, told.low_ns), max(high, told.high_ns))
    return Elapsed((low + high) // 2, low, high)


def _counted(sets: Sequence[Set], begin: int, end: int) -> Interval:
    """Between what is what a clock shows too much from the one of its times to the other, which may be earlier?"""
    counted = [one.counted(min(begin, end), max(begin, end)) for one in sets]
    least, most = sum(edge[0] for edge in counted), sum(edge[1] for edge in counted)
    return (least, most) if begin <= end else (-most, -least)
