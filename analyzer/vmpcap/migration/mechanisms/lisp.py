"""LISP host mobility: the guest's identifier is registered at its new site's locator (domain notes 4.8)."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told, Worked, of_told, result, sighted, since, span
from vmpcap.migration.mechanisms.lapses import say_if_it_lapsed
from vmpcap.migration.mechanisms.lisp_data import Carried, in_lisp, packets_for
from vmpcap.migration.mechanisms.lisp_lapses import first_followed, sent_back, unregistered
from vmpcap.migration.mechanisms.networks import numbers_of_guest, of_networks
from vmpcap.migration.mechanisms.old_place import never_arrived
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import IPV4_MAPPED
from vmpcap.terms.units import NS_PER_S, count_of

SETTLED_NS: Final = NS_PER_S
"""Map caches are told once the server knows; packets on their way may go to the old locator once more."""
LEAST_STALE: Final = 3
"""Fewer packets to it may be strays."""
WITHIN_NS: Final = 5 * NS_PER_S
"""A register follows the guest's first packet within a second (domain notes 4.8); servers and readers add some."""
MOST_CHANGES: Final = 3
"""More changes of the locator than this after one move are flapping."""

MAPPED: Final = ("register", "notify", "reply")
"""Messages that map it; who asks may ask in any instance."""

MOST_ROUTERS: Final = 2
"""Of one site; more that take turns are more sites."""


def judge_lisp(case: Case, name: str) -> Mechanism | None:
    """
    Was the guest's identifier registered from another locator after the move, once and for all?

    One address in two instances is two machines' (RFC 9300 8): only the guest's is judged, as far as that is in view.
    """
    hosts = {f"{ip}/{128 if ':' in ip else 32}" for ip in case.ips}
    by_instance: dict[int, list[Told[RouteNews]]] = {}
    for told in case.routes("lisp"):
        if told.what.prefix in hosts:
            by_instance.setdefault(told.what.vni or 0, []).append(told)
    asked_for = [n for n, news in by_instance.items() if any(t.what.reason in MAPPED for t in news)] or [*by_instance]
    if len(asked_for) > 1:
        lisp = [(view, np.array([*places], np.int64)) for view, places in in_lisp(case, None)]
        own = {max(number, 0) for number in numbers_of_guest(case, lisp)} & set(asked_for)
        asked_for = sorted(own or asked_for)
    return of_networks(name, [(f"instance {n}", _judge(case, name, n, by_instance[n])) for n in asked_for])


def _judge(case: Case, name: str, instance: int, news: Sequence[Told[RouteNews]]) -> Mechanism:
    """What is said if this is the guest's instance?"""
    registered = [t for t in news if t.what.reason == "register" and t.what.action == "announce"]
    before = [t for t in registered if t.ts < case.moment]
    later = [t for t in registered if t.ts >= case.moment]
    old = before[-1].what.origin if before else ""
    site = _sites(registered)
    at_old = {site[t.what.origin] for t in before}
    new = next((t for t in later if site[t.what.origin] not in at_old), None)
    changes = [a for a, b in pairwise(later) if site[a.what.origin] != site[b.what.origin]]
    back = [t for t in later if new is not None and t.ts > new.ts and site[t.what.origin] in at_old]
    is_in_turns = len(changes) >= MOST_CHANGES
    turns = sorted({t.what.origin for t in later if site[t.what.origin] not in at_old}) if is_in_turns else []
    if is_in_turns and (back or not before or not _are_one_site(case, later, turns)):
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
    because += _in_turns(turns, new.what.origin, old)
    because += f", confirmed {since(case.after(told.ts))}" if told is not None else ""
    seen = sighted(of_told([new, *([told] if told is not None else [])]))
    if latency > WITHIN_NS:
        spoke = _first_packet(case)
        seen += sighted([spoke[1:]] if spoke is not None else [])
        return result(name, "no", f"{because}: late{_of_silence(case, spoke, new.ts)}", seen, latency)
    was_confirmed = any(t.what.reason == "notify" for t in news if t.ts < case.moment)
    if told is None and was_confirmed and (case.cut_off or not case.watched):
        because += (
            f", and no map server confirmed it, though one had confirmed {old or 'it'}: it may refuse the new site"
        )
        met = case.without_answer if case.cut_off else "what the guest's peers met is not in view"
        return result(name, "no" if case.cut_off else "undecided", f"{because}; {met}", seen, latency)
    return _by_data(case, name, instance, news, new, turns, result(name, "yes", because, seen, latency))


