"""
One bulk connection of a migration, as the sending host's port sees it: bursts, loss, repair, and the way back of ACKs.

It is made stretch by stretch, so that its length costs no memory. Nothing that happens in a stretch reaches beyond the
next one's beginning except the last ACKs' way back.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from events import ACK, FIN, OFFER, PSH, SACK, STAMPS, SYN, Batch, Floats, Rows, one_after_another, rows, stamps

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LINE_BITS_PER_US: Final = 25_000
"""Segments of one burst leave at 25 Gb/s."""

STRETCH_SEGMENTS: Final = 20_000
PASSES: Final = ((0.70, 70_000), (0.88, 60_000), (0.95, 50_000), (0.98, 50_000))
"""Pre-copy passes: the share sent when one ends, the pause that follows in us."""

SEGMENTS_PER_LOSS: Final = 20_000
LEAST_LOSSES: Final = 3
TAIL: Final = 6
"""Segments that are lost together where nothing follows them, so that only a timer can find out."""

RTO_US: Final = 215_000
DELAYED_ACK_US: Final = 40_000
CLOSED_US: Final = 100_000
"""How long the receiver keeps its window closed."""

RECEIVER_US: Final = 4
SENDER_US: Final = 30
CONTROL_WINDOW: Final = 1024
HEADERS: Final = 66


@dataclass
class Way:
    """The path between the two hosts: a base, a queue towards the destination that swells and ebbs, some jitter."""

    rng: np.random.Generator
    last_us: float
    one_way_us: float = 850.0
    queue_us: float = 600.0
    back_jitter_us: float = 100.0
    step_us: float = 5_000.0
    _heights: Floats = field(init=False)

    def __post_init__(self) -> None:
        steps = self.rng.normal(0.0, 1.0, int(self.last_us / self.step_us) + 400)
        drifting = np.convolve(steps, np.hanning(40), mode="same")
        self._heights = self.queue_us * (drifting - drifting.min()) / np.ptp(drifting)

    def forward(self, at_us: Floats) -> Floats:
        """How long does what leaves then need to the destination?"""
        queue = np.interp(at_us / self.step_us, np.arange(len(self._heights)), self._heights)
        return self.one_way_us + queue + self.rng.exponential(15.0, len(at_us))

    def back(self, count: int) -> Floats:
        """How long do these need from there?"""
        jitter = np.minimum(self.rng.exponential(12.0, count), self.back_jitter_us)
        return self.one_way_us + jitter


@dataclass(frozen=True)
class Stretch:
    """Segments that are sent without a pause, and the pause that follows."""

    count: int
    start_us: float
    length_us: float
    pause_us: float = 0.0
    losses: tuple[tuple[int, int], ...] = ()
    """Each: the first segment lost, how many in a row."""
    loses_tail: bool = False
    closes_window: bool = False
    is_first: bool = False


@dataclass
class Sent:
    """The truth about one connection's data, counted where it is decided."""

    segments: int = 0
    bytes: int = 0
    resent_segments: int = 0
    resent_bytes: int = 0
    first_data_us: float = 0.0
    last_data_us: float = 0.0
    rtt_us: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """How often each round trip of 0, 1, 2 ... us was seen."""

    def add_round_trips(self, sent_us: Floats, heard_us: Floats) -> None:
        """Count these as the capture shows them: both times cut to microseconds."""
        took = np.floor(heard_us).astype(np.int64) - np.floor(sent_us).astype(np.int64)
        self.rtt_us = add_counts(self.rtt_us, np.bincount(took))


def add_counts(one: Ints, other: Ints) -> Ints:
    """Two histograms together."""
    longest = np.zeros(max(len(one), len(other)), np.int64)
    longest[: len(one)] += one
    longest[: len(other)] += other
    return longest


