"""The chain in one process: files to points, points to stories, stories to the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from vmpcap.measures.sequence_graph import SequenceGraph
from vmpcap.runs.merged import take_apart
from vmpcap.runs.pieces import join_pieces, refuted
from vmpcap.runs.point import PointRead, Progress, Stage, Wanted, untold
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.side_by_side import read_points
from vmpcap.terms.errors import RequestError
from vmpcap.terms.importing import imported_beside

if TYPE_CHECKING:
    import polars as pl

    from vmpcap.migration.stories import Told
    from vmpcap.report.document import Input, Report
    from vmpcap.runs.between import Together

__all__ = ["Analysis", "PointFiles", "Request", "analyse", "compare_points", "list_announcements", "list_flows"]


@dataclass(frozen=True)
class Analysis:
    """The report, and the tables it rests on."""

    report: "Report"
    told: "Told"
    points: tuple[PointRead, ...]
    graphs: dict[str, SequenceGraph] = field(default_factory=dict)
    """By the id of the migration: the numbers of its main connection over time, where they were asked for."""

    @cached_property
    def flows(self) -> "pl.DataFrame":
        """One row per flow and point (contract section 4)."""
        return _flow_table(self.points)

    @cached_property
    def announcements(self) -> "pl.DataFrame":
        """One row per announcement and point (contract section 5)."""
        return _announcement_table(self.points, every=False)


def analyse(request: Request, progress: Progress | None = None, stage: Stage = untold) -> Analysis:
    """
    What do these captures say about migrations?

    Every file is read once; where the frames around a guest did not fit into the first pass, files that can be read
    again are, for that guest's frames only.

    Raises
    ------
    CaptureError
        A file cannot be read as a capture.
    RequestError
        The request names something that does not exist.
    """
    asked, apart = take_apart(request)
    request, pieces = join_pieces(asked)
    with imported_beside("vmpcap.runs.telling"):
        points = read_points(request, Wanted(), progress)
        if wrong := refuted(points):
            request, pieces = join_pieces(asked, but_not=wrong)
            points = read_points(request, Wanted(), progress)
    from vmpcap.runs.telling import tell_points

    report, told = tell_points(points, request, [*apart, *pieces], stage)
    return Analysis(report, told, points)


def list_flows(request: Request, progress: Progress | None = None) -> tuple["pl.DataFrame", list["Input"]]:
    """Which flows do these captures hold, and what was read for it?"""
    wanted = Wanted(announcements=False, journal=False, sightings=False)
    points = read_points(request, wanted, progress)
    return _flow_table(points), _described(points)


def list_announcements(
    request: Request, every: bool = False, progress: Progress | None = None
) -> tuple["pl.DataFrame", list["Input"]]:
    """Which announcements do these captures hold (with every: all ARP and ND bodies), and what was read for it?"""
    wanted = Wanted(flows=False, journal=False, sightings=False)
    points = read_points(request, wanted, progress)
    return _announcement_table(points, every), _described(points)


def compare_points(
    request: Request, progress: Progress | None = None, stage: Stage = untold
) -> tuple["Together", list["Input"]]:
    """
    How do these capture points stand to each other, and what was read for it?

    Raises
    ------
    RequestError
        There are fewer than two points.
    """
    from vmpcap.migration.domains.role_check import DOUBTED, doubt_roles
    from vmpcap.runs.between import compare_all
    from vmpcap.runs.views import as_views

    request, _ = take_apart(request)
    if len(request.points) < 2:
        raise RequestError(
            f"there is one capture point, {request.points[0].name!r}; to compare takes two: name them with"
            " --point source=a.pcap --point destination=b.pcap"
        )
    is_doubtful = any(point.role in DOUBTED for point in request.points)
    wanted = Wanted() if is_doubtful else Wanted(flows=False, announcements=False, journal=False)
    points = read_points(request, wanted, progress)
    stage("comparing the points")
    together = compare_all(points)
    if is_doubtful:
        together = replace(together, doubts=tuple(doubt_roles(as_views(points), request.ports, request.guests)))
    return together, _described(points)


def _described(points: Sequence[PointRead]) -> list["Input"]:
    from vmpcap.runs.inputs import describe_inputs

    return describe_inputs(points)


def _flow_table(points: Sequence[PointRead]) -> "pl.DataFrame":
    """The flows of all points, but for those without a packet between --since and --until."""
    import polars as pl

    from vmpcap.measures.flow_frame import flow_frame

    table = pl.concat([flow_frame(point.flows, point.follower, point.files.name) for point in points])
    return table.filter((pl.col("a_packets") > 0) | (pl.col("b_packets") > 0))


def _announcement_table(points: Sequence[PointRead], every: bool) -> "pl.DataFrame":
    import polars as pl

    return pl.concat([point.announcements.table(everything=every) for point in points])
