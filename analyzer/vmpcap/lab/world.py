"""What every simulated network has: a guest, a client far away, routers between, and what the truth is asked of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from vmpcap.lab.events import MS, S, Simulation
from vmpcap.lab.frames import ip, mac
from vmpcap.lab.gateways import VirtualGateway
from vmpcap.lab.hop import Hop
from vmpcap.lab.host_routes import HostRoutes
from vmpcap.lab.lisp import MapServer, ProxyRouter, TunnelRouter
from vmpcap.lab.machines import Guest, Interface, Machine, Router
from vmpcap.lab.otv import Edge
from vmpcap.lab.peers import Conversation, Datagrams, Ping
from vmpcap.lab.scenarios import Scenario
from vmpcap.lab.stream import MSS, End, Stream
from vmpcap.lab.switches import Endpoint
from vmpcap.lab.wires import Link, Port, Tap, join

WARM_UP_NS: Final = 25 * S
"""So long everything runs before the captures begin: hellos, caches, tables."""
GREETING_NS: Final = -20 * S
LOGS_NS: Final = -4 * S + 333 * MS
GUEST_LIFETIME_NS: Final = 4 * S
"""How long a guest that talks believes its gateway's MAC."""
PEERS_NS: Final = -5 * S
STREAM_NS: Final = 2 * S
"""When the migration begins."""
TICKS_S: Final = (1, 1, 2, 3, 5, 8, 13, 21)
"""After the first RARP and the one at the host's next full second: Fibonacci's numbers (domain notes 10.1)."""
LARGE_BYTES: Final = 1000
GREETING_BYTES: Final = 44
VLAN: Final = 77
OTHER_VLAN: Final = 88

GUEST_MAC: Final = mac("00:50:56:aa:77:10")
NEW_MAC: Final = mac("00:50:56:aa:77:99")
GUEST_IP: Final = ip("10.77.0.10")
GUEST_IP6: Final = ip("2001:db8:77::10")
GATEWAY_IP: Final = ip("10.77.0.1")
GATEWAY_IP6: Final = ip("2001:db8:77::1")
CLIENT_IP: Final = ip("10.99.0.2")
CLIENT_IP6: Final = ip("2001:db8:99::2")
SITE_GATEWAY_MAC: Final = mac("02:00:00:00:77:01")
RARP_ONLY: Final = bytes.fromhex("8035")


