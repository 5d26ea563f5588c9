"""The networks that scenarios happen in: hosts, switches, routers, peers, and where captures are taken."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from vmpcap.lab.events import MS, S, Simulation
from vmpcap.lab.frames import EVERYBODY, Frame, arp, ip, mac, rarp
from vmpcap.lab.gateways import REDUNDANCIES, VirtualGateway, keeps_apart
from vmpcap.lab.host_routes import PROTOCOLS, Follower, HostRoutes, Way
from vmpcap.lab.lisp import MapServer, ProxyRouter, TunnelRouter
from vmpcap.lab.machines import Guest, Interface, Machine, Router
from vmpcap.lab.otv import Edge
from vmpcap.lab.peers import Conversation, Datagrams, Ping
from vmpcap.lab.scenarios import Scenario
from vmpcap.lab.stream import End, Hop, Stream
from vmpcap.lab.switches import Endpoint, Switch
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
    asker: Interface | None = None
    """The interface by which the guest's network is reached."""
    stream: Stream | None = None
    stream_link: Link | None = None
    stunned_ns: int | None = None
    resumed_ns: int | None = None
    announced_ns: list[tuple[int, str]] = field(default_factory=list)

    def tap(self, name: str, role: str, link: Link, end: int, where: str, snaplen: int = 262_144) -> None:
        """Capture at this end of a link."""
        tap = Tap(name, role, where, snaplen)
        link.taps[end].append(tap)
        self.taps.append(tap)


def build(scenario: Scenario) -> World:
    """The network of this scenario, with the stream about to begin."""
    simulation = Simulation(f"{scenario.name}/{scenario.seed}", -WARM_UP_NS)
    addresses = (GUEST_IP, GUEST_IP6) if scenario.has_ipv6 else (GUEST_IP,)
    guest = Guest(simulation, GUEST_MAC, addresses, (GATEWAY_IP, GATEWAY_IP6))
    world = World(scenario, simulation, guest)
    BUILDERS[scenario.world](world)
    simulation.at(GREETING_NS, _greet, world)
    _migration(world)
    return world


# the migration


def _migration(world: World) -> None:
    """Two hosts, the link between them, a router if asked for; the stream begins after two seconds."""
    simulation, link = world.simulation, world.scenario.link
    destination = "10.10.2.12" if link.is_routed else "10.10.1.12"
    ends = tuple(
        End(Port(simulation, name), mac(own), ip(address))  # type: ignore[arg-type]
        for name, own, address in (
            ("vmk-src", "00:50:56:61:00:11", "10.10.1.11"),
            ("vmk-dst", "00:50:56:62:00:12", destination),
        )
    )
    near, far = Switch(simulation, "migration-a"), Switch(simulation, "migration-b")
    source = join(simulation, ends[0].port, near.port("host"))
    target = join(simulation, far.port("host"), ends[1].port)
    wan = Link(
        simulation,
        near.port("wan"),
        Port(far, "wan"),
        link.rate_mbps,
        int(link.rtt_ms * MS / 2),
        link.queue_bytes,
        link.loss,
    )
    far.ports.append(wan.ports[1])
    ends[0].next_hop_mac, ends[1].next_hop_mac = ends[1].mac, ends[0].mac
    if link.is_routed:
        hop = Hop(simulation, (mac("02:00:00:00:10:01"), mac("02:00:00:00:10:02")))
        wan.ports[1].owner = hop
        far.ports.remove(wan.ports[1])
        hop.ports[0].owner = hop
        wan.ports = (wan.ports[0], hop.ports[0])
        hop.ports[0].link, hop.ports[0].end = wan, 1
        join(simulation, hop.ports[1], far.port("router"))
        hop.beyond[:] = [ends[0].mac, ends[1].mac]
        ends[0].next_hop_mac, ends[1].next_hop_mac = hop.macs
    world.tap("src-uplink", "source", source, 0, "the source host's migration NIC", world.scenario.snaplen)
    world.tap("dst-uplink", "destination", target, 1, "the destination host's migration NIC", world.scenario.snaplen)
    world.stream_link = wan
    world.stream = Stream(
        simulation,
        (ends[0], ends[1]),
        world.scenario.stream_bytes,
        world.scenario.window_bytes,
        lambda: _stun(world),
        lambda: _arrived(world),
    )
    world.stream.begin(STREAM_NS)


