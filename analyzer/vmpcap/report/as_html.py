"""The report as one page that needs nothing else: no network, no other file, no server."""

import base64
import hashlib
import shlex
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from vmpcap.measures.sequence_graph import SequenceGraph
from vmpcap.migration.results import Guest
from vmpcap.report.about_captures import about_captures
from vmpcap.report.about_guest import PARTS
from vmpcap.report.about_stream import COUNTED
from vmpcap.report.away import felt
from vmpcap.report.blocks import Block, Heading, Picture
from vmpcap.report.chart import UNICODE
from vmpcap.report.chart_words import beyond_words, goodput_words, over_time_words, round_trip_words
from vmpcap.report.clean import clean_report
from vmpcap.report.document import Migration, Report
from vmpcap.report.headline import of_migration
from vmpcap.report.html_blocks import badge, draw_blocks
from vmpcap.report.html_budget import MOST_ROWS, fitting, told
from vmpcap.report.html_cards import cards
from vmpcap.report.html_charts import chart_data
from vmpcap.report.html_path import path_picture
from vmpcap.report.html_timeline import close_up, drawn_of, is_open, outages
from vmpcap.report.html_trail import deaf_points, trail_picture
from vmpcap.report.html_tree import el, markup, raw
from vmpcap.report.input_words import asked_line, inputs_line, odd_inputs
from vmpcap.report.outline import about_migration, about_nothing
from vmpcap.report.questions import about_questions
from vmpcap.report.words import (
    VERDICTS,
    began,
    carried,
    figure,
    held_against_limit,
    hosts,
    hypervisor,
    lasted,
    ports,
    profile_line,
    span,
    stamp,
)
from vmpcap.report.worst_first import worst_first
from vmpcap.terms.errors import RequestError
from vmpcap.terms.units import count_of
from vmpcap.verdicts.findings import Check

OURS: Final = Path(__file__).parent / "html"
TAKEN: Final = OURS / "taken"
CHECKOUT: Final = OURS.parents[3]
"""Where the sources are, when vmpcap runs from them."""
"""The chart library; the build takes it from the npm registry."""
WIDTH: Final = 90
"""Characters of the picture for readers without scripts."""

ADVICE: Final = {
    "rtt_under_load": "Round trip under load",
    "retransmissions": "Sent again",
    "window_limited": "Window",
    "mtu": "MTU",
    "mac_flap": "MAC flap",
    "duplicate_address": "Duplicate address",
    "wrong_vlan": "Wrong VLAN",
    "announced_too_early": "Announced too early",
    "trombone": "Detour through the old site",
    "gateway_localised": "Gateway did not move along",
    "tcp_split": "Somebody answers in between",
    "capture_quality": "Captures",
    "switchover": "Switchover",
}
"""What an advice is called; the evidence has it under its id."""


def to_html(report: Report, graphs: Mapping[str, SequenceGraph] | None = None) -> str:
    """
    How is this report written as a page of its own? Whatever a capture says stays text.

    Parameters
    ----------
    graphs : the numbers of each migration's main connection over time, by the migration's id, where they were asked for

    Raises
    ------
    RequestError
        The chart library is not in this installation.
    """
    shown = clean_report(report)
    style = ours("page.css") + _taken("uplot.css")
    script = _taken("uplot.js") + "\n" + ours("page.js")
    title = f"{VERDICTS[shown.verdict]}: {shown.because}"
    page = el("html", head(title, style, script), _body(shown, script, graphs or {}), lang="en")
    return (
        f"<!doctype html>\n<!-- charts by uPlot:\n{_taken('uplot.LICENSE').replace('--', '- -')}-->\n{markup(page)}\n"
    )


def ours(name: str) -> str:
    return (OURS / name).read_text(encoding="utf-8")


def _taken(name: str) -> str:
    try:
        return (TAKEN / name).read_text(encoding="utf-8")
    except OSError:
        raise RequestError(
            "the HTML report cannot be written: its chart library is not in this installation. The build brings it"
            f" from the npm registry: where that can be reached run `{brings_charts()}`, or use --markdown instead"
        ) from None


