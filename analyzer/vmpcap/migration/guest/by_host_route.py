"""A guest that nobody announced: the one address whose host route led elsewhere as soon as the stream had ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.guest.silent_guests import BESIDE_NS, SILENT_NS
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.news import news_of
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.addresses import NO_MAC, ip_halves
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

LATEST_NS: Final = {
    "rip": 30 * NS_PER_S,  # its updates come so far apart (RFC 2453 3.8)
    "bgp": 30 * NS_PER_S,  # MinRouteAdvertisementIntervalTimer to another system (RFC 4271 10)
    "evpn": 30 * NS_PER_S,  # the same
    "ospf": 5 * NS_PER_S,  # MinLSInterval (RFC 2328 appendix B)
    "isis": 5 * NS_PER_S,  # of this and the next a choice: they tell of a change at once, but hold back some
    "eigrp": 5 * NS_PER_S,
    "lisp": 5 * NS_PER_S,
}
"""So long may a protocol's news of a route wait: of what comes later the stream's end is no reason."""
FULL_LENGTHS: Final = ("32", "128")
BY_ORIGIN: Final = ("ospf", "isis", "bgp", "lisp")
"""Protocols whose news name who brought the route up; of the others who says it is known."""
SAID_OF_ITSELF: Final = ("register", "notify", "reply")
"""Messages of LISP that say where an identifier is; the others ask."""


@dataclass(frozen=True, slots=True)
class _Home:
    """One router that was told of as the way to an address."""

    name: tuple[str, str]
    """Who brought the route up, and its next hop where one system has several."""
    since: int
    """When that was told first, on the reference clock."""
    protocol: str


def by_host_route(move: Move, views: Sequence[PointView]) -> list[Moved]:
    """
    Whose host route led to another router within moments of the stream's end, which had never told of it before?

    Only where it is one address's: a session that comes up anew tells of many. Only of one that another router had told
    of before the stream ended, that is no router's own, and that did not speak on without a pause meanwhile.
    """
    last = move.best.transfer.last_data_ts
    if last is None:
        return []
    moment = on_reference(move.best.view, last)
    near = [view for view in views if is_compared(move.best.view, view)]
    return _led_elsewhere(near, moment, True) or _led_elsewhere(views, moment, False)


def _led_elsewhere(views: Sequence[PointView], moment: int, is_timed: bool) -> list[Moved]:
    """
    The same by these points, whose clocks were compared with the stream's or were not.

    By clocks that nothing compares only what is the one such change in all may have been then.
    """
    routers = {name for v in views for row in news_of(v).routes for name in (row.sender, row.origin, row.next_hop)}
    every = {address: homes for address, homes in _homes(views).items() if address not in routers}
    if not is_timed and sum(len(homes) - 1 for homes in every.values()) != 1:
        return []
    moved = {
        address: fresh
        for address, homes in every.items()
        if (fresh := _moved_then(homes, moment)) is not None
        if not _spoke_on(ip_halves(address), views, moment, fresh.since)
    }
    if len(moved) != 1:
        return []
    ((address, fresh),) = moved.items()
    because = "no announcement was seen; this is the only address whose host route led to another router"
    if is_timed:
        because += (
            f" once the stream had ended: {fresh.name[0]} told of it first"
            f" {(fresh.since - moment) / NS_PER_MS:.0f} ms after that"
        )
    else:
        because += (
            f" in all that is in view: {fresh.name[0]} told of it, too. Nothing compares that clock with the stream's:"
            " whether it was as the stream ended is not known, and it may be another machine's"
        )
    return [Moved(NO_MAC, (ip_halves(address),), (), "medium" if is_timed else "low", because)]


def _homes(views: Sequence[PointView]) -> dict[str, list[_Home]]:
    """Which routers were told of as the way to each address, in the order of time?"""
    found: dict[str, dict[tuple[str, str], _Home]] = {}
    for view in views:
        for row in news_of(view).routes:
            address, _, length = row.prefix.rpartition("/")
            if row.action != "announce" or length not in FULL_LENGTHS or row.protocol not in LATEST_NS:
                continue
            for name in _home(row):
                one, homes = _Home(name, on_reference(view, row.ts_ns), row.protocol), found.setdefault(address, {})
                homes[name] = min(homes.get(name, one), one, key=lambda home: home.since)
    return {address: sorted(homes.values(), key=lambda home: home.since) for address, homes in found.items()}


def _home(row: RouteNews) -> Iterator[tuple[str, str]]:
    """Which router brought this route up, and of an autonomous system with several, by which next hop?"""
    if row.protocol == "lisp" and row.reason not in SAID_OF_ITSELF:
        return
    if row.protocol == "evpn":
        yield row.next_hop, ""
    elif row.protocol == "isis":
        yield row.origin.rsplit(".", 1)[0], ""
    elif row.protocol in BY_ORIGIN:
        yield row.origin or row.sender, row.next_hop if row.protocol == "bgp" and row.path_length <= 1 else ""
    else:
        yield row.sender, ""


def _moved_then(homes: Sequence[_Home], moment: int) -> _Home | None:
    """Which router was told of first in the moments after this one, where another had been before it?"""
    before = [home.name for home in homes if home.since < moment - BESIDE_NS]
    known = {origin for origin, _ in before}
    by_hop = {origin for origin, hop in before if hop}
    fresh = (
        home
        for home in homes
        if home.name not in before and (home.name[0] not in known or (home.name[1] and home.name[0] in by_hop))
    )
    first = next(fresh, None)
    is_then = first is not None and first.since <= moment + LATEST_NS[first.protocol]
    return first if before and is_then else None


def _spoke_on(address: tuple[int, int], views: Sequence[PointView], moment: int, until: int) -> bool:
    """Does some point show that this address was never silent, from before the stream's end until then?"""
    for view in views:
        j, begin, end = view.journal, on_point(view, moment - BESIDE_NS), on_point(view, until)
        own = (j.src_high == np.uint64(address[0])) & (j.src_low == np.uint64(address[1])) & (j.ip_version != 0)
        times = np.sort(j.ts_ns[own & (j.ts_ns >= begin) & (j.ts_ns <= end)])
        if len(times) and np.diff(np.concatenate([[begin], times, [end]])).max() < SILENT_NS:
            return True
    return False
