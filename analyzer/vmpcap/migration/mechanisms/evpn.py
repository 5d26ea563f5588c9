"""EVPN MAC mobility: type-2 routes that follow the guest (domain notes 4.18, RFC 7432 section 15)."""

import ipaddress
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.case import Case, Told, Worked, of_told, result, sighted, since, span
from vmpcap.migration.mechanisms.evpn_networks import EvpnNetwork, key_of, tell_networks
from vmpcap.migration.mechanisms.evpn_origins import Origin, address_lapses, lapses_of
from vmpcap.migration.mechanisms.first_hand import why_second_hand
from vmpcap.migration.mechanisms.lapses import say_if_it_lapsed
from vmpcap.migration.mechanisms.networks import bridged_overlays, of_networks, own_overlays
from vmpcap.migration.mechanisms.resolution import sought_for_long
from vmpcap.migration.mechanisms.stream_ways import is_one_subnet
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

WITHIN_NS: Final = 5 * NS_PER_S
"""The domain notes give a second after the announcement; daemons that batch and reflect add some."""

SAME_MS: Final = 1e-5
"""Latencies are rounded to a nanosecond."""

MOST_MOVES: Final = 5
MOST_TURNS: Final = 3
"""A machine that moved once is claimed once: so many turns more are two places that both hear it."""
MOVES_WITHIN_NS: Final = 180 * NS_PER_S
"""RFC 7432 15.1: so many moves in this time, and the MAC is taken for a duplicate."""


def judge_evpn(case: Case, name: str) -> Mechanism | None:
    """Did the VTEP at the new place advertise the guest's MAC with a higher sequence, and its address with it?"""
    news = [told for told in case.routes("evpn") if told.what.mac == case.mac and case.mac]
    if not news:
        return None
    networks = tell_networks(news)
    if len(networks) > 1:
        numbers = {number for one in networks for number in one.numbers}
        networks = tell_networks(news, bridged_overlays(case, numbers))
    own = own_overlays(case) if len(networks) > 1 else frozenset()
    mine = [one for one in networks if own & one.numbers] or networks
    others = [one for one in networks if one not in mine]
    return of_networks(name, [(one.called, _judge(case, name, one.news, others)) for one in mine])


def _judge(case: Case, name: str, news: Sequence[Told[RouteNews]], others: Sequence[EvpnNetwork]) -> Mechanism:
    """What is said if these are the routes of the guest's network, and those of others are none?"""
    origins: dict[str, Origin] = {}
    for told in news:
        key = key_of(told.what)
        origin = origins.setdefault(key, Origin(key, told.what.origin, [], [], []))
        said = {"announce": origin.announced, "withdraw": origin.withdrawn, "lost": origin.lost}
        said[told.what.action].append(told)
    old = [o for o in origins.values() if o.holds_at(case.moment)]
    new = [o for o in origins.values() if o not in old and any(t.ts > case.moment for t in o.announced)]
    if not new:
        return _nobody_new(case, name, news, old, others)
    came = min(new, key=lambda o: min(t.ts for t in o.announced if t.ts > case.moment))
    return _by_whom(case, name, came, _judge_new(case, name, news, old, came))


def _by_whom(case: Case, name: str, new: Origin, said: Mechanism) -> Mechanism:
    """The same, with a latency that is an upper bound where somebody else passed on the route that it is counted to."""
    if said.latency_ms is None:
        return said
    timed = [t for t in new.announced if abs(case.after(t.ts) / NS_PER_MS - said.latency_ms) < SAME_MS]
    whys = [why_second_hand(case, name, t, ()) for t in timed]
    if not timed or not all(whys):
        return said
    because = f"{said.because} (told by {timed[0].what.sender}, {whys[0]}: who said it first is not in view, so it came"
    because += f" at most {since(case.after(timed[0].ts))} after the switchover)"
    return msgspec.structs.replace(said, because=because, latency_is_at_most=True)


