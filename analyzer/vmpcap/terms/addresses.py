"""Addresses as integers inside, as text only at the edge."""

import ipaddress
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.distinct import first_of_each

NO_MAC: Final = 2**64 - 1
"""No link-layer address in this frame (raw IP, cut)."""

BROADCAST_MAC: Final = 0xFFFF_FFFF_FFFF
NOBODYS_MACS: Final = frozenset({NO_MAC, BROADCAST_MAC, 0})
"""What names no station: none written, all of them, and the zeros of loopback and of fields that were not filled."""
IPV4_MAPPED: Final = 0xFFFF_0000_0000
"""Low half of an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) without its 32 address bits."""
GROUP_BIT: Final = np.uint64(1 << 40)
"""Lowest bit of a MAC's first octet: the frame goes to a group (IEEE 802.3 3.2.3)."""
USUAL_PREFIX: Final = {4: 24, 6: 64}
"""By version: two addresses that agree so far are mostly meant to be one subnet."""
MOST_TEXTS: Final = 16_384
"""So many addresses written last are known by heart: the same few are written again and again."""


def mac_text(mac: int) -> str | None:
    """
    How is this MAC written? None for NO_MAC.

    >>> mac_text(0x005056AA7710)
    '00:50:56:aa:77:10'
    """
    if mac == NO_MAC:
        return None
    return ":".join(f"{mac:012x}"[i : i + 2] for i in range(0, 12, 2))


def mac_number(text: str) -> int:
    """
    Which integer is this MAC? Colons, dashes, Cisco dots or nothing between the digits.

    Raises ValueError where the text is not twelve hexadecimal digits.
    """
    digits = text.replace(":", "").replace("-", "").replace(".", "")
    if len(digits) != 12:
        raise ValueError(f"{text!r} is not a MAC address: needed 12 hexadecimal digits, found {len(digits)}")
    return int(digits, 16)


@lru_cache(MOST_TEXTS)
def ip_text(high: int, low: int) -> str:
    """
    How is this address written? IPv4 where it is IPv4-mapped, else IPv6.

    >>> ip_text(0, 0xFFFF0A4D000A)
    '10.77.0.10'
    """
    if high == 0 and low >> 32 == 0xFFFF:
        return str(ipaddress.IPv4Address(low & 0xFFFF_FFFF))
    return str(ipaddress.IPv6Address((high << 64) | low))


def ip_halves(text: str) -> tuple[int, int]:
    """
    Which two 64-bit halves is this address? IPv4 as IPv4-mapped.

    Raises ValueError where the text is no address.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return 0, IPV4_MAPPED | int(address)
    return int(address) >> 64, int(address) & (2**64 - 1)


def distinct_addresses(
    high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """
    Which addresses are among these halves, and where does each stand first?

    Returns
    -------
    high, low : uint64[k], sorted
    first : int64[k]
    """
    if not high.any():  # IPv4 only: one column instead of two
        values, first = first_of_each(low)
        return np.zeros(len(values), np.uint64), values, first
    order = np.lexsort((low, high))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (high[order][1:] != high[order][:-1]) | (low[order][1:] != low[order][:-1])
    first = order[is_new].astype(np.int64)
    return high[first], low[first], first
