"""What the guest's peers suffered around the switchover, from the point nearest to each of them."""

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from vmpcap.measures.outages import LEAST_OUTAGE_NS, USUAL_TIMES, Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.peers import find_peer_streams
from vmpcap.migration.clocks import is_moment_unknown
from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.reachable import sought_in_vain
from vmpcap.migration.results import Peer
from vmpcap.migration.views import PointView
from vmpcap.points.backwards import set_backs
from vmpcap.points.clock import MOST_DRIFT
from vmpcap.points.holes import Hole, Step, blindness, hole_in
from vmpcap.points.roles import OUTAGE_FIGURES, rank
from vmpcap.points.timeline import Elapsed, elapsed, elapsed_at
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, at_least_ms, at_most_ms, count_of, iso_utc, ms

BEFORE_NS: Final = NS_PER_S
"""An outage that ended this long before the guest's first sign is another one's."""

AFTER_NS: Final = 5 * NS_PER_S
"""An outage that began this long after it has another cause until more is known: caches and routes follow by then."""

NOTABLE_STEP_NS: Final = NS_PER_MS
"""A clock that stepped by less spoils no outage."""
MOST_STEPS_BACK: Final = 3

RESENT_NS: Final = NS_PER_S
"""After so long at the latest a segment that was not acknowledged is sent again."""

EPHEMERAL: Final = 32_768
"""From here on systems take the ports of connections that they open (RFC 6335 from 49152, Linux from here)."""

AROUND_NS: Final = 60 * NS_PER_S
"""How far from the switchover the requests beside it are looked for."""

MOST_TOLD: Final = 5
"""So many further outages of one stream are told one by one."""
Key = tuple[object, ...]
"""By what a stream is known again at another point."""

MOST_PEERS: Final = 500
"""So many streams are listed, the worst first; the rest is counted by the caller's note."""


@dataclass(frozen=True, slots=True)
class Suffered:
    """One stream between a peer and the guest, and its outage at the switchover, if it had one."""

    peer: Peer
    ended: bool
    from_ts: int | None
    from_frame: int | None
    to_ts: int | None
    to_frame: int | None
    resolution_ms: float | None = None
    """How far the outage may be off, either way: the time between the requests that bound it."""
    stream: PeerStream | None = None
    outage: Outage | None = None
    view: PointView | None = None
    """Where they were measured."""
    at_least_ms: float | None = None
    """Where so little is missing that nobody can say whether it was cut off: for how long then, at least."""
    hidden_ms: float | None = None
    """Where a hole of the capture or a step of its clock hides the outage: how long it was at most, inf: not known."""

    is_bypassed: bool = False
    """Where its answers take another way than past the point, or may: what it met is not known."""

    @property
    def is_cut_off(self) -> bool:
        """Did this peer go on asking until the end of the view, and never got an answer again?"""
        return not self.ended and self.peer.survived is False


def what_peers_suffered(
    guest: Moved,
    views: Sequence[PointView],
    moment: int,
    last_before: int | None,
    known_as: Mapping[str, Moved] | None = None,
) -> list[Suffered]:
    """
    How long was the guest gone for each of its peers?

    The same stream is often seen at several points: the point nearest to the peer tells what the peer suffered. The
    worst come first.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock
    last_before : its last frame before that, on the reference clock; None where no point shows it
    known_as : the guest under its other address, by points beyond a translator; streams count there that passed inside
    """
    begin = min(moment, last_before if last_before is not None else moment)
    seen: dict[Key, list[tuple[int, Suffered, Hole | None]]] = {}
    answered: dict[Key, str] = {}
    known_as = known_as or {}
    inside: set[Key] = set()
    for view in sorted(views, key=lambda view: view.name in known_as):
        there = known_as.get(view.name, guest)
        macs = [there.mac] if there.mac != NO_MAC else []
        when = on_point(view, moment)
        away = on_point(view, begin) if last_before is not None else when - BEFORE_NS
        streams = find_peer_streams(view.journal, macs, there.ips, end_ns=_end_of(view))
        place = rank(view.role, OUTAGE_FIGURES)
        for stream in (_without_its_end(one, when) for one in _real_ones(streams, view)):
            key = (stream.peer, stream.protocol, stream.peer_port, stream.guest_port, stream.icmp_id, stream.requester)
            if view.name not in known_as:
                inside.add(key)
            elif key not in inside:
                continue  # another machine behind the same address
            if stream.last_ts < on_point(view, begin) - BEFORE_NS:
                continue  # at this point it was over before the guest fell silent
            hole = hiding_hole(stream, view, (away, when))
            known = seen.setdefault(key, [])
            if hole is not None or all(place < other for other, _, hidden in known if hidden is None):
                one = _suffered(stream, view, when, away) if hole is None else _hidden(stream, view, when, hole)
                if one.peer.outage_ms == 0 and is_moment_unknown(view, guest, views):
                    one = _at_unknown_time(stream, view)
                known.append((place, one, hole))
            if view.role != "domain:source" and _answered_after(stream, when):
                answered.setdefault(key, view.name)
    doubted = {view.name for view in views if _may_be_bypassed(view, guest, on_point(view, moment))}
    found = [_by_another_way(_nearest(known), answered.get(key), doubted, views) for key, known in seen.items()]
    return sorted(found, key=_severity)[:MOST_PEERS]


