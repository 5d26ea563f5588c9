"""Situations of mechanisms: real daemons around a guest's move, held to what a person decided from their truth."""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.captures.situations import CAPTURES, within
from vmpcap.migration.results import Mechanism
from vmpcap.points.roles import ROLES
from vmpcap.report.document import Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

MECHANISMS = sorted(p.parent for p in CAPTURES.glob("mechanisms/*/points.toml"))

pytestmark = pytest.mark.parametrize("folder", MECHANISMS, ids=lambda folder: folder.name)


@cache
def report_of(folder: Path) -> Report:
    """What is said of all points together."""
    points = tuple(
        PointFiles(name, role, (str(folder / f"{name}.pcap.zst"),))
        for name, role in tomllib.loads((folder / "points.toml").read_text())["points"].items()
    )
    return analyse(Request(points=points, profile=load_profile("vsphere4"))).report


def facts_of(folder: Path) -> dict[str, Any]:
    """What a person decided."""
    facts: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    return facts


def told(folder: Path) -> dict[str, Mechanism]:
    """The mechanisms of the one guest, by name."""
    (migration,) = report_of(folder).migrations
    (guest,) = migration.guests
    return {m.name: m for m in guest.mechanisms}


def test_the_folder_explains_itself(folder: Path) -> None:
    """A story, facts with reasons, points with roles."""
    story = (folder / "story.md").read_text()
    for chapter in ("## What happened", "## What a person expects", "## How it was made"):
        assert chapter in story
    roles = tomllib.loads((folder / "points.toml").read_text())["points"]
    assert set(roles.values()) <= set(ROLES)
    assert {p.name for p in folder.glob("*.pcap.zst")} == {f"{name}.pcap.zst" for name in roles}
    for fact in facts_of(folder)["mechanisms"].values():
        assert len(fact["why"]) >= 20


def test_every_mechanism_did_what_a_person_decided(folder: Path) -> None:
    """Whether it did its part, when, and who is named."""
    found = told(folder)
    for name, fact in facts_of(folder)["mechanisms"].items():
        one = found[name]
        assert one.worked == fact["worked"], one.because
        if "after_ms" in fact:
            assert within(one.latency_ms, fact["after_ms"]), one.because
        for word in fact["names"]:
            assert word in one.because


def test_nothing_but_that_failed(folder: Path) -> None:
    """No other mechanism is blamed."""
    failed = {name for name, one in told(folder).items() if one.worked == "no"}
    assert failed == {n for n, fact in facts_of(folder)["mechanisms"].items() if fact["worked"] == "no"}


def test_the_checks_say_what_follows_from_it(folder: Path) -> None:
    """Reachability, and whether the gateway is local."""
    (migration,) = report_of(folder).migrations
    checks = {c.id: c for c in migration.checks}
    for name, fact in facts_of(folder)["checks"].items():
        assert checks[name].outcome == fact["outcome"], checks[name].because
        for word in fact.get("names", ()):
            assert word in checks[name].because
