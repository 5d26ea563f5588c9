"""Which of a guest's streams a report lists where there are a great many, and the counts of all of them."""

from collections.abc import Sequence
from typing import Any, Final

from vmpcap.migration.results import Peer, PeerCounts
from vmpcap.migration.services import tell_services
from vmpcap.migration.suffered import Suffered
from vmpcap.terms.units import NS_PER_MS

MOST_PEERS: Final = 500
"""So many streams of one guest are listed, the worst; verdicts and counts are of all."""

LONG_MS: Final = 1000.0
LEAST_ASKED: Final = 3
"""Who asked in vain so often and for so long, and stopped, gave up."""


def list_peers(suffered: Sequence[Suffered]) -> dict[str, Any]:
    """What a report holds of a guest's streams: the worst of them, and what is told of all."""
    listed = pick_listed(suffered)
    return {
        "peers": listed,
        "peers_left_out": len(suffered) - len(listed),
        "services": tell_services(suffered),
        "peer_counts": count_suffered(suffered) if suffered else None,
    }


def pick_listed(suffered: Sequence[Suffered]) -> list[Peer]:
    """Which streams are listed? The worst of them, in the order given: by the upper bound where there is no figure."""
    worst = sorted(range(len(suffered)), key=lambda n: _weight(suffered[n]), reverse=True)
    return [suffered[n].peer for n in sorted(worst[:MOST_PEERS])]


def _weight(one: Suffered) -> tuple[bool, float]:
    """Those that were never answered again, then by how long an outage was or may have been."""
    peer = one.peer
    in_view = 0.0 if one.from_ts is None or one.to_ts is None else (one.to_ts - one.from_ts) / NS_PER_MS
    known = (peer.outage_ms, peer.outage_low_ms, peer.outage_high_ms)
    return is_lost(peer), max([in_view, *(length for length in known if length is not None)])


def is_lost(stream: Peer) -> bool:
    """Was this stream never answered again in view?"""
    return stream.survived is False and stream.outage_ms is None and stream.lost_later_ms is None


def gave_up(stream: Peer) -> bool:
    """Did it ask in vain for a second or more, and stop asking? What TCP sent again was asked again."""
    has_stopped = stream.survived is None and stream.outage_ms is None and stream.outage_high_ms is None
    asked = (stream.lost or 0) + (stream.retransmissions or 0)
    return has_stopped and asked >= LEAST_ASKED and (stream.outage_low_ms or 0.0) >= LONG_MS


def is_one_request(stream: Peer) -> bool:
    """Did it lose one request alone? Then it may have been cut off for a moment, or for two of its intervals."""
    is_bounded = stream.outage_low_ms == 0 and stream.outage_high_ms is not None
    return is_bounded and stream.lost == 1 and stream.outage_ms is not None


def is_gone(stream: Peer) -> bool:
    """Did it get no answer again in view, whether it asked on to the end or gave up?"""
    return is_lost(stream) or gave_up(stream)


def count_suffered(suffered: Sequence[Suffered]) -> PeerCounts:
    """The counts of a guest's streams; those of which nobody knows what they met do not speak for their peers."""
    mute = [one.peer for one in suffered if not one.answered_after and _says_nothing(one.peer)]
    return count_peers([one.peer for one in suffered], mute)


def _says_nothing(stream: Peer) -> bool:
    """Is neither known how long it was cut off, nor between what bounds, nor whether it was answered again?"""
    known = (stream.survived, stream.outage_ms, stream.outage_low_ms, stream.outage_high_ms)
    return all(one is None for one in known)


def count_peers(streams: Sequence[Peer], mute: Sequence[Peer] = ()) -> PeerCounts:
    """
    How many peers, by address, and streams are these, and how many of both were lost?

    The mute are no streams of a lost peer that may have come back.
    """
    lost = [one for one in streams if is_gone(one)]
    gone = {one.peer for one in lost}
    theirs = sum(one.peer in gone for one in streams) - sum(one.peer in gone for one in mute)
    return PeerCounts(
        peers=len({one.peer for one in streams}),
        streams=len(streams),
        peers_lost=len(gone),
        streams_lost=len(lost),
        streams_of_lost=theirs,
    )