def _real_ones(streams: Sequence[PeerStream], view: PointView) -> Iterator[PeerStream]:
    """
    These streams without those that a hole makes: of a connection in which the peer asks.

    What the guest waits for in it is told only where it waited long; in a hole it need not have.
    """
    asked = {(s.peer, s.peer_port, s.guest_port) for s in streams if s.requester == "peer" and s.requests}
    for stream in streams:
        is_side = stream.requester == "guest" and stream.manner == "connection"
        is_side &= (stream.peer, stream.peer_port, stream.guest_port) in asked
        if not is_side or not all(_hole_of(outage, view) is not None for outage in stream.outages):
            yield stream


def _without_its_end(stream: PeerStream, when: int) -> PeerStream:
    """
    The same connection; where it was answered after the move and closed by a reset later, the reset is its end.

    What its last segment lacks then is no outage: whoever waits for an acknowledgement sends again within a second (RFC
    6298 section 2.4), and this one did not before the reset. A peer that gives up has sent again.
    """
    ends = [outage for outage in stream.outages if _is_end(stream, outage, when)]
    if not ends:
        return stream
    return replace(stream, outages=tuple(o for o in stream.outages if o not in ends), survived=True)


def _is_end(stream: PeerStream, outage: Outage, when: int) -> bool:
    if stream.manner != "connection" or outage.ended or outage.retransmissions or stream.reset_ts is None:
        return False
    is_alive = outage.last_answer_ts is not None and outage.last_answer_ts > when
    return is_alive and stream.reset_ts - outage.last_unanswered_ts >= RESENT_NS


def _nearest(seen: Sequence[tuple[int, Suffered, Hole | None]]) -> Suffered:
    """
    What is told of a stream that several points saw?

    What the nearest to the peer shows; where a hole of its capture hides that, what the nearest shows that tells it.
    """
    _, best, hole = min(seen, key=lambda one: one[0])
    others = [one for one in seen if one[2] is None and (one[1].peer.outage_ms is not None or one[1].is_cut_off)]
    if hole is None or not others:
        return best
    best = min(others, key=lambda one: one[0])[1]
    because = f"{best.peer.because}; measured here, because {blindness(hole)}"
    return replace(best, peer=msgspec.structs.replace(best.peer, because=because))


def hiding_hole(stream: PeerStream, view: PointView, switchover: tuple[int, int]) -> Hole | None:
    """
    Which hole of the capture hides what this stream met at the switchover? None where it is in view.

    A hole between the last answer before the outage and the first after it, or in the whole time of the switchover.
    Requests that stay without an answer to the end of the capture need no view of the hole.

    Parameters
    ----------
    switchover : from the guest's last sign to its announcement, by the clock of the point
    """
    away, when = min(switchover), max(switchover)
    at = [outage for outage in stream.outages if outage.overlaps(away, when)]
    if view.line.sets:  # by such a clock nobody knows when the switchover was
        at = _around_switchover(stream, when)
    for outage in at:
        hole = _hole_of(outage, view)
        if hole is not None:
            return hole
    return None if at else hole_in(view.holes, away, when)


def _hole_of(outage: Outage, view: PointView) -> Hole | None:
    """In which hole does a part of this outage lie, or within it which step of the point's clock?"""
    end = outage.first_answer_ts
    if end is None:
        return None
    begin = outage.first_unanswered_ts if outage.last_answer_ts is None else outage.last_answer_ts
    return hole_in(view.holes, begin, end) or _step_of(outage, view, begin, end)


