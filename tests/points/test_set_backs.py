"""Clocks that were set back, told batch by batch: where a batch is cut does not matter."""

import random

import numpy as np
import pytest

from vmpcap.points.backwards import set_backs
from vmpcap.points.set_backs import MOST_SETS, SetBackLog
from vmpcap.terms.frame_numbers import with_file
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
    expected = np.stack((ts[timed][last], ts[timed][last + 1], timed[last] + 1, timed[last + 1] + 1), axis=1)
    assert log.rows().tolist() == expected.tolist()


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
def test_of_several_files_each_is_looked_at_by_itself(batch: int) -> None:
    """The second begins an hour before the first ends, as of another interface: no clock was set. Within it one was."""
    first = np.arange(50) * 5 * NS_PER_MS + 10**18
    second = first - 3_600_000 * NS_PER_MS
    second[30:] -= 200 * NS_PER_MS
    log = SetBackLog()
    for file, ts in ((1, first), (2, second)):
        for begin in range(0, len(ts), batch):
            log.absorb(ts[begin : begin + batch], with_file(file, begin + 1), None)
    assert log.rows().tolist() == [[int(second[29]), int(second[30]), with_file(2, 30), with_file(2, 31)]]


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
    assert (np.diff(rows[:, 3]) > 0).all()
