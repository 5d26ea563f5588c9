"""What the two hosts do beside the stream: whose management, storage or logging a connection is."""

from collections.abc import Iterator
from dataclasses import dataclass

from vmpcap.measures.connections import Connection, Side
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.stream.ends import End, at_end
from vmpcap.migration.stream.hops import hops_from_ttl
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NOBODYS_MACS
from vmpcap.terms.host_ports import HOST_AGENT, MANAGEMENT


@dataclass(frozen=True, slots=True)
class Spoken:
    """A connection of a host, with the side that the host is."""

    view: PointView
    connection: Connection
    number: int

    @property
    def own(self) -> Side:
        """What the host sent."""
        return self.connection.sides[self.number]

    @property
    def other(self) -> Side:
        """What the other sent."""
        return self.connection.sides[1 - self.number]

    @property
    def address(self) -> str:
        """The host's."""
        return _address(self.connection, self.number)

    @property
    def peer(self) -> str:
        """The other's address."""
        return _address(self.connection, 1 - self.number)

    @property
    def port(self) -> int:
        """The other's port."""
        return self.connection.a_port if self.number else self.connection.b_port


@dataclass(frozen=True, slots=True)
class Host:
    """One of the two hosts: addresses and cards that are its own for sure."""

    addresses: frozenset[str]
    macs: frozenset[int]

    def is_at(self, spoken: Spoken) -> bool:
        """Is this side of the connection the host?"""
        return spoken.address in self.addresses or spoken.own.first_eth_src in self.macs


def management_of(case: Case, end: End) -> list[Spoken]:
    """
    Which connections of management has the host at this end, as the points beside it show?

    Its own is what has the address or card of its stream, what speaks on the host agent's port, and what speaks with
    somebody who speaks with a machine beside the other host too, as vCenter does. A guest is never taken for a host.
    """
    if case.move is None:
        return []
    host = host_at(case, end)
    return [s for s in _beside(case, end, MANAGEMENT) if host.is_at(s) and s.peer not in stream_addresses(case.move)]


def host_at(case: Case, end: End) -> Host:
    """By which addresses and cards is the host at this end known?"""
    if case.move is None:
        return Host(frozenset(), frozenset())
    own = _of_stream(case.move, end)
    beside = list(_beside(case, end, MANAGEMENT))
    other: End = "destination" if end == "source" else "source"
    rivals = {s.address for s in _beside(case, other, MANAGEMENT)}
    both = {s.peer for s in beside} & {s.peer for s in _beside(case, other, MANAGEMENT)}
    known = {s.address for s in beside if HOST_AGENT in (s.connection.a_port, s.connection.b_port)}
    known |= {s.address for s in beside if s.peer in both}
    return Host(own.addresses | (known - rivals), own.macs)


def stream_addresses(move: Move) -> set[str]:
    """Between which addresses went the stream?"""
    return {a for s in move.sightings for link in s.transfer.links for a in (link.source, link.destination)}


def _of_stream(move: Move, end: End) -> Host:
    addresses, macs = set(), set()
    for sighting in move.sightings:
        for link in sighting.transfer.links:
            addresses.add(link.source if end == "source" else link.destination)
    for sighting in at_end(move, end):
        for link in sighting.transfer.links:
            own = link.data if end == "source" else link.back
            macs.add(own.first_eth_src)
    return Host(frozenset(addresses), frozenset(macs - NOBODYS_MACS))


def _beside(case: Case, end: End, ports: tuple[int, ...]) -> Iterator[Spoken]:
    """Connections on these ports of machines that no router separates from a point beside this host; no guests."""
    if case.move is None:
        return
    for sighting in at_end(case.move, end):
        yield from spoken_at(case, sighting.view, ports)


def spoken_at(case: Case, view: PointView, ports: tuple[int, ...]) -> Iterator[Spoken]:
    """Connections on these ports, from each side that sent from beside this point; guests are left out."""
    guests = {case.guest.mac} | {series.mac for series in view.series}
    for connection in view.services:
        if not {connection.a_port, connection.b_port} & set(ports):
            continue
        for number in (0, 1):
            one = Spoken(view, connection, number)
            is_guest = one.own.first_eth_src in guests or not {one.address, one.peer}.isdisjoint(case.ips)
            if one.own.packets and is_untouched(one.own) and not is_guest:
                yield one


def is_untouched(side: Side) -> bool:
    """Did no router lower the TTL of what this side sent?"""
    return bool(side.ttl_max) and hops_from_ttl(side.ttl_max or 0) == 0


def was_routed(side: Side) -> bool:
    """Did a router lower the TTL of what this side sent?"""
    return bool(side.ttl_max) and hops_from_ttl(side.ttl_max or 0) > 0


def _address(connection: Connection, number: int) -> str:
    return connection.b_ip if number else connection.a_ip
