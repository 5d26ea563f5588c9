"""THE TABLE: one row per header that the walk knows, in the order a person would explain them."""

from typing import Final

from vmpcap.decode.entered_by import (
    address_family,
    arcnet,
    choice,
    chosen,
    erspan_frame,
    ethertype,
    ethertype_only,
    frame_relay,
    gre_any,
    gre_keyed,
    gre_sequenced,
    gre_unkeyed,
    gre_unsequenced,
    hdlc,
    ip_protocol,
    ip_version,
    link_type,
    llc_sap,
    netfilter,
    netlink,
    next_protocol,
    ppp_protocol,
    tzsp,
    udp_port,
)
from vmpcap.decode.hands_over import (
    address_family_at,
    always_ethernet,
    always_link_type,
    always_llc,
    arcnet_at,
    by_ip_version,
    ends,
    erspan_frame_at,
    ethertype_at,
    frame_relay_at,
    gre_protocol_at,
    gre_protocol_without_key_at,
    hdlc_at,
    ip_protocol_at,
    link_type_at,
    llc_sap_at,
    netfilter_at,
    netlink_at,
    next_protocol_at,
    ppp_protocol_before_end,
    tzsp_at,
    udp_port_at,
    whatever_fits,
)
from vmpcap.decode.header_sizes import (
    fixed,
    fixed_if,
    flagged,
    gre_route,
    label_stack,
    little_count,
    nflog_fields,
    nfqueue_fields,
    no_header,
    one_of,
    ppp_header,
    ppp_protocol_behind,
    tzsp_tags,
    words,
)
from vmpcap.decode.keeps import (
    CALL,
    CHANNEL,
    ESP_NUMBER,
    ESP_SPI,
    FENCE_ID,
    FROM_PORT,
    GRE_KEY,
    GRE_NUMBER,
    GROUP,
    INGRESS,
    INSTANCE_ID,
    LABEL,
    OTV_INSTANCE,
    OVERLAY_ID,
    PPTP_NUMBER,
    ROUTED_NUMBER,
    ROUTED_NUMBER_BEHIND_KEY,
    SERVICE_ID,
    SESSION,
    STAMP,
    TO_PORT,
    TREE,
    TUNNEL_SESSION,
    TUNNEL_SESSION_UDP,
    VLAN_ID,
    VNI,
    VSID,
)
from vmpcap.decode.stops import FOREIGN_ARP, LLC, NOT_AS_NAMED, OPAQUE
from vmpcap.decode.words import (
    ARP,
    COOKED,
    COOKED2,
    ETHERNET,
    FDDI,
    ICMP,
    IPV4,
    IPV6,
    RING,
    TCP,
    UDP,
    Candidate,
    Expect,
    FragmentWord,
    Shape,
    Size,
    Step,
)

ABOUT_ETHERNET_AND_IPV4: Final = Expect(0xFFFF_FFFF_FFFF_0000, 0x0001_0800_0604_0000, FOREIGN_ARP)
IPV4_FRAGMENT: Final = FragmentWord(at=6, offset_mask=0x1FFF, more_mask=0x2000)
IPV6_FRAGMENT: Final = FragmentWord(at=2, offset_mask=0xFFF8, more_mask=0x0001)
GRE_FLAGS: Final = {0x80: 4, 0x20: 4, 0x10: 4}  # checksum, key, sequence number: four bytes each (RFC 2890)
MIRROR_CUT: Final = 0x04  # the T bit of ERSPAN II and III
PLAIN_TRILL: Final = Expect(0xC700_0000_0000_0000, 0, NOT_AS_NAMED)  # version 0, fewer than four option words
LLC_IN_A_RING: Final = Expect(0x00C0_0000_0000_0000, 0x0040_0000_0000_0000, NOT_AS_NAMED)  # IEEE 802.5 3.2.3
OPEN_AIR: Final = Expect(0x0040_0000_0000_0000, 0, OPAQUE)  # the protected-frame bit of IEEE 802.11 9.2.4.1.9
BEGINNING: Final = Expect(0x0000_0000_0000_FF00, 0x5500, NOT_AS_NAMED)  # of a frame that is sent in parts: 802.3br 99.3
PPPOE: Final = Expect(0xFF00_0000_0000_0000, 0x1100_0000_0000_0000, NOT_AS_NAMED)  # version and type: RFC 2516 4
PLAIN_SNAP: Final = Expect(0xFFFF_FF00_0000_0000, 0, LLC)  # the OUI under which ethertypes are meant (RFC 1042)
AFTER_LABELS: Final = 1
TUNNEL_COOKIE: Final = 2

