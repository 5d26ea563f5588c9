"""When a point showed nothing: the stretches between frames, however the capture was cut into batches."""

import itertools
import random

import numpy as np
import pytest

from vmpcap.measures.gaps import LEAST_GAP_NS, GapLog
from vmpcap.terms.units import NO_TIME

MS = 1_000_000


def gaps_in(ts: list[int], cuts: list[int], inside: list[bool] | None = None, most: int = 1024) -> list[list[int]]:
    """The gaps of frames stamped so, numbered from 1, in batches that begin at these cuts."""
    log = GapLog(most)
    edges = [0, *sorted(cuts), len(ts)]
    for begin, end in itertools.pairwise(edges):
        chosen = None if inside is None else np.array(inside[begin:end], np.bool_)
        log.absorb(np.array(ts[begin:end], np.int64), begin + 1, chosen)
    return [row[:2] for row in log.rows().tolist()]


def gaps_twin(ts: list[int], inside: list[bool] | None = None) -> list[list[int]]:
    """The same, one frame at a time."""
    latest, found = None, []
    shown = [at for n, at in enumerate(ts) if at != NO_TIME and (inside is None or inside[n])]
    for at, after in zip(shown, [*shown[1:], None][: len(shown)], strict=True):
        if latest is not None:
            end = after if after is not None and latest < after < at else at
            if end - latest >= LEAST_GAP_NS:
                found.append([latest, end])
        latest = at if latest is None else max(latest, at)
    return found


@pytest.mark.parametrize("seed", range(100))
def test_gaps_do_not_depend_on_where_batches_are_cut(seed: int) -> None:
    """Frames in bursts and pauses, some stamped too early, some not at all, some outside."""
    rng = random.Random(seed)
    ts, now = [], 0
    for _ in range(rng.randint(0, 60)):
        now += rng.choice((0, MS, 19 * MS, 20 * MS, 500 * MS))
        ts.append(rng.choice((now, now, now, now, now - 30 * MS, now + 40 * MS, NO_TIME)))
    inside = [rng.random() < 0.8 for _ in ts] if rng.random() < 0.5 else None
    cuts = [rng.randint(0, len(ts)) for _ in range(4)]
    assert gaps_in(ts, cuts, inside) == gaps_twin(ts, inside)


@pytest.mark.parametrize("cut", [3, 5, 6, 7])
def test_a_frame_that_is_stamped_too_late_makes_no_gap(cut: int) -> None:
    """One every 10 ms, and between them one 40 ms late: the next comes 10 ms after the last."""
    ts = [n * 10 * MS for n in range(12)]
    ts.insert(6, 90 * MS)
    assert gaps_in(ts, [cut]) == []


def test_a_gap_names_the_frames_on_both_sides() -> None:
    """The third frame comes 400 ms after the second."""
    log = GapLog()
    log.absorb(np.array([0, MS, 401 * MS, 402 * MS], np.int64), 11, None)
    assert log.rows().tolist() == [[MS, 401 * MS, 12, 13]]


def test_of_too_many_gaps_the_longest_stay() -> None:
    """A thousand pauses, and room for five: those of a second and more."""
    log = GapLog(5)
    steps = [(1000 if n in (10, 300, 301, 700, 999) else 30) * MS for n in range(1000)]
    ts = np.cumsum([0, *steps])
    for begin in range(0, len(ts), 7):
        log.absorb(ts[begin : begin + 7], begin + 1, None)
    rows = log.rows()
    assert [int(row[2]) - 1 for row in rows] == [10, 300, 301, 700, 999]
    assert log.left_out == 995
