"""Classic pcap: every variant, from literal bytes, whole, cut and damaged."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmpcap.terms.errors import CaptureError

from .writers import Packet, pcap, pcap_header, pcap_record, read_bytes

FRAME = bytes.fromhex("ffffffffffff 005056aa7710 8035")
T0 = 1_500_000_000 * 10**9


def packets_strategy(step: int) -> st.SearchStrategy[list[Packet]]:
    """Packets with times in units of `step` nanoseconds."""
    one = st.builds(
        lambda ticks, data, more: Packet(ticks * step, data, len(data) + more),
        st.integers(0, (2**32 * 10**9 - 1) // step),
        st.binary(max_size=70),
        st.integers(0, 9000),
    )
    return st.lists(one, max_size=12)


def test_microseconds_little_endian() -> None:
    """The commonest header, byte by byte."""
    head = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 60000000 01000000")
    record = bytes.fromhex("002f6859 07000000 0e000000 3c000000") + FRAME
    read = read_bytes(head + record)
    assert read.packets == [Packet(T0 + 7_000, FRAME, 60)]
    assert (read.facts.format, read.facts.byte_order, read.facts.time_resolution) == ("pcap", "little", "microseconds")
    assert (read.facts.variant, read.facts.packing, read.facts.link_types) == ("2.4", "none", (1,))
    assert (read.frames, read.defects, read.facts.truncated) == ([1], {}, False)
    assert read.interfaces[0].snaplen == 96


def test_microseconds_big_endian() -> None:
    """The same from a machine of the other kind."""
    head = bytes.fromhex("a1b2c3d4 0002 0004 00000000 00000000 00000060 00000001")
    record = bytes.fromhex("59682f00 00000007 0000000e 0000003c") + FRAME
    read = read_bytes(head + record)
    assert read.packets == [Packet(T0 + 7_000, FRAME, 60)]
    assert read.facts.byte_order == "big"


def test_nanoseconds_little_endian() -> None:
    """The magic number ends in 3c4d: the fraction counts nanoseconds."""
    head = bytes.fromhex("4d3cb2a1 0200 0400 00000000 00000000 60000000 71000000")
    record = bytes.fromhex("002f6859 07000000 0e000000 3c000000") + FRAME
    read = read_bytes(head + record)
    assert read.packets == [Packet(T0 + 7, FRAME, 60, 0, 113)]
    assert read.facts.time_resolution == "nanoseconds"


def test_nanoseconds_big_endian() -> None:
    """Nanoseconds from a machine of the other kind."""
    head = bytes.fromhex("a1b23c4d 0002 0004 00000000 00000000 00000060 00000001")
    record = bytes.fromhex("59682f00 00000007 0000000e 0000003c") + FRAME
    assert read_bytes(head + record).packets == [Packet(T0 + 7, FRAME, 60)]


@pytest.mark.parametrize("sign", ["<", ">"])
def test_modified_records_have_eight_more_header_bytes(sign: str) -> None:
    """Magic a1b2cd34: interface number, protocol and packet type stand behind the lengths."""
    wanted = [Packet(T0 + 7_000, FRAME, 60), Packet(T0 + 9_000, FRAME[:4], 1500)]
    read = read_bytes(pcap(sign, wanted, "modified"))
    assert read.packets == wanted
    assert (read.facts.variant, read.defects) == ("modified 2.4", {})


@pytest.mark.parametrize("extra", [8, 4])
def test_modified_records_under_the_usual_magic_are_recognised(extra: int) -> None:
    """Some writers used longer record headers without saying so."""
    wanted = [Packet(T0 + i * 1000, FRAME, 60) for i in range(5)]
    data = pcap_header("<") + b"".join(pcap_record("<", packet, extra=extra) for packet in wanted)
    read = read_bytes(data)
    assert read.packets == wanted
    assert f"{16 + extra} bytes" in read.defects["odd_header"].detail


def test_usual_records_keep_their_header_when_the_third_is_damaged() -> None:
    """Damage is not taken for another header length."""
    wanted = [Packet(T0 + i * 1000, FRAME, 60) for i in range(2)]
    read = read_bytes(pcap("<", wanted) + b"\xff" * 100)
    assert read.packets == wanted
    assert list(read.defects) == ["damaged_record"]


@pytest.mark.parametrize("version", [(2, 0), (2, 1), (2, 2)])
def test_before_version_2_3_the_wire_length_stands_first(version: tuple[int, int]) -> None:
    """libpcap reads these versions with the two lengths swapped."""
    wanted = [Packet(T0, FRAME, 60), Packet(T0, FRAME, 14)]
    data = pcap_header(">", version=version) + b"".join(pcap_record(">", packet, swapped=True) for packet in wanted)
    read = read_bytes(data)
    assert read.packets == wanted
    assert read.defects == {}


def test_version_2_3_is_read_in_both_orders() -> None:
    """In version 2.3 both orders are known: the smaller length is the captured one."""
    wanted = [Packet(T0, FRAME, 60), Packet(T0, FRAME, 61)]
    data = pcap_header("<", version=(2, 3)) + pcap_record("<", wanted[0]) + pcap_record("<", wanted[1], swapped=True)
    assert read_bytes(data).packets == wanted


def test_link_type_stands_in_the_low_bits() -> None:
    """Bit 26 says that the top bits are the length of the frame check sequence, in 16-bit words."""
    read = read_bytes(pcap_header("<", link=0x2400_0001) + pcap_record("<", Packet(T0, FRAME, 60)))
    assert read.facts.link_types == (1,)
    assert read.interfaces[0].fcs_bytes == 4
    assert read_bytes(pcap_header("<", link=0x2000_0071)).interfaces[0].fcs_bytes is None
    assert read_bytes(pcap_header("<", link=0x2000_0071)).facts.link_types == (113,)


def test_unknown_version_is_read_and_said() -> None:
    """A version beyond 2.4 does not stop the reading."""
    read = read_bytes(pcap_header("<", version=(2, 99)) + pcap_record("<", Packet(T0, FRAME, 60)))
    assert len(read.packets) == 1
    assert read.defects["odd_version"].detail == "version 2.99"


def test_header_alone_is_an_empty_capture() -> None:
    """No packet is no error."""
    read = read_bytes(pcap_header("<"))
    assert (read.packets, read.defects, read.facts.truncated) == ([], {}, False)
    assert (read.facts.first_ts_ns, read.facts.latest_ts_ns, read.facts.complete) == (None, None, True)


def test_cut_in_a_record_says_where() -> None:
    """Frame and offset are those of the record that could not be read."""
    data = pcap("<", [Packet(T0, FRAME, 60), Packet(T0, FRAME, 60)])
    read = read_bytes(data[:-1])
    assert len(read.packets) == 1
    cut = read.defects["cut_short"]
    assert (cut.first_frame, cut.offset, cut.count, cut.ends_reading) == (2, 24 + 30, 1, True)
    assert cut.detail == "needed 30 bytes, found 29"
    assert read.facts.truncated


def test_absurd_length_is_damage_and_allocates_nothing() -> None:
    """A record that claims a gigabyte ends the reading there."""
    bad = struct.pack("<IIII", 1_500_000_000, 0, 1 << 30, 1 << 30)
    read = read_bytes(pcap("<", [Packet(T0, FRAME, 60)]) + bad + bytes(5000))
    assert len(read.packets) == 1
    damage = read.defects["damaged_record"]
    assert (damage.first_frame, damage.offset) == (2, 24 + 30)
    assert read.facts.truncated


def test_a_record_longer_than_the_block_is_read() -> None:
    """The block grows to a record whose length can be."""
    big = bytes(range(256)) * 4096
    wanted = [Packet(T0, FRAME, 60), Packet(T0, big, len(big)), Packet(T0, FRAME, 60)]
    assert read_bytes(pcap("<", wanted), block_bytes=1024).packets == wanted


def test_usb_transfers_may_be_longer_than_frames() -> None:
    """Link type 249 carries transfers of many megabytes, link type 1 never does."""
    long = Packet(T0, bytes(3 << 20), 3 << 20, 0, 249)
    record = pcap_record("<", long)
    assert read_bytes(pcap_header("<", link=249) + record).packets == [long]
    assert list(read_bytes(pcap_header("<", link=1) + record).defects) == ["damaged_record"]


def test_fraction_of_a_second_or_more_is_added_and_counted() -> None:
    """1500000000 s and 1000001 us are 1500000001.000001 s."""
    bad = struct.pack("<IIII", 1_500_000_000, 1_000_001, 14, 60) + FRAME
    read = read_bytes(pcap("<", [Packet(T0, FRAME, 60)]) + bad)
    assert read.packets[1].ts_ns == T0 + 10**9 + 1000
    assert (read.defects["invalid_fraction"].count, read.defects["invalid_fraction"].first_frame) == (1, 2)


def test_lengths_that_do_not_fit_are_counted() -> None:
    """More captured than sent, more than the snapshot length, nothing captured: all are kept and said."""
    wanted = [Packet(T0, FRAME, 60), Packet(T0, FRAME, 13), Packet(T0, b"", 60)]
    read = read_bytes(pcap_header("<", snaplen=13) + b"".join(pcap_record("<", packet) for packet in wanted))
    assert read.packets == wanted
    found = {kind: (defect.count, defect.first_frame) for kind, defect in read.defects.items()}
    assert found == {"captured_over_wire": (1, 2), "captured_over_snaplen": (2, 1), "no_bytes": (1, 3)}


def test_wire_length_beyond_31_bits_is_clipped_and_counted() -> None:
    """4 GiB on the wire cannot be; the figure stays positive."""
    read = read_bytes(pcap_header("<") + struct.pack("<IIII", 0, 0, 14, 0xFFFF_FFFF) + FRAME)
    assert read.packets[0].wire == 2**31 - 1
    assert read.defects["wire_length_clipped"].count == 1


def test_time_that_runs_backwards_is_counted_with_its_largest_step() -> None:
    """First and last are those of the file; earliest and latest are those of the clock."""
    times = [T0 + 5000, T0 + 3000, T0 + 9000, T0 + 1000]
    read = read_bytes(pcap("<", [Packet(time, FRAME, 60) for time in times]))
    back = read.defects["time_backwards"]
    assert (back.count, back.first_frame, back.detail) == (2, 2, "largest step 0.000008000 s")
    facts = read.facts
    assert (facts.first_ts_ns, facts.last_ts_ns) == (T0 + 5000, T0 + 1000)
    assert (facts.earliest_ts_ns, facts.latest_ts_ns) == (T0 + 1000, T0 + 9000)


def test_the_last_second_of_32_bits_is_in_2106() -> None:
    """Seconds are unsigned."""
    last = Packet((2**32 - 1) * 10**9, FRAME, 60)
    assert read_bytes(pcap("<", [last])).packets == [last]


def test_appended_files_are_read_through() -> None:
    """`cat a.pcap b.pcap`: the second header is told from a packet; its link type holds from there on."""
    first = pcap(">", [Packet(T0, FRAME, 60)])
    second = pcap_header(">", link=113) + pcap_record(">", Packet(T0, FRAME, 61))
    read = read_bytes(first + first + second)
    assert [(p.wire, p.interface, p.link_type) for p in read.packets] == [(60, 0, 1), (60, 0, 1), (61, 1, 113)]
    assert read.defects["joined_files"].count == 2
    assert read.facts.sections == 3
    assert read.frames == [1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(
    sign=st.sampled_from("<>"),
    kind_packets=st.one_of(
        st.tuples(st.just("us"), packets_strategy(1000)),
        st.tuples(st.just("ns"), packets_strategy(1)),
        st.tuples(st.just("modified"), packets_strategy(1000)),
    ),
    batch_records=st.integers(1, 20),
    block_bytes=st.integers(1, 600),
)
def test_what_is_written_is_read_however_it_is_cut(
    sign: str, kind_packets: tuple[str, list[Packet]], batch_records: int, block_bytes: int
) -> None:
    """No batch size and no block size changes a record."""
    kind, packets = kind_packets
    read = read_bytes(pcap(sign, packets, kind), batch_records=batch_records, block_bytes=block_bytes)
    assert read.packets == packets
    assert read.frames == list(range(1, len(packets) + 1))
    assert not read.facts.truncated


@pytest.mark.parametrize(("sign", "kind"), [("<", "us"), (">", "ns"), ("<", "modified")])
def test_cut_at_any_byte_gives_the_whole_records_before(sign: str, kind: str) -> None:
    """A prefix of the records, a defect exactly where a record was begun, an error only inside the file header."""
    packets = [Packet(T0 + i * 1000, FRAME[: 3 * i], 60) for i in range(4)]
    data = pcap(sign, packets, kind)
    header = len(pcap_record(sign, packets[0], kind))
    ends = [24]
    for packet in packets:
        ends.append(ends[-1] + header + len(packet.data))
    for size in range(len(data) + 1):
        if size < 24:
            with pytest.raises(CaptureError):
                read_bytes(data[:size])
            continue
        read = read_bytes(data[:size], block_bytes=37)
        whole = sum(end <= size for end in ends) - 1
        assert read.packets == packets[:whole]
        assert read.facts.truncated == (size not in ends)
        if size not in ends:
            assert (read.defects["cut_short"].first_frame, read.defects["cut_short"].offset) == (whole + 1, ends[whole])


@settings(max_examples=150, deadline=None)
@given(data=st.data(), changes=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=8))
def test_damaged_bytes_never_break_the_reader(data: st.DataObject, changes: list[tuple[int, int]]) -> None:
    """Whatever the bytes say, records stay inside the file and the only exception is CaptureError."""
    raw = bytearray(pcap(data.draw(st.sampled_from("<>")), [Packet(T0, FRAME, 60)] * 6))
    for place, value in changes:
        raw[place % len(raw)] = value
    try:
        read = read_bytes(bytes(raw), block_bytes=64)
    except CaptureError:
        return
    assert sum(len(packet.data) for packet in read.packets) <= len(raw)
