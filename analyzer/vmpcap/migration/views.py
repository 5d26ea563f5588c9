"""What the migration floor is given: each capture point with all that was measured at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vmpcap.announcements.carriers import CarrierLog
from vmpcap.announcements.complaints import ComplaintLog
from vmpcap.announcements.control import ControlLog
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.announcements.series import Series
from vmpcap.announcements.tunnelled import Tunnelled
from vmpcap.measures.connections import Connection
from vmpcap.measures.gaps import no_gaps
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.tunnels import NumberedTunnel
from vmpcap.points.chain import Standing
from vmpcap.points.clock import Offset
from vmpcap.points.holes import Hole
from vmpcap.points.pair_clock import PairClock
from vmpcap.points.set_backs import no_set_backs
from vmpcap.points.sightings import SightingLog
from vmpcap.points.timeline import Timeline, constant_timeline


@dataclass(frozen=True, slots=True)
class PointView:
    """One capture point. Times are nanoseconds on the point's own clock."""

    name: str
    role: str | None
    streams: tuple[Connection, ...]
    """Connections whose ports nominate them as migration streams."""
    series: tuple[Series, ...]
    """Announcements, one entry per MAC, domain and event."""
    arps: AnnouncementRows
    """Every ARP, RARP and neighbour-discovery body kept."""
    journal: JournalColumns
    journal_complete: bool
    """False where frames had to be left out of the journal: what it does not show may still have been there."""
    first_ts: int
    last_ts: int
    link_carries_announcements: bool
    """False where the link type has no Ethernet addresses: RARP cannot exist there."""
    truncated: bool
    drops: int
    """Packets that the capturing machine says it dropped."""
    left_out: tuple[str, ...]
    """For which reasons frames of any kind may have passed this point and not be in the view."""
    missing: int
    """Packets of a mirror whose numbers say that they never came."""
    offset: Offset | None
    """This clock against the reference point's; None where nothing that both saw bounds it."""
    standing: Standing | None = None
    """The same at one time, by all packets that both saw; None for the reference, or where only exchanges tell."""
    control: ControlLog = field(default_factory=ControlLog)
    """Frames of routing and gateway redundancy protocols."""
    carriers: CarrierLog = field(default_factory=CarrierLog)
    """Endpoints of tunnels that carried frames of overlays."""
    tunnelled: tuple[Tunnelled, ...] = ()
    """Who spoke with whom inside EtherIP, fences and labels."""
    tunnelled_left_out: int = 0
    """Frames there of machines that found no room: what `tunnelled` does not show may still have been there."""
    tunnels: tuple[NumberedTunnel, ...] = ()
    """Tunnels whose packets are numbered, one entry per direction: ESP among them."""
    complaints: ComplaintLog = field(default_factory=ComplaintLog)
    """ICMP errors, and resets of streams."""
    packets: SightingLog | None = None
    """Packets by names that other points give them too; None where there is no other point."""
    services: tuple[Connection, ...] = ()
    """Connections of what hosts do beside migrations (management, storage, fault tolerance), and the largest others."""
    timeline: Timeline | None = None
    """The same at any time; None: by `offset` at all times."""
    clocks: Mapping[str, PairClock] = field(default_factory=dict, repr=False)
    """What must be added to this clock to get that of another point, by its name: as all packets of both tell. Either
    point of two has it."""
    clock_note: str = ""
    """What else is to be said of this clock: a chain of points that contradicts it, bounds from one side."""
    gaps: npt.NDArray[np.int64] = field(default_factory=no_gaps)
    """int64[k, 4]: when no frame at all passed, as `measures/gaps.py` has them."""
    set_backs: npt.NDArray[np.int64] = field(default_factory=no_set_backs)
    """int64[k, 4]: when this clock was set back, as `points/set_backs.py` has them."""
    holes: tuple[Hole, ...] = ()
    """Those of them in which something passed that the capture lacks."""
    goes_on: bool = False
    """Does the capture go on after the last of this view, because its guest moves again then?"""
    stopped: bool = False
    """Was it cut by whoever asked for a report on what was read by then?"""
    found: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was looked up in the journal once, by what was asked: many questions begin with a guest's frames."""

    @property
    def end_words(self) -> str:
        """What ends this view?"""
        return "the guest's next migration" if self.goes_on else "the end of the capture"

    @property
    def line(self) -> Timeline:
        """This clock beside the reference's at any time."""
        return self.timeline if self.timeline is not None else constant_timeline(self.offset)


def is_compared(one: PointView, other: PointView) -> bool:
    """Is it known how these two clocks stand to each other, or are they one?"""
    return one.name == other.name or one.line.group == other.line.group >= 0