def plan(
    rng: np.random.Generator, segments: int, start_us: float, us_per_segment: float, trouble: str
) -> list[Stretch]:
    """
    How does a connection spend its time?

    Parameters
    ----------
    trouble : `tail` for a loss that only a timer finds, `window` for a receiver that closes its window, or nothing
    """
    ends = {int(segments * share): pause for share, pause in PASSES}
    whole = {at for at in range(STRETCH_SEGMENTS, segments, STRETCH_SEGMENTS) if all(abs(at - e) > 1000 for e in ends)}
    edges = sorted({0, segments, *ends, *whole})
    losses = max(LEAST_LOSSES, round(segments / SEGMENTS_PER_LOSS))
    positions = (np.arange(losses) + rng.uniform(0.2, 0.8, losses)) * segments / losses
    middle = len(edges) // 2 - 1
    quiet = int(12_000 / us_per_segment) + 2 * TAIL + 100
    stretches, at_us = [], start_us
    for number, (begin, end) in enumerate(itertools.pairwise(edges)):
        count, pause = end - begin, float(ends.get(end, 0))
        has_trouble = number == middle and bool(trouble)
        if has_trouble:
            pause += {"tail": RTO_US + 40_000, "window": CLOSED_US + 80_000}[trouble]
        inside = positions[(positions >= begin + quiet) & (positions < end - quiet)].astype(int) - begin
        stretches.append(
            Stretch(
                count, at_us, count * us_per_segment, pause,
                losses=tuple((int(p), 3 if rng.random() < 0.15 else 1) for p in inside),
                loses_tail=has_trouble and trouble == "tail",
                closes_window=has_trouble and trouble == "window",
                is_first=number == 0,
            )
        )  # fmt: skip
        at_us += count * us_per_segment + pause
    return stretches


@dataclass
class Acks:
    """What the receiver sends, in its order: one entry per ACK."""

    at_us: Floats
    upto: Ints
    """Index of the first segment not yet acknowledged."""
    covers: Ints
    """Index of the segment whose round trip this ACK ends, -1 for none: resent data and what waited for it."""
    echoes_us: Floats
    """When the segment left whose timestamp is echoed."""
    sack_from: Ints
    """First segment of the block behind the hole, -1 without a hole."""
    sack_upto: Ints


def _join(parts: list[Acks]) -> Acks:
    return Acks(*(np.concatenate([getattr(part, name) for part in parts]) for name in Acks.__dataclass_fields__))


def _no_sack(count: int) -> Ints:
    return np.full(count, -1, np.int64)


