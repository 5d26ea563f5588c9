"""How a stream can be written to: its width, colour or not, which characters."""

import os
from dataclasses import dataclass
from typing import Final, TextIO

from vmpcap.report.chart import ASCII, UNICODE, Glyphs

WIDEST: Final = 120
NARROWEST: Final = 40
USUAL: Final = 80
"""Characters of a line where nobody says a number: a width of 0 says that it is not known."""
TALL: Final = 50
"""Lines of a screen, where nobody says how many there are; more of them are no screen to take in at once."""
LOW: Final = 24
SHORT: Final = 60
"""A line with fewer characters than this is short: texts are indented less."""


@dataclass(frozen=True, slots=True)
class Look:
    """How wide, in colour or not, in which characters, on how many lines."""

    width: int = 80
    colour: bool = False
    ascii_only: bool = False
    height: int = TALL

    @property
    def glyphs(self) -> Glyphs:
        """The characters to draw with."""
        return ASCII if self.ascii_only else UNICODE

    @property
    def is_short(self) -> bool:
        """Must texts do with little indentation?"""
        return self.width < SHORT


def look_of(stream: TextIO) -> Look:
    """
    What can this stream show? NO_COLOR and FORCE_COLOR are honoured.

    The width is what COLUMNS says, else that of the terminal, also in front of a pager; without any terminal 80. The
    height is what LINES says, else that of the terminal that is written to, else 50.
    """
    from rich.console import Console

    console = Console(file=stream)
    colour = console.color_system is not None and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Look(
        max(min(console.width or USUAL, WIDEST), NARROWEST),
        colour,
        not _can_encode(stream),
        max(min(_lines(stream), TALL), LOW),
    )


def _lines(stream: TextIO) -> int:
    """How many lines has the terminal that is written to? A pipe has as many as it likes."""
    said = os.environ.get("LINES", "")
    if said.isdigit():
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).lines or TALL
    except (OSError, ValueError):
        return TALL


def _can_encode(stream: TextIO) -> bool:
    try:
        str(UNICODE).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
