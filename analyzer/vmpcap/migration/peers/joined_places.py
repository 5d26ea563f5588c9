"""Streams that were seen at the guest's old place before its move and at its new one after it: as one, with its gap."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.peers import find_peer_streams
from vmpcap.migration.clocks import all_on_clock_of, clock_doubt, on_clock_of
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.peers.one_way import BECAUSE, is_sent_in
from vmpcap.migration.peers.own_timers import Reach, answered_until, reached_again, tries, words_of_reach
from vmpcap.migration.sightings import delivered, frames_of
from vmpcap.migration.suffered import AFTER_NS, Suffered, around_switchover, unasked, unmeasured
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_S, at_least_ms, at_most_ms, count_of, iso_utc, ms

FEW: Final = 10
"""So many packets of a peer in a row are no answers that were late."""
LEAST_ASKED: Final = 3
"""Of so many, sent again or not, that nobody answered, not each can have lost its answer on a way out of view."""
MOST_DOUBT_NS: Final = NS_PER_S // 10
"""Clocks that are known worse bound no gap that anybody asks for."""

I64 = npt.NDArray[np.int64]

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The two places of a guest as if one point had seen both, by the old one's clock."""

    old: PointView
    new: PointView
    doubt: int
    """How far what passed at the new place may be off, ns."""
    streams: dict[Key, PeerStream]
    is_joined: bool = True
    """Does anything show a way to its new place: what comes there for it, or what it sends at another point?"""


def key_of(stream: PeerStream) -> Key:
    """By what is a stream known again at another point?"""
    return stream.peer, stream.protocol, stream.peer_port, stream.guest_port, stream.icmp_id, stream.requester


def other_side(key: Key) -> Key:
    """The same connection, as who else asks in it."""
    return (*key[:-1], "guest" if key[-1] == "peer" else "peer")


def join_places(guest: Moved, views: Sequence[PointView], moment: int, begin: int) -> list[Joined]:
    """
    Which points of the guest's old and its new domain show together what one that stands before both would?

    Those that lack nothing around the switchover, on clocks that were compared. A frame of the new place has its number
    below 0: nobody takes it for the old one's.

    Parameters
    ----------
    moment, begin : when the guest changed places, and its last frame before that, on the reference clock
    """
    found = []
    is_joined = _is_joined(guest, views, moment)
    for old in (v for v in views if v.role == "domain:source" and _is_whole(v, moment, begin)):
        for new in (v for v in views if v.role == "domain:destination" and _is_whole(v, moment, begin)):
            doubt = clock_doubt(new, on_point(new, moment), old)
            if doubt is None or doubt > MOST_DOUBT_NS:
                continue
            journal = _put_together(old, new)
            macs = [guest.mac] if guest.mac != NO_MAC else []
            end = min(old.last_ts, on_clock_of(old, new, new.last_ts))
            streams = {key_of(s): s for s in find_peer_streams(journal, macs, guest.ips, end_ns=end)}
            found.append(Joined(old, new, doubt, streams, is_joined))
    return found


def _is_joined(guest: Moved, views: Sequence[PointView], moment: int) -> bool:
    """Did anything for the guest come to its new place since the move, or what it sends to any other point?"""
    for view in views:
        when, frames = on_point(view, moment), frames_of(view, guest)
        rows = delivered(view, guest, when) if view.role == "domain:destination" else frames.sent
        if (view.journal.ts_ns[rows] > when).any():
            return True
    return False


def _is_whole(view: PointView, moment: int, begin: int) -> bool:
    first, last = on_point(view, min(begin, moment)), on_point(view, moment) + AFTER_NS
    is_whole = view.journal_complete and not (view.left_out or view.drops or view.missing or view.line.sets)
    return is_whole and view.first_ts <= first and hole_in(view.holes, first, last) is None


def _put_together(old: PointView, new: PointView) -> JournalColumns:
    """Both journals by time; what comes late to both (a flood) is told once, by what tells copies apart."""
    moved: Any = new.journal._replace(ts_ns=all_on_clock_of(old, new, new.journal.ts_ns), frame=-new.journal.frame)
    pairs: Any = zip(old.journal, moved, strict=True)
    columns: Any = (np.concatenate(pair) for pair in pairs)
    both = JournalColumns(*columns)
    order: I64 = np.argsort(both.ts_ns, kind="stable")
    return both.take(order)


