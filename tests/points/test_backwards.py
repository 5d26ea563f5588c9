"""A clock that was set back shows times twice: the order of the capture tells them apart."""

import random

import numpy as np
import pytest

from tests.points.made import MS, S, Sent, kept_of, paired_of, traffic
from vmpcap.points.backwards import set_backs, unroll
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.pairing import Paired


def set_back(sent: list[Sent], steps: list[tuple[int, int]], offset: int = 0) -> Paired:
    """The same packets, captured in true order; the first point's clock steps by so much at those true times."""

    def shown(ts: int) -> int:
        return ts + sum(step for at, step in steps if ts >= at)

    one = kept_of([(n, shown(p.one_ts), p.side, p.ends) for n, p in enumerate(sent)])
    order = sorted(range(len(sent)), key=lambda n: sent[n].other_ts)
    other = kept_of([(n, sent[n].other_ts + offset, sent[n].side, sent[n].ends) for n in order])
    return Paired(one, other, np.arange(len(sent)), np.argsort(np.array(order)), 0, 0, 0, 0, 0)


def clock_of(paired: Paired) -> PairClock:
    clock, _ = bound_pair(paired)
    assert clock is not None
    return clock


@pytest.mark.parametrize("seed", range(30))
def test_the_truth_is_within_before_and_after_it_was_set_back(seed: int) -> None:
    """By 10 ms to 3 s, in a stream and in sparse packets; where its times come twice, both answers are."""
    rng = random.Random(seed)
    sent = traffic(rng, 20, rng.choice((200, 4000)), (1.0, 1.0), 0.2)
    at, step = S + rng.randrange(4 * S, 16 * S), -rng.randrange(10 * MS, 3 * S)
    clock = clock_of(set_back(sent, [(at, step)], 40 * MS))
    assert len(clock.pieces) == 2
    for ts in range(2 * S, 20 * S, 100 * MS):
        low, high = clock.at(ts + (step if ts >= at else 0))
        assert low <= 40 * MS - (step if ts >= at else 0) <= high, (ts - at) / MS
    low, high = clock.at(clock.middle_ts)
    assert high - low < 5 * MS


def test_set_back_twice_and_forward_once() -> None:
    """Each piece keeps its own."""
    sent = traffic(random.Random(4), 40, 8000, (0.2, 0.2), 0.05)
    steps = [(10 * S, -2 * S), (20 * S, -S), (30 * S, 5 * S)]
    clock = clock_of(set_back(sent, steps))
    assert len(clock.pieces) == 4
    for ts, shift in ((5 * S, 0), (15 * S, -2 * S), (25 * S, -3 * S), (35 * S, 2 * S)):
        low, high = clock.at(ts + shift)
        assert low <= -shift <= high


def test_times_out_of_order_by_a_queue_are_no_step() -> None:
    """One frame in fifty is stamped 3 ms late by another queue of the card; the clocks stay where they are."""
    rng = random.Random(5)
    sent = [
        Sent(p.one_ts - (3 * MS if rng.random() < 0.02 else 0), p.other_ts, p.side)
        for p in traffic(rng, 10, 5000, (1.0, 1.0), 0.1)
    ]
    ts, late = (np.array([f(p) for p in sent]) for f in (lambda p: p.one_ts, lambda p: p.other_ts - p.one_ts))
    assert len(unroll(ts, late).edges) == 1


def test_a_rising_clock_is_left_as_it_is() -> None:
    """Nothing is added."""
    sent = traffic(random.Random(1), 10, 1000, (1.0, 1.0), 0.1)
    flat = unroll(np.array([p.one_ts for p in sent]), np.array([p.other_ts - p.one_ts for p in sent]))
    assert not flat.added.any()
    assert len(flat.edges) == 1


