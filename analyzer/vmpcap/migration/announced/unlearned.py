"""Packets for a guest that never came to its new place: switches on the way had not learned what was announced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.announcements.series import Series
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.exchanges import Functional, senders_of, unanswered_until
from vmpcap.migration.sightings import announced_among, delivered, frames_of
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.holes import hole_in
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

LEAST_ASTRAY: Final = 3
"""So many packets in a row must miss the guest's new place: one or two may be lost."""

LEARNED_NS: Final = 20 * NS_PER_MS
"""What passes this shortly after an announcement may have been on its way before a switch had read it."""

AT_ONCE_NS: Final = NS_PER_S
"""
What comes within this time of an announcement may have been led by it (domain notes 3.3: the first second warns).

What comes later, while others are lost, was led by something else: an entry that aged, a route that came at last.
"""

MIGRATION_NICS: Final = ("source", "destination")

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
    others astray had not learned, and did learn. Nor does what the guest answers meanwhile go astray. Where the guest
    says nothing until a packet comes for it, that one ends the time: it came by something else, unless an announcement
    had come shortly before. Packets for another MAC than the guest's own show an old ARP entry, and nothing of
    switches.
    """
    for other, series in guest.heard:
        if other.name == view.name or other.role != "domain:destination":
            continue
        if view.offset is None or other.offset is None or not other.journal_complete or other.left_out or other.drops:
            continue
        begin, spoke = series.first_ts + LEARNED_NS, _first_own_frame(other, guest, on_point(other, moment))
        came = other.journal.ts_ns[delivered(other, guest, begin)]
        end = min(spoke, int(came[0])) if len(came) else spoke
        if end < spoke and end - _last_before(series, end) < AT_ONCE_NS:
            continue
        if hole_in(other.holes, begin, end) is not None:
            continue
        sent, ended = delivered(view, guest, on_clock_of(view, other, begin)), on_clock_of(view, other, end)
        sent = sent[view.journal.ts_ns[sent] < ended - LEARNED_NS]
        passed = len(unanswered_until(view, guest, sent, ended))
        if passed >= LEAST_ASTRAY and (came >= end).any():
            packets = f"{count_of(passed, 'packet')} for the guest passed here after {other.name} had heard it"
            until = f" for {(end - series.first_ts) / NS_PER_S:.1f} s" if end < spoke else ""
            return f"{packets}, and none of them came there{until}"
    return ""


@dataclass(frozen=True, slots=True)
class Late:
    """A first packet for the guest that came long after its announcement, while others before it did not."""

    words: str
    is_led: bool
    """May a later announcement have led it, which came shortly before?"""


def came_late(view: PointView, guest: Moved, proof: Functional, views: Sequence[PointView]) -> Late | None:
    """
    Did packets for the guest pass elsewhere in vain for long, after it was announced here, until the first one came?

    None where it came at once, where nobody asked in between, or where that is not known. In vain is what nobody
    answered there by then, of those whose way may lead past this point: a neighbour inside the new host is answered
    without it.
    """
    series = guest.series_at(view)
    if series is None or not view.journal_complete or view.left_out or view.drops:
        return None
    begin = series.first_ts + LEARNED_NS
    came = view.journal.ts_ns[delivered(view, guest, begin)]
    end = min([proof.question_ts, *came[:1].tolist()])
    if end - series.first_ts < AT_ONCE_NS or hole_in(view.holes, begin, end) is not None:
        return None
    for other in views:
        if other.name == view.name or other.role in MIGRATION_NICS or not is_compared(other, view):
            continue
        asked, ts = frames_of(other, guest).asked, other.journal.ts_ns
        since, until = on_clock_of(other, view, begin), on_clock_of(other, view, end)
        between = asked[(ts[asked] > since) & (ts[asked] < until - LEARNED_NS)]
        lost = unanswered_until(other, guest, between, until)
        elsewhere = _go_elsewhere(other, view, guest, end)
        passed = sum(sender not in elsewhere for sender in senders_of(other.journal, lost))
        if passed >= LEAST_ASTRAY:
            when = f"{(end - series.first_ts) / NS_PER_S:.1f} s after the first announcement"
            vain = f"{count_of(passed, 'packet')} for it had passed {other.name} by then and never came here"
            return Late(f"{when}: {vain}", end - _last_before(series, end) < AT_ONCE_NS)
    return None


def _go_elsewhere(other: PointView, view: PointView, guest: Moved, end: int) -> set[tuple[int, int]]:
    """Who went on to send to the guest past the other point, and never came here, though others did from then on?"""
    j, ts = other.journal, other.journal.ts_ns
    asked, came = frames_of(other, guest).asked, delivered(view, guest, end)
    since, until = on_clock_of(other, view, end), on_clock_of(other, view, view.last_ts) - LEARNED_NS
    went_on = asked[(ts[asked] >= since) & (ts[asked] < until)]
    return set(senders_of(j, went_on)) - set(senders_of(view.journal, came))


def _last_before(series: Series, ts: int) -> int:
    """When was the last of these announcements before that time?"""
    return max(one for one in series.times if one <= ts)


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
