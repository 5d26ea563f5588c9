"""A guest that only its old place heard announced, and that answers the same peers past another point since."""

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
NEW_ROLES: Final = ("domain:destination", "destination")
"""At which places the guest can pass for the first time only if it runs there."""
LEAST_BEFORE: Final = 3
"""So many packets to a peer passed the old place while another point, which was captured by then, showed none."""
MOST_TRIED: Final = 100
"""So many packets are asked whether they came later for certain: the first ones may be too near to tell."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A packet of the guest to a peer that its old place no longer shows."""

    point: str
    frame: int
    is_new: bool
    """Whether it passed a point at the destination that showed nothing of the kind before: then the guest moved."""
    because: str


def answers_elsewhere(guest: Moved, views: Sequence[PointView]) -> Elsewhere | None:
    """
    Where does a guest answer whose announcements only its old place heard, while its answers no longer pass there?

    One that stayed or came back goes on there: what it sent to this peer passed there before. None where nothing was
    heard at its old place, or the capture there ends first.

    Notes
    -----
    A host that puts its guest on another of its uplinks announces it too, and its packets leave the old port as well.
    So a client's point, or one on the way, proves no other host.
    """
    heard = [(view, series) for view, series in guest.heard if view.role in OLD_ROLES and view.journal_complete]
    tried = (_answered_at(view, *old, guest) for view in views if view.role not in OLD_ROLES for old in heard)
    found = [one for one in tried if one is not None]
    return next((one for one in found if one.is_new), found[0] if found else None)


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
    peers = _no_more(old, series, guest)
    new = [peer for peer in peers.tolist() if _is_new_to(view, old, peer, guest)] if view.role in NEW_ROLES else []
    rows = rows[np.isin(j.dst_low[rows], np.array(new, np.uint64) if new else peers)]
    for row in (*rows[:MOST_TRIED].tolist(), *rows[-1:].tolist()):
        later = elapsed(old.line, series.first_ts, view.line, int(j.ts_ns[row]))
        if later is not None and later.is_later:
            peer, frame = ip_text(int(j.dst_high[row]), int(j.dst_low[row])), int(j.frame[row])
            passes = f"what it sends to {peer} passes {view.name} afterwards (frame {frame}) and no more {old.name}"
            because = (
                f"{passes}, as it did before: it runs elsewhere than behind {old.name}"
                if new
                else f"{passes}; a host whose uplink failed over from one port to another looks the same"
            )
            return Elsewhere(view.name, frame, bool(new), because)
    return None


def _is_new_to(view: PointView, old: PointView, peer: int, guest: Moved) -> bool:
    """Did this point show nothing of the guest to that peer, in a time when its packets to it passed the old place?"""
    if not view.journal_complete or view.left_out:
        return False
    there, here = frames_of(old, guest).sent_ip, frames_of(view, guest).sent_ip
    before = np.sort(old.journal.ts_ns[there[old.journal.dst_low[there] == np.uint64(peer)]])
    own = view.journal.ts_ns[here[view.journal.dst_low[here] == np.uint64(peer)]]
    if len(before) < LEAST_BEFORE:
        return False
    first, last = (on_point(view, on_reference(old, int(before[at]))) for at in (-LEAST_BEFORE, -1))
    return view.first_ts < first and not bool((own < last).any())
