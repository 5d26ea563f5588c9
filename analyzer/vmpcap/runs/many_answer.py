"""What `vmpcap.compare` and `vmpcap.bench` give: many migrations as distributions, for a program or a notebook."""

import html
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from vmpcap.decode.scan import Captures, sources_of
from vmpcap.points.roles import ROLES
from vmpcap.report.about_comparison import headline
from vmpcap.report.clean import clean
from vmpcap.report.comparison import Comparison, Difference, Group, Source
from vmpcap.report.document import Report
from vmpcap.runs.against_limits import held_against
from vmpcap.runs.answer import Answer, answer, nanoseconds_of, written
from vmpcap.runs.arguments import guests_of, limit_of, ports_of, profile_of, roles_of
from vmpcap.runs.compared import GROUPINGS, bench, compare
from vmpcap.runs.frames_by_name import Frames
from vmpcap.runs.gathered import (
    Counted,
    Given,
    captures_of,
    counted_once,
    gather,
    is_report,
    refuse_nothing,
    with_streams,
    within,
)
from vmpcap.runs.outside import covered
from vmpcap.runs.overwriting import spare_files
from vmpcap.terms.errors import CaptureError, RequestError
from vmpcap.terms.files import STDIN
from vmpcap.verdicts.profile import DEFAULT

Input = (
    str | os.PathLike[str] | Answer | Report | Mapping[str, str | os.PathLike[str] | Sequence[str | os.PathLike[str]]]
)
"""
One input: a capture, a folder with the captures of one incident, a report written as JSON; a report in memory; or a
mapping from names of capture points to the files of one incident.
"""

Inputs = Iterable[Input] | Input
"""Several of them; a single one need not be in a list."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How captures among the inputs are read."""

    roles: Mapping[str, str]
    ports: int | Iterable[int]
    guests: str | Sequence[str]
    since: datetime | None
    until: datetime | None
    decode_as: str | Sequence[str]
    max_unpacked_bytes: int | None
    profile: str | os.PathLike[str] | None = None
    """By whose limits the migrations are counted."""


