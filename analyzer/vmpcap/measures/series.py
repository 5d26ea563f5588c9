"""Several connections' series on one grid, and the windows that are cut from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.connections import OPENED_WINDOW, Side, StreamSeries
from vmpcap.measures.kernels.layout import NEVER
from vmpcap.terms.units import NO_TIME, NS_PER_MS, NS_PER_S, mbps

I64 = npt.NDArray[np.int64]

WINDOW_NS = 100 * NS_PER_MS

UNREAD_SHARE: Final = 0.5
"""
A window below so much of what it was tells of data that nobody has read yet: a receiver that keeps up offers as much as
before, or more, but for what its buffers are accounted with.
"""


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
    data was sent the flight is what was outstanding at the bin's end, and a window that was closed stays closed.
    """
    outstanding_bytes: I64
    """Sent and not acknowledged at the bin's end, what was sent before the capture among it; 0 without ACKs in view."""
    is_unread: npt.NDArray[np.bool_]
    """Whether a connection's receive window had shrunk below UNREAD_SHARE of what it was: data waits there unread."""
    active: I64
    """Connections with data."""
    sent_first_ts: I64
    """When new data first passed; NEVER (kernels.layout) without."""
    sent_last_ts: I64
    """... and last; NO_TIME without."""
    acked_first_ts: I64
    """When something was first acknowledged, of any connection; NEVER without."""
    acked_first_bytes: I64
    """How much then: what had arrived when the first acknowledgement tells of it."""
    acked_last_ts: I64
    """When something was last acknowledged; NO_TIME without."""

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
    waiting = np.zeros(bins, np.int64)
    unread = np.zeros(bins, np.bool_)
    sent_first, acked_first = np.full(bins, NEVER), np.full(bins, NEVER)
    sent_last, acked_last = np.full(bins, NO_TIME), np.full(bins, NO_TIME)
    first_bytes = np.zeros(bins, np.int64)
    for side, one in series:
        at = (one.start_ns - start + np.arange(len(one.new_bytes)) * one.width_ns) // width
        np.add.at(new, at, one.new_bytes)
        np.add.at(delivered, at, one.acked_bytes if has_answers(side) else one.new_bytes)
        np.add.at(resent, at, one.resent_bytes)
        active[np.unique(at[one.new_bytes > 0])] += 1
        _keep_least(rtt, at, one.rtt_min_ns)
        outstanding, window = outstanding_of(side, one), offered_windows(one)
        last = np.flatnonzero(np.diff(np.append(at, bins)))
        begins = at[last]
        waiting[begins[0] :] += np.repeat(outstanding[last], np.diff(np.append(begins, bins)))
        free = window - np.where(one.new_bytes > 0, np.maximum(one.flight_max_bytes, 0), outstanding)
        room = np.where(window >= 0, free, NO_HEADROOM_SAMPLE)
        np.minimum.at(headroom, at, room)
        unread[at[has_shrunk(window)]] = True
        np.minimum.at(sent_first, at, one.sent_first_ts)
        np.maximum.at(sent_last, at, one.sent_last_ts)
        if has_answers(side):
            np.minimum.at(acked_first, at, one.acked_first_ts)
            is_first = (one.acked_first_ts == acked_first[at]) & (one.acked_first_bytes > 0)
            first_bytes[at[is_first]] = one.acked_first_bytes[is_first]
            np.maximum.at(acked_last, at, one.acked_last_ts)
    return Together(
        start, width, new, delivered, resent, rtt, headroom, waiting, unread, active, sent_first, sent_last,
        acked_first, first_bytes, acked_last,
    )  # fmt: skip


UNHEARD_TIMEOUTS: Final = 3
"""A sender that repeats by timeout so often, and sends nothing new any more, had no answer."""


def has_answers(side: Side) -> bool:
    """
    Do acknowledgements tell what of this side was delivered: also that nothing was?

    Where none is in view the capture may lack their direction. A sender had none either that at last only repeats by
    timeout, in so many bins, to one that is in view.
    """
    if side.acked_bytes or side.series is None:
        return side.acked_bytes > 0
    new, resent = np.flatnonzero(side.series.new_bytes), np.flatnonzero(side.series.resent_bytes)
    repeated = int((resent > new[-1]).sum()) if len(new) else 0
    return side.answering > 0 and min(side.resent_timeout, repeated) >= UNHEARD_TIMEOUTS


def outstanding_of(side: Side, series: StreamSeries) -> I64:
    """
    What was sent and not acknowledged at the end of each bin?

    What was sent before the first data in view and not acknowledged by then was outstanding too: at least as much as
    was acknowledged from then on beyond all that was sent in view. What ACKs told before that first data had arrived,
    and waits for nothing.
    """
    if not has_answers(side):
        return np.zeros(len(series.new_bytes), np.int64)
    sent, arrived = np.cumsum(series.new_bytes), np.cumsum(series.acked_bytes)
    before = series.before_bytes
    if side.syn_ts is None:
        before = max(before, int(arrived[-1] - sent[-1]) - side.missing_bytes)
    left: I64 = np.maximum(sent - arrived + before, 0)
    return left


def offered_windows(series: StreamSeries) -> I64:
    """The receive window of each bin: what was offered last stands, but a closed one only until new data is sent."""
    known = series.window_min_bytes != -1
    last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    window = np.where(last >= 0, series.window_min_bytes[last], -1)
    sent = np.cumsum(series.new_bytes)
    window[(~known & (window == 0) & (sent > sent[last])) | (window == OPENED_WINDOW)] = -1
    return window


def has_shrunk(window: I64) -> npt.NDArray[np.bool_]:
    """In which bins was much less offered than before? Not where no window is known."""
    most = np.maximum.accumulate(window)
    shrunk: npt.NDArray[np.bool_] = (window >= 0) & (window < UNREAD_SHARE * most)
    return shrunk


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
