"""Every row of a scan beside tshark's word on the same frame: on public captures, and on a real migration."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import vmpcap
from tests.cli.calls import CAPTURES
from tests.decode.test_against_tshark import EXPLAINED, EXPLAINED_FRAMES, WALKED_LINK_TYPES
from tests.decode.tshark_rows import tshark_rows
from tests.tshark import needs_tshark
from vmpcap.reference.parts import nanoseconds
from vmpcap.reference.tshark import Question
from vmpcap.terms.errors import CaptureWarning

PUBLIC = Path(__file__).resolve().parents[3] / "shared" / "captures"
UPLINK = CAPTURES / "routed_stretched" / "src-uplink.pcap.zst"
LAN = CAPTURES / "routed_stretched" / "gw-lan.pcap.zst"
FRAMES_OF_THE_UPLINK = 20_000

pytestmark = needs_tshark

FIELDS = (
    "frame.number", "frame.time_epoch", "frame.cap_len", "frame.len", "ip.frag_offset", "ip.flags.mf",
    "ipv6.fraghdr.offset", "arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.hw_mac",
    "arp.dst.proto_ipv4", "tcp.options.sack_le", "tcp.options.sack_re", "vxlan.vni",
)  # fmt: skip

ODD_TIMES = {
    "tcpdump__invalid-us-fraction.pcap": "fractions of more than a second, added as they stand; tshark's 32 bits wrap",
    "tcpdump__lt123-sunatm.pcap": "the same",
}
"""Captures with times that differ from tshark's, and why they may."""
PSEUDO_HEADERS = {"tcpdump__lt123-sunatm.pcap": 4}
"""Bytes in front of each frame that are in the file, and that tshark does not count."""


def asked(path: Path, *arguments: str) -> Iterator[dict[str, list[str]]]:
    """The fields of every frame, each with all its values; sequence numbers as they are, nothing put together."""
    yield from Question(str(path), FIELDS, arguments=arguments, whole=False).answer()


def ours_of(path: Path, most: int | None) -> dict[int, dict[str, Any]]:
    """The rows of a scan by frame number, times as whole nanoseconds."""
    lazy = vmpcap.scan(path) if most is None else vmpcap.scan(path).head(most)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CaptureWarning)
        frame = lazy.collect(engine="streaming")
    return {row["frame"]: row for row in frame.cast({"ts": pl.Int64}).iter_rows(named=True)}


IN_TSHARKS_WORDS = {"src": "ip_src", "dst": "ip_dst"}
SAME_NAME = (
    *("eth_src", "eth_dst", "ip_ttl", "ip_id", "ip_tos", "src_port", "dst_port", "payload_bytes", "tcp_seq"),
    *("tcp_ack", "tcp_flags", "tcp_window", "icmp_type", "icmp_code", "icmp_id", "icmp_seq"),
)
OPTIONS = {
    "mss": "tcp_mss", "scale": "tcp_window_scale", "ts_value": "tcp_ts_value", "ts_echo": "tcp_ts_echo"
}  # fmt: skip


def unlike(ours: dict[str, Any], theirs: dict[str, Any]) -> list[tuple[str, object, object]]:
    """Where do a row and tshark's word on its headers differ? (column, tshark's value, ours)"""
    found = []
    for word, column in (*IN_TSHARKS_WORDS.items(), *((name, name) for name in SAME_NAME)):
        if word in theirs and theirs[word] != ours[column]:
            found.append((column, theirs[word], ours[column]))
    if theirs["tags"][:2] != ours["vlan_ids"]:
        found.append(("vlan_ids", theirs["tags"], ours["vlan_ids"]))
    if "src" not in theirs and ours["ip_src"] is not None:
        found.append(("ip_src", None, ours["ip_src"]))
    if "tcp_seq" in theirs:
        for word, column in OPTIONS.items():
            mine = [] if ours[column] is None else [ours[column]]
            if theirs[word] != mine:
                found.append((column, theirs[word], mine))
        if theirs["sack_permitted"] != bool(ours["tcp_sack_permitted"]):
            found.append(("tcp_sack_permitted", theirs["sack_permitted"], ours["tcp_sack_permitted"]))
    return found


def is_in_parts(fields: dict[str, list[str]]) -> bool:
    """Is this a part of a packet? Those are put together here, and were not in what was asked."""
    offsets = [int(text, 0) for name in ("ip.frag_offset", "ipv6.fraghdr.offset") for text in fields[name]]
    return (
        any(offsets)
        or any(flag in ("1", "True") for flag in fields["ip.flags.mf"])
        or bool(fields["ipv6.fraghdr.offset"])
    )


