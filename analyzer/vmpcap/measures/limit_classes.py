"""What limited a stream in each of its windows: questions that a window's evidence answers, in their order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.limit_windows import GROWS_SHARE, ROUND_TRIPS, Windows
from vmpcap.measures.limits import (
    FREE_SHARE,
    LEAST_LOSSES,
    MATHIS_MARGIN,
    QEMU_CAP_MBPS,
    QEMU_CAP_SHARE,
    QUEUE_MARGIN,
    WINDOW_MARGIN,
    Sent,
    is_at_receiver,
    mathis_mbps,
    window_may_hold,
)
from vmpcap.measures.loss_signs import is_one_pace
from vmpcap.measures.results import LimitClass
from vmpcap.measures.series import WINDOW_NS
from vmpcap.terms.units import NS_PER_S, mbps

Bools = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]

HALF: Final = 0.5

PAUSED_SHARE: Final = 0.3
"""A sender that sends nothing for so much of a window, with all that it sent arrived, was not driven by the path."""

PLATEAU_SHARE: Final = 0.03
"""Rates this near to each other are one rate."""

CAP_SHARE: Final = 0.01
"""A limiter counts bytes: what it lets through in 100 ms differs by less than this."""

CAP_PAUSE: Final = 0.2
"""... and it sleeps for at least so much of them, or it cannot be told from a steady stream."""

LEAST_WINDOWS: Final = 5
"""A level that stood for fewer windows than this may be chance."""

LEAST_IN_A_ROW: Final = 3
"""Equal bursts in fewer windows one behind the other than this are not a limiter's of 100 ms."""

REACH_NS: Final = NS_PER_S
REACH_ROUND_TRIPS: Final = 20
"""Loss events no further apart than this time, or so many round trips where that is more, are one stretch of loss."""

FLAT_SHARE: Final = 0.03
"""A flight that differs by no more than this from window to window does not grow."""

BUFFER_SHARE: Final = 0.8
"""A flight below so much of the receive window is not held by it."""

DRIVEN_SHARE: Final = 0.6
"""What a flight and the round trip allow must be reached to this share if they are the limit."""

HELPER_MBPS: Final = (15_000.0, 18_000.0)
"""What one of ESXi's stream helpers moves: one core (domain notes 6.5)."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the questions are asked of: the windows of a stream, and what is known of it besides."""

    windows: Windows
    sent: Sent

    def is_queued(self) -> Bools:
        """Did a queue stand for most of the window? Not where no round trip was seen."""
        return np.nan_to_num(self.windows.queued, nan=0.0) >= HALF

    def is_networks_queue(self) -> Bools:
        """
        ... and is the receiver out of question: no full or shrunk window, which hold ACKs back as a queue does?

        Not beside the receiver, nor where its window may have held the flight that is out of view.
        """
        if is_at_receiver(self.sent) or window_may_hold(self.sent):
            return np.zeros(len(self.windows), np.bool_)
        return self.is_queued() & ~self.windows.is_full & ~self.windows.is_unread

    def is_free(self) -> Bools:
        """Was hardly a queue seen, where there was something to see?"""
        return self.windows.queued <= FREE_SHARE


def name_windows(story: Story) -> list[LimitClass]:
    """The first question that a window answers gives its class."""
    names: list[LimitClass] = ["unknown"] * len(story.windows)
    open_ = np.ones(len(names), np.bool_)
    for name, ask in _QUESTIONS:
        yes = ask(story) & open_
        for i in np.flatnonzero(yes):
            names[i] = name
        open_ &= ~yes
    return names


def _black_hole(story: Story) -> Bools:
    return np.full(len(story.windows), story.sent.stuck_bytes is not None)


def _full_window(story: Story) -> Bools:
    """
    Was the window closed, or filled by the flight, and little more than the rate is what it allows?

    A window that would allow far more than was sent did not hold anything back, however full it looked; nor surely did
    one whose rest stood in a queue: a larger one might only have made the queue longer. One that had shrunk did.
    """
    windows, sent = story.windows, story.sent
    is_closed: Bools = windows.is_full & (windows.window_bytes == 0)
    held: Bools = is_closed | (windows.is_full & (windows.lost < HALF))
    if sent.idle_ns is None:
        return held
    allows = windows.window_bytes * 8e3 / max(sent.idle_ns, 1)
    is_late = (windows.rtt_ns >= QUEUE_MARGIN * sent.idle_ns) & _has_path_view(story)
    margin = np.where(is_late, QUEUE_MARGIN, WINDOW_MARGIN)
    held &= is_closed | windows.is_unread | ~((windows.window_bytes >= 0) & (allows > margin * windows.sent_mbps))
    return held


