"""What hellos of a virtual gateway show: who is active where, under which MAC, on which side it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.announcements.routes.rows import GatewayHello
from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.mechanisms.case import Case, Told
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.router_macs import mac_of_group
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

SETTLING_NS: Final = 10 * NS_PER_S
"""Routers that have only begun may all be active for as long as a hold time (HSRP's 10 s is the longest)."""

HOLDS: Final = 3
USUAL_HELLO_MS: Final = 3000
"""HSRP and GLBP by default; VRRP says it."""

Hello = Told[GatewayHello]


@dataclass(frozen=True, slots=True)
class Silence:
    """A gateway's hellos ended, and the captures went on for longer than others wait for the next. Times in ns."""

    last: Hello
    hold: int
    lasted: int
    is_seen: bool
    """Whether hellos would be seen there: what goes to all stations is, and nothing from the gateway's own MACs."""


def virtual_mac(hello: GatewayHello) -> int:
    """Under which MAC is the virtual gateway reached? NO_MAC where each of its routers has one (GLBP)."""
    if hello.protocol == "vrrp":
        return mac_of_group("vrrp6" if ":" in hello.sender else "vrrp", hello.group)
    if hello.protocol == "hsrp":
        kind = "hsrp6" if ":" in hello.sender else "hsrp1" if hello.version == 1 else "hsrp2"
        return mac_of_group(kind, hello.group)
    return NO_MAC


def routers_at(active: Sequence[Hello], said: Sequence[Hello], role: str) -> set[str]:
    """
    Which routers are active in that domain at the end?

    One that gave up, or fell silent while others there went on, was active before them and not beside them.
    """
    there = [t for t in active if t.view.role == role and not t.what.is_leaving]
    if not there:
        return set()
    last = max(t.ts for t in there)
    return {t.what.sender for t in there if t.ts >= last - SETTLING_NS and not _gave_way(t, there, said)}


def _gave_way(one: Hello, there: Sequence[Hello], said: Sequence[Hello]) -> bool:
    """
    Was this router followed by another there?

    It said that it leaves or no longer is the active one, or another began only after its last hello, or went on for a
    hold time after that (three hellos: RFC 5798 6.1, RFC 2281 5.1).
    """
    who, role = one.what.sender, one.view.role
    last = max(t.ts for t in there if t.what.sender == who)
    others = [t.ts for t in there if t.what.sender != who]
    if not any(ts > last for ts in others):
        return False
    gave_up = (
        t.ts > last and t.what.sender == who and t.view.role == role and (t.what.is_leaving or t.what.state != "active")
        for t in said
    )
    hold = HOLDS * (one.what.hello_ms or USUAL_HELLO_MS) * NS_PER_MS
    return any(gave_up) or min(others) > last or max(others) - last > hold


def silent_at(case: Case, said: Sequence[Hello], role: str) -> Silence | None:
    """
    Is the gateway silent in that domain at the end? None where its hellos go on, or the captures end too early to say.

    One whose last hello is as old as its hold time is gone for whoever stands ready to follow it.
    """
    there = [t for t in said if t.view.role == role and t.what.state == "active" and not t.what.is_leaving]
    if not there or case.is_partial(there[0].what.protocol):
        return None
    last = max(there, key=lambda t: t.ts)
    end = max(on_reference(view, view.last_ts) for view in case.views if view.role == role)
    hold = hold_of(last.what)
    if end - last.ts <= hold:
        return None
    return Silence(last, hold, end - last.ts, is_seen(case, last, role, last.ts + hold))


def hold_of(hello: GatewayHello) -> int:
    """For how long is it taken for alive after this hello, ns?"""
    return (hello.hold_ms or (HOLDS + 1) * (hello.hello_ms or USUAL_HELLO_MS)) * NS_PER_MS


def is_seen(case: Case, last: Hello, role: str, since: int, until: int | None = None) -> bool:
    """
    Does a whole capture of that domain show others' frames to all stations in that time, and none of its own?

    Times on the reference clock; until None: to the end.
    """
    own = np.array([last.what.eth_src, virtual_mac(last.what)], np.uint64)
    hears = False
    for view in case.views:
        if view.role != role or view.drops or view.left_out or not view.journal_complete:
            continue
        j = view.journal
        later = (j.ts_ns > on_point(view, since)) & (j.segment_key == last.what.segment_key)
        if until is not None:
            later &= j.ts_ns < on_point(view, until)
        mine = np.isin(j.eth_src, own)
        if (later & mine).any():
            return False
        hears = hears or bool((later & ~mine & ((j.eth_dst & GROUP_BIT) != 0)).any())
    return hears


def side_of(case: Case, active: Sequence[Hello]) -> str:
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


def samples(active: Sequence[Hello]) -> list[Hello]:
    """The first hello of each router at each point."""
    first: dict[tuple[str, str], Hello] = {}
    for told in active:
        first.setdefault((told.view.name, told.what.sender), told)
    return list(first.values())


def words_of(routers: set[str]) -> str:
    return " and ".join(sorted(routers))


def who(active: Sequence[Hello]) -> str:
    routers = {t.what.sender for t in active}
    return f"{words_of(routers)} active" if routers else "no router is active"


def addresses_of(hellos: Sequence[Hello]) -> str:
    ips = sorted({ip for t in hellos for ip in t.what.virtual_ips if ip})
    return ", ".join(ips[:3]) or "no address"
