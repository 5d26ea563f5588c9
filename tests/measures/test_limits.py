"""What held a stream back: each question with a story in which it answers and one in which it must not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmpcap.measures.kernels.layout import NEVER
from vmpcap.measures.limits import Attribution, Sent, attribute, mathis_mbps, window_mbps
from vmpcap.measures.loss_signs import event_begins
from vmpcap.measures.series import NO_HEADROOM_SAMPLE, Together
from vmpcap.terms.units import NO_TIME

MS = 1_000_000
MBPS_A_BIN = 1250
"""Bytes that one Mbps puts into a bin of 10 ms."""


def together(bins: int = 200, **columns: Sequence[int] | int) -> Together:
    """A stream in bins of 10 ms that flows evenly; each column one value a bin or one for all."""
    known: dict[str, Any] = {
        "new_bytes": 400 * MBPS_A_BIN,
        "delivered_bytes": 400 * MBPS_A_BIN,
        "resent_bytes": 0,
        "rtt_min_ns": -1,
        "headroom_bytes": NO_HEADROOM_SAMPLE,
        "is_unread": 0,
        "active": 1,
        "sent_first_ts": NEVER,
        "sent_last_ts": NO_TIME,
        "acked_first_ts": NEVER,
        "acked_first_bytes": 0,
        "acked_last_ts": NO_TIME,
    }
    known.update(columns)
    made = {n: np.broadcast_to(np.array(v, np.int64), bins).copy() for n, v in known.items()}
    made["is_unread"] = made["is_unread"] > 0
    left = np.maximum(np.cumsum(made["new_bytes"]) - np.cumsum(made["delivered_bytes"]), 0)
    left += np.where(made["new_bytes"] > 0, 2 * 1460, 0)  # what was sent last is on its way
    return Together(0, 10 * MS, **{"outstanding_bytes": left, **made})


def sent(**known: Any) -> Sent:
    """400 Mbps over 2 ms of idle path, seen at the sender, of which nothing else is known."""
    everything: dict[str, Any] = {
        "rate_mbps": 400.0,
        "idle_ns": 2 * MS,
        "is_at_sender": True,
        "floor_ns": 2 * MS,
        "mss": 1460,
        "segments": 70_000,
        "resent_segments": 0,
        "stuck_bytes": None,
        "hypervisor": "vmware",
        "connections": 1,
        "largest_window": None,
    }
    everything.update(known)
    return Sent(**everything)


def share(bins: int, part: float, yes: int, no: int) -> list[int]:
    """So much of the bins has one value, the rest the other; spread evenly."""
    return [yes if int((i + 1) * part) > int(i * part) else no for i in range(bins)]


def sawtooth(bins: int, level: int = 45, every: int = 20) -> list[int]:
    """What a sender sends that grows from two thirds of this many Mbps to four, and is cut then: bytes of each bin."""
    return [level * MBPS_A_BIN * (2 * every + 2 * (i % every)) // (3 * every) for i in range(bins)]


def bursts(bins: int, *at: int) -> list[int]:
    """Resent bytes in these bins."""
    return [14_600 if i in at else 0 for i in range(bins)]


def limit_of(series: Together, known: Sent) -> Attribution:
    return attribute(series, known)


# black hole


def test_segments_that_never_got_through_are_a_black_hole() -> None:
    """Large ones resent and never acknowledged while small ones pass: the path drops them, whatever else is seen."""
    told = limit_of(together(headroom_bytes=0), sent(stuck_bytes=8948, largest_window=65_535))
    assert told.limit == "network"
    assert "8948 bytes" in told.because
    assert "MTU black hole" in told.because


def test_without_stuck_segments_there_is_no_black_hole() -> None:
    """The same stream whose segments got through is held back by its window."""
    assert limit_of(together(headroom_bytes=0), sent()).limit == "receiver_window"


# receive window


def test_a_full_window_names_what_it_allows() -> None:
    """65,535 bytes without scaling allow 105 Mbps over 5 ms."""
    slow = sent(rate_mbps=104.0, idle_ns=5 * MS, floor_ns=5 * MS, largest_window=65_535)
    told = limit_of(together(headroom_bytes=1460), slow)
    assert told.limit == "receiver_window"
    assert "allow 105 Mbps" in told.because


@pytest.mark.parametrize(("room", "limit"), [(2 * 1460, "receiver_window"), (2 * 1460 + 1, "unknown")])
def test_a_flight_within_two_segments_of_the_window_is_held_back(room: int, limit: str) -> None:
    """Nearer cannot be told from full, since a sender does not send parts of a segment."""
    assert limit_of(together(headroom_bytes=room), sent()).limit == limit


@pytest.mark.parametrize(("part", "limit"), [(0.6, "receiver_window"), (0.4, "unknown")])
def test_a_window_that_was_full_now_and_then_is_not_the_limit(part: float, limit: str) -> None:
    """It takes most of the windows of 100 ms."""
    full = np.repeat(share(20, part, 0, 10**6), 10)
    assert limit_of(together(headroom_bytes=full), sent()).limit == limit


@pytest.mark.parametrize(("times", "limit"), [(2, "receiver_window"), (100, "unknown")])
def test_a_window_that_would_allow_far_more_is_not_the_limit(times: int, limit: str) -> None:
    """A flight that looks full under a window for 100 times the rate has another cause."""
    window = int(times * 400e6 / 8 * 0.002)
    assert limit_of(together(headroom_bytes=0), sent(largest_window=window)).limit == limit


@pytest.mark.parametrize(("rtt_ms", "limit"), [(2.0, "receiver_window"), (5.0, "unknown")])
def test_a_full_window_behind_longer_round_trips_is_not_told_from_a_slow_receiver(rtt_ms: float, limit: str) -> None:
    """Twice the rate is allowed over the idle path; what it holds besides stands in a queue, or waits to be read."""
    window = int(2 * 400e6 / 8 * 0.002)
    told = limit_of(together(headroom_bytes=0, rtt_min_ns=int(rtt_ms * MS)), sent(largest_window=window))
    assert told.limit == limit


def test_windows_of_several_connections_add_up() -> None:
    """Four windows that each allow the rate allow four times of it together."""
    window = int(400e6 / 8 * 0.002)
    assert limit_of(together(headroom_bytes=0), sent(largest_window=window, connections=1)).limit == "receiver_window"
    assert limit_of(together(headroom_bytes=0), sent(largest_window=window, connections=4)).limit == "unknown"


# queue


@pytest.mark.parametrize(
    ("idle_ms", "met_ms", "limit"),
    [
        (2.0, 2.6, "network"),  # more than half a millisecond over the idle path
        (2.0, 2.4, "sender"),
        (100.0, 111.0, "network"),  # more than a tenth of it
        (100.0, 109.0, "sender"),
        (0.1, 0.7, "network"),
        (0.1, 0.5, "sender"),
    ],
)
def test_a_queue_is_what_adds_to_the_idle_path(idle_ms: float, met_ms: float, limit: str) -> None:
    """Near hosts by half a millisecond, far ones by a tenth of their distance: jitter is no queue."""
    idle = int(idle_ms * MS)
    told = limit_of(together(rtt_min_ns=int(met_ms * MS)), sent(idle_ns=idle, floor_ns=idle))
    assert told.limit == limit


@pytest.mark.parametrize(("part", "limit"), [(0.55, "network"), (0.45, "unknown"), (0.05, "sender")])
def test_a_queue_must_stand_most_of_the_time(part: float, limit: str) -> None:
    """Half the time decides; hardly ever is a free path; in between nobody knows."""
    met = share(200, part, 9 * MS, 2 * MS)
    assert limit_of(together(rtt_min_ns=met), sent()).limit == limit


@pytest.mark.parametrize("columns", [{"is_unread": 1}, {"headroom_bytes": -400_000}])
def test_long_round_trips_to_a_receiver_that_does_not_keep_up_are_no_queue(columns: dict[str, int]) -> None:
    """Its window had shrunk, or was closed: it reads slowly, and holds its ACKs back until it has read."""
    slow = together(rtt_min_ns=9 * MS, **columns)
    assert limit_of(slow, sent(largest_window=10**7)).limit != "network"
    assert limit_of(together(rtt_min_ns=9 * MS), sent(largest_window=10**7)).limit == "network"


def test_a_full_window_that_had_shrunk_is_the_receivers_whatever_it_once_allowed() -> None:
    """It would allow far more than the rate if it were read; now it is full of what was not."""
    told = limit_of(together(rtt_min_ns=9 * MS, headroom_bytes=0, is_unread=1), sent(largest_window=10**7))
    assert (told.limit, "unread" in told.because) == ("receiver_window", True)


@pytest.mark.parametrize("is_at_sender", [True, False])
def test_while_nothing_is_on_its_way_no_queue_stands(is_at_sender: bool) -> None:
    """Bursts of 20 ms that meet their own queue, and 30 ms of rest behind each: two fifths of the time."""
    flow = [1000 * MBPS_A_BIN, 0, 0, 0, 0] * 40
    delivered = [0, 1000 * MBPS_A_BIN, 0, 0, 0] * 40
    known = {"new_bytes": flow, "delivered_bytes": delivered, "rtt_min_ns": [9 * MS, 9 * MS, -1, -1, -1] * 40}
    told = limit_of(together(**known), sent(idle_ns=2 * MS, is_at_sender=is_at_sender))
    assert told.limit != "network"
    standing = together(outstanding_bytes=14_600, **known)  # there is always something on its way
    assert limit_of(standing, sent(is_at_sender=is_at_sender)).limit == "network"


def test_what_the_path_carried_while_busy_is_told_apart() -> None:
    """The queue stood for the second half, and 800 Mbps went through then."""
    told = limit_of(
        together(rtt_min_ns=[2 * MS] * 90 + [9 * MS] * 110, delivered_bytes=[0] * 90 + [800 * MBPS_A_BIN] * 110), sent()
    )
    assert told.limit == "network"
    assert told.busy_mbps == pytest.approx(800)
    assert "800 Mbps" in told.because


def test_acks_in_clumps_tell_what_was_carried_in_the_time_before() -> None:
    """Every other bin has no ACK, and the next one those of both: 400 Mbps with a queue, and not 800."""
    clumped: dict[str, Any] = {
        "delivered_bytes": [0, 800 * MBPS_A_BIN] * 100,
        "rtt_min_ns": [-1, 30 * MS] * 100,
        "outstanding_bytes": 14_600,
    }
    assert limit_of(together(**clumped), sent()).busy_mbps == pytest.approx(400)
    clumped["outstanding_bytes"] = [0, 14_600] * 100  # nothing was on its way: the sender paused between
    assert limit_of(together(**clumped), sent()).busy_mbps == pytest.approx(800)
    clumped["outstanding_bytes"], clumped["rtt_min_ns"] = 14_600, [-1, 9 * MS] * 100  # was sent in the clump's own bin
    assert limit_of(together(**clumped), sent()).busy_mbps == pytest.approx(800)


def queued(*stretches: tuple[int, int, int]) -> Together:
    """Bins of 10 ms with a queue, in stretches of (bins, Mbps sent, Mbps acknowledged)."""
    new, acked = ([m * MBPS_A_BIN for n, *rates in stretches for m in [rates[i]] * n] for i in (0, 1))
    return together(len(new), rtt_min_ns=9 * MS, new_bytes=new, delivered_bytes=acked)


def test_the_best_stretch_of_a_full_path_is_nearest_to_its_ceiling() -> None:
    """A sender in bursts: 300 Mbps for most of the time, 860 in 100 ms of it, and a queue all the while."""
    told = limit_of(queued((95, 300, 300), (10, 860, 860), (95, 300, 300)), sent())
    assert told.busy_mbps == pytest.approx(328)
    assert told.full_mbps == pytest.approx(860)
    assert "328 Mbps then, at best 860" in told.because


def test_a_stretch_without_a_queue_tells_no_ceiling() -> None:
    """A bucket of a shaper lets 860 Mbps pass before the queue stands: then 300 is what it carries."""
    burst = together(
        rtt_min_ns=[2 * MS] * 20 + [9 * MS] * 180,
        new_bytes=[860 * MBPS_A_BIN] * 20 + [300 * MBPS_A_BIN] * 180,
        delivered_bytes=[860 * MBPS_A_BIN] * 14 + [300 * MBPS_A_BIN] * 186,
    )
    assert limit_of(burst, sent()).full_mbps == pytest.approx(300)


def test_an_ack_for_what_came_long_before_is_no_rate() -> None:
    """A hole is filled, and one ACK stands for half a second: the path carried what was sent."""
    told = limit_of(queued((50, 300, 300), (50, 300, 0), (1, 300, 15_300), (99, 300, 300)), sent())
    assert told.full_mbps == pytest.approx(300)


def test_a_path_that_is_shorter_full_than_four_round_trips_shows_no_ceiling() -> None:
    """One second of stream over 300 ms of path: no stretch of four round trips is in it."""
    far = sent(idle_ns=300 * MS, floor_ns=300 * MS)
    assert limit_of(together(100, rtt_min_ns=500 * MS), far).full_mbps is None
    assert limit_of(together(120, rtt_min_ns=500 * MS), far).full_mbps == pytest.approx(400)


def test_bins_without_a_round_trip_say_nothing_about_queues() -> None:
    """The share is of the bins in which something was measured; without any there is no answer."""
    met = share(200, 0.3, 9 * MS, -1)
    assert limit_of(together(rtt_min_ns=met), sent()).limit == "network"
    nothing = limit_of(together(rtt_min_ns=-1), sent())
    assert (nothing.limit, nothing.busy_mbps) == ("unknown", None)


def test_a_queue_is_held_against_the_half_that_is_in_view() -> None:
    """In the middle of the path the shortest data-to-ACK time there is the floor, not the whole path's idle time."""
    seen = sent(idle_ns=None, floor_ns=1 * MS, is_at_sender=False)
    assert limit_of(together(rtt_min_ns=3 * MS), seen).limit == "network"
    assert limit_of(together(rtt_min_ns=1 * MS), seen).limit == "unknown"


