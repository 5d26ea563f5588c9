"""Which roles capture points have where no migration's stream is in view: by guests that changed places among them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from vmpcap.migration.announced_moves import find_announced_moves
from vmpcap.migration.domains.proposal import roles_by_guest
from vmpcap.migration.guest.guests import announced_guests, is_by_host
from vmpcap.migration.guest.scenes import as_seen
from vmpcap.migration.moved import Moved, announced_at
from vmpcap.migration.sides import PLACES
from vmpcap.migration.stream.stream_places import Proposal
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.distinct import distinct

NONE_IN_VIEW: Final = "no migration is in view"
MOST_ASKED: Final = 64
"""Of so many announced machines at most it is asked where they were: a host that comes back announces all it runs."""


def propose_unseen(views: Sequence[PointView]) -> dict[str, Proposal]:
    """
    Which role has each point by the guests that a host announced, and why?

    A guest's talk tells where it was only if it moved: its roles count where they show a change of place that all the
    conditions of `find_announced_moves` hold for, or else a machine that was switched on would name a source.
    """
    found: dict[str, Proposal] = {}
    moved: dict[tuple[str | None, ...], frozenset[int]] = {}
    doubted: set[tuple[Proposal, ...]] = set()
    for guest, until in _spoke_and_were_announced(views):
        moment = announced_at(guest)
        assert moment is not None
        seen = [as_seen(view, view.role, until) for view in views]
        told = roles_by_guest(moment, {}, guest, seen)
        named = [view if view.role is not None else replace(view, role=told[view.name][0]) for view in views]
        roles, proposals = tuple(view.role for view in named), tuple(told.values())
        if roles not in moved:
            moved[roles] = _macs_that_moved(named) if set(roles) & set(PLACES) else frozenset()
        counts: dict[str, Proposal] = {}
        if guest.mac in moved[roles]:
            counts = told
        elif not set(roles) & set(PLACES) and proposals not in doubted:
            doubted.add(proposals)
            counts = {name: told[name] for name in _would_show_a_move(guest, named)}
        for name, (role, because) in counts.items():
            if found.get(name, (None, ""))[0] is None:
                found[name] = role, because
    none: dict[str, Proposal] = {view.name: (None, NONE_IN_VIEW) for view in views}
    return none | found


def _macs_that_moved(views: Sequence[PointView]) -> frozenset[int]:
    return frozenset(one.guest.mac for one in find_announced_moves(views).moves)


def _would_show_a_move(guest: Moved, views: Sequence[PointView]) -> list[str]:
    """By which points whose role is not to be told would the guest have moved, were they named as one of the places?"""
    return [
        view.name
        for view in views
        if view.role is None
        and any(
            guest.mac in _macs_that_moved([replace(v, role=role) if v is view else v for v in views]) for role in PLACES
        )
    ]


def _spoke_and_were_announced(views: Sequence[PointView]) -> Iterator[tuple[Moved, int | None]]:
    """Guests that a host announced and that sent unicast IP, each with when it was announced next, in order of time."""
    by_host = [guest for guest in announced_guests(views) if is_by_host(guest)]
    spoke: set[int] = set()
    for view in views if by_host else ():
        j = view.journal
        spoke.update(distinct(j.eth_src[(j.ip_version != 0) & ((j.eth_dst & GROUP_BIT) == 0)]).tolist())
    asked = [guest for guest in by_host if guest.mac in spoke][:MOST_ASKED]
    for number, guest in enumerate(asked):
        later = (announced_at(one) for one in asked[number + 1 :] if one.mac == guest.mac)
        yield guest, next(later, None)
