"""Machines with an IP stack: interfaces that resolve neighbours, hosts, the guest that moves, routers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vmpcap.lab.events import US, S, Simulation
from vmpcap.lab.frames import (
    EVERYBODY,
    NO_MAC,
    Frame,
    addresses_of,
    arp,
    ethernet,
    ethertype_of,
    group_mac,
    icmp,
    icmpv6,
    ip,
    lower_ttl,
    packet,
    solicited_node,
    udp,
)
from vmpcap.lab.wires import Port
from vmpcap.terms.wire import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP

ASK_AGAIN_NS: Final = S
MOST_WAITING: Final = 3
"""So many packets wait for a neighbour's MAC; older ones are dropped."""
NEVER: Final = 1 << 62
ROUTER_NS: Final = 20 * US


@dataclass(slots=True)
class Neighbour:
    """What an interface remembers of a neighbour."""

    mac: bytes
    since: int


class Interface(Port):
    """A port with a MAC and addresses; asks for MACs (RFC 826, RFC 4861), answers, and remembers."""

    def __init__(self, owner: "Stack", name: str, mac: bytes, addresses: tuple[bytes, ...], prefix: int = 24) -> None:
        """`prefix` is that of IPv4; IPv6 has 64."""
        super().__init__(owner, name)
        self.stack = owner
        self.mac = mac
        self.addresses = list(addresses)
        self.prefix = prefix
        self.virtual: dict[bytes, bytes] = {}
        """Addresses that this router stands for at the moment, each with its virtual MAC."""
        self.cache: dict[bytes, Neighbour] = {}
        self.lifetime_ns = NEVER
        """How old what is remembered may be before it is forgotten."""
        self.trusts_gratuitous = True
        self.unanswered: dict[bytes, int] = {}
        """Questions since the last answer, by address."""
        self._waiting: dict[bytes, list[tuple[bytes, bytes]]] = {}

    def is_near(self, address: bytes) -> bool:
        """Is this address on the link?"""
        bits = self.prefix if len(address) == 4 else 64
        shift = len(address) * 8 - bits
        mine = [a for a in self.addresses if len(a) == len(address)]
        return any(int.from_bytes(a, "big") >> shift == int.from_bytes(address, "big") >> shift for a in mine)

    def own(self, version_of: bytes) -> bytes:
        """The first own address of this version."""
        return next(a for a in self.addresses if len(a) == len(version_of))

    def output(self, next_hop: bytes, raw: bytes, sender: bytes | None = None) -> None:
        """Send a packet to a neighbour, or keep it until his MAC is known."""
        mac = sender or self.mac
        if next_hop[0] in (0xE0, 0xFF) or (len(next_hop) == 4 and next_hop[0] >> 4 == 0xE):
            self.send(ethernet(group_mac(next_hop), mac, ethertype_of(raw), raw))
            return
        known = self.cache.get(next_hop)
        if known is not None and self.stack.simulation.now - known.since > self.lifetime_ns:
            del self.cache[next_hop]
            known = None
        if known is not None:
            self.send(ethernet(known.mac, mac, ethertype_of(raw), raw))
            return
        waiting = self._waiting.get(next_hop)
        if waiting is None:
            self._waiting[next_hop] = [(raw, mac)]
            self._ask(next_hop)
        else:
            waiting.append((raw, mac))
            del waiting[:-MOST_WAITING]

    def _ask(self, address: bytes) -> None:
        if address not in self._waiting:
            return
        self.unanswered[address] = self.unanswered.get(address, 0) + 1
        self.send(self.question(address))
        self.stack.simulation.after(ASK_AGAIN_NS, self._ask, address)

    def question(self, address: bytes) -> Frame:
        """Who has this address?"""
        if len(address) == 4:
            return arp(1, (self.mac, self.own(address)), (NO_MAC, address), EVERYBODY)
        group = solicited_node(address)
        body = bytes(4) + address + b"\x01\x01" + self.mac
        own = self.own(address)
        return ethernet(
            group_mac(group),
            self.mac,
            ETHERTYPE_IPV6,
            packet(own, group, IP_ICMPV6, icmpv6(own, group, 135, body), ttl=255),
        )

    def learn(self, address: bytes, mac: bytes, is_answer: bool) -> None:
        """Somebody says that this address is at this MAC; new ones are remembered from answers only."""
        if is_answer or (address in self.cache and self.trusts_gratuitous):
            self.cache[address] = Neighbour(mac, self.stack.simulation.now)
        if is_answer:
            self.unanswered.pop(address, None)
            for raw, sender in self._waiting.pop(address, []):
                self.send(ethernet(mac, sender, ethertype_of(raw), raw))

    def hear(self, frame: Frame) -> bytes | None:
        """Answer and learn from what resolves addresses; the packet of any other frame that is for this interface."""
        head = frame.head
        target, ethertype = head[:6], int.from_bytes(head[12:14], "big")
        if not target[0] & 1 and target != self.mac and target not in self.virtual.values():
            return None
        if ethertype == ETHERTYPE_ARP:
            self._hear_arp(head)
            return None
        if ethertype not in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
            return None
        raw = head[14:]
        if raw[0] >> 4 == 6 and raw[6] == IP_ICMPV6 and raw[40] in (135, 136):
            self._hear_neighbour(raw)
            return None
        return raw

    def _hear_arp(self, head: bytes) -> None:
        operation, sender_mac, sender_ip = int.from_bytes(head[20:22], "big"), head[22:28], head[28:32]
        target_ip = head[38:42]
        is_mine = target_ip in self.addresses or target_ip in self.virtual
        self.learn(sender_ip, sender_mac, is_mine and sender_ip != bytes(4))
        if operation == 1 and is_mine and sender_ip != target_ip:
            mac = self.virtual.get(target_ip, self.mac)
            self.send(arp(2, (mac, target_ip), (sender_mac, sender_ip), sender_mac))

    def _hear_neighbour(self, raw: bytes) -> None:
        sender, kind, wanted = raw[8:24], raw[40], raw[48:64]
        if kind == 136 and len(raw) >= 72 and raw[64] == 2:
            self.learn(wanted, raw[66:72], bool(raw[44] & 0x40))
        if kind == 135 and wanted in self.addresses and len(raw) >= 72 and raw[64] == 1:
            self.learn(sender, raw[66:72], True)
            self.send(self.neighbour_answer(wanted, sender, raw[66:72]))

    def neighbour_answer(self, address: bytes, to: bytes | None = None, mac: bytes = b"") -> Frame:
        """A neighbour advertisement: to who asked, or to all nodes (RFC 4861 7.2.6)."""
        target = to or ip("ff02::1")
        flags = 0x6000_0000 if to is not None else 0x2000_0000
        body = flags.to_bytes(4, "big") + address + b"\x02\x01" + self.mac
        raw = packet(address, target, IP_ICMPV6, icmpv6(address, target, 136, body), ttl=255)
        return ethernet(mac if to is not None else group_mac(target), self.mac, ETHERTYPE_IPV6, raw)


