"""Why an announcement was not seen at a point: it was not alive, not listening, or it did not come."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.announcements.series import Series
from vmpcap.migration.announced.hearing import is_cut_off, why_deaf, why_group_hidden, why_hidden, why_rarp_hidden
from vmpcap.migration.announced.unlearned import went_astray
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.results import Reached
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.holes import Hole, blindness, hole_in
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

WAIT_QEMU_NS: Final = NS_PER_S
"""QEMU announces five times within 800 ms: a live point of the domain has heard it by then."""
WAIT_OTHERS_NS: Final = 38 * NS_PER_S
"""ESXi repeats for so long (domain notes 3.3): until then the announcement that arrives may still come."""
LEAST_SENT: Final = 3
SENT_OVER_NS: Final = 5 * NS_PER_S
"""So many announcements, over so long, that a point at the new place heard: where none of them came, they are lost."""
ALIVE_NS: Final = 5 * NS_PER_S
"""A point that saw frames this shortly before and after was capturing."""
BESIDE_NS: Final = 20 * NS_PER_MS
"""An announcement this near to a hole may have passed in it: what it takes to another point is not known so well."""
LEAST_IN_VIEW: Final = 2
"""So many announcements must have come while the point was not blind, for its silence to say something."""
OUT_OF_EARSHOT: Final = {
    "client": "a router stands between a client and the guest's domain, and RARP does not cross routers",
    "source": "the migration NIC is not in the guest's domain",
    "destination": "the migration NIC is not in the guest's domain",
    "wan": "the point lies between the hosts, not in the guest's domain",
}
"""Roles at which the absence of an announcement says nothing."""
NOT_NAMED: Final = (
    "but that point stands at a place that was not named: it may be the domain that the guest left, or behind a router"
)
"""A place that may be any of those above: where nothing was heard there, the guest's new domain may have heard it."""


def not_seen_at(
    view: PointView, guest: Moved, moment: int, qemu: bool, views: Sequence[PointView]
) -> tuple[bool | None, Reached, str]:
    """
    Why was nothing seen here: not there, or not able to be seen?

    A point between the sites that carries the guest's own frames shows that the announcement did not pass it, which
    tells where it was lost; that the domain did not get it is for others to say.
    """
    if view.role in OUT_OF_EARSHOT:
        because = OUT_OF_EARSHOT[view.role]
        if view.role != "client" and _why_silent(view, guest, moment, qemu, views)[0] is False:
            passed = "the guest's own frames passed here then, the announcement did not"
            return False, "not_observable", f"{passed}; {because}"
        return None, "not_observable", because
    seen, reached, because = _why_silent(view, guest, moment, qemu, views)
    if view.role is None and reached == "not_reached":
        return seen, "not_observable", f"{because}, {NOT_NAMED}"
    return seen, reached, because


def _why_silent(
    view: PointView, guest: Moved, moment: int, qemu: bool, views: Sequence[PointView]
) -> tuple[bool | None, Reached, str]:
    """Does the silence of this point mean that nothing passed it?"""
    blind = why_blind(view, guest)
    if blind:
        return None, "not_observable", blind
    known = bool(guest.heard)
    is_over = qemu or any(series.schedule == "qemu" for _, series in guest.heard)
    wait = WAIT_QEMU_NS if is_over else WAIT_OTHERS_NS
    when = on_point(view, moment)
    unjoined = _of_this_time(view, guest, when - NS_PER_S, when + wait)
    if unjoined:
        return None, "not_observable", unjoined
    if view.first_ts > when:
        return None, "not_observable", "its first packet came after the switchover"
    sent, at = _sent_in_vain(view, guest)
    is_short = sent > 0 and view.last_ts < when + wait
    wait = view.last_ts - when if is_short else wait
    if view.last_ts < when + wait:
        left = max(0.0, (view.last_ts - when) / NS_PER_S)
        because = (
            f"its last packet came {left:.1f} s after the switchover; {wait / NS_PER_S:.0f} s of silence are needed"
        )
        return None, "not_observable", because
    if not _alive(view, when):
        return (
            None,
            "not_observable",
            "nothing else was seen there around the switchover: the point may not have been capturing",
        )
    hole = _hole_over(view, guest, when, when + wait)
    if hole is not None:
        return None, "not_observable", blindness(hole)
    astray = went_astray(view, guest, moment)
    deaf = why_deaf(view, guest, when, when + wait)
    if not deaf and not astray and not is_cut_off(view, guest, views, moment):
        deaf = why_hidden(view, guest) or why_rarp_hidden(view, guest) or why_group_hidden(view, guest)
    if deaf:
        return None, "not_observable", deaf
    source = (
        f"though it was heard at {', '.join(v.name for v, _ in guest.heard)}" if known else _nor(view, guest, views)
    )
    missed = f"not seen here in the {wait / NS_PER_S:.0f} s it could take, {source}"
    if is_short:
        until = view.end_words if view.goes_on else "the capture's end"
        missed = f"none of the {sent} that {at} heard came here in the {wait / NS_PER_S:.0f} s until {until}; a later "
        missed += "one may have"
    return False, "not_reached", f"{missed}; {astray or 'other frames were'}"