def _nobody_new(
    case: Case, name: str, news: Sequence[Told[RouteNews]], old: Sequence[Origin], others: Sequence[EvpnNetwork]
) -> Mechanism:
    seen = sighted(of_told(news[-3:]))
    waited = case.after(case.end)
    who = f"; VTEP {' and '.join(o.vtep for o in old)} advertised it before" if old else ""
    because = f"no other VTEP advertised {case.mac} in the {span(waited)} after the switchover{who}"
    holders = {o.vtep for o in old}
    apart = {
        f"VTEP {t.what.next_hop} did in {one.called}, another network"
        for one in others
        for t in one.news
        if t.ts > case.moment and t.what.action == "announce" and t.what.next_hop not in {*holders, ""}
    }
    because += f"; {' and '.join(sorted(apart))}" if apart else ""
    lost = [t.what for o in old if o.is_lost for t in o.lost]
    if lost:
        because += f"; since the {lost[-1].reason} of {lost[-1].sender}, which passed it on, its news is not in view"
    if waited < WITHIN_NS or case.is_partial("bgp") or not case.cut_off or lost:
        return result(name, "undecided", because, seen)
    return result(name, "no", f"{because}, and the guest's peers get no answer", seen)


def _judge_new(case: Case, name: str, news: Sequence[Told[RouteNews]], old: Sequence[Origin], new: Origin) -> Mechanism:
    mac, both = (new.first(what, case.moment) for what in ("mac", "mac_ip"))
    first = min((t for t in (mac, both) if t is not None), key=lambda t: t.ts)
    latency = case.after(first.ts)
    number = max((t.what.sequence or 0 for t in new.announced if t.ts > case.moment), default=0)
    before = max((t.what.sequence or 0 for o in old for t in o.announced if t.ts <= case.moment), default=None)
    gone = [t for o in old for t in o.withdrawn if t.ts > case.moment]
    seen = sighted(of_told([t for t in (mac, both) if t is not None] + gone[:2]))
    came = f"VTEP {new.vtep} advertised {case.mac} {since(latency)} after the switchover with sequence {number}"
    turns = _turns(case, news, old, new)
    if turns >= MOST_TURNS + sum(bool({case.guest.mac} & trip.macs) for trip in case.others):
        names = " and ".join(sorted({new.vtep, *(o.vtep for o in old)}))
        because = (
            f"VTEPs {names} claim {case.mac} in turn, {turns} times since the switchover, up to sequence {number}: "
        )
        because += "it is heard at two places, and after five moves in 180 s others hold it fast"
        return result(name, "no", because, sighted(of_told(_claims(case, news)[-6:])))
    if before is not None and number < before:
        because = f"{came}, lower than the {before} of the old VTEP: others ignore it"
        return result(name, "no", because, seen, latency)
    kept = _why_kept(case, old, new, number)
    if kept and (case.cut_off or case.back_at is None or case.after(case.back_at) > WITHIN_NS):
        because = f"{came}, {kept}"
        return result(name, "no" if case.cut_off else "undecided", because, seen, latency)
    moves = _moves(case, news)
    if moves >= MOST_MOVES:
        because = f"{came}, its {moves}th move in 180 s: after five, others take it for a duplicate and hold it fast"
        return result(name, "no" if case.cut_off else "undecided", because, seen, latency)
    if latency > WITHIN_NS:
        return result(name, "no", f"{came}: late, for the guest was announced before", seen, latency)
    had_address = any(o.holds_at(case.moment, "mac_ip") for o in old)
    if had_address or both is not None:
        late = _late_address(case, name, came, both, seen)
        if late is not None:
            return late
    if both is not None:
        came += f", with its address {since(case.after(both.ts))}"
    if gone:
        came += f"; VTEP {' and '.join(o.vtep for o in old)} withdrew it {since(case.after(gone[0].ts))}"
    of_address = _of_address(case, name, came, old, new, seen, latency)
    if of_address is not None:
        return of_address
    lapses = lapses_of(case, news, old, new)
    lapses += address_lapses(case, new, lapses)
    lapsed = say_if_it_lapsed(case, result(name, "yes", came, seen, latency), lapses)
    return lapsed if lapsed.worked != "yes" else _by_peers(case, lapsed, has_address=both is not None)


