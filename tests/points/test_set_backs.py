"""Clocks that were set back, told batch by batch: where a batch is cut does not matter."""

import random

import numpy as np
import pytest

from vmpcap.points.backwards import set_backs
from vmpcap.points.set_backs import MOST_SETS, SetBackLog
from vmpcap.terms.units import NO_TIME, NS_PER_MS


@pytest.mark.parametrize("seed", range(200))
def test_steps_are_the_same_however_the_capture_is_cut(seed: int) -> None:
    """Frames out of order, frames without a time and real steps, in batches of one frame and more."""
    rng = random.Random(seed)
    now, times = 10**18, []
    for _ in range(rng.randrange(5, 120)):
        now += rng.randrange(5 * NS_PER_MS)
        if rng.random() < 0.05:
            now -= rng.randrange(3, 900) * NS_PER_MS
        late = rng.randrange(40 * NS_PER_MS) if rng.random() < 0.05 else 0
        times.append(NO_TIME if rng.random() < 0.03 else now - late)
    ts, log, begin = np.array(times, np.int64), SetBackLog(), 0
    while begin < len(ts):
        end = begin + rng.choice((1, 2, 3, 10, 40))
        log.absorb(ts[begin:end], begin + 1, None)
        begin = end
    timed = np.flatnonzero(ts != NO_TIME)
    last = set_backs(ts[timed])
    expected = np.stack((ts[timed][last], ts[timed][last + 1], timed[last + 1] + 1), axis=1)
    assert log.rows().tolist() == expected.tolist()


def test_of_too_many_steps_the_largest_are_kept() -> None:
    """In the order of the capture."""
    now, times = 10**18, []
    for step in range(2 * MOST_SETS):
        times += [now + n * NS_PER_MS for n in range(10)]
        now += 9 * NS_PER_MS - (20 + step) * NS_PER_MS
    log = SetBackLog()
    log.absorb(np.array(times, np.int64), 1, None)
    rows = log.rows()
    assert len(rows) == MOST_SETS
    assert (rows[:, 0] - rows[:, 1] >= (20 + MOST_SETS - 1) * NS_PER_MS).all()
    assert (np.diff(rows[:, 2]) > 0).all()
