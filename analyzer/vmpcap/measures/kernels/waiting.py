"""The kernel that walks one connection and asks: how long did one side wait for the other?"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Bool, Int, inline_kernel, kernel
from vmpcap.terms.wire import TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN

U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]

NONE: Final = -1

IN_FLIGHT_NS: Final = 1_000_000_000
"""Until so long after a reset comes what was sent before its sender knew of it; who sends later did not accept it."""


class Segments(NamedTuple):
    """The segments of one connection by time: int64[n] each, but for from_guest."""

    ts: I64
    frame: I64
    seq: I64
    ack: I64
    flags: I64
    length: I64
    """Sequence numbers that each takes: payload, SYN, FIN."""
    payload_bytes: I64
    from_guest: Bools
    """bool[n]"""


@kernel
def gather_segments(
    ts_ns: I64, frame: I64, tcp_seq: U32, tcp_ack: U32, tcp_flags: U16, payload_bytes: I32, from_guest: Bools,
    rows: I64, out_segments: Segments,
) -> None:  # fmt: skip
    """
    Which segments are in these rows, in their order?

    Parameters
    ----------
    ts_ns, frame : int64[n]
    tcp_seq, tcp_ack : uint32[n]
    tcp_flags : uint16[n]
    payload_bytes : int32[n]
    from_guest : bool[n]
    rows : int64[k]
    out_segments : Segments[k]

    Notes
    -----
    All columns of a row at once, for rows of one flow lie far apart: column by column each row is waited for again.
    """
    out = out_segments
    for k in range(rows.shape[0]):
        i = rows[k]
        flags, size = np.int64(tcp_flags[i]), np.int64(payload_bytes[i])
        out.ts[k], out.frame[k] = ts_ns[i], frame[i]
        out.seq[k], out.ack[k], out.flags[k] = tcp_seq[i], tcp_ack[i], flags
        out.length[k] = size + (1 if flags & TCP_SYN else 0) + (1 if flags & TCP_FIN else 0)
        out.payload_bytes[k] = size
        out.from_guest[k] = from_guest[i]


WAIT: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "start_ts",
            "start",
            "tried",
            "last_answered",
            "last_answer",
            "answer",
            "lost",
            "resent",
            "probed",
        )
    ]
)
"""One long wait. Rows of the segments, NONE without: first that waited, last try, last one answered before, last answer
before, the answer that ended it; start_ts is when the waiting began; probed is 1 where a keep-alive began it."""

# What the counts count
ANSWERS: Final = 0
ASKED: Final = 1
WAITED: Final = 2
RESENT: Final = 3
LONG: Final = 4
OPEN_FIRST: Final = 5
OPEN_PAST: Final = 6
RESENT_NOW: Final = 7
LAST_TRY: Final = 8
LAST_ANSWERED: Final = 9
LAST_ANSWER: Final = 10
WAITS_AT_RESET: Final = 11
PROBED: Final = 12
TRIED: Final = 13
COUNTS: Final = TRIED + 3

# What PROBED says of keep-alives, where it is not the number of those that were sent and never answered so far
IS_KEPT: Final = 3
"""They are requests: one was answered, or so many were not on a connection whose data were acknowledged."""
IS_WAITING: Final = 4
"""What waits begins with one."""

LEAST_PROBES: Final = 3
"""Sent at an interval and not by a timer of loss: two of these unanswered, and the one that was answered."""


@inline_kernel
def note_wait(one: Any, ts: I64, open_row: I64, counts: I64, answer: Int) -> None:
    """What is known of the wait that begins with the first open segment?"""
    start = open_row[counts[OPEN_FIRST]]
    last = counts[LAST_ANSWER]
    one["start"] = start
    one["start_ts"] = ts[start] if last == NONE or ts[start] >= ts[last] else ts[last]
    one["tried"] = counts[LAST_TRY] if counts[LAST_TRY] != NONE else start
    one["last_answered"], one["last_answer"] = counts[LAST_ANSWERED], last
    one["answer"] = answer
    one["lost"] = counts[OPEN_PAST] - counts[OPEN_FIRST]
    one["resent"] = counts[RESENT_NOW]
    one["probed"] = 1 if counts[PROBED] == IS_WAITING else 0


@inline_kernel
def ask(
    i: Int, end: Int, length: Int, has_sent: Bool, sent_end: Int, open_end: I64, open_row: I64, counts: I64
) -> Bool:
    """Does this segment of the requester carry new data, which now waits for an answer?"""
    if not has_sent or seq_diff(end, sent_end) > 0:
        if counts[PROBED] == IS_WAITING and counts[OPEN_PAST] - counts[OPEN_FIRST] < LEAST_PROBES - 1:
            counts[OPEN_FIRST], counts[PROBED] = counts[OPEN_PAST], IS_KEPT  # one alone says nothing
        at = counts[OPEN_PAST]
        open_end[at], open_row[at] = end, i
        counts[OPEN_PAST] = at + 1
        counts[LAST_TRY] = i
        return True
    if length == 1 and counts[OPEN_FIRST] == counts[OPEN_PAST]:
        return False  # data that was acknowledged: nobody waits for it
    counts[RESENT] += 1
    counts[RESENT_NOW] += 1
    counts[LAST_TRY] = i
    return False


@inline_kernel
def is_probe(segments: Segments, i: Int, has_acked: Bool, acked: Int, counts: I64) -> Bool:
    """Is this a keep-alive (RFC 9293 section 3.8.4): an old number or none, while no data waits?"""
    is_idle = counts[OPEN_FIRST] == counts[OPEN_PAST] or counts[PROBED] == IS_WAITING
    is_bare = segments.payload_bytes[i] <= 1 and segments.flags[i] & (TCP_SYN | TCP_FIN) == 0
    return has_acked and is_idle and is_bare and seq_diff(segments.seq[i], acked) == -1


@inline_kernel
def probe(i: Int, ts: I64, acked: Int, open_end: I64, open_row: I64, out_asked: I64, counts: I64) -> None:
    """A keep-alive waits for an answer; where none was ever answered, not alone: another segment may look like one."""
    tried = min(counts[PROBED], IS_KEPT - 1)
    if counts[PROBED] < IS_KEPT:
        counts[PROBED] += 1
    else:
        tried = np.int64(0)
    counts[TRIED + tried] = i
    if counts[PROBED] < IS_KEPT:
        return
    for n in range(tried + 1):
        at, row = counts[OPEN_PAST], counts[TRIED + n]
        open_end[at], open_row[at] = acked, row
        out_asked[counts[ASKED]] = ts[row]
        counts[OPEN_PAST], counts[LAST_TRY], counts[PROBED] = at + 1, row, IS_WAITING
        counts[ASKED] += 1


@inline_kernel
def is_closing(segments: Segments, open_row: I64, counts: I64) -> Bool:
    """Is all that waits for an answer the end of the requester's side, a FIN without data?"""
    for at in range(counts[OPEN_FIRST], counts[OPEN_PAST]):
        i = open_row[at]
        if segments.payload_bytes[i] > 0 or segments.flags[i] & TCP_FIN == 0:
            return False
    return True