def _stun(world: World) -> None:
    world.stunned_ns = world.simulation.now
    world.guest.place = None


def _arrived(world: World) -> None:
    assert world.stunned_ns is not None
    earliest = world.stunned_ns + int(world.scenario.stun_ms * MS)
    world.simulation.at(max(earliest, world.simulation.now + MS), _resume, world)


def _resume(world: World) -> None:
    """The guest runs at its new place; its host, and the guest where it does so, tell of it."""
    guest, simulation = world.guest, world.simulation
    world.resumed_ns = simulation.now
    guest.place = guest.new
    if world.scenario.fails == "new_mac":
        guest.eth0.mac = NEW_MAC
    second = S - simulation.now % S
    times = [0, second]
    for ticks in TICKS_S:
        times.append(times[-1] + ticks * S)
    for wait in times if "rarp" in world.scenario.announces else ():
        simulation.after(wait, _announce, world, "rarp", guest.new.send, rarp(guest.eth0.mac))
    if "garp" in world.scenario.announces:
        frame = arp(1, (guest.eth0.mac, GUEST_IP), (bytes(6), GUEST_IP), EVERYBODY)
        simulation.after(20 * MS, _announce, world, "garp", guest.say, frame)
    if "na" in world.scenario.announces:
        simulation.after(20 * MS, _announce, world, "na", guest.say, guest.eth0.neighbour_answer(GUEST_IP6))
    for gone in world.on_gone:
        gone()


def _announce(world: World, kind: str, send: Callable[[Frame], None], frame: Frame) -> None:
    world.announced_ns.append((world.simulation.now, kind))
    send(frame)


# peers


def _log(world: World) -> None:
    """The guest's own traffic: a line of a log, unless it stands still."""
    if world.guest.place is not None:
        world.guest.send_datagram(CLIENT_IP, (5140, 514), b"<134>guest: alive")


def _client(world: World, gateway_port: Port) -> Machine:
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
    world.pings.append(Ping(simulation, client, GUEST_IP, "10.99.0.2", pace))
    if world.scenario.has_ipv6:
        world.pings.append(Ping(simulation, client, GUEST_IP6, "2001:db8:99::2", pace))
    world.talks.append(Datagrams(simulation, client, world.guest, "10.99.0.2", pace))
    world.talks.append(Conversation(simulation, client, world.guest, "10.99.0.2", pace))
    for i, peer in enumerate((*world.pings, *world.talks)):
        peer.begin(PEERS_NS + i * 7 * MS)
    return client


def _cable(
    world: World, a: Router, b: Router, addresses: tuple[str, str], macs: tuple[str, str]
) -> tuple[Interface, Interface, Link]:
    """A link with two addresses between two routers."""
    one = a.interface(f"to-{b.name}", mac(macs[0]), (ip(addresses[0]),), 30)
    two = b.interface(f"to-{a.name}", mac(macs[1]), (ip(addresses[1]),), 30)
    return one, two, join(world.simulation, one, two)


def _core(world: World) -> tuple[Router, Interface]:
    """The router in front of the client."""
    core = Router(world.simulation, "core")
    lan = core.interface("client", mac("02:00:00:00:99:01"), (ip("10.99.0.1"), ip("2001:db8:99::1")))
    return core, lan


# one domain at both sites