class Stack:
    """Whoever speaks IP."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        """Without an interface."""
        self.simulation = simulation
        self.name = name
        self.interfaces: list[Interface] = []
        self.listeners: dict[tuple[int, int], Callable[[bytes, bytes, bytes], None]] = {}
        """By protocol and own port (0 where there is none): who reads (sender, target, payload of the packet)."""
        self._ident = simulation.random.randrange(1 << 16)

    def interface(self, name: str, mac: bytes, addresses: tuple[bytes, ...], prefix: int = 24) -> Interface:
        """One more interface."""
        made = Interface(self, f"{self.name}:{name}", mac, addresses, prefix)
        self.interfaces.append(made)
        return made

    def receive(self, port: Port, frame: Frame) -> None:
        """A frame arrived."""
        assert isinstance(port, Interface)
        raw = port.hear(frame)
        if raw is not None:
            self.input(port, raw)

    def input(self, interface: Interface, raw: bytes) -> None:
        """A packet arrived: read it if it is for this machine."""
        _, target, _, _ = addresses_of(raw)
        if target in interface.addresses or target[0] == 0xFF or target[0] >> 4 == 0xE:
            self.read(raw)

    def read(self, raw: bytes) -> None:
        """Answer an echo request; hand the rest to who listens."""
        sender, target, protocol, payload = addresses_of(raw)
        if protocol == IP_ICMP and payload[0] == 8:
            self.send_packet(sender, IP_ICMP, b"\0\0" + self._echoed(payload, 0), target)
            return
        if protocol == IP_ICMPV6 and payload[0] == 128:
            self.send_packet(sender, IP_ICMPV6, icmpv6(target, sender, 129, payload[4:]), target)
            return
        port = int.from_bytes(payload[2:4], "big") if protocol in (IP_TCP, IP_UDP) else 0
        listener = self.listeners.get((protocol, port))
        if listener is not None:
            listener(sender, target, payload)

    @staticmethod
    def _echoed(payload: bytes, kind: int) -> bytes:
        ident, number = int.from_bytes(payload[4:6], "big"), int.from_bytes(payload[6:8], "big")
        return icmp(kind, ident, number, payload[8:])[2:]

    def next_ident(self) -> int:
        """The IP identification of the next packet: one more each time."""
        self._ident = (self._ident + 1) & 0xFFFF
        return self._ident

    def send_packet(self, target: bytes, protocol: int, payload: bytes, sender: bytes | None = None) -> None:
        """Send this as a packet of one's own."""
        interface, next_hop = self.way(target)
        own = sender or interface.own(target)
        interface.output(next_hop, packet(own, target, protocol, payload, ident=self.next_ident()))

    def send_datagram(self, target: bytes, ports: tuple[int, int], data: bytes, sender: bytes | None = None) -> None:
        """Send a UDP datagram."""
        own = sender or self.way(target)[0].own(target)
        self.send_packet(target, IP_UDP, udp(own, target, ports, data), own)

    def way(self, target: bytes) -> tuple[Interface, bytes]:
        """By which interface and which neighbour does one get there?"""
        raise NotImplementedError


