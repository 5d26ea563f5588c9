"""
One frame or more for every row of the walk's table, made by scapy where it knows the header, else by hand.

The bytes come from the headers' documents, never from the table, so that a slip there has to be made twice. The tests
walk them (tests/decode), and captures/make_encapsulations.py writes them as files.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS, EoMCW
from scapy.contrib.nsh import NSH
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6NDOptDstLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, STP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1AH, Dot1Q, Dot3, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

GUEST = "00:50:56:9a:12:34"
RARP_BODY = bytes.fromhex("00010800060400030050569a1234000000000050569a123400000000")
RARP = bytes.fromhex("ffffffffffff0050569a12348035") + RARP_BODY


@dataclass(frozen=True)
class Example:
    """A frame, the way through it, and the row of the table that it is an example of."""

    row: str
    path: str
    frame: bytes
    link_type: int = 1
    variant: str = ""
    """Sets apart what one file or one set of tshark's options cannot hold: link types, ports, layouts."""

    @property
    def name(self) -> str:
        return self.path.replace("/", "-")

    @property
    def file(self) -> str:
        """The stem of the capture that holds this frame."""
        return f"{self.row}-{self.variant}" if self.variant else self.row


def eth(**fields: object) -> Packet:
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", **fields)


def ip(**fields: object) -> Packet:
    return IP(src="10.0.0.1", dst="10.0.0.2", id=77, **fields)


def ipv6(**fields: object) -> Packet:
    return IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=61, **fields)


def inner_ip(**fields: object) -> Packet:
    return IP(src="192.168.7.1", dst="192.168.7.2", id=99, ttl=33, **fields)


def inner_ipv6(**fields: object) -> Packet:
    return IPv6(src="2001:db8:7::1", dst="2001:db8:7::2", hlim=33, **fields)


def tcp(**fields: object) -> Packet:
    return TCP(sport=40000, dport=8000, seq=0x89ABCDEF, ack=0x1234, flags="PA", window=501, **fields)


def udp(port: int, **fields: object) -> Packet:
    return UDP(sport=55555, dport=port, **fields)


def guest_frame(source: str = GUEST, to: str = "02:00:00:00:00:aa") -> Packet:
    """What a guest sends: Ethernet, IPv4, TCP, 33 bytes."""
    return Ether(src=source, dst=to) / IP(src="192.168.1.50", dst="192.168.1.1") / tcp() / Raw(b"x" * 33)


STAMPED = [("NOP", None), ("NOP", None), ("Timestamp", (1111, 2222))]
OPENING = [("MSS", 8960), ("SAckOK", b""), ("Timestamp", (7, 0)), ("NOP", None), ("WScale", 9)]
HOLES = [("NOP", None), ("NOP", None), ("SAck", (10, 20, 30, 40, 50, 60))]
INNER = guest_frame()


def tagged(vlan: int) -> Packet:
    """The guest's frame in a VLAN."""
    return (
        Ether(src=GUEST, dst="02:00:00:00:00:aa") / Dot1Q(vlan=vlan) / IP(src="192.168.1.50", dst="192.168.1.1") / tcp()
    )


def _frame(row: str, path: str, packet: Packet | bytes, link_type: int = 1, variant: str = "") -> Example:
    return Example(row, path, bytes(packet), link_type, variant)


def _typed(number: int, header: str, inside: Packet | bytes = b"") -> bytes:
    """An Ethernet frame of this type, what stands behind it in hexadecimal, and what follows."""
    return bytes(eth(type=number)) + bytes.fromhex(header) + bytes(inside)


def _hex(header: str, *inside: Packet | bytes) -> bytes:
    return bytes.fromhex(header) + b"".join(bytes(one) for one in inside)


def _in_udp(port: int, header: str, inside: Packet | bytes = b"") -> bytes:
    return bytes(eth() / ip() / udp(port) / Raw(_hex(header, inside)))


def _in_ip(protocol: int, header: str, inside: Packet | bytes = b"") -> bytes:
    return bytes(eth() / ip(proto=protocol) / Raw(_hex(header, inside)))


def _labelled(inside: Packet | bytes, *labels: int) -> Packet:
    """MPLS over Ethernet: RFC 3032 2.1."""
    packet = eth(type=0x8847)
    for place, label in enumerate(labels or (16001,)):
        packet = packet / MPLS(label=label, s=place + 1 >= len(labels), ttl=60, cos=0)
    return packet / Raw(bytes(inside))


def _checked(frame: bytes) -> bytes:
    """The frame check sequence: IEEE 802.3 3.2.9."""
    return struct.pack("<I", zlib.crc32(frame))