def build_stretched(world: World) -> None:
    """Two switches with a link between the sites; a gateway at A, with a redundant one at B where asked for."""
    scenario, simulation, guest = world.scenario, world.simulation, world.guest
    tagged = scenario.option == "tagged"
    a, b = Switch(simulation, "site-a"), Switch(simulation, "site-b")
    links = {}
    for site, switch, place in (("a", a, guest.old), ("b", b, guest.new)):
        vlan = OTHER_VLAN if scenario.fails == "other_vlan" and site == "b" else VLAN
        host = Switch(simulation, f"host-{site}")
        access = host.port("guest", vlan if tagged else 0)
        join(simulation, place, access)
        up = join(simulation, host.port("uplink", trunk=tagged), switch.port("host", trunk=tagged))
        links[site] = up
    dci = Link(simulation, a.port("dci", trunk=tagged), b.port("dci", trunk=tagged), 10_000, 500_000)
    if scenario.fails == "nowhere":
        b.bar(dci.ports[1], lambda frame: True)
    core, client_lan = _core(world)
    gateways = ["a", "b"] if scenario.option in REDUNDANCIES else ["a"]
    lans = {}
    for i, site in enumerate(gateways):
        router = Router(simulation, f"gw{site}")
        own = GATEWAY_IP if len(gateways) == 1 else ip(f"10.77.0.{2 + i}")
        switch = a if site == "a" else b
        lan = router.interface("lan", mac(f"02:00:00:00:77:0{1 + i}"), (own, GATEWAY_IP6) if i == 0 else (own,))
        if scenario.gateway_lifetime_s is not None:
            lan.lifetime_ns = int(scenario.gateway_lifetime_s * S)
        port = switch.port("gateway", VLAN if tagged else 0)
        link = join(simulation, lan, port)
        far = (f"192.0.2.{4 * i + 1}", f"192.0.2.{4 * i + 2}")
        down, up_, _ = _cable(world, core, router, far, (f"02:00:00:00:c0:1{i}", f"02:00:00:00:c0:2{i}"))
        router.defaults.append((up_, down.addresses[0]))
        if i == 0:
            core.networks.append((ip("10.77.0.0"), 24, down, up_.addresses[0]))
            down.addresses.append(ip("2001:db8:c::1"))
            up_.addresses.append(ip("2001:db8:c::2"))
            core.networks.append((ip("2001:db8:77::"), 64, down, ip("2001:db8:c::2")))
            router.defaults.append((up_, ip("2001:db8:c::1")))
        lans[site] = (router, lan, link)
    world.asker = lans["a"][1]
    if scenario.option in REDUNDANCIES:
        _redundant(world, lans, dci, a, b)
    _break_stretched(world, a, b, links)
    world.tap("site-a", "domain:source", links["a"], 1, "the source host's port at its switch")
    world.tap("site-b", "domain:destination", links["b"], 1, "the destination host's port at its switch")
    world.tap("gateway", "gateway", lans["a"][2], 1, "the gateway's port in the guest's network, at site A")
    world.tap("dci", "wan", dci, 0, "the link between the sites, at site A")
    _client(world, client_lan)
    if scenario.guest_talks:
        guest.eth0.lifetime_ns = GUEST_LIFETIME_NS
        simulation.every(S, lambda: _log(world), LOGS_NS)
    world.drawing = (
        "guest - host-a - site-a == dci == site-b - host-b - (guest)\n"
        "                   |" + (" " * 14 + "|" if len(gateways) == 2 else "") + "\n"
        "                  gwa" + (" " * 12 + "gwb" if len(gateways) == 2 else "") + "   gateways - core - client"
    )


def _redundant(world: World, lans: dict[str, tuple[Router, Interface, Link]], dci: Link, a: Switch, b: Switch) -> None:
    kind = REDUNDANCIES[world.scenario.option]
    for (site, (router, lan, _)), priority in zip(lans.items(), (110, 100), strict=True):
        gateway = VirtualGateway(world.simulation, router, lan, kind, "10.77.0.1", priority)
        world.gateways.append((site, gateway))
    if world.scenario.fails != "leak":
        for switch, port in ((a, dci.ports[0]), (b, dci.ports[1])):
            switch.bar(port, keeps_apart(kind))


def _break_stretched(world: World, a: Switch, b: Switch, links: dict[str, Link]) -> None:
    """What fails, where that is in the network itself."""
    fails = world.scenario.fails
    if fails == "rarp_filtered":
        b.bar(links["b"].ports[1], lambda frame: frame.head[12:14] == RARP_ONLY)
    if fails == "sticky_mac":
        a.pinned[GUEST_MAC] = links["a"].ports[1]
    if fails == "snooped":
        b.bar(links["b"].ports[1], lambda frame: frame.head[:3] == b"\x33\x33\xff")