WHAT_LABELS_CARRY: Final = (
    Candidate("ip", Shape.IPV4, mask=0xF000_0000, value=0x4000_0000),
    Candidate("ipv6", Shape.IPV6, mask=0xF000_0000, value=0x6000_0000),
    Candidate("pw", Shape.ETHERNET),
    Candidate("pwcw", Shape.ETHERNET, at=4, mask=0xF000_0000),
    Candidate("pwach", Shape.ANYTHING, mask=0xFFFF_0000, value=0x1000_0000),
)  # RFC 4385 3 and 5: a control word begins with a nibble of 0; so do the addresses of many vendors
WHAT_8472_CARRIES: Final = (
    Candidate("vxlan", Shape.ETHERNET, at=8, mask=0xFFFF_FFFF, value=0x0800_0000),
    Candidate("vxlan", Shape.ETHERNET, at=8, mask=0xFFB7_0000, value=0x8800_0000),  # draft-smith-vxlan-group-policy 2.1
    Candidate("otv", Shape.ETHERNET, at=8, mask=0xFF00_0000, value=0x0800_0000),
    Candidate("lispl2", Shape.ETHERNET, at=8, mask=0x0800_0000, value=0x0800_0000),
)
WHAT_4500_CARRIES: Final = (
    Candidate("natt-alive", Shape.LESS_THAN_A_WORD),
    Candidate("ike", Shape.ANYTHING, mask=0xFFFF_FFFF, value=0),
    Candidate("esp", Shape.ANYTHING),
)  # RFC 3948 2
WHAT_1701_CARRIES: Final = (
    Candidate("l2tp-control", Shape.ANYTHING, mask=0x8000_0000, value=0x8000_0000),
    Candidate("l2tpv3-udp", Shape.ANYTHING, mask=0x000F_0000, value=0x0003_0000),
    Candidate("l2tpv2", Shape.ANYTHING, mask=0x000F_0000, value=0x0002_0000),
)  # RFC 3931 4.1.2.1, RFC 2661 3.1
WHAT_115_CARRIES: Final = (
    Candidate("l2tp-control", Shape.ANYTHING, mask=0xFFFF_FFFF, value=0),
    Candidate("l2tpv3", Shape.ANYTHING),
)  # RFC 3931 4.1.1.1
WHAT_47_CARRIES: Final = (
    Candidate("gre", Shape.ANYTHING, mask=0x4007_0000, value=0),
    Candidate("gre-routed", Shape.ANYTHING, mask=0x4007_0000, value=0x4000_0000),
    Candidate("pptp", Shape.ANYTHING, mask=0xF007_FFFF, value=0x3001_880B),
    Candidate("pptp-ack", Shape.ANYTHING, mask=0xF007_FFFF, value=0x2001_880B),
)  # the version, and what makes another header of the same one (RFC 1701, RFC 2784 2.2, RFC 2637 4.1)
WHAT_FOLLOWS_A_COOKIE: Final = tuple(
    Candidate(name, Shape.ETHERNET, at=at) for name, at in (("l2eth", 0), ("l2eth4", 4), ("l2eth8", 8), ("l2eth12", 12))
)  # cookies of 0, 4 or 8 bytes, with or without the default sublayer of 4 (RFC 3931 4.1, 4.6)

