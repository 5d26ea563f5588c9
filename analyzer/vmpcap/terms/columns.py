"""Every table of the commands as data: its columns, their dtypes, units and meanings; and the gate they pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from vmpcap.terms.errors import VmpcapError

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["text", "count", "float", "bool", "time", "texts", "ids"]

KINDS: Final[dict[Kind, str]] = {
    "text": "String",
    "count": "Int64",
    "float": "Float64",
    "bool": "Boolean",
    "time": 'Datetime("ns", "UTC")',
    "texts": "List(String)",
    "ids": "List(Int64)",
}
"""What a kind of column is in polars. An unknown value is null, never 0."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind
    unit: str
    meaning: str


class SchemaError(VmpcapError):
    """A table does not have the columns that it is declared to have: a fault of vmpcap."""


def dtypes(columns: Sequence[Column]) -> "dict[str, pl.DataType]":
    """Which polars schema have these columns?"""
    import polars as pl

    known: dict[Kind, pl.DataType] = {
        "text": pl.String(),
        "count": pl.Int64(),
        "float": pl.Float64(),
        "bool": pl.Boolean(),
        "time": pl.Datetime("ns", "UTC"),
        "texts": pl.List(pl.String()),
        "ids": pl.List(pl.Int64()),
    }
    return {column.name: known[column.kind] for column in columns}


def through_gate(frame: "pl.DataFrame", columns: Sequence[Column], table: str) -> "pl.DataFrame":
    """
    The same frame, if it is what its table promises.

    Raises
    ------
    SchemaError
        A column is missing, superfluous, out of order or of another dtype.
    """
    wanted, found = dtypes(columns), dict(frame.schema)
    if list(found.items()) != list(wanted.items()):
        odd = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
        detail = ", ".join(f"{n}: {wanted.get(n, 'not declared')}, found {found.get(n, 'nothing')}" for n in odd)
        raise SchemaError(f"the table {table!r} is not as declared ({detail or 'columns out of order'})")
    return frame


