"""One connection in two VLANs: two flows that both say all, one connection for the report."""

import numpy as np

from tests.flows.made_frames import make_batch
from vmpcap.decode.duplicates import CopyFinder
from vmpcap.flows.table import FlowTable
from vmpcap.measures.connections import Connection
from vmpcap.measures.follow import Follower
from vmpcap.measures.mirrors import fold_mirrors

US = 1000
REQUEST = {"src": "10.0.0.1", "dst": "10.0.1.1", "src_port": 40_000, "dst_port": 8000, "tcp_flags": 0x18}
REPLY = {"src": "10.0.1.1", "dst": "10.0.0.1", "src_port": 8000, "dst_port": 40_000, "tcp_flags": 0x10}


def talk(rounds: int, first_vlan: int, second_vlan: int) -> list[dict[str, object]]:
    """Requests pass the first VLAN and then, one hop later, the second; replies the other way."""
    rows: list[dict[str, object]] = []
    for n in range(rounds):
        at, seq = n * 1000 * US, 100 + 4 * n
        asked = REQUEST | {"tcp_seq": seq, "tcp_ack": 900, "payload": b"abcd", "ip_id": 2 * n + 1}
        answered = REPLY | {"tcp_seq": 900, "tcp_ack": seq + 4, "ip_id": 2 * n + 2}
        rows.append(asked | {"ts_ns": at, "segment_key": first_vlan, "ip_ttl": 64})
        rows.append(asked | {"ts_ns": at + 200 * US, "segment_key": second_vlan, "ip_ttl": 63})
        rows.append(answered | {"ts_ns": at + 500 * US, "segment_key": second_vlan, "ip_ttl": 64})
        rows.append(answered | {"ts_ns": at + 700 * US, "segment_key": first_vlan, "ip_ttl": 63})
    return rows


def connections_of(rows: list[dict[str, object]]) -> list[Connection]:
    """Through names, copies and measures, as a capture point is read."""
    batch, frames = make_batch(rows)
    follower = Follower(FlowTable(budget=10))
    follower.absorb(batch, frames, *follower.table.name(frames, 1), CopyFinder().mark(batch, frames))
    return follower.connections()


def test_each_vlan_has_a_flow_that_says_all() -> None:
    """Every packet, and the round trip that its side of the router sees."""
    first, second = connections_of(talk(5, 10, 20))
    assert [side.packets for c in (first, second) for side in c.sides] == [5, 5, 5, 5]
    assert [side.duplicates for c in (first, second) for side in c.sides] == [0, 0, 0, 0]
    assert [side.mirrored for c in (first, second) for side in c.sides] == [0, 5, 5, 0]
    assert first.sides[0].rtt.max_ns == 700 * US
    assert second.sides[0].rtt.max_ns == 300 * US


def test_for_the_report_it_is_one_connection_that_knows_of_the_router() -> None:
    """The first sight stays, with the hops of both."""
    (one,) = fold_mirrors(connections_of(talk(5, 10, 20)))
    assert [(side.packets, side.ttl_min, side.ttl_max) for side in one.sides] == [(5, 63, 64), (5, 63, 64)]
    assert one.segment_key == 10


def test_a_copy_in_the_same_vlan_is_left_out_of_the_flow() -> None:
    """A mirror of two ports of one switch: nothing is counted twice, and the hop shows all the same."""
    (one,) = connections_of(talk(5, 10, 10))
    assert [(side.packets, side.duplicates, side.ttl_min) for side in one.sides] == [(5, 5, 63), (5, 5, 63)]
    assert fold_mirrors([one]) == [one]


def test_directions_in_two_vlans_are_no_mirrors() -> None:
    """Each flow has what the other has not."""
    rows = [row for row in talk(5, 10, 20) if row["ip_ttl"] == 64]
    found = connections_of(rows)
    assert [[side.packets for side in c.sides] for c in found] == [[5, 0], [5, 0]]
    assert fold_mirrors(found) == found


def test_two_connections_between_the_same_hosts_stay_two() -> None:
    """Other ports are another stream; so is what comes later on the same ones."""
    other = [
        row | {key: 40_001 for key, port in row.items() if key.endswith("_port") and port == 40_000}
        for row in talk(3, 10, 20)
    ]
    again = [row | {"ts_ns": np.int64(10**12), "tcp_seq": 7, "tcp_flags": 0x02} for row in talk(1, 10, 20)[:2]]
    assert len(fold_mirrors(connections_of(talk(3, 10, 20) + other + again))) == 3
