"""Frames of routers and switches are known: they are counted by name, and are no walk that ended early."""

from pathlib import Path

import pytest

from tests.captures.situations import CAPTURES
from tests.tshark import tshark_fields
from vmpcap.report.document import Input
from vmpcap.report.input_words import is_odd, odd_words
from vmpcap.runs.control_frames import BY_PROTOCOL, LLC_NAME
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


def test_llc_that_carries_somebody_s_data_is_not_walked(tmp_path: Path) -> None:
    """NetBIOS and IPX of a guest are no spanning tree: what is in them stays unseen, and that is said."""
    from scapy.all import LLC, SNAP, STP, Dot3, wrpcap

    to_bridges, data = "01:80:c2:00:00:00", bytes(40)
    known = [
        Dot3(dst=to_bridges) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(),
        Dot3(dst="01:80:c2:00:00:14") / LLC(dsap=0xFE, ssap=0xFE, ctrl=3) / data,
        Dot3(dst="01:00:0c:cc:cc:cc") / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0x0C, code=0x2000) / data,
    ]
    others = [
        Dot3(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") / LLC(dsap=sap, ssap=sap, ctrl=3) / data
        for sap in (0xF0, 0xE0)
    ]
    wrpcap(str(tmp_path / "llc.pcap"), known + others)
    found = input_of(tmp_path / "llc.pcap")
    assert found.control == {LLC_NAME: len(known)}
    assert found.not_walked == {"llc": len(others)}
    assert is_odd(found)


@pytest.mark.parametrize(("link_type", "head"), [(113, 16), (276, 20)])
def test_where_no_address_is_captured_llc_tells_by_its_own_numbers(link_type: int, head: int, tmp_path: Path) -> None:
    """As `tcpdump -i any` captures: spanning tree, IS-IS, CDP, and NetBIOS."""
    from scapy.all import PcapWriter

    told = ("424203", "fefe03", "aaaa0300000c2000", "f0f003")
    cooked = bytearray(head)
    if link_type == 113:
        cooked[14:16] = b"\x00\x04"
    else:
        cooked[0:2] = b"\x00\x04"
    with PcapWriter(str(tmp_path / "any.pcap"), linktype=link_type) as file:
        file.write_header(None)
        for words in told:
            file.write_packet(bytes(cooked) + bytes.fromhex(words) + bytes(40), sec=1, usec=0)
    found = input_of(tmp_path / "any.pcap")
    assert found.control == {LLC_NAME: 3}
    assert found.not_walked == {"llc": 1}


@pytest.mark.parametrize("is_ipv6", [False, True])
def test_a_register_of_pim_carries_a_packet_and_is_not_walked(is_ipv6: bool, tmp_path: Path) -> None:
    """RFC 7761 4.9.3: the packet of a source is in it. Hellos to all routers and the answer carry nothing."""
    from scapy.all import IP, UDP, Ether, IPv6, Raw, wrpcap

    def of(target: str, kind: int, inside: bytes = b"") -> Ether:
        head = IPv6(src="2001:db8::1", dst=target, nh=103) if is_ipv6 else IP(src="10.0.0.1", dst=target, proto=103)
        link = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        return link / head / Raw(bytes((0x20 | kind, 0, 0, 0)) + inside)

    inside = bytes(4) + bytes(IP(src="10.9.0.1", dst="239.1.1.1") / UDP(sport=5000, dport=5000) / bytes(30))
    everybody, router = ("ff02::d", "2001:db8::9") if is_ipv6 else ("224.0.0.13", "10.0.0.9")
    frames = [of(everybody, 0, bytes(30)), of(router, 1, inside), of(router, 2, bytes(14)), of(router, 1, inside)]
    wrpcap(str(tmp_path / "pim.pcap"), frames)
    kinds = [row["pim.type"] for row in tshark_fields(tmp_path / "pim.pcap", ("pim.type",))]
    assert kinds == [["0"], ["1"], ["2"], ["1"]]
    found = input_of(tmp_path / "pim.pcap")
    assert found.control == {"PIM": 2}
    assert found.not_walked == {"unknown_ip_protocol": 2}