def _by_peers(case: Case, told: Mechanism, has_address: bool) -> Mechanism:
    """The same answer of routes that came in time and stood, by what the guest's peers met."""
    if case.cut_off:
        because = f"{told.because}, yet {case.without_answer}: not for want of it"
        if not has_address and _lost_from_afar(case):
            waited = span(case.after(case.end))
            because = f"{told.because}, but its address not in the {waited} since, and {case.without_answer}: whether"
            because += " these want a route to it is not known, for who told of one before is not in view"
        return msgspec.structs.replace(told, worked="undecided", because=because)
    back = case.first_back_at
    if back is not None and case.after(back) > (told.latency_ms or 0) * NS_PER_MS + WITHIN_NS:
        because = f"{told.because}, yet the guest's peers were answered again only {case.at_first.back_words}"
        return msgspec.structs.replace(told, worked="undecided", because=because)
    return told


def _why_kept(case: Case, old: Sequence[Origin], new: Origin, number: int) -> str:
    """
    Why do others keep to an old VTEP that still advertises the MAC? Empty where they do not.

    RFC 7432 15: of equal sequences that of the lowest VTEP counts; 15.2: a sticky MAC does not move. Not where both are
    homes of one Ethernet segment, nor in another network.
    """
    mine = new.latest
    for one in old:
        last = one.latest
        one_link = bool(mine.what.link) and last.what.link == mine.what.link
        if one_link or one.is_lost or not one.holds_at(case.end) or last.what.vni != mine.what.vni:
            continue
        if last.what.is_sticky and not mine.what.is_sticky:
            return f"but VTEP {one.vtep} still advertises it as a sticky MAC, which does not move: others keep to that"
        if (last.what.sequence or 0) == number and is_lower(one.vtep, new.vtep):
            return (
                f"as the old VTEP {one.vtep} does, which still stands: of equal ones others keep to the lower address"
            )
    return ""


def is_lower(one: str, other: str) -> bool:
    """
    Is this VTEP's address the lower one? False where either is none.

    >>> is_lower("192.0.2.2", "192.0.2.10"), is_lower("192.0.2.10", "192.0.2.2"), is_lower("1:1", "192.0.2.2")
    (True, False, False)
    """
    try:
        here, there = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:
        return False
    return here.version == there.version and int(here) < int(there)


def _of_address(
    case: Case,
    name: str,
    came: str,
    old: Sequence[Origin],
    new: Origin,
    seen: Sequence[Sighted],
    latency: int,
) -> Mechanism | None:
    """Does routed traffic want a route with the address, by what the old VTEP still says, or the new not yet?"""
    stale = _stale_address(case, old, new)
    if stale:
        because = f"{came}, {stale}"
        if case.cut_off:
            is_proven = _lost_from_afar(case) and not case.is_partial("bgp")
            because += f"; {case.without_answer}"
            return result(name, "no" if is_proven else "undecided", because, seen, latency)
        if case.back_at is None or case.after(case.back_at) > WITHIN_NS:
            return result(name, "undecided", because, seen, latency)
    had_address = any(o.holds_at(case.moment, "mac_ip") for o in old)
    if case.cut_off and had_address and new.first("mac_ip", case.moment) is None:
        because = (
            f"{came}, but its address not in the {span(case.after(case.end))} since: until it comes routed traffic"
        )
        because += f" to the guest has no way, and {case.without_answer}"
        return result(name, "undecided", because, seen, latency)
    return None


