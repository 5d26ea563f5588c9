"""The guest's tag at its old place and at its new one, where no point saw it at both."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.conflicts import SAME_FRAME_NS
from vmpcap.migration.packets.crossings import clock_shift, crossed
from vmpcap.migration.sightings import announced_among, delivered, frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, ip_text
from vmpcap.terms.distinct import first_of_each
from vmpcap.terms.router_macs import virtual_mac
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]

EITHER_PLACE_NS: Final = 50 * NS_PER_MS
"""What was sent so shortly before the switchover may be from either place, as far as the clocks tell."""


BESIDE_NS: Final = NS_PER_S
"""Within so much of the last frame before, or of the first after, copies of one frame show all tags that it has."""

BEYOND: Final = ("source", "destination", "wan", "client")
"""Roles at which a tag is not the guest's own."""


@dataclass(frozen=True, slots=True)
class TwoTags:
    """VLAN tags of the guest's own frames at two points; empty: untagged."""

    before: list[int]
    before_at: str
    after: list[int]
    after_at: str
    kind: Literal["VLAN", "VNI"] = "VLAN"
    before_frames: tuple[int, ...] = field(default=(), compare=False)
    after_frames: tuple[int, ...] = field(default=(), compare=False)
    """Frames that show it."""


def tags_kept(
    moved: Moved, views: Sequence[PointView], moment: int
) -> tuple[list[int] | None, list[int] | None, str, tuple[int, ...]]:
    """
    Which tags did the guest's frames carry before and after, at a point that saw both, and in which frames?

    Its own frames tell it, where there are any: a host may announce a guest untagged that tags its frames itself. A
    mirror may show each frame with the tag and without: so what is told is a tag that it had both before and after.
    """
    for view in views:
        if view.role in BEYOND:
            continue
        rows, ts, when = frames_of(view, moved).sent, view.journal.ts_ns, on_point(view, moment)
        before, after = rows[ts[rows] < when - EITHER_PLACE_NS], rows[ts[rows] > when]
        after = _telling(view, moved, after)
        if not len(before) or not len(after):
            continue
        before = before[ts[before] >= ts[before[-1]] - BESIDE_NS][::-1]
        after = after[ts[after] <= ts[after[0]] + BESIDE_NS]
        was, now = _first_of_each(view, before), _first_of_each(view, after)
        tag_before, tag_after = _same_or_nearest(list(was), list(now))
        return _listed(tag_before), _listed(tag_after), view.name, (was[tag_before], now[tag_after])
    return None, None, "", ()


def _first_of_each(view: PointView, rows: I64) -> dict[int, int]:
    """By tag, in which of these frames it stands first."""
    j = view.journal
    tags, at = first_of_each(np.maximum(j.vlan_outer_id[rows], 0))
    by_place = np.argsort(at)
    return dict(zip(tags[by_place].tolist(), j.frame[rows[at[by_place]]].tolist(), strict=True))


def _same_or_nearest(was: list[int], now: list[int]) -> tuple[int, int]:
    """
    Which tag before and after is to be held against each other: one that is in both, else the nearest to the move?

    Where there are tags on both sides, frames without one say nothing: these are copies from an access port.
    """
    tagged_was, tagged_now = [tag for tag in was if tag], [tag for tag in now if tag]
    if tagged_was and tagged_now:
        was, now = tagged_was, tagged_now
    same = next((tag for tag in was if tag in now), None)
    return (was[0], now[0]) if same is None else (same, same)


def _listed(tag: int) -> list[int]:
    return [tag] if tag > 0 else []  # 0 carries a priority only (IEEE 802.1Q 9.6)


def tags_apart(moved: Moved, views: Sequence[PointView], moment: int) -> TwoTags | None:
    """Which tag had the guest's last frame in the domain that it left, and its first in the one it came to?"""
    old = _tag_at([v for v in views if v.role == "domain:source"], moved, moment, is_before=True)
    new = _tag_at([v for v in views if v.role == "domain:destination"], moved, moment, is_before=False)
    return None if old is None or new is None else TwoTags(*old, *new)


def _telling(view: PointView, moved: Moved, rows: I64) -> I64:
    """
    Which of these frames tell the guest's tag? Its own; where there are none, what its host announced with a tag.

    A guest that tags its frames itself is announced without.
    """
    announced = announced_among(view, moved, rows)
    own: I64 = rows[~announced]
    return own if len(own) else rows[view.journal.vlan_outer_id[rows] > 0]


