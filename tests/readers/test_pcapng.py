"""pcapng: sections, interfaces, clocks, every packet block, options; sound, odd and beside tshark."""

import random
import struct
from pathlib import Path

import pytest

from tests.twins.captures import read_pcapng
from vmpcap.readers.ledger import MAX_COMMENTS, MAX_INTERFACES, MAX_TEXT
from vmpcap.terms.errors import CaptureError

from .stories import pcapng_story, words_of_reader, words_of_twin
from .tshark import Frame, frames_of, frames_of_tshark
from .writers import (
    END,
    Packet,
    block,
    custom,
    enhanced,
    interface,
    obsolete,
    option,
    read_bytes,
    section,
    simple,
    statistics,
)

FRAME = bytes.fromhex("ffffffffffff 005056aa7710 8035")
T0 = 1_500_000_000 * 10**9
TICKS = T0 // 1000


def u64(sign: str, value: int) -> bytes:
    """An unsigned option value of 8 bytes."""
    return struct.pack(sign + "Q", value)


# What a capture is.


def test_little_endian_byte_by_byte() -> None:
    """A section, an Ethernet interface, a packet of 14 of 60 bytes with two bytes of padding."""
    read = read_bytes(
        bytes.fromhex(
            "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
            "01000000 14000000 0100 0000 60000000 14000000"
            "06000000 30000000 00000000 40540500 07be8c38 0e000000 3c000000"
            "ffffffffffff005056aa77108035 0000 30000000"
        )
    )
    ticks = 0x00055440_388CBE07
    assert read.packets == [Packet(ticks * 1000, FRAME, 60)]
    assert (read.frames, read.defects) == ([1], {})
    facts = read.facts
    assert (facts.format, facts.variant, facts.byte_order, facts.packing) == ("pcapng", "1.0", "little", "none")
    assert (facts.time_resolution, facts.link_types, facts.sections) == ("microseconds", (1,), 1)
    assert read.interfaces[0].snaplen == 96


def test_big_endian_byte_by_byte() -> None:
    """The same packet from a machine of the other kind, on raw IP."""
    read = read_bytes(
        bytes.fromhex(
            "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
            "00000001 00000014 0065 0000 00000000 00000014"
            "00000006 00000030 00000000 00055440 388cbe07 0000000e 0000003c"
            "ffffffffffff005056aa77108035 0000 00000030"
        )
    )
    assert read.packets == [Packet(0x00055440_388CBE07 * 1000, FRAME, 60, 0, 101)]
    assert (read.facts.byte_order, read.defects) == ("big", {})


@pytest.mark.parametrize(
    ("resolution", "ticks", "ns", "text"),
    [
        (0, 1_500_000_000, T0, "seconds"),
        (3, 1_500_000_000_007, T0 + 7_000_000, "milliseconds"),
        (6, 1_500_000_000_000_007, T0 + 7_000, "microseconds"),
        (7, 15_000_000_000_000_007, T0 + 700, "10^-7 s"),
        (9, T0 + 7, T0 + 7, "nanoseconds"),
        (12, 1_500_000_000_123_456_789, 1_500_000_000_123_456, "10^-12 s"),
        (0x80 | 0, 1_500_000_000, T0, "2^-0 s"),
        (0x80 | 10, 1_500_000_000 * 1024 + 1, T0 + 976_562, "2^-10 s"),
        (0x80 | 20, 1_500_000_000 * 2**20 + 3, T0 + 2_861, "2^-20 s"),
        (0x80 | 32, 1_500_000_000 * 2**32 + 2**31, T0 + 500_000_000, "2^-32 s"),
    ],
)
@pytest.mark.parametrize("sign", ["<", ">"])
def test_clocks_of_every_kind(sign: str, resolution: int, ticks: int, ns: int, text: str) -> None:
    """if_tsresol in powers of ten and of two; what is finer than a nanosecond is rounded down."""
    described = interface(sign, options=option(sign, 9, bytes([resolution])) + END)
    read = read_bytes(section(sign) + described + enhanced(sign, ticks, FRAME, 60))
    assert read.packets == [Packet(ns, FRAME, 60)]
    assert read.facts.time_resolution == text


