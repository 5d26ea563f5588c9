"""What happens beside a move, whatever the mechanism: a second owner of the address, a ghost, a storm, a shut port."""

import functools
from collections.abc import Callable
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import EVERYBODY, Frame, arp, ethernet, ip, mac, packet, rarp, udp
from vmpcap.lab.machines import Machine
from vmpcap.lab.switches import Switch
from vmpcap.lab.wires import Port, join
from vmpcap.lab.world import CLIENT_IP, GATEWAY_IP, GATEWAY_IP6, GUEST_IP, GUEST_MAC, STREAM_NS, World
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_UDP

TWIN_MAC: Final = mac("00:50:56:bb:00:77")
MANAGEMENT_MAC: Final = mac("00:50:56:62:00:01")
NEIGHBOUR_MAC: Final = mac("00:50:56:bb:00:20")
NEIGHBOUR_IP: Final = ip("10.77.0.20")
STORM_MAC: Final = mac("00:50:56:bb:00:30")
SITE_GATEWAY: Final = mac("02:00:00:00:77:01")
SYSLOG: Final = (40514, 514)

EARLY_NS: Final = 60 * MS
"""So long after the stream's first packet the new host already announces the guest."""
CLAIMS_NS: Final = 2 * S
GHOST_NS: Final = 700 * MS
GHOST_ENDS_NS: Final = 5 * S
STORM_NS: Final = 400 * MS
LOGS_NS: Final = 500 * MS


def _port_at_new_site(world: World) -> Port:
    """The port of the new site's switch that the new host's own switch is joined to."""
    access = world.guest.new.link
    assert access is not None
    host = access.ports[1].owner
    assert isinstance(host, Switch)
    up = host.ports[-1].link
    assert up is not None
    return up.ports[1]


def _log(sender: tuple[bytes, bytes], number: int) -> Frame:
    """A datagram to the client's syslog."""
    data = udp(sender[1], CLIENT_IP, SYSLOG, b"<13>line %06d" % number)
    return ethernet(SITE_GATEWAY, sender[0], ETHERTYPE_IPV4, packet(sender[1], CLIENT_IP, IP_UDP, data, ident=number))


def duplicate(world: World) -> None:
    """A forgotten machine at the new site has the guest's address: it claims it once, and the guest claims it back."""
    twin = Machine(world.simulation, "twin", TWIN_MAC, (), (GATEWAY_IP, GATEWAY_IP6))
    switch = _port_at_new_site(world).owner
    assert isinstance(switch, Switch)
    join(world.simulation, twin.eth0, switch.port("twin"))
    for wait, owner, send in (
        (CLAIMS_NS, TWIN_MAC, twin.eth0.send),
        (CLAIMS_NS + 10 * MS, GUEST_MAC, functools.partial(_announce, world, "garp", world.guest.say)),
    ):
        claim = arp(1, (owner, GUEST_IP), (bytes(6), GUEST_IP), EVERYBODY)
        world.on_gone.append(functools.partial(world.simulation.after, wait, send, claim))


def _announce(world: World, kind: str, send: Callable[[Frame], None], frame: Frame) -> None:
    world.announced_ns.append((world.simulation.now, kind))
    send(frame)


def ghost(world: World) -> None:
    """A copy of the guest goes on at the old host: whatever it logs moves the MAC back in every switch."""
    numbers = iter(range(1, 1 << 16))

    def say() -> None:
        if world.resumed_ns is not None and S < world.simulation.now - world.resumed_ns < GHOST_ENDS_NS:
            world.guest.old.send(_log((GUEST_MAC, GUEST_IP), next(numbers)))

    world.simulation.every(GHOST_NS, say, STREAM_NS)


def storm(world: World) -> None:
    """Another machine of the new host is announced again and again, as where its link comes and goes."""
    world.simulation.every(STORM_NS, lambda: world.guest.new.send(rarp(STORM_MAC)), -S)


def early(world: World) -> None:
    """The new host announces the guest while it still runs at the old one."""
    world.simulation.at(STREAM_NS + EARLY_NS, _announce, world, "rarp", world.guest.new.send, rarp(GUEST_MAC))


def two_macs(world: World) -> None:
    """The destination's management interface is in the same subnet, and ARP tells its MAC instead of the other."""
    assert world.stream is not None
    world.stream.source.next_hop_mac = world.stream.destination.other_mac = MANAGEMENT_MAC


def shut(world: World) -> None:
    """The new host's switch port is shut when the guest appears at it; another machine there loses its way, too."""
    numbers = iter(range(1, 1 << 16))
    neighbour = (NEIGHBOUR_MAC, NEIGHBOUR_IP)
    world.simulation.every(LOGS_NS, lambda: world.guest.new.send(_log(neighbour, next(numbers))), -S)
    port = _port_at_new_site(world)
    assert isinstance(port.owner, Switch)
    world.on_gone.append(functools.partial(port.owner.bar, port, lambda frame: True))


MISHAPS: Final[dict[str, Callable[[World], None]]] = {
    "duplicate": duplicate,
    "ghost": ghost,
    "storm": storm,
    "early": early,
    "two_macs": two_macs,
    "shut": shut,
}
"""By the word that a scenario names."""
