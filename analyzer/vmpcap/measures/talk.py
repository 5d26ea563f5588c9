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
    """One row per packet; columns as in the journal, of which these are little more than half. Read-only."""

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
    def by_time(cls, journal: JournalColumns, rows: I64) -> tuple["Talk", I64]:
        """
        What do these rows of the journal, which are by time, say?

        Returns
        -------
        Talk and the rows of it that are meant, rising. Where the journal is by time itself, which it hardly ever is
        not, that is the journal and nothing is copied.
        """
        columns: Any = (getattr(journal, name) for name in cls._fields)
        if (rows[1:] > rows[:-1]).all():
            return cls(*(_read_only(column) for column in columns)), rows
        return cls(*(_read_only(column[rows]) for column in columns)), np.arange(len(rows))


def _read_only(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = column.view()
    view.flags.writeable = False
    return view
