"""Which announcement of a series was the first that came to a point, where others of it had died on the way."""

from typing import Final, NamedTuple

from vmpcap.announcements.series import Series
from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

LATE_NS: Final = NS_PER_S
"""No frame takes so long within a domain: what comes later was sent later."""
COPY_NS: Final = 100 * NS_PER_MS
"""Sightings of one announcement lie nearer than this."""


class Came(NamedTuple):
    """When the announcement was sent that came to this point first, by the clock of the point that heard the first."""

    ts: int
    words: str
    """How many came before it, and not here; empty where none."""


def first_to_come(first: tuple[PointView, Series] | None, view: PointView, series: Series) -> Came | None:
    """
    Of the announcements that were heard first elsewhere, which one is it that this point heard first?

    A frame travels for milliseconds; a host repeats its announcement for seconds. Where this point heard none within a
    second of the first, and one that lies beside a later one, the earlier ones died. None where nobody heard a first.
    """
    if first is None:
        return None
    there, sent = first
    late = elapsed_between(there, sent.first_ts, view, series.first_ts)
    if there.name == view.name or late is None or late.ns < LATE_NS:
        return Came(sent.first_ts, "")
    for number, ts in enumerate(sorted(sent.times)):
        apart = elapsed_between(there, ts, view, series.first_ts)
        if number and apart is not None and abs(apart.ns) <= COPY_NS + apart.uncertainty_ns:
            died = f"{count_of(number, 'announcement')} that {there.name} had heard before did not come here"
            return Came(ts, f", {late.ns / NS_PER_S:.1f} s after the first at {there.name}: {died}")
    return Came(sent.first_ts, "")
