"""The report as a folder of frames."""

import io

import polars as pl
import pytest

from tests.report.sample import SAMPLES, at, good, lost_guest, no_migration
from vmpcap.report.as_parquet import FRAMES, report_frames
from vmpcap.terms.columns import dtypes

DECLARED = {frame.name: dtypes(frame.columns) for frame in FRAMES}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_frame_has_its_declared_columns_also_when_empty(name: str) -> None:
    """A query written for one report runs on every other."""
    frames = report_frames(SAMPLES[name]())
    assert {title: dict(frame.schema) for title, frame in frames.items()} == DECLARED


def test_a_report_without_a_migration_has_empty_frames() -> None:
    """Only what was read has rows."""
    frames = report_frames(no_migration())
    assert {name: len(frame) for name, frame in frames.items() if len(frame)} == {"inputs": 1}


@pytest.mark.parametrize("name", SAMPLES)
def test_frames_come_back_from_parquet_the_same(name: str) -> None:
    """Dtypes included, lists and times to the nanosecond too."""
    for title, frame in report_frames(SAMPLES[name]()).items():
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        back = pl.read_parquet(buffer.getvalue())
        assert back.schema == frame.schema, title
        assert back.equals(frame), title


def test_frames_hold_the_documents_figures() -> None:
    """A few cells of each frame, looked up by hand in the made report."""
    frames = report_frames(good())
    migration = frames["migrations"].row(0, named=True)
    assert migration["unique_bytes"] == 105_393_557
    assert migration["bulk_mbps"] == 733.9
    assert migration["idle_ms"] == 0.151
    assert frames["migrations"]["start_ts"].dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ")[0] == at(6.616)
    assert frames["evidence"].filter(pl.col("check") == "guest_reachable_after")["frames"][0].to_list() == [655, 656]
    assert len(frames["throughput"]) == 139
    reach = frames["reach"].filter(pl.col("point") == "gw-lan").row(0, named=True)
    assert (reach["seen"], reach["delay_ms"], reach["frames"]) == (True, 0.3, [611, 613, 618, 626, 641])
    assert frames["switchover"]["peer_outage_ms"].to_list() == [170.2]
    assert frames["peers"]["retransmissions"].to_list() == [None, 3]
    assert frames["mechanisms"]["name"].to_list() == ["same_subnet_vmotion"]
    assert frames["mechanisms"]["point"].to_list() == ["src-uplink"]
    assert frames["mechanisms"]["frames"].to_list() == [[1, 2]]


def test_what_is_unknown_is_null() -> None:
    """The peers never came back: no outage, no 0."""
    frames = report_frames(lost_guest())
    assert frames["peers"]["outage_ms"].to_list() == [None]
    assert frames["switchover"]["relearn_ms"].to_list() == [None]
    assert frames["inputs"]["defects"].to_list() == [[], [], ["cut_short"], [], []]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.name)
def test_every_column_says_what_it_means(frame: object) -> None:
    """For the reference pages: a meaning, and a unit wherever the name ends in one."""
    units = {"ms": "ms", "s": "s", "mbps": "Mbps", "bytes": "bytes"}
    for column in frame.columns:  # type: ignore[attr-defined]
        assert column.meaning
        ending = column.name.rpartition("_")[2]
        if ending in units and column.name != "frames":
            assert column.unit == units[ending], column.name
