"""What limited a stream when: each class with a stretch that shows it, and what must not be taken for it."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measures.test_limits import MBPS_A_BIN, MS, bursts, sent, together
from vmpcap.measures.limit_intervals import GROUPS, attribute_over_time, settle
from vmpcap.measures.limit_windows import Outline, bins_per_window, cut_windows
from vmpcap.measures.limits import Attribution, Sent
from vmpcap.measures.results import LimitClass, LimitInterval

FAR: Any = {"idle_ns": 10 * MS, "floor_ns": 10 * MS}
SEGMENT = 1460


def over_time(
    bins: int = 200,
    known: Sent | None = None,
    flight: Sequence[int] | int | None = None,
    window: int = 4_000_000,
    **columns: Any,
) -> list[LimitInterval]:
    """The intervals of a stream in bins of 10 ms; frame n * 10 + 1 is the first of bin n, n * 10 + 10 its last."""
    series = together(bins, **columns)
    flight = [50_000 + 40_000 * (n * 7 % 10) for n in range(bins)] if flight is None else flight

    def spread(value: Sequence[int] | int) -> np.ndarray:
        return np.broadcast_to(np.array(value, np.int64), bins).copy()

    happened = (series.new_bytes > 0) | (series.delivered_bytes > 0) | (series.resent_bytes > 0)
    first = np.where(happened, np.arange(bins) * 10 + 1, 0)
    more = Outline(spread(flight), spread(window), first, np.where(happened, first + 9, 0))
    intervals, shares = attribute_over_time(series, more, known or sent())
    assert sum(shares.values()) == pytest.approx(1)
    assert {one.limit for one in intervals} == set(shares)
    return intervals


def classes(intervals: Sequence[LimitInterval]) -> list[LimitClass]:
    return [one.limit for one in intervals]


def at(intervals: Sequence[LimitInterval], seconds: float) -> LimitInterval:
    """The interval that this time lies in."""
    ts = f"1970-01-01T00:00:{seconds:012.9f}Z"
    (one,) = (one for one in intervals if one.start_ts <= ts < one.end_ts)
    return one


def test_intervals_follow_each_other_from_the_first_data_to_the_last() -> None:
    """Half a second free, half a second behind a queue: two intervals, with the frames of each."""
    found = over_time(100, rtt_min_ns=[2 * MS] * 50 + [9 * MS] * 50)
    assert classes(found) == ["application", "network_plateau"]
    assert [(one.from_frame, one.to_frame) for one in found] == [(1, 500), (501, 1000)]
    assert found[0].end_ts == found[1].start_ts == "1970-01-01T00:00:00.500000000Z"
    assert found[1].end_ts == "1970-01-01T00:00:01.000000000Z"
    assert [one.mbps for one in found] == [pytest.approx(400)] * 2
    assert sum(one.payload_bytes for one in found) == 100 * 400 * MBPS_A_BIN


@pytest.mark.parametrize(("bins", "windows"), [(10, 1), (14, 1), (15, 2), (24, 2), (25, 3), (4, 1)])
def test_a_rest_of_less_than_half_a_window_belongs_to_the_one_before(bins: int, windows: int) -> None:
    """A window of 30 ms would be judged by three bins."""
    series = together(bins)
    zeros = np.zeros(bins, np.int64)
    cut = cut_windows(series, Outline(zeros, zeros, zeros, zeros), sent())
    assert cut is not None
    assert len(cut) == windows
    assert int(cut.new_bytes.sum()) == int(series.new_bytes.sum())
    assert cut.end_ns[-1] == bins * 10 * MS


@pytest.mark.parametrize(
    ("width_ms", "rtt_ms", "bins", "per"),
    [(10, 2, 100, 10), (10, 26, 100, 20), (20, 0, 10, 5), (640, 1, 9, 1), (10, 1, 40_001, 30)],
)
def test_a_window_holds_four_round_trips_and_there_are_never_too_many(
    width_ms: int, rtt_ms: int, bins: int, per: int
) -> None:
    """Hundreds of milliseconds, one bin at least, 2,000 windows at most."""
    assert bins_per_window(width_ms * MS, rtt_ms * MS, bins) == per


# receive window


def test_a_full_window_is_the_receivers_with_what_it_allows() -> None:
    """64 kB over 10 ms: 52 Mbps."""
    known = sent(rate_mbps=50.0, **FAR)
    flow = {"new_bytes": 50 * MBPS_A_BIN, "delivered_bytes": 50 * MBPS_A_BIN}
    (one,) = over_time(known=known, flight=65_000, window=65_535, headroom_bytes=535, rtt_min_ns=10 * MS, **flow)
    assert (one.limit, one.window_bytes, one.flight_bytes) == ("receiver_window", 65_535, 65_000)
    assert one.window_mbps == pytest.approx(52.4, abs=0.1)
    assert one.bdp_bytes == pytest.approx(50e6 / 8 * 0.01)
    assert "65535 bytes over 10.00 ms" in one.because


def test_a_closed_window_is_said() -> None:
    """Zero windows in most bins: the receiver does not read."""
    (one,) = over_time(window=0, headroom_bytes=-100_000)
    assert (one.limit, one.because) == ("receiver_window", "the receiver closed its window")


def test_a_window_that_would_allow_far_more_held_nothing_back() -> None:
    """4 MB over 2 ms allow 16 Gbps: a flight that looked full for a moment had another cause."""
    assert "receiver_window" not in classes(over_time(headroom_bytes=0))


@pytest.mark.parametrize(
    ("rtt_ms", "window", "name"),
    [
        (2.5, 150_000, "unknown"),  # 1200 Mbps over the idle path, and 478 were reached: a queue, or a slow receiver
        (1.05, 150_000, "receiver_window"),  # no queue: the receiver's ACKs came no later than on the idle path
        (2.5, 75_000, "receiver_window"),  # hardly more than the rate
    ],
)
def test_a_window_that_may_fill_a_link_and_a_queue_besides_is_no_limit(rtt_ms: float, window: int, name: str) -> None:
    """500 Mbit/s, 1 ms: a larger window might only make the queue longer."""
    known = sent(rate_mbps=478.0, idle_ns=MS, floor_ns=MS)
    flow = 478 * MBPS_A_BIN
    found = over_time(
        known=known, flight=window - 800, window=window, headroom_bytes=800, rtt_min_ns=int(rtt_ms * MS),
        new_bytes=flow, delivered_bytes=flow,
    )  # fmt: skip
    assert classes(found) == [name]


def test_a_full_window_behind_a_round_trip_that_is_hardly_longer_is_not_told_from_the_hosts() -> None:
    """64 kB over 0.2 ms would allow 2.6 Gbps; 0.3 ms more may be a queue or what hosts take: no word, but a reason."""
    known = sent(rate_mbps=950.0, idle_ns=200_000, floor_ns=200_000)
    flow = {"new_bytes": 950 * MBPS_A_BIN, "delivered_bytes": 950 * MBPS_A_BIN, "rtt_min_ns": 550_000}
    found = over_time(known=known, flight=65_160, window=65_535, headroom_bytes=375, **flow)
    assert classes(found) == ["unknown"]
    assert "2.8 times the idle path" in found[0].because
    settled = settle(Attribution("receiver_window", ""), found, {"unknown": 1.0})
    assert (settled.limit, found[0].because in settled.because) == ("unknown", True)
    (near,) = over_time(known=known, flight=25_000, window=65_535, headroom_bytes=40_000, **flow)
    assert "times the idle path" not in near.because


def test_a_window_that_loss_kept_full_is_losss() -> None:
    """The flight had filled it when the first of it was lost: 300 ms until the timeout are the path's."""
    flow = [400 * MBPS_A_BIN] * 50 + [0] * 30 + [400 * MBPS_A_BIN] * 50
    arrived = [400 * MBPS_A_BIN] * 49 + [0] * 31 + [800 * MBPS_A_BIN] + [400 * MBPS_A_BIN] * 49
    found = over_time(
        130, new_bytes=flow, delivered_bytes=arrived, resent_bytes=bursts(130, 79), rtt_min_ns=2 * MS, headroom_bytes=0
    )
    assert at(found, 0.65).limit == "network_loss"


