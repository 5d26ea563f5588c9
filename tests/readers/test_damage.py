"""Cut anywhere, flipped anywhere: what is readable is read, and it is said where it stopped."""

import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.twins.captures import Told, read_pcap, read_pcapng
from vmpcap.terms.errors import CaptureError

from .packers import NAMES, PACKERS
from .stories import pcap_story, pcapng_story, words_of_reader, words_of_twin
from .tshark import frames_of, frames_of_tshark
from .writers import (
    END,
    Packet,
    Read,
    custom,
    enhanced,
    interface,
    obsolete,
    option,
    pcap,
    read_bytes,
    section,
    simple,
    statistics,
)

pytestmark = pytest.mark.timeout(120)
FRAME = bytes.fromhex("ffffffffffff 005056aa7710 8035")
T0 = 1_500_000_000 * 10**9


def small_pcap(sign: str, kind: str) -> bytes:
    """Four packets, the first of no bytes."""
    return pcap(sign, [Packet(T0 + i * 1000, FRAME[: 3 * i], 60) for i in range(4)], kind)


def small_pcapng(sign: str) -> bytes:
    """Every block that is read, two sections, the second of the other byte order."""
    said = option(sign, 1, b"hello") + END
    other = "<" if sign == ">" else ">"
    return (
        section(sign, said)
        + interface(sign, 1, 0, option(sign, 2, b"eth0") + option(sign, 9, b"\x09") + END)
        + enhanced(sign, T0, FRAME, 60, options=said)
        + custom(sign)
        + interface(sign, 113)
        + obsolete(sign, T0 // 1000, FRAME, 60, port=1, drops=2)
        + simple(sign, FRAME[:13], 13)
        + statistics(sign, 0, option(sign, 5, bytes(8)) + END)
        + section(other)
        + interface(other)
        + enhanced(other, T0 // 1000, FRAME, 61)
    )


def test_the_small_captures_are_sound() -> None:
    """Otherwise the cuts below would prove little."""
    for sign in "<>":
        assert len(read_bytes(small_pcapng(sign)).packets) == 4
        for kind in ("us", "ns", "modified"):
            assert len(read_bytes(small_pcap(sign, kind)).packets) == 4


@pytest.mark.parametrize("sign", ["<", ">"])
@pytest.mark.parametrize("kind", ["us", "ns", "modified"])
def test_pcap_cut_at_every_byte(sign: str, kind: str) -> None:
    """The whole records in front; a defect exactly where a record was begun, an error only inside the file header."""
    data = small_pcap(sign, kind)
    whole = read_bytes(data).packets
    for size in range(len(data) + 1):
        if size < 24:
            with pytest.raises(CaptureError):
                read_bytes(data[:size])
            continue
        read = read_bytes(data[:size], block_bytes=37)
        assert words_of_reader(read) == words_of_twin(read_pcap(data[:size], 8 if kind == "modified" else 0))
        assert read.packets == whole[: len(read.packets)]
        assert read.facts.truncated == (size not in ends_of(kind))


def ends_of(kind: str) -> set[int]:
    """Where the header and the records of the small pcap end."""
    head = 24 if kind == "modified" else 16
    return {24 + count * head + 3 * sum(range(count)) for count in range(5)}


@pytest.mark.parametrize("sign", ["<", ">"])
def test_pcapng_cut_at_every_byte(sign: str) -> None:
    """The whole packets in front; the defect is at the block that was begun, with the frame that it would have been."""
    data = small_pcapng(sign)
    whole = read_bytes(data).packets
    clean = 0
    for size in range(len(data) + 1):
        if size < 44:
            with pytest.raises(CaptureError):
                read_bytes(data[:size])
            continue
        read = read_bytes(data[:size], block_bytes=41)
        assert words_of_reader(read) == words_of_twin(read_pcapng(data[:size]))
        assert read.packets == whole[: len(read.packets)]
        clean += not read.facts.truncated
    assert clean == 11


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sign", ["<", ">"])
def test_packed_captures_cut_at_every_byte(name: str, sign: str) -> None:
    """Packed block by block, as a writer that flushes does: a prefix, its end known, the cut record too."""
    for data in (small_pcap(sign, "ns"), small_pcapng(sign)):
        packed = b"".join(PACKERS[name](data[at : at + 50]) for at in range(0, len(data), 50))
        whole = read_bytes(data).packets
        counts = []
        for size in range(1, len(packed)):
            try:
                read = read_bytes(packed[:size])
            except CaptureError:
                assert not counts
                continue
            assert read.packets == whole[: len(read.packets)]
            assert read.facts.truncated or len(read.packets) in range(1, 5)
            counts.append(len(read.packets))
        assert counts == sorted(counts)
        assert set(counts) >= {1, 3}


# Flipped bits and bytes.

CHANGES = st.lists(st.tuples(st.integers(4, 2**16), st.integers(0, 255)), min_size=1, max_size=8)


def changed(data: bytes, changes: list[tuple[int, int]]) -> tuple[bytes, int]:
    """The data with these bytes put in their places, and where the first of them is."""
    raw = bytearray(data)
    places = [4 + place % (len(raw) - 4) for place, _ in changes]
    for place, (_, value) in zip(places, changes, strict=True):
        raw[place] = value
    return bytes(raw), min(places)


def check(data: bytes, told: Told, block_bytes: int, batch_records: int) -> Read | None:
    """The reader says what the twin says; it refuses only what has no sound beginning."""
    try:
        read = read_bytes(data, block_bytes=block_bytes, batch_records=batch_records)
    except CaptureError:
        assert told.stop is not None
        assert (told.stop[1], told.stop[2]) == (1, 0)
        return None
    assert words_of_reader(read) == words_of_twin(told)
    return read


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 10**6), changes=CHANGES, block_bytes=st.integers(1, 600), batch_records=st.integers(1, 20))
@example(seed=0, changes=[(4, 0x20)], block_bytes=64, batch_records=3)
def test_damaged_pcapng_is_read_as_its_twin_reads_it(
    seed: int, changes: list[tuple[int, int]], block_bytes: int, batch_records: int
) -> None:
    """Whatever the bytes say: the same packets, the same stop; those in front of the damage are the sound ones."""
    sound = b"".join(pcapng_story(random.Random(seed), blocks=15))
    data, place = changed(sound, changes)
    read = check(data, read_pcapng(data), block_bytes, batch_records)
    if read is not None and place >= 28:
        before = len(read_pcapng(sound[:place]).rows)
        assert read.packets[:before] == read_bytes(sound).packets[:before]


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 10**6), changes=CHANGES, block_bytes=st.integers(1, 600), batch_records=st.integers(1, 20))
def test_damaged_pcap_is_read_as_its_twin_reads_it(
    seed: int, changes: list[tuple[int, int]], block_bytes: int, batch_records: int
) -> None:
    """Nanoseconds, for there the magic number leaves nothing to guess."""
    story, _ = pcap_story(random.Random(seed), kind="ns")
    sound = b"".join(story)
    data, place = changed(sound, [(max(at, 4), value) for at, value in changes])
    if data[4:8] != sound[4:8]:
        return  # another version: another order of the lengths
    read = check(data, read_pcap(data), block_bytes, batch_records)
    if read is not None and place >= 24:
        before = len(read_pcap(sound[:place]).rows)
        assert read.packets[:before] == read_bytes(sound).packets[:before]


