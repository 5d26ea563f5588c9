"""Tables as they are promised to users, and the gate that holds them to it."""

import polars as pl
import pytest

from vmpcap.terms.columns import ANNOUNCEMENTS, FLOWS, KINDS, PACKETS, TABLES, Column, SchemaError, dtypes, through_gate

# The public contract, sections 4 and 5, word for word.
FLOW_ENDS = "point, flow_id, protocol, a_ip, a_port, b_ip, b_port, encapsulation, vlan, vni, first_ts, last_ts"
FLOW_SIDE = (
    "packets, wire_bytes, payload_bytes, retransmissions, fast_retransmissions, spurious_retransmissions, "
    "out_of_order, duplicate_acks, lost_segments, zero_windows, window_fulls, keep_alives, rtt_samples, rtt_min_us, "
    "rtt_p50_us, rtt_p90_us, rtt_p99_us, rtt_max_us"
)
FLOW_WHOLE = "handshake_rtt_us, tcp_stream"
FLOW_ADDED = (
    "acked_unseen, zero_window_probes, window_updates, resent_segments, resent_bytes, "
    "sent_again, came_late, needless, late_segments, copies"
)
FLOW_RECOVERY = "resent_reported, resent_timeout, resent_tail, late_most_bytes, late_most_us, late_most_segments"
FLOW_ECHOES = "needless_eifel, delayed_acks, rtt_ts_samples, rtt_ts_min_us"
FLOW_MARKED_LATER = "keep_alive_acks, zero_window_probe_acks, reused_ports"
FLOW_ECHO_SPREAD = "rtt_ts_p50_us, rtt_ts_p95_us"
ANNOUNCEMENT = (
    "point, frame, ts, kind, opcode, eth_src, eth_dst, sender_mac, sender_ip, target_mac, target_ip, vlan_ids, vni, "
    "encapsulation, broadcast"
)
PACKET = (
    "point, frame, ts, captured_bytes, wire_bytes, interface, link_type, stop, encapsulation, ids, vlan_ids, vni, "
    "eth_src, eth_dst, ethertype, ip_version, ip_src, ip_dst, ip_protocol, ip_ttl, ip_tos, ip_id, ip_fragment, "
    "src_port, dst_port, payload_bytes, tcp_seq, tcp_ack, tcp_flags, tcp_window, tcp_mss, tcp_window_scale, "
    "tcp_sack_permitted, tcp_ts_value, tcp_ts_echo, tcp_sack, icmp_type, icmp_code, icmp_id, icmp_seq, arp_op, "
    "arp_sender_mac, arp_sender_ip, arp_target_mac, arp_target_ip, tunnel_seq, is_copy, "
    "tcp_stream, tcp_analysis, tcp_ack_rtt_us, tcp_bytes_in_flight, tcp_initial_rtt_us, mirror_clock_ns, "
    "mirror_clock_unit_ns"
)

SMALL = (Column("name", "text", "", "a name"), Column("count", "count", "packets", "how many"))
SOUND = pl.DataFrame({"name": ["a"], "count": [1]})


def test_flow_columns_are_the_contracts() -> None:
    """Names and order; what was added since stands behind."""
    sides = [f"{letter}_{name}" for letter in "ab" for name in FLOW_SIDE.split(", ")]
    added = [f"{letter}_{name}" for letter in "ab" for name in FLOW_ADDED.split(", ")]
    recovery = [f"{letter}_{name}" for letter in "ab" for name in FLOW_RECOVERY.split(", ")]
    echoes = [f"{letter}_{name}" for letter in "ab" for name in FLOW_ECHOES.split(", ")]
    later = [f"{letter}_{name}" for letter in "ab" for name in FLOW_MARKED_LATER.split(", ")]
    spread = [f"{letter}_{name}" for letter in "ab" for name in FLOW_ECHO_SPREAD.split(", ")]
    promised = [*FLOW_ENDS.split(", "), *sides, *FLOW_WHOLE.split(", ")]
    assert [column.name for column in FLOWS] == [
        *promised,
        *added,
        "initial_rtt_us",
        *recovery,
        *echoes,
        *later,
        *spread,
    ]


