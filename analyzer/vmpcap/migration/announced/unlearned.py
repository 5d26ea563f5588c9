"""Packets for a guest that never came to its new place: switches on the way had not learned what was announced."""

from typing import Final

import numpy as np

from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.sightings import announced_among, delivered, frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.terms.units import NS_PER_MS, count_of

LEAST_ASTRAY: Final = 3
"""So many packets in a row must miss the guest's new place: one or two may be lost."""

LEARNED_NS: Final = 20 * NS_PER_MS
"""What passes this shortly after an announcement may have been on its way before a switch had read it."""

MOST_SHOWN: Final = 5
"""Frames that are listed."""


def went_astray(view: PointView, guest: Moved, moment: int) -> str:
    """
    Which packets for the guest passed here after it was announced, and did not come to where it was? Empty: none.

    Notes
    -----
    An announcement that passed this point would have shown every switch on its way where the guest is. So packets for
    it that pass here and never come to a point that heard the announcement say that it did not come this far, whatever
    a capture filter hides. That holds from the first announcement to the first frame that the guest sends itself, which
    shows the way as well, and while all of these packets stay away. A port that keeps the guest's MAC (a sticky or
    static entry, port security) sends them to its old place, too, though the announcement did pass, and goes on to do
    so after the guest's own frames. So this counts only where packets came to the new place after these: what led the
    others astray had not learned, and did learn.
    """
    for other, series in guest.heard:
        if other.name == view.name or other.role != "domain:destination":
            continue
        if view.offset is None or other.offset is None or not other.journal_complete or other.left_out or other.drops:
            continue
        begin = series.first_ts + LEARNED_NS
        end = _first_own_frame(other, guest, on_point(other, moment))
        if hole_in(other.holes, begin, end) is not None:
            continue
        asked = view.journal.ts_ns[frames_of(view, guest).asked]
        passed = asked[(asked > on_clock_of(view, other, begin)) & (asked < on_clock_of(view, other, end) - LEARNED_NS)]
        came = delivered(other, guest, begin)
        came_ts = other.journal.ts_ns[came]
        if len(passed) >= LEAST_ASTRAY and not (came_ts < end).any() and (came_ts > end).any():
            packets = count_of(len(passed), "packet")
            return f"{packets} for the guest passed here after {other.name} had heard it, and none of them came there"
    return ""


def passed_instead(view: PointView, guest: Moved) -> list[int]:
    """
    Which frames show that this point was watching while the announcement, which others heard, did not come here?

    The first packets for the guest after it, else the frames beside it, whoever sent them. Empty where nobody heard it.
    """
    first = guest.first_heard
    if first is None:
        return []
    j, when = view.journal, on_clock_of(view, first[0], first[1].first_ts)
    asked = frames_of(view, guest).asked
    rows = asked[j.ts_ns[asked] > when][:MOST_SHOWN]
    if not len(rows):
        by_time = np.argsort(j.ts_ns, kind="stable")
        at = int(np.searchsorted(j.ts_ns[by_time], when, side="right"))
        rows = by_time[max(at - 1, 0) : at + 1]
    return [int(frame) for frame in j.frame[rows]]


def _first_own_frame(view: PointView, guest: Moved, since: int) -> int:
    """When did the guest first send something itself, which is no announcement? The end of the capture if never."""
    ts, sent = view.journal.ts_ns, frames_of(view, guest).sent
    own = ts[sent[(ts[sent] > since) & ~announced_among(view, guest, sent)]]
    return int(own.min()) if len(own) else view.last_ts
