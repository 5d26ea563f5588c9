"""Requests of the time in which all that the guest sent from its new place died on one segment."""

import numpy as np

from vmpcap.migration.causes.asked import Asked, Evidence, Scene
from vmpcap.migration.causes.request_hits import every_one, hits, hits_at, is_for_guest
from vmpcap.migration.causes.sought import sought
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.packets.closed_ways import UNDER_WAY_NS
from vmpcap.migration.views import is_compared


def died_on_the_way(asked: Asked, scene: Scene) -> list[Evidence]:
    """
    Which requests came to where the guest's frames would have come out, or were held there, while none of these did?

    What is answered on such a way is not heard, and nobody beyond can learn from it where the guest is.
    """
    closed = scene.closed
    if closed is None or not is_compared(closed.here, asked.view):
        return []
    begin, end = (on_clock_of(asked.view, closed.here, ts) for ts in (closed.first.ts, closed.end_ts))
    arrived, _ = hits(asked, ("domain:destination",), is_for_guest(scene))
    there, _ = hits_at(asked, [closed.beyond.name], every_one)
    held, _ = sought(asked, scene, (closed.beyond.role,))
    which = (there | held) & ~arrived & (asked.ts >= begin - UNDER_WAY_NS) & (asked.ts < end)
    return [Evidence("closed_way", np.asarray(which, np.bool_), closed.words, closed.says)]
