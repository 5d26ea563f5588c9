"""From requests and their answers to outages: when nothing came back, from which frame to which."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_OUTAGE_NS: Final = 50 * NS_PER_MS
"""Shorter than this is not called an outage: no one outside a laboratory notices."""

USUAL_TIMES: Final = 3
"""A pause counts from this many times what is usual in its stream."""

UNUSUAL_TIMES: Final = 1.5
"""A pause of so many times what is usual lacks a packet."""

LEAST_BEATS: Final = 10
"""Packets from which an interval can be called usual."""

STOPPED_BEATS: Final = 3
"""A stream that pauses for longer than this many intervals, the longest where it has no beat, and 50 ms has stopped."""

UNANSWERED: Final = -1

MOSTLY: Final = 0.5
"""Requests of which this share has an answer are usually answered."""


@dataclass(frozen=True, slots=True)
class Outage:
    """
    A stretch in which requests stayed without an answer, as one capture point saw it.

    Frames count from 1, times are the point's own. What lies before the first request of the capture, or after its
    last, is None.
    """

    last_answered_ts: int | None
    last_answered_frame: int | None
    """The last request before it that was answered."""
    last_answer_ts: int | None
    last_answer_frame: int | None
    """The last answer before it."""
    first_unanswered_ts: int
    first_unanswered_frame: int
    last_unanswered_ts: int
    last_unanswered_frame: int
    first_answered_ts: int | None
    first_answered_frame: int | None
    """The first request after it that was answered; None where none ever was."""
    first_answer_ts: int | None
    first_answer_frame: int | None
    """The answer to that."""
    outage_ns: int | None
    """
    Echoes and datagrams at a regular interval: the unanswered requests times the interval, which is its resolution.
    At no regular interval: first unanswered request to the first answered one. TCP, whose requests are resent: first
    unanswered segment to the answer itself. None where it did not end, or where requests_stopped.
    """
    seen_ns: int
    """How long it is in view: outage_ns, or until the last request that stayed unanswered. At least this long."""
    requests_stopped: bool
    """
    The requests left the view before an answer came: nobody asked, or they went another way. Then seen_ns and the first
    answered request, where there is one, bound the outage from both sides.
    """
    lost: int
    """Requests without an answer. TCP: segments that wait for it. One-way: packets missing at the usual interval."""
    retransmissions: int
    """TCP only: what the requester sent again during the outage."""

    @property
    def ended(self) -> bool:
        """Did an answer come back before the end of the capture?"""
        return self.first_answered_ts is not None

    def overlaps(self, from_ns: int, to_ns: int) -> bool:
        """Does it touch this stretch of time? It starts with its last answer before."""
        begin = self.first_unanswered_ts if self.last_answer_ts is None else self.last_answer_ts
        end = self.first_answer_ts
        return begin <= to_ns and (end is None or end >= from_ns)


class Requests(NamedTuple):
    """Requests of one stream by time, each with the index of its answer."""

    ts: I64
    frame: I64
    answer: I64
    """int64[n]: index into answer_ts, UNANSWERED where there is none."""
    answer_ts: I64
    answer_frame: I64

    @property
    def is_answered(self) -> Bools:
        answered: Bools = self.answer != UNANSWERED
        return answered


def median(values: I64) -> int:
    """
    Which value stands in the middle of these, all 0 or more? Of two in the middle their mean, rounded down.

    As numpy's median without what that costs for each of many small arrays.
    """
    half = len(values) // 2
    if len(values) % 2:
        return int(np.partition(values, half)[half])
    parted = np.partition(values, (half - 1, half))
    return int(parted[half - 1] + parted[half]) // 2


def median_gap(ts: I64) -> int | None:
    """What is the usual time between two of these, in rising order? None for fewer than two."""
    return median(ts[1:] - ts[:-1]) if len(ts) > 1 else None


def lost_runs(answered: Bools) -> list[tuple[int, int]]:
    """Where are runs of unanswered requests? (first, one past the last) of each."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], answered, [True])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def is_regular(ts: I64) -> bool:
    """Is this a steady beat? Ten or more, and nine of ten gaps no longer than one and a half times the median."""
    if len(ts) < LEAST_BEATS:
        return False
    gaps = np.diff(ts)
    return bool(np.percentile(gaps, 90) <= 1.5 * np.median(gaps))


