"""Announcements of public captures: frame for frame what tshark says, or exactly the difference that is explained."""

import struct
from functools import cache
from typing import Any

import polars as pl
import pytest

from tests.oracle.public import NOT_PCAP, UNKNOWN_LINK_TYPES, captures, here, nanoseconds, oracle_of, request_of
from vmpcap.report.document import Input
from vmpcap.runs.pipeline import list_announcements
from vmpcap.terms.errors import CaptureError

Row = dict[str, Any]

LISTED = {
    *("rarp_announce", "rarp_request", "rarp_reply", "garp_request", "garp_reply", "arp_probe", "unsolicited_na"),
}
"""Kinds that the contract lists without being asked for all."""

NO_ADDRESSES: dict[str, dict[int, str]] = {
    "tcpdump__fuzz-rarp-reply.pcap": {1: "hardware type 65280 and addresses of no length: there is nobody in it"},
    "tcpdump__lt129-arcnet-rfc1051.pcap": dict.fromkeys((1, 2, 25, 26), "ARCnet: hardware addresses of one byte"),
    "tcpdump__lt242-ipoib.pcap": dict.fromkeys((6, 7, 25, 26), "InfiniBand: hardware addresses of 20 bytes"),
}
"""Frames that tshark calls ARP or RARP and in which no MAC is: they are counted as not walked to their end."""

INNERMOST: dict[str, dict[int, Row]] = {
    "zeek__pbb-arp-tcp.pcap": {
        2: {"eth_src": "00:1c:eb:af:52:05", "eth_dst": "ff:ff:ff:ff:ff:ff", "vlan_ids": []},
    },
}
"""
Where tshark has the addresses and tags of an outer Ethernet header only: those of the one around the announcement.

The frame's bytes are the witness: 802.1ah carries a whole Ethernet header behind its tag.
"""

BODY = ("frame", "ts", "opcode", "sender_mac", "sender_ip", "target_mac", "target_ip", "vlan_ids")


@cache
def announcements_of(name: str, every: bool) -> tuple[list[Row], list[Input]]:
    frame, inputs = list_announcements(request_of(name), every=every)
    return frame.with_columns(pl.col("ts").dt.epoch("ns")).to_dicts(), inputs


def arp_rows(name: str) -> list[Row]:
    """Our ARP and RARP bodies."""
    return [row for row in announcements_of(name, True)[0] if row["opcode"] is not None]


def expected_arp(name: str) -> list[Row]:
    """tshark's, in our words, but for those that hold no addresses."""
    rows = []
    for entry in oracle_of(name)["arp"]:
        if entry["packet"] in NO_ADDRESSES.get(name, {}):
            assert entry["sender_mac"] is entry["target_mac"] is None
            assert len(entry["raw_hw"]) == 2
            continue
        row = {column: entry[column] for column in BODY if column in entry}
        row |= {"frame": entry["packet"], "ts": nanoseconds(entry["time"])}
        if entry["eth_src"]:  # a cooked header is no Ethernet header to tshark
            row |= {"eth_src": entry["eth_src"][-1], "eth_dst": entry["eth_dst"][-1]}
        rows.append(row | INNERMOST.get(name, {}).get(entry["packet"], {}))
    return rows


BEYOND_TSHARK = {
    "tcpdump__lt281-brcm-tag.pcap": (14, 15, 16, 17, 22, 23),
    "tcpdump__lt284-dsa.pcap": (7, 8),
}
"""Captures whose link type tshark 4.0 does not know, and the frames whose bytes say ARP behind the switch's tag."""

WALKED = captures(UNKNOWN_LINK_TYPES | NOT_PCAP.keys() | BEYOND_TSHARK.keys())


@pytest.mark.parametrize("name", WALKED)
def test_arp_and_rarp_frame_for_frame(name: str) -> None:
    """Frame, time, opcode, addresses and tags of every body, in order, and nothing beside them."""
    ours = arp_rows(name)
    theirs = expected_arp(name)
    assert [{column: row[column] for column in BODY} for row in ours] == [
        {column: row[column] for column in BODY} for row in theirs
    ]
    for mine, row in zip(ours, theirs, strict=True):
        assert {column: mine[column] for column in row} == row


@pytest.mark.parametrize("name", WALKED)
def test_arp_kinds_are_those_that_wireshark_names(name: str) -> None:
    """Gratuitous, probe, announcement: by tshark's own marks."""
    marked = [entry for entry in oracle_of(name)["arp"] if entry["packet"] not in NO_ADDRESSES.get(name, {})]
    for row, entry in zip(arp_rows(name), marked, strict=True):
        assert row["kind"].startswith("garp_") == entry["gratuitous"], row
        assert (row["kind"] == "arp_probe") == entry["probe"], row
        assert not entry["announcement"] or row["kind"] == "garp_request", row
        assert row["kind"].startswith("rarp_") == (row["opcode"] in (3, 4)), row


