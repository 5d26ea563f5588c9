"""One domain over an overlay: three endpoints with an underlay between them."""

from typing import Any, Final

from vmpcap.lab.frames import ip, mac
from vmpcap.lab.machines import Router
from vmpcap.lab.otv import Edge
from vmpcap.lab.switches import Endpoint, Switch
from vmpcap.lab.tunnels import EtherIp, Fence, Geneve
from vmpcap.lab.wires import Link, join
from vmpcap.lab.world import GATEWAY_IP, VLAN, World, add_client, add_core, cable

PLAIN_BYTES: Final = 1514
JUMBO_BYTES: Final = 9014
"""What a frame of Ethernet has at most; what it has where tunnels were thought of."""

SHELLS: Final[dict[str, type[Endpoint]]] = {"geneve": Geneve, "etherip": EtherIp, "fence": Fence}
"""What is around the guest's frames, where it is neither VXLAN nor OTV."""


def build_overlay(world: World) -> None:
    """Three endpoints: the guest's two sites and the gateway's; an underlay switch between them."""
    scenario, simulation, guest = world.scenario, world.simulation, world.guest
    told = scenario.option == "otv"
    under = Switch(simulation, "underlay")
    sites: dict[str, Any] = {}
    for i, site in enumerate(("a", "b", "gw")):
        own = (ip(f"198.51.100.{11 + i}"), mac(f"02:00:00:00:55:1{i}"))
        shell = SHELLS.get(scenario.option, Endpoint)
        endpoint = shell(simulation, f"edge-{site}", own, 8472 if told else 4789, 5077 if not told else VLAN, told)
        most = PLAIN_BYTES if scenario.fails == "too_big" and site == "b" else JUMBO_BYTES
        wire = Link(simulation, endpoint.underlay, under.port(site), 10_000, 250_000, most_bytes=most)
        sites[site] = (endpoint, wire)
        world.links.append(wire)
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
    core, client_lan = add_core(world)
    router = Router(simulation, "gw")
    lan = router.interface("lan", mac("02:00:00:00:77:01"), (GATEWAY_IP,))
    gateway = join(simulation, lan, sites["gw"][0].port("gateway"))
    near = ("192.0.2.1", "192.0.2.2")
    down, up, _ = cable(world, core, router, near, ("02:00:00:00:c0:10", "02:00:00:00:c0:20"))
    router.defaults.append((up, down.addresses[0]))
    core.networks.append((ip("10.77.0.0"), 24, down, up.addresses[0]))
    world.asker = lan
    world.tap("site-a", "domain:source", ports["a"], 1, "the source host's port at its edge device")
    world.tap("site-b", "domain:destination", ports["b"], 1, "the destination host's port at its edge device")
    world.tap("gateway", "gateway", gateway, 1, "the gateway's port in the guest's network")
    for site, name in (("a", "underlay-a"), ("b", "underlay-b"), ("gw", "underlay-gw")):
        world.tap(name, "wan", sites[site][1], 0, f"the underlay at edge-{site}")
    add_client(world, client_lan)
    world.drawing = (
        "guest - edge-a ---+--- edge-b - (guest)\n                underlay\n                  |\n"
        "       client - core - gw - edge-gw"
    )
