"""What kept the stream from going faster: evidence per window of 100 ms, and one word for the whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.results import Limit
from vmpcap.measures.series import WINDOW_NS, Together, windowed

Bools = npt.NDArray[np.bool_]

QUEUE_LEAST_NS: Final = 500_000
"""A round trip that never falls to within this of the idle path says that a queue stood all the time."""

QUEUE_SHARE: Final = 0.25
"""... or to within this share of the idle path, where that is more."""

NEAR_WINDOW_SEGMENTS: Final = 2
"""A flight this near to the receive window is held back by it (T-RAT; Zhang et al., SIGCOMM 2002)."""

MATHIS_CONSTANT: Final = 1.22
"""sqrt(3/2): rate = C * MSS / (RTT * sqrt(p)); Mathis et al., CCR 27(3), 1997."""

MATHIS_MARGIN: Final = 2.0
"""A rate within this factor of the bound is explained by the loss; newer congestion control exceeds it by as much."""

LEAST_LOSSES: Final = 10
"""Fewer resent segments than this are no basis for the bound."""

MAJORITY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Attribution:
    """The limit, the reason in one sentence, and the share of windows that showed each kind of evidence."""

    limit: Limit
    because: str
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of a transfer besides its series."""

    rate_mbps: float | None
    idle_ns: int | None
    """The path's round trip with nothing in flight; None where only a part of the path is in view."""
    mss: int
    segments: int
    resent_segments: int
    connections: int
    """Connections that share the work."""
    largest_window: int | None
    """Bytes; None where its scale is unknown."""


@dataclass(frozen=True, slots=True)
class _Windows:
    """Per window of 100 ms: what was seen in it."""

    loss: Bools
    queue: Bools
    window_full: Bools
    paused: Bools


def _look(together: Together, idle_ns: int | None, mss: int) -> _Windows:
    """What does each whole window between the first and the last data show?"""
    resent = windowed(together, together.resent_bytes, WINDOW_NS, lambda v: v.sum(axis=1))
    rtt = np.where(together.rtt_min_ns < 0, np.iinfo(np.int64).max, together.rtt_min_ns)
    seen = windowed(together, (together.rtt_min_ns >= 0).astype(np.int64), WINDOW_NS, lambda v: v.sum(axis=1))
    lowest = windowed(together, rtt, WINDOW_NS, lambda v: v.min(axis=1))
    room = windowed(together, together.headroom_bytes, WINDOW_NS, lambda v: np.median(v, axis=1).astype(np.int64))
    empty = windowed(together, (together.new_bytes == 0).astype(np.int64), WINDOW_NS, lambda v: v.sum(axis=1))
    standing = np.zeros(len(resent), np.bool_)
    if idle_ns is not None:
        bar = idle_ns + max(QUEUE_LEAST_NS, int(idle_ns * QUEUE_SHARE))
        standing = (seen > 0) & (lowest > bar)
    return _Windows(
        loss=resent > 0,
        queue=standing,
        window_full=room <= NEAR_WINDOW_SEGMENTS * mss,
        paused=empty > 0,
    )


def mathis_mbps(mss: int, rtt_ns: int, loss_share: float) -> float | None:
    """
    Which rate does this random loss allow one connection?

    None without loss. An upper bound for Reno-like congestion control with one loss event per loss; resent segments
    overcount losses, so the bound leans low.
    """
    if loss_share <= 0 or rtt_ns <= 0:
        return None
    return float(MATHIS_CONSTANT * mss * 8e3 / (rtt_ns * loss_share**0.5))


def window_mbps(window_bytes: int, rtt_ns: int) -> float | None:
    """Which rate does a window of this size allow over this round trip?"""
    return window_bytes * 8e3 / rtt_ns if rtt_ns > 0 else None


def attribute(together: Together | None, sent: Sent) -> Attribution:
    """
    What limited the transfer?

    The order of the questions is the order of their proof: a receive window that was full, loss that explains the rate,
    a queue that stood all the time; pauses of the sender only where none of these holds.
    """
    if together is None or sent.rate_mbps is None:
        return Attribution("unknown", "too little data was seen to say", {})
    windows = _look(together, sent.idle_ns, sent.mss)
    if len(windows.loss) == 0:
        return Attribution("unknown", "the transfer was shorter than one window of 100 ms", {})
    shares = {
        "receiver_window": float(windows.window_full.mean()),
        "queue": float(windows.queue.mean()),
        "loss": float(windows.loss.mean()),
        "sender_paused": float(windows.paused.mean()),
    }
    for question in _QUESTIONS:
        answer = question(shares, sent)
        if answer is not None:
            return Attribution(answer[0], answer[1], shares)
    return Attribution(
        "unknown", "no window full, little loss, no standing queue and no pauses: nothing stands out", shares
    )


_Answer = tuple[Limit, str] | None


def _full_window(shares: dict[str, float], sent: Sent) -> _Answer:
    if shares["receiver_window"] < MAJORITY:
        return None
    figure = ""
    if sent.largest_window and sent.idle_ns:
        allows = window_mbps(sent.largest_window, sent.idle_ns)
        figure = f"; {sent.largest_window} bytes over {sent.idle_ns / 1e6:.2f} ms allow {allows:.0f} Mbps a connection"
    return (
        "receiver_window",
        f"the flight filled the receive window in {shares['receiver_window']:.0%} of the time{figure}",
    )


def _random_loss(shares: dict[str, float], sent: Sent) -> _Answer:
    if sent.idle_ns is None or sent.resent_segments < LEAST_LOSSES or not sent.segments or sent.rate_mbps is None:
        return None
    bound = mathis_mbps(sent.mss, sent.idle_ns, sent.resent_segments / sent.segments)
    if bound is None or sent.rate_mbps > MATHIS_MARGIN * bound * sent.connections:
        return None
    return "network", (
        f"loss: {sent.resent_segments} of {sent.segments} segments resent; {sent.idle_ns / 1e6:.2f} ms away that "
        f"allows about {bound * sent.connections:.0f} Mbps (Mathis), and {sent.rate_mbps:.0f} were reached"
    )


def _standing_queue(shares: dict[str, float], sent: Sent) -> _Answer:
    if shares["queue"] < MAJORITY:
        return None
    return "network", f"a queue stood on the path in {shares['queue']:.0%} of the time: the link carried what it could"


def _pausing_sender(shares: dict[str, float], sent: Sent) -> _Answer:
    if shares["sender_paused"] < MAJORITY:
        return None
    return "sender", f"the sender paused in {shares['sender_paused']:.0%} of the 100 ms windows, with the path free"


_QUESTIONS: Final[tuple[Callable[[dict[str, float], Sent], _Answer], ...]] = (
    _full_window,
    _random_loss,
    _standing_queue,
    _pausing_sender,
)
"""Asked in this order; the first answer stands."""
