"""What is missing of mirrors and tunnels whose packets are numbered: ERSPAN and other GRE, ESP."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.decode.steps import STEPS
from vmpcap.measures.kernels.tunnels import FOLLOWED, NOT_FOLLOWED, SLOTS, TOTALS, Tunnels, count_numbers
from vmpcap.terms.arrays import WRAPPING, doorway

MIRRORS: Final = frozenset({"erspan2", "erspan3"})
"""Tunnels that carry copies: what they lose was not lost to anybody but the capture."""


@dataclass(frozen=True, slots=True)
class NumberedTunnel:
    """One tunnel in one direction."""

    header: str
    """The row of the walk's table that names it: erspan2, erspan3, gre, esp."""
    packets: int
    missing: int
    reordered: int
    duplicates: int
    restarts: int

    @property
    def is_mirror(self) -> bool:
        """Does it carry copies of what passed elsewhere?"""
        return self.header in MIRRORS


class TunnelCounter:
    """Counts batches, one after the other, where they hold anything that is numbered."""

    def __init__(self) -> None:
        self._state: Tunnels | None = None

    @WRAPPING
    def absorb(self, frames: Frames, inside: npt.NDArray[np.bool_] | None = None) -> None:
        """Count the packets of these frames (those inside, where only some are asked for)."""
        if not frames.tunnel_step.any():
            return
        if self._state is None:
            self._state = _start()
        columns: tuple[Any, Any, Any] = (frames.tunnel_key, frames.tunnel_seq, frames.tunnel_step)
        if inside is not None:
            columns = tuple(doorway(column[inside], column.dtype) for column in columns)  # type: ignore[assignment]
        count_numbers(*columns, self._state)

    def tunnels(self) -> list[NumberedTunnel]:
        """Which tunnels were there, those of most packets first, and what is missing of each?"""
        if self._state is None:
            return []
        state = self._state
        slots = np.flatnonzero(state.key)
        found = [
            NumberedTunnel(
                STEPS[int(state.step[slot]) - 1].name,
                *(
                    int(column[slot])
                    for column in (state.packets, state.missing, state.reordered, state.duplicates, state.restarts)
                ),
            )
            for slot in slots
        ]
        return sorted(found, key=lambda tunnel: (-tunnel.packets, tunnel.header, -tunnel.missing))

    @property
    def not_followed(self) -> int:
        """How many packets were of tunnels that there was no room for?"""
        return 0 if self._state is None else int(self._state.totals[NOT_FOLLOWED])

    @property
    def followed(self) -> int:
        """How many tunnels were there room for?"""
        return 0 if self._state is None else int(self._state.totals[FOLLOWED])


def _start() -> Tunnels:
    """Which state has seen no tunnel yet?"""
    return Tunnels(
        key=np.zeros(SLOTS, np.uint64),
        step=np.zeros(SLOTS, np.uint8),
        newest=np.zeros(SLOTS, np.int64),
        oldest=np.zeros(SLOTS, np.int64),
        seen=np.zeros(SLOTS, np.uint64),
        restart=np.zeros(SLOTS, np.int64),
        packets=np.zeros(SLOTS, np.int64),
        missing=np.zeros(SLOTS, np.int64),
        reordered=np.zeros(SLOTS, np.int64),
        duplicates=np.zeros(SLOTS, np.int64),
        restarts=np.zeros(SLOTS, np.int64),
        totals=np.zeros(TOTALS, np.int64),
    )
