"""Real migrations seen from one place only, from the middle, cut, converted, tagged: right, or honestly undecided."""

import struct
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.captures.situations import CAPTURES, facts_of, within
from tests.readers.writers import Packet, pcap, read_all
from vmpcap.report.document import Migration, Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

SITUATIONS = ("clean", "routed_stretched", "cancelled", "multifd")
"""On one switch, over a router, given up, and on five connections. What is true of each a person decided."""

each = pytest.mark.parametrize("situation", SITUATIONS)


def report_on(path: Path, role: str | None = None) -> Report:
    point = PointFiles("here", role, (str(path),))
    return analyse(Request(points=(point,), profile=load_profile("vsphere4"))).report


@cache
def packets_of(situation: str, point: str = "src-uplink") -> tuple[Packet, ...]:
    """Every packet of this point."""
    return tuple(read_all(CAPTURES / situation / f"{point}.pcap.zst").packets)


@cache
def whole(situation: str) -> Migration:
    """What is said of the source's uplink as it was captured."""
    (found,) = report_on(CAPTURES / situation / "src-uplink.pcap.zst", "source").migrations
    return found


def expected(situation: str) -> dict[str, Any]:
    """What a person says of it."""
    facts: dict[str, Any] = facts_of(CAPTURES / situation)["migrations"][0]
    return facts


def found_in(folder: Path, packets: Sequence[Packet], role: str | None = "source") -> Migration:
    """The one migration in these packets."""
    path = folder / "variant.pcap"
    path.write_bytes(pcap("<", list(packets), "ns"))
    (found,) = report_on(path, role).migrations
    return found


def outcomes(found: Migration) -> dict[str, str]:
    return {check.id: check.outcome for check in found.checks}


def hosts_are_right(found: Migration, situation: str, connections: bool = True) -> None:
    facts = expected(situation)
    assert (found.source, found.destination) == (facts["source"], facts["destination"])
    assert found.connections == facts["connections"] or not connections


def nothing_is_said_of_the_guest(found: Migration) -> None:
    """The stream does not show it: no guest is named, and both questions about it stay open."""
    assert found.guests == []
    assert outcomes(found)["announcement_reached_destination"] == "undecided"
    assert outcomes(found)["guest_reachable_after"] == "undecided"
    assert found.verdict != "pass"


# from one place


@each
@pytest.mark.parametrize("role", ["source", None])
def test_from_the_sources_uplink_the_stream_is_told_whole(situation: str, role: str | None) -> None:
    """Whether its role was named or not: hosts, end, path and full round trips, and nothing of the guest."""
    (found,) = report_on(CAPTURES / situation / "src-uplink.pcap.zst", role).migrations
    facts = expected(situation)
    hosts_are_right(found, situation)
    assert found.outcome == facts["outcome"]
    assert found.path.word == facts["path"]
    assert (found.rtt.coverage, found.rtt.measured_by) == ("full", "ack")
    assert within(found.rtt.min_ms, facts["rtt_min_ms"])
    assert within(found.throughput.mean_mbps, facts["goodput_mean_mbps"])
    nothing_is_said_of_the_guest(found)


@pytest.mark.parametrize("situation", [s for s in SITUATIONS if (CAPTURES / s / "dst-uplink.pcap.zst").exists()])
@pytest.mark.parametrize("role", ["destination", None])
def test_from_the_destinations_uplink_the_far_half_is_not_taken_for_the_path(situation: str, role: str | None) -> None:
    """Data to ACK takes microseconds there: the path comes from echoes of timestamps, or is called a half."""
    (found,) = report_on(CAPTURES / situation / "dst-uplink.pcap.zst", role).migrations
    facts = expected(situation)
    hosts_are_right(found, situation)
    assert found.outcome == facts["outcome"]
    assert found.path.word == facts["path"]
    assert found.rtt.coverage in ("full", "destination_half")
    if found.rtt.coverage == "full":
        assert found.rtt.measured_by in ("timestamp_echo", "handshake")
        assert found.rtt.min_ms is not None
        assert found.rtt.min_ms >= facts["rtt_min_ms"]["from"]
    assert outcomes(found)["rtt"] in ("undecided", facts["checks"]["rtt"]["outcome"])
    assert within(found.throughput.mean_mbps, facts["goodput_mean_mbps"])
    assert outcomes(found)["retransmissions"] != "pass"
    nothing_is_said_of_the_guest(found)


@each
def test_from_the_client_alone_no_migration_is_seen(situation: str) -> None:
    """An outage is no migration: nothing is recognised, and nothing passes or fails."""
    report = report_on(CAPTURES / situation / "client.pcap.zst", "client")
    assert (report.migrations, report.verdict) == ([], "undecided")


# parts of a capture


