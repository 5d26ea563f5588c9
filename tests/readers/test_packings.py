"""Compressed captures: every packing, in one member or many, whole, cut, damaged, and as a bomb."""

import contextlib
import lzma
import random
import resource
import sys
import tempfile
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from unittest.mock import patch

import pytest

from vmpcap.readers import PACKINGS, unpacking
from vmpcap.readers.limits import UNPACKED_FLOOR, UNPACKED_RATIO
from vmpcap.readers.packings import open_gzip
from vmpcap.readers.sources import open_capture
from vmpcap.terms.errors import CaptureError, EngineError

from .packers import CHECKED, NAMES, PACKERS, gzip_with, zstd_checked
from .stories import pcapng_story
from .writers import Packet, pcap, pcap_header, pcap_record, read_all, read_bytes

T0 = 1_500_000_000 * 10**9
PACKETS = [Packet(T0 + i * 1000, bytes([i % 256]) * 40, 60) for i in range(200)]
CAPTURE = pcap("<", PACKETS)
SKIPPABLE = bytes.fromhex("50 2a 4d 18 04 00 00 00") + b"pzst"


def noisy(packets: int) -> bytes:
    """A capture that hardly packs, so that its packed form is large."""
    rng = random.Random(1)
    return pcap("<", [Packet(T0 + i * 1000, rng.randbytes(1000), 1000) for i in range(packets)])


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each packing in turn."""
    packing: str = request.param
    return packing


@pytest.fixture
def pack(name: str) -> Callable[[bytes], bytes]:
    """What packs it."""
    return PACKERS[name]


def test_every_packing_is_tried_here() -> None:
    """A new row needs a packer."""
    assert {row.name for row in PACKINGS} == set(NAMES)


def test_packed_captures_are_read_as_if_they_were_not(name: str, pack: Callable[[bytes], bytes]) -> None:
    """Same packets, same frame numbers; the facts name the packing and count packed bytes."""
    packed = pack(CAPTURE)
    read = read_bytes(packed)
    assert (read.packets, read.defects) == (PACKETS, {})
    assert read.frames == list(range(1, len(PACKETS) + 1))
    assert (read.facts.packing, read.facts.format) == (name, "pcap")
    assert (read.facts.bytes_read, read.facts.size) == (len(packed), len(packed))


def test_the_checksum_of_the_zstd_tool_is_no_hindrance() -> None:
    """Its frames end with one."""
    read = read_bytes(zstd_checked(CAPTURE))
    assert (read.packets, read.defects) == (PACKETS, {})


@pytest.mark.parametrize("fields", list(product((False, True), repeat=4)))
def test_a_gzip_header_is_read_however_it_is_cut(fields: tuple[bool, bool, bool, bool]) -> None:
    """Checksum, extra field, name, comment; ISA-L alone misreads those that arrive in pieces."""
    data = b"some content, some content"
    packed = gzip_with(data, *fields) + b"behind"
    for cut in range(len(packed)):
        decoder = open_gzip()
        found = b""
        for piece in (packed[:cut], packed[cut:]):
            if not decoder.eof:
                found += decoder.decompress(piece, 1 << 20)
        assert (found, decoder.eof) == (data, True)
        assert (decoder.unused_data or b"") + packed[cut:] * (cut >= len(packed) - 6) == b"behind"
    assert read_bytes(gzip_with(CAPTURE, *fields)).packets == PACKETS


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"\x1f\x8b\x08\xe0" + bytes(20), "none of gzip"),
        (b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * 600_000, "does not end"),
        (b"\x1f\x8b\x08\x02" + bytes(6) + b"\1\2" + bytes(20), "another checksum"),
    ],
)
def test_a_gzip_header_that_cannot_be_is_said(head: bytes, why: str) -> None:
    """Reserved flags, a name without end, a wrong checksum of the header."""
    with pytest.raises(CaptureError, match=why):
        read_bytes(head)


def test_packed_bytes_may_arrive_one_by_one(name: str, pack: Callable[[bytes], bytes]) -> None:
    """No decoder depends on where its input is cut."""
    (row,) = (row for row in PACKINGS if row.name == name)
    decoder = row.opens()
    found = b""
    for byte in pack(CAPTURE):
        assert not decoder.eof
        found += decoder.decompress(bytes([byte]), 1 << 20)
    assert (found, decoder.eof) == (CAPTURE, True)


@pytest.mark.parametrize("members", [2, 7, 300])
def test_many_members_are_one_capture(pack: Callable[[bytes], bytes], members: int) -> None:
    """`cat a.gz b.gz`, pigz, pzstd, bgzip: members may end within a record; empty ones are nothing."""
    size = len(CAPTURE) // members + 1
    packed = b"".join(pack(CAPTURE[at : at + size]) for at in range(0, len(CAPTURE), size))
    read = read_bytes(pack(b"") + packed + pack(b""))
    assert (read.packets, read.defects) == (PACKETS, {})


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_frames_without_data_are_skipped(pack: Callable[[bytes], bytes]) -> None:
    """pzstd begins its files with one; they may stand between members too."""
    half = len(CAPTURE) // 2
    read = read_bytes(SKIPPABLE + SKIPPABLE + pack(CAPTURE[:half]) + SKIPPABLE + pack(CAPTURE[half:]) + SKIPPABLE)
    assert (read.packets, read.defects) == (PACKETS, {})
    assert read.facts.packing in ("zstd", "lz4")


@pytest.mark.parametrize("name", ["gzip", "xz"])
@pytest.mark.parametrize("zeroes", [4, 8, 512, 100_000])
def test_zeroes_behind_a_member_are_padding(pack: Callable[[bytes], bytes], zeroes: int) -> None:
    """Tapes and xz pad with zeroes; another member may follow."""
    half = len(CAPTURE) // 2
    read = read_bytes(pack(CAPTURE[:half]) + bytes(zeroes) + pack(CAPTURE[half:]) + bytes(zeroes))
    assert (read.packets, read.defects) == (PACKETS, {})


def test_what_follows_the_last_member_is_ignored_and_said(pack: Callable[[bytes], bytes]) -> None:
    """Nothing of it is read; the capture in front is whole."""
    read = read_bytes(pack(CAPTURE) + b"some signature")
    assert read.packets == PACKETS
    assert [(row.kind, row.offset, row.ends_reading) for row in read.defects.values()] == [
        ("trailing_bytes", len(CAPTURE), False)
    ]


def test_packed_twice_is_said(pack: Callable[[bytes], bytes]) -> None:
    """A packed capture in a packed file is not unpacked for ever."""
    with pytest.raises(CaptureError, match="packed twice"):
        read_bytes(pack(pack(CAPTURE)))


def test_what_is_packed_and_no_capture_is_named(name: str, pack: Callable[[bytes], bytes]) -> None:
    """The message says what is inside."""
    with pytest.raises(CaptureError, match=f"{name} data with a tar archive"):
        read_bytes(pack(bytes(257) + b"ustar" + bytes(250)))
    with pytest.raises(CaptureError, match=f"{name} data with no bytes"):
        read_bytes(pack(b""))


@pytest.mark.parametrize(("name", "module"), [("gzip", "isal"), ("zstd", "backports"), ("lz4", "lz4.frame")])
def test_a_missing_library_is_said_by_name(name: str, module: str) -> None:
    """Nothing is read, and no thread is left behind."""
    before = threading.active_count()
    hidden = {module: None, "compression": None}
    with patch.dict(sys.modules, hidden), pytest.raises(EngineError, match=f"{name} needs a library that is missing"):
        read_bytes(PACKERS[name](CAPTURE))
    assert threading.active_count() == before


# Cut and damaged.


@pytest.mark.parametrize("style", ["pcap", "pcapng"])
def test_cut_at_every_byte_gives_a_prefix(name: str, pack: Callable[[bytes], bytes], style: str) -> None:
    """The packets in front, a defect that says so; an error only where not even the file header is left."""
    data = pcap("<", PACKETS[:12]) if style == "pcap" else b"".join(pcapng_story(random.Random(5), blocks=14))
    whole = read_bytes(data).packets
    packed = pack(data)
    counts = [0]
    for size in range(len(packed)):
        try:
            read = read_bytes(packed[:size])
        except CaptureError:
            assert counts == [0]
            continue
        assert read.packets == whole[: len(read.packets)]
        assert read.facts.truncated
        assert read.defects["cut_packing"].ends_reading
        counts.append(len(read.packets))
    assert counts == sorted(counts)
    assert name == "zstd" or counts[-1] == len(whole)  # a zstd block of this size is unpacked whole or not at all


def test_a_cut_between_members_is_not_noticed_but_within_one_it_is(pack: Callable[[bytes], bytes]) -> None:
    """No packing says how many members there are; the cut record does."""
    half = len(CAPTURE) // 2
    first, second = pack(CAPTURE[:half]), pack(CAPTURE[half:])
    between = read_bytes(first)
    assert list(between.defects) == ["cut_short"]
    assert between.packets == PACKETS[: len(between.packets)]
    for size in (1, 3, len(second) // 2, len(second) - 1):
        within = read_bytes(first + second[:size])
        assert within.defects["cut_packing"].ends_reading
        assert len(within.packets) >= len(between.packets)


@pytest.mark.parametrize("name", CHECKED)
def test_a_wrong_checksum_at_the_end_leaves_every_packet(name: str, pack: Callable[[bytes], bytes]) -> None:
    """It is only known once everything was unpacked: all packets are given, and the doubt is said."""
    packed = bytearray(pack(CAPTURE))
    packed[-3 if name == "lz4" else -6] ^= 0xFF
    read = read_bytes(bytes(packed))
    assert read.packets == PACKETS
    assert read.defects["damaged_packing"].first_frame == len(PACKETS) + 1
    assert read.facts.truncated


def test_damage_in_the_middle_gives_what_stands_in_front(name: str, pack: Callable[[bytes], bytes]) -> None:
    """Two sound members, then one that is damaged from its first tenth on."""
    data = noisy(600)
    third = len(data) // 3
    sound = pack(data[:third]) + pack(data[third : 2 * third])
    bad = bytearray(pack(data[2 * third :]))
    bad[len(bad) // 10 :] = bytes(len(bad) - len(bad) // 10)
    whole = read_bytes(data).packets
    read = read_bytes(sound + bytes(bad))
    in_front = next((i for i, row in enumerate(read.packets) if row != whole[i]), len(read.packets))
    assert in_front >= 390
    assert any(row.ends_reading for row in read.defects.values())


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz"])
def test_nothing_in_front_of_damage_is_lost_of_a_large_file(pack: Callable[[bytes], bytes]) -> None:
    """However large the slices are that are unpacked at once: what the decoder gives byte by byte is what is read."""
    data = noisy(1500)
    packed = bytearray(pack(data))
    packed[len(packed) * 2 // 3 :] = bytes(len(packed) - len(packed) * 2 // 3)
    (row,) = (row for row in PACKINGS if bytes(packed).startswith(row.magic))
    decoder, found = row.opens(), b""
    with contextlib.suppress(Exception):
        for byte in packed:
            found += decoder.decompress(bytes([byte]), 1 << 20)
    sound = read_bytes(found).packets
    assert len(sound) > 800
    read = read_bytes(bytes(packed))
    assert read.packets == sound
    assert any(row.ends_reading for row in read.defects.values())


def flips(packed: bytes, count: int) -> Iterator[bytes]:
    """The packed bytes with some bits turned over, differently each time."""
    rng = random.Random(len(packed))
    for _ in range(count):
        bad = bytearray(packed)
        for _ in range(rng.choice((1, 1, 2, 5))):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        yield bytes(bad)


def test_flipped_bits_never_break_the_reader(pack: Callable[[bytes], bytes]) -> None:
    """Any packets, or CaptureError; where a checksum was kept, a doubt is said unless the packets are all there."""
    packed = pack(CAPTURE)
    for bad in flips(packed, 60):
        try:
            read = read_bytes(bad)
        except CaptureError:
            continue
        assert read.facts.complete


def test_damage_that_only_the_checksum_knows_is_said() -> None:
    """A gzip member that stores without packing: one byte of one packet is another one, and nobody knows which."""
    packer = zlib.compressobj(0, wbits=31)
    packed = bytearray(packer.compress(CAPTURE) + packer.flush())
    packed[packed.index(PACKETS[100].data)] ^= 0xFF
    read = read_bytes(bytes(packed))
    assert [i for i, row in enumerate(read.packets) if row != PACKETS[i]] == [100]
    assert read.defects["damaged_packing"].offset == len(CAPTURE)
    assert "checksum" in read.defects["damaged_packing"].detail


# Bombs.


BOMB_RECORD = pcap_record("<", Packet(T0, bytes(60_000), 60_000))


def bomb(name: str, records: int) -> bytes:
    """A capture of long packets that hold nothing but zeroes: every packing makes it a thousandth, or less."""
    return PACKERS[name](pcap_header("<") + BOMB_RECORD * records)


def test_a_bomb_ends_at_the_stated_bound(name: str) -> None:
    """max_bytes is what may be unpacked; the defect says so, and that packets behind it were not read."""
    limit = 24 + 5 * len(BOMB_RECORD) + 100
    assert packets_of(bomb(name, 50), max_bytes=limit) == (5, ("unpacked_limit", 6, limit, True))


def test_the_bound_is_gigabytes_and_a_thousandfold_where_none_is_given() -> None:
    """A sound capture may pack to a hundredth; four GiB are let through whatever it packs to."""
    assert (UNPACKED_FLOOR, UNPACKED_RATIO) == (4 << 30, 1000)
    with (
        patch.object(unpacking, "UNPACKED_FLOOR", 1 << 20),
        patch.object(unpacking, "UNPACKED_RATIO", 100),
    ):
        packed = bomb("gzip", 1000)
        count, (kind, frame, offset, _) = packets_of(packed)
    assert (kind, frame, offset) == ("unpacked_limit", count + 1, (1 << 20) + 100 * len(packed))
    assert count == (offset - 24) // len(BOMB_RECORD)


def packets_of(data: bytes, **options: int) -> tuple[int, tuple[str, int | None, int | None, bool]]:
    """How many packets there are, and where the limit was."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with open_capture(file.name, **options) as capture:
            count = sum(len(batch.ts_ns) for batch in capture.batches())
            (end,) = (row for row in capture.defects if row.kind == "unpacked_limit")
            return count, (end.kind, end.first_frame, end.offset, end.ends_reading)


