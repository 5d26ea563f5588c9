"""What packets of one direction alone say of two clocks: a delay and an offset together, never apart."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.points.kernels.keys import UNICAST
from vmpcap.points.pairing import Paired
from vmpcap.terms.units import NS_PER_MS

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]

UNFIT: Final = (
    "packets both ways were seen at both, but their times fit no clocks that run apart by 5000 ppm at most: one runs"
    " faster or jumps again and again, or the way between them turns"
)
"""Why two points with answers at both have no clock."""


@dataclass(frozen=True, slots=True)
class OneSided:
    """Bounds of the offset at the times of the packets that give them; None where the way was not taken."""

    at_most_ns: int | None
    """By packets that lost TTL on the way from the one point to the other: they cannot have come before."""
    at_least_ns: int | None
    """By packets that lost TTL on the way back."""
    least_late_ns: int | None
    """Offset and least delay together, by packets whose TTL does not tell which point they passed first."""
    has_answers: bool
    """Whether packets of the same ends were seen both ways: then it is not for want of them that no clock is known."""


def bound_one_way(paired: Paired) -> OneSided:
    """
    Between what does the offset lie where answers to bound it were not seen at both points?

    Notes
    -----
    A router takes one off the TTL and none puts it back: of two sightings the one with the higher TTL was first.
    """
    one, other = paired.one, paired.other
    usable = (one.kind[paired.row_one] == UNICAST) & (other.kind[paired.row_other] == UNICAST)
    lost = one.ttl[paired.row_one].astype(np.int64) - other.ttl[paired.row_other]
    late = paired.late_ns
    forth, back, untold = (late[usable & which] for which in (lost > 0, lost < 0, lost == 0))
    return OneSided(
        int(forth.min()) if len(forth) else None,
        int(back.max()) if len(back) else None,
        int(untold.min()) if len(untold) and not len(forth) and not len(back) else None,
        _has_answers(one.pair[paired.row_one[usable]], one.side[paired.row_one[usable]]),
    )


def _has_answers(ends: U64, side: U8) -> bool:
    """Did both of any two ends send?"""
    return bool(np.intersect1d(ends[side == 0], ends[side == 1]).size)


def describe_one_sided(bounds: OneSided, one: str, other: str) -> str:
    """The same in words, empty where nothing bounds anything; of clocks that fit no bounds only that."""
    if bounds.has_answers:
        return UNFIT
    said = []
    if bounds.at_most_ns is not None:
        said.append(
            f"by packets one way, {other} shows at most {bounds.at_most_ns / NS_PER_MS:+.3f} ms more than {one}"
        )
    if bounds.at_least_ns is not None:
        said.append(
            f"by packets one way, {other} shows at least {bounds.at_least_ns / NS_PER_MS:+.3f} ms more than {one}"
        )
    if bounds.least_late_ns is not None:
        together = f"{bounds.least_late_ns / NS_PER_MS:+.3f} ms"
        said.append(f"offset and least delay from {one} to {other} are {together} together, and nothing parts them")
    return "; ".join(said)
