"""Answers of the guest that got no further than some point: which of a peer's requests they were to, and where."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.causes.asked import Asked, Evidence, Scene
from vmpcap.migration.clocks import all_on_clock_of, clock_doubt
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.packets.requests import answers_to
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

NEW_PLACE = "domain:destination"
OLD_PLACE = "domain:source"
OF_THE_STREAM = ("source", "destination")

UNDER_WAY_NS: Final = 50 * NS_PER_MS
"""What the guest sent so shortly before the outage began may come in it; so shortly before it ended, end it."""

MOSTLY: Final = 10
"""So many times as often as not is as good as always."""

Answers = tuple[PointView, I64, U64]
"""A point, and of each answer there: when, by the clock of the peer's point, and what it is known again by."""


def lost_answers(asked: Asked, scene: Scene, answered: Bools, shows: str) -> list[Evidence]:
    """
    Which of these answered requests have answers that passed the new place and never the peer's point?

    A host may show several TCP segments as one, which are other packets elsewhere: of a connection all count as lost
    where nothing at all of the guest came through for as long as it sent.
    """
    views = [view for view in scene.views if view.role not in OF_THE_STREAM]
    at = _on_their_way([_answers(view, asked, scene) for view in views])
    arrived = next((keys for view, _, keys in at if view.name == asked.view.name), None)
    if arrived is None:
        return []
    if asked.stream.manner == "connection":
        return _lost_segments(asked, at, answered, shows)
    lost, which = np.zeros(0, np.uint64), np.zeros(len(asked.ts), np.bool_)
    for view, ts, keys in at:
        if view.role == NEW_PLACE:
            gone = ~np.isin(keys, arrived) & (ts >= asked.edges[0]) & (ts < asked.edges[-1])
            which[np.searchsorted(asked.edges, ts[gone], side="right") - 1] = True
            lost = np.union1d(lost, keys[gone])
    which &= answered
    if not which.any():
        return []
    if which.sum() > MOSTLY * (answered & ~which).sum():
        which = answered  # an answer may come later than the next request
    says = f"the guest answered, and its answers were {_where(at, lost, asked)}"
    return [Evidence("answers", which, f"{shows}; {says}", says)]


def _lost_segments(asked: Asked, at: Sequence[Answers], answered: Bools, shows: str) -> list[Evidence]:
    """The same of a connection: nothing that the guest sent in it came through, until shortly before the end."""
    begin, end = int(asked.edges[0]) + UNDER_WAY_NS, int(asked.edges[-1]) - UNDER_WAY_NS
    sent = {view.name: keys[(ts >= begin) & (ts < end)] for view, ts, keys in at}
    by_guest = [sent[view.name] for view, _, _ in at if view.role == NEW_PLACE and len(sent[view.name])]
    if not by_guest or len(sent[asked.view.name]):
        return []
    passed = [view.name for view, _, _ in at if len(sent[view.name])]
    missed = [view.name for view, _, _ in at if not len(sent[view.name])]
    says = f"the guest answered, and nothing of it came through: {_between(at, passed, missed, asked)}"
    return [Evidence("answers", answered, f"{shows}; {says}", says)]


def _answers(view: PointView, asked: Asked, scene: Scene) -> Answers:
    rows = answers_to(view, scene.guest_at(view), asked.stream)
    return view, all_on_clock_of(asked.view, view, view.journal.ts_ns[rows]), packet_keys(view.journal, rows)


def _on_their_way(at: Sequence[Answers]) -> list[Answers]:
    """
    Which of these points do answers from the new place have to pass: those that show any?

    The old place only where it shows answers from the new one. A peer whose stream was seen there first, and at the new
    place since, is beyond neither.
    """
    sent = np.concatenate([np.zeros(0, np.uint64), *(keys for view, _, keys in at if view.role == NEW_PLACE)])
    return [one for one in at if len(one[2]) and (one[0].role != OLD_PLACE or np.isin(sent, one[2]).any())]


def _where(at: Sequence[Answers], lost: U64, asked: Asked) -> str:
    """Between which of these points were these answers lost?"""
    passed = [view.name for view, _, keys in at if np.isin(lost, keys).any()]
    missed = [view.name for view, _, keys in at if not np.isin(lost, keys).any()]
    return _between(at, passed, missed, asked)


def _between(known: Sequence[Answers], passed: Sequence[str], missed: Sequence[str], asked: Asked) -> str:
    """Between which two of these points did they end? An answer that came through all of them tells their order."""
    through = known[0][2]
    for _, _, keys in known[1:]:
        through = np.intersect1d(through, keys)
    end = int(asked.edges[-1])
    if not len(through) or any(clock_doubt(asked.view, end, view) is None for view, _, _ in known):
        return f"seen at {', '.join(passed)} and never at {', '.join(missed)}"
    when = {view.name: int(ts[keys == through[-1]][0]) for view, ts, keys in known}
    return f"lost between {max(passed, key=when.__getitem__)} and {min(missed, key=when.__getitem__)}"
