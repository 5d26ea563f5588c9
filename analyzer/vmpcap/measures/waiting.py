"""TCP: which data of one side waits for an answer of the other, and for how long."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.kernels import waiting as at
from vmpcap.measures.kernels.waiting import Segments
from vmpcap.measures.outages import LEAST_OUTAGE_NS, USUAL_TIMES, Outage, median, median_gap
from vmpcap.measures.talk import Talk
from vmpcap.terms.arrays import doorway
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import TCP_ACK, TCP_RST, TCP_SYN

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def read_segments(talk: Talk | JournalColumns, rows: I64, from_guest: Bools) -> Segments:
    """Which segments are in these rows, in their order?"""
    columns = (talk.ts_ns, talk.frame, talk.tcp_seq, talk.tcp_ack, talk.tcp_flags, talk.payload_bytes, from_guest, rows)
    numbers = (np.empty(len(rows), np.int64) for _ in Segments._fields[:-1])
    empty: Any = (*numbers, np.empty(len(rows), np.bool_))
    segments = Segments(*empty)
    given: Any = (*(doorway(column, column.dtype) for column in columns), segments)
    at.gather_segments(*given)
    return segments


def first_reset(segments: Segments) -> int | None:
    """Which row is the first RST of either side? None without one."""
    found = np.flatnonzero(segments.flags & TCP_RST)
    return int(found[0]) if len(found) else None


def part(segments: Segments, begin: int, end: int) -> Segments:
    """Which segments are the rows begin .. end (excluded)?"""
    columns: Any = (column[begin:end] for column in segments)
    return Segments(*columns)


def split_connections(segments: Segments) -> list[Segments]:
    """Which connections used this pair of ports one after the other? A SYN with another number begins a new one."""
    syns = np.flatnonzero(segments.flags & (TCP_SYN | TCP_ACK) == TCP_SYN)
    cuts = [0]
    for before, row in zip([None, *syns.tolist()], syns.tolist(), strict=False):
        if row and (before is None or segments.seq[before] != segments.seq[row]):
            cuts.append(row)
    return [part(segments, a, b) for a, b in zip(cuts, [*cuts[1:], len(segments.ts)], strict=True)]


@dataclass(frozen=True, slots=True)
class Waits:
    """How one side of a connection, the requester, waited for the other."""

    requests: int
    """Segments with new data, and keep-alives of a side whose keep-alives were answered."""
    answers: int
    resent: int
    interval_ns: int | None
    """Median time between requests."""
    usual_ns: int | None
    """How long is usually waited; None without an answer."""
    outages: tuple[Outage, ...]
    """Waits that were longer than is usual here, and ended."""
    unfinished: Outage | None
    """What still waits at the end, if it has waited long enough."""
    was_waiting_at_reset: bool


def measure_waits(segments: Segments, by_guest: bool, end_ns: int) -> Waits:
    """
    Where did one side of this connection wait for the other?

    Parameters
    ----------
    by_guest : whether the guest is the requester
    end_ns : when the capture ends, or another connection took the ports
    """
    rows = len(segments.ts)
    asks = segments.from_guest == by_guest
    open_end, open_row, asked, waits = (np.empty(rows, np.int64) for _ in range(4))
    long, counts = np.empty(rows + 1, at.WAIT), np.empty(at.COUNTS, np.int64)
    at.follow_waits(segments, asks, LEAST_OUTAGE_NS, open_end, open_row, asked, waits, long, counts)
    count = int(counts[at.WAITED])
    usual = median(waits[:count]) if count else None
    ended = [_outage(segments, one) for one in long[: counts[at.LONG]]]
    least = USUAL_TIMES * (usual or 0)
    is_open = counts[at.OPEN_PAST] > counts[at.OPEN_FIRST]
    return Waits(
        requests=int(counts[at.ASKED]),
        answers=int(counts[at.ANSWERS]),
        resent=int(counts[at.RESENT]),
        interval_ns=median_gap(asked[: counts[at.ASKED]]),
        usual_ns=usual,
        outages=tuple(outage for outage in ended if outage.seen_ns >= least),
        unfinished=_unfinished(segments, long[counts[at.LONG]], end_ns) if is_open else None,
        was_waiting_at_reset=bool(counts[at.WAITS_AT_RESET] == 1),
    )


def _unfinished(segments: Segments, one: Any, end_ns: int) -> Outage | None:
    """
    What still waits at this time?

    A sender resends after at most twice the time that it has been waiting (RFC 6298 section 5.5): where it did not,
    its segments left the view. A keep-alive comes again after what it came before.
    """
    if end_ns - int(one["start_ts"]) < LEAST_OUTAGE_NS:
        return None
    outage = _outage(segments, one)
    due = outage.last_unanswered_ts + 2 * outage.seen_ns + NS_PER_S
    if one["probed"] and outage.last_answered_ts is not None:
        due += 2 * (outage.first_unanswered_ts - outage.last_answered_ts)
    return _outage(segments, one, requests_stopped=end_ns > due)


def _outage(segments: Segments, one: Any, requests_stopped: bool = False) -> Outage:
    def when(row: int, known: bool = True) -> tuple[int | None, int | None]:
        if row == at.NONE or not known:
            return None, None
        return int(segments.ts[row]), int(segments.frame[row])

    start_ts, tried, answer = int(one["start_ts"]), int(one["tried"]), int(one["answer"])
    answered = answer != at.NONE
    tried_ts = int(segments.ts[tried])
    outage_ns = int(segments.ts[answer]) - start_ts if answered else None
    last_answered, last_answer = when(int(one["last_answered"])), when(int(one["last_answer"]))
    first_answered, first_answer = when(tried, answered), when(answer)
    return Outage(
        last_answered_ts=last_answered[0],
        last_answered_frame=last_answered[1],
        last_answer_ts=last_answer[0],
        last_answer_frame=last_answer[1],
        first_unanswered_ts=start_ts,
        first_unanswered_frame=int(segments.frame[one["start"]]),
        last_unanswered_ts=max(tried_ts, start_ts),
        last_unanswered_frame=int(segments.frame[tried]),
        first_answered_ts=first_answered[0],
        first_answered_frame=first_answered[1],
        first_answer_ts=first_answer[0],
        first_answer_frame=first_answer[1],
        outage_ns=outage_ns,
        seen_ns=outage_ns if outage_ns is not None else max(tried_ts - start_ts, 0),
        requests_stopped=requests_stopped,
        lost=int(one["lost"]),
        retransmissions=int(one["resent"]),
    )
