"""How long the guests were away from their peers, said once for every look: worst first."""

import re
from math import inf
from typing import Final, NamedTuple

from vmpcap.migration.listed import count_peers, is_gone, is_one_request
from vmpcap.migration.results import Guest, Peer, PeerCounts
from vmpcap.report.document import Migration
from vmpcap.report.words import span, span_bound
from vmpcap.terms.units import count_of

PEERS: Final = "Peers cut off"
MOSTLY: Final = 0.5
"""A cause of more than this share of an outage is told with it."""
USUAL_GAP: Final = 1.5
"""Between two requests one is due within so many usual intervals: in a longer gap some may have been missed."""
MOST_OF_IT: Final = {
    "guest": "requests reached the guest, which did not answer",
    "tcp_back_off": "TCP waited for its timer though the guest was back",
    "closed_way": "all that the guest sent from its new place died",
}
"""Causes that are told in the headline: those that are no fault of the way, and a way that let nothing through."""


class Away(NamedTuple):
    """How long a guest was away. The profile sets no limit to it, so it has no outcome."""

    weight: tuple[int, float]
    """Streams that were never answered again, then how long, s: the greatest is the worst."""
    name: str
    told: str
    """As short as a figure."""
    sentence: str
    because: str
    is_range: bool = False
    """Is it known between bounds only?"""
    least: float = 0.0
    """For how long at least a peer had no answer, s, of those whose outage has a bound below; 0 where none has."""

    @property
    def is_of_peers(self) -> bool:
        """Is it what peers met, not within what the guest moved?"""
        return self.name == PEERS


def away_of(guest: Guest) -> Away | None:
    """How long was this guest away? None where nothing of it is known."""
    s = guest.switchover
    counts = counts_of(guest)
    least, most = _longest(guest)
    longest = _between(least, most)
    if counts.streams_lost:
        sentence = (
            _lost(guest, counts)
            + _anew(guest)
            + (f"; another stream was cut off for {longest}{_of_guest(guest)}" if longest else "")
            + _partly(guest)
        )
        return Away((counts.streams_lost, least), PEERS, "never back", sentence, _why(guest), least=least)
    if s.peer_outage_ms is not None:
        in_vain = _in_vain(guest, most, longest)
        if in_vain is not None:
            return in_vain
        unseen = _unseen(guest)
        sentence = f"peers were cut off for {longest}" if longest else f"no peer was cut off{unseen}"
        sentence += _of_guest(guest) + _later(guest)
        is_range = span(least) != span(most)
        is_open = is_range and not s.peer_outage.because.startswith(_open(guest))
        told_by = (s.peer_outage.because, _open(guest) if is_open else "", _seldom(guest))
        because = "; ".join(part for part in told_by if part)
        told = longest or f"not{unseen or ' at all'}"
        return Away((0, most), PEERS, told, sentence, because, is_range, least)
    at_least = _at_least(guest)
    if at_least is not None:
        low = max(least, (at_least.outage_low_ms or 0.0) / 1000)
        told = f"at least {span_bound(low, 'least')}"
        because = f"{at_least.protocol} from {at_least.peer}: {at_least.because}"
        sentence = f"peers were cut off for {told}{_later(guest)}"
        return Away((0, max(low, most)), PEERS, told, sentence, because, True, low)
    if least and _ranges(guest):
        sentence = f"peers were cut off for {longest}{_of_guest(guest)}{_later(guest)}"
        because = "; ".join(part for part in (_open(guest), _seldom(guest)) if part)
        return Away((0, most), PEERS, longest, sentence, because, True, least)
    if s.at_most_ms is None:
        return None
    within = s.at_most_ms / 1000
    told = span_bound(within, "most")
    sentence = f"the switchover took at most {told}"
    if least > within:
        sentence += f"; a peer was cut off for {longest}"
    return Away((0, max(within, least)), "Switchover", told, sentence + _later(guest), s.bracket.because)


COARSE_MS: Final = 100.0
"""Who asks no more often than this is told so: an outage of a usual switchover may lie between two of its requests."""


