"""The blocks of the report's body as elements of a page."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.report.about_checks import where_to_look
from vmpcap.report.blocks import Block, Commands, Fact, Grid, Heading, Proof, Source
from vmpcap.report.html_tree import el, extend
from vmpcap.report.words import held_against_limit

LINK: Final = re.compile(r"https?://[\w.:/?&=%#~+@,;-]+", re.ASCII)
"""An address that may become a link: of our own profiles, never of a capture."""

MOST_ROWS: Final = 12
"""Rows of a table that are shown at once; the others are there when asked for."""

MOST_BESIDE: Final = 3
"""Columns that stand side by side on a telephone; of more each row becomes a list."""


def draw_blocks(blocks: Iterable[Block]) -> Iterator[Element]:
    """These blocks in their order; facts that follow each other make one list. Pictures are left to the charts."""
    for kind, run in groupby(blocks, type):
        if kind is Fact:
            yield _facts([b for b in run if isinstance(b, Fact)])
        elif kind is Source:
            yield el("ul", *[_source(b) for b in run if isinstance(b, Source)], class_="sources")
        else:
            for block in run:
                yield from _drawn(block)


def _drawn(block: Block) -> Iterator[Element]:
    if isinstance(block, Heading):
        yield el(f"h{block.level + 2}", block.text)
    elif isinstance(block, Grid):
        yield _grid(block)
    elif isinstance(block, Proof):
        yield _proof(block)
    elif isinstance(block, Commands):
        for command, why in block.rows:
            yield el("p", why)
            yield copyable(command)


def _facts(facts: list[Fact]) -> Element:
    """A fact without a label stands below the one above it, beside the same label."""
    listed = el("dl", class_="facts")
    for fact in facts:
        because = el("span", fact.because, class_="because") if fact.because else None
        told = (fact.text, " " if because is not None else None, because)
        if fact.label or not len(listed):
            listed.extend((el("dt", fact.label), el("dd", *told)))
        else:
            listed[-1].append(el("p", *told))
    return listed


def _source(block: Source) -> Element:
    safe = LINK.fullmatch(block.link)
    link = el("a", block.link, href=block.link, rel="noreferrer") if safe else None
    return el("li", block.says, " " if safe else None, link)


def _grid(block: Grid) -> Element:
    """Columns that hold nothing are left out; of a long table the rest opens when asked for."""
    filled = [i for i in range(len(block.columns)) if any(row[i] for row in block.rows)]
    head, tail = block.rows[:MOST_ROWS], block.rows[MOST_ROWS:]
    table = _table(block, filled, head)
    if not tail:
        return table
    words = el("summary", f"{len(tail):,} more")
    return el("div", table, el("details", words, _table(block, filled, tail)))


def _table(block: Grid, filled: list[int], rows: Iterable[tuple[str, ...]]) -> Element:
    kinds = {i: _kind(block, i) for i in filled}
    head = el("tr", *[el("th", block.columns[i], scope="col", **kinds[i]) for i in filled])
    body = [el("tr", *[el("td", row[i], data_of=block.columns[i], **kinds[i]) for i in filled]) for row in rows]
    table = el("table", el("thead", head), el("tbody", *body), class_="rows" if _is_wide(block, filled) else "")
    wrapped = el("div", table, class_="wide", tabindex="0", role="group")
    wrapped.set("aria-label", ", ".join(block.columns[i] for i in filled))
    return wrapped


def _is_wide(block: Grid, filled: list[int]) -> bool:
    """Do its columns find no room beside each other on a telephone? A sentence takes the room of two."""
    return len(filled) + any(block.columns[i] in block.sentences for i in filled) > MOST_BESIDE


def _kind(block: Grid, column: int) -> dict[str, str]:
    if block.columns[column] in block.right:
        return {"class_": "number"}
    return {"class_": "sentence"} if block.columns[column] in block.sentences else {}


def _proof(block: Proof) -> Element:
    """An answer that opens to what it rests on."""
    first = block.checks[0]
    held = held_against_limit(first)
    summary = el("summary", badge(first.outcome, first.decides), " ")
    extend(summary, [el("b", ", ".join(c.id for c in block.checks)), f" {held}" if held else None])
    opened = el("details", summary, el("p", first.because), class_="proof")
    for where in where_to_look(first):
        opened.append(el("p", where.words, class_="where"))
        if where.filter:
            opened.append(copyable(where.filter))
    return opened


def badge(outcome: str, decides: bool = True) -> Element:
    """The answer as a word; colour supports it."""
    word = outcome if decides or outcome != "fail" else "advice"
    return el("span", word, class_=f"badge {word}")


def copyable(text: str) -> Element:
    """Text to copy as it stands, with a button that does it."""
    button = el("button", "copy", type="button", class_="copy")
    button.set("aria-label", "copy to the clipboard")
    return el("div", el("code", text), button, class_="copyable")
