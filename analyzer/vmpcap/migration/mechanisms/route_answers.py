"""What is said of a host route that somebody new advertises: in time, and alone? One rule after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Told, Worked, joined, of_told, result, sighted, since, span
from vmpcap.migration.mechanisms.first_hand import why_second_hand
from vmpcap.migration.mechanisms.old_place import way_taken
from vmpcap.migration.mechanisms.route_claims import (
    LINK_BY_LINK,
    NAMES,
    Claim,
    how_ended,
    how_lost,
    who_passed_on,
    words_of,
)
from vmpcap.migration.mechanisms.route_taken import Taken
from vmpcap.migration.mechanisms.route_views import is_seen_from_afar
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.terms.units import NS_PER_S, count_of

TOLD_BY_PATH: Final = ("bgp", "evpn")
"""In these a route shows by itself whether its teller passes it on."""
SPREAD: Final = 7
"""Of two ways one is taken by all of so many by chance less than once in a hundred times."""
FLAPS: Final = 3
"""So many times one router began to advertise the route since the guest moved: once is enough."""


def _names(one: Taken, claims: Sequence[Claim]) -> str:
    return " and ".join(words_of(one.name, c) for c in claims)


def _back(one: Taken) -> str:
    return one.case.back_words


def _flaps(one: Taken) -> str:
    last = since(one.case.after(one.turns[-1].up))
    because = f"{one.came}, but took it back and said it again {count_of(len(one.turns) - 1, 'time')}, "
    because = f"{because}the last time {last}: it flaps"
    if one.covered:
        return f"{because}; {one.covered} stood all the time, and no peer was seen to lose it"
    return f"{because}, and each time the guest has no way" if one.case.suffered else because


def _never_withdrawn(one: Taken) -> str:
    names = _names(one, one.stale)
    stays = f"{names} never withdrew {one.prefix}"
    if one.is_brief:
        stays = f"in {one.watched / NS_PER_S:.1f} s of view {names} did not withdraw {one.prefix}"
    ways = f"two routers advertise it by {NAMES[one.name]}, and what goes the old way is lost"
    refused = f"; {one.refused.words(one.case)}" if one.refused is not None and one.handed is None else ""
    return f"{stays}: {ways} ({one.came}; {one.lost}{refused})"


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


def _lapsed(one: Taken) -> str:
    ended = how_ended(c for c in one.turns if c.down in {lapse.begin for lapse in one.lapses})
    return f"{one.came}, but {one.lapsed[1]}{ended}: in between nobody advertised it"


def _returned(one: Taken) -> str:
    claim = one.returned
    assert claim is not None
    because = f"{_followed(one)}, but {words_of(one.name, claim)} advertised it again {since(one.case.after(claim.up))}"
    if one.lost_by_return:
        first, streams = since(one.case.after(min(one.lost_since))), count_of(len(one.case.suffered), "stream")
        because += f", to the end of the view; {len(one.lost_since)} of {streams} with its peers got no answer from"
        return f"{because} {first} on: two routers advertise it, and what goes the old way is lost"
    return f"{because}, to the end of the view; {one.lost}: whether for that is not known"


def _back_late_beside_old(one: Taken) -> str:
    names = _names(one, one.stale)
    return f"{one.came}, but {names} did not withdraw it, and the guest's peers were answered again only {_back(one)}"


def _back_late(one: Taken) -> str:
    return f"{one.came}, yet the guest's peers were answered again only {one.case.at_first.back_words}"


def _both(one: Taken) -> str:
    return f"{one.came}; {_names(one, one.stale)} still advertises it"


def _alike(one: Taken) -> str:
    """
    That others may go either way, where both are told at one distance; empty where one is nearer, or unknown.

    Nor where so many peers reach the guest that a router which spreads flows over both ways would have lost one.
    """
    mine = one.new.last.what.metric
    if len({s.peer.peer for s in one.case.suffered if s.ended}) >= SPREAD:
        return ""
    if one.name not in LINK_BY_LINK or mine is None or all(c.last.what.metric != mine for c in one.stale):
        return ""
    return f" (both at metric {mine:,}: others may still be sent the old way)"


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
    how = f"{how_ended(one.rivals)}{who_passed_on(one.rivals)}"
    return f"{one.came}, and {_names(one, one.rivals)} withdrew it {when}{how}"


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
    Rule(lambda t: _is_flapping(t) and bool(t.covered), "undecided", _flaps, lambda t: t.case.after(t.turns[-1].up)),
    Rule(_is_flapping, "no", _flaps, lambda t: t.case.after(t.turns[-1].up)),
    Rule(lambda t: bool(t.stale and t.case.cut_off) and not t.is_brief, "no", _never_withdrawn),
    Rule(lambda t: bool(t.stale and t.astray), "no", _never_withdrawn),
    Rule(lambda t: bool(t.stale and t.handed), "no", _never_withdrawn),
    Rule(lambda t: bool(t.stale and t.case.cut_off and t.refused), "no", _never_withdrawn),
    Rule(lambda t: t.left_late and (t.waited_for_old or t.is_late), "no", _withdrawn_late, _until_old_left),
    Rule(lambda t: t.left_late, "undecided", _withdrawn_late, _until_old_left),
    Rule(lambda t: t.is_late, "no", _late),
    Rule(lambda t: t.latency > t.limit, "undecided", lambda t: f"{t.came}: whether that was in time is not known"),
    Rule(lambda t: t.lost_with_it, "no", _given_up),
    Rule(lambda t: bool(t.given_up and (t.case.cut_off or t.astray)), "undecided", _given_up),
    Rule(lambda t: t.lost_by_return, "no", _returned),
    Rule(lambda t: bool(t.returned and (t.case.cut_off or t.astray)), "undecided", _returned),
    Rule(lambda t: bool(t.lapses) and t.lapsed[0] == "no", "no", _lapsed),
    Rule(lambda t: bool(t.stale and t.case.cut_off), "undecided", _not_yet_withdrawn),
    Rule(lambda t: bool(t.case.cut_off), "undecided", _not_for_want),
    Rule(lambda t: bool(t.lapses), "undecided", _lapsed),
    Rule(lambda t: t.back_late and bool(t.stale), "no", _back_late_beside_old, _until_back),
    Rule(lambda t: t.first_back_late, "undecided", _back_late),
    Rule(lambda t: bool(t.astray), "undecided", _not_for_want),
    Rule(lambda t: _both_ways_lose(t) and t.share is not None and t.share.is_proven, "no", _both_used),
    Rule(_both_ways_lose, "undecided", _both_used),
    Rule(lambda t: bool(t.stale) and not t.case.watched, "undecided",
         lambda t: f"{_both(t)}, and {way_taken(t.case, t.settled)}"),
    Rule(lambda t: bool(t.stale and t.unheard), "undecided",
         lambda t: f"{_both(t)}, and whether {count_of(t.unheard, 'peer')} of {len(t.case.suffered)} reached the guest "
                   "again is not in view"),
    Rule(lambda t: bool(t.stale and _alike(t)), "undecided",
         lambda t: f"{_both(t)}, but the guest's peers reach it{_alike(t)}"),
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
    if rule.because is _lapsed:
        return sighted(frame for lapse in one.lapses for frame in lapse.frames)
    if one.returned is not None and rule.because is _returned:
        return joined(one.seen, sighted(of_told((one.returned.first, one.returned.last))))
    if one.astray is not None and rule.because in (_never_withdrawn, _withdrawn_late, _not_for_want):
        return [*one.seen, *sighted(one.astray.frames)]
    met = one.handed or one.refused
    if met is not None and rule.because is _never_withdrawn:
        return joined(one.seen, sighted(met.frames))
    if rule.because is _both_used and one.share is not None:
        return [*one.seen, *sighted([(one.share.view, one.share.first_frame)])]
    return one.seen
