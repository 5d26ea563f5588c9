"""Moves that are more than one live migration: a host that dies, a guest that is off, bursts, a guest to and fro."""

from collections.abc import Callable
from typing import Final

from vmpcap.lab.events import MS, S
from vmpcap.lab.frames import EVERYBODY, arp, ip, mac, rarp
from vmpcap.lab.machines import Place
from vmpcap.lab.peers import Conversation
from vmpcap.lab.starts import NEW_IP, start_guest
from vmpcap.lab.stream import End, Stream
from vmpcap.lab.world import GUEST_IP, STREAM_NS, World

SEEN_NS: Final = 4 * S
"""So long after a host died its machines are started on another."""
OFF_NS: Final = 500 * MS
"""So long before the stream a guest that moves cold is switched off."""
POWER_ON_NS: Final = 2 * S
"""So long after its stream it is switched on again."""
TIRED_NS: Final = 3 * S
"""So long after the guest's start its client opens another connection, if nobody denied the old one."""
NEXT_NS: Final = 1500 * MS
"""Between the beginnings of a burst's streams."""
BACK_NS: Final = 20 * S
"""Between a guest's moves to and fro."""
OTHERS: Final = 2

Resume = Callable[[World], None]
Again = Callable[[World, Place], None]


def add_restart(world: World, resume: Resume) -> None:
    """HA, or a cold move: the guest starts at its new place; `resume` brings it there and has it announced."""
    simulation, stream = world.simulation, world.stream
    assert stream is not None
    address = NEW_IP if world.scenario.restarts == "cold" else GUEST_IP

    def boot() -> None:
        resume(world)
        start_guest(world, address)
        for talk in world.talks:
            if isinstance(talk, Conversation):
                talk.on_reset = _call_again(world)
                simulation.after(TIRED_NS, _if_not_reset, talk, talk.on_reset)

    def die() -> None:
        world.gave_up_ns = world.stunned_ns = simulation.now
        world.guest.place = None
        simulation.after(SEEN_NS, boot)

    def off() -> None:
        world.stunned_ns = simulation.now
        world.guest.place = None

    if world.scenario.restarts == "ha":
        stream.dies_at, stream.died = world.scenario.dies_at, die
        return
    simulation.at(STREAM_NS - OFF_NS, off)
    stream.stun = lambda: None
    stream.arrived = lambda: simulation.after(POWER_ON_NS, boot)


def _if_not_reset(talk: Conversation, call: Callable[[], None]) -> None:
    if not talk.was_reset:
        call()


def _call_again(world: World) -> Callable[[], None]:
    """A client whose connection was reset opens another."""

    def call() -> None:
        client = world.client
        assert client is not None
        pace = world.scenario.pace
        ports = (40022, 5432)
        talk = Conversation(world.simulation, client, world.guest, "10.99.0.2", pace, ports=ports, known=GUEST_IP)
        talk.begin(world.simulation.now + 100 * MS)
        world.later.append(talk)

    return call


def add_burst(world: World, ends: tuple[End, End]) -> None:
    """Two other guests follow the first."""
    for i in range(OTHERS):
        guest = mac(f"00:50:56:aa:77:2{i}")
        said = arp(1, (guest, ip(f"10.77.0.2{i}")), (bytes(6), ip(f"10.77.0.2{i}")), EVERYBODY)
        world.simulation.at(-S + i * 100 * MS, world.guest.old.send, said)

        def arrived(guest: bytes = guest) -> None:
            world.simulation.after(MS, world.guest.new.send, rarp(guest))
            world.simulation.after(500 * MS, world.guest.new.send, rarp(guest))

        _stream(world, ends, lambda: None, arrived).begin(STREAM_NS + (i + 1) * NEXT_NS)


def add_to_and_fro(world: World, ends: tuple[End, End], again: Again) -> None:
    """The guest goes back, and comes again; `again` has it run there."""
    guest, simulation = world.guest, world.simulation

    def stun() -> None:
        guest.place = None

    for i, place in enumerate((guest.old, guest.new), start=1):

        def arrived(place: Place = place) -> None:
            simulation.after(int(world.scenario.stun_ms * MS), again, world, place)

        one, other = ends if i == 2 else ends[::-1]
        _stream(world, (one, other), stun, arrived).begin(STREAM_NS + i * BACK_NS)


def _stream(world: World, ends: tuple[End, End], stun: Callable[[], None], arrived: Callable[[], None]) -> Stream:
    scenario = world.scenario
    made = Stream(world.simulation, ends, scenario.stream_bytes, scenario.window_bytes, stun, arrived)
    world.streams.append(made)
    made.ports = (49900 + len(world.streams), made.ports[1])
    return made
