"""The kernel that writes frames into the journal."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vmpcap.decode.frames import Frames
from vmpcap.terms.kernels import Int, kernel

if TYPE_CHECKING:
    from vmpcap.measures.journal import JournalColumns

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]


@kernel
def write_down(
    frames: Frames, chosen: I64, first_frame: Int, flow_id: I32, side: U8, out: "JournalColumns", begin: Int
) -> None:
    """
    Write these frames into the columns, one behind the other.

    Parameters
    ----------
    frames : Frames
        m rows.
    chosen : int64[k]
        Rows of them, rising.
    first_frame : frame number of row 0
    flow_id, side : int32[m], uint8[m]
    out : JournalColumns
        n rows; from `begin` on k of them are written. Zeros are there already: what often is zero is not written then,
        since memory becomes real where it is written.
    begin : row of `out`
    """
    for k in range(chosen.shape[0]):
        i = chosen[k]
        row = begin + k
        out.frame[row] = first_frame + i
        out.ts_ns[row] = frames.ts_ns[i]
        out.flow_id[row] = flow_id[i]
        out.side[row] = side[i]
        out.eth_src[row] = frames.eth_src[i]
        out.eth_dst[row] = frames.eth_dst[i]
        if frames.segment_key[i] != 0:
            out.segment_key[row] = frames.segment_key[i]
        out.vlan_outer_id[row] = frames.vlan_outer_id[i]
        out.vni[row] = frames.vni[i]
        out.ethertype[row] = frames.ethertype[i]
        if frames.src_high[i] != 0:
            out.src_high[row] = frames.src_high[i]
        out.src_low[row] = frames.src_low[i]
        if frames.dst_high[i] != 0:
            out.dst_high[row] = frames.dst_high[i]
        out.dst_low[row] = frames.dst_low[i]
        out.ip_version[row] = frames.ip_version[i]
        out.ip_protocol[row] = frames.ip_protocol[i]
        out.ttl[row] = frames.ip_ttl[i]
        out.ip_id[row] = frames.ip_id[i]
        out.ip_fragment[row] = frames.ip_fragment[i]
        out.src_port[row] = frames.src_port[i]
        out.dst_port[row] = frames.dst_port[i]
        out.payload_bytes[row] = frames.payload_bytes[i]
        out.tcp_seq[row] = frames.tcp_seq[i]
        out.tcp_ack[row] = frames.tcp_ack[i]
        out.tcp_flags[row] = frames.tcp_flags[i]
        out.icmp_type[row] = frames.icmp_type[i]
        out.icmp_id[row] = frames.icmp_id[i]
        out.icmp_seq[row] = frames.icmp_seq[i]
        out.wire_bytes[row] = frames.wire_bytes[i]
