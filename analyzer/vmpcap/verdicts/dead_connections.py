"""TCP connections that were in use when the guest moved, and died: a firewall that forgot them lets new ones pass."""

from dataclasses import dataclass
from typing import Final

from vmpcap.migration.listed import gave_up
from vmpcap.migration.moved import announced_at, on_point
from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S
from vmpcap.verdicts.never_again import LONG_GONE_NS, MOST_NAMED, is_long_gone, misses_no_answer, started_anew

LEAST_DEAD: Final = 2
"""One alone may have died for a reason of its own."""

IN_USE_NS: Final = 30 * NS_PER_S
"""
One that had no answer for longer before it is asked again may have been forgotten on the way for its own rest: timers
of translators and balancers begin at a minute.
"""

LEAST_TRIES: Final = 2
"""So often, and a second or more, it is asked in vain after the guest was back: else its peer had no patience."""


@dataclass(frozen=True, slots=True)
class InUse:
    """What became of the connections that were in use when the guest moved."""

    dead: tuple[Suffered, ...]
    """Asked again and again in vain since the guest was back, or ended by a reset that was not the guest's."""
    given_up: tuple[Suffered, ...]
    """Asked again and again in vain, but perhaps only while the guest was away."""
    alive: int
    """Answered before and after."""
    are_new_answered: bool = False
    """Whether one that began since the switchover had an answer."""

    @property
    def lost(self) -> tuple[Suffered, ...]:
        """Those that died, for whatever cause."""
        return (*self.dead, *self.given_up)

    @property
    def are_all_dead(self) -> bool:
        """Did surely each of which anything is known die, and were they more than one?"""
        return len(self.dead) >= LEAST_DEAD and not self.given_up and not self.alive

    @property
    def are_most_lost(self) -> bool:
        """
        Did none go on, or fewer than died?

        Of one alone that the guest itself did not answer, though it was reached, no network is the cause.
        """
        if len(self.lost) < LEAST_DEAD:
            return bool(self.lost) and not self.alive and not _reached_the_guest(self.lost[0])
        return len(self.lost) > self.alive


def in_use(guest: GuestStory) -> InUse:
    """Which connections of before the move were lost, and how many went on?"""
    dead: list[Suffered] = []
    given_up: list[Suffered] = []
    alive = 0
    for one in () if started_anew(guest) else guest.suffered:
        if not one.peer.protocol.startswith("tcp") or one.is_outbound or one.opened:
            continue
        if one.ended_by_another:
            dead.append(one)
        elif _is_lost(one, guest):
            (dead if _is_asked_since(one, guest) else given_up).append(one)
        elif one.ended and one.peer.survived:
            alive += 1
    is_new = any(one.answered_after and one.peer.protocol.startswith("tcp") for one in guest.suffered)
    return InUse(tuple(dead), tuple(given_up), max(alive, guest.result.sessions.kept), is_new)


def _reached_the_guest(one: Suffered) -> bool:
    """Did most of its requests come to the guest, which did not answer them?"""
    parts = one.peer.breakdown
    return 2 * sum(part.ms for part in parts if part.part == "guest") > sum(part.ms for part in parts) > 0


def _is_lost(one: Suffered, guest: GuestStory) -> bool:
    """Was it answered until the guest moved, and surely no more, though it was asked for long?"""
    outage = one.outage
    if outage is None or one.ended or one.later is not None or outage.last_answer_ts is None:
        return False
    if outage.first_unanswered_ts - outage.last_answer_ts > IN_USE_NS:
        return False
    if one.is_cut_off:
        return is_long_gone(one) and misses_no_answer(one, guest)
    return gave_up(one.peer)


def _is_asked_since(one: Suffered, guest: GuestStory) -> bool:
    """Was it asked in vain long after the guest was announced at its new place?"""
    back, outage = announced_at(guest.moved), one.outage
    if back is None or one.view is None or one.stream is None or outage is None:
        return False
    since, last = on_point(one.view, back), outage.last_unanswered_ts
    tries = int(((one.stream.asked_ts > since) & (one.stream.asked_ts <= last)).sum())
    return tries >= LEAST_TRIES and last - since >= LONG_GONE_NS


def say_dead(found: InUse) -> str:
    """How many died, whose are the first of them, and what was it for the first of them?"""
    lost = found.lost
    named = ", ".join(f"{one.peer.peer} by {one.peer.protocol}" for one in lost[:MOST_NAMED])
    whole = len(lost) + found.alive
    which = f"{len(lost):,} of {whole:,} TCP connections that were" if whole > 1 else "the only TCP connection that was"
    told = f"{which} in use when it moved and of which this is known died ({named})"
    first = lost[0].peer
    because = "; ".join(part for part in (first.because, first.breakdown_because) if part)
    return f"{told}: {because}"


def say_dead_in_short(found: InUse) -> str:
    """The same in a few words, for a sentence that tells the whole migration."""
    lost, whole = len(found.lost), len(found.lost) + found.alive
    if whole == 1:
        which = "the one TCP connection"
    elif lost == whole:
        which = f"all {whole:,} TCP connections"
    else:
        which = f"{lost:,} of {whole:,} TCP connections"
    since = ", while later ones are answered" if found.are_new_answered else ""
    return f"{which} in use when the guest moved whose fate is known died{since}"
