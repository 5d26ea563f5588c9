"""Numbers that are missing: a mirror that lost packets proves no absence, a tunnel that did is told of."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from scapy.contrib.erspan import ERSPAN_II
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, GRE, Ether
from scapy.packet import Packet as Packed
from scapy.packet import Raw

from tests.readers.writers import Packet
from tests.runs.made import migration, request, write
from vmpcap.decode.steps import STEPS
from vmpcap.decode.words import Role
from vmpcap.report.document import Report
from vmpcap.runs.left_out import NUMBERED_BY
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles

OUTER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.0.0.1", dst="10.0.0.2")
RARP = b"\x80\x35"


def mirrored(packets: Sequence[Packet], numbers: Sequence[int]) -> list[Packet]:
    """These packets as a remote mirror sends them, numbered."""
    sent = []
    for packet, number in zip(packets, numbers, strict=True):
        wrap = OUTER / GRE(proto=0x88BE, seqnum_present=1, sequence_number=number % 2**32) / ERSPAN_II(session_id=5)
        data = bytes(wrap / Raw(packet.data))
        sent.append(packet._replace(data=data, wire=len(data)))
    return sent


def report_of(tmp_path: Path, packets: Sequence[Packet]) -> Report:
    path = write(tmp_path / "mirror.pcap", list(packets))
    return analyse(request(PointFiles("gateway", "gateway", (path,)))).report


def outcomes(report: Report) -> dict[str, tuple[str, str]]:
    (migration,) = report.migrations
    return {check.id: (check.outcome, check.because) for check in migration.checks}


def test_a_mirror_that_lost_nothing_is_as_good_as_the_wire(tmp_path: Path) -> None:
    """The same verdicts as without the mirror."""
    packets = migration()
    plain, through = (
        report_of(tmp_path, one) for one in (packets, mirrored(packets, range(2**32 - 500, 2**32 - 500 + len(packets))))
    )
    assert outcomes(through)["capture_quality"][0] == "pass"
    assert {k: v[0] for k, v in outcomes(through).items()} == {k: v[0] for k, v in outcomes(plain).items()}
    assert not [note for note in through.notes if "missing" in note]


@pytest.mark.parametrize("lost", [False, True], ids=["never sent", "lost by the mirror"])
def test_an_announcement_that_the_mirror_may_have_lost_is_not_observable(lost: bool, tmp_path: Path) -> None:
    """No RARP in the capture: absent only where no number is missing, and others' ARP and LLDP came through."""
    first = migration()[0]
    asked = bytes(Ether(src="02:00:00:00:00:20", dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="10.0.0.1", pdst="10.0.0.99"))
    lldp = bytes.fromhex("0180c200000e 020000000001 88cc") + bytes(46)
    packets = [*(first._replace(data=frame, wire=len(frame)) for frame in (asked, lldp)), *migration()]
    numbers = list(range(len(packets)))
    kept = [n for n, packet in enumerate(packets) if packet.data[12:14] != RARP]
    assert len(packets) - len(kept) == 5
    chosen = mirrored([packets[n] for n in kept], [numbers[n] for n in kept] if lost else range(len(kept)))
    report = report_of(tmp_path, chosen)
    found = outcomes(report)
    if lost:
        assert found["capture_quality"] == (
            "fail",
            "gateway: 5 mirrored packets missing (ERSPAN sequence numbers)",
        )
        assert found["announcement_reached_destination"][0] == "undecided"
        (guest,) = report.migrations[0].guests
        point = guest.announcements.by_point["gateway"]
        assert point.reached == "not_observable"
        assert "5 mirrored packets missing" in point.because
    else:
        assert found["capture_quality"][0] == "pass"
        assert found["announcement_reached_destination"][0] == "fail"


def esp_through_nat(number: int) -> Packed:
    """RFC 3948 2.1."""
    return OUTER / UDP(sport=4500, dport=4500) / Raw(struct.pack(">II", 0x107, number) + bytes(64))


def gre(number: int) -> Packed:
    """RFC 2890 2."""
    return OUTER / GRE(seqnum_present=1, sequence_number=number) / IP() / UDP()


def routed_gre(number: int) -> Packed:
    """RFC 1701: checksum and offset, number, an empty entry."""
    outer = OUTER.copy()
    outer[IP].proto = 47
    return outer / Raw(struct.pack(">HHIII", 0x5000, 0x0800, 0, number, 0)) / IP() / UDP()


def pptp(number: int) -> Packed:
    """RFC 2637 4.1: a call with a protocol of one byte in it."""
    outer, inside = OUTER.copy(), b"\x21" + bytes(IP() / UDP())
    outer[IP].proto = 47
    return outer / Raw(struct.pack(">HHHHI", 0x3001, 0x880B, len(inside), 7, number) + inside)


@pytest.mark.parametrize(
    ("tunnel", "name"), [(esp_through_nat, "ESP"), (gre, "GRE"), (routed_gre, "GRE"), (pptp, "PPTP")]
)
def test_a_tunnel_that_lost_packets_is_told_of_and_blames_no_capture(
    tunnel: Callable[[int], Packed], name: str, tmp_path: Path
) -> None:
    """Seven numbers missing, beside a migration that is seen in full."""
    packets = migration()
    wan = []
    for n, number in enumerate([*range(1, 20), *range(27, 40)]):
        data = bytes(tunnel(number))
        wan.append(Packet((packets[0].ts_ns or 0) + n * 1_000_000, data, len(data)))
    both = sorted([*packets, *wan], key=lambda packet: packet.ts_ns or 0)
    report = report_of(tmp_path, both)
    assert [note for note in report.notes if "missing" in note] == [
        f"gateway: 7 packets of a tunnel missing ({name} sequence numbers): lost in it before this point, or sent where"
        " this point does not see them"
    ]
    assert outcomes(report)["capture_quality"][0] == "pass"


def test_every_header_that_numbers_packets_has_a_name_for_who_does() -> None:
    """A gap of a row that is left out here would be counted and never told of."""
    numbering = {
        step.name
        for step in STEPS
        if any(keep is not None and keep.role is Role.SEQUENCE for keep in (step.keeps, step.also_keeps))
    }
    assert set(NUMBERED_BY) == numbering
