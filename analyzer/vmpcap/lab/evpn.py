"""EVPN type-2 routes that follow the guest: its MAC at once, its address when the endpoint heard it (RFC 7432)."""

import struct
from functools import partial
from typing import Final

from vmpcap.lab.frames import Frame
from vmpcap.lab.host_routes import SPREAD_NS, Bgp, Way
from vmpcap.terms.wire import ETHERTYPE_ARP, ETHERTYPE_IPV4

VNI: Final = 5077
SYSTEM: Final = 65000
EVPN: Final = struct.pack(">HB", 25, 70)
"""AFI L2VPN, SAFI EVPN."""
VXLAN: Final = bytes.fromhex("030c000000000008")
"""The encapsulation as an extended community (RFC 8365 5.1.2)."""
TARGET: Final = struct.pack(">BBHI", 0, 2, SYSTEM, VNI)


def type_2(router: bytes, mac: bytes, address: bytes) -> bytes:
    """One MAC/IP advertisement route (RFC 7432 7.2); without an address only the MAC."""
    distinguisher = b"\0\1" + router + struct.pack(">H", VNI % 1000)
    body = distinguisher + bytes(10) + bytes(4) + b"\x30" + mac + bytes([8 * len(address)]) + address
    body += VNI.to_bytes(3, "big")
    return bytes([2, len(body)]) + body


def attribute(flags: int, kind: int, value: bytes) -> bytes:
    """A path attribute (RFC 4271 4.3)."""
    return bytes([flags, kind, len(value)]) + value


def announced(routes: bytes, endpoint: bytes, sequence: int, reflected: bytes) -> bytes:
    """An UPDATE inside one autonomous system; `reflected` holds the reflector's attributes (RFC 4456), or nothing."""
    reach = EVPN + bytes([4]) + endpoint + b"\0" + routes
    mobility = b"\x06\x00\x00\x00" + struct.pack(">I", sequence) if sequence else b""
    attributes = attribute(0x40, 1, b"\0") + attribute(0x40, 2, b"") + attribute(0x40, 5, b"\0\0\0\x64") + reflected
    attributes += attribute(0x80, 14, reach) + attribute(0xC0, 16, TARGET + VXLAN + mobility)
    return update(attributes)


def taken_back(routes: bytes) -> bytes:
    """An UPDATE that withdraws them."""
    return update(attribute(0x80, 15, EVPN + routes))


def update(attributes: bytes) -> bytes:
    """A BGP message of these attributes, with nothing of IPv4."""
    body = struct.pack(">HH", 0, len(attributes)) + attributes
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), 2) + body


class Evpn(Bgp):
    """Endpoints that are the gateway at their site, and a reflector at the core, which routes by what they say."""

    name = "evpn"
    guest_mac: bytes = b""

    def noticed(self, way: Way, frame: Frame) -> None:
        """The MAC is news at once; the address when a frame of the guest holds it: a RARP does not."""
        if way.sequence >= 0x8000_0000:
            way.news.append(self.simulation.now)
            self.guest_mac = frame.head[6:12]
            moves = [other.sequence for other in self.ways if other is not way and other.sequence < 0x8000_0000]
            way.sequence = max(moves, default=-1) + 1
            self._both_ways(way, announced(self._routes(way, False), *self._said(way), b""), is_up=True)
        kind = int.from_bytes(frame.head[12:14], "big")
        said = {ETHERTYPE_ARP: frame.head[28:32], ETHERTYPE_IPV4: frame.head[26:30]}.get(kind)
        if said == self.host:
            self.announce(way)

    def tell(self, way: Way, is_up: bool) -> None:
        """MAC and address: to the core, and from there to the other endpoint."""
        if is_up:
            self._both_ways(way, announced(self._routes(way, True), *self._said(way), b""), is_up=True)
            return
        gone = self._routes(way, True) + self._routes(way, False)
        way.sequence = 0x8000_0000
        self._both_ways(way, taken_back(gone), is_up=False)

    def _said(self, way: Way) -> tuple[bytes, int]:
        return way.up.addresses[0], way.sequence

    def _routes(self, way: Way, with_address: bool) -> bytes:
        return type_2(way.ident, self.guest_mac, self.host if with_address else b"")

    def _both_ways(self, way: Way, message: bytes, is_up: bool) -> None:
        self._say(self._sessions[way.name], 0, message)
        other = self._sessions[self.other(way).name]
        onward = message
        if is_up:
            reflected = attribute(0x80, 9, way.ident) + attribute(0x80, 10, b"\x0a\0\0\1")
            at = message.index(bytes([0x80, 14]))
            onward = update(message[23:at] + reflected + message[at:])
        self.simulation.after(2 * SPREAD_NS, partial(self._say, other, 1, onward))
