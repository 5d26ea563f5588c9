"""Routes that go with the session they were told in, from literal bytes."""

import struct
from dataclasses import replace

import pytest

from tests.announcements.routes.made import control, log_of, prefixes
from tests.announcements.routes.test_control import ip, tcp
from tests.announcements.routes.test_readers import EIGRP, UPDATE_IPV4
from vmpcap.announcements.control import ControlFrame
from vmpcap.announcements.routes.bgp import BgpStreams, read_bgp
from vmpcap.announcements.routes.eigrp import EigrpNeighbours, read_eigrp
from vmpcap.announcements.routes.rows import RouteNews

SPEAKER, PEER = "192.0.2.6", "192.0.2.2"
ANNOUNCED = bytes.fromhex(UPDATE_IPV4)
NOTIFICATION = bytes.fromhex("ff" * 16 + "0015 03 0602")
EXPIRED = bytes.fromhex("ff" * 16 + "0015 03 0400")
"""RFC 4271 4.5: error code 4."""
RESTARTS = bytes.fromhex("ff" * 16 + "0027 01 04 fdea 00b4 0a000002 0a 02 08 40 06 0078 0001 01 80")
HELPS = bytes.fromhex("ff" * 16 + "0023 01 04 fdea 00b4 0a000002 06 02 04 40 02 0078")
"""Graceful restart: with a family whose routes are kept, and without (RFC 4724 3)."""
FIN, RST = 0x001, 0x004
ROUTE = "10.77.0.10/32"


def segment(data: bytes, seq: int, flags: int = 0x018, port: int = 40000, back: bool = False) -> ControlFrame:
    """From the router that told the route to its peer, or back."""
    ports = (179, port) if back else (port, 179)
    made = control(data, "bgp", ports, source=PEER if back else SPEAKER, seq=seq, frame=seq)
    return replace(made, target=SPEAKER if back else PEER, tcp_flags=flags)


def read(*frames: ControlFrame) -> list[RouteNews]:
    """What these say, one after the other."""
    streams = BgpStreams()
    return [row for frame in frames for row in read_bgp(frame, streams)]


END = 1 + len(ANNOUNCED)


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (segment(NOTIFICATION, END), f"session ended by a NOTIFICATION of {SPEAKER}"),
        (segment(NOTIFICATION, 900, back=True), f"session ended by a NOTIFICATION of {PEER}"),
        (
            segment(EXPIRED, 900, back=True),
            f"session ended by a NOTIFICATION of {PEER}: it had not heard the other for the hold time",
        ),
        (segment(b"", END, RST), "session reset"),
        (segment(b"", END + 19, FIN | 0x010), "session closed"),
        (segment(b"", 900, RST, back=True), "session reset"),
    ],
)
def test_routes_of_bgp_go_with_their_session(ends: ControlFrame, reason: str) -> None:
    """RFC 4271 6, 8.2.2: whichever end says so; each goes once."""
    rows = read(segment(ANNOUNCED, 1), ends, segment(b"", END, RST))
    assert [(r.action, r.prefix, r.sender) for r in rows] == [
        ("announce", ROUTE, SPEAKER),
        ("withdraw", ROUTE, SPEAKER),
    ]
    assert (rows[1].frame, rows[1].reason, rows[1].origin) == (ends.frame, reason, "")


@pytest.mark.parametrize(
    "ends",
    [
        segment(b"", END + 200_000, RST),
        segment(b"", END, RST, port=40001),
        segment(NOTIFICATION, 1, port=40001),
        segment(b"", END, 0x010),
    ],
)
def test_what_ends_no_session_withdraws_nothing(ends: ControlFrame) -> None:
    """A reset outside the window, and the end of another connection: two speakers may open two at once."""
    assert prefixes(iter(read(segment(ANNOUNCED, 1), ends))) == [("announce", ROUTE)]


def test_a_route_that_a_newer_session_tells_stays() -> None:
    """The end of the older one comes later."""
    rows = read(segment(ANNOUNCED, 1), segment(ANNOUNCED, 1, port=40001), segment(b"", END, RST))
    assert prefixes(iter(rows)) == [("announce", ROUTE)] * 2


def test_of_what_is_only_passed_on_nobody_knows_that_it_is_gone() -> None:
    """Over two systems; or as another said it before."""
    longer = ANNOUNCED.replace(bytes.fromhex("00370200 00001b"), bytes.fromhex("003b0200 00001f"))
    longer = longer.replace(bytes.fromhex("40020602010000fdea"), bytes.fromhex("40020a02020000fde90000fdea"))
    rows = read(segment(longer, 1), segment(NOTIFICATION, 1 + len(longer)))
    assert prefixes(iter(rows)) == [("announce", ROUTE), ("lost", ROUTE)]
    first = replace(segment(ANNOUNCED, 1), source="192.0.2.99")
    rows = read(first, segment(ANNOUNCED, 1), segment(NOTIFICATION, END))
    assert prefixes(iter(rows)) == [("announce", ROUTE)] * 2 + [("lost", ROUTE)]


