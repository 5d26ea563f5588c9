"""Time stamps that come early or late by chance: packet by packet, and in both directions alike."""

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from vmpcap.points.orders import Packets
from vmpcap.points.slews import MOST_SLEWED
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEAST: Final = 10
"""Of fewer packets of a direction nobody can say how they scatter."""
BESIDE: Final = 4
"""So many on either side of a packet say how late it should be."""
PARTS: Final = 8
"""Packets so many parts of all apart say how fast the clocks run apart; a step lies between few of them."""
EDGE: Final = 2.0
"""Percentile that stands for the edge of how packets scatter: a step of the clock leaves a few far out."""
LEAST_SHARE: Final = 0.75
"""Both directions' shares of their scatter that no queue makes: less is a queue's."""
LEAST_WHERE_ODD: Final = 0.6
"""The same where no steady clock explains the times."""
BY_CHANCE: Final = 0.5
"""By so much, over the root of their number, may few packets seem to scatter so."""
UNLIKE: Final = 4.0
"""So many times more does one direction scatter than the other where queues make it."""
FAR: Final = 2.5
"""What lies so many times the scatter away is no scatter."""
LITTLE: Final = 4
"""What is less than this part of the time there and back puts no packet on the wrong side of another."""
HELD: Final = "the doubt holds that"
WIDER: Final = 1.25
"""What some packets show is less than what all of them may have."""
LEAST_NS: Final = 200_000
"""A host's own handling scatters by less."""


def find_unsteadiness(packets: Packets, is_odd: bool = False) -> int:
    """
    By how much may a packet's two time stamps be early or late against each other, ns? 0: a queue explains it.

    Parameters
    ----------
    is_odd : whether no steady clock explains the times of these packets otherwise

    Notes
    -----
    A queue makes packets late, each direction for itself: most lie near the least delay, and few far beyond. By the
    other clock less the one that is late for one direction, and early for the other. Stamps that scatter move both
    directions by the same: what reaches beyond the usual towards the side where no queue moves a packet, as a share of
    all the scatter, then is one for the two together, whatever the scatter looks like. What a clock's own run does is
    taken off by the packets beside each, as far as it is no more than a slew makes of these.
    """
    shares, scatters, widths, counts, middles = [], [], [], [], []
    for side in (0, 1):
        rows = np.flatnonzero(packets.side == side)
        rows = rows[np.argsort(packets.at[rows], kind="stable")]
        if len(rows) < LEAST:
            return 0
        late = _level(packets.at[rows], packets.late[rows])
        rest = late - _usual(late)
        low, high = np.percentile(rest, (EDGE, 100 - EDGE))
        together = float(np.median(packets.at[rows][2 * BESIDE :] - packets.at[rows][: -2 * BESIDE]))
        if high - low < LEAST_NS + MOST_SLEWED * together:
            return 0
        usual = rest[np.abs(rest) <= FAR * (high - low)]
        shares.append(float(-low / (high - low)))
        scatters.append(float(high - low))
        widths.append(float(usual.max() - usual.min()))
        counts.append(len(late))
        middles.append(float(np.median(late)))
    is_little = min(widths) * LITTLE < abs(middles[0] - middles[1])
    if is_little or max(scatters) > UNLIKE * min(scatters):
        return 0
    least = LEAST_WHERE_ODD if is_odd else LEAST_SHARE + BY_CHANCE / np.sqrt(min(counts))
    is_common = min(shares[0] + 1 - shares[1], shares[1] + 1 - shares[0]) >= least
    return round(WIDER * min(widths)) if is_common else 0


def scattered_by(unsteady_ns: int) -> str:
    """
    How is it told, as the end of a sentence about time stamps?

        >>> scattered_by(35_200_000)
        'come early or late by chance, against each other by up to 35.200 ms: the doubt holds that'
    """
    return f"come early or late by chance, against each other by up to {unsteady_ns / NS_PER_MS:.3f} ms: {HELD}"


class Scattered(Protocol):
    """How two points' clocks stand."""

    @property
    def unsteady_ns(self) -> int:
        """By how much their stamps scatter against each other."""


def unsteady_points(clocks: Mapping[tuple[int, int], Scattered]) -> dict[int, int]:
    """
    Whose stamps scatter, and by how much? Of each two that do, the one which does beside more others; else both.

        >>> from types import SimpleNamespace as Pair
        >>> unsteady_points({(0, 1): Pair(unsteady_ns=5), (0, 2): Pair(unsteady_ns=0), (1, 2): Pair(unsteady_ns=7)})
        {1: 7}
    """
    how_many: dict[int, int] = {}
    for pair, clock in clocks.items():
        for point in pair:
            how_many[point] = how_many.get(point, 0) + (1 if clock.unsteady_ns else -1)
    found: dict[int, int] = {}
    for pair, clock in clocks.items():
        most = max(how_many[point] for point in pair)
        for point in pair if clock.unsteady_ns else ():
            if how_many[point] == most:
                found[point] = max(found.get(point, 0), clock.unsteady_ns)
    return found


def _level(at: I64, late: I64) -> Floats:
    """How late these are but for a drift: as what most of those a part of the time apart say. float64[n]."""
    apart = max(len(late) // PARTS, 1)
    slopes = (late[apart:] - late[:-apart]) / np.maximum(at[apart:] - at[:-apart], 1)
    level: Floats = late - np.median(slopes) * (at - at[0])
    return level


def _usual(late: Floats) -> Floats:
    """The middle of each and its neighbours of the same direction: float64[n]."""
    padded = np.concatenate((late[BESIDE:0:-1], late, late[-2 : -2 - BESIDE : -1]))
    found: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * BESIDE + 1), axis=1)
    return found
