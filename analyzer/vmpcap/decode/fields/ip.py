"""The headers of IPv4 and IPv6: RFC 791, RFC 8200."""

import numpy as np

from vmpcap.decode.bits import Bytes, Offset, be16, be32, be64, byte
from vmpcap.terms.addresses import IPV4_MAPPED
from vmpcap.terms.kernels import pasted_kernel


@pasted_kernel
def read_ipv4(buffer: Bytes, start: Offset) -> tuple[np.int64, np.int64, np.int64, np.uint64, np.uint64]:
    """What does the IPv4 header at `start` say? TTL, TOS, id; low halves of source and destination."""
    ttl = byte(buffer, start + 8)
    tos = byte(buffer, start + 1)
    ip_id = be16(buffer, start + 4)
    source = np.uint64(IPV4_MAPPED | be32(buffer, start + 12))
    destination = np.uint64(IPV4_MAPPED | be32(buffer, start + 16))
    return ttl, tos, ip_id, source, destination


@pasted_kernel
def read_ipv6(buffer: Bytes, start: Offset) -> tuple[np.int64, np.int64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """What does the IPv6 header at `start` say? Hop limit, traffic class; source and destination in halves."""
    hop_limit = byte(buffer, start + 7)
    traffic_class = (be16(buffer, start) >> 4) & 0xFF
    src_high = be64(buffer, start + 8)
    src_low = be64(buffer, start + 16)
    dst_high = be64(buffer, start + 24)
    dst_low = be64(buffer, start + 32)
    return hop_limit, traffic_class, src_high, src_low, dst_high, dst_low
