"""Frame for frame what tshark says, on public captures and on real migrations (tests/captures: on our examples)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.decode.frames_of import options_of, row_of
from tests.decode.tshark_rows import Row, tshark_rows
from tests.tshark import needs_tshark
from vmpcap.decode.arrivals import ARP, NA, RARP, read_arrivals
from vmpcap.decode.steps import STEPS
from vmpcap.decode.walk import Walker
from vmpcap.decode.words import Space
from vmpcap.readers.sources import open_capture
from vmpcap.terms.addresses import ip_text, mac_text
from vmpcap.terms.wire import ETHERTYPE_ARP, ETHERTYPE_RARP

BESIDE = Path(__file__).resolve().parents[3] / "shared"
PUBLIC = BESIDE / "captures"
LAB = BESIDE / "lab"
FRAMES_OF_A_LAB_CAPTURE = 1500
LAB_CAPTURES = [
    ("s2", "src-uplink"),
    ("s2", "src-vmk"),
    ("s2", "client"),
    ("s8", "dst-uplink"),
    ("s8", "src-guestbr"),
    ("s13", "dst-switchport"),
]
COLUMNS = (
    *("src", "dst", "ip_ttl", "ip_id", "ip_tos", "src_port", "dst_port", "payload_bytes"),
    *("eth_src", "eth_dst"),
    *("tcp_seq", "tcp_ack", "tcp_flags", "tcp_window", "icmp_type", "icmp_code", "icmp_id", "icmp_seq"),
)

EXPLAINED: dict[str, str] = {
    # whole files
    "tcpdump__lt281-brcm-tag.pcap": "tshark 4.0 does not know the link type",
    "tcpdump__lt284-dsa.pcap": "tshark 4.0 does not know the link type",
    "suricata__absurd-caplen.pcap": "tshark makes a frame of the damage, and names protocols of a bogus header",
    "tcptrace__not-pcap-snoop.snoop": "not a pcap",
    "tcpdump499__fuzz-otv-2.pcap": "UDP 8472 is walked as VXLAN and OTV, tshark knows neither there",
    "tcpdump__bigtcp-vxlan.pcap": "tshark stops at UDP length 0; the segment inside is 80,000 bytes",
}
EXPLAINED_FRAMES: dict[str, dict[int, str]] = {
    "pcapplusplus__lisp-data-ipv6.pcap": {33: "an encapsulated LISP control message (port 4342), not data"},
}

pytestmark = needs_tshark


def our_rows(path: Path, most: int | None = None) -> Iterator[Row]:
    """Our rows, with the frame's ordinal."""
    walker = Walker(4096)
    with open_capture(str(path), batch_records=4096) as capture:
        for batch in capture.batches():
            frames = walker.walk(batch)
            for i in range(frames.stop.shape[0]):
                if most is not None and batch.first_frame + i > most:
                    return
                yield row_of(frames, i) | {"frame": batch.first_frame + i}


def differences(ours: Row, theirs: Row) -> list[tuple[str, object, object]]:
    """Where do the two rows differ? (column, tshark's value, ours)"""
    found = [
        (name, theirs[name], ours.get(name)) for name in COLUMNS if name in theirs and theirs[name] != ours.get(name)
    ]
    if ours["ip_fragment"]:  # tshark gives the length of the whole datagram, we that of the fragment
        found = [entry for entry in found if entry[0] != "payload_bytes"]
    tags = [tag for tag in (ours["vlan_outer_id"], ours["vlan_inner_id"]) if tag != -1]
    wanted = theirs["tags"]
    assert isinstance(wanted, list)
    if wanted[:2] != tags:
        found.append(("tags", wanted, tags))
    if theirs["is_arp"] != (ours["ethertype"] in (ETHERTYPE_ARP, ETHERTYPE_RARP)):
        found.append(("is_arp", theirs["is_arp"], ours["ethertype"]))
    if "src" not in theirs and "src" in ours:
        found.append(("src", None, ours["src"]))
    if "tcp_seq" in theirs:
        options = options_of(ours)
        stamps: Any = options.get("stamps")
        mine: Row = {
            "mss": [options["mss"]] if "mss" in options else [],
            "scale": [options["scale"]] if "scale" in options else [],
            "ts_value": [stamps[0]] if stamps else [],
            "ts_echo": [stamps[1]] if stamps else [],
            "sack_blocks": ours["tcp_sack_blocks"],
            "sack_permitted": options.get("sack_permitted", False),
        }
        found += [(name, theirs[name], value) for name, value in mine.items() if theirs[name] != value]
    return found


