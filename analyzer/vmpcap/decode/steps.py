"""THE TABLE: one row per header that the walk knows, in the order a person would explain them."""

from typing import Final

from vmpcap.decode.stops import FOREIGN_ARP, LLC, OPAQUE
from vmpcap.decode.words import (
    ARP,
    COOKED,
    COOKED2,
    ETHERNET,
    FENCE_ID,
    ICMP,
    INSTANCE_ID,
    IPV4,
    IPV6,
    LABEL,
    SERVICE_ID,
    TCP,
    UDP,
    VLAN_ID,
    VNI,
    VSID,
    Expect,
    FragmentWord,
    Size,
    Step,
    address_family,
    address_family_at,
    always_ethernet,
    by_ip_version,
    ends,
    erspan_frame,
    erspan_frame_at,
    ethertype,
    ethertype_at,
    ethertype_only,
    fixed,
    fixed_if,
    flagged,
    gre_any,
    gre_keyed,
    gre_protocol_at,
    gre_sequenced,
    gre_unkeyed,
    gre_unsequenced,
    ip_protocol,
    ip_protocol_at,
    ip_version,
    label_stack,
    link_type,
    next_protocol,
    next_protocol_at,
    ppp_protocol,
    ppp_protocol_at,
    udp_port,
    udp_port_at,
    words,
)

ABOUT_ETHERNET_AND_IPV4: Final = Expect(0xFFFF_FFFF_FFFF_0000, 0x0001_0800_0604_0000, FOREIGN_ARP)
IPV4_FRAGMENT: Final = FragmentWord(at=6, offset_mask=0x1FFF, more_mask=0x2000)
IPV6_FRAGMENT: Final = FragmentWord(at=2, offset_mask=0xFFF8, more_mask=0x0001)
GRE_FLAGS: Final = {0x80: 4, 0x20: 4, 0x10: 4}  # checksum, key, sequence number: four bytes each (RFC 2890)
MIRROR_CUT: Final = 0x04  # the T bit of ERSPAN II and III

IPV4_ENTRIES: Final = (
    ethertype(0x0800) + link_type(228) + ip_protocol(4) + ip_version(4) + address_family(2)
    + ppp_protocol(0x0021) + next_protocol(1)
)  # fmt: skip
IPV6_ENTRIES: Final = (
    ethertype(0x86DD) + link_type(229) + ip_protocol(41) + ip_version(6) + address_family(10, 24, 28, 30)
    + ppp_protocol(0x0057) + next_protocol(2)
)  # fmt: skip
ETHERNET_ENTRIES: Final = (
    link_type(1) + ethertype_only(0x6558) + gre_unkeyed(0x6558) + next_protocol(0, 3) + erspan_frame(0)
)
MPLS_ENTRIES: Final = (
    ethertype(0x8847, 0x8848) + ip_protocol(137) + udp_port(6635) + ppp_protocol(0x0281) + next_protocol(5)
)
TAGS: Final = ethertype(0x8100, 0x88A8, 0x9100, 0x9200)
LLC_LENGTHS: Final = ethertype_only(*range(1501))

