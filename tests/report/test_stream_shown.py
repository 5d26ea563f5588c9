"""How far the stream was reordered, its round trips over time, a clamped MSS: in every look of the report."""

import json

import msgspec
import pytest

from tests.report.made import one_line
from tests.report.sample import at, good, migration
from vmpcap.measures.results import RttSpan
from vmpcap.migration.results import OfferedSize
from vmpcap.report.as_json import to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_parquet import report_frames
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Migration, Report, SeriesPoint
from vmpcap.report.look import Look

BECAUSE = "one SYN of the source offers 8960 at src (frame 1) and 1360 at dst (frame 3)"
SPANS = [
    RttSpan(start_ts=at(6.7), end_ts=at(6.8), least_ms=0.2, median_ms=0.3, most_ms=0.9, flight_bytes=20_000),
    RttSpan(start_ts=at(6.8), end_ts=at(6.9), least_ms=None, median_ms=None, most_ms=None, flight_bytes=None),
    RttSpan(start_ts=at(6.9), end_ts=at(7.0), least_ms=2.0, median_ms=4.5, most_ms=9.12, flight_bytes=700_000),
]


def suffering() -> Migration:
    """Reordered, queued and clamped."""
    one = migration()
    loss = msgspec.structs.replace(one.loss, reordered=12, reordered_most_segments=3, reordered_most_ms=0.75)
    path = msgspec.structs.replace(
        one.path, mss_clamped=True, mss_clamped_because=BECAUSE,
        mss_offered=[OfferedSize(point="src", sender="source", mss=8960, frame=1)],
    )  # fmt: skip
    rtt = msgspec.structs.replace(one.rtt, over_time=SPANS)
    return msgspec.structs.replace(one, loss=loss, rtt=rtt, path=path)


def report(one: Migration) -> Report:
    return msgspec.structs.replace(good(), migrations=[one])


@pytest.mark.parametrize("write", [to_terminal, to_markdown])
def test_all_three_are_told(write: object) -> None:
    """With their figures, and when the longest round trip was."""
    shown = " ".join(write(report(suffering())).split())  # type: ignore[operator]
    assert "12 reordered (behind 3 segments or 0.75 ms at most)" in shown
    assert "medians from 0.30 ms to 4.50 ms, longest 9.12 ms after" in shown
    assert "700 kB in flight" in shown
    assert BECAUSE in shown
    assert "MSS clamped on the way" in shown


@pytest.mark.parametrize(
    ("resent", "twice", "words"),
    [
        (0, 90, "0 resent (90 came twice at the receiver: copied on the way, or sent again unseen)"),
        (13, 37, "13 resent (37 came twice at the receiver: copied on the way, or sent again unseen)"),
        (13, 13, "13 resent (13 in vain)"),
        (13, 0, "13 resent,"),
    ],
)
def test_no_more_was_sent_again_in_vain_than_was_sent_again(resent: int, twice: int, words: str) -> None:
    """What the receiver reports beyond that is the network's doubling."""
    one = migration()
    loss = msgspec.structs.replace(one.loss, retransmissions=resent, needless=twice)
    shown = one_line(to_markdown(report(msgspec.structs.replace(one, loss=loss))))
    assert words in shown


@pytest.mark.parametrize("write", [to_terminal, to_markdown])
def test_nothing_is_told_of_what_did_not_happen(write: object) -> None:
    """One part is no course; an MSS that nobody rewrote is no news."""
    one = migration()
    path = msgspec.structs.replace(one.path, mss_clamped=False, mss_clamped_because="SYNs were alike")
    one = msgspec.structs.replace(one, path=path, rtt=msgspec.structs.replace(one.rtt, over_time=SPANS[:2]))
    shown = " ".join(write(report(one)).split())  # type: ignore[operator]
    assert "medians from" not in shown
    assert "clamped" not in shown
    assert "reordered" not in shown


def test_programs_read_them() -> None:
    """JSON by name, Parquet a row for each part."""
    told = json.loads(to_json(report(suffering())))["migrations"][0]
    assert told["rtt"]["over_time"][2]["median_ms"] == 4.5
    assert told["rtt"]["over_time"][1]["least_ms"] is None
    assert told["path"]["mss_clamped"] is True
    assert told["path"]["mss_offered"] == [{"point": "src", "sender": "source", "mss": 8960, "frame": 1, "file": None}]
    assert told["loss"]["reordered_most_segments"] == 3
    frame = report_frames(report(suffering()))["rtt_over_time"]
    assert frame["most_ms"].to_list() == [0.9, None, 9.12]
    assert frame["flight_bytes"].to_list() == [20_000, None, 700_000]


def test_a_limit_far_above_all_that_was_reached_is_told_though_it_is_not_drawn() -> None:
    """A stream of 43 Mbps against 622: a line for it would leave no room for the columns."""
    slow = [SeriesPoint(at_s=n / 100, mbps=40.0) for n in range(100)]
    report = msgspec.structs.replace(good(), migrations=[migration(series=slow)])
    for shown in (to_terminal(report, Look(100)), to_terminal(report, Look(100, height=50), in_full=False)):
        assert "the limit, 622 Mbps, lies above the picture" in one_line(shown)
    assert "lies above" not in to_terminal(good(), Look(100))
