"""Which broadcast domain: one MAC in two of them is two guests, while labels and sessions keep nothing apart."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import GRE, Dot1AD, Dot1AH, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet as Layer
from scapy.packet import Raw

from tests.readers.writers import Packet, pcap
from vmpcap.runs.pipeline import list_announcements, list_flows
from vmpcap.runs.point import Wanted, read_point
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.views import as_views
from vmpcap.verdicts.profile import load_profile

GUEST, PEER = "00:50:56:9a:12:34", "02:00:00:00:00:aa"
RARP = bytes.fromhex("ffffffffffff0050569a12348035 00010800060400030050569a1234000000000050569a123400000000")
OUTER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
WAN = OUTER / IP(src="10.0.0.1", dst="10.0.0.2")

Wrap = Callable[[int, bytes], Layer]


def _tagged(outer: int, inner: int, frame: bytes) -> Layer:
    kind = int.from_bytes(frame[12:14], "big")
    macs = {"dst": frame[:6], "src": frame[6:12]}
    return Ether(**macs) / Dot1AD(vlan=outer) / Dot1Q(vlan=inner, type=kind) / Raw(frame[14:])


WRAPS: dict[str, Wrap] = {
    "vlan": lambda number, frame: Ether(frame[:12] + b"\x81\x00" + number.to_bytes(2, "big") + frame[12:]),
    "outer vlan": lambda number, frame: _tagged(number, 9, frame),
    "inner vlan": lambda number, frame: _tagged(9, number, frame),
    "fence": lambda number, frame: OUTER / Raw(bytes([0, number]) + bytes(8) + frame),
    "vxlan": lambda number, frame: WAN / UDP(sport=7, dport=4789) / VXLAN(vni=number, flags=8) / Raw(frame),
    "geneve": lambda number, frame: WAN / UDP(sport=7, dport=6081) / GENEVE(vni=number, proto=0x6558) / Raw(frame),
    "pbb": lambda number, frame: OUTER / Dot1AH(isid=number) / Raw(frame),
    "nvgre": lambda number, frame: WAN / GRE(proto=0x6558, key_present=1, key=number << 8) / Raw(frame),
    "otv overlay": lambda number, frame: WAN / UDP(sport=7, dport=8472)
    / Raw(b"\x08" + number.to_bytes(3, "big") + bytes.fromhex("00000900") + frame),
    "otv instance": lambda number, frame: WAN / UDP(sport=7, dport=8472)
    / Raw(bytes.fromhex("08000005") + number.to_bytes(3, "big") + b"\0" + frame),
}  # fmt: skip
SAMES: dict[str, Wrap] = {
    "labels": lambda number, frame: OUTER / MPLS(label=1000 + number, s=1) / Raw(frame),
    "stacks of labels": lambda number, frame: OUTER
    / MPLS(label=number, s=0)
    / MPLS(label=16 + number, s=1)
    / Raw(frame),
    "sessions": lambda number, frame: OUTER / IP(src="10.0.0.1", dst="10.0.0.2", proto=115)
    / Raw(number.to_bytes(4, "big") + bytes(4) + frame),
    "mirrors": lambda number, frame: WAN / GRE(proto=0x88BE, seqnum_present=1, sequence_number=number)
    / Raw(bytes([0x10, 0, 0, number]) + bytes(4) + frame),
}  # fmt: skip


def talk() -> list[bytes]:
    """A connection's opening and 30 bytes each way."""
    there = IP(src="192.168.1.50", dst="192.168.1.1") / TCP(sport=40000, dport=80)
    back = IP(src="192.168.1.1", dst="192.168.1.50") / TCP(sport=80, dport=40000)
    steps = [
        (there, {"flags": "S", "seq": 1}, b""),
        (back, {"flags": "SA", "seq": 1, "ack": 2}, b""),
        (there, {"flags": "PA", "seq": 2, "ack": 2}, b"x" * 30),
        (back, {"flags": "PA", "seq": 2, "ack": 32}, b"y" * 30),
    ]
    frames = []
    for ends, fields, payload in steps:
        macs = {"src": GUEST, "dst": PEER} if ends is there else {"src": PEER, "dst": GUEST}
        segment = ends.copy()
        for name, value in fields.items():
            setattr(segment[TCP], name, value)
        frames.append(bytes(Ether(**macs) / segment / Raw(payload)))
    return frames


def written(path: Path, frames: list[Layer]) -> Request:
    """These frames a millisecond apart, as a capture to ask about."""
    raws = [bytes(frame) for frame in frames]
    path.write_bytes(pcap("<", [Packet(1_000_000_000 + n * 1_000_000, raw, len(raw)) for n, raw in enumerate(raws)]))
    return Request(points=(PointFiles("here", None, (str(path),)),), profile=load_profile("vsphere4"))


def wrapped_fence(layer: Layer) -> Layer:
    """A fence has an ethertype of its own, which scapy does not know."""
    layer.type = 0x88DE
    return layer


def wrapped(name: str, number: int, frame: bytes) -> Layer:
    layer = (WRAPS | SAMES)[name](number, frame)
    return wrapped_fence(layer) if name == "fence" else layer


@pytest.mark.parametrize("name", WRAPS)
def test_two_guests_of_one_mac_and_one_address_are_two(name: str, tmp_path: Path) -> None:
    """The same connection in two domains is two flows, each with both its directions and none of it resent."""
    frames = [wrapped(name, number, frame) for frame in talk() for number in (3, 4)]
    flows, _ = list_flows(written(tmp_path / "c.pcap", frames))
    assert flows.select("a_packets", "b_packets", "a_resent_segments", "b_resent_segments").rows() == [(2, 2, 0, 0)] * 2
    if "vlan" in name:
        assert [set(ids) - {9} for ids in flows["vlan"]] == [{3}, {4}]
    else:
        assert sorted(flows["vni"]) == ([9, 9] if name == "otv overlay" else [3, 4])


@pytest.mark.parametrize("name", WRAPS)
def test_their_announcements_are_two_series(name: str, tmp_path: Path) -> None:
    """One RARP in each domain: two events, whatever the MAC."""
    request = written(tmp_path / "c.pcap", [wrapped(name, number, RARP) for number in (3, 4)])
    table, _ = list_announcements(request)
    assert table["eth_src"].to_list() == [GUEST] * 2
    if name != "otv overlay":  # the table shows its instance
        assert table.select("vlan_ids", "vni").n_unique() == 2
    (view,) = as_views([read_point(request.points[0], request, Wanted())])
    assert [series.count for series in view.series] == [1, 1]


@pytest.mark.parametrize("name", SAMES)
def test_the_two_directions_of_a_connection_are_one_flow_under_any_ids(name: str, tmp_path: Path) -> None:
    """Each end chooses its own label and session, and a mirror has one for each direction."""
    opening, answer, sent, received = talk()
    frames = [wrapped(name, number, frame) for number, frame in ((3, opening), (4, answer), (3, sent), (4, received))]
    flows, _ = list_flows(written(tmp_path / "c.pcap", frames))
    assert flows.select("a_packets", "b_packets", "a_payload_bytes", "b_payload_bytes").rows() == [(2, 2, 30, 30)]
    assert flows["vlan"].to_list() == [[]]
