"""Where a guest's announcement went: the points of its domain, bridge by bridge, where it was heard and where not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final, Literal
from xml.etree.ElementTree import Element

from vmpcap.migration.results import Guest, PointAnnouncements
from vmpcap.report.document import Report
from vmpcap.report.html_steps import Leg, State, Stop, steps
from vmpcap.report.words import figure, vlans
from vmpcap.terms.units import count_of

HOST_SIDE: Final = "domain:destination"
OLD_PLACE: Final = "domain:source"

Between = Literal["lost", "heard", "ended", "silent", "unknown"]
WORDS: Final[dict[Between, tuple[State, str]]] = {
    "lost": ("lossy", "lost here"),
    "heard": ("clean", "heard at both"),
    "ended": ("plain", "not heard behind"),
    "silent": ("plain", ""),
    "unknown": ("plain", "way not known"),
}
"""What is said between two columns."""


@dataclass(frozen=True, slots=True)
class Trail:
    """The points in the order in which packets of the guest show them as neighbours."""

    columns: tuple[tuple[str, ...], ...]
    between: tuple[Between, ...]


def trail_picture(guest: Guest, report: Report) -> Element | None:
    """The drawing; None where no two points could hear the guest's announcements, or none was made in view."""
    found = trail_of(guest, {given.point: given.role or "" for given in report.inputs})
    if found is None:
        return None
    roles = {given.point: given.role or "" for given in report.inputs}
    columns = [[_stop(point, roles.get(point, ""), guest) for point in column] for column in found.columns]
    links = [[Leg(state, (words,) if words else ())] for state, words in (WORDS[kind] for kind in found.between)]
    return steps(columns, links, f"where the announcement of {guest.mac} went")


def trail_of(guest: Guest, roles: dict[str, str]) -> Trail | None:
    """
    In which order do the points stand that could hear the announcement?

    From where it was heard first, each next column holds the neighbours of the one before: between which it died, or
    between which packets of the guest and its peers passed. Points of which no packet shows a neighbour come last.
    """
    heard = guest.announcements
    could = [point for point, seen in heard.by_point.items() if seen.seen is not None]
    if len(could) < 2 or not heard.count:
        return None
    lost = {frozenset(pair) for pair in product(heard.last_seen_at, heard.first_missing_at)}
    ways = {when: {frozenset((s.from_point, s.to_point)) for s in guest.segments if s.when == when} for when in ERAS}
    columns = [_first(could, heard.by_point, roles, lost)]
    for joined in (lost | ways["after"], ways["before"]):
        while beyond := [p for p in could if p not in _all(columns) and _is_joined(p, columns[-1], joined)]:
            columns.append(beyond)
    known = len(columns)
    columns += [left] if (left := [p for p in could if p not in _all(columns)]) else []
    neighbours = lost | ways["after"] | ways["before"]
    between = [
        _between(a, b, heard.by_point, lost, neighbours) if number < known else "unknown"
        for number, (a, b) in enumerate(pairwise(columns), 1)
    ]
    return Trail(tuple(map(tuple, columns)), tuple(between))


ERAS: Final = ("after", "before")


def _first(
    could: Sequence[str], by_point: dict[str, PointAnnouncements], roles: dict[str, str], lost: set[frozenset[str]]
) -> list[str]:
    """Where it was heard first; beside it the points at its host whose place behind or before it nobody knows."""
    at_host = [p for p in could if roles.get(p) == HOST_SIDE]
    seen = [p for p in could if by_point[p].seen]
    first = [p for p in at_host or seen if by_point[p].delay_ms == 0] or [p for p in at_host if p in seen]
    if not first:
        return at_host or seen[:1] or list(could[:1])
    last = {point for pair in lost for point in pair}
    beside = [p for p in at_host if p in seen and p in last and by_point[p].delay_ms is None]
    return [p for p in could if p in first or p in beside]


def _all(columns: Sequence[Sequence[str]]) -> list[str]:
    return [point for column in columns for point in column]


def _is_joined(point: str, column: Sequence[str], ways: set[frozenset[str]]) -> bool:
    return any(frozenset((point, other)) in ways for other in column)


def _between(
    first: Sequence[str],
    second: Sequence[str],
    by_point: dict[str, PointAnnouncements],
    lost: set[frozenset[str]],
    neighbours: set[frozenset[str]],
) -> Between:
    """What became of it between these columns?"""
    pairs = [(a, b) for a, b in product(first, second) if frozenset((a, b)) in neighbours]
    if any(frozenset(pair) in lost for pair in pairs):
        return "lost"
    if any(by_point[a].seen and by_point[b].seen for a, b in pairs):
        return "heard"
    return "ended" if any(by_point[a].seen for a, _ in pairs) else "silent"


def _stop(point: str, role: str, guest: Guest) -> Stop:
    seen = guest.announcements.by_point[point]
    is_first_missing = point in guest.announcements.first_missing_at
    if not seen.seen:
        return Stop(point, role, ("not heard",), "lossy" if is_first_missing else "plain", seen.because)
    state: State = "lossy" if seen.wrong else "clean"
    return Stop(point, role, tuple(_told(seen)), state, seen.because)


def _told(seen: PointAnnouncements) -> Iterator[str]:
    """How late it was heard there, how often, and in which segment."""
    if seen.delay_ms is None:
        yield "heard"
    elif seen.delay_ms == 0:
        yield "heard first"
    else:
        yield f"heard +{figure(seen.delay_ms, 'ms')}"
    doubt = f"\u00b1 {figure(seen.delay_uncertainty_ms, 'ms')}, " if seen.delay_ms and seen.delay_uncertainty_ms else ""
    yield f"{doubt}{count_of(len(seen.frames), 'frame')}"
    where = vlans(seen.vlan, seen.vni)
    if where:
        yield f"{where}, not the guest's" if seen.wrong else where


def deaf_points(guest: Guest) -> str:
    """Which points could not hear it, and why?"""
    why: dict[str, list[str]] = {}
    for point, seen in guest.announcements.by_point.items():
        if seen.seen is None:
            why.setdefault(seen.because, []).append(point)
    return "; ".join(f"{', '.join(points)}: {because}" for because, points in why.items())
