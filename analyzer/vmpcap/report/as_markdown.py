"""The report as Markdown, for tickets and summaries of pipelines."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from vmpcap.report.about_checks import where_to_look
from vmpcap.report.blocks import Block, Commands, Fact, Grid, Heading, Picture, Proof, Source
from vmpcap.report.chart import UNICODE
from vmpcap.report.clean import clean_report
from vmpcap.report.document import Migration, Report
from vmpcap.report.input_words import asked_line, inputs_line
from vmpcap.report.outline import outline
from vmpcap.report.words import VERDICTS, began, carried, held_against_limit, hosts, lasted, profile_line
from vmpcap.verdicts.findings import Check

SPECIAL: Final = re.compile(r"[\\`*{}\[\]<>#|~&]|(?<![^\W_])_|_(?![^\W_])")
"""Characters that mean something to Markdown or HTML. An underscore inside a word does not."""

WRITTEN: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""What stands for a special character; a backslash in front of it for the others."""

WIDTH: Final = 90
"""Characters of the picture."""


def to_markdown(report: Report) -> str:
    """How is this report written for a ticket? Everything that came from a capture stays text."""
    shown = clean_report(report)
    lines = [f"# {VERDICTS[shown.verdict]}: {plain(shown.because)}", ""]
    lines += [f"{plain('; '.join(_rests_on(shown)))}", ""]
    for migration in shown.migrations:
        lines += _summary(migration)
    return joined([*lines, *drawn_blocks(outline(shown, WIDTH, UNICODE))])


def drawn_blocks(blocks: Iterable[Block]) -> list[str]:
    """The lines of these blocks, one under the other."""
    return [line for block in blocks for line in _drawn(block)]


def plain(text: str) -> str:
    r"""
    How is this text written so that Markdown and HTML leave it alone?

    >>> plain("garp_request <b> a|b")
    'garp_request &lt;b&gt; a\\|b'
    """
    return SPECIAL.sub(lambda found: WRITTEN.get(found[0], f"\\{found[0]}"), text)


def code(text: str) -> str:
    """How is this written as code, whatever backticks are in it?"""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _rests_on(report: Report) -> list[str]:
    asked = asked_line(report)
    return [profile_line(report.profile), *([asked] if asked else []), inputs_line(report), _tool(report)]


def _tool(report: Report) -> str:
    return f"{report.tool.name} {report.tool.version}, {report.generated_at}"


def _summary(m: Migration) -> list[str]:
    head = f"{m.id}: {hosts(m)}, {m.outcome}, {began(m)}, {lasted(m)}, {carried(m)}"
    rows = [_check_row(c) for c in m.checks if c.decides or c.outcome == "fail"]
    return [
        f"## {VERDICTS[m.verdict]} {plain(head)}",
        "",
        "| check | answer | figure | because |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
    ]


def _check_row(check: Check) -> str:
    name = code(check.id) if check.decides else f"{code(check.id)} (advice)"
    answer = check.outcome if check.outcome != "fail" else "**fail**"
    return f"| {name} | {answer} | {plain(held_against_limit(check))} | {plain(check.because)} |"


def _drawn(block: Block) -> list[str]:
    if isinstance(block, Heading):
        return ["", f"{'#' * (block.level + 1)} {plain(block.text)}", ""]
    if isinstance(block, Fact):
        return [_fact(block)]
    if isinstance(block, Grid):
        return _grid(block)
    if isinstance(block, Picture):
        return _picture(block)
    if isinstance(block, Proof):
        return _proof(block)
    if isinstance(block, Source):
        return [f"- {plain(block.says)}{f' <{block.link}>' if LINK.fullmatch(block.link) else ''}"]
    if isinstance(block, Commands):
        return [line for command, why in block.rows for line in (plain(why), *_fenced([command]))]
    return []


LINK: Final = re.compile(r"https?://[\w.:/?&=%#~+@,;-]+", re.ASCII)
"""An address that may stand between angle brackets."""


def _fact(block: Fact) -> str:
    """A bullet; a fact without a label belongs to the one above it."""
    words = "; ".join(plain(w) for w in (block.text, block.because) if w)
    return f"- **{plain(block.label)}**: {words}" if block.label else f"  - {words}"


def _picture(block: Picture) -> list[str]:
    gutter = max(len(line.label) for line in block.lines)
    drawn = [f"{line.label:>{gutter}} {line.text}".rstrip() for line in block.lines]
    return [*_fenced(drawn), plain(block.caption), ""]


def _grid(block: Grid) -> list[str]:
    filled = [i for i in range(len(block.columns)) if any(row[i] for row in block.rows)]
    rules = ["---:" if block.columns[i] in block.right else "---" for i in filled]
    rows = [_row([row[i] for i in filled]) for row in block.rows]
    return ["", _row([block.columns[i] for i in filled]), f"| {' | '.join(rules)} |", *rows, ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(plain(c) for c in cells)} |"


def _proof(block: Proof) -> list[str]:
    first = block.checks[0]
    lines = [f"- **{first.outcome}** {', '.join(code(c.id) for c in block.checks)}: {plain(first.because)}"]
    for where in where_to_look(first):
        lines.append(
            "  - " + ": ".join(w for w in (plain(where.words), code(where.filter) if where.filter else "") if w)
        )
    return lines


def _fenced(lines: Sequence[str]) -> list[str]:
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return ["", f"{fence}text", *lines, fence, ""]


def joined(lines: Sequence[str]) -> str:
    """The text, without two empty lines in a row, and with one before a list ends and a table begins."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip("\n") + "\n"
