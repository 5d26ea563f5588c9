"""Switches that learn, and tunnel endpoints that are switches with ports on other sites."""

import zlib
from collections.abc import Callable
from typing import Final

from vmpcap.lab.events import S, Simulation
from vmpcap.lab.frames import Frame, ethernet, ipv4, udp
from vmpcap.lab.wires import Port
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_UDP

AGEING_NS: Final = 300 * S
"""IEEE 802.1D: so long a switch remembers a MAC that it does not hear."""

Bar = Callable[[Frame], bool]
"""Does this frame stay out?"""


class Switch:
    """Learns behind which port a MAC is; floods what it does not know."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        """A switch without ports."""
        self.simulation = simulation
        self.name = name
        self.ports: list[Port] = []
        self.table: dict[tuple[int, bytes], tuple[Port, int]] = {}
        self.vlans: dict[Port, int] = {}
        """The VLAN of each access port; ports that are not here are trunks, or there are no VLANs."""
        self.trunks: set[Port] = set()
        self.bars: dict[Port, list[Bar]] = {}
        """What a port lets neither in nor out."""
        self.pinned: dict[bytes, Port] = {}
        """Port security: MACs that are believed to be at one port for ever."""

    def port(self, name: str, vlan: int = 0, trunk: bool = False) -> Port:
        """One more port."""
        port = Port(self, f"{self.name}:{name}")
        self.ports.append(port)
        self.vlans[port] = vlan
        if trunk:
            self.trunks.add(port)
        return port

    def bar(self, port: Port, what: Bar) -> None:
        """Let this neither in nor out there."""
        self.bars.setdefault(port, []).append(what)

    def receive(self, port: Port, frame: Frame) -> None:
        """Learn, then forward or flood."""
        if any(bar(frame) for bar in self.bars.get(port, ())):
            return
        vlan, frame = self._untagged(port, frame)
        target, sender = frame.head[:6], frame.head[6:12]
        if self.learns_at(port):
            self.table[vlan, sender] = (self.pinned.get(sender, port), self.simulation.now)
        known = None if target[0] & 1 else self.table.get((vlan, target))
        if known is not None and self.simulation.now - known[1] < AGEING_NS:
            if known[0] is not port and self.relays(port, known[0]):
                self._out(known[0], vlan, frame)
            return
        for other in self.ports:
            if other is not port and self._has(other, vlan) and self.floods(port, other, target):
                self._out(other, vlan, frame)

    def learns_at(self, port: Port) -> bool:
        """Are the senders of frames from this port remembered?"""
        return True

    def relays(self, port: Port, other: Port) -> bool:
        """May a frame for somebody known go from the one to the other?"""
        return True

    def floods(self, port: Port, other: Port, target: bytes) -> bool:
        """Does a frame for everybody, or for nobody known, go from the one to the other?"""
        return True

    def _has(self, port: Port, vlan: int) -> bool:
        return port in self.trunks or self.vlans.get(port, 0) == vlan

    def _untagged(self, port: Port, frame: Frame) -> tuple[int, Frame]:
        if port in self.trunks and frame.head[12:14] == b"\x81\x00":
            vlan = int.from_bytes(frame.head[14:16], "big") & 0xFFF
            return vlan, Frame(frame.head[:12] + frame.head[16:], frame.size - 4)
        return self.vlans.get(port, 0), frame

    def _out(self, port: Port, vlan: int, frame: Frame) -> None:
        if any(bar(frame) for bar in self.bars.get(port, ())):
            return
        if port in self.trunks:
            tag = b"\x81\x00" + vlan.to_bytes(2, "big")
            frame = Frame(frame.head[:12] + tag + frame.head[12:], frame.size + 4)
        port.send(frame)


class TunnelPort(Port):
    """The way to another endpoint of an overlay."""

    def __init__(self, endpoint: "Endpoint", address: bytes, mac: bytes) -> None:
        """The other endpoint by its address in the underlay, and the MAC that leads there."""
        super().__init__(endpoint, f"{endpoint.name}:tunnel")
        self.endpoint = endpoint
        self.address = address
        self.mac = mac

    def send(self, frame: Frame) -> None:
        """Wrap the frame up and send it through the underlay."""
        self.endpoint.wrap(self, frame)


class Endpoint(Switch):
    """
    A switch of one site whose other ports are tunnels: VXLAN (RFC 7348), or OTV's shim, of the same eight bytes.

    VXLAN floods to all and learns from what arrives. OTV neither floods unknown unicast nor learns from the overlay:
    where a MAC is, it is told (domain notes 4.7).
    """

    def __init__(
        self, simulation: Simulation, name: str, own: tuple[bytes, bytes], udp_port: int, vni: int, told: bool = False
    ) -> None:
        """`own` is its address and MAC in the underlay; `told` where a control protocol says where MACs are."""
        super().__init__(simulation, name)
        self.address, self.mac = own
        self.udp_port = udp_port
        self.vni = vni
        self.told = told
        self.underlay = Port(self, f"{name}:underlay")
        self.remotes: dict[bytes, TunnelPort] = {}
        self.unflooded: set[bytes] = set()
        """Endpoints that are missing in the list of those to flood to."""
        self.control: Callable[[bytes, Frame], bool] | None = None
        """Who reads frames of the control protocol, given the sender; says whether it was one."""
        self._ident = simulation.random.randrange(1 << 16)

    def add(self, other: "Endpoint") -> None:
        """The overlay reaches this endpoint, too."""
        port = TunnelPort(self, other.address, other.mac)
        self.remotes[other.address] = port
        self.ports.append(port)

    def receive(self, port: Port, frame: Frame) -> None:
        """From the site as a switch does; from the underlay after unwrapping."""
        if port is not self.underlay:
            super().receive(port, frame)
            return
        unpacked = self.unpack(frame)
        if unpacked is None:
            return
        sender, inner = unpacked
        remote = self.remotes.get(sender)
        if remote is None or (self.control is not None and self.control(sender, inner)):
            return
        super().receive(remote, inner)

    def unpack(self, frame: Frame) -> tuple[bytes, Frame] | None:
        """Who sent it, and the frame inside; None where it is no such tunnel's."""
        head = frame.head
        if head[12:14] != b"\x08\x00" or head[23] != IP_UDP or int.from_bytes(head[36:38], "big") != self.udp_port:
            return None
        return head[26:30], Frame(head[50:], frame.size - 50)

    def wrap(self, port: TunnelPort, frame: Frame) -> None:
        """Send a frame through the underlay."""
        self.underlay.send(self.pack(port, frame))

    def next_ident(self) -> int:
        """The IP identification of the next outer packet."""
        self._ident = (self._ident + 1) & 0xFFFF
        return self._ident

    def pack(self, port: TunnelPort, frame: Frame) -> Frame:
        """Outer headers around a frame; the port says which flow it is (RFC 7348 5)."""
        shim = b"\x08\0\0\0" + self.vni.to_bytes(3, "big") + b"\0"
        if self.told:
            shim = b"\x08" + (1).to_bytes(3, "big") + self.vni.to_bytes(3, "big") + b"\0"
        source = 49152 + zlib.crc32(frame.head[:12]) % 16384
        data = udp(self.address, port.address, (source, self.udp_port), shim + frame.head)
        outer = ipv4(self.address, port.address, IP_UDP, data, ident=self.next_ident())
        return ethernet(port.mac, self.mac, ETHERTYPE_IPV4, outer)

    def learns_at(self, port: Port) -> bool:
        """Of the overlay only where nobody tells."""
        return not (self.told and isinstance(port, TunnelPort))

    def relays(self, port: Port, other: Port) -> bool:
        """Never from one tunnel to another."""
        return not (isinstance(port, TunnelPort) and isinstance(other, TunnelPort))

    def floods(self, port: Port, other: Port, target: bytes) -> bool:
        """Never from one tunnel to another; of unknown unicast only where nobody tells."""
        if isinstance(other, TunnelPort):
            if isinstance(port, TunnelPort) or other.address in self.unflooded:
                return False
            return bool(target[0] & 1) or not self.told
        return True
