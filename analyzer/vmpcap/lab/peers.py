"""The guest's peers: each asks, waits, asks again, and keeps its own account of when it was answered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from vmpcap.lab.events import MS, Simulation
from vmpcap.lab.frames import ACK, PSH, RST, SYN, icmp, icmpv6, tcp
from vmpcap.lab.machines import Machine
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP

PING_NS: Final = 50 * MS
ASK_NS: Final = 100 * MS
MOST_NS: Final = 1600 * MS
"""The longest a conversation backs off to."""
RTO_NS: Final = 200 * MS
"""Linux's shortest time before it sends again."""
UDP_PORT: Final = 5001
TCP_PORT: Final = 5432
TCP_PEER_PORT: Final = 40002
QUESTION: Final = b"?" * 64
ANSWER: Final = b"!" * 200


@dataclass(slots=True)
class Request:
    """One question: when it was first sent, and when the first answer to it arrived."""

    sent: int
    answered: int | None = None


@dataclass(slots=True)
class Account:
    """What one peer knows of its own questions."""

    peer: str
    protocol: str
    interval_ns: int
    port: int = 0
    """The guest's; 0 where the protocol has none."""
    requests: list[Request] = field(default_factory=list)


class Ping:
    """Asks at a steady pace, whatever comes back."""

    def __init__(self, simulation: Simulation, client: Machine, guest: bytes, peer: str, pace: int = 1) -> None:
        """Begins with `begin`."""
        self.simulation = simulation
        self.client = client
        self.guest = guest
        self.version = 4 if len(guest) == 4 else 6
        self.account = Account(peer, "icmp" if self.version == 4 else "icmpv6", pace * PING_NS)
        self._ident = simulation.random.randrange(1 << 16)
        self._asked: dict[int, Request] = {}
        key = (IP_ICMP if self.version == 4 else IP_ICMPV6, 0)
        self._others = client.listeners.get(key)
        client.listeners[key] = self._hear

    def begin(self, first: int) -> None:
        """Ask from then on."""
        self.simulation.every(self.account.interval_ns, self._ask, first)

    def _ask(self) -> None:
        number = len(self.account.requests) & 0xFFFF
        request = Request(self.simulation.now)
        self.account.requests.append(request)
        self._asked[number] = request
        data = bytes(range(56))
        if self.version == 4:
            self.client.send_packet(self.guest, IP_ICMP, icmp(8, self._ident, number, data))
            return
        body = self._ident.to_bytes(2, "big") + number.to_bytes(2, "big") + data
        own = self.client.eth0.own(self.guest)
        self.client.send_packet(self.guest, IP_ICMPV6, icmpv6(own, self.guest, 128, body))

    def _hear(self, sender: bytes, target: bytes, payload: bytes) -> None:
        if int.from_bytes(payload[4:6], "big") != self._ident and self._others is not None:
            self._others(sender, target, payload)
            return
        request = self._asked.pop(int.from_bytes(payload[6:8], "big"), None)
        if payload[0] in (0, 129) and request is not None:
            request.answered = self.simulation.now


class Datagrams:
    """Asks by UDP; while nothing comes back it asks less and less often."""

    def __init__(
        self,
        simulation: Simulation,
        client: Machine,
        guest: Machine,
        peer: str,
        pace: int = 1,
        port: int = 40001,
        known: bytes | None = None,
    ) -> None:
        """The guest answers each datagram; it is asked at its own address unless another is known."""
        self.simulation = simulation
        self.client = client
        self.guest = guest
        self.address = known or next(a for a in guest.eth0.addresses if len(a) == 4)
        self.account = Account(peer, "udp", pace * ASK_NS, UDP_PORT)
        self._port = port
        self._wait = self.account.interval_ns
        guest.listeners[IP_UDP, UDP_PORT] = self._answer
        client.listeners[IP_UDP, self._port] = self._hear

    def begin(self, first: int) -> None:
        """Ask from then on."""
        self.simulation.at(first, self._ask)

    def _ask(self) -> None:
        requests = self.account.requests
        if requests and requests[-1].answered is None:
            self._wait = min(2 * self._wait, MOST_NS)
        requests.append(Request(self.simulation.now))
        number = (len(requests) - 1).to_bytes(4, "big")
        self.client.send_datagram(self.address, (self._port, UDP_PORT), number + QUESTION)
        self.simulation.after(self._wait, self._ask)

    def forget(self) -> None:
        """The guest lost its memory: of datagrams there is nothing to forget."""

    def _answer(self, sender: bytes, target: bytes, payload: bytes) -> None:
        port = int.from_bytes(payload[:2], "big")
        self.guest.send_datagram(sender, (UDP_PORT, port), payload[8:12] + ANSWER)

    def _hear(self, sender: bytes, target: bytes, payload: bytes) -> None:
        request = self.account.requests[int.from_bytes(payload[8:12], "big")]
        if request.answered is None:
            request.answered = self.simulation.now
        self._wait = self.account.interval_ns


