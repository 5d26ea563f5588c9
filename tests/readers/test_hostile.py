"""Sizes and counts made to hurt: everything ends with what was readable, in bounded memory, with a reason."""

import random
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.twins.captures import read_pcap, read_pcapng
from vmpcap.readers.sources import open_capture
from vmpcap.terms.errors import CaptureError

from .stories import words_of_reader, words_of_twin
from .test_damage import small_pcap, small_pcapng
from .writers import (
    Packet,
    block,
    custom,
    enhanced,
    interface,
    pcap_header,
    pcap_record,
    read_bytes,
    section,
)

pytestmark = pytest.mark.timeout(120)
FRAME = bytes.fromhex("ffffffffffff 005056aa7710 8035")
T0 = 1_500_000_000 * 10**9
EXTREMES = (0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF)


@pytest.mark.parametrize("value", EXTREMES)
@pytest.mark.parametrize("sign", ["<", ">"])
def test_any_word_of_a_pcap_may_be_extreme(sign: str, value: int) -> None:
    """Each 32-bit word in turn, at every alignment; behind the version, for another version has another layout."""
    sound = small_pcap(sign, "ns")
    for at in range(8, len(sound) - 3):
        data = bytearray(sound)
        struct.pack_into(sign + "I", data, at, value)
        assert words_of_reader(read_bytes(bytes(data), block_bytes=50)) == words_of_twin(read_pcap(bytes(data)))


@pytest.mark.parametrize("value", EXTREMES)
@pytest.mark.parametrize("sign", ["<", ">"])
def test_any_word_of_a_pcapng_may_be_extreme(sign: str, value: int) -> None:
    """Each 32-bit word in turn, at every alignment: block types, lengths, interface numbers, times, options."""
    sound = small_pcapng(sign)
    for at in range(4, len(sound) - 3):
        data = bytearray(sound)
        struct.pack_into(sign + "I", data, at, value)
        told = read_pcapng(bytes(data))
        try:
            read = read_bytes(bytes(data), block_bytes=50)
        except CaptureError:
            assert told.stop is not None
            assert told.stop[2] == 0
            continue
        assert words_of_reader(read) == words_of_twin(told)


@pytest.mark.parametrize("version", [(2, 4), (2, 2), (2, 3)])
@pytest.mark.parametrize("lengths", [(2**32 - 1, 2**32 - 1), (2**31, 2**32 - 1), (2**20 + 1, 2**20 + 1)])
def test_a_record_of_gigabytes_is_damage_in_every_version(version: tuple[int, int], lengths: tuple[int, int]) -> None:
    """Whichever of the two lengths stands first."""
    head = pcap_header("<", version=version)
    good = pcap_record("<", Packet(T0, FRAME, 60), swapped=version == (2, 2))
    read = read_bytes(head + good + struct.pack("<IIII", 1, 1, *lengths) + bytes(1000))
    assert len(read.packets) == 1
    assert (read.defects["damaged_record"].first_frame, read.defects["damaged_record"].offset) == (2, 24 + 30)


