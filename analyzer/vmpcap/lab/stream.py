"""The migration's own stream: TCP with window, slow start, SACK and time-outs, over the link between."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from vmpcap.lab.events import MS, US, S, Simulation
from vmpcap.lab.frames import ACK, FIN, PSH, RST, SYN, Frame, ethernet, ipv4, tcp
from vmpcap.lab.wires import Port
from vmpcap.terms.wire import ETHERTYPE_IPV4, IP_TCP

PORT: Final = 8000
MSS: Final = 1460
SHIFT: Final = 9
"""Window scale that both sides offer."""
FIRST_SEGMENTS: Final = 10
"""RFC 6928: how many segments a sender begins with."""
DUPLICATES: Final = 3
LEAST_RTO_NS: Final = 200 * MS
MADE_BYTES: Final = 64
"""So much of each segment's payload is made; the rest counts only."""
OPENING: Final = bytes.fromhex("0000000003000500")
"""How a plain vMotion memory stream begins (domain notes 10.2)."""
PAGES: Final = 1 << 16
LAST_BYTES: Final = 262_144
"""What is left when the guest is stunned."""
WORD: Final = b"\0\0\0\1\0\0\0\4done"


@dataclass(slots=True)
class End:
    """One host's migration interface: its MAC, address, and whom it hands packets to."""

    port: Port
    mac: bytes
    address: bytes
    next_hop_mac: bytes = b""
    other_mac: bytes = b""
    """Of another interface of the host, by which it is reached, too."""
    ident: int = 0


@dataclass(slots=True)
class Segment:
    """Bytes that are on their way."""

    offset: int
    length: int
    sent: int
    sacked: bool = False
    lost: bool = False
    again: int = 0


@dataclass(slots=True)
class StreamTruth:
    """What the stream's own ends know."""

    syn_ns: int = 0
    established_ns: int = 0
    first_data_ns: int = 0
    stunned_ns: int = 0
    last_data_ns: int = 0
    last_ack_ns: int = 0
    resent: int = 0
    resent_by_time_out: int = 0
    segments: int = 0
    samples: int = 0
    shortest_ns: int | None = None


