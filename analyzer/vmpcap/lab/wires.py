"""Ports, the links between them, and taps on links: the capture points."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from vmpcap.lab.events import Simulation
from vmpcap.lab.frames import Frame

ON_THE_WIRE: Final = 24
"""Checksum, preamble and gap of a frame on Ethernet."""
FAST_MBPS: Final = 10_000
NEAR_NS: Final = 5_000


class Owner(Protocol):
    """Whoever has ports."""

    def receive(self, port: "Port", frame: Frame) -> None:
        """A frame arrived at this port."""


class Port:
    """One end of a link, or of a tunnel."""

    def __init__(self, owner: Owner, name: str) -> None:
        """Nothing is plugged in yet."""
        self.owner = owner
        self.name = name
        self.link: Link | None = None
        self.end = 0

    def send(self, frame: Frame) -> None:
        """Hand a frame to the link; without one it is lost."""
        if self.link is not None:
            self.link.carry(self.end, frame)


@dataclass(slots=True)
class Tap:
    """A capture point: what passed one end of a link, both ways."""

    name: str
    role: str
    where: str
    snaplen: int = 262_144
    records: list[tuple[int, bytes, int]] = field(default_factory=list)
    """(ns since the captures began, bytes, size on the wire); not yet in the order of time."""

    def see(self, ts: int, frame: Frame) -> None:
        """A frame passes; what passes before the captures begin is not kept."""
        if ts >= 0:
            self.records.append((ts, frame.head[: self.snaplen], frame.size))


@dataclass(slots=True)
class Drop:
    """A frame that a link lost."""

    ts: int
    end: int
    frame: Frame
    why: str


class Link:
    """
    Two ports with a wire between them: a rate and a queue each way, a delay, and frames lost at random.

    A frame is seen at the sender's end when its last bit leaves, at the other end when that arrives.
    """

    def __init__(
        self,
        simulation: Simulation,
        a: Port,
        b: Port,
        rate_mbps: float = FAST_MBPS,
        delay_ns: int = NEAR_NS,
        queue_bytes: int = 1 << 30,
        loss: float = 0.0,
        most_bytes: int = 1 << 30,
    ) -> None:
        """
        Plugged in at once. `loss` is the share of large frames from a to b that is lost; small ones come through.

        most_bytes : larger frames are lost, and nobody is told
        """
        self.simulation = simulation
        self.ports = (a, b)
        self.rate_mbps = rate_mbps
        self.delay_ns = delay_ns
        self.queue_bytes = queue_bytes
        self.loss = loss
        self.most_bytes = most_bytes
        self.taps: tuple[list[Tap], list[Tap]] = ([], [])
        self.drops: list[Drop] = []
        self.carried = 0
        """Frames that either end gave it."""
        self._free = [simulation.now, simulation.now]
        self._ns_per_byte = 8_000 / rate_mbps
        for end, port in enumerate(self.ports):
            port.link, port.end = self, end

    def carry(self, end: int, frame: Frame) -> None:
        """Take a frame from this end to the other."""
        self.carried += 1
        now = self.simulation.now
        begin = max(now, self._free[end])
        if (begin - now) / self._ns_per_byte > self.queue_bytes:
            self.drops.append(Drop(now, end, frame, "the queue is full"))
            return
        done = begin + int((frame.size + ON_THE_WIRE) * self._ns_per_byte)
        self._free[end] = done
        for tap in self.taps[end]:
            tap.see(done, frame)
        if frame.size > self.most_bytes:
            self.drops.append(Drop(done, end, frame, "too large for the link"))
            return
        if self.loss and end == 0 and frame.size > 200 and self.simulation.random.random() < self.loss:
            self.drops.append(Drop(done, end, frame, "lost at random"))
            return
        self.simulation.at(done + self.delay_ns, self._arrive, 1 - end, frame)

    def _arrive(self, end: int, frame: Frame) -> None:
        for tap in self.taps[end]:
            tap.see(self.simulation.now, frame)
        port = self.ports[end]
        port.owner.receive(port, frame)


def join(simulation: Simulation, a: Port, b: Port) -> Link:
    """A short fast cable."""
    return Link(simulation, a, b)
