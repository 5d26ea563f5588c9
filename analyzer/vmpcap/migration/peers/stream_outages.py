"""What one stream between a peer and the guest met at the switchover, as one point saw it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from vmpcap.measures.outages import LEAST_OUTAGE_NS, USUAL_TIMES, Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.causes.asides import dark_before, dark_between, part_outages, words_of_asides
from vmpcap.migration.peers.foreign_resets import (
    has_outlived,
    is_ended_by,
    reset_by_another,
    why_foreign,
    words_of_reset,
)
from vmpcap.migration.peers.hidden_outages import hidden, hole_of, words_of_unseen
from vmpcap.migration.peers.one_way import is_sent_in, without_figure
from vmpcap.migration.peers.own_timers import Reach, answered_until, reached_again, tries, words_of_reach
from vmpcap.migration.results import Peer
from vmpcap.migration.suffered import (
    Suffered,
    around_switchover,
    because_of,
    end_of_outage,
    frames_of_outage,
    has_survived,
    is_cut_short,
    is_open,
    protocol_of,
    surely_out_ns,
    unasked,
    unmeasured,
)
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, at_least_ms, at_most_ms, count_of, iso_utc, ms

RESENT_NS: Final = NS_PER_S
"""After so long at the latest a segment that was not acknowledged is sent again."""
LEAST_NEW: Final = 10
"""So many segments without an answer are more than a pause between two of them."""

LEAST_AS_EVER: Final = 3
"""So many gaps beside that of the switchover, one of them before it, show how a stream is answered."""
JITTER: Final = 1.2
"""A gap of so many times another is like it: one answer more may have been lost, or a request late."""

AROUND_NS: Final = 60 * NS_PER_S
"""How far from the switchover the requests beside it are looked for."""


def suffered_by(
    stream: PeerStream,
    view: PointView,
    when: int,
    away: int,
    left: int | None = None,
    since: int | None = None,
    ran: int | None = None,
    others: Sequence[PeerStream] = (),
) -> Suffered:
    """
    What did the peer of this stream meet?

    The guest is known to have run until away, and to be announced at when; where it left its old place for good is
    known, at left, and that it ran at its new one, at ran at the earliest. Where it had moved before, this migration
    began at since. The others are all streams at this point.
    """
    near = around_switchover(stream, when)
    unseen = [o for o in near if hole_of(o, view) is not None]
    parted = part_outages([o for o in near if o not in unseen], when, left)
    near = parted.own
    outage = max(near, key=lambda o: (not o.ended, o.seen_ns), default=None)
    foreign = why_foreign(stream, view, left, when, ran)
    if foreign and is_ended_by(outage, stream, view, when):
        return reset_by_another(stream, view, outage, foreign)
    if outage is None and not stream.first_ts <= when <= stream.last_ts:
        return _on_one_side(stream, view, when)
    faint = _faint_at(stream, away, when) if outage is None else None
    if faint is not None:
        return _perhaps(stream, view, faint)
    hole = hole_of(unseen[0], view) if outage is None and unseen else None
    if hole is not None:  # not 0: what it met may be what looks like an outage there
        return hidden(stream, view, when, hole)
    if outage is None and is_sent_in(stream):
        return without_figure(stream, view)
    watched = _gap_of_requests(stream, away, when) if outage is None else None
    if outage is None and watched is None:
        return _not_asking(stream, view, when)
    if outage is not None and not stream.answers and (stream.first_ts < away or _goes_on(stream, outage)):
        return _never_answered(stream, view)
    if outage is not None and outage.ended and outage.last_answered_ts is None and outage.last_answer_ts is None:
        is_connection = stream.manner == "connection"
        tried = tries(view.journal, stream, outage)
        reach = reached_again(stream, outage, others, tried, left, when) if is_connection else None
        before = answered_until(stream, outage, others, left) if is_connection else None
        return _from_its_first(stream, view, outage, reach, before)
    if outage is not None and _is_as_ever(stream, outage, away):
        return _as_ever(stream, view, outage)
    dark = "" if outage is None else dark_between(stream, outage, since) or dark_before(stream, outage, left)
    if outage is not None and dark:
        survived = True if outage.ended else None
        return replace(unmeasured(stream, view, dark, frames_of_outage(outage), survived), is_dark=True)
    bounds = _bounds(stream, outage, watched)
    least = outage.seen_ns if outage is not None and is_open(stream, outage, view) else None
    if outage is not None and is_cut_short(stream, outage, when):
        least = surely_out_ns(outage, when)
        bounds = (None if bounds[0] is None else min(bounds[0], least), bounds[1])
    waits = least is not None
    was_answered = outage is None or outage.ended
    survived = has_outlived(stream, when) if foreign and was_answered else has_survived(stream, outage)
    ended = [words_of_reset(stream, when, foreign)] if foreign else []
    peer = Peer(
        peer=stream.peer_ip,
        protocol=protocol_of(stream),
        point=view.name,
        outage_ms=_length(outage),
        outage_low_ms=ms(bounds[0]),
        outage_high_ms=ms(bounds[1]),
        interval_ms=ms(stream.interval_ns),
        lost=0 if outage is None else outage.lost,
        retransmissions=stream.retransmissions if stream.protocol == "tcp" else None,
        survived=None if waits else survived,
        because="; ".join(
            (because_of(stream, outage, near, view), *words_of_asides(parted), *words_of_unseen(unseen, view), *ended)
        ),
        frames=frames_of_outage(outage),
        from_ts=iso_utc(outage.first_unanswered_ts) if outage is not None else None,
        to_ts=iso_utc(end_of_outage(outage)) if outage is not None else None,
        filter=stream.filter,
    )
    if outage is None:
        return Suffered(peer, True, None, None, None, None, ms(watched), stream, None, view)
    return Suffered(
        peer,
        outage.ended,
        outage.first_unanswered_ts,
        outage.first_unanswered_frame,
        end_of_outage(outage),
        outage.first_answered_frame if outage.ended else outage.last_unanswered_frame,
        ms(_doubt(stream, outage)),
        stream,
        outage,
        view,
        ms(least),
    )


def _goes_on(stream: PeerStream, outage: Outage) -> bool:
    """
    Does a connection send new data on and on, and nothing again, though no answer is in view? Then it is answered.

    Who gets no acknowledgement sends the same again within a second (RFC 6298 section 2.4), and soon nothing new.
    """
    is_alone = stream.manner == "connection" and not stream.retransmissions and not outage.ended
    return is_alone and outage.seen_ns >= RESENT_NS and outage.lost >= LEAST_NEW


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
    one = unmeasured(stream, view, because, frames_of_outage(gap), stream.survived if gap.ended else None)
    bounds = {"outage_low_ms": ms(low), "outage_high_ms": ms(high), "lost": gap.lost}
    return replace(one, peer=msgspec.structs.replace(one.peer, **bounds), at_least_ms=ms(low))


def _is_as_ever(stream: PeerStream, outage: Outage, away: int) -> bool:
    """
    Did the guest leave most requests of this stream unanswered before it left, as many in a row as now?

    Whoever limits its answers (of pings, most often) or loses most of them is no clock for the switchover.
    """
    if stream.manner not in ("echo", "request") or not outage.ended:
        return False
    since = min(away, outage.first_unanswered_ts)
    before = [o for o in stream.outages if o.first_answered_ts is not None and o.first_answered_ts <= since]
    asked = int(np.searchsorted(stream.asked_ts, since))
    alike = [o for o in stream.outages if o is not outage and outage.lost <= o.lost * JITTER]
    if len(alike) < LEAST_AS_EVER or 2 * sum(o.lost for o in before) < asked:
        return False
    return any(o in before for o in alike)


def _as_ever(stream: PeerStream, view: PointView, outage: Outage) -> Suffered:
    """A stream that is mostly unanswered at all times: how long at most, and no figure."""
    high = _bounds(stream, outage, None)[1]
    because = (
        f"{count_of(outage.lost, 'request')} unanswered from frame {outage.first_unanswered_frame} on, but most of its"
        " requests were not answered before either, as many in a row: what of it the switchover did is not known"
    )
    one = unmeasured(stream, view, because, frames_of_outage(outage), True)
    bounds = {"outage_low_ms": 0.0, "outage_high_ms": ms(high), "lost": outage.lost}
    return replace(one, peer=msgspec.structs.replace(one.peer, **bounds), at_least_ms=0.0)


def _from_its_first(
    stream: PeerStream, view: PointView, outage: Outage, reach: Reach | None, before: int | None
) -> Suffered:
    """
    A stream whose first request in view is unanswered already: since when it was cut off is not in view.

    Of a connection that is opened so, others of the peer to the same service may tell.
    """
    low = _bounds(stream, outage, None)[0]
    least = outage.seen_ns if low is None else low
    back = outage.first_answer_ts
    high = None if before is None or back is None else back - before
    since = "and how long before is not in view"
    if high is not None:
        since = f"{at_most_ms(high)}: until then this peer was answered, or the guest was at its old place"
    because = (
        f"{count_of(outage.lost, 'request')} unanswered from frame {outage.first_unanswered_frame} on, the first of it"
        f" in view: cut off for {at_least_ms(least)}, {since}"
    )
    if reach is not None:
        because = words_of_reach(outage, reach)
        least = reach.low_ns
    one = unmeasured(stream, view, because, frames_of_outage(outage), stream.survived)
    if reach is not None and reach.is_open:
        return replace(one, peer=msgspec.structs.replace(one.peer, lost=outage.lost))
    most = ms(high if reach is None else reach.high_ns)
    bounds = {"outage_low_ms": ms(least), "outage_high_ms": most, "lost": outage.lost}
    to_ts = iso_utc(end_of_outage(outage) if reach is None else reach.again_ts)
    return replace(one, peer=msgspec.structs.replace(one.peer, **bounds, to_ts=to_ts), at_least_ms=ms(least))


def _bounds(stream: PeerStream, outage: Outage | None, watched: int | None) -> tuple[int | None, int | None]:
    """
    How long was it at least, how long at most?

    From the first unanswered request to the last one, from the last answered one to the first answered again. Which
    answer belongs to which datagram is not certain: by as much as an answer takes both may be off. A connection waits
    for the answer itself, so nothing bounds it so. A one-way stream may have paused by itself. Requests counted at
    their usual interval may tell another length than their times, where the peer skipped some or its point's clock was
    set: either may hold.
    """
    if stream.manner == "connection":
        return None, None
    if outage is None:
        return 0, watched
    slip = (stream.answer_ns or 0) if stream.manner == "request" else 0
    low = 0 if stream.manner == "one_way" else max(outage.last_unanswered_ts - outage.first_unanswered_ts - slip, 0)
    if outage.first_answered_ts is None or outage.last_answered_ts is None:
        return low, None
    high = outage.first_answered_ts - outage.last_answered_ts + slip
    counted = outage.outage_ns
    return (low, high) if counted is None else (min(low, counted), max(high, counted))


def _length(outage: Outage | None) -> float | None:
    """0 without an outage; null where it did not end: then it is at least as long as it is in view."""
    if outage is None:
        return 0.0
    return ms(outage.outage_ns) if outage.ended else None


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
    return max(waits) + _disagreement(stream, outage)


def _disagreement(stream: PeerStream, outage: Outage) -> int:
    """How far do the times of the requests leave the length that their number tells? 0 where they allow it."""
    first, last, after = outage.first_unanswered_ts, outage.last_unanswered_ts, outage.first_answered_ts
    if outage.outage_ns is None or after is None:
        return 0
    slip = (stream.answer_ns or 0) if stream.manner == "request" else 0
    least, most = last - first - slip, after - (outage.last_answered_ts or first) + slip
    return max(0, least - outage.outage_ns, outage.outage_ns - most)


def _not_asking(stream: PeerStream, view: PointView, when: int) -> Suffered:
    """
    A stream that goes on before and after, in which nobody asked during the switchover: not 0, but unknown.

    Of one in which nobody asked after it either nothing shows that it is answered since.
    """
    because = "no request of it fell into the switchover: what it would have met then is not known"
    asks_on = len(stream.asked_ts) > 0 and int(stream.asked_ts[-1]) > when
    survived = stream.survived if asks_on or not stream.survived else None
    return unasked(unmeasured(stream, view, because, [stream.first_frame, stream.last_frame], survived))


def at_unknown_time(stream: PeerStream, view: PointView) -> Suffered:
    """A stream without a gap at the time that is taken for the switchover's, on a clock that nothing compares."""
    because = "nothing compares this point's clock with those that show the switchover: when it was there is not known"
    return unmeasured(stream, view, because, [stream.first_frame, stream.last_frame], stream.survived)