def test_a_bomb_is_read_in_bounded_memory(name: str, tmp_path: Path) -> None:
    """60 MB out of some kilobytes: what is held does not grow with it."""
    path = tmp_path / "bomb"
    path.write_bytes(bomb(name, 1000))
    read_bytes(CAPTURE)  # what is loaded only once is not the bomb's
    with open_capture(path, block_bytes=1 << 20, batch_records=4096) as capture:
        tracemalloc.start()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        packets = sum(len(batch.ts_ns) for batch in capture.batches())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert packets == 1000
    assert path.stat().st_size < 400_000
    assert peak < 20 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 << 10


def test_an_xz_stream_may_not_ask_for_gigabytes() -> None:
    """The dictionary that the header asks for is refused before it is allocated."""
    packed = lzma.compress(CAPTURE)
    size_byte = packed.index(b"\x21\x01") + 2  # filter LZMA2, one byte of properties: the dictionary size
    head = bytearray(packed[12 : 12 + (packed[12] + 1) * 4])
    head[size_byte - 12] = 38  # 2 GiB
    head[-4:] = zlib.crc32(head[:-4]).to_bytes(4, "little")
    with pytest.raises(CaptureError, match="Memory usage limit"):
        read_bytes(packed[:12] + bytes(head) + packed[12 + len(head) :])


