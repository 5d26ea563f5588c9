"""How a pcapng interface's ticks become nanoseconds."""

from typing import Final

import numpy as np

from vmpcap.readers.kernels.index import EARLIEST, LATEST, Int
from vmpcap.terms.kernels import inline_kernel
from vmpcap.terms.units import NO_TIME

MULTIPLY: Final = 0
DIVIDE: Final = 1
DIVIDE_TWICE: Final = 2
SHIFT: Final = 3
NO_CLOCK: Final = 4
"""How ticks become nanoseconds: times 10^k, by 10^k, by 10^9 and then by 10^k, by 2^k, or not at all."""
_GIGA: Final = 1_000_000_000
_LAST_WHOLE_SECOND: Final = LATEST // _GIGA - 1
_HALF: Final = 0xFFFF_FFFF


@inline_kernel
def add_clipped(left: Int, right: Int) -> Int:
    """What is the sum, kept within EARLIEST..LATEST?"""
    if right > 0 and left > LATEST - right:
        return np.int64(LATEST)
    if right < 0 and left < EARLIEST - right:
        return np.int64(EARLIEST)
    return left + right


@inline_kernel
def ticks_to_ns(high: Int, low: Int, way: Int, factor: Int, offset_ns: Int) -> Int:
    """
    How many nanoseconds since 1970 are these ticks?

    Parameters
    ----------
    high, low : int64
        The halves of an unsigned 64-bit count of ticks.
    way, factor : int64
        MULTIPLY or DIVIDE by `factor`; DIVIDE_TWICE by 10^9 and `factor`, whose product need not fit in 64 bits; SHIFT
        right by `factor` bits after seconds became nanoseconds; or NO_CLOCK.
    offset_ns : int64

    Returns
    -------
    int64
        Rounded down, so that order is kept; NO_TIME for NO_CLOCK; clipped to EARLIEST..LATEST.

    Notes
    -----
    Exact: ticks of 2^-k s need a product of 94 bits, which is made of two halves of at most 62 bits.
    """
    if way == NO_CLOCK:
        return np.int64(NO_TIME)
    if way == MULTIPLY:
        product_low = low * factor
        product_high = high * factor + (product_low >> 32)
        if product_high > _HALF >> 1:
            return np.int64(LATEST)
        return add_clipped(product_high << 32 | product_low & _HALF, offset_ns)
    ticks = np.uint64(high) << np.uint64(32) | np.uint64(low)
    if way == DIVIDE_TWICE:
        ticks = ticks // np.uint64(_GIGA)
    if way == DIVIDE or way == DIVIDE_TWICE:
        return add_clipped(np.int64(ticks // np.uint64(factor)), offset_ns)
    whole = np.uint64(0)
    rest = ticks
    if factor < 64:
        whole = ticks >> np.uint64(factor)
        rest = ticks - (whole << np.uint64(factor))
    if whole > np.uint64(_LAST_WHOLE_SECOND):
        return np.int64(LATEST)
    below = (rest & np.uint64(_HALF)) * np.uint64(_GIGA)
    above = (rest >> np.uint64(32)) * np.uint64(_GIGA) + (below >> np.uint64(32))
    if factor <= 32:
        part = below >> np.uint64(factor)
    elif factor < 96:
        part = above >> np.uint64(factor - 32)
    else:
        part = np.uint64(0)
    return add_clipped(np.int64(whole) * np.int64(_GIGA) + np.int64(part), offset_ns)
