"""A point whose clock was set back, by one that went on: its times in the order of the file."""

from dataclasses import replace

import numpy as np
import pytest

from tests.migration.make import GATEWAY, GUEST, GUEST_IP, MS, PEER_IP, announced, journal, view
from vmpcap.migration.steps_back import MOST_STEPS_BACK, as_if_never_set_back, set_back_before
from vmpcap.migration.views import PointView
from vmpcap.points.set_backs import SetBackLog


def point(*times_ms: int) -> PointView:
    """A gateway's port that saw a frame of the guest at each of these times, in this order."""
    rows = journal(*((ts * MS, GUEST, GATEWAY, GUEST_IP, PEER_IP) for ts in times_ms))
    log = SetBackLog()
    log.absorb(rows.ts_ns, int(rows.frame[0]), None)
    return view("gw", "gateway", journal=rows, set_backs=log.rows(), last_ts=int(rows.ts_ns.max()))


def test_times_go_on_over_each_step_as_if_no_time_had_passed() -> None:
    """Set back by 35 and by 75 ms, each between two frames that are 10 ms apart in truth."""
    seen = point(100, 110, 120, 95, 105, 115, 50, 60, 70)
    assert (np.diff(set_back_before(seen, seen.journal.frame)) != 0).sum() == 2
    told = as_if_never_set_back(seen)
    assert (told.journal.ts_ns // MS).tolist() == [100, 110, 120, 120, 130, 140, 140, 150, 160]
    assert told.last_ts == 160 * MS
    assert told.line.on_reference(7) == 7


def test_an_announcement_after_a_step_moves_with_the_frames_around_it() -> None:
    """One before, one after."""
    seen = point(100, 110, 120, 95, 105, 115)
    frames = tuple(int(seen.journal.frame[n]) for n in (1, 4))
    heard = replace(announced(110 * MS, 105 * MS), frames=frames)
    (told,) = as_if_never_set_back(replace(seen, series=(heard,))).series
    assert told.times == (110 * MS, 130 * MS)


@pytest.mark.parametrize("steps", [0, MOST_STEPS_BACK + 1])
def test_a_point_without_steps_or_out_of_order_is_left_as_it_is(steps: int) -> None:
    """Several files put together one after the other are no clock that was set."""
    times = [ts for n in range(steps + 1) for ts in (500 - 50 * n, 510 - 50 * n, 520 - 50 * n)]
    seen = point(*times)
    assert len(seen.set_backs) == steps
    assert as_if_never_set_back(seen) is seen
    assert not set_back_before(seen, seen.journal.frame).any()
