"""What kept the stream from going faster: evidence per window of 100 ms, and one word for the whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.loss_signs import event_begins, keeps_pace
from vmpcap.measures.queues import NEAR_WINDOW_SEGMENTS, bar_ns, nothing_under_way, queue_of, queueing
from vmpcap.measures.results import Limit
from vmpcap.measures.rounds import NEAR_NS
from vmpcap.measures.series import WINDOW_NS, Together, windowed
from vmpcap.terms.digits import digits_of
from vmpcap.terms.units import count_of

FREE_SHARE: Final = 0.1
"""A queue that stands for less of the time than this is no bottleneck."""

MATHIS_CONSTANT: Final = (3 / 2) ** 0.5
"""rate = C * MSS / (RTT * sqrt(p)); Mathis et al., CCR 27(3), 1997."""

MATHIS_MARGIN: Final = 2.0
"""A rate within this factor of the bound is explained by the loss; newer congestion control exceeds it by as much."""

WINDOW_MARGIN: Final = 3.0
"""A window that would allow more than so many times the rate did not hold it back, however full it looked at times."""

QUEUE_MARGIN: Final = 1.5
"""... nor surely one that would allow so many times the rate, where round trips took so many times the idle path."""

LEAST_LOSSES: Final = 5
"""Fewer loss events than this are no basis for the bound."""

QEMU_CAP_MBPS: Final = 128 * 2**20 * 8 / 1e6
"""QEMU's default bandwidth limit, 128 MiB/s: 1073.7 Mbps (domain notes 1.5)."""

QEMU_CAP_SHARE: Final = 0.03
"""A rate this near to it is the cap's."""

LATE_ACK_SEGMENTS: Final = 2
"""So many segments may wait for a delayed ACK."""

PAUSE_ROUND_TRIPS: Final = 2
"""Away from the sender, a silence no longer than so many round trips may be a wait for an ACK."""

MAJORITY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Attribution:
    """The limit, and the reason in one sentence."""

    limit: Limit
    because: str
    busy_mbps: float | None = None
    """What was delivered while a queue stood on the path; None where none did."""
    full_mbps: float | None = None
    """The most that was delivered in one stretch in which a queue stood; None where it stood in none."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of a transfer besides its series."""

    rate_mbps: float | None
    idle_ns: int | None
    """The path's round trip with nothing in flight; None where only a part of the path is in view."""
    is_at_sender: bool
    """Whether the capture point stands beside the sender: elsewhere queues before it are out of view."""
    floor_ns: int | None
    """The shortest data-to-ACK time at this point, whatever part of the path it crosses."""
    mss: int
    segments: int
    resent_segments: int
    stuck_bytes: int | None
    """Size of segments that were resent without ever being acknowledged while smaller ones passed."""
    hypervisor: str
    connections: int
    """Connections that share the work."""
    largest_window: int | None
    """Bytes; None where its scale is unknown."""
    lost_before: int = 0
    """Segments that were lost before this point and sent again, so that they came here once."""
    loaded_ns: int | None = None
    """Away from the sender, the median round trip of the path while data flowed; None where it is not known."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the series shows, as shares of the time between the first and the last data."""

    loss_events: int
    """Round trips in which data was resent, each from its first resent segment: one reaction to loss each."""
    queue: float | None
    """Share of the bins whose shortest round trip was still longer than the idle path; None without samples."""
    busy_mbps: float | None
    """Goodput of those bins; None without any."""
    full_mbps: float | None
    """Goodput of the best stretch of such bins."""
    own_queue: float | None
    """Share of the bins with a queue in which nothing says that the receiver made it: no full or shrunk window."""
    window_full: float
    unread: float
    """Share of the time in which the receive window had shrunk: data waited there unread."""
    keeps_pace: bool
    """Whether it was sent at one rate, whatever was lost."""
    paused: float
    stalled: float
    """Share of the time in which nothing new was sent because what was sent had not arrived."""


def _look(together: Together, sent: Sent) -> _Seen | None:
    """What does the time between the first and the last data show? None where it is shorter than a window."""
    room = windowed(together, together.headroom_bytes, WINDOW_NS, lambda v: np.median(v, axis=1).astype(np.int64))
    stalled = find_stalls(together, sent.mss)
    silent = find_silence(together, sent)
    empty = windowed(together, silent.astype(np.int64), WINDOW_NS, lambda v: v.sum(axis=1))
    if not len(room):
        return None
    queue, busy_mbps, full_mbps = queueing(together, sent.floor_ns)
    rtt_ns = sent.idle_ns or sent.floor_ns or 0
    return _Seen(
        loss_events=int(event_begins(together, rtt_ns).sum()),
        queue=queue,
        busy_mbps=busy_mbps,
        full_mbps=full_mbps,
        own_queue=queue_of(together, sent.floor_ns, sent.mss),
        unread=float(together.is_unread.mean()),
        keeps_pace=keeps_pace(together, rtt_ns),
        window_full=float((room <= NEAR_WINDOW_SEGMENTS * sent.mss).mean()),
        paused=float((empty > 0).mean()),
        stalled=float(stalled.mean()),
    )