LIES: dict[str, bytes] = {
    "pcap, one MiB of an Ethernet frame": pcap_header("<") + struct.pack("<IIII", 1, 1, 1 << 20, 1 << 20),
    "pcap, 100 MiB of a USB transfer": pcap_header("<", link=249) + struct.pack("<IIII", 1, 1, 100 << 20, 100 << 20),
    "pcapng, 16 MiB of an unknown block": section("<") + struct.pack("<II", 77, 16 << 20),
    "pcapng, 16 MiB of a packet": section("<") + interface("<") + struct.pack("<II", 6, 16 << 20),
    "pcapng, 16 MiB of an interface": section("<") + struct.pack("<II", 1, 16 << 20),
    "pcapng, 16 MiB of a section": section("<") + struct.pack("<IIIHHq", 0x0A0D0D0A, 16 << 20, 0x1A2B3C4D, 1, 0, -1),
    "pcapng, 128 MiB of a USB transfer": section("<") + interface("<", 249) + struct.pack("<II", 6, 128 << 20),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_length_that_lies_costs_no_memory(lie: str, tmp_path: Path) -> None:
    """The block grows with what is there, not with what is claimed."""
    path = tmp_path / "lie"
    path.write_bytes(LIES[lie] + bytes(4000))
    with open_capture(path, block_bytes=1000) as capture:
        list(capture.batches())  # compiled, and what is made once is made
    tracemalloc.start()
    with open_capture(path, block_bytes=1000) as capture:
        assert list(capture.batches()) == []
        (cut,) = capture.defects
        assert (cut.kind, cut.first_frame) == ("cut_short", 1)
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_times_of_2106_and_backwards_are_read_as_they_stand(tmp_path: Path) -> None:
    """Unsigned seconds; steps of a century in both directions are counted, not repaired."""
    times = [0, (2**32 - 1) * 10**9, 1, T0]
    records = b"".join(pcap_record("<", Packet(time, FRAME, 60), "ns") for time in times)
    read = read_bytes(pcap_header("<", "ns") + records)
    assert [packet.ts_ns for packet in read.packets] == times
    back = read.defects["time_backwards"]
    assert (back.count, back.first_frame, back.detail) == (1, 3, "largest step 4294967294.999999999 s")
    assert (read.facts.earliest_ts_ns, read.facts.latest_ts_ns) == (0, (2**32 - 1) * 10**9)
    assert (read.facts.first_ts_ns, read.facts.last_ts_ns) == (0, T0)


def test_a_step_back_over_all_of_time_does_not_overflow() -> None:
    """From the last to the first nanosecond that a column can hold."""
    early = interface("<", options=struct.pack("<HHqI", 14, 8, -9_000_000_000, 0))
    packets = enhanced("<", 2**64 - 1, FRAME, 60, port=1) + enhanced("<", 0, FRAME, 60, port=0)
    read = read_bytes(section("<") + early + interface("<") + packets)
    assert [packet.ts_ns for packet in read.packets] == [2**63 - 1, -9_000_000_000 * 10**9]
    assert read.defects["time_backwards"].detail == "largest step 9223372036.854775807 s"


MANY: dict[str, Callable[[int], bytes]] = {
    "sections": lambda count: section("<") * count,
    "interfaces": lambda count: section("<") + interface("<") * count,
    "interfaces that differ": lambda count: section("<") + b"".join(interface("<", 1, i) for i in range(count)),
    "sections with interfaces that differ": lambda count: b"".join(
        section("<") + interface("<", 1, i) for i in range(count)
    ),
    "custom blocks": lambda count: section("<") + interface("<") + custom("<") * count,
    "custom blocks between packets": lambda count: (
        section("<") + interface("<") + (custom("<") + enhanced("<", T0 // 1000, b"", 60)) * count
    ),
    "unknown blocks": lambda count: section("<") + block("<", 99, b"") * count,
    "appended files": lambda count: pcap_header("<") * count,
    "appended files that differ": lambda count: b"".join(pcap_header("<", snaplen=i) for i in range(count)),
    "records without bytes": lambda count: pcap_header("<") + bytes(16) * count,
}


@pytest.mark.parametrize("what", MANY)
def test_very_many_small_things_cost_little_each(what: str, tmp_path: Path) -> None:
    """Twelve thousand of each, and a packet behind them: memory stays where it was after six thousand."""
    packet = enhanced("<", T0 // 1000, FRAME, 60)
    peaks = []
    for count in (6_000, 12_000):
        data = MANY[what](count)
        data += pcap_record("<", Packet(T0, FRAME, 60)) if data[:4] == pcap_header("<")[:4] else packet
        path = tmp_path / str(count)
        path.write_bytes(data)
        tracemalloc.start()
        with open_capture(path, block_bytes=1 << 16) as capture:
            frames = 0
            for batch in capture.batches():
                frames += len(batch.ts_ns)
                last = batch.first_frame + len(batch.ts_ns) - 1
            facts = capture.facts
            _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        peaks.append(peak)
        if what != "appended files that differ":  # beyond the limit such a file is not read
            assert frames == facts.packets
            assert last >= frames
            assert not facts.truncated
    assert peaks[1] < peaks[0] + (1 << 20)


def test_a_packet_at_every_length_is_read_whole() -> None:
    """Lengths around every block size there is in this test, in both formats."""
    rng = random.Random(2)
    packets = [Packet(T0, rng.randbytes(size), size) for size in range(300)]
    plain = pcap_header("<") + b"".join(pcap_record("<", packet) for packet in packets)
    fancy = section("<") + interface("<") + b"".join(enhanced("<", T0 // 1000, p.data, p.wire) for p in packets)
    for data in (plain, fancy):
        for block_bytes in (1, 100, 257, 4096):
            assert read_bytes(data, block_bytes=block_bytes).packets == packets
