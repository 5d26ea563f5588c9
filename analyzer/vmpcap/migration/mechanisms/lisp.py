"""LISP host mobility: the guest's identifier is registered at its new site's locator (domain notes 4.8)."""

from itertools import pairwise
from typing import Final

from vmpcap.migration.mechanisms.case import Case, of_told, result, sighted, since, span
from vmpcap.migration.results import Mechanism
from vmpcap.terms.units import NS_PER_S

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
    new = next((t for t in later if t.what.origin != old), None)
    changes = [a for a, b in pairwise(later) if a.what.origin != b.what.origin]
    if len(changes) >= MOST_CHANGES:
        locators = " and ".join(sorted({t.what.origin for t in later}))
        because = f"registrations of the guest alternate between {locators}, {len(changes)} times: two sites hear it"
        return result(name, "no", because, sighted(of_told(later[:6])))
    if new is None:
        waited = case.after(case.end)
        because = f"no Map-Register from another locator in the {span(waited)} after the switchover"
        because += f"; {old} had registered it" if old else ""
        failed = waited > WITHIN_NS and case.cut_off and not case.is_partial("lisp")
        return result(name, "no" if failed else "undecided", because, sighted(of_told(news[-3:])))
    latency = case.after(new.ts)
    told = next((t for t in news if t.what.reason == "notify" and t.ts >= new.ts), None)
    because = f"{new.what.origin} registered the guest {since(latency)} after the switchover"
    because += f" ({old} before)" if old else ""
    because += f", confirmed {since(case.after(told.ts))}" if told is not None else ""
    seen = sighted(of_told([new, *([told] if told is not None else [])]))
    if latency > WITHIN_NS:
        return result(name, "no", f"{because}: late", seen, latency)
    if case.cut_off:
        return result(name, "undecided", f"{because}, yet some of its peers get no answer", seen, latency)
    return result(name, "yes", because, seen, latency)
