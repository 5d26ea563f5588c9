"""Everything beside the bulk: the control connection, the guest and its peers, announcements, many short flows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from bulk import Sent
from events import ACK, FIN, OFFER, PSH, SYN, US_PER_S, Batch, Floats, Rows, rows, stamps

NEVER: Final = float("inf")

REQUEST_BYTES, REPLY_BYTES = 420, 260
EXCHANGES_PER_S: Final = 60
CLIENTS: Final = 300
CLIENT_MSS: Final = 1448
ASK_BYTES: Final = 200
PACKETS_PER_TRANSACTION: Final = 6
PACKETS_PER_FLOW: Final = 10

RARP_AFTER_TICK_S: Final = (0, 1, 2, 4, 7)
"""ESXi's rhythm: one frame at once, then these after its next tick of a second."""
TICK_US: Final = 420_000
GARP_AFTER_US: Final = (5_000, 505_000)
"""The guest's own, after the first of its host's."""
SHOWS_BEFORE_US: Final = 4_000
"""How long before the guest speaks its host announces it."""


@dataclass(frozen=True)
class Gap:
    """When the guest is silent."""

    from_us: float
    until_us: float

    def holds(self, at_us: Floats) -> np.ndarray:
        """Which of these times lie inside?"""
        return (at_us >= self.from_us) & (at_us < self.until_us)


@dataclass
class Control:
    """Requests of the source, answered by the destination; each answer acknowledges its request."""

    rng: np.random.Generator
    flow: int
    from_us: float
    until_us: float
    one_way_us: float
    sent: Sent = field(default_factory=Sent)

    def events(self) -> Iterator[Batch]:
        """The whole connection, second by second."""
        self._isn, self._peer = (int(v) for v in self.rng.integers(0, 2**32, 2))
        rtt, done = 2 * self.one_way_us + 40, 0
        offer = {"options": OFFER, "window": 65535}
        at = self.from_us
        shake = [
            self._one(at, 0, seq=self._isn, flags=SYN, echo=0, **offer),
            self._one(at + rtt, 1, seq=self._peer, ack=self._isn + 1, flags=SYN | ACK, **offer),
            self._one(at + rtt + 40, 0, seq=self._isn + 1, ack=self._peer + 1, flags=ACK),
        ]
        yield np.concatenate(shake), at + rtt + 1000
        at += rtt + 1000
        while at < self.until_us:
            until = min(at + US_PER_S, self.until_us)
            slots = int((until - at) / US_PER_S * EXCHANGES_PER_S)
            asked = at + (np.arange(slots) + self.rng.uniform(0.1, 0.4, slots)) * US_PER_S / EXCHANGES_PER_S
            yield self._exchanges(asked, done), until
            done, at = done + slots, until
        mine, theirs = self._isn + 1 + done * REQUEST_BYTES, self._peer + 1 + done * REPLY_BYTES
        end = [
            self._one(at, 0, seq=mine, ack=theirs, flags=FIN | ACK),
            self._one(at + rtt, 1, seq=theirs, ack=mine + 1, flags=FIN | ACK),
            self._one(at + rtt + 40, 0, seq=mine + 1, ack=theirs + 1, flags=ACK),
        ]
        yield np.concatenate(end), NEVER

    def _one(self, at_us: float | Floats, back: int, **columns: object) -> Rows:
        clocks = {"stamp": stamps(at_us, 7_000 + back), "echo": stamps(np.asarray(at_us) - 2000, 7_001 - back)}
        return rows(at_us, flow=self.flow, back=back, **{"window": 1024, **clocks, **columns})

    def _exchanges(self, asked: Floats, done: int) -> Rows:
        number = done + np.arange(len(asked))
        answered = asked + 2 * self.one_way_us + 60 + self.rng.exponential(60.0, len(asked))
        mine, theirs = self._isn + 1 + number * REQUEST_BYTES, self._peer + 1 + number * REPLY_BYTES
        sent = self.sent
        if len(asked):
            sent.first_data_us = sent.first_data_us or float(asked[0])
            sent.last_data_us = float(asked[-1])
            sent.add_round_trips(asked, answered)
        sent.segments += len(asked)
        sent.bytes += len(asked) * REQUEST_BYTES
        talks = {"flags": ACK | PSH}
        return np.concatenate(
            [
                self._one(asked, 0, seq=mine, ack=theirs, payload_bytes=REQUEST_BYTES, **talks),
                self._one(answered, 1, seq=theirs, ack=mine + REQUEST_BYTES, payload_bytes=REPLY_BYTES, **talks),
                self._one(answered + 30, 0, seq=mine + REQUEST_BYTES, ack=theirs + REPLY_BYTES, flags=ACK),
            ]
        )