IPV4_ENTRIES: Final = (
    ethertype(0x0800) + link_type(228) + ip_protocol(4) + ip_version(4) + address_family(2)
    + ppp_protocol(0x0021) + next_protocol(1) + frame_relay(0x0800, 0x03CC) + hdlc(0x0800) + arcnet(0xF0, 0xD4)
)  # fmt: skip
IPV6_ENTRIES: Final = (
    ethertype(0x86DD) + link_type(229) + ip_protocol(41) + ip_version(6) + address_family(10, 24, 28, 30)
    + ppp_protocol(0x0057) + next_protocol(2) + frame_relay(0x86DD, 0x038E) + hdlc(0x86DD) + arcnet(0xC4)
)  # fmt: skip
ETHERNET_ENTRIES: Final = (
    link_type(1)
    + ethertype_only(0x6558)
    + gre_unkeyed(0x6558)
    + next_protocol(0, 3)
    + erspan_frame(0)
    + tzsp(1)
    + ip_protocol(143)
)  # 143: RFC 8986 10.1
PPP_ENTRIES: Final = link_type(9, 50) + tzsp(4) + gre_any(0x880B)
MPLS_ENTRIES: Final = (
    ethertype(0x8847, 0x8848)
    + ip_protocol(137)
    + udp_port(6635)
    + ppp_protocol(0x0281)
    + next_protocol(5)
    + hdlc(0x8847)
    + frame_relay(0x8847)
)
FRAME_STARTS: Final = dict.fromkeys((0xD5, 0xE6, 0x4C, 0x7F, 0xB3), 8)  # IEEE 802.3br 99.3.3
ARCNET_WITHOUT_PARTS: Final = {0xF0: 5, 0xF1: 5}  # RFC 1051; RFC 1201 adds a flag and a number
TAGS: Final = ethertype(0x8100, 0x88A8, 0x9100, 0x9200)
LLC_LENGTHS: Final = ethertype_only(*range(1501))

