"""Could others reach the guest after the switchover, and did it answer?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.kinds import NUMBER_OF
from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.clocks import clock_doubt
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, guest_name, on_point, on_reference
from vmpcap.migration.packets.answered_before import was_answered_before
from vmpcap.migration.packets.asked_dead import asked_again, known_of
from vmpcap.migration.packets.beyond_port import shown_beyond
from vmpcap.migration.packets.dead_ends import is_dead_end
from vmpcap.migration.packets.exchanges import functional_proof, wants_answer
from vmpcap.migration.packets.left_behind import left_behind
from vmpcap.migration.packets.not_seen_again import Unseen, find_unseen
from vmpcap.migration.packets.one_direction import REPLIES, answers_the_unseen
from vmpcap.migration.packets.questions import Question, asked_by, count_of_questions, sought_after
from vmpcap.migration.packets.sent_in_vain import sent_in_vain
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import rank
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP, TCP_FIN, TCP_RST, TCP_SYN

NEAREST_PEERS: Final = ("gateway", "client", None, "domain:destination")
"""Where reachability shows best: where requests come from first, the guest's own bridge last."""

LEAST_ASKED: Final = 3
LEAST_PEERS: Final = 2
"""One peer alone may itself be cut off from all that is answered."""
LEAST_SILENT_NS: Final = NS_PER_S
"""Unanswered requests count as proof from this many over this long, without an answer up to the capture's end."""

SOLICITED_NA: Final = NUMBER_OF["solicited_na"]

ECHO: Final = 8
ECHO6: Final = 128
ECHO_REPLY: Final = 0
ECHO6_REPLY: Final = 129
"""Echo requests and replies (RFC 792, RFC 4443 section 4)."""

DNS_PORT: Final = 53

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
U16 = npt.NDArray[np.uint16]
Bools = npt.NDArray[np.bool_]

OUTBOUND_ONLY_NS: Final = 3 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Reachability:
    """yes: somebody's unicast was answered; no: requests stay unanswered, or only the guest talks; unknown."""

    answer: Literal["yes", "no", "unknown"]
    because: str
    point: str
    frames: tuple[int, ...]
    is_alone: bool = False
    """Of a guest to which nothing comes: nothing of what it sends is seen beyond its port group either."""
    since: int | None = None
    """By when the guest had moved, where a sighting of its announcement tells, on the reference clock; else None."""
    is_by_old_place: bool = False
    """Of a guest that is asked at its old place alone: it is known by that."""
    unseen: Unseen | None = None
    """Of a guest that is reached: who asked all the time until it moved, and does not come to its new place."""


def judge_reachability(
    guest: Moved,
    views: Sequence[PointView],
    moment: int,
    every: Sequence[PointView] | None = None,
    signs: Mapping[str, Mark] | None = None,
) -> Reachability:
    """
    Did somebody else's unicast reach the guest after the switchover, and did the guest answer?

    One exchange is proof. Without one: requests that go unanswered to the end of the capture, or a guest that only
    sends (its own requests unanswered, no unicast for it delivered), say no; anything less says nothing.

    Parameters
    ----------
    every : also the points whose clock nothing places: they show whom the guest asked in vain before; None: the same
    signs : which sighting of its announcement tells that the guest had moved, at points whose clock nothing compares
        with one that shows the switchover; by name
    """
    ordered = sorted(views, key=lambda v: (rank(v.role, NEAREST_PEERS), v.name))
    signs = signs or {}
    own = {view.name: _by_then(view, signs[view.name]) for view in ordered if view.name in signs}
    for view in ordered:
        when = own.get(view.name, moment)
        proof = functional_proof(view, guest, when)
        if proof is not None and view.role not in ("domain:source",):
            delay = (proof.answer_ts - on_point(view, when)) / NS_PER_S
            sign = signs.get(view.name)
            since = "the switchover" if sign is None else f"its announcement was heard at {sign.view.name}"
            because = f"at {view.name} a request reached the guest and was answered {delay:.3f} s after {since}"
            frames = (proof.question_frame, proof.answer_frame)
            unseen = find_unseen(guest, ordered, moment)
            return Reachability("yes", because, view.name, frames, since=own.get(view.name), unseen=unseen)
    for view in ordered:
        if not view.journal_complete or view.left_out:
            continue  # what is missing may have been left out
        when = own.get(view.name, moment)
        negative = _unanswered(view, guest, when) or outbound_only(view, guest, when, every or ordered)
        if negative is not None:
            return replace(negative, since=own.get(view.name))
    for view in ordered:
        if (negative := _sent_again(view, guest, own.get(view.name, moment), every or ordered)) is not None:
            return replace(negative, since=own.get(view.name))
    alone = left_behind(guest, [view for view in ordered if view.name not in own], moment)
    if alone is not None:
        return Reachability("no", alone.words, alone.old.name, alone.frames, is_by_old_place=True)
    nothing = (
        f"nobody's request to {guest_name(guest)} is in view after the switchover that shows an answer or its want"
    )
    doubt = _silent_gateway(ordered, guest, moment, own) or _of_unknown_time(ordered, guest, every or ordered)
    return Reachability("unknown", doubt or nothing, "", ())


