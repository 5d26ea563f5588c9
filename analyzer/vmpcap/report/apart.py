"""Names that are too long for where they stand, cut so that they can still be told apart."""

import re
from collections.abc import Sequence
from typing import Final

MARK: Final = "..."
PARTS: Final = re.compile(r"[^\W_]+|[\W_]")
"""What is kept or left out as a whole: a word or a number, or one character between two."""


def told_apart(names: Sequence[str], cells: int) -> list[str]:
    """
    These names in so many characters each, those that fit as they are.

    What all of the long ones begin or end with is left out before anything that differs; where the rest is still too
    long its middle goes, and where two became the same each gets its number.

    >>> told_apart(["10.10.1.11 to 10.10.1.12", "10.10.1.11 to 10.10.2.12"], 18)
    ['...to 10.10.1.12', '...to 10.10.2.12']
    """
    split = [PARTS.findall(name) for name in names]
    long = [parts for name, parts in zip(names, split, strict=True) if len(name) > cells]
    head, tail = _shared(long), _shared([parts[::-1] for parts in long])
    made = [
        name if len(name) <= cells else _cut(parts, head, tail, cells) for name, parts in zip(names, split, strict=True)
    ]
    return [_numbered(one, nth, cells) if made.count(one) > 1 else one for nth, one in enumerate(made, 1)]


def _shared(names: Sequence[Sequence[str]]) -> int:
    """With how many parts do all of them begin? None where there is only one of them."""
    if len(names) < 2:
        return 0
    columns = zip(*names, strict=False)
    return next((n for n, column in enumerate(columns) if len(set(column)) > 1), min(map(len, names)))


def _cut(parts: Sequence[str], head: int, tail: int, cells: int) -> str:
    """The parts that differ, with as much of what all share behind them and in front as there is room for."""
    low, high = min(head, len(parts)), max(len(parts) - tail, head)
    if len(_shown(parts, low, high)) > cells:
        return _without_middle("".join(parts[low:high]), cells)
    while high < len(parts) and len(_shown(parts, low, high + 1)) <= cells:
        high += 1
    while low > 0 and len(_shown(parts, low - 1, high)) <= cells:
        low -= 1
    return _shown(parts, low, high)


def _shown(parts: Sequence[str], low: int, high: int) -> str:
    return (MARK if low else "") + "".join(parts[low:high]).strip() + (MARK if high < len(parts) else "")


def _without_middle(text: str, cells: int) -> str:
    tail = (cells - len(MARK)) // 2
    if len(text) <= cells:
        return text
    return text[: cells - len(MARK) - tail] + MARK + text[len(text) - tail :]


def _numbered(text: str, nth: int, cells: int) -> str:
    mark = f"#{nth}"
    return text[: cells - len(mark)] + mark