def _software_cap(story: Story) -> Bools:
    """
    Did the sender's own limiter end each burst?

    QEMU's counts bytes and sleeps for the rest of each 100 ms: the same amount in window after window, and a pause in
    each. Without pauses only its default and ESXi's stream helpers are known by their rates.
    """
    windows, sent = story.windows, story.sent
    rate = windows.sent_mbps
    capped = np.zeros(len(windows), np.bool_)
    # a window of the sender's over a long round trip comes in equal bursts, too
    if sent.idle_ns is not None and ROUND_TRIPS * sent.idle_ns <= WINDOW_NS == windows.end_ns[0] - windows.start_ns[0]:
        among = (windows.silent >= CAP_PAUSE) & (windows.lost == 0)
        capped |= _in_a_row(_level(rate, among, CAP_SHARE))
        if capped.any():  # a burst that fell to both sides of a window's edge
            level = float(np.median(rate[capped]))
            pairs = np.flatnonzero(np.abs(rate[1:] + rate[:-1] - 2 * level) <= 2 * CAP_SHARE * level)
            pairs = pairs[among[pairs] & among[pairs + 1]]
            capped[pairs] = capped[pairs + 1] = True
    free = ~story.is_queued() & (windows.loss_events == 0)
    if sent.hypervisor == "qemu":
        capped |= free & (np.abs(rate - QEMU_CAP_MBPS) <= QEMU_CAP_SHARE * QEMU_CAP_MBPS)
    if sent.hypervisor == "vmware":
        each = rate / max(sent.connections, 1)
        capped |= free & (each >= HELPER_MBPS[0]) & (each <= HELPER_MBPS[1])
    return capped


