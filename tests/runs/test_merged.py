"""Several interfaces in one file: each a point, with the figures that it has as a file of its own."""

import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.calls import here
from tests.readers.writers import END, Packet, block, interface, option, read_all, section
from tests.runs.made import PEER_MAC, S, migration, write
from vmpcap.cli.capture_points import capture_points
from vmpcap.report.document import Report
from vmpcap.runs.merged import take_apart
from vmpcap.runs.pipeline import analyse, compare_points
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

CLEAN = Path(__file__).resolve().parents[2] / "captures" / "clean"
ROUTED = CLEAN.parent / "routed_stretched"
FIGURES = ("bulk_mbps", "mean_mbps", "best_1s_mbps", "p50_mbps", "p5_mbps", "max_concurrent", "limit")


def merged(path: Path, captures: Sequence[Sequence[Packet]], named: Sequence[tuple[str, str]] = ()) -> str:
    """A pcapng of these, an interface each, in the order of time, nanoseconds; with names and descriptions."""
    out = [section("<")]
    for number in range(len(captures)):
        texts = named[number] if named else ("", "")
        names = b"".join(option("<", code, text.encode()) for code, text in zip((2, 3), texts, strict=True) if text)
        out.append(interface("<", options=names + option("<", 9, b"\x09") + END))
    rows = sorted((p.ts_ns or 0, number, p) for number, packets in enumerate(captures) for p in packets)
    for ts, number, packet in rows:
        head = struct.pack("<IIIII", number, ts >> 32, ts & 0xFFFFFFFF, len(packet.data), packet.wire)
        out.append(block("<", 6, head + packet.data))
    path.write_bytes(b"".join(out))
    return str(path)


def asked(*captures: str | Path, point: Sequence[str] = ()) -> Request:
    """A request as the command line makes it."""
    points = capture_points([str(c) for c in captures], point, ())
    return Request(points=points, profile=load_profile("vsphere4"))


def plain(migration: Any) -> dict[str, Any]:
    """What is said of a migration, without names of points and numbers of frames."""
    told = msgspec.to_builtins(migration)
    figures: dict[str, Any] = {name: told["throughput"][name] for name in FIGURES}
    checks = [(c["id"], c["outcome"], c["measured"]) for c in told["checks"]]
    rtt = {name: value for name, value in told["rtt"].items() if name != "over_time"}
    guests = [(g["mac"], g["switchover"]["bracket_ms"], g["switchover"]["peer_outage_ms"]) for g in told["guests"]]
    return figures | {"bytes": told["bytes"], "rtt": rtt, "loss": told["loss"], "checks": checks, "guests": guests}


def packets_of(folder: Path, *names: str) -> list[list[Packet]]:
    return [read_all(folder / f"{name}.pcap.zst").packets for name in names]


@pytest.mark.parametrize("folder", [CLEAN, ROUTED], ids=lambda p: p.name)
def test_interfaces_have_the_figures_of_files_of_their_own(folder: Path, tmp_path: Path) -> None:
    """Three points of a real migration in one pcapng: figures, checks, roles and clocks are those of three files."""
    names = ("src-uplink", "dst-uplink", "gw-lan")
    path = merged(tmp_path / "m.pcapng", packets_of(folder, *names), [(name, "") for name in names])
    apart = analyse(asked(*(folder / f"{name}.pcap.zst" for name in names))).report
    report = analyse(asked(path)).report
    assert [plain(m) for m in report.migrations] == [plain(m) for m in apart.migrations]
    assert [(i.point, i.role, i.packets, i.bytes) for i in report.inputs] == [
        (i.point, i.role, i.packets, i.bytes) for i in apart.inputs
    ]
    assert [(i.first_ts, i.last_ts) for i in report.inputs] == [(i.first_ts, i.last_ts) for i in apart.inputs]
    assert report.clocks == apart.clocks
    assert any("3 interfaces" in note for note in report.notes)
    assert not any("captured more than once" in note for note in report.notes)


def test_frame_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    """Evidence is found again by the number that Wireshark shows for the merged file."""
    one = migration()
    early = [Packet((p.ts_ns or 0) - 20 * S, p.data, p.wire) for p in one[:100]]
    path = merged(tmp_path / "m.pcapng", [early, one])
    report = analyse(asked(f"{path}#1")).report
    alone = analyse(asked(write(tmp_path / "alone.pcap", one))).report
    ours, theirs = (next(e for c in r.migrations[0].checks for e in c.evidence if e.frames) for r in (report, alone))
    assert list(ours.frames) == [frame + 100 for frame in theirs.frames]


def names_of(request: Request) -> list[tuple[str, tuple[str, ...]]]:
    return [(p.name, p.interfaces) for p in take_apart(request)[0].points]


def moved(packets: Sequence[Packet]) -> list[Packet]:
    """The same packets, as a point a moment away shows them."""
    return [Packet((p.ts_ns or 0) + 40_000, p.data, p.wire) for p in packets]


