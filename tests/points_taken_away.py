"""The same captures with points taken away: read once, judged from each selection of points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vmpcap.migration.packets.holes import find_holes, name_holes
from vmpcap.migration.story import tell
from vmpcap.report.assemble import assemble
from vmpcap.report.document import Report
from vmpcap.runs.inputs import describe_inputs, name_faults
from vmpcap.runs.point import PointRead, Wanted
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.side_by_side import read_points
from vmpcap.runs.views import as_views, describe_clocks
from vmpcap.verdicts.profile import load_profile

NEVER = frozenset({"undecided"})
"""What may be said where nothing can be known."""
PROFILE = load_profile("vsphere4")
HOSTS = ("source", "destination")

Answers = dict[str, tuple[str, str]]
"""Outcome and reason of each deciding check."""


@dataclass(frozen=True)
class Selection:
    """Some of the points, and what they are called together."""

    name: str
    points: tuple[PointRead, ...]


def read(points: Sequence[tuple[str, str | None, str]]) -> tuple[PointRead, ...]:
    """Each point read once."""
    files = tuple(PointFiles(name, role, (path,)) for name, role, path in points)
    return tuple(read_points(Request(points=files, profile=PROFILE), Wanted(), None))


def unnamed(points: Sequence[PointRead]) -> tuple[PointRead, ...]:
    """The same points, of which nobody said where those beside the hosts' own stand."""
    named = [p.files.role if p.files.role in HOSTS else None for p in points]
    return tuple(replace(p, files=replace(p.files, role=role)) for p, role in zip(points, named, strict=True))


def judged(points: Sequence[PointRead]) -> list[Answers]:
    """What these points say together: the deciding checks of each migration."""
    report = report_of(points)
    return [
        {check.id: (check.outcome, check.because) for check in m.checks if check.decides} for m in report.migrations
    ]


def report_of(points: Sequence[PointRead]) -> Report:
    """The report of these points, whose roles are all named."""
    views = find_holes(as_views(points))
    told = tell(views, (), (), [*name_faults(points), *name_holes(views)])
    return assemble(told, PROFILE, describe_inputs(points), describe_clocks(views), [], [], "")


def selections(points: Sequence[PointRead]) -> Iterator[Selection]:
    """All but one, each one alone, and each host's migration NIC with one other."""
    for one in points:
        yield Selection(f"without {one.files.name}", tuple(p for p in points if p is not one))
        yield Selection(f"only {one.files.name}", (one,))
    for host in (p for p in points if p.files.role in HOSTS):
        for other in (p for p in points if p.files.role not in HOSTS):
            yield Selection(f"only {host.files.name} and {other.files.name}", (host, other))


def contradictions(points: Sequence[PointRead], allowed: Sequence[dict[str, frozenset[str]]]) -> list[str]:
    """
    Where does a selection say what is not so, or is undecided without a reason?

    Parameters
    ----------
    allowed : of each migration, by check, the outcomes that are true; undecided is always one
    """
    found = []
    for selection in selections(points):
        answers = judged(selection.points)
        if not answers:
            continue  # without the stream there is no migration to judge
        if len(answers) != len(allowed):
            found.append(f"{selection.name}: {len(answers)} migrations")
            continue
        for number, (said, true) in enumerate(zip(answers, allowed, strict=True)):
            for check, (outcome, because) in said.items():
                if outcome not in true[check] | NEVER or not because:
                    found.append(f"{selection.name}, migration {number}: {check} {outcome}: {because}")
    return found
