"""With how many digits a figure is written."""

import math
from typing import Final

MOST_DIGITS: Final = 9
"""Digits behind the point that are shown at most: a nanosecond in seconds."""

PLACES: Final = ((99.95, 0), (9.995, 1), (0.0995, 2), (0.00995, 3))
"""From which size on so many digits behind the point are enough; at the sizes where rounding adds a digit."""


def digits_of(value: float, beside: float | None = None) -> int:
    """
    How many digits behind the point does this figure need?

    About three digits in all, and as many more as keep it on its side of the limit beside it.

    >>> digits_of(690.4), digits_of(0.604), digits_of(0.00004), digits_of(5.0)
    (0, 2, 6, 0)
    >>> digits_of(621.97, beside=622), digits_of(5.004, beside=5)
    (2, 3)
    """
    digits = _enough(value)
    if beside is not None:
        while digits < MOST_DIGITS and not _same_side(value, beside, digits):
            digits += 1
    return digits


def _enough(value: float) -> int:
    if value == int(value):
        return 0
    enough = [digits for least, digits in PLACES if abs(value) >= least]
    return enough[0] if enough else min(1 - math.floor(math.log10(abs(value))), MOST_DIGITS)


def _same_side(value: float, beside: float, digits: int) -> bool:
    shown = round(value, digits)
    if value == beside:
        return shown == round(beside, MOST_DIGITS)
    return shown < beside if value < beside else shown > beside