def test_nothing_but_repetitions_until_the_end_is_loss() -> None:
    """No ACK ever came: the sender waited for the path, and paused at no time."""
    (one,) = over_time(
        100, new_bytes=[14_480] + [0] * 99, delivered_bytes=0, resent_bytes=bursts(100, 20, 60, 99), flight=14_480
    )
    assert one.limit == "network_loss"


# the sender's own pace


def uneven(bins: int, level: int) -> list[int]:
    """What is acknowledged of a steady stream whose ACKs come now sooner, now later: nothing is added or lost."""
    return [level * (100 + (7 * n % 11 - 5)) // 100 for n in range(bins)]


STEADY = 480 * MBPS_A_BIN
LATE: Any = {"rtt_min_ns": 3 * MS, "flight": 300_000}  # a millisecond over the idle path of 2


def test_what_goes_evenly_though_it_comes_back_unevenly_goes_at_the_senders_pace() -> None:
    """480 Mbps by its own clock; round trips are longer than the idle path, but no ACK called for anything."""
    (one,) = over_time(220, new_bytes=STEADY, delivered_bytes=uneven(220, STEADY), **LATE)
    assert (one.limit, "a pace of its own" in one.because) == ("application", True)


@pytest.mark.parametrize(
    ("new", "delivered"),
    [
        (uneven(220, STEADY), uneven(220, STEADY)),  # each ACK lets something new go: a full path
        (STEADY, STEADY),  # nothing to tell them apart by
        (STEADY, [n - 20 * SEGMENT for n in uneven(220, STEADY)]),  # 23 Mbps more than comes back
    ],
)
def test_a_full_path_is_no_pace_of_the_senders(new: Any, delivered: Any) -> None:
    """New data goes when something was acknowledged, or more and more of it waits."""
    assert set(classes(over_time(220, new_bytes=new, delivered_bytes=delivered, **LATE))) == {"network_plateau"}


def test_a_pace_that_fills_a_queue_slowly_is_the_networks() -> None:
    """A little too fast for the path: less than shows within a window, but round trips become longer and longer."""
    grows = [3 * MS + n * MS // 10 for n in range(220)]
    found = over_time(220, new_bytes=STEADY, delivered_bytes=uneven(220, STEADY), flight=300_000, rtt_min_ns=grows)
    assert classes(found) == ["application", "network_plateau"]
    assert found[1].payload_bytes > 9 * found[0].payload_bytes


# the sender's software


def test_equal_bursts_with_whole_windows_of_rest_between_them_are_an_applications() -> None:
    """100 kB every 400 ms: no limiter sleeps for so long."""
    flow = [100_000] + [0] * 39
    assert classes(over_time(400, new_bytes=flow * 10, delivered_bytes=flow * 10)) == ["application"]


def limited(each: int, windows: int = 20) -> list[int]:
    """QEMU's limiter: in every 100 ms the same number of bytes in 40 ms, then nothing."""
    return ([each // 4] * 4 + [0] * 6) * windows


def test_the_same_bytes_in_every_tenth_of_a_second_are_a_software_cap() -> None:
    """3 MB and a pause: max-bandwidth of 30 MB/s, whichever it was set to; a queue that each burst makes is its own."""
    found = over_time(new_bytes=limited(3_000_000), delivered_bytes=limited(3_000_000), rtt_min_ns=9 * MS)
    one = found[0]
    assert classes(found) == ["software_cap", "application"]  # two bursts in the last, longer window
    assert one.payload_bytes == 18 * 3_000_000
    assert "the same 3.00 MB in every 100 ms" in one.because
    assert one.mbps == pytest.approx(240, rel=0.03)


def test_bursts_of_different_sizes_are_an_applications() -> None:
    """The amounts differ by tens of percent: it stopped for reasons of its own."""
    flow = [part for n in range(20) for part in limited(3_000_000 + 400_000 * (n * 7 % 5), 1)]
    assert set(classes(over_time(new_bytes=flow, delivered_bytes=flow))) == {"application"}


def test_equal_bursts_over_a_long_round_trip_may_be_a_windows() -> None:
    """At 50 ms a fixed window looks the same from a point that sees no flight."""
    found = over_time(
        known=sent(idle_ns=50 * MS, floor_ns=50 * MS), new_bytes=limited(300_000), delivered_bytes=limited(300_000)
    )
    assert "software_cap" not in classes(found)


@pytest.mark.parametrize(
    ("hypervisor", "rate", "name"),
    [
        ("qemu", 1073.7, "software_cap"),
        ("vmware", 1073.7, "application"),
        ("vmware", 16_500.0, "software_cap"),
        ("qemu", 16_500.0, "application"),
    ],
)
def test_known_rates_without_a_pause(hypervisor: str, rate: float, name: str) -> None:
    """QEMU's default of 128 MiB/s; a stream helper of ESXi."""
    flow = int(rate * MBPS_A_BIN)
    known = sent(rate_mbps=rate, hypervisor=hypervisor)
    (one,) = over_time(known=known, new_bytes=flow, delivered_bytes=flow, rtt_min_ns=2 * MS)
    assert one.limit == name


def test_a_known_rate_behind_a_queue_is_the_paths() -> None:
    """A link of just that speed."""
    flow = int(1073.7 * MBPS_A_BIN)
    (one,) = over_time(known=sent(hypervisor="qemu"), new_bytes=flow, delivered_bytes=flow, rtt_min_ns=9 * MS)
    assert one.limit == "network_plateau"


# network


def test_one_rate_behind_a_queue_is_a_plateau_and_many_are_queueing() -> None:
    """A link's own rate is the same all the time; what shares it makes it vary."""
    (one,) = over_time(rtt_min_ns=9 * MS)
    assert (one.limit, one.because) == ("network_plateau", "the path carried 400 Mbps behind a standing queue")
    flow = np.repeat([300 + 40 * (n * 7 % 10) for n in range(20)], 10) * MBPS_A_BIN
    (other,) = over_time(rtt_min_ns=9 * MS, new_bytes=flow, delivered_bytes=flow)
    assert (other.limit, other.because) == ("network_queueing", "a queue of 7.00 ms stood on the path")


def test_one_rate_and_losses_without_a_queue_are_a_policer() -> None:
    """What exceeds the rate is dropped, not kept waiting: 800 Mbps passed until its bucket was empty."""
    flow = [800 * MBPS_A_BIN] * 100 + [400 * MBPS_A_BIN] * 200
    known = {"new_bytes": flow, "delivered_bytes": flow, "rtt_min_ns": 2 * MS}
    found = over_time(300, resent_bytes=bursts(300, *range(103, 300, 10)), **known)
    assert classes(found) == ["application", "network_plateau"]
    assert "dropped the rest (20 loss events)" in found[1].because


def test_one_rate_all_the_time_is_no_policer_for_its_losses() -> None:
    """Nor does an application that hands over 400 Mbps grow back from each."""
    found = over_time(rtt_min_ns=2 * MS, resent_bytes=bursts(200, *range(3, 200, 10)))
    assert classes(found) == ["unknown"]
    assert "one rate whatever was lost" in found[0].because


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"headroom_bytes": 0}, "unknown"),
        ({"is_unread": 1}, "unknown"),
        ({}, "network_plateau"),
        ({"is_unread": 1, "headroom_bytes": 0}, "receiver_window"),
    ],
)
def test_a_receiver_that_does_not_keep_up_makes_no_queue(columns: Any, name: str) -> None:
    """Its window is full, or has shrunk: it may be the receiver that round trips wait for; both: it is."""
    (one,) = over_time(rtt_min_ns=9 * MS, **columns)
    assert one.limit == name


