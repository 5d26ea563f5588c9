"""Connections that TCP tries to open ever less often: when their service, or the guest, was within reach again."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.outages import UNANSWERED, Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.terms.units import at_least_ms, iso_utc

I64 = npt.NDArray[np.int64]

NONE: Final[I64] = np.empty(0, np.int64)


class Reach(NamedTuple):
    """When a peer's service, or the guest at all, was within reach again, and how long that had not been so."""

    again_ts: int
    """The first of what was sent since, and answered; where nothing shows that this is alike, when its own was."""
    low_ns: int
    """To the last that was sent before that in vain."""
    high_ns: int | None
    """Since the last that was answered before, or since the guest left; None where none is in view."""
    words: str
    """What shows it, and what that tells of the wait."""
    is_timer: bool
    """Did TCP surely wait for its timer alone from then on?"""

    @property
    def is_open(self) -> bool:
        """Does it bound nothing? One segment was in vain: how long the service was out of reach is not known."""
        return not self.low_ns and self.high_ns is None


TIMER: Final = "from then on TCP waited for its timer"
UNSURE: Final = "how much of its wait after that was for TCP's timer is not known"


def reached_again(
    stream: PeerStream,
    outage: Outage,
    others: Sequence[PeerStream],
    tried: I64,
    left: int | None = None,
    back: int | None = None,
) -> Reach | None:
    """
    Was the guest within reach again before this connection, whose first segment is in vain, was tried once more?

    Who opens a connection tries again after one second, then two, and so on (RFC 6298 section 5.5): after the way is
    free it may wait for as long as it had been shut. What it waits then is its timer's, and no outage of the peer.
    Another connection of this peer to the same service shows that; so does what else was answered at this point, where
    nothing was while this one was tried in vain: else a filter may let that pass, and this service not yet. Where the
    guest came back after the last try in vain, nobody knows how long after. The least is what tries in vain prove.

    Parameters
    ----------
    tried : int64[k], rising: when it was tried in vain
    left : until when the guest was at its old place for sure: what came before that is no outage of its move
    back : when it was first seen at its new one
    """
    begin, end = outage.first_unanswered_ts, outage.first_answered_ts
    if end is None or stream.requester != "peer":
        return None
    before = answered_until(stream, outage, others, left)
    beside = [one for one in others if _is_to_the_same(one, stream)]
    again = min((ts for one in beside for ts in _answered(one) if ts > begin), default=None)
    if again is None or again >= end:
        vain_ts = max(tried.tolist(), default=begin)
        found = _by_others(stream, others, (begin, vain_ts, end), before)
        if found is None and back is not None and vain_ts < back < end:
            words = f"the guest was back from {iso_utc(back)} on: {UNSURE}"
            return Reach(end, vain_ts - begin, None if before is None else end - before, words, False)
        return found
    vain = [ts for one in beside for ts in _in_vain(one) if begin < ts < again]
    vain += [ts for ts in tried.tolist() if begin < ts < again]
    words = f"others of this peer to the same service were answered from {iso_utc(again)} on: {TIMER}"
    return Reach(again, max(vain, default=begin) - begin, None if before is None else again - before, words, True)


def answered_until(
    stream: PeerStream, outage: Outage, others: Sequence[PeerStream], left: int | None = None
) -> int | None:
    """
    Until when was this peer surely in reach of the service, before it opened this connection in vain?

    Another connection to the same service was answered; later what else it asked was, or the guest was at its old place
    still: what the service lacked before that was no matter of the move.
    """
    begin = outage.first_unanswered_ts
    answered = (ts for one in others if _is_to_the_same(one, stream) for ts in _answered(one))
    before = max((ts for ts in answered if ts < begin), default=None)
    if before is None:
        return None
    own = [one for one in others if one.peer == stream.peer and one is not stream]
    later = [ts for one in own for ts in _answered_in(one, before, begin)[-1:].tolist()]
    known: list[int] = [before, *later]
    return max([*known, left] if left is not None and left < begin else known)


