"""Quantities of packets that only whole streams tell, for the packets table: Wireshark's TCP analysis."""

from collections.abc import Mapping

import numpy as np

from vmpcap.decode.frames import Frames
from vmpcap.decode.gather import Observe, Values
from vmpcap.flows.table import FlowTable
from vmpcap.measures.analysis import Analysis
from vmpcap.terms.wire import IP_TCP


def tcp_analysis() -> Observe:
    """
    What does Wireshark say of the segments of one capture point?

    Frames of streams beyond the flow table's budget get nothing. What is captured twice counts twice, as it does there.
    """
    table = FlowTable()
    analysis = Analysis(table)

    def observe(frames: Frames, first_frame: int) -> Mapping[str, Values]:
        flow_id, side = table.name(frames, first_frame)
        said = analysis.absorb(frames, flow_id, side, first_frame)
        has_stream = (flow_id >= 0) & (frames.ip_protocol == IP_TCP)
        streams = np.append(table.flows["stream"], -1)
        return {
            "stream": np.where(has_stream, streams[flow_id], -1),
            "marks": said.marks,
            "ack_rtt_ns": said.ack_rtt_ns,
            "flight_bytes": said.flight_bytes,
            "initial_rtt_ns": np.where(has_stream, analysis.initial_rtt_of(flow_id, first_frame), 0),
        }

    return observe
