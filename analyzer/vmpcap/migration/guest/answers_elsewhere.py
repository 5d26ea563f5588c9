"""A guest that was announced, and that answers the same peers past another point than its old place's: it moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.series import Series
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.timeline import elapsed
from vmpcap.terms.addresses import ip_text

OLD_ROLES: Final = ("domain:source", "source")
"""Where a guest that stayed, or came back, would go on."""
MOST_TRIED: Final = 100
"""So many packets are asked whether they came later for certain: the first ones may be too near to tell."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A packet of the guest to a peer that its old place no longer shows."""

    point: str
    frame: int
    because: str


def answers_elsewhere(guest: Moved, views: Sequence[PointView]) -> Elsewhere | None:
    """
    Where does a guest answer whose announcements only its old place heard, while its answers no longer pass there?

    One that stayed or came back goes on there: what it sent to this peer passed there before. None where nothing was
    heard at its old place, or the capture there ends first.
    """
    heard = [(view, series) for view, series in guest.heard if view.role in OLD_ROLES and view.journal_complete]
    found = (_answered_at(view, *old, guest) for view in views if view.role not in OLD_ROLES for old in heard)
    return next((one for one in found if one is not None), None)


def _no_more(old: PointView, series: Series, guest: Moved) -> npt.NDArray[np.uint64]:
    """To which peers did the guest send past its old place, until it was announced and not after that?"""
    j, sent = old.journal, frames_of(old, guest).sent_ip
    is_after = j.ts_ns[sent] >= series.first_ts
    return np.setdiff1d(j.dst_low[sent[~is_after]], j.dst_low[sent[is_after]])


def _answered_at(view: PointView, old: PointView, series: Series, guest: Moved) -> Elsewhere | None:
    """Which packet of the guest passed here after its announcement, to a peer that it served past its old place?"""
    j, sent = view.journal, frames_of(view, guest).sent_ip
    since = on_point(view, on_reference(old, series.first_ts))
    until = on_point(view, on_reference(old, old.last_ts))
    rows = sent[(j.ts_ns[sent] > since) & (j.ts_ns[sent] < until)]
    rows = rows[np.isin(j.dst_low[rows], _no_more(old, series, guest))]
    for row in (*rows[:MOST_TRIED].tolist(), *rows[-1:].tolist()):
        later = elapsed(old.line, series.first_ts, view.line, int(j.ts_ns[row]))
        if later is not None and later.is_later:
            peer, frame = ip_text(int(j.dst_high[row]), int(j.dst_low[row])), int(j.frame[row])
            because = (
                f"what it sends to {peer} passes {view.name} afterwards (frame {frame}) and no more {old.name}, as it"
                f" did before: it runs elsewhere than behind {old.name}"
            )
            return Elsewhere(view.name, frame, because)
    return None