class Compared:
    """
    Many migrations as distributions. Its parts are those of `vmpcap.compare/1` and `vmpcap.bench/1`, by the same names.

    In a notebook it shows itself as the page that `to_html` writes.
    """

    def __init__(self, document: Comparison, files: Sequence[str] = ()) -> None:
        self._document, self._files = document, files

    @property
    def document(self) -> Comparison:
        """All of it, as it is written to JSON."""
        return self._document

    @property
    def groups(self) -> list[Group]:
        """A and B of a comparison, the paths of a benchmark; each with its spreads."""
        return self._document.groups

    @property
    def differences(self) -> list[Difference]:
        """How B stands to A, figure by figure; empty in a benchmark."""
        return self._document.differences

    @property
    def inputs(self) -> list[Source]:
        return self._document.inputs

    @property
    def notes(self) -> list[str]:
        """What cannot be concluded."""
        return self._document.notes

    @cached_property
    def frames(self) -> "Frames":
        """`spreads`, `values`, `differences` and `inputs` as polars."""
        from vmpcap.report.comparison_frames import comparison_frames

        return Frames(comparison_frames(self._document))

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """All of it as JSON; also written to `path`, if there is one. RequestError where that cannot be."""
        from vmpcap.report.as_json import to_json

        return self._written(to_json(self._document), path)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """A page that needs nothing else; also written to `path`, if there is one."""
        from vmpcap.report.comparison_looks import comparison_to_html

        return self._written(comparison_to_html(self._document), path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str:
        """All of it for a ticket; also written to `path`, if there is one."""
        from vmpcap.report.comparison_looks import comparison_to_markdown

        return self._written(comparison_to_markdown(self._document), path)

    def to_junit(self, path: str | os.PathLike[str] | None = None) -> str:
        """As JUnit XML, for a pipeline: B worse than A is a failure; also written to `path`, if there is one."""
        from vmpcap.report.comparison_pipelines import comparison_to_junit

        return self._written(comparison_to_junit(self._document), path)

    def to_metrics(self, path: str | os.PathLike[str] | None = None) -> str:
        """As OpenMetrics, for a dashboard; also written to `path`, if there is one."""
        from vmpcap.report.comparison_pipelines import comparison_to_metrics

        return self._written(comparison_to_metrics(self._document), path)

    def _written(self, text: str, path: str | os.PathLike[str] | None) -> str:
        if path is not None:
            spare_files(self._files, [os.fspath(path)])
        return written(text, path)

    def to_text(self, width: int = 100) -> str:
        """As a terminal of this width shows it, without colour."""
        from vmpcap.report.comparison_looks import comparison_to_terminal
        from vmpcap.report.look import Look

        return comparison_to_terminal(self._document, Look(width))

    def _repr_html_(self) -> str:
        """The page in a frame of its own; it has no script."""
        page = html.escape(self.to_html(), quote=True)
        return f'<iframe sandbox="" style="width:100%;height:60rem;border:0" srcdoc="{page}"></iframe>'

    def __repr__(self) -> str:
        return f"<vmpcap {self._document.schema.split('.')[1].split('/')[0]}: {clean(headline(self._document))}>"


def compared(a: Inputs, b: Inputs, asked: Asked) -> Compared:
    """How do the migrations of B stand to those of A? As `vmpcap.compare` has it."""
    return _made({"A": a, "B": b}, asked, compare)


def benched(inputs: Inputs, by: str, asked: Asked) -> Compared:
    """How do the migrations of each path spread? As `vmpcap.bench` has it."""
    if by not in GROUPINGS:
        raise RequestError(f"by={by!r}: there are {', '.join(map(repr, GROUPINGS))}")
    return _made({"": inputs}, asked, lambda given, counted, doubles: bench(given, counted, doubles, by))


def _made(
    sides: Mapping[str, Inputs],
    asked: Asked,
    made: Callable[[list[Given], list[Counted], dict[int, str]], Comparison],
) -> Compared:
    since, until = nanoseconds_of(asked.since, "since"), nanoseconds_of(asked.until, "until")
    if since is not None and until is not None and since > until:
        raise RequestError(f"since={asked.since!r} is later than until={asked.until!r}: nothing lies between")
    asked = replace(asked, guests=guests_of(asked.guests), ports=ports_of(asked.ports))
    roles_of(asked.roles)
    limit_of(asked.max_unpacked_bytes)
    profile = None if asked.profile is None else profile_of(asked.profile)
    listed = {side: _listed(inputs) for side, inputs in sides.items()}
    for side, inputs in listed.items():
        if not inputs:
            raise RequestError(f"nothing is named{f' on side {side}' if side else ''}: captures, folders, or reports")
    named = [os.path.realpath(one) for inputs in listed.values() for one in inputs if isinstance(one, str)]
    for path in (p for p in named if named.count(p) > 1):
        raise RequestError(f"{path!r} is named twice; its migrations would count twice")
    _refuse_strange_roles([one for inputs in listed.values() for one in inputs], asked.roles)
    given = [
        within(_given(one, side, number, asked), since, until)
        for side, inputs in listed.items()
        for number, one in enumerate(inputs, 1)
    ]
    counted, doubles = counted_once(given)
    refuse_nothing(sides, given, counted, narrowed=(since, until) != (None, None))
    return Compared(held_against(made(given, counted, doubles), profile), named)


def _listed(inputs: Inputs) -> list[Input]:
    """One by one; paths as texts."""
    alone = isinstance(inputs, str | os.PathLike | Answer | Report | Mapping)
    if not alone and not isinstance(inputs, Iterable):
        raise RequestError(f"{inputs!r} is no input: needed captures, folders, reports, or a list of them")
    listed: list[Input] = [inputs] if alone else list(inputs)  # type: ignore[arg-type, list-item]
    found: list[Input] = [os.fspath(one) if isinstance(one, os.PathLike) else one for one in listed]
    if STDIN in found:
        raise RequestError("standard input is no input of these: give files, folders, or reports")
    return found


def _refuse_strange_roles(inputs: Sequence[Input], roles: Mapping[str, str]) -> None:
    if not roles:
        return
    wrong = [role for role in roles.values() if role not in ROLES]
    if wrong:
        raise RequestError(f"roles: there is no role {wrong[0]!r}; there are: {', '.join(ROLES)}")
    points = dict.fromkeys(name for one in inputs for name in _points_of(one))
    unknown = [name for name in roles if name not in points]
    if unknown:
        raise RequestError(f"roles: there is no point {unknown[0]!r}; there are: {', '.join(points)}")


def _points_of(one: Input) -> list[str]:
    """Which capture points does this input name?"""
    if isinstance(one, Mapping):
        return list(one)
    if isinstance(one, str) and not is_report(one):
        return [source.point for source in sources_of(list(captures_of(one)))]
    return []


def _given(one: Input, side: str, number: int, asked: Asked) -> Given:
    """What is found under this input?"""
    if isinstance(one, Answer | Report):
        report = one.document if isinstance(one, Answer) else one
        label = report.inputs[0].path if report.inputs else f"report {number}"
        covers = covered(report.inputs)
        return Given(label, side, "report", report.tool.version, with_streams(report.migrations), covers=covers)
    if isinstance(one, Mapping):
        label = ", ".join(f"{name}={files}" for name, files in one.items())
        try:
            report = _read(one, asked)
        except CaptureError as problem:
            return Given(label, side, "captures", "", (), str(problem))
        covers = covered(report.inputs)
        return Given(label, side, "captures", report.tool.version, with_streams(report.migrations), covers=covers)
    (found,) = gather([os.fspath(one)], side, lambda captures: _read(list(captures), asked))
    return found


def _read(captures: Captures, asked: Asked) -> Report:
    names = {source.point for source in sources_of(captures)}
    roles = {name: role for name, role in asked.roles.items() if name in names}
    return answer(
        captures,
        DEFAULT,
        roles,
        asked.ports,
        asked.guests,
        asked.since,
        asked.until,
        asked.decode_as,
        asked.max_unpacked_bytes,
    ).document
