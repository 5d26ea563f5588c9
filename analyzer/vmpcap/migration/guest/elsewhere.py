"""Which announcements are of a guest that came with a move: heard where it came to, in one event or in several."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.announcements.series import Series, joined
from vmpcap.migration.stream.endings import read_ending
from vmpcap.migration.stream.moves import Move, hosts_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import turned
from vmpcap.points.timeline import elapsed
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.distinct import distinct
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

AROUND_NS: Final = 2 * NS_PER_S
"""So near to the stream's end a guest that it carried paused."""
LEAST_TALK: Final = 10
"""So many packets on each side tell how a machine usually talks."""
LEAST_SENT: Final = 3
"""So many packets of a machine at a bridge are no stray one."""
LONG_BEFORE_NS: Final = NS_PER_S
"""So long before its host's announcement no guest ran that came with a move."""
STUN_NS: Final = 50 * NS_PER_MS
"""A shorter pause may be any machine's."""

Heard = Sequence[tuple[PointView, Series]]

Domain = tuple[str, int]
"""A broadcast domain as one point tells it: the point, and its key there."""

ARRIVES = "domain:destination"


def were_elsewhere(announced: Sequence[Heard], move: Move, first: Move) -> list[bool]:
    """
    Which of these were announced in a domain of another, but not at the destination's bridge, where that was?

    A guest is announced at the host that it came to, and a broadcast passes every bridge of its domain: it is heard at
    that host's bridge, and nowhere sooner. That two are in one domain shows at a point that heard both.

    Parameters
    ----------
    first : the move whose hosts named the points' roles; of one between others they say nothing
    """
    role = arrives_at(move, first)
    if role is None:
        return [False] * len(announced)
    passing = [_came_through(heard, role) for heard in announced]
    reached: dict[str, tuple[PointView, set[Domain]]] = {}
    for heard, is_passing in zip(announced, passing, strict=True):
        for view, _ in heard:
            if view.role == role and not is_passing:
                reached.setdefault(view.name, (view, set()))[1].update(_domains(heard))
    return [
        any(
            domains & _domains(heard) and (is_passing or (is_missing and _would_show(view, heard)))
            for view, domains in reached.values()
        )
        for heard, is_passing in zip(announced, passing, strict=True)
        for is_missing in [all(view.role != role for view, _ in heard)]
    ]


def _came_through(heard: Heard, role: str) -> bool:
    """Did another point hear each of these before the bridges with this role did, for sure by their clocks?"""
    here = [pair for pair in heard if pair[0].role == role]
    if not here or any(view.drops or view.missing or view.truncated for view, _ in here):
        return False
    return any(
        all(first.count == one.count and _are_before((view, first), (at, one)) for at, one in here)
        for view, first in heard
        if view.role != role
    )


def stayed_behind(mac: int, move: Move, first: Move, views: Sequence[PointView]) -> bool:
    """
    Did this machine talk on without a pause where the move began, and was nothing of it seen where that went?

    Only of a stream that came to an orderly end: the guest of one that broke off stays, too.
    """
    role, last = arrives_at(move, first), move.best.transfer.last_data_ts
    endings = {read_ending(sighting).ending for sighting in move.sightings}
    if role is None or last is None or not endings & {"completed", "orderly"} or "aborted" in endings:
        return False
    moment = move.best.view.line.on_reference(last)
    there = [view for view in views if view.role == role]
    if not there or not all(_is_whole(view) and not _talks(view, mac, sent_only=False) for view in there):
        return False
    return any(_never_paused(view, mac, moment) for view in views if view.role == turned(role))


def ran_there_before(heard: Heard, move: Move, first: Move, views: Sequence[PointView]) -> bool:
    """
    Did this machine talk at the bridge where the stream goes long before it was announced, and never at the other?

    Then it ran there already, unless it ran at the other meanwhile: a guest comes back to where it was. What passes
    both bridges in a domain at both places may come from either.
    """
    role = arrives_at(move, first)
    old = [view for view in views if role is not None and view.role == turned(role)]
    for view, series in heard:
        if view.role != role or not old:
            continue
        times = [ts for ts in _talks(view, series.mac, sent_only=True) if ts < series.first_ts - LONG_BEFORE_NS]
        if len(times) < LEAST_SENT or any(_ran_since(one, series, view, times[-1]) for one in old):
            continue
        if all(_was_silent(one, series, (view, times[-1])) for one in old):
            return True
    return False


