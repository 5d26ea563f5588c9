"""One broadcast domain at both sites, or only its name: stretched VLANs, port groups (domain notes 4.5, 4.6)."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.announced.passed_by import where_it_was_shut, who_passes
from vmpcap.migration.announced.vlans import find_retagged
from vmpcap.migration.clocks import is_moment_unknown
from vmpcap.migration.marks import sign_on_its_clock
from vmpcap.migration.mechanisms.case import IN_THE_DOMAIN, Case, joined, result, sighted, span
from vmpcap.migration.mechanisms.own_overlays import foreign_overlays
from vmpcap.migration.mechanisms.resolution import former_macs
from vmpcap.migration.mechanisms.shown import answered_again, heard_beyond, own_frames
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.packets.asked_dead import known_of
from vmpcap.migration.packets.closed_ways import find_closed_way
from vmpcap.migration.packets.exchanges import functional_proof
from vmpcap.migration.packets.reachable import outbound_only
from vmpcap.migration.results import Mechanism, Sighted
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC, mac_text
from vmpcap.terms.units import NS_PER_MS, count_of

NOT_SHOWN_THERE: Final = "no point in its new domain shows that exchange: by which way it was reached is not known"

UNLEARNT: Final = ("announcement", "relearning")
"""Parts of an outage that an announcement ends which arrives."""


def judge_stretched(case: Case, name: str) -> Mechanism | None:
    """
    Is the guest's own broadcast domain at both its places, without an overlay in view, and does it carry its traffic?

    One domain between sites, or a tagged VLAN between hosts; an untagged network of one switch is not stretched.
    """
    tags = sorted({s.vlan_outer_id for _, s in case.guest.heard if s.vlan_outer_id > 0})
    roles = {view.role for view, _ in case.guest.heard}
    tagged_at_both = bool(tags) and {"domain:source", "domain:destination"} <= roles
    if any(_in_overlay(case)) or (case.domain.word != "stretched" and not tagged_at_both):
        return None
    what = f"VLAN {', '.join(map(str, tags))}" if tags else "the guest's broadcast domain"
    announced = [(view, frame) for view, s in case.guest.heard for frame in s.frames[:1]]
    seen = sighted(announced or own_frames(case))
    heard = f"{what} is at both places"
    if case.guest.heard:
        heard += f": the announcement was heard at {', '.join(v.name for v, _ in case.guest.heard)}"
    else:
        heard += ", by its own frames; no announcement of it is in view"
    if case.second_place.found:
        return _in_two_places(case, name, heard, seen)
    if case.domain.verdict == "not_reached" and case.reachability.answer == "yes":
        return _announced_in_vain(case, name, heard, seen)
    if case.reachability.answer == "yes" and (case.domain.verdict == "reached" or _answers_in_one_domain(case)):
        because = f"{heard}, and the guest answers others from its new place"
        beyond = heard_beyond(case)
        shown = beyond or answered_again(case)
        if shown is None:
            return result(name, "yes", because, seen)
        when = shown.words(case)
        because += f" (the announcement beyond its new site was {when})" if beyond is not None else f", {when}"
        return result(name, "yes", because, [*seen, *sighted(shown.frames)], case.after(shown.ts))
    if case.reachability.answer == "no":
        elsewhere = _other_tag(case, name)
        if elsewhere is not None:  # that VLAN may carry what it should: it is not the guest's
            return result(name, "undecided", f"{heard}, but {elsewhere.because}", seen)
        stale = _sent_to_former_mac(case)
        if stale is not None:  # the network took it where it was addressed to
            return result(name, "undecided", f"{heard}, yet {stale[0]}", joined(seen, stale[1]))
        return result(name, "no", f"{heard}, yet {case.reachability.because}", seen)
    because = f"{heard}; {case.reachability.because}"
    if case.reachability.answer == "yes":
        because += f", but {case.domain.word_because if case.domain.word == 'different' else NOT_SHOWN_THERE}"
    return result(name, "undecided", because, seen)


def _sent_to_former_mac(case: Case) -> tuple[str, list[Sighted]] | None:
    """Does all that is sent to the guest in its network since it moved go to a MAC that it had before? In words."""
    olds = former_macs(case, list(case.ips)) if case.guest.mac != NO_MAC else set()
    if not olds:
        return None
    old, found = np.array(sorted(olds), np.uint64), list[tuple[PointView, npt.NDArray[np.int64]]]()
    for view in (view for view in case.views if view.role in IN_THE_DOMAIN):
        j, rows = view.journal, frames_of(view, case.guest).asked
        rows = rows[(j.ts_ns[rows] > on_point(view, case.moment)) & ((j.eth_dst[rows] & GROUP_BIT) == 0)]
        if (j.eth_dst[rows] == np.uint64(case.guest.mac)).any():
            return None
        rows = rows[np.isin(j.eth_dst[rows], old)]
        found += [(view, rows)] if len(rows) else []
    if not found:
        return None
    view, rows = max(found, key=lambda one: len(one[1]))
    because = (
        f"what is for the guest goes to {mac_text(int(view.journal.eth_dst[rows[0]]))}, its MAC before, and nothing to"
        f" {case.mac} ({count_of(len(rows), 'packet')} at {view.name}): whether this network carries what is for it is"
        " not shown"
    )
    return because, sighted((view, int(view.journal.frame[row])) for row in (rows[0], rows[-1]))


def _answers_in_one_domain(case: Case) -> bool:
    """
    Did the guest answer at its new place, in a domain that its frames showed to be that of its old one?

    Whether its announcement told switches the way, or a frame that it sent itself before anybody asked it, is asked of
    the announcement, not of the network that carried both.
    """
    if case.domain.word == "different":
        return False
    there = [view for view in case.views if view.role == "domain:destination"]
    return any(functional_proof(view, case.guest, _moment_at(view, case)) is not None for view in there)


def _moment_at(view: PointView, case: Case) -> int:
    """By when had the guest moved, on the reference clock? Where no other clock tells, as the point heard it itself."""
    is_unknown = is_moment_unknown(view, case.guest, case.views)
    sign = sign_on_its_clock(view, case.guest) if is_unknown else None
    return case.moment if sign is None else on_reference(sign.view, sign.ts)


def _in_two_places(case: Case, name: str, heard: str, seen: Sequence[Sighted]) -> Mechanism:
    """The guest's MAC flaps between the sites: a switch has it at one of them, and half of what is sent goes there."""
    flaps = case.second_place
    because, back = f"{heard}, but {flaps.because}", case.back_at
    evidence = [*seen, *sighted((v, frame) for v in case.views if v.name == flaps.point for frame in flaps.frames)]
    if case.cut_off:
        because += f"; {case.without_answer}"
        return result(name, "no", because, evidence)
    if back is not None and flaps.since is not None and back > flaps.since:
        because += f"; the guest's peers were answered again only {case.back_words}"
        return result(name, "no", because, evidence, case.after(back))
    return result(name, "undecided", f"{because}; no peer shows an outage by it", evidence)


