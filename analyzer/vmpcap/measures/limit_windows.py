"""What is seen in each stretch of 100 ms of a stream: the evidence of what limited it then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.connections import Side
from vmpcap.measures.limits import Sent, find_silence, find_waits
from vmpcap.measures.loss_signs import event_begins, telling_events
from vmpcap.measures.queues import NEAR_WINDOW_SEGMENTS, stands, tells_of_queues
from vmpcap.measures.repaired import carried_bytes
from vmpcap.measures.series import NO_HEADROOM_SAMPLE, WINDOW_NS, Together, offered_windows

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ROUND_TRIPS: Final = 4
"""A window holds at least so many round trips: what one says of the next is seen in the same window."""

MOST_WINDOWS: Final = 2_000
"""Windows of a longer stream are so much longer."""

PINNED_SHARE: Final = 0.1
"""A flight whose highest values lie no further apart than this within a window stands at a ceiling."""

MISSED_SHARE: Final = 0.3
"""So many of a window's bins may miss the top of the flight."""

LEAST_PACED: Final = 8
"""Fewer bins than this show no pace."""

PACED_SHARE: Final = 0.5
"""A sender at its own pace varies by less than this share of what the acknowledgements of it do."""

PACED_AHEAD: Final = 2
"""... and gets no further ahead of them in a window than so many times what it was in one bin."""

GROWS_SHARE: Final = 0.2
"""Congestion avoidance adds no more than this to the flight from one window to the next."""

PINNED_SEGMENTS: Final = 3
"""... or no further than so many segments."""


@dataclass(frozen=True, slots=True)
class Outline:
    """More of the stream's series, on the grid of its Together: all int64[bins]."""

    flight_bytes: I64
    """Most outstanding, all connections together; 0 where nothing was sent."""
    window_bytes: I64
    """Smallest receive windows, all connections that offered one together; -1 without."""
    first_frame: I64
    """0 without a packet; so is last_frame."""
    last_frame: I64


@dataclass(frozen=True, slots=True)
class Windows:
    """One row per window, in order; the last may be half as long or half as long again. Rates are of its own time."""

    start_ns: I64
    end_ns: I64
    new_bytes: I64
    told_bytes: I64
    """Delivered, as the acknowledgements tell of it."""
    delivered_bytes: I64
    """The same, with what came behind a hole where it came (measures.repaired): evenly, so it shows no level."""
    resent_bytes: I64
    loss_events: I64
    """Bins with resent bytes, those within a round trip of an event's begin taken as one with it."""
    telling_losses: I64
    """Those that say something of a limit: not the end of a slow start, nor the last ones."""
    is_full: Bools
    """Most of the time the flight was within two segments of the receive window."""
    is_unread: Bools
    """Most of the time the receive window had shrunk: data waited there unread."""
    queued: F64
    """Share of the bins that tell of queues in which a round trip was longer than the idle path; nan without any."""
    silent: F64
    """Share of its bins without new data, while nothing was outstanding that the sender waited for."""
    lost: F64
    """... while what was lost had to be resent first."""
    waiting: F64
    """... while more was outstanding than a delayed ACK explains."""
    flight_bytes: I64
    """Median of the most outstanding of its bins with data; 0 without."""
    is_own_pace: Bools
    """Whether new data came far more evenly than it was acknowledged, and no faster: no ACK called for it."""
    is_growing: Bools
    """Whether the flight of its second half was a good deal larger than that of its first."""
    is_pinned: Bools
    """Whether the flight stood at a ceiling."""
    window_bytes: I64
    """Median; -1 unknown."""
    rtt_ns: I64
    """Median of the smallest of its bins; -1 without."""
    first_frame: I64
    last_frame: I64

    @property
    def told_mbps(self) -> F64:
        """Goodput of each window, as the acknowledgements tell of it."""
        return self.told_bytes * 8e3 / (self.end_ns - self.start_ns)

    @property
    def sent_mbps(self) -> F64:
        """New data of each window, delivered then or later."""
        return self.new_bytes * 8e3 / (self.end_ns - self.start_ns)

    def __len__(self) -> int:
        return len(self.start_ns)


