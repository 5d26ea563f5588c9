"""Which segments a path dropped for their size, where the capture behind it shows nothing after the small ones."""

import numpy as np
import pytest

from vmpcap.migration.stream.too_large import count_too_large
from vmpcap.points.kernels.keys import Kept
from vmpcap.points.passage import Passage

SIZE = 8948
WINDOW = (0, 100)


def kept(*rows: tuple[int, int, int]) -> Kept:
    """Data packets of (key, ns, payload bytes), numbered from 1."""
    empty = {name: np.zeros(len(rows), np.int64) for name in Kept._fields}
    key, ts, size = (np.array([row[n] for row in rows], np.int64) for n in range(3))
    return Kept(**empty)._replace(
        key=key.astype(np.uint64), ts_ns=ts, payload_bytes=size.astype(np.int32), frame=np.arange(1, len(rows) + 1)
    )


def passed(lost: int | None = 0) -> Passage:
    """One small segment came; three left when the second point no longer recorded."""
    return Passage(
        sent=1, lost=lost, lost_frames=(), missed=0, outside=3, came_outside=0, duplicated=0, unseen=0, recut=False
    )


HERE = kept((1, 50, 61), (2, 200, SIZE), (3, 300, SIZE), (4, 400, 700))
THERE = kept((1, 55, 61))


def test_large_ones_that_never_came_are_lost_and_small_ones_behind_them_stay_open() -> None:
    """The second point may have stopped recording: of the last small one nobody knows."""
    found = count_too_large(passed(), HERE, THERE, SIZE, WINDOW)
    assert (found.lost, found.sent, found.outside, found.lost_frames) == (2, 3, 1, (2, 3))


@pytest.mark.parametrize(
    ("there", "size", "lost"),
    [
        (THERE, None, 0),  # nothing was sent again in vain
        (kept((1, 55, 61), (9, 60, SIZE)), SIZE, 0),  # another of that size came
        (kept(), SIZE, 0),  # nothing came at all: no size is to blame
        (THERE, SIZE, None),  # too many packets to keep them all
    ],
)
def test_without_the_signature_of_a_size_nothing_more_is_lost(there: Kept, size: int | None, lost: int | None) -> None:
    """What left when the second point recorded nothing is lost or not recorded."""
    assert count_too_large(passed(lost), HERE, there, size, WINDOW) == passed(lost)
