"""IS-IS (ISO 10589, RFC 1195, RFC 5305, RFC 5308, RFC 6165): prefixes and MACs of link state packets."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import fields, mac, masked, packed_prefix, part, tlvs
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.announcements.routes.statements import Statements

LSP: Final = {18: "level 1", 20: "level 2"}
HELLO: Final = (15, 16, 17)
"""Of both levels on a LAN, and between two (ISO 10589 9.5 to 9.7): after the circuit type stands who says it."""
HEAD: Final = struct.Struct(">BBBBBBBB")
"""Discriminator, header length, version, length of ids, type, version, reserved, areas (ISO 10589 9.5)."""
BODY: Final = struct.Struct(">HH8sIHB")
"""Length, remaining lifetime, LSP id, sequence number, checksum, flags (9.8)."""
DISCRIMINATOR: Final = 0x83

NARROW: Final = (128, 130)
"""Prefixes with narrow metrics, of this domain and of others (RFC 1195 5.3.4, 5.3.5)."""
WIDE4: Final = 135
WIDE6: Final = 236
MACS: Final = 147


def read_isis(frame: ControlFrame, statements: Statements) -> Iterator[RouteNews]:
    """
    Which prefixes and MACs does this link state packet state for the first time, or no longer?

    Raises
    ------
    Short
        A field is cut.
    """
    data = frame.payload
    discriminator, length, _, id_length, kind, *_ = fields(HEAD, data, 0)
    kind &= 0x1F
    if discriminator != DISCRIMINATOR or id_length not in (0, 6):
        return
    if kind in HELLO:
        statements.tellers[sender_of(frame)] = lsp_id(part(data, HEAD.size + 1, 6) + bytes(2)).rsplit(".", 1)[0]
    if kind not in LSP:
        return
    size, lifetime, key, sequence, _, _ = fields(BODY, data, HEAD.size)
    if length < HEAD.size + BODY.size:
        return
    data = part(data, 0, size)
    name = lsp_id(bytes(key))
    end = RouteNews(
        frame=frame.frame,
        ts_ns=frame.ts_ns,
        protocol="isis",
        sender=sender_of(frame),
        origin=name,
        action="withdraw",
        sequence=sequence,
        reason=LSP[kind],
        teller=statements.tellers.get(sender_of(frame), ""),
    )
    routes = {} if lifetime == 0 else {r.prefix or f"{r.mac} {r.vni}": r for r in _routes(data, length, end)}
    yield from statements.hear((kind, key), sequence, routes, end)


def lsp_id(key: bytes) -> str:
    """
    How is an LSP id written?

    >>> lsp_id(bytes.fromhex("0000000000020000"))
    '0000.0000.0002.00-00'
    """
    text = key.hex()
    return f"{text[0:4]}.{text[4:8]}.{text[8:12]}.{text[12:14]}-{text[14:16]}"


def _routes(data: bytes, at: int, end: RouteNews) -> Iterator[RouteNews]:
    for kind, value in tlvs(data, at, 1, 1, length_has_head=False):
        if kind in NARROW:
            for entry in range(0, len(value), 12):
                prefix = masked(part(value, entry + 4, 4), part(value, entry + 8, 4))
                yield _announced(end, prefix, value[entry] & 0x3F)
        elif kind == WIDE4:
            for prefix, metric in _wide(value, 4):
                yield _announced(end, prefix, metric)
        elif kind == WIDE6:
            for prefix, metric in _wide(value, 16):
                yield _announced(end, prefix, metric)
        elif kind == MACS:
            vlan = struct.unpack(">H", part(value, 3, 2))[0] & 0x0FFF
            for entry in range(5, len(value), 6):
                yield replace(end, action="announce", mac=mac(value, entry), vni=vlan)


def _announced(end: RouteNews, prefix: str, metric: int) -> RouteNews:
    return replace(end, action="announce", prefix=prefix, metric=metric)


def _wide(value: bytes, size: int) -> Iterator[tuple[str, int]]:
    """Prefixes with metrics of four bytes; what is said beside them is stepped over (RFC 5305 4, RFC 5308 2)."""
    at = 0
    while at < len(value):
        (metric,) = struct.unpack(">I", part(value, at, 4))
        control = part(value, at + 4, 1)[0]
        if size == 4:
            length, has_more, at = control & 0x3F, control & 0x40, at + 5
        else:
            length, has_more, at = part(value, at + 5, 1)[0], control & 0x20, at + 6
        prefix, at = packed_prefix(value, at, length, size)
        yield prefix, metric
        if has_more:
            at += 1 + part(value, at, 1)[0]
