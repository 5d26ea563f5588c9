"""The story of one migration, in the words of the report. Times are ISO 8601 UTC; frames count from 1."""

from typing import Final, Literal

import msgspec

from vmpcap.migration.path_results import NextHop, Symptom, Unreachable
from vmpcap.migration.segment_results import GuestSegment
from vmpcap.migration.session_results import Sessions

MigrationOutcome = Literal["completed", "aborted", "truncated", "unknown"]
KnownBy = Literal["stream", "places", "silence", "name"]
"""What shows that there was a migration, or only that there may have been one."""
PhaseKind = Literal["setup", "bulk", "burst", "switchover", "resume"]
Reached = Literal["reached", "not_reached", "not_observable"]
Taught = Literal["mac_tables", "arp_caches", "neighbour_caches"]


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the stream. Boundaries are inferred from pauses: a burst is not proof of a pre-copy pass."""

    kind: PhaseKind
    n: int
    start_ts: str
    end_ts: str
    payload_bytes: int
    mbps: float | None
    """Of its length or, where a sender in bursts handed over faster than the path carried, of the time to arrive."""


class OfferedSize(msgspec.Struct, frozen=True, kw_only=True):
    """The segment size that a SYN offered where a point saw it."""

    point: str
    sender: Literal["source", "destination"]
    mss: int
    frame: int
    file: str | None = None
    """Of the frame, where the point has several files."""


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """How the migration's packets travelled."""

    routed: bool | None = None
    hops_source_to_destination: int | None = None
    hops_destination_to_source: int | None = None
    next_hop_macs: list[str] = []
    mtu: int | None = None
    mss: int | None = None
    mss_clamped: bool | None = None
    """Whether something between the hosts rewrote the MSS of a SYN; null where the points do not prove either."""
    mss_clamped_because: str = ""
    mss_offered: list[OfferedSize] = []
    """What proves it: the same SYN at several points."""
    redirects: int = 0
    word: Literal["adjacent", "routed", "undecided"] = "undecided"
    because: str = ""
    asymmetric: bool | None = None
    """Whether the two directions pass unequally many routers; null where one of them cannot be counted."""
    next_hops: list[NextHop] = []
    unreachables: list[Unreachable] = []
    symptoms: list[Symptom] = []


class PointAnnouncements(msgspec.Struct, frozen=True, kw_only=True):
    """What one capture point saw of a guest's announcements."""

    seen: bool | None
    """null where this point could not have seen them (not capturing then, wrong link type, cut frames)."""
    first_ts: str | None = None
    delay_ms: float | None = None
    """After the earliest sighting at any point, on one clock; null where nothing shows how the clocks stand."""
    delay_uncertainty_ms: float | None = None
    """By how much the delay may be wrong, whatever the path is like; above the delay, nobody knows the order."""
    vlan: list[int] = []
    vni: int | None = None
    frames: list[int] = []
    files: list[str] = []
    """The file of each of these frames, as inputs[].path has it, where the point has several; else empty."""
    times: list[str] = []
    """When each of these frames passed, by the stream's clock."""
    frame_kinds: list[str] = []
    """What each of them is."""
    reached: Reached = "not_observable"
    wrong: Literal["vlan", "vni"] | None = None
    """In what the announcement seen here differs from the segment that the guest was in; null where in nothing."""
    because: str = ""


class Announcements(msgspec.Struct, frozen=True, kw_only=True):
    """All announcements made for a guest by this migration."""

    count: int
    """Most distinct announcements any one point saw."""
    kinds: dict[str, int]
    first_ts: str | None
    schedule: Literal["qemu", "esxi", "other"] | None
    by_point: dict[str, PointAnnouncements]
    last_seen_at: list[str] = []
    """Where it did not arrive: the points that saw it last on its way. Several where the clocks do not tell which."""
    first_missing_at: list[str] = []
    """And the live points next on its way that did not see it, or not in the guest's segment."""
    lost_between_because: str = ""
    teaches: list[Taught] = []
    """Which tables the kinds of announcement that were seen bring up to date."""
    teaches_because: str = ""
    early_ms: float | None = None
    """
    By how much it came before the guest's last frame at its old place, or before the stream's last data where it drew
    requests to a place at which nobody was; negative: it came after that frame; null: not known.
    """
    early_because: str = ""


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """
    The two frames that bound an interval. The clocks may shift its length by uncertainty_ms either way.

    Times are by the clock of the point whose figures of the stream are told: frames of other points carry others.
    """

    from_point: str | None = None
    from_frame: int | None = None
    from_file: str | None = None
    """The file that counts this frame, as inputs[].path has it, where the point has several; to_file likewise."""
    from_ts: str | None = None
    to_point: str | None = None
    to_frame: int | None = None
    to_file: str | None = None
    to_ts: str | None = None
    uncertainty_ms: float | None = None
    because: str = ""
    """What bounds it; where the figure is null, why."""