def compare(path: Path, explained: dict[int, str], most: int | None = None) -> int:
    """Assert that every frame agrees, but for those explained, which must differ. Gives the frames compared."""
    theirs = {row["frame"]: row for row in tshark_rows(path, *(() if most is None else ("-c", str(most))))}
    ours = {row["frame"]: row for row in our_rows(path, most)}
    assert ours.keys() == theirs.keys()
    unlike = {frame: found for frame, row in theirs.items() if (found := differences(ours[frame], row))}
    assert unlike.keys() == explained.keys(), {k: v for k, v in unlike.items() if k not in explained}
    return len(ours)


def _in_scope() -> list[Path]:
    return [
        path
        for path in sorted(PUBLIC.glob("*.*cap*")) + sorted(PUBLIC.glob("*.ntar"))
        if path.name not in EXPLAINED and (PUBLIC / "oracle" / f"{path.name}.json").exists()
    ]


def _link_types(path: Path) -> set[int]:
    with open_capture(str(path)) as capture:
        for _ in capture.batches():
            pass
        return {interface.link_type for interface in capture.interfaces}


WALKED_LINK_TYPES = {claim.key for step in STEPS for claim in step.entered_by if claim.space == Space.LINK_TYPE}


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public captures are not here")
@pytest.mark.parametrize("path", _in_scope(), ids=lambda path: path.name)
def test_public_captures_frame_for_frame(path: Path) -> None:
    """tshark's word on each frame, or the reason why it is not ours."""
    if not _link_types(path) <= WALKED_LINK_TYPES:
        assert {row["stop"] for row in our_rows(path)} == {"unknown_link_type"}
        return
    compare(path, EXPLAINED_FRAMES.get(path.name, {}))


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public captures are not here")
@pytest.mark.parametrize("name", sorted(EXPLAINED))
def test_explained_captures_do_differ(name: str) -> None:
    """An explanation that is not needed any more must go."""
    if name.endswith(".snoop"):
        return
    theirs = {row["frame"]: row for row in tshark_rows(PUBLIC / name)}
    ours = {row["frame"]: row for row in our_rows(PUBLIC / name)}
    assert ours.keys() != theirs.keys() or any(differences(ours[frame], row) for frame, row in theirs.items())


@pytest.mark.skipif(not LAB.is_dir(), reason="the lab is not here")
@pytest.mark.parametrize(("scenario", "point"), LAB_CAPTURES)
def test_real_migrations_frame_for_frame(scenario: str, point: str) -> None:
    """The first frames of real migrations: plain, before offload, stretched through VXLAN."""
    assert compare(LAB / scenario / f"{point}.pcap.zst", {}, most=FRAMES_OF_A_LAB_CAPTURE) > 500


def our_arrivals(path: Path) -> list[dict[str, object]]:
    """Every ARP, RARP and NA of a capture, in the words of the oracle."""
    walker = Walker(4096)
    rows: list[dict[str, object]] = []
    with open_capture(str(path), batch_records=4096) as capture:
        for batch in capture.batches():
            frames = walker.walk(batch)
            arrivals = read_arrivals(batch, frames)
            for i in range(arrivals.row.shape[0]):
                row = {"packet": batch.first_frame + int(arrivals.row[i]), "kind": int(arrivals.kind[i])}
                row["opcode"] = int(arrivals.opcode[i])
                row["sender_mac"] = mac_text(int(arrivals.sender_mac[i]))
                row["target_mac"] = mac_text(int(arrivals.target_mac[i]))
                row["sender_ip"] = ip_text(int(arrivals.sender_high[i]), int(arrivals.sender_low[i]))
                row["target_ip"] = ip_text(int(arrivals.target_high[i]), int(arrivals.target_low[i]))
                rows.append(row)
    return rows


def _with_arrivals() -> list[Path]:
    chosen = []
    for path in _in_scope():
        oracle = json.loads((PUBLIC / "oracle" / f"{path.name}.json").read_text())
        if oracle.get("arp") or oracle.get("nd_na"):
            chosen.append(path)
    return chosen


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public captures are not here")
@pytest.mark.parametrize("path", _with_arrivals(), ids=lambda path: path.name)
def test_arrivals_of_public_captures(path: Path) -> None:
    """ARP, RARP and neighbour advertisements as the oracle has them, one by one."""
    oracle = json.loads((PUBLIC / "oracle" / f"{path.name}.json").read_text())
    ours = our_arrivals(path)
    if not _link_types(path) <= WALKED_LINK_TYPES:
        assert ours == []
        return
    names = ("packet", "opcode", "sender_mac", "target_mac", "sender_ip", "target_ip")
    theirs = [entry for entry in oracle["arp"] if "raw_hw" not in entry]
    mine = [row for row in ours if row["kind"] in (ARP, RARP)]
    assert [{name: row[name] for name in names} for row in mine] == [
        {name: entry[name] for name in names} for entry in theirs
    ]
    nas = [(row["packet"], row["target_ip"]) for row in ours if row["kind"] == NA]
    assert nas == [(entry["packet"], entry["target"]) for entry in oracle["nd_na"]]