def _unseen(guest: Guest) -> str:
    """For how long may a peer have been cut off between two of its requests? Empty where they are close together."""
    doubt = guest.switchover.peer_outage.uncertainty_ms
    if guest.switchover.peer_outage_ms or doubt is None or doubt <= COARSE_MS:
        return ""
    return f" for more than {span_bound(doubt / 1000, 'most')}"


STARTS: Final = frozenset({"ha", "cold_migration"})
"""Mechanisms that start a guest anew."""


def is_started_anew(guest: Guest) -> bool:
    """Was it seen to start, so that it knows nothing of its connections of before, nor need have their address?"""
    return any(one.name in STARTS and one.worked != "undecided" for one in guest.mechanisms)


def _anew(guest: Guest) -> str:
    """What a start has to do with it: whoever asked for what the guest was before is owed no answer."""
    if is_started_anew(guest):
        return ", of those who asked it before it started anew"
    is_open = guest.sessions.word != "live" and any(one.name in STARTS for one in guest.mechanisms)
    return ", though it may have been started anew" if is_open else ""


def _longest(guest: Guest) -> tuple[float, float]:
    """
    How long was the peer that waited longest cut off, s: at least, and at most?

    An outage of which only bounds are known may be the longest.
    """
    known = [peer.outage_ms for peer in guest.peers if peer.outage_ms is not None and not is_one_request(peer)]
    if not any(is_one_request(peer) and peer.outage_ms == guest.switchover.peer_outage_ms for peer in guest.peers):
        known.append(guest.switchover.peer_outage_ms or 0.0)
    ranges = _ranges(guest)
    least = max([*known, *(peer.outage_low_ms or 0.0 for peer in ranges)])
    return least / 1000, max([least, *(peer.outage_high_ms or 0.0 for peer in ranges)]) / 1000


def _missed_nothing(peer: Peer) -> bool:
    """Was all answered that it asked, so that its bound is no more than how seldom it asks?"""
    is_usual = (peer.outage_high_ms or 0.0) <= USUAL_GAP * (peer.interval_ms or 0.0)
    return is_usual and not (peer.lost or peer.retransmissions or peer.outage_low_ms or peer.outage_ms)


def _met_the_move(peer: Peer, guest: Guest) -> bool:
    """Did it miss one request alone, which came while the guest was away, and was the next one answered?"""
    away, asked = guest.switchover.bracket, peer.from_ts
    if peer.lost != 1 or peer.retransmissions or peer.outage_low_ms or not (asked and away.from_ts and away.to_ts):
        return False
    return away.from_ts <= asked <= away.to_ts


def _ranges(guest: Guest) -> list[Peer]:
    """
    Which outages ended, are known by their bounds only, and tell how long the guest may have been out of reach?

    Not those of streams that missed nothing, or a request of the switchover alone, where others tell it: how seldom
    they ask bounds that no better. Where none missed anything, the one that bounds it best.
    """
    bounded = _bounded(guest)
    missed = [peer for peer in bounded if not _missed_nothing(peer)]
    telling = [peer for peer in missed if not _met_the_move(peer, guest)]
    if telling or any(peer.outage_ms and not is_one_request(peer) for peer in guest.peers):
        return telling
    return missed or sorted(bounded, key=lambda peer: peer.outage_high_ms or 0.0)[:1]


def _seldom(guest: Guest) -> str:
    """Whose bounds are left out, as they ask too seldom? The widest of them."""
    told = _ranges(guest)
    most = max((peer.outage_high_ms or 0.0 for peer in told), default=0.0)
    rest = [peer for peer in _bounded(guest) if peer not in told and (peer.outage_high_ms or 0.0) > most]
    widest = max(rest, key=lambda peer: peer.outage_high_ms or 0.0, default=None)
    if widest is None:
        return ""
    return (
        f"{count_of(len(rest), 'stream')} that missed no more than a request of the switchover may have been cut off"
        f" for longer between two requests, at most {span_bound((widest.outage_high_ms or 0.0) / 1000, 'most')}"
        f" ({widest.protocol} from {widest.peer})"
    )


def _bounded(guest: Guest) -> list[Peer]:
    return [
        peer
        for peer in guest.peers
        if (peer.outage_ms is None or is_one_request(peer))
        and peer.outage_low_ms is not None
        and peer.outage_high_ms is not None
    ]


