"""What routers and servers say to each other, as frames: HSRP, RIP, LISP registrations, EVPN updates, tunnels."""

import ipaddress
import struct

from scapy.layers.hsrp import HSRP
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.rip import RIP, RIPEntry
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

ACTIVE, STANDBY = 16, 8
VIRTUAL_MAC = "00:00:0c:07:ac:07"


def hsrp(router: tuple[str, str], virtual_ip: str, state: int, priority: int, number: int) -> Packet:
    """A hello of version 1, group 7 (RFC 2281 5.1); an active router speaks from the virtual MAC."""
    mac = VIRTUAL_MAC if state == ACTIVE else router[0]
    head = Ether(src=mac, dst="01:00:5e:00:00:02") / IP(src=router[1], dst="224.0.0.2", ttl=1, id=number & 0xFFFF)
    hello = HSRP(state=state, hellotime=3, holdtime=10, priority=priority, group=7, virtualIP=virtual_ip)
    return head / UDP(sport=1985, dport=1985) / hello


def otv(inner: Packet, there: bool, number: int) -> Packet:
    """Between the edge devices of two sites: UDP 8472, overlay 3, the VLAN as instance."""
    ends = (("02:00:00:00:0e:0a", "10.9.0.1"), ("02:00:00:00:0e:0b", "10.9.0.2"))
    (src_mac, src), (dst_mac, dst) = ends if there else ends[::-1]
    head = Ether(src=src_mac, dst=dst_mac) / IP(src=src, dst=dst, ttl=250, id=number & 0xFFFF, flags="DF")
    return head / UDP(sport=50_100, dport=8472) / VXLAN(flags=8, reserved1=3, vni=77) / inner


def rip(router: tuple[str, str], prefix: str, metric: int, number: int) -> Packet:
    """A response with one host route (RFC 2453 4)."""
    head = Ether(src=router[0], dst="01:00:5e:00:00:09") / IP(src=router[1], dst="224.0.0.9", ttl=1, id=number & 0xFFFF)
    entry = RIPEntry(AF=2, RouteTag=0, addr=prefix, mask="255.255.255.255", nextHop="0.0.0.0", metric=metric)
    return head / UDP(sport=520, dport=520) / RIP(cmd=2, version=2) / entry


def lisp_register(router: tuple[str, str], server: tuple[str, str], eid: str, notify: bool, number: int) -> Packet:
    """A Map-Register of one host by its router, or the server's Map-Notify of it (RFC 9301 5.6, 5.7)."""
    first = 0x4000_0001 if notify else 0x3000_0101
    head = struct.pack(">IQHH", first, number, 1, 20) + b"\xaa" * 20
    record = struct.pack(">IBBHHH", 1440, 1, 32, 0x1000, 0, 1) + ipaddress.ip_address(eid).packed
    locator = struct.pack(">BBBBHH", 1, 100, 255, 0, 5, 1) + ipaddress.ip_address(router[1]).packed
    src, dst = (server, router) if notify else (router, server)
    frame = Ether(src=src[0], dst=dst[0]) / IP(src=src[1], dst=dst[1], id=number & 0xFFFF)
    return frame / UDP(sport=4342, dport=4342) / Raw(head + record + locator)


def lisp_data(inner: Packet, ends: tuple[tuple[str, str], tuple[str, str]], number: int) -> Packet:
    """An IP packet between two locators (RFC 9300 5.3)."""
    (src_mac, src), (dst_mac, dst) = ends
    head = Ether(src=src_mac, dst=dst_mac) / IP(src=src, dst=dst, id=number & 0xFFFF)
    return head / UDP(sport=61_000, dport=4341) / Raw(bytes.fromhex("8800000000000001") + bytes(inner[IP]))


class Speaker:
    """A BGP speaker and its session with a reflector."""

    def __init__(self, router: tuple[str, str], reflector: tuple[str, str]) -> None:
        self.router, self.reflector, self.seq, self.number = router, reflector, 1000, 1

    def _segment(self, message: bytes) -> Packet:
        head = Ether(src=self.router[0], dst=self.reflector[0]) / IP(
            src=self.router[1], dst=self.reflector[1], id=self.number
        )
        tcp = TCP(sport=33_000, dport=179, seq=self.seq, ack=1, flags="PA", window=60_000)
        self.seq, self.number = self.seq + len(message), self.number + 1
        return head / tcp / Raw(message)

    def route(self, mac: str, ip: str | None, sequence: int | None, withdrawn: bool = False) -> Packet:
        """An EVPN type-2 route (RFC 7432 7.2), with the MAC mobility community where it has moved (7.7)."""
        me = ipaddress.ip_address(self.router[1]).packed
        address = b"\x20" + ipaddress.ip_address(ip).packed if ip else b"\0"
        body = b"\0\1" + me + b"\0\2" + bytes(10) + bytes(4) + b"\x30" + bytes.fromhex(mac.replace(":", ""))
        body += address + b"\0\x04\xd0"
        nlri = bytes((2, len(body))) + body
        if withdrawn:
            attributes = _attribute(0x90, 15, b"\0\x19\x46" + nlri)
        else:
            communities = bytes.fromhex("0002fde80000004d")
            if sequence is not None:
                communities += b"\x06\0\0\0" + struct.pack(">I", sequence)
            attributes = b"\x40\1\1\0" + b"\x40\2\0" + b"\x40\5\4\0\0\0\x64"
            attributes += bytes((0xC0, 16, len(communities))) + communities
            attributes += _attribute(0x90, 14, b"\0\x19\x46\4" + me + b"\0" + nlri)
        message = struct.pack(">HH", 0, len(attributes)) + attributes
        return self._segment(b"\xff" * 16 + struct.pack(">HB", 19 + len(message), 2) + message)


def _attribute(flags: int, kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", flags, kind, len(value)) + value
