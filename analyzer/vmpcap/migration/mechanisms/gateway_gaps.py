"""Times in which nobody stood for a virtual gateway at the guest's new site, though somebody did before and after."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.gateway_hellos import Hello, hold_of, is_seen
from vmpcap.migration.mechanisms.lapses import Lapse, is_lost_in, say_if_it_lapsed
from vmpcap.migration.moved import on_point
from vmpcap.migration.results import Mechanism
from vmpcap.points.holes import hole_in

NEW: Final = "domain:destination"


def say_if_nobody_stood(case: Case, told: Mechanism, hellos: Sequence[Hello]) -> Mechanism:
    """
    The same answer, unless no router said for longer than its hold time that it is active, and peers were lost then.

    Undecided where frames of the gateway itself are seen meanwhile, or nothing of others: hellos alone were lost then.
    """
    if told.worked != "yes" or case.is_partial(told.name):
        return told
    gaps = [gap for gap in _gaps(case, hellos) if any(is_lost_in(case, s, gap[0].ts, gap[1].ts) for s in case.suffered)]
    lapses = [
        Lapse(
            last.ts,
            first.ts,
            f"the last hello of an active router there ({last.what.sender}) came",
            f"the next, after its hold time, of {first.what.sender}",
            ((last.view, last.what.frame), (first.view, first.what.frame)),
        )
        for last, first in gaps
    ]
    said = say_if_it_lapsed(case, told, lapses)
    if said.worked == "no" and not any(is_seen(case, one, NEW, one.ts, other.ts) for one, other in gaps):
        because = f"{said.because}; whether nobody stood for the gateway, or only its hellos were lost, is not known"
        return msgspec.structs.replace(said, worked="undecided", because=because)
    return said


def _gaps(case: Case, hellos: Sequence[Hello]) -> list[tuple[Hello, Hello]]:
    """Which two hellos of active routers at the new site, one after the other, are farther apart than the hold time?"""
    active = [t for t in hellos if t.view.role == NEW and t.what.state == "active" and t.ts >= case.moment]
    active = sorted((t for t in active if not t.what.is_leaving), key=lambda t: t.ts)
    return [
        (last, first)
        for last, first in pairwise(active)
        if first.ts - last.ts > hold_of(last.what)
        and not last.view.drops
        and hole_in(last.view.holes, on_point(last.view, last.ts), on_point(last.view, first.ts)) is None
    ]
