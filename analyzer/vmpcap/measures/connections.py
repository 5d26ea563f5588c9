"""What was measured of one flow at one capture point: the values the migration floor works with."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

# Written by the lead as the agreed interface between measures and migration: fields may be added, names stay.


@dataclass(frozen=True, slots=True)
class RttSummary:
    """Round-trip times of one kind, in nanoseconds; Karn's rule applied (RFC 6298 section 3)."""

    samples: int
    min_ns: int | None
    p5_ns: int | None
    p50_ns: int | None
    p90_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    max_ns: int | None
    ambiguous: int
    """Samples left out because the data had been sent more than once."""
    bucket_low_ns: npt.NDArray[np.int64]
    """int64[k]: lower edges of the filled buckets of the histogram."""
    bucket_count: npt.NDArray[np.int64]
    """int64[k]: samples in each."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch without data from the stream's sender: the last data segment before and the first after."""

    from_ts: int
    from_frame: int
    to_ts: int
    to_frame: int


OPENED_WINDOW: Final = -2
"""A receive window that is not closed, of a size that nobody can tell."""


@dataclass(frozen=True, slots=True)
class StreamSeries:
    """One direction of a nominated stream over time; bin i covers start_ns + i*width_ns and width_ns more."""

    start_ns: int
    width_ns: int
    new_bytes: npt.NDArray[np.int64]
    """int64[bins]: payload bytes seen for the first time."""
    acked_bytes: npt.NDArray[np.int64]
    """int64[bins]: payload bytes newly acknowledged by the receiver."""
    resent_bytes: npt.NDArray[np.int64]
    segments: npt.NDArray[np.int64]
    rtt_min_ns: npt.NDArray[np.int64]
    """int64[bins]: smallest data-to-ACK time in the bin, -1 without a sample."""
    rtt_max_ns: npt.NDArray[np.int64]
    window_min_bytes: npt.NDArray[np.int64]
    """
    int64[bins]: smallest receive window the peer offered, -1 without a sample. Where its scale is not known a closed
    one is 0 all the same, and any other OPENED_WINDOW.
    """
    flight_max_bytes: npt.NDArray[np.int64]
    """int64[bins]: most payload bytes outstanding."""
    first_frame: npt.NDArray[np.int64]
    """int64[bins]: the first frame of data or of an answer to it in the bin, 0 without one."""
    last_frame: npt.NDArray[np.int64]
    sent_first_ts: npt.NDArray[np.int64]
    """int64[bins]: when new data first passed in the bin; NEVER (kernels.layout) without."""
    sent_last_ts: npt.NDArray[np.int64]
    """int64[bins]: when it last did; NO_TIME without."""
    acked_first_ts: npt.NDArray[np.int64]
    """int64[bins]: when the receiver first acknowledged more than before; NEVER where it did not."""
    acked_first_bytes: npt.NDArray[np.int64]
    """int64[bins]: how much it did then."""
    acked_last_ts: npt.NDArray[np.int64]
    """int64[bins]: when it last did; NO_TIME where it did not."""
    before_bytes: int = 0
    """
    What had been sent before the first data in view and not been acknowledged by then. Where no ACK came before that
    data it is 0, and what is outstanding leans low for the first round trip.
    """