def outline(sides: Sequence[Side], together: Together) -> Outline:
    """Which flights, windows and frames did these connections have together?"""
    bins = len(together.new_bytes)
    flight, window, first, last = (np.zeros(bins, np.int64) for _ in range(4))
    offered = np.zeros(bins, np.bool_)
    for series in (side.series for side in sides):
        if series is None or not len(series.new_bytes):
            continue
        own = np.arange(len(series.new_bytes)) * series.width_ns
        at = (series.start_ns - together.start_ns + own) // together.width_ns
        _add_most(flight, at, np.maximum(series.flight_max_bytes, 0))
        offers = offered_windows(series)
        known = offers >= 0
        _add_least(window, at[known], offers[known])
        offered[at[known]] = True
        some = series.first_frame > 0
        begin = np.full(bins, np.iinfo(np.int64).max)
        np.minimum.at(begin, at[some], series.first_frame[some])
        seen = begin != np.iinfo(np.int64).max
        first[seen] = np.where(first[seen] == 0, begin[seen], np.minimum(first[seen], begin[seen]))
        np.maximum.at(last, at[some], series.last_frame[some])
    return Outline(flight, np.where(offered, window, -1), first, last)


def _add_most(into: I64, at: I64, values: I64) -> None:
    """Add the largest of the values that fall into each place."""
    own = np.zeros_like(into)
    np.maximum.at(own, at, values)
    into += own


def _add_least(into: I64, at: I64, values: I64) -> None:
    """Add the smallest of the values that fall into each place."""
    none = np.iinfo(np.int64).max
    own = np.full_like(into, none)
    np.minimum.at(own, at, values)
    into += np.where(own == none, 0, own)