def as_one(key: Key, told: Suffered, joined: Sequence[Joined], times: tuple[int, int]) -> Suffered:
    """
    The same stream with the bounds of its gap, where no point shows both sides of it and two together do.

    Parameters
    ----------
    told : what is told of it by the point nearest to its peer
    times : when the guest changed places, and its last frame before that, on the reference clock
    """
    if not is_wanted(told):
        return told
    for pair in joined:
        stream = pair.streams.get(key)
        if stream is None or not stream.last_frame < 0 < stream.first_frame:
            continue
        if told.peer.point in (pair.old.name, pair.new.name):
            when, away = (on_point(pair.old, ts) for ts in times)
            one = _bounded(stream, told, pair, min(away, when), when)
            return told if one is None else _as_answered(one, told, stream)
    return told


def _as_answered(one: Suffered, told: Suffered, stream: PeerStream) -> Suffered:
    """The same, answered before and after as each place shows it."""
    was = bool(stream.answers) and stream.requests > 0
    return replace(
        one,
        answered_before=told.answered_before or was,
        answered_after=one.answered_after or told.answered_after or was,
        again=one.again or told.again,
        earlier=told.earlier,
    )


def is_wanted(told: Suffered) -> bool:
    """Is it not known how long this stream was cut off, and not because of what else is told of it?"""
    return told.peer.outage_ms is None and not (told.is_bypassed or told.is_cut_off or told.is_dark)


def _bounded(stream: PeerStream, told: Suffered, pair: Joined, away: int, when: int) -> Suffered | None:
    """What the two places tell of this stream; None where it did not go on, or what it met does not end in view."""
    old, new = pair.old.name, pair.new.name
    if is_sent_in(stream):
        words = f"{BECAUSE}; it came to {old} before the switchover and to {new} after it"
        return unmeasured(stream, pair.old, words, [stream.first_frame])
    near = around_switchover(stream, when)
    outage = max(near, key=lambda o: (not o.ended, o.seen_ns), default=None)
    if outage is not None and stream.requester == "peer":
        return _of_outage(stream, outage, told, pair, _reached(stream, outage, pair, (min(away, when), when)))
    if outage is not None and _is_in_vain(stream, outage):
        return None  # that it goes on sending proves no answer
    if stream.survived is False or not (stream.answers or stream.manner == "one_way"):
        return None
    gap = _pause(stream.asked_ts, away, when)
    if gap is None:
        words = f"in view at {old} before the switchover and at {new} after it, and nothing was asked in it around that"
        return unasked(unmeasured(stream, pair.old, words, [stream.first_frame], stream.survived))
    begin, end = gap
    if stream.requester == "guest" and not pair.is_joined:
        words = f"the guest sends on in it at {new}, and nothing shows that this arrives anywhere"
        return unmeasured(stream, pair.old, words, [stream.first_frame])
    least, lost = _unanswered(stream, pair, begin, end) if stream.requester == "guest" else (0, 0)
    what = "packet of the guest" if stream.requester == "guest" else "answered request"
    words = f"the last {what} in it before the switchover passed {old}, the first after it {new}"
    if lost:
        words += f", and {count_of(lost, 'packet')} of the peer came to {old} in between"
    return _with_bounds(stream, told, pair, words, (least, end - begin), lost)


def _reached(
    stream: PeerStream, outage: Outage, pair: Joined, times: tuple[int, int]
) -> tuple[Reach | None, int | None]:
    """
    When was the guest within reach again, by other streams, of a connection whose first segment is in vain?

    And when was this peer last answered before.

    Parameters
    ----------
    times : until when the guest was at its old place, and when it was first seen at its new one, by the old one's clock
    """
    left, back = times
    if stream.manner != "connection" or outage.last_answered_ts is not None or outage.last_answer_ts is not None:
        return None, outage.last_answered_ts
    new: Any = pair.new.journal
    new = new._replace(ts_ns=all_on_clock_of(pair.old, pair.new, new.ts_ns))
    tried = np.sort(np.concatenate([tries(journal, stream, outage) for journal in (pair.old.journal, new)]))
    others = list(pair.streams.values())
    return reached_again(stream, outage, others, tried, left, back), answered_until(stream, outage, others, left)


