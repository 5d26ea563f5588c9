"""A few thousand mutants of sound captures, the same in every run: nothing crashes, hangs or contradicts a twin."""

import random
import resource
import time

import pytest

from tests.fuzz.mutations import mutate, parse
from tests.fuzz.seeds import frames, seeds
from tests.fuzz.targets import TARGETS

INPUTS = {"read": 1500, "walk": 1500, "follow": 400, "packets": 400, "report": 120}
SLOW_S = 20.0
"""Far above what any takes, also on a busy machine: the slowest take a tenth of a second."""
MIB = 1024


def mutants(count: int, seed: int) -> list[bytes]:
    """Mutants of mutants of the seeds."""
    rng, pool, corpus = random.Random(seed), frames(), list(seeds())
    made = []
    for _ in range(count):
        data = rng.choice(corpus)
        for _ in range(rng.choice((1, 1, 2, 4))):
            data = mutate(data, rng, pool)
        made.append(data)
    return made


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_passes(target: str) -> None:
    """What fuzzing begins with is sound."""
    for data in seeds():
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_mutants_are_read_right_in_time_and_in_bounded_memory(target: str) -> None:
    """Each target has its own; how to run more is told in CONTRIBUTING.md."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in mutants(INPUTS[target], seed=1):
        began = time.process_time()
        TARGETS[target](data)
        assert time.process_time() - began < SLOW_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 800 * MIB


def test_a_story_is_written_as_it_was_read() -> None:
    """Taking a sound capture apart for mutation loses nothing of it."""
    cut = [data for data in seeds() if parse(data) is not None]
    assert len(cut) > 60
    for data in cut:
        story = parse(data)
        assert story is not None
        assert story.write() == data


def test_mutants_are_mostly_still_captures() -> None:
    """Else they would test nothing but the first check of the magic number."""
    with_packets = sum(1 for data in mutants(300, seed=2) if (story := parse(data)) is not None and story.records)
    assert with_packets > 200