@pytest.mark.parametrize(("at", "by"), [(-1, -200 * MS), (-2, -200 * MS), (0, 200 * MS), (1, 200 * MS)])
def test_a_packet_out_of_order_at_an_end_of_the_capture_is_no_step(at: int, by: int) -> None:
    """Beside it there are too few to tell that the clock stays where it came to."""
    sent = traffic(random.Random(6), 10, 400, (1.0, 1.0), 0.1)
    odd = [Sent(p.one_ts + by * (n == at % len(sent)), p.other_ts, p.side) for n, p in enumerate(sent)]
    flat = unroll(np.array([p.one_ts for p in odd]), np.array([p.other_ts - p.one_ts for p in odd]))
    assert len(flat.edges) == 1


@pytest.mark.parametrize("by", [-7 * MS, -80 * MS, 7 * MS, 80 * MS])
def test_one_frame_out_of_order_does_not_set_a_clock_back(by: int) -> None:
    """A frame every millisecond, one of them stamped early or late: those after it go on as those before it did."""
    ts = np.arange(200) * MS
    ts[100] += by
    assert set_backs(ts).tolist() == []


@pytest.mark.parametrize("gap", [MS, 10 * MS])
def test_a_clock_that_was_set_back_stays_there(gap: int) -> None:
    """By 80 ms: the frame before the step is named, and no other."""
    ts = np.arange(200) * gap
    ts[100:] -= 80 * MS
    assert set_backs(ts).tolist() == [99]


def turned(paired: Paired) -> Paired:
    """The same two points, named the other way round."""
    rows = np.argsort(paired.row_other, kind="stable")
    one, other, row_one, row_other = paired.other, paired.one, paired.row_other[rows], paired.row_one[rows]
    return Paired(one, other, row_one, row_other, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("one_way", ["before", "after", "never"])
@pytest.mark.parametrize("seed", range(6))
def test_whichever_of_the_two_was_set_back_the_truth_is_within(seed: int, one_way: str, is_turned: bool) -> None:
    """Also where packets go one way only before the step, or after it: a step that its own file shows is no delay."""
    rng = random.Random(seed)
    at, step = S + rng.randrange(6 * S, 14 * S), -rng.randrange(100 * MS, 2 * S)
    hidden = {"before": lambda ts: ts < at, "after": lambda ts: ts >= at, "never": lambda ts: False}[one_way]
    sent = [p for p in traffic(rng, 20, 2000, (0.1, 0.1), 0.02) if not (p.side == rng_side(seed) and hidden(p.one_ts))]
    paired = set_back(sent, [(at, step)])
    clock = clock_of(turned(paired) if is_turned else paired)
    for ts in range(2 * S, 20 * S, 100 * MS):
        shift = step if ts >= at else 0
        if abs(ts - at) < 50 * MS:
            continue
        low, high = clock.at(ts) if is_turned else clock.at(ts + shift)
        assert low <= (shift if is_turned else -shift) <= high, (ts - at) / MS


def rng_side(seed: int) -> int:
    """Which way goes unseen in that story?"""
    return seed % 2


@pytest.mark.parametrize("is_one", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_a_clock_set_back_holds_on_after_the_last_packet_that_both_saw(seed: int, is_one: bool) -> None:
    """They share none from half a second after it was set back by 1.5 s: its times come twice all the same."""
    rng = random.Random(seed)
    at, back = 30 * S, 1500 * MS

    def turned(t: int) -> int:
        return t - (back if t >= at else 0)

    sent = [packet for packet in traffic(rng, 60, 6_000, (1, 1), 0.1) if packet.one_ts < at + 500 * MS]
    made = paired_of(sent, (lambda t: t) if is_one else turned)
    shown = made.one._replace(ts_ns=np.array([turned(int(t)) if is_one else t for t in made.one.ts_ns], np.int64))
    clock, _ = bound_pair(Paired(shown, made.other, made.row_one, made.row_other, 0, 0, 0, 0, 0))
    assert clock is not None
    assert len(clock.pieces) == 2
    assert not clock.beyond
    for truth in range(at + 600 * MS, at + 3 * S, 50 * MS):
        one, other = (turned(truth), truth) if is_one else (truth, turned(truth))
        low, high = clock.at(one)
        assert one + low <= other <= one + high
