"""What comes after the reading: points to stories, stories to the report."""

from collections.abc import Sequence
from typing import Final

import msgspec

from vmpcap.migration.packets.holes import find_holes, name_holes
from vmpcap.migration.stories import Told
from vmpcap.migration.story import tell
from vmpcap.report.assemble import assemble
from vmpcap.report.document import Report
from vmpcap.report.named_files import name_files
from vmpcap.runs.inputs import describe_inputs, name_faults, with_holes
from vmpcap.runs.left_out import say_left_out
from vmpcap.runs.merged import say_together
from vmpcap.runs.other_days import name_other_days
from vmpcap.runs.outside import nothing_inside, outside
from vmpcap.runs.point import PointRead, Stage, untold
from vmpcap.runs.proposed import with_roles
from vmpcap.runs.report_time import time_of_report
from vmpcap.runs.requests import Request, numbered_files
from vmpcap.runs.second_look import guests_in, look_again
from vmpcap.runs.several_files import say_named_again
from vmpcap.runs.views import as_views, describe_clocks
from vmpcap.terms.units import iso_utc

ALONG_THE_WAY: Final = ("source", "domain:source", "wan", "destination", "domain:destination", "gateway", "client")
"""Roles in the order in which people read of them; points without one come behind."""


def in_reading_order(points: Sequence[PointRead]) -> list[PointRead]:
    """
    The same points in an order that is not the request's: what they say must not hang on how they were listed.

    By role, then by name. Of several points alike the first is taken now and then, and between two clocks rounding
    leans to the first.
    """
    return sorted(points, key=lambda point: (_place(point.files.role), point.files.name))


def _place(role: str | None) -> int:
    return ALONG_THE_WAY.index(role) if role in ALONG_THE_WAY else len(ALONG_THE_WAY)


def tell_points(
    points: Sequence[PointRead], request: Request, said: Sequence[str], stage: Stage = untold
) -> tuple[Report, Told]:
    """
    What do these points say about migrations?

    Parameters
    ----------
    said : what was noticed of the files before they were read
    """
    stage("comparing the points' clocks" if len(points) > 1 else "looking for holes")
    listed, points = points, in_reading_order(points)
    views = find_holes(with_roles(points, as_views(points), request))
    faults = [*name_faults(points), *name_holes(views)]
    stage("judging the migrations")
    told = tell(views, request.ports, request.guests, faults)
    if any(point.journal.overflowed for point in points) and told.stories and not request.is_enough():
        guests = guests_in(told)
        del told  # it holds the views, and they the journals
        stage("reading again around the guests")
        look_again(points, views, guests, request)
        stage("judging the migrations")
        told = tell(views, request.ports, request.guests, faults)
    inputs = with_holes(describe_inputs(listed), views)
    clocks, rules = describe_clocks(views), [rule.text for rule in request.decode_as]
    report = assemble(
        told,
        request.profile,
        inputs,
        clocks,
        [
            *said,
            *say_together(points),
            *say_named_again(points),
            *name_other_days(views),
            *outside(inputs, request),
            *say_left_out(points),
        ],
        rules,
        time_of_report(),
    )
    asked = {"since_ts": iso_utc(request.since_ns), "until_ts": iso_utc(request.until_ns)}
    report = msgspec.structs.replace(report, **asked)
    if not report.migrations and (empty := nothing_inside(inputs, request)):
        report = msgspec.structs.replace(report, because=empty)
    return name_files(report, numbered_files(request.points)), told
