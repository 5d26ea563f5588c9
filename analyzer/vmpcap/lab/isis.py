"""IS-IS host routes: LSPs of level 2 with the guest's address among what their system reaches (ISO 10589, RFC 5305)."""

import struct
from functools import partial
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import llc, mac
from vmpcap.lab.host_routes import SPREAD_NS, HostRoutes, Way
from vmpcap.lab.machines import Interface
from vmpcap.lab.otv import fletcher

ALL_SYSTEMS: Final = mac("09:00:2b:00:00:05")
LLC: Final = b"\xfe\xfe\x03"
POINT_TO_POINT_HELLO, LSP_2, PARTIAL_2 = 17, 20, 27
AREA: Final = b"\x01\x04\x03\x49\x00\x01"
IPV4_ONLY: Final = b"\x81\x01\xcc"
CORE: Final = bytes([0, 0, 0, 0, 0, 1])
HOLD_S: Final = 30
HELD_BACK_NS: Final = 50 * MS
"""A router waits so long for more news before it writes an LSP."""


def pdu(kind: int, header: int, body: bytes) -> bytes:
    """An IS-IS packet in LLC; `header` counts up to the TLVs."""
    return LLC + struct.pack(">BBBBBBBB", 0x83, header, 1, 0, kind, 1, 0, 0) + body


def hello(system: bytes, neighbour: bytes) -> bytes:
    """A point-to-point hello with its three-way state up (RFC 5303)."""
    state = b"\xf0\x0f\x00" + struct.pack(">I", 1) + neighbour + struct.pack(">I", 1)
    tlvs = AREA + IPV4_ONLY + state
    return pdu(POINT_TO_POINT_HELLO, 20, struct.pack(">B6sHHB", 2, system, HOLD_S, 20 + len(tlvs), 1) + tlvs)


def lsp(system: bytes, sequence: int, hosts: list[bytes]) -> bytes:
    """The only LSP of a system, with host routes of wide metrics (RFC 5305 4)."""
    tlvs = AREA + IPV4_ONLY
    if hosts:
        body = b"".join(struct.pack(">IB", 10, 32) + host for host in hosts)
        tlvs += bytes([135, len(body)]) + body
    tail = system + b"\0\0" + struct.pack(">I", sequence) + b"\0\0" + b"\x03" + tlvs
    tail = tail[:12] + fletcher(tail, 12) + tail[14:]
    return pdu(LSP_2, 27, struct.pack(">HH", 8 + 4 + len(tail), 1199) + tail)


def acknowledgement(system: bytes, told: bytes) -> bytes:
    """A partial sequence numbers packet about one LSP (ISO 10589 9.12)."""
    tail = told[len(LLC) + 12 :]
    entry = struct.pack(">H", 1199) + tail[:8] + tail[8:12] + tail[12:14]
    tlvs = bytes([9, len(entry)]) + entry
    return pdu(PARTIAL_2, 17, struct.pack(">H6sB", 17 + len(tlvs), system, 0) + tlvs)


class Isis(HostRoutes):
    """A new LSP with the guest or without it; the core floods it to the other router."""

    name = "isis"

    def begin(self) -> None:
        """Hellos on both links, from both ends."""
        self._numbers = {way.name: 0 for way in self.ways}
        for i, way in enumerate(self.ways):
            own = self._system(way)
            for k, (interface, one, other) in enumerate(((way.up, own, CORE), (way.down, CORE, own))):
                say = partial(self._send, interface, hello(one, other))
                self.simulation.every(3 * S, say, -3 * S + (2 * i + k) * 300 * MS)

    @staticmethod
    def _system(way: Way) -> bytes:
        return bytes(5) + way.ident[-1:]

    @staticmethod
    def _send(interface: Interface, payload: bytes) -> None:
        interface.send(llc(ALL_SYSTEMS, interface.mac, payload))

    def tell(self, way: Way, is_up: bool) -> None:
        """The router's next LSP, acknowledged and flooded."""
        self._numbers[way.name] += 1
        told = lsp(self._system(way), self._numbers[way.name], [self.host] if is_up else [])
        other = self.other(way)
        self.simulation.after(HELD_BACK_NS, self._send, way.up, told)
        self.simulation.after(HELD_BACK_NS + MS, self._send, way.down, acknowledgement(CORE, told))
        self.simulation.after(HELD_BACK_NS + SPREAD_NS, self._send, other.down, told)
        answer = acknowledgement(self._system(other), told)
        self.simulation.after(HELD_BACK_NS + SPREAD_NS + MS, self._send, other.up, answer)
