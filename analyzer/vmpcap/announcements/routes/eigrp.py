"""EIGRP (RFC 7868): the routes of updates, queries and replies, of both address families."""

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import fields, ip, ipv4, packed_prefix, part, tlvs
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.announcements.routes.sessions import gone_with

UPDATE: Final = 1
QUERY: Final = 3
REPLY: Final = 4
HELLO: Final = 5
OPCODES: Final = {UPDATE: "update", QUERY: "query", REPLY: "reply", 10: "sia_query", 11: "sia_reply"}
"""Messages that carry routes (RFC 7868 6.5)."""

PARAMETERS: Final = 0x0001
GOODBYE: Final = b"\xff" * 5
"""The weights of a hello with which a router says that it leaves (RFC 7868 5.3.3, 6.6.1)."""

HEAD: Final = struct.Struct(">BBHIIIHH")
"""Version, opcode, checksum, flags, sequence, acknowledgement, virtual router, autonomous system (6.2)."""

METRIC: Final = struct.Struct(">II3sBBBBB")
"""Scaled delay and bandwidth, MTU, hops, reliability, load, tag, flags (6.6.1)."""
CLASSIC: Final = {0x0102: (4, False), 0x0103: (4, True), 0x0402: (16, False), 0x0403: (16, True)}
"""Bytes of an address, and whether the route came from elsewhere (6.6)."""
EXTERNAL_BYTES: Final = 20
"""Originating router and AS, tag, its metric, two reserved bytes, its protocol, flags (6.6.3)."""

WIDE: Final = struct.Struct(">BBBB3sB6s6sHH")
"""Words of attributes behind it, priority, reliability, load, MTU, hops, delay, bandwidth, reserved, flags (6.7.1)."""
WIDE_ROUTES: Final = {0x0602: False, 0x0603: True}
FAMILIES: Final = {1: 4, 2: 16}
"""Address families of routes of many protocols, and the bytes of an address (6.7.2)."""

UNREACHABLE: Final = 0xFFFF_FFFF
WIDE_UNREACHABLE: Final = 0xFFFF_FFFF_FFFF
"""Delay of a route that its sender no longer has (6.6.1, 6.7.1)."""


@dataclass(slots=True)
class EigrpNeighbours:
    """Which routes each router offers: they go with it."""

    standing: dict[str, dict[str, RouteNews]] = field(default_factory=dict)

    def tell(self, row: RouteNews) -> None:
        """Keep in mind what it offers, or no longer does."""
        told = self.standing.setdefault(row.sender, {})
        if row.action == "announce":
            told[row.prefix] = row
        else:
            told.pop(row.prefix, None)


def read_eigrp(frame: ControlFrame, neighbours: EigrpNeighbours | None = None) -> Iterator[RouteNews]:
    """
    Which routes does this message offer or take back? A reply that has none says nothing new.

    A router that says goodbye takes back all that it offered.

    Raises
    ------
    Short
        A route is cut.
    """
    neighbours = EigrpNeighbours() if neighbours is None else neighbours
    opcode = fields(HEAD, frame.payload, 0)[1]
    if opcode == HELLO and _says_goodbye(frame.payload):
        for row in neighbours.standing.pop(sender_of(frame), {}).values():
            yield gone_with(frame, row, "session ended by a goodbye")
    for row in _routes(frame) if opcode in OPCODES else ():
        neighbours.tell(row)
        yield row


def _says_goodbye(data: bytes) -> bool:
    return any(
        kind == PARAMETERS and value[: len(GOODBYE)] == GOODBYE
        for kind, value in tlvs(data, HEAD.size, 2, 2, length_has_head=True)
    )


def _routes(frame: ControlFrame) -> Iterator[RouteNews]:
    data = frame.payload
    _, opcode, _, _, _, _, _, system = fields(HEAD, data, 0)
    for kind, value in tlvs(data, HEAD.size, 2, 2, length_has_head=True):
        if kind in CLASSIC:
            rows = _classic(value, *CLASSIC[kind])
        elif kind in WIDE_ROUTES:
            rows = _wide(value, WIDE_ROUTES[kind])
        else:
            continue
        for prefix, next_hop, origin, delay, is_gone in rows:
            if is_gone and opcode not in (UPDATE, QUERY):
                continue
            yield RouteNews(
                frame=frame.frame,
                ts_ns=frame.ts_ns,
                protocol="eigrp",
                sender=sender_of(frame),
                origin=origin,
                action="withdraw" if is_gone else "announce",
                prefix=prefix,
                metric=delay,
                next_hop="" if next_hop in ITSELF else next_hop,
                reason=f"{OPCODES[opcode]} of AS {system}",
            )


ITSELF: Final = (str(ipaddress.IPv4Address(0)), str(ipaddress.IPv6Address(0)))
"""Next hop that means the sender (6.6.2)."""

Route = tuple[str, str, str, int, bool]
"""Prefix, next hop, origin, delay, whether it is unreachable."""


def _classic(value: bytes, size: int, is_external: bool) -> Iterator[Route]:
    next_hop = ip(part(value, 0, size))
    origin = ipv4(value, size) if is_external else ""
    at = size + (EXTERNAL_BYTES if is_external else 0)
    delay = fields(METRIC, value, at)[0]
    for prefix in _destinations(value, at + METRIC.size, size):
        yield prefix, next_hop, origin, delay, delay == UNREACHABLE


def _wide(value: bytes, is_external: bool) -> Iterator[Route]:
    _, family = struct.unpack(">HH", part(value, 0, 4))
    size = FAMILIES.get(family)
    if size is None:
        return
    origin = ipv4(value, 4)
    numbers = fields(WIDE, value, 8)
    delay = int.from_bytes(numbers[6], "big")
    at = 8 + WIDE.size + 2 * numbers[0]
    next_hop = ip(part(value, at, size))
    at += size + (EXTERNAL_BYTES if is_external else 0)
    for prefix in _destinations(value, at, size):
        yield prefix, next_hop, origin, delay, delay == WIDE_UNREACHABLE


def _destinations(value: bytes, at: int, size: int) -> Iterator[str]:
    while at < len(value):
        prefix, at = packed_prefix(value, at + 1, value[at], size)
        yield prefix