def _in_a_row(level: Bools) -> Bools:
    """Which of these windows follow each other, so many at least? A limiter of bytes lets through in every 100 ms."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], level.astype(np.int8), [0]))))
    rows = np.zeros(len(level), np.bool_)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        rows[begin:end] = end - begin >= LEAST_IN_A_ROW
    return rows


def _level(rate: F64, among: Bools, share: float) -> Bools:
    """Which of these windows have the rate that most of them have? None where there is no such rate."""
    rates = np.sort(rate[among & (rate > 0)])
    if len(rates) < LEAST_WINDOWS:
        return np.zeros(len(rate), np.bool_)
    upto = np.searchsorted(rates, rates * (1 + 2 * share), side="right")
    count = upto - np.arange(len(rates))
    best = int(count.argmax())
    if count[best] < max(LEAST_WINDOWS, HALF * len(rates)):
        return np.zeros(len(rate), np.bool_)
    level: Bools = among & (rate >= rates[best]) & (rate <= rates[upto[best] - 1])
    return level


def _pause(story: Story) -> Bools:
    return (story.windows.silent >= PAUSED_SHARE) & ~story.windows.is_unread


def _own_pace(story: Story) -> Bools:
    """
    Did the sender's own clock say when something new went, and not the ACKs?

    Then what its round trips are longer by is no queue of its own making: the path, or a host, answers unevenly. Not
    where they become longer and longer: a pace that is a little too fast for the path fills a queue slowly. Nor where
    it looks so for less than half of the time: acknowledgements may be uneven by chance, and a pace is kept.
    """
    windows, sent = story.windows, story.sent
    own: Bools = windows.is_own_pace & (windows.loss_events == 0) & (windows.lost == 0) & (windows.rtt_ns > 0)
    if not sent.is_at_sender or own.sum() < HALF * (windows.new_bytes > 0).sum() or not own.any():
        return np.zeros(len(windows), np.bool_)
    own &= windows.rtt_ns <= QUEUE_MARGIN * windows.rtt_ns[own].min()
    return own & ~windows.is_unread


def _plateau(story: Story) -> Bools:
    """
    Did most of what the path delivered while it was full come at one rate: a link's, a shaper's, a policer's?

    Losses show a policer only where it once let more pass: a whole stream at one rate may be its sender's pace.
    """
    windows = story.windows
    dropped = (windows.loss_events > 0) & _has_path_view(story) & (not keeps_pace(story))
    full = story.is_networks_queue() | (dropped & ~windows.is_unread & ~windows.is_full)
    return _level(windows.told_mbps, full, PLATEAU_SHARE)


def _queue(story: Story) -> Bools:
    return story.is_networks_queue()


def keeps_pace(story: Story) -> bool:
    """Did the sender hand over at one rate whatever was lost? The first window and the last one are left out."""
    return is_one_pace(story.windows.sent_mbps[1:-1])


def _has_path_view(story: Story) -> Bools:
    """
    Not beside the receiver: what is longer there may be the host's own delay of the ACK.

    What comes twice there was sent again without need, or an ACK was lost; what the path dropped never came.
    """
    return np.full(len(story.windows), not is_at_receiver(story.sent))


def _loss(story: Story) -> Bools:
    """Did lost data hold the stream up, or the loss of a stretch explain its rate, or the recovery from it go on?"""
    windows = story.windows
    held = windows.lost >= HALF
    if not keeps_pace(story) and not window_may_hold(story.sent):
        explained, exceeded = _lossy_stretches(story)
        held |= explained | (_recovering(story) & ~exceeded)
    return held & _has_path_view(story)


def _lossy_stretches(story: Story) -> tuple[Bools, Bools]:
    """
    Stretches in which loss came again and again: in which is its bound about the rate, in which was far more reached?

    Mathis' bound. What exceeds it several times was sent by a sender that such losses do not slow down, or not yet.
    """
    windows, sent = story.windows, story.sent
    explained, exceeded = (np.zeros(len(windows), np.bool_) for _ in range(2))
    hit = np.flatnonzero(windows.loss_events)
    if not len(hit) or sent.idle_ns is None:
        return explained, exceeded
    reach = max(REACH_NS, REACH_ROUND_TRIPS * sent.idle_ns)
    parts = np.split(hit, np.flatnonzero(windows.start_ns[hit[1:]] - windows.end_ns[hit[:-1]] > reach) + 1)
    for part in parts:
        inside = slice(part[0], part[-1] + 1)
        events = int(windows.loss_events[inside].sum())
        bound = mathis_of(story, inside)
        if events < LEAST_LOSSES or bound is None:
            continue
        time_ns = int(windows.end_ns[part[-1]] - windows.start_ns[part[0]])
        rate = mbps(int(windows.delivered_bytes[inside].sum()), time_ns) or 0.0
        explained[inside] = 1 / MATHIS_MARGIN <= rate / bound <= MATHIS_MARGIN
        exceeded[inside] = rate / bound > MATHIS_MARGIN
    return explained, exceeded


def _recovering(story: Story) -> Bools:
    """
    Did loss break the flight, and did it grow back from there at the ceiling of a congestion window?

    From the window of a loss event that tells something on, while the flight stands at a ceiling that rises slowly and
    the round trip is all that the rate takes. A flight that stays where it is has another ceiling.
    """
    windows = story.windows
    yes = windows.telling_losses > 0
    climbs = windows.is_pinned & _is_driven(story) & ~_is_level(story)
    for i in range(1, len(windows)):
        if yes[i] or not yes[i - 1] or not climbs[i]:
            continue
        before, flight = int(windows.flight_bytes[i - 1]), int(windows.flight_bytes[i])
        slowly = before * (1 - FLAT_SHARE) <= flight <= before * (1 + GROWS_SHARE)
        yes[i] = slowly or bool(windows.loss_events[i - 1])
    return yes


def _is_driven(story: Story) -> Bools:
    """Is the rate what the flight and the round trip allow?"""
    windows = story.windows
    allowed = windows.flight_bytes * 8e3 / np.maximum(windows.rtt_ns, 1)
    return (windows.rtt_ns > 0) & (windows.sent_mbps >= DRIVEN_SHARE * allowed)


def _is_level(story: Story) -> Bools:
    """Is the flight's height the same in so many windows in a row, in most of which it stood at a ceiling?"""
    flight, pinned = story.windows.flight_bytes, story.windows.is_pinned
    level = np.zeros(len(flight), np.bool_)
    if len(flight) >= LEAST_WINDOWS:
        spans = np.lib.stride_tricks.sliding_window_view(flight, LEAST_WINDOWS)
        low, high = spans.min(axis=1), spans.max(axis=1)
        stood = np.lib.stride_tricks.sliding_window_view(pinned, LEAST_WINDOWS).mean(axis=1) > HALF
        for i in np.flatnonzero(stood & (high > 0) & (high - low <= FLAT_SHARE * high)):
            level[i : i + LEAST_WINDOWS] = True
    return level


