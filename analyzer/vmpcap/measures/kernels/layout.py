"""The memory of the follower: what is kept of each side, each flow and each nominated stream."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

SIDE: Final = np.dtype(
    [
        ("packets", np.int64),
        ("wire_bytes", np.int64),
        ("payload_bytes", np.int64),
        ("last_ts", np.int64),
        ("last_frame", np.int64),
        ("last_eth_src", np.uint64),
        ("last_eth_dst", np.uint64),
        ("next_seq", np.uint32),
        ("flags", np.uint16),
        ("ttl_min", np.uint8),
        ("ttl_max", np.uint8),
        ("unique_bytes", np.int64),
        ("acked_bytes", np.int64),
        ("last_data_ts", np.int64),
        ("last_data_frame", np.int64),
        ("acked_to", np.uint32),
        ("ring_at", np.int32),
        ("ring_first", np.uint16),
        ("ring_used", np.uint16),
        ("ring_log2", np.uint8),
        ("idle_state", np.uint8),
        ("peer_mss", np.uint16),
        ("window_last", np.uint16),
        ("window_max", np.uint16),
        ("slot", np.int32),
        ("max_payload", np.uint32),
        ("max_flight", np.uint32),
    ],
    align=True,
)
"""What nearly every packet of a side touches: two cache lines."""

MORE: Final = np.dtype(
    [
        ("first_ts", np.int64),
        ("first_frame", np.int64),
        ("first_data_ts", np.int64),
        ("first_data_frame", np.int64),
        ("syn_ts", np.int64),
        ("syn_frame", np.int64),
        ("fin_ts", np.int64),
        ("fin_frame", np.int64),
        ("first_eth_src", np.uint64),
        ("first_eth_dst", np.uint64),
        ("idle_ts", np.int64),
        ("idle_ns", np.int64),
        ("clump_ts", np.int64),
        ("clump_data_ts", np.int64),
        ("isn", np.uint32),
        ("low_seq", np.uint32),
        ("fin_seq", np.uint32),
        ("wraps", np.uint16),
        ("mss", np.uint16),
        ("window_scale", np.uint8),
        ("opening_bytes", np.uint8),
        ("syns", np.uint8),
    ],
    align=True,
)
"""What only some packets of a side touch."""

RARE: Final = np.dtype(
    [
        ("rst_ts", np.int64),
        ("rst_frame", np.int64),
        ("retransmitted_bytes", np.int64),
        ("hole_bytes", np.int64),
        ("filled_bytes", np.int64),
        ("retransmissions", np.uint32),
        ("out_of_order", np.uint32),
        ("zero_windows", np.uint32),
        ("keep_alives", np.uint32),
        ("duplicates", np.uint32),
        ("mirrored", np.uint32),
        ("holes_left_out", np.uint32),
        ("rtt_left_out", np.uint32),
        ("holes_at", np.int32),
        ("holes_used", np.uint16),
        ("holes_log2", np.uint8),
    ],
    align=True,
)
"""What most sides never touch, so that it takes no memory: losses, resets, closed windows, copies. Begins as zeros."""

SHAKE: Final = np.dtype([("syn_ts", np.int64), ("synack_ts", np.int64), ("ack_ts", np.int64)])
"""When a flow's handshake went by: the last SYN sent before the first SYN/ACK, that SYN/ACK, the first ACK after it."""

ENTRY: Final = np.dtype([("end", np.uint32), ("mark", np.uint32), ("ts", np.int64)])
"""A segment that waits for its ACK."""

HOLE: Final = np.dtype([("left", np.uint32), ("right", np.uint32)])
"""Sequence numbers left .. right (excluded) that were jumped over."""

BIN: Final = np.dtype(
    [
        ("new_bytes", np.int64),
        ("acked_bytes", np.int64),
        ("resent_bytes", np.int64),
        ("segments", np.int64),
        ("rtt_min_ns", np.int64),
        ("rtt_max_ns", np.int64),
        ("window_min", np.int64),
        ("flight_max", np.int64),
        ("first_frame", np.int64),
        ("last_frame", np.int64),
        ("sent_first_ts", np.int64),
        ("sent_last_ts", np.int64),
        ("acked_first_ts", np.int64),
        ("acked_first_bytes", np.int64),
        ("acked_last_ts", np.int64),
    ]
)
"""
One stretch of one side's series; no sample is -1 in the four before the two frames, which are 0 without a packet. When
new data first and last passed in it: NEVER, NO_TIME without; so of the first and the last acknowledgement of more than
before, which first tells of 0 bytes without.
"""

NEVER: Final = 2**63 - 1

