"""Which of two points stands nearer to somebody, by packets that both saw and whatever their clocks say."""

import numpy as np
import pytest

from vmpcap.points.nearness import FEWEST, nearer

US = 1000
S = 1_000_000_000


def seen(count: int, way_us: int, offset_ns: int, jitter: int = 0) -> tuple[np.ndarray, ...]:
    """Packets of a station and to it, at a point and at one further off by so much, with its clock ahead by so much."""
    rng = np.random.default_rng(5)
    sent_at = np.arange(count, dtype=np.int64) * 10_000 * US
    asked_at = sent_at - 300 * US
    sent_late = offset_ns + way_us * US + rng.integers(0, jitter + 1, count)
    asked_late = offset_ns - way_us * US - rng.integers(0, jitter + 1, count)
    return sent_at, sent_late, asked_at, asked_late


@pytest.mark.parametrize("offset_ns", [0, 137_000_000, -5 * S])
def test_the_nearer_point_is_told_whatever_the_clocks_say(offset_ns: int) -> None:
    """What he sends passes it first and what is sent to him last; looked at from the other point it is the reverse."""
    sent_at, sent_late, asked_at, asked_late = seen(40, 20, offset_ns, jitter=50 * US)
    assert nearer(sent_at, sent_late, asked_at, asked_late, 2) == 1
    back = (sent_at + sent_late, -sent_late, asked_at + asked_late, -asked_late)
    assert nearer(*back, 2) == -1


def test_what_lies_within_the_rounding_of_time_stamps_tells_nothing() -> None:
    """Two microseconds of way between points that count in milliseconds."""
    assert nearer(*seen(40, 2, 0), coarse_ns=2_000 * US) == 0


def test_too_few_packets_tell_nothing() -> None:
    """A packet and its answer are two neighbours at most."""
    assert nearer(*seen(FEWEST // 2 - 1, 20, 0), coarse_ns=2) == 0


def test_packets_that_contradict_each_other_tell_nothing() -> None:
    """Half of the packets went another way: no point is the nearer one to all of them."""
    sent_at, sent_late, asked_at, asked_late = seen(40, 20, 0)
    sent_late[20:] *= -1
    asked_late[20:] *= -1
    assert nearer(sent_at, sent_late, asked_at, asked_late, 2) == 0


def test_a_clock_that_drifts_in_a_long_silence_tells_nothing() -> None:
    """Packets of minutes apart are not held against each other."""
    sent_at, sent_late, asked_at, asked_late = seen(40, 20, 0)
    assert nearer(sent_at * 20_000, sent_late, asked_at * 20_000 - 100 * S, asked_late, 2) == 0