@pytest.mark.parametrize(
    ("offset_s", "wanted"), [(3600, T0 + 3600 * 10**9), (-1_500_000_000, 0), (-1_500_000_001, -(10**9))]
)
def test_time_offsets_are_added(offset_s: int, wanted: int) -> None:
    """if_tsoffset moves every time of its interface by whole seconds, also before 1970."""
    described = interface("<", options=option("<", 14, struct.pack("<q", offset_s)) + END)
    read = read_bytes(section("<") + described + enhanced("<", TICKS, FRAME, 60))
    assert read.packets[0].ts_ns == wanted
    assert read.interfaces[0].tsoffset_s == offset_s


def test_interfaces_have_their_own_link_type_and_clock() -> None:
    """Packets of two interfaces lie among each other; the third says nothing."""
    data = (
        section("<")
        + interface("<", 1, 96, option("<", 9, b"\x09") + END)
        + interface("<", 113)
        + enhanced("<", TICKS, FRAME, 60, port=1)
        + interface("<", 276)
        + enhanced("<", T0 + 5, FRAME, 60, port=0)
        + enhanced("<", TICKS, FRAME, 60, port=1)
    )
    read = read_bytes(data)
    assert read.packets == [
        Packet(T0, FRAME, 60, 1, 113),
        Packet(T0 + 5, FRAME, 60, 0, 1),
        Packet(T0, FRAME, 60, 1, 113),
    ]
    assert [row.link_type for row in read.interfaces] == [1, 113, 276]
    assert (read.facts.link_types, read.facts.time_resolution) == ((1, 113), "mixed")


def test_sections_begin_anew_with_their_own_byte_order_and_interfaces() -> None:
    """Interface 0 of the second section is interface 2 of the capture; frames are numbered through."""
    first = section("<") + interface("<", 1) + interface("<", 101) + enhanced("<", TICKS, FRAME, 60, port=1)
    second = section(">") + interface(">", 113) + enhanced(">", TICKS + 1, FRAME, 61)
    read = read_bytes(first + second + first)
    assert [(p.wire, p.interface, p.link_type) for p in read.packets] == [(60, 1, 101), (61, 2, 113), (60, 4, 101)]
    assert [row.section for row in read.interfaces] == [0, 0, 1, 2, 2]
    assert (read.frames, read.facts.sections, read.facts.byte_order) == ([1, 2, 3], 3, "mixed")


def test_appended_files_are_read_through() -> None:
    """`cat a.pcapng b.pcapng` is a capture of two sections; the stated length of the first leads to the second."""
    body = interface("<") + enhanced("<", TICKS, FRAME, 60)
    one = section("<", length=len(body)) + body
    read = read_bytes(one + one)
    assert (len(read.packets), read.defects) == (2, {})


# Packet blocks.


def test_simple_packets_have_no_time_and_the_first_interface() -> None:
    """Their captured length is the snapshot length or the wire length, the lesser."""
    data = (
        section(">")
        + interface(">", 1, snaplen=10)
        + interface(">", 113)
        + simple(">", FRAME[:10], 60)
        + simple(">", FRAME[:9], 9)
    )
    read = read_bytes(data)
    assert read.packets == [Packet(None, FRAME[:10], 60), Packet(None, FRAME[:9], 9)]
    assert (read.defects["untimed"].count, read.defects["untimed"].first_frame) == (2, 1)
    assert (read.facts.first_ts_ns, read.facts.latest_ts_ns) == (None, None)


