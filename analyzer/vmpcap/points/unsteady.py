"""Time stamps that come early or late by chance: packet by packet, and in both directions alike."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

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
ASKEW: Final = 0.05
"""Shares that are off the half by more, to one side in both directions: no jitter of the ways looks so by chance."""
NARROW: Final = 0.12
"""Bounds that are narrower than this share of the scatter may lie beside the truth where stamps make it."""
NARROW_BY_CHANCE: Final = 1.8
"""By so much more, over the root of their number, where packets are few."""
HELD: Final = "the doubt holds that"
WIDER: Final = 1.25
"""What some packets show is less than what all of them may have."""
LEAST_NS: Final = 200_000
"""A host's own handling scatters by less."""


class Scatter(NamedTuple):
    """How packets lie about what is usual, in both directions alike."""

    most_ns: int
    """By how much a packet's two stamps may be early or late against each other."""
    narrow_ns: int
    """Bounds that are narrower may lie beside the truth."""
    is_askew: bool
    """Whether more reach far to one side than to the other, by the same clock in both directions: no jitter does."""

    def may_be_ways(self, narrowest_ns: int) -> bool:
        """
        Does a jitter of the ways explain it, if a steady clock keeps to bounds that are so narrow, ns?

        A jitter that is alike to both sides looks the same, but never breaks the least time there and back. Stamps
        that scatter nearly always do, unless the ways are long beside it: then what they leave of the bounds is wide.
        """
        return not self.is_askew and narrowest_ns >= self.narrow_ns


def find_unsteadiness(packets: Packets, is_odd: bool = False) -> Scatter | None:
    """
    By how much may a packet's two time stamps be early or late against each other? None: a queue explains it.

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
            return None
        late = _level(packets.at[rows], packets.late[rows])
        rest = late - _usual(late)
        low, high = np.percentile(rest, (EDGE, 100 - EDGE))
        together = float(np.median(packets.at[rows][2 * BESIDE :] - packets.at[rows][: -2 * BESIDE]))
        if high - low < LEAST_NS + MOST_SLEWED * together:
            return None
        usual = rest[np.abs(rest) <= FAR * (high - low)]
        shares.append(float(-low / (high - low)))
        scatters.append(float(high - low))
        widths.append(float(usual.max() - usual.min()))
        counts.append(len(late))
        middles.append(float(np.median(late)))
    is_little = min(widths) * LITTLE < abs(middles[0] - middles[1])
    if is_little or max(scatters) > UNLIKE * min(scatters):
        return None
    least = LEAST_WHERE_ODD if is_odd else LEAST_SHARE + BY_CHANCE / np.sqrt(min(counts))
    is_common = min(shares[0] + 1 - shares[1], shares[1] + 1 - shares[0]) >= least
    if not is_common:
        return None
    off = [share - 1 / 2 for share in shares]
    is_askew = off[0] * off[1] > 0 and min(map(abs, off)) > ASKEW + BY_CHANCE / np.sqrt(min(counts))
    narrow = NARROW + NARROW_BY_CHANCE / np.sqrt(min(counts))
    return Scatter(round(WIDER * min(widths)), round(narrow * min(scatters)), is_askew)


def scattered_by(unsteady_ns: int) -> str:
    """
    How is it told, as the end of a sentence about time stamps?

        >>> scattered_by(35_200_000)
        'come early or late by chance, or both ways jitter alike, by up to 35.200 ms: the doubt holds that'
    """
    return f"come early or late by chance, or both ways jitter alike, by up to {unsteady_ns / NS_PER_MS:.3f} ms: {HELD}"


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