def find_outages(requests: Requests, least_ns: int, end_ns: int, longest_ns: int | None = None) -> list[Outage]:
    """
    Which runs of lost requests last at least this long?

    Parameters
    ----------
    requests : one stream's, by time
    least_ns : shorter ones are left out
    end_ns : when the capture ends
    longest_ns : how long who asks without a beat pauses at most while it asks; None where nothing tells

    Notes
    -----
    A request that the capture point saw but whose answer went past it by another way looks lost: this overestimates
    where routing is asymmetric. Requests still under way when the capture ends are a run only where they are older
    than least_ns.
    """
    beat_ns = median_gap(requests.ts) if is_regular(requests.ts) else None
    lost = lost_runs(requests.is_answered)
    outages = [_describe(_Run(requests, first, beyond, beat_ns, end_ns, longest_ns)) for first, beyond in lost]
    return [outage for outage in outages if outage.seen_ns >= least_ns]


class _Run(NamedTuple):
    """A run of unanswered requests: the first of them, the one past the last."""

    requests: Requests
    first: int
    beyond: int
    beat_ns: int | None
    """The regular interval of the stream; None where it has none."""
    end_ns: int
    longest_ns: int | None

    @property
    def after(self) -> int | None:
        """The first answered request after it."""
        return self.beyond if self.beyond < len(self.requests.ts) else None

    @property
    def requests_stopped(self) -> bool:
        """Did the stream pause inside the run for longer than it ever does while it is asked?"""
        ts = self.requests.ts
        until = self.end_ns if self.after is None else int(ts[self.after])
        gaps, usual = np.diff(np.append(ts[self.first : self.beyond], until)), self.beat_ns
        if usual is None and self.after is None:  # whoever paused before it ended asked again
            gaps, usual = gaps[-1:], int(np.diff(ts).max()) if len(ts) > 1 else None
        elif usual is None:
            usual = self.longest_ns
        return usual is not None and bool(gaps.max() > STOPPED_BEATS * usual + LEAST_OUTAGE_NS)

    @property
    def outage_ns(self) -> int | None:
        if self.after is None or self.requests_stopped:
            return None
        if self.beat_ns is not None:
            return (self.beyond - self.first) * self.beat_ns
        return int(self.requests.ts[self.after] - self.requests.ts[self.first])


def _describe(run: _Run) -> Outage:
    requests, first, after = run.requests, run.first, run.after
    before = first - 1 if first else None
    last = run.beyond - 1
    start = int(requests.ts[first])
    earlier = np.flatnonzero(requests.answer_ts < start)
    last_answer = int(earlier[-1]) if len(earlier) else None
    first_answer = None if after is None else int(requests.answer[after])
    outage_ns = run.outage_ns
    return Outage(
        last_answered_ts=_at(requests.ts, before),
        last_answered_frame=_at(requests.frame, before),
        last_answer_ts=_at(requests.answer_ts, last_answer),
        last_answer_frame=_at(requests.answer_frame, last_answer),
        first_unanswered_ts=start,
        first_unanswered_frame=int(requests.frame[first]),
        last_unanswered_ts=int(requests.ts[last]),
        last_unanswered_frame=int(requests.frame[last]),
        first_answered_ts=_at(requests.ts, after),
        first_answered_frame=_at(requests.frame, after),
        first_answer_ts=_at(requests.answer_ts, first_answer),
        first_answer_frame=_at(requests.answer_frame, first_answer),
        outage_ns=outage_ns,
        seen_ns=outage_ns if outage_ns is not None else int(requests.ts[last]) - start,
        requests_stopped=run.requests_stopped,
        lost=run.beyond - first,
        retransmissions=0,
    )


