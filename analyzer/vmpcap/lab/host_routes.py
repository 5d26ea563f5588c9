"""Host routes that follow the guest: site routers say it by RIP, OSPF or BGP, and a core believes them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from vmpcap.lab import layers
from vmpcap.lab.events import MS, S, Simulation
from vmpcap.lab.frames import ACK, PSH, Frame, ethernet, group_mac, ip, ipv4, tcp, udp
from vmpcap.lab.machines import Interface, Router
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_TCP, IP_UDP

IP_OSPF: Final = 89
RIP_PORT: Final = 520
BGP_PORT: Final = 179
NOTICED_NS: Final = 12 * MS
"""So long after the guest's first frame the site's router announces it."""
GONE_NS: Final = 120 * MS
"""So long after the guest's port went away the old router withdraws."""
SPREAD_NS: Final = 3 * MS
"""So long the core takes to pass news on."""
UNREACHABLE: Final = 16
MAX_AGE: Final = 3600


@dataclass(slots=True)
class Way:
    """One site's router as the core knows it."""

    name: str
    router: Router
    up: Interface
    """The router's interface to the core."""
    down: Interface
    """The core's interface to the router."""
    ident: bytes
    cost: int
    """Which the core adds to whatever this router says."""
    announced: list[int] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    news: list[int] = field(default_factory=list)
    """When it said anything of the guest; of its MAC alone, too."""
    sequence: int = 0x8000_0000
    is_up: bool = False


class HostRoutes(ABC):
    """What all of the protocols do: announce, withdraw, choose the cheapest way."""

    name: str

    def __init__(self, simulation: Simulation, core: Router, ways: tuple[Way, Way], host: bytes) -> None:
        """Nobody has announced it yet; what keeps the protocol alive begins at once."""
        self.simulation = simulation
        self.core = core
        self.ways = ways
        self.host = host
        self.changes: list[tuple[int, str]] = []
        """When the core went over to which router."""
        self.begin()

    def announce(self, way: Way) -> None:
        """This router now says that the guest is behind it."""
        if not way.is_up:
            way.is_up = True
            way.announced.append(self.simulation.now)
            way.news.append(self.simulation.now)
            self.tell(way, True)
            self.simulation.after(SPREAD_NS, self._choose)

    def noticed(self, way: Way, frame: Frame) -> None:
        """This router heard a frame of the guest on its own network."""
        self.announce(way)

    def withdraw(self, way: Way) -> None:
        """This router takes it back."""
        if way.is_up:
            way.is_up = False
            way.withdrawn.append(self.simulation.now)
            self.tell(way, False)
            self.simulation.after(SPREAD_NS, self._choose)

    @property
    def best(self) -> Way | None:
        """Which router would the core send to?"""
        up = [way for way in self.ways if way.is_up]
        return min(up, key=lambda way: way.cost, default=None)

    def _choose(self) -> None:
        best = self.best
        if best is None:
            self.core.host_routes.pop(self.host, None)
            return
        if not self.changes or self.changes[-1][1] != best.name:
            self.changes.append((self.simulation.now, best.name))
        self.core.host_routes[self.host] = (best.down, best.up.addresses[0])

    def other(self, way: Way) -> Way:
        """The other site's."""
        return self.ways[1] if way is self.ways[0] else self.ways[0]

    @abstractmethod
    def begin(self) -> None:
        """What is said without any news."""

    @abstractmethod
    def tell(self, way: Way, is_up: bool) -> None:
        """A router's news, and how the core passes them on."""


def send(interface: Interface, target: str, target_mac: bytes | None, protocol: int, data: bytes, ttl: int = 1) -> None:
    """A control packet of a router to its neighbour or to a group."""
    address = ip(target)
    raw = ipv4(interface.addresses[0], address, protocol, data, ttl=ttl, ident=interface.stack.next_ident())
    interface.send(ethernet(target_mac or group_mac(address), interface.mac, ETHERTYPE_IPV4, raw))