def brings_charts(checkout: Path = CHECKOUT) -> str:
    """
    Which one command brings the chart library?

    In a checkout make sets everything up, but takes the library only where npm is installed: it builds without
    isolation. An isolated build brings an npm.
    """
    if not (checkout / "Makefile").is_file():
        return "pip install ."
    folder = shlex.quote(str(checkout))
    build = f"{folder}/.venv/bin/pip install --no-deps -e {folder}"
    if any((checkout / ".venv").glob(".installed-*")):
        return build
    setup = f"make -C {folder} setup"
    return setup if shutil.which("npm") else f"{setup} && {build}"


def head(title: str, style: str, script: str) -> Element:
    """Nothing may be fetched, and no script may run but ours."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        raw("style", style),
    )


def _body(report: Report, script: str, graphs: Mapping[str, SequenceGraph]) -> Element:
    captures = el("section", *draw_blocks(about_captures(report, UNICODE)), class_="captures")
    spent = len(markup(_header(report, report.migrations[:MOST_ROWS], ())).encode()) + len(markup(captures).encode())
    shown = fitting(report, graphs, lambda m: _article(m, report, graphs.get(m.id)), spent)
    nothing = [] if report.migrations else [el("section", *draw_blocks(about_nothing(report)))]
    main = el("main", *nothing, *shown.articles.values(), captures)
    if not report.migrations:
        _raise_headings(main)
    drawn = {name: graphs[name] for name in shown.articles if name in graphs}
    told = chart_data(msgspec.structs.replace(report, migrations=shown.drawn), drawn)
    data = raw("script", told, type="application/json", id="data")
    header = _header(report, shown.listed, shown.words, shown.articles.keys())
    return el("body", header, main, _footer(report), data, raw("script", script))


def _raise_headings(main: Element) -> None:
    """Where no migration has a heading, what stands below one stands right below the title: no level is left out."""
    for one in main.iter():
        if one.tag in ("h3", "h4"):
            one.tag = f"h{int(one.tag[1:]) - 1}"


def _header(
    report: Report, listed: Sequence[Migration], words: Sequence[str], in_full: Collection[str] = frozenset()
) -> Element:
    odd = odd_inputs(report)
    return el(
        "header",
        el("h1", badge(report.verdict), " ", report.because),
        el("p", profile_line(report.profile), class_="quiet"),
        el("p", asked, class_="quiet") if (asked := asked_line(report)) else None,
        el("p", inputs_line(report), f"; {odd}" if odd else None, class_="quiet"),
        told(words),
        _overview(listed, in_full) if len(listed) > 1 else None,
    )


OVERVIEW: Final = ("id", "verdict", "from", "hosts", "took", "goodput", "in words")


def _overview(migrations: Sequence[Migration], in_full: Collection[str]) -> Element:
    """
    One line a migration, to jump to it where it has an article; on a telephone a list each.

    In the order of time; of many the worst first, and the others where they are asked for.
    """
    rows = [_line(m, in_full) for m in (worst_first(migrations) if len(migrations) > MOST_ROWS_SHOWN else migrations)]
    shown, rest = rows[:MOST_ROWS_SHOWN], rows[MOST_ROWS_SHOWN:]
    table = _lines(shown, "migrations")
    if not rest:
        return table
    return el("div", table, el("details", el("summary", f"{len(rest):,} more"), _lines(rest, "further migrations")))


MOST_ROWS_SHOWN: Final = 12
"""Migrations that are listed at once."""


def _line(m: Migration, in_full: Collection[str]) -> Element:
    name = el("a", m.id, href=f"#{m.id}") if m.id in in_full else el("span", m.id)
    rate = figure(m.throughput.bulk_mbps, "Mbps")
    told = (stamp(m.start_ts)[:19], hosts(m, "→"), lasted(m), rate, of_migration(m))
    cells = zip(OVERVIEW, (name, badge(m.verdict), *(el("span", words) for words in told)), strict=True)
    return el("tr", *[el("td", cell, data_of=of, **(ONE_LINE if of in FIGURES else {})) for of, cell in cells])


FIGURES: Final = frozenset({"took", "goodput"})
ONE_LINE: Final = {"class_": "brief"}
"""Columns whose figure and unit stay in one line."""


def _lines(rows: Sequence[Element], label: str) -> Element:
    names = el("tr", *[el("th", name, scope="col") for name in OVERVIEW])
    table = el("table", el("thead", names), el("tbody", *rows), class_="rows")
    return el("div", table, class_="wide", tabindex="0", role="group", aria_label=label)


def _article(m: Migration, report: Report, graph: SequenceGraph | None) -> Element:
    return el("article", *_migration(m, report, graph), id=m.id)


def _migration(m: Migration, report: Report, graph: SequenceGraph | None) -> Iterator[Element]:
    which: list[Element | str] = [f"{m.id} ", badge(m.verdict), " "] if len(report.migrations) > 1 else []
    yield el("h2", *which, hosts(m, "→"))
    told = (hypervisor(m), ports(m), count_of(m.connections, "connection"), m.outcome, began(m))
    yield el("p", ", ".join((*told, lasted(m), carried(m), f"seen at {m.point}")), class_="quiet")
    for guest in m.guests:
        who = "; ".join(part for part in (", ".join((guest.mac, *guest.ips[:4])), felt(m, guest)) if part)
        yield el("p", f"guest {who}", class_="quiet")
    yield from cards(m)
    advice = [check for check in m.checks if not check.decides and check.outcome == "fail"]
    if advice:
        yield el("ul", *[_advice(check) for check in advice], class_="advice")
    blocks = list(about_migration(m, report, WIDTH, UNICODE))
    yield from _ways(m, report)
    yield from _charts(m, report, blocks)
    if graph is not None:
        yield el("h3", "Sequence and acknowledgement numbers")
        words = f"numbers of {m.id}'s main connection over time: {_counted(graph)}, of {carried(m)}"
        yield _figure(m, "sequence", words, _graph_words(graph))
    yield _asked(m, report)
    yield from draw_blocks(_without_pictures(blocks))


def _asked(m: Migration, report: Report) -> Element:
    """The questions of an incident call; shown at once where there is one migration."""
    heading = el("summary", el("h3", "What is asked after an incident"))
    opened = el("details", heading, *draw_blocks(about_questions(m, report)), class_="asked")
    if len(report.migrations) == 1:
        opened.set("open", "open")
    return opened


def _ways(m: Migration, report: Report) -> Iterator[Element]:
    """The way of the stream, and of each guest's announcement."""
    way = path_picture(m, report)
    if way is not None:
        yield el("h3", "Where the stream went")
        words = "capture points in order; above towards the destination, below back to the source"
        yield el("figure", way, el("figcaption", words))
    for guest in m.guests:
        trail = trail_picture(guest, report)
        if trail is not None:
            yield el("h3", f"Where the announcement went{f', of {guest.mac}' if len(m.guests) > 1 else ''}")
            deaf = deaf_points(guest)
            words = "neighbours are those between which packets of the guest and its peers passed"
            yield el("figure", trail, el("figcaption", words + (f"; could not hear it: {deaf}" if deaf else "")))


