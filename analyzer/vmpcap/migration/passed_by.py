"""What else passed from the last point that saw an announcement to the first that missed it?"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.migration.conflicts import same_packets
from vmpcap.migration.guests import Moved, on_point
from vmpcap.migration.sightings import GROUP_BIT
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC, mac_text
from vmpcap.terms.router_macs import virtual_mac
from vmpcap.terms.units import NS_PER_S, count_of

MOST_NAMED: Final = 2
"""Machines that are named as an example."""


def what_else_passed(guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int) -> str:
    """
    What do other frames say of the place where the announcement died? Empty where they say nothing.

    The guest's own packets on both sides: only the announcement was stopped. Packets of other machines on both: the
    way is open, and what is stopped is this MAC, its broadcasts or its VLAN (port security, ARP inspection, a filter).
    Machines that passed before, still send, and pass no more: the port was shut.

    Notes
    -----
    A machine counts by its MAC as a sender, whichever side it stands on, in any VLAN; gateways' virtual MACs, of which
    each side may have its own, do not. Points whose journal is not whole say nothing.
    """
    if not last or not first or guest.mac == NO_MAC:
        return ""
    if any(not view.journal_complete or view.left_out for view in (*last, *first)):
        return ""
    for here in last:
        frame = next((f for there in first if (f := same_packets(here, there, guest, moment)) is not None), None)
        if frame is not None:
            when = (_ts_of(here, frame) - on_point(here, moment)) / NS_PER_S
            passed = f"other frames of the guest passed from {when:+.1f} s on ({here.name} frame {frame})"
            return f"{passed}: only frames of this kind were stopped"
    passing = who_passes(guest, last, first, moment)
    if passing:
        return (
            f"{passing}: the way is open, and the guest's MAC, its broadcasts or its VLAN are stopped on it (port"
            " security, ARP inspection, a filter)"
        )
    nothing = "no frame of any other machine is seen on both sides: whether anything at all passes cannot be told"
    return where_it_was_shut(guest, last, first, moment) or nothing


def who_passes(guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int) -> str:
    """Which other machines are seen on both sides since then? Empty where none is."""
    after = _senders(last, guest, moment, True) & _senders(first, guest, moment, True)
    return f"frames of {_named(after)} are seen on both sides since then" if after else ""


def where_it_was_shut(guest: Moved, last: Sequence[PointView], first: Sequence[PointView], moment: int) -> str:
    """Which other machines passed there before, still send, and pass no more? Empty where none is known."""
    if any(not view.journal_complete or view.left_out for view in (*last, *first)):
        return ""
    since = _senders(last, guest, moment, True), _senders(first, guest, moment, True)
    before = _senders(last, guest, moment, False) & _senders(first, guest, moment, False)
    still = before & (since[0] | since[1])
    if not still or since[0] & since[1]:
        return ""
    return (
        f"frames of {_named(still)} were seen on both sides before, and since then on one only: nothing passes any"
        " more, as where a port was shut (err-disable after a violation, a cable)"
    )


def _ts_of(view: PointView, frame: int) -> int:
    return int(view.journal.ts_ns[np.flatnonzero(view.journal.frame == frame)[0]])


def _senders(views: Sequence[PointView], guest: Moved, moment: int, is_late: bool) -> set[int]:
    """Who but the guest sent frames that one of these points saw before the moment, or after it?"""
    found: set[int] = set()
    for view in views:
        j, when = view.journal, on_point(view, moment)
        macs = np.unique(j.eth_src[(j.ts_ns > when) if is_late else (j.ts_ns <= when)])
        found |= set(macs[(macs & GROUP_BIT) == 0].tolist())
    return {mac for mac in found - {guest.mac, NO_MAC} if virtual_mac(mac) is None}


def _named(macs: set[int]) -> str:
    shown = ", ".join(mac_text(mac) or "" for mac in sorted(macs)[:MOST_NAMED])
    return f"{count_of(len(macs), 'other machine')} ({shown}{', ...' if len(macs) > MOST_NAMED else ''})"
