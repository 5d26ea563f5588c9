"""VRRP version 2 (RFC 3768) and 3 (RFC 5798): advertisements of the router that is master."""

from collections.abc import Iterator
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import ip, part
from vmpcap.announcements.routes.rows import GatewayHello

ADVERTISEMENT: Final = 1
HEAD: Final = 8
MISSED: Final = 3
MOST_SKEW_MS: Final = 1000
"""By its priority a backup waits up to this longer: a second (RFC 3768 6.1), or one interval (RFC 5798 6.1)."""


def read_vrrp(frame: ControlFrame) -> Iterator[GatewayHello]:
    """
    Which virtual router does this advertisement stand for? Only a master sends one.

    Raises
    ------
    Short
        It is cut.
    """
    first, group, priority, count = part(frame.payload, 0, HEAD)[:4]
    version, kind = first >> 4, first & 0x0F
    if version not in (2, 3) or kind != ADVERTISEMENT:
        return
    every = frame.payload[5] * 1000 if version == 2 else ((frame.payload[4] & 0x0F) << 8 | frame.payload[5]) * 10
    size = 16 if ":" in frame.source else 4
    addresses = tuple(ip(part(frame.payload, HEAD + i * size, size)) for i in range(count))
    yield GatewayHello(
        frame=frame.frame,
        ts_ns=frame.ts_ns,
        protocol="vrrp",
        version=version,
        sender=sender_of(frame),
        eth_src=frame.eth_src,
        segment_key=frame.segment_key,
        group=group,
        state="active",
        priority=priority,
        virtual_ips=addresses,
        hello_ms=every,
        hold_ms=MISSED * every + (MOST_SKEW_MS if version == 2 else every),
        is_leaving=priority == 0,
    )