def _ran_since(view: PointView, series: Series, there: PointView, ts: int) -> bool:
    """Did this machine talk here between that time of the other point and its announcement there?"""
    begin, end = (view.line.on_point(there.line.on_reference(moment)) for moment in (ts, series.first_ts))
    return sum(begin < one < end for one in _talks(view, series.mac, sent_only=True)) >= LEAST_SENT


def _was_silent(view: PointView, series: Series, talked: tuple[PointView, int]) -> bool:
    """Did this machine send nothing here before it was announced, at a time that this point shows too?"""
    there, ts = talked
    gap = elapsed(view.line, view.first_ts, there.line, ts)
    if not _is_whole(view) or gap is None or gap.is_later is not True:
        return False
    until = view.line.on_point(there.line.on_reference(ts))
    return not ((view.journal.eth_src == np.uint64(series.mac)) & (view.journal.ts_ns <= until)).any()


def _is_whole(view: PointView) -> bool:
    return view.journal_complete and not (view.drops or view.missing or view.truncated)


def _talks(view: PointView, mac: int, sent_only: bool) -> list[int]:
    """When did it send unicast IP here, or get any? By the point's clock, in order."""
    j = view.journal
    mine = j.eth_src == np.uint64(mac)
    if not sent_only:
        mine = mine | (j.eth_dst == np.uint64(mac))
    times: list[int] = np.sort(j.ts_ns[mine & (j.ip_version != 0) & ((j.eth_dst & GROUP_BIT) == 0)]).tolist()
    return times


def _never_paused(view: PointView, mac: int, moment: int) -> bool:
    """Did it send on over that moment of the reference clock with no longer gaps than before, and long after it?"""
    when, times = view.line.on_point(moment), np.array(_talks(view, mac, sent_only=True), np.int64)
    gaps, ends = np.diff(times), times[1:]
    before, near = gaps[ends < when - AROUND_NS], (ends >= when - AROUND_NS) & (times[:-1] <= when + AROUND_NS)
    later = int((times > when + AROUND_NS).sum())
    if min(len(before), later) < LEAST_TALK:
        return False
    return bool(gaps[near].max() <= max(STUN_NS, 2 * int(np.median(before))))


def arrives_at(move: Move, first: Move) -> str | None:
    """Which role has the bridge that this move's guest came to? None where the roles say nothing of these hosts."""
    hosts, named = hosts_of(move), hosts_of(first)
    if hosts not in (named, named[::-1]):
        return None
    return ARRIVES if hosts == named else turned(ARRIVES)


def was_sent_at(heard: Heard, role: str | None) -> bool:
    """Was this heard at the bridge with this role, and at the other host's no sooner for sure?"""
    here, there = ([pair for pair in heard if pair[0].role == place] for place in (role, turned(role)))
    return role is not None and bool(here) and not any(_is_before(one, other) for one in there for other in here)


def _is_before(one: tuple[PointView, Series], other: tuple[PointView, Series]) -> bool:
    after = elapsed(one[0].line, one[1].first_ts, other[0].line, other[1].first_ts)
    return after is not None and after.is_later is True


def _are_before(one: tuple[PointView, Series], other: tuple[PointView, Series]) -> bool:
    """Was each of the same announcements at this point no later than at the other, and one of them sooner for sure?"""
    pairs = zip(one[1].times, other[1].times, strict=True)
    after = [elapsed(one[0].line, first, other[0].line, then) for first, then in pairs]
    return all(gap is not None and gap.ns >= 0 for gap in after) and any(gap and gap.is_later for gap in after)


def heard_together(parts: Sequence[Heard]) -> tuple[tuple[PointView, Series], ...]:
    """What each point heard of these events, as one."""
    at: dict[str, tuple[PointView, list[Series]]] = {}
    for heard in parts:
        for view, series in heard:
            at.setdefault(view.name, (view, []))[1].append(series)
    return tuple((view, joined(series)) for view, series in at.values())


def _domains(heard: Heard) -> set[Domain]:
    return {(view.name, series.segment_key) for view, series in heard}


def _would_show(view: PointView, heard: Heard) -> bool:
    """Would this point have heard that, had it been broadcast there, and shows nothing else of that machine?"""
    if view.drops or view.missing or view.truncated:
        return False
    first = min(at.line.on_reference(series.first_ts) for at, series in heard)
    is_captured = view.first_ts <= view.line.on_point(first) <= view.last_ts
    return is_captured and all(series.broadcast for _, series in heard) and heard[0][1].mac not in _senders(view)


def _senders(view: PointView) -> set[int]:
    if "senders" not in view.found:
        view.found["senders"] = set(distinct(view.journal.eth_src).tolist())
    found: set[int] = view.found["senders"]
    return found