def _advice(check: Check) -> Element:
    held = held_against_limit(check)
    name = el("b", ADVICE.get(check.id, check.id))
    return el("li", badge("fail", decides=False), " ", name, f" {held}:" if held else ":", f" {check.because}")


def _charts(m: Migration, report: Report, blocks: Sequence[Block]) -> Iterator[Element]:
    if m.series:
        parts = [f"{COUNTED[m.throughput.counted]}{_bins(m)}", "triangles are announcements", beyond_words(m)]
        parts += ["red: within it the guest was gone"] if any(_is_drawn(g) for g in m.guests) else []
        words = "; ".join(part for part in (*parts, KEYS) if part)
        yield el("h3", "Goodput over time")
        plain = [el("pre", _as_text(block)) for block in blocks if isinstance(block, Picture)]
        yield _figure(m, "goodput", goodput_words(m, report), words, plain)
    for guest in m.guests:
        yield from _switchover(m, guest)
    if m.rtt.histogram:
        yield el("h3", "Round trips")
        is_apart = all(b.idle is not None for b in m.rtt.histogram)
        counted = "share of its samples that took so long" if is_apart else "how many samples took how long"
        apart = "; idle: sent with at most two segments in flight, loaded: all others" if is_apart else ""
        spread = _figure(
            m,
            "spread",
            round_trip_words(m, report, f"how {m.rtt.samples:,} round trips of {m.id} spread"),
            f"{counted}{apart}",
        )
        share = _figure(
            m,
            "share",
            round_trip_words(m, report, f"share of the round trips of {m.id} up to a duration"),
            "at least this share of the samples took up to so long; exact at each step",
        )
        yield el("div", spread, share, class_="side-by-side")
    if m.rtt.over_time:
        words = "shortest, median and longest in each part of the stream; bars: bytes sent again"
        yield el("h3", "Round trips and what was sent again, over time")
        yield _figure(m, "over-time", over_time_words(m, report), words)


