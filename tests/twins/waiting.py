"""Twin of measures.waiting: one segment at a time, with a deque of what waits."""

import itertools
from collections import deque
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.outages import LEAST_OUTAGE_NS, USUAL_TIMES, Outage
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10


class Segment(NamedTuple):
    """What one segment says about the flow of bytes."""

    ts: int
    frame: int
    seq: int
    ack: int
    flags: int
    length: int
    """Sequence numbers it takes: payload, SYN, FIN."""
    from_guest: bool


def read_segments(talk: JournalColumns, rows: I64, from_guest: Bools) -> list[Segment]:
    """Which segments are in these rows, in their order?"""
    flags = talk.tcp_flags[rows].astype(np.int64)
    length = talk.payload_bytes[rows].astype(np.int64) + ((flags & SYN) != 0) + ((flags & FIN) != 0)
    plain = (column[rows] for column in (talk.ts_ns, talk.frame, talk.tcp_seq, talk.tcp_ack))
    columns = [column.tolist() for column in (*plain, flags, length, from_guest[rows])]
    return [Segment(*values) for values in zip(*columns, strict=True)]


def split_connections(segments: list[Segment]) -> list[list[Segment]]:
    """Which connections used this pair of ports one after the other? A SYN with another number begins a new one."""
    cuts, syn = [0], None
    for i, segment in enumerate(segments):
        if segment.flags & (SYN | ACK) == SYN:
            if i and syn != segment.seq:
                cuts.append(i)
            syn = segment.seq
    cuts.append(len(segments))
    return [segments[a:b] for a, b in itertools.pairwise(cuts)]


