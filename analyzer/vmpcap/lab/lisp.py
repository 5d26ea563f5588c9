"""LISP host mobility (RFC 9300, 9301): registers, notifies, solicits and replies, and packets in UDP 4341."""

import struct
from typing import Final

from vmpcap.lab.events import MS, S, Simulation
from vmpcap.lab.frames import Frame, addresses_of, ip, ip_words, ipv4, udp
from vmpcap.lab.machines import Interface, Machine, Router
from vmpcap.terms.wire import ETHERTYPE_ARP, IP_UDP

DATA_PORT: Final = 4341
CONTROL_PORT: Final = 4342
NOTICED_NS: Final = 30 * MS
EID_NETWORK: Final = ip("10.77.0.0")[:3]
PERIOD_NS: Final = 60 * S


def _eid_record(eid: bytes, locator: bytes, ttl: int = 1440) -> bytes:
    head = struct.pack(">IBBHHH", ttl, 1, 32, 0x1000, 0, 1) + eid
    return head + struct.pack(">BBBBHH", 1, 100, 255, 0, 5, 1) + locator


def register(nonce: int, eid: bytes, locator: bytes, kind: int = 3) -> bytes:
    """A Map-Register that wants to be confirmed, or (4) its Map-Notify; the authentication data are zeros."""
    first = (kind << 28) | (0x100 if kind == 3 else 0) | 1
    return struct.pack(">IQHH", first, nonce, 1, 20) + bytes(20) + _eid_record(eid, locator)


def request(nonce: int, source: bytes, itr: bytes, eid: bytes, solicits: bool) -> bytes:
    """A Map-Request; with the S bit it asks the other to ask again (SMR)."""
    first = (1 << 28) | (0x0100_0000 if solicits else 0) | 1
    head = struct.pack(">IQH", first, nonce, 1) + source + struct.pack(">H", 1) + itr
    return head + struct.pack(">BBH", 0, 32, 1) + eid


def reply(nonce: int, eid: bytes, locator: bytes) -> bytes:
    """A Map-Reply with one locator."""
    return struct.pack(">IQ", (2 << 28) | 1, nonce) + _eid_record(eid, locator)


class MapServer(Machine):
    """Knows who registered what, confirms it, tells the one before, and answers requests."""

    def serve(self, eid: bytes) -> None:
        """Listen for messages about this identifier."""
        self.eid = eid
        self.locator: bytes | None = None
        self.changes: list[tuple[int, str]] = []
        self.listeners[IP_UDP, CONTROL_PORT] = self._hear

    def _hear(self, sender: bytes, target: bytes, payload: bytes) -> None:
        message = payload[8:]
        kind, nonce = message[0] >> 4, int.from_bytes(message[4:12], "big")
        if kind == 3:
            before, self.locator = self.locator, message[-4:]
            if before != self.locator:
                self.changes.append((self.simulation.now, ip_words(self.locator)))
            notify = register(nonce, self.eid, self.locator, kind=4)
            for to in {self.locator: None, before or self.locator: None}:
                self.send_datagram(to, (CONTROL_PORT, CONTROL_PORT), notify)
        if kind == 1 and self.locator is not None:
            self.send_datagram(sender, (CONTROL_PORT, CONTROL_PORT), reply(nonce, self.eid, self.locator))


