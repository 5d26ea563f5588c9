"""The one document every reporter receives. Its shape is the public contract `vmpcap.report/1`."""

from typing import Literal

import msgspec

from vmpcap.measures.results import Bytes, Loss, Rtt, Throughput
from vmpcap.migration.announcer_results import Announcer
from vmpcap.migration.name_results import OtherName
from vmpcap.migration.results import Guest, KnownBy, Mechanism, MigrationOutcome, Path, Phase
from vmpcap.migration.segment_results import Segment
from vmpcap.migration.what_if_results import WhatIf
from vmpcap.verdicts.findings import Check, Outcome

SCHEMA = "vmpcap.report/1"


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str


class ProfileUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The thresholds this report was judged by. null: no limit of that kind."""

    name: str
    throughput_mbps_min: float | None
    rtt_ms_max: float | None
    switchover_ms_max: float | None
    scope: Literal["link", "session"]
    sources: list[str]


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """Something odd about an input: how often, and where first."""

    kind: str
    count: int
    first_frame: int | None = None
    offset: int | None = None
    detail: str = ""
    minor: bool = False
    """Too small to touch a figure: steps back in time of a millisecond at most, as several receive queues make them."""


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """Frames that were walked by what their bytes look like, since no number says what stands there."""

    choice: str
    """The row of the table that chose: labelled, cookie, port8472, natt, port1701, protocol115."""
    chosen: str | None
    """The header that was taken; null where nothing was likely, and the walk stopped."""
    frames: int
    doubtful: int
    """Those of them in which another way was nearly as likely."""
    first_frame: int
    first_doubtful: int | None
    override: str
    """The rule of --decode-as that says it instead."""


class CaptureHole(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time in which a point recorded nothing, though something passed it, or lacks many of the packets."""

    from_ts: str
    """The last frame before, as the next the first frame after: the point may have been blind for less."""
    to_ts: str
    from_frame: int
    to_frame: int
    from_file: str | None = None
    """The file that counts this frame, as inputs[].path has it, where the point has several; to_file likewise."""
    to_file: str | None = None
    ms: float
    sure: bool
    """False where what is missing may as well have been lost before it came to the point."""
    because: str
    """What shows that something passed."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One capture file that was read."""

    point: str
    role: str | None
    path: str
    format: str
    byte_order: str | None
    time_resolution: str | None
    linktypes: list[str]
    packets: int
    bytes: int
    """Bytes on the wire, as the file says, of all packets."""
    first_ts: str | None
    last_ts: str | None
    truncated: bool
    defects: list[Defect] = []
    not_walked: dict[str, int] = {}
    """Frames whose walk ended early, by reason: counted, never dropped."""
    control: dict[str, int] = {}
    """Frames that end at a known protocol of routers, groups or switches, by its name: nothing of them is missing."""
    guesses: list[Guess] = []
    """Frames that were walked by what their bytes look like."""
    interfaces: list[str] = []
    """The interfaces of the file that its packets were taken on, each with its description, as far as the file says."""
    taken: str = ""
    """Which interface of the file the point is; empty where it is all of it."""
    holes: list[CaptureHole] = []
    """When the capture lacks what passed the point, as others or TCP show."""
    role_because: str = ""
    """Why a point that nobody named has this role, or has none; empty where the role was given."""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """How one point's clock stands to the reference point's."""

    point: str
    reference: str
    offset_ms: float | None = None
    """At `offset_at_ts`: where the clocks drift apart, another at other times."""
    offset_at_ts: str | None = None
    """By the reference's clock; the uncertainties hold there."""
    drift_ppm: float | None = None
    uncertainty_ms: float | None = None
    """Of the offset, where the way there takes as long as the way back, but for a tenth of both and what hosts add."""
    bound_ms: float | None = None
    """Of the offset, whatever the path is like: half the time there and back. Orders and figures rest on this one."""
    matched_packets: int = 0
    because: str = ""


class SeriesPoint(msgspec.Struct, frozen=True, array_like=True):
    """One bin of a series: seconds after the migration's start_ts, Mbps."""

    at_s: float
    mbps: float


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What tells a TCP connection of the stream from every other between the same hosts."""

    source_port: int
    destination_port: int
    sequence: int | None = None
    """The source's first sequence number, as on the wire; null where its SYN is not in view."""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One migration found in the captures."""

    id: str
    hypervisor: str
    source: str | None
    """Address of the host that sent; null, as the next, where no stream is in view (`connections` is 0 then)."""
    destination: str | None
    ports: list[int]
    connections: int
    encapsulation: list[str]
    encrypted: bool | None
    start_ts: str | None
    """null, as the next two, where the capture holds no times, or no stream is in view."""
    end_ts: str | None
    duration_s: float | None
    outcome: MigrationOutcome
    outcome_because: str
    known_by: KnownBy = "stream"
    """
    What shows that there was one: its stream; else that a guest changed places in view. By a guest's silence until a
    host announced it, or because the user named it, its outage is told, and whether it changed places is not known.
    """
    hypervisor_because: str = ""
    """What tells which hypervisor it is: the stream's first bytes, or its port alone, which proves nothing."""
    is_cut: bool = False
    """
    The capture, or the reading of it, begins or ends while the stream runs: duration_s and bytes are at least that.
    """
    cut_at: list[Literal["begin", "end"]] = []
    """What is not in view: with "begin" the stream began before start_ts, with "end" it ran on after end_ts."""
    point: str
    """The capture point whose figures of the stream these are."""
    bytes: Bytes
    throughput: Throughput
    rtt: Rtt
    loss: Loss
    phases: list[Phase]
    path: Path
    guests: list[Guest]
    checks: list[Check]
    verdict: Outcome
    phases_because: str = ""
    """Why the switchover is not among the phases, where the stream's clock hides it; else empty."""
    series: list[SeriesPoint] = []
    segments: list[Segment] = []
    """What happened to the stream's packets between each two neighbouring points; empty for a single point."""
    what_if: list[WhatIf] = []
    """What it is expected to take on other links, where that was asked."""
    openings: list[Opening] = []
    """Of its connections each: by these `bench` and `compare` know the same migration in two captures."""
    other_names: list[OtherName] = []
    """Other addresses of the source and the destination, at points behind somebody who translates them."""
    mechanisms: list[Mechanism] = []
    """Of the stream itself, where no guest is known: `guests[].mechanisms` has them else."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report. Unknown is null, never 0."""

    schema: str
    tool: Tool
    generated_at: str
    profile: ProfileUsed
    verdict: Outcome
    because: str
    """The verdict in one sentence."""
    inputs: list[Input]
    clocks: list[Clock]
    migrations: list[Migration]
    since_ts: str | None = None
    """Only packets captured from here on were asked for."""
    until_ts: str | None = None
    """Only packets captured up to here were asked for."""
    decode_as: list[str] = []
    """What the user said of numbers that the walk meets, as it was told."""
    other_announcements: int = 0
    """Announcement events (a guest's series counts once) of guests that did not migrate in these captures."""
    announcers: list[Announcer] = []
    """Who announced itself beside the migrations, storms first, then the busiest; at most a hundred."""
    mechanisms: list[Mechanism] = []
    """
    Machines that were started anew without a stream (`ha`, `cold_migration`); after them what is seen where no guest is
    known to have moved: what runs there, undecided. Else `guests[].mechanisms` has them.
    """
    notes: list[str] = []
