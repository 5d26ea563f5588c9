"""With how many digits a figure is written."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal

MOST_DIGITS: Final = 9
"""Digits behind the point that are shown at most: a nanosecond in seconds."""

Side = Literal["least", "most"]
"""Is it a lower bound, or an upper one?"""

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


def outward(value: float, digits: int, side: Side) -> float:
    """
    This bound to so many digits behind the point: a lower one is never more than it was, an upper one never less.

    What is known to a nanosecond of a second is meant; what a float has beyond that is not.

    >>> outward(3094.7, 0, "least"), outward(4801.3, 0, "most"), outward(0.3, 1, "most")
    (3094.0, 4802.0, 0.3)
    """
    exact = Decimal(repr(round(value, MOST_DIGITS)))
    return float(exact.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR if side == "least" else ROUND_CEILING))


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
