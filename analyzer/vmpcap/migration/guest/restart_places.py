"""Where a machine talks before and after it was started: at another place, or still where it was?"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import on_point
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT

DOMAINS: Final = ("domain:source", "domain:destination")
FEW: Final = 2
"""A point with less than this part of the frames that another has to the same MAC got those that were flooded."""


def talked_at(mac: int, views: Sequence[PointView], begun: int, late: bool) -> set[str]:
    """In which of the two sites' domains did it send unicast, before that time or from then on?"""
    return set(_unicast_at(mac, [view for view in views if view.role in DOMAINS], begun, late))


def sites_of(mac: int, views: Sequence[PointView], begun: int, late: bool) -> set[str]:
    """In which of the two sites' domains was it seen, or announced, before or after?"""
    return set(_any_at(mac, [view for view in views if view.role in DOMAINS], begun, late))


def moved_site(mac: int, views: Sequence[PointView], begun: int) -> bool:
    """Was it seen in one site's domain before, and in the other's alone since?"""
    before, after = (sites_of(mac, views, begun, late) for late in (False, True))
    return bool(before and after) and not before & after


def stayed(mac: int, views: Sequence[PointView], begun: int) -> bool:
    """
    Does it talk with the same machines past the same places as before, with another place in view?

    In a stretched domain both places may show it before and after; from its new place another set of them shows what it
    sends to one and the same MAC, or it sends to another. With one place in view nobody can say.
    """
    before, after = (_ways(mac, views, begun, late) for late in (False, True))
    if not before or not after or len(_places(views, before, after)) < 2:
        return False
    same = before.keys() & after.keys()
    if same:
        return all(before[to] == after[to] for to in same)
    return set().union(*before.values()) == set().union(*after.values())


def one_place_shows_it(mac: int, views: Sequence[PointView], begun: int) -> bool:
    """Is there but one place in view where it may be, and does that show it before and after?"""
    before, after = (_ways(mac, views, begun, late) for late in (False, True))
    return bool(before and after) and len(_places(views, before, after)) == 1


def place_since(mac: int, views: Sequence[PointView], begun: int) -> tuple[str, tuple[PointView, int]] | None:
    """
    At which place does it run since, in words and by a frame?

    In a stretched domain its old place may show what it sends from the new one; never the other way round, but for what
    is flooded. So it runs where its unicast shows since and never did before, though that place was watched. Before it
    talked: where alone anything of it, or its host's announcement, shows since.
    """
    watched = [view for view in views if view.role in DOMAINS and view.first_ts < on_point(view, begun)]
    before, after = (_unicast_at(mac, watched, begun, late) for late in (False, True))
    kept = set().union(*_ways(mac, watched, begun, True).values())
    after = {role: shown for role, shown in after.items() if role in kept}
    if not after:
        before, after = (_any_at(mac, watched, begun, late) for late in (False, True))
    alone = after.keys() if len(after) == 1 and after.keys() < before.keys() else set()
    new = sorted(after.keys() - before.keys() or alone)
    if not before or len(new) != 1 or {view.role for view in watched} != set(DOMAINS):
        return None
    view, frame = after[new[0]]
    why = (
        "the only place that still shows it" if alone else "where nothing that it sent to another machine passed before"
    )
    return f"it runs at {view.name} since, {why}", (view, frame)


def _unicast_at(mac: int, views: Sequence[PointView], begun: int, late: bool) -> dict[str, tuple[PointView, int]]:
    """In which domains does it send to somebody, before that time or from then on? With the first such frame."""
    found: dict[str, tuple[PointView, int]] = {}
    for view in views:
        rows = np.flatnonzero(_talk(view.journal, mac) & _in_time(view, begun, late))
        if len(rows):
            found.setdefault(str(view.role), (view, int(view.journal.frame[rows[0]])))
    return found


def _any_at(mac: int, views: Sequence[PointView], begun: int, late: bool) -> dict[str, tuple[PointView, int]]:
    """The same of all that it sends, and of announcements that its host sends for it."""
    found: dict[str, tuple[PointView, int]] = {}
    for view in views:
        when = on_point(view, begun)
        for rows, mine in (
            (view.journal, view.journal.eth_src == np.uint64(mac)),
            (view.arps, view.arps.sender_mac == np.uint64(mac)),
        ):
            at = np.flatnonzero(mine & ((rows.ts_ns >= when) == late))
            if len(at):
                found.setdefault(str(view.role), (view, int(rows.frame[at[0]])))
    return found


def _places(views: Sequence[PointView], before: Mapping[int, set[str]], after: Mapping[int, set[str]]) -> set[str]:
    watched = {str(view.role) for view in views if view.role in DOMAINS}
    return watched.union(*before.values(), *after.values())


def _ways(mac: int, views: Sequence[PointView], begun: int, late: bool) -> dict[int, set[str]]:
    """Which places show what it sends to each MAC, before that time or from then on? Points of one domain are one."""
    counts: dict[int, dict[str, int]] = {}
    for view in views:
        place = str(view.role) if view.role in DOMAINS else view.name
        j = view.journal
        to, frames = np.unique(j.eth_dst[_talk(j, mac) & _in_time(view, begun, late)], return_counts=True)
        for one, count in zip(to.tolist(), frames.tolist(), strict=True):
            here = counts.setdefault(one, {})
            here[place] = max(here.get(place, 0), count)
    return {
        to: {place for place, count in here.items() if count * FEW >= max(here.values())} for to, here in counts.items()
    }


def _talk(j: JournalColumns, mac: int) -> npt.NDArray[np.bool_]:
    """Its unicast IP: a broadcast is heard in all of a domain."""
    mine: npt.NDArray[np.bool_] = (j.eth_src == np.uint64(mac)) & (j.ip_version != 0) & ((j.eth_dst & GROUP_BIT) == 0)
    return mine


def _in_time(view: PointView, begun: int, late: bool) -> npt.NDArray[np.bool_]:
    when: npt.NDArray[np.bool_] = (view.journal.ts_ns >= on_point(view, begun)) == late
    return when
