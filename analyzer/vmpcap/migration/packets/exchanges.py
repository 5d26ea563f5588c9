"""Whether somebody asked the guest after its move and was answered: proof that needs no announcement."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import (
    ECHOES,
    ICMP_REDIRECT,
    ICMP_UNREACHABLE,
    ICMPV6_NEIGHBOR_SOLICITATION,
    IP_ICMP,
    IP_ICMPV6,
    IP_TCP,
    IP_UDP,
    TCP_ACK,
    TCP_FIN,
    TCP_RST,
    TCP_SYN,
)

REQUESTS: Final = (
    *((protocol, request) for protocol, request, _ in ECHOES),
    (IP_ICMPV6, ICMPV6_NEIGHBOR_SOLICITATION),
)
"""Protocol and type of the ICMP messages that want an answer, and are none."""

ICMP_ERRORS: Final = (ICMP_UNREACHABLE, ICMP_REDIRECT, 11, 12)
"""... with time exceeded and parameter problem (RFC 792): nobody answers those."""

LEAST_ICMPV6_QUERY: Final = 128
"""Types below are errors (RFC 4443 section 2.1)."""

LEAST_FREE_PORT: Final = 1024
"""UDP from a port below to one that is not comes from a server that was asked."""

WAITS_NS: Final = NS_PER_S
"""A sender that hears no acknowledgement sends again by then (RFC 6298 2.4 rounds up to this)."""

NEVER: Final = np.iinfo(np.int64).max
SOON_NS: Final = 2 * NS_PER_S
"""So far after the moment a guest that was moved has mostly been asked something, and answered."""

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
U16 = npt.NDArray[np.uint16]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Functional:
    """Proof that needs no announcement: somebody's unicast reached the guest and it answered, after the switchover."""

    view: PointView
    question_frame: int
    question_ts: int
    answer_frame: int
    answer_ts: int


def functional_proof(view: PointView, guest: Moved, moment: int) -> Functional | None:
    """
    Which is the first exchange after the moment in which somebody asked the guest and the guest answered?

    Only what answers that question counts: a guest that goes on to ask the same peer has not heard it.
    """
    asked = ("functional_proof", guest.mac, guest.ips, guest.unmeant, moment)
    if asked not in view.found:
        view.found[asked] = _first_exchange(view, guest, moment)
    found: Functional | None = view.found[asked]
    return found


def _first_exchange(view: PointView, guest: Moved, moment: int) -> Functional | None:
    """
    It is looked for right after the moment first, where it is mostly, and in all that follows only where it is not.

    That changes no answer: to what comes later nothing is answered before.
    """
    after = on_point(view, moment)
    return _first_between(view, guest, after, after + SOON_NS) or _first_between(view, guest, after, NEVER)


def _first_between(view: PointView, guest: Moved, after: int, before: int) -> Functional | None:
    j = view.journal
    asked, sent = (rows[(j.ts_ns[rows] >= after) & (j.ts_ns[rows] < before)] for rows in _both_ways(view, guest))
    sent = sent[j.tcp_flags[sent] & TCP_RST == 0]  # a firewall sends resets in a guest's name
    if not len(asked) or not len(sent):
        return None
    stream_of_asked, stream_of_sent = _streams(j, asked, sent)
    is_question = _asks(j, asked)
    asked, stream_of_asked = asked[is_question], stream_of_asked[is_question]
    may_answer = ~_is_request(j, sent)
    sent, stream_of_sent = sent[may_answer], stream_of_sent[may_answer]
    spoken_in = np.isin(stream_of_asked, stream_of_sent)
    spoken_in &= ~_only_acks(j, asked) | _is_news(j, asked, stream_of_asked, sent, stream_of_sent)
    asked, stream_of_asked = asked[spoken_in], stream_of_asked[spoken_in]
    by_stream = np.argsort(stream_of_sent, kind="stable")
    ordered = stream_of_sent[by_stream]
    best: Functional | None = None
    is_bare_ack = _only_acks(j, asked)
    for at in _first_questions(stream_of_asked, is_bare_ack):
        question, stream = asked[at], stream_of_asked[at]
        if best is not None and j.ts_ns[question] >= best.answer_ts:
            break  # they were asked in this order
        left, right = np.searchsorted(ordered, stream, "left"), np.searchsorted(ordered, stream, "right")
        theirs = sent[by_stream[left:right]]
        if is_bare_ack[at]:
            pair = _heard(j, asked[(stream_of_asked == stream) & is_bare_ack], theirs)
        else:
            pair = _answered(j, int(question), theirs)
        if pair is not None and (best is None or j.ts_ns[pair[1]] < best.answer_ts):
            asks, answers = pair
            best = Functional(
                view, int(j.frame[asks]), int(j.ts_ns[asks]), int(j.frame[answers]), int(j.ts_ns[answers])
            )
    return best


def _both_ways(view: PointView, guest: Moved) -> tuple[I64, I64]:
    frames = frames_of(view, guest)
    return frames.asked, frames.sent_ip


