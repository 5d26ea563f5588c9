"""One way of TCP connections from one point to the next: what left the one, and what of it came to the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import Kept
from vmpcap.terms.members import is_among

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

MOST_FRAMES: Final = 100
NUMBERS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Passage:
    """Counts are of packets kept: times the sampling's scale of packets, where that is not 1."""

    sent: int
    """Packets that left the first point, but for those outside; frames that were cut on the way count as pieces of the
    largest size that the second shows."""
    lost: int | None
    """Of these: never seen at the second or further on. None where the sampling hides what was cut on the way."""
    lost_frames: tuple[int, ...]
    """At the first point. Of bytes that it shows several times, of which only some came, it is the earliest."""
    missed: int | None
    """Not seen at the second, but further on, or acknowledged though they never passed there: its capture lacks them.
    In packets like those of sent, of which they are."""
    outside: int
    """Seen at the first only, before the second showed its first frame or after its last, and nothing tells that they
    came: lost, or not recorded. Not in sent."""
    came_outside: int
    """Of the same time: not seen at the second, but further on, or acknowledged and not sent again. Not in sent."""
    duplicated: int | None
    """How many more of the same packets came than had left. None where a point shows every packet several times."""
    unseen: int
    """At the second only, in packets: the first's capture lacks them, or they came another way."""
    recut: bool
    """Whether the two have segments that the other has not: they were cut or joined on the way."""


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of one connection at two points and those beyond; positions are bytes from any one origin."""

    here: Kept
    there: Kept
    further: tuple[Kept, ...]
    window: tuple[int, int]
    """On the first point's clock: what left within it could be seen at the second."""
    acked: int | None
    """The sequence number up to which the receiver acknowledged all; None where it is not known."""
    has_copies: bool
    """Whether a point shows packets several times, as where it records two ports of a switch."""
    is_sampled: bool


