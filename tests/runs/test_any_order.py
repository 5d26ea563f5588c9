"""What points say does not hang on the order in which they are listed."""

from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from tests.readers.writers import Packet
from tests.runs.made import DESTINATION, MS, SOURCE, write
from tests.runs.made import migration as made_migration
from tests.runs.test_one_direction import routed, sent_by
from tests.runs.test_set_clocks import MIDDLE, beyond, with_set_clock
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile


def told(folder: Path, order: tuple[str, ...], points: dict[str, list[Packet]]) -> Report:
    roles = {"far": "destination", "near": "source"}
    files = [PointFiles(n, roles.get(n), (write(folder / f"{n}.pcap", points[n]),)) for n in order]
    return analyse(Request(points=tuple(files), profile=load_profile("vsphere4"))).report


def figures(report: Report) -> object:
    """All that is said, but for the list of what was read and when."""
    return msgspec.to_builtins(msgspec.structs.replace(report, inputs=[], generated_at=""))


@pytest.mark.parametrize(("host", "whose"), [(None, "near"), (SOURCE, "third"), (DESTINATION, "far")])
@pytest.mark.parametrize("by_ms", [0, -755, 300])
def test_any_order_of_the_points_says_the_same(host: str | None, whose: str, by_ms: int, tmp_path: Path) -> None:
    """Also where a clock was set while packets go one way only: since then the third point shows what one host sent."""
    seen = made_migration()
    third = sorted(routed(beyond(seen)), key=lambda p: p.ts_ns or 0)
    if host is not None:
        only = {p.data for p in sent_by(host, third)}
        third = [p for p in third if (p.ts_ns or 0) < MIDDLE or p.data in only]
    points = {"near": seen, "far": beyond(seen), "third": third}
    points[whose] = with_set_clock(points[whose], MIDDLE, by_ms * MS)
    first, *others = (figures(told(tmp_path, order, points)) for order in permutations(points))
    for other in others:
        assert other == first