def seq_diff(a: int, b: int) -> int:
    """
    How far is sequence number a ahead of b, modulo 2^32 (RFC 9293 section 3.4)?

    >>> seq_diff(5, 0xFFFF_FFFF)
    6
    """
    return ((a - b + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


class Waiting:
    """
    One side of a connection, the requester, waits for the other side: walked segment by segment.

    A wait ends with the first segment of the other side that acknowledges more, carries new data or is a reset.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        """Times of segments with new data."""
        self.waits: list[int] = []
        """How long each answer was waited for, nanoseconds."""
        self.long_waits: list[Outage] = []
        """Those of LEAST_OUTAGE_NS and more."""
        self.answers = 0
        self.resent = 0
        self._sent_end: int | None = None
        self._acked: int | None = None
        self._other_end: int | None = None
        self._open: deque[tuple[int, Segment]] = deque()
        self._over: int | None = None
        self._resent_now = 0
        self._kept_alive = False
        """Whether keep-alives are requests: one was answered, or three were not."""
        self._tried: list[Segment] = []
        """Keep-alives since the last answer of any kind, while that is not known."""
        self._probes = 0
        """How many of those that wait are keep-alives; they come first."""
        self._last_try: Segment | None = None
        self._last_answered: Segment | None = None
        self._last_answer: Segment | None = None

    def reset(self, segment: Segment, own: bool) -> bool:
        """Somebody resets, the requester itself (`own`) or the other side: was something broken off by it?"""
        self._over = segment.ts
        if not self._open:
            return False
        waited, heard = segment.ts - self._start().ts, self._last_answer is not None
        if own:
            patient = segment.from_guest and not self._resent_now
            if heard and (waited < LEAST_OUTAGE_NS or patient):
                self._open.clear()
                self._probes = 0
            return bool(self._open)
        self._note(segment)
        self.answers += 1
        missed = segment.from_guest and self._resent_now > 0 and waited >= LEAST_OUTAGE_NS
        acknowledged = not missed and segment.flags & ACK and seq_diff(segment.ack, self._open[-1][0]) >= 0
        closing = all(one.flags & FIN and one.length == 1 for _, one in self._open)
        dropped = not segment.from_guest and waited < LEAST_OUTAGE_NS
        self._open.clear()
        self._probes = 0
        self._last_answer = segment
        self._resent_now = 0
        return not ((acknowledged and heard) or closing or dropped)

    def _note(self, segment: Segment) -> None:
        waited = segment.ts - self._start().ts
        self.waits.append(waited)
        if waited >= LEAST_OUTAGE_NS and (not self._probes or len(self._open) > 2):
            self.long_waits.append(self._describe(segment, False))

    def ask(self, segment: Segment) -> None:
        """The requester sends. What was under way when a reset ended it all waits for nothing."""
        if self._over is not None and segment.ts - self._over < NS_PER_S:
            return
        if self._is_probe(segment):
            self._tried.append(segment)
            self._kept_alive = self._kept_alive or len(self._tried) == 3
            for one in self._tried if self._kept_alive else ():
                self._open.append(((one.seq + 1) & 0xFFFF_FFFF, one))
                self._probes += 1
                self.asked.append(one.ts)
                self._last_try = one
            if self._kept_alive:
                self._tried.clear()
            return
        if not segment.length:
            return
        end = (segment.seq + segment.length) & 0xFFFF_FFFF
        if self._sent_end is None or seq_diff(end, self._sent_end) > 0:
            self._sent_end = end
            if self._probes == len(self._open) == 1:
                self._open.clear()
                self._probes = 0
            self._open.append((end, segment))
            self.asked.append(segment.ts)
        elif segment.length == 1 and not self._open:
            return
        else:
            self.resent += 1
            self._resent_now += 1
        self._last_try = segment

    def _is_probe(self, segment: Segment) -> bool:
        """RFC 9293 section 3.8.4: an old byte or none before the next expected one, while no data waits."""
        if self._acked is None or segment.flags & (SYN | FIN) or segment.length > 1:
            return False
        return (not self._open or self._probes > 0) and segment.seq == (self._acked - 1) & 0xFFFF_FFFF

    def answer(self, segment: Segment) -> None:
        """The other side sends."""
        end = (segment.seq + segment.length) & 0xFFFF_FFFF
        says_more = segment.length > 0 and (self._other_end is None or seq_diff(end, self._other_end) > 0)
        has_ack = bool(segment.flags & ACK)
        hears_more = has_ack and (self._acked is None or seq_diff(segment.ack, self._acked) > 0)
        repeats = has_ack and not segment.length and segment.ack == self._acked
        repeats = repeats and (self._other_end is None or seq_diff(segment.seq, self._other_end) >= 0)
        self._kept_alive = self._kept_alive or (repeats and bool(self._tried))
        if repeats or says_more or hears_more:
            self._tried.clear()
        if not (says_more or hears_more or (repeats and self._probes)):
            return
        self._over = None
        self.answers += 1
        if self._open:
            self._note(segment)
        if says_more:
            self._other_end = end
        if hears_more:
            self._acked = segment.ack
        while self._open and self._acked is not None and (self._probes or hears_more):
            if seq_diff(self._acked, self._open[0][0]) < 0:
                break
            self._last_answered = self._open.popleft()[1]
        self._probes = 0
        self._last_answer = segment
        self._resent_now = 0

    def usual_ns(self) -> int | None:
        """How long is usually waited? None without an answer."""
        return int(np.median(self.waits)) if self.waits else None

    def outages(self) -> list[Outage]:
        """Which waits were longer than is usual here?"""
        least = USUAL_TIMES * (self.usual_ns() or 0)
        return [wait for wait in self.long_waits if wait.seen_ns >= least]

    def unfinished(self, end_ns: int) -> Outage | None:
        """
        What still waits at this time?

        A sender resends after at most twice the time that it has been waiting (RFC 6298 section 5.5): where it did not,
        its segments left the view. A keep-alive comes again after what it came before.
        """
        if not self._open or end_ns - self._start().ts < LEAST_OUTAGE_NS:
            return None
        outage = self._describe(None, False)
        due = outage.last_unanswered_ts + 2 * outage.seen_ns + NS_PER_S
        if self._probes and self._last_answered:
            due += 2 * (outage.first_unanswered_ts - self._last_answered.ts)
        return self._describe(None, end_ns > due)

    def _start(self) -> Segment:
        """The first segment that waits; with the time of the last answer, where it already waited then."""
        first = self._open[0][1]
        last = self._last_answer
        return first if last is None or first.ts >= last.ts else first._replace(ts=last.ts)

    def _describe(self, answer: Segment | None, requests_stopped: bool) -> Outage:
        start = self._start()
        tried = self._last_try or start
        outage_ns = answer.ts - start.ts if answer else None
        return Outage(
            last_answered_ts=self._last_answered.ts if self._last_answered else None,
            last_answered_frame=self._last_answered.frame if self._last_answered else None,
            last_answer_ts=self._last_answer.ts if self._last_answer else None,
            last_answer_frame=self._last_answer.frame if self._last_answer else None,
            first_unanswered_ts=start.ts,
            first_unanswered_frame=start.frame,
            last_unanswered_ts=max(tried.ts, start.ts),
            last_unanswered_frame=tried.frame,
            first_answered_ts=tried.ts if answer else None,
            first_answered_frame=tried.frame if answer else None,
            first_answer_ts=answer.ts if answer else None,
            first_answer_frame=answer.frame if answer else None,
            outage_ns=outage_ns,
            seen_ns=outage_ns if outage_ns is not None else max(tried.ts - start.ts, 0),
            requests_stopped=requests_stopped,
            lost=len(self._open),
            retransmissions=self._resent_now,
        )
