"""Up to which of its frames was the guest certainly at its old place? A pause before that is not its absence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.packets.crossings import crossed
from vmpcap.migration.sightings import announced_among, frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LastAtOld:
    """The last frame that the guest sent to somebody by its old bridge, before anything showed it at the new one."""

    view: PointView
    ts: int


def find_last_at_old(guest: Moved, views: Sequence[PointView], moment: int) -> LastAtOld | None:
    """
    When did the guest last send from its old place, as a point there shows it?

    None without a point at the new place that saw it too: it tells until when what passes the old bridge came from
    there. Unicast only: what goes to everybody comes to the old bridge from the new place as well.
    """
    firsts = [(v, sent) for v in views if v.role == "domain:destination" and len(sent := _to_somebody(v, guest))]
    if not firsts:
        return None
    found = []
    for view in views:
        sent = _to_somebody(view, guest) if view.role == "domain:source" else np.zeros(0, np.int64)
        ends = [on_point(view, moment)]
        for there, first in firsts:
            at = int(there.journal.ts_ns[first[0]])
            doubt = clock_doubt(there, at, view)
            if doubt is None:
                break
            ends.append(on_clock_of(view, there, at) - doubt)
        else:
            sent = sent[view.journal.ts_ns[sent] < min(ends)]
            found += [LastAtOld(view, int(view.journal.ts_ns[sent[-1]]))] if len(sent) else []
    return max(found, key=lambda last: on_reference(last.view, last.ts), default=None)


def count_from_old(last: LastAtOld | None, view: PointView, guest: Moved, moment: int) -> int:
    """
    How many of the guest's frames here, in the order of time, came from its old place: up to the last that surely did?

    Those that passed here before its last frame at the old bridge did, and that frame.
    """
    if last is None:
        return 0
    sent, ts = frames_of(view, guest).sent, view.journal.ts_ns
    if view.name == last.view.name:
        return int(np.searchsorted(ts[sent], last.ts, "right"))
    doubt = clock_doubt(last.view, last.ts, view)
    if doubt is None:
        return 0
    sooner = int(np.searchsorted(ts[sent], on_clock_of(view, last.view, last.ts) - doubt, "right"))
    there = _to_somebody(last.view, guest)
    same = crossed(last.view, view, there[last.view.journal.ts_ns[there] <= last.ts][-1:], moment)
    if same is None or not same.any() or view.role == "domain:destination":
        return sooner
    own = sent[((view.journal.eth_dst[sent] & GROUP_BIT) == 0) & (np.arange(len(sent)) >= sooner)][:1]
    is_last = crossed(view, last.view, own, moment)
    return sooner if is_last is None or not is_last.any() else int(np.flatnonzero(sent == own[0])[0]) + 1


def _to_somebody(view: PointView, guest: Moved) -> I64:
    """Which unicast frames of the guest itself passed here? Rows of the journal, by time."""
    sent = frames_of(view, guest).sent
    is_unicast = (view.journal.eth_dst[sent] & GROUP_BIT) == 0
    own: I64 = sent[is_unicast & ~announced_among(view, guest, sent)]
    return own
