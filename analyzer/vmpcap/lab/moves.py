"""The move itself: two hosts, the link between them, the stream, and what tells of the guest afterwards."""

from collections.abc import Callable
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import EVERYBODY, Frame, arp, ip, mac, rarp
from vmpcap.lab.stream import End, Hop, Stream
from vmpcap.lab.switches import Switch
from vmpcap.lab.wires import Link, Port, join
from vmpcap.lab.world import GUEST_IP, GUEST_IP6, GUEST_MAC, NEW_MAC, STREAM_NS, TICKS_S, World

LATE_NS: Final = 7 * S
"""When a guest that said nothing at first asks for its own address after all."""


def greet(world: World) -> None:
    """The guest says a word at its old place, so that it is known there."""
    world.guest.say(arp(1, (GUEST_MAC, GUEST_IP), (bytes(6), GUEST_IP), EVERYBODY))


def add_migration(world: World) -> None:
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
    if "late_garp" in world.scenario.announces:
        frame = arp(1, (guest.eth0.mac, GUEST_IP), (bytes(6), GUEST_IP), EVERYBODY)
        simulation.after(LATE_NS, _announce, world, "garp", guest.say, frame)
    if "na" in world.scenario.announces:
        simulation.after(20 * MS, _announce, world, "na", guest.say, guest.eth0.neighbour_answer(GUEST_IP6))
    for gone in world.on_gone:
        gone()


def _announce(world: World, kind: str, send: Callable[[Frame], None], frame: Frame) -> None:
    world.announced_ns.append((world.simulation.now, kind))
    send(frame)
