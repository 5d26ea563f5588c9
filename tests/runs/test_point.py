"""One capture point: its files are one capture, --since and --until are a shorter one, progress is told."""

import itertools
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from tests.readers.writers import Packet
from tests.runs.made import MS, START, S, analysed, migration, request, write
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import Analysis, list_announcements, list_flows
from vmpcap.runs.point import Wanted, read_point
from vmpcap.runs.requests import PointFiles

PACKETS = migration()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The migration in one file."""
    return analysed(write(tmp_path_factory.mktemp("whole") / "a.pcap", PACKETS))


def parts(folder: Path, *cuts: int) -> list[str]:
    """The same packets in several files, cut before these frames (counted from 0)."""
    edges = itertools.pairwise([0, *cuts, len(PACKETS)])
    return [write(folder / f"{n}.pcap", PACKETS[a:b]) for n, (a, b) in enumerate(edges)]


def without_frames(report: Report) -> Any:
    """The report's migrations without frames, which are each file's own, and words that name them."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            dropped = {"frames", "from_frame", "to_frame", "files", "from_file", "to_file", "evidence", "because"}
            return {k: strip(v) for k, v in value.items() if k not in dropped}
        return [strip(v) for v in value] if isinstance(value, list) else value

    return strip(msgspec.to_builtins(report.migrations))


def test_the_made_migration_is_one(whole: Analysis) -> None:
    """A guard for all below: completed, announced, its peer away for 180 ms."""
    (found,) = whole.report.migrations
    assert (found.outcome, found.source, found.destination) == ("completed", "10.10.1.11", "10.10.1.12")
    assert (found.guests[0].mac, found.guests[0].announcements.schedule) == ("00:50:56:aa:77:10", "qemu")
    assert found.guests[0].switchover.peer_outage_ms == 180.0
    assert found.bytes.unique == 200_000


@pytest.mark.parametrize("cuts", [(1,), (400,), (401, 402), (300, 500, 700, 900), (850,), (len(PACKETS) - 1,)])
def test_files_of_one_point_are_one_capture(cuts: tuple[int, ...], whole: Analysis, tmp_path: Path) -> None:
    """Wherever it is cut: flows go on, and everything but the numbers of frames is the same."""
    cut = analysed(*parts(tmp_path, *cuts))
    assert without_frames(cut.report) == without_frames(whole.report)
    assert cut.flows.equals(whole.flows)
    assert cut.announcements.drop("frame").equals(whole.announcements.drop("frame"))
    assert len(cut.report.inputs) == len(cuts) + 1
    assert sum(read.packets for read in cut.report.inputs) == len(PACKETS)


def test_numbers_of_frames_are_each_files_own(tmp_path: Path, whole: Analysis) -> None:
    """As Wireshark counts when the file is opened: from 1 in each."""
    first = whole.announcements["frame"].to_list()
    cut = analysed(*parts(tmp_path, first[2] - 1))
    assert cut.announcements["frame"].to_list() == [
        first[0],
        first[1],
        1,
        first[3] - first[2] + 1,
        first[4] - first[2] + 1,
    ]


def test_an_empty_file_between_is_no_end(tmp_path: Path, whole: Analysis) -> None:
    """A ring buffer may hold one."""
    first, second = parts(tmp_path, 500)
    empty = write(tmp_path / "empty.pcap", [])
    assert without_frames(analysed(first, empty, second).report) == without_frames(whole.report)


# since and until


def inside(low: int | None, high: int | None) -> Sequence[Packet]:
    return [p for p in PACKETS if (low is None or p.ts_ns >= low) and (high is None or p.ts_ns <= high)]  # type: ignore[operator]


@pytest.mark.parametrize("until_ms", [500, 1500, 2900, 3010, 3011, 3500, 5990, 9000])
def test_until_is_a_capture_that_stopped_then(until_ms: int, tmp_path: Path) -> None:
    """The same report as from a file that ends there, that frame included: nothing later is known, not even its end."""
    end = START + until_ms * MS
    shown = analysed(write(tmp_path / "a.pcap", PACKETS), until_ns=end)
    cut = analysed(write(tmp_path / "b.pcap", inside(None, end)))
    assert msgspec.to_builtins(shown.report.migrations) == msgspec.to_builtins(cut.report.migrations)
    assert shown.flows.equals(cut.flows)
    assert shown.announcements.equals(cut.announcements)