def _step_of(outage: Outage, view: PointView, begin: int, end: int) -> Step | None:
    """Did the point's clock step between these two times? Where it only ran fast or slow, both clocks agree closely."""
    last = outage.first_answered_frame
    last = outage.last_unanswered_frame if last is None else last
    apart = _on_reference(view, begin, end)
    stepped = apart is not None and abs(apart.ns - (end - begin)) > NOTABLE_STEP_NS + MOST_DRIFT * (end - begin)
    if not stepped and not any(begin < high and low < end for low, high in _steps_back(view)):
        return None
    return Step(view.name, begin, end, outage.first_unanswered_frame, last, "", sure=True)


def _steps_back(view: PointView) -> list[tuple[int, int]]:
    """
    Times that the point's clock showed twice, for it went back, as the order of the file tells without any other point.

    Where that happens often, frames were not written in the order of time, and no clock stepped.
    """
    if "steps_back" not in view.found:
        ts = view.journal.ts_ns
        back = set_backs(ts)
        back = back[np.diff(view.journal.frame)[back] > 0]  # in one file
        twice = zip(ts[back + 1].tolist(), ts[back].tolist(), strict=True)
        view.found["steps_back"] = list(twice) if len(back) <= MOST_STEPS_BACK else []
    found: list[tuple[int, int]] = view.found["steps_back"]
    return found


def _on_reference(view: PointView, begin: int, end: int) -> Elapsed | None:
    """How long is it between two times of a clock that steps, by the reference's? None where it does not step."""
    if any(one.lies_between(begin, end) for one in view.line.sets):
        return elapsed_at(view.line, begin, end)
    if view.standing is None or not view.standing.steps:
        return None
    return elapsed(view.line, begin, view.line, end)


def _hidden(stream: PeerStream, view: PointView, when: int, hole: Hole) -> Suffered:
    """A stream of which nobody knows what it met: the capture was blind then."""
    near = [o for o in _around_switchover(stream, when) if _hole_of(o, view) is not None]
    ends = [(o.last_answer_ts or o.first_unanswered_ts, o.first_answer_ts) for o in near if o.first_answer_ts]
    lengths = [end - begin for begin, end in ends]
    by_reference = [apart.high_ns for pair in ends if (apart := _on_reference(view, *pair)) is not None]
    longest = max(lengths + by_reference, default=hole.to_ts - hole.from_ts)
    most, at_most = ms(longest), f", {at_most_ms(longest)}"
    if isinstance(hole, Step) and not by_reference:
        most, at_most = math.inf, ""  # by how much that clock was set nobody knows
    because = f"how long it was cut off is not known{at_most}, because {blindness(hole)}"
    one = _unmeasured(stream, view, because, [hole.from_frame, hole.to_frame], stream.survived)
    return replace(one, hidden_ms=most)


def _answered_after(stream: PeerStream, when: int) -> bool:
    """Were requests of this stream answered after the move, as this point saw it?"""
    goes_on = stream.first_ts > when or (stream.last_ts > when and all(outage.ended for outage in stream.outages))
    return bool(stream.answers) and stream.manner != "one_way" and goes_on


def _by_another_way(
    suffered: Suffered, answered_at: str | None, doubted: Container[str], views: Sequence[PointView]
) -> Suffered:
    """
    The same, without an outage where the answers may only bypass the point that misses them.

    Beside the client an answer must come by; elsewhere a point that sees requests pass need not see the answers pass.
    That they do bypass it is known where others saw the guest answer.

    Parameters
    ----------
    doubted : names of points that its answers may bypass though no other point saw them
    """
    view = next((view for view in views if view.name == suffered.peer.point), None)
    if not suffered.is_cut_off or view is None or view.role == "client":
        return suffered
    if answered_at not in (None, view.name):
        known = f", but {answered_at} saw the guest answer: the answers go another way than past {view.name}, and"
    elif view.name in doubted:
        known = f"; but after the move its answers may go another way than past {view.name}:"
    else:
        return suffered
    because = f"its requests stayed unanswered at {view.name}{known} what the peer met is not known"
    peer = msgspec.structs.replace(
        suffered.peer,
        outage_ms=None,
        outage_low_ms=None,
        outage_high_ms=None,
        lost=None,
        survived=None,
        because=because,
    )
    return Suffered(peer, True, None, None, None, None, is_bypassed=True)


