"""OSPF version 2 (RFC 2328) and 3 (RFC 5340): the prefixes of the LSAs in link state updates."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import Short, fields, ip, ipv4, masked, packed_prefix, part
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.announcements.routes.statements import Statements

UPDATE: Final = 4
HEADS: Final = {2: 24, 3: 16}
"""Bytes of the header by version (RFC 2328 A.3.1, RFC 5340 A.3.1)."""
MAX_AGE: Final = 3600

LSA: Final = struct.Struct(">HBB4s4sIHH")
"""Age, options, type, link state id, advertising router, sequence number, checksum, length (A.4.1)."""
LSA6: Final = struct.Struct(">HH4s4sIHH")
"""Of version 3: age, type and scope, link state id, advertising router, sequence number, checksum, length (A.4.2)."""
LINK: Final = struct.Struct(">4s4sBBH")
"""Id, data, type, number of TOS metrics, metric (A.4.2)."""
STUB: Final = 3
ROUTER: Final = 1
WITH_ONE_PREFIX: Final = {3: "summary", 5: "external", 7: "nssa_external"}
"""LSA types whose body begins with a mask and a metric of 24 bits (A.4.4, A.4.5, RFC 3101 appendix A)."""

INFINITY: Final = 0x00FF_FFFF
"""The metric of what cannot be reached (LSInfinity, RFC 2328 appendix B): so does a router take back what it said."""
WITH_ONE_PREFIX6: Final = {0x2003: "inter_area_prefix", 0x4005: "external", 0x2007: "nssa_external"}
"""Of version 3: their body begins with a metric of 24 bits and one prefix (RFC 5340 A.4.5, A.4.7, A.4.8)."""
INTRA_AREA_PREFIX: Final = 0x2009
"""... and this one holds a list of them, each with its metric (A.4.10)."""
NAMES6: Final = {INTRA_AREA_PREFIX: "intra_area_prefix", **WITH_ONE_PREFIX6}
OF_THE_WHOLE: Final = 0x4000
"""Scope bits of an LSA type: flooded through all areas (A.4.2.1)."""


def read_ospf(frame: ControlFrame, statements: Statements) -> Iterator[RouteNews]:
    """
    Which prefixes do the LSAs of this update state for the first time, or take back?

    Raises
    ------
    Short
        An LSA is cut.
    """
    data = frame.payload
    version, kind, length = struct.unpack(">BBH", part(data, 0, 4))
    head = HEADS.get(version)
    if head is None or kind != UPDATE:
        return
    data = data[: max(length, head)]
    (count,) = struct.unpack(">I", part(data, head, 4))
    at = head + 4
    for _ in range(min(count, len(data) // LSA.size)):
        if version == 2:
            age, _, kind, key, router, sequence, _, length = fields(LSA, data, at)
        else:
            age, kind, key, router, sequence, _, length = fields(LSA6, data, at)
        if length < LSA.size:
            raise Short(f"an LSA of {length} bytes")
        body = part(data, at, length)[LSA.size :]
        name = _name(kind) if version == 2 else NAMES6.get(kind, "")
        end = replace(_row(frame, ip(bytes(router)), sequence, "withdraw", "", None, name), teller=ipv4(data, 4))
        prefixes = _prefixes if version == 2 else _prefixes6
        routes = {} if age >= MAX_AGE else _routes(frame, prefixes(kind, bytes(key), body), end)
        if name:
            order = sequence - (1 << 32) if sequence >> 31 else sequence  # signed: A.4.1, 12.1.6
            of_area = b"" if kind == 5 or kind & OF_THE_WHOLE else part(data, 8, 4)
            yield from statements.hear((kind, of_area, key, router), order, routes, end)
        at += length


def _name(kind: int) -> str:
    return {ROUTER: "router", **WITH_ONE_PREFIX}.get(kind, "")


def _row(
    frame: ControlFrame, router: str, sequence: int, action: str, prefix: str, metric: int | None, reason: str
) -> RouteNews:
    return RouteNews(
        frame=frame.frame,
        ts_ns=frame.ts_ns,
        protocol="ospf",
        sender=sender_of(frame),
        origin=router,
        action="withdraw" if action == "withdraw" else "announce",
        prefix=prefix,
        metric=metric,
        sequence=sequence,
        reason=reason,
    )


def _routes(frame: ControlFrame, found: Iterable[tuple[str, int]], end: RouteNews) -> Mapping[str, RouteNews]:
    """All prefixes of one LSA, by prefix."""
    sequence = end.sequence or 0
    return {
        p: replace(_row(frame, end.origin, sequence, "announce", p, metric, end.reason), teller=end.teller)
        for p, metric in found
    }


def _prefixes(kind: int, key: bytes, body: bytes) -> Iterator[tuple[str, int]]:
    if kind in WITH_ONE_PREFIX:
        (metric,) = struct.unpack(">I", part(body, 4, 4))
        mask = part(body, 0, 4)
        if metric & INFINITY == INFINITY:
            return
        whole = int.from_bytes(key, "big") & int.from_bytes(mask, "big")  # host bits tell like LSAs apart: appendix E
        yield masked(whole.to_bytes(4, "big"), mask), metric & INFINITY
    elif kind == ROUTER:
        (count,) = struct.unpack(">H", part(body, 2, 2))
        at = 4
        for _ in range(count):
            _, data, link, others, metric = fields(LINK, body, at)
            if link == STUB:
                yield f"{ipv4(body, at)}/{masked(bytes(4), bytes(data)).split('/')[1]}", metric
            at += LINK.size + 4 * others


def _prefixes6(kind: int, _key: bytes, body: bytes) -> Iterator[tuple[str, int]]:
    """Each prefix with its metric; of three bytes in front, or of two in each entry (RFC 5340 A.4.1)."""
    if kind in WITH_ONE_PREFIX6:
        (metric,) = struct.unpack(">I", part(body, 0, 4))
        prefix, _ = packed_prefix(body, 8, part(body, 4, 1)[0], 16)
        if metric & INFINITY != INFINITY:
            yield prefix, metric & INFINITY
    elif kind == INTRA_AREA_PREFIX:
        (count,) = struct.unpack(">H", part(body, 0, 2))
        at = 12
        for _ in range(count):
            length, _, metric = struct.unpack(">BBH", part(body, at, 4))
            prefix, _ = packed_prefix(body, at + 4, length, 16)
            yield prefix, metric
            at += 4 + (length + 31) // 32 * 4
