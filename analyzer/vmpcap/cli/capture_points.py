"""From the files of a command line to capture points with names and roles."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from vmpcap.points.roles import ROLES, role_of
from vmpcap.report.clean import clean
from vmpcap.runs.requests import PointFiles, refuse_twice
from vmpcap.terms.errors import RequestError
from vmpcap.terms.files import STDIN, WILDCARDS, called_after_files, expanded, stem, unlike

NO_CAPTURE: Final = (
    "no capture is named; give a file, as in `vmpcap report wan.pcapng`, a capture point with --point source=src.pcap, "
    "or - for standard input"
)


def capture_points(captures: Sequence[str], named: Sequence[str], roles: Sequence[str]) -> tuple[PointFiles, ...]:
    """
    Which capture points does this command line name?

    Each capture without a name is a point of its own, called after its file, and marked as not named: if its name says
    no role, one may be proposed. What could harm a terminal in a name is written as its escape. A point given several
    times has all the files, in order. FILE#IFACE takes the packets of one interface
    only, FILE#A+B those of two.

    Raises RequestError where nothing is named, one file is named twice, or a role or its point does not exist.
    """
    files: dict[str, list[str]] = {}
    interfaces: dict[str, str] = {}
    times: Counter[str] = Counter()
    for text in named:
        name, listed, interface = _named(text)
        if name in files and interfaces.get(name, "") != interface:
            raise RequestError(f"--point {text!r}: the files of one point are of one interface; give this another name")
        files.setdefault(name, []).extend(listed)
        times[name] += 1
        interfaces[name] = interface
    bare = [_parted(text) for text in captures]
    paths = [path for text, interface in bare if not interface for path in captures_named(text)]
    unnamed = called_after_files(paths, files, clean)
    for text, interface in bare:
        for path in captures_named(text) if interface else ():
            taken = (*files, *(name for name, _ in unnamed))
            name = unlike(f"{clean(stem(path))}#{clean(interface)}", taken, "-")
            unnamed.append((name, path))
            interfaces[name] = interface
    files |= {name: [path] for name, path in unnamed}
    if not files:
        raise RequestError(NO_CAPTURE)
    refuse_twice((path, interfaces.get(name, "")) for name, listed in files.items() for path in listed)
    given = given_roles(roles, files)
    bare_names = {name for name, _ in unnamed}
    return tuple(
        PointFiles(
            name,
            given.get(name) or role_of(name),
            tuple(listed),
            is_named=name not in bare_names,
            interfaces=tuple(interfaces[name].split("+")) if interfaces.get(name) else (),
            named_times=max(times[name], 1),
        )
        for name, listed in files.items()
    )


def captures_named(text: str) -> list[str]:
    """
    Which files does this mean?

    Raises RequestError where it is a folder or a pattern that nothing matches, with a pattern for what is there.
    """
    if os.path.isdir(text):
        there = _pattern_of(text)
        what = (
            f"name the captures in it, such as {there!r}" if there else "no name in it ends as a capture's; name a file"
        )
        raise RequestError(f"{text!r} is a folder; {what}")
    try:
        return expanded(text)
    except RequestError as problem:
        there = _pattern_of(os.path.dirname(text) or os.curdir) if WILDCARDS & set(text) else ""
        if not there:
            raise
        raise RequestError(f"{problem}; there is {there!r}") from None


def _pattern_of(folder: str) -> str:
    """Which pattern matches most of the captures in this folder, by their names? Empty where there are none."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ""
    ends = Counter(name[len(stem(name)) :] for name in names)
    del ends[""]
    return os.path.join(folder, f"*{ends.most_common(1)[0][0]}") if ends else ""


def refuse_interfaces(points: Sequence[PointFiles], command: str) -> None:
    """Raises RequestError where a point takes some interfaces of a file only: not every command can."""
    for point in points:
        if point.interfaces:
            raise RequestError(
                f"{point.files[0]}#{point.interfaces[0]}: `vmpcap {command}` reads whole files; leave out"
                f" '#{point.interfaces[0]}'"
            )


def _named(text: str) -> tuple[str, list[str], str]:
    """The point's name, its files, and which interface of them is meant; empty: all."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise RequestError(f"--point {text!r}: needed NAME=FILE[,FILE...], such as source=src.pcap")
    parts = [value] if value == STDIN or os.path.exists(value) else [p for p in value.split(",") if p]
    parted = [_parted(part) for part in parts]
    if len({interface for _, interface in parted}) > 1:
        raise RequestError(f"--point {text!r}: the files of one point are of one interface")
    listed = [path for part, _ in parted for path in captures_named(part)]
    return clean(name.strip()), listed, parted[0][1]


def _parted(text: str) -> tuple[str, str]:
    """The file and the interface in FILE#IFACE; a file that exists by that whole name is meant as a whole."""
    path, hash_sign, interface = text.rpartition("#")
    if not hash_sign or not interface or os.path.exists(text):
        return text, ""
    is_file = os.path.exists(path) or WILDCARDS & set(path)
    return (path, interface) if path and is_file else (text, "")


def given_roles(roles: Sequence[str], points: Iterable[str]) -> dict[str, str]:
    """
    Which role was given to which of these points?

    Raises RequestError where a role or its point does not exist.
    """
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
