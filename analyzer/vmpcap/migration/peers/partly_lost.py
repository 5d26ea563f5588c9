"""Services of which a large part of the requests had no answer since the move, though others had one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import lost_runs
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.suffered import Part, Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_LOST: Final = 5
"""Fewer may be chance; so many of before the move must be known."""
LARGE: Final = 0.25
"""From this share on a part of what answers is gone."""
TIMES: Final = 2
"""A share that was half as large before the move is not the move's."""
MOST: Final = 0.5
"""A larger share is most of them."""
HARDLY: Final = 0.1
"""A smaller share of before is hardly one."""
LEAST_ASKED: Final = 10
"""So many requests in each half of the time since are no chance."""
LATE_NS: Final = NS_PER_S
"""What was asked so shortly before the view ended may still have been answered."""


def find_part(
    ts: I64, is_lost: Bools, before: tuple[int, int], what: str, end: int | None, is_resent: bool = False
) -> Part | None:
    """
    How many of these had no answer? None where these are few, or hardly more than before.

    The longest run of them may be an outage, which is told as one: without it they must be as many.

    Parameters
    ----------
    ts, is_lost : int64[n], bool[n]: those since the move, by time
    before : of those before the move, how many had no answer, and how many there were
    what : what they are, and since when
    end : when the view ended, at a point that would show every answer; None for another
    is_resent : whether those of the last second are left out, since who asks asks again (RFC 6298 section 2.1)
    """
    lost, asked = int(is_lost.sum()), len(ts)
    longest = max((beyond - first for first, beyond in lost_runs(~is_lost)), default=0)
    if lost == asked or not _is_large(lost - longest, asked - longest, *before):
        return None
    words = f"{lost:,} of {asked:,} {what} had no answer, and {before[0]:,} of {before[1]:,} before the move"
    words += " (those of the last second are not counted)" if is_resent else ""
    is_sure = end is not None and before[0] < HARDLY * before[1]
    return Part(lost, asked, *before, words, is_sure and _is_most(is_lost[ts <= (end or 0) - LATE_NS]))


def _is_most(is_lost: Bools) -> bool:
    """Is it most of them, of the first half as of the second?"""
    halves = np.array_split(is_lost, 2)
    return all(len(half) >= LEAST_ASKED and half.sum() > MOST * len(half) for half in halves)


def _is_large(lost: int, asked: int, lost_before: int, asked_before: int) -> bool:
    share, before = lost / max(asked, 1), lost_before / max(asked_before, 1)
    return asked_before >= LEAST_LOST and lost >= LEAST_LOST and share >= LARGE and share >= TIMES * before


def without_last_of_many(stream: PeerStream, when: int) -> PeerStream:
    """
    The same; where requests are lost on and on since the move, those unanswered as the view ends are no outage.

    No longer in a row than others before them that were followed by an answer: a part of all is lost, not the peer.
    """
    last = stream.outages[-1] if stream.outages else None
    if last is None or last.ended or last.last_answered_ts is None or last.last_answered_ts <= when:
        return stream
    since = int(np.searchsorted(stream.asked_ts, when))
    runs = [beyond - first for first, beyond in lost_runs(stream.wait_ns[since:] >= 0)]
    if len(runs) <= LEAST_LOST or runs[-1] > max(runs[1:-1]):
        return stream
    return replace(stream, outages=stream.outages[:-1], survived=True)


def with_part(one: Suffered, stream: PeerStream, view: PointView, when: int) -> Suffered:
    """
    The same; where many requests of a stream had no answer since it had one after the move, with how many.

    Whatever had no answer for as long as the slowest answer of the stream took had none. Of what the guest asks its own
    place tells.
    """
    is_over = one.outage is None or one.ended
    if (
        not len(stream.wait_ns)
        or not is_over
        or one.is_cut_off
        or stream.requester == "guest"
        or _is_unsure(view, when)
    ):
        return one
    ts, is_lost = stream.asked_ts, stream.wait_ns < 0
    moved = int(np.searchsorted(ts, when))
    answered = np.flatnonzero(~is_lost)
    place = int(np.searchsorted(answered, moved))
    before = int(answered[place - 1]) + 1 if place else 0  # what was lost around the move is its outage's
    since = int(answered[place]) if place < len(answered) else len(ts)
    slowest = min(max(int(stream.wait_ns.max()), 0), LATE_NS)
    until = int(np.searchsorted(ts, view.last_ts - slowest, side="right"))
    what = "requests since its first answer after the move"
    end = view.last_ts if view.role == "client" else None
    part = find_part(ts[since:until], is_lost[since:until], (int(is_lost[:before].sum()), before), what, end)
    if part is None:
        return one
    told = tell_part(one, part, part.words)
    return replace(told, peer=msgspec.structs.replace(told.peer, lost=(one.peer.lost or 0) + part.lost))


def tell_part(one: Suffered, part: Part, words: str = "") -> Suffered:
    """The same, with what had no answer since the move, in these words more."""
    because = f"{one.peer.because}; {words}" if words else one.peer.because
    peer = msgspec.structs.replace(one.peer, because=because, part_lost=part.lost, part_asked=part.asked)
    return replace(one, peer=peer, part=part)


def with_parts_of_services(found: Sequence[Suffered]) -> list[Suffered]:
    """The same of services to which connections are opened anew: the first in vain tells how many there are."""
    services: dict[tuple[str, str], list[Suffered]] = {}
    for one in found:
        services.setdefault((one.peer.peer, one.peer.protocol), []).append(one)
    told = {id(first): tell_part(first, part) for rows in services.values() for first, part in _part_of(rows)}
    return [told.get(id(one), one) for one in found]


def _part_of(rows: Sequence[Suffered]) -> Iterator[tuple[Suffered, Part]]:
    """Which part of one service's connections had no answer, and which was the first? Nothing where not many."""
    vain = sorted((opened for one in rows if (opened := _opened_in_vain(one)) is not None), key=lambda one: one[1])
    if not vain:
        return
    first, begun, view = vain[0]
    answered = [one.again[1] for one in rows if one.answered_after and one.again and one.again[0].name == view.name]
    if not answered or _is_unsure(view, begun):
        return
    last = view.last_ts - LATE_NS
    answered = [ts for ts in answered if ts <= last]
    ts = np.array([*(ts for _, ts, at in vain if at.name == view.name and ts <= last), *answered], np.int64)
    order = np.argsort(ts, kind="stable")
    missed = sum(one.unanswered_before for one in rows)
    before = missed, missed + sum(one.answered_before for one in rows)
    end = view.last_ts if view.role == "client" else None
    is_lost = order < len(ts) - len(answered)
    part = find_part(ts[order], is_lost, before, "connections opened since the move", end, is_resent=True)
    if part is not None:
        yield first, part


def _opened_in_vain(one: Suffered) -> tuple[Suffered, int, PointView] | None:
    """When and where was this connection opened since the move? None where it was answered, or the guest opened it."""
    if one.opened_late is not None:
        at, wait, _ = one.opened_late
        return one, wait.first_unanswered_ts, at
    outage, view = one.outage, one.view
    is_new = one.stream is not None and one.stream.manner == "connection" and not one.is_of_guest
    if not is_new or outage is None or outage.ended or outage.last_answered_ts is not None or view is None:
        return None
    return one, outage.first_unanswered_ts, view


def _is_unsure(view: PointView, when: int) -> bool:
    """May this point have missed answers?"""
    lacks = view.left_out or view.drops or view.missing or not view.journal_complete
    return bool(lacks) or hole_in(view.holes, when, view.last_ts) is not None