def test_obsolete_packets_are_read_with_their_drops() -> None:
    """The drop count says what was lost in front; 65535 says nothing."""
    data = (
        section("<")
        + interface("<")
        + interface("<", 113)
        + obsolete("<", TICKS, FRAME, 60, port=1, drops=3)
        + obsolete("<", TICKS, FRAME, 60, drops=0xFFFF)
        + obsolete("<", TICKS, FRAME, 60, port=1, drops=2)
    )
    read = read_bytes(data)
    assert [(p.ts_ns, p.interface, p.link_type) for p in read.packets] == [(T0, 1, 113), (T0, 0, 1), (T0, 1, 113)]
    assert [(row.interface, row.between_packets, row.dropped) for row in read.drops] == [(1, 5, None)]
    dropped = read.defects["dropped"]
    assert (dropped.count, dropped.first_frame, dropped.detail) == (5, 1, "largest 3")


def test_the_drop_counts_of_packets_and_of_the_interface_stand_side_by_side() -> None:
    """epb_dropcount says where packets were lost, isb_ifdrop how many in all; the last statistics hold."""
    lost = option("<", 4, u64("<", 4)) + END
    counts = option("<", 4, u64("<", 900)) + option("<", 5, u64("<", 17)) + option("<", 7, u64("<", 2)) + END
    more = option("<", 5, u64("<", 20)) + option("<", 6, u64("<", 850)) + option("<", 8, u64("<", 800)) + END
    data = (
        section("<")
        + interface("<")
        + enhanced("<", TICKS, FRAME, 60)
        + enhanced("<", TICKS, FRAME, 60, options=lost)
        + statistics("<", 0, counts)
        + statistics("<", 0, more)
    )
    read = read_bytes(data)
    (said,) = read.drops
    assert (said.received, said.dropped, said.os_dropped) == (900, 20, 2)
    assert (said.filter_accepted, said.delivered, said.between_packets) == (850, 800, 4)
    assert (read.defects["dropped"].count, read.defects["dropped"].first_frame) == (4, 2)


def test_losses_that_only_the_statistics_state_are_a_defect_too() -> None:
    """dumpcap writes isb_ifdrop at the end: nobody knows where in the capture the packets are missing."""
    counts = option(">", 5, u64(">", 17)) + option(">", 7, u64(">", 2)) + END
    read = read_bytes(section(">") + interface(">") + statistics(">", 0, counts))
    assert (read.defects["dropped"].count, read.defects["dropped"].first_frame) == (19, None)


def test_statistics_that_say_nothing_of_losses_are_not_zero() -> None:
    """An absent counter is unknown."""
    read = read_bytes(section("<") + interface("<") + statistics("<", 0, option("<", 4, u64("<", 5)) + END))
    assert (read.drops[0].received, read.drops[0].dropped, read.defects) == (5, None, {})


def test_packets_received_with_an_error_are_counted() -> None:
    """The top byte of epb_flags holds the errors of the link; CRC error is bit 24, symbol error bit 31."""
    flags = [option("<", 2, struct.pack("<I", value)) + END for value in (1, 1 << 24, 1 << 31)]
    read = read_bytes(
        section("<") + interface("<") + b"".join(enhanced("<", TICKS, FRAME, 60, options=row) for row in flags)
    )
    assert (read.defects["link_error"].count, read.defects["link_error"].first_frame) == (2, 2)


# What a capture says of itself.


@pytest.mark.parametrize("sign", ["<", ">"])
def test_names_comments_and_filters_are_kept(sign: str) -> None:
    """Texts of the section, the interface and the packet, each where it belongs."""
    about = b"".join(
        option(sign, code, text)
        for code, text in ((1, b"why"), (2, b"Xeon"), (3, b"ESXi"), (4, b"pktcap-uw"), (2988, b"\0\0\0\1custom"))
    )
    described = b"".join(
        option(sign, code, value)
        for code, value in (
            (1, b"the uplink"),
            (2, b"vmnic0\0"),
            (3, b"Uplink of rack 4"),
            (8, u64(sign, 10**10)),
            (9, b"\x09"),
            (11, b"\0port 8000"),
            (12, b"Linux"),
            (13, b"\x04"),
            (15, b"ixgbe"),
        )
    )
    data = (
        section(sign, about + END)
        + interface(sign, options=described + END)
        + enhanced(sign, T0, FRAME, 60, options=option(sign, 1, "Fenêtre".encode()) + option(sign, 1, b"two") + END)
    )
    read = read_bytes(data)
    assert read.comments == [(0, "why"), (0, "the uplink"), (1, "Fenêtre"), (1, "two")]
    assert (read.facts.hardware, read.facts.os, read.facts.application) == ("Xeon", "ESXi", "pktcap-uw")
    port = read.interfaces[0]
    assert (port.name, port.description, port.filter) == ("vmnic0", "Uplink of rack 4", "port 8000")
    assert (port.os, port.hardware, port.speed_bps, port.fcs_bytes) == ("Linux", "ixgbe", 10**10, 4)
    assert read.defects == {}


