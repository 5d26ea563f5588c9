"""Points whose clock was set back: when, as the order of the file tells, and how long it took without that."""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.migration.views import PointView

I64 = npt.NDArray[np.int64]

MOST_STEPS_BACK: Final = 3
"""Where that happens more often, frames were not written in the order of time, and no clock stepped."""


class StepBack(NamedTuple):
    """Times that a point's clock showed twice, and the frames around: the clock went from `high` to `low`."""

    low: int
    high: int
    last_frame: int
    first_frame: int


def steps_back(view: PointView) -> list[StepBack]:
    """When did this point's clock go back, as the order of the file tells without any other point?"""
    if len(view.set_backs) > MOST_STEPS_BACK:
        return []
    return [StepBack(after, before, last, first) for before, after, last, first in view.set_backs.tolist()]


def set_back_before(view: PointView, frames: I64) -> I64:
    """
    By how much had this point's clock been set back, in all, when it saw each of these frames? int64[n], ns

    Notes
    -----
    By so much at least: how long the first frame after came after the last one before nobody knows.
    """
    steps = sorted(steps_back(view), key=lambda step: step.first_frame)
    since = np.array([step.first_frame for step in steps], np.int64)
    back = np.concatenate(([0], np.cumsum([step.high - step.low for step in steps], dtype=np.int64)))
    return back[np.searchsorted(since, frames, "right")]


def as_if_never_set_back(view: PointView) -> PointView:
    """
    The same point by a clock that went on where its own was set back: rows of the journal stay what they are.

    What lies over such a step is too short by that, never too long. Nothing places it beside another point's clock.
    """
    if not steps_back(view):
        return view
    if "never_set_back" not in view.found:
        view.found["never_set_back"] = _gone_on(view)
    found: PointView = view.found["never_set_back"]
    return found


def _gone_on(view: PointView) -> PointView:
    journal = view.journal._replace(ts_ns=view.journal.ts_ns + set_back_before(view, view.journal.frame))
    series = []
    for one in view.series:
        back = set_back_before(view, np.array(one.frames, np.int64)).tolist()
        series.append(replace(one, times=tuple(ts + more for ts, more in zip(one.times, back, strict=True))))
    return replace(
        view,
        journal=journal,
        series=tuple(series),
        last_ts=max([view.last_ts, *journal.ts_ns.tolist()[-1:]]),
        offset=None,
        timeline=None,
    )
