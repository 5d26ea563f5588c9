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


LEAST_GAPS: Final = 3
"""So many gaps from the first on that come again, one after the other, are no chance."""
GROWS: Final = 1.5
"""A schedule grows where its longest gap is so many times its first."""


def split_bursts(times: Sequence[int]) -> list[list[int]]:
    """
    Which events are these sendings of no known schedule, where it is said more than once in one shape?

    Two RARPs half a second apart, and 13 s later two that are as far apart: no schedule has gaps that grow and then
    begin anew. Bursts at one steady pace are a train that somebody keeps up, and one event.

    >>> split_bursts([0, 500_000_000, 13_000_000_000, 13_500_000_000])
    [[0, 500000000], [13000000000, 13500000000]]
    """
    return _split_alike(times) or _split_begun_anew(times)


def _split_alike(times: Sequence[int]) -> list[list[int]]:
    """The same few words, each time all of them, far apart; none where it is not so."""
    for size in range(len(times) // 2, LEAST_IN_BURST - 1, -1):
        if len(times) % size:
            continue
        bursts = [list(times[n : n + size]) for n in range(0, len(times), size)]
        if _are_alike(bursts) and not _are_kept_up(bursts):
            return bursts
    return []


def _split_begun_anew(times: Sequence[int]) -> list[list[int]]:
    """
    One series for each time that growing gaps begin anew just as they began, however soon.

    What a host that the guest leaves had not said yet is missing at the end of its series; what a capture's end cuts
    off, at the end of the last. With one missing within it looks like no series that was there before, and stays.
    """
    gaps = _gaps(times)
    cuts = [
        place
        for place in range(LEAST_GAPS + 1, len(gaps) - LEAST_GAPS + 1)
        if _is_like(gaps[place : place + LEAST_GAPS], gaps)
        and min(b - a for a, b in pairwise(gaps[place - 2 : place + 1])) < -ALIKE_NS  # else it merely goes on
    ]
    if not cuts:
        return [list(times)]
    series = [list(times[begin:end]) for begin, end in pairwise([0, *cuts, len(times)])]
    longest = max((_gaps(one) for one in series), key=len)
    is_same = all(_is_like(_gaps(one), longest) for one in series)
    is_growing = all(b >= a - ALIKE_NS for a, b in pairwise(longest)) and longest[-1] >= GROWS * longest[0]
    return series if is_same and is_growing else [list(times)]


def _gaps(times: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(times)]


def _is_like(gaps: Sequence[int], known: Sequence[int]) -> bool:
    """Are these the gaps with which the others begin?"""
    return all(abs(gap - other) <= ALIKE_NS for gap, other in zip(gaps, known, strict=False))


def _are_alike(bursts: Sequence[Sequence[int]]) -> bool:
    """Have all the same gaps within, each far shorter than those between?"""
    shapes = [_gaps(burst) for burst in bursts]
    between = [after[0] - before[-1] for before, after in pairwise(bursts)]
    is_apart = min(between) >= APART * max(gap for shape in shapes for gap in shape)
    return is_apart and all(max(same) - min(same) <= ALIKE_NS for same in zip(*shapes, strict=True))


def _are_kept_up(bursts: Sequence[Sequence[int]]) -> bool:
    """Do three or more follow each other at one pace?"""
    return len(bursts) > 2 and is_steady([burst[0] for burst in bursts])
