"""What goodput would another link allow this stream? Each thing that bounds it as a row: at least, likely, at most."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, sqrt
from typing import Final

from vmpcap.measures.results import LimitClass, Throughput
from vmpcap.migration.what_if_results import Bound

FRAME_OVERHEAD: Final = 40 + 38
"""IPv4 and TCP headers, Ethernet header, FCS, preamble and gap: bytes a segment, its options aside."""
OPTIONS: Final = 12
"""Of the segment size: TCP time stamps, as nearly every sender uses them."""
USUAL_MSS: Final = 1460
FULL: Final = (0.75, 0.875, 1.0)
"""
How full loss-based TCP keeps a link of its own: 0.75 is Reno's mean without any queue (it halves at each loss and grows
back evenly), 1 with a queue of a bandwidth-delay product.
"""
MATHIS: Final = (0.87, 1.22, 1.31)
"""Constants for delayed ACKs and random loss, for periodic loss, for random loss (Mathis et al., 1997, table 1)."""
VARIES: Final = (0.8, 1.25)
"""Real migrations between the same hosts over the same link, one after the other, differed by about so much."""
LEAST_RTT_MS: Final = 0.1
"""Two hosts are never nearer than this to each other."""
MOST: Final = 0.5
"""What limited the stream for this share of the time stands for all of it."""


@dataclass(frozen=True, slots=True)
class Link:
    """Another link."""

    rate_mbps: float
    rtt_ms: float
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Bounded:
    """One thing that bounds goodput, in Mbps: at least, likely, at most."""

    by: Bound
    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """What all of them allow together, and what was assumed for it."""

    low: float
    middle: float
    high: float
    by: Bound
    assumptions: tuple[str, ...]


PAUSING: Final[tuple[LimitClass, ...]] = ("software_cap", "application")
"""Limits that are pauses of the sender."""


def pace_of(rate: Throughput) -> float | None:
    """
    How fast was the measured stream, in Mbps? None where it carried nothing.

    A sender that holds itself back by pauses (QEMU's cap sends for a part of each 100 ms) keeps its mean on any link,
    so there pauses count; elsewhere they are the hypervisor's own time, whatever the link.
    """
    pauses = sum(rate.limit_shares.get(name, 0.0) for name in PAUSING)
    measured = rate.mean_mbps if pauses >= MOST and rate.mean_mbps else rate.bulk_mbps
    return measured if measured is not None and measured > 0 else None


def goodput_on(link: Link, rate: Throughput, mss: int | None) -> Allowed | None:
    """What goodput is to be expected there? None where the stream's own is not known."""
    measured = pace_of(rate)
    if measured is None:
        return None
    size = (mss or USUAL_MSS) - OPTIONS
    streams = max(rate.max_concurrent or 1, 1)
    rows, told = [_by_rate(link, size)], [_told_rate(link)]
    if mss is None:
        told.append(f"segments of {USUAL_MSS} bytes: no SYN was in view")
    if link.loss:
        rows.append(_by_loss(link, size, streams))
        told.append(
            "random loss bounds goodput as Mathis et al. have it, or by CUBIC's own average (RFC 9438) where that is"
            " more; BBR would do better"
        )
    else:
        told.append("no random loss on the link")
    for row, words in _by_hosts(link, rate, measured):
        rows.append(row)
        told.append(words)
    middle = min(rows, key=lambda row: row.middle)
    low, high = min(r.low for r in rows), min(r.high for r in rows)
    return Allowed(low, min(max(middle.middle, low), high), high, middle.by, tuple(told))


def payload_rate(link: Link, size: int) -> float:
    """Mbps of payload in segments of so many bytes, where the link is never idle."""
    return link.rate_mbps * size / (size + OPTIONS + FRAME_OVERHEAD)


def _by_rate(link: Link, size: int) -> Bounded:
    payload = payload_rate(link, size)
    low, middle, high = (payload * full for full in FULL)
    return Bounded("rate", low, middle, high)


def _told_rate(link: Link) -> str:
    share = f"{FULL[0]:.0%} to {FULL[2]:.0%}"
    alone = f"the stream has the link's {link.rate_mbps:,.10g} Mbps to itself, and keeps it {share} full"
    return f"{alone}; a policer without a queue carries less"


def _by_loss(link: Link, size: int, streams: int) -> Bounded:
    """Segments a round trip, by the mean window that this loss allows."""
    rtt = max(link.rtt_ms, LEAST_RTT_MS) / 1e3
    cubic = (0.4 * 3.7 / 1.2) ** 0.25 * (rtt / link.loss) ** 0.75
    low, middle, high = (
        streams * size * 8 / rtt / 1e6 * max(constant / sqrt(link.loss), cubic if constant != MATHIS[0] else 0.0)
        for constant in MATHIS
    )
    return Bounded("loss", low, middle, high)


def _by_hosts(link: Link, rate: Throughput, measured: float) -> Iterator[tuple[Bounded, str]]:
    """What the measured stream shows of its hosts: windows, buffers, and how fast they can be at all."""
    rtt = max(link.rtt_ms, LEAST_RTT_MS) / 1e3
    shares = rate.limit_shares
    network = sum(share for name, share in shares.items() if name.startswith("network"))
    window = max((i.window_bytes or 0 for i in rate.limits), default=0)
    held = [i.window_bytes for i in rate.limits if i.limit == "receiver_window" and i.window_bytes]
    flight = [i.flight_bytes for i in rate.limits if i.limit == "sender_buffer" and i.flight_bytes]
    if shares.get("receiver_window", 0) >= MOST and held:
        fixed = sorted(held)[len(held) // 2] * 8 / rtt / 1e6
        yield _about("receiver_window", fixed), "the receiver's window stays what it was, and bounds it"
        return
    if shares.get("sender_buffer", 0) >= MOST and flight:
        fixed = sorted(flight)[len(flight) // 2] * 8 / rtt / 1e6
        yield _about("sender_buffer", fixed), "the sender's buffer stays what it was, and bounds it"
        return
    if window:
        fixed = window * 8 / rtt / 1e6
        words = f"the receiver offers the {window:,} bytes it offered at most, or more where more is needed"
        yield Bounded("receiver_window", fixed, inf, inf), words
    outstanding = max((i.flight_bytes or 0 for i in rate.limits), default=0)
    if outstanding:
        fixed = outstanding * 8 / rtt / 1e6
        words = f"the sender keeps the {outstanding:,} bytes in flight that were seen, or more where more is needed"
        yield Bounded("sender_buffer", fixed, inf, inf), words
    if network >= MOST:
        words = (
            "the network was what limited the measured stream, so its hosts can do more than they did; how much more"
            " is not known"
        )
        yield Bounded("sender", measured, inf, inf), words
        return
    words = "the hosts are as fast as they were: not the network, but they limited the measured stream"
    if shares.get("unknown", 0) >= MOST or not shares:
        words = "the hosts are as fast as they were: what limited the measured stream is not known"
        yield Bounded("sender", VARIES[0] * measured, measured, inf), words
        return
    yield _about("sender", measured), words


def _about(by: Bound, mbps: float) -> Bounded:
    """What was measured once, and may come out otherwise the next time."""
    return Bounded(by, VARIES[0] * mbps, mbps, VARIES[1] * mbps)
