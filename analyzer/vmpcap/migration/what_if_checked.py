"""How far was the model of other links off, where that could be checked?"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Off:
    """Of one figure: by which share of the real one it was off, over pairs of migrations on links of unlike rates."""

    figure: str
    median: float
    nine_of_ten: float
    """Nine of ten were off by no more."""
    inside: float
    """So many of the real ones lay between low and high."""


PAIRS: Final = 136
RATES_MBPS: Final = (200, 900)
CHECKED: Final = (
    Off("goodput", 0.16, 0.29, 0.66),
    Off("duration", 0.13, 0.49, 0.66),
    Off("switchover", 0.13, 0.57, 1.0),
)
"""
QEMU in the laboratory, by `benchmarks/what_if.py`: 18 migrations of one guest, each told from each other on a link of
another rate. docs/how-to/what-if.md has the whole table.
"""
CHECKED_ON: Final = "qemu"


def in_short(hypervisor: str, has_switchover: bool) -> str:
    """What is said of it in a line?"""
    if hypervisor != CHECKED_ON:
        return "nobody has checked it for this hypervisor"
    off = {one.figure: f"{one.median:.0%}" for one in CHECKED}
    words = f"where it was checked on other rates, off by {off['duration']} in the median"
    return f"{words}, the switchover by {off['switchover']}" if has_switchover else words


def how_far_off(hypervisor: str, has_switchover: bool) -> str:
    """What is said of it beside the figures?"""
    told = [one for one in CHECKED if has_switchover or one.figure != "switchover"]
    parts = ", ".join(
        f"{one.figure} off by {one.median:.0%} in the median, nine of ten by at most {one.nine_of_ten:.0%}"
        for one in told
    )
    narrow = min(one.inside for one in told)
    words = (
        f"in {PAIRS} pairs of real QEMU migrations on links of unlike rates ({RATES_MBPS[0]} to {RATES_MBPS[1]} Mbps):"
        f" {parts}; {1 - narrow:.0%} of the real durations and goodputs lay outside of the range"
    )
    return words if hypervisor == CHECKED_ON else f"nobody has checked it for this hypervisor; {words}"