def _sent_again(view: PointView, guest: Moved, moment: int, views: Sequence[PointView]) -> Reachability | None:
    """
    Did several peers send the same again and again, up to the end, and may no other be answered?

    That tells at every place, though elsewhere than beside the client answers need not pass. Another may be that goes
    on, as one does that is answered, or whose requests go another way since. Whoever had answers before counts.
    """
    found = sent_in_vain(view, guest, moment)
    if len(found.peers) < LEAST_PEERS or any(sent_in_vain(other, guest, moment).may_be_served for other in views):
        return None
    j, when = view.journal, on_point(view, moment)
    before = frames_of(view, guest).sent_ip
    before = before[j.ts_ns[before] <= when]
    known = set(zip(j.dst_high[before].tolist(), j.dst_low[before].tolist(), strict=True))
    if len(found.peers & known) < LEAST_PEERS:
        return None
    until = view.end_words if view.goes_on else "the capture's end"
    because = f"at {view.name} {found.words} and until {until}: whatever way its answers take, these had none"
    return Reachability("no", because, view.name, (*found.frames[:2], found.frames[-1]))


def _by_then(view: PointView, sign: Mark) -> int:
    """By when on the reference clock had that sighting come, however these two clocks may stand?"""
    return on_reference(sign.view, sign.ts) + (clock_doubt(sign.view, sign.ts, view) or 0)


def _of_unknown_time(views: Sequence[PointView], guest: Moved, every: Sequence[PointView]) -> str:
    """At which other points was the guest asked, when nobody knows whether it had moved by then? Empty: at none."""
    placed = {view.name for view in views}
    asked = [v.name for v in every if v.name not in placed and wants_answer(v.journal, frames_of(v, guest).asked).any()]
    if not asked:
        return ""
    names = ", ".join(sorted(asked))
    return (
        f"requests to {guest_name(guest)} are in view only at {names}, whose clock nothing compares with one that shows"
        " the switchover: which of them came after it is not known"
    )


def _silent_gateway(views: Sequence[PointView], guest: Moved, moment: int, own: Mapping[str, int]) -> str:
    """At which gateway's port that heard the announcement, or place without a name, was nothing to it answered?"""
    for view in views:
        if view.role in ("gateway", None) and guest.series_at(view) is not None:
            rows = frames_of(view, guest).asked
            rows = rows[view.journal.ts_ns[rows] > on_point(view, own.get(view.name, moment))]
            asked = int(wants_answer(view.journal, rows).sum())
            if asked:
                return (
                    f"at {view.name} none of {count_of(asked, 'packet')} to the guest was answered after the"
                    " switchover; the announcement was heard there too, so its answers may leave by another gateway"
                )
    return ""


