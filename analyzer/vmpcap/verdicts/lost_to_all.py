"""Services that answered their peers until the guest moved, and nobody since, whoever asks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from vmpcap.migration.stories import GuestStory
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.verdicts.interruption import shows_an_answer
from vmpcap.verdicts.never_again import LEAST_IN_VAIN, LONG_GONE_NS, NEARLY, misses_no_answer, started_anew

LEAST_PEERS: Final = 3
"""So many had answers before the move, and so many have none since: what only one of them may ask tells nothing."""
MOST_REFUSED: Final = 0.1
"""A service that left more of its peers than this unanswered before the move refuses some: so may be who asks since."""


@dataclass(frozen=True, slots=True)
class LostToAll:
    """A service of the guest that answered none of the connections that were opened to it since the move."""

    protocol: str
    rows: tuple[Suffered, ...]
    connections: int
    asked_ns: int
    """From the first to the last time that anybody asked."""

    @property
    def peers(self) -> set[str]:
        """Who asked in vain?"""
        return {one.peer.peer for one in self.rows}

    @property
    def words(self) -> str:
        """What became of it?"""
        had = max(one.earlier.peers_answered for one in self.rows)
        return (
            f"{self.protocol} answered none of {count_of(self.connections, 'connection')} that"
            f" {count_of(len(self.peers), 'peer')} opened since the move, {self.asked_ns / NS_PER_S:.1f} s long and to"
            f" the end; until it {count_of(had, 'peer')} had answers"
        )


def lost_to_all(guest: GuestStory) -> list[LostToAll]:
    """
    Which services were surely lost to whoever asks, be it that each peer asks but once?

    Of each peer alone that asks so seldom nothing would be known. No answer of such a service is in view since the
    move, in whatever connection.
    """
    if started_anew(guest):
        return []
    vain: dict[str, list[Suffered]] = {}
    alive: set[str] = set()
    for one in guest.suffered:
        if shows_an_answer(one):
            alive.add(one.peer.protocol)
        elif (opened := _opened_in_vain(one)) is not None:
            vain.setdefault(one.peer.protocol, []).append(opened)
    told = (_told(protocol, rows, guest) for protocol, rows in vain.items() if protocol not in alive)
    return sorted((one for one in told if one is not None), key=lambda one: -one.connections)


def _opened_in_vain(one: Suffered) -> Suffered | None:
    """The row of connections that a peer opened since the move and that had no answer, with its times; else None."""
    if one.opened_late is not None:
        view, wait, _ = one.opened_late
        return replace(one, view=view, outage=wait, from_ts=wait.first_unanswered_ts, to_ts=wait.last_unanswered_ts)
    is_new = one.stream is not None and one.stream.manner == "connection" and not one.is_of_guest
    is_new &= one.outage is not None and one.outage.last_answer_ts is None
    return one if (one.opened or is_new) and not one.ended and one.later is None else None


def _told(protocol: str, rows: list[Suffered], guest: GuestStory) -> LostToAll | None:
    """This service, where these rows at one point show that it was lost to all."""
    at: dict[str, list[Suffered]] = {}
    for one in rows:
        at.setdefault(one.peer.point, []).append(one)
    theirs = max(at.values(), key=len)
    had, refused = theirs[0].earlier.peers_answered, theirs[0].earlier.peers_unanswered
    sure = [one for one in theirs if misses_no_answer(one, guest)]
    times = list(_times(sure))
    connections = sum(one.opened or 1 for one in sure)
    found = LostToAll(protocol, tuple(sure), connections, max(times, default=0) - min(times, default=0))
    is_many = connections >= LEAST_IN_VAIN and len(found.peers) >= LEAST_PEERS and 2 * len(sure) > len(rows)
    if not is_many or had < LEAST_PEERS or refused > MOST_REFUSED * had or found.asked_ns < LONG_GONE_NS:
        return None
    left = (sure[0].view.last_ts if sure[0].view is not None else max(times)) - max(times)
    return found if left <= NEARLY * found.asked_ns else None


def _times(rows: list[Suffered]) -> Iterator[int]:
    for one in rows:
        yield from (ts for ts in (one.from_ts, one.to_ts) if ts is not None)
