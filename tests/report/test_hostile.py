"""What comes from a capture, a file name or a user's profile does no harm in any look of the report."""

import io
import json
import re
import unicodedata
from html.parser import HTMLParser

import polars as pl
import pytest
from markdown_it import MarkdownIt

from tests.report.made import HOSTILE, poisoned
from tests.report.test_terminal import ESCAPE, cells
from vmpcap.report.as_json import from_json, to_json
from vmpcap.report.as_markdown import to_markdown
from vmpcap.report.as_parquet import report_frames
from vmpcap.report.as_terminal import to_terminal
from vmpcap.report.look import Look
from vmpcap.report.tables import ANNOUNCEMENT_VIEW, to_table
from vmpcap.terms.columns import ANNOUNCEMENTS, dtypes

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmful(text: str) -> set[str]:
    """Characters that move a cursor, change colour or direction, hide, or cannot be encoded."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in HARMFUL}


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_shows_hostile_text_as_text(name: str, width: int) -> None:
    """No control character arrives, with colour only our own colours do, and no line breaks the layout."""
    report = poisoned(HOSTILE[name])
    plain = to_terminal(report, Look(width))
    assert not harmful(plain)
    coloured = to_terminal(report, Look(width, colour=True))
    assert not harmful(ESCAPE.sub("", coloured))
    starts = ("frame.comment", "http://")
    for line in plain.splitlines():
        assert cells(line) <= width or line.strip().startswith(starts) or "frame.comment" in line, line


@pytest.mark.parametrize("name", HOSTILE)
def test_the_ascii_look_shows_hostile_text_in_ascii(name: str) -> None:
    """What has no likeness in ASCII is written as its escape."""
    assert to_terminal(poisoned(HOSTILE[name]), Look(80, ascii_only=True)).isascii()


ALLOWED = {"h1", "h2", "h3", "p", "ul", "li", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "a"}
"""What our Markdown may become. A link only from our own angle brackets."""


class Seen(HTMLParser):
    """The tags of a page and the addresses it links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_makes_neither_tags_nor_links_of_hostile_text(name: str) -> None:
    """Rendered with HTML allowed, the page holds only the elements that we wrote, and links only to named sources."""
    shown = to_markdown(poisoned(HOSTILE[name]))
    assert not harmful(shown)
    seen = Seen(MarkdownIt("commonmark", {"html": True}).enable("table").render(shown))
    assert seen.tags <= ALLOWED
    assert all(link.startswith("http://a.example/") for link in seen.links)


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_tables_keep_their_columns(name: str) -> None:
    """A pipe or a line break in a name makes no further cell: every row has as many as the head."""
    shown = to_markdown(poisoned(HOSTILE[name]))
    tokens = MarkdownIt("commonmark").enable("table").parse(shown)
    lines = shown.splitlines()
    tables = [token.map for token in tokens if token.type == "table_open"]
    rows = [line for line in lines if line.startswith("|")]
    assert sum(end - start for start, end in (span for span in tables if span)) == len(rows)
    for span in tables:
        assert span is not None
        counts = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines[slice(*span)]}
        assert len(counts) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_json_holds_hostile_text_and_is_utf8(name: str) -> None:
    """Every text comes back as it was; what cannot be encoded comes back as its escape."""
    text = HOSTILE[name]
    written = to_json(poisoned(text))
    told = json.loads(written.encode("utf-8", "strict"))
    back = text.encode("utf-8", "backslashreplace").decode()
    assert told["because"] == back
    assert told["migrations"][0]["point"] == back
    assert from_json(written).notes == [back]


@pytest.mark.parametrize("name", HOSTILE)
def test_frames_hold_hostile_text(name: str) -> None:
    """Parquet is written and read back."""
    text = HOSTILE[name]
    for title, frame in report_frames(poisoned(text)).items():
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        assert pl.read_parquet(buffer.getvalue()).equals(frame), title
    back = text.encode("utf-8", "backslashreplace").decode()
    assert report_frames(poisoned(text))["inputs"]["point"][0] == back


@pytest.mark.parametrize("name", [n for n in HOSTILE if n != "surrogate"])
def test_a_table_of_rows_shows_hostile_text_as_text(name: str) -> None:
    """The same for the tables of `flows` and `announcements`, where a point's name is free."""
    values = {column.name: [None] for column in ANNOUNCEMENTS} | {"point": [HOSTILE[name]], "frame": [1]}
    shown = to_table(pl.DataFrame(values, schema=dtypes(ANNOUNCEMENTS)), ANNOUNCEMENT_VIEW, Look(80))
    assert not harmful(shown)
    assert all(cells(line) <= 80 for line in shown.splitlines())
