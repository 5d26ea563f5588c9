"""Did the guest's announcement reach its broadcast domain: at each point reached, not reached or not observable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import numpy as np

from vmpcap.announcements.series import Series
from vmpcap.migration.announced.first_to_come import first_to_come
from vmpcap.migration.announced.own_places import (
    NO_TAG,
    Place,
    distinct_places,
    own_frame_in,
    own_places,
    place_of,
    place_text,
)
from vmpcap.migration.announced.several_places import why_several
from vmpcap.migration.announced.unheard import not_seen_at
from vmpcap.migration.announced.unlearned import came_late
from vmpcap.migration.announced.uplinks import is_carried
from vmpcap.migration.announced.vlans import find_retagged
from vmpcap.migration.clocks import elapsed_between, order_not_known
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.exchanges import Functional, functional_proof
from vmpcap.migration.packets.one_direction import REPLIES
from vmpcap.migration.packets.questions import Question, asked_by, count_of_questions
from vmpcap.migration.packets.reachable import outbound_only
from vmpcap.migration.results import Announcements, Domain, PointAnnouncements, Reached
from vmpcap.migration.sightings import announced_among, frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.roles import ARRIVAL_PROOF, rank
from vmpcap.points.timeline import Elapsed
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.distinct import distinct
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of, iso_utc, ms

LEAST_IN_VAIN: Final = 3
"""So many of its own questions for a MAC must stay unanswered before a segment is doubted: one or two may be lost."""
MOST_DOUBT_NS: Final = 5 * NS_PER_MS
"""By no more than so much, and what an announcement came late, may its time be wrong: else it is not told."""
MOST_FRAMES: Final = 64
"""So many frame numbers of announcements are listed per point; the count is complete."""
IN_TUNNEL: Final = "on its way, inside a tunnel"
AT_NIC: Final = "at the host's migration NIC; whether the guest itself uses that uplink is not shown"
ON_THE_WAY: Final = {
    "source": AT_NIC,
    "destination": AT_NIC,
    "wan": "on its way between the sites",
    "domain:source": "in the domain that the guest left",
}
"""Roles at which a sighting is no arrival in the destination's domain."""
HOST_NICS: Final = ("source", "destination")
AT_HOME: Final = frozenset({"domain:source", "domain:destination", "gateway"})
"""Points in the guest's own domain."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a guest's announcements did, at every point."""

    announcements: Announcements
    domain: Domain
    deciding: PointView | None
    """The point whose answer decides, None where none can."""


def follow_announcements(guest: Moved, views: Sequence[PointView], moment: int, qemu: bool) -> Heard:
    """
    Where did the guest's announcements arrive?

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock, ns
    qemu : the hypervisor is known to be QEMU, whose announcements are over within a second
    """
    by_point = {view.name: _at_point(view, guest, moment, qemu, views) for view in views}
    astray = _why_astray(guest, views, moment)
    if astray:
        by_point |= {v.name: _of_another_network(v, guest, by_point[v.name], moment, *astray) for v in views}
    first = guest.first_heard
    series = _counted(guest)
    kinds: dict[str, int] = {}
    for one in series:
        for kind, count in one.kinds:
            kinds[kind] = max(kinds.get(kind, 0), count)
    announcements = Announcements(
        count=max((s.count for s in series), default=0),
        kinds=kinds,
        first_ts=iso_utc(first[1].first_ts) if first else None,
        schedule=next((s.schedule for s in sorted(series, key=lambda s: -s.count) if s.schedule), None),
        by_point=by_point,
    )
    deciding = _deciding(guest, views, by_point, moment)
    return Heard(announcements, _judge_domain(guest, views, by_point, deciding, moment), deciding)


def _counted(guest: Moved) -> list[Series]:
    """
    By whose count were announcements sent? Where no point of the guest's domain heard any, by everybody's.

    Between tunnel endpoints each passes once for every other endpoint (RFC 7348 4.2).
    """
    at_home = [series for view, series in guest.heard if view.role in AT_HOME]
    return at_home or [series for _, series in guest.heard]


