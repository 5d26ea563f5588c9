"""Who shows everywhere that no answer came: connections, and queries, whose peer sends the same again and again."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.exchanges import wants_answer
from vmpcap.migration.packets.queried_again import Queried, queried_again
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of
from vmpcap.terms.wire import IP_TCP, IP_UDP, TCP_ACK, TCP_RST

LEAST_AGAIN: Final = 3
LEAST_NS: Final = NS_PER_S
"""So often sent again, for so long, nothing had an answer on any way."""
BACKS_OFF: Final = 2.2
"""The next try comes after at most twice the last wait (RFC 6298 section 5.5), a little late."""
SLACK_NS: Final = 50 * NS_PER_MS
HEARD_BEFORE_NS: Final = 200 * NS_PER_MS
"""What a peer acknowledges so soon after the move the guest may have said before it."""

STEADY_NS: Final = 10 * NS_PER_S
LEAST_SECONDS: Final = 3
"""Who asked in so many seconds of that time asks all the time."""

Connection = tuple[int, int, int, int]
"""The peer's address by its halves, its port, and the guest's; of queries from ever another port 0."""
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class InVain:
    """Connections that waited for the guest as the view of one point ended."""

    connections: frozenset[Connection]
    sent: int
    """How many requests these are, with what was sent again."""
    longest_ns: int
    frames: tuple[int, ...]
    is_heard: bool
    """Did a peer go on in another connection, as only one does that was answered, be the answer in view or not?"""
    is_left: bool
    """Did another that had asked all the time ask here no more since the move? Its requests may go elsewhere."""
    queried: frozenset[tuple[int, int, int]]
    """Clients, and the guest's port, whose queries are all sent again: connections too where all clients' are."""

    @property
    def words(self) -> str:
        """How many of how many peers sent the same again, how often, and for how long?"""
        noun = "stream" if any(port == 0 for _, _, port, _ in self.connections) else "connection"
        return (
            f"{count_of(len(self.connections), noun)} of {count_of(len(self.peers), 'peer')} sent the same to the guest"
            f" again and again, {self.sent:,} times in all, for up to {self.longest_ns / NS_PER_S:.1f} s"
        )

    @property
    def may_be_served(self) -> bool:
        """May others than these be answered?"""
        return self.is_heard or self.is_left

    @property
    def peers(self) -> frozenset[tuple[int, int]]:
        return frozenset(one[:2] for one in self.connections)


NOBODY: Final = InVain(frozenset(), 0, 0, (), False, False, frozenset())


def sent_in_vain(view: PointView, guest: Moved, moment: int) -> InVain:
    """
    Which connections to the guest sent the same again and again since the move, up to the end of the view?

    Whatever way an answer takes, a sender that hears it does not send the same again. So this needs no point that
    answers must pass; but requests may pass elsewhere later: only a connection counts whose next try was not yet due
    when the view ended.
    """
    asked = ("sent_in_vain", guest.mac, guest.ips, guest.unmeant, moment)
    if asked not in view.found:
        view.found[asked] = _look_for(view, guest, on_point(view, moment))
    found: InVain = view.found[asked]
    return found


def _look_for(view: PointView, guest: Moved, when: int) -> InVain:
    j = view.journal
    if not view.journal_complete or view.left_out:
        return NOBODY
    asked = frames_of(view, guest).asked
    rows = asked[(j.ts_ns[asked] > when) & (j.ip_protocol[asked] == IP_TCP)]
    rows = rows[is_first_copy(j, rows)]
    asking = frozenset(rows[wants_answer(j, rows)].tolist())
    queried = _queried(view, asked, when)
    found, sent, longest, frames, is_heard = [], 0, 0, list[int](), False
    for (high, low, port), queries in ({} if queried.is_asked_once else queried.in_vain).items():
        found.append((high, low, 0, port))
        sent += len(queries)
        longest = max(longest, int(j.ts_ns[queries[-1]] - j.ts_ns[queries[0]]))
        frames += [int(j.frame[queries[0]]), int(j.frame[queries[-1]])]
    for name, theirs in _connections(j, rows):
        wanting = np.array([row for row in theirs if row in asking], np.int64)
        tries = _tries(j, np.array(theirs, np.int64), wanting, view.last_ts)
        if len(tries):
            found.append(name)
            sent += len(tries)
            longest = max(longest, int(j.ts_ns[tries[-1]] - j.ts_ns[tries[0]]))
            frames += [int(j.frame[tries[0]]), int(j.frame[tries[-1]])]
        until = tries[0] if len(tries) else theirs[-1]
        since = when + HEARD_BEFORE_NS
        is_heard = is_heard or _goes_on(j, *(_between(j, some, since, until) for some in (theirs, wanting)))
    is_left, clients = _has_left(j, asked, when), frozenset(queried.in_vain)
    return InVain(frozenset(found), sent, longest, tuple(sorted(frames)), is_heard, is_left, clients)


def _queried(view: PointView, asked: I64, when: int) -> Queried:
    """What became of queries by UDP?"""
    j = view.journal
    rows = asked[j.ip_protocol[asked] == IP_UDP]
    rows = rows[is_first_copy(j, rows)]
    return queried_again(j, rows[wants_answer(j, rows)], when, view.last_ts)


def _has_left(j: JournalColumns, asked: I64, when: int) -> bool:
    """Did one of those who asked in several seconds of the last ten before the move ask nothing after it?"""
    near = asked[(j.ts_ns[asked] > when - STEADY_NS) & (j.ts_ns[asked] <= when)]
    seconds = {(high, low, n) for high, low, n in _who(j, near, (when - j.ts_ns[near]) // NS_PER_S)}
    steady = Counter((high, low) for high, low, _ in seconds)
    after = asked[j.ts_ns[asked] > when + HEARD_BEFORE_NS]
    asks_on = {(high, low) for high, low, _ in _who(j, after, after)}
    return any(count >= LEAST_SECONDS and peer not in asks_on for peer, count in steady.items())


def _who(j: JournalColumns, rows: I64, beside: I64) -> Iterator[tuple[int, int, int]]:
    return zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), beside.tolist(), strict=True)


def _between(j: JournalColumns, rows: Sequence[int] | I64, since: int, until: int) -> I64:
    """Which of these rows are later than that time, and no further than that row?"""
    some = np.asarray(rows, np.int64)
    return some[(j.ts_ns[some] > since) & (some <= until)]


def _connections(j: JournalColumns, rows: I64) -> list[tuple[Connection, list[int]]]:
    """These frames of peers by connection, each by time."""
    names = zip(*(c[rows].tolist() for c in (j.src_high, j.src_low, j.src_port, j.dst_port)), strict=True)
    found: dict[Connection, list[int]] = {}
    for name, row in zip(names, rows.tolist(), strict=True):
        found.setdefault(name, []).append(row)
    return list(found.items())


def _tries(j: JournalColumns, rows: I64, wanting: I64, end: int) -> I64:
    """
    Which of these frames are the last request of the connection, over and over, where it still waits at the end?

    Parameters
    ----------
    rows, wanting : its frames from the peer, and those of them that want an answer
    """
    if len(wanting) <= LEAST_AGAIN:
        return wanting[:0]
    first = j.tcp_seq[wanting[-1]]
    tries: I64 = wanting[j.tcp_seq[wanting] == first]
    beside = rows[(rows > tries[0]) & ~np.isin(rows, tries)]  # what it had sent, or closed with, meanwhile
    is_past = np.isin(beside, wanting) & (_ahead(j, beside, first) > 0)
    ts = j.ts_ns[tries]
    if len(tries) <= LEAST_AGAIN or ts[-1] - ts[0] < LEAST_NS or not is_past.all():
        return tries[:0]
    is_waiting = end < ts[-1] + BACKS_OFF * (ts[-1] - ts[-2]) + SLACK_NS
    return tries if is_waiting else tries[:0]


def _goes_on(j: JournalColumns, rows: I64, wanting: I64) -> bool:
    """Do these frames of one connection acknowledge ever more, or a SYN's answer, or send what comes after for good?"""
    rows = rows[(j.tcp_flags[rows] & TCP_RST) == 0]
    is_ack = (j.tcp_flags[rows] & TCP_ACK) != 0
    if len(np.unique(j.tcp_ack[rows[is_ack]])) > 1 or (is_ack.any() and not is_ack.all()):
        return True
    ahead = _ahead(j, wanting, j.tcp_seq[wanting[0]]) if len(wanting) else np.zeros(1, np.int32)
    return bool(ahead[-1] > 0 and ahead[-1] == ahead.max())


def _ahead(j: JournalColumns, rows: I64, first: np.uint32) -> npt.NDArray[np.int32]:
    """How far is each of these segments ahead of that number (RFC 9293 3.4)?"""
    return (j.tcp_seq[rows] - first).astype(np.int32)
