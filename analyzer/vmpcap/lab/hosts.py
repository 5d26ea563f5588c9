"""What else the hosts do: management, storage and Fault Tolerance beside the stream, each by a card of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from vmpcap.lab.events import MS, Simulation
from vmpcap.lab.frames import ip, mac
from vmpcap.lab.hop import Hop
from vmpcap.lab.machines import Machine, Neighbour, Router
from vmpcap.lab.peers import Conversation
from vmpcap.lab.stream import End
from vmpcap.lab.switches import Switch
from vmpcap.lab.wires import Link, Port, join
from vmpcap.lab.world import PEERS_NS, World

VLANS: Final = {"stream": 20, "management": 10, "storage": 30, "logging": 40}
"""Where uplinks are tagged."""
AGENT_PORT: Final = 902
STORAGE_PORT: Final = 3260
LOGGING_PORT: Final = 8100
BLOCK: Final = b"\x55" * 1448
"""What a host reads in one segment while its guest runs."""
STILL: Final = b"\x55" * 48
"""What comes back of a question whether the other is still there."""
HOP_MACS: Final = (mac("02:00:00:00:10:01"), mac("02:00:00:00:10:02"))


@dataclass(slots=True)
class Site:
    """One host behind its virtual switch, and the switch that its uplink leads to."""

    number: int
    host: Switch
    switch: Switch
    uplink: Link
    tagged: bool

    def vlan(self, use: str) -> int:
        """The VLAN of this use; 0 where nothing is tagged."""
        return VLANS[use] if self.tagged else 0

    def card(self, use: str, machine: Machine) -> None:
        """Plug one of the host's cards into its virtual switch."""
        join(machine.simulation, machine.eth0, self.host.port(machine.name, self.vlan(use)))

    def port(self, use: str, name: str) -> Port:
        """One more port of the switch outside."""
        return self.switch.port(name, self.vlan(use))


@dataclass(slots=True)
class Sites:
    """Both hosts, and the link between their migration networks."""

    of: tuple[Site, Site]
    wan: Link
    cards: list[Machine] = field(default_factory=list)


def add_sites(world: World, ends: tuple[End, End], tagged: bool, hop: Hop | None) -> Sites:
    """Two hosts with several cards on one uplink each; between them a link, and a router where one is given."""
    simulation, link = world.simulation, world.scenario.link
    made = []
    for i, (end, name, role) in enumerate(((ends[0], "src-uplink", "source"), (ends[1], "dst-uplink", "destination"))):
        host, switch = Switch(simulation, f"{name}-host"), Switch(simulation, f"migration-{'ab'[i]}")
        join(simulation, end.port, host.port("vmotion", VLANS["stream"] if tagged else 0))
        uplink = join(simulation, host.port("uplink", trunk=tagged), switch.port("host", trunk=tagged))
        world.tap(name, role, uplink, 0, f"the {role} host's uplink", world.scenario.snaplen)
        made.append(Site(i, host, switch, uplink, tagged))
    delay = int(link.rtt_ms * MS / 2)
    there = made[1].port("stream", "wan") if hop is None else hop.ports[0]
    wan = Link(simulation, made[0].port("stream", "wan"), there, link.rate_mbps, delay, link.queue_bytes, link.loss)
    ends[0].next_hop_mac, ends[1].next_hop_mac = ends[1].mac, ends[0].mac
    if hop is not None:
        join(simulation, hop.ports[1], made[1].port("stream", "router"))
        hop.beyond[:] = [ends[0].mac, ends[1].mac]
        ends[0].next_hop_mac, ends[1].next_hop_mac = hop.macs
        world.hops = 1
    return Sites((made[0], made[1]), wan)


def add_management(world: World, sites: Sites) -> Router:
    """A vCenter behind a router that both hosts' management networks have; it asks each host's agent."""
    simulation = world.simulation
    router = Router(simulation, "gw-management")
    lan = router.interface("vcenter", mac("02:00:00:00:20:09"), (ip("10.20.9.1"),))
    vcenter = Machine(simulation, "vcenter", mac("00:50:56:9c:00:09"), (ip("10.20.9.9"),), (ip("10.20.9.1"),))
    join(simulation, vcenter.eth0, lan)
    for site in sites.of:
        net = site.number + 1
        gateway = router.interface(f"site-{net}", mac(f"02:00:00:00:20:0{net}"), (ip(f"10.20.{net}.1"),))
        join(simulation, gateway, site.port("management", "gateway"))
        own = (mac(f"00:50:56:6{net}:10:1{net}"), ip(f"10.20.{net}.1{net}"))
        card = Machine(simulation, f"vmk0-{net}", own[0], (own[1],), (gateway.addresses[0],))
        site.card("management", card)
        sites.cards.append(card)
        talk = Conversation(simulation, vcenter, card, "10.20.9.9", 5, ports=(50900 + net, AGENT_PORT))
        talk.begin(PEERS_NS + net * 11 * MS)
    return router


