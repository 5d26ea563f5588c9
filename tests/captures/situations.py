"""The situations that the project carries: their folders, the facts that a person decided, and one report of each."""

import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from vmpcap.report.document import Guest, Migration, Report
from vmpcap.runs.pipeline import analyse
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.verdicts.profile import load_profile

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
FOLDERS = sorted(p.parent for p in CAPTURES.glob("*/points.toml"))


def points_of(folder: Path) -> dict[str, str]:
    """Which points does this situation have, and in which roles?"""
    points: dict[str, str] = tomllib.loads((folder / "points.toml").read_text())["points"]
    return points


def file_of(folder: Path, point: str) -> Path:
    """Which capture file is this point's?"""
    return next(folder.glob(f"{point}.pcap*"))


def facts_of(folder: Path) -> dict[str, Any]:
    """What did a person decide that the report must say?"""
    facts: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    return facts


@lru_cache(maxsize=2)
def report_of(folder: Path) -> Report:
    """What does vmpcap say of all points of this situation together?"""
    points = tuple(PointFiles(name, role, (str(file_of(folder, name)),)) for name, role in points_of(folder).items())
    return analyse(Request(points=points, profile=load_profile(facts_of(folder)["profile"]))).report


def legs(folder: Path) -> list[tuple[dict[str, Any], Migration]]:
    """Every expected migration beside the one that was found in its place."""
    return list(zip(facts_of(folder)["migrations"], report_of(folder).migrations, strict=True))


def moved(folder: Path) -> list[tuple[dict[str, Any], Guest]]:
    """Every guest that a person says moved beside the one that the report names."""
    pairs = []
    for expected, found in legs(folder):
        if expected["guest"] is not None:
            assert len(found.guests) == 1
            pairs.append((expected["guest"], found.guests[0]))
    return pairs


def within(value: float | None, bounds: dict[str, Any]) -> bool:
    """Does this value lie inside the decided range?"""
    return value is not None and bool(bounds["from"] <= value <= bounds["to"])
