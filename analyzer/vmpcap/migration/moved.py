"""A guest that moved, and times on its points' clocks."""

from dataclasses import dataclass
from typing import Final, Literal

from vmpcap.announcements.series import Series
from vmpcap.migration.views import PointView
from vmpcap.points.timeline import elapsed
from vmpcap.terms.addresses import ip_text, mac_text
from vmpcap.terms.units import NS_PER_MS

Confidence = Literal["high", "medium", "low"]
BADLY_KNOWN_NS: Final = 5 * NS_PER_MS
"""Clocks known no better than this tell no order of sightings of an announcement within one domain."""

DOUBTED_NS: Final = 50 * NS_PER_MS
"""A clock known no better than this does not tell when a guest was announced, if another that heard it does."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A guest that moved: one MAC, with what each point heard of it."""

    mac: int
    ips: tuple[tuple[int, int], ...]
    heard: tuple[tuple[PointView, Series], ...]
    confidence: Confidence
    because: str
    unmeant: tuple[tuple[str, int], ...] = ()
    """What hosts announced for it too early: point and time of each frame, which is no sign of the guest."""
    changed_hosts: bool = False
    """Whether its packets passed the source's host, and the destination's alone since a moment while the stream ran."""
    told_by: PointView | None = None
    """Whose clock tells since when it can have been at its new place, where no announcement is left that does."""
    is_beside: bool = False
    """Whether it is told of only because it stopped when an announced guest did: nothing shows that it moved."""
    by_one_seldom: bool = False
    """Whether all that joins it to the migration is one peer that asked it seldom: it may as well have left then."""

    def series_at(self, view: PointView) -> Series | None:
        """The announcements of this move that this point heard."""
        return next((s for v, s in self.heard if v.name == view.name), None)

    @property
    def first_heard(self) -> tuple[PointView, Series] | None:
        """
        The earliest sighting of an announcement, on the reference clock.

        Of clocks that were not compared none is earlier: then by those of a point in the destination's domain, where it
        begins, or else by those of most points. Where a clock was set, or is known badly, that domain's point is taken
        that may as well have been first.
        """
        groups: dict[int, list[PointView]] = {}
        for view, _ in self.heard:
            groups.setdefault(view.line.group, []).append(view)

        def worth(pair: tuple[PointView, Series]) -> tuple[bool, int, int]:
            fellows = groups[pair[0].line.group]
            is_begin = any(view.role == "domain:destination" for view in fellows)
            return not is_begin, -len(fellows), on_reference(pair[0], pair[1].first_ts)

        first = min(self.heard, key=worth, default=None)
        begins = [pair for pair in self.heard if first is not None and _may_be_as_early(first, pair)]
        return min(begins, key=worth, default=first)


def _may_be_as_early(first: tuple[PointView, Series], other: tuple[PointView, Series]) -> bool:
    """Does this point stand where announcements begin, and nobody can say that the first one was earlier?"""
    if other[0].role != "domain:destination" or first[0].role == "domain:destination":
        return False
    late = elapsed(first[0].line, first[1].first_ts, other[0].line, other[1].first_ts)
    return late is not None and late.is_later is None and late.uncertainty_ns > BADLY_KNOWN_NS


def on_reference(view: PointView, ts: int) -> int:
    """
    When was that on the reference point's clock?

    By what is taken for the clock then: good enough to say what belongs together. Who measures, or asks which of two
    was first, asks `timing.elapsed_between`, which tells the doubt too.
    """
    return view.line.on_reference(ts)


def announced_at(guest: Moved) -> int | None:
    """
    When was this guest announced first, on the reference clock? None where nobody heard it.

    Where the clock that shows it first is known badly, another that heard it and is known best tells when that was: the
    middle of what a clock may have shown twice is a time at which nothing happened.
    """
    first = guest.first_heard
    if first is None:
        return None
    low, high = first[0].line.bounds_on_reference(first[1].first_ts)
    if high - low <= DOUBTED_NS:
        return on_reference(first[0], first[1].first_ts)
    told = {
        (most - least, on_reference(view, series.first_ts))
        for view, series in guest.heard
        for least, most in [view.line.bounds_on_reference(series.first_ts)]
        if view.line.group == first[0].line.group and least <= high and low <= most
    }
    return min(told)[1]


def on_point(view: PointView, reference_ts: int) -> int:
    """When was that reference time on this point's clock? The inverse of on_reference."""
    return view.line.on_point(reference_ts)


def guest_name(guest: Moved) -> str:
    """How is the guest called in a sentence? By its MAC and first address."""
    mac = mac_text(guest.mac)
    first = ip_text(*guest.ips[0]) if guest.ips else None
    return f"{mac} ({first})" if mac and first else mac or first or "the guest"
