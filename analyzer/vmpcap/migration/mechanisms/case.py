"""What a mechanism is judged by: one guest's move with all that was seen of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.routes.rows import GatewayHello, RouteNews
from vmpcap.migration.mechanisms.returns import free_since, returns_of
from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.news import news_of
from vmpcap.migration.packets.conflicts import NOT_EXAMINED, Conflict
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.peers.at_first import at_switchover
from vmpcap.migration.results import Announcements, Domain, Mechanism, Path, Sighted
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.detours import Detour
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text, mac_text
from vmpcap.terms.distinct import distinct
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, count_of

What = TypeVar("What", RouteNews, GatewayHello)
Worked = Literal["yes", "no", "undecided"]

IN_THE_DOMAIN: Final = ("domain:source", "domain:destination", "gateway", None)
"""Roles of points that may stand in the guest's broadcast domain."""

NOT_ASKED: Final = Detour(None, "nobody asked")

MOST_FRAMES: Final = 12
"""So many frame numbers are given as evidence per point."""


@dataclass(frozen=True, slots=True)
class Told(Generic[What]):
    """Something said at one point; its time on the reference clock."""

    view: PointView
    ts: int
    what: What


@dataclass(frozen=True, slots=True)
class Trip:
    """One migration of these captures: when, between which hosts, whom it carried. Times on the reference clock."""

    start: int
    end: int
    source: str
    destination: str
    macs: frozenset[int]
    is_live: bool = True
    """Whether streams on its port carry running machines."""


@dataclass(frozen=True, slots=True)
class Case:
    """One guest's move."""

    guest: Moved
    views: tuple[PointView, ...]
    moment: int
    """When the guest changed places, on the reference clock, ns."""
    completed: bool | None
    """Whether the stream came to its end; None where that is not known."""
    path: Path
    domain: Domain
    suffered: tuple[Suffered, ...]
    reachability: Reachability
    move: Move | None = None
    """The stream at every point; None where a judge is asked without one."""
    split: Detour = NOT_ASKED
    """Whether a proxy ends the stream's TCP on the way."""
    trip: Trip | None = None
    """The move itself; None where only the guest is known."""
    others: tuple[Trip, ...] = ()
    """The other migrations of these captures, in the order of their start."""
    second_place: Conflict = NOT_EXAMINED
    """Whether its MAC went on sending at its old place."""
    announcements: Announcements | None = None
    """What was heard of it and where that died; None where a judge is asked without."""

    @property
    def mac(self) -> str:
        """The guest's MAC as text, empty where it is not known."""
        return mac_text(self.guest.mac) or ""

    @property
    def ips(self) -> tuple[str, ...]:
        """The guest's addresses as text."""
        return tuple(ip_text(high, low) for high, low in self.guest.ips)

    @property
    def end(self) -> int:
        """When the last point's capture ended, on the reference clock."""
        return max((on_reference(view, view.last_ts) for view in self.views), default=self.moment)

    def after(self, ts: int) -> int:
        """How long after the switchover is that time on the reference clock, ns?"""
        return ts - self.moment

    def routes(self, *protocols: str) -> list[Told[RouteNews]]:
        """All news of these protocols, in the order of time."""
        told = [
            Told(view, on_reference(view, news.ts_ns), news)
            for view in self.views
            for news in news_of(view).routes
            if news.protocol in protocols
        ]
        return sorted(told, key=lambda t: t.ts)

    def hellos(self, protocol: str) -> list[Told[GatewayHello]]:
        """All hellos of this protocol, in the order of time."""
        told = [
            Told(view, on_reference(view, hello.ts_ns), hello)
            for view in self.views
            for hello in news_of(view).hellos
            if hello.protocol == protocol
        ]
        return sorted(told, key=lambda t: t.ts)

    def is_partial(self, *protocols: str) -> bool:
        """Were frames of these protocols left out, or not readable, at any point?"""
        return any(
            name in counted
            for view in self.views
            for counted in (view.control.left_out, news_of(view).unread)
            for name in protocols
        )

    @property
    def cut_off(self) -> tuple[Suffered, ...]:
        """Peers that never got an answer again."""
        return tuple(s for s in self.suffered if s.is_cut_off)

    @property
    def without_answer(self) -> str:
        """Of how many streams with its peers is that so, in words? One peer may have any number of them."""
        lost = len(self.cut_off)
        streams = count_of(len(self.suffered), "stream")
        return f"{lost} of {streams} with its peers {'gets' if lost == 1 else 'get'} no answer"

    @property
    def back_at(self) -> int | None:
        """When, on the reference clock, was the last of the interrupted peers answered again? None without such."""
        return max((one.back for one in returns_of(self.suffered, self.views)), default=None)

    @property
    def at_first(self) -> "Case":
        """The same with the outages of the switchover alone: without peers that had been answered since it."""
        at_first = tuple(s for one in self.suffered for s in [at_switchover(one, self.moment)] if s is not None)
        return replace(self, suffered=at_first)

    @property
    def first_back_at(self) -> int | None:
        """When the last of these was answered again; what peers met later are lapses."""
        return self.at_first.back_at

    @property
    def back_words(self) -> str:
        """From when on were the interrupted peers answered again, and the last of them?"""
        last, free = self.back_at or self.moment, self.free_before_back
        words = since(self.after(last))
        return words if free is None else f"from {since(self.after(free))} on, the last {words}"

    @property
    def free_before_back(self) -> int | None:
        """From when on was the way free for all, where the last of them was answered only later? None where not."""
        free, last = free_since(returns_of(self.suffered, self.views)), self.back_at
        return free if free is not None and last is not None and free < last else None

    @property
    def watched(self) -> bool:
        """Do peers' requests show how the guest was reached after the switchover?"""
        return any(s.is_cut_off or (s.ended and s.peer.outage_ms is not None) for s in self.suffered)


