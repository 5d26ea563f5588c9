"""What the benchmark of `--what-if` counts as told rightly."""

import importlib.util
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.report.sample import migration

from vmpcap.migration.what_if.other_link import Link
from vmpcap.migration.what_if_results import WhatIf

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "what_if.py"


@pytest.fixture(name="script")
def loaded() -> Iterator[ModuleType]:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("benchmark_of_what_if", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def told(low: float | None, high: float | None) -> WhatIf:
    """A duration of 10 s in this range."""
    return WhatIf(
        rate_mbps=400,
        rtt_ms=1,
        loss=0,
        outcome="converges",
        because="",
        duration_s=10,
        duration_low_s=low,
        duration_high_s=high,
    )


@pytest.mark.parametrize(
    ("ranges", "share", "one_sided"),
    [
        ([(8, 12), (8, 12)], "100%", "0"),
        ([(8, 12), (12, 14)], "50%", "0"),
        ([(8, 12), (12, 14), (8, None), (None, 12), (None, None)], "50%", "3"),
        ([(8, None)], "-", "1"),
    ],
)
def test_a_range_without_an_end_is_no_hit(
    script: ModuleType, ranges: list[tuple[float | None, float | None]], share: str, one_sided: str
) -> None:
    """Nothing can lie outside of it: it is counted by itself."""
    run = script.Run("one", Link(400, 1), (), msgspec.structs.replace(migration(), duration_s=10.5))
    line = script.summary("duration", [(run, run, told(*one)) for one in ranges])
    assert line.split()[-2:] == [share, one_sided]


@pytest.mark.parametrize(("mbps", "loss", "is_of_its_link"), [(59, 0.0, False), (60, 0.0, True), (4, 0.001, True)])
def test_a_run_that_its_hosts_held_tests_no_link(
    script: ModuleType, mbps: float, loss: float, is_of_its_link: bool
) -> None:
    """Less than 60 % of a link without loss; loss may hold it to any rate."""
    rate = msgspec.structs.replace(migration().throughput, bulk_mbps=float(mbps))
    run = script.Run("one", Link(100, 1, loss), (), msgspec.structs.replace(migration(), throughput=rate))
    assert script.is_of_its_link(run) is is_of_its_link


def test_a_range_is_held_against_runs_that_had_no_part_in_it(script: ModuleType) -> None:
    """Seven took as long as told, an eighth twice as long: its pairs alone lie outside."""
    plain = msgspec.structs.replace(migration(), duration_s=10.0, guests=[])
    runs = [script.Run(str(n), Link(400, n), (), plain) for n in range(7)]
    odd = script.Run("odd", Link(400, 9), (), msgspec.structs.replace(plain, duration_s=20.0))
    one_told = told(8, 12)
    pairs = [(one, other, one_told) for one in [*runs, odd] for other in [*runs, odd] if one is not other]
    assert script.held_out(pairs)["duration"] == (49, 56)
    assert script.held_out([p for p in pairs if odd not in p[:2]])["duration"] == (42, 42)


def test_nine_of_ten_lie_in_a_range_and_its_ends_are_rounded_outwards(script: ModuleType) -> None:
    """A tail is left out below and above; of too few nothing is."""
    assert script.band_of([0.5, *[1.01] * 18, 2.0]) == (1.0, 1.05)
    assert script.band_of([1.0] * 4) is None


CAPTURES = SCRIPT.parents[1] / "captures"
SAME_GUEST = ("clean", "multifd", "rarp_filtered", "routed_stretched")


def test_what_qemu_says_of_real_migrations_lies_in_the_ranges_that_are_told(script: ModuleType) -> None:
    """Each from each other one on another link: by the time that QEMU itself took, which no report has a part in."""
    runs = {name: next(script.runs_of(CAPTURES / name)) for name in SAME_GUEST}
    truths = {name: json.loads((CAPTURES / name / "truth.json").read_text()) for name in SAME_GUEST}
    held = 0
    for one, other in itertools.permutations(SAME_GUEST, 2):
        if not script.apart(runs[one].link, runs[other].link):
            continue
        told = script.expected_on(runs[other].link, runs[one].migration)
        taken_s = truths[other]["legs"][0]["query_migrate_src"]["total-time"] / 1e3
        assert not told.outside
        assert told.duration_low_s <= taken_s <= told.duration_high_s, f"{one} to {other}"
        held += 1
    assert held == 10
