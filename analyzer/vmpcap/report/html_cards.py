"""The cards at the top of a migration: what decides, what failed first and widest, and how long the guest was away."""

from collections.abc import Callable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from vmpcap.migration.results import Guest
from vmpcap.report.document import Migration
from vmpcap.report.html_tree import el
from vmpcap.report.words import VERDICTS, figure, limit_words, span
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


def cards(m: Migration) -> Iterator[Element]:
    """What failed in a row of its own, where there is room for its reason; then the other deciding checks."""
    deciding = [check for check in m.checks if check.decides]
    failed = [card(check, m) for check in deciding if check.outcome == "fail"]
    others = [card(check, m) for check in deciding if check.outcome != "fail"]
    if "switchover" not in {check.id for check in deciding}:
        others += [_away(guest) for guest in m.guests[:1] if _is_known(guest)]
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
        el("span", check.because, class_="because"),
        class_=f"card {check.outcome}",
    )


def short_answer(check: Check) -> str:
    """What does this check say, in two words?"""
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


def _is_known(guest: Guest) -> bool:
    s = guest.switchover
    return _never_back(guest) > 0 or s.peer_outage_ms is not None or s.bracket_ms is not None


def _never_back(guest: Guest) -> int:
    return sum(peer.survived is False and peer.outage_ms is None for peer in guest.peers)


def _away(guest: Guest) -> Element:
    """How long was the guest away? The profile sets no limit to it, so it has no outcome."""
    s, lost = guest.switchover, _never_back(guest)
    if lost:
        big, name, because = "never back", "Peers cut off", f"{count_of(lost, 'peer')} got no answer again"
    elif s.peer_outage_ms is not None:
        big, name, because = span(s.peer_outage_ms / 1000), "Peers cut off", s.peer_outage.because
    else:
        big, name, because = span((s.bracket_ms or 0.0) / 1000), "Switchover", s.bracket.because
    return el(
        "div",
        el("span", "NO LIMIT SET", class_="word"),
        el("span", name, class_="name"),
        el("strong", big, class_="figure words" if lost else "figure"),
        el("span", because, class_="because"),
        class_="card told",
    )
