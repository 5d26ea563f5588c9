"""Whether somebody asked on until the view ended."""

from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.terms.units import NS_PER_S

LEAST_ASKED: Final = 3
LEAST_NS: Final = NS_PER_S
"""So many requests, for so long, and to the end, are no chance."""
PAUSES: Final = 2
"""Who was silent for no more than so many of its longest pauses when the view ended asked on to the end."""


def asked_to_the_end(ts: npt.NDArray[np.int64], end: int) -> bool:
    """Were these requests (int64[n], ns, by time) several, over a while, and would the next be due at that time?"""
    if len(ts) < LEAST_ASKED or ts[-1] - ts[0] < LEAST_NS:
        return False
    return end - int(ts[-1]) <= max(LEAST_NS, PAUSES * int(np.diff(ts).max()))
