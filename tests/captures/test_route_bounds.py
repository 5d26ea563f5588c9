"""Made host routes without the point beside the new router: their time is told as the bound that it is."""

import pytest

from tests.captures.situations import file_of, points_of
from tests.captures.test_made_mechanisms import HOME, told
from vmpcap.migration.results import Mechanism
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile


def without(name: str, missing: str) -> Mechanism:
    """The row of a report without that point."""
    folder = HOME / name / "working"
    points = tuple(
        PointFiles(point, role, (str(file_of(folder, point)),))
        for point, role in points_of(folder).items()
        if point != missing
    )
    (migration,) = analyse(Request(points=points, profile=load_profile("vsphere4"))).report.migrations
    return next(m for m in migration.guests[0].mechanisms if m.name == name)


@pytest.mark.parametrize("name", ["rip", "ospf", "eigrp", "bgp", "isis"])
def test_the_time_is_a_bound_where_the_new_router_is_out_of_view(name: str) -> None:
    """No sooner than what its own point shows, and said to be none of its own."""
    (whole,) = told(HOME / name / "working")
    own = next(m for m in whole.guests[0].mechanisms if m.name == name)
    bound = without(name, "core-b")
    assert own.latency_ms is not None
    assert bound.latency_ms is not None
    assert (own.latency_is_at_most, bound.latency_is_at_most) == (False, True)
    assert bound.latency_ms > own.latency_ms
    assert "at core-a from" in bound.because
    assert "who said it first is not in view" in bound.because
