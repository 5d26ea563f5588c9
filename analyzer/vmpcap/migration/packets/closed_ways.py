"""A way from the guest's new place on which all that it sent died for a time: a port not forwarding yet, a VLAN."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.packets.crossings import crossed
from vmpcap.migration.sightings import delivered, frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in
from vmpcap.terms.addresses import GROUP_BIT, NO_MAC
from vmpcap.terms.digits import outward
from vmpcap.terms.router_macs import virtual_mac
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of, iso_utc
from vmpcap.terms.wire import ETHERTYPE_RARP

LEAST_DIED: Final = 3
LEAST_NS: Final = NS_PER_S
"""So many frames in a row, over so long, are not lost by chance, nor for want of a switch that learns."""
LEAST_PASSED: Final = 3
MOST_LOST_SINCE: Final = 0.1
"""Once the way is open no more than this share of the same kinds is lost on it."""
BEYOND: Final = ("gateway", "domain:source")
"""Where a frame of the guest comes to once it has left its port, the surest first."""
FLOODED_TO: Final = "domain:source"
"""Only what is flooded has to pass here."""
CLOSE_S: Final = 0.1
"""Bounds of its length that lie nearer than this are told as one."""
IP: Final = 0x0800
"""All that has an IP header is one kind."""

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ClosedWay:
    """The segment, from when to when, and what died on it either way."""

    first: Mark
    """The first frame of the guest that died, at its new place."""
    last: Mark
    beyond: PointView
    """Where none of them came."""
    opened: Mark | None
    """The first that came through either way, at its new place; None where none did to the end."""
    sent: int
    announced: int
    """How many of those that died were announcements."""
    missed: int
    """Packets for its own MAC that passed beyond meanwhile; none of them came to its new place."""
    missed_frames: tuple[int, int] | None
    last_ts: int
    """When the last died there, either way, by the clock of the new place."""

    @property
    def here(self) -> PointView:
        return self.first.view

    @property
    def end_ts(self) -> int:
        """When it ended, by the clock of the new place; where it did not, after all that was captured."""
        return self.opened.ts if self.opened is not None else max(self.last.ts, self.here.last_ts) + 1

    @property
    def where(self) -> str:
        return f"between {self.here.name} and {self.beyond.name}"

    @property
    def says(self) -> str:
        """What happened, in a clause."""
        return f"all that the guest sent from its new place died {self.where}"

    @property
    def words(self) -> str:
        """The same with direction, time and frames."""
        here, beyond = self.here.name, self.beyond.name
        length = self.length
        until = "the end"
        if self.opened is not None:
            until = f"{iso_utc(self.opened.ts)}, when {here} frame {self.opened.frame} was the first to come through"
        told = (
            f"{self.says} for {length}: {count_of(self.sent, 'frame')} ({here} frames {self.first.frame} to"
            f" {self.last.frame}{', announcements among them' if self.announced else ''}) from"
            f" {iso_utc(self.first.ts)} until {until}"
        )
        if not self.missed or self.missed_frames is None:
            return told
        first, last = self.missed_frames
        return (
            f"{told}; and none of {count_of(self.missed, 'packet')} for its MAC that passed {beyond} meanwhile (frames"
            f" {first} to {last}) came to {here}"
        )

    @property
    def told_of_announcements(self) -> str:
        """Which announcements died there, and that the others did not."""
        return f"{count_of(self.announced, 'announcement')} of those that {self.here.name} heard died there"

    @property
    def length(self) -> str:
        """For how long was it closed? At least until the last that died there, at most until the first that passed."""
        least, most = ((ts - self.first.ts) / NS_PER_S for ts in (self.last_ts, self.end_ts))
        if self.opened is None or most - least <= CLOSE_S:
            return f"{most:.1f} s"
        return f"{outward(least, 1, 'least'):.1f} to {outward(most, 1, 'most'):.1f} s"


def find_closed_way(guest: Moved, views: Sequence[PointView], moment: int) -> ClosedWay | None:
    """
    On which segment did everything die that the guest sent from its new place, until some of it came through?

    No switch beyond can learn the guest's place from frames that do not come, nor a gateway hear its answers: so this
    comes before both. It is another thing than a filter of announcements: kinds count that came through later, or had
    come until the guest moved. Nor is it where something for the guest came: then one direction alone is lost.

    Parameters
    ----------
    moment : when the guest changed places, on the reference clock

    Notes
    -----
    Unicast counts only if it is for a MAC to which the guest's frames passed the point beyond: what stays on the near
    side need not come there. Where nothing came through to the end, two networks may have gateways of one MAC: only a
    router's own MAC counts then, and nothing of the guest may be in view beyond.
    """
    if guest.mac == NO_MAC:
        return None
    for role in BEYOND:
        pairs = [(here, beyond) for here in views for beyond in views if beyond.role == role]
        found = [
            one
            for here, beyond in pairs
            if here.role == "domain:destination" and (one := _at(here, beyond, guest, moment)) is not None
        ]
        if found:  # of several points at the new place the one that its frames came to last
            return max(found, key=lambda one: on_reference(one.here, one.first.ts))
    return None


def _at(here: PointView, beyond: PointView, guest: Moved, moment: int) -> ClosedWay | None:
    asked = ("closed_way", guest.mac, guest.ips, guest.unmeant, beyond.name, beyond.role, moment)
    if asked not in here.found:
        here.found[asked] = _look_for(here, beyond, guest, moment)
    found: ClosedWay | None = here.found[asked]
    return found


def _look_for(here: PointView, beyond: PointView, guest: Moved, moment: int) -> ClosedWay | None:
    if not all(view.journal_complete and not (view.left_out or view.drops or view.missing) for view in (here, beyond)):
        return None
    if clock_doubt(here, on_point(here, moment), beyond) is None:
        return None
    rows = _sent_since(here, guest, moment)
    passed = crossed(here, beyond, rows, moment)
    if passed is None or not len(rows):
        return None
    due = _had_to_pass(here, beyond, guest, rows, passed, moment)
    rows, passed = rows[due], passed[due]
    ts = here.journal.ts_ns
    came = delivered(here, guest, on_point(here, moment))[:1]
    at = int(np.argmax(passed)) if passed.any() else len(rows)
    later, through = rows[at:], passed[at:]
    opened = [*later[:1].tolist(), *came.tolist()]
    opens = min(opened, key=lambda row: int(ts[row]), default=None)
    end = min(here.last_ts, on_clock_of(here, beyond, beyond.last_ts)) if opens is None else int(ts[opens])
    died = rows[:at][ts[rows[:at]] < end]
    if not len(died) or at - len(died) >= LEAST_DIED:
        return None  # what it sent died on while something came to it: one direction alone is lost
    if not len(later) and len(came):
        return None
    kinds = _kinds(here, later[through]) if len(later) else _kinds_before(beyond, guest, moment)
    same = died[np.isin(_kind(here, died), list(kinds))]
    if len(same) < LEAST_DIED or end - int(ts[same[0]]) < LEAST_NS:
        return None
    alike = through[np.isin(_kind(here, later), list(kinds))]
    if len(later) and (alike.sum() < LEAST_PASSED or (~alike).sum() > MOST_LOST_SINCE * len(alike)):
        return None
    if opens is None and _is_heard_beyond(beyond, guest, moment):
        return None
    return _closed(here, beyond, guest, died, opens, end)


def _closed(
    here: PointView, beyond: PointView, guest: Moved, died: I64, opens: int | None, end: int
) -> ClosedWay | None:
    """What died both ways; None where a capture has a hole then, or where nothing was for the guest to the end."""
    j, begin = here.journal, int(here.journal.ts_ns[died[0]])
    since, until = (on_clock_of(beyond, here, ts) for ts in (begin, end))
    if beyond.first_ts > since or hole_in(here.holes, begin, end) or hole_in(beyond.holes, since, until):
        return None
    missed = delivered(beyond, guest, since)
    missed = missed[beyond.journal.ts_ns[missed] < until - UNDER_WAY_NS]
    if opens is None and len(missed) < LEAST_DIED:
        return None
    frames = beyond.journal.frame
    first, last = (Mark(here, int(j.ts_ns[row]), int(j.frame[row])) for row in (died[0], died[-1]))
    told = guest.series_at(here)
    return ClosedWay(
        first,
        last,
        beyond,
        None if opens is None else Mark(here, end, int(j.frame[opens])),
        len(died),
        0 if told is None else sum(begin <= ts < end for ts in told.times),
        len(missed),
        (int(frames[missed[0]]), int(frames[missed[-1]])) if len(missed) else None,
        max([last.ts, *(on_clock_of(here, beyond, int(ts)) for ts in beyond.journal.ts_ns[missed[-1:]])]),
    )


UNDER_WAY_NS: Final = 20 * NS_PER_MS
"""What passed so shortly before the way opened may have come after it."""


def _sent_since(view: PointView, guest: Moved, moment: int) -> I64:
    """Frames from the guest's own MAC since it moved."""
    j, sent = view.journal, frames_of(view, guest).sent
    kept: I64 = sent[(j.ts_ns[sent] >= on_point(view, moment)) & (j.eth_src[sent] == np.uint64(guest.mac))]
    return kept