def beginnings() -> Iterator[Example]:
    """Where a frame begins: link types."""
    yield _frame("eth", "eth/ip/tcp", eth() / ip() / tcp(options=STAMPED) / Raw(b"y" * 100))
    cooked = {"src": bytes.fromhex("0050569a1234"), "lladdrlen": 6}
    yield _frame("sll", "sll/arp", CookedLinux(pkttype=1, proto=0x0806, **cooked) / ARP(hwsrc=GUEST), 113)
    yield _frame("sll", "sll/ip/tcp", CookedLinux(pkttype=4, proto=0x0800, **cooked) / ip() / tcp(), 113)
    yield _frame("sll2", "sll2/ipv6/udp", CookedLinuxV2(pkttype=0, proto=0x86DD, **cooked) / ipv6() / udp(10), 276)
    yield _frame("raw", "raw/ip/udp", ip() / UDP(sport=1, dport=2) / b"!", 101)
    yield _frame("raw", "raw/ipv6/udp", ipv6() / UDP(sport=1, dport=2) / b"!", 12, "12")
    yield _frame("null", "null/ip/udp", _hex("02000000", ip() / udp(10)), 0)
    yield _frame("null", "null/ip/udp", _hex("00000002", ip() / udp(10)), 0)
    yield _frame("null", "null/ipv6/udp", _hex("1e000000", ipv6() / udp(10)), 0)
    yield _frame("loop", "loop/ipv6/udp", _hex("00000018", ipv6() / udp(10)), 108)
    # bsd/net/pktap.h of Darwin: length, record type, link type, name of the interface, ...
    pktap = struct.pack("<III24s", 108, 1, 1, b"en0") + bytes(108 - 36)
    yield _frame("pktap", "pktap/eth/ip/tcp", pktap + bytes(INNER), 258)
    yield _frame("ppi", "ppi/eth/ip/tcp", _hex("00 00 0800 01000000", INNER), 192)
    field = struct.pack("<HH", 2, 20)  # PPI 4.1: a field of type 2, 20 bytes (802.11-Common)
    yield _frame("ppi", "ppi/eth/rarp", struct.pack("<BBHI", 0, 0, 32, 1) + field + bytes(20) + RARP, 192)
    fields = struct.pack("<HH4s", 8, 1, _hex("0800 01 00")) + struct.pack("<HH4s", 5, 10, b"\0")
    packet = bytes(ip() / tcp())
    yield _frame(
        "nflog", "nflog/ip/tcp", _hex("02 00 0005") + fields + struct.pack("<HH", 4 + len(packet), 9) + packet, 239
    )
    fields = struct.pack(">HH4s", 8, 1, _hex("86dd 01 00"))
    packet = bytes(ipv6() / tcp())
    yield _frame(
        "nflog", "nflog/ipv6/tcp", _hex("0a 00 0005") + fields + struct.pack(">HH", 4 + len(packet), 9) + packet, 239
    )
    yield from messages()
    yield _frame("ipoib", "ipoib/ip/tcp", bytes(40) + _hex("0800 0000", ip() / tcp()), 242)
    macs = bytes(INNER)[:12]
    yield _frame("brcm", "brcm/ip/tcp", macs + _hex("2000 0003 0800", inner_ip() / tcp()), 281)
    yield _frame("brcm-first", "brcm-first/eth/ip/tcp", _hex("2000 0003", INNER), 282)
    yield _frame("dsa", "dsa/ip/tcp", macs + _hex("c002 0001 0800", inner_ip() / tcp()), 284)
    yield _frame("edsa", "edsa/rarp", RARP[:12] + _hex("dada 0000 c002 0001 8035") + RARP_BODY, 285)
    yield _frame("mpacket", "mpacket/eth/ip/tcp", _hex("55555555555555 d5", INNER) + _checked(bytes(INNER)), 274)


