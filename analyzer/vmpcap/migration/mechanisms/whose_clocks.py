"""Times after a switchover: from which event they are counted, and by clocks that packets compare or do not."""

from typing import Final

import msgspec

from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.moved import on_point
from vmpcap.migration.results import Mechanism
from vmpcap.migration.views import PointView

SINCE: Final = "after the switchover"


def say_whose_clocks(case: Case, told: Mechanism) -> Mechanism:
    """The same answer; where its times rest on two clocks that no packet compares, it says so."""
    seen = where_it_moved(case)
    if seen is None or (told.latency_ms is None and SINCE not in told.because):
        return told
    here, ts = seen
    points = {sighted.point for sighted in told.evidence}
    apart = sorted(
        view.name
        for view in case.views
        if view.name in points and elapsed_between(here, ts, view, on_point(view, case.moment)) is None
    )
    if not apart:
        return told
    names = ", ".join(apart)
    because = (
        f"{told.because} (no packet compares the clocks of {here.name} and {names}: times are as these clocks say)"
    )
    return msgspec.structs.replace(told, because=because)


def say_since_when(case: Case, told: Mechanism) -> Mechanism:
    """
    The same answer; where nothing shows the guest at its new place, that its times are counted from the stream's end.

    A guest that is copied first comes back after that: each time is an upper bound, by as long as nobody ran it.
    """
    if case.guest.first_heard is not None or case.move is None:
        return told
    if told.latency_ms is None and SINCE not in told.because:
        return told
    because = (
        f"{told.because} (no point shows when the guest began to run at its new place: times are counted from the "
        "stream's end, and are at most so long after the switchover)"
    )
    is_bound = told.latency_is_at_most or told.latency_ms is not None
    return msgspec.structs.replace(told, because=because, latency_is_at_most=is_bound)


def where_it_moved(case: Case) -> tuple[PointView, int] | None:
    """Which frame, on the clock of its own point, stands for the switchover?"""
    first = case.guest.first_heard
    if first is not None:
        return first[0], first[1].first_ts
    if case.move is None:
        return None
    best = case.move.best
    last = best.transfer.last_data_ts
    return best.view, last if last is not None else case.move.end_ts
