"""Frames of routers and switches are known: they are counted by name, and are no walk that ended early."""

from pathlib import Path

import pytest

from tests.captures.situations import CAPTURES
from tests.tshark import tshark_fields
from vmpcap.report.document import Input
from vmpcap.report.words import is_odd, odd_words
from vmpcap.runs.control_frames import BY_PROTOCOL
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

REAL = CAPTURES / "mechanisms"
OF = {"IGMP": "igmp", "EIGRP": "eigrp", "OSPF": "ospf", "PIM": "pim", "VRRP": "vrrp"}
FILES = (REAL / "ospf_stale" / "core-to-A.pcap.zst", REAL / "vrrp_leak" / "gwB-lan.pcap.zst")


def input_of(path: Path) -> Input:
    """What the report says of this file."""
    points = (PointFiles("here", None, (str(path),)),)
    return analyse(Request(points, load_profile("vsphere4"))).report.inputs[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_protocols_that_are_known_do_not_alarm(path: Path) -> None:
    """As many as tshark finds, and nothing is odd."""
    found = input_of(path)
    assert found.control
    assert not found.not_walked
    assert not any("walked" in words for words in odd_words(found))
    for name, word in OF.items():
        assert found.control.get(name, 0) == len(tshark_fields(path, ("frame.number",), ("-Y", f"{word} && !icmp")))


def test_a_protocol_that_nobody_knows_is_still_counted_as_not_walked(tmp_path: Path) -> None:
    """253 is for experiments (RFC 3692)."""
    from scapy.all import IP, Ether, wrpcap

    frames = [Ether() / IP(src="10.0.0.1", dst="10.0.0.2", proto=proto) / bytes(20) for proto in (253, 89, 253)]
    wrpcap(str(tmp_path / "odd.pcap"), frames)
    found = input_of(tmp_path / "odd.pcap")
    assert found.not_walked == {"unknown_ip_protocol": 2}
    assert found.control == {BY_PROTOCOL[89]: 1}
    assert is_odd(found)
