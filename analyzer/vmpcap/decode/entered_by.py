"""By which number a header is entered: the first words of a row of the steps table."""

from collections.abc import Iterable

from vmpcap.decode.words import Claim, Claims, Space


def link_type(*numbers: int) -> Claims:
    """A capture of this LINKTYPE_ begins here."""
    return _claims(Space.LINK_TYPE, numbers)


def ethertype(*numbers: int) -> Claims:
    """An ethertype, wherever one stands; GRE carries the same numbers, whatever its flags."""
    return ethertype_only(*numbers) + gre_any(*numbers)


def ethertype_only(*numbers: int) -> Claims:
    """An ethertype that means something else, or nothing, in GRE."""
    return _claims(Space.ETHERTYPE, numbers)


def gre_any(*numbers: int) -> Claims:
    """A protocol type of GRE whatever its flags."""
    return gre_unsequenced(*numbers) + gre_sequenced(*numbers)


def gre_unsequenced(*numbers: int) -> Claims:
    """A protocol type of GRE without a sequence number."""
    return _claims(Space.GRE, numbers) + _claims(Space.GRE_KEYED, numbers)


def gre_sequenced(*numbers: int) -> Claims:
    """A protocol type of GRE with a sequence number."""
    return _claims(Space.GRE_SEQUENCED, numbers) + _claims(Space.GRE_KEYED_SEQUENCED, numbers)


def gre_keyed(*numbers: int) -> Claims:
    """A protocol type of GRE with a key and without a sequence number: the key is the last word."""
    return _claims(Space.GRE_KEYED, numbers)


def gre_unkeyed(*numbers: int) -> Claims:
    """A protocol type of GRE, except with a key as the last word."""
    return _claims(Space.GRE, numbers) + gre_sequenced(*numbers)


def ip_protocol(*numbers: int) -> Claims:
    """A protocol of IPv4 or a next header of IPv6."""
    return _claims(Space.IP_PROTOCOL, numbers)


def udp_port(*numbers: int) -> Claims:
    """A destination port of UDP. Source ports are chosen at random by tunnels and say nothing."""
    return _claims(Space.UDP_PORT, numbers)


def ip_version(number: int) -> Claims:
    """The first four bits, where nothing else tells IPv4 from IPv6."""
    return _claims(Space.IP_VERSION, (number,))


def address_family(*numbers: int) -> Claims:
    """An address family below 256 in a field of 32 bits, in either byte order."""
    return _claims(Space.ADDRESS_FAMILY, [n << shift for n in numbers for shift in (0, 8)])


def ppp_protocol(*numbers: int) -> Claims:
    """A protocol of PPP."""
    return _claims(Space.PPP_PROTOCOL, numbers)


def next_protocol(*numbers: int) -> Claims:
    """A next protocol of VXLAN-GPE or of the network service header."""
    return _claims(Space.NEXT_PROTOCOL, numbers)


def llc_sap(*numbers: int) -> Claims:
    """Destination and source service access points of LLC, both together (IEEE 802.2)."""
    return _claims(Space.LLC_SAP, numbers)


def frame_relay(*numbers: int) -> Claims:
    """The 16 bits after a Q.922 address: an ethertype, or UI and a network-layer protocol id (RFC 2427)."""
    return _claims(Space.FRAME_RELAY, numbers)


def hdlc(*numbers: int) -> Claims:
    """A protocol of Cisco HDLC. Apart from ethertypes: its keep-alives carry the number of RARP and are none."""
    return _claims(Space.HDLC, numbers)


def arcnet(*numbers: int) -> Claims:
    """A protocol of ARCNET."""
    return _claims(Space.ARCNET, numbers)


def tzsp(*numbers: int) -> Claims:
    """An encapsulated protocol of TZSP."""
    return _claims(Space.TZSP, numbers)


def netlink(*numbers: int) -> Claims:
    """A family of Linux netlink."""
    return _claims(Space.NETLINK, numbers)


def netfilter(*numbers: int) -> Claims:
    """Subsystem and kind of a message of netfilter, in the byte order of either host."""
    return _claims(Space.NETFILTER, [n for number in numbers for n in (number, number >> 8 | (number & 0xFF) << 8)])


def choice(number: int) -> Claims:
    """A place where other rows let the bytes decide."""
    return _claims(Space.GUESS, (number,))


def chosen() -> Claims:
    """No number: entered because it looked like this."""
    return ()


def erspan_frame(*numbers: int) -> Claims:
    """A frame type of ERSPAN III."""
    return _claims(Space.ERSPAN_FRAME, numbers)


def _claims(space: Space, numbers: Iterable[int]) -> Claims:
    return tuple(Claim(space, number) for number in numbers)
