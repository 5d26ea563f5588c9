"""The document of many migrations for a terminal, for a ticket, and as a page of its own."""

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
from vmpcap.report.comparison import Comparison, Spread
from vmpcap.report.html_blocks import draw_blocks as html_of
from vmpcap.report.html_tree import el, markup
from vmpcap.report.look import Look
from vmpcap.report.page import COLOURS, Page
from vmpcap.report.words import figure

WIDTH = 90
"""Characters of a picture in Markdown."""
WIDE, ROW, MOST_LEFT = 760, 34, 170
"""Of a drawing: its width, the height of a group, the most room for names."""


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


def comparison_to_html(document: Comparison) -> str:
    """How is it written as a page that needs nothing else? It has no script at all."""
    shown = clean_report(document)
    title = headline(shown)
    parts: list[Element] = []
    if shown.differences:
        parts += html_of([Heading("Differences", 0), differences(shown.differences)])
    for number, spread in enumerate(shown.groups[0].spreads if shown.groups else ()):
        rows = [(g.name, g.spreads[number]) for g in shown.groups]
        if any(s.n for _, s in rows):
            parts.append(el("h2", name_of(spread.figure)))
            drawing = strips([(n, s) for n, s in rows if s.values], name_of(spread.figure))
            if drawing is not None:
                words = "a dot a migration; box: half of them; line: median; bar: its 95 % interval, where there is one"
                holder = el(
                    "div", drawing, class_="wide", tabindex="0", role="group", aria_label=name_of(spread.figure)
                )
                parts.append(el("figure", holder, el("figcaption", words)))
            parts += html_of([spreads(rows)])
    parts += html_of(_one_down(block) for block in about_basis(shown))
    top = el("header", el("h1", title), el("p", f"{shown.tool.name} {shown.tool.version}, {shown.generated_at}"))
    page = el("html", head(title, ours("page.css"), ""), el("body", top, el("main", *parts)), lang="en")
    return f"<!doctype html>\n{markup(page)}\n"


def _one_down(block: Block) -> Block:
    return Heading(block.text, 0) if isinstance(block, Heading) else block


def strips(rows: list[tuple[str, Spread]], title: str) -> Element | None:
    """Each group's migrations as dots on one scale from 0; None where there is nothing to draw."""
    top = max((v for _, s in rows for v in s.values), default=0.0)
    if top <= 0:
        return None
    tall = len(rows) * ROW + 30
    left = min(24 + 7 * max(len(name) for name, _ in rows), MOST_LEFT)
    drawing = el("svg", viewBox=f"0 0 {WIDE} {tall}", role="img", class_="timeline strips")
    told = "; ".join(f"{name}: median {figure(s.median, s.unit)} of {s.n}" for name, s in rows)
    drawing.append(el("title", f"{title}: {told}"))

    def x(value: float | None) -> float:
        return left + (min(value, top) if value is not None else top) / top * (WIDE - left - 30)

    for number, (name, s) in enumerate(rows):
        y = number * ROW + ROW / 2 + 4
        label = el("text", name if len(name) < 26 else name[:23] + "...", x="4", y=f"{y + 4:.0f}", class_="note")
        label.append(el("title", name))
        drawing.append(label)
        drawing.append(_line(left, y, x(top), y, "lane"))
        if s.p25 is not None and s.n > 1:
            low, high = x(s.p25), x(s.p75)
            box = el("rect", x=f"{low:.1f}", y=f"{y - 9:.1f}", height="18", width=f"{max(high - low, 1):.1f}")
            box.set("class", "bar resume")
            drawing.append(box)
        if s.median_low is not None:
            drawing.append(_line(x(s.median_low), y + 12, x(s.median_high), y + 12, "grid strong"))
        for value in s.values:
            dot = el("circle", cx=f"{x(value):.1f}", cy=f"{y:.1f}", r="3.5", class_="bar")
            dot.append(el("title", figure(value, s.unit)))
            drawing.append(dot)
        if s.median is not None:
            drawing.append(_line(x(s.median), y - 11, x(s.median), y + 11, "median"))
    unit = rows[0][1].unit
    drawing.append(el("text", "0", x=str(left), y=str(tall - 8), class_="axis"))
    drawing.append(el("text", figure(top, unit), x=str(WIDE - 30), y=str(tall - 8), text_anchor="end", class_="axis"))
    return drawing


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    return el("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=kind)