def test_a_filter_program_is_named_not_shown() -> None:
    """if_filter with code 1 holds BPF instructions."""
    read = read_bytes(section("<") + interface("<", options=option("<", 11, b"\1" + bytes(16)) + END))
    assert read.interfaces[0].filter == "a filter program of 16 bytes"


def test_text_that_is_no_text_is_kept_with_replacements_and_cut() -> None:
    """Not UTF-8, and longer than anyone reads."""
    texts = option("<", 1, b"\xff" * 3 + b"x" * 5000) + END
    read = read_bytes(section("<") + interface("<") + enhanced("<", TICKS, FRAME, 60, options=texts))
    (said,) = read.comments
    assert said[1] == "\N{REPLACEMENT CHARACTER}" * 3 + "x" * (MAX_TEXT - 3)


@pytest.mark.parametrize(("batch_records", "block_bytes"), [(1, 200), (7, 5000), (10_000, 1 << 20)])
def test_the_first_thousand_comments_are_kept_however_batches_are_cut(batch_records: int, block_bytes: int) -> None:
    """More of them are counted only."""
    packets = [
        enhanced("<", TICKS, b"", 60, options=option("<", 1, b"%d" % i) + option("<", 1, b"again") + END)
        for i in range(MAX_COMMENTS)
    ]
    read = read_bytes(
        section("<") + interface("<") + b"".join(packets), batch_records=batch_records, block_bytes=block_bytes
    )
    assert read.comments == [(i // 2 + 1, "again" if i % 2 else str(i // 2)) for i in range(MAX_COMMENTS)]


# Blocks that are no packets.


@pytest.mark.parametrize("sign", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "body", "numbered"),
    [
        (0x0000_0BAD, b"\0\0\x7e\xd9data", True),
        (0x4000_0BAD, b"\0\0\x7e\xd9data", True),
        (9, b"__REALTIME_TIMESTAMP=1500000000000000\nMESSAGE=hello\n\n", True),
        (0x204, bytes(64), True),
        (0x216, bytes(64), True),
        (0x221, bytes(64), True),
        (0x201, bytes(64), False),
        (0x208, bytes(64), False),
        (4, bytes(4), False),
        (7, bytes(4), False),
        (8, bytes(4), False),
        (0x101, bytes(8), False),
        (0x0000_F00D, b"", False),
        (0x8000_0001, bytes(8), False),
    ],
)
def test_frames_behind_other_blocks_have_wiresharks_numbers(
    sign: str, kind: int, body: bytes, numbered: bool, tmp_path: Path
) -> None:
    """Custom, journal and Sysdig blocks take a number, the others none; either way the next packet is found."""
    packet = enhanced(sign, TICKS, FRAME, 60)
    odd = block(sign, kind, body)
    data = section(sign) + interface(sign) + odd + packet + odd + odd + packet + packet
    read = read_bytes(data)
    assert read.frames == ([2, 5, 6] if numbered else [1, 2, 3])
    assert read.facts.packets == 3
    told = [row for row in frames_of_tshark(data, tmp_path) if row.captured == len(FRAME) and row.ts_ns == T0]
    assert frames_of(read) == told


def test_defects_behind_other_blocks_have_wiresharks_numbers() -> None:
    """The frame of a defect is the one that Wireshark shows, also where the batch was cut for it."""
    packet = enhanced("<", TICKS, FRAME, 60)
    data = section("<") + interface("<") + custom("<") + packet + custom("<") + enhanced("<", TICKS - 1, b"", 60)
    read = read_bytes(data + packet[:9])
    assert read.frames == [2, 4]
    places = {row.kind: row.first_frame for row in read.defects.values()}
    assert places == {"time_backwards": 4, "no_bytes": 4, "skipped_block": 1, "cut_short": 5}
    assert read.defects["skipped_block"].count == 2


def test_blocks_inside_a_block_are_not_read() -> None:
    """An unknown block that holds a section, an interface and a packet is skipped as one."""
    packet = enhanced("<", TICKS, FRAME, 60)
    nested = block("<", 0xF00D, section(">") + interface(">", 113) + packet)
    inside = enhanced("<", TICKS, packet, len(packet))
    read = read_bytes(section("<") + interface("<") + nested + inside + packet)
    assert read.packets == [Packet(T0, packet, len(packet)), Packet(T0, FRAME, 60)]
    assert len(read.interfaces) == 1


# What is odd, and what cannot be.


def test_packets_of_an_interface_that_was_never_described() -> None:
    """They are kept without link type and time; what was described stays what it was."""
    data = (
        section("<")
        + simple("<", FRAME, 14)
        + interface("<")
        + enhanced("<", TICKS, FRAME, 60, port=7)
        + obsolete("<", TICKS, FRAME, 60, port=1)
        + enhanced("<", TICKS, FRAME, 60)
    )
    read = read_bytes(data)
    assert [(p.ts_ns, p.link_type) for p in read.packets] == [(None, -1), (None, -1), (None, -1), (T0, 1)]
    assert len({p.interface for p in read.packets[:3]}) == 1
    strange = read.defects["unknown_interface"]
    assert (strange.count, strange.first_frame, strange.detail) == (3, 1, "largest 7")
    assert read.facts.time_resolution == "microseconds"


@pytest.mark.parametrize("sign", ["<", ">"])
@pytest.mark.parametrize("padding", [b"", b"\0\0"])
def test_a_length_that_is_no_multiple_of_four_is_taken_as_it_leads_on(sign: str, padding: bytes) -> None:
    """Some writers count without the padding, some leave it out; the second length tells which."""
    body = struct.pack(sign + "IIIII", 0, 0, 5, len(FRAME), 60) + FRAME
    total = 12 + len(body)
    odd = struct.pack(sign + "II", 6, total) + body + padding + struct.pack(sign + "I", total)
    read = read_bytes(section(sign) + interface(sign) + odd + enhanced(sign, TICKS, FRAME, 60))
    assert [p.data for p in read.packets] == [FRAME, FRAME]
    assert (read.defects["unaligned_block"].count, read.defects["unaligned_block"].first_frame) == (1, 1)


def test_an_unaligned_block_of_an_unknown_interface_is_counted_once() -> None:
    """The stand-in for the interface is made in the middle of the block."""
    body = struct.pack("<IIIII", 0, 0, 5, len(FRAME), 60) + FRAME
    odd = struct.pack("<II", 6, 46) + body + b"\0\0" + struct.pack("<I", 46)
    read = read_bytes(section("<") + odd)
    assert {kind: row.count for kind, row in read.defects.items()} == {
        "unaligned_block": 1,
        "unknown_interface": 1,
        "untimed": 1,
    }


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (struct.pack("<III", 6, 8, 8), "claims 8 bytes, 12 to 16777216 can be"),
        (struct.pack("<III", 6, 0, 0), "claims 0 bytes"),
        (struct.pack("<III", 6, 0xFFFF_FFFF, 0), "claims 4294967295 bytes"),
        (struct.pack("<III", 6, (16 << 20) + 4, 0), "claims 16777220 bytes"),
        (block("<", 6, bytes(8)), "claims 20 bytes, too few for its own fields"),
        (block("<", 2, bytes(16)), "claims 28 bytes, too few"),
        (block("<", 3, b""), "claims 12 bytes, too few"),
        (struct.pack("<IIII", 77, 16, 0, 20), "claims 16 bytes at its start and 20 at its end"),
    ],
)
def test_lengths_that_lie_end_the_reading_there(bad: bytes, why: str) -> None:
    """What stands in front is read; the defect says frame, offset and why."""
    good = section("<") + interface("<") + enhanced("<", TICKS, FRAME, 60)
    read = read_bytes(good + bad + enhanced("<", TICKS, FRAME, 60) * 3)
    assert read.packets == [Packet(T0, FRAME, 60)]
    damage = read.defects["damaged_record"]
    assert (damage.first_frame, damage.offset, read.facts.truncated) == (2, len(good), True)
    assert why in damage.detail