# loss


def test_loss_that_explains_the_rate_is_the_network() -> None:
    """Twenty events in 20,000 segments over 10 ms allow one connection some 45 Mbps."""
    lossy = sent(rate_mbps=45.0, idle_ns=10 * MS, floor_ns=10 * MS, segments=20_000)
    told = limit_of(together(400, new_bytes=sawtooth(400), resent_bytes=bursts(400, *range(0, 400, 20))), lossy)
    assert told.limit == "network"
    assert "20 loss events" in told.because


@pytest.mark.parametrize(
    ("rate", "limit"), [(10.0, "unknown"), (23.0, "network"), (89.0, "network"), (200.0, "unknown")]
)
def test_a_rate_far_from_the_bound_has_another_cause(rate: float, limit: str) -> None:
    """Half to twice the bound is explained by it: less was held back by something else, more ignores loss."""
    lossy = sent(rate_mbps=rate, idle_ns=10 * MS, floor_ns=10 * MS, segments=20_000)
    assert (
        limit_of(together(400, new_bytes=sawtooth(400), resent_bytes=bursts(400, *range(0, 400, 20))), lossy).limit
        == limit
    )


def test_an_even_pace_was_not_limited_by_losses() -> None:
    """Twenty events, and 45 Mbps before and behind each of them: an application's pace, or a policer's."""
    lossy = sent(rate_mbps=45.0, idle_ns=10 * MS, floor_ns=10 * MS, segments=20_000)
    told = limit_of(together(400, resent_bytes=bursts(400, *range(0, 400, 20))), lossy)
    assert (told.limit, "one rate whatever was lost" in told.because) == ("unknown", True)


