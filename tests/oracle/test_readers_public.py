"""Public captures that nobody here made: counts, bytes, times and numbers beside tshark's, rows beside the twin's."""

import bz2
import csv
import gzip
import json
import lzma
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.readers.stories import words_of_reader, words_of_twin
from tests.readers.tshark import frames_of, rows_of_tshark
from tests.readers.writers import Read, read_all
from tests.tshark import nanoseconds
from tests.twins.captures import read_pcap, read_pcapng
from vmpcap.readers.sources import open_capture
from vmpcap.terms.errors import CaptureError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "captures"
SNOOP = "tcptrace__not-pcap-snoop.snoop"
LAST = 2**63 - 1


class Differs(NamedTuple):
    """Where tshark 4.0.17 and we differ: what is right, and why."""

    because: str
    right: dict[str, Any]


DIFFERENT = {
    "suricata__absurd-caplen.pcap": Differs(
        "we are right: the second record claims 1.4 GB, so the file is damaged there. tshark guesses that it has "
        "Nokia's record headers and adds a bogus packet (DISAGREEMENTS.csv)",
        {
            "packets": 1,
            "last_frame_number": 1,
            "wire_bytes": 188,
            "captured_bytes": 188,
            "snapped_packets": 0,
            "time_goes_back": 0,
            "last_time": 1508525002992213000,
            "min_time": 1508525002992213000,
        },
    ),
    "tcpdump__lt281-brcm-tag.pcap": Differs(
        "tshark 4.0.17 does not know the link type and reads nothing; tcpdump counts 23 packets (ORACLE-CAVEATS.csv)",
        {"packets": 23, "last_frame_number": 23, "truncated": False},
    ),
    "tcpdump__lt284-dsa.pcap": Differs(
        "tshark 4.0.17 does not know the link type and reads nothing; tcpdump counts 8 packets (ORACLE-CAVEATS.csv)",
        {"packets": 8, "last_frame_number": 8, "truncated": False},
    ),
    "tcpdump__invalid-us-fraction.pcap": Differs(
        "nobody is right: the third packet says 1418145370 s and 2147483648 us. We add the two and count a defect; "
        "tshark multiplies in 32 bits and shows 0 ns",
        {
            "last_time": 1418145370 * 10**9 + 2147483648 * 1000,
            "max_time": 1418145370 * 10**9 + 2147483648 * 1000,
            "time_goes_back": 0,
        },
    ),
    "tcpdump__lt123-sunatm.pcap": Differs(
        "tshark takes the 4 bytes of SunATM's own header from both lengths, we hand on the record as it is; "
        "and 1159821166 us overflow its 32 bits of nanoseconds",
        {
            "wire_bytes": 65618 + 4,
            "captured_bytes": 60 + 4,
            **dict.fromkeys(
                ("first_time", "last_time", "min_time", "max_time"), 1544488577 * 10**9 + 1159821166 * 1000
            ),
        },
    ),
    "pcapplusplus__pcapng-two-if-us-ns.pcapng": Differs(
        "the second interface says nanoseconds and counts something else: the times are of the year 586524. "
        "A column ends in 2262; we clip and count each",
        {"last_time": LAST, "max_time": LAST},
    ),
    "zeek__vntag-vlan-ns.pcap": Differs(
        "the oracle compared times as floats, which cannot tell 120 ns apart: its last time is later than its latest",
        {"max_time": 1342606813729857070},
    ),
    "opencis__tcp8000-qemu-chatter.pcap": Differs(
        "the oracle compared times as floats: frame 1461 is stamped 1 ns before frame 1460, which tshark prints so",
        {"time_goes_back": 1},
    ),
    "gopacket__pcapng-suite_le-test018.pcapng": Differs(
        "no difference in numbers: frame 8 is a custom block, the last packet is frame 7 (ORACLE-CAVEATS.csv)",
        {"last_frame_number": 7},
    ),
}


def names() -> list[Any]:
    """The captures with an oracle, or one test that says why there is none."""
    found = sorted(path.name.removesuffix(".json") for path in (SHARED / "oracle").glob("*.json"))
    return found or [pytest.param("", marks=pytest.mark.skip(reason="the public captures are not beside the checkout"))]


CAPTURES = [name for name in names() if name != SNOOP]
everywhere = pytest.mark.parametrize("name", CAPTURES)
needs_captures = pytest.mark.skipif(not SHARED.is_dir(), reason="the public captures are not beside the checkout")


@lru_cache(maxsize=4)
def read(name: str) -> Read:
    """Our reading, once for the tests that follow each other."""
    return read_all(SHARED / name)


def oracle(name: str) -> dict[str, Any]:
    """What tshark and capinfos said."""
    told: dict[str, Any] = json.loads((SHARED / "oracle" / f"{name}.json").read_text())
    return told


