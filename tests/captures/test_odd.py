"""Cut, empty and foreign files made from the sound ones: a report as far as it goes, and never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.captures.situations import CAPTURES
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

GATEWAY = CAPTURES / "clean" / "gw-lan.pcap.zst"
UPLINK = CAPTURES / "cancelled" / "src-uplink.pcap.zst"
FILE_HEADER_BYTES = 24


def unpacked(file: Path) -> bytes:
    """The capture without its packing."""
    return subprocess.run(["zstd", "-dqc", str(file)], check=True, capture_output=True).stdout


def frame_offsets(content: bytes) -> list[int]:
    """Where does each record of this little-endian pcap begin?"""
    offsets, at = [], FILE_HEADER_BYTES
    while at < len(content):
        offsets.append(at)
        at += 16 + int.from_bytes(content[at + 8 : at + 12], "little")
    return offsets


def report_on(file: Path, role: str | None = None) -> Report:
    """What does vmpcap say of this one file?"""
    point = PointFiles("odd", role, (str(file),))
    return analyse(Request(points=(point,), profile=load_profile("vsphere4"))).report


def run_vmpcap(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it."""
    command = [sys.executable, "-m", "vmpcap", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    assert "Traceback" not in done.stderr
    return done


def test_a_file_cut_inside_a_record_is_read_up_to_there(tmp_path: Path) -> None:
    """Every whole record counts; the report says where the file ends, by frame and offset."""
    content = unpacked(GATEWAY)
    offsets = frame_offsets(content)
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(content[: offsets[700] + 20])
    read = report_on(cut, "gateway").inputs[0]
    assert read.packets == 700
    assert read.truncated
    assert [(d.kind, d.first_frame, d.offset) for d in read.defects if d.kind == "cut_short"] == [
        ("cut_short", 701, offsets[700])
    ]


def test_a_stream_that_the_capture_leaves_in_the_middle_is_truncated(tmp_path: Path) -> None:
    """Half of a migration is neither completed nor aborted, and the verdict is undecided."""
    content = unpacked(UPLINK)
    offsets = frame_offsets(content)
    cut = tmp_path / "half.pcap"
    cut.write_bytes(content[: offsets[len(offsets) // 2]])
    report = report_on(cut, "source")
    assert [m.outcome for m in report.migrations] == ["truncated"]
    assert report.verdict == "undecided"


def test_a_compressed_file_without_its_end_says_so(tmp_path: Path) -> None:
    """The packing ends early: what came out of it is reported, and the damage is."""
    packed = UPLINK.read_bytes()
    cut = tmp_path / "cut.pcap.zst"
    cut.write_bytes(packed[: len(packed) // 2])
    read = report_on(cut, "source").inputs[0]
    assert 0 < read.packets < 44_781
    assert "cut_packing" in [d.kind for d in read.defects]
    assert run_vmpcap("report", cut, "--strict").returncode == 4


def test_a_capture_without_packets_leaves_everything_open(tmp_path: Path) -> None:
    """A header and nothing behind it: no migration, no verdict, no error; with --strict exit status 3."""
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(unpacked(GATEWAY)[:FILE_HEADER_BYTES])
    report = report_on(empty)
    assert report.migrations == []
    assert report.verdict == "undecided"
    assert report.inputs[0].packets == 0
    assert run_vmpcap("report", empty).returncode == 0
    assert run_vmpcap("report", empty, "--strict").returncode == 3


@pytest.mark.parametrize(
    "content", [b"", b"\xd4\xc3", b"this is a letter, not a capture\n" * 10], ids=["nothing", "half a magic", "text"]
)
def test_what_is_no_capture_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    """Exit status 4, one line that names the file, nothing on stdout."""
    file = tmp_path / "foreign.pcap"
    file.write_bytes(content)
    done = run_vmpcap("report", file)
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "foreign.pcap" in done.stderr


def test_the_gateway_alone_shows_no_migration() -> None:
    """The guest announced itself once, in five frames, without a stream in view: it belongs to no migration."""
    report = json.loads(run_vmpcap("report", GATEWAY, "--format", "json").stdout)
    assert report["migrations"] == []
    assert report["verdict"] == "undecided"
    assert report["other_announcements"] == 1
    rows = run_vmpcap("announcements", GATEWAY, "--format", "csv").stdout.splitlines()
    assert sum(",rarp_announce," in row for row in rows) == 5


def test_one_point_alone_proves_less_and_says_so() -> None:
    """The source's uplink by itself: throughput and distance are answered, the guest's place is not."""
    done = run_vmpcap("report", f"--point=source={CAPTURES / 'clean' / 'src-uplink.pcap.zst'}", "--format", "json")
    assert done.returncode == 0
    (migration,) = json.loads(done.stdout)["migrations"]
    outcomes = {c["id"]: c["outcome"] for c in migration["checks"] if c["decides"]}
    assert outcomes == {
        "completed": "pass",
        "throughput": "pass",
        "rtt": "pass",
        "announcement_reached_destination": "undecided",
        "guest_reachable_after": "undecided",
    }
    assert migration["verdict"] == "undecided"


def seen_from(folder: str, other: str, role: str) -> Report:
    """What does vmpcap say of a situation from the stream at its source, and one other point?"""
    roles = {"src-uplink": "source", other: role}
    points = tuple(PointFiles(n, r, (str(CAPTURES / folder / f"{n}.pcap.zst"),)) for n, r in roles.items())
    return analyse(Request(points=points, profile=load_profile("vsphere4"))).report


def test_a_peer_that_is_in_view_only_afterwards_has_no_outage_of_zero() -> None:
    """The client was cut off for 1250 ms; from the destination's bridge that cannot be seen: null, never 0."""
    (migration,) = seen_from("rarp_filtered", "dst-guestbr", "domain:destination").migrations
    outage = migration.guests[0].switchover.peer_outage_ms
    assert outage is None or outage > 999


def test_the_hosts_own_bridge_does_not_prove_that_a_filtered_announcement_arrived() -> None:
    """The switch dropped every RARP; whoever sees only the bridge cannot know, and must not pass it."""
    (migration,) = seen_from("rarp_filtered", "dst-guestbr", "domain:destination").migrations
    check = next(c for c in migration.checks if c.id == "announcement_reached_destination")
    assert check.outcome != "pass", check.because


def test_a_router_in_between_is_not_called_the_guest() -> None:
    """A client behind a router sees the router's MAC on the guest's packets: the guest's is not known from there."""
    (migration,) = seen_from("clean", "client", "client").migrations
    assert [g.mac for g in migration.guests if g.mac not in ("", "00:50:56:aa:77:10")] == []