def test_what_losses_cost_for_a_moment_and_was_caught_up_did_not_limit() -> None:
    """Behind each loss 200 ms at 32 Mbps, then 200 ms at 48, then 40 again: all that was handed over went."""
    flow = [v * MBPS_A_BIN for v in ([40] * 40 + [32] * 20 + [48] * 20)] * 5
    lossy = sent(rate_mbps=40.0, idle_ns=10 * MS, floor_ns=10 * MS, segments=14_000)
    caught_up = together(400, new_bytes=flow, resent_bytes=bursts(400, *range(38, 400, 80)))
    assert limit_of(caught_up, lossy).limit == "unknown"
    flow = [v * MBPS_A_BIN for v in ([40] * 40 + [32] * 20 + [36] * 20)] * 5  # not caught up
    cut = together(400, new_bytes=flow, resent_bytes=bursts(400, *range(38, 400, 80)))
    assert limit_of(cut, lossy).limit == "network"


@pytest.mark.parametrize(("window", "limit"), [(70_000, "unknown"), (700_000, "network")])
def test_in_the_middle_a_small_receive_window_explains_the_rate_as_well(window: int, limit: str) -> None:
    """70 kB over 10 ms allow 56 Mbps: whether the flight filled them is not in view there."""
    lossy = sent(
        rate_mbps=45.0, idle_ns=10 * MS, floor_ns=5 * MS, segments=20_000, is_at_sender=False, largest_window=window
    )
    again = bursts(400, *range(0, 400, 20))
    assert limit_of(together(400, new_bytes=sawtooth(400), resent_bytes=again), lossy).limit == limit
    queued = together(400, rtt_min_ns=8 * MS)
    assert limit_of(queued, lossy).limit == limit


