"""ICMP and ICMPv6: RFC 792, RFC 4443."""

import numpy as np

from vmpcap.decode.bits import Offset
from vmpcap.terms.kernels import inline_kernel
from vmpcap.terms.wire import ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST


@inline_kernel
def is_echo(ip_version: Offset, icmp_type: Offset) -> bool | np.bool:
    """Is this an echo request or reply, with identifier and sequence number?"""
    if ip_version == 6:
        return ICMPV6_ECHO_REQUEST <= icmp_type <= ICMPV6_ECHO_REPLY
    return icmp_type in (ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY)