def growing(bins: int) -> list[int]:
    """A slow start: twice as much every second bin."""
    return [14_600 << (n // 2) for n in range(bins)]


@pytest.mark.parametrize("behind", [0, 2, 30])
def test_the_loss_that_ends_a_slow_start_proves_no_limit(behind: int) -> None:
    """Whether the stream ends then or goes on at half of what it had reached."""
    flow = growing(12) + [growing(12)[-1] // 2] * behind
    known = sent(rate_mbps=200.0, **FAR)
    found = over_time(
        len(flow), known, new_bytes=flow, delivered_bytes=flow, resent_bytes=bursts(len(flow), 11), rtt_min_ns=10 * MS
    )
    assert not [one for one in found if GROUPS[one.limit] == "network"]


def test_mathis_is_not_cited_for_what_is_far_beyond_it() -> None:
    """Twenty events allow 45 Mbps, and 360 went: such a sender is not slowed down by them, or not yet."""
    flow = [8 * n for n in lossy_flow()]
    again = bursts(400, *range(5, 400, 20))
    known = sent(rate_mbps=360.0, **{**FAR, "idle_ns": 40 * MS, "floor_ns": 40 * MS})
    found = over_time(400, known, new_bytes=flow, delivered_bytes=flow, resent_bytes=again, rtt_min_ns=40 * MS)
    assert not [one for one in found if one.limit == "network_loss" or "Mathis" in one.because]


def lossy_flow() -> list[int]:
    """45 Mbps, a fifth more or less from window to window."""
    return [int(v) for v in np.repeat([36 + 2 * (n * 7 % 10) for n in range(40)], 10) * MBPS_A_BIN]


def test_loss_that_explains_the_rate_of_its_stretch() -> None:
    """A loss event in every 0.2 s, 10 ms away: Mathis' bound is near what was reached, between the events, too."""
    again = bursts(400, *range(5, 400, 20))
    found = over_time(
        400, sent(rate_mbps=45.0, **FAR), new_bytes=lossy_flow(), delivered_bytes=lossy_flow(), resent_bytes=again,
        rtt_min_ns=10 * MS,
    )  # fmt: skip
    assert {one.limit: one.loss_events for one in found}["network_loss"] >= 18
    longest = max(found, key=lambda one: one.payload_bytes)
    assert longest.limit == "network_loss"
    assert longest.mathis_mbps is not None
    assert longest.mathis_mbps / 2 < 45 < longest.mathis_mbps * 2


def test_waiting_for_what_was_lost_is_loss_and_not_a_pause() -> None:
    """A timeout of 300 ms with the data still outstanding; without a resend the same silence is the sender's."""
    flow = [400 * MBPS_A_BIN] * 50 + [0] * 30 + [400 * MBPS_A_BIN] * 50
    arrived = [400 * MBPS_A_BIN] * 49 + [0] * 31 + [800 * MBPS_A_BIN] + [400 * MBPS_A_BIN] * 49
    stalled = over_time(130, new_bytes=flow, delivered_bytes=arrived, resent_bytes=bursts(130, 79), rtt_min_ns=2 * MS)
    assert [one.limit for one in stalled if one.payload_bytes == 0] == ["network_loss"]
    paused = over_time(130, new_bytes=flow, delivered_bytes=flow, rtt_min_ns=2 * MS)
    assert classes(paused) == ["application"]


def test_silence_after_all_had_arrived_is_a_pause_though_something_was_resent() -> None:
    """The last segment was probed for and acknowledged; then the sender was still for 300 ms."""
    flow = [400 * MBPS_A_BIN] * 50 + [0] * 40 + [400 * MBPS_A_BIN] * 50
    arrived = [400 * MBPS_A_BIN] * 49 + [0] * 3 + [400 * MBPS_A_BIN] + [0] * 37 + [400 * MBPS_A_BIN] * 50
    found = over_time(140, new_bytes=flow, delivered_bytes=arrived, resent_bytes=bursts(140, 52), rtt_min_ns=2 * MS)
    assert at(found, 0.75).limit == "application"


def test_a_flight_that_grows_back_from_loss_is_loss() -> None:
    """Halved in one window, then a segment more each round trip, at a ceiling: congestion avoidance."""
    heights = [400_000] * 5 + [200_000 + 6_000 * n for n in range(15)]
    flight = np.repeat(heights, 10)
    flow = (flight * 0.8 / 10e-3 * 10e-3).astype(int)
    found = over_time(
        known=sent(rate_mbps=200.0, **FAR), new_bytes=flow, delivered_bytes=flow, rtt_min_ns=10 * MS,
        resent_bytes=bursts(200, 50), flight=flight,
    )  # fmt: skip
    assert classes(found)[-1] == "network_loss"
    assert found[-1].because == "the flight grew back from 1 loss event"
    assert found[-1].from_frame == 501


def test_a_black_hole_holds_the_whole_stream() -> None:
    """Whatever else is seen."""
    assert classes(over_time(known=sent(stuck_bytes=8948), headroom_bytes=0)) == ["mtu_black_hole"]


# sender


@pytest.mark.parametrize(("window", "name"), [(4_000_000, "sender_buffer"), (70_000, "unknown")])
def test_a_flight_that_stays_at_one_height_below_the_window_is_the_senders_buffer(window: int, name: str) -> None:
    """65 kB over 10 ms, round trip after round trip, of 4 MB that were offered. Near the window nobody knows."""
    flow = int(65_000 * 0.9)
    (one,) = over_time(
        known=sent(rate_mbps=47.0, **FAR),
        new_bytes=flow,
        delivered_bytes=flow,
        rtt_min_ns=10 * MS,
        flight=65_000,
        window=window,
    )
    assert one.limit == name


def test_a_window_that_still_opens_is_no_limit_yet() -> None:
    """Slow start: twice as much in each window."""
    flight = np.repeat([20_000 << n for n in range(6)], 10)
    flow = (flight * 0.9).astype(int)
    found = over_time(60, sent(**FAR), new_bytes=flow, delivered_bytes=flow, rtt_min_ns=10 * MS, flight=flight)
    assert [(one.limit, one.because) for one in found] == [("unknown", "the sender's window was still opening")]


def test_a_slow_start_that_is_all_there_is_of_a_stream_leaves_the_limit_open() -> None:
    """A tenth of a second, and more in each round trip: nothing was in its way, but time."""
    flow = growing(10)
    known = {"new_bytes": flow, "delivered_bytes": flow, "rtt_min_ns": 10 * MS}
    (one,) = over_time(10, sent(**FAR), flight=flow, **known)
    assert (one.limit, one.because) == ("unknown", "the sender's window was still opening")
    (steady,) = over_time(10, sent(**FAR), rtt_min_ns=10 * MS)
    assert steady.limit == "application"


@pytest.mark.parametrize(("near_ms", "name"), [(5, "application"), (10, "unknown")])
def test_in_the_middle_what_no_ack_was_awaited_for_is_a_pause(near_ms: int, name: str) -> None:
    """
    Bursts of 20 ms, all acknowledged 10 ms later, and one bin of silence behind that.

    Where sender and point are 5 ms apart, the last ACK would have let new data come within it.
    """
    flow = [(300 + 7 * n) * MBPS_A_BIN for n in range(50) for _ in range(4)]
    new = [v if i % 4 < 2 else 0 for i, v in enumerate(flow)]
    acked = [v if 1 <= i % 4 < 3 else 0 for i, v in enumerate(flow)]
    middle = sent(is_at_sender=False, idle_ns=(near_ms + 5) * MS, floor_ns=5 * MS)
    found = over_time(known=middle, new_bytes=new, delivered_bytes=acked, rtt_min_ns=[5 * MS, 9 * MS, 9 * MS, -1] * 50)
    assert name in classes(found)
    assert ("application" in classes(found)) == (name == "application")


def test_mid_path_nothing_is_said_of_a_free_path() -> None:
    """The queue may stand before the capture point."""
    assert classes(over_time(known=sent(is_at_sender=False), rtt_min_ns=2 * MS)) == ["unknown"]


@pytest.mark.parametrize(
    ("idle_ns", "bins_of_silence", "name"),
    [(10 * MS, 1, "unknown"), (10 * MS, 4, "application"), (40 * MS, 4, "unknown"), (None, 4, "unknown")],
)
def test_away_from_the_sender_a_silence_of_two_round_trips_may_be_a_wait(
    idle_ns: int | None, bins_of_silence: int, name: str
) -> None:
    """What is on its way back is not in view there: bursts that a window lets through look like pauses."""
    flow = np.concatenate(
        [[(300 + 7 * n) * MBPS_A_BIN] * bins_of_silence + [0] * bins_of_silence for n in range(40 // bins_of_silence)]
    )
    away = sent(is_at_sender=False, idle_ns=idle_ns, floor_ns=30_000)
    found = over_time(len(flow), away, new_bytes=flow, delivered_bytes=flow)
    assert set(classes(found)) <= {name, "unknown"}
    assert name in classes(found)


def test_beside_the_receiver_neither_its_own_delay_nor_what_came_twice_is_the_networks() -> None:
    """The path lies before the point: what it queued or dropped does not show in ACKs that the receiver sends."""
    beside = sent(is_at_sender=False, idle_ns=10 * MS, floor_ns=30_000)
    assert classes(over_time(known=beside, rtt_min_ns=5 * MS, resent_bytes=bursts(200, 20))) == ["unknown"]
    before = sent(is_at_sender=False, idle_ns=10 * MS, floor_ns=4 * MS)
    assert classes(over_time(known=before, rtt_min_ns=9 * MS)) != ["unknown"]


@pytest.mark.parametrize(("idle_ns", "allows"), [(10 * MS, 104.9), (None, None)])
def test_beside_the_receiver_its_turn_around_is_no_round_trip(idle_ns: int | None, allows: float | None) -> None:
    """128 KiB over the idle path's 10 ms, never over the 10 us from data to ACK (104,858 Mbps)."""
    beside = sent(is_at_sender=False, idle_ns=idle_ns, floor_ns=10_000)
    found = over_time(known=beside, rtt_min_ns=10_000, window=131_072, flight=5_000)
    assert {one.rtt_ms for one in found} == {None}
    assert [one.window_mbps for one in found] == [allows if allows is None else pytest.approx(allows, abs=0.1)]
    assert not any("0.01 ms" in one.because for one in found)


def test_an_interval_without_a_packet_lies_between_its_neighbours() -> None:
    """Its evidence is the frame before and the frame after."""
    flow = [400 * MBPS_A_BIN] * 20 + [0] * 20 + [400 * MBPS_A_BIN] * 20
    found = over_time(60, sent(is_at_sender=False), new_bytes=flow, delivered_bytes=flow)
    (one,) = [one for one in found if one.payload_bytes == 0]
    assert (one.limit, one.from_frame, one.to_frame) == ("application", 200, 401)


def test_nothing_is_said_without_data_over_time() -> None:
    """No series, or one in which nothing was sent."""
    nothing = together(20, new_bytes=0, delivered_bytes=0)
    zeros = np.zeros(20, np.int64)
    assert attribute_over_time(None, None, sent()) == ([], {})
    assert attribute_over_time(nothing, Outline(zeros, zeros, zeros, zeros), sent()) == ([], {})


# the word for the whole


def told(limit: LimitClass) -> LimitInterval:
    names = (
        "flight_bytes",
        "window_bytes",
        "rtt_ms",
        "bdp_bytes",
        "window_mbps",
        "mathis_mbps",
        "from_frame",
        "to_frame",
    )
    return LimitInterval(
        limit=limit, because=f"because of {limit}", start_ts="", end_ts="", payload_bytes=1, mbps=1.0, loss_events=0,
        **dict.fromkeys(names),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "shares", "after"),
    [
        ("network", {"network_queueing": 0.6, "application": 0.4}, "network"),
        ("network", {"software_cap": 0.7, "application": 0.2, "network_queueing": 0.1}, "sender"),
        ("unknown", {"sender_buffer": 0.3, "application": 0.3, "unknown": 0.4}, "sender"),
        ("unknown", {"network_queueing": 0.6, "unknown": 0.4}, "unknown"),
        ("unknown", {"network_loss": 0.7, "unknown": 0.3}, "network"),
        ("network", {"application": 0.45, "network_queueing": 0.4, "unknown": 0.15}, "unknown"),
        ("sender", {"unknown": 0.9, "application": 0.1}, "sender"),
        ("network", {}, "network"),
        ("network", {"unknown": 0.92, "network_loss": 0.08}, "unknown"),
        ("network", {"unknown": 0.48, "network_loss": 0.52}, "network"),
    ],
)
def test_the_word_for_the_whole_agrees_with_its_intervals(
    before: Any, shares: dict[LimitClass, float], after: str
) -> None:
    """What held for most of the time is the word; a network is blamed by its intervals alone only from 2/3 on."""
    settled = settle(Attribution(before, "for a reason", 7.0), [told(name) for name in shares], shares)
    assert (settled.limit, settled.busy_mbps) == (after, 7.0)
    assert settled.because


def test_every_class_has_its_word() -> None:
    """And only the path's own classes blame the network."""
    blamed = {name for name, word in GROUPS.items() if word == "network"}
    assert blamed == {"mtu_black_hole", "network_plateau", "network_queueing", "network_loss"}


@given(
    st.lists(st.sampled_from([-1, 2 * MS, 3 * MS, 40 * MS]), min_size=10, max_size=60),
    st.lists(st.sampled_from([0, SEGMENT, 2**62]), min_size=60, max_size=60),
    st.lists(st.sampled_from([0, 0, 14_600]), min_size=60, max_size=60),
    st.lists(st.sampled_from([0, 100_000, 500_000]), min_size=60, max_size=60),
)
def test_the_network_is_never_blamed_without_a_queue_or_loss(
    met: list[int], room: list[int], lost: list[int], flow: list[int]
) -> None:
    """And intervals always follow each other without a gap."""
    bins = len(met)
    columns = {"rtt_min_ns": met, "headroom_bytes": room[:bins], "resent_bytes": lost[:bins]}
    flow[0] = 1
    found = over_time(bins, new_bytes=flow[:bins], delivered_bytes=flow[:bins], **columns)
    assert all(a.end_ts == b.start_ts and a.limit != b.limit for a, b in itertools.pairwise(found))
    if any(GROUPS[one.limit] == "network" for one in found):
        assert max(met) > 2 * MS or any(lost[:bins])
