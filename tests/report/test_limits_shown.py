"""What limited a stream when, in every look of the report."""

import msgspec
import pytest

from tests.report.sample import at, good, migration
from vmpcap.measures.results import LimitInterval
from vmpcap.report.as_json import to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_parquet import report_frames
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.chart import UNICODE, draw
from vmpcap.report.document import Migration, Report

QUEUED = LimitInterval(
    limit="network_queueing", because="a queue of 2.75 ms stood on the path", start_ts=at(6.676), end_ts=at(7.516),
    payload_bytes=77_800_110, mbps=741.0, flight_bytes=500_000, window_bytes=4_000_000, rtt_ms=2.911,
    bdp_bytes=13_986, window_mbps=10_992.8, loss_events=2, mathis_mbps=9_000.0, from_frame=120, to_frame=54_321,
)  # fmt: skip
PAUSED = msgspec.structs.replace(
    QUEUED, limit="application", because="the sender paused for 45% of the time", start_ts=at(7.516), end_ts=at(8.006),
    payload_bytes=27_000_000, mbps=440.8, window_bytes=None, window_mbps=None, loss_events=0, mathis_mbps=None,
    from_frame=54_322, to_frame=70_000,
)  # fmt: skip


def limited() -> Migration:
    """0.84 s behind a queue, then 0.49 s with pauses."""
    one = migration()
    shares = {"network_queueing": 0.632, "application": 0.368}
    rate = msgspec.structs.replace(one.throughput, limits=[QUEUED, PAUSED], limit_shares=shares)
    return msgspec.structs.replace(one, throughput=rate)


def report() -> Report:
    return msgspec.structs.replace(good(), migrations=[limited()])


def test_the_strip_has_each_letter_where_its_class_held() -> None:
    """Q from 60 ms on, a from 900 ms to 1,390 ms, within a column."""
    lines = draw(limited(), 622.0, 120, UNICODE)
    (strip,) = (line.text for line in lines if line.kind == "limits")
    (axis,) = (line.text for line in lines if line.kind == "axis")
    column = float(axis.split()[-2]) / len(axis)
    assert set(strip) == {" ", "Q", "a"}
    assert strip.index("Q") * column == pytest.approx(0.06, abs=column)
    assert strip.index("a") * column == pytest.approx(0.9, abs=column)
    assert (strip.rindex("a") + 1) * column == pytest.approx(1.39, abs=column)


def test_without_intervals_there_is_no_strip() -> None:
    """A stream too short to be cut."""
    assert not [line for line in draw(migration(), 622.0, 120, UNICODE) if line.kind == "limits"]


@pytest.mark.parametrize("write", [to_terminal, to_markdown])
def test_shares_figures_and_frames_are_told(write: object) -> None:
    """One line of shares, one row a class, the letters explained."""
    shown = " ".join(write(report()).split())  # type: ignore[operator]
    assert "network queueing 63.2 %, application 36.8 %" in shown
    assert "Q network queueing, a application" in shown
    for words in ("120-54321", "54322-70000", "a queue of 2.75 ms stood on the path", "500 kB", "4 MB"):
        assert words in shown, words


def test_the_frame_has_a_row_for_each_interval() -> None:
    """With the figures of the document; what is not known is null."""
    frame = report_frames(report())["limits"]
    assert frame["limit"].to_list() == ["network_queueing", "application"]
    assert frame["window_mbps"].to_list() == [10_992.8, None]
    assert frame["from_frame"].to_list() == [120, 54_322]
    assert frame["start_ts"].dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_list() == [at(6.676), at(7.516)]


def test_the_json_has_both() -> None:
    """As the contract's throughput, with more beside it."""
    told = msgspec.json.decode(to_json(report()))["migrations"][0]["throughput"]
    assert [one["limit"] for one in told["limits"]] == ["network_queueing", "application"]
    assert told["limit_shares"] == {"network_queueing": 0.632, "application": 0.368}
