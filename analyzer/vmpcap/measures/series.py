"""Several connections' series on one grid, and the windows that are cut from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmpcap.measures.connections import Side
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, mbps

I64 = npt.NDArray[np.int64]

WINDOW_NS = 100 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Together:
    """All connections of one transfer on one grid; bin i covers start_ns + i*width_ns and width_ns more."""

    start_ns: int
    width_ns: int
    new_bytes: I64
    delivered_bytes: I64
    """Newly acknowledged where the acknowledgements are in view, else seen for the first time."""
    resent_bytes: I64
    rtt_min_ns: I64
    """Smallest data-to-ACK time of any connection, -1 without a sample."""
    headroom_bytes: I64
    """
    Smallest receive window less the flight of the same connection and bin; a large number without a sample. Where no
    data was sent the flight is taken for 0: leans high then.
    """
    active: I64
    """Connections with data."""

    def between(self, values: I64, from_ns: int, to_ns: int) -> int:
        """The sum of these values over the bins that begin in from_ns .. to_ns (excluded)."""
        low = max(0, -(-(from_ns - self.start_ns) // self.width_ns))
        high = max(0, -(-(to_ns - self.start_ns) // self.width_ns))
        return int(values[low:high].sum())


NO_HEADROOM_SAMPLE = 2**62


def put_together(sides: Sequence[Side]) -> Together | None:
    """
    How did all these connections run together?

    None where none has a series. Bins of the widest width are used; a narrower series' bin counts where it begins, so
    an edge is off by at most one wide bin.
    """
    series = [(side, side.series) for side in sides if side.series is not None and len(side.series.new_bytes)]
    if not series:
        return None
    width = max(s.width_ns for _, s in series)
    start = min(s.start_ns for _, s in series)
    end = max(s.start_ns + len(s.new_bytes) * s.width_ns for _, s in series)
    bins = -(-(end - start) // width)
    new, delivered, resent, active = (np.zeros(bins, np.int64) for _ in range(4))
    rtt = np.full(bins, -1, np.int64)
    headroom = np.full(bins, NO_HEADROOM_SAMPLE, np.int64)
    for side, one in series:
        at = (one.start_ns - start + np.arange(len(one.new_bytes)) * one.width_ns) // width
        np.add.at(new, at, one.new_bytes)
        np.add.at(delivered, at, one.acked_bytes if side.acked_bytes else one.new_bytes)
        np.add.at(resent, at, one.resent_bytes)
        active[np.unique(at[one.new_bytes > 0])] += 1
        _keep_least(rtt, at, one.rtt_min_ns)
        free = one.window_min_bytes - np.maximum(one.flight_max_bytes, 0)
        room = np.where(one.window_min_bytes >= 0, free, NO_HEADROOM_SAMPLE)
        np.minimum.at(headroom, at, room)
    return Together(start, width, new, delivered, resent, rtt, headroom, active)


def _keep_least(into: I64, at: I64, values: I64) -> None:
    big = np.where(into < 0, np.iinfo(np.int64).max, into)
    np.minimum.at(big, at[values >= 0], values[values >= 0])
    into[:] = np.where(big == np.iinfo(np.int64).max, -1, big)


def windowed(together: Together, values: I64, window_ns: int, reduce: Callable[[I64], I64]) -> I64:
    """What does reduce make of the bins of each whole window? One value per window, a partial last one left out."""
    per = max(1, window_ns // together.width_ns)
    whole = len(values) // per
    return reduce(values[: whole * per].reshape(whole, per))


def best_window(together: Together, window_ns: int = NS_PER_S) -> float | None:
    """The highest rate over any window of this length, in Mbps; None where the transfer was shorter than that."""
    per = max(1, window_ns // together.width_ns)
    if len(together.delivered_bytes) < per:
        return None
    sums = np.concatenate(([0], np.cumsum(together.delivered_bytes)))
    return mbps(int((sums[per:] - sums[:-per]).max()), per * together.width_ns)
