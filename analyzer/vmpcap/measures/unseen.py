"""What must have been sent while a point showed nothing: by TCP, which acknowledges only what came, and by echoes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.gaps import FROM_TS, LEAST_GAP_NS, TO_TS
from vmpcap.measures.journal import NO_FLOW, JournalColumns
from vmpcap.terms.wire import ECHOES, IP_TCP, TCP_ACK, TCP_FIN, TCP_SYN

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

AROUND_ROWS: Final = 500
"""So many frames before and after a gap tell what was sent in it."""

MOST_BYTES: Final = 1 << 28
"""More than this in one gap is a connection that was replaced unseen: its numbers say nothing of bytes."""

LEAST_ECHOES: Final = 3
"""So many numbers must be left out, as often as the usual interval says (within a half): fewer is jitter."""

BESIDE_TIMES: Final = 3
"""So many usual intervals may lie between the requests on both sides of a gap and the gap, taken together."""

BESIDE_SEGMENTS: Final = 20
"""So many segments of a side before a gap and after it tell how long it is silent by itself."""

JITTER: Final = 1.25

NUMBERS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Unseen:
    """What one point shows of packets that passed, or should have, in a gap of its view."""

    acked_bytes: int
    """Bytes of TCP that were acknowledged and are nowhere in view: they passed, and the capture lacks them."""
    connections: int
    ends: tuple[tuple[int, int], ...]
    """The addresses between which they go, each as its two halves."""
    echoes: int
    """Echo requests whose numbers were left out: sent, and not in view. They may have been lost before the point."""
    echo_numbers: tuple[int, int] | None
    """The first and last of them, of the stream that lacks most."""
    echo_sender: tuple[int, int] | None = None
    """The address that sends that stream, as its two halves."""


def find_unseen(j: JournalColumns, gaps: I64) -> list[Unseen]:
    """
    What must have been sent in each of these gaps?

    Parameters
    ----------
    gaps : int64[k, 4], as GapLog.rows gives them

    Notes
    -----
    Both directions must be in view before and after: of a way back that passes elsewhere every ACK acknowledges bytes
    that are not in view. Bytes that come later still are resent ones, and count as seen.
    """
    if not len(gaps) or not j.rows:
        return [Unseen(0, 0, (), 0, None)] * len(gaps)
    order = np.argsort(j.ts_ns, kind="stable")
    ts = j.ts_ns[order]
    past = np.searchsorted(ts, gaps[:, FROM_TS], side="right").tolist()
    after = np.searchsorted(ts, gaps[:, TO_TS], side="left").tolist()
    found = []
    for end, begin, length in zip(past, after, (gaps[:, TO_TS] - gaps[:, FROM_TS]).tolist(), strict=True):
        before, then = order[max(end - AROUND_ROWS, 0) : end], order[begin : begin + AROUND_ROWS]
        acked, flows = _acked_unseen(j, before, then, length)
        echoes = _echoes_unseen(j, before, then, length)
        found.append(Unseen(acked, len(flows), tuple(_ends_of(j, before, flows)), *echoes))
    return found


def _of_tcp(j: JournalColumns, rows: I64) -> I64:
    kept: I64 = rows[(j.ip_protocol[rows] == IP_TCP) & (j.flow_id[rows] != NO_FLOW)]
    return kept


def _ends_of(j: JournalColumns, rows: I64, flows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Both addresses of each of these connections."""
    for row in (rows[j.flow_id[rows] == flow][-1] for flow in flows):
        yield int(j.src_high[row]), int(j.src_low[row])
        yield int(j.dst_high[row]), int(j.dst_low[row])


def _acked_unseen(j: JournalColumns, before: I64, after: I64, length: int) -> tuple[int, list[int]]:
    """How many bytes, of which connections?"""
    before, after = _of_tcp(j, before), _of_tcp(j, after)
    flows = np.intersect1d(j.flow_id[before], j.flow_id[after])
    total, found = 0, []
    for flow in flows.tolist():
        rows, later = before[j.flow_id[before] == flow], after[j.flow_id[after] == flow]
        if (j.tcp_flags[later] & TCP_SYN).any():
            continue
        jumped = sum(_jumped(j, rows, later, side, length) for side in (0, 1))
        total += jumped
        found += [flow] if jumped else []
    return total, found


