"""What the charts show is in words, too, with its figures; and what lies outside of them is said."""

import re

import msgspec

from tests.report.sample import at, good, migration
from vmpcap.measures.results import Rtt, RttSpan
from vmpcap.report.about_guest import interruption
from vmpcap.report.as_html import to_html
from vmpcap.report.chart import UNICODE
from vmpcap.report.chart_words import beyond_words, chart_end, goodput_words, over_time_words, round_trip_words
from vmpcap.report.document import Migration, SeriesPoint


def announced(*after_s: float) -> Migration:
    """One second of stream, 100 bins from 1 to 100 Mbps, and announcements so long after its start."""
    moved = migration(start_ts=at(0), series=[SeriesPoint(at_s=n / 100, mbps=float(n + 1)) for n in range(100)])
    (guest,) = moved.guests
    heard = next(iter(guest.announcements.by_point.values()))
    seen = msgspec.structs.replace(heard, times=[at(s) for s in after_s], frames=list(range(len(after_s))))
    told = msgspec.structs.replace(guest.announcements, by_point={"gw": seen})
    gone = msgspec.structs.replace(guest.switchover, bracket=type(guest.switchover.bracket)())
    return msgspec.structs.replace(moved, guests=[msgspec.structs.replace(guest, announcements=told, switchover=gone)])


def test_the_axis_reaches_to_every_announcement_near_enough() -> None:
    """The last of five, 2.33 s after the start, stands in the chart of a stream of a second."""
    assert chart_end(announced(1.1, 2.33)) == 2.33
    assert beyond_words(announced(1.1, 2.33)) == ""


def test_announcements_outside_are_told() -> None:
    """One half a minute later would squeeze the stream into nothing; one before the stream has no place."""
    far = announced(-0.5, 1.1, 30, 31)
    assert chart_end(far) == 1.1
    assert beyond_words(far) == (
        "not in the chart: 1 announcement before it begins, the first 500 ms before; 2 announcements after its end, the"
        " last at 31 s"
    )
    page = to_html(msgspec.structs.replace(good(), migrations=[far]))
    assert beyond_words(far) in page


def test_the_words_of_a_chart_have_its_figures() -> None:
    """Median, 99th percentile, the most and when, what is needed, and the announcements."""
    words = goodput_words(announced(1.1, 1.2), good())
    assert "median 50.5 Mbps, 99th percentile 99 Mbps, most 100 Mbps at 990 ms of 1 s" in words
    assert "622 Mbps needed" in words
    assert "announcements seen 2 times, from 1.1 s to 1.2 s" in words
    spans = [
        RttSpan(
            start_ts=at(a),
            end_ts=at(a + 1),
            least_ms=1.0,
            median_ms=ms,
            most_ms=2 * ms,
            flight_bytes=0,
            resent_bytes=n,
        )
        for a, ms, n in ((0.0, 2.0, 0), (1.0, 8.0, 3000), (2.0, 4.0, 0))
    ]
    moved = migration(start_ts=at(0), rtt=Rtt(samples=9, p50_ms=2.5, p99_ms=15.0, max_ms=16.0, over_time=spans))
    over_time = over_time_words(moved, good())
    assert "longest 16 ms at 1 s" in over_time
    assert "3.0 kB sent again" in over_time
    spread = round_trip_words(moved, good(), "how 9 round trips of m1 spread")
    assert spread == (
        "how 9 round trips of m1 spread: median 2.50 ms, 99th percentile 15 ms, longest 16 ms; at most 5 ms allowed"
    )


def test_an_upper_bound_reads_and_looks_like_one() -> None:
    """The switchover lies within its bracket: no figure with a half width around it, and no solid bar."""
    told = good().migrations[0].guests[0].switchover
    bracket = msgspec.structs.replace(told.bracket, uncertainty_ms=1.013)
    gone = msgspec.structs.replace(told, bracket_ms=213.4, bracket=bracket)
    fact = interruption(gone, "bracket", UNICODE)
    assert fact.text.startswith("at most 215 ms (")
    assert "clocks ± 1.01 ms)" in fact.text
    outage = msgspec.structs.replace(bracket, uncertainty_ms=10.0)
    felt = msgspec.structs.replace(gone, peer_outage_ms=150.0, peer_outage=outage)
    assert interruption(felt, "peer_outage", UNICODE).text.startswith("150 ms ± 10 ms")
    guest = msgspec.structs.replace(good().migrations[0].guests[0], switchover=gone)
    page = to_html(msgspec.structs.replace(good(), migrations=[migration(guests=[guest])]))
    assert ">at most 215 ms<" in page
    assert "within this the guest was gone, and no longer" in page
    assert 'class="swatch gone"' in page


def test_every_chart_of_the_page_has_words_with_figures() -> None:
    """No label that only says what kind of chart it is."""
    labels = re.findall(r'class="chart"[^>]*aria-label="([^"]*)"', to_html(good()))
    assert len(labels) >= 3
    assert all(re.search(r": .*\d", label) for label in labels)
