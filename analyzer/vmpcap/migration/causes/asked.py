"""A peer's unanswered requests, and what can explain them: the words that those share who ask where they went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.announced.vlans import Retagged
from vmpcap.migration.clocks import clock_doubt, elapsed_between, on_clock_of
from vmpcap.migration.guest.silences import Silence
from vmpcap.migration.guest.switchover import FIRST_AT_DESTINATION, signs_after
from vmpcap.migration.marks import Mark
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.closed_ways import ClosedWay
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.packets.requests import Sighting
from vmpcap.migration.results import OutageCause
from vmpcap.migration.views import PointView
from vmpcap.points.roles import rank
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Evidence(NamedTuple):
    """Which requests does this explain, and what shows it?"""

    part: OutageCause
    which: Bools
    """bool[n]: of the peer's unanswered requests."""
    shows: str
    says: str = ""
    """In the sentence, where SPENT_ON is too wide."""
    exact: bool = False
    """Do its ends not hang on when the peer asks? Then only the clocks leave its length open."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is the same for every peer of a guest."""

    guest: Moved
    views: Sequence[PointView]
    quiet: dict[str, Silence]
    old_macs: frozenset[int]
    """MACs that its addresses had at the old place, and have no longer."""
    apart: bool
    """Is the old place demonstrably another broadcast domain?"""
    answered: tuple[Mark, ...]
    """Requests of its peers with which their outages ended."""
    drawn: tuple[Mark, Mark] | None = None
    """From when to when an announcement that came too early drew requests to its new place."""
    flaps: Conflict | None = None
    """Whether its MAC was sent at its old place again."""
    known_as: Mapping[str, Moved] = field(default_factory=dict)
    """By point beyond a translator: the guest under the address that it has there."""
    streamed_until: int | None = None
    """When the stream's last data passed, on the reference clock: until then a guest may wait for its own memory."""
    astray: Retagged | None = None
    """The guest's tags, where it came to another VLAN or VNI, which is another network."""
    unproven: Mark | None = None
    """Its first announcement, where nothing shows that it ran at its new place before it spoke there itself."""
    closed: ClosedWay | None = None
    """The segment on which all died that it sent from its new place, where there is one."""

    def guest_at(self, view: PointView) -> Moved:
        """As whom does this point know the guest?"""
        return self.known_as.get(view.name, self.guest)


class Asked(NamedTuple):
    """A peer's requests from the first without an answer to the end of the outage, by the clock of its point."""

    view: PointView
    stream: PeerStream
    ts: I64
    frame: I64
    edges: I64
    """int64[n+1]: from when to when each stands for the outage."""
    seen: tuple[Sighting, ...]
    """What other points saw of the stream."""
    place: tuple[I64, ...]
    """Which request each of those is."""
    answered_ts: int | None
    """When the first request was sent that was answered again."""
    since_ns: int | None = None
    """How long after the guest's return it began, where this peer had been answered in between."""


def back_of(asked: Asked, scene: Scene) -> int | None:
    """When was the guest's first sign at its new place, by the clock of the peer's point?"""
    sign = return_of(scene, asked.view)
    return None if sign is None else on_clock_of(asked.view, sign.view, sign.ts)


def return_of(scene: Scene, at: PointView) -> Mark | None:
    """
    Which frame shows best when the guest began to run at its new place, beside times of that point?

    One that does show it before one that may be late; of those the nearest. But none that comes after another for
    certain: its capture began late or has a hole. None where none is in view by a clock that was compared.
    """

    def badness(mark: Mark) -> tuple[bool, int, str]:
        return not shows_return(mark, scene.guest), rank(mark.view.role, FIRST_AT_DESTINATION), mark.view.name

    signs = [m for m in _signs(scene) if clock_doubt(m.view, m.ts, at) is not None]
    return min((m for m in signs if not any(_is_after(m, other) for other in signs)), key=badness, default=None)


def _is_after(mark: Mark, other: Mark) -> bool:
    """Is this frame later than the other, whatever their clocks leave open?"""
    apart = elapsed_between(other.view, other.ts, mark.view, mark.ts)
    return apart is not None and apart.is_later is True


def unplaced_return(scene: Scene, at: PointView) -> str:
    """Why is the guest's return in view, and no time of this point? Empty where it is one, or not in view."""
    signs = _signs(scene)
    if not signs or return_of(scene, at) is not None:
        return ""
    name = min(signs, key=lambda m: (rank(m.view.role, FIRST_AT_DESTINATION), m.view.name)).view.name
    return f"the clocks of {name} and {at.name} were not compared: when the guest was back is not known here"


LATE_NS: Final = NS_PER_S
"""
What begins this long after the guest was back and answering is told as such.

A choice: what is under way sooner may be TCP's first wait for an answer (one second, RFC 6298 section 2.1), not new.
"""


def late_by(stream: PeerStream, outage: Outage | None, at: PointView, scene: Scene) -> int | None:
    """How long after the guest's return did this outage begin? None where it was soon, or not answered in between."""
    since = since_answered(stream, outage, at, scene)
    return since if since is not None and since >= LATE_NS else None


def since_answered(stream: PeerStream, outage: Outage | None, at: PointView, scene: Scene) -> int | None:
    """
    How long after the guest's return did this outage begin? None where the peer had surely not been answered since.

    Whoever was answered there once waits for no switch to learn the place.
    """
    sign = return_of(scene, at)
    if sign is None or outage is None or outage.last_answered_ts is None or not stream.answers:
        return None
    back = on_clock_of(at, sign.view, sign.ts)
    is_since = outage.last_answered_ts >= back + (clock_doubt(sign.view, sign.ts, at) or 0)
    return outage.first_unanswered_ts - back if is_since else None


def _signs(scene: Scene) -> list[Mark]:
    return signs_after(scene.guest, scene.quiet)


def shows_return(sign: Mark, guest: Moved) -> bool:
    """
    Did the guest begin to run with this frame?

    Its host announces it then; and at its new place its first frame is not late because something else was. Elsewhere
    its first frame may only show that the network had followed.
    """
    series = guest.series_at(sign.view)
    return sign.view.role == "domain:destination" or (series is not None and series.first_ts <= sign.ts + NS_PER_MS)