class Switchover(msgspec.Struct, frozen=True, kw_only=True):
    """The four figures that people call downtime, kept apart (domain notes 6.1), each with the frames that bound it."""

    bracket_ms: float | None = None
    """Last data burst of the source to the first sign of the guest at the destination: upper bound of the stun."""
    bracket: Bracket = Bracket()
    guest_silence_ms: float | None = None
    """Last frame of the guest at its old place to its first at the new one. Too long where the guest was idle."""
    guest_silence: Bracket = Bracket()
    peer_outage_ms: float | None = None
    """Longest outage that any peer suffered."""
    peer_outage: Bracket = Bracket()
    relearn_ms: float | None = None
    """First frame of the guest at the destination to the first unicast delivered to it there."""
    relearn: Bracket = Bracket()
    stale_tail_ms: float | None = None
    """First sign of the guest at its new place to the last unicast for it that was delivered at the old one only."""
    stale_tail: Bracket = Bracket()
    stale_frames: int | None = None
    """Frames so delivered."""
    flooded_frames: int | None = None
    """Frames for it at the old place that passed the new one too: flooded, or on their way."""
    method: str = ""

    @property
    def at_most_ms(self) -> float | None:
        """The bracket and what the clocks of its two frames leave open: the guest was away for no longer."""
        return None if self.bracket_ms is None else self.bracket_ms + (self.bracket.uncertainty_ms or 0.0)


BRACKETS: Final = ("bracket", "guest_silence", "peer_outage", "relearn", "stale_tail")
"""Fields of Switchover that are brackets; the length of each is in the field of that name with `_ms`."""

OutageCause = Literal[
    "stun",
    "announcement",
    "relearning",
    "gateway_arp",
    "wrong_vlan",
    "closed_way",
    "routing",
    "mtu",
    "tcp_back_off",
    "guest",
    "answers",
    "unexplained",
]
"""What an outage was spent on, in the order in which it usually happens."""


