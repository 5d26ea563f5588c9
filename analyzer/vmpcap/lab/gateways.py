"""Virtual gateways: routers that agree by hellos which of them is active; each hears what its network lets through."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vmpcap.lab import layers
from vmpcap.lab.events import MS, S, Simulation
from vmpcap.lab.frames import EVERYBODY, Frame, arp, ethernet, group_mac, ip, ipv4, mac, udp
from vmpcap.lab.machines import Interface, Router
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_UDP

GROUP: Final = 77
IP_VRRP: Final = 112


@dataclass(frozen=True, slots=True)
class Redundancy:
    """One protocol of virtual gateways."""

    name: str
    group_address: str
    virtual_mac: str
    udp_port: int
    hello_ns: int
    hold_ns: int
    ttl: int
    standby_speaks: bool
    hello: Callable[[bool, int, bytes, bytes, bytes], bytes]
    """The message, of (is it active, priority, virtual address, virtual MAC, own MAC)."""


# fmt: off
REDUNDANCIES: Final = {
    row.name: row
    for row in (
        Redundancy("vrrp", "224.0.0.18", "00:00:5e:00:01:4d", 0, S, 3609 * MS, 255, False,
                   lambda active, priority, vip, vmac, own: layers.vrrp(GROUP, priority, vip)),
        Redundancy("hsrp1", "224.0.0.2", "00:00:0c:07:ac:4d", 1985, 3 * S, 10 * S, 1, True,
                   lambda active, priority, vip, vmac, own: layers.hsrp1(16 if active else 8, priority, GROUP, vip)),
        Redundancy("hsrp2", "224.0.0.102", "00:00:0c:9f:f0:4d", 1985, 3 * S, 10 * S, 255, True,
                   lambda active, priority, vip, vmac, own:
                       layers.hsrp2(6 if active else 5, priority, GROUP, vip, own)),
        Redundancy("glbp", "224.0.0.102", "00:07:b4:00:4d:01", 3222, 3 * S, 10 * S, 255, True,
                   lambda active, priority, vip, vmac, own:
                       layers.glbp(32 if active else 16, priority, GROUP, vip, own, vmac)),
    )
}
# fmt: on
"""Every protocol. GLBP's forwarders are not simulated: the active gateway forwards all."""


class VirtualGateway:
    """One router of a group: active until it hears somebody with a higher priority."""

    def __init__(
        self,
        simulation: Simulation,
        router: Router,
        interface: Interface,
        kind: Redundancy,
        address: str,
        priority: int,
    ) -> None:
        """It begins as standby and takes over when it has heard nobody better for its hold time."""
        self.simulation = simulation
        self.router = router
        self.interface = interface
        self.kind = kind
        self.address = ip(address)
        self.mac = mac(kind.virtual_mac)
        self.priority = priority
        self.heard_better = simulation.now
        self.heard: set[bytes] = set()
        """Whose hellos it heard since the captures began."""
        router.hooks.append(self._hear)
        simulation.every(kind.hello_ns, self._turn, simulation.now + simulation.random.randrange(kind.hello_ns))

    @property
    def is_active(self) -> bool:
        """Does it stand for the virtual address now?"""
        return self.address in self.interface.virtual

    def _turn(self) -> None:
        if not self.is_active and self.simulation.now - self.heard_better > self.kind.hold_ns:
            self.interface.virtual[self.address] = self.mac
            self.interface.send(arp(2, (self.mac, self.address), (EVERYBODY, self.address), EVERYBODY))
        if self.is_active or self.kind.standby_speaks:
            self._say()

    def _say(self) -> None:
        kind, own = self.kind, self.interface.addresses[0]
        target = ip(kind.group_address)
        message = kind.hello(self.is_active, self.priority, self.address, self.mac, self.interface.mac)
        protocol = IP_VRRP
        if kind.udp_port:
            protocol, message = IP_UDP, udp(own, target, (kind.udp_port, kind.udp_port), message)
        raw = ipv4(own, target, protocol, message, ttl=kind.ttl, ident=self.router.next_ident())
        speaks_virtual = self.is_active or not kind.standby_speaks
        sender = self.mac if speaks_virtual else self.interface.mac
        self.interface.send(ethernet(group_mac(target), sender, ETHERTYPE_IPV4, raw))

    def _hear(self, interface: Interface, frame: Frame) -> None:
        if interface is not self.interface or frame.head[:6] != group_mac(ip(self.kind.group_address)):
            return
        message, sender = frame.head[34:], frame.head[26:30]
        if self.simulation.now >= 0:
            self.heard.add(sender)
        if self._priority_in(message) > self.priority:
            self.heard_better = self.simulation.now
            self.interface.virtual.pop(self.address, None)

    def _priority_in(self, message: bytes) -> int:
        at = {"vrrp": 2, "hsrp1": 8 + 5, "hsrp2": 8 + 2 + 15, "glbp": 8 + 12 + 2 + 3}[self.kind.name]
        return message[at]


def keeps_apart(kind: Redundancy) -> Callable[[Frame], bool]:
    """What a link between sites must not carry so that each has its own gateway: hellos, and the virtual MAC."""
    group, virtual = group_mac(ip(kind.group_address)), mac(kind.virtual_mac)

    def is_barred(frame: Frame) -> bool:
        head = frame.head
        is_about = head[12:14] == b"\x08\x06" and virtual in (head[22:28], head[32:38])
        return head[:6] in (group, virtual) or head[6:12] == virtual or is_about

    return is_barred
