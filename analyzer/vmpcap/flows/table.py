"""Naming flows: every packet's flow number and side, over batches, for as many flows as the budget allows."""

import os
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.flows.kernels.naming import (
    COUNTS,
    FLOW,
    FLOWS,
    LATER_FRAGMENTS,
    NO_TRANSPORT,
    NOT_FOLLOWED,
    PORTS_REUSED,
    Table,
    name_flows,
    rehash,
)
from vmpcap.flows.streams import port_kinds
from vmpcap.terms.arrays import WRAPPING, reserve

BUDGET: Final = 1_000_000
"""
Flows that are followed. The memory is taken as flows appear: some 850 bytes each with all measures, and 50 to 100 for
each bucket of its round-trip times, of which there are at most four million.
"""

RESERVE: Final = 1 << 16
"""Flows on migration ports that are followed beyond the budget: a flood of others cannot push a migration out."""

_LEAST_SLOTS: Final = 4096


class FlowTable:
    """
    The flows of one capture, numbered by the order of their first packets.

    Memory grows with the flows that appear, up to the budget; frames of later flows are counted as not followed. Flows
    on migration ports have a reserve beyond it, the last part of it for those that carry payload.
    """

    def __init__(self, extra_ports: tuple[int, ...] = (), budget: int = BUDGET, spare: int = RESERVE) -> None:
        self.budget = budget
        self.room = budget + spare
        seed = np.frombuffer(os.urandom(16), np.uint64) | np.array([0, 1], np.uint64)
        self._table = Table(
            slots=np.zeros(_LEAST_SLOTS, dtype=np.uint64),
            pairs=np.zeros(_LEAST_SLOTS, dtype=np.uint64),
            flows=reserve(self.room, FLOW),
            counts=np.zeros(COUNTS, dtype=np.int64),
            seed=seed,
            port_kinds=port_kinds(extra_ports),
        )
        self._flow_id = np.empty(0, dtype=np.int32)
        self._side = np.empty(0, dtype=np.uint8)

    @WRAPPING
    def name(self, frames: Frames, first_frame: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """
        Which flow does each frame belong to, and which side sent it?

        Returns
        -------
        flow_id : int32[m], -1 for frames of no flow
        side : uint8[m], 0 for the sender of the flow's first packet, 1 for the other

        Notes
        -----
        Both arrays are scratch that the next call overwrites.
        """
        rows = frames.ts_ns.shape[0]
        self._make_room(rows)
        if self._flow_id.shape[0] < rows:
            self._flow_id = np.empty(rows, dtype=np.int32)
            self._side = np.empty(rows, dtype=np.uint8)
        flow_id, side = self._flow_id[:rows], self._side[:rows]
        name_flows(frames, first_frame, self.budget, self.room, self._table, flow_id, side)
        return flow_id, side

    @property
    def flows(self) -> npt.NDArray[np.void]:
        """FLOW[n]: every followed flow, by its number. A view."""
        return self._table.flows[: self.count]

    @property
    def all_flows(self) -> npt.NDArray[np.void]:
        """FLOW[room]: the table itself, for kernels."""
        return self._table.flows

    @property
    def count(self) -> int:
        """How many flows are followed?"""
        return int(self._table.counts[FLOWS])

    @property
    def not_followed(self) -> int:
        """How many frames belong to flows beyond the budget?"""
        return int(self._table.counts[NOT_FOLLOWED])

    @property
    def later_fragments(self) -> int:
        """How many frames are fragments without ports, so of no known flow?"""
        return int(self._table.counts[LATER_FRAGMENTS])

    @property
    def without_flow(self) -> int:
        """How many frames have no TCP, UDP, SCTP or ICMP echo header?"""
        return int(self._table.counts[NO_TRANSPORT])

    @property
    def ports_reused(self) -> int:
        """How often did a SYN open a new connection on an old one's ports?"""
        return int(self._table.counts[PORTS_REUSED])

    def _make_room(self, rows: int) -> None:
        """Slots for as many new flows as a batch may bring, at most half full."""
        needed = 2 * min(self.count + rows, self.room)
        if self._table.slots.shape[0] >= needed:
            return
        size = 1 << (needed - 1).bit_length()
        slots, pairs = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.uint64)
        rehash(self._table.flows, self._table.seed, True, self._table.slots, slots)
        rehash(self._table.flows, self._table.seed, False, self._table.pairs, pairs)
        self._table = self._table._replace(slots=slots, pairs=pairs)