def _at_point(view: PointView, guest: Moved, moment: int, qemu: bool, views: Sequence[PointView]) -> PointAnnouncements:
    series = guest.series_at(view)
    if series is not None:
        return _seen_at(view, guest, series, moment)
    seen, reached, because = not_seen_at(view, guest, moment, qemu, views)
    return PointAnnouncements(seen=seen, reached=reached, because=because)


def _seen_at(view: PointView, guest: Moved, series: Series, moment: int) -> PointAnnouncements:
    first = guest.first_heard
    before = min(on_point(view, moment), series.first_ts)
    used, segments = _places_before(view, guest, before)
    series = _in_its_place(view, series, used)
    seen = f"{series.count} seen here, the first in frame {series.frames[0]}"
    came = first_to_come(first, view, series)
    late = elapsed_between(first[0], came.ts, view, series.first_ts) if first is not None and came is not None else None
    seen += came.words if came is not None else ""
    reached, because = _arrival(view, guest, series, moment, used, segments, seen)
    wrong = _wrong_tag(place_of(series.vlan_outer_id, series.vni), used) if reached == "not_reached" else None
    unsure = _why_no_delay(late)
    return PointAnnouncements(
        seen=True,
        first_ts=iso_utc(series.first_ts),
        delay_ms=ms(late.ns) if late is not None and not unsure else None,
        delay_uncertainty_ms=ms(late.uncertainty_ns) if late is not None else None,
        vlan=[tag for tag in (series.vlan_outer_id, series.vlan_inner_id) if tag >= 0],
        vni=series.vni if series.vni >= 0 else None,
        frames=list(series.frames[:MOST_FRAMES]),
        times=[iso_utc(ts) or "" for ts in series.times[:MOST_FRAMES]],
        frame_kinds=list(series.frame_kinds[:MOST_FRAMES]),
        reached=reached,
        wrong=wrong,
        because=f"{because}{unsure}",
    )


def _why_no_delay(late: Elapsed | None) -> str:
    """
    Why is it not known how long after the first one that was? Empty where it is, or where no clock was compared.

    A figure that its doubt drowns says nothing: so it may be where a clock was set.
    """
    if late is None or late.is_later is not None or late.uncertainty_ns <= abs(late.ns) + MOST_DOUBT_NS:
        return ""
    return f"; how long after the first that was is not known: {order_not_known(late)}"


def _why_astray(guest: Moved, views: Sequence[PointView], moment: int) -> tuple[str, str] | None:
    """What says that the guest may have come to another network than its own, and whose gateway is that one's?"""
    retagged = find_retagged(guest, views, moment)
    if retagged is not None and retagged.may_be_astray:
        return retagged.words, f"the other {retagged.kind}'s"
    whole = (v for v in views if v.journal_complete)
    alone = next((found for v in whole if (found := outbound_only(v, guest, moment, views))), None)
    if alone is not None and alone.is_alone:
        return alone.because, "another network's"
    left = next((words for v in views if (words := _left_by(v, guest, moment))), "")
    return (left, "another network's") if left else None


def _left_by(view: PointView, guest: Moved, moment: int) -> str:
    """At a gateway that the guest had before: does it ask for it since, and see nothing of it? Empty where not."""
    if view.role != "gateway" or not view.journal_complete:
        return ""
    ts, frames, when = view.journal.ts_ns, frames_of(view, guest), on_point(view, moment)
    asked = int(np.count_nonzero(ts[frames.asked] >= when))
    sent = ts[frames.sent]
    if asked < LEAST_IN_VAIN or not (sent < when).any() or (sent >= when).any():
        return ""
    return f"at {view.name}, its gateway before, {count_of(asked, 'packet')} for it brought no frame of it since"


def _of_another_network(
    view: PointView, guest: Moved, told: PointAnnouncements, moment: int, why: str, whose: str
) -> PointAnnouncements:
    """
    Does an arrival stand at an untagged gateway that shows the guest only since it may be in another network?

    It may be that one's gateway. Somebody's request that the guest answered there shows that it is not.
    """
    if told.reached != "reached" or view.role != "gateway":
        return told
    before = min([on_point(view, moment), *(s.first_ts for v, s in guest.heard if v.name == view.name)])
    if _places_before(view, guest, before)[0] or functional_proof(view, guest, moment) is not None:
        return told
    because = (
        f"{told.because}, but nothing of the guest had been seen here before, and {why}: this may be {whose} gateway"
    )
    return msgspec.structs.replace(told, reached="not_observable", because=because)


