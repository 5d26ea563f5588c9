"""Where a peer's unanswered requests went, and which cause that shows: one question each, the surest first."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.causes.asked import Asked, Evidence, Scene, back_of, return_of, shows_return
from vmpcap.migration.causes.closed import died_on_the_way
from vmpcap.migration.causes.inside import inside_of, names_of
from vmpcap.migration.causes.let_through import held_back
from vmpcap.migration.causes.lost_answers import MOSTLY, lost_answers
from vmpcap.migration.causes.new_addresses import new_addresses
from vmpcap.migration.causes.no_room import without_room
from vmpcap.migration.causes.old_gateway import answered_to_old_gateway
from vmpcap.migration.causes.request_hits import as_before, every_one, hits, hits_at, in_a_hole, is_for_guest
from vmpcap.migration.causes.sought import sought
from vmpcap.migration.causes.unheard_return import SAYS, why_unheard
from vmpcap.migration.causes.unproven import not_shown_to_run
from vmpcap.migration.clocks import all_on_clock_of, clock_doubt, on_clock_of
from vmpcap.migration.guest.switchover import last_sign
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import on_point
from vmpcap.migration.packets.requests import answers_to
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.holes import hole_before
from vmpcap.terms.addresses import NO_MAC, mac_text
from vmpcap.terms.router_macs import virtual_mac
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import ICMP_UNREACHABLE, IP_ICMP

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PASSED_NS: Final = NS_PER_S
"""Switches have learned the new place by then; what still passes the old one goes on from there."""
LEAST_PASSED: Final = 3
"""Fewer packets may be strays."""


def explain(asked: Asked, scene: Scene) -> list[Evidence]:
    """
    What explains which requests? A request belongs to the first that explains it.

    Sent before the guest left its old place, none of this does but what drew them to the new one.
    """
    gone = _when_gone(asked, scene)
    found = [one._replace(which=one.which & (asked.ts >= gone)) for ask in EXPLAINS for one in ask(asked, scene)]
    return [one for one in (*_drawn(asked, scene), *not_shown_to_run(asked, scene), *found) if one.which.any()]


def _last(scene: Scene, at: PointView) -> Mark | None:
    """The guest's last frame at its old place, by a clock that was compared with that point's."""
    befores = [s.before for s in scene.quiet.values() if s.before is not None]
    return last_sign([m for m in befores if is_compared(m.view, at)])


def _when_gone(asked: Asked, scene: Scene) -> int:
    """
    From when on may a request have met no guest? Its last frame at the old place, less what can have been on the way.

    Where that is not known, its return; where that is not either, any time.
    """
    last, back = _last(scene, asked.view), back_of(asked, scene)
    if last is None:
        return back if back is not None else int(asked.edges[0])
    slack = clock_doubt(last.view, last.ts, asked.view) or 0
    return on_clock_of(asked.view, last.view, last.ts) - slack - _usual(asked)


def _stunned(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests sent between the guest's last sign at its old place and its first at the new one."""
    sign, back, last = return_of(scene, asked.view), back_of(asked, scene), _last(scene, asked.view)
    if sign is None or back is None:
        return []
    left = f"its last frame before: {last.view.name} frame {last.frame}; " if last is not None else ""
    shows = f"{left}its first sign after: {sign.view.name} frame {sign.frame}"
    which = asked.ts < back
    if not shows_return(sign, scene.guest):
        return [Evidence("unexplained", which, f"{shows}; whether it ran before, unheard there, is not known")]
    # one that has another address since has just been started: it speaks as it begins to run
    unheard = "" if new_addresses(scene.guest, scene.views, sign) else why_unheard(scene, sign, last)
    return [Evidence("unexplained", which, f"{shows}; {unheard}", SAYS) if unheard else Evidence("stun", which, shows)]


def _usual(asked: Asked) -> int:
    """A request sent this long before the guest's last frame may have come too late."""
    return min(asked.stream.interval_ns or 0, 50 * NS_PER_MS) if asked.stream.manner != "connection" else 50 * NS_PER_MS