def test_points_are_called_after_their_interfaces(tmp_path: Path) -> None:
    """By name, else by file and number; two machines' interfaces of one name are two."""
    both = [migration(), moved(migration())]
    assert names_of(asked(merged(tmp_path / "a.pcapng", both))) == [("a#0", ("0",)), ("a#1", ("1",))]
    path = merged(tmp_path / "b.pcapng", both, [("eth0", "rack 4"), ("eth0", "")])
    assert names_of(asked(path)) == [("eth0", ("eth0",)), ("eth0#2", ("eth0#2",))]
    given = analyse(asked(path)).report.inputs
    assert [list(i.interfaces) for i in given] == [["eth0 (rack 4)"], ["eth0#2"]]


def test_an_interface_without_packets_is_no_point(tmp_path: Path) -> None:
    """Described and silent: the file is one point, as ever."""
    assert names_of(asked(merged(tmp_path / "a.pcapng", [migration(), []]))) == [("a", ())]


def test_two_sides_of_a_tap_are_one_point(tmp_path: Path) -> None:
    """Each interface shows one direction: together they are the link, with the figures of both in one file."""
    packets = migration()
    forth = [p for p in packets if p.data[6:12] in (bytes.fromhex("020000000011"), bytes.fromhex(PEER_MAC))]
    back = [p for p in packets if p not in forth]
    path = merged(tmp_path / "tap.pcapng", [forth, back])
    report = analyse(asked(path)).report
    alone = analyse(asked(write(tmp_path / "alone.pcap", packets))).report
    assert [i.point for i in report.inputs] == ["tap"]
    assert [plain(m) for m in report.migrations] == [plain(m) for m in alone.migrations]
    assert any("two directions of one tap" in note for note in report.notes)


def test_one_way_captures_of_two_links_are_two_points(tmp_path: Path) -> None:
    """Other MACs: what one point received and what another did is no tap."""
    packets = migration()
    forth = [p for p in packets if p.data[6:12] in (bytes.fromhex("020000000011"), bytes.fromhex(PEER_MAC))]
    back = [Packet(p.ts_ns, p.data[:11] + b"\x77" + p.data[12:], p.wire) for p in packets if p not in forth]
    path = merged(tmp_path / "two.pcapng", [forth, back])
    assert names_of(asked(path)) == [("two#0", ("0",)), ("two#1", ("1",))]


def test_a_point_of_a_name_stays_one_and_it_is_said(tmp_path: Path) -> None:
    """The user said what it is; each packet counts once, and the report tells of the interfaces."""
    path = merged(tmp_path / "a.pcapng", [migration(), moved(migration())], [("eth0", ""), ("eth1", "")])
    report = analyse(asked(point=[f"wan={path}"])).report
    alone = analyse(asked(point=[f"wan={write(tmp_path / 'alone.pcap', migration())}"])).report
    assert [i.point for i in report.inputs] == ["wan"]
    assert report.migrations[0].bytes == alone.migrations[0].bytes
    assert any("2 interfaces (eth0, eth1), taken as one point" in note for note in report.notes)


def test_one_interface_of_a_file_can_be_named(tmp_path: Path) -> None:
    """FILE#IFACE, by name or number, for the points of a request; a file of that whole name is meant itself."""
    path = merged(tmp_path / "a.pcapng", [migration(), []], [("eth0", ""), ("eth1", "")])
    for word in ("eth0", "0"):
        report = analyse(asked(point=[f"source={path}#{word}"])).report
        assert [(i.point, i.role, i.packets) for i in report.inputs] == [("source", "source", len(migration()))]
    assert analyse(asked(point=[f"source={path}#eth1"])).report.inputs[0].packets == 0
    whole = write(tmp_path / "b.pcap#1", migration())
    write(tmp_path / "b.pcap", migration())
    assert capture_points([whole], (), ())[0].files == (whole,)


def test_a_file_and_its_interface_are_not_named_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its packets would count twice; two interfaces of one file may be."""
    path = merged(tmp_path / "a.pcapng", [migration(), moved(migration())])
    said = here(capsys, "report", path, "--point", f"x={path}#0")
    assert said.status == 2
    assert "named twice" in said.err
    points = capture_points([f"{path}#0", f"{path}#1"], (), ())
    assert [(p.name, p.interfaces) for p in points] == [("a#0", ("0",)), ("a#1", ("1",))]


@pytest.mark.parametrize("command", ["packets", "verify"])
def test_commands_that_read_whole_files_say_so(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Rather than show packets of another interface as this one's."""
    path = merged(tmp_path / "a.pcapng", [migration()])
    said = here(capsys, command, f"{path}#0")
    assert said.status == 2
    assert "reads whole files" in said.err


def test_points_are_compared_within_one_file(tmp_path: Path) -> None:
    """`vmpcap points` of a merged capture: the same packets at both interfaces, 0.04 ms apart."""
    path = merged(tmp_path / "a.pcapng", [migration(), moved(migration())])
    together, inputs = compare_points(asked(path))
    assert together.names == ("a#0", "a#1")
    assert together.pairs[0].matched == len(migration())
    assert len(inputs) == 2


