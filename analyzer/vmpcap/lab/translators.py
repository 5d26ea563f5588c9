"""Two domains that are alike behind translators: the guest has one address inside and another outside."""

import struct
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import (
    EVERYBODY,
    Frame,
    addresses_of,
    arp,
    checksum,
    ip,
    ipv4,
    mac,
    pseudo_sum,
    sum16,
)
from vmpcap.lab.machines import Interface, Neighbour, Router
from vmpcap.lab.switches import Switch
from vmpcap.lab.wires import join
from vmpcap.lab.world import GATEWAY_IP, GUEST_IP, GUEST_MAC, World, add_client, add_core, cable
from vmpcap.terms.wire import IP_TCP, IP_UDP

OUTSIDE: Final = ip("203.0.113.10")
"""How the guest is known outside."""
STEERED_NS: Final = 40 * MS
"""So long after the switchover the outside address leads to the new site."""
HEARD_NS: Final = 15 * MS
"""So long after a guest's first frame the site's gateway announces itself to it."""
STALE_NS: Final = 6 * S
"""How long the guest believes its gateway's MAC."""
CHECKSUM_AT: Final = {IP_TCP: 16, IP_UDP: 6}


def translated(raw: bytes, sender: bytes, target: bytes) -> bytes:
    """The packet with these addresses, one router further on, all checksums right."""
    _, _, protocol, payload = addresses_of(raw)
    at = CHECKSUM_AT.get(protocol)
    if at is not None:
        blank = payload[:at] + b"\0\0" + payload[at + 2 :]
        total = pseudo_sum(sender, target, protocol, len(blank)) + sum16(blank)
        payload = blank[:at] + struct.pack(">H", checksum(total) or 0xFFFF) + blank[at + 2 :]
    return ipv4(sender, target, protocol, payload, ttl=raw[8] - 1, ident=int.from_bytes(raw[4:6], "big"))


class Translator:
    """A site's gateway: inside the guest's own address, outside another, and the state of both sites' connections."""

    def __init__(self, router: Router, lan: Interface, up: Interface, core: bytes) -> None:
        """`core` is its neighbour outside."""
        self.router, self.lan, self.up, self.core = router, lan, up, core
        router.intercepts.append(self._translate)

    def _translate(self, interface: Interface, raw: bytes) -> bool:
        sender, target, _, _ = addresses_of(raw)
        if interface is self.lan and sender == GUEST_IP:
            self.up.output(self.core, translated(raw, OUTSIDE, target))
            return True
        if target == OUTSIDE:
            self.lan.output(GUEST_IP, translated(raw, sender, GUEST_IP))
            return True
        return False


def build_equivalents(world: World) -> None:
    """Two networks of the same addresses, each with a translator; nothing joins them but the core outside."""
    scenario, simulation, guest = world.scenario, world.simulation, world.guest
    core, client_lan = add_core(world)
    downs: list[tuple[Interface, bytes]] = []
    for i, (site, place, role) in enumerate(
        (("a", guest.old, "domain:source"), ("b", guest.new, "domain:destination"))
    ):
        router = Router(simulation, f"r{site}")
        lan = router.interface("lan", mac(f"02:00:00:00:77:{'ab'[i]}1"), (GATEWAY_IP,))
        if site == "a":
            lan.lifetime_ns = int((scenario.gateway_lifetime_s or 1) * S)
        else:  # it has its neighbour's table, as it has its state
            lan.cache[GUEST_IP] = Neighbour(GUEST_MAC, simulation.now)
        switch = Switch(simulation, f"site-{site}")
        join(simulation, place, switch.port("host"))
        link = join(simulation, lan, switch.port("gateway"))
        far = (f"192.0.2.{4 * i + 1}", f"192.0.2.{4 * i + 2}")
        down, up, wire = cable(world, core, router, far, (f"02:00:00:00:c0:1{i}", f"02:00:00:00:c0:2{i}"))
        router.defaults.append((up, down.addresses[0]))
        Translator(router, lan, up, down.addresses[0])
        downs.append((down, up.addresses[0]))
        world.tap(f"site-{site}", role, link, 0, f"the translator's port in the guest's network of site {site.upper()}")
        world.tap(f"core-{site}", "wan", wire, 0, f"the core's link to site {site.upper()}")
        if site == "b" and scenario.fails != "stale":
            _announces_itself(world, router, lan)
        world.asker = world.asker or lan
    core.host_routes[OUTSIDE] = downs[0]
    world.on_gone.append(lambda: simulation.after(STEERED_NS, core.host_routes.update, {OUTSIDE: downs[1]}))
    guest.eth0.lifetime_ns = STALE_NS
    world.guest_outside = OUTSIDE
    add_client(world, client_lan)
    world.drawing = (
        "guest - site-a - ra -- core -- rb - site-b - (guest)     ra, rb: translators\n"
        "                        |\n                      client"
    )


def _announces_itself(world: World, router: Router, lan: Interface) -> None:
    """The gateway hears that a guest is new, and tells it who it is."""
    seen: set[bytes] = set()

    def hear(interface: Interface, frame: Frame) -> None:
        if interface is lan and frame.head[6:12] not in seen:
            seen.add(frame.head[6:12])
            own = (lan.mac, GATEWAY_IP)
            world.simulation.after(HEARD_NS, lan.send, arp(1, own, (bytes(6), GATEWAY_IP), EVERYBODY))

    router.hooks.append(hear)
