"""The kernel that asks whether anything is left out of what was said: most captures hold all of it."""

import numpy as np
import numpy.typing as npt

from vmpcap.measures.kernels.sequence import seq_diff
from vmpcap.terms.kernels import Bool, kernel
from vmpcap.terms.wire import TCP_FIN, TCP_SYN

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


@kernel
def skips_numbers(
    rows: I64, flow_id: I32, side: U8, tcp_seq: U32, tcp_flags: U16, payload_bytes: I32, state_next: I64
) -> Bool:
    """
    Does any segment begin beyond all that its side of the connection had shown?

    Parameters
    ----------
    rows : int64[k], of the columns, in the order of the capture
    flow_id : int32[n], 0 and more
    side : uint8[n]
    tcp_seq : uint32[n]
    tcp_flags : uint16[n]
    payload_bytes : int32[n]
    state_next : int64[flows, 2], scratch of -1: one past the highest number shown
    """
    for k in range(rows.shape[0]):
        i = rows[k]
        closes = tcp_flags[i] & (TCP_SYN | TCP_FIN) != 0
        size = np.int64(payload_bytes[i]) + (1 if closes else 0)
        if size == 0:
            continue
        begin, expected = np.int64(tcp_seq[i]), state_next[flow_id[i], side[i]]
        if expected >= 0 and seq_diff(begin, expected) > 0:
            return True
        end = (begin + size) & 0xFFFFFFFF
        if expected < 0 or seq_diff(end, expected) > 0:
            state_next[flow_id[i], side[i]] = end
    return False