def _jumped(j: JournalColumns, before: I64, after: I64, side: int, gap: int) -> int:
    """
    How many bytes of this side were left out between these segments, and acknowledged afterwards?

    0 where the two lie much further apart than the gap is long: the bytes may have passed at a time that is in view.
    """
    own, theirs = before[j.side[before] == side], after[j.side[after] != side]
    later = after[j.side[after] == side]
    heard = theirs[(j.tcp_flags[theirs] & TCP_ACK) != 0]
    if not len(own) or not len(later) or not len(heard):
        return 0
    around = max(
        _longest_pause(j.ts_ns[own[-BESIDE_SEGMENTS:]]) + _longest_pause(j.ts_ns[later[:BESIDE_SEGMENTS]]), LEAST_GAP_NS
    )
    if int(j.ts_ns[later].min() - j.ts_ns[own].max()) > gap + around:
        return 0
    origin = int(j.tcp_seq[own[-1]])
    flags = j.tcp_flags[own].astype(np.int64)
    length = j.payload_bytes[own] + ((flags & TCP_SYN) != 0) + ((flags & TCP_FIN) != 0)
    sent = int((_since(j.tcp_seq[own], origin) + length).max())
    first = int(_since(j.tcp_seq[later], origin).min())
    acked = int(_since(j.tcp_ack[heard], origin).max())
    return first - sent if 0 < first - sent < MOST_BYTES and acked >= first else 0


def _longest_pause(ts: I64) -> int:
    """How long was this side silent at most, beside the gap and as a rule? A beat of four seconds is no hole."""
    return int(JITTER * np.diff(np.sort(ts)).max(initial=0))


def _since(numbers: npt.NDArray[np.uint32], origin: int) -> I64:
    """How far are these sequence numbers after that one, by the shorter way round?"""
    away: I64 = (numbers.astype(np.int64) - origin + NUMBERS // 2) % NUMBERS - NUMBERS // 2
    return away


class _LeftOut(NamedTuple):
    """Echo requests whose numbers were left out."""

    number: int
    numbers: tuple[int, int] | None
    sender: tuple[int, int] | None


def _echoes_unseen(j: JournalColumns, before: I64, after: I64, length: int) -> _LeftOut:
    """How many echo requests were left out in a gap of this length, and which, of the stream that lacks most?"""
    most = _LeftOut(0, None, None)
    for protocol, kind, _ in ECHOES:
        asked, later = (
            rows[(j.ip_protocol[rows] == protocol) & (j.icmp_type[rows] == kind)] for rows in (before, after)
        )
        for number in np.intersect1d(j.icmp_id[asked], j.icmp_id[later]).tolist():
            own, then = asked[j.icmp_id[asked] == number], later[j.icmp_id[later] == number][:1]
            same = (j.src_low[own] == j.src_low[then]) & (j.dst_low[own] == j.dst_low[then])
            own = own[same]
            if len(own) <= LEAST_ECHOES:
                continue
            last = own[-1]
            skipped = (int(j.icmp_seq[then[0]]) - int(j.icmp_seq[last])) % (1 << 16) - 1
            interval = float(np.median(np.diff(j.ts_ns[own])))
            between = int(j.ts_ns[then[0]] - j.ts_ns[last])
            if between > length + BESIDE_TIMES * interval:
                continue  # they are missing for longer than this: the gap is not why
            due = between / max(interval, 1.0) - 1
            if skipped >= LEAST_ECHOES and abs(skipped - due) <= due / 2 and skipped > most.number:
                first = (int(j.icmp_seq[last]) + 1) % (1 << 16)
                sender = int(j.src_high[last]), int(j.src_low[last])
                most = _LeftOut(skipped, (first, (first + skipped - 1) % (1 << 16)), sender)
    return most
