"""Streams of requests that the move ended for good: those that are lost for their size, and peers that ask in vain."""

from collections.abc import Collection, Sequence
from typing import Final

from vmpcap.migration.packets.reachable import LEAST_ASKED
from vmpcap.migration.peers.gone_peers import is_silent, is_wait_of_guest
from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

LONG_GONE_NS: Final = NS_PER_S
"""Requests that went unanswered for less than this when the capture ended may still have been answered."""

STARTS: Final = frozenset({"ha", "cold_migration"})
"""Mechanisms that start a guest anew: whoever asks for what it was before asks in vain."""

LEAST_IN_VAIN: Final = 10
NEARLY: Final = 0.5
"""
Who asked in vain so often, and stopped when no more than this share of that time was left, had no answer to the end. A
choice: whoever stops sooner may have been answered later.
"""

MOST_NAMED: Final = 3


def is_long_gone(lost: Suffered) -> bool:
    """Did this peer ask often and long enough before the capture ended? What TCP sent again was asked again."""
    sent_again = (lost.peer.retransmissions or 0) if lost.opened else _sent_again(lost)
    return _is_long(lost) and (lost.peer.lost or 0) + sent_again >= LEAST_ASKED


def _is_long(lost: Suffered) -> bool:
    return lost.from_ts is not None and lost.to_ts is not None and lost.to_ts - lost.from_ts >= LONG_GONE_NS


def _sent_again(lost: Suffered) -> int:
    return lost.outage.retransmissions if lost.outage is not None else 0


def lost_for_size(guest: GuestStory) -> list[Suffered]:
    """
    In which streams did segments of full size get no answer any more, until the end, while smaller ones did?

    In none of a guest that was started anew: it knows nothing of its connections of before, whatever their segments.
    """
    if started_anew(guest):
        return []
    return [
        s for s in guest.suffered if s.is_cut_off and _is_long(s) and any(p.part == "mtu" for p in s.peer.breakdown)
    ]


def are_all_taken_apart(guest: GuestStory) -> bool:
    """Is it known of each stream that got no answer any more what for? Of a great many only of the worst."""
    return all(s.is_taken_apart or s.opened for s in guest.suffered if s.is_cut_off and _is_long(s))


def lost_services(guest: GuestStory) -> list[Suffered]:
    """
    Which services were surely lost, the guest's own or those that it asks, be their peer served in others?

    All that a peer asks by one protocol and port, of requests that need nothing of before: echoes, datagrams, and
    connections that are opened anew. Who gave up counts where hardly anything of the view was left by then.
    """
    if started_anew(guest):
        return []
    served = {_service(s) for s in guest.suffered if not s.opened and (s.answered_after or s.peer.survived)}
    return [
        s
        for s in guest.suffered
        if _is_asked_anew(s) and _is_to_the_end(s) and is_long_gone(s) and misses_no_answer(s, guest)
        if s.opened or _service(s) not in served
    ]


def _service(one: Suffered) -> tuple[str, str, bool]:
    return one.peer.peer, one.peer.protocol, one.is_of_guest or one.is_outbound


def _is_asked_anew(one: Suffered) -> bool:
    """Had it answers before the move, and needs each of its requests nothing that the guest may have forgotten?"""
    if one.opened or one.is_outbound:
        return one.had_answers or one.proven_ms is not None
    is_fresh = one.stream is not None and one.stream.manner in ("echo", "request")
    return is_fresh and one.outage is not None and one.outage.last_answered_ts is not None


def _is_to_the_end(one: Suffered) -> bool:
    """Was it asked in vain until the view ended, or nearly so?"""
    if one.is_cut_off:
        return one.later is None
    asked = (one.peer.lost or 0) + ((one.peer.retransmissions or 0) if one.opened else 0)
    gave_up = one.peer.survived is None and not one.ended and asked >= LEAST_IN_VAIN
    if not gave_up or one.view is None or one.from_ts is None or one.to_ts is None:
        return False
    return one.view.last_ts - one.to_ts <= NEARLY * (one.to_ts - one.from_ts)


def asked_in_vain(guest: GuestStory) -> set[str]:
    """
    Which peers that were answered before asked on until the end of the view, and were surely not answered?

    Beside a client every answer comes by; elsewhere only where an answer of the guest did, for it may go another way. A
    TCP that sends its request again shows everywhere that it has no answer.
    """
    return {
        s.peer.peer
        for s in guest.suffered
        if s.is_cut_off and is_long_gone(s) and misses_no_answer(s, guest) and not had_none(s)
    }


def had_none(one: Suffered) -> bool:
    """
    Is its first request in view unanswered already, and no other of the same to the same service answered before?

    Then nothing shows that the guest ever answered it: a filter may have kept it out before, too.
    """
    if one.had_answers or one.answered_before or one.earlier.answered or one.later is not None or one.is_outbound:
        return False
    return bool(one.opened) or (one.outage is not None and one.outage.last_answer_ts is None)


