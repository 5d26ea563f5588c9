"""How far was the model of other links off, where that could be checked?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


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
    Off("goodput", 0.16, 0.29, 0.90),
    Off("duration", 0.13, 0.49, 0.93),
    Off("switchover", 0.09, 0.24, 0.99),
)
"""
QEMU in the laboratory, by `benchmarks/what_if.py`: 18 migrations of one guest, each told from each other on a link of
another rate. docs/how-to/what-if.md has the whole table.
"""
CHECKED_ON: Final = "qemu"


@dataclass(frozen=True, slots=True)
class Bound:
    """Of what was checked: from, to."""

    name: str
    low: float
    high: float
    unit: str


CHECKED_LINKS: Final = {
    "rate": Bound("rate", *RATES_MBPS, "Mbps"),
    "pace": Bound("measured goodput", 100, 900, "Mbps"),
    "rtt": Bound("round trip", 0, 10, "ms"),
    "loss": Bound("loss", 0, 0, "of all packets"),
    "payload": Bound("payload", 50, 500, "MB"),
}
"""Between which links, and for how much memory: 128 MB guests gave 100 to 250 MB."""

Kin = Literal["alike", "faster", "slower"]
"""What is expected against what was measured, by more than UNLIKE."""
UNLIKE: Final = 1.2
BANDS: Final[Mapping[Kin, Mapping[str, tuple[float, float]]]] = {
    "alike": {"goodput": (0.75, 1.1), "duration": (0.85, 1.4), "switchover": (0.7, 1.35)},
    "faster": {"goodput": (0.75, 1.1), "duration": (0.65, 1.3), "switchover": (0.7, 1.5)},
    "slower": {"goodput": (0.75, 1.0), "duration": (0.45, 1.5), "switchover": (0.85, 1.15)},
}
"""
Nine of ten of the runs that these were made from lay between so many times what was told, rounded outwards: 192 pairs
of the same 18 migrations. Of the next one less is to be expected.
"""
OF_OTHERS: Final = 0.84
"""
Of runs that had no part in such ranges, so many lay inside: 189 figures of thirteen migrations, each held against
ranges that were made without it (`benchmarks/what_if.py`, "held out").
"""


def outside_of(hypervisor: str, has_switchover: bool, **figures: float) -> list[str]:
    """In what does a question lie outside of what was checked? Empty: in nothing."""
    found = [f"another hypervisor than {CHECKED_ON}"] if hypervisor != CHECKED_ON else []
    if not has_switchover:
        found.append("the guest is not in view")
    for key, value in figures.items():
        bound = CHECKED_LINKS[key]
        if not bound.low <= value <= bound.high:
            held = f"{bound.low:,g} to {bound.high:,g}" if bound.high else "none"
            found.append(f"{bound.name} {float(f'{value:.3g}'):,g} {bound.unit} (checked: {held})")
    return found


def kin_of(expected_mbps: float, measured_mbps: float) -> Kin:
    """Is the link expected to carry as much as was measured, more, or less?"""
    if expected_mbps > UNLIKE * measured_mbps:
        return "faster"
    return "slower" if measured_mbps > UNLIKE * expected_mbps else "alike"


def in_short(hypervisor: str) -> str:
    """Where was it checked, in a few words?"""
    return f"where it was checked ({hypervisor}, {RATES_MBPS[0]} to {RATES_MBPS[1]} Mbps)"


def how_far_off(hypervisor: str, has_switchover: bool) -> str:
    """What is said of it beside the figures?"""
    told = [one for one in CHECKED if has_switchover or one.figure != "switchover"]
    parts = ", ".join(
        f"{one.figure} off by {one.median:.0%} in the median, nine of ten by at most {one.nine_of_ten:.0%}"
        for one in told
    )
    words = (
        f"in {PAIRS} pairs of real QEMU migrations on links of unlike rates ({RATES_MBPS[0]} to {RATES_MBPS[1]} Mbps):"
        f" {parts}; of runs that had no part in the ranges {1 - OF_OTHERS:.0%} of the figures lay outside of them"
    )
    return words if hypervisor == CHECKED_ON else f"nobody has checked it for this hypervisor; {words}"
