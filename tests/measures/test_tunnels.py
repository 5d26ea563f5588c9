"""Numbered tunnels: what is missing, late, twice or begun anew, wherever batches are cut."""

import itertools
import random
import struct
from collections.abc import Sequence

import numpy as np
import pytest
from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP as EspHeader
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Packet, Raw

from tests.decode.frames_of import WALKER, batch_of
from tests.flows.made_frames import make_frames
from tests.twins.tunnels import TunnelTwin
from vmpcap.decode.steps import STEPS
from vmpcap.measures.kernels.tunnels import MOST_TUNNELS
from vmpcap.measures.tunnels import NumberedTunnel, TunnelCounter

ESP = 1 + next(n for n, step in enumerate(STEPS) if step.name == "esp")
ETH = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
INNER = Ether(src="00:50:56:9a:12:34", dst="02:00:00:00:00:aa") / IP() / TCP()


def count(packets: Sequence[tuple[int, int]], cuts: Sequence[int] = ()) -> dict[int, tuple[int, ...]]:
    """The counts of each tunnel, by key: packets are keys and numbers."""
    counter = TunnelCounter()
    edges = [0, *sorted(cuts), len(packets)]
    for begin, end in itertools.pairwise(edges):
        rows = [
            {"tunnel_key": key << 32, "tunnel_seq": number, "tunnel_step": ESP} for key, number in packets[begin:end]
        ]
        if rows:
            counter.absorb(make_frames(rows))
    state = counter._state
    assert state is not None
    return {
        int(state.key[slot]) >> 32: tuple(
            int(column[slot])
            for column in (state.packets, state.missing, state.reordered, state.duplicates, state.restarts)
        )
        for slot in np.flatnonzero(state.key)
    }


def random_numbers(rng: random.Random, length: int) -> list[int]:
    """Mostly one more than before; also losses, late ones, copies, jumps, a new beginning; near the end of 32 bits."""
    number = rng.choice((0, 5, 2**32 - 20, 2**31 - 10))
    numbers = []
    for _ in range(length):
        step = rng.choices(("next", "lost", "late", "again", "far", "anew", "noise"), weights=(60, 10, 10, 5, 2, 1, 1))[
            0
        ]
        if step == "late":
            numbers.append((number - rng.randint(1, 80)) % 2**32)
            continue
        if step == "again":
            numbers.append(number)
            continue
        if step == "noise":
            numbers.append(rng.randrange(2**32))
            continue
        number = {
            "next": number + 1,
            "lost": number + rng.randint(2, 70),
            "far": number + rng.choice((2**20, 2**20 + 1, 2**25)),
            "anew": rng.choice((0, 1)),
        }[step] % 2**32
        numbers.append(number)
    return numbers


@pytest.mark.parametrize("seed", range(300))
def test_counts_do_not_depend_on_where_batches_are_cut(seed: int) -> None:
    """Several tunnels at once, with everything that can happen to numbers, as the twin has it."""
    rng = random.Random(seed)
    own = {key: random_numbers(rng, rng.choice((1, 20, 300))) for key in range(1, rng.randint(2, 5))}
    order = [key for key, numbers in own.items() for _ in numbers]
    rng.shuffle(order)
    left = {key: iter(numbers) for key, numbers in own.items()}
    packets = [(key, next(left[key])) for key in order]
    twins: dict[int, TunnelTwin] = {}
    for key, number in packets:
        twins.setdefault(key, TunnelTwin()).take(number)
    cuts = [rng.randint(0, len(packets)) for _ in range(3)]
    assert count(packets, cuts) == {
        key: (twin.packets, twin.missing, twin.reordered, twin.duplicates, twin.restarts) for key, twin in twins.items()
    }


@pytest.mark.parametrize(
    ("numbers", "counts"),
    [
        ([1, 2, 3, 4], (4, 0, 0, 0, 0)),
        ([1, 2, 5, 6], (4, 2, 0, 0, 0)),
        ([1, 2, 5, 4, 3, 6], (6, 0, 2, 0, 0)),
        ([1, 2, 2, 3], (4, 0, 0, 1, 0)),
        ([2**32 - 2, 2**32 - 1, 0, 1], (4, 0, 0, 0, 0)),
        ([2**32 - 1, 2], (2, 2, 0, 0, 0)),
        ([10, 9, 11], (3, 0, 1, 0, 0)),
        ([5000, 5001, 1, 2, 3, 4], (6, 0, 0, 0, 1)),
        ([5000, 5001, 1, 5002, 5003], (5, 0, 0, 0, 0)),
        ([0, 0, 0, 0], (4, 0, 0, 3, 0)),
    ],
)  # fmt: skip
def test_what_happened_to_a_tunnel(numbers: list[int], counts: tuple[int, ...]) -> None:
    """Packets, missing, reordered, twice, begun anew: decided by hand."""
    assert count([(1, number) for number in numbers]) == {1: counts}