def _at_least(guest: Guest) -> Peer | None:
    """Whose outage has no upper bound? The longest of them."""
    unbounded = [
        peer
        for peer in guest.peers
        if peer.outage_ms is None and peer.outage_low_ms and peer.outage_high_ms is None and not is_gone(peer)
    ]
    return max(unbounded, key=lambda peer: peer.outage_low_ms or 0.0, default=None)


def _in_vain(guest: Guest, most: float, longest: str) -> Away | None:
    """The stream that asked without an answer for longer than the longest outage that ended, s; None without one."""
    one = _at_least(guest)
    low = (one.outage_low_ms or 0.0) / 1000 if one is not None else 0.0
    if one is None or low <= most:
        return None
    told = f"at least {span_bound(low, 'least')}"
    sentence = f"a stream had no answer for {told}" + (f"; others were cut off for {longest}" if longest else "")
    because = f"{one.protocol} from {one.peer}: {one.because}"
    return Away((0, low), PEERS, told, sentence + _of_guest(guest) + _later(guest), because, True, low)


def _between(least: float, most: float) -> str:
    """In words, each rounded outward. Bounds that a figure would tell alike are one figure."""
    if not most:
        return ""
    if span(least) == span(most):
        return span(most)
    high = span_bound(most, "most")
    return f"between {span_bound(least, 'least')} and {high}" if least else f"at most {high}"


def at_most_s(peer: Peer) -> float | None:
    """Of an outage that is known by its bounds only the upper one: without end where there is only a lower one."""
    if peer.outage_ms is not None and not is_one_request(peer):
        return None
    if peer.outage_low_ms is None and peer.outage_high_ms is None:
        return None
    return inf if peer.outage_high_ms is None else peer.outage_high_ms / 1000


def may_be_longer(most_s: float, known_s: float) -> bool:
    """May an outage of at most so long be longer than the longest with a figure? Not where both are written alike."""
    return most_s == inf or (most_s > known_s and span(most_s) != span(known_s))


def _open(guest: Guest) -> str:
    """Which peer's outage is not known closer than between bounds, and may be the longest?"""
    one = max(_ranges(guest), key=lambda peer: peer.outage_high_ms or 0.0)
    return f"{one.protocol} from {one.peer}: {one.because}"


def counts_of(guest: Guest) -> PeerCounts:
    """Of all its streams, whether they are listed or not."""
    return guest.peer_counts or count_peers(guest.peers)


def _of_guest(guest: Guest) -> str:
    """That the guest itself, or TCP's timer, made most of the longest outage which ended, where its parts show that."""
    timed = [peer for peer in guest.peers if peer.outage_ms]
    longest = max(timed, key=lambda peer: peer.outage_ms or 0.0, default=None)
    for part, words in MOST_OF_IT.items():
        own = sum(one.ms for one in longest.breakdown if one.part == part) if longest is not None else 0.0
        if longest is not None and own > MOSTLY * (longest.outage_ms or 0.0):
            where = next((one.because for one in longest.breakdown if one.part == part), "")
            place = PLACED.match(where)
            share = "all" if span(own / 1000) == span((longest.outage_ms or 0.0) / 1000) else span(own / 1000)
            return f", {share} of it while {words}{place[1] if place is not None else ''}"
    return ""


PLACED: Final = re.compile(rf"{MOST_OF_IT['closed_way']}( between .+?) for [0-9]")
"""Where a way was closed, as the part of the outage tells."""


def _partly(guest: Guest) -> str:
    """Of which stream or service was the largest share not answered since, where that is a large one?"""
    told = [peer for peer in guest.peers if peer.part_lost and peer.part_asked]
    if not told:
        return ""
    worst = max(told, key=lambda peer: (peer.part_lost or 0) / (peer.part_asked or 1))
    more = f", and of {len(told) - 1} more a part" if len(told) > 1 else ""
    of = f"{worst.part_lost:,} of {worst.part_asked:,} requests by {worst.protocol} with {worst.peer}"
    return f"; {of} had no answer since the move{more}"


def _later(guest: Guest) -> str:
    """
    What befell its peers later, or since: that only a part was answered, that the guest itself did not answer for a
    while, long after it was back, or was lost for good.
    """
    return _partly(guest) + _much_later(guest)


