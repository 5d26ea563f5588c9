"""The first screen of the terminal report: the answer, who and when, every deciding check, the advice that applies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from vmpcap.report.away import felt
from vmpcap.report.clean import shorten
from vmpcap.report.document import Migration, Report
from vmpcap.report.headline import of_migration
from vmpcap.report.input_words import asked_line, inputs_line, odd_inputs
from vmpcap.report.look import Look
from vmpcap.report.page import COLOURS, Page
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
    stamp,
    tunnels,
    vlans,
)
from vmpcap.report.worst_first import worst_first
from vmpcap.terms.units import count_of
from vmpcap.verdicts.findings import Check, Outcome

SCREEN: Final = 23
"""Lines of the summary: a screen of 24 and its prompt."""
MOST_MIGRATIONS: Final = (9, 8, 7, 6, 5)
"""Migrations that the summary lists one by one, in two lines each: from roomy to tight."""
ANSWER: Final = 13
"""Characters in front of a check's name: its mark and its answer."""


@dataclass(frozen=True, slots=True)
class _Room:
    """How many lines a summary may give to what."""

    reason_lines: int
    advice: int
    names_lines: int


ROOMS: Final = (_Room(3, 6, 2), _Room(2, 4, 2), _Room(2, 3, 1), _Room(1, 3, 1), _Room(1, 1, 1))
"""From roomy to tight."""
WHOLE: Final = 12
"""Lines of a reason that nothing else tells: all of it, unless somebody wrote a novel."""
ROOMS_ALONE: Final = (_Room(WHOLE, 6, 2), _Room(WHOLE, 4, 1), _Room(WHOLE, 3, 0), _Room(WHOLE, 1, 0))
"""The same where the proof does not stand below: what decides keeps its reason, the names of what is in order go."""


def summary(report: Report, look: Look, most_lines: int = SCREEN, alone: bool = False) -> Page:
    """
    What does a reader see first? The roomiest summary of at most so many lines; where none is, the tightest.

    `alone`: the checks' proof is not told below it.
    """
    if len(report.migrations) == 1:
        rooms = ROOMS_ALONE if alone else ROOMS
        pages = (_of_one(report, report.migrations[0], look, room) for room in rooms)
    else:
        pages = (_of_several(report, look, most) for most in MOST_MIGRATIONS)
    page = next(pages)
    while page.lines() > most_lines and (tighter := next(pages, None)):
        page = tighter
    return page


def _of_one(report: Report, migration: Migration, look: Look, room: _Room) -> Page:
    page = Page(look)
    _verdict(page, report.verdict, report.because)
    _who(page, migration)
    _rests_on(page, report)
    page.put()
    _checks(page, migration.checks, room)
    return page


def _of_several(report: Report, look: Look, most: int) -> Page:
    """Of none or of many: the verdict on all of them, and a line or two each."""
    page = Page(look)
    _verdict(page, report.verdict, report.because)
    _rests_on(page, report)
    if report.migrations:
        page.put()
        _one_by_one(page, report.migrations, most)
    return page


def _verdict(page: Page, verdict: Outcome, sentence: str) -> None:
    word = VERDICTS[verdict]
    text = Text.assemble((f" {word} ", COLOURS[word]), " ", (sentence, "bold"))
    page.put(text, hang=3 if page.look.is_short else len(word) + 3)


def _who(page: Page, m: Migration) -> None:
    inside = f" in {', '.join(tunnels(m.encapsulation))}" if tunnels(m.encapsulation) else ""
    how = f"{hypervisor(m)}, {ports(m)}{inside}, {count_of(m.connections, 'connection')}, {m.outcome}"
    ends = (hosts(m, page.look.glyphs.arrow), "bold")
    page.put(Text.assemble(ends, f"  {how if m.connections else m.outcome}"), indent=1, hang=2, most_lines=2)
    if m.connections:
        when = f"{began(m)}, {lasted(m)}, {carried(m)}, seen at {shorten(m.point, 24)}"
        page.put(when, indent=1, hang=2, most_lines=2)
    for guest in m.guests[:2]:
        who = ", ".join(w for w in (guest.mac, *guest.ips[:2], vlans(guest.vlan, guest.vni)) if w)
        told = "; ".join(part for part in (who, felt(m, guest)) if part)
        page.put(f"guest {told}", indent=1, hang=2, most_lines=2)
    if len(m.guests) > 2:
        page.put(f"and {count_of(len(m.guests) - 2, 'further guest')}", indent=1)


