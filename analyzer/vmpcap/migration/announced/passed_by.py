"""What else passed from the last point that saw an announcement to the first that missed it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.conflicts import SAME_FRAME_NS
from vmpcap.migration.packets.crossings import clock_shift, crossed
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import BROADCAST_MAC, GROUP_BIT, NO_MAC, mac_text
from vmpcap.terms.arrays import MIXER
from vmpcap.terms.router_macs import virtual_mac
from vmpcap.terms.units import NS_PER_S, count_of
from vmpcap.terms.wire import ICMPV6_NEIGHBOR_ADVERTISEMENT, IP_ICMPV6

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_NAMED: Final = 2
"""Machines that are named as an example."""

NEAR_NS: Final = 300 * NS_PER_S
"""Frames farther from the switchover are not looked at."""

LEAST_STOPPED: Final = 3
"""So many frames must be seen on one side only: one or two may be lost."""


def what_else_passed(guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int) -> str:
    """
    What do other frames say of the place where the announcement died? Empty where they say nothing.

    The guest's own packets on both sides while it was being announced: only the announcement was stopped. Frames of
    other machines on both: the way is open, and what is stopped is this MAC, its broadcasts or its VLAN (port security,
    ARP inspection, a filter). Machines whose frames passed before, still send there, and pass no more: the port was
    shut.

    Notes
    -----
    A machine counts by frames that both points saw at one time, whichever side it stands on, in any VLAN; gateways'
    virtual MACs, of which each side may have its own, do not. Points whose journal is not whole say nothing.
    """
    if not last or not first or guest.mac == NO_MAC or not _are_whole((*last, *first)):
        return ""
    own = _own_frames(guest, last, first, moment)
    if own:
        return own
    passing = who_passes(guest, last, first, moment)
    if passing:
        return (
            f"{passing}: the way is open, and the guest's MAC, its broadcasts or its VLAN are stopped on it (port"
            " security, ARP inspection, a filter)"
        )
    nothing = "no frame of any other machine is seen on both sides: whether anything at all passes cannot be told"
    return where_it_was_shut(guest, last, first, moment) or nothing


def who_passes(guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int) -> str:
    """Of which other machines are the same frames seen on both sides since then? Empty where of none."""
    pairs = _pairs(guest, last, first, moment)
    after = {mac for pair in pairs for side in pair for mac in side.senders(side.late & side.crossed)}
    return f"frames of {_named(after)} are seen on both sides since then" if after else ""


def where_it_was_shut(guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int) -> str:
    """
    Which other machines passed there before, still send what must pass there, and pass no more? Empty where none does.

    Notes
    -----
    A unicast frame shows nothing unless its receiver is beyond: bridges keep what is for their own side. So only
    broadcasts count, and what goes to a machine that was sent to across before, whose own frames are in view beyond
    and never on this side alone. The guest, which moved, is no such receiver.
    """
    if not _are_whole((*last, *first)):
        return ""
    pairs = _pairs(guest, last, first, moment)
    if any((side.late & side.crossed).any() for pair in pairs for side in pair):
        return ""
    still: set[int] = set()
    for here, beyond in (*pairs, *(pair[::-1] for pair in pairs)):
        stopped = here.late & np.isin(here.src, list(here.senders(~here.late & here.crossed)))
        stopped &= (here.dst == np.uint64(BROADCAST_MAC)) | here.to_the_other_side(beyond, guest)
        if np.count_nonzero(stopped) >= LEAST_STOPPED:
            still |= here.senders(stopped)
    if not still:
        return ""
    return (
        f"frames of {_named(still)} were seen on both sides before, and since then on one only: nothing passes any"
        " more, as where a port was shut (err-disable after a violation, a cable)"
    )


def _own_frames(guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int) -> str:
    """
    Which frame of the guest, that is no announcement, passed there since the switchover?

    It shows that only this kind was stopped where an announcement of the same time or later was lost: a port that
    learns, or listens first, loses everything for seconds.
    """
    late = ""
    for here in last:
        when = on_point(here, moment)
        lost = [ts for view, s in guest.heard if view.name == here.name for ts in s.times if ts > when]
        j, rows = here.journal, frames_of(here, guest).sent_ip
        tells = (j.ip_protocol[rows] == IP_ICMPV6) & (j.icmp_type[rows] == ICMPV6_NEIGHBOR_ADVERTISEMENT)
        rows = rows[(j.eth_src[rows] == np.uint64(guest.mac)) & ~tells & (j.ts_ns[rows] > when)]
        for there in first:
            same = crossed(here, there, rows, moment)
            if same is None or not same.any():
                continue
            row = rows[same][0]
            at = f"from {(int(j.ts_ns[row]) - when) / NS_PER_S:+.1f} s on ({here.name} frame {j.frame[row]})"
            passed = f"other frames of the guest passed {at}"
            if lost and j.ts_ns[row] <= max(lost):
                return f"{passed}: only frames of this kind were stopped"
            late = late or f"{passed}, after the last announcement: whether the way was open before cannot be told"
    return late


def _are_whole(views: Sequence[PointView]) -> bool:
    return all(view.journal_complete and not view.left_out for view in views)


@dataclass(frozen=True, slots=True)
class _Side:
    """Frames of other machines on one side of the place, while both sides were captured: arrays of one row each."""

    src: npt.NDArray[np.uint64]
    dst: npt.NDArray[np.uint64]
    late: Bools
    """Whether it came after the switchover."""
    crossed: Bools
    """Whether a point of the other side saw the same frame."""

    def senders(self, which: Bools) -> set[int]:
        """Who sent these, gateways' virtual MACs left out?"""
        macs = np.unique(self.src[which & ((self.src & GROUP_BIT) == 0)]).tolist()
        return {mac for mac in macs if mac != NO_MAC and virtual_mac(mac) is None}

    def to_the_other_side(self, beyond: "_Side", guest: Moved) -> Bools:
        """Which of these are for a machine that lives beyond, from one that reached it there before?"""
        before = ~self.late & self.crossed
        lives = np.setdiff1d(beyond.src, self.src[~self.crossed])
        pairs = self.src * MIXER ^ self.dst
        reached = np.isin(pairs, pairs[before]) & (self.dst != np.uint64(guest.mac))
        there: Bools = reached & np.isin(self.dst, lives)
        return there


