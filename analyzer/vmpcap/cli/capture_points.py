"""From the files of a command line to capture points with names and roles."""

import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from vmpcap.points.roles import ROLES, role_of
from vmpcap.report.clean import clean
from vmpcap.runs.requests import PointFiles
from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import STDIN, called_after_files, expanded

NO_CAPTURE: Final = (
    "no capture is named; give a file, as in `vmpcap report wan.pcapng`, a capture point with --point source=src.pcap, "
    "or - for standard input"
)


def capture_points(captures: Sequence[str], named: Sequence[str], roles: Sequence[str]) -> tuple[PointFiles, ...]:
    """
    Which capture points does this command line name?

    Each capture without a name is a point of its own, called after its file, and marked as not named: if its name says
    no role, one may be proposed. What could harm a terminal in a name is written as its escape. A point given several
    times has all the files, in order.

    Raises RequestError where nothing is named, one file is named twice, or a role or its point does not exist.
    """
    files: dict[str, list[str]] = {}
    for text in named:
        name, listed = _named(text)
        files.setdefault(name, []).extend(listed)
    paths = [path for text in captures for path in expanded(text)]
    unnamed = dict(called_after_files(paths, files, clean))
    files |= {name: [path] for name, path in unnamed.items()}
    if not files:
        raise RequestError(NO_CAPTURE)
    _refuse_twice(path for listed in files.values() for path in listed)
    given = _given_roles(roles, files)
    return tuple(
        PointFiles(name, given.get(name) or role_of(name), tuple(listed), is_named=name not in unnamed)
        for name, listed in files.items()
    )


def _named(text: str) -> tuple[str, list[str]]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise RequestError(f"--point {text!r}: needed NAME=FILE[,FILE...], such as source=src.pcap")
    parts = [value] if value == STDIN or os.path.exists(value) else [p for p in value.split(",") if p]
    listed = [path for part in parts for path in expanded(part)]
    return clean(name.strip()), listed


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
