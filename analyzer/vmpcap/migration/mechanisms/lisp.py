"""LISP host mobility: the guest's identifier is registered at its new site's locator (domain notes 4.8)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.guests import on_point, on_reference
from vmpcap.migration.mechanisms.case import Case, Told, of_told, result, sighted, since, span
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import IPV4_MAPPED
from vmpcap.terms.units import NS_PER_S, count_of

WITHIN_NS: Final = 5 * NS_PER_S
"""A register follows the guest's first packet within a second (domain notes 4.8); servers and readers add some."""
MOST_CHANGES: Final = 3
"""More changes of the locator than this after one move are flapping."""


def judge_lisp(case: Case, name: str) -> Mechanism | None:
    """Was the guest's identifier registered from another locator after the move, once and for all?"""
    hosts = {f"{ip}/{128 if ':' in ip else 32}" for ip in case.ips}
    news = [t for t in case.routes("lisp") if t.what.prefix in hosts]
    registered = [t for t in news if t.what.reason == "register" and t.what.action == "announce"]
    if not news:
        return None
    before = [t for t in registered if t.ts < case.moment]
    later = [t for t in registered if t.ts >= case.moment]
    old = before[-1].what.origin if before else ""
    site = _sites(registered)
    at_old = {site[t.what.origin] for t in before}
    new = next((t for t in later if site[t.what.origin] not in at_old), None)
    changes = [a for a, b in pairwise(later) if site[a.what.origin] != site[b.what.origin]]
    back = [t for t in later if new is not None and t.ts > new.ts and site[t.what.origin] in at_old]
    if len(changes) >= MOST_CHANGES:
        locators = " and ".join(sorted({t.what.origin for t in later}))
        because = f"registrations of the guest alternate between {locators}, {count_of(len(changes), 'time')}"
        because += ": two sites hear it" if back else ": two sites hear it, or the new one has two routers"
        return result(name, "no" if back else "undecided", because, sighted(of_told(later[:6])))
    if new is None:
        waited = case.after(case.end)
        spoke = _first_packet(case)
        because = f"no Map-Register from another locator in the {span(waited)} after the switchover"
        because += f"; {old} had registered it" if old else ""
        because += _of_silence(case, spoke, None)
        failed = waited > WITHIN_NS and case.cut_off and not case.is_partial("lisp")
        return result(name, "no" if failed else "undecided", because, sighted(of_told(news[-3:])))
    latency = case.after(new.ts)
    told = next((t for t in news if t.what.reason == "notify" and t.ts >= new.ts), None)
    because = f"{new.what.origin} registered the guest {since(latency)} after the switchover"
    because += f" ({old} before)" if old else ""
    because += f", confirmed {since(case.after(told.ts))}" if told is not None else ""
    seen = sighted(of_told([new, *([told] if told is not None else [])]))
    if latency > WITHIN_NS:
        spoke = _first_packet(case)
        seen = [*seen, *(sighted([spoke[1:]]) if spoke is not None else [])]
        return result(name, "no", f"{because}: late{_of_silence(case, spoke, new.ts)}", seen, latency)
    if case.cut_off and told is None and any(t.what.reason == "notify" for t in news if t.ts < case.moment):
        because += (
            f", and no map server confirmed it, though one had confirmed {old or 'it'}: it may refuse the new site"
        )
        return result(name, "no", f"{because}; {case.without_answer}", seen, latency)
    if case.cut_off:
        return result(name, "undecided", f"{because}, yet some of its peers get no answer", seen, latency)
    return result(name, "yes", because, seen, latency)


def _sites(registered: Sequence[Told[RouteNews]]) -> dict[str, str]:
    """Which locators are one site's, as far as one mapping names them together? By locator, the first of its site."""
    site: dict[str, str] = {}
    for what in (told.what for told in registered):
        together = (what.origin, *what.beside)
        first = min(site.get(locator, locator) for locator in together)
        joined = {site.get(locator, locator) for locator in together}
        for locator in (*together, *site):
            if site.get(locator, locator) in joined:
                site[locator] = first
    return site


Spoken = tuple[int, PointView, int]
"""When, on the reference clock, at which point, which frame."""


def _first_packet(case: Case) -> Spoken | None:
    """When did the guest first send anything with its address at its new place? RARP has none."""
    found: list[Spoken] = []
    for view in case.views:
        if view.role != "domain:destination":
            continue
        j, rows, when = view.journal, view.arps, on_point(view, case.moment)
        sent = frames_of(view, case.guest).sent_ip
        sent = sent[(j.ts_ns[sent] >= when) & (j.eth_src[sent] == np.uint64(case.guest.mac))][:1]
        found += [(on_reference(view, int(j.ts_ns[row])), view, int(j.frame[row])) for row in sent.tolist()]
        told = (rows.sender_mac == np.uint64(case.guest.mac)) & (rows.sender_low != 0) & (rows.ts_ns >= when)
        told &= rows.sender_low != np.uint64(IPV4_MAPPED)
        at = np.flatnonzero(told)[:1]
        found += [(on_reference(view, int(rows.ts_ns[row])), view, int(rows.frame[row])) for row in at.tolist()]
    return min(found, key=lambda one: one[0], default=None)


def _of_silence(case: Case, spoke: Spoken | None, registered: int | None) -> str:
    """Was it the guest that was silent, or the router that did not hear?"""
    watched = any(v.role == "domain:destination" and v.journal_complete and not v.left_out for v in case.views)
    if spoke is None:
        return "; the guest sent nothing with its address since, and RARP has none" if watched else ""
    if registered is not None and 0 <= registered - spoke[0] <= WITHIN_NS and case.after(spoke[0]) > WITHIN_NS:
        when = since(case.after(spoke[0]))
        late = f", {span(registered - spoke[0])} after the guest's first packet with its address ({when})"
        return f"{late}: it was silent, and RARP has no address"
    return f", though the guest sent with its address from {since(case.after(spoke[0]))} on"
