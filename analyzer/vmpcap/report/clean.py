"""Text of a capture made safe to show: names, comments and options are hostile until they have been here."""

import unicodedata
from collections.abc import Callable
from typing import Any, Final, TypeVar

Document = TypeVar("Document")
"""The report, or another document of the same kind."""

LONGEST: Final = 4_000
"""Characters of one text that are shown; longer ones are cut with a mark."""

INVISIBLE: Final = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2028\u2029\u3164\ufeff\uffa0")
"""Characters of no width, or that break lines, beyond the Unicode categories below."""

UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control, format (all right-to-left and zero-width marks), surrogate, private-use and unassigned characters, line
separators."""

PLAIN: Final = {
    "\u2192": "->", "\u2190": "<-", "\u00b5": "u", "\u2026": "...", "\u2265": ">=", "\u2264": "<=", "\u00b1": "+-",
    "\u00d7": "x", "\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
}  # fmt: skip
"""ASCII for the characters that our own sentences may hold."""

_PLAIN_TABLE: Final = str.maketrans(PLAIN)


def clean(text: str, longest: int = LONGEST) -> str:
    r"""
    How is this text shown on a terminal or page?

    Every character that could move the cursor, change colour, turn the reading direction or hide is written as its
    escape, so that nothing disappears unseen.

    >>> clean("eth0\x1b[31m")
    'eth0\\x1b[31m'
    """
    if text.isascii() and text.isprintable():
        return text if len(text) <= longest else text[: longest - 3] + "..."
    shown = "".join(_shown(c) for c in text[: longest + 1])
    return shown if len(text) <= longest else shown[: longest - 3] + "..."


def _shown(character: str) -> str:
    if character in INVISIBLE or unicodedata.category(character) in UNSAFE_CATEGORIES:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def to_ascii(text: str) -> str:
    """How is this text shown where only ASCII can be?"""
    return text if text.isascii() else text.translate(_PLAIN_TABLE).encode("ascii", "backslashreplace").decode("ascii")


def shorten(text: str, width: int, gap: str = "...") -> str:
    """How does this name fit into so many characters? Its middle is left out, since names differ at both ends."""
    if len(text) <= width:
        return text
    if width <= len(gap) + 1:
        return text[:width]
    head = (width - len(gap) + 1) // 2
    return text[:head] + gap + text[len(text) - (width - len(gap) - head) :]


def clean_report(report: Document) -> Document:
    """What is the same document with every text of it safe to show?"""
    return _changed(report, clean)


def without_surrogates(report: Document) -> Document:
    """What is the same report with every text of it encodable? File names may hold bytes that are no UTF-8."""
    return _changed(report, _encodable)


def for_ascii(report: Document) -> Document:
    """What is the same report in ASCII alone? What has no likeness there is written as its escape."""
    return _changed(report, to_ascii)


def _changed(report: Document, change: Callable[[str], str]) -> Document:
    """The same report with every text changed. msgspec is imported here: messages of errors are cleaned without it."""
    import msgspec

    return msgspec.convert(_tree(msgspec.to_builtins(report), change), type(report))


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _tree(part: Any, change: Callable[[str], str]) -> Any:
    """The same tree of dicts, lists and scalars with every text changed, keys included."""
    if isinstance(part, str):
        return change(part)
    if isinstance(part, dict):
        return {_tree(key, change): _tree(value, change) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_tree(item, change) for item in part]
    return part
