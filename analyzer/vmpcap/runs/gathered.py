"""Migrations of many captures and earlier reports, each counted once."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

import msgspec

from vmpcap.report.as_json import from_json
from vmpcap.report.document import SCHEMA, Migration, Report
from vmpcap.report.words import nanoseconds
from vmpcap.runs.outside import IN_UTC, covered
from vmpcap.terms.errors import CaptureError, RequestError

CAPTURE: Final = re.compile(r"\.(pcap|pcapng|cap|dmp|ntar)\d*(\.(gz|zst|lz4|xz|bz2))?$", re.IGNORECASE)
"""How captures in a folder are called."""

SAME_BYTES: Final = 0.02
"""Two captures of one migration hold as many unique bytes, but for this share."""
SAME_TIME: Final = 0.9
"""And overlap for this share of the longer one, where their clocks agree; of the shorter one where it is a part."""
CLOCKS_APART_S: Final = 3600.0
"""So far apart the clocks of two captures may stand whose connections begin with the same number."""


MOST_COVERED: Final = 3
"""So many inputs are told by the time that they cover, where none of it was asked for."""


@dataclass(frozen=True, slots=True)
class Given:
    """One argument: what was found under it."""

    path: str
    side: str
    kind: Literal["captures", "report"]
    version: str
    migrations: tuple[Migration, ...]
    problem: str = ""
    """Why nothing could be read."""
    covers: str = ""
    """From when to when its captures have packets; empty where nothing could be read."""
    left_out: str = ""
    """Which of its migrations have no part in it, where only a stretch of time was asked for."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One migration that counts."""

    migration: Migration
    side: str
    given: Given


def gather(paths: Sequence[str], side: str, read: Callable[[tuple[str, ...]], Report]) -> list[Given]:
    """
    What is found under these arguments? One after the other; a capture that cannot be read costs only itself.

    Parameters
    ----------
    read : makes the report on the captures of one migration, or of several in one file

    Raises
    ------
    RequestError
        A report or a folder is not what it should be.
    """
    return [_given(path, side, read) for path in paths]


def _given(path: str, side: str, read: Callable[[tuple[str, ...]], Report]) -> Given:
    kind: Literal["captures", "report"] = "captures"
    if is_report(path):
        kind, report = "report", _earlier(path)
    else:
        try:
            report = read(captures_of(path))
        except CaptureError as problem:
            return Given(path, side, kind, "", (), str(problem))
    covers = covered(report.inputs)
    return Given(path, side, kind, report.tool.version, with_streams(report.migrations), covers=covers)


def together(label: str, side: str, read: Callable[[], Report]) -> Given:
    """What is found at the points of one incident that were named one by one?"""
    try:
        report = read()
    except CaptureError as problem:
        return Given(label, side, "captures", "", (), str(problem))
    return Given(
        label, side, "captures", report.tool.version, with_streams(report.migrations), covers=covered(report.inputs)
    )


def captures_of(path: str) -> tuple[str, ...]:
    """The captures in a folder are one incident's; a file stands for itself."""
    if not os.path.isdir(path):
        return (path,)
    try:
        found = sorted(os.path.join(path, name) for name in os.listdir(path) if CAPTURE.search(name))
    except OSError as problem:
        raise CaptureError(f"cannot look into the folder {path!r}: {problem.strerror or problem}") from problem
    if not found:
        raise RequestError(f"{path!r}: there is no capture in this folder; name captures, reports, or their folders")
    return tuple(found)


def is_report(path: str) -> bool:
    """Was this file written as JSON?"""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False


def _earlier(path: str) -> Report:
    """A report that was written before."""
    try:
        with open(path, "rb") as file:
            report = from_json(file.read())
    except msgspec.MsgspecError as problem:
        raise RequestError(
            f"{path!r} is no report of vmpcap: {problem}; needed what `vmpcap report --json FILE` writes"
        ) from problem
    if report.schema != SCHEMA:
        raise RequestError(f"{path!r} is {report.schema!r}; needed {SCHEMA!r}, as `vmpcap report --json FILE` writes")
    return report


def within(one: Given, since_ns: int | None, until_ns: int | None) -> Given:
    """
    The migrations that lie in this stretch of time, both ends included. Captures were read no further than that.

    A migration that an earlier report tells of cannot be measured anew: what lies partly outside has no part in it.
    """
    if one.kind != "report" or (since_ns is None and until_ns is None):
        return one
    inside = tuple(m for m in one.migrations if _lies_in(m, since_ns, until_ns))
    if len(inside) == len(one.migrations):
        return one
    because = f"{len(one.migrations) - len(inside)} of {len(one.migrations)} lie outside of the time asked for"
    return replace(one, migrations=inside, left_out=because)


def _lies_in(m: Migration, since_ns: int | None, until_ns: int | None) -> bool:
    start, end = nanoseconds(m.start_ts), nanoseconds(m.end_ts)
    if start is None or end is None:
        return False
    return (since_ns is None or start >= since_ns) and (until_ns is None or end <= until_ns)


