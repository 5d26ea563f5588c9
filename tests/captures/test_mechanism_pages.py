"""The pages of the mechanisms: each says how its facts were confirmed, and its figures are those of its captures."""

import json
import re
from pathlib import Path

import pytest

from tests.captures.situations import CAPTURES
from tests.captures.test_made_mechanisms import script
from vmpcap.migration.mechanisms.table import MECHANISMS

PAGES = CAPTURES.parent / "docs" / "explanation" / "mechanisms"
ROWS = [row.name for row in MECHANISMS]


def page(row: str) -> str:
    """The text of this row's page; IPv6's and ARP's are two."""
    return (PAGES / f"{row}.md").read_text()


@pytest.mark.parametrize("row", ROWS)
def test_a_page_says_how_its_facts_were_confirmed(row: str) -> None:
    """By tshark's decoding, an RFC, or not at all."""
    (chapter,) = re.findall(r"^## Confirmed, and not\n\n(.*?)^## ", page(row), re.MULTILINE | re.DOTALL)
    assert "tshark" in chapter or "RFC" in chapter


@pytest.mark.parametrize("row", ROWS)
def test_the_figures_of_a_page_are_those_of_its_captures(row: str) -> None:
    """Made by a command that works; the machines' own words, to the letter."""
    text = page(row)
    assert f"`python captures/make_mechanisms.py {row}`" in text
    scenarios = {case.side: case.scenario for case in script().CASES if case.row == row}
    told = {
        side: (name, said)
        for side, name, said in re.findall(r"^- (\w+) \(the scenario `(\w+)`\): (.*)[;.]$", text, re.M)
    }
    assert set(told) == {"working", "failing"}
    for side, (name, said) in told.items():
        truth = json.loads((Path(CAPTURES) / "mechanisms" / row / side / "truth.json").read_text())
        assert (name, said) == (scenarios[side], truth["mechanism"]["because"])
