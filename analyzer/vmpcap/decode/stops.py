"""Why a walk ended where it did: every frame has one of these, and every report counts them."""

from dataclasses import dataclass
from typing import Final

COMPLETE: Final = 0
CUT: Final = 1
UNKNOWN_LINK_TYPE: Final = 2
UNKNOWN_ETHERTYPE: Final = 3
UNKNOWN_IP_PROTOCOL: Final = 4
UNKNOWN_PAYLOAD: Final = 5
LLC: Final = 6
OPAQUE: Final = 7
LATER_FRAGMENT: Final = 8
NOT_AS_NAMED: Final = 9
SHORT: Final = 10
LYING_LENGTH: Final = 11
CUT_OPTIONS: Final = 12
FOREIGN_ARP: Final = 13
TOO_DEEP: Final = 14
NOT_RECOGNISED: Final = 15
FIRST_FRAGMENT: Final = 16


@dataclass(frozen=True, slots=True)
class Stop:
    """One reason for which a walk ends."""

    number: int
    name: str
    meaning: str
    is_whole: bool
    """Whether everything that the last header promises was read."""


STOPS: Final = (
    Stop(COMPLETE, "complete", "the walk came to a header that ends it", True),
    Stop(CUT, "cut", "the captured bytes end inside a header (a snaplen, or a mirror that truncates)", False),
    Stop(UNKNOWN_LINK_TYPE, "unknown_link_type", "no step begins with the link type of this interface", False),
    Stop(UNKNOWN_ETHERTYPE, "unknown_ethertype", "no step is entered by this ethertype", False),
    Stop(UNKNOWN_IP_PROTOCOL, "unknown_ip_protocol", "no step is entered by this IP protocol", False),
    Stop(UNKNOWN_PAYLOAD, "unknown_payload", "a tunnel carries something that no step is entered by", False),
    Stop(LLC, "llc", "LLC that carries no ethertype (spanning tree, IS-IS, ...): not walked", False),
    Stop(OPAQUE, "opaque", "encrypted from here on (ESP)", False),
    Stop(LATER_FRAGMENT, "later_fragment", "a part of a packet after the first, with which it is not complete", False),
    Stop(NOT_AS_NAMED, "not_as_named", "the header does not look like what the type, protocol or port named", False),
    Stop(SHORT, "short", "a header is longer than the packet it stands in", False),
    Stop(
        LYING_LENGTH,
        "lying_length",
        "walked to the end, but a length field says more than the frame had on the wire; the wire is believed",
        True,
    ),
    Stop(
        CUT_OPTIONS,
        "cut_options",
        "walked to the end, but the captured bytes end inside the options of the transport header",
        True,
    ),
    Stop(FOREIGN_ARP, "foreign_arp", "an ARP or RARP body that is not about Ethernet and IPv4 addresses", False),
    Stop(TOO_DEEP, "too_deep", "more headers inside each other than the walk follows", False),
    Stop(
        NOT_RECOGNISED, "not_recognised", "nothing says what is inside, and it looks like nothing that is known", False
    ),
    Stop(
        FIRST_FRAGMENT,
        "first_fragment",
        "the first part of a packet: what is in it stands at the frame that completes it, if one does",
        False,
    ),
)
"""Every reason, in the order of its number."""


def stop_name(number: int) -> str:
    """What is this stop called?"""
    return STOPS[number].name