@inline_kernel
def note_answer(ts: I64, i: Int, least_ns: Int, open_row: I64, out_waits: I64, out_long: Records, counts: I64) -> Int:
    """How long was this answer waited for? At least one segment waits."""
    one = out_long[counts[LONG]]
    note_wait(one, ts, open_row, counts, i)
    waited: np.int64 = ts[i] - one["start_ts"]
    out_waits[counts[WAITED]] = waited
    counts[WAITED] += 1
    if waited >= least_ns and (counts[PROBED] != IS_WAITING or one["lost"] >= LEAST_PROBES):
        counts[LONG] += 1
    return waited


@inline_kernel
def end_by_reset(
    segments: Segments, i: Int, asks: Bool, least_ns: Int, open_end: I64, open_row: I64,
    out_waits: I64, out_long: Records, counts: I64,
) -> Bool:  # fmt: skip
    """Does this reset break off something that waits for an answer?"""
    if counts[OPEN_FIRST] == counts[OPEN_PAST]:
        return False
    ts, was_answered, is_resent = segments.ts, counts[LAST_ANSWER] != NONE, counts[RESENT_NOW] > 0
    if asks:
        note_wait(out_long[counts[LONG]], ts, open_row, counts, NONE)
        is_long = ts[i] - out_long[counts[LONG]]["start_ts"] >= least_ns
        is_patient = segments.from_guest[i] and counts[RESENT_NOW] == 0
        if not was_answered or (is_long and not is_patient):
            return True
        counts[OPEN_FIRST], counts[PROBED] = counts[OPEN_PAST], min(counts[PROBED], IS_KEPT)
        return False
    waited = note_answer(ts, i, least_ns, open_row, out_waits, out_long, counts)
    has_all = segments.flags[i] & TCP_ACK and seq_diff(segments.ack[i], open_end[counts[OPEN_PAST] - 1]) >= 0
    is_dead = segments.from_guest[i] and is_resent and waited >= least_ns
    is_end = (has_all and was_answered and not is_dead) or is_closing(segments, open_row, counts)
    is_end = is_end or (not segments.from_guest[i] and waited < least_ns)
    counts[ANSWERS] += 1
    counts[OPEN_FIRST], counts[LAST_ANSWER], counts[RESENT_NOW] = counts[OPEN_PAST], i, 0
    counts[PROBED] = min(counts[PROBED], IS_KEPT)
    return not is_end