class Rip(HostRoutes):
    """RIPv2: responses to 224.0.0.9 every 30 s, and at once where something changed; 16 means gone."""

    name = "rip"

    def begin(self) -> None:
        """The periodic responses, of site routers and core."""
        for i, way in enumerate(self.ways):
            self.simulation.every(30 * S, partial(self._periodic, way), S + i * S // 3)

    def _periodic(self, way: Way) -> None:
        if way.is_up:
            self._say(way.up, 1)
        best = self.best
        if best is not None and best is not way:
            self._say(way.down, 2)

    def _say(self, interface: Interface, metric: int) -> None:
        message = layers.rip_response([(self.host, metric)])
        own = interface.addresses[0]
        send(interface, "224.0.0.9", None, IP_UDP, udp(own, ip("224.0.0.9"), (RIP_PORT, RIP_PORT), message))

    def tell(self, way: Way, is_up: bool) -> None:
        """A triggered response; the core tells the other router what it believes then."""
        self._say(way.up, 1 if is_up else UNREACHABLE)
        self.simulation.after(2 * SPREAD_NS, self._pass_on, way)

    def _pass_on(self, way: Way) -> None:
        best = self.best
        for other in self.ways:
            if best is None:
                self._say(other.down, UNREACHABLE)
            elif other is not best:
                self._say(other.down, 2)


class Ospf(HostRoutes):
    """OSPF: an AS-external LSA of each router that has the guest, flooded through the core; MaxAge takes it back."""

    name = "ospf"

    def begin(self) -> None:
        """Hellos on both links, from both ends."""
        core = ip("10.0.0.1")
        for i, way in enumerate(self.ways):
            for k, (interface, own, neighbour) in enumerate(((way.up, way.ident, core), (way.down, core, way.ident))):
                hello = layers.ospf_hello(own, ip("255.255.255.252"), [neighbour])
                first = -2 * S + (2 * i + k) * 300 * MS
                self.simulation.every(2 * S, _sender(interface, "224.0.0.5", IP_OSPF, hello), first)

    def tell(self, way: Way, is_up: bool) -> None:
        """An update to the core, acknowledged, and the core's to the other router."""
        way.sequence += 1
        age, core = 1 if is_up else MAX_AGE, ip("10.0.0.1")
        update = layers.ospf_external(way.ident, way.ident, self.host, way.sequence, age, 20)
        send(way.up, "224.0.0.5", None, IP_OSPF, update)
        self._acknowledge(way.down, core, update)
        other = self.other(way)
        onward = layers.ospf_external(core, way.ident, self.host, way.sequence, min(age + 1, MAX_AGE), 20)
        self.simulation.after(SPREAD_NS, _sender(other.down, "224.0.0.5", IP_OSPF, onward))
        self.simulation.after(SPREAD_NS, self._acknowledge, other.up, other.ident, onward)

    def _acknowledge(self, interface: Interface, router: bytes, update: bytes) -> None:
        message = layers.ospf_acknowledged(router, update)
        self.simulation.after(500 * MS, _sender(interface, "224.0.0.5", IP_OSPF, message))


def _sender(interface: Interface, target: str, protocol: int, message: bytes) -> Callable[[], None]:
    return partial(send, interface, target, None, protocol, message)


@dataclass(slots=True)
class _Session:
    """A BGP session, long since established: the next byte of either end."""

    ends: tuple[Interface, Interface]
    port: int
    next: list[int]


class Bgp(HostRoutes):
    """BGP: sessions of both routers with the core, which passes on what it believes."""

    name = "bgp"
    numbers: Final = {"ra": 65001, "rb": 65002, "core": 65000}

    def begin(self) -> None:
        """Keep-alives both ways on each session."""
        random = self.simulation.random
        self._sessions = {
            way.name: _Session(
                (way.up, way.down),
                random.randrange(32768, 60999),
                [random.randrange(1 << 32), random.randrange(1 << 32)],
            )
            for way in self.ways
        }
        alive = b"\xff" * 16 + b"\x00\x13\x04"
        for i, way in enumerate(self.ways):
            for end in (0, 1):
                session = self._sessions[way.name]
                self.simulation.every(3 * S, partial(self._say, session, end, alive), -S + (2 * i + end) * 350 * MS)

    def _say(self, session: _Session, end: int, message: bytes) -> None:
        self._segment(session, end, PSH | ACK, message)
        session.next[end] = (session.next[end] + len(message)) & 0xFFFF_FFFF
        self.simulation.after(2 * MS, self._segment, session, 1 - end, ACK, b"")

    def _segment(self, session: _Session, end: int, flags: int, data: bytes) -> None:
        me, other = session.ends[end], session.ends[1 - end]
        ports = (session.port, BGP_PORT) if end == 0 else (BGP_PORT, session.port)
        addresses = (me.addresses[0], other.addresses[0])
        raw = tcp(addresses, ports, (session.next[end], session.next[1 - end]), flags, 502, b"", data)
        send(me, ".".join(map(str, other.addresses[0])), other.mac, IP_TCP, raw)

    def tell(self, way: Way, is_up: bool) -> None:
        """An UPDATE to the core; the core's to the other router."""
        number = self.numbers[way.name]
        own = way.up.addresses[0]
        self._say(self._sessions[way.name], 0, layers.bgp_update(self.host, own, [number], is_up))
        self.simulation.after(2 * SPREAD_NS, self._pass_on, way, is_up)

    def _pass_on(self, way: Way, is_up: bool) -> None:
        other, best = self.other(way), self.best
        session = self._sessions[other.name]
        if best is way and is_up:
            path = [self.numbers["core"], self.numbers[way.name]]
            self._say(session, 1, layers.bgp_update(self.host, other.down.addresses[0], path, True))
        elif not is_up and best is None:
            self._say(session, 1, layers.bgp_update(self.host, b"", [], False))
        if best is other and not is_up:  # what it told the other of this way, and what it tells this one of the other
            self._say(session, 1, layers.bgp_update(self.host, b"", [], False))
            session = self._sessions[way.name]
            path = [self.numbers["core"], self.numbers[other.name]]
            self._say(session, 1, layers.bgp_update(self.host, way.down.addresses[0], path, True))


class Follower:
    """A router's agent: announces the guest when it hears a frame of it on the site's network."""

    def __init__(self, routes: HostRoutes, way: Way, lan: Interface, guest_mac: bytes) -> None:
        """It listens from now on."""
        self.routes, self.way, self.lan, self.guest_mac = routes, way, lan, guest_mac
        self.is_deaf = False
        way.router.hooks.append(self._hear)

    def _hear(self, interface: Interface, frame: Frame) -> None:
        if interface is self.lan and frame.head[6:12] == self.guest_mac and not self.is_deaf and not self.way.is_up:
            self.routes.simulation.after(NOTICED_NS, self.routes.noticed, self.way, frame)

    def gone(self) -> None:
        """The guest's port went away."""
        self.is_deaf = True
        self.routes.simulation.after(GONE_NS, self.routes.withdraw, self.way)
