"""What the body of the report is made of: blocks that every look draws in its own way."""

from dataclasses import dataclass

from vmpcap.report.chart import Line
from vmpcap.verdicts.findings import Check


@dataclass(frozen=True, slots=True)
class Heading:
    """A title. Level 1 is a migration or another main part, 2 a part of it."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled statement, with why it is so."""

    label: str
    text: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows under column names, the most important columns first."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    """Columns of figures."""
    sentences: tuple[str, ...] = ()
    """Columns of sentences: where lines are short they stand under their row."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines of characters that must stand under each other."""

    lines: tuple[Line, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Checks that say the same, with everything they rest on; nearly always one."""

    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so, and where that can be read."""

    says: str
    link: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A sentence about what is shown and what is not."""

    text: str


@dataclass(frozen=True, slots=True)
class Commands:
    """What to try next: each command and what it tells."""

    rows: tuple[tuple[str, str], ...]


Block = Heading | Fact | Grid | Picture | Proof | Source | Commands | Aside
