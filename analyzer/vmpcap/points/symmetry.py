"""How well the middle of a clock's bounds is known, if the way there takes as long as the way back."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from vmpcap.points.orders import Packets

I8 = npt.NDArray[np.int8]
I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

UNLIKE: Final = 0.1
"""Share of the time there and back by which both ways may differ and still be called alike."""
HANDLING_NS: Final = 50_000.0
"""What a host's own handling may add to one way and not to the other: found between interfaces of one machine."""
STRETCHES: Final = 64
"""Stretches of time; the least delay of a way is believed where several of them show it."""
SEVERAL: Final = 3


class Bounded(Protocol):
    """What tells between what an offset lies."""

    def bounds(self, ts: I64) -> tuple[Floats, Floats]:
        """Lowest and highest offset at these times, ns."""


@dataclass(frozen=True, slots=True)
class Symmetry:
    """What is known of both ways' least delays."""

    round_trip_ns: float
    """The least time there and back that the bounds leave."""
    spread_ns: float
    """By how much the least delay of a way differs from the third least of all stretches; the mean of both ways."""

    def doubt(self, width_ns: float) -> float:
        """By how much the middle of bounds so wide may be wrong, ns, where both ways are alike."""
        beyond = max(width_ns - self.round_trip_ns, 0.0) / 2
        return min(width_ns / 2, beyond + self.spread_ns + UNLIKE * self.round_trip_ns / 2 + HANDLING_NS)


def find_symmetry(clock: Bounded, packets: Packets, ahead: I8, ttl_lost: I64) -> Symmetry | None:
    """
    How much of the doubt is the path's own time there and back?

    Parameters
    ----------
    ttl_lost : how much less TTL each packet had at the other point

    Returns
    -------
    None where the ways differ in routers, or one of them shows its least delay in fewer than SEVERAL stretches of time:
    nobody knows if that was a queue.

    Notes
    -----
    Nothing on the wire shows that two ways are alike. What is shown is whether each way's least delay came again: a
    queue that was never empty moves. A queue that stands still (a sender held by its window) is taken for length.
    """
    if not len(packets.at):
        return None
    low, high = clock.bounds(packets.at)
    late = packets.late - (low + high) / 2
    begin = int(packets.at.min())
    width = max((int(packets.at.max()) - begin) / STRETCHES, 1.0)
    place = np.minimum(((packets.at - begin) / width).astype(np.int64), STRETCHES - 1)
    spreads, hops = [], []
    for way in (1, -1):
        rows = np.flatnonzero(ahead == way)
        values, how_often = np.unique(way * ttl_lost[rows], return_counts=True)
        hops.append(int(values[np.argmax(how_often)]) if len(rows) else None)
        least = np.full(STRETCHES, np.inf)
        np.minimum.at(least, place[rows], way * late[rows])
        least = np.sort(least[np.isfinite(least)])
        if len(least) < SEVERAL:
            return None
        spreads.append(float(least[SEVERAL - 1] - least[0]))
    if hops[0] != hops[1]:
        return None
    return Symmetry(float((high - low).min()), sum(spreads) / 2)
