"""What is told of a migration and its guests: the facts that verdicts and reports are made of."""

from dataclasses import dataclass
from typing import NamedTuple

from vmpcap.migration.announced.early import Early
from vmpcap.migration.announced.reach import Heard
from vmpcap.migration.announced.vlans import TwoTags
from vmpcap.migration.announcer_results import Announcer
from vmpcap.migration.guest.outcome import Outcome
from vmpcap.migration.guest.restarts import Restart
from vmpcap.migration.guest.silenced import Silenced
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.conflicts import Conflict
from vmpcap.migration.packets.reachable import Reachability
from vmpcap.migration.results import Guest, KnownBy, Mechanism, Path, Phase
from vmpcap.migration.segment_results import Segment
from vmpcap.migration.stream.detours import Detour
from vmpcap.migration.stream.figures import (
    StreamFigures,
)
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.stream.sender_losses import SenderLoss
from vmpcap.migration.stream.transfers import Refused
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.unanswered import Unanswered
from vmpcap.migration.views import PointView


class Stun(NamedTuple):
    """From when to when the guest changed places, by the stream's clock."""

    times: tuple[int, int] | None
    because: str
    """Why that is not known, where the stream's clock alone hides it."""


@dataclass(frozen=True, slots=True)
class GuestStory:
    """One guest of a migration, with what the rules ask about it."""

    moved: Moved
    result: Guest
    heard: Heard
    reachability: Reachability
    suffered: tuple[Suffered, ...]
    vlans_before: list[int] | None
    vlans_after: list[int] | None
    vlan_point: str
    vlan_frames: tuple[int, ...]
    """Of that point, the last frame before and the first after."""
    second_place: Conflict
    duplicate_address: Conflict
    trombone: Detour
    early: Early
    announcement_filter: str
    two_tags: TwoTags | None = None
    """The guest's tags at two points, where none saw both."""
    silenced: Silenced | None = None
    """Where it shows that it fell silent at its new place, while what was for it arrived."""
    loop: Detour | None = None
    """Where two routers handed its packets to and fro; None where none did."""


@dataclass(frozen=True, slots=True)
class Story:
    """One migration."""

    move: Move
    point: str
    at_sender: bool
    figures: StreamFigures
    outcome: Outcome
    path: Path
    phases: list[Phase]
    guests: tuple[GuestStory, ...]
    encrypted: bool | None
    stream_filter: str
    stuck_segment: int | None
    """Payload bytes of a segment that was resent and never acknowledged while smaller ones were."""
    large_segments_acked: bool
    split: Detour
    longest_part_ms: float | None
    """Round trip of the longest of the connections that a proxy joins, by the shortest that its point saw whole."""
    capture_faults: tuple[str, ...]
    wan_point: str = ""
    """Where a split stream crosses the WAN; empty where it is not split, or no point shows that part."""
    wan_figures: StreamFigures | None = None
    """The stream's figures there: what a proxy takes before it says nothing of the WAN."""
    mechanisms: tuple[Mechanism, ...] = ()
    """Of the stream itself, where no guest is known; else each guest has them."""
    segments: tuple[Segment, ...] = ()
    phases_because: str = ""
    """Why the switchover is not among the phases though the guest's is known; empty where nothing stands against it."""
    """What happened to the stream between neighbouring points."""
    known_by: KnownBy = "stream"
    sender_loss: SenderLoss | None = None
    """What was sent again as the sender's own point shows it, where the figures are another's for its clock was set."""

    @property
    def has_stream(self) -> bool:
        """Is a stream in view, or is the migration known by its guest alone?"""
        return bool(self.move.best.transfer.links)


@dataclass(frozen=True, slots=True)
class Told:
    """All migrations of a set of captures, and what was left aside."""

    stories: tuple[Story, ...]
    other_announcements: int
    refused: tuple[tuple[PointView, Refused], ...]
    restarts: tuple[Restart, ...] = ()
    """Machines that were started elsewhere without a stream."""
    role_doubts: tuple[str, ...] = ()
    """Named roles that the packets contradict; the stories go by what the packets show."""
    announcers: tuple[Announcer, ...] = ()
    """Who announced itself beside these migrations."""
    name_doubts: tuple[str, ...] = ()
    """Streams that may be one behind a translator, and are told apart."""
    look_alikes: tuple[str, ...] = ()
    """Guests that came to another place without a migration; hosts that asked for another in vain."""
    at_rest: tuple[Mechanism, ...] = ()
    """Mechanisms that are seen where no guest is known to have moved, after those machines that were started anew."""
    unanswered: tuple[Unanswered, ...] = ()
    """Where no migration is in view: who was asked and said nothing, which stream may have been one."""
