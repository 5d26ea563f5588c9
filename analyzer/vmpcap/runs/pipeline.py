"""The chain in one process: files to points, points to stories, stories to the report."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from vmpcap.measures.sequence_graph import SequenceGraph
from vmpcap.migration.holes import find_holes, name_holes
from vmpcap.migration.role_check import DOUBTED, doubt_roles
from vmpcap.migration.story import Told, tell
from vmpcap.report.assemble import assemble
from vmpcap.report.document import Input, Report
from vmpcap.runs.between import Together, compare_all
from vmpcap.runs.inputs import describe_inputs, name_faults, with_holes
from vmpcap.runs.merged import say_together, take_apart
from vmpcap.runs.other_days import name_other_days
from vmpcap.runs.outside import nothing_inside, outside
from vmpcap.runs.pieces import join_pieces, refuted
from vmpcap.runs.point import PointRead, Progress, Wanted
from vmpcap.runs.proposed import with_roles
from vmpcap.runs.requests import PointFiles, Request
from vmpcap.runs.second_look import guests_in, look_again
from vmpcap.runs.several_files import say_named_again
from vmpcap.runs.side_by_side import read_points
from vmpcap.runs.views import MOST_STREAMS, as_views, describe_clocks
from vmpcap.terms.errors import RequestError
from vmpcap.terms.units import count_of, iso_utc

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Analysis", "PointFiles", "Request", "analyse", "compare_points", "list_announcements", "list_flows"]


@dataclass(frozen=True)
class Analysis:
    """The report, and the tables it rests on."""

    report: Report
    told: Told
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


def analyse(request: Request, progress: Progress | None = None) -> Analysis:
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
    points = read_points(request, Wanted(), progress)
    if wrong := refuted(points):
        request, pieces = join_pieces(asked, but_not=wrong)
        points = read_points(request, Wanted(), progress)
    views = find_holes(with_roles(points, as_views(points), request))
    faults = [*name_faults(points), *name_holes(views)]
    told = tell(views, request.ports, request.guests, faults)
    if any(point.journal.overflowed for point in points) and told.stories and not request.is_enough():
        guests = guests_in(told)
        del told  # it holds the views, and they the journals
        look_again(points, views, guests, request)
        told = tell(views, request.ports, request.guests, faults)
    inputs = with_holes(describe_inputs(points), views)
    clocks, rules = describe_clocks(views), [rule.text for rule in request.decode_as]
    report = assemble(
        told,
        request.profile,
        inputs,
        clocks,
        [
            *apart,
            *pieces,
            *say_together(points),
            *say_named_again(points),
            *name_other_days(views),
            *outside(inputs, request),
            *_notes(points),
        ],
        rules,
        time_of_report(),
    )
    if not report.migrations and (empty := nothing_inside(inputs, request)):
        report = msgspec.structs.replace(report, because=empty)
    return Analysis(report, told, points)


def list_flows(request: Request, progress: Progress | None = None) -> tuple["pl.DataFrame", list[Input]]:
    """Which flows do these captures hold, and what was read for it?"""
    wanted = Wanted(announcements=False, journal=False, sightings=False)
    points = read_points(request, wanted, progress)
    return _flow_table(points), describe_inputs(points)


def list_announcements(
    request: Request, every: bool = False, progress: Progress | None = None
) -> tuple["pl.DataFrame", list[Input]]:
    """Which announcements do these captures hold (with every: all ARP and ND bodies), and what was read for it?"""
    wanted = Wanted(flows=False, journal=False, sightings=False)
    points = read_points(request, wanted, progress)
    return _announcement_table(points, every), describe_inputs(points)


def compare_points(request: Request, progress: Progress | None = None) -> tuple[Together, list[Input]]:
    """
    How do these capture points stand to each other, and what was read for it?

    Raises
    ------
    RequestError
        There are fewer than two points.
    """
    request, _ = take_apart(request)
    if len(request.points) < 2:
        raise RequestError(
            f"there is one capture point, {request.points[0].name!r}; to compare takes two: name them with"
            " --point source=a.pcap --point destination=b.pcap"
        )
    is_doubtful = any(point.role in DOUBTED for point in request.points)
    wanted = Wanted() if is_doubtful else Wanted(flows=False, announcements=False, journal=False)
    points = read_points(request, wanted, progress)
    together = compare_all(points)
    if is_doubtful:
        together = replace(together, doubts=tuple(doubt_roles(as_views(points), request.ports, request.guests)))
    return together, describe_inputs(points)


def _flow_table(points: Sequence[PointRead]) -> "pl.DataFrame":
    """The flows of all points, but for those without a packet between --since and --until."""
    import polars as pl

    from vmpcap.measures.flow_frame import flow_frame

    table = pl.concat([flow_frame(point.flows, point.follower, point.files.name) for point in points])
    return table.filter((pl.col("a_packets") > 0) | (pl.col("b_packets") > 0))


def _announcement_table(points: Sequence[PointRead], every: bool) -> "pl.DataFrame":
    import polars as pl

    return pl.concat([point.announcements.table(everything=every) for point in points])


_JOURNAL_NOTE: Final = (
    "{point}: {count} frames did not fit into the journal of single frames; "
    "frames around the guests were read again where the input could be"
)


def _notes(points: Sequence[PointRead]) -> list[str]:
    """What was left out for want of room: counted, never forgotten."""
    notes = []
    for point in points:
        count = sum(point.journal.left_out.values())
        if count:
            notes.append(_JOURNAL_NOTE.format(point=point.files.name, count=count))
        if point.announcements.left_out:
            notes.append(
                f"{point.files.name}: {point.announcements.left_out} announcements did not fit and are only counted"
            )
        if point.complaints.left_out:
            missing = count_of(point.complaints.left_out, "ICMP error or reset", "ICMP errors and resets")
            notes.append(f"{point.files.name}: {missing} did not fit and are not looked at")
        if point.tunnelled.left_out:
            missing = count_of(point.tunnelled.left_out, "frame")
            notes.append(
                f"{point.files.name}: {missing} inside EtherIP, fences or labels did not fit:"
                " they are of more machines than are told apart, and are only counted"
            )
        copies = int(point.follower.rare["duplicates"].sum()) + int(point.follower.rare["mirrored"].sum())
        if copies:
            notes.append(
                f"{point.files.name}: {copies} packets were captured more than once; each counts once. If files of"
                " several places were merged: give them one by one, and each shows what happened there"
            )
        unseen = int((point.flows.flows["nominated"] != 0).sum()) - MOST_STREAMS
        if unseen > 0:
            notes.append(
                f"{point.files.name}: {count_of(unseen, 'connection')} on migration ports were not looked at singly:"
                f" the {MOST_STREAMS} were that carried most"
            )
        if point.flows.not_followed:
            notes.append(
                f"{point.files.name}: {point.flows.not_followed} frames of flows beyond the budget were not followed"
            )
        if point.incomplete:
            notes.append(
                f"{point.files.name}: {count_of(point.incomplete, 'packet')} in parts never complete in the capture;"
                " what is in them is not counted"
            )
        notes += _tunnel_notes(point)
    return notes


NUMBERED_BY: Final = {"esp": "ESP", "gre": "GRE", "gre-routed": "GRE", "pptp": "PPTP"}
"""Who numbers the packets of a tunnel that is no mirror, by the header that names it."""


def _tunnel_notes(point: PointRead) -> list[str]:
    """What did tunnels lose that carry the guests' and hosts' own packets? Of mirrors it is a fault of the capture."""
    notes = []
    for name in dict.fromkeys(NUMBERED_BY.values()):
        missing = sum(tunnel.missing for tunnel in point.tunnels.tunnels() if NUMBERED_BY.get(tunnel.header) == name)
        if missing:
            notes.append(
                f"{point.files.name}: {count_of(missing, 'packet')} of a tunnel missing ({name} sequence numbers):"
                " lost in it before this point, or sent where this point does not see them"
            )
    if point.tunnels.not_followed:
        notes.append(
            f"{point.files.name}: {count_of(point.tunnels.not_followed, 'packet')} of numbered tunnels beyond the"
            " budget, not looked at for losses"
        )
    return notes


def time_of_report() -> str:
    """The time of the report; SOURCE_DATE_EPOCH where it is set, so that a report can be reproduced."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return iso_utc(int(epoch) * 1_000_000_000) or ""
    return iso_utc(time.time_ns()) or ""
