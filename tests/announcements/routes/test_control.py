"""Which control frames a capture point keeps, and what it counts."""

import struct

from tests.announcements.routes.made import log_of
from vmpcap.announcements.control import PROTOCOLS, ControlLog

ETHERNET = bytes.fromhex("01005e000009 020000000001 0800")


def ip(protocol: int, payload: bytes) -> bytes:
    """A frame that carries this payload in IPv4."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 1, protocol, 0)
    return ETHERNET + head + bytes([192, 0, 2, 1, 224, 0, 0, 9]) + payload


def udp(port: int, payload: bytes) -> bytes:
    """A frame that carries this payload in UDP."""
    return ip(17, struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload)


def tcp(source: int, target: int, payload: bytes) -> bytes:
    """A frame that carries this payload in TCP."""
    return ip(6, struct.pack(">HHIIBBHHH", source, target, 7, 0, 0x50, 0x18, 100, 0, 0) + payload)


ISIS = bytes.fromhex("0180c2000015 020000000001 0009 fefe03 83 1b0100140100") + bytes(37)
VXLAN = bytes.fromhex("12b5 12b5 0000 0000 08000000 00004d00")


def test_each_protocol_is_found_by_its_number_or_port() -> None:
    """With the payload behind its header, without the padding of the frame."""
    log = log_of(
        [
            udp(520, b"rip"),
            ip(89, b"ospf") + bytes(20),
            ip(88, b"eigrp"),
            tcp(179, 40000, b"bgp"),
            tcp(40000, 179, b"bgp too"),
            ISIS,
            ip(112, b"vrrp"),
            udp(1985, b"hsrp"),
            udp(3222, b"glbp"),
            udp(4342, b"lisp"),
            udp(53, b"dns"),
            tcp(80, 40000, b"http"),
            tcp(179, 40000, b""),
        ]
    )
    assert [(f.frame, f.protocol, f.payload) for f in log.frames] == [
        (1, "rip", b"rip"),
        (2, "ospf", b"ospf"),
        (3, "eigrp", b"eigrp"),
        (4, "bgp", b"bgp"),
        (5, "bgp", b"bgp too"),
        (6, "isis", bytes.fromhex("83 1b0100140100")[:6]),
        (7, "vrrp", b"vrrp"),
        (8, "hsrp", b"hsrp"),
        (9, "glbp", b"glbp"),
        (10, "lisp", b"lisp"),
    ]
    assert {f.protocol for f in log.frames} == {p.name for p in PROTOCOLS}
    assert {(f.source, f.tcp_seq) for f in log.frames if f.protocol == "bgp"} == {("192.0.2.1", 7)}


def test_control_frames_inside_an_overlay_are_found() -> None:
    """The overlay's number is kept with them."""
    inner = udp(520, b"rip")
    frame = ip(17, VXLAN[:4] + struct.pack(">H", 16 + len(inner)) + VXLAN[6:] + inner)
    llc = ip(17, VXLAN[:4] + struct.pack(">H", 16 + len(ISIS)) + VXLAN[6:] + ISIS)
    assert [(f.protocol, f.vni) for f in log_of([frame, llc]).frames] == [("rip", 77), ("isis", 77)]


def test_what_does_not_fit_is_counted_by_protocol() -> None:
    """A flood of one protocol does not push out another."""
    log = log_of([udp(520, b"a")] * 10 + [ip(89, b"b")], ControlLog(frame_budget=4))
    assert len(log.frames) == 5
    assert log.left_out == {"rip": 6}
    log = log_of([tcp(179, 9, b"x" * 100)] * 10, ControlLog(byte_budget=250))
    assert len(log.frames) == 3
    assert log.left_out == {"bgp": 7}


def test_a_cut_frame_says_so() -> None:
    """Fewer bytes than the packet had."""
    whole = udp(520, b"0123456789")
    (frame,) = log_of([whole[:-4]], wire_bytes=[len(whole)]).frames
    assert (frame.payload, frame.is_cut) == (b"012345", True)
