"""Packets in parts at a capture point: each counts once, at the frame that completes it."""

from pathlib import Path

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from tests.decode.parts import Part, cut_at
from tests.readers.writers import Packet, pcap
from vmpcap.runs.pipeline import analyse, list_flows
from vmpcap.runs.point import Wanted, read_point
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

OUTER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
WAN = OUTER / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=55555, dport=4789) / VXLAN(vni=5001, flags=8)
GUEST = Ether(src="00:50:56:9a:12:34", dst="02:00:00:00:00:aa") / IP(src="192.168.1.50", dst="192.168.1.1")


def request_for(tmp_path: Path, frames: list[bytes]) -> Request:
    """These frames, a second apart, as one point."""
    path = tmp_path / "parts.pcap"
    path.write_bytes(pcap("<", [Packet((n + 1) * 10**9, frame, len(frame)) for n, frame in enumerate(frames)]))
    return Request(points=(PointFiles("here", None, (str(path),)),), profile=load_profile("vsphere4"))


def tunnelled(seq: int, size: int, number: int) -> list[Part]:
    """A guest's segment through VXLAN, in two parts."""
    segment = GUEST / TCP(sport=40000, dport=80, seq=seq, flags="PA") / Raw(bytes([seq & 0xFF]) * size)
    return cut_at(bytes(WAN / segment), number, [800])


def test_a_segment_in_a_tunnel_in_parts_counts_once_and_whole(tmp_path: Path) -> None:
    """At the time of its last part, with all its bytes; one whose second part is missing does not count."""
    first, second, third = (tunnelled(seq, 1000, seq) for seq in (1, 1001, 2001))
    frames = [part.frame for part in (*first, *second[::-1], third[0])]
    request = request_for(tmp_path, frames)
    flows, inputs = list_flows(request)
    assert flows.select("a_ip", "a_port", "vni", "a_packets", "a_payload_bytes", "a_retransmissions").rows() == [
        ("192.168.1.50", 40000, 5001, 2, 2000, 0)
    ]
    assert [moment.second for moment in flows.select("first_ts", "last_ts").row(0)] == [2, 4]
    assert inputs[0].not_walked == {"first_fragment": 2, "later_fragment": 1}
    notes = analyse(request).report.notes
    assert [note for note in notes if "parts" in note] == [
        "here: 1 packet in parts never complete in the capture; what is in them is not counted"
    ]


def test_a_ping_in_parts_is_one_frame_of_the_journal(tmp_path: Path) -> None:
    """Its first part is no answer of type 0, and its second no packet of its own."""
    ping = bytes(GUEST / ICMP(type=8, id=77, seq=5) / Raw(bytes(2000)))
    frames = [part.frame for part in cut_at(ping, 9, [1480])]
    request = request_for(tmp_path, frames)
    journal = read_point(request.points[0], request, Wanted()).journal.columns()
    whole = [(int(kind), int(number)) for kind, number in zip(journal.icmp_type, journal.icmp_seq, strict=True)]
    assert whole == [(8, 5)]
    assert journal.frame.tolist() == [2]