class Stream:
    """One vMotion connection from source to destination; `stun` and `resume` are called when it comes to that."""

    def __init__(
        self,
        simulation: Simulation,
        ends: tuple[End, End],
        total_bytes: int,
        window_bytes: int,
        stun: Callable[[], None],
        arrived: Callable[[], None],
        opening: bytes = OPENING,
        first_bytes: int = MSS,
        shift: int = SHIFT,
    ) -> None:
        """
        Nothing is sent before `begin`.

        total_bytes : even; what the source sends in all
        window_bytes : what the destination takes ahead of its acknowledgement
        stun, arrived : called when the guest stops, and when its last page has arrived
        opening : how its payload begins
        first_bytes : even; what its first segment holds
        shift : the window scale that both ends offer
        """
        self.simulation = simulation
        self.source, self.destination = ends
        self.total = total_bytes
        self.window = window_bytes >> shift << shift
        self.stun, self.arrived = stun, arrived
        self.first_bytes, self.shift = first_bytes, shift
        self.waits = False
        """Does the source wait for somebody else before it stops the guest: a proxy acknowledges too early."""
        self.holds_word = False
        self.dies_at: float | None = None
        """Which share of what goes before the last round has arrived when the source host dies; `died` is called."""
        self.died: Callable[[], None] = lambda: None
        """Does the destination's word come from somebody else?"""
        self.truth = StreamTruth()
        random = simulation.random
        self.ports = (49000 + random.randrange(900), PORT)
        self.isn = (random.randrange(1 << 32), random.randrange(1 << 32))
        for end in ends:
            end.ident = random.randrange(1 << 16)
        # letters: no dissector takes them for a protocol of its own
        pages = bytearray(0x40 | byte & 0x3F for byte in random.randbytes(PAGES))
        pages[: len(opening)] = opening
        self._pages = bytes(pages) * 2
        words = memoryview(self._pages)
        self._sums = [0, *accumulate(int.from_bytes(words[i : i + 2], "big") for i in range(0, len(words), 2))]
        self._next = self._acked = 0
        self._flying: deque[Segment] = deque()
        self._pipe = 0
        self._cwnd = FIRST_SEGMENTS * MSS
        self._threshold = 1 << 40
        self._recover = -1
        self._highest_sacked = 0
        self._rto = S
        self._timer = 0
        self._srtt: int | None = None
        self._last_progress = 0
        self._allowed = total_bytes - (LAST_BYTES if total_bytes > LAST_BYTES else total_bytes // 4 * 2)
        self._got = 0
        self._early: list[tuple[int, int]] = []
        self._held = 0
        self._is_closed = False
        self._said = 0
        self._is_done = self._is_dead = False
        ends[0].port.owner = _Reader(self._source_hears, ends[0].port.owner)
        ends[1].port.owner = _Reader(self._destination_hears, ends[1].port.owner)

    # what goes out

    def begin(self, at: int) -> None:
        """The source connects then."""
        self.simulation.at(at, self._connect)

    def _connect(self) -> None:
        self.truth.syn_ns = self.simulation.now
        self._send(0, SYN, 0, b"")
        self.simulation.after(S, self._connect_again)

    def _connect_again(self) -> None:
        if not self.truth.established_ns:
            self._send(0, SYN, 0, b"")
            self.simulation.after(2 * S, self._connect_again)

    def _send(self, end: int, flags: int, seq: int, data: bytes, rest: tuple[int, int] = (0, 0)) -> None:
        """`seq` counts from the ISN."""
        if end == 0 and self._is_dead:
            return
        me, other = (self.source, self.destination) if end == 0 else (self.destination, self.source)
        ports = self.ports if end == 0 else self.ports[::-1]
        ack = 0
        if flags & ACK:
            ack = self.isn[1 - end] + 1 + (self._said if end == 0 else self._got)
            ack += 1 if self._is_closed and end == 1 else 0
        options, window = self._options(end, flags)
        raw = tcp((me.address, other.address), ports, (self.isn[end] + seq, ack), flags, window, options, data, rest)
        me.ident = (me.ident + 1) & 0xFFFF
        packed = ipv4(me.address, other.address, IP_TCP, raw, ident=me.ident, more=rest[0])
        me.port.send(ethernet(me.next_hop_mac, me.mac, ETHERTYPE_IPV4, packed, rest[0]))

    def _options(self, end: int, flags: int) -> tuple[bytes, int]:
        if flags & SYN:
            return b"\x02\x04" + MSS.to_bytes(2, "big") + b"\x01\x03\x03" + bytes(
                [self.shift]
            ) + b"\x01\x01\x04\x02", 65535
        if end == 0:
            return b"", 1024
        blocks = self._early[-3:][::-1]
        if not blocks:
            return b"", self.window >> self.shift
        first = self.isn[0] + 1
        packed = b"".join(((first + edge) & 0xFFFF_FFFF).to_bytes(4, "big") for block in blocks for edge in block)
        return b"\x01\x01\x05" + bytes([2 + len(packed)]) + packed, self.window >> self.shift

    def _send_segment(self, segment: Segment) -> None:
        at = segment.offset % PAGES
        made = min(segment.length, MADE_BYTES)
        rest, total = segment.length - made, 0
        if rest:
            total = self._sums[(at + segment.length) // 2] - self._sums[at // 2]
        flags = ACK | (PSH if segment.offset + segment.length in (self._allowed, self.total) else 0)
        segment.sent = self.simulation.now
        self.truth.segments += 1
        self.truth.last_data_ns = self.simulation.now
        self._send(0, flags, 1 + segment.offset, self._pages[at : at + made], (rest, total))

    def _push(self) -> None:
        """Send what congestion and receive window allow: first what is lost, then what is new."""
        for segment in self._flying:
            if self._pipe >= self._cwnd:
                break
            if segment.lost and not segment.sacked:
                segment.lost = False
                segment.again += 1
                self._pipe += segment.length
                self.truth.resent += 1
                self._send_segment(segment)
        while self._next < self._allowed and self._pipe < self._cwnd:
            length = min(MSS if self._next else self.first_bytes, self._allowed - self._next)
            if self._next + length > self._acked + self.window:
                break
            segment = Segment(self._next, length, self.simulation.now)
            self._flying.append(segment)
            self._next += length
            self._pipe += length
            self._send_segment(segment)
        self._arm()

    def _arm(self) -> None:
        self._timer += 1
        if self._flying:
            self.simulation.after(self._rto, self._time_out, self._timer)

    def _time_out(self, timer: int) -> None:
        if timer != self._timer or not self._flying:
            return
        self._threshold = max(self._pipe // 2, 2 * MSS)
        self._cwnd = MSS
        self._rto = min(2 * self._rto, 60 * S)
        self._recover = -1
        for segment in self._flying:
            if not segment.sacked:
                segment.lost = True
        self._pipe = 0
        self.truth.resent_by_time_out += 1
        self._push()

    # what comes in

    def _is_for(self, end: int, head: bytes) -> bool:
        """Is this frame one of this connection, for that end?"""
        me = self.source if end == 0 else self.destination
        ports = self.ports[0].to_bytes(2, "big"), self.ports[1].to_bytes(2, "big")
        if head[:6] not in (me.mac, me.other_mac) or head[12:14] != b"\x08\x00" or head[23] != IP_TCP:
            return False
        return (head[34:36], head[36:38]) == (ports if end == 1 else ports[::-1])

    def _source_hears(self, frame: Frame) -> None:
        head = frame.head
        if not self._is_for(0, head) or self._is_dead:
            return
        flags = head[47]
        if flags & SYN:
            if not self.truth.established_ns:
                self.truth.established_ns = self.simulation.now
                self._send(0, ACK, 1, b"")
                self.simulation.after(5 * MS, self._begin_bulk)
            return
        end = 34 + (head[46] >> 4) * 4
        length = int.from_bytes(head[16:18], "big") - (end - 14)
        if length > 0:
            self._said = max(self._said, length)
            self._send(0, ACK, 1 + self.total, b"")
            self.simulation.after(2 * MS, self._close)
            return
        if not flags & FIN:
            self._acknowledged(int.from_bytes(head[42:46], "big"), head[54:end])
        else:
            self._said += 1
            self._send(0, ACK, 2 + self.total, b"")

    def _begin_bulk(self) -> None:
        self.truth.first_data_ns = self.simulation.now
        self._push()

    def _acknowledged(self, ack: int, options: bytes) -> None:
        offset = (ack - self.isn[0] - 1) & 0xFFFF_FFFF
        if offset > self._next:
            return
        if self.dies_at is not None and offset >= self.dies_at * self._allowed:
            self._die()
            return
        is_new, was = offset > self._acked, self._acked
        self._acked = max(self._acked, offset)
        while self._flying and self._flying[0].offset + self._flying[0].length <= offset:
            segment = self._flying.popleft()
            if not segment.sacked and not segment.lost:
                self._pipe -= segment.length
            if not segment.again:
                self._sample(self.simulation.now - segment.sent)
        if len(options) >= 12:
            self._sacked(options)
        if is_new:
            self.truth.last_ack_ns = self.simulation.now
            self._grow(offset - was)
        if self._acked == self._allowed < self.total and not self.waits:
            self._last_round()
        self._push()

    def _sample(self, rtt: int) -> None:
        self._srtt = rtt if self._srtt is None else self._srtt + (rtt - self._srtt) // 8
        self._rto = max(LEAST_RTO_NS, 2 * self._srtt)
        self.truth.samples += 1
        shortest = self.truth.shortest_ns
        if self._cwnd < self._threshold and shortest is not None and rtt > shortest + max(shortest // 4, MS):
            self._threshold = self._cwnd  # the queue begins to fill: the end of slow start, as HyStart finds it
        self.truth.shortest_ns = rtt if self.truth.shortest_ns is None else min(rtt, self.truth.shortest_ns)

    def _sacked(self, options: bytes) -> None:
        """Mark what arrived out of order; what lies three segments below that is lost (RFC 6675)."""
        for i in range(4, 2 + options[3], 8):
            low, high = (
                (int.from_bytes(options[i + k : i + k + 4], "big") - self.isn[0] - 1) & 0xFFFF_FFFF for k in (0, 4)
            )
            for segment in self._flying:
                if segment.offset >= high:
                    break
                if not segment.sacked and segment.offset >= low and segment.offset + segment.length <= high:
                    segment.sacked = True
                    if not segment.lost:
                        self._pipe -= segment.length
                    self._highest_sacked = max(self._highest_sacked, segment.offset + segment.length)
        for segment in self._flying:
            if segment.offset + DUPLICATES * MSS >= self._highest_sacked:
                break
            waited = self.simulation.now - segment.sent > (self._srtt or 0) * 5 // 4
            if not segment.sacked and not segment.lost and (not segment.again or waited):
                segment.lost = True
                self._pipe -= segment.length
                if self._acked > self._recover:
                    self._recover = self._next
                    self._threshold = self._cwnd = max(int(self._cwnd * 0.7), 2 * MSS)

    def _grow(self, acked: int) -> None:
        if self._acked <= self._recover or self._pipe + 8 * MSS < self._cwnd:
            return
        if self._cwnd < self._threshold:
            self._cwnd += acked
        else:
            self._cwnd += max(MSS * acked // self._cwnd, 1)

    def _last_round(self) -> None:
        """All but the rest has arrived: stop the guest, then send what is left."""
        self._allowed = self.total
        self.truth.stunned_ns = self.simulation.now
        self.stun()

    def confirm(self) -> None:
        """What a proxy took has arrived where it belongs: the source need not wait any longer."""
        self.waits = False
        if self._acked == self._allowed < self.total:
            self._last_round()
            self._push()

    def _die(self) -> None:
        """The source host is no more: it neither hears nor sends."""
        self._is_dead = True
        self.died()
        self._flying.clear()
        self._allowed = self._next

    def give_up(self) -> bool:
        """The source resets the connection, unless all has arrived; whether it did."""
        if self._is_done:
            return False
        self._send(0, RST | ACK, 1 + self._next, b"")
        self._flying.clear()
        self._allowed = self._next
        return True

    def _destination_hears(self, frame: Frame) -> None:
        head = frame.head
        if not self._is_for(1, head):
            return
        flags = head[47]
        if flags & SYN:
            self._send(1, SYN | ACK, 0, b"")
            return
        if flags & FIN:
            self._is_closed = True
            self._send(1, ACK, 1 + len(WORD), b"")
            self.simulation.after(MS, self._send, 1, FIN | ACK, 1 + len(WORD), b"")
            return
        length = int.from_bytes(head[16:18], "big") - 20 - (head[46] >> 4) * 4
        if length > 0:
            self._take((int.from_bytes(head[38:42], "big") - self.isn[0] - 1) & 0xFFFF_FFFF, length)

    def _take(self, offset: int, length: int) -> None:
        is_next = offset == self._got and not self._early
        if offset <= self._got:
            self._got = max(self._got, offset + length)
        else:
            self._early = _joined(self._early, (offset, offset + length))
        while self._early and min(self._early)[0] <= self._got:
            block = min(self._early)
            self._early.remove(block)
            self._got = max(self._got, block[1])
        self._held += 1
        if not is_next or self._held >= 2 or self._got >= self._allowed:
            self._acknowledge()
        elif self._held == 1:
            self.simulation.after(40 * MS, self._acknowledge_late, self._got)
        if self._got >= self.total and not self._is_done:
            self._said_done()

    def _acknowledge(self) -> None:
        self._held = 0
        self._send(1, ACK, 1, b"")

    def _acknowledge_late(self, got: int) -> None:
        if self._held and got == self._got:
            self._acknowledge()

    def _said_done(self) -> None:
        self._is_done = True
        if not self.holds_word:
            self.say_word()
        self.arrived()

    def say_word(self) -> None:
        """The destination tells that the guest is there."""
        self.simulation.after(300 * US, self._send, 1, PSH | ACK, 1, WORD)

    def _close(self) -> None:
        self._send(0, FIN | ACK, 1 + self.total, b"")


class _Reader:
    """Who reads at one end."""

    def __init__(self, hear: Callable[[Frame], None], before: object) -> None:
        self.hear = hear
        self.before = before if isinstance(before, _Reader) else None

    def receive(self, port: Port, frame: Frame) -> None:
        """A frame arrived."""
        self.hear(frame)
        if self.before is not None:
            self.before.receive(port, frame)


def _joined(blocks: list[tuple[int, int]], new: tuple[int, int]) -> list[tuple[int, int]]:
    """
    These blocks with the new one, which stands last whatever it grew to (RFC 2018 4: the newest is told first).

    >>> _joined([(10, 20), (40, 50)], (20, 30))
    [(40, 50), (10, 30)]
    """
    low, high = new
    apart = []
    for block in blocks:
        if block[1] < low or block[0] > high:
            apart.append(block)
        else:
            low, high = min(low, block[0]), max(high, block[1])
    return [*apart, (low, high)]