@dataclass(frozen=True, slots=True)
class Marked:
    """
    How many of the segments that one side sent have each mark of Wireshark's TCP analysis.

    In the order of kernels.analysis_state.COUNTED. A packet that was captured twice counts twice, as it does there.
    """

    retransmissions: int
    """Fast and spurious ones among them."""
    fast_retransmissions: int
    spurious_retransmissions: int
    out_of_order: int
    duplicate_acks: int
    lost_segments: int
    """Segments before which numbers were not seen."""
    acked_unseen: int
    """ACKs of numbers that were not seen."""
    zero_windows: int
    zero_window_probes: int
    window_fulls: int
    window_updates: int
    keep_alives: int
    keep_alive_acks: int
    zero_window_probe_acks: int
    reused_ports: int


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a flow sent. Frames count from 1; None or -1 where there was no such frame."""

    packets: int
    wire_bytes: int
    payload_bytes: int
    unique_bytes: int
    """Each sequence number once; equals payload_bytes for UDP."""
    marked: Marked | None
    """What Wireshark marks; None for all but TCP."""
    sent_again: int
    """Segments with old numbers that were sent after what they came behind, by time stamp or IP identification."""
    came_late: int
    """Those that were sent before it: reordered on the way, or captured out of order."""
    late_most_segments: int
    late_most_ns: int
    """Of those that came late: the most segments that had overtaken one, and for how long at most; 0 without any."""
    needless: int | None
    """How often the receiver said that something of this side came twice (RFC 2883); None where that was cut off."""
    needless_eifel: int | None
    """Segments sent again of which an echoed time stamp proves that the first had come (RFC 3522); None likewise."""
    delayed_acks: int
    """ACKs of lone segments that this side held back."""
    resent_reported: int
    resent_timeout: int
    resent_tail: int
    """Of those sent again: after a report of the receiver, after a timeout, at the very end of what was sent."""
    retransmissions: int
    """Segments with at least one byte already seen from this side."""
    retransmitted_bytes: int
    out_of_order: int
    """Segments that filled a hole."""
    zero_windows: int
    keep_alives: int
    """Neither data nor resent, though a keep-alive may carry one old byte."""
    wraps: int
    """How often the sequence numbers began again at zero."""
    missing_bytes: int
    """Sequence numbers that were jumped over and never seen: missed by the capture, or lost before it for good."""
    holes_left_out: int
    """Jumps forgotten because there were too many at a time: retransmissions lean high by what filled them later."""
    duplicates: int
    """Capture copies: left out of every other count."""
    first_ts: int | None
    first_frame: int | None
    last_ts: int | None
    last_frame: int | None
    first_data_ts: int | None
    first_data_frame: int | None
    last_data_ts: int | None
    last_data_frame: int | None
    syn_ts: int | None
    syn_frame: int | None
    isn: int | None
    """Initial sequence number; None where the SYN is not in view."""
    fin_ts: int | None
    fin_frame: int | None
    rst_ts: int | None
    rst_frame: int | None
    mss: int | None
    window_scale: int | None
    sack_permitted: bool
    max_payload_bytes: int
    max_flight_bytes: int
    max_window_bytes: int | None
    """Largest receive window this side offered; None where its scale is unknown (SYN not seen)."""
    acked_bytes: int
    """Payload bytes of this side that the other side acknowledged, as seen here."""
    ttl_min: int | None
    ttl_max: int | None
    first_eth_src: int
    """This and the next three are NO_MAC where the side sent nothing in view."""
    last_eth_src: int
    first_eth_dst: int
    last_eth_dst: int
    eth_src_changed: bool
    """Whether the source MAC ever changed within the flow."""
    opening: bytes
    """Up to 16 captured payload bytes from the start of this side's stream (of its first data segment in view)."""
    closing: bytes
    """The first up to 16 captured payload bytes of the data segment with the highest number. Nominated streams only."""
    rtt: RttSummary
    """
    This side's data to the ACK that covers exactly it: the half between the capture point and the receiver. The
    receiver's delay of the ACK is in it: high percentiles lean high, never low.
    """
    rtt_left_out: int
    """Segments that could not be watched because 10,000 were waiting for their ACK already."""
    idle_rtt: RttSummary
    """The same, for segments that were sent with at most two others in flight. A delayed ACK is in it: leans high."""
    ack_rtt: RttSummary
    """What Wireshark's tcp.analysis.ack_rtt shows for this side: SYN, FIN and ambiguous samples are in it, 0 is not."""
    loop_rtt: RttSummary
    """Full path by timestamp echo (nominated streams only): data, its ACK, the first data that echoes the ACK."""
    prompt_rtt: RttSummary
    """Those of them that hold no wait of the sender: it had sent something just before. Leans high by 1/16 at most."""
    near_rtt: RttSummary
    """The half between the capture point and this side: the ACK to the first data that echoes it. Leans high."""
    stamp_rtt: RttSummary
    """This side's data until its time stamp came back, one at a time; without samples where not all found room."""
    series: StreamSeries | None
    pauses: tuple[Pause, ...]
    pauses_left_out: int
    mirrored: int = 0
    """Packets that the capture also holds in another segment, earlier: part of every count, here and there."""
    answering: int = 0
    """Packets of the other side in view, copies left out."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One TCP or UDP flow at one capture point. Side a sent the first packet seen."""

    flow_id: int
    protocol: int
    tcp_stream: int | None
    """Wireshark's tcp.stream."""
    udp_stream: int | None
    """Wireshark's udp.stream."""
    nominated: bool
    """Whether its ports may be those of a migration."""
    a_ip: str
    a_port: int
    b_ip: str
    b_port: int
    encapsulation: str
    segment_key: int
    vlan_outer_id: int
    vlan_inner_id: int
    vni: int
    first_ts: int
    first_frame: int
    last_ts: int
    last_frame: int
    handshake_ns: int | None
    """The last SYN sent to the first ACK after the SYN/ACK: the full path. None where the SYN/ACK was resent."""
    syn_to_synack_ns: int | None
    """The half between the capture point and the listener."""
    synack_to_ack_ns: int | None
    """The half between the capture point and the connecting side."""
    sides: tuple[Side, Side]
