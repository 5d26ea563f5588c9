"""Files that nobody named: which are pieces of one capture, and which are points of their own."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.readers.writers import Packet
from tests.runs.made import GUEST_MAC, MS, START, S, analysed, migration, write
from vmpcap.runs.pieces import join_pieces
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

PACKETS = migration()
IPV4 = b"\x08\0"


def cut(folder: Path, *at_ms: int, packets: Sequence[Packet] = PACKETS, name: str = "ring_{:05}.pcap") -> list[str]:
    """The capture in pieces: each from one of these times to the next."""
    edges = [START - S, *(START + at * MS for at in at_ms), START + 1000 * S]
    return [
        write(folder / name.format(n), [p for p in packets if low <= p.ts_ns < high])
        for n, (low, high) in enumerate(pairwise(edges), 1)
    ]


def unnamed(*paths: str) -> Request:
    points = tuple(PointFiles(Path(p).stem, None, (p,), is_named=False) for p in paths)
    return Request(points=points, profile=load_profile("vsphere4"))


def points_of(*paths: str) -> list[tuple[str, list[str]]]:
    """The report's points with the names of their files."""
    found: dict[str, list[str]] = {}
    for given in analyse(unnamed(*paths)).report.inputs:
        found.setdefault(given.point, []).append(Path(given.path).name)
    return list(found.items())


def migrations(report: Any) -> Any:
    return msgspec.to_builtins(report.migrations)


def test_pieces_of_one_capture_are_one_point_in_the_order_of_time(tmp_path: Path) -> None:
    """However they are named: the report is that of the files given as one point, and says that it joined them."""
    paths = cut(tmp_path, 1500, 2500, 4000)
    report = analyse(unnamed(*reversed(paths))).report
    assert points_of(*reversed(paths)) == [("ring", [Path(p).name for p in paths])]
    together = analysed(*paths).report
    assert [m["bytes"] for m in migrations(report)] == [m["bytes"] for m in migrations(together)]
    assert [m["throughput"] for m in migrations(report)] == [m["throughput"] for m in migrations(together)]
    assert any("4 files follow one another" in note for note in report.notes)


@pytest.mark.parametrize("early_ns", [0, MS // 2])
def test_frames_at_a_seam_may_share_a_time_stamp(tmp_path: Path, early_ns: int) -> None:
    """A ring's next file begins with the stamp that the last one ended with, or a queue later with a little less."""
    middle = PACKETS[len(PACKETS) // 2].ts_ns
    one, two = [p for p in PACKETS if p.ts_ns < middle], [p for p in PACKETS if p.ts_ns >= middle]
    two[0] = Packet(one[-1].ts_ns - early_ns, two[0].data, two[0].wire)
    paths = [write(tmp_path / f"ring_{n}.pcap", packets) for n, packets in ((1, one), (2, two))]
    assert points_of(*paths) == [("ring", ["ring_1.pcap", "ring_2.pcap"])]


def test_a_point_that_was_named_is_left_as_it_is(tmp_path: Path) -> None:
    """Two points of a user are two."""
    one, two = cut(tmp_path, 2000)
    points = (PointFiles("a", None, (one,)), PointFiles("b", None, (two,)))
    request = Request(points=points, profile=load_profile("vsphere4"))
    assert join_pieces(request) == (request, ())


def test_captures_of_one_time_are_points_of_their_own(tmp_path: Path) -> None:
    """The same packets twice, as two points saw them: named by numbers all the same."""
    one = write(tmp_path / "host1.pcap", PACKETS)
    two = write(tmp_path / "host2.pcap", [Packet(p.ts_ns + 40_000, p.data, p.wire) for p in PACKETS])
    assert [name for name, _ in points_of(one, two)] == ["host1", "host2"]


def test_files_that_overlap_behind_their_first_frames_are_taken_apart_again(tmp_path: Path) -> None:
    """What their heads suggest is refuted by what was read: the second begins before the first ends."""
    early = [p for p in PACKETS if p.ts_ns < START + 5000 * MS]
    late = [p for p in PACKETS if p.ts_ns >= START + 4000 * MS]
    paths = [write(tmp_path / f"a{n}.pcap", packets) for n, packets in ((1, early), (2, late))]
    from vmpcap.runs import pieces

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "HEAD_FRAMES", 50)
        joined, _ = join_pieces(unnamed(*paths))
        assert len(joined.points) == 1
        assert [name for name, _ in points_of(*paths)] == ["a1", "a2"]


def test_a_guest_that_comes_to_another_point_is_no_capture_that_goes_on(tmp_path: Path) -> None:
    """The old point falls silent with the guest, the new one begins as it is announced: two points, not one."""
    own = [p for p in PACKETS if bytes.fromhex(GUEST_MAC) in p.data[:12]]
    old = [p for p in own if p.ts_ns < START + 2900 * MS]
    new = [p for p in own if p.ts_ns >= START + 3005 * MS]
    paths = [write(tmp_path / f"host{n}.pcap", packets) for n, packets in ((1, old), (2, new))]
    assert [name for name, _ in points_of(*paths)] == ["host1", "host2"]


def test_a_file_of_another_day_is_a_point_of_its_own(tmp_path: Path) -> None:
    """Minutes of silence between two files are no seam."""
    early = [p for p in PACKETS if p.ts_ns < START + 2000 * MS]
    late = [Packet(p.ts_ns + 600 * S, p.data, p.wire) for p in PACKETS if p.ts_ns >= START + 2000 * MS]
    paths = [write(tmp_path / f"a{n}.pcap", packets) for n, packets in ((1, early), (2, late))]
    assert [name for name, _ in points_of(*paths)] == ["a1", "a2"]


def test_a_file_taken_elsewhere_is_no_piece(tmp_path: Path) -> None:
    """The same conversations with another TTL: behind a router."""
    one, _ = cut(tmp_path, 2000)
    routed = [
        Packet(p.ts_ns, p.data[:22] + bytes([p.data[22] - 1]) + p.data[23:], p.wire) if p.data[12:14] == IPV4 else p
        for p in PACKETS
    ]
    _, two = cut(tmp_path, 2000, packets=routed, name="ring_{:04}.pcap")
    request = unnamed(one, two)
    assert join_pieces(request) == (request, ())


def test_names_that_differ_in_words_are_no_pieces(tmp_path: Path) -> None:
    """Tools number their files; a person names places."""
    one, two = cut(tmp_path, 2000)
    other = Path(two).rename(tmp_path / "gateway_00002.pcap")
    request = unnamed(one, str(other))
    assert join_pieces(request) == (request, ())
