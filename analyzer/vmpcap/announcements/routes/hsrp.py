"""HSRP version 1 (RFC 2281) and version 2 (Cisco; layout as Wireshark reads it): hellos and resignations."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import fields, ip, ipv4, part, tlvs
from vmpcap.announcements.routes.rows import GatewayHello

HELLO: Final = 0
RESIGN: Final = 2

VERSION1: Final = struct.Struct(">BBBBBBBB8s4s")
"""Version, operation, state, hello and hold in seconds, priority, group, reserved, authentication, address."""
ACTIVE1: Final = 16
STANDBY1: Final = 8

GROUP_STATE: Final = 1
VERSION2: Final = struct.Struct(">BBBBH6sIII")
"""Version, operation, state, IP version, group, identifier, priority, hello and hold in ms; 16 bytes of address."""
ACTIVE2: Final = 6
STANDBY2: Final = 5


def read_hsrp(frame: ControlFrame) -> Iterator[GatewayHello]:
    """
    Which virtual routers does this packet speak for?

    Raises
    ------
    Short
        It is cut.
    """
    data = frame.payload
    if data[:1] == b"\0":
        if part(data, 1, 1)[0] not in (HELLO, RESIGN):
            return  # coups, and what interfaces advertise, which is shorter
        _, operation, state, hello, hold, priority, group, *_ = fields(VERSION1, data, 0)
        word = _state(state, ACTIVE1, STANDBY1)
        yield _hello(frame, 1, operation, word, (hello * 1000, hold * 1000), priority, group, ipv4(data, 16))
        return
    for kind, value in tlvs(data, 0, 1, 1, length_has_head=False):
        if kind != GROUP_STATE:
            continue
        version, operation, state, ip_version, group, _, priority, *timers = fields(VERSION2, value, 0)
        if version == 2 and operation in (HELLO, RESIGN):
            address = ip(part(value, VERSION2.size, 16 if ip_version == 6 else 4))
            yield _hello(frame, 2, operation, _state(state, ACTIVE2, STANDBY2), timers, priority, group, address)


def _state(state: int, active: int, standby: int) -> Literal["active", "standby", "other"]:
    return "active" if state == active else "standby" if state == standby else "other"


def _hello(
    frame: ControlFrame,
    version: int,
    operation: int,
    state: Literal["active", "standby", "other"],
    timers_ms: Sequence[int],
    priority: int,
    group: int,
    address: str,
) -> GatewayHello:
    return GatewayHello(
        frame=frame.frame,
        ts_ns=frame.ts_ns,
        protocol="hsrp",
        version=version,
        sender=sender_of(frame),
        eth_src=frame.eth_src,
        segment_key=frame.segment_key,
        group=group,
        state=state,
        priority=priority,
        virtual_ips=(address,),
        hello_ms=timers_ms[0],
        hold_ms=timers_ms[1],
        is_leaving=operation == RESIGN,
    )