def _of_outage(
    stream: PeerStream, outage: Outage, told: Suffered, pair: Joined, known: tuple[Reach | None, int | None]
) -> Suffered | None:
    """
    From a request at the old place to its answer at the new one, or until others show that TCP waited for its timer.

    What reached neither place is not in view: the least leans low by that, the most holds all the same.

    Parameters
    ----------
    known : when the guest was within reach again, by other streams, and until when it had been
    """
    reach, before = known
    is_connection = stream.manner == "connection"
    back = outage.first_answer_ts if is_connection else outage.first_answered_ts
    frame = outage.first_answer_frame if is_connection else outage.first_answered_frame
    if back is None or frame is None or frame > 0 or outage.first_unanswered_frame < 0:
        return None
    last = back if is_connection else outage.last_unanswered_ts
    least = last - outage.first_unanswered_ts - (stream.answer_ns or 0) * (stream.manner == "request")
    most = None if before is None else back - before + (stream.answer_ns or 0)
    asked = (
        f"{count_of(outage.lost, 'request')} unanswered at {pair.old.name} from frame {outage.first_unanswered_frame}"
    )
    words = f"{asked} on; answered again at {pair.new.name} in frame {-frame}"
    if reach is not None:
        words, least, most = f"{words}; {words_of_reach(outage, reach)}", reach.low_ns, reach.high_ns
    one = _with_bounds(stream, told, pair, words, (least, most), outage.lost, outage.retransmissions)
    marks = (outage.last_answered_frame, outage.first_unanswered_frame, outage.last_unanswered_frame)
    frames = [f for f in marks if f is not None and f > 0]
    back_ts = on_clock_of(pair.new, pair.old, back)
    until = reach.again_ts if reach is not None and reach.is_timer else back
    peer = msgspec.structs.replace(
        one.peer, frames=frames, from_ts=iso_utc(outage.first_unanswered_ts), to_ts=iso_utc(until)
    )
    return replace(
        one,
        peer=peer,
        from_ts=outage.first_unanswered_ts,
        from_frame=outage.first_unanswered_frame,
        to_ts=until,
        stream=stream,
        joined=replace(outage, first_answered_frame=None, first_answer_frame=None),
        within_reach=(reach.again_ts, reach.words) if reach is not None and reach.is_timer else None,
        view=pair.old,
        answered_after=True,
        again=(pair.new, back_ts),
    )


def _is_in_vain(stream: PeerStream, outage: Outage) -> bool:
    """Does the guest send in this connection of its own, and get no answer at either place to the end?"""
    return stream.manner == "connection" and stream.requester == "guest" and not outage.ended


def _with_bounds(
    stream: PeerStream,
    told: Suffered,
    pair: Joined,
    words: str,
    bounds: tuple[int, int | None],
    lost: int,
    sent_again: int = 0,
) -> Suffered:
    """
    A stream with these bounds, wider by what the clocks are not known to.

    Both places lack nothing: what was asked there so often, and never answered at either, proves the lower one.
    """
    least = max(bounds[0] - pair.doubt, 0)
    most = None if bounds[1] is None else max(bounds[1], 0) + pair.doubt
    limits = [at_least_ms(least)] if least else []
    limits += [at_most_ms(most)] if most is not None else []
    because = f"{words}: cut off for {', '.join(limits)}" if limits else words
    survived = True if stream.survived is None and stream.manner == "one_way" else stream.survived
    one = unmeasured(stream, pair.old, because, [stream.first_frame], survived)
    peer = msgspec.structs.replace(one.peer, outage_low_ms=ms(least), outage_high_ms=ms(most), lost=lost or None)
    at_least = ms(least) if least else None
    return replace(
        one, peer=peer, at_least_ms=at_least, proven_ms=at_least if lost + sent_again >= LEAST_ASKED else None
    )


def _pause(asked: I64, away: int, when: int) -> tuple[int, int] | None:
    """Between which two requests did the guest change places? None where none came before, or after."""
    first = int(np.searchsorted(asked, away, side="right")) - 1
    after = int(np.searchsorted(asked, when, side="right"))
    if first < 0 or after >= len(asked):
        return None
    return int(asked[first]), int(asked[after])


def _unanswered(stream: PeerStream, pair: Joined, begin: int, end: int) -> tuple[int, int]:
    """
    How long did the peer send on in a talk both ways, in which the guest was silent? And how many packets.

    Only of a talk as regular as speech: of it so many in a row are no pause.
    """
    interval = stream.interval_ns
    if stream.protocol != "udp" or stream.manner != "request" or not interval or end - begin < FEW * interval:
        return 0, 0
    j = pair.old.journal
    is_peers = (j.src_high == np.uint64(stream.peer[0])) & (j.src_low == np.uint64(stream.peer[1]))
    is_peers &= (j.src_port == stream.peer_port) & (j.dst_port == stream.guest_port)
    ts = np.sort(j.ts_ns[is_peers & (j.ts_ns > begin + interval) & (j.ts_ns < end)])
    return (int(ts[-1] - ts[0]), len(ts)) if len(ts) >= FEW else (0, 0)
