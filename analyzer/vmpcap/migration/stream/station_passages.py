"""What passed from station to station on a stream's way, by its connections, and when a station could show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.segment_results import BACK, FORTH, Direction
from vmpcap.migration.stream.moves import Sighting
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired, only
from vmpcap.points.passage import Passage, Way, follow_way
from vmpcap.terms.members import is_among
from vmpcap.terms.units import NS_PER_S

I64 = npt.NDArray[np.int64]

SLACK_NS: Final = NS_PER_S
"""What a packet may take where none came that would tell: what left so shortly before the end is not compared."""
TOWARDS: Final[dict[Direction, str]] = {FORTH: "towards the destination", BACK: "towards the source"}


@dataclass(frozen=True, slots=True)
class Station:
    """A point on the stream's way, with the stream's packets that it kept."""

    sighting: Sighting
    kept: Kept
    is_data: npt.NDArray[np.bool_]
    """bool[rows]: sent by the stream's source."""
    link_of: I64
    """int64[rows]: number of the connection."""
    mask: int
    left_out: int

    @property
    def name(self) -> str:
        return self.sighting.view.name


@dataclass(frozen=True, slots=True)
class Stretch:
    """Two stations and which packets both saw."""

    one: Station
    other: Station
    paired: Paired
    clock: PairClock | None
    order: int
    """1 where the one stands nearer to the source, -1 where the other does, 0 where nothing tells."""

    def seen_by_both(self, here: Station, way: Direction) -> tuple[I64, I64, I64]:
        """Rows of this station and of the other, of one direction; and by how much later the other's clock has each."""
        rows = self.paired.row_one, self.paired.row_other
        (left, right), there = (rows[::-1], self.one) if here is self.other else (rows, self.other)
        sent = here.is_data[left] == (way == FORTH)
        left, right = left[sent], right[sent]
        return left, right, there.kept.ts_ns[right] - here.kept.ts_ns[left]


def _seen_between(first: int, last: int, at: I64, late: I64, has_steps: bool) -> tuple[int, int]:
    """
    From when to when, on the clock of those that left, could a packet be seen at a point that recorded in this time?

    Where a clock stepped, lateness of another piece says nothing: only what left between two that came is sure.

    Parameters
    ----------
    at, late : int64[n], of packets that came: when they left, and by how much later the other clock showed them
    """
    if has_steps:
        return int(at.min()), int(at.max())
    return first - int(late.min()), last - int(late.max())


def window(stretch: Stretch, here: Station, there: Station, way: Direction) -> tuple[int, int] | None:
    """Between which times of this station's clock could a packet that left be seen at the other? None: unknown."""
    first, last = there.sighting.view.first_ts, there.sighting.view.last_ts
    left, _, late = stretch.seen_by_both(here, way)
    if len(late):
        has_steps = stretch.clock is not None and len(stretch.clock.pieces) > 1
        return _seen_between(first, last, here.kept.ts_ns[left], late, has_steps)
    if stretch.clock is None:
        return None
    spans = [piece.ends for piece in stretch.clock.pieces]
    low, high = min(s[0] for s in spans), max(s[1] for s in spans)
    low, high = (-high, -low) if here is stretch.other else (low, high)
    return int(first - low), int(last - high - SLACK_NS)


def passages(
    here: Station, there: Station, further: Sequence[Station], way: Direction, window: tuple[int, int], sampled: bool
) -> Iterator[Passage]:
    """Each connection for itself."""
    is_data = way == FORTH
    has_copies = any(_has_copies(s.sighting) for s in (here, there))
    seen, passed_by = np.unique(there.link_of), _others_only(here, there, further)
    for number in np.unique(here.link_of):
        if number in passed_by and number not in seen:
            continue
        yield follow_way(
            Way(
                _rows(here, int(number), is_data),
                _rows(there, int(number), is_data),
                tuple(_rows(s, int(number), is_data) for s in further),
                window,
                _acked(here, int(number), is_data),
                has_copies,
                sampled,
            )
        )


def _others_only(here: Station, there: Station, further: Sequence[Station]) -> frozenset[int]:
    """Connections that took a way beside the second point: a station that shares no packet with it shows them."""
    mine, theirs = there.kept.key, here.kept.key
    beside = [s for s in further if not is_among(s.kept.key, mine).any() and is_among(s.kept.key, theirs).any()]
    return frozenset(int(n) for s in beside for n in np.unique(s.link_of))


def _rows(station: Station, number: int, is_data: bool) -> Kept:
    return only(station.kept, np.flatnonzero((station.link_of == number) & (station.is_data == is_data)))


def _has_copies(sighting: Sighting) -> bool:
    return any(side.duplicates or side.mirrored for link in sighting.transfer.links for side in link.connection.sides)


def _acked(station: Station, number: int, is_data: bool) -> int | None:
    """Up to which sequence number was all of this direction acknowledged, as that point saw it?"""
    rows = np.flatnonzero((station.link_of == number) & (station.is_data == is_data))
    if not len(rows):
        return None
    ports = int(station.kept.ports[rows[0]])
    for link in station.sighting.transfer.links:
        c = link.connection
        side = link.data if is_data else link.back
        own, its = (c.a_port, c.b_port) if side is c.sides[0] else (c.b_port, c.a_port)
        if (own << 16 | its) == ports and side.isn is not None:
            return (side.isn + 1 + side.acked_bytes) % (1 << 32)
    return None