def _by_data(
    case: Case,
    name: str,
    instance: int,
    news: Sequence[Told[RouteNews]],
    new: Told[RouteNews],
    turns: Sequence[str],
    told: Mechanism,
) -> Mechanism:
    """What is said of a registration in time, by where packets for the guest went since?"""
    registered = [t for t in news if t.what.reason == "register" and t.what.action == "announce"]
    later = [t for t in registered if t.ts >= case.moment]
    site = _sites(registered)
    at_old = {site[t.what.origin] for t in registered if t.ts < case.moment}
    because, seen, latency = told.because, told.evidence, case.after(new.ts)
    sent = packets_for(case, instance)
    ours = {site[new.what.origin], *(site[locator] for locator in turns)}
    settled = [one for one in sent if one.ts > new.ts + SETTLED_NS]
    again = _registered_again(later, site, at_old)
    followed = first_followed(sent, site, ours)
    stale = [
        one
        for one in settled
        if site.get(one.locator, one.locator) in at_old
        and (again is None or one.ts < again.ts)
        and one.ts < followed.get(one.way, one.ts + 1)
    ]
    nobody_told = all(site.get(one.locator, one.locator) not in ours for one in sent if one.ts > new.ts)
    if len(stale) >= LEAST_STALE and (case.cut_off or not case.watched or nobody_told):
        return _kept_to_old(case, name, because, seen, settled, stale, new if nobody_told else None)
    there = [one for one in sent if site.get(one.locator, one.locator) in ours]
    words, shown = _first_carried(case, there, new.ts)
    because, seen = because + words, [*seen, *shown]
    lapses = [*unregistered(news, site, ours, at_old), *sent_back(sent, site, ours, at_old)]
    if again is not None:
        return say_if_it_lapsed(case, _taken_back(case, name, because, seen, again, latency), lapses)
    if len(stale) >= LEAST_STALE and not case.cut_off:
        return say_if_it_lapsed(case, _told_late(case, name, because, seen, stale, there, latency), lapses)
    lapsed = say_if_it_lapsed(case, result(name, "yes", because, seen, latency), lapses)
    if not case.cut_off or lapsed.worked != "yes":
        return lapsed
    return result(name, "undecided", f"{because}, yet some of its peers get no answer", seen, latency)


def _are_one_site(case: Case, later: Sequence[Told[RouteNews]], turns: Sequence[str]) -> bool:
    """Are these two routers of the new site? Seen at the same points, while everybody reaches the guest."""
    seen = {frozenset(t.view.name for t in later if t.what.origin == locator) for locator in turns}
    is_reached = case.reachability.answer == "yes" and not case.cut_off
    return is_reached and len(turns) == MOST_ROUTERS and len(seen) == 1


def _in_turns(turns: Sequence[str], new: str, old: str) -> str:
    """What is said of a new site whose two routers register each its own locator; empty of any other."""
    other = next((locator for locator in turns if locator != new), "")
    return f", in turns with {other} and never again from {old}: two routers of the new site" if other else ""


def _first_carried(case: Case, sent: Sequence[Carried], registered: int) -> tuple[str, list[Sighted]]:
    """When did the first of these packets go to the new site, after what? Empty without any."""
    if not sent:
        return "", []
    first, spoke = sent[0], _first_packet(case)
    words = f"; packets for it went there from {since(case.after(first.ts))} on"
    words += f", {span(first.ts - registered)} after that" if first.ts >= registered else ""
    if spoke is not None and first.ts >= spoke[0]:
        words += f", {span(first.ts - spoke[0])} after the guest's first packet with its address"
    return words, sighted([(first.view, first.frame)])


