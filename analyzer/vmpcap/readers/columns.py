"""The arrays that finding kernels fill: reused from batch to batch, handed on read-only."""

from typing import Any

import numpy as np
import numpy.typing as npt

from vmpcap.readers.records import RecordBatch


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Which view of this array may be handed on? One that nobody can write through."""
    view = array.view()
    view.flags.writeable = False
    return view


class RecordColumns:
    """Room for one batch of records."""

    def __init__(self, batch_records: int) -> None:
        self.record_at = np.zeros(batch_records, dtype=np.int64)
        self.captured_bytes = np.zeros(batch_records, dtype=np.int32)
        self.wire_bytes = np.zeros(batch_records, dtype=np.int32)
        self.ts_ns = np.zeros(batch_records, dtype=np.int64)
        self.interface = np.zeros(batch_records, dtype=np.int32)
        self.link_type = np.zeros(batch_records, dtype=np.int32)

    def batch(self, buffer: npt.NDArray[np.uint8], first_frame: int, count: int) -> RecordBatch:
        """Which batch are the first `count` records in these columns?"""
        return RecordBatch(
            buffer,
            first_frame,
            read_only(self.record_at[:count]),
            read_only(self.captured_bytes[:count]),
            read_only(self.wire_bytes[:count]),
            read_only(self.ts_ns[:count]),
            read_only(self.interface[:count]),
            read_only(self.link_type[:count]),
        )