def _nor(view: PointView, guest: Moved, views: Sequence[PointView]) -> str:
    """Was it heard nowhere else either, or may it have been, by a clock that nothing holds against the others?"""
    beside = ((other, _apart_in_time(other, guest)) for other in views if other.name != view.name)
    named = [
        f"{same.count} of the same MAC at {other.name} (from frame {same.frames[0]} on), whose clock nothing compares"
        for other, same in beside
        if same is not None
    ]
    return f"nor anywhere else but for {' and '.join(named)}" if named else "nor anywhere else"


def why_blind(view: PointView, guest: Moved) -> str:
    """Why may this capture lack an announcement that passed, whenever it did? Empty: nothing says so."""
    if not view.link_carries_announcements:
        return "its link type has no Ethernet addresses: RARP cannot exist there"
    if view.drops:
        return f"the capturing machine dropped {view.drops} packets"
    if view.missing:
        return f"{count_of(view.missing, 'mirrored packet')} missing there, by their sequence numbers"
    return _of_another_time(view, guest)


def _sent_in_vain(view: PointView, guest: Moved) -> tuple[int, str]:
    """
    How many announcements did a point at the guest's new place hear, each in time to have come here, and which point?

    None where they are too few, or came within too short a time: what switches still learn then, or a port that is
    about to open, lets a later one pass. None by clocks that nothing compares.
    """
    best: tuple[int, str] = (0, "")
    for other, series in guest.heard:
        if other.role != "domain:destination" or not is_compared(other, view):
            continue
        times = [on_point(view, on_reference(other, ts)) for ts in series.times]
        times = [ts for ts in times if ts <= view.last_ts - WAIT_QEMU_NS]
        if len(times) >= LEAST_SENT and max(times) - min(times) >= SENT_OVER_NS:
            best = max(best, (len(times), other.name))
    return best


def _hole_over(view: PointView, guest: Moved, since: int, until: int) -> Hole | None:
    """
    In which hole of its capture may all announcements have passed this point?

    None where some that others heard must have come while it was not blind.
    """
    hole = hole_in(view.holes, since - ALIVE_NS, until)
    if hole is None:
        return None
    times = [on_point(view, on_reference(other, ts)) for other, series in guest.heard for ts in series.times]
    in_view = [ts for ts in times if hole_in(view.holes, ts - BESIDE_NS, ts + BESIDE_NS) is None]
    return None if len(in_view) >= LEAST_IN_VIEW else hole


def _of_another_time(view: PointView, guest: Moved) -> str:
    """Were announcements of this MAC seen here that may be these, on a clock that nothing holds against the others?"""
    same = _apart_in_time(view, guest)
    if same is None:
        return ""
    at = f"{same.count} of the same MAC were seen here at another time, the first in frame {same.frames[0]}"
    return f"{at}; nothing shows how this point's clock stands to the others: they may be the same"


def _apart_in_time(view: PointView, guest: Moved) -> Series | None:
    """Which announcements of this MAC has a point whose clock was compared with no other?"""
    if view.offset is not None:
        return None
    macs = [guest.mac]
    if guest.mac == NO_MAC:  # known by its address: the MACs that have it here
        j, sent = view.journal, frames_of(view, guest).sent
        macs = np.unique(j.eth_src[sent]).tolist()
    return next((s for s in view.series if s.mac in macs), None)


def _of_this_time(view: PointView, guest: Moved, since: int, until: int) -> str:
    """Were announcements of this MAC seen here then, though their rhythm joins them to another event? Empty: none."""
    if guest.mac == NO_MAC:
        return ""
    frames = [
        frame
        for one in view.series
        if one.mac == guest.mac
        for frame, ts in zip(one.frames, one.times, strict=True)
        if since <= ts <= until
    ]
    if not frames:
        return ""
    seen = f"{count_of(len(frames), 'announcement')} of the same MAC seen here then, the first in frame {frames[0]}"
    return f"{seen}; taken together with earlier ones, they may be another event's, or these with some missing"


def _alive(view: PointView, when: int) -> bool:
    """Did the point see anything shortly before and shortly after?"""
    ts = view.journal.ts_ns
    before = (ts >= when - ALIVE_NS) & (ts <= when)
    after = (ts > when) & (ts <= when + ALIVE_NS)
    return bool(before.any() and after.any())
