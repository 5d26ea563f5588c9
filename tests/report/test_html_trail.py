"""The drawing of the announcement's way: where it was heard, where it died, and what nobody can order."""

from typing import Any

import msgspec
import pytest

from tests.report.sample import good
from vmpcap.migration.results import Guest, PointAnnouncements
from vmpcap.migration.segment_results import GuestSegment
from vmpcap.report.html_trail import deaf_points, trail_of, trail_picture
from vmpcap.report.html_tree import markup

ROLES = {
    "br": "domain:destination",
    "port": "domain:destination",
    "gw": "gateway",
    "core": "wan",
    "old": "domain:source",
    "nic": "source",
}


def heard(delay_ms: float | None = None, seen: bool | None = True, **more: Any) -> PointAnnouncements:
    return PointAnnouncements(seen=seen, delay_ms=delay_ms, frames=[1, 2], because="why", **more)


def joined(when: Any, first: str, second: str) -> GuestSegment:
    """Packets of the guest and its peers passed between these two."""
    nothing = dict.fromkeys(("delay_min_ms", "delay_p95_ms", "uncertainty_ms", "queueing_ms"))
    counts = {"lost": 0, "lost_of": 9, "duplicated": 0, "reordered": 0, "matched": 9, "missed": 0}
    more: dict[str, Any] = {**nothing, **counts, "outside": 0, "unseen": 0, "one_in": 1, "because": ""}
    return GuestSegment(when=when, from_point=first, to_point=second, direction="to_guest", **more)


def guest(points: dict[str, PointAnnouncements], *ways: GuestSegment, lost: Any = ((), ())) -> Guest:
    (template,) = good().migrations[0].guests
    told = msgspec.structs.replace(
        template.announcements, count=2, by_point=points, last_seen_at=list(lost[0]), first_missing_at=list(lost[1])
    )
    return msgspec.structs.replace(template, announcements=told, segments=list(ways))


def test_points_follow_each_other_as_packets_passed_them() -> None:
    """Not as they were named: the old place, joined by packets from before only, comes behind."""
    points = {"old": heard(1.2), "gw": heard(1.1), "port": heard(0.01), "br": heard(0.0)}
    ways = [joined("after", "gw", "port"), joined("after", "port", "br"), joined("before", "gw", "old")]
    found = trail_of(guest(points, *ways), ROLES)
    assert found is not None
    assert found.columns == (("br",), ("port",), ("gw",), ("old",))
    assert found.between == ("heard", "heard", "heard")


def test_it_is_told_between_which_points_it_was_lost() -> None:
    """In words, not by colour alone; what lies behind is no further loss."""
    points = {"br": heard(0.0), "port": heard(0.01), "gw": heard(seen=False), "old": heard(seen=False)}
    ways = [joined("after", "port", "br"), joined("before", "gw", "old")]
    lost = guest(points, *ways, lost=(["port"], ["gw"]))
    found = trail_of(lost, ROLES)
    assert found is not None
    assert found.columns == (("br",), ("port",), ("gw",), ("old",))
    assert found.between == ("heard", "lost", "silent")
    drawn = trail_picture(lost, good())
    assert drawn is not None
    assert markup(drawn).count("lost here") == 1
    assert markup(drawn).count("\u2718 not heard") == 1


def test_points_whose_order_nobody_knows_stand_beside_each_other() -> None:
    """Two bridges of the host heard it, and no clock tells which was first."""
    points = {"br": heard(0.0), "port": heard(None), "gw": heard(seen=False)}
    found = trail_of(guest(points, joined("after", "gw", "br"), lost=(["br", "port"], ["gw"])), ROLES)
    assert found is not None
    assert found.columns == (("br", "port"), ("gw",))
    assert found.between == ("lost",)


def test_no_way_is_made_up_between_points_that_no_packet_joins() -> None:
    """They stand last, and the way to them is told as not known."""
    points = {"br": heard(0.0), "core": heard(0.2), "gw": heard(None)}
    found = trail_of(guest(points, joined("after", "core", "br")), ROLES)
    assert found is not None
    assert found.columns == (("br",), ("core",), ("gw",))
    assert found.between == ("heard", "unknown")


@pytest.mark.parametrize("points", [{}, {"gw": heard(0.0)}, {"gw": heard(0.0), "nic": heard(seen=None)}])
def test_one_point_is_no_way(points: dict[str, PointAnnouncements]) -> None:
    """What could not hear is no point of it either; why it could not is told."""
    assert trail_of(guest(points), ROLES) is None
    assert deaf_points(guest(points)) == ("nic: why" if "nic" in points else "")


def test_a_copy_in_another_segment_is_marked_where_it_was_heard() -> None:
    """The tag is told, and that it is not the guest's."""
    points = {"br": heard(0.0), "gw": heard(0.3, vlan=[30], wrong="vlan")}
    drawn = trail_picture(guest(points, joined("after", "gw", "br")), good())
    assert drawn is not None
    assert "VLAN 30, not the guest's" in markup(drawn)
    assert "\u2718 heard +0.30 ms" in markup(drawn)
