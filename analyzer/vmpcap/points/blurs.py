"""Stretches in which a capture was held up: frames are stamped together that other points show one after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.clock import Bounds
from vmpcap.points.kernels.keys import UNICAST
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.pairing import Paired
from vmpcap.points.sets import Set, is_within
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, NS_PER_US

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_STEPS: Final = 3
"""From so many steps between packets of one direction it can be told that they were stamped together."""
LEAST_SPREAD_NS: Final = 30 * NS_PER_MS
"""So long at least passed between those, by the other point's clock."""
CLOSER: Final = 50
"""So many times nearer to each other are they at the point that was held up."""
QUARTER: Final = 4
"""Either half of them takes this part of the time, at least: in one leap the other clock was set instead."""
TOGETHER_NS: Final = NS_PER_MS
"""Both directions were stamped together where no more lies between the two."""
NEXT_NS: Final = 20 * NS_PER_US
"""What follows so soon, or as soon as these did each other, was stamped with them."""

UNBOUND_NS: Final = 60 * NS_PER_S
"""By so much may frames be wrong that were stamped together at the begin of a capture, or at its end."""

Interval = tuple[int, int]


def find_blurs(paired: Mapping[tuple[int, int], Paired], times: Sequence[I64]) -> dict[int, tuple[Set, ...]]:
    """
    When were the times of a point those at which its capture went on, and not those at which packets passed?

    Parameters
    ----------
    times : int64[n] of each point: when it saw its packets, in the order of the capture

    Notes
    -----
    A virtual machine that is not given its time captures so, or a clock that stands still. A queue in the network
    holds up one direction, and its packets come late to whoever is behind it: only where both directions of one
    conversation are stamped together, and another point saw both spread out, it is the capture. The truth of each lies
    between the frames before and after them all.
    """
    found: dict[int, list[Interval]] = {}
    for (one, other), pair in paired.items():
        for point, zones in ((one, _held_up(pair, False)), (other, _held_up(pair, True))):
            found.setdefault(point, []).extend(zones)
    return {point: tuple(_blurs(zones, np.sort(times[point]))) for point, zones in found.items() if zones}


def without_blurred(paired: Paired, of_one: Sequence[Set], of_other: Sequence[Set]) -> tuple[Paired, Bools]:
    """The pairs of which both points tell when they passed; bool[n]: which they are."""
    kept = ~is_within(paired.one.ts_ns[paired.row_one], of_one)
    kept &= ~is_within(paired.other.ts_ns[paired.row_other], of_other)
    return replace(paired, row_one=paired.row_one[kept], row_other=paired.row_other[kept]), kept


def bound_unblurred(
    paired: Paired, of_one: Sequence[Set], of_other: Sequence[Set], more: tuple[Bounds, Bounds] | None = None
) -> tuple[PairClock | None, npt.NDArray[np.int8]]:
    """The same as `bound_pair`, by packets of which both points tell when they passed; of the others 0: not known."""
    rest, kept = without_blurred(paired, of_one, of_other)
    if kept.all():
        return bound_pair(paired, more)
    clock, known = bound_pair(rest)
    ahead = np.zeros(len(kept), np.int8)
    ahead[kept] = known
    return clock, ahead


def _held_up(paired: Paired, is_other: bool) -> list[Interval]:
    """Where does the one point, or the other, show together what the second shows spread out, both ways?"""
    here, there = (paired.other, paired.one) if is_other else (paired.one, paired.other)
    row_here, row_there = paired.row_one, paired.row_other
    if is_other:
        row_here, row_there = row_there, row_here
    usable = np.flatnonzero((here.kind[row_here] == UNICAST) & (there.kind[row_there] == UNICAST))
    usable = usable[np.argsort(row_here[usable], kind="stable")]
    at, beside = here.ts_ns[row_here[usable]], there.ts_ns[row_there[usable]]
    ends, side = here.pair[row_here[usable]], here.side[row_here[usable]]
    if not _is_together(at, beside).any():
        return []
    zones: list[Interval] = []
    for pair in np.unique(ends[_is_together(at, beside)]).tolist():
        ways = [np.flatnonzero((ends == np.uint64(pair)) & (side == n)) for n in (0, 1)]
        forth, back = (list(_runs(at[rows], _is_together(at[rows], beside[rows]))) for rows in ways)
        zones += [
            (min(a[0], b[0]), max(a[1], b[1]))
            for a in forth
            for b in back
            if a[0] - TOGETHER_NS <= b[1] and b[0] - TOGETHER_NS <= a[1]
        ]
    return zones


def _is_together(at: I64, beside: I64) -> Bools:
    """Which of these packets have one time here, or nearly, and had many there?"""
    edges = np.zeros(len(at) + 1, np.int64)
    steps = LEAST_STEPS
    while steps < len(at):
        near, far = ((ts[:-steps], ts[steps // 2 : len(ts) - steps + steps // 2], ts[steps:]) for ts in (at, beside))
        spread = far[2] - far[0]
        halves = [(near[n + 1] - near[n], far[n + 1] - far[n]) for n in (0, 1)]
        is_odd = spread >= LEAST_SPREAD_NS
        for here, there in halves:
            is_odd &= (here >= 0) & (here * CLOSER <= spread) & (there * QUARTER >= spread)
        first = np.flatnonzero(is_odd)
        np.add.at(edges, first, 1)
        np.add.at(edges, first + steps + 1, -1)
        steps *= 2
    return np.cumsum(edges[:-1]) > 0


def _runs(at: I64, which: Bools) -> Iterator[Interval]:
    """From when to when does each run of these last?"""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], which, [False]))))
    for begin, end in edges.reshape(-1, 2).tolist():
        yield int(at[begin:end].min()), int(at[begin:end].max())


def _blurs(zones: Sequence[Interval], ts: I64) -> Iterator[Set]:
    """These stretches, each once and with what was stamped beside them; by how much the clock may be wrong in each."""
    last = int(ts[0]) - 1
    for zone in sorted(zones):
        if zone[0] <= last:
            continue
        first, beyond = np.searchsorted(ts, zone[0]), np.searchsorted(ts, zone[1], "right")
        near = max(NEXT_NS, (zone[1] - zone[0]) // max(int(beyond - first), 1))
        while first > 0 and ts[first] - ts[first - 1] <= near:
            first -= 1
        while beyond < len(ts) and ts[beyond] - ts[beyond - 1] <= near:
            beyond += 1
        begin, last = int(ts[first]), int(ts[beyond - 1])
        before = int(ts[first - 1]) if first else last - UNBOUND_NS
        after = int(ts[beyond]) if beyond < len(ts) else begin + UNBOUND_NS
        yield Set(begin, last, begin - after, last - before, False, is_blur=True)
