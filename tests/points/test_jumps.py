"""Steps of a clock, and what looks like one and need not be."""

import pytest

from tests.points.made import MS, S
from vmpcap.points.jumps import Jump, how_often


@pytest.mark.parametrize(
    ("seconds", "change", "begins"),
    [
        (0.1, (7, 9), "the clocks stepped apart"),
        (10.0, (100, 101), "the clocks stepped apart"),
        (10.8, (5, 11), "a clock stepped, or was slewed,"),
        (10.8, (-11, -5), "a clock stepped, or was slewed,"),
        (10.8, (-1, 11), "the clocks may have stepped apart"),
    ],
)
def test_a_clock_that_a_time_service_slews_is_not_called_one_that_stepped(
    seconds: float, change: tuple[int, int], begins: str
) -> None:
    """Five milliseconds in eleven seconds are 463 ppm: NTP corrects a clock so. A step takes no time at all."""
    jump = Jump(0, int(seconds * S), change[0] * MS, change[1] * MS, True)
    assert jump.what.startswith(begins)
    assert jump.is_shown is (begins == "the clocks stepped apart")
    assert jump.back.what == jump.what
    assert ("slewed" in how_often([jump])) is ("slewed" in begins)


def test_a_step_of_which_nothing_bounds_one_side_stays_one() -> None:
    """How much it was is not known: no rate is told by it."""
    assert Jump(0, 10 * S, MS, 2 * MS, False).is_shown
