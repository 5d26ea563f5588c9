"""The language of the steps table: how a header is entered, how long it is, what it says and what follows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from vmpcap.decode import stops

REJECTED: Final = 0xFFFF
"""A length that means: this byte cannot stand in this header."""
LABEL_STACK: Final = 0xFFFE
"""A length that means: entries of four bytes up to and including the one with the bottom bit."""
NFLOG_FIELDS: Final = 0xFFFD
"""A length that means: type-length-value fields up to the value of the one that holds the packet."""
LITTLE_COUNT: Final = 0xFFFC
"""A length that means: as many bytes as the 16 bits say that begin at the byte looked at, low byte first."""
TZSP_TAGS: Final = 0xFFFB
"""A length that means: four bytes, then tagged fields up to and including the one that says that it is the last."""
PPP_HEADER: Final = 0xFFFA
"""A length that means: address and control where they are there, and a protocol of two bytes, or one that is odd."""
GRE_ROUTE: Final = 0xFFF9
"""A length that means: what the flags say, then routing entries up to and including the empty one."""
NFQUEUE_FIELDS: Final = 0xFFF8
"""A length that means: the same as NFLOG_FIELDS, with the queue's number of the field."""
LEAST_SPECIAL_LENGTH: Final = 0xFF00

MAX_DEPTH: Final = 16
"""Headers that one walk follows; the path has eight bits for each."""


class Space(IntEnum):
    """A registry of numbers by which a header is entered."""

    LINK_TYPE = 0
    ETHERTYPE = 1
    IP_PROTOCOL = 2
    UDP_PORT = 3
    IP_VERSION = 4
    ADDRESS_FAMILY = 5
    PPP_PROTOCOL = 6
    NEXT_PROTOCOL = 7
    ERSPAN_FRAME = 8
    GRE = 9
    GRE_SEQUENCED = 10
    GRE_KEYED = 11
    GRE_KEYED_SEQUENCED = 12
    LLC_SAP = 13
    GUESS = 14
    FRAME_RELAY = 15
    HDLC = 16
    ARCNET = 17
    TZSP = 18
    NETLINK = 19
    NETFILTER = 20


UNKNOWN_KEY_STOPS: Final = {
    Space.LINK_TYPE: stops.UNKNOWN_LINK_TYPE,
    Space.ETHERTYPE: stops.UNKNOWN_ETHERTYPE,
    Space.IP_PROTOCOL: stops.UNKNOWN_IP_PROTOCOL,
    Space.UDP_PORT: stops.COMPLETE,  # a port without a step is no tunnel: the datagram is the end
    Space.LLC_SAP: stops.LLC,
    # what programs and a kernel tell each other, and no packet
    Space.NETLINK: stops.COMPLETE,
    Space.NETFILTER: stops.COMPLETE,
}
"""Where the walk stops when a number of this registry is claimed by nobody; elsewhere UNKNOWN_PAYLOAD."""


# Which columns a header fills (decode.fields); the tens say on which layer.
NOTHING: Final = 0
ETHERNET: Final = 10
COOKED: Final = 11
COOKED2: Final = 12
RING: Final = 13
FDDI: Final = 14
IPV4: Final = 20
IPV6: Final = 21
ARP: Final = 22
TCP: Final = 30
UDP: Final = 31
ICMP: Final = 32

LINK_LAYER: Final = 1
NETWORK_LAYER: Final = 2
TRANSPORT_LAYER: Final = 3
READERS_PER_LAYER: Final = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """One number of one registry that enters a step."""

    space: Space
    key: int


Claims = tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Length:
    """How long a header is, by one of its bytes."""

    at: int
    by_byte: tuple[int, ...]
    needs: int
    """Bytes that every header of this kind has at least."""


class Shape(IntEnum):
    """What a guess looks for."""

    ANYTHING = 0
    ETHERNET = 1
    IPV4 = 2
    IPV6 = 3
    LESS_THAN_A_WORD = 4
    """Nothing but fewer than four bytes."""
    TOLD = 5
    """Whatever stands here: a user said so of the four bytes before it, which mask and value are for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that may stand here where no number says what does: it is scored by its form, and the best is taken."""

    step: str
    """Name of the row that it enters."""
    shape: Shape
    at: int = 0
    """Where that shape begins, in bytes from here."""
    mask: int = 0
    value: int = 0
    """What the first four bytes must be for it to be asked at all."""


