"""Where a guest was before its announcement and after it: by both its places, or by one and a point elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.series import Series
from vmpcap.migration.guest.guests import is_by_host
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.packets.exchanges import wants_answer
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]

PLACES: Final = ("domain:source", "domain:destination")
# Those from here on are choices, none a standard's; each says what it keeps apart.
LEAST_LIFE: Final = 3
"""So many packets of its own show that a guest lived at its old place."""
USUAL_NS: Final = 5 * NS_PER_S
"""How it talks in the time before tells what is a pause: what talks once a second does so some times in this."""
LONGER: Final = 1.5
"""... and what is none: one that is hardly longer than others."""
AFTER_NS: Final = 500 * NS_PER_MS
"""What it sent from its old place may still pass there so long after: longer than a queue holds a frame."""
NEARLY_ALL: Final = 0.9
"""A place that shows so much of what was seen of the guest elsewhere was on its packets' way."""


@dataclass(frozen=True, slots=True)
class Sides:
    """One announcement of a guest, and when the guest sent on which side of its change of place."""

    here: I64
    """When it sent unicast IP at its old place, on the reference clock, sorted."""
    beyond: I64
    """... at its new place."""
    left: tuple[PointView, ...]
    """The points that show its old place; or else the one elsewhere that shows that it was there."""
    at: PointView
    """Which heard the announcement first."""
    series: Series
    in_view: Literal["both", "old", "new"] = "both"
    """Which of the two places a capture point shows."""

    @property
    def at_ns(self) -> int:
        """When it was announced, on the reference clock."""
        return on_reference(self.at, self.series.first_ts)


def find_sides(
    guest: Moved, views: Sequence[PointView], sent: Mapping[str, I64], since: int | None, moment: int
) -> Sides | None:
    """
    Where was this guest around its announcement, by the roles of its points? None where too little is in view.

    Where only one place is in view, a point elsewhere stands for the other: what it shows of the guest, and the place
    in view does not, passed another way. Only a host's announcement counts then: a machine that starts makes its own.

    Parameters
    ----------
    sent : when it sent unicast IP at each point of the places, on the reference clock
    since : when it changed places before, on the reference clock
    moment : when it was announced
    """
    old, new = ([v for v in views if v.role == role and v.journal_complete] for role in PLACES)
    where = new or old
    heard = [(v, series) for v, series in guest.heard if v.role == "domain:destination" or not new]
    if not (heard and where):
        return None
    at, series = min(heard, key=lambda pair: on_reference(pair[0], pair[1].first_ts))
    if old and new:
        here, beyond = (np.sort(np.concatenate([sent[v.name] for v in side])) for side in (old, new))
        return Sides(here, beyond, tuple(v for v in old if len(sent[v.name])), at, series)
    beside = [v for v in views if v.role not in PLACES and v.journal_complete]
    if not beside or not is_by_host(guest):
        return None
    own = np.sort(np.concatenate([sent[v.name] for v in where]))
    looked = [(v, *_not_at(guest, v, where)) for v in beside]
    if new:
        witness, times, is_missing = max(looked, key=lambda one: int((one[1] < moment).sum()))
        return Sides(times[is_missing], own, (witness,), at, series, "new")
    witness, times, is_missing = max(looked, key=lambda one: int((one[1][one[2]] >= moment).sum()))
    before = is_missing[(times < moment) & (times > (since if since is not None else times.min(initial=0) - 1))]
    if len(before) < LEAST_LIFE or before.mean() > 1 - NEARLY_ALL:
        return None  # what is missing here now was missing before
    beyond = times[is_missing & (times >= moment)]
    return Sides(own, beyond, tuple(old), at, series, "old") if len(beyond) >= LEAST_LIFE else None


