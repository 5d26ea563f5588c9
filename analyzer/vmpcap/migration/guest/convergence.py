"""How soon the network followed the guest: who still delivered at its old place, and when each peer was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.marks import NOT_COMPARED, Mark, between
from vmpcap.migration.moved import Moved
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.results import Bracket
from vmpcap.migration.sightings import delivered
from vmpcap.migration.views import PointView
from vmpcap.points.holes import Hole, blindness
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

I64 = npt.NDArray[np.int64]

WATCHED_NS: Final = 200 * NS_PER_MS
"""Nothing delivered at the old place says something from this long on."""

SAME_NS: Final = 5 * NS_PER_S
"""The same packet passes both places within this."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What was still delivered at the guest's old place after it had appeared at the new one."""

    tail_ms: float | None
    bracket: Bracket
    stale_frames: int | None
    flooded_frames: int | None


def find_stale_tail(guest: Moved, views: Sequence[PointView], sign: Mark | None) -> Tail:
    """
    Until when was unicast for the guest delivered at its old place only?

    Notes
    -----
    A frame that was seen at the new place as well was flooded, or passes the old place on its way: no table was stale
    for it. Without a point at the new place the two cannot be told apart.
    """
    if sign is None:
        return _unknown("no point saw a sign of the guest at its destination")
    old = [v for v in views if v.role == "domain:source" and v.link_carries_announcements]
    new = [v for v in views if v.role == "domain:destination"]
    if not old:
        return _unknown("no capture point at the guest's old place")
    if not new:
        return _unknown("no capture point at the guest's new place, to tell a flood from a stale entry")
    if not all(v.journal_complete for v in (*old, *new)):
        return _unknown("frames at the guest's places had to be left out")
    signs = [(view, _sign_for(view, guest, sign)) for view in old]
    tails = [_at(view, guest, new, mark) for view, mark in signs if mark is not None]
    if not tails:
        return _unknown(f"{NOT_COMPARED}: {sign.view.name}, where the guest's first sign was seen, and {old[0].name}")
    return max(tails, key=lambda tail: -1.0 if tail.tail_ms is None else tail.tail_ms)


def _sign_for(view: PointView, guest: Moved, sign: Mark) -> Mark | None:
    """
    The first sign of the guest at its new place, beside times of a point at its old one.

    Where their clocks were not compared its announcement, heard at the old place, tells by that point's own: the guest
    was announced by then.
    """
    if clock_doubt(sign.view, sign.ts, view) is not None:
        return sign
    series = guest.series_at(view)
    return None if series is None else Mark(view, series.first_ts, series.frames[0])


def _at(view: PointView, guest: Moved, new: Sequence[PointView], sign: Mark) -> Tail:
    since = on_clock_of(view, sign.view, sign.ts) + (clock_doubt(sign.view, sign.ts, view) or 0)
    j, rows = view.journal, delivered(view, guest, since)
    also = np.zeros(len(rows), np.bool_)
    for other in new:
        is_compared = clock_doubt(view, since, other) is not None
        begin = on_clock_of(other, view, since) - SAME_NS if is_compared else other.first_ts
        theirs = delivered(other, guest, begin)
        also |= np.isin(packet_keys(j, rows), packet_keys(other.journal, theirs))
    stale, flooded = rows[~also], int(also.sum())
    hole = _blind_for(view, j.ts_ns[stale], new)
    if hole is not None:
        return _unknown(f"{blindness(hole)}, where the guest was by then: what passed both places is not known")
    seen_too = f"; {count_of(flooded, 'frame')} passed both places" if flooded else ""
    if not len(stale):
        if view.last_ts - since < WATCHED_NS:
            return _unknown(f"{view.name} was not watched long enough afterwards")
        watched = (view.last_ts - since) / NS_PER_S
        nothing = (
            f"once it was at its new place no unicast for the guest was delivered at {view.name} alone, in the"
            f" {watched:.1f} s until the last frame there{seen_too}"
        )
        return Tail(0.0, Bracket(from_point=sign.view.name, from_frame=sign.frame, because=nothing), 0, flooded)
    last = Mark(view, int(j.ts_ns[stale[-1]]), int(j.frame[stale[-1]]))
    because = (
        f"the guest's first sign at its new place to the last of {count_of(len(stale), 'unicast frame')} for it"
        f" delivered at {view.name} and not there{seen_too}"
    )
    length, bracket = between(sign, last, because)
    return Tail(length, bracket, len(stale), flooded)


def _blind_for(view: PointView, ts: I64, new: Sequence[PointView]) -> Hole | None:
    """In which hole of a point at the new place may one of these have passed it?"""
    for other in new:
        for hole in other.holes:
            if clock_doubt(other, hole.from_ts, view) is None:
                return hole
            begin, end = (on_clock_of(view, other, at) for at in (hole.from_ts, hole.to_ts))
            if ((ts >= begin) & (ts <= end)).any():
                return hole
    return None


def _unknown(because: str) -> Tail:
    return Tail(None, Bracket(because=because), None, None)