def compare(path: Path, explained: dict[int, str], most: int | None = None) -> int:
    """Assert that every row agrees, but for frames that are explained. Gives how many were compared."""
    limit = () if most is None else ("-c", str(most))
    ours = ours_of(path, most)
    fields = {int(found["frame.number"][0]): found for found in asked(path, *limit)}
    assert ours.keys() == fields.keys()
    is_late = False
    for frame, found in fields.items():
        row = ours[frame]
        lengths = [int(found[name][0]) for name in ("frame.cap_len", "frame.len")]
        assert [row[name] - PSEUDO_HEADERS.get(path.name, 0) for name in ("captured_bytes", "wire_bytes")] == lengths
        is_late |= row["ts"] is not None and row["ts"] != nanoseconds(found["frame.time_epoch"][0])
    assert is_late == (path.name in ODD_TIMES)
    headers = {int(str(row["frame"])): row for row in tshark_rows(path, *limit)}
    differing = {
        frame: found
        for frame, row in headers.items()
        if not is_in_parts(fields[frame]) and (found := unlike(ours[frame], row))
    }
    assert differing.keys() == explained.keys(), {k: v for k, v in differing.items() if k not in explained}
    return len(ours)


def in_scope() -> list[Path]:
    """Captures with an oracle that tshark and we understand alike."""
    found = [*sorted(PUBLIC.glob("*.*cap*")), *sorted(PUBLIC.glob("*.ntar"))]
    return [p for p in found if p.name not in EXPLAINED and (PUBLIC / "oracle" / f"{p.name}.json").exists()]


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public captures are not beside this checkout")
@pytest.mark.parametrize("path", in_scope(), ids=lambda path: path.name)
def test_public_captures_row_for_row(path: Path) -> None:
    """Numbers, times, lengths, addresses, ports, tags, TCP's fields and options."""
    ours = ours_of(path, None).values()
    if not {row["link_type"] for row in ours} <= WALKED_LINK_TYPES:
        assert {row["stop"] for row in ours} == {"unknown_link_type"}
        return
    compare(path, EXPLAINED_FRAMES.get(path.name, {}))


@pytest.mark.parametrize("path", [UPLINK, LAN], ids=["uplink", "lan"])
def test_a_real_migration_row_for_row(path: Path) -> None:
    """From before the stream to its end, and all that was seen in the guest's domain."""
    assert compare(path, {}, most=FRAMES_OF_THE_UPLINK) > 1_000


@pytest.mark.parametrize("path", [UPLINK, LAN], ids=["uplink", "lan"])
def test_holes_and_announcements_of_a_real_migration(path: Path) -> None:
    """Edges of SACK blocks as they are on the wire; bodies of ARP and RARP."""
    ours = ours_of(path, None)
    told = 0
    for found in asked(path):
        row = ours[int(found["frame.number"][0])]
        edges = zip(found["tcp.options.sack_le"], found["tcp.options.sack_re"], strict=True)
        assert (row["tcp_sack"] or []) == [int(edge) for pair in edges for edge in pair]
        body = [row[f"arp_{name}"] for name in ("op", "sender_mac", "sender_ip", "target_mac", "target_ip")]
        wanted = [
            found[f"arp.{name}"] for name in ("opcode", "src.hw_mac", "src.proto_ipv4", "dst.hw_mac", "dst.proto_ipv4")
        ]
        if wanted[0]:
            assert body == [int(wanted[0][0]), *(value[0] for value in wanted[1:])]
        else:
            assert body == [None] * 5
        told += bool(row["tcp_sack"]) + bool(wanted[0])
    assert told > 0


def test_ids_of_overlays_of_a_real_migration() -> None:
    """The VNI of every frame that tshark finds in VXLAN, also in the path."""
    (path,) = sorted((CAPTURES / "vxlan_stretched").glob("src-uplink.pcap*"))
    inside = 0
    ours = ours_of(path, None)
    for found in asked(path):
        row = ours[int(found["frame.number"][0])]
        wanted = [int(text) for text in found["vxlan.vni"]]
        assert ([] if row["vni"] is None else [row["vni"]]) == wanted
        assert [f"vxlan:{vni}" for vni in wanted] == [s for s in row["encapsulation"].split("/") if "vxlan" in s]
        inside += bool(wanted)
    assert inside > 0