def test_sixty_resent_segments_in_one_burst_are_one_loss_event() -> None:
    """A full queue drops a row of segments at once: congestion spoke once, and once explains no rate."""
    lossy = sent(rate_mbps=45.0, idle_ns=10 * MS, floor_ns=10 * MS, segments=20_000, resent_segments=60)
    one = [87_600 if i == 100 else 0 for i in range(400)]
    assert limit_of(together(400, resent_bytes=one), lossy).limit == "unknown"


def test_what_is_resent_within_one_round_trip_is_one_event() -> None:
    """At 100 ms of round trip the repairs of one loss spread over as much; at 10 ms the same bins are five events."""
    spread = bursts(400, 100, 102, 104, 106, 108)
    far = sent(rate_mbps=9.0, idle_ns=100 * MS, floor_ns=100 * MS, segments=20_000)
    near = sent(rate_mbps=90.0, idle_ns=10 * MS, floor_ns=10 * MS, segments=20_000)
    assert limit_of(together(400, new_bytes=sawtooth(400), resent_bytes=spread), far).limit == "unknown"
    assert "5 loss events" in limit_of(together(400, new_bytes=sawtooth(400), resent_bytes=spread), near).because


@pytest.mark.parametrize(("rtt_ms", "events"), [(0.5, 100), (10, 100), (40, 40), (90, 20), (990, 2), (5000, 1)])
def test_losses_that_follow_each_other_closely_are_no_single_event(rtt_ms: float, events: int) -> None:
    """Resends in every bin: a sender slows down once a round trip, however close together its losses are."""
    always = together(200, resent_bytes=bursts(200, *range(200)))
    assert event_begins(always, int(rtt_ms * MS)).sum() == events
    assert event_begins(together(200, resent_bytes=bursts(200, 7, 8)), int(rtt_ms * MS)).sum() == 1


