"""Names of capture files as people give them: patterns, their order, and what a point is called after its file."""

import glob
import os
import re
from collections.abc import Callable, Container, Iterable, Sequence
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


def is_on_disk(path: str) -> bool:
    """Is this a file that can be read again and again? Standard input cannot; a pipe waits for a writer for ever."""
    return path != STDIN and os.path.isfile(path)


def is_stream(path: str) -> bool:
    """Is this standard input or a pipe, which is there and can be read once only?"""
    return path == STDIN or (os.path.exists(path) and not os.path.isfile(path))


def unlike(name: str, taken: Container[str], joint: str) -> str:
    """
    The name, or with the first number behind it that makes it unlike those that are taken.

    >>> unlike("eth0", {"eth0", "eth0-2"}, "-")
    'eth0-3'
    """
    free, number = name, 2
    while free in taken:
        free, number = f"{name}{joint}{number}", number + 1
    return free


def expanded(text: str) -> list[str]:
    """
    Which files does this mean? A pattern its matches in natural order (x2 before x10), anything else itself.

    Raises RequestError where it is empty, a folder, or a pattern that nothing matches.
    """
    if not text:
        raise RequestError("a capture has no name; give a file, or - for standard input")
    if "\0" in text:
        raise RequestError(f"{text!r} is no name of a file: it holds a zero byte")
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
        name = unlike(name, used, "#")
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