def _may_be_bypassed(view: PointView, guest: Moved, when: int) -> bool:
    """
    May the guest's answers take another way than past this point, once it has moved?

    Not past the client's port, nor one of its new host. A gateway to which its announcement came is joined to it and
    asks it, but the guest may answer through another gateway; not so where this one asks for its MAC in vain.
    """
    if view.role == "gateway":
        return guest.series_at(view) is not None and not sought_in_vain(view, guest, when)
    return view.role not in ("client", "domain:destination")


def _end_of(view: PointView) -> int:
    """Until when does this view show every frame? Where some had to be left out, until the last that was kept."""
    if view.journal_complete or not view.journal.rows:
        return view.last_ts
    return min(view.last_ts, int(view.journal.ts_ns.max()))


def _severity(suffered: Suffered) -> tuple[bool, float, str, str]:
    return (suffered.ended, -(suffered.peer.outage_ms or 0.0), suffered.peer.protocol, suffered.peer.peer)


def _suffered(stream: PeerStream, view: PointView, when: int, away: int) -> Suffered:
    """What did the peer of this stream meet? The guest is known to have run until away, and to be announced at when."""
    near = _around_switchover(stream, when)
    unseen = [o for o in near if _hole_of(o, view) is not None]
    near = [o for o in near if o not in unseen]
    outage = max(near, key=lambda o: (not o.ended, o.seen_ns), default=None)
    if outage is None and not stream.first_ts <= when <= stream.last_ts:
        return _on_one_side(stream, view, when)
    faint = _faint_at(stream, away, when) if outage is None else None
    if faint is not None:
        return _perhaps(stream, view, faint)
    watched = _gap_of_requests(stream, away, when) if outage is None else None
    if outage is None and watched is None:
        return _not_asking(stream, view)
    if outage is not None and not stream.answers and stream.first_ts < away:
        return _never_answered(stream, view)
    if outage is not None and outage.ended and outage.last_answered_ts is None and outage.last_answer_ts is None:
        return _from_its_first(stream, view, outage)
    bounds = _bounds(stream, outage, watched)
    peer = Peer(
        peer=stream.peer_ip,
        protocol=_protocol(stream),
        point=view.name,
        outage_ms=_length(outage),
        outage_low_ms=ms(bounds[0]),
        outage_high_ms=ms(bounds[1]),
        interval_ms=ms(stream.interval_ns),
        lost=0 if outage is None else outage.lost,
        retransmissions=stream.retransmissions if stream.protocol == "tcp" else None,
        survived=_survived(stream, outage),
        because="; ".join((_because(stream, outage, near), *_unseen(unseen, view))),
        frames=_frames(outage),
        from_ts=iso_utc(outage.first_unanswered_ts) if outage is not None else None,
        to_ts=iso_utc(_end_of_outage(outage)) if outage is not None else None,
        filter=stream.filter,
    )
    if outage is None:
        return Suffered(peer, True, None, None, None, None, ms(watched), stream, None, view)
    return Suffered(
        peer,
        outage.ended,
        outage.first_unanswered_ts,
        outage.first_unanswered_frame,
        _end_of_outage(outage),
        outage.first_answered_frame if outage.ended else outage.last_unanswered_frame,
        ms(_doubt(stream, outage)),
        stream,
        outage,
        view,
    )


def _faint_at(stream: PeerStream, away: int, when: int) -> Outage | None:
    """Which of the gaps that are too short to be called an outage lies at the switchover? The longest of them."""
    at = [gap for gap in stream.faint if gap.overlaps(min(away, when), max(away, when))]
    return max(at, key=lambda gap: gap.seen_ns, default=None)


def _perhaps(stream: PeerStream, view: PointView, gap: Outage) -> Suffered:
    """A UDP conversation that misses too few packets to be sure: how long at least, how long at most, and no figure."""
    low, high = _bounds(stream, gap, None)
    missed = count_of(gap.lost, "answer" if stream.manner == "request" else "packet")
    most = "and it did not end in view" if high is None else at_most_ms(high)
    because = (
        f"{missed} missing from frame {gap.first_unanswered_frame} on: cut off for"
        f" {at_least_ms(low or 0)}, {most}; without sequence numbers fewer than {USUAL_TIMES} in a row may be"
        " anything"
    )
    one = _unmeasured(stream, view, because, _frames(gap), stream.survived if gap.ended else None)
    bounds = {"outage_low_ms": ms(low), "outage_high_ms": ms(high), "lost": gap.lost}
    return replace(one, peer=msgspec.structs.replace(one.peer, **bounds), at_least_ms=ms(low))