def follow_way(way: Way) -> Passage:
    """
    What of one direction of one connection was lost or doubled between these two points?

    Notes
    -----
    Equal packets are set against each other by how often each point saw them, so that packets which share an identity
    (IP identification 0, a repeated ACK) are counted though nobody knows which of them was lost. What remains of the
    data is compared byte by byte, so that segmentation on the way is no loss. A byte that was acknowledged and never
    passed the second point did not come by it, or was missed: TCP acknowledges nothing that did not arrive. What left
    while the second recorded nothing never passed there: an acknowledgement tells of it where it was sent only once.
    """
    here, there = way.here, way.there
    rest_here, rest_there, doubled = _unmatched(here.key, there.key, way.has_copies)
    inside = (here.ts_ns >= way.window[0]) & (here.ts_ns <= way.window[1])
    strange = rest_there[~is_among(there.key[rest_there], here.key)]
    beyond = np.zeros(len(here.key), bool)
    for kept in way.further:
        beyond |= is_among(here.key, kept.key)
    is_data = here.payload_bytes > 0
    strange_data = strange[there.payload_bytes[strange] > 0]
    recut = _is_recut(way, rest_here[is_data[rest_here]], strange_data)
    piece = int((there if recut else here).payload_bytes.max(initial=0))

    def went_where(rows: I64, acked: int | None) -> _Gone | None:
        """What became of these rows, which the other point has nothing like? None: nobody can say."""
        data, bare = rows[is_data[rows]], rows[~is_data[rows]]
        if way.is_sampled and recut and len(data):
            return None
        if way.is_sampled or (not recut and acked is None and not way.further):
            bare, data = rows, data[:0]
        gone = bare[~beyond[bare]]
        found = _uncovered(replace(way, acked=acked), data, strange_data, beyond, piece) if len(data) else NOTHING
        return _Gone(len(gone) + found.lost, len(bare) - len(gone) + found.missed, np.concatenate((gone, found.rows)))

    within = went_where(rest_here[inside[rest_here]], way.acked)
    silent = rest_here[~inside[rest_here]]
    is_again = _shown_again(here, silent)
    without = [went_where(silent[~is_again], way.acked), went_where(silent[is_again], None)]
    pieces = np.maximum(-(-here.payload_bytes.astype(np.int64) // max(piece, 1)), 1)
    outside, came = (sum(0 if g is None else getattr(g, name) for g in without) for name in ("lost", "missed"))
    if way.has_copies:  # each packet once, as its losses are counted
        pieces = pieces[np.unique(here.key, return_index=True)[1]]
    return Passage(
        sent=int(pieces.sum()) - outside - came,
        lost=None if within is None else within.lost,
        lost_frames=() if within is None else tuple(int(f) for f in np.sort(here.frame[within.rows])[:MOST_FRAMES]),
        missed=None if within is None else within.missed,
        outside=outside,
        came_outside=came,
        duplicated=None if way.has_copies else doubled,
        unseen=0 if recut else len(strange),
        recut=recut,
    )


def _shown_again(here: Kept, rows: I64) -> Bools:
    """Of which of these rows does the point show bytes in other segments as well?"""
    again = np.zeros(len(rows), bool)
    data = np.flatnonzero(here.payload_bytes > 0)
    if not len(rows) or not len(data):
        return again
    origin = _positions(here, None)
    end = origin + here.payload_bytes
    edges = _edges((origin[data], end[data]))
    twice = np.maximum(_coverage(edges, origin[data], end[data]) - 1, 0)
    is_data = here.payload_bytes[rows] > 0
    again[is_data] = _rows_over(edges, twice, origin[rows[is_data]], end[rows[is_data]])
    return again


def _unmatched(here: U64, there: U64, has_copies: bool) -> tuple[I64, I64, int]:
    """Rows of each that the other has not, the first of equals among them; and how often the other has one more."""
    order_here, order_there = np.argsort(here, kind="stable"), np.argsort(there, kind="stable")
    keys, begin, count = np.unique(here[order_here], return_index=True, return_counts=True)
    keys_there, begin_there, count_there = np.unique(there[order_there], return_index=True, return_counts=True)
    _, i, j = np.intersect1d(keys, keys_there, assume_unique=True, return_indices=True)
    if has_copies:
        left, left_there = np.minimum(count, 1), np.minimum(count_there, 1)
        left[i] = 0
        left_there[j] = 0
        doubled = 0
    else:
        left, left_there = count.copy(), count_there.copy()
        common = np.minimum(count[i], count_there[j])
        left[i] -= common
        left_there[j] -= common
        doubled = int(left_there[j].sum())
    return _first_of(order_here, begin, left), _first_of(order_there, begin_there, left_there), doubled


def _first_of(order: I64, begin: I64, count: I64) -> I64:
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    rows: I64 = order[np.repeat(begin, count) + nth]
    return rows


def _is_recut(way: Way, rows: I64, strange: I64) -> bool:
    """Are the same bytes at both points in segments that the other has not? Of a sample only their sizes tell."""
    here, there = way.here, way.there
    if not len(rows) or not len(strange):
        return False
    if way.is_sampled:
        largest = int(here.payload_bytes[is_among(here.key, there.key)].max(initial=0))
        return max(int(here.payload_bytes[rows].max()), int(there.payload_bytes[strange].max())) > largest
    origin = _positions(here, None)
    at = _positions(there, (int(here.tcp_seq[0]), int(origin[0])))[strange]
    begin, end = origin[rows], origin[rows] + here.payload_bytes[rows]
    edges = _edges((begin, end), (at, at + there.payload_bytes[strange]))
    return bool((_coverage(edges, begin, end) * _coverage(edges, at, at + there.payload_bytes[strange])).any())


@dataclass(frozen=True, slots=True)
class _Gone:
    lost: int
    missed: int
    rows: I64


NOTHING: Final = _Gone(0, 0, np.zeros(0, np.int64))


def _uncovered(way: Way, rows: I64, strange: I64, beyond: Bools, piece: int) -> _Gone:
    """Which bytes of these rows have no like among those strange ones of the other point?"""
    here, there = way.here, way.there
    origin = _positions(here, None)
    anchor = (int(here.tcp_seq[0]), int(origin[0]))
    begin = origin[rows]
    end = begin + here.payload_bytes[rows]
    at = _positions(there, anchor)
    later = [(place, place + kept.payload_bytes) for kept in way.further for place in (_positions(kept, anchor),)]
    every = (at, at + there.payload_bytes)
    edges = _edges((begin, end), every, *later)
    need = _coverage(edges, begin, end) - _coverage(edges, at[strange], every[1][strange])
    ever = _coverage(edges, *every)
    came = np.zeros(len(edges) - 1, np.int64)  # how often: what was sent twice and is shown once came once
    for ranges in later:
        came = np.maximum(came, _coverage(edges, *ranges))
    if way.acked is not None:
        top = anchor[1] + _signed(way.acked - anchor[0])
        top += NUMBERS * round((int(origin.max(initial=0)) - top) / NUMBERS)
        came[edges[1:] <= top] = len(rows)
    gone = np.maximum(need, 0)
    passed_by = np.where(ever <= 0, np.minimum(gone, came), 0)
    lost = gone - passed_by
    is_whole = int(here.payload_bytes[rows].max()) <= piece
    taken = _rows_over(edges, lost, begin, end) & ~beyond[rows]
    if is_whole:
        around = _rows_over(edges, passed_by, begin, end) | (_rows_over(edges, lost, begin, end) & beyond[rows])
        return _Gone(int(taken.sum()), int((around & ~taken).sum()), rows[taken])
    return _Gone(_pieces(edges, lost, piece), _pieces(edges, passed_by, piece), rows[taken])


def _signed(difference: int) -> int:
    """How far is one sequence number before the other, by the shorter way round?"""
    return (difference + NUMBERS // 2) % NUMBERS - NUMBERS // 2


def _positions(kept: Kept, anchor: tuple[int, int] | None) -> I64:
    """
    Where in the stream does each segment begin? int64[rows], from the first one's number, which is 0, or the anchor's.

    From row to row by the shorter way round: right while less than 2 GB is missing between two of them.
    """
    numbers = kept.tcp_seq.astype(np.int64)
    if not len(numbers):
        return numbers
    steps = (np.diff(numbers) + NUMBERS // 2) % NUMBERS - NUMBERS // 2
    first = 0 if anchor is None else anchor[1] + _signed(int(numbers[0]) - anchor[0])
    return np.concatenate(([first], first + np.cumsum(steps)))


def _edges(*ranges: tuple[I64, I64]) -> I64:
    """Where does any of these ranges begin or end?"""
    edges: I64 = np.unique(np.concatenate([end for ends in ranges for end in ends]))
    return edges


def _coverage(edges: I64, begin: I64, end: I64) -> I64:
    """How many of these ranges lie over each stretch between two edges? All of their ends are among the edges."""
    steps = np.bincount(np.searchsorted(edges, begin), minlength=len(edges))
    steps = steps - np.bincount(np.searchsorted(edges, end), minlength=len(edges))
    return np.cumsum(steps)[:-1]


def _rows_over(edges: I64, stretches: I64, begin: I64, end: I64) -> Bools:
    """Which of these ranges lie over a stretch that counts?"""
    before = np.concatenate(([0], np.cumsum(stretches)))
    over: Bools = before[np.searchsorted(edges, end)] > before[np.searchsorted(edges, begin)]
    return over


def _pieces(edges: I64, layers: I64, piece: int) -> int:
    """Of how many pieces of that size do these stretches consist, neighbours together?"""
    new = np.concatenate(([True], layers[1:] != layers[:-1])) if len(layers) else np.zeros(0, bool)
    first = np.flatnonzero(new)
    last = np.concatenate((first[1:], [len(layers)])).astype(np.int64)
    size = edges[last] - edges[first]
    return int((layers[first] * -(-size // max(piece, 1))).sum())


def add_up(passages: Sequence[Passage]) -> Passage:
    """All of these as one; unknown where one of them is."""

    def total(name: str) -> int | None:
        values = [getattr(p, name) for p in passages]
        return None if any(v is None for v in values) else sum(values)

    return Passage(
        sent=sum(p.sent for p in passages),
        lost=total("lost"),
        lost_frames=tuple(sorted(f for p in passages for f in p.lost_frames)[:MOST_FRAMES]),
        missed=total("missed"),
        outside=sum(p.outside for p in passages),
        came_outside=sum(p.came_outside for p in passages),
        duplicated=total("duplicated"),
        unseen=sum(p.unseen for p in passages),
        recut=any(p.recut for p in passages),
    )
