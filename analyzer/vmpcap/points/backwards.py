"""A clock that was set back: its times come twice, and only the order of the capture tells one from the other."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import Lines
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_BACK_NS: Final = NS_PER_MS
"""Frames of several receive queues are stamped out of order by less."""
LEAST_BESIDE: Final = 3
"""Fewer packets on one side of it do not tell a step from one that is out of order."""
BESIDE: Final = 16
"""So many packets before and after tell by how much the other clock went away from this one."""
MOST_BACK: Final = 8
MOST_TRIED: Final = 1000
BEGINNING: Final = -(1 << 62)


class Edge(NamedTuple):
    """Where a clock was set back: in the times of the unrolled clock."""

    earliest: int
    """Right after the last packet before."""
    latest: int
    """At the first packet after."""
    added: int
    """What is added to its times from then on."""


END: Final = Edge(-BEGINNING, -BEGINNING, 0)
Edges = tuple[Edge, ...]
"""Rising; the first is the beginning of time, with nothing added."""


class Unrolled(NamedTuple):
    """The same clock as if it had gone on where it was set back."""

    added: I64
    """int64[n]: what was added to each packet's time."""
    edges: Edges


def unroll(ts: I64, late: I64) -> Unrolled:
    """
    Where was this clock set back, and how do its times rise without that?

    Parameters
    ----------
    ts : int64[n], when the point saw packets that another one saw too, in the order of the capture
    late : int64[n], by how much the other's clock shows each later

    Notes
    -----
    That a time is earlier than one before it may be a queue of the card. A clock that was set back goes away from the
    other's: packets after it are late by more than those before, both ways, and stay so. How long that took is told by
    the other's clock, and rather too long.
    """
    added = np.zeros(len(ts), np.int64)
    edges = [Edge(BEGINNING, BEGINNING, 0)]
    theirs = ts + late
    begin = 0
    while len(edges) <= MOST_BACK:
        latest = np.maximum.accumulate(ts[begin:])
        behind = latest[:-1] - ts[begin + 1 :]
        back = np.flatnonzero(behind > LEAST_BACK_NS)
        back = back[np.diff(back, prepend=-2) > 1][:MOST_TRIED]  # the first of each run
        row = next((row for row in back.tolist() if _went(late, begin + row + 1, int(behind[row]))), -1)
        if row < 0:
            break
        first = begin + row + 1
        earliest = int(latest[row]) + int(added[begin]) + 1
        near = theirs[max(first - BESIDE, begin) : first], theirs[first : first + BESIDE]
        passed = max(int(near[1].max()) - int(near[0].min()), 0)
        added[first:] = earliest + passed - int(ts[first : first + BESIDE].min())
        edges.append(Edge(earliest, earliest + passed, int(added[first])))
        begin = first
    return Unrolled(added, tuple(edges))


class UnrolledOther(NamedTuple):
    """The clock of the other point as if it had gone on where it was set back, beside the times of the one."""

    added: I64
    """int64[n]: what was added to its time of each packet."""
    kept: Bools
    """bool[n]: without those that one point saw on the one side of a step and the other on its other side."""
    since: tuple[int, ...]
    """From which times of the one clock on was it set back, rising?"""
    added_since: tuple[int, ...]

    def rolled(self, pieces: Sequence[Lines]) -> tuple[Lines, ...]:
        """The same pieces of its offset as it is, by times of the one clock: none goes past a step."""
        added = (0, *self.added_since)
        return tuple(piece.lowered(added[bisect_right(self.since, piece.begin)]) for piece in pieces)


def unroll_other(at: I64, late: I64, ts: I64, row: I64) -> UnrolledOther:
    """
    Where was the other point's clock set back, as the order of its own capture tells?

    Parameters
    ----------
    at : int64[n], when the one point saw packets that both saw, by a clock that rises
    late : int64[n], by how much the other's clock shows each later
    ts, row : int64[n], when the other point saw them, and which frame of its capture each is, rising with that

    Notes
    -----
    What its packets say both ways would show the step without that; where they go one way only beside it, it would be
    taken for a delay.
    """
    order = np.argsort(row, kind="stable")
    flat = unroll(ts[order], -late[order])
    added = np.zeros(len(at), np.int64)
    added[order] = flat.added
    kept = np.ones(len(at), bool)
    since = []
    for edge in flat.edges[1:]:
        first = int(at[order[np.searchsorted(flat.added, edge.added)]])
        kept &= (at >= first) == (added >= edge.added)
        since.append(first)
    return UnrolledOther(added, kept, tuple(since), tuple(edge.added for edge in flat.edges[1:]))


def _went(late: I64, row: int, back: int) -> bool:
    """Do the two clocks stand otherwise from this packet on: by the least late packets, and by the latest?"""
    before, after = late[max(row - BESIDE, 0) : row], late[row : row + BESIDE]
    if min(len(before), len(after)) < LEAST_BESIDE:
        return False
    return bool(min(after.min() - before.min(), after.max() - before.max()) > back / 2)


def set_backs(ts: I64) -> I64:
    """
    After which frames was this clock set back, as the order of the capture alone tells?

    Parameters
    ----------
    ts : int64[n], in the order of the capture

    Notes
    -----
    A clock that was set stays there: the next two frames are both earlier than the last, and the next is earlier than
    the last two. One frame that is out of order, stamped early or late, is not. A step of less than two frames are
    apart is not seen.
    """
    before, last, first, second = ts[:-3], ts[1:-2], ts[2:-1], ts[3:]
    stays = np.minimum(before, last) - first > LEAST_BACK_NS
    stays &= last - np.maximum(first, second) > LEAST_BACK_NS
    return np.flatnonzero(stays) + 1


def rolled(pieces: Sequence[Lines], edges: Edges) -> tuple[Lines, ...]:
    """The same pieces of an offset by the clock as it is: each is cut where that was set back."""
    if len(edges) == 1:
        return tuple(pieces)
    return tuple(_parts(pieces, edges))


def _parts(pieces: Sequence[Lines], edges: Edges) -> Iterator[Lines]:
    """
    Pieces between edges, each of them as far as the clock may have gone on unset.

    When it was set is known only to lie between two packets: until then the one piece may hold, and from then the next.
    """
    stretches = [
        [piece for piece in pieces if edge.latest <= piece.begin < after.earliest]
        for edge, after in zip(edges, [*edges[1:], END], strict=True)
    ]
    for number, (edge, own) in enumerate(zip(edges, stretches, strict=True)):
        has_before = number > 0 and bool(stretches[number - 1])
        has_after = number + 1 < len(edges) and bool(stretches[number + 1])
        for piece in own:
            begin = edge.earliest if piece is own[0] and has_before else piece.begin
            end = edges[number + 1].latest if piece is own[-1] and has_after else piece.end
            yield piece.over(begin, end).earlier(edge.added)