WHERE_FROM: Final = (
    Column("point", "text", "", "capture point"),
    Column("flow_id", "count", "", "number of the flow at its point, from 0, by first packet"),
    Column("protocol", "text", "", "tcp, udp, sctp, icmp or icmpv6"),
    Column("a_ip", "text", "", "sender of the first packet seen"),
    Column("a_port", "count", "", "its port; for ICMP echoes the identifier"),
    Column("b_ip", "text", "", "the other end"),
    Column("b_port", "count", "", "its port"),
    Column("encapsulation", "text", "", "headers of the first packet, outermost first"),
    Column("vlan", "ids", "", "802.1Q tags of the innermost Ethernet header, outermost first"),
    Column("vni", "count", "", "id of the innermost overlay (VNI, VSID, I-SID, fence), null outside any"),
    Column("first_ts", "time", "", "first packet"),
    Column("last_ts", "time", "", "last packet"),
)
PER_SIDE: Final = (
    Column("packets", "count", "packets", "sent by this side; what the capture holds twice in one VLAN counts once"),
    Column("wire_bytes", "count", "bytes", "of whole frames, as they were on the wire"),
    Column("payload_bytes", "count", "bytes", "above the transport header, by the IP length; resent bytes count again"),
    Column(
        "retransmissions", "count", "segments", "marked in Wireshark as sent before: fast and spurious ones among them"
    ),
    Column("fast_retransmissions", "count", "segments", "marked: soon after two duplicate ACKs for it"),
    Column("spurious_retransmissions", "count", "segments", "marked: it had been acknowledged already"),
    Column("out_of_order", "count", "segments", "marked: later than its numbers by less than a round trip"),
    Column("duplicate_acks", "count", "segments", "marked: the same ACK and window once more"),
    Column("lost_segments", "count", "segments", "marked: numbers before it were not seen"),
    Column("zero_windows", "count", "segments", "marked: it offers no window"),
    Column("window_fulls", "count", "segments", "marked: it reaches the edge of the offered window"),
    Column("keep_alives", "count", "segments", "marked: one number before the next, with one byte or none"),
    Column("rtt_samples", "count", "samples", "data, SYN or FIN to the ACK that covers exactly it; 0 does not count"),
    Column("rtt_min_us", "float", "us", "smallest: exact"),
    Column("rtt_p50_us", "float", "us", "nearest rank; exact for few samples, else within 0.2 %"),
    Column("rtt_p90_us", "float", "us", "nearest rank; exact for few samples, else within 0.2 %"),
    Column("rtt_p99_us", "float", "us", "nearest rank; exact for few samples, else within 0.2 %"),
    Column("rtt_max_us", "float", "us", "largest: exact"),
)
ALSO_PER_SIDE: Final = (
    Column("acked_unseen", "count", "segments", "marked: it acknowledges numbers that were not seen"),
    Column("zero_window_probes", "count", "segments", "marked: one byte although no window was offered"),
    Column("window_updates", "count", "segments", "marked: the same ACK with another window"),
    Column("resent_segments", "count", "segments", "with bytes that this point had seen from this side; no copies"),
    Column("resent_bytes", "count", "bytes", "of payload that this point had seen from this side; no copies"),
    Column("sent_again", "count", "segments", "old numbers, sent after what they came behind: by time stamp or IP id"),
    Column("came_late", "count", "segments", "old numbers, sent before it: reordered, or captured out of order"),
    Column("needless", "count", "reports", "of the receiver that it came twice: D-SACK (RFC 2883); null: cut off"),
    Column("late_segments", "count", "segments", "that filled a hole, whenever they came; no copies"),
    Column("copies", "count", "packets", "captured more than once; they count nowhere else but in what is marked"),
)
RECOVERY_PER_SIDE: Final = (
    Column(
        "resent_reported",
        "count",
        "segments",
        "of sent_again: the receiver had just reported a gap (ACK repeated, or SACK)",
    ),
    Column("resent_timeout", "count", "segments", "of sent_again: unasked, with nothing new sent for 200 ms or more"),
    Column(
        "resent_tail", "count", "segments", "of sent_again: the newest that was sent, so that nothing could be reported"
    ),
    Column("late_most_bytes", "count", "bytes", "of came_late: most that had overtaken one (RFC 4737)"),
    Column("late_most_us", "float", "us", "of came_late: longest behind the first that had overtaken it"),
    Column(
        "late_most_segments", "count", "segments", "of came_late: most segments that had overtaken one (RFC 4737 4.2.2)"
    ),
)
ECHOES_PER_SIDE: Final = (
    Column(
        "needless_eifel",
        "count",
        "segments",
        "sent again in vain: the next ACK echoes an older time stamp (RFC 3522); null: cut off",
    ),
    Column("delayed_acks", "count", "segments", "ACKs of a lone segment, 30 to 520 ms later than the handshake took"),
    Column(
        "rtt_ts_samples", "count", "samples", "data timed until its time stamp was echoed (RFC 7323), one at a time"
    ),
    Column("rtt_ts_min_us", "float", "us", "smallest of those"),
)
ECHO_SPREAD_PER_SIDE: Final = (
    Column("rtt_ts_p50_us", "float", "us", "of rtt_ts_samples: nearest rank, as rtt_p50_us; null: not all found room"),
    Column("rtt_ts_p95_us", "float", "us", "of rtt_ts_samples: nearest rank; null: not all found room"),
)
MARKED_LATER_PER_SIDE: Final = (
    Column("keep_alive_acks", "count", "segments", "marked: the same ACK once more, after a keep-alive"),
    Column("zero_window_probe_acks", "count", "segments", "marked: it answers a probe: still no window"),
    Column("reused_ports", "count", "segments", "marked: a SYN between ends that had a connection before"),
)
FLOWS: Final = (
    *WHERE_FROM,
    *(Column(f"{side}_{c.name}", c.kind, c.unit, c.meaning) for side in ("a", "b") for c in PER_SIDE),
    Column("handshake_rtt_us", "float", "us", "the last SYN to the first ACK after its SYN/ACK: the full path"),
    Column("tcp_stream", "count", "", "Wireshark's stream number: tcp.stream eq N shows this flow"),
    *(Column(f"{side}_{c.name}", c.kind, c.unit, c.meaning) for side in ("a", "b") for c in ALSO_PER_SIDE),
    Column("initial_rtt_us", "float", "us", "the last SYN to the first ACK after it: Wireshark's initial_rtt"),
    *(Column(f"{side}_{c.name}", c.kind, c.unit, c.meaning) for side in ("a", "b") for c in RECOVERY_PER_SIDE),
    *(Column(f"{side}_{c.name}", c.kind, c.unit, c.meaning) for side in ("a", "b") for c in ECHOES_PER_SIDE),
    *(Column(f"{side}_{c.name}", c.kind, c.unit, c.meaning) for side in ("a", "b") for c in MARKED_LATER_PER_SIDE),
    *(Column(f"{side}_{c.name}", c.kind, c.unit, c.meaning) for side in ("a", "b") for c in ECHO_SPREAD_PER_SIDE),
)
"""`vmpcap flows`: what is promised, then what was added. Marked: in Wireshark, with its default preferences."""

