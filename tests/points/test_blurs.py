"""A capture that was held up, told from a network that was, and what its times are known to."""

import random

import numpy as np
import pytest

from tests.points.made import MS, S, Sent, kept_of, paired_of
from vmpcap.points.blurs import bound_unblurred, find_blurs
from vmpcap.points.pair_clock import bound_pair
from vmpcap.points.pairing import Paired
from vmpcap.points.sets import Set
from vmpcap.points.timeline import Timeline, elapsed_at

BEGIN, END = 20 * S, 20 * S + 300 * MS
ONE, OTHER = 0, 1


def pings(*, seconds: int = 60, delay: int = MS) -> list[Sent]:
    """Asked past the one point every 10 ms, answered behind the other after 0.1 ms."""
    found = []
    for number in range(S, seconds * S, 10 * MS):
        found.append(Sent(number, number + delay, 0))
        found.append(Sent(number + 2 * delay + MS // 10, number + delay + MS // 10, 1))
    return found


def stamped(paired: Paired, which: str) -> Paired:
    """The other point's times, as its capture was held up from BEGIN to END, or as its clock stood still."""
    ts = paired.other.ts_ns.copy()
    held = np.flatnonzero((ts >= BEGIN) & (ts < END))
    ts[held] = END + 2_000 * np.arange(len(held)) if which == "held up" else BEGIN
    return Paired(paired.one, paired.other._replace(ts_ns=ts), paired.row_one, paired.row_other, 0, 0, 0, 0, 0)


def times(paired: Paired) -> list[np.ndarray]:
    return [paired.one.ts_ns, paired.other.ts_ns]


@pytest.mark.parametrize("which", ["held up", "stood still"])
def test_frames_that_were_stamped_together_are_found_and_the_truth_of_each_is_within_what_is_said(which: str) -> None:
    """One stretch, of the point that was held up; from its begin to its end it shows so much too much."""
    true = paired_of(pings(), lambda t: t)
    shown = stamped(true, which)
    found = find_blurs({(ONE, OTHER): shown}, times(shown))
    assert list(found) == [OTHER]
    (blur,) = found[OTHER]
    wrong = np.flatnonzero(shown.other.ts_ns != true.other.ts_ns)
    assert all(blur.tells_not(int(shown.other.ts_ns[n])) for n in wrong)
    too_much = shown.other.ts_ns[wrong] - true.other.ts_ns[wrong]
    assert blur.low_ns <= int(too_much.min()) <= int(too_much.max()) <= blur.high_ns


@pytest.mark.parametrize("which", ["held up", "stood still"])
def test_the_clocks_are_told_by_the_other_packets(which: str) -> None:
    """As if there had been none of these: the clocks are one, and known as well."""
    clean, _ = bound_pair(paired_of(pings(), lambda t: t))
    shown = stamped(paired_of(pings(), lambda t: t), which)
    clock, ahead = bound_unblurred(shown, (), find_blurs({(ONE, OTHER): shown}, times(shown))[OTHER])
    assert clean is not None
    assert clock is not None
    assert len(clock.pieces) == 1
    assert clock.at(30 * S) == pytest.approx(clean.at(30 * S), abs=MS / 100)
    assert len(ahead) == len(shown.row_one)


def in_network(both_ways: bool) -> list[Sent]:
    """Between the two points a link was down from BEGIN to END; what came meanwhile was sent on then, in order."""
    found = []
    for n, one in enumerate(pings()):
        if one.side == 0 and BEGIN <= one.one_ts < END:
            found.append(Sent(one.one_ts, END + 2_000 * (n % 100), 0))
        elif one.side == 1 and both_ways and BEGIN <= one.other_ts < END:
            found.append(Sent(END + 2_000 * (n % 100), one.other_ts, 1))
        else:
            found.append(one)
    return sorted(found, key=lambda sent: sent.one_ts)


@pytest.mark.parametrize("both_ways", [False, True])
def test_a_link_that_was_down_accuses_no_capture(both_ways: bool) -> None:
    """What it held up came together past whoever is behind it, and no packet of the other direction did there."""
    shown = paired_of(in_network(both_ways), lambda t: t)
    assert find_blurs({(ONE, OTHER): shown}, times(shown)) == {}


@pytest.mark.parametrize("by", [-200 * MS, 300 * MS])
def test_a_clock_that_was_set_was_not_held_up(by: int) -> None:
    """All that passed between two packets passed at once there."""
    shown = paired_of(pings(), lambda t: t + (by if t >= BEGIN else 0))
    assert find_blurs({(ONE, OTHER): shown}, times(shown)) == {}


def test_bursts_that_a_slow_link_spreads_accuse_no_capture() -> None:
    """Handed over at once, 5 ms apart behind the link; each is acknowledged as it comes."""
    rng = random.Random(1)
    found = []
    for begin in range(S, 20 * S, S // 2):
        for n in range(40):
            there = begin + 10 * MS + n * 5 * MS + rng.randrange(10_000)
            found += [Sent(begin + n * 1_000, there, 0), Sent(there + 10 * MS, there + 5_000, 1)]
    shown = paired_of(sorted(found, key=lambda sent: sent.one_ts), lambda t: t)
    assert find_blurs({(ONE, OTHER): shown}, times(shown)) == {}


def test_times_of_such_a_stretch_are_known_to_no_more_than_the_frames_beside_it() -> None:
    """From before it into it, and over it: the clock itself went on."""
    sets = (Set(END, END + MS, -9 * MS, 300 * MS, False, is_blur=True),)
    line = Timeline(0, sets=sets, reference_sets=sets)
    into = elapsed_at(line, BEGIN - S, END)
    assert (into.low_ns, into.high_ns) == (S, S + 309 * MS)
    over = elapsed_at(line, BEGIN - S, END + S)
    assert over.uncertainty_ns == 0
    same = elapsed_at(line, END, END)
    assert (same.low_ns, same.high_ns) == (-309 * MS, 309 * MS)


def test_packets_to_everybody_do_not_tell() -> None:
    """No two of them are a question and its answer."""
    rows = [(n, S + n * 1_000, n % 2, 10) for n in range(50)]
    spread = [(n, S + n * 10 * MS, n % 2, 10) for n in range(50)]
    one, other = kept_of(rows, kind=[2] * 50), kept_of(spread, kind=[2] * 50)
    shown = Paired(one, other, np.arange(50), np.arange(50), 0, 0, 0, 0, 0)
    assert find_blurs({(ONE, OTHER): shown}, times(shown)) == {}
