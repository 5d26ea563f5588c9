"""The four figures that people call downtime (domain notes 6.1), each between two frames."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import elapsed_between, is_moment_unknown, on_clock_of
from vmpcap.migration.convergence import find_stale_tail
from vmpcap.migration.crossings import names_of
from vmpcap.migration.guests import Moved, on_point, on_reference
from vmpcap.migration.last_at_old import count_from_old, find_last_at_old
from vmpcap.migration.marks import Mark, between
from vmpcap.migration.moves import Move
from vmpcap.migration.results import Bracket, Switchover
from vmpcap.migration.sightings import announced_among, delivered, frames_of
from vmpcap.migration.steady import shows_twice, was_set_back_near
from vmpcap.migration.stream import StreamFigures
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.holes import Hole, blindness, hole_before, hole_in
from vmpcap.points.roles import rank
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, iso_utc
from vmpcap.terms.wire import TCP_RST

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BESIDE_NS: Final = 300 * NS_PER_MS
"""How far from the first announcement (or the stream's end) the guest's silence may lie and still be the stun's."""

AFTER_NS: Final = 200 * NS_PER_MS
PLAIN_NS: Final = 50 * NS_PER_MS
PLAIN_TIMES: Final = 5
"""A gap of the guest's frames so long, and of so many usual ones, needs no clock to be told from the others."""

NEARLY_LAST_NS: Final = 50 * NS_PER_MS
"""A point whose last frame of the guest is this much older than another point's did not see all of its frames."""

COPY_NS: Final = 5 * NS_PER_MS
"""A mirror shows a frame again this soon."""

MOST_COPIES: Final = 4
"""So many times at most."""

NOTABLE_MS: Final = 1.0
"""By so much more the guest's own silence is told beside the one that an announcement ended."""

USUAL_FRAMES: Final = 1000
LEAST_USUAL: Final = 3
"""From so many gaps one of them can be called usual."""

SEES_BOTH_PLACES: Final = ("gateway", "client", "domain:destination")
"""Where the guest is seen at its new place too: the last frame of the capture there is no last one of the old place."""

LAST_AT_SOURCE: Final = (
    "domain:source",
    "gateway",
    None,
    "client",
    "domain:destination",
    "wan",
    "source",
    "destination",
)
FIRST_AT_DESTINATION: Final = (
    "domain:destination",
    "gateway",
    None,
    "client",
    "domain:source",
    "destination",
    "wan",
    "source",
)


@dataclass(frozen=True, slots=True)
class Silence:
    """The guest's silence at one point: its last frame before and its first after. Either may be missing."""

    before: Mark | None
    after: Mark | None
    usual_ns: int | None = None
    """Median time between the guest's frames before: what silence means nothing."""
    own: Mark | None = None
    """Its first frame after that no host sent for it."""
    hidden_by: tuple[Hole, ...] = ()
    """Holes of the capture in which an end of it may lie: that end is left out."""


def find_moment(move: Move, guest: Moved) -> int:
    """
    Around which time, on the reference clock, did this guest change places?

    Its first announcement; without one, the last data of the stream.
    """
    first = guest.first_heard
    if first is not None:
        return on_reference(first[0], first[1].first_ts)
    return find_end(move)


def find_end(move: Move) -> int:
    """When did the stream's last data pass, on the reference clock? A guest that is copied first moves no sooner."""
    last = move.best.transfer.last_data_ts
    return on_reference(move.best.view, last if last is not None else move.end_ts)


def silences(guest: Moved, views: Sequence[PointView], moment: int) -> dict[str, Silence]:
    """
    Between which of its frames was the guest silent, as each point saw it?

    The longest gap between frames of the guest that lies beside the moment, and not before a frame that it sent from
    its old place. At a point that only hears the old or only
    the new place, one end is missing. A point whose clock was set about then tells none.
    """
    found = {}
    last_at_old = find_last_at_old(guest, views, moment)
    for view in views:
        if _is_lost_on(view, moment):
            continue
        when, from_old = on_point(view, moment), count_from_old(last_at_old, view, guest, moment)
        is_unknown = is_moment_unknown(view, guest, views)
        gone = _gone_for_good(view, guest) if is_unknown else None
        silence = gone or _in_view(_silence_at(view, guest, when, from_old), view, when)
        if silence is not None and not _is_shown_twice(silence, view, when) and (not is_unknown or _is_plain(silence)):
            found[view.name] = silence
    groups = {view.name: view.line.group for view in views}
    lasts = {
        group: last_sign_before({name: one for name, one in found.items() if groups[name] == group})
        for group in {groups[name] for name in found}
    }
    return {name: _without_floods(one, guest, lasts[groups[name]]) for name, one in found.items()}


def _is_lost_on(view: PointView, moment: int) -> bool:
    """Was this point's clock set, so that its silence at the moment cannot be told from another?"""
    when = on_point(view, moment)
    if shows_twice(view, when - BESIDE_NS, when + AFTER_NS):
        return True
    low, high = view.line.bounds_on_point(moment)
    if view.line.sets:
        return high - low > NEARLY_LAST_NS
    return was_set_back_near(view, when)


def _is_shown_twice(silence: Silence, view: PointView, moment: int) -> bool:
    """
    Was the clock set back so that it shows a part of this silence a second time, or of the time from it to the moment?

    By their times frames from after the step then lie in it, or beside it, and cut it short.
    """
    times = [moment, *(mark.ts for mark in (silence.before, silence.after) if mark is not None)]
    shown = [one for one in view.line.sets if one.low_ns < 0 and not one.is_again]
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

    An open one may be; where the guest is seen at its new place, too, it must be as long to the end of the capture.
    """
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
    return Silence(before, after, silence.usual_ns, None, tuple(ends))


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


def _silence_at(view: PointView, guest: Moved, moment: int, from_old: int = 0) -> Silence | None:
    """
    The longest gap beside the moment, but none before the last of its frames that came from its old place.

    Parameters
    ----------
    from_old : so many of its first frames here did
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

    announced = announced_among(view, guest, sent)

    def own_since(first: int) -> Mark | None:
        own = first + np.flatnonzero(~announced[first:])
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
    usual = np.diff(ts[: longest + 1][_once(view, sent[: longest + 1])])[-USUAL_FRAMES:]
    usual_ns = int(np.median(usual)) if len(usual) >= LEAST_USUAL else None
    return Silence(mark(longest), mark(longest + 1), usual_ns, own_since(longest + 1))


def _once(view: PointView, rows: I64) -> Bools:
    """
    Which of these frames, by time, are no second copy of one shortly before, as a mirror shows it?

    All, where most would be: then nothing tells the guest's frames from each other.
    """
    ts, names = view.journal.ts_ns[rows], names_of(view)[rows]
    order = np.lexsort((ts, names))
    is_copy = (names[order][1:] == names[order][:-1]) & (np.diff(ts[order]) <= COPY_NS)
    once = np.ones(len(rows), bool)
    once[order[1:][is_copy]] = False
    return once if once.sum() * MOST_COPIES >= len(rows) else np.ones(len(rows), bool)


def describe_switchover(
    move: Move,
    guest: Moved,
    views: Sequence[PointView],
    figures: StreamFigures,
    suffered: Sequence[Suffered],
    quiet: dict[str, Silence],
) -> Switchover:
    """How long did the change of places take, by each of the four definitions?"""
    bracket_ms, bracket, method = _stream_bracket(move, guest, quiet, figures)
    silence_ms, silence = _guest_silence(quiet)
    outage_ms, outage = longest_outage(suffered)
    relearn_ms, relearn = _relearn(guest, views, quiet)
    tail = find_stale_tail(guest, views, first_sign(guest, quiet))
    return Switchover(
        bracket_ms=bracket_ms,
        bracket=bracket,
        guest_silence_ms=silence_ms,
        guest_silence=silence,
        peer_outage_ms=outage_ms,
        peer_outage=outage,
        relearn_ms=relearn_ms,
        relearn=relearn,
        stale_tail_ms=tail.tail_ms,
        stale_tail=tail.bracket,
        stale_frames=tail.stale_frames,
        flooded_frames=tail.flooded_frames,
        method=method,
    )


def _on_a_known_clock(marks: Sequence[Mark], to: Mark) -> list[Mark]:
    """Which of these stand on a clock that was compared with that of the other frame?"""
    return [m for m in marks if elapsed_between(m.view, m.ts, to.view, to.ts) is not None]


def _may_be_before(mark: Mark, to: Mark) -> bool:
    """By clocks that were compared, as what is taken for them; of others, or where one was set, anything may be."""
    apart = elapsed_between(mark.view, mark.ts, to.view, to.ts)
    return apart is None or apart.ns >= 0 or (apart.uncertainty_ns > NEARLY_LAST_NS and apart.high_ns >= 0)


def _choose(marks: Sequence[Mark], order: tuple[str | None, ...]) -> Mark | None:
    return min(marks, key=lambda m: (rank(m.view.role, order), m.view.name), default=None)


def _stream_bracket(
    move: Move, guest: Moved, quiet: dict[str, Silence], figures: StreamFigures
) -> tuple[float | None, Bracket, str]:
    """
    From the last moment the guest certainly ran at the source to its first sign at the destination.

    The guest's own last frame bounds it best; where no point shows the guest, the pause before the stream's last burst
    does, if there is one. Both lie before the stun began: the bracket is an upper bound of the stun. A point that saw
    the guest to the end may have a clock that nothing compares with the destination's: then only its own silence, or
    another point's, bounds it.
    """
    to = first_sign(guest, quiet)
    hidden = _hidden_by(guest, quiet)
    if to is None and hidden is not None:
        return None, Bracket(because=f"{blindness(hidden)}, in which the guest's first sign may lie"), ""
    if to is None:
        return None, Bracket(because="no point saw a sign of the guest at its destination"), ""
    starts = [s.before for s in quiet.values() if s.before is not None and _may_be_before(s.before, to)]
    begin = last_sign(_on_a_known_clock(starts, to) or starts)
    if begin is not None:
        apart = elapsed_between(begin.view, begin.ts, to.view, to.ts)
        is_told = apart is not None and apart.uncertainty_ns <= NEARLY_LAST_NS
        pairs = [(begin, to), *([] if begin is last_sign(starts) and is_told else _at_one_point(quiet))]
        because = f"from the guest's last frame before to its first sign after{_less_by_holes(begin, to)}"
        length, bracket = _surely_shortest(pairs, because)
        return length, bracket, "guest_frames"
    burst = _last_burst(move, figures)
    if burst is not None and _may_be_before(burst, to):
        length, bracket = between(burst, to, "from the pause before the stream's last burst to the guest's first sign")
        return length, bracket, "last_burst"
    because = "no point shows the guest before the switchover, and no pause of the stream marks its last burst"
    because += f"; {blindness(hidden)}" if hidden is not None else ""
    return None, Bracket(to_point=to.view.name, to_frame=to.frame, to_ts=iso_utc(to.ts), because=because), ""


def _less_by_holes(begin: Mark, to: Mark) -> str:
    """What is to be said where a point at either end was blind in between? The guest may have been seen then."""
    holes = [hole_in(begin.view.holes, begin.ts, on_clock_of(begin.view, to.view, to.ts))]
    holes += [hole_in(to.view.holes, on_clock_of(to.view, begin.view, begin.ts), to.ts)]
    words = dict.fromkeys(blindness(hole) for hole in holes if hole is not None)
    return "".join(f"; it may be shorter: {text}" for text in words)


def last_sign(marks: Sequence[Mark]) -> Mark | None:
    """
    The last frame that shows the guest at its old place: from the nearest of the points that saw it to the end.

    Of clocks that nothing compares none is later.
    """
    latest: dict[int, int] = {}
    for m in marks:
        group, when = m.view.line.group, on_reference(m.view, m.ts)
        latest[group] = max(latest.get(group, when), when)
    nearly = [m for m in marks if on_reference(m.view, m.ts) >= latest[m.view.line.group] - NEARLY_LAST_NS]
    return _choose(nearly, LAST_AT_SOURCE)


def signs_after(guest: Moved, quiet: dict[str, Silence]) -> list[Mark]:
    """The first frame of each point that shows the guest at its new place."""
    marks = [s.after for s in quiet.values() if s.after is not None]
    named = {m.view.name for m in marks}
    return marks + [
        Mark(view, series.first_ts, series.frames[0])
        for view, series in guest.heard
        if view.name not in named and hole_before(view.holes, series.first_ts) is None
    ]


def _hidden_by(guest: Moved, quiet: dict[str, Silence]) -> Hole | None:
    """Which hole of a capture may hold the guest's last frame before, or its first sign after?"""
    holes = [hole for silence in quiet.values() for hole in silence.hidden_by]
    holes += [hole for v, s in guest.heard if (hole := hole_before(v.holes, s.first_ts)) is not None]
    return max(holes, key=lambda hole: hole.ms, default=None)


def first_sign(guest: Moved, quiet: dict[str, Silence]) -> Mark | None:
    """The first frame that shows the guest at its new place, from the point nearest to that place."""
    return _choose(_recorded_then(signs_after(guest, quiet)), FIRST_AT_DESTINATION)


def _recorded_then(marks: Sequence[Mark]) -> list[Mark]:
    """These without points whose capture began when another had seen the guest: their first frame is no first sign."""
    return [mark for mark in marks if not any(_began_after(mark.view, other) for other in marks)]


def _began_after(view: PointView, sign: Mark) -> bool:
    apart = elapsed_between(sign.view, sign.ts, view, view.first_ts)
    return sign.view.name != view.name and apart is not None and apart.is_later is True


def _last_burst(move: Move, figures: StreamFigures) -> Mark | None:
    """The data frame before the pause that precedes the stream's last burst."""
    last = move.best.transfer.last_data_ts
    pauses = [p for link in move.best.transfer.links[:1] for p in link.data.pauses]
    if last is None or not pauses or len(figures.activities) < 2:
        return None
    edge = figures.activities[-1].from_ts
    pause = min(pauses, key=lambda p: abs(p.to_ts - edge))
    if abs(pause.to_ts - edge) > 20 * NS_PER_MS or last - pause.to_ts > 5 * NS_PER_S:
        return None
    return Mark(move.best.view, pause.from_ts, pause.from_frame)


def _guest_silence(quiet: dict[str, Silence]) -> tuple[float | None, Bracket]:
    """
    The shortest silence that frames of the guest bound: at one point, or from the old place to the new.

    Notes
    -----
    Each is too long where its point did not see all of the guest's frames, never too short but for the way of the
    frames and what the clocks leave open; so the one that is surely shortest is nearest to the truth.
    """
    pairs = _at_one_point(quiet)
    befores = [s.before for s in quiet.values() if s.before is not None]
    before = last_sign(befores)
    after = _choose(_recorded_then([s.after for s in quiet.values() if s.after is not None]), FIRST_AT_DESTINATION)
    if after is not None:
        before = last_sign(_on_a_known_clock(befores, after)) or before
    if before is not None and after is not None:
        pairs.append((before, after))
    if not pairs:
        blind = [hole for s in quiet.values() for hole in s.hidden_by[:1]]
        if blind:
            return None, Bracket(because=f"{blindness(blind[0])}, in which the guest may have sent")
        return None, Bracket(because="no point shows frames of the guest both before and after the switchover")
    usual = min((s.usual_ns for s in quiet.values() if s.usual_ns is not None), default=None)
    often = f"; it usually sent every {usual / NS_PER_MS:.1f} ms" if usual is not None else ""
    because = f"between two frames of the guest; too long where it had nothing to say{often}"
    length, bracket = _surely_shortest(pairs, because)
    own = _own_silence(quiet, before)
    if length is None or own is None or own[0] <= length + NOTABLE_MS:
        return length, bracket
    because = f"{because}; it ends with an announcement sent for the guest, which sent nothing itself for {own[1]}"
    return _surely_shortest(pairs, because)


def _own_silence(quiet: dict[str, Silence], before: Mark | None) -> tuple[float, str] | None:
    """How long did the guest itself send nothing, in milliseconds and in words? None where it is not in view after."""
    owns = [s.own for s in quiet.values() if s.own is not None]
    pairs = [(s.before, s.own) for s in quiet.values() if s.before is not None and s.own is not None]
    pairs += [(before, own) for own in owns if before is not None]
    if not pairs:
        return None
    length, bracket = _surely_shortest(pairs, "")
    where = f"{bracket.from_point} frame {bracket.from_frame} to {bracket.to_point} frame {bracket.to_frame}"
    return None if length is None else (length, f"{length:.4g} ms ({where})")


def _at_one_point(quiet: dict[str, Silence]) -> list[tuple[Mark, Mark]]:
    """Both ends of the silence at each point that saw both: no clock stands between them."""
    return [(s.before, s.after) for s in quiet.values() if s.before is not None and s.after is not None]


def _surely_shortest(pairs: Sequence[tuple[Mark, Mark]], because: str) -> tuple[float | None, Bracket]:
    """Which of these is shortest, whatever the clocks leave open? At least one pair."""
    measured = [between(start, end, because) for start, end in pairs]
    known = [one for one in measured if one[0] is not None]
    return min(known, key=_at_most) if known else measured[0]


def _at_most(measured: tuple[float | None, Bracket]) -> float:
    """How long is it at most, as far as the clocks tell?"""
    length, bracket = measured
    return (length or 0.0) + (bracket.uncertainty_ms or 0.0)


def _may_be_longer(one: Suffered, longest_ms: float) -> bool:
    """Is this outage, of which only a lower bound is known, longer than that, or is there no upper one?"""
    return (one.at_least_ms or 0.0) > longest_ms or one.peer.outage_high_ms is None


def longest_outage(suffered: Sequence[Suffered]) -> tuple[float | None, Bracket]:
    """
    The longest outage of any peer; null where one of them never got an answer again, or none was asking.

    Of equally long ones (none at all) the one that was measured most finely.
    """
    timed = [s for s in suffered if s.peer.outage_ms is not None and s.ended]
    longest = max((s.peer.outage_ms or 0.0 for s in timed), default=0.0)
    hidden = max(
        (s for s in suffered if (s.hidden_ms or 0.0) > longest), key=lambda s: s.hidden_ms or 0.0, default=None
    )
    gone = next((s for s in suffered if s.is_cut_off), None)
    if gone is not None:
        return None, Bracket(
            from_point=gone.peer.point,
            from_frame=gone.from_frame,
            from_ts=iso_utc(gone.from_ts),
            because=_of_peer(gone),
        )
    if hidden is not None:
        others = f"; of others the longest is {longest:.0f} ms" if timed else ""
        return None, Bracket(because=f"{_of_peer(hidden)}{others}")
    unsure = max(
        (s for s in suffered if s.at_least_ms is not None and (not timed or _may_be_longer(s, longest))),
        key=lambda s: s.at_least_ms or 0.0,
        default=None,
    )
    if unsure is not None:
        others = f"; of others the longest is {longest:.0f} ms" if timed else ""
        return None, Bracket(because=f"{_of_peer(unsure)}{others}")
    if not timed:
        stopped = next((_of_peer(s) for s in suffered if s.is_bypassed), "")
        stopped = next((s.peer.because for s in suffered if not s.ended), stopped)
        stopped = stopped or next((_of_peer(s) for s in suffered if s.is_dark), "")
        return None, Bracket(because=stopped or "no peer of the guest was seen asking it during the switchover")
    worst = max(
        timed, key=lambda s: (s.peer.outage_ms or 0, -math.inf if s.resolution_ms is None else -s.resolution_ms)
    )
    return worst.peer.outage_ms, Bracket(
        from_point=worst.peer.point,
        from_frame=worst.from_frame,
        from_ts=iso_utc(worst.from_ts),
        to_point=worst.peer.point,
        to_frame=worst.to_frame,
        to_ts=iso_utc(worst.to_ts),
        uncertainty_ms=worst.resolution_ms,
        because=_of_peer(worst),
    )


def _of_peer(one: Suffered) -> str:
    longest = f"; {one.peer.breakdown_because}" if one.peer.breakdown_because else ""
    return f"{one.peer.protocol} from {one.peer.peer}: {one.peer.because}{longest}"


def _relearn(guest: Moved, views: Sequence[PointView], quiet: dict[str, Silence]) -> tuple[float | None, Bracket]:
    """From the guest's first frame at the destination to the first unicast that reached it there."""
    there = [(v, quiet[v.name].after) for v in views if v.role == "domain:destination" and v.name in quiet]
    seen = [(v, after) for v, after in there if after is not None]
    signs = signs_after(guest, quiet)
    late = [v for v, _ in seen if any(_began_after(v, sign) for sign in signs)]
    if seen and len(late) == len(seen):
        because = f"{late[0].name} began to record when the guest had already been seen at its new place"
        return None, Bracket(because=because)
    seen = [(v, after) for v, after in seen if v not in late]
    reached: list[tuple[Mark, Mark]] = []
    for view, first in sorted(seen, key=lambda pair: on_reference(pair[0], pair[1].ts)):
        rows = delivered(view, guest, first.ts)
        if len(rows):
            j = view.journal
            reached.append((first, Mark(view, int(j.ts_ns[rows[0]]), int(j.frame[rows[0]]))))
    if reached:
        first, to = reached[0]
        hole = hole_in(first.view.holes, first.ts, to.ts)
        if hole is not None:
            return None, Bracket(because=f"{blindness(hole)}: unicast for the guest may have come in it")
        return between(first, to, f"first frame of the guest to the first unicast for it, at {first.view.name}")
    if seen:
        because = f"no unicast for the guest was delivered at {seen[0][0].name} after the switchover"
        return None, Bracket(because=because)
    return None, Bracket(because="no capture point at the destination shows the guest's frames")