def _had_to_pass(here: PointView, beyond: PointView, guest: Moved, rows: I64, passed: Bools, moment: int) -> Bools:
    """Which of these frames have to pass the point beyond, when the way is open?"""
    to = here.journal.eth_dst[rows]
    flooded: Bools = (to & GROUP_BIT) != 0
    if beyond.role == FLOODED_TO:
        return flooded
    if passed.any():
        return flooded | np.isin(to, to[passed])
    j, before = beyond.journal, frames_of(beyond, guest).sent_ip
    before = before[(j.ts_ns[before] < on_point(beyond, moment)) & (j.eth_src[before] == np.uint64(guest.mac))]
    macs = [mac for mac in np.unique(j.eth_dst[before]).tolist() if virtual_mac(mac) is None and not mac & GROUP_BIT]
    routers = np.isin(to, np.array(macs, np.uint64))
    nothing: Bools = np.zeros(len(rows), np.bool_)
    return flooded | routers if routers.any() else nothing


def _kind(view: PointView, rows: I64) -> I64:
    j = view.journal
    is_ip = (j.ip_version[rows] != 0) & (j.ethertype[rows] != ETHERTYPE_RARP)
    kinds: I64 = np.where(is_ip, IP, j.ethertype[rows]).astype(np.int64)
    return kinds


def _kinds(view: PointView, rows: I64) -> set[int]:
    return set(_kind(view, rows).tolist())


def _kinds_before(view: PointView, guest: Moved, moment: int) -> set[int]:
    """Which kinds of frames of the guest passed here until it moved?"""
    sent = frames_of(view, guest).sent
    return _kinds(view, sent[view.journal.ts_ns[sent] < on_point(view, moment)])


def _is_heard_beyond(view: PointView, guest: Moved, moment: int) -> bool:
    """Was anything of the guest seen there since it moved, by whatever way?"""
    sent = frames_of(view, guest).sent
    return bool((view.journal.ts_ns[sent] > on_point(view, moment)).any())