class Conversation:
    """
    One TCP connection in which the client asks and the guest answers; each question waits for its answer.

    What is not answered is sent again after 200 ms, then twice as late each time (RFC 6298 5.5).
    """

    def __init__(
        self,
        simulation: Simulation,
        client: Machine,
        guest: Machine,
        peer: str,
        pace: int = 1,
        answer: bytes = ANSWER,
        ports: tuple[int, int] = (TCP_PEER_PORT, TCP_PORT),
        known: bytes | None = None,
    ) -> None:
        """The connection is made when it begins; `ports` are the client's and the guest's."""
        self.simulation = simulation
        self.ends = (client, guest)
        own = (next((a for a in m.eth0.addresses if len(a) == 4), known or b"") for m in self.ends)
        self.addresses = tuple(own)
        self.targets = (known or self.addresses[1], self.addresses[0])
        """Whom either end sends to."""
        self.was_reset = False
        self.on_reset: Callable[[], None] | None = None
        """What the client does when the guest denies the connection."""
        self._forgot = False
        self.ports = ports
        self.account = Account(peer, "tcp", pace * ASK_NS, self.ports[1])
        self.next = [simulation.random.randrange(1 << 32), simulation.random.randrange(1 << 32)]
        """The next sequence number of either end."""
        self.expects = [0, 0]
        self._rto = RTO_NS
        self._sending = 0
        self._answer = answer
        self.again = 0
        """Segments that the client sent again."""
        client.listeners[IP_TCP, self.ports[0]] = self._client_hears
        self._others = guest.listeners.get((IP_TCP, self.ports[1]))
        guest.listeners[IP_TCP, self.ports[1]] = self._guest_hears

    def begin(self, first: int) -> None:
        """Connect then."""
        self.simulation.at(first, self._connect)

    def _connect(self) -> None:
        if not self.expects[0]:
            self._say(0, SYN, b"")
            self.simulation.after(RTO_NS * 5, self._connect)

    def _say(self, end: int, flags: int, data: bytes, seq: int | None = None) -> None:
        seq = self.next[end] if seq is None else seq
        options = b"\x02\x04\x05\xb4\x01\x03\x03\x07\x01\x01\x04\x02" if flags & SYN else b""
        there = 1 - end
        window = 64240 if flags & SYN else 502
        raw = tcp(
            (self.addresses[end], self.targets[end]),
            (self.ports[end], self.ports[there]),
            (seq, self.expects[end] if flags & ACK else 0),
            flags,
            window,
            options,
            data,
        )
        self.ends[end].send_packet(self.targets[end], IP_TCP, raw)

    def forget(self) -> None:
        """The guest lost its memory: it denies what it is asked on this connection."""
        self._forgot = True

    @staticmethod
    def _parts(payload: bytes) -> tuple[int, int, int, bytes]:
        seq, ack = int.from_bytes(payload[4:8], "big"), int.from_bytes(payload[8:12], "big")
        return seq, ack, payload[13], payload[(payload[12] >> 4) * 4 :]

    def _guest_hears(self, sender: bytes, target: bytes, payload: bytes) -> None:
        if (sender, int.from_bytes(payload[:2], "big")) != (self.addresses[0], self.ports[0]):
            if self._others is not None:
                self._others(sender, target, payload)
            return
        seq, _, flags, data = self._parts(payload)
        if flags & SYN:
            is_first, self.expects[1] = not self.expects[1], seq + 1 & 0xFFFF_FFFF
            self._say(1, SYN | ACK, b"", self.next[1] - (not is_first))
            self.next[1] += is_first
            return
        if self._forgot:
            self._say(1, RST, b"", int.from_bytes(payload[8:12], "big"))
            return
        if not data:
            return
        if seq == self.expects[1]:
            self.expects[1] = seq + len(data) & 0xFFFF_FFFF
            self._say(1, PSH | ACK, self._answer)
            self.next[1] += len(self._answer)
        else:  # asked again though it was answered: the answer was lost
            self._say(1, PSH | ACK, self._answer, self.next[1] - len(self._answer))

    def _client_hears(self, sender: bytes, target: bytes, payload: bytes) -> None:
        seq, _, flags, data = self._parts(payload)
        if flags & RST:
            self.was_reset = True
            self._sending += 1
            if self.on_reset is not None:
                self.on_reset()
            return
        if flags & SYN and not self.expects[0]:
            self.expects[0] = seq + 1 & 0xFFFF_FFFF
            self.next[0] += 1
            self._say(0, ACK, b"")
            self.simulation.after(self.account.interval_ns, self._ask)
            return
        if not data or seq != self.expects[0]:
            return
        self.expects[0] = seq + len(data) & 0xFFFF_FFFF
        self.account.requests[-1].answered = self.simulation.now
        self.next[0] += len(QUESTION)
        self._sending += 1
        self._rto = RTO_NS
        self._say(0, ACK, b"")
        wait = self.account.requests[-1].sent + self.account.interval_ns - self.simulation.now
        self.simulation.after(max(wait, 0), self._ask)

    def _ask(self) -> None:
        self.account.requests.append(Request(self.simulation.now))
        self._say(0, PSH | ACK, QUESTION)
        self.simulation.after(self._rto, self._maybe_again, self._sending)

    def _maybe_again(self, sending: int) -> None:
        if sending != self._sending:
            return
        self.again += 1
        self._rto = min(2 * self._rto, 8 * MOST_NS)
        self._say(0, PSH | ACK, QUESTION)
        self.simulation.after(self._rto, self._maybe_again, sending)