def _not_at(guest: Moved, view: PointView, places: Sequence[PointView]) -> tuple[I64, npt.NDArray[np.bool_]]:
    """When was each packet of the guest seen here while these ran, on the reference clock; and did none show it?"""
    rows = frames_of(view, guest).sent_ip
    times = view.line.all_on_reference(view.journal.ts_ns[rows])
    known = [packet_keys(v.journal, frames_of(v, guest).sent_ip) for v in places]
    ends = max(on_reference(v, v.last_ts) for v in places)
    within = times <= ends
    is_missing = ~np.isin(packet_keys(view.journal, rows), np.concatenate(known))
    order = np.argsort(times[within], kind="stable")
    return times[within][order], is_missing[within][order]


def were_watched(guest: Moved, sides: Sides, views: Sequence[PointView], lived: I64, moment: int) -> bool:
    """
    Did its new place show frames while it still lived at the old one, and one of the old when it had come?

    A domain may be quiet but for the guest: another point that shows frames on both sides of the moment tells that
    these captures ran together. Not so where one ends before the other begins, as one does that was moved from place to
    place: then that point must show that the guest was away meanwhile.
    """
    if len(lived) < LEAST_LIFE:
        return False
    view, left = sides.at, sides.left
    before, after = int(lived[-LEAST_LIFE]), moment + AFTER_NS
    if sides.in_view == "old":
        return True  # it counts only what passed elsewhere while the old place's captures ran
    begins, ends = on_reference(view, view.first_ts), [on_reference(v, v.last_ts) for v in left]
    if begins <= before and any(end > after for end in ends):
        return True
    if sides.in_view == "new":
        return max(ends) > after and _fell_silent(guest, left[0], int(lived[-1]), begins)
    both = [v for v in views if on_reference(v, v.first_ts) <= before and on_reference(v, v.last_ts) > after]
    beside = [v for v in both if v not in left and v.role != view.role]
    if begins > max(ends):
        return any(_was_away(guest, v, int(lived[-1]), begins) for v in beside)
    return bool(beside)


def _was_away(guest: Moved, view: PointView, left: int, begins: int) -> bool:
    """
    Did the guest pause here around these times on the reference clock, as it had not in the seconds before?

    The first is when its old place showed it last, the other when the capture of its new place begins.
    """
    ts = np.sort(view.journal.ts_ns[frames_of(view, guest).sent_ip])
    left, begins = on_point(view, left), on_point(view, begins)
    before = ts[(ts > left - USUAL_NS) & (ts <= left)]
    around = ts[(ts >= (before[-1] if len(before) else left)) & (ts <= begins + NS_PER_S)]
    if len(before) < LEAST_LIFE or len(around) < 2:
        return False
    return bool(np.diff(around).max() > LONGER * np.diff(before).max())


def _fell_silent(guest: Moved, view: PointView, left: int, begins: int) -> bool:
    """
    Did the guest say nothing here for longer than before, though it was asked, and a capture begin in that time?

    Parameters
    ----------
    left, begins : its last word, and when the capture of its new place begins, on the reference clock
    """
    j, frames = view.journal, frames_of(view, guest)
    ts = np.sort(j.ts_ns[frames.sent_ip])
    left, begins = on_point(view, left), on_point(view, begins)
    before, after = ts[(ts > left - USUAL_NS) & (ts <= left)], ts[ts > left]
    until = int(after[0]) if len(after) else view.last_ts
    asked = j.ts_ns[frames.asked[wants_answer(j, frames.asked)]]
    if len(before) < LEAST_LIFE or not ((asked > left) & (asked < until)).any():
        return False
    return bool(left <= begins <= until and until - left > LONGER * np.diff(before).max())


def is_heard_of(guest: Moved, view: PointView) -> bool:
    """Did the guest name an address of its own by ARP here? A RARP is its host's, and says nothing of it."""
    mine = view.arps.sender_mac == np.uint64(guest.mac)
    told = zip(view.arps.sender_high[mine].tolist(), view.arps.sender_low[mine].tolist(), strict=True)
    return any(halves in guest.ips for halves in told)