# two domains of one name, joined by host routes or by nothing


def _sites(world: World, core: Router) -> dict[str, tuple[Router, Interface, Interface, Interface]]:
    """Site routers with the same address and MAC in both guest networks: (router, lan, up, the core's side)."""
    found = {}
    for i, (site, place, role) in enumerate(
        (("a", world.guest.old, "domain:source"), ("b", world.guest.new, "domain:destination"))
    ):
        router = Router(world.simulation, f"r{site}")
        lan = router.interface("lan", SITE_GATEWAY_MAC, (GATEWAY_IP,))
        if world.scenario.gateway_lifetime_s is not None:
            lan.lifetime_ns = int(world.scenario.gateway_lifetime_s * S)
        switch = Switch(world.simulation, f"site-{site}")
        join(world.simulation, place, switch.port("host"))
        link = join(world.simulation, lan, switch.port("gateway"))
        far = (f"192.0.2.{4 * i + 1}", f"192.0.2.{4 * i + 2}")
        down, up, cable = _cable(world, core, router, far, (f"02:00:00:00:c0:1{i}", f"02:00:00:00:c0:2{i}"))
        router.defaults.append((up, down.addresses[0]))
        world.tap(f"site-{site}", role, link, 0, f"the gateway's port in the guest's network of site {site.upper()}")
        world.tap(f"core-{site}", "wan", cable, 0, f"the core's link to site {site.upper()}")
        found[site] = (router, lan, up, down)
    return found


def build_host_routes(world: World) -> None:
    """Two networks of the same addresses that are not joined; a core that sends to where the host route leads."""
    scenario, simulation = world.scenario, world.simulation
    core, client_lan = _core(world)
    sites = _sites(world, core)
    world.asker = sites["a"][1]
    core.networks.append((ip("10.77.0.0"), 24, sites["a"][3], sites["a"][2].addresses[0]))
    if scenario.option in PROTOCOLS:
        ways = tuple(
            Way(f"r{site}", router, up, down, ip(f"10.0.0.{2 + i}"), 5 + 5 * i)
            for i, (site, (router, _, up, down)) in enumerate(sites.items())
        )
        routes = PROTOCOLS[scenario.option](simulation, core, (ways[0], ways[1]), GUEST_IP)
        followers = [
            Follower(routes, way, lan, GUEST_MAC) for way, (_, lan, _, _) in zip(ways, sites.values(), strict=True)
        ]
        world.routes = routes
        if scenario.fails == "nobody":
            followers[1].is_deaf = True
        if scenario.fails != "stale":
            world.on_gone.append(followers[0].gone)
        simulation.at(100 * MS, _say_again, routes)
    _client(world, client_lan)
    world.drawing = (
        "guest - site-a - ra -- core -- rb - site-b - (guest)\n                     |\n                   client"
    )


def _say_again(routes: HostRoutes) -> None:
    """So that the captures hold what was said before they began: the router repeats its news, as refreshes do."""
    for way in routes.ways:
        if way.is_up:
            routes.tell(way, True)


