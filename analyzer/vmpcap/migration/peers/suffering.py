"""What the guest's peers suffered around the switchover, from the point nearest to each of them."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.peers import find_peer_streams
from vmpcap.migration.clocks import clock_doubt, is_moment_unknown, on_clock_of
from vmpcap.migration.listed import is_gone
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.left_behind import LeftBehind, left_behind
from vmpcap.migration.peers.asked_on import asked_to_the_end, last_answered
from vmpcap.migration.peers.bypassed import (
    answered_after,
    by_another_way,
    may_be_bypassed,
    shows_no_answer,
    tells_no_answer,
)
from vmpcap.migration.peers.earlier import earlier_streams, of_service
from vmpcap.migration.peers.foreign_resets import ran_since
from vmpcap.migration.peers.given_up import with_given_up
from vmpcap.migration.peers.gone_peers import without_gone, without_other_side
from vmpcap.migration.peers.hidden_outages import hidden, hiding_hole, hole_of
from vmpcap.migration.peers.joined_places import Key, as_one, is_wanted, join_places, key_of, other_side
from vmpcap.migration.peers.last_tries import with_last_tries
from vmpcap.migration.peers.left_alone import goes_to_nobody, without_answer, without_query
from vmpcap.migration.peers.lost_later import lost_later, unless_bypassed, with_later
from vmpcap.migration.peers.missed_answers import connections_of, was_missed_only
from vmpcap.migration.peers.one_way import Passage, is_sent_in, tell_arrival
from vmpcap.migration.peers.other_tenants import tenants_numbers
from vmpcap.migration.peers.partly_lost import with_part, without_last_of_many
from vmpcap.migration.peers.stream_outages import RESENT_NS, at_unknown_time, suffered_by
from vmpcap.migration.sightings import likeness_at
from vmpcap.migration.suffered import OVER_BEFORE_NS, Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.holes import Hole, blindness
from vmpcap.points.roles import OUTAGE_FIGURES, rank
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import at_least_ms, iso_utc, ms


class _Ways:
    """Which ways the guest's answers may take, and what of a stream is known then."""

    def __init__(self, guest: Moved, views: Sequence[PointView], moment: int, alone: LeftBehind | None) -> None:
        self.guest, self.views, self.moment, self.alone = guest, views, moment, alone
        self.doubted = {view.name for view in views if may_be_bypassed(view, guest, on_point(view, moment))}

    def without_doubted(self, one: Suffered, answered_at: str | None) -> Suffered:
        """The same, without what the answers may only bypass; at which other point did the guest answer?"""
        names = self._bypassed(one)
        return unless_bypassed(by_another_way(one, answered_at, names, self.views), answered_at, names, self.views)

    def _bypassed(self, one: Suffered) -> Container[str]:
        """
        Which points may its answers bypass?

        None where the guest's new place, or the peer, shows that there are none, or its requests go to nobody.
        """
        is_open = one.peer.point in self.doubted and one.peer.survived is False
        is_none = is_open and (
            goes_to_nobody(one, self.alone)
            or any(tells(one, self.guest, self.views, self.moment) for tells in (tells_no_answer, shows_no_answer))
        )
        return set() if is_none else self.doubted


