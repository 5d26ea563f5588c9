"""ICMP and ICMPv6: RFC 792, RFC 4443."""

from vmpcap.terms.kernels import inline_kernel
from vmpcap.terms.wire import ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST


@inline_kernel
def is_echo(ip_version: int, icmp_type: int) -> bool:
    """Is this an echo request or reply, with identifier and sequence number?"""
    if ip_version == 6:
        return icmp_type == ICMPV6_ECHO_REQUEST or icmp_type == ICMPV6_ECHO_REPLY
    return icmp_type == ICMP_ECHO_REQUEST or icmp_type == ICMP_ECHO_REPLY