def find_stalls(together: Together, mss: int) -> npt.NDArray[np.bool_]:
    """
    In which bins without new data was the sender held up by data that had not arrived, instead of pausing by itself?

    bool[bins]. A quiet stretch is a stall where data was resent in it or at its end, or where more than two segments
    were still outstanding at its end; one or two may wait for a delayed ACK (RFC 1122 section 4.2.3.2). A resend that
    merely falls into the bin in which a pause ends makes a stall of it: the sender is blamed too seldom.
    """
    lost, waiting = find_waits(together, mss)
    return lost | waiting


def find_waits(together: Together, mss: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """
    In which bins without new data did the sender wait for what was resent, in which for what was only outstanding?

    bool[bins] twice. Where the ACKs are in view, the wait ends with the one that leaves nothing outstanding. Behind the
    last new data it lasts until the last resend.
    """
    is_filled = together.new_bytes != 0
    filled = np.flatnonzero(is_filled)
    left = together.outstanding_bytes
    is_answered = not np.array_equal(together.new_bytes, together.delivered_bytes)
    low, high = filled[:-1], filled[1:]
    resent = np.concatenate(([0], np.cumsum(together.resent_bytes)))
    is_resent = resent[high + 1] > resent[low + 1]
    is_outstanding = left[high - 1] > LATE_ACK_SEGMENTS * mss
    gap_of = np.cumsum(is_filled) - 1
    empty = np.flatnonzero(~is_filled & (gap_of >= 0) & (gap_of < len(low)))
    gap = gap_of[empty]
    goes_on = left[empty - 1] > 0 if is_answered else np.ones(len(empty), np.bool_)
    lost, waiting = (np.zeros(len(is_filled), np.bool_) for _ in range(2))
    lost[empty] = is_resent[gap] & goes_on
    waiting[empty] = (is_outstanding & ~is_resent)[gap] & goes_on
    if len(filled) and is_answered:
        tail = np.arange(filled[-1] + 1, 1 + int(np.flatnonzero(together.resent_bytes)[-1:].sum()))
        lost[tail] = left[tail - 1] > 0
    return lost, waiting


def find_silence(together: Together, sent: Sent) -> npt.NDArray[np.bool_]:
    """
    In which bins without new data was the sender quiet for a reason of its own?

    bool[bins]. Away from the sender all that passed has arrived as far as can be seen, so any wait for an ACK looks
    like a pause there: only what lasts for longer than two idle round trips counts, and nothing where those are not
    known. A window behind a deep queue may still wait for longer: the sender is blamed too often there, not elsewhere.
    In the middle, where ACKs pass too, the last of them lets new data come within the half on the sender's side.
    """
    silent: npt.NDArray[np.bool_] = (together.new_bytes == 0) & ~find_stalls(together, sent.mss)
    if sent.is_at_sender:
        return silent
    if sent.idle_ns is None:
        return np.zeros(len(silent), np.bool_)
    kept = _lasting(silent, PAUSE_ROUND_TRIPS * sent.idle_ns // together.width_ns)
    if sent.floor_ns is not None and not is_at_receiver(sent):
        unanswered = silent & nothing_under_way(together)
        kept |= _lasting(unanswered, max(sent.idle_ns - sent.floor_ns, 0) // together.width_ns)
    return kept


def _lasting(some: npt.NDArray[np.bool_], bins: int) -> npt.NDArray[np.bool_]:
    """Those of them that follow each other for more than so many bins."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], some.astype(np.int8), [0]))))
    kept = np.zeros(len(some), np.bool_)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        kept[begin:end] = end - begin > bins
    return kept


def is_at_receiver(sent: Sent) -> bool:
    """Does the capture point stand beside the receiver, so that queues and losses of the path lie before it?"""
    return not sent.is_at_sender and sent.floor_ns is not None and sent.floor_ns < NEAR_NS


def mathis_mbps(mss: int, rtt_ns: int, loss_share: float) -> float | None:
    """
    Which rate does this random loss allow one connection?

    None without loss. An upper bound for Reno-like congestion control; loss_share is loss events by segments (a burst
    of losses is one event). Events that fell into one bin of the series count as one, so the bound leans high.
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

    The order of the questions is the order of their proof: segments that never got through, a receive window that was
    full, a queue that stood most of the time, loss that explains the rate; the sender only where none of these holds.
    """
    if together is None or sent.rate_mbps is None:
        return Attribution("unknown", "too little data was seen to say")
    seen = _look(together, sent)
    if seen is None:
        return Attribution("unknown", "the transfer was shorter than one window of 100 ms")
    for question in _QUESTIONS:
        answer = question(seen, sent, sent.rate_mbps)
        if answer is not None:
            return Attribution(*answer, seen.busy_mbps, seen.full_mbps)
    before = before_this_point(sent)
    because = "neither a full window nor a queue, loss or pauses explain the rate"
    if before:
        because = f"neither a full window nor pauses explain the rate; {before}"
    if seen.unread >= MAJORITY:
        because = "the receive window had shrunk to less than half of what it was: data waited at the receiver unread"
    elif seen.loss_events and seen.keeps_pace:
        because = "what was sent kept to one rate whatever was lost: an application's pace looks so, as does a policer"
    if seen.stalled > FREE_SHARE:
        share = f"in {seen.stalled:.0%} of the time"
        because = f"{share} nothing new was sent while data waited to be resent or acknowledged"
    return Attribution("unknown", because, seen.busy_mbps, seen.full_mbps)


def before_this_point(sent: Sent) -> str:
    """
    What says, away from the sender, that the path before this point held the stream back? Empty where nothing does.

    How much was lost is known here, but not when: a burst is one reaction to loss, so what Mathis allows leans low. Nor
    is it known for how long a queue stood: round trips are met only while the sender sends.
    """
    told = []
    if sent.lost_before and not sent.is_at_sender:
        lost = f"{count_of(sent.lost_before, 'segment')} had been lost before this point and came when sent again"
        told.append(f"{lost}: {_cost_of_loss(sent)}")
    met = _queue_met(sent)
    if met:
        told.append(f"{met}: a queue stood on the path, and for how much of the time does not show here")
    return "; ".join(told)


def _queue_met(sent: Sent) -> str:
    """How much longer than the idle path's were the round trips, away from the sender? Empty where they were not."""
    if sent.is_at_sender or sent.loaded_ns is None or sent.idle_ns is None or sent.loaded_ns <= bar_ns(sent.idle_ns):
        return ""
    met = f"half of the round trips took {_ms_of(sent.loaded_ns)} or more while data flowed"
    return f"{met}, the idle path {_ms_of(sent.idle_ns)}"


def _beside_a_queue(seen: _Seen, sent: Sent) -> str:
    """What is said of a queue beside a limit of the sender's own?"""
    met = _queue_met(sent)
    if not met and seen.queue is not None and seen.queue > FREE_SHARE and not is_at_receiver(sent):
        met = f"round trips were longer than the idle path in {seen.queue:.0%} of the time"
    return f"; {met}" if met else ", and no queue was seen"


def _cost_of_loss(sent: Sent) -> str:
    """What may the losses before this point have cost?"""
    bound = None
    if sent.idle_ns is not None and sent.segments and sent.lost_before >= LEAST_LOSSES:
        bound = mathis_mbps(sent.mss, sent.idle_ns, sent.lost_before / sent.segments)
    rate, connections = sent.rate_mbps, sent.connections
    if bound is None or rate is None or not 1 / MATHIS_MARGIN <= rate / (bound * connections) <= MATHIS_MARGIN:
        return "what that cost does not show here"
    allows = f"lost one by one, {_ms_of(sent.idle_ns or 0)} away, they allow about {bound * connections:.0f} Mbps"
    return f"{allows} (Mathis), and {rate:.0f} were reached; whether they came in bursts does not show here"


def _ms_of(time_ns: int) -> str:
    return f"{time_ns / 1e6:.2f} ms"


_Answer = tuple[Limit, str] | None

BY_RECEIVER: Final = "but the receive window was full then, or had shrunk: the receiver may have made them so"
"""Why a queue is not proven by round trips alone."""


def window_may_hold(sent: Sent) -> bool:
    """
    May it be the receive window that held the stream back, away from the sender, where its flight is out of view?

    Where over the idle path it allows hardly more than was reached; over a longer round trip it allows less.
    """
    if sent.is_at_sender or not sent.largest_window or sent.idle_ns is None or sent.rate_mbps is None:
        return False
    allows = window_mbps(sent.largest_window, sent.idle_ns)
    return allows is not None and allows * sent.connections <= QUEUE_MARGIN * sent.rate_mbps


def _black_hole(seen: _Seen, sent: Sent, rate_mbps: float) -> _Answer:
    if sent.stuck_bytes is None:
        return None
    because = f"segments of {sent.stuck_bytes} bytes never got through while smaller ones did: an MTU black hole"
    return "network", because


def _full_window(seen: _Seen, sent: Sent, rate_mbps: float) -> _Answer:
    if seen.window_full < MAJORITY:
        return None
    figure = ""
    if sent.largest_window and sent.idle_ns:
        allows = window_mbps(sent.largest_window, sent.idle_ns)
        is_queued = seen.queue is not None and seen.queue >= MAJORITY and not is_at_receiver(sent)
        margin = QUEUE_MARGIN if is_queued else WINDOW_MARGIN
        if seen.unread >= MAJORITY:
            shrunk = "; it had shrunk to less than half of what it was: data waited there unread"
            return (
                "receiver_window",
                f"the flight filled the receive window in {seen.window_full:.0%} of the time{shrunk}",
            )
        if allows is not None and allows * sent.connections > margin * rate_mbps:
            return None
        said = "" if allows is None else f"{allows:.{digits_of(allows)}f}"
        figure = f"; {sent.largest_window} bytes over {sent.idle_ns / 1e6:.2f} ms allow {said} Mbps a connection"
    return "receiver_window", f"the flight filled the receive window in {seen.window_full:.0%} of the time{figure}"


def _random_loss(seen: _Seen, sent: Sent, rate_mbps: float) -> _Answer:
    if sent.idle_ns is None or seen.loss_events < LEAST_LOSSES or not sent.segments:
        return None
    if seen.keeps_pace or window_may_hold(sent):
        return None
    bound = mathis_mbps(sent.mss, sent.idle_ns, seen.loss_events / sent.segments)
    if bound is None or not 1 / MATHIS_MARGIN <= rate_mbps / (bound * sent.connections) <= MATHIS_MARGIN:
        return None
    return "network", (
        f"loss: {count_of(seen.loss_events, 'loss event')} in {sent.segments:,} segments; "
        f"{sent.idle_ns / 1e6:.2f} ms away that allows about {bound * sent.connections:.0f} Mbps (Mathis), "
        f"and {rate_mbps:.0f} were reached"
    )


def _standing_queue(seen: _Seen, sent: Sent, rate_mbps: float) -> _Answer:
    if seen.queue is None or seen.queue < MAJORITY:
        return None
    if is_at_receiver(sent):
        return None  # the receiver is next door: what is longer may be its own delay of the ACK
    longer = f"round trips were longer than the idle path in {seen.queue:.0%} of the time"
    if (seen.own_queue or 0.0) < MAJORITY:
        return "unknown", f"{longer}, {BY_RECEIVER}"
    if window_may_hold(sent):
        return "unknown", f"{longer}, but the receive window allows little more than was reached"
    carried = "" if seen.busy_mbps is None else f", and it carried {seen.busy_mbps:.0f} Mbps then"
    if carried and seen.full_mbps is not None and seen.full_mbps > (seen.busy_mbps or 0.0):
        carried += f", at best {seen.full_mbps:.0f}"
    return "network", f"a queue stood on the path in {seen.queue:.0%} of the time{carried}"


def _software_cap(seen: _Seen, sent: Sent, rate_mbps: float) -> _Answer:
    if sent.hypervisor != "qemu" or abs(rate_mbps - QEMU_CAP_MBPS) > QEMU_CAP_SHARE * QEMU_CAP_MBPS:
        return None
    return "sender", f"{rate_mbps:.0f} Mbps is QEMU's default bandwidth limit of 128 MiB/s{_beside_a_queue(seen, sent)}"


def _pausing_sender(seen: _Seen, sent: Sent, rate_mbps: float) -> _Answer:
    if seen.paused < MAJORITY:
        return None
    return "sender", f"the sender paused in {seen.paused:.0%} of the 100 ms windows{_beside_a_queue(seen, sent)}"


def _free_path(seen: _Seen, sent: Sent, rate_mbps: float) -> _Answer:
    if not sent.is_at_sender or seen.queue is None or seen.queue > FREE_SHARE or seen.loss_events >= LEAST_LOSSES:
        return None
    if seen.stalled > FREE_SHARE:
        return None
    return (
        "sender",
        f"the path had room: no queue in {1 - seen.queue:.0%} of the time, {count_of(seen.loss_events, 'loss event')}",
    )


_QUESTIONS: Final[tuple[Callable[[_Seen, Sent, float], _Answer], ...]] = (
    _black_hole,
    _full_window,
    _standing_queue,
    _random_loss,
    _software_cap,
    _pausing_sender,
    _free_path,
)
"""Asked in this order; the first answer stands."""