class Machine(Stack):
    """A host with one interface and a gateway for each version."""

    def __init__(
        self, simulation: Simulation, name: str, mac: bytes, addresses: tuple[bytes, ...], gateways: tuple[bytes, ...]
    ) -> None:
        """Its interface is called eth0."""
        super().__init__(simulation, name)
        self.eth0: Interface = self.interface("eth0", mac, addresses)
        self.gateways = gateways

    def way(self, target: bytes) -> tuple[Interface, bytes]:
        """Neighbours directly, all others by the gateway."""
        if self.eth0.is_near(target):
            return self.eth0, target
        return self.eth0, next(g for g in self.gateways if len(g) == len(target))


class Place(Port):
    """A hypervisor's port for the guest: frames reach the guest here only while it runs here."""

    def __init__(self, guest: "Guest", name: str) -> None:
        """The guest may be elsewhere."""
        super().__init__(guest, name)


class Roaming(Interface):
    """The guest's interface: what it sends leaves by the port behind which the guest runs."""

    def __init__(self, guest: "Guest", mac: bytes, addresses: tuple[bytes, ...]) -> None:
        """Never plugged in itself."""
        super().__init__(guest, "guest:eth0", mac, addresses)
        self.guest = guest

    def send(self, frame: Frame) -> None:
        """By the port of the host that it runs on."""
        self.guest.say(frame)


