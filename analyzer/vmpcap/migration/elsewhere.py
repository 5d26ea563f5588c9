"""Which announcements are of a guest that came with a move: heard where it came to, in one event or in several."""

from collections.abc import Sequence

import numpy as np

from vmpcap.announcements.series import Series, joined
from vmpcap.migration.moves import Move, hosts_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import turned
from vmpcap.points.timeline import elapsed

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
        view.found["senders"] = set(np.unique(view.journal.eth_src).tolist())
    found: set[int] = view.found["senders"]
    return found
