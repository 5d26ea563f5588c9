"""RIP version 1 and 2 (RFC 1058, RFC 2453) and RIPng (RFC 2080): the entries of responses."""

import struct
from collections.abc import Iterator
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import fields, ip, ipv6, masked, part
from vmpcap.announcements.routes.rows import RouteNews

RESPONSE: Final = 2
INFINITY: Final = 16
RIPNG_PORT: Final = 521
HEAD: Final = 4
ENTRY: Final = 20

ENTRY4: Final = struct.Struct(">HH4s4s4sI")
"""Address family, tag, prefix, mask, next hop, metric (RFC 2453 4)."""
ENTRY6: Final = struct.Struct(">16sHBB")
"""Prefix, tag, prefix length, metric (RFC 2080 2.1)."""

FAMILY_IPV4: Final = 2
NEXT_HOP_ENTRY: Final = 0xFF
"""Metric of an entry of RIPng that names the next hop of those behind it."""


def read_rip(frame: ControlFrame) -> Iterator[RouteNews]:
    """
    Which routes does this response announce or poison?

    Raises
    ------
    Short
        An entry is cut.
    """
    data = frame.payload
    command, version = part(data, 0, HEAD)[:2]
    if command != RESPONSE:
        return
    next_hop = ""
    for at in range(HEAD, len(data), ENTRY):
        if frame.target_port == RIPNG_PORT:
            address, _, length, metric = fields(ENTRY6, data, at)
            if metric == NEXT_HOP_ENTRY:
                next_hop = ipv6(data, at)
                continue
            if length > 128:
                return
            prefix = f"{ipv6(data, at)}/{length}"
        else:
            family, _, address, mask, hop, metric = fields(ENTRY4, data, at)
            if family != FAMILY_IPV4:
                continue  # 0xFFFF: who the sender is (RFC 2453 4.1)
            prefix = _prefix4(bytes(address), bytes(mask), version)
            next_hop = ip(bytes(hop)) if any(hop) else ""
        yield RouteNews(
            frame=frame.frame,
            ts_ns=frame.ts_ns,
            protocol="rip",
            sender=sender_of(frame),
            origin="",
            action="withdraw" if metric >= INFINITY else "announce",
            prefix=prefix,
            metric=metric,
            next_hop=next_hop,
            reason="response",
        )


def _prefix4(address: bytes, mask: bytes, version: int) -> str:
    """Version 1 has no mask: a network of its class where it has no bits of a host, else a host (RFC 1058 3.2)."""
    if version > 1:
        return masked(address, mask)
    natural = 8 if address[0] < 128 else 16 if address[0] < 192 else 24
    is_host = int.from_bytes(address, "big") & ((1 << (32 - natural)) - 1)
    return f"{ip(address)}/{32 if is_host else natural}"
