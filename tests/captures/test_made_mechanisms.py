"""The simulated moves of captures/mechanisms/<row>: held to what their machines know, and made again to the byte."""

import importlib.util
import json
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from tests.captures.situations import CAPTURES, facts_of, file_of, points_of, within
from vmpcap.migration.mechanisms.table import MECHANISMS
from vmpcap.points.roles import ROLES
from vmpcap.report.document import Migration
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

HOME = CAPTURES / "mechanisms"
FOLDERS = sorted(p.parent for p in HOME.glob("*/*/points.toml"))
MOST_BYTES_A_FOLDER = 40_000
MOST_BYTES = 1_600_000

each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")


@cache
def script() -> ModuleType:
    """captures/make_mechanisms.py, which is no package."""
    spec = importlib.util.spec_from_file_location("captures_make_mechanisms", CAPTURES / "make_mechanisms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def told(folder: Path) -> list[Migration]:
    """The migrations that a report finds in all points together; one, but for those of a scheduler."""
    points = tuple(PointFiles(name, role, (str(file_of(folder, name)),)) for name, role in points_of(folder).items())
    found = analyse(Request(points=points, profile=load_profile(facts_of(folder)["profile"]))).report.migrations
    assert len(found) == (3 if folder.parent.name == "drs" else 1)
    return found


def test_every_mechanism_has_both_folders_and_nothing_else_is_here() -> None:
    """A folder that nobody can make again explains nothing."""
    assert {str(folder.relative_to(HOME)) for folder in FOLDERS} == {case.name for case in script().CASES}
    sides: dict[str, set[str]] = {}
    for folder in FOLDERS:
        sides.setdefault(folder.parent.name, set()).add(folder.name)
    assert set(map(frozenset, sides.values())) == {frozenset({"working", "failing"})}
    assert set(sides) == {row.name for row in MECHANISMS}


@each
def test_a_folder_explains_itself_and_is_small(folder: Path) -> None:
    """A story, facts with reasons, points with roles, and not more bytes than a clone can bear."""
    story = (folder / "story.md").read_text()
    for chapter in ("## What happened", "## What a person expects", "## How it was made"):
        assert chapter in story
    roles = tomllib.loads((folder / "points.toml").read_text())["points"]
    assert set(roles.values()) <= set(ROLES)
    assert {p.name for p in folder.glob("*.pcapng.zst")} == {f"{name}.pcapng.zst" for name in roles}
    facts = facts_of(folder)
    reasons = [*facts["mechanisms"].values(), *facts["checks"].values(), *facts["peers"]]
    assert all(len(fact["why"]) >= 20 for fact in reasons)
    assert sum(p.stat().st_size for p in folder.iterdir()) <= MOST_BYTES_A_FOLDER


def test_all_of_them_together_stay_small() -> None:
    """The budget of the rows within that of all captures."""
    assert sum(p.stat().st_size for folder in FOLDERS for p in folder.iterdir()) <= MOST_BYTES


@each
def test_the_report_says_what_a_person_expects(folder: Path) -> None:
    """Whether the mechanism worked, how soon, who is named, that nothing else failed; whether the guest is reached."""
    facts = facts_of(folder)
    for migration in told(folder):
        found = {m.name: m for m in migration.mechanisms}
        for guest in migration.guests:
            found |= {m.name: m for m in guest.mechanisms}
        for name, fact in facts["mechanisms"].items():
            assert name in found
            one = found[name]
            assert one.worked == fact["worked"], one.because
            if "after_ms" in fact:
                assert within(one.latency_ms, fact["after_ms"]), one.because
            for word in fact["names"]:
                assert word in one.because
        failed = {name for name, one in found.items() if one.worked == "no"}
        assert failed == {name for name, fact in facts["mechanisms"].items() if fact["worked"] == "no"}
        outcomes = {check.id: check for check in migration.checks}
        for name, fact in facts["checks"].items():
            assert outcomes[name].outcome in fact["outcomes"], outcomes[name].because


@each
def test_every_peer_was_cut_off_as_long_as_it_knows_itself(folder: Path) -> None:
    """Within one interval of its questions; of datagrams that come seldom a report may leave the length open."""
    for fact in facts_of(folder)["peers"]:
        (guest,) = told(folder)[0].guests
        said = {p.protocol: p for p in guest.peers if p.point == "client"}[fact["protocol"]]
        if not fact["answered_again"]:
            assert said.outage_ms is None
            assert said.survived is not True
            continue
        assert said.survived is not False
        if not fact["protocol"].startswith("udp") or said.outage_ms is not None:
            assert within(said.outage_ms, fact["outage_ms"]), said.because


@pytest.mark.parametrize("name", ["vrrp/failing", "lisp/working"])
def test_the_script_makes_the_same_again(name: str, tmp_path: Path) -> None:
    """Every byte of every file, the captures before they are packed: another zstd may pack them otherwise."""
    case = next(case for case in script().CASES if case.name == name)
    script().make(case, tmp_path / "again")
    files = sorted(p.name for p in (HOME / name).iterdir())
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == files
    for file in files:
        assert content(tmp_path / "again" / file) == content(HOME / name / file), file


def content(file: Path) -> bytes:
    """What is in this file, unpacked where it is packed."""
    if file.suffix != ".zst":
        return file.read_bytes()
    return subprocess.run(["zstd", "-dqc", str(file)], check=True, capture_output=True).stdout


def test_what_is_expected_is_not_asked_of_a_report() -> None:
    """The script knows the lab and nothing that reads captures."""
    text = (CAPTURES / "make_mechanisms.py").read_text()
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("from vmpcap", "import vmpcap"))}
    assert {name.split(".")[1] for name in imported} == {"lab"}
    assert json.loads((HOME / "rip" / "failing" / "expected.json").read_text())["decided_by"].endswith("a report")
