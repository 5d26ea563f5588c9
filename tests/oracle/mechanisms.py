"""The captures of real mechanisms that lie beside a checkout: real daemons around a guest's move; never committed."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

MECHANISMS = Path(__file__).resolve().parents[3] / "shared" / "mechanisms"


def scenarios() -> list[Any]:
    """Every scenario, or one skipped case where they are not here."""
    names = sorted(path.parent.name for path in MECHANISMS.glob("*/truth.json"))
    skip = pytest.mark.skip(reason="the captures of mechanisms are not beside this checkout")
    return list(names) or [pytest.param("none", marks=skip)]


@cache
def truth_of(scenario: str) -> dict[str, Any]:
    """What those who were there wrote down."""
    found: dict[str, Any] = json.loads((MECHANISMS / scenario / "truth.json").read_text())
    return found


def captures_of(scenario: str) -> list[Path]:
    """The capture of each point."""
    return [MECHANISMS / scenario / point["file"] for point in truth_of(scenario)["points"]]
