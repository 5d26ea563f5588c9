"""Addresses of the link layer."""

import numpy as np

from vmpcap.decode.bits import Bytes, be16, be48, byte
from vmpcap.decode.words import COOKED, COOKED2, ETHERNET
from vmpcap.terms.addresses import BROADCAST_MAC, NO_MAC
from vmpcap.terms.kernels import inline_kernel
from vmpcap.terms.wire import PACKET_BROADCAST

_MAC_BYTES = 6


@inline_kernel
def read_link(buffer: Bytes, start: int, reads: int) -> tuple[int, int]:
    """
    Who sent this frame, and to whom? uint64 pair, NO_MAC for what is not written.

    Notes
    -----
    A cooked header has no destination. Its packet type still tells a broadcast, so a broadcast keeps its address;
    a multicast could be any group, and stays NO_MAC.
    """
    source = np.uint64(NO_MAC)
    destination = np.uint64(NO_MAC)
    if reads == ETHERNET:
        destination = np.uint64(be48(buffer, start))
        source = np.uint64(be48(buffer, start + 6))
    elif reads == COOKED:
        if be16(buffer, start + 4) == _MAC_BYTES:
            source = np.uint64(be48(buffer, start + 6))
        if be16(buffer, start) == PACKET_BROADCAST:
            destination = np.uint64(BROADCAST_MAC)
    elif reads == COOKED2:
        if byte(buffer, start + 11) == _MAC_BYTES:
            source = np.uint64(be48(buffer, start + 12))
        if byte(buffer, start + 10) == PACKET_BROADCAST:
            destination = np.uint64(BROADCAST_MAC)
    return source, destination