def test_announcement_columns_are_the_contracts() -> None:
    """Names and order."""
    assert [column.name for column in ANNOUNCEMENTS] == ANNOUNCEMENT.split(", ")


def test_packet_columns_keep_their_names_and_order() -> None:
    """Scripts name them, and a table without names counts them."""
    assert [column.name for column in PACKETS] == PACKET.split(", ")


def test_a_quantity_has_one_name_and_one_kind_in_all_tables() -> None:
    """So that rows of one table can be joined with those of another."""
    kinds: dict[str, set[str]] = {}
    for columns in TABLES.values():
        for column in columns:
            kinds.setdefault(column.name, set()).add(column.kind)
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_what_it_means(table: str) -> None:
    """Once each, with a meaning, and with a dtype that is the documented one."""
    columns = TABLES[table]
    assert len({column.name for column in columns}) == len(columns)
    assert all(column.meaning for column in columns)
    for column, dtype in zip(columns, dtypes(columns).values(), strict=True):
        assert repr(dtype).replace("time_unit=", "").replace("time_zone=", "").replace("'", '"') == KINDS[column.kind]


def test_a_unit_in_a_name_is_the_columns_unit() -> None:
    """A column whose name ends in a unit has that unit."""
    for columns in TABLES.values():
        for column in columns:
            for ending, unit in (("_bytes", "bytes"), ("_us", "us"), ("_ms", "ms"), ("_mbps", "Mbps")):
                assert not column.name.endswith(ending) or column.unit == unit, column


def test_a_sound_table_passes_as_it_is() -> None:
    """The same frame comes out, with rows or without."""
    assert through_gate(SOUND, SMALL, "small") is SOUND
    assert through_gate(SOUND.clear(), SMALL, "small").is_empty()


@pytest.mark.parametrize(
    ("frame", "because"),
    [
        (SOUND.drop("count"), "count: Int64, found nothing"),
        (SOUND.with_columns(more=pl.lit(1)), "more: not declared, found Int32"),
        (SOUND.select("count", "name"), "columns out of order"),
        (SOUND.cast({"count": pl.Int32}), "count: Int64, found Int32"),
        (SOUND.cast({"count": pl.Float64}), "count: Int64, found Float64"),
        (SOUND.rename({"name": "Name"}), "name: String, found nothing"),
        (pl.DataFrame(), "count: Int64, found nothing"),
    ],
)
def test_the_gate_refuses_what_is_not_declared(frame: pl.DataFrame, because: str) -> None:
    """Missing, superfluous, out of order, of another dtype; the message names table and column."""
    with pytest.raises(SchemaError, match=r"the table 'small' is not as declared \(.*") as refused:
        through_gate(frame, SMALL, "small")
    assert because in str(refused.value)


@pytest.mark.parametrize("dtype", [pl.Datetime("us", "UTC"), pl.Datetime("ns"), pl.Int64()])
def test_a_time_is_in_nanoseconds_and_utc(dtype: pl.DataType) -> None:
    """Another unit or no zone is another dtype."""
    columns = (Column("ts", "time", "", "when"),)
    right = pl.DataFrame({"ts": pl.Series([1], dtype=pl.Datetime("ns", "UTC"))})
    assert through_gate(right, columns, "times") is right
    with pytest.raises(SchemaError, match="ts"):
        through_gate(pl.DataFrame({"ts": pl.Series([1]).cast(dtype)}), columns, "times")


@pytest.mark.parametrize("dtype", [pl.List(pl.Int32), pl.List(pl.String), pl.Int64()])
def test_a_list_is_of_the_declared_kind(dtype: pl.DataType) -> None:
    """Lists of other numbers are another dtype."""
    columns = (Column("vlan", "ids", "", "tags"),)
    with pytest.raises(SchemaError, match="vlan"):
        through_gate(pl.DataFrame({"vlan": pl.Series([], dtype=dtype)}), columns, "tags")
