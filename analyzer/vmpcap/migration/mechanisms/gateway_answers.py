"""What is said of one group of a virtual gateway: one rule after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec

from vmpcap.migration.mechanisms.case import Case, Worked, of_told, result, sighted, since, span
from vmpcap.migration.mechanisms.gateway_gaps import say_if_nobody_stood
from vmpcap.migration.mechanisms.gateway_groups import Key, macs_of
from vmpcap.migration.mechanisms.gateway_hellos import (
    Hello,
    Silence,
    addresses_of,
    routers_at,
    samples,
    side_of,
    silent_at,
    virtual_mac,
    who,
    words_of,
)
from vmpcap.migration.mechanisms.gateway_leaks import LEAST_CROSSING, Leak, find_leak
from vmpcap.migration.mechanisms.gateway_use import Crossing, Target, find_crossing, shown_by, target_of
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import mac_text
from vmpcap.terms.units import count_of

NAMES: Final = {"hsrp": "HSRP", "vrrp": "VRRP", "glbp": "GLBP"}
SITES: Final = {"domain:destination", "domain:source"}


@dataclass(frozen=True)
class Group:
    """
    One group of one address family: its number may serve the other, too, with routers of their own.

    RFC 9568 5.2.3: IPv4 and IPv6 are virtual routers apart.
    """

    case: Case
    name: str
    hellos: Sequence[Hello]

    @cached_property
    def active(self) -> list[Hello]:
        """Hellos of active routers since the switchover; of all the time where there are none."""
        said = [t for t in self.hellos if t.what.state == "active"]
        later = [t for t in said if not t.what.is_leaving and t.ts >= self.case.moment]
        return later or said

    @cached_property
    def at_new(self) -> set[str]:
        """Who is active at the new site."""
        return routers_at(self.active, self.hellos, "domain:destination")

    @cached_property
    def at_old(self) -> set[str]:
        """... and at the old."""
        return routers_at(self.active, self.hellos, "domain:source")

    @property
    def are_apart(self) -> bool:
        """Has each site its own?"""
        return bool(self.at_new and self.at_old) and not self.at_new & self.at_old

    @property
    def is_shared(self) -> bool:
        """Is one active for both?"""
        return bool(self.at_new & self.at_old)

    @cached_property
    def vmac(self) -> int:
        """Under which MAC the gateway is reached."""
        return virtual_mac(self.hellos[0].what)

    @cached_property
    def leak(self) -> Leak | None:
        """What of that MAC crosses between the sites."""
        return find_leak(self.case, self.vmac)

    @property
    def meets(self) -> bool:
        """Is that MAC in the domains of both sites?"""
        return self.leak is not None and self.leak.met >= LEAST_CROSSING

    @property
    def key(self) -> Key:
        """Its number, and whether it is IPv6's."""
        return self.hellos[0].what.group, ":" in self.hellos[0].what.sender

    @cached_property
    def macs(self) -> set[int]:
        """Under which MACs the guest may reach it: a router may answer with its own."""
        return macs_of(self.case, self.key, self.hellos)

    @cached_property
    def used(self) -> Crossing | None:
        """Where the guest's packets to it leave the new site."""
        return find_crossing(self.case, self.macs)

    @property
    def leaves(self) -> bool:
        """Do they so to the end, neither as a flood of a switch nor on their way to the new site's own router?"""
        if self.target is not None and self.target.routers <= self.at_new - self.at_old:
            return False
        return self.used is not None and self.used.stays is None and self.used.is_sent_back

    @property
    def stays(self) -> bool:
        """Did they once, and none since?"""
        return self.used is not None and self.used.stays is not None and self.used.is_sent_back

    @cached_property
    def target(self) -> Target | None:
        """Whose own MAC the guest sends to."""
        return target_of(self.case, self.hellos, self.macs)

    @property
    def is_of_the_old(self) -> bool:
        """Is that a router of the old site alone?"""
        return self.target is not None and self.target.routers <= self.at_old - self.at_new

    @cached_property
    def side(self) -> str:
        """On which side the one active router stands, where only its hellos tell: the guest's packets show more."""
        own = [t for t in self.active if t.what.sender in self.at_new | self.at_old]
        is_shown = self.used is not None and self.used.until >= min((t.ts for t in own), default=0)
        return "" if is_shown else side_of(self.case, own)

    @cached_property
    def silences(self) -> list[Silence]:
        """
        Where its hellos ended long before the captures did: at the new site first.

        One that was active for both sites after the switchover was so, whatever became of it later.
        """
        if self.is_shared and any(t.ts >= self.case.moment for t in self.active):
            return []
        found = (silent_at(self.case, self.hellos, role) for role in ("domain:destination", "domain:source"))
        return [silence for silence in found if silence is not None]

    @property
    def is_gone(self) -> bool:
        """Does nobody stand for it at the new site, where hellos would be seen, while peers are lost?"""
        at_new = [s for s in self.silences if s.last.view.role == "domain:destination"]
        return bool(self.case.cut_off) and any(s.is_seen for s in at_new)

    @cached_property
    def heard(self) -> int:
        """When the new site's own was first heard there, after the switchover; ns."""
        own = (t for t in self.active if t.view.role == "domain:destination" and t.what.sender in self.at_new)
        return self.case.after(min(t.ts for t in own))

    @property
    def was_active_before(self) -> bool:
        """Was the new site's own router active there when the guest had not come yet?"""
        own = (t for t in self.hellos if t.view.role == "domain:destination" and t.what.sender in self.at_new)
        return any(t.what.state == "active" and t.ts < self.case.moment for t in own)

    @cached_property
    def handed_over(self) -> str:
        """Which routers were active in turn, one after the other, and since when the last is; empty where none was."""
        now = self.at_new | self.at_old
        begun: dict[tuple[str, str], int] = {}
        for role, standing in (("domain:destination", self.at_new), ("domain:source", self.at_old)):
            there = [t for t in self.active if t.view.role == role]
            before = {t.what.sender for t in there} - now
            if before and standing:
                names = words_of(before), words_of(standing)
                first = min(t.ts for t in there if t.what.sender in standing)
                begun[names] = min(first, begun.get(names, first))
        return "".join(
            f" ({gone} was active before and gave way: {came} since {since(self.case.after(ts))})"
            for (gone, came), ts in begun.items()
        )

    @property
    def title(self) -> str:
        """The group in words."""
        return f"{NAMES[self.name]} group {self.hellos[0].what.group} ({addresses_of(self.hellos)})"