def _unanswered(view: PointView, guest: Moved, moment: int) -> Reachability | None:
    """Did requests to the guest go unanswered until the end of the capture?"""
    if view.role not in ("gateway", "client"):
        return None  # at a place that was not named the answers may pass elsewhere, or they that ask know better by now
    j = view.journal
    when = on_point(view, moment)
    since = _last_told(view, guest, when)
    frames = frames_of(view, guest)
    asked = frames.asked[is_first_copy(j, frames.asked)]
    asked = asked[j.ts_ns[asked] > since]
    asked = asked[was_answered_before(j, frames, asked, when)]
    asked = asked[wants_answer(j, asked)]
    sought = sought_in_vain(view, guest, when)
    if view.role == "gateway" and guest.series_at(view) is not None and not sought:
        return None  # the guest is joined to this port: its answers may leave by another gateway
    times = [int(ts) for ts in j.ts_ns[asked[:1]]] + [one.ts for one in sought]
    times += [int(ts) for ts in j.ts_ns[asked[-1:]]]
    if len(asked) + len(sought) < LEAST_ASKED or max(times) - min(times) < LEAST_SILENT_NS:
        return None  # requests that stop may go on by another way: nobody knows what the next would have met
    first_and_last = np.concatenate((asked[:2], asked[-1:]))
    numbers = sorted(j.frame[first_and_last].tolist() + [one.frame for one in sought[-1:]])
    until = view.end_words if view.goes_on else "the capture's end"
    because = (
        f"at {view.name} {count_of(len(asked), 'request')} to the guest and "
        f"{count_of_questions(sought)} for it "
        f"went unanswered in the {(view.last_ts - max(when, view.first_ts)) / NS_PER_S:.1f} s until {until}"
    )
    return Reachability("no", because, view.name, tuple(numbers))


def _resolved_at(view: PointView, guest: Moved) -> list[int]:
    """When did an ARP reply or a solicited neighbour advertisement tell one of the guest's addresses?"""
    rows = view.arps
    told = (rows.sender_mac == np.uint64(guest.mac)) if guest.mac != NO_MAC else np.zeros(len(rows), np.bool_)
    is_na = rows.kind == SOLICITED_NA
    for high, low in guest.ips:
        told |= (rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))
        told |= is_na & (rows.target_high == np.uint64(high)) & (rows.target_low == np.uint64(low))
    return [int(ts) for ts in rows.ts_ns[told & np.isin(rows.kind, REPLIES)]]


def _last_told(view: PointView, guest: Moved, when: int) -> int:
    """When was the guest's MAC last told here, after that time? Whoever still tells it is there."""
    return max([when, *_resolved_at(view, guest)])


def sought_in_vain(view: PointView, guest: Moved, when: int) -> list[Question]:
    """Which questions for the guest's MAC after that time had no answer here any more?"""
    since = _last_told(view, guest, when)
    return [one for one in sought_after(view, guest) if one.ts > since]


