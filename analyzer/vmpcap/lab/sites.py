"""Two domains of one name, joined by host routes, by LISP or by nothing."""

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import ip, mac
from vmpcap.lab.host_routes import Follower, HostRoutes, Way
from vmpcap.lab.lisp import MapServer, ProxyRouter, TunnelRouter
from vmpcap.lab.machines import Interface, Router
from vmpcap.lab.protocols import PROTOCOLS
from vmpcap.lab.switches import Switch
from vmpcap.lab.wires import join
from vmpcap.lab.world import (
    GATEWAY_IP,
    GUEST_IP,
    GUEST_MAC,
    SITE_GATEWAY_MAC,
    World,
    add_client,
    add_core,
    cable,
)


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
        down, up, wire = cable(world, core, router, far, (f"02:00:00:00:c0:1{i}", f"02:00:00:00:c0:2{i}"))
        router.defaults.append((up, down.addresses[0]))
        world.tap(f"site-{site}", role, link, 0, f"the gateway's port in the guest's network of site {site.upper()}")
        world.tap(f"core-{site}", "wan", wire, 0, f"the core's link to site {site.upper()}")
        found[site] = (router, lan, up, down)
    return found


def build_host_routes(world: World) -> None:
    """Two networks of the same addresses that are not joined; a core that sends to where the host route leads."""
    scenario, simulation = world.scenario, world.simulation
    core, client_lan = add_core(world)
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
    add_client(world, client_lan)
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
    itr_up, core_down, wire = cable(world, itr, core, near, ("02:00:00:00:c0:31", "02:00:00:00:c0:32"))
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
    world.tap("pitr", "wan", wire, 0, "the PITR's link to the core")
    world.tap("map-server", "wan", server_link, 0, "the map server's link")
    add_client(world, client_lan)
    world.drawing = (
        "guest - site-a - ra -- core -- rb - site-b - (guest)     ra, rb: xTR\n"
        "               map-server -|- pitr - client"
    )
