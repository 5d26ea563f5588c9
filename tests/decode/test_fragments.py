"""Packets in parts: what is in one stands at the frame that completes it, however its parts come."""

import itertools
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from tests.decode.frames_of import batch_of, row_of, walk_one
from tests.decode.parts import Part, cut_at, cut_somewhere
from tests.decode.test_against_tshark import differences
from tests.decode.tshark_rows import tshark_rows
from tests.readers.writers import Packet as Captured
from tests.readers.writers import pcap
from tests.tshark import needs_tshark
from tests.twins.fragments import PutTogether
from vmpcap.decode.fragments import TRUST, WAITING, WholeWalker
from vmpcap.readers.records import RecordBatch

GUEST = Ether(src="00:50:56:9a:12:34", dst="02:00:00:00:00:aa")
OUTER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
SEGMENT = IP(src="192.168.1.50", dst="192.168.1.1") / TCP(sport=40000, dport=8000, seq=7)
V4, V6 = {"src": "10.0.0.1", "dst": "10.0.0.2"}, {"src": "2001:db8::1", "dst": "2001:db8::2"}
SAME = (
    *("eth_src", "eth_dst", "vlan_outer_id", "vlan_inner_id", "vni", "segment_key", "ids", "ethertype", "ip_version"),
    *("ip_protocol", "ip_ttl", "src_high", "src_low", "dst_high", "dst_low", "src_port", "dst_port", "payload_bytes"),
    *("tcp_seq", "tcp_ack", "tcp_flags", "tcp_window", "icmp_type", "tunnel_seq", "tunnel_step", "stop"),
)
"""What a packet says whether or not it came in parts."""


@cache
def originals() -> list[bytes]:
    """Tunnels and plain packets that are to be cut."""
    inner = GUEST / SEGMENT / Raw(bytes(range(256)) * 3)
    tagged = GUEST / Dot1Q(vlan=10) / SEGMENT / Raw(b"t" * 300)
    packets: list[Packet] = [
        OUTER / IP(**V4) / UDP(sport=55555, dport=4789) / VXLAN(vni=5001, flags=8) / inner,
        OUTER / IPv6(**V6) / UDP(sport=55555, dport=4789) / VXLAN(vni=5002, flags=8) / tagged,
        OUTER / IP(**V4) / GRE(seqnum_present=1, sequence_number=9) / SEGMENT / Raw(b"g" * 500),
        OUTER / IPv6(**V6) / GRE(proto=0x6558) / inner,
        OUTER / IP(**V4, options=b"\x01\x01\x01\x00") / UDP(sport=1, dport=2) / Raw(b"u" * 1000),
        OUTER / IPv6(**V6) / TCP(sport=1, dport=2) / Raw(b"v" * 77),
    ]
    return [bytes(packet) for packet in packets]


def walk_stream(frames: Sequence[bytes], cuts: Sequence[int] = (), **more: object) -> list[dict[str, object]]:
    """The rows of these frames, read in batches that are cut here."""
    walker = WholeWalker(4096)
    rows = []
    edges = [0, *sorted(cuts), len(frames)]
    for begin, end in itertools.pairwise(edges):
        batch = batch_of(frames[begin:end], **{k: v[begin:end] for k, v in more.items()})  # type: ignore[arg-type,index]
        whole, walked = walker.walk(batch)
        assert isinstance(whole, RecordBatch)
        rows += [row_of(walked, i) | {"bytes": bytes_of(whole, i)} for i in range(end - begin)]
    return rows


def bytes_of(batch: RecordBatch, i: int) -> bytes:
    at, size = int(batch.record_at[i]), int(batch.captured_bytes[i])
    return batch.buffer[at : at + size].tobytes()


def assert_whole(row: dict[str, object], frame: bytes) -> None:
    """The row says of the packet what the uncut frame would, and its offsets lead to the same payload."""
    want = walk_one(frame)
    assert {name: row[name] for name in SAME} == {name: want[name] for name in SAME}
    assert str(row["path"]).replace("/fragment", "") == want["path"]
    begin, wanted = row["payload_at"], want["payload_at"]
    assert isinstance(begin, int)
    assert isinstance(wanted, int)
    content = row["bytes"]
    assert isinstance(content, bytes)
    assert content[begin:] == frame[wanted:]


@pytest.mark.parametrize("seed", range(200))
def test_a_packet_stands_where_its_last_part_comes(seed: int) -> None:
    """In any order, mixed with others, some parts twice, some never, in any batches: as the twin puts it together."""
    rng = random.Random(seed)
    pool = originals()
    frames, twin = {n: rng.choice(pool) for n in range(1, rng.randint(2, 10))}, PutTogether()
    parts: list[Part] = []
    for n, frame in frames.items():
        own = cut_somewhere(frame, n, rng)
        if rng.random() < 0.3:
            own.pop(rng.randrange(len(own)))
        parts += own + rng.choices(own, k=rng.choice((0, 0, 1)) if own else 0)
    rng.shuffle(parts)
    cuts = [rng.randint(0, len(parts)) for _ in range(rng.choice((0, 1, 4)))]
    rows = walk_stream([part.frame for part in parts], cuts)
    for part, row in zip(parts, rows, strict=True):
        if part.is_last and part.offset == 0:
            assert_whole(row, frames[part.packet])  # too short to be cut
        elif (whole := twin.take(part.packet, part.offset, part.content, part.is_last)) is not None:
            assert frames[part.packet].endswith(whole)
            assert_whole(row, frames[part.packet])
        else:
            assert row["stop"] == ("first_fragment" if part.offset == 0 else "later_fragment")
            assert row["transport_at"] == -1
            assert str(row["path"]) in ("eth/ip", "eth/ipv6/fragment")
        assert row["captured_bytes"] == row["wire_bytes"] == len(part.frame)