@pytest.mark.parametrize("claimed", [15, 17, 4000, 2**31, 2**32 - 1])
@pytest.mark.parametrize("write", [enhanced, obsolete])
def test_more_bytes_claimed_than_the_block_holds_are_cut_to_the_block(claimed: int, write: object) -> None:
    """A packet never reaches past its block, and the next one is found."""
    whole = bytearray(write("<", TICKS, FRAME, 60))  # type: ignore[operator]
    struct.pack_into("<I", whole, 20, claimed)
    read = read_bytes(section("<") + interface("<") + bytes(whole) + enhanced("<", TICKS, FRAME, 61))
    assert [p.data for p in read.packets] == [(FRAME + b"\0\0")[:claimed], FRAME]
    assert ("captured_over_block" in read.defects) == (claimed > 16)


def test_a_simple_packet_that_claims_more_than_its_block_is_cut_to_it() -> None:
    """tshark stops there; the packet is kept with what is there, and counted."""
    read = read_bytes(section("<") + interface("<") + simple("<", FRAME, 2**32 - 1) + simple("<", FRAME, 14))
    assert [(len(p.data), p.wire) for p in read.packets] == [(16, 2**31 - 1), (14, 14)]
    assert (read.defects["captured_over_block"].count, read.defects["wire_length_clipped"].count) == (1, 1)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (struct.pack("<IIIHHq", 0x0A0D0D0A, 28, 0x12345678, 1, 0, -1), "byte-order magic 78 56 34 12"),
        (struct.pack("<IIIHHq", 0x0A0D0D0A, 24, 0x1A2B3C4D, 1, 0, -1), "claims 24 bytes"),
        (struct.pack("<IIIHHq", 0x0A0D0D0A, 30, 0x1A2B3C4D, 1, 0, -1), "claims 30 bytes"),
        (struct.pack("<IIIHHq", 0x0A0D0D0A, 2**32 - 4, 0x1A2B3C4D, 1, 0, -1), "claims 4294967292 bytes"),
        (struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 32), "28 bytes at its start and 32 at its end"),
        (struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 2, 0, -1, 28), "version 2.0"),
    ],
)
def test_a_section_header_that_makes_no_sense(head: bytes, why: str) -> None:
    """At the start the file is refused; further on what stands in front is read."""
    with pytest.raises(CaptureError, match=why):
        read_bytes(head + bytes(100))
    good = section(">") + interface(">") + enhanced(">", TICKS, FRAME, 60)
    read = read_bytes(good + head + bytes(100))
    assert read.packets == [Packet(T0, FRAME, 60)]
    damage = read.defects["damaged_section"]
    assert (damage.first_frame, damage.offset) == (2, len(good))
    assert why in damage.detail