def test_more_tunnels_than_there_is_room_for_are_counted() -> None:
    """Memory is bounded; the packets of the rest are told."""
    counter = TunnelCounter()
    keys = [n << 32 for n in range(1, 3 * MOST_TUNNELS + 1)]
    counter.absorb(make_frames([{"tunnel_key": key, "tunnel_seq": 1, "tunnel_step": ESP} for key in keys]))
    assert counter.followed == len(counter.tunnels()) == MOST_TUNNELS
    assert counter.not_followed == 2 * MOST_TUNNELS


def walked(packets: Sequence[Packet]) -> list[NumberedTunnel]:
    counter = TunnelCounter()
    counter.absorb(WALKER.walk(batch_of([bytes(packet) for packet in packets])))
    return counter.tunnels()


def test_two_mirrors_between_the_same_ends_count_apart() -> None:
    """Each session has numbers of its own; interleaved they would look like loss."""
    packets = []
    for n in range(10):
        for session in (1, 2):
            wan = (
                ETH
                / IP(src="10.0.0.1", dst="10.0.0.2")
                / GRE(proto=0x88BE, seqnum_present=1, sequence_number=n * session)
            )
            packets.append(wan / ERSPAN_II(session_id=session) / INNER)
    assert walked(packets) == [NumberedTunnel("erspan2", 10, 9, 0, 0, 0), NumberedTunnel("erspan2", 10, 0, 0, 0, 0)]


def test_tunnels_are_told_by_kind_key_direction_and_index() -> None:
    """ERSPAN III, GRE with a key, ESP by its index; what is plain is not counted."""
    there, back = IP(src="10.0.0.1", dst="10.0.0.2"), IP(src="10.0.0.2", dst="10.0.0.1")
    third = GRE(proto=0x22EB, seqnum_present=1, sequence_number=5) / ERSPAN_III(session_id=3) / INNER
    keyed = [GRE(key_present=1, key=key, seqnum_present=1, sequence_number=8) / IP() / TCP() for key in (1, 2)]
    hidden = [Raw(bytes.fromhex(f"0000000{index} 00000009") + bytes(20)) for index in (1, 2)]
    packets = [ETH / there / third, ETH / back / third, ETH / there / GRE() / IP() / TCP(), INNER]
    packets += [ETH / there / one for one in keyed]
    packets += [ETH / IP(src="10.0.0.1", dst="10.0.0.2", proto=50) / hidden[0]]
    packets += [ETH / there / UDP(sport=4500, dport=4500) / hidden[1], ETH / IPv6(nh=50) / hidden[0]]
    found = walked(packets)
    assert sorted(tunnel.header for tunnel in found) == ["erspan3"] * 2 + ["esp"] * 3 + ["gre"] * 2
    assert {tunnel.packets for tunnel in found} == {1}
    assert [tunnel.is_mirror for tunnel in sorted(found, key=lambda tunnel: tunnel.header)] == [True] * 2 + [False] * 5


def test_of_tunnels_inside_each_other_the_outermost_counts() -> None:
    """A mirror of a numbered tunnel: what is missing is missing of the mirror."""
    mirrored = ETH / IP(src="10.9.0.1", dst="10.9.0.2", proto=50) / Raw(bytes.fromhex("00000001 00000009") + bytes(20))
    outer = ETH / IP(src="10.0.0.1", dst="10.0.0.2") / GRE(proto=0x88BE, seqnum_present=1, sequence_number=5)
    (found,) = walked([outer / ERSPAN_II(session_id=1) / mirrored])
    assert found.header == "erspan2"


def in_a_call(call: int, number: int | None, answers: int | None) -> bytes:
    """PPTP with PPP in it (RFC 2637 4.1): what has no number only acknowledges."""
    inside = b"" if number is None else b"\x21" + bytes(IP() / TCP())
    flags = 0x2001 | 0x1000 * (number is not None) | 0x0080 * (answers is not None)
    header = struct.pack(">HHHH", flags, 0x880B, len(inside), call)
    numbers = b"".join(struct.pack(">I", one) for one in (number, answers) if one is not None)
    return bytes(ETH / IP(src="10.0.0.1", dst="10.0.0.2", proto=47) / Raw(header + numbers + inside))