def what_peers_suffered(
    guest: Moved,
    views: Sequence[PointView],
    moment: int,
    last_before: int | None,
    known_as: Mapping[str, Moved] | None = None,
    left: int | None = None,
    since: int | None = None,
    signs: Sequence[Mark] = (),
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
    left : when it left its old place for good, on the reference clock; None where no point there shows it
    since : when this migration began, on the reference clock, where the guest had moved before; else None
    signs : the first frame of each point that shows the guest at its new place
    """
    begin = min(moment, last_before if last_before is not None else moment)
    seen: dict[Key, list[tuple[int, Suffered, Hole | None]]] = {}
    answered: dict[Key, str] = {}
    passed: dict[Key, list[Passage]] = {}
    known_as = known_as or {}
    inside: set[Key] = set()
    tenants = tenants_numbers(guest, views)
    shown = {view.name: _streams_at(view, known_as.get(view.name, guest), tenants) for view in views}
    connections = {name: connections_of(streams) for name, streams in shown.items()}
    for view in sorted(views, key=lambda view: view.name in known_as):
        when = _when_at(view, moment, signs)
        away = min(on_point(view, begin), when) if last_before is not None else when - OVER_BEFORE_NS
        gone = _gone_at(view, views, left)
        ran = ran_since(guest, signs, view)
        begun = None if since is None else on_point(view, since)
        streams = _to_their_end([s for s in shown[view.name] if not was_missed_only(s, view, connections, views)], when)
        place = rank(view.role, OUTAGE_FIGURES)
        earlier = earlier_streams(streams, on_point(view, begin))
        for stream in (_without_its_end(one, when) for one in _real_ones(streams, view)):
            key = key_of(stream)
            if is_sent_in(stream):
                passed.setdefault(key, []).append(Passage(view, stream))
            if view.name not in known_as:
                inside.add(key)
            elif key not in inside:
                continue  # another machine behind the same address
            if stream.last_ts < on_point(view, begin) - OVER_BEFORE_NS:
                continue  # at this point it was over before the guest fell silent
            hole = hiding_hole(stream, view, (away, when))
            known = seen.setdefault(key, [])
            is_needed = all(place < other or one.answered_after for other, one, hidden in known if hidden is None)
            if hole is not None or is_needed:
                ask = partial(
                    suffered_by, view=view, when=when, away=away, left=gone, since=begun, ran=ran, others=streams
                )
                one, again = (ask(stream), ask) if hole is None else (hidden(stream, view, when, hole), None)
                if one.peer.outage_ms == 0 and is_moment_unknown(view, guest, views):
                    one, again = at_unknown_time(stream, view), None
                one = with_given_up(one, stream, streams, view)
                one = with_later(with_part(one, stream, view, when), lost_later(stream, streams, view, when), when)
                known.append((place, replace(one, earlier=of_service(stream, earlier), asked_by=again), hole))
            if view.role != "domain:source" and answered_after(stream, when):
                answered.setdefault(key, view.name)
    alone = left_behind(guest, views, moment)
    ways = _Ways(guest, views, moment, alone)
    found = [ways.without_doubted(_nearest(known), answered.get(key)) for key, known in seen.items()]
    is_asked = last_before is not None and not known_as and any(map(is_wanted, found))
    joined = join_places(guest, views, moment, begin) if is_asked else []
    dead = {key for key, one in zip(seen, found, strict=True) if is_gone(one.peer)}
    found = [
        one if other_side(key) in dead else as_one(key, one, joined, (moment, begin))
        for key, one in zip(seen, found, strict=True)
    ]
    found = [tell_arrival(one, passed.get(key, ()), views, guest, moment) for key, one in zip(seen, found, strict=True)]
    found = [
        without_query(key, without_answer(key, one, alone, set(seen)), views, guest, moment)
        for key, one in zip(seen, found, strict=True)
    ]
    return worst_first(with_last_tries(without_gone(without_other_side(found))))


def _to_their_end(streams: Sequence[PeerStream], when: int) -> list[PeerStream]:
    """The same streams of a point, each with what the others show of how it ended."""
    answered = last_answered(streams, when)
    return [without_last_of_many(asked_to_the_end(stream, answered, when), when) for stream in streams]


def _when_at(view: PointView, moment: int, signs: Sequence[Mark]) -> int:
    """
    When did the guest change places, by this point's clock?

    At its new place not after its first sign there, which that clock itself tells: though it was set, or another that
    it is compared with. What is in view there only since then tells nothing of what was met before.
    """
    own = [sign.ts for sign in signs if sign.view.name == view.name and view.role == "domain:destination"]
    return min([on_point(view, moment), *own])


def _streams_at(view: PointView, guest: Moved, tenants: frozenset[int]) -> list[PeerStream]:
    macs, journal = [guest.mac] if guest.mac != NO_MAC else [], view.journal
    if tenants:
        journal = journal.take(~np.isin(journal.vni, np.array(sorted(tenants), np.int64)))
    likeness = None if tenants else likeness_at(view)
    return find_peer_streams(journal, macs, guest.ips, end_ns=_end_of(view), likeness=likeness)


def _gone_at(view: PointView, views: Sequence[PointView], left: int | None) -> int | None:
    """Until when was it at its old place for sure, by this point's clock? None where nobody shows it there by that."""
    if left is None:
        return None
    doubts = [clock_doubt(v, on_point(v, left), view) for v in views if v.role == "domain:source"]
    known = [doubt for doubt in doubts if doubt is not None]
    return on_point(view, left) - max(known) if known and len(known) == len(doubts) else None


def _real_ones(streams: Sequence[PeerStream], view: PointView) -> Iterator[PeerStream]:
    """
    These streams without those that a hole makes: of a connection in which the peer asks.

    What the guest waits for in it is told only where it waited long; in a hole it need not have.
    """
    asked = {(s.peer, s.peer_port, s.guest_port) for s in streams if s.requester == "peer" and s.requests}
    for stream in streams:
        is_side = stream.requester == "guest" and stream.manner == "connection"
        is_side &= (stream.peer, stream.peer_port, stream.guest_port) in asked
        if not is_side or not all(hole_of(outage, view) is not None for outage in stream.outages):
            yield stream


def _without_its_end(stream: PeerStream, when: int) -> PeerStream:
    """
    The same connection; where it was answered after the move and closed by a reset later, the reset is its end.

    What its last segment lacks then is no outage: whoever waits for an acknowledgement sends again within a second (RFC
    6298 section 2.4), and this one did not before the reset. A peer that gives up has sent again. Nor does a last
    segment that was sent once take the place of an outage that ended: nothing shows that anybody waited for it.
    """
    ends = [outage for outage in stream.outages if _is_end(stream, outage, when)]
    if not ends:
        return stream
    return replace(stream, outages=tuple(o for o in stream.outages if o not in ends), survived=True)


def _is_end(stream: PeerStream, outage: Outage, when: int) -> bool:
    if stream.manner != "connection" or outage.ended or outage.retransmissions:
        return False
    if outage.last_answer_ts is None or outage.last_answer_ts <= when:
        return False
    if stream.reset_ts is None:
        return outage.seen_ns == 0 and any(other.ended for other in stream.outages)
    return stream.reset_ts - outage.last_unanswered_ts >= RESENT_NS


def _nearest(seen: Sequence[tuple[int, Suffered, Hole | None]]) -> Suffered:
    """
    What is told of a stream that several points saw?

    What the nearest to the peer shows; where a hole of its capture hides that, what the nearest shows that tells it.
    """
    _, best, hole = min(seen, key=lambda one: one[0])
    if best.answered_after:
        return _begun_elsewhere(best, [one for _, one, other in seen if other is None]) or best
    others = [one for one in seen if one[2] is None and (one[1].peer.outage_ms is not None or one[1].is_cut_off)]
    if hole is None or not others:
        return best
    best = min(others, key=lambda one: one[0])[1]
    because = f"{best.peer.because}; measured here, because {blindness(hole)}"
    return replace(best, peer=msgspec.structs.replace(best.peer, because=because))


def _begun_elsewhere(best: Suffered, seen: Sequence[Suffered]) -> Suffered | None:
    """
    The outage of a stream that the nearest point shows after the switchover only, where another saw it begin.

    Its requests went to the old place until they were led to the new one: for as long at least it had no answer. Those
    that passed the old one on their way to the new one were answered there: nothing is told where the clocks of the two
    do not show since when.
    """
    begun = [(one.outage.seen_ns, one, one.outage) for one in seen if one.outage is not None and not one.ended]
    if not begun:
        return None
    seen_ns, one, outage = max(begun, key=lambda found: found[0])
    if best.again is None or one.view is None:
        return None
    back, back_ts = best.again
    began, until = outage.first_unanswered_ts, on_clock_of(one.view, back, back_ts)
    known: dict[str, str | None] = {}
    least_ns = seen_ns
    because = f"{one.peer.because}; answered again at {best.peer.point}"
    if until <= outage.last_unanswered_ts:
        doubt = clock_doubt(back, back_ts, one.view)
        least_ns = 0 if doubt is None else until - doubt - began
        if least_ns <= 0:
            return None
        one, known = replace(one, to_ts=until, to_frame=None), {"lost": None, "to_ts": iso_utc(until)}
        because = (
            f"cut off for {at_least_ms(least_ns)}: unanswered at {one.peer.point} from frame"
            f" {outage.first_unanswered_frame} on, and answered at {best.peer.point}"
        )
    because += ", where it is in view only after the switchover"
    least = ms(least_ns)
    peer = msgspec.structs.replace(one.peer, because=because, survived=True, outage_low_ms=least, **known)
    return replace(one, peer=peer, ended=True, outage=None, answered_after=True, at_least_ms=least, again=best.again)


def _end_of(view: PointView) -> int:
    """Until when does this view show every frame? Where some had to be left out, until the last that was kept."""
    if view.journal_complete or not view.journal.rows:
        return view.last_ts
    return min(view.last_ts, int(view.journal.ts_ns.max()))


def worst_first(found: Iterable[Suffered]) -> list[Suffered]:
    """Those that were never answered again, then by how long each was cut off, or is known to have been at least."""
    return sorted(found, key=_severity)


def _severity(suffered: Suffered) -> tuple[bool, float, str, str]:
    length = suffered.peer.outage_ms if suffered.peer.outage_ms is not None else suffered.at_least_ms
    return (suffered.ended, -(length or 0.0), suffered.peer.protocol, suffered.peer.peer)
