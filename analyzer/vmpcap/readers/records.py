"""What a reader hands on: where each packet lies, when it was taken, how long it was."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class RecordBatch(NamedTuple):
    """
    Records of one capture, in file order, in one block of bytes.

    The buffer and the arrays are read-only and valid until the next batch but one is asked for, so that one may be
    looked at while the next is read: whoever keeps something longer copies it.
    """

    buffer: npt.NDArray[np.uint8]
    """uint8[n]: the block."""
    first_frame: int
    """Frame number of record 0, counted from 1 as Wireshark does."""
    record_at: npt.NDArray[np.int64]
    """int64[m]: where in the buffer the packet bytes begin."""
    captured_bytes: npt.NDArray[np.int32]
    """int32[m]: bytes of the packet that are in the file; never past the end of the buffer."""
    wire_bytes: npt.NDArray[np.int32]
    """int32[m]: bytes the packet had on the wire, as the file says."""
    ts_ns: npt.NDArray[np.int64]
    """int64[m]: nanoseconds since 1970 UTC, units.NO_TIME where the record has none."""
    interface: npt.NDArray[np.int32]
    """int32[m]: index into Capture.interfaces (running over all sections)."""
    link_type: npt.NDArray[np.int32]
    """int32[m]: LINKTYPE_ number of the record's interface."""