@dataclass
class Bulk:
    """One bulk connection under way."""

    rng: np.random.Generator
    way: Way
    flow: int
    mss: int
    stretches: list[Stretch]
    sent: Sent = field(default_factory=Sent)

    def events(self) -> Iterator[Batch]:
        """All its packets, stretch by stretch."""
        rng = self.rng
        self._isn, self._peer = (int(v) for v in rng.integers(0, 2**32, 2))
        self._clock, self._peer_clock = (int(v) for v in rng.integers(1, 2**30, 2))
        self._next = self._isn + 1
        first = self.stretches[0].start_us
        self._arrived = self._heard = first - 1.0
        self._heard_stamp = stamps(first - 1000, self._peer_clock)
        yield self._handshake(first), first
        for number, stretch in enumerate(self.stretches):
            until = stretch.start_us + stretch.length_us + stretch.pause_us
            yield self._stretch(stretch), until if number + 1 < len(self.stretches) else self._heard + 3000
        yield self._goodbye(self._heard + 3000), float("inf")

    @property
    def wraps(self) -> int:
        """How often did its sequence numbers begin again at zero?"""
        return (self._next - 1) >> 32

    def _handshake(self, start_us: float) -> Rows:
        rtt = 2 * self.way.one_way_us + 40
        at = start_us - rtt - 1000
        offer = {"options": OFFER, "window": 65535}
        return np.concatenate(
            [
                self._ours(at, seq=self._isn, ack=0, flags=SYN, echo=0, **offer),
                self._theirs(at + rtt, seq=self._peer, ack=self._isn + 1, flags=SYN | ACK, echoes_us=at, **offer),
                self._ours(at + rtt + SENDER_US, seq=self._isn + 1, echo=stamps(at + rtt / 2, self._peer_clock)),
            ]
        )

    def _goodbye(self, at: float) -> Rows:
        rtt, fin = 2 * self.way.one_way_us + 40, FIN | ACK
        echo = stamps(at + rtt / 2, self._peer_clock)
        return np.concatenate(
            [
                self._ours(at, seq=self._next, flags=fin, echo=self._heard_stamp),
                self._theirs(at + rtt, seq=self._peer + 1, ack=self._next + 1, flags=fin, echoes_us=at, window=8192),
                self._ours(at + rtt + SENDER_US, seq=self._next + 1, ack=self._peer + 2, echo=echo),
            ]
        )

    def _ours(self, at_us: float | Floats, **columns: object) -> Rows:
        usual = {"flags": ACK, "window": CONTROL_WINDOW, "options": STAMPS, "ack": self._peer + 1}
        return rows(at_us, flow=self.flow, stamp=stamps(at_us, self._clock), **{**usual, **columns})

    def _theirs(self, at_us: float | Floats, echoes_us: float | Floats, **columns: object) -> Rows:
        usual = {"flags": ACK, "options": STAMPS, "seq": self._peer + 1}
        sent_us = np.asarray(at_us) - self.way.one_way_us
        clocks = {"stamp": stamps(sent_us, self._peer_clock), "echo": stamps(echoes_us, self._clock)}
        return rows(at_us, flow=self.flow, back=1, **clocks, **{**usual, **columns})

    def _stretch(self, stretch: Stretch) -> Rows:
        size, pushed = self._write_sizes(stretch.count)
        offset = np.concatenate([[0], np.cumsum(size)])
        wire_us = (size + HEADERS) * 8 / LINE_BITS_PER_US
        left = self._departures(stretch, wire_us)
        arrived = one_after_another(left + self.way.forward(left), wire_us, self._arrived)
        resent, resent_at, acks = self._exchange(stretch, left, arrived)
        heard = one_after_another(acks.at_us + RECEIVER_US + self.way.back(len(acks.at_us)), 1.0, self._heard)
        self._count(size, resent, np.append(left, resent_at), left, acks, heard)
        window = self._windows(acks.upto)
        if stretch.closes_window:
            window[-1] = 0
        in_hole = acks.sack_from >= 0
        base = self._next
        ours = self._ours(
            left, seq=base + offset[:-1], payload_bytes=size, flags=np.where(pushed, ACK | PSH, ACK),
            echo=self._echoes(left, heard, acks),
        )  # fmt: skip
        again = self._ours(
            resent_at, seq=base + offset[resent], payload_bytes=size[resent], echo=self._echoes(resent_at, heard, acks)
        )
        theirs = self._theirs(
            heard, acks.echoes_us, ack=base + offset[acks.upto], window=window, options=np.where(in_hole, SACK, STAMPS),
            sack_left=np.where(in_hole, base + offset[acks.sack_from], 0),
            sack_right=np.where(in_hole, base + offset[acks.sack_upto], 0),
        )  # fmt: skip
        parts = [ours, again, theirs]
        if stretch.closes_window:
            opened = heard[-1] + CLOSED_US
            update = {"ack": base + offset[-1], "window": 16384}
            parts.append(self._theirs(opened, float(acks.echoes_us[-1]), **update))
            heard = np.append(heard, opened)
        self._next = base + int(offset[-1])
        self._arrived, self._heard = float(arrived[-1]), float(heard[-1])
        self._heard_stamp = stamps(heard[-1] - self.way.one_way_us, self._peer_clock)
        return np.concatenate(parts)

    def _write_sizes(self, count: int) -> tuple[Ints, Bools]:
        """Full segments, and a smaller pushed one at the end of each write."""
        size = np.full(count, self.mss, np.int64)
        ends = np.cumsum(self.rng.integers(24, 160, count // 24 + 1))
        ends = ends[ends < count]
        size[ends] = self.rng.integers(100, self.mss, len(ends))
        return size, np.isin(np.arange(count), ends)

    def _departures(self, stretch: Stretch, wire_us: Floats) -> Floats:
        """Bursts at line rate; what is left of the time lies between them. The first stretch starts slowly."""
        bursts = np.cumsum(self.rng.integers(4, 40, stretch.count // 4 + 1))
        bursts = bursts[bursts < stretch.count]
        between = self.rng.gamma(2.0, 1.0, len(bursts))
        if stretch.is_first:
            between *= np.linspace(8.0, 1.0, len(bursts))
        gap = wire_us.copy()
        gap[bursts] += between * max(stretch.length_us - float(wire_us.sum()), 0.0) / between.sum()
        left: Floats = stretch.start_us + np.cumsum(gap) - gap[0]
        return left

    def _exchange(self, stretch: Stretch, left: Floats, arrived: Floats) -> tuple[Ints, Floats, Acks]:
        """Which segments are sent again and when, and what the receiver answers to everything."""
        count = stretch.count - TAIL if stretch.loses_tail else stretch.count
        resent, resent_at, parts, since = [], [], [], 0
        for first, many in stretch.losses:
            if first < since:
                continue  # two losses this near would be one repair
            run, pending = self._every_second(left, arrived, since, first)
            again_at, answers, since = self._repair(left, arrived, first, many, pending)
            parts += [run, answers]
            resent.append(np.arange(first, first + many))
            resent_at.append(again_at)
        run, pending = self._every_second(left, arrived, since, count)
        parts.append(run)
        if pending:
            late = DELAYED_ACK_US if stretch.pause_us else 0.0
            parts.append(_plain(left, arrived[count - 1 : count] + late, np.array([count - 1]), 0))
        if stretch.loses_tail:
            again_at, answers = self._timer(left, count)
            parts.append(answers)
            resent.append(np.arange(count, stretch.count))
            resent_at.append(again_at)
        none = np.zeros(0, np.int64)
        return np.concatenate([none, *resent]), np.concatenate([none * 1.0, *resent_at]), _join(parts)

    def _every_second(self, left: Floats, arrived: Floats, since: int, upto: int) -> tuple[Acks, bool]:
        """The ACKs of segments in order, since .. upto, and whether a last one still waits for its ACK."""
        last = np.arange(since + 1, upto, 2)
        return _plain(left, arrived[last], last, 1), (upto - since) % 2 == 1

    def _repair(self, left: Floats, arrived: Floats, first: int, many: int, pending: bool) -> tuple[Floats, Acks, int]:
        """
        Segments first .. first + many are lost; the third duplicate ACK brings them back.

        Every segment behind the hole is answered at once. Returns when they are sent again, the answers, and the first
        segment that came after the hole was closed.
        """
        behind = first + many
        third = behind + 2 + pending  # the first answer still acknowledges the one that was waiting
        asked = arrived[third] + RECEIVER_US + self.way.one_way_us + self.way.back_jitter_us
        again = asked + SENDER_US + 4.0 * np.arange(many)
        landed = one_after_another(again + self.way.forward(again), 1.0, -np.inf)
        after = int(np.searchsorted(arrived, landed[-1], side="right"))
        if after >= len(arrived):
            raise ValueError("a loss so near to the end of its stretch cannot be repaired in it")
        heard = np.arange(behind, after)
        at = np.concatenate([arrived[heard], landed])
        closed = np.concatenate([np.searchsorted(landed, arrived[heard], side="right"), np.arange(1, many + 1)])
        seen = np.concatenate([heard + 1, np.searchsorted(arrived, landed, side="right")])
        is_last = np.arange(len(at)) == len(at) - 1
        covers = _no_sack(len(at))
        if pending:
            covers[0] = first - 1
        in_row, out_of_row = np.full(len(heard), left[first - 1]), again
        echoes = np.concatenate([in_row, out_of_row])
        order = np.argsort(at, kind="stable")
        answers = Acks(
            at_us=at, upto=np.where(is_last, after, first + closed), covers=covers, echoes_us=echoes,
            sack_from=np.where(is_last, -1, behind), sack_upto=np.where(is_last, 0, seen),
        )  # fmt: skip
        return again, Acks(*(getattr(answers, name)[order] for name in Acks.__dataclass_fields__)), after

    def _timer(self, left: Floats, first: int) -> tuple[Floats, Acks]:
        """The last TAIL segments are lost: one is sent again after the timer, then two, then three."""
        round_us = 2 * self.way.one_way_us + self.way.queue_us + 500
        turn = np.array([0, 1, 1, 2, 2, 2])
        again = left[first + TAIL - 1] + RTO_US + turn * round_us + np.arange(TAIL)
        landed = one_after_another(again + self.way.forward(again), 1.0, -np.inf)
        which = np.arange(first, first + TAIL)
        none = _no_sack(TAIL)
        return again, Acks(landed, which + 1, none, again, none, np.zeros(TAIL, np.int64))

    def _count(self, size: Ints, resent: Ints, all_left: Floats, left: Floats, acks: Acks, heard: Floats) -> None:
        sent = self.sent
        if not sent.segments:
            sent.first_data_us = float(left[0])
        sent.segments += len(size)
        sent.bytes += int(size.sum())
        sent.resent_segments += len(resent)
        sent.resent_bytes += int(size[resent].sum())
        sent.last_data_us = float(all_left.max())
        known = acks.covers >= 0
        sent.add_round_trips(left[acks.covers[known]], heard[known])

    def _echoes(self, at_us: Floats, heard: Floats, acks: Acks) -> Ints:
        """The receiver's newest timestamp that had come back when these left."""
        values = np.append(self._heard_stamp, stamps(heard - self.way.one_way_us, self._peer_clock))
        newest: Ints = values[np.searchsorted(heard, at_us, side="right")]
        return newest

    def _windows(self, upto: Ints) -> Ints:
        """The receive window in units of 128 bytes: it breathes, but never within a hole, where upto stands still."""
        window: Ints = 22_000 - 512 * (upto // 2048 % 8)
        return window


def _plain(left: Floats, at_us: Floats, last: Ints, earlier: int) -> Acks:
    """ACKs up to and with these segments; the echoed timestamp is that of the one so many before."""
    none = _no_sack(len(last))
    return Acks(at_us, last + 1, last, left[last - earlier], none, np.zeros(len(last), np.int64))