# fmt: off
STEPS: Final = (
    #    name        entered by                 header length                      hands over by
    # where a frame begins
    Step("eth",      ETHERNET_ENTRIES,          fixed(14),                         ethertype_at(12), reads=ETHERNET),
    Step("sll",      link_type(113),            fixed(16),                         ethertype_at(14), reads=COOKED),
    Step("sll2",     link_type(276),            fixed(20),                         ethertype_at(0), reads=COOKED2),
    Step("raw",      link_type(12, 14, 101),    fixed(0),                          by_ip_version()),
    Step("null",     link_type(0),              fixed(4),                          address_family_at(0)),
    Step("loop",     link_type(108),            fixed(4),                          address_family_at(0)),
    # between the addresses and the type
    Step("vlan",     TAGS,                      fixed(4),                          ethertype_at(2), keeps=VLAN_ID),
    Step("vntag",    ethertype(0x8926),         fixed(6),                          ethertype_at(4)),
    Step("etag",     ethertype(0x893F),         fixed(8),                          ethertype_at(6)),
    Step("cmd",      ethertype(0x8909),         fixed(8),                          ethertype_at(6)),
    Step("llc",      LLC_LENGTHS,               fixed(3),                          ends(LLC)),
    # the announcements
    Step("arp",      ethertype(0x0806),         fixed(28),                         ends(), reads=ARP,
         expects=ABOUT_ETHERNET_AND_IPV4),
    Step("rarp",     ethertype(0x8035),         fixed(28),                         ends(), reads=ARP,
         expects=ABOUT_ETHERNET_AND_IPV4),
    # the network layer
    Step("ip",       IPV4_ENTRIES,              words(at=0, mask=0x0F, least=20, version=0x40),
         ip_protocol_at(9), reads=IPV4, size=Size(at=2), fragment=IPV4_FRAGMENT),
    Step("ipv6",     IPV6_ENTRIES,              fixed_if(40, at=0, mask=0xF0, value=0x60),
         ip_protocol_at(6), reads=IPV6, size=Size(at=4, after=40)),
    Step("hopopts",  ip_protocol(0),            words(at=1, base=8, unit=8),       ip_protocol_at(0)),
    Step("routing",  ip_protocol(43),           words(at=1, base=8, unit=8),       ip_protocol_at(0)),
    Step("fragment", ip_protocol(44),           fixed(8),                          ip_protocol_at(0),
         fragment=IPV6_FRAGMENT),
    Step("dstopts",  ip_protocol(60),           words(at=1, base=8, unit=8),       ip_protocol_at(0)),
    Step("ah",       ip_protocol(51),           words(at=1, base=8, unit=4),       ip_protocol_at(0)),
    Step("mobility", ip_protocol(135),          words(at=1, base=8, unit=8),       ip_protocol_at(0)),
    Step("hip",      ip_protocol(139),          words(at=1, base=8, unit=8),       ip_protocol_at(0)),
    Step("shim6",    ip_protocol(140),          words(at=1, base=8, unit=8),       ip_protocol_at(0)),
    Step("none",     ip_protocol(59),           fixed(0),                          ends()),
    # the transport layer
    Step("tcp",      ip_protocol(6),            words(at=12, mask=0xF0, shift=4, least=20), ends(), reads=TCP),
    Step("udp",      ip_protocol(17),           fixed(8),                          udp_port_at(2), reads=UDP,
         size=Size(at=4)),
    Step("icmp",     ip_protocol(1),            fixed(8),                          ends(), reads=ICMP),
    Step("icmpv6",   ip_protocol(58),           fixed(8),                          ends(), reads=ICMP),
    Step("esp",      ip_protocol(50) + udp_port(4500), fixed(0),                       ends(OPAQUE)),
    # labels and GRE
    Step("mpls",     MPLS_ENTRIES,              label_stack(),                     by_ip_version(), keeps=LABEL),
    Step("gre",      ip_protocol(47) + udp_port(4754), flagged(0, 4, GRE_FLAGS, never=0x40), gre_protocol_at(2)),
    Step("nvgre",    gre_keyed(0x6558),         fixed(0),                          always_ethernet(), keeps=VSID),
    Step("erspan1",  gre_unsequenced(0x88BE),       fixed(0),                          always_ethernet()),
    Step("erspan2",  gre_sequenced(0x88BE),     fixed_if(8, at=0, mask=0xF0, value=0x10), always_ethernet(),
         cut_mask=MIRROR_CUT),
    Step("erspan3",  gre_any(0x22EB),           flagged(at=11, base=12, adds={0x01: 8}), erspan_frame_at(10),
         cut_mask=MIRROR_CUT),
    Step("erspan-ip", erspan_frame(2),          fixed(0),                          by_ip_version()),
    # Ethernet inside something
    Step("pbb",      ethertype(0x88E7),         fixed(4),                          always_ethernet(), keeps=SERVICE_ID),
    Step("fence",    ethertype(0x88DE),         fixed(10),                         always_ethernet(), keeps=FENCE_ID),
    Step("etherip",  ip_protocol(97),           fixed_if(2, at=0, mask=0xFF, value=0x30), always_ethernet()),
    Step("vxlan",    udp_port(4789, 8472),      fixed_if(8, at=0, mask=0x08, value=0x08), always_ethernet(),
         keeps=VNI),
    Step("gpe",      udp_port(4790),            fixed_if(8, at=0, mask=0x38, value=0x08), next_protocol_at(3),
         keeps=VNI),
    Step("nsh",      ethertype(0x894F) + next_protocol(4), words(at=1, mask=0x3F, least=8), next_protocol_at(3)),
    Step("geneve",   udp_port(6081),            words(at=0, mask=0x3F, base=8, version=0x00), ethertype_at(2),
         keeps=VNI),
    # IP inside something
    Step("lisp",     udp_port(4341),            fixed(8),                          by_ip_version(), keeps=INSTANCE_ID),
    Step("pppoe",    ethertype(0x8864),         fixed_if(8, at=0, mask=0xFF, value=0x11), ppp_protocol_at(6),
         size=Size(at=4, after=6)),
)
# fmt: on
