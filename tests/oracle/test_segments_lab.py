"""Where packets of real migrations were lost, against the WAN emulator's own list of what it dropped."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.oracle.lab_truth import read_truth
from tests.oracle.test_lab import run, scenarios
from vmpcap.report.document import Migration

ALONG = ("src-vmk", "src-uplink", "dst-uplink")
"""The points that the stream passes, from the source on."""

pytestmark = pytest.mark.parametrize("folder", scenarios(), ids=lambda p: f"{p.parent.name}-{p.name}" if p else "none")


def dropped(folder: Path) -> Counter[str]:
    """How many packets of the stream did the emulator drop in which direction (ab or ba)?"""
    with (folder / "wan-drops.csv").open() as rows:
        return Counter(
            r["dir"] for r in csv.DictReader(rows) if r["chan"] == "mig" and "8000" in (r["sport"], r["dport"])
        )


def migrations(folder: Path) -> list[Migration]:
    points = tuple(p for p in read_truth(folder).points if p in ALONG)
    return run(folder, points)[1].migrations


def test_what_the_emulator_dropped_was_lost_between_the_uplinks_and_nowhere_else(folder: Path) -> None:
    """Exactly, by direction; what a destination's capture cannot tell (after its last frame) is said apart."""
    if folder.name == "split_tcp":
        pytest.skip("a proxy joins two connections: each point sees the part up to it")
    points = [p for p in read_truth(folder).points if p in ALONG]
    if len(points) < 2:
        assert all(not m.segments for m in migrations(folder))
        return
    lost: Counter[str] = Counter()
    for number, migration in enumerate(migrations(folder)):
        segments = {(s.from_point, s.to_point): s for s in migration.segments}
        assert segments, "the uplinks show one stream"
        for (here, there), segment in segments.items():
            assert segment.lost is not None
            assert segment.duplicated == 0
            assert segment.lost_of >= segment.matched
            if {here, there} == {"src-uplink", "dst-uplink"}:
                lost["ab" if here == "src-uplink" else "ba"] += segment.lost + segment.outside
            else:
                assert (segment.lost, segment.outside) == (0, 0), segment.because
            assert (segment.direction == "to_destination") == (
                (ALONG.index(here) < ALONG.index(there)) == (number == 0)
            )
    truth = dropped(folder)
    assert {d: lost[d] for d in ("ab", "ba")} == {d: truth[d] for d in ("ab", "ba")}


def test_the_check_of_retransmissions_names_the_segment(folder: Path) -> None:
    """Where the emulator dropped packets of the stream, between the uplinks; before them none."""
    if folder.name == "split_tcp":
        pytest.skip("a proxy joins two connections: each point sees the part up to it")
    for migration in migrations(folder):
        because = next(c.because for c in migration.checks if c.id == "retransmissions")
        for segment in migration.segments:
            if segment.direction == "to_destination":
                words = f"{segment.lost:,} of {segment.lost_of:,} packets lost" if segment.lost else "none lost"
                assert words in because
                assert f"between {segment.from_point} and {segment.to_point}" in because