def _streams(j: JournalColumns, asked: I64, sent: I64) -> tuple[U64, U64]:
    """
    To which stream does each of these frames to and from the guest belong, as a number?

    A stream is a peer, a protocol and both ports; of echoes the identifier and the number stand for the ports.
    """

    def ports(rows: I64, guests: U16, peers: U16) -> U64:
        protocol, kind = j.ip_protocol[rows], j.icmp_type[rows]
        is_echo = np.zeros(len(rows), np.bool_)
        for number, request, reply in ECHOES:
            is_echo |= (protocol == number) & ((kind == request) | (kind == reply))
        has_ports = ~np.isin(protocol, (IP_ICMP, IP_ICMPV6))
        guest_port = np.where(is_echo, j.icmp_id[rows], np.where(has_ports, guests[rows], 0)).astype(np.uint64)
        peer_port = np.where(is_echo, j.icmp_seq[rows], np.where(has_ports, peers[rows], 0)).astype(np.uint64)
        key: U64 = protocol.astype(np.uint64) << np.uint64(32) | guest_port << np.uint64(16) | peer_port
        return key

    keys = np.concatenate((ports(asked, j.dst_port, j.src_port), ports(sent, j.src_port, j.dst_port)))
    high = np.concatenate((j.src_high[asked], j.dst_high[sent]))
    low = np.concatenate((j.src_low[asked], j.dst_low[sent]))
    order = np.lexsort((keys, low, high))
    is_new = np.zeros(len(order), np.uint64)
    for column in (high, low, keys):
        is_new[1:] |= (column[order][1:] != column[order][:-1]).astype(np.uint64)
    numbers = np.empty(len(order), np.uint64)
    numbers[order] = np.cumsum(is_new, dtype=np.uint64)
    return numbers[: len(asked)], numbers[len(asked) :]


def _is_request(j: JournalColumns, rows: I64) -> Bools:
    """Which of these frames ask, whatever came before: a SYN that acknowledges nothing, an echo request, a NS?"""
    opens: Bools = (j.ip_protocol[rows] == IP_TCP) & ((j.tcp_flags[rows] & TCP_ACK) == 0)
    for protocol, request in REQUESTS:
        opens |= (j.ip_protocol[rows] == protocol) & (j.icmp_type[rows] == request)
    return opens


def _asks(j: JournalColumns, rows: I64) -> Bools:
    """Which of these frames to the guest may be answered? No reset, no ICMP error, nothing that a known server sent."""
    protocol, kind = j.ip_protocol[rows], j.icmp_type[rows]
    tells = (protocol == IP_TCP) & ((j.tcp_flags[rows] & TCP_RST) != 0)
    tells |= (protocol == IP_ICMP) & np.isin(kind, ICMP_ERRORS)
    tells |= (protocol == IP_ICMPV6) & (kind < LEAST_ICMPV6_QUERY)
    is_served = (j.src_port[rows] < LEAST_FREE_PORT) & (j.dst_port[rows] >= LEAST_FREE_PORT)
    asks: Bools = ~(tells | ((protocol == IP_UDP) & is_served))
    return asks


