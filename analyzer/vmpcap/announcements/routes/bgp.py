"""BGP-4 (RFC 4271, RFC 4760) and EVPN (RFC 7432): routes of UPDATE messages, out of the TCP streams that carry them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from vmpcap.announcements.control import ControlFrame
from vmpcap.announcements.routes.add_path import Agreed, read_prefixes
from vmpcap.announcements.routes.fields import Short, ip, ipv4, mac, packed_prefix, part, tlvs
from vmpcap.announcements.routes.rows import RouteNews
from vmpcap.announcements.routes.sessions import NEAR, NOTIFIED, Sessions, ends, route_of, who_notified

MARKER: Final = b"\xff" * 16
HEAD: Final = 19
LONGEST: Final = 65_535
"""RFC 8654; a length beyond it cannot be written."""
OPEN: Final = 1
UPDATE: Final = 2
NOTIFICATION: Final = 3

# path attributes (https://www.iana.org/assignments/bgp-parameters)
AS_PATH: Final = 2
NEXT_HOP: Final = 3
MED: Final = 4
ORIGINATOR: Final = 9
CLUSTERS: Final = 10
"""Only a reflector adds these two (RFC 4456 8)."""
MP_REACH: Final = 14
MP_UNREACH: Final = 15
EXTENDED_COMMUNITIES: Final = 16
IS_LONG: Final = 0x10
"""Flag of an attribute whose length has two bytes."""

IPV4_UNICAST: Final = (1, 1)
UNICAST: Final = {IPV4_UNICAST: 4, (2, 1): 16}
"""Address family and sub-family of unicast routes, and the bytes of an address."""
EVPN: Final = (25, 70)
MAC_ROUTE: Final = 2
PREFIX_ROUTE: Final = 5
MAC_MOBILITY: Final = b"\x06\x00"
STICKY: Final = 1
"""Flag of it: the MAC does not move (RFC 7432 7.7)."""
SEGMENT: Final = slice(8, 18)
"""Where a MAC route has its Ethernet segment: zero where the MAC has one home."""

TAG: Final = slice(18, 22)
"""Where it has its Ethernet tag."""
TARGET: Final = 2
"""Second byte of a route target, whose number is led by an AS of two or four bytes or an address (RFC 4360 4)."""
LEADS: Final = (0, 1, 2)

SET: Final = 1
SEQUENCE: Final = 2
"""Kinds of segments of a path that count (RFC 4271 4.3)."""

BEHIND: Final = 1 << 31
MOST_HELD: Final = 1 << 18
"""Bytes kept since a segment was missing: what is as late as this was lost."""


@dataclass(slots=True)
class _Hole:
    """Where a segment was missing, and all that came since: it may only be late."""

    expected: int
    held: bytes
    """Of the message that was not whole when it came to the hole."""
    later: list[tuple[int, bytes, bool]] = field(default_factory=list)
    kept: int = 0


@dataclass(slots=True)
class _Stream:
    """One direction of a connection: the bytes of the message that is not whole yet."""

    expected: int | None = None
    held: bytearray = field(default_factory=bytearray)
    hole: _Hole | None = None
    told: set[int] = field(default_factory=set)
    """Where the messages begin that were read since there is a hole."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One whole message, and where in the stream it begins."""

    begins: int
    kind: int
    body: bytes


@dataclass(slots=True)
class BgpStreams:
    """
    Messages out of segments.

    Segments are taken in capture order: what was sent again is cut away, after a hole the next marker begins anew. If
    what was missing comes later, all from there on is read once more, in its order, and what was not read before is
    told.
    """

    streams: dict[tuple[str, int, str, int], _Stream] = field(default_factory=dict)
    agreed: Agreed = field(default_factory=Agreed)
    sessions: Sessions = field(default_factory=Sessions)

    def is_near(self, frame: ControlFrame) -> bool:
        """May both ends take this segment for one of the connection? A reset far from its bytes is ignored."""
        stream = self.streams.get((frame.source, frame.source_port, frame.target, frame.target_port))
        if stream is None or stream.expected is None:
            return True
        return (frame.tcp_seq - stream.expected + NEAR) & 0xFFFF_FFFF <= 2 * NEAR

    def messages(self, frame: ControlFrame) -> list[tuple[int, bytes, list[bytes]]]:
        """
        Which messages (type, body) end in this segment, or are whole with it?

        With each come the UPDATEs that were told already although the stream has them behind it.
        """
        key = (frame.source, frame.source_port, frame.target, frame.target_port)
        stream = self.streams.setdefault(key, _Stream())
        before = set(stream.told)
        found = list(_take(stream, frame.tcp_seq, frame.payload, frame.is_cut))
        stream.told = stream.told | {m.begins for m in found} if stream.hole is not None else set()
        news = []
        for n, message in enumerate(found):
            if message.begins not in before:
                later = [m.body for m in found[n + 1 :] if m.begins in before and m.kind == UPDATE]
                news.append((message.kind, message.body, later))
        return news