def _from_its_first(stream: PeerStream, view: PointView, outage: Outage) -> Suffered:
    """A stream whose first request in view is unanswered already: since when it was cut off is not in view."""
    low = _bounds(stream, outage, None)[0]
    least = outage.seen_ns if low is None else low
    because = (
        f"{count_of(outage.lost, 'request')} unanswered from frame {outage.first_unanswered_frame} on, the first of it"
        f" in view: cut off for {at_least_ms(least)}, and how long before is not in view"
    )
    one = _unmeasured(stream, view, because, _frames(outage), stream.survived)
    bounds = {"outage_low_ms": ms(least), "lost": outage.lost, "to_ts": iso_utc(_end_of_outage(outage))}
    return replace(one, peer=msgspec.structs.replace(one.peer, **bounds), at_least_ms=ms(least))


def _bounds(stream: PeerStream, outage: Outage | None, watched: int | None) -> tuple[int | None, int | None]:
    """
    How long was it at least, how long at most?

    From the first unanswered request to the last one, from the last answered one to the first answered again. Which
    answer belongs to which datagram is not certain: by as much as an answer takes both may be off. A connection waits
    for the answer itself, so nothing bounds it so. A one-way stream may have paused by itself.
    """
    if stream.manner == "connection":
        return None, None
    if outage is None:
        return 0, watched
    slip = (stream.answer_ns or 0) if stream.manner == "request" else 0
    low = 0 if stream.manner == "one_way" else max(outage.last_unanswered_ts - outage.first_unanswered_ts - slip, 0)
    if outage.first_answered_ts is None or outage.last_answered_ts is None:
        return low, None
    return low, outage.first_answered_ts - outage.last_answered_ts + slip


def _unseen(outages: Sequence[Outage], view: PointView) -> Iterator[str]:
    """What looks like an outage and need not be one?"""
    for outage in outages[:MOST_TOLD]:
        hole = _hole_of(outage, view)
        if hole is not None:
            length = outage.seen_ns / NS_PER_MS
            may = "may have been longer or shorter" if isinstance(hole, Step) else "need not be an outage"
            yield (
                f"what looks like {length:.0f} ms from frame {outage.first_unanswered_frame} on {may}:"
                f" {blindness(hole)}"
            )


def _end_of_outage(outage: Outage) -> int | None:
    """When was the first request answered again; where none was, the last one sent?"""
    return outage.first_answered_ts if outage.ended else outage.last_unanswered_ts


def _gap_of_requests(stream: PeerStream, away: int, when: int) -> int | None:
    """
    How long was the peer not asking around the switchover: what could have gone unnoticed?

    None where no request (of a one-way stream: no packet) fell between the guest's last sign and its announcement, or
    none came before or after: then nobody was asking. Requests closer than what is called an outage watched it anyhow.
    """
    ts = stream.asked_ts
    ts = ts[np.searchsorted(ts, when - AROUND_NS) : np.searchsorted(ts, when + AROUND_NS, side="right")]
    first = int(np.searchsorted(ts, away, side="right")) - 1
    after = int(np.searchsorted(ts, when, side="right"))
    if first < 0 or after >= len(ts):
        return None
    gap = int(np.diff(ts[first : after + 1]).max())
    return None if after == first + 1 and gap > LEAST_OUTAGE_NS else gap


def _doubt(stream: PeerStream, outage: Outage) -> int | None:
    """How far may the length be off? The waits between the requests at its two ends; a one-way stream's usual gap."""
    ends = (
        (outage.last_answered_ts, outage.first_unanswered_ts),
        (outage.last_unanswered_ts, outage.first_answered_ts),
    )
    waits = [b - a for a, b in ends if a is not None and b is not None]
    if stream.manner in ("one_way", "connection") or len(waits) < len(ends):
        return stream.interval_ns
    return max(waits)


def _not_asking(stream: PeerStream, view: PointView) -> Suffered:
    """A stream that goes on before and after, in which nobody asked during the switchover: not 0, but unknown."""
    because = "no request of it fell into the switchover: what it would have met then is not known"
    return _unmeasured(stream, view, because, [stream.first_frame, stream.last_frame], stream.survived)


def _at_unknown_time(stream: PeerStream, view: PointView) -> Suffered:
    """A stream without a gap at the time that is taken for the switchover's, on a clock that nothing compares."""
    because = "nothing compares this point's clock with those that show the switchover: when it was there is not known"
    return _unmeasured(stream, view, because, [stream.first_frame, stream.last_frame], stream.survived)