def _bins(m: Migration) -> str:
    """How wide is a bin of the chart?"""
    return f", in bins of {span(m.series[1].at_s - m.series[0].at_s)}" if len(m.series) > 1 else ""


CLOSE_UP: Final = (
    "by one clock where clocks were compared; triangles: announcements (red: RARP, violet: ARP, teal: neighbour"
    " discovery)"
)


GONE: Final = "within this the guest was gone, and no longer"
CUT_OFF: Final = "a peer cut off"
KEYS: Final = "drag to zoom, double click for all; keys: + and - zoom, arrows move, 0 for all"
OPEN_END: Final = "not known: no end in view"


def _switchover(m: Migration, guest: Guest) -> Iterator[Element]:
    """The close up, and all of the outages where they are much longer; each drawn for a screen and for a telephone."""
    for title, drawings, words in (
        (
            f"Switchover of {guest.mac}",
            close_up(m, guest),
            CLOSE_UP,
        ),
        ("The whole outage", outages(m, guest), "the same on the scale of the longest outage"),
    ):
        if drawings is not None:
            wide, narrow = drawings
            label = title[0].lower() + title[1:]
            yield el("h3", title)
            holders = [
                el("div", drawing, class_=kind, tabindex="0", role="group", aria_label=label)
                for drawing, kind in ((wide, "wide for-screens"), (narrow, "for-telephones"))
            ]
            yield el("figure", *holders, el("figcaption", words, *_legend(guest)))


def _legend(guest: Guest) -> Iterator[Element]:
    """What the colours of the outages and their parts are, of those that occur."""
    cut_off = drawn_of(guest)
    if _is_drawn(guest):
        yield _key("gone", GONE)
    if any(not peer.breakdown for peer in cut_off):  # else its parts cover it
        yield _key("cut", CUT_OFF)
    if any(is_open(peer) for peer in cut_off):
        yield _key("open", OPEN_END)
    for part in dict.fromkeys(part.part for peer in cut_off for part in peer.breakdown):
        yield _key(f"part {part}", PARTS[part])


def _is_drawn(guest: Guest) -> bool:
    """Is it known between which moments the guest was gone, and how far these are apart?"""
    gone = guest.switchover
    return None not in (gone.bracket_ms, gone.bracket.from_ts, gone.bracket.to_ts)


def _key(kind: str, words: str) -> Element:
    return el("span", el("span", class_=f"swatch {kind}"), words, class_="key")


def _counted(graph: SequenceGraph) -> str:
    again, late = (int(strokes.count.sum()) for strokes in (graph.again, graph.late))
    return f"{count_of(again, 'segment')} of bytes seen before, {count_of(late, 'segment')} into a gap"


def _graph_words(graph: SequenceGraph) -> str:
    return (
        "the connection that carried most: bytes sent and bytes acknowledged; strokes: sent again (red), or late, into "
        f"a gap (violet): {_counted(graph)}; each column is {span(graph.width_s)}; {KEYS}"
    )


def _figure(m: Migration, kind: str, label: str, words: str, plain: Sequence[Element] = ()) -> Element:
    """A script makes an application of it, with keys of its own; without one it is a picture."""
    holder = el("div", class_="chart", data_of=m.id, data_kind=kind, role="img", aria_label=label)
    noscript = el("noscript", *(plain or [el("p", "drawn by a script; the figures stand below")]))
    return el("figure", holder, noscript, el("figcaption", words))


def _as_text(picture: Picture) -> str:
    gutter = max(len(line.label) for line in picture.lines)
    return "\n".join(f"{line.label:>{gutter}} {line.text}".rstrip() for line in picture.lines)


def _without_pictures(blocks: Sequence[Block]) -> Iterator[Block]:
    """The body without what the charts show, headings over it and the migration's own heading included."""
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        is_title = isinstance(block, Heading) and (block.level == 1 or isinstance(following, Picture))
        if not is_title and not isinstance(block, Picture):
            yield block


def _footer(report: Report) -> Element:
    told = f"{report.tool.name} {report.tool.version}, {stamp(report.generated_at)}"
    return el("footer", el("p", told, class_="quiet"))
