"""Was the guest announced at its new place while it still ran at its old one?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vmpcap.announcements.series import Series
from vmpcap.migration.clocks import elapsed_between, order_not_known
from vmpcap.migration.conflicts import may_lack, strays_at
from vmpcap.migration.guests import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.points.timeline import Elapsed
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, ms

LATEST_NS = 60 * NS_PER_S
"""What the guest's MAC sends at the old place later than this is a second place, not an early announcement."""


@dataclass(frozen=True, slots=True)
class Early:
    """How early the announcement was, or why nobody can say: early_ms is None then, negative where it was not early."""

    early_ms: float | None
    because: str
    point: str = ""
    frames: tuple[int, ...] = ()


def find_early_announcement(
    guest: Moved, views: Sequence[PointView], stream: tuple[PointView, int] | None = None
) -> Early:
    """
    How long did the guest go on sending at its old place after its first announcement?

    Parameters
    ----------
    stream : where the stream's last data was seen, and when, on that point's clock

    Notes
    -----
    It takes a point in each domain on clocks that can be compared: in a stretched domain the guest's frames from its
    new place pass the old one too, and are told by their identification. Where the clocks do not tell the order of the
    two frames, nobody knows. A guest that is silent until its stun is not caught: the figure leans low. Where its
    announcement came while the stream still ran, that is said instead of a pass: some hypervisors run it before the
    rest of its memory has come.
    """
    first = guest.first_heard
    old = next((v for v in views if v.role == "domain:source"), None)
    new = next((v for v in views if v.role == "domain:destination"), None)
    if first is None:
        return Early(None, "no announcement was seen")
    if old is None or new is None or guest.mac == NO_MAC:
        return Early(None, "it takes a point in each of the two domains to see the guest at its old place still")
    if new.drops or new.missing or new.truncated or not new.journal_complete:
        return Early(None, f"{new.name} does not show every frame of the guest")
    announced = on_reference(first[0], first[1].first_ts)
    j = old.journal
    latest = on_point(old, announced) + LATEST_NS
    late = [row for row in strays_at(old, new, guest, announced) if j.ts_ns[row] <= latest]
    lacking = may_lack(old, new, guest, late)
    if lacking:
        return Early(None, lacking)
    if late:
        after = _since(first, old, int(j.ts_ns[late[-1]]))
        if after is not None and not after.is_later:
            return Early(None, order_not_known(after))
        early = ms(after.ns) if after is not None else ms(int(j.ts_ns[late[-1]]) - on_point(old, announced))
        because = f"the guest still sent at {old.name} {early:.1f} ms after it was announced at its new place"
        return Early(early, because, old.name, (int(j.frame[late[0]]), int(j.frame[late[-1]])))
    sent = frames_of(old, guest).sent
    before = sent[j.ts_ns[sent] <= on_point(old, announced)]
    if not len(before):
        return Early(None, f"the guest sent nothing at {old.name} before it was announced")
    last = int(before[np.argmax(j.ts_ns[before])])
    after = _since(first, old, int(j.ts_ns[last]))
    if after is not None and after.is_later is not False:
        return Early(None, order_not_known(after))
    running = _while_it_ran(first, stream)
    if running:
        return Early(None, running, first[0].name, (first[1].frames[0],))
    waited = ms(on_point(old, announced) - int(j.ts_ns[last])) if after is None else ms(-after.ns)
    because = f"the announcement came {waited:.1f} ms after the guest's last frame at {old.name}"
    return Early(-waited if waited is not None else None, because, old.name, (int(j.frame[last]),))


def _since(first: tuple[PointView, Series], view: PointView, ts: int) -> Elapsed | None:
    """How long after the first announcement was that? None where the clocks were not compared."""
    return elapsed_between(first[0], first[1].first_ts, view, ts)


RUNNING_NS: Final = 100 * NS_PER_MS
"""So long before the stream's last data an announcement is not one of its end."""


def _while_it_ran(first: tuple[PointView, Series], stream: tuple[PointView, int] | None) -> str:
    """Did the first announcement come while the stream still carried memory? Empty where nothing shows that."""
    if stream is None:
        return ""
    view, last_ts = stream
    left = elapsed_between(first[0], first[1].first_ts, view, last_ts)
    ahead = on_reference(view, last_ts) - on_reference(first[0], first[1].first_ts) if left is None else left.ns
    if ahead <= RUNNING_NS or (left is not None and left.is_later is not True):
        return ""
    return (
        f"the first announcement came {ahead / NS_PER_MS:.0f} ms before the stream's last data, and the guest sent"
        " nothing at its old place after it: too early, unless the hypervisor runs it before all of its memory has come"
        " (post-copy)"
    )