@everywhere
def test_counts_bytes_times_and_numbers_are_tsharks(name: str) -> None:
    """Every figure that the oracle has of the records; each difference is in the table above with its reason."""
    told, ours = oracle(name), read(name)
    facts = ours.facts
    packets = ours.packets
    back = ours.defects.get("time_backwards")
    found = {
        "packets": facts.packets,
        "last_frame_number": ours.frames[-1] if ours.frames else 0,
        "untimed_packets": sum(packet.ts_ns is None for packet in packets),
        "wire_bytes": facts.wire_bytes,
        "captured_bytes": facts.captured_bytes,
        "snapped_packets": sum(len(packet.data) < packet.wire for packet in packets),
        "time_goes_back": back.count if back else 0,
        "first_time": facts.first_ts_ns,
        "last_time": facts.last_ts_ns,
        "min_time": facts.earliest_ts_ns,
        "max_time": facts.latest_ts_ns,
        "truncated": facts.truncated,
    }
    wanted = {key: nanoseconds(told[key] or "") if key.endswith("_time") else told.get(key) for key in found}
    wanted["truncated"] = told["tshark"]["exit_status"] != 0
    right = DIFFERENT.get(name, Differs("", {})).right
    if right.get("truncated") is False:  # tshark read nothing: only the count is known from elsewhere
        found = {key: found[key] for key in right}
        wanted = {key: wanted[key] for key in right}
    assert all(wanted[key] != value for key, value in right.items()), "no longer a difference"
    assert found == wanted | right


@everywhere
def test_packets_are_on_the_interfaces_that_tshark_says(name: str) -> None:
    """How many packets each has: a classic pcap has one, and tshark counts those of pcapng anew in each section."""
    told = oracle(name)["interfaces"]
    if told is None:
        assert {packet.interface for packet in read(name).packets} <= {0}
        return
    sections = [port.section for port in read(name).interfaces]
    counts = Counter(packet.interface - sections.index(sections[packet.interface]) for packet in read(name).packets)
    assert {str(number): count for number, count in counts.items()} == told


@needs_captures
def test_formats_are_those_of_the_manifest() -> None:
    """Byte order, resolution, version, sections, interfaces and link types, as the collector's own parser read them."""
    checked = 0
    with (SHARED / "MANIFEST.csv").open() as file:
        for row in csv.DictReader(file):
            words = row["format"].removeprefix("gz of ").split()
            if row["file"] == SNOOP or words == ["other"]:
                continue
            with open_capture(SHARED / row["file"]) as capture:
                list(capture.batches())
                facts, interfaces = capture.facts, capture.interfaces
            assert facts.format == words[0], row["file"]
            assert facts.byte_order == {"LE": "little", "BE": "big"}[words[1]], row["file"]
            if words[0] == "pcap":
                assert facts.time_resolution == {"us": "microseconds", "ns": "nanoseconds"}[words[2]], row["file"]
                version = next((word[1:] for word in words if word[0] == "v"), "2.4")
                assert facts.variant == ("modified " if "modified" in words else "") + version, row["file"]
            else:
                assert (str(facts.sections), str(len(interfaces))) == (words[3], words[5]), row["file"]
            types = {int(number) for number in row["linktypes"].replace("/", " ").replace(";", " ").split()}
            assert {port.link_type for port in interfaces} == types, row["file"]
            checked += 1
    assert checked > 80


@everywhere
def test_every_row_is_the_twins(name: str) -> None:
    """Frame number, time, bytes, length, interface and link type of each packet; comments, drops and the stop."""
    data = (SHARED / name).read_bytes()
    for magic, unpack in ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ", lzma.decompress)):
        if data.startswith(magic):
            data = unpack(data)
    ours = read(name)
    if ours.facts.format == "pcapng":
        told = read_pcapng(data)
    else:
        version = ours.facts.variant.split()[-1]
        told = read_pcap(data, 8 if "modified" in ours.facts.variant else 0, wire_first=version < "2.3")
    assert words_of_reader(ours) == words_of_twin(told)


@pytest.mark.parametrize(
    "name",
    [
        "brimcap__pcapng-extra-byte.pcapng",
        "gopacket__pcapng-suite_be-test101.pcapng",
        "gopacket__pcapng-suite_le-test008.pcapng",
        "gopacket__pcapng-suite_le-test018.pcapng",
        "libtrace__gz-sll.pcap.gz",
        "pcapparser__pcap-modified.pcap",
        "pcapplusplus__pcap-be-ns_tcp8000.pcap",
        "suricata__pcap-be-oldversion.pcap",
        "wswiki__vmware-rarp-garp.pcap",
    ],
)
@needs_captures
def test_tshark_has_the_same_frames_one_by_one(name: str) -> None:
    """One of each kind, asked again: number, time and both lengths of every frame."""
    assert frames_of(read(name)) == rows_of_tshark(SHARED / name)


@needs_captures
def test_numbered_blocks_between_packets_are_jumped_over() -> None:
    """ORACLE-CAVEATS.csv: the four packets of this capture are tshark's frames 2, 3, 5 and 7."""
    assert read("gopacket__pcapng-suite_le-test018.pcapng").frames == [2, 3, 5, 7]


@needs_captures
def test_a_capture_of_another_format_is_named() -> None:
    """tshark reads snoop; a pcap reader says what it is and what to do."""
    with pytest.raises(CaptureError, match=r"Solaris snoop capture.*editcap -F pcapng"):
        read_all(SHARED / SNOOP)


@needs_captures
def test_the_table_of_differences_names_captures_that_are_there() -> None:
    """A renamed capture would silently lose its exception."""
    assert set(DIFFERENT) <= set(CAPTURES)
