"""Routers that died in silence: what they told stands with their neighbours until the hold time of the session ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import msgspec

from vmpcap.announcements.routes.holds import hold_seconds, router_of_frame
from vmpcap.migration.mechanisms.case import Case, joined, sighted, since, span
from vmpcap.migration.mechanisms.lapses import is_lost_in
from vmpcap.migration.mechanisms.route_claims import LINK_STATE, Claim, words_of
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, count_of

HELD_BY: Final = {"ospf": "dead interval", "eigrp": "hold time", "isis": "holding time", "bgp": "hold time"}
"""Protocols in which a neighbour that says nothing is given up after a time, and the protocol's word for that time."""
USUAL_TIMES: Final = 2
"""A router that is silent for so many times its longest pause before was not heard when it should have been."""
HOLDS_S: Final = {"ospf": 40, "eigrp": 15, "isis": 30, "bgp": 180}
"""
What these times are by default, where no frame tells (RFC 2328 C.3, RFC 7868 5.3.1, RFC 4271 10 with the keepalive of
a third, FRR's): a router speaks at least twice in two thirds of it, so that what is shorter is no silence.
"""
LEAST_HEARD: Final = 3
"""From so many frames on it is known how often it speaks."""
LATE_NS: Final = 5 * NS_PER_S
"""Whoever is heard so long after the guest moved had a word to take back what it told."""


@dataclass(frozen=True, slots=True)
class LastWord:
    """The last frame that a router sent, when on the reference clock, and the hold time that it had told."""

    view: PointView
    frame: int
    ts: int
    hold_s: int | None


def say_who_fell_silent(case: Case, name: str, said: Mechanism, old: Sequence[Claim]) -> Mechanism:
    """The same answer; of an old way whose router was heard no more, it says since when, and what that means."""
    if said.worked == "yes" or name not in HELD_BY:
        return said
    words, frames = [], []
    for claim in old:
        last = _last_word(case, name, claim)
        if last is None:
            continue
        held = f"the {HELD_BY[name]}"
        held += f" of {last.hold_s} s that it told" if last.hold_s is not None else ", which is not in view,"
        text = (
            f"{words_of(name, claim)} was last heard {since(case.after(last.ts))} (frame {last.frame} at "
            f"{last.view.name}) and took nothing back: its neighbours keep its way until {held} ends"
        )
        if claim.down is not None and claim.down > last.ts:
            text += f"; it went {span(claim.down - last.ts)} after that"
        words.append(text)
        frames.append((last.view, last.frame))
    if not words:
        return said
    evidence = joined(said.evidence, sighted(frames))
    return msgspec.structs.replace(said, because="; ".join([said.because, *words]), evidence=evidence)


def say_if_new_fell_silent(case: Case, name: str, said: Mechanism, new: Claim) -> Mechanism:
    """
    The same answer; no pass where the new router took nothing back but fell silent, and peers were lost with it.

    Not a failure of what it told: it, or the way to it, died.
    """
    if said.worked == "no" or name not in HELD_BY or new.down is not None:
        return said
    last = _last_word(case, name, new, around_move=False)
    if last is None or last.ts < case.moment:
        return said
    lost = [one for one in case.suffered if is_lost_in(case, one, last.ts, None)]
    if not lost:
        return said
    because = (
        f"{said.because}, but {words_of(name, new)} was last heard {since(case.after(last.ts))} (frame {last.frame} at"
        f" {last.view.name}) and took nothing back; {len(lost)} of {count_of(len(case.suffered), 'stream')} with its"
        " peers got no answer from then on: it, or the way to it, seems to have failed"
    )
    evidence = joined(said.evidence, sighted([(last.view, last.frame)]))
    return msgspec.structs.replace(said, worked="undecided", because=because, evidence=evidence)


def _last_word(case: Case, name: str, claim: Claim, around_move: bool = True) -> LastWord | None:
    """When was the router behind that claim last heard, if it fell silent around the move? None while it speaks on."""
    router = claim.claimant if name in LINK_STATE else claim.first.what.sender
    found: list[LastWord] = []
    for view in case.views:
        own = [frame for frame in view.control.of(name) if router_of_frame(frame) == router]
        if len(own) < LEAST_HEARD or name in view.control.left_out:
            continue
        gone = claim.taken_back
        if gone is not None and gone.view is view and any(frame.frame == gone.what.frame for frame in own):
            return None  # its own word
        times = [frame.ts_ns for frame in own]
        usual = max(after - before for before, after in pairwise(times))
        silent = view.last_ts - times[-1]
        hold = next((one for one in map(hold_seconds, reversed(own)) if one is not None), None)
        least = (hold or HOLDS_S[name]) * NS_PER_S * 2 // 3
        if silent <= max(USUAL_TIMES * usual, least):
            return None
        if around_move and times[-1] > on_point(view, case.moment) + LATE_NS:
            return None
        found.append(LastWord(view, own[-1].frame, on_reference(view, times[-1]), hold))
    return max(found, key=lambda one: one.ts, default=None)
