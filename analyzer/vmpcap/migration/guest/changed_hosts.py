"""A machine whose packets passed the source's host, and then the destination's alone, while the stream ran."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.migration.guest.elsewhere import LEAST_TALK, arrives_at
from vmpcap.migration.guest.silent_guests import BESIDE_NS, NEARLY_NS
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.stream.moves import Move
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.timeline import elapsed
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.units import NS_PER_MS, count_of
from vmpcap.terms.wire import IP_UDP

I64 = npt.NDArray[np.int64]

HOSTS: Final = {
    "domain:destination": ("source", "domain:source"),
    "domain:source": ("destination", "domain:destination"),
}
"""By where the guest arrives: the roles of points beside the host that it leaves."""
AFTER_NS: Final = 2_000_000_000
"""So long after the stream's last data a guest may begin to run that it carried."""
LEAST_SAID: Final = 3
"""So often between the same ports, before and after, is a talk."""


def changed_hosts(guest: Moved, move: Move, first: Move, views: Sequence[PointView]) -> str:
    """
    What shows that this machine ran at the host that the stream left, and then at the other, while it ran?

    As post-copy does it, which lets the guest go on before its memory has come. Empty where nothing shows it. Its
    unicast passes one host's point until then, and the other's from then on: what is flooded would pass both.

    Parameters
    ----------
    first : the move whose hosts named the points' roles
    """
    role = arrives_at(move, first)
    begin, end = move.best.transfer.first_data_ts, move.best.transfer.last_data_ts
    if role is None or begin is None or end is None:
        return ""
    here = [view for view in views if view.role == role and is_compared(move.best.view, view)]
    old = [view for view in views if view.role in HOSTS[role] and is_compared(move.best.view, view)]
    for view, there in ((new, left) for new in here for left in old):
        mine, before = _sent(view, guest), _sent(there, guest)
        if min(len(mine), len(before)) < LEAST_TALK or there.last_ts < on_point(
            there, on_reference(view, int(mine[0]))
        ):
            continue
        change = elapsed(there.line, int(before[-1]), view.line, int(mine[0]))
        when = on_reference(view, int(mine[0]))
        within = on_reference(move.best.view, begin) < when <= on_reference(move.best.view, end) + AFTER_NS
        if within and change is not None and change.is_later:
            return (
                f"but its packets passed {there.name} alone, and from {change.ns / 1e6:.0f} ms later on {view.name}"
                " alone, while the stream ran: it changed hosts then"
            )
    return ""


def went_on_there(guest: Moved, move: Move, first: Move, views: Sequence[PointView]) -> str:
    """
    What shows that this machine stopped with the stream at the host that it left, and talked on from the other?

    Its packets pass the one host's point until then and never after, and the other's never before; and some of what it
    said by UDP goes on between the same ports. That is for whoever has no connection to go on with. Empty where nothing
    shows it, or the capture at the old host ends before it is heard at the new one.

    Parameters
    ----------
    first : the move whose hosts named the points' roles
    """
    role, last = arrives_at(move, first), move.best.transfer.last_data_ts
    if role is None or last is None:
        return ""
    end = on_reference(move.best.view, last)
    near = [view for view in views if is_compared(move.best.view, view) and view.journal_complete]
    old = [view for view in near if view.role in HOSTS[role]]
    for new, left in ((new, left) for new in near if new.role == role for left in old):
        after, before = _rows(new, guest), _rows(left, guest)
        if min(len(after), len(before)) < LEAST_TALK:
            continue
        stopped = on_reference(left, int(left.journal.ts_ns[before[-1]]))
        again = on_reference(new, int(new.journal.ts_ns[after[0]]))
        change = elapsed(left.line, int(left.journal.ts_ns[before[-1]]), new.line, int(new.journal.ts_ns[after[0]]))
        if not end - BESIDE_NS <= stopped <= end + NEARLY_NS or on_reference(left, left.last_ts) < again:
            continue
        talks = _talks(left, before) & _talks(new, after)
        if talks and change is not None and change.is_later:
            return (
                f"but its packets passed {left.name} alone until {abs(stopped - end) / NS_PER_MS:.0f} ms"
                f" {'after' if stopped > end else 'before'} that data, and from {change.ns / NS_PER_MS:.0f} ms later on"
                f" {new.name} alone, where {count_of(len(talks), 'talk')} of it by UDP went on between the same ports:"
                " it stopped with the stream"
            )
    return ""


def _talks(view: PointView, rows: I64) -> set[tuple[int, ...]]:
    """With whom, between which ports, did it say something by UDP in these frames, LEAST_SAID times or more?"""
    j = view.journal
    rows = rows[j.ip_protocol[rows] == IP_UDP]
    names = (j.src_high, j.src_low, j.dst_high, j.dst_low, j.src_port, j.dst_port)
    said = Counter(zip(*(column[rows].tolist() for column in names), strict=True))
    return {talk for talk, times in said.items() if times >= LEAST_SAID}


def _sent(view: PointView, guest: Moved) -> I64:
    """When did unicast of the guest's own MAC pass here? By the point's clock, in order."""
    times: I64 = np.sort(view.journal.ts_ns[_rows(view, guest)])
    return times if view.journal_complete else times[:0]


def _rows(view: PointView, guest: Moved) -> I64:
    """Which frames are unicast of the guest's own MAC? Rows of the journal, by time."""
    j, sent = view.journal, frames_of(view, guest).sent_ip
    rows: I64 = sent[(j.eth_src[sent] == np.uint64(guest.mac)) & ((j.eth_dst[sent] & GROUP_BIT) == 0)]
    return rows