def _message(kind: str, family: str, *fields: tuple[int, bytes], order: str = "<") -> bytes:
    """What nlmon shows: the cooked header of netlink (824), its family 12, and a message to or from netfilter."""
    body = _hex(f"{family} 00 0000")
    for number, value in fields:
        body += struct.pack(order + "HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    number = int(kind, 16)
    header = struct.pack(order + "IHHII", 16 + len(body), number, 0, 0, 0)
    return _hex("0004 0338 0000 0000000000000000 000c") + header + body


def messages() -> Iterator[Example]:
    """Packets in messages of Linux: to a queue (linux/netfilter/nfnetlink_queue.h), and to a log."""
    named = (1, _hex("00000007 0800 03"))
    six = (1, _hex("00000007 86dd 03"))
    for order in "<>":
        queued = _message("0300", "02", named, (10, bytes(ip() / tcp())), order=order)
        yield _frame("nfqueue", "netlink/netfilter/nfqueue/ip/tcp", queued, 253)
    queued = _message("0300", "0a", six, (6, bytes(4)), (10, bytes(ipv6() / tcp())))
    yield _frame("nfqueue", "netlink/netfilter/nfqueue/ipv6/tcp", queued, 253)
    logged = _message("0400", "02", (1, _hex("0800 0300")), (10, b"by rule\0"), (9, bytes(ip() / tcp())))
    yield _frame("nflog", "netlink/netfilter/nflog/ip/tcp", logged, 253, "253")
    verdict = _message("0301", "00", (2, _hex("00000001 00000007")))
    yield _frame("netfilter", "netlink/netfilter", verdict, 253)
    # RTM_NEWLINK to family 0: what a bridge or a bond tells when a port goes
    news = struct.pack("<IHHII", 32, 16, 0, 0, 0) + bytes(16)
    yield _frame("netlink", "netlink", _hex("0004 0338 0000 0000000000000000 0000") + news, 253)


def foreign_beginnings() -> Iterator[Example]:
    """Where Ethernet is not what a frame begins with."""
    yield _frame("ppp", "ppp/ip/tcp", HDLC() / PPP(proto=0x0021) / ip() / tcp(), 9)
    yield _frame("ppp", "ppp/ipv6/tcp", _hex("0057", ipv6() / tcp()), 9)
    yield _frame("ppp", "ppp/ip/tcp", _hex("21", ip() / tcp()), 9)
    yield _frame("ppp", "ppp/ip/tcp", _hex("ff03 21", ip() / tcp()), 9)
    yield _frame(
        "ppp", "ppp/mpls/ip/tcp", HDLC() / PPP(proto=0x0281) / MPLS(label=9, s=1) / inner_ip() / tcp(), 50, "50"
    )
    yield _frame("slip", "slip/ip/tcp", _hex("01") + bytes(ip() / tcp())[:15] + bytes(ip() / tcp()), 8)
    yield _frame("slip", "slip/ipv6/tcp", _hex("00") + bytes(15) + bytes(ipv6() / tcp()), 8)
    yield _frame("chdlc", "chdlc/ip/tcp", _hex("0f00 0800", ip() / tcp()), 104)
    yield _frame("chdlc", "chdlc/mpls/ip/tcp", _hex("0f00 8847", MPLS(label=9, s=1) / inner_ip() / tcp()), 104)
    yield _frame("frelay", "frelay/ip/tcp", _hex("1841 03cc", ip() / tcp()), 107)
    yield _frame("frelay", "frelay/ipv6/tcp", _hex("1841 038e", ipv6() / tcp()), 107)
    yield _frame("frelay", "frelay/ip/tcp", _hex("1841 0800", ip() / tcp()), 107)
    snap = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800)
    yield _frame(
        "tokenring", "tokenring/llc/snap/ip/tcp", _hex("1040 0200000000aa 0050569a1234", snap / ip() / tcp()), 6
    )
    yield _frame("fddi", "fddi/llc/snap/ip/tcp", _hex("50 0200000000aa 0050569a1234", snap / ip() / tcp()), 10)
    yield _frame("arcnet", "arcnet/ip/udp", _hex("0102 0000 f0", ip() / udp(10) / b"!"), 129)
    yield _frame("arcnet", "arcnet/ip/udp", _hex("0102 0000 d4 00 0007", ip() / udp(10) / b"!"), 129)
    yield _frame("arcnet", "arcnet/ipv6/udp", _hex("0102 0000 c4 00 0007", ipv6() / udp(10) / b"!"), 129)
    yield _frame("sunatm", "sunatm/llc/snap/ip/tcp", _hex("02 00 0064", snap / ip() / tcp()), 123)
    air = {"type": 2, "addr1": "02:00:00:00:00:aa", "addr2": GUEST, "addr3": "02:00:00:00:00:bb", "FCfield": 1}
    arp = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0806) / ARP(hwsrc=GUEST)
    radio = _hex("0000 0800 00000000")
    yield _frame("radiotap", "radiotap/wlan/llc/snap/arp", radio + bytes(Dot11(subtype=0, **air) / arp), 127)
    yield _frame("radiotap", "radiotap/wlan/llc/snap/arp", RadioTap() / Dot11(subtype=8, **air) / Dot11QoS() / arp, 127)
    yield _frame("wlan", "wlan/llc/snap/ip/tcp", Dot11(subtype=0, **air) / snap / ip() / tcp(), 105)


def tags() -> Iterator[Example]:
    """What may stand between the addresses and the type."""
    yield _frame("vlan", "eth/vlan/rarp", RARP[:12] + _hex("8100 2064 8035") + RARP_BODY)
    two = eth() / Dot1AD(vlan=100) / Dot1Q(vlan=200) / ip() / UDP(sport=9, dport=10) / b"abc"
    yield _frame("vlan", "eth/vlan/vlan/ip/udp", two)
    for old in ("9100", "9200"):
        outer = RARP[:12] + _hex(f"{old} 0064 8100 00c8 0800", ip() / tcp())
        yield _frame("vlan", "eth/vlan/vlan/ip/tcp", outer, variant=old)
    yield _frame("vntag", "eth/vntag/ip/tcp", _typed(0x8926, "400c0003 0800", ip() / tcp()))
    yield _frame("etag", "eth/etag/ip/tcp", _typed(0x893F, "200100020000 0800", ip() / tcp()))
    yield _frame("cmd", "eth/cmd/vlan/ip/tcp", _typed(0x8909, "010100010064 8100 000a 0800", ip() / tcp()))
    bridge = Dot3(src=GUEST, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()
    yield _frame("llc", "eth/llc", bridge)
    snap = Dot3(src=GUEST, dst="02:00:00:00:00:aa") / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800)
    yield _frame("snap", "eth/llc/snap/ip/tcp", snap / ip() / tcp())