def _wrong_tag(place: Place, used: set[Place]) -> Literal["vlan", "vni"]:
    """Which tag is another than the guest's before? The VNI where the guest was in no such overlay."""
    return "vlan" if place[1] in {vni for _, vni in used} else "vni"


def _places_before(view: PointView, guest: Moved, when: int) -> tuple[set[Place], set[int]]:
    """
    Where was the guest before the switchover, as this point saw it: in which VLANs and VNIs, and in which segments,
    which tunnels and outer tags tell apart besides? Both empty where it was not seen.
    """
    asked = ("places_before", guest.mac, when)
    if asked not in view.found:
        view.found[asked] = _look_before(view, guest, when)
    found: tuple[set[Place], set[int]] = view.found[asked]
    return found


def _look_before(view: PointView, guest: Moved, when: int) -> tuple[set[Place], set[int]]:
    if guest.mac == NO_MAC:
        return set(), set()
    j, rows, mac = view.journal, view.arps, np.uint64(guest.mac)
    told = (rows.sender_mac == mac) & (rows.ts_ns < when)
    sent = (j.eth_src == mac) & (j.ts_ns < when)
    places = distinct_places(j.vlan_outer_id[sent], j.vni[sent])
    places |= distinct_places(rows.vlan_outer[told], rows.vni[told])
    if places:
        return places, {*distinct(j.segment_key[sent]).tolist(), *rows.segment_key[told].tolist()}
    to_guest = (j.eth_dst == mac) & (j.ts_ns < when)
    return distinct_places(j.vlan_outer_id[to_guest], j.vni[to_guest]), set(distinct(j.segment_key[to_guest]).tolist())


def _in_its_place(view: PointView, series: Series, used: set[Place]) -> Series:
    """The same event's announcements in the guest's own segment, where it was announced in several."""
    if place_of(series.vlan_outer_id, series.vni) in used:
        return series
    beside = [s for s in view.series if s.mac == series.mac and abs(s.first_ts - series.first_ts) <= NS_PER_S]
    return next((s for s in beside if place_of(s.vlan_outer_id, s.vni) in used), series)


def _arrival(
    view: PointView, guest: Moved, series: Series, moment: int, used: set[Place], segments: set[int], seen: str
) -> tuple[Reached, str]:
    """Is what was heard here an arrival in the guest's own segment?"""
    if view.role in ON_THE_WAY:
        where = IN_TUNNEL if view.role in HOST_NICS and is_carried(view, guest) else ON_THE_WAY[view.role]
        return "not_observable", f"{seen}; {where}"
    several = why_several(view, guest)
    if several:
        return "not_observable", f"{seen}; {several}"
    place = place_of(series.vlan_outer_id, series.vni)
    is_there = place in used or (not used and place == (NO_TAG, NO_TAG))
    own = own_places(view, guest, series) if is_there and not used else {}
    if own and place not in own:
        first = min(own, key=lambda one: own[one])
        tagged = f"{seen} {place_text(place)}, but the guest's own frames are {place_text(first)} (frame {own[first]})"
        return "not_observable", f"{tagged}: those, and not the announcement, may have shown switches the way"
    is_new_gateway = is_there and not used and view.role == "gateway"
    in_vain = _asked_in_vain(view, guest, moment) if is_new_gateway else []
    if len(in_vain) >= LEAST_IN_VAIN:
        own_ones = f"its own {count_of_questions(in_vain)}"
        doubt = f"{seen}, but nothing of the guest had been seen here before, and {own_ones}"
        return "not_observable", f"{doubt} went unanswered here: this may be another segment than its own"
    nobody = asks_nobody(view, guest, moment) if is_there and view.role == "gateway" else ""
    if nobody:
        return "not_observable", f"{seen}, but {nobody}: this may be another segment, put into one capture with its own"
    if is_there and (not segments or series.segment_key in segments):
        return "reached", seen
    proof = functional_proof(view, guest, moment)
    if is_there:
        if _segment_of(proof) == series.segment_key:
            return "reached", seen
        return "not_observable", f"{seen}, but through another tunnel or outer tag than the guest's frames before"
    answered = proof is not None and place == _place_of(proof)
    if not used:
        doubt = f"{seen} {place_text(place)}, and which segment the guest used before is not in view here"
        return ("reached", seen) if answered else ("not_observable", doubt)
    elsewhere = f"{seen} {place_text(place)}, but the guest was {' and '.join(map(place_text, sorted(used)))} before"
    if answered:
        return "not_observable", f"{elsewhere}; it was asked and answered {place_text(place)} all the same"
    went_on = own_frame_in(view, guest, series, used) if proof is not None and _place_of(proof) in used else None
    if proof is not None and went_on is not None:
        where = f"its own frames went on {place_text(_place_of(proof))} (frame {went_on})"
        answered_at = f"it was asked and answered there (frames {proof.question_frame} and {proof.answer_frame})"
        return (
            "not_observable",
            f"{elsewhere}; that did not matter: {where}, which showed switches the way, and {answered_at}",
        )
    return "not_reached", elsewhere