def test_too_few_events_are_no_basis() -> None:
    """Four losses may be chance."""
    lossy = sent(rate_mbps=100.0, idle_ns=10 * MS, floor_ns=10 * MS, segments=20_000)
    assert limit_of(together(400, resent_bytes=bursts(400, 0, 90, 180, 270)), lossy).limit == "unknown"


def test_without_the_whole_path_loss_allows_no_figure() -> None:
    """The bound needs the round trip of the whole path."""
    lossy = sent(rate_mbps=45.0, idle_ns=None, floor_ns=10 * MS, segments=20_000, is_at_sender=False)
    assert (
        limit_of(together(400, new_bytes=sawtooth(400), resent_bytes=bursts(400, *range(0, 400, 20))), lossy).limit
        == "unknown"
    )


def test_near_the_receiver_its_own_delay_of_an_acknowledgement_is_no_queue() -> None:
    """The floor of 30 us is the host's own turn-around: 0.9 ms more may be delayed ACKs; the path is out of view."""
    seen = sent(idle_ns=None, floor_ns=30_000, is_at_sender=False)
    assert limit_of(together(rtt_min_ns=900_000), seen).limit == "unknown"


# sender

CAP_MBPS = 1073.741824
"""128 MiB/s."""


def capped(**more: Any) -> Sent:
    return sent(rate_mbps=CAP_MBPS, hypervisor="qemu", **more)