def _much_later(guest: Guest) -> str:
    gone = [peer for peer in guest.peers if peer.lost_later_ms]
    if gone:
        peers, every = len({peer.peer for peer in gone}), counts_of(guest).peers
        who = "its only peer" if every == 1 else f"{peers:,} of {every:,} peers"
        least = span_bound(max(peer.lost_later_ms or 0.0 for peer in gone) / 1000, "least")
        return f"; later {who} lost it: no answer in the last {least}"
    longest = max(guest.peers, key=lambda peer: peer.later_outage_ms or 0.0, default=None)
    if longest is None or not longest.later_outage_ms:
        return ""
    who = "the guest itself" if longest.later_by_guest else "the guest, or its host for it,"
    return f"; {order_of_later(longest)} {who} did not answer for {span(longest.later_outage_ms / 1000)}"


def order_of_later(peer: Peer) -> str:
    """Did the outage that the guest itself made come after the one that is told? Or was that one later still?"""
    own, other = peer.from_ts, peer.later_from_ts
    return "earlier" if own is not None and other is not None and other < own else "later"


def _lost(guest: Guest, of: PeerCounts) -> str:
    """Who was never answered again; where all of them had been answered for a while after the move, for how long."""
    told = [peer.begun_after_ms for peer in guest.peers if is_gone(peer)]
    known = [begun for begun in told if begun is not None]
    if of.peers_lost != of.peers or len(known) < of.streams_lost or not known:
        return _never(of)
    who = "its only peer was" if of.peers == 1 else f"its {of.peers:,} peers were"
    if of.streams_of_lost > of.streams_lost:
        streams = f"{of.streams_lost:,} of {of.streams_of_lost:,} streams of {_whose(of)}"
        who = f"{streams} {'was' if of.streams_lost == 1 else 'were'}"
    least, most = (span(length / 1000) for length in (min(known), max(known)))
    until = least if least == most else f"{least} to {most}"
    return f"{who} answered until {until} after the guest was back, and then no more"


def _whose(of: PeerCounts) -> str:
    return "its only peer" if of.peers == 1 else f"its {of.peers:,} peers"


def _never(of: PeerCounts) -> str:
    """A peer is an address: it was never answered again where none of its streams was; else these streams were not."""
    gone = f"{of.peers_lost:,} of {of.peers:,} peers"
    if of.streams_of_lost > of.streams_lost:
        whose = _whose(of) if of.peers_lost == of.peers else gone
        was = "was" if of.streams_lost == 1 else "were"
        return f"{of.streams_lost:,} of {of.streams_of_lost:,} streams of {whose} {was} never answered again"
    if of.peers_lost == of.peers:
        only, none = "its only peer was never answered again", f"none of {of.peers:,} peers was answered again"
        return only if of.peers == 1 else none
    return f"{gone} {'was' if of.peers_lost == 1 else 'were'} never answered again"


def _why(guest: Guest) -> str:
    """Of those that were never answered again, as they themselves tell it."""
    told, of = [peer for peer in guest.peers if is_gone(peer)], counts_of(guest)
    first = next((f"{peer.peer} {peer.protocol}: {peer.because}" for peer in told if peer.because), "")
    streams = f"{count_of(of.streams_lost, 'stream')} of {count_of(of.peers_lost, 'peer')}"
    return "; ".join(part for part in (f"{streams} got no answer again", first) if part)


def felt(m: Migration, guest: Guest) -> str:
    """The same in a sentence; nothing where the switchover is not in view: then no peer felt it so far."""
    away = away_of(guest) if m.outcome != "truncated" else None
    return away.sentence if away is not None else ""


class Worst(NamedTuple):
    """The guest that fared worst, and of how many it is known."""

    away: Away
    guest: Guest
    known: int


def worst_away(m: Migration) -> Worst | None:
    """Which guest was away for longest? None where it is known of none."""
    known = [(away, guest) for guest in m.guests if felt(m, guest) and (away := away_of(guest)) is not None]
    if not known:
        return None
    away, guest = max(known, key=lambda one: one[0].weight)
    return Worst(away, guest, len(known))
