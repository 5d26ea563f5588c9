"""Addresses of the link layer: Ethernet, and the cooked headers that Linux writes for a capture on all interfaces."""

from typing import Final

import numpy as np

from vmpcap.decode.bits import Bytes, Offset, be16, be48, be64, byte
from vmpcap.decode.words import COOKED, COOKED2, FDDI, RING
from vmpcap.terms.addresses import BROADCAST_MAC, NO_MAC
from vmpcap.terms.kernels import inline_kernel, pasted_kernel
from vmpcap.terms.wire import PACKET_BROADCAST

_MAC_BYTES: Final = 6


@inline_kernel
def read_cooked(buffer: Bytes, start: Offset, reads: Offset) -> tuple[np.uint64, np.uint64]:
    """
    Who sent this frame, and to whom? NO_MAC for what is not written.

    Notes
    -----
    A cooked header has no destination. Its packet type still tells a broadcast, so a broadcast keeps its address;
    a multicast could be any group, and stays NO_MAC.
    """
    source = np.uint64(NO_MAC)
    destination = np.uint64(NO_MAC)
    if reads == COOKED:
        if be16(buffer, start + 4) == _MAC_BYTES:
            source = np.uint64(be48(buffer, start + 6))
        if be16(buffer, start) == PACKET_BROADCAST:
            destination = np.uint64(BROADCAST_MAC)
    elif reads == RING:
        source = np.uint64(be48(buffer, start + 8))
        destination = np.uint64(be48(buffer, start + 2))
    elif reads == FDDI:
        source = np.uint64(be48(buffer, start + 7))
        destination = np.uint64(be48(buffer, start + 1))
    elif reads == COOKED2:
        if byte(buffer, start + 11) == _MAC_BYTES:
            source = np.uint64(be48(buffer, start + 12))
        if byte(buffer, start + 10) == PACKET_BROADCAST:
            destination = np.uint64(BROADCAST_MAC)
    return source, destination


@pasted_kernel
def read_ethernet(buffer: Bytes, start: Offset) -> tuple[np.uint64, np.uint64]:
    """From which address to which does this Ethernet header say that it goes?"""
    source = be64(buffer, start + 6) >> np.uint64(16)
    destination = be64(buffer, start) >> np.uint64(16)
    return source, destination