@pytest.mark.parametrize("since_ms", [-10, 500, 1005, 1500, 2900, 3015, 5000])
def test_since_is_a_capture_that_began_then(since_ms: int, tmp_path: Path) -> None:
    """The same but for numbers of frames and streams, which stay the file's own: Wireshark finds them by those."""
    begin = START + since_ms * MS
    shown = analysed(write(tmp_path / "a.pcap", PACKETS), since_ns=begin)
    later = analysed(write(tmp_path / "b.pcap", inside(begin, None)))
    assert without_frames(shown.report) == without_frames(later.report)
    ours, theirs = (table.drop("flow_id").sort("first_ts") for table in (shown.flows, later.flows))
    assert ours.equals(theirs)
    assert shown.announcements.drop("frame").equals(later.announcements.drop("frame"))
    left_out = len(PACKETS) - len(inside(begin, None))
    assert [n - left_out for n in shown.announcements["frame"]] == later.announcements["frame"].to_list()


def test_a_flow_begins_with_its_first_packet_inside(tmp_path: Path) -> None:
    """Not with one that was not asked for; and a batch before it counts the file's streams all the same."""
    early = [p._replace(ts_ns=p.ts_ns - 100 * S) for p in inside(START + S, START + 3 * S)]
    first = [p._replace(data=p.data.replace(struct.pack(">H", 50_000), struct.pack(">H", 50_001))) for p in early]
    path = write(tmp_path / "a.pcap", [*first, *PACKETS])
    shown = analysed(path, since_ns=START + 1500 * MS)
    tcp = shown.flows.filter(shown.flows["protocol"] == "tcp")
    assert tcp["tcp_stream"].to_list() == [1]
    assert tcp["first_ts"].dt.epoch("ns").to_list() == [START + 1505 * MS]
    (stream,) = (
        list_flows(request(PointFiles("here", None, (path,)), until_ns=START + 1100 * MS))[0]
        .filter(pl.col("tcp_stream") == 1)["last_ts"]
        .dt.epoch("ns")
    )
    assert stream == START + 1096 * MS


def test_a_stream_that_until_leaves_in_the_middle_is_truncated(tmp_path: Path) -> None:
    """The file goes on for seconds; what was asked for does not: nobody fell silent."""
    (found,) = analysed(write(tmp_path / "a.pcap", PACKETS), until_ns=START + 2 * S).report.migrations
    assert found.outcome == "truncated"


def test_outside_of_the_capture_there_is_nothing(tmp_path: Path) -> None:
    """A day later, or an interval without a packet: no migration, no announcement, no error."""
    path = write(tmp_path / "a.pcap", PACKETS)
    for interval in ({"since_ns": START + 86_400 * S}, {"since_ns": START + 3 * MS, "until_ns": START + 4 * MS}):
        shown = analysed(path, **interval)
        assert (shown.report.migrations, shown.report.other_announcements) == ([], 0)
        assert len(shown.flows) == 0
        assert shown.report.inputs[0].packets == len(PACKETS)


# progress and what a pass is for


def test_progress_is_told_as_it_goes(tmp_path: Path) -> None:
    """Which file, how much of it was read, how much there is; rising, up to all of it, file by file."""
    files = parts(tmp_path, 700)
    told: list[tuple[str, int, int | None]] = []
    analysed(*files, progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(path for path, _, _ in told)) == files
    for path in files:
        size = Path(path).stat().st_size
        read = [done for name, done, _ in told if name == path]
        assert read == sorted(read)
        assert read[-1] == size
        assert {total for name, _, total in told if name == path} == {size}


def test_a_pass_for_one_table_gives_the_same_table(tmp_path: Path, whole: Analysis) -> None:
    """What is not wanted is not done; what is, is as in a whole report."""
    path = write(tmp_path / "a.pcap", PACKETS)
    asked = request(PointFiles("here", None, (path,)))
    flows, (read,) = list_flows(asked)
    assert flows.equals(whole.flows)
    announcements, _ = list_announcements(asked)
    assert announcements.equals(whole.announcements)
    assert read.packets == len(PACKETS)
    bare = read_point(PointFiles("here", None, (path,)), asked, Wanted(flows=False, announcements=False, journal=False))
    assert (bare.journal.kept, bare.announcements.kept) == (0, 0)
    assert bare.reads[0].facts.packets == len(PACKETS)


def test_what_a_point_spans_is_told_once(tmp_path: Path) -> None:
    """The earliest and the latest packet of all its files, whatever their order."""
    first, second = parts(tmp_path, 700)
    asked = request(PointFiles("here", None, (second, first)))
    point = read_point(asked.points[0], asked, Wanted())
    assert (point.first_ts, point.last_ts) == (PACKETS[0].ts_ns, PACKETS[-1].ts_ns)
    assert [read.first_frame for read in point.reads] == [1, len(PACKETS) - 700 + 1]