@dataclass(slots=True)
class World:
    """A network with everything that the truth is asked of."""

    scenario: Scenario
    simulation: Simulation
    guest: Guest
    taps: list[Tap] = field(default_factory=list)
    pings: list[Ping] = field(default_factory=list)
    talks: list[Datagrams | Conversation] = field(default_factory=list)
    drawing: str = ""
    on_gone: list[Callable[[], None]] = field(default_factory=list)
    """What happens at the old site when the guest's port goes away."""
    gateways: list[tuple[str, VirtualGateway]] = field(default_factory=list)
    routes: HostRoutes | None = None
    tunnel_routers: list[tuple[str, TunnelRouter]] = field(default_factory=list)
    proxy: ProxyRouter | None = None
    map_server: MapServer | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    """Links that may lose what is too large."""
    asker: Interface | None = None
    """The interface by which the guest's network is reached."""
    stream: Stream | None = None
    streams: list[Stream] = field(default_factory=list)
    """Those of other moves."""
    relay: Stream | None = None
    """What proxies make of it beyond them."""
    tunnel: Stream | None = None
    """What the proxies say to each other."""
    proxy_end: End | None = None
    """Who answers for the destination, where a proxy does."""
    hop: Hop | None = None
    hops: int = 0
    """Routers on the stream's way."""
    next_hops: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Of each host: to whom it hands the stream, and whom it should."""
    storage_ns: list[int] = field(default_factory=list)
    """One way from each host to its storage."""
    logging: Conversation | None = None
    """Fault Tolerance between the hosts."""
    stream_link: Link | None = None
    stunned_ns: int | None = None
    resumed_ns: int | None = None
    gave_up_ns: int | None = None
    """When the source host reset the stream."""
    client: Machine | None = None
    core: Router | None = None
    guest_outside: bytes | None = None
    """The guest's address as its peers know it, where that is another than its own."""
    later: list[Ping | Datagrams | Conversation] = field(default_factory=list)
    """Who asks the guest at its new address."""
    is_cut: bool = False
    """Whether the new site's network leads nowhere."""
    callers: list[Any] = field(default_factory=list)
    servers: list[Any] = field(default_factory=list)
    """Of a service that is at two sites: the guest's connections, the machines."""
    announced_ns: list[tuple[int, str]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Has the guest come to where it will run?"""
        return self.resumed_ns is not None or (self.gave_up_ns is not None and not self.scenario.restarts)

    @property
    def moment_ns(self) -> int:
        """When the guest ran on at its new place, or when its move was given up."""
        moment = self.resumed_ns if self.resumed_ns is not None else self.gave_up_ns
        assert moment is not None
        return moment

    @property
    def first_bytes(self) -> int:
        """What the stream's first segment holds: where large ones will not pass, a word goes before them."""
        return MSS if self.scenario.gives_up_s is None else GREETING_BYTES

    def tap(self, name: str, role: str, link: Link, end: int, where: str, snaplen: int = 262_144) -> None:
        """Capture at this end of a link."""
        tap = Tap(name, role, where, snaplen)
        link.taps[end].append(tap)
        self.taps.append(tap)


def log_line(world: World) -> None:
    """The guest's own traffic: a line of a log, unless it stands still."""
    if world.guest.place is not None:
        world.guest.send_datagram(CLIENT_IP, (5140, 514), b"<134>guest: alive")


def add_client(world: World, gateway_port: Port) -> Machine:
    """One machine far away that asks the guest in three ways, or four."""
    simulation = world.simulation
    client = Machine(
        simulation,
        "client",
        mac("02:00:00:00:99:02"),
        (CLIENT_IP, CLIENT_IP6),
        (ip("10.99.0.1"), ip("2001:db8:99::1")),
    )
    link = join(simulation, client.eth0, gateway_port)
    world.tap("client", "client", link, 0, "the client's own interface")
    pace = world.scenario.pace
    world.client = client
    known = world.guest_outside or GUEST_IP
    world.pings.append(Ping(simulation, client, known, "10.99.0.2", pace))
    if world.scenario.has_ipv6:
        world.pings.append(Ping(simulation, client, GUEST_IP6, "2001:db8:99::2", pace))
    world.talks.append(Datagrams(simulation, client, world.guest, "10.99.0.2", pace, known=known))
    answer = b"!" * world.scenario.answer_bytes
    talk = Conversation(simulation, client, world.guest, "10.99.0.2", pace, answer, known=known)
    world.talks.append(talk)
    if world.scenario.answer_bytes >= LARGE_BYTES:  # one with small answers beside it: what passes, and what does not
        world.talks.append(Conversation(simulation, client, world.guest, "10.99.0.2", pace, ports=(40003, 5433)))
    for i, peer in enumerate((*world.pings, *world.talks)):
        peer.begin(PEERS_NS + i * 7 * MS)
    return client


def cable(
    world: World, a: Router, b: Router, addresses: tuple[str, str], macs: tuple[str, str]
) -> tuple[Interface, Interface, Link]:
    """A link with two addresses between two routers."""
    one = a.interface(f"to-{b.name}", mac(macs[0]), (ip(addresses[0]),), 30)
    two = b.interface(f"to-{a.name}", mac(macs[1]), (ip(addresses[1]),), 30)
    return one, two, join(world.simulation, one, two)


def add_core(world: World) -> tuple[Router, Interface]:
    """The router in front of the client."""
    core = Router(world.simulation, "core")
    lan = core.interface("client", mac("02:00:00:00:99:01"), (ip("10.99.0.1"), ip("2001:db8:99::1")))
    world.core = core
    return core, lan
