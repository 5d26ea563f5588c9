"""Guests whose outage is in view and whose change of place is not: a host announced them, or the user named them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.series import Series
from vmpcap.flows.streams import NOT_IN_VIEW
from vmpcap.measures.peers import find_peer_streams
from vmpcap.migration.announced_moves import NO_STREAM, AnnouncedMove, Unseen
from vmpcap.migration.guest.guests import announced_guests, is_by_host, named_guest
from vmpcap.migration.guest.lives import connections_across
from vmpcap.migration.look_alikes import came_together, tolerance_ended
from vmpcap.migration.marks import RUNS_UNSEEN_NS
from vmpcap.migration.mechanisms.case import Trip
from vmpcap.migration.moved import Moved, guest_name, on_point, on_reference
from vmpcap.migration.packets.conflicts import was_handed_over
from vmpcap.migration.packets.exchanges import wants_answer
from vmpcap.migration.results import KnownBy
from vmpcap.migration.sides import LEAST_LIFE, PLACES
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.steps_back import as_if_never_set_back, set_back_before
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.stream.transfers import Transfer
from vmpcap.migration.views import PointView
from vmpcap.points.roles import OUTAGE_FIGURES, rank
from vmpcap.terms.addresses import NO_MAC, mac_text
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

I64 = npt.NDArray[np.int64]

# The next are choices, none a standard's.
LEAST_SILENT_NS: Final = 50 * NS_PER_MS
"""Shorter than this nobody calls it an outage."""
SURELY: Final = 2
"""One question without an answer may be a lost packet; so many in a row, while the guest says nothing, are its own."""
SOON_NS: Final = NS_PER_S
"""An announcement so long after the guest spoke again still is of the time before: hosts announce it when it runs."""
USUAL_NS: Final = 10 * NS_PER_S
"""How a guest talks in the time before tells what is a pause of it."""
LONGER: Final = 1.5
"""... and what is none: one that is hardly longer than others."""
AT_LEAST: Final = "at least "
"""What is said of a time in which the clock was set back: by how much more nobody knows."""
HANDED_OVER: Final = "its address was the one's until then, and is the other's since"
LOOKS_ALIKE: Final = "a host whose uplink failed over, or whose port came up again, looks the same"


class _Gap(NamedTuple):
    """
    A time in which a guest was asked at a point and said nothing.

    By that point's clock as if it had never been set back: how long it was is told by that, when it was by the clock.
    """

    view: PointView
    since: int
    """Its last word before."""
    asked: int
    """The first question that it did not answer."""
    until: int
    """Its next word; where there is none, the last question."""
    questions: int
    """Without the one that its next word may answer."""
    frame: int
    """Of the first question."""
    is_over: bool
    seen: tuple[int, int, int]
    """`since`, `asked` and `until` by the clock as it was."""
    is_least: bool
    """The clock was set back in it: it may have been longer."""


def find_unplaced(
    views: Sequence[PointView], wanted: Sequence[str] = (), left_aside: Collection[int] = ()
) -> tuple[Unseen, list[str]]:
    """
    Which guests were silent until their host announced them, or which of those that the user named had an outage?

    For captures that show neither a stream nor a guest at both places: what happened to it is told, that it moved is
    not. Beside them: what is to be said of named guests that had none.

    Parameters
    ----------
    left_aside : MACs of machines that are told of already
    """
    told, said = Unseen([], [], []), []
    found = [] if {v.role for v in views} >= set(PLACES) else _silent_until_announced(views, left_aside)
    announced = [one.guest for one in found]
    for one in found:
        at, first_ts = one.move.best.view, one.move.best.transfer.start_ts
        together = came_together(at, first_ts, announced, [at])
        taken = None if together else tolerance_ended(one.guest, at, first_ts, views)
        if together:
            told.notes.extend([together] if together not in told.notes else [])
        elif taken is not None:
            told.notes.append(taken.note)
            told.rows.append(taken.row)
        else:
            told.moves.append(one)
    known = {mac for one in told.moves for mac in one.trip.macs}
    for text in wanted:
        guest = named_guest(text, views)
        if guest.mac in {*known, *left_aside} - {NO_MAC} or any(
            set(guest.ips) & set(one.guest.ips) for one in told.moves
        ):
            continue
        gap = _longest(guest, views)
        if gap is not None:
            told.moves.append(_named(guest, gap, views))
        elif any(len(frames_of(view, guest).sent_ip) for view in views):
            said.append(_none_in_view(text, guest, views))
    told.moves.sort(key=lambda one: one.moment)
    return told, said


def _silent_until_announced(views: Sequence[PointView], left_aside: Collection[int]) -> list[AnnouncedMove]:
    """
    Guests that said nothing, for longer than before, until a host announced them, and then went on.

    A machine that starts has no connection that goes on; one whose host was merely plugged in anew is not silent first.
    """
    found: dict[tuple[int, str, int], AnnouncedMove] = {}
    for guest in announced_guests(views):
        if guest.mac in left_aside or not is_by_host(guest):
            continue
        told = (_silence(guest, view, *_first_of(view, series), views) for view, series in guest.heard)
        one = next((one for one in told if one is not None), None)
        if one is not None:  # by a clock that was set back one event may look like two, which end the same silence
            silence = guest.mac, one.move.best.view.name, one.left
            found[silence] = min(one, found.get(silence, one), key=lambda one: one.frames)
    return list(found.values())


def _first_of(view: PointView, series: Series) -> tuple[int, int]:
    """Its first announcement in the order of the capture: when by the clock of the point, and its frame."""
    went_on = np.array(series.times, np.int64) + set_back_before(view, np.array(series.frames, np.int64))
    first = int(np.argmin(went_on))
    return series.times[first], series.frames[first]


def _silence(
    guest: Moved, view: PointView, first_ts: int, frame: int, views: Sequence[PointView]
) -> AnnouncedMove | None:
    """Did this point, which stands at neither place, hear the guest until just before it was announced, and after?"""
    if view.role in PLACES or not view.journal_complete:
        return None
    ran, came = as_if_never_set_back(view), first_ts + int(set_back_before(view, np.array([frame]))[0])
    rows = _by_time(ran, frames_of(view, guest).sent_ip)
    ts = ran.journal.ts_ns[rows]
    before, after = ts[ts < came - RUNS_UNSEEN_NS], ts[ts > came]
    if len(before) < LEAST_LIFE or not len(after):
        return None
    left = int(before[-1])
    usual = int(np.diff(before[before > left - USUAL_NS]).max(initial=0))
    if came - left < max(LEAST_SILENT_NS, LONGER * usual):
        return None
    kept = [c for c in connections_across(guest, [ran], on_reference(ran, left) + 1) if not c.is_reset]
    if not kept:
        return None
    seen = int(view.journal.ts_ns[rows[len(before) - 1]])
    least = "" if came - left == first_ts - seen else AT_LEAST
    because = (
        f"{NO_STREAM}; but a host announced the guest at {view.name} after it had been silent there for "
        f"{least}{(came - left) / NS_PER_MS:.0f} ms, and {count_of(len(kept), 'connection')} of it went on: whether it "
        f"changed places is not in view, for {LOOKS_ALIKE}"
    )
    guest = replace(guest, because=because)
    return _as_move(guest, view, first_ts, seen, because, (frame,), views, "silence")


def _longest(guest: Moved, views: Sequence[PointView]) -> _Gap | None:
    """
    The longest time in view in which the guest, which had spoken, was asked and said nothing.

    Of points that show one as long the one nearest to its peers tells it. Where only single questions were lost, now
    and then, none of them is.
    """
    every = [gap for view in views if view.journal_complete for gap in _gaps(guest, view)]
    gaps = [gap for gap in every if gap.questions >= SURELY]
    if not gaps and len({gap.asked for gap in every}) == len({gap.view.name for gap in every}):
        gaps = every
    longest = max((gap.until - gap.asked for gap in gaps), default=0)
    near = [gap for gap in gaps if gap.until - gap.asked >= longest / LONGER]
    return min(near, key=lambda gap: (rank(gap.view.role, OUTAGE_FIGURES), gap.asked - gap.until), default=None)


def _gaps(guest: Moved, view: PointView) -> Iterator[_Gap]:
    """
    Each time between two words of the guest, or after its last, in which somebody's stream had an outage.

    A guest that takes its time for an answer, or waits with an acknowledgement, has none.
    """
    ran, frames = as_if_never_set_back(view), frames_of(view, guest)
    j, shown = ran.journal, view.journal.ts_ns
    said, asked = _by_time(ran, frames.sent_ip), _by_time(ran, frames.asked[wants_answer(j, frames.asked)])
    words = j.ts_ns[said]
    if len(words) < LEAST_LIFE:
        return
    macs = [guest.mac] if guest.mac != NO_MAC else []
    streams = find_peer_streams(j, macs, guest.ips, end_ns=ran.last_ts)
    began = np.array([o.first_unanswered_ts for s in streams for o in s.outages], np.int64)
    place = np.searchsorted(words, j.ts_ns[asked], "right")
    for number in np.unique(place[place > 0]).tolist():
        mine = asked[place == number]
        is_over = number < len(words)
        ends = said[number - 1], mine[0], said[number] if is_over else mine[-1]
        since, first, until = (int(j.ts_ns[row]) for row in ends)
        seen = int(shown[ends[0]]), int(shown[ends[1]]), int(shown[ends[2]])
        lost, is_felt = len(mine) - is_over, bool(((began >= since) & (began <= until)).any())
        if lost > 0 and is_felt and until - first >= LEAST_SILENT_NS:
            is_least = until - first != seen[2] - seen[1]
            yield _Gap(view, since, first, until, lost, int(j.frame[mine[0]]), is_over, seen, is_least)


def _by_time(view: PointView, rows: I64) -> I64:
    """These rows of the journal, by their times there."""
    return rows[np.argsort(view.journal.ts_ns[rows], kind="stable")]


def _named(guest: Moved, gap: _Gap, views: Sequence[PointView]) -> AnnouncedMove:
    """What is told of a guest that the user named: the longest time in which it did not answer."""
    view = gap.view
    until = "until it spoke again" if gap.is_over else "and it never spoke again"
    least = AT_LEAST if gap.is_least else ""
    because = (
        f"{NO_STREAM}, and nothing tells whether the guest changed places; the longest time in which it was asked and "
        f"said nothing is told: at {view.name} {count_of(gap.questions, 'packet')} without an answer "
        f"from frame {gap.frame} on, {least}{(gap.until - gap.asked) / NS_PER_MS:.0f} ms, {until}"
    )
    asked, left = gap.seen[1], gap.seen[0]
    then = [
        one for one in announced_guests(views) if one.mac != NO_MAC and any(_is_of(gap, *heard) for heard in one.heard)
    ]
    heir = _heir(guest, then, views, on_reference(view, asked))
    if heir is not None:
        as_whom = f"taken for one machine that was {mac_text(guest.mac)} and is {mac_text(heir.mac)}: {HANDED_OVER}"
        guest = replace(heir, confidence=guest.confidence, because=f"named by the user; {as_whom}; {because}")
        return _as_move(guest, view, asked, left, because, (gap.frame,), views, "name")
    heard = next((one.heard for one in then if one.mac == guest.mac), ())
    guest = replace(guest, heard=heard, because=f"named by the user; {because}")
    return _as_move(guest, view, asked, left, because, (gap.frame,), views, "name")


def _is_of(gap: _Gap, view: PointView, series: Series) -> bool:
    """Was that announced in this time, or soon after it?"""
    if view.name == gap.view.name:
        back = int(set_back_before(view, np.array(series.frames[:1]))[0])
        return gap.since <= series.first_ts + back <= gap.until + SOON_NS
    since, _, until = gap.seen
    begin, end = on_reference(gap.view, min(since, until)), on_reference(gap.view, max(since, until)) + SOON_NS
    return begin <= on_reference(view, series.first_ts) <= end


def _heir(guest: Moved, announced: Sequence[Moved], views: Sequence[PointView], moment: int) -> Moved | None:
    """
    Which of the machines announced in that time has all addresses of the guest since, and nobody the guest's MAC?

    One machine after the other with one address is one guest that came back with another MAC. Who was in view before
    then is another that takes a service's address over.
    """
    if guest.mac == NO_MAC or not guest.ips:
        return None
    for one in announced:
        if one.mac == guest.mac or not set(guest.ips) <= set(one.ips) or _was_in_view(one.mac, views, moment):
            continue
        if all(was_handed_over(one, {guest.mac}, ip, views, moment) for ip in guest.ips):
            return one
    return None


def _was_in_view(mac: int, views: Sequence[PointView], moment: int) -> bool:
    """Did this MAC send anything before that time?"""
    return any(
        bool(((v.journal.eth_src == np.uint64(mac)) & (v.journal.ts_ns < on_point(v, moment))).any())
        or bool(((v.arps.sender_mac == np.uint64(mac)) & (v.arps.ts_ns < on_point(v, moment))).any())
        for v in views
    )


def _as_move(
    guest: Moved,
    view: PointView,
    ts: int,
    left: int,
    because: str,
    frames: tuple[int, ...],
    views: Sequence[PointView],
    known_by: KnownBy,
) -> AnnouncedMove:
    """
    The same as a move: when it was, and at which point that shows.

    Parameters
    ----------
    ts, left : when, and the guest's last word before, by the clock of the point
    """
    moment = on_reference(view, ts)
    move = Move((Sighting(view, Transfer(NOT_IN_VIEW, None, (), because, moved_at=ts)),))
    trip = Trip(moment, moment, view.name, view.name, frozenset({guest.mac}))
    return AnnouncedMove(move, guest, because, frames, tuple(views), moment, on_reference(view, left), trip, known_by)


def _none_in_view(text: str, guest: Moved, views: Sequence[PointView]) -> str:
    """What is said of a guest that answered all the time?"""
    at = ", ".join(view.name for view in views if len(frames_of(view, guest).sent_ip))
    return (
        f"--guest {text}: {guest_name(guest)} is in view at {at}, and no time in which it was asked twice in a row, or "
        "only this once, and said nothing: no outage of it is in view"
    )