def refuse_nothing(
    sides: Iterable[str], given: Sequence[Given], counted: Sequence[Counted], narrowed: bool = False
) -> None:
    """
    Is there a migration on each side?

    Parameters
    ----------
    narrowed : whether only a stretch of time was asked for

    Raises
    ------
    CaptureError
        Nothing on a side could be read.
    RequestError
        No migration was found on a side, or none in the time asked for.
    """
    empty = [
        (f" on side {side}" if side else "", [one for one in given if one.side == side])
        for side in sides
        if not any(c.side == side for c in counted)
    ]
    for where, here in empty:
        problems = [one.problem for one in here if one.problem]
        if problems and len(problems) == len(here):
            raise CaptureError(f"nothing could be read{where}: {'; '.join(problems)}")
    for where, here in empty:
        if narrowed:
            covers = "; ".join(f"{one.path}: {one.covers}" for one in here[:MOST_COVERED] if one.covers)
            more = f" and {len(here) - MOST_COVERED} further inputs" if len(here) > MOST_COVERED else ""
            raise RequestError(
                f"no migration{where} lies in the time asked for; widen --since and --until ({IN_UTC}). There are"
                f" packets in {covers or 'no input'}{more}"
            )
        raise RequestError(
            f"no migration was found{where}; `vmpcap report CAPTURE` says of each capture what is in it, and --port N"
            " names a further port of migrations"
        )


def counted_once(given: Sequence[Given]) -> tuple[list[Counted], dict[int, str]]:
    """
    Which migrations count, and why do some inputs count for less than they hold (by the input's place)?

    Notes
    -----
    Two inputs that tell of one migration are two capture points, or a capture and a part of it, not two migrations: the
    more complete one counts, else the one with more figures. They are taken for one where hosts, ports and the
    connections are the same and the times overlap, or the connections begin with the same number. Earlier versions'
    reports tell of no connections: those are one where the bytes are nearly the same as well.
    """
    kept: list[tuple[int, Counted]] = []
    doubles: dict[int, str] = {}
    for place, one in enumerate(given):
        for migration in one.migrations:
            mine = (place, Counted(migration, one.side, one))
            same = [known for known in kept if known[0] != place and _is_same(known[1].migration, migration)]
            for _, before in same:
                if before.side != one.side:
                    raise RequestError(
                        f"{one.path!r} and {before.given.path!r} hold the same migration ({migration.source} to"
                        f" {migration.destination}, {migration.start_ts}): it cannot be on both sides of a comparison"
                    )
            best = max([*same, mine], key=lambda found: _worth(found[1].migration))
            for found in [*same, mine] if same else []:
                if found is not best:
                    doubles[found[0]] = _said_double(found[1].migration, best[1])
            kept = [known for known in kept if known not in same or known is best]
            kept += [mine] if best is mine else []
    return [one for _, one in kept], doubles


def with_streams(migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """Those whose stream is in view: what is known by its guest alone has no figures to compare."""
    return tuple(m for m in migrations if m.connections)


def _said_double(loser: Migration, winner: Counted) -> str:
    part = loser.is_cut and not winner.migration.is_cut
    what = "of a migration in it only a part is in view, which" if part else "a migration in it"
    return f"{what} is told {'whole ' if part else ''}by {winner.given.path} as well, and counts once"


def _is_same(a: Migration, b: Migration) -> bool:
    """Are these one migration?"""
    if (a.source, a.destination) != (b.source, b.destination) or not set(a.ports) & set(b.ports):
        return False
    overlap, shorter, longer = _overlap(a, b)
    if a.openings and b.openings:
        ports = [{(one.source_port, one.destination_port) for one in m.openings} for m in (a, b)]
        if not ports[0] & ports[1]:
            return False
        begins = _in_common(a, b)
        if any(begins) and (overlap is None or overlap > -CLOCKS_APART_S):
            return True
        held = shorter if a.is_cut or b.is_cut else longer
        if begins and overlap is not None and overlap >= SAME_TIME * held:
            return True  # else at most the two connections of a proxy that goes by its hosts' addresses
    most = max((a.bytes.unique or 0), (b.bytes.unique or 0))
    is_alike = a.ports == b.ports and abs((a.bytes.unique or 0) - (b.bytes.unique or 0)) <= SAME_BYTES * most
    return is_alike and overlap is not None and overlap >= SAME_TIME * longer


def _in_common(a: Migration, b: Migration) -> list[bool]:
    """Of each connection that both may have: is it known to begin with the same number?"""
    known = {(one.source_port, one.destination_port): one.sequence for one in a.openings}
    return [
        one.sequence is not None and one.sequence == known[key]
        for one in b.openings
        if (key := (one.source_port, one.destination_port)) in known
        and (one.sequence is None or known[key] in (None, one.sequence))
    ]


def _overlap(a: Migration, b: Migration) -> tuple[float | None, float, float]:
    """For how long do they run at once, s (negative: so long apart), and how long are they? None without times."""
    if a.start_ts is None or a.end_ts is None or b.start_ts is None or b.end_ts is None:
        return None, 0.0, 0.0
    spans = [(_seconds(m.start_ts), _seconds(m.end_ts)) for m in (a, b)]
    lengths = sorted(end - start for start, end in spans)
    return min(end for _, end in spans) - max(start for start, _ in spans), lengths[0], lengths[1]


def _worth(migration: Migration) -> tuple[bool, int, int]:
    """The more complete one, then the one with more figures, then with more bytes; of equals the first is taken."""
    return not migration.is_cut, _known(migration), migration.bytes.unique or 0


def _seconds(iso: str | None) -> float:
    assert iso is not None
    return datetime.fromisoformat(iso[:26] + "+00:00").timestamp()


def _known(migration: Migration) -> int:
    """How many figures does it have?"""
    from vmpcap.runs.figures import FIGURES

    return sum(figure.read(migration)[0] is not None for figure in FIGURES)