def static_route(world: World, ends: tuple[End, End]) -> Link:
    """The stream by a router of its own, from both hosts or only from one; management by another."""
    hop = Hop(world.simulation, HOP_MACS)
    sites = add_sites(world, ends, tagged=False, hop=hop)
    router = add_management(world, sites)
    if world.scenario.fails == "one_way":
        near, far = router.interfaces[1], router.interfaces[2]
        ends[1].next_hop_mac = far.mac
        near.addresses.append(ip("10.10.1.1"))
        near.cache[ends[0].address] = Neighbour(ends[0].mac, world.simulation.now)
    world.next_hops = [(end.next_hop_mac, hop.macs[i]) for i, end in enumerate(ends)]
    return sites.wan


def separate_vlan(world: World, ends: tuple[End, End]) -> Link:
    """A VLAN for the stream alone; where it fails, somebody routes in it."""
    hop = Hop(world.simulation, HOP_MACS) if world.scenario.fails == "routed" else None
    sites = add_sites(world, ends, tagged=True, hop=hop)
    add_management(world, sites)
    return sites.wan


class Io(Conversation):
    """One host's conversation with its storage, or with another host: much while `is_busy` says so, else a sign."""

    is_busy: Callable[[], bool] = staticmethod(lambda: True)
    is_quiet: Callable[[], bool] = staticmethod(lambda: False)
    """Whether nothing is asked at all."""

    def _ask(self) -> None:
        if self.is_quiet():
            return
        self._answer = BLOCK if self.is_busy() else STILL
        super()._ask()


def _card(simulation: Simulation, site: Site, use: str, third: int) -> Machine:
    net = site.number + 1
    own = (mac(f"00:50:56:6{net}:{third}:1{net}"), ip(f"10.{third}.1.1{net}"))
    card = Machine(simulation, f"vmk-{use}-{net}", own[0], (own[1],), ())
    site.card(use, card)
    return card


def ip_storage(world: World, ends: tuple[End, End]) -> Link:
    """Both hosts read from one target; the one that runs the guest reads much. Near to both, or only to the old one."""
    simulation, guest = world.simulation, world.guest
    sites = add_sites(world, ends, tagged=True, hop=None)
    target = Machine(simulation, "target", mac("02:00:00:00:30:50"), (ip("10.30.1.50"),), ())
    san = Switch(simulation, "san")
    join(simulation, target.eth0, san.port("target"))
    for site, place in zip(sites.of, (guest.old, guest.new), strict=True):
        is_far = world.scenario.fails == "far" and site.number == 1
        delay = FAR_NS if is_far else NEAR_NS
        world.storage_ns.append(delay)
        Link(simulation, site.port("storage", "san"), san.port(f"site-{site.number}"), 10_000, delay)
        card = _card(simulation, site, "storage", 30)
        ports = (50100 + site.number, STORAGE_PORT)
        talk = Io(simulation, card, target, "10.30.1.50", world.scenario.pace, ports=ports)
        talk.is_busy = lambda place=place: guest.place is place  # type: ignore[misc]
        talk.begin(PEERS_NS + site.number * 13 * MS)
    return sites.wan


NEAR_NS: Final = 200_000
FAR_NS: Final = 4 * MS
"""One way to the storage."""


def ft(world: World, ends: tuple[End, End]) -> Link:
    """Fault Tolerance logs by the cards of management, as small sites have it; or no more after the switchover."""
    sites = add_sites(world, ends, tagged=True, hop=None)
    add_management(world, sites)
    one, other = sites.cards
    ports = (50200, LOGGING_PORT)
    talk = Io(world.simulation, one, other, "10.20.2.12", world.scenario.pace, ports=ports)
    if world.scenario.fails == "ends":
        talk.is_quiet = lambda: world.resumed_ns is not None
    world.logging = talk
    talk.begin(PEERS_NS)
    return sites.wan
