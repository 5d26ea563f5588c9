"""Requests of a time in which the guest had been announced at its new place, and nothing shows that it ran there."""

from typing import Final

import numpy as np

from vmpcap.migration.causes.asked import Asked, Evidence, Scene, back_of
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.views import is_compared

SAYS: Final = "it had been announced at its new place, and nothing shows that it ran there yet"


def not_shown_to_run(asked: Asked, scene: Scene) -> list[Evidence]:
    """Requests sent since its host announced it and before it said anything there itself: it ran, or it did not."""
    first, back = scene.unproven, back_of(asked, scene)
    if first is None or back is None or not is_compared(first.view, asked.view):
        return []
    since = on_clock_of(asked.view, first.view, first.ts)
    # a request stands for the time until the next: the one under way as the announcement came was drawn away by it
    begin = int(asked.ts[max(int(np.searchsorted(asked.ts, since, side="right")) - 1, 0)])
    which = (asked.ts >= min(begin, since)) & (asked.ts < back)
    shows = f"announced by its host: {first.view.name} frame {first.frame}; no clock that was compared tells when its"
    return [Evidence("unexplained", which, f"{shows} stream ended", SAYS)]
