"""Did the migration come to its end: what the stream's last packets and the guest say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.migration.guest.answers_elsewhere import answers_elsewhere
from vmpcap.migration.guest.elsewhere import LEAST_TALK
from vmpcap.migration.guest.restarts import began_anew
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.results import MigrationOutcome
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.endings import Verdict, read_ending
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.roles import ARRIVAL_PROOF
from vmpcap.terms.addresses import NO_MAC, mac_text
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

STAYED_NS: Final = 500 * NS_PER_MS
"""A guest that is heard at its old place this long after the stream ended did not move."""


TALKED_BEFORE_NS: Final = 2 * NS_PER_S
"""Who talked this shortly before the stream's end is asked whether he goes on."""

GONE_NS: Final = 3 * NS_PER_S
LONGER_PAUSES: Final = 3
"""Who says nothing for so long, and so many times its longest pause, fell silent."""

TELLING_ROLES: Final = (*ARRIVAL_PROOF, None)
"""Where an announcement shows that the guest runs at its destination. In its old domain one may tell of its return."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome, the reason, the point and frames that show it."""

    outcome: MigrationOutcome
    because: str
    point: str
    frames: tuple[int, ...]


def judge_outcome(move: Move, guests: Sequence[Moved], views: Sequence[PointView]) -> Outcome:
    """
    Completed, aborted, truncated or unknown?

    An orderly close also ends a cancelled migration, so it proves nothing by itself. What does: the hypervisor's own
    last words in the stream; a guest that announces itself; a guest that goes on talking at its old place.
    """
    sighting, ending = _clearest(move)
    announced = [g for g in guests if g.heard]
    after = bool(announced and _announced_after(move, announced[0]))
    if ending.ending == "aborted" and after:
        because = f"{ending.because}, yet the guest announced itself at its destination afterwards"
        return Outcome("unknown", because, sighting.view.name, ending.frames)
    if ending.ending in ("completed", "aborted"):
        return Outcome(ending.ending, ending.because, sighting.view.name, ending.frames)
    anew = _started_anew(move, announced, views) if ending.ending != "orderly" else None
    if anew is not None:
        because = f"{ending.because}; and the guest did not go on but started anew: its host died, or it was stopped"
        return Outcome("aborted", because, anew[0].name, (anew[1],))
    if ending.ending in ("unfinished", "wordless") and not after:
        word, because = _of_unfinished(move, sighting, ending, announced, views)
        return Outcome(word, because, sighting.view.name, ending.frames)
    is_over = ending.ending != "truncated" or after
    if announced and announced[0].confidence != "low" and is_over:
        return _of_announced(announced[0], sighting, ending, views)
    if ending.ending == "truncated":
        return Outcome("truncated", ending.because, sighting.view.name, ending.frames)
    stayed = _stayed(move, views)
    if ending.ending == "orderly" and stayed is not None:
        return Outcome("aborted", f"{ending.because}, but {stayed}", sighting.view.name, ending.frames)
    nothing = f"{ending.because}, and nothing shows whether the guest runs at its destination"
    speaks = _speaks_there(move, guests, views)
    because = f"{ending.because}; {speaks}" if speaks else nothing
    return Outcome("unknown", because, sighting.view.name, ending.frames)


def _of_unfinished(
    move: Move, sighting: Sighting, ending: Verdict, announced: Sequence[Moved], views: Sequence[PointView]
) -> tuple[MigrationOutcome, str]:
    """What became of a stream without its hypervisor's last words, after which no guest was announced?"""
    stayed = _stayed(move, views)
    if ending.ending == "wordless" and (stayed is None or announced):
        return "unknown", f"{ending.because}; nothing shows whether the guest stayed or moved"
    if stayed is not None:
        return "aborted", f"{ending.because}; {stayed}"
    told = "how post-copy ends is told on the way back"
    if announced and not any(link.back.packets for link in sighting.transfer.links):
        return "unknown", f"{ending.because}; a guest announced itself while it ran, and {told}, which is not in view"
    if announced and announced[0].changed_hosts:
        runs = "the guest announced itself and changed hosts while it ran, as in post-copy"
        return "unknown", f"{ending.because}; {runs}; {told}, where no last word of QEMU's is in view"
    left = next((view.name for view in views if announced and _is_gone(view, announced[0])), "")
    if left:
        gone = f"a guest announced itself while it ran, and sends nothing past {left} since, where it had talked"
        return "unknown", f"{ending.because}; {gone}: it may have moved, as in post-copy"
    if announced:
        early = f"the guest announced itself only {_before_its_end(move, announced[0])} before the stream's last data"
        return "aborted", f"{ending.because}; {early}, and not after it"
    silent = _fell_silent(move, views)
    if silent:
        return "unknown", f"{ending.because}; yet {silent}"
    return "aborted", f"{ending.because}; no guest announced itself"


def _is_gone(view: PointView, guest: Moved) -> bool:
    """Did this guest send here until it was announced, and then nothing for far longer than it ever paused?"""
    first = guest.first_heard
    if first is None or not view.journal_complete or not is_compared(first[0], view):
        return False
    times = np.sort(view.journal.ts_ns[frames_of(view, guest).sent_ip])
    if len(times) < LEAST_TALK or times[-1] >= on_point(view, on_reference(first[0], first[1].first_ts)):
        return False
    return view.last_ts - int(times[-1]) > max(GONE_NS, LONGER_PAUSES * int(np.diff(times).max()))