def segments_of(view: PointView, guest: Moved) -> set[int]:
    """In which segments were frames of or about the guest seen here?"""
    rows = view.arps
    mine = rows.sender_mac == np.uint64(guest.mac)
    found = {int(key) for key in np.unique(rows.segment_key[mine])}
    frames = frames_of(view, guest)
    sent = frames.sent[view.journal.eth_src[frames.sent] == np.uint64(guest.mac)]
    return found | {int(key) for key in distinct(view.journal.segment_key[sent])}


def is_elsewhere(case: Case, view: PointView, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """
    bool[n]: is a frame with this segment_key, seen at this point, certainly in another VLAN or VNI than the guest?

    Only where both bear an id at the same point: an access port takes tags off, some mirrors those of one direction.
    One that the guest has at another point may be its own: tags are translated, or it came into a wrong VLAN.
    """
    own = _segments_at(case, view)
    if not own or 0 in own:
        return np.zeros(len(keys), np.bool_)
    everywhere = {0, *own}.union(*(_segments_at(case, other) for other in case.views))
    found: npt.NDArray[np.bool_] = ~np.isin(keys, np.array(sorted(everywhere), np.uint64))
    return found


def _segments_at(case: Case, view: PointView) -> set[int]:
    """The segments of the guest at this point; looked for once."""
    asked = ("segments_of", case.guest.mac, *case.guest.ips)
    if asked not in view.found:
        view.found[asked] = segments_of(view, case.guest)
    found: set[int] = view.found[asked]
    return found


def sighted(told: Iterable[tuple[PointView, int]]) -> list[Sighted]:
    """These frames as evidence, by point, each with a ready filter."""
    by_point: dict[str, list[int]] = {}
    for view, frame in told:
        numbers = by_point.setdefault(view.name, [])
        if frame not in numbers and len(numbers) < MOST_FRAMES:
            numbers.append(frame)
    return [
        Sighted(
            point=point, frames=sorted(numbers), filter=f"frame.number in {{{', '.join(map(str, sorted(numbers)))}}}"
        )
        for point, numbers in by_point.items()
    ]


def joined(one: Sequence[Sighted], other: Sequence[Sighted]) -> list[Sighted]:
    """The evidence of both, by point."""
    frames: dict[str, list[int]] = {}
    for seen in (*one, *other):
        numbers = frames.setdefault(seen.point, [])
        numbers += [n for n in seen.frames if n not in numbers]
    return [
        Sighted(point=point, frames=sorted(n), filter=f"frame.number in {{{', '.join(map(str, sorted(n)))}}}")
        for point, n in ((p, numbers[: 2 * MOST_FRAMES]) for p, numbers in frames.items())
    ]


def of_told(told: Iterable[Told[What]]) -> Iterator[tuple[PointView, int]]:
    """Where each of these stands."""
    return ((one.view, one.what.frame) for one in told)


def span(ns: int) -> str:
    """
    A time after the switchover in words.

    >>> span(51_400_000), span(31_912_000_000)
    ('51 ms', '31.9 s')
    """
    return f"{ns / NS_PER_MS:.0f} ms" if abs(ns) < NS_PER_S else f"{ns / NS_PER_S:.1f} s"


def since(ns: int) -> str:
    """
    A time around the switchover, with its sign.

    >>> since(51_400_000), since(-150_000_000)
    ('+51 ms', '-150 ms')
    """
    return f"{'-' if ns < 0 else '+'}{span(abs(ns))}"


def result(
    name: str,
    worked: Worked,
    because: str,
    evidence: Sequence[Sighted] = (),
    latency_ns: int | None = None,
) -> Mechanism:
    """One mechanism that was seen."""
    latency = None if latency_ns is None else round(latency_ns / NS_PER_MS, 6)
    return Mechanism(name=name, seen=True, worked=worked, latency_ms=latency, because=because, evidence=list(evidence))


def moved_again(mac: int, trips: Sequence[Trip], number: int) -> int | None:
    """When did this migration begin, on the reference clock, where the guest of this MAC had moved before?"""
    if not trips:
        return None
    own, others = trips[number], (trip for place, trip in enumerate(trips) if place != number)
    return own.start if any(trip.end <= own.start and mac in trip.macs for trip in others if mac != NO_MAC) else None