@dataclass(frozen=True, slots=True)
class HandsOver:
    """Which number says what follows: ((16 bits at `at`) & mask) >> shift | const, looked up in `space`."""

    space: Space | None
    """None where the step ends the walk."""
    at: int = 0
    mask: int = 0
    shift: int = 0
    const: int = 0
    is_after_header: bool = False
    """Whether `at` counts from the end of the header instead of its beginning."""
    is_either_order: bool = False
    """Whether the number has 32 bits in the byte order of whoever wrote the file."""
    is_compressed: bool = False
    """Whether a first byte of zero may be left out: then the header has an odd length."""
    is_little_endian: bool = False
    """Whether the 16 bits at `at` have their low byte first."""
    select_mask: int = 0
    """Bits of byte 0 that choose among the registries that follow `space`."""
    select_shift: int = 0
    stop: int = stops.COMPLETE
    """Why a step that ends the walk does so."""


class Role(IntEnum):
    """What an id of a header is to a frame."""

    TAG = 0
    """A tag of the innermost Ethernet header."""
    OVERLAY = 1
    """The id of an overlay."""
    NOTE = 2
    """Only listed with the others."""
    TUNNEL = 3
    """Listed, and part of the tunnel's name where its packets are numbered, in this header or the one before it."""
    SEQUENCE = 4
    """A number that rises by one from packet to packet of a tunnel: what is missing was lost before the capture."""
    CLOCK = 5
    """Listed; a hardware clock whose unit stands elsewhere in its header, so where that begins is noted."""


@dataclass(frozen=True, slots=True)
class Keep:
    """An id in a header: ((32 bits at `at`) >> shift) & mask; `at` below 0 counts from the header's end."""

    name: str
    role: Role
    at: int
    shift: int
    mask: int
    when_mask: int = 0
    """Bits of byte 0 that must all be set for the id to be there."""
    separates: bool = True
    """Whether two frames that differ only here belong to two broadcast domains."""


@dataclass(frozen=True, slots=True)
class Size:
    """A 16-bit length of the packet at `at`; the packet ends that many bytes after `after`. 0 says nothing."""

    at: int
    after: int = 0


@dataclass(frozen=True, slots=True)
class FragmentWord:
    """16 bits at `at` that say which part of a packet this is."""

    at: int
    offset_mask: int
    more_mask: int


@dataclass(frozen=True, slots=True)
class Expect:
    """What the first eight bytes must be, else the walk stops."""

    mask: int
    value: int
    stop: int


@dataclass(frozen=True, slots=True)
class Step:
    """One header: a row of the table."""

    name: str
    entered_by: Claims
    length: Length
    hands_over: HandsOver = HandsOver(None)
    reads: int = NOTHING
    """Which columns it fills."""
    keeps: Keep | None = None
    also_keeps: Keep | None = None
    chooses: tuple[Candidate, ...] = ()
    """What may stand here: such a row has no header and does not appear in the path; the row that it chose does."""
    size: Size | None = None
    fragment: FragmentWord | None = None
    expects: Expect | None = None
    cut_mask: int = 0
    """A bit of byte 2 by which a mirror says that it truncated the frame inside."""


# entered by ...


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


# header length ...


def fixed(length: int) -> Length:
    """Always this long."""
    return Length(at=0, by_byte=(length,) * 256, needs=length)


def words(
    at: int, mask: int = 0xFF, base: int = 0, unit: int = 4, shift: int = 0, least: int = 0, version: int | None = None
) -> Length:
    """
    `base` bytes plus `unit` for each count in the masked and shifted byte at `at`.

    `version`: what the bits outside the mask must be; `least`: the shortest legal header.
    """

    def length(byte: int) -> int:
        total = base + ((byte & mask) >> shift) * unit
        wrong_version = version is not None and byte & ~mask & 0xFF != version
        return REJECTED if wrong_version or total < least else total

    return Length(at, tuple(length(byte) for byte in range(256)), needs=max(base, least, at + 1))


