"""For how long a neighbour takes a router for alive that says nothing: what its hellos and OPENs tell of that."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from vmpcap.announcements.control import ControlFrame, sender_of
from vmpcap.announcements.routes.fields import Short, ipv4, part, tlvs
from vmpcap.announcements.routes.isis import HELLO as ISIS_HELLOS
from vmpcap.announcements.routes.isis import lsp_id

OSPF_HELLO: Final = 1
DEAD_AT: Final = {2: (32, ">I"), 3: (26, ">H")}
"""Where the dead interval stands in a hello of OSPF, and how wide it is (RFC 2328 A.3.2, RFC 5340 A.3.2)."""
EIGRP_HELLO: Final = 5
EIGRP_HEAD: Final = 20
EIGRP_PARAMETERS: Final = 0x0001
HOLD_AFTER: Final = 6
"""Bytes of weights and a reserved one before the hold time of a hello (RFC 7868 6.6.1)."""
ISIS_HOLD_AT: Final = 15
"""Behind the common head, the circuit type and the system's id (ISO 10589 9.5 to 9.7)."""
BGP_MARK: Final = b"\xff" * 16
BGP_OPEN: Final = 1
BGP_HOLD_AT: Final = 22
"""Behind the head of 19 bytes, the version and the system's number (RFC 4271 4.2)."""


def hold_seconds(frame: ControlFrame) -> int | None:
    """Within how many seconds must its sender be heard again? None where this frame does not say."""
    reader = _HOLDS.get(frame.protocol)
    try:
        return reader(frame.payload) if reader is not None else None
    except Short:
        return None


def router_of_frame(frame: ControlFrame) -> str:
    """Which router sent this, by the name that its routes bear: its id (OSPF), its system (IS-IS), else its address."""
    try:
        if frame.protocol == "ospf":
            return ipv4(frame.payload, 4)
        if frame.protocol == "isis":
            is_hello = part(frame.payload, 4, 1)[0] & 0x1F in ISIS_HELLOS
            return lsp_id(part(frame.payload, 9, 6) + bytes(2)).rsplit(".", 1)[0] if is_hello else ""
    except Short:
        return ""
    return sender_of(frame)


def _of_ospf(data: bytes) -> int | None:
    version, kind = part(data, 0, 2)
    if kind != OSPF_HELLO or version not in DEAD_AT:
        return None
    at, layout = DEAD_AT[version]
    return int(struct.unpack(layout, part(data, at, struct.calcsize(layout)))[0])


def _of_eigrp(data: bytes) -> int | None:
    if part(data, 1, 1)[0] != EIGRP_HELLO:
        return None
    known = (value for kind, value in tlvs(data, EIGRP_HEAD, 2, 2, length_has_head=True) if kind == EIGRP_PARAMETERS)
    return next((int.from_bytes(part(value, HOLD_AFTER, 2), "big") for value in known), None)


def _of_isis(data: bytes) -> int | None:
    if part(data, 4, 1)[0] & 0x1F not in ISIS_HELLOS:
        return None
    return int.from_bytes(part(data, ISIS_HOLD_AT, 2), "big")


def _of_bgp(data: bytes) -> int | None:
    if data[:16] != BGP_MARK or part(data, 18, 1)[0] != BGP_OPEN:
        return None
    return int.from_bytes(part(data, BGP_HOLD_AT, 2), "big") or None  # 0: for ever


_HOLDS: Final[Mapping[str, Callable[[bytes], int | None]]] = {
    "ospf": _of_ospf,
    "eigrp": _of_eigrp,
    "isis": _of_isis,
    "bgp": _of_bgp,
}
