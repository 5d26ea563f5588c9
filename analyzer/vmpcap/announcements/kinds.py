"""Which announcement is this ARP, RARP or neighbour-discovery frame? The kinds, told apart by their form."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.decode.arrivals import ARP, NA, NS, RARP
from vmpcap.decode.frames import Arrivals
from vmpcap.terms.addresses import IPV4_MAPPED, NO_MAC

Bools = npt.NDArray[np.bool_]
U64 = npt.NDArray[np.uint64]

SOLICITED_FLAG: Final = 0x40
"""The S bit of a neighbour advertisement (RFC 4861 4.4), in the byte R S O that Arrivals.opcode holds."""


class Form(NamedTuple):
    """What a condition may look at: the bodies, and the Ethernet source of each."""

    arrivals: Arrivals
    eth_src: U64


Condition = Callable[[Form], Bools]


def _is_zero_ip(high: U64, low: U64) -> Bools:
    """0.0.0.0, ::, or no address at all."""
    zero: Bools = (high == 0) & ((low == 0) | (low == np.uint64(IPV4_MAPPED)))
    return zero


def one_machine(form: Form) -> Bools:
    """Do sender, target and Ethernet source name the same machine? Without an Ethernet source, sender and target."""
    sender = form.arrivals.sender_mac
    same: Bools = (
        (sender == form.arrivals.target_mac)
        & (sender != np.uint64(NO_MAC))
        & ((form.eth_src == sender) | (form.eth_src == np.uint64(NO_MAC)))
    )
    return same


def no_addresses(form: Form) -> Bools:
    """Are both protocol addresses zero?"""
    a = form.arrivals
    return _is_zero_ip(a.sender_high, a.sender_low) & _is_zero_ip(a.target_high, a.target_low)


def own_address(form: Form) -> Bools:
    """Does the sender speak about its own address? 0.0.0.0 about 0.0.0.0 too, as Wireshark has it."""
    a = form.arrivals
    same: Bools = (a.sender_high == a.target_high) & (a.sender_low == a.target_low)
    return same


def no_sender_address(form: Form) -> Bools:
    """Has the sender no address yet, and leaves the target's MAC open, but asks about an address?"""
    a = form.arrivals
    asks: Bools = (a.target_mac == 0) & ~_is_zero_ip(a.target_high, a.target_low)
    return asks & _is_zero_ip(a.sender_high, a.sender_low)


def unspecified_source(form: Form) -> Bools:
    """Is the source address unspecified?"""
    return _is_zero_ip(form.arrivals.sender_high, form.arrivals.sender_low)


def not_solicited(form: Form) -> Bools:
    """Is the S bit clear?"""
    clear: Bools = (form.arrivals.opcode & np.uint16(SOLICITED_FLAG)) == 0
    return clear


class Kind(NamedTuple):
    """One kind of announcement: the bodies and opcodes it is found in, what must hold, and what it tells."""

    name: str
    bodies: tuple[int, ...]
    opcodes: tuple[int, ...]
    """Empty: any (the flags of a neighbour advertisement are looked at by a condition)."""
    conditions: tuple[Condition, ...]
    listed: bool
    """Whether it is shown without being asked for."""
    announces: bool
    """Whether it tells the domain where its sender's MAC now lives."""
    source: str


KINDS: Final[tuple[Kind, ...]] = (
    Kind("rarp_announce", (RARP,), (3,), (one_machine, no_addresses), True, True, "QEMU, ESXi; RFC 903's form"),
    Kind("rarp_request", (RARP, ARP), (3,), (), True, False, "RFC 903"),
    Kind("rarp_reply", (RARP, ARP), (4,), (), True, False, "RFC 903"),
    Kind("garp_request", (ARP, RARP), (1,), (own_address,), True, True, "RFC 5227 section 3 (ARP announcement)"),
    Kind("garp_reply", (ARP, RARP), (2,), (own_address,), True, True, "RFC 5227 section 3, practice"),
    Kind("arp_probe", (ARP, RARP), (1,), (no_sender_address,), True, False, "RFC 5227 section 2.1.1"),
    Kind("arp_request", (ARP, RARP), (1,), (), False, False, "RFC 826"),
    Kind("arp_reply", (ARP, RARP), (2,), (), False, False, "RFC 826"),
    Kind("unsolicited_na", (NA,), (), (not_solicited,), True, True, "RFC 4861 section 7.2.6"),
    Kind("solicited_na", (NA,), (), (), False, False, "RFC 4861 section 7.2.4"),
    Kind("nd_probe", (NS,), (), (unspecified_source,), False, False, "RFC 4862 section 5.4 (DAD)"),
    Kind("nd_request", (NS,), (), (), False, False, "RFC 4861 section 7.2.2"),
    Kind("arp_other", (ARP, RARP), (), (), False, False, "opcodes of other uses: InARP, DRARP, fuzz"),
)
"""
Every kind; the first row that holds names a frame.

A boot client's RARP request has the same bytes as a hypervisor's announcement: announcements.context looks at what
surrounds it. An answer to a duplicate-address probe is a neighbour advertisement without the S bit too.
"""

KIND_NAMES: Final = tuple(kind.name for kind in KINDS)

NUMBER_OF: Final = {kind.name: number for number, kind in enumerate(KINDS)}
"""Kind name to its row in KINDS."""

ASKS: Final = (NUMBER_OF["arp_request"], NUMBER_OF["nd_request"])
"""The question which MAC an address has, in both families."""

UNKNOWN_KIND: Final = 255


def classify(arrivals: Arrivals, eth_src: U64) -> npt.NDArray[np.uint8]:
    """
    Which row of KINDS is each body?

    Parameters
    ----------
    arrivals : bodies, k of them
    eth_src : uint64[k]
        Ethernet source of the frame of each body.

    Returns
    -------
    uint8[k], UNKNOWN_KIND for bodies that no row claims.
    """
    form = Form(arrivals, eth_src)
    kind = np.full(len(arrivals.kind), UNKNOWN_KIND, np.uint8)
    for number in reversed(range(len(KINDS))):
        row = KINDS[number]
        holds: Bools = np.isin(arrivals.kind, row.bodies)
        if row.opcodes:
            holds = holds & np.isin(arrivals.opcode, row.opcodes)
        for condition in row.conditions:
            holds = holds & condition(form)
        kind[holds] = number
    return kind


def _table(flags: tuple[bool, ...]) -> Bools:
    table = np.zeros(256, np.bool_)
    table[: len(flags)] = flags
    return table


IS_LISTED: Final = _table(tuple(kind.listed for kind in KINDS))
"""bool[256]: by kind number, whether it is shown without being asked for."""

HAS_OPCODE: Final = _table(tuple(ARP in kind.bodies or RARP in kind.bodies for kind in KINDS))
"""bool[256]: by kind number, whether its bodies have an opcode; a neighbour advertisement has flags there."""

IS_ANNOUNCEMENT: Final = _table(tuple(kind.announces for kind in KINDS))
"""bool[256]: by kind number, whether it tells the domain where its sender's MAC now lives."""
