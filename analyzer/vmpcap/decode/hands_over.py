"""Where the number of the next header stands: words of the steps table."""

from vmpcap.decode import stops
from vmpcap.decode.words import HandsOver, Space


def ethertype_at(at: int) -> HandsOver:
    """The ethertype at this offset."""
    return HandsOver(Space.ETHERTYPE, at, 0xFFFF)


def ip_protocol_at(at: int) -> HandsOver:
    """The IP protocol at this offset."""
    return HandsOver(Space.IP_PROTOCOL, at, 0xFF00, 8)


def udp_port_at(at: int) -> HandsOver:
    """The port at this offset, where it is a tunnel's."""
    return HandsOver(Space.UDP_PORT, at, 0xFFFF)


def gre_protocol_at(at: int) -> HandsOver:
    """The protocol type at this offset, under the key (0x20) and sequence (0x10) flags of byte 0."""
    return HandsOver(Space.GRE, at, 0xFFFF, select_mask=0x30, select_shift=4)


def gre_protocol_without_key_at(at: int) -> HandsOver:
    """The protocol type at this offset under the sequence flag (0x10): a key stands before routing entries."""
    return HandsOver(Space.GRE, at, 0xFFFF, select_mask=0x10, select_shift=4)


def next_protocol_at(at: int) -> HandsOver:
    """The next protocol (8 bits) that ends at this offset."""
    return HandsOver(Space.NEXT_PROTOCOL, at - 1, 0x00FF)


def erspan_frame_at(at: int) -> HandsOver:
    """The five bits of a frame type, after the first of the 16 bits at this offset."""
    return HandsOver(Space.ERSPAN_FRAME, at, 0x7C00, 10)


def address_family_at(at: int) -> HandsOver:
    """The address family in the 32 bits at this offset."""
    return HandsOver(Space.ADDRESS_FAMILY, at, 0xFFFF, is_either_order=True)


def ppp_protocol_before_end() -> HandsOver:
    """The PPP protocol in the last two bytes of the header, or the last one where its length is odd."""
    return HandsOver(Space.PPP_PROTOCOL, -2, 0xFFFF, is_after_header=True, is_compressed=True)


def llc_sap_at(at: int) -> HandsOver:
    """The two service access points at this offset."""
    return HandsOver(Space.LLC_SAP, at, 0xFFFF)


def always_llc() -> HandsOver:
    """An LLC header follows, whatever stands here: as after an 802.3 length."""
    return HandsOver(Space.ETHERTYPE, const=0)


def link_type_at(at: int) -> HandsOver:
    """The link type in the 16 bits at this offset, low byte first."""
    return HandsOver(Space.LINK_TYPE, at, 0xFFFF, is_little_endian=True)


def always_link_type(number: int) -> HandsOver:
    """What a capture of this link type begins with."""
    return HandsOver(Space.LINK_TYPE, const=number)


def frame_relay_at(at: int) -> HandsOver:
    """The 16 bits after a Q.922 address at this offset."""
    return HandsOver(Space.FRAME_RELAY, at, 0xFFFF)


def hdlc_at(at: int) -> HandsOver:
    """The protocol of Cisco HDLC at this offset."""
    return HandsOver(Space.HDLC, at, 0xFFFF)


def arcnet_at(at: int) -> HandsOver:
    """The protocol of ARCNET (8 bits) at this offset."""
    return HandsOver(Space.ARCNET, at - 1, 0x00FF)


def tzsp_at(at: int) -> HandsOver:
    """The encapsulated protocol of TZSP at this offset."""
    return HandsOver(Space.TZSP, at, 0xFFFF)


def netlink_at(at: int) -> HandsOver:
    """The family of netlink at this offset."""
    return HandsOver(Space.NETLINK, at, 0xFFFF)


def netfilter_at(at: int) -> HandsOver:
    """The kind of a message of netfilter at this offset, low byte first."""
    return HandsOver(Space.NETFILTER, at, 0xFFFF, is_little_endian=True)


def whatever_fits(number: int) -> HandsOver:
    """What the bytes look like most, by the row that claims this choice."""
    return HandsOver(Space.GUESS, const=number)


def by_ip_version() -> HandsOver:
    """The four bits after the header."""
    return HandsOver(Space.IP_VERSION, 0, 0xF000, 12, is_after_header=True)


def always_ethernet() -> HandsOver:
    """An Ethernet header follows, whatever stands here."""
    return HandsOver(Space.LINK_TYPE, const=1)


def ends(stop: int = stops.COMPLETE) -> HandsOver:
    """Nothing that the walk follows."""
    return HandsOver(None, stop=stop)