STREAM: Final = np.dtype(
    [
        ("side", np.int64),
        ("before_bytes", np.int64),
        ("start_ns", np.int64),
        ("width_ns", np.int64),
        ("cursor_ns", np.int64),
        ("cursor", np.int32),
        ("bins_at", np.int32),
        ("bins_used", np.int32),
        ("bins_log2", np.uint8),
        ("closing_bytes", np.uint8),
        ("ts_seen", np.uint8),
        ("echo_first", np.uint16),
        ("echo_used", np.uint16),
        ("ts_value", np.uint32),
        ("echo_next", np.uint32),
        ("closing_row", np.int32),
        ("pauses_used", np.int32),
        ("least_pause_ns", np.int64),
        ("pauses_left_out", np.int64),
        ("echoes_left_out", np.int64),
        ("untimed", np.int64),
        ("loop_least_ns", np.int64),
    ],
    align=True,
)
"""
One side of a nominated stream: where its bins are, the last timestamp option it sent, its pauses, the shortest round
trip that a time stamp showed.
"""

PAUSE: Final = np.dtype([("from_ts", np.int64), ("from_frame", np.int64), ("to_ts", np.int64), ("to_frame", np.int64)])

ECHO: Final = np.dtype([("data_ts", np.int64), ("ack_ts", np.int64), ("value", np.uint32), ("has_data", np.uint32)])
"""A timestamp that went to this side and waits for its echo; data_ts: when the segment passed that it acknowledged."""

# SIDE flags
NEXT_SEEN: Final = 1
ACKED_SEEN: Final = 2
PEER_ACKED: Final = 4
SYN_SEEN: Final = 8
SYN_ACKS: Final = 16
FIN_SEEN: Final = 32
RST_SEEN: Final = 64
DATA_SEEN: Final = 128
OPENED: Final = 256
SCALES: Final = 512
SACKS: Final = 1024
MAC_CHANGED: Final = 2048
WINDOW_SEEN: Final = 4096
PROBED: Final = 8192
SHAKEN: Final = 16384
SHAKE_RESENT: Final = 32768

# ENTRY marks
AMBIGUOUS: Final = 1
CONTROL: Final = 2
IDLE: Final = 4

# SIDE idle_state
IDLE_NONE: Final = 0
IDLE_ALONE: Final = 1
"""A round trip of the idle path waits to be told: no ACK followed the one that ended it on its heels."""
IDLE_IN_CLUMP: Final = 2
"""... some did: the ACK may have been held back for as long as the next clump lets wait."""

# Kinds of samples, the low bits of a sample's key
KIND_ONCE: Final = 0
KIND_AMBIGUOUS: Final = 1
KIND_CONTROL: Final = 2
KIND_IDLE: Final = 3
"""Those of KIND_ONCE that met an idle path, once more."""
KIND_LOOP: Final = 4
KIND_NEAR: Final = 5
KIND_WAITED: Final = 6
KIND_BITS: Final = 3
ACK_RTT_KINDS: Final = (KIND_ONCE, KIND_AMBIGUOUS, KIND_CONTROL)
"""What Wireshark's tcp.analysis.ack_rtt is made of; the kinds above are timestamp loops, and what is counted above."""

# Counts
SAMPLES: Final = 0
STREAMS_USED: Final = 1
STREAMS_LEFT_OUT: Final = 2
BACKWARD: Final = 3
COUNTS: Final = 8

MOST_OUTSTANDING: Final = 10_000
"""Segments that may wait for their ACK, per side. Wireshark keeps as many."""

MOST_HOLES_LOG2: Final = 9
MOST_BINS_LOG2: Final = 16
LEAST_BINS_LOG2: Final = 6
LEAST_BLOCK_LOG2: Final = 2
BIN_NS: Final = 10_000_000
LEAST_PAUSE_NS: Final = 10_000_000
MOST_PAUSES: Final = 1024
MOST_ECHOES: Final = 256
MOST_SPAN_NS: Final = 32 * 86_400 * 1_000_000_000
"""What lies further from a series' start than this is a broken clock, not a series."""

OPENING_BYTES: Final = 16

UNKNOWN_SCALE: Final = 255
"""A window scale that may have stood in the part of a SYN's options that was not captured."""


# An arena hands out blocks of 4, 8, 16 ... records of one array. It is an int32 array itself:
ARENA_TOP: Final = 0
"""Records handed out so far."""
ARENA_LIMIT: Final = 1
"""Records there are."""
ARENA_FREE: Final = 2
"""From here on, for each size, the first free block plus one; 0 without."""
ARENA_LINKS: Final = 32
"""From here on, for each four records, the next free block after the one that begins there, plus one."""


class State(NamedTuple):
    """All that is carried over batches."""

    sides: Records
    more: Records
    rare: Records
    openings: U8
    shakes: Records
    entries: Records
    entry_arena: I32
    holes: Records
    hole_arena: I32
    bins: Records
    bin_arena: I32
    streams: Records
    pauses: Records
    echoes: Records
    closings: U8
    magics: U8
    """uint8[magics, 17]: streams.magic_table; never written."""
    sample_key: U64
    sample_ns: I64
    counts: I64
