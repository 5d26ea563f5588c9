"""Roles of captures that nobody named, against where the lab took them."""

import json
from functools import lru_cache
from pathlib import Path

import pytest

from tests.oracle.lab_truth import ROLES
from vmpcap.cli.capture_points import capture_points
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

SHARED = Path(__file__).resolve().parents[3] / "shared"
OWN = Path(__file__).resolve().parents[2] / "captures"


def scenarios() -> list[Path]:
    """The lab's scenarios and real mechanisms where they are beside the checkout, and the project's own."""
    roots = (SHARED / "lab", SHARED / "mechanisms", OWN)
    found = [p.parent for root in roots for p in sorted(root.glob("*/truth.json"))]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="no lab captures"))]  # type: ignore[list-item]


def true_roles(folder: Path) -> dict[str, str]:
    """The role of each point's file, by its stem."""
    points = json.loads((folder / "truth.json").read_text()).get("points")
    if points is not None:
        return {p["file"].split(".")[0]: p["role"] for p in points}
    return {p.name.split(".")[0]: ROLES[p.name.split(".")[0]] for p in folder.glob("*.pcap*")}


def unnamed(folder: Path, names: list[str]) -> Request:
    """A request as the command line makes it of bare files, but that a file's own name tells nothing."""
    points = capture_points([str(folder / f"{name}.pcap.zst") for name in names], (), ())
    asked = tuple(PointFiles(p.name, None, p.files, is_named=p.is_named) for p in points)
    return Request(points=asked, profile=load_profile("vsphere4"))


@lru_cache(maxsize=2)
def proposed(folder: Path) -> Report:
    return analyse(unnamed(folder, sorted(true_roles(folder)))).report


@pytest.mark.parametrize("folder", scenarios(), ids=lambda p: f"{p.parent.name}-{p.name}" if p else "none")
def test_no_role_is_proposed_that_is_not_the_true_one(folder: Path) -> None:
    """A role is right or undecided, and either way it is said why."""
    truth = true_roles(folder)
    for given in proposed(folder).inputs:
        assert given.role in (None, truth[given.point]), (given.point, given.role_because)
        assert given.role_because


@pytest.mark.parametrize("folder", scenarios(), ids=lambda p: f"{p.parent.name}-{p.name}" if p else "none")
def test_the_ends_of_the_stream_are_found_in_every_scenario(folder: Path) -> None:
    """Also where the stream was cancelled, or goes over one switch and hosts take longer than the way."""
    if folder.name == "split_tcp":
        pytest.skip("a proxy beside the source answers as quickly as the source: its point is left open")
    found = {i.point: i.role for i in proposed(folder).inputs}
    ends = {name: role for name, role in true_roles(folder).items() if role in ("source", "destination")}
    assert {name: found[name] for name in ends} == ends


@pytest.mark.parametrize("folder", scenarios(), ids=lambda p: f"{p.parent.name}-{p.name}" if p else "none")
def test_no_check_says_otherwise_than_with_the_true_roles(folder: Path) -> None:
    """With proposed roles a deciding check is what it is with the true ones, or undecided."""
    truth = true_roles(folder)
    points = tuple(PointFiles(n, truth[n], (str(folder / f"{n}.pcap.zst"),)) for n in sorted(truth))
    told = analyse(Request(points=points, profile=load_profile("vsphere4"))).report
    pairs = zip(proposed(folder).migrations, told.migrations, strict=True)
    for ours, theirs in pairs:
        outcomes = {check.id: check.outcome for check in theirs.checks}
        for check in ours.checks:
            if check.decides:
                assert check.outcome in (outcomes[check.id], "undecided"), (check.id, check.because)


def test_all_roles_are_found_where_the_guest_talks_on_both_sides_of_its_move() -> None:
    """Of the points of the plain scenario one is left open: a switch port, which a link between sites looks like."""
    found = {i.point: i.role for i in proposed(OWN / "clean").inputs}
    truth = true_roles(OWN / "clean")
    assert {name for name in truth if found[name] is None} == {"dst-switchport"}


def test_a_single_capture_keeps_no_role() -> None:
    """Nothing is held against it: as ever."""
    (given,) = analyse(unnamed(OWN / "clean", ["src-uplink"])).report.inputs
    assert (given.role, given.role_because) == (None, "")


def test_a_role_that_was_given_is_not_proposed_again() -> None:
    """The user's word stands, and nothing is said about it."""
    request = unnamed(OWN / "clean", ["gw-lan", "src-uplink"])
    named = PointFiles("gw-lan", "wan", request.points[0].files)
    given = {i.point: i for i in analyse(Request((named, request.points[1]), request.profile)).report.inputs}
    assert (given["gw-lan"].role, given["gw-lan"].role_because) == ("wan", "")
    assert given["src-uplink"].role_because
