"""Lines of text being written for a terminal: wrapped, indented, coloured, never wider than the look allows."""

import io
import re
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from vmpcap.report.clean import to_ascii
from vmpcap.report.look import Look

COLOURS: Final[dict[str, str]] = {
    "pass": "green",
    "fail": "bold red",
    "undecided": "yellow",
    "PASS": "bold black on green",
    "FAIL": "bold white on red",
    "UNDECIDED": "bold black on yellow",
    "bars": "cyan",
    "rtt": "blue",
    "axis": "dim",
    "phases": "",
    "limits": "",
    "switchover": "bold magenta",
    "announced": "bold yellow",
    "label": "dim",
    "because": "dim",
    "heading": "bold",
}
"""Colour supports what the words say; nothing is said by colour alone."""

JOINT: Final = "\ue000"
"""Stands for a space at which no line is broken. Cleaned text holds no private character."""

JOINED: Final = re.compile(
    r"(\d) (?=[A-Za-z%\u00b1+])"  # a number and its unit, or what it counts
    r"|(\u00b1|\+-|[A-Za-z](?= \u00b1| \+-)) (?=[\d\u00b1+])"  # how far it may be off
    r"|(\d{4}-\d\d-\d\d) (?=\d\d:)"  # a day and its time
    r"|\b(frames?|TCP|UDP|MTU|MSS|VLAN|VNI|p\d+|min|max|median|bulk|mean|best|s|handshake) (?=\d)"  # what it is
)
"""The spaces that hold a figure together."""


LONGEST_LOST: Final = 20
"""Characters of a cut word that are given up for the sake of its beginning."""


class Page:
    """Lines that are being written."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._out = io.StringIO()
        self._console = Console(
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
        return to_ascii(text) if self.look.ascii_only else text

    def lines(self) -> int:
        """How many lines are written so far?"""
        return self._out.getvalue().count("\n")

    def take(self, other: "Page") -> None:
        """Take over what another page of the same look has written."""
        self._out.write(other._out.getvalue())

    def put(self, text: Text | str = "", indent: int = 0, hang: int = 0, most_lines: int | None = None) -> None:
        """Write a text, its first line at `indent`, the further ones `hang` deeper; cut after `most_lines`."""
        words = Text(text) if isinstance(text, str) else text.copy()
        first, rest = max(self.look.width - indent, 10), max(self.look.width - indent - hang, 10)
        words.plain = _joined(words.plain, rest)
        lines = list(_wrapped(words, self._console, first, rest))
        if most_lines is not None and len(lines) > most_lines:
            lines = lines[:most_lines]
            self._end_with_ellipsis(lines[-1], first if most_lines == 1 else rest)
        for number, line in enumerate(lines or [Text()]):
            line.rstrip()
            line.plain = line.plain.replace(JOINT, " ")
            pad = Text(" " * (indent if number == 0 else indent + hang))
            self._console.print(pad + line, no_wrap=True, overflow="ignore", crop=False)

    def _end_with_ellipsis(self, last: Text, room: int) -> None:
        """Make room for the mark of what is left out; a word that it would cut goes as a whole, if it is short."""
        mark = self.look.glyphs.ellipsis
        last.rstrip()
        whole = last.plain
        last.truncate(room - cell_len(mark))
        if last.plain != whole and whole[len(last.plain)] != " ":
            head = last.plain.rpartition(" ")[0].rstrip(" ;,")
            if len(last.plain) - len(head) < LONGEST_LOST:
                last.right_crop(len(last.plain) - len(head))
        last.append(mark)

    def gap(self) -> None:
        """Leave a line empty, if the last one is not."""
        if not self._out.getvalue().endswith("\n\n"):
            self.put()

    def verbatim(self, text: str, indent: int) -> None:
        """Write a line that is to be copied: never broken, however long."""
        self._console.print(Text(" " * indent + text), no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)


def fitted(text: str, cells: int) -> str:
    """How does this name fit into so many cells? Its middle is left out, since names differ at both ends."""
    if cell_len(text) <= cells:
        return text
    tail = _head(text[::-1], (cells - 3) // 2)[::-1]
    return _head(text, cells - 3 - cell_len(tail)) + "..." + tail


def _head(text: str, cells: int) -> str:
    """As many of the first characters as fill at most so many cells."""
    end = 0
    while end < len(text) and cell_len(text[: end + 1]) <= cells:
        end += 1
    return text[:end]


def _joined(text: str, room: int) -> str:
    """The same text with its figures held together, where they fit into a line."""
    held = JOINED.sub(lambda found: found[0][:-1] + JOINT, text)
    if JOINT not in held:
        return text
    return " ".join(word if cell_len(word) <= room else word.replace(JOINT, " ") for word in held.split(" "))


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