def cut_windows(together: Together, more: Outline, sent: Sent) -> Windows | None:
    """
    What is seen in each window between the first and the last new or resent data? None without any.

    Windows are 100 ms, or as many times that as hold four round trips, or as keep their number bounded.
    """
    used = np.flatnonzero((together.new_bytes > 0) | (together.resent_bytes > 0))
    if not len(used):
        return None
    low, high = int(used[0]), int(used[-1]) + 1
    width = together.width_ns
    rtt_ns = sent.idle_ns or sent.floor_ns or 0
    per = bins_per_window(width, rtt_ns, high - low)
    rows = max(1, (high - low + per // 2) // per)
    begin = per * np.arange(rows)
    bins = np.diff(np.append(begin, high - low))

    def cut(values: npt.NDArray[np.generic], fill: float) -> F64:
        """A row of bins for each window, filled up to the longest one: a short rest belongs to the window before it."""
        places = begin[:, None] + np.arange(bins.max())
        inside = places < (begin + bins)[:, None]
        return np.where(inside, values[np.minimum(low + places, high - 1)], fill)

    def summed(values: npt.NDArray[np.generic]) -> I64:
        total: I64 = cut(values, 0).sum(axis=1).astype(np.int64)
        return total

    def median(values: npt.NDArray[np.generic], where: Bools, none: int) -> I64:
        return _median(cut(np.where(where, values, np.nan), np.nan), none)

    lost, waiting = find_waits(together, sent.mss)
    silent = find_silence(together, sent)
    has_data = together.new_bytes > 0
    sampled = together.rtt_min_ns >= 0
    queued = np.full(rows, np.nan)
    if sent.floor_ns is not None:
        samples = summed(tells_of_queues(together))
        some = samples > 0
        queued[some] = summed(stands(together, sent.floor_ns))[some] / samples[some]
    room = _median(cut(together.headroom_bytes, np.nan), NO_HEADROOM_SAMPLE)
    flight = cut(np.where(has_data, more.flight_bytes, np.nan), np.nan)
    start_ns = together.start_ns + (low + begin) * width
    return Windows(
        start_ns=start_ns,
        end_ns=start_ns + bins * width,
        new_bytes=summed(together.new_bytes),
        told_bytes=summed(together.delivered_bytes),
        delivered_bytes=summed(carried_bytes(together)),
        resent_bytes=summed(together.resent_bytes),
        loss_events=summed(event_begins(together, rtt_ns)),
        telling_losses=summed(telling_events(together, rtt_ns)),
        is_full=room <= NEAR_WINDOW_SEGMENTS * sent.mss,
        is_unread=2 * summed(together.is_unread) >= bins,
        queued=queued,
        silent=summed(silent) / bins,
        lost=summed(lost) / bins,
        waiting=summed(waiting) / bins,
        flight_bytes=_median(flight, 0),
        is_own_pace=_is_own_pace(cut(together.new_bytes, np.nan), cut(together.delivered_bytes, np.nan)),
        is_growing=_is_growing(flight),
        is_pinned=_is_pinned(flight, sent.mss),
        window_bytes=median(more.window_bytes, more.window_bytes >= 0, -1),
        rtt_ns=median(together.rtt_min_ns, sampled, -1),
        first_frame=_edge(cut(more.first_frame, 0), np.min),
        last_frame=_edge(cut(more.last_frame, 0), np.max),
    )


def bins_per_window(width_ns: int, rtt_ns: int, bins: int) -> int:
    """How many bins make a window of 100 ms or a whole number of times that?"""
    hundreds = max(1, -(-ROUND_TRIPS * rtt_ns // WINDOW_NS))
    per = max(1, hundreds * WINDOW_NS // width_ns)
    return per * max(1, -(-bins // (per * MOST_WINDOWS)))


def _median(values: F64, none: int) -> I64:
    """The median of the known values of each row."""
    known = ~np.isnan(values)
    some = known.any(axis=1)
    result = np.full(len(values), none, np.int64)
    if some.any():
        result[some] = np.nanmedian(values[some], axis=1).astype(np.int64)
    return result


def _is_own_pace(new: F64, delivered: F64) -> Bools:
    """
    Did each row's new bytes vary far less from bin to bin than what was acknowledged of them?

    A full path, a full window and a full buffer let something new go where something was acknowledged: as unevenly.
    Of each row the extremes are left out, where a stream begins or ends within a bin, and the first and the last row
    are as the ones beside them: what fills the path at first is not acknowledged yet. Where more and more was sent than
    came back a queue was growing.
    """
    bins = (~np.isnan(new)).sum(axis=1)
    own = np.zeros(len(new), np.bool_)
    ahead = new - delivered
    new, delivered = np.sort(new, axis=1), np.sort(delivered, axis=1)  # nan goes last
    for row in np.flatnonzero(bins >= LEAST_PACED):
        inside = slice(1, bins[row] - 1)
        spread = float(delivered[row, inside].std())
        is_even = spread > 0 and float(new[row, inside].std()) <= PACED_SHARE * spread
        own[row] = is_even and np.nansum(ahead[row]) <= PACED_AHEAD * np.nanmax(np.abs(ahead[row]))
    beside = own[[1, -2]] if len(own) > 1 else False
    own[[0, -1]] &= beside
    return own


def _is_growing(flight: F64) -> Bools:
    """Did the most outstanding grow within a row by more than congestion avoidance adds?"""
    half = flight.shape[1] // 2
    if not half:
        return np.zeros(len(flight), np.bool_)
    growing: Bools = _median(flight[:, half:], 0) > (1 + GROWS_SHARE) * _median(flight[:, :half], 0)
    return growing


def _is_pinned(flight: F64, mss: int) -> Bools:
    """
    Did the most outstanding of a row's bins hardly differ?

    A window that the sender or its congestion control sets is filled to the same height again and again; what an
    application happens to send is not. The lowest three of ten bins are left out, at least one: an ACK that came late
    empties one, and where a round trip is about as long as a bin, bins drift past whole flights and miss their tops.
    """
    ordered = np.sort(flight, axis=1)  # nan goes last
    known = (~np.isnan(flight)).sum(axis=1)
    pinned = np.zeros(len(flight), np.bool_)
    for row in np.flatnonzero(known >= 3):
        low, high = ordered[row, max(1, int(known[row] * MISSED_SHARE))], ordered[row, known[row] - 1]
        pinned[row] = high - low <= max(PINNED_SHARE * high, PINNED_SEGMENTS * mss) and low > 0
    return pinned


def _edge(frames: F64, choose: Callable[..., F64]) -> I64:
    """The first or last frame of each row, 0 where it has none."""
    some = np.where(frames > 0, frames, np.nan)
    result = np.zeros(len(frames), np.int64)
    any_row = (frames > 0).any(axis=1)
    if any_row.any():
        fill = np.inf if choose is np.min else -np.inf
        result[any_row] = choose(np.where(np.isnan(some[any_row]), fill, some[any_row]), axis=1).astype(np.int64)
    return result
