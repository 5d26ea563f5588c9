"""The report as Markdown, read back by a renderer of Markdown."""

import html
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.report.sample import SAMPLES, good, lost_guest
from vmpcap.report.as_markdown import code, plain, to_markdown

READER = MarkdownIt("commonmark", {"html": True}).enable("table")

LINE = st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs", "M"), codec="utf-8"), min_size=1).map(
    lambda text: " ".join(text.split()) or "x"
)


def text_of(page: str) -> str:
    """What a reader of the rendered page sees."""
    return html.unescape(re.sub(r"<[^>]*>", "", page)).strip()


@given(text=LINE)
def test_any_text_stays_what_it_is(text: str) -> None:
    """No character of a name becomes markup: the rendered text is the text."""
    assert text_of(READER.render(f"- **name**: {plain(text)}")) == f"name: {text}"


@given(text=LINE)
def test_any_code_stays_what_it_is(text: str) -> None:
    """A display filter is shown as it must be typed, whatever backticks are in it."""
    page = READER.render(f"- {code(text)}")
    found = re.search(r"<code>(.*)</code>", page, re.DOTALL)
    assert found
    assert html.unescape(found[1]) == text


@given(cells=st.lists(LINE, min_size=1, max_size=4))
def test_any_cell_stays_in_its_column(cells: list[str]) -> None:
    """A pipe in a cell is escaped: the row has as many cells as the head."""
    head = f"| {' | '.join('c' for _ in cells)} |\n| {' | '.join('---' for _ in cells)} |\n"
    page = READER.render(head + f"| {' | '.join(map(plain, cells))} |\n")
    body = page[page.index("<tbody>") :]
    assert [html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", body)] == cells


@pytest.mark.parametrize("name", SAMPLES)
def test_every_table_has_rows_as_wide_as_its_head(name: str) -> None:
    """Each line that begins with a pipe belongs to a table, and has that table's number of cells."""
    shown = to_markdown(SAMPLES[name]())
    lines = shown.splitlines()
    spans = [token.map for token in READER.parse(shown) if token.type == "table_open"]
    inside = {i for span in spans if span for i in range(*span)}
    assert {i for i, line in enumerate(lines) if line.startswith("|")} == inside
    for span in spans:
        assert span is not None
        assert len({line.count("|") - line.count("\\|") for line in lines[slice(*span)]}) == 1


def test_the_tables_hold_checks_phases_points_and_peers() -> None:
    """Each table of the document is one of the page, with its figures."""
    page = READER.render(to_markdown(lost_guest()))
    heads = [
        tuple(re.findall(r"<th[^>]*>(.*?)</th>", head)) for head in re.findall(r"<thead>(.*?)</thead>", page, re.S)
    ]
    assert [head[0] for head in heads] == ["check", "phase", "point", "peer", "point"]
    assert "<td>never back</td>" in re.sub(r" style=\"[^\"]*\"", "", page)


def test_the_picture_is_a_block_of_code() -> None:
    """Characters that must stand under each other are shown with one width each."""
    tokens = READER.parse(to_markdown(good()))
    pictures = [token.content for token in tokens if token.type == "fence"]
    assert len(pictures) == 1
    lines = pictures[0].splitlines()
    assert any("switchover" in line and "[=" in line for line in lines)
    assert any("announced" in line and "A" in line for line in lines)
    assert any("phases" in line and "bulk 1" in line for line in lines)


def test_headings_go_down_one_step_at_a_time() -> None:
    """A table of contents can be made of them."""
    levels = [int(token.tag[1]) for token in READER.parse(to_markdown(lost_guest())) if token.type == "heading_open"]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_what_to_try_is_there_where_no_migration_was_found() -> None:
    """The commands can be copied."""
    tokens = READER.parse(to_markdown(SAMPLES["no_migration"]()))
    commands = [token.content.strip() for token in tokens if token.type == "fence"]
    assert "vmpcap flows office.pcapng" in commands