def flagged(at: int, base: int, adds: dict[int, int], never: int = 0) -> Length:
    """`base` bytes plus those that each set flag of the byte at `at` adds; `never`: flags that must be clear."""

    def length(byte: int) -> int:
        return REJECTED if byte & never else base + sum(add for bit, add in adds.items() if byte & bit)

    return Length(at, tuple(length(byte) for byte in range(256)), needs=base)


def fixed_if(length: int, at: int, mask: int, value: int) -> Length:
    """Always this long; the masked byte at `at` must be `value`."""
    by_byte = tuple(length if byte & mask == value else REJECTED for byte in range(256))
    return Length(at, by_byte, needs=max(length, at + 1))


def one_of(at: int, lengths: dict[int, int], other: int = REJECTED) -> Length:
    """As long as the byte at `at` says by this list; `other` where it is not in it."""
    known = [length for length in (*lengths.values(), other) if length != REJECTED]
    return Length(at, tuple(lengths.get(byte, other) for byte in range(256)), needs=max(min(known), at + 1))


def no_header() -> Length:
    """Nothing: the row only chooses among others."""
    return Length(at=0, by_byte=(0,) * 256, needs=1)


def little_count(at: int, least: int) -> Length:
    """As many bytes as the 16 bits at `at` say, low byte first; `least`: the shortest legal header."""
    return Length(at, by_byte=(LITTLE_COUNT,) * 256, needs=least)


def ppp_header() -> Length:
    """Address and control, unless they are compressed, and a protocol, unless its first byte is (RFC 1661 6.5, 6.6)."""
    return Length(at=0, by_byte=(PPP_HEADER,) * 256, needs=1)


def ppp_protocol_behind(base: int) -> Length:
    """`base` bytes, then a protocol of PPP: one byte where the first is odd, else two (RFC 1661 2)."""
    return Length(base, tuple(base + (1 if byte & 1 else 2) for byte in range(256)), needs=base + 1)


def gre_route() -> Length:
    """Checksum and offset, what the flags say, and entries up to the empty one (RFC 1701)."""
    return Length(at=0, by_byte=(GRE_ROUTE,) * 256, needs=12)


def tzsp_tags() -> Length:
    """Four bytes and tagged fields, where a packet follows at all: type 0 or 1."""
    return Length(at=1, by_byte=(TZSP_TAGS, TZSP_TAGS) + (REJECTED,) * 254, needs=5)


def nflog_fields() -> Length:
    """Type-length-value fields up to the value of the one that holds the packet."""
    return Length(at=0, by_byte=(NFLOG_FIELDS,) * 256, needs=8)


def nfqueue_fields() -> Length:
    """The same, of a message that hands a packet to a queue."""
    return Length(at=0, by_byte=(NFQUEUE_FIELDS,) * 256, needs=8)


def label_stack() -> Length:
    """Entries of four bytes up to and including the one with the bottom bit (RFC 3032 2.1)."""
    return Length(at=0, by_byte=(LABEL_STACK,) * 256, needs=4)


# hands over by ...


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


# keeps ...

