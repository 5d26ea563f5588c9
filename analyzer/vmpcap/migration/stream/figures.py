"""The figures of one migration's stream at one capture point."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np

from vmpcap.measures.connections import Side
from vmpcap.measures.kernels.layout import NEVER
from vmpcap.measures.limit_intervals import attribute_over_time, settle
from vmpcap.measures.limit_windows import outline
from vmpcap.measures.limits import LATE_ACK_SEGMENTS, Sent, attribute, find_stalls
from vmpcap.measures.results import Bytes, Loss, Rtt, Throughput
from vmpcap.measures.rounds import Path, describe_rtt, empty_path_ns, held_ns
from vmpcap.measures.rtt_over_time import rtt_over_time
from vmpcap.measures.series import WINDOW_NS, Together, best_window, has_answers, put_together, windowed
from vmpcap.migration.stream.broken_streams import SETUP_BYTES, acknowledged, stuck_segment, while_it_lived, why_unheard
from vmpcap.migration.stream.hole_time import spread_over_holes
from vmpcap.migration.stream.moves import Sighting
from vmpcap.migration.stream.transfers import Link, Transfer
from vmpcap.terms.units import NO_TIME, NS_PER_MS, NS_PER_S, count_of, mbps, ms

LEAST_PAUSE_NS = 20 * NS_PER_MS
"""Silence of the sender that ends a phase, unless the round trip makes longer ones normal."""
USUAL_MSS = 1460
CUT_OFF = "the capture cut off TCP options, and with them what would tell; 100 bytes of each frame are enough"
"""Why it is not known what was sent again in vain."""
MUCH_LONGER = 1.01
"""From the first to the last data is as long as the data took to arrive, but for the last round trip; else bursts."""
LEAST_BUSY_NS = NS_PER_MS
"""A handful of packets in less than this says how fast a host hands them over, and no more."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A stretch in which the stream's data flowed without a pause."""

    from_ts: int
    to_ts: int
    new_bytes: int
    arriving_ns: int = 0
    """How long its data took to arrive, by the acknowledgements in view: a sender may hand over faster than that."""
    passed_ns: int | None = None
    """From its first data to its last; None where only whole bins are known."""

    @property
    def carried_ns(self) -> int:
        """How long did it pass or, where that took longer, arrive?"""
        passed = self.to_ts - self.from_ts if self.passed_ns is None else self.passed_ns
        return max(passed, self.arriving_ns)


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What one point says of the stream."""

    bytes: Bytes
    throughput: Throughput
    rtt: Rtt
    loss: Loss
    setup: Activity | None
    activities: tuple[Activity, ...]
    together: Together | None
    first_data_ts: int | None
    last_data_ts: int | None
    missed_bytes: int = 0
    """Acknowledged, and not in the capture."""


def without_rate(because: str, max_concurrent: int | None = None, **known: Any) -> Throughput:
    """What is told of a stream whose rates are not known, and why."""
    return Throughput(
        bulk_mbps=None,
        mean_mbps=None,
        best_1s_mbps=None,
        p50_mbps=None,
        p5_mbps=None,
        max_concurrent=max_concurrent,
        limit="unknown",
        limit_because=because,
        **known,
    )


NOTHING_OF_IT: Final = StreamFigures(
    bytes=Bytes(payload=None, unique=None, retransmitted=None),
    throughput=without_rate("no migration stream is in view"),
    rtt=Rtt(samples=0, coverage_because="no migration stream is in view"),
    loss=Loss(),
    setup=None,
    activities=(),
    together=None,
    first_data_ts=None,
    last_data_ts=None,
)
"""The figures of a stream that nobody captured."""


def measure_stream(sighting: Sighting) -> StreamFigures:
    """What are the stream's figures at this point?"""
    transfer = sighting.transfer
    sides = [link.data for link in transfer.links]
    missed = sum(uncaptured(side) for side in sides)
    together = put_together(sides)
    paths = _paths(transfer)
    rtt = describe_rtt(paths, at_source=sighting.view.role == "source")
    first, last = transfer.first_data_ts, transfer.last_data_ts
    lived = while_it_lived(together, transfer.links)
    held = 0 if is_at_sender(rtt) else held_ns(paths)  # beside the sender its round trips hold it
    handed = is_at_sender(rtt)
    setup, activities = split_activity(lived, first, last, rtt, _mss(transfer), empty_path_ns(paths), held, handed)
    unique = sum(side.unique_bytes for side in sides)
    volume = Bytes(
        payload=transfer.payload_bytes, unique=unique, retransmitted=sum(side.retransmitted_bytes for side in sides)
    )
    return StreamFigures(
        bytes=volume,
        throughput=_throughput(sighting, lived, activities, unique, rtt),
        rtt=msgspec.structs.replace(rtt, over_time=rtt_over_time(sides, rtt)),
        loss=_loss(sighting, volume),
        setup=setup,
        activities=activities,
        together=None if together is None else spread_over_holes(together, missed),
        first_data_ts=first,
        last_data_ts=last,
        missed_bytes=missed,
    )