@pytest.mark.parametrize("length", [0, 4, 2**62, -2, -(2**63)])
def test_a_section_length_that_does_not_lead_to_its_end_is_said(length: int) -> None:
    """It is never used to find anything."""
    body = interface("<") + enhanced("<", TICKS, FRAME, 60)
    read = read_bytes(section("<", length=length) + body + section("<") + body)
    assert len(read.packets) == 2
    assert (read.defects["section_length"].count, read.defects["section_length"].offset) == (1, 28 + len(body))


def test_options_without_an_end_mark_are_read_to_the_end() -> None:
    """Many writers leave the end mark out."""
    said = option("<", 1, b"hello")
    data = section("<", said) + interface("<", options=said) + enhanced("<", TICKS, FRAME, 60, options=said)
    read = read_bytes(data)
    assert (read.comments, read.defects) == ([(0, "hello"), (0, "hello"), (1, "hello")], {})


@pytest.mark.parametrize("size", [5, 6, 8, 12, 65535])
def test_an_option_that_reaches_past_its_block_is_not_read(size: int) -> None:
    """By one byte or by many; nor is what stands behind it. The packet is."""
    bad = option("<", 1, b"hello") + struct.pack("<HH", 1, size) + b"abcd"
    data = section("<", bad) + interface("<", options=bad) + enhanced("<", TICKS, FRAME, 60, options=bad)
    read = read_bytes(data + enhanced("<", TICKS, FRAME, 60))
    assert read.comments == [(0, "hello"), (0, "hello"), (1, "hello")]
    assert len(read.packets) == 2
    assert (read.defects["damaged_option"].count, read.defects["damaged_interface"].count) == (2, 1)


