"""Bursts of one shape: a hypervisor whose schedule nobody knows says the same few words again at its next event."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from vmpcap.announcements.schedules import is_steady
from vmpcap.terms.units import NS_PER_MS

LEAST_IN_BURST: Final = 2
"""One sending has no shape."""
APART: Final = 4
"""So many times the longest gap within a burst lie at least between two of them."""
ALIKE_NS: Final = 40 * NS_PER_MS
"""By so much the same gap may differ from burst to burst: timers fire late."""


def split_bursts(times: Sequence[int]) -> list[list[int]]:
    """
    Which events are these sendings of no known schedule, where it is said more than once in one shape?

    Two RARPs half a second apart, and 13 s later two that are as far apart: no schedule has gaps that grow and then
    begin anew. Bursts at one steady pace are a train that somebody keeps up, and one event.

    >>> split_bursts([0, 500_000_000, 13_000_000_000, 13_500_000_000])
    [[0, 500000000], [13000000000, 13500000000]]
    """
    for size in range(len(times) // 2, LEAST_IN_BURST - 1, -1):
        if len(times) % size:
            continue
        bursts = [list(times[n : n + size]) for n in range(0, len(times), size)]
        if _are_alike(bursts) and not _are_kept_up(bursts):
            return bursts
    return [list(times)]


def _are_alike(bursts: Sequence[Sequence[int]]) -> bool:
    """Have all the same gaps within, each far shorter than those between?"""
    shapes = [[after - before for before, after in pairwise(burst)] for burst in bursts]
    between = [after[0] - before[-1] for before, after in pairwise(bursts)]
    is_apart = min(between) >= APART * max(gap for shape in shapes for gap in shape)
    return is_apart and all(max(same) - min(same) <= ALIKE_NS for same in zip(*shapes, strict=True))


def _are_kept_up(bursts: Sequence[Sequence[int]]) -> bool:
    """Do three or more follow each other at one pace?"""
    return len(bursts) > 2 and is_steady([burst[0] for burst in bursts])