ANNOUNCEMENTS: Final = (
    Column("point", "text", "", "capture point"),
    Column("frame", "count", "", "number in its file, from 1, as Wireshark counts"),
    Column("ts", "time", "", "null where the file gives no time"),
    Column("kind", "text", "", "what it is, by its form: rarp_announce, garp_request, unsolicited_na, ..."),
    Column("opcode", "count", "", "of ARP or RARP; null for neighbour discovery"),
    Column("eth_src", "text", "", "source of the innermost Ethernet header"),
    Column("eth_dst", "text", "", "its destination"),
    Column("sender_mac", "text", "", "sender hardware address; for neighbour discovery the link-layer option"),
    Column("sender_ip", "text", "", "sender protocol address; for neighbour discovery the IPv6 source"),
    Column("target_mac", "text", "", "target hardware address"),
    Column("target_ip", "text", "", "target protocol address"),
    Column("vlan_ids", "ids", "", "802.1Q tags of the innermost Ethernet header, outermost first"),
    Column("vni", "count", "", "id of the innermost overlay, null outside any"),
    Column("encapsulation", "text", "", "headers, outermost first"),
    Column("broadcast", "bool", "", "sent to everybody: broadcast, or multicast for neighbour discovery"),
)
"""`vmpcap announcements`: contract section 5."""

