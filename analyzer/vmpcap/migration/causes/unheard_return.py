"""Guests whose first sign at their new place may come long after they were back: nothing announced it, nobody asked."""

from typing import Final

from vmpcap.migration.causes.asked import Scene
from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.guest.probes import probes_at
from vmpcap.migration.marks import Mark
from vmpcap.migration.sightings import delivered
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

LONG_NS: Final = NS_PER_S
"""A choice: a guest that is heard so soon after its last frame before is told as away until then."""
ANNOUNCED_NS: Final = NS_PER_S
"""An announcement so soon after the guest's own first frame is the one that its host makes as it begins to run."""
ANSWERED_NS: Final = 50 * NS_PER_MS
"""What came to it so shortly before its first frame may be what that answers."""

SAYS: Final = "no host ran the guest, or it ran and nobody heard of it"


def why_unheard(scene: Scene, sign: Mark, last: Mark | None) -> str:
    """
    Why may the guest have run before its first sign at the new place? Empty where that shows when it began to.

    Its host announces it then. A guest that is not announced speaks when it has something to say or is asked: what goes
    to its old place draws no answer. So its silence is its absence where it was short, or a request came to it.
    """
    if last is None or _is_announced(scene, sign) or _was_asked(scene, sign, last):
        return ""
    apart = elapsed_between(last.view, last.ts, sign.view, sign.ts)
    if apart is None or apart.ns < LONG_NS:
        return ""
    return (
        f"nothing announced it then, and nothing for it came to {sign.view.name} before: whether it had run for long,"
        " unheard, is not known"
    )


def _is_announced(scene: Scene, sign: Mark) -> bool:
    """Is this frame an announcement's first, or a probe as a link comes up, or does one follow soon, wherever heard?"""
    if sign.ts in probes_at(sign.view, scene.guest.mac):
        return True
    for view, series in scene.guest.heard:
        after = elapsed_between(sign.view, sign.ts, view, series.first_ts)
        if after is not None and -NS_PER_MS - after.uncertainty_ns <= after.ns <= ANNOUNCED_NS:
            return True
    return False


def _was_asked(scene: Scene, sign: Mark, last: Mark) -> bool:
    """Did a packet for the guest come to where it was heard, between the two, and draw no answer?"""
    apart = elapsed_between(last.view, last.ts, sign.view, sign.ts)
    if apart is None:
        return False
    view, since = sign.view, sign.ts - apart.ns
    rows = delivered(view, scene.guest_at(view), since)
    return bool((view.journal.ts_ns[rows] < sign.ts - ANSWERED_NS).any())
