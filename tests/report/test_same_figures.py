"""Every look of the report says the same."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.report.made import one_line, reports
from tests.report.sample import SAMPLES
from vmpcap.report.as_json import to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_parquet import report_frames
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.document import Report
from vmpcap.report.look import Look
from vmpcap.verdicts.findings import Check

NUMBER = r"([\d,]+(?:\.\d+)?)"


def deciding(report: Report) -> list[Check]:
    return [check for migration in report.migrations for check in migration.checks if check.decides]


def is_about(shown: str, exact: float) -> float:
    """The shown figure is the exact one to three digits, below 1 to two."""
    value = float(shown.replace(",", ""))
    assert value == pytest.approx(exact, rel=0.051 if exact < 1 else 0.0051)
    return value


def says_the_same(shown: str, check: Check) -> None:
    """In this line of text: the answer, the figure, the limit, the reason."""
    assert check.because in shown
    bound = "least" if check.id == "throughput" else "most"
    if check.measured is None and check.limit is None:
        return
    measured = NUMBER if check.measured is not None else "not measured"
    unit = f" {check.unit}" if check.measured is not None else ""
    limit = rf" \(at {bound} {NUMBER} {check.unit}\)" if check.limit is not None else ""
    found = re.search(rf"{check.id}(?:`| )[^a-z0-9]*?{measured}{unit}{limit}", shown)
    assert found, (check.id, shown)
    figures = [f for f in (check.measured, check.limit) if f is not None]
    assert len(found.groups()) == len(figures)
    values = [is_about(text, exact) for text, exact in zip(found.groups(), figures, strict=True)]
    if check.limit is not None:
        assert values[-1] == pytest.approx(check.limit, rel=1e-12, abs=1e-9), "a limit is shown as it was said"
    if len(values) == 2 and abs(figures[0] - figures[1]) > 1e-8:
        assert (values[0] > values[1]) == (figures[0] > figures[1])
    if figures[0] == figures[-1]:
        assert values[0] == values[-1]


@settings(max_examples=30, deadline=None)
@given(report=reports(), width=st.integers(40, 120))
def test_the_terminal_says_every_deciding_answer_figure_limit_and_reason(report: Report, width: int) -> None:
    """However wide the terminal is, nothing of a deciding check is lost."""
    shown = one_line(to_terminal(report, Look(width)))
    evidence = shown[shown.index("Evidence") :]
    for check in deciding(report):
        assert re.search(rf"\b{check.outcome} [a-z_, ]*\b{check.id}\b", evidence)
        says_the_same(evidence, check)
        for proof in check.evidence:
            assert proof.filter in shown


@settings(max_examples=30, deadline=None)
@given(report=reports())
def test_markdown_says_every_deciding_answer_figure_limit_and_reason(report: Report) -> None:
    """The table of checks, as a renderer of Markdown understands it, holds the document's answers."""
    rows = table_rows(to_markdown(report))
    for check in deciding(report):
        answer, held, because = rows[check.id]
        assert answer.strip("*") == check.outcome
        says_the_same(f"{check.id} {held} {because}", check)


@settings(max_examples=30, deadline=None)
@given(report=reports())
def test_json_and_frames_say_exactly_what_the_document_says(report: Report) -> None:
    """Programs get every digit."""
    told = json.loads(to_json(report))
    frame = report_frames(report)["checks"]
    for number, check in enumerate(report.migrations[0].checks):
        written = told["migrations"][0]["checks"][number]
        row = frame.row(number, named=True)
        for key in ("outcome", "measured", "limit", "because", "decides"):
            assert written[key] == getattr(check, key) == row[key]
    assert told["verdict"] == report.verdict


@pytest.mark.parametrize("name", SAMPLES)
def test_every_look_names_the_verdict_first(name: str) -> None:
    """The first words are the answer."""
    report = SAMPLES[name]()
    word = report.verdict.upper()
    assert to_terminal(report).split()[0] == word
    assert to_markdown(report).startswith(f"# {word}: ")
    assert json.loads(to_json(report))["verdict"] == report.verdict


def table_rows(markdown: str) -> dict[str, tuple[str, str, str]]:
    """The cells of the first table, read by a renderer of Markdown: check, answer, figure, because."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    rows: list[list[str]] = []
    for i, token in enumerate(tokens):
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        if token.type == "td_open":
            children = tokens[i + 1].children or []
            rows[-1].append("".join(child.content for child in children))
    cells = [row for row in rows if row]
    return {row[0].removesuffix(" (advice)"): (row[1], row[2], row[3]) for row in cells}