class Guest(Machine):
    """The machine that moves: stunned, it neither hears nor says anything."""

    def __init__(
        self, simulation: Simulation, mac: bytes, addresses: tuple[bytes, ...], gateways: tuple[bytes, ...]
    ) -> None:
        """It runs at its old place."""
        super().__init__(simulation, "guest", mac, addresses, gateways)
        self.old, self.new = Place(self, "old"), Place(self, "new")
        self.place: Place | None = self.old
        self.heard_at_new = 0
        self.back = 0
        """How often it came back to its old place."""
        """Unicast frames of others that reached it at its new place."""
        self.first_said_ns: int | None = None
        """When it sent its first own frame at its new place."""
        self.eth0 = Roaming(self, mac, addresses)
        self.interfaces = [self.eth0]

    def receive(self, port: Port, frame: Frame) -> None:
        """Only where it runs."""
        if port is not self.place:
            return
        if port is self.new and frame.head[:6] == self.eth0.mac:
            self.heard_at_new += 1
        wait = (20 + self.simulation.random.randrange(60)) * US
        self.simulation.after(wait, self._read, port, frame)

    def _read(self, port: Port, frame: Frame) -> None:
        if port is self.place:
            super().receive(self.eth0, frame)

    def say(self, frame: Frame) -> None:
        """Send a frame by the port behind which it runs; a stunned guest says nothing."""
        if self.place is self.new and self.first_said_ns is None:
            self.first_said_ns = self.simulation.now
        if self.place is not None:
            self.place.send(frame)


class Router(Stack):
    """Forwards packets: host routes first, then networks on its links, then its default."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        """Without interfaces."""
        super().__init__(simulation, name)
        self.host_routes: dict[bytes, tuple[Interface, bytes]] = {}
        self.networks: list[tuple[bytes, int, Interface, bytes]] = []
        """(network, prefix, interface, neighbour); the longest fitting prefix is taken."""
        self.defaults: list[tuple[Interface, bytes]] = []
        """One for each version."""
        self.hooks: list[Callable[[Interface, Frame], None]] = []
        """Who looks at every frame that arrives: agents that follow guests."""
        self.intercepts: list[Callable[[Interface, bytes], bool]] = []
        """Who may take a packet instead of forwarding it: tunnels."""

    def receive(self, port: Port, frame: Frame) -> None:
        """A frame arrived."""
        assert isinstance(port, Interface)
        for hook in self.hooks:
            hook(port, frame)
        super().receive(port, frame)

    def input(self, interface: Interface, raw: bytes) -> None:
        """Read what is for this router, forward the rest."""
        _, target, _, _ = addresses_of(raw)
        mine = any(target in i.addresses or target in i.virtual for i in self.interfaces)
        if mine or target[0] == 0xFF or target[0] >> 4 == 0xE:
            self.read(raw)
            return
        self.simulation.after(ROUTER_NS, self.forward, interface, raw)

    def forward(self, interface: Interface, raw: bytes) -> None:
        """Hand a packet on with a lower TTL."""
        if any(takes(interface, raw) for takes in self.intercepts):
            return
        lowered = lower_ttl(raw)
        if lowered is None:
            return
        out, next_hop = self.way(addresses_of(lowered)[1])
        out.output(next_hop, lowered)

    def way(self, target: bytes) -> tuple[Interface, bytes]:
        """The most special route that fits."""
        route = self.host_routes.get(target)
        if route is not None:
            return route
        for interface in self.interfaces:
            if interface.is_near(target):
                return interface, target
        fitting = [n for n in self.networks if _fits(target, n[0], n[1])]
        if fitting:
            best = max(fitting, key=lambda n: n[1])
            return best[2], best[3]
        return next(d for d in self.defaults if len(d[1]) == len(target))


def _fits(address: bytes, network: bytes, prefix: int) -> bool:
    shift = len(address) * 8 - prefix
    same = len(address) == len(network)
    return same and int.from_bytes(address, "big") >> shift == int.from_bytes(network, "big") >> shift
