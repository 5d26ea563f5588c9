"""Whatever the capture: every look leads with the same sentence, and says the same of how long the guest was away."""

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from tests.captures.situations import CAPTURES, report_of
from tests.report.made import one_line
from vmpcap.report.as_html import to_html
from vmpcap.report.as_junit import to_junit
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Report
from vmpcap.report.look import Look

EVERY = sorted(
    found.parent
    for found in CAPTURES.glob("**/points.toml")
    if "profile" in json.loads((found.parent / "expected.json").read_text())
)
"""Those of which a person said by which profile they are judged."""
WIDTHS = (40, 60, 80, 120)
FOR_GOOD = re.compile(r"(was|were) never answered again|none of \d+ peers was answered again")


def told(page: str, element: str) -> list[str]:
    """The words of these elements of a page, each without what is marked up inside of it."""
    name = element.split(maxsplit=1)[0]
    return [unescape(re.sub(r"<[^>]*>", "", words)) for words in re.findall(rf"<{element}>(.*?)</{name}>", page)]


def first_lines(text: str) -> str:
    """What stands above the first empty line, in one line."""
    return one_line(text.split("\n\n", maxsplit=1)[0])


@pytest.fixture(scope="module", params=EVERY, ids=lambda folder: str(folder.relative_to(CAPTURES)))
def report(request: pytest.FixtureRequest) -> Report:
    """One of each capture for all tests on it."""
    folder: Path = request.param
    return report_of(folder)


def test_every_look_leads_with_the_same_sentence(report: Report) -> None:
    """The terminal at any width, the ticket, the page, and a pipeline."""
    led = f"{report.verdict.upper()} {report.because}"
    for width in WIDTHS:
        for in_full in (False, True):
            assert first_lines(to_terminal(report, Look(width), in_full)).startswith(led)
    heading = MarkdownIt().parse(to_markdown(report))[1].children or []
    assert "".join(child.content for child in heading) == led.replace(" ", ": ", 1)
    page = to_html(report)
    assert told(page, "title")[:1] == [led.replace(" ", ": ", 1)]
    assert told(page, "h1") == [f"{report.verdict} {report.because}"]
    if len(report.migrations) == 1:
        shown = ElementTree.fromstring(to_junit(report)).find(".//property[@name='because']")
        assert shown is not None
        assert shown.get("value") == report.because


def gone_for_good(report: Report) -> bool:
    """Was some peer never answered again, by the report's own figures?"""
    peers = [peer for m in report.migrations for guest in m.guests for peer in guest.peers]
    return any(peer.survived is False and peer.outage_ms is None for peer in peers)


def test_a_peer_that_was_never_answered_again_is_said_by_every_look_or_by_none(report: Report) -> None:
    """No look leads with how long another peer waited."""
    for_good = gone_for_good(report)
    if len(report.migrations) == 1:
        assert bool(FOR_GOOD.search(report.because)) == for_good
    page, terminal = to_html(report), one_line(to_terminal(report, Look(100)))
    assert ("never back" in told(page, 'strong class="figure words"')) == for_good
    assert bool(FOR_GOOD.search(terminal)) == for_good
    assert "peers cut off unknown" not in terminal or not for_good
