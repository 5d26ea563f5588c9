"""What is told of one stream between a peer and the guest: its figures, and the words for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import msgspec

from vmpcap.measures.outages import LEAST_OUTAGE_NS, USUAL_TIMES, Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.results import Peer
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of, ms

OVER_BEFORE_NS: Final = NS_PER_S
"""An outage that ended this long before the guest's first sign is another one's."""

AFTER_NS: Final = 5 * NS_PER_S
"""An outage that began this long after it has another cause until more is known: caches and routes follow by then."""

EPHEMERAL: Final = 32_768
"""From here on systems take the ports of connections that they open (RFC 6335 from 49152, Linux from here)."""

LEAST_FREE_PORT: Final = 1024
"""Ports below are those of servers (RFC 6335: system ports)."""

MOST_TOLD: Final = 5
"""So many further outages of one stream are told one by one."""


@dataclass(frozen=True, slots=True)
class Part:
    """How many requests of a stream, or connections to a service, had no answer since the move beside others."""

    lost: int
    asked: int
    lost_before: int
    asked_before: int
    words: str
    is_sure: bool
    """
    Whether it is surely most of them, all the time since, and hardly one before: at a point that would show an answer,
    and of what was in view early enough for one.
    """


class Earlier(NamedTuple):
    """Streams of one peer to one service of before the guest fell silent, however long before."""

    answered: int = 0
    unanswered: int = 0
    peers_answered: int = 0
    """So many peers, this or others, had an answer of that service."""
    peers_unanswered: int = 0
    """So many had none though they asked."""


NO_EARLIER: Final = Earlier()


@dataclass(frozen=True, slots=True)
class Suffered:
    """One stream between a peer and the guest, and its outage at the switchover, if it had one."""

    peer: Peer
    ended: bool
    from_ts: int | None
    from_frame: int | None
    to_ts: int | None
    to_frame: int | None
    resolution_ms: float | None = None
    """How far the outage may be off, either way: the time between the requests that bound it."""
    stream: PeerStream | None = None
    outage: Outage | None = None
    view: PointView | None = None
    """Where they were measured."""
    at_least_ms: float | None = None
    """Where so little is missing that nobody can say whether it was cut off: for how long then, at least."""
    hidden_ms: float | None = None
    """Where a hole of the capture or a step of its clock hides the outage: how long it was at most, inf: not known."""

    answered_after: bool = False
    """Whether a stream that is in view only after the switchover had an answer."""
    again: tuple[PointView, int] | None = None
    """Where and when it was answered again, where its outage was seen at another point that did not see that."""
    asked_by: Callable[[PeerStream], "Suffered"] | None = None
    """What would be told of the same stream without some of its outages."""
    is_dark: bool = False
    """Whether it had no answer long before this migration, which its outage tells nothing of."""
    is_bypassed: bool = False
    """Where its answers take another way than past the point, or may: what it met is not known."""
    later: Outage | None = None
    """An outage without an end that began so long after the move that it is not the switchover's."""
    later_ns: int | None = None
    """How long after the switchover that began."""
    without_later: Peer | None = None
    """What is told of the peer but for that."""
    is_outbound: bool = False
    """Whether it is a service that the guest asks: all its streams in one."""
    proven_ms: float | None = None
    """For how long at least it had no answer, where points show that none can have come; whether it ended or not."""

    answered_before: bool = False
    """Whether a stream that is in view only before the switchover had an answer."""
    unanswered_before: bool = False
    """Whether no answer to it was in view though it was asked before the switchover."""
    opened_late: tuple[PointView, Outage, int] | None = None
    """Of a connection opened so long after the switchover and not answered: where, its wait, and how long after."""
    opened: int = 0
    """Of a service: so many connections were opened since the move, and not answered."""
    had_answers: bool = False
    """Of such a service: whether others of the same peer had answers before the move."""
    earlier: Earlier = NO_EARLIER
    """What the same peer's streams to the same service met before, at the same point."""
    part: Part | None = None
    """How many of its requests had no answer since the move beside others that had, where these are many."""
    later_unsure_ms: float | None = None
    """How long an outage was, long after the guest was back, that the guest or its host may have made."""
    asked_by_guest: bool = False
    """Whether the guest asks in a stream of which nobody knows what it met."""
    joined: Outage | None = None
    """What its old place and its new one show together of it, by the old one's clock, for what it was spent on."""
    within_reach: tuple[int, str] | None = None
    """Of that: since when others show that its TCP waited for its timer, by the same clock, and how."""
    begun_ts: int | None = None
    """Of a stream of which nobody knows what it met: when it began, by its point's clock."""
    is_taken_apart: bool = True
    """Whether it is known what its outage was spent on, as far as that shows: of a great many only of the worst."""
    is_waiting: bool = False
    """Whether it sent nothing since others, cut off with it, were answered again: what it would meet is not known."""
    ended_by_another: bool = False
    """Whether a reset that was not the guest's ended the connection before that answered."""

    @property
    def is_of_guest(self) -> bool:
        """Is it the guest that asks in this stream?"""
        return self.asked_by_guest or (self.stream is not None and self.stream.requester == "guest")

    @property
    def is_open(self) -> bool:
        """Did it last until the guest moved again, or until the view ended when the guest had hardly come?"""
        return self.outage is not None and not self.ended and self.at_least_ms is not None

    @property
    def is_cut_off(self) -> bool:
        """Did this peer go on asking until the end of the view, and never got an answer again?"""
        return not self.ended and self.peer.survived is False


