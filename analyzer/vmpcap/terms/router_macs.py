"""MAC addresses that say what they belong to: gateways that several routers share, and makers of network cards."""

from typing import Final, NamedTuple


class VirtualMac(NamedTuple):
    """A range of MACs that a gateway protocol makes from its group."""

    kind: str
    first: int
    last: int
    group_bits: int
    """How many of the low bits, above shift, are the group's number; 0: none."""
    shift: int
    name: str
    source: str


VIRTUAL_MACS: Final = (
    VirtualMac("hsrp1", 0x00000C07AC00, 0x00000C07ACFF, 8, 0, "HSRP version 1", "RFC 2281"),
    VirtualMac("hsrp2", 0x00000C9FF000, 0x00000C9FFFFF, 12, 0, "HSRP version 2", "Cisco, HSRP Version 2"),
    VirtualMac("hsrp6", 0x000573A00000, 0x000573A00FFF, 12, 0, "HSRP for IPv6", "Cisco, HSRP for IPv6"),
    VirtualMac("vrrp", 0x00005E000100, 0x00005E0001FF, 8, 0, "VRRP or CARP", "RFC 5798 7.3"),
    VirtualMac("vrrp6", 0x00005E000200, 0x00005E0002FF, 8, 0, "VRRP for IPv6", "RFC 5798 7.3"),
    VirtualMac("glbp", 0x0007B4000000, 0x0007B403FFFF, 10, 8, "GLBP", "Cisco, GLBP; forwarder in the last byte"),
    VirtualMac("nsx", 0x025056564452, 0x025056564452, 0, 0, "NSX distributed router", "VMware NSX"),
)
"""Each row once; the ranges do not meet."""

CARD_MAKERS: Final[dict[int, str]] = {
    0x00000C: "Cisco",
    0x005056: "VMware",
    0x000C29: "VMware",
    0x525400: "QEMU",
    0x00163E: "Xen",
    0x00155D: "Microsoft",
    0x001C73: "Arista",
    0x001B21: "Intel",
}
"""By the first three bytes: a hint, no proof of what the device does (IEEE registry; 52:54:00 by custom of QEMU)."""


def virtual_mac(mac: int) -> tuple[VirtualMac, int | None] | None:
    """
    Which gateway protocol made this MAC, and for which group? None where none did.

    >>> found = virtual_mac(0x00000C07AC0A)
    >>> found[0].kind, found[1]
    ('hsrp1', 10)
    """
    for row in VIRTUAL_MACS:
        if row.first <= mac <= row.last:
            return row, (mac >> row.shift) & ((1 << row.group_bits) - 1) if row.group_bits else None
    return None


def mac_of_group(kind: str, group: int) -> int:
    """
    Under which MAC does this protocol's group forward? Of GLBP that of the first forwarder.

    >>> f"{mac_of_group('vrrp', 7):012x}"
    '00005e000107'
    """
    row = next(row for row in VIRTUAL_MACS if row.kind == kind)
    return row.first | (group & ((1 << row.group_bits) - 1)) << row.shift


def maker_of(mac: int) -> str:
    """Whose card is it by its first bytes? Empty where the table does not say."""
    return CARD_MAKERS.get(mac >> 24, "")