def _take(stream: _Stream, seq: int, payload: bytes, is_cut: bool) -> Iterator[_Message]:
    """The messages that end in this segment, or between an old hole and here if it fills that."""
    hole = stream.hole
    if hole is not None:
        behind = (hole.expected - seq) & 0xFFFF_FFFF
        if behind < len(payload):
            stream.hole, stream.expected, stream.held = None, hole.expected, bytearray(hole.held)
            origin = hole.expected
            again = sorted(hole.later, key=lambda one: (one[0] - origin) & 0xFFFF_FFFF)
            for one in ((seq, payload, is_cut), *again):
                yield from _take(stream, *one)
            return
        hole.later.append((seq, payload, is_cut))
        hole.kept += len(payload)
        if hole.kept > MOST_HELD:
            stream.hole = None
    yield from _append(stream, seq, payload, is_cut)


def _append(stream: _Stream, seq: int, payload: bytes, is_cut: bool) -> Iterator[_Message]:
    data = payload
    if stream.expected is not None:
        behind = (stream.expected - seq) & 0xFFFF_FFFF
        if 0 < behind < BEHIND:
            data = data[behind:]
            if not data:
                return
        elif behind:
            if stream.hole is None:
                stream.hole = _Hole(stream.expected, bytes(stream.held), [(seq, payload, is_cut)], len(payload))
            stream.held.clear()
            data = _from_marker(data)
    else:
        data = _from_marker(data)
    stream.expected = (seq + len(payload)) & 0xFFFF_FFFF
    stream.held += data
    yield from _whole(stream.held, stream.expected)
    if is_cut:
        stream.held.clear()
        stream.expected = None


def _from_marker(data: bytes) -> bytes:
    """What begins with a marker, or may be the beginning of one."""
    at = data.find(MARKER)
    if at >= 0:
        return data[at:]
    begun = min(len(data) - len(data.rstrip(MARKER[:1])), len(MARKER) - 1)
    return data[len(data) - begun :]


def _whole(held: bytearray, end: int) -> Iterator[_Message]:
    """Take the whole messages off the front of what ends at this sequence number."""
    while len(held) >= HEAD:
        length = int.from_bytes(held[16:18], "big")
        if held[:16] != MARKER or length < HEAD:
            rest = _from_marker(bytes(held[1:]))
            held[:] = rest
            continue
        if len(held) < length:
            return
        message = _Message((end - len(held)) & 0xFFFF_FFFF, held[18], bytes(held[HEAD:length]))
        del held[:length]
        yield message


@dataclass(slots=True)
class _Attributes:
    path: str = ""
    originator: str = ""
    next_hop: str = ""
    metric: int | None = None
    passed: int = 0
    mobility: int | None = None
    is_sticky: bool = False
    is_reflected: bool = False
    targets: tuple[str, ...] = ()
    reach: bytes = b""
    unreach: bytes = b""


def read_bgp(frame: ControlFrame, streams: BgpStreams) -> Iterator[RouteNews]:
    """
    Which routes do the UPDATE messages that end in this segment announce or withdraw, and which end with its session?

    What comes late is no news where the stream goes on to say something else of the same route, and that was told
    already: TCP hands both over at once. Paths with identifiers (RFC 7911) are told from plain ones by what both peers
    offered, or, where that is not in view, by the bytes.

    Raises
    ------
    Short
        A message's lengths contradict each other.
    """
    closes = ends(frame.tcp_flags)
    for kind, body, told_later in streams.messages(frame) if frame.payload else ():
        if kind == OPEN:
            streams.agreed.hear(frame.source, frame.target, body)
            streams.sessions.hear(frame.source, body)
        if kind == NOTIFICATION:
            yield from streams.sessions.end(frame, NOTIFIED, who_notified(frame.source, body))
        if kind == UPDATE:
            now = {route_of(row): row for later in told_later for row in _update(frame, later, streams.agreed)}
            for row in _update(frame, body, streams.agreed):
                if now.get(route_of(row), row) == row:
                    yield streams.sessions.tell(frame, row)
    if closes and streams.is_near(frame):
        yield from streams.sessions.end(frame, closes)


