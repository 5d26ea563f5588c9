"""When the peers that a move interrupted were answered again: each by itself, and the way for all of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vmpcap.migration.moved import on_reference
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS


class Return(NamedTuple):
    """One stream's return, on the reference clock."""

    lost: int
    """The last that is known of it to have been asked in vain."""
    back: int
    """When the way was free again, as far as this peer shows."""
    is_asked: bool
    """Whether it shows that itself: of a service that is told as one, only the last connection in vain is known."""


def returns_of(suffered: Sequence[Suffered], views: Sequence[PointView]) -> list[Return]:
    """
    Of each interrupted peer: when was it answered again?

    Not of a connection that only waited for its timer by then: `_way_was_free`.
    """
    by_name = {view.name: view for view in views}
    ends = [
        (s, on_reference(*s.again) if s.again is not None else on_reference(by_name[s.peer.point], s.to_ts))
        for s in suffered
        if s.ended and s.to_ts is not None and s.from_ts is not None and s.peer.point in by_name
    ]
    of_peer: dict[str, list[tuple[Suffered, int]]] = {}
    for one in ends:
        of_peer.setdefault(one[0].peer.peer, []).append(one)
    return [
        Return(_last_lost(s, by_name[s.peer.point]), _way_was_free(s, end, of_peer[s.peer.peer]), not s.opened)
        for s, end in ends
    ]


def free_since(returns: Sequence[Return]) -> int | None:
    """
    From when on is nothing known to be lost that any of them asked, by the first that was answered then?

    Who asks seldom, or waits for TCP's timer, tells later than it could.
    """
    lost = max((one.lost for one in returns), default=None)
    if lost is None:
        return None
    return min((one.back for one in returns if one.is_asked and one.back >= lost), default=None)


def _last_lost(one: Suffered, point: PointView) -> int:
    view = one.view if one.view is not None else point
    outage = one.outage if one.outage is not None else one.joined
    if outage is not None and one.stream is not None:
        first, asked = outage.first_answered_ts, one.stream.asked_ts
        lost = asked[: np.searchsorted(asked, first)] if first is not None else asked
        if len(lost):
            return on_reference(view, int(lost[-1]))
    least = round((one.peer.outage_low_ms or 0.0) * NS_PER_MS)
    return on_reference(view, (one.from_ts or 0) + least)


def _way_was_free(one: Suffered, end: int, of_peer: Sequence[tuple[Suffered, int]]) -> int:
    """
    By when was the way between this peer and the guest free again?

    TCP sends again ever less often. Where another stream of the same peer was answered between the last segment that
    was lost and the first that was answered, the rest of that wait is the connection's own.
    """
    if one.stream is None or one.stream.manner != "connection" or one.outage is None or one.view is None:
        return end
    first, asked = one.outage.first_answered_ts, one.stream.asked_ts
    lost = asked[: np.searchsorted(asked, first)] if first is not None else asked
    waits_since = on_reference(one.view, int(lost[-1])) if len(lost) else end
    same = (at for other, at in of_peer if other is not one)
    return min((at for at in same if waits_since < at < end), default=end)
