"""One service address at two sites, and a guest that calls it: per connection, or packet by packet."""

from typing import Final

from vmpcap.lab.events import MS, Simulation
from vmpcap.lab.frames import ACK, PSH, RST, SYN, addresses_of, ip, lower_ttl, mac, tcp
from vmpcap.lab.machines import Interface, Machine, Router
from vmpcap.lab.stretched import build_stretched
from vmpcap.lab.wires import join
from vmpcap.lab.world import World, cable
from vmpcap.terms.wire import IP_TCP

SERVICE: Final = ip("10.66.0.80")
SERVICE_PORT: Final = 80
CALLERS: Final = 4
ASKED_NS: Final = 300 * MS
WORDS: Final = b"GET / HTTP/1.1\r\n\r\n"
PAGE: Final = b"HTTP/1.1 200 OK\r\n\r\n" + b"." * 100


class Server:
    """A machine of one site: it knows the connections that were opened with it, and denies all others."""

    def __init__(self, simulation: Simulation, machine: Machine) -> None:
        """It listens from now on."""
        self.simulation, self.machine = simulation, machine
        self.next: dict[tuple[bytes, int], int] = {}
        self.denied = 0
        machine.listeners[IP_TCP, SERVICE_PORT] = self._hear

    def _hear(self, sender: bytes, target: bytes, payload: bytes) -> None:
        port, seq, ack = (int.from_bytes(payload[i:j], "big") for i, j in ((0, 2), (4, 8), (8, 12)))
        flags, data = payload[13], payload[(payload[12] >> 4) * 4 :]
        key = (sender, port)
        if flags & RST:
            self.next.pop(key, None)
        elif flags & SYN:
            self.next[key] = self.simulation.random.randrange(1 << 32)
            self._say(key, SYN | ACK, self.next[key], seq + 1)
            self.next[key] += 1
        elif key not in self.next:
            self.denied += 1
            self._say(key, RST, ack, 0)
        elif data:
            self._say(key, PSH | ACK, self.next[key], seq + len(data), PAGE)
            self.next[key] += len(PAGE)

    def _say(self, key: tuple[bytes, int], flags: int, seq: int, ack: int, data: bytes = b"") -> None:
        raw = tcp((SERVICE, key[0]), (SERVICE_PORT, key[1]), (seq, ack), flags, 0 if flags & RST else 502, b"", data)
        self.machine.send_packet(key[0], IP_TCP, raw, SERVICE)


class Caller:
    """One connection of the guest: a question each 300 ms; after a reset it calls again from another port."""

    def __init__(self, simulation: Simulation, guest: Machine, port: int) -> None:
        """Begins with `begin`."""
        self.simulation, self.guest, self.port = simulation, guest, port
        self.resets = 0
        self._connect_from(port)

    def _connect_from(self, port: int) -> None:
        self.guest.listeners.pop((IP_TCP, self.port), None)
        self.port = port
        self.guest.listeners[IP_TCP, port] = self._hear
        self.is_open = False
        self.seq, self.ack = self.simulation.random.randrange(1 << 31), 0

    def begin(self, first: int) -> None:
        """Call then, and ask again and again."""
        self.simulation.every(ASKED_NS, self._ask, first)

    def _ask(self) -> None:
        if self.is_open:
            self._say(PSH | ACK, WORDS)
        else:
            self._say(SYN)

    def _say(self, flags: int, data: bytes = b"") -> None:
        own = self.guest.eth0.addresses[0]
        raw = tcp((own, SERVICE), (self.port, SERVICE_PORT), (self.seq, self.ack), flags, 502, b"", data)
        self.guest.send_packet(SERVICE, IP_TCP, raw)

    def _hear(self, sender: bytes, target: bytes, payload: bytes) -> None:
        seq, flags, data = int.from_bytes(payload[4:8], "big"), payload[13], payload[(payload[12] >> 4) * 4 :]
        if flags & RST:
            self.resets += 1
            self._connect_from(self.port + CALLERS)
        elif flags & SYN:
            if not self.is_open:
                self.is_open, self.seq, self.ack = True, self.seq + 1, (seq + 1) & 0xFFFF_FFFF
                self._say(ACK)
        elif data and seq == self.ack:
            self.seq, self.ack = self.seq + len(WORDS), (self.ack + len(data)) & 0xFFFF_FFFF
            self._say(ACK)


def build_anycast(world: World) -> None:
    """The stretched network, and beyond its core two sites that serve one address; the second is a router further."""
    build_stretched(world)
    core = world.core
    assert core is not None
    ways = [_site(world, core, i) for i in (0, 1)]
    random = world.simulation.random

    def choose(interface: Interface, raw: bytes) -> bool:
        _, target, _, payload = addresses_of(raw)
        if target != SERVICE:
            return False
        by_flow = payload[1] & 1  # of the caller's port
        which = random.randrange(2) if world.scenario.fails == "per_packet" else by_flow
        lowered = lower_ttl(raw)
        if lowered is not None:
            out, neighbour = ways[which]
            out.output(neighbour, lowered)
        return True

    core.intercepts.append(choose)
    for i in range(CALLERS):
        caller = Caller(world.simulation, world.guest, 41_000 + i)
        caller.begin(100 * MS + i * 71 * MS)
        world.callers.append(caller)
    world.drawing += "\n\ncore - r1 - 10.66.0.80     core - r2 - r3 - 10.66.0.80"


def _site(world: World, core: Router, number: int) -> tuple[Interface, bytes]:
    """One site's routers and its server; how the core gets there."""
    simulation = world.simulation
    first: tuple[Interface, bytes] | None = None
    before = core
    for i in range(number + 1):
        router = Router(simulation, f"r{number + i + 1}")
        net = 64 + 8 * number + 4 * i
        macs = (f"02:00:00:00:66:{number}{i}", f"02:00:00:00:66:{number + 8}{i}")
        down, up, _ = cable(world, before, router, (f"192.0.2.{net + 1}", f"192.0.2.{net + 2}"), macs)
        router.defaults.append((up, down.addresses[0]))
        if before is not core:
            before.networks.append((ip("10.66.0.0"), 24, down, up.addresses[0]))
        first = first or (down, up.addresses[0])
        before = router
    lan = before.interface("service", mac(f"02:00:00:00:66:f{number}"), (ip("10.66.0.1"),))
    server = Machine(simulation, f"server-{number}", mac(f"02:00:00:00:66:8{number}"), (SERVICE,), (ip("10.66.0.1"),))
    join(simulation, server.eth0, lan)
    world.servers.append(Server(simulation, server))
    assert first is not None
    return first
