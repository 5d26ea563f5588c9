"""Resets of the stream that somebody between the hosts sent: a firewall, by their TTL."""

from collections.abc import Iterator
from typing import NamedTuple

from vmpcap.migration.stream.moves import Sighting


class StrangeReset(NamedTuple):
    """A reset with another TTL than everything else of the host in whose name it came."""

    frame: int
    forward: bool
    """Whether it bears the source's address."""
    ttl: int
    usual: int


def strange_resets(sighting: Sighting) -> Iterator[StrangeReset]:
    """
    Which resets of the stream did not travel the way of the packets before them?

    Only where the direction has exactly one other TTL: where its packets came with several, nothing is usual.
    """
    for link in sighting.transfer.links:
        for forward, side in ((True, link.data), (False, link.back)):
            address = link.source if forward else link.destination
            ports = {link.connection.a_port, link.connection.b_port}
            mine = [
                r
                for r in sighting.view.complaints.resets
                if r.source == address and {r.source_port, r.target_port} == ports
            ]
            ttls = {side.ttl_min, side.ttl_max}
            for reset in mine:
                others = ttls - {reset.ttl}
                if reset.ttl in ttls and len(others) == 1 and side.packets > len(mine):
                    yield StrangeReset(reset.frame, forward, reset.ttl, others.pop() or 0)