HEAD, PATH, HOP, MED, NLRI = "ff" * 16, "400101 00 4002 00", "400304 {hop}", "800404 00000000", "20 0a4d000a"
ORIGINATOR, CLUSTERS = "800904 0a000009", "800a04 0a000001"


@pytest.mark.parametrize(
    ("hop", "more", "action"),
    [
        (SPEAKER, "", "withdraw"),
        (SPEAKER, ORIGINATOR, "lost"),
        (SPEAKER, CLUSTERS, "lost"),
        ("192.0.2.77", "", "lost"),
    ],
)
def test_a_reflector_that_is_gone_takes_nothing_back_that_another_brought_up(hop: str, more: str, action: str) -> None:
    """RFC 4456 8: originator and cluster list; or by a next hop that is not its own, whoever that is."""
    attributes = PATH + HOP.format(hop=bytes(map(int, hop.split("."))).hex()) + MED + more
    attribute_bytes = len(bytes.fromhex(attributes))
    size = 19 + 4 + attribute_bytes + 5
    told = bytes.fromhex(f"{HEAD}{size:04x} 02 0000 {attribute_bytes:04x} {attributes} {NLRI}")
    for ends in (segment(NOTIFICATION, 1 + size), segment(b"", 1 + size, RST)):
        rows = read(segment(told, 1), ends)
        assert prefixes(iter(rows)) == [("announce", ROUTE), (action, ROUTE)]
        assert rows[0].origin == ("10.0.0.9" if more == ORIGINATOR else hop)
    taken_back = bytes.fromhex(f"{HEAD}001c 02 0005 {NLRI} 0000")
    own = segment(told.replace(bytes([192, 0, 2, 77]), bytes([192, 0, 2, 2])), 900, back=True)
    for back, wanted in ((own, "lost" if more else "withdraw"), (segment(b"", 900, back=True), "withdraw")):
        rows = read(segment(told, 1), back, segment(taken_back, 1 + size))
        assert prefixes(iter(rows))[-1] == (wanted, ROUTE)


@pytest.mark.parametrize(
    ("opened", "ends", "is_kept"),
    [
        (RESTARTS, segment(b"", 0, RST), True),
        (HELPS, segment(b"", 0, RST), False),
        (RESTARTS, segment(NOTIFICATION, 0), False),
    ],
)
def test_routes_of_a_speaker_that_restarts_are_kept_while_its_connection_is_lost(
    opened: bytes, ends: ControlFrame, is_kept: bool
) -> None:
    """RFC 4724 4.2; not where it says by a NOTIFICATION that the session is over."""
    at = 1 + len(opened)
    rows = read(segment(opened, 1), segment(ANNOUNCED, at), replace(ends, tcp_seq=at + len(ANNOUNCED)))
    assert (prefixes(iter(rows))[1:] == []) == is_kept


def test_the_end_of_a_connection_is_kept_though_it_carries_nothing() -> None:
    """Of BGP's own port only."""
    bare = bytearray(tcp(40000, 179, b""))
    bare[14 + 20 + 13] = RST
    other = bytearray(tcp(40000, 80, b""))
    other[14 + 20 + 13] = RST
    frames = log_of([bytes(bare), bytes(other), tcp(40000, 179, b"")]).frames
    assert [(f.frame, f.payload, f.tcp_flags) for f in frames] == [(1, b"", RST)]


def goodbye(weights: str) -> ControlFrame:
    """A hello of EIGRP with these weights."""
    hello = "0205 0000 00000000 00000000 00000000 0000 0064 0001 000c" + weights + "00 000f"
    return control(hello, "eigrp", frame=9)


def test_routes_of_eigrp_go_with_the_router_that_says_goodbye() -> None:
    """All weights 255 (RFC 7868 5.3.3); a hello as always says nothing of routes."""
    neighbours = EigrpNeighbours()
    assert prefixes(read_eigrp(control(EIGRP, "eigrp"), neighbours)) == [("announce", ROUTE)]
    assert not list(read_eigrp(goodbye("0100010000"), neighbours))
    (row,) = read_eigrp(goodbye("ffffffffff"), neighbours)
    assert (row.action, row.prefix, row.frame, row.reason) == ("withdraw", ROUTE, 9, "session ended by a goodbye")
    assert not list(read_eigrp(goodbye("ffffffffff"), neighbours))


def test_a_goodbye_is_found_on_the_wire() -> None:
    """By its number of IP."""
    frames = log_of([ip(88, goodbye("ffffffffff").payload)]).frames
    assert struct.unpack(">BB", frames[0].payload[:2]) == (2, 5)