def _stale_address(case: Case, old: Sequence[Origin], new: Origin) -> str:
    """
    Why does routed traffic keep to an old VTEP's route with the guest's address? Empty where it does not.

    RFC 7432 7.7: each kind of route has a sequence of its own, 0 without the community; a withdrawal of that for the
    MAC alone takes the address not back.
    """
    mine = {t.what.prefix: t.what for t in new.announced if t.what.reason == "mac_ip"}
    for prefix, own in mine.items():
        for one in old:
            last = next((t.what for t in reversed(one.announced) if t.what.prefix == prefix), None)
            if last is None or one.is_lost or not (one.stands_at(case.end, prefix) and new.stands_at(case.end, prefix)):
                continue
            if (bool(own.link) and last.link == own.link) or last.vni != own.vni:
                continue
            held, number = last.sequence or 0, own.sequence or 0
            if held > number or (held == number and is_lower(one.vtep, new.vtep)):
                higher = "" if held > number else " from the higher address"
                return (
                    f"but VTEP {one.vtep} still advertises {prefix} with sequence {held}, and the new one with "
                    f"{number}{higher}: routed traffic keeps to the old"
                )
    return ""


def _lost_from_afar(case: Case) -> bool:
    """Is one of the peers without an answer in another network? Those of its own need no route to its address."""
    lost = [s.peer.peer for s in case.cut_off]
    return any(not is_one_subnet(ip, peer) for peer in lost for ip in case.ips if (":" in ip) == (":" in peer))


def _late_address(
    case: Case, name: str, came: str, both: Told[RouteNews] | None, seen: Sequence[Sighted]
) -> Mechanism | None:
    """Did the route with the address come much later than that of the MAC, or never? None where it was in time."""
    waited = case.after(both.ts if both is not None else case.end)
    if waited <= WITHIN_NS:
        return None
    when = f"only {since(waited)}" if both is not None else f"not at all in {span(waited)}"
    because = f"{came}, but with its address {when}: until then routed traffic to the guest has no way"
    back = case.back_at
    if case.cut_off or (back is not None and case.after(back) > WITHIN_NS):
        outage = max((s.peer.outage_ms or 0.0 for s in case.suffered), default=0.0)
        if case.free_before_back is not None:
            because += f" (its peers were answered again only {case.back_words})"
        elif outage:
            because += f" (its peers were cut off for {outage / 1000:.1f} s)"
        worked: Worked = "no"
    else:
        sought = None if case.watched else sought_for_long(case)
        worked = "undecided" if sought is None else "no"
        if sought is not None:
            because += f" ({sought[0]})"
            seen = [*seen, *sought[1]]
    told = case.after(both.ts) if both is not None else None
    return result(name, worked, because, seen, told)


def _claims(case: Case, news: Sequence[Told[RouteNews]]) -> list[Told[RouteNews]]:
    """Announcements since the switchover, each with a higher sequence than all before it."""
    found: list[Told[RouteNews]] = []
    for told in news:
        if told.what.action != "announce" or told.ts < case.moment:
            continue
        if not found or (told.what.sequence or 0) > (found[-1].what.sequence or 0):
            found.append(told)
    return found


def _turns(case: Case, news: Sequence[Told[RouteNews]], old: Sequence[Origin], new: Origin) -> int:
    """How often has the claim gone from one of these VTEPs to another since the switchover?"""
    home = {o.key: "old" for o in old} | {new.key: "new"}
    claimants = [home[key] for key in (key_of(t.what) for t in _claims(case, news)) if key in home]
    return sum(a != b for a, b in pairwise(claimants))


def _moves(case: Case, news: Sequence[Told[RouteNews]]) -> int:
    """How often did the MAC change its VTEP in the 180 s up to this move, this one included, as far as is in view?"""
    told = [t for t in news if t.what.action == "announce"]
    within = [t for t in told if case.moment - MOVES_WITHIN_NS <= t.ts <= case.moment + WITHIN_NS]
    numbers = sorted({t.what.sequence or 0 for t in within})
    return numbers[-1] - numbers[0] if numbers else 0