# The thread.


def test_closing_early_ends_the_thread(name: str, pack: Callable[[bytes], bytes]) -> None:
    """Whoever stops in the middle leaves nothing behind."""
    before = threading.active_count()
    with tempfile.NamedTemporaryFile() as file:
        file.write(pack(noisy(9_000)))
        file.flush()
        capture = open_capture(file.name, block_bytes=4096)
        batches = capture.batches()
        assert len(next(batches).ts_ns) > 0
        capture.close()
        capture.close()
    assert threading.active_count() == before


def test_many_empty_members_cost_no_more_than_their_size(pack: Callable[[bytes], bytes]) -> None:
    """A hundred thousand bytes of members without data, then the capture."""
    empty = pack(b"")
    read = read_bytes(empty * (100_000 // len(empty)) + pack(CAPTURE))
    assert read.packets == PACKETS


@pytest.mark.parametrize("ending", [".pcap", ".txt", ".gz", ".zst", ""])
def test_the_name_says_nothing(name: str, ending: str, tmp_path: Path) -> None:
    """Only the first bytes tell the packing."""
    path = tmp_path / f"capture{ending}"
    path.write_bytes(PACKERS[name](CAPTURE))
    assert read_all(path).facts.packing == name


def test_a_stream_that_asks_for_too_much_memory_is_to_be_unpacked_first(tmp_path: Path) -> None:
    """It is sound: copying it again helps nobody."""
    path = tmp_path / "a.pcap.xz"
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}]
    path.write_bytes(lzma.compress(CAPTURE, lzma.FORMAT_XZ, filters=filters))
    with pytest.raises(CaptureError, match=r"Memory usage limit exceeded\); unpack it first"):
        open_capture(path)
