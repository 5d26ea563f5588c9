"""What Wireshark's TCP analysis remembers of each side of a stream, and the marks that it gives."""

from typing import Final, NamedTuple

import numpy as np

from vmpcap.measures.kernels.layout import I32, I64, U64, Records

ANALYSED: Final = np.dtype(
    [
        ("next_ts", np.int64),
        ("last_ack_ts", np.int64),
        ("next_seq", np.uint32),
        ("to_be_acked", np.uint32),
        ("last_ack", np.uint32),
        ("base_seq", np.uint32),
        ("sacked_bytes", np.uint32),
        ("dup_acks", np.uint32),
        ("ring_at", np.int32),
        ("ring_first", np.uint16),
        ("ring_used", np.uint16),
        ("last_marks", np.uint16),
        ("window", np.uint16),
        ("bits", np.uint16),
        ("newest_id", np.uint16),
        ("newest_stamp", np.uint32),
        ("scale", np.int8),
        ("ring_log2", np.uint8),
    ],
    align=True,
)
"""One side of one stream: one cache line. Sequence numbers are those on the wire; 0 in the first three is none yet."""

UNACKED: Final = np.dtype([("seq", np.uint32), ("end", np.uint32), ("ts", np.int64)])
"""A segment that waits for its ACK."""

TIMED: Final = np.dtype([("syn_ts", np.int64), ("initial_rtt_ns", np.int64), ("known_frame", np.int64)])
"""The last SYN of a stream, how long after it the first ACK came, and which frame that is; 0 where it is not known."""

COUNTED: Final = np.dtype(
    [
        (name, np.uint32)
        for name in (
            "retransmissions",
            "fast_retransmissions",
            "spurious_retransmissions",
            "out_of_order",
            "duplicate_acks",
            "lost_segments",
            "acked_unseen",
            "zero_windows",
            "zero_window_probes",
            "window_fulls",
            "window_updates",
            "keep_alives",
            "keep_alive_acks",
            "zero_window_probe_acks",
            "reused_ports",
        )
    ]
)
"""How many segments that one side of one flow sent were marked so."""

TOLD: Final = np.dtype(
    [
        ("late_most_ns", np.int64),
        ("rtt_ts_least_ns", np.int64),
        ("late_most_bytes", np.uint32),
        ("late_most_segments", np.uint32),
        ("sent_again", np.uint32),
        ("came_late", np.uint32),
        ("needless", np.uint32),
        ("resent_reported", np.uint32),
        ("resent_timeout", np.uint32),
        ("resent_tail", np.uint32),
        ("needless_eifel", np.uint32),
        ("delayed_acks", np.uint32),
        ("rtt_ts_samples", np.uint32),
        ("unseen_bits", np.uint32),
    ],
    align=True,
)
"""
Our own word on the old segments of one side of one flow: sent after what they came behind, or before it; and how often
its receiver said that something came twice. What echoed time stamps prove; ACKs that this side held back. And which of
its witnesses the capture cut off.
"""

ECHOED: Final = np.dtype(
    [
        ("stamp_ts", np.int64),
        ("stamp", np.uint32),
        ("seq", np.uint32),
        ("again_stamp", np.uint32),
        ("again_seq", np.uint32),
    ]
)
"""What one side of one stream waits to have echoed: data that is timed, and data that was sent again."""

U16: Final = np.uint16

# Bits of TOLD: options were cut before
REPORTS_UNSEEN: Final = 1
"""the first two SACK blocks of the receiver."""
STAMPS_UNSEEN: Final = 2
"""the time stamps of either side."""

# Bits of ANALYSED
BASE_KNOWN: Final = 1
FLIGHT_UNKNOWN: Final = 2
WINDOW_KNOWN: Final = 4
LAST_WAS_SYN: Final = 8
RTT_AWAITED: Final = 16
OVERLAPS: Final = 32
"""A waiting segment may begin before one that ends earlier."""
SCALE_KNOWN: Final = 64
SCALES: Final = 128
STAMPS: Final = 256
COUNTS_IDS: Final = 512
"""The sender counts its packets in the IP identification."""
AWAITS_ECHO: Final = 1024
AWAITS_VERDICT: Final = 2048
SENT_TWICE: Final = 4096
"""Something that waits for its ACK was sent again, or came late."""

# Marks: what tcp.analysis.* says of a segment
RETRANSMISSION: Final = 0x0001
FAST_RETRANSMISSION: Final = 0x0002
SPURIOUS_RETRANSMISSION: Final = 0x0004
OUT_OF_ORDER: Final = 0x0008
LOST_SEGMENT: Final = 0x0010
ACK_LOST_SEGMENT: Final = 0x0020
DUPLICATE_ACK: Final = 0x0040
KEEP_ALIVE: Final = 0x0080
KEEP_ALIVE_ACK: Final = 0x0100
ZERO_WINDOW: Final = 0x0200
ZERO_WINDOW_PROBE: Final = 0x0400
ZERO_WINDOW_PROBE_ACK: Final = 0x0800
WINDOW_FULL: Final = 0x1000
WINDOW_UPDATE: Final = 0x2000
REUSED_PORTS: Final = 0x4000

UNSAID: Final = -1
"""A round trip or a flight that nothing is said of."""


class AnalysisState(NamedTuple):
    """All that is carried over batches."""

    sides: Records
    """ANALYSED[2 * flows]: of a connection's first flow, in whichever segment."""
    counted: Records
    """COUNTED[2 * flows]"""
    told: Records
    """TOLD[2 * flows]"""
    timed: Records
    """TIMED[flows]"""
    echoed: Records
    """ECHOED[2 * flows]: as sides"""
    unacked: Records
    """UNACKED[n]"""
    arena: I32


class Analysed(NamedTuple):
    """What is said of each row of a batch."""

    marks: I32
    """int32[m]: the bits above."""
    ack_rtt_ns: I64
    """int64[m]: from the segment that this one acknowledges exactly; UNSAID without."""
    flight_bytes: I64
    """int64[m]: outstanding after this segment; UNSAID without."""
    echo_key: U64
    """uint64[m]: whose data was timed until its time stamp came back (2 * flow + side), in the order of the echoes."""
    echo_ns: I64
    """int64[m]: for how long."""
    echoes: I64
    """int64[1]: how many of these there are."""