# fmt: off
STEPS: Final = (
    #    name        entered by                 header length                      hands over by
    # where a frame begins
    Step("eth",      ETHERNET_ENTRIES,          fixed(14),                         ethertype_at(12), reads=ETHERNET),
    Step("sll",      link_type(113),            fixed(16),                         ethertype_at(14), reads=COOKED),
    Step("sll2",     link_type(276),            fixed(20),                         ethertype_at(0), reads=COOKED2),
    Step("raw",      link_type(12, 14, 101) + tzsp(7), fixed(0),                   by_ip_version()),
    Step("null",     link_type(0),              fixed(4),                          address_family_at(0)),
    Step("loop",     link_type(108),            fixed(4),                          address_family_at(0)),
    Step("pktap",    link_type(258),            little_count(at=0, least=12),      link_type_at(8)),
    Step("ppi",      link_type(192),            little_count(at=2, least=8),       link_type_at(4)),
    Step("netlink",  link_type(253),            fixed(16),                         netlink_at(14)),
    Step("netfilter", netlink(12),              fixed(16),                         netfilter_at(4)),
    Step("nflog",    link_type(239) + netfilter(0x0400), nflog_fields(),           by_ip_version()),
    Step("nfqueue",  netfilter(0x0300),         nfqueue_fields(),                  by_ip_version()),
    Step("ipoib",    link_type(242),            fixed(44),                         ethertype_at(40)),
    Step("brcm",     link_type(281),            fixed(18),                         ethertype_at(16), reads=ETHERNET),
    Step("brcm-first", link_type(282),          fixed(4),                          always_ethernet()),
    Step("dsa",      link_type(284),            fixed(18),                         ethertype_at(16), reads=ETHERNET),
    Step("edsa",     link_type(285),            fixed(22),                         ethertype_at(20), reads=ETHERNET),
    Step("mpacket",  link_type(274),            one_of(7, FRAME_STARTS),           always_ethernet(),
         expects=BEGINNING),
    # where Ethernet is not what it begins with
    Step("ppp",      PPP_ENTRIES,               ppp_header(),                      ppp_protocol_before_end()),
    Step("slip",     link_type(8),              fixed(16),                         by_ip_version()),
    Step("chdlc",    link_type(104),            fixed(4),                          hdlc_at(2)),
    Step("frelay",   link_type(107),            fixed(4),                          frame_relay_at(2)),
    Step("tokenring", link_type(6) + tzsp(2),   fixed_if(14, at=8, mask=0x80, value=0x00), always_llc(), reads=RING,
         expects=LLC_IN_A_RING),
    Step("fddi",     link_type(10) + tzsp(5),   fixed_if(13, at=0, mask=0xF0, value=0x50), always_llc(), reads=FDDI),
    Step("arcnet",   link_type(129),            one_of(4, ARCNET_WITHOUT_PARTS, other=8), arcnet_at(4)),
    Step("sunatm",   link_type(123),            fixed_if(4, at=0, mask=0x0F, value=0x02), always_llc()),
    Step("radiotap", link_type(127),            little_count(at=2, least=8),       always_link_type(105)),
    Step("wlan",     link_type(105) + tzsp(18), one_of(0, {0x08: 24, 0x88: 26}),   always_llc(), expects=OPEN_AIR),
    # between the addresses and the type
    Step("vlan",     TAGS,                      fixed(4),                          ethertype_at(2), keeps=VLAN_ID),
    Step("vntag",    ethertype(0x8926),         fixed(6),                          ethertype_at(4), keeps=TO_PORT,
         also_keeps=FROM_PORT),
    Step("etag",     ethertype(0x893F),         fixed(8),                          ethertype_at(6), keeps=CHANNEL),
    Step("cmd",      ethertype(0x8909),         fixed(8),                          ethertype_at(6), keeps=GROUP),
    Step("llc",      LLC_LENGTHS,               fixed(3),                          llc_sap_at(0)),
    Step("snap",     llc_sap(0xAAAA),           fixed(5),                          ethertype_at(3), expects=PLAIN_SNAP),
    # the announcements
    Step("arp",      ethertype(0x0806) + arcnet(0xF1, 0xD5), fixed(28),                         ends(), reads=ARP,
         expects=ABOUT_ETHERNET_AND_IPV4),
    Step("rarp",     ethertype(0x8035) + arcnet(0xD6), fixed(28),                         ends(), reads=ARP,
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
    Step("esp",      ip_protocol(50),           fixed(0),                          ends(OPAQUE), keeps=ESP_SPI,
         also_keeps=ESP_NUMBER),
    Step("ike",      chosen(),                  fixed(4),                          ends()),
    Step("natt-alive", chosen(),                fixed(1),                          ends()),
    # labels and GRE
    Step("mpls",     MPLS_ENTRIES,              label_stack(),                     whatever_fits(AFTER_LABELS),
         keeps=LABEL),
    Step("pw",       chosen(),                  fixed(0),                          always_ethernet()),
    Step("pwcw",     chosen(),                  fixed(4),                          always_ethernet()),
    Step("pwach",    chosen(),                  fixed(4),                          ends()),
    Step("gre",      chosen(),                  flagged(0, 4, GRE_FLAGS, never=0x40), gre_protocol_at(2),
         keeps=GRE_KEY, also_keeps=GRE_NUMBER),
    Step("gre-routed", chosen(),                gre_route(),                       gre_protocol_without_key_at(2),
         keeps=ROUTED_NUMBER_BEHIND_KEY, also_keeps=ROUTED_NUMBER),
    Step("pptp",     chosen(),                  flagged(1, 12, {0x80: 4}),         always_link_type(9), keeps=CALL,
         also_keeps=PPTP_NUMBER),
    Step("pptp-ack", chosen(),                  flagged(1, 8, {0x80: 4}),          ends(), keeps=CALL),
    Step("nvgre",    gre_keyed(0x6558),         fixed(0),                          always_ethernet(), keeps=VSID),
    Step("erspan1",  gre_unsequenced(0x88BE),   fixed(0),                          always_ethernet()),
    Step("erspan2",  gre_sequenced(0x88BE),     fixed_if(8, at=0, mask=0xF0, value=0x10), always_ethernet(),
         keeps=SESSION, cut_mask=MIRROR_CUT),
    Step("erspan3",  gre_any(0x22EB),           flagged(at=11, base=12, adds={0x01: 8}), erspan_frame_at(10),
         keeps=SESSION, also_keeps=STAMP, cut_mask=MIRROR_CUT),
    Step("erspan-ip", erspan_frame(2),          fixed(0),                          by_ip_version()),
    # Ethernet inside something
    Step("pbb",      ethertype(0x88E7),         fixed(4),                          always_ethernet(), keeps=SERVICE_ID),
    Step("fabricpath", ethertype(0x8903),       fixed(2),                          always_ethernet(), keeps=TREE),
    Step("trill",    ethertype(0x22F3),         words(at=1, mask=0xC0, base=6, shift=6), always_ethernet(),
         keeps=INGRESS, expects=PLAIN_TRILL),
    Step("fence",    ethertype(0x88DE),         fixed(10),                         always_ethernet(), keeps=FENCE_ID),
    Step("etherip",  ip_protocol(97),           fixed_if(2, at=0, mask=0xFF, value=0x30), always_ethernet()),
    Step("vxlan",    udp_port(4789),            fixed_if(8, at=0, mask=0x08, value=0x08), always_ethernet(),
         keeps=VNI),
    Step("otv",      chosen(),                  fixed(8),                          always_ethernet(), keeps=OVERLAY_ID,
         also_keeps=OTV_INSTANCE),
    Step("lispl2",   chosen(),                  fixed(8),                          always_ethernet(),
         keeps=INSTANCE_ID),
    Step("gpe",      udp_port(4790),            fixed_if(8, at=0, mask=0x38, value=0x08), next_protocol_at(3),
         keeps=VNI),
    Step("nsh",      ethertype(0x894F) + next_protocol(4), words(at=1, mask=0x3F, least=8), next_protocol_at(3)),
    Step("geneve",   udp_port(6081),            words(at=0, mask=0x3F, base=8, version=0x00), ethertype_at(2),
         keeps=VNI),
    Step("l2tpv3",   chosen(),                  fixed(4),                          whatever_fits(TUNNEL_COOKIE),
         keeps=TUNNEL_SESSION),
    Step("l2tpv3-udp", chosen(),                fixed(8),                          whatever_fits(TUNNEL_COOKIE),
         keeps=TUNNEL_SESSION_UDP),
    Step("l2tp-control", chosen(),              fixed(4),                          ends()),
    Step("l2eth",    chosen(),                  fixed(0),                          always_ethernet()),
    Step("l2eth4",   chosen(),                  fixed(4),                          always_ethernet()),
    Step("l2eth8",   chosen(),                  fixed(8),                          always_ethernet()),
    Step("l2eth12",  chosen(),                  fixed(12),                         always_ethernet()),
    Step("tzsp",     udp_port(37008),           tzsp_tags(),                       tzsp_at(2)),
    # IP inside something
    Step("lisp",     udp_port(4341),            fixed(8),                          by_ip_version(), keeps=INSTANCE_ID),
    Step("pppoe",    ethertype(0x8864),         ppp_protocol_behind(6),            ppp_protocol_before_end(),
         size=Size(at=4, after=6), expects=PPPOE),
    Step("l2tpv2",   chosen(),                  flagged(0, 6, {0x40: 2, 0x08: 4}, never=0x02), always_link_type(9)),
    # where no number says what follows: such rows only choose, and stand last
    Step("protocol47", ip_protocol(47) + udp_port(4754), no_header(),              chooses=WHAT_47_CARRIES),
    Step("natt",     udp_port(4500),            no_header(),                       chooses=WHAT_4500_CARRIES),
    Step("labelled", choice(AFTER_LABELS),      no_header(),                       chooses=WHAT_LABELS_CARRY),
    Step("port8472", udp_port(8472),            no_header(),                       chooses=WHAT_8472_CARRIES),
    Step("protocol115", ip_protocol(115),       no_header(),                       chooses=WHAT_115_CARRIES),
    Step("port1701", udp_port(1701),            no_header(),                       chooses=WHAT_1701_CARRIES),
    Step("cookie",   choice(TUNNEL_COOKIE),     no_header(),                       chooses=WHAT_FOLLOWS_A_COOKIE),
)
# fmt: on