def build_lisp(world: World) -> None:
    """The same two networks behind xTRs, a map server at the core, and the client's router as PITR."""
    simulation = world.simulation
    core = Router(simulation, "core")
    sites = _sites(world, core)
    world.asker = sites["a"][1]
    itr = Router(simulation, "pitr")
    client_lan = itr.interface("client", mac("02:00:00:00:99:01"), (ip("10.99.0.1"), ip("2001:db8:99::1")))
    near = ("192.0.2.17", "192.0.2.18")
    itr_up, core_down, cable = _cable(world, itr, core, near, ("02:00:00:00:c0:31", "02:00:00:00:c0:32"))
    itr.defaults.append((itr_up, core_down.addresses[0]))
    core.networks.append((ip("10.99.0.0"), 24, core_down, itr_up.addresses[0]))
    server = MapServer(simulation, "map-server", mac("02:00:00:00:c0:42"), (ip("192.0.2.34"),), (ip("192.0.2.33"),))
    server.eth0.prefix = 30
    server.serve(GUEST_IP)
    core_ms = core.interface("map-server", mac("02:00:00:00:c0:41"), (ip("192.0.2.33"),), 30)
    server_link = join(simulation, server.eth0, core_ms)
    world.map_server = server
    for site, (router, lan, up, _) in sites.items():
        made = TunnelRouter(simulation, router, lan, up, server.eth0.addresses[0], (GUEST_MAC, GUEST_IP))
        world.tunnel_routers.append((site, made))
    world.proxy = ProxyRouter(simulation, itr, itr_up, server.eth0.addresses[0], GUEST_IP)
    world.tap("pitr", "wan", cable, 0, "the PITR's link to the core")
    world.tap("map-server", "wan", server_link, 0, "the map server's link")
    _client(world, client_lan)
    world.drawing = (
        "guest - site-a - ra -- core -- rb - site-b - (guest)     ra, rb: xTR\n"
        "               map-server -|- pitr - client"
    )


def _greet(world: World) -> None:
    """The guest says a word at its old place, so that it is known there."""
    world.guest.say(arp(1, (GUEST_MAC, GUEST_IP), (bytes(6), GUEST_IP), EVERYBODY))


# overlays


def build_overlay(world: World) -> None:
    """Three endpoints: the guest's two sites and the gateway's; an underlay switch between them."""
    scenario, simulation, guest = world.scenario, world.simulation, world.guest
    told = scenario.option == "otv"
    under = Switch(simulation, "underlay")
    sites: dict[str, Any] = {}
    for i, site in enumerate(("a", "b", "gw")):
        own = (ip(f"198.51.100.{11 + i}"), mac(f"02:00:00:00:55:1{i}"))
        endpoint = Endpoint(simulation, f"edge-{site}", own, 8472 if told else 4789, 5077 if not told else VLAN, told)
        cable = Link(simulation, endpoint.underlay, under.port(site), 10_000, 250_000)
        sites[site] = (endpoint, cable)
        if told:
            world.edges[site] = Edge(simulation, endpoint, VLAN, i + 1)
    for site, (endpoint, _) in sites.items():
        for name, (other, _) in sites.items():
            if name != site:
                endpoint.add(other)
        world.endpoints[site] = endpoint
    if scenario.fails == "unflooded":
        sites["b"][0].unflooded.add(sites["gw"][0].address)
    if scenario.fails == "no_lsp":
        world.edges["b"].is_mute = True
    ports = {
        site: join(simulation, place, sites[site][0].port("host"))
        for site, place in (("a", guest.old), ("b", guest.new))
    }
    core, client_lan = _core(world)
    router = Router(simulation, "gw")
    lan = router.interface("lan", mac("02:00:00:00:77:01"), (GATEWAY_IP,))
    gateway = join(simulation, lan, sites["gw"][0].port("gateway"))
    near = ("192.0.2.1", "192.0.2.2")
    down, up, _ = _cable(world, core, router, near, ("02:00:00:00:c0:10", "02:00:00:00:c0:20"))
    router.defaults.append((up, down.addresses[0]))
    core.networks.append((ip("10.77.0.0"), 24, down, up.addresses[0]))
    world.asker = lan
    world.tap("site-a", "domain:source", ports["a"], 1, "the source host's port at its edge device")
    world.tap("site-b", "domain:destination", ports["b"], 1, "the destination host's port at its edge device")
    world.tap("gateway", "gateway", gateway, 1, "the gateway's port in the guest's network")
    for site, name in (("a", "underlay-a"), ("b", "underlay-b"), ("gw", "underlay-gw")):
        world.tap(name, "wan", sites[site][1], 0, f"the underlay at edge-{site}")
    _client(world, client_lan)
    world.drawing = (
        "guest - edge-a ---+--- edge-b - (guest)\n                underlay\n                  |\n"
        "       client - core - gw - edge-gw"
    )


BUILDERS: Final[dict[str, Callable[[World], None]]] = {
    "stretched": build_stretched,
    "host_routes": build_host_routes,
    "overlay": build_overlay,
    "lisp": build_lisp,
}