def test_qemus_default_cap_is_the_senders() -> None:
    """1073.7 Mbps with a free path is a setting, not the link."""
    told = limit_of(together(rtt_min_ns=2 * MS), capped())
    assert told.limit == "sender"
    assert "128 MiB/s" in told.because


def test_at_the_cap_with_a_queue_the_path_was_full_too() -> None:
    """A link of just that speed shows a queue, and then it is the network."""
    assert limit_of(together(rtt_min_ns=9 * MS), capped()).limit == "network"


@pytest.mark.parametrize(("rate", "hypervisor"), [(CAP_MBPS, "vmware"), (1000.0, "qemu"), (1150.0, "qemu")])
def test_the_cap_is_qemus_and_exactly_that(rate: float, hypervisor: str) -> None:
    """Another hypervisor at that rate, or QEMU at another rate, is not explained by it."""
    told = limit_of(together(), sent(rate_mbps=rate, hypervisor=hypervisor))
    assert "128 MiB/s" not in told.because


@pytest.mark.parametrize(("every", "limit"), [(10, "sender"), (25, "unknown")])
def test_a_sender_that_pauses_in_most_windows_is_the_limit(every: int, limit: str) -> None:
    """An empty bin in each 100 ms is a pause there; in two of five windows it is not most of the time."""
    flow = [0 if i % every == 0 else 400 * MBPS_A_BIN for i in range(200)]
    assert limit_of(together(new_bytes=flow, active=[int(v > 0) for v in flow]), sent()).limit == limit


def test_a_sender_that_waits_for_what_was_lost_does_not_pause() -> None:
    """Timeouts of 300 ms between 100 ms of flow: three quarters of the time are the path's, and it was not free."""
    flow = [0 if i % 40 >= 10 else 400 * MBPS_A_BIN for i in range(200)]
    again = bursts(200, 39, 79, 119, 159)
    told = limit_of(together(new_bytes=flow, delivered_bytes=flow, resent_bytes=again, rtt_min_ns=2 * MS), sent())
    assert told.limit == "unknown"
    assert "resent" in told.because


def test_a_pausing_sender_before_a_standing_queue_is_the_networks() -> None:
    """The queue is the stronger sign: it stood although the sender paused."""
    flow = [0 if i % 10 == 0 else 400 * MBPS_A_BIN for i in range(200)]
    assert limit_of(together(new_bytes=flow, rtt_min_ns=9 * MS), sent()).limit == "network"


def test_a_path_that_was_seen_free_leaves_the_sender() -> None:
    """At the sender's NIC, with no queue and no loss, nothing on the path was in the way."""
    told = limit_of(together(rtt_min_ns=2 * MS), sent())
    assert told.limit == "sender"
    assert "no queue" in told.because


def test_a_path_is_only_called_free_where_all_of_it_is_in_view() -> None:
    """In mid-path the queue may stand before the capture point."""
    assert limit_of(together(rtt_min_ns=2 * MS), sent(is_at_sender=False)).limit == "unknown"