@pytest.mark.skipif(shutil.which("mergecap") is None, reason="no mergecap")
def test_what_mergecap_makes_is_taken_apart(tmp_path: Path) -> None:
    """With an interface for each file, as it keeps them unless all are alike."""
    files = [tmp_path / "s.pcapng", tmp_path / "d.pcapng"]
    packets = migration()
    merged(files[0], [packets], [("vmnic0", "")])
    merged(files[1], [moved(packets)], [("vmnic1", "")])
    subprocess.run(["mergecap", "-w", tmp_path / "m.pcapng", *files], check=True)
    points = take_apart(asked(tmp_path / "m.pcapng"))[0].points
    assert [p.name for p in points] == ["vmnic0", "vmnic1"]
    report = analyse(Request(points=points, profile=load_profile("vsphere4"))).report
    pairs = zip(points, files, strict=True)
    single = tuple(PointFiles(p.name, None, (str(f),), is_named=False) for p, f in pairs)
    apart = analyse(Request(points=single, profile=load_profile("vsphere4"))).report
    assert [plain(m) for m in report.migrations] == [plain(m) for m in apart.migrations]
    assert isinstance(report, Report)


# merged into one interface


def joined(path: Path, *captures: Sequence[Packet]) -> str:
    """All of these in one classic pcap, in the order of time, as mergecap makes it of pcap files."""
    return write(path, sorted((p for packets in captures for p in packets), key=lambda p: p.ts_ns or 0))


@pytest.mark.parametrize("role", [None, "gateway", "domain:destination"])
@pytest.mark.parametrize(
    "folder",
    [CLEAN, ROUTED, CLEAN.parent / "rarp_filtered", CLEAN.parent / "destination_isolated"],
    ids=lambda p: p.name,
)
def test_a_capture_of_several_places_proves_no_arrival(folder: Path, role: str | None, tmp_path: Path) -> None:
    """
    Where the bridges' and the gateway's captures were merged, nobody knows which of them heard the announcement.

    In two of these it never got further than the host's own switch. Each frame counts once all the same.
    """
    names = ("src-uplink", "src-guestbr", "dst-guestbr", "gw-lan")
    path = joined(tmp_path / "all.pcap", *packets_of(folder, *names))
    report = analyse(Request((PointFiles("all", role, (path,)),), load_profile("vsphere4"))).report
    (migration,) = report.migrations
    (guest,) = migration.guests
    assert guest.announcements.count == 5
    assert guest.domain.verdict == "not_observable"
    assert "more than once" in guest.domain.because
    assert next(c for c in migration.checks if c.id == "announcement_reached_destination").outcome == "undecided"


def test_counts_of_a_merged_capture_are_those_of_its_parts(tmp_path: Path) -> None:
    """Source's and destination's NIC in one file: each byte once; what Wireshark would mark is left open."""
    path = joined(tmp_path / "both.pcap", *packets_of(ROUTED, "src-uplink", "dst-uplink"))
    both = analyse(asked(path)).report.migrations[0]
    source = analyse(asked(ROUTED / "src-uplink.pcap.zst")).report.migrations[0]
    assert both.bytes.unique == source.bytes.unique
    assert both.throughput.mean_mbps == source.throughput.mean_mbps
    # what says that data arrived is seen first at the destination's tap: by its way back sooner
    assert both.throughput.bulk_mbps == pytest.approx(source.throughput.bulk_mbps, rel=1e-3)
    assert both.rtt.min_ms == pytest.approx(source.rtt.min_ms, rel=0.15)
    assert both.loss.out_of_order is None


def without_number(packet: Packet, later_ns: int = 0) -> Packet:
    """The same IPv4 packet with an identification of 0 and, as its checksum is none of our business, that one."""
    data = bytearray(packet.data)
    if data[12:14] == b"\x08\x00":
        data[18:20] = bytes(2)
    return packet._replace(data=bytes(data), ts_ns=(packet.ts_ns or 0) + later_ns)


def test_a_mirror_of_packets_without_number_counts_data_and_handshakes_once_and_says_what_may_count_twice(
    tmp_path: Path,
) -> None:
    """Each frame comes again 3 us later: a bare ACK could be a duplicate one, so the report says that it counts."""
    (captured,) = packets_of(CLEAN, "src-uplink")
    captured = captured[:20_000]
    once = [without_number(p) for p in captured]
    twice = [p for packet in captured for p in (without_number(packet), without_number(packet, 3_000))]
    one = analyse(asked(joined(tmp_path / "once.pcap", once))).report
    two = analyse(asked(joined(tmp_path / "twice.pcap", twice))).report
    assert two.migrations[0].bytes == one.migrations[0].bytes
    assert two.migrations[0].rtt.handshake_ms == one.migrations[0].rtt.handshake_ms
    assert not any("ACKs without data" in note for note in one.notes)
    assert sum("ACKs without data" in note for note in two.notes) == 1