def _update(frame: ControlFrame, body: bytes, agreed: Agreed) -> Iterator[RouteNews]:
    (gone_bytes,) = struct.unpack(">H", part(body, 0, 2))
    gone = part(body, 2, gone_bytes)
    (attribute_bytes,) = struct.unpack(">H", part(body, 2 + gone_bytes, 2))
    at = 4 + gone_bytes
    attributes = _read_attributes(part(body, at, attribute_bytes))
    here = body[at + attribute_bytes :]
    has_ids = agreed.has_ids(frame.source, frame.target, IPV4_UNICAST)
    for is_gone, data in ((True, gone), (False, here)):
        for path_id, prefix in read_prefixes(data, UNICAST[IPV4_UNICAST], has_ids):
            yield replace(_row(frame, attributes, is_gone, prefix), path_id=path_id)
    if attributes.unreach:
        afi, safi = struct.unpack(">HB", part(attributes.unreach, 0, 3))
        yield from _multi(frame, attributes, True, (afi, safi), attributes.unreach[3:], agreed)
    if attributes.reach:
        afi, safi, hop_bytes = struct.unpack(">HBB", part(attributes.reach, 0, 4))
        hop = part(attributes.reach, 4, hop_bytes)
        attributes.next_hop = ip(hop) or ip(hop[:16])  # an IPv6 hop may be followed by its link-local address
        yield from _multi(frame, attributes, False, (afi, safi), attributes.reach[5 + hop_bytes :], agreed)


def _read_attributes(data: bytes) -> _Attributes:
    found = _Attributes()
    path = originator = ""
    at = 0
    while at < len(data):
        flags, kind = part(data, at, 2)
        size = 2 if flags & IS_LONG else 1
        length = int.from_bytes(part(data, at + 2, size), "big")
        value = part(data, at + 2 + size, length)
        at += 2 + size + length
        if kind == AS_PATH:
            path, found.passed = _path(value)
        elif kind == NEXT_HOP:
            found.next_hop = ip(value)
        elif kind == MED and length == 4:
            found.metric = int.from_bytes(value, "big")
        elif kind == ORIGINATOR:
            originator = ip(value)
            found.is_reflected = True
        elif kind == CLUSTERS:
            found.is_reflected = True
        elif kind == MP_REACH:
            found.reach = value
        elif kind == MP_UNREACH:
            found.unreach = value
        elif kind == EXTENDED_COMMUNITIES:
            for one in range(0, length - 7, 8):
                if value[one : one + 2] == MAC_MOBILITY:
                    found.mobility = int.from_bytes(value[one + 4 : one + 8], "big")
                    found.is_sticky = bool(value[one + 2] & STICKY)
                if value[one] in LEADS and value[one + 1] == TARGET:
                    found.targets = (*found.targets, value[one : one + 8].hex())
    found.path, found.originator = path, originator
    return found


def _origin(frame: ControlFrame, attributes: _Attributes) -> str:
    """
    Who brought the route up: the system; within one the router, by the address that it names itself as the way.

    A reflector leaves that as it was (RFC 4456 10); where it names itself, only the originator's id is left.
    """
    named_itself = attributes.next_hop == frame.source and attributes.originator
    return attributes.path or (attributes.originator if named_itself else attributes.next_hop) or attributes.originator


