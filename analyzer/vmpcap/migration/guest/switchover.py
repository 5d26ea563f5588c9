"""The four figures that people call downtime (domain notes 6.1), each between two frames."""

import math
from collections.abc import Sequence
from typing import Final

from vmpcap.migration.clocks import elapsed_between, on_clock_of
from vmpcap.migration.guest.convergence import find_stale_tail
from vmpcap.migration.guest.silences import NEARLY_LAST_NS, Silence
from vmpcap.migration.marks import RUNS_UNSEEN_NS, Mark, between
from vmpcap.migration.moved import Moved, announced_at, on_reference
from vmpcap.migration.results import Bracket, Switchover
from vmpcap.migration.sightings import delivered
from vmpcap.migration.stream.figures import StreamFigures
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.points.holes import Hole, blindness, hole_before, hole_in
from vmpcap.points.roles import rank
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, iso_utc

NOTABLE_MS: Final = 1.0
"""By so much more the guest's own silence is told beside the one that an announcement ended."""
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


def find_moment(move: Move, guest: Moved) -> int:
    """
    Around which time, on the reference clock, did this guest change places?

    Its first announcement; without one, the last data of the stream.
    """
    announced = announced_at(guest)
    return find_end(move) if announced is None else announced


def find_end(move: Move) -> int:
    """When did the stream's last data pass, on the reference clock? A guest that is copied first moves no sooner."""
    last = move.best.transfer.last_data_ts
    return on_reference(move.best.view, last if last is not None else move.end_ts)


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
    return _choose(_first_of_their_role(signs_after(guest, quiet)), FIRST_AT_DESTINATION)


def _first_of_their_role(marks: Sequence[Mark]) -> list[Mark]:
    """
    These without points whose capture began too late, and without those that another of their role surely preceded.

    Of two points at the new place the one behind a port that blocks shows the guest when that opens.
    """
    recorded = _recorded_then(marks)
    return [mark for mark in recorded if not any(_is_sooner(other, mark) for other in recorded)]


def _is_sooner(one: Mark, other: Mark) -> bool:
    apart = elapsed_between(one.view, one.ts, other.view, other.ts) if one.view.role == other.view.role else None
    return apart is not None and apart.is_later is True


def runs_since(moment: int, guest: Moved, quiet: dict[str, Silence]) -> int:
    """
    Since when did the guest run at its new place, on the reference clock, by what it said itself before its host did?

    Parameters
    ----------
    moment : by its announcement
    """
    sign = first_sign(guest, quiet)
    if sign is None or sign.view.offset is None:
        return moment
    ts = on_reference(sign.view, sign.ts)
    return ts if moment - RUNS_UNSEEN_NS <= ts < moment else moment


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
    spoke = next((s.between for s in quiet.values() if s.between is not None), None)
    quiet = {name: s for name, s in quiet.items() if s.between is None}
    pairs = _at_one_point(quiet)
    befores = [s.before for s in quiet.values() if s.before is not None]
    before = last_sign(befores)
    afters = [s.after for s in quiet.values() if s.after is not None]
    after = _choose(_first_of_their_role(afters), FIRST_AT_DESTINATION)
    if after is not None:
        before = last_sign(_on_a_known_clock(befores, after)) or before
    if before is not None and after is not None:
        pairs.append((before, after))
    if not pairs:
        blind = [hole for s in quiet.values() for hole in s.hidden_by[:1]]
        if blind:
            return None, Bracket(because=f"{blindness(blind[0])}, in which the guest may have sent")
        if spoke is not None:
            frame = f"{spoke.view.name} frame {spoke.frame}"
            return None, Bracket(because=f"nothing shows from which of its places it sent {frame}, in between")
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