def networks() -> Iterator[Example]:
    """Announcements, IP and its extensions."""
    yield _frame("rarp", "eth/rarp", RARP + bytes(18))
    asked = Ether(src=GUEST, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=GUEST, psrc="10.0.0.9", pdst="10.0.0.9")
    yield _frame("arp", "eth/arp", asked)
    yield _frame("ip", "eth/ip/tcp", bytes(eth() / ip(options=b"\x07\x07\x04\x01\x02\x03\x04\x00") / tcp()) + bytes(6))
    yield _frame("ip", "eth/ip", eth() / ip(frag=185, proto=17) / Raw(b"z" * 40))
    yield _frame("ip", "eth/ip/udp", eth() / ip(flags="MF") / UDP(sport=1, dport=2, len=3000) / Raw(b"z" * 40))
    yield _frame("ip", "eth/ip/ip/tcp", eth() / ip() / inner_ip() / tcp())
    yield _frame("ip", "eth/ipv6/ip/tcp", eth() / ipv6(nh=4) / inner_ip() / tcp())
    yield _frame("ip", "ip/tcp", ip() / tcp(), 228, "228")
    yield _frame("ipv6", "eth/ipv6/tcp", eth() / ipv6(tc=0xB8) / tcp(options=STAMPED) / Raw(b"y" * 5))
    yield _frame("ipv6", "eth/ip/ipv6/tcp", eth() / ip() / inner_ipv6() / tcp())
    yield _frame("ipv6", "ipv6/tcp", ipv6() / tcp(), 229, "229")
    route = IPv6ExtHdrRouting(addresses=["2001:db8::3"])
    rest = UDP(sport=5, dport=6) / b"abc"
    chain = eth() / ipv6() / IPv6ExtHdrHopByHop() / route / IPv6ExtHdrDestOpt() / rest
    yield _frame("hopopts", "eth/ipv6/hopopts/udp", eth() / ipv6() / IPv6ExtHdrHopByHop() / rest)
    yield _frame("routing", "eth/ipv6/hopopts/routing/dstopts/udp", chain)
    yield _frame("dstopts", "eth/ipv6/dstopts/udp", eth() / ipv6() / IPv6ExtHdrDestOpt() / rest)
    # RFC 8754 2: the last segment is active, no flags; RFC 8986 4.9: a frame behind it
    segment = _hex("8f 02 04 00 00 00 0000 20010db8000000000000000000000003", INNER)
    yield _frame("routing", "eth/ipv6/routing/eth/ip/tcp", eth() / ipv6(nh=43) / Raw(segment))
    # padding of eight bytes in all (RFC 8754 2.1.1)
    padded = _hex("04 03 04 00 00 00 0000 20010db8000000000000000000000003 0406 000000000000", inner_ip() / tcp())
    yield _frame("routing", "eth/ipv6/routing/ip/tcp", eth() / ipv6(nh=43) / Raw(padded))
    yield _frame("eth", "eth/ipv6/eth/rarp", eth() / ipv6(nh=143) / Raw(RARP), variant="143")
    yield _frame("eth", "eth/ip/eth/ip/tcp", eth() / ip(proto=143) / INNER, variant="143")
    first = eth() / ipv6() / IPv6ExtHdrFragment(id=99, m=1) / UDP(sport=5, dport=6, len=999) / b"abc"
    yield _frame("fragment", "eth/ipv6/fragment/udp", first)
    later = eth() / ipv6() / IPv6ExtHdrFragment(id=99, offset=100, nh=17) / Raw(b"abcdefgh")
    yield _frame("fragment", "eth/ipv6/fragment", later)
    yield _frame("ah", "eth/ip/ah/tcp", eth() / ip() / AH(nh=6, spi=5, seq=6, icv=b"i" * 12) / tcp())
    yield _frame("mobility", "eth/ipv6/mobility/none", eth() / ipv6(nh=135) / Raw(bytes([59, 0]) + bytes(6)))
    # RFC 7401 5.1: an I1 of version 2, with the tags of both hosts
    opening = bytes([59, 4, 1, 0x21]) + bytes(4) + bytes(range(32))
    yield _frame("hip", "eth/ipv6/hip/none", eth() / ipv6(nh=139) / Raw(opening))
    yield _frame("shim6", "eth/ipv6/shim6/none", eth() / ipv6(nh=140) / Raw(bytes([59, 0]) + bytes(6) + b"left over"))
    yield _frame("none", "eth/ipv6/none", eth() / ipv6(nh=59) / Raw(b"left over"))