@pytest.mark.parametrize("name", WALKED)
def test_neighbour_advertisements_frame_for_frame(name: str) -> None:
    """Frame, time, target, link-layer address, source, tags, and whether they were asked for."""
    ours = [row for row in announcements_of(name, True)[0] if row["kind"].endswith("_na")]
    theirs = [
        {"frame": entry["packet"], "ts": nanoseconds(entry["time"]), "target_ip": entry["target"]}
        | {"sender_mac": entry["lladdr"], "sender_ip": entry["src"], "vlan_ids": entry["vlan_ids"]}
        | {"kind": "solicited_na" if entry["solicited"] else "unsolicited_na"}
        for entry in oracle_of(name)["nd_na"]
    ]
    columns = ("frame", "ts", "target_ip", "sender_mac", "sender_ip", "vlan_ids", "kind")
    assert [{column: row[column] for column in columns} for row in ours] == theirs
    assert all(row["opcode"] is None for row in ours)


@pytest.mark.parametrize("name", WALKED)
def test_without_asking_for_all_the_announcements_remain(name: str) -> None:
    """The same rows, but for plain requests, replies and solicitations."""
    every = announcements_of(name, True)[0]
    assert announcements_of(name, False)[0] == [row for row in every if row["kind"] in LISTED]


@pytest.mark.parametrize("name", sorted(NO_ADDRESSES))
def test_bodies_without_a_mac_are_counted(name: str) -> None:
    """Nothing is dropped in silence."""
    (read,) = announcements_of(name, True)[1]
    assert sum(read.not_walked.values()) == len(NO_ADDRESSES[name])


@pytest.mark.parametrize("name", sorted(UNKNOWN_LINK_TYPES))
def test_link_types_that_are_not_walked_are_counted(name: str) -> None:
    """No announcement, and every frame under that reason."""
    rows, (read,) = announcements_of(name, True)
    assert rows == []
    assert read.not_walked == {"unknown_link_type": oracle_of(name)["packets"]}


@pytest.mark.parametrize("name", sorted(NOT_PCAP))
def test_what_is_no_capture_is_refused(name: str) -> None:
    """With an error, not with an empty table."""
    with pytest.raises(CaptureError):
        list_announcements(request_of(name))


def dotted(raw: bytes) -> str:
    return ".".join(map(str, raw))


@pytest.mark.parametrize("name", sorted(BEYOND_TSHARK))
def test_arp_behind_the_tag_of_a_switch(name: str) -> None:
    """Two MACs, four bytes of tag, 0806, 28 bytes of body: read here at their places in the file."""
    raw, at, expected, frame = here(name).read_bytes(), 24, [], 0
    while at < len(raw):
        seconds, micros, size, _ = struct.unpack_from("<IIII", raw, at)
        data, at, frame = raw[at + 16 : at + 16 + size], at + 16 + size, frame + 1
        if data[16:18] == b"\x08\x06":
            assert data[18:24] == bytes.fromhex("000108000604")
            row: Row = {"frame": frame, "ts": seconds * 10**9 + micros * 1000, "opcode": data[25], "vlan_ids": []}
            row |= {"sender_mac": data[26:32].hex(":"), "sender_ip": dotted(data[32:36])}
            row |= {"target_mac": data[36:42].hex(":"), "target_ip": dotted(data[42:46])}
            row |= {"eth_dst": data[:6].hex(":"), "eth_src": data[6:12].hex(":")}
            expected.append(row)
    assert tuple(row["frame"] for row in expected) == BEYOND_TSHARK[name]
    assert [{column: row[column] for column in (*BODY, "eth_dst", "eth_src")} for row in arp_rows(name)] == [
        {column: row[column] for column in (*BODY, "eth_dst", "eth_src")} for row in expected
    ]


def test_the_notifications_of_real_vmware_hosts() -> None:
    """145 RARPs that announce, sender and target alike, without addresses; 140 gratuitous ARPs (MANIFEST.csv)."""
    rows = announcements_of("wswiki__vmware-rarp-garp.pcap", False)[0]
    rarps = [row for row in rows if row["kind"] == "rarp_announce"]
    assert len(rarps) == 145
    assert {row["sender_mac"][:8] for row in rarps} == {"00:50:56", "00:0c:29"}
    assert all(row["sender_mac"] == row["target_mac"] == row["eth_src"] and row["broadcast"] for row in rarps)
    assert {(row["sender_ip"], row["target_ip"], row["opcode"]) for row in rarps} == {("0.0.0.0", "0.0.0.0", 3)}
    assert sum(row["kind"].startswith("garp_") for row in rows) == 140


def test_cisco_keepalives_are_no_rarp() -> None:
    """SLARP over HDLC has RARP's number (ORACLE-CAVEATS.csv): 24 frames that are none."""
    assert announcements_of("tcpdump__lt104-chdlc.pcap", True)[0] == []


def test_every_explanation_is_needed() -> None:
    """The inner Ethernet header is in the file, byte by byte, and not in tshark's words."""
    for name, frames in INNERMOST.items():
        theirs = {entry["packet"]: entry for entry in oracle_of(name)["arp"]}
        for frame, row in frames.items():
            header = bytes.fromhex((row["eth_dst"] + row["eth_src"]).replace(":", "")) + b"\x08\x06"
            assert header in here(name).read_bytes()
            assert row["eth_src"] not in theirs[frame]["eth_src"]
