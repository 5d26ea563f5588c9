"""The graph of a stream's numbers against byte-by-byte bookkeeping, wherever batches are cut."""

import random
from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from vmpcap.measures.sequence_graph import COLUMNS, KINDS, MOST_POINTS, SequenceColumns, SequenceGraph, Strokes
from vmpcap.terms.wire import TCP_ACK, TCP_RST, TCP_SYN

SECOND = 1_000_000_000
SPAN = COLUMNS * 1_000
"""Nanoseconds of the stories: a microsecond for each column."""


class Packet(NamedTuple):
    """One packet of the connection; numbers as on the wire."""

    ts: int
    is_data_side: bool
    seq: int
    size: int
    ack: int
    flags: int = TCP_ACK


class Columns(NamedTuple):
    """What the graph reads of Frames."""

    tcp_seq: np.ndarray
    tcp_ack: np.ndarray
    tcp_flags: np.ndarray
    payload_bytes: np.ndarray


def graph_of(packets: list[Packet], cuts: list[int] | None = None, span: int = SPAN) -> SequenceGraph:
    """The graph of these packets, as so many batches."""
    gathered = SequenceColumns(0, span - 1)
    ends = [0, *sorted(cuts or []), len(packets)]
    for begin, end in pairwise(ends):
        part = packets[begin:end]
        frames = Columns(
            np.array([p.seq for p in part], np.uint32),
            np.array([p.ack for p in part], np.uint32),
            np.array([p.flags for p in part], np.uint16),
            np.array([p.size for p in part], np.int32),
        )
        ts, sides = np.array([p.ts for p in part], np.int64), np.array([p.is_data_side for p in part], np.bool_)
        gathered.absorb(ts, sides, frames, np.arange(len(part)))
    return gathered.finish(0)


def twin(packets: list[Packet], origin: int) -> dict[str, dict[int, tuple[int, int, int]]]:
    """By kind and column: lowest, highest, how many. Every byte that was seen is in a set; numbers never wrap."""
    seen: set[int] = set()
    found: dict[str, dict[int, list[tuple[int, int]]]] = {kind: defaultdict(list) for kind in KINDS}
    for packet in packets:
        column = packet.ts * COLUMNS // SPAN
        if not packet.is_data_side:
            found["acked"][column].append((packet.ack - origin, packet.ack - origin))
            continue
        mine = range(packet.seq, packet.seq + packet.size)
        highest = max(seen, default=packet.seq - 1)
        if packet.seq > highest:
            kind = "sent"
        else:
            kind = "again" if seen.issuperset(range(packet.seq, min(highest, mine[-1]) + 1)) else "late"
        seen.update(mine)
        found[kind][column].append((packet.seq - origin, packet.seq + packet.size - origin))
    return {
        kind: {c: (min(a for a, _ in x), max(b for _, b in x), len(x)) for c, x in columns.items()}
        for kind, columns in found.items()
    }


def told(strokes: Strokes) -> dict[int, tuple[int, int, int]]:
    columns = np.floor(strokes.at_s * SECOND * COLUMNS / SPAN).astype(int).tolist()
    return dict(zip(columns, zip(*(x.tolist() for x in strokes_of(strokes)), strict=True), strict=True))


def strokes_of(strokes: Strokes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return strokes.low, strokes.high, strokes.count


def wrapped(packet: Packet) -> Packet:
    return packet._replace(seq=packet.seq % (1 << 32), ack=packet.ack % (1 << 32))


def story(rng: random.Random) -> tuple[list[Packet], int]:
    """Segments in order, some lost before the point, some again, some overtaken, acknowledged now and then."""
    origin = (1 << 32) - rng.randint(1, 400)
    at, packets = origin, []
    missing: list[tuple[int, int]] = []
    sent: list[tuple[int, int]] = []
    for i in range(120):
        ts = i * (SPAN // 120)
        choice = rng.random()
        size = rng.randint(2, 9)
        if choice < 0.12 and i:
            missing.append((at, size))
            at += size
        elif choice < 0.24 and missing:
            seq, size = missing.pop(rng.randrange(len(missing)))
            packets.append(Packet(ts, True, seq, size, 0))
        elif choice < 0.34 and sent:
            seq, size = rng.choice(sent)
            packets.append(Packet(ts, True, seq, size, 0))
        elif choice < 0.6 and i:
            packets.append(Packet(ts, False, 5, 0, at - rng.randint(0, 6)))
        else:
            packets.append(Packet(ts, True, at, size, 0))
            sent.append((at, size))
            at += size
    return packets, origin


@pytest.mark.parametrize("seed", range(200))
def test_the_graph_is_that_of_every_byte_however_the_story_is_cut(seed: int) -> None:
    """Numbers begin again in the middle of each story."""
    rng = random.Random(seed)
    packets, origin = story(rng)
    cuts = [rng.randint(0, len(packets)) for _ in range(rng.randint(0, 6))]
    graph = graph_of([wrapped(p) for p in packets], cuts)
    for kind, wanted in twin(packets, origin).items():
        assert told(getattr(graph, kind)) == wanted, kind


def test_what_the_receiver_said_first_lies_where_it_belongs() -> None:
    """Mid-stream the first packet may be an ACK: what is then sent lies beyond it, also over the end of the numbers."""
    first = (1 << 32) - 10
    packets = [Packet(0, False, 0, 0, first), Packet(1_000, True, first + 1_000, 100, 0)]
    graph = graph_of([wrapped(p) for p in packets])
    assert (graph.acked.low.tolist(), graph.sent.low.tolist()) == ([0], [1_000])


def test_keep_alives_syns_and_resets_are_not_drawn() -> None:
    """The last byte again is a question, a reset's ACK number may be anything."""
    packets = [
        Packet(0, True, 1_000, 100, 0),
        Packet(1_000, True, 1_099, 1, 0),
        Packet(2_000, False, 0, 0, 77, TCP_ACK | TCP_RST),
        Packet(3_000, True, 9, 3, 0, TCP_SYN),
    ]
    graph = graph_of(packets)
    assert [int(getattr(graph, kind).count.sum()) for kind in KINDS] == [1, 0, 0, 0]


def test_a_graph_never_has_more_points_than_a_screen_shows_and_loses_no_segment() -> None:
    """Everything sent twice all the time: stretches are put together, nothing is left out."""
    packets = []
    for i in range(4 * COLUMNS):
        ts = i * SPAN // (4 * COLUMNS)
        packets.append(Packet(ts, True, i * 100, 100, 0))
        if i > 50:
            packets.append(Packet(ts, True, (i - 50) * 100, 50, 0))
            packets.append(Packet(ts, False, 0, 0, (i - 40) * 100))
            packets.append(Packet(ts, False, 0, 0, (i - 30) * 100))
    graph = graph_of(packets)
    assert graph.points <= MOST_POINTS
    assert int(graph.again.count.sum()) == 4 * COLUMNS - 51
    assert int(graph.sent.count.sum()) == 4 * COLUMNS
    assert graph.again.low.min() == 100
    assert graph.sent.high.max() == 4 * COLUMNS * 100
    assert graph.width_s == pytest.approx(2 * SPAN / COLUMNS / SECOND)


def test_an_empty_direction_is_an_empty_graph() -> None:
    """A capture of one direction only."""
    graph = graph_of([Packet(0, False, 0, 0, 5)])
    assert [getattr(graph, kind).points for kind in KINDS] == [0, 1, 0, 0]
