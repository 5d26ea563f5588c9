"""The picture of a migration in characters."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.sample import at, good, guest, migration, series
from vmpcap.measures.results import HistogramBin
from vmpcap.report.chart import ASCII, UNICODE, Line, draw, histogram_line
from vmpcap.report.document import SeriesPoint


def lines_of(kind: str, lines: list[Line]) -> list[str]:
    return [line.text for line in lines if line.kind == kind]


def heights(lines: list[Line]) -> list[float]:
    """How high each column is, read from its characters, in parts of the whole picture."""
    bars = lines_of("bars", lines)
    blocks = " ▁▂▃▄▅▆▇█"
    return [sum(max(blocks.find(row[i]), 0) for row in bars) / (8 * len(bars)) for i in range(len(bars[0]))]


def top_mbps(lines: list[Line]) -> float:
    """What the topmost label says."""
    label = next(line.label for line in lines if line.kind == "bars")
    return float(label.removesuffix(" Mbps").replace(",", ""))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_line_of_the_picture_is_as_wide_as_the_others_and_fits(width: int, glyphs: object) -> None:
    """Labels and columns together never pass the width."""
    lines = draw(migration(), 622.0, width, glyphs)  # type: ignore[arg-type]
    assert len({len(line.text) for line in lines}) == 1
    assert max(len(line.label) for line in lines) + 1 + len(lines[0].text) <= width


def test_the_columns_show_the_rates_of_the_series() -> None:
    """Read back from the characters, each column is the mean of its bins to an eighth of a row."""
    flat = [SeriesPoint(at_s=i / 10, mbps=100.0 * (1 + i // 10)) for i in range(40)]
    moved = migration(series=flat, phases=[], guests=[], duration_s=4.0)
    lines = draw(moved, None, 120, UNICODE)
    found = heights(lines)
    assert top_mbps(lines) == 400
    end = 4.0 * 1.01
    for i, height in enumerate(found):
        middle = (i + 0.5) * end / len(found)
        beside = 0.6 * end / len(found)
        near = {100.0 * (1 + int(max(min(t, 3.99), 0))) for t in (middle - beside, middle, middle + beside)}
        assert min(near) - 400 / 40 <= height * 400 <= max(near) + 400 / 40 or middle > 4.0


def test_the_limit_is_drawn_with_its_unit_where_it_lies_in_the_picture() -> None:
    """A limit far above everything would press the picture flat, and is left out."""
    drawn = draw(migration(), 622.0, 80, UNICODE)
    assert "limit 622 Mbps" in [line.label for line in drawn]
    assert any("┄" in text for text in lines_of("bars", drawn))
    far = draw(migration(), 10_000.0, 80, UNICODE)
    assert not any("limit" in line.label for line in far)
    assert not any("┄" in text for text in lines_of("bars", far))


def test_phases_switchover_and_announcements_stand_under_the_times_they_happened() -> None:
    """Found again from their columns, within one column's width."""
    lines = draw(migration(), 622.0, 120, UNICODE)
    (phases,), (bracket,), (marks,) = (lines_of(kind, lines) for kind in ("phases", "switchover", "announced"))
    axis = lines_of("axis", lines)[0]
    end = float(axis.split()[-2])
    column = end / len(axis)
    assert phases.index("bulk 1") * column == pytest.approx(6.676 - 6.616, abs=2.5 * column)
    assert bracket.index("[") * column == pytest.approx(7.886 - 6.616, abs=1.5 * column)
    assert bracket.index("]") * column == pytest.approx(8.0474 - 6.616, abs=1.5 * column)
    assert marks.index("A") * column == pytest.approx(8.0474 - 6.616, abs=1.5 * column)


def test_a_mark_far_behind_the_stream_is_an_arrow_at_the_edge() -> None:
    """An announcement minutes later does not squeeze the stream into one column."""
    moved = guest()
    late = {"gw": msgspec.structs.replace(moved.announcements.by_point["gw-lan"], first_ts=at(600))}
    moved = msgspec.structs.replace(moved, announcements=msgspec.structs.replace(moved.announcements, by_point=late))
    lines = draw(migration(guests=[moved]), 622.0, 80, UNICODE)
    assert lines_of("announced", lines)[0].rstrip().endswith(">")
    assert float(lines_of("axis", lines)[0].split()[-2]) < 3


def test_without_a_series_there_is_no_picture() -> None:
    """Nothing is drawn from nothing."""
    assert draw(migration(series=[]), 622.0, 80, UNICODE) == []


@given(
    rates=st.lists(st.floats(0, 1e6), min_size=1, max_size=300),
    width=st.integers(40, 120),
    limit=st.none() | st.floats(0.1, 1e6),
)
def test_any_series_can_be_drawn(rates: list[float], width: int, limit: float | None) -> None:
    """Short, long, all zero or wild: the picture keeps its shape."""
    points = [SeriesPoint(at_s=i / 100, mbps=rate) for i, rate in enumerate(rates)]
    lines = draw(migration(series=points), limit, width, UNICODE)
    assert len({len(line.text) for line in lines}) == 1
    assert max(len(line.label) for line in lines) + 1 + len(lines[0].text) <= max(width, 40)


def test_a_migration_without_times_is_drawn_without_marks() -> None:
    """Phases and announcements have no place where nothing has a time."""
    lines = draw(migration(start_ts=None, end_ts=None, duration_s=None), 622.0, 80, UNICODE)
    assert not lines_of("switchover", lines)
    assert not lines_of("announced", lines)


@given(counts=st.lists(st.integers(0, 10**6), max_size=400), width=st.integers(40, 120))
def test_the_spread_of_samples_fits_beside_its_label(counts: list[int], width: int) -> None:
    """Both ends have their unit, the highest character stands for the most samples."""
    bins = [HistogramBin(low_ms=i / 10, high_ms=(i + 1) / 10, count=n) for i, n in enumerate(counts)]
    shown = histogram_line(bins, width, UNICODE)
    if not any(counts):
        assert shown == ""
        return
    assert len(shown) + 2 + 14 <= width
    low, unit, bars, high, other = shown.split(" ")
    assert unit == other == "ms"
    assert "█" in bars
    assert float(low) <= float(high)


def test_the_sample_has_a_picture() -> None:
    """The made report draws what it is made of: a plateau near 742 Mbps and a last burst of 801."""
    lines = draw(good().migrations[0], 622.0, 120, UNICODE)
    assert top_mbps(lines) == 801
    assert max(point.mbps for point in series()) == 801
