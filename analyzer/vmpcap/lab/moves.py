"""The move itself: two hosts, the link between them, the stream, and what tells of the guest afterwards."""

from collections.abc import Callable
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import EVERYBODY, Frame, arp, ip, mac, rarp
from vmpcap.lab.machines import Place
from vmpcap.lab.more_moves import add_burst, add_restart, add_to_and_fro
from vmpcap.lab.stream import End, Stream
from vmpcap.lab.ways import WAYS
from vmpcap.lab.wires import Port
from vmpcap.lab.world import GUEST_IP, GUEST_IP6, GUEST_MAC, NEW_MAC, STREAM_NS, TICKS_S, World

LATE_NS: Final = 7 * S
"""When a guest that said nothing at first asks for its own address after all."""


def greet(world: World) -> None:
    """The guest says a word at its old place, so that it is known there."""
    world.guest.say(arp(1, (GUEST_MAC, GUEST_IP), (bytes(6), GUEST_IP), EVERYBODY))


def add_migration(world: World) -> None:
    """Two hosts, what lies between them, and the stream, which begins after two seconds."""
    simulation, scenario = world.simulation, world.scenario
    destination = "10.10.2.12" if scenario.link.is_routed else "10.10.1.12"
    ends = (
        End(Port(simulation, "vmk-src"), mac("00:50:56:61:00:11"), ip("10.10.1.11")),  # type: ignore[arg-type]
        End(Port(simulation, "vmk-dst"), mac("00:50:56:62:00:12"), ip(destination)),  # type: ignore[arg-type]
    )
    world.stream_link = WAYS[scenario.way](world, ends)
    world.stream = Stream(
        simulation,
        (ends[0], world.proxy_end or ends[1]),
        scenario.stream_bytes,
        scenario.window_bytes,
        lambda: _stun(world),
        lambda: _arrived(world),
        first_bytes=world.first_bytes,
    )
    if world.relay is not None:
        _relayed(world, world.stream, world.relay)
    world.stream.begin(STREAM_NS)
    if scenario.restarts:
        add_restart(world, _resume)
    if scenario.fails == "to_and_fro":
        add_to_and_fro(world, ends, _run_at)
    elif scenario.option == "burst":
        add_burst(world, ends)
    if scenario.gives_up_s is not None:
        simulation.at(STREAM_NS + int(scenario.gives_up_s * S), _give_up, world)


def _relayed(world: World, stream: Stream, relay: Stream) -> None:
    """A proxy acknowledges at once; the hosts go by what arrived in the end."""

    def confirmed() -> None:
        stream.confirm()
        if world.tunnel is not None:
            world.tunnel.confirm()

    def arrived() -> None:
        stream.say_word()
        _arrived(world)

    relay.ports = stream.ports
    stream.waits = stream.holds_word = True
    stream.arrived = lambda: None
    relay.stun, relay.arrived = confirmed, arrived


def _give_up(world: World) -> None:
    assert world.stream is not None
    if world.stream.give_up():
        world.gave_up_ns = world.simulation.now
        world.guest.place = world.guest.old


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
    if world.scenario.fails == "new_mac":
        guest.eth0.mac = NEW_MAC
    _run_at(world, guest.new)
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


def _run_at(world: World, place: Place) -> None:
    """The guest runs there now, and the host that it runs on says so, as long as it does."""
    guest, simulation = world.guest, world.simulation
    guest.back += place is guest.old
    guest.place = place
    second = S - simulation.now % S
    times = [0, second]
    for ticks in TICKS_S:
        times.append(times[-1] + ticks * S)
    for wait in times if "rarp" in world.scenario.announces else ():
        simulation.after(wait, _announce_from, world, place)


def _announce_from(world: World, place: Place) -> None:
    if world.guest.place is place:
        _announce(world, "rarp", place.send, rarp(world.guest.eth0.mac))


def _announce(world: World, kind: str, send: Callable[[Frame], None], frame: Frame) -> None:
    world.announced_ns.append((world.simulation.now, kind))
    send(frame)