def _paths(transfer: Transfer) -> list[Path]:
    return [Path(link.connection, link.data, link.back, link.data.syn_ts is not None) for link in transfer.links]


def without_rates(figures: StreamFigures, because: str) -> StreamFigures:
    """The same figures, of a stream during which the clock was set: how much in which time is not known."""
    known = figures.throughput
    throughput = without_rate(because, known.max_concurrent, unknown_because=because, counted=known.counted)
    return replace(figures, throughput=throughput, setup=None, activities=())


BY_ANSWERS: Final = frozenset({"fast_retransmissions", "spurious_retransmissions", "duplicate_acks", "window_fulls"})
"""Marks that rest on what the receiver sent."""
MOST_UNCAPTURED: Final = 0.01
"""Share of what was delivered that a capture may lack: above it no rate of the time in which data flowed is told."""


def _loss(sighting: Sighting, volume: Bytes) -> Loss:
    """
    What was lost or sent again?

    Notes
    -----
    Resent segments and bytes are our own count; the rest is what Wireshark marks, and is left open where the capture
    holds packets twice: there each copy is marked as if it had been sent again. Where it holds the data's direction
    only, what the receiver's packets tell is left open.
    """
    links = sighting.transfer.links
    sides = [side for link in links for side in (link.data, link.back)]
    are_marked = all(side.marked is not None and not side.duplicates and not side.mirrored for side in sides)

    data, back = [link.data for link in links], [link.back for link in links]
    is_answered = any(side.packets for side in back)

    def marked(name: str, senders: Sequence[Side]) -> int | None:
        if not are_marked or (not is_answered and name in BY_ANSWERS):
            return None
        return sum(int(getattr(side.marked, name)) for side in senders)

    late = [side for side in data if side.came_late]
    return Loss(
        retransmissions=sum(side.retransmissions for side in data),
        fast_retransmissions=marked("fast_retransmissions", data),
        spurious_retransmissions=marked("spurious_retransmissions", data),
        out_of_order=marked("out_of_order", data),
        duplicate_acks=marked("duplicate_acks", back),
        lost_segments=marked("lost_segments", data),
        zero_windows=sum(side.zero_windows for side in back) if is_answered else None,
        window_fulls=marked("window_fulls", data),
        retransmitted_share=(volume.retransmitted or 0) / volume.payload if volume.payload else None,
        lost_before_point=_lost_before(sighting.transfer),
        reordered=sum(side.came_late for side in data),
        reordered_most_segments=max((side.late_most_segments for side in late), default=None),
        reordered_most_ms=ms(max((side.late_most_ns for side in late), default=None)),
        needless=_sum_of_known([side.needless for side in data]) if is_answered else None,
        needless_because=CUT_OFF if any(None in (side.needless, side.needless_eifel) for side in data) else "",
        needless_eifel=_sum_of_known([side.needless_eifel for side in data]) if is_answered else None,
        resent_reported=sum(side.resent_reported for side in data) if is_answered else None,
        resent_timeout=sum(side.resent_timeout for side in data) if is_answered else None,
        resent_tail=sum(side.resent_tail for side in data),
    )


