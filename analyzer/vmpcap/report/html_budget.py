"""How much of a report of very many migrations goes into a page, so that it stays one that a browser opens at once?"""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

import msgspec

from vmpcap.measures.sequence_graph import SequenceGraph
from vmpcap.report.document import Migration, Report, SeriesPoint
from vmpcap.report.html_charts import chart_data
from vmpcap.report.html_tree import el, markup
from vmpcap.report.worst_first import worst_first
from vmpcap.terms.units import count_of

MOST_BYTES: Final = 4_500_000
"""Of a page, but for its head: with the chart library it stays under 5 MB."""
MOST_ROWS: Final = 2_000
"""Migrations that have a row in the list at the top, the worst first."""
ALWAYS: Final = 8
"""So few migrations are never too large for a page."""
SHARED_BINS: Final = 40_000
"""Points of goodput that all migrations share; one of few has all that the report holds."""
FEWEST_BINS: Final = 200
"""As many as a chart on a screen can show side by side, roughly."""


class Shown(NamedTuple):
    """What of a report is drawn, and what is said of the rest."""

    articles: dict[str, Element]
    """By the id of the migration, in the order of time: those that have one."""
    drawn: list[Migration]
    """These, as they were drawn."""
    listed: list[Migration]
    """Those with a row in the list."""
    words: tuple[str, ...]


def fitting(
    report: Report, graphs: Mapping[str, SequenceGraph], draw: Callable[[Migration], Element], spent: int
) -> Shown:
    """
    Which migrations have room for an article, the worst first?

    Parameters
    ----------
    draw : makes the article of one
    spent : bytes of the page that are taken anyhow
    """
    in_order = worst_first(report.migrations)
    thinned = {m.id: m for m in thin(report.migrations)}
    room, articles = MOST_BYTES - spent, dict[str, Element]()
    for m in in_order:
        article = draw(thinned[m.id])
        if len(report.migrations) > ALWAYS:
            one = msgspec.structs.replace(report, migrations=[thinned[m.id]])
            own = {m.id: graphs[m.id]} if m.id in graphs else {}
            room -= len(markup(article).encode()) + len(chart_data(one, own))
            if room < 0 and articles:
                break
        articles[m.id] = article
    drawn = [thinned[m.id] for m in report.migrations if m.id in articles]
    listed = {m.id for m in in_order[:MOST_ROWS]}
    is_wider = any(thinned[m.id] is not m for m in report.migrations)
    return Shown(
        {m.id: articles[m.id] for m in drawn},
        drawn,
        [m for m in report.migrations if m.id in listed],
        tuple(_words(report.migrations, articles.keys(), listed, graphs, is_wider)),
    )


def thin(migrations: Sequence[Migration]) -> list[Migration]:
    """The same with wider bins of goodput, where so many share the page; sums stay exact."""
    most = max(SHARED_BINS // max(len(migrations), 1), FEWEST_BINS)
    return [
        msgspec.structs.replace(m, series=_wider(m.series, -(-len(m.series) // most))) if len(m.series) > most else m
        for m in migrations
    ]


def _wider(series: Sequence[SeriesPoint], fold: int) -> list[SeriesPoint]:
    """Bins put together, so many into one; a last one of fewer is rated over all of its width, as the others are."""
    parts = (series[at : at + fold] for at in range(0, len(series), fold))
    return [SeriesPoint(at_s=part[0].at_s, mbps=sum(p.mbps for p in part) / fold) for part in parts]


def _words(
    migrations: Sequence[Migration], full: Set[str], listed: Set[str], graphs: Mapping[str, SequenceGraph], wider: bool
) -> list[str]:
    """What is left out, and where all of it is."""
    count, told = len(migrations), []
    if len(full) < count:
        of = "a row each" if len(listed) == count else f"a row of the worst {len(listed):,}"
        told.append(
            f"to keep the page small {count_of(len(full), 'migration')}, the worst, have all their charts and figures"
            f" here, of the other {count - len(full):,} there is {of}; all of it: --json FILE, or part of the time"
            " with --since and --until"
        )
    if wider:
        told.append("the charts of goodput share the room for their points: their bins are wider than the report's own")
    if graphs and (drawn := len(full & graphs.keys())) < count:
        told.append(f"sequence and acknowledgement numbers are drawn for {count_of(drawn, 'migration')}, the worst")
    return told


def told(words: Sequence[str]) -> Element | None:
    """The words for the top of the page."""
    return el("p", "; ".join(words), class_="quiet thinned") if words else None