def _announced_in_vain(case: Case, name: str, heard: str, seen: Sequence[Sighted]) -> Mechanism:
    """The announcement died within the domain: did its peers wait for switches to learn the guest's place otherwise?"""
    told = case.announcements
    if told is not None and told.last_seen_at and told.first_missing_at:
        last, first = " and ".join(told.last_seen_at), " and ".join(told.first_missing_at)
        heard += f", last at {last}, and missing first at {first}: {told.lost_between_because}"
    waited = max((part.ms for s in case.suffered for part in s.peer.breakdown if part.part in UNLEARNT), default=0.0)
    back = case.back_at
    if not waited or back is None:
        return result(name, "undecided", f"{heard}; {case.reachability.because}", seen)
    because = f"{heard}; for {span(int(waited * NS_PER_MS))} switches did not know its new place, and the guest's peers"
    return result(name, "no", f"{because} were answered again only {case.back_words}", seen, case.after(back))


def _in_overlay(case: Case) -> list[bool]:
    """At which points did a tunnel carry the guest's frames?"""
    foreign = np.array(sorted(foreign_overlays(case)), np.int64)
    return [
        bool(
            (((rows.eth_src == case.guest.mac) | (rows.eth_dst == case.guest.mac)) & ~np.isin(rows.vni, foreign)).any()
        )
        for view in case.views
        if len((rows := view.carriers.rows()).frame)
    ] + [case.guest.mac in (row.eth_src, row.eth_dst) for view in case.views for row in view.tunnelled]


OTHER_NETWORK: Final = "a port group of the right name in another network"
"""How a port group ends that another tag gives away."""


def judge_port_group(case: Case, name: str) -> Mechanism | None:
    """Does the guest's new network lead nowhere, though the migration was let through?"""
    if case.reachability.answer == "yes":
        return None
    for view in case.views:
        alone = outbound_only(view, case.guest, case.moment, case.views) if view.journal_complete else None
        if alone is not None and alone.is_alone:
            seen = sighted((view, frame) for frame in alone.frames)
            crossing = known_of(case.guest, view, case.moment, case.views).crossing
            if crossing and _other_tag(case, name) is None:
                because = (
                    f"{alone.because}, yet {crossing}: its network is the one that it left, and what is for it is lost"
                )
                return result(name, "undecided", because, seen)
            return result(name, "no", f"{alone.because}: {_why_nothing_arrives(case, name, view)}", seen)
    closed = find_closed_way(case.guest, case.views, case.moment)
    if closed is not None and closed.opened is None and _other_tag(case, name) is None:
        return result(
            name, "no", closed.words, sighted((mark.view, mark.frame) for mark in (closed.first, closed.last))
        )
    return _other_tag(case, name) if case.cut_off or case.reachability.answer == "no" else None


def _why_nothing_arrives(case: Case, name: str, view: PointView) -> str:
    """
    Why is the guest alone at this point? Its tag tells first, then what becomes of other machines' frames there.
    """
    tagged = _other_tag(case, name)
    if tagged is not None:
        return tagged.because
    other = "the network that its port group leads to is not that of its peers"
    roles = ("gateway", "domain:source")
    beyond = [v for v in case.views if v is not view and v.role in roles and v.journal_complete]
    if not beyond:
        return other
    way = f"between {view.name} and {', '.join(v.name for v in beyond)}"
    shut = where_it_was_shut(case.guest, [view], beyond, case.moment)
    passing = who_passes(case.guest, [view], beyond, case.moment)
    if shut:
        return f"{way} {shut}"
    if passing:
        return f"{way} {passing}, so {other}, or its MAC is stopped there (port security, ARP inspection)"
    return other


def _other_tag(case: Case, name: str) -> Mechanism | None:
    """Do the guest's frames carry the tag of another network since it moved, as seen on tagged links of both sites?"""
    other = find_retagged(case.guest, case.views, case.moment)
    if other is None or other.kind != "VLAN" or case.domain.word != "different":
        return None
    because = f"{other.words}: {OTHER_NETWORK}"
    return result(name, "no", because, sighted([(other.was_at, other.was_frame), (other.now_at, other.now_frame)]))