@dataclass
class Beat:
    """A peer that asks the guest at a steady interval and goes on asking while it is silent."""

    rng: np.random.Generator
    flow: int
    interval_us: float
    payload_bytes: int
    gap: Gap
    until_us: float
    is_echo: bool
    first_unanswered_us: float | None = None
    first_answered_us: float | None = None
    """After the gap."""
    unanswered: int = 0

    def events(self) -> Iterator[Batch]:
        """Requests and answers, half a second at a time."""
        count, per = int(self.until_us / self.interval_us), max(1, int(US_PER_S / 2 / self.interval_us))
        kinds = (8, 0) if self.is_echo else (0, 0)
        for begin in range(0, count, per):
            number = np.arange(begin, min(begin + per, count))
            asked = number * self.interval_us + self.rng.uniform(0, self.interval_us / 20, len(number))
            answered = asked + 180 + self.rng.exponential(25.0, len(number))
            silent = self.gap.holds(answered)
            self._count(asked, silent)
            alive = {"flow": self.flow, "payload_bytes": self.payload_bytes}
            yield (
                np.concatenate(
                    [
                        rows(asked, seq=number, flags=kinds[0], **alive),
                        rows(answered[~silent], back=1, seq=number[~silent], flags=kinds[1], **alive),
                    ]
                ),
                (begin + len(number)) * self.interval_us if begin + len(number) < count else NEVER,
            )

    def _count(self, asked: Floats, silent: np.ndarray) -> None:
        self.unanswered += int(silent.sum())
        if silent.any() and self.first_unanswered_us is None:
            self.first_unanswered_us = float(asked[silent][0])
        later = ~silent & (asked > self.gap.from_us)
        if later.any() and self.first_answered_us is None:
            self.first_answered_us = float(asked[later][0])


def client_traffic(
    rng: np.random.Generator, first_flow: int, clients: int, period_us: float, gap: Gap, until_us: float
) -> Iterator[Batch]:
    """
    Clients of the guest: a request, three segments of answer, two ACKs; once a period each.

    What would fall into the gap, or reach into it, is not asked: that the guest is silent shows in other flows.
    """
    number = first_flow + np.arange(clients)
    mine, theirs = rng.integers(0, 2**31, clients), rng.integers(0, 2**31, clients)
    at = rng.uniform(0.0, period_us / 8, clients)
    offer = {"options": OFFER, "window": 65535, "flow": number}
    shake = [
        rows(at, seq=mine, flags=SYN, stamp=stamps(at, 5), **offer),
        rows(at + 150, back=1, seq=theirs, ack=mine + 1, flags=SYN | ACK, stamp=stamps(at, 9), echo=5, **offer),
        rows(at + 400, flow=number, seq=mine + 1, ack=theirs + 1, flags=ACK, window=501, stamp=5, echo=9),
    ]
    yield np.concatenate(shake), 0.0
    mine, theirs = mine + 1, theirs + 1
    for turn in range(1, max(2, int(until_us / period_us))):
        asked = turn * period_us + rng.uniform(0.0, period_us / 2, clients)
        alive = ~(gap.holds(asked) | gap.holds(asked + 1_500))
        begin, seq, ack, who = asked[alive], mine[alive], theirs[alive], number[alive]
        own = {"flow": who, "window": 501, "stamp": stamps(begin, 5), "echo": stamps(begin, 7)}
        asks = {"flags": ACK | PSH, "payload_bytes": ASK_BYTES}
        parts = [rows(begin, seq=seq, ack=ack, **asks, **own)]
        for part in range(3):
            answers = {"payload_bytes": CLIENT_MSS, "flags": ACK | PSH if part == 2 else ACK}
            parts.append(
                rows(begin + 300 + 3 * part, back=1, seq=ack + part * CLIENT_MSS, ack=seq + ASK_BYTES, **answers, **own)
            )
        for delay, many in ((650, 2), (700, 3)):
            parts.append(rows(begin + delay, seq=seq + ASK_BYTES, ack=ack + many * CLIENT_MSS, flags=ACK, **own))
        yield np.concatenate(parts), (turn + 1) * period_us
        mine, theirs = mine + alive * ASK_BYTES, theirs + alive * 3 * CLIENT_MSS