def unmeasured(
    stream: PeerStream, view: PointView, because: str, frames: list[int], survived: bool | None = None
) -> Suffered:
    """A stream of which nobody knows what it met."""
    peer = Peer(
        peer=stream.peer_ip,
        protocol=protocol_of(stream),
        point=view.name,
        interval_ms=ms(stream.interval_ns),
        retransmissions=stream.retransmissions if stream.protocol == "tcp" else None,
        survived=survived,
        because=because,
        frames=frames,
        filter=stream.filter,
    )
    is_of_guest = stream.requester == "guest" or answers_guest(stream)
    return Suffered(peer, True, None, None, None, None, asked_by_guest=is_of_guest, begun_ts=stream.first_ts)


def unasked(one: Suffered) -> Suffered:
    """The same of a stream in which nothing was asked while the guest moved."""
    return replace(one, peer=msgspec.structs.replace(one.peer, unasked=True))


def answers_guest(stream: PeerStream) -> bool:
    """Is it what a server sends to a port that the guest took to ask it, beside requests that hardly have an answer?"""
    is_told = stream.manner == "one_way" and stream.requester == "peer"
    return is_told and stream.guest_port >= EPHEMERAL > LEAST_FREE_PORT > stream.peer_port > 0


def around_switchover(stream: PeerStream, when: int) -> list[Outage]:
    """
    The outages that were under way when the guest changed places, or began while switches and routers followed.

    Who asks seldom may have asked for the first time since the guest moved when they long had: where that had no
    answer, nor all that it asked later, and it came no later than usual, it is the move's, too.
    """
    until = when + AFTER_NS
    first_asked = max(until, when + USUAL_TIMES * (stream.interval_ns or 0))
    return [
        o
        for o in stream.outages
        if (o.first_answer_ts is None or o.first_answer_ts >= when - OVER_BEFORE_NS)
        and o.first_unanswered_ts <= (first_asked if _has_none_since(o, when) else until)
    ]


def _has_none_since(outage: Outage, when: int) -> bool:
    """Was the last answer before it of before the move, and did none come after it?"""
    return not outage.ended and outage.last_answer_ts is not None and outage.last_answer_ts <= when


def is_open(stream: PeerStream, outage: Outage | None, view: PointView) -> bool:
    """Did it not end before the guest moved again? Whether it was answered then is that migration's to tell."""
    is_waiting = outage is not None and not outage.ended and not outage.requests_stopped
    return is_waiting and view.goes_on and stream.reset_ts is None


def is_cut_short(stream: PeerStream, outage: Outage | None, when: int) -> bool:
    """
    Did the view end before anybody could tell that the guest, announced at when, does not answer?

    From then on it must have been silent for as long as makes an outage at all.
    """
    if outage is None or outage.ended or outage.requests_stopped or stream.survived or stream.reset_ts is not None:
        return False
    least = max(LEAST_OUTAGE_NS, USUAL_TIMES * (stream.interval_ns or 0))
    return outage.first_unanswered_ts <= when and outage.last_unanswered_ts - when < least


def surely_out_ns(outage: Outage, when: int) -> int:
    """
    How long was it cut off at least, where the view was cut short when the guest, announced at when, had hardly come?

    What was sent since may be answered after the view's end, and what was sent just before may have found it, too.
    """
    return max(min(outage.last_unanswered_ts, when - LEAST_OUTAGE_NS) - outage.first_unanswered_ts, 0)


def has_survived(stream: PeerStream, outage: Outage | None) -> bool | None:
    if stream.survived is not None:
        return stream.survived
    if outage is None or outage.ended or outage.requests_stopped or outage.seen_ns < LEAST_OUTAGE_NS:
        return None  # what was asked just before the view ends may be answered after it
    return False


def because_of(stream: PeerStream, outage: Outage | None, near: Sequence[Outage], view: PointView) -> str:
    if outage is not None and len(near) > 1:
        further = [o for o in near if o is not outage]
        others = ", ".join(f"{o.seen_ns / NS_PER_MS:.0f} ms" for o in further[:MOST_TOLD])
        others += f" and {len(further) - MOST_TOLD} more" if len(further) > MOST_TOLD else ""
        return f"{because_of(stream, outage, (outage,), view)}; further outages around the switchover: {others}"
    asked = "the guest asked" if stream.requester == "guest" else "asked the guest"
    if outage is None:
        if stream.protocol == "udp" and stream.interval_ns:  # which answer is for which datagram is not certain
            least = max(LEAST_OUTAGE_NS, USUAL_TIMES * stream.interval_ns)
            return f"no requests around the switchover stayed unanswered for {-(-least // NS_PER_MS)} ms or longer"
        return "no request around the switchover stayed unanswered"
    if not outage.ended and outage.requests_stopped:
        return f"{count_of(outage.lost, 'request')} unanswered, then none came any more ({asked})"
    if not outage.ended:
        lost, seen = count_of(outage.lost, "request"), outage.seen_ns / NS_PER_S
        return f"{lost} unanswered until {view.end_words}, {seen:.1f} s"
    return f"{count_of(outage.lost, 'request')} unanswered from frame {outage.first_unanswered_frame} on"


def frames_of_outage(outage: Outage | None) -> list[int]:
    if outage is None:
        return []
    marks = (outage.last_answered_frame, outage.first_unanswered_frame, outage.last_unanswered_frame)
    return [f for f in (*marks, outage.first_answered_frame) if f is not None]


def end_of_outage(outage: Outage) -> int | None:
    """When was the first request answered again; where none was, the last one sent?"""
    return outage.first_answered_ts if outage.ended else outage.last_unanswered_ts


def protocol_of(stream: PeerStream) -> str:
    if stream.manner == "echo":
        return stream.protocol
    port, other = stream.guest_port, stream.peer_port
    if stream.requester == "guest":
        port, other = other, port
    if port >= EPHEMERAL > other > 0:
        port = other  # the other of the two opened the connection, or asked: its service is what is asked
    return f"{stream.protocol}/{port}"
