"""Which of two points stands nearer to somebody: the packets he sends pass it first, those to him last."""

from typing import Final

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]

ALIKE: Final = 0.98
"""Share of neighbours in time that must say the same; a packet caught in a queue turns one or two of them."""
FEWEST: Final = 6
"""Neighbours that must say something."""
MOST_APART_NS: Final = 2_000_000_000
"""Neighbours further apart than this are not held against each other: clocks drift."""
DRIFT: Final = 500e-6


def nearer(sent_at: I64, sent_late: I64, asked_at: I64, asked_late: I64, coarse_ns: int) -> int:
    """
    Is the one point nearer to this station (1), is the other (-1), or does nothing tell (0)?

    Parameters
    ----------
    sent_at, asked_at : int64[n], int64[m]
        When the one point saw packets from and to the station that the other saw too, ns.
    sent_late, asked_late : int64[n], int64[m]
        By how much the other point's clock shows each later.
    coarse_ns : int
        What the two time stamps may be rounded by, together.

    Notes
    -----
    Both clocks stand the same way to each other for two packets that follow one another, so that what a packet from the
    station is late by, less what one to it is late by, is the way between the points and back: positive where the one
    is nearer. No common clock is needed. Where both points saw a packet within the rounding, nothing tells.
    """
    at = np.concatenate((sent_at, asked_at))
    late = np.concatenate((sent_late, asked_late))
    is_sent = np.arange(len(at)) < len(sent_at)
    order = np.argsort(at, kind="stable")
    at, late, is_sent = at[order], late[order], is_sent[order]
    apart = np.diff(at)
    rows = np.flatnonzero((is_sent[1:] != is_sent[:-1]) & (apart <= MOST_APART_NS))
    way = np.where(is_sent[rows], late[rows] - late[rows + 1], late[rows + 1] - late[rows])
    doubt = coarse_ns + (DRIFT * apart[rows]).astype(np.int64)
    vote = np.sign(np.where(np.abs(way) > doubt, way, 0))
    said = int(np.abs(vote).sum())
    if said < FEWEST or abs(int(vote.sum())) < (2 * ALIKE - 1) * said:
        return 0
    return int(np.sign(vote.sum()))