def _buffer(story: Story) -> Bools:
    """
    Did the flight stand at one height far below the receive window, and the rate is what that allows?

    Windows at the height at which the stream stood for long are held, too, though their own bins do not show it.
    """
    held = _stands(story)
    if held.any():
        held |= _below_window(story) & _is_driven(story) & _is_at_height(story, FLAT_SHARE)
    return held


def _stands(story: Story) -> Bools:
    """Which windows are part of a long stretch at one height?"""
    stands = _is_level(story) & _is_driven(story) & _below_window(story)
    return stands if story.sent.is_at_sender else np.zeros(len(stands), np.bool_)


def _below_window(story: Story) -> Bools:
    """Was far more offered than was in flight, and nothing lost?"""
    windows = story.windows
    offered = (windows.window_bytes >= 0) & (windows.flight_bytes <= BUFFER_SHARE * windows.window_bytes)
    below: Bools = offered & (windows.loss_events == 0)
    return below


def _is_at_height(story: Story, share: float) -> Bools:
    """Is the flight this near to the height at which the sender's buffer held it? Nowhere if it never did."""
    flight, stands = story.windows.flight_bytes, _stands(story)
    if not stands.any():
        return stands
    height = float(np.median(flight[stands]))
    near: Bools = np.abs(flight - height) <= share * height
    return near


def _free_path(story: Story) -> Bools:
    """At the sender, no queue, no loss, nothing awaited, no ceiling of the flight: it could have sent more."""
    windows, sent = story.windows, story.sent
    idle = story.is_free() & (windows.loss_events == 0) & (windows.lost == 0) & (windows.waiting <= FREE_SHARE)
    ceiling = (windows.is_pinned | _is_at_height(story, GROWS_SHARE)) & _is_driven(story)
    free = idle & ~is_opening(story) & ~ceiling & ~windows.is_unread
    return free if sent.is_at_sender else np.zeros(len(windows), np.bool_)


def is_opening(story: Story) -> Bools:
    """Is the sender's window still growing: each window's flight is a good deal larger than the last one's?"""
    flight = story.windows.flight_bytes
    if len(flight) == 1:
        return story.windows.is_growing
    more = flight[1:] > flight[:-1] * (1 + GROWS_SHARE)
    grows = np.concatenate((more[:1] if len(more) else [False], more))
    opening: Bools = np.logical_and.accumulate(grows)
    return opening


_QUESTIONS: Final[tuple[tuple[LimitClass, Callable[[Story], Bools]], ...]] = (
    ("mtu_black_hole", _black_hole),
    ("receiver_window", _full_window),
    ("software_cap", _software_cap),
    ("application", _pause),
    ("application", _own_pace),
    ("network_plateau", _plateau),
    ("network_queueing", _queue),
    ("network_loss", _loss),
    ("sender_buffer", _buffer),
    ("application", _free_path),
)
"""Asked of each window in this order."""


def mathis_of(story: Story, inside: slice) -> float | None:
    """Which rate do the losses of these windows allow all connections together?"""
    windows, sent = story.windows, story.sent
    events = int(windows.loss_events[inside].sum())
    segments = -(-int((windows.new_bytes + windows.resent_bytes)[inside].sum()) // sent.mss)
    if sent.idle_ns is None or not events or not segments:
        return None
    bound = mathis_mbps(sent.mss, sent.idle_ns, events / segments)
    return None if bound is None else bound * max(sent.connections, 1)
