"""The language of the steps table: how a header is entered, how long it is, what it says and what follows it."""

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
