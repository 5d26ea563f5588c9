"""How far two points' clocks may stand apart, from exchanges that both of them saw."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_DRIFT: Final = 500e-6
"""Two clocks run apart no faster: cheap crystals are off by 100 ppm each, and NTP slews by 500 ppm at most."""

ROUNDING_NS: Final = 1.0
"""Bounds that contradict each other by less than this are not cut further."""


class Exchange(NamedTuple):
    """When one point saw a request and when the reply to it."""

    request_ts: int
    reply_ts: int


@dataclass(frozen=True, slots=True)
class Offset:
    """
    What must be added to the reference's clock to get this point's.

    From the first exchange to the last the truth lies in low_ns .. high_ns, as long as neither clock stepped and their
    drift was steady: a request cannot arrive before it was sent, nor can its reply. Outside of them a drift goes on.
    """

    low_ns: int
    high_ns: int
    exchanges: int

    @property
    def middle_ns(self) -> int:
        """The middle of the interval: right where both directions took equally long."""
        return (self.low_ns + self.high_ns) // 2

    @property
    def uncertainty_ns(self) -> int:
        """Half the interval."""
        return (self.high_ns - self.low_ns + 1) // 2

    @property
    def agrees(self) -> bool:
        """Could the two clocks be one?"""
        return self.low_ns <= 0 <= self.high_ns


class Bounds(NamedTuple):
    """At each of these times of the reference the offset is no lower, or no higher, than the value beside it."""

    ts: I64
    value_ns: I64

    def within(self, begin: int, end: int) -> "Bounds":
        """Those of this time, both ends included."""
        kept = (self.ts >= begin) & (self.ts <= end)
        return Bounds(self.ts[kept], self.value_ns[kept])


def bound_exchanges(one: Mapping[object, Exchange], other: Mapping[object, Exchange]) -> tuple[Bounds, Bounds] | None:
    """
    Between which values must the offset of the other point's clock lie, by exchanges that both saw?

    Parameters
    ----------
    one, other : the exchanges each point saw, under keys that name the same exchange at both

    Returns
    -------
    Lower and upper bounds, one of each per exchange; None where no exchange was seen by both.

    Notes
    -----
    A request passes the two points in one order, its reply in the other. So the differences of the two sightings bound
    the offset from both sides, whichever point is nearer to the requester. What the clocks may have drifted between a
    request and its reply is added.
    """
    pairs = [(here, other[key]) for key, here in one.items() if key in other]
    if not pairs:
        return None
    here, there = np.array(pairs, np.int64).transpose(1, 0, 2)
    late, asked = there - here, here[:, 0]
    slack = np.ceil(MOST_DRIFT * np.abs(here[:, 1] - asked)).astype(np.int64)
    return Bounds(asked, late.min(axis=1) - slack), Bounds(asked, late.max(axis=1) + slack)


@dataclass(frozen=True, slots=True)
class Lines:
    """
    All straight lines that an offset may follow from one time of the reference to another.

    A line is a point: its value at the first time, its value at the last, both less `base`. The set of them is convex,
    so that whatever is asked of it has its extremes at the corners.
    """

    begin: int
    end: int
    base: int
    corners: Floats
    """float64[n, 2], at least one"""
    first: int
    """From here to `last` both sides are bound by packets before and after; where it is later, they nowhere are."""
    last: int
    guess: "Lines | None" = None
    """What is taken for lines that packets hold from one side only, though nothing proves it; None for all others."""
    goes_on: bool = False
    """Whether it begins where the piece before it ends: the clock was not set there, it took another rate."""

    def at(self, ts: int) -> tuple[int, int]:
        """Lowest and highest offset at that time of the reference, ns; outside of begin .. end the lines go on."""
        part = (ts - self.begin) / max(self.end - self.begin, 1)
        values = self.corners @ np.array([1.0 - part, part])
        return self.base + int(np.floor(values.min())), self.base + int(np.ceil(values.max()))

    def over(self, begin: int, end: int) -> "Lines":
        """The same lines, told from and to other times."""
        parts = np.array([[begin, end]], np.float64) - self.begin
        parts /= max(self.end - self.begin, 1)
        corners = self.corners[:, :1] * (1.0 - parts) + self.corners[:, 1:] * parts
        guess = None if self.guess is None else self.guess.over(begin, end)
        return replace(self, begin=begin, end=end, corners=corners, guess=guess)

    def tilted(self, tilt: float, origin: int) -> "Lines":
        """The same lines, each with so much more drift, which is nothing at that time."""
        more = tilt * (np.array([self.begin, self.end], np.float64) - origin)
        guess = None if self.guess is None else self.guess.tilted(tilt, origin)
        return replace(self, corners=self.corners + more, guess=guess)

    def earlier(self, by: int) -> "Lines":
        """The same lines where the reference shows so much less: the offset is so much more."""
        guess = None if self.guess is None else self.guess.earlier(by)
        return replace(
            self, begin=self.begin - by, end=self.end - by, base=self.base + by, first=self.first - by,
            last=self.last - by, guess=guess,
        )  # fmt: skip

    def lowered(self, by: int) -> "Lines":
        """The same lines, each so much lower."""
        guess = None if self.guess is None else self.guess.lowered(by)
        return replace(self, base=self.base - by, guess=guess)

    @property
    def drift(self) -> tuple[float, float]:
        """Least and greatest drift, seconds per second."""
        rise = (self.corners[:, 1] - self.corners[:, 0]) / max(self.end - self.begin, 1)
        return float(rise.min()), float(rise.max())

    @property
    def ends(self) -> tuple[int, int]:
        """Lowest and highest offset of all times from begin to end, ns."""
        return self.base + int(np.floor(self.corners.min())), self.base + int(np.ceil(self.corners.max()))


def fit_lines(lows: Bounds, highs: Bounds, most_drift: float = MOST_DRIFT) -> Lines | None:
    """
    Which straight lines keep to these bounds? None where there is no such line; either side has at least one bound.

    Each bound cuts the plane of lines in two. What is left is convex, and so are the lines over time: the extremes
    are at its corners.
    """
    begin, end = min(lows.ts.min(), highs.ts.min()), max(lows.ts.max(), highs.ts.max())
    base = int(lows.value_ns[0])
    drift = most_drift * float(end - begin)
    cuts = np.concatenate(
        [
            _half_planes(lows, begin, end, base, -1.0),
            _half_planes(highs, begin, end, base, 1.0),
            [(-1.0, 1.0, drift), (1.0, -1.0, drift)],
        ]
    )
    least, most = float(lows.value_ns.min() - base) - drift, float(highs.value_ns.max() - base) + drift
    corners = np.array([(least, least), (most, least), (most, most), (least, most)])
    while len(cuts):
        beyond = (cuts[:, :2] @ corners.T - cuts[:, 2:]).max(axis=1)
        worst = int(np.argmax(beyond))
        if beyond[worst] <= ROUNDING_NS:
            break
        corners = _cut(corners, cuts[worst])
        if not len(corners):
            return None
        beyond[worst] = 0.0  # it has cut; what no corner lies beyond will not cut a smaller polygon either
        cuts = cuts[beyond > ROUNDING_NS]
    first, last = max(lows.ts.min(), highs.ts.min()), min(lows.ts.max(), highs.ts.max())
    return Lines(int(begin), int(end), base, corners, int(first), int(last))


def _half_planes(bounds: Bounds, begin: np.int64, end: np.int64, base: int, sign: float) -> Floats:
    """
    Where does a line keep to these bounds? Rows (a, b, c) of a * first value + b * last value <= c.

    sign is 1 where the line must not be higher, -1 where it must not be lower.
    """
    part = (bounds.ts - begin) / max(float(end - begin), 1.0)
    return np.column_stack((sign * (1.0 - part), sign * part, sign * (bounds.value_ns - base)))


def _cut(corners: Floats, half: Floats) -> Floats:
    """Which polygon is left of this one within the half plane? Its corners in order; none where nothing is left."""
    beyond = corners @ half[:2] - half[2]
    kept = []
    for i in range(len(corners)):
        here, there = beyond[i - 1], beyond[i]
        if (here <= 0) != (there <= 0):
            kept.append(corners[i - 1] + (corners[i] - corners[i - 1]) * (here / (here - there)))
        if there <= 0:
            kept.append(corners[i])
    return np.array(kept).reshape(-1, 2)
