"""From the files of a command line to capture points with names and roles."""

import glob
import os
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import PurePath
from typing import Final

from vmpcap.points.roles import ROLES
from vmpcap.report.clean import clean
from vmpcap.runs.requests import PointFiles
from vmpcap.terms.errors import RequestError

STDIN: Final = "-"
STDIN_POINT: Final = "stdin"
SUFFIXES: Final = frozenset(
    {"pcap", "pcapng", "cap", "dmp", "dump", "ntar", "trc", "gz", "gzip", "zst", "zstd", "lz4", "xz", "bz2"}
)
"""Ends of a file name that say a format or a packing, not a point."""

NO_CAPTURE: Final = (
    "no capture is named; give a file, as in `vmpcap report wan.pcapng`, a capture point with --point source=src.pcap, "
    "or - for standard input"
)

WILDCARDS: Final = frozenset("*?[")


def capture_points(captures: Sequence[str], named: Sequence[str], roles: Sequence[str]) -> tuple[PointFiles, ...]:
    """
    Which capture points does this command line name?

    Each capture without a name is a point of its own, called after its file; what could harm a terminal in a name is
    written as its escape. A point given several times has all the files, in order.

    Raises RequestError where nothing is named, one file is named twice, or a role or its point does not exist.
    """
    files: dict[str, list[str]] = {}
    for text in named:
        name, listed = _named(text)
        files.setdefault(name, []).extend(listed)
    for name, path in _called_after_files(captures, files):
        files[name] = [path]
    if not files:
        raise RequestError(NO_CAPTURE)
    _refuse_twice(path for listed in files.values() for path in listed)
    given = _given_roles(roles, files)
    return tuple(PointFiles(name, given.get(name) or role_of(name), tuple(listed)) for name, listed in files.items())


def role_of(name: str) -> str | None:
    """
    Which role does a point's name say?

    >>> role_of("domain-destination")
    'domain:destination'
    """
    plain = name.lower().replace("_", ":").replace("-", ":")
    return plain if plain in ROLES else None


def _named(text: str) -> tuple[str, list[str]]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise RequestError(f"--point {text!r}: needed NAME=FILE[,FILE...], such as source=src.pcap")
    parts = [value] if value == STDIN or os.path.exists(value) else [p for p in value.split(",") if p]
    listed = [path for part in parts for path in _expanded(part)]
    return clean(name.strip()), listed


def _expanded(text: str) -> list[str]:
    """Which files does this mean? A pattern its matches in natural order (x2 before x10), anything else itself."""
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


def _called_after_files(captures: Sequence[str], taken: Iterable[str]) -> list[tuple[str, str]]:
    """A name for each file: its stem; with its folder in front, or numbered, where that is taken."""
    paths = [path for text in captures for path in _expanded(text)]
    used, pairs = set(taken), []
    stems = [clean(stem(path)) for path in paths]
    for path, short in zip(paths, stems, strict=True):
        name = short if stems.count(short) == 1 else f"{clean(PurePath(path).parent.name) or '.'}/{short}"
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


def _refuse_twice(paths: Iterable[str]) -> None:
    seen: set[str] = set()
    for path in paths:
        key = path if path == STDIN else os.path.realpath(path)
        if key in seen:
            raise RequestError(f"{path!r} is named twice; its packets would count twice")
        seen.add(key)


def _given_roles(roles: Sequence[str], points: Iterable[str]) -> dict[str, str]:
    known, given = list(points), {}
    for text in roles:
        name, equals, role = text.partition("=")
        name, role = clean(name.strip()), role.strip()
        if not equals:
            raise RequestError(f"--role {text!r}: needed NAME=ROLE, such as gw-lan=gateway")
        if role not in ROLES:
            raise RequestError(f"--role {text!r}: there is no role {role!r}; {_meant(role, list(ROLES))}")
        if name not in known:
            raise RequestError(f"--role {text!r}: there is no point {name!r}; {_meant(name, known)}")
        given[name] = role
    return given


def _meant(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