def wants_answer(j: JournalColumns, rows: I64) -> Bools:
    """Which of these frames to the guest did it owe an answer? None that answers the guest's own, nor a bare ACK."""
    answers = (j.ip_protocol[rows] == IP_TCP) & ((j.tcp_flags[rows] & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
    for protocol, _, reply in ECHOES:
        answers |= (j.ip_protocol[rows] == protocol) & (j.icmp_type[rows] == reply)
    wants: Bools = _asks(j, rows) & ~answers & ~_only_acks(j, rows)
    return wants


def unanswered_until(view: PointView, guest: Moved, asked: I64, end: int) -> I64:
    """
    Which of these packets for the guest came after all that it answered their sender here before that time?

    Rows by time. None of a sender that was answered within WAITS_NS of the end: what is on its way is not in vain.
    """
    j, sent = view.journal, frames_of(view, guest).sent_ip
    sent = sent[(j.ts_ns[sent] < end) & (j.tcp_flags[sent] & TCP_RST == 0)]
    sent = sent[~_is_request(j, sent)]
    questions = asked[wants_answer(j, asked)]
    if not len(questions) or not len(sent):
        return asked
    stream_of_question, stream_of_sent = _streams(j, questions, sent)
    streams, from_end = np.unique(stream_of_sent[::-1], return_index=True)
    at = np.minimum(np.searchsorted(streams, stream_of_question), len(streams) - 1)
    last = sent[::-1][from_end[at]]
    ends = j.tcp_seq[questions] + np.maximum(j.payload_bytes[questions], 0).astype(np.uint32)
    for flag in (TCP_SYN, TCP_FIN):
        ends = ends + ((j.tcp_flags[questions] & flag) != 0).astype(np.uint32)
    is_later = j.ts_ns[last] >= j.ts_ns[questions]
    is_heard = np.where(j.ip_protocol[questions] == IP_TCP, _is_not_before(j.tcp_ack[last], ends), is_later)
    answered = questions[is_heard & (streams[at] == stream_of_question)]
    heard = dict(zip(senders_of(j, answered), j.ts_ns[answered].tolist(), strict=True))
    since = np.array([heard.get(sender, -NEVER) for sender in senders_of(j, asked)], np.int64)
    unanswered: I64 = asked[(j.ts_ns[asked] > since) & (since < end - WAITS_NS)]
    return unanswered


def senders_of(j: JournalColumns, rows: I64) -> list[tuple[int, int]]:
    """Whose address does each of these frames come from?"""
    return list(zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True))


def _first_questions(stream: U64, is_bare_ack: Bools) -> I64:
    """Which is the first question of each stream, of TCP also the first that only acknowledges? Places, by time."""
    _, first = np.unique(stream << np.uint64(1) | is_bare_ack.astype(np.uint64), return_index=True)
    places: I64 = np.sort(first)
    return places


def _is_news(j: JournalColumns, asked: I64, stream: U64, sent: I64, stream_of_sent: U64) -> Bools:
    """Which of these acknowledge data that the guest sent since the switchover, and so sends again unheard?"""
    has_data = j.payload_bytes[sent] > 0
    data, stream_of_data = sent[has_data], stream_of_sent[has_data]
    if not len(data):
        return np.zeros(len(asked), np.bool_)
    streams, first = np.unique(stream_of_data, return_index=True)
    at = np.minimum(np.searchsorted(streams, stream), len(streams) - 1)
    sent_first = data[first[at]]
    is_ahead = _is_not_before(j.tcp_ack[asked], j.tcp_seq[sent_first] + np.uint32(1))
    news: Bools = (streams[at] == stream) & is_ahead & (j.ts_ns[sent_first] <= j.ts_ns[asked])
    return news


def _only_acks(j: JournalColumns, rows: I64) -> Bools:
    """Which of these frames are TCP that carries nothing to acknowledge?"""
    is_empty = (j.payload_bytes[rows] <= 0) & ((j.tcp_flags[rows] & (TCP_SYN | TCP_FIN)) == 0)
    bare: Bools = (j.ip_protocol[rows] == IP_TCP) & is_empty
    return bare


def _answered(j: JournalColumns, question: int, sent: I64) -> tuple[int, int] | None:
    """This question and the first of these frames, the guest's in its stream, that answers it: TCP acknowledges it."""
    sent = sent[j.ts_ns[sent] >= j.ts_ns[question]]
    if j.ip_protocol[question] == IP_TCP:
        size = max(int(j.payload_bytes[question]), 0) + int((j.tcp_flags[question] & TCP_SYN) != 0)
        size += int((j.tcp_flags[question] & TCP_FIN) != 0)
        end = (int(j.tcp_seq[question]) + size) & 0xFFFFFFFF
        sent = sent[_is_not_before(j.tcp_ack[sent], np.uint32(end))]
    return (question, int(sent[0])) if len(sent) else None


def _heard(j: JournalColumns, acks: I64, sent: I64) -> tuple[int, int] | None:
    """
    Which of these acknowledgements of one stream did the guest hear, and by which frame does it show?

    Only a guest that goes on for longer than it would wait (RFC 6298 2.4), without sending again what was acknowledged:
    that much it sends unheard. One that does hears none of what came before, but may hear what comes then.
    """
    data = sent[j.payload_bytes[sent] > 0]
    asked_ts, data_ts = j.ts_ns[acks], j.ts_ns[data]
    place = np.searchsorted(asked_ts, data_ts, "right") - 1
    again = place >= 0
    again[again] = ~_is_not_before(j.tcp_seq[data[again]], _furthest(j.tcp_ack[acks])[place[again]])
    edges = np.concatenate((asked_ts[:1] - 1, data_ts[again], data_ts[-1:] + 1))
    for n in np.flatnonzero(np.diff(edges) > WAITS_NS).tolist():
        ack = int(np.searchsorted(asked_ts, edges[n], "right"))
        if ack == len(acks):
            return None
        answer = int(np.searchsorted(data_ts, asked_ts[ack] + WAITS_NS))
        if answer < len(data) and data_ts[answer] < edges[n + 1]:
            return int(acks[ack]), int(data[answer])
    return None


def _furthest(numbers: U32) -> U32:
    """Which of these sequence numbers so far is ahead of all others, at each of them?"""
    steps = np.diff(numbers, prepend=numbers[:1]).astype(np.int32)
    ahead = np.cumsum(steps, dtype=np.int64)
    best = np.maximum.accumulate(ahead)
    furthest: U32 = numbers[np.maximum.accumulate(np.where(ahead == best, np.arange(len(numbers)), 0))]
    return furthest


def _is_not_before(numbers: U32, least: np.uint32 | U32) -> Bools:
    """Which of these sequence numbers are this one or ahead of it (RFC 9293 3.4)?"""
    ahead: Bools = (numbers - least) < np.uint32(1 << 31)
    return ahead
