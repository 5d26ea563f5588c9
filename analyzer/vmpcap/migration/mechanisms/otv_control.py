"""OTV's own control: LSPs of IS-IS in which edge devices say which MACs they have (domain notes 4.7, RFC 6165)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.migration.mechanisms.around import SHELLS, is_carried_by
from vmpcap.migration.mechanisms.case import Case, Told, joined, of_told, result, sighted, since, span
from vmpcap.migration.mechanisms.lapses import Lapse, gaps_of, say_if_it_lapsed
from vmpcap.migration.moved import on_point
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC, GROUP_BIT, ip_text, mac_text
from vmpcap.terms.units import NS_PER_S

WITHIN_NS: Final = 5 * NS_PER_S
"""An LSP follows the guest's first frame within a second; IS-IS may hold LSPs back for some (ISO 10589 7.3)."""
IPV4_GROUPS: Final = 0x01005E
IPV6_GROUPS: Final = 0x3333
"""What the MACs of IP's groups begin with (RFC 1112 6.4, RFC 2464 7)."""


@dataclass(slots=True)
class Claim:
    """One edge device said that it has the guest's MAC, from then on."""

    system: str
    edge: str
    """Its address outside, where frames of it show that; else the name that IS-IS has for it."""
    first: Told[RouteNews]
    gone: Told[RouteNews] | None = None
    """When it took that back; None: not in view."""


@dataclass(frozen=True, slots=True)
class Control:
    """What the edges said of the guest's MAC around its move."""

    old: tuple[Claim, ...]
    """Who said so when it moved."""
    new: Claim | None
    """Who was the first to say so since."""
    is_both: bool
    """Whether the old one says so still, well after the new one did."""
    words: str
    told: tuple[Told[RouteNews], ...]
    is_astray: bool = False
    """Whether nobody said so since for the guest's VLAN, but an edge did for another one."""
    lapses: tuple[Lapse, ...] = ()
    """When no new edge said so any more."""


def read_control(case: Case) -> Control | None:
    """Which edge said when that it has the guest's MAC? None where none did."""
    edges = _edges(case)
    claims = _claims(case, edges)
    if not claims:
        return None
    homes = _homes(case)
    old = tuple(
        claim
        for claim in claims
        if (claim.first.ts < case.moment or claim.edge in homes)
        and (claim.gone is None or claim.gone.ts >= case.moment)
    )
    systems = {claim.system for claim in old}
    new = next((c for c in claims if c.first.ts >= case.moment and c.system not in systems), None)
    still = [claim for claim in old if claim.gone is None]
    is_both = new is not None and bool(still) and case.end - new.first.ts > WITHIN_NS and not case.is_partial("isis")
    words, evidence = _words(case, old, new, is_both, bool(homes)), _evidence(old, new)
    astray = _astray(case, systems) if new is None else None
    if astray is None:
        return Control(old, new, is_both, words, evidence, lapses=_lapses(case, claims, systems))
    edge = edges.get(astray.what.sender) or _system_of(astray.what)
    own = ", ".join(map(str, sorted(_own_vlans(case, astray.view))))
    words += (
        f"; {edge} said in an LSP that it has that MAC in VLAN {astray.what.vni}, which is not the guest's ({own}), "
        f"{since(case.after(astray.ts))}"
    )
    return Control(old, new, is_both, words, (*evidence, astray), is_astray=True)


def _lapses(case: Case, claims: Sequence[Claim], old: Collection[str]) -> tuple[Lapse, ...]:
    """When did no new edge say any more that it has the guest's MAC, though one had since the switchover?"""
    mine = [claim for claim in claims if claim.system not in old and claim.first.ts >= case.moment]
    found: list[Lapse] = []
    for begin, end in gaps_of((c.first.ts, c.gone.ts if c.gone is not None else None) for c in mine):
        gone = next(c for c in mine if c.gone is not None and c.gone.ts == begin)
        again = next((c.first for c in mine if c.first.ts == end), None)
        told = [one for one in (gone.gone, again) if one is not None]
        words = f"{gone.edge} took it back in an LSP"
        found.append(Lapse(begin, end, words, "said it again", tuple(of_told(told))))
    return tuple(found)