def transports() -> Iterator[Example]:
    """TCP, UDP, ICMP, and what IPsec hides."""
    yield _frame("tcp", "eth/ip/tcp", eth() / ip() / tcp(options=OPENING))
    yield _frame("tcp", "eth/ip/tcp", eth() / ip() / tcp(options=HOLES))
    yield _frame("udp", "eth/ip/udp", eth() / ip() / UDP(sport=9, dport=10) / b"abc")
    yield _frame("icmp", "eth/ip/icmp", eth() / ip() / ICMP(type=8, id=4242, seq=17) / Raw(b"ping" * 10))
    yield _frame("icmp", "eth/ip/icmp", eth() / ip() / ICMP(type=3, code=4) / ip() / tcp())
    yield _frame("icmpv6", "eth/ipv6/icmpv6", eth() / ipv6() / ICMPv6EchoRequest(id=7, seq=8) / Raw(b"ping"))
    news = IPv6(src="fe80::1", dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt="fe80::1", R=0, S=0, O=1)
    told = Ether(src=GUEST, dst="33:33:00:00:00:01") / news / ICMPv6NDOptDstLLAddr(lladdr=GUEST)
    yield _frame("icmpv6", "eth/ipv6/icmpv6", told)
    yield _frame("esp", "eth/ip/esp", _in_ip(50, "00000107 00000009") + bytes(32))
    yield _frame("esp", "eth/ipv6/esp", eth() / ipv6(nh=50) / Raw(_hex("00000107 fffffff0") + bytes(32)))
    nat = UDP(sport=4500, dport=4500)
    yield _frame("esp", "eth/ip/udp/esp", eth() / ip() / nat / Raw(_hex("00000107 0000000a") + bytes(32)))
    ike = _hex("00000000 0102030405060708 1112131415161718 2e20 2308 00000001 0000001c")
    yield _frame("ike", "eth/ip/udp/ike", eth() / ip() / nat / Raw(ike))
    yield _frame("natt-alive", "eth/ip/udp/natt-alive", eth() / ip() / nat / Raw(b"\xff"))


