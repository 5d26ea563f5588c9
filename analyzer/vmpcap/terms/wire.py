"""Numbers that stand on the wire, with the registry or document that assigns them."""

from typing import Final

# Link types: https://www.tcpdump.org/linktypes.html
LINKTYPE_NULL: Final = 0
LINKTYPE_ETHERNET: Final = 1
LINKTYPE_RAW: Final = 101
LINKTYPES_RAW_OLD: Final = (12, 14)
"""DLT_RAW of some BSDs and of OpenBSD, found in files that wrote DLT numbers."""
LINKTYPE_LOOP: Final = 108
LINKTYPE_LINUX_SLL: Final = 113
LINKTYPE_IPV4: Final = 228
LINKTYPE_IPV6: Final = 229
LINKTYPE_LINUX_SLL2: Final = 276

# Ethertypes: IEEE registration authority, https://standards-oui.ieee.org/ethertype/eth.txt
ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_ARP: Final = 0x0806
ETHERTYPE_TEB: Final = 0x6558  # Transparent Ethernet Bridging, RFC 1701
ETHERTYPE_RARP: Final = 0x8035  # RFC 903
ETHERTYPE_IPV6: Final = 0x86DD  # RFC 2464
ETHERTYPE_MPLS: Final = 0x8847  # RFC 5332
ETHERTYPE_MPLS_UPSTREAM: Final = 0x8848  # RFC 5332
ETHERTYPE_PPPOE_SESSION: Final = 0x8864  # RFC 2516
ETHERTYPE_ERSPAN2: Final = 0x88BE  # draft-foschiano-erspan
ETHERTYPE_FENCE: Final = 0x88DE  # Akimbi, then VMware LabManager; Wireshark's vmlab dissector
ETHERTYPE_PBB: Final = 0x88E7  # IEEE 802.1ah I-tag
ETHERTYPE_CMD: Final = 0x8909  # Cisco MetaData
ETHERTYPE_VNTAG: Final = 0x8926  # Cisco VN-Tag
ETHERTYPE_ETAG: Final = 0x893F  # IEEE 802.1BR E-tag
ETHERTYPE_NSH: Final = 0x894F  # RFC 8300
ETHERTYPES_VLAN_OLD: Final = (0x9100, 0x9200)
"""Tags of switches older than 802.1ad; unregistered, in wide use."""
ETHERTYPE_ERSPAN3: Final = 0x22EB  # draft-foschiano-erspan

ETHERTYPE_LEAST: Final = 0x0600
"""IEEE 802.3 3.2.6: from here on the field is a type."""
LENGTH_MOST: Final = 1500
"""IEEE 802.3 3.2.6: up to here the field is the length of an LLC frame."""

# IP protocols: https://www.iana.org/assignments/protocol-numbers
IP_HOP_BY_HOP: Final = 0
IP_ICMP: Final = 1
IP_IN_IP: Final = 4
IP_TCP: Final = 6
IP_UDP: Final = 17
IP_IPV6: Final = 41
IP_ROUTING: Final = 43
IP_FRAGMENT: Final = 44
IP_GRE: Final = 47
IP_ESP: Final = 50
IP_AH: Final = 51
IP_ICMPV6: Final = 58
IP_NO_NEXT: Final = 59
IP_DESTINATION_OPTIONS: Final = 60
IP_ETHERIP: Final = 97
IP_SCTP: Final = 132
IP_MOBILITY: Final = 135
IP_MPLS: Final = 137
IP_HIP: Final = 139
IP_SHIM6: Final = 140

# UDP ports: https://www.iana.org/assignments/service-names-port-numbers
UDP_LISP_DATA: Final = 4341
UDP_ESP: Final = 4500
UDP_GRE: Final = 4754
UDP_VXLAN: Final = 4789
UDP_VXLAN_GPE: Final = 4790
UDP_GENEVE: Final = 6081
UDP_MPLS: Final = 6635
UDP_VXLAN_OLD: Final = 8472
"""Linux before the assignment of 4789, and OTV by its assignment: one shape."""

# PPP protocols: https://www.iana.org/assignments/ppp-numbers
PPP_IPV4: Final = 0x0021
PPP_IPV6: Final = 0x0057
PPP_MPLS: Final = 0x0281

# Next protocols of VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe 3.2) and of NSH (RFC 8300 12.3): the same numbers
NEXT_IPV4: Final = 1
NEXT_IPV6: Final = 2
NEXT_ETHERNET: Final = 3
NEXT_NSH: Final = 4
NEXT_MPLS: Final = 5

# Address families of BSD, as NULL and LOOP write them; IPv6 has one number on each system
AF_INET: Final = 2
AFS_INET6: Final = (10, 24, 28, 30)  # Linux; NetBSD and OpenBSD; FreeBSD and DragonFly; Darwin

# Link-layer packet types of Linux (if_packet.h), in SLL and SLL2
PACKET_BROADCAST: Final = 1

# ARP (RFC 826, RFC 903; https://www.iana.org/assignments/arp-parameters)
ARP_HARDWARE_ETHERNET: Final = 1
ARP_REQUEST: Final = 1
ARP_REPLY: Final = 2
RARP_REQUEST: Final = 3
RARP_REPLY: Final = 4

# ICMP (https://www.iana.org/assignments/icmp-parameters, icmpv6-parameters)
ICMP_ECHO_REPLY: Final = 0
ICMP_UNREACHABLE: Final = 3
ICMP_TOO_BIG: Final = 4  # code of it: fragmentation needed and DF set
ICMP_REDIRECT: Final = 5
ICMP_ECHO_REQUEST: Final = 8
ICMPV6_ECHO_REQUEST: Final = 128
ICMPV6_ECHO_REPLY: Final = 129
ICMPV6_NEIGHBOR_SOLICITATION: Final = 135
ICMPV6_NEIGHBOR_ADVERTISEMENT: Final = 136
ECHOES: Final = (
    (IP_ICMP, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY),
    (IP_ICMPV6, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY),
)
"""Protocol, types of request and reply."""
ND_SOURCE_LINK_LAYER: Final = 1  # RFC 4861 4.6.1
ND_TARGET_LINK_LAYER: Final = 2

# TCP flags (RFC 9293 3.1, RFC 3168)
TCP_FIN: Final = 0x001
TCP_SYN: Final = 0x002
TCP_RST: Final = 0x004
TCP_PSH: Final = 0x008
TCP_ACK: Final = 0x010
TCP_URG: Final = 0x020
TCP_ECE: Final = 0x040
TCP_CWR: Final = 0x080

# TCP option kinds: https://www.iana.org/assignments/tcp-parameters
TCP_OPTION_END: Final = 0
TCP_OPTION_NOP: Final = 1
TCP_OPTION_MSS: Final = 2
TCP_OPTION_WINDOW_SCALE: Final = 3
TCP_OPTION_SACK_PERMITTED: Final = 4
TCP_OPTION_SACK: Final = 5
TCP_OPTION_TIMESTAMPS: Final = 8
