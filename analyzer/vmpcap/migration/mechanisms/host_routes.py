"""A host route that follows the guest: RIP, OSPF, EIGRP, BGP, IS-IS (domain notes 4.13, 4.14)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told, of_told, result, segments_of, sighted, since, span
from vmpcap.migration.mechanisms.last_words import say_if_new_fell_silent, say_who_fell_silent
from vmpcap.migration.mechanisms.old_place import lost_at_old_place
from vmpcap.migration.mechanisms.route_answers import FLAPS, answer
from vmpcap.migration.mechanisms.route_claims import (
    LINK_BY_LINK,
    NAMES,
    Claim,
    follow_claims,
    how_ended,
    how_lost,
    words_of,
)
from vmpcap.migration.mechanisms.route_places import PREFIX_ROUTE, by_place, told_anew, why_no_place
from vmpcap.migration.mechanisms.route_taken import OVERLAP_NS, SETTLED_NS, WITHIN_NS, WITHIN_OTHERS_NS, Taken
from vmpcap.migration.mechanisms.route_views import is_silent, who_missed_it, why_not_shown
from vmpcap.migration.peers.left_speakers import left_speakers
from vmpcap.migration.results import Mechanism
from vmpcap.terms.units import NS_PER_S

AWAY_NS: Final = 5 * NS_PER_S
"""So long before its first announcement a guest may have left its old place."""

SPOKEN_BY: Final = {"bgp": ("bgp", "evpn")}


def judge_host_route(case: Case, name: str) -> Mechanism | None:
    """
    Did the guest's host route follow it, and did the old one go?

    None where nobody ever advertised one: routes of whole networks do not follow guests.
    """
    hosts = {f"{ip}/{128 if ':' in ip else 32}" for ip in case.ips}
    news = [told for told in case.routes(*SPOKEN_BY.get(name, (name,))) if told.what.prefix in hosts]
    news = [told for told in news if told.what.protocol == name or told.what.reason == PREFIX_ROUTE]
    if not any(told.what.action == "announce" for told in news):
        return None
    left = left_speakers(case.guest, case.views, case.moment).old
    case = replace(case, suffered=tuple(s for s in case.suffered if s.peer.peer not in left))
    claims = follow_claims(case, name, by_place(case, name, _between_routers(case, name, news)))
    prefix = next(told.what.prefix for told in news)
    old = [c for c in claims if _stood_before(c, case.moment) and not c.is_guest]
    fresh = [c for c in claims if c.up > case.moment]
    turns = Counter(c.claimant for c in fresh)
    held = {c.claimant for c in fresh if _is_held(c) or turns[c.claimant] >= FLAPS}
    fresh = [c for c in fresh if c.claimant in held]
    ahead = [c for c in fresh if not c.is_guest] or fresh
    if not ahead:
        nobody = _nobody_new(case, name, prefix, claims, old, told_anew(name, news, case.moment))
        return say_who_fell_silent(case, name, nobody, old)
    new = min(ahead, key=lambda c: c.up)
    said = say_who_fell_silent(case, name, answer(Taken(case, name, prefix, old, new, ahead)), old)
    said = say_if_new_fell_silent(case, name, said, new)
    why = why_no_place(case, name, new.first, news)
    if why and (said.worked == "yes" or case.after(new.up) > WITHIN_OTHERS_NS):
        return msgspec.structs.replace(said, worked="undecided", because=f"{said.because}; {why} is not known")
    return said


def _stood_before(claim: Claim, moment: int) -> bool:
    """Did it hold when the guest moved, or until just before, while it was between its places?"""
    return claim.up <= moment and (claim.down is None or claim.down > moment - AWAY_NS)


def _is_held(claim: Claim) -> bool:
    """Did it hold for longer than routers compute, as far as is in view?"""
    return claim.down is None or claim.is_lost or claim.down - claim.up > SETTLED_NS


def _between_routers(case: Case, name: str, news: Sequence[Told[RouteNews]]) -> list[Told[RouteNews]]:
    """
    Which news tell where the route leads?

    Not what a gateway tells the guest's own network about the guest, nor what a speaker tells the guest itself, where
    it is known what they tell others.
    """
    if name in LINK_BY_LINK:
        beside = {v.name for v in case.views if (v.role or "").startswith("domain:") or segments_of(v, case.guest)}
        mine = [t for t in news if t.what.sender in case.ips or t.view.name not in beside]
    else:
        mine = [t for t in news if t.what.told_to not in case.ips]
    return mine or list(news)


def _nobody_new(
    case: Case,
    name: str,
    prefix: str,
    claims: Sequence[Claim],
    old: Sequence[Claim],
    anew: Sequence[Told[RouteNews]],
) -> Mechanism:
    """Nobody advertised it anew after the switchover, or took it back at once."""
    seen = sighted(of_told(t for c in claims for t in (c.first, c.ended or c.last)))
    waited, limit = case.after(case.end), WITHIN_NS.get(name, WITHIN_OTHERS_NS)
    unseen = why_not_shown(case, SPOKEN_BY.get(name, (name,)), name, old)
    took = "was seen to take" if unseen else "took"
    head = f"no router {took} {prefix} over by {NAMES[name]} in the {span(waited)} after the switchover"
    for claims_of, verb in (
        ([c for c in old if c.down is None], ""),
        ([c for c in old if c.down is not None and not c.is_lost], "withdrew"),
    ):
        if claims_of:
            still = verb + " it" if verb else "still do" if len(claims_of) > 1 else "still does"
            still = "not since" if not verb and all(is_silent(case, name, c) for c in claims_of) else still
            names = " and ".join(words_of(name, c) for c in claims_of)
            head += f"; {names} advertised it before and {still}{how_ended(claims_of)}"
    lost = [c for c in old if c.is_lost]
    if lost:
        head += f"; {' and '.join(words_of(name, c) for c in lost)} advertised it before, and {how_lost(name, lost)}"
    brief = [(c, c.down - c.up) for c in claims if c.up > case.moment and c.down is not None]
    for claim, lasted in brief[:FLAPS]:
        head += f"; {words_of(name, claim)} advertised it for {span(lasted)} only"
    if unseen:
        return result(name, "undecided", f"{head}; {unseen}", seen)
    astray = None if case.cut_off else lost_at_old_place(case, case.moment + OVERLAP_NS)
    if astray is not None:
        seen = [*seen, *sighted(astray.frames)]
    elif not case.cut_off:
        return result(name, "undecided", f"{head}; {who_missed_it(case)}", seen)
    if anew:
        who = f"{anew[0].what.sender} tells it since {since(case.after(anew[0].ts))}, which never did before"
        because = f"{head}; {who}: whether that is a way to the new place is not known"
        return result(name, "undecided", because, [*seen, *sighted(of_told(anew))])
    if lost:
        return result(name, "undecided", head, seen)
    if waited < limit or case.is_partial(name):
        return result(name, "undecided", f"{head}: too short a view to say that it never came", seen)
    missed = "the guest's peers get no answer" if astray is None else astray.words(case)
    return result(name, "no", f"{head}, and {missed}", seen)
