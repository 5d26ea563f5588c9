"""What Wireshark's TCP analysis says of segments, by its own names: one bit each."""

from typing import Final

TCP_MARKS: Final = (
    "retransmission",
    "fast_retransmission",
    "spurious_retransmission",
    "out_of_order",
    "lost_segment",
    "ack_lost_segment",
    "duplicate_ack",
    "keep_alive",
    "keep_alive_ack",
    "zero_window",
    "zero_window_probe",
    "zero_window_probe_ack",
    "window_full",
    "window_update",
    "reused_ports",
)
"""As in tcp.analysis.<name>; bit n of a segment's marks is name n."""
