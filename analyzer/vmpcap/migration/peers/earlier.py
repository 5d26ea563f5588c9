"""What a peer that asks a service met before the guest fell silent."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from vmpcap.measures.peer_streams import PeerStream, Who
from vmpcap.migration.suffered import NO_EARLIER, Earlier, protocol_of
from vmpcap.terms.units import NS_PER_S

RESENT_NS: Final = NS_PER_S
"""Who gets no answer sends again after so long (RFC 6298 section 2.1): until then nobody knows that none comes."""

Service = tuple[str, str, Who]
"""Peer, protocol with its port, and who of the two asks."""
ANYBODY: Final = ""
"""Stands for the peer of what all together met."""


def earlier_streams(streams: Iterable[PeerStream], silent: int) -> dict[Service, Earlier]:
    """
    How many streams of requests were answered before that time, and how many not, at one point? By service.

    One whose answers cannot be placed before that time is counted in neither.
    """
    found: dict[Service, Earlier] = {}
    for stream in streams:
        if stream.manner == "one_way" or not stream.requests:
            continue
        was, was_not = _was_answered(stream, silent), not stream.answers and stream.first_ts < silent - RESENT_NS
        if was or was_not:
            service = _service(stream, stream.peer_ip)
            known = found.get(service, NO_EARLIER)
            found[service] = Earlier(known.answered + was, known.unanswered + was_not)
    return found | dict(_of_anybody(found))


def _of_anybody(found: Mapping[Service, Earlier]) -> Iterator[tuple[Service, Earlier]]:
    """Of each service how many peers it answered, and how many it did not."""
    by_service: dict[Service, list[Earlier]] = {}
    for (_, protocol, asking), one in found.items():
        by_service.setdefault((ANYBODY, protocol, asking), []).append(one)
    for service, every in by_service.items():
        had = sum(one.answered > 0 for one in every)
        yield service, Earlier(peers_answered=had, peers_unanswered=len(every) - had)


def _service(stream: PeerStream, peer: str) -> Service:
    return peer, protocol_of(stream), stream.requester


def _was_answered(stream: PeerStream, silent: int) -> bool:
    if not stream.answers:
        return False
    before = (outage.last_answer_ts for outage in stream.outages)
    return stream.last_ts <= silent or any(ts is not None and ts <= silent for ts in before)


def of_service(stream: PeerStream, earlier: Mapping[Service, Earlier]) -> Earlier:
    """What did other streams of the same peer to the same service meet before, or this one?"""
    own, every = (earlier.get(_service(stream, peer), NO_EARLIER) for peer in (stream.peer_ip, ANYBODY))
    return every._replace(answered=own.answered, unanswered=own.unanswered)
