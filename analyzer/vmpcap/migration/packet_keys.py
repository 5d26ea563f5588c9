"""By what a packet is known again at another point."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

FACTOR: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""An odd number with bits all over: keeps what is multiplied by it apart."""
KEPT: Final = ("src_low", "src_port", "ip_id", "icmp_id", "icmp_seq", "tcp_seq", "payload_bytes", "ip_protocol")
"""What no router or tunnel on the way changes, nor a translator of the guest's address."""
ENDS: Final = ("src_high", "dst_high", "dst_low", "dst_port", "tcp_ack")
"""What tells packets of two networks apart that no translator stands between: who is at their ends, and what it had."""


def packet_keys(j: JournalColumns, rows: I64, more: Sequence[str] = ()) -> U64:
    """By what is each of these packets known again elsewhere? By what is kept on the way, and by these columns."""
    key = np.zeros(len(rows), np.uint64)
    for name in (*KEPT, *more):
        key = (key ^ getattr(j, name)[rows].astype(np.uint64)) * FACTOR
        key ^= key >> np.uint64(29)
    return key
