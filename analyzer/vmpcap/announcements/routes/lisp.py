"""LISP control messages (RFC 9301): which endpoint identifier is registered, notified, asked for, at which locator."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from vmpcap.announcements.control import ControlFrame
from vmpcap.announcements.routes.fields import Short, ip, part
from vmpcap.announcements.routes.rows import RouteNews

REQUEST: Final = 1
REPLY: Final = 2
REGISTER: Final = 3
NOTIFY: Final = 4
ENCAPSULATED: Final = 8

SOLICIT: Final = 0x01
"""The S bit of a Map-Request, lowest of the first byte (5.2)."""
FAMILIES: Final = {0: 0, 1: 4, 2: 16}
"""Address families and their bytes; names of other kinds (LCAF) lead with a length (RFC 8060 3)."""
LCAF: Final = 16387
INSTANCE: Final = 2
"""LCAF type that puts an instance id before an address (RFC 8060 4.1)."""


def read_lisp(frame: ControlFrame) -> Iterator[RouteNews]:
    """
    Which identifiers does this message map, or ask for?

    A mapping without locators, or with action drop, is a withdrawal. Requests are told as announcements of nothing:
    their reason is `request` or `solicit`.

    Raises
    ------
    Short
        It is cut.
    """
    data, source = frame.payload, frame.source
    kind = part(data, 0, 1)[0] >> 4
    if kind == ENCAPSULATED:
        data, source = _inside(data)
        kind = part(data, 0, 1)[0] >> 4
    if kind == REQUEST:
        yield from _request(replace(frame, source=source), data)
    elif kind == REPLY:
        yield from _records(frame, data, 12, "reply")
    elif kind in (REGISTER, NOTIFY):
        (size,) = struct.unpack(">H", part(data, 14, 2))
        yield from _records(frame, data, 16 + size, "register" if kind == REGISTER else "notify")


def _inside(data: bytes) -> tuple[bytes, str]:
    """The message within an encapsulated control message (5.8), and who sent it."""
    first = part(data, 4, 1)[0]
    if first >> 4 == 4:
        head = (first & 0x0F) * 4
        return data[4 + head + 8 :], ip(part(data, 16, 4))
    if first >> 4 == 6:
        return data[4 + 40 + 8 :], ip(part(data, 12, 16))
    raise Short("neither IPv4 nor IPv6")


def _address(data: bytes, at: int) -> tuple[str, int | None, int]:
    """Which address stands here behind its family, in which instance, and where does it end?"""
    (family,) = struct.unpack(">H", part(data, at, 2))
    if family in FAMILIES:
        size = FAMILIES[family]
        return ip(part(data, at + 2, size)), None, at + 2 + size
    if family == LCAF:
        kind = part(data, at + 4, 1)[0]
        (size,) = struct.unpack(">H", part(data, at + 6, 2))
        end = at + 8 + size
        part(data, at, end - at)
        if kind == INSTANCE:
            address, _, _ = _address(data, at + 12)
            return address, int.from_bytes(data[at + 8 : at + 12], "big"), end
        return "", None, end
    raise Short(f"an address of family {family}")


def _request(frame: ControlFrame, data: bytes) -> Iterator[RouteNews]:
    first, _, locators, count = part(data, 0, 4)
    _, _, at = _address(data, 12)
    locator = ""
    for _ in range((locators & 0x1F) + 1):
        locator, _, at = _address(data, at)
    for _ in range(count):
        length = part(data, at, 2)[1]
        address, instance, at = _address(data, at + 2)
        reason = "solicit" if first & SOLICIT else "request"
        yield _row(frame, reason, f"{address}/{length}" if address else "", instance, locator, False)


def _records(frame: ControlFrame, data: bytes, at: int, reason: str) -> Iterator[RouteNews]:
    for _ in range(part(data, 3, 1)[0]):
        ttl, locators, length = struct.unpack(">IBB", part(data, at, 6))
        address, instance, at = _address(data, at + 10)
        best, lowest, named = "", 256, []
        for _ in range(locators):
            priority = part(data, at, 1)[0]
            locator, _, at = _address(data, at + 6)
            named.append(locator)
            if priority < lowest:
                best, lowest = locator, priority
        is_gone = not locators or ttl == 0
        row = _row(frame, reason, f"{address}/{length}" if address else "", instance, best, is_gone)
        yield replace(row, beside=tuple(sorted({*named} - {best, ""})))


def _row(frame: ControlFrame, reason: str, prefix: str, instance: int | None, locator: str, is_gone: bool) -> RouteNews:
    return RouteNews(
        frame=frame.frame,
        ts_ns=frame.ts_ns,
        protocol="lisp",
        sender=frame.source,
        origin=locator,
        action="withdraw" if is_gone else "announce",
        prefix=prefix,
        vni=instance,
        next_hop=locator,
        reason=reason,
    )
