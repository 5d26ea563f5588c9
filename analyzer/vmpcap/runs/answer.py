"""What `vmpcap.report` gives: the report with its frames, for a program or a notebook."""

import html
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from vmpcap.decode.decode_as import read_rules
from vmpcap.decode.scan import Captures, sources_of
from vmpcap.points.roles import ROLES, role_of
from vmpcap.report.clean import clean
from vmpcap.report.document import Clock, Input, Migration, ProfileUsed, Report
from vmpcap.runs.arguments import guests_of, limit_of, ports_of, profile_of, refuse_strange_captures, roles_of
from vmpcap.runs.frames_by_name import Frames
from vmpcap.runs.overwriting import spare_captures
from vmpcap.runs.pipeline import Analysis, analyse
from vmpcap.runs.requests import PointFiles, Request, refuse_twice
from vmpcap.terms.errors import RequestError
from vmpcap.terms.units import NS_PER_S
from vmpcap.verdicts.findings import Outcome

if TYPE_CHECKING:
    from vmpcap.runs.expected_answer import Expected


class Answer:
    """
    The report on some captures. Its parts are those of `vmpcap.report/1`, under the same names; unknown is None.

    In a notebook it shows itself as the page that `to_html` writes.
    """

    def __init__(self, analysis: Analysis, request: Request) -> None:
        self._analysis, self._request = analysis, request

    @property
    def document(self) -> Report:
        """All of it, as it is written to JSON."""
        return self._analysis.report

    @property
    def verdict(self) -> Outcome:
        return self.document.verdict

    @property
    def because(self) -> str:
        """The verdict in one sentence."""
        return self.document.because

    @property
    def migrations(self) -> list[Migration]:
        return self.document.migrations

    @property
    def inputs(self) -> list[Input]:
        return self.document.inputs

    @property
    def clocks(self) -> list[Clock]:
        return self.document.clocks

    @property
    def profile(self) -> ProfileUsed:
        return self.document.profile

    @property
    def notes(self) -> list[str]:
        return self.document.notes

    @cached_property
    def frames(self) -> "Frames":
        """
        The frames of `vmpcap report --parquet`, by name: migrations, checks, throughput, flows and so on.

        A dict; a KeyError of it says which names there are.
        """
        from vmpcap.report.as_parquet import report_frames

        own = {"flows": self._analysis.flows, "announcements": self._analysis.announcements}
        return Frames({**report_frames(self.document), **own})

    def what_if(self, rate_mbps: float, rtt_ms: float, loss: float = 0.0) -> "Expected":
        """
        What would each migration have taken on a link of this rate, round trip and share of lost packets?

        As `vmpcap report --what-if` tells it: a mapping from the migrations' ids to `migrations[].what_if[]`, with a
        `frame` of polars. RequestError where that is no link.
        """
        from vmpcap.runs.expected_answer import expected_of

        return expected_of(self.document, rate_mbps, rtt_ms, loss)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """
        The report as JSON; also written to `path`, if there is one.

        RequestError where that cannot be, or would replace a capture of this report.
        """
        from vmpcap.report.as_json import to_json

        return self._written(to_json(self.document), path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report for a ticket; also written to `path`, if there is one."""
        from vmpcap.report.as_markdown import to_markdown

        return self._written(to_markdown(self.document), path)

    def to_html(self, path: str | os.PathLike[str] | None = None, graph: bool = False) -> str:
        """
        The report as a page that needs nothing else; also written to `path`, if there is one.

        With `graph` the numbers of each migration's main connection are drawn into it, for which the captures are read
        again: RequestError where they cannot be.
        """
        from vmpcap.report.as_html import to_html

        if not graph:
            return self._written(to_html(self.document), path)
        from vmpcap.runs.graph import refuse_unreadable, sequence_graphs

        refuse_unreadable(self._request, "graph=True")
        return self._written(to_html(self.document, sequence_graphs(self._analysis, self._request)), path)

    def to_junit(self, path: str | os.PathLike[str] | None = None) -> str:
        """The checks as JUnit XML, for a pipeline; also written to `path`, if there is one."""
        from vmpcap.report.as_junit import to_junit

        return self._written(to_junit(self.document), path)

    def to_metrics(self, path: str | os.PathLike[str] | None = None) -> str:
        """The figures as OpenMetrics, for a dashboard; also written to `path`, if there is one."""
        from vmpcap.report.as_metrics import to_metrics

        return self._written(to_metrics(self.document), path)

    def _written(self, text: str, path: str | os.PathLike[str] | None) -> str:
        if path is not None:
            spare_captures(self._request, [os.fspath(path)])
        return written(text, path)

    def to_text(self, width: int = 100) -> str:
        """All of the report as a terminal of this width shows it, without colour."""
        from vmpcap.report.as_terminal import to_terminal
        from vmpcap.report.look import Look

        return to_terminal(self.document, Look(width))

    def _repr_html_(self) -> str:
        """The page in a frame of its own, where its script can reach nothing of the notebook's."""
        page = html.escape(self.to_html(), quote=True)
        return f'<iframe sandbox="allow-scripts" style="width:100%;height:60rem;border:0" srcdoc="{page}"></iframe>'

    def __repr__(self) -> str:
        count = len(self.migrations)
        return f"<vmpcap report: {self.verdict}, {count} migration{'' if count == 1 else 's'}; {clean(self.because)}>"


def answer(
    captures: Captures,
    profile: str | os.PathLike[str],
    roles: Mapping[str, str],
    ports: int | Iterable[int],
    guests: str | Sequence[str],
    since: datetime | None,
    until: datetime | None,
    decode_as: str | Sequence[str],
    max_unpacked_bytes: int | None,
) -> Answer:
    """What do these captures say? As `vmpcap.report` has it."""
    refuse_strange_captures(captures)
    roles = roles_of(roles)
    named = isinstance(captures, Mapping)
    points = []
    for source in sources_of(captures):
        role = roles.get(source.point) or role_of(source.point)
        points.append(PointFiles(clean(source.point), role, source.files, is_named=named))
    unknown = [name for name in roles if name not in {point.name for point in points}]
    wrong = [role for role in roles.values() if role not in ROLES]
    if unknown or wrong:
        there = ", ".join(ROLES) if wrong else ", ".join(point.name for point in points)
        raise RequestError(
            f"roles: there is no {'role' if wrong else 'point'} {(wrong or unknown)[0]!r}; there are: {there}"
        )
    refuse_twice((path, "") for point in points for path in point.files)
    if since is not None and until is not None and since > until:
        raise RequestError(f"since={since!r} is later than until={until!r}: nothing lies between")
    rules = (decode_as,) if isinstance(decode_as, str) else tuple(decode_as)
    request = Request(
        points=tuple(points),
        profile=profile_of(profile),
        ports=ports_of(ports),
        guests=guests_of(guests),
        since_ns=nanoseconds_of(since, "since"),
        until_ns=nanoseconds_of(until, "until"),
        max_unpacked_bytes=limit_of(max_unpacked_bytes),
        decode_as=read_rules(rules) if rules else (),
    )
    return Answer(analyse(request), request)


def nanoseconds_of(when: datetime | None, name: str) -> int | None:
    """Which nanosecond since 1970 is this? Raises RequestError for a time without a zone."""
    if when is None:
        return None
    if not isinstance(when, datetime):
        raise RequestError(
            f"{name}={when!r}: give a datetime with a time zone, such as datetime(..., tzinfo=timezone.utc)"
        )
    if when.tzinfo is None:
        raise RequestError(f"{name}={when!r}: give it a time zone, such as datetime(..., tzinfo=timezone.utc)")
    epoch = datetime.fromtimestamp(0, tz=when.tzinfo)
    whole = when - epoch
    return (whole.days * 86_400 + whole.seconds) * NS_PER_S + whole.microseconds * 1_000


def written(text: str, path: str | os.PathLike[str] | None) -> str:
    """The text, also in this file if one is named. RequestError where it cannot be written."""
    if path is not None:
        try:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except (OSError, ValueError) as problem:
            raise RequestError(f"cannot write {os.fspath(path)!r}: {_why_not(os.fspath(path), problem)}") from problem
    return text


def _why_not(path: str, problem: OSError | ValueError) -> str:
    folder = os.path.dirname(os.path.abspath(path)) if "\0" not in path else ""
    if folder and not os.path.isdir(folder):
        return f"there is no folder {folder!r}; make it first"
    if folder and os.path.isdir(path):
        return "it is a folder; name a file in it"
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
