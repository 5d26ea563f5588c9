"""The networks that scenarios happen in, as a table."""

from collections.abc import Callable
from typing import Final

from vmpcap.lab.anycast import build_anycast
from vmpcap.lab.events import Simulation
from vmpcap.lab.machines import Guest
from vmpcap.lab.mishaps import MISHAPS
from vmpcap.lab.moves import add_migration, greet
from vmpcap.lab.overlays import build_overlay
from vmpcap.lab.scenarios import Scenario
from vmpcap.lab.sites import build_host_routes, build_lisp
from vmpcap.lab.stretched import build_stretched
from vmpcap.lab.translators import build_equivalents
from vmpcap.lab.world import (
    GATEWAY_IP,
    GATEWAY_IP6,
    GREETING_NS,
    GUEST_IP,
    GUEST_IP6,
    GUEST_MAC,
    WARM_UP_NS,
    World,
)

BUILDERS: Final[dict[str, Callable[[World], None]]] = {
    "stretched": build_stretched,
    "host_routes": build_host_routes,
    "overlay": build_overlay,
    "lisp": build_lisp,
    "equivalents": build_equivalents,
    "anycast": build_anycast,
}


def build(scenario: Scenario) -> World:
    """The network of this scenario, with the stream about to begin."""
    simulation = Simulation(f"{scenario.name}/{scenario.seed}", -WARM_UP_NS)
    addresses = (GUEST_IP, GUEST_IP6) if scenario.has_ipv6 else (GUEST_IP,)
    guest = Guest(simulation, GUEST_MAC, addresses, (GATEWAY_IP, GATEWAY_IP6))
    world = World(scenario, simulation, guest)
    BUILDERS[scenario.world](world)
    simulation.at(GREETING_NS, greet, world)
    add_migration(world)
    if scenario.mishap:
        MISHAPS[scenario.mishap](world)
    return world