def _path(value: bytes) -> tuple[str, int]:
    """
    The AS that brought the route up (the last of the path), and how many it passed.

    Numbers have four bytes, or two between old speakers; a set counts once (RFC 4271 9.1.2.2), and so does a number
    that its own AS put in front several times.
    """
    for size in (4, 2):
        last, sets, at = 0, 0, 0
        numbers: set[bytes] = set()
        while at + 2 <= len(value):
            kind, count = value[at], value[at + 1]
            end = at + 2 + count * size
            if kind not in (1, 2, 3, 4) or end > len(value):
                break
            if count:
                last = int.from_bytes(value[end - size : end], "big")
                sets += kind == SET
                if kind == SEQUENCE:
                    numbers |= {value[one : one + size] for one in range(at + 2, end, size)}
            at = end
        if at == len(value):
            return (f"AS {last}" if last else ""), len(numbers) + sets
    return "", 0


def _multi(
    frame: ControlFrame, attributes: _Attributes, is_gone: bool, family: tuple[int, int], data: bytes, agreed: Agreed
) -> Iterator[RouteNews]:
    """Routes of other families than the first, and EVPN."""
    if family in UNICAST:
        has_ids = agreed.has_ids(frame.source, frame.target, family)
        for path_id, prefix in read_prefixes(data, UNICAST[family], has_ids):
            yield replace(_row(frame, attributes, is_gone, prefix), path_id=path_id)
    elif family == EVPN:
        for kind, value in tlvs(data, 0, 1, 1, length_has_head=False):
            if kind == MAC_ROUTE:
                yield _mac_route(frame, attributes, is_gone, value)
            elif kind == PREFIX_ROUTE and len(value) in (34, 58):
                size = 4 if len(value) == 34 else 16
                prefix, _ = packed_prefix(part(value, 23, size), 0, min(value[22], 8 * size), size)
                label = int.from_bytes(value[-3:], "big")
                yield _row(frame, attributes, is_gone, prefix, label, distinguisher(value), "evpn", "prefix")


def _mac_route(frame: ControlFrame, attributes: _Attributes, is_gone: bool, value: bytes) -> RouteNews:
    """Distinguisher 8, segment 10, tag 4, length 1, MAC 6, length 1, address 0, 4 or 16, label 3 (RFC 7432 7.2)."""
    bits = part(value, 29, 1)[0]
    if value[22] != 48 or bits not in (0, 32, 128):
        raise Short("a MAC route of other lengths")
    address = ip(part(value, 30, bits // 8))
    label = int.from_bytes(part(value, 30 + bits // 8, 3), "big")
    prefix = f"{address}/{bits}" if address else ""
    what = "mac_ip" if address else "mac"
    row = _row(frame, attributes, is_gone, prefix, label, distinguisher(value), "evpn", what, mac(value, 23))
    link = value[SEGMENT].hex() if any(value[SEGMENT]) else ""
    return replace(
        row,
        is_sticky=attributes.is_sticky and not is_gone,
        link=link,
        tag=int.from_bytes(value[TAG], "big"),
        targets=() if is_gone else attributes.targets,
    )


def distinguisher(value: bytes) -> str:
    """How is the route distinguisher at the front written (RFC 4364 4.2)?"""
    (kind,) = struct.unpack(">H", part(value, 0, 2))
    if kind == 1:
        return f"{ipv4(value, 2)}:{int.from_bytes(part(value, 6, 2), 'big')}"
    size = 2 if kind == 0 else 4
    high, low = part(value, 2, 6)[:size], part(value, 2, 6)[size:]
    return f"{int.from_bytes(high, 'big')}:{int.from_bytes(low, 'big')}"


def _row(
    frame: ControlFrame,
    attributes: _Attributes,
    is_gone: bool,
    prefix: str,
    vni: int | None = None,
    origin: str | None = None,
    protocol: str = "bgp",
    reason: str = "update",
    mac_address: str = "",
) -> RouteNews:
    if origin is None:
        origin = "" if is_gone else _origin(frame, attributes)
    return RouteNews(
        frame=frame.frame,
        ts_ns=frame.ts_ns,
        protocol=protocol,
        sender=frame.source,
        origin=origin,
        action="withdraw" if is_gone else "announce",
        prefix=prefix,
        mac=mac_address,
        vni=vni,
        metric=attributes.metric,
        sequence=None if is_gone else attributes.mobility,
        next_hop="" if is_gone else attributes.next_hop,
        reason=reason,
        path_length=attributes.passed,
        is_reflected=attributes.is_reflected and not is_gone,
        told_to=frame.target,
    )
