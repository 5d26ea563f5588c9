"""The drift that a report tells without a bar of its own: right to some ppm whatever the ways do, or not told."""

import random

import pytest

from tests.points.made import MS, S, Sent, paired_of, traffic
from vmpcap.points.chain import stand
from vmpcap.points.pair_clock import bound_pair
from vmpcap.runs.views import told_drift_ppm

SECONDS = 60
MOST_PPM = 20


def told(sent: list[Sent], ppm: float) -> float | None:
    """What is told of the second clock, which runs so much faster."""
    clock, _ = bound_pair(paired_of(sent, lambda ts: ts + round((ts - S) * ppm * 1e-6)))
    assert clock is not None
    return told_drift_ppm(stand({(0, 1): clock}, 0)[1])


@pytest.mark.parametrize("seed", range(5))
def test_ways_that_slide_oppositely_are_told_as_no_drift(seed: int) -> None:
    """One from 1 to 3 ms within the minute, the other back from 3 to 1 ms; both clocks are one."""
    sent = []
    for packet in traffic(random.Random(seed), SECONDS, 1200, (1, 1), 0.01):
        done = (min(packet.one_ts, packet.other_ts) - S) / (SECONDS * S)
        more = round(2 * MS * (done if packet.side == 0 else 1 - done))
        one, other = (0, more) if packet.side == 0 else (more, 0)
        sent.append(Sent(packet.one_ts + one, packet.other_ts + other, packet.side))
    found = told(sorted(sent, key=lambda p: p.one_ts), 0)
    assert found is None or abs(found) <= MOST_PPM


@pytest.mark.parametrize("ppm", [-45, 0, 30])
def test_a_drift_between_near_points_is_told(ppm: int) -> None:
    """A tenth of a millisecond each way leaves the ways no room to slide in."""
    found = told(traffic(random.Random(1), SECONDS, 1200, (0.1, 0.1), 0.01), ppm)
    assert found is not None
    assert abs(found - ppm) <= 2
