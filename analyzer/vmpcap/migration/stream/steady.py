"""Whether a point's clock ran on while the stream ran: by one that was set meanwhile no rate is known."""

import math
from typing import TYPE_CHECKING, Final

from vmpcap.migration.stream.transfers import Transfer
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS

if TYPE_CHECKING:
    from vmpcap.migration.stream.moves import Sighting

LEAST_SET_NS: Final = NS_PER_MS
LEAST_SHARE: Final = 0.005
"""Share of the stream's time by which a clock must have been set, so that no rate is told by it."""


def why_unsteady(sighting: "Sighting") -> str:
    """
    What says that this point's clock was set while the stream ran, by so much that no rate is known? Empty: nothing.

    The order of the capture tells of clocks that were set back; what other points show of those that were set forward,
    too. Where it may as well have been the other point's clock, neither is believed.
    """
    view, transfer = sighting.view, sighting.transfer
    begin, end = transfer.start_ts, transfer.end_ts
    shown = [before - after for before, after, _, frame in view.set_backs.tolist() if _is_within(transfer, frame)]
    longest = max(end - begin, *shown, 0) if shown else end - begin
    least = max(LEAST_SET_NS, int(LEAST_SHARE * longest))
    if max(shown, default=0) > least:
        least_ms = math.floor(max(shown) / NS_PER_MS)
        return f"the clock at {view.name} was set back by at least {least_ms:,} ms while the stream ran"
    for one in view.line.sets:
        is_told = not one.is_again and not one.is_blur and one.lies_between(begin, end)
        if is_told and max(abs(one.low_ns), abs(one.high_ns)) > least:
            by = (one.low_ns + one.high_ns) / 2 / NS_PER_MS
            whose = "was set" if one.is_sure else "or another's beside it was set"
            return f"the clock at {view.name} {whose} by {by:+,.0f} ms while the stream ran"
    return ""


def was_set_back_near(view: PointView, when: int) -> bool:
    """
    Was this point's clock set back so near to a time of it that it may have been then?

    By the order of the capture alone: nothing tells by how much, but that it was by so much at least.
    """
    return any(
        after - (before - after) <= when <= before + (before - after) for before, after, _, _ in view.set_backs.tolist()
    )


def shows_twice(view: PointView, begin: int, end: int) -> bool:
    """Did this point's clock, which was set back, show times between these two twice?"""
    return any(after < end and begin < before for before, after, _, _ in view.set_backs.tolist())


def _is_within(transfer: Transfer, frame: int) -> bool:
    """Does the stream go on over this frame of the file?"""
    return any(
        link.connection.first_frame < frame <= max(side.last_frame or 0 for side in link.connection.sides)
        for link in transfer.links
    )
