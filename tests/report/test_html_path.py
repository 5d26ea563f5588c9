"""The drawing of the stream's way: the points in order, and what each part of it cost."""

from typing import Any

import msgspec

from tests.report.sample import good
from vmpcap.migration.segment_results import Segment
from vmpcap.report.document import Report
from vmpcap.report.html_path import path_picture
from vmpcap.report.html_tree import markup


def segment(start: str, end: str, back: bool = False, **more: Any) -> Segment:
    """A part of the way on which nothing happened, but for what is said."""
    plain: dict[str, Any] = {
        "from_point": start,
        "to_point": end,
        "direction": "to_source" if back else "to_destination",
        "lost": 0,
        "lost_of": 1000,
        "duplicated": 0,
        "reordered": 0,
        "delay_min_ms": 1.0,
        "delay_p95_ms": 1.05,
        "uncertainty_ms": 0.1,
        "queueing_ms": 0.05,
        "matched": 1000,
        "missed": 0,
        "outside": 0,
        "unseen": 0,
        "recut": False,
        "one_in": 1,
        "because": "",
    }
    return Segment(**(plain | more))


def drawn(*segments: Segment) -> str | None:
    report: Report = good()
    migration = msgspec.structs.replace(report.migrations[0], segments=list(segments))
    picture = path_picture(migration, report)
    return None if picture is None else markup(picture)


def test_points_stand_in_the_order_of_the_way() -> None:
    """Whatever order the segments come in."""
    text = drawn(segment("b", "c"), segment("c", "b", back=True), segment("a", "b"), segment("b", "a", back=True))
    assert text is not None
    assert text.index(">a<") < text.index(">b<") < text.index(">c<")
    assert text.count(">0 of 1,000 lost</span>") == 4


def test_what_was_lost_stands_between_the_points_it_was_lost_between() -> None:
    """Lost, not known and estimated are told apart in words, not by colour alone."""
    text = drawn(
        segment("a", "b", lost=76, lost_of=71_997, queueing_ms=3.9, reordered=2),
        segment("b", "a", back=True, lost=None),
        segment("b", "c", lost=40, one_in=16, duplicated=3),
    )
    assert text is not None
    told = (
        "76 of 71,997 lost",
        "1 ms \u00b1 0.10 ms, queue +3.90 ms, 2 overtaken",
        "losses not known",
        "about 40 of 1,000 lost",
        "1 ms \u00b1 0.10 ms, 3 doubled",
    )
    places = [text.index(words) for words in told]
    assert places == sorted(places)


def test_what_may_be_lost_or_not_recorded_is_not_told_as_whole() -> None:
    """None lost of three says nothing where thirteen more left while the other point showed nothing."""
    text = drawn(segment("a", "b", lost=0, lost_of=3, outside=13))
    assert text is not None
    assert "13 more: lost, or not recorded" in text
    assert 'class="leg unknown"' in text


def test_a_delay_is_told_where_the_clocks_allow_it() -> None:
    """One that the clocks' doubt could make none is not."""
    sure, unsure = drawn(segment("a", "b")), drawn(segment("a", "b", uncertainty_ms=1.2))
    assert sure is not None
    assert unsure is not None
    assert "1 ms \u00b1 0.10 ms" in sure
    assert "1.2" not in unsure


def test_no_drawing_is_better_than_one_of_nothing() -> None:
    """Without a pair of points there is none; a way that leads in a circle ends."""
    assert drawn() is None
    assert drawn(segment("b", "a", back=True)) is None
    assert drawn(segment("a", "b"), segment("b", "a")) is None
