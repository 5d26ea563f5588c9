"""Which gateway takes the guest's packets since it moved, by the way of its own frames, whoever is active."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import elapsed_between
from vmpcap.migration.mechanisms.case import Case
from vmpcap.migration.mechanisms.gateway_hellos import Hello
from vmpcap.migration.mechanisms.gateway_leaks import LEAST_CROSSING, SETTLED_NS
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.router_macs import virtual_mac as made_by

I64 = npt.NDArray[np.int64]

OLD: Final = "domain:source"
NEW: Final = "domain:destination"


@dataclass(frozen=True, slots=True)
class Crossing:
    """The guest's packets to its gateway that left its new site, at the point that shows most of them."""

    view: PointView
    mac: int
    first_frame: int
    last_frame: int
    count: int
    until: int
    """When the last of them passed, on the reference clock."""
    stays: tuple[PointView, int, int] | None
    """The first that stayed at the new site: the point, its frame, when on the reference clock; None if not known."""
    is_sent_back: bool
    """Whether frames from that gateway pass there, too: what a switch floods to find a machine is not answered."""


@dataclass(frozen=True, slots=True)
class Target:
    """A MAC that one of the group's routers has to itself, and to which the guest sends."""

    view: PointView
    mac: int
    routers: frozenset[str]
    count: int
    first_frame: int
    last_frame: int


def find_crossing(case: Case, macs: set[int]) -> Crossing | None:
    """
    Where did packets of the guest to one of these MACs leave its new site, after the switchover? None where none did.

    On a link between the sites; where no point shows one, in the domain of the old site, into which they came.
    """
    for role in ("wan", OLD):
        views = [view for view in case.views if view.role == role]
        found = [one for view in views if (one := _at(case, view, macs)) is not None]
        if found or (views and role == "wan"):
            return max(found, key=lambda one: one.count, default=None)
    return None


def _at(case: Case, view: PointView, macs: set[int]) -> Crossing | None:
    rows = _sent_to(case, view, macs)
    if len(rows) < LEAST_CROSSING or (view.role == OLD and case.second_place.found):
        return None
    j = view.journal
    last, since = int(rows[-1]), on_point(view, case.moment + SETTLED_NS)
    mac = int(j.eth_dst[last])
    is_sent_back = bool(((j.eth_src == np.uint64(mac)) & (j.ts_ns > since)).any())
    until = on_reference(view, int(j.ts_ns[last]))
    frames = int(j.frame[rows[0]]), int(j.frame[last])
    return Crossing(view, mac, *frames, len(rows), until, _stays(case, view, last, macs), is_sent_back)


def _stays(case: Case, link: PointView, last: int, macs: set[int]) -> tuple[PointView, int, int] | None:
    """
    What is the first packet to a gateway at the new site after the last that left it, if it is one of several?

    The link must have been watched all the time, and for longer than these are under way.
    """
    if link.drops or link.left_out or not link.journal_complete:
        return None
    left_at = int(link.journal.ts_ns[last])
    for there in (view for view in case.views if view.role == NEW):
        times = there.journal.ts_ns
        begin, end = (on_point(there, on_reference(link, ts)) for ts in (left_at, link.last_ts))
        rows = _sent_to(case, there, macs)
        rows = rows[(times[rows] > begin) & (times[rows] <= end)]
        apart = [elapsed_between(link, left_at, there, ts) for ts in times[rows[-LEAST_CROSSING:]].tolist()]
        if len(rows) < LEAST_CROSSING or any(one is None or one.low_ns <= SETTLED_NS for one in apart):
            continue
        return there, int(there.journal.frame[rows[0]]), on_reference(there, int(times[rows[0]]))
    return None


def target_of(case: Case, hellos: Sequence[Hello], macs: set[int]) -> Target | None:
    """
    To which router's own MAC does the guest send last at its new site? None for a MAC that routers share.

    A hello bears the MAC of the router that says it.
    """
    for view in (view for view in case.views if view.role == NEW):
        rows = _sent_to(case, view, macs)
        if not len(rows):
            continue
        mac = int(view.journal.eth_dst[rows[-1]])
        rows = rows[view.journal.eth_dst[rows] == np.uint64(mac)]
        routers = frozenset(t.what.sender for t in hellos if t.what.eth_src == mac)
        if made_by(mac) is None and routers and len(rows) >= LEAST_CROSSING:
            frames = view.journal.frame[rows]
            return Target(view, mac, routers, len(rows), int(frames[0]), int(frames[-1]))
    return None


def _sent_to(case: Case, view: PointView, macs: set[int]) -> I64:
    """Rows of the guest's own packets to these MACs here since it has settled, in the order of time."""
    j, rows = view.journal, frames_of(view, case.guest).sent_ip
    is_own = (j.eth_src[rows] == np.uint64(case.guest.mac)) & (j.ts_ns[rows] > on_point(view, case.moment + SETTLED_NS))
    found: I64 = rows[is_own & np.isin(j.eth_dst[rows], np.array(sorted(macs), np.uint64))]
    return found


def shown_by(one: Crossing) -> Iterator[tuple[PointView, int]]:
    """Which frames show it?"""
    yield one.view, one.first_frame
    yield one.view, one.last_frame
    if one.stays is not None:
        yield one.stays[:2]