def _tag_at(views: Sequence[PointView], moved: Moved, moment: int, is_before: bool) -> tuple[list[int], str] | None:
    for view in views:
        rows, ts = frames_of(view, moved).sent, view.journal.ts_ns
        when = on_point(view, moment)
        rows = rows[ts[rows] < when - EITHER_PLACE_NS] if is_before else rows[ts[rows] > when]
        rows = _telling(view, moved, rows)
        if len(rows) and view.offset is not None:
            tag = int(view.journal.vlan_outer_id[rows[-1] if is_before else rows[0]])
            return _listed(tag), view.name
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
    translated: str = ""
    """What shows that the one leads to the other: the same frames of others in both. Empty: nothing."""
    asked_there: str = ""
    """What shows that those who spoke with the guest before reach it by the new one. Empty: nothing."""
    left_behind: str = ""
    """What shows that its network is still the old one where it bears the new one. Empty: nothing."""

    @property
    def may_be_astray(self) -> bool:
        """Does nothing show that the new one leads to where the old one did?"""
        return not self.translated and not self.asked_there

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
        return TwoTags(
            [self.was], self.was_at.name, [self.now], self.now_at.name, self.kind, (self.was_frame,), (self.now_frame,)
        )


TAGGED: Final = ("domain:source", "domain:destination", "gateway")
"""Where a VLAN tag is the guest's own; inside a tunnel it has none of these places."""

LEAST_LEFT: Final = 3
"""So many frames for the guest with its old tag, since it came with another past the same point, are no strays."""

LEAST_TRANSLATED: Final = 2
"""So many frames of others must be seen with both tags: one may be like another by chance."""

Shown = dict[int, tuple[PointView, int]]
"""By tag, where and in which frame it was first seen."""


def find_retagged(moved: Moved, views: Sequence[PointView], moment: int) -> Retagged | None:
    """
    Do the guest's frames carry another VLAN or VNI since it moved, as seen at both sites? None: not known.

    Points at which they bear no tag say nothing of it: an access port takes it off. Of several VNIs one may be another
    tenant's, with a machine of the same MAC. On a link between the sites each network has a number of that link's own:
    there it counts where what is for the guest still passes the same point with the old one.
    """
    if moved.mac == NO_MAC:
        return None
    was, now = _tags_shown([v for v in views if v.role in TAGGED], moved, moment, "vlan_outer_id", "vlan_outer")
    if was and now and not set(was) & set(now):
        found = Retagged("VLAN", min(was), *was[min(was)], min(now), *now[min(now)])
        return _with_signs(found, moved, [v for v in views if v.role in TAGGED], moment, "vlan_outer_id")
    for link in (view for view in views if view.role == "wan"):
        was, now = _tags_shown([link], moved, moment, "vlan_outer_id", "vlan_outer")
        if was and now and not set(was) & set(now):
            found = Retagged("VLAN", min(was), *was[min(was)], min(now), *now[min(now)])
            found = _with_signs(found, moved, [v for v in views if v.role in (*TAGGED, "wan")], moment, "vlan_outer_id")
            if found.left_behind:
                return found
    was, now = _tags_shown(views, moved, moment, "vni", "vni")
    if len(was) == 1 and len(now) == 1 and was.keys() != now.keys():
        found = Retagged("VNI", min(was), *was[min(was)], min(now), *now[min(now)])
        return _with_signs(found, moved, views, moment, "vni")
    return None


def _with_signs(found: Retagged, moved: Moved, views: Sequence[PointView], moment: int, column: str) -> Retagged:
    """The same with what shows that the new tag leads to where the old one did."""
    asked = ("retagged", moved.mac, moved.ips, moment, column, found.was_at.name, found.now_at.name)
    kept = views[0].found
    if asked not in kept:
        kept[asked] = (
            _frames_in_both(found, moved, views, moment, column),
            _asked_in(found, moved, views, moment, column),
            _asked_beside(found, moved, moment, column),
        )
    translated, asked_there, left_behind = kept[asked]
    return replace(found, translated=translated, asked_there=asked_there, left_behind=left_behind)


def others_use(found: Retagged, moved: Moved, views: Sequence[PointView], moment: int) -> bool:
    """
    Does anybody but the guest send in its new VLAN since it moved? Only then can others' frames tell whose that is.

    A VNI is one network wherever a tunnel brings it, so nobody need show that.
    """
    guest = np.uint64(moved.mac)
    if found.kind == "VNI":
        return True
    for view in (view for view in views if view.role in TAGGED):
        j, rows, when = view.journal, view.arps, on_point(view, moment)
        sent = (j.vlan_outer_id == found.now) & (j.eth_src != guest) & (j.ts_ns > when)
        told = (rows.vlan_outer == found.now) & (rows.sender_mac != guest) & (rows.ts_ns > when)
        if sent.any() or told.any():
            return True
    return False