class TunnelRouter:
    """A site's xTR: unwraps for its site, registers a guest that it hears, solicits when the guest has gone."""

    def __init__(
        self,
        simulation: Simulation,
        router: Router,
        lan: Interface,
        up: Interface,
        server: bytes,
        guest: tuple[bytes, bytes],
    ) -> None:
        """`guest` is its MAC and identifier."""
        self.simulation, self.router, self.lan, self.up = simulation, router, lan, up
        self.server, self.guest = server, guest
        self.has_guest = False
        self.registered: list[int] = []
        self._solicited: set[bytes] = set()
        router.hooks.append(self._watch)
        router.listeners[IP_UDP, DATA_PORT] = self._unwrap
        router.listeners[IP_UDP, CONTROL_PORT] = self._hear
        simulation.every(PERIOD_NS, self._periodic, S)

    @property
    def locator(self) -> bytes:
        """Its address in the core."""
        return self.up.addresses[0]

    def _watch(self, interface: Interface, frame: Frame) -> None:
        """A packet of the guest, or ARP with its address: RARP has none (domain notes 4.8)."""
        head = frame.head
        if interface is not self.lan or head[6:12] != self.guest[0] or self.has_guest:
            return
        ethertype = int.from_bytes(head[12:14], "big")
        said = head[28:32] if ethertype == ETHERTYPE_ARP else head[26:30] if ethertype == 0x0800 else b""
        if said == self.guest[1]:
            self.has_guest = True
            self.simulation.after(NOTICED_NS, self._register)

    def _periodic(self) -> None:
        if self.has_guest:
            self._register()

    def _register(self) -> None:
        self.registered.append(self.simulation.now)
        message = register(self.simulation.random.getrandbits(64), self.guest[1], self.locator)
        self.router.send_datagram(self.server, (CONTROL_PORT, CONTROL_PORT), message, self.locator)

    def _hear(self, sender: bytes, target: bytes, payload: bytes) -> None:
        """A Map-Notify with another locator: the guest has gone."""
        message = payload[8:]
        if message[0] >> 4 == 4 and message[-4:] != self.locator:
            self.has_guest = False

    def _unwrap(self, sender: bytes, target: bytes, payload: bytes) -> None:
        inner = payload[16:]
        if self.has_guest or sender in self._solicited or not self.registered:
            self.router.forward(self.up, inner)
            return
        self._solicited.add(sender)
        message = request(self.simulation.random.getrandbits(64), self.guest[1], self.locator, self.guest[1], True)
        self.router.send_datagram(sender, (CONTROL_PORT, CONTROL_PORT), message, self.locator)


class ProxyRouter:
    """The clients' PITR: wraps what is for the guests' network, to the locator that it knows; asks when solicited."""

    def __init__(self, simulation: Simulation, router: Router, up: Interface, server: bytes, eid: bytes) -> None:
        """It knows nothing yet."""
        self.simulation, self.router, self.up, self.server, self.eid = simulation, router, up, server, eid
        self.locator: bytes | None = None
        self.changes: list[tuple[int, str]] = []
        self._port = 40000 + simulation.random.randrange(10000)
        router.intercepts.append(self._wrap)
        router.listeners[IP_UDP, CONTROL_PORT] = self._hear

    def _ask(self) -> None:
        own = self.up.addresses[0]
        message = request(self.simulation.random.getrandbits(64), own, own, self.eid, False)
        self.router.send_datagram(self.server, (CONTROL_PORT, CONTROL_PORT), message, own)

    def _hear(self, sender: bytes, target: bytes, payload: bytes) -> None:
        message = payload[8:]
        if message[0] >> 4 == 1:
            self.simulation.after(2 * MS, self._ask)
        if message[0] >> 4 == 2:
            self.locator = message[-4:]
            self.changes.append((self.simulation.now, ip_words(self.locator)))

    def _wrap(self, interface: Interface, raw: bytes) -> bool:
        sender, target, _, _ = addresses_of(raw)
        if len(target) != 4 or target[:3] != EID_NETWORK:
            return False
        if self.locator is None:
            self._ask()
            return True
        lowered = raw[:8] + bytes([raw[8] - 1]) + raw[9:]
        _, _, protocol, payload = addresses_of(lowered)
        inner = ipv4(sender, target, protocol, payload, ttl=raw[8] - 1, ident=int.from_bytes(raw[4:6], "big"))
        own = self.up.addresses[0]
        shim = b"\x80" + self.simulation.random.randbytes(3) + b"\0\0\0\1"
        data = udp(own, self.locator, (self._port, DATA_PORT), shim + inner)
        out, next_hop = self.router.way(self.locator)
        out.output(next_hop, ipv4(own, self.locator, IP_UDP, data, ident=self.router.next_ident()))
        return True