@each
@pytest.mark.parametrize("role", ["source", None])
def test_from_the_middle_the_bytes_tell_the_direction(situation: str, role: str | None, tmp_path: Path) -> None:
    """No handshake, no first bytes: hosts by volume; window, MTU and the end stay open; the end is never a failure."""
    packets = packets_of(situation)
    found = found_in(tmp_path, packets[len(packets) // 2 :], role)
    hosts_are_right(found, situation, connections=situation != "multifd")
    assert found.outcome in ("unknown", expected(situation)["outcome"])
    assert found.path.word in ("undecided", expected(situation)["path"])
    assert (found.path.mss, found.path.mtu, found.rtt.handshake_ms) == (None, None, None)
    assert outcomes(found)["window_limited"] in ("undecided", "fail")
    assert outcomes(found)["mtu"] == "undecided"
    if found.rtt.coverage == "full":
        assert found.rtt.min_ms is not None
        assert found.rtt.min_ms >= expected(situation)["rtt_min_ms"]["from"]
    nothing_is_said_of_the_guest(found)


@each
def test_a_capture_that_stops_in_mid_stream_is_truncated(situation: str, tmp_path: Path) -> None:
    """Two thirds of it: neither completed nor given up."""
    packets = packets_of(situation)
    found = found_in(tmp_path, packets[: 2 * len(packets) // 3])
    hosts_are_right(found, situation)
    assert found.outcome == "truncated"
    assert outcomes(found)["completed"] == "undecided"
    assert (found.rtt.coverage, found.path.word) == ("full", expected(situation)["path"])


@each
def test_a_file_cut_inside_a_record_says_so(situation: str, tmp_path: Path) -> None:
    """Truncated, and a fault of the capture."""
    packets = packets_of(situation)
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap("<", list(packets[: len(packets) // 2]), "ns")[:-30])
    report = report_on(path, "source")
    (found,) = report.migrations
    hosts_are_right(found, situation)
    assert found.outcome == "truncated"
    assert report.inputs[0].truncated
    assert outcomes(found)["capture_quality"] == "fail"


SOURCE_AT = slice(26, 30)
"""The source address of an IPv4 packet in an untagged Ethernet frame."""


def is_from(address: str) -> Callable[[Packet], bool]:
    raw = bytes(map(int, address.split(".")))
    return lambda packet: packet.data[SOURCE_AT] == raw


@each
def test_with_the_data_alone_nothing_is_said_of_round_trips(situation: str, tmp_path: Path) -> None:
    """One direction of a tap: the stream and its end are there, distance, windows and MTU are not."""
    sent = is_from(expected(situation)["source"])
    found = found_in(tmp_path, [p for p in packets_of(situation) if sent(p)])
    hosts_are_right(found, situation)
    assert found.outcome == expected(situation)["outcome"]
    assert (found.rtt.coverage, found.rtt.min_ms, found.rtt.samples) == (None, None, 0)
    for rule in ("rtt", "rtt_under_load", "window_limited", "mtu"):
        assert outcomes(found)[rule] == "undecided", rule
    assert found.path.word in ("undecided", expected(situation)["path"])


@each
@pytest.mark.parametrize("part", ["whole", "second_half"])
def test_with_the_acknowledgements_alone_no_migration_is_invented(situation: str, part: str, tmp_path: Path) -> None:
    """The other direction: whoever only answers has made no attempt; what is acknowledged was sent by somebody else."""
    sent = is_from(expected(situation)["source"])
    packets = packets_of(situation)
    packets = packets[len(packets) // 2 :] if part == "second_half" else packets
    path = tmp_path / "acks.pcap"
    path.write_bytes(pcap("<", [p for p in packets if not sent(p)], "ns"))
    report = report_on(path)
    assert (report.migrations, report.verdict) == ([], "undecided")
    assert any("acknowledgements" in note for note in report.notes)


# other forms of the same packets


def same_figures(found: Migration, original: Migration) -> None:
    """Everything that does not name the file's form."""
    shown, wanted = (msgspec.to_builtins(m) for m in (found, original))
    for key in ("encapsulation", "id"):
        shown.pop(key)
        wanted.pop(key)
    assert shown == wanted


@each
def test_as_pcapng_it_is_the_same_migration(situation: str, tmp_path: Path) -> None:
    """Converted by editcap: every figure, every check, every frame number."""
    plain, converted = tmp_path / "plain.pcap", tmp_path / "converted.pcapng"
    plain.write_bytes(pcap("<", list(packets_of(situation)), "ns"))
    subprocess.run(["editcap", "-F", "pcapng", str(plain), str(converted)], check=True, capture_output=True)
    report = report_on(converted, "source")
    assert report.inputs[0].format == "pcapng"
    (found,) = report.migrations
    same_figures(found, whole(situation))


@each
@pytest.mark.parametrize("sign", ["<", ">"])
def test_in_either_byte_order_it_is_the_same_migration(situation: str, sign: str, tmp_path: Path) -> None:
    """A capture from a machine of the other kind."""
    path = tmp_path / "other.pcap"
    path.write_bytes(pcap(sign, list(packets_of(situation)), "ns"))
    (found,) = report_on(path, "source").migrations
    same_figures(found, whole(situation))


def tagged(packet: Packet, *tags: int) -> Packet:
    head = b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags)
    return packet._replace(data=packet.data[:12] + head + packet.data[12:], wire=packet.wire + len(head))


@each
@pytest.mark.parametrize(("tags", "words"), [((10,), "eth/vlan/ip/tcp"), ((100, 10), "eth/vlan/vlan/ip/tcp")])
def test_tagged_it_is_the_same_migration(situation: str, tags: tuple[int, ...], words: str, tmp_path: Path) -> None:
    """One tag or two before every packet: all figures as without, and the encapsulation told."""
    found = found_in(tmp_path, [tagged(packet, *tags) for packet in packets_of(situation)])
    assert found.encapsulation == [words]
    same_figures(found, whole(situation))


@each
def test_with_headers_alone_the_last_words_are_missing_and_nothing_else(situation: str, tmp_path: Path) -> None:
    """66 bytes a frame hold no payload: hosts, volume and distance stay; how it ended is open, never another end."""
    found = found_in(tmp_path, [packet._replace(data=packet.data[:66]) for packet in packets_of(situation)])
    original = whole(situation)
    hosts_are_right(found, situation)
    assert found.outcome in ("unknown", original.outcome)
    assert found.bytes == original.bytes
    assert (found.rtt.min_ms, found.rtt.coverage) == (original.rtt.min_ms, original.rtt.coverage)
    assert found.throughput.bulk_mbps == original.throughput.bulk_mbps
    assert found.path.word == original.path.word


@each
def test_without_transport_headers_nothing_is_recognised(situation: str, tmp_path: Path) -> None:
    """40 bytes a frame end inside TCP's header: counted as cut, and no verdict."""
    path = tmp_path / "short.pcap"
    path.write_bytes(pcap("<", [p._replace(data=p.data[:40]) for p in packets_of(situation)], "ns"))
    report = report_on(path, "source")
    assert (report.migrations, report.verdict) == ([], "undecided")
    assert sum(report.inputs[0].not_walked.values()) > 0.9 * len(packets_of(situation))


@each
def test_in_microseconds_it_is_the_same_but_for_the_rounding(situation: str, tmp_path: Path) -> None:
    """A capture of lower resolution: the same packets, round trips to the microsecond."""
    path = tmp_path / "us.pcap"
    path.write_bytes(pcap("<", list(packets_of(situation)), "us"))
    (found,) = report_on(path, "source").migrations
    original = whole(situation)
    assert found.bytes == original.bytes
    assert (found.outcome, found.connections, found.path) == (original.outcome, original.connections, original.path)
    assert found.rtt.min_ms == pytest.approx(original.rtt.min_ms, abs=0.002)
    assert found.throughput.bulk_mbps == pytest.approx(original.throughput.bulk_mbps, rel=1e-3)
    assert {i: o for i, o in outcomes(found).items() if i != "rtt_under_load"} == {
        i: o for i, o in outcomes(original).items() if i != "rtt_under_load"
    }


# the guest's side, tagged

POINTS = {
    "src-uplink": "source",
    "src-guestbr": "domain:source",
    "dst-guestbr": "domain:destination",
    "gw-lan": "gateway",
}


def in_vlans(folder: Path, tag_of: Callable[[str, int], int | None]) -> Report:
    """The clean migration at four points, each packet tagged by its point and time where a tag is given."""
    points = []
    for name, role in POINTS.items():
        packets = []
        for packet in packets_of("clean", name):
            tag = tag_of(name, packet.ts_ns or 0)
            packets.append(packet if tag is None else tagged(packet, tag))
        path = folder / f"{name}.pcap"
        path.write_bytes(pcap("<", packets, "ns"))
        points.append(PointFiles(name, role, (str(path),)))
    return analyse(Request(points=tuple(points), profile=load_profile("vsphere4"))).report


def test_a_guest_in_a_vlan_passes_as_one_without(tmp_path: Path) -> None:
    """The tag is told, kept before and after, and changes no verdict."""
    (found,) = in_vlans(tmp_path, lambda name, ts: 77 if name != "src-uplink" else None).migrations
    assert found.guests[0].vlan == [77]
    assert {name: seen.vlan for name, seen in found.guests[0].announcements.by_point.items()}["gw-lan"] == [77]
    assert found.verdict == "pass"
    assert outcomes(found)["wrong_vlan"] == "pass"


def test_a_guest_that_comes_back_in_another_vlan_is_in_the_wrong_one(tmp_path: Path) -> None:
    """A port group of the same name that leads elsewhere: tag 77 before, 78 from the announcement on."""
    switch = min(p.ts_ns or 0 for p in packets_of("clean", "gw-lan") if p.data[12:14] == b"\x80\x35")
    report = in_vlans(tmp_path, lambda name, ts: (77 if ts < switch else 78) if name != "src-uplink" else None)
    check = next(c for c in report.migrations[0].checks if c.id == "wrong_vlan")
    assert check.outcome == "fail"
    assert "[77]" in check.because
    assert "[78]" in check.because
