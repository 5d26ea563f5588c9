"""The guest's tag at its old place and at its new one, where no point saw it at both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC
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
    kind: Literal["VLAN", "VNI"] = "VLAN"


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


@dataclass(frozen=True, slots=True)
class Retagged:
    """The guest's VLAN on a tagged link, or its VNI in a tunnel, before it moved, and another one since."""

    kind: Literal["VLAN", "VNI"]
    was: int
    was_at: PointView
    was_frame: int
    now: int
    now_at: PointView
    now_frame: int

    @property
    def words(self) -> str:
        """Which ones, and where."""
        return (
            f"the guest's frames carried {self.kind} {self.was} at {self.was_at.name} before, and carry {self.now} at "
            f"{self.now_at.name} since"
        )

    @property
    def tags(self) -> TwoTags:
        """The same as numbers."""
        return TwoTags([self.was], self.was_at.name, [self.now], self.now_at.name, self.kind)


TAGGED: Final = ("domain:source", "domain:destination", "gateway")
"""Where a VLAN tag is the guest's own; inside a tunnel it has none of these places."""

Shown = dict[int, tuple[PointView, int]]
"""By tag, where and in which frame it was first seen."""


def find_retagged(moved: Moved, views: Sequence[PointView], moment: int) -> Retagged | None:
    """
    Do the guest's frames carry another VLAN or VNI since it moved, as seen at both sites? None: not known.

    Points at which they bear no tag say nothing of it: an access port takes it off. Of several VNIs one may be another
    tenant's, with a machine of the same MAC.
    """
    if moved.mac == NO_MAC:
        return None
    was, now = _tags_shown([v for v in views if v.role in TAGGED], moved, moment, "vlan_outer_id", "vlan_outer")
    if was and now and not set(was) & set(now):
        return Retagged("VLAN", min(was), *was[min(was)], min(now), *now[min(now)])
    was, now = _tags_shown(views, moved, moment, "vni", "vni")
    if len(was) == 1 and len(now) == 1 and was.keys() != now.keys():
        return Retagged("VNI", min(was), *was[min(was)], min(now), *now[min(now)])
    return None


def _tags_shown(
    views: Sequence[PointView], moved: Moved, moment: int, of_frame: str, of_body: str
) -> tuple[Shown, Shown]:
    """Which tags had the guest's frames and ARP before the moment, and which after?"""
    before: Shown = {}
    later: Shown = {}
    for view in views:
        rows, when = view.arps, on_point(view, moment)
        tags = getattr(rows, of_body)
        for i in np.flatnonzero((rows.sender_mac == np.uint64(moved.mac)) & (tags > 0)).tolist():
            side = before if rows.ts_ns[i] < when else later
            side.setdefault(int(tags[i]), (view, int(rows.frame[i])))
        j, sent = view.journal, frames_of(view, moved).sent
        tags = getattr(j, of_frame)
        sent = sent[(tags[sent] > 0) & (j.eth_src[sent] == np.uint64(moved.mac))]
        for side, those in ((before, sent[j.ts_ns[sent] < when]), (later, sent[j.ts_ns[sent] >= when])):
            for tag, first in zip(*np.unique(tags[those], return_index=True), strict=True):
                side.setdefault(int(tag), (view, int(j.frame[those[first]])))
    return before, later
