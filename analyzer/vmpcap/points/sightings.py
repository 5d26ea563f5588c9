"""The packets of one point by which it is compared with others: all, or a sample that all points share."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.points.kernels.keys import LEFT_OUT, MASK, ROWS, TOTALS, WITHOUT_KEY, Kept, keep_packets
from vmpcap.readers.records import RecordBatch
from vmpcap.terms.arrays import WRAPPING, reserve

BUDGET: Final = 400_000
"""Packets that are kept per point: 29 MB."""

DTYPES: Final = {
    "key": np.uint64,
    "loose": np.uint64,
    "pair": np.uint64,
    "ts_ns": np.int64,
    "frame": np.int64,
    "payload_bytes": np.int32,
    "tcp_seq": np.uint32,
    "tcp_ack": np.uint32,
    "ports": np.uint32,
    "echo": np.uint32,
    "vlan_id": np.int32,
    "ip_id": np.uint16,
    "ttl": np.uint8,
    "tos": np.uint8,
    "side": np.uint8,
    "kind": np.uint8,
    "is_copy": np.uint8,
}


class SightingLog:
    """
    Which packets passed this point, by names that other points give them too.

    While they fit all are kept; when the budget is full, those whose hash has one bit more set are let go: as all
    points go by the same hash, they keep the same packets.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        columns: Any = {name: reserve(budget, dtype) for name, dtype in DTYPES.items()}
        self._kept = Kept(**columns, totals=np.zeros(TOTALS, np.int64))

    @WRAPPING
    def keep(
        self,
        batch: RecordBatch,
        frames: Frames,
        inside: npt.NDArray[np.bool_] | None,
        first_frame: int,
        copies: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        """Take in a batch; of its frames only those inside. `copies` are not 0 for what was captured already."""
        count = len(frames.ts_ns)
        wanted = np.ones(count, np.uint8) if inside is None else inside.view(np.uint8)
        again = np.zeros(count, np.uint8) if copies is None else copies
        where = (batch.buffer, batch.record_at, batch.captured_bytes)
        keep_packets(frames, *where, wanted, again, first_frame, self._kept)

    def rows(self) -> Kept:
        """What is kept so far: views."""
        count = int(self._kept.totals[ROWS])
        columns: Any = [column[:count] for column in self._kept[:-1]] + [self._kept.totals]
        return Kept(*columns)

    @property
    def mask(self) -> int:
        """Bits that are nought in the loose key of every packet kept; 0: all were kept."""
        return int(self._kept.totals[MASK])

    @property
    def without_key(self) -> int:
        """Frames that nothing names: fragments, protocols without numbers, frames that were cut too short."""
        return int(self._kept.totals[WITHOUT_KEY])

    @property
    def left_out(self) -> int:
        """Frames that should have been kept and had no room: too many that are alike."""
        return int(self._kept.totals[LEFT_OUT])
