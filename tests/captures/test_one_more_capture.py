"""A capture more may say more, never less: what the others show stays said."""

from pathlib import Path

import pytest

from tests.captures.altered import RARP, ethertype, filtered, written
from tests.captures.situations import CAPTURES, file_of
from tests.points_taken_away import read, report_of
from vmpcap.report.document import Report
from vmpcap.verdicts.findings import Check

FOLDER = "mechanisms/stretched_vlan/"


def said(kind: str, **files: str) -> Report:
    """What the source host's uplink and these points say; each is named by its role, with `_` for the colon."""
    files = {"source": str(file_of(CAPTURES / FOLDER / kind, "src-uplink"))} | files
    return report_of(read([(role.replace("_", ":"), role.replace("_", ":"), path) for role, path in files.items()]))


def reachable(report: Report) -> Check:
    """Was the guest reached?"""
    return next(c for c in report.migrations[0].checks if c.id == "guest_reachable_after")


def rarps(folder: Path, kind: str) -> str:
    """The new place's capture, taken with a filter for RARP alone: no packet of it compares clocks with any other's."""
    return written(folder / "rarps.pcap", filtered(FOLDER + kind, "site-b", lambda p: ethertype(p) == RARP))


def test_a_capture_of_announcements_alone_takes_no_answer_away(tmp_path: Path) -> None:
    """The gateway heard the announcement itself: what was asked and answered there later is of the new place."""
    gateway = str(file_of(CAPTURES / FOLDER / "working", "gateway"))
    alone, both = (
        said("working", gateway=gateway, **more) for more in ({}, {"domain_destination": rarps(tmp_path, "working")})
    )
    assert (reachable(alone).outcome, reachable(both).outcome) == ("pass", "pass")
    assert "after its announcement was heard at gateway" in reachable(both).because
    assert reachable(both).evidence == reachable(alone).evidence


def test_a_capture_of_announcements_alone_takes_no_want_of_an_answer_away(tmp_path: Path) -> None:
    """The client heard none, but its packets compare its clock with the gateway's, which did."""
    points = {stem: str(file_of(CAPTURES / FOLDER / "failing", stem)) for stem in ("gateway", "client")}
    for more in ({}, {"domain_destination": rarps(tmp_path, "failing")}):
        answer = reachable(said("failing", **points, **more))
        assert answer.outcome == "fail"
        assert answer.because.startswith("at client ")


def test_a_guest_that_nobody_reaches_is_not_passed_by_what_it_answered_before(tmp_path: Path) -> None:
    """Port security held its MAC at its old port: all its answers at the gateway are older than its announcement."""
    gateway = str(file_of(CAPTURES / FOLDER / "failing", "gateway"))
    for more in ({}, {"domain_destination": rarps(tmp_path, "failing")}):
        assert reachable(said("failing", gateway=gateway, **more)).outcome != "pass"


@pytest.mark.parametrize("kind", ["working", "failing"])
def test_a_whole_capture_of_the_new_place_adds_nothing_against_it(kind: str) -> None:
    """With packets that compare the clocks the switchover's own time is asked."""
    points = {
        role: str(file_of(CAPTURES / FOLDER / kind, stem))
        for role, stem in (("gateway", "gateway"), ("domain_destination", "site-b"))
    }
    answer = reachable(said(kind, **points))
    assert (answer.outcome == "pass") == (kind == "working")
    assert "announcement was heard at" not in answer.because
