"""The guest's tag at its old place and at its new one, where no point saw it at both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_MS

BEFORE_NS: Final = 50 * NS_PER_MS
"""What was sent so shortly before the switchover may be from either place, as far as the clocks tell."""


@dataclass(frozen=True, slots=True)
class TwoTags:
    """VLAN tags of the guest's own frames at two points; empty: untagged."""

    before: list[int]
    before_at: str
    after: list[int]
    after_at: str


def tags_apart(moved: Moved, views: Sequence[PointView], moment: int) -> TwoTags | None:
    """Which tag had the guest's last frame in the domain that it left, and its first in the one it came to?"""
    old = _tag_at([v for v in views if v.role == "domain:source"], moved, moment, is_before=True)
    new = _tag_at([v for v in views if v.role == "domain:destination"], moved, moment, is_before=False)
    return None if old is None or new is None else TwoTags(*old, *new)


def _tag_at(views: Sequence[PointView], moved: Moved, moment: int, is_before: bool) -> tuple[list[int], str] | None:
    for view in views:
        rows, ts = frames_of(view, moved).sent, view.journal.ts_ns
        when = on_point(view, moment)
        rows = rows[ts[rows] < when - BEFORE_NS] if is_before else rows[ts[rows] > when]
        if len(rows) and view.offset is not None:
            tag = int(view.journal.vlan_outer_id[rows[-1] if is_before else rows[0]])
            return [tag] if tag > 0 else [], view.name  # 0 carries a priority only (IEEE 802.1Q 9.6)
    return None
