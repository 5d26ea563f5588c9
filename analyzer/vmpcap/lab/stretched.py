"""One domain at both sites, and the gateways in it."""

from vmpcap.lab.events import S
from vmpcap.lab.frames import ip, mac
from vmpcap.lab.gateways import REDUNDANCIES, VirtualGateway, keeps_apart
from vmpcap.lab.machines import Interface, Router
from vmpcap.lab.switches import Switch
from vmpcap.lab.wires import Link, join
from vmpcap.lab.world import (
    GATEWAY_IP,
    GATEWAY_IP6,
    GUEST_LIFETIME_NS,
    GUEST_MAC,
    LOGS_NS,
    OTHER_VLAN,
    RARP_ONLY,
    VLAN,
    World,
    add_client,
    add_core,
    cable,
    log_line,
)


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
        world.is_cut = True
    core, client_lan = add_core(world)
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
        down, up_, _ = cable(world, core, router, far, (f"02:00:00:00:c0:1{i}", f"02:00:00:00:c0:2{i}"))
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
    add_client(world, client_lan)
    if scenario.guest_talks:
        guest.eth0.lifetime_ns = GUEST_LIFETIME_NS
        simulation.every(S, lambda: log_line(world), LOGS_NS)
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
