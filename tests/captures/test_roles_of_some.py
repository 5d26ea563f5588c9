"""Roles that nobody named, with some of a situation's points: none is wrong, and none makes a check fail."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pytest

from tests.captures.situations import CAPTURES, file_of, points_of
from tests.points_taken_away import PROFILE, read
from vmpcap.migration.domains.proposal import propose_roles
from vmpcap.migration.story import tell
from vmpcap.report.assemble import assemble
from vmpcap.runs.point import PointRead
from vmpcap.runs.views import as_views


def unnamed(folder: str, stems: Sequence[str]) -> tuple[PointRead, ...]:
    """These points as a user gives them who names none."""
    return read([(stem, None, str(file_of(CAPTURES / folder, stem))) for stem in stems])


def roles(points: Sequence[PointRead]) -> dict[str, str | None]:
    """What each of them is taken for."""
    return {name: role for name, (role, _) in propose_roles(as_views(points)).items()}


def reachable(points: Sequence[PointRead]) -> str:
    """The answer of `guest_reachable_after`, by the proposed roles."""
    return answer_of(points, roles(points))


def answer_of(points: Sequence[PointRead], named: Mapping[str, str | None]) -> str:
    """The same by these roles."""
    views = [replace(view, role=named[view.name]) for view in as_views(points)]
    (migration,) = assemble(tell(views, (), (), ()), PROFILE, [], [], [], [], "").migrations
    return next(c.outcome for c in migration.checks if c.id == "guest_reachable_after")


def test_the_old_place_of_an_isolated_guest_is_known_by_what_it_does_elsewhere() -> None:
    """It talks with nobody any more, but is heard on another bridge, while others ask for it here in vain."""
    stems = ("src-uplink", "dst-uplink", "src-guestbr", "dst-guestbr", "gw-lan", "client")
    found = roles(unnamed("destination_isolated", [s for s in stems if s != "dst-uplink"]))
    assert found["src-guestbr"] == "domain:source"
    assert found["gw-lan"] is None
    assert found["client"] == "client"


def test_a_gateway_that_lost_the_guest_is_not_its_old_place() -> None:
    """Alone it looks like it: the guest talked there, and talks nowhere now."""
    found = roles(unnamed("destination_isolated", ("src-uplink", "dst-guestbr", "gw-lan", "client")))
    assert found["gw-lan"] is None


def test_a_link_between_the_sites_is_not_the_new_place() -> None:
    """Packets of the guest come over it from the new place to a bridge that saw it before: so they would at a port."""
    assert roles(unnamed("mechanisms/vrrp_leak", ("src-vmk", "siteA-bridge", "dci")))["dci"] is None


@pytest.mark.parametrize("folder", ["destination_isolated", "mechanisms/vrrp_leak", "mechanisms/evpn_silent_guest"])
def test_no_role_is_wrong_of_any_three_points(folder: str) -> None:
    """What each capture is stands in its folder."""
    truth = points_of(CAPTURES / folder)
    stems = [stem for stem in truth if file_of(CAPTURES / folder, stem).exists()]
    points = {p.files.name: p for p in unnamed(folder, stems)}
    for some in combinations(stems, 3):
        for name, role in roles([points[stem] for stem in some]).items():
            assert role in (None, truth[name]), some


def test_requests_at_a_place_nobody_knows_fail_no_guest() -> None:
    """They came to a gateway's port in vain: so they would to the old place of a guest that answers at its new one."""
    points = unnamed("destination_isolated", ("src-uplink", "gw-lan"))
    assert reachable(points) == "undecided"
    assert answer_of(points, {"src-uplink": "source", "gw-lan": "gateway"}) == "fail"