@pytest.mark.parametrize("seed", range(60))
def test_packets_in_parts_inside_packets_in_parts(seed: int) -> None:
    """A guest's packet is cut, each part goes through VXLAN, and what carries it is cut again."""
    rng = random.Random(seed)
    guest = bytes(GUEST / IP(src="192.168.1.50", dst="192.168.1.1") / UDP(sport=5, dport=6) / Raw(b"n" * 900))
    inner_parts = cut_somewhere(guest, 99, rng, most=2)
    outer_parts: list[tuple[Part, Part]] = []
    for n, inner in enumerate(inner_parts):
        wan = OUTER / IP(**V4) / UDP(sport=55555, dport=4789) / VXLAN(vni=5001, flags=8) / Raw(inner.frame)
        outer_parts += [(inner, part) for part in cut_somewhere(bytes(wan), n, rng, most=2)]
    rng.shuffle(outer_parts)
    outside, inside = PutTogether(), PutTogether()
    cuts = [rng.randint(0, len(outer_parts)) for _ in range(2)]
    rows = walk_stream([part.frame for _, part in outer_parts], cuts)
    for (inner, part), row in zip(outer_parts, rows, strict=True):
        if outside.take(part.packet, part.offset, part.content, part.is_last) is None:
            assert row["path"] == "eth/ip"
        elif inside.take(inner.packet, inner.offset, inner.content, inner.is_last) is None:
            assert row["path"] == "eth/ip/udp/vxlan/eth/ip"
            assert row["stop"] == ("first_fragment" if inner.offset == 0 else "later_fragment")
            assert row["vni"] == 5001
        else:
            assert (row["path"], row["stop"]) == ("eth/ip/udp/vxlan/eth/ip/udp", "complete")
            assert (row["src_port"], row["dst_port"], row["payload_bytes"]) == (5, 6, 900)
            assert str(row["bytes"]).count("n" * 900) == 1


def two_parts(frame: bytes, number: int = 7) -> list[bytes]:
    return [part.frame for part in cut_at(frame, number, [64])]


def test_parts_of_two_domains_do_not_meet() -> None:
    """The same packet of two guests of one address, in two VLANs: the halves of one never complete the other."""
    halves = [two_parts(frame) for frame in originals()[4:5] * 2]
    tagged = [
        [half[:12] + b"\x81\x00\x00" + bytes([vlan]) + half[12:] for half in pair]
        for vlan, pair in zip((10, 20), halves, strict=True)
    ]
    rows = walk_stream([tagged[0][0], tagged[1][1], tagged[0][1], tagged[1][0]])
    assert [row["stop"] for row in rows] == ["first_fragment", "later_fragment", "complete", "complete"]
    assert [row["vlan_outer_id"] for row in rows] == [10, 20, 10, 20]


def test_a_part_that_was_not_captured_whole_is_walked_by_itself() -> None:
    """A snaplen: what is inside the first part is all that there will ever be, and its own length is right."""
    longer = [part.frame for part in cut_at(originals()[0], 7, [640])]
    walker = WholeWalker(8)
    _, frames = walker.walk(batch_of([longer[0][:128], longer[1][:128]], [len(one) for one in longer]))
    assert row_of(frames, 0)["path"] == "eth/ip/udp/vxlan/eth/ip/tcp"
    assert row_of(frames, 0)["payload_bytes"] == 768
    assert row_of(frames, 1)["stop"] == "later_fragment"
    assert walker.incomplete == 0


def test_first_parts_to_which_nothing_ever_comes_are_walked_by_themselves() -> None:
    """A filter for a port lets no later part pass: sixteen are held back, then what is inside is shown."""
    firsts = [two_parts(originals()[0], number)[0] for number in range(1, 41)]
    stops = [row["stop"] for row in walk_stream(firsts, [5, 20])]
    assert stops == ["first_fragment"] * TRUST + ["cut"] * (40 - TRUST)


def test_a_later_part_brings_trust_back() -> None:
    """Ends of which any later part is seen are put together again."""
    pairs = [two_parts(originals()[0], number) for number in range(1, 41)]
    frames = [first for first, _ in pairs[:30]] + [pairs[29][1], *pairs[30]]
    assert [row["stop"] for row in walk_stream(frames)][-3:] == ["later_fragment", "first_fragment", "complete"]


