"""What was said between a guest and its peers: those columns of the journal that its streams are told from."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


class Talk(NamedTuple):
    """One row per packet, by time; columns as in the journal, of which these are little more than half."""

    frame: I64
    ts_ns: I64
    src_high: U64
    src_low: U64
    dst_high: U64
    dst_low: U64
    ip_protocol: U8
    src_port: U16
    dst_port: U16
    payload_bytes: I32
    tcp_seq: U32
    tcp_ack: U32
    tcp_flags: U16
    icmp_type: U8
    icmp_id: U16
    icmp_seq: U16

    @classmethod
    def of(cls, journal: JournalColumns, rows: I64) -> "Talk":
        """What do these rows of the journal say? Owned; a column of zeros takes no memory."""
        columns: Any = (_taken(getattr(journal, name), rows) for name in cls._fields)
        return cls(*columns)


def _taken(column: npt.NDArray[Any], rows: I64) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = column[rows]
    return values if values.any() else np.zeros(len(rows), values.dtype)
