"""Which point a packet passed first, and that what is taken from it cannot be false."""

import random

import numpy as np
import pytest

from tests.points.made import MS, S, Sent, paired_of, traffic
from vmpcap.points.orders import Packets, find_orders
from vmpcap.points.pair_clock import bound_pair
from vmpcap.points.timeline import track_of


def packets_of(sent: list[Sent], offset: int = 0) -> Packets:
    """By ends, then by time at the one point."""
    rows = sorted(sent, key=lambda p: (p.ends, p.one_ts))
    return Packets(
        np.array([p.one_ts for p in rows], np.int64),
        np.array([p.other_ts + offset - p.one_ts for p in rows], np.int64),
        np.array([p.ends for p in rows], np.uint64),
        np.array([p.side for p in rows], np.uint8),
    )


def turned(sent: list[Sent]) -> list[Sent]:
    """The same packets on a way that passes the other point first."""
    return [Sent(p.other_ts, p.one_ts, p.side, p.ends) for p in sent]


@pytest.mark.parametrize("seed", range(50))
def test_every_bound_holds_though_some_packets_pass_the_points_the_other_way_round(seed: int) -> None:
    """One in two hundred takes another way with its answer: a majority would believe them what they are not."""
    rng = random.Random(seed)
    sent = []
    for _ in range(400):
        at, there, back = S + rng.randrange(20 * S), rng.randrange(1, 5 * MS), rng.randrange(1, 5 * MS)
        exchange = [Sent(at, at + there, 0), Sent(at + there + back + MS, at + there + MS, 1)]
        sent += turned(exchange) if rng.random() < 0.005 else exchange
    offset = rng.randrange(-S, S)
    orders = find_orders(packets_of(sent, offset), 1)
    assert (orders.lows.value_ns <= offset).all()
    assert (orders.highs.value_ns >= offset).all()
    assert len(orders.lows.ts) > 100


def test_a_way_that_changes_once_bounds_before_and_after() -> None:
    """Only the stretches around the change are left out."""
    rng = random.Random(4)
    sent = sorted(traffic(rng, 100, 2000, (1.0, 2.0), 0.5), key=lambda p: p.one_ts)
    sent = [p if p.one_ts < 50 * S else turned([p])[0] for p in sent]
    orders = find_orders(packets_of(sent, 7 * MS), 1)
    assert (orders.lows.value_ns <= 7 * MS).all()
    assert (orders.highs.value_ns >= 7 * MS).all()
    for bounds in orders[:2]:
        assert bounds.ts.min() < 10 * S
        assert bounds.ts.max() > 90 * S


def test_ends_that_answer_by_another_way_each_time_bound_nothing() -> None:
    """Half of the packets pass in the one order, half in the other."""
    rng = random.Random(3)
    sent = [turned([p])[0] if rng.randrange(2) else p for p in traffic(rng, 10, 400, (1.0, 1.0), 1.0)]
    orders = find_orders(packets_of(sent), 1)
    assert len(orders.lows.ts) == len(orders.highs.ts) == 0


def test_a_packet_without_an_answer_bounds_nothing() -> None:
    """One direction: an offset and a delay look alike."""
    sent = [p for p in traffic(random.Random(1), 10, 100, (1.0, 1.0), 1.0) if p.side == 0]
    orders = find_orders(packets_of(sent), 1)
    assert len(orders.lows.ts) == len(orders.highs.ts) == 0
    assert not orders.ahead.any()


@pytest.mark.parametrize("step", [-300 * MS, 300 * MS])
def test_a_step_while_only_one_side_sends_is_known_to_lie_in_that_time(step: int) -> None:
    """Nothing is said of the order by answers from before and after it; between the two pieces either may hold."""
    sent = [
        p
        for p in traffic(random.Random(6), 100, 3000, (1.0, 2.0), 0.5)
        if p.side == 1 or not 30 * S < p.one_ts < 70 * S
    ]
    clock, _ = bound_pair(paired_of(sent, lambda t: t + (step if t >= 50 * S else 0)))
    assert clock is not None
    assert len(clock.pieces) == 2
    track = track_of(clock)
    for ts in range(2 * S, 100 * S, S // 2):
        low, high = track.there(ts)
        assert low <= ts + (step if ts >= 50 * S else 0) <= high


@pytest.mark.parametrize("step", [-5 * MS, -9 * MS])
def test_a_small_step_while_only_one_side_sends_turns_no_order(step: int) -> None:
    """Answers came within a tenth of a second before it, and none after: what is said of the way then still holds."""
    rng = random.Random(7)
    both = traffic(rng, 5, 400, (0.02, 0.02), 0.005)
    late = [p for p in traffic(rng, 20, 4000, (0.02, 0.02), 0.005) if p.side == 0 and p.one_ts > 8 * S]
    sent = both + [Sent(p.one_ts, p.other_ts + step, 0) for p in late]
    orders = find_orders(packets_of(sent), 2)
    sides = np.array([p.side for p in sent])
    assert len(late) > 3 * len(both)
    assert (orders.ahead == np.where(sides == 0, 1, -1)).all()
