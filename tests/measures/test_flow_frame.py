"""Flows as a table: all at a time says what each says alone."""

import random
from dataclasses import fields

import numpy as np
import polars as pl
import pytest

from tests.flows.made_frames import make_batch
from tests.measures.followed import follow_batches
from tests.measures.stories import ACK, ICMP, MS, NO_TIME, SYN, UDP, Packet, cut_at_random, random_story
from vmpcap.flows.table import FlowTable
from vmpcap.measures.connections import Connection, Marked, RttSummary
from vmpcap.measures.flow_frame import flow_frame
from vmpcap.measures.follow import Follower
from vmpcap.terms.columns import FLOWS, dtypes

MARKED = tuple(field.name for field in fields(Marked))
OWN = {"resent_segments": "retransmissions", "resent_bytes": "retransmitted_bytes", "late_segments": "out_of_order"}
TOLD = ("sent_again", "came_late", "needless")
TCP_ONLY = (*MARKED, *OWN, *TOLD, "copies", "rtt_samples")


def table_of(follower: Follower, point: str = "here") -> pl.DataFrame:
    return flow_frame(follower.table, follower, point)


def us(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else pytest.approx(duration_ns / 1000, abs=1e-6)


def rtt_row(letter: str, rtt: RttSummary, is_tcp: bool) -> dict[str, object]:
    row: dict[str, object] = {f"{letter}_rtt_samples": rtt.samples if is_tcp else None}
    for name in ("min", "p50", "p90", "p99", "max"):
        row[f"{letter}_rtt_{name}_us"] = us(getattr(rtt, f"{name}_ns"))
    return row


def row_of(c: Connection) -> dict[str, object]:
    """What the table should say of this connection."""
    is_tcp = c.protocol == 6
    row: dict[str, object] = {"point": "here", "flow_id": c.flow_id, "protocol": {6: "tcp", 17: "udp"}[c.protocol]}
    row |= {"a_ip": c.a_ip, "a_port": c.a_port, "b_ip": c.b_ip, "b_port": c.b_port, "tcp_stream": c.tcp_stream}
    row |= {"vlan": [tag for tag in (c.vlan_outer_id, c.vlan_inner_id) if tag >= 0], "vni": None}
    row |= {"handshake_rtt_us": us(c.handshake_ns)}
    for letter, side in zip("ab", c.sides, strict=True):
        for name in ("packets", "wire_bytes", "payload_bytes"):
            row[f"{letter}_{name}"] = getattr(side, name)
        for name in MARKED:
            row[f"{letter}_{name}"] = None if side.marked is None else getattr(side.marked, name)
        for name in TOLD:
            row[f"{letter}_{name}"] = getattr(side, name) if is_tcp else None
        for name, counted in OWN.items():
            row[f"{letter}_{name}"] = getattr(side, counted) if is_tcp else None
        row[f"{letter}_copies"] = side.duplicates if is_tcp else None
        row |= rtt_row(letter, side.ack_rtt, is_tcp)
        row |= {
            f"{letter}_rtt_ts_{name}_us": us(getattr(side.stamp_rtt, f"{name}_ns")) for name in ("min", "p50", "p95")
        }
    return row


@pytest.mark.parametrize("seed", range(60))
def test_the_table_says_what_each_connection_says(seed: int) -> None:
    """Two ways from the same state: column by column, and object by object."""
    rng = random.Random(seed)
    packets = random_story(rng, talks=4, steps=150)
    for _ in range(10):
        n = rng.randrange(len(packets))
        packets.insert(n, Packet(packets[n].ts_ns, f"10.9.0.{n % 3}", 5, "10.9.9.9", 53, UDP, (), size=n % 40, flags=0))
    follower = follow_batches(cut_at_random(rng, packets))
    rows = table_of(follower).to_dicts()
    connections = follower.connections()
    assert len(rows) == len(connections)
    for row, c in zip(rows, connections, strict=True):
        assert {name: row[name] for name in row_of(c)} == row_of(c)


def test_first_and_last_time_are_those_of_both_sides() -> None:
    """To the nanosecond; a packet without a time tells neither."""
    there = Packet(1_700_000_000_000_000_007, "10.0.0.1", 1, "10.0.0.2", 2, seq=5)
    back = Packet(there.ts_ns + 9, "10.0.0.2", 2, "10.0.0.1", 1, seq=5)
    table = table_of(follow_batches([(there, back, there._replace(ts_ns=NO_TIME))]))
    times = table.select(pl.col("first_ts", "last_ts").dt.epoch("ns"))
    assert times.row(0) == (there.ts_ns, there.ts_ns + 9)
    untimed = table_of(follow_batches([(there._replace(ts_ns=NO_TIME),)]))
    assert untimed.select("first_ts", "last_ts").row(0) == (None, None)


def test_what_a_flow_is_called() -> None:
    """Protocol, both families of addresses, tags, headers on the way."""
    packets = (
        Packet(0, "10.0.0.1", 40_000, "10.0.0.2", 8000, vlans=(7, 9), flags=SYN),
        Packet(1, "2001:db8::1", 5, "2001:db8::2", 53, UDP, flags=0),
        Packet(2, "10.0.0.1", 77, "10.0.0.9", 77, ICMP, flags=8),
    )
    table = table_of(follow_batches([packets]))
    assert table["protocol"].to_list() == ["tcp", "udp", "icmp"]
    assert table["a_ip"].to_list() == ["10.0.0.1", "2001:db8::1", "10.0.0.1"]
    assert table["b_port"].to_list() == [8000, 53, 77]
    assert table["vlan"].to_list() == [[7, 9], [], []]
    assert table["encapsulation"].to_list() == ["eth/vlan/vlan/ip/tcp", "eth/ipv6/udp", "eth/ip/icmp"]
    assert table["tcp_stream"].to_list() == [0, None, None]


def test_a_round_trip_of_a_sound_connection() -> None:
    """A hundred microseconds from data to its ACK, five milliseconds of handshake."""
    a, b = ("10.0.0.1", 40_000), ("10.0.0.2", 8000)
    packets = (
        Packet(0, *a, *b, seq=9, flags=SYN),
        Packet(3 * MS, *b, *a, seq=99, ack=10, flags=SYN | ACK),
        Packet(5 * MS, *a, *b, seq=10, ack=100),
        Packet(6 * MS, *a, *b, seq=10, ack=100, size=10),
        Packet(6 * MS + 100_000, *b, *a, seq=100, ack=20),
    )
    (row,) = table_of(follow_batches([packets])).to_dicts()
    assert (row["a_rtt_samples"], row["a_rtt_min_us"], row["a_rtt_max_us"]) == (2, 100.0, 3000.0)
    assert (row["b_rtt_samples"], row["b_rtt_p50_us"]) == (1, 2000.0)
    assert row["handshake_rtt_us"] == row["initial_rtt_us"] == 5000.0


def test_an_overlay_has_its_number() -> None:
    """0 is one; outside any it is null."""
    rows = [{"src": f"10.0.0.{n}", "vni": vni, "tcp_flags": ACK} for n, vni in enumerate((-1, 0, 5001))]
    batch, frames = make_batch(rows)
    follower = Follower(FlowTable(budget=10))
    follower.absorb(batch, frames, *follower.table.name(frames, 1))
    assert table_of(follower)["vni"].to_list() == [None, 0, 5001]


def test_a_capture_without_flows_has_the_same_columns() -> None:
    """Nothing found is a table, not an absence."""
    table = table_of(follow_batches([]))
    assert table.height == 0
    assert dict(table.schema) == dtypes(FLOWS)


def test_the_point_stands_in_every_row() -> None:
    """Tables of several points can be put together."""
    follower = follow_batches([[Packet(0, f"10.0.0.{n}", 1, "10.0.1.1", 2) for n in range(3)]])
    assert table_of(follower, "gateway")["point"].to_list() == ["gateway"] * 3
    assert table_of(follower)["flow_id"].to_list() == list(np.arange(3))
