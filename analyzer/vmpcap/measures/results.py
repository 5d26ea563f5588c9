"""What was measured of one migration's stream, in the words of the report."""

from typing import Literal

import msgspec

Limit = Literal["network", "receiver_window", "sender", "application", "unknown"]
LimitClass = Literal[
    "mtu_black_hole",
    "receiver_window",
    "software_cap",
    "network_plateau",
    "network_queueing",
    "network_loss",
    "sender_buffer",
    "application",
    "unknown",
]
Counted = Literal["acknowledged", "received", "sent"]
"""What goodput counts: where no ACK is in view what came to the destination's own point, else what was sent."""
Coverage = Literal["full", "source_half", "destination_half"]


class Bytes(msgspec.Struct, frozen=True, kw_only=True):
    """TCP payload bytes from source to destination, all connections of the migration together."""

    payload: int | None
    """Every payload byte seen, resent ones included. null, as the next two, where no stream is in view."""
    unique: int | None
    """Each sequence number once."""
    retransmitted: int | None
    """Payload bytes whose sequence numbers this point had already seen. Copies lost before it do not show."""


class LimitInterval(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the stream that one thing limited; intervals follow each other without a gap."""

    limit: LimitClass
    because: str
    start_ts: str
    end_ts: str
    payload_bytes: int
    """Seen for the first time in it."""
    mbps: float | None
    """Goodput in it, pauses included."""
    flight_bytes: int | None
    """Outstanding, all connections together: median of what was most in each 10 ms."""
    window_bytes: int | None
    """What the receiver offered, scaled, all connections together: median."""
    rtt_ms: float | None
    """Data to ACK, queues included: median of the shortest of each 10 ms. null away from the sender."""
    bdp_bytes: int | None
    """What has to be outstanding for this goodput over the idle path."""
    window_mbps: float | None
    """What this window allows over this round trip; away from the sender over the idle path."""
    loss_events: int
    """Times at which data was resent, a round trip apart."""
    mathis_mbps: float | None
    """What so many loss events allow over the idle path (Mathis et al., 1997); null without any."""
    from_frame: int | None
    """The first and the last packet in it; where it has none, those around it."""
    to_frame: int | None
    from_file: str | None = None
    """The file that counts this frame, as inputs[].path has it, where the point has several; to_file likewise."""
    to_file: str | None = None


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """Goodput: unique payload bytes acknowledged by the destination (`counted` says where it is others), 10^6 bit/s."""

    bulk_mbps: float | None
    """While data flowed or, where that took longer, arrived, in whichever phase: pauses of the sender left out."""
    mean_mbps: float | None
    """From the first to the last data byte, pauses included; where the data took over 1 % longer to arrive, by that."""
    best_1s_mbps: float | None
    """Best window of one second; null where the transfer was shorter than that."""
    p50_mbps: float | None
    p5_mbps: float | None
    """Percentiles over windows of 100 ms that carried data."""
    max_concurrent: int | None
    """Most connections that carried data in the same 100 ms; null where no stream is in view."""
    limit: Limit
    limit_because: str
    busy_mbps: float | None = None
    """Goodput while a queue stood on the path, over all of that time. null where none was seen."""
    full_mbps: float | None = None
    """
    The best 100 ms (four round trips, where those are longer) in which a queue stood for at least half of it: what the
    path can carry at least. null where it stood in none.
    """
    limits: list[LimitInterval] = []
    """What limited the stream when."""
    limit_shares: dict[LimitClass, float] = {}
    """In which share of the time between the first and the last data what limited it; together 1."""
    unknown_because: str = ""
    """Why no rate is told of data that flowed: the clock was set meanwhile. Empty elsewhere."""
    counted: Counted = "acknowledged"
    """Which bytes: without an ACK in view those that came to the destination's own point, else what was sent."""


class HistogramBin(msgspec.Struct, frozen=True, kw_only=True):
    """Samples from low_ms (included) to high_ms (excluded)."""

    low_ms: float
    high_ms: float
    count: int
    idle: int | None = None
    """Of those, sent with at most two segments in flight: of the idle path; null where that is not told apart."""


class RttSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Round trips, data to ACK, in one part of the transfer; null where it has none."""

    start_ts: str
    end_ts: str
    least_ms: float | None
    median_ms: float | None
    """Of the shortest of each 10 ms (of each bin, where those are wider)."""
    most_ms: float | None
    flight_bytes: int | None
    """Outstanding, all connections together: median of what was most in each 10 ms."""
    resent_bytes: int = 0
    """Payload sent again in it, as this point saw it."""


class Rtt(msgspec.Struct, frozen=True, kw_only=True):
    """Round-trip time between the migration's two endpoints; Karn's rule applied (RFC 6298 section 3)."""

    samples: int
    min_ms: float | None = None
    p5_ms: float | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    idle_ms: float | None = None
    """The path with (nearly) nothing in flight: 5th percentile of the samples taken then, handshakes among them."""
    idle_samples: int = 0
    handshake_ms: float | None = None
    """SYN to the ACK of the SYN/ACK, smallest of the connections: one full path, nothing in flight."""
    coverage: Coverage | None = None
    """Which part of the path the samples cross, seen from this capture point."""
    coverage_because: str = ""
    unproven_half_ms: float | None = None
    """How much longer the path may be: the sender's half, where only its name says that the point is at the sender."""
    measured_by: Literal["ack", "timestamp_echo", "handshake"] | None = None
    """What closes the round trips: the ACK of data, the echo of a timestamp (leans a little high), or a handshake."""
    delayed_acks: int | None = None
    """How many ACKs of lone segments were held back: so many of the samples hold the receiver's wait, too."""
    ts_samples: int | None = None
    """Data until its time stamp came back, one at a time; null where data to ACK does not stand for the path."""
    ts_min_ms: float | None = None
    ts_p50_ms: float | None = None
    ts_p95_ms: float | None = None
    histogram: list[HistogramBin] = []
    over_time: list[RttSpan] = []
    """Equally long parts, one behind the other; empty where data to ACK does not stand for the path."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """What was lost or resent from source to destination. null: not measured."""

    retransmissions: int | None = None
    fast_retransmissions: int | None = None
    spurious_retransmissions: int | None = None
    out_of_order: int | None = None
    duplicate_acks: int | None = None
    lost_segments: int | None = None
    zero_windows: int | None = None
    window_fulls: int | None = None
    retransmitted_share: float | None = None
    """Retransmitted payload bytes by all payload bytes."""
    lost_before_point: int | None = None
    """Segments that were sent again, by time stamp or IP identification, and never passed this point before."""
    reordered: int | None = None
    """Segments that came behind later ones although they were sent before them, by the same."""
    reordered_most_segments: int | None = None
    """Of those: the most segments that had overtaken one (RFC 4737 4.2.2); null without any."""
    reordered_most_ms: float | None = None
    """Of those: the longest time behind the first that had overtaken it."""
    needless: int | None = None
    """Reports of the receiver that something came twice (D-SACK): sent again although it had arrived."""
    needless_because: str = ""
    """Why it is not known what was sent again in vain, by either witness."""
    needless_eifel: int | None = None
    """Segments sent again although the first had arrived, by echoed time stamps (RFC 3522); leans low."""
    resent_reported: int | None = None
    """Of those sent again (retransmissions and lost_before_point): the receiver had just reported a gap."""
    resent_timeout: int | None = None
    """Of those: unasked, with nothing new sent for 200 ms or more."""
    resent_tail: int | None = None
    """Of those: the newest that was sent, so that nothing could be reported; may be one of either above as well."""