PACKETS: Final = (
    Column("point", "text", "", "capture point"),
    Column("frame", "count", "", "number in its file, from 1, as Wireshark counts"),
    Column("ts", "time", "", "null where the file gives no time"),
    Column("captured_bytes", "count", "bytes", "of the frame that are in the file"),
    Column("wire_bytes", "count", "bytes", "of the frame as it was on the wire, as the file says"),
    Column("interface", "count", "", "of the capture, from 0, over all sections of the file"),
    Column("link_type", "count", "", "LINKTYPE_ number; null where the interface was never described"),
    Column("stop", "text", "", "why the walk ended: complete, cut, unknown_ethertype, ..."),
    Column("encapsulation", "text", "", "headers with ids, outermost first: eth/vlan:10/ip/udp/vxlan:5001/eth/arp"),
    Column(
        "ids",
        "ids",
        "",
        "ids of the headers (tags, overlays, labels, sessions, ERSPAN III clocks), in order; null: it has none",
    ),
    Column("vlan_ids", "ids", "", "802.1Q tags of the innermost Ethernet header, outermost first; empty: untagged"),
    Column("vni", "count", "", "id of the innermost overlay (VNI, VSID, I-SID, instance, fence), null outside any"),
    Column("eth_src", "text", "", "source of the innermost Ethernet header"),
    Column("eth_dst", "text", "", "its destination"),
    Column("ethertype", "count", "", "that enters the innermost network header: 2048 IPv4, 2054 ARP, 32821 RARP"),
    Column("ip_version", "count", "", "4 or 6, of the innermost IP header; null where there is none, as all of ip_"),
    Column("ip_src", "text", "", "its source"),
    Column("ip_dst", "text", "", "its destination"),
    Column("ip_protocol", "count", "", "behind extension headers: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6"),
    Column("ip_ttl", "count", "", "time to live or hop limit"),
    Column("ip_tos", "count", "", "type of service or traffic class: DSCP and ECN"),
    Column("ip_id", "count", "", "identification; null for IPv6 without a fragment header"),
    Column("ip_fragment", "text", "", "whole, first or later"),
    Column("src_port", "count", "", "of TCP or UDP; null without, also in later fragments"),
    Column("dst_port", "count", "", "of TCP or UDP; null without, also in later fragments"),
    Column("payload_bytes", "count", "bytes", "above the transport header, by the IP length; null without one"),
    Column("tcp_seq", "count", "", "sequence number as it is on the wire; null without TCP, as all of tcp_"),
    Column("tcp_ack", "count", "", "acknowledgement number as it is on the wire"),
    Column("tcp_flags", "count", "", "1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG, 64 ECE, 128 CWR, ..."),
    Column("tcp_window", "count", "", "as it is on the wire, not scaled"),
    Column("tcp_mss", "count", "bytes", "option; null where it is not there"),
    Column("tcp_window_scale", "count", "", "option: bits by which windows of this side are shifted"),
    Column("tcp_sack_permitted", "bool", "", "option; null where the options were cut"),
    Column("tcp_ts_value", "count", "", "option: time stamp of the sender"),
    Column("tcp_ts_echo", "count", "", "option: time stamp that the sender last got"),
    Column("tcp_sack", "ids", "", "option: left and right edge of each block; null where options were cut"),
    Column("icmp_type", "count", "", "of ICMP or ICMPv6"),
    Column("icmp_code", "count", "", "of ICMP or ICMPv6"),
    Column("icmp_id", "count", "", "identifier of an echo request or reply"),
    Column("icmp_seq", "count", "", "sequence number of an echo request or reply"),
    Column("arp_op", "count", "", "opcode of ARP or RARP (Ethernet, IPv4); null for all else, as all of arp_"),
    Column("arp_sender_mac", "text", "", "sender hardware address"),
    Column("arp_sender_ip", "text", "", "sender protocol address"),
    Column("arp_target_mac", "text", "", "target hardware address"),
    Column("arp_target_ip", "text", "", "target protocol address"),
    Column("tunnel_seq", "count", "", "sequence number of the outermost tunnel that has one (ERSPAN, GRE, ESP)"),
    Column("is_copy", "bool", "", "of a packet that came a moment ago; null without a time or a network header"),
    Column("tcp_stream", "count", "", "Wireshark's stream number"),
    Column("tcp_analysis", "texts", "", "marks of Wireshark's tcp.analysis, such as retransmission; empty: none"),
    Column("tcp_ack_rtt_us", "float", "us", "since the segment that this one acknowledges exactly: ack_rtt"),
    Column("tcp_bytes_in_flight", "count", "bytes", "outstanding after this segment: bytes_in_flight"),
    Column("tcp_initial_rtt_us", "float", "us", "of its stream, from the ACK that tells it on: initial_rtt"),
    Column(
        "mirror_clock_ns",
        "count",
        "ns",
        "hardware clock of the outermost ERSPAN III header, since it began; 32 bits of its unit come round, unless the"
        " platform's header has the rest; null without one, or in a unit that its owner defined (then only in ids)",
    ),
    Column(
        "mirror_clock_unit_ns",
        "count",
        "ns",
        "what that clock counts in: 100000 (100 us), 100, or 1 (IEEE 1588); null as above",
    ),
)
"""
`vmpcap packets` and `vmpcap.scan`: one row per frame. Addresses, ports and lengths are those of the innermost packet.
"""

VERIFY: Final = (
    Column("point", "text", "", "capture point; of several files each is one"),
    Column(
        "finding",
        "text",
        "",
        "differs, not_walked (tshark goes on), missing, extra, flow, reassembled, copies, segments, cut or uncounted",
    ),
    Column("column", "text", "", "of `vmpcap packets`, or of `vmpcap flows` for what is about a stream"),
    Column("packets", "count", "packets", "that it is about; for a stream null"),
    Column("tcp_stream", "count", "", "Wireshark's number of the stream that it is about; else null"),
    Column("vmpcap", "text", "", "our value, in the first of them"),
    Column("tshark", "text", "", "tshark's value, in the first of them"),
    Column("because", "text", "", "what is known of the reason; null: nothing"),
    Column("frames", "ids", "", "numbers of the first hundred, as Wireshark counts; null where it is about a stream"),
    Column("filter", "text", "", "display filter that shows them"),
)
"""`vmpcap verify`: one row per kind of disagreement."""

