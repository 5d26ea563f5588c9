"""The document of many migrations for a terminal, for a ticket, and as a page of its own."""

from typing import Final
from xml.etree.ElementTree import Element

from rich.text import Text

from vmpcap.report.about_comparison import (
    about_basis,
    about_comparison,
    differences,
    headline,
    name_of,
    spreads,
)
from vmpcap.report.as_html import head, ours
from vmpcap.report.as_markdown import drawn_blocks, joined, plain
from vmpcap.report.as_terminal import draw_blocks
from vmpcap.report.blocks import Block, Heading
from vmpcap.report.chart import UNICODE
from vmpcap.report.clean import clean_report, for_ascii
from vmpcap.report.comparison import Comparison
from vmpcap.report.html_blocks import draw_blocks as html_of
from vmpcap.report.html_strips import shifts, strips
from vmpcap.report.html_tree import el, markup
from vmpcap.report.look import Look
from vmpcap.report.page import COLOURS, Page
from vmpcap.report.words import stamp

WIDTH = 90
"""Characters of a picture in Markdown."""


def comparison_to_terminal(document: Comparison, look: Look) -> str:
    """How is it shown on a terminal?"""
    shown = clean_report(document)
    if look.ascii_only:
        shown = for_ascii(shown)
    page = Page(look)
    page.put(Text(headline(shown), style=COLOURS["heading"]))
    draw_blocks(page, about_comparison(shown, look.width, look.glyphs))
    return page.text()


def comparison_to_markdown(document: Comparison) -> str:
    """How is it written for a ticket?"""
    shown = clean_report(document)
    lines = [f"# {plain(headline(shown))}", "", f"{shown.tool.name} {shown.tool.version}, {shown.generated_at}", ""]
    return joined([*lines, *drawn_blocks(about_comparison(shown, WIDTH, UNICODE))])


DOTS: Final = "a dot a migration; box: half of them; line: median; bar: its 95 % interval, where there is one"
SHIFTS: Final = (
    "by how much B differs, as a share of A's median, with its 95 % interval where there is one; pale: no difference is"
    " shown; an arrow: it goes on outside of the scale, to the figure under the arrow"
)


def comparison_to_html(document: Comparison) -> str:
    """How is it written as a page that needs nothing else? It has no script at all."""
    shown = clean_report(document)
    title = headline(shown)
    parts: list[Element] = []
    if shown.differences:
        parts.append(el("h2", "Differences"))
        medians = {spread.figure: spread.median for spread in shown.groups[0].spreads} if shown.groups else {}
        parts += _figure(shifts(shown.differences, medians), "how B stands to A", SHIFTS)
        parts += html_of([differences(shown.differences)])
    words = DOTS
    for number, spread in enumerate(shown.groups[0].spreads if shown.groups else ()):
        rows = [(g.name, g.spreads[number]) for g in shown.groups]
        if any(s.n for _, s in rows):
            name = name_of(spread.figure)
            parts.append(el("h2", name[0].upper() + name[1:]))
            drawings = strips([(n, s) for n, s in rows if s.values], name)
            parts += _figure(drawings, name, words)
            words = "" if drawings is not None else words
            parts += html_of([spreads(rows)])
    parts += html_of(_one_down(block) for block in about_basis(shown))
    told = f"{shown.tool.name} {shown.tool.version}, {stamp(shown.generated_at)}"
    top = el("header", el("h1", title), el("p", told, class_="quiet"))
    page = el("html", head(title, ours("page.css"), ""), el("body", top, el("main", *parts)), lang="en")
    return f"<!doctype html>\n{markup(page)}\n"


def _figure(drawings: tuple[Element, Element] | None, label: str, words: str) -> list[Element]:
    """The drawing for a screen and the one for a telephone, of which one is shown."""
    if drawings is None:
        return []
    holders = [
        el("div", drawing, class_=kind, tabindex="0", role="group", aria_label=label)
        for drawing, kind in zip(drawings, ("wide for-screens", "for-telephones"), strict=True)
    ]
    return [el("figure", *holders, el("figcaption", words) if words else None)]


def _one_down(block: Block) -> Block:
    return Heading(block.text, 0) if isinstance(block, Heading) else block
