"""Virtual gateways (HSRP, VRRP, GLBP): does each site use its own after the move (domain notes 4.17)?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from vmpcap.announcements.routes.rows import GatewayHello
from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.guests import on_point, on_reference
from vmpcap.migration.mechanisms.case import Case, Told, of_told, result, segments_of, sighted, since
from vmpcap.migration.mechanisms.gateway_leaks import LEAST_CROSSING, SETTLED_NS, find_leak
from vmpcap.migration.results import Mechanism
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, mac_text
from vmpcap.terms.router_macs import mac_of_group
from vmpcap.terms.units import NS_PER_S, count_of

NAMES: Final = {"hsrp": "HSRP", "vrrp": "VRRP", "glbp": "GLBP"}
SETTLING_NS: Final = 10 * NS_PER_S
"""Routers that have only begun may all be active for as long as a hold time (HSRP's 10 s is the longest)."""

Hello = Told[GatewayHello]


def judge_gateways(case: Case, name: str) -> Mechanism | None:
    """
    Is the active gateway of the guest's network one of its new site?

    None where no hello was seen in a segment of the guest. It takes a point in the domain of each site.
    """
    where = {view.name: segments_of(view, case.guest) for view in case.views if view.role != "client"}
    hellos = [t for t in case.hellos(name) if t.what.segment_key in where.get(t.view.name, set())]
    if not hellos:
        return None
    groups: dict[tuple[int, bool], list[Hello]] = {}
    for told in hellos:
        groups.setdefault((told.what.group, ":" in told.what.sender), []).append(told)
    used = _used_by(case, groups)
    if used:
        answers = [_judge_group(case, name, groups[key]) for key in used]
        return next((answer for answer in answers if answer.worked == "no"), answers[0])
    is_ipv6 = all(":" in ip for ip in case.ips) and bool(case.ips)
    return _judge_group(case, name, groups[max(groups, key=lambda key: (len(groups[key]), key[1] == is_ipv6, key[0]))])


def _used_by(case: Case, groups: Mapping[tuple[int, bool], Sequence[Hello]]) -> list[tuple[int, bool]]:
    """Which of these groups does the guest send to, the one that it uses most first? By their virtual MACs."""
    sent: Counter[int] = Counter()
    for view in case.views:
        j, rows = view.journal, frames_of(view, case.guest).sent
        macs, counts = np.unique(j.eth_dst[rows], return_counts=True)
        sent.update(dict(zip(macs.tolist(), counts.tolist(), strict=True)))
    macs_of = {key: _virtual_mac(hellos[0].what) for key, hellos in groups.items()}
    used = [key for key, mac in macs_of.items() if mac != NO_MAC and sent[mac]]
    return sorted(used, key=lambda key: -sent[macs_of[key]])


def _judge_group(case: Case, name: str, mine: Sequence[Hello]) -> Mechanism:
    """
    The same of one group of one address family: its number may serve the other, too, with routers of their own.

    RFC 9568 5.2.3: IPv4 and IPv6 are virtual routers apart.
    """
    group = mine[0].what.group
    active = [t for t in mine if t.what.state == "active" and not t.what.is_leaving and t.ts >= case.moment]
    active = active or [t for t in mine if t.what.state == "active"]
    at_new, at_old = (_routers(active, role) for role in ("domain:destination", "domain:source"))
    names = _of(mine)
    what = f"{NAMES[name]} group {group} ({names})"
    seen = sighted(of_told(_samples(active)))
    roles = {view.role for view in case.views}
    if not {"domain:destination", "domain:source"} <= roles:
        because = f"{what}: {_who(active)}; it takes a point in the guest's domain at each site to say whose it is"
        return result(name, "undecided", because, seen)
    if len(at_new) > 1 or len(at_old) > 1:
        site = "new" if len(at_new) > 1 else "old"
        because = (
            f"{what}: {_words(at_new if len(at_new) > 1 else at_old)} are active in one domain, at the {site} site"
        )
        return result(name, "no", because, seen)
    vmac = _virtual_mac(mine[0].what)
    if at_new and at_old and not at_new & at_old:
        leak = find_leak(case, vmac)
        if leak is not None and leak.met >= LEAST_CROSSING:
            because = (
                f"{what}: {_words(at_old)} is active at the old site and {_words(at_new)} at the new, but both under "
                f"{mac_text(vmac)}, which crosses {leak.view.name} and is in the domain of both sites "
                f"({count_of(leak.met, 'frame')}): switches see it move"
            )
            return result(name, "no", because, [*seen, *sighted([(leak.view, leak.first_frame)])])
        because = (
            f"{what}: each site has its own active router, {_words(at_old)} at the old and {_words(at_new)} at the new"
        )
        heard = case.after(min(t.ts for t in active if t.view.role == "domain:destination" and t.what.sender in at_new))
        because += f" (first heard there {since(heard)})" if heard >= 0 else " (not heard there after the switchover)"
        latency = heard if heard >= 0 else None
        if leak is None:
            return result(name, "yes", because, seen, latency)
        seen = [*seen, *sighted([(leak.view, leak.first_frame)])]
        because += f"; {count_of(leak.count, 'frame')} from {mac_text(vmac)} passed {leak.view.name}"
        if leak.unknown:
            because += f", and whether they came into the other site's domain is not known: {leak.unknown}"
            return result(name, "undecided", because, seen)
        because += ", but did not come into the other site's domain: a filter stands behind that point"
        return result(name, "yes", because, seen, latency)
    if at_new & at_old:
        because = (
            f"{what}: one router, {_words(at_new)}, is active for both sites and its hellos cross between them: "
            "the guest's gateway did not move with it"
        )
        used = _crossing(case, vmac)
        if used is not None:
            because += f" ({count_of(used[2], 'packet')} of it to {mac_text(vmac)} crossed {used[0].name})"
            seen = [*seen, *sighted([used[:2]])]
        side = "" if used is not None else _side(case, active)
        if side == "new":
            return result(name, "undecided", f"{because}, but it is the new site's", seen)
        return result(name, "no", because, seen)
    if at_old:
        because = f"{what}: {_words(at_old)} is active at the old site; no hello was seen at the new one"
        return result(name, "undecided", because, seen)
    return result(name, "undecided", f"{what}: {_words(at_new)} is active at the new site, the old shows none", seen)


def _virtual_mac(hello: GatewayHello) -> int:
    """Under which MAC is the virtual gateway reached? NO_MAC where each of its routers has one (GLBP)."""
    if hello.protocol == "vrrp":
        return mac_of_group("vrrp6" if ":" in hello.sender else "vrrp", hello.group)
    if hello.protocol == "hsrp":
        kind = "hsrp6" if ":" in hello.sender else "hsrp1" if hello.version == 1 else "hsrp2"
        return mac_of_group(kind, hello.group)
    return NO_MAC


def _crossing(case: Case, vmac: int) -> tuple[PointView, int, int] | None:
    """
    Where between the sites did frames cross from the guest to the virtual MAC, after the switchover?

    The point, the first frame, how many there were; None where none crossed.
    """
    if vmac == NO_MAC:
        return None
    for view in case.views:
        if view.role != "wan":
            continue
        j, after = view.journal, on_point(view, case.moment + SETTLED_NS)
        mine = (j.eth_src == np.uint64(case.guest.mac)) & (j.eth_dst == np.uint64(vmac))
        rows = np.flatnonzero(mine & (j.ts_ns >= after))
        if len(rows) >= LEAST_CROSSING:
            return view, int(j.frame[rows[0]]), len(rows)
    return None


def _routers(active: Sequence[Hello], role: str) -> set[str]:
    """Which routers are active in that domain at the end?"""
    there = [t for t in active if t.view.role == role]
    if not there:
        return set()
    last = max(t.ts for t in there)
    return {t.what.sender for t in there if t.ts >= last - SETTLING_NS}


def _side(case: Case, active: Sequence[Hello]) -> str:
    """
    On which side does the active router stand: where was its hello seen first? Empty where the clocks cannot say.

    The same hello is compared at a point of each domain; both clocks must agree to less than the difference.
    """
    by_role: dict[str, list[Hello]] = {}
    for told in active:
        if told.view.role in ("domain:destination", "domain:source"):
            by_role.setdefault(told.view.role, []).append(told)
    leads = []
    for there in by_role.get("domain:source", []):
        sent = on_reference(there.view, there.ts)
        rivals = by_role.get("domain:destination", [])
        here = min(rivals, key=lambda t: abs(on_reference(t.view, t.ts) - sent), default=None)
        late = elapsed_between(there.view, there.ts, here.view, here.ts) if here is not None else None
        if late is None or late.is_later is None or abs(late.ns) > NS_PER_S // 10:
            continue
        leads.append("old" if late.is_later else "new")
    return max(set(leads), key=leads.count) if leads else ""


def _samples(active: Sequence[Hello]) -> list[Hello]:
    """The first hello of each router at each point."""
    first: dict[tuple[str, str], Hello] = {}
    for told in active:
        first.setdefault((told.view.name, told.what.sender), told)
    return list(first.values())


def _words(routers: set[str]) -> str:
    return " and ".join(sorted(routers))


def _who(active: Sequence[Hello]) -> str:
    routers = {t.what.sender for t in active}
    return f"{_words(routers)} active" if routers else "no router is active"


def _of(hellos: Sequence[Hello]) -> str:
    ips = sorted({ip for t in hellos for ip in t.what.virtual_ips if ip})
    return ", ".join(ips[:3]) or "no address"
