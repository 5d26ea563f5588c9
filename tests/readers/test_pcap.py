"""Classic pcap: every variant, from literal bytes, whole, cut and damaged."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmpcap.readers.ledger import MAX_INTERFACES

from .tshark import frames_of, frames_of_tshark
from .writers import Packet, nokia, patched, pcap, pcap_header, pcap_record, read_bytes

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


@pytest.mark.parametrize("sign", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "more", "size"),
    [
        ("us", patched, 24),
        ("us", nokia, 20),
        ("modified", lambda sign: patched(sign, padding=5), 28),
    ],
)
@pytest.mark.parametrize("count", [2, 5])
def test_longer_record_headers_are_recognised_though_the_magic_promises_others(
    sign: str, kind: str, more: Callable[[str], bytes], size: int, count: int, tmp_path: Path
) -> None:
    """Red Hat 6.1, Nokia and SuSE 6.3 wrote them; tshark reads the same packets."""
    wanted = [Packet(T0 + i * 1000, FRAME, 60) for i in range(count)]
    data = pcap_header(sign, kind) + b"".join(pcap_record(sign, packet, kind, more=more(sign)) for packet in wanted)
    read = read_bytes(data)
    assert read.packets == wanted
    assert f"headers of {size} bytes" in read.defects["odd_header"].detail
    assert frames_of_tshark(data, tmp_path) == frames_of(read)


def test_a_damaged_file_is_not_taken_for_one_with_longer_record_headers() -> None:
    """Wireshark reads a bogus packet here, with Nokia's header: the second record claims 1.4 GB."""
    loopback = bytes(12) + bytes.fromhex("0800 4500")
    data = pcap_header("<") + pcap_record("<", Packet(T0, loopback, 60)) + b"\0\0\0\x54" * 4 + bytes(100)
    read = read_bytes(data)
    assert read.packets == [Packet(T0, loopback, 60)]
    assert [(row.kind, row.first_frame, row.offset) for row in read.defects.values()] == [
        ("damaged_record", 2, 24 + 16 + len(loopback))
    ]


@pytest.mark.parametrize("cut", range(1, 31))
def test_a_cut_file_is_not_taken_for_one_with_longer_record_headers(cut: int) -> None:
    """Frames of the loopback interface begin with zeroes, which would be sound fields of a patched header."""
    loopback = bytes(12) + bytes.fromhex("0800")
    data = pcap("<", [Packet(T0, loopback, 60), Packet(T0, loopback, 60)])
    read = read_bytes(data[:-cut])
    assert read.packets == [Packet(T0, loopback, 60)]
    assert list(read.defects) == (["cut_short"] if cut < 30 else [])


@pytest.mark.parametrize(("written", "link"), [(6, 1), (9, 6), (24, 0)])
def test_aix_writes_nanoseconds_and_interface_types(written: int, link: int, tmp_path: Path) -> None:
    """Version 2.2 with an ifType in place of a link type is AIX' tcpdump; tshark reads it so."""
    wanted = [Packet(T0 + 7, FRAME, 60, 0, link), Packet(T0 + 8, FRAME, 1500, 0, link)]
    records = b"".join(pcap_record(">", packet, "ns", swapped=True) for packet in wanted)
    data = pcap_header(">", version=(2, 2), link=written) + records
    read = read_bytes(data)
    assert read.packets == wanted
    assert (read.facts.variant, read.facts.time_resolution) == ("AIX 2.2", "nanoseconds")
    assert frames_of_tshark(data, tmp_path) == frames_of(read)


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


def test_meaningless_bits_beside_the_link_type_are_ignored_and_said() -> None:
    """The draft says to ignore them, Wireshark refuses the file, NetBSD once wrote 0x0224 there."""
    read = read_bytes(pcap_header("<", link=0x0224_0001) + pcap_record("<", Packet(T0, FRAME, 60)))
    assert read.packets == [Packet(T0, FRAME, 60)]
    assert (read.defects["odd_link_type"].offset, read.facts.truncated) == (20, False)


@pytest.mark.parametrize("version", [(2, 99), (3, 0), (1, 2)])
def test_unknown_version_is_read_and_said(version: tuple[int, int]) -> None:
    """A version beside 2.4 and the known old ones does not stop the reading."""
    read = read_bytes(pcap_header("<", version=version) + pcap_record("<", Packet(T0, FRAME, 60)))
    assert read.packets == [Packet(T0, FRAME, 60)]
    assert read.defects["odd_version"].detail == f"version {version[0]}.{version[1]}"


def test_version_543_of_dg_ux_is_an_old_one() -> None:
    """DG/UX' tcpdump writes 543.0, and the wire length first."""
    packet = Packet(T0, FRAME, 60)
    read = read_bytes(pcap_header(">", version=(543, 0)) + pcap_record(">", packet, swapped=True))
    assert (read.packets, read.defects) == ([packet], {})


def test_no_snapshot_length_is_no_limit() -> None:
    """Some writers leave the snapshot length 0."""
    read = read_bytes(pcap_header("<", snaplen=0) + pcap_record("<", Packet(T0, FRAME, 60)))
    assert (read.packets, read.defects) == ([Packet(T0, FRAME, 60)], {})


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


def test_appended_files_with_thousands_of_link_types_are_bounded() -> None:
    """Beyond the limit a header like an earlier one goes on, a new one ends the reading."""
    heads = b"".join(pcap_header("<", snaplen=number) for number in range(1, MAX_INTERFACES + 1))
    packet = pcap_record("<", Packet(T0, FRAME, 60))
    read = read_bytes(heads + packet + pcap_header("<", snaplen=7) + packet + pcap_header("<", snaplen=5000) + packet)
    assert [row.interface for row in read.packets] == [MAX_INTERFACES - 1, 6]
    assert (read.defects["damaged_record"].first_frame, read.facts.truncated) == (3, True)


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
