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
from vmpcap.report.html_strips import shifts
from vmpcap.report.html_tree import markup
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


def test_the_picture_of_differences_tells_what_is_decided_from_what_is_not() -> None:
    """By words as well as by how it is drawn; a figure of which nobody knows by how much is named without a dot."""
    document = sample()
    medians = {s.figure: s.median for s in document.groups[0].spreads}
    throughput = next(d for d in document.differences if d.figure == "throughput")
    outage = next(d for d in document.differences if d.figure == "outage")
    endless = msgspec.structs.replace(outage, word="higher", shift=None, shift_low=None, shift_high=None)
    for number in (0, 1):
        drawings = shifts([throughput, endless], medians)
        assert drawings is not None
        text = markup(drawings[number])
        assert text.count('class="shift told"') == 1
        assert "+410 Mbps, higher" in text
        assert "higher, by how much unknown" in text
    unclear = msgspec.structs.replace(throughput, word="undecided")
    pale = shifts([unclear], medians)
    assert pale is not None
    assert 'class="shift untold"' in markup(pale[0])
    assert shifts([endless], medians) is None


def test_a_shift_beyond_the_scale_is_said_to_be() -> None:
    """Three times A's median is no point at the end of the scale: an arrow stands there, with the figure."""
    (throughput, *_) = sample().differences
    far = shifts([msgspec.structs.replace(throughput, shift=1200.0)], {throughput.figure: 400.0})
    within = msgspec.structs.replace(throughput, shift=100.0, shift_low=50.0, shift_high=150.0)
    near = shifts([within], {throughput.figure: 400.0})
    assert far is not None
    assert near is not None
    assert "at +300 %" in markup(far[0])
    assert "<circle" not in markup(far[0])
    assert "\u2192" not in markup(near[0])
    assert "<circle" in markup(near[0])


@pytest.mark.parametrize(
    ("low", "shift", "high", "told"),
    [
        (-40.0, 200.0, 900.0, ["to +225 % \u2192"]),
        (-500.0, -200.0, 300.0, ["\u2190 to -125 %"]),
        (-500.0, 100.0, 500.0, ["\u2190 to -125 %", "to +125 % \u2192"]),
        (200.0, 520.0, 900.0, ["at +130 %, to +225 % \u2192"]),
        (440.0, 520.0, 900.0, ["at +130 %, from +110 % to +225 % \u2192"]),
        (-400.0, 200.0, 400.0, []),
    ],
)
def test_an_interval_that_the_scale_cuts_says_how_far_it_goes(
    low: float, shift: float, high: float, told: list[str]
) -> None:
    """Cut without a mark it looks as if it ended there; A's median is 400."""
    (throughput, *_) = sample().differences
    cut = msgspec.structs.replace(throughput, shift=shift, shift_low=low, shift_high=high)
    for drawing in shifts([cut], {throughput.figure: 400.0}) or ():
        words = ["".join(text.itertext()).replace("\u2212", "-") for text in drawing.iter("text")]
        assert [word for word in words if "\u2192" in word or "\u2190" in word] == told
        assert len(list(drawing.iter("path"))) == len(told)