def _frames_in_both(found: Retagged, moved: Moved, views: Sequence[PointView], moment: int, column: str) -> str:
    """
    Which frames that are not the guest's were seen with the one tag here and with the other there?

    Only packets with a number of their own and ARP that names its sender: what a router or switch sends into each of
    its VLANs at once (BPDUs, hellos, advertisements) is alike in all of them. So is what virtual MACs send.
    """
    for here in views:
        rows = _of_others(here, moved, found.was, column)
        for there in views:
            if there.name == here.name:
                continue
            renamed = there.journal.take(getattr(there.journal, column) == found.now)
            same = crossed(here, replace(there, journal=renamed), rows, moment) if len(rows) else None
            frames = [] if same is None else here.journal.frame[rows[same]].tolist()
            frames += _arps_in_both(here, there, found, moved, moment)
            if len(frames) >= LEAST_TRANSLATED:
                where = f"{found.kind} {found.was} at {here.name} and {found.now} at {there.name}"
                shown = f"the same frames of others passed in {where} ({here.name} frame {frames[0]})"
                return f"{shown}: translated on the way"
    return ""


def _of_others(view: PointView, moved: Moved, tag: int, column: str) -> I64:
    """Which packets of others bear this tag and a number of their own?"""
    j = view.journal
    numbered = (j.ip_id != 0) | (j.tcp_seq != 0) | (j.icmp_seq != 0)
    rows = np.flatnonzero((getattr(j, column) == tag) & (j.ip_version != 0) & numbered)
    mine = np.array([moved.mac, NO_MAC], np.uint64)
    return rows[[not np.isin(mac, mine) and virtual_mac(int(mac)) is None for mac in j.eth_src[rows]]]


def _arps_in_both(here: PointView, there: PointView, found: Retagged, moved: Moved, moment: int) -> list[int]:
    """Which frames of others' ARP, with a sender's address, passed here with the old tag and there with the new one?"""
    shift = clock_shift(here, there, moment)
    if shift is None:
        return []
    seen: dict[tuple[int, ...], list[int]] = {}
    for body, ts, _ in _arps_of_others(there, moved, found.now, found.kind):
        seen.setdefault(body, []).append(ts)
    near = SAME_FRAME_NS + shift.doubt_ns
    told = _arps_of_others(here, moved, found.was, found.kind)
    then = shift.of(np.array([ts for _, ts, _ in told], np.int64)).tolist()
    return [
        frame
        for (body, _, frame), when in zip(told, then, strict=True)
        if any(abs(ts - when) <= near for ts in seen.get(body, ()))
    ]


def _arps_of_others(view: PointView, moved: Moved, tag: int, kind: str) -> list[tuple[tuple[int, ...], int, int]]:
    """What others ask and answer by ARP with this tag: body, time, frame."""
    rows = view.arps
    tags = rows.vni if kind == "VNI" else rows.vlan_outer
    which = (
        (tags == tag) & (rows.sender_mac != np.uint64(moved.mac)) & ((rows.sender_low & np.uint64(0xFFFF_FFFF)) != 0)
    )
    names = (rows.kind, rows.sender_mac, rows.sender_low, rows.target_low)
    return [
        (tuple(int(name[row]) for name in names), int(rows.ts_ns[row]), int(rows.frame[row]))
        for row in np.flatnonzero(which).tolist()
        if virtual_mac(int(rows.sender_mac[row])) is None
    ]


def _asked_in(found: Retagged, moved: Moved, views: Sequence[PointView], moment: int, column: str) -> str:
    """Which packet came to the guest with its new tag, of one that had sent to it before it moved?"""
    known: set[tuple[int, int]] = set()
    for view in views:
        j, asked = view.journal, frames_of(view, moved).asked
        asked = asked[(j.ts_ns[asked] < on_point(view, moment)) & (getattr(j, column)[asked] == found.was)]
        known |= set(zip(j.src_high[asked].tolist(), j.src_low[asked].tolist(), strict=True))
    for view in views:
        j, asked = view.journal, delivered(view, moved, on_point(view, moment))
        for row in asked[getattr(j, column)[asked] == found.now].tolist():
            if (int(j.src_high[row]), int(j.src_low[row])) in known:
                peer = ip_text(int(j.src_high[row]), int(j.src_low[row]))
                return f"packets of {peer} come to it in {found.kind} {found.now} at {view.name} (frame {j.frame[row]})"
    return ""


def _asked_beside(found: Retagged, moved: Moved, moment: int, column: str) -> str:
    """Which frames for the guest still pass with the old tag where its own bear the new one, and none with that?"""
    view = found.now_at
    if found.was_at.name != view.name:
        return ""
    rows = delivered(view, moved, on_point(view, moment))
    tags = getattr(view.journal, column)[rows]
    old = view.journal.frame[rows[tags == found.was]].tolist()
    if len(old) < LEAST_LEFT or (tags == found.now).any():
        return ""
    where = f"{view.name} in {found.kind} {found.was}"
    return f"{len(old):,} frames for it still pass {where} (frames {old[0]} to {old[-1]})"


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
