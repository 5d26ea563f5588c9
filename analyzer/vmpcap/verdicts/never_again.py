"""Streams of requests that the move ended for good: those that are lost for their size, and peers that ask in vain."""

from typing import Final

from vmpcap.migration.reachable import LEAST_ASKED
from vmpcap.migration.story import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S, count_of

LONG_GONE_NS: Final = NS_PER_S
"""Requests that went unanswered for less than this when the capture ended may still have been answered."""

STARTS: Final = frozenset({"ha", "cold_migration"})
"""Mechanisms that start a guest anew: whoever asks for what it was before asks in vain."""

MOST_NAMED: Final = 3


def is_long_gone(lost: Suffered) -> bool:
    """Did this peer ask often and long enough before the capture ended? What TCP sent again was asked again."""
    return _is_long(lost) and (lost.peer.lost or 0) + _sent_again(lost) >= LEAST_ASKED


def _is_long(lost: Suffered) -> bool:
    return lost.from_ts is not None and lost.to_ts is not None and lost.to_ts - lost.from_ts >= LONG_GONE_NS


def _sent_again(lost: Suffered) -> int:
    return lost.outage.retransmissions if lost.outage is not None else 0


def lost_for_size(guest: GuestStory) -> list[Suffered]:
    """In which streams did segments of full size get no answer any more, until the end, while smaller ones did?"""
    return [
        s for s in guest.suffered if s.is_cut_off and _is_long(s) and any(p.part == "mtu" for p in s.peer.breakdown)
    ]


def asked_in_vain(guest: GuestStory) -> set[str]:
    """
    Which peers asked on until the end of the view, and were surely not answered?

    Beside a client every answer comes by; elsewhere only where an answer of the guest did, for it may go another way. A
    TCP that sends its request again shows everywhere that it has no answer.
    """
    return {s.peer.peer for s in guest.suffered if s.is_cut_off and is_long_gone(s) and _misses_no_answer(s, guest)}


def _misses_no_answer(lost: Suffered, guest: GuestStory) -> bool:
    if _sent_again(lost) >= LEAST_ASKED:
        return True
    if lost.view is not None and (lost.view.left_out or not lost.view.journal_complete):
        return False
    is_client = lost.view is not None and lost.view.role == "client"
    return is_client or lost.peer.point == guest.reachability.point


def started_anew(guest: GuestStory) -> bool:
    """Is it known that the guest was started anew, so that it owes what it was before no answer?"""
    return any(m.name in STARTS and m.worked == "yes" for m in guest.result.mechanisms)


def share_answered(guest: GuestStory) -> float:
    """Which share of the streams of requests was not cut off for good?"""
    return sum(not s.is_cut_off for s in guest.suffered) / max(len(guest.suffered), 1)


def names_of(streams: list[Suffered], of: int) -> str:
    """How many of all the streams are these, and whose are the first of them?"""
    named = ", ".join(f"{s.peer.peer} by {s.peer.protocol}" for s in streams[:MOST_NAMED])
    return f"{len(streams)} of its {count_of(of, 'stream')} of requests ({named})"