def test_each_call_of_pptp_is_numbered_for_itself() -> None:
    """Two calls between two ends, packets that also acknowledge, and ones that do nothing else; one is missing."""
    frames = []
    for number in range(20):
        frames.append(in_a_call(7, number, number if number % 3 else None))
        frames.append(in_a_call(7, None, number))
        if number != 11:
            frames.append(in_a_call(8, 1000 + number, None))
    counter = TunnelCounter()
    counter.absorb(WALKER.walk(batch_of(frames)))
    assert counter.tunnels() == [NumberedTunnel("pptp", 20, 0, 0, 0, 0), NumberedTunnel("pptp", 19, 1, 0, 0, 0)]
    assert not any(tunnel.is_mirror for tunnel in counter.tunnels())


def test_a_batch_of_nothing_but_routed_gre_is_counted() -> None:
    """Its header lists no id: only the number says that the tunnel is one (RFC 1701)."""
    counter = TunnelCounter()
    for number in (5, 6, 8):
        header = struct.pack(">HHIII", 0x5000, 0x0800, 0, number, 0)
        frame = bytes(ETH / IP(proto=47) / Raw(header + bytes(IP() / TCP())))
        counter.absorb(WALKER.walk(batch_of([frame])))
    assert counter.tunnels() == [NumberedTunnel("gre-routed", 3, 1, 0, 0, 0)]


def test_a_tunnel_tells_its_ends_its_volume_and_its_time() -> None:
    """Of ESP, in UDP too, the addresses are the tunnel's own."""
    ends = IP(src="192.0.2.1", dst="198.51.100.1")
    for under in (ends, ends / UDP(sport=4500, dport=4500)):
        packets = [ETH / under / EspHeader(spi=0x1234, seq=n + 1, data=bytes(40)) for n in range(3)]
        (tunnel,) = walked(packets)
        assert (tunnel.header, tunnel.source, tunnel.target) == ("esp", "192.0.2.1", "198.51.100.1")
        assert tunnel.wire_bytes == sum(len(bytes(packet)) for packet in packets)
        assert tunnel.first_ts < tunnel.last_ts


@pytest.mark.parametrize("seed", range(20))
def test_bytes_of_a_tunnel_are_known_by_time_however_long_it_ran(seed: int) -> None:
    """The least and the most of a stretch of time hold what a plain sum says; all together hold every byte."""
    rng = random.Random(seed)
    start, length = 1_700_000_000 * 10**9, rng.choice((10**9, 60 * 10**9, 7200 * 10**9))
    sent = sorted((start + rng.randrange(length), rng.randrange(60, 1500)) for _ in range(400))
    counter = TunnelCounter()
    for begin in range(0, len(sent), 97):
        rows = [
            {"tunnel_key": 7 << 32, "tunnel_seq": n, "tunnel_step": ESP, "ts_ns": ts, "wire_bytes": size}
            for n, (ts, size) in enumerate(sent[begin : begin + 97], begin)
        ]
        counter.absorb(make_frames(rows))
    (tunnel,) = counter.tunnels()
    assert sum(tunnel.bins) == tunnel.wire_bytes == sum(size for _, size in sent)
    assert length // 512 < 2 * tunnel.bin_ns
    for _ in range(20):
        begin, end = sorted(start + rng.randrange(-length // 4, length * 5 // 4) for _ in range(2))
        bounds = tunnel.bytes_between(begin, end)
        assert bounds is not None
        assert bounds[0] <= sum(size for ts, size in sent if begin <= ts <= end) <= bounds[1]


def test_packets_before_the_first_or_without_a_time_are_in_no_bin() -> None:
    """They may have passed at any time: the most counts them, the least does not."""
    rows = [
        {"tunnel_key": 7 << 32, "tunnel_seq": n, "tunnel_step": ESP, "ts_ns": ts, "wire_bytes": 100}
        for n, ts in enumerate((5_000_000_000, 4_000_000_000, -(2**63), 5_100_000_000))
    ]
    counter = TunnelCounter()
    counter.absorb(make_frames(rows))
    (tunnel,) = counter.tunnels()
    assert tunnel.bytes_between(4_900_000_000, 5_300_000_000) == (200, 400)
