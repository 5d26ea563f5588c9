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
    Column("retransmissions", "count", "segments", "with bytes that this point had already seen from this side"),
    Column("fast_retransmissions", "count", "segments", "as Wireshark marks them; null: not measured yet"),
    Column("spurious_retransmissions", "count", "segments", "as Wireshark marks them; null: not measured yet"),
    Column("out_of_order", "count", "segments", "that filled a hole"),
    Column("duplicate_acks", "count", "segments", "as Wireshark marks them; null: not measured yet"),
    Column("lost_segments", "count", "segments", "as Wireshark marks them; null: not measured yet"),
    Column("zero_windows", "count", "segments", "that offered no window"),
    Column("window_fulls", "count", "segments", "as Wireshark marks them; null: not measured yet"),
    Column("keep_alives", "count", "segments", "one number before the next, with one byte or none"),
    Column("rtt_samples", "count", "samples", "data, SYN or FIN to the ACK that covers exactly it; 0 does not count"),
    Column("rtt_min_us", "float", "us", "smallest: exact"),
    Column("rtt_p50_us", "float", "us", "nearest rank; exact for few samples, else within 0.2 %"),
    Column("rtt_p90_us", "float", "us", "nearest rank; exact for few samples, else within 0.2 %"),
    Column("rtt_p99_us", "float", "us", "nearest rank; exact for few samples, else within 0.2 %"),
    Column("rtt_max_us", "float", "us", "largest: exact"),
)
FLOWS: Final = (
    *WHERE_FROM,
    *(Column(f"{side}_{c.name}", c.kind, c.unit, c.meaning) for side in ("a", "b") for c in PER_SIDE),
    Column("handshake_rtt_us", "float", "us", "the last SYN to the first ACK after its SYN/ACK: the full path"),
    Column("tcp_stream", "count", "", "Wireshark's stream number: tcp.stream eq N shows this flow"),
)
"""`vmpcap flows`: contract section 4."""

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

TABLES: Final = {"flows": FLOWS, "announcements": ANNOUNCEMENTS}
"""Every table of a command."""
