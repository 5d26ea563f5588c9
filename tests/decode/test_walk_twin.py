"""The walk and its twin, which knows no table, say the same of every frame: sound, cut, and with bytes flipped."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decode.examples import EXAMPLES, Example
from tests.decode.frames_of import options_of, row_of, walk_all
from tests.twins.walk import Seen, walk
from vmpcap.terms.addresses import ip_text

MANGLED = st.tuples(
    st.sampled_from(EXAMPLES),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.integers(0, 300),
    st.integers(-40, 40),
)
LINK_TYPES = sorted({example.link_type for example in EXAMPLES} | {14, 147, -1, 70000})


class Keys:
    """Keys and what they stand for: always the same for the same, and never the same for another."""

    def __init__(self) -> None:
        self.of: dict[object, int] = {}
        self.for_: dict[int, object] = {}

    def check(self, key: object, meaning: object) -> None:
        assert isinstance(key, int)
        assert self.of.setdefault(meaning, key) == key
        assert self.for_.setdefault(key, meaning) == meaning


SEGMENTS, TUNNELS = Keys(), Keys()


def assert_same(row: dict[str, object], seen: Seen) -> None:
    """Every column of the row is what the twin saw."""
    ip, found = seen.ip, seen.transport
    assert row["stop"] == seen.stop
    assert row["path"] == "/".join(seen.path)
    assert row["depth"] == len(seen.path)
    assert (row["eth_src"], row["eth_dst"]) == seen.macs
    tags = [*seen.tags, -1, -1]
    assert [row["vlan_outer_id"], row["vlan_inner_id"]] == tags[:2]
    assert row["vni"] == (-1 if seen.vni is None else seen.vni)
    assert (row["segment_key"] == 0) == (not seen.domain)
    SEGMENTS.check(row["segment_key"], tuple(seen.domain))
    assert row["ids"] == seen.listed[:8]
    assert row["tunnel_seq"] == (-1 if seen.number is None else seen.number)
    assert (row["tunnel_key"] == 0) == (seen.tunnel is None)
    TUNNELS.check(row["tunnel_key"], seen.tunnel)
    assert row["mirror_at"] == (-1 if seen.mirror is None else seen.mirror)
    assert row["ethertype"] == seen.ethertype
    assert row["network_at"] == (-1 if seen.network is None else seen.network[1])
    facts = {"version": 0, "protocol": 0, "ttl": 0, "tos": 0, "id": 0, "part": 0} if ip is None else ip
    assert facts == {
        "version": row["ip_version"],
        "protocol": row["ip_protocol"],
        "ttl": row["ip_ttl"],
        "tos": row["ip_tos"],
        "id": row["ip_id"],
        "part": row["ip_fragment"],
    }
    if ip is None:
        assert (row["src_high"], row["src_low"], row["dst_high"], row["dst_low"]) == (0, 0, 0, 0)
    else:
        assert seen.addresses == (as_text(row, "src"), as_text(row, "dst"))
    found = found or {"kind": "", "at": -1, "payload_at": -1, "payload": 0}
    assert (row["transport_at"], row["payload_at"]) == (found["at"], found["payload_at"])
    assert row["payload_bytes"] == found["payload"]
    assert (row["src_port"], row["dst_port"]) == found.get("ports", (0, 0))
    for name in ("seq", "ack", "flags", "window"):
        assert row[f"tcp_{name}"] == found.get(name, 0), name
    if found["kind"] == "tcp":
        wanted = {
            name: found[name]
            for name in ("cut", "bad", "mss", "scale", "sack_permitted", "sack", "stamps")
            if name in found
        }
        assert options_of(row) == wanted
    else:
        assert row["tcp_options"] == row["tcp_ts_value"] == row["tcp_ts_echo"] == row["tcp_sack_blocks"] == 0
    assert (row["icmp_type"], row["icmp_code"]) == found.get("icmp", (0, 0))
    assert (row["icmp_id"], row["icmp_seq"]) == found.get("echo", (0, 0))


def as_text(row: dict[str, object], side: str) -> str:
    high, low = row[f"{side}_high"], row[f"{side}_low"]
    assert isinstance(high, int)
    assert isinstance(low, int)
    return ip_text(high, low)


def compare(frames: list[bytes], wires: list[int], link_type: int) -> None:
    columns = walk_all(frames, wires, link_type)
    for i, (frame, wire) in enumerate(zip(frames, wires, strict=True)):
        row = row_of(columns, i)
        assert_same(row, walk(frame, wire, link_type, preferred=str(row["path"])))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_both_walk_every_example_alike(example: Example) -> None:
    """A whole frame."""
    compare([example.frame], [len(example.frame)], example.link_type)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_both_stop_alike_wherever_a_frame_is_cut(example: Example) -> None:
    """Cut in the capture after every byte, and ended on the wire after every byte."""
    frame = example.frame[:300]
    cuts = [frame[:size] for size in range(len(frame) + 1)]
    compare(cuts, [len(frame)] * len(cuts), example.link_type)
    compare(cuts, [len(cut) for cut in cuts], example.link_type)


@settings(max_examples=1500, deadline=None)
@given(MANGLED)
def test_both_read_mangled_frames_alike(mangled: tuple[Example, list[tuple[int, int]], int, int]) -> None:
    """Bytes set at random, cut anywhere, with a wire length that need not fit."""
    example, flips, size, extra = mangled
    frame = bytearray(example.frame)
    for at, value in flips:
        if at < len(frame):
            frame[at] = value
    cut = bytes(frame[:size])
    compare([cut], [max(0, len(cut) + extra)], example.link_type)


@pytest.mark.parametrize("seed", range(20))
def test_a_frame_does_not_depend_on_its_neighbours(seed: int) -> None:
    """In any order and company a frame gives the same row: nothing is left over from the one before."""
    rng = random.Random(seed)
    chosen = [example for example in rng.choices(EXAMPLES, k=60) if example.link_type == 1]
    frames = [example.frame[: rng.choice([20, 50, 60, 80, 2000])] for example in chosen]
    compare(frames, [len(example.frame) for example in chosen], 1)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(LINK_TYPES))
def test_both_walk_noise_alike(frame: bytes, link_type: int) -> None:
    """Random bytes of any link type, also of unknown ones."""
    compare([frame], [len(frame)], link_type)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(EXAMPLES), st.integers(0, 200), st.binary(min_size=1, max_size=90), st.integers(0, 40))
def test_both_walk_noise_behind_any_header_alike(example: Example, kept: int, noise: bytes, beyond: int) -> None:
    """The beginning of a sound frame, then random bytes, then perhaps nothing though the wire had more."""
    frame = example.frame[:kept] + noise
    compare([frame], [len(frame) + beyond], example.link_type)


def test_the_columns_have_the_promised_types() -> None:
    """What frames.py says of every column holds."""
    columns = walk_all([EXAMPLES[0].frame])
    widths = {name: getattr(columns, name).dtype for name in columns._fields}
    assert widths["payload_bytes"] == np.int32
    assert widths["eth_src"] == np.uint64
    assert widths["tcp_flags"] == np.uint16
    assert columns.tcp_sack.shape == (1, 8)
