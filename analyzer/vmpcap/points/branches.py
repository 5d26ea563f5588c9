"""Packets that passed a point and went on by another way than past a second one: they are not lost between the two."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.points.between import ends_of
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.pairing import Paired

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Met(NamedTuple):
    """Two points by their packets: which are the same, how the clocks stand, who saw each first."""

    paired: Paired
    clock: PairClock | None
    ahead: npt.NDArray[np.int8]


def went_on(met: Mapping[tuple[int, int], Met], here: int, there: int) -> U64:
    """
    Keys of packets that were seen here, then at a third point that does not lead there, rising.

    A third point on the way there proves nothing: a packet may be lost behind it. It stands on the way of two ends if
    anything of theirs goes on from it to there, however much is lost. Where nothing ever does, what is lost behind it
    is in the row that begins with it.
    """
    others = {place for pair in met for place in pair} - {here, there}
    found = [_past(met, here, third, there) for third in sorted(others)]
    keys: U64 = np.unique(np.concatenate([np.zeros(0, np.uint64), *found]))
    return keys


def _past(met: Mapping[tuple[int, int], Met], here: int, third: int, there: int) -> U64:
    """Keys of packets that came from here to this third point, where packets of their ends do not go on from."""
    kept, rows, kept_third, rows_third = _on_the_way(met, here, third)
    same = ends_of(kept)[rows] == ends_of(kept_third)[rows_third]  # of translated ends nobody knows where they go on to
    keys: U64 = kept.key[rows[same]]
    ends = ends_of(kept)[rows[same]]
    if not len(keys):
        return keys
    seen, onwards, _, _ = _on_the_way(met, third, there)
    leading = np.unique(ends_of(seen)[onwards])
    beside: U64 = keys[~np.isin(ends, leading)]
    return beside


def _on_the_way(met: Mapping[tuple[int, int], Met], here: int, there: int) -> tuple[Kept, I64, Kept, I64]:
    """What these two keep, and the rows of packets that passed the first before the second."""
    one = met[min(here, there), max(here, there)]
    paired = one.paired
    if here < there:
        rows = one.ahead > 0
        return paired.one, paired.row_one[rows], paired.other, paired.row_other[rows]
    rows = one.ahead < 0
    return paired.other, paired.row_other[rows], paired.one, paired.row_one[rows]
