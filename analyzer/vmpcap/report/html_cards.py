"""The cards at the top of a migration: what decides, what failed first and widest, and how long the guest was away."""

from collections.abc import Callable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.report.away import Worst, worst_away
from vmpcap.report.document import Migration
from vmpcap.report.html_tree import el
from vmpcap.report.words import VERDICTS, figure, limit_words
from vmpcap.terms.units import count_of
from vmpcap.verdicts.findings import Check, Outcome

NAMES: Final = {
    "completed": "Migration",
    "throughput": "Throughput",
    "rtt": "Round trip",
    "announcement_reached_destination": "Announcement",
    "guest_reachable_after": "Guest afterwards",
    "switchover": "Switchover",
}
"""What a card is called; a check that is not here has its id."""

SHORT: Final[dict[str, dict[Outcome, str]]] = {
    "completed": {"pass": "completed", "fail": "not completed"},
    "announcement_reached_destination": {"pass": "arrived", "fail": "did not arrive"},
    "guest_reachable_after": {"pass": "reachable", "fail": "not reachable"},
}
"""An answer without a figure, as short as a figure."""
NOT_KNOWN: Final = "not known"
PARTLY: Final = "partly"
"""Of a failure that has words of its own: those of its kind say more than is known."""


def cards(m: Migration) -> Iterator[Element]:
    """What failed in a row of its own, where there is room for its reason; then the other deciding checks."""
    deciding = [check for check in m.checks if check.decides]
    failed = [card(check, m) for check in deciding if check.outcome == "fail"]
    others = [card(check, m) for check in deciding if check.outcome != "fail"]
    if "switchover" not in {check.id for check in deciding}:
        others += _longest_away(m)
    for row, kind in ((failed, "cards worst"), (others, "cards")):
        if row:
            yield el("div", *row, class_=kind)


def card(check: Check, m: Migration) -> Element:
    """One answer: its figure, its limit, where it went wrong, why."""
    is_measured = check.measured is not None
    big = figure(check.measured, check.unit, check.limit) if is_measured else short_answer(check)
    where = WHERE.get(check.id, _nowhere)(m) if check.outcome == "fail" else ""
    return el(
        "div",
        el("span", VERDICTS[check.outcome], class_="word"),
        el("span", NAMES.get(check.id, check.id), class_="name"),
        el("strong", big, class_="figure" if is_measured else "figure words"),
        el("span", limit_words(check) if None not in (check.measured, check.limit) else None, class_="limit"),
        el("span", where, class_="place") if where else None,
        _why(check.because, LONGEST if check.outcome == "fail" else LONG),
        class_=f"card {check.outcome}",
    )


LONG: Final = 150
LONGEST: Final = 420
"""Characters of a reason that a card shows at once, where it stands beside others, and where it failed."""


def _why(because: str, most: int) -> Element:
    """The reason; of a long one its first clauses, and the rest where it is asked for."""
    first, rest = _parted(because, most)
    if not rest:
        return el("span", because, class_="because")
    return el("details", el("summary", first), rest, class_="because")


def _parted(because: str, most: int) -> tuple[str, str]:
    """As many whole clauses as fit, at least one; and what is left, where that is more than a few words."""
    if len(because) <= most:
        return because, ""
    clauses = because.split("; ")
    count = 1
    while len("; ".join(clauses[: count + 1])) <= most:
        count += 1
    return "; ".join(clauses[:count]), "; ".join(clauses[count:])


def short_answer(check: Check) -> str:
    """What does this check say, in two words?"""
    if check.in_short and check.outcome == "fail":
        return PARTLY
    return SHORT.get(check.id, {}).get(check.outcome) or (
        NOT_KNOWN if check.outcome == "undecided" else VERDICTS[check.outcome].lower()
    )


def _nowhere(_: Migration) -> str:
    return ""


def _announcement_died(m: Migration) -> str:
    """Of the first guest whose announcement did not arrive."""
    for guest in m.guests:
        heard = guest.announcements
        if heard.first_missing_at:
            return f"last heard at {_named(heard.last_seen_at)}, first missing at {_named(heard.first_missing_at)}"
    return ""


def _stream_lost(m: Migration) -> str:
    """Between which two points the most of the stream was lost."""
    lossy = [s for s in m.segments if s.lost]
    if not lossy:
        return ""
    worst = max(lossy, key=lambda s: s.lost or 0)
    about = "about " if worst.one_in != 1 else ""
    return f"{about}{count_of(worst.lost or 0, 'packet')} lost between {worst.from_point} and {worst.to_point}"


def _named(points: list[str]) -> str:
    return " or ".join(points) or "no point"


WHERE: Final[dict[str, Callable[[Migration], str]]] = {
    "throughput": _stream_lost,
    "announcement_reached_destination": _announcement_died,
}
"""Where a check that failed went wrong, as far as two points show it."""


def _longest_away(m: Migration) -> Iterator[Element]:
    """One card, of the guest that fared worst; none where it is known of no guest."""
    worst = worst_away(m)
    if worst is None:
        return
    away = worst.away
    yield el(
        "div",
        el("span", "NO LIMIT SET", class_="word"),
        el("span", away.name, class_="name"),
        el("strong", away.told, class_="figure words" if away.weight[0] else "figure"),
        el("span", _which(worst, len(m.guests)), class_="place") if len(m.guests) > 1 else None,
        _why(away.because, LONG),
        class_="card told",
    )


def _which(worst: Worst, guests: int) -> str:
    """Whose figure is it, among how many?"""
    known, mac = worst.known, worst.guest.mac
    if known == 1:
        return f"guest {mac}, the only one of {guests} of which it is known"
    return f"guest {mac}, the worst of {known}" + (f" ({guests - known} more not known)" if known < guests else "")
