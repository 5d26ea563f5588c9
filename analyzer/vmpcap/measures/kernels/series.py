"""What segments add to the series of a nominated stream's sides."""

from typing import Any

from vmpcap.measures.kernels.bins import bin_at, least_known, start_series
from vmpcap.measures.kernels.layout import ACKED_SEEN, I32, I64, STREAMS_LEFT_OUT, STREAMS_USED, Records
from vmpcap.measures.kernels.segments import flight_of
from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Int, inline_kernel


@inline_kernel
def take_slot(one: Any, k: Int, seq: Int, ts: Int, streams: Records, bins: Records, arena: I32, counts: I64) -> None:
    """
    Which stream slot does this side of a nominated flow get, whose first data has this number?

    A side's slot is its stream's index plus one: 0 none yet, -1 that all were taken (counted).
    """
    slot = counts[STREAMS_USED]
    if slot < streams.shape[0] and start_series(streams[slot], bins, arena, ts):
        counts[STREAMS_USED] += 1
        streams[slot]["side"] = k
        is_acked = one["flags"] & ACKED_SEEN != 0
        streams[slot]["before_bytes"] = max(seq_diff(seq, one["acked_to"]), 0) if is_acked else 0
        one["slot"] = slot + 1
        return
    counts[STREAMS_LEFT_OUT] += 1
    one["slot"] = -1


@inline_kernel
def add_data(one: Any, stream: Any, bins: Records, arena: I32, ts: Int, frame: Int, new: Int, resent: Int) -> None:
    """What does this data segment add to its side's series?"""
    at = bin_at(stream, bins, arena, ts)
    if at < 0:
        return
    now = bins[at]
    now["new_bytes"] += new
    if new > 0:
        now["sent_first_ts"] = min(now["sent_first_ts"], ts)
        now["sent_last_ts"] = max(now["sent_last_ts"], ts)
    now["resent_bytes"] += resent
    now["segments"] += 1
    now["flight_max"] = max(now["flight_max"], flight_of(one))
    note_frame(now, frame)


@inline_kernel
def note_frame(now: Any, frame: Int) -> None:
    """Which frames are the first and the last of this bin, data and answers together?"""
    if now["first_frame"] == 0:
        now["first_frame"] = frame
    now["last_frame"] = frame


@inline_kernel
def add_answer(
    stream: Any, bins: Records, arena: I32, ts: Int, frame: Int, gained: Int, rtt_ns: Int, window: Int, has_window: bool
) -> None:
    """What does the other side's segment add to this side's series? rtt_ns is -1 without a sample."""
    at = bin_at(stream, bins, arena, ts)
    if at < 0:
        return
    now = bins[at]
    if gained > 0:
        now["acked_bytes"] += gained
        if ts < now["acked_first_ts"]:
            now["acked_first_ts"], now["acked_first_bytes"] = ts, gained
        now["acked_last_ts"] = max(now["acked_last_ts"], ts)
    note_frame(now, frame)
    if has_window:
        now["window_min"] = least_known(now["window_min"], window)
    if rtt_ns >= 0:
        now["rtt_min_ns"] = least_known(now["rtt_min_ns"], rtt_ns)
        now["rtt_max_ns"] = max(now["rtt_max_ns"], rtt_ns)