@settings(max_examples=250, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(("us", "modified")),
    changes=CHANGES,
    block_bytes=st.integers(1, 600),
)
def test_damaged_pcap_whose_headers_must_be_guessed(
    seed: int, kind: str, changes: list[tuple[int, int]], block_bytes: int
) -> None:
    """Whatever was changed, records stay inside the file, and the guess does not depend on the block."""
    story, _ = pcap_story(random.Random(seed), kind=kind)
    data, _ = changed(b"".join(story), changes)
    read = read_bytes(data, block_bytes=block_bytes)
    assert words_of_reader(read) == words_of_reader(read_bytes(data))
    assert sum(len(packet.data) for packet in read.packets) <= len(data)


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 10**6), changes=CHANGES)
def test_damaged_packing_never_breaks_the_reader(name: str, seed: int, changes: list[tuple[int, int]]) -> None:
    """Packets or CaptureError; what stands in members before the damaged one is there."""
    story = pcapng_story(random.Random(seed), blocks=10)
    sound = PACKERS[name](b"".join(story))
    second, _ = changed(PACKERS[name](section("<") + interface("<") + enhanced("<", 1, FRAME, 60)), changes)
    read = read_bytes(sound + second)
    whole = read_bytes(b"".join(story)).packets
    assert read.packets[: len(whole)] == whole
    with_damage, _ = changed(sound, changes)
    try:
        read_bytes(with_damage)
    except CaptureError:
        return


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("style", ["pcap", "pcapng"])
def test_tshark_reads_the_same_up_to_the_damage(style: str, seed: int, tmp_path: Path) -> None:
    """
    Frame for frame, as long as both go on.

    Where they end differs: tshark stops at a packet of an unknown interface or with an option too long, we go on and
    count it. Of times beyond 2262, offsets of centuries and fractions of more than a second tshark 4.0 shows what its
    64 and 32 bits make of them.
    """
    rng = random.Random(seed)
    if style == "pcap":
        sound = b"".join(pcap_story(rng, packets=20, kind="ns")[0])
    else:
        sound = b"".join(pcapng_story(rng, blocks=30, stranger=False, resolutions=(6, 9, 3, 0, 7, 0x94)))
    data = bytearray(sound)
    for _ in range(4):
        data[rng.randrange(44, len(data))] ^= 1 << rng.randrange(8)
    read = read_bytes(bytes(data))
    ours, theirs = frames_of(read), frames_of_tshark(bytes(data), tmp_path)
    odd = {"invalid_fraction", "time_out_of_range", "damaged_interface"} & set(read.defects)
    for our, their in zip(ours, theirs, strict=False):
        assert our._replace(ts_ns=None) == their._replace(ts_ns=None)
        assert our.ts_ns == their.ts_ns or odd
    assert len(theirs) <= len(ours)
