"""What connections of a peer to a service met before the guest fell silent."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.suffered import NO_EARLIER, Earlier, protocol_of
from vmpcap.terms.units import NS_PER_S

RESENT_NS: Final = NS_PER_S
"""Who gets no answer sends again after so long (RFC 6298 section 2.1): until then nobody knows that none comes."""

Service = tuple[str, str]
"""Peer, and protocol with its port."""
ANYBODY: Final = ""
"""Stands for the peer of what all together met."""


def earlier_connections(streams: Iterable[PeerStream], silent: int) -> dict[Service, Earlier]:
    """
    How many connections that peers opened were answered before that time, and how many not, at one point?

    One whose answers cannot be placed before that time is counted in neither.
    """
    found: dict[Service, Earlier] = {}
    for stream in streams:
        if stream.manner != "connection" or stream.requester != "peer" or not stream.requests:
            continue
        was, was_not = _was_answered(stream, silent), not stream.answers and stream.first_ts < silent - RESENT_NS
        if was or was_not:
            service = stream.peer_ip, protocol_of(stream)
            known = found.get(service, NO_EARLIER)
            found[service] = Earlier(known.answered + was, known.unanswered + was_not)
    return found | dict(_of_anybody(found))


def _of_anybody(found: Mapping[Service, Earlier]) -> Iterator[tuple[Service, Earlier]]:
    """Of each service how many peers it answered, and how many it did not."""
    by_protocol: dict[str, list[Earlier]] = {}
    for (_, protocol), one in found.items():
        by_protocol.setdefault(protocol, []).append(one)
    for protocol, every in by_protocol.items():
        had = sum(one.answered > 0 for one in every)
        yield (ANYBODY, protocol), Earlier(peers_answered=had, peers_unanswered=len(every) - had)


def _was_answered(stream: PeerStream, silent: int) -> bool:
    if not stream.answers:
        return False
    before = (outage.last_answer_ts for outage in stream.outages)
    return stream.last_ts <= silent or any(ts is not None and ts <= silent for ts in before)


def of_service(stream: PeerStream, earlier: Mapping[Service, Earlier]) -> Earlier:
    """What did connections of the same peer to the same service meet before?"""
    if stream.manner != "connection" or stream.requester != "peer":
        return NO_EARLIER
    own, every = (earlier.get((peer, protocol_of(stream)), NO_EARLIER) for peer in (stream.peer_ip, ANYBODY))
    return every._replace(answered=own.answered, unanswered=own.unanswered)
