"""Connections that a machine answered and then no more, while it answered others, where no migration is in view."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import NO_FLOW
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.peers import find_peer_streams
from vmpcap.measures.whose import Address
from vmpcap.migration.unanswered import Unanswered, clock_text
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.units import NO_TIME, NS_PER_S, count_of
from vmpcap.terms.wire import (
    ICMP_ECHO_REPLY,
    ICMPV6_ECHO_REPLY,
    IP_ICMP,
    IP_ICMPV6,
    IP_TCP,
    TCP_ACK,
    TCP_RST,
    TCP_SYN,
)

I64 = npt.NDArray[np.int64]

# The next are choices, none a standard's.
LEAST_TRIES: Final = 6
LEAST_NS: Final = 5 * NS_PER_S
"""Sent so often over so long, a segment was not merely lost."""
TOGETHER_NS: Final = 10 * NS_PER_S
"""Connections of one machine that went dead within this did so for one reason."""
MOST_TRIED: Final = 16
MOST_TOLD: Final = 4
MOST_NAMED: Final = 4


class _Tries(NamedTuple):
    """One segment to a machine, sent again and again: rows of the journal, by time."""

    machine: Address
    rows: I64


def find_lost_sessions(views: Sequence[PointView], left_aside: Collection[Address] = ()) -> list[Unanswered]:
    """
    Which connections did a machine answer until some time, and not since, while it goes on to answer others?

    So it is where a firewall at a new place never saw them begin, or the machine forgot them. One that answers nobody
    is told as silent. Each machine once, as the first point shows it.
    """
    found: dict[Address, Unanswered] = {}
    for view in views:
        for tries in _sent_again(view) if view.journal_complete and not view.left_out else ():
            if (
                tries.machine not in {*found, *left_aside}
                and _is_connected_to(view, tries)
                and _was_answered(view, tries)
                and _answers_others(view, tries)
            ):
                found[tries.machine] = _say(view, tries)
    return list(found.values())[:MOST_TOLD]


def _sent_again(view: PointView) -> Iterator[_Tries]:
    """Which segments with data were sent so often, over so long? Those sent most often first."""
    j = view.journal
    rows = np.flatnonzero(
        (j.ip_protocol == IP_TCP) & (j.payload_bytes > 0) & (j.flow_id != NO_FLOW) & (j.ts_ns != NO_TIME)
    )
    segment = j.flow_id[rows].astype(np.uint64) << np.uint64(33) | j.side[rows].astype(np.uint64) << np.uint64(32)
    segment |= j.tcp_seq[rows].astype(np.uint64)
    order = np.argsort(segment, kind="stable")
    edges = np.append(np.flatnonzero(np.diff(segment[order], prepend=segment[order][:1] + 1)), len(order))
    often = np.flatnonzero(np.diff(edges) >= LEAST_TRIES)
    groups = [np.sort(rows[order[edges[at] : edges[at + 1]]]) for at in often.tolist()]
    groups = [group[np.argsort(j.ts_ns[group], kind="stable")] for group in groups]
    long = [group for group in groups if j.ts_ns[group[-1]] - j.ts_ns[group[0]] >= LEAST_NS]
    for group in sorted(long, key=lambda group: -len(group))[:MOST_TRIED]:
        yield _Tries((int(j.dst_high[group[0]]), int(j.dst_low[group[0]])), group)


def _was_answered(view: PointView, tries: _Tries) -> bool:
    """Had the machine acknowledged what came before in this connection, and nothing since the first try?"""
    j, first = view.journal, tries.rows[0]
    back = (j.ip_protocol == IP_TCP) & (j.src_low == j.dst_low[first]) & (j.dst_low == j.src_low[first])
    back &= (j.src_port == j.dst_port[first]) & (j.dst_port == j.src_port[first])
    answers = back & ((j.tcp_flags & (TCP_ACK | TCP_RST)) == TCP_ACK)
    return bool((answers & (j.ts_ns < j.ts_ns[first])).any()) and not bool((back & (j.ts_ns > j.ts_ns[first])).any())


def _is_connected_to(view: PointView, tries: _Tries) -> bool:
    """
    Was this connection opened by the other end? One that the machine opened ends with whoever closed his laptop.

    By its last SYN before; where none is in view, by its ports: who opens one has a port of the high ones.
    """
    j, first = view.journal, tries.rows[0]
    opened = (j.flow_id == j.flow_id[first]) & (j.ts_ns < j.ts_ns[first]) & ((j.tcp_flags & TCP_SYN) != 0)
    begins = np.flatnonzero(opened & (j.ip_protocol == IP_TCP))
    if not len(begins):
        return bool(j.dst_port[first] < j.src_port[first])
    last = begins[np.argmax(j.ts_ns[begins])]
    is_reply = (j.tcp_flags[last] & TCP_ACK) != 0
    return bool((j.side[last] == j.side[first]) != is_reply)


def _answers_others(view: PointView, tries: _Tries) -> bool:
    """
    Does the machine acknowledge new data in other connections, or reply to echoes, between the first try and the last?

    What it says unasked, to groups or in vain, answers nobody.
    """
    j, (first, last) = view.journal, (tries.rows[0], tries.rows[-1])
    own = (j.ip_version != 0) & (j.src_high == j.dst_high[first]) & (j.src_low == j.dst_low[first])
    own &= (j.ts_ns > j.ts_ns[first]) & (j.ts_ns < j.ts_ns[last])
    echoed = (j.ip_protocol == IP_ICMP) & (j.icmp_type == ICMP_ECHO_REPLY)
    echoed |= (j.ip_protocol == IP_ICMPV6) & (j.icmp_type == ICMPV6_ECHO_REPLY)
    acked = (j.ip_protocol == IP_TCP) & ((j.tcp_flags & (TCP_ACK | TCP_RST)) == TCP_ACK) & (j.flow_id != NO_FLOW)
    rows = np.flatnonzero(own & acked & (j.flow_id != j.flow_id[first]))
    rows = rows[np.lexsort((j.ts_ns[rows], j.flow_id[rows]))]
    is_same = np.diff(j.flow_id[rows]) == 0
    moved = int((is_same & (np.diff(j.tcp_ack[rows]) != 0)).sum())
    return moved + int((own & echoed).sum()) >= LEAST_TRIES


def _say(view: PointView, tries: _Tries) -> Unanswered:
    """What is told of this machine, with its other connections that went dead together with that one?"""
    j, begin = view.journal, int(view.journal.ts_ns[tries.rows[0]])
    dead = [
        stream
        for stream in find_peer_streams(j, guest_ips=[tries.machine], end_ns=view.last_ts)
        if stream.manner == "connection" and stream.survived is not True and _went_dead(stream, begin)
    ]
    ports = sorted({stream.guest_port for stream in dead} or {int(j.dst_port[tries.rows[0]])})
    services = ", ".join(f"tcp/{port}" for port in ports[:MOST_NAMED])
    services += f" and {len(ports) - MOST_NAMED} more" if len(ports) > MOST_NAMED else ""
    since = min([begin, *(o.first_unanswered_ts for s in dead for o in s.outages if not o.ended)])
    count, machine = max(len({(s.peer, s.peer_port, s.guest_port) for s in dead}), 1), ip_text(*tries.machine)
    lasted = f"{(int(j.ts_ns[tries.rows[-1]]) - begin) / NS_PER_S:.1f} s"
    what = f"{count_of(count, 'connection')} to {machine} ({services})"
    short = f"{what} had no answer any more from {clock_text(since)} on ({view.name}), while others of it had"
    frames = f"frames {j.frame[tries.rows[0]]} to {j.frame[tries.rows[-1]]}"
    sentence = (
        f"at {view.name}, {what} had no answer any more from {clock_text(since)} on, though it had answered them before"
        f" and answers others since: a segment was sent {len(tries.rows)} times over {lasted} ({frames}); as where a"
        " firewall on a new way does not know them, or the machine forgot them"
        f" (--guest {machine} tells what each peer met)"
    )
    return Unanswered(short, sentence)


def _went_dead(stream: PeerStream, begin: int) -> bool:
    """Did an outage of this connection begin near that time, after it had been answered, and not end?"""
    return any(
        not outage.ended
        and outage.last_answer_ts is not None
        and abs(outage.first_unanswered_ts - begin) <= TOGETHER_NS
        for outage in stream.outages
    )
