"""What did not do its part, as the end of a sentence about the guest: every row of the mechanisms that failed."""

from typing import Final

from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import count_of

JOINS_SITES: Final = ("otv", "vxlan", "geneve", "evpn", "etherip", "mpls")
"""Mechanisms that carry the guest's network from one site to the other, where they are in view."""


def explain(guest: GuestStory) -> str:
    """
    Which mechanisms failed, each in its own words, and what the longest outage was spent on?

    Of all rows alike: what a row says is its own. Of a state that is the failure itself nothing is repeated. A routing
    loop is told beside them: each router did what its table says. Empty where none failed, and nothing went round.
    """
    failed = [m for m in guest.result.mechanisms if m.worked == "no" and guest.reachability.because not in m.because]
    told = "".join(f"; {m.name}: {m.because}" for m in failed)
    told += f"; {guest.loop.because}" if guest.loop is not None else ""
    return f"{told}{_longest_outage(guest)}" if told or _was_shut_out(guest) else ""


def _was_shut_out(guest: GuestStory) -> bool:
    """Did a way let nothing through for a time? Then a guest that is reached again was not for as long."""
    return any(part.part == "closed_way" for s in guest.suffered for part in s.peer.breakdown)


def _longest_outage(guest: GuestStory) -> str:
    """Whose outage was longest, one without an end before all, and what was it spent on?"""
    told = [s for s in guest.suffered if s.peer.breakdown_because]
    worst = max(told, key=lambda s: (s.is_cut_off, _length(s)), default=None)
    return f"; {worst.peer.peer} by {worst.peer.protocol}: {worst.peer.breakdown_because}" if worst is not None else ""


def _length(lost: Suffered) -> int:
    return 0 if lost.outage is None else lost.outage.seen_ns


def may_be_a_stranger(guest: GuestStory) -> bool:
    """Is all that joins this machine to the migration an announcement some seconds away from it, or its own silence?"""
    if guest.moved.is_beside or guest.moved.by_one_seldom:
        return True
    return guest.moved.confidence == "low" and bool(guest.moved.heard)


def why_a_stranger(guest: GuestStory) -> str:
    """Why may it be another machine?"""
    if guest.moved.is_beside:
        return f"{guest.moved.because}, or have stopped by itself"
    if guest.moved.by_one_seldom:
        return "it may be another machine that stopped or left just then: one peer asked for it, and seldom"
    return f"it may be another machine that announced itself then: {guest.moved.because}"


def went_to_its_old_place(guest: GuestStory) -> str:
    """Where did the requests go instead, as the end of a sentence? To a port that its announcement had passed, too?"""
    figure = guest.result.switchover
    old = figure.stale_tail.to_point
    if not figure.stale_frames or old is None:
        return ""
    words = f"; {count_of(figure.stale_frames, 'packet')} for it still went to {old}, its old place"
    heard = guest.result.announcements.by_point.get(old)
    if heard is None or not heard.seen or not heard.frames or heard.frames[0] > (figure.stale_tail.to_frame or 0):
        return "" if guest.reachability.is_by_old_place else words
    words += f", though its announcement had passed there (frame {heard.frames[0]})"
    if any(one.name in JOINS_SITES and one.worked != "yes" for one in guest.result.mechanisms):
        return f"{words}: whether a switch keeps its MAC, or what joins the sites does not take them on, is not known"
    return (
        f"{words}: something there keeps its MAC,"
        " by a static or sticky entry (port security) or because it does not learn from frames"
    )
