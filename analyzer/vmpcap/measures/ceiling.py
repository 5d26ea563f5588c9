"""What a path can carry at least: the most it carried while it was full."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.series import WINDOW_NS, Together
from vmpcap.terms.units import mbps

STRETCH_ROUND_TRIPS: Final = 4
"""A stretch is one window of 100 ms, or so many round trips where those are longer."""

FULL_SHARE: Final = 0.5
"""Of a stretch's bins: in at least so many a queue stands, or the path was not full in it."""


def best_full_stretch(
    together: Together, carried_bytes: npt.NDArray[np.int64], is_full: npt.NDArray[np.bool_], rtt_ns: int
) -> float | None:
    """
    The highest rate over any stretch in which the path was full, in Mbps; None where no stretch was.

    Parameters
    ----------
    carried_bytes : int64[bins], what was delivered (measures.repaired)
    is_full : bool[bins], where a queue stood
    rtt_ns : the shortest round trip in view

    Notes
    -----
    A path with a queue carries all that it can, so its best stretch is the nearest to its ceiling; the mean over all
    its bins is that of a queue that came and went. One cumulative ACK may stand for much that had arrived before, and a
    burst into the queue has not been carried yet: of both the lesser counts, which leans low.
    """
    per = max(1, -(-max(WINDOW_NS, STRETCH_ROUND_TRIPS * rtt_ns) // together.width_ns))
    if len(is_full) < per:
        return None
    sent = _over(together.new_bytes + together.resent_bytes, per)
    carried = np.minimum(_over(carried_bytes, per), sent)
    full = _over(is_full.astype(np.int64), per) >= FULL_SHARE * per
    return mbps(int(carried[full].max()), per * together.width_ns) if full.any() else None


def _over(values: npt.NDArray[np.int64], per: int) -> npt.NDArray[np.int64]:
    """The sum of each so many values in a row."""
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
    return sums[per:] - sums[:-per]
