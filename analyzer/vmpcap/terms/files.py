"""Names of capture files as people give them: patterns, their order, and what a point is called after its file."""

import glob
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from typing import Final

from vmpcap.terms.errors import RequestError

STDIN: Final = "-"
STDIN_POINT: Final = "stdin"
SUFFIXES: Final = frozenset(
    {"pcap", "pcapng", "cap", "dmp", "dump", "ntar", "trc", "gz", "gzip", "zst", "zstd", "lz4", "xz", "bz2"}
)
"""Ends of a file name that say a format or a packing, not a point."""

WILDCARDS: Final = frozenset("*?[")


def expanded(text: str) -> list[str]:
    """
    Which files does this mean? A pattern its matches in natural order (x2 before x10), anything else itself.

    Raises RequestError where it is empty, a folder, or a pattern that nothing matches.
    """
    if not text:
        raise RequestError("a capture has no name; give a file, or - for standard input")
    if os.path.isdir(text):
        raise RequestError(f"{text!r} is a folder; name the captures in it, such as {os.path.join(text, '*.pcap')!r}")
    if text == STDIN or os.path.exists(text) or not WILDCARDS & set(text):
        return [text]
    found = sorted((p for p in glob.glob(text) if not os.path.isdir(p)), key=_natural)
    if not found:
        raise RequestError(f"no file matches {text!r}")
    return found


def _natural(path: str) -> list[tuple[int, str]]:
    parts = re.findall(r"(\d+)|(\D+)", path)
    return [(int(number), "") if number else (-1, word) for number, word in parts]


def called_after_files(paths: Sequence[str], taken: Iterable[str], safe: Callable[[str], str]) -> list[tuple[str, str]]:
    """
    What is each file's point called? After its stem; with its folder in front, or numbered, where that is taken.

    Parameters
    ----------
    paths : files, one point each
    taken : names of other points
    safe : how a name is made fit for where it will be shown

    Returns
    -------
    (point, path) of each file
    """
    used, pairs = set(taken), []
    stems = [safe(stem(path)) for path in paths]
    for path, short in zip(paths, stems, strict=True):
        name = short if stems.count(short) == 1 else f"{safe(PurePath(path).parent.name) or '.'}/{short}"
        base, number = name, 2
        while name in used:
            name, number = f"{base}#{number}", number + 1
        used.add(name)
        pairs.append((name, path))
    return pairs


def stem(path: str) -> str:
    """
    What is this file called without the ends that name its format and packing?

    >>> stem("/tmp/gw-lan.pcapng.zst")
    'gw-lan'
    """
    if path == STDIN:
        return STDIN_POINT
    name = PurePath(path).name
    while True:
        head, dot, end = name.rpartition(".")
        if not dot or not head or (end.lower().rstrip("0123456789") not in SUFFIXES and end.lower() not in SUFFIXES):
            return name
        name = head
