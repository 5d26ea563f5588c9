"""Roles for points of which nobody said one, put on the points and on what was seen at them."""

from collections.abc import Sequence
from dataclasses import replace

from vmpcap.migration.announced_roles import propose_unseen
from vmpcap.migration.domains.proposal import propose_roles
from vmpcap.migration.views import PointView
from vmpcap.runs.point import PointRead
from vmpcap.runs.requests import Request


def with_roles(points: Sequence[PointRead], views: Sequence[PointView], request: Request) -> list[PointView]:
    """
    The views, each with its role: as it was given or, where it was not and several points show enough, as proposed.

    A single point keeps none: what stands alone is held against nothing. The points' own roles are set too.
    """
    asked = {p.files.name for p in points if p.files.role is None}
    if len(points) < 2 or not asked:
        return list(views)
    proposed = propose_roles(views, request.ports, request.guests) or propose_unseen(views)
    for point in points:
        if point.files.name in asked:
            role, because = proposed[point.files.name]
            point.files = replace(point.files, role=role, role_because=because)
    return [replace(v, role=proposed[v.name][0]) if v.name in asked else v for v in views]