def test_parts_long_apart_are_of_two_packets() -> None:
    """After half a minute the identification has come round."""
    first, last = two_parts(originals()[4])
    for seconds, stop in ((29, "complete"), (31, "later_fragment")):
        rows = walk_stream([first, last], ts_ns=[0, seconds * 10**9])
        assert rows[1]["stop"] == stop


def test_a_packet_that_is_never_complete_is_counted() -> None:
    """Its first part stays what it is."""
    walker = WholeWalker(8)
    walker.walk(batch_of(two_parts(originals()[0])[:1]))
    assert walker.incomplete == 1
    walker.walk(batch_of(two_parts(originals()[0])[1:]))
    assert walker.incomplete == 0


def test_what_was_walked_holds_while_the_next_batch_is_walked() -> None:
    """Frames of one batch are still looked at then; that the next one is walked twice for its parts changes nothing."""
    walker, pair = WholeWalker(8), two_parts(originals()[4])
    _, first = walker.walk(batch_of(originals()[:3]))
    before = [row_of(first, row) for row in range(3)]
    _, second = walker.walk(batch_of([*pair, originals()[3]]))
    assert [row_of(first, row) for row in range(3)] == before
    assert [row_of(second, row)["stop"] for row in range(3)] == ["first_fragment", "complete", "complete"]


def test_more_packets_than_there_are_places_push_out_the_oldest() -> None:
    """Memory is bounded: the parts of many thousand unfinished packets, each with ends of its own."""
    walker = WholeWalker(4096)
    frames = []
    for number in range(4000):
        first = bytearray(two_parts(originals()[4], number)[0])
        first[26:30] = (0x0B000000 + number).to_bytes(4, "big")
        frames.append(bytes(first))
    walker.walk(batch_of(frames))
    assert walker.incomplete == 4000
    lasts = []
    for number, frame in enumerate(frames):
        last = bytearray(two_parts(originals()[4], number)[1])
        last[26:30] = frame[26:30]
        lasts.append(bytes(last))
    _, walked = walker.walk(batch_of(lasts[-200:]))
    complete = sum(row_of(walked, i)["stop"] == "complete" for i in range(200))
    assert 150 < complete <= 200
    assert complete <= WAITING


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ((16, b"\xff\xff"), "a total length beyond the frame"),
        ((16, b"\x00\x00"), "no total length at all"),
        ((16, b"\x00\x21"), "a part whose size is no multiple of eight"),
        ((20, b"\x3f\xff"), "an offset past the longest packet"),
    ],
)
def test_parts_that_cannot_be_are_left_alone(edit: tuple[int, bytes], why: str) -> None:
    """And what follows them is walked as ever."""
    at, value = edit
    first, last = two_parts(originals()[4])
    odd = first[:at] + value + first[at + 2 :]
    rows = walk_stream([odd, last, first, last])
    assert [row["stop"] for row in rows[2:]] in (["first_fragment", "complete"], ["complete", "later_fragment"]), why


def test_parts_that_contradict_each_other_make_no_packet() -> None:
    """Two last parts that end in different places: the packet is forgotten, and begins anew."""
    first, middle, last = (part.frame for part in cut_at(originals()[4], 7, [64, 128]))
    shorter = [part.frame for part in cut_at(originals()[4][:-8], 7, [64, 128])][-1]
    rows = walk_stream([first, last, shorter, middle])
    assert [row["stop"] for row in rows] == ["first_fragment", "later_fragment", "later_fragment", "later_fragment"]


WAYS = {
    "in order": lambda parts: parts,
    "the last first": lambda parts: parts[::-1],
    "the first last": lambda parts: [*parts[1:], parts[0]],
    "the first missing": lambda parts: parts[1:],
    "one in the middle missing": lambda parts: [parts[0], *parts[2:]],
    "the last missing": lambda parts: parts[:-1],
    "each twice": lambda parts: [part for part in parts for _ in range(2)],
    "all of it twice": lambda parts: parts * 2,
}


@needs_tshark
@pytest.mark.parametrize("way", WAYS)
def test_tshark_shows_the_packet_at_the_same_frame(way: str, tmp_path: Path) -> None:
    """With its own preferences, which put packets together: VXLAN and GRE over IPv4 and IPv6, plain UDP and TCP."""
    frames: list[bytes] = []
    for number, frame in enumerate(originals(), start=1):
        frames += WAYS[way]([part.frame for part in cut_at(frame, number, [24, 48])])
    path = tmp_path / "parts.pcap"
    path.write_bytes(pcap("<", [Captured(n * 1_000_000, frame, len(frame)) for n, frame in enumerate(frames)]))
    theirs = list(tshark_rows(path, "-o", "ip.defragment:TRUE", "-o", "ipv6.defragment:TRUE"))
    ours = walk_stream(frames)
    assert [(n, differences(row, theirs[n])) for n, row in enumerate(ours) if differences(row, theirs[n])] == []
    complete = [n for n, row in enumerate(theirs) if "payload_bytes" in row]
    assert [n for n, row in enumerate(ours) if row["transport_at"] != -1] == complete
    assert (len(complete) > 0) == ("missing" not in way)
