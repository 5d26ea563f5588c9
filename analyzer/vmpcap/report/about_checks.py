"""What the report tells of the checks: each answer with the frames it rests on."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vmpcap.report.blocks import Block, Heading, Proof
from vmpcap.report.words import frame_list, held_against_limit, of_file
from vmpcap.verdicts.findings import Check, Evidence, Outcome

ORDER: tuple[Outcome, ...] = ("fail", "undecided", "pass")
"""What a reader wants to see first."""


def about_checks(checks: Sequence[Check]) -> Iterator[Block]:
    """What do these checks say, and where is the proof?"""
    parts = (("Evidence", [c for c in checks if c.decides]), ("Advice", [c for c in checks if not c.decides]))
    for title, listed in parts:
        if listed:
            yield Heading(title)
            yield from _put_together(sorted(listed, key=lambda check: ORDER.index(check.outcome)))


def _put_together(checks: Sequence[Check]) -> Iterator[Proof]:
    """Checks with the same words and nothing else to show share a place."""
    shared: dict[tuple[str, ...], list[Check]] = {}
    for check in checks:
        bare = not check.evidence and not held_against_limit(check)
        shared.setdefault((check.outcome, check.because) if bare else (check.id,), []).append(check)
    for together in shared.values():
        yield Proof(tuple(together))


@dataclass(frozen=True, slots=True)
class Where:
    """Where a reader finds the proof: a point and frames in words, and a filter to copy."""

    words: str
    filter: str


def where_to_look(check: Check) -> list[Where]:
    """Where does this check's evidence lie?"""
    found = [Where(_words(shown), shown.filter) for shown in check.evidence]
    return [where for where in found if where.words or where.filter]


def _words(shown: Evidence) -> str:
    """The point and its frames; numbers that the filter lists anyway are not said twice."""
    if not shown.frames or shown.filter == "frame.number in {" + ", ".join(map(str, shown.frames)) + "}":
        return ", ".join(part for part in (shown.point, os.path.basename(shown.file or "")) if part)
    frames = f"frame {shown.frames[0]}" if len(shown.frames) == 1 else f"frames {frame_list(shown.frames)}"
    frames += of_file(shown.file)
    return f"{shown.point}, {frames}" if shown.point else frames
