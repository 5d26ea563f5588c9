"""Peers that asked the guest all the time until it moved, and of which nothing comes to its new place."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.whose import Address
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.exchanges import wants_answer
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.suffered import EPHEMERAL
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.holes import hole_in
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP, TCP_FIN, TCP_RST

NEAR_NS: Final = 30 * NS_PER_S
LEAST_ASKED: Final = 10
"""Who asks so often in that time before the move has a usual pause."""
AT_ONCE: Final = 2
"""One that was silent for so many of its longest pauses when the guest left had stopped before."""
LONG_NS: Final = 10 * NS_PER_S
TIMES: Final = 10
"""Silent for that long, and for so many of its longest pauses, it pauses no more."""
LEAST_PEERS: Final = 3
"""One or two may have stopped by chance just then, without a word."""
NETWORKS: Final = {4: (24, 16), 6: (64, 48)}
"""Prefixes of networks that are named where all of these peers, and no others, are in one."""

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Who they are, in words, and the last frames of some of them."""

    because: str
    point: str
    frames: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Asker:
    """What one point shows of a peer's packets to the guest."""

    view: PointView
    rows: I64
    """Rows of the journal, by time."""


def find_unseen(guest: Moved, views: Sequence[PointView], moment: int) -> Unseen | None:
    """
    Of which peers does nothing come any more, though others ask on at the guest's new place?

    Only of those that asked in a beat up to the move and left their connection open; and only where a point shows all
    that comes to the new place, for long enough. Whether they gave up, or their way there fails, does not show: a host
    has several links, perhaps, and not each has its point.
    """
    places = [v for v in views if v.role == "domain:destination" and shows_all_since(v, on_point(v, moment))]
    place = max(places, key=lambda v: v.last_ts - on_point(v, moment), default=None)
    if place is None or place.goes_on:
        return None
    asked: dict[Address, list[_Asker]] = defaultdict(list)
    for view in (v for v in views if is_compared(place, v)):
        for peer, rows in _by_peer(view, guest):
            asked[peer].append(_Asker(view, rows))
    lasts = place.last_ts - on_point(place, moment)
    gone = [peer for peer, seen in asked.items() if (beat := _beat(seen, guest, moment)) and lasts > beat]
    on = [peer for peer, seen in asked.items() if any(_asks_on(one, moment) for one in seen if one.view is place)]
    if len(gone) < LEAST_PEERS or not on:
        return None
    latest = max((one for peer in gone for one in asked[peer]), key=lambda one: len(one.rows))
    near = [one for peer in gone for one in asked[peer] if one.view is latest.view]
    frames = sorted(int(one.view.journal.frame[one.rows[-1]]) for one in near)
    because = (
        f"{len(gone):,} of its {count_of(len(asked), 'peer')}{_where(gone, asked)} asked it up to the move and were not"
        f" seen again in the {lasts / NS_PER_S:.1f} s after it, at {place.name}, its new place, nor anywhere else:"
        " whether they still reach it is not in view"
    )
    return Unseen(because, latest.view.name, tuple(frames[-3:]))


def shows_all_since(view: PointView, since: int) -> bool:
    """Does this point show every frame from that time on?"""
    lacks = view.left_out or view.drops or view.missing or view.truncated or not view.journal_complete
    return not lacks and hole_in(view.holes, since, view.last_ts) is None


def _by_peer(view: PointView, guest: Moved) -> list[tuple[Address, I64]]:
    j, rows = view.journal, frames_of(view, guest).asked
    found: dict[Address, list[int]] = defaultdict(list)
    for high, low, row in zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), rows.tolist(), strict=True):
        found[high, low].append(row)
    return [(peer, np.array(theirs, np.int64)) for peer, theirs in found.items()]


def _beat(seen: Sequence[_Asker], guest: Moved, moment: int) -> int | None:
    """For how long must a peer be silent that asked in a beat up to the move? None: it did not, or asked after it."""
    longest = 0
    for one in seen:
        ts, when = one.view.journal.ts_ns[_questions(one)], on_point(one.view, moment)
        near = ts[(ts > when - NEAR_NS) & (ts <= when)]
        if len(near) < LEAST_ASKED:
            continue
        pause = int(np.diff(near).max())
        if when - int(near[-1]) <= max(AT_ONCE * pause, NS_PER_S):
            longest = max(longest, pause)
    if not longest or any(_asks_on(one, moment) or _is_over(one, guest) for one in seen):
        return None
    return max(LONG_NS, TIMES * longest)


def _questions(one: _Asker) -> I64:
    """Which of its packets ask a service of the guest? Not what answers the guest, from whatever port it asked."""
    j, rows = one.view.journal, one.rows
    is_echo = np.isin(j.ip_protocol[rows], (IP_ICMP, IP_ICMPV6))
    return rows[wants_answer(j, rows) & (is_echo | (j.dst_port[rows] < EPHEMERAL))]


def _asks_on(one: _Asker, moment: int) -> bool:
    return int(one.view.journal.ts_ns[one.rows[-1]]) > on_point(one.view, moment)


def _is_over(one: _Asker, guest: Moved) -> bool:
    """Was the connection in which it asked last closed, by either side?"""
    j, last = one.view.journal, one.rows[-1]
    if j.ip_protocol[last] != IP_TCP:
        return False
    theirs = one.rows[(j.src_port[one.rows] == j.src_port[last]) & (j.dst_port[one.rows] == j.dst_port[last])]
    sent = frames_of(one.view, guest).sent_ip
    sent = sent[(j.dst_port[sent] == j.src_port[last]) & (j.src_port[sent] == j.dst_port[last])]
    sent = sent[(j.dst_low[sent] == j.src_low[last]) & (j.dst_high[sent] == j.src_high[last])]
    return bool((j.tcp_flags[np.concatenate((theirs, sent))] & (TCP_FIN | TCP_RST)).any())


def _where(gone: Sequence[Address], every: Iterable[Address]) -> str:
    """In which network are all of these, and no others? As the end of a sentence; empty where that is not so."""
    these = [ip_address(ip_text(*peer)) for peer in gone]
    others = [ip_address(ip_text(*peer)) for peer in every if peer not in set(gone)]
    for length in NETWORKS[these[0].version]:
        network = ip_network(f"{these[0]}/{length}", strict=False)
        if all(one in network for one in these) and not any(other in network for other in others):
            return f", all in {network},"
    return ""
