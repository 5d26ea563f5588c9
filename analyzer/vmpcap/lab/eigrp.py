"""EIGRP host routes: hellos, updates of whoever has the guest, a query of whoever lost it (RFC 7868)."""

import struct
from functools import partial
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import checksum, ip_words, sum16
from vmpcap.lab.host_routes import SPREAD_NS, HostRoutes, Way, send
from vmpcap.lab.machines import Interface

IP_EIGRP: Final = 88
GROUP: Final = "224.0.0.10"
SYSTEM: Final = 100
UPDATE, QUERY, REPLY, HELLO = 1, 3, 4, 5
PARAMETERS: Final = struct.pack(">HHBBBBBBH", 0x0001, 12, 1, 0, 1, 0, 0, 0, 15)
"""K1 and K3, hold time 15 s (RFC 7868 6.7.1)."""
INTERNAL: Final = 0x0102
NEVER: Final = 0xFFFF_FFFF
"""A delay that takes a route back."""
DELAY: Final = 25_600
"""Of one fast link, in its own units of 39 ns."""


def message(opcode: int, sequence: int, acknowledged: int, tlvs: bytes) -> bytes:
    """A packet of one autonomous system (RFC 7868 6.5)."""
    head = struct.pack(">BBHIIIHH", 2, opcode, 0, 0, sequence, acknowledged, 0, SYSTEM)
    total = checksum(sum16(head + tlvs))
    return head[:2] + total.to_bytes(2, "big") + head[4:] + tlvs


def route(host: bytes, delay: int, hops: int) -> bytes:
    """A TLV of one internal host route (RFC 7868 6.8); its next hop is whoever says it."""
    metric = struct.pack(">II3sBBBBB", delay, 256, (1500).to_bytes(3, "big"), hops, 255, 1, 0, 0)
    body = bytes(4) + metric + b"\x20" + host
    return struct.pack(">HH", INTERNAL, 4 + len(body)) + body


class Eigrp(HostRoutes):
    """Updates at once; who loses the guest asks its neighbour for another way, and the core passes both on."""

    name = "eigrp"

    def begin(self) -> None:
        """Hellos on both links, from both ends, every 5 s."""
        self._sequence = 0
        for i, way in enumerate(self.ways):
            for k, interface in enumerate((way.up, way.down)):
                hello = partial(send, interface, GROUP, None, IP_EIGRP, message(HELLO, 0, 0, PARAMETERS), 2)
                self.simulation.every(5 * S, hello, -5 * S + (2 * i + k) * 300 * MS)

    def tell(self, way: Way, is_up: bool) -> None:
        """An update or a query to the core; the core's update to the other router."""
        self._say(way.up, way.down, UPDATE if is_up else QUERY, DELAY if is_up else NEVER, 0)
        self.simulation.after(2 * SPREAD_NS, self._pass_on, way, is_up)

    def _pass_on(self, way: Way, is_up: bool) -> None:
        best, other = self.best, self.other(way)
        if not is_up:
            self._say(way.down, way.up, REPLY, NEVER if best is None else 2 * DELAY, 1)
        if best is not other:
            self._say(other.down, other.up, UPDATE, NEVER if best is None else 2 * DELAY, 1)

    def _say(self, speaker: Interface, hearer: Interface, opcode: int, delay: int, hops: int) -> None:
        """Reliably: the neighbour acknowledges with an empty hello."""
        self._sequence += 1
        said = message(opcode, self._sequence, 0, route(self.host, delay, hops))
        if opcode == REPLY:
            send(speaker, ip_words(hearer.addresses[0]), hearer.mac, IP_EIGRP, said, 2)
        else:
            send(speaker, GROUP, None, IP_EIGRP, said, 2)
        empty = message(HELLO, 0, self._sequence, b"")
        to = speaker.addresses[0]
        self.simulation.after(MS, partial(send, hearer, ip_words(to), speaker.mac, IP_EIGRP, empty, 2))
