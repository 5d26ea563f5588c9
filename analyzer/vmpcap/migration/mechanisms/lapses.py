"""A way to the guest's new place that was there and went again: one rule for every row that shows when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vmpcap.migration.mechanisms.case import Case, Worked, joined, sighted, since
from vmpcap.migration.moved import on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, count_of

LEAST_NS: Final = NS_PER_S
"""Routers, switches and map caches that have just heard of a new way take so long; what is shorter is no lapse."""
BEFORE_NS: Final = NS_PER_S
"""Packets may turn so long before the word of it is in view."""
SPREAD_NS: Final = 5 * NS_PER_S
"""Who uses a way that was taken back for good loses it within this."""
MOST_LAPSES: Final = 1
"""Once may be chance: a session that was lost, a router that had not heard yet."""

Stretch = tuple[int, int | None]
"""From when to when, on the reference clock; None: to the end of the view."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """A stretch in which a way did not lead to the guest's new place, though it had since the switchover."""

    begin: int
    end: int | None
    gone: str
    """What was seen to end it, as `10.0.0.3 took it back`."""
    again: str = "again"
    """What was seen to bring it back."""
    frames: tuple[tuple[PointView, int], ...] = ()


def gaps_of(held: Iterable[Stretch]) -> list[Stretch]:
    """
    In which stretches, since the first of these began, did none of them hold?

    >>> gaps_of([(5, 9), (1, 3), (2, 4), (12, None)]), gaps_of([(1, 4)])
    ([(4, 5), (9, 12)], [(4, None)])
    """
    found: list[Stretch] = []
    reached: int | None = None
    is_first = True
    for begin, end in sorted(held, key=lambda one: one[0]):
        if is_first:
            reached, is_first = end, False
            continue
        if reached is None:
            break
        if begin > reached:
            found.append((reached, begin))
        reached = None if end is None else max(reached, end)
    return found if reached is None else [*found, (reached, None)]


def say_if_it_lapsed(case: Case, told: Mechanism, lapses: Sequence[Lapse]) -> Mechanism:
    """
    The same answer; a way that left the guest again is no pass.

    A failure where a peer lost the guest while it was gone, or where that happened more than once; once without harm
    is undecided, for what followed the way meanwhile is not in view.
    """
    counted = counted_lapses(case, lapses)
    if not counted or told.worked == "no":
        return told
    worked, words = what_is_said(case, counted)
    frames = [frame for lapse in counted for frame in lapse.frames]
    evidence = joined(told.evidence, sighted(frames))
    return msgspec.structs.replace(told, worked=worked, because=f"{told.because}, but {words}", evidence=evidence)


def counted_lapses(case: Case, lapses: Sequence[Lapse]) -> list[Lapse]:
    """Which of these are long enough, and no doing of the guest's next move? Two points that saw one count once."""
    until = _next_move(case)
    last = case.end
    found: list[Lapse] = []
    for lapse in sorted(lapses, key=lambda one: (one.begin, one.end is None)):
        if lapse.begin >= until or (last if lapse.end is None else lapse.end) - lapse.begin <= LEAST_NS:
            continue
        if found and (found[-1].end is None or lapse.begin < found[-1].end):
            continue
        found.append(lapse)
    return found


def what_is_said(case: Case, lapses: Sequence[Lapse]) -> tuple[Worked, str]:
    """What do these lapses, in the order of time, say of the way?"""
    lost = [one for one in case.suffered for lapse in lapses if is_lost_in(case, one, lapse.begin, lapse.end)]
    harmful = [lapse for lapse in lapses if any(is_lost_in(case, one, lapse.begin, lapse.end) for one in lost)]
    told = (harmful or lapses)[0]
    when = since(case.after(told.begin))
    back = f"and {told.again} {since(case.after(told.end))}" if told.end is not None else "so to the end of the view"
    words = f"{told.gone} {when}, {back}"
    if len(lapses) > 1:
        words += f", {count_of(len(lapses), 'time')} in all: it flaps"
    if harmful:
        streams = count_of(len(case.suffered), "stream")
        number = len({id(one) for one in lost})
        meanwhile = "meanwhile" if told.end is not None else "from then on"
        return "no", f"{words}; {number} of {streams} with its peers got no answer {meanwhile}"
    if len(lapses) > MOST_LAPSES:
        return "no", words
    if case.cut_off:
        return "undecided", f"{words}; {case.without_answer}: whether for that is not known"
    return "undecided", f"{words}; no peer was seen to lose it by that"


def is_lost_in(case: Case, one: Suffered, begin: int, end: int | None) -> bool:
    """Did this peer begin to get no answer within that stretch, on the reference clock?"""
    until = begin + SPREAD_NS if end is None else end
    return any(
        begin - BEFORE_NS <= lost <= until and (back is None or back > begin)
        for lost, back in _outages(case, one)
        if end is not None or back is None
    )


def lost_for_good(case: Case, one: Suffered) -> list[int]:
    """Since when, on the reference clock, does this peer get no answer, if it never did again?"""
    return [lost for lost, back in _outages(case, one) if back is None]


def _outages(case: Case, one: Suffered) -> list[Stretch]:
    """From when to when had this peer no answer, on the reference clock? Nothing where that is not known."""
    view = next((view for view in case.views if view.name == one.peer.point), None)
    if view is None or one.is_bypassed or one.is_dark:
        return []
    if one.stream is None:
        known = one.from_ts is not None and one.peer.outage_ms
        end = one.to_ts if one.ended else None
        return [(on_reference(view, one.from_ts), _placed(view, end))] if known and one.from_ts is not None else []
    found = []
    for outage in one.stream.outages:
        if outage.requests_stopped:
            continue
        end = outage.first_answer_ts if outage.ended else None
        seen_elsewhere = on_reference(*one.again) if one.again is not None and outage == one.outage else None
        back = _placed(view, end) if end is not None else seen_elsewhere
        found.append((on_reference(view, outage.first_unanswered_ts), back))
    return found


def _placed(view: PointView, ts: int | None) -> int | None:
    return None if ts is None else on_reference(view, ts)


def _next_move(case: Case) -> float:
    """When did the guest's next move begin, on the reference clock? Then its way is another migration's to tell."""
    later = [t.start for t in case.others if case.guest.mac in t.macs and t.end > case.moment and t.start > case.moment]
    return min(later, default=float("inf"))