def outbound_only(view: PointView, guest: Moved, moment: int, views: Sequence[PointView]) -> Reachability | None:
    """
    Does the guest send at its new place while nothing for it ever arrives?

    Questions to those who were dead before it moved count for nothing, nor do questions to strangers where broadcasts
    show that its network is the one of before.

    Parameters
    ----------
    views : all points, which show whom it asked before, and what arrives beyond
    """
    if view.role != "domain:destination":
        return None  # elsewhere what is sent to it need not pass, though it does what the guest sends
    j = view.journal
    when = on_point(view, moment)
    frames = frames_of(view, guest)
    asked = frames.asked[j.ts_ns[frames.asked] > when]
    sent = frames.sent_ip[j.ts_ns[frames.sent_ip] > when]
    sent = sent[_expects_answer(j, sent)]
    known = known_of(guest, view, moment, views)
    spoken = [one for one in asked_by(view, guest) if one.ts > when and known.would_answer(one.address)]
    peers = zip(j.dst_high[sent].tolist(), j.dst_low[sent].tolist(), strict=True)
    sent = sent[np.array([known.would_answer(peer) for peer in peers], np.bool_)]
    if len(asked) or _replies_to(view, guest, when) or answers_the_unseen(view, guest, when):
        return None
    if len(spoken) + len(sent) < LEAST_ASKED:
        return None
    is_brief = view.last_ts - max(when, view.first_ts) < OUTBOUND_ONLY_NS
    if is_brief and not is_dead_end(view, guest, moment, [one.ts for one in spoken], views):
        return None
    if not _shows_others(view, guest) and _asked_again(view, guest, when, sent) < LEAST_ASKED - 1:
        return None  # the capture may hold one direction only, and who asks for another thing each time was answered
    numbers = sorted([one.frame for one in spoken[:2]] + [int(f) for f in j.frame[sent[:2]]])
    because = (
        f"outbound only: at {view.name} the guest sent {count_of(len(sent), 'request')} and "
        f"{count_of_questions(spoken)} after the "
        f"switchover, and in {(view.last_ts - max(when, view.first_ts)) / NS_PER_S:.1f} s nothing for it arrived"
    )
    beyond = shown_beyond(view, guest, moment, views)
    if beyond is not None:
        because += f", though what it sends came to {beyond.view.name} (frame {beyond.frame}): the way back fails"
    return Reachability("no", because, view.name, tuple(numbers), beyond is None)


def _shows_others(view: PointView, guest: Moved) -> bool:
    """Does the capture hold any frame that somebody else sent, so that it shows both directions of this place?"""
    return bool(
        (view.journal.eth_src != np.uint64(guest.mac)).any() or (view.arps.eth_src != np.uint64(guest.mac)).any()
    )


def _asked_again(view: PointView, guest: Moved, when: int, sent: I64) -> int:
    """
    How often did the guest ask once more for what it had just asked for?

    For the MAC of the same address, and by TCP that sends the same number again.
    """
    j = view.journal
    again = asked_again(view, guest, since=when).total()
    tcp = sent[j.ip_protocol[sent] == IP_TCP]
    numbers = list(
        zip(*(column[tcp].tolist() for column in (j.dst_low, j.dst_port, j.src_port, j.tcp_seq)), strict=True)
    )
    return again + len(numbers) - len(set(numbers))


def _expects_answer(j: JournalColumns, rows: I64) -> Bools:
    """Which of these unicast packets cannot be meant to stay alone: TCP with SYN, FIN or data, echo, DNS?"""
    protocol, to_group = j.ip_protocol[rows], (j.eth_dst[rows] & GROUP_BIT) != 0
    tcp = (protocol == IP_TCP) & (((j.tcp_flags[rows] & (TCP_SYN | TCP_FIN)) != 0) | (j.payload_bytes[rows] > 0))
    tcp &= (j.tcp_flags[rows] & TCP_RST) == 0
    echo = (protocol == IP_ICMP) & (j.icmp_type[rows] == ECHO) | (protocol == IP_ICMPV6) & (j.icmp_type[rows] == ECHO6)
    dns = (protocol == IP_UDP) & (j.dst_port[rows] == DNS_PORT)
    expecting: Bools = ~to_group & (tcp | echo | dns)
    return expecting


def _replies_to(view: PointView, guest: Moved, when: int) -> bool:
    """Did an ARP reply or a solicited neighbour advertisement arrive for the guest after that?"""
    rows = view.arps
    if guest.mac == NO_MAC:
        return False
    to_guest = (rows.eth_dst == np.uint64(guest.mac)) | (rows.target_mac == np.uint64(guest.mac))
    return bool((to_guest & np.isin(rows.kind, REPLIES) & (rows.ts_ns > when)).any())
