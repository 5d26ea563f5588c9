"""One frame for every row of the steps table and more, made by scapy where it knows the header, else by hand."""

from dataclasses import dataclass

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.contrib.nsh import NSH
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
from scapy.layers.l2 import ARP, GRE, CookedLinux, CookedLinuxV2, Dot1AD, Dot1AH, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

GUEST = "00:50:56:9a:12:34"
RARP_BODY = bytes.fromhex("00010800060400030050569a1234000000000050569a123400000000")
RARP = bytes.fromhex("ffffffffffff0050569a12348035") + RARP_BODY


@dataclass(frozen=True)
class Example:
    """A frame and the way through it."""

    path: str
    frame: bytes
    link_type: int = 1

    @property
    def name(self) -> str:
        return self.path.replace("/", "-")


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


STAMPED = [("NOP", None), ("NOP", None), ("Timestamp", (1111, 2222))]
OPENING = [("MSS", 8960), ("SAckOK", b""), ("Timestamp", (7, 0)), ("NOP", None), ("WScale", 9)]
HOLES = [("NOP", None), ("NOP", None), ("SAck", (10, 20, 30, 40, 50, 60))]
INNER = Ether(src=GUEST, dst="02:00:00:00:00:aa") / IP(src="192.168.1.50", dst="192.168.1.1") / tcp() / Raw(b"x" * 33)


def _frame(path: str, packet: Packet | bytes, link_type: int = 1) -> Example:
    return Example(path, bytes(packet), link_type)


def _typed(number: int, header: bytes) -> Packet:
    return eth(type=number) / Raw(header)


