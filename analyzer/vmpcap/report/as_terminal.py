"""The report for a terminal: first a summary that fits one screen of 80 by 24, then everything it rests on."""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vmpcap.report.chart import ASCII, UNICODE, Glyphs, Line
from vmpcap.report.clean import clean_report, for_ascii, shorten
from vmpcap.report.document import Migration, Report
from vmpcap.report.outline import (
    Block,
    Commands,
    Fact,
    Grid,
    Heading,
    Picture,
    Proof,
    outline,
    proof_lines,
)
from vmpcap.report.words import (
    VERDICTS,
    count,
    figure,
    held_against_limit,
    hypervisor,
    inputs_line,
    is_odd,
    odd_kinds,
    ports,
    profile_line,
    size,
    span,
    stamp,
    verdict_sentence,
    vlans,
)
from vmpcap.verdicts.findings import Check, Outcome

WIDEST: Final = 120
NARROWEST: Final = 40
LABEL: Final = 14
"""Characters of a label, its space included."""
MOST_MIGRATIONS: Final = 12
"""Migrations that the summary lists one by one."""

SCREEN: Final = 23
"""Lines of the summary: a screen of 24 and its prompt."""


@dataclass(frozen=True, slots=True)
class _Room:
    """How many lines a summary may give to what."""

    reason_lines: int
    advice: int
    names_lines: int


ROOMS: Final = (_Room(3, 6, 2), _Room(2, 4, 2), _Room(2, 3, 1), _Room(1, 3, 1), _Room(1, 1, 1))
"""From roomy to tight."""

COLOURS: Final[dict[str, str]] = {
    "pass": "green",
    "fail": "bold red",
    "undecided": "yellow",
    "PASS": "bold black on green",
    "FAIL": "bold white on red",
    "UNDECIDED": "bold black on yellow",
    "bars": "cyan",
    "axis": "dim",
    "phases": "",
    "switchover": "bold magenta",
    "announced": "bold yellow",
    "label": "dim",
    "because": "dim",
    "heading": "bold",
}
"""Colour supports what the words say; nothing is said by colour alone."""


@dataclass(frozen=True, slots=True)
class Look:
    """How wide, in colour or not, in which characters."""

    width: int = 80
    colour: bool = False
    ascii_only: bool = False

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        return ASCII if self.ascii_only else UNICODE


def look_of(stream: TextIO) -> Look:
    """What can this stream show? NO_COLOR and FORCE_COLOR are honoured; a pipe is 80 wide unless COLUMNS says more."""
    console = Console(file=stream)
    colour = console.color_system is not None and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Look(max(min(console.width, WIDEST), NARROWEST), colour, not _can_encode(stream))


def _can_encode(stream: TextIO) -> bool:
    try:
        "▁█┄─├·…→✔✘±".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def to_terminal(report: Report, look: Look | None = None) -> str:
    """How is this report shown on a terminal? Without colour no escape sequence is in it."""
    look = look or Look()
    page = _Page(look)
    shown = clean_report(report)
    if look.ascii_only:
        shown = for_ascii(shown)
    _summary(page, shown)
    for block in outline(shown, look.width, look.glyphs):
        _draw(page, block)
    return page.text()


