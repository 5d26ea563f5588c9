"""When a capture point was blind: it shows nothing for a while in which others show what must have passed it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.gaps import FROM_FRAME, FROM_TS, TO_FRAME, TO_TS
from vmpcap.measures.missed import SURE, checkable, find_missed
from vmpcap.measures.unseen import Unseen, find_unseen
from vmpcap.migration.clocks import all_on_clock_of, elapsed_between, on_clock_of
from vmpcap.migration.moved import on_reference
from vmpcap.migration.views import PointView
from vmpcap.points.holes import Hole, ThinHole, blindness
from vmpcap.points.kernels.keys import UNICAST, Kept
from vmpcap.points.pairing import only
from vmpcap.points.pieces import LONGEST_WAY_NS
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.members import is_among
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

LEAST_UNSEEN: Final = 3
"""So many packets must have passed unseen: fewer may be a chance of names."""

BESIDE: Final = 5
"""Of so many packets of a flow, next to the gap, the point must have shown all but one, and each before the other."""

LEAST_MISSED: Final = 0.1
"""Where one of ten packets is missing, a row of five unanswered requests may be made of missing answers."""

THIN_APART_NS: Final = 100 * NS_PER_MS
"""Packets that are missed farther apart than this are not missed together."""

MOST_FLOWS: Final = 64
"""So many flows are asked for each gap, those that show most."""

TWICE: Final = 2
"""So often it moved who went away and came back."""

AGAIN_NS: Final = NS_PER_S
"""Announcements of one MAC farther apart than this, as copies of one event are not, are of two events."""


@dataclass(frozen=True, slots=True)
class _Witness:
    """What another point shows in a gap."""

    name: str
    packets: int


def find_holes(views: Sequence[PointView]) -> list[PointView]:
    """
    The same views, each with the stretches in which it was blind.

    Notes
    -----
    A gap in all frames of a point is a hole where packets passed that it would have shown: packets of a flow whose
    packets before and after it did pass the point, and were seen there first, but which the other point alone shows
    (what a point on the further side shows was not lost before it came to this one). Then by the point itself: TCP
    acknowledges no byte that did not arrive. Left-out numbers of echo requests tell of a hole too, or of losses before
    the point: such a hole is not sure.
    """
    return [replace(view, holes=_with_thin(view, tuple(_holes_of(view, views)))) for view in views]


def _with_thin(view: PointView, holes: tuple[Hole, ...]) -> tuple[Hole, ...]:
    """The same with stretches in which the point showed some packets, and missed others of the same conversations."""
    missed = find_missed(view.journal)
    for hole in holes:  # what lacks a neighbour because nothing at all was recorded is told by that
        shared = np.minimum(missed[:, TO_TS], hole.to_ts) - np.maximum(missed[:, FROM_TS], hole.from_ts)
        missed = missed[2 * shared <= missed[:, TO_TS] - missed[:, FROM_TS]]
    if len(missed) < LEAST_UNSEEN:
        return holes
    return tuple(sorted((*holes, *_thin_holes(view, missed)), key=lambda hole: hole.from_ts))


def _thin_holes(view: PointView, missed: I64) -> Iterator[Hole]:
    passed = checkable(view.journal)
    reach = np.maximum.accumulate(missed[:, TO_TS])
    edges = np.flatnonzero(missed[1:, FROM_TS] - reach[:-1] > THIN_APART_NS) + 1
    for rows in np.split(missed, edges):
        first, last = rows[0], rows[int(np.argmax(rows[:, TO_TS]))]
        begin, end = int(first[FROM_TS]), int(last[TO_TS])
        shown = int(np.searchsorted(passed, end, side="right") - np.searchsorted(passed, begin))
        if len(rows) < max(LEAST_UNSEEN, LEAST_MISSED * (len(rows) + shown)):
            continue
        sure = int(rows[:, SURE].sum()) >= LEAST_UNSEEN
        because = f"{count_of(len(rows), 'packet')} of that time, which were "
        because += "acknowledged or answered" if sure else "left out by number"
        because += f", are not in view, beside {shown:,} that are"
        because += "" if sure else ": the capture missed them, or they were lost before they came here"
        yield ThinHole(view.name, begin, end, int(first[FROM_FRAME]), int(last[TO_FRAME]), because, sure)


def name_holes(views: Sequence[PointView]) -> list[str]:
    """What holes may touch a finding? One sentence each."""
    return [describe_hole(hole) for view in views for hole in view.holes if hole.sure]


def describe_hole(hole: Hole) -> str:
    """When was the point blind, and what shows it?"""
    return f"{blindness(hole)}: {hole.because}"


def _holes_of(view: PointView, views: Sequence[PointView]) -> Iterator[Hole]:
    if not len(view.gaps):
        return
    told = find_unseen(view.journal, view.gaps)
    seen: list[list[_Witness]] = [[] for _ in told]
    for other in views:
        if other.name != view.name:
            for number, packets in _shown_by(other, view, views):
                seen[number].append(_Witness(other.name, packets))
    for gap, unseen, witnesses in zip(view.gaps.tolist(), told, seen, strict=True):
        came_back = any(_moves_near(views, view, gap, ends) >= TWICE for ends in unseen.ends)
        sender = unseen.echo_sender  # who moved meanwhile sent them where nobody carried them
        moved = sender is not None and _moves_near(views, view, gap, sender) > 0
        sure, words = _say(replace(unseen, echo_numbers=None) if moved else unseen, witnesses, came_back)
        if words:
            yield Hole(view.name, gap[FROM_TS], gap[TO_TS], gap[FROM_FRAME], gap[TO_FRAME], words, sure)


def _say(unseen: Unseen, witnesses: Sequence[_Witness], came_back: bool) -> tuple[bool, str]:
    """
    Is it surely a hole, and why? No words: nothing tells that it is one.

    Of a guest that went away in the meantime and came back the bytes passed elsewhere.
    """
    words = [
        f"{w.name} shows {count_of(w.packets, 'packet')} of that time, of flows that passed here before and after"
        for w in sorted(witnesses, key=lambda w: -w.packets)[:2]
    ]
    if unseen.acked_bytes and not came_back:
        words.append(f"{count_of(unseen.acked_bytes, 'byte')} of TCP were acknowledged that are nowhere in view")
    sure = bool(words)
    if unseen.echo_numbers is not None:
        first, last = unseen.echo_numbers
        words.append(
            f"echo requests {first} to {last} are not in view"
            + ("" if sure else ": the capture missed them, or they were lost before they came here")
        )
    return sure, "; ".join(words)


def _shown_by(other: PointView, view: PointView, views: Sequence[PointView]) -> Iterator[tuple[int, int]]:
    """In which gaps of a point does another one show packets that passed it unseen, and how many?"""
    if view.packets is None or other.packets is None or view.line.group != other.line.group or view.line.group < 0:
        return
    mask = np.uint64(max(view.packets.mask, other.packets.mask))
    here, there = view.packets.rows(), other.packets.rows()
    ts = all_on_clock_of(view, other, there.ts_ns)
    place = np.searchsorted(view.gaps[:, FROM_TS], ts) - 1
    near = (place >= 0) & (ts < view.gaps[np.maximum(place, 0), TO_TS])
    near &= (there.loose & mask == 0) & (there.kind == UNICAST)
    rows = np.flatnonzero(near)
    if not len(rows):
        return
    rows = rows[is_among(there.pair[rows], here.pair)]
    rows = rows[~is_among(there.key[rows], here.key)]
    if len(rows) < LEAST_UNSEEN:
        return
    pairs = there.pair[rows]
    ours = only(here, np.flatnonzero(is_among(here.pair, pairs) & (here.loose & mask == 0)))
    theirs = only(there, np.flatnonzero(is_among(there.pair, pairs) & (there.loose & mask == 0)))
    yield from _unseen_in(_Two(view, other, ours, theirs, views), there, rows, place[rows])


@dataclass(frozen=True, slots=True)
class _Two:
    """The packets of a point and of another one between the same addresses."""

    view: PointView
    other: PointView
    ours: Kept
    theirs: Kept
    views: Sequence[PointView]


def _unseen_in(two: _Two, there: Kept, rows: I64, place: I64) -> Iterator[tuple[int, int]]:
    for number in np.unique(place).tolist():
        gap = two.view.gaps[number]
        inside = rows[place == number]
        begin, end = (on_clock_of(two.other, two.view, int(gap[n])) for n in (FROM_TS, TO_TS))
        inside = inside[(there.ts_ns[inside] > begin) & (there.ts_ns[inside] < end)]
        if len(inside) < LEAST_UNSEEN:
            continue
        flows = np.stack((there.pair[inside], there.side[inside], there.ports[inside]), axis=1)
        kinds, first, count = np.unique(flows, axis=0, return_index=True, return_counts=True)
        packets = 0
        for n in np.argsort(-count)[:MOST_FLOWS].tolist():
            if _passed_here(two, tuple(int(v) for v in kinds[n]), (begin, end), gap, inside[first[n]]):
                packets += int(count[n])
        if packets >= LEAST_UNSEEN:
            yield number, packets


def _passed_here(two: _Two, flow: tuple[int, ...], ends: tuple[int, int], gap: I64, row: int) -> bool:
    """
    Did packets of this flow pass the point first, before the gap and after it?

    Where the sender may have moved meanwhile, the other point must show so of both sides of the gap: else its packets
    may have come there by another way.
    """
    own, other = _of_flow(two.ours, flow), _of_flow(two.theirs, flow)
    shown = two.ours.ts_ns[own]
    if not (shown <= gap[FROM_TS]).any() or not (shown >= gap[TO_TS]).any():
        return False
    ts = two.theirs.ts_ns[other]
    before, after = other[ts <= ends[0]][-BESIDE:], other[ts >= ends[1]][:BESIDE]
    linked = [_is_behind(two, own, beside) for beside in (before, after)]
    moves = _moves_of(two, row, gap)
    if moves is None:
        return True in linked and False not in linked
    return linked == [True, True] and moves < TWICE


def _of_flow(kept: Kept, flow: tuple[int, ...]) -> I64:
    pair, side, ports = flow
    same = (kept.pair == np.uint64(pair)) & (kept.side == np.uint8(side)) & (kept.ports == np.uint32(ports))
    rows = np.flatnonzero(same)
    return rows[np.argsort(kept.ts_ns[rows], kind="stable")]


def _is_behind(two: _Two, own: I64, beside: I64) -> bool | None:
    """Did these packets of the other point pass this one before? None where it shows too few."""
    if len(beside) < LEAST_UNSEEN:
        return None
    keys, first = np.unique(two.ours.key[own], return_index=True)
    at = np.minimum(np.searchsorted(keys, two.theirs.key[beside]), len(keys) - 1)
    known = keys[at] == two.theirs.key[beside]
    if known.sum() < max(len(beside) - 1, LEAST_UNSEEN):
        return False
    later, open_ones = 0, 0
    for row, mine in zip(beside[known].tolist(), own[first[at[known]]].tolist(), strict=True):
        apart = elapsed_between(two.view, int(two.ours.ts_ns[mine]), two.other, int(two.theirs.ts_ns[row]))
        if apart is not None and apart.is_later is None and apart.high_ns - apart.low_ns >= LONGEST_WAY_NS:
            open_ones += 1  # the middle between a bound and none says nothing
        elif apart is not None:
            later += int(np.sign(apart.low_ns + apart.high_ns))
    return None if open_ones and open_ones == known.sum() else later > 0


def _moves_of(two: _Two, row: int, gap: I64) -> int | None:
    """
    How often was the sender of this packet announced around this gap? None: it never was at any time, nor did it move.

    A sender that moved there and back passes a point before and after, and not in between.
    """
    kept = two.other.packets.rows() if two.other.packets is not None else None
    j = two.other.journal
    if kept is None or not j.rows:
        return None
    same = np.flatnonzero((j.frame == kept.frame[row]) & (j.ts_ns == kept.ts_ns[row]))
    if not len(same):
        return None  # of a stream: hosts do not move
    source = int(j.src_high[same[0]]), int(j.src_low[same[0]])
    return _moves_near(two.views, two.view, gap, source) if _announced_at(two.views, *source) else None


def _moves_near(views: Sequence[PointView], view: PointView, gap: Sequence[int] | I64, ends: tuple[int, int]) -> int:
    """How often was who sends from this address announced around this gap of a point?"""
    begin, end = (on_reference(view, int(gap[n])) for n in (FROM_TS, TO_TS))
    near = [ts for ts in _announced_at(views, *ends) if begin - AGAIN_NS <= ts <= end + AGAIN_NS]
    return sum(later - earlier > AGAIN_NS for earlier, later in pairwise(near)) + bool(near)


def _announced_at(views: Sequence[PointView], high: int, low: int) -> list[int]:
    """When, on the reference clock, did a MAC that sends from this address begin to announce itself?"""
    asked = ("announced_at", high, low)
    if asked not in views[0].found:
        macs: set[int] = set()
        for view in views:
            j = view.journal
            sent = (j.src_low == np.uint64(low)) & (j.src_high == np.uint64(high)) & (j.ip_version != 0)
            macs |= set(np.unique(j.eth_src[sent]).tolist())
        starts = [on_reference(v, s.first_ts) for v in views for s in v.series if s.mac in macs - {NO_MAC}]
        views[0].found[asked] = sorted(starts)
    times: list[int] = views[0].found[asked]
    return times