def _silent(one: Group) -> str:
    told = []
    for silence in one.silences:
        site = "new" if silence.last.view.role == "domain:destination" else "old"
        told.append(
            f"the last hello of an active router at the {site} site is {silence.last.what.sender}'s, "
            f"{since(one.case.after(silence.last.ts))}, and none came in {span(silence.lasted)} since, with a hold "
            f"time of {span(silence.hold)}"
        )
    return "; ".join(told)


def _gone(one: Group) -> str:
    return f"{_silent(one)}: nobody stands for the gateway there any more, and {one.case.without_answer}"


def _silent_or_unseen(one: Group) -> str:
    return f"{_silent(one)}: whether nobody stands for the gateway there, or hellos are no longer seen, is not known"


def _several(one: Group) -> str:
    site, there = ("new", one.at_new) if len(one.at_new) > 1 else ("old", one.at_old)
    return f"{words_of(there)} are active in one domain, at the {site} site"


def _one_mac_at_both(one: Group) -> str:
    leak = one.leak
    assert leak is not None
    crosses = f"crosses {leak.view.name}" if leak.into is None else f"is at {leak.view.name} and {leak.into.name} alike"
    return (
        f"{words_of(one.at_old)} is active at the old site and {words_of(one.at_new)} at the new, but both under "
        f"{mac_text(one.vmac)}, which {crosses} and is in the domain of both sites "
        f"({count_of(leak.met, 'frame')}): switches see it move"
    )


def _own_each(one: Group) -> str:
    if one.heard < 0:
        heard = "not heard there after the switchover"
    elif one.was_active_before:
        heard = f"active there before the guest came, and heard again {since(one.heard)}"
    else:
        heard = f"first heard there {since(one.heard)}"
    names = f"{words_of(one.at_old)} at the old and {words_of(one.at_new)} at the new"
    return f"each site has its own active router, {names} ({heard})"


def _passed(one: Group) -> str:
    leak = one.leak
    assert leak is not None
    return f"{_own_each(one)}; {count_of(leak.count, 'frame')} from {mac_text(one.vmac)} passed {leak.view.name}"


def _passed_whither(one: Group) -> str:
    unknown = one.leak.unknown if one.leak is not None else ""
    if one.leak is not None and one.leak.into is not None:
        there = f"{_passed(one)}, and frames like them {one.leak.into.name} at that time"
        return f"{there}; whether they are the same, and cross between the sites, is not known: {unknown}"
    return f"{_passed(one)}, and whether they came into the other site's domain is not known: {unknown}"


def _filtered(one: Group) -> str:
    return f"{_passed(one)}, but did not come into the other site's domain: a filter stands behind that point"


def _one_for_both(one: Group) -> str:
    because = (
        f"one router, {words_of(one.at_new)}, is active for both sites and its hellos cross between them: "
        "the guest's gateway did not move with it"
    )
    if one.used is None:
        return because
    return f"{because} ({_crossed_words(one)})"


def _crossed_words(one: Group) -> str:
    used = one.used
    assert used is not None
    way = "crossed" if used.view.role == "wan" else "came into the old site's domain at"
    return f"{count_of(used.count, 'packet')} of it to {mac_text(used.mac)} {way} {used.view.name}"


