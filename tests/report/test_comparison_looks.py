"""The document of many migrations in every look: the same figures, nothing of a capture that acts, the schema kept."""

import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest

from tests.report.made import HOSTILE
from tests.runs.test_compared import compared, moved
from vmpcap.report.as_json import to_json
from vmpcap.report.comparison import Comparison
from vmpcap.report.comparison_looks import comparison_to_html, comparison_to_markdown, comparison_to_terminal
from vmpcap.report.look import Look
from vmpcap.report.schema import comparison_schema, comparison_schema_text
from vmpcap.report.words import figure

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "reference" / "comparison.schema.json"


def sample() -> Comparison:
    """Five migrations a side, throughput apart."""
    return compared([moved(d, 400.0 + d) for d in range(1, 6)], [moved(d, 800.0 + d) for d in range(11, 16)])


def test_the_published_schema_is_current_and_kept() -> None:
    """Made again with `vmpcap compare --json-schema > docs/reference/comparison.schema.json` after a change."""
    assert PUBLISHED.read_text(encoding="utf-8") == comparison_schema_text()
    jsonschema.validate(json.loads(to_json(sample())), comparison_schema())


def test_every_look_tells_every_spread_and_difference() -> None:
    """Medians, intervals and words are the same everywhere."""
    document = sample()
    looks = [comparison_to_terminal(document, Look(width=200)), comparison_to_markdown(document)]
    looks.append(comparison_to_html(document))
    for text in looks:
        flat = text.replace("\\", "")
        for group in document.groups:
            for spread in group.spreads:
                if spread.median is not None:
                    assert figure(spread.median, "share" if spread.unit == "share" else "") in flat
        for note in document.notes:
            assert note[:40] in flat
        assert "higher" in flat


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, ascii_only: bool) -> None:
    """At any width, with any characters."""
    text = comparison_to_terminal(sample(), Look(width=width, ascii_only=ascii_only))
    assert max(len(line) for line in text.splitlines()) <= width
    assert text.isascii() or not ascii_only


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_a_capture_says_stays_text(name: str) -> None:
    """Names of paths and files, in every look."""
    text = HOSTILE[name]
    document = sample()
    groups = [msgspec.structs.replace(g, name=text, paths={text: 1}) for g in document.groups]
    inputs = [msgspec.structs.replace(i, path=text, because=text) for i in document.inputs]
    document = msgspec.structs.replace(document, groups=groups, inputs=inputs, notes=[text])
    page = comparison_to_html(document)
    prose = re.sub(r"^(`{3,})text$.*?^\1$", "", comparison_to_markdown(document), flags=re.MULTILINE | re.DOTALL)
    for harmful in ("<script>alert", "<img src=x", "\x1b", "\u202e", "\u200b"):
        assert harmful not in page
        assert harmful not in prose
    assert "\x1b" not in comparison_to_terminal(document, Look())


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    """No script, no address of anything to fetch."""
    page = comparison_to_html(sample())
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "default-src 'none'" in page
    assert page.count("<svg") >= 5