def _lost_before(transfer: Transfer) -> int:
    """How many segments came once though they had been sent again?"""
    return sum(max(link.data.sent_again - link.data.retransmissions, 0) for link in transfer.links)


def _sum_of_known(counts: Sequence[int | None]) -> int | None:
    """Their sum, where each of them is known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def split_activity(
    together: Together | None,
    first: int | None,
    last: int | None,
    rtt: Rtt,
    mss: int = USUAL_MSS,
    empty_ns: int = 0,
    wait_ns: int = 0,
    is_handed_over: bool = False,
) -> tuple[Activity | None, tuple[Activity, ...]]:
    """
    Between which pauses did data flow?

    A pause is silence longer than LEAST_PAUSE_NS and than four round trips (with what the receiver holds back nearly
    every ACK for, wait_ns), with all data arrived: what the sender waits for a lost segment is the path's time, not a
    pause. What is said before the first pause is set-up where it is little. A sender may hand over faster than the path
    carries: how long a stretch took to arrive is told beside it; what the empty path beyond this point surely takes
    (empty_ns) is no part of that. Beside the sender (is_handed_over) a stretch lasts as long as the bins that it fills,
    for what a host or a bucket lets go at once is no rate that a link sustains; elsewhere from its first to its last
    data.
    """
    if together is None or first is None or last is None:
        return None, ()
    pause = max(LEAST_PAUSE_NS, 4 * (int((rtt.p50_ms or rtt.p5_ms or 0) * NS_PER_MS) + wait_ns))
    filled = np.flatnonzero(together.new_bytes)
    if not len(filled):
        return None, ()
    quiet = (np.diff(filled) - 1) * together.width_ns >= pause
    quiet &= ~find_stalls(together, mss)[filled[:-1] + 1]
    edges = np.concatenate(([0], np.flatnonzero(quiet) + 1, [len(filled)]))
    activities = []
    for low, high in itertools.pairwise(edges):
        a, b = int(filled[low]), int(filled[high - 1])
        begin = max(first, together.start_ns + a * together.width_ns)
        end = min(last, together.start_ns + (b + 1) * together.width_ns)
        passed = None if is_handed_over else _passing(together, a, b, end - begin)
        if high == len(filled) and (until := min(last, _until_arrived(together, b))) > end:
            end, passed = until, None
        arrived = _arrival(together, a, b, int(filled[high]) if high < len(filled) else len(together.new_bytes), mss)
        new = int(together.new_bytes[a : b + 1].sum())
        arriving = _arriving(together, a, arrived, new, mss, empty_ns)
        activities.append(Activity(begin, max(begin, end), new, arriving, passed))
    if len(activities) > 1 and activities[0].new_bytes <= SETUP_BYTES:
        return activities[0], tuple(activities[1:])
    return None, tuple(activities)


def _passing(together: Together, a: int, b: int, most: int) -> int | None:
    """
    How long did the new data of bins a to b pass? ns, at most these; None where its times are not known.

    A burst shorter than a bin counts as a bin: its rate is the host's, or a card's, and a path shows none in so little
    time. That leans long.
    """
    first, last = int(together.sent_first_ts[a]), int(together.sent_last_ts[b])
    if first == NEVER or last == NO_TIME:
        return None
    return min(max(last - first, together.width_ns), most)


def _arrival(together: Together, a: int, b: int, until: int, mss: int) -> int:
    """
    In which bin had what was sent in bins a to b arrived, all but what may wait for a delayed ACK?

    Before bin `until`, in which more is sent; where it never had, the last in which something arrived. At least b.
    """
    arrived = np.cumsum(together.delivered_bytes[a:until])
    wanted = int(together.new_bytes[a : b + 1].sum()) - LATE_ACK_SEGMENTS * mss
    return max(b, a + int(np.searchsorted(arrived, min(wanted, int(arrived[-1])))))


def _arriving(together: Together, a: int, arrived: int, new: int, mss: int, empty_ns: int) -> int:
    """
    How long did the data take to arrive that was sent from bin a on, and had in this bin? ns; 0 without ACKs in view.

    Notes
    -----
    What came after the first acknowledgement came until the last one: by its rate all of it took as long. Where a
    receiver acknowledges much at once that may be too short. So it took no less than from the first data to the last
    acknowledgement, less what an empty path surely takes for both: nothing where no handshake is in view, for any other
    round trip may have met a queue. Idle time before the last one is in it: leans long. What may wait for a delayed ACK
    took its share of the time, as its bytes are counted.
    """
    told = a + np.flatnonzero(together.acked_first_bytes[a : arrived + 1])
    if not len(told):
        return 0
    begin, end = int(together.acked_first_ts[told[0]]), int(together.acked_last_ts[told[-1]])
    came = int(together.delivered_bytes[a : arrived + 1].sum())
    behind_first = came - int(together.acked_first_bytes[told[0]])
    counted = new if new - came <= LATE_ACK_SEGMENTS * mss else came
    by_rate = (end - begin) * counted // behind_first if behind_first > 0 else 0
    since_first = end - int(together.sent_first_ts[a]) - empty_ns
    return max(by_rate, since_first * max(counted, came) // came if came > 0 else since_first, 0)


def _until_arrived(together: Together, last_filled: int) -> int:
    """
    Until when were bytes resent that had not arrived, behind the last bin with new data? ns; 0 where none were.

    A stream that ends in resends was held up by the path until then: without that time its rate would be that of the
    few bytes that passed before.
    """
    behind = slice(last_filled + 1, None)
    arrived = np.cumsum(together.delivered_bytes)[last_filled:-1]
    late = np.flatnonzero((together.resent_bytes[behind] > 0) & (arrived < int(together.new_bytes.sum())))
    return together.start_ns + (last_filled + 2 + int(late[-1])) * together.width_ns if len(late) else 0


def _throughput(
    sighting: Sighting, together: Together | None, activities: tuple[Activity, ...], unique: int, rtt: Rtt
) -> Throughput:
    transfer = sighting.transfer
    first, last = transfer.first_data_ts, transfer.last_data_ts
    span = last - first if first is not None and last is not None else 0
    delivered = sum(_delivered(link.data) for link in transfer.links)
    # what the capture missed has no time: it may have flowed in what looks like a pause, so no rate is made of it
    share = min(delivered / unique, 1.0) if unique else 0.0
    missed = sum(uncaptured(link.data) for link in transfer.links)
    has_holes = missed > 0
    busy = sum(a.carried_ns for a in activities)
    carried = int(sum(a.new_bytes for a in activities) * share)
    bulk = mbps(carried, busy)
    rates = _window_rates(together)
    mss = _mss(transfer)
    idle_ms, paths = rtt.idle_ms if rtt.idle_ms is not None else rtt.min_ms, _paths(transfer)
    sent = Sent(
        rate_mbps=bulk,
        idle_ns=None if idle_ms is None or rtt.coverage != "full" else int(idle_ms * NS_PER_MS) + held_ns(paths),
        mss=mss,
        is_at_sender=is_at_sender(rtt),
        floor_ns=min((n for link in transfer.links if (n := link.data.rtt.min_ns) is not None), default=None),
        segments=-(-transfer.payload_bytes // mss),  # segments in view may be super-segments, cut only by the NIC
        resent_segments=sum(link.data.retransmissions for link in transfer.links),
        stuck_bytes=stuck_segment(transfer.links),
        hypervisor=transfer.hypervisor,
        connections=sum(1 for link in transfer.links if link.data.payload_bytes > SETUP_BYTES) or 1,
        largest_window=max(
            (w for link in transfer.links if (w := link.back.max_window_bytes) is not None), default=None
        ),
        lost_before=_lost_before(transfer),
        loaded_ns=None if rtt.p50_ms is None or rtt.coverage != "full" else int(rtt.p50_ms * NS_PER_MS),
    )
    more = None if together is None else outline([link.data for link in transfer.links], together)
    limits, shares = attribute_over_time(together, more, sent)
    attribution = settle(attribute(together, sent), limits, shares)
    if sent.stuck_bytes is None and (unheard := why_unheard(transfer.links)):
        return without_rate(unheard, _most_at_once(transfer.links, together), limits=limits, limit_shares=shares)
    if carried and carried <= SETUP_BYTES and busy < LEAST_BUSY_NS:
        handful = f"only {count_of(carried, 'byte')} flowed, within {busy / NS_PER_MS:.3g} ms: no rate of a link"
        return without_rate(handful, _most_at_once(transfer.links, together))
    return Throughput(
        bulk_mbps=bulk if missed <= MOST_UNCAPTURED * delivered else None,
        mean_mbps=mbps(delivered, span if busy <= span * MUCH_LONGER else busy),
        best_1s_mbps=best_window(together, NS_PER_S) if together is not None and not has_holes else None,
        p50_mbps=float(np.percentile(rates, 50)) if len(rates) else None,
        p5_mbps=float(np.percentile(rates, 5)) if len(rates) else None,
        max_concurrent=_most_at_once(transfer.links, together),
        limit=attribution.limit,
        limit_because=attribution.because,
        busy_mbps=attribution.busy_mbps,
        full_mbps=attribution.full_mbps,
        limits=limits,
        limit_shares=shares,
    )


def _delivered(side: Side) -> int:
    """How many bytes of this side stand for its delivery? Where no acknowledgement can be in view those it sent."""
    return acknowledged(side) if has_answers(side) else side.unique_bytes


def uncaptured(side: Side) -> int:
    """How many bytes of this side were jumped over and acknowledged: sent, delivered, and missing in the capture?"""
    return max(acknowledged(side) - side.unique_bytes, 0)


def _mss(transfer: Transfer) -> int:
    return min((link.back.mss for link in transfer.links if link.back.mss), default=USUAL_MSS)


def is_at_sender(rtt: Rtt) -> bool:
    """Does this point stand beside the sender, so that every queue and every loss of the path lies behind it?"""
    return rtt.coverage == "full" and rtt.measured_by == "ack"


def _window_rates(together: Together | None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Mbps of each 100 ms window that carried data."""
    if together is None:
        return np.zeros(0)
    sums = windowed(together, together.delivered_bytes, WINDOW_NS, lambda v: v.sum(axis=1))
    used = windowed(together, together.new_bytes, WINDOW_NS, lambda v: v.sum(axis=1)) > 0
    width = max(1, WINDOW_NS // together.width_ns) * together.width_ns
    return sums[used].astype(np.float64) * 8e3 / width


def _most_at_once(links: Sequence[Link], together: Together | None) -> int:
    """The most connections that carried data in one 100 ms window (one bin, where bins are wider)."""
    if together is None:
        return 0
    per = max(1, WINDOW_NS // together.width_ns)
    most = np.zeros(len(together.active) // per + 1, np.int64)
    for link in links:
        series = link.data.series
        if series is None:
            continue
        at = (series.start_ns - together.start_ns + np.flatnonzero(series.new_bytes) * series.width_ns) // (
            together.width_ns * per
        )
        most[np.unique(at)] += 1
    return int(most.max()) if len(most) else 0