def _drawn(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests that an announcement drew to the new place before the guest ran there."""
    if scene.drawn is None or not all(is_compared(mark.view, asked.view) for mark in scene.drawn):
        return []
    begin, end = (on_clock_of(asked.view, mark.view, mark.ts) for mark in scene.drawn)
    which, where = hits(asked, ("domain:destination",), is_for_guest(scene))
    first = scene.drawn[0]
    shows = f"delivered at its new place, {where}, since it was announced there ({first.view.name} frame {first.frame})"
    says = "its announcement had drawn requests to where it did not run yet"
    return [Evidence("announcement", which & (asked.ts >= begin - _usual(asked)) & (asked.ts < end), shows, says)]


def _reached(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests that arrived at the guest's new place, for its MAC: its answer is missing, or was lost on its way."""
    back = back_of(asked, scene)
    if asked.stream.requester == "guest" or back is None:
        return []
    which, where = hits(asked, ("domain:destination",), is_for_guest(scene))
    which &= asked.ts >= back
    sign = return_of(scene, asked.view)
    others = new_addresses(scene.guest, scene.views, sign) if sign is not None else []
    if others:  # what it sends is no answer to who asks for another
        says = f"the guest had another address by then, {' and '.join(others)}"
        return [Evidence("guest", which, f"requests were delivered there: {where}; {says}", says)]
    answers = _answers_at_new_place(asked, scene)
    if (which & answers).sum() > MOSTLY * (which & ~answers).sum():
        answers = which  # it answers; of the last requests the capture shows no more
    shows = f"requests were delivered there: {where}"
    lost = _lost_inside(asked, scene, which & ~answers)
    which &= ~lost.which if lost is not None else True
    returned = which & answers
    what = (
        "the guest sent to the peer meanwhile, which may have been under way"
        if asked.stream.manner == "connection"
        else "the guest answered, and the answers did not come back"
    )
    return [
        *lost_answers(asked, scene, returned, shows),
        *([lost] if lost is not None else []),
        Evidence("unexplained", returned, f"{shows}; {what}"),
        Evidence("guest", which & ~answers, shows),
    ]


def _lost_inside(asked: Asked, scene: Scene, which: Bools) -> Evidence | None:
    """Which of these requests passed a point at the new place, and never the one behind it, nearer to the guest?"""
    inside = inside_of(asked, scene)
    if inside is None:
        return None
    came = np.zeros(len(asked.ts), np.bool_)
    place = asked.place[inside.nearest]
    came[place[(place >= 0) & is_for_guest(scene)(asked.seen[inside.nearest])]] = True
    outer, nearest = names_of(asked, inside.outer), names_of(asked, [inside.nearest])
    says = f"requests passed {outer} and never came to {nearest} behind it"
    return Evidence("unexplained", which & ~came, says, says)


def _answers_at_new_place(asked: Asked, scene: Scene) -> Bools:
    """In the time of which requests did the guest send packets of this stream to the peer from its new place?"""
    which = np.zeros(len(asked.ts), np.bool_)
    for view in scene.views:
        if view.role == "domain:destination" and is_compared(view, asked.view):
            rows = answers_to(view, scene.guest, asked.stream)
            which |= _during(asked, all_on_clock_of(asked.view, view, view.journal.ts_ns[rows]))
    return which


def _during(asked: Asked, ts: I64) -> Bools:
    """For which requests did something happen at one of these times, before the next request?"""
    at = np.searchsorted(asked.edges, ts, side="right") - 1
    which = np.zeros(len(asked.ts), np.bool_)
    which[at[(at >= 0) & (at < len(asked.ts))]] = True
    return which


def _old_entry(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests that somebody sent to a MAC that the guest had before."""
    if not scene.old_macs:
        return []
    old = np.array(sorted(scene.old_macs), np.uint64)
    near = ("gateway", "domain:source", "domain:destination", None)
    which, where = hits(asked, near, lambda seen: np.isin(seen.eth_dst, old))
    macs = ", ".join(mac_text(mac) or "" for mac in sorted(scene.old_macs))
    shows = f"sent to {macs}, which the guest had before: {where}"
    return [Evidence("gateway_arp", which, shows, "the gateway kept its old ARP entry")]


def _at_old_site(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests that still went to the old place, where that is another broadcast domain; or were sought for there."""
    apart = _is_apart(asked, scene)
    if apart is False:
        return []
    which, where = hits(asked, ("domain:source",), every_one)
    wanted, seekers = sought(asked, scene, ("domain:source",))
    texts = (("requests were delivered at the old site", where), ("the guest was sought there, unanswered", seekers))
    shows = "; ".join(f"{text}: {there}" for text, there in texts if there)
    if apart is None:
        shows += "; by a route, or by a switch that had not learnt the new place: nothing in view tells"
        return [Evidence("unexplained", which | wanted, shows, "traffic still went to the guest's old place")]
    return [Evidence("routing", which | wanted, shows)]


def _is_apart(asked: Asked, scene: Scene) -> bool | None:
    """
    Is the old place another broadcast domain, as far as this peer's requests show? None where that is not known.

    Where they left one routed link and came by another since, a route brought them back, whatever the routers' MACs:
    the gateways of two sites often share one. Else not where they pass one gateway to the guest's own MAC during the
    outage as well as after it, or one router sends them into both places: what was wrong then lies behind it, with the
    switches.
    """
    if not scene.apart or asked.answered_ts is None:
        return scene.apart
    old, new = _ways(asked, scene)
    if set(old) - set(new) and set(new) - set(old):
        return True
    if _routers(asked, scene, "gateway", False) & _routers(asked, scene, "gateway", True):
        return False
    same = _routers(asked, scene, "domain:source", False) & _routers(asked, scene, "domain:destination", True)
    if any(virtual_mac(mac) is None for mac in same):
        return False
    return None if same and not set(old) ^ set(new) else True


def _routers(asked: Asked, scene: Scene, role: str, after: bool) -> set[int]:
    """Which MACs sent this peer's requests on to the guest's own, at points of this role, in the outage or after it?"""
    macs: set[int] = set()
    for seen in asked.seen:
        if seen.view.role == role:
            inside = (seen.ts >= asked.edges[0]) & is_for_guest(scene)(seen)
            inside &= (seen.ts >= (asked.answered_ts or 0)) == after
            macs |= {int(mac) for mac in np.unique(seen.view.journal.eth_src[seen.rows[inside]])}
    return macs - {NO_MAC}


def _ways(asked: Asked, scene: Scene) -> tuple[list[str], list[str]]:
    """
    Which points on routed links did the requests pass before the outage, and which after it?

    On a routed link no frame is for the guest's own MAC; where they are, what carries them is one domain to the guest.
    """
    ways = [seen for seen in asked.seen if seen.view.role == "wan" and not is_for_guest(scene)(seen).any()]
    before = [seen.view.name for seen in ways if (seen.ts < asked.edges[0]).any()]
    end = asked.answered_ts
    return before, [seen.view.name for seen in ways if end is not None and (seen.ts >= end).any()]


def _on_old_way(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests that took the routed way to the old site: seen where they passed before; or that took no way at all."""
    before, after = _ways(asked, scene)
    old, new = ([name for name in one if name not in other] for one, other in ((before, after), (after, before)))
    found = []
    if old and (new or _is_apart(asked, scene)):
        still, where = hits_at(asked, old, lambda seen: as_before(seen, asked))
        turned, _ = hits_at(asked, old, lambda seen: ~as_before(seen, asked))
        way = f"requests took the way that they had to the old site: {where}"
        found.append(Evidence("routing", still & ~turned, way))
    if old and new:
        passed, _ = hits_at(asked, [*before, *after], every_one)
        shows = f"requests came to none of {', '.join(dict.fromkeys((*before, *after)))}, the old way and the new"
        found.append(Evidence("routing", ~passed & ~in_a_hole(asked, scene), shows))
    return found


def _unannounced(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests sent after the guest was back and before anybody announced it."""
    first = scene.guest.first_heard
    sign = return_of(scene, asked.view)
    if first is None or sign is None or not is_compared(first[0], asked.view):
        return []
    if hole_before(first[0].holes, first[1].first_ts) is not None:
        return []
    told = on_clock_of(asked.view, first[0], first[1].first_ts)
    back = on_clock_of(asked.view, sign.view, sign.ts)
    shows = f"its first announcement: {first[0].name} frame {first[1].frames[0]}"
    return [Evidence("announcement", (asked.ts >= back) & (asked.ts < told), shows)]


def _sought_by_arp(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests held back by a gateway that asks for the guest's MAC and gets no answer."""
    wanted, seekers = sought(asked, scene, ("gateway", None, "domain:source", "domain:destination"))
    passed, _ = hits(asked, ("gateway", "domain:source", "domain:destination"), is_for_guest(scene))
    asks = "neighbour solicitations" if ":" in asked.stream.peer_ip else "ARP requests"
    return [Evidence("gateway_arp", wanted & ~passed, f"{asks} for the guest stayed unanswered: {seekers}")]


def _in_another_vlan(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests since the guest came to a VLAN or VNI that is another network: its peers are not there."""
    back = back_of(asked, scene)
    if scene.astray is None or back is None:
        return []
    arrived, _ = hits(asked, ("domain:destination",), is_for_guest(scene))
    says = f"the guest was in another {scene.astray.kind} than before"
    return [Evidence("wrong_vlan", (asked.ts >= back) & ~arrived, scene.astray.words, says)]


def _to_old_port(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests for the guest's own MAC that did not get to its new place: some switch did not know it."""
    new = [v for v in scene.views if v.role == "domain:destination"]
    if not new:
        return []
    places = [v for v in scene.views if v.role in ("gateway", "domain:source")]
    which, where = hits(asked, ("gateway", "domain:source"), is_for_guest(scene))
    flaps = scene.flaps
    flapped_since = flaps.since if flaps is not None and flaps.found else None
    on_the_way = _passed_by_the_way(asked, scene) if flapped_since is None else set()
    beside = [v.name for v in scene.views if v.role == "domain:source" and v.name not in on_the_way]
    astray, _ = hits_at(asked, beside, is_for_guest(scene))
    which &= astray | ~in_a_hole(asked, scene)  # what went to the old port need not be missing at the new one
    if asked.answered_ts is None and not any(is_compared(view, asked.view) for view in new):
        place = f"the clock of {new[0].name} at its new place was not compared: whether they came there is not known"
        return [Evidence("unexplained", which, f"sent to the guest's MAC: {where}; {place}")]
    shows = f"sent to the guest's MAC and not delivered at its new place: {where}"
    unheard = scene.guest.heard and not any(scene.guest.series_at(view) for view in places)
    if asked.answered_ts is None and unheard:
        shows += "; no announcement was heard there: the new place may be another domain, which no switch can learn"
        return [Evidence("unexplained", which, shows)]
    if flapped_since is None and asked.since_ns is not None:
        when = f"{asked.since_ns / NS_PER_S:.1f} s after it was back"
        again = f"switches sent what was for the guest to its old place again, {when}"
        gone = f"what was for the guest came to its new place no more, {when}"
        return [
            Evidence("relearning", which & astray, shows, again),
            Evidence("unexplained", which & ~astray, shows, gone),
        ]
    if flaps is None or flapped_since is None:
        held = held_back(asked, scene, which, astray, shows)
        return [*([held] if held is not None else []), Evidence("relearning", which, shows)]
    after = asked.ts >= on_point(asked.view, flapped_since)
    says = "switches had followed frames of its MAC to its old place"
    where = f"{flaps.point} frames {', '.join(map(str, flaps.frames))}"
    return [
        Evidence("relearning", which & after, f"{shows}; its MAC was sent there again: {where}", says),
        Evidence("relearning", which & ~after, shows),
    ]


def _passed_by_the_way(asked: Asked, scene: Scene) -> set[str]:
    """
    Which points at the old place did requests pass that were answered from the new one, before this outage?

    Such a point shows what is on its way there as well, as where the gateway stands in the old site's network: what
    passes it is not delivered by that.
    """
    back = back_of(asked, scene)
    if back is None:
        return set()
    begin, end = back + PASSED_NS, int(asked.edges[0])
    found = set()
    for seen in asked.seen:
        if seen.view.role == "domain:source":
            inside = (seen.ts >= begin) & (seen.ts < end) & is_for_guest(scene)(seen)
            found |= {seen.view.name} if inside.sum() >= LEAST_PASSED else set()
    return found


def _refused(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests that a router says it has no way for."""
    del scene
    j, (high, low) = asked.view.journal, asked.stream.peer
    told = (
        (j.ip_protocol == IP_ICMP) & (j.icmp_type == ICMP_UNREACHABLE) & (j.src_low != np.uint64(asked.stream.guest[1]))
    )
    rows = np.flatnonzero(told & (j.dst_high == np.uint64(high)) & (j.dst_low == np.uint64(low)))
    rows = rows[(j.ts_ns[rows] >= asked.edges[0]) & (j.ts_ns[rows] < asked.edges[-1])]
    if not len(rows):
        return []
    shows = (
        f"a router answered that it cannot reach it: {asked.view.name} frames {j.frame[rows[0]]} to {j.frame[rows[-1]]}"
    )
    return [Evidence("routing", _during(asked, j.ts_ns[rows]), shows)]


EXPLAINS: Final = (
    _stunned,
    without_room,
    answered_to_old_gateway,
    _reached,
    died_on_the_way,
    _in_another_vlan,
    _unannounced,
    _old_entry,
    _at_old_site,
    _sought_by_arp,
    _to_old_port,
    _on_old_way,
    _refused,
)
"""Which questions are asked of a peer's requests since the guest was gone, the surest first."""
