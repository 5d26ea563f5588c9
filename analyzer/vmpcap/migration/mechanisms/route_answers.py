"""What is said of a host route that somebody new advertises: in time, and alone? One rule after the other."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.guests import on_reference
from vmpcap.migration.mechanisms.case import Case, Told, Worked, joined, of_told, result, sighted, since, span
from vmpcap.migration.mechanisms.first_hand import why_second_hand
from vmpcap.migration.mechanisms.lost_requests import Share, share_lost
from vmpcap.migration.mechanisms.old_place import Astray, lost_at_old_place, way_taken
from vmpcap.migration.mechanisms.route_claims import NAMES, Claim, how_ended, how_lost, is_as_near, words_of
from vmpcap.migration.mechanisms.route_views import is_seen_from_afar
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_S, count_of

WITHIN_NS: Final = {"rip": 30 * NS_PER_S}
"""RFC 2453 3.8: a router repeats itself every 30 s, so news may wait for that."""
WITHIN_OTHERS_NS: Final = 10 * NS_PER_S
"""Others say at once what changed; their daemons hold news back for a second or a few (5 s of EIGRP's hello)."""
TOLD_BY_PATH: Final = ("bgp", "evpn")
"""In these a route shows by itself whether its teller passes it on."""
HELD_NS: Final = {"ospf": NS_PER_S, "isis": NS_PER_S, "eigrp": NS_PER_S}
"""
Within this all routers of a network have heard. Of RIP and BGP each may hold news back for seconds (RFC 2453 3.10.1,
RFC 4271 9.2.1.1).
"""
OVERLAP_NS: Final = 5 * NS_PER_S
"""For so long an old and a new router may both advertise while the old one learns that the guest has gone."""
WATCHED_NS: Final = 3 * NS_PER_S
"""A view that ends sooner after the new one came does not show that an old one stays; real daemons left in 0.2 s."""
FLAPS: Final = 3
"""So many times one router began to advertise the route since the guest moved: once is enough."""
LOST_BEFORE_NS: Final = NS_PER_S
"""A router may turn so long before its word of it is in view."""
SETTLED_NS: Final = NS_PER_S
"""Routers that have just heard of a new way compute for so long."""


@dataclass(frozen=True)
class Taken:
    """Somebody new advertises the route: the facts that the rules ask for. Times after the switchover, ns."""

    case: Case
    name: str
    prefix: str
    old: Sequence[Claim]
    new: Claim
    fresh: Sequence[Claim]

    @cached_property
    def latency(self) -> int:
        """When the new one's route was first seen."""
        return self.case.after(self.new.up)

    @cached_property
    def limit(self) -> int:
        """Within which time such news is said."""
        return WITHIN_NS.get(self.name, WITHIN_OTHERS_NS)

    @property
    def unheard(self) -> int:
        """Of how many peers nobody knows whether they were answered again."""
        return sum(not s.ended and s.peer.survived is None for s in self.case.suffered)

    @property
    def has_old(self) -> bool:
        """Is another in view that advertised it before, as near to the guest? One further away only passed it on."""
        return bool(self.rivals)

    @cached_property
    def second_hand(self) -> str:
        """Why others said it before; empty where it is first-hand."""
        return why_second_hand(self.case, self.name, self.new.first, self.old)

    @cached_property
    def is_late(self) -> bool:
        """Was it later than such news is, whoever said it first? Not where those who pass it on may have held it."""
        held = HELD_NS.get(self.name) if self.second_hand else 0
        return held is not None and self.latency - held > self.limit

    @cached_property
    def rivals(self) -> list[Claim]:
        """Old ways that others may prefer to the new one."""
        return [c for c in self._near if not c.is_lost]

    @cached_property
    def lost_from_view(self) -> list[Claim]:
        """... and those of which nobody knows whether they stand: whoever passed them on is heard no more."""
        return [c for c in self._near if c.is_lost]

    @property
    def _near(self) -> list[Claim]:
        return [c for c in self.old if c.claimant != self.new.claimant and is_as_near(self.name, c, self.fresh)]

    @cached_property
    def stale(self) -> list[Claim]:
        """Those of them that stand to the end of the view."""
        return [c for c in self.rivals if c.down is None]

    @property
    def is_brief(self) -> bool:
        """Ends the view while the old one may yet take it back, as it has time to?"""
        shown = [on_reference(t.view, t.view.last_ts) for c in self.stale for t in (c.first, c.last)]
        return max(shown, default=self.case.end) - max(self.new.up, self.case.moment) <= WATCHED_NS

    @cached_property
    def left(self) -> int | None:
        """When the last of the others was taken back, on the reference clock."""
        return max((c.down for c in self.rivals if c.down is not None), default=None)

    @cached_property
    def left_late(self) -> bool:
        """Did all go, and the last long after the new one had come? Of one seen at second hand nobody knows when."""
        left = self.left
        if left is None or self.stale or self.case.after(left) <= OVERLAP_NS:
            return False
        return bool(self.second_hand) or left - self.new.up > OVERLAP_NS

    @cached_property
    def back(self) -> int | None:
        """When the last interrupted peer was answered again, on the reference clock."""
        return self.case.back_at

    @cached_property
    def waited_for_old(self) -> bool:
        """Were peers answered again only when the old one was gone, or never?"""
        if self.case.cut_off or self.astray is not None:
            return True
        return self.back is not None and self.left is not None and self.back > self.left

    @cached_property
    def astray(self) -> Astray | None:
        """What still went to the guest's old place, and was lost there, long after the new one had come."""
        return lost_at_old_place(self.case, self.new.up + OVERLAP_NS)

    @cached_property
    def back_late(self) -> bool:
        """Did peers wait long after the new one had come?"""
        return self.back is not None and self.back - self.new.up > OVERLAP_NS

    @cached_property
    def turns(self) -> list[Claim]:
        """How often the new one began."""
        return [c for c in self.fresh if c.claimant == self.new.claimant]

    @cached_property
    def given_up(self) -> Claim | None:
        """Which claim was taken back last, where nobody's route stands any more since? Not of one lost from view."""
        every = [*self.fresh, *self.old]
        if any(c.down is None or c.is_lost for c in every):
            return None
        last = max(every, key=lambda c: c.down or 0)
        return last if last in self.fresh else None

    @cached_property
    def lost_since(self) -> list[int]:
        """Since when does each peer that lost the guest for good get no answer, on the reference clock?"""
        begun = [(s.view, s.later.first_unanswered_ts if s.later is not None else s.from_ts) for s in self._gone]
        return [on_reference(view, ts) for view, ts in begun if view is not None and ts is not None]

    @property
    def _gone(self) -> list[Suffered]:
        return [s for s in self.case.suffered if s.is_cut_off or s.later is not None]

    @cached_property
    def lost_with_it(self) -> bool:
        """Did every peer that lost the guest lose it when the last route was taken back?"""
        gone = self.given_up
        if gone is None or gone.down is None or len(self.lost_since) < len(self._gone):
            return False
        down = gone.down
        return bool(self.lost_since) and all(-LOST_BEFORE_NS <= ts - down <= OVERLAP_NS for ts in self.lost_since)

    @cached_property
    def hole(self) -> tuple[Claim, Claim] | None:
        """Between which two of its turns did nobody advertise the route for long, while a peer had no answer?"""
        turns = sorted(self.turns, key=lambda c: c.up)
        for before, after in itertools.pairwise(turns):
            down = before.down
            if down is None or before.is_lost or after.up - down <= SETTLED_NS:
                continue
            others = [c for c in (*self.fresh, *self.old) if c is not before and c is not after]
            is_none = all(c.down is not None and (c.down <= down or c.up >= after.up) for c in others)
            if is_none and any(begin < after.up and end > down for begin, end in self._outages):
                return before, after
        return None

    @property
    def _outages(self) -> list[tuple[int, int]]:
        """From when to when was each peer cut off that was answered again, on the reference clock?"""
        known = [(s.view, s.from_ts, s.to_ts) for s in self.case.suffered if s.ended and s.peer.outage_ms]
        return [(on_reference(v, a), on_reference(v, b)) for v, a, b in known if v is not None and a and b]

    @cached_property
    def share(self) -> Share | None:
        """How many requests are lost since both stand."""
        return share_lost(self.case, self.settled)

    @property
    def settled(self) -> int:
        """Since when routers and peers have settled, on the reference clock."""
        return max(self.new.up, self.back or 0) + SETTLED_NS

    @cached_property
    def came(self) -> str:
        """Who advertises it since when; where others said it before, what is known of that."""
        by, first = NAMES[self.name], self.new.first
        if self.second_hand:
            whose = "" if self.new.claimant == first.what.sender else f" of {words_of(self.name, self.new)}"
            return (
                f"a route{whose} to {self.prefix} by {by} was first seen at {first.view.name} from {first.what.sender},"
                f" {self.second_hand} (who said it first is not in view, so it came at most {since(self.latency)} after"
                " the switchover)"
            )
        who = words_of(self.name, self.new)
        return f"{who} advertised {self.prefix} by {by} {since(self.latency)} after the switchover"

    @cached_property
    def seen(self) -> list[Sighted]:
        """The frames in which each began and ended; what stands wrongly first."""
        told = (*self.stale, self.new, *self.rivals, *self.lost_from_view)
        return sighted(of_told(t for c in told for t in (c.first, c.ended or c.last)))

    @property
    def lost(self) -> str:
        """How many peers get no answer; where nobody knows that of any, what is lost at the old place."""
        return self.astray.words(self.case) if self.astray and not self.case.cut_off else self.case.without_answer


def _names(one: Taken, claims: Sequence[Claim]) -> str:
    return " and ".join(words_of(one.name, c) for c in claims)


def _back(one: Taken) -> str:
    return since(one.case.after(one.back or 0))


def _flaps(one: Taken) -> str:
    last = since(one.case.after(one.turns[-1].up))
    because = f"{one.came}, but took it back and said it again {count_of(len(one.turns) - 1, 'time')}, "
    return f"{because}the last time {last}: it flaps, and each time the guest has no way"


def _never_withdrawn(one: Taken) -> str:
    return (
        f"{_names(one, one.stale)} never withdrew {one.prefix}: two routers advertise it by {NAMES[one.name]}, and what"
        f" goes the old way is lost ({one.came}; {one.lost})"
    )


def _not_yet_withdrawn(one: Taken) -> str:
    held = "have" if len(one.stale) > 1 else "has"
    return (
        f"{one.came}; {_names(one, one.stale)} {held} not withdrawn it: too short a view to say that this never came"
        f" ({one.lost})"
    )


def _withdrawn_late(one: Taken) -> str:
    until = since(one.case.after(one.left or 0))
    names = _names(one, one.rivals)
    because = f"{names} went on advertising {one.prefix} by {NAMES[one.name]} until {until}; {one.came}"
    if one.back is not None and one.left is not None and one.back > one.left:
        because += f", but the guest's peers were answered again only {_back(one)}"
    elif one.astray is not None:
        because += f"; {one.lost}"
    return because


def _late(one: Taken) -> str:
    return f"{one.came}: later than the {span(one.limit)} in which {NAMES[one.name]} says such news"


def _not_for_want(one: Taken) -> str:
    because = f"{_followed(one)}, yet {one.lost}: not for want of it"
    return because if one.has_old else f"{because}; whether another still advertises it is not in view"


def _given_up(one: Taken) -> str:
    gone = one.given_up
    assert gone is not None
    when = since(one.case.after(gone.down or 0))
    because = f"{_followed(one)}, but {words_of(one.name, gone)} took it back {when}{how_ended([gone])}"
    because += " and nobody has advertised it since"
    if one.lost_with_it:
        first, streams = since(one.case.after(min(one.lost_since))), count_of(len(one.case.suffered), "stream")
        return f"{because}; {len(one.lost_since)} of {streams} with its peers got no answer from {first} on"
    return f"{because}; {one.lost}: whether for want of it is not known"


def _hole(one: Taken) -> str:
    assert one.hole is not None
    before, after = one.hole
    gone, again = (since(one.case.after(ts)) for ts in (before.down or 0, after.up))
    because = f"{one.came}, but took it back {gone}{how_ended([before])} and said it again {again}: in between nobody"
    return f"{because} advertised it, and a peer had no answer"


def _back_late_beside_old(one: Taken) -> str:
    names = _names(one, one.stale)
    return f"{one.came}, but {names} did not withdraw it, and the guest's peers were answered again only {_back(one)}"


def _back_late(one: Taken) -> str:
    return f"{one.came}, yet the guest's peers were answered again only {_back(one)}"


def _both(one: Taken) -> str:
    return f"{one.came}; {_names(one, one.stale)} still advertises it"


def _both_used(one: Taken) -> str:
    share = one.share
    assert share is not None
    because = (
        f"{_both(one)}: {share.lost} of {share.asked} pings since {since(one.case.after(one.settled))} "
        f"stayed unanswered at {share.view.name}, as where both ways are used"
    )
    return because + ("" if share.is_proven else "; or their answers left by the other way, which does not pass there")


def _followed(one: Taken) -> str:
    if one.left is None:
        return one.came
    last = max(one.rivals, key=lambda c: _taken_back(c).ts)
    when, teller = since(one.case.after(_taken_back(last).ts)), _passed_on_by(one, last)
    when = f"at most {when} ({teller} passed that on)" if teller else when
    return f"{one.came}, and {_names(one, one.rivals)} withdrew it {when}{how_ended(one.rivals)}"


def _taken_back(claim: Claim) -> Told[RouteNews]:
    return claim.taken_back or claim.ended or claim.last


def _passed_on_by(one: Taken, claim: Claim) -> str:
    """Who told that the route was withdrawn, where that one had told the route at second hand too? Empty: itself."""
    teller = _taken_back(claim).what.sender
    if one.name not in TOLD_BY_PATH or teller != claim.first.what.sender:
        return ""
    return teller if why_second_hand(one.case, one.name, claim.first, ()) else ""


def _own_latency(one: Taken) -> int | None:
    return one.latency


@dataclass(frozen=True, slots=True)
class Rule:
    """One answer: where it holds, what it says, and which time it gives."""

    holds: Callable[[Taken], bool]
    worked: Worked
    because: Callable[[Taken], str]
    latency: Callable[[Taken], int | None] = _own_latency


def _is_flapping(one: Taken) -> bool:
    """Once more than the guest itself moved, and more often than chance?"""
    return len(one.turns) >= FLAPS + sum(one.case.guest.mac in trip.macs for trip in one.case.others)


def _both_ways_lose(one: Taken) -> bool:
    return bool(one.stale) and one.share is not None and one.share.is_shared


def _until_old_left(one: Taken) -> int | None:
    return None if one.left is None else one.case.after(one.left)


def _until_back(one: Taken) -> int | None:
    return None if one.back is None else one.case.after(one.back)


# fmt: off
RULES: Final = (
    Rule(_is_flapping, "no", _flaps, lambda t: t.case.after(t.turns[-1].up)),
    Rule(lambda t: bool(t.stale and t.case.cut_off) and not t.is_brief, "no", _never_withdrawn),
    Rule(lambda t: bool(t.stale and t.astray), "no", _never_withdrawn),
    Rule(lambda t: t.left_late and (t.waited_for_old or t.is_late), "no", _withdrawn_late, _until_old_left),
    Rule(lambda t: t.left_late, "undecided", _withdrawn_late, _until_old_left),
    Rule(lambda t: t.is_late, "no", _late),
    Rule(lambda t: t.latency > t.limit, "undecided", lambda t: f"{t.came}: whether that was in time is not known"),
    Rule(lambda t: t.lost_with_it, "no", _given_up),
    Rule(lambda t: bool(t.given_up and (t.case.cut_off or t.astray)), "undecided", _given_up),
    Rule(lambda t: bool(t.stale and t.case.cut_off), "undecided", _not_yet_withdrawn),
    Rule(lambda t: bool(t.case.cut_off), "undecided", _not_for_want),
    Rule(lambda t: t.hole is not None, "undecided", _hole),
    Rule(lambda t: t.back_late and bool(t.stale), "no", _back_late_beside_old, _until_back),
    Rule(lambda t: t.back_late, "undecided", _back_late),
    Rule(lambda t: bool(t.astray), "undecided", _not_for_want),
    Rule(lambda t: _both_ways_lose(t) and t.share is not None and t.share.is_proven, "no", _both_used),
    Rule(_both_ways_lose, "undecided", _both_used),
    Rule(lambda t: bool(t.stale) and not t.case.watched, "undecided",
         lambda t: f"{_both(t)}, and {way_taken(t.case, t.settled)}"),
    Rule(lambda t: bool(t.stale and t.unheard), "undecided",
         lambda t: f"{_both(t)}, and whether {count_of(t.unheard, 'peer')} of {len(t.case.suffered)} reached the guest "
                   "again is not in view"),
    Rule(lambda t: bool(t.stale), "yes", lambda t: f"{_both(t)}, but the guest's peers reach it"),
    Rule(lambda t: bool(t.lost_from_view), "undecided",
         lambda t: f"{t.came}; {how_lost(t.name, t.lost_from_view)}"),
    Rule(lambda t: not t.has_old and not is_seen_from_afar(t.case), "undecided",
         lambda t: f"{t.came}; who advertised it before, and whether that one still does, is not in view, and no "
                   "point far from both ways shows what its peers met"),
    Rule(lambda t: True, "yes", _followed),
)
# fmt: on
"""The first that holds answers: what is certain of harm before what is in order."""


def answer(one: Taken) -> Mechanism:
    """What does the first rule that holds say?"""
    rule = next(rule for rule in RULES if rule.holds(one))
    latency = rule.latency(one)
    said = result(one.name, rule.worked, rule.because(one), _evidence(one, rule), latency)
    return msgspec.structs.replace(said, latency_is_at_most=bool(one.second_hand) and latency == one.latency)


def _evidence(one: Taken, rule: Rule) -> list[Sighted]:
    if rule.because is _flaps:
        return sighted(of_told(t for c in one.turns[:FLAPS] for t in (c.first, c.ended or c.last)))
    if one.given_up is not None and rule.because is _given_up:
        ends = of_told((one.given_up.first, one.given_up.ended or one.given_up.last))
        return joined(one.seen, sighted(ends))
    if one.hole is not None and rule.because is _hole:
        return sighted(of_told(t for c in one.hole for t in (c.first, c.ended or c.last)))
    if one.astray is not None and rule.because in (_never_withdrawn, _withdrawn_late, _not_for_want):
        return [*one.seen, *sighted(one.astray.frames)]
    if rule.because is _both_used and one.share is not None:
        return [*one.seen, *sighted([(one.share.view, one.share.first_frame)])]
    return one.seen