def _before_its_end(move: Move, guest: Moved) -> str:
    """How long before the stream's last data was the guest announced first?"""
    first, last = guest.first_heard, move.best.transfer.last_data_ts
    if first is None or last is None:
        return "some time"
    early = on_reference(move.best.view, last) - on_reference(first[0], first[1].first_ts)
    return f"{early / NS_PER_S:.1f} s"


def _of_announced(guest: Moved, sighting: Sighting, ending: Verdict, views: Sequence[PointView]) -> Outcome:
    """What does it say that this guest announced itself, of a stream that is over?"""
    there = next(((v, s) for v, s in guest.heard if v.role in TELLING_ROLES), None)
    if there is not None:
        because = f"{ending.because}; the guest announced itself at its destination"
        return Outcome("completed", because, there[0].name, (there[1].frames[0],))
    gone = answers_elsewhere(guest, views)
    if gone is not None and gone.is_new:
        because = f"{ending.because}; the guest announced itself, and {gone.because}"
        return Outcome("completed", because, gone.point, (gone.frame,))
    where = ", ".join(sorted({v.name for v, _ in guest.heard}))
    because = f"{ending.because}; the guest announced itself, but only {where} heard it: that is not its destination"
    if gone is not None:
        return Outcome("unknown", f"{because}; {gone.because}", gone.point, (gone.frame,))
    return Outcome("unknown", because, sighting.view.name, ending.frames)


_CLARITY: Final = ("completed", "aborted", "unfinished", "wordless", "orderly", "unknown", "truncated")


def _clearest(move: Move) -> tuple[Sighting, Verdict]:
    """The sighting that saw the end most clearly, the best point first among equals."""
    verdicts = [(s, read_ending(s)) for s in move.sightings]
    return min(verdicts, key=lambda pair: _CLARITY.index(pair[1].ending))


def _speaks_there(move: Move, guests: Sequence[Moved], views: Sequence[PointView]) -> str:
    """Which guest began to send at its destination after the stream? That is no word of whether the stream did it."""
    end = on_reference(move.best.view, move.best.transfer.end_ts)
    for guest, view in ((g, v) for g in guests for v in views if v.role == "domain:destination" and g.mac != NO_MAC):
        j = view.journal
        own = np.flatnonzero(j.eth_src == np.uint64(guest.mac))
        if len(own) and j.ts_ns[own].min() > on_point(view, end):
            first = int(j.frame[own[np.argmin(j.ts_ns[own])]])
            return (
                f"{mac_text(guest.mac)} runs at its destination, for it sends at {view.name} from frame {first} on, but"
                " no announcement shows that this stream brought it there"
            )
    return ""


def _announced_after(move: Move, guest: Moved) -> bool:
    last = move.best.transfer.last_data_ts
    first = guest.first_heard
    if last is None or first is None:
        return False
    return on_reference(first[0], first[1].first_ts) >= on_reference(move.best.view, last) - NS_PER_S


def _started_anew(move: Move, guests: Sequence[Moved], views: Sequence[PointView]) -> tuple[PointView, int] | None:
    """Where does a guest of this move show that it was started, instead of going on at its new place?"""
    since = on_reference(move.best.view, move.best.transfer.start_ts)
    end = on_reference(move.best.view, move.best.transfer.end_ts)
    began = (began_anew(guest, views, since, end, move.is_closed) for guest in guests)
    return next((one.frames[0] for one in began if one is not None), None)


def _stayed(move: Move, views: Sequence[PointView]) -> str | None:
    """
    Does everybody who talked in the source's domain go on as if nothing had happened, with no announcement there?

    Everybody, because the guest is not known by name: where one of them fell silent, it may be the guest that left.
    """
    end = on_reference(move.best.view, move.best.transfer.end_ts)
    for view in views:
        if view.role != "domain:source":
            continue
        ts, senders = view.journal.ts_ns, view.journal.eth_src
        when = on_point(view, end)
        before = set(senders[(ts <= when) & (ts > when - TALKED_BEFORE_NS)].tolist())
        soon = set(senders[(ts > when) & (ts < when + STAYED_NS)].tolist())
        later = set(senders[ts > when + STAYED_NS].tolist())
        if len(before) > 1 and before <= soon & later and not view.series:
            return f"frames went on at {view.name} without an announcement: the guest stayed"
    return None


def _fell_silent(move: Move, views: Sequence[PointView]) -> str:
    """Who talked in the source's domain until the stream ended, and then never again although it was asked?"""
    end = on_reference(move.best.view, move.best.transfer.end_ts)
    for view in views:
        if view.role != "domain:source" or not view.journal_complete:
            continue
        j, when = view.journal, on_point(view, end)
        before = np.unique(j.eth_src[(j.ts_ns <= when) & (j.ts_ns > when - TALKED_BEFORE_NS)])
        later = j.eth_src[j.ts_ns > when]
        asked = np.unique(j.eth_dst[(j.ts_ns > when) & (j.ip_version != 0)])
        gone = before[~np.isin(before, later) & np.isin(before, asked)]
        if len(gone):
            return f"{mac_text(int(gone[0]))} fell silent at {view.name} when the stream ended: it may have moved"
    return ""