def test_an_interface_that_is_not_described_fully_keeps_its_number() -> None:
    """Its packets have no link type; those of the next interface are not taken for its."""
    short = block("<", 1, b"\1\0\0\0")
    packets = enhanced("<", TICKS, FRAME, 60, port=0) + enhanced("<", TICKS, FRAME, 61, port=1)
    read = read_bytes(section("<") + short + interface("<", 113) + packets)
    assert [(p.wire, p.ts_ns, p.link_type) for p in read.packets] == [(60, None, -1), (61, T0, 113)]
    assert read.defects["damaged_interface"].detail == "a description of 16 bytes"


@pytest.mark.parametrize("code", [2, 4])
def test_flags_and_drop_counts_that_reach_past_their_block_are_not_read(code: int) -> None:
    """Nothing behind the block is taken for them."""
    bad = struct.pack("<HH", code, 4 if code == 2 else 8)
    packet = enhanced("<", TICKS, FRAME, 60, options=bad)
    read = read_bytes(section("<") + interface("<") + packet + enhanced("<", TICKS, FRAME, 60))
    assert {kind: row.count for kind, row in read.defects.items()} == {"damaged_option": 1}


def test_defects_of_blocks_between_packets_are_at_the_frame_that_follows() -> None:
    """An interface and statistics that cannot be read, behind packets of the same batch."""
    packet = enhanced("<", TICKS, FRAME, 60)
    data = section("<") + interface("<") + packet * 3 + block("<", 1, b"abcd") + packet + statistics("<", 9, END)
    read = read_bytes(data + packet)
    found = {kind: (row.first_frame, row.offset) for kind, row in read.defects.items()}
    at = 28 + 20 + 3 * len(packet)
    assert found == {"damaged_interface": (4, at), "damaged_option": (5, at + 16 + len(packet))}


def test_options_without_end_are_bounded() -> None:
    """A block of a hundred thousand empty options costs no more than one of thousands."""
    storm = struct.pack("<HH", 2, 0) * 100_000
    read = read_bytes(section("<") + interface("<", options=storm) + enhanced("<", TICKS, FRAME, 60, options=storm))
    assert len(read.packets) == 1
    assert read.defects["damaged_interface"].detail == "more than 4096 options in one block"


@pytest.mark.parametrize("offset_s", [2**63 - 1, -(2**63), 10**10])
def test_a_time_offset_that_no_clock_has_leaves_packets_untimed(offset_s: int) -> None:
    """Better no time than a wrong one."""
    described = interface("<", options=option("<", 14, struct.pack("<q", offset_s)) + END)
    read = read_bytes(section("<") + described + enhanced("<", TICKS, FRAME, 60))
    assert read.packets[0].ts_ns is None
    assert read.defects["damaged_interface"].detail == f"a time offset of {offset_s} s"