def _never_answered(stream: PeerStream, view: PointView) -> Suffered:
    """A stream of which no answer is in view at any time: its silence says nothing."""
    because = "no answer to it is in view, at no time: the capture may hold one direction only"
    one = unmeasured(stream, view, because, [stream.first_frame, stream.last_frame])
    return replace(one, unanswered_before=True)


def _on_one_side(stream: PeerStream, view: PointView, when: int) -> Suffered:
    """A stream in view only before or only after the switchover: what it would have met then is not known."""
    is_answered = stream.requests > 0 and stream.answers > 0  # a guest that opens a connection answers nobody
    if stream.first_ts > when:
        because = f"in view here only after the switchover, from frame {stream.first_frame} on"
        one = unmeasured(stream, view, because, [stream.first_frame])
        in_vain = _opened_in_vain(stream)
        late = None if in_vain is None else (view, in_vain, in_vain.first_unanswered_ts - when)
        again = (view, stream.first_ts) if is_answered else None
        one = unasked(one) if is_answered else one
        return replace(one, answered_after=is_answered, again=again, opened_late=late)
    because = f"in view here only before the switchover, up to frame {stream.last_frame}"
    one = unmeasured(stream, view, because, [stream.last_frame])
    one = unasked(one) if is_answered else one
    return replace(one, answered_before=is_answered, unanswered_before=stream.requests > 0 and not is_answered)


def _opened_in_vain(stream: PeerStream) -> Outage | None:
    """Since when does a peer wait that opened this connection, and had no answer in it at all? None where it had."""
    if stream.manner != "connection" or stream.requester != "peer" or stream.answers or not stream.outages:
        return None
    return None if stream.outages[-1].ended else stream.outages[0]