def _kept_to_old(
    case: Case,
    name: str,
    because: str,
    seen: Sequence[Sighted],
    sent: Sequence[Carried],
    stale: Sequence[Carried],
    unused: Told[RouteNews] | None,
) -> Mechanism:
    """
    Others still send to where the guest was: their map caches were not told.

    That is a failure where its peers get no answer, where no point at its new place sees what went there, and where
    nothing went to what was registered last (`unused`) for long: whoever is answered then owes it to another way.
    """
    point = max({one.view.name for one in stale}, key=lambda name: sum(one.view.name == name for one in stale))
    there, whole = (sum(one.view.name == point for one in some) for some in (stale, sent))
    last = max(stale, key=lambda one: one.ts)
    because += (
        f", but {there:,} of {count_of(whole, 'packet')} for it at {point} still went to {last.locator} after that, "
        f"until {since(case.after(last.ts))}: whoever sends there was not told"
    )
    shown = [one for one in stale if one.view.name == point]
    rows = np.array([one.row for one in shown], np.int64)
    lost = 0 if case.cut_off else len(never_arrived(case, shown[0].view, rows, shown[0].ts))
    if case.cut_off:
        because += f"; {case.without_answer}"
    elif lost >= LEAST_STALE:
        because += (
            f"; {lost:,} of these came to no point at its new place, and no answer to whoever sent them is in view"
        )
    elif unused is None:
        because += "; whether the old site passed them on is not in view"
    failed = bool(case.cut_off) or lost >= LEAST_STALE
    if unused is not None and not failed:
        because += f"; none to {unused.what.origin} is in view: who is answered owes that to another way"
        failed = last.ts > unused.ts + WITHIN_NS
    seen = [*seen, *sighted((one.view, one.frame) for one in (shown[0], shown[-1]))]
    return result(name, "no" if failed else "undecided", because, seen)


def _registered_again(
    later: Sequence[Told[RouteNews]], site: Mapping[str, str], at_old: Collection[str]
) -> Told[RouteNews] | None:
    """Which registration brought the guest back to its old site for good? None where the new one's is the last."""
    found = None
    for told in later:
        found = (found or told) if site[told.what.origin] in at_old else None
    return found


def _taken_back(
    case: Case, name: str, because: str, seen: Sequence[Sighted], again: Told[RouteNews], latency: int
) -> Mechanism:
    """The old site registered it anew after the new one had, so that others are sent there: harm where it is not."""
    because += (
        f"; but {again.what.origin} registered it again {since(case.after(again.ts))}, and no other locator after that"
    )
    is_moved_on = any(case.guest.mac in trip.macs for trip in case.others)
    evidence = [*seen, *sighted(of_told([again]))]
    if case.cut_off:
        worked: Worked = "undecided" if is_moved_on else "no"
        return result(name, worked, f"{because}; {case.without_answer}", evidence, latency)
    return result(name, "undecided", because, evidence, latency)


def _told_late(
    case: Case,
    name: str,
    because: str,
    seen: Sequence[Sighted],
    stale: Sequence[Carried],
    there: Sequence[Carried],
    latency: int,
) -> Mechanism:
    """Some who send were told long after the registration: a failure where peers waited for that."""
    last = max(stale, key=lambda one: one.ts)
    because += (
        f"; but {count_of(len(stale), 'packet')} for it went on to {last.locator} until {since(case.after(last.ts))}"
    )
    evidence = [*seen, *sighted([(last.view, last.frame)])]
    back = case.back_at
    if back is not None and back >= last.ts:
        followed = next((one.ts for one in there if one.ts >= last.ts), None)
        because += ": its peers were cut off meanwhile"
        return result(name, "no", because, evidence, case.after(followed) if followed is not None else latency)
    if any(not s.ended and s.peer.survived is None for s in case.suffered):
        return result(name, "undecided", f"{because}; whether their senders waited is not in view", evidence, latency)
    return result(name, "yes", f"{because}, though no peer waited for that", evidence, latency)


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
    if registered is not None and spoke[0] > registered:
        return "; before that the guest had sent nothing with its address, and RARP has none" if watched else ""
    return f", though the guest sent with its address from {since(case.after(spoke[0]))} on"
