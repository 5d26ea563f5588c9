"""What each interruption of a switchover is called, and how its length is told."""

from typing import Final

from vmpcap.migration.results import Switchover
from vmpcap.report.words import figure, figure_bound

INTERRUPTIONS: Final = {
    "bracket": "switchover",
    "guest_silence": "guest silent",
    "peer_outage": "peers cut off",
    "relearn": "relearned",
    "stale_tail": "stale tail",
}
"""What each bracket of a switchover is called."""
UPPER_BOUNDS: Final = frozenset({"bracket"})
"""Of these, which are no measurement: the guest was gone within them, and no longer."""


def length_of(switchover: Switchover, name: str) -> float | None:
    """How long was this one of the interruptions, ms? Of an upper bound what the clocks leave open is a part."""
    length: float | None = switchover.at_most_ms if name in UPPER_BOUNDS else getattr(switchover, f"{name}_ms")
    return length


def interrupted(name: str, value_ms: float | None) -> str:
    """
    How long was this one of the interruptions? One that is an upper bound reads as one.

    >>> interrupted("bracket", 185.23), interrupted("relearn", 185.23)
    ('at most 186 ms', '185 ms')
    """
    if name in UPPER_BOUNDS and value_ms is not None:
        return f"at most {figure_bound(value_ms, 'ms', 'most')}"
    return figure(value_ms, "ms")
