"""What was sent to everybody shows where clocks that answers hold by a third cannot stand as that says."""

import random

import numpy as np
import pytest

from tests.points.made import MS, Clock, S, Sent, paired_of, traffic
from vmpcap.points.chain import stand
from vmpcap.points.floods import Floods, sets_by_floods
from vmpcap.points.pair_clock import PairClock, bound_pair
from vmpcap.points.timeline import elapsed

OLD, NEW, BETWEEN = 0, 1, 2
SEAM = 30 * S
GONE = 400 * MS
TIMES = [np.arange(S, 60 * S, 10 * MS)] * 3
FLOODED = np.arange(31 * S, 36 * S, S)


def stopped(t: int) -> int:
    """A clock that stood still for so long, while the capture was stopped too."""
    return t if t < SEAM else t - GONE


def pair(seed: int, begin: int, between: Clock) -> PairClock:
    """The clock of the one between beside that of a place, which saw packets from then on for 20 s."""
    sent = traffic(random.Random(seed), 20, 400, (1, 1), 0.1)
    moved = [Sent(p.one_ts + begin, p.other_ts + begin, p.side) for p in sent]
    found, _ = bound_pair(paired_of(moved, between))
    assert found is not None
    return found


def clocks_of(between: Clock) -> dict[tuple[int, int], PairClock]:
    return {(OLD, BETWEEN): pair(1, 0, between), (NEW, BETWEEN): pair(2, 31 * S, between)}


def floods(late: int) -> dict[tuple[int, int], Floods]:
    """Five, from the new place to the old one, so much later there."""
    return {(OLD, NEW): Floods(FLOODED + late, np.full(len(FLOODED), -late))}


def test_a_clock_between_two_places_that_was_stopped_may_have_been_set() -> None:
    """The truth, that both places have one clock, lies within what is said; without floods it does not."""
    clocks = clocks_of(stopped)
    for own, is_told in (({}, False), (floods(MS), True)):
        sets = sets_by_floods(clocks, own, {}, TIMES)
        assert set(sets) == ({BETWEEN} if is_told else set())
        lines = {p: s.timeline for p, s in stand(clocks, BETWEEN, 0, sets).items()}
        apart = elapsed(lines[OLD], 20 * S, lines[NEW], 20 * S)
        assert apart is not None
        assert (apart.low_ns <= 0 <= apart.high_ns) is is_told


@pytest.mark.parametrize("late", [MS // 2, 5 * MS])
def test_floods_that_pass_both_as_the_clocks_say_accuse_nobody(late: int) -> None:
    """Nor do those that a bridge held up for milliseconds."""
    assert sets_by_floods(clocks_of(lambda t: t), floods(late), {}, TIMES) == {}


def test_one_flood_in_time_clears_the_clocks() -> None:
    """The others were held up on their way."""
    late = np.array([300, 300, 1, 300, 300]) * MS
    held_up = {(OLD, NEW): Floods(FLOODED + late, -late)}
    assert sets_by_floods(clocks_of(lambda t: t), held_up, {}, TIMES) == {}


def test_a_flood_beside_answers_is_slow_and_no_clock_was_set() -> None:
    """Where a third holds both at that time, nothing of the clocks is open."""
    clocks = {(OLD, BETWEEN): pair(1, 0, lambda t: t), (NEW, BETWEEN): pair(2, 10 * S, lambda t: t)}
    at = np.arange(12 * S, 18 * S, S)
    assert sets_by_floods(clocks, {(OLD, NEW): Floods(at + 300 * MS, np.full(6, -300 * MS))}, {}, TIMES) == {}


@pytest.mark.parametrize(
    "late",
    [[32_000], [32_000, 39_000, 46_000], [9_350] * 5],
    ids=["one", "by another time each", "a series at either place"],
)
def test_what_two_domains_show_alike_accuses_nobody(late: list[int]) -> None:
    """The guest asked in the one domain, and in the other when it had moved there: these are no copies."""
    alike = {(OLD, NEW): Floods(FLOODED[: len(late)], np.array(late) * MS)}
    assert sets_by_floods(clocks_of(lambda t: t), alike, {}, TIMES) == {}
