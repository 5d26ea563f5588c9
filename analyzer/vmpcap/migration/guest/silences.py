"""For how long was a guest silent at each point, while it moved?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import clock_doubt, is_moment_unknown
from vmpcap.migration.guest.last_at_old import count_from_old, find_last_at_old
from vmpcap.migration.guest.probes import is_from_return, probed_from
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.packets.crossings import names_at
from vmpcap.migration.sightings import announced_among, frames_of
from vmpcap.migration.stream.steady import shows_twice, was_set_back_near
from vmpcap.migration.views import PointView
from vmpcap.points.holes import Hole, hole_in
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import TCP_RST

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
BESIDE_NS: Final = 300 * NS_PER_MS
"""How far from the first announcement (or the stream's end) the guest's silence may lie and still be the stun's."""
AFTER_NS: Final = 200 * NS_PER_MS
PLAIN_NS: Final = 50 * NS_PER_MS
PLAIN_TIMES: Final = 5
"""A gap of the guest's frames so long, and of so many usual ones, needs no clock to be told from the others."""
LONGER: Final = 2
"""So many times as long as any before it a gap is the guest's absence, though it ends before the announcement."""
SOON_NS: Final = 5 * NS_PER_MS
"""What a guest says so shortly before its announcement it says from where that is sent."""
NEARLY_LAST_NS: Final = 50 * NS_PER_MS
"""A point whose last frame of the guest is this much older than another point's did not see all of its frames."""
COPY_NS: Final = 5 * NS_PER_MS
"""A mirror shows a frame again this soon."""
MOST_COPIES: Final = 4
"""So many times at most."""
USUAL_FRAMES: Final = 1000
LEAST_USUAL: Final = 3
"""From so many gaps one of them can be called usual."""
SEES_BOTH_PLACES: Final = ("gateway", "client", "domain:destination")
"""Where the guest is seen at its new place too: the last frame of the capture there is no last one of the old place."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The guest's silence at one point: its last frame before and its first after. Either may be missing."""

    before: Mark | None
    after: Mark | None
    usual_ns: int | None = None
    """Median time between the guest's frames before: what silence means nothing."""
    own: Mark | None = None
    """Its first frame after that no host sent for it."""
    between: Mark | None = None
    """A frame of its own in between, of which nothing says whether it came from the old place or from the new one."""
    hidden_by: tuple[Hole, ...] = ()
    """Holes of the capture in which an end of it may lie: that end is left out."""


def silences(guest: Moved, views: Sequence[PointView], moment: int) -> dict[str, Silence]:
    """
    Between which of its frames was the guest silent, as each point saw it?

    The longest gap between frames of the guest that lies beside the moment, and not before a frame that it sent from
    its old place. At a point that only hears the old or only
    the new place, one end is missing. A point whose clock was set about then tells none. One that probed for its
    address before it announced it was silent up to its first probe.
    """
    found: dict[str, Silence] = {}
    probed = probed_from(guest.mac, views, moment)
    moment = moment if probed is None else probed
    last_at_old = find_last_at_old(guest, views, moment)
    for view in views:
        when = _moment_on(view, guest, moment)
        if when is None:
            gone = None if view.line.sets or len(view.set_backs) else _gone_for_good(view, guest)
            found |= {} if gone is None else {view.name: gone}
            continue
        from_old = count_from_old(last_at_old, view, guest, moment)
        is_unknown = is_moment_unknown(view, guest, views)
        gone = _gone_for_good(view, guest) if is_unknown else None
        silence = gone or _in_view(_silence_at(view, guest, when, from_old, probed), view, when)
        if silence is not None and not _is_shown_twice(silence, view, when) and (not is_unknown or _is_plain(silence)):
            found[view.name] = silence
    groups = {view.name: view.line.group for view in views}
    lasts = {
        group: last_sign_before({name: one for name, one in found.items() if groups[name] == group})
        for group in {groups[name] for name in found}
    }
    return {name: _without_floods(one, guest, lasts[groups[name]]) for name, one in found.items()}


def _moment_on(view: PointView, guest: Moved, moment: int) -> int | None:
    """
    When was the moment by this point's clock?

    None where its clock or the reference's was set, or stood still, so that its silence then cannot be told from
    another. Where it heard the announcement itself, that is the moment, and no other clock is asked.
    """
    when = on_point(view, moment)
    if shows_twice(view, when - BESIDE_NS, when + AFTER_NS):
        return None
    if any(one.may_hide(when - BESIDE_NS, when + AFTER_NS) for one in view.line.sets):
        return None
    low, high = view.line.bounds_on_point(moment)
    heard = guest.first_heard
    doubt = None if heard is None else clock_doubt(heard[0], heard[1].first_ts, view)
    if heard is not None and doubt is not None:  # by a reference that was set the moment itself may be off
        low, high = min(low, when - doubt), max(high, when + doubt)
    if not view.line.sets and was_set_back_near(view, when):
        return None
    if not (view.line.sets or view.line.reference_sets) or high - low <= NEARLY_LAST_NS:
        return when
    series = guest.series_at(view)
    is_same = series is not None and low - NEARLY_LAST_NS <= series.first_ts <= high + NEARLY_LAST_NS
    return series.first_ts if series is not None and is_same else None


def _is_shown_twice(silence: Silence, view: PointView, moment: int) -> bool:
    """
    Was the clock set back so that it shows a part of this silence a second time, or of the time from it to the moment?

    By their times frames from after the step then lie in it, or beside it, and cut it short.
    """
    times = [moment, *(mark.ts for mark in (silence.before, silence.after) if mark is not None)]
    shown = [one for one in view.line.sets if one.low_ns < 0 and not one.is_again and not one.is_blur]
    return any(min(times) <= one.end and one.begin <= max(times) for one in shown)


def _gone_for_good(view: PointView, guest: Moved) -> Silence | None:
    """
    Did the guest fall silent at its old place, whenever that was, and say nothing there to the end of the capture?

    For much longer than ever before: that is its absence, and no clock but the point's own is asked.
    """
    ts = view.journal.ts_ns[frames_of(view, guest).sent]
    if view.role != "domain:source" or len(ts) < LEAST_USUAL or not view.journal_complete:
        return None
    silent = view.last_ts - int(ts[-1])
    if silent < max(PLAIN_NS, PLAIN_TIMES * int(np.diff(ts).max())) or hole_in(view.holes, int(ts[-1]), view.last_ts):
        return None
    return _silence_at(view, guest, view.last_ts)


def _is_plain(silence: Silence) -> bool:
    """
    Is this gap the guest's absence whenever it was, by its length beside the usual ones?

    An open one may be; where the guest is seen at its new place, too, it must be as long to the end of the capture. One
    in which the guest spoke is as long as the moment is far from one of its usual gaps: that says nothing.
    """
    if silence.between is not None:
        return False
    if silence.before is None or (silence.after is None and silence.before.view.role not in SEES_BOTH_PLACES):
        return True
    until = silence.before.view.last_ts if silence.after is None else silence.after.ts
    return until - silence.before.ts >= max(PLAIN_NS, PLAIN_TIMES * (silence.usual_ns or 0))


def _without_floods(silence: Silence, guest: Moved, last: int | None) -> Silence:
    """
    This silence, where its end is not a broadcast that the guest sent from its old place.

    In a domain that is at both places its broadcasts arrive at the new one too: what it sent to everybody before its
    last frame at the old place is no sign of the new one. A point that knew only those ends its silence with what came
    then.

    Parameters
    ----------
    last : when the guest's last frame at its old place was seen, on the reference clock; None where no point shows it
    """
    if last is None or silence.before is not None or silence.after is None:
        return silence
    view, frames = silence.after.view, frames_of(silence.after.view, guest)
    when = on_point(view, last)
    if silence.after.ts >= when:
        return silence
    ts, targets = view.journal.ts_ns[frames.sent], view.journal.eth_dst[frames.sent]
    later = int(np.searchsorted(ts, when, "right"))
    if ((targets[:later] & GROUP_BIT) == 0).any():
        return silence
    if later == len(ts):
        return replace(silence, after=None)
    return replace(silence, after=Mark(view, int(ts[later]), int(view.journal.frame[frames.sent[later]])))


def _in_view(silence: Silence | None, view: PointView, moment: int) -> Silence | None:
    """
    The same without an end that need not be one: beside it the capture has a hole, in which the guest may have sent.

    A hole before the moment takes the last frame before, one after it the first frame after.
    """
    if silence is None or silence.before is None or silence.after is None:
        return silence
    begin, last = silence.before.ts, silence.own.ts if silence.own is not None else silence.after.ts
    holes = [hole for hole in view.holes if hole.touches(begin, max(silence.after.ts, last))]
    if not holes:
        return silence
    ends = [hole for hole in holes if hole.touches(begin, silence.after.ts)]
    before = None if any(hole.from_ts < moment for hole in ends) else silence.before
    after = None if any(hole.to_ts > moment for hole in ends) else silence.after
    return replace(silence, before=before, after=after, own=None, hidden_by=tuple(ends))


def last_sign_before(quiet: dict[str, Silence]) -> int | None:
    """When was the guest's last frame at its old place, on the reference clock? None where no point shows it."""
    return max((on_reference(s.before.view, s.before.ts) for s in quiet.values() if s.before is not None), default=None)


def left_for_good(quiet: dict[str, Silence]) -> int | None:
    """
    When was the guest's last frame in the domain that it left, on the reference clock?

    None where no point shows it there, or one shows it there again, which in a domain at both places it may be.
    """
    old = [s for s in quiet.values() if s.before is not None and s.before.view.role == "domain:source"]
    if any(s.own is not None or s.hidden_by for s in old):
        return None
    return last_sign_before({s.before.view.name: s for s in old if s.before is not None})


def _silence_at(
    view: PointView, guest: Moved, moment: int, from_old: int = 0, probed: int | None = None
) -> Silence | None:
    """
    The longest gap beside the moment, but none before the last of its frames that came from its old place.

    A guest that speaks seldom may have done so once more between two gaps that are like those before: then it was gone
    in one of them, and it is told as silent from the first to the end of the second, with what it said in between.

    Parameters
    ----------
    from_old : so many of its first frames here did
    probed : when its first probe came, on the reference clock, if that is the moment: between probes is no absence
    """
    sent = frames_of(view, guest).sent
    is_told = (view.journal.tcp_flags[sent] & TCP_RST) == 0  # a firewall sends resets in a guest's name
    from_old, sent = int(is_told[:from_old].sum()), sent[is_told]
    if not len(sent):
        return None
    ts = view.journal.ts_ns[sent]
    numbers = view.journal.frame[sent]

    def mark(i: int) -> Mark:
        return Mark(view, int(ts[i]), int(numbers[i]))

    by_host = announced_among(view, guest, sent)
    announced = by_host | is_from_return(view, guest, sent, probed)

    def own_since(first: int) -> Mark | None:
        own = first + np.flatnonzero(~by_host[first:])
        return mark(int(own[0])) if len(own) else None

    if ts[0] >= moment - AFTER_NS and not from_old:
        return Silence(None, mark(0), own=own_since(0))
    if ts[-1] <= moment:
        own = np.flatnonzero(~announced)  # an announcement is a sign of the new place, wherever it is heard
        last = int(own[-1]) if len(own) else -1
        after = mark(last + 1) if last + 1 < len(ts) else None
        # where frames had to be left out, the last one that was kept need not be the last that was sent
        return Silence(mark(last) if len(own) else None, after) if view.journal_complete or after is not None else None
    gaps = np.diff(ts)
    beside = (ts[:-1] <= moment + NS_PER_MS) & (ts[1:] >= moment - BESIDE_NS) & (ts[:-1] >= moment - 60 * NS_PER_S)
    beside[: max(0, from_old - 1)] = False
    beside &= ~announced[:-1]  # after an announcement the host speaks for the guest, at intervals of its own
    if not beside.any():
        return None
    longest = int(np.flatnonzero(beside)[np.argmax(gaps[beside])])
    near = slice(max(0, longest + 1 - MOST_COPIES * (USUAL_FRAMES + 1)), longest + 1)
    usual = np.diff(ts[near][_once(view, sent[near])])[-USUAL_FRAMES:]
    usual_ns = int(np.median(usual)) if len(usual) >= LEAST_USUAL else None
    told = int(np.searchsorted(ts, moment - SOON_NS))
    if longest + 1 < told < len(ts) and gaps[longest] < LONGER * int(gaps[near][:-1].max(initial=0)):
        return Silence(mark(longest), mark(told), usual_ns, own_since(told), mark(told - 1))
    return Silence(mark(longest), mark(longest + 1), usual_ns, own_since(longest + 1))


def _once(view: PointView, rows: I64) -> Bools:
    """
    Which of these frames, by time, are no second copy of one shortly before, as a mirror shows it?

    All, where most would be: then nothing tells the guest's frames from each other.
    """
    ts, names = view.journal.ts_ns[rows], names_at(view, rows)
    order = np.lexsort((ts, names))
    is_copy = (names[order][1:] == names[order][:-1]) & (np.diff(ts[order]) <= COPY_NS)
    once = np.ones(len(rows), bool)
    once[order[1:][is_copy]] = False
    return once if once.sum() * MOST_COPIES >= len(rows) else np.ones(len(rows), bool)