def tries(journal: JournalColumns, stream: PeerStream, outage: Outage) -> I64:
    """When did the peer send in this connection before what was answered again?"""
    until = outage.first_answered_ts
    if until is None:
        return NONE
    j = journal
    rows = np.flatnonzero((j.ts_ns >= outage.first_unanswered_ts) & (j.ts_ns < until))
    is_own = (j.src_port[rows] == stream.peer_port) & (j.dst_port[rows] == stream.guest_port)
    is_own &= (j.src_high[rows] == np.uint64(stream.peer[0])) & (j.src_low[rows] == np.uint64(stream.peer[1]))
    return np.sort(j.ts_ns[rows[is_own]])


def words_of_reach(outage: Outage, reach: Reach) -> str:
    """How long it waited, and from when on for its timer alone."""
    least = at_least_ms(outage.seen_ns)
    told = (
        f"unanswered for {least} from frame {outage.first_unanswered_frame} on, the first of it in view; but"
        f" {reach.words}"
    )
    return f"{told}; how long its service was out of reach is not known" if reach.is_open else told


def _by_others(
    stream: PeerStream, others: Sequence[PeerStream], times: tuple[int, int, int], before: int | None
) -> Reach | None:
    """
    Was anybody answered at this point between this connection's last try in vain and the one that was answered?

    Where somebody was while it was tried in vain, too, what they met was not the same: that bounds nothing above.

    Parameters
    ----------
    times : when it was tried first, and last in vain, and when it was tried with success
    """
    begin, vain, end = times
    beside = [one for one in others if one is not stream]
    found = [(ts, one) for one in beside for ts in _answered_in(one, vain, end)[:1].tolist()]
    if not found:
        return None
    again, one = min(found, key=lambda pair: pair[0])
    is_alike = not any(len(_answered_in(one, begin, vain)) for one in beside)
    whose = "another stream of this peer" if one.peer == stream.peer else f"another peer ({one.peer_ip})"
    until = again if is_alike else end
    words = f"{whose} was answered from {iso_utc(again)} on: {TIMER if is_alike else UNSURE}"
    return Reach(until, vain - begin, None if before is None else until - before, words, is_alike)


def _answered_in(one: PeerStream, begin: int, end: int) -> I64:
    """When did a peer ask in this stream between these times, and get its answer?"""
    if one.requester != "peer" or one.manner == "one_way" or not one.answers or not len(one.asked_ts):
        return NONE
    first, last = (int(n) for n in np.searchsorted(one.asked_ts, (begin + 1, end)))
    ts = one.asked_ts[first:last]
    if len(one.wait_ns) == len(one.asked_ts):
        ts = ts[one.wait_ns[first:last] != UNANSWERED]
    for outage in one.outages:
        is_out = ts >= outage.first_unanswered_ts
        ts = ts[~(is_out if outage.first_answered_ts is None else is_out & (ts < outage.first_answered_ts))]
    if one.manner == "connection":
        ts = ts[ts < one.asked_ts[-1]]  # what is asked last may still wait
    return ts


def _is_to_the_same(one: PeerStream, stream: PeerStream) -> bool:
    ends = (one.peer, one.guest_port, one.manner, one.requester)
    return ends == (stream.peer, stream.guest_port, "connection", "peer") and one.peer_port != stream.peer_port


def _answered(one: PeerStream) -> Iterator[int]:
    """When was its first segment sent, or one that ended an outage, that had an answer; and the last that had one?"""
    yield from (outage.first_answered_ts for outage in one.outages if outage.first_answered_ts is not None)
    yield from (outage.last_answered_ts for outage in one.outages if outage.last_answered_ts is not None)
    if one.answers and not one.outages:
        yield one.first_ts
        yield from (int(ts) for ts in one.asked_ts[-1:])


def _in_vain(one: PeerStream) -> Iterator[int]:
    """When was a segment sent that had no answer for long?"""
    for outage in one.outages:
        yield outage.first_unanswered_ts
        if not outage.ended:
            yield outage.last_unanswered_ts