def _stays_since(one: Group) -> str:
    used = one.used
    assert used is not None
    assert used.stays is not None
    last, first = since(one.case.after(used.until)), since(one.case.after(used.stays[2]))
    return f"{_crossed_words(one)} until {last}; those from {first} on stay at the new site"


def _one_came_over(one: Group) -> str:
    return (
        f"one router, {words_of(one.at_new)}, is active for both sites and its hellos cross between them; it takes the "
        f"guest's packets at its new site: {_stays_since(one)}"
    )


def _sends_to_the_old(one: Group) -> str:
    if one.used is not None and one.leaves:
        last = since(one.case.after(one.used.until))
        told = f"{_crossed_words(one)}, the last {last}"
    else:
        target = one.target
        assert target is not None
        names = words_of(set(target.routers))
        told = f"{count_of(target.count, 'packet')} of it went to {mac_text(target.mac)}, which is that of {names}"
    return f"{_own_each(one)}, but the guest goes on using the old site's: {told}"


def _came_to_its_own(one: Group) -> str:
    return f"{_own_each(one)}; {_stays_since(one)}"


def _leaked(one: Group) -> list[tuple[PointView, int]]:
    return [] if one.leak is None else [(one.leak.view, one.leak.first_frame)]


def _crossed(one: Group) -> list[tuple[PointView, int]]:
    if one.used is not None:
        return list(shown_by(one.used))
    if not one.is_of_the_old or one.target is None:
        return []
    return [(one.target.view, frame) for frame in (one.target.first_frame, one.target.last_frame)]


def _nothing(one: Group) -> list[tuple[PointView, int]]:
    return []


def _no_time(one: Group) -> int | None:
    return None


def _when_heard(one: Group) -> int | None:
    return one.heard if one.heard >= 0 else None


def _when_it_stayed(one: Group) -> int | None:
    return one.case.after(one.used.stays[2]) if one.used is not None and one.used.stays is not None else None


@dataclass(frozen=True, slots=True)
class Rule:
    """One answer: where it holds, what it says, which frames show it beside the hellos, since when, ns."""

    holds: Callable[[Group], bool]
    worked: Worked
    because: Callable[[Group], str]
    shown_by: Callable[[Group], list[tuple[PointView, int]]] = _nothing
    since: Callable[[Group], int | None] = _no_time


# fmt: off
RULES: Final = (
    Rule(lambda g: not {view.role for view in g.case.views} >= SITES, "undecided",
         lambda g: f"{who(g.active)}; it takes a point in the guest's domain at each site to say whose it is"),
    Rule(lambda g: not g.at_new and not g.at_old, "undecided",
         lambda g: f"{who(g.active)}; no hello of an active router is in view in the guest's domain at either site"),
    Rule(lambda g: len(g.at_new) > 1 or len(g.at_old) > 1, "no", _several),
    Rule(lambda g: g.are_apart and g.meets, "no", _one_mac_at_both, _leaked),
    Rule(lambda g: g.is_gone, "no", _gone),
    Rule(lambda g: bool(g.silences), "undecided", _silent_or_unseen),
    Rule(lambda g: g.are_apart and (g.leaves or g.is_of_the_old), "no", _sends_to_the_old, _crossed),
    Rule(lambda g: g.are_apart and g.stays and g.leak is None, "yes", _came_to_its_own, _crossed, _when_it_stayed),
    Rule(lambda g: g.are_apart and g.leak is None, "yes", _own_each, since=_when_heard),
    Rule(lambda g: g.are_apart and g.leak is not None and bool(g.leak.unknown), "undecided", _passed_whither, _leaked),
    Rule(lambda g: g.are_apart, "yes", _filtered, _leaked, _when_heard),
    Rule(lambda g: g.is_shared and g.stays, "yes", _one_came_over, _crossed, _when_it_stayed),
    Rule(lambda g: g.is_shared and g.side == "new", "undecided",
         lambda g: f"{_one_for_both(g)}, but it is the new site's", _crossed),
    Rule(lambda g: g.is_shared, "no", _one_for_both, _crossed),
    Rule(lambda g: bool(g.at_old), "undecided",
         lambda g: f"{words_of(g.at_old)} is active at the old site; no hello was seen at the new one"),
    Rule(lambda g: True, "undecided",
         lambda g: f"{words_of(g.at_new)} is active at the new site, the old shows none"),
)
# fmt: on
"""The first that holds answers."""


def answer(case: Case, name: str, hellos: Sequence[Hello]) -> Mechanism:
    """What does the first rule that holds say of this group?"""
    group = Group(case, name, hellos)
    rule = next(rule for rule in RULES if rule.holds(group))
    seen = [*sighted(of_told(samples(group.active))), *sighted(rule.shown_by(group))]
    latency = rule.since(group)
    said = result(name, rule.worked, f"{group.title}: {rule.because(group)}{group.handed_over}", seen, latency)
    said = msgspec.structs.replace(
        said, latency_is_at_most=rule.since is _when_heard and latency is not None and group.was_active_before
    )
    return say_if_nobody_stood(case, said, hellos)
