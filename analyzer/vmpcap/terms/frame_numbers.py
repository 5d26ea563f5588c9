"""
Frame numbers of points with several files: each file counts its own from 1, as Wireshark does.

While a point is judged, the file stands in front of the number, so that two files never share one. Numbers of a point
with a single file are what they are.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

PER_FILE: Final = 10**13
"""More frames than a file holds: 14 digits and more name a file, too."""

_TOLD: Final = re.compile(r"frame\.number in \{([^}]*)\}|(?<![\w./:-])\d{14,}(?![\w/:-]|\.\w)")
"""A list of frames, or one that stands alone: within a name that has such a number (a time, mostly) it is none."""


def with_file(file: int, frame: int) -> int:
    """
    A frame's number with that of its file, from 1; 0 stands for the only file of a point.

    >>> with_file(0, 7), with_file(2, 7)
    (7, 20000000000007)
    """
    return file * PER_FILE + frame


def parted(number: int) -> tuple[int, int]:
    """
    The number of the file, and the frame's in it.

    >>> parted(7), parted(20000000000007)
    ((0, 7), (2, 7))
    """
    return divmod(number, PER_FILE)


def by_file(frames: Iterable[int]) -> dict[int, list[int]]:
    """
    The frames of each file, numbered as it numbers them.

    >>> by_file([10000000000003, 20000000000001, 10000000000009])
    {1: [3, 9], 2: [1]}
    """
    found: dict[int, list[int]] = {}
    for number in frames:
        file, frame = parted(number)
        found.setdefault(file, []).append(frame)
    return found


def as_filter(frames: Iterable[int]) -> str:
    """
    The display filter that shows these frames of one file.

    >>> as_filter([10000000000003, 10000000000009])
    'frame.number in {3, 9}'
    """
    return "frame.number in {" + ", ".join(str(parted(number)[1]) for number in frames) + "}"


def in_words(text: str, names: Sequence[str]) -> str:
    """
    The same sentence, with each frame told as that of its file.

    >>> in_words("from frame 20000000000007 on", ("a.pcap", "b.pcap"))
    'from frame 7 of b.pcap on'
    >>> in_words("x: frame.number in {10000000000003, 10000000000009}", ("a.pcap", "b.pcap"))
    'x: frame.number in {3, 9} of a.pcap'
    >>> in_words("frame 20000000000007 of gw-20261123160300.pcap", ("a.pcap", "b.pcap"))
    'frame 7 of b.pcap of gw-20261123160300.pcap'
    """
    return _TOLD.sub(lambda found: _one(found[0], names) if found[1] is None else _listed(found, names), text)


def _one(digits: str, names: Sequence[str]) -> str:
    file, frame = parted(int(digits))
    return f"{frame} of {names[file - 1]}" if file <= len(names) else digits


def _listed(found: re.Match[str], names: Sequence[str]) -> str:
    numbers = [int(part) for part in found[1].split(",") if part.strip().isdigit()]
    if not any(number >= PER_FILE for number in numbers):
        return found[0]
    parts = []
    for file, frames in by_file(numbers).items():
        parts.append(as_filter(frames) + (f" of {names[file - 1]}" if 0 < file <= len(names) else ""))
    return " and ".join(parts)