def _pairs(
    guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int
) -> list[tuple[_Side, _Side]]:
    """Each point of the one side beside each of the other, where it is known how their clocks stand."""
    pairs = []
    for here in last:
        for there in first:
            sides = _side(here, there, guest, moment), _side(there, here, guest, moment)
            if sides[0] is not None and sides[1] is not None:
                pairs.append((sides[0], sides[1]))
    return pairs


def _side(here: PointView, there: PointView, guest: Moved, moment: int) -> _Side | None:
    """What other machines sent at this point while the other one was capturing, and in none of its holes."""
    shift = clock_shift(here, there, moment)
    if shift is None or there.drops or there.missing:
        return None
    j, when = here.journal, on_point(here, moment)
    then = shift.of(j.ts_ns)
    seen = (j.eth_src != np.uint64(guest.mac)) & (np.abs(j.ts_ns - when) <= NEAR_NS)
    seen &= (then >= there.first_ts) & (then <= there.last_ts - SAME_FRAME_NS)
    for hole in there.holes:
        seen &= (then < hole.from_ts) | (then > hole.to_ts)
    rows = np.flatnonzero(seen)
    same = crossed(here, there, rows, moment)
    return None if same is None else _Side(j.eth_src[rows], j.eth_dst[rows], j.ts_ns[rows] > when, same)


def _named(macs: set[int]) -> str:
    shown = ", ".join(mac_text(mac) or "" for mac in sorted(macs)[:MOST_NAMED])
    return f"{count_of(len(macs), 'other machine')} ({shown}{', ...' if len(macs) > MOST_NAMED else ''})"
