"""A host route that follows the guest: RIP, OSPF, EIGRP, BGP, IS-IS (domain notes 4.13, 4.14)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told, of_told, result, segments_of, sighted, since, span
from vmpcap.migration.mechanisms.lost_requests import share_lost
from vmpcap.migration.mechanisms.route_places import PREFIX_ROUTE, by_place, told_anew, why_no_place
from vmpcap.migration.results import Mechanism
from vmpcap.terms.units import NS_PER_S, count_of

WITHIN_NS: Final = {"rip": 30 * NS_PER_S}
"""RFC 2453 3.8: a router repeats itself every 30 s, so news may wait for that."""
WITHIN_OTHERS_NS: Final = 10 * NS_PER_S
"""Others say at once what changed; their daemons hold news back for a second or a few (5 s of EIGRP's hello)."""

OVERLAP_NS: Final = 5 * NS_PER_S
"""For so long an old and a new router may both advertise while the old one learns that the guest has gone."""

AWAY_NS: Final = 5 * NS_PER_S
"""So long before its first announcement a guest may have left its old place."""

FLAPS: Final = 3
"""So many times one router began to advertise the route since the guest moved: once is enough."""
SETTLED_NS: Final = NS_PER_S
"""Routers that have just heard of a new way compute for so long."""

BY_ORIGIN: Final = ("ospf", "isis", "bgp")
"""Protocols whose news say who brought the route up; of the others only the speaker is known."""
LINK_STATE: Final = ("ospf", "isis")
LINK_BY_LINK: Final = ("rip", "eigrp")
"""Protocols in which each router tells its neighbours what it would reach, at which distance."""

SPOKEN_BY: Final = {"bgp": ("bgp", "evpn")}

ROUTER: Final = {"ospf": "router ", "isis": "system "}

NAMES: Final = {"rip": "RIP", "ospf": "OSPF", "eigrp": "EIGRP", "bgp": "BGP", "isis": "IS-IS"}


@dataclass(slots=True)
class Claim:
    """One stretch of time in which somebody advertised the host route."""

    claimant: str
    is_guest: bool
    first: Told[RouteNews]
    last: Told[RouteNews]
    ended: Told[RouteNews] | None = None
    taken_back: Told[RouteNews] | None = None
    """The first withdrawal by one of its speakers; others may pass it on later."""
    speakers: set[str] = field(default_factory=set)

    @property
    def up(self) -> int:
        """Since when, on the reference clock."""
        return self.first.ts

    @property
    def down(self) -> int | None:
        """Until when; None: to the end of the view."""
        return self.ended.ts if self.ended is not None else None


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
    claims = follow_claims(case, name, _between_routers(case, name, by_place(name, news)))
    prefix = next(told.what.prefix for told in news)
    old = [c for c in claims if _stood_before(c, case.moment) and not c.is_guest]
    fresh = [c for c in claims if c.up > case.moment]
    turns = Counter(c.claimant for c in fresh)
    held = {c.claimant for c in fresh if c.down is None or c.down - c.up > SETTLED_NS or turns[c.claimant] >= FLAPS}
    fresh = [c for c in fresh if c.claimant in held]
    ahead = [c for c in fresh if not c.is_guest] or fresh
    if not ahead:
        return _nobody_new(case, name, prefix, claims, old, told_anew(name, news, case.moment))
    new = min(ahead, key=lambda c: c.up)
    answer = _somebody_new(case, name, prefix, old, new, ahead)
    why = why_no_place(case, name, new.first, news)
    if why and (answer.worked == "yes" or case.after(new.up) > WITHIN_OTHERS_NS):
        return msgspec.structs.replace(answer, worked="undecided", because=f"{answer.because}; {why} is not known")
    return answer


def _stood_before(claim: Claim, moment: int) -> bool:
    """Did it hold when the guest moved, or until just before, while it was between its places?"""
    return claim.up <= moment and (claim.down is None or claim.down > moment - AWAY_NS)


def _between_routers(case: Case, name: str, news: Sequence[Told[RouteNews]]) -> list[Told[RouteNews]]:
    """
    Which news tell where the route leads?

    Not what a gateway tells the guest's own network about the guest, where it is known what it tells others.
    """
    if name not in LINK_BY_LINK:
        return list(news)
    beside = {v.name for v in case.views if (v.role or "").startswith("domain:") or segments_of(v, case.guest)}
    mine = [t for t in news if t.what.sender in case.ips or t.view.name not in beside]
    return mine or list(news)


def follow_claims(case: Case, name: str, news: Sequence[Told[RouteNews]]) -> list[Claim]:
    """Who advertised the host route from when to when?"""
    standing: dict[str, Claim] = {}
    found: list[Claim] = []
    spoken: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for told in news:
        what = told.what
        is_guest = what.sender in case.ips
        speaker = f"{what.sender} at {told.view.name}" if is_guest else what.sender
        if what.protocol == "evpn":
            speaker = f"{speaker} {what.origin}"  # of each distinguisher it tells a route apart
        if name in LINK_STATE:
            claimant = speaker = _router(name, what.origin)
            number = what.sequence or 0
            if number < numbers.get(claimant, 0) or (number == numbers.get(claimant) and claimant not in standing):
                continue  # a copy of what is over
            numbers[claimant] = number
        elif name in BY_ORIGIN and what.origin:
            claimant = what.origin
        else:
            claimant = speaker
        if what.action == "withdraw" or spoken.get(speaker, claimant) != claimant:
            _fall_silent(standing, spoken.pop(speaker, ""), speaker, told)
        if what.action == "announce":
            claim = standing.get(claimant)
            if claim is None:
                claim = standing[claimant] = Claim(claimant, is_guest, told, told)
                found.append(claim)
            claim.last = told
            claim.speakers.add(speaker)
            spoken[speaker] = claimant
    return found


def _fall_silent(standing: dict[str, Claim], claimant: str, speaker: str, told: Told[RouteNews]) -> None:
    """This speaker no longer stands for that claimant; the claim ends with its last speaker."""
    claim = standing.get(claimant)
    if claim is None:
        return
    claim.speakers.discard(speaker)
    if told.what.action == "withdraw" and claim.taken_back is None:
        claim.taken_back = told
    if not claim.speakers:
        claim.ended = told
        del standing[claimant]


def _router(name: str, origin: str) -> str:
    """A router's id; of an LSP id only the system."""
    return origin.rsplit(".", 1)[0] if name == "isis" else origin


def _words(name: str, claim: Claim) -> str:
    """How is a claimant called?"""
    if claim.is_guest:
        return f"the guest ({claim.first.what.sender})"
    return f"{ROUTER.get(name, '')}{claim.claimant}"


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
    head = f"no router took {prefix} over by {NAMES[name]} in the {span(waited)} after the switchover"
    for claims_of, verb in (
        ([c for c in old if c.down is None], ""),
        ([c for c in old if c.down is not None], "withdrew"),
    ):
        if claims_of:
            still = verb + " it" if verb else "still do" if len(claims_of) > 1 else "still does"
            head += f"; {' and '.join(_words(name, c) for c in claims_of)} advertised it before and {still}"
    brief = [(c, c.down - c.up) for c in claims if c.up > case.moment and c.down is not None]
    for claim, lasted in brief[:FLAPS]:
        head += f"; {_words(name, claim)} advertised it for {span(lasted)} only"
    if not case.cut_off:
        return result(
            name, "undecided", f"{head}; the guest's peers are not cut off, so it may not have been needed", seen
        )
    if anew:
        who = f"{anew[0].what.sender} tells it since {since(case.after(anew[0].ts))}, which never did before"
        because = f"{head}; {who}: whether that is a way to the new place is not known"
        return result(name, "undecided", because, [*seen, *sighted(of_told(anew))])
    if waited < limit or case.is_partial(name):
        return result(name, "undecided", f"{head}: too short a view to say that it never came", seen)
    return result(name, "no", f"{head}, and the guest's peers get no answer", seen)


def _somebody_new(
    case: Case, name: str, prefix: str, old: Sequence[Claim], new: Claim, fresh: Sequence[Claim]
) -> Mechanism:
    """Somebody advertised it anew: in time, and alone?"""
    latency, limit = case.after(new.up), WITHIN_NS.get(name, WITHIN_OTHERS_NS)
    rivals = [c for c in old if c.claimant != new.claimant and _is_as_near(name, c, fresh)]
    stale = [c for c in rivals if c.down is None]
    left = max((c.down for c in rivals if c.down is not None), default=None)
    came = f"{_words(name, new)} advertised {prefix} by {NAMES[name]} {since(latency)} after the switchover"
    seen = sighted(
        of_told(t for c in ((*stale, new, *rivals) if stale else (new, *rivals)) for t in (c.first, c.ended or c.last))
    )
    back = case.back_at
    turns = [c for c in fresh if c.claimant == new.claimant]
    if len(turns) >= FLAPS + sum(case.guest.mac in trip.macs for trip in case.others):
        because = f"{came}, but took it back and said it again {count_of(len(turns) - 1, 'time')}, "
        because += f"the last time {since(case.after(turns[-1].up))}: it flaps, and each time the guest has no way"
        evidence = sighted(of_told(t for c in turns[:FLAPS] for t in (c.first, c.ended or c.last)))
        return result(name, "no", because, evidence, case.after(turns[-1].up))
    if stale and case.cut_off:
        names = " and ".join(_words(name, c) for c in stale)
        because = (
            f"{names} never withdrew {prefix}: two routers advertise it by {NAMES[name]}, and what goes the old way "
            f"is lost ({came}; {len(case.cut_off)} of {len(case.suffered)} peers get no answer)"
        )
        return result(name, "no", because, seen, latency)
    if left is not None and case.after(left) > OVERLAP_NS and left - new.up > OVERLAP_NS and not stale:
        names = " and ".join(_words(name, c) for c in rivals)
        because = f"{names} went on advertising {prefix} by {NAMES[name]} until {since(case.after(left))}; {came}"
        if back is not None and back > left:
            because += f", but the guest's peers were answered again only {since(case.after(back))}"
        waited_for_it = case.cut_off or (back is not None and back > left)
        return result(name, "no" if waited_for_it or latency > limit else "undecided", because, seen, case.after(left))
    if latency > limit:
        because = f"{came}: later than the {span(limit)} in which {NAMES[name]} says such news"
        return result(name, "no", because, seen, latency)
    if case.cut_off:
        because = f"{came}, yet {len(case.cut_off)} of {len(case.suffered)} peers get no answer: not for want of it"
        return result(name, "undecided", because, seen, latency)
    if back is not None and back - new.up > OVERLAP_NS and stale:
        names = " and ".join(_words(name, c) for c in stale)
        because = f"{came}, but {names} did not withdraw it, and the guest's peers were answered again only "
        return result(name, "no", f"{because}{since(case.after(back))}", seen, case.after(back))
    if back is not None and back - new.up > OVERLAP_NS:
        because = f"{came}, yet the guest's peers were answered again only {since(case.after(back))}"
        return result(name, "undecided", because, seen, latency)
    if stale:
        names = " and ".join(_words(name, c) for c in stale)
        because = f"{came}; {names} still advertises it"
        share = share_lost(case, max(new.up, back or 0) + SETTLED_NS)
        if share is not None and share.is_shared:
            because += (
                f": {share.lost} of {share.asked} pings since {since(case.after(max(new.up, back or 0) + SETTLED_NS))} "
                f"stayed unanswered at {share.view.name}, as where both ways are used"
            )
            because += "" if share.is_proven else "; or their answers left by the other way, which does not pass there"
            evidence = [*seen, *sighted([(share.view, share.first_frame)])]
            return result(name, "no" if share.is_proven else "undecided", because, evidence, latency)
        if not case.watched:
            return result(name, "undecided", f"{because}, and no peer shows which of them is followed", seen, latency)
        return result(name, "yes", f"{because}, but the guest's peers reach it", seen, latency)
    if left is not None:
        when = max((c.taken_back or c.ended or c.last).ts for c in rivals)
        came += f", and {' and '.join(_words(name, c) for c in rivals)} withdrew it {since(case.after(when))}"
    return result(name, "yes", came, seen, latency)


def _is_as_near(name: str, claim: Claim, fresh: Sequence[Claim]) -> bool:
    """
    May others prefer this old way to the new one?

    A router further away than the new one (a larger metric) only passes on what it hears: it is no rival.
    """
    if name not in LINK_BY_LINK:
        return True
    metrics = [c.last.what.metric for c in fresh if not c.is_guest and c.last.what.metric is not None]
    mine = claim.last.what.metric
    return mine is None or not metrics or mine <= min(metrics)