def misses_no_answer(lost: Suffered, guest: GuestStory) -> bool:
    """Would an answer to this stream have been in view?"""
    if lost.proven_ms is not None:
        return True
    if is_wait_of_guest(lost) and is_silent(lost):
        return False  # whom it waits for may be gone
    if _sent_again(lost) >= LEAST_ASKED:
        return True
    if lost.view is not None and (lost.view.left_out or not lost.view.journal_complete):
        return False
    is_client = lost.view is not None and lost.view.role == "client"
    return is_client or lost.peer.point == guest.reachability.point


def proven_ms(one: Suffered, guest: GuestStory) -> float:
    """
    For how long at least had this stream surely no answer since the move, whatever came later? 0: nobody knows.

    Of one that stopped asking: for as long as it asked, where an answer would have been in view. Of a service to which
    connections are opened anew, where others had answers, before or after.
    """
    if one.proven_ms is not None:
        return one.proven_ms
    if one.opened and one.peer.survived is not False and misses_no_answer(one, guest):
        return (one.peer.outage_low_ms or 0.0) if one.had_answers or one.ended else 0.0
    has_stopped = one.peer.survived is None and one.outage is not None and one.outage.requests_stopped
    asks = one.stream is not None and one.stream.manner != "one_way"
    if not has_stopped or one.ended or not asks or (one.peer.lost or 0) + _sent_again(one) < LEAST_ASKED:
        return 0.0
    return stopped_after_ns(one) / NS_PER_MS if misses_no_answer(one, guest) else 0.0


def stopped_after_ns(one: Suffered) -> int:
    """For how long at least had it no answer when it stopped asking? 0 where it was answered, or asks on."""
    if one.peer.survived is not None or one.ended or one.from_ts is None or one.to_ts is None:
        return 0
    low = one.peer.outage_low_ms
    return one.to_ts - one.from_ts if low is None else round(low * NS_PER_MS)


def started_anew(guest: GuestStory) -> bool:
    """Is it known that the guest was started anew, so that it owes what it was before no answer?"""
    return any(m.name in STARTS and m.worked != "undecided" for m in guest.result.mechanisms)


def may_have_started(guest: GuestStory) -> str:
    """Why is it not known whether the guest was started anew? Empty where it was, or one of its connections went on."""
    if started_anew(guest) or guest.result.sessions.word == "live":
        return ""
    found = next((m for m in guest.result.mechanisms if m.name in STARTS), None)
    head = "; it may have been started anew, and then owes what it was before no answer"
    return "" if found is None else f"{head} ({found.name}: {found.because})"


def share_left(guest: GuestStory) -> float:
    """Which share of its services is left? One of which a part is answered counts for that part."""
    lost = {_service(s) for s in lost_services(guest)}
    left = {_service(s): 1.0 for s in guest.suffered}
    for one in guest.suffered:
        if one.part is not None:
            left[_service(one)] = 1 - one.part.lost / one.part.asked
    return sum(0.0 if name in lost else share for name, share in left.items()) / max(len(left), 1)


def share_without(guest: GuestStory, lost: Collection[str]) -> float:
    """Which share of the guest's peers, by address, is left without these?"""
    return 1 - len(lost) / max(len(peers_of(guest)), 1)


def peers_of(guest: GuestStory) -> set[str]:
    """All its peers, by address."""
    return {s.peer.peer for s in guest.suffered}


def say_never(lost: Sequence[Suffered], every: Sequence[Suffered], until: str) -> str:
    """Who never got an answer of the guest, and of whom did the guest get none, until when?"""
    asking, asked = ([s for s in lost if s.is_outbound == is_outbound] for is_outbound in (False, True))
    told = [f"{say_lost(asking, every)} never got an answer {until}"] if asking else []
    told += [f"the guest never got an answer {until} from {say_lost(asked, every)}"] if asked else []
    return "; ".join(told)


def say_lost(lost: Sequence[Suffered], every: Sequence[Suffered]) -> str:
    """
    How many of all the peers are these, by address, and whose are the first of them?

    Where a peer has streams beside them, only so many of its streams are.
    """
    gone = {s.peer.peer for s in lost}
    peers, theirs = len({s.peer.peer for s in every}), sum(s.peer.peer in gone for s in every)
    named = ", ".join(f"{s.peer.peer} by {s.peer.protocol}" for s in lost[:MOST_NAMED])
    told = "its only peer" if peers == 1 else f"{len(gone):,} of its {peers:,} peers"
    return f"{told if theirs == len(lost) else f'{len(lost):,} of {theirs:,} streams of {told}'} ({named})"
