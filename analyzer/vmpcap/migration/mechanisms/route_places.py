"""Where a host route of BGP leads to: which of its news tell of a place, and whether that is the guest's new site."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves

NEW_SITE: Final = ("destination", "domain:destination")
OLD_SITE: Final = ("source", "domain:source")
AN_AS: Final = "AS "
PREFIX_ROUTE: Final = "prefix"
"""Routes of EVPN that have a prefix and no MAC (RFC 9136): BGP's host routes of a tenant."""


def by_place(case: Case, name: str, news: Sequence[Told[RouteNews]]) -> list[Told[RouteNews]]:
    """
    The same news, in which an AS that brings the route up at two places is two.

    Guests and leaf routers of both sites may share an AS number: then the next hop tells them apart, as those give it
    who are nearest to them. What others pass on over more systems is the same route once more. A guest that speaks BGP
    itself is nearest everywhere, with one next hop: the routers that hear it tell the places.
    """
    if name != "bgp":
        return list(news)
    nearest: dict[str, int] = {}
    hops: dict[str, set[str]] = {}
    by_routers = [t.what for t in news if t.what.sender not in case.ips]
    for what in (what for what in by_routers if what.action == "announce" and what.origin):
        best = nearest.get(what.origin, what.path_length)
        if what.path_length < best:
            hops[what.origin] = set()
        if what.path_length <= best:
            nearest[what.origin] = what.path_length
            hops.setdefault(what.origin, set()).add(what.next_hop)
    shared = {origin for origin, there in hops.items() if len(there) > 1}
    if not shared:
        return list(news)
    apart = []
    for told in news:
        what = told.what
        if what.action != "announce" or what.origin not in shared or what.sender in case.ips:
            apart.append(told)
        elif what.path_length <= nearest[what.origin]:
            apart.append(replace(told, what=replace(what, origin=f"{what.origin} ({what.next_hop})")))
    return apart


def told_anew(name: str, news: Sequence[Told[RouteNews]], moment: int) -> list[Told[RouteNews]]:
    """
    Which routers tell the route since the guest moved that never told it before, and still do? Their first words.

    Whoever only passes on what stood before has done so before; whether such a router tells of the new place is not
    known where an old place's AS brought the route up.
    """
    if name != "bgp":
        return []
    before = {t.what.sender for t in news if t.what.action == "announce" and t.ts <= moment}
    standing: dict[str, Told[RouteNews]] = {}
    for told in news:
        if told.what.action != "announce":
            standing.pop(told.what.sender, None)
        elif told.ts > moment and told.what.sender not in before:
            standing.setdefault(told.what.sender, told)
    return list(standing.values())


def why_no_place(case: Case, name: str, first: Told[RouteNews], news: Iterable[Told[RouteNews]]) -> str:
    """
    Why may the router that the route leads to now be none of the new site? Empty where it is one.

    A reflector goes over to the old site's second border router when the first is gone (path hunting, RFC 4271 9.1):
    the AS and the teller stay, the next hop is another. A next hop is a place where it speaks for itself, for it would
    have done so before, or where a point of the new site has it.
    """
    hop = first.what.next_hop
    if name != "bgp" or first.what.protocol != "bgp" or not hop:
        return ""
    news = list(news)
    before = {t.what.origin for t in news if t.what.action == "announce" and t.ts <= case.moment}
    system = first.what.origin.split(" (")[0]
    is_new_system = system.startswith(AN_AS) and system not in before
    speaks = any(t.what.sender == t.what.next_hop == hop and t.what.action == "announce" for t in news)
    speaks = speaks or names_itself(case, first.what)
    if is_new_system or speaks or _is_at(case, hop):
        return ""
    return f"{first.what.sender} passed it on: whether {hop} stands at the new site or is another way to the old"


def names_itself(case: Case, what: RouteNews) -> bool:
    """
    May this next hop be its teller's own address of the other family?

    A session over IPv4 tells IPv6 routes, too (RFC 2545 2): then its sender and its next hop are two addresses of one
    router. It is where the sender names no other and nobody else names it; who passes on names those that it heard.
    """
    hop, sender = what.next_hop, what.sender
    if (":" in hop) == (":" in sender):
        return hop == sender
    told = [
        t.what for t in case.routes("bgp") if t.what.action == "announce" and (":" in t.what.next_hop) == (":" in hop)
    ]
    hops, senders = {w.next_hop for w in told if w.sender == sender}, {w.sender for w in told if w.next_hop == hop}
    return hops == {hop} and senders == {sender}


def _is_at(case: Case, hop: str) -> bool:
    """Does a point of the new site know that address from ARP, and none of the old?"""
    new = any(_has(view, hop) for view in case.views if view.role in NEW_SITE)
    return new and not any(_has(view, hop) for view in case.views if view.role in OLD_SITE)


def _has(view: PointView, address: str) -> bool:
    high, low = ip_halves(address)
    rows = view.arps
    return bool(((rows.sender_high == np.uint64(high)) & (rows.sender_low == np.uint64(low))).any())