VLAN_ID: Final = Keep("vlan", Role.TAG, at=0, shift=16, mask=0xFFF)
VNI: Final = Keep("vni", Role.OVERLAY, at=4, shift=8, mask=0xFF_FFFF)
VSID: Final = Keep("vsid", Role.OVERLAY, at=-4, shift=8, mask=0xFF_FFFF)
"""The key of the GRE header before a step without bytes of its own (RFC 7637 3.2)."""
INSTANCE_ID: Final = Keep("iid", Role.OVERLAY, at=4, shift=8, mask=0xFF_FFFF, when_mask=0x08)
SERVICE_ID: Final = Keep("isid", Role.OVERLAY, at=0, shift=0, mask=0xFF_FFFF)
FENCE_ID: Final = Keep("fence", Role.OVERLAY, at=0, shift=16, mask=0xFF)
LABEL: Final = Keep("label", Role.NOTE, at=-4, shift=12, mask=0xF_FFFF, separates=False)
"""
The bottom label. It separates nothing and is no overlay's id: each router hands out its own labels, so the two
directions of one connection carry different ones (RFC 3031 3.1).
"""
OVERLAY_ID: Final = Keep("overlay", Role.OVERLAY, at=0, shift=0, mask=0xFF_FFFF)
"""OTV's overlay; its instance stands where VXLAN has the VNI."""
OTV_INSTANCE: Final = Keep("instance", Role.OVERLAY, at=4, shift=8, mask=0xFF_FFFF)
TO_PORT: Final = Keep("to", Role.NOTE, at=0, shift=16, mask=0x3FFF, separates=False)
"""Of a VN-Tag: the virtual interface, or the list of them, that a frame goes to; 0 on the way to the switch."""
FROM_PORT: Final = Keep("from", Role.NOTE, at=0, shift=0, mask=0xFFF, separates=False)
CHANNEL: Final = Keep("ecid", Role.NOTE, at=0, shift=0, mask=0xFFF, separates=False)
"""Of an E-tag: the port that a frame goes to or came from, without its extension (IEEE 802.1BR 7.5)."""
GROUP: Final = Keep("sgt", Role.NOTE, at=2, shift=0, mask=0xFFFF, separates=False)
"""TrustSec's security group of the sender."""
TREE: Final = Keep("ftag", Role.NOTE, at=0, shift=22, mask=0x3FF, separates=False)
INGRESS: Final = Keep("ingress", Role.NOTE, at=2, shift=0, mask=0xFFFF, separates=False)
SESSION: Final = Keep("session", Role.TUNNEL, at=0, shift=0, mask=0x3FF, separates=False)
"""Of ERSPAN: it names a mirror, not a broadcast domain; two mirrors between the same ends count apart."""
STAMP: Final = Keep("stamp", Role.CLOCK, at=4, shift=0, mask=0xFFFF_FFFF, separates=False)
"""ERSPAN III's hardware clock, in units of its granularity field."""
TUNNEL_SESSION: Final = Keep("session", Role.NOTE, at=0, shift=0, mask=0xFFFF_FFFF, separates=False)
"""Each end of an L2TPv3 tunnel chooses its own (RFC 3931 4.1), so the two directions differ."""
TUNNEL_SESSION_UDP: Final = Keep("session", Role.NOTE, at=4, shift=0, mask=0xFFFF_FFFF, separates=False)
GRE_KEY: Final = Keep("key", Role.TUNNEL, at=-8, shift=0, mask=0xFFFF_FFFF, when_mask=0x30, separates=False)
"""Where a sequence number follows it; a key that is the last word is a virtual subnet's, or nothing that we know."""
GRE_NUMBER: Final = Keep("gre_seq", Role.SEQUENCE, at=-4, shift=0, mask=0xFFFF_FFFF, when_mask=0x10)
ROUTED_NUMBER: Final = Keep("gre_seq", Role.SEQUENCE, at=8, shift=0, mask=0xFFFF_FFFF, when_mask=0x10)
"""Before routing entries, in a header without a key."""
ROUTED_NUMBER_BEHIND_KEY: Final = Keep("gre_seq", Role.SEQUENCE, at=12, shift=0, mask=0xFFFF_FFFF, when_mask=0x30)
"""Kept first where there is a key, so that what stands in the key's place is not."""
CALL: Final = Keep("call", Role.TUNNEL, at=4, shift=0, mask=0xFFFF, separates=False)
"""Of PPTP: each end names its own (RFC 2637 4.1), so the two directions differ."""
PPTP_NUMBER: Final = Keep("pptp_seq", Role.SEQUENCE, at=8, shift=0, mask=0xFFFF_FFFF)
ESP_SPI: Final = Keep("spi", Role.TUNNEL, at=0, shift=0, mask=0xFFFF_FFFF, separates=False)
ESP_NUMBER: Final = Keep("esp_seq", Role.SEQUENCE, at=4, shift=0, mask=0xFFFF_FFFF)