def _at(values: I64, index: int | None) -> int | None:
    return None if index is None else int(values[index])


def find_silences(ts: I64, frame: I64, usual_times: float = USUAL_TIMES) -> list[Outage]:
    """
    Where does a one-way stream pause for longer than so many times what is usual?

    Usual is what nine of ten gaps stay below, so that a stream in bursts is not all outage. Needs ten packets. A stream
    that stops is not an outage: nobody can say whether it was meant to go on.
    """
    if len(ts) < LEAST_BEATS:
        return []
    gaps = np.diff(ts)
    least = max(LEAST_OUTAGE_NS, int(usual_times * int(np.percentile(gaps, 90))))
    usual = max(1, int(np.median(gaps)))
    outages = []
    for i in np.flatnonzero(gaps > least).tolist():
        a, b, gap = (int(ts[i]), int(frame[i])), (int(ts[i + 1]), int(frame[i + 1])), int(gaps[i])
        outages.append(Outage(*a, *a, *a, *a, *b, *b, gap, gap, False, max(0, gap // usual - 1), 0))
    return outages


def match_latest(request_ts: I64, answer_ts: I64) -> I64:
    """
    Which answer belongs to which request, where nothing but their order tells?

    Each answer goes to the latest request before it that has none: after an outage the first answers belong to the
    latest requests, not to those that were lost.

    Parameters
    ----------
    request_ts, answer_ts : int64[n], int64[k], rising

    Returns
    -------
    int64[n]: index of the answer, UNANSWERED without one.

    Notes
    -----
    Where requests follow each other faster than answers return, answers are credited to later requests than they
    answer: an outage then seems to begin and end up to one answer time late, and may seem that much shorter.
    """
    answer = np.full(len(request_ts), UNANSWERED, np.int64)
    before = np.searchsorted(request_ts, answer_ts, side="right").tolist()
    waiting: list[int] = []
    sent = 0
    for number, count in enumerate(before):
        waiting.extend(range(sent, count))
        sent = max(sent, count)
        if waiting:
            answer[waiting.pop()] = number
    return answer


def match_echoes(
    request_seq: npt.NDArray[np.uint16], request_place: I64, reply_seq: npt.NDArray[np.uint16], reply_place: I64
) -> I64:
    """
    Which reply belongs to each echo request?

    Parameters
    ----------
    request_seq, reply_seq : uint16[n], uint16[k]
    request_place, reply_place : int64[n], int64[k]
        Their order in time, both counted together; less than 2^40.

    Returns
    -------
    int64[n]: index of the first reply with the request's sequence number after it and before the number's next use;
    UNANSWERED without one.
    """
    if not len(reply_place):
        return np.full(len(request_place), UNANSWERED, np.int64)
    request_key = (request_seq.astype(np.int64) << 40) | request_place
    reply_key = (reply_seq.astype(np.int64) << 40) | reply_place
    by_key, asked = np.argsort(reply_key), np.sort(request_key)
    after = np.searchsorted(reply_key[by_key], request_key)
    found = by_key[np.minimum(after, len(by_key) - 1)]
    reused = np.append(asked, np.iinfo(np.int64).max)[np.searchsorted(asked, request_key, side="right")]
    fits = (after < len(by_key)) & (reply_seq[found] == request_seq) & (reply_key[found] < reused)
    return np.where(fits, found, UNANSWERED)


def mostly_answered(answered: Bools, least: float = MOSTLY) -> bool:
    """Is so large a share of these requests answered, the longest run of unanswered ones left aside?"""
    if not answered.any():
        return False
    longest = max((beyond - first for first, beyond in lost_runs(answered)), default=0)
    return int(answered.sum()) >= least * (len(answered) - longest)