class _Page:
    """Lines that are being written."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._out = io.StringIO()
        self.console = Console(
            file=self._out,
            width=look.width,
            force_terminal=look.colour,
            color_system="standard" if look.colour else None,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
            _environ={},
        )

    def text(self) -> str:
        """Everything written so far, without blanks at line ends."""
        lines = [line.rstrip() for line in self._out.getvalue().split("\n")]
        text = "\n".join(lines)
        return text.encode("ascii", "backslashreplace").decode("ascii") if self.look.ascii_only else text

    def raw(self) -> str:
        """Everything written so far."""
        return self._out.getvalue()

    def write(self, text: str) -> None:
        """Take over what another page of the same look has written."""
        self._out.write(text)

    def put(self, text: Text | str = "", indent: int = 0, hang: int = 0, most_lines: int | None = None) -> None:
        """Write a text, its first line at `indent`, the further ones `hang` deeper; cut after `most_lines`."""
        words = Text(text) if isinstance(text, str) else text
        first, rest = max(self.look.width - indent, 10), max(self.look.width - indent - hang, 10)
        lines = list(_wrapped(words, self.console, first, rest))
        if most_lines is not None and len(lines) > most_lines:
            lines = lines[:most_lines]
            self._end_with_ellipsis(lines[-1], first if most_lines == 1 else rest)
        for number, line in enumerate(lines or [Text()]):
            line.rstrip()
            pad = Text(" " * (indent if number == 0 else indent + hang))
            self.console.print(pad + line, no_wrap=True, overflow="ignore", crop=False)

    def _end_with_ellipsis(self, last: Text, room: int) -> None:
        mark = self.look.glyphs.ellipsis
        last.rstrip()
        last.truncate(room - cell_len(mark))
        last.append(mark)

    def verbatim(self, text: str, indent: int) -> None:
        """Write a line that is to be copied: never broken, however long."""
        self.console.print(Text(" " * indent + text), no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)


def _wrapped(words: Text, console: Console, first: int, rest: int) -> Iterator[Text]:
    """Break a text whose first line has another width than the others."""
    head = words.wrap(console, first, overflow="fold")
    if len(head) == 0:
        return
    yield head[0]
    tail = words[len(head[0].plain) :]
    if tail.plain.strip():
        blanks = len(tail.plain) - len(tail.plain.lstrip(" "))
        yield from tail[blanks:].wrap(console, rest, overflow="fold")


def _summary(page: _Page, report: Report) -> None:
    """The first screen: the answer, who and when, every deciding check, the advice that applies."""
    if len(report.migrations) != 1:
        _verdict(page, report.verdict, report.because)
        _note_line(page, report)
        page.put()
        _one_line_each(page, report.migrations)
        return
    page.write(_fitting(page.look, report))


def _fitting(look: Look, report: Report) -> str:
    """The roomiest summary that fits the screen; where none does, the tightest."""
    written = ""
    for room in ROOMS:
        scratch = _Page(look)
        migration = report.migrations[0]
        _verdict(scratch, migration.verdict, verdict_sentence(migration))
        _who(scratch, migration)
        _note_line(scratch, report)
        scratch.put()
        _checks(scratch, migration.checks, room)
        written = scratch.raw()
        if written.count("\n") <= SCREEN:
            break
    return written


def _verdict(page: _Page, verdict: Outcome, sentence: str) -> None:
    word = VERDICTS[verdict]
    text = Text.assemble((f" {word} ", COLOURS[word]), " ", (sentence, "bold"))
    page.put(text, hang=len(word) + 3, most_lines=3)


def _who(page: _Page, m: Migration) -> None:
    arrow = page.look.glyphs.arrow
    tunnel = [e for e in m.encapsulation if e != "eth"]
    inside = f" in {', '.join(tunnel)}" if tunnel else ""
    how = f"{hypervisor(m)}, {ports(m)}{inside}, {count(m.connections, 'connection')}, {m.outcome}"
    page.put(Text.assemble((f"{m.source} {arrow} {m.destination}", "bold"), f"  {how}"), indent=1, hang=2, most_lines=2)
    when = f"{stamp(m.start_ts)}, {span(m.duration_s)}, {size(m.bytes.unique)}, seen at {shorten(m.point, 24)}"
    page.put(when, indent=1, hang=2, most_lines=1)
    for guest in m.guests[:2]:
        who = ", ".join(w for w in (guest.mac, *guest.ips[:2], vlans(guest.vlan, guest.vni)) if w)
        page.put(f"guest {who}{_out_for(guest.switchover)}", indent=1, hang=2, most_lines=1)
    if len(m.guests) > 2:
        page.put(f"and {count(len(m.guests) - 2, 'further guest')}", indent=1)


def _out_for(s: object) -> str:
    outage, bracket = getattr(s, "peer_outage_ms", None), getattr(s, "bracket_ms", None)
    if outage is not None:
        return f"; peers cut off for {figure(outage, 'ms')}"
    return f"; switchover within {figure(bracket, 'ms')}" if bracket is not None else ""


def _note_line(page: _Page, report: Report) -> None:
    odd = [f"{shorten(i.point, 24)}: {odd_kinds(i)}" for i in report.inputs if is_odd(i)]
    words = [profile_line(report.profile), inputs_line(report)]
    page.put(Text("; ".join(words), style=COLOURS["label"]), indent=1, hang=2, most_lines=2)
    if odd:
        page.put(Text(f"captures: {'; '.join(odd)}", style=COLOURS["undecided"]), indent=1, hang=2, most_lines=1)


def _checks(page: _Page, checks: Sequence[Check], room: _Room) -> None:
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
        if ids:
            line = Text(f"{'':13}{words}: {', '.join(ids)}", style=COLOURS["label"])
            page.put(line, hang=13, most_lines=room.names_lines)


def _check_line(page: _Page, check: Check, most_lines: int, word: str = "") -> None:
    glyphs = page.look.glyphs
    mark = {"pass": glyphs.passed, "fail": glyphs.failed, "undecided": glyphs.doubted}[check.outcome]
    style = COLOURS["undecided"] if word else COLOURS[check.outcome]
    held = held_against_limit(check)
    text = Text.assemble((f" {'!' if word else mark} {word or check.outcome}".ljust(13), style), (check.id, "bold"))
    text.append(f"  {held}" if held else "")
    text.append(f"{';' if held else ' '} {check.because}", style="dim" if check.outcome == "pass" else "")
    page.put(text, hang=13, most_lines=most_lines)


def _one_line_each(page: _Page, migrations: Sequence[Migration]) -> None:
    arrow = page.look.glyphs.arrow
    for m in migrations[:MOST_MIGRATIONS]:
        rate = figure(m.throughput.bulk_mbps, "Mbps") if m.throughput.bulk_mbps is not None else ""
        text = Text.assemble(
            (f" {m.verdict:<10}", COLOURS[m.verdict]),
            (f"{m.id:<4}", "bold"),
            f"{stamp(m.start_ts)[:19]}  {m.source} {arrow} {m.destination}  {m.outcome}, {span(m.duration_s)}",
            f", {rate}" if rate else "",
        )
        page.put(text, hang=15, most_lines=1)
        if m.verdict != "pass":
            page.put(f"{'':15}{verdict_sentence(m)}", hang=15, most_lines=1)
    left = migrations[MOST_MIGRATIONS:]
    if left:
        tally = ", ".join(f"{n} {o}" for o in VERDICTS if (n := sum(m.verdict == o for m in left)))
        page.put(f" and {count(len(left), 'further migration')}: {tally}")


def _draw(page: _Page, block: Block) -> None:
    """Draw one block of the body."""
    if isinstance(block, Heading):
        _heading(page, block)
    elif isinstance(block, Fact):
        _fact(page, block)
    elif isinstance(block, Grid):
        _grid(page, block)
    elif isinstance(block, Picture):
        _picture(page, block)
    elif isinstance(block, Proof):
        _proof(page, block)
    elif isinstance(block, Commands):
        for command, why in block.rows:
            page.put(Text(why, style=COLOURS["because"]), indent=2)
            page.verbatim(command, indent=4)


def _heading(page: _Page, block: Heading) -> None:
    page.put()
    if block.level == 1:
        rule = page.look.glyphs.rule
        title = shorten(block.text, page.look.width - 6)
        line = f"{rule * 2} {title} "
        page.put(Text(line + rule * max(page.look.width - cell_len(line), 0), style=COLOURS["heading"]))
        return
    page.put(Text(block.text, style=COLOURS["heading"]), hang=2)


def _fact(page: _Page, block: Fact) -> None:
    label = shorten(block.label, LABEL - 1)
    text = Text.assemble((label.ljust(LABEL), COLOURS["label"]), block.text)
    if block.because:
        text.append(f"; {block.because}" if block.text else block.because, style=COLOURS["because"])
    page.put(text, indent=2, hang=LABEL)


def _grid(page: _Page, block: Grid) -> None:
    """Columns that hold nothing are left out; a long `because` or `file` goes under the table, with its row's name."""
    filled = [i for i in range(len(block.columns)) if any(row[i] for row in block.rows)]
    apart = [i for i in filled if block.columns[i] in ("because", "file")]
    beside = [i for i in filled if i not in apart]
    table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style=COLOURS["label"])
    for i in beside:
        name = block.columns[i]
        justify: Literal["left", "right"] = "right" if name in block.right else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name != "frames")
    for row in block.rows:
        table.add_row(*(Text(shorten(row[i], 40)) for i in beside))
    page.console.print(Padding(table, (0, 0, 0, 2)))
    for row in block.rows:
        words = "; ".join(row[i] for i in apart if row[i])
        if words:
            text = Text.assemble((shorten(row[beside[0]], 24), ""), (f": {words}", COLOURS["because"]))
            page.put(text, indent=2, hang=2)


def _picture(page: _Page, block: Picture) -> None:
    for line in block.lines:
        page.put(_drawn(line), most_lines=1)
    page.put(Text(block.caption, style=COLOURS["because"]), indent=2)


def _drawn(line: Line) -> Text:
    return Text.assemble((line.label.rjust(11) + " ", COLOURS["label"]), (line.text, COLOURS[line.kind]))


def _proof(page: _Page, block: Proof) -> None:
    check = block.check
    held = held_against_limit(check)
    text = Text.assemble((check.outcome.ljust(10), COLOURS[check.outcome]), (check.id, "bold"))
    text.append("" if check.decides else "  (advice)", style=COLOURS["label"])
    text.append(f"  {held}" if held else "")
    page.put(text, indent=2, hang=10)
    page.put(check.because, indent=12)
    for where, wanted in proof_lines(check):
        page.put(Text(where, style=COLOURS["because"]), indent=12, hang=2)
        if wanted:
            page.verbatim(wanted, indent=12)
