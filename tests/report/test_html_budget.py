"""A page of hundreds of migrations stays small: the worst in full, a row for each, and what is left out is said."""

import re
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from tests.report.sample import at, good, several
from vmpcap.measures.sequence_graph import SequenceGraph, Strokes
from vmpcap.report.as_html import to_html
from vmpcap.report.document import Migration, Report, SeriesPoint
from vmpcap.report.html_budget import MOST_ROWS, thin
from vmpcap.report.worst_first import worst_first

LARGEST = 5_000_000
"""Bytes that a page may have."""
BINS = 2_000
FAILED = (150, 299)
"""Places of the two that failed."""


def many(count: int, failed: Sequence[int] = FAILED) -> Report:
    """Real streams have as many bins as a report holds."""
    (fine,) = good().migrations
    cancelled = several().migrations[2]
    series = [SeriesPoint(at_s=n / 1000, mbps=float(n % 937)) for n in range(BINS)]
    made = []
    for n in range(count):
        own = {"id": f"m{n + 1}", "start_ts": at(60 * n), "end_ts": at(60 * n + 2), "series": series}
        made.append(msgspec.structs.replace(cancelled if n in failed else fine, **own))
    return msgspec.structs.replace(several(), migrations=made)


def graph(points: int = 1_000) -> SequenceGraph:
    one = np.arange(points, dtype=np.int64)
    strokes = Strokes(at_s=one / 7, low=one, high=one + 1, count=one)
    return SequenceGraph(sent=strokes, acked=strokes, again=strokes, late=strokes, width_s=0.001)


@pytest.mark.parametrize("count", [300, MOST_ROWS + 500])
def test_a_page_of_very_many_is_small_and_has_the_worst_in_full(count: int) -> None:
    """Those that failed stand in the middle and at the end: they have articles; each of the others a row."""
    report = many(count)
    page = to_html(report, {f"m{n + 1}": graph() for n in (*FAILED, *range(28))})
    assert len(page.encode()) < LARGEST
    articles = re.findall(r'<article id="(m\d+)"', page)
    assert {f"m{n + 1}" for n in FAILED} <= set(articles)
    assert 10 < len(articles) < count
    assert sorted(articles, key=lambda name: int(name[1:])) == articles, "in the order of time"
    rows = re.findall(r'data-of="id">(?:<a href="#(m\d+)"|<span)>?', page)
    assert len(rows) == min(count, MOST_ROWS)
    assert {name for name in rows if name} == set(articles), "no link leads nowhere"
    (said,) = re.findall(r'<p class="quiet thinned">(.*?)</p>', page)
    assert f"{len(articles)} migrations, the worst, have all their charts" in said
    assert f"of the other {count - len(articles):,}" in said
    assert "bins are wider" in said
    assert "sequence and acknowledgement numbers are drawn for" in said


def test_a_page_of_few_is_whole_and_says_nothing_of_it() -> None:
    """Every bin, every article."""
    page = to_html(many(3, failed=()))
    assert len(re.findall("<article", page)) == 3
    assert 'class="quiet thinned"' not in page


def test_wider_bins_hold_the_same_bytes() -> None:
    """Rates times widths add up to what they were, where whole bins are put together."""
    (before,), after = many(1, failed=()).migrations, thin(many(200, failed=()).migrations)[0]
    assert len(after.series) < BINS
    width = after.series[1].at_s - after.series[0].at_s
    assert width == pytest.approx(0.001 * BINS / len(after.series))
    assert sum(p.mbps for p in after.series) * width == pytest.approx(sum(p.mbps for p in before.series) * 0.001)


def test_the_worst_come_first_and_equals_in_the_order_of_time() -> None:
    """Failed before undecided before passed."""
    fine, _, cancelled = several().migrations
    open_one = msgspec.structs.replace(fine, verdict="undecided")

    def named(m: Migration, name: str) -> Migration:
        return msgspec.structs.replace(m, id=name)

    given = [named(fine, "a"), named(open_one, "b"), named(fine, "c"), named(cancelled, "d")]
    assert [m.id for m in worst_first(given)] == ["d", "b", "a", "c"]