def labels() -> Iterator[Example]:
    """MPLS and what may stand behind the last label."""
    yield _frame("mpls", "eth/mpls/ip/tcp", _labelled(inner_ip() / tcp(), 16001, 24))
    yield _frame("mpls", "eth/mpls/ip/udp", _labelled(inner_ip() / UDP(sport=1, dport=2) / Raw(b"odd")))
    yield _frame("mpls", "eth/mpls/ipv6/tcp", _labelled(inner_ipv6() / tcp() / Raw(b"7 bytes")))
    yield _frame("mpls", "eth/mpls/ip/tcp", bytes(_labelled(inner_ip() / tcp())) + bytes(2))
    yield _frame("mpls", "eth/ip/mpls/ipv6/tcp", eth() / ip(proto=137) / MPLS(label=77, s=1) / inner_ipv6() / tcp())
    yield _frame("mpls", "eth/ip/udp/mpls/ip/tcp", eth() / ip() / udp(6635) / MPLS(label=77, s=1) / inner_ip() / tcp())
    for mac in ("00:50:56:01:02:03", "40:a6:b7:01:02:03", "60:45:cb:01:02:03", "b8:27:eb:01:02:03"):
        yield _frame("pw", "eth/mpls/pw/eth/ip/tcp", _labelled(guest_frame(to=mac), 16001, 24))
        yield _frame("pwcw", "eth/mpls/pwcw/eth/ip/tcp", _labelled(EoMCW(seq=7) / guest_frame(to=mac), 16001, 24))
    yield _frame("pw", "eth/mpls/pw/eth/rarp", _labelled(RARP + bytes(18)))
    yield _frame("pw", "eth/mpls/pw/eth/vlan/ip/tcp", _labelled(tagged(10)))
    to_guest = Ether(src="02:00:00:00:00:aa", dst=GUEST) / Dot1Q(vlan=10) / inner_ip() / tcp()
    yield _frame("pw", "eth/mpls/pw/eth/vlan/ip/tcp", _labelled(to_guest))
    yield _frame("pw", "eth/mpls/pw/eth/ipv6/tcp", _labelled(Ether(src=GUEST, dst=GUEST) / inner_ipv6() / tcp()))
    answer = Ether(src="02:00:00:00:00:aa", dst=GUEST) / ARP(op=2, hwsrc="02:00:00:00:00:aa", hwdst=GUEST)
    yield _frame("pw", "eth/mpls/pw/eth/arp", _labelled(answer))
    bridge = Dot3(src=GUEST, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()
    yield _frame("pw", "eth/mpls/pw/eth/llc", _labelled(bridge))
    yield _frame(
        "pw", "eth/ip/gre/mpls/pw/eth/rarp", eth() / ip() / GRE(proto=0x8847) / MPLS(label=132, s=1) / Raw(RARP)
    )
    yield _frame("pwcw", "eth/mpls/pwcw/eth/rarp", _labelled(_hex("00000000", RARP), 3, 4, 5))
    yield _frame("pwcw", "eth/mpls/pwcw/eth/vlan/ip/tcp", _labelled(EoMCW(seq=0) / tagged(10)))
    # RFC 5586 2.1: nibble 1, version 0, a reserved byte, channel type 0x0007 (BFD, RFC 5885)
    yield _frame("pwach", "eth/mpls/pwach", _labelled(_hex("1000 0007 20c00318 00000001") + bytes(16)))


def routes() -> Iterator[Example]:
    """GRE with every set of flags, and what it mirrors."""
    for flags in range(8):
        has = {"chksum_present": flags & 1, "key_present": flags >> 1 & 1, "seqnum_present": flags >> 2}
        if flags & 2:
            has["key"] = 0x00123456
        if flags & 4:
            has["sequence_number"] = 0xFFFFFFFF
        yield _frame("gre", "eth/ip/gre/ip/tcp", eth() / ip() / GRE(**has) / inner_ip() / tcp())
        word = "nvgre/" if flags & 6 == 2 else ""
        yield _frame("gre", f"eth/ip/gre/{word}eth/ip/tcp", eth() / ip() / GRE(proto=0x6558, **has) / INNER)
        if not flags & 4:
            yield _frame("erspan1", "eth/ip/gre/erspan1/eth/ip/tcp", eth() / ip() / GRE(proto=0x88BE, **has) / INNER)
        else:
            mirror = eth() / ip() / GRE(proto=0x88BE, **has) / ERSPAN_II(vlan=5, session_id=3) / INNER
            yield _frame("erspan2", "eth/ip/gre/erspan2/eth/ip/tcp", mirror)
    yield _frame("gre", "eth/ip/udp/gre/ipv6/tcp", eth() / ip() / udp(4754) / GRE() / inner_ipv6() / tcp())
    yield _frame(
        "gre", "eth/ip/gre/mpls/ip/tcp", eth() / ip() / GRE(proto=0x8847) / MPLS(label=9, s=1) / inner_ip() / tcp()
    )
    # RFC 1701: checksum and offset, then family, offset and length of each entry; the last is empty
    source_route = "0800 00 04 0a000001 0000 00 00"
    yield _frame(
        "gre-routed", "eth/ip/gre-routed/ip/tcp", _in_ip(47, f"40000800 00000000 {source_route}", inner_ip() / tcp())
    )
    numbered_route = f"50000800 00000000 0000000a {source_route}"
    yield _frame("gre-routed", "eth/ip/gre-routed/ip/tcp", _in_ip(47, numbered_route, inner_ip() / tcp()))
    both = f"f0000800 00000000 00123456 0000000b {source_route}"
    yield _frame("gre-routed", "eth/ip/gre-routed/ip/tcp", _in_ip(47, both, inner_ip() / tcp()))
    two = "4b006558 00000000 0800 04 08 0a000003 0a000004 fffe 00 02 0007 0000 00 00"
    yield _frame("gre-routed", "eth/ip/gre-routed/eth/rarp", _in_ip(47, two, RARP))
    keyed_route = f"60006558 00000000 00123456 {source_route}"
    yield _frame("gre-routed", "eth/ip/gre-routed/eth/ip/tcp", _in_ip(47, keyed_route, INNER))
    # RFC 2637 4.1: key (payload length, call) and version 1; a number with data, an acknowledgement where there is one
    whole, short = _hex("ff03 0021", inner_ip() / tcp()), _hex("21", inner_ip() / tcp())
    calls = {"3001880b": "00000005", "3081880b": "00000006 00000003"}
    for flags, numbers in calls.items():
        for inside in (whole, short):
            header = f"{flags} {len(inside):04x} 004d {numbers}"
            yield _frame("pptp", "eth/ip/pptp/ppp/ip/tcp", _in_ip(47, header, inside))
    six = _hex("57", inner_ipv6() / tcp())
    yield _frame("pptp", "eth/ip/pptp/ppp/ipv6/tcp", _in_ip(47, f"3001880b {len(six):04x} ffff ffffffff", six))
    yield _frame("pptp-ack", "eth/ip/pptp-ack", _in_ip(47, "2081880b 0000 004d 00000008") + bytes(14))
    yield _frame("gre", "eth/ip/gre/ppp/ip/tcp", _in_ip(47, "1000880b 00000007", whole))
    yield _frame("gre", "eth/ip/gre/ppp/ip/tcp", _in_ip(47, "0000880b", short))
    yield _frame("pptp-ack", "eth/ip/pptp-ack", _in_ip(47, "2081880b 0000 004d 00000007"))
    net = eth() / ip() / GRE(proto=0x6558, key_present=1, key=0x00123456) / INNER
    yield _frame("nvgre", "eth/ip/gre/nvgre/eth/ip/tcp", net)


def mirrors() -> Iterator[Example]:
    """ERSPAN of the third type with its clocks; of the second, cut."""
    numbered = GRE(proto=0x22EB, seqnum_present=1, sequence_number=12)
    third = ERSPAN_III(session_id=3, timestamp=99)
    yield _frame("erspan3", "eth/ip/gre/erspan3/eth/ip/tcp", eth() / ip() / numbered / third / INNER)
    more = ERSPAN_III(session_id=3, timestamp=100, o=1) / ERSPAN_PlatformSpecific()
    yield _frame("erspan3", "eth/ip/gre/erspan3/eth/ip/tcp", eth() / ip() / numbered / more / INNER)
    # draft-foschiano-erspan 4.3: clocks of all units, with seconds or an upper half in the platform's header or not
    for unit, platform, beyond in (
        *(
            (0, 7, 39_000),
            (1, 3, 39_000),
            (2, 5, 1_700_000_000),
            (2, 6, 1_700_000_000),
            (2, 1, 7),
            (2, 3, 7),
            (3, 5, 7),
        ),
        *((1, 5, 1_700_000_000), (1, 0, 5), (0, 7, 0xFFFF_FFFF)),
    ):
        timed = ERSPAN_III(session_id=3, timestamp=99_999_999, gra=unit, o=1)
        told = Raw(struct.pack(">II", platform << 26 | 0x1234, beyond))
        yield _frame("erspan3", "eth/ip/gre/erspan3/eth/ip/tcp", eth() / ip() / numbered / timed / told / INNER)
    cut = ERSPAN_II(vlan=5, session_id=3, t=1)
    short = eth() / ip() / GRE(proto=0x88BE, seqnum_present=1, sequence_number=10) / cut / Raw(bytes(INNER)[:60])
    yield _frame("erspan2", "eth/ip/gre/erspan2/eth/ip/tcp", short)
    routed = ERSPAN_III(session_id=3, ft=2)
    bare = eth() / ip() / numbered / routed / Raw(bytes(inner_ip() / tcp()))
    yield _frame("erspan-ip", "eth/ip/gre/erspan3/erspan-ip/ip/tcp", bare)


def overlays() -> Iterator[Example]:
    """Ethernet inside something."""
    yield _frame("pbb", "eth/vlan/pbb/eth/ip/tcp", eth() / Dot1AD(vlan=10) / Dot1AH(isid=0x012345) / INNER)
    yield _frame(
        "pbb",
        "eth/vlan/pbb/eth/vlan/vlan/rarp",
        eth() / Dot1AD(vlan=10) / Dot1AH(isid=0x012345) / Raw(RARP[:12] + _hex("88a8 0014 8100 001e 8035", RARP_BODY)),
    )
    # outer addresses are switch, sub-switch and port; FTAG 1, TTL 32 (Wireshark's packet-fabricpath.c)
    fabric = _hex("0200000000a1 0200000000a2 8903 0060", INNER) + _checked(bytes(INNER))
    yield _frame("fabricpath", "eth/fabricpath/eth/ip/tcp", fabric)
    yield _frame("trill", "eth/trill/eth/ip/tcp", _typed(0x22F3, "003f 0001 0002", INNER))
    yield _frame("trill", "eth/trill/eth/rarp", _typed(0x22F3, "087f 0001 0002 80000000", RARP))
    yield _frame("fence", "eth/fence/eth/ip/tcp", _typed(0x88DE, "00 07 0000 000000000000", INNER))
    yield _frame("etherip", "eth/ip/etherip/eth/ip/tcp", _in_ip(97, "3000", INNER))
    announced = eth() / ip() / udp(4789) / VXLAN(vni=5001, flags=8) / Ether(RARP)
    yield _frame("vxlan", "eth/ip/udp/vxlan/eth/rarp", announced)
    outer_v6 = eth() / ipv6() / udp(4789) / VXLAN(vni=5001, flags=8) / INNER
    yield _frame("vxlan", "eth/ipv6/udp/vxlan/eth/ip/tcp", outer_v6)
    yield _frame("vxlan", "eth/ip/udp/vxlan/eth/ip/tcp", _in_udp(4789, "88000007 00138900", INNER))
    linux = _in_udp(8472, "08000000 00000100", tagged(9))
    yield _frame("vxlan", "eth/ip/udp/vxlan/eth/vlan/ip/tcp", linux, variant="8472")
    grouped = _in_udp(8472, "88000007 00138900", INNER)
    yield _frame("vxlan", "eth/ip/udp/vxlan/eth/ip/tcp", grouped, variant="8472")
    yield _frame("otv", "eth/ip/udp/otv/eth/rarp", _in_udp(8472, "08000005 00006400", RARP))
    yield _frame("otv", "eth/ip/udp/otv/eth/ip/tcp", _in_udp(8472, "08012345 00006400", INNER))
    hello = (
        Dot3(src=GUEST, dst="01:80:c2:00:00:14")
        / LLC(dsap=0xFE, ssap=0xFE, ctrl=3)
        / Raw(_hex("83 1b 01 00") + bytes(60))
    )
    yield _frame("otv", "eth/ip/udp/otv/eth/llc", _in_udp(8472, "08000005 00006400", hello))
    yield _frame("lispl2", "eth/ip/udp/lispl2/eth/ip/tcp", _in_udp(8472, "88a1b2c3 00100001", INNER))
    yield _frame("gpe", "eth/ip/udp/gpe/ip/tcp", _in_udp(4790, "0c000001 00138900", inner_ip() / tcp()))
    yield _frame("gpe", "eth/ip/udp/gpe/eth/rarp", _in_udp(4790, "0c000003 00138900", RARP))
    service = eth() / ip() / udp(4790) / Raw(bytes.fromhex("0c000004 00138900")) / NSH(nextproto=3) / INNER
    yield _frame("nsh", "eth/ip/udp/gpe/nsh/eth/ip/tcp", service)
    yield _frame("nsh", "eth/nsh/ip/tcp", eth(type=0x894F) / NSH(nextproto=1) / inner_ip() / tcp())
    options = "01020381 0a0b0c0d"
    yield _frame(
        "geneve",
        "eth/ipv6/udp/geneve/eth/ip/tcp",
        eth() / ipv6() / udp(6081) / GENEVE(vni=77, proto=0x6558, options=[]) / INNER,
    )
    yield _frame("geneve", "eth/ip/udp/geneve/eth/ip/tcp", _in_udp(6081, f"02006558 00004d00 {options}", INNER))
    yield _frame(
        "geneve",
        "eth/ip/udp/geneve/eth/rarp",
        _in_udp(6081, "04406558 00004d00 010400 02" + "00" * 8 + "0104 8000", RARP),
    )
    yield _frame("geneve", "eth/ip/udp/geneve/ipv6/tcp", _in_udp(6081, "000086dd 00004d00", inner_ipv6() / tcp()))
    for row, cookie in (
        ("l2eth", ""),
        ("l2eth4", "aabbccdd"),
        ("l2eth8", "aabbccdd 11223344"),
        ("l2eth12", "aabbccdd 11223344 40000007"),
    ):
        yield _frame(row, f"eth/ip/l2tpv3/{row}/eth/ip/tcp", _in_ip(115, f"0000beef {cookie}", INNER))
        yield _frame(row, f"eth/ip/udp/l2tpv3-udp/{row}/eth/rarp", _in_udp(1701, f"00030000 0000beef {cookie}", RARP))
    yield _frame(
        "l2tpv3",
        "eth/ipv6/l2tpv3/l2eth8/eth/vlan/ip/tcp",
        eth() / ipv6(nh=115) / Raw(_hex("0000beef aabbccdd11223344", tagged(10))),
    )
    yield _frame("l2tpv3-udp", "eth/ip/udp/l2tpv3-udp/l2eth/eth/ip/tcp", _in_udp(1701, "00030000 0000beef", INNER))
    hello = "c803 0014 00001234 0001 0002 8008 0000 0000 0006"  # RFC 3931 3.2.1 and 5.4.1: a hello
    yield _frame("l2tp-control", "eth/ip/l2tp-control", _in_ip(115, "00000000" + hello))
    yield _frame("l2tp-control", "eth/ip/udp/l2tp-control", _in_udp(1701, hello))
    yield _frame(
        "l2tpv2",
        "eth/ip/udp/l2tpv2/ppp/ip/tcp",
        eth()
        / ip()
        / udp(1701)
        / L2TP(hdr="length", tunnel_id=5, session_id=6)
        / HDLC()
        / PPP(proto=0x0021)
        / inner_ip()
        / tcp(),
    )
    compressed = _hex("0002 0005 0006 21", inner_ip() / tcp())
    yield _frame("l2tpv2", "eth/ip/udp/l2tpv2/ppp/ip/tcp", _in_udp(1701, "", compressed))
    # version 1, type 0 (received), protocol 1 (Ethernet); signal -60, padding, channel 6, end
    yield _frame("tzsp", "eth/ip/udp/tzsp/eth/ip/tcp", _in_udp(37008, "01000001 0a01c4 00 120106 01", INNER))
    yield _frame("tzsp", "eth/ip/udp/tzsp/eth/rarp", _in_udp(37008, "01000001 01", RARP))


def routed() -> Iterator[Example]:
    """IP inside something."""
    yield _frame("lisp", "eth/ip/udp/lisp/ip/tcp", _in_udp(4341, "88000001 00000500", inner_ip() / tcp()))
    yield _frame("lisp", "eth/ip/udp/lisp/ipv6/tcp", _in_udp(4341, "80000001 00000001", inner_ipv6() / tcp()))
    short = _hex("11 00 0001 0029 21", inner_ip() / tcp())
    yield _frame("pppoe", "eth/pppoe/ip/tcp", eth(type=0x8864) / Raw(short))
    yield _frame("pppoe", "eth/pppoe/ip/tcp", eth() / PPPoE(sessionid=1) / PPP(proto=0x0021) / ip() / tcp())


def nests() -> Iterator[Example]:
    """Many headers inside each other, as no document shows them."""
    wan = eth() / Dot1AD(vlan=7) / Dot1Q(vlan=8) / ip() / GRE(proto=0x8847) / MPLS(label=40, s=0) / MPLS(label=41, s=1)
    guest = eth() / Dot1Q(vlan=9) / inner_ip() / udp(4789) / VXLAN(vni=70, flags=8) / tagged(10)
    path = "eth/vlan/vlan/ip/gre/mpls/pw/eth/vlan/ip/udp/vxlan/eth/vlan/ip/tcp"
    yield _frame("pw", path, wan / Raw(bytes(guest)), variant="nested")
    mirror = eth() / ip() / GRE(proto=0x88BE, seqnum_present=1, sequence_number=1) / ERSPAN_II(session_id=9)
    carried = eth() / ipv6() / udp(6081) / GENEVE(vni=3, proto=0x6558, options=[]) / Ether(RARP)
    path = "eth/ip/gre/erspan2/eth/ipv6/udp/geneve/eth/rarp"
    yield _frame("erspan2", path, mirror / carried, variant="nested")
    paid = eth() / PPPoE(sessionid=1) / PPP(proto=0x0021) / ip() / udp(8472) / Raw(_hex("08000009 00000a00", INNER))
    yield _frame("otv", "eth/pppoe/ip/udp/otv/eth/ip/tcp", paid, variant="nested")


EXAMPLES = [
    *beginnings(),
    *foreign_beginnings(),
    *tags(),
    *networks(),
    *transports(),
    *labels(),
    *routes(),
    *mirrors(),
    *overlays(),
    *routed(),
    *nests(),
]
