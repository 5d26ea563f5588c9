"""A guest that fell silent for good at its new place, while what is for it still arrived there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.migration.marks import RUNS_UNSEEN_NS
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.packets.exchanges import wants_answer
from vmpcap.migration.sightings import delivered, frames_of
from vmpcap.migration.views import PointView, is_compared
from vmpcap.terms.units import NS_PER_S, count_of

LEAST_ASKED: Final = 3
LEAST_SILENT_NS: Final = NS_PER_S
"""Requests without an answer count as proof from so many over so long, to the capture's end."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """Where it shows that the way to the guest held, in words, and frames: its last, and what came after."""

    because: str
    point: str
    frames: tuple[int, ...]
    after_s: float = 0.0
    """How long after the switchover its last frame came."""


def find_silenced(guest: Moved, views: Sequence[PointView], moment: int) -> Silenced | None:
    """
    Did the guest speak at its new place, and then no more, though requests for it arrived there to the end?

    None where another point shows it later: then it moved on, or its answers go another way. A point at its host's
    uplink does not tell the guest from its host.
    """
    for view in views:
        if view.role != "domain:destination" or view.goes_on or view.left_out or not view.journal_complete:
            continue
        j, sent = view.journal, frames_of(view, guest).sent
        if not len(sent) or j.ts_ns[sent].max() <= on_point(view, moment):
            continue
        last = sent[np.argmax(j.ts_ns[sent])]
        ended = int(j.ts_ns[last])
        came = delivered(view, guest, ended + 1)
        came = came[wants_answer(j, came)]
        if len(came) < LEAST_ASKED or int(j.ts_ns[came[-1]]) - ended < LEAST_SILENT_NS:
            continue
        if any(_speaks_after(guest, other, view, ended) for other in views if other is not view):
            continue
        late = (on_reference(view, ended) - moment) / NS_PER_S
        because = (
            f"{count_of(len(came), 'packet')} for it that wanted an answer came to {view.name} after its own last "
            f"frame there (frame {int(j.frame[last])}, {late:.1f} s after the switchover): the way to it held, and "
            "the guest, or its host, fell silent; why is not in view"
        )
        return Silenced(because, view.name, (int(j.frame[last]), int(j.frame[came[0]]), int(j.frame[came[-1]])), late)
    return None


def _speaks_after(guest: Moved, other: PointView, view: PointView, ended: int) -> bool:
    """Does this point show the guest after that time of the other, or may it, by a clock that nothing compares?"""
    times = other.journal.ts_ns[frames_of(other, guest).sent]
    if not is_compared(other, view):
        return bool(len(times))
    return bool((times > on_point(other, on_reference(view, ended)) + RUNS_UNSEEN_NS).any())