def test_a_path_that_lost_packets_was_not_free() -> None:
    """Five loss events that explain nothing still forbid calling the path free."""
    lost = bursts(200, 0, 40, 80, 120, 160)
    told = limit_of(together(rtt_min_ns=2 * MS, resent_bytes=lost), sent(rate_mbps=4000.0))
    assert told.limit == "unknown"


# nothing to say


def test_too_little_to_say() -> None:
    """No series, no rate, or less than a window of 100 ms."""
    for told in (
        attribute(None, sent()),
        attribute(together(), sent(rate_mbps=None)),
        attribute(together(9), sent()),
    ):
        assert (told.limit, told.busy_mbps) == ("unknown", None)
        assert told.because


@given(
    st.lists(st.sampled_from([-1, 2 * MS, 3 * MS, 40 * MS]), min_size=10, max_size=60),
    st.lists(st.sampled_from([0, 1460, NO_HEADROOM_SAMPLE]), min_size=60, max_size=60),
    st.lists(st.sampled_from([0, 0, 14_600]), min_size=60, max_size=60),
    st.sampled_from([None, 2 * MS, 100 * MS]),
)
def test_the_network_is_never_blamed_without_a_queue_or_loss(
    met: list[int], room: list[int], lost: list[int], idle: int | None
) -> None:
    """Only those two, and a black hole, may turn a slow migration into a failed link."""
    bins = len(met)
    series = together(bins, rtt_min_ns=met, headroom_bytes=room[:bins], resent_bytes=lost[:bins])
    told = attribute(series, sent(idle_ns=idle, floor_ns=idle))
    if told.limit == "network":
        assert idle is not None
        assert max(met) > idle or any(lost[:bins])


# figures by hand


@pytest.mark.parametrize(
    ("rate_mbps", "rtt_ms", "mss", "loss"),
    [
        (622, 5, 1460, 2.1e-5),
        (622, 5, 8960, 8.0e-4),
        (622, 10, 1460, 5.3e-6),
        (622, 10, 8960, 2.0e-4),
        (250, 10, 1460, 3.3e-5),
        (250, 10, 8960, 1.2e-3),
        (250, 100, 1460, 3.3e-7),
        (250, 100, 8960, 1.2e-5),
        (250, 150, 1460, 1.5e-7),
        (250, 150, 8960, 5.5e-6),
    ],
)
def test_mathis_allows_what_the_table_says(rate_mbps: int, rtt_ms: int, mss: int, loss: float) -> None:
    """The loss below which a rate is possible, given to two digits: the rate lies between their neighbours'."""
    half_digit = 0.05 * 10 ** np.floor(np.log10(loss))
    low = mathis_mbps(mss, rtt_ms * MS, loss + half_digit)
    high = mathis_mbps(mss, rtt_ms * MS, loss - half_digit)
    assert low is not None
    assert high is not None
    assert low <= rate_mbps <= high


def test_without_loss_or_distance_there_is_no_bound() -> None:
    """None is no figure; it is not infinity."""
    assert mathis_mbps(1460, 5 * MS, 0.0) is None
    assert mathis_mbps(1460, 0, 1e-5) is None
    assert window_mbps(65_535, 0) is None


@pytest.mark.parametrize(
    ("window", "rtt_ms", "rate_mbps"),
    [
        (524_288, 5, 839),
        (524_288, 10, 419),
        (524_288, 150, 28),
        (65_535, 5, 105),
        (388_750, 5, 622),
        (4_687_500, 150, 250),
    ],
)
def test_a_window_allows_what_the_table_says(window: int, rtt_ms: int, rate_mbps: int) -> None:
    """0.5 MiB over 5, 10 and 150 ms; no scaling over 5 ms; and the bandwidth-delay products themselves."""
    allowed = window_mbps(window, rtt_ms * MS)
    assert allowed is not None
    assert round(allowed) == rate_mbps
