"""Naming flows: whichever packets come in whichever batches, the kernel names them as the twin does."""

import random
from collections.abc import Sequence

import pytest

from tests.flows.made_frames import make_frames
from tests.measures.stories import ACK, ICMP, SYN, TCP, UDP, Packet, batch_of, cut_at_random
from tests.twins.flows import FlowsTwin
from vmpcap.decode.walk import Walker
from vmpcap.flows.kernels.naming import EPHEMERAL
from vmpcap.flows.streams import EPHEMERAL_FROM, nominate
from vmpcap.flows.table import FlowTable
from vmpcap.terms.addresses import ip_text

WALKER = Walker(4096)
FAMILIES = (("10.0.0.1", "10.0.0.2", "10.0.0.3"), ("2001:db8::1", "2001:db8::2", "fe80::3"))


def random_packets(rng: random.Random, count: int, vlans: tuple[tuple[int, ...], ...]) -> list[Packet]:
    """Few ends and few numbers, so that everything meets everything; of an echo both ports are its identifier."""
    packets = []
    for n in range(count):
        family = rng.choice(FAMILIES)
        src, dst = rng.choice(family), rng.choice(family)
        protocol = rng.choice((TCP, TCP, TCP, UDP, ICMP if "." in src else UDP))
        src_port, dst_port = rng.choice((1, 2)), rng.choice((1, 2))
        flags = rng.choice((ACK, ACK, SYN, SYN | ACK, 0))
        if protocol == ICMP:
            dst_port, flags = src_port, rng.choice((0, 8, 3))
        seq, ack = rng.choice((5, 6, 7)), rng.choice((5, 6, 7))
        packets.append(
            Packet(n, src, src_port, dst, dst_port, protocol, rng.choice(vlans), seq, ack * (flags & ACK > 0), flags)
        )
    return packets


def name(batches: Sequence[Sequence[Packet]], budget: int = 1000) -> tuple[FlowTable, list[tuple[int, int] | None]]:
    """The table and each packet's flow and side, None for no flow."""
    table = FlowTable(budget=budget)
    names: list[tuple[int, int] | None] = []
    first_frame = 1
    for packets in batches:
        flow_id, side = table.name(WALKER.walk(batch_of(packets, first_frame)), first_frame)
        names += [None if flow < 0 else (flow, s) for flow, s in zip(flow_id.tolist(), side.tolist(), strict=True)]
        first_frame += len(packets)
    return table, names


def ends_of(table: FlowTable) -> list[tuple[object, ...]]:
    """Ends of each flow of the table."""
    rows = []
    for f in table.flows:
        a, b = (ip_text(int(f[f"{letter}_high"]), int(f[f"{letter}_low"])) for letter in "ab")
        rows.append((a, int(f["a_port"]), b, int(f["b_port"])))
    return rows


@pytest.mark.parametrize("seed", range(200))
def test_names_do_not_depend_on_where_batches_are_cut(seed: int) -> None:
    """Flows, sides, both ends and Wireshark's stream numbers, over reused ports, VLANs, protocols and both families."""
    rng = random.Random(seed)
    packets = random_packets(rng, rng.choice((30, 200)), ((), (4,), (4, 5)))
    table, names = name(cut_at_random(rng, packets))
    twin = FlowsTwin()
    assert names == [twin.name(packet) for packet in packets]
    assert ends_of(table) == [(*flow.a, *flow.b) for flow in twin.flows]
    assert table.flows["stream"].tolist() == [-1 if flow.stream is None else flow.stream for flow in twin.flows]
    assert (table.count, table.ports_reused) == (len(twin.flows), twin.reused)
    assert table.without_flow == names.count(None)


def test_a_flow_remembers_its_first_packet() -> None:
    """Time, frame and tags, wherever in a batch it came."""
    packets = [Packet(50, "10.0.0.1", 1, "10.0.0.2", 2), Packet(60, "10.0.0.2", 2, "10.0.0.1", 1)]
    packets.append(Packet(70, "10.0.0.3", 1, "10.0.0.2", 2, vlans=(7, 9)))
    table, _ = name([packets[:1], packets[1:]])
    assert table.flows["first_ts"].tolist() == [50, 70]
    assert table.flows["first_frame"].tolist() == [1, 3]
    assert table.flows["vlan_outer_id"].tolist() == [-1, 7]
    assert table.flows["vlan_inner_id"].tolist() == [-1, 9]


def test_one_connection_in_two_vlans_is_two_flows_of_one_stream() -> None:
    """A mirror that shows both sides of a router: tcp.stream finds both, and each has its own packets."""
    there = Packet(0, "10.0.0.1", 1, "10.0.0.2", 2, vlans=(4,), seq=9, flags=SYN)
    table, names = name([[there, there._replace(vlans=(5,))]])
    assert names == [(0, 0), (1, 0)]
    assert table.flows["stream"].tolist() == [0, 0]


