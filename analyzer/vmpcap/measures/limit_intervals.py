"""What limited a stream when: runs of windows of one class, their figures, and the word for the whole."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.measures.limit_classes import HALF, Story, is_opening, keeps_pace, mathis_of, name_windows
from vmpcap.measures.limit_windows import Outline, cut_windows
from vmpcap.measures.limits import (
    LEAST_LOSSES,
    MATHIS_MARGIN,
    QUEUE_MARGIN,
    Attribution,
    Sent,
    before_this_point,
    window_mbps,
)
from vmpcap.measures.outages import median
from vmpcap.measures.results import Limit, LimitClass, LimitInterval
from vmpcap.measures.series import Together
from vmpcap.terms.units import NS_PER_MS, count_of, iso_utc, mbps, ms

GROUPS: Final[dict[LimitClass, Limit]] = {
    "mtu_black_hole": "network",
    "receiver_window": "receiver_window",
    "software_cap": "sender",
    "network_plateau": "network",
    "network_queueing": "network",
    "network_loss": "network",
    "sender_buffer": "sender",
    "application": "sender",
    "unknown": "unknown",
}
"""Which word of the whole transfer each class of an interval belongs to; in the order in which they are shown."""

FULL_AND_LATE: Final = "the flight filled the receive window, which would allow more, but round trips took"

NETWORK_SHARE: Final = 2 / 3
"""Only the network may fail a link: for this much of the time it has to be its classes alone that say so."""


def attribute_over_time(
    together: Together | None, more: Outline | None, sent: Sent
) -> tuple[list[LimitInterval], dict[LimitClass, float]]:
    """
    What limited the stream when, and in which share of the time what?

    Intervals follow each other without gaps from the first data to the last. The shares add up to 1; both are empty
    where no data was seen over time.
    """
    windows = None if together is None or more is None else cut_windows(together, more, sent)
    if windows is None:
        return [], {}
    story = Story(windows, sent)
    names = name_windows(story)
    edges = [0, *(i for i in range(1, len(names)) if names[i] != names[i - 1]), len(names)]
    intervals = [_interval(story, names[a], a, b) for a, b in itertools.pairwise(edges)]
    time_ns = windows.end_ns - windows.start_ns
    shares: dict[LimitClass, float] = {}
    for name in GROUPS:
        part = sum(int(t) for t, n in zip(time_ns, names, strict=True) if n == name)
        if part:
            shares[name] = part / int(time_ns.sum())
    return _between_frames(intervals), shares


def settle(whole: Attribution, intervals: Sequence[LimitInterval], shares: dict[LimitClass, float]) -> Attribution:
    """
    The word for the whole transfer, in agreement with its intervals.

    What held for most of the time is the word. Where nothing did, the answer to the questions about the whole stands
    if no other word held for longer; the network's only if its classes held for half of the time.
    """
    groups: dict[Limit, float] = {}
    for name, share in shares.items():
        groups[GROUPS[name]] = groups.get(GROUPS[name], 0.0) + share
    if not groups or whole.limit == max(groups, key=lambda g: groups[g]):
        capped = [i for i in intervals if i.limit == "software_cap"]
        if whole.limit != "sender" or shares.get("software_cap", 0.0) <= HALF or not capped:
            return whole
        longest = max(capped, key=lambda i: i.payload_bytes)  # it pauses, too, but says why
        return replace(whole, because=f"in {shares['software_cap']:.0%} of the time, {longest.because}")
    known: list[Limit] = [group for group in groups if group != "unknown"]
    word: Limit = max(known, key=lambda g: groups[g], default="unknown")
    if word not in ("unknown", whole.limit) and groups[word] > (NETWORK_SHARE if word == "network" else HALF):
        chief = max((n for n in shares if GROUPS[n] == word), key=lambda n: shares[n])
        because = max((i for i in intervals if i.limit == chief), key=lambda i: i.payload_bytes).because
        return replace(whole, limit=word, because=f"in {groups[word]:.0%} of the time, {because}")
    share = groups.get(whole.limit, 0.0)
    is_proven = whole.limit != "network" or share >= HALF
    if whole.limit == "unknown" or (share >= groups[word] and is_proven):
        return whole
    told = " and ".join(f"{n.replace('_', ' ')} in {s:.0%}" for n, s in sorted(shares.items(), key=lambda i: -i[1])[:2])
    told += next((f"; {i.because}" for i in intervals if i.because.startswith(FULL_AND_LATE)), "")
    return replace(whole, limit="unknown", because=f"no limit held for most of the time: {told}")


def _interval(story: Story, name: LimitClass, a: int, b: int) -> LimitInterval:
    """
    The figures of windows a to b (excluded).

    Away from the sender data to ACK is a part of the path, at the receiver its turn-around: then there is no round
    trip, and what a window allows is told over the idle path, if that is known.
    """
    windows, sent = story.windows, story.sent
    inside = slice(a, b)
    start, end = int(windows.start_ns[a]), int(windows.end_ns[b - 1])
    rate = mbps(int(windows.delivered_bytes[inside].sum()), end - start)
    flight = _middle(windows.flight_bytes[inside], 1)
    window = _middle(windows.window_bytes[inside], 0)
    rtt = _middle(windows.rtt_ns[inside], 0) if sent.is_at_sender else None
    over = rtt if sent.is_at_sender else sent.idle_ns
    allows = None if window is None or over is None else window_mbps(window, over)
    first, last = windows.first_frame[inside], windows.last_frame[inside]
    firsts, lasts = first[first > 0], last[last > 0]
    return LimitInterval(
        limit=name,
        because=_because(story, name, inside, rate, rtt),
        start_ts=iso_utc(start) or "",
        end_ts=iso_utc(end) or "",
        payload_bytes=int(windows.new_bytes[inside].sum()),
        mbps=rate,
        flight_bytes=flight,
        window_bytes=window,
        rtt_ms=ms(rtt),
        bdp_bytes=None if rate is None or sent.idle_ns is None else round(rate * sent.idle_ns / 8e3),
        window_mbps=allows,
        loss_events=int(windows.loss_events[inside].sum()),
        mathis_mbps=mathis_of(story, inside),
        from_frame=int(firsts.min()) if len(firsts) else None,
        to_frame=int(lasts.max()) if len(lasts) else None,
    )


def _middle(values: npt.NDArray[np.int64], least: int) -> int | None:
    """The median of the values that are known."""
    known = values[values >= least]
    return median(known) if len(known) else None


def _because(story: Story, name: LimitClass, inside: slice, rate: float | None, rtt: int | None) -> str:
    """Why this class, in words with its figures."""
    return REASONS[name](Stretch(story, inside, rate or 0.0, rtt))


@dataclass(frozen=True, slots=True)
class Stretch:
    """An interval whose reason is to be told."""

    story: Story
    inside: slice
    mbps: float
    rtt_ns: int | None

    @property
    def events(self) -> int:
        """Its loss events."""
        return int(self.story.windows.loss_events[self.inside].sum())


def _hole(one: Stretch) -> str:
    return f"segments of {one.story.sent.stuck_bytes} bytes never got through while smaller ones did"


def _window(one: Stretch) -> str:
    window = _middle(one.story.windows.window_bytes[one.inside], 0)
    if window == 0:
        return "the receiver closed its window"
    held = "" if window is None or not one.rtt_ns else f": {window} bytes over {one.rtt_ns / NS_PER_MS:.2f} ms"
    return f"the flight filled the receive window{held}"


def _cap(one: Stretch) -> str:
    windows, sent = one.story.windows, one.story.sent
    if (windows.silent[one.inside] > 0).all():
        each = int(np.median(windows.new_bytes[one.inside]))
        return f"the same {each / 1e6:.2f} MB in every 100 ms and then a pause: a limit of the sender's software"
    if sent.hypervisor == "vmware":
        return f"{one.mbps:.0f} Mbps is what a stream helper moves, and no queue was seen"
    return f"{one.mbps:.0f} Mbps is QEMU's default bandwidth limit of 128 MiB/s, and no queue was seen"


def _plateau(one: Stretch) -> str:
    if one.story.is_queued()[one.inside].mean() >= HALF:
        return f"the path carried {one.mbps:.0f} Mbps behind a standing queue"
    return f"the path carried {one.mbps:.0f} Mbps and dropped the rest ({count_of(one.events, 'loss event')})"


def _queue(one: Stretch) -> str:
    floor = one.story.sent.floor_ns
    above = "" if not one.rtt_ns or floor is None else f" of {max(one.rtt_ns - floor, 0) / NS_PER_MS:.2f} ms"
    return f"a queue{above} stood on the path"


def _loss(one: Stretch) -> str:
    stalled = float(one.story.windows.lost[one.inside].mean())
    if stalled >= HALF:
        return f"for {stalled:.0%} of the time nothing new went before lost data was resent"
    bound = mathis_of(one.story, one.inside)
    events = count_of(one.events, "loss event")
    if not one.events:
        return "the flight grew back from the loss before"
    if bound is None or one.events < LEAST_LOSSES or not 1 / MATHIS_MARGIN <= one.mbps / bound <= MATHIS_MARGIN:
        return f"the flight grew back from {events}"
    return f"{events}: over this round trip that allows some {bound:.0f} Mbps (Mathis)"


def _buffer(one: Stretch) -> str:
    flight = _middle(one.story.windows.flight_bytes[one.inside], 1) or 0
    return f"the flight stood at {flight} bytes, far below the receive window: the sender's buffer or its limit"


def _application(one: Stretch) -> str:
    silent = float(one.story.windows.silent[one.inside].mean())
    if silent > 0:
        return f"the sender paused for {silent:.0%} of the time"
    paced = float(one.story.windows.is_own_pace[one.inside].mean())
    return (
        "the sender kept a pace of its own, whatever came back when" if paced >= HALF else "the path had room for more"
    )


def _unknown(one: Stretch) -> str:
    if is_opening(one.story)[one.inside].all():
        return "the sender's window was still opening"
    windows, idle_ns = one.story.windows, one.story.sent.idle_ns
    is_full = windows.is_full[one.inside].mean() > HALF
    if is_full and idle_ns and one.rtt_ns and one.rtt_ns >= QUEUE_MARGIN * idle_ns:
        times = one.rtt_ns / idle_ns
        return f"{FULL_AND_LATE} {times:.1f} times the idle path: in a queue, or within the hosts"
    if windows.is_unread[one.inside].mean() > HALF:
        return "the receive window had shrunk to less than half of what it was: data waited at the receiver unread"
    if windows.loss_events[one.inside].any() and keeps_pace(one.story):
        return "what was sent kept to one rate whatever was lost: an application's pace looks so, as does a policer"
    if before_this_point(one.story.sent):
        return "no pause or ceiling explains the rate, and when a queue stood or data was lost does not show here"
    return "no queue, loss, pause or ceiling explains the rate"


REASONS: Final[dict[LimitClass, Callable[[Stretch], str]]] = {
    "mtu_black_hole": _hole,
    "receiver_window": _window,
    "software_cap": _cap,
    "network_plateau": _plateau,
    "network_queueing": _queue,
    "network_loss": _loss,
    "sender_buffer": _buffer,
    "application": _application,
    "unknown": _unknown,
}
"""What is said of an interval of each class."""


def _between_frames(intervals: list[LimitInterval]) -> list[LimitInterval]:
    """What had no packet lies between the last one before it and the first one after it."""
    known = list(intervals)
    for i, one in enumerate(intervals):
        if one.from_frame is None:
            before = next((o.to_frame for o in reversed(intervals[:i]) if o.to_frame is not None), None)
            after = next((o.from_frame for o in intervals[i + 1 :] if o.from_frame is not None), None)
            known[i] = msgspec.structs.replace(one, from_frame=before, to_frame=after)
    return known