def asks_nobody(view: PointView, guest: Moved, moment: int) -> str:
    """
    Does the guest ask in vain here after its move, while nobody's request is answered by it either? Empty where not.

    Merged files and mirrors of several ports show a segment that leads nowhere beside the one that the guest left, with
    the same tags: what is in one capture is not joined.
    """
    in_vain = _asked_in_vain(view, guest, moment)
    if len(in_vain) < LEAST_IN_VAIN or functional_proof(view, guest, moment) is not None:
        return ""
    return f"its own {count_of_questions(in_vain)} after the move went unanswered here, and it answered nobody"


def _asked_in_vain(view: PointView, guest: Moved, moment: int) -> list[Question]:
    """Which MACs did the guest ask for here after the move, if it was told none of them?"""
    rows, when = view.arps, on_point(view, moment)
    if guest.mac == NO_MAC:
        return []
    mac = np.uint64(guest.mac)
    told = (rows.ts_ns > when) & np.isin(rows.kind, REPLIES) & ((rows.target_mac == mac) | (rows.eth_dst == mac))
    return [] if told.any() else [one for one in asked_by(view, guest) if one.ts > when]


def _place_of(proof: Functional) -> Place:
    j, row = proof.view.journal, _row_of(proof)
    return place_of(int(j.vlan_outer_id[row]), int(j.vni[row]))


def _segment_of(proof: Functional | None) -> int | None:
    return None if proof is None else int(proof.view.journal.segment_key[_row_of(proof)])


def _row_of(proof: Functional) -> int:
    j = proof.view.journal
    return int(np.flatnonzero((j.frame == proof.question_frame) & (j.ts_ns == proof.question_ts))[0])


def _deciding(
    guest: Moved, views: Sequence[PointView], by_point: dict[str, PointAnnouncements], moment: int
) -> PointView | None:
    """
    Whose answer decides? The gateway's port, else a point in the destination's domain, else a point of unknown place.

    Of several, one that had seen the guest before: another gateway may be another domain's. Of those whose place is
    not known, one at which the guest was asked and answered: with fewer captures that one would decide. A point that
    could not observe decides nothing.
    """
    able = [v for v in views if by_point[v.name].reached != "not_observable"]
    able = [v for v in able if v.role in ARRIVAL_PROOF or v.role is None]

    def worth(view: PointView) -> tuple[int, bool, bool, str]:
        is_new = not _places_before(view, guest, on_point(view, moment))[0]
        is_unproved = view.role is None and functional_proof(view, guest, moment) is None
        return rank(view.role, (*ARRIVAL_PROOF, None)), is_unproved, is_new, view.name

    return min(able, key=worth, default=None)


