"""GLBP (Cisco; layout as Wireshark reads it): hellos of virtual gateways."""

import struct
from collections.abc import Iterator
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import fields, ip, part, tlvs
from vmpcap.announcements.routes.rows import GatewayHello

HEAD: Final = 12
HELLO: Final = 1
LAYOUT: Final = struct.Struct(">BBBBHIIHHHBB")
"""Unknown, state, unknown, priority, unknown, hello and hold in ms, three more, family and bytes of the address."""
ACTIVE: Final = 32
STANDBY: Final = 16


def read_glbp(frame: ControlFrame) -> Iterator[GatewayHello]:
    """
    Which virtual gateway does this packet speak for?

    Raises
    ------
    Short
        It is cut.
    """
    _, _, group = struct.unpack(">BBH", part(frame.payload, 0, 4))
    for kind, value in tlvs(frame.payload, HEAD, 1, 1, length_has_head=True):
        if kind != HELLO:
            continue
        _, state, _, priority, _, hello, hold, _, _, _, _, size = fields(LAYOUT, value, 0)
        yield GatewayHello(
            frame=frame.frame,
            ts_ns=frame.ts_ns,
            protocol="glbp",
            version=1,
            sender=sender_of(frame),
            eth_src=frame.eth_src,
            segment_key=frame.segment_key,
            group=group,
            state="active" if state == ACTIVE else "standby" if state == STANDBY else "other",
            priority=priority,
            virtual_ips=(ip(part(value, LAYOUT.size, size)),),
            hello_ms=hello,
            hold_ms=hold,
        )
