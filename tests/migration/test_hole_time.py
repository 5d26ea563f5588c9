"""What was acknowledged right after a hole in a capture, put where it flowed."""

import numpy as np
import pytest

from tests.measures.test_limits import together
from vmpcap.migration.stream.hole_time import spread_over_holes


@pytest.fixture
def names() -> dict[str, list[int]]:
    """Ten bytes a bin; four bins of which nothing was seen, then one acknowledgement for all of it."""
    return {"new_bytes": [10, 10, 0, 0, 0, 0, 10, 10], "delivered_bytes": [10, 10, 0, 0, 0, 0, 50, 10]}


def test_a_jump_after_a_hole_is_spread_over_it(names: dict[str, list[int]]) -> None:
    """No bin has more than the link carried, and none is left over."""
    told = spread_over_holes(together(8, **names), 40)
    assert told.delivered_bytes.tolist() == [10, 10, 8, 8, 8, 8, 18, 10]
    assert told.new_bytes.tolist() == names["new_bytes"]


def test_a_pause_without_missing_bytes_stays_a_pause(names: dict[str, list[int]]) -> None:
    """The sender slept, or a loss held the acknowledgement up: nothing was missed by the capture."""
    assert spread_over_holes(together(8, **names), 0).delivered_bytes.tolist() == names["delivered_bytes"]


def test_a_jump_that_is_small_beside_what_is_missing_is_left(names: dict[str, list[int]]) -> None:
    """An acknowledgement after a pause, in a capture that lacks much elsewhere."""
    told = spread_over_holes(together(8, **names), 4000)
    assert np.array_equal(told.delivered_bytes, names["delivered_bytes"])