def announced_at(gap: Gap) -> list[tuple[str, float]]:
    """When is the guest announced at its new place, and how?"""
    first = gap.until_us - SHOWS_BEFORE_US
    rarps = [first, *(first + TICK_US + s * US_PER_S for s in RARP_AFTER_TICK_S)]
    garps = [first + after for after in GARP_AFTER_US]
    return sorted([("rarp_announce", at) for at in rarps] + [("garp_request", at) for at in garps], key=lambda a: a[1])


def announcements(rarp_flow: int, garp_flow: int, gap: Gap) -> Iterator[Batch]:
    """The host's RARPs and the guest's gratuitous ARPs."""
    kinds = {"rarp_announce": (rarp_flow, 3), "garp_request": (garp_flow, 1)}
    made = [rows(at, flow=kinds[kind][0], flags=kinds[kind][1]) for kind, at in announced_at(gap)]
    yield np.concatenate(made), NEVER


def neighbours(flow: int, gap: Gap, until_us: float) -> Iterator[Batch]:
    """A gateway that asks for the guest's MAC every five seconds, and is answered."""
    asked = np.arange(400_000.0, until_us, 5e6)
    asked = asked[~gap.holds(asked)]
    yield np.concatenate([rows(asked, flow=flow, flags=1), rows(asked + 120, flow=flow, back=1, flags=2)]), NEVER


def short_flows(rng: np.random.Generator, first_flow: int, flows: int, until_us: float) -> Iterator[Batch]:
    """Flows of ten packets each: handshake, a request, two segments of answer, an ACK, the end."""
    seconds = max(1, int(until_us / US_PER_S))
    edges = np.linspace(0, flows, seconds + 1).astype(int)
    for second in range(seconds):
        number = np.arange(edges[second], edges[second + 1])
        yield _short(rng, first_flow + number, second * US_PER_S), (second + 1) * US_PER_S
    yield rows([]), NEVER


def _short(rng: np.random.Generator, flow: np.ndarray, from_us: float) -> Rows:
    count = len(flow)
    at = from_us + rng.uniform(0.0, US_PER_S, count)
    rtt = 500 + rng.gamma(2.0, 4000.0, count)
    ask, first, second = rng.integers(60, 600, count), rng.integers(60, 1449, count), rng.integers(60, 1449, count)
    mine, theirs = rng.integers(0, 2**32, count), rng.integers(0, 2**32, count)
    done = 400 + rng.exponential(50_000.0, count)
    said, answered = mine + 1 + ask, theirs + 1 + first + second
    script = (
        (0, 0 * rtt, mine, 0, SYN, 0),
        (1, rtt, theirs, mine + 1, SYN | ACK, 0),
        (0, rtt + 20, mine + 1, theirs + 1, ACK, 0),
        (0, rtt + 40, mine + 1, theirs + 1, ACK | PSH, ask),
        (1, 2 * rtt + 100, theirs + 1, said, ACK, first),
        (1, 2 * rtt + 110, theirs + 1 + first, said, ACK | PSH, second),
        (0, 2 * rtt + 200, said, answered, ACK, 0),
        (0, 2 * rtt + 200 + done, said, answered, FIN | ACK, 0),
        (1, 3 * rtt + 200 + done, answered, said + 1, FIN | ACK, 0),
        (0, 3 * rtt + 220 + done, said + 1, answered + 1, ACK, 0),
    )
    made = []
    for back, after, seq, ack, flags, payload in script:
        begins = flags & SYN != 0
        made.append(
            rows(
                at + after, flow=flow, back=back, seq=seq, ack=ack, flags=flags, window=501 if not begins else 64240,
                options=OFFER if begins else 0, stamp=stamps(at + after, 3), payload_bytes=payload,
                echo=0 if flags == SYN else stamps(at + after - rtt, 3),
            )
        )  # fmt: skip
    return np.concatenate(made)
