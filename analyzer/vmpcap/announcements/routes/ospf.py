"""OSPF version 2 (RFC 2328): the prefixes of router, summary and external LSAs in link state updates."""

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import Short, fields, ip, ipv4, masked, part
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.announcements.routes.statements import Statements

VERSION: Final = 2
UPDATE: Final = 4
HEAD: Final = 24
MAX_AGE: Final = 3600

LSA: Final = struct.Struct(">HBB4s4sIHH")
"""Age, options, type, link state id, advertising router, sequence number, checksum, length (A.4.1)."""
LINK: Final = struct.Struct(">4s4sBBH")
"""Id, data, type, number of TOS metrics, metric (A.4.2)."""
STUB: Final = 3
ROUTER: Final = 1
WITH_ONE_PREFIX: Final = {3: "summary", 5: "external", 7: "nssa_external"}
"""LSA types whose body begins with a mask and a metric of 24 bits (A.4.4, A.4.5, RFC 3101 appendix A)."""


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
    if version != VERSION or kind != UPDATE:
        return
    data = data[: max(length, HEAD)]
    (count,) = struct.unpack(">I", part(data, HEAD, 4))
    at = HEAD + 4
    for _ in range(min(count, len(data) // LSA.size)):
        age, _, kind, key, router, sequence, _, length = fields(LSA, data, at)
        if length < LSA.size:
            raise Short(f"an LSA of {length} bytes")
        body = part(data, at, length)[LSA.size :]
        end = _row(frame, ip(bytes(router)), sequence, "withdraw", "", None, _name(kind))
        routes = {} if age >= MAX_AGE else _routes(frame, kind, bytes(key), body, end)
        if kind == ROUTER or kind in WITH_ONE_PREFIX:
            order = sequence - (1 << 32) if sequence >> 31 else sequence  # signed: A.4.1, 12.1.6
            of_area = b"" if kind == 5 else part(data, 8, 4)
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


def _routes(frame: ControlFrame, kind: int, key: bytes, body: bytes, end: RouteNews) -> Mapping[str, RouteNews]:
    """All prefixes of one LSA, by prefix."""
    found = list(_prefixes(kind, key, body))
    sequence = end.sequence or 0
    return {p: _row(frame, end.origin, sequence, "announce", p, metric, end.reason) for p, metric in found}


def _prefixes(kind: int, key: bytes, body: bytes) -> Iterator[tuple[str, int]]:
    if kind in WITH_ONE_PREFIX:
        (metric,) = struct.unpack(">I", part(body, 4, 4))
        mask = part(body, 0, 4)
        whole = int.from_bytes(key, "big") & int.from_bytes(mask, "big")  # host bits tell like LSAs apart: appendix E
        yield masked(whole.to_bytes(4, "big"), mask), metric & 0x00FF_FFFF
    elif kind == ROUTER:
        (count,) = struct.unpack(">H", part(body, 2, 2))
        at = 4
        for _ in range(count):
            _, data, link, others, metric = fields(LINK, body, at)
            if link == STUB:
                yield f"{ipv4(body, at)}/{masked(bytes(4), bytes(data)).split('/')[1]}", metric
            at += LINK.size + 4 * others
