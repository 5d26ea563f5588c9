"""TCP streams as tshark counts them, for each side."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from vmpcap.reference.tshark import Values
from vmpcap.terms.wire import IP_TCP

MARKS: Final = {
    "retransmissions": "tcp.analysis.retransmission",
    "fast_retransmissions": "tcp.analysis.fast_retransmission",
    "spurious_retransmissions": "tcp.analysis.spurious_retransmission",
    "out_of_order": "tcp.analysis.out_of_order",
    "duplicate_acks": "tcp.analysis.duplicate_ack",
    "lost_segments": "tcp.analysis.lost_segment",
    "zero_windows": "tcp.analysis.zero_window",
    "window_fulls": "tcp.analysis.window_full",
    "keep_alives": "tcp.analysis.keep_alive",
    "acked_unseen": "tcp.analysis.ack_lost_segment",
    "zero_window_probes": "tcp.analysis.zero_window_probe",
    "window_updates": "tcp.analysis.window_update",
}
"""Columns of `vmpcap flows` that count segments, and the mark of each."""
STREAM: Final = "tcp.stream"
ACK_RTT: Final = "tcp.analysis.ack_rtt"
STREAM_FIELDS: Final = (STREAM, ACK_RTT, *MARKS.values())
COUNTS: Final = ("packets", "wire_bytes", "payload_bytes", "rtt_samples", *MARKS)
"""Columns of `vmpcap flows`, without their side, that are held against each other."""

End = tuple[str | None, int | None]


class Streams:
    """Counts of every side of every stream of one capture."""

    def __init__(self) -> None:
        self.sides: dict[tuple[int, End], Counter[str]] = {}
        self.copies: Counter[int] = Counter()
        """Packets of each stream that our own engine takes for copies."""
        self.cut_options: Counter[int] = Counter()
        """Packets of each stream whose TCP options the capture cut: tshark shows no analysis of them."""
        self.segments: dict[int, set[object]] = {}
        """VLANs and overlays of each stream."""
        self.cut_headers = 0
        """Packets whose TCP header the capture cut: tshark opens streams with them."""
        self._of_ends: dict[frozenset[End], list[int]] = {}

    def absorb(self, row: Mapping[str, Any], values: Values, ours: Mapping[str, Any] | None) -> None:
        """One more packet, as tshark sees it; ours : what our own engine says of it."""
        if ours is not None and ours["ip_protocol"] == IP_TCP and ours["tcp_seq"] is None:
            self.cut_headers += 1
        if row["tcp_seq"] is None or not values[STREAM]:
            return
        stream = int(values[STREAM][-1])
        self.copies[stream] += bool(ours and ours["is_copy"])
        self.cut_options[stream] += bool(ours and ours["stop"] == "cut_options")
        if ours is not None:
            self.segments.setdefault(stream, set()).add((tuple(ours["vlan_ids"] or ()), ours["vni"]))
        sender, other = (row["ip_src"], row["src_port"]), (row["ip_dst"], row["dst_port"])
        numbers = self._of_ends.setdefault(frozenset((sender, other)), [])
        if stream not in numbers:
            numbers.append(stream)
        side = self.sides.setdefault((stream, sender), Counter())
        side.update(packets=1, wire_bytes=row["wire_bytes"], payload_bytes=row["payload_bytes"] or 0)
        side.update({name: bool(values[mark]) for name, mark in MARKS.items()})
        if values[ACK_RTT]:
            self.sides.setdefault((stream, other), Counter())["rtt_samples"] += 1

    def numbers(self) -> set[int]:
        """Which streams are there?"""
        return {stream for stream, _ in self.sides}

    def between(self, one: End, other: End) -> list[int]:
        """Which streams are there between these ends, in their order?"""
        return self._of_ends.get(frozenset((one, other)), [])

    def side(self, stream: int, end: End) -> Counter[str]:
        """What did this end send? Nothing, where it was not seen."""
        return self.sides.get((stream, end), Counter())
