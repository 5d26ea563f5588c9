"""How fast clocks run apart: to a few parts in a million, where the least delays of both ways stay as they are."""

import random

import pytest

from tests.points.made import MS, S, Sent, paired_of, traffic
from vmpcap.points.pair_clock import PairClock, bound_pair

TRIALS = 40


def found(sent: list[Sent], ppm: float) -> PairClock:
    """What is said of a clock that runs so much faster."""
    clock, _ = bound_pair(paired_of(sent, lambda ts: ts + round((ts - S) * ppm * 1e-6)))
    assert clock is not None
    return clock


@pytest.mark.parametrize("seconds", [30, 90, 180])
@pytest.mark.parametrize("ways", [(0.1, 0.1), (3.5, 3.5), (40.0, 10.0)])
def test_a_drift_is_known_to_a_few_ppm(seconds: int, ways: tuple[float, float]) -> None:
    """95 of 100 times the truth is within; whatever the ways do it may be as much as the time there and back leaves."""
    honest = 0
    widths = []
    for seed in range(TRIALS // 2):
        rng = random.Random(seed)
        sent = traffic(rng, seconds, 30 * seconds, ways, 0.05)
        ppm = rng.choice((-1, 1)) * rng.uniform(5, 50)
        clock = found(sent, ppm)
        least, most = clock.likely_drift
        honest += least <= ppm * 1e-6 <= most
        assert clock.longest.drift[0] <= least <= most <= clock.longest.drift[1]
        widths.append(most - least)
    assert honest >= 0.95 * (TRIALS // 2)
    assert sorted(widths)[len(widths) // 2] / 2 <= max(1.5e-6, 200e-6 / seconds, sum(ways) / 50 * 1e-3 / seconds)


def test_the_truth_lies_within_where_queues_come_and_go() -> None:
    """Of both ways, each for a time of its own and by as much as the way is long."""
    honest = 0
    for seed in range(TRIALS):
        rng = random.Random(seed)
        ways = rng.uniform(0.2, 10), rng.uniform(0.2, 10)
        spans = [(S * rng.uniform(0, 60), S * rng.uniform(5, 40), MS * rng.uniform(0, 2 * ways[n])) for n in (0, 1)]
        sent = []
        for packet in traffic(rng, 90, rng.choice((600, 2500)), ways, rng.uniform(0.02, 1)):
            since, long, by = spans[packet.side]
            wait = round(by) if since <= packet.one_ts - S < since + long else 0
            one, other = (0, wait) if packet.side == 0 else (wait, 0)
            sent.append(Sent(packet.one_ts + one, packet.other_ts + other, packet.side))
        ppm = rng.uniform(-50, 50)
        least, most = found(sorted(sent, key=lambda p: p.one_ts), ppm).likely_drift
        honest += least <= ppm * 1e-6 <= most
    assert honest >= 0.95 * TRIALS