POINTS: Final = (
    Column("from_point", "text", "", "capture point that saw these packets first"),
    Column("to_point", "text", "", "capture point that saw them after it"),
    Column("matched", "count", "packets", "seen at both, in this direction; null: no packet at all was seen at both"),
    Column(
        "lost",
        "count",
        "packets",
        "seen at the first only, while packets of the same ends came before and after, or TCP sent on in vain",
    ),
    Column("lost_frames", "ids", "", "frames of the first hundred at the first point, each as its file numbers it"),
    Column(
        "missed",
        "count",
        "packets",
        "not lost: acknowledged, and TCP had not sent them again, or replied to: they came unrecorded",
    ),
    Column("elsewhere", "count", "packets", "not lost: a third point saw them later, or their answers passed by, too"),
    Column("not_after", "count", "packets", "seen at the first after the last that came: lost, or gone another way"),
    Column("recut", "count", "packets", "segments of other sizes at either point (offload): not said to be lost"),
    Column("reordered", "count", "packets", "overtaken on the way by a later one of the same ends; low in a sample"),
    Column("repeated", "count", "packets", "that the second point saw more often than the first; both ways together"),
    Column("ambiguous", "count", "packets", "seen unequally often: which is which is not known; both ways together"),
    Column("undecided", "count", "packets", "seen at both, of which nobody knows where first; both ways together"),
    Column("translated", "count", "packets", "found by numbers alone: addresses or IP ids were rewritten; both ways"),
    Column(
        "one_in",
        "count",
        "",
        "packets are a sample of one in so many; 1: all. Counts are those of the sample times this",
    ),
    Column("delay_min_ms", "float", "ms", "one-way, by the middle of what the clocks allow"),
    Column("delay_p50_ms", "float", "ms", "the same, nearest rank"),
    Column("delay_p95_ms", "float", "ms", "the same, nearest rank"),
    Column("delay_p99_ms", "float", "ms", "the same, nearest rank"),
    Column(
        "delay_uncertainty_ms", "float", "ms", "all delays of a row may be wrong by this alike: asymmetry of the path"
    ),
    Column("ttl_step", "count", "", "what most packets lost in TTL: routers between"),
    Column("dscp_changed", "count", "packets", "that have another DSCP at the second point"),
    Column("ecn_changed", "count", "packets", "that have another ECN field at the second point: marked on the way"),
    Column("vlan_changed", "count", "packets", "that have another outer VLAN tag, or none, at the second point"),
    Column("largest_from_bytes", "count", "bytes", "greatest payload that the first point shows of these ends"),
    Column("largest_to_bytes", "count", "bytes", "greatest payload that the second point shows of them"),
    Column("offset_ms", "float", "ms", "what the second point's clock shows more than the first's, at `offset_at_ts`"),
    Column("offset_at_ts", "time", "", "when, by the first point's clock; where they drift apart it is another before"),
    Column("uncertainty_ms", "float", "ms", "the truth lies within so much of it, if both ways are alike to a tenth"),
    Column("bound_ms", "float", "ms", "the same whatever the ways are, unless a clock stepped by less"),
    Column("drift_ppm", "float", "ppm", "how much faster the second clock runs, middle of what is possible"),
    Column(
        "drift_uncertainty_ppm",
        "float",
        "ppm",
        "the truth lies within so much of it, if the least delays of both ways stay as they are",
    ),
    Column("drift_bound_ppm", "float", "ppm", "the same whatever the ways do; at most 500 is taken as possible"),
    Column(
        "clock_steps",
        "count",
        "",
        "how often a clock stepped for certain; offset and drift are those of the longest piece",
    ),
    Column("because", "text", "", "why something is not known, and which clocks contradict each other"),
)
"""`vmpcap points`: one row for each two capture points and direction."""

TABLES: Final = {"points": POINTS, "flows": FLOWS, "announcements": ANNOUNCEMENTS, "packets": PACKETS, "verify": VERIFY}
"""Every table of a command."""
