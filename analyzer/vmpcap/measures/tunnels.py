"""What is missing of mirrors and tunnels whose packets are numbered: ERSPAN and other GRE, ESP."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.decode.steps import STEPS
from vmpcap.measures.kernels.tunnels import (
    BINS,
    FIRST_WIDTH_NS,
    FOLLOWED,
    NOT_FOLLOWED,
    SLOTS,
    TOTALS,
    Tunnels,
    count_numbers,
)
from vmpcap.terms.addresses import ip_text
from vmpcap.terms.arrays import WRAPPING, doorway
from vmpcap.terms.units import NO_TIME

MIRRORS: Final = frozenset({"erspan2", "erspan3"})
"""Tunnels that carry copies: what they lose was not lost to anybody but the capture."""


COLUMNS: Final = (
    "tunnel_key",
    "tunnel_seq",
    "tunnel_step",
    "ts_ns",
    "wire_bytes",
    "src_high",
    "src_low",
    "dst_high",
    "dst_low",
)
"""Of Frames: what is counted."""


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
    wire_bytes: int = field(default=0, compare=False)
    first_ts: int = field(default=0, compare=False)
    last_ts: int = field(default=0, compare=False)
    source: str = field(default="", compare=False)
    """Address that the packets come from: of ESP the tunnel's, of others that of the first packet inside."""
    target: str = field(default="", compare=False)
    bins: tuple[int, ...] = field(default=(), compare=False, repr=False)
    """Bytes by time, in bins of `bin_ns` from `bins_from` on; packets before that, or without a time, are in none."""
    bins_from: int = field(default=0, compare=False)
    bin_ns: int = field(default=0, compare=False)

    def bytes_between(self, begin: int, end: int) -> tuple[int, int] | None:
        """At least and at most how many bytes passed in this time of the point? None where nobody counted."""
        if not self.bins:
            return None
        unplaced = self.wire_bytes - sum(self.bins)
        first, last = -(-(begin - self.bins_from) // self.bin_ns), (end - self.bins_from) // self.bin_ns
        inside = sum(self.bins[max(first, 0) : max(last, 0)])
        return inside, sum(self.bins[max(first - 1, 0) : max(last + 1, 0)]) + unplaced

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
        columns = [getattr(frames, name) for name in COLUMNS]
        if inside is not None:
            columns = [doorway(column[inside], column.dtype) for column in columns]
        counting: Any = count_numbers
        counting(*columns, self._state)

    def tunnels(self) -> list[NumberedTunnel]:
        """Which tunnels were there, those of most packets first, and what is missing of each?"""
        if self._state is None:
            return []
        state = self._state
        slots = np.flatnonzero(state.key)
        found = [
            NumberedTunnel(
                header=STEPS[int(state.step[slot]) - 1].name,
                packets=int(state.packets[slot]),
                missing=int(state.missing[slot]),
                reordered=int(state.reordered[slot]),
                duplicates=int(state.duplicates[slot]),
                restarts=int(state.restarts[slot]),
                wire_bytes=int(state.wire_bytes[slot]),
                first_ts=int(state.first_ts[slot]),
                last_ts=int(state.last_ts[slot]),
                source=ip_text(int(state.source[slot, 0]), int(state.source[slot, 1])),
                target=ip_text(int(state.target[slot, 0]), int(state.target[slot, 1])),
                bins=tuple(state.bins[slot].tolist()),
                bins_from=int(state.span[0]),
                bin_ns=int(state.span[1]),
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
        wire_bytes=np.zeros(SLOTS, np.int64),
        first_ts=np.zeros(SLOTS, np.int64),
        last_ts=np.zeros(SLOTS, np.int64),
        bins=np.zeros((SLOTS, BINS), np.int64),
        span=np.array([NO_TIME, FIRST_WIDTH_NS], np.int64),
        source=np.zeros((SLOTS, 2), np.uint64),
        target=np.zeros((SLOTS, 2), np.uint64),
    )