class OutagePart(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a peer's outage with one cause."""

    part: OutageCause
    ms: float
    requests: int
    """
    Requests without an answer that were sent in it. In tcp_back_off the way was free: its segments may have come, and
    wait for the acknowledgement of one that was lost before.
    """
    from_point: str
    from_frame: int
    from_file: str | None = None
    """The file that counts this frame, as inputs[].path has it, where the point has several; to_file likewise."""
    from_ts: str
    to_point: str
    to_frame: int | None = None
    """The peer's request with which it ends; null where the outage did not end, or its end is another point's."""
    to_file: str | None = None
    to_ts: str
    uncertainty_ms: float | None = None
    """
    How far its length may be off, either way: what lies between requests, and what the clocks leave open. null where no
    packet compares the clocks of the guest's new place: how long it was away itself is open then.
    """
    because: str
    """What shows the cause, with points and frames."""


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """Did the guest land in an equivalent broadcast domain?"""

    verdict: Reached
    word: Literal["same", "stretched", "equivalent", "different", "undecided"] = "undecided"
    """What the guest's old domain and its new one are to each other."""
    because: str
    """What the verdict rests on."""
    word_because: str = ""
    """What the word rests on."""


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """What one peer of the guest suffered around the switchover."""

    peer: str
    protocol: str
    point: str = ""
    outage_ms: float | None = None
    outage_low_ms: float | None = None
    """
    At least so long, and at most outage_high_ms: by the requests around it, whichever answer belongs to which. Of a UDP
    conversation that misses fewer than three answers these are all that can be told. null: nothing bounds it so.
    """
    outage_high_ms: float | None = None
    interval_ms: float | None = None
    """Resolution of outage_ms: the usual time between this peer's requests."""
    lost: int | None = None
    retransmissions: int | None = None
    survived: bool | None = None
    because: str = ""
    frames: list[int] = []
    """Last answered request before, first after (or the last unanswered, where it never came back)."""
    files: list[str] = []
    """The file of each of these frames, where the point has several; else empty."""
    from_ts: str | None = None
    to_ts: str | None = None
    """
    From its first unanswered request to its first answered one (the last unanswered, where none was), by the
    stream's clock; null without an outage.
    """
    answered_after_ms: float | None = None
    """From the guest's first sign at its new place to its first answer to this peer; null without one."""
    begun_after_ms: float | None = None
    """How long after that sign the outage began, where the peer had its answers a second or more until then."""
    later_outage_ms: float | None = None
    """
    The longest outage that the guest itself made, begun as late and after the stream's end: requests reached its new
    place, and it did not answer. It is no part of outage_ms.
    """
    later_from_ts: str | None = None
    """When that one began; outage_ms may have begun after it."""
    later_by_guest: bool | None = None
    """
    true: points behind one another show that its requests came to the guest. null: its host may have lost them, or
    there is no later outage.
    """
    part_lost: int | None = None
    """
    So many of part_asked had no answer since the move beside others that had, where these are many more than before:
    requests of this stream, or connections to its service, in view early enough for an answer. null: they are not.
    """
    part_asked: int | None = None
    lost_later_ms: float | None = None
    """
    For how long at least the peer had no answer at the end, from more than 5 s after the switchover on, though it had
    them until then. It is no part of outage_ms; survived is false.
    """
    breakdown: list[OutagePart] = []
    """What the outage was spent on, in the order of time; the lengths add up to outage_ms, or, where it did not end, to
    how long it is in view. What nothing in view explains is a part of its own."""
    breakdown_because: str = ""
    """The longest part, in a sentence."""
    unasked: bool = False
    """Whether nothing was asked in it while the guest moved, so that it tells nothing of that."""
    filter: str = ""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """All streams of one peer by one protocol and port in which nothing was asked while the guest moved."""

    peer: str
    protocol: str
    points: list[str] = []
    streams: int
    others: int = 0
    """Further streams of the same, which were asked then: each is listed by itself."""
    every_ms: float | None = None
    """How long after one of these streams the next one usually began; null where that is not in view."""


class PeerCounts(msgspec.Struct, frozen=True, kw_only=True):
    """All streams between a guest and its peers, listed or not. A peer is an address."""

    peers: int
    streams: int
    peers_lost: int
    """Peers of which at least one stream was never answered again in view, or gave up asking."""
    streams_lost: int
    """Streams that were never answered again in view, or gave up asking."""
    streams_of_lost: int
    """
    All streams of the peers that lost one, but for those of which nobody knows what they met: where these are as many
    as streams_lost, nothing of them came back.
    """


class Sighted(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look: a capture point, frame numbers counted from 1 as Wireshark does, a ready display filter."""

    point: str
    file: str | None = None
    """The file that counts these frames, as inputs[].path has it, where the point has several."""
    frames: list[int] = []
    filter: str = ""


class Mechanism(msgspec.Struct, frozen=True, kw_only=True):
    """A way of keeping the guest reachable, or of its stream, as far as this capture shows it."""

    name: str
    """As the table of mechanisms has it."""
    seen: bool
    """Always true here: one that does not show its marks for this guest or stream is not told of."""
    worked: Literal["yes", "no", "undecided"]
    """Did it do its part? undecided: the capture does not show it, or something else may have kept the peers."""
    latency_ms: float | None = None
    """
    From the switchover to the first frame that shows that it had done its part: it may have been done sooner. Of one
    that failed though its new place was in time (an old router never withdrew), that time; null where nothing shows
    its part done, or where it has no time: a way of the stream is done when the stream ends. Of a machine that was
    started anew without a stream: from the first sign of its start.
    """
    latency_is_at_most: bool = False
    """
    Whether latency_ms is an upper bound and no more: others did it before that frame for sure, out of view, or times
    are counted from the stream's end, because no point shows the guest at its new place.
    """
    because: str
    """What was seen, with addresses and times after the switchover."""
    evidence: list[Sighted] = []
    """The frames that show it, by point."""


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual machine that moved, as far as the packets tell."""

    mac: str
    ips: list[str] = []
    vlan: list[int] = []
    vni: int | None = None
    confidence: Literal["high", "medium", "low"]
    confidence_because: str = ""
    announcements: Announcements
    switchover: Switchover
    domain: Domain
    peers: list[Peer] = []
    """Its streams with them; of a great many the worst."""
    peers_left_out: int = 0
    """Streams that are not listed in peers, for there are too many: checks, counts and the headline are of all."""
    services: list[Service] = []
    """Of peers with many streams to one service those in which nothing was asked while the guest moved, as one."""
    peer_counts: PeerCounts | None = None
    """Of all its streams; null where none is in view."""
    mechanisms: list[Mechanism] = []
    segments: list[GuestSegment] = []
    """What happened to its packets and its peers' between each two neighbouring points, before and after it moved."""
    sessions: Sessions = Sessions()
    """What became of its TCP connections."""
