"""Roles that the packets contradict: they are told, and nothing goes by them."""

from pathlib import Path

import pytest

from tests.captures.situations import CAPTURES, FOLDERS, file_of, points_of
from tests.points_taken_away import read, report_of
from vmpcap.report.document import Report
from vmpcap.verdicts.findings import Check

MECHANISMS = sorted(p.parent for p in (CAPTURES / "mechanisms").glob("*/points.toml"))


def said(folder: str, **stem_of: str) -> Report:
    """The report of these points of a situation; each is named by its role, with `_` for the colon."""
    points = [(role.replace("_", ":"), stem) for role, stem in stem_of.items()]
    return report_of(read([(role, role, str(file_of(CAPTURES / folder, stem))) for role, stem in points]))


def check(report: Report, name: str) -> Check:
    """One answer about the first migration."""
    return next(c for c in report.migrations[0].checks if c.id == name)


@pytest.mark.parametrize(
    "points",
    [{"source": "dst-uplink"}, {"source": "dst-uplink", "destination": "src-uplink"}, {"destination": "src-uplink"}],
    ids="+".join,
)
def test_a_nic_named_the_other_hosts_decides_no_round_trip(points: dict[str, str]) -> None:
    """10.3 ms by ping stay above 5 ms, whatever the points are called; nothing less is told as the path."""
    report = said("lossy", **points)
    rtt = check(report, "rtt")
    assert rtt.outcome == "fail"
    assert rtt.measured == pytest.approx(10.3, rel=0.15)
    assert report.migrations[0].rtt.min_ms == pytest.approx(10.3, rel=0.15)
    assert check(report, "capture_quality").outcome == "fail"


def test_hosts_named_the_one_for_the_other_are_told_in_one_sentence() -> None:
    """Both names stand in it, and hops are counted from where the points are."""
    report = said("lossy", source="dst-uplink", destination="src-uplink")
    assert "the roles source and destination look swapped" in report.notes[0]
    assert report.notes[0] in check(report, "capture_quality").because
    path = report.migrations[0].path
    assert (path.hops_source_to_destination, path.hops_destination_to_source) == (1, 1)
    assert "look wrong" not in report.notes[0]
    assert "the role source looks wrong" in said("lossy", source="dst-uplink").notes[0]


def test_in_one_subnet_the_order_at_both_points_tells() -> None:
    """No router and no distance: which of the two stands before the other does."""
    report = said("clean", source="dst-uplink", destination="src-uplink")
    assert "look swapped" in report.notes[0]
    assert report.migrations[0].point == "destination"  # where the sender's packets are in view


def test_domains_named_the_one_for_the_other_blame_nobody() -> None:
    """The guest was not announced too early, and nobody was sent to its old place: the names are wrong."""
    swapped = {"domain_source": "dst-guestbr", "domain_destination": "src-guestbr"}
    report = said("routed_stretched", source="src-uplink", **swapped)
    assert "the roles domain:source and domain:destination look swapped" in report.notes[0]
    assert check(report, "announced_too_early").outcome == "undecided"
    assert check(report, "mac_flap").outcome == "undecided"
    assert check(report, "capture_quality").outcome == "fail"
    (guest,) = report.migrations[0].guests
    assert guest.domain.word == "undecided"


def test_an_isolated_destination_named_the_old_place_makes_no_one_domain() -> None:
    """The announcement at the new place itself is no proof that the old one heard it. No clock tells."""
    swapped = {"domain_source": "dst-guestbr", "domain_destination": "src-guestbr"}
    report = said("destination_isolated", source="src-uplink", **swapped)
    assert "look swapped" in report.notes[0]
    (guest,) = report.migrations[0].guests
    assert guest.domain.word in ("undecided", "different")
    assert "it is one domain" not in guest.domain.word_because
    assert check(report, "announcement_reached_destination").outcome in ("fail", "undecided")


def test_the_new_place_named_as_the_old_one_alone_is_told() -> None:
    """Beside a rightly named port of the new place."""
    report = said(
        "routed_stretched",
        source="src-uplink",
        gateway="gw-lan",
        domain_source="dst-guestbr",
        domain_destination="dst-switchport",
    )
    assert report.notes[0].startswith("the role domain:source looks wrong")
    assert check(report, "announcement_reached_destination").outcome == "pass"


def test_a_gateway_named_the_client_and_the_client_the_gateway_is_told() -> None:
    """Behind the router the guest's packets have a lowered TTL and the router's MAC, and its ARP never comes."""
    report = said("routed_stretched", source="src-uplink", gateway="client", client="gw-lan")
    assert report.notes[0].startswith("the role gateway looks wrong")
    assert check(report, "capture_quality").outcome == "fail"
    assert check(report, "announcement_reached_destination").outcome != "fail"


@pytest.mark.parametrize("folder", [*FOLDERS, *MECHANISMS], ids=lambda folder: folder.name)
def test_no_right_role_is_doubted(folder: Path) -> None:
    """Roles that those who made the captures gave hold, the way there and the way back."""
    points = [(name, role, str(file_of(folder, name))) for name, role in points_of(folder).items()]
    report = report_of(read(points))
    assert not [note for note in report.notes if "looks wrong" in note or "look swapped" in note]
