"""Two clocks that run apart faster than clocks should, where nothing less explains what both points saw."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.points.clock import Lines
from vmpcap.points.orders import Orders, Packets, find_orders
from vmpcap.points.pieces import fit_pieces

MOST_STEEP: Final = 5e-3
"""As much as a virtual machine that is not given its time may be wrong, or a clock that counts by a wrong frequency."""
LEAST_NARROWER: Final = 0.8
ROUNDS: Final = 6
LEAST_DRIFT: Final = 1e-6
LEAST_CHANGE: Final = 100e-6


def bound_steep(
    packets: Packets, rough: int, edges: Sequence[int], most_steps: int
) -> tuple[tuple[Lines, ...], Orders] | None:
    """
    Which lines, up to MOST_STEEP, keep to what these packets say of the offset? None where none do.

    Parameters
    ----------
    rough : by how much two time stamps may be cut, ns
    edges : times at which the clock is known to have stepped
    most_steps : how often it may have stepped besides

    Notes
    -----
    Which of two packets passed first is told by how late they are, give or take what the clocks drift between. At this
    drift that is much, and the first bounds are wide. What they leave of the drift is taken off the times, and the same
    is asked again with what may be left: each round holds if the one before did. A clock that steps too is taken to
    run as fast before and after, but for what any clock may change.
    """
    tilt, most, found = 0.0, MOST_STEEP, None
    begin = int(packets.at.min()) if len(packets.at) else 0
    for _ in range(ROUNDS):
        level = packets._replace(late=packets.late - np.round(tilt * (packets.at - begin)).astype(np.int64))
        orders = find_orders(level, rough + 1, most)
        pieces = fit_pieces(orders.lows, orders.highs, edges, most, most_steps)
        if not pieces:
            return None
        found = tuple(piece.tilted(tilt, begin) for piece in pieces), orders
        least, greatest = max(pieces, key=lambda piece: piece.last - piece.first).drift
        left = max((greatest - least) / 2, LEAST_DRIFT if len(pieces) == 1 else LEAST_CHANGE)
        if left > LEAST_NARROWER * most:
            break
        tilt, most = tilt + (least + greatest) / 2, left
    return found