def test_a_new_connection_on_old_ports_ends_the_flows_of_every_vlan() -> None:
    """Where each direction has a VLAN of its own, the answer to the second SYN belongs to the second connection."""
    a, b = ("10.0.0.1", 1), ("10.0.0.2", 2)
    packets = [
        Packet(0, *a, *b, vlans=(4,), seq=9, flags=SYN),
        Packet(1, *b, *a, vlans=(5,), seq=70, ack=10, flags=SYN | ACK),
        Packet(2, *a, *b, vlans=(4,), seq=500, flags=SYN),
        Packet(3, *b, *a, vlans=(5,), seq=900, ack=501, flags=SYN | ACK),
    ]
    table, names = name([packets])
    assert names == [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert table.flows["stream"].tolist() == [0, 0, 1, 1]
    assert table.ports_reused == 1


@pytest.mark.parametrize(("number", "streams"), [(1964, 1), (99, 2)])
def test_a_syn_ack_in_mid_stream_counts_from_its_own_number(number: int, streams: int) -> None:
    """As in Wireshark 4.0.17: a SYN with that number belongs to the stream, one with the old number opens another."""
    first = Packet(0, "10.0.0.1", 1, "10.0.0.2", 2, seq=100, ack=50, flags=ACK)
    anew = [first._replace(seq=1964, ack=0, flags=SYN | ACK), first._replace(seq=number, ack=0, flags=SYN)]
    table, _ = name([[first, *anew]])
    assert table.count == streams


def test_what_lies_beyond_the_budget_is_counted() -> None:
    """Flows that came first are followed to the end; frames of later ones are none of theirs."""
    first = [Packet(n, "10.0.0.1", n, "10.0.0.2", 2) for n in range(5)]
    late = [Packet(9, "10.0.0.2", 2, "10.0.0.1", n) for n in range(5)]
    table, names = name([first, late], budget=3)
    assert names == [(0, 0), (1, 0), (2, 0), None, None, (0, 1), (1, 1), (2, 1), None, None]
    assert (table.count, table.not_followed) == (3, 4)


def test_a_flood_of_others_does_not_push_a_migration_out() -> None:
    """Beyond the budget a flow on a migration port is followed from its SYN on, from either side."""
    flood = [Packet(n, "10.0.0.1", n + 1, "10.0.0.2", 80, flags=SYN) for n in range(9)]
    stream = [
        Packet(20, "10.1.0.1", 50_000, "10.1.0.2", 8000, flags=SYN),
        Packet(21, "10.1.0.2", 8000, "10.1.0.1", 50_000, flags=SYN | ACK),
    ]
    table, names = name([flood, stream], budget=3)
    assert names == [(0, 0), (1, 0), (2, 0), *[None] * 6, (3, 0), (3, 1)]
    assert (table.count, table.not_followed) == (4, 6)


def test_a_flood_of_migration_ports_leaves_room_for_what_carries_payload() -> None:
    """Half of the reserve is for any packet; the rest for payload, and no more than there is."""
    table = FlowTable(budget=1, spare=4)
    flood = [Packet(n, "10.0.0.1", n + 1, "10.0.0.2", 8000, flags=SYN) for n in range(9)]
    data = [Packet(20 + n, "10.1.0.1", n + 1, "10.1.0.2", 8000, flags=ACK, size=8) for n in range(3)]
    flow_id, _ = table.name(WALKER.walk(batch_of([*flood, *data], 1)), 1)
    assert flow_id.tolist() == [0, 1, 2, *[-1] * 6, 3, 4, -1]
    assert (table.count, table.not_followed) == (5, 7)


def test_a_reused_pair_beyond_the_budget_does_not_feed_the_old_flow() -> None:
    """What belongs to a connection that is not followed is counted as such, not added to the old one."""
    old = Packet(0, "10.0.0.1", 1, "10.0.0.2", 2, seq=9, flags=SYN)
    new = [old._replace(seq=500), old._replace(seq=501, ack=1, flags=ACK)]
    table, names = name([[old, *new]], budget=1)
    assert names == [(0, 0), None, None]
    assert table.not_followed == 2


def test_the_table_grows_without_losing_a_flow() -> None:
    """More flows than there were places at first: each keeps its number."""
    packets = [Packet(n, f"10.{n // 250}.0.{n % 250}", 1, "10.99.0.1", 2, vlans=(n % 3,)) for n in range(6000)]
    back = [p._replace(src=p.dst, src_port=2, dst=p.src, dst_port=1) for p in packets]
    batches = [part[n : n + 1500] for part in (packets, back) for n in range(0, 6000, 1500)]
    table, names = name(batches, budget=10_000)
    assert names == [(n, 0) for n in range(6000)] + [(n, 1) for n in range(6000)]
    assert table.count == 6000


def test_later_fragments_have_no_ports() -> None:
    """They are counted apart from frames that have none because of what they carry."""
    frames = make_frames([{"ip_fragment": 2, "transport_at": -1}, {"ip_protocol": 2}, {"ip_fragment": 1}])
    table = FlowTable(budget=10)
    flow_id, _ = table.name(frames, 1)
    assert flow_id.tolist() == [-1, -1, 0]
    assert (table.later_fragments, table.without_flow) == (1, 1)


@pytest.mark.parametrize("extra", [(), (5001,), (443, 50_000)])
def test_a_flow_is_nominated_as_its_ports_are(extra: tuple[int, ...]) -> None:
    """The kernel and the table of streams agree on every kind of pair."""
    ports = [*(22, 443, 445, 902, 5001, 6600, 8000, 8002, 16509, 31031, 32767, 32768, 44046), 49151, 49152, 49215]
    ports += [49216, 50_000, 60_000, 60_050, 60_051]
    pairs = [(a, b) for a in ports for b in ports if a < b]
    pairs += [(b, a) for a, b in pairs]
    rows = [{"src": f"10.0.{n >> 8}.{n & 255}", "src_port": a, "dst_port": b} for n, (a, b) in enumerate(pairs)]
    table = FlowTable(extra)
    table.name(make_frames(rows), 1)
    expected = [nominate(TCP, a, b, extra) is not None for a, b in pairs]
    assert (table.flows["nominated"] != 0).tolist() == expected
    assert EPHEMERAL == EPHEMERAL_FROM
