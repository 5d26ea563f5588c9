"""The time of a hole in a capture: what was acknowledged right after it flowed while nothing was seen."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from vmpcap.measures.series import Together

LEAST_SHARE: Final = 0.1
"""Of all bytes that the capture lacks: an acknowledgement that jumps by less is spread over no hole."""


def spread_over_holes(together: Together, missed_bytes: int) -> Together:
    """
    The same, with what was acknowledged right after a hole spread evenly over its time.

    Parameters
    ----------
    missed_bytes : what was acknowledged and is not in the capture; where it is nothing, nothing is spread

    Notes
    -----
    After a hole one acknowledgement stands for all that came in it: a rate that no link has, beside a time without any.
    How it flowed in the hole nobody knows.
    """
    if missed_bytes <= 0:
        return together
    is_dark = (together.new_bytes == 0) & (together.delivered_bytes == 0) & (together.resent_bytes == 0)
    lit = np.flatnonzero(~is_dark)
    delivered = together.delivered_bytes.copy()
    for before, after in pairwise(lit.tolist()):
        jump = int(delivered[after] - together.new_bytes[after])
        bins = after - before
        if bins > 1 and jump >= LEAST_SHARE * missed_bytes:
            share, rest = divmod(jump, bins)
            delivered[after] -= jump
            delivered[before + 1 : after + 1] += share
            delivered[after] += rest
    return replace(together, delivered_bytes=delivered)