def _rests_on(page: Page, report: Report) -> None:
    """By which limits it was judged, from how much, and what is odd about that."""
    page.put(Text(profile_line(report.profile), style=COLOURS["label"]), indent=1, hang=2, most_lines=2)
    if asked := asked_line(report):
        page.put(Text(asked, style=COLOURS["undecided"]), indent=1, hang=2, most_lines=2)
    text = Text(inputs_line(report), style=COLOURS["label"])
    odd = odd_inputs(report)
    if odd:
        text.append(f"; {odd}", style=COLOURS["undecided"])
    page.put(text, indent=1, hang=2, most_lines=2)


def _checks(page: Page, checks: Sequence[Check], room: _Room) -> None:
    for check in checks:
        if check.decides:
            _check_line(page, check, most_lines=1 if check.outcome == "pass" else room.reason_lines)
    advice = [c for c in checks if not c.decides]
    applies = [c for c in advice if c.outcome == "fail"]
    for check in applies[: room.advice]:
        _check_line(page, check, most_lines=1, word="advice")
    named = (
        ("more advice", [c.id for c in applies[room.advice :]]),
        ("advice in order", [c.id for c in advice if c.outcome == "pass"]),
        ("advice undecided", [c.id for c in advice if c.outcome == "undecided"]),
    )
    for words, ids in named:
        if ids and (room.names_lines or words == "more advice"):
            line = Text(f"{'':{ANSWER}}{words}: {', '.join(ids)}", style=COLOURS["label"])
            page.put(line, hang=ANSWER, most_lines=max(room.names_lines, 1))


def _check_line(page: Page, check: Check, most_lines: int, word: str = "") -> None:
    """Where lines are short the words begin under the mark, and the check's name has a line of its own if it must."""
    glyphs, short = page.look.glyphs, page.look.is_short
    mark = {"pass": glyphs.passed, "fail": glyphs.failed, "undecided": glyphs.doubted}[check.outcome]
    style = COLOURS["undecided"] if word else COLOURS[check.outcome]
    held = held_against_limit(check)
    answer = f" {'!' if word else mark} {word or check.outcome}"
    text = Text.assemble((f"{answer} " if short else answer.ljust(ANSWER), style), (check.id, "bold"))
    text.append(f"  {held}" if held else "")
    text.append(f"{';' if held else ' '} {check.because}", style="dim" if check.outcome == "pass" else "")
    page.put(text, hang=3 if short else ANSWER, most_lines=most_lines + short)


def _one_by_one(page: Page, migrations: Sequence[Migration], most: int) -> None:
    """In the order of time where there is room for all, else the worst first; the rest is one line."""
    arrow = page.look.glyphs.arrow
    shown = list(migrations) if len(migrations) <= most else worst_first(migrations)
    for m in shown[:most]:
        ran = [m.outcome, lasted(m)]
        if m.throughput.bulk_mbps is not None:
            ran.append(figure(m.throughput.bulk_mbps, "Mbps"))
        text = Text.assemble(
            (f" {m.verdict:<10}", COLOURS[m.verdict]),
            (f"{m.id:<4}", "bold"),
            f"{stamp(m.start_ts)[:19]}  {hosts(m, arrow)}",
        )
        page.put(text, hang=15, most_lines=1)
        words = ", ".join(ran) if m.verdict == "pass" else f"{', '.join(ran)}: {of_migration(m)}"
        page.put(f"{'':15}{words}", hang=15, most_lines=1)
    left = shown[most:]
    if left:
        tally = ", ".join(f"{n} {o}" for o in VERDICTS if (n := sum(m.verdict == o for m in left)))
        page.put(f" and {count_of(len(left), 'further migration')}: {tally}")