@kernel
def follow_waits(
    segments: Segments, asks: Bools, least_ns: int, open_end: I64, open_row: I64,
    out_asked: I64, out_waits: I64, out_long: Records, counts: I64,
) -> None:  # fmt: skip
    """
    How long did the requester of one connection wait for each answer?

    Parameters
    ----------
    segments : Segments[n]
    asks : bool[n], whether the requester sent it
    least_ns : waits of this length and more are described
    open_end, open_row : int64[n], scratch
    out_asked : int64[n], times of segments with new data and keep-alives that wait; counts[ASKED] are written
    out_waits : int64[n], how long each answer was waited for; counts[WAITED]
    out_long : WAIT[n + 1], those of least_ns and more; counts[LONG]. The row after them is what still waits at the end.
    counts : int64[COUNTS]

    Notes
    -----
    A wait ends with the first segment of the other side that acknowledges more, carries new data or is a reset: who
    resets is there. Once a keep-alive was answered, by the same acknowledgement again, or three were not, they wait for
    that. A reset of the requester ends what has waited for less than least_ns on a connection that was answered; one of
    the guest whatever it had not sent again, for a peer that lacked it would ask. Nothing is broken off by a reset that
    acknowledges all, answers a FIN, or comes from a peer as soon as the guest spoke; the guest denies by a reset
    whatever else waits, and what was sent to it again in vain for least_ns.
    """
    ts, seq, ack, flags, length = segments.ts, segments.seq, segments.ack, segments.flags, segments.length
    counts[:] = 0
    counts[LAST_TRY], counts[LAST_ANSWERED], counts[LAST_ANSWER] = NONE, NONE, NONE
    counts[WAITS_AT_RESET] = NONE
    has_sent, has_acked, has_heard, is_over = False, False, False, False
    sent_end, acked, other_end, over_ts = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for i in range(ts.shape[0]):
        end = (seq[i] + length[i]) & 0xFFFFFFFF
        if flags[i] & TCP_RST:
            broken = end_by_reset(segments, i, asks[i], least_ns, open_end, open_row, out_waits, out_long, counts)
            if counts[WAITS_AT_RESET] == NONE:
                counts[WAITS_AT_RESET] = 1 if broken else 0
            is_over, over_ts = True, ts[i]
            continue
        if asks[i]:
            if is_over and ts[i] - over_ts < IN_FLIGHT_NS:
                continue
            if is_probe(segments, i, has_acked, acked, counts):
                probe(i, ts, acked, open_end, open_row, out_asked, counts)
                continue
            if length[i] and ask(i, end, length[i], has_sent, sent_end, open_end, open_row, counts):
                has_sent, sent_end = True, end
                out_asked[counts[ASKED]] = ts[i]
                counts[ASKED] += 1
            continue
        says_more = length[i] > 0 and (not has_heard or seq_diff(end, other_end) > 0)
        hears_more = flags[i] & TCP_ACK != 0 and (not has_acked or seq_diff(ack[i], acked) > 0)
        is_again = flags[i] & TCP_ACK != 0 and has_acked and length[i] == 0 and ack[i] == acked
        is_again = is_again and not (has_heard and seq_diff(seq[i], other_end) < 0)
        if counts[PROBED] < IS_KEPT and (is_again or says_more or hears_more):
            counts[PROBED] = IS_KEPT if is_again and counts[PROBED] else 0
        if not (says_more or hears_more or (is_again and counts[PROBED] == IS_WAITING)):
            continue
        is_over = False
        counts[ANSWERS] += 1
        if counts[OPEN_PAST] > counts[OPEN_FIRST]:
            note_answer(ts, i, least_ns, open_row, out_waits, out_long, counts)
        if says_more:
            has_heard, other_end = True, end
        if hears_more:
            has_acked, acked = True, ack[i]
        if hears_more or counts[PROBED] == IS_WAITING:
            while counts[OPEN_FIRST] < counts[OPEN_PAST] and seq_diff(acked, open_end[counts[OPEN_FIRST]]) >= 0:
                counts[LAST_ANSWERED] = open_row[counts[OPEN_FIRST]]
                counts[OPEN_FIRST] += 1
            counts[PROBED] = min(counts[PROBED], IS_KEPT)
        counts[LAST_ANSWER] = i
        counts[RESENT_NOW] = 0
    if counts[OPEN_PAST] > counts[OPEN_FIRST]:
        note_wait(out_long[counts[LONG]], ts, open_row, counts, NONE)
