"""The arrays that finding kernels fill: two sets in turn, handed on read-only."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.readers.records import RecordBatch

_DTYPES: Final = {
    "record_at": np.int64,
    "captured_bytes": np.int32,
    "wire_bytes": np.int32,
    "ts_ns": np.int64,
    "interface": np.int32,
    "link_type": np.int32,
}


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Which view of this array may be handed on? One that nobody can write through."""
    view = array.view()
    view.flags.writeable = False
    return view


class RecordColumns:
    """Room for two batches of records: the one that was handed on last, and the one that is being found."""

    record_at: npt.NDArray[np.int64]
    captured_bytes: npt.NDArray[np.int32]
    wire_bytes: npt.NDArray[np.int32]
    ts_ns: npt.NDArray[np.int64]
    interface: npt.NDArray[np.int32]
    link_type: npt.NDArray[np.int32]

    def __init__(self, batch_records: int) -> None:
        self._handed_on, self._found = (
            {name: np.zeros(batch_records, dtype) for name, dtype in _DTYPES.items()} for _ in range(2)
        )
        self.__dict__.update(self._found)

    def hold(self, **values: int) -> None:
        """These columns are the same in every record from here on; batches that were handed on keep theirs."""
        for name, value in values.items():
            same = np.full(len(self.record_at), value, _DTYPES[name])
            self._handed_on[name] = self._found[name] = same
        self.__dict__.update(self._found)

    def batch(self, buffer: npt.NDArray[np.uint8], first_frame: int, count: int) -> RecordBatch:
        """Which batch are the first `count` records in these columns? What is found next goes into the other set."""
        made = RecordBatch(buffer, first_frame, *(read_only(self._found[name][:count]) for name in _DTYPES))
        self._handed_on, self._found = self._found, self._handed_on
        self.__dict__.update(self._found)
        return made
