"""The report as Markdown, for tickets and summaries of pipelines."""

import re
from collections.abc import Sequence
from typing import Final

from vmpcap.report.chart import UNICODE
from vmpcap.report.clean import clean_report
from vmpcap.report.document import Migration, Report
from vmpcap.report.outline import Block, Commands, Fact, Grid, Heading, Picture, Proof, outline, proof_lines
from vmpcap.report.words import (
    VERDICTS,
    held_against_limit,
    inputs_line,
    profile_line,
    span,
    stamp,
    verdict_sentence,
)
from vmpcap.verdicts.findings import Check

SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")
"""Characters that mean something to Markdown, HTML or a tracker (mentions)."""

WIDTH: Final = 90
"""Characters of the picture."""


def to_markdown(report: Report) -> str:
    """How is this report written for a ticket? Everything that came from a capture stays text."""
    shown = clean_report(report)
    lines = [f"# {VERDICTS[shown.verdict]}: {plain(_sentence(shown))}", ""]
    lines += [f"{plain(profile_line(shown.profile))}; {plain(inputs_line(shown))}; {plain(_tool(shown))}", ""]
    for migration in shown.migrations:
        lines += _summary(migration)
    for block in outline(shown, WIDTH, UNICODE):
        lines += _drawn(block)
    return _joined(lines)


def plain(text: str) -> str:
    """How is this text written so that Markdown and HTML leave it alone?"""
    return SPECIAL.sub(r"\\\1", text).replace("\\&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def code(text: str) -> str:
    """How is this written as code, whatever backticks are in it?"""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _sentence(report: Report) -> str:
    return verdict_sentence(report.migrations[0]) if len(report.migrations) == 1 else report.because


def _tool(report: Report) -> str:
    return f"{report.tool.name} {report.tool.version}, {report.generated_at}"


def _summary(m: Migration) -> list[str]:
    head = f"{m.id}: {m.source} to {m.destination}, {m.outcome}, {stamp(m.start_ts)}, {span(m.duration_s)}"
    rows = [_check_row(c) for c in m.checks]
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
        why = f" ({plain(block.because)})" if block.because else ""
        label = f"**{plain(block.label)}**: " if block.label else ""
        return [f"- {label}{plain(block.text)}{why}"]
    if isinstance(block, Grid):
        return _grid(block)
    if isinstance(block, Picture):
        drawn = [f"{line.label:>11} {line.text}".rstrip() for line in block.lines]
        return [*_fenced(drawn), plain(block.caption), ""]
    if isinstance(block, Proof):
        return _proof(block.check)
    if isinstance(block, Commands):
        return [line for command, why in block.rows for line in (plain(why), *_fenced([command]))]
    return []


def _grid(block: Grid) -> list[str]:
    filled = [i for i in range(len(block.columns)) if any(row[i] for row in block.rows)]
    rules = ["---:" if block.columns[i] in block.right else "---" for i in filled]
    rows = [_row([row[i] for i in filled]) for row in block.rows]
    return ["", _row([block.columns[i] for i in filled]), f"| {' | '.join(rules)} |", *rows, ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(plain(c) for c in cells)} |"


def _proof(check: Check) -> list[str]:
    lines = [f"- **{check.outcome}** {code(check.id)}: {plain(check.because)}"]
    for where, wanted in proof_lines(check):
        lines.append(f"  - {plain(where)}{': ' if where and wanted else ''}{code(wanted) if wanted else ''}")
    return lines


def _fenced(lines: Sequence[str]) -> list[str]:
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return ["", f"{fence}text", *lines, fence, ""]


def _joined(lines: Sequence[str]) -> str:
    """The text, without two empty lines in a row, and with one before a list ends and a table begins."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip("\n") + "\n"