EXAMPLES = [
    _frame("eth/rarp", RARP + bytes(18)),
    _frame(
        "eth/arp", Ether(src=GUEST, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=GUEST, psrc="10.0.0.9", pdst="10.0.0.9")
    ),
    _frame("eth/vlan/rarp", RARP[:12] + bytes.fromhex("8100 2064 8035") + RARP_BODY),
    _frame("eth/vlan/vlan/ip/udp", eth() / Dot1AD(vlan=100) / Dot1Q(vlan=200) / ip() / UDP(sport=9, dport=10) / b"abc"),
    _frame("eth/ip/tcp", eth() / ip() / tcp(options=STAMPED) / Raw(b"y" * 100)),
    _frame("eth/ip/tcp", eth() / ip() / tcp(options=OPENING)),
    _frame("eth/ip/tcp", eth() / ip() / tcp(options=HOLES)),
    _frame("eth/ip/tcp", bytes(eth() / ip(options=b"\x07\x07\x04\x01\x02\x03\x04\x00") / tcp()) + bytes(6)),
    _frame("eth/ip/icmp", eth() / ip() / ICMP(type=8, id=4242, seq=17) / Raw(b"ping" * 10)),
    _frame("eth/ip/icmp", eth() / ip() / ICMP(type=3, code=4) / ip() / tcp()),
    _frame("eth/ip", eth() / ip(frag=185, proto=17) / Raw(b"z" * 40)),
    _frame("eth/ip/udp", eth() / ip(flags="MF") / UDP(sport=1, dport=2, len=3000) / Raw(b"z" * 40)),
    _frame("eth/ipv6/tcp", eth() / ipv6(tc=0xB8) / tcp(options=STAMPED) / Raw(b"y" * 5)),
    _frame("eth/ipv6/icmpv6", eth() / ipv6() / ICMPv6EchoRequest(id=7, seq=8) / Raw(b"ping")),
    _frame(
        "eth/ipv6/icmpv6",
        Ether(src=GUEST, dst="33:33:00:00:00:01")
        / IPv6(src="fe80::1", dst="ff02::1", hlim=255)
        / ICMPv6ND_NA(tgt="fe80::1", R=0, S=0, O=1)
        / ICMPv6NDOptDstLLAddr(lladdr=GUEST),
    ),
    _frame(
        "eth/ipv6/hopopts/routing/dstopts/udp",
        eth()
        / ipv6()
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrRouting(addresses=["2001:db8::3"])
        / IPv6ExtHdrDestOpt()
        / UDP(sport=5, dport=6)
        / b"abc",
    ),
    _frame(
        "eth/ipv6/fragment/udp",
        eth() / ipv6() / IPv6ExtHdrFragment(id=99, m=1) / UDP(sport=5, dport=6, len=999) / b"abc",
    ),
    _frame("eth/ipv6/fragment", eth() / ipv6() / IPv6ExtHdrFragment(id=99, offset=100, nh=17) / Raw(b"abcdefgh")),
    _frame("eth/ip/ah/tcp", eth() / ip() / AH(nh=6, spi=5, seq=6, icv=b"i" * 12) / tcp()),
    _frame("eth/ipv6/mobility/none", eth() / ipv6(nh=135) / Raw(bytes([59, 0]) + bytes(6))),
    _frame("eth/ipv6/hip/none", eth() / ipv6(nh=139) / Raw(bytes([59, 1]) + bytes(14))),
    _frame("eth/ipv6/shim6/none", eth() / ipv6(nh=140) / Raw(bytes([59, 0]) + bytes(6) + b"left over")),
    _frame(
        "sll/arp",
        CookedLinux(pkttype=1, src=bytes.fromhex("0050569a1234"), lladdrlen=6, proto=0x0806) / ARP(hwsrc=GUEST),
        113,
    ),
    _frame(
        "sll/ip/tcp",
        CookedLinux(pkttype=4, src=bytes.fromhex("0050569a1234"), lladdrlen=6, proto=0x0800) / ip() / tcp(),
        113,
    ),
    _frame(
        "sll2/ipv6/udp",
        CookedLinuxV2(pkttype=0, lladdrlen=6, src=bytes.fromhex("0050569a1234"), proto=0x86DD) / ipv6() / UDP(),
        276,
    ),
    _frame("raw/ip/udp", ip() / UDP(sport=1, dport=2) / b"!", 101),
    _frame("raw/ipv6/udp", ipv6() / UDP(sport=1, dport=2) / b"!", 12),
    _frame("ip/tcp", ip() / tcp(), 228),
    _frame("ipv6/tcp", ipv6() / tcp(), 229),
    _frame("null/ip/udp", bytes.fromhex("02000000") + bytes(ip() / UDP()), 0),
    _frame("null/ip/udp", bytes.fromhex("00000002") + bytes(ip() / UDP()), 0),
    _frame("null/ipv6/udp", bytes.fromhex("1e000000") + bytes(ipv6() / UDP()), 0),
    _frame("loop/ipv6/udp", bytes.fromhex("00000018") + bytes(ipv6() / UDP()), 108),
    _frame("eth/vntag/ip/tcp", _typed(0x8926, bytes.fromhex("400c0003 0800") + bytes(ip() / tcp()))),
    _frame("eth/etag/ip/tcp", _typed(0x893F, bytes.fromhex("200100020000 0800") + bytes(ip() / tcp()))),
    _frame("eth/cmd/vlan/ip/tcp", _typed(0x8909, bytes.fromhex("010100010064 8100 000a 0800") + bytes(ip() / tcp()))),
    _frame("eth/llc", Ether(src=GUEST, dst="01:80:c2:00:00:00", type=38) / Raw(bytes.fromhex("424203") + bytes(43))),
    _frame("eth/mpls/ip/tcp", eth() / MPLS(label=16001, s=0, ttl=60) / MPLS(label=24, s=1, ttl=60) / ip() / tcp()),
    _frame("eth/ip/mpls/ipv6/tcp", eth() / ip(proto=137) / MPLS(label=77, s=1) / inner_ipv6() / tcp()),
    _frame(
        "eth/ip/udp/mpls/ip/tcp", eth() / ip() / UDP(sport=50000, dport=6635) / MPLS(label=77, s=1) / inner_ip() / tcp()
    ),
    _frame("eth/ip/gre/ip/tcp", eth() / ip() / GRE() / inner_ip() / tcp()),
    _frame(
        "eth/ip/gre/ip/tcp",
        eth() / ip() / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=3) / inner_ip() / tcp(),
    ),
    _frame("eth/ip/udp/gre/ipv6/tcp", eth() / ip() / UDP(sport=50000, dport=4754) / GRE() / inner_ipv6() / tcp()),
    _frame("eth/ip/gre/eth/ip/tcp", eth() / ip() / GRE(proto=0x6558) / INNER),
    _frame("eth/ip/gre/nvgre/eth/ip/tcp", eth() / ip() / GRE(proto=0x6558, key_present=1, key=0x00123456) / INNER),
    _frame("eth/ip/gre/erspan1/eth/ip/tcp", eth() / ip() / GRE(proto=0x88BE) / INNER),
    _frame(
        "eth/ip/gre/erspan2/eth/ip/tcp",
        eth() / ip() / GRE(proto=0x88BE, seqnum_present=1, sequence_number=9) / ERSPAN_II(vlan=5, session_id=3) / INNER,
    ),
    _frame(
        "eth/ip/gre/erspan3/eth/ip/tcp",
        eth() / ip() / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III(session_id=3, timestamp=99) / INNER,
    ),
    _frame(
        "eth/ip/gre/erspan3/eth/ip/tcp",
        eth()
        / ip()
        / GRE(proto=0x22EB, seqnum_present=1)
        / ERSPAN_III(session_id=3, o=1)
        / ERSPAN_PlatformSpecific()
        / INNER,
    ),
    _frame(
        "eth/ip/gre/erspan3/erspan-ip/ip/tcp",
        eth()
        / ip()
        / GRE(proto=0x22EB, seqnum_present=1)
        / ERSPAN_III(session_id=3, ft=2)
        / Raw(bytes(inner_ip() / tcp())),
    ),
    _frame("eth/vlan/pbb/eth/ip/tcp", eth() / Dot1AD(vlan=10) / Dot1AH(isid=0x012345) / INNER),
    _frame("eth/fence/eth/ip/tcp", _typed(0x88DE, bytes([0, 7, 0, 0]) + bytes(6) + bytes(INNER))),
    _frame("eth/ip/etherip/eth/ip/tcp", eth() / ip(proto=97) / Raw(b"\x30\x00") / INNER),
    _frame(
        "eth/ip/udp/vxlan/eth/rarp",
        eth() / ip() / UDP(sport=55555, dport=4789) / VXLAN(vni=5001, flags=8) / Ether(RARP),
    ),
    _frame(
        "eth/ip/udp/vxlan/eth/vlan/ip/tcp",
        eth() / ip() / UDP(sport=5, dport=8472) / VXLAN(vni=1, flags=8) / eth() / Dot1Q(vlan=9) / inner_ip() / tcp(),
    ),
    _frame(
        "eth/ip/udp/gpe/nsh/eth/ip/tcp",
        eth() / ip() / UDP(sport=5, dport=4790) / Raw(bytes.fromhex("0c000004 00138900")) / NSH(nextproto=3) / INNER,
    ),
    _frame(
        "eth/ip/udp/gpe/ip/tcp",
        eth() / ip() / UDP(sport=5, dport=4790) / Raw(bytes.fromhex("0c000001 00138900")) / inner_ip() / tcp(),
    ),
    _frame(
        "eth/ipv6/udp/geneve/eth/ip/tcp",
        eth() / ipv6() / UDP(sport=5, dport=6081) / GENEVE(vni=77, proto=0x6558, options=[]) / INNER,
    ),
    _frame(
        "eth/ip/udp/geneve/eth/ip/tcp",
        eth() / ip() / UDP(sport=5, dport=6081) / Raw(bytes.fromhex("02006558 00004d00 01020381 0a0b0c0d")) / INNER,
    ),
    _frame(
        "eth/ip/udp/lisp/ip/tcp",
        eth() / ip() / UDP(sport=5, dport=4341) / Raw(bytes.fromhex("88000001 00000500")) / inner_ip() / tcp(),
    ),
    _frame(
        "eth/ip/udp/lisp/ipv6/tcp",
        eth() / ip() / UDP(sport=5, dport=4341) / Raw(bytes.fromhex("80000001 00000001")) / inner_ipv6() / tcp(),
    ),
    _frame("eth/pppoe/ip/tcp", eth() / PPPoE(sessionid=1) / PPP(proto=0x0021) / ip() / tcp()),
    _frame("eth/ip/ip/tcp", eth() / ip() / inner_ip() / tcp()),
    _frame("eth/ip/ipv6/tcp", eth() / ip() / inner_ipv6() / tcp()),
    _frame("eth/ipv6/ip/tcp", eth() / ipv6(nh=4) / inner_ip() / tcp()),
    _frame("eth/ip/esp", eth() / ip(proto=50) / Raw(bytes(40))),
    _frame("eth/ip/udp/esp", eth() / ip() / UDP(sport=4500, dport=4500) / Raw(bytes([0, 0, 1, 7] + [0] * 36))),
]
