"""How far is it from the guest's old place to its new one and back, by exchanges and copies that two points saw?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.migration.announced.trail import LEAST_NESTED, crossing_ns, exchanges_with
from vmpcap.migration.moved import Moved
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S

ANSWERED_BEFORE_NS: Final = 30 * NS_PER_S
"""So long before the move the guest's answers at its old place are looked at."""


@dataclass(frozen=True, slots=True)
class Span:
    """Between which two round trips it lies."""

    low_ns: int
    high_ns: int
    because: str


def span_between(guest: Moved, views: Sequence[PointView], moment: int) -> Span | None:
    """
    How long does it take from the old place to the new one and back? None where nothing tells.

    Notes
    -----
    Two points that saw the same exchange are as far apart as the one saw it last longer: clocks play no part. The
    guest's own time to answer counts as distance where only one point saw it, so that the upper bound may be too high.
    The least of many is taken: it holds the shortest queues, and is never shorter than the path. Of a gateway whose
    stamps scatter a client beyond it tells that, by exchanges that passed both: the way between the two counts for both
    places alike, and makes the upper bound too high. The narrowest answer stands.
    """
    spans = [*_by_exchanges(guest, views, moment), *_by_copies(guest, views)]
    return min(spans, key=lambda span: span.high_ns - span.low_ns, default=None)


def _by_exchanges(guest: Moved, views: Sequence[PointView], moment: int) -> Iterator[Span]:
    """From a gateway's port to either place: by the points there, else by how soon the guest answered."""
    for gate in (v for v in views if v.role in ("gateway", None)):
        for timed in [gate] if not gate.line.unsteady_ns else [gate, *(v for v in views if _tells_for(v, gate))]:
            before, after = (
                _timed_by(timed, gate, guest, *edges)
                for edges in ((moment - ANSWERED_BEFORE_NS, moment), (moment, None))
            )
            if min(len(before), len(after)) < LEAST_NESTED:
                continue
            doubt = timed.line.unsteady_ns
            old = _from_gate(
                before, guest, [v for v in views if v.role == "domain:source"], moment - ANSWERED_BEFORE_NS, moment,
                doubt,
            )  # fmt: skip
            new = _from_gate(after, guest, [v for v in views if v.role == "domain:destination"], moment, None, doubt)
            low = max(0, new[0] - old[1], old[0] - new[1])
            yield Span(low, old[1] + new[1], _because(timed, gate))


def _tells_for(view: PointView, gate: PointView) -> bool:
    """May this point beyond the gateway tell how long the guest took, where the gateway's time stamps do not?"""
    return view.role == "client" and view.name != gate.name and not view.line.unsteady_ns


def _timed_by(
    timed: PointView, gate: PointView, guest: Moved, since: int, until: int | None
) -> dict[tuple[int, ...], int]:
    """How long the guest took by the one point, of exchanges that passed the gateway's port as well."""
    took, passed = (exchanges_with(view, guest, since, until) for view in (timed, gate))
    return {key: duration for key, duration in took.items() if key in passed}


def _because(timed: PointView, gate: PointView) -> str:
    told = f"by the guest's answers that {timed.name} saw before and after"
    if timed is not gate:
        return f"{told}, all of which passed {gate.name}, whose time stamps scatter"
    return f"{told}, though its time stamps scatter" if gate.line.unsteady_ns else told


def _from_gate(
    took: dict[tuple[int, ...], int],
    guest: Moved,
    places: Sequence[PointView],
    since: int,
    until: int | None,
    doubt: int,
) -> tuple[int, int]:
    """
    How far is it from the gateway's port to the guest's place, at least and at most, there and back?

    Parameters
    ----------
    took : how long each exchange took there
    doubt : by how much each of these may be wrong, ns; of places whose own time stamps scatter by how much theirs are
        comes on top
    """
    nested = []
    for place in places:
        there = exchanges_with(place, guest, since, until)
        shared = took.keys() & there.keys()
        if len(shared) >= LEAST_NESTED:
            least, wrong = min(took[key] - there[key] for key in shared), doubt + place.line.unsteady_ns
            nested.append((max(0, least - wrong), max(0, least) + wrong))
    if nested:
        return max(low for low, _ in nested), max(high for _, high in nested)
    return 0, min(took.values()) + doubt


def _by_copies(guest: Moved, views: Sequence[PointView]) -> Iterator[Span]:
    """Twice the way of the announcement from the new place to the old one, as far as the clocks let one say."""
    for old in (v for v in views if v.role == "domain:source"):
        for new in (v for v in views if v.role == "domain:destination"):
            late = crossing_ns(new, old, guest)
            if late is not None and late[1] >= 0:
                because = f"by twice the announcement's way from {new.name} to {old.name}"
                yield Span(max(0, 2 * late[0]), 2 * late[1], because)
