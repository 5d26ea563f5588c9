"""How far two points' clocks may stand apart, from exchanges that both of them saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vmpcap.terms.units import NS_PER_MS


class Exchange(NamedTuple):
    """When one point saw a request and when the reply to it."""

    request_ts: int
    reply_ts: int


@dataclass(frozen=True, slots=True)
class Offset:
    """
    What must be added to the reference's clock to get this point's.

    The truth lies in low_ns .. high_ns as long as neither clock stepped between the exchanges: a request cannot arrive
    before it was sent, nor can its reply.
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


def bound_offset(reference: Mapping[object, Exchange], other: Mapping[object, Exchange]) -> Offset | None:
    """
    Between which two values must the offset of the other point's clock lie?

    Parameters
    ----------
    reference, other : the exchanges each point saw, under keys that name the same exchange at both

    Returns
    -------
    None where no exchange was seen by both.

    Notes
    -----
    A request passes the two points in one order, its reply in the other. So the differences of the two sightings bound
    the offset from both sides, whichever point is nearer to the requester. All exchanges must agree; where they do not
    (a step or drift of a clock), the interval spans all of them: too wide, never too narrow.
    """
    lows, highs = [], []
    for key, here in reference.items():
        there = other.get(key)
        if there is None:
            continue
        request = there.request_ts - here.request_ts
        reply = there.reply_ts - here.reply_ts
        lows.append(min(request, reply))
        highs.append(max(request, reply))
    if not lows:
        return None
    low, high = max(lows), min(highs)
    if low > high:
        low, high = min(lows), max(highs)
    return Offset(low, high, len(lows))


TOLERANCE_NS = NS_PER_MS
"""Clocks whose possible offsets all lie within this of zero are taken as one."""