def _words(case: Case, old: Sequence[Claim], new: Claim | None, is_both: bool, is_known: bool) -> str:
    before = " and ".join(claim.edge for claim in old)
    gone = next((claim for claim in old if claim.gone is not None), None)
    back = f", {gone.edge} took it back {since(case.after(gone.gone.ts))}" if gone and gone.gone else ""
    if new is None:
        words = f"no edge but {before or 'those before'} said in an LSP that it has the guest's MAC"
        return f"{words} in the {span(case.after(case.end))} since the switchover{back}"
    words = f"{new.edge} said in an LSP that it has the guest's MAC {since(case.after(new.first.ts))}{back}"
    if is_both:
        words += f", and {before} says so still: both at once"
    elif old and gone is None:
        words += f"; {before} has not taken it back in the {span(case.end - new.first.ts)} since"
    return words if old or is_known else f"{words}; who said so before is not in view"


def _homes(case: Case) -> set[str]:
    """Behind which edges did the guest send before it moved, as far as its frames are in view there?"""
    return {home for view in case.views for home in _homes_at(case, view, since_move=False)}


def _homes_at(case: Case, view: PointView, since_move: bool) -> set[str]:
    """Behind which edges did the guest send, as this point saw it, since it moved or before?"""
    rows, when = view.carriers.rows(), on_point(view, case.moment)
    mine = is_carried_by(rows, SHELLS["otv"].steps) & (rows.eth_src == np.uint64(case.guest.mac))
    at = rows.ts_ns >= when if since_move else rows.ts_ns < when
    found = {ip_text(int(o[0]), int(o[1])) for o in rows.outer[mine & at]}
    return found | {
        row.outer[0]
        for row in view.tunnelled
        if row.kind == SHELLS["otv"].kind
        and row.outer is not None
        and row.eth_src == case.guest.mac
        and (row.last_ts >= when if since_move else row.first_ts < when)
    }


def _evidence(old: Sequence[Claim], new: Claim | None) -> tuple[Told[RouteNews], ...]:
    every = (*old, new) if new is not None else old
    return tuple(told for claim in every for told in (claim.first, claim.gone) if told is not None)


def _astray(case: Case, old: Collection[str]) -> Told[RouteNews] | None:
    """Which edge that had not the guest was the first to say since the move that it has its MAC in another VLAN?"""
    said = [t for t in case.routes("isis") if t.what.mac == case.mac and t.what.action == "announce"]
    before = {*old, *(_system_of(t.what) for t in said if t.ts < case.moment)}
    later = (t for t in said if t.ts >= case.moment and _system_of(t.what) not in before)
    return next((t for t in later if _is_of_another_vlan(case, t)), None)


def _system_of(what: RouteNews) -> str:
    """Whose LSP is it, without the number of its part?"""
    return what.origin.rsplit(".", 1)[0]


def _is_of_another_vlan(case: Case, told: Told[RouteNews]) -> bool:
    """Is it told of a VLAN that the guest's frames do not have there? 0 says none (RFC 6165 2.1)."""
    own = _own_vlans(case, told.view)
    return bool(told.what.vni and own) and told.what.vni not in own


def _own_vlans(case: Case, view: PointView) -> set[int]:
    """In which of the overlay's VLANs do the guest's own frames cross that point?"""
    rows = view.carriers.rows()
    mine = is_carried_by(rows, SHELLS["otv"].steps) & (rows.eth_src == np.uint64(case.guest.mac)) & (rows.vni > 0)
    return set(np.unique(rows.vni[mine]).tolist())


def _claims(case: Case, edges: Mapping[str, str]) -> list[Claim]:
    """
    All claims of the guest's MAC in its own VLAN, in the order of time.

    An LSP that is older than one already seen says nothing: its copies are flooded, and other points see them later.
    """
    newest: dict[str, int] = {}
    held: dict[str, set[str]] = {}
    claims: list[Claim] = []
    for told in case.routes("isis"):
        what = told.what
        if what.mac != case.mac or not what.mac or _is_of_another_vlan(case, told):
            continue
        number, system = what.sequence or 0, _system_of(what)
        if number < newest.get(what.origin, number):
            continue
        newest[what.origin] = number
        lsps = held.setdefault(system, set())
        open_one = next((c for c in reversed(claims) if c.system == system and c.gone is None), None)
        if what.action == "announce":
            lsps.add(what.origin)
            if open_one is None:
                is_its = what.teller in ("", system)
                claims.append(Claim(system, (edges.get(what.sender) if is_its else None) or system, told))
        else:
            lsps.discard(what.origin)
            if open_one is not None and not lsps:
                open_one.gone = told
    return claims