def test_times_beyond_what_a_column_holds_are_clipped_and_counted() -> None:
    """2^64 - 1 microseconds are the year 586524; the last time there is stands for it."""
    read = read_bytes(section("<") + interface("<") + enhanced("<", 2**64 - 1, FRAME, 60))
    assert read.packets[0].ts_ns == 2**63 - 1
    assert read.defects["time_out_of_range"].count == 1


def test_interfaces_beyond_the_limit_keep_the_numbers_of_the_others_right() -> None:
    """One like an earlier one is taken for it; a new one has no link type, and those behind it keep their numbers."""
    described = [section("<") + interface("<", 1, snaplen=number) for number in range(1, MAX_INTERFACES + 1)]
    last = (
        section("<")
        + interface("<", 113, snaplen=1)  # new: no room
        + interface("<", 1, snaplen=5)  # like the one of section 5
        + enhanced("<", TICKS, FRAME[:1], 60, port=0)
        + enhanced("<", TICKS, FRAME[:1], 61, port=1)
    )
    read = read_bytes(b"".join(described) + last)
    assert [(p.wire, p.ts_ns, p.link_type) for p in read.packets] == [(60, None, -1), (61, T0, 1)]
    assert read.packets[1].interface == 4
    assert (read.defects["too_many_interfaces"].count, len(read.interfaces)) == (1, MAX_INTERFACES + 1)


def test_more_interfaces_in_one_section_than_the_limit() -> None:
    """A packet of the last of them is one of an unknown interface."""
    data = (
        section("<") + interface("<") * (MAX_INTERFACES + 2) + enhanced("<", TICKS, FRAME, 60, port=MAX_INTERFACES + 1)
    )
    read = read_bytes(data)
    assert [(p.ts_ns, p.link_type) for p in read.packets] == [(None, -1)]
    assert read.defects["too_many_interfaces"].count == 2


def test_statistics_of_an_unknown_interface_are_left_out() -> None:
    """They are not added to any other."""
    read = read_bytes(section("<") + interface("<") + statistics("<", 3, option("<", 5, u64("<", 7)) + END))
    assert (read.drops, read.defects["damaged_option"].count) == ([], 1)


# Beside the twin and beside tshark.


@pytest.mark.parametrize("seed", range(150))
def test_the_reader_says_what_its_twin_says_however_it_is_cut(seed: int) -> None:
    """Packets, frame numbers, comments and drops depend neither on the block nor on the batch."""
    rng = random.Random(seed)
    data = b"".join(pcapng_story(rng))
    wanted = words_of_twin(read_pcapng(data))
    for _ in range(3):
        read = read_bytes(data, block_bytes=rng.randint(1, 900), batch_records=rng.randint(1, 12))
        assert words_of_reader(read) == wanted


@pytest.mark.parametrize("seed", range(8))
def test_tshark_sees_the_same_frames(seed: int, tmp_path: Path) -> None:
    """Numbers, times, lengths; ticks finer than 10^-10 s are left out, for tshark 4.0 overflows there."""
    story = pcapng_story(random.Random(seed), blocks=120, stranger=False, resolutions=(6, 9, 3, 0, 7, 0x94, 0x8A, 0x80))
    data = b"".join(story)
    assert frames_of(read_bytes(data)) == frames_of_tshark(data, tmp_path)


def test_tshark_has_no_exact_time_for_ticks_finer_than_it_multiplies(tmp_path: Path) -> None:
    """10^-12 s: 7 s and 250 ms are 7.25 s by the draft; tshark 4.0 overflows 64 bits and shows another fraction."""
    described = interface("<", options=option("<", 9, b"\x0c") + END)
    data = section("<") + described + enhanced("<", 7_250_000_000_000, FRAME, 60)
    assert frames_of(read_bytes(data)) == [Frame(1, 7_250_000_000, 60, 14)]
    (told,) = frames_of_tshark(data, tmp_path)
    assert told.ts_ns is not None
    assert told.ts_ns // 10**9 == 7
    assert told.ts_ns != 7_250_000_000
