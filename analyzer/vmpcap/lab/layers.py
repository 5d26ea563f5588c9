"""Control messages by scapy, where it has the layer; imported when one is made, since it takes its time."""

import logging
import struct
from typing import Any

from vmpcap.lab.frames import ip_words

NOBODY = ip_words(bytes(4))
"""The address that names none."""


def _quiet() -> None:
    logging.getLogger("scapy").setLevel(logging.ERROR)


def rip_response(entries: list[tuple[bytes, int]]) -> bytes:
    """RIPv2 (RFC 2453 3.6): host routes with their metrics."""
    _quiet()
    from scapy.layers.rip import RIP, RIPEntry

    made: Any = RIP(cmd=2, version=2)
    for address, metric in entries:
        made /= RIPEntry(addr=ip_words(address), mask="255.255.255.255", nextHop=NOBODY, metric=metric)
    return bytes(made)


def ospf_hello(router: bytes, mask: bytes, neighbours: list[bytes]) -> bytes:
    """OSPFv2 hello (RFC 2328 A.3.2)."""
    _quiet()
    from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello

    hello = OSPF_Hello(
        mask=ip_words(mask),
        hellointerval=2,
        deadinterval=8,
        options=2,
        neighbors=[ip_words(n) for n in neighbours],
        router=NOBODY,
        backup=NOBODY,
    )
    return bytes(OSPF_Hdr(type=1, src=ip_words(router)) / hello)


def ospf_external(router: bytes, origin: bytes, host: bytes, sequence: int, age: int, metric: int) -> bytes:
    """An OSPFv2 update with one AS-external LSA for a host route (RFC 2328 A.4.5)."""
    _quiet()
    from scapy.contrib.ospf import OSPF_External_LSA, OSPF_Hdr, OSPF_LSUpd

    lsa = OSPF_External_LSA(
        age=age,
        options=2,
        id=ip_words(host),
        adrouter=ip_words(origin),
        seq=sequence,
        mask="255.255.255.255",
        ebit=1,
        metric=metric,
        fwdaddr=NOBODY,
    )
    return bytes(OSPF_Hdr(type=4, src=ip_words(router)) / OSPF_LSUpd(lsalist=[lsa]))


def ospf_acknowledged(router: bytes, update: bytes) -> bytes:
    """The acknowledgement of such an update: the LSA's header as it was sent (RFC 2328 A.3.6)."""
    _quiet()
    from scapy.contrib.ospf import OSPF_Hdr

    return bytes(OSPF_Hdr(type=5, src=ip_words(router)) / update[28:48])


def bgp_update(host: bytes, next_hop: bytes, path: list[int], announce: bool) -> bytes:
    """A BGP UPDATE (RFC 4271 4.3) that announces or withdraws a host route; AS numbers of four bytes."""
    _quiet()
    from scapy.contrib import bgp

    nlri = bgp.BGPNLRI_IPv4(prefix=f"{ip_words(host)}/32")
    if not announce:
        return bytes(bgp.BGPHeader(type=2) / bgp.BGPUpdate(withdrawn_routes=[nlri]))
    segment = struct.pack(">BB", 2, len(path)) + b"".join(n.to_bytes(4, "big") for n in path)
    attributes = b"\x40\x01\x01\x00" + b"\x40\x02" + bytes([len(segment)]) + segment + b"\x40\x03\x04" + next_hop
    packed = bytes(nlri)
    body = struct.pack(">HH", 0, len(attributes)) + attributes + packed
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), 2) + body


def vrrp(group: int, priority: int, address: bytes, interval: int = 1) -> bytes:
    """A VRRPv2 advertisement (RFC 3768 5.1)."""
    _quiet()
    from scapy.layers.vrrp import VRRP

    made = VRRP(vrid=group, priority=priority, adv=interval, addrlist=[ip_words(address)])
    return bytes(made)


def hsrp1(state: int, priority: int, group: int, address: bytes) -> bytes:
    """An HSRP hello of version 1 (RFC 2281 5.1)."""
    _quiet()
    from scapy.layers.hsrp import HSRP

    return bytes(HSRP(opcode=0, state=state, priority=priority, group=group, virtualIP=ip_words(address)))


def hsrp2(state: int, priority: int, group: int, address: bytes, mac: bytes) -> bytes:
    """An HSRP hello of version 2: a group state TLV as Wireshark reads it; no RFC says it."""
    body = struct.pack(">BBBBH", 2, 0, state, 4, group) + mac + struct.pack(">III", priority, 3000, 10000)
    body += address.ljust(16, b"\0")
    return bytes([1, len(body)]) + body + b"\x03\x08" + b"cisco".ljust(8, b"\0")


def glbp(state: int, priority: int, group: int, address: bytes, mac: bytes, forwarder: bytes) -> bytes:
    """A GLBP hello with one forwarder, as Wireshark reads it; no RFC says it."""
    hello = struct.pack(">BBBBHIIHHBBBB", 0, state, 0, priority, 0, 3000, 10000, 600, 14400, 0, 0, 1, 4) + address
    hello = bytes([1, 2 + len(hello)]) + hello
    answer = struct.pack(">BBBBBIHB", 1, 32, 0, 167, 100, 0, 0, 0) + forwarder
    answer = bytes([2, 2 + len(answer)]) + answer
    return struct.pack(">BBHH", 1, 0, group, 0) + mac + hello + answer