def _edges(case: Case) -> dict[str, str]:
    """Which address outside has the edge device that sends from this MAC inside?"""
    found: dict[str, str] = {}
    for view in case.views:
        rows = view.carriers.rows()
        carried = np.flatnonzero(is_carried_by(rows, SHELLS["otv"].steps))
        for at in (at for at in carried.tolist() if _is_systems(int(rows.eth_dst[at]))):
            source = ip_text(int(rows.outer[at][0]), int(rows.outer[at][1]))
            found.setdefault(mac_text(int(rows.eth_src[at])) or "", source)
        for row in view.tunnelled:
            if row.kind == SHELLS["otv"].kind and row.outer is not None and _is_systems(row.eth_dst):
                found.setdefault(mac_text(row.eth_src) or "", row.outer[0])
    return found


def _is_systems(mac: int) -> bool:
    """May this be a group that routers without IP listen to: none of IP's, and not all stations?"""
    return bool(mac & int(GROUP_BIT)) and mac != BROADCAST_MAC and mac >> 24 != IPV4_GROUPS and mac >> 32 != IPV6_GROUPS


def judge_control(case: Case, name: str) -> Mechanism | None:
    """Did the new edge say so in time and the old one take it back, where only that is in view?"""
    control = read_control(case)
    if control is None:
        return None
    because, seen = f"OTV's control: {control.words}", sighted(of_told(control.told))
    if control.new is None:
        return result(name, "no" if _is_never_said(case, control) else "undecided", because, seen)
    latency = case.after(control.new.first.ts)
    if control.is_both:
        return result(name, "no" if case.cut_off else "undecided", because, seen, latency)
    if latency > WITHIN_NS:
        return result(name, "no" if control.old else "undecided", f"{because}: late", seen, latency)
    told = result(name, "yes" if control.old else "undecided", because, seen, latency)
    lapsed = say_if_it_lapsed(case, told, control.lapses)
    if case.cut_off and lapsed is told:
        return result(name, "undecided", f"{because}; {case.without_answer}", seen, latency)
    return lapsed


def _is_never_said(case: Case, control: Control) -> bool:
    """Had another edge the time to say that it has the guest, did nobody, and do peers get no answer?"""
    waited = case.after(case.end) > WITHIN_NS
    known = control.new is None and bool(control.old and case.cut_off) and waited and not case.is_partial("isis")
    return known and any(_is_control_heard(case, view) for view in case.views)


def _is_control_heard(case: Case, view: PointView) -> bool:
    """Would an LSP pass this point: does any since the move, or did those of the edge that has the guest there now?"""
    heard = list(view.control.of("isis"))
    if any(frame.ts_ns > on_point(view, case.moment) for frame in heard):
        return True
    edges = _edges(case)
    spoke = {edges.get(mac_text(frame.eth_src) or "") for frame in heard} - {None}
    return bool(spoke & _homes_at(case, view, since_move=True))


def say_what_control_said(case: Case, told: Mechanism) -> Mechanism:
    """The same answer, which the guest's frames gave, and what the edges said beside."""
    control = read_control(case)
    if control is None:
        return told
    worked = "undecided" if (control.is_both or control.is_astray) and told.worked == "yes" else told.worked
    words = control.words
    had = {claim.edge for claim in control.old}
    moved = {home for view in case.views for home in _homes_at(case, view, since_move=True)} - had
    if worked == "undecided" and moved and _is_never_said(case, control):
        worked, words = "no", f"{words}, and {case.without_answer}"
    if worked == "yes" and _was_waited_for(case, control):
        worked, words = "no", f"{words}: late, and its peers were cut off until then"
    evidence = joined(told.evidence, sighted(of_told(control.told)))
    said = msgspec.structs.replace(told, worked=worked, because=f"{told.because}; {words}", evidence=evidence)
    return say_if_it_lapsed(case, said, control.lapses)


def _was_waited_for(case: Case, control: Control) -> bool:
    """Did the new edge say so too late, and were peers answered again only since?"""
    if control.new is None or not control.old or case.back_at is None:
        return False
    return case.after(control.new.first.ts) > WITHIN_NS and case.back_at >= control.new.first.ts