def _never_answered(stream: PeerStream, view: PointView) -> Suffered:
    """A stream whose answers were not in view before the switchover either: its silence says nothing."""
    because = "no answer to it is in view, before the switchover either: the capture may hold one direction only"
    return _unmeasured(stream, view, because, [stream.first_frame, stream.last_frame])


def _on_one_side(stream: PeerStream, view: PointView, when: int) -> Suffered:
    """A stream in view only before or only after the switchover: what it would have met then is not known."""
    if stream.first_ts > when:
        because = f"in view here only after the switchover, from frame {stream.first_frame} on"
        return _unmeasured(stream, view, because, [stream.first_frame])
    because = f"in view here only before the switchover, up to frame {stream.last_frame}"
    return _unmeasured(stream, view, because, [stream.last_frame])


def _unmeasured(
    stream: PeerStream, view: PointView, because: str, frames: list[int], survived: bool | None = None
) -> Suffered:
    """A stream of which nobody knows what it met."""
    peer = Peer(
        peer=stream.peer_ip,
        protocol=_protocol(stream),
        point=view.name,
        interval_ms=ms(stream.interval_ns),
        retransmissions=stream.retransmissions if stream.protocol == "tcp" else None,
        survived=survived,
        because=because,
        frames=frames,
        filter=stream.filter,
    )
    return Suffered(peer, True, None, None, None, None)


def _around_switchover(stream: PeerStream, when: int) -> list[Outage]:
    """The outages that were under way when the guest changed places, or began while switches and routers followed."""
    return [
        o
        for o in stream.outages
        if o.first_unanswered_ts <= when + AFTER_NS
        and (o.first_answer_ts is None or o.first_answer_ts >= when - BEFORE_NS)
    ]


def _length(outage: Outage | None) -> float | None:
    """0 without an outage; null where it did not end: then it is at least as long as it is in view."""
    if outage is None:
        return 0.0
    return ms(outage.outage_ns) if outage.ended else None


def _survived(stream: PeerStream, outage: Outage | None) -> bool | None:
    if stream.survived is not None:
        return stream.survived
    if outage is None or outage.ended or outage.requests_stopped or outage.seen_ns < LEAST_OUTAGE_NS:
        return None  # what was asked just before the view ends may be answered after it
    return False


def _because(stream: PeerStream, outage: Outage | None, near: Sequence[Outage]) -> str:
    if outage is not None and len(near) > 1:
        further = [o for o in near if o is not outage]
        others = ", ".join(f"{o.seen_ns / NS_PER_MS:.0f} ms" for o in further[:MOST_TOLD])
        others += f" and {len(further) - MOST_TOLD} more" if len(further) > MOST_TOLD else ""
        return f"{_because(stream, outage, (outage,))}; further outages around the switchover: {others}"
    asked = "the guest asked" if stream.requester == "guest" else "asked the guest"
    if outage is None:
        if stream.protocol == "udp" and stream.interval_ns:  # which answer is for which datagram is not certain
            least = max(LEAST_OUTAGE_NS, USUAL_TIMES * stream.interval_ns)
            return f"no requests around the switchover stayed unanswered for {-(-least // NS_PER_MS)} ms or longer"
        return "no request around the switchover stayed unanswered"
    if not outage.ended and outage.requests_stopped:
        return f"{count_of(outage.lost, 'request')} unanswered, then none came any more ({asked})"
    if not outage.ended:
        lost, seen = count_of(outage.lost, "request"), outage.seen_ns / NS_PER_S
        return f"{lost} unanswered until the end of the capture, {seen:.1f} s"
    return f"{count_of(outage.lost, 'request')} unanswered from frame {outage.first_unanswered_frame} on"


def _frames(outage: Outage | None) -> list[int]:
    if outage is None:
        return []
    marks = (outage.last_answered_frame, outage.first_unanswered_frame, outage.last_unanswered_frame)
    return [f for f in (*marks, outage.first_answered_frame) if f is not None]


def _protocol(stream: PeerStream) -> str:
    if stream.manner == "echo":
        return stream.protocol
    port, other = stream.guest_port, stream.peer_port
    if stream.requester == "guest":
        port, other = other, port
    if stream.manner == "connection" and port >= EPHEMERAL > other > 0:
        port = other  # the other of the two opened the connection: its service is what is asked
    return f"{stream.protocol}/{port}"
