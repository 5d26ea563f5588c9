"""The curve of shares beside the percentiles: it says no other figure than they do."""

import msgspec
import pytest

from vmpcap.measures.results import HistogramBin, Rtt
from vmpcap.report.shares import known_shares

LOSSY = Rtt(
    samples=9_002,
    min_ms=10.053,
    p5_ms=10.125,
    p50_ms=10.306,
    p90_ms=10.667,
    p95_ms=10.932,
    p99_ms=11.522,
    max_ms=16.456,
    histogram=[
        HistogramBin(low_ms=9.976, high_ms=10.879, count=8_496),
        HistogramBin(low_ms=10.879, high_ms=11.863, count=446),
        HistogramBin(low_ms=11.863, high_ms=16.777, count=60),
    ],
)
"""Nine of ten samples in one bin, which begins below the least of them."""


def drawn(rtt: Rtt, at: float) -> float:
    """Which share does a curve show here that holds its height until the next point?"""
    return max((share for ms, share in known_shares(rtt) if ms <= at), default=0.0)


@pytest.mark.parametrize(
    ("name", "share"), [("p5_ms", 5), ("p50_ms", 50), ("p90_ms", 90), ("p95_ms", 95), ("p99_ms", 99)]
)
def test_it_goes_through_each_percentile_that_is_told(name: str, share: float) -> None:
    """At the median it stands at half, not where a straight line through a wide bin would."""
    at = getattr(LOSSY, name)
    assert drawn(LOSSY, at) == share
    assert drawn(LOSSY, at * 0.9999) < share


def test_it_begins_at_the_least_sample_and_ends_at_the_greatest() -> None:
    """No share of samples where there is none, and all of them where the last is."""
    points = known_shares(LOSSY)
    assert points[0] == (10.053, 0.0)
    assert points[-1] == (16.456, 100.0)
    assert [at for at, _ in points] == sorted(at for at, _ in points)
    assert [share for _, share in points] == sorted(share for _, share in points)


def test_where_bins_end_their_counts_are_known() -> None:
    """8,496 of 9,002 took at most 10.879 ms."""
    assert drawn(LOSSY, 10.879) == pytest.approx(94.379, abs=0.001)


def test_of_one_sample_all_are_at_its_duration() -> None:
    """A step there."""
    one = HistogramBin(low_ms=0.9, high_ms=1.1, count=1)
    rtt = Rtt(samples=1, histogram=[one], **dict.fromkeys(("min_ms", "p5_ms", "p50_ms", "p99_ms", "max_ms"), 1.0))
    assert drawn(rtt, 1.0) == 100.0
    assert drawn(rtt, 0.99) == 0.0


def test_without_samples_there_is_no_curve() -> None:
    """Nothing is drawn of nothing."""
    assert known_shares(Rtt(samples=0)) == []
    assert known_shares(msgspec.structs.replace(LOSSY, min_ms=None)) == []