def _judge_domain(
    guest: Moved,
    views: Sequence[PointView],
    by_point: dict[str, PointAnnouncements],
    deciding: PointView | None,
    moment: int,
) -> Domain:
    """Did the announcement reach the domain that matters?"""
    if deciding is None:
        because = "no capture point stands where an announcement would prove it: " + _why_not(views, by_point)
        return Domain(verdict="not_observable", because=because)
    answer = by_point[deciding.name]
    if answer.reached == "not_reached":
        return Domain(verdict="not_reached", because=f"{deciding.name}: {answer.because}")
    if deciding.role == "gateway":
        return Domain(verdict="reached", because=f"{deciding.name}: {answer.because}")
    proof = functional_proof(deciding, guest, moment)
    taught = _own_frame_before(proof, guest, moment) if proof is not None else None
    across = _heard_across(deciding, guest, views, moment) if proof is not None and taught is not None else ""
    if proof is not None and across:
        because = (
            f"{deciding.name}: {answer.because}; {across}; the guest was asked and answered at {deciding.name} (frames"
            f" {proof.question_frame} and {proof.answer_frame})"
        )
        return Domain(verdict="reached", because=because)
    if taught is not None:
        because = (
            f"{deciding.name}: {answer.because}; the guest was asked and answered there, but had sent frame {taught} "
            "before: that may have told the way to it, not the announcement"
        )
        return Domain(verdict="not_observable", because=because)
    if proof is not None:
        because = (
            f"{deciding.name}: {answer.because}; in frame {proof.question_frame} somebody's unicast reached the guest "
            f"and it answered (frame {proof.answer_frame})"
        )
        late = came_late(deciding, guest, proof, views)
        if late is not None and not late.is_led:
            because = f"{because}, but only {late.words}; what told the way to it at last is not known"
            return Domain(verdict="not_observable", because=because)
        return Domain(verdict="reached", because=f"{because}, {late.words}" if late is not None else because)
    place = "may be the host's own bridge" if deciding.role else "stands at a place that was not named"
    because = (
        f"{deciding.name}: {answer.because}, but that point {place}, and no unicast for the guest was answered there"
    )
    return Domain(verdict="not_observable", because=because)


CROSSES_NS: Final = NS_PER_S
"""A copy of an announcement that comes later than this, elsewhere, is another one."""


def _heard_across(deciding: PointView, guest: Moved, views: Sequence[PointView], moment: int) -> str:
    """
    Where in its old place's network did what was announced at the new one arrive? Empty where that is not shown.

    In the segment that the guest used there: so it passed the switches between both hosts, and no host's own bridge
    explains it. Whether a frame of the guest's own had told them the way before does not matter to that.
    """
    sent = guest.series_at(deciding)
    for view in views if sent is not None else ():
        series = guest.series_at(view) if view.role == "domain:source" and not why_several(view, guest) else None
        if sent is None or series is None:
            continue
        used, segments = _places_before(view, guest, min(on_point(view, moment), series.first_ts))
        series = _in_its_place(view, series, used)
        is_there = place_of(series.vlan_outer_id, series.vni) in used and series.segment_key in segments
        late = elapsed_between(deciding, sent.first_ts, view, series.first_ts)
        if is_there and late is not None and late.is_later is not False and abs(late.ns) <= CROSSES_NS:
            when = f", {late.ns / NS_PER_MS:.2f} ms later" if late.is_later else ""
            return f"the announcement itself came through the network to {view.name} (frame {series.frames[0]}{when})"
    return ""


def _own_frame_before(proof: Functional, guest: Moved, moment: int) -> int | None:
    """Which frame did the guest send, besides its announcements, between the switchover and the proof's question?"""
    view, j = proof.view, proof.view.journal
    sent = frames_of(view, guest).sent
    sent = sent[(j.ts_ns[sent] > on_point(view, moment)) & (j.ts_ns[sent] < proof.question_ts)]
    own = sent[~announced_among(view, guest, sent)]
    return int(j.frame[own[0]]) if len(own) else None


def _why_not(views: Sequence[PointView], by_point: dict[str, PointAnnouncements]) -> str:
    return "; ".join(f"{v.name}: {by_point[v.name].because}" for v in views)
