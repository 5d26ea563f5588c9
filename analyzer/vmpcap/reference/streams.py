"""TCP streams as tshark counts them, for each side."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    "keep_alive_acks": "tcp.analysis.keep_alive_ack",
    "zero_window_probe_acks": "tcp.analysis.zero_window_probe_ack",
    "reused_ports": "tcp.analysis.reused_ports",
}
"""Columns of `vmpcap flows` that count segments, and the mark of each."""
STREAM: Final = "tcp.stream"
ACK_RTT: Final = "tcp.analysis.ack_rtt"
MULTIPATH: Final = "tcp.options.mptcp.subtype"
STREAM_FIELDS: Final = (STREAM, ACK_RTT, MULTIPATH, *MARKS.values())
COUNTS: Final = ("packets", "wire_bytes", "payload_bytes", "rtt_samples", *MARKS)
"""Columns of `vmpcap flows`, without their side, that are held against each other."""

MARKED: Final = {field.removeprefix("tcp.analysis."): name for name, field in MARKS.items()}
"""Columns of `vmpcap flows` by the name of the mark that they count."""
MOST_STREAMS: Final = 50_000
"""Streams whose counts are kept, which takes some 100 MB: a flood of connections fills no memory."""

FAR_APART: Final = 1 << 30
"""The largest receive window (RFC 7323 2.3): what is further ahead of a stream's last number is none of its flight."""

End = tuple[str | None, int | None]
Counts = Counter[str]


class Streams:
    """Counts of every side of every stream of one capture."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.most = most
        self.beyond = 0
        """Streams that are not counted."""
        self.sides: dict[tuple[int, End], Counts] = {}
        self.copied: dict[tuple[int, End], Counts] = {}
        """What of these counts are packets that our own engine takes for copies."""
        self.unshown: dict[tuple[int, End], Counts] = {}
        """What our own engine says of segments whose options the capture cut: tshark shows no analysis of them."""
        self.copies: Counter[int] = Counter()
        """Copies of each stream."""
        self.multipath: set[int] = set()
        """Which streams have options of Multipath TCP?"""
        self.cut_headers = 0
        """Packets whose TCP header the capture cut: tshark opens streams with them."""
        self.headless: dict[tuple[int, End], Counts] = {}
        """What of these counts are such packets: they are in no flow of ours."""
        self.backwards: dict[tuple[int, End], Counts] = {}
        """What of these counts are round trips below 0, where the capture's times run backwards."""
        self.torn: set[int] = set()
        """Streams in which a number, or an ACK's, lies that far from the last one of its side."""
        self.fourth: dict[tuple[int, End], int] = {}
        """How many bytes the fourth SACK block of the last segment of this side names: tshark takes three off."""
        self._last: dict[tuple[int, End], int] = {}
        self._of_ends: dict[frozenset[End], list[int]] = {}

    def absorb(self, row: Mapping[str, Any], values: Values, ours: Mapping[str, Any] | None) -> None:
        """One more packet, as tshark sees it; ours : what our own engine says of it."""
        is_headless = ours is not None and ours["ip_protocol"] == IP_TCP and ours["tcp_seq"] is None
        self.cut_headers += is_headless
        if row["tcp_seq"] is None or not values[STREAM]:
            return
        stream = int(values[STREAM][-1])
        if stream >= self.most:
            self.beyond = max(self.beyond, stream + 1 - self.most)
            return
        if values[MULTIPATH]:
            self.multipath.add(stream)
        sender, other = (row["ip_src"], row["src_port"]), (row["ip_dst"], row["dst_port"])
        numbers = self._of_ends.setdefault(frozenset((sender, other)), [])
        if stream not in numbers:
            numbers.append(stream)
        self._note_number(stream, sender, row["tcp_seq"])
        self._note_number(stream, other, row["tcp_ack"])
        edges: Sequence[int] = row["tcp_sack"] or ()
        self.fourth[stream, sender] = (edges[7] - edges[6]) % (1 << 32) if len(edges) >= 8 else 0
        sizes = {"packets": 1, "wire_bytes": row["wire_bytes"], "payload_bytes": row["payload_bytes"] or 0}
        side = self.sides.setdefault((stream, sender), Counter())
        side.update(sizes)
        side.update({name: 1 for name, mark in MARKS.items() if values[mark]})
        if values[ACK_RTT]:
            self.sides.setdefault((stream, other), Counter())["rtt_samples"] += 1
            if values[ACK_RTT][-1].startswith("-"):
                self.backwards.setdefault((stream, other), Counter())["rtt_samples"] += 1
        if ours is None:
            return
        if is_headless:
            self.headless.setdefault((stream, sender), Counter()).update(sizes)
        elif ours["is_copy"]:
            self.copies[stream] += 1
            self.copied.setdefault((stream, sender), Counter()).update(sizes)
        if is_unshown(ours):
            marks = (MARKED[mark] for mark in ours["tcp_analysis"] or () if mark in MARKED)
            self.unshown.setdefault((stream, sender), Counter()).update(marks)
            if ours["tcp_ack_rtt_us"] is not None:
                self.unshown.setdefault((stream, other), Counter())["rtt_samples"] += 1

    def _note_number(self, stream: int, end: End, number: int | None) -> None:
        """Does this number of a side, or an ACK of it, lie too far from its last one?"""
        if number is None:
            return
        last = self._last.setdefault((stream, end), number)
        if FAR_APART < (number - last) % (1 << 32) < (1 << 32) - FAR_APART:
            self.torn.add(stream)
        self._last[stream, end] = number

    def with_headers(self) -> set[int]:
        """Which streams have packets whose TCP header is whole?"""
        return {
            key[0]
            for key, counts in self.sides.items()
            if counts["packets"] > self.headless.get(key, Counter())["packets"]
        }

    def numbers(self) -> set[int]:
        """Which streams are there?"""
        return {stream for stream, _ in self.sides}

    def between(self, one: End, other: End) -> list[int]:
        """Which streams are there between these ends, in their order?"""
        return self._of_ends.get(frozenset((one, other)), [])

    def side(self, stream: int, end: End) -> Counts:
        """What did this end send? Nothing, where it was not seen."""
        return self.sides.get((stream, end), Counter())


def is_unshown(ours: Mapping[str, Any]) -> bool:
    """Did the capture cut the options of this segment?"""
    return bool(ours["stop"] == "cut_options")
